//! L2: how near the claim is to what training once more is worth.

use nas_assay_criteria::ceiling;

use super::super::claim::{Claim, HEAD};
use super::super::finding::{Outcome, Rule, correlation, percentage};
use crate::worth::KnownCeiling;

pub(super) const RULE: Rule = Rule {
    id: "L2",
    name: "noise-ceiling",
    definition: "How close is tau to what another training reaches? After a training with another seed, the \
        architectures rank a little differently. The tau between trainings is called the ceiling. It is not a bound: \
        a score can be above it. The ceiling among the best architectures is far lower than the one of all.",
    threshold: "Warns if tau is above .9 of the ceiling, because a gap between two methods that are so high can come \
        from the seeds of the truth. Warns if the ceiling is below .6. Then Spearman's rho between two trainings is \
        about .8, and a fifth of the variance of the ranks comes from the seed.",
    check,
};

/// The largest part of the ceiling without a warning.
const MOST: f64 = 0.9;
/// The lowest ceiling without a warning.
const LEAST: f64 = 0.6;

fn check(claim: &Claim<'_>) -> Outcome {
    let Some(worth) = claim.worth else {
        return Outcome::undecidable(claim.no_worth());
    };
    let KnownCeiling::Known { runs, .. } = &worth.ceiling else {
        let KnownCeiling::Unknown(why) = &worth.ceiling else { return Outcome::undecidable("There is no ceiling.") };
        return Outcome::undecidable(format!("The ceiling is unknown, because {why}."));
    };
    let (Some(whole), Some(tau)) = (worth.ceiling.attainable(1.0), claim.tau()) else {
        return Outcome::undecidable("The ceiling or tau of the claim is undefined.");
    };
    let Some(share) = ceiling::share(tau, whole) else {
        return Outcome::warn("Two trainings of the truth do not agree at all.").number(
            "ceiling",
            Some(whole),
            correlation(whole),
        );
    };
    let head = worth.ceiling.attainable(HEAD);
    let among = head.map_or(String::new(), |head| format!("; among the best 10 % it reaches {}", correlation(head)));
    let has = if share < 1.0 {
        format!("The tau of the claim is {} of that.", percentage(share))
    } else {
        format!("The tau of the claim is as high ({} of that).", percentage(share))
    };
    let said = format!(
        "Another training reaches a tau of {} ({} runs are known){among}. {has}",
        correlation(whole),
        runs.len()
    );
    let outcome = if whole < LEAST {
        Outcome::warn(format!("The truth is too noisy to judge by. {said}"))
    } else if share > MOST {
        Outcome::warn(format!("{said} So a gap to another claim can come from the seeds of the truth."))
    } else {
        Outcome::pass(said)
    };
    let outcome = outcome.number("ceiling", Some(whole), correlation(whole)).part("share of the ceiling", share);
    match head {
        Some(head) => outcome.number("ceiling among the best 10 %", Some(head), correlation(head)),
        None => outcome,
    }
}

#[cfg(test)]
mod tests {
    use nas_assay_criteria::{Ceiling, CeilingAt};

    use super::super::super::finding::Verdict;
    use super::super::super::made::Made;
    use super::*;

    /// A claim with this part of a ceiling.
    fn with(ceiling_of: impl Fn(f64) -> f64) -> super::super::super::finding::Finding {
        let mut made = Made::noisy(200, 0.5);
        let rest = Some(ceiling_of(made.tau()));
        let tops = [1.0, HEAD].map(|fraction| CeilingAt { fraction, single: None, rest }).to_vec();
        let ceiling = Ceiling { runs: 3, rows: 200, tops };
        let runs = ["seed_1", "seed_2", "seed_3"].map(str::to_owned).to_vec();
        made.ceiling(KnownCeiling::Known { runs, truth_is_mean: true, ceiling });
        made.find("L2")
    }

    #[test]
    fn nine_tenths_of_the_ceiling_are_too_near_to_it() {
        assert_eq!(with(|tau| tau / 0.899).verdict, Verdict::Pass);
        let above = with(|tau| tau / 0.901);
        assert_eq!(above.verdict, Verdict::Warn);
        assert!(above.said.contains("90.1 % of that"), "{}", above.said);
    }

    #[test]
    fn a_ceiling_below_the_threshold_judges_nothing() {
        assert_eq!(with(|_| 0.599).verdict, Verdict::Warn);
        assert!(with(|_| 0.599).said.starts_with("The truth is too noisy"));
        // The tau of the claim is near .6 itself, so that .9 of the ceiling decides here.
        assert!(!with(|_| 0.601).said.starts_with("The truth is too noisy"));
    }

    #[test]
    fn without_runs_nothing_is_known() {
        let mut made = Made::noisy(200, 0.5);
        made.ceiling(KnownCeiling::Unknown("the truth table holds one run of each architecture".to_owned()));
        let found = made.find("L2");
        assert_eq!(found.verdict, Verdict::Undecidable);
        assert_eq!(found.said, "The ceiling is unknown, because the truth table holds one run of each architecture.");
    }
}
