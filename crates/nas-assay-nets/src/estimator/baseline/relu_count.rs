//! Number of ReLUs executed in one forward pass.
//!
//! # Formula
//! ReLU calls, whatever the size of their input.
//!
//! # Shapes
//! No images and no weights: a count of the architecture in its skeleton.
//!
//! # Source
//! Ning et al., NeurIPS 2021, baselines.
//!
//! # Known traps
//! Calls, not elements; every convolution edge has its own.

use crate::estimator::EstimatorKind;
use crate::estimator::{Estimator, EstimatorError, Meta, Need, Probe, Reading, ToleranceClass};
use nas_assay_criteria::Direction;

/// Number of ReLUs executed.
pub struct ReluCount;

const META: Meta = Meta {
    id: "relu_count",
    version: 1,
    direction: Direction::Higher,
    kind: EstimatorKind::Baseline,
    needs: &[Need::Census],
    tolerance: ToleranceClass::Exact,
    summary: "Number of ReLUs executed in one forward pass.",
    formula: "ReLU calls of executed edges",
    source: "Ning et al., NeurIPS 2021 (arXiv 2008.03064), baselines",
};

impl Estimator for ReluCount {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn score(&self, probe: &Probe<'_>) -> Result<Reading, EstimatorError> {
        Ok(Reading::plain(probe.census()?.relu_calls as f64))
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
        let reading = ReluCount.score(&probe).unwrap();
        assert_eq!(reading, Reading::plain(COUNT));
    }

    /// SPEC 2.2 by hand.
    const COUNT: f64 = 35.0;
}
