//! Plans and runs an experiment, and makes its record.

use super::ExperimentError;
use super::group::Group;
use super::image_split::ImageSplit;
use super::inputs::{Inputs, PanelInputs};
use super::lab::Lab;
use super::plan::{Action, Stage, Work, plan};
use super::provenance::freeze;
use super::record::{Results, record};
use super::resolve::{Arm, Resolved};
use super::stage_work::{Reader, StageWork};
use crate::estimator::EstimatorKind;
use crate::spec::{SeedValue, Spec, StageKey};
use crate::store::RecordId;
use crate::store::record::{Record, SupernetRecord, Verified};

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
}

impl Lab<'_> {
    /// What [`Lab::run`] would do now.
    ///
    /// # Errors
    /// If the truth can't be read.
    pub fn plan(&self, resolved: &Resolved) -> Result<Vec<PlannedStage>, ExperimentError> {
        let inputs = Inputs::load(&resolved.spec, self.data_root())?;
        let stages = self.stages(resolved, &inputs)?;
        Ok(stages
            .into_iter()
            .map(|stage| PlannedStage {
                kind: stage.work.kind(),
                label: label(&stage.work, resolved, &inputs.panels),
                action: if stage.action == Action::Reuse { "skip" } else { "run" },
                reason: stage.action.reason(),
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
        let inputs = Inputs::load(&resolved.spec, self.data_root())?;
        for PanelInputs { name, architectures, .. } in &inputs.panels {
            if architectures.len() < 2 {
                return Err(ExperimentError::NothingToRank { panel: name.clone(), count: architectures.len() });
            }
        }
        let stages = self.stages(resolved, &inputs)?;
        let needs_images = stages.iter().any(|stage| reads_images(stage, resolved));
        let images = if needs_images { Some(ImageSplit::load(&resolved.spec.images, self.data_root())?) } else { None };
        let class = self.backend.class();
        let id = RecordId::new(&resolved.hash, class);
        self.store.begin(&id, &resolved.canonical, &freeze(&self.backend, self.commit.as_deref()))?;

        let mut results = Results::default();
        for stage in &stages {
            match &stage.work {
                Work::VerifyTruth { rows } => results.verified = worker.verify_truth(&inputs, rows, &stage.key)?,
                Work::Supernet { arm, seed } => {
                    let Arm { variant, spec } = &resolved.arms[*arm];
                    let label = format!("supernet: {}", label(&stage.work, resolved, &inputs.panels));
                    let record = worker.supernet(&label, spec, images.as_ref(), *seed, &stage.key)?;
                    let record = SupernetRecord { variant: variant.clone(), ..record };
                    results.supernets.push((stage.key.clone(), record));
                }
                Work::Scores(work) => results.scores.push((stage.key.clone(), work.clone())),
            }
        }
        let scores = self.scores(worker, resolved, &inputs, images.as_ref(), &results.scores)?;
        let record = record(resolved, &inputs, class, results, &scores)?;
        self.store.finish(&id, &record)?;
        Ok(record)
    }

    fn stages(&self, resolved: &Resolved, inputs: &Inputs) -> Result<Vec<Stage>, ExperimentError> {
        // A stage is done if this file exists.
        let result = |work: &Work, key: &StageKey| self.store.stage(work.kind(), key, ".json");
        plan(resolved, inputs, self.backend.class(), |work, key| result(work, key).is_file())
    }
}

impl StageWork for Lab<'_> {
    fn verify_truth(&self, inputs: &Inputs, rows: &[usize], key: &StageKey) -> Result<Vec<Verified>, ExperimentError> {
        self.check_truth(inputs, rows, key)
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
        spec: &'a Spec,
        images: Option<&ImageSplit>,
        group: &'a Group<'_>,
    ) -> Result<Reader<'a>, ExperimentError> {
        self.reader_of(spec, images, group)
    }
}

/// Whether a stage will run and reads the experiment's images.
fn reads_images(stage: &Stage, resolved: &Resolved) -> bool {
    let baseline = |id: &str| resolved.facts(id).is_ok_and(|facts| facts.kind == EstimatorKind::Baseline);
    stage.action != Action::Reuse
        && match &stage.work {
            Work::VerifyTruth { .. } => false,
            Work::Supernet { .. } => true,
            Work::Scores(work) => !baseline(&work.estimator),
        }
}

fn label(work: &Work, resolved: &Resolved, panels: &[PanelInputs]) -> String {
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
