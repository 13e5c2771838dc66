//! Pictures as files of their own, for a paper: SVG without a style sheet, in colours that work in print.

mod standalone;

use nas_assay_criteria::Criterion;
use nas_assay_schema::estimator::EstimatorKind;
use nas_assay_schema::store::record::{PanelRecord, Record};

use crate::agreement_map::AgreementMap;
use crate::checkpoints::latest;
use crate::html::charts::{PLOTS_IN_A_ROW, RankPlot, TauRow, heat_map, narrow_tau_summary, rank_plots, tau_summary};
use crate::printable::printable;
use crate::true_values::TrueValues;
use crate::value_text;

pub(crate) use standalone::standalone;

/// So many plots are in a file at most, so that it stays small.
const PLOTS: usize = PLOTS_IN_A_ROW * 3;

/// A picture in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// The name of the file: letters, digits, hyphens, underscores and dots, with the ending `.svg`.
    pub name: String,
    /// The content: an XML document in UTF-8.
    pub svg: String,
}

impl Figure {
    /// A picture of the pages as a file; `name` is without the ending.
    pub(crate) fn new(name: &str, picture: &str) -> Self {
        Self { name: format!("{name}.svg"), svg: standalone(picture) }
    }

    /// The content as a link: a `data:` URI without characters that a page would have to escape.
    pub(crate) fn link(&self) -> String {
        let mut link = "data:image/svg+xml;charset=utf-8,".to_owned();
        // Quotes are those of attributes, and single ones are shorter in a link.
        for letter in self.svg.replace('\'', "&#39;").chars() {
            match letter {
                '"' => link.push('\''),
                '%' | '#' | '&' | '<' | '>' | ' ' | '\n' | ':' => link += &format!("%{:02X}", u32::from(letter)),
                _ => link.push(letter),
            }
        }
        link
    }
}

/// The pictures of a record, panel by panel, of the estimators at their last checkpoints: `PANEL-summary.svg` with Kendall's tau-b of each
/// on its interval, if there is a truth, `PANEL-rank.svg` with the estimated against the true
/// rank by each of them (`PANEL-rank-2.svg` and so on if there are more than nine), and `PANEL-agreement.svg` with
/// Kendall's tau-b of every two, if there are three or more.
///
/// Each is self-contained and in the same bytes on every machine: text as text in a generic font, no style sheet, nothing from outside. A file
/// has less than 200 kB, since more than 1,200 architectures are the shaded cells of a grid.
///
/// ```
/// # let record = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/record.rs"));
/// let figures = nas_assay_report::figures(&record);
/// assert_eq!(figures[0].name, "all-summary.svg");
/// assert!(figures[0].svg.starts_with("<?xml"));
/// ```
pub fn figures(record: &Record) -> Vec<Figure> {
    let record = &*printable(record);
    let names = names(record);
    let each = record.panels.iter().zip(&names).flat_map(|(panel, name)| of_panel(record, panel, name));
    each.map(|(_, figure)| figure).collect()
}

/// What the names of the files of each panel begin with.
pub(crate) fn names(record: &Record) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for panel in &record.panels {
        let mut name = file_name(&panel.name);
        // Names that differ may be the same as names of files.
        while found.iter().any(|other| format!("{other}-").starts_with(&format!("{name}-"))) {
            name.push('_');
        }
        found.push(name);
    }
    found
}

/// Which picture of a panel a file has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shows {
    Summary,
    Ranks,
    Agreement,
}

/// The pictures of a panel as files whose names begin with `name`.
pub(crate) fn of_panel(record: &Record, panel: &PanelRecord, name: &str) -> Vec<(Shows, Figure)> {
    let summary = summary(record, panel, "summary").map(|picture| Figure::new(&format!("{name}-summary"), &picture));
    let map = AgreementMap::of(panel);
    let map = map.map(|map| Figure::new(&format!("{name}-agreement"), &heat_map("agreement", &map)));
    let ranks = ranks(record, panel, name).into_iter().map(|figure| (Shows::Ranks, figure));
    let summary = summary.into_iter().map(|figure| (Shows::Summary, figure));
    summary.chain(ranks).chain(map.map(|figure| (Shows::Agreement, figure))).collect()
}

/// Tau-b of the estimators of a panel at their last checkpoints; `None` if none has one.
pub(crate) fn summary(record: &Record, panel: &PanelRecord, id: &str) -> Option<String> {
    let (of, rows) = tau_rows(record, panel);
    tau_summary(id, &of, rows)
}

/// The same as wide as the screen of a phone.
pub(crate) fn narrow_summary(record: &Record, panel: &PanelRecord, id: &str) -> Option<String> {
    let (of, rows) = tau_rows(record, panel);
    narrow_tau_summary(id, &of, rows)
}

/// What the picture of tau-b is about, and its rows.
fn tau_rows(record: &Record, panel: &PanelRecord) -> (String, Vec<TauRow>) {
    let row = |place: usize| {
        let estimator = &panel.estimators[place];
        let kendall = &estimator.criteria.kendall;
        let (interval, is_baseline) =
            (kendall.interval.map(value_text::bounds), estimator.kind == EstimatorKind::Baseline);
        Some(TauRow { name: estimator.label(), tau: kendall.tau_b?, interval, is_baseline })
    };
    let rows: Vec<TauRow> = latest(&panel.estimators).into_iter().filter_map(row).collect();
    let of = format!(
        "How well estimators rank {} architectures: {}, panel {}",
        value_text::count(panel.architectures.len()),
        record.space,
        panel.name
    );
    (of, rows)
}

/// The plots of ranks of a panel, up to nine a file.
fn ranks(record: &Record, panel: &PanelRecord, name: &str) -> Vec<Figure> {
    let Some(truth) = panel.truth() else { return Vec::new() };
    let truth = TrueValues::of(record).goodness(&truth);
    let plot = |place: usize| {
        let estimator = &panel.estimators[place];
        let tau = value_text::value(Criterion::TauB, estimator.criteria.kendall.tau_b).replace('-', "−");
        RankPlot { name: estimator.label(), tau, scores: estimator.oriented() }
    };
    let plots: Vec<RankPlot> = latest(&panel.estimators).into_iter().map(plot).collect();
    let title = format!("Ranks in {}, panel {}", record.space, panel.name);
    let file = |(place, plots): (usize, &[RankPlot])| {
        let name = if place == 0 { format!("{name}-rank") } else { format!("{name}-rank-{}", place + 1) };
        Figure::new(&name, &rank_plots("rank", &title, &truth, plots))
    };
    plots.chunks(PLOTS).enumerate().map(file).collect()
}

/// A name as that of a file on every system: other characters than letters, digits, hyphens, underscores and dots are hyphens.
fn file_name(name: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() || "-_.".contains(letter) { letter } else { '-' };
    let name: String = name.chars().map(plain).take(60).collect();
    let name = name.trim_start_matches(['.', '-']);
    if name.is_empty() { "panel".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests;
