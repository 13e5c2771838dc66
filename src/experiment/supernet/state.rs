//! What a supernet's training goes on from when it was cut off.

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

/// Key of the curve in the file's metadata.
const CURVE: &str = "curve";

/// Key of what was pruned, where something was.
const PRUNING: &str = "pruning";

/// Key of what was watched, where something was.
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
        let text = |key: &str| metadata.get(key).map(String::as_str);
        record.epochs = self.parse(text(CURVE).unwrap_or_default())?;
        record.pruning = text(PRUNING).map(|text| self.parse(text)).transpose()?;
        record.watched = text(WATCHED).map_or(Ok(Vec::new()), |text| self.parse(text))?;
        Ok(trainer.resume(&tensors, &record.epochs.iter().map(trained).collect::<Vec<_>>())?)
    }

    /// Writes where trainer and record stand.
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

    /// Removes the file; that it is not there is no error.
    pub(super) fn remove(&self) {
        let _ = std::fs::remove_file(&self.path);
    }

    fn malformed(&self, problem: &str) -> StoreError {
        StoreError::Malformed { path: self.path.clone(), problem: problem.to_owned() }
    }
}

/// An epoch as a record has it.
pub(super) fn recorded(epoch: &Epoch) -> EpochRecord {
    EpochRecord {
        epoch: epoch.number as u32,
        loss: epoch.loss,
        accuracy: epoch.accuracy,
        learning_rate: epoch.learning_rate,
    }
}

/// An epoch as the trainer has it.
fn trained(record: &EpochRecord) -> Epoch {
    Epoch {
        number: record.epoch as usize,
        loss: record.loss,
        accuracy: record.accuracy,
        learning_rate: record.learning_rate,
    }
}
