//! Estimators of the outputs of layers, and of constant weights, in networks of every space.

use std::cell::RefCell;
use std::collections::HashSet;

use candle_core::{DType, Device, Tensor};
use nalgebra::DMatrix;
use nas_assay_base::seed::Seed;
use nas_assay_schema::spec::Picker;
use nas_assay_spaces::{Architecture, SpaceId};

use super::tests::{batch, network, probe, scores};
use super::value_tests::supernet;
use super::{Probe, Reading, Suite};
use crate::images::Batch;
use crate::net::{Engine, ForwardPass, Layer, Network, host_f64};

const IDS: [&str; 6] = ["lnwot", "tcet", "meco", "meco_opt", "near", "epsinas"];

fn reading(id: &str, probe: &Probe<'_>) -> Reading {
    Suite::builtin().find(id).unwrap().score(probe).unwrap()
}

/// Each score is a number, in a network of its own and in a part of a supernet, whatever was scored before.
#[test]
fn scores_are_finite_in_both_forms_and_in_any_order() {
    let double = batch(5);
    let images = double.images.to_dtype(DType::F32).unwrap();
    let single = Batch { images, labels: double.labels.clone() };
    let suite = Suite::builtin();
    let check = |architecture: Architecture, network: &Network, batch: &Batch| {
        let shared = probe(architecture, network, Engine::Kernels, batch);
        let forwards = scores(&shared, &IDS);
        for (id, score) in IDS.iter().zip(&forwards).rev() {
            assert!(score.is_finite(), "{id} of {architecture} is {score}");
            let needs = suite.find(id).unwrap().meta().needs.iter().copied();
            let alone = scores(&shared.for_needs(needs), &[id]);
            let again = scores(&shared, &[id]);
            assert!(alone == [*score] && again == [*score], "{id} of {architecture}: {score}, {alone:?} and {again:?}");
        }
    };
    for (place, space) in SpaceId::ALL.into_iter().enumerate() {
        let (architecture, network) = network(space, 70 + place as u64);
        check(architecture, &network, &double);
        let (supernet, architectures) = supernet(space, Picker::Ordinal);
        for architecture in architectures.into_iter().filter(|drawn| drawn.has_live_convolution()) {
            check(architecture, &supernet, &single);
        }
    }
}

/// The two numbers of a layer are those of one weight. With any other pairing the score is another one.
#[test]
fn tcet_pairs_the_numbers_of_one_weight() {
    let batch = batch(5);
    for (place, space) in SpaceId::ALL.into_iter().enumerate() {
        let (architecture, network) = network(space, 80 + place as u64);
        let probe = probe(architecture, &network, Engine::Kernels, &batch);
        let ratio = |name: &str| {
            let layer = probe.synflow().unwrap().iter().find(|layer| layer.name == name).unwrap();
            let n = layer.weight.len() as f64;
            let terms = || layer.weight.iter().zip(&layer.gradient).map(|(w, g)| (w * g).abs());
            let (sum, squares) = terms().fold((0.0, 0.0), |(sum, squares), s| (sum + s, squares + s * s));
            sum / ((squares - sum * sum / n) / (n - 1.0)).sqrt()
        };
        let codes = probe.output_codes().unwrap();
        let by_name: f64 = codes.iter().map(|code| code.or_zero() * ratio(&code.name)).sum();
        let turned: f64 =
            codes.iter().zip(codes.iter().rev()).map(|(code, other)| code.or_zero() * ratio(&other.name)).sum();
        let found = reading("tcet", &probe).score.value();
        assert!((found - by_name).abs() < 1e-9 * by_name.abs(), "{space}: {found}, not {by_name}");
        assert!((found - turned).abs() > 1e-3 * by_name.abs(), "{space}: {found} and {turned}");
    }
}

/// The tensors of a pass over the shared image, with what makes each: outputs of layers, then feature maps that are
/// none.
fn tensors(architecture: Architecture, network: &Network, seed: u64) -> Vec<Tensor> {
    let mut stream = Probe::new(architecture, network, Engine::Kernels, [])
        .with_seed(Seed::root(seed))
        .shared_stream("meco", "noise");
    let pixels: Vec<f64> = (0..3 * 64 * 64).map(|_| stream.normal()).collect();
    let image = Tensor::from_vec(pixels, (1, 3, 64, 64), &Device::Cpu).unwrap();
    let layers = RefCell::new(Vec::new());
    let layer = |_: Layer, y: &Tensor| {
        layers.borrow_mut().push(y.clone());
        Ok(())
    };
    let mut maps = Vec::new();
    let mut map = |name: &str, x: &Tensor| {
        if !["features", "pooled"].contains(&name) {
            maps.push(x.clone());
        }
        Ok(())
    };
    let pass = ForwardPass::new(Engine::Kernels).untracked().with_layer_observer(&layer);
    network.forward(architecture, &image, &mut pass.with_feature_observer(&mut map)).unwrap();
    let mut tensors = layers.into_inner();
    let seen: HashSet<_> = tensors.iter().map(Tensor::id).collect();
    assert_eq!(seen.len(), tensors.len(), "a layer is seen once");
    tensors.extend(maps.into_iter().filter(|map| !seen.contains(&map.id())));
    tensors
}

/// The smallest eigenvalue as the square of a singular value; 0 where there must be one that is.
fn by_singular_values(x: &Tensor) -> f64 {
    let (channels, values) = (x.dim(1).unwrap(), host_f64(x).unwrap());
    let pixels = values.len() / channels;
    let rows = values.chunks(pixels).map(|row| {
        let mean = row.iter().sum::<f64>() / pixels as f64;
        let size = row.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>().sqrt();
        row.iter().map(|x| (x - mean) / size).collect::<Vec<_>>()
    });
    let rows = rows.collect::<Vec<_>>().concat();
    if channels < 2 || channels > pixels || rows.iter().any(|x| !x.is_finite()) {
        return 0.0;
    }
    let smallest = DMatrix::from_row_slice(channels, pixels, &rows).singular_values().min();
    smallest * smallest
}

/// All tensors of a network of each space for one image of 64 by 64 pixels. The batch has no effect, and the seed has
/// one.
#[test]
fn meco_is_the_sum_over_tensors_by_another_way() {
    let (batch, other) = (batch(5), batch(3));
    for (place, space) in SpaceId::ALL.into_iter().enumerate() {
        let (architecture, network) = network(space, 90 + place as u64);
        let of = |batch, seed| {
            let probe = probe(architecture, &network, Engine::Kernels, batch).with_seed(Seed::root(seed));
            reading("meco", &probe)
        };
        let found = of(&batch, 7);
        let tensors = tensors(architecture, &network, 7);
        let expected: f64 = tensors.iter().map(by_singular_values).sum();
        assert!(expected > 0.01, "{space}: {expected}");
        assert!((found.score.value() - expected).abs() < 1e-9 * expected, "{space}: {found:?}, not {expected}");
        let detail = |name: &str| found.details.iter().find(|(known, _)| known == name).unwrap().1.value();
        assert_eq!(detail("tensors"), tensors.len() as f64, "{space}");
        let kinds: f64 = found.details[..6].iter().map(|(_, sum)| sum.value()).sum();
        assert!((kinds - expected).abs() < 1e-9 * expected, "{space}: {found:?}");
        assert_eq!(of(&other, 7), found);
        assert_ne!(of(&batch, 8).score, found.score, "{space}");
    }
}

/// Every layer has an effective rank from 1 to its number of channels. Which images come first has an effect on it.
#[test]
fn near_is_between_the_number_of_outputs_and_that_of_channels() {
    let straight = batch(6);
    let order = Tensor::new(&[4_u32, 2, 0, 5, 1, 3], &Device::Cpu).unwrap();
    let images = straight.images.index_select(&order, 0).unwrap();
    let turned = Batch { images, labels: straight.labels.clone() };
    for (place, space) in SpaceId::ALL.into_iter().enumerate() {
        let (architecture, network) = network(space, 100 + place as u64);
        let (outputs, most) = (RefCell::new(0.0), RefCell::new(0.0));
        let observer = |layer: Layer, y: &Tensor| {
            if layer != Layer::Pool {
                *outputs.borrow_mut() += 1.0;
                *most.borrow_mut() += y.dim(1)?.min(y.elem_count() / y.dim(1)?) as f64;
            }
            Ok(())
        };
        let pass = ForwardPass::new(Engine::Kernels).untracked();
        network.forward(architecture, &straight.images, &mut pass.with_layer_observer(&observer)).unwrap();
        let (outputs, most) = (outputs.into_inner(), most.into_inner());
        let found = reading("near", &probe(architecture, &network, Engine::Kernels, &straight));
        assert_eq!(found.details, [("outputs".into(), outputs.into())]);
        let score = found.score.value();
        assert!(outputs < score && score < most, "{space}: {score}, not between {outputs} and {most}");
        let other = reading("near", &probe(architecture, &network, Engine::Kernels, &turned));
        assert_ne!(other.score, found.score, "{space}");
        let seeded = probe(architecture, &network, Engine::Kernels, &straight).with_seed(Seed::root(3));
        assert_ne!(reading("near", &seeded).score, found.score, "{space}");
    }
}

/// All weights are replaced, so the first ones have no effect. The images have one, and the labels none.
#[test]
fn epsinas_does_not_see_the_weights() {
    let first = batch(5);
    let images = (&first.images * 2.0).unwrap().sin().unwrap();
    let labels = first.labels.copy().unwrap();
    let (relabelled, other) =
        (Batch { images: first.images.clone(), labels: labels.zeros_like().unwrap() }, Batch { images, labels });
    for (place, space) in SpaceId::ALL.into_iter().enumerate() {
        let (architecture, network) = network(space, 110 + place as u64);
        let of = |batch: &Batch| reading("epsinas", &probe(architecture, &network, Engine::Kernels, batch)).score;
        let before = of(&first);
        let mut stream = Seed::root(7).stream();
        for param in network.params() {
            let values: Vec<f64> = (0..param.var.elem_count()).map(|_| stream.normal()).collect();
            param.var.set(&Tensor::from_vec(values, param.var.shape(), &Device::Cpu).unwrap()).unwrap();
        }
        assert_eq!((of(&first), of(&relabelled)), (before, before), "{space}");
        assert_ne!(of(&other), before, "{space}");
        assert!(before.value() > 0.0, "{space}: {before:?}");
    }
}

/// In a cell without a path, no weight has a saliency, the batch has no effect on the logits, and most tensors are 0.
#[test]
fn a_cell_without_a_path_has_no_flow_and_no_range() {
    use crate::net::{Init, NetConfig};
    let architecture = Architecture::parse(SpaceId::Nb201, "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|").unwrap();
    let (_, other) = network(SpaceId::Nb201, 1);
    let config = NetConfig { skeleton: other.skeleton(), dtype: DType::F64, device: Device::Cpu };
    let network = Network::stand_alone(architecture, &config, Init::Seeded(Seed::root(1))).unwrap();
    let batch = batch(5);
    let probe = probe(architecture, &network, Engine::Kernels, &batch);
    let [lnwot, tcet, meco, _, near, epsinas] = IDS.map(|id| reading(id, &probe).score.value());
    assert_eq!(tcet, 0.0);
    assert!(epsinas.is_nan());
    // The stem alone adds to these, and the bias of the classifier to `near`.
    let stem = probe.output_codes().unwrap()[0].log_determinant;
    assert_eq!(lnwot, stem);
    assert!(stem > 0.0 && meco > 0.0, "{stem}, {meco}");
    assert!((1.0..=2.0 * 4.0 + 1.0 + 1e-9).contains(&near), "{near}");
}
