//! A network of this space has what the census counts, computes the same alone and in the supernet, and the same in both engines.

use super::*;
use crate::net::layers::FactorisedReduction;
use crate::net::space_checks::{
    self, active_elements, config, elements, engines_agree, images, listed, moved_statistics, names_of_moved, relus,
    seeded, stand_alone,
};
use crate::net::{Engine, Init, Network, NormMode, host_f64};
use candle_core::{DType, Device};
use nas_assay_base::seed::Seed;
use nas_assay_kernels::on_each_device;
use nas_assay_schema::spec::Picker;
use nas_assay_spaces::SpaceId;

/// A normal cell, two reduction cells and a normal cell, so that every kind of preprocessing occurs; 8, 4 and 2 pixels a side. The batch-norms
/// are those of a supernet.
const SMALL: Skeleton = Skeleton { channels: 2, layers: 4, classes: 5, resolution: 8, ..Skeleton::SUPERNET };

/// 7, 4 and 2 pixels a side, with the batch-norms of a stand-alone network.
const ODD: Skeleton = Skeleton { resolution: 7, cell_affine: true, pool_norm: false, ..SMALL };

/// Every operation on an edge from an input, and every one but the pools on an inner edge.
const FULL: &str = "sep_conv_3x3:0>2;sep_conv_5x5:1>2;dil_conv_3x3:0>3;dil_conv_5x5:2>3;max_pool_3x3:1>4;\
    skip_connect:3>4;avg_pool_3x3:0>5;sep_conv_3x3:4>5|skip_connect:0>2;skip_connect:1>2;avg_pool_3x3:1>3;\
    max_pool_3x3:2>3;sep_conv_5x5:0>4;dil_conv_3x3:2>4;dil_conv_5x5:1>5;sep_conv_3x3:2>5";

fn supernet(skeleton: Skeleton) -> Network {
    space_checks::supernet(SpaceId::Nb301, skeleton)
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
    for skeleton in [SMALL, ODD, Skeleton { layers: 1, channels: 3, ..ODD }, Skeleton { layers: 0, ..SMALL }] {
        let shared = supernet(skeleton);
        for architecture in architectures(40) {
            let counted = architecture.census(&skeleton).params;
            assert_eq!(elements(stand_alone(architecture, skeleton).params()), counted, "{architecture}");
            assert_eq!(active_elements(&shared, architecture), counted, "{architecture} in the supernet");
        }
    }
}

/// The published sizes. The census gives them too, and is itself tested against the benchmark's table.
#[test]
fn the_papers_networks_have_the_papers_sizes() {
    let zeros = |skeleton: Skeleton| (config(skeleton, DType::F32, &Device::Cpu), Init::Zero);
    let (alone, init) = zeros(Skeleton::STAND_ALONE);
    let alone = Network::stand_alone(full().into(), &alone, init).unwrap();
    let normal = 2 * 119_952 + 136_080 + 59_976 + 68_040;
    let reduce = 2 * 26_352 + 63_504 + 28_296 + 31_752 + 56_592;
    assert_eq!(elements(alone.params()), 495_190 + normal + reduce);
    let (shared, init) = zeros(Skeleton::SUPERNET);
    let shared = Network::supernet(SpaceId::Nb301, &shared, Picker::Ordinal, init).unwrap();
    assert_eq!(active_elements(&shared, full()), full().census(&Skeleton::SUPERNET).params);
}

#[test]
fn relus_are_those_of_the_census() {
    for skeleton in [SMALL, ODD] {
        let network = supernet(skeleton);
        for architecture in architectures(6) {
            let counted = architecture.census(&skeleton);
            assert_eq!(relus(&network, architecture), (counted.relu_calls, counted.relu_elements), "{architecture}");
        }
    }
}

#[test]
fn a_sub_network_is_its_stand_alone_network() {
    for skeleton in [SMALL, ODD] {
        let shared = supernet(skeleton);
        for architecture in architectures(4) {
            space_checks::a_sub_network_is_its_stand_alone_network(&shared, architecture);
        }
    }
}

/// Then the kernels' own backward pass can run, and Candle's is not needed.
#[test]
fn the_graph_is_one_of_kernels() {
    let network = supernet(ODD);
    let logits = network.forward(full().into(), &images(&network, 2), &mut ForwardPass::new(Engine::Kernels)).unwrap();
    assert!(nas_assay_kernels::cpu::is_of_kernels(&logits));
    assert!(!nas_assay_kernels::cpu::is_of_kernels(&logits.sqr().unwrap()));
}

on_each_device!(both_engines_run_the_same_network);

fn both_engines_run_the_same_network(device: &Device) {
    let build = |config: &_| Network::supernet(SpaceId::Nb301, config, Picker::Ordinal, seeded(1)).unwrap();
    let [full, bare, drawn @ ..] = &architectures(3)[..] else { unreachable!("five architectures") };
    engines_agree(*full, device, build, SMALL);
    for architecture in [bare].into_iter().chain(drawn) {
        engines_agree(*architecture, device, build, ODD);
    }
}

#[test]
fn weights_that_are_not_used_have_no_gradient() {
    let network = supernet(SMALL);
    for architecture in architectures(4) {
        space_checks::weights_that_are_not_used_have_no_gradient(&network, architecture, |_| true);
    }
}

#[test]
fn a_stand_alone_network_refuses_other_architectures() {
    let [own, other] = architectures(0)[..] else { unreachable!("two architectures") };
    space_checks::other_architectures_are_refused(&stand_alone(own, SMALL), own, other);
}

#[test]
fn running_statistics_follow_the_batches() {
    let moved = names_of_moved(moved_statistics(&supernet(SMALL), full()));
    let used = [
        "cell0.edge0to2.sep_conv_3x3.bn2",
        "cell0.edge1to4.max_pool_3x3.bn",
        "cell1.edge1to3.avg_pool_3x3.bn",
        "cell1.edge1to2.skip_connect.bn",
        "cell2.preprocess0.bn",
    ];
    for used in used {
        assert!(moved.contains(&format!("{used}.running_mean")), "{used} did not move");
    }
    for unused in ["edge0to2.dil_conv_3x3", "edge0to2.max_pool_3x3"] {
        assert!(!moved.iter().any(|name| name.contains(unused)), "an unused operation moved");
    }
}

#[test]
fn dropout_masks_come_from_the_stream() {
    space_checks::dropout_masks_come_from_the_stream(&supernet(SMALL), full());
}

/// Two images of one channel and four pixels, of maxima 3 and 7 and means 1.5 and 4.5, beside a black one as the other input. Every window
/// has all four pixels of an image.
#[test]
fn pools_of_a_supernet_have_mean_zero_and_variance_one() {
    let cell = "max_pool_3x3:0>2;max_pool_3x3:1>2;avg_pool_3x3:0>3;avg_pool_3x3:1>3;max_pool_3x3:0>4;max_pool_3x3:2>4;\
        skip_connect:2>5;skip_connect:3>5";
    let architecture: Architecture = format!("{cell}|{cell}").parse().unwrap();
    let pixels = [1.0, 2.0, 3.0, 0.0, 7.0, 5.0, 6.0, 0.0];
    let image = Tensor::new(&pixels, &Device::Cpu).unwrap().reshape((2, 1, 2, 2)).unwrap();
    // The nodes of the first image and of the second one.
    let nodes = |kind: CellKind, pool_norm: bool, engine: Engine| -> [Vec<f64>; 2] {
        let mut builder = Builder::new(Init::Zero, DType::F64, &Device::Cpu);
        let shape = CellShape { kind, inputs: [(1, false); INPUTS], channels: 1, affine: true, pool_norm };
        let cell = Cell::new(&mut builder, "cell", shape, WeightsOf::One(architecture)).unwrap();
        let (params, buffers) = builder.finish();
        assert!(params.iter().all(|param| param.name.contains("preprocess")), "a pool has no parameters");
        let pooled = buffers.iter().filter(|buffer| buffer.name.starts_with("cell.edge")).count();
        assert_eq!(pooled, if pool_norm { 2 * 6 } else { 0 });
        let inputs = [image.clone(), image.zeros_like().unwrap()];
        let output = cell.forward(architecture, inputs, &mut ForwardPass::new(engine)).unwrap();
        // The pixels of a node are all equal, but for a supernet's rounding.
        let of_each = host_f64(&output.flatten_from(2).unwrap()).unwrap();
        let pixels = of_each.len() / 8;
        assert!(of_each.chunks(pixels).all(|node| node.iter().all(|pixel| (pixel - node[0]).abs() < 1e-12)));
        let nodes: Vec<f64> = of_each.chunks(pixels).map(|node| node[0]).collect();
        [nodes[..4].to_vec(), nodes[4..].to_vec()]
    };
    let eps = 1e-5_f64;
    let max = 2.0 / (4.0 + eps).sqrt();
    let mean = 1.5 / (2.25 + eps).sqrt();
    let normed = [max, mean, max + max / (max * max + eps).sqrt(), max + mean];
    for (kind, engine) in [CellKind::Normal, CellKind::Reduce]
        .into_iter()
        .flat_map(|kind| [Engine::Kernels, Engine::Composed].map(|engine| (kind, engine)))
    {
        let [first, second] = nodes(kind, true, engine);
        for (node, expected) in normed.into_iter().enumerate() {
            let off = (first[node] + expected).abs().max((second[node] - expected).abs());
            assert!(
                off < 1e-12,
                "{kind:?} {engine:?} node {node}: {} and {}, not {expected}",
                first[node],
                second[node]
            );
        }
        assert_eq!(nodes(kind, false, engine), [[3.0, 1.5, 6.0, 4.5], [7.0, 4.5, 14.0, 11.5]], "{kind:?} {engine:?}");
    }
}

/// A factorised reduction computed by hand, at an odd size.
#[test]
fn a_factorised_reduction_reads_even_and_odd_pixels() {
    let mut builder = Builder::new(Init::Zero, DType::F64, &Device::Cpu);
    let layer = FactorisedReduction::new(&mut builder, "halve", 1, 2, false).unwrap();
    let (params, _) = builder.finish();
    for param in &params {
        param.var.set(&param.var.as_detached_tensor().ones_like().unwrap()).unwrap();
    }
    let image = Tensor::arange(1f64, 10.0, &Device::Cpu).unwrap().reshape((1, 1, 3, 3)).unwrap();
    let mut pass = ForwardPass::new(Engine::Kernels).with_norm(NormMode::Identity);
    let halved = layer.forward(&mut CachedRelu::new(image), &mut pass).unwrap();
    assert_eq!(halved.dims(), [1, 2, 2, 2]);
    assert_eq!(host_f64(&halved).unwrap(), [1.0, 3.0, 7.0, 9.0, 5.0, 0.0, 0.0, 0.0]);
    let mut builder = Builder::new(Init::Zero, DType::F64, &Device::Cpu);
    let error = FactorisedReduction::new(&mut builder, "halve", 1, 3, false).unwrap_err();
    assert!(error.to_string().contains("an even number of output channels, but got 3"), "{error}");
}
