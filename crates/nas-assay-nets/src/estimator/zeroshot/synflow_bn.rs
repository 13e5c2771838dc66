//! SynFlow without the removal of batch-norm.
//!
//! # Formula
//! That of [`synflow`](super::synflow), but batch-norm stays in the network. It uses the statistics of the single
//! image.
//!
//! # Shapes
//! No batch: one image `[1, 3, resolution, resolution]` of ones.
//!
//! # Source
//! Ning et al., NeurIPS 2021, and its code.
//!
//! # Known traps
//! Batch-norm removes the scale of every convolution before it. So the signed saliencies of a layer add up to 0, up to
//! the epsilon of batch-norm. They are not the flows along paths of `SynFlow`. On an image of ones, all variance comes
//! from zero padding.
//!
//! If the logits are an average of outputs of batch-norm, `R` is a constant and the exact score is 0. This is so in the
//! supernets of NAS-Bench-101 and NAS-Bench-301, and in some stand-alone networks of NAS-Bench-301. The computed score
//! is rounding noise of about 1e-14, which Ning et al. 2021 print and rank. Here it has the status `rounding`
//! ([`Probe::synflow_with_norm_is_rounding`]): it is not finite, and ranks worst. A score of exactly 0, as of a cell
//! without a path, has this status too.
//!
//! If a `ReLU` follows the last batch-norm, as in NAS-Bench-201, the score is sound. There, PyTorch and this project
//! agree on four networks to 1e-10.

use crate::estimator::zeroshot::sum_over_elements;
use crate::estimator::{Estimator, EstimatorError, EstimatorKind, Meta, Need, Probe, Reading, ToleranceClass};
use nas_assay_criteria::Direction;

/// Sum of the synaptic saliencies of all weights, with batch-norm.
pub struct SynflowBn;

const META: Meta<'static> = Meta {
    id: "synflow_bn",
    version: 2,
    direction: Direction::Higher,
    kind: EstimatorKind::ZeroShot,
    needs: &[Need::SynflowWithNorm],
    tolerance: ToleranceClass::Numeric,
    summary: "SynFlow with batch-norm left in the network.",
    formula: "sum |dR/d|W| * |W||, R = sum of logits at |W|, with batch-norm, on an image of ones",
    source: "Ning et al., NeurIPS 2021 (code)",
};

impl Estimator for SynflowBn {
    fn meta(&self) -> Meta<'_> {
        META
    }

    fn score(&self, probe: &Probe<'_>) -> Result<Reading, EstimatorError> {
        if probe.synflow_with_norm_is_rounding()? {
            return Ok(Reading::rounding());
        }
        let raw = sum_over_elements(probe.synflow_with_norm()?, |g, w| (g * w).abs());
        Ok(Reading::plain(raw).with("log", libm::log(raw)))
    }
}
