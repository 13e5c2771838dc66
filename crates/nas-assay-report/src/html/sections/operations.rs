//! Bias by operation: which operations an estimator over- or under-estimates.

use nas_assay_criteria::ChangeBias;
use nas_assay_schema::store::record::EstimatorRecord;

use super::shown::Shown;
use crate::html::charts::{self, MOST_OPERATIONS};
use crate::html::drawings::short;
use crate::html::section::{Figure, Group, Section, Table, TableRow, cell, cells, heading};
use crate::value_text::{self, count};

/// With fewer pairs of architectures than this, nothing is concluded from an exchange.
const FEWEST: usize = 10;

/// How many over-estimated, and how many under-estimated exchanges have histograms.
const MOST: usize = 2;

/// What an increase is if a lower truth is better.
const LOWER: &str = " The truth counts as increased where it gets better, which means lower.";

/// How often truth and score increase when an operation is replaced: matrices if the space has few operations, histograms of the exchanges
/// that are most over- and under-estimated, and a table.
pub(super) fn operations(shown: &Shown<'_>) -> Option<Section> {
    let all = || shown.estimators().filter(|(_, estimator)| !estimator.bias.operations.is_empty());
    let (_, first) = all().next()?;
    let changes = &first.bias.operations;
    let mut names: Vec<&str> = changes.iter().map(|change| change.from.as_str()).collect();
    names.dedup();
    let (few, enough) = (names.len() <= MOST_OPERATIONS, changes.iter().any(|change| change.pairs >= FEWEST));
    let in_matrix = few && enough;
    let matrix = |(place, estimator): (usize, &EstimatorRecord)| Figure {
        name: estimator.id.clone(),
        about: estimator.about(),
        value: String::new(),
        picture: charts::matrix(
            &format!("{}-operations-{place}", shown.id),
            &estimator.label(),
            &estimator.bias.operations,
            FEWEST,
            short,
        ),
    };
    let figures = if in_matrix { all().map(matrix).collect() } else { Vec::new() };
    let pairs = changes.iter().fold(0_usize, |sum, change| sum.saturating_add(change.pairs));
    let read = if in_matrix {
        format!(
            "A cell shows by how many percentage points the score increases more often than the truth when the operation of its row is \
             replaced by that of its column. Above zero, the new operation is over-estimated. Exchanges with fewer than {FEWEST} \
             pairs are neither coloured nor singled out."
        )
    } else if enough {
        format!("Exchanges with fewer than {FEWEST} pairs are not singled out.")
    } else {
        format!("No exchange has {FEWEST} pairs: too few for a picture.")
    };
    Some(Section {
        id: format!("{}-operations", shown.id),
        title: "Bias by operation",
        text: format!(
            "{} ordered pairs of architectures of this panel differ in one {} and in nothing else. {read}{}{}",
            count(pairs),
            if few { "operation" } else { "decision of one stage" },
            if shown.truth.is_lower_better() { LOWER } else { "" },
            shown.which()
        ),
        figures,
        groups: histograms(all().map(|(place, estimator)| (estimator.label(), most(shown, place, estimator)))),
        tables: vec![table(shown, changes, &all().collect::<Vec<_>>())],
        ..Section::default()
    })
}

/// All histograms under one summary, with one row per estimator.
fn histograms(rows: impl Iterator<Item = (String, Vec<Figure>)>) -> Vec<Group> {
    let rows: Vec<(String, Vec<Figure>)> = rows.filter(|(_, figures)| !figures.is_empty()).collect();
    let title = "Histograms of the exchanges that each estimator misjudges most".to_owned();
    if rows.is_empty() { Vec::new() } else { vec![Group { title, rows }] }
}

/// Histograms of the exchanges that an estimator misjudges most.
fn most(shown: &Shown<'_>, place: usize, estimator: &EstimatorRecord) -> Vec<Figure> {
    let mut order: Vec<&ChangeBias<String>> =
        estimator.bias.operations.iter().filter(|change| change.pairs >= FEWEST).collect();
    // The sort is stable: equal exchanges keep the order of the record.
    order.sort_by(|a, b| b.overestimate().total_cmp(&a.overestimate()));
    let over = order.iter().filter(|change| change.overestimate() > 0.0).take(MOST);
    let under = order.iter().rev().filter(|change| change.overestimate() < 0.0).take(MOST);
    let over = over.map(|change| ("over-estimated", *change));
    let under = under.map(|change| ("under-estimated", *change));
    let figure = |(rank, (kind, change)): (usize, (&str, &ChangeBias<String>))| {
        let (pairs, truth, score) = (count(change.pairs), share(change.truth_increases), share(change.score_increases));
        Figure {
            name: format!("{} → {}", change.from, change.to),
            about: format!("{kind}: of {pairs} pairs the truth increases in {truth}, the score in"),
            value: score,
            picture: charts::histogram(&format!("{}-histogram-{place}-{rank}", shown.id), &estimator.label(), change),
        }
    };
    over.chain(under).enumerate().map(figure).collect()
}

fn share(fraction: f64) -> String {
    format!("{}\u{a0}%", value_text::fixed(100.0 * fraction, 1))
}

fn table(shown: &Shown<'_>, changes: &[ChangeBias<String>], estimators: &[(usize, &EstimatorRecord)]) -> Table {
    let by_estimator = |(_, estimator): &(usize, &EstimatorRecord)| heading(&estimator.id, estimator.about());
    let row = |change: &ChangeBias<String>| {
        let found = estimators.iter().map(|(_, estimator)| {
            let same = |found: &&ChangeBias<String>| (&found.from, &found.to) == (&change.from, &change.to);
            estimator.bias.operations.iter().find(same).map_or(cell(value_text::NONE), |found| {
                cells(&share(found.score_increases), &value_text::signed(100.0 * found.overestimate(), 1))
            })
        });
        TableRow {
            name: format!("{} → {}", change.from, change.to),
            about: String::new(),
            cells: [cell(&count(change.pairs)), cell(&share(change.truth_increases))]
                .into_iter()
                .chain(found)
                .collect(),
        }
    };
    let fixed = [["Exchange", ""], ["Pairs", ""], ["Truth", "increases"]].map(|[text, below]| heading(text, below));
    Table {
        id: format!("{}-operations-table", shown.id),
        caption: "The share of the pairs in which the truth and each score increase; below a score, by how many percentage points it \
                  increases more often than the truth."
            .to_owned(),
        folded: Some(format!("All {} exchanges", count(changes.len()))),
        classes: Vec::new(),
        square: false,
        headings: fixed.into_iter().chain(estimators.iter().map(by_estimator)).collect(),
        rows: changes.iter().map(row).collect(),
    }
}
