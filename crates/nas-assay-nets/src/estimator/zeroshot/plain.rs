//! Signed pruning saliency.
//!
//! # Formula
//! `Σ ∂L/∂W ⊙ W` over all elements of convolution and linear weights; `L` is the mean cross-entropy of one batch.
//!
//! # Shapes
//! One labelled batch; the score depends on its size through batch-norm.
//!
//! # Source
//! Mozer and Smolensky, NIPS 1988; as an estimator Abdelfattah et al., ICLR 2021, and its code.
//!
//! # Known traps
//! Lower is better: published figures are of the negated score. A convolution before a batch-norm that uses batch statistics is
//! invariant to the scale of its weights, so its terms cancel (up to the batch-norm's epsilon) and only the classifier and the
//! shortcut convolutions without batch-norm contribute. In single precision the score is mostly the rounding of that cancellation.

use crate::estimator::EstimatorKind;
use crate::estimator::zeroshot::sum_over_elements;
use crate::estimator::{Estimator, EstimatorError, Meta, Need, Probe, Reading, ToleranceClass};
use nas_assay_criteria::Direction;

/// Sum of the signed saliencies of all weights.
pub struct Plain;

const META: Meta = Meta {
    id: "plain",
    version: 1,
    direction: Direction::Lower,
    kind: EstimatorKind::ZeroShot,
    needs: &[Need::LossGradients],
    tolerance: ToleranceClass::Numeric,
    summary: "Sum of signed weight-times-gradient saliencies.",
    formula: "sum dL/dW * W",
    source: "Abdelfattah et al., Zero-Cost Proxies for Lightweight NAS, ICLR 2021; Mozer and Smolensky, NIPS 1988",
};

impl Estimator for Plain {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn score(&self, probe: &Probe<'_>) -> Result<Reading, EstimatorError> {
        Ok(Reading::plain(sum_over_elements(probe.loss_gradients()?, |g, w| g * w)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimator::zeroshot::by_hand;

    #[test]
    fn saliencies_cancel() {
        assert_eq!(
            Reading::plain(sum_over_elements(&by_hand::layers(), |g, w| g * w)),
            Reading::plain(3.0 - 8.0 + 1.0 + 0.5 - 4.0)
        );
    }
}
