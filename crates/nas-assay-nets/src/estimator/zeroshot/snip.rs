//! How much the loss reacts to the removal of weights: the saliency of single-shot pruning.
//!
//! # Formula
//! `Σ |∂L/∂W ⊙ W|` over all elements of convolution and linear weights. `L` is the mean cross-entropy of one batch.
//!
//! # Shapes
//! One labelled batch. The score depends on its size through batch-norm.
//!
//! # Source
//! Lee et al., SNIP, ICLR 2019; as an estimator Abdelfattah et al., ICLR 2021, and its code.
//!
//! # Known traps
//! The code of Abdelfattah et al. multiplies the weight by a mask of ones, and takes the gradient by the mask. By the
//! chain rule this gradient is `∂L/∂W ⊙ W`, which is computed here. Chains without a skip get huge scores.

use crate::estimator::probe::WeightGradient;
use crate::estimator::zeroshot::sum_over_elements;
use crate::estimator::{Estimator, EstimatorError, EstimatorKind, Meta, Need, Probe, Reading, ToleranceClass};
use nas_assay_criteria::Direction;

/// Sum of the absolute saliencies of all weights.
pub struct Snip;

const META: Meta<'static> = Meta {
    id: "snip",
    version: 1,
    direction: Direction::Higher,
    kind: EstimatorKind::ZeroShot,
    needs: &[Need::LossGradients],
    tolerance: ToleranceClass::Numeric,
    summary: "Sum of absolute weight-times-gradient saliencies.",
    formula: "sum |dL/dW * W|",
    source: "Abdelfattah et al., Zero-Cost Proxies for Lightweight NAS, ICLR 2021; Lee et al., SNIP, ICLR 2019",
};

impl Estimator for Snip {
    fn meta(&self) -> Meta<'_> {
        META
    }

    fn score(&self, probe: &Probe<'_>) -> Result<Reading, EstimatorError> {
        Ok(Reading::plain(saliency(probe.loss_gradients()?)))
    }
}

fn saliency(gradients: &[WeightGradient]) -> f64 {
    sum_over_elements(gradients, |g, w| (g * w).abs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimator::zeroshot::by_hand;

    #[test]
    fn saliencies_do_not_cancel() {
        assert_eq!(saliency(&by_hand::layers()), 3.0 + 8.0 + 1.0 + 0.5 + 4.0);
    }
}
