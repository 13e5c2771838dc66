//! `SynFlow` with the logarithm of every gradient.
//!
//! # Formula
//! `Σ | |W| ln(1 + ∂R/∂|W|) |` over all elements of convolution and linear weights. `R` is that of
//! [`synflow`](super::synflow): the sum of the logits of a changed network. In it, every parameter is replaced by its
//! absolute value, batch-norm by the identity, and the input by ones.
//!
//! # Shapes
//! No batch: one image `[1, 3, resolution, resolution]` of ones.
//!
//! # Source
//! Cavagnero et al., `FreeREA`, WACV 2023, and its code.
//!
//! # Known traps
//! Three formulas have this name:
//! - this one;
//! - that of Auto-Prox, `Σ W |ln ∂R/∂W|`;
//! - the logarithm of the score of `SynFlow`, which is the detail `log` of `synflow`.
//!
//! The third ranks as `SynFlow` does. The other two rank otherwise.
//!
//! If all parameters and the input are at least 0, no gradient of `R` is negative. Then each logarithm is that of a
//! number from 1 up. A gradient below −1 would make the score NaN. In a cell without a path, only the classifier's
//! weights could have a gradient. Their inputs are 0, so the score is 0.

use crate::estimator::zeroshot::sum_over_elements;
use crate::estimator::{Estimator, EstimatorError, EstimatorKind, Meta, Need, Probe, Reading, ToleranceClass};
use nas_assay_criteria::Direction;

/// Sum of the weights times the logarithms of their gradients in the linearised network.
pub struct LogSynflow;

const META: Meta<'static> = Meta {
    id: "logsynflow",
    version: 1,
    direction: Direction::Higher,
    kind: EstimatorKind::ZeroShot,
    needs: &[Need::Synflow],
    tolerance: ToleranceClass::Numeric,
    summary: "SynFlow with the logarithm of every gradient, without data.",
    formula: "sum ||W| * ln(1 + dR/d|W|)|, R = sum of logits at |W|, without batch-norm, on an image of ones",
    source: "Cavagnero et al., FreeREA, WACV 2023 (code); Tanaka et al., NeurIPS 2020",
};

impl Estimator for LogSynflow {
    fn meta(&self) -> Meta<'_> {
        META
    }

    fn score(&self, probe: &Probe<'_>) -> Result<Reading, EstimatorError> {
        Ok(Reading::plain(sum_over_elements(probe.synflow()?, dampened)))
    }
}

/// The term of one weight `w` with the gradient `g`.
fn dampened(g: f64, w: f64) -> f64 {
    (w * libm::log1p(g)).abs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimator::tests::{batch, network, probe, scores};
    use crate::net::Engine;
    use nas_assay_spaces::SpaceId;
    use proptest::prelude::*;

    proptest! {
        /// `g / (1 + g) ≤ ln(1 + g) ≤ g` for every gradient that is no less than 0.
        #[test]
        fn a_term_is_no_more_than_the_saliency(g in 0.0..1e30_f64, w in 0.0..10.0_f64) {
            let term = dampened(g, w);
            prop_assert!(term <= w * g * (1.0 + 1e-15) && term >= w * (g / (1.0 + g)) * (1.0 - 1e-15), "{term}");
        }
    }

    #[test]
    fn small_gradients_keep_their_digits() {
        assert_eq!(dampened(1e-20, 3.0), 3.0 * 1e-20);
        assert_eq!(dampened(1.0, -2.0), 2.0 * std::f64::consts::LN_2);
        assert!(dampened(-1.5, 1.0).is_nan());
    }

    /// No gradient is negative in any space, and scores of zero weights are zero. A classifier of `c` times the weights has `c` times the
    /// flow, but not `c` times this score.
    #[test]
    fn gradients_are_no_less_than_zero_and_the_score_does_not_follow_the_flow() {
        let batch = batch(2);
        for (place, space) in SpaceId::ALL.into_iter().enumerate() {
            let (architecture, network) = network(space, 70 + place as u64);
            let ids = ["synflow", "logsynflow"];
            let read = || {
                let probe = probe(architecture, &network, Engine::Kernels, &batch);
                let lowest =
                    probe.synflow().unwrap().iter().flat_map(|layer| &layer.gradient).fold(0.0, |l, g| g.min(l));
                assert_eq!(lowest, 0.0, "{space}");
                scores(&probe, &ids)
            };
            let before = read();
            let classifier = &network.params().get("classifier.weight").unwrap().var;
            classifier.set(&(classifier.as_tensor() * 8.0).unwrap()).unwrap();
            let after = read();
            assert!((after[0] / before[0] - 8.0).abs() < 1e-9, "{space}: {before:?} and {after:?}");
            let factor = after[1] / before[1];
            assert!(factor > 1.01 && factor < 7.99, "{space}: {before:?} and {after:?}");
        }
    }
}
