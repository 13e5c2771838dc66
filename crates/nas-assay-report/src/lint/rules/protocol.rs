//! L17: whether it is said how the scores were computed.

use nas_assay_schema::estimator::EstimatorKind;
use nas_assay_schema::spec::Input;
use serde_json::Value;

use super::super::claim::Claim;
use super::super::finding::{Outcome, Rule, listed};

pub(super) const RULE: Rule = Rule {
    id: "L17",
    name: "protocol",
    definition: "Are batch, input, mode of batch-norm, initialisation and number of seeds known? If one is unknown, \
        nobody else can compute the scores. What the spec of a record says counts as declared. For scores from a \
        file, the authors declare it.",
    threshold: "Passes if all five are known. Warns if only some are.",
    check,
};

fn check(claim: &Claim<'_>) -> Outcome {
    let variants = claim.spec(&["variants"]).and_then(Value::as_object).map_or(0, serde_json::Map::len);
    let toggled = match variants {
        0 => String::new(),
        1 => " One variant of them is in the record.".to_owned(),
        many => format!(" {many} variants of them are in the record."),
    };
    match claim.estimator.kind {
        EstimatorKind::Baseline if claim.is_computed_here() => return Outcome::pass("A count has no such settings."),
        EstimatorKind::Vote if claim.is_of_formulas() => {
            return Outcome::pass(
                "A vote has no such settings of its own, and the spec declares those of its members.",
            );
        }
        EstimatorKind::Vote => {
            return Outcome::undecidable(
                "A vote has no such settings of its own, and those of its members are not known.",
            );
        }
        EstimatorKind::ZeroShot if claim.is_computed_here() => {
            let settings = claim.spec(&["zero-shot"]).and_then(Value::as_object);
            let said = settings.map(|settings| {
                let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let all = ["input", "batch", "batches", "seeds", "precision", "form"].into_iter();
                let all = all.filter_map(|key| Some(format!("{key} {}", text(settings.get(key)?))));
                all.collect::<Vec<String>>().join(", ").replace('"', "")
            });
            return match said.filter(|said| !said.is_empty()) {
                Some(said) => Outcome::pass(format!("The spec declares them: {said}.{toggled}")),
                None => Outcome::undecidable("The spec has no `[zero-shot]`, which declares them."),
            };
        }
        EstimatorKind::OneShot if claim.is_computed_here() => {
            return if claim.spec(&["supernet"]).is_some() {
                Outcome::pass(format!("The spec declares how the supernet is trained, and how it scores.{toggled}"))
            } else {
                Outcome::undecidable("The spec has no `[supernet]`, which declares how it is trained.")
            };
        }
        EstimatorKind::Baseline | EstimatorKind::ZeroShot | EstimatorKind::OneShot | EstimatorKind::External => {}
    }
    let protocol = &claim.declared.protocol;
    let input = protocol.input.map(|input| match input {
        Input::Images => "images",
        Input::Gaussian => "Gaussian noise",
        Input::Uniform => "uniform noise",
    });
    let all = [
        ("batch", protocol.batch.map(|batch| format!("batches of {batch}"))),
        ("input", input.map(str::to_owned)),
        ("batch-norm", protocol.batch_norm.map(|mode| format!("batch-norm {}", text_of(&mode)))),
        ("initialisation", protocol.initialisation.as_ref().map(|of| format!("initialisation {of}"))),
        (
            "seeds",
            protocol.seeds.map(|seeds| if seeds == 1 { "one seed".to_owned() } else { format!("{seeds} seeds") }),
        ),
    ];
    let missing: Vec<String> =
        all.iter().filter(|(_, said)| said.is_none()).map(|(key, _)| format!("`{key}`")).collect();
    let known: Vec<&str> = all.iter().filter_map(|(_, said)| said.as_deref()).collect();
    match (known.is_empty(), missing.is_empty()) {
        (true, _) => Outcome::undeclared(&["[protocol]"], "It is not known how the scores were computed"),
        (false, false) => Outcome::warn(format!(
            "Declared are {}, but not {}. So nobody else can compute the scores.",
            listed(&known),
            listed(&missing)
        )),
        (false, true) => Outcome::pass(format!("Declared are {}.", listed(&known))),
    }
}

/// The word of a declaration.
fn text_of<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::Verdict;
    use super::super::super::made::Made;
    use super::*;

    #[test]
    fn scores_of_a_file_need_a_declared_protocol() {
        let mut made = Made::noisy(40, 0.5);
        assert_eq!(made.find("L17").verdict, Verdict::Undecidable, "the spec does not declare it");
        made.record_mut().spec["spec"]["zero-shot"] = serde_json::json!({"input": "images", "batch": 64});
        assert_eq!(made.find("L17").verdict, Verdict::Pass, "the spec declares it");
        made.mine_mut().kind = EstimatorKind::External;
        let four = "[protocol]\nbatch = 64\ninput = 'images'\nbatch-norm = 'train'\ninitialisation = 'kaiming'\n";
        for (text, verdict) in [
            (String::new(), Verdict::Undecidable),
            (four.to_owned(), Verdict::Warn),
            (format!("{four}seeds = 3"), Verdict::Pass),
        ] {
            made.declare(&text);
            let found = made.find("L17");
            assert_eq!(found.verdict, verdict, "{text}");
            assert_eq!(found.said.contains("but not `seeds`"), verdict == Verdict::Warn, "{}", found.said);
        }
    }

    #[test]
    fn published_scores_of_a_known_estimator_are_of_a_file_too() {
        let mut made = Made::noisy(40, 0.5);
        made.of_file();
        assert_eq!(made.find("L17").verdict, Verdict::Undecidable);
    }
}
