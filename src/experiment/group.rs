//! Score stages that read the same networks and are computed together.

use super::ExperimentError;
use super::plan::Weights;
use crate::estimator::{Estimator, EstimatorKind, Need, Probe, Reading};
use crate::spec::StageKey;

/// Score stages that share the panel, the kind of estimator, and the weights of a supernet.
pub(super) struct Group<'a> {
    /// Position of the panel.
    pub panel: usize,
    /// The panel's name.
    pub panel_name: &'a str,
    /// Position of the settings among [`Resolved::arms`](super::Resolved::arms).
    pub arm: usize,
    pub kind: EstimatorKind,
    /// The weights of the supernet that they read, if they read one.
    pub weights: Option<&'a Weights>,
    pub members: Vec<(&'a StageKey, &'a dyn Estimator)>,
}

impl Group<'_> {
    /// What the members need from a probe.
    pub fn needs(&self) -> Vec<Need> {
        self.members.iter().flat_map(|(_, estimator)| estimator.meta().needs.to_vec()).collect()
    }

    /// The reading of every member for one probe.
    pub fn read(&self, probe: &Probe<'_>) -> Result<Vec<Reading>, ExperimentError> {
        let reading = |(_, estimator): &(&StageKey, &dyn Estimator)| {
            estimator.score(probe).map_err(|source| ExperimentError::Scoring {
                panel: self.panel_name.to_owned(),
                estimator: estimator.meta().id.to_owned(),
                architecture: probe.architecture().to_string(),
                source,
            })
        };
        self.members.iter().map(reading).collect()
    }
}
