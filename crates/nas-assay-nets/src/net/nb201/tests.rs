use super::*;
use crate::net::{Dropout, Engine, NormMode, host_f64};
use candle_core::backprop::GradStore;
use nas_assay_base::seed::Seed;
use nas_assay_kernels::on_each_device;
use std::collections::BTreeMap;

const SMALL: Skeleton = Skeleton { channels: 4, cells: 2, classes: 5, resolution: 8, cell_affine: false };

fn engine() -> Engine {
    Engine::for_device(&Device::Cpu)
}

fn seeded(seed: u64) -> Init {
    Init::Seeded(Seed::root(seed))
}

fn supernet(skeleton: Skeleton) -> Nb201 {
    Nb201::supernet(skeleton, seeded(1), DType::F32, &Device::Cpu).unwrap()
}

pub(super) fn images(count: usize) -> Tensor {
    let mut stream = Seed::root(9).stream();
    let pixels: Vec<f32> = (0..count * 3 * 64).map(|_| stream.normal() as f32).collect();
    Tensor::from_vec(pixels, (count, 3, 8, 8), &Device::Cpu).unwrap()
}

fn bits(x: &Tensor) -> Vec<u64> {
    host_f64(x).unwrap().into_iter().map(f64::to_bits).collect()
}

fn architecture(text: &str) -> Architecture {
    text.parse().unwrap()
}

/// Full, with a dead edge, and empty cells, and some drawn ones.
fn architectures() -> Vec<Architecture> {
    let mut stream = Seed::root(3).stream();
    let written = [
        "|nor_conv_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_1x1~1|nor_conv_3x3~2|",
        "|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|nor_conv_1x1~2|",
        "|none~0|+|none~0|nor_conv_3x3~1|+|none~0|none~1|nor_conv_1x1~2|",
    ];
    written.map(architecture).into_iter().chain((0..6).map(|_| Architecture::sample(&mut stream))).collect()
}

fn loss_gradients(network: &Nb201, architecture: Architecture) -> (Tensor, GradStore) {
    let logits = network.forward(architecture, &images(4), &mut Pass::new(engine())).unwrap();
    let labels = Tensor::new(&[0u32, 3, 1, 3], &Device::Cpu).unwrap();
    let gradients = engine().cross_entropy(&logits, &labels).unwrap().backward().unwrap();
    (logits, gradients)
}

#[test]
fn names_and_shapes_are_the_published_ones() {
    let chain = architecture("|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|none~0|none~1|skip_connect~2|");
    let skeleton = Skeleton { cells: 1, ..SMALL };
    let listed = |network: &Nb201| -> Vec<String> {
        network.params().iter().map(|param| format!("{} {:?}", param.name, param.var.dims())).collect()
    };
    let alone = Nb201::stand_alone(chain, skeleton, seeded(1), DType::F32, &Device::Cpu).unwrap();
    let expected = [
        "stem.conv.weight [4, 3, 3, 3]",
        "stem.bn.weight [4]",
        "stem.bn.bias [4]",
        "cell0.edge0to1.conv.weight [4, 4, 3, 3]",
        "cell0.edge1to2.conv.weight [4, 4, 1, 1]",
        "reduction1.conv_a.weight [8, 4, 3, 3]",
        "reduction1.bn_a.weight [8]",
        "reduction1.bn_a.bias [8]",
        "reduction1.conv_b.weight [8, 8, 3, 3]",
        "reduction1.bn_b.weight [8]",
        "reduction1.bn_b.bias [8]",
        "reduction1.shortcut.conv.weight [8, 4, 1, 1]",
        "cell1.edge0to1.conv.weight [8, 8, 3, 3]",
        "cell1.edge1to2.conv.weight [8, 8, 1, 1]",
        "reduction2.conv_a.weight [16, 8, 3, 3]",
        "reduction2.bn_a.weight [16]",
        "reduction2.bn_a.bias [16]",
        "reduction2.conv_b.weight [16, 16, 3, 3]",
        "reduction2.bn_b.weight [16]",
        "reduction2.bn_b.bias [16]",
        "reduction2.shortcut.conv.weight [16, 8, 1, 1]",
        "cell2.edge0to1.conv.weight [16, 16, 3, 3]",
        "cell2.edge1to2.conv.weight [16, 16, 1, 1]",
        "head.bn.weight [16]",
        "head.bn.bias [16]",
        "classifier.weight [5, 16]",
        "classifier.bias [5]",
    ];
    assert_eq!(listed(&alone), expected);
    let names = listed(&supernet(Skeleton { cell_affine: true, ..skeleton }));
    assert_eq!(names.len(), 3 + 3 * 12 * 3 + 2 * 7 + 4);
    assert_eq!(
        names[3..6],
        [
            "cell0.edge0to1.nor_conv_1x1.conv.weight [4, 4, 1, 1]",
            "cell0.edge0to1.nor_conv_1x1.bn.weight [4]",
            "cell0.edge0to1.nor_conv_1x1.bn.bias [4]",
        ]
    );
}

#[test]
fn a_network_has_as_many_parameters_as_the_census_counts() {
    for skeleton in [SMALL, Skeleton { cell_affine: true, ..SMALL }, Skeleton { cells: 1, channels: 3, ..SMALL }] {
        let shared = supernet(skeleton);
        for architecture in architectures() {
            let alone = Nb201::stand_alone(architecture, skeleton, Init::Zero, DType::F32, &Device::Cpu).unwrap();
            let counted = architecture.census(&skeleton);
            let elements = |params: Vec<&Param>| params.iter().map(|p| p.var.elem_count() as u64).sum::<u64>();
            assert_eq!(elements(alone.params().iter().collect()), counted.params, "{architecture}");
            assert_eq!(elements(shared.active(architecture)), counted.params, "{architecture} in the supernet");
        }
    }
}

#[test]
fn relus_are_those_of_the_census() {
    let network = supernet(SMALL);
    for architecture in architectures() {
        let (mut calls, mut elements) = (0u64, 0u64);
        let mut sink = |input: &Tensor, output: &Tensor| {
            assert!(host_f64(output)? == host_f64(&input.maximum(0f32)?)?);
            calls += 1;
            elements += (input.elem_count() / 2) as u64;
            Ok(())
        };
        let mut pass = Pass::new(engine()).untracked().with_relu_sink(&mut sink);
        network.forward(architecture, &images(2), &mut pass).unwrap();
        let counted = architecture.census(&SMALL);
        assert_eq!((calls, elements), (counted.relu_calls, counted.relu_elements), "{architecture}");
    }
}

#[test]
fn a_sub_network_is_its_stand_alone_network() {
    let shared = supernet(SMALL);
    for architecture in architectures() {
        let alone = shared.extract(architecture, DType::F32, |param| Ok(param.var.as_detached_tensor())).unwrap();
        let (shared_logits, shared_gradients) = loss_gradients(&shared, architecture);
        let (alone_logits, alone_gradients) = loss_gradients(&alone, architecture);
        assert_eq!(bits(&shared_logits), bits(&alone_logits), "logits of {architecture}");
        for (a, b) in shared.active(architecture).into_iter().zip(alone.params()) {
            let of = |gradients: &GradStore, param: &Param| gradients.get(&param.var).map(bits);
            let (a_bits, b_bits) = (of(&shared_gradients, a), of(&alone_gradients, b));
            assert_eq!(a_bits, b_bits, "gradients of {} and {}", a.name, b.name);
        }
    }
}

on_each_device!(both_engines_run_the_same_network);

fn both_engines_run_the_same_network(device: &Device) {
    for architecture in architectures() {
        let run = |engine: Engine, device: &Device| {
            let network = Nb201::supernet(SMALL, seeded(1), DType::F64, device).unwrap();
            let images = images(4).to_dtype(DType::F64).unwrap().to_device(device).unwrap();
            let labels = Tensor::new(&[0u32, 3, 1, 3], device).unwrap();
            let logits = network.forward(architecture, &images, &mut Pass::new(engine)).unwrap();
            let gradients = engine.cross_entropy(&logits, &labels).unwrap().backward().unwrap();
            let of = |param: &Param| gradients.get(&param.var).map(|gradient| host_f64(gradient).unwrap());
            let mut found = vec![Some(host_f64(&logits).unwrap())];
            found.extend(network.params().iter().map(of));
            found
        };
        let (kernels, composed) = (run(Engine::Kernels, &Device::Cpu), run(Engine::Composed, device));
        for (part, (a, b)) in kernels.iter().zip(&composed).enumerate() {
            assert_eq!(a.is_some(), b.is_some(), "part {part} of {architecture}");
            let (a, b) = (a.iter().flatten(), b.iter().flatten());
            let off = a.zip(b).map(|(a, b)| (a - b).abs() / (1.0 + b.abs())).fold(0.0, f64::max);
            assert!(off < 1e-10, "part {part} of {architecture} differs by {off}");
        }
    }
}

#[test]
fn weights_that_are_not_used_have_no_gradient() {
    let network = supernet(SMALL);
    for architecture in architectures() {
        let (_, gradients) = loss_gradients(&network, architecture);
        let active: Vec<&str> = network.active(architecture).iter().map(|param| param.name.as_str()).collect();
        for param in network.params() {
            let used = active.contains(&param.name.as_str());
            // Behind an empty cell nothing but the head sees the loss.
            let behind = param.name.starts_with("head") || param.name.starts_with("classifier");
            let expected = used && (architecture.is_connected() || behind);
            assert_eq!(gradients.get(&param.var).is_some(), expected, "{} of {architecture}", param.name);
        }
    }
}

#[test]
fn an_empty_cell_gives_the_same_logits_for_all_images() {
    let network = supernet(SMALL);
    let none = architecture("|none~0|+|none~0|nor_conv_3x3~1|+|none~0|none~1|nor_conv_1x1~2|");
    let logits = network.forward(none, &images(3), &mut Pass::new(engine())).unwrap();
    let rows: Vec<Vec<f32>> = logits.to_vec2().unwrap();
    assert!(rows.iter().all(|row| *row == rows[0] && row.iter().all(|logit| logit.is_finite())));
}

#[test]
fn a_stand_alone_network_refuses_other_architectures() {
    let [own, other, ..] = architectures()[..] else { unreachable!("nine architectures") };
    let network = Nb201::stand_alone(own, SMALL, seeded(1), DType::F32, &Device::Cpu).unwrap();
    let error = network.forward(other, &images(1), &mut Pass::new(engine())).unwrap_err();
    assert!(error.to_string().contains(&format!("has the weights of {own} alone")), "{error}");
}

#[test]
fn running_statistics_follow_the_batches() {
    let network = supernet(SMALL);
    let [full, ..] = architectures()[..] else { unreachable!("nine architectures") };
    let forward = |norm| network.forward(full, &images(4), &mut Pass::new(engine()).with_norm(norm)).unwrap();
    let state = || -> BTreeMap<String, Vec<u64>> {
        network.buffers().named().map(|(name, tensor)| (name.to_owned(), bits(&tensor))).collect()
    };
    let fresh = state();
    let by_batch = forward(NormMode::Batch);
    assert_eq!(state(), fresh, "a plain pass leaves the running statistics alone");
    let updating = forward(NormMode::BatchUpdating { momentum: 1.0 });
    assert_eq!(bits(&updating), bits(&by_batch));
    let moved: Vec<String> =
        state().into_iter().filter(|(name, value)| fresh[name] != *value).map(|(name, _)| name).collect();
    assert!(moved.contains(&"cell0.edge0to1.nor_conv_3x3.bn.running_mean".to_owned()));
    assert!(!moved.iter().any(|name| name.contains("edge0to1.nor_conv_1x1")), "an unused edge moved");
    // With momentum one the running variance is the unbiased one: n / (n - 1) times the batch's.
    let stem = network.stem.forward(&images(4), &Pass::new(engine()).with_norm(NormMode::Running)).unwrap();
    let batch = network.stem.forward(&images(4), &Pass::new(engine())).unwrap();
    let shrink = (255f64 / 256.0).sqrt();
    for (running, batch) in host_f64(&stem).unwrap().iter().zip(host_f64(&batch).unwrap()) {
        assert!((running - shrink * batch).abs() < 1e-5, "{running} by running statistics, {batch} by the batch");
    }
}

#[test]
fn dropout_masks_come_from_the_stream() {
    let network = supernet(SMALL);
    let [full, ..] = architectures()[..] else { unreachable!("nine architectures") };
    let forward = |rate: f64, seed: u64| {
        let dropout = Dropout { rate, stream: Seed::root(seed).stream() };
        bits(&network.forward(full, &images(4), &mut Pass::new(engine()).with_dropout(dropout)).unwrap())
    };
    let without = bits(&network.forward(full, &images(4), &mut Pass::new(engine())).unwrap());
    assert_eq!(forward(0.0, 1), without);
    assert_eq!(forward(0.5, 1), forward(0.5, 1));
    assert_ne!(forward(0.5, 1), forward(0.5, 2));
}
