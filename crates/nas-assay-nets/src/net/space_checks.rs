//! What the networks of every space must do. The tests of each space call these with networks of their own.

use std::collections::BTreeMap;

use candle_core::backprop::GradStore;
use candle_core::{DType, Device, Tensor, Var};

use super::{Dropout, Engine, ForwardPass, Init, NetConfig, Network, NormMode, Param, Role, Slice, host_f64};
use nas_assay_base::seed::Seed;
use nas_assay_schema::spec::Picker;
use nas_assay_spaces::{Architecture, Skeleton, SpaceId};

/// The number of images of most passes.
const IMAGES: usize = 4;

pub(super) fn seeded(seed: u64) -> Init {
    Init::Seeded(Seed::root(seed))
}

pub(super) fn config(skeleton: impl Into<Skeleton>, dtype: DType, device: &Device) -> NetConfig {
    NetConfig { skeleton: skeleton.into(), dtype, device: device.clone() }
}

/// A supernet in single precision; narrow layers have the first channels.
pub(super) fn supernet(space: SpaceId, skeleton: impl Into<Skeleton>) -> Network {
    Network::supernet(space, &config(skeleton, DType::F32, &Device::Cpu), Picker::Ordinal, seeded(1)).unwrap()
}

/// The network of an architecture, in single precision.
pub(super) fn stand_alone(architecture: impl Into<Architecture>, skeleton: impl Into<Skeleton>) -> Network {
    Network::stand_alone(architecture.into(), &config(skeleton, DType::F32, &Device::Cpu), seeded(1)).unwrap()
}

/// Normal deviates in the shape of `count` images, of the size, the type and on the device that a network asks for.
pub(super) fn images(network: &Network, count: usize) -> Tensor {
    let side = network.skeleton().resolution();
    let mut stream = Seed::root(9).stream();
    let pixels: Vec<f64> = (0..count * 3 * side * side).map(|_| stream.normal()).collect();
    let images = Tensor::from_vec(pixels, (count, 3, side, side), &Device::Cpu).unwrap();
    let var = &network.params().iter().next().unwrap().var;
    images.to_dtype(var.dtype()).unwrap().to_device(var.device()).unwrap()
}

pub(super) fn bits(x: &Tensor) -> Vec<u64> {
    host_f64(x).unwrap().into_iter().map(f64::to_bits).collect()
}

/// Each parameter's name and shape, in network order.
pub(super) fn listed(network: &Network) -> Vec<String> {
    network.params().iter().map(|param| format!("{} {:?}", param.name, param.var.dims())).collect()
}

/// The elements of parameters together.
pub(super) fn elements<'a>(params: impl IntoIterator<Item = &'a Param>) -> u64 {
    params.into_iter().map(|param| param.var.elem_count() as u64).sum()
}

/// The elements of the parameters that an architecture uses.
pub(super) fn active_elements(network: &Network, architecture: impl Into<Architecture>) -> u64 {
    elements(network.active(architecture.into()).unwrap())
}

/// Logits of four images, and the gradients of their loss.
pub(super) fn loss_gradients(
    network: &Network,
    architecture: impl Into<Architecture>,
    engine: Engine,
) -> (Tensor, GradStore) {
    let logits = network.forward(architecture.into(), &images(network, IMAGES), &mut ForwardPass::new(engine)).unwrap();
    let classes = logits.dim(1).unwrap() as u32;
    let labels: Vec<u32> = (0..IMAGES as u32).map(|image| 3 * image % classes).collect();
    let labels = Tensor::new(labels, logits.device()).unwrap();
    let gradients = engine.backward(&engine.cross_entropy(&logits, &labels).unwrap()).unwrap();
    (logits, gradients)
}

/// A function of logits and of the gradient by each parameter, none for a parameter without a gradient.
pub(super) fn outcome<T>(
    network: &Network,
    architecture: impl Into<Architecture>,
    engine: Engine,
    of: impl Fn(&Tensor) -> T,
) -> Vec<Option<T>> {
    let (logits, gradients) = loss_gradients(network, architecture, engine);
    let gradients = network.params().iter().map(|param| gradients.get(&param.var).map(&of));
    std::iter::once(Some(of(&logits))).chain(gradients).collect()
}

/// The kernels on the CPU and both engines on `device` give the same logits and gradients of the network that `build` makes, but for
/// rounding in double precision.
pub(super) fn engines_agree(
    architecture: impl Into<Architecture>,
    device: &Device,
    build: impl Fn(&NetConfig) -> Network,
    skeleton: impl Into<Skeleton>,
) {
    let (architecture, skeleton) = (architecture.into(), skeleton.into());
    let run = |engine: Engine, device: &Device| {
        let network = build(&config(skeleton, DType::F64, device));
        outcome(&network, architecture, engine, |tensor| host_f64(tensor).unwrap())
    };
    let kernels = run(Engine::Kernels, &Device::Cpu);
    for engine in [Engine::Kernels, Engine::Composed] {
        for (part, (a, b)) in kernels.iter().zip(&run(engine, device)).enumerate() {
            assert_eq!(a.is_some(), b.is_some(), "part {part} of {architecture}");
            let (a, b) = (a.iter().flatten(), b.iter().flatten());
            let off = a.zip(b).map(|(a, b)| (a - b).abs() / (1.0 + b.abs())).fold(0.0, f64::max);
            assert!(off < 1e-10, "part {part} of {architecture} differs by {off} with {engine:?}");
        }
    }
}

/// The `ReLU`s of a pass: calls, and elements an image.
pub(super) fn relus(network: &Network, architecture: impl Into<Architecture>) -> (u64, u64) {
    let (mut calls, mut elements) = (0, 0);
    let mut observer = |input: &Tensor, output: &Tensor| {
        assert!(host_f64(output)? == host_f64(&input.maximum(0f32)?)?);
        calls += 1;
        elements += (input.elem_count() / 2) as u64;
        Ok(())
    };
    let mut pass = ForwardPass::new(Engine::Kernels).untracked().with_relu_observer(&mut observer);
    network.forward(architecture.into(), &images(network, 2), &mut pass).unwrap();
    (calls, elements)
}

/// An architecture has the same logits and gradients in a supernet as in the stand-alone network with the supernet's weights. The part of
/// a weight that it does not use gets zeros.
pub(super) fn a_sub_network_is_its_stand_alone_network(shared: &Network, architecture: impl Into<Architecture>) {
    let architecture = architecture.into();
    let alone = shared.extract(architecture, DType::F32, |param| Ok(param.var.as_detached_tensor())).unwrap();
    let (shared_logits, shared_gradients) = loss_gradients(shared, architecture, Engine::Kernels);
    let (alone_logits, alone_gradients) = loss_gradients(&alone, architecture, Engine::Kernels);
    assert_eq!(bits(&shared_logits), bits(&alone_logits), "logits of {architecture}");
    let parts = shared.parts(architecture).unwrap();
    assert_eq!(parts.len(), alone.params().len());
    for ((whole, slice), own) in parts.into_iter().zip(alone.params()) {
        let gradient = shared_gradients.get(&whole.var).map(bits);
        let expected = alone_gradients.get(&own.var).map(bits);
        let dims = whole.var.dims();
        let Some(slice) = slice.filter(|slice| !slice.is_whole(dims)) else {
            assert_eq!(gradient, expected, "gradients of {} and {}", whole.name, own.name);
            continue;
        };
        let (mut gradient, expected) = (gradient.unwrap(), expected.unwrap());
        // The part is taken out, and nothing must be left.
        let zero = 0f64.to_bits();
        let (rows, elements) = slice.offsets(dims).unwrap();
        let places = rows.iter().flat_map(|row| elements.iter().map(move |element| row + element));
        let part: Vec<u64> = places.map(|place| std::mem::replace(&mut gradient[place], zero)).collect();
        assert_eq!(part, expected, "gradient of {} of {architecture}", whole.name);
        assert!(gradient.iter().all(|&bits| bits == zero), "{} outside {architecture}", whole.name);
    }
}

/// The parts of parameters that an architecture uses, by the parameter's name.
pub(super) fn slices(network: &Network, architecture: impl Into<Architecture>) -> BTreeMap<&str, Slice> {
    let parts = network.parts(architecture.into()).unwrap();
    parts.into_iter().map(|(param, slice)| (param.name.as_str(), slice.unwrap())).collect()
}

/// The parameters that an architecture uses have a gradient, if the loss depends on them (`depends`, by name). Other parameters have none.
pub(super) fn weights_that_are_not_used_have_no_gradient(
    network: &Network,
    architecture: impl Into<Architecture>,
    depends: impl Fn(&str) -> bool,
) {
    let architecture = architecture.into();
    let (_, gradients) = loss_gradients(network, architecture, Engine::Kernels);
    let active: Vec<&str> = network.active(architecture).unwrap().iter().map(|param| param.name.as_str()).collect();
    for param in network.params() {
        let expected = active.contains(&param.name.as_str()) && depends(&param.name);
        assert_eq!(gradients.get(&param.var).is_some(), expected, "{} of {architecture}", param.name);
    }
}

/// A network with the weights of `own` alone neither runs another architecture nor gives its weights.
pub(super) fn other_architectures_are_refused(
    network: &Network,
    own: impl Into<Architecture>,
    other: impl Into<Architecture>,
) {
    let (own, other) = (own.into(), other.into());
    let same = |param: &Param| Ok(param.var.as_detached_tensor());
    let errors = [
        network.forward(other, &images(network, 1), &mut ForwardPass::new(Engine::Kernels)).unwrap_err(),
        network.extract(other, DType::F32, same).unwrap_err(),
    ];
    for error in errors {
        assert!(error.to_string().contains(&format!("has the weights of {own} alone")), "{error}");
    }
}

/// The channels whose running statistics move in a pass that updates them, by the statistic's name. Other passes move none, and the logits
/// are the same.
pub(super) fn moved_statistics(
    network: &Network,
    architecture: impl Into<Architecture>,
) -> BTreeMap<String, Vec<usize>> {
    let (architecture, images) = (architecture.into(), images(network, IMAGES));
    let run = |norm| {
        let mut pass = ForwardPass::new(Engine::Kernels).with_norm(norm);
        bits(&network.forward(architecture, &images, &mut pass).unwrap())
    };
    let state = || -> BTreeMap<String, Vec<u64>> {
        network.buffers().named().map(|(name, tensor)| (name.to_owned(), bits(&tensor))).collect()
    };
    let (fresh, by_batch) = (state(), run(NormMode::Batch));
    assert_eq!(state(), fresh, "a plain pass leaves the running statistics alone");
    assert_eq!(run(NormMode::BatchUpdating { momentum: 1.0 }), by_batch);
    assert_ne!(run(NormMode::Running), by_batch);
    let channels = |(name, after): (String, Vec<u64>)| {
        let moved = (0..after.len()).filter(|&channel| after[channel] != fresh[&name][channel]).collect();
        (name, moved)
    };
    state().into_iter().map(channels).collect()
}

/// The names of the running statistics that moved in some channel.
pub(super) fn names_of_moved(moved: BTreeMap<String, Vec<usize>>) -> Vec<String> {
    moved.into_iter().filter(|(_, channels)| !channels.is_empty()).map(|(name, _)| name).collect()
}

/// Logits depend on the dropout's stream. A rate of zero changes nothing.
pub(super) fn dropout_masks_come_from_the_stream(network: &Network, architecture: impl Into<Architecture>) {
    let (architecture, images) = (architecture.into(), images(network, IMAGES));
    let run = |dropout: Option<Dropout>| {
        let mut pass = ForwardPass { dropout, ..ForwardPass::new(Engine::Kernels) };
        bits(&network.forward(architecture, &images, &mut pass).unwrap())
    };
    let dropped = |rate, seed| run(Some(Dropout { rate, stream: Seed::root(seed).stream() }));
    assert_eq!(dropped(0.0, 1), run(None));
    assert_eq!(dropped(0.5, 1), dropped(0.5, 1));
    assert_ne!(dropped(0.5, 1), dropped(0.5, 2));
}

/// Gives batch-norms scales and shifts that are not the same for all channels.
pub(super) fn draw_norms(network: &Network, seed: u64) {
    for Param { name, role, var } in network.params() {
        let start = match role {
            Role::NormScale => 1.0,
            Role::NormShift => 0.0,
            _ => continue,
        };
        let mut stream = Seed::root(seed).child(name).stream();
        let values: Vec<f64> = (0..var.elem_count()).map(|_| start + 0.3 * stream.normal()).collect();
        var.set(&Tensor::from_vec(values, var.dims(), &Device::Cpu).unwrap()).unwrap();
    }
}

/// Logits of three images, and the gradients of the sum of their squares with respect to the images.
pub(super) fn function(network: &Network, architecture: impl Into<Architecture>) -> Vec<f64> {
    let images = Var::from_tensor(&images(network, 3)).unwrap();
    let logits = network.forward(architecture.into(), &images, &mut ForwardPass::new(Engine::Kernels)).unwrap();
    let gradients = logits.sqr().unwrap().sum_all().unwrap().backward().unwrap();
    [host_f64(&logits).unwrap(), host_f64(gradients.get(&images).unwrap()).unwrap()].concat()
}

/// The largest difference.
pub(super) fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}
