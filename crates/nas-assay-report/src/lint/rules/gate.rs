//! L11: whether the scores are those of the estimator whose name they bear.

use nas_assay_criteria::GateVerdict;
use nas_assay_schema::estimator::EstimatorKind;
use nas_assay_schema::estimator::alias::{Named, named};

use super::super::claim::Claim;
use super::super::finding::{Outcome, Rule, correlation};

pub(super) const RULE: Rule = Rule {
    id: "L11",
    name: "implementation",
    definition: "Are these the scores of the estimator whose name they bear? They are compared with an \
        implementation that was checked against its definition, on 200 architectures or more.",
    threshold: "Passes if the scores agree with that implementation, or if this program computed them. Fails if \
        Spearman's rho is below the lower of two limits: .99, and .98 times the estimator's rho with itself over \
        seeds. A wrong implementation of a known score has been seen at .37. Warns if the name is in use for two \
        estimators. Without a comparison it cannot be decided.",
    check,
};

fn check(claim: &Claim<'_>) -> Outcome {
    let id = &claim.estimator.id;
    if let Some(check) = claim.gate {
        let gate = &check.gate;
        let rho = gate.spearman.map_or_else(|| "undefined".to_owned(), correlation);
        let said = format!(
            "Rho with {} on {} architectures is {rho}, and {} is needed: {}.",
            check.estimator,
            gate.rows,
            correlation(gate.needed),
            gate.verdict.as_str()
        );
        let outcome = match gate.verdict {
            GateVerdict::Same => Outcome::pass(said),
            GateVerdict::Other => Outcome::fail(said),
            GateVerdict::TooFew | GateVerdict::Undefined | GateVerdict::Unsteady => Outcome::undecidable(said),
        };
        let outcome = outcome.correlation(format!("rho with {}", check.estimator), gate.spearman, None).number(
            "needed",
            Some(gate.needed),
            correlation(gate.needed),
        );
        return match gate.self_correlation {
            Some(own) => outcome.number(format!("rho of {} with itself", check.estimator), Some(own), correlation(own)),
            None => outcome,
        };
    }
    if claim.is_computed_here() {
        return Outcome::pass("This program computed the scores. Its tests compare its formulas with references.");
    }
    if claim.estimator.kind == EstimatorKind::Vote && claim.vote().is_some() {
        return Outcome::pass("This program computed the vote, from the scores of other estimators.");
    }
    match named(id) {
        None => Outcome::undecidable(format!(
            "Not tested: no published estimator is known by the name {id}, so there is nothing to compare the scores with."
        )),
        Some(Named::Two([one, other])) => {
            Outcome::warn(format!("The name {id} is in use for two estimators: {one}; and {other}."))
        }
        Some(Named::One(own)) if claim.estimator.kind == EstimatorKind::OneShot => Outcome::undecidable(format!(
            "Not tested whether these are the scores of {own}: a trained supernet would have to be compared with another one."
        )),
        Some(Named::One(own)) => Outcome::undecidable(format!(
            "Not tested whether these are the scores of {own}: they were not compared with an implementation of it (option `--is`, for a \
             score file)."
        )),
    }
}

#[cfg(test)]
mod tests {
    use nas_assay_criteria::Gate;

    use super::super::super::finding::Verdict;
    use super::super::super::made::Made;
    use super::*;
    use crate::gate_check::GateCheck;

    /// A comparison with scores of which a part is turned round.
    fn compared(turned: usize) -> (Verdict, f64) {
        let ours: Vec<f64> = (0..400).map(f64::from).collect();
        let mut theirs = ours.clone();
        theirs[..turned].reverse();
        let gate = Gate::new(&theirs, &ours, &[]);
        let rho = gate.spearman.unwrap();
        let mut made = Made::noisy(40, 0.5);
        made.gate(GateCheck {
            space: "nb201".to_owned(),
            scores: "mine".to_owned(),
            estimator: "synflow".to_owned(),
            same_weights: false,
            gate,
        });
        (made.find("L11").verdict, rho)
    }

    #[test]
    fn the_gate_decides_at_its_threshold() {
        let (verdict, rho) = compared(68);
        assert!(verdict == Verdict::Pass && (0.99..0.9905).contains(&rho), "{rho}");
        let (verdict, rho) = compared(69);
        assert!(verdict == Verdict::Fail && (0.9895..0.99).contains(&rho), "{rho}");
    }

    #[test]
    fn a_program_of_a_spec_and_an_estimator_of_another_crate_are_not_this_program() {
        let lints = ["L11", "L16", "L17", "L22"];
        let verdicts = |made: &Made| lints.map(|id| made.find(id).verdict);
        let declared = || {
            let mut made = Made::noisy(40, 0.5);
            made.record_mut().spec["spec"]["zero-shot"] = serde_json::json!({"batch": 64});
            made
        };
        let mut made = declared();
        assert_eq!(verdicts(&made), [Verdict::Pass; 4]);
        made.record_mut().spec["spec"]["estimators"] = serde_json::json!({"other": {"command": ["x"]}});
        assert_eq!(verdicts(&made), [Verdict::Pass; 4], "another estimator is a program");
        made.record_mut().spec["spec"]["estimators"] = serde_json::json!({"mine": {"command": ["x"]}});
        assert_eq!(verdicts(&made), [Verdict::Undecidable; 4]);
        assert!(made.find("L11").said.starts_with("Not tested: no published estimator"));
        // Another crate has it, with the kind of a formula.
        let mut made = declared();
        made.mine_mut().id = "zico".to_owned();
        assert_eq!(verdicts(&made), [Verdict::Undecidable; 4]);
    }

    #[test]
    fn a_known_name_has_to_be_compared() {
        let mut made = Made::noisy(40, 0.5);
        assert_eq!(made.find("L11").verdict, Verdict::Pass);
        made.mine_mut().kind = EstimatorKind::External;
        for (id, verdict) in
            [("mine", Verdict::Undecidable), ("naswot", Verdict::Undecidable), ("log_synflow", Verdict::Warn)]
        {
            made.mine_mut().id = id.to_owned();
            let found = made.find("L11");
            assert_eq!(found.verdict, verdict, "{id}");
            assert_eq!(found.said.contains("relu_logdet"), id == "naswot");
        }
    }
}
