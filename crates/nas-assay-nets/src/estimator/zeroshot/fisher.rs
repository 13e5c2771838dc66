//! Empirical Fisher information of the output channels.
//!
//! # Formula
//! The score is `Σ a_c f_c` over every output channel `c` of every convolution and of the classifier.
//! - `a_c = 1/2 mean_n (Σ y ∂L/∂y)²`. The sum is over the pixels `y` of the channel in image `n`, before batch-norm.
//! - `f_c` is the number of elements of the layer's weight per output channel.
//! - `L` is the mean cross-entropy of one batch.
//!
//! # Shapes
//! One labelled batch. The score depends on its size through batch-norm, and because `L` is a mean.
//!
//! # Source
//! Theis et al., Faster gaze prediction with dense networks and Fisher pruning, 2018; Turner et al., `BlockSwap`, ICLR
//! 2020; as an estimator Abdelfattah et al., ICLR 2021, and its code.
//!
//! # Known traps
//! The code of Abdelfattah et al. first expands the number of a channel to the shape of the weight, and then takes the
//! sum. So the number counts once for every element. This is the factor `f_c`.
//!
//! With batch-norm, the sum of `y ∂L/∂y` over all images and pixels of a channel is 0. The sum over one image, which is
//! squared here, is not 0.

use crate::estimator::probe::ChannelSaliencies;
use crate::estimator::{Estimator, EstimatorError, EstimatorKind, Meta, Need, Probe, Reading, ToleranceClass};
use nas_assay_criteria::Direction;

/// Sum of the Fisher information of the channels. Each channel counts once for every element of its weight.
pub struct Fisher;

const META: Meta<'static> = Meta {
    id: "fisher",
    version: 1,
    direction: Direction::Higher,
    kind: EstimatorKind::ZeroShot,
    needs: &[Need::ChannelSaliencies],
    tolerance: ToleranceClass::Numeric,
    summary: "Empirical Fisher information of the output channels of all layers.",
    formula: "sum over channels of fan-in * 1/2 mean_n (sum over pixels of y dL/dy)^2, y before batch-norm",
    source: "Abdelfattah et al., Zero-Cost Proxies for Lightweight NAS, ICLR 2021; Turner et al., BlockSwap, ICLR 2020",
};

impl Estimator for Fisher {
    fn meta(&self) -> Meta<'_> {
        META
    }

    fn score(&self, probe: &Probe<'_>) -> Result<Reading, EstimatorError> {
        Ok(Reading::plain(probe.channel_saliencies()?.iter().map(information).sum()))
    }
}

/// The sum over the channels of one layer.
fn information(layer: &ChannelSaliencies) -> f64 {
    let squares: f64 = layer.rows.iter().flatten().map(|sum| sum * sum).sum();
    0.5 * squares / layer.rows.len() as f64 * layer.fan_in as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_count_as_often_as_their_weights_have_elements() {
        let layer = ChannelSaliencies { fan_in: 9, rows: vec![vec![1.0, -2.0], vec![3.0, 0.0]] };
        assert_eq!(information(&layer), 9.0 * 0.5 * (10.0 / 2.0 + 4.0 / 2.0));
    }
}
