//! Tests by value: what is counted, what is allowed at the edge, and every sentence of the text.

use nas_assay_schema::DeviceClass;
use nas_assay_schema::estimator::Score;
use nas_assay_schema::store::record::Record;
use serde_json::json;

use super::*;
use crate::fixture;
use crate::tolerance::Tolerance;

fn moved(change: impl FnOnce(&mut Record)) -> Diff {
    let left = fixture::record(60);
    let mut right = left.clone();
    change(&mut right);
    Diff::new(&left, &right)
}

/// The same on another device class.
fn elsewhere(change: impl FnOnce(&mut Record)) -> Diff {
    moved(|record| {
        record.device_class = DeviceClass::Cuda;
        change(record);
    })
}

#[test]
fn scores_a_lost_order_and_criteria_are_counted_together() {
    let diff = elsewhere(|record| {
        let synflow = &mut record.panels[0].estimators[1];
        synflow.scores.swap(20, 21);
        synflow.criteria.spearman = Some(0.9);
        synflow.criteria.pearson.value = Some(0.9);
    });
    let synflow = &diff.panels[0].estimators[1];
    assert!(synflow.scores.order_lost);
    assert_eq!((synflow.scores.moved, synflow.scores.beyond, synflow.criteria.len()), (2, 2, 2));
    assert_eq!(diff.beyond, 2 + 1 + 2);
}

#[test]
fn a_score_near_zero_is_judged_by_the_median_of_all() {
    let whole = fixture::record(60);
    let scores = &whole.panels[0].estimators[1].scores;
    let mut sizes: Vec<f64> = scores.iter().map(|score| score.value().abs()).filter(|size| size.is_finite()).collect();
    sizes.sort_by(f64::total_cmp);
    let (least, median) = (sizes[0], sizes[sizes.len() / 2]);
    assert!(least < 0.05 * median, "a score near zero: {least} of {median}");
    let place = scores.iter().position(|score| score.value().abs() == least).unwrap();
    let found = |share: f64| {
        let diff = elsewhere(|record| {
            let score = &mut record.panels[0].estimators[1].scores[place];
            *score = Score::from(score.value() + share * median);
        });
        let scores = &diff.panels[0].estimators[1].scores;
        (scores.moved, scores.beyond)
    };
    assert_eq!([0.9e-3, -0.9e-3, 1.1e-3, -1.1e-3].map(found), [(1, 0), (1, 0), (1, 1), (1, 1)]);
}

#[test]
fn the_greatest_relative_difference_is_named() {
    let diff = moved(|record| {
        record.spec_hash = "0".repeat(64);
        let scores = &mut record.panels[0].estimators[1].scores;
        for (row, factor) in [(30, 1.25), (10, 2.0), (20, 0.8)] {
            scores[row] = Score::from(scores[row].value() * factor);
        }
        // What is not finite has no relative difference.
        scores[40] = Score::from(f64::INFINITY);
    });
    let scores = &diff.panels[0].estimators[1].scores;
    assert_eq!((scores.compared, scores.moved, scores.beyond), (60, 4, 4));
    assert_eq!((scores.largest, scores.at.as_deref()), (0.5, Some(fixture::encoding(10).as_str())));
}

#[test]
fn the_greatest_difference_of_the_truth_is_named() {
    let diff = moved(|record| {
        let rows = &mut record.panels[0].architectures;
        for (row, moved) in [(3, 0.125), (9, -0.25), (5, 0.125)] {
            *rows[row].truth.as_mut().unwrap() += moved;
        }
    });
    let truth = &diff.panels[0].truth;
    assert_eq!((truth.moved, truth.at.as_deref()), (3, Some(fixture::encoding(9).as_str())));
    assert!((truth.largest - 0.25).abs() < 1e-15, "{}", truth.largest);
    let text = diff.text(200);
    let line = format!("truth: 3 values moved, the most by 2.5e-1, for {}\n", fixture::encoding(9));
    assert!(text.contains(&line), "{text}");
}

#[test]
fn of_lists_only_what_the_other_lacks_is_shown() {
    let sides = |left: serde_json::Value, right: serde_json::Value| {
        let diff =
            Diff::new(&Record { spec: left, ..fixture::record(5) }, &Record { spec: right, ..fixture::record(5) });
        let text = diff.text(80);
        text.split_once("\n\n").unwrap().1.split_once("\n\nrepresentatives").unwrap().0.to_owned()
    };
    let one = "Spec: 1 difference\n\n";
    assert_eq!(
        sides(json!({"a": [1, 2]}), json!({"a": [1]})),
        format!("{one}a\n  only left: 2\n  only right: nothing")
    );
    assert_eq!(
        sides(json!({"a": [1]}), json!({"a": [1, 2]})),
        format!("{one}a\n  only left: nothing\n  only right: 2")
    );
    assert_eq!(sides(json!({"a": [1, 2]}), json!({"a": [2, 1]})), format!("{one}a\n  left: 1, 2\n  right: 2, 1"));
    assert_eq!(
        sides(json!({"a": [], "b": {"c": true}}), json!({"a": null})),
        "Spec: 2 differences\n\na\n  left: nothing\n  right: null\nb\n  left: {\"c\": true}\n  right: nothing"
    );
}

#[test]
fn every_part_of_the_text_is_there_where_there_is_something_to_say() {
    assert!(!moved(|_| ()).text(80).contains("only"));
    let diff = moved(|record| {
        record.panels[0].estimators.truncate(2);
        record.panels[0].estimators[1].criteria.kendall.tau_b = None;
    });
    assert_eq!(diff.beyond, 1);
    let text = diff.text(120);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[3], "The specs are the same.");
    assert_eq!(lines[5], "representatives: 60 architectures in both");
    assert_eq!(lines[6], "only left, estimators: jacob_cov, plain, oneshot_loss (seed 20, epoch 40)");
    assert_eq!(lines.last(), Some(&"1 number moved beyond its class."));
    let before = fixture::record(60).panels[0].estimators[1].criteria.kendall.tau_b.unwrap();
    let row = lines.iter().find(|line| line.contains("Kendall tau-b")).unwrap();
    let cells: Vec<&str> = row.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
    assert_eq!(cells, ["synflow", "Kendall tau-b", &format!("{before:.4}"), "–", "–"]);
    assert!(!text.contains("more criteria"), "{text}");
    assert!(text.contains("\n\nexact: equal bits\nmath: a relative difference of at most 1e-12\n\n1 number"), "{text}");
}

#[test]
fn a_step_of_a_criterion_keeps_a_digit_that_is_not_zero() {
    let row = |step: f64| {
        let diff = moved(|record| {
            let tau = &mut record.panels[0].estimators[1].criteria.kendall.tau_b;
            *tau = tau.map(|tau| tau + step);
        });
        let text = diff.text(120);
        let row = text.lines().find(|line| line.contains("Kendall tau-b")).unwrap().to_owned();
        row.rsplit_once(' ').unwrap().1.to_owned()
    };
    assert_eq!([0.25, -0.25, 2e-4, -2e-4].map(row), ["+0.2500", "-0.2500", "+0.0002", "-0.0002"]);
    assert_eq!([3e-5, -3e-5, 3e-9].map(row), ["+3e-5", "-3e-5", "+3e-9"]);
}

#[test]
fn criteria_that_the_table_leaves_out_are_counted() {
    let diff = moved(|record| {
        let criteria = &mut record.panels[0].estimators[1].criteria;
        criteria.kendall.tau_a = Some(0.5);
        criteria.best_of[0].truth += 0.5;
    });
    assert_eq!(diff.beyond, 2);
    let text = diff.text(80);
    assert!(text.contains("\nand 2 more criteria beyond their class: see --json\n"), "{text}");
    assert!(!text.contains("criterion"), "a table of nothing:\n{text}");
    assert!(text.ends_with("\n2 numbers moved beyond their class.\n"), "{text}");
}

#[test]
fn taus_among_the_best_are_compared_where_both_records_have_them() {
    let with = |counts: &[usize], change: f64| {
        let mut record = fixture::distinct(60);
        let held = &mut record.panels[0].estimators[1].criteria.top_counts;
        held.retain(|at| counts.contains(&at.count));
        for at in held {
            at.tau_true_top = at.tau_true_top.map(|tau| tau + change);
        }
        record
    };
    let names = |left: &Record, right: &Record| {
        let found = Diff::new(left, right).panels.remove(0).estimators.remove(1);
        let moved: Vec<String> = found.criteria.iter().map(|of| format!("{} {}", of.criterion, of.beyond)).collect();
        (found.criteria_compared, moved)
    };
    let (all, moved) = names(&with(&[7, 30], 0.0), &with(&[7, 30], 0.0));
    assert_eq!(moved, [""; 0]);
    let both = ["tau_b within the true top 7 true", "tau_b within the true top 30 true"].map(str::to_owned);
    assert_eq!(names(&with(&[7, 30], 0.0), &with(&[7, 30], 0.25)), (all, both.to_vec()));
    assert_eq!(names(&with(&[7, 30], 0.0), &with(&[30], 0.25)), (all - 2, both[1..].to_vec()));
    assert_eq!(names(&with(&[7], 0.0), &with(&[30], 0.25)), (all - 4, Vec::new()));
}

#[test]
fn the_table_shows_how_far_each_estimator_moved() {
    let diff = elsewhere(|record| {
        record.panels[0].estimators[1].scores.swap(20, 21);
        record.panels[0].estimators[2].scores.pop();
        record.panels[0].estimators[2].scores.insert(0, Score::from(0.5));
    });
    let text = diff.text(120);
    let cells = |id: &str| -> Vec<String> {
        let row = text.lines().find(|line| line.starts_with(&format!("{id} "))).unwrap();
        row.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).map(str::to_owned).collect()
    };
    assert_eq!(cells("params"), ["params", "exact", "0", "0", "–", "1.0000", "0", "0"]);
    let synflow = &diff.panels[0].estimators[1].scores;
    let [most, tau] = [format!("{:.0e}", synflow.largest), format!("{:.4}!", synflow.tau.unwrap())];
    assert_eq!(cells("synflow"), ["synflow", "cross", "2", "2", &most, &tau, "0", "0"]);
    assert_eq!(diff.panels[0].estimators[1].scores.class, Tolerance::Cross);
}
