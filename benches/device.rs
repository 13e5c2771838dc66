//! Training steps of every space's network at the size of the paper, for counting what they ask of a GPU.
//!
//! `device CASE [DEVICE] [BATCH] [STEPS] [f64]`: the device is `cuda:0`, the batch 64, the epoch has 3 steps, and numbers are of single
//! precision, unless told otherwise. It prints the loss, the accuracy and the time of the epoch. On the software device that counts launches and bytes, every step ends a section of its
//! log (`SOFTCUDA_LOG`); the last one has what a step asks for once everything is in place. See `benches/peer/device.sh`.

#![allow(unsafe_code, clippy::print_stdout, reason = "a function of the software device, and results")]

use std::ffi::{CString, c_char};
use std::ops::Sub;

use candle_core::{DType, Error, Result};
use libloading::os::unix::Library;
use nas_assay::images::synthetic;
use nas_assay::kernels::device;
use nas_assay::net::train::{Job, TrainError, Trainer};
use nas_assay::net::{Init, NetConfig, Network};
use nas_assay::seed::Seed;
use nas_assay::space::{Architecture, Pool, Sampler, Skeleton, SpaceId, nb101, nb201, nb301, nds};
use nas_assay::spec::{Picker, Schedule, Training};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A case: its space, its architecture, the size of the network, and whether the network is a supernet. `benches/peer` builds the same.
fn case(name: &str) -> Result<(SpaceId, &'static str, Skeleton, bool)> {
    Ok(match name {
        "nb201" => (
            SpaceId::Nb201,
            "|nor_conv_3x3~0|+|nor_conv_1x1~0|nor_conv_3x3~1|+|skip_connect~0|avg_pool_3x3~1|nor_conv_3x3~2|",
            nb201::Skeleton { channels: 16, cells: 5, ..nb201::Skeleton::default() }.into(),
            false,
        ),
        "nb101" => (
            SpaceId::Nb101,
            "0100100001000000010100000101000001000000010000000:\
             input|conv3x3-bn-relu|conv1x1-bn-relu|maxpool3x3|conv3x3-bn-relu|conv1x1-bn-relu|output",
            nb101::Skeleton::Supernet(nb101::Supernet::default()).into(),
            true,
        ),
        "nb301" => (
            SpaceId::Nb301,
            "sep_conv_3x3:0>2;sep_conv_5x5:1>2;dil_conv_3x3:0>3;dil_conv_5x5:2>3;max_pool_3x3:1>4;skip_connect:3>4;\
             avg_pool_3x3:0>5;sep_conv_3x3:4>5|skip_connect:0>2;skip_connect:1>2;avg_pool_3x3:1>3;max_pool_3x3:2>3;\
             sep_conv_5x5:0>4;dil_conv_3x3:2>4;dil_conv_5x5:1>5;sep_conv_3x3:2>5",
            nb301::Skeleton::SUPERNET.into(),
            true,
        ),
        "nds_resnet" => (SpaceId::NdsResnet, "d4,4,4 w64,64,128", nds::Skeleton::SUPERNET.into(), true),
        "nds_resnext_a" => {
            (SpaceId::NdsResnextA, "d4,4,4 w64,64,128 r0.5,0.5,0.5 g2,2,2", nds::Skeleton::SUPERNET.into(), true)
        }
        other => candle_core::bail!("no case is called {other}: nb201, nb101, nb301, nds_resnet, nds_resnext_a"),
    })
}

/// Ends a section of the software device's log. A real driver has no such function.
fn mark(label: &str) {
    let label = CString::new(label).unwrap_or_default();
    // SAFETY: the function takes a string and keeps no pointer to it.
    unsafe {
        if let Ok(mark) = Library::this().get::<unsafe extern "C" fn(*const c_char)>(b"softcuda_mark\0") {
            mark(label.as_ptr());
        }
    }
}

fn main() -> Result<()> {
    // `cargo bench` adds `--bench`.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let Some(name) = arguments.first() else { return Ok(()) };
    let number = |at: usize, default: usize| arguments.get(at).map_or(Ok(default), |n| n.parse()).map_err(Error::wrap);
    let (batch, steps) = (number(2, 64)?, number(3, 3)?);
    let dtype = if arguments.get(4).is_some_and(|dtype| dtype == "f64") { DType::F64 } else { DType::F32 };
    let device = device::open(arguments.get(1).map_or("cuda:0", String::as_str)).map_err(Error::wrap)?;
    let (space, text, skeleton, shared) = case(name)?;
    let architecture = Architecture::parse(space, text).map_err(Error::wrap)?;
    let config = NetConfig { skeleton, dtype, device: device.clone() };
    let seed = Init::Seeded(Seed::root(1));
    let network = if shared {
        Network::supernet(space, &config, Picker::Ordinal, seed)
    } else {
        Network::stand_alone(architecture, &config, seed)
    };
    let network = network.map_err(Error::wrap)?;
    let images = synthetic::draw(&Seed::root(3), "train", batch * steps, 32).map_err(Error::wrap)?;
    let training = Training {
        epochs: 1,
        batch,
        learning_rate: 0.05,
        schedule: Schedule::Cosine,
        momentum: 0.9,
        weight_decay: 5e-4,
        clip: Some(5.0),
        dropout: 0.0,
        augment: true,
    };
    let (images, network, training) = (&images, &network, &training);
    let job = Job { network, images, training, decay_unsampled: false, seed: Seed::root(5), device: &device };
    let mut trainer = Trainer::new(job).map_err(Error::wrap)?;
    let sampler = Sampler::Uniform { pool: Pool::Listed(vec![architecture]), count: 1 };
    mark("made");
    let begun = std::time::Instant::now();
    let mut first = begun;
    let epoch = trainer.epoch(&sampler, |step| {
        if step.index == 0 {
            first = std::time::Instant::now();
        }
        mark(&format!("{name} step {}", step.index));
        Ok::<_, TrainError>(())
    });
    let epoch = epoch.map_err(Error::wrap)?;
    mark(&format!("{name} end"));
    let (seconds, each) =
        (begun.elapsed().as_secs_f64(), first.elapsed().as_secs_f64() * 1e3 / steps.max(2).sub(1) as f64);
    println!(
        "{name}: loss {:.9}, accuracy {:.4}, {seconds:.3} s; {each:.3} ms a step after the first",
        epoch.loss, epoch.accuracy
    );
    Ok(())
}
