//! The saliency of each layer by its signal-to-noise ratio, times how different its outputs are between images.
//!
//! # Formula
//! `Σ_l lnwot_l · snr_l` over convolution and linear layers `l`. `lnwot_l` is the term of the layer in
//! [`lnwot`](super::lnwot). `snr_l` is the sum of the saliencies `s = |W ⊙ ∂R/∂W|` of the layer's weights in
//! [`synflow`](super::synflow), divided by their standard deviation with `n − 1`. If the deviation is 0, or the layer
//! has one weight, `snr_l` is the sum.
//!
//! # Shapes
//! One batch of images for the codes, and one image `[1, 3, resolution, resolution]` of ones for the saliencies. Labels
//! are not used.
//!
//! # Source
//! Code of T-CET (iViolinSolo/zero-cost-proxies, `t_cet.py`), without its modes `log`, `log1p` and `norm`.
//!
//! # Known traps
//! Batch-norm is in the network for the codes and not for the saliencies. The source makes one list of layers for each
//! of the two, and pairs them by place: if one list is shorter, the rest is lost without a message. Here the two
//! numbers of a layer belong to one weight. The ratio has no scale: a layer with large saliencies counts as much as one
//! with small saliencies of the same shape. It grows with the number of weights `n`, being `n` times the mean in
//! standard deviations.

use crate::estimator::{Estimator, EstimatorError, EstimatorKind, Meta, Need, Probe, Reading, ToleranceClass};
use nas_assay_criteria::Direction;

/// Sum over layers of the product of the signal-to-noise ratio of saliencies and the log-determinant of output codes.
pub struct Tcet;

const META: Meta<'static> = Meta {
    id: "tcet",
    version: 1,
    direction: Direction::Higher,
    kind: EstimatorKind::ZeroShot,
    needs: &[Need::OutputCodes, Need::Synflow],
    tolerance: ToleranceClass::Numeric,
    summary: "Signal-to-noise ratio of each layer's saliencies, times the log-determinant of its output codes.",
    formula: "sum over layers of lnwot_l * sum(s) / std(s), s = |W dR/dW| of synflow",
    source: "T-CET (code, iViolinSolo/zero-cost-proxies)",
};

impl Estimator for Tcet {
    fn meta(&self) -> Meta<'_> {
        META
    }

    fn score(&self, probe: &Probe<'_>) -> Result<Reading, EstimatorError> {
        // Each has one entry for every weight, in network order. Names can differ: saliencies are those of a copy
        // without the supernet.
        let (saliencies, codes) = (probe.synflow()?, probe.output_codes()?);
        if saliencies.len() != codes.len() {
            let text = format!("{} layers have saliencies, but {} have codes", saliencies.len(), codes.len());
            return Err(EstimatorError::other(text));
        }
        let products = saliencies.iter().zip(codes).map(|(layer, code)| {
            let terms: Vec<f64> = layer.gradient.iter().zip(&layer.weight).map(|(g, w)| (g * w).abs()).collect();
            code.or_zero() * signal_to_noise(&terms)
        });
        Ok(Reading::plain(products.sum()))
    }
}

/// The sum over the standard deviation with `n − 1`; the sum alone if all terms are equal.
fn signal_to_noise(terms: &[f64]) -> f64 {
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
    use proptest::prelude::*;

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
