//! The saved state from which an interrupted training of a supernet resumes.

use std::io::ErrorKind;
use std::path::PathBuf;

use candle_core::Device;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::super::ExperimentError;
use crate::net::checkpoint::{self, CheckpointError, Metadata};
use crate::net::train::{Epoch, Trainer};
use crate::store::StoreError;
use crate::store::record::{EpochRecord, SupernetRecord};

/// Key of the training curve in the file's metadata.
const CURVE: &str = "curve";

/// Key of the record of pruning, if there is one.
const PRUNING: &str = "pruning";

/// Key of the records of watching, if there are any.
const WATCHED: &str = "watched";

/// The file with the trainer's state and the record so far.
pub(super) struct State<'a> {
    path: PathBuf,
    device: &'a Device,
}

impl<'a> State<'a> {
    pub(super) fn at(path: PathBuf, device: &'a Device) -> Self {
        Self { path, device }
    }

    /// Sets trainer and record to the state that [`State::save`] saved, if there is one. Neither may have begun the first epoch.
    pub(super) fn restore(
        &self,
        trainer: &mut Trainer<'_>,
        record: &mut SupernetRecord,
    ) -> Result<(), ExperimentError> {
        let (tensors, metadata) = match checkpoint::load(&self.path, self.device) {
            Ok(loaded) => loaded,
            // Another run of the same spec may have finished and removed the file.
            Err(CheckpointError::Read { source, .. }) if source.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let text = |key: &str| metadata.get(key).map(String::as_str);
        record.epochs = self.parse(text(CURVE).unwrap_or_default())?;
        record.pruning = text(PRUNING).map(|text| self.parse(text)).transpose()?;
        record.watched = text(WATCHED).map_or(Ok(Vec::new()), |text| self.parse(text))?;
        Ok(trainer.resume(&tensors, &record.epochs.iter().map(trained).collect::<Vec<_>>())?)
    }

    /// Saves the state of trainer and record.
    pub(super) fn save(&self, trainer: &Trainer<'_>, record: &SupernetRecord) -> Result<(), ExperimentError> {
        let mut metadata = Metadata::from([(CURVE.to_owned(), self.text(&record.epochs)?)]);
        if let Some(pruning) = &record.pruning {
            metadata.insert(PRUNING.to_owned(), self.text(pruning)?);
        }
        if !record.watched.is_empty() {
            metadata.insert(WATCHED.to_owned(), self.text(&record.watched)?);
        }
        Ok(checkpoint::save(&self.path, &trainer.tensors()?, &metadata)?)
    }

    fn text<T: Serialize>(&self, value: &T) -> Result<String, StoreError> {
        serde_json::to_string(value).map_err(|error| self.malformed(&error.to_string()))
    }

    fn parse<T: DeserializeOwned>(&self, text: &str) -> Result<T, StoreError> {
        serde_json::from_str(text).map_err(|error| self.malformed(&format!("its record is damaged: {error}")))
    }

    /// Removes the file. A missing file is not an error.
    pub(super) fn remove(&self) {
        let _ = std::fs::remove_file(&self.path);
    }

    fn malformed(&self, problem: &str) -> StoreError {
        StoreError::Malformed { path: self.path.clone(), problem: problem.to_owned() }
    }
}

/// Converts an epoch of the trainer to an epoch of a record.
pub(super) fn recorded(epoch: &Epoch) -> EpochRecord {
    EpochRecord {
        epoch: epoch.number as u32,
        loss: epoch.loss,
        accuracy: epoch.accuracy,
        learning_rate: epoch.learning_rate,
    }
}

/// Converts an epoch of a record to an epoch of the trainer.
fn trained(record: &EpochRecord) -> Epoch {
    Epoch {
        number: record.epoch as usize,
        loss: record.loss,
        accuracy: record.accuracy,
        learning_rate: record.learning_rate,
    }
}
