//! L9: whether the scores are numbers, and differ.

use nas_assay_schema::store::record::RowClass;

use super::super::claim::Claim;
use super::super::finding::{Outcome, Rule, listed};
use crate::html::section::capital;
use crate::value_text::count;

pub(super) const RULE: Rule = Rule {
    id: "L9",
    name: "degenerate-scores",
    definition: "Are the scores numbers, and do they differ? Scores that are not finite rank worst and stay in the \
        count. Those that were left out are counted, too. A value that many architectures share does not rank them. The best and the worst value are not counted here: L19 looks at them.",
    threshold: "Warns if more than 1 % are not finite, or if more than 5 % have the same value. Fails if more than 5 \
        % are not finite, if more than 20 % have the same value, or if all are equal. Some ties are not a defect: \
        every count has them (on NAS-Bench-201 there are 28 different numbers of live parameters).",
    check,
};

/// Parts of the architectures: not finite, and with the commonest value.
struct Limits {
    not_finite: f64,
    commonest: f64,
}

const WARN: Limits = Limits { not_finite: 0.01, commonest: 0.05 };
const FAIL: Limits = Limits { not_finite: 0.05, commonest: 0.2 };

fn check(claim: &Claim<'_>) -> Outcome {
    let criteria = &claim.estimator.criteria;
    let dropped = claim.coverage().map_or(0, |coverage| coverage.count(RowClass::Dropped)) as usize;
    let all = claim.count() + dropped;
    let not_finite = criteria.non_finite.total() + dropped;
    let commonest = commonest(&claim.scores);
    let tied = criteria.kendall.counts.tied_scores as f64 / (criteria.kendall.counts.pairs as f64).max(1.0);
    let parts = Limits { not_finite: not_finite as f64 / all as f64, commonest: commonest as f64 / all as f64 };
    let over = |limits: &Limits| {
        let lost = format!("{} of {} scores are not finite", count(not_finite), count(all));
        let same = format!(
            "{} of {} architectures have the same score, which is neither the best nor the worst (see L19)",
            count(commonest),
            count(all)
        );
        let found = [(parts.not_finite > limits.not_finite, lost), (parts.commonest > limits.commonest, same)];
        found.into_iter().filter(|(is_over, _)| *is_over).map(|(_, said)| said).collect::<Vec<String>>()
    };
    let (failing, warning) = (over(&FAIL), over(&WARN));
    let outcome = if all < 2 {
        Outcome::undecidable("There are fewer than two architectures.")
    } else if criteria.distinct_scores < 2 {
        Outcome::fail("The scores do not differ.")
    } else if !failing.is_empty() {
        Outcome::fail(capital(&format!("{}.", listed(&failing))))
    } else if !warning.is_empty() {
        Outcome::warn(capital(&format!("{}.", listed(&warning))))
    } else {
        Outcome::pass(format!("{} different scores of {} architectures.", count(criteria.distinct_scores), count(all)))
    };
    let outcome = outcome
        .number("scores that are not finite", Some(not_finite as f64), count(not_finite))
        .part("architectures with the most common score, apart from the best and the worst", parts.commonest)
        .part("pairs with equal scores", tied)
        .count("different scores", criteria.distinct_scores);
    if dropped > 0 { outcome.count("of these, left out", dropped) } else { outcome }
}

/// How many architectures share the commonest finite score between the least and the greatest; 0 if no two share one.
fn commonest(scores: &[f64]) -> usize {
    let mut finite: Vec<f64> = scores.iter().copied().filter(|score| score.is_finite()).collect();
    finite.sort_by(f64::total_cmp);
    // Zero has no sign.
    let groups: Vec<usize> = finite.chunk_by(|a, b| a == b).map(<[f64]>::len).collect();
    let last = groups.len().saturating_sub(1);
    let inside = groups.get(1..last).and_then(|inside| inside.iter().max()).copied();
    inside.filter(|&size| size > 1).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::Verdict;
    use super::super::super::made::Made;
    use super::*;

    /// A claim of 200 scores, the first of which are replaced.
    fn with(replaced: usize, by: f64) -> Verdict {
        let mut made = Made::noisy(200, 0.5);
        let mut scores = made.scores();
        scores[..replaced].fill(by);
        made.set_scores(scores);
        made.find("L9").verdict
    }

    #[test]
    fn a_few_scores_may_be_lost() {
        use Verdict::{Fail, Pass, Warn};
        let found = [2, 3, 10, 11].map(|lost| with(lost, f64::NAN));
        assert_eq!(found, [Pass, Warn, Warn, Fail]);
        assert_eq!([2, 3].map(|lost| with(lost, f64::INFINITY)), [Pass, Warn]);
    }

    #[test]
    fn a_value_may_be_common_but_not_too_common() {
        use Verdict::{Fail, Pass, Warn};
        let found = [10, 11, 40, 41, 200].map(|equal| with(equal, 0.5));
        assert_eq!(found, [Pass, Warn, Warn, Fail, Fail]);
        // At a bound they are saturated.
        assert_eq!([with(41, 100.0), with(41, -100.0)], [Pass, Pass]);
    }

    #[test]
    fn zero_has_no_sign() {
        assert_eq!(commonest(&[0.0, -0.0, 1.0, -1.0, f64::NAN, f64::NAN, f64::NAN]), 2);
        // A score that no other architecture has is not common, however few there are.
        assert_eq!(commonest(&[1.0, 2.0, 3.0]), 0);
        assert_eq!([commonest(&[]), commonest(&[1.0, 1.0]), commonest(&[1.0, 1.0, 2.0])], [0, 0, 0]);
    }
}
