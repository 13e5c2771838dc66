//! Estimators of the outputs of layers in networks of every space.

use candle_core::DType;
use nas_assay_schema::spec::Picker;
use nas_assay_spaces::{Architecture, SpaceId};

use super::tests::{batch, network, probe, scores};
use super::value_tests::supernet;
use super::{Probe, Reading, Suite};
use crate::images::Batch;
use crate::net::{Engine, Network};

const IDS: [&str; 2] = ["lnwot", "tcet"];

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
