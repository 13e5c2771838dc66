//! The cases `nb101_*`: the supernet of NAS-Bench-1Shot1 at the size of the paper, running one architecture that uses all blocks.

use candle_core::{Error, Result};
use nas_assay::space::nb101::{Skeleton, Supernet};
use nas_assay::space::{Architecture, SpaceId};

use super::{SGD, active, evaluation, supernet, training_step};

/// The cases without their numbers of threads. `dense` means that the input of the cell also feeds its output.
pub const CASES: [&str; 4] = ["nb101_step", "nb101_evaluation", "nb101_dense_step", "nb101_dense_evaluation"];

/// The edges are 0→1→2→3→4→5→output with 0→4, 2→5, and 3→output (sparse) or 0→output (dense).
const OPERATIONS: &str = "input|conv3x3-bn-relu|conv1x1-bn-relu|maxpool3x3|conv3x3-bn-relu|conv1x1-bn-relu|output";
const SPARSE: &str = "0100100001000000010100000101000001000000010000000";
const DENSE: &str = "0100101001000000010100000100000001000000010000000";

/// The median time of `case`, in milliseconds.
pub fn run(case: &str) -> Result<f64> {
    let adjacency = if case.starts_with("nb101_dense") { DENSE } else { SPARSE };
    let text = format!("{adjacency}:{OPERATIONS}");
    let architecture = Architecture::parse(SpaceId::Nb101, &text).map_err(Error::wrap)?;
    let network = supernet(SpaceId::Nb101, Skeleton::Supernet(Supernet::default()))?;
    if case.contains("_evaluation") {
        return evaluation(&network, architecture);
    }
    training_step(&network, architecture, active(&network, architecture)?, SGD)
}
