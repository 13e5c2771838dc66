//! Paired tests of every estimator against every baseline.

use nas_assay_criteria::Verdict;
use nas_assay_schema::estimator::EstimatorKind;
use nas_assay_schema::store::record::EstimatorRecord;

use super::shown::Shown;
use crate::html::section::{Section, Table, TableRow, cell, heading, outcome};
use crate::value_text::{self, NONE};

/// A table of every estimator against every baseline, and how many are better.
pub(super) fn baselines(shown: &Shown<'_>) -> Option<Section> {
    let panel = shown.panel;
    let comparisons = &panel.analyses.comparisons;
    let labels: Vec<String> = panel.estimators.iter().map(EstimatorRecord::label).collect();
    let is_baseline = |label: &&str| comparisons.iter().any(|found| found.with == **label);
    let baselines: Vec<&str> = labels.iter().map(String::as_str).filter(is_baseline).collect();
    if baselines.is_empty() {
        return None;
    }
    let row = |place: usize| {
        let estimator = &panel.estimators[place];
        let label = estimator.label();
        let found = baselines.iter().map(|with| {
            let comparison = comparisons.iter().find(|found| found.estimator == label && found.with == *with);
            comparison.map_or(cell(NONE), |comparison| outcome(&comparison.outcome))
        });
        TableRow { name: estimator.id.clone(), about: estimator.about(), cells: found.collect() }
    };
    let table = |name: &str, caption: String, folded, places: &[usize]| Table {
        id: format!("{}-{name}", shown.id),
        caption,
        folded,
        classes: Vec::new(),
        square: false,
        headings: [heading("Estimator", "")]
            .into_iter()
            .chain(
                baselines.iter().map(|with| heading(format!("against {with}"), "difference of tau-b, 95 % interval")),
            )
            .collect(),
        rows: places
            .iter()
            .map(|&place| row(place))
            .filter(|row| row.cells.iter().any(|found| found[0] != NONE))
            .collect(),
    };
    let is_compared =
        |place: &usize| comparisons.iter().any(|found| found.estimator == panel.estimators[*place].label());
    let latest: Vec<usize> = shown.latest.iter().copied().filter(is_compared).collect();
    let earlier: Vec<usize> = crate::checkpoints::earlier(&panel.estimators).into_iter().filter(is_compared).collect();
    let caption = "Tau-b of the row minus that of the column, both over the same resamples.".to_owned();
    let mut tables = vec![table("against", caption.clone(), None, &latest)];
    if !earlier.is_empty() {
        let folded = format!("{} rows of earlier checkpoints", value_text::count(earlier.len()));
        tables.push(table("against-earlier", caption, Some(folded), &earlier));
    }
    let others = latest.iter().filter(|&&place| panel.estimators[place].kind != EstimatorKind::Baseline);
    let others: Vec<String> = others.map(|&place| panel.estimators[place].label()).collect();
    let better = |with: &str| {
        let better = comparisons.iter().filter(|found| found.with == with && found.outcome.verdict == Verdict::Better);
        better.filter(|found| others.contains(&found.estimator)).count()
    };
    let counts = baselines.iter().enumerate().map(|(place, with)| {
        let count = match better(with) {
            0 => "none".to_owned(),
            all if all == others.len() => "all".to_owned(),
            some => value_text::count(some),
        };
        format!("{count} {}better than {with}", if place == 0 { "can be called " } else { "" })
    });
    let counts = counts.collect::<Vec<_>>().join(", ");
    Some(Section {
        id: format!("{}-baselines", shown.id),
        title: "Against the baselines",
        text: format!(
            "Of the {} estimators shown that are not baselines, {counts}. A verdict is given if the whole 95 % interval of the \
             difference lies on one side of zero. Of many such tests, about one in twenty is wrong by chance.",
            others.len()
        ),
        tables,
        ..Section::default()
    })
}
