//! The sum of each layer's saliencies, divided by their standard deviation.
//!
//! # Formula
//! `Σ_l (Σ_w s_w) / std_w(s)` over convolution and linear layers `l` and their weights `w`. `s = |∂R/∂|W| ⊙ |W||` is
//! the saliency of [`synflow`](super::synflow). `std` is the sample standard deviation (divided by `n − 1`). If it is
//! 0, or the layer has one weight, the layer adds `Σ_w s_w`.
//!
//! # Shapes
//! No batch: one image `[1, 3, resolution, resolution]` of ones.
//!
//! # Source
//! Code of the zero-shot estimators of `alethiometer`, where it is one factor of T-CET.
//!
//! # Known traps
//! The ratio does not depend on the scale of a layer's saliencies, so the score is mostly a count of weights. A layer
//! of `n` weights adds `n / c`. Here `c` is the coefficient of variation of its saliencies: their deviation divided by
//! their mean. Only layers whose saliencies are all equal keep their scale. Layers without any flow are such layers.
//!
//! The computed deviation of equal numbers may be rounding instead of 0. So saliencies count as equal only if the
//! numbers themselves are.

use crate::estimator::probe::WeightGradient;
use crate::estimator::{Estimator, EstimatorError, EstimatorKind, Meta, Need, Probe, Reading, ToleranceClass};
use nas_assay_criteria::Direction;

/// Sum over layers of the saliencies, divided by their deviation.
pub struct SnrSynflow;

const META: Meta<'static> = Meta {
    id: "snr_synflow",
    version: 1,
    direction: Direction::Higher,
    kind: EstimatorKind::ZeroShot,
    needs: &[Need::Synflow],
    tolerance: ToleranceClass::Numeric,
    summary: "Sum over layers of the SynFlow saliency divided by its standard deviation, without data.",
    formula: "sum over layers of (sum s)/(std s), s = |dR/d|W| * |W||; sum s where std is 0",
    source: "alethiometer (code), a factor of T-CET; Tanaka et al., NeurIPS 2020",
};

impl Estimator for SnrSynflow {
    fn meta(&self) -> Meta<'_> {
        META
    }

    fn score(&self, probe: &Probe<'_>) -> Result<Reading, EstimatorError> {
        Ok(Reading::plain(probe.synflow()?.iter().map(|layer| signal_to_noise(&saliencies(layer))).sum()))
    }
}

/// The saliency of every weight of a layer.
pub(super) fn saliencies(layer: &WeightGradient) -> Vec<f64> {
    layer.gradient.iter().zip(&layer.weight).map(|(g, w)| (g * w).abs()).collect()
}

/// The sum over the sample standard deviation; the sum alone if all terms are equal.
pub(super) fn signal_to_noise(terms: &[f64]) -> f64 {
    let sum: f64 = terms.iter().sum();
    if terms.windows(2).all(|pair| pair[0] == pair[1]) {
        return sum;
    }
    let mean = sum / terms.len() as f64;
    let squares: f64 = terms.iter().map(|term| (term - mean) * (term - mean)).sum();
    let deviation = (squares / (terms.len() - 1) as f64).sqrt();
    // The deviation of terms below 1e-162 is too small for a number.
    if deviation == 0.0 { sum } else { sum / deviation }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimator::tests::{batch, network, probe, scores};
    use crate::estimator::zeroshot::by_hand;
    use crate::net::Engine;
    use nas_assay_spaces::SpaceId;
    use proptest::prelude::*;

    #[test]
    fn layers_are_summed_in_units_of_their_deviation() {
        // Saliencies of 3 and 8, of deviation 5/√2, and of 1, 0.5 and 4, of mean 11/6 and variance 43/12.
        let found: Vec<f64> = by_hand::layers().iter().map(|layer| signal_to_noise(&saliencies(layer))).collect();
        for (found, by_hand) in found.iter().zip([11.0 * 2.0_f64.sqrt() / 5.0, 5.5 / (43.0_f64 / 12.0).sqrt()]) {
            assert!((found - by_hand).abs() < 1e-14 * by_hand, "{found}, not {by_hand}");
        }
    }

    /// The mean of three times 0.1 is not 0.1 in floating point, so their deviation would be rounding.
    #[test]
    fn equal_saliencies_count_their_sum() {
        assert_eq!(signal_to_noise(&[0.1; 3]), 0.1 + 0.1 + 0.1);
        assert_eq!(signal_to_noise(&[7.0]), 7.0);
        assert_eq!((signal_to_noise(&[0.0; 5]), signal_to_noise(&[])), (0.0, 0.0));
    }

    proptest! {
        /// The scale of a layer does not matter; a power of two changes not even a bit.
        #[test]
        fn a_ratio_has_no_scale(saliencies in prop::collection::vec(0.0..1.0_f64, 2..40), power in -60..60_i32) {
            prop_assume!(saliencies.windows(2).any(|pair| pair[0] != pair[1]));
            let scaled: Vec<f64> = saliencies.iter().map(|s| s * 2.0_f64.powi(power)).collect();
            prop_assert_eq!(signal_to_noise(&scaled), signal_to_noise(&saliencies));
        }
    }

    /// A classifier of eight times the weights carries eight times the flow through every layer. `synflow` sees it, this score does not.
    #[test]
    fn the_strength_of_the_flow_does_not_matter() {
        let batch = batch(2);
        for (place, space) in SpaceId::ALL.into_iter().enumerate() {
            let (architecture, network) = network(space, 80 + place as u64);
            let read = || scores(&probe(architecture, &network, Engine::Kernels, &batch), &["synflow", "snr_synflow"]);
            let before = read();
            let classifier = &network.params().get("classifier.weight").unwrap().var;
            classifier.set(&(classifier.as_tensor() * 8.0).unwrap()).unwrap();
            let after = read();
            assert!((after[0] / before[0] - 8.0).abs() < 1e-9, "{space}: {before:?} and {after:?}");
            assert!((after[1] / before[1] - 1.0).abs() < 1e-9, "{space}: {before:?} and {after:?}");
        }
    }

    #[test]
    fn ratios_by_hand() {
        // Mean 2, variance 2/1 with n − 1.
        assert!((signal_to_noise(&[1.0, 3.0]) - 4.0 / 2f64.sqrt()).abs() < 1e-15);
        assert!((signal_to_noise(&[1.0, 2.0, 3.0, 6.0]) - 12.0 / (14.0_f64 / 3.0).sqrt()).abs() < 1e-14);
        for equal in [&[][..], &[5.0], &[0.1; 3], &[0.0; 4]] {
            assert_eq!(signal_to_noise(equal), equal.iter().sum::<f64>(), "{equal:?}");
        }
    }

    proptest! {
        #[test]
        fn the_scale_of_saliencies_is_taken_away(
            terms in prop::collection::vec(0..1000_u32, 2..40),
            power in -60..60_i32,
        ) {
            let terms: Vec<f64> = terms.into_iter().map(f64::from).collect();
            let scaled: Vec<f64> = terms.iter().map(|term| term * 2f64.powi(power)).collect();
            prop_assert_eq!(signal_to_noise(&scaled), signal_to_noise(&terms));
            // A constant that is added to all is not taken away: the deviation stays, and the sum grows.
            let moved: Vec<f64> = terms.iter().map(|term| term + 1.0).collect();
            prop_assert!(signal_to_noise(&moved) > signal_to_noise(&terms));
        }
    }
}
