//! What a supernet's training goes on from when it was cut off.

use std::io::ErrorKind;
use std::path::PathBuf;

use candle_core::Device;

use super::super::ExperimentError;
use crate::net::checkpoint::{self, CheckpointError, Metadata};
use crate::net::train::{Epoch, Trainer};
use crate::store::StoreError;
use crate::store::record::{EpochRecord, SupernetRecord};

/// Key of the curve in the file's metadata.
const CURVE: &str = "curve";

/// The file with the trainer's state and the record so far.
pub(super) struct State<'a> {
    path: PathBuf,
    device: &'a Device,
}

impl<'a> State<'a> {
    pub(super) fn at(path: PathBuf, device: &'a Device) -> Self {
        Self { path, device }
    }

    /// Takes trainer and record, both before the first epoch, to where [`State::save`] left them, if it ever did.
    pub(super) fn restore(
        &self,
        trainer: &mut Trainer<'_>,
        record: &mut SupernetRecord,
    ) -> Result<(), ExperimentError> {
        let (tensors, metadata) = match checkpoint::load(&self.path, self.device) {
            Ok(loaded) => loaded,
            // Another run of the spec may have ended and removed the file at any moment.
            Err(CheckpointError::Read { source, .. }) if source.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        record.epochs = serde_json::from_str(metadata.get(CURVE).map_or("", String::as_str))
            .map_err(|error| self.malformed(&format!("it has no training curve: {error}")))?;
        Ok(trainer.resume(&tensors, &record.epochs.iter().map(Epoch::from).collect::<Vec<_>>())?)
    }

    /// Writes where trainer and record stand.
    pub(super) fn save(&self, trainer: &Trainer<'_>, record: &SupernetRecord) -> Result<(), ExperimentError> {
        let curve = serde_json::to_string(&record.epochs).map_err(|error| self.malformed(&error.to_string()))?;
        Ok(checkpoint::save(&self.path, &trainer.tensors()?, &Metadata::from([(CURVE.to_owned(), curve)]))?)
    }

    /// Removes the file; that it is not there is no error.
    pub(super) fn remove(&self) {
        let _ = std::fs::remove_file(&self.path);
    }

    fn malformed(&self, problem: &str) -> StoreError {
        StoreError::Malformed { path: self.path.clone(), problem: problem.to_owned() }
    }
}

impl From<&Epoch> for EpochRecord {
    fn from(epoch: &Epoch) -> Self {
        Self {
            epoch: epoch.number as u32,
            loss: epoch.loss,
            accuracy: epoch.accuracy,
            learning_rate: epoch.learning_rate,
        }
    }
}

impl From<&EpochRecord> for Epoch {
    fn from(record: &EpochRecord) -> Self {
        Self {
            number: record.epoch as usize,
            loss: record.loss,
            accuracy: record.accuracy,
            learning_rate: record.learning_rate,
        }
    }
}
