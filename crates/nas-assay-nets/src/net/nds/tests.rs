//! A network of these spaces has what the census counts, computes the same alone and in the supernet, and the same in both engines.

use super::*;
use crate::net::space_checks::{
    self, active_elements, config, elements, engines_agree, listed, moved_statistics, relus, seeded, slices,
    stand_alone,
};
use crate::net::{Init, Network, Param, Role};
use candle_core::{DType, Device};
use nas_assay_base::seed::Seed;
use nas_assay_kernels::on_each_device;
use nas_assay_spaces::nds::{ResNeXtA, ResNet, resnet, resnext_a};
use nas_assay_spaces::{Architecture as AnyArchitecture, SpaceId};
use std::collections::BTreeMap;

/// Widths from 4 to 64, on maps of 8, 4 and 2 pixels a side.
const SMALL: Skeleton = Skeleton { width_divisor: 4, classes: 5, resolution: 8, ..Skeleton::SUPERNET };

/// The same with maps of 5, 3 and 2 pixels a side, affine blocks, and a projection only where it is needed.
const ODD: Skeleton =
    Skeleton { resolution: 9, stem_stride: 2, block_affine: true, projection: Projection::WhereShapeChanges, ..SMALL };

const PICKERS: [Picker; 2] = [Picker::Ordinal, Picker::L1];

/// The spaces, with architectures that show every part.
trait Space: Family {
    const ID: SpaceId;
    /// One with many groups, one with the stem's width in the first stage, one with the greatest widths.
    const WRITTEN: &'static [&'static str];

    fn any(architecture: Architecture<Self>) -> AnyArchitecture;
}

impl Space for ResNet {
    const ID: SpaceId = SpaceId::NdsResnet;
    const WRITTEN: &'static [&'static str] = &["d1,2,1 w24,64,32", "d2,1,2 w16,16,40", "d1,1,1 w256,256,256"];

    fn any(architecture: Architecture<Self>) -> AnyArchitecture {
        architecture.into()
    }
}

impl Space for ResNeXtA {
    const ID: SpaceId = SpaceId::NdsResnextA;
    const WRITTEN: &'static [&'static str] = &[
        "d2,1,2 w64,128,32 r0.5,1,0.25 g2,4,1",
        "d1,1,1 w16,256,16 r0.25,0.5,1 g4,1,2",
        "d1,2,1 w256,256,256 r1,1,1 g1,2,4",
    ];

    fn any(architecture: Architecture<Self>) -> AnyArchitecture {
        architecture.into()
    }
}

fn supernet<F: Space>(skeleton: Skeleton, picker: Picker) -> Network {
    Network::supernet(F::ID, &config(skeleton, DType::F32, &Device::Cpu), picker, seeded(1)).unwrap()
}

/// The written ones and drawn ones, these with one or two blocks a stage.
fn architectures<F: Space>(drawn: usize) -> Vec<Architecture<F>> {
    let mut stream = Seed::root(3).stream();
    let shallow = |architecture: Architecture<F>| {
        (0..STAGES).fold(architecture, |built, stage| built.with(stage, architecture.choice(stage) % 2))
    };
    let written = F::WRITTEN.iter().map(|text| text.parse().unwrap());
    written.chain((0..drawn).map(|_| shallow(Architecture::sample(&mut stream)))).collect()
}

/// Runs a test of both spaces.
macro_rules! of_both {
    ($($name:ident),+ $(,)?) => {
        mod resnet_networks {
            $(#[test] fn $name() { super::$name::<super::ResNet>(); })+
        }
        mod resnext_a_networks {
            $(#[test] fn $name() { super::$name::<super::ResNeXtA>(); })+
        }
    };
}

of_both!(
    a_network_has_what_the_census_counts,
    a_network_tells_its_encoding,
    relus_are_those_of_the_census,
    a_sub_network_is_its_stand_alone_network,
    weights_that_are_not_used_have_no_gradient,
    the_largest_channels_are_picked_once_and_kept,
    a_stand_alone_network_refuses_other_architectures,
    running_statistics_of_the_channels_in_use_move,
    dropout_masks_come_from_the_stream,
);

#[test]
fn names_and_shapes_are_in_the_order_of_the_data() {
    let architecture: resnext_a::Architecture = "d2,1,1 w16,32,64 r0.5,1,0.25 g2,4,1".parse().unwrap();
    let alone = |skeleton: Skeleton| stand_alone(architecture, skeleton);
    let skeleton = Skeleton { block_affine: false, ..Skeleton::STAND_ALONE };
    let expected = [
        "stem.conv.weight [16, 3, 3, 3]",
        "stem.bn.weight [16]",
        "stem.bn.bias [16]",
        "stage0.block0.conv_a.weight [8, 16, 1, 1]",
        "stage0.block0.conv_b.weight [8, 4, 3, 3]",
        "stage0.block0.conv_c.weight [16, 8, 1, 1]",
        "stage0.block1.conv_a.weight [8, 16, 1, 1]",
        "stage0.block1.conv_b.weight [8, 4, 3, 3]",
        "stage0.block1.conv_c.weight [16, 8, 1, 1]",
        "stage1.block0.shortcut.conv.weight [32, 16, 1, 1]",
        "stage1.block0.conv_a.weight [32, 16, 1, 1]",
        "stage1.block0.conv_b.weight [32, 8, 3, 3]",
        "stage1.block0.conv_c.weight [32, 32, 1, 1]",
        "stage2.block0.shortcut.conv.weight [64, 32, 1, 1]",
        "stage2.block0.conv_a.weight [16, 32, 1, 1]",
        "stage2.block0.conv_b.weight [16, 16, 3, 3]",
        "stage2.block0.conv_c.weight [64, 16, 1, 1]",
        "classifier.weight [10, 64]",
        "classifier.bias [10]",
    ];
    assert_eq!(listed(&alone(skeleton)), expected);
    let affine = listed(&alone(Skeleton::STAND_ALONE));
    assert_eq!(
        affine[3..6],
        ["conv_a.weight [8, 16, 1, 1]", "bn_a.weight [8]", "bn_a.bias [8]"].map(|name| format!("stage0.block0.{name}"))
    );
    let projected = listed(&alone(Skeleton::SUPERNET));
    assert_eq!(projected[3], "stage0.block0.shortcut.conv.weight [16, 16, 1, 1]");

    let shared = listed(&supernet::<ResNet>(SMALL, Picker::Ordinal));
    assert_eq!(shared.len(), 3 + 3 * (24 * 2 + 1) + 2);
    let shared = listed(&supernet::<ResNeXtA>(SMALL, Picker::Ordinal));
    assert_eq!(shared.len(), 3 + 3 * (16 * 3 + 1) + 2);
    let first = ["shortcut.conv.weight [64, 4, 1, 1]", "conv_a.weight [64, 4, 1, 1]", "conv_b.weight [64, 64, 3, 3]"];
    assert_eq!(shared[3..6], first.map(|name| format!("stage0.block0.{name}")));
}

fn a_network_has_what_the_census_counts<F: Space>() {
    for skeleton in [SMALL, ODD, Skeleton { width_divisor: 2, stem_stride: 4, ..Skeleton::STAND_ALONE }] {
        let (config, zeros) = (config(skeleton, DType::F32, &Device::Cpu), Init::Zero);
        let shared = PICKERS.map(|picker| Network::supernet(F::ID, &config, picker, zeros).unwrap());
        let mut stream = Seed::root(5).stream();
        let deep = (0..6).map(|_| Architecture::sample(&mut stream));
        for architecture in architectures::<F>(20).into_iter().chain(deep) {
            let counted = architecture.census(&skeleton).counts;
            let architecture = F::any(architecture);
            let alone = Network::stand_alone(architecture, &config, zeros).unwrap();
            assert_eq!(elements(alone.params()), counted.params, "{architecture}");
            assert_eq!(active_elements(&alone, architecture), counted.params, "{architecture}");
            let convolutions = alone.params().iter().filter(|param| param.role == Role::ConvWeight);
            assert_eq!(convolutions.count() as u64, counted.conv_calls, "{architecture}");
            for shared in &shared {
                let parts = shared.parts(architecture).unwrap().into_iter();
                let shape = |(param, slice): (&Param, Option<Slice>)| {
                    (param.name.clone(), slice.unwrap().shape(param.var.dims()))
                };
                let shapes: Vec<_> = parts.map(shape).collect();
                let expected = alone.params().iter().map(|param| (param.name.clone(), param.var.dims().to_vec()));
                assert_eq!(shapes, expected.collect::<Vec<_>>(), "{architecture}");
            }
        }
    }
}

/// No two encodings build the same network: the shapes give depths, widths, ratios and groups.
fn a_network_tells_its_encoding<F: Space>() {
    let skeleton = Skeleton::STAND_ALONE;
    for architecture in architectures::<F>(12) {
        let network = stand_alone(F::any(architecture), skeleton);
        let mut read = Architecture::<F>::FIRST;
        for stage in 0..STAGES {
            let dims = |layer: &str| {
                let name = format!("stage{stage}.block0.{layer}.weight");
                network.params().get(&name).map(|param| param.var.dims().to_vec())
            };
            let blocks = network
                .params()
                .names()
                .filter(|name| name.starts_with(&format!("stage{stage}.")) && name.ends_with("conv_a.weight"));
            let inner = dims("conv_b").unwrap();
            let values = match dims("conv_c") {
                None => vec![blocks.count() as f64, inner[0] as f64],
                Some(last) => {
                    let ratio = inner[0] as f64 / last[0] as f64;
                    vec![blocks.count() as f64, last[0] as f64, ratio, (inner[0] / inner[1]) as f64]
                }
            };
            for (place, (value, decision)) in values.into_iter().zip(F::DECISIONS).enumerate() {
                read = read.with(place * STAGES + stage, decision.choice_of(value).unwrap());
            }
        }
        assert_eq!(read, architecture);
    }
}

fn relus_are_those_of_the_census<F: Space>() {
    for skeleton in [SMALL, ODD] {
        let network = supernet::<F>(skeleton, Picker::L1);
        for architecture in architectures(4) {
            let counted = architecture.census(&skeleton).counts;
            let expected = (counted.relu_calls, counted.relu_elements);
            assert_eq!(relus(&network, F::any(architecture)), expected, "{architecture}");
        }
    }
}

fn a_sub_network_is_its_stand_alone_network<F: Space>() {
    for (skeleton, picker) in [SMALL, ODD].into_iter().flat_map(|skeleton| PICKERS.map(|picker| (skeleton, picker))) {
        let shared = supernet::<F>(skeleton, picker);
        for architecture in architectures(4) {
            space_checks::a_sub_network_is_its_stand_alone_network(&shared, F::any(architecture));
        }
    }
}

on_each_device!(both_engines_run_the_same_networks);

fn both_engines_run_the_same_networks(device: &Device) {
    both_engines_run::<ResNet>(device);
    both_engines_run::<ResNeXtA>(device);
}

fn both_engines_run<F: Space>(device: &Device) {
    for (skeleton, picker) in [(SMALL, Picker::L1), (ODD, Picker::Ordinal)] {
        let build = |config: &_| Network::supernet(F::ID, config, picker, seeded(1)).unwrap();
        for architecture in architectures(1) {
            engines_agree(F::any(architecture), device, build, skeleton);
        }
    }
}

fn weights_that_are_not_used_have_no_gradient<F: Space>() {
    for skeleton in [SMALL, ODD] {
        let network = supernet::<F>(skeleton, Picker::Ordinal);
        for architecture in architectures(3) {
            space_checks::weights_that_are_not_used_have_no_gradient(&network, F::any(architecture), |_| true);
        }
    }
}

/// The channels of a stage and those inside a bottleneck are compared with norms computed here.
fn the_largest_channels_are_picked_once_and_kept<F: Space>() {
    let network = supernet::<F>(SMALL, Picker::L1);
    let norms = |name: &str, inputs: &[usize]| -> Vec<f64> {
        let weight = network.params().get(name).unwrap().var.flatten_from(1).unwrap().to_vec2::<f32>().unwrap();
        weight.iter().map(|row| inputs.iter().map(|&input| f64::from(row[input].abs())).sum()).collect()
    };
    let largest = |norms: &[f64], count: usize| -> Vec<usize> {
        let is_in = |&channel: &usize| {
            let larger = norms
                .iter()
                .enumerate()
                .filter(|&(other, norm)| *norm > norms[channel] || *norm == norms[channel] && other < channel);
            larger.count() < count
        };
        (0..norms.len()).filter(is_in).collect()
    };
    let mut narrow = 0;
    for architecture in architectures::<F>(3) {
        let parts = slices(&network, F::any(architecture));
        let mut inputs: Vec<usize> = (0..SMALL.stem_channels()).collect();
        for (stage, (&depth, width)) in architecture.depths().iter().zip(architecture.widths()).enumerate() {
            let prefix = format!("stage{stage}.block0");
            let outputs = largest(&norms(&format!("{prefix}.shortcut.conv.weight"), &inputs), width / 4);
            narrow += usize::from(outputs.iter().copied().ne(0..outputs.len()));
            let came_in = std::mem::replace(&mut inputs, outputs.clone());
            for block in 0..depth {
                let part = |layer: &str| parts.get(format!("stage{stage}.block{block}.{layer}.weight").as_str());
                let channels = |channels: &Channels| channels.iter().collect::<Vec<_>>();
                let (first, second) = (part("conv_a").unwrap(), part("conv_b").unwrap());
                let entering = if block == 0 { &came_in } else { &outputs };
                assert_eq!(channels(&first.inputs), *entering, "{architecture}, stage {stage}, block {block}");
                if let Some(last) = part("conv_c") {
                    let name = format!("stage{stage}.block{block}.conv_a.weight");
                    let inner = largest(&norms(&name, entering), first.outputs.len());
                    for found in [&first.outputs, &second.outputs, &last.inputs] {
                        assert_eq!(channels(found), inner, "inside {architecture}, stage {stage}, block {block}");
                    }
                    assert_eq!(
                        second.inputs,
                        Channels::First(inner.len()),
                        "grouped convolutions read the first inputs"
                    );
                    assert_eq!(channels(&last.outputs), outputs);
                } else {
                    for found in [&first.outputs, &second.inputs, &second.outputs] {
                        assert_eq!(channels(found), outputs, "{architecture}, stage {stage}, block {block}");
                    }
                }
            }
        }
        assert_eq!(parts["classifier.weight"].inputs.iter().collect::<Vec<_>>(), inputs);
    }
    assert!(narrow > 5, "the largest channels are not just the first ones");
}

fn a_stand_alone_network_refuses_other_architectures<F: Space>() {
    let [own, other, ..] = architectures::<F>(0)[..] else { unreachable!("three architectures") };
    let (own, other) = (F::any(own), F::any(other));
    space_checks::other_architectures_are_refused(&stand_alone(own, SMALL), own, other);
}

fn running_statistics_of_the_channels_in_use_move<F: Space>() {
    for picker in PICKERS {
        let network = supernet::<F>(SMALL, picker);
        let architecture = F::any(architectures::<F>(0)[0]);
        let mut used: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (name, slice) in slices(&network, architecture) {
            if let Some((prefix, layer)) = name.strip_suffix(".weight").and_then(|name| name.rsplit_once("conv")) {
                used.insert(format!("{prefix}bn{layer}"), slice.outputs.iter().collect());
            }
        }
        for (name, moved) in moved_statistics(&network, architecture) {
            let expected = used.get(name.rsplit_once('.').unwrap().0).cloned().unwrap_or_default();
            assert_eq!(moved, expected, "{name} by {picker:?}");
        }
    }
}

fn dropout_masks_come_from_the_stream<F: Space>() {
    let network = supernet::<F>(SMALL, Picker::Ordinal);
    space_checks::dropout_masks_come_from_the_stream(&network, F::any(architectures::<F>(0)[0]));
}

/// Numbers of parameters at the paper's size, computed by hand.
#[test]
fn the_papers_supernets_are_this_large() {
    let params = |shapes: &[[usize; 3]]| shapes.iter().map(|[o, i, k]| o * i * k * k).sum::<usize>();
    let later = [256, 256, 3];
    let basic = |inputs: usize| params(&[[256, inputs, 1], [256, inputs, 3], later]);
    let expected = 27 * 16 + 32 + basic(16) + 2 * basic(256) + 69 * params(&[later, later]) + 2570;
    let largest = resnet::Architecture::LAST;
    assert_eq!(largest.census(&Skeleton::SUPERNET).counts.params, expected as u64);
    assert_eq!(largest.to_string(), "d24,24,24 w256,256,256");
}
