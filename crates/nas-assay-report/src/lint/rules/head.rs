//! L3: whether the claim holds among the best architectures, which are what a search is after.

use nas_assay_criteria::bootstrap::FEWEST;
use nas_assay_criteria::{Criterion, Interval};

use super::super::claim::{Claim, HEAD};
use super::super::finding::{Outcome, Rule, correlation, listed, with_interval};
use crate::value_text::{self, count};
use crate::worth::KnownCeiling;

pub(super) const RULE: Rule = Rule {
    id: "L3",
    name: "head",
    definition: "Does it rank the best architectures well? These are what a search looks for. Tau among the best 10 \
        % by truth says whether the score tells them apart. Tau among the best 10 % by score says whether its own \
        choice is in order.",
    threshold: "Passes if both 95 % intervals are above zero. Warns if one contains zero: then nothing is shown for the best architectures. Fails if one is below zero: among the best, the score ranks the wrong way round. The \
        best 10 % must be ten architectures or more.",
    check,
};

fn check(claim: &Claim<'_>) -> Outcome {
    let heads = claim.heads();
    if let Some(few) = heads.iter().map(Vec::len).find(|&rows| rows < FEWEST) {
        let all = count(claim.count());
        return Outcome::undecidable(format!(
            "The best 10 % of {all} architectures are {few}, and {FEWEST} are needed. So score ten times as many as that."
        ));
    }
    let names = ["the best 10 % by truth", "the best 10 % by score"];
    let found = heads.each_ref().map(|rows| claim.tau_among(rows));
    let outcome = judge(names, found.map(|(tau, interval)| tau.zip(interval)));
    let outcome = names
        .into_iter()
        .zip(found)
        .fold(outcome, |outcome, (name, (tau, interval))| outcome.correlation(format!("tau in {name}"), tau, interval));
    let outcome = match heads.map(|rows| rows.len()) {
        [by_truth, by_score] if by_truth != by_score => outcome
            .count("architectures in the best 10 % by truth", by_truth)
            .count("architectures in the best 10 % by score, with ties", by_score),
        [both, _] => outcome.count("architectures in each", both),
    };
    let outcome = match claim.worth.map(|worth| &worth.ceiling) {
        Some(ceiling @ KnownCeiling::Known { .. }) => match ceiling.attainable(HEAD) {
            Some(reached) => outcome.number("what another training reaches there", Some(reached), correlation(reached)),
            None => outcome,
        },
        _ => outcome,
    };
    let ends = [Criterion::PrecisionTop(0.05), Criterion::BestRanking(0.01)];
    let outcome = ends.into_iter().fold(outcome, |outcome, criterion| match claim.estimator.criteria.get(criterion) {
        Some(value) => outcome.number(criterion.to_string(), Some(value), value_text::value(criterion, Some(value))),
        None => outcome,
    });
    // The name nDCG alone says nothing: three definitions are in use.
    let gains =
        claim.worth_row().and_then(|row| row.detail.as_ref()).map(|detail| detail.ndcg.as_slice()).unwrap_or_default();
    gains.iter().fold(outcome, |outcome, at| match at.value {
        Some(value) => outcome.number(format!("nDCG, {}", at.text()), Some(value), correlation(value)),
        None => outcome,
    })
}

/// The verdict of two taus with their intervals.
fn judge(names: [&str; 2], found: [Option<(f64, Interval)>; 2]) -> Outcome {
    let [Some(by_truth), Some(by_score)] = found else {
        let missing: Vec<&str> =
            names.iter().zip(found).filter(|(_, tau)| tau.is_none()).map(|(name, _)| *name).collect();
        return Outcome::undecidable(format!("In {}, tau or its interval is undefined.", listed(&missing)));
    };
    let all = names.into_iter().zip([by_truth, by_score]);
    let are = |is: fn(&Interval) -> bool| {
        let which = all.clone().filter(|(_, (_, interval))| is(interval));
        let shown = |(tau, interval)| with_interval(&correlation(tau), Some(value_text::bounds(interval)));
        which.map(|(name, found)| format!("{name} ({})", shown(found))).collect::<Vec<String>>()
    };
    let (below, unclear) = (are(|interval| interval.upper < 0.0), are(|interval| interval.lower <= 0.0));
    if !below.is_empty() {
        Outcome::fail(format!("It ranks the wrong way round in {}.", listed(&below)))
    } else if !unclear.is_empty() {
        Outcome::warn(format!("Not shown to rank in {}: the interval contains zero.", listed(&unclear)))
    } else {
        Outcome::pass(format!("It ranks in {}.", listed(&are(|_| true))))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::Verdict;
    use super::super::super::made::Made;
    use super::*;

    #[test]
    fn both_intervals_have_to_be_above_zero() {
        let interval = |lower: f64, upper: f64| {
            let interval = Interval { lower, upper, resamples: 1000, undefined: 0 };
            Some((f64::midpoint(lower, upper), interval))
        };
        let above = interval(0.001, 0.4);
        for (other, verdict) in [
            (interval(0.001, 0.2), Verdict::Pass),
            (interval(0.0, 0.2), Verdict::Warn),
            (interval(-0.2, 0.0), Verdict::Warn),
            (interval(-0.2, -0.001), Verdict::Fail),
            (None, Verdict::Undecidable),
        ] {
            for found in [[above, other], [other, above]] {
                assert_eq!(judge(["a", "b"], found).verdict, verdict, "{found:?}");
            }
        }
    }

    #[test]
    fn a_score_that_turns_the_head_round_fails() {
        let mut made = Made::noisy(300, 0.3);
        assert_eq!(made.find("L3").verdict, Verdict::Pass);
        // The best 30 architectures, in the wrong order, are still the best by score.
        let truth = made.truth();
        let best = nas_assay_criteria::ceiling::top_rows(&truth, HEAD);
        let turned = (0..300).map(|row| if best.contains(&row) { 10.0 - truth[row] } else { truth[row] });
        made.set_scores(turned.collect());
        let found = made.find("L3");
        assert_eq!(
            (found.verdict, found.numbers[0].value, found.numbers[1].value),
            (Verdict::Fail, Some(-1.0), Some(-1.0))
        );
    }

    #[test]
    fn ndcg_is_said_with_its_gain() {
        let found = Made::noisy(300, 0.3).find("L3");
        let names: Vec<&str> = found.numbers.iter().map(|number| number.name.as_str()).collect();
        for gain in ["2^y − 1 of percent, k 300", "2^y − 1 of fractions, k 300", "rank, k 10"] {
            assert!(names.contains(&format!("nDCG, gain {gain}").as_str()), "{names:?}");
        }
    }

    #[test]
    fn a_tenth_has_to_be_ten() {
        assert_eq!(Made::noisy(99, 0.3).find("L3").verdict, Verdict::Undecidable);
        let found = Made::noisy(100, 0.1).find("L3");
        assert_eq!(found.verdict, Verdict::Pass, "{found:?}");
    }
}
