//! Number of multiply-accumulates of one forward pass.
//!
//! # Formula
//! Multiply-accumulates of convolutions and the linear layer, an image, of the edges that are executed.
//!
//! # Shapes
//! No images and no weights: a count of the architecture in its skeleton.
//!
//! # Source
//! Ning et al., NeurIPS 2021, baselines.
//!
//! # Known traps
//! The field says FLOPs and counts multiply-accumulates. Pools, batch-norm, ReLU and sums are free. On NAS-Bench-201 the ranking
//! is that of `params`.

use crate::estimator::EstimatorKind;
use crate::estimator::{Estimator, EstimatorError, Meta, Need, Probe, Reading, ToleranceClass};
use nas_assay_criteria::Direction;

/// Number of multiply-accumulates an image.
pub struct Flops;

const META: Meta = Meta {
    id: "flops",
    version: 1,
    direction: Direction::Higher,
    kind: EstimatorKind::Baseline,
    needs: &[Need::Census],
    tolerance: ToleranceClass::Exact,
    summary: "Number of multiply-accumulates of one forward pass.",
    formula: "multiply-accumulates of convolutions and linear layers of executed edges, an image",
    source: "Ning et al., NeurIPS 2021 (arXiv 2008.03064), baselines",
};

impl Estimator for Flops {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn score(&self, probe: &Probe<'_>) -> Result<Reading, EstimatorError> {
        Ok(Reading::plain(probe.census()?.flops as f64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nas_assay_spaces::{Architecture, SpaceId, nb201};

    #[test]
    fn the_score_is_the_count_of_the_census() {
        let text = "|nor_conv_3x3~0|+|nor_conv_1x1~0|none~1|+|none~0|skip_connect~1|avg_pool_3x3~2|";
        let architecture = Architecture::parse(SpaceId::Nb201, text).unwrap();
        let probe = Probe::counting(architecture, nb201::Skeleton::default().into());
        let reading = Flops.score(&probe).unwrap();
        assert_eq!(reading, Reading::plain(COUNT));
    }

    /// SPEC 2.2 by hand.
    const COUNT: f64 = 47_104_640.0;
}
