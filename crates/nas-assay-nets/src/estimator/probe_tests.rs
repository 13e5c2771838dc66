//! Tests of the probe: shared quantities and errors.

use candle_core::{DType, Device, Tensor};
use nas_assay_base::seed::Seed;
use nas_assay_schema::spec::Picker;
use nas_assay_spaces::{Architecture, SpaceId, nb201};

use super::probe::WeightGradient;
use super::{EstimatorError, ImageTerm, Need, Probe};
use crate::images::Batch;
use crate::net::{Engine, Init, NetConfig, Network, host_f64};

const ALL: [Need; 3] = [Need::LossGradients, Need::ReluPatterns, Need::InputGradients];

fn architecture() -> Architecture {
    let text = "|nor_conv_3x3~0|+|avg_pool_3x3~0|nor_conv_1x1~1|+|nor_conv_1x1~0|none~1|skip_connect~2|";
    Architecture::parse(SpaceId::Nb201, text).unwrap()
}

fn supernet() -> Network {
    let skeleton = nb201::Skeleton { channels: 4, cells: 1, resolution: 8, ..nb201::Skeleton::default() }.into();
    let config = NetConfig { skeleton, dtype: DType::F32, device: Device::Cpu };
    Network::supernet(SpaceId::Nb201, &config, Picker::Ordinal, Init::Seeded(Seed::root(4))).unwrap()
}

fn batch() -> Batch {
    let mut stream = Seed::root(6).stream();
    let pixels: Vec<f32> = (0..5 * 3 * 64).map(|_| stream.normal() as f32).collect();
    Batch {
        images: Tensor::from_vec(pixels, (5, 3, 8, 8), &Device::Cpu).unwrap(),
        labels: Tensor::new(&[0u32, 9, 3, 3, 1], &Device::Cpu).unwrap(),
    }
}

/// The debug text, which differs for floats with different bits (except NaN).
fn text(value: impl std::fmt::Debug) -> String {
    format!("{value:?}")
}

#[test]
fn a_quantity_does_not_depend_on_what_else_is_asked() {
    let (network, batch) = (supernet(), batch());
    let probe = |needs: &[Need]| {
        Probe::new(architecture(), &network, Engine::Kernels, needs.iter().copied()).with_batch(&batch)
    };
    let all = probe(&ALL);
    for need in ALL {
        let alone = probe(&[need]);
        assert_eq!(text(all.logits().unwrap()), text(alone.logits().unwrap()), "logits with {need:?}");
    }
    let (loss, relu, input) = (probe(&ALL[..1]), probe(&ALL[1..2]), probe(&ALL[2..]));
    assert_eq!(text(all.loss_gradients().unwrap()), text(loss.loss_gradients().unwrap()));
    assert_eq!(all.relu_patterns().unwrap(), relu.relu_patterns().unwrap());
    assert_eq!(text(all.input_gradients().unwrap()), text(input.input_gradients().unwrap()));
}

#[test]
fn a_supernet_is_probed_as_the_stand_alone_network() {
    let (network, batch) = (supernet(), batch());
    let alone = network.extract(architecture(), DType::F32, |param| Ok(param.var.as_detached_tensor())).unwrap();
    let of = |network| {
        let needs = ALL.into_iter().chain([Need::Synflow]);
        let probe = Probe::new(architecture(), network, Engine::Kernels, needs).with_batch(&batch);
        let values = |layers: &[WeightGradient]| -> Vec<_> {
            layers.iter().map(|layer| (layer.weight.clone(), layer.gradient.clone())).collect()
        };
        let (loss, synflow) = (values(probe.loss_gradients().unwrap()), values(probe.synflow().unwrap()));
        text((loss, synflow, probe.input_gradients().unwrap(), probe.relu_patterns().unwrap(), probe.census().unwrap()))
    };
    assert!(of(&network) == of(&alone), "a quantity differs between the supernet and the stand-alone network");
}

#[test]
fn only_convolution_and_linear_weights_are_counted() {
    let (network, batch) = (supernet(), batch());
    let probe = Probe::new(architecture(), &network, Engine::Kernels, ALL).with_batch(&batch);
    let layers = probe.loss_gradients().unwrap();
    let census = probe.census().unwrap();
    let elements: usize = layers.iter().map(|layer| layer.gradient.len()).sum();
    assert_eq!(elements as u64, census.conv_weights + census.linear_weights);
    assert!(layers.iter().all(|layer| layer.role.is_weight() && layer.name.ends_with(".weight")));
}

#[test]
fn what_was_not_declared_or_given_is_refused_by_name() {
    let (network, batch) = (supernet(), batch());
    let probe = Probe::new(architecture(), &network, Engine::Kernels, [Need::ReluPatterns]);
    let message = probe.relu_patterns().unwrap_err().to_string();
    assert_eq!(message, "scoring: the probe was asked for ReluPatterns but has no batch of images");
    let probe = probe.with_batch(&batch);
    assert!(probe.relu_patterns().is_ok(), "an error must not stay in the cell");
    let message = probe.loss_gradients().unwrap_err().to_string();
    assert!(message.contains("not made for LossGradients"), "{message}");
    assert!(probe.synflow().is_err() && probe.evaluation().is_err());
    let counting = Probe::counting(architecture(), network.skeleton());
    assert_eq!(counting.census().unwrap(), probe.census().unwrap());
    let message = counting.with_batch(&batch).logits().unwrap_err().to_string();
    assert_eq!(message, "scoring: the probe was asked for logits but has no network");
}

#[test]
fn evaluation_is_the_unweighted_mean_over_batches() {
    let (network, whole) = (supernet(), batch());
    let part = |start, len| Batch {
        images: whole.images.narrow(0, start, len).unwrap(),
        labels: whole.labels.narrow(0, start, len).unwrap(),
    };
    let of = |batches: &[Batch]| {
        let probe = Probe::new(architecture(), &network, Engine::Kernels, [Need::Evaluation]);
        probe.with_evaluation(batches).evaluation().unwrap()
    };
    let (first, last) = (part(0, 3), part(3, 2));
    let (a, b) = (of(std::slice::from_ref(&first)), of(std::slice::from_ref(&last)));
    let both = of(&[first, last]);
    assert_eq!(both.loss.to_bits(), f64::midpoint(a.loss, b.loss).to_bits());
    assert_eq!(both.accuracy.to_bits(), f64::midpoint(a.accuracy, b.accuracy).to_bits());
}

/// The network of the architecture and the batch, in double precision.
fn double() -> (Network, Batch) {
    let batch = batch();
    let network = supernet().extract(architecture(), DType::F64, |param| param.var.to_dtype(DType::F64));
    (network.unwrap(), Batch { images: batch.images.to_dtype(DType::F64).unwrap(), labels: batch.labels })
}

#[test]
fn the_gradients_of_the_images_add_up_to_that_of_the_batch() {
    let (network, batch) = double();
    for engine in [Engine::Kernels, Engine::Composed] {
        let probe = Probe::new(architecture(), &network, engine, [Need::LossGradients]).with_batch(&batch);
        let mut sums: Vec<Vec<f64>> = Vec::new();
        let mut seen = Vec::new();
        probe
            .each_image(ImageTerm::Loss, |image, layers| {
                seen.push(image);
                sums.resize(layers.len(), Vec::new());
                for (sum, layer) in sums.iter_mut().zip(layers) {
                    sum.resize(layer.gradient.len(), 0.0);
                    sum.iter_mut().zip(&layer.gradient).for_each(|(sum, g)| *sum += g / 5.0);
                }
                Ok(())
            })
            .unwrap();
        assert_eq!(seen, [0, 1, 2, 3, 4]);
        for (layer, sum) in probe.loss_gradients().unwrap().iter().zip(&sums) {
            for (g, sum) in layer.gradient.iter().zip(sum) {
                assert!((g - sum).abs() <= 1e-12 * g.abs().max(1e-3), "{engine:?}, {}: {g} and {sum}", layer.name);
            }
        }
    }
}

#[test]
fn the_gradient_of_an_image_is_that_of_its_logits() {
    let (network, batch) = double();
    let probe = Probe::new(architecture(), &network, Engine::Kernels, []).with_batch(&batch);
    let sum_of = |image: usize, network: &Network| {
        let logits = network.forward(architecture(), &batch.images, &mut probe.pass().untracked()).unwrap();
        host_f64(&logits.narrow(0, image, 1).unwrap()).unwrap().iter().sum::<f64>()
    };
    let step = 1e-6;
    let moved = |by: f64| {
        probe
            .with_weights(DType::F64, |param| {
                let shift = if param.name == "classifier.weight" { by } else { 0.0 };
                param.var.as_detached_tensor().affine(1.0, shift)
            })
            .unwrap()
    };
    let (up, down) = (moved(step), moved(-step));
    probe
        .each_image(ImageTerm::Logits, |image, layers| {
            let classifier = layers.iter().find(|layer| layer.name == "classifier.weight").unwrap();
            let along: f64 = classifier.gradient.iter().sum();
            let difference = (sum_of(image, &up) - sum_of(image, &down)) / (2.0 * step);
            assert!((along - difference).abs() < 1e-6 * along.abs().max(1.0), "{image}: {along} and {difference}");
            Ok(())
        })
        .unwrap();
    let stopped = probe.each_image(ImageTerm::Logits, |_, _| Err(EstimatorError::other("enough")));
    assert_eq!(stopped.unwrap_err().to_string(), "scoring: enough");
}

#[test]
fn a_stream_depends_on_seed_architecture_estimator_and_purpose() {
    let (network, skip) = (supernet(), "|skip_connect~0|+|none~0|none~1|+|none~0|none~1|none~2|");
    let other = Architecture::parse(SpaceId::Nb201, skip).unwrap();
    let draw = |architecture, seed, id: &str, purpose: &str| {
        let probe = Probe::new(architecture, &network, Engine::Kernels, []).with_seed(Seed::root(seed));
        probe.stream(id, purpose).unit().to_bits()
    };
    let first = draw(architecture(), 1, "zen", "weights");
    assert_eq!(draw(architecture(), 1, "zen", "weights"), first);
    for another in [
        draw(other, 1, "zen", "weights"),
        draw(architecture(), 2, "zen", "weights"),
        draw(architecture(), 1, "swap", "weights"),
        draw(architecture(), 1, "zen", "noise"),
    ] {
        assert_ne!(another, first);
    }
}

/// What is shared by all architectures depends on everything else, and is not what one architecture has.
#[test]
fn a_shared_stream_does_not_depend_on_the_architecture() {
    let network = supernet();
    let others = (0..4).map(|draw| SpaceId::Nb201.sample(&mut Seed::root(draw).stream()));
    let probe =
        |architecture, seed| Probe::new(architecture, &network, Engine::Kernels, []).with_seed(Seed::root(seed));
    let first = probe(architecture(), 1).shared_stream("meco", "noise").unit();
    for other in others {
        assert_eq!(probe(other, 1).shared_stream("meco", "noise").unit(), first);
        assert_ne!(probe(other, 1).stream("meco", "noise").unit(), first);
        assert_ne!(probe(other, 2).shared_stream("meco", "noise").unit(), first);
        assert_ne!(probe(other, 1).shared_stream("near", "noise").unit(), first);
        assert_ne!(probe(other, 1).shared_stream("meco", "channels").unit(), first);
    }
}

/// Asks a probe for a quantity.
type Asked = fn(&Probe<'_>) -> Result<(), EstimatorError>;

/// A quantity that an error says to list is there when it is listed.
#[test]
fn a_probe_that_was_made_for_what_an_error_names_gives_it() {
    let (network, batch) = (supernet(), batch());
    let made = |needs: &[Need]| {
        Probe::new(architecture(), &network, Engine::Kernels, needs.iter().copied()).with_batch(&batch)
    };
    let cases: [(Need, Asked); 6] = [
        (Need::LossGradients, |probe| probe.loss_gradients().map(drop)),
        (Need::ReluPatterns, |probe| probe.relu_patterns().map(drop)),
        (Need::InputGradients, |probe| probe.input_gradients().map(drop)),
        (Need::Synflow, |probe| probe.synflow().map(drop)),
        (Need::OutputCodes, |probe| probe.output_codes().map(drop)),
        (Need::Weights, |probe| probe.weights().map(drop)),
    ];
    for (need, asked) in cases {
        let others: Vec<Need> = cases.map(|(other, _)| other).into_iter().filter(|other| *other != need).collect();
        let message = asked(&made(&others)).unwrap_err().to_string();
        assert!(message.contains(&format!("{need:?}; list the estimator's needs when making it")), "{message}");
        asked(&made(&[need])).unwrap();
    }
}

/// `build one for it, or use a supernet`: either runs the architecture, with the same logits if the weights are the same.
#[test]
fn an_architecture_runs_in_a_network_of_its_own_or_in_a_supernet() {
    let (network, batch) = (supernet(), batch());
    let other =
        Architecture::parse(SpaceId::Nb201, &architecture().to_string().replace("skip_connect", "nor_conv_3x3"));
    let other = other.unwrap();
    let built = |of| network.extract(of, DType::F32, |param| Ok(param.var.as_detached_tensor())).unwrap();
    let logits = |network: &Network| {
        let probe = Probe::new(other, network, Engine::Kernels, []).with_batch(&batch);
        probe.logits().map(text).map_err(|error| error.to_string())
    };
    let message = logits(&built(architecture())).unwrap_err();
    assert!(message.ends_with("alone; build one for it, or use a supernet"), "{message}");
    let own = logits(&built(other)).unwrap();
    assert_eq!(own, logits(&network).unwrap());
}

#[test]
fn a_shared_quantity_is_computed_once_and_an_error_is_not_kept() {
    let network = supernet();
    let probe = Probe::new(architecture(), &network, Engine::Kernels, []);
    assert!(probe.shared::<u32>("count", || Err(EstimatorError::other("not yet"))).is_err());
    assert_eq!(*probe.shared("count", || Ok(7_u32)).unwrap(), 7);
    assert_eq!(*probe.shared("count", || Ok(8_u32)).unwrap(), 7);
    assert_eq!(*probe.shared("other", || Ok(8_u32)).unwrap(), 8);
    let error = probe.shared("count", || Ok(8_u64)).unwrap_err().to_string();
    assert_eq!(error, "scoring: `count` is shared as a quantity of two types");
    assert_eq!(*probe.for_needs([]).shared("count", || Ok(9_u32)).unwrap(), 9, "a new probe has computed nothing");
}
