//! Counts that need no network. An estimator that does not rank better than they do is not worth its price.
//!
//! # Formula
//! - `params`: elements of all convolution and linear weights, biases and batch-norm scales and shifts;
//! - `flops`: multiply-accumulates of convolutions and the linear layer, for one image;
//! - `relu_count`: calls of ReLU, whatever the size of their input;
//!
//! each over the edges that are executed.
//!
//! # Shapes
//! No images and no weights: counts of the architecture in its skeleton.
//!
//! # Source
//! Ning et al., NeurIPS 2021, baselines.
//!
//! # Known traps
//! Dead edges do not count, so `params` is below the number in tables that count every written operation. Ties are many: 28 levels over
//! the 6,466 representatives of NAS-Bench-201. The field says FLOPs and counts multiply-accumulates; pools, batch-norm, ReLU and sums are
//! free, and on NAS-Bench-201 the ranking is that of `params`. Every convolution edge has a ReLU of its own.

use super::{Estimator, EstimatorError, EstimatorKind, Meta, Need, Probe, Reading, ToleranceClass};
use nas_assay_criteria::Direction;
use nas_assay_spaces::Census;

/// A count of an architecture: more is taken to be better.
pub struct Count {
    meta: Meta<'static>,
    of: fn(&Census) -> u64,
}

/// What all counts have in common.
const META: Meta<'static> = Meta {
    id: "",
    version: 1,
    direction: Direction::Higher,
    kind: EstimatorKind::Baseline,
    needs: &[Need::Census],
    tolerance: ToleranceClass::Exact,
    summary: "",
    formula: "",
    source: "Ning et al., NeurIPS 2021 (arXiv 2008.03064), baselines",
};

/// Number of trained parameters.
pub const PARAMS: Count = Count {
    meta: Meta {
        id: "params",
        summary: "Number of trained parameters.",
        formula: "elements of all parameters of executed edges",
        ..META
    },
    of: |census| census.params,
};

/// Number of multiply-accumulates for one image.
pub const FLOPS: Count = Count {
    meta: Meta {
        id: "flops",
        summary: "Number of multiply-accumulates of one forward pass.",
        formula: "multiply-accumulates of convolutions and linear layers of executed edges, an image",
        ..META
    },
    of: |census| census.flops,
};

/// Number of ReLUs executed.
pub const RELU_COUNT: Count = Count {
    meta: Meta {
        id: "relu_count",
        summary: "Number of ReLUs executed in one forward pass.",
        formula: "ReLU calls of executed edges",
        ..META
    },
    of: |census| census.relu_calls,
};

impl Estimator for Count {
    fn meta(&self) -> Meta<'_> {
        self.meta
    }

    fn score(&self, probe: &Probe<'_>) -> Result<Reading, EstimatorError> {
        Ok(Reading::plain((self.of)(&probe.census()?) as f64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nas_assay_spaces::{Architecture, SpaceId, nb201};

    /// The counts of one cell in the benchmark's own network (16 channels, 5 cells a stage), added up by hand.
    #[test]
    fn the_scores_are_the_counts_of_the_census() {
        let text = "|nor_conv_3x3~0|+|nor_conv_1x1~0|none~1|+|none~0|skip_connect~1|avg_pool_3x3~2|";
        let architecture = Architecture::parse(SpaceId::Nb201, text).unwrap();
        let probe = Probe::counting(architecture, nb201::Skeleton::default().into());
        for (count, by_hand) in [(PARAMS, 342_106.0), (FLOPS, 47_104_640.0), (RELU_COUNT, 35.0)] {
            assert_eq!(count.score(&probe).unwrap(), Reading::plain(by_hand), "{}", count.meta().id);
        }
    }
}
