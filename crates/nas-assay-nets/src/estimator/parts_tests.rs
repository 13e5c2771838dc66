//! A supernet shows an architecture as the stand-alone network with the same weights does: in every quantity of the probe, and in every
//! estimator's score.

use candle_core::{DType, Device, Tensor};
use nas_assay_base::seed::Seed;
use nas_assay_schema::spec::{self, Picker};
use nas_assay_spaces::{Architecture, Form, SpaceId};
use proptest::prelude::*;

use super::probe::WeightGradient;
use super::{EstimatorKind, ImageTerm, Probe, Suite};
use crate::images::Batch;
use crate::net::{Engine, Init, NetConfig, Network, Param, host_f64};

const SIDE: usize = 8;

/// A small supernet of `space`.
fn supernet(space: SpaceId, picker: Picker, dtype: DType, affine: bool, seed: u64) -> Network {
    let small = match space {
        SpaceId::Nb101 | SpaceId::Nb201 => {
            spec::Network { channels: Some(4), cells: Some(1), ..spec::Network::default() }
        }
        SpaceId::Nb301 => spec::Network { channels: Some(4), layers: Some(3), ..spec::Network::default() },
        SpaceId::NdsResnet | SpaceId::NdsResnextA => {
            spec::Network { width_divisor: Some(4), ..spec::Network::default() }
        }
        SpaceId::Table(space) => panic!("{space} has no network"),
    };
    let sizes = spec::Network { cell_affine: Some(affine), ..small };
    let config = NetConfig { skeleton: sizes.skeleton(space, Form::Supernet, SIDE), dtype, device: Device::Cpu };
    let init = Init::Seeded(Seed::root(seed).child("init"));
    Network::supernet(space, &config, picker, init).unwrap()
}

/// A drawn architecture that is not too deep for a test.
fn drawn(space: SpaceId, network: &Network, seed: u64) -> Architecture {
    let mut stream = Seed::root(seed).child("architecture").stream();
    loop {
        let architecture = space.sample(&mut stream);
        if architecture.census(&network.skeleton()).unwrap().flops < 2_000_000 {
            return architecture;
        }
    }
}

fn batches(dtype: DType) -> [Batch; 2] {
    let mut stream = Seed::root(6).child("images").stream();
    [5, 3].map(|size: usize| {
        let pixels: Vec<f64> = (0..size * 3 * SIDE * SIDE).map(|_| stream.normal()).collect();
        let images = Tensor::from_vec(pixels, (size, 3, SIDE, SIDE), &Device::Cpu).unwrap().to_dtype(dtype).unwrap();
        let labels: Vec<u32> = (0..size as u32).map(|image| image * 7 % 10).collect();
        Batch { images, labels: Tensor::new(labels, &Device::Cpu).unwrap() }
    })
}

/// Roles, weights and gradients. The names of a supernet's parameters may say more than those of a stand-alone network.
fn layers(layers: &[WeightGradient]) -> String {
    let values: Vec<_> = layers.iter().map(|layer| (layer.role, &layer.weight, &layer.gradient)).collect();
    format!("{values:?}")
}

/// Everything that a probe shows of a network, as texts with a title. Numbers of different bits have different texts.
fn shown(architecture: Architecture, network: &Network, [batch, other]: &[Batch; 2]) -> Vec<(String, String)> {
    let suite = Suite::builtin();
    let needs = suite.iter().flat_map(|estimator| estimator.meta().needs).copied();
    let evaluation = std::slice::from_ref(other);
    let probe = Probe::new(architecture, network, Engine::Kernels, needs).with_batch(batch).with_evaluation(evaluation);
    let weights: Vec<Vec<f64>> = probe.weights().unwrap().into_iter().map(|(_, weight)| weight).collect();
    let mut images = Vec::new();
    for term in [ImageTerm::Logits, ImageTerm::Loss] {
        let keep = |image: usize, found: &[WeightGradient]| {
            images.push((image, layers(found)));
            Ok(())
        };
        probe.each_image(term, keep).unwrap();
    }
    let codes: Vec<f64> = probe.output_codes().unwrap().iter().map(|code| code.log_determinant).collect();
    let codes = format!("{codes:?}");
    let copy = probe.with_weights(DType::F64, |param| param.var.as_detached_tensor().abs()).unwrap();
    let copied: Vec<_> =
        copy.params().iter().map(|Param { role, var, .. }| (role, var.shape(), host_f64(var).unwrap())).collect();
    let features = probe.features().unwrap().into_iter();
    let features: Vec<_> = features.map(|(name, map)| (name, map.shape().clone(), host_f64(&map).unwrap())).collect();
    let mut shown: Vec<(String, String)> = [
        ("counts", format!("{:?}", probe.census().unwrap())),
        ("logits", format!("{:?}", probe.logits().unwrap())),
        ("weights", format!("{weights:?}")),
        ("loss gradients", layers(probe.loss_gradients().unwrap())),
        ("Hessian-gradient products", layers(probe.hessian_gradients().unwrap())),
        ("channel saliencies", format!("{:?}", probe.channel_saliencies().unwrap())),
        ("patterns", format!("{:?}", probe.relu_patterns().unwrap())),
        ("input gradients", format!("{:?}", probe.input_gradients().unwrap())),
        ("synflow", layers(probe.synflow().unwrap())),
        ("synflow with norm", layers(probe.synflow_with_norm().unwrap())),
        ("output codes", codes),
        ("evaluation", format!("{:?}", probe.evaluation().unwrap())),
        ("gradients of images", format!("{images:?}")),
        ("a copy", format!("{copied:?}")),
        ("features", format!("{features:?}")),
    ]
    .map(|(title, text)| (title.to_owned(), text))
    .into();
    for estimator in suite.of(architecture.space()) {
        shown.push((estimator.meta().id.to_owned(), format!("{:?}", estimator.score(&probe).unwrap())));
    }
    assert!(suite.iter().any(|estimator| estimator.meta().kind == EstimatorKind::OneShot));
    shown
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn a_part_of_a_supernet_is_seen_as_its_stand_alone_network(
        space in prop::sample::select(SpaceId::ALL.to_vec()),
        by_norm: bool,
        double: bool,
        affine: bool,
        seed in 0..1000_u64,
    ) {
        let picker = if by_norm { Picker::L1 } else { Picker::Ordinal };
        let dtype = if double { DType::F64 } else { DType::F32 };
        let network = supernet(space, picker, dtype, affine, seed);
        let architecture = drawn(space, &network, seed);
        let alone = network.extract(architecture, dtype, |param| Ok(param.var.as_detached_tensor())).unwrap();
        let batches = batches(dtype);
        let (part, whole) = (shown(architecture, &network, &batches), shown(architecture, &alone, &batches));
        for ((title, part), (_, whole)) in part.iter().zip(&whole) {
            prop_assert!(part == whole, "{title} of {architecture} by {picker:?} differs");
        }
    }
}
