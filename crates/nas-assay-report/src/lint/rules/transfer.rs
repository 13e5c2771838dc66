//! L21: whether the scores are about their own data set.

use nas_assay_criteria::bootstrap::panel_seed;
use nas_assay_criteria::{Comparison, Criterion, PairCounts, Resamples};

use super::super::claim::Claim;
use super::super::finding::{Outcome, Rule, correlation, listed, with_interval};
use crate::value_text;

pub(super) const RULE: Rule = Rule {
    id: "L21",
    name: "transfer",
    definition: "Does the score say something about its own data set? Accuracies on another data set rank the \
        architectures, too, and often better than any score. The lint reports both: what the other accuracies reach, \
        and how well the score ranks them.",
    threshold: "Warns if the score ranks another data set better than its own, and the whole interval of the \
        difference says so. Then the score has not looked at its images, and a claim about this data set is really a \
        claim about all of them.",
    check,
};

fn check(claim: &Claim<'_>) -> Outcome {
    let count = claim.resample_count();
    let (mut better, mut untested): (Vec<String>, Vec<String>) = Default::default();
    let mut found = Vec::new();
    for other in claim.elsewhere {
        let values: Option<Vec<f64>> =
            claim.panel.architectures.iter().map(|row| other.values.get(&row.architecture).copied()).collect();
        let Some(values) = values else { continue };
        let [own, theirs] =
            [&claim.truth, &values].map(|truth| Resamples::new(truth, &claim.scores, count, panel_seed()));
        let outcome = Comparison::new(&theirs, &own);
        if outcome.interval.is_some_and(|interval| interval.lower > 0.0) {
            let difference = value_text::difference(Criterion::TauB, outcome.difference, 0.0);
            let bounds = outcome.interval.map(value_text::bounds);
            better.push(format!("{} ({})", other.name, with_interval(&difference, bounds)));
        }
        if let Some(why) = outcome.no_interval {
            untested.push(format!("{} ({why})", other.name));
        }
        let reached = PairCounts::new(&claim.truth, &values).tau_b();
        found.push((&other.name, reached, PairCounts::new(&values, &claim.scores).tau_b()));
    }
    let Some((name, reached, _)) = found.first() else {
        return Outcome::undecidable("There is no truth of another data set for all of these architectures.");
    };
    let reached = reached.map_or_else(|| value_text::NONE.to_owned(), correlation);
    let said = format!("The accuracies of {name} reach a tau of {reached} with this truth.");
    let outcome = if !better.is_empty() {
        Outcome::warn(format!("It ranks {} better than its own data set. {said}", listed(&better)))
    } else if !untested.is_empty() {
        Outcome::undecidable(format!("The difference has no interval for {}. {said}", listed(&untested)))
    } else {
        Outcome::pass(format!("It does not rank another data set better than its own, beyond chance. {said}"))
    };
    found.iter().fold(outcome, |outcome, (name, reached, ranked)| {
        outcome.correlation(format!("tau of the accuracies of {name} with this truth"), *reached, None).correlation(
            format!("tau of the scores with {name}"),
            *ranked,
            None,
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::claim::OtherTruth;
    use super::super::super::finding::Verdict;
    use super::super::super::made::Made;

    /// A claim and a truth of another data set that has this part of the noise of its scores.
    fn with(part: f64) -> super::super::super::finding::Finding {
        of(200, part)
    }

    fn of(rows: usize, part: f64) -> super::super::super::finding::Finding {
        let mut made = Made::noisy(rows, 0.5);
        let values = made.truth().into_iter().zip(made.scores()).map(|(truth, score)| truth + part * (score - truth));
        let texts = made.record().panels[0].architectures.clone();
        let values = texts.into_iter().map(|row| row.architecture).zip(values).collect();
        made.elsewhere(OtherTruth { name: "cifar100".to_owned(), values });
        made.find("L21")
    }

    #[test]
    fn a_score_ranks_its_own_data_set_best() {
        assert_eq!(Made::noisy(200, 0.5).find("L21").verdict, Verdict::Undecidable);
        let same = with(0.0);
        assert_eq!((same.verdict, same.numbers[0].value), (Verdict::Pass, Some(1.0)));
        assert_eq!(with(-0.3).verdict, Verdict::Pass);
        let found = with(0.3);
        assert_eq!(found.verdict, Verdict::Warn, "{found:?}");
        assert!(found.said.starts_with("It ranks cifar100 (+0.") && found.numbers.len() == 2, "{}", found.said);
    }

    #[test]
    fn what_was_not_tested_does_not_pass() {
        assert_eq!(of(10, -0.3).verdict, Verdict::Pass);
        let found = of(9, -0.3);
        assert_eq!(found.verdict, Verdict::Undecidable);
        assert!(found.said.contains("fewer than 10 architectures"), "{}", found.said);
    }
}
