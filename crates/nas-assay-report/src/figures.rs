//! Pictures as files of their own, for a paper: SVG without a style sheet, in colours that work in print.

mod standalone;

use nas_assay_criteria::Criterion;
use nas_assay_schema::store::record::{PanelRecord, Record};

use crate::agreement_map::AgreementMap;
use crate::checkpoints::latest;
use crate::html::charts::{PLOTS_IN_A_ROW, RankPlot, heat_map, rank_plots};
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
}

/// The pictures of a record, panel by panel, of the estimators at their last checkpoints: `PANEL-rank.svg` with the estimated against the true
/// rank by each of them (`PANEL-rank-2.svg` and so on if there are more than nine), if there is a truth, and `PANEL-agreement.svg` with
/// Kendall's tau-b of every two, if there are three or more.
///
/// Each is self-contained and in the same bytes on every machine: text as text in a generic font, no style sheet, nothing from outside. A file
/// has less than 200 kB, since more than 1,200 architectures are the shaded cells of a grid.
///
/// ```
/// # let record = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/record.rs"));
/// let figures = nas_assay_report::figures(&record);
/// assert_eq!(figures[0].name, "all-rank.svg");
/// assert!(figures[0].svg.starts_with("<?xml"));
/// ```
pub fn figures(record: &Record) -> Vec<Figure> {
    let record = &*printable(record);
    let mut found: Vec<Figure> = Vec::new();
    for panel in &record.panels {
        let mut name = file_name(&panel.name);
        // Names that differ may be the same as names of files.
        while found.iter().any(|figure| figure.name.starts_with(&format!("{name}-"))) {
            name.push('_');
        }
        found.extend(ranks(record, panel, &name));
        if let Some(map) = AgreementMap::of(panel) {
            found.push(Figure::new(&format!("{name}-agreement"), &heat_map("agreement", &map)));
        }
    }
    found
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
