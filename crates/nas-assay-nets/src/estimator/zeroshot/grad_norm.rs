//! Sum over layers of the norm of the loss gradient.
//!
//! # Formula
//! `Σ_l ‖∂L/∂W_l‖₂` over convolution and linear weights `W_l`. `L` is the mean cross-entropy of one batch.
//!
//! # Shapes
//! One labelled batch. The score depends on its size through batch-norm.
//!
//! # Source
//! Abdelfattah et al., ICLR 2021, and its code.
//!
//! # Known traps
//! The score is the sum of the norms of the layers. It is not squared, and it is not the norm of all gradients
//! together. Biases and batch-norm do not count. On deep chains without a skip, gradients explode. There the error in
//! single precision is about one percent.

use crate::estimator::probe::WeightGradient;
use crate::estimator::{Estimator, EstimatorError, EstimatorKind, Meta, Need, Probe, Reading, ToleranceClass};
use nas_assay_criteria::Direction;

/// Sum over layers of the norm of the loss gradient.
pub struct GradNorm;

const META: Meta<'static> = Meta {
    id: "grad_norm",
    version: 1,
    direction: Direction::Higher,
    kind: EstimatorKind::ZeroShot,
    needs: &[Need::LossGradients],
    tolerance: ToleranceClass::Numeric,
    summary: "Sum over layers of the L2 norm of the loss gradient.",
    formula: "sum over layers of ||dL/dW||_2",
    source: "Abdelfattah et al., Zero-Cost Proxies for Lightweight NAS, ICLR 2021",
};

impl Estimator for GradNorm {
    fn meta(&self) -> Meta<'_> {
        META
    }

    fn score(&self, probe: &Probe<'_>) -> Result<Reading, EstimatorError> {
        Ok(Reading::plain(sum_of_norms(probe.loss_gradients()?)))
    }
}

fn sum_of_norms(gradients: &[WeightGradient]) -> f64 {
    gradients.iter().map(|layer| super::norm(&layer.gradient)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimator::zeroshot::by_hand;

    #[test]
    fn norms_are_summed_layer_by_layer() {
        assert_eq!(Reading::plain(sum_of_norms(&by_hand::layers())), Reading::plain(5.0 + 3.0));
    }
}
