//! The score stages: every architecture of a panel, each looked at once for all estimators whose scores are missing.

use std::collections::BTreeMap;

use candle_core::DType;
use serde::{Deserialize, Serialize};

use super::material::{Material, Split};
use super::plan::{ScoreWork, Weights};
use super::resolve::estimator_meta;
use super::runner::Runner;
use super::{ExperimentError, Resolved, workers};
use crate::data::cifar::CLASSES;
use crate::data::{Batch, Noise, Normalisation};
use crate::estimator::{Estimator, Need, Probe, registry};
use crate::estimator::{EstimatorKind, Score};
use crate::net::{Engine, Init, NetConfig, Network};
use crate::seed::Seed;
use crate::space::{Architecture, Skeleton};
use crate::spec::{Input, OneShot, Precision, StageKey};

/// The result of a score stage, as the store keeps it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScoresFile {
    estimator: String,
    version: u32,
    scores: Vec<Score>,
}

/// Score stages that look at the same networks: one panel, one kind, one supernet's weights.
struct Group<'a> {
    panel: usize,
    kind: EstimatorKind,
    weights: Option<&'a Weights>,
    members: Vec<(&'a StageKey, &'static dyn Estimator)>,
}

impl Group<'_> {
    fn needs(&self) -> Vec<Need> {
        self.members.iter().flat_map(|(_, estimator)| estimator.meta().needs.iter().copied()).collect()
    }

    /// Every member's reading of one probe, as floats.
    fn read(&self, probe: &Probe<'_>) -> Result<Vec<f64>, ExperimentError> {
        let scores = self.members.iter().map(|(_, estimator)| Ok(estimator.score(probe)?.score.value()));
        scores.collect()
    }
}

impl Runner<'_> {
    /// The scores of every stage, computed now where the store does not hold them.
    pub(super) fn scores(
        &self,
        resolved: &Resolved,
        material: &Material,
        images: Option<&Split>,
        stages: &[(StageKey, ScoreWork)],
    ) -> Result<BTreeMap<StageKey, Vec<Score>>, ExperimentError> {
        let mut scores = BTreeMap::new();
        let mut groups: Vec<Group<'_>> = Vec::new();
        for (key, work) in stages {
            if let Some(held) = self.store.read_json::<ScoresFile>(&self.store.stage("scores", key, ".json"))? {
                scores.insert(key.clone(), held.scores);
                continue;
            }
            let (kind, weights) = (estimator_meta(&work.estimator)?.kind, work.weights.as_ref());
            let member = (key, registry::find(&work.estimator)?);
            let fits = |group: &&mut Group<'_>| (group.panel, group.kind, group.weights) == (work.panel, kind, weights);
            match groups.iter_mut().find(fits) {
                Some(group) => group.members.push(member),
                None => groups.push(Group { panel: work.panel, kind, weights, members: vec![member] }),
            }
        }
        for group in &groups {
            let panel = &material.panels[group.panel];
            let architectures = panel.architectures(&material.truth);
            self.progress.begin(&format!("{}: {}", panel.name, describe(group.kind)), architectures.len() as u64);
            let rows = match group.kind {
                EstimatorKind::ZeroShot => self.zero_shot(resolved, images, group, &architectures)?,
                EstimatorKind::OneShot => self.one_shot(resolved, images, group, &architectures)?,
                _ => self.baselines(resolved, group, &architectures)?,
            };
            self.progress.end();
            for (place, (key, estimator)) in group.members.iter().enumerate() {
                let meta = estimator.meta();
                let column: Vec<Score> = rows.iter().map(|row| Score::from(row[place])).collect();
                let file = ScoresFile { estimator: meta.id.to_owned(), version: meta.version, scores: column };
                self.store.write_json(&self.store.stage("scores", key, ".json"), &file)?;
                scores.insert((*key).clone(), file.scores);
            }
        }
        Ok(scores)
    }

    fn baselines(
        &self,
        resolved: &Resolved,
        group: &Group<'_>,
        architectures: &[Architecture],
    ) -> Result<Vec<Vec<f64>>, ExperimentError> {
        let skeleton = zero_shot_skeleton(resolved);
        workers::map(architectures, |architecture| {
            let probe = Probe::counting(*architecture, skeleton);
            let row = group.read(&probe);
            self.progress.advance(1);
            row
        })
    }

    /// The mean over initialisation seeds and batches, in that order.
    fn zero_shot(
        &self,
        resolved: &Resolved,
        images: Option<&Split>,
        group: &Group<'_>,
        architectures: &[Architecture],
    ) -> Result<Vec<Vec<f64>>, ExperimentError> {
        let settings = &resolved.spec.zero_shot;
        let dtype = match settings.precision {
            Precision::F32 => DType::F32,
            Precision::F64 => DType::F64,
        };
        let batches = self.zero_shot_batches(resolved, images, dtype)?;
        let skeleton = zero_shot_skeleton(resolved);
        let config = NetConfig { skeleton, dtype, device: self.device.clone() };
        let engine = Engine::for_device(self.device);
        workers::map_on(self.device, architectures, |architecture| {
            let mut sums = vec![0.0; group.members.len()];
            for seed in &settings.seeds {
                let init = Init::Seeded(seed.root().child("init"));
                let network = Network::stand_alone(*architecture, &config, init)?;
                for batch in &batches {
                    let probe = Probe::new(*architecture, &network, engine, group.needs()).with_batch(batch);
                    for (sum, score) in sums.iter_mut().zip(group.read(&probe)?) {
                        *sum += score;
                    }
                }
            }
            self.progress.advance(1);
            let count = (settings.seeds.len() * batches.len()) as f64;
            Ok(sums.into_iter().map(|sum| sum / count).collect())
        })
    }

    fn zero_shot_batches(
        &self,
        resolved: &Resolved,
        images: Option<&Split>,
        dtype: DType,
    ) -> Result<Vec<Batch>, ExperimentError> {
        let (settings, side) = (&resolved.spec.zero_shot, resolved.spec.images.resolution());
        let noise = |noise: Noise| -> Result<Vec<Batch>, ExperimentError> {
            let root = Seed::root(0).child("noise");
            let draw = |index| {
                let seed = root.index("batch", index as u64);
                Ok(noise.batch(&seed, (settings.batch, side), CLASSES, Normalisation::CIFAR10, dtype, self.device)?)
            };
            (0..settings.batches).map(draw).collect()
        };
        match (settings.input, images) {
            (Input::Gaussian, _) => noise(Noise::Gaussian),
            (Input::Uniform, _) => noise(Noise::Uniform),
            (Input::Images, Some(images)) => {
                let batch = |index: usize| {
                    let rows: Vec<usize> = (index * settings.batch..(index + 1) * settings.batch).collect();
                    Ok(images.train.batch(&rows, None, dtype, self.device)?)
                };
                (0..settings.batches).map(batch).collect()
            }
            (Input::Images, None) => Err(ExperimentError::Unprepared("images")),
        }
    }

    fn one_shot(
        &self,
        resolved: &Resolved,
        images: Option<&Split>,
        group: &Group<'_>,
        architectures: &[Architecture],
    ) -> Result<Vec<Vec<f64>>, ExperimentError> {
        let spec = &resolved.spec;
        let (Some(settings), Some(weights)) = (&spec.supernet, group.weights) else {
            return Err(ExperimentError::Unprepared("a supernet"));
        };
        let images = images.ok_or(ExperimentError::Unprepared("images"))?;
        let network = self.trained_supernet(spec, settings, weights)?;
        let batches = self.evaluation_batches(&spec.one_shot, images)?;
        let engine = Engine::for_device(self.device);
        workers::map_on(self.device, architectures, |architecture| {
            let probe = Probe::new(*architecture, &network, engine, group.needs()).with_evaluation(&batches);
            let row = group.read(&probe);
            self.progress.advance(1);
            row
        })
    }

    /// The fixed batches that one-shot scores are taken on.
    pub(super) fn evaluation_batches(&self, settings: &OneShot, images: &Split) -> Result<Vec<Batch>, ExperimentError> {
        let count = match settings.validation {
            0 => images.validation.len(),
            count => count,
        };
        let rows: Vec<usize> = (0..count).collect();
        let batches = rows.chunks(settings.batch);
        let batches = batches.map(|rows| images.validation.batch(rows, None, DType::F32, self.device));
        Ok(batches.collect::<Result<_, _>>()?)
    }
}

/// The network that zero-shot scores and counts are of.
fn zero_shot_skeleton(resolved: &Resolved) -> Skeleton {
    let spec = &resolved.spec;
    spec.zero_shot.network.skeleton(spec.space, spec.zero_shot.form, spec.images.resolution())
}

fn describe(kind: EstimatorKind) -> &'static str {
    match kind {
        EstimatorKind::ZeroShot => "zero-shot scores",
        EstimatorKind::OneShot => "one-shot scores",
        EstimatorKind::Baseline | EstimatorKind::Vote | EstimatorKind::External => "baselines",
    }
}
