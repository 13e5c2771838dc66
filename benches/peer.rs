//! One case of the comparison with PyTorch (`benches/peer/run.sh`): prints its median time in milliseconds.
//!
//! Run it with `cargo bench --profile dev --bench peer -- CASE THREADS`; `list` prints the cases. `nb201_step_candle` is the same network
//! on Candle's own operations, with the threads of Candle (`CANDLE_NUM_THREADS`).

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a bench prints")]

#[path = "peer/nb301.rs"]
mod nb301;

use std::hint::black_box;
use std::time::{Duration, Instant};

use candle_core::{DType, Device, Result, Tensor, Var};
use candle_nn::Optimizer;
use nas_assay::kernels::cpu::{
    Window, add, avg_pool2d, backward, batch_norm, conv2d, cross_entropy, global_avg_pool, keep_candle_on_its_thread,
    keep_freed_memory, linear, max_pool2d, relu,
};
use nas_assay::net::optim::{Sgd, SgdConfig};
use nas_assay::net::{Engine, ForwardPass, Init, NetConfig, Network};
use nas_assay::seed::Seed;
use nas_assay::space::nb201::Skeleton;
use nas_assay::space::{Architecture, SpaceId};
use nas_assay::spec::Picker;

#[path = "peer/measures.rs"]
mod measures;
#[path = "peer/nb101.rs"]
mod nb101;
#[path = "peer/nds.rs"]
mod nds;
#[path = "peer/tau.rs"]
mod tau;

#[path = "peer/candle.rs"]
mod candle;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BATCH: usize = 64;
const ARCHITECTURE: &str =
    "|nor_conv_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_3x3~1|nor_conv_1x1~2|";

/// A convolution case: name, channels in and out, size, kernel, window.
type ConvCase = (&'static str, usize, usize, usize, usize, Window);

fn convolutions() -> Vec<ConvCase> {
    let plain = |padding| Window { padding, ..Window::default() };
    let strided = Window { stride: 2, padding: 1, ..Window::default() };
    let grouped = |groups, padding| Window { groups, padding, ..Window::default() };
    vec![
        ("conv3x3_16", 16, 16, 32, 3, plain(1)),
        ("conv3x3_32", 32, 32, 16, 3, plain(1)),
        ("conv3x3_64", 64, 64, 8, 3, plain(1)),
        ("conv1x1_16", 16, 16, 32, 1, plain(0)),
        ("conv1x1_32", 32, 32, 16, 1, plain(0)),
        ("conv1x1_64", 64, 64, 8, 1, plain(0)),
        ("conv3x3_s2_16_32", 16, 32, 32, 3, strided),
        ("conv3x3_s2_32_64", 32, 64, 16, 3, strided),
        ("conv3x3_dilated_36", 36, 36, 16, 3, Window { padding: 2, dilation: 2, ..Window::default() }),
        ("conv3x3_groups4_64", 64, 64, 8, 3, grouped(4, 1)),
        ("depthwise3x3_16", 16, 16, 32, 3, grouped(16, 1)),
        ("depthwise3x3_64", 64, 64, 8, 3, grouped(64, 1)),
        ("depthwise5x5_36", 36, 36, 16, 5, grouped(36, 2)),
    ]
}

/// The other kernels, each as a case of its own.
const OTHERS: [&str; 9] = [
    "batch_norm_16",
    "batch_norm_64",
    "relu_16",
    "add_16",
    "avg_pool3x3_16",
    "max_pool3x3_16",
    "global_pool_64",
    "linear_64_10",
    "cross_entropy_10",
];

const NETWORKS: [&str; 5] = ["nb201_step", "nb201_evaluation", "nb201_step_candle", measures::ALL, measures::RATIO];

fn main() -> Result<()> {
    // `cargo bench` adds `--bench`.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    // Candle's own operations get as many threads as the kernels.
    if !arguments.iter().any(|argument| argument.contains("candle")) {
        keep_candle_on_its_thread();
    }
    keep_freed_memory();
    match arguments.as_slice() {
        [] => Ok(()),
        [word] if word == "list" => {
            for (name, ..) in convolutions() {
                println!("{name}_fwd\n{name}");
            }
            for name in OTHERS {
                println!("{name}_fwd\n{name}");
            }
            for name in NETWORKS.into_iter().chain(nb301::CASES).chain(nb101::CASES).chain(nds::CASES) {
                println!("{name}_t1\n{name}_t2");
            }
            for name in tau::CASES {
                println!("{name}");
            }
            Ok(())
        }
        [case, threads] => {
            let threads = threads.parse().map_err(candle_core::Error::wrap)?;
            let pool =
                rayon::ThreadPoolBuilder::new().num_threads(threads).build().map_err(candle_core::Error::wrap)?;
            println!("{:.4}", pool.install(|| run(case))?);
            Ok(())
        }
        _ => candle_core::bail!("usage: peer list | peer CASE THREADS"),
    }
}

/// The median time of `work`, in milliseconds.
fn median(mut work: impl FnMut() -> Result<()>) -> Result<f64> {
    work()?;
    let (start, mut times) = (Instant::now(), Vec::new());
    while times.len() < 5 || (start.elapsed() < Duration::from_millis(700) && times.len() < 300) {
        let begun = Instant::now();
        work()?;
        times.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

fn random(label: &str, dims: &[usize]) -> Result<Tensor> {
    let mut stream = Seed::root(1).child(label).stream();
    let values: Vec<f32> = (0..dims.iter().product()).map(|_| stream.unit() as f32 - 0.5).collect();
    Tensor::from_vec(values, dims, &Device::Cpu)
}

fn labels() -> Result<Tensor> {
    Tensor::from_vec((0..BATCH as u32).map(|index| index * 7 % 10).collect::<Vec<_>>(), BATCH, &Device::Cpu)
}

/// Times a function of variables, forward alone or with backward.
fn timed(variables: &[Var], forward: bool, work: impl Fn(&[Tensor]) -> Result<Tensor>) -> Result<f64> {
    if forward {
        let plain: Vec<Tensor> = variables.iter().map(Var::as_detached_tensor).collect();
        return median(|| black_box(work(&plain)).map(drop));
    }
    let tensors: Vec<Tensor> = variables.iter().map(|variable| variable.as_tensor().clone()).collect();
    median(|| black_box(backward(&work(&tensors)?)).map(drop))
}

fn variables(shapes: &[&[usize]]) -> Result<Vec<Var>> {
    shapes.iter().enumerate().map(|(index, dims)| Var::from_tensor(&random(&index.to_string(), dims)?)).collect()
}

fn run(case: &str) -> Result<f64> {
    let (name, forward) = case.strip_suffix("_fwd").map_or((case, false), |name| (name, true));
    if let Some((_, inputs, outputs, size, kernel, window)) =
        convolutions().into_iter().find(|(candidate, ..)| *candidate == name)
    {
        let vars = variables(&[&[BATCH, inputs, size, size], &[outputs, inputs / window.groups, kernel, kernel]])?;
        return timed(&vars, forward, |t| conv2d(&t[0], &t[1], window));
    }
    let image = |channels: usize, size: usize| variables(&[&[BATCH, channels, size, size]]);
    match name {
        "batch_norm_16" => timed(&image(16, 32)?, forward, |t| Ok(batch_norm(&t[0], None, 1e-5)?.0)),
        "batch_norm_64" => timed(&image(64, 8)?, forward, |t| Ok(batch_norm(&t[0], None, 1e-5)?.0)),
        "relu_16" => timed(&image(16, 32)?, forward, |t| relu(&t[0])),
        "add_16" => timed(&variables(&[&[BATCH, 16, 32, 32], &[BATCH, 16, 32, 32]])?, forward, |t| add(&t[0], &t[1])),
        "avg_pool3x3_16" => timed(&image(16, 32)?, forward, |t| avg_pool2d(&t[0], 3, 1, 1)),
        "max_pool3x3_16" => timed(&image(16, 32)?, forward, |t| max_pool2d(&t[0], 3, 1, 1)),
        "global_pool_64" => timed(&image(64, 8)?, forward, |t| global_avg_pool(&t[0])),
        "linear_64_10" => {
            timed(&variables(&[&[BATCH, 64], &[10, 64], &[10]])?, forward, |t| linear(&t[0], &t[1], Some(&t[2])))
        }
        "cross_entropy_10" => {
            let labels = labels()?;
            timed(&variables(&[&[BATCH, 10]])?, forward, |t| cross_entropy(&t[0], &labels))
        }
        _ if name.starts_with("nb201_step_candle") => {
            let mut step = candle::Step::new()?;
            median(|| step.run())
        }
        _ if name.starts_with("nb201_step") => {
            let (network, architecture) = network()?;
            training_step(&network, architecture, network.params().vars(), SGD)
        }
        _ if name.starts_with("nb201_evaluation") => {
            let (network, architecture) = network()?;
            evaluation(&network, architecture)
        }
        _ if [measures::ALL, measures::FIRST_ORDER, measures::GRADIENTS].iter().any(|case| name.starts_with(case)) => {
            measures::run(name)
        }
        _ if name.starts_with("nb101_") => nb101::run(name),
        _ if name.starts_with("nb301_") => nb301::run(name),
        _ if name.starts_with("nds_") => nds::run(name),
        _ if name.starts_with("tau_") => tau::run(name),
        _ => candle_core::bail!("no case is called {case}; `peer list` prints all cases"),
    }
}

fn network() -> Result<(Network, Architecture)> {
    let architecture = Architecture::parse(SpaceId::Nb201, ARCHITECTURE).map_err(candle_core::Error::wrap)?;
    let network = Network::stand_alone(architecture, &config(Skeleton::default()), Init::Seeded(Seed::root(1)));
    Ok((network.map_err(candle_core::Error::wrap)?, architecture))
}

/// A network on the CPU in single precision.
fn config(skeleton: impl Into<nas_assay::space::Skeleton>) -> NetConfig {
    NetConfig { skeleton: skeleton.into(), dtype: DType::F32, device: Device::Cpu }
}

/// A supernet whose narrow layers have the first channels of the wide ones.
fn supernet(space: SpaceId, skeleton: impl Into<nas_assay::space::Skeleton>) -> Result<Network> {
    let init = Init::Seeded(Seed::root(1));
    Network::supernet(space, &config(skeleton), Picker::Ordinal, init).map_err(candle_core::Error::wrap)
}

/// The parameters that an architecture uses.
fn active(network: &Network, architecture: Architecture) -> Result<Vec<Var>> {
    let active = network.active(architecture).map_err(candle_core::Error::wrap)?;
    Ok(active.into_iter().map(|param| param.var.clone()).collect())
}

/// Forward, backward and an SGD step of these parameters at batch 64.
fn training_step(network: &Network, architecture: Architecture, vars: Vec<Var>, config: SgdConfig) -> Result<f64> {
    let (images, labels) = (random("images", &[BATCH, 3, 32, 32])?, labels()?);
    let mut optimiser = Sgd::new(vars, config)?;
    let engine = Engine::Kernels;
    median(|| {
        let logits =
            network.forward(architecture, &images, &mut ForwardPass::new(engine)).map_err(candle_core::Error::wrap)?;
        optimiser.backward_step(&engine.cross_entropy(&logits, &labels)?)
    })
}

/// Logits of one batch of 64 with batch statistics, without gradients.
fn evaluation(network: &Network, architecture: Architecture) -> Result<f64> {
    let images = random("images", &[BATCH, 3, 32, 32])?;
    median(|| {
        let mut pass = ForwardPass::new(Engine::Kernels).untracked();
        black_box(network.forward(architecture, &images, &mut pass).map_err(candle_core::Error::wrap)?);
        Ok(())
    })
}

/// The settings of the paper's training. Weight decay also acts on parameters without a gradient.
const SGD: SgdConfig =
    SgdConfig { learning_rate: 0.01, momentum: 0.9, weight_decay: 5e-4, clip: None, decay_unsampled: true };
