//! Scores against definitions that do not use the code of the estimators.

use candle_core::{DType, Device, Tensor};

use super::tests::{SIDE, batch, network, probe, scores, weights};
use super::{Direction, Need, Probe, Suite};
use crate::images::Batch;
use crate::net::{Engine, ForwardPass, Init, NetConfig, Network, host_f64};
use nas_assay_base::seed::Seed;
use nas_assay_schema::spec::{self, Picker};
use nas_assay_spaces::{Architecture, Form, SpaceId};

/// Ning et al. 2021 and the works that they name: all scores rise with the expected accuracy, but for the signed saliency, whose published
/// values are those of the negated score, the loss, and the number of down-samplings.
#[test]
fn the_direction_of_every_score_is_the_published_one() {
    let higher = [
        "params",
        "flops",
        "relu_count",
        "grad_norm",
        "snip",
        "grasp",
        "synflow",
        "synflow_bn",
        "fisher",
        "jacob_cov",
        "relu_logdet",
        "l2_norm",
        "az_expressivity",
        "az_progressivity",
        "az_trainability",
        "lnwot",
        "tcet",
        "meco",
        "meco_opt",
        "near",
        "vkdnw",
        "vkdnw_count",
        "epsinas",
        "logsynflow",
        "snr_synflow",
        "epe_nas",
        "zico",
        "gradsign_sum",
        "gradsign_mean",
        "zen",
        "swap",
        "linear_regions",
        "wrcor",
        "dextr",
        "oneshot_accuracy",
        "width_sum",
        "log_width_sum",
        "conv_count",
    ];
    let lower = ["plain", "ntk_cond", "oneshot_loss", "down_samplings"];
    let suite = Suite::builtin();
    for (ids, direction) in [(&higher[..], Direction::Higher), (&lower[..], Direction::Lower)] {
        for id in ids {
            assert_eq!(suite.find(id).unwrap().meta().direction, direction, "{id}");
        }
    }
    assert_eq!(suite.iter().count(), higher.len() + lower.len());
}

/// Mean cross-entropy from the logits by hand.
fn loss(architecture: Architecture, network: &Network, batch: &Batch) -> f64 {
    let logits = network.forward(architecture, &batch.images, &mut ForwardPass::new(Engine::Kernels)).unwrap();
    let (classes, logits) = (logits.dim(1).unwrap(), host_f64(&logits).unwrap());
    let labels = batch.labels.to_vec1::<u32>().unwrap();
    let of = |(row, &label): (&[f64], &u32)| {
        libm::log(row.iter().map(|logit| libm::exp(logit - row[label as usize])).sum::<f64>())
    };
    logits.chunks(classes).zip(&labels).map(of).sum::<f64>() / labels.len() as f64
}

/// Half of the squared norm of the gradient by the weights.
fn half_square(architecture: Architecture, network: &Network, batch: &Batch) -> f64 {
    let probe = Probe::new(architecture, network, Engine::Kernels, [Need::LossGradients]).with_batch(batch);
    let gradients = probe.loss_gradients().unwrap();
    gradients.iter().flat_map(|layer| &layer.gradient).map(|g| g * g).sum::<f64>() / 2.0
}

/// If all weights `W` are multiplied by `t`, the derivative by `t` at one is `Σ W·∂/∂W`: of the loss that is `plain`, and of half of the
/// squared norm of the gradient `Σ W·Hg`, which is `grasp` with the sign turned.
#[test]
fn signed_saliencies_are_derivatives_along_the_weights() {
    let batch = batch(6);
    for (place, space) in SpaceId::ALL.into_iter().enumerate() {
        let (architecture, network) = network(space, 50 + place as u64);
        let found = scores(&probe(architecture, &network, Engine::Kernels, &batch), &["plain", "grasp"]);
        let before: Vec<Tensor> = weights(&network).iter().map(|param| param.var.as_tensor().copy().unwrap()).collect();
        let at = |factor: f64| {
            for (param, before) in weights(&network).into_iter().zip(&before) {
                param.var.set(&(before * factor).unwrap()).unwrap();
            }
            [loss(architecture, &network, &batch), half_square(architecture, &network, &batch)]
        };
        let step = 1e-5;
        let (ahead, behind) = (at(1.0 + step), at(1.0 - step));
        let slope = |of: usize| (ahead[of] - behind[of]) / (2.0 * step);
        for (id, found, slope) in [("plain", found[0], slope(0)), ("grasp", found[1], -slope(1))] {
            assert!(slope.abs() > 1e-4, "{space} {id}: a slope of {slope} shows no sign");
            assert!((found - slope).abs() < 1e-5 * slope.abs().max(0.1), "{space} {id}: {found}, not {slope}");
        }
    }
}

/// A supernet of a space, and architectures of it.
pub(super) fn supernet(space: SpaceId, picker: Picker) -> (Network, Vec<Architecture>) {
    let sizes = match space {
        SpaceId::Nb101 | SpaceId::Nb201 => {
            spec::Network { channels: Some(4), cells: Some(1), ..spec::Network::default() }
        }
        SpaceId::Nb301 => spec::Network { channels: Some(4), layers: Some(3), ..spec::Network::default() },
        _ => spec::Network { width_divisor: Some(4), ..spec::Network::default() },
    };
    let config =
        NetConfig { skeleton: sizes.skeleton(space, Form::Supernet, SIDE), dtype: DType::F32, device: Device::Cpu };
    let supernet = Network::supernet(space, &config, picker, Init::Seeded(Seed::root(5))).unwrap();
    let mut stream = Seed::root(6).stream();
    let small = |architecture: &Architecture| architecture.census(&config.skeleton).unwrap().flops < 2_000_000;
    let drawn = std::iter::repeat_with(|| space.sample(&mut stream)).filter(small).take(3).collect();
    (supernet, drawn)
}

/// A layer that is cut out of a wider one counts the inputs that it has itself.
#[test]
fn channels_of_a_supernet_have_the_fan_in_of_the_architecture() {
    let batch = batch(3);
    let batch = Batch { images: batch.images.to_dtype(DType::F32).unwrap(), labels: batch.labels };
    for (space, picker) in SpaceId::ALL
        .map(|space| (space, Picker::Ordinal))
        .into_iter()
        .chain([(SpaceId::NdsResnet, Picker::L1), (SpaceId::NdsResnextA, Picker::L1)])
    {
        let (supernet, architectures) = supernet(space, picker);
        for architecture in architectures {
            let alone = supernet.extract(architecture, DType::F32, |param| Ok(param.var.as_detached_tensor())).unwrap();
            let of = |network: &Network| {
                let probe = Probe::new(architecture, network, Engine::Kernels, [Need::ChannelSaliencies]);
                let probe = probe.with_batch(&batch);
                let layers = probe.channel_saliencies().unwrap().iter();
                layers.map(|layer| (layer.fan_in, layer.rows[0].len())).collect::<Vec<_>>()
            };
            let (shared, own) = (of(&supernet), of(&alone));
            assert_eq!(shared, own, "{space} {architecture}");
            let census = architecture.census(&supernet.skeleton()).unwrap();
            let elements: usize = shared.iter().map(|(fan_in, channels)| fan_in * channels).sum();
            assert_eq!(elements as u64, census.conv_weights + census.linear_weights, "{space} {architecture}");
        }
    }
}

/// Every parameter counts by its absolute value: scales and shifts of batch-norm too.
#[test]
fn synflow_does_not_see_the_sign_of_any_parameter() {
    for (place, space) in SpaceId::ALL.into_iter().enumerate() {
        let (architecture, network) = network(space, 60 + place as u64);
        let mut stream = Seed::root(7).stream();
        for param in network.params() {
            let values: Vec<f64> = (0..param.var.elem_count()).map(|_| stream.normal()).collect();
            param.var.set(&Tensor::from_vec(values, param.var.shape(), &Device::Cpu).unwrap()).unwrap();
        }
        let ids = ["synflow", "synflow_bn"];
        let batch = batch(2);
        let signed = scores(&probe(architecture, &network, Engine::Kernels, &batch), &ids);
        for param in network.params() {
            let positive: Vec<f64> = host_f64(&param.var).unwrap().into_iter().map(f64::abs).collect();
            param.var.set(&Tensor::from_vec(positive, param.var.shape(), &Device::Cpu).unwrap()).unwrap();
        }
        let positive = scores(&probe(architecture, &network, Engine::Kernels, &batch), &ids);
        assert_eq!(signed, positive, "{space}");
        assert!(signed.iter().all(|score| score.is_finite()) && signed[0] > 0.0, "{space}: {signed:?}");
    }
}
