//! L10: whether the scores rank the way that they are said to, everywhere.

use nas_assay_criteria::{Direction, Interval};

use super::super::claim::Claim;
use super::super::finding::{Outcome, Rule, capital, correlation, listed};

pub(super) const RULE: Rule = Rule {
    id: "L10",
    name: "direction",
    definition: "Which scores are better, the high ones or the low ones, is said before they are judged, and is the same in every space. A negative tau is \
        not turned round, and its absolute value is no tau.",
    threshold: "Passes if the interval of tau is above zero. Warns if it holds zero, so that the direction is not shown. Fails if it is below \
        zero, here or in another panel or record, or if another direction is declared: then the sign was chosen by the truth.",
    check,
};

fn check(claim: &Claim<'_>) -> Outcome {
    let own = claim.estimator.direction;
    if let Some(declared) = claim.declared.direction.filter(|declared| *declared != own) {
        return Outcome::fail(format!(
            "Declared is that {} is better, but they were judged with {}.",
            way(declared),
            way(own)
        ));
    }
    let (Some(tau), Some(interval)) = (claim.tau(), claim.interval()) else {
        return Outcome::undecidable("Tau or its interval is undefined.");
    };
    let turned: Vec<String> = elsewhere(claim)
        .filter(|(_, direction, _, interval)| *direction != own || interval.upper < 0.0)
        .map(|(place, direction, tau, _)| {
            let turned = if direction == own { String::new() } else { format!(" with {} as better", way(direction)) };
            format!("{place} ({}{turned})", correlation(tau))
        })
        .collect();
    let said = format!("{} is better, with a tau of {}", way(own), correlation(tau));
    let said = capital(&said);
    let outcome = if interval.upper < 0.0 {
        Outcome::fail(format!("{said}: it ranks the wrong way round."))
    } else if !turned.is_empty() {
        Outcome::fail(format!("{said} here, but it is turned in {}.", listed(&turned)))
    } else if interval.lower <= 0.0 {
        Outcome::warn(format!("{said}, whose interval holds zero: the direction is not shown."))
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

/// The same estimator in the other panels and records: where, which direction, tau and its interval.
fn elsewhere<'a>(claim: &'a Claim<'_>) -> impl Iterator<Item = (String, Direction, f64, Interval)> + 'a {
    let here = claim.record.panels.iter().filter(|panel| panel.name != claim.panel.name);
    let here = here.map(|panel| (format!("panel {}", panel.name), panel));
    let there = claim.also.iter().flat_map(|record| {
        record.panels.iter().map(move |panel| (format!("{}, panel {}", record.space, panel.name), panel))
    });
    here.chain(there).filter_map(|(place, panel)| {
        let last = crate::checkpoints::latest(&panel.estimators);
        let mut all = last.into_iter().map(|place| &panel.estimators[place]);
        let same = all.find(|other| other.id == claim.estimator.id && other.variant == claim.estimator.variant)?;
        let kendall = &same.criteria.kendall;
        Some((place, same.direction, kendall.tau_b?, kendall.interval?))
    })
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::Verdict;
    use super::super::super::made::Made;

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
        assert!(found.said.contains("turned in nb201, panel representatives"), "{}", found.said);
    }
}
