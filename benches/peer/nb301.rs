//! The cases `nb301_*`: the supernet of NAS-Bench-301 at the size of the paper, running one architecture.

use candle_core::{Error, Result};
use nas_assay::net::optim::SgdConfig;
use nas_assay::space::nb301::Skeleton;
use nas_assay::space::{Architecture, SpaceId};

use super::{SGD, evaluation, supernet, training_step};

/// The cases without their numbers of threads.
pub const CASES: [&str; 2] = ["nb301_step", "nb301_evaluation"];

/// Both cells together have all seven operations. `nb301.py` builds the same architecture.
const ARCHITECTURE: &str = "sep_conv_3x3:0>2;sep_conv_5x5:1>2;dil_conv_3x3:0>3;dil_conv_5x5:2>3;max_pool_3x3:1>4;\
    skip_connect:3>4;avg_pool_3x3:0>5;sep_conv_3x3:4>5|skip_connect:0>2;skip_connect:1>2;avg_pool_3x3:1>3;\
    max_pool_3x3:2>3;sep_conv_5x5:0>4;dil_conv_3x3:2>4;dil_conv_5x5:1>5;sep_conv_3x3:2>5";

/// The median time of `case`, in milliseconds. As in `PyTorch`, weights without a gradient do not change.
pub fn run(case: &str) -> Result<f64> {
    let network = supernet(SpaceId::Nb301, Skeleton::SUPERNET)?;
    let architecture = Architecture::parse(SpaceId::Nb301, ARCHITECTURE).map_err(Error::wrap)?;
    if case.contains("_evaluation") {
        return evaluation(&network, architecture);
    }
    let config = SgdConfig { decay_unsampled: false, ..SGD };
    training_step(&network, architecture, network.params().vars(), config)
}
