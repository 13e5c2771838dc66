//! The summary of a panel and its published figures, as tables of text, and what is said about them.

use nas_assay_criteria::{Criterion, NoInterval, Undefined};

use crate::panel_summary::{ENDS, EstimatorSummary, PanelSummary, PublishedComparison};
use crate::text_table::TextTable;
use crate::value_text::{self, NONE};
use crate::worth;

/// The summary of a panel as one table, or as two if it does not fit `width`; none without a truth.
pub(crate) fn summaries(panel: &PanelSummary, width: Option<u16>) -> Vec<TextTable> {
    if panel.estimators.iter().all(|estimator| estimator.undefined == Some(Undefined::NoTruth)) {
        return Vec::new();
    }
    let whole = summary(&panel.estimators);
    let shown = whole.without_empty_columns(KEPT);
    match width {
        Some(width) if shown.natural_width() > usize::from(width) => {
            // The criteria at the ends of the ranking, and what follows them, are a table of their own.
            let ends: Vec<usize> = [0].into_iter().chain(BEFORE_ENDS..whole.columns().count()).collect();
            let parts = [(KEPT, (0..BEFORE_ENDS).collect()), (1, ends)];
            let parts =
                parts.map(|(kept, columns): (usize, Vec<usize>)| whole.select(&columns).without_empty_columns(kept));
            parts.into_iter().filter(|part| part.columns().count() > 1).collect()
        }
        _ => vec![shown],
    }
}

/// So many columns are shown even if they have no value: the estimator, and its tau-b.
const KEPT: usize = 2;

/// So many columns are before those of the criteria at the ends of the ranking.
const BEFORE_ENDS: usize = 7;

fn summary(estimators: &[EstimatorSummary]) -> TextTable {
    let ends = ENDS.map(value_text::heading);
    let mut columns: Vec<(&str, bool)> = vec![
        ("estimator", false),
        ("tau-b", true),
        ("95 % interval", true),
        ("of attainable", true),
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
            worth::share_reached(estimator.attainable_share),
            value_text::value(Criterion::Spearman, estimator.spearman),
        ];
        row.extend(estimator.published_text());
        row.extend(estimator.ends.iter().map(|end| value_text::value(end.criterion, end.value)));
        row.push(value_text::count_or_none(estimator.non_finite));
        row.push(if estimator.tie_sensitive { "matter" } else { NONE }.to_owned());
        row
    });
    TextTable::new(&columns, rows.collect())
}

/// Why values and intervals of the summary are missing: a sentence for each reason.
pub(crate) fn reasons(estimators: &[EstimatorSummary]) -> Vec<String> {
    let undefined = estimators.iter().filter_map(|estimator| {
        let reason = estimator.undefined?;
        Some((format!("No tau-b and no Spearman, because {reason}"), &estimator.estimator))
    });
    let intervals = estimators.iter().filter_map(|estimator| {
        let reason = estimator.no_interval.filter(|reason| *reason != NoInterval::UndefinedValue)?;
        Some((format!("No interval, because {reason}"), &estimator.estimator))
    });
    let mut found: Vec<(String, Vec<&str>)> = Vec::new();
    for (sentence, estimator) in undefined.chain(intervals) {
        match found.iter_mut().find(|(known, _)| *known == sentence) {
            Some((_, names)) => names.push(estimator),
            None => found.push((sentence, vec![estimator])),
        }
    }
    let whole = |(sentence, names): (String, Vec<&str>)| {
        let of = if names.len() == estimators.len() { "all estimators".to_owned() } else { names.join(", ") };
        format!("{sentence}: {of}.")
    };
    found.into_iter().map(whole).collect()
}

/// What a terminal says about the figures on another basis: how many there are, and how their bases differ.
pub(crate) fn not_compared(listed: &[PublishedComparison]) -> Option<String> {
    let others: Vec<&PublishedComparison> = listed.iter().filter(|figure| !figure.differs.is_empty()).collect();
    let mut differs: Vec<&str> = Vec::new();
    for difference in others.iter().flat_map(|figure| &figure.differs) {
        if !differs.contains(&difference.as_str()) {
            differs.push(difference);
        }
    }
    let (figures, them) = match others.len() {
        0 => return None,
        1 => ("1 published figure is".to_owned(), "it"),
        count => (format!("{} published figures are", value_text::count(count)), "them"),
    };
    Some(format!(
        "{figures} not compared, for another basis: {}. The Markdown, HTML and CSV reports have {them}.",
        differs.join("; ")
    ))
}

/// Published figures next to ours.
pub(crate) fn comparisons(comparisons: &[PublishedComparison]) -> TextTable {
    let columns = [
        ("estimator", false),
        ("criterion", false),
        ("here", true),
        ("published", true),
        ("difference", true),
        ("basis", false),
        ("source", false),
    ];
    let rows = comparisons.iter().map(|comparison| {
        vec![
            comparison.estimator.clone(),
            value_text::heading(comparison.criterion),
            value_text::value(comparison.criterion, comparison.ours),
            value_text::value(comparison.criterion, Some(comparison.published)),
            comparison.difference_text(),
            comparison.basis_text(),
            comparison.source.clone(),
        ]
    });
    TextTable::new(&columns, rows.collect())
}

/// The published figures on the same basis next to ours, with each source as a number, and the list of sources. `None` if there are none.
pub(crate) fn numbered_comparisons(listed: &[PublishedComparison]) -> Option<(TextTable, Vec<String>)> {
    let mut sources: Vec<String> = Vec::new();
    let numbered: Vec<PublishedComparison> = listed
        .iter()
        .filter(|comparison| comparison.differs.is_empty())
        .map(|comparison| {
            let known = sources.iter().position(|source| *source == comparison.source);
            let index = known.unwrap_or_else(|| {
                sources.push(comparison.source.clone());
                sources.len() - 1
            });
            PublishedComparison { source: format!("[{}]", index + 1), ..comparison.clone() }
        })
        .collect();
    // Without the column of bases, which are all the same.
    (!numbered.is_empty()).then(|| (comparisons(&numbered).select(&[0, 1, 2, 3, 4, 6]), sources))
}
