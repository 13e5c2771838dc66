//! L12: whether the claim holds in other spaces and populations.

use std::collections::BTreeSet;

use nas_assay_criteria::Interval;

use super::super::claim::Claim;
use super::super::finding::{Outcome, Rule, correlation, listed};

pub(super) const RULE: Rule = Rule {
    id: "L12",
    name: "consistency",
    definition: "How does it rank in other spaces and panels? The lint looks at the other panels of the record and \
        at the other records that are given. Several scores that lead on one benchmark rank the wrong way round on \
        another.",
    threshold: "Passes if the interval is above zero in two search spaces or more, and in every panel. Warns if one \
        contains zero or is below it. With one space it cannot be decided.",
    check,
};

/// The estimator in a panel.
struct Place {
    name: String,
    space: String,
    tau: Option<f64>,
    interval: Option<Interval>,
}

fn check(claim: &Claim<'_>) -> Outcome {
    let places = places(claim);
    let unclear: Vec<String> = places
        .iter()
        .filter(|place| place.interval.is_none_or(|interval| interval.lower <= 0.0))
        .map(|place| format!("{} ({})", place.name, place.tau.map_or_else(|| "undefined".to_owned(), correlation)))
        .collect();
    let spaces: BTreeSet<&str> = places.iter().map(|place| place.space.as_str()).collect();
    let taus = || places.iter().filter_map(|place| place.tau);
    let range = taus().reduce(f64::min).zip(taus().reduce(f64::max));
    let outcome = if places.len() > 1 && !unclear.is_empty() {
        Outcome::warn(format!("It is not shown to rank in {}.", listed(&unclear)))
    } else if spaces.len() < 2 {
        let only = spaces.first().copied().unwrap_or_default();
        Outcome::undecidable(format!(
            "Not tested in another space: {only} is the only one here (option `--also` adds records)."
        ))
    } else {
        let range = range.map_or(String::new(), |(least, greatest)| {
            format!(", with a tau from {} to {}", correlation(least), correlation(greatest))
        });
        Outcome::pass(format!("It ranks in {} panels of {} spaces{range}.", places.len(), spaces.len()))
    };
    if places.len() < 2 {
        return outcome;
    }
    places.into_iter().fold(outcome, |outcome, place| {
        outcome.correlation(format!("tau in {}", place.name), place.tau, place.interval)
    })
}

/// Where the estimator is judged, beginning with the claim.
fn places(claim: &Claim<'_>) -> Vec<Place> {
    let kendall = &claim.estimator.criteria.kendall;
    let place = |space: &str, panel: &str, tau, interval| Place {
        name: format!("{space}, panel {panel}"),
        space: space.to_owned(),
        tau,
        interval,
    };
    let mut found = vec![place(&claim.record.space, &claim.panel.name, kendall.tau_b, kendall.interval)];
    found.extend(claim.elsewhere().into_iter().map(|other| {
        let kendall = &other.estimator.criteria.kendall;
        place(&other.record.space, &other.panel.name, kendall.tau_b, kendall.interval)
    }));
    found
}

#[cfg(test)]
mod tests {
    use nas_assay_criteria::Direction;
    use nas_assay_schema::spec::Quantity;
    use nas_assay_schema::store::record::TruthRecord;
    use nas_assay_spaces::SpaceId;

    use super::super::super::finding::Verdict;
    use super::super::super::made::Made;

    /// The claim, whose interval is above zero, with another record.
    fn with(space: SpaceId, interval: [f64; 2]) -> super::super::super::finding::Finding {
        let (mut made, mut other) = (Made::noisy(60, 0.5), Made::noisy(60, 0.5));
        other.interval(interval);
        other.space(space);
        made.also(other.record());
        made.find("L12")
    }

    #[test]
    fn two_spaces_are_needed_and_intervals_above_zero() {
        let mut alone = Made::noisy(60, 0.5);
        alone.interval([-0.1, 0.5]);
        assert_eq!(alone.find("L12").verdict, Verdict::Undecidable, "what holds here is another lint's matter");
        let found = with(SpaceId::Nb301, [0.001, 0.5]);
        assert_eq!((found.verdict, found.numbers.len()), (Verdict::Pass, 2), "{found:?}");
        assert_eq!(with(SpaceId::Nb201, [0.001, 0.5]).verdict, Verdict::Undecidable);
        assert_eq!(with(SpaceId::Nb301, [0.0, 0.5]).verdict, Verdict::Warn);
        assert_eq!(with(SpaceId::Nb201, [-0.1, 0.5]).verdict, Verdict::Warn);
    }

    #[test]
    fn a_record_of_another_quantity_or_without_a_truth_is_no_space() {
        for is_latency in [true, false] {
            let (mut made, mut other) = (Made::noisy(60, 0.5), Made::noisy(60, 0.5));
            other.space(SpaceId::Nb301);
            made.also(other.record());
            assert_eq!(made.find("L12").verdict, Verdict::Pass);
            let truth = &mut other.record_mut().truth;
            let latency = Quantity { unit: "ms".to_owned(), better: Direction::Lower };
            *truth = truth.take().filter(|_| is_latency).map(|truth| TruthRecord { quantity: Some(latency), ..truth });
            made.also(other.record());
            assert_eq!(made.find("L12").verdict, Verdict::Undecidable);
        }
    }
}
