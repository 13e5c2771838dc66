//! Tests: a record compared with itself, and with changed copies of itself.

use nas_assay_schema::DeviceClass;
use nas_assay_schema::estimator::Score;
use nas_assay_schema::store::record::{PanelRecord, Record};

use super::*;
use crate::fixture;
use crate::tolerance::Tolerance;

fn moved(change: impl FnOnce(&mut Record)) -> Diff {
    let left = fixture::record(60);
    let mut right = left.clone();
    change(&mut right);
    Diff::new(&left, &right)
}

/// The score of an architecture, where it is finite.
fn score(record: &mut Record, estimator: usize, row: usize) -> &mut Score {
    &mut record.panels[0].estimators[estimator].scores[row]
}

fn last_digit(score: &mut Score) {
    *score = Score::from(score.value() * (1.0 + f64::EPSILON));
}

#[test]
fn a_record_is_the_same_as_itself() {
    let diff = moved(|_| ());
    assert_eq!((diff.beyond, diff.spec.len()), (0, 0));
    let estimators = &diff.panels[0].estimators;
    assert_eq!(estimators.len(), 5);
    assert!(
        estimators.iter().all(|one| one.scores.moved == 0 && one.criteria.is_empty() && one.criteria_compared > 20)
    );
    assert!(estimators.iter().all(|one| one.scores.class == Tolerance::Exact && one.scores.compared == 60));
    assert!(
        diff.text(80).contains("The specs are the same.")
            && diff.text(80).ends_with("No number moved beyond its class.\n")
    );
}

#[test]
fn one_bit_is_a_difference_where_spec_and_device_are_the_same() {
    let diff = moved(|record| last_digit(score(record, 1, 30)));
    assert_eq!(diff.beyond, 1);
    let synflow = &diff.panels[0].estimators[1].scores;
    assert_eq!((synflow.moved, synflow.beyond, synflow.at.as_deref()), (1, 1, Some(fixture::encoding(30).as_str())));
    // With another spec, the last digit does not count, a real difference does.
    let other = |record: &mut Record| record.spec_hash = "0".repeat(64);
    let diff = moved(|record| {
        other(record);
        last_digit(score(record, 1, 30));
    });
    assert_eq!((diff.beyond, diff.panels[0].estimators[1].scores.moved), (0, 1));
    let diff = moved(|record| {
        other(record);
        *score(record, 1, 30) = Score::from(7.0);
    });
    assert_eq!(diff.beyond, 1);
}

#[test]
fn a_criterion_that_moved_is_shown_with_both_values() {
    let diff = moved(|record| record.panels[0].estimators[0].criteria.kendall.tau_b = Some(0.25));
    assert_eq!(diff.beyond, 1);
    let criterion = &diff.panels[0].estimators[0].criteria[0];
    assert_eq!(
        (criterion.criterion.as_str(), criterion.class, criterion.right),
        ("tau_b", Tolerance::Math, Some(0.25))
    );
    let text = diff.text(80);
    assert!(text.contains("Kendall tau-b") && text.contains("0.2500"), "{text}");
}

#[test]
fn a_true_value_that_moved_is_a_difference() {
    let diff = moved(|record| *record.panels[0].architectures[3].truth.as_mut().unwrap() += 0.01);
    assert_eq!((diff.beyond, diff.panels[0].truth.moved), (1, 1));
    assert_eq!(diff.panels[0].truth.at.as_deref(), Some(fixture::encoding(3).as_str()));
}

#[test]
fn two_device_classes_are_judged_by_size_and_order() {
    let elsewhere = |change: fn(&mut Record)| {
        moved(|record| {
            record.device_class = DeviceClass::Cuda;
            change(record);
        })
    };
    let diff = elsewhere(|record| {
        for row in 10..60 {
            let score = score(record, 1, row);
            *score = Score::from(score.value() * 1.0000001);
        }
    });
    let synflow = &diff.panels[0].estimators[1].scores;
    assert_eq!((diff.beyond, synflow.class, synflow.moved), (0, Tolerance::Cross, 50));
    // Two architectures that changed places are a lost order.
    let diff = elsewhere(|record| record.panels[0].estimators[1].scores.swap(20, 21));
    assert!(diff.panels[0].estimators[1].scores.order_lost);
    // Scores of a trained supernet are only shown; counts must be equal everywhere.
    let diff = elsewhere(|record| record.panels[0].estimators[4].scores.swap(20, 21));
    assert_eq!((diff.beyond, diff.panels[0].estimators[4].scores.class), (0, Tolerance::Reported));
    let diff = elsewhere(|record| last_digit(score(record, 0, 30)));
    assert_eq!(diff.beyond, 1);
}

#[test]
fn what_only_one_record_has_is_named_and_not_judged() {
    let diff = moved(|record| {
        let panel = &mut record.panels[0];
        panel.estimators[2].id = "relu_logdet".to_owned();
        panel.architectures[0].architecture = "other".to_owned();
        record.panels.push(PanelRecord { name: "second".to_owned(), ..record.panels[0].clone() });
    });
    assert_eq!(diff.beyond, 0);
    assert_eq!((diff.panels_only.right, diff.panels[0].architectures), (vec!["second".to_owned()], 59));
    assert_eq!(diff.panels[0].estimators_only.left, ["jacob_cov"]);
    assert_eq!(diff.panels[0].estimators_only.right, ["relu_logdet"]);
    assert_eq!(diff.panels[0].architectures_only.right, ["other"]);
}

#[test]
fn rows_in_another_order_are_the_same_rows() {
    let diff = moved(|record| {
        let panel = &mut record.panels[0];
        panel.architectures.reverse();
        for estimator in &mut panel.estimators {
            estimator.scores.reverse();
        }
    });
    assert_eq!((diff.beyond, diff.panels[0].architectures), (0, 60));
}

#[test]
fn the_comparison_at_80_columns() {
    let left = fixture::record(60);
    let mut right = fixture::record(61);
    right.spec = serde_json::json!({ "space": "nb201", "seeds": ["20", "3"], "batch": 64, "note": "</pre><b>" });
    right.spec_hash = "0".repeat(64);
    right.panels[0].estimators[3].id = "grasp".to_owned();
    let text = Diff::new(&left, &right).text(80);
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    insta::assert_snapshot!(text);
}
