//! L13: by which truth, on which population, and with which counts the claim is judged.

use nas_assay_schema::spec::Nb201Accuracy;
use nas_assay_schema::store::record::Record;
use serde_json::Value;

use super::super::claim::Claim;
use super::super::finding::{Outcome, Rule, listed};
use crate::value_text::count;

pub(super) const RULE: Rule = Rule {
    id: "L13",
    name: "truth",
    definition: "Which truth, which population, which counts? This choice alone can give #Params any tau from .400 \
        to .623 on NAS-Bench-201. So a number needs its data set, split, epochs and runs, its population, and what \
        #Params and #FLOPs count.",
    threshold: "Passes if truth and population are known. Warns if the truth is not the benchmark's: then no \
        published value can be compared with the claim. Fails if records of one space and one data set with \
        different truths are compared with each other.",
    check,
};

fn check(claim: &Claim<'_>) -> Outcome {
    let Some(truth) = &claim.record.truth else { return Outcome::undecidable("There is no truth.") };
    let others: Vec<String> = claim
        .also
        .iter()
        .filter(|other| other.space == claim.record.space && is_mixed(claim.record, other))
        .map(|other| format!("{} of {}", source_of(other), other.name))
        .collect();
    let population = format!("{} of the {} architectures of the truth", count(claim.count()), count(truth.rows));
    let counting = match claim.panel.architectures.first().map(|row| row.params.is_some()) {
        Some(true) => "#Params and #FLOPs count what is executed, FLOPs without pooling",
        _ => "#Params and #FLOPs are not known here",
    };
    let said = format!("Truth: {}; {population}; {counting}.", truth.source.trim_end_matches('.'));
    if !others.is_empty() {
        return Outcome::fail(format!(
            "It is compared with {}, which have another truth. Its own: {said}",
            listed(&others)
        ));
    }
    let choice = |key: &str| claim.spec(&["truth", key]);
    if claim.spec(&["truth"]).is_none() {
        return Outcome::undecidable(format!("The spec does not say which truth it is. {said}"));
    }
    if choice("trained").is_some() {
        return Outcome::warn(format!(
            "No published value can be compared with the claim, because the truth is a miniature, and not the benchmark's. {said}"
        ));
    }
    let Some(columns) = choice("table").and_then(|table| table.get("columns")).and_then(|columns| columns.as_array())
    else {
        return Outcome::pass(said);
    };
    let is_known =
        columns.iter().all(|column| column.as_str().is_some_and(|name| name.parse::<Nb201Accuracy>().is_ok()));
    match &claim.declared.truth {
        Some(declared) => Outcome::pass(format!("Declared as {declared}. {said}")),
        None if is_known && !columns.is_empty() => Outcome::pass(said),
        None => Outcome::undecidable(format!(
            "The table does not say what was trained on which data, and how often, and `truth` is not declared. {said}"
        )),
    }
}

/// Whether two records of a space are judged by two truths of one data set. Accuracies on another data set, and other quantities, are other
/// claims.
fn is_mixed(one: &Record, other: &Record) -> bool {
    if other.truth.is_none() || one.quantity() != other.quantity() {
        return false;
    }
    match (accuracy(one), accuracy(other)) {
        (Some(one), Some(other)) => one != other && one.set.data_set() == other.set.data_set(),
        _ => one.spec.pointer("/spec/truth") != other.spec.pointer("/spec/truth"),
    }
}

/// Which accuracy of NAS-Bench-201 the truth is, if it is one.
fn accuracy(record: &Record) -> Option<Nb201Accuracy> {
    let truth = record.spec.pointer("/spec/truth")?;
    let columns = truth.pointer("/table/columns").and_then(Value::as_array);
    let only = columns.and_then(|columns| if let [only] = &columns[..] { Some(only) } else { None });
    truth.pointer("/nb201/accuracy").or(only)?.as_str()?.parse().ok()
}

fn source_of(record: &Record) -> &str {
    record.truth.as_ref().map_or("no truth", |truth| truth.source.trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use super::super::super::finding::Verdict;
    use super::super::super::made::Made;

    fn with(truth: serde_json::Value) -> Made {
        let mut made = Made::noisy(40, 0.5);
        made.record_mut().spec["spec"]["truth"] = truth;
        made
    }

    #[test]
    fn a_truth_is_known_or_declared() {
        let table = |column: &str| serde_json::json!({"table": {"columns": [column]}});
        for (truth, declared, verdict) in [
            (serde_json::json!({"nb201": {"accuracy": "x"}}), "", Verdict::Pass),
            (serde_json::json!({"trained": {"table": "nb201-micro"}}), "", Verdict::Warn),
            (table("cifar100-test-200-seed888"), "", Verdict::Pass),
            (table("acc"), "", Verdict::Undecidable),
            (table("acc"), "truth = 'CIFAR-10, test, 200 epochs, one run'", Verdict::Pass),
        ] {
            let mut made = with(truth.clone());
            made.declare(declared);
            assert_eq!(made.find("L13").verdict, verdict, "{truth}");
        }
    }

    #[test]
    fn two_truths_of_one_space_are_not_mixed() {
        let mut made = with(serde_json::json!({"nb201": {"accuracy": "x"}}));
        made.also(with(serde_json::json!({"nb201": {"accuracy": "x"}})).record());
        assert_eq!(made.find("L13").verdict, Verdict::Pass);
        made.also(with(serde_json::json!({"nb201": {"accuracy": "y"}})).record());
        assert_eq!(made.find("L13").verdict, Verdict::Fail);
        // The same accuracy from two tables, another data set, and another split of the same.
        let own = "cifar10-test-200-seed888";
        made.record_mut().spec["spec"]["truth"] = serde_json::json!({"nb201": {"accuracy": own}});
        for (accuracy, verdict) in [
            (own, Verdict::Pass),
            ("cifar100-test-200-seed888", Verdict::Pass),
            ("cifar10-half-test-200-seed888", Verdict::Fail),
            ("cifar10-test-12-seed111", Verdict::Fail),
        ] {
            for truth in [
                serde_json::json!({"nb201": {"accuracy": accuracy}}),
                serde_json::json!({"table": {"columns": [accuracy]}}),
            ] {
                made.also(with(truth).record());
                assert_eq!(made.find("L13").verdict, verdict, "{accuracy}");
            }
        }
        let mut latency = with(serde_json::json!({"table": {"columns": ["latency"]}}));
        made.also(latency.record());
        assert_eq!(made.find("L13").verdict, Verdict::Fail);
        let unit =
            nas_assay_schema::spec::Quantity { unit: "ms".to_owned(), better: nas_assay_criteria::Direction::Lower };
        latency.record_mut().truth.as_mut().unwrap().quantity = Some(unit);
        made.also(latency.record());
        assert_eq!(made.find("L13").verdict, Verdict::Pass);
        let mut elsewhere = with(serde_json::json!({"nb301": {}}));
        elsewhere.space(nas_assay_spaces::SpaceId::Nb301);
        made.also(elsewhere.record());
        assert_eq!(made.find("L13").verdict, Verdict::Pass);
    }
}
