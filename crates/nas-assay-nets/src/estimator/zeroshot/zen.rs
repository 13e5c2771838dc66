//! How much the features change when the input changes a little. The scale that batch-norm takes away is put back.
//!
//! # Formula
//! `ln Δ + Σ_k ln √(mean_c v_kc)` over all batch-norms `k` and their channels `c`.
//! - `Δ = mean_n Σ |F(a) − F(a + 0.01 b)|`. `F` are the features that the global average pool gets. The sum is over the
//!   features of an image, and the mean is over images.
//! - `a` and `b` are drawn from the standard normal distribution, and so are the convolution and linear weights.
//! - `v` is the running variance after the two passes: `0.81 + 0.09 v₁ + 0.1 v₂`. `v₁` and `v₂` are the variances of
//!   the passes.
//!
//! # Shapes
//! `a` and `b` have the shape of the batch. Its pixels and labels are not used.
//!
//! # Source
//! Lin et al., Zen-NAS, ICCV 2021, and its code. Skip connections stay, as in `NASLib`.
//!
//! # Known traps
//! The code reads the running variance, not that of the batch. The running variance starts at 1. With the momentum 0.1,
//! this 1 dominates where variances are small. The code for NAS-Bench-101 has the momentum 0.997, which makes another
//! score. Here it is 0.1 in every space. Both passes use the statistics of their own batch.
//!
//! The original code removes skip connections. Its batch-norm has an epsilon of 1e-3. It takes the mean of up to 32
//! repeats; here there is one.
//!
//! The weights are drawn anew, so the score does not depend on the network's own weights. Training cannot change it. In
//! a cell without a path, `Δ` is 0. Then its logarithm is −∞, and so is the score. The details are `ln Δ` and the sum
//! over batch-norms.

use crate::estimator::{Estimator, EstimatorError, EstimatorKind, Meta, Need, Probe, Reading, ToleranceClass};
use crate::net::{Engine, ForwardPass, Network, NormMode, host_f64};
use candle_core::Tensor;
use nas_assay_criteria::Direction;
use nas_assay_spaces::Architecture;

/// Change of the features by a small change of the input, in a network with normal weights.
pub struct Zen;

const META: Meta<'static> = Meta {
    id: "zen",
    version: 1,
    direction: Direction::Higher,
    kind: EstimatorKind::ZeroShot,
    needs: &[Need::OwnPasses],
    tolerance: ToleranceClass::Numeric,
    summary: "Change of the features by a small change of Gaussian input, in a network with normal weights.",
    formula: "ln mean_n sum |F(a) - F(a + 0.01 b)| + sum over batch-norms of ln sqrt(mean of running variances)",
    source: "Lin et al., Zen-NAS, ICCV 2021 (code); White et al., NASLib (code)",
};

/// The share of the second input.
const MIX: f64 = 0.01;

/// The weight of a new batch in the running variance.
const MOMENTUM: f64 = 0.1;

impl Estimator for Zen {
    fn meta(&self) -> Meta<'_> {
        META
    }

    fn score(&self, probe: &Probe<'_>) -> Result<Reading, EstimatorError> {
        let count = probe.batch()?.images.elem_count();
        let network = probe.with_normal_weights(probe.stream(META.id, "weights"), |_| 1.0)?;
        let mut noise = probe.stream(META.id, "noise");
        let mut draw = || -> Vec<f64> { (0..count).map(|_| noise.normal()).collect() };
        let (a, b) = (draw(), draw());
        let mixed = a.iter().zip(&b).map(|(a, b)| a + MIX * b).collect();
        let inputs = [probe.images_of(a)?, probe.images_of(mixed)?];
        let sensitivity = sensitivity(&network, probe.architecture(), probe.engine(), &inputs)?;
        Ok(sensitivity.reading())
    }
}

/// What the score is made of.
#[derive(Debug)]
struct Sensitivity {
    /// `Δ`.
    change: f64,
    /// The mean running variance of each batch-norm.
    variances: Vec<f64>,
}

impl Sensitivity {
    fn reading(&self) -> Reading {
        let change = libm::log(self.change);
        let scales: f64 = self.variances.iter().map(|variance| 0.5 * libm::log(*variance)).sum();
        Reading::plain(change + scales).with("log_change", change).with("log_scales", scales)
    }
}

/// The change of the features between two inputs, and the running variances after a pass over each. The running statistics of the network,
/// which must be new, are changed.
fn sensitivity(
    network: &Network,
    architecture: Architecture,
    engine: Engine,
    inputs: &[Tensor; 2],
) -> Result<Sensitivity, EstimatorError> {
    let features = |input: &Tensor| -> Result<Vec<f64>, EstimatorError> {
        let mut found = Vec::new();
        let mut keep = |name: &str, map: &Tensor| {
            if name == "features" {
                found = host_f64(map)?;
            }
            Ok(())
        };
        let pass = ForwardPass::new(engine).untracked().with_norm(NormMode::BatchUpdating { momentum: MOMENTUM });
        network.forward(architecture, input, &mut pass.with_feature_observer(&mut keep))?;
        Ok(found)
    };
    let (before, after) = (features(&inputs[0])?, features(&inputs[1])?);
    let change: f64 = before.iter().zip(&after).map(|(a, b)| (a - b).abs()).sum();
    let mean = |values: Vec<f64>| values.iter().sum::<f64>() / values.len() as f64;
    let variances = network.buffers().iter().filter(|buffer| buffer.name.ends_with(".running_var"));
    Ok(Sensitivity {
        change: change / inputs[0].dim(0)? as f64,
        variances: variances.map(|buffer| host_f64(&buffer.var).map(mean)).collect::<Result<_, _>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimator::newer_reference::Reference;
    use crate::estimator::tests::{batch, network, probe};
    use crate::estimator::{Reason, Score};
    use crate::images::Batch;
    use crate::net::{Init, NetConfig};
    use candle_core::{DType, Device};
    use nas_assay_base::seed::Seed;
    use nas_assay_spaces::{SpaceId, nb201};

    #[test]
    fn the_score_is_a_sum_of_logarithms() {
        let reading = Sensitivity { change: 3.0, variances: vec![4.0, 25.0] }.reading();
        assert!((reading.score.value() - libm::log(3.0 * 2.0 * 5.0)).abs() < 1e-15 * 30.0);
        let still = Sensitivity { change: 0.0, variances: vec![4.0] }.reading();
        assert_eq!(still.score, Score::NonFinite(Reason::NegativeInfinity));
        assert_eq!(still.details[1].1, Score::Finite(0.5 * libm::log(4.0)));
    }

    /// The features and variances of each pass alone, from the layers that show them: a pass that only reads the batch's statistics has the
    /// same features, and with the momentum 1 the running variances are those of the batch.
    #[test]
    fn both_passes_count_as_they_are_alone() {
        for (place, space) in SpaceId::ALL.into_iter().enumerate() {
            let (architecture, network) = network(space, 130 + place as u64);
            let fresh =
                || network.extract(architecture, DType::F64, |param| Ok(param.var.as_detached_tensor())).unwrap();
            let [a, b] = [batch(4).images, batch(4).images.affine(1.0, 0.0).unwrap().sin().unwrap()];
            let inputs = [a.clone(), (a + (b * 0.05).unwrap()).unwrap()];
            let found = sensitivity(&fresh(), architecture, Engine::Kernels, &inputs).unwrap();

            let (mut maps, mut moments) = (Vec::new(), Vec::new());
            for input in &inputs {
                let batch = Batch { images: input.clone(), labels: batch(4).labels };
                let features = probe(architecture, &network, Engine::Composed, &batch).features().unwrap();
                maps.push(host_f64(&features[features.len() - 2].1).unwrap());
                let copy = fresh();
                let mut pass = ForwardPass::new(Engine::Composed).with_norm(NormMode::BatchUpdating { momentum: 1.0 });
                copy.forward(architecture, input, &mut pass).unwrap();
                let variances = copy.buffers().iter().filter(|buffer| buffer.name.ends_with("running_var"));
                moments.push(variances.map(|buffer| host_f64(&buffer.var).unwrap()).collect::<Vec<_>>());
            }
            let change = maps[0].iter().zip(&maps[1]).map(|(a, b)| (a - b).abs()).sum::<f64>() / 4.0;
            assert!(
                change > 0.0 && (found.change / change - 1.0).abs() < 1e-8,
                "{space}: {}, not {change}",
                found.change
            );
            assert_eq!((found.variances.len(), moments[0].len()), (moments[0].len(), moments[1].len()), "{space}");
            for ((found, first), second) in found.variances.iter().zip(&moments[0]).zip(&moments[1]) {
                let channels = first.len() as f64;
                let by_hand: f64 =
                    first.iter().zip(second).map(|(a, b)| 0.81 + 0.09 * a + 0.1 * b).sum::<f64>() / channels;
                assert!((found / by_hand - 1.0).abs() < 1e-8, "{space}: {found}, not {by_hand}");
            }
        }
    }

    /// The weights and pixels of the probe do not matter; the seed, the number of images and the architecture do.
    #[test]
    fn only_the_seed_and_the_shapes_matter() {
        for (place, space) in SpaceId::ALL.into_iter().enumerate() {
            let (architecture, network) = network(space, 140 + place as u64);
            let straight = batch(4);
            let read = |batch: &Batch, seed: u64| {
                let probe = probe(architecture, &network, Engine::Kernels, batch).with_seed(Seed::root(seed));
                Zen.score(&probe).unwrap()
            };
            let score = read(&straight, 1);
            assert!(score.score.value().is_finite(), "{space}");
            let zeros = Batch { images: straight.images.zeros_like().unwrap(), labels: straight.labels.clone() };
            assert_eq!(read(&zeros, 1), score, "{space}");
            for param in network.params() {
                param.var.set(&(param.var.as_tensor() * 3.0).unwrap()).unwrap();
            }
            assert_eq!(read(&straight, 1), score, "{space}");
            assert_ne!(read(&straight, 2).score, score.score, "{space}");
            assert_ne!(read(&batch(5), 1).score, score.score, "{space}");
        }
    }

    #[test]
    fn a_cell_without_a_path_shows_no_change() {
        let text = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|";
        let architecture = Architecture::parse(SpaceId::Nb201, text).unwrap();
        let skeleton = nb201::Skeleton { channels: 4, cells: 1, resolution: 8, ..nb201::Skeleton::default() }.into();
        let config = NetConfig { skeleton, dtype: DType::F64, device: Device::Cpu };
        let network = Network::stand_alone(architecture, &config, Init::Seeded(Seed::root(1))).unwrap();
        let batch = batch(4);
        let reading = Zen.score(&probe(architecture, &network, Engine::Kernels, &batch)).unwrap();
        assert_eq!(reading.score, Score::NonFinite(Reason::NegativeInfinity));
    }

    /// With the network's own weights, its images for the first input, and the same in reverse order for what is mixed in.
    #[test]
    fn the_deterministic_part_agrees_with_pytorch() {
        let compared = Reference::all().into_iter().filter(|reference| {
            let Reference { architecture, network, images, .. } = reference;
            let mixed = (images + (images.flip(&[0]).unwrap() * MIX).unwrap()).unwrap();
            let found = sensitivity(network, *architecture, Engine::Kernels, &[images.clone(), mixed]).unwrap();
            reference.agrees(META.id, found.reading().score.value())
        });
        assert_eq!(compared.count(), 20);
    }
}
