//! L8: on what the constants of the estimator were chosen.

use nas_assay_schema::declaration::TunedOn;

use super::super::claim::Claim;
use super::super::finding::{Outcome, Rule};

pub(super) const RULE: Rule = Rule {
    id: "L8",
    name: "tuned-on",
    definition: "On what were the constants of the estimator chosen: weights of an ensemble, intervals of layers, \
        means, deviations, exponents? Scores cannot show it, so the authors declare it.",
    threshold: "Fails if they were chosen on the architectures that are judged. Warns if they were chosen on others \
        of the same space: neighbours share their operations, so nothing follows for a new space.",
    check,
};

fn check(claim: &Claim<'_>) -> Outcome {
    let Some(tuned_on) = claim.declared.tuned_on else {
        return Outcome::undeclared(&["tuned-on"], "It is not known what the constants were chosen on");
    };
    let said = format!("Constants are declared as chosen on {}.", tuned_on.words());
    match tuned_on {
        TunedOn::Nothing | TunedOn::AnotherSpace => Outcome::pass(said),
        TunedOn::OtherArchitectures => Outcome::warn(said),
        TunedOn::JudgedArchitectures => Outcome::fail(said),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::Verdict;
    use super::super::super::made::Made;

    #[test]
    fn constants_may_be_of_another_space_and_not_of_the_judged_one() {
        let mut made = Made::noisy(40, 0.5);
        assert_eq!(made.find("L8").verdict, Verdict::Undecidable);
        for (place, verdict) in [
            ("nothing", Verdict::Pass),
            ("another-space", Verdict::Pass),
            ("other-architectures", Verdict::Warn),
            ("judged-architectures", Verdict::Fail),
        ] {
            made.declare(&format!("tuned-on = '{place}'"));
            assert_eq!(made.find("L8").verdict, verdict, "{place}");
        }
    }
}
