//! Plans and runs an experiment, and makes its record.

use std::cell::RefCell;

use serde::{Deserialize, Serialize};

use super::ExperimentError;
use super::cost::Cost;
use super::group::Group;
use super::image_split::ImageSplit;
use super::inputs::{Inputs, PanelInputs};
use super::lab::Lab;
use super::plan::{Action, Holding, Stage, Work, plan};
use super::provenance::freeze;
use super::record::{Results, record};
use super::resolve::{Arm, Resolved};
use super::stage_work::{Reader, StageWork};
use crate::Backend;
use crate::estimator::EstimatorKind;
use crate::spec::{SeedValue, Spec, StageKey};
use crate::store::record::{Record, SupernetRecord, Verified};
use crate::store::{Held, RecordId, StoreError};

/// A stage of a plan, as readable text.
#[derive(Clone, Debug)]
pub struct PlannedStage {
    /// `verify-truth`, `supernet` or `scores`.
    pub kind: &'static str,
    /// Which panel, estimator or seed it is for.
    pub label: String,
    /// Its key.
    pub key: StageKey,
    /// `run` or `skip`.
    pub action: &'static str,
    /// The reason for the action.
    pub reason: &'static str,
    /// What it costs if it runs.
    pub cost: Cost,
}

impl Lab<'_> {
    /// What [`Lab::run`] would do now.
    ///
    /// # Errors
    /// If the truth can't be read.
    pub fn plan(&self, resolved: &Resolved) -> Result<Vec<PlannedStage>, ExperimentError> {
        let inputs = Inputs::load(&resolved.spec, self.data_root(), &*self.progress)?;
        let (stages, _) = self.stages(resolved, &inputs)?;
        Ok(stages
            .into_iter()
            .map(|stage| PlannedStage {
                kind: stage.work.kind(),
                label: label(&stage.work, resolved, &inputs.panels),
                action: if stage.action == Action::Reuse { "skip" } else { "run" },
                reason: stage.action.reason(),
                cost: Cost::of(&stage.work, resolved, &inputs),
                key: stage.key,
            })
            .collect())
    }

    /// Runs the stages without a result in the store, and writes and returns the record.
    ///
    /// # Errors
    /// If data are missing or wrong, a stage fails, or the carried truth can't be reproduced.
    pub fn run(&self, resolved: &Resolved) -> Result<Record, ExperimentError> {
        self.run_by(self, resolved)
    }

    /// As [`Lab::run`], but `worker` does the work of the stages.
    pub(super) fn run_by(&self, worker: &dyn StageWork, resolved: &Resolved) -> Result<Record, ExperimentError> {
        let inputs = Inputs::load(&resolved.spec, self.data_root(), &*self.progress)?;
        let (stages, damage) = self.stages(resolved, &inputs)?;
        for error in damage {
            self.note_damage(&error);
        }
        let needs_images = stages.iter().any(|stage| reads_images(stage, resolved));
        let images = if needs_images { Some(ImageSplit::load(&resolved.spec.images, self.data_root())?) } else { None };
        // A run that is refused has left no file.
        let _in_use = self.store.in_use()?;
        let _signs = self.signs(resolved, None);
        let class = self.backend.class();
        let id = RecordId::new(&resolved.hash, class);
        self.store.begin(&id, &resolved.canonical)?;
        // A run that only reads what others have computed leaves no trace of itself.
        let provenance = freeze(&self.backend, self.commit.as_deref());
        let computes = stages.iter().any(|stage| stage.action != Action::Reuse);
        if computes {
            self.store.add_provenance(&id, &provenance)?;
        }

        let mut results = Results::default();
        for Stage { work, key, action } in &stages {
            let is_held = *action == Action::Reuse;
            match work {
                Work::VerifyTruth { rows } => {
                    let path = self.store.stage(work.kind(), key, ".json");
                    let held = if is_held { self.store.read_json::<VerifiedFile>(&path)? } else { None };
                    results.verified = if let Some(held) = held {
                        held.verified
                    } else {
                        let file = VerifiedFile { verified: worker.verify_truth(&inputs, rows)? };
                        self.store.write_json(&path, &file)?;
                        file.verified
                    };
                }
                Work::Supernet { arm, seed } => {
                    let Arm { variant, spec } = &resolved.arms[*arm];
                    let label = format!("supernet: {}", label(work, resolved, &inputs.panels));
                    let path = self.store.stage(work.kind(), key, ".json");
                    let held = if is_held { self.store.read_json::<SupernetRecord>(&path)? } else { None };
                    let record = if let Some(held) = held {
                        self.forget_state(key);
                        held
                    } else {
                        worker.supernet(&label, spec, images.as_ref(), *seed, key)?
                    };
                    let record = SupernetRecord { variant: variant.clone(), ..record };
                    results.supernets.push((key.clone(), record));
                }
                Work::Scores(work) => results.scores.push((key.clone(), work.clone())),
            }
        }
        let scores = self.scores(worker, resolved, &inputs, images.as_ref(), &results.scores)?;
        let record = record(resolved, &inputs, class, results, &scores)?;
        // Without a stage to run, a record is new if it is the first, or if this program makes another one of the same scores.
        if self.store.finish(&id, &record)? && !computes {
            self.store.add_provenance(&id, &provenance)?;
        }
        Ok(record)
    }

    /// The stages, and the damage that was found in the store.
    pub(super) fn stages(
        &self,
        resolved: &Resolved,
        inputs: &Inputs,
    ) -> Result<(Vec<Stage>, Vec<StoreError>), ExperimentError> {
        let damage = RefCell::new(Vec::new());
        let stages = plan(resolved, inputs, self.backend.class(), |work, key| {
            let (holding, found) = self.holding(resolved, inputs, work, key)?;
            damage.borrow_mut().extend(found);
            Ok(holding)
        })?;
        Ok((stages, damage.into_inner()))
    }

    /// What the store holds of a stage, and what of it is damaged.
    fn holding(
        &self,
        resolved: &Resolved,
        inputs: &Inputs,
        work: &Work,
        key: &StageKey,
    ) -> Result<(Holding, Vec<StoreError>), ExperimentError> {
        fn of<T>(held: Held<T>) -> (Holding, Vec<StoreError>) {
            match held {
                Held::Whole(_) => (Holding::Whole, Vec::new()),
                Held::Missing => (Holding::Nothing, Vec::new()),
                Held::Damaged(error) => (Holding::Damaged, vec![error]),
            }
        }
        Ok(match work {
            Work::VerifyTruth { .. } => {
                of(self.store.held_json::<VerifiedFile>(&self.store.stage(work.kind(), key, ".json"))?)
            }
            Work::Scores(work) => of(self.held_scores(resolved, work, key, inputs)?),
            Work::Supernet { arm, .. } => {
                let settings = resolved.arms[*arm].spec.supernet.as_ref();
                let settings = settings.ok_or(ExperimentError::Unprepared("the settings of a supernet"))?;
                let held = self.held_supernet(settings, key)?;
                (held.holding(), held.damage())
            }
        })
    }

    /// The content of a file of the store, if it can be used. Damage is told to the user.
    pub(super) fn usable<T>(&self, held: Held<T>) -> Option<T> {
        match held {
            Held::Whole(content) => Some(content),
            Held::Missing => None,
            Held::Damaged(error) => {
                self.note_damage(&error);
                None
            }
        }
    }

    pub(super) fn note_damage(&self, error: &StoreError) {
        if let StoreError::Damaged { path, problem } = error {
            self.progress.note(&format!("{} is made again: {problem}", path.display()));
        }
    }
}

/// The result of a stage that trains rows of the truth again, as the store keeps it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VerifiedFile {
    pub verified: Vec<Verified>,
}

impl StageWork for Lab<'_> {
    fn verify_truth(&self, inputs: &Inputs, rows: &[usize]) -> Result<Vec<Verified>, ExperimentError> {
        self.check_truth(inputs, rows)
    }

    fn supernet(
        &self,
        label: &str,
        spec: &Spec,
        images: Option<&ImageSplit>,
        seed: SeedValue,
        key: &StageKey,
    ) -> Result<SupernetRecord, ExperimentError> {
        self.trained(label, spec, images, seed, key)
    }

    fn reader<'a>(
        &'a self,
        on: &Backend,
        spec: &'a Spec,
        images: Option<&ImageSplit>,
        group: &'a Group<'_>,
    ) -> Result<Reader<'a>, ExperimentError> {
        self.reader_of(on, spec, images, group)
    }
}

/// Whether a stage will run and reads the experiment's images.
pub(super) fn reads_images(stage: &Stage, resolved: &Resolved) -> bool {
    let baseline = |id: &str| resolved.facts(id).is_ok_and(|facts| facts.kind == EstimatorKind::Baseline);
    stage.action != Action::Reuse
        && match &stage.work {
            Work::VerifyTruth { .. } => false,
            Work::Supernet { .. } => true,
            Work::Scores(work) => !baseline(&work.estimator),
        }
}

pub(super) fn label(work: &Work, resolved: &Resolved, panels: &[PanelInputs]) -> String {
    let variant = |arm: usize| resolved.arms[arm].variant.as_ref().map_or(String::new(), |name| format!(", {name}"));
    match work {
        Work::VerifyTruth { rows } => format!("{} architectures", rows.len()),
        Work::Supernet { arm, seed } => format!("seed {seed}{}", variant(*arm)),
        Work::Scores(work) => {
            let of = work.weights.as_ref().map_or(String::new(), |weights| format!(", {}", weights.checkpoint()));
            format!("{}: {}{}{of}", panels[work.panel].name, work.estimator, variant(work.arm))
        }
    }
}
