//! How large the gradient of each weight is, compared with how much it differs between batches.
//!
//! # Formula
//! `Σ_l ln Σ_w m_w / σ_w` over convolution and linear layers `l`, and over their weights `w` with `σ_w ≠ 0`. Each
//! weight has two gradients of the mean cross-entropy: `g₁` of one batch and `g₂` of another. `m` is the mean of their
//! absolute values. `σ` is the standard deviation of the signed values (divided by 2). So
//! `m / σ = (|g₁| + |g₂|) / |g₁ − g₂|`. A layer without such a weight does not count.
//!
//! # Shapes
//! One labelled batch of two images or more. Its two halves are the two batches. Of an odd number, the last image is
//! left out. Each half has a forward and a backward pass of its own, and its own batch statistics. The detail
//! `weights_kept` is the number of weights with `σ ≠ 0`.
//!
//! # Source
//! Li et al., `ZiCo`, ICLR 2023, and its code.
//!
//! # Known traps
//! The search code draws two batches of 128 images, and ports to NAS-Bench-201 two of 64. Here both are from one batch,
//! so a batch of 64 gives two of 32. Two ports that halve a batch do not reset the gradients. Their second gradient is
//! `g₁ + g₂`. Here none is carried over.
//!
//! A weight whose two gradients have different signs counts 1. One whose gradients agree in sign counts more, without a
//! limit. So the score is at least `Σ_l ln n_l`, where `n_l` is the number of weights of the layer that are kept. This
//! means that it depends on the number of parameters. A few weights with nearly equal gradients decide the sum of a
//! layer. For this reason, the score has fewer correct digits than the gradients. In single precision, two
//! implementations of the layers gave scores that differed by up to 2e-4 of the score.
//!
//! The reference computes the deviation in single precision. There the squares of tiny differences are 0, which removes
//! the weight. Here the same rule decides which weights count. The numbers themselves are in double precision.
//!
//! A single image has no deviation, and its score is NaN. A half of only one image has the trap of
//! [`gradsign`](super::gradsign): exact gradients can be 0.

use crate::estimator::probe::WeightGradient;
use crate::estimator::{Estimator, EstimatorError, EstimatorKind, Meta, Need, Probe, Reading, ToleranceClass};
use crate::images::Batch;
use nas_assay_criteria::Direction;

/// Mean absolute gradients in units of their deviation between two halves of the batch.
pub struct Zico;

const META: Meta<'static> = Meta {
    id: "zico",
    version: 1,
    direction: Direction::Higher,
    kind: EstimatorKind::ZeroShot,
    needs: &[Need::OwnPasses],
    tolerance: ToleranceClass::Numeric,
    summary: "Mean absolute gradient of each weight over its deviation between the two halves of a batch.",
    formula: "sum over layers of ln sum (|g1| + |g2|)/|g1 - g2|, g1 and g2 = dL/dW of the halves of the batch",
    source: "Li et al., ZiCo: Zero-shot NAS via Inverse Coefficient of Variation on Gradients, ICLR 2023",
};

impl Estimator for Zico {
    fn meta(&self) -> Meta<'_> {
        META
    }

    fn score(&self, probe: &Probe<'_>) -> Result<Reading, EstimatorError> {
        let batch = probe.batch()?;
        let images = batch.images.dim(0)?;
        if images < 2 {
            return Ok(Reading::plain(f64::NAN).with(KEPT, 0.0));
        }
        let part = |start: usize, count: usize| -> Result<Batch, EstimatorError> {
            let images = batch.images.narrow(0, start, count)?.contiguous()?;
            Ok(Batch { images, labels: batch.labels.narrow(0, start, count)?.contiguous()? })
        };
        let halves = [part(0, images / 2)?, part(images / 2, images / 2)?];
        let of_half = |half| probe.for_needs([Need::LossGradients]).without_dropout().with_batch(half);
        let [first, second] = halves.each_ref().map(of_half);
        Ok(inverse_variation(first.loss_gradients()?, second.loss_gradients()?))
    }
}

/// The name of the detail.
const KEPT: &str = "weights_kept";

/// The score from the gradients of the two batches.
fn inverse_variation(first: &[WeightGradient], second: &[WeightGradient]) -> Reading {
    let (mut score, mut kept) = (0.0, 0_u64);
    for (a, b) in first.iter().zip(second) {
        let pairs = a.gradient.iter().zip(&b.gradient).filter(|(a, b)| deviates(**a, **b));
        let (sum, weights) = pairs.fold((0.0, 0), |(sum, weights), (a, b)| (sum + ratio(*a, *b), weights + 1));
        if weights > 0 {
            score += libm::log(sum);
            kept += weights;
        }
    }
    Reading::plain(score).with(KEPT, kept as f64)
}

/// The mean absolute value of two numbers, divided by their standard deviation.
fn ratio(a: f64, b: f64) -> f64 {
    (a.abs() + b.abs()) / (a - b).abs()
}

/// Whether the standard deviation of two numbers in single precision is anything but 0.
fn deviates(a: f64, b: f64) -> bool {
    let (a, b) = (a as f32, b as f32);
    let mean = 0.5 * (a + b);
    0.5 * ((a - mean) * (a - mean) + (b - mean) * (b - mean)) != 0.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimator::tests::{batch, network, probe};
    use crate::estimator::zeroshot::by_hand;
    use crate::net::{Engine, ForwardPass, host_f64};
    use candle_core::Tensor;
    use nas_assay_spaces::SpaceId;
    use proptest::prelude::*;

    /// The layers by hand with these gradients.
    fn layers(gradients: [&[f64]; 2]) -> Vec<WeightGradient> {
        let mut layers = by_hand::layers();
        layers.iter_mut().zip(gradients).for_each(|(layer, gradient)| layer.gradient = gradient.to_vec());
        layers
    }

    fn value(first: [&[f64]; 2], second: [&[f64]; 2]) -> (f64, f64) {
        let reading = inverse_variation(&layers(first), &layers(second));
        (reading.score.value(), reading.details[0].1.value())
    }

    #[test]
    fn layers_are_logarithms_of_sums_of_ratios() {
        // 3 and 1 have the ratio 2, opposite signs 1, and a zero beside a number 1; equal gradients do not count.
        let found = value([&[3.0, 1.0], &[2.0, 0.0, 5.0]], [&[1.0, -4.0], &[2.0, 7.0, 3.0]]);
        assert_eq!(found, (libm::log(3.0) + libm::log(1.0 + 4.0), 4.0));
        // A layer of which nothing counts adds nothing, as with the gradients of one batch alone.
        assert_eq!(value([&[0.0, 0.0], &[1.0; 3]], [&[0.0, 0.0], &[2.0; 3]]), (libm::log(9.0), 3.0));
        assert_eq!(value([&[1.0, 2.0], &[1.0; 3]], [&[1.0, 2.0], &[1.0; 3]]), (0.0, 0.0));
    }

    /// Of `1e-23` and `2e-23` the squares of the differences from the mean are below the smallest number of single precision, which is
    /// 1.4e-45. Of `1e-22` and `2e-22` they are above it.
    #[test]
    fn single_precision_decides_which_weights_count() {
        assert!(!deviates(1e-23, 2e-23) && deviates(1e-22, 2e-22));
        assert!(!deviates(1.0, 1.0 + 1e-9) && deviates(1.0, 1.0 + 1e-6));
        assert_eq!(value([&[1e-23, 1e-3], &[0.0; 3]], [&[2e-23, 3e-3], &[0.0; 3]]), (libm::log(2.0), 1.0));
    }

    proptest! {
        /// The ratio is that of the definition, by mean and deviation.
        #[test]
        fn two_batches_have_a_short_formula(a in -1.0..1.0_f64, b in -1.0..1.0_f64) {
            prop_assume!((a - b).abs() > 1e-6);
            let mean = f64::midpoint(a, b);
            let deviation = f64::midpoint((a - mean) * (a - mean), (b - mean) * (b - mean)).sqrt();
            let by_definition = f64::midpoint(a.abs(), b.abs()) / deviation;
            prop_assert!((ratio(a, b) - by_definition).abs() < 1e-9 * by_definition);
            prop_assert!(ratio(a, b) >= 1.0 - 1e-15);
        }

        /// The scale of the loss does not matter, and the score is no less than that of the numbers of weights.
        #[test]
        fn the_scale_of_the_loss_does_not_matter(
            first in prop::collection::vec(-1.0..1.0_f64, 5),
            second in prop::collection::vec(-1.0..1.0_f64, 5),
            power in -20..20_i32,
        ) {
            let scaled = |values: &[f64]| values.iter().map(|g| g * 2.0_f64.powi(power)).collect::<Vec<_>>();
            let (a, b) = (scaled(&first), scaled(&second));
            let score = value([&first[..2], &first[2..]], [&second[..2], &second[2..]]);
            prop_assert_eq!(value([&a[..2], &a[2..]], [&b[..2], &b[2..]]), score);
            prop_assert!(score.1 < 5.0 || score.0 >= libm::log(2.0) + libm::log(3.0) - 1e-12);
        }
    }

    /// In every space: the halves may be exchanged; other halves of the same images give another score; and the gradients are those that
    /// each half has alone.
    #[test]
    fn each_half_is_a_batch_of_its_own() {
        for (place, space) in SpaceId::ALL.into_iter().enumerate() {
            let (architecture, network) = network(space, 100 + place as u64);
            let straight = batch(8);
            let read = |order: [u32; 8]| {
                let order = Tensor::new(&order, straight.images.device()).unwrap();
                let batch = Batch {
                    images: straight.images.index_select(&order, 0).unwrap(),
                    labels: straight.labels.index_select(&order, 0).unwrap(),
                };
                Zico.score(&probe(architecture, &network, Engine::Kernels, &batch)).unwrap()
            };
            let score = read([0, 1, 2, 3, 4, 5, 6, 7]);
            assert_eq!(read([4, 5, 6, 7, 0, 1, 2, 3]), score, "{space}");
            assert_ne!(read([0, 2, 4, 6, 1, 3, 5, 7]).score, score.score, "{space}");

            let gradients = |start: usize| {
                let [images, labels] = [&straight.images, &straight.labels].map(|all| all.narrow(0, start, 4).unwrap());
                let pass = &mut ForwardPass::new(Engine::Composed);
                let logits = network.forward(architecture, &images.contiguous().unwrap(), pass).unwrap();
                let loss = Engine::Composed.cross_entropy(&logits, &labels).unwrap();
                let found = loss.backward().unwrap();
                let weights = network.params().iter().filter(|param| param.role.is_weight());
                weights.map(|param| host_f64(found.get(&param.var).unwrap()).unwrap()).collect::<Vec<_>>()
            };
            let layers = gradients(0).into_iter().zip(gradients(4));
            let of = |(a, b): (Vec<f64>, Vec<f64>)| {
                let kept = a.iter().zip(&b).filter(|(a, b)| deviates(**a, **b));
                libm::log(kept.map(|(a, b)| (a.abs() + b.abs()) / (a - b).abs()).sum::<f64>())
            };
            let by_hand: f64 = layers.map(of).sum();
            let found = score.score.value();
            assert!((found - by_hand).abs() < 1e-8 * by_hand.abs(), "{space}: {found}, not {by_hand}");
        }
    }

    #[test]
    fn a_single_image_has_no_score() {
        let (architecture, network) = network(SpaceId::Nb201, 3);
        let batch = batch(1);
        let reading = Zico.score(&probe(architecture, &network, Engine::Kernels, &batch)).unwrap();
        assert_eq!(reading.details, [(KEPT.into(), 0.0.into())]);
        assert!(reading.score.value().is_nan());
    }
}
