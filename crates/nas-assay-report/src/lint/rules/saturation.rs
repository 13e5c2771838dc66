//! L19: whether many architectures have the greatest or the least score that there is.

use super::super::claim::Claim;
use super::super::finding::{Outcome, Rule, percentage};

pub(super) const RULE: Rule = Rule {
    id: "L19",
    name: "saturation",
    definition: "Counts of regions or patterns end at the number of images, and shares at 1. Architectures at such a bound are not told apart, \
        though they may differ most.",
    threshold: "Warns if more than 10 % have the greatest finite score, or the least: as many as the head of the ranking that L3 looks at. \
        Fails if more than half do: most architectures are then not ranked.",
    check,
};

const WARN: f64 = 0.1;
const FAIL: f64 = 0.5;

fn check(claim: &Claim<'_>) -> Outcome {
    let finite: Vec<f64> = claim.scores.iter().copied().filter(|score| score.is_finite()).collect();
    let at = |of: fn(f64, f64) -> f64| {
        let bound = finite.iter().copied().reduce(of)?;
        Some(finite.iter().filter(|score| **score == bound).count() as f64 / claim.count() as f64)
    };
    let (Some(best), Some(worst)) = (at(f64::max), at(f64::min)) else {
        return Outcome::undecidable("No score is finite.");
    };
    let which = [(best, "the best score"), (worst, "the worst finite score")];
    let over: Vec<String> = which
        .iter()
        .filter(|(part, _)| *part > WARN)
        .map(|(part, which)| format!("{} have {which}", percentage(*part)))
        .collect();
    let outcome = if over.is_empty() {
        Outcome::pass("Few architectures have the best or the worst score.")
    } else if best.max(worst) > FAIL {
        Outcome::fail(format!("{}.", over.join(", and ")))
    } else {
        Outcome::warn(format!("{}.", over.join(", and ")))
    };
    outcome.part("with the best score", best).part("with the worst finite score", worst)
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::Verdict;
    use super::super::super::made::Made;

    #[test]
    fn a_tenth_may_be_at_a_bound_and_never_most() {
        for bound in [100.0, -100.0] {
            for (count, verdict) in [(10, Verdict::Pass), (11, Verdict::Warn), (50, Verdict::Warn), (51, Verdict::Fail)]
            {
                let mut made = Made::noisy(100, 0.5);
                let mut scores = made.scores();
                scores[..count].fill(bound);
                made.set_scores(scores);
                assert_eq!(made.find("L19").verdict, verdict, "{bound} {count}");
            }
        }
    }
}
