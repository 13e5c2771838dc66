//! L18: whether the architectures are those that a search has visited.

use nas_assay_schema::declaration::SampleRule;

use super::super::claim::Claim;
use super::super::finding::{Outcome, Rule};
use super::sample::is_whole_space;

pub(super) const RULE: Rule = Rule {
    id: "L18",
    name: "trajectory",
    definition: "Are these architectures that a search has visited (a trajectory)? A search visits good and similar \
        ones, so a tau on them is not a tau of the space.",
    threshold: "Passes if the record draws the architectures from a benchmark, or if the declaration says that they \
        are not a trajectory. Warns if they are one: then report this tau separately. Fails if a trajectory is declared as \
        a sample or as the whole space.",
    check,
};

fn unknown() -> Outcome {
    Outcome::undeclared(&["trajectory"], "It is not known whether a search has visited these architectures")
}

fn check(claim: &Claim<'_>) -> Outcome {
    let is_own_table = claim.spec(&["truth", "table"]).is_some();
    let drawn_here = !claim.is_of_file() && claim.panel_spec("architectures").is_none();
    match (claim.declared.trajectory, claim.declared.sample) {
        (Some(true), Some(SampleRule::All | SampleRule::Random | SampleRule::Stratified)) => {
            Outcome::fail("The architectures are declared both as visited by a search and as a sample of the space.")
        }
        (Some(true), _) => Outcome::warn("A search has visited these architectures, so tau is not a tau of the space."),
        (Some(false), _) => Outcome::pass("The architectures are declared as not visited by a search."),
        // What others measured may be what their search has visited.
        (None, _) if is_own_table && !is_whole_space(claim) => unknown(),
        (None, _) if drawn_here => Outcome::pass("The record has all architectures of the truth, or draws from them."),
        (None, _) if claim.record.truth.as_ref().is_some_and(|truth| claim.count() >= truth.rows) => {
            Outcome::pass("All architectures of the truth are judged.")
        }
        (None, _) => unknown(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::Verdict;
    use super::super::super::made::Made;

    #[test]
    fn a_trajectory_is_no_sample() {
        let mut made = Made::noisy(40, 0.5);
        for (text, verdict) in [
            ("", Verdict::Pass),
            ("trajectory = false", Verdict::Pass),
            ("trajectory = true", Verdict::Warn),
            ("trajectory = true\nsample = 'first'", Verdict::Warn),
            ("trajectory = true\nsample = 'random'", Verdict::Fail),
        ] {
            made.declare(text);
            assert_eq!(made.find("L18").verdict, verdict, "{text}");
        }
    }

    #[test]
    fn a_file_with_a_part_of_the_truth_may_be_one() {
        let mut made = Made::noisy(40, 0.5);
        made.of_file();
        made.truth_rows(40);
        assert_eq!(made.find("L18").verdict, Verdict::Pass);
        made.truth_rows(41);
        assert_eq!(made.find("L18").verdict, Verdict::Undecidable);
    }
}
