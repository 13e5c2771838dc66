//! The cases `nb101_*`: NAS-Bench-1Shot1's supernet at the paper's size, running one architecture whose blocks all take part.

use std::hint::black_box;

use candle_core::{DType, Device, Error, Result, Var};
use nas_assay::net::nb101::Nb1Shot1;
use nas_assay::net::optim::{Sgd, SgdConfig};
use nas_assay::net::{Engine, Init, Pass};
use nas_assay::seed::Seed;
use nas_assay::space::nb101::{Architecture, Supernet};

use super::{BATCH, labels, median, random};

/// The cases, without their numbers of threads. `dense`: the cell's input feeds its output, too.
pub const CASES: [&str; 4] = ["nb101_step", "nb101_evaluation", "nb101_dense_step", "nb101_dense_evaluation"];

/// 0→1→2→3→4→5→output with 0→4, 2→5 and 3→output, or 0→output.
const OPERATIONS: &str = "input|conv3x3-bn-relu|conv1x1-bn-relu|maxpool3x3|conv3x3-bn-relu|conv1x1-bn-relu|output";
const SPARSE: &str = "0100100001000000010100000101000001000000010000000";
const DENSE: &str = "0100101001000000010100000100000001000000010000000";

/// The median time of `case`, in milliseconds.
pub fn run(case: &str) -> Result<f64> {
    let adjacency = if case.starts_with("nb101_dense") { DENSE } else { SPARSE };
    let architecture: Architecture = format!("{adjacency}:{OPERATIONS}").parse().map_err(Error::wrap)?;
    let network = Nb1Shot1::supernet(Supernet::default(), Init::Seeded(Seed::root(1)), DType::F32, &Device::Cpu)?;
    let (images, engine) = (random("images", &[BATCH, 3, 32, 32])?, Engine::Kernels);
    if case.contains("_evaluation") {
        return median(|| {
            let mut pass = Pass::new(engine).untracked();
            black_box(network.forward(architecture, &images, &mut pass).map_err(Error::wrap)?);
            Ok(())
        });
    }
    let labels = labels()?;
    let vars: Vec<Var> = network.active(architecture).iter().map(|param| param.var.clone()).collect();
    let config = SgdConfig { momentum: 0.9, weight_decay: 5e-4, clip: None, decay_unsampled: true };
    let mut optimiser = Sgd::new(&vars, config).map_err(Error::wrap)?;
    median(|| {
        let logits = network.forward(architecture, &images, &mut Pass::new(engine)).map_err(Error::wrap)?;
        let gradients = engine.backward(&engine.cross_entropy(&logits, &labels)?)?;
        optimiser.step(&vars, &gradients, 0.01).map_err(Error::wrap)?;
        Ok(())
    })
}
