//! Runs the stages of a plan and makes the record.

use candle_core::Device;

use super::material::{Material, PanelRows};
use super::plan::{Action, ScoreWork, Stage, Work, plan};
use super::progress::Progress;
use super::record::checkpoint;
use super::resolve::{Arm, Resolved, estimator_meta};
use super::{ExperimentError, Split};
use crate::DataRoot;
use crate::DeviceClass;
use crate::estimator::EstimatorKind;
use crate::spec::StageKey;
use crate::store::record::{Provenance, Record, SupernetRecord, Verified};
use crate::store::{RecordId, Store};

/// What a run works with.
#[derive(Clone, Copy, Debug)]
pub struct Runner<'a> {
    /// Where results are kept.
    pub store: &'a Store,
    /// Where real data lies.
    pub root: Option<&'a DataRoot>,
    /// Where networks run.
    pub device: &'a Device,
    /// Its class.
    pub class: DeviceClass,
    /// How many architectures are scored at a time; `0` for as many as there are threads.
    pub jobs: usize,
    /// Who hears of progress.
    pub progress: &'a dyn Progress,
}

/// A stage of a plan, for people.
#[derive(Clone, Debug)]
pub struct PlannedStage {
    /// `verify-truth`, `supernet` or `scores`.
    pub kind: &'static str,
    /// Which one.
    pub label: String,
    /// Its key.
    pub key: StageKey,
    /// `run` or `skip`.
    pub action: &'static str,
    /// Why.
    pub reason: &'static str,
}

impl Runner<'_> {
    /// What [`Runner::run`] would do now.
    ///
    /// # Errors
    /// If the truth can't be read.
    pub fn plan(&self, resolved: &Resolved) -> Result<Vec<PlannedStage>, ExperimentError> {
        let material = Material::load(&resolved.spec, self.root)?;
        let stages = self.stages(resolved, &material)?;
        Ok(stages
            .into_iter()
            .map(|stage| PlannedStage {
                kind: stage.work.kind(),
                label: label(&stage.work, resolved, &material.panels),
                action: if stage.action == Action::Reuse { "skip" } else { "run" },
                reason: stage.action.reason(),
                key: stage.key,
            })
            .collect())
    }

    /// Runs what the store does not hold, and writes and returns the record.
    ///
    /// # Errors
    /// If data are missing or wrong, a stage fails, or the carried truth can't be reproduced.
    pub fn run(&self, resolved: &Resolved, provenance: &Provenance) -> Result<Record, ExperimentError> {
        let material = Material::load(&resolved.spec, self.root)?;
        for panel in &material.panels {
            if panel.rows.len() < 2 {
                return Err(ExperimentError::NothingToRank { panel: panel.name.clone(), count: panel.rows.len() });
            }
        }
        let stages = self.stages(resolved, &material)?;
        let needs_images = stages.iter().any(reads_images);
        let images = if needs_images { Some(Split::load(&resolved.spec.images, self.root)?) } else { None };
        let id = RecordId::new(&resolved.hash, self.class.as_str());
        self.store.begin(&id, &resolved.canonical, provenance)?;

        let mut results = Results::default();
        for stage in &stages {
            match &stage.work {
                Work::VerifyTruth { rows } => results.verified = self.verify_truth(&material, rows, &stage.key)?,
                Work::Supernet { arm, seed } => {
                    let Arm { variant, spec } = &resolved.arms[*arm];
                    let label = format!("supernet: {}", label(&stage.work, resolved, &material.panels));
                    let record = self.supernet(&label, spec, images.as_ref(), *seed, &stage.key)?;
                    let record = SupernetRecord { variant: variant.clone(), ..record };
                    results.supernets.push((stage.key.clone(), record));
                }
                Work::Scores(work) => results.scores.push((stage.key.clone(), work.clone())),
            }
        }
        let scores = self.scores(resolved, &material, images.as_ref(), &results.scores)?;
        let record = self.record(resolved, &material, results, &scores)?;
        self.store.finish(&id, &record)?;
        Ok(record)
    }

    fn stages(&self, resolved: &Resolved, material: &Material) -> Result<Vec<Stage>, ExperimentError> {
        plan(resolved, material, self.class, |work, key| self.result_path(work, key).is_file())
    }

    /// The file whose presence says that a stage is done.
    fn result_path(&self, work: &Work, key: &StageKey) -> std::path::PathBuf {
        self.store.stage(work.kind(), key, ".json")
    }
}

/// What stages have given so far.
#[derive(Debug, Default)]
pub(super) struct Results {
    pub(super) verified: Vec<Verified>,
    pub(super) supernets: Vec<(StageKey, SupernetRecord)>,
    pub(super) scores: Vec<(StageKey, ScoreWork)>,
}

/// Whether a stage that is to run looks at the experiment's images.
fn reads_images(stage: &Stage) -> bool {
    let baseline = |id: &str| estimator_meta(id).is_ok_and(|meta| meta.kind == EstimatorKind::Baseline);
    stage.action != Action::Reuse
        && match &stage.work {
            Work::VerifyTruth { .. } => false,
            Work::Supernet { .. } => true,
            Work::Scores(work) => !baseline(&work.estimator),
        }
}

fn label(work: &Work, resolved: &Resolved, panels: &[PanelRows]) -> String {
    let variant = |arm: usize| resolved.arms[arm].variant.as_ref().map_or(String::new(), |name| format!(", {name}"));
    match work {
        Work::VerifyTruth { rows } => format!("{} architectures", rows.len()),
        Work::Supernet { arm, seed } => format!("seed {seed}{}", variant(*arm)),
        Work::Scores(work) => {
            let of = work.weights.as_ref().map_or(String::new(), |weights| format!(", {}", checkpoint(weights)));
            format!("{}: {}{}{of}", panels[work.panel].name, work.estimator, variant(work.arm))
        }
    }
}
