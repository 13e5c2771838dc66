//! The saved state from which an interrupted training of a supernet resumes.

use std::io::ErrorKind;
use std::path::PathBuf;

use candle_core::Device;
use serde::Serialize;

use super::super::ExperimentError;
use crate::net::checkpoint::{self, CheckpointError, Metadata, Tensors};
use crate::net::train::{Epoch, Trainer};
use crate::spec::StageKey;
use crate::store::record::{EpochRecord, SupernetRecord};
use crate::store::{Held, Store, StoreError};

/// Ending of the file's name.
const RESUME: &str = ".resume.safetensors";

/// Key of the training curve in the file's metadata.
const CURVE: &str = "curve";

/// Key of the record of pruning, if there is one.
const PRUNING: &str = "pruning";

/// Key of the records of watching, if there are any.
const WATCHED: &str = "watched";

/// The file with the trainer's state and the record so far.
pub(super) struct State<'a> {
    path: PathBuf,
    identity: String,
    device: &'a Device,
}

/// A state that was saved.
pub(super) struct Saved {
    tensors: Tensors,
    record: SupernetRecord,
}

impl Saved {
    /// Number of epochs that were done.
    pub(super) fn epochs(&self) -> usize {
        self.record.epochs.len()
    }

    /// Sets trainer and record to this state. Neither may have begun the first epoch.
    pub(super) fn restore(self, trainer: &mut Trainer<'_>, record: &mut SupernetRecord) -> Result<(), ExperimentError> {
        trainer.resume(&self.tensors, &self.record.epochs.iter().map(trained).collect::<Vec<_>>())?;
        *record = SupernetRecord { seed: std::mem::take(&mut record.seed), ..self.record };
        Ok(())
    }
}

impl<'a> State<'a> {
    /// The state of a supernet in a store.
    pub(super) fn of(store: &Store, key: &StageKey, device: &'a Device) -> Self {
        let path = store.stage("supernet", key, RESUME);
        Self { identity: store.identity(&path), path, device }
    }

    /// The state that [`State::save`] saved; `None` if there is none.
    pub(super) fn saved(&self) -> Result<Held<Saved>, ExperimentError> {
        let (tensors, metadata) = match checkpoint::load(&self.path, &self.identity, self.device) {
            Ok(loaded) => loaded,
            // Another run of the same spec may have finished and removed the file.
            Err(CheckpointError::Read { source, .. }) if source.kind() == ErrorKind::NotFound => {
                return Ok(Held::Missing);
            }
            Err(CheckpointError::Damaged { problem, .. }) => return Ok(Held::Damaged(self.damaged(problem))),
            Err(error) => return Err(error.into()),
        };
        let read = || -> serde_json::Result<SupernetRecord> {
            let text = |key: &str| metadata.get(key).map(String::as_str);
            let epochs = serde_json::from_str(text(CURVE).unwrap_or_default())?;
            let pruning = text(PRUNING).map(serde_json::from_str).transpose()?;
            let watched = text(WATCHED).map_or(Ok(Vec::new()), serde_json::from_str)?;
            Ok(SupernetRecord { epochs, pruning, watched, ..SupernetRecord::default() })
        };
        Ok(match read() {
            Ok(record) => Held::Whole(Saved { tensors, record }),
            Err(error) => Held::Damaged(self.damaged(format!("its record is damaged: {error}"))),
        })
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
        Ok(checkpoint::save(&self.path, &self.identity, &trainer.tensors()?, &metadata)?)
    }

    fn text<T: Serialize>(&self, value: &T) -> Result<String, StoreError> {
        serde_json::to_string(value)
            .map_err(|error| StoreError::Unwritable { path: self.path.clone(), problem: error.to_string() })
    }

    /// Removes the file. A missing file is not an error, and neither is a file that stays: it is found and removed later.
    pub(super) fn remove(&self) {
        let _ = nas_assay_base::files::remove(&self.path);
    }

    fn damaged(&self, problem: String) -> StoreError {
        StoreError::Damaged { path: self.path.clone(), problem }
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
