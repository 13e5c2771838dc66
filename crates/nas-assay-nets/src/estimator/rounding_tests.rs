//! A score that is nothing but rounding is told from one that is not.

use candle_core::{DType, Device, Tensor};
use nas_assay_base::seed::Seed;
use nas_assay_schema::spec;
use nas_assay_spaces::{Architecture, Form, SpaceId};

use super::{Need, Probe, Reason, Score, Suite};
use crate::images::Batch;
use crate::net::{Engine, Init, NetConfig, Network};

const SIDE: usize = 16;

/// A network of `architecture` in the size of a stand-alone network or of a supernet's part.
fn network(architecture: Architecture, form: Form, affine: bool, dtype: DType, seed: u64) -> Network {
    let small = match architecture.space() {
        SpaceId::Nb101 | SpaceId::Nb201 => {
            spec::Network { channels: Some(4), cells: Some(2), ..spec::Network::default() }
        }
        SpaceId::Nb301 => spec::Network { channels: Some(4), layers: Some(5), ..spec::Network::default() },
        SpaceId::NdsResnet | SpaceId::NdsResnextA => {
            spec::Network { width_divisor: Some(4), stem_stride: Some(2), ..spec::Network::default() }
        }
        SpaceId::Table(space) => panic!("{space} has no network"),
    };
    let sizes = spec::Network { cell_affine: Some(affine), ..small };
    let skeleton = sizes.skeleton(architecture.space(), form, SIDE);
    let config = NetConfig { skeleton, dtype, device: Device::Cpu };
    Network::stand_alone(architecture, &config, Init::Seeded(Seed::root(seed).child("init"))).unwrap()
}

fn drawn(space: SpaceId, seed: u64) -> Architecture {
    let mut stream = Seed::root(seed).child("architecture").stream();
    let shallow = |architecture: &Architecture| {
        let network = spec::Network { width_divisor: Some(4), stem_stride: Some(2), ..spec::Network::default() };
        !matches!(space, SpaceId::NdsResnet | SpaceId::NdsResnextA)
            || architecture.census(&network.skeleton(space, Form::StandAlone, SIDE)).unwrap().flops < 4_000_000
    };
    loop {
        let architecture = space.sample(&mut stream);
        if shallow(&architecture) {
            return architecture;
        }
    }
}

fn batch(size: usize, dtype: DType) -> Batch {
    let mut stream = Seed::root(6).child("images").stream();
    let pixels: Vec<f64> = (0..size * 3 * SIDE * SIDE).map(|_| stream.normal()).collect();
    let images = Tensor::from_vec(pixels, (size, 3, SIDE, SIDE), &Device::Cpu).unwrap().to_dtype(dtype).unwrap();
    let labels: Vec<u32> = (0..size as u32).map(|image| image * 7 % 10).collect();
    Batch { images, labels: Tensor::new(labels, &Device::Cpu).unwrap() }
}

const ROUNDING: Score = Score::NonFinite(Reason::Rounding);

/// The scores of `synflow_bn` and `jacob_cov`.
fn scores(architecture: Architecture, network: &Network, engine: Engine, batch: &Batch) -> [Score; 2] {
    let suite = Suite::builtin();
    let needs = [Need::SynflowWithNorm, Need::InputGradients];
    let probe = Probe::new(architecture, network, engine, needs).with_batch(batch);
    ["synflow_bn", "jacob_cov"].map(|id| suite.find(id).unwrap().score(&probe).unwrap().score)
}

/// The two engines round differently. So a sound score is the same in both, and one of rounding is not: the status has to be given to the
/// latter and to nothing else.
#[test]
fn what_two_engines_agree_on_is_not_rounding() {
    let batch = batch(6, DType::F64);
    let (mut sound, mut rounding) = (0, 0);
    for space in SpaceId::ALL {
        for (form, affine) in [(Form::StandAlone, true), (Form::Supernet, false)] {
            for seed in 0..3 {
                let architecture = drawn(space, seed);
                let network = network(architecture, form, affine, DType::F64, seed);
                let [kernels, composed] =
                    [Engine::Kernels, Engine::Composed].map(|engine| scores(architecture, &network, engine, &batch));
                for (id, (a, b)) in ["synflow_bn", "jacob_cov"].into_iter().zip(kernels.into_iter().zip(composed)) {
                    let title = format!("{id} of {architecture}, {form:?}");
                    if let (Score::Finite(a), Score::Finite(b)) = (a, b) {
                        assert!((a - b).abs() <= 1e-7 * a.abs(), "{title}: {a} and {b}");
                        sound += 1;
                    } else {
                        assert_eq!(a, b, "{title}");
                        rounding += i32::from(a == ROUNDING);
                    }
                    let always = matches!((space, form), (SpaceId::Nb101 | SpaceId::Nb301, Form::Supernet));
                    assert!(!always || a == ROUNDING, "{title}: {a:?}");
                    let never = !matches!(space, SpaceId::Nb101 | SpaceId::Nb301);
                    assert!(!never || matches!(a, Score::Finite(_)), "{title}: {a:?}");
                }
            }
        }
    }
    assert!(sound > 35 && rounding >= 6, "{sound} sound, {rounding} of rounding");
}

/// In a network of NAS-Bench-301 whose last cell ends in batch-norms alone, the sum of the logits is a constant. A bare pool at the end, which
/// only a stand-alone network has, is enough to change that.
#[test]
fn an_average_of_batch_norms_has_no_gradient() {
    let ends_in = |operation: &str| {
        let cell = |last: &str| {
            let node = |to: usize| {
                let second = if to == 5 { last } else { "dil_conv_3x3" };
                format!("sep_conv_3x3:0>{to};{second}:1>{to}")
            };
            (2..6).map(node).collect::<Vec<_>>().join(";")
        };
        let text = format!("{}|{}", cell(operation), cell("sep_conv_3x3"));
        Architecture::parse(SpaceId::Nb301, &text).unwrap()
    };
    for dtype in [DType::F32, DType::F64] {
        // The test begins on a part of a batch of this size.
        let batch = batch(12, dtype);
        for engine in [Engine::Kernels, Engine::Composed] {
            let of = |operation: &str, form: Form| {
                let architecture = ends_in(operation);
                let network = network(architecture, form, false, dtype, 3);
                scores(architecture, &network, engine, &batch)
            };
            for form in [Form::StandAlone, Form::Supernet] {
                assert_eq!(of("sep_conv_5x5", form), [ROUNDING; 2], "{dtype:?} {engine:?} {form:?}");
                assert_eq!(of("skip_connect", form), [ROUNDING; 2], "{dtype:?} {engine:?} {form:?}");
            }
            for pool in ["max_pool_3x3", "avg_pool_3x3"] {
                assert_eq!(of(pool, Form::Supernet), [ROUNDING; 2], "{dtype:?} {engine:?} {pool}");
                let alone = of(pool, Form::StandAlone);
                assert!(alone.iter().all(|score| matches!(score, Score::Finite(_))), "{dtype:?} {engine:?} {pool}");
            }
        }
    }
}

/// The terms of a convolution before batch-norm cancel in `plain`, but the rest is far above their rounding.
#[test]
fn plain_is_above_the_rounding_of_its_terms() {
    for dtype in [DType::F32, DType::F64] {
        let batch = batch(6, dtype);
        let (step, margin) = if dtype == DType::F32 { (f64::from(f32::EPSILON), 30.0) } else { (f64::EPSILON, 1e10) };
        for space in SpaceId::ALL {
            for form in [Form::StandAlone, Form::Supernet] {
                for seed in 0..3 {
                    let architecture = drawn(space, seed);
                    let network = network(architecture, form, true, dtype, seed);
                    let needs = [Need::LossGradients];
                    let probe = Probe::new(architecture, &network, Engine::Kernels, needs).with_batch(&batch);
                    let layers = probe.loss_gradients().unwrap();
                    let terms = layers.iter().flat_map(|layer| layer.gradient.iter().zip(&layer.weight));
                    let (sum, size) = terms
                        .map(|(g, w)| g * w)
                        .fold((0.0, 0.0), |(sum, size): (f64, f64), term| (sum + term, size + term.abs()));
                    assert!(sum.abs() > margin * step * size, "{dtype:?} {form:?} {architecture}: {sum} of {size}");
                }
            }
        }
    }
}

/// In this network a `ReLU` lets the rounding errors of constant maps pass. The flow is 1e-3 in double precision and 0 in single precision, but
/// all of it depends on the weights' last bits.
#[test]
fn a_flow_by_the_signs_of_rounding_errors_is_rounding() {
    let architecture = drawn(SpaceId::Nb101, 0);
    let skeleton = spec::Network::default().skeleton(SpaceId::Nb101, Form::Supernet, 32);
    let config = NetConfig { skeleton, dtype: DType::F32, device: Device::Cpu };
    let network = Network::stand_alone(architecture, &config, Init::Seeded(Seed::root(0))).unwrap();
    let probe = Probe::new(architecture, &network, Engine::Kernels, [Need::SynflowWithNorm]);
    let flow: f64 = probe
        .synflow_with_norm()
        .unwrap()
        .iter()
        .flat_map(|layer| layer.gradient.iter().zip(&layer.weight))
        .map(|(g, w)| (g * w).abs())
        .sum();
    assert!(flow > 1e-4, "{flow}");
    assert!(probe.synflow_with_norm_is_rounding().unwrap());
}
