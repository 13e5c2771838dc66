//! What the stages of a plan ask of whoever does their work.

use super::ExperimentError;
use super::group::Group;
use super::image_split::ImageSplit;
use super::inputs::Inputs;
use crate::estimator::Reading;
use crate::space::Architecture;
use crate::spec::{SeedValue, Spec, StageKey};
use crate::store::record::{SupernetRecord, Verified};

/// Gives the reading of every member of a group for one architecture.
pub(super) type Reader<'a> = Box<dyn Fn(&Architecture) -> Result<Vec<Reading>, ExperimentError> + Sync + 'a>;

/// Who does the work of stages: a [`Lab`](super::Lab) with its networks, and in tests a script.
pub(super) trait StageWork {
    /// Trains some rows of the carried truth again.
    fn verify_truth(&self, inputs: &Inputs, rows: &[usize], key: &StageKey) -> Result<Vec<Verified>, ExperimentError>;

    /// Trains a supernet, or reads what an earlier run has trained; `label` is its name for the progress.
    fn supernet(
        &self,
        label: &str,
        spec: &Spec,
        images: Option<&ImageSplit>,
        seed: SeedValue,
        key: &StageKey,
    ) -> Result<SupernetRecord, ExperimentError>;

    /// How a group of score stages reads an architecture.
    fn reader<'a>(
        &'a self,
        spec: &'a Spec,
        images: Option<&ImageSplit>,
        group: &'a Group<'_>,
    ) -> Result<Reader<'a>, ExperimentError>;
}
