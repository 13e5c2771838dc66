//! How each kind of estimator looks at an architecture: at counts, at an untrained network, or at a supernet's part.

use candle_core::DType;

use super::material::Split;
use super::runner::Runner;
use super::scores::Group;
use super::{ExperimentError, Resolved};
use crate::data::cifar::CLASSES;
use crate::data::{Batch, Noise, Normalisation};
use crate::estimator::{EstimatorKind, Probe};
use crate::net::{Dropout, Engine, Init, NetConfig, Network};
use crate::seed::Seed;
use crate::space::{Architecture, Skeleton};
use crate::spec::{Input, OneShot, Precision};

/// Gives the reading of every member of a group for one architecture.
pub(super) type Look<'a> = Box<dyn Fn(&Architecture) -> Result<Vec<f64>, ExperimentError> + Sync + 'a>;

impl Runner<'_> {
    /// How a group looks at an architecture.
    pub(super) fn look<'a>(
        &'a self,
        resolved: &'a Resolved,
        images: Option<&Split>,
        group: &'a Group<'_>,
    ) -> Result<Look<'a>, ExperimentError> {
        match group.kind {
            EstimatorKind::ZeroShot => self.zero_shot(resolved, images, group),
            EstimatorKind::OneShot => self.one_shot(resolved, images, group),
            EstimatorKind::Baseline | EstimatorKind::Vote | EstimatorKind::External => {
                let skeleton = zero_shot_skeleton(resolved);
                Ok(Box::new(move |architecture| group.read(&Probe::counting(*architecture, skeleton))))
            }
        }
    }

    /// The mean over initialisation seeds and batches, in that order.
    fn zero_shot<'a>(
        &'a self,
        resolved: &'a Resolved,
        images: Option<&Split>,
        group: &'a Group<'_>,
    ) -> Result<Look<'a>, ExperimentError> {
        let settings = &resolved.spec.zero_shot;
        let dtype = match settings.precision {
            Precision::F32 => DType::F32,
            Precision::F64 => DType::F64,
        };
        let batches = self.zero_shot_batches(resolved, images, dtype)?;
        let skeleton = zero_shot_skeleton(resolved);
        let config = NetConfig { skeleton, dtype, device: self.device.clone() };
        let engine = Engine::for_device(self.device);
        let trained = match (&resolved.spec.supernet, group.weights) {
            (Some(supernet), Some(weights)) => {
                Some((weights.seed, self.trained_supernet(&resolved.spec, supernet, weights)?))
            }
            _ => None,
        };
        Ok(Box::new(move |architecture| {
            let seeds = trained.as_ref().map_or(settings.seeds.as_slice(), |(seed, _)| std::slice::from_ref(seed));
            let mut sums = vec![0.0; group.members.len()];
            for seed in seeds {
                let fresh;
                let network = if let Some((_, network)) = &trained {
                    network
                } else {
                    fresh = Network::stand_alone(*architecture, &config, Init::Seeded(seed.root().child("init")))?;
                    &fresh
                };
                for (place, batch) in batches.iter().enumerate() {
                    let mut probe = Probe::new(*architecture, network, engine, group.needs()).with_batch(batch);
                    if settings.dropout > 0.0 {
                        let stream = seed.root().child("dropout").index("batch", place as u64).stream();
                        probe = probe.with_dropout(Dropout { rate: settings.dropout, stream });
                    }
                    for (sum, score) in sums.iter_mut().zip(group.read(&probe)?) {
                        *sum += score;
                    }
                }
            }
            let count = (seeds.len() * batches.len()) as f64;
            Ok(sums.into_iter().map(|sum| sum / count).collect())
        }))
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

    fn one_shot<'a>(
        &'a self,
        resolved: &'a Resolved,
        images: Option<&Split>,
        group: &'a Group<'_>,
    ) -> Result<Look<'a>, ExperimentError> {
        let spec = &resolved.spec;
        let (Some(settings), Some(weights)) = (&spec.supernet, group.weights) else {
            return Err(ExperimentError::Unprepared("a supernet"));
        };
        let images = images.ok_or(ExperimentError::Unprepared("images"))?;
        let network = self.trained_supernet(spec, settings, weights)?;
        let batches = self.evaluation_batches(&spec.one_shot, images)?;
        let engine = Engine::for_device(self.device);
        Ok(Box::new(move |architecture| {
            let needs = group.needs();
            group.read(&Probe::new(*architecture, &network, engine, needs).with_evaluation(&batches))
        }))
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
