//! The summary of a panel and its published figures, as tables of text.

use nas_assay_criteria::Criterion;

use crate::panel_summary::{ENDS, EstimatorSummary, PublishedComparison};
use crate::text_table::TextTable;
use crate::value_text::{self, NONE};

/// The summary of a panel as one table, or as two if it does not fit `width`.
pub(crate) fn summaries(estimators: &[EstimatorSummary], width: Option<u16>) -> Vec<TextTable> {
    let whole = summary(estimators);
    match width {
        Some(width) if whole.natural_width() > usize::from(width) => {
            let ends: Vec<usize> = [0].into_iter().chain(6..6 + ENDS.len() + 2).collect();
            vec![whole.select(&[0, 1, 2, 3, 4, 5]), whole.select(&ends)]
        }
        _ => vec![whole],
    }
}

fn summary(estimators: &[EstimatorSummary]) -> TextTable {
    let ends = ENDS.map(value_text::heading);
    let mut columns = vec![
        ("estimator", false),
        ("tau-b", true),
        ("95 % interval", true),
        ("Spearman", true),
        ("published tau-b", true),
        ("difference", true),
    ];
    columns.extend(ends.iter().map(|heading| (heading.as_str(), true)));
    columns.extend([("not finite", true), ("ties", true)]);
    let rows = estimators.iter().map(|estimator| {
        let mut row = vec![
            estimator.estimator.clone(),
            value_text::value(Criterion::TauB, estimator.tau_b),
            estimator.interval_text(),
            value_text::value(Criterion::Spearman, estimator.spearman),
        ];
        row.extend(estimator.published_text());
        row.extend(estimator.ends.iter().map(|end| value_text::value(end.criterion, end.value)));
        row.push(value_text::count(estimator.non_finite));
        row.push(if estimator.tie_sensitive { "matter" } else { NONE }.to_owned());
        row
    });
    TextTable::new(&columns, rows.collect())
}

/// Published figures next to ours.
pub(crate) fn comparisons(comparisons: &[PublishedComparison]) -> TextTable {
    let columns = [
        ("estimator", false),
        ("criterion", false),
        ("here", true),
        ("published", true),
        ("difference", true),
        ("source", false),
    ];
    let rows = comparisons.iter().map(|comparison| {
        vec![
            comparison.estimator.clone(),
            value_text::heading(comparison.criterion),
            value_text::value(comparison.criterion, comparison.ours),
            value_text::value(comparison.criterion, Some(comparison.published)),
            value_text::difference(comparison.criterion, comparison.ours, comparison.published),
            comparison.source.clone(),
        ]
    });
    TextTable::new(&columns, rows.collect())
}

/// The same, with each source as a number, and the list of sources.
pub(crate) fn numbered_comparisons(listed: &[PublishedComparison]) -> (TextTable, Vec<String>) {
    let mut sources: Vec<String> = Vec::new();
    let numbered: Vec<PublishedComparison> = listed
        .iter()
        .map(|comparison| {
            let known = sources.iter().position(|source| *source == comparison.source);
            let index = known.unwrap_or_else(|| {
                sources.push(comparison.source.clone());
                sources.len() - 1
            });
            PublishedComparison { source: format!("[{}]", index + 1), ..comparison.clone() }
        })
        .collect();
    (comparisons(&numbered), sources)
}
