//! The supernet of NAS-Bench-301 at the paper's size, running one architecture.

use std::hint::black_box;

use candle_core::{DType, Device, Error, Result, Var};
use nas_assay::net::nb301::Nb301;
use nas_assay::net::optim::{Sgd, SgdConfig};
use nas_assay::net::{Engine, Init, Pass};
use nas_assay::seed::Seed;
use nas_assay::space::nb301::{Architecture, Skeleton};

use super::{BATCH, labels, median, random};

/// The case of a training step, less the number of threads.
pub const STEP: &str = "nb301_step";

/// The case of an evaluation, less the number of threads.
pub const EVALUATION: &str = "nb301_evaluation";

/// All seven operations in either cell; `nb301.py` builds the same.
const ARCHITECTURE: &str = "sep_conv_3x3:0>2;sep_conv_5x5:1>2;dil_conv_3x3:0>3;dil_conv_5x5:2>3;max_pool_3x3:1>4;\
    skip_connect:3>4;avg_pool_3x3:0>5;sep_conv_3x3:4>5|skip_connect:0>2;skip_connect:1>2;avg_pool_3x3:1>3;\
    max_pool_3x3:2>3;sep_conv_5x5:0>4;dil_conv_3x3:2>4;dil_conv_5x5:1>5;sep_conv_3x3:2>5";

fn supernet() -> Result<(Nb301, Architecture)> {
    let init = Init::Seeded(Seed::root(1));
    let network = Nb301::supernet(Skeleton::SUPERNET, init, DType::F32, &Device::Cpu)?;
    Ok((network, ARCHITECTURE.parse().map_err(Error::wrap)?))
}

/// Forward, backward and an SGD step at batch 64. Weights without a gradient stay as they are, as in `PyTorch`.
pub fn step() -> Result<f64> {
    let (network, architecture) = supernet()?;
    let (images, labels) = (random("images", &[BATCH, 3, 32, 32])?, labels()?);
    let vars: Vec<Var> = network.params().vars();
    let config = SgdConfig { momentum: 0.9, weight_decay: 5e-4, clip: None, decay_unsampled: false };
    let mut optimiser = Sgd::new(&vars, config).map_err(Error::wrap)?;
    let engine = Engine::Kernels;
    median(|| {
        let logits = network.forward(architecture, &images, &mut Pass::new(engine)).map_err(Error::wrap)?;
        let gradients = engine.backward(&engine.cross_entropy(&logits, &labels)?)?;
        optimiser.step(&vars, &gradients, 0.01).map_err(Error::wrap)?;
        Ok(())
    })
}

/// Logits of one batch by batch statistics, without gradients.
pub fn evaluation() -> Result<f64> {
    let (network, architecture) = supernet()?;
    let images = random("images", &[BATCH, 3, 32, 32])?;
    median(|| {
        let mut pass = Pass::new(Engine::Kernels).untracked();
        black_box(network.forward(architecture, &images, &mut pass).map_err(Error::wrap)?);
        Ok(())
    })
}
