//! L19: whether many architectures have the greatest or the least score that there is.

use nas_assay_criteria::bootstrap::FEWEST;

use super::super::claim::Claim;
use super::super::finding::{Outcome, Rule, percentage};

pub(super) const RULE: Rule = Rule {
    id: "L19",
    name: "saturation",
    definition: "Do many architectures share the best or the worst score? For example, counts of patterns cannot \
        exceed the number of images, and shares cannot exceed 1. Architectures at such a bound are not told apart, \
        though they may differ most.",
    threshold: "Warns if more than 10 % have the best or the worst finite score: as many as the best tenth that L3 \
        looks at. Fails above 50 %: then most architectures are not ranked. It needs ten architectures.",
    check,
};

const WARN: f64 = 0.1;
const FAIL: f64 = 0.5;

fn check(claim: &Claim<'_>) -> Outcome {
    if claim.count() < FEWEST {
        return Outcome::undecidable(format!("There are fewer than {FEWEST} architectures."));
    }
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
        Outcome::pass("At most a tenth of the architectures has the best score, and at most a tenth the worst.")
    } else if best.max(worst) > FAIL {
        Outcome::fail(format!("{}: they are not ranked.", over.join(", and ")))
    } else {
        Outcome::warn(format!("{}: they are not told apart.", over.join(", and ")))
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
