//! Bias by complexity: which sizes of architectures an estimator over- or under-estimates.

use nas_assay_criteria::ComplexityGroup;
use nas_assay_schema::store::record::EstimatorRecord;

use super::shown::Shown;
use crate::html::charts;
use crate::html::section::{Figure, Section, Table, TableRow, cells, heading};
use crate::value_text::{self, NONE};

/// Multiply-accumulates in millions.
fn mega(cost: f64) -> String {
    let mega = cost / 1e6;
    value_text::fixed(mega, if mega < 10.0 { 2 } else { usize::from(mega < 100.0) })
}

/// Bars for each estimator, and a table with the numbers.
pub(super) fn complexity(shown: &Shown<'_>) -> Option<Section> {
    let all = || shown.estimators().filter(|(_, estimator)| !estimator.bias.complexity.is_empty());
    let (_, first) = all().next()?;
    let reach = charts::reach(all().flat_map(|(_, estimator)| &estimator.bias.complexity));
    let figure = |(place, estimator): (usize, &EstimatorRecord)| Figure {
        name: estimator.id.clone(),
        about: estimator.about(),
        value: String::new(),
        picture: charts::bars(
            &format!("{}-complexity-{place}", shown.id),
            &estimator.label(),
            &estimator.bias.complexity,
            reach,
        ),
    };
    let span = |group: &ComplexityGroup| {
        let span = format!("{} to {} MFLOPs", mega(group.least_cost), mega(group.greatest_cost));
        heading(span, format!("{} architectures", value_text::count(group.rows)))
    };
    let value = |group: &ComplexityGroup| {
        let tau = group.tau_b.map_or(NONE.to_owned(), |tau| value_text::fixed(tau, 3));
        cells(&value_text::signed(group.rank_difference, 3), &format!("tau-b {tau}"))
    };
    let row = |(_, estimator): (usize, &EstimatorRecord)| TableRow {
        name: estimator.id.clone(),
        about: estimator.about(),
        cells: estimator.bias.complexity.iter().map(value).collect(),
    };
    Some(Section {
        id: format!("{}-complexity", shown.id),
        title: "Bias by complexity",
        text: format!(
            "Architectures in {} groups of equal size by multiply-accumulates. A bar is the mean of (true rank − estimated rank) as a \
             share of all ranks: an upward bar means that the group is over-estimated. The number below it is tau-b within the group. \
             All pictures have the same axis.{}",
            first.bias.complexity.len(),
            shown.which()
        ),
        figures: all().map(figure).collect(),
        tables: vec![Table {
            id: format!("{}-complexity-table", shown.id),
            caption: "Mean rank difference of each group, and tau-b within it.".to_owned(),
            folded: Some("The numbers".to_owned()),
            classes: Vec::new(),
            square: false,
            headings: [heading("Estimator", "")].into_iter().chain(first.bias.complexity.iter().map(span)).collect(),
            rows: all().map(row).collect(),
        }],
        ..Section::default()
    })
}
