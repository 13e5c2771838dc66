//! L5: how much of the tau is owed to architectures that are dead.

use nas_assay_criteria::bootstrap::FEWEST;

use super::super::claim::Claim;
use super::super::finding::{Outcome, Rule, correlation, listed, percentage};
use crate::value_text;

pub(super) const RULE: Rule = Rule {
    id: "L5",
    name: "dead-architectures",
    definition: "How much of tau comes from dead architectures? In some spaces, an operation can have no effect on \
        the output, and a whole architecture can have no live convolution. Most scores put architectures without a live convolution last, which raises their tau. Papers that leave them out print other numbers.",
    threshold: "Warns if tau moves by more than .03 without those that have a dead operation, or without those that \
        have no live convolution. That is more than most gaps between published methods. Then the paper has to say which architectures count.",
    check,
};

/// The largest change without a warning.
const MOST: f64 = 0.03;

fn check(claim: &Claim<'_>) -> Outcome {
    let Some(space) = claim.space else { return Outcome::undecidable("The search space is not known here.") };
    if !space.is_topological() {
        return Outcome::pass("In this space nothing can be dead: all architectures have the same connections.");
    }
    let (Some(worth), Some(row)) = (claim.worth, claim.worth_row()) else {
        return Outcome::undecidable(claim.no_worth());
    };
    let Some(tau) = claim.tau() else { return Outcome::undecidable("The tau of the claim is undefined.") };
    let Some(dead) = worth.dead else { return Outcome::undecidable("An architecture cannot be read.") };
    if dead.with_dead_operations + dead.without_convolution == 0 {
        return Outcome::pass("None of these architectures has a dead operation, and all have a live convolution.");
    }
    let without = [
        (dead.with_dead_operations, "an operation is dead", row.without_dead_operations),
        (dead.without_convolution, "no convolution is live", row.with_live_convolutions),
    ];
    let moved: Vec<String> = without
        .iter()
        .filter_map(|(count, which, rest)| Some((count, which, (*rest)?)))
        .filter(|(.., rest)| (tau - rest).abs() > MOST)
        .map(|(count, which, rest)| {
            format!("without the {} in which {which} it is {}", value_text::count(*count), correlation(rest))
        })
        .collect();
    let untested: Vec<String> = without
        .iter()
        .filter(|(count, _, rest)| *count > 0 && rest.is_none())
        .map(|(count, which, _)| {
            format!("the {} without those in which {which}", value_text::count(worth.architectures - count))
        })
        .collect();
    let part = |count: usize| percentage(count as f64 / worth.architectures as f64);
    let outcome = if !moved.is_empty() {
        Outcome::warn(format!(
            "Tau is {} over all; {}. Say in the paper which architectures count.",
            correlation(tau),
            listed(&moved)
        ))
    } else if !untested.is_empty() {
        Outcome::undecidable(format!(
            "Tau is {} over all. It is undefined, or of fewer than {FEWEST} architectures, among {}.",
            correlation(tau),
            listed(&untested)
        ))
    } else {
        Outcome::pass(format!("Tau is {}, and moves by {MOST} or less without dead architectures.", correlation(tau)))
    };
    without.into_iter().fold(outcome, |outcome, (count, which, rest)| {
        let outcome = outcome.number(
            format!("architectures in which {which}"),
            Some(count as f64),
            format!("{} ({})", value_text::count(count), part(count)),
        );
        outcome.correlation(format!("tau without those in which {which}"), rest, None)
    })
}

#[cfg(test)]
mod tests {
    use nas_assay_spaces::SpaceId;

    use super::super::super::finding::Verdict;
    use super::super::super::made::Made;

    #[test]
    fn a_change_of_more_than_the_threshold_is_named() {
        for (moves, verdict) in [(0.029, Verdict::Pass), (0.031, Verdict::Warn), (-0.031, Verdict::Warn)] {
            let mut made = Made::noisy(200, 0.5);
            let rest = made.tau() - moves;
            made.without_dead(rest, made.tau());
            assert_eq!(made.find("L5").verdict, verdict, "{moves}");
            made.without_dead(made.tau(), rest);
            let found = made.find("L5");
            assert_eq!(found.verdict, verdict, "{moves}");
            assert_eq!(found.said.contains("no convolution is live"), verdict == Verdict::Warn, "{}", found.said);
        }
    }

    /// The first architectures have no operation, and the others nothing that is dead.
    #[test]
    fn too_few_that_are_alive_decide_nothing() {
        let dead = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|";
        let encodings = (0..15_625).filter_map(nas_assay_spaces::nb201::Architecture::at_benchmark_index);
        let is_whole = |text: &String| {
            let liveness = nas_assay_spaces::Architecture::parse(SpaceId::Nb201, text).unwrap().liveness().unwrap();
            liveness.dead == 0 && liveness.convolutions > 0
        };
        let whole: Vec<String> = encodings.map(|cell| cell.to_string()).filter(is_whole).take(40).collect();
        for (alive, verdict) in [(10, false), (9, true)] {
            let mut made = Made::noisy(40, 0.0);
            let texts = vec![dead.to_owned(); 40 - alive].into_iter().chain(whole[..alive].to_vec());
            made.architectures(texts.collect());
            let found = made.find("L5");
            assert_eq!(found.verdict == Verdict::Undecidable, verdict, "{alive}: {found:?}");
        }
        let mut made = Made::noisy(9, 0.0);
        assert_eq!(made.find("L5").said, "There are fewer than 10 architectures.");
        made.set_scores(vec![1.0; 9]);
        assert_eq!(made.find("L5").verdict, Verdict::Undecidable);
    }

    #[test]
    fn trivial_losers_lift_a_tau() {
        // Architectures without a live convolution are worst by truth and by score; among the others the score is noise.
        let mut made = Made::noisy(240, 3.0);
        let dead = made.without_live_convolution();
        assert!(dead.iter().filter(|dead| **dead).count() > 20);
        made.lower_where(&dead);
        let found = made.find("L5");
        assert_eq!(found.verdict, Verdict::Warn, "{found:?}");
        assert!(found.numbers[3].value.unwrap() < made.tau() - 0.03);
    }

    #[test]
    fn nothing_is_dead_in_a_space_without_connections() {
        let mut made = Made::noisy(40, 0.5);
        made.space(SpaceId::NdsResnet);
        assert_eq!(made.find("L5").verdict, Verdict::Pass);
    }
}
