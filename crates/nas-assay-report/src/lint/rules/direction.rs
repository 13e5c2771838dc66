//! L10: whether the scores rank the way that they are said to, everywhere.

use nas_assay_criteria::{Direction, Interval};

use super::super::claim::Claim;
use super::super::finding::{Outcome, Rule, correlation, listed};
use crate::html::section::capital;

pub(super) const RULE: Rule = Rule {
    id: "L10",
    name: "direction",
    definition: "Does it rank in the direction that is declared, everywhere? Whether high or low scores are better \
        is said before they are judged, and is the same in every space. The sign of a negative tau is not changed.",
    threshold: "Passes if the interval of tau is above zero. Warns if it contains zero: then the direction is not \
        shown. Fails if it is below zero, here or in another panel or record. Fails if another direction is \
        declared: then somebody chose the sign after a look at the truth.",
    check,
};

fn check(claim: &Claim<'_>) -> Outcome {
    let own = claim.estimator.direction;
    if let Some(declared) = claim.declared.direction.filter(|declared| *declared != own) {
        return Outcome::fail(format!(
            "The declaration says that {} is better, but here {} counts as better.",
            way(declared),
            way(own)
        ));
    }
    let (Some(tau), Some(interval)) = (claim.tau(), claim.interval()) else {
        return Outcome::undecidable("Tau or its interval is undefined.");
    };
    let turned: Vec<String> = elsewhere(claim)
        .into_iter()
        .filter(|(_, direction, _, interval)| *direction != own || interval.upper < 0.0)
        .map(|(place, direction, tau, _)| {
            let turned =
                if direction == own { String::new() } else { format!(", where {} counts as better", way(direction)) };
            format!("{place} ({}{turned})", correlation(tau))
        })
        .collect();
    let said = format!("{} is better, with a tau of {}", way(own), correlation(tau));
    let said = capital(&said);
    let outcome = if interval.upper < 0.0 {
        Outcome::fail(format!("{said}: it ranks the wrong way round.{}", how_to_turn(claim)))
    } else if !turned.is_empty() {
        Outcome::fail(format!("{said} here, but it ranks the other way round in {}.", listed(&turned)))
    } else if interval.lower <= 0.0 {
        Outcome::warn(format!(
            "The scores are read so that {} is better. Tau is {}, and its interval contains zero: it does not show that this is right.",
            way(own),
            correlation(tau)
        ))
    } else {
        Outcome::pass(format!("{said}."))
    };
    outcome.correlation("tau", Some(tau), Some(interval))
}

fn way(direction: Direction) -> &'static str {
    match direction {
        Direction::Higher => "a higher score",
        Direction::Lower => "a lower score",
    }
}

/// What to write if the scores of a file were read in the wrong direction.
fn how_to_turn(claim: &Claim<'_>) -> String {
    let other = match claim.estimator.direction {
        Direction::Higher => Direction::Lower,
        Direction::Lower => Direction::Higher,
    };
    if !claim.is_of_file() {
        return String::new();
    }
    format!(" If {} was meant to be better from the start, write `--direction {}`.", way(other), other.as_str())
}

/// The same estimator in the other panels and records: where, which direction, tau and its interval.
fn elsewhere(claim: &Claim<'_>) -> Vec<(String, Direction, f64, Interval)> {
    let found = claim.elsewhere().into_iter().filter_map(|other| {
        let kendall = &other.estimator.criteria.kendall;
        let panel = format!("panel {}", other.panel.name);
        let place = if other.is_here { panel } else { format!("{}, {panel}", other.record.space) };
        Some((place, other.estimator.direction, kendall.tau_b?, kendall.interval?))
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use nas_assay_schema::estimator::EstimatorKind;
    use nas_assay_schema::spec::Quantity;
    use nas_assay_schema::store::record::Checkpoint;

    use super::super::super::finding::Verdict;
    use super::super::super::made::Made;
    use super::*;

    #[test]
    fn the_interval_of_tau_says_whether_a_direction_is_shown() {
        for (interval, verdict) in [
            ([0.001, 0.2], Verdict::Pass),
            ([0.0, 0.2], Verdict::Warn),
            ([-0.2, 0.0], Verdict::Warn),
            ([-0.2, -0.001], Verdict::Fail),
        ] {
            let mut made = Made::noisy(200, 0.5);
            made.interval(interval);
            assert_eq!(made.find("L10").verdict, verdict, "{interval:?}");
        }
    }

    #[test]
    fn another_direction_than_the_declared_one_fails() {
        let mut made = Made::noisy(200, 0.5);
        made.declare("direction = 'higher'");
        assert_eq!(made.find("L10").verdict, Verdict::Pass);
        made.declare("direction = 'lower'");
        assert_eq!(made.find("L10").verdict, Verdict::Fail);
    }

    #[test]
    fn a_sign_that_is_another_elsewhere_fails() {
        let mut made = Made::noisy(200, 0.5);
        let mut other = Made::noisy(200, 0.7);
        made.also(other.record());
        assert_eq!(made.find("L10").verdict, Verdict::Pass);
        other.interval([-0.3, -0.001]);
        made.also(other.record());
        let found = made.find("L10");
        assert_eq!(found.verdict, Verdict::Fail);
        assert!(found.said.contains("the other way round in nb201, panel representatives"), "{}", found.said);
    }

    #[test]
    fn a_record_of_another_quantity_says_nothing() {
        let mut made = Made::noisy(200, 0.5);
        let mut other = Made::noisy(200, 0.7);
        other.interval([-0.3, -0.001]);
        for (quantity, verdict) in [(None, Verdict::Fail), (Some("ms"), Verdict::Pass)] {
            let unit = |unit: &str| Quantity { unit: unit.to_owned(), better: Direction::Lower };
            other.record_mut().truth.as_mut().unwrap().quantity = quantity.map(unit);
            made.also(other.record());
            assert_eq!(made.find("L10").verdict, verdict, "{quantity:?}");
        }
        other.record_mut().truth = None;
        made.also(other.record());
        assert_eq!(made.find("L10").verdict, Verdict::Pass);
    }

    /// Of several runs their mean is judged, as it is of the claim.
    #[test]
    fn elsewhere_the_mean_of_several_runs_is_judged() {
        let mut made = Made::noisy(200, 0.5);
        for (interval, verdict) in [([0.1, 0.2], Verdict::Pass), ([-0.3, -0.1], Verdict::Fail)] {
            let mut other = Made::noisy(200, 0.7);
            other.interval([-0.1, 0.2]);
            other.mine_mut().checkpoint = Some(Checkpoint::single("20", 10));
            other.rival("mine", EstimatorKind::OneShot, other.scores());
            let mean = &mut other.record_mut().panels[0].estimators[2];
            let ensemble = vec!["20".to_owned(), "2020".to_owned()];
            mean.checkpoint = Some(Checkpoint { ensemble, ..Checkpoint::single("20", 10) });
            let [lower, upper] = interval;
            mean.criteria.kendall.interval = Some(Interval { lower, upper, resamples: 1000, undefined: 0 });
            other.space(nas_assay_spaces::SpaceId::Nb301);
            made.also(other.record());
            assert_eq!(made.find("L10").verdict, verdict, "{interval:?}");
            let spread = if verdict == Verdict::Pass { Verdict::Pass } else { Verdict::Warn };
            assert_eq!(made.find("L12").verdict, spread, "{interval:?}");
        }
    }
}
