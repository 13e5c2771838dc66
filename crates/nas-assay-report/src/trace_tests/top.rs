//! Tau-b among the best architectures, in each form of the report: the counts of the fixture are 7 and 30.

use super::*;

/// Tau-b among the truly best 7 and among the best 7 by score, then the same of 30.
fn taus(row: &EstimatorRecord) -> [f64; 4] {
    let [seven, thirty] = &row.criteria.top_counts[..] else { panic!("two counts") };
    assert_eq!([seven.count, thirty.count], [7, 30]);
    [seven.tau_true_top, seven.tau_top, thirty.tau_true_top, thirty.tau_top].map(Option::unwrap)
}

/// The table of the terminal and of Markdown.
pub(super) fn table(panel: &PanelRecord) -> Table {
    let row = |place: usize| [&[LABELS[place].to_owned()][..], &taus(&panel.estimators[place]).map(three)].concat();
    (
        "Tau-b among the best, by truth and by score".to_owned(),
        owned(&["estimator", "truly best 7", "best 7 by score", "truly best 30", "best 30 by score"]),
        LATEST.into_iter().map(row).collect(),
    )
}

/// The table of the page.
pub(super) fn section(panel: &PanelRecord, name: fn(usize) -> String) -> Table {
    let row = |place: usize| {
        let [truly, by_score, truly_30, by_score_30] = taus(&panel.estimators[place]).map(three);
        vec![name(place), format!("{truly} / by score {by_score}"), format!("{truly_30} / by score {by_score_30}")]
    };
    (
        "Tau-b among the truly best; below it, among the best by score.".to_owned(),
        owned(&["Estimator", "The 7 truly best / as many by score", "The 30 truly best / as many by score"]),
        LATEST.into_iter().map(row).collect(),
    )
}

/// The summary of the JSON report.
pub(super) fn json(row: &EstimatorRecord) -> serde_json::Value {
    let [truly, by_score, truly_30, by_score_30] = taus(row);
    serde_json::json!([
        { "count": 7, "tau_top": by_score, "tau_true_top": truly },
        { "count": 30, "tau_top": by_score_30, "tau_true_top": truly_30 },
    ])
}

#[test]
fn without_counts_no_report_speaks_of_them() {
    let mut record = record();
    let said = |record: &Record| {
        let texts = [
            markdown(record, None),
            crate::terminal(record, None, 200),
            csv(record).unwrap(),
            html(record, None).unwrap(),
            crate::json(record, None).unwrap(),
        ];
        texts.map(|text| {
            let parts = ["Tau-b among the best,", "among the best</h", "true top 7,", "top_counts"];
            parts.iter().any(|part| text.contains(part))
        })
    };
    assert_eq!(said(&record), [true; 5]);
    for row in &mut record.panels[0].estimators {
        row.criteria.top_counts.clear();
    }
    assert_eq!(said(&record), [false; 5]);
}

/// An estimator without a count, as in a record that was put together from others, has none of its values.
#[test]
fn a_count_that_only_some_have_is_a_column_of_all() {
    let mut record = record();
    record.panels[0].estimators[0].criteria.top_counts.remove(0);
    record.panels[0].estimators[1].criteria.top_counts[0].tau_top = None;
    let text = markdown(&record, None);
    let (_, rest) =
        text.split_once("| estimator | truly best 30 | best 30 by score | truly best 7 | best 7 by score |").unwrap();
    let rows: Vec<&str> = rest.lines().skip(2).take(2).collect();
    let [_, _, truly, by_score] = taus(&record.panels[0].estimators[2]).map(three);
    assert!(!rows[0].contains(&truly) && !rows[0].contains(&by_score));
    assert!(rows[0].starts_with("| params |") && rows[0].ends_with(" | – | – |"), "{rows:?}");
    assert!(
        rows[1].starts_with("| synflow |") && rows[1].ends_with(" | – |") && !rows[1].ends_with(" | – | – |"),
        "{rows:?}"
    );
}

#[test]
fn a_golden_pins_them() {
    let (mut record, key) = (record(), "numeric  representatives.plain.tau_b");
    let [truly, by_score, ..] = taus(&record.panels[0].estimators[3]);
    let pinned = crate::golden::pinned(&record);
    assert!(
        pinned.contains(&format!("\n{key}_top7 = {by_score}\n{key}_true_top7 = {truly}\n{key}_top30 = ")),
        "{pinned}"
    );
    record.panels[0].estimators[3].criteria.top_counts[1].tau_top = None;
    assert!(crate::golden::pinned(&record).contains(&format!("\n{key}_top30 = undefined\n")));
}
