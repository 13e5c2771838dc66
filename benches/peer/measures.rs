//! The cases with zero-shot scores of the full NAS-Bench-201 network, all in one probe.

use std::hint::black_box;

use candle_core::{Result, Tensor};
use nas_assay::estimator::{Estimator, Probe, Suite};
use nas_assay::images::Batch;
use nas_assay::net::{Engine, ForwardPass};

use super::{BATCH, labels, median, network, random};

/// The seven measures of zero-cost-nas (Abdelfattah et al., ICLR 2021), with `grasp`.
pub const ALL: &str = "nb201_measures";
/// All scores that need first derivatives or ReLU codes of a few passes over the batch: those of the paper, and those since.
pub const FIRST_ORDER: &str = "nb201_first_order";
/// One forward and backward pass with the gradients of all parameters.
pub const GRADIENTS: &str = "nb201_gradients";
/// The ratio of the first-order scores to one forward and backward pass. Both are cases of this project.
pub const RATIO: &str = "nb201_first_order_over_nb201_gradients";

const SEVEN: [&str; 7] = ["grad_norm", "snip", "grasp", "fisher", "jacob_cov", "plain", "synflow"];
const FIRST: [&str; 16] = [
    "grad_norm",
    "snip",
    "plain",
    "fisher",
    "jacob_cov",
    "relu_logdet",
    "synflow",
    "synflow_bn",
    "l2_norm",
    "epe_nas",
    "zico",
    "logsynflow",
    "snr_synflow",
    "lnwot",
    "tcet",
    "swap",
];

fn batch() -> Result<Batch> {
    Ok(Batch { images: random("images", &[BATCH, 3, 32, 32])?, labels: labels()? })
}

/// The median time of `case`, in milliseconds.
pub fn run(case: &str) -> Result<f64> {
    if case.starts_with(GRADIENTS) { gradients() } else { scores(if case.starts_with(ALL) { &SEVEN } else { &FIRST }) }
}

fn scores(ids: &[&str]) -> Result<f64> {
    let (network, architecture) = network()?;
    let batch = batch()?;
    let suite = Suite::builtin();
    let find = |id: &&str| suite.find(id).map_err(candle_core::Error::wrap);
    let estimators: Vec<&dyn Estimator> = ids.iter().map(find).collect::<Result<_>>()?;
    median(|| {
        let needs = estimators.iter().flat_map(|estimator| estimator.meta().needs.iter().copied());
        let probe = Probe::new(architecture, &network, Engine::Kernels, needs).with_batch(&batch);
        for estimator in &estimators {
            black_box(estimator.score(&probe).map_err(candle_core::Error::wrap)?);
        }
        Ok(())
    })
}

fn gradients() -> Result<f64> {
    let (network, architecture) = network()?;
    let batch = batch()?;
    let engine = Engine::Kernels;
    median(|| {
        let forward = network.forward(architecture, &batch.images, &mut ForwardPass::new(engine));
        let logits: Tensor = forward.map_err(candle_core::Error::wrap)?;
        black_box(engine.backward(&engine.cross_entropy(&logits, &batch.labels)?)?);
        Ok(())
    })
}
