//! Counts that need no network. An estimator should rank better than these counts to be worth its cost.
//!
//! # Formula
//! - `params`: the number of elements of all convolution and linear weights, biases, and batch-norm scales and shifts;
//! - `flops`: the number of multiply-accumulates of convolutions and the linear layer, for one image;
//! - `relu_count`: the number of calls of ReLU in one forward pass, with inputs of any size.
//!
//! Only edges that are executed count: those on a path from a cell's input to its output.
//!
//! # Shapes
//! No images and no weights. The counts depend on the architecture and its skeleton.
//!
//! # Source
//! Ning et al., NeurIPS 2021, baselines.
//!
//! # Known traps
//! Dead edges are those that are not executed. They do not count, so `params` is lower than in tables that count every
//! operation of the encoding. There are many ties: the 6,466 representatives of NAS-Bench-201 have 28 different values.
//!
//! The literature writes FLOPs for multiply-accumulates. Pools, batch-norm, ReLU and sums are not counted. On
//! NAS-Bench-201, `flops` ranks as `params` does.
//!
//! Every convolution edge has its own ReLU. Code that goes over all modules of a network also counts the ReLUs of dead
//! edges. The code of zero-cost-nas does so for its measures. There, `relu_count` depends on operations that have no
//! effect on the output, and differs between encodings of the same network. Here it is the number of ReLUs that are
//! executed. The two agree if no edge with a convolution is dead.

use super::{Estimator, EstimatorError, EstimatorKind, Meta, Need, Probe, Reading, ToleranceClass};
use nas_assay_criteria::Direction;
use nas_assay_spaces::Census;

/// A count of an architecture. A higher count is assumed to be better.
pub struct Count {
    meta: Meta<'static>,
    of: fn(&Census) -> u64,
}

/// The properties that all counts share.
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

    /// The counts of one cell in the benchmark's own network (16 channels, 5 cells per stage), computed by hand.
    #[test]
    fn the_scores_are_the_counts_of_the_census() {
        let text = "|nor_conv_3x3~0|+|nor_conv_1x1~0|none~1|+|none~0|skip_connect~1|avg_pool_3x3~2|";
        let architecture = Architecture::parse(SpaceId::Nb201, text).unwrap();
        let probe = Probe::counting(architecture, nb201::Skeleton::default().into());
        for (count, by_hand) in [(PARAMS, 342_106.0), (FLOPS, 47_104_640.0), (RELU_COUNT, 35.0)] {
            assert_eq!(count.score(&probe).unwrap(), Reading::plain(by_hand), "{}", count.meta().id);
        }
    }
    /// The convolution from the cell's input to its third node leads nowhere. In 15 cells it is 15 ReLUs of 50.
    #[test]
    fn relus_of_dead_edges_are_not_executed() {
        let text = "|nor_conv_3x3~0|+|nor_conv_1x1~0|none~1|+|skip_connect~0|nor_conv_1x1~1|none~2|";
        let architecture: nb201::Architecture = text.parse().unwrap();
        let skeleton = nb201::Skeleton::default();
        let probe = Probe::counting(architecture.into(), skeleton.into());
        assert_eq!(RELU_COUNT.score(&probe).unwrap(), Reading::plain(35.0));
        assert_eq!(architecture.census_by(&skeleton, nb201::EdgeRule::Written).relu_calls, 50);
    }
}
