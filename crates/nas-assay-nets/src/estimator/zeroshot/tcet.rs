//! The signal-to-noise ratio of each layer's saliencies, times how different the layer's outputs are between images.
//!
//! # Formula
//! `Σ_l lnwot_l · snr_l` over convolution and linear layers `l`. `lnwot_l` is the term of the layer in
//! [`lnwot`](super::lnwot). `snr_l` is the sum of the saliencies of the layer's weights, divided by their standard
//! deviation with `n − 1`. The saliencies are `s = |W ⊙ ∂R/∂W|`, as in [`synflow`](super::synflow). If the deviation is
//! 0, or the layer has one weight, `snr_l` is the sum.
//!
//! # Shapes
//! One batch of images for the codes, and one image `[1, 3, resolution, resolution]` of ones for the saliencies. Labels
//! are not used.
//!
//! # Source
//! Code of T-CET (iViolinSolo/zero-cost-proxies, `t_cet.py`), without its modes `log`, `log1p` and `norm`.
//!
//! # Known traps
//! For the codes, batch-norm is in the network. For the saliencies, it is not.
//!
//! The source makes one list of layers for each of the two, and pairs them by place. If one list is shorter, the rest
//! of the other is lost without a message. Here both numbers of a pair belong to the same weight.
//!
//! The ratio has no scale: it does not matter whether a layer's saliencies are all large or all small. But it grows
//! with the number of weights `n`. It is `n` times the mean saliency, in standard deviations.

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
