//! Signed pruning saliency.
//!
//! # Formula
//! `Σ ∂L/∂W ⊙ W` over all elements of convolution and linear weights. `L` is the mean cross-entropy of one batch.
//!
//! # Shapes
//! One labelled batch. The score depends on its size through batch-norm.
//!
//! # Source
//! Mozer and Smolensky, NIPS 1988; as an estimator Abdelfattah et al., ICLR 2021, and its code.
//!
//! # Known traps
//! Lower is better: published values are those of the negated score.
//!
//! If batch-norm with batch statistics follows a convolution, the output does not depend on the scale of the weights.
//! So the terms of the convolution cancel, up to the epsilon of batch-norm. Only the classifier and the shortcut
//! convolutions without batch-norm contribute.
//!
//! The terms that cancel have a rounding error of `ε Σ |∂L/∂W ⊙ W|`. What the others contribute is well above it: by a
//! factor of 30 or more in single precision, and of 10¹⁰ in double precision.

use crate::estimator::probe::WeightGradient;
use crate::estimator::zeroshot::sum_over_elements;
use crate::estimator::{Estimator, EstimatorError, EstimatorKind, Meta, Need, Probe, Reading, ToleranceClass};
use nas_assay_criteria::Direction;

/// Sum of the signed saliencies of all weights.
pub struct Plain;

const META: Meta<'static> = Meta {
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
    fn meta(&self) -> Meta<'_> {
        META
    }

    fn score(&self, probe: &Probe<'_>) -> Result<Reading, EstimatorError> {
        Ok(Reading::plain(saliency(probe.loss_gradients()?)))
    }
}

fn saliency(gradients: &[WeightGradient]) -> f64 {
    sum_over_elements(gradients, |g, w| g * w)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimator::zeroshot::by_hand;

    #[test]
    fn saliencies_cancel() {
        assert_eq!(saliency(&by_hand::layers()), 3.0 - 8.0 + 1.0 + 0.5 - 4.0);
    }
}
