//! Tau-b among the best architectures, for each count that the spec has.

use nas_assay_schema::store::record::EstimatorRecord;

use super::shown::Shown;
use crate::analysis_tables::{counts_of, taus_at};
use crate::html::section::{Section, Table, TableRow, cells, heading};
use crate::value_text;

/// A table with a column for each count: tau-b among the truly best, and below it among the best by score.
pub(super) fn top(shown: &Shown<'_>) -> Option<Section> {
    let counts = counts_of(shown.estimators().map(|(_, estimator)| estimator));
    if counts.is_empty() {
        return None;
    }
    let column = |&count: &usize| heading(format!("The {} truly best", value_text::count(count)), "as many by score");
    let row = |(_, estimator): (usize, &EstimatorRecord)| {
        let cell = |&count: &usize| {
            let [truly, by_score] = taus_at(estimator, count);
            cells(&truly, &format!("by score {by_score}"))
        };
        TableRow { name: estimator.id.clone(), about: estimator.about(), cells: counts.iter().map(cell).collect() }
    };
    Some(Section {
        id: format!("{}-top", shown.id),
        title: "Correlation among the best",
        text: format!(
            "Kendall's tau-b among so many of the truly best architectures alone; below it, among as many with the best scores. Where \
             equal values go on beyond the last place, the order of the rows decides which of them belong to the best. Fewer \
             architectures give a less certain tau.{}",
            shown.which()
        ),
        tables: vec![Table {
            id: format!("{}-top-table", shown.id),
            caption: "Tau-b among the truly best; below it, among the best by score.".to_owned(),
            folded: None,
            classes: Vec::new(),
            square: false,
            headings: std::iter::once(heading("Estimator", "")).chain(counts.iter().map(column)).collect(),
            rows: shown.estimators().map(row).collect(),
        }],
        ..Section::default()
    })
}
