//! How much the norm of the gradient changes when weights are removed: gradient signal preservation.
//!
//! # Formula
//! `Σ -W ⊙ H g` over all elements of convolution and linear weights. `g = ∂L/∂W` is the gradient, and `H` is the matrix
//! of second derivatives of `L` by the same weights. `L` is the mean cross-entropy of one batch.
//!
//! # Shapes
//! One labelled batch. The score depends on its size through batch-norm.
//!
//! # Source
//! Wang et al., Picking Winning Tickets Before Training by Preserving Gradient Flow, ICLR 2020; as an estimator
//! Abdelfattah et al., ICLR 2021, and its code (one iteration, temperature 1).
//!
//! # Known traps
//! The product `H g` is exact: a second backward pass goes through the first one. The score can be positive or
//! negative. If gradients explode, no digit of the score is correct in single precision.

use crate::estimator::probe::WeightGradient;
use crate::estimator::zeroshot::sum_over_elements;
use crate::estimator::{Estimator, EstimatorError, EstimatorKind, Meta, Need, Probe, Reading, ToleranceClass};
use nas_assay_criteria::Direction;

/// Negated sum of the weights times the Hessian-gradient product.
pub struct Grasp;

const META: Meta<'static> = Meta {
    id: "grasp",
    version: 1,
    direction: Direction::Higher,
    kind: EstimatorKind::ZeroShot,
    needs: &[Need::HessianGradients],
    tolerance: ToleranceClass::Numeric,
    summary: "What removing weights does to the norm of the gradient.",
    formula: "-sum W * (H g), g = dL/dW, H = d2L/dW2",
    source: "Abdelfattah et al., Zero-Cost Proxies for Lightweight NAS, ICLR 2021; Wang et al., GraSP, ICLR 2020",
};

impl Estimator for Grasp {
    fn meta(&self) -> Meta<'_> {
        META
    }

    fn score(&self, probe: &Probe<'_>) -> Result<Reading, EstimatorError> {
        Ok(Reading::plain(preserved(probe.hessian_gradients()?)))
    }
}

/// The score from the weights and their products `H g`.
fn preserved(products: &[WeightGradient]) -> f64 {
    sum_over_elements(products, |hg, w| -hg * w)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimator::zeroshot::by_hand;

    #[test]
    fn signs_are_turned_and_kept() {
        assert_eq!(preserved(&by_hand::layers()), -3.0 + 8.0 - 1.0 - 0.5 + 4.0);
    }
}
