//! The cases `nds_*`: the supernets of the network design spaces at the size of the paper, running one architecture of medium size.

use candle_core::{Error, Result};
use nas_assay::net::optim::SgdConfig;
use nas_assay::space::nds::Skeleton;
use nas_assay::space::{Architecture, SpaceId};

use super::{SGD, active, evaluation, supernet, training_step};

/// The cases without their numbers of threads.
pub const CASES: [&str; 4] =
    ["nds_resnet_step", "nds_resnet_evaluation", "nds_resnext_a_step", "nds_resnext_a_evaluation"];

/// The median time of `case`, in milliseconds.
pub fn run(case: &str) -> Result<f64> {
    let (space, text) = if case.starts_with("nds_resnet_") {
        (SpaceId::NdsResnet, "d4,4,4 w64,64,128")
    } else {
        (SpaceId::NdsResnextA, "d4,4,4 w64,64,128 r0.5,0.5,0.5 g2,2,2")
    };
    let architecture = Architecture::parse(space, text).map_err(Error::wrap)?;
    let network = supernet(space, Skeleton::SUPERNET)?;
    if case.contains("_evaluation") {
        return evaluation(&network, architecture);
    }
    let config = SgdConfig { weight_decay: 5e-5, ..SGD };
    training_step(&network, architecture, active(&network, architecture)?, config)
}
