//! Rankings without a truth: what the scores are like, and how well every two rankings agree.

use nas_assay_schema::store::record::EstimatorRecord;

use super::shown::Shown;
use crate::html::section::{Section, Table, TableRow, capital, cell, cells, heading};
use crate::value_text::NONE;
use crate::without_truth::{self, FACTS};

/// The scores of a panel without a truth, and the agreement of every two estimators as a square table.
pub(super) fn agreement(shown: &Shown<'_>) -> Option<Section> {
    let panel = shown.panel;
    if panel.truth().is_some() {
        return None;
    }
    let name = |estimator: &EstimatorRecord| TableRow {
        name: estimator.id.clone(),
        about: estimator.about(),
        cells: Vec::new(),
    };
    let scores = panel.estimators.iter().map(|estimator| TableRow {
        cells: without_truth::facts(estimator).map(|fact| cell(&fact)).to_vec(),
        ..name(estimator)
    });
    let mut tables = vec![Table {
        id: format!("{}-scores", shown.id),
        caption: "The finite scores of each estimator, in its own unit.".to_owned(),
        folded: None,
        classes: Vec::new(),
        square: false,
        headings: ["Estimator"].into_iter().chain(FACTS).map(|name| heading(capital(name), "")).collect(),
        rows: scores.collect(),
    }];
    let all: Vec<&EstimatorRecord> = shown.estimators().map(|(_, estimator)| estimator).collect();
    if all.len() > 1 {
        let known = without_truth::by_labels(panel);
        let labels: Vec<String> = all.iter().map(|estimator| estimator.label()).collect();
        let with = |one: &str, other: &str| {
            known.get(&(one, other)).map_or(cell(NONE), |found| {
                let [tau_b, top] = without_truth::values(found);
                cells(&tau_b, &top)
            })
        };
        let row = |(one, label): (&&EstimatorRecord, &String)| TableRow {
            cells: labels.iter().map(|other| with(label, other)).collect(),
            ..name(one)
        };
        tables.push(Table {
            id: format!("{}-agreement", shown.id),
            caption: "Kendall tau-b of every two rankings; below it, the part of the best 5 % that both have."
                .to_owned(),
            folded: None,
            classes: Vec::new(),
            square: false,
            headings: [heading("Estimator", "")]
                .into_iter()
                .chain(all.iter().map(|estimator| heading(&estimator.id, estimator.about())))
                .collect(),
            rows: all.iter().zip(&labels).map(row).collect(),
        });
    }
    Some(Section {
        id: format!("{}-without-truth", shown.id),
        title: "Scores and agreement",
        text: format!(
            "There is no truth, so that nothing is said about how good a ranking is. Two rankings can agree and both be wrong.{}",
            shown.which()
        ),
        tables,
        ..Section::default()
    })
}
