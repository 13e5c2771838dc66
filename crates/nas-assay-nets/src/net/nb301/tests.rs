//! What a network of this space must be: the census's, the same alone and in the supernet, the same in both engines.

use super::*;
use crate::net::{Dropout, Engine, NormMode, host_f64};
use candle_core::backprop::GradStore;
use nas_assay_base::seed::Seed;
use nas_assay_kernels::on_each_device;
use std::collections::BTreeMap;

/// A normal cell, two reduction cells and a normal cell, so that every way of bringing inputs occurs; 8, 4 and 2 pixels a side.
const SMALL: Skeleton = Skeleton { channels: 2, layers: 4, classes: 5, resolution: 8, cell_affine: false };

/// 7, 4 and 2 pixels a side.
const ODD: Skeleton = Skeleton { resolution: 7, cell_affine: true, ..SMALL };

/// Every operation on an edge from an input and, but for the pools, on an inner edge.
const FULL: &str = "sep_conv_3x3:0>2;sep_conv_5x5:1>2;dil_conv_3x3:0>3;dil_conv_5x5:2>3;max_pool_3x3:1>4;\
    skip_connect:3>4;avg_pool_3x3:0>5;sep_conv_3x3:4>5|skip_connect:0>2;skip_connect:1>2;avg_pool_3x3:1>3;\
    max_pool_3x3:2>3;sep_conv_5x5:0>4;dil_conv_3x3:2>4;dil_conv_5x5:1>5;sep_conv_3x3:2>5";

fn engine() -> Engine {
    Engine::for_device(&Device::Cpu)
}

fn seeded(seed: u64) -> Init {
    Init::Seeded(Seed::root(seed))
}

fn supernet(skeleton: Skeleton) -> Nb301 {
    Nb301::supernet(skeleton, seeded(1), DType::F32, &Device::Cpu).unwrap()
}

fn stand_alone(architecture: Architecture, skeleton: Skeleton) -> Nb301 {
    Nb301::stand_alone(architecture, skeleton, seeded(1), DType::F32, &Device::Cpu).unwrap()
}

fn images(count: usize, side: usize) -> Tensor {
    let mut stream = Seed::root(9).stream();
    let pixels: Vec<f32> = (0..count * 3 * side * side).map(|_| stream.normal() as f32).collect();
    Tensor::from_vec(pixels, (count, 3, side, side), &Device::Cpu).unwrap()
}

fn bits(x: &Tensor) -> Vec<u64> {
    host_f64(x).unwrap().into_iter().map(f64::to_bits).collect()
}

fn full() -> Architecture {
    FULL.parse().unwrap()
}

/// One with every operation, one without weights in its cells, and drawn ones.
fn architectures(drawn: usize) -> Vec<Architecture> {
    let mut stream = Seed::root(3).stream();
    let bare = FULL.replace("sep_conv_3x3", "max_pool_3x3").replace("sep_conv_5x5", "avg_pool_3x3");
    let bare = bare.replace("dil_conv_3x3", "skip_connect").replace("dil_conv_5x5", "max_pool_3x3");
    let written = [full(), bare.parse().unwrap()];
    written.into_iter().chain((0..drawn).map(|_| Architecture::sample(&mut stream))).collect()
}

fn loss_gradients(network: &Nb301, architecture: Architecture) -> (Tensor, GradStore) {
    let images = images(4, network.skeleton().resolution);
    let logits = network.forward(architecture, &images, &mut Pass::new(engine())).unwrap();
    let labels = Tensor::new(&[0u32, 3, 1, 3], &Device::Cpu).unwrap();
    let gradients = engine().backward(&engine().cross_entropy(&logits, &labels).unwrap()).unwrap();
    (logits, gradients)
}

fn listed(network: &Nb301) -> Vec<String> {
    network.params().iter().map(|param| format!("{} {:?}", param.name, param.var.dims())).collect()
}

#[test]
fn names_and_shapes_are_in_the_order_of_the_data() {
    let skeleton = Skeleton { layers: 3, ..SMALL };
    let found = listed(&stand_alone(full(), skeleton));
    let expected = [
        "stem.conv.weight [6, 3, 3, 3]",
        "stem.bn.weight [6]",
        "stem.bn.bias [6]",
        "cell0.preprocess0.conv.weight [2, 6, 1, 1]",
        "cell0.preprocess1.conv.weight [2, 6, 1, 1]",
        "cell0.edge0to2.depthwise1.weight [2, 1, 3, 3]",
        "cell0.edge0to2.pointwise1.weight [2, 2, 1, 1]",
        "cell0.edge0to2.depthwise2.weight [2, 1, 3, 3]",
        "cell0.edge0to2.pointwise2.weight [2, 2, 1, 1]",
        "cell0.edge1to2.depthwise1.weight [2, 1, 5, 5]",
        "cell0.edge1to2.pointwise1.weight [2, 2, 1, 1]",
        "cell0.edge1to2.depthwise2.weight [2, 1, 5, 5]",
        "cell0.edge1to2.pointwise2.weight [2, 2, 1, 1]",
        "cell0.edge0to3.depthwise.weight [2, 1, 3, 3]",
        "cell0.edge0to3.pointwise.weight [2, 2, 1, 1]",
        "cell0.edge2to3.depthwise.weight [2, 1, 5, 5]",
        "cell0.edge2to3.pointwise.weight [2, 2, 1, 1]",
        "cell0.edge4to5.depthwise1.weight [2, 1, 3, 3]",
        "cell0.edge4to5.pointwise1.weight [2, 2, 1, 1]",
        "cell0.edge4to5.depthwise2.weight [2, 1, 3, 3]",
        "cell0.edge4to5.pointwise2.weight [2, 2, 1, 1]",
        "cell1.preprocess0.conv.weight [4, 6, 1, 1]",
        "cell1.preprocess1.conv.weight [4, 8, 1, 1]",
        "cell1.edge0to2.conv_even.weight [2, 4, 1, 1]",
        "cell1.edge0to2.conv_odd.weight [2, 4, 1, 1]",
        "cell1.edge1to2.conv_even.weight [2, 4, 1, 1]",
        "cell1.edge1to2.conv_odd.weight [2, 4, 1, 1]",
    ];
    assert_eq!(found[..expected.len()], expected);
    let starts: Vec<&String> = found.iter().filter(|line| line.starts_with("cell2.preprocess")).collect();
    assert_eq!(
        starts,
        [
            "cell2.preprocess0.conv_even.weight [4, 8, 1, 1]",
            "cell2.preprocess0.conv_odd.weight [4, 8, 1, 1]",
            "cell2.preprocess1.conv.weight [8, 16, 1, 1]",
        ]
    );
    assert_eq!(found[found.len() - 2..], ["classifier.weight [5, 32]", "classifier.bias [5]"]);
}

#[test]
fn a_supernet_has_all_operations_on_all_edges() {
    let names = listed(&supernet(Skeleton { cell_affine: true, ..SMALL }));
    let in_cell = |cell: usize| names.iter().filter(|name| name.starts_with(&format!("cell{cell}.edge"))).count();
    // Two separable convolutions of four kernels and two norms, two dilated ones of two kernels and a norm, on 14 edges; in a reduction
    // cell also a factorised reduction of two kernels and a norm on the eight edges from its inputs.
    assert_eq!(in_cell(0), 14 * (2 * 8 + 2 * 4));
    assert_eq!(in_cell(1), 14 * (2 * 8 + 2 * 4) + 8 * 4);
    let first: Vec<&str> = names.iter().filter_map(|name| name.strip_prefix("cell1.edge0to2.skip_connect.")).collect();
    assert_eq!(
        first,
        ["conv_even.weight [2, 4, 1, 1]", "conv_odd.weight [2, 4, 1, 1]", "bn.weight [4]", "bn.bias [4]"]
    );
}

#[test]
fn a_network_has_as_many_parameters_as_the_census_counts() {
    let elements = |params: Vec<&Param>| params.iter().map(|p| p.var.elem_count() as u64).sum::<u64>();
    for skeleton in [SMALL, ODD, Skeleton { layers: 1, channels: 3, ..ODD }, Skeleton { layers: 0, ..SMALL }] {
        let shared = supernet(skeleton);
        for architecture in architectures(40) {
            let alone = Nb301::stand_alone(architecture, skeleton, Init::Zero, DType::F32, &Device::Cpu).unwrap();
            let counted = architecture.census(&skeleton);
            assert_eq!(elements(alone.params().iter().collect()), counted.params, "{architecture}");
            assert_eq!(elements(shared.active(architecture)), counted.params, "{architecture} in the supernet");
        }
    }
}

/// The published sizes, through the census, which is held against the benchmark's table.
#[test]
fn the_papers_networks_have_the_papers_sizes() {
    let alone = Nb301::stand_alone(full(), Skeleton::STAND_ALONE, Init::Zero, DType::F32, &Device::Cpu).unwrap();
    let elements = |params: Vec<&Param>| params.iter().map(|p| p.var.elem_count() as u64).sum::<u64>();
    let normal = 2 * 119_952 + 136_080 + 59_976 + 68_040;
    let reduce = 2 * 26_352 + 63_504 + 28_296 + 31_752 + 56_592;
    assert_eq!(elements(alone.params().iter().collect()), 495_190 + normal + reduce);
    let shared = Nb301::supernet(Skeleton::SUPERNET, Init::Zero, DType::F32, &Device::Cpu).unwrap();
    assert_eq!(elements(shared.active(full())), full().census(&Skeleton::SUPERNET).params);
}

#[test]
fn relus_are_those_of_the_census() {
    for skeleton in [SMALL, ODD] {
        let network = supernet(skeleton);
        for architecture in architectures(6) {
            let (mut calls, mut elements) = (0u64, 0u64);
            let mut sink = |input: &Tensor, output: &Tensor| {
                assert!(host_f64(output)? == host_f64(&input.maximum(0f32)?)?);
                calls += 1;
                elements += (input.elem_count() / 2) as u64;
                Ok(())
            };
            let mut pass = Pass::new(engine()).untracked().with_relu_sink(&mut sink);
            network.forward(architecture, &images(2, skeleton.resolution), &mut pass).unwrap();
            let counted = architecture.census(&skeleton);
            assert_eq!((calls, elements), (counted.relu_calls, counted.relu_elements), "{architecture}");
        }
    }
}

#[test]
fn a_sub_network_is_its_stand_alone_network() {
    for skeleton in [SMALL, ODD] {
        let shared = supernet(skeleton);
        for architecture in architectures(4) {
            let alone = shared.extract(architecture, DType::F32, |param| Ok(param.var.as_detached_tensor())).unwrap();
            let (shared_logits, shared_gradients) = loss_gradients(&shared, architecture);
            let (alone_logits, alone_gradients) = loss_gradients(&alone, architecture);
            assert_eq!(bits(&shared_logits), bits(&alone_logits), "logits of {architecture}");
            assert_eq!(shared.active(architecture).len(), alone.params().len());
            for (a, b) in shared.active(architecture).into_iter().zip(alone.params()) {
                let of = |gradients: &GradStore, param: &Param| gradients.get(&param.var).map(bits);
                let (a_bits, b_bits) = (of(&shared_gradients, a), of(&alone_gradients, b));
                assert_eq!(a_bits, b_bits, "gradients of {} and {}", a.name, b.name);
            }
        }
    }
}

/// So that the backward pass need not be Candle's.
#[test]
fn the_graph_is_one_of_kernels() {
    let network = supernet(ODD);
    let mut pass = Pass::new(Engine::Kernels);
    let logits = network.forward(full(), &images(2, 7), &mut pass).unwrap();
    assert!(nas_assay_kernels::cpu::is_of_kernels(&logits));
    assert!(!nas_assay_kernels::cpu::is_of_kernels(&logits.sqr().unwrap()));
}

on_each_device!(both_engines_run_the_same_network);

fn both_engines_run_the_same_network(device: &Device) {
    for (skeleton, architecture) in [SMALL, ODD].into_iter().zip(architectures(3).into_iter().cycle()).chain(
        // Drawn ones too, on the odd sizes.
        architectures(3).into_iter().skip(2).map(|architecture| (ODD, architecture)),
    ) {
        let run = |engine: Engine, device: &Device| {
            let network = Nb301::supernet(skeleton, seeded(1), DType::F64, device).unwrap();
            let images = images(4, skeleton.resolution).to_dtype(DType::F64).unwrap().to_device(device).unwrap();
            let labels = Tensor::new(&[0u32, 3, 1, 3], device).unwrap();
            let logits = network.forward(architecture, &images, &mut Pass::new(engine)).unwrap();
            let gradients = engine.backward(&engine.cross_entropy(&logits, &labels).unwrap()).unwrap();
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
    for architecture in architectures(4) {
        let (_, gradients) = loss_gradients(&network, architecture);
        let active: Vec<&str> = network.active(architecture).iter().map(|param| param.name.as_str()).collect();
        for param in network.params() {
            let used = active.contains(&param.name.as_str());
            assert_eq!(gradients.get(&param.var).is_some(), used, "{} of {architecture}", param.name);
        }
    }
}

#[test]
fn a_stand_alone_network_refuses_other_architectures() {
    let [own, other] = architectures(0)[..] else { unreachable!("two architectures") };
    let network = stand_alone(own, SMALL);
    let foreign = |error: NetError| {
        assert!(error.to_string().contains(&format!("has the weights of {own} alone")), "{error}");
    };
    foreign(network.forward(other, &images(1, 8), &mut Pass::new(engine())).unwrap_err());
    foreign(network.extract(other, DType::F32, |param| Ok(param.var.as_detached_tensor())).unwrap_err());
}

#[test]
fn running_statistics_follow_the_batches() {
    let network = supernet(SMALL);
    let forward = |norm| network.forward(full(), &images(4, 8), &mut Pass::new(engine()).with_norm(norm)).unwrap();
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
    for used in ["cell0.edge0to2.sep_conv_3x3.bn2", "cell1.edge1to2.skip_connect.bn", "cell2.preprocess0.bn"] {
        assert!(moved.contains(&format!("{used}.running_mean")), "{used} did not move");
    }
    assert!(!moved.iter().any(|name| name.contains("edge0to2.dil_conv_3x3")), "an unused operation moved");
    // With momentum one the running variance is the unbiased one: n / (n - 1) times the batch's.
    let stem = network.stem.forward(&images(4, 8), &Pass::new(engine()).with_norm(NormMode::Running)).unwrap();
    let batch = network.stem.forward(&images(4, 8), &Pass::new(engine())).unwrap();
    let shrink = (255f64 / 256.0).sqrt();
    for (running, batch) in host_f64(&stem).unwrap().iter().zip(host_f64(&batch).unwrap()) {
        assert!((running - shrink * batch).abs() < 1e-5, "{running} by running statistics, {batch} by the batch");
    }
}

#[test]
fn dropout_masks_come_from_the_stream() {
    let network = supernet(SMALL);
    let forward = |rate: f64, seed: u64| {
        let dropout = Dropout { rate, stream: Seed::root(seed).stream() };
        bits(&network.forward(full(), &images(4, 8), &mut Pass::new(engine()).with_dropout(dropout)).unwrap())
    };
    let without = bits(&network.forward(full(), &images(4, 8), &mut Pass::new(engine())).unwrap());
    assert_eq!(forward(0.0, 1), without);
    assert_eq!(forward(0.5, 1), forward(0.5, 1));
    assert_ne!(forward(0.5, 1), forward(0.5, 2));
}

/// The stages of a factorised reduction by hand, at an odd size.
#[test]
fn a_factorised_reduction_reads_even_and_odd_pixels() {
    use crate::net::layers::FactorisedReduction;
    let mut builder = Builder::new(Init::Zero, DType::F64, &Device::Cpu);
    let layer = FactorisedReduction::new(&mut builder, "halve", 1, 2, false).unwrap();
    let (params, _) = builder.finish();
    for param in &params {
        param.var.set(&param.var.as_detached_tensor().ones_like().unwrap()).unwrap();
    }
    let image = Tensor::arange(1f64, 10.0, &Device::Cpu).unwrap().reshape((1, 1, 3, 3)).unwrap();
    let mut pass = Pass::new(engine()).with_norm(NormMode::Identity);
    let halved = layer.forward(&mut Shared::new(image), &mut pass).unwrap();
    assert_eq!(halved.dims(), [1, 2, 2, 2]);
    assert_eq!(host_f64(&halved).unwrap(), [1.0, 3.0, 7.0, 9.0, 5.0, 0.0, 0.0, 0.0]);
    let mut builder = Builder::new(Init::Zero, DType::F64, &Device::Cpu);
    let error = FactorisedReduction::new(&mut builder, "halve", 1, 3, false).unwrap_err();
    assert!(error.to_string().contains("3 have no half"), "{error}");
}
