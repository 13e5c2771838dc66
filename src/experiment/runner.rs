//! Runs the stages of a plan and makes the record.

use std::collections::BTreeMap;

use candle_core::Device;

use super::ensemble::{ScoredRow, with_seed_means};
use super::material::{Material, PanelRows};
use super::outside::SCORE_FILE_VERSION;
use super::plan::{Action, ScoreWork, Stage, Weights, Work, plan};
use super::progress::Progress;
use super::resolve::{Arm, Resolved, estimator_meta};
use super::{DeviceClass, ExperimentError, Split, published};
use crate::criteria::{self, Direction, VOTE_VERSION};
use crate::data::DataRoot;
use crate::estimator::{Estimator, EstimatorKind, Meta, Score, registry};
use crate::seed::Seed;
use crate::spec::{Ensemble, Spec, StageKey, Truth};
use crate::store::record::{
    ArchitectureRow, Checkpoint, EstimatorRecord, PanelRecord, Provenance, Record, SupernetRecord, TruthRecord,
    Verified,
};
use crate::store::{RecordId, Store};

/// Root of the draws behind every interval; the intervals of two experiments are drawn alike.
const BOOTSTRAP_SEED: u64 = 1;

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
                    let record = self.supernet(spec, images.as_ref(), *seed, &stage.key)?;
                    results.supernets.push(SupernetRecord { variant: variant.clone(), ..record });
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

    fn record(
        &self,
        resolved: &Resolved,
        material: &Material,
        results: Results,
        scores: &BTreeMap<StageKey, Vec<Score>>,
    ) -> Result<Record, ExperimentError> {
        let spec = &resolved.spec;
        let is_benchmark = !matches!(spec.truth, Truth::Trained(_));
        let bootstrap = Seed::root(BOOTSTRAP_SEED).child("bootstrap");
        let mut panels = Vec::new();
        for (position, panel) in material.panels.iter().enumerate() {
            let truth: Vec<f64> = panel.rows.iter().map(|&row| material.truth[row].1).collect();
            let texts = panel.architecture_texts(&material.truth);
            let rows = texts.into_iter().zip(&truth);
            let judge = |estimator: &str, oriented: &[f64]| {
                criteria::evaluate(&truth, oriented, &spec.criteria, bootstrap).map_err(|source| {
                    ExperimentError::Criteria { estimator: estimator.to_owned(), panel: panel.name.clone(), source }
                })
            };
            let mut estimators = Vec::new();
            for ScoredRow { estimator, variant, checkpoint, scores } in
                scored_rows(resolved, position, panel, &results.scores, scores)?
            {
                let (source, last) = identity(spec, &panel.name, &estimator)?;
                let oriented: Vec<f64> = scores.iter().map(|score| source.direction.orient(score.value())).collect();
                let criteria = judge(&estimator, &oriented)?;
                // What was published is of single supernets at the end of their training.
                let at_the_end = |of: &Checkpoint| of.is_single() && of.epoch == last;
                let comparable = is_benchmark && variant.is_none() && checkpoint.as_ref().is_none_or(at_the_end);
                estimators.push(EstimatorRecord {
                    version: source.version,
                    direction: source.direction,
                    kind: source.kind,
                    variant,
                    checkpoint,
                    scores,
                    criteria,
                    published: if comparable { published::of(spec.space, &estimator) } else { Vec::new() },
                    id: estimator,
                });
            }
            for (name, vote) in &spec.panels[&panel.name].votes {
                let voters = vote.members.iter().filter_map(|id| estimators.iter().find(|found| found.id == *id));
                let scores = vote.rule.score(&voters.map(EstimatorRecord::oriented).collect::<Vec<_>>());
                estimators.push(EstimatorRecord {
                    id: name.clone(),
                    version: VOTE_VERSION,
                    direction: Direction::Higher,
                    kind: EstimatorKind::Vote,
                    variant: None,
                    checkpoint: None,
                    criteria: judge(name, &scores)?,
                    scores: scores.into_iter().map(Score::from).collect(),
                    published: Vec::new(),
                });
            }
            let architectures = rows.map(|(architecture, &truth)| ArchitectureRow { architecture, truth }).collect();
            panels.push(PanelRecord { name: panel.name.clone(), architectures, estimators });
        }
        Ok(Record {
            format: Record::FORMAT,
            spec_hash: resolved.hash.to_string(),
            name: spec.name.clone(),
            title: spec.title.clone(),
            space: spec.space.to_string(),
            device_class: self.class.as_str().to_owned(),
            spec: resolved.document()?,
            truth: truth_record(material, results.verified),
            supernets: results.supernets,
            panels,
        })
    }
}

/// What stages have given so far.
#[derive(Debug, Default)]
pub(super) struct Results {
    pub(super) verified: Vec<Verified>,
    pub(super) supernets: Vec<SupernetRecord>,
    pub(super) scores: Vec<(StageKey, ScoreWork)>,
}

/// What each estimator of a panel said, ensembles included.
fn scored_rows(
    resolved: &Resolved,
    panel: usize,
    rows: &PanelRows,
    stages: &[(StageKey, ScoreWork)],
    scores: &BTreeMap<StageKey, Vec<Score>>,
) -> Result<Vec<ScoredRow>, ExperimentError> {
    let ensembles = |spec: &Spec, rows: &[ScoredRow]| match spec.one_shot.ensemble {
        Ensemble::None => rows.to_vec(),
        Ensemble::Seeds => with_seed_means(rows),
    };
    let mut all = Vec::new();
    for (arm, Arm { variant, spec }) in resolved.arms.iter().enumerate() {
        let stages = stages.iter().filter(|(_, work)| (work.panel, work.arm) == (panel, arm));
        let rows = stages.map(|(key, work)| {
            let scores = scores.get(key).cloned().ok_or(ExperimentError::Unprepared("scores"))?;
            let (estimator, checkpoint) = (work.estimator.clone(), work.weights.as_ref().map(checkpoint));
            Ok::<_, ExperimentError>(ScoredRow { estimator, variant: variant.clone(), checkpoint, scores })
        });
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        all.extend(ensembles(spec, &rows));
    }
    all.extend(ensembles(&resolved.spec, &rows.outside));
    Ok(all)
}

/// What a record says of an estimator or a score file, whatever its scores.
struct Source {
    version: u32,
    direction: Direction,
    kind: EstimatorKind,
}

/// What scores of that name are, and the last epoch that there are scores of.
fn identity(spec: &Spec, panel: &str, name: &str) -> Result<(Source, u32), ExperimentError> {
    let last = spec.supernet.as_ref().map_or(0, |supernet| supernet.training.epochs);
    let Some(file) = spec.panels[panel].scores.get(name) else {
        let Meta { version, direction, kind, .. } = *estimator_meta(name)?;
        return Ok((Source { version, direction, kind }, last as u32));
    };
    let known = registry::find(name).ok().map(Estimator::meta);
    let (direction, kind) =
        known.map_or((Direction::Higher, EstimatorKind::External), |meta| (meta.direction, meta.kind));
    let source = Source { version: SCORE_FILE_VERSION, direction: file.direction.unwrap_or(direction), kind };
    Ok((source, file.epochs.last().map_or(0, |&epoch| epoch as u32)))
}

/// How a record names weights.
fn checkpoint(weights: &Weights) -> Checkpoint {
    let epochs: Vec<u32> = weights.epochs.iter().map(|&epoch| epoch as u32).collect();
    let single = Checkpoint::single(weights.seed.to_string(), epochs.last().copied().unwrap_or(0));
    if epochs.len() > 1 { Checkpoint { averaged: epochs, ..single } } else { single }
}

fn truth_record(material: &Material, verified: Vec<Verified>) -> TruthRecord {
    let mut sorted: Vec<f64> = material.truth.iter().map(|(_, accuracy)| *accuracy).collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let median = if sorted.len() % 2 == 1 { sorted[middle] } else { f64::midpoint(sorted[middle - 1], sorted[middle]) };
    TruthRecord {
        source: material.truth_source.clone(),
        rows: sorted.len(),
        minimum: sorted[0],
        median,
        maximum: sorted[sorted.len() - 1],
        verified,
    }
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
