//! Records with parts that were changed, removed or repeated: each is refused when it is read, or every report can be made from it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use nas_assay_base::seed::{Seed, Stream};
use nas_assay_schema::store::record::{Checkpoint, PruningRecord, Record, RecordError, WatchRecord, Watched};
use serde_json::{Value, json};

use crate::estimator_check::SpaceCheck;
use crate::{Diff, Format, Leaderboard, fixture, golden, terminal};

/// Everything that is made from a record.
fn read_all(record: &Record, whole: &Record) {
    let provenance = fixture::provenance();
    for format in Format::ALL {
        let _ = format.render(record, Some(&provenance));
    }
    for width in [0, 60] {
        terminal(record, None, width);
    }
    for (left, right) in [(record, record), (record, whole), (whole, record)] {
        Diff::new(left, right).text(60);
    }
    let board = Leaderboard::new(&[record.clone(), whole.clone()], true);
    for format in Format::ALL {
        let _ = board.render(format);
    }
    board.text(60);
    golden::pinned(record);
    SpaceCheck::new(record, "synflow", None);
}

/// The places of all values in a document.
fn places(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::Array(values) => {
            for (place, value) in values.iter().enumerate() {
                places(value, format!("{at}/{place}"), found);
            }
        }
        Value::Object(fields) => {
            for (key, value) in fields {
                places(value, format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        _ => {}
    }
    found.push(at);
}

/// Changes a value, or takes it away, or repeats it.
fn damage(document: &mut Value, place: &str, stream: &mut Stream) {
    let kind = stream.index(8);
    let (parent, name) = place.rsplit_once('/').unwrap_or(("", place));
    match (kind, document.pointer_mut(parent)) {
        (0, Some(Value::Object(fields))) => {
            fields.remove(name);
            return;
        }
        (0, Some(Value::Array(values))) => {
            values.remove(name.parse().unwrap());
            return;
        }
        (1, Some(Value::Array(values))) => {
            let place: usize = name.parse().unwrap();
            values.insert(place, values[place].clone());
            return;
        }
        _ => {}
    }
    let value = document.pointer_mut(place).unwrap();
    let numbers =
        [json!(0), json!(1), json!(-1.5), json!(4_294_967_295_u32), json!(u64::MAX), json!(1e300), json!(1e-300)];
    let texts = ["", "é", "🦀x", "|none~0|", "nan", "0", "params", "oneshot_loss"];
    *value = match &*value {
        Value::Array(_) => json!([]),
        Value::Number(_) => numbers[stream.index(numbers.len())].clone(),
        Value::String(_) => json!(texts[stream.index(texts.len())]),
        Value::Bool(value) => json!(!value),
        Value::Null | Value::Object(_) => Value::Null,
    };
}

/// A record with every part that records can have.
fn full() -> Record {
    let mut record = fixture::whole(24);
    let supernet = &mut record.supernets[0];
    supernet.variant = Some("gaussian".to_owned());
    let kept = (0..5).map(fixture::encoding).collect();
    supernet.pruning = Some(PruningRecord { epoch: 3, by: "oneshot_loss".to_owned(), ranked: 10, kept });
    let watched = Watched { architecture: fixture::encoding(1), step: 1, after_step: 0.5, after_epoch: 0.25 };
    supernet.watched.push(WatchRecord { epoch: 2, architectures: vec![watched] });
    let last = record.panels[0].estimators.last_mut().unwrap();
    let ensemble = ["20", "2020"].map(str::to_owned).to_vec();
    last.checkpoint = Some(Checkpoint { averaged: vec![20, 40], ensemble, ..Checkpoint::single("20", 40) });
    let values = (0..24).map(|row| (row % 3 > 0).then(|| f64::from(row).into())).collect();
    last.details.push(nas_assay_schema::store::record::Detail { name: "log".to_owned(), values });
    record
}

#[test]
fn a_damaged_record_is_refused_or_every_report_can_be_made() {
    let whole = full();
    let text = whole.to_json().unwrap();
    assert_eq!(Record::from_json(&text).unwrap(), whole);
    let document: Value = serde_json::from_str(&text).unwrap();
    let mut all = Vec::new();
    places(&document, String::new(), &mut all);
    all.retain(|place| !place.is_empty());
    let mut stream = Seed::root(11).stream();
    let (mut made, mut refused) = (0, 0);
    for round in 0..400 {
        let mut changed = document.clone();
        let mut history = Vec::new();
        for _ in 0..=round % 2 {
            let place = &all[stream.index(all.len())];
            if changed.pointer(place).is_some() {
                damage(&mut changed, place, &mut stream);
                history.push(place);
            }
        }
        match Record::from_json(&changed.to_string()) {
            Ok(record) => {
                let done = catch_unwind(AssertUnwindSafe(|| read_all(&record, &whole)));
                assert!(done.is_ok(), "a report panics after changes of {history:?}");
                made += 1;
            }
            Err(error) => {
                assert!(matches!(
                    error,
                    RecordError::Parse(_) | RecordError::Inconsistent(_) | RecordError::Format { .. }
                ));
                refused += 1;
            }
        }
    }
    assert!(made > 50 && refused > 50, "{made} {refused}");
}

#[test]
fn numbers_that_no_run_gives_are_shown_as_they_are() {
    let whole = full();
    let document = serde_json::to_value(&whole).unwrap();
    for (at, value) in [
        ("/panels/0/estimators/5/criteria/kendall/tau_b", json!(1e300)),
        ("/panels/0/estimators/5/criteria/kendall/tau_b", json!(-1e300)),
        ("/panels/0/estimators/0/bias/operations/2/pairs", json!(u64::MAX)),
        ("/supernets/0/epochs/3/loss", json!(1e300)),
        ("/supernets/0/variant", json!("é")),
    ] {
        let mut changed = document.clone();
        *changed.pointer_mut(at).unwrap() = value;
        read_all(&Record::from_json(&changed.to_string()).unwrap(), &whole);
    }
}

#[test]
fn lists_that_do_not_fit_the_architectures_are_refused_with_their_place() {
    let document = serde_json::to_value(full()).unwrap();
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut changed = document.clone();
        change(&mut changed);
        match Record::from_json(&changed.to_string()) {
            Err(error @ RecordError::Inconsistent(_)) => error.to_string(),
            other => panic!("{:?}", other.map(|record| record.title)),
        }
    };
    let pop = |at: &str, changed: &mut Value| drop(changed.pointer_mut(at).unwrap().as_array_mut().unwrap().pop());
    let last = format!("/panels/0/estimators/{}/details/0/values", full().panels[0].estimators.len() - 1);
    for (said, at) in [
        ("params: scores for 23 architectures, and the panel has 24", "/panels/0/estimators/0/scores"),
        ("params: scores for 24 architectures, and the panel has 23", "/panels/0/architectures"),
        ("`log` for 23 architectures, and the panel has 24", last.as_str()),
        ("a histogram of ", "/panels/0/estimators/1/bias/operations/0/score_histogram"),
    ] {
        let message = refused(&|changed| pop(at, changed));
        assert!(
            message.starts_with("cannot read a record: panel `representatives`: ") && message.contains(said),
            "{message}"
        );
    }
    for (said, at, value) in [
        (
            "params: criteria for 7 architectures, and the panel has 24",
            "/panels/0/estimators/0/criteria/rows",
            json!(7),
        ),
        ("params: row 24 of 24 architectures", "/panels/0/estimators/0/bias/extremes/top/0/row", json!(24)),
        ("25 of its 24 architectures were kept", "/panels/0/analyses/variants/0/kept/architectures", json!(25)),
        ("`spec_hash` is 3f2a, not 64 hexadecimal digits", "/spec_hash", json!("3f2a")),
        ("it has no architectures", "/panels/0/architectures", json!([])),
    ] {
        let message = refused(&|changed| *changed.pointer_mut(at).unwrap() = value.clone());
        assert!(message.contains(said), "{message}");
    }
}

/// A missing value without a reason, and a value with a reason for its absence.
#[test]
fn a_value_has_no_reason_for_its_absence_and_a_missing_one_has() {
    let document = serde_json::to_value(full()).unwrap();
    let after = |changes: &[(&str, Value)]| {
        let mut changed = document.clone();
        for (at, value) in changes {
            *changed.pointer_mut(at).unwrap() = value.clone();
        }
        Record::from_json(&changed.to_string()).map(drop).map_err(|error| error.to_string())
    };
    let criteria = "/panels/0/estimators/0/criteria";
    let at = |place: &str| format!("{criteria}/{place}");
    let (tau, undefined, rho, r) = (at("kendall/tau_b"), at("undefined"), at("spearman"), at("pearson/value"));
    let (interval, reason, of_rho) = (at("kendall/interval"), at("kendall/no_interval"), at("spearman_interval"));
    let few = || json!("few-architectures");
    for (change, said) in [
        (vec![(tau.as_str(), Value::Null)], "params: neither tau-b nor a reason why there is none"),
        (vec![(&undefined, json!("constant-truth"))], "params: both tau-b and a reason why there is none"),
        (vec![(&rho, Value::Null)], "params: neither rho nor a reason"),
        (vec![(&r, Value::Null)], "params: neither r nor a reason"),
        (vec![(&interval, Value::Null)], "params: neither the interval of tau-b nor a reason"),
        (vec![(&reason, few())], "params: both the interval of tau-b and a reason"),
        (vec![(&interval, Value::Null), (&reason, few())], "params: both the interval of rho and a reason"),
        (
            vec![("/panels/0/analyses/comparisons/0/outcome/interval", Value::Null)],
            "synflow: neither the interval of a difference nor a reason",
        ),
        (
            vec![("/panels/0/analyses/variants/0/kept/outcome/no_interval", few())],
            "synflow (gaussian): both the interval of a difference and a reason",
        ),
    ] {
        let message = after(&change).unwrap_err();
        assert!(message.contains(said), "{message}");
    }
    assert_eq!(after(&[(&interval, Value::Null), (&of_rho, Value::Null), (&reason, few())]), Ok(()));
    let constant = [
        (tau.as_str(), Value::Null),
        (&rho, Value::Null),
        (&undefined, json!("constant-scores")),
        (&interval, Value::Null),
        (&of_rho, Value::Null),
        (&reason, json!("undefined-value")),
    ];
    assert_eq!(after(&constant), Ok(()));
}
