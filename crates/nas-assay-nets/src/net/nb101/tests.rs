use super::sparse::SparseImage;
use crate::net::space_checks::{
    self, active_elements, bits, config, elements, engines_agree, listed, moved_statistics, names_of_moved, outcome,
    relus, seeded,
};
use crate::net::{Engine, Init, Network, Param, host_f64};
use candle_core::{DType, Device, Result, Tensor, Var};
use nas_assay_base::seed::{Seed, Stream};
use nas_assay_kernels::cpu as kernels;
use nas_assay_kernels::on_each_device;
use nas_assay_schema::spec::Picker;
use nas_assay_spaces::nb101::{Architecture, Skeleton, StandAlone, Subset, Supernet};
use nas_assay_spaces::{Census, SpaceId};
use proptest::prelude::*;

const SHARED: Supernet = Supernet { channels: 4, layers: 3, classes: 5, resolution: 8, affine: true };
const OWN: StandAlone = StandAlone { channels: 6, cells: 1, classes: 5, resolution: 8 };

fn supernet(skeleton: Supernet) -> Network {
    space_checks::supernet(SpaceId::Nb101, Skeleton::Supernet(skeleton))
}

fn sub_network(architecture: Architecture, skeleton: Supernet) -> Network {
    space_checks::stand_alone(architecture, Skeleton::Supernet(skeleton))
}

fn own(architecture: Architecture, skeleton: StandAlone) -> Network {
    space_checks::stand_alone(architecture, Skeleton::StandAlone(skeleton))
}

/// A full cell, one with an edge from input to output, a chain that leaves out three vertices, and drawn ones of both subsets.
fn architectures() -> Vec<Architecture> {
    let mut stream = Seed::root(3).stream();
    let text = |bits: [&str; 7], operations: &str| format!("{}:input|{operations}|output", bits.concat());
    let written = [
        text(
            ["0100000", "0010000", "0001110", "0000101", "0000010", "0000001", "0000000"],
            "conv3x3-bn-relu|conv3x3-bn-relu|maxpool3x3|conv1x1-bn-relu|conv1x1-bn-relu",
        ),
        text(
            ["0101001", "0010110", "0000100", "0000010", "0000000", "0000001", "0000000"],
            "conv1x1-bn-relu|maxpool3x3|conv3x3-bn-relu|maxpool3x3|conv3x3-bn-relu",
        ),
        text(
            ["0100001", "0010001", "0001100", "0000110", "0000010", "0000000", "0000000"],
            "conv3x3-bn-relu|conv1x1-bn-relu|maxpool3x3|maxpool3x3|conv1x1-bn-relu",
        ),
    ];
    let drawn = |stream: &mut Stream| [Subset::Raw, Subset::Paper].map(|subset| subset.sample(stream));
    let written = written.iter().map(|text| text.parse().unwrap());
    written.chain([(); 4].into_iter().flat_map(|()| drawn(&mut stream))).collect()
}

#[test]
fn the_shared_network_has_these_parameters() {
    let chain = architectures()[2];
    let skeleton = Supernet { channels: 2, layers: 2, affine: false, ..SHARED };
    // Of two cells, one third and two thirds rounded down are cells 0 and 1: both come after a pooling.
    let alone = [
        "stem.conv.weight [2, 3, 3, 3]",
        "cell0.vertex1.projection.conv.weight [4, 2, 1, 1]",
        "cell0.vertex1.conv3x3.conv.weight [4, 4, 3, 3]",
        "cell0.output.projection.conv.weight [20, 2, 1, 1]",
        "cell1.vertex1.projection.conv.weight [8, 20, 1, 1]",
        "cell1.vertex1.conv3x3.conv.weight [8, 8, 3, 3]",
        "cell1.output.projection.conv.weight [40, 20, 1, 1]",
        "head.conv.weight [8, 40, 1, 1]",
        "classifier.weight [5, 8]",
        "classifier.bias [5]",
    ];
    assert_eq!(listed(&sub_network(chain, skeleton)), alone);
    let all = listed(&supernet(Supernet { affine: true, ..skeleton }));
    assert_eq!(all.len(), 3 + 2 * (5 * 9 + 3) + 1 + 2);
    let second = [
        "cell0.vertex2.projection.conv.weight [4, 2, 1, 1]",
        "cell0.vertex2.projection.bn.weight [4]",
        "cell0.vertex2.projection.bn.bias [4]",
        "cell0.vertex2.conv1x1.conv.weight [4, 4, 1, 1]",
        "cell0.vertex2.conv1x1.bn.weight [4]",
        "cell0.vertex2.conv1x1.bn.bias [4]",
        "cell0.vertex2.conv3x3.conv.weight [4, 4, 3, 3]",
    ];
    assert_eq!(all[12..19], second);
}

#[test]
fn the_benchmarks_network_has_these_parameters() {
    // Vertices 3 and 5 share the output's channels, and 3 has one more; 4 has as many as 5, and 1 and 2 have as many as 3.
    let full = architectures()[0];
    let skeleton = StandAlone { channels: 5, ..OWN };
    let expected = [
        "stem.conv.weight [5, 3, 3, 3]",
        "cell0.vertex1.projection.conv.weight [3, 5, 1, 1]",
        "cell0.vertex1.conv3x3.conv.weight [3, 3, 3, 3]",
        "cell0.vertex2.conv3x3.conv.weight [3, 3, 3, 3]",
        "cell0.vertex4.conv1x1.conv.weight [2, 2, 1, 1]",
        "cell0.vertex5.conv1x1.conv.weight [2, 2, 1, 1]",
        "cell1.vertex1.projection.conv.weight [5, 5, 1, 1]",
        "cell1.vertex1.conv3x3.conv.weight [5, 5, 3, 3]",
        "cell1.vertex2.conv3x3.conv.weight [5, 5, 3, 3]",
        "cell1.vertex4.conv1x1.conv.weight [5, 5, 1, 1]",
        "cell1.vertex5.conv1x1.conv.weight [5, 5, 1, 1]",
        "cell2.vertex1.projection.conv.weight [10, 10, 1, 1]",
        "cell2.vertex1.conv3x3.conv.weight [10, 10, 3, 3]",
        "cell2.vertex2.conv3x3.conv.weight [10, 10, 3, 3]",
        "cell2.vertex4.conv1x1.conv.weight [10, 10, 1, 1]",
        "cell2.vertex5.conv1x1.conv.weight [10, 10, 1, 1]",
        "classifier.weight [5, 20]",
        "classifier.bias [5]",
    ];
    let found = listed(&own(full, skeleton));
    assert_eq!(
        found.iter().filter(|name| !name.contains(".bn.")).collect::<Vec<_>>(),
        expected.iter().collect::<Vec<_>>()
    );
    assert_eq!(found.len(), expected.len() + 2 * (expected.len() - 2));
}

/// The elements of parameters, by the kinds that the census counts.
fn kinds<'a>(params: impl IntoIterator<Item = &'a Param>) -> [u64; 3] {
    let mut sums = [0; 3];
    for param in params {
        let kind = if param.name.starts_with("classifier") { 2 } else { usize::from(param.name.contains(".bn.")) };
        sums[kind] += param.var.elem_count() as u64;
    }
    sums
}

fn counted(census: &Census) -> [u64; 3] {
    [census.conv_weights, census.norm_params, census.linear_weights + census.linear_biases]
}

#[test]
fn the_shared_network_is_what_the_census_counts() {
    let skeletons = [
        SHARED,
        Supernet { affine: false, layers: 1, channels: 3, ..SHARED },
        Supernet { layers: 4, resolution: 7, ..SHARED },
    ];
    for skeleton in skeletons {
        let shared = supernet(skeleton);
        for architecture in architectures() {
            let census = architecture.supernet_census(&skeleton);
            let alone = sub_network(architecture, skeleton);
            assert_eq!(kinds(alone.params()), counted(&census), "{architecture}");
            let active = shared.active(architecture.into()).unwrap();
            assert_eq!(kinds(active), counted(&census), "{architecture} in the supernet");
            let expected = (census.relu_calls, census.relu_elements);
            assert_eq!(relus(&shared, architecture), expected, "{architecture}");
            assert_eq!(relus(&alone, architecture), expected, "{architecture} alone");
        }
    }
}

#[test]
fn the_benchmarks_network_is_what_the_census_counts() {
    for skeleton in [OWN, StandAlone { channels: 3, ..OWN }, StandAlone { channels: 5, cells: 2, resolution: 7, ..OWN }]
    {
        for architecture in architectures() {
            let (network, census) = (own(architecture, skeleton), architecture.census(&skeleton));
            assert_eq!(kinds(network.params()), counted(&census), "{architecture}");
            assert_eq!(active_elements(&network, architecture), elements(network.params()));
            let expected = (census.relu_calls, census.relu_elements);
            assert_eq!(relus(&network, architecture), expected, "{architecture}");
        }
    }
}

#[test]
fn too_few_channels_are_refused() {
    let full = architectures()[0];
    let config = config(Skeleton::StandAlone(StandAlone { channels: 1, ..OWN }), DType::F32, &Device::Cpu);
    let error = Network::stand_alone(full.into(), &config, Init::Zero).unwrap_err().to_string();
    assert!(error.contains("1 channels leave none for vertex 4"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]

    #[test]
    fn a_sub_network_is_its_stand_alone_network(index in 0..nas_assay_spaces::nb101::COUNT, paper: bool) {
        let shared = supernet(SHARED);
        let subset = if paper { Subset::Paper } else { Subset::Raw };
        let architecture = subset.sample(&mut Seed::root(index as u64).stream());
        space_checks::a_sub_network_is_its_stand_alone_network(&shared, architecture);
        space_checks::weights_that_are_not_used_have_no_gradient(&shared, architecture, |_| true);
        let names = |params: &mut dyn Iterator<Item = &Param>| params.map(|param| param.name.clone()).collect::<Vec<_>>();
        let active = shared.active(architecture.into()).unwrap();
        prop_assert_eq!(names(&mut active.into_iter()), names(&mut sub_network(architecture, SHARED).params().iter()));
    }
}

#[test]
fn from_one_seed_both_uses_start_with_the_same_values() {
    let (shared, architecture) = (supernet(SHARED), architectures()[1]);
    for (a, b) in
        shared.active(architecture.into()).unwrap().into_iter().zip(sub_network(architecture, SHARED).params())
    {
        assert_eq!((&a.name, bits(&a.var)), (&b.name, bits(&b.var)));
    }
}

#[test]
fn extracted_parameters_are_the_given_function_of_the_networks() {
    let architecture = architectures()[1];
    let value = |param: &Param| -> Result<Tensor> { param.var.as_detached_tensor().abs()? / 2.0 };
    for network in [supernet(SHARED), own(architecture, OWN)] {
        let copy = network.extract(architecture.into(), DType::F64, value).unwrap();
        for (from, to) in network.active(architecture.into()).unwrap().into_iter().zip(copy.params()) {
            let halves: Vec<f64> = host_f64(&from.var).unwrap().iter().map(|value| value.abs() / 2.0).collect();
            assert_eq!((to.var.dtype(), host_f64(&to.var).unwrap()), (DType::F64, halves), "{}", to.name);
        }
    }
}

#[test]
fn weights_that_are_not_used_have_no_gradient() {
    let network = supernet(SHARED);
    for architecture in architectures() {
        space_checks::weights_that_are_not_used_have_no_gradient(&network, architecture, |_| true);
        space_checks::weights_that_are_not_used_have_no_gradient(&own(architecture, OWN), architecture, |_| true);
    }
}

on_each_device!(both_engines_run_the_same_network);

fn both_engines_run_the_same_network(device: &Device) {
    for architecture in architectures() {
        let shared = |config: &_| Network::supernet(SpaceId::Nb101, config, Picker::Ordinal, seeded(1)).unwrap();
        engines_agree(architecture, device, shared, Skeleton::Supernet(SHARED));
        let own = |config: &_| Network::stand_alone(architecture.into(), config, seeded(1)).unwrap();
        engines_agree(architecture, device, own, Skeleton::StandAlone(StandAlone { channels: 5, ..OWN }));
    }
}

#[test]
fn threads_and_vector_instructions_change_no_bit() {
    let network = supernet(SHARED);
    for architecture in &architectures()[..3] {
        let run = || outcome(&network, *architecture, Engine::Kernels, bits);
        let expected = run();
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            assert!(pool.install(run) == expected, "{architecture} on {threads} threads");
        }
        assert!(kernels::Isa::PORTABLE.force(run) == expected, "{architecture} without vector instructions");
    }
}

/// Leaving zeros out changes neither values nor gradients.
#[test]
fn a_convolution_of_what_is_kept_is_that_of_the_whole() {
    let engine = Engine::Composed;
    let draw = |seed, shape: [usize; 4]| {
        let mut stream = Seed::root(seed).stream();
        let values: Vec<f64> = (0..shape.iter().product()).map(|_| stream.normal()).collect();
        Var::from_tensor(&Tensor::from_vec(values, &shape, &Device::Cpu).unwrap()).unwrap()
    };
    let weight = draw(0, [3, 10, 1, 1]);
    let [a, b, c] = [1, 2, 3].map(|seed| draw(seed, [2, 2, 4, 4]));
    for places in [vec![0], vec![4], vec![1, 2], vec![0, 3], vec![2, 4], vec![0, 1, 3]] {
        let blocks: Vec<(usize, &Tensor)> = places.iter().copied().zip([&a, &b, &c].map(Var::as_tensor)).collect();
        let sparse = SparseImage::blocks(&blocks, 5, engine).unwrap();
        let dense = sparse.dense(engine).unwrap();
        for (block, channels) in (0..5).map(|block| (block, dense.narrow(1, 2 * block, 2).unwrap())) {
            let expected =
                blocks.iter().find(|(place, _)| *place == block).map_or(vec![0.0; 64], |(_, x)| host_f64(x).unwrap());
            assert_eq!(host_f64(&channels).unwrap(), expected, "block {block} of {places:?}");
        }
        let whole = SparseImage::whole(dense).unwrap();
        let run = |x: &SparseImage| {
            let y =
                engine.conv2d(&x.kept, &x.columns(&weight, engine).unwrap(), crate::net::Window::default()).unwrap();
            let gradients = y.sqr().unwrap().sum_all().unwrap().backward().unwrap();
            let of = |var: &Var| gradients.get(var).map_or(vec![], |gradient| host_f64(gradient).unwrap());
            [host_f64(&y).unwrap(), of(&weight), of(&a), of(&b), of(&c)].concat()
        };
        let (kept, all) = (run(&sparse), run(&whole));
        assert_eq!(kept.len(), all.len());
        let off = kept.iter().zip(&all).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(off < 1e-10, "{places:?}: {off}");
    }
}

#[test]
fn other_architectures_are_refused() {
    let [architecture, other, ..] = architectures()[..] else { unreachable!("eleven architectures") };
    space_checks::other_architectures_are_refused(&sub_network(architecture, SHARED), architecture, other);
    space_checks::other_architectures_are_refused(&own(architecture, OWN), architecture, other);
}

#[test]
fn running_statistics_follow_the_batches() {
    let full = architectures()[0];
    for (network, unmoved) in [(supernet(SHARED), "cell0.vertex2.conv1x1"), (own(full, OWN), "cell0.vertex3")] {
        let moved = names_of_moved(moved_statistics(&network, full));
        assert!(moved.iter().any(|name| name.starts_with("cell0.vertex2.conv3x3")));
        assert!(!moved.iter().any(|name| name.starts_with(unmoved)), "{unmoved}");
    }
}

#[test]
fn dropout_masks_come_from_the_stream() {
    let full = architectures()[0];
    space_checks::dropout_masks_come_from_the_stream(&supernet(SHARED), full);
    space_checks::dropout_masks_come_from_the_stream(&own(full, OWN), full);
}
