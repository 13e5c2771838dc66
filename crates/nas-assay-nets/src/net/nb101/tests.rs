use super::cell::Sparse;
use super::{Nb1Shot1, Nb101};
use crate::net::{Buffers, Dropout, Engine, Init, NetError, NormMode, Param, Params, Pass, host_f64};
use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Result, Tensor};
use nas_assay_base::seed::{Seed, Stream};
use nas_assay_kernels::cpu as kernels;
use nas_assay_kernels::on_each_device;
use nas_assay_spaces::Census;
use nas_assay_spaces::nb101::{Architecture, StandAlone, Subset, Supernet};
use proptest::prelude::*;
use std::collections::BTreeMap;

const SHARED: Supernet = Supernet { channels: 4, layers: 3, classes: 5, resolution: 8, affine: true };
const OWN: StandAlone = StandAlone { channels: 6, cells: 1, classes: 5, resolution: 8 };

/// Either of the two networks.
pub(super) trait Net {
    fn params(&self) -> &Params;
    fn buffers(&self) -> &Buffers;
    fn active(&self, architecture: Architecture) -> Vec<&Param>;
    fn run(
        &self,
        architecture: Architecture,
        images: &Tensor,
        pass: &mut Pass<'_>,
    ) -> std::result::Result<Tensor, NetError>;
}

macro_rules! net {
    ($($network:ty),+) => {$(
        impl Net for $network {
            fn params(&self) -> &Params { self.params() }
            fn buffers(&self) -> &Buffers { self.buffers() }
            fn active(&self, architecture: Architecture) -> Vec<&Param> { self.active(architecture) }
            fn run(&self, architecture: Architecture, images: &Tensor, pass: &mut Pass<'_>)
            -> std::result::Result<Tensor, NetError> { self.forward(architecture, images, pass) }
        }
    )+};
}
net!(Nb101, Nb1Shot1);

fn seeded(seed: u64) -> Init {
    Init::Seeded(Seed::root(seed))
}

fn supernet(skeleton: Supernet) -> Nb1Shot1 {
    Nb1Shot1::supernet(skeleton, seeded(1), DType::F32, &Device::Cpu).unwrap()
}

fn sub_network(architecture: Architecture, skeleton: Supernet) -> Nb1Shot1 {
    Nb1Shot1::stand_alone(architecture, skeleton, seeded(1), DType::F32, &Device::Cpu).unwrap()
}

fn own(architecture: Architecture, skeleton: StandAlone) -> Nb101 {
    Nb101::stand_alone(architecture, skeleton, seeded(1), DType::F32, &Device::Cpu).unwrap()
}

/// Deviates in the shape of `count` images, of the type and on the device of a network's parameters.
pub(super) fn images(count: usize, resolution: usize, dtype: DType, device: &Device) -> Tensor {
    let mut stream = Seed::root(9).stream();
    let pixels: Vec<f64> = (0..count * 3 * resolution * resolution).map(|_| stream.normal()).collect();
    let images = Tensor::from_vec(pixels, (count, 3, resolution, resolution), &Device::Cpu).unwrap();
    images.to_dtype(dtype).unwrap().to_device(device).unwrap()
}

fn bits(x: &Tensor) -> Vec<u64> {
    host_f64(x).unwrap().into_iter().map(f64::to_bits).collect()
}

/// A full cell, one whose input feeds its output, a chain that leaves three vertices out, and drawn ones of both subsets.
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

fn loss_gradients(
    network: &impl Net,
    architecture: Architecture,
    images: &Tensor,
    engine: Engine,
) -> (Tensor, GradStore) {
    let logits = network.run(architecture, images, &mut Pass::new(engine)).unwrap();
    let labels: Vec<u32> = (0..logits.dim(0).unwrap() as u32).map(|image| 3 * image % 5).collect();
    let labels = Tensor::new(labels, logits.device()).unwrap();
    let gradients = engine.cross_entropy(&logits, &labels).unwrap().backward().unwrap();
    (logits, gradients)
}

fn cpu_gradients(network: &impl Net, architecture: Architecture) -> (Tensor, GradStore) {
    loss_gradients(network, architecture, &images(4, 8, DType::F32, &Device::Cpu), Engine::Kernels)
}

fn listed(network: &impl Net) -> Vec<String> {
    network.params().iter().map(|param| format!("{} {:?}", param.name, param.var.dims())).collect()
}

#[test]
fn the_shared_network_has_these_parameters() {
    let chain = architectures()[2];
    let skeleton = Supernet { channels: 2, layers: 2, affine: false, ..SHARED };
    // Half of the depth is one third and two thirds rounded down: both cells come after a pooling.
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
    // Vertices 3 and 5 share the output's channels, the first with one more; 4 has as many as 5, 1 and 2 as many as 3.
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

/// The elements of parameters, by what the census calls them.
fn elements<'a>(params: impl IntoIterator<Item = &'a Param>) -> [u64; 3] {
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

/// `ReLU`s of a pass of two images: calls, and elements an image.
fn relus(network: &impl Net, architecture: Architecture, resolution: usize) -> (u64, u64) {
    let (mut calls, mut elements) = (0, 0);
    let mut sink = |input: &Tensor, output: &Tensor| {
        assert!(host_f64(output)? == host_f64(&input.maximum(0f32)?)?);
        calls += 1;
        elements += (input.elem_count() / 2) as u64;
        Ok(())
    };
    let mut pass = Pass::new(Engine::Kernels).untracked().with_relu_sink(&mut sink);
    network.run(architecture, &images(2, resolution, DType::F32, &Device::Cpu), &mut pass).unwrap();
    (calls, elements)
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
            assert_eq!(elements(alone.params()), counted(&census), "{architecture}");
            assert_eq!(elements(shared.active(architecture)), counted(&census), "{architecture} in the supernet");
            let expected = (census.relu_calls, census.relu_elements);
            assert_eq!(relus(&shared, architecture, skeleton.resolution), expected, "{architecture}");
            assert_eq!(relus(&alone, architecture, skeleton.resolution), expected, "{architecture} alone");
        }
    }
}

#[test]
fn the_benchmarks_network_is_what_the_census_counts() {
    for skeleton in [OWN, StandAlone { channels: 3, ..OWN }, StandAlone { channels: 5, cells: 2, resolution: 7, ..OWN }]
    {
        for architecture in architectures() {
            let (network, census) = (own(architecture, skeleton), architecture.census(&skeleton));
            assert_eq!(elements(network.params()), counted(&census), "{architecture}");
            assert_eq!(network.active(architecture).len(), network.params().len());
            let expected = (census.relu_calls, census.relu_elements);
            assert_eq!(relus(&network, architecture, skeleton.resolution), expected, "{architecture}");
        }
    }
}

#[test]
fn too_few_channels_are_refused() {
    let full = architectures()[0];
    let error = Nb101::stand_alone(full, StandAlone { channels: 1, ..OWN }, Init::Zero, DType::F32, &Device::Cpu);
    let error = error.unwrap_err().to_string();
    assert!(error.contains("1 channels leave none for vertex 4"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]

    #[test]
    fn a_sub_network_is_its_stand_alone_network(index in 0..nas_assay_spaces::nb101::COUNT, paper: bool) {
        let shared = supernet(SHARED);
        let subset = if paper { Subset::Paper } else { Subset::Raw };
        let architecture = subset.sample(&mut Seed::root(index as u64).stream());
        let alone = shared.extract(architecture, DType::F32, |param| Ok(param.var.as_detached_tensor())).unwrap();
        let (shared_logits, shared_gradients) = cpu_gradients(&shared, architecture);
        let (alone_logits, alone_gradients) = cpu_gradients(&alone, architecture);
        prop_assert_eq!(bits(&shared_logits), bits(&alone_logits));
        let active = shared.active(architecture);
        prop_assert_eq!(active.len(), alone.params().len());
        for (a, b) in active.into_iter().zip(alone.params()) {
            prop_assert_eq!(&a.name, &b.name);
            let of = |gradients: &GradStore, param: &Param| gradients.get(&param.var).map(bits);
            let gradient = of(&shared_gradients, a);
            prop_assert!(gradient.is_some(), "{} has no gradient", a.name);
            prop_assert_eq!(gradient, of(&alone_gradients, b), "gradients of {}", a.name);
        }
    }
}

#[test]
fn from_one_seed_both_uses_start_with_the_same_values() {
    let (shared, architecture) = (supernet(SHARED), architectures()[1]);
    for (a, b) in shared.active(architecture).into_iter().zip(sub_network(architecture, SHARED).params()) {
        assert_eq!((&a.name, bits(&a.var)), (&b.name, bits(&b.var)));
    }
}

#[test]
fn extracted_parameters_are_the_given_function_of_the_networks() {
    fn check(network: &impl Net, copy: &impl Net, architecture: Architecture) {
        for (from, to) in network.active(architecture).into_iter().zip(copy.params()) {
            let halves: Vec<f64> = host_f64(&from.var).unwrap().iter().map(|value| value.abs() / 2.0).collect();
            assert_eq!((to.var.dtype(), host_f64(&to.var).unwrap()), (DType::F64, halves), "{}", to.name);
        }
    }
    let architecture = architectures()[1];
    let value = |param: &Param| -> Result<Tensor> { param.var.as_detached_tensor().abs()? / 2.0 };
    let (shared, network) = (supernet(SHARED), own(architecture, OWN));
    check(&shared, &shared.extract(architecture, DType::F64, value).unwrap(), architecture);
    check(&network, &network.extract(architecture, DType::F64, value).unwrap(), architecture);
}

#[test]
fn weights_that_are_not_used_have_no_gradient() {
    let network = supernet(SHARED);
    for architecture in architectures() {
        let (_, gradients) = cpu_gradients(&network, architecture);
        let active: Vec<&str> = network.active(architecture).iter().map(|param| param.name.as_str()).collect();
        for param in network.params() {
            let used = active.contains(&param.name.as_str());
            assert_eq!(gradients.get(&param.var).is_some(), used, "{} of {architecture}", param.name);
        }
        let own = own(architecture, OWN);
        let (_, gradients) = cpu_gradients(&own, architecture);
        assert!(own.params().iter().all(|param| gradients.get(&param.var).is_some()), "{architecture}");
    }
}

on_each_device!(both_engines_run_the_same_network);

fn both_engines_run_the_same_network(device: &Device) {
    fn check<N: Net>(architecture: Architecture, gpu: &Device, network: impl Fn(&Device) -> Result<N>) {
        let run = |engine: Engine, device: &Device| {
            let network = network(device).unwrap();
            let images = images(4, 8, DType::F64, device);
            let (logits, gradients) = loss_gradients(&network, architecture, &images, engine);
            let of = |param: &Param| gradients.get(&param.var).map(|gradient| host_f64(gradient).unwrap());
            let mut found = vec![Some(host_f64(&logits).unwrap())];
            found.extend(network.params().iter().map(of));
            found
        };
        let (kernels, composed) = (run(Engine::Kernels, &Device::Cpu), run(Engine::Composed, gpu));
        for (part, (a, b)) in kernels.iter().zip(&composed).enumerate() {
            assert_eq!(a.is_some(), b.is_some(), "part {part} of {architecture}");
            let (a, b) = (a.iter().flatten(), b.iter().flatten());
            let off = a.zip(b).map(|(a, b)| (a - b).abs() / (1.0 + b.abs())).fold(0.0, f64::max);
            assert!(off < 1e-10, "part {part} of {architecture} differs by {off}");
        }
    }
    for architecture in architectures() {
        check(architecture, device, |device| Nb1Shot1::supernet(SHARED, seeded(1), DType::F64, device));
        let skeleton = StandAlone { channels: 5, ..OWN };
        check(architecture, device, |device| Nb101::stand_alone(architecture, skeleton, seeded(1), DType::F64, device));
    }
}

#[test]
fn threads_and_vector_instructions_change_no_bit() {
    let network = supernet(SHARED);
    for architecture in &architectures()[..3] {
        let run = || -> Vec<Option<Vec<u64>>> {
            let (logits, gradients) = cpu_gradients(&network, *architecture);
            let of = |param: &Param| gradients.get(&param.var).map(bits);
            std::iter::once(Some(bits(&logits))).chain(network.params().iter().map(of)).collect()
        };
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
        candle_core::Var::from_tensor(&Tensor::from_vec(values, &shape, &Device::Cpu).unwrap()).unwrap()
    };
    let weight = draw(0, [3, 10, 1, 1]);
    let [a, b, c] = [1, 2, 3].map(|seed| draw(seed, [2, 2, 4, 4]));
    for places in [vec![0], vec![4], vec![1, 2], vec![0, 3], vec![2, 4], vec![0, 1, 3]] {
        let blocks: Vec<(usize, &Tensor)> =
            places.iter().copied().zip([&a, &b, &c].map(candle_core::Var::as_tensor)).collect();
        let sparse = Sparse::blocks(&blocks, 5, engine).unwrap();
        let dense = sparse.dense(engine).unwrap();
        for (block, channels) in (0..5).map(|block| (block, dense.narrow(1, 2 * block, 2).unwrap())) {
            let expected =
                blocks.iter().find(|(place, _)| *place == block).map_or(vec![0.0; 64], |(_, x)| host_f64(x).unwrap());
            assert_eq!(host_f64(&channels).unwrap(), expected, "block {block} of {places:?}");
        }
        let whole = Sparse::whole(dense).unwrap();
        let run = |x: &Sparse| {
            let y =
                engine.conv2d(&x.kept, &x.columns(&weight, engine).unwrap(), crate::net::Window::default()).unwrap();
            let gradients = y.sqr().unwrap().sum_all().unwrap().backward().unwrap();
            let of = |var: &candle_core::Var| gradients.get(var).map_or(vec![], |gradient| host_f64(gradient).unwrap());
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
    let (sub, network) = (sub_network(architecture, SHARED), own(architecture, OWN));
    let images = images(1, 8, DType::F32, &Device::Cpu);
    let same = |param: &Param| Ok(param.var.as_detached_tensor());
    let errors = [
        sub.forward(other, &images, &mut Pass::new(Engine::Kernels)).unwrap_err(),
        network.forward(other, &images, &mut Pass::new(Engine::Kernels)).unwrap_err(),
        sub.extract(other, DType::F32, same).unwrap_err(),
        network.extract(other, DType::F32, same).unwrap_err(),
    ];
    for error in errors {
        assert!(error.to_string().contains(&format!("has the weights of {architecture} alone")), "{error}");
    }
}

#[test]
fn running_statistics_follow_the_batches() {
    fn check(network: &impl Net, architecture: Architecture, moved: &str, unmoved: &str) {
        let images = images(4, 8, DType::F32, &Device::Cpu);
        let run = |norm| network.run(architecture, &images, &mut Pass::new(Engine::Kernels).with_norm(norm)).unwrap();
        let state = || -> BTreeMap<String, Vec<u64>> {
            network.buffers().named().map(|(name, tensor)| (name.to_owned(), bits(&tensor))).collect()
        };
        let (fresh, by_batch) = (state(), bits(&run(NormMode::Batch)));
        assert_eq!(state(), fresh, "a plain pass leaves the running statistics alone");
        assert_eq!(bits(&run(NormMode::BatchUpdating { momentum: 1.0 })), by_batch);
        let after = state();
        let changed = |name: &str| after.iter().any(|(own, value)| own.starts_with(name) && fresh[own] != *value);
        assert!(changed(moved) && !changed(unmoved));
        assert_ne!(bits(&run(NormMode::Running)), by_batch);
    }
    let full = architectures()[0];
    check(&supernet(SHARED), full, "cell0.vertex2.conv3x3", "cell0.vertex2.conv1x1");
    check(&own(full, OWN), full, "cell0.vertex2.conv3x3", "cell0.vertex3");
}

#[test]
fn dropout_masks_come_from_the_stream() {
    fn check(network: &impl Net, architecture: Architecture) {
        let images = images(4, 8, DType::F32, &Device::Cpu);
        let run = |rate: f64, seed: u64| {
            let dropout = Dropout { rate, stream: Seed::root(seed).stream() };
            bits(&network.run(architecture, &images, &mut Pass::new(Engine::Kernels).with_dropout(dropout)).unwrap())
        };
        let without = bits(&network.run(architecture, &images, &mut Pass::new(Engine::Kernels)).unwrap());
        assert_eq!(run(0.0, 1), without);
        assert_eq!(run(0.5, 1), run(0.5, 1));
        assert_ne!(run(0.5, 1), run(0.5, 2));
    }
    let full = architectures()[0];
    check(&supernet(SHARED), full);
    check(&own(full, OWN), full);
}
