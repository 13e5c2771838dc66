//! A panel and the choice of estimators that its sections show.

use nas_assay_schema::store::record::{EstimatorRecord, PanelRecord};

use crate::true_values::TrueValues;

/// What the page says if estimators of earlier checkpoints are left out.
pub(crate) const LAST_SHOWN: &str = "Only the last checkpoint of each supernet is shown.";

/// A panel, and what is shown of it.
pub(super) struct Shown<'a> {
    pub id: &'a str,
    pub space: &'a str,
    pub panel: &'a PanelRecord,
    /// What the true values are.
    pub truth: TrueValues<'a>,
    /// The indices of the estimators that have pictures.
    pub latest: Vec<usize>,
}

impl<'a> Shown<'a> {
    /// The estimators that have pictures, with their indices.
    pub fn estimators(&self) -> impl Iterator<Item = (usize, &'a EstimatorRecord)> + '_ {
        self.latest.iter().map(|&place| (place, &self.panel.estimators[place]))
    }

    /// A sentence on which estimators are shown; empty if all are.
    pub fn which(&self) -> String {
        if self.latest.len() < self.panel.estimators.len() { format!(" {LAST_SHOWN}") } else { String::new() }
    }
}
