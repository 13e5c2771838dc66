//! The networks and batches that zero-shot estimators see.

use candle_core::DType;

use super::ExperimentError;
use super::image_split::{ImageSplit, layout};
use super::lab::Lab;
use super::plan::Weights;
use crate::Backend;
use crate::images::{Batch, Noise};
use crate::net::{Init, NetConfig, Network, Param};
use crate::seed::Seed;
use crate::space::{Architecture, Skeleton};
use crate::spec::{Input, Precision, SeedValue, Spec};

/// What is common to the networks of all architectures of a panel.
pub(super) struct ZeroShotNetworks<'a> {
    panel: &'a str,
    seeds: &'a [SeedValue],
    config: NetConfig,
    batches: Vec<Batch>,
    /// A trained supernet and its seed; without it, networks are untrained.
    trained: Option<(SeedValue, Network)>,
}

/// One network and one batch.
pub(super) struct Seen<'n> {
    /// Of the architecture alone, or a supernet.
    pub network: &'n Network,
    pub batch: &'n Batch,
    /// The seed of the network's weights.
    pub seed: SeedValue,
    /// The number of the batch.
    pub place: usize,
}

impl Lab<'_> {
    /// The networks and batches for zero-shot estimators on a backend; with `weights`, those of a trained supernet.
    pub(super) fn zero_shot_networks<'a>(
        &self,
        on: &Backend,
        spec: &'a Spec,
        images: Option<&ImageSplit>,
        panel: &'a str,
        weights: Option<&Weights>,
    ) -> Result<ZeroShotNetworks<'a>, ExperimentError> {
        let settings = &spec.zero_shot;
        let dtype = match settings.precision {
            Precision::F32 => DType::F32,
            Precision::F64 => DType::F64,
        };
        let batches = zero_shot_batches(on, spec, images, dtype)?;
        let config = NetConfig { skeleton: zero_shot_skeleton(spec), dtype, device: on.device().clone() };
        let trained = match (&spec.supernet, weights) {
            (Some(supernet), Some(weights)) => {
                Some((weights.seed, self.trained_supernet(on, spec, supernet, weights)?))
            }
            _ => None,
        };
        Ok(ZeroShotNetworks { panel, seeds: &settings.seeds, config, batches, trained })
    }
}

fn zero_shot_batches(
    on: &Backend,
    spec: &Spec,
    images: Option<&ImageSplit>,
    dtype: DType,
) -> Result<Vec<Batch>, ExperimentError> {
    let (settings, side) = (&spec.zero_shot, spec.images.resolution());
    let (layout, _) = layout(&spec.images);
    let noise = |noise: Noise| -> Result<Vec<Batch>, ExperimentError> {
        let root = Seed::root(0).child("noise");
        let draw = |index| {
            let seed = root.index("batch", index as u64);
            Ok(noise.batch(&seed, (settings.batch, side), layout.classes, layout.normalisation, dtype, on.device())?)
        };
        (0..settings.batches).map(draw).collect()
    };
    match (settings.input, images) {
        (Input::Gaussian, _) => noise(Noise::Gaussian),
        (Input::Uniform, _) => noise(Noise::Uniform),
        (Input::Images, Some(images)) => {
            let batch = |index: usize| {
                let rows: Vec<usize> = (index * settings.batch..(index + 1) * settings.batch).collect();
                Ok(images.train.batch(&rows, None, dtype, on.device())?)
            };
            (0..settings.batches).map(batch).collect()
        }
        (Input::Images, None) => Err(ExperimentError::Unprepared("images")),
    }
}

impl ZeroShotNetworks<'_> {
    /// Calls `visit` for every network of the architecture with every batch: seed by seed, and for each seed batch by batch.
    pub(super) fn each<E: From<ExperimentError>>(
        &self,
        architecture: Architecture,
        mut visit: impl FnMut(Seen<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let dtype = self.config.dtype;
        let seeds = self.trained.as_ref().map_or(self.seeds, |(seed, _)| std::slice::from_ref(seed));
        for &seed in seeds {
            let fresh;
            let building = |source| {
                let (panel, architecture) = (self.panel.to_owned(), architecture.to_string());
                ExperimentError::Building { panel, architecture, source }
            };
            let network = match &self.trained {
                Some((_, network)) if dtype == DType::F32 => network,
                // Trained in single precision. Every f32 is an f64 too.
                Some((_, network)) => {
                    let value = |param: &Param| Ok(param.var.as_detached_tensor());
                    fresh = network.extract(architecture, dtype, value).map_err(building)?;
                    &fresh
                }
                None => {
                    let init = Init::Seeded(seed.root().child("init"));
                    fresh = Network::stand_alone(architecture, &self.config, init).map_err(building)?;
                    &fresh
                }
            };
            for (place, batch) in self.batches.iter().enumerate() {
                visit(Seen { network, batch, seed, place })?;
            }
        }
        Ok(())
    }
}

/// The network for zero-shot scores and for counts.
pub(super) fn zero_shot_skeleton(spec: &Spec) -> Skeleton {
    spec.zero_shot.network.skeleton_for(spec.space, spec.zero_shot.form, &spec.images)
}
