//! A panel on the page: what it says in plain sentences, the summary table, published figures, scatter plots and sections.

use nas_assay_criteria::Criterion;
use nas_assay_schema::estimator::EstimatorKind;
use nas_assay_schema::store::record::{EstimatorRecord, PanelRecord, Record};
use serde::Serialize;

use super::charts;
use super::section::Section;
use super::sections::{LAST_SHOWN, detail_section, other_papers_section, sections, worth_section};
use super::template::{keep_units, typeset, typeset_numbers};
use crate::beside::Beside;
use crate::checkpoints::{earlier, latest};
use crate::coverage;
use crate::in_short;
use crate::panel_summary::{ENDS, EstimatorSummary, PanelSummary, PublishedComparison};
use crate::summary_tables;
use crate::true_values::TrueValues;
use crate::value_text;
use crate::worth;

#[derive(Serialize)]
pub(super) struct Panel {
    id: String,
    name: String,
    architectures: String,
    coverage: Vec<[String; 4]>,
    /// What it says in plain sentences; `None` if they stand at the head of the page.
    in_short: Option<String>,
    headings: Vec<String>,
    summaries: Vec<Summary>,
    reasons: Vec<String>,
    published: Vec<[String; 7]>,
    which: Option<&'static str>,
    scatters: Vec<Scatter>,
    sections: Vec<Section>,
}

/// A summary table. The one of earlier checkpoints is folded.
#[derive(Serialize)]
struct Summary {
    id: String,
    folded: Option<String>,
    rows: Vec<Row>,
}

/// An estimator's row of the summary table.
#[derive(Serialize)]
struct Row {
    id: String,
    about: String,
    picture: String,
    cells: Vec<Cell>,
    non_finite: String,
    tie_sensitive: bool,
}

#[derive(Serialize)]
struct Cell {
    text: String,
    /// A second line in small type.
    below: Option<String>,
    best: bool,
}

#[derive(Serialize)]
struct Scatter {
    id: String,
    about: String,
    tau: String,
    picture: String,
}

/// The id of a panel on the page.
pub(super) fn panel_id(place: usize) -> String {
    format!("panel-{place}")
}

impl Panel {
    /// The panel at a place of the record. `is_only` if the record has no other one.
    pub fn new(place: usize, record: &Record, beside: Beside<'_>) -> Self {
        let (panel, values, is_only) = (&record.panels[place], TrueValues::of(record), record.panels.len() == 1);
        let worth = beside.worth_of(&panel.name);
        let summary = PanelSummary::with_worth(panel, worth);
        let id = panel_id(place);
        // Ranks are of truth that is better if it is higher.
        let truth = panel.truth().map(|truth| values.goodness(&truth));
        let (latest, earlier) = (latest(&panel.estimators), earlier(&panel.estimators));
        let scatter = |&index: &usize| {
            let (truth, estimator) = (truth.as_ref()?, &panel.estimators[index]);
            Some(Scatter {
                id: estimator.id.clone(),
                about: estimator.about(),
                tau: typeset(&value_text::value(Criterion::TauB, estimator.criteria.kendall.tau_b)),
                picture: charts::scatter(&format!("{id}-{index}"), &estimator.label(), truth, &estimator.oriented()),
            })
        };
        let mut summaries = Vec::new();
        if truth.is_some() {
            summaries.push(Summary {
                id: format!("{id}-summary"),
                folded: None,
                rows: rows(panel, &summary.estimators, &latest),
            });
        }
        if truth.is_some() && !earlier.is_empty() {
            summaries.push(Summary {
                id: format!("{id}-summary-earlier"),
                folded: Some(format!("{} rows of earlier checkpoints", value_text::count(earlier.len()))),
                rows: rows(panel, &summary.estimators, &earlier),
            });
        }
        Self {
            name: panel.name.clone(),
            architectures: value_text::count(summary.architectures),
            coverage: coverage::rows(panel),
            in_short: (!is_only).then(|| typeset_numbers(&in_short::sentences(panel, worth).join(" "))),
            headings: ENDS.map(|criterion| typeset(&value_text::heading(criterion))).to_vec(),
            summaries,
            reasons: summary_tables::reasons(&summary.estimators),
            published: summary.published.iter().map(comparison).collect(),
            which: (!earlier.is_empty()).then_some(LAST_SHOWN),
            scatters: latest.iter().filter_map(scatter).collect(),
            sections: worth
                .map(|worth| worth_section(&id, panel, worth))
                .into_iter()
                .chain(worth.and_then(|worth| detail_section(&id, panel, worth, values)))
                .chain(sections(&id, &record.space, panel, values))
                .chain(other_papers_section(&id, &panel.name, beside))
                .collect(),
            id,
        }
    }
}

/// The rows of some estimators. All tables of a panel have the same axis.
fn rows(panel: &PanelRecord, all: &[EstimatorSummary], places: &[usize]) -> Vec<Row> {
    let summaries: Vec<&EstimatorSummary> = places.iter().map(|&place| &all[place]).collect();
    let shown =
        all.iter().flat_map(|row| row.interval.into_iter().flatten().chain(row.tau_b).chain(row.published_tau_b));
    let axis = charts::interval_axis(shown);
    let best =
        [extreme(summaries.iter().map(|row| row.tau_b), true), extreme(summaries.iter().map(|row| row.spearman), true)];
    let best_ends = std::array::from_fn::<_, { ENDS.len() }, _>(|end| {
        let higher = matches!(ENDS[end], Criterion::PrecisionTop(_) | Criterion::PrecisionBottom(_));
        extreme(summaries.iter().map(|row| row.ends[end].value), higher)
    });
    let row = |(estimator, summary): (&EstimatorRecord, &EstimatorSummary)| {
        let cell = |criterion, value: Option<f64>, best: Option<f64>| Cell {
            text: typeset(&value_text::value(criterion, value)),
            below: None,
            best: value.is_some() && value == best,
        };
        let [published, difference] = summary.published_text();
        let below = |shown: bool, text: &str| shown.then(|| typeset(text));
        let mut cells = vec![
            Cell {
                below: tau_below(summary).map(|text| typeset(&text)),
                ..cell(Criterion::TauB, summary.tau_b, best[0])
            },
            cell(Criterion::Spearman, summary.spearman, best[1]),
            Cell {
                text: typeset(&published),
                below: below(summary.published_tau_b.is_some(), &difference),
                best: false,
            },
        ];
        cells.extend(summary.ends.iter().zip(best_ends).map(|(end, best)| cell(end.criterion, end.value, best)));
        let picture = summary
            .tau_b
            .map(|tau| charts::interval(axis, tau, summary.interval, summary.published_tau_b))
            .unwrap_or_default();
        Row {
            id: estimator.id.clone(),
            about: about(estimator),
            picture,
            cells,
            non_finite: value_text::count(summary.non_finite),
            tie_sensitive: summary.tie_sensitive,
        }
    };
    places.iter().map(|&place| &panel.estimators[place]).zip(summaries.iter().copied()).map(row).collect()
}

/// What stands below tau-b: its interval, and the part that it is of what is attainable.
fn tau_below(summary: &EstimatorSummary) -> Option<String> {
    let interval = summary.interval.map(|_| summary.interval_text());
    let share = summary.attainable_share.map(|share| format!("{} of attainable", worth::share(Some(share))));
    let parts: Vec<String> = interval.into_iter().chain(share).collect();
    // Two parts may stand on two lines, and neither is broken.
    let whole = |part: &String| if parts.len() > 1 { part.replace(' ', "\u{a0}") } else { part.clone() };
    (!parts.is_empty()).then(|| parts.iter().map(whole).collect::<Vec<String>>().join(", "))
}

/// The highest or the lowest of the defined values.
fn extreme(values: impl Iterator<Item = Option<f64>>, higher: bool) -> Option<f64> {
    values.flatten().reduce(if higher { f64::max } else { f64::min })
}

/// Kind, variant, checkpoint, version and direction of an estimator, in a line.
fn about(estimator: &EstimatorRecord) -> String {
    let kind = match estimator.kind {
        EstimatorKind::Baseline => "baseline",
        EstimatorKind::ZeroShot => "zero-shot",
        EstimatorKind::OneShot => "one-shot",
        EstimatorKind::Vote => "vote",
        EstimatorKind::External => "external",
    };
    let direction = estimator.direction.in_words();
    let scored_with = [estimator.about()].into_iter().filter(|text| !text.is_empty());
    let parts: Vec<String> = [kind.to_owned()].into_iter().chain(scored_with).collect();
    format!("{}, version {}, {direction}", parts.join(", "), estimator.version)
}

fn comparison(comparison: &PublishedComparison) -> [String; 7] {
    let PublishedComparison { estimator, criterion, ours, published, source, .. } = comparison;
    [
        estimator.clone(),
        keep_units(&value_text::heading(*criterion)),
        typeset(&value_text::value(*criterion, *ours)),
        typeset(&value_text::value(*criterion, Some(*published))),
        typeset(&comparison.difference_text()),
        comparison.basis_text(),
        source.clone(),
    ]
}
