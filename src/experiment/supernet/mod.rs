//! The supernet stage: it trains, saves its state after every epoch so that it can resume, and ends with weights and a record.
//!
//! ```text
//! STORE/stages/supernet/KEY.json                  the record, written last: it makes the stage complete
//! STORE/stages/supernet/KEY.safetensors           the weights after the last epoch
//! STORE/stages/supernet/KEY.epoch-N.safetensors   the weights after epoch N, for each of the spec's checkpoints
//! STORE/stages/supernet/KEY.resume.safetensors    the state after the latest epoch, until the stage is complete
//! ```

mod evaluation;
mod pool;
mod prune;
mod state;

#[cfg(test)]
mod tests;
mod watch;

use std::collections::BTreeMap;
use std::path::PathBuf;

use candle_core::DType;

use self::evaluation::Evaluation;
use self::pool::sampler;
use self::prune::candidates;
use self::state::{Saved, State, recorded};
use self::watch::Watcher;
use super::ExperimentError;
use super::image_split::ImageSplit;
use super::lab::Lab;
use super::plan::{Holding, Weights};
use super::readers::evaluation_batches;
use crate::Backend;
use crate::net::average_weights;
use crate::net::checkpoint::{self, CheckpointError};
use crate::net::train::{Job, Trainer, load_weights, weights};
use crate::net::{Init, NetConfig, Network};
use crate::space::Form;
use crate::spec::{OneShot, Picker, SeedValue, Spec, StageKey, Supernet};
use crate::store::record::SupernetRecord;
use crate::store::{Held, StoreError};

/// What the store holds of a supernet.
pub(super) struct HeldSupernet {
    pub record: Held<SupernetRecord>,
    /// The weights after each kept epoch.
    weights: Vec<(usize, Held<()>)>,
}

impl HeldSupernet {
    pub(super) fn holding(&self) -> Holding {
        let of = |wanted: fn(&Held<()>) -> bool| self.weights.iter().any(|(_, held)| wanted(held));
        let damaged = of(|held| matches!(held, Held::Damaged(_)));
        match &self.record {
            // Weights that an earlier training left, or is writing now, are written again.
            Held::Missing => Holding::Nothing,
            Held::Damaged(_) => Holding::Damaged,
            Held::Whole(_) if damaged => Holding::Damaged,
            Held::Whole(_) if of(|held| matches!(held, Held::Missing)) => Holding::WithoutWeights,
            Held::Whole(_) => Holding::Whole,
        }
    }

    /// The damage, for notes.
    pub(super) fn damage(self) -> Vec<StoreError> {
        let of = |held| if let Held::Damaged(error) = held { Some(error) } else { None };
        let record = if let Held::Damaged(error) = self.record { Some(error) } else { None };
        record.into_iter().chain(self.weights.into_iter().filter_map(|(_, held)| of(held))).collect()
    }
}

impl Lab<'_> {
    /// What the store holds of a supernet: its record, and the weights after each kept epoch.
    pub(super) fn held_supernet(&self, settings: &Supernet, key: &StageKey) -> Result<HeldSupernet, StoreError> {
        let record = self.store.held_json(&self.store.stage("supernet", key, ".json"))?;
        let weights = settings.kept_epochs().into_iter().map(|epoch| {
            let held = self.store.held(&self.weights_path(key, epoch, settings))?;
            Ok::<_, StoreError>((epoch, held))
        });
        Ok(HeldSupernet { record, weights: weights.collect::<Result<_, _>>()? })
    }

    /// Removes the state of a training that has ended. A run that was killed at its very end leaves it behind.
    pub(super) fn forget_state(&self, key: &StageKey) {
        State::of(&self.store, key, self.backend.device()).remove();
    }

    /// The state to resume from: the saved one, if it is whole and so are all weights that were kept until then.
    fn saved_state(&self, state: &State<'_>, held: &HeldSupernet) -> Result<Option<Saved>, ExperimentError> {
        let Some(saved) = self.usable(state.saved()?) else { return Ok(None) };
        let lost =
            held.weights.iter().find(|(epoch, held)| *epoch <= saved.epochs() && !matches!(held, Held::Whole(())));
        Ok(match lost {
            None => Some(saved),
            Some((epoch, _)) => {
                self.progress.note(&format!(
                    "the weights after epoch {epoch} of an interrupted training are lost: it begins again"
                ));
                None
            }
        })
    }

    /// Trains a supernet, and returns its record; `label` is its name in progress reports. It is not trained if another run has just ended
    /// the same training.
    pub(super) fn trained(
        &self,
        label: &str,
        spec: &Spec,
        images: Option<&ImageSplit>,
        seed: SeedValue,
        key: &StageKey,
    ) -> Result<SupernetRecord, ExperimentError> {
        let settings = spec.supernet.as_ref().ok_or(ExperimentError::Unprepared("the settings of a supernet"))?;
        let held = self.held_supernet(settings, key)?;
        if held.holding() == Holding::Whole
            && let Held::Whole(record) = held.record
        {
            return Ok(record);
        }
        let images = images.ok_or(ExperimentError::Unprepared("images"))?;
        let network = new_supernet(&self.backend, spec, settings, seed)?;
        let job = Job {
            network: &network,
            images: &images.train,
            training: &settings.training,
            decay_unsampled: settings.decay_unsampled,
            seed: seed.root().child("training"),
            device: self.backend.device(),
        };
        let mut trainer = Trainer::new(job)?;
        let mut record = SupernetRecord { seed: seed.to_string(), ..SupernetRecord::default() };
        let state = State::of(&self.store, key, self.backend.device());
        if let Some(saved) = self.saved_state(&state, &held)? {
            saved.restore(&mut trainer, &mut record)?;
        }

        let watch = settings.watch.as_ref();
        let evaluation = self.evaluation(&network, watch.map(|_| &spec.one_shot), images)?;
        let whole = sampler(spec.space, settings)?;
        let mut pruned = record.pruning.as_ref().map(|kept| prune::sampler(&whole, kept, spec.space)).transpose()?;
        let candidates =
            settings.prune.as_ref().map(|prune| candidates(&whole, prune, seed.root().child("pruning"))).transpose()?;
        let left = settings.training.epochs - trainer.curve().len();
        self.progress.begin(label, (left * trainer.steps()) as u64, "steps");
        while !trainer.is_done() {
            let number = trainer.curve().len() + 1;
            let mut watcher = Watcher::of(watch, number, trainer.steps(), &evaluation);
            let epoch = trainer.epoch(pruned.as_ref().unwrap_or(&whole), |step| {
                self.progress.advance(1);
                watcher.after_step(step)
            })?;
            self.progress.message(&format!("loss {:.3}  accuracy {:.3}", epoch.loss, epoch.accuracy));
            record.epochs.push(recorded(&epoch));
            record.watched.extend(watcher.after_epoch()?);
            // Save this before the state, so that a run which resumes after this epoch finds the checkpoint.
            if settings.checkpoints.contains(&number) {
                self.keep_weights(&network, key, number, settings)?;
            }
            if let (Some(prune), Some(candidates)) = (&settings.prune, &candidates)
                && prune.after == number
            {
                self.progress.message(&format!("ranking {} architectures", candidates.len()));
                let one_shot = prune.one_shot(&spec.one_shot);
                let kept = self.evaluation(&network, Some(&one_shot), images)?.prune(prune, candidates)?;
                pruned = Some(prune::sampler(&whole, &kept, spec.space)?);
                record.pruning = Some(kept);
            }
            if !trainer.is_done() {
                state.save(&trainer, &record)?;
            }
        }
        self.progress.end();

        self.keep_weights(&network, key, settings.training.epochs, settings)?;
        self.store.write_json(&self.store.stage("supernet", key, ".json"), &record)?;
        state.remove();
        Ok(record)
    }

    /// A supernet with weights that its stage saved.
    pub(super) fn trained_supernet(
        &self,
        on: &Backend,
        spec: &Spec,
        settings: &Supernet,
        weights: &Weights,
    ) -> Result<Network, ExperimentError> {
        let network = new_supernet(on, spec, settings, weights.seed)?;
        let kept = weights.epochs.iter().map(|&epoch| {
            let path = self.weights_path(&weights.supernet, epoch, settings);
            Ok(checkpoint::load(&path, &self.store.identity(&path), on.device())?.0)
        });
        let kept = kept.collect::<Result<Vec<_>, CheckpointError>>()?;
        load_weights(&network, &average_weights(&kept)?)?;
        Ok(network)
    }

    /// Evaluates a supernet while it trains. It has no batches if `settings` is `None`.
    fn evaluation<'a>(
        &self,
        network: &'a Network,
        settings: Option<&OneShot>,
        images: &ImageSplit,
    ) -> Result<Evaluation<'a>, ExperimentError> {
        let batches = settings.map(|settings| evaluation_batches(&self.backend, settings, images)).transpose()?;
        Ok(Evaluation { network, batches: batches.unwrap_or_default(), backend: self.backend.clone() })
    }

    fn keep_weights(
        &self,
        network: &Network,
        key: &StageKey,
        epoch: usize,
        settings: &Supernet,
    ) -> Result<(), ExperimentError> {
        let path = self.weights_path(key, epoch, settings);
        Ok(checkpoint::save(&path, &self.store.identity(&path), &weights(network), &BTreeMap::new())?)
    }

    /// The file with the weights after an epoch.
    fn weights_path(&self, key: &StageKey, epoch: usize, settings: &Supernet) -> PathBuf {
        if epoch == settings.training.epochs {
            self.store.stage("supernet", key, ".safetensors")
        } else {
            self.store.stage("supernet", key, &format!(".epoch-{epoch}.safetensors"))
        }
    }
}

/// A supernet with the weights that its seed draws, on a backend.
fn new_supernet(on: &Backend, spec: &Spec, settings: &Supernet, seed: SeedValue) -> Result<Network, ExperimentError> {
    let skeleton = settings.network.skeleton_for(spec.space, Form::Supernet, &spec.images);
    let config = NetConfig { skeleton, dtype: DType::F32, device: on.device().clone() };
    let picker = settings.picker.unwrap_or(Picker::Ordinal);
    Ok(Network::supernet(spec.space, &config, picker, Init::Seeded(seed.root().child("init")))?)
}
