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

use super::snr_synflow::{saliencies, signal_to_noise};
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
        let (layers, codes) = (probe.synflow()?, probe.output_codes()?);
        if layers.len() != codes.len() {
            let text = format!("{} layers have saliencies, but {} have codes", layers.len(), codes.len());
            return Err(EstimatorError::other(text));
        }
        let products =
            layers.iter().zip(codes).map(|(layer, code)| code.or_zero() * signal_to_noise(&saliencies(layer)));
        Ok(Reading::plain(products.sum()))
    }
}
