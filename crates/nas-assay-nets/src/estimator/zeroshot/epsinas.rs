//! How much the logits of the network differ between two constants for all of its weights.
//!
//! # Formula
//! `mean |p_a − p_b| / mean(p)`, with `a = 1e-4` and `b = 1`.
//!
//! All weights of convolutions and linear layers and all scales of batch-norm are set to a constant `c`. All biases and
//! shifts are set to 0. This gives the logits `z` of a batch. They are brought to the range from 0 to 1:
//! `p_c = (z − min z) / (max z − min z)`, over all logits of the batch.
//!
//! Elements that are 0 are left out. The mean of differences uses those that both `p` have. The mean of `p` uses all
//! that are left of `p_a` and `p_b`.
//!
//! # Shapes
//! One batch of `n` images; labels are not used. `p_c` is `[n, classes]`.
//!
//! # Source
//! Gracheva, Trainless model performance estimation based on random weights initialisations for neural architecture
//! search, Array 2021; code egracheva/epsinas.
//!
//! # Known traps
//! The score does not depend on the network's own weights, only on the architecture and the batch. Batch-norm uses the
//! statistics of the batch. With equal weights, all channels of a layer are equal, and so are all logits of an image.
//!
//! The source chooses the constants for each space. It tries some pairs, beginning with 1e-7 and 1. It takes the first
//! pair that leaves fewer than a tenth of 100 drawn architectures without a score. It computes in f32.
//!
//! Here one pair is used for all spaces, and all numbers are computed in f64. At most 2 of 100 drawn architectures of
//! each space have no score. With 1e-7, long chains of convolutions and scales leave the range of f64 too. No
//! accuracies were used for this choice.
//!
//! If all paths through the network have the same layers, the two constants give logits that differ only by a scale.
//! Then the score is exactly 0, because differences as small as rounding count as 0. This is so for about a sixth of
//! the cells of NAS-Bench-101, and for none of 100 drawn architectures of each other space.
//!
//! If all logits are equal up to rounding, as in a cell without a path, they have no range. Then the score is NaN.

use crate::estimator::{Estimator, EstimatorError, EstimatorKind, Meta, Need, Probe, Reading, ToleranceClass};
use crate::net::{Role, host_f64};
use candle_core::DType;
use nas_assay_criteria::Direction;

/// Difference of the logits between two constants for all weights.
pub struct Epsinas;

const META: Meta<'static> = Meta {
    id: "epsinas",
    version: 1,
    direction: Direction::Higher,
    kind: EstimatorKind::ZeroShot,
    needs: &[Need::OwnPasses],
    tolerance: ToleranceClass::Numeric,
    summary: "Difference of the logits between two constants for all weights, relative to their mean.",
    formula: "mean |p_a - p_b| / mean(p), p_c = logits at all weights c in the range 0 to 1; a = 1e-4, b = 1",
    source: "Gracheva, Array 2021 (code egracheva/epsinas)",
};

/// The two values of all weights.
const CONSTANTS: [f64; 2] = [1e-4, 1.0];

/// A range of logits below this part of the largest is rounding, and so is a mean difference in a range of 1.
const ROUNDING: f64 = 1e-12;

impl Estimator for Epsinas {
    fn meta(&self) -> Meta<'_> {
        META
    }

    fn score(&self, probe: &Probe<'_>) -> Result<Reading, EstimatorError> {
        let [a, b] = CONSTANTS;
        Ok(Reading::plain(difference(&logits(probe, a)?, &logits(probe, b)?)))
    }
}

/// The logits of the batch, row by row, if all weights and scales are `constant`, and all biases and shifts 0.
fn logits(probe: &Probe<'_>, constant: f64) -> Result<Vec<f64>, EstimatorError> {
    let network = probe.with_weights(DType::F64, |param| {
        let value = match param.role {
            Role::ConvWeight | Role::LinearWeight | Role::NormScale => constant,
            Role::LinearBias | Role::NormShift => 0.0,
        };
        param.var.zeros_like()?.to_dtype(DType::F64)?.affine(0.0, value)
    })?;
    let images = probe.batch()?.images.to_dtype(DType::F64)?;
    let logits = network.forward(probe.architecture(), &images, &mut probe.own_pass().untracked())?;
    Ok(host_f64(&logits)?)
}

/// The score of two rows of logits. It is NaN if one of them has no range.
fn difference(a: &[f64], b: &[f64]) -> f64 {
    let (Some(a), Some(b)) = (in_range(a), in_range(b)) else { return f64::NAN };
    let both = a.iter().zip(&b).filter(|(a, b)| **a != 0.0 && **b != 0.0).map(|(a, b)| (a - b).abs());
    let any = a.iter().chain(&b).copied().filter(|p| *p != 0.0);
    let found = mean(both);
    if found < ROUNDING { 0.0 } else { found / mean(any) }
}

/// The logits in the range from 0 to 1; `None` if they are equal up to rounding, or not finite.
fn in_range(logits: &[f64]) -> Option<Vec<f64>> {
    let smallest = logits.iter().copied().fold(f64::INFINITY, f64::min);
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let range = largest - smallest;
    let sound = logits.iter().all(|logit| logit.is_finite()) && range > ROUNDING * largest.abs().max(smallest.abs());
    sound.then(|| logits.iter().map(|logit| (logit - smallest) / range).collect())
}

/// The mean; NaN if there is nothing.
fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0_usize), |(sum, count), value| (sum + value, count + 1));
    sum / count as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimator::tests::batch;
    use crate::net::{Engine, Init, NetConfig, Network};
    use candle_core::Device;
    use nas_assay_schema::spec;
    use nas_assay_spaces::{Architecture, Form, SpaceId};
    use proptest::prelude::*;

    #[test]
    fn differences_by_hand() {
        // p_a = (0, 1/2, 1), p_b = (0, 3/4, 1): the first element is missing in both. The others differ by 1/4 and 0.
        let by_hand = 0.125 / ((0.5 + 1.0 + 0.75 + 1.0) / 4.0);
        assert!((difference(&[1.0, 2.0, 3.0], &[-2.0, 4.0, 6.0]) - by_hand).abs() < 1e-15);
        // p_a = (0, 1/2, 1), p_b = (1, 0, 1/2): only the last element is in both.
        let by_hand = 0.5 / ((0.5 + 1.0 + 1.0 + 0.5) / 4.0);
        assert!((difference(&[1.0, 2.0, 3.0], &[4.0, 0.0, 2.0]) - by_hand).abs() < 1e-15);
        // With the sign turned, the logits have another shape: p_b = (1, 1/4, 0).
        let by_hand = 0.25 / ((0.5 + 1.0 + 1.0 + 0.25) / 4.0);
        assert!((difference(&[1.0, 2.0, 3.0], &[2.0, -4.0, -6.0]) - by_hand).abs() < 1e-15);
        // Of two elements that are turned, none is in both.
        assert!(difference(&[0.0, 1.0], &[1.0, 0.0]).is_nan());
    }

    #[test]
    fn logits_without_a_range_have_no_score() {
        let sound = [1.0, 2.0, 4.0];
        for flat in [[3.0; 3], [0.0; 3], [1.0, 1.0 + 1e-15, 1.0], [1.0, f64::INFINITY, 2.0], [f64::NAN, 1.0, 2.0]] {
            assert!(difference(&flat, &sound).is_nan() && difference(&sound, &flat).is_nan(), "{flat:?}");
        }
        assert_eq!(difference(&sound, &sound), 0.0);
        // A difference of rounding is none.
        assert_eq!(difference(&sound, &[1.0, 2.0 + 1e-15, 4.0]), 0.0);
        assert!(difference(&sound, &[1.0, 2.0 + 1e-9, 4.0]) > 0.0);
        // What is small as a whole has a range.
        assert_eq!(difference(&sound, &sound.map(|logit| logit * 1e-200)), 0.0);
    }

    /// Asks a probe of a network of zeros with this cell.
    fn examine<T>(space: SpaceId, cell: &str, sizes: &spec::Network, ask: impl Fn(&Probe<'_>) -> T) -> T {
        let architecture = Architecture::parse(space, cell).unwrap();
        let skeleton = sizes.skeleton(space, Form::StandAlone, 8);
        let config = NetConfig { skeleton, dtype: DType::F32, device: Device::Cpu };
        let network = Network::stand_alone(architecture, &config, Init::Zero).unwrap();
        let batch = batch(6);
        ask(&Probe::new(architecture, &network, Engine::Kernels, []).with_batch(&batch))
    }

    /// Three convolutions in a row in each of 15 cells, with scales of batch-norm.
    #[test]
    fn the_constants_keep_a_deep_chain_in_range() {
        let chain = "|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|none~0|none~1|nor_conv_3x3~2|";
        let sizes =
            spec::Network { channels: Some(4), cells: Some(5), cell_affine: Some(true), ..spec::Network::default() };
        examine(SpaceId::Nb201, chain, &sizes, |probe| {
            assert_eq!(logits(probe, 1e-7).unwrap(), [0.0; 60]);
            for constant in CONSTANTS {
                let found = in_range(&logits(probe, constant).unwrap()).unwrap();
                // All classes of an image have the same logit.
                assert!(found.chunks(10).all(|image| image.iter().all(|logit| *logit == image[0])), "{found:?}");
            }
        });
    }

    /// In the first cell, every path has the projection of the input, and no other layer with weights. In the second,
    /// some have a convolution too.
    #[test]
    fn paths_with_the_same_layers_have_the_score_zero() {
        let sizes = spec::Network { channels: Some(4), cells: Some(1), ..spec::Network::default() };
        let edges = "0110101000000000011110000010000000000000000000000:input";
        let score = |operations: &str| {
            let ask = |probe: &Probe<'_>| Epsinas.score(probe).unwrap().score.value();
            examine(SpaceId::Nb101, &format!("{edges}|conv1x1-bn-relu|{operations}|output"), &sizes, ask)
        };
        assert_eq!(score("maxpool3x3|maxpool3x3|maxpool3x3|maxpool3x3"), 0.0);
        assert!(score("conv3x3-bn-relu|maxpool3x3|maxpool3x3|maxpool3x3") > 1e-6);
    }

    proptest! {
        /// Scales and offsets of the logits are taken away, and the two constants are alike.
        #[test]
        fn only_the_shape_of_the_logits_counts(
            values in prop::collection::vec((0..1000_i32, 0..1000_i32), 3..20),
            scale in 1..50_i32,
            offset in -50..50_i32,
        ) {
            let (a, b): (Vec<f64>, Vec<f64>) = values.into_iter().map(|(a, b)| (f64::from(a), f64::from(b))).unzip();
            let found = difference(&a, &b);
            let moved: Vec<f64> = a.iter().map(|a| a * f64::from(scale) + f64::from(offset)).collect();
            for other in [difference(&moved, &b), difference(&b, &a)] {
                prop_assert!((other - found).abs() < 1e-12 || other.is_nan() && found.is_nan(), "{other} and {found}");
            }
            prop_assert!(found >= 0.0 || found.is_nan());
        }
    }
}
