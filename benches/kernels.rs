//! Times of the CPU kernels at the sizes of NAS-Bench-201, in milliseconds: medians of many runs, forward alone and with backward.
//!
//! Run it with `cargo bench --bench kernels [-- FILTER]`. `RAYON_NUM_THREADS` sets the number of threads.

#![allow(clippy::print_stdout, reason = "a bench prints")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use candle_core::{DType, Device, Result, Tensor, Var};
use nas_assay::kernels::cpu::{
    SgdStep, Window, add_all, avg_pool2d, batch_norm, conv2d, global_avg_pool, keep_candle_on_its_thread,
    keep_freed_memory, max_pool2d, relu, sgd_step,
};
use nas_assay::seed::Seed;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BATCH: usize = 64;

fn random(label: &str, dims: &[usize]) -> Result<Tensor> {
    let mut stream = Seed::root(1).child(label).stream();
    let values: Vec<f32> = (0..dims.iter().product()).map(|_| stream.unit() as f32 - 0.5).collect();
    Tensor::from_vec(values, dims, &Device::Cpu)
}

/// The median time of `work`, in milliseconds.
fn median(mut work: impl FnMut() -> Result<()>) -> Result<f64> {
    let (start, mut times) = (Instant::now(), Vec::new());
    while times.len() < 15 || (start.elapsed() < Duration::from_millis(400) && times.len() < 400) {
        let start = Instant::now();
        work()?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_unstable_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

fn measure(name: &str, inputs: &[&[usize]], function: impl Fn(&[Tensor]) -> Result<Tensor>) -> Result<()> {
    if std::env::args().skip(1).any(|filter| !filter.starts_with('-') && !name.contains(&filter)) {
        return Ok(());
    }
    let tensors: Vec<Tensor> = inputs.iter().map(|dims| random("input", dims)).collect::<Result<_>>()?;
    let variables: Vec<Var> = tensors.iter().map(Var::from_tensor).collect::<Result<_>>()?;
    let tracked: Vec<Tensor> = variables.iter().map(|v| v.as_tensor().clone()).collect();
    let forward = median(|| {
        black_box(function(&tensors)?);
        Ok(())
    })?;
    let both = median(|| {
        black_box(function(&tracked)?.backward()?);
        Ok(())
    })?;
    println!("{name:<40} {forward:8.2} {both:8.2}");
    Ok(())
}

fn main() -> Result<()> {
    keep_candle_on_its_thread();
    keep_freed_memory();
    // Runs inside the pool, so that no kernel has to wake it.
    rayon::ThreadPoolBuilder::new().build().map_err(candle_core::Error::wrap)?.install(run)
}

fn run() -> Result<()> {
    println!("{:<40} {:>8} {:>8}   ({} threads)", "batch 64", "forward", "both", rayon::current_num_threads());
    let plain = Window::default();
    for (channels, size) in [(16, 32), (32, 16), (64, 8), (4, 32), (8, 16), (16, 8)] {
        let image = [BATCH, channels, size, size];
        let label = |name: &str| format!("{name} {channels} x {size} x {size}");
        let conv = |name: &str, weights: [usize; 4], window: Window| {
            measure(&label(name), &[&image, &weights], |t| conv2d(&t[0], &t[1], window))
        };
        let padded = Window { padding: 1, ..plain };
        conv("conv 3x3", [channels, channels, 3, 3], padded)?;
        conv("conv 1x1", [channels, channels, 1, 1], plain)?;
        conv("conv 3x3 stride 2", [2 * channels, channels, 3, 3], Window { stride: 2, ..padded })?;
        conv("depthwise 3x3", [channels, 1, 3, 3], Window { groups: channels, ..padded })?;
        measure(&label("batch norm"), &[&image, &[channels], &[channels]], |t| {
            Ok(batch_norm(&t[0], Some((&t[1], &t[2])), 1e-5)?.0)
        })?;
        measure(&label("relu"), &[&image], |t| relu(&t[0]))?;
        measure(&label("average pool 3x3"), &[&image], |t| avg_pool2d(&t[0], 3, 1, 1))?;
        measure(&label("maximum pool 3x3"), &[&image], |t| max_pool2d(&t[0], 3, 1, 1))?;
        measure(&label("average pool 2x2 stride 2"), &[&image], |t| avg_pool2d(&t[0], 2, 2, 0))?;
        measure(&label("sum of three"), &[&image, &image, &image], |t| add_all(&[&t[0], &t[1], &t[2]]))?;
        measure(&label("global average pool"), &[&image], |t| global_avg_pool(&t[0]))?;
    }
    let stem = random("stem", &[BATCH, 3, 32, 32])?;
    let padded = Window { padding: 1, ..plain };
    measure("stem 3 -> 16, 32 x 32", &[&[16, 3, 3, 3]], |t| conv2d(&stem, &t[0], padded))?;
    measure("conv 5x5 depthwise 36 x 16 x 16", &[&[BATCH, 36, 16, 16], &[36, 1, 5, 5]], |t| {
        conv2d(&t[0], &t[1], Window { padding: 2, groups: 36, ..plain })
    })?;
    measure("conv 3x3 4 groups 64 x 8 x 8", &[&[BATCH, 64, 8, 8], &[64, 16, 3, 3]], |t| {
        conv2d(&t[0], &t[1], Window { padding: 1, groups: 4, ..plain })
    })?;
    let (weights, velocity) =
        (Var::zeros(500_000, DType::F32, &Device::Cpu)?, Var::zeros(500_000, DType::F32, &Device::Cpu)?);
    let gradient = random("gradient", &[500_000])?;
    let step = SgdStep { learning_rate: 0.1, momentum: 0.9, weight_decay: 5e-4, gradient_scale: 1.0, nesterov: true };
    println!("{:<40} {:8.2}", "sgd step, 500,000 weights", median(|| sgd_step(&weights, &velocity, &gradient, step))?);
    Ok(())
}
