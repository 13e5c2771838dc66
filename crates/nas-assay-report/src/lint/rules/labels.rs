//! L22: whether the estimator has seen true accuracies of the space.

use nas_assay_schema::estimator::EstimatorKind;

use super::super::claim::Claim;
use super::super::finding::{Outcome, Rule};

pub(super) const RULE: Rule = Rule {
    id: "L22",
    name: "labels-used",
    definition: "How many true accuracies of the space has the estimator seen? A regression, the weights of an \
        ensemble, or a choice by accuracy needs some. Such an estimator is learned, and does not belong in one block \
        with those that are not.",
    threshold: "Passes if it has seen none. Warns if it has seen some: then list it in a separate block of the table. \
        Fails if it is also called training-free.",
    check,
};

fn check(claim: &Claim<'_>) -> Outcome {
    let free = claim.declared.training_free == Some(true);
    match claim.declared.labels_used {
        Some(0) => Outcome::pass("It is declared to have seen no true accuracy."),
        Some(count) => {
            let said = format!("It has seen {count} true {}", if count == 1 { "accuracy" } else { "accuracies" });
            let outcome = if free {
                Outcome::fail(format!("{said}, and is called training-free."))
            } else {
                Outcome::warn(format!("{said}: it is learned."))
            };
            outcome.number("true accuracies seen", Some(count as f64), count.to_string())
        }
        None if claim.is_computed_here() => {
            Outcome::pass("It is a formula of this program, and sees no true accuracy.")
        }
        None if claim.estimator.kind == EstimatorKind::Vote && claim.is_of_formulas() => {
            Outcome::pass("It is a vote of formulas of this program, and these see no true accuracy.")
        }
        None => Outcome::undeclared(&["labels-used"], "It is not known whether it has seen true accuracies"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::Verdict;
    use super::super::super::made::Made;
    use super::*;

    #[test]
    fn what_has_seen_a_label_is_learned() {
        let mut made = Made::noisy(40, 0.5);
        assert_eq!(made.find("L22").verdict, Verdict::Pass);
        made.mine_mut().kind = EstimatorKind::External;
        for (text, verdict) in [
            ("", Verdict::Undecidable),
            ("training-free = true", Verdict::Undecidable),
            ("labels-used = 0\ntraining-free = true", Verdict::Pass),
            ("labels-used = 1", Verdict::Warn),
            ("labels-used = 1\ntraining-free = true", Verdict::Fail),
        ] {
            made.declare(text);
            assert_eq!(made.find("L22").verdict, verdict, "{text}");
        }
    }

    #[test]
    fn a_vote_is_as_free_as_its_members() {
        let mut made = Made::noisy(40, 0.5);
        made.mine_mut().kind = EstimatorKind::Vote;
        assert_eq!(made.find("L22").verdict, Verdict::Undecidable, "a vote that the spec does not have");
        made.record_mut().spec["spec"]["panels"]["representatives"]["votes"] = serde_json::json!({"mine": {}});
        assert_eq!(made.find("L22").verdict, Verdict::Pass);
        made.rival("elsewhere", EstimatorKind::External, made.truth());
        assert_eq!(made.find("L22").verdict, Verdict::Undecidable);
        let vote = |members: [&str; 2]| serde_json::json!({"mine": {"members": members}});
        for (members, verdict) in
            [(["params", "params"], Verdict::Pass), (["params", "elsewhere"], Verdict::Undecidable)]
        {
            made.record_mut().spec["spec"]["panels"]["representatives"]["votes"] = vote(members);
            assert_eq!(made.find("L22").verdict, verdict, "{members:?}");
        }
    }
}
