//! L1: whether the scores rank better than counts of the architecture alone.

use nas_assay_criteria::bootstrap::FEWEST;
use nas_assay_criteria::rank::average_ranks;
use nas_assay_criteria::{Comparison, Criterion};
use nas_assay_schema::estimator::EstimatorKind;

use super::super::claim::Claim;
use super::super::finding::{Outcome, Rule, correlation, listed, with_interval};
use crate::value_text;

pub(super) const RULE: Rule = Rule {
    id: "L1",
    name: "beats-trivial",
    definition: "Does the estimator rank better than counts that need no network and no image? These are #Params, \
        #FLOPs and the structural baselines of the space. A paired test compares it with each.",
    threshold: "Passes if the whole 95 % interval of each difference is above zero. Warns if the claim is ahead of \
        every count, but some interval contains zero. Fails if a count ranks as well or better: then the score is \
        not worth its cost.",
    check,
};

fn check(claim: &Claim<'_>) -> Outcome {
    let found = against(claim);
    if found.is_empty() {
        return Outcome::undecidable("No count of these architectures is known.");
    }
    if claim.count() < FEWEST {
        let all = claim.count();
        return Outcome::undecidable(format!(
            "A paired test needs {FEWEST} architectures or more, and {all} are judged."
        ));
    }
    let Some(differences) = found.iter().map(|(_, outcome)| outcome.difference).collect::<Option<Vec<f64>>>() else {
        return Outcome::undecidable("Tau of the claim, or of a count, is undefined.");
    };
    let named = |(name, outcome): &(String, Comparison)| {
        let difference = value_text::difference(Criterion::TauB, outcome.difference, 0.0);
        let its = claim
            .tau()
            .zip(outcome.difference)
            .map_or(String::new(), |(tau, ahead)| format!("tau {}, ", correlation(tau - ahead)));
        let difference = with_interval(&difference, outcome.interval.map(value_text::bounds));
        format!("{name} ({its}difference {difference})")
    };
    let holds_zero = |outcome: &Comparison| outcome.interval.is_some_and(|interval| interval.lower <= 0.0);
    let behind: Vec<String> = found
        .iter()
        .zip(&differences)
        .filter(|(_, difference)| **difference <= 0.0)
        .map(|(one, _)| named(one))
        .collect();
    let unclear: Vec<String> = found.iter().filter(|(_, outcome)| holds_zero(outcome)).map(named).collect();
    let untested: Vec<String> = found
        .iter()
        .filter(|(_, outcome)| outcome.interval.is_none())
        .map(|(name, outcome)| match outcome.no_interval {
            Some(why) => format!("{name} ({why})"),
            None => name.clone(),
        })
        .collect();
    let closest = found.iter().min_by(|(_, a), (_, b)| lower(a).total_cmp(&lower(b)));
    let outcome = if !behind.is_empty() {
        Outcome::fail(format!(
            "It ranks no better than {}. A count costs nothing, so this score is not worth its cost.",
            listed(&behind)
        ))
    } else if !unclear.is_empty() {
        Outcome::warn(format!(
            "It ranks better than every count, but this can be chance for {}: the interval contains zero.",
            listed(&unclear)
        ))
    } else if !untested.is_empty() {
        Outcome::undecidable(format!(
            "It ranks better than every count, but the difference has no interval for {}.",
            listed(&untested)
        ))
    } else {
        let closest = closest.map(named).unwrap_or_default();
        Outcome::pass(format!("It ranks better than every count. The closest is {closest}."))
    };
    found.iter().fold(outcome, |outcome, (name, found)| {
        outcome.correlation(format!("tau minus that of {name}"), found.difference, found.interval)
    })
}

/// The lower end of a difference; the difference itself without an interval.
fn lower(outcome: &Comparison) -> f64 {
    outcome.interval.map(|interval| interval.lower).or(outcome.difference).unwrap_or(f64::NEG_INFINITY)
}

/// The comparison with each count, those of the record first. Of counts with the same ranking only the first is compared.
fn against(claim: &Claim<'_>) -> Vec<(String, Comparison)> {
    let is_count = |estimator: &&nas_assay_schema::store::record::EstimatorRecord| {
        estimator.kind == EstimatorKind::Baseline && estimator.variant.is_none() && estimator.id != claim.estimator.id
    };
    let held = claim.panel.estimators.iter().filter(is_count).map(|count| (count.label(), count.oriented()));
    let mut ranks: Vec<Vec<f64>> = Vec::new();
    let mut counts: Vec<(String, Vec<f64>)> = Vec::new();
    let others = claim.counts().into_iter().filter(|(name, _)| *name != claim.estimator.id);
    for (name, scores) in held.chain(others) {
        let ranking = average_ranks(&scores);
        // A count that is the same for all architectures ranks nothing.
        let differs = scores.iter().any(|score| *score != scores[0]);
        if differs && !ranks.contains(&ranking) {
            ranks.push(ranking);
            counts.push((name, scores));
        }
    }
    let tests = claim.panel.analyses.comparisons.iter().chain(claim.worth.iter().flat_map(|worth| &worth.comparisons));
    let tests: Vec<_> = tests.filter(|test| test.estimator == claim.label).collect();
    let rows: Vec<usize> = (0..claim.count()).collect();
    let mut own = None;
    let compare = |(name, scores): (String, Vec<f64>)| {
        let known = tests.iter().find(|test| test.with == name).map(|test| test.outcome);
        let outcome = known.unwrap_or_else(|| {
            let own = own.get_or_insert_with(|| claim.resamples(&rows, &claim.scores));
            Comparison::new(own, &claim.resamples(&rows, &scores))
        });
        (name, outcome)
    };
    counts.into_iter().map(compare).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::Verdict;
    use super::super::super::made::Made;

    #[test]
    fn a_claim_is_ahead_of_every_count_or_it_is_not() {
        for (difference, interval, verdict) in [
            (0.05, [0.001, 0.1], Verdict::Pass),
            (0.05, [0.0, 0.1], Verdict::Warn),
            (0.001, [-0.05, 0.05], Verdict::Warn),
            (0.0, [-0.05, 0.05], Verdict::Fail),
            (-0.05, [-0.1, -0.001], Verdict::Fail),
        ] {
            let mut made = Made::noisy(200, 0.5);
            made.compared("params", difference, interval);
            let found = made.find("L1");
            assert_eq!(found.verdict, verdict, "{difference}: {found:?}");
            assert!(found.said.contains("params (tau 0.") && !found.said.contains("flops"), "{}", found.said);
        }
    }

    #[test]
    fn a_comparison_that_no_record_has_is_made() {
        for (noise, verdict) in [(0.5, Verdict::Pass), (1.15, Verdict::Fail)] {
            let found = Made::noisy(200, noise).find("L1");
            assert_eq!(found.verdict, verdict, "{noise}: {found:?}");
            let names: Vec<&str> = found.numbers.iter().map(|number| number.name.as_str()).collect();
            let due = ["params", "flops", "live_params", "live_convs", "depth"]
                .map(|name| format!("tau minus that of {name}"));
            assert_eq!(names, due, "live_flops ranks as live_params does");
        }
    }

    #[test]
    fn a_claim_that_is_a_count_fails_by_zero() {
        let mut made = Made::noisy(200, 0.5);
        made.scores_of("params");
        let found = made.find("L1");
        assert_eq!((found.verdict, found.numbers[0].value), (Verdict::Fail, Some(0.0)));
        let said =
            format!("It ranks no better than params (tau {:.3}, difference +0.000 [0.000, 0.000]). ", made.tau());
        assert!(found.said.starts_with(&said), "{}", found.said);
    }

    #[test]
    fn below_ten_architectures_nothing_is_tested() {
        assert_eq!(Made::noisy(10, 0.02).find("L1").verdict, Verdict::Pass);
        let found = Made::noisy(9, 0.02).find("L1");
        assert_eq!(found.verdict, Verdict::Undecidable, "{found:?}");
        assert_eq!(found.said, "A paired test needs 10 architectures or more, and 9 are judged.");
        // Not even if a count ranks as well.
        let mut made = Made::noisy(9, 0.02);
        made.scores_of("params");
        assert_eq!(made.find("L1").verdict, Verdict::Undecidable);
    }

    #[test]
    fn what_has_no_tau_is_undecidable() {
        let mut made = Made::noisy(200, 0.5);
        made.set_scores(vec![1.0; 200]);
        assert_eq!(made.find("L1").verdict, Verdict::Undecidable);
    }
}
