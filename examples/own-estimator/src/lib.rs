//! An example of your own estimator: the sum over layers of the L1 norm of the loss gradient.

use nas_assay::criteria::Direction;
use nas_assay::estimator::probe::WeightGradient;
use nas_assay::estimator::{Estimator, EstimatorError, EstimatorKind, Meta, Need, Probe, Reading, ToleranceClass};

/// Sum over layers of the L1 norm of the loss gradient.
pub struct GradL1;

impl Estimator for GradL1 {
    fn meta(&self) -> Meta<'_> {
        Meta {
            id: "grad_l1",
            version: 1, // part of the hash of each spec that names the estimator: raise it when scores change
            direction: Direction::Higher,
            kind: EstimatorKind::ZeroShot,
            needs: &[Need::LossGradients], // computed once for all estimators that ask
            tolerance: ToleranceClass::Numeric,
            summary: "Sum over layers of the L1 norm of the loss gradient.",
            formula: "sum over layers of ||dL/dW||_1",
            source: "an example",
        }
    }

    fn score(&self, probe: &Probe<'_>) -> Result<Reading, EstimatorError> {
        let layers = probe.loss_gradients()?;
        Ok(Reading::plain(total(layers)).with("layers", layers.len() as f64))
    }
}

fn total(layers: &[WeightGradient]) -> f64 {
    layers.iter().flat_map(|layer| &layer.gradient).map(|gradient| gradient.abs()).sum()
}
