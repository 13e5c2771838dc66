//! The cases `nds_*`: the supernets of the network design spaces at the paper's size, running one architecture of middling size.

use std::hint::black_box;

use candle_core::{DType, Device, Error, Result, Var};
use nas_assay::net::nds::Nds;
use nas_assay::net::optim::{Sgd, SgdConfig};
use nas_assay::net::{Engine, Init, Pass};
use nas_assay::seed::Seed;
use nas_assay::space::nds::{Architecture, Family, ResNeXtA, ResNet, Skeleton};
use nas_assay::spec::Picker;

use super::{BATCH, labels, median, random};

/// The cases, without their numbers of threads.
pub const CASES: [&str; 4] =
    ["nds_resnet_step", "nds_resnet_evaluation", "nds_resnext_a_step", "nds_resnext_a_evaluation"];

/// The median time of `case`, in milliseconds.
pub fn run(case: &str) -> Result<f64> {
    if case.starts_with("nds_resnet_") {
        timed::<ResNet>(case, "d4,4,4 w64,64,128")
    } else {
        timed::<ResNeXtA>(case, "d4,4,4 w64,64,128 r0.5,0.5,0.5 g2,2,2")
    }
}

fn timed<F: Family>(case: &str, architecture: &str) -> Result<f64> {
    let architecture: Architecture<F> = architecture.parse().map_err(Error::wrap)?;
    let init = Init::Seeded(Seed::root(1));
    let network = Nds::supernet(Skeleton::SUPERNET, Picker::Ordinal, init, DType::F32, &Device::Cpu)?;
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
    let config = SgdConfig { momentum: 0.9, weight_decay: 5e-5, clip: None, decay_unsampled: true };
    let mut optimiser = Sgd::new(&vars, config).map_err(Error::wrap)?;
    median(|| {
        let logits = network.forward(architecture, &images, &mut Pass::new(engine)).map_err(Error::wrap)?;
        let gradients = engine.backward(&engine.cross_entropy(&logits, &labels)?)?;
        optimiser.step(&vars, &gradients, 0.01).map_err(Error::wrap)?;
        Ok(())
    })
}
