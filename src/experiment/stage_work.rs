//! The interface between the stages of a plan and the code that does their work.

use super::ExperimentError;
use super::group::Group;
use super::image_split::ImageSplit;
use super::inputs::Inputs;
use crate::Backend;
use crate::estimator::Reading;
use crate::space::Architecture;
use crate::spec::{SeedValue, Spec, StageKey};
use crate::store::record::{SupernetRecord, Verified};

/// Returns the reading of every stage of a group for one architecture, in the order of [`Group::stages`].
pub(super) type Reader<'a> = Box<dyn Fn(&Architecture) -> Result<Vec<Reading>, ExperimentError> + Sync + 'a>;

/// Does the work of stages. A [`Lab`](super::Lab) does it with networks; tests use a script instead.
pub(super) trait StageWork {
    /// Trains some rows of the carried truth again.
    fn verify_truth(&self, inputs: &Inputs, rows: &[usize]) -> Result<Vec<Verified>, ExperimentError>;

    /// Trains a supernet and stores its weights and its record, unless another run has just done so; `label` is its name in progress
    /// reports.
    fn supernet(
        &self,
        label: &str,
        spec: &Spec,
        images: Option<&ImageSplit>,
        seed: SeedValue,
        key: &StageKey,
    ) -> Result<SupernetRecord, ExperimentError>;

    /// The function that reads an architecture for a group of score stages, with networks on a backend.
    fn reader<'a>(
        &'a self,
        on: &Backend,
        spec: &'a Spec,
        images: Option<&ImageSplit>,
        group: &'a Group<'_>,
    ) -> Result<Reader<'a>, ExperimentError>;
}
