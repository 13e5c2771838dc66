//! The analyses of a panel as parts of the page. Each part is there only where the record has something to show in it.

mod architectures;
mod compared;
mod complexity;
mod cost;
mod epochs;
mod operations;

use super::latest::latest;
use super::section::Section;
use nas_assay_schema::store::record::{EstimatorRecord, PanelRecord};

/// The parts, in the order of the page. `id` is that of the panel, `space` the record's.
pub(super) fn sections(id: &str, space: &str, panel: &PanelRecord) -> Vec<Section> {
    let shown = Shown { id, space, panel, latest: latest(&panel.estimators) };
    let found = [
        compared::baselines(&shown),
        compared::variants(&shown),
        epochs::epochs(&shown),
        epochs::spread(&shown),
        complexity::complexity(&shown),
        operations::operations(&shown),
        cost::cost(&shown),
        architectures::architectures(&shown),
    ];
    found.into_iter().flatten().collect()
}

/// A panel, and what is shown of it.
struct Shown<'a> {
    id: &'a str,
    space: &'a str,
    panel: &'a PanelRecord,
    /// The places of the estimators that have pictures.
    latest: Vec<usize>,
}

impl<'a> Shown<'a> {
    /// The estimators that have pictures, with their places.
    fn estimators(&self) -> impl Iterator<Item = (usize, &'a EstimatorRecord)> + '_ {
        self.latest.iter().map(|&place| (place, &self.panel.estimators[place]))
    }

    /// Which estimators are shown, where that is not all.
    fn which(&self) -> &'static str {
        if self.latest.len() < self.panel.estimators.len() { " Of several checkpoints the last is shown." } else { "" }
    }
}

#[cfg(test)]
mod tests;
