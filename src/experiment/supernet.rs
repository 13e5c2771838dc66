//! The supernet stage: train, keep a resumable state after every epoch, and end with weights and a curve.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device};

use super::material::Split;
use super::runner::Runner;
use super::{ExperimentError, Resolved};
use crate::net::checkpoint::{self, CheckpointError, Metadata, Tensors};
use crate::net::train::{Epoch, Job, Trainer, load_weights, weights};
use crate::net::{Init, NetConfig, Network};
use crate::space::{EmptyPool, FairOperations, Form, Pool, Sampler, SpaceId, nb201};
use crate::spec::{Picker, Sampling, SeedValue, Spec, StageKey, Strategy, Supernet};
use crate::store::StoreError;
use crate::store::record::{EpochRecord, SupernetRecord};

/// Key of the curve in a resumable state's metadata.
const CURVE: &str = "curve";

impl Runner<'_> {
    /// The training curve of a supernet, which is trained now unless the store holds it.
    pub(super) fn supernet(
        &self,
        resolved: &Resolved,
        images: Option<&Split>,
        seed: SeedValue,
        key: &StageKey,
    ) -> Result<SupernetRecord, ExperimentError> {
        let path = self.store.stage("supernet", key, ".json");
        if let Some(record) = self.store.read_json(&path)? {
            return Ok(record);
        }
        let settings =
            resolved.spec.supernet.as_ref().ok_or(ExperimentError::Unprepared("the settings of a supernet"))?;
        let images = images.ok_or(ExperimentError::Unprepared("images"))?;
        let network = self.new_supernet(&resolved.spec, settings, seed)?;
        let sampler = sampler(resolved.spec.space, settings)?;
        let job = Job {
            network: &network,
            sampler: &sampler,
            images: &images.train,
            training: &settings.training,
            decay_unsampled: settings.decay_unsampled,
            seed: seed.root().child("training"),
            device: self.device,
        };
        let mut trainer = Trainer::new(job)?;
        let resumable = self.store.stage("supernet", key, ".resume.safetensors");
        if let Some((tensors, metadata)) = load_if_there(&resumable, self.device)? {
            let curve: Vec<EpochRecord> = serde_json::from_str(metadata.get(CURVE).map_or("", String::as_str))
                .map_err(|error| missing(resumable.clone(), &format!("it has no training curve: {error}")))?;
            trainer.resume(&tensors, &curve.iter().map(Epoch::from).collect::<Vec<_>>())?;
        }

        let left = settings.training.epochs - trainer.curve().len();
        self.progress.begin(&format!("supernet, seed {seed}"), (left * trainer.steps()) as u64);
        while !trainer.is_done() {
            let epoch = trainer.epoch(|| self.progress.advance(1))?;
            self.progress.message(&format!("loss {:.3}  accuracy {:.3}", epoch.loss, epoch.accuracy));
            if !trainer.is_done() {
                let curve = serde_json::to_string(&curve(&trainer))
                    .map_err(|error| missing(resumable.clone(), &error.to_string()))?;
                checkpoint::save(&resumable, &trainer.tensors()?, &BTreeMap::from([(CURVE.to_owned(), curve)]))?;
            }
        }
        self.progress.end();

        let record = SupernetRecord { seed: seed.to_string(), epochs: curve(&trainer) };
        checkpoint::save(&self.weights_path(key), &weights(&network), &BTreeMap::new())?;
        self.store.write_json(&path, &record)?;
        let _ = std::fs::remove_file(&resumable);
        Ok(record)
    }

    /// A supernet with the weights that its stage ended with.
    pub(super) fn trained_supernet(
        &self,
        spec: &Spec,
        settings: &Supernet,
        seed: SeedValue,
        key: &StageKey,
    ) -> Result<Network, ExperimentError> {
        let network = self.new_supernet(spec, settings, seed)?;
        let (tensors, _) = checkpoint::load(&self.weights_path(key), self.device)?;
        load_weights(&network, &tensors)?;
        Ok(network)
    }

    fn new_supernet(&self, spec: &Spec, settings: &Supernet, seed: SeedValue) -> Result<Network, ExperimentError> {
        let skeleton = settings.network.skeleton(spec.space, Form::Supernet, spec.images.resolution());
        let config = NetConfig { skeleton, dtype: DType::F32, device: self.device.clone() };
        let picker = settings.picker.unwrap_or(Picker::Ordinal);
        Ok(Network::supernet(spec.space, &config, picker, Init::Seeded(seed.root().child("init")))?)
    }

    fn weights_path(&self, key: &StageKey) -> PathBuf {
        self.store.stage("supernet", key, ".safetensors")
    }
}

/// A checkpoint, or nothing where there is none: another run of the spec may have ended and removed it at any moment.
fn load_if_there(path: &Path, device: &Device) -> Result<Option<(Tensors, Metadata)>, CheckpointError> {
    match checkpoint::load(path, device) {
        Ok(loaded) => Ok(Some(loaded)),
        Err(CheckpointError::Read { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// How the architectures of a supernet's steps are drawn.
fn sampler(space: SpaceId, settings: &Supernet) -> Result<Sampler, EmptyPool> {
    match settings.strategy {
        Strategy::Uniform => {
            Ok(Sampler::Uniform { pool: pool(space, settings.sampling)?, count: settings.architectures })
        }
        Strategy::Fair => Ok(Sampler::Fair(FairOperations::new(nb201::Operation::ALL.to_vec())?)),
    }
}

/// The architectures that a supernet's steps draw from. Those without a live convolution are never trained, as in the paper.
fn pool(space: SpaceId, sampling: Sampling) -> Result<Pool, EmptyPool> {
    match (sampling, space.representatives()) {
        (Sampling::Deiso, Some(representatives)) => Pool::listed(
            representatives.into_iter().filter(|architecture| architecture.has_live_convolution()).collect(),
        ),
        // Where no list is kept, no two encodings are isomorphic; specs that ask for another space's are refused.
        (Sampling::Iso | Sampling::Deiso, _) => Ok(Pool::Trainable(space)),
    }
}

fn curve(trainer: &Trainer<'_>) -> Vec<EpochRecord> {
    trainer.curve().iter().map(EpochRecord::from).collect()
}

fn missing(path: PathBuf, problem: &str) -> StoreError {
    StoreError::Malformed { path, problem: problem.to_owned() }
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
