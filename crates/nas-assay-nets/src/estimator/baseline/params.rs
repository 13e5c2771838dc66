//! Number of trained parameters of the network.
//!
//! # Formula
//! Elements of all convolution and linear weights, biases and batch-norm scales and shifts of the edges that are executed.
//!
//! # Shapes
//! No images and no weights: a count of the architecture in its skeleton.
//!
//! # Source
//! Ning et al., NeurIPS 2021, baselines.
//!
//! # Known traps
//! Dead edges do not count, so the number is below that of tables which list every written operation. Ties are many: 28 levels
//! over the 6,466 representatives.

use crate::estimator::EstimatorKind;
use crate::estimator::{Estimator, EstimatorError, Meta, Need, Probe, Reading, ToleranceClass};
use nas_assay_criteria::Direction;

/// Number of trained parameters.
pub struct Params;

const META: Meta = Meta {
    id: "params",
    version: 1,
    direction: Direction::Higher,
    kind: EstimatorKind::Baseline,
    needs: &[Need::Census],
    tolerance: ToleranceClass::Exact,
    summary: "Number of trained parameters.",
    formula: "elements of all parameters of executed edges",
    source: "Ning et al., NeurIPS 2021 (arXiv 2008.03064), baselines",
};

impl Estimator for Params {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn score(&self, probe: &Probe<'_>) -> Result<Reading, EstimatorError> {
        Ok(Reading::plain(probe.census()?.params as f64))
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
        let reading = Params.score(&probe).unwrap();
        assert_eq!(reading, Reading::plain(COUNT));
    }

    /// SPEC 2.2 by hand.
    const COUNT: f64 = 342_106.0;
}
