//! Properties of estimators that hold in every space.

use candle_core::{DType, Device, Tensor};

use super::{EstimatorError, EstimatorKind, Need, Probe, Suite};
use crate::images::Batch;
use crate::net::{Dropout, Engine, Init, NetConfig, Network, Param, Role, host_f64};
use nas_assay_base::seed::Seed;
use nas_assay_schema::spec;
use nas_assay_spaces::{Architecture, Form, SpaceId};

pub(super) const SIDE: usize = 8;

/// A small network in double precision, with a random architecture that has a live convolution.
pub(super) fn network(space: SpaceId, draw: u64) -> (Architecture, Network) {
    let sizes = match space {
        SpaceId::Nb101 | SpaceId::Nb201 => {
            spec::Network { channels: Some(4), cells: Some(1), ..spec::Network::default() }
        }
        SpaceId::Nb301 => spec::Network { channels: Some(4), layers: Some(3), ..spec::Network::default() },
        SpaceId::NdsResnet | SpaceId::NdsResnextA => {
            spec::Network { width_divisor: Some(4), cell_affine: Some(true), ..spec::Network::default() }
        }
        SpaceId::Table(space) => panic!("{space} has no network"),
    };
    let skeleton = sizes.skeleton(space, Form::StandAlone, SIDE);
    let mut stream = Seed::root(draw).child("architecture").stream();
    let architecture = loop {
        let drawn = space.sample(&mut stream);
        let flops = drawn.census(&skeleton).unwrap().flops;
        if drawn.has_live_convolution() && flops < 500_000 {
            break drawn;
        }
    };
    let config = NetConfig { skeleton, dtype: DType::F64, device: Device::Cpu };
    let network = Network::stand_alone(architecture, &config, Init::Seeded(Seed::root(draw).child("init"))).unwrap();
    (architecture, network)
}

pub(super) fn batch(size: usize) -> Batch {
    let mut stream = Seed::root(6).child("images").stream();
    let pixels: Vec<f64> = (0..size * 3 * SIDE * SIDE).map(|_| stream.normal()).collect();
    let labels: Vec<u32> = (0..size as u32).map(|image| image * 7 % 10).collect();
    Batch {
        images: Tensor::from_vec(pixels, (size, 3, SIDE, SIDE), &Device::Cpu).unwrap(),
        labels: Tensor::new(labels, &Device::Cpu).unwrap(),
    }
}

pub(super) fn probe<'a>(
    architecture: Architecture,
    network: &'a Network,
    engine: Engine,
    batch: &'a Batch,
) -> Probe<'a> {
    let suite = Suite::builtin();
    let needs = suite.iter().flat_map(|estimator| estimator.meta().needs);
    Probe::new(architecture, network, engine, needs.copied()).with_batch(batch)
}

/// The scores of the estimators `ids`.
pub(super) fn scores(probe: &Probe<'_>, ids: &[impl AsRef<str>]) -> Vec<f64> {
    let suite = Suite::builtin();
    ids.iter().map(|id| suite.find(id.as_ref()).unwrap().score(probe).unwrap().score.value()).collect()
}

/// Zero-shot estimators whose score can be nothing but rounding.
const MAY_BE_ROUNDING: [&str; 6] = ["jacob_cov", "synflow_bn", "epe_nas", "gradsign_sum", "gradsign_mean", "ntk_cond"];

/// Zero-shot estimators that depend on the order of the images: `zico` takes halves of the batch, `near` rows and `linear_regions` patches
/// by their place, and `dextr` the first.
const BY_PLACE: [&str; 4] = ["zico", "near", "linear_regions", "dextr"];

fn zero_shot() -> Vec<String> {
    let suite = Suite::builtin();
    let zero_shot = suite.iter().map(super::Estimator::meta).filter(|meta| meta.kind == EstimatorKind::ZeroShot);
    zero_shot.map(|meta| meta.id.to_owned()).collect()
}

pub(super) fn weights(network: &Network) -> Vec<&Param> {
    network.params().iter().filter(|param| param.role.is_weight()).collect()
}

fn assert_near(what: &str, found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance * expected.abs(), "{what}: {found}, not {expected}");
}

#[test]
fn hessian_gradient_products_are_differences_of_gradients() {
    let batch = batch(6);
    for (place, space) in SpaceId::ALL.into_iter().enumerate() {
        let (architecture, network) = network(space, place as u64);
        let alone = |need| Probe::new(architecture, &network, Engine::Kernels, [need]).with_batch(&batch);
        let probe = probe(architecture, &network, Engine::Kernels, &batch);
        let (gradients, products) = (probe.loss_gradients().unwrap(), probe.hessian_gradients().unwrap());
        let norm = gradients.iter().flat_map(|layer| &layer.gradient).map(|g| g * g).sum::<f64>().sqrt();
        let step = 1e-6 / norm;
        let before: Vec<Tensor> = weights(&network).iter().map(|param| param.var.as_tensor().copy().unwrap()).collect();
        let moved = |step: f64| {
            for ((param, before), layer) in weights(&network).into_iter().zip(&before).zip(gradients) {
                assert_eq!(param.name, layer.name);
                let along = Tensor::new(&layer.gradient[..], &Device::Cpu).unwrap().reshape(param.var.shape()).unwrap();
                param.var.set(&(before + (along * step).unwrap()).unwrap()).unwrap();
            }
            let probe = alone(Need::LossGradients);
            probe.loss_gradients().unwrap().iter().map(|layer| layer.gradient.clone()).collect::<Vec<_>>()
        };
        let (ahead, behind) = (moved(step), moved(-step));
        let largest = products.iter().flat_map(|layer| &layer.gradient).fold(0.0_f64, |size, hg| size.max(hg.abs()));
        assert!(largest > 0.0);
        for ((layer, ahead), behind) in products.iter().zip(ahead).zip(behind) {
            for ((hg, ahead), behind) in layer.gradient.iter().zip(ahead).zip(behind) {
                let difference = (ahead - behind) / (2.0 * step);
                assert!((hg - difference).abs() < 1e-5 * largest, "{space} {}: {hg}, not {difference}", layer.name);
            }
        }
    }
}

/// Whether this process runs the test `name` with Candle keeping the graph of gradients. If not, starts such a process, and fails unless the
/// test passes there. Candle reads the variable from the environment, which all tests of a process share.
fn runs_with_kept_graph(name: &str) -> bool {
    const VARIABLE: &str = "CANDLE_GRAD_DO_NOT_DETACH";
    if std::env::var_os(VARIABLE).is_some() {
        return true;
    }
    let program = std::env::current_exe().unwrap();
    let run = std::process::Command::new(program).args([name, "--exact", "--nocapture"]).env(VARIABLE, "1").output();
    let run = run.unwrap();
    let output = String::from_utf8_lossy(&run.stdout) + String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success() && output.contains("1 passed"), "{output}");
    false
}

/// The Hessian-gradient products and the gradients of a drawn network of NAS-Bench-101 for images of this side, and its score by `grasp`.
fn second_order(engine: Engine, form: Form, side: usize) -> ([Vec<f64>; 2], f64) {
    let sizes = spec::Network { channels: Some(4), cells: Some(1), ..spec::Network::default() };
    let skeleton = sizes.skeleton(SpaceId::Nb101, form, side);
    let mut stream = Seed::root(side as u64).child("architecture").stream();
    let architecture = loop {
        let drawn = SpaceId::Nb101.sample(&mut stream);
        if drawn.has_live_convolution() {
            break drawn;
        }
    };
    let config = NetConfig { skeleton, dtype: DType::F64, device: Device::Cpu };
    let network = Network::stand_alone(architecture, &config, Init::Seeded(Seed::root(1).child("init"))).unwrap();
    let pixels: Vec<f64> = (0..4 * 3 * side * side).map(|_| stream.normal()).collect();
    let batch = Batch {
        images: Tensor::from_vec(pixels, (4, 3, side, side), &Device::Cpu).unwrap(),
        labels: Tensor::new(&[3_u32, 0, 7, 5], &Device::Cpu).unwrap(),
    };
    let needs = [Need::HessianGradients, Need::LossGradients];
    let probe = Probe::new(architecture, &network, engine, needs).with_batch(&batch);
    let layers = [probe.hessian_gradients().unwrap(), probe.loss_gradients().unwrap()];
    let values = layers.map(|layers| layers.iter().flat_map(|layer| layer.gradient.clone()).collect());
    (values, scores(&probe, &["grasp"])[0])
}

/// Between its stacks, the network of NAS-Bench-101 pools blocks of four pixels. At these sides, blocks at the edge have one or two: at 15 and
/// 17 before the second stack, at 18 before the third, at 17 before both. The kernels give second derivatives without the graph that the
/// composed layers need.
#[test]
fn second_derivatives_agree_at_odd_sides() {
    let cases = [(Form::StandAlone, 15), (Form::StandAlone, 17), (Form::StandAlone, 18), (Form::Supernet, 15)];
    let ours = cases.map(|(form, side)| second_order(Engine::Kernels, form, side));
    if !runs_with_kept_graph("estimator::tests::second_derivatives_agree_at_odd_sides") {
        return;
    }
    for ((form, side), (kernels, ours)) in cases.into_iter().zip(ours) {
        let (composed, theirs) = second_order(Engine::Composed, form, side);
        for (a, b) in kernels.iter().zip(&composed) {
            let largest = b.iter().fold(0.0_f64, |largest, b| largest.max(b.abs()));
            let off = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(largest > 0.0 && off < 1e-9 * largest, "{form:?}, {side} pixels: {off} of {largest}");
        }
        assert_near(&format!("grasp, {form:?}, {side} pixels"), ours, theirs, 1e-8);
    }
}

#[test]
fn both_engines_score_alike() {
    let batch = batch(5);
    // The composed layers give second derivatives only if Candle is set up for them.
    let suite = Suite::builtin();
    let ids: Vec<_> = zero_shot().into_iter().filter(|id| !["grasp", "dextr"].contains(&id.as_str())).collect();
    for (place, space) in SpaceId::ALL.into_iter().enumerate() {
        let (architecture, network) = network(space, place as u64);
        let needs: Vec<Need> = ids.iter().flat_map(|id| suite.find(id).unwrap().meta().needs.iter().copied()).collect();
        let of = |engine| {
            let probe = Probe::new(architecture, &network, engine, needs.iter().copied()).with_batch(&batch);
            scores(&probe, &ids)
        };
        for ((id, a), b) in ids.iter().zip(of(Engine::Kernels)).zip(of(Engine::Composed)) {
            if a.is_nan() && b.is_nan() && MAY_BE_ROUNDING.contains(&id.as_ref()) {
                continue;
            }
            assert!((a - b).abs() <= 1e-9 * a.abs().max(1e-3), "{space} {id}: {a} and {b}");
        }
    }
}

#[test]
fn second_order_is_refused_where_candle_would_drop_paths() {
    let (architecture, network) = network(SpaceId::Nb201, 1);
    let batch = batch(4);
    let message = probe(architecture, &network, Engine::Composed, &batch).hessian_gradients().unwrap_err().to_string();
    assert!(message.contains("CANDLE_GRAD_DO_NOT_DETACH"), "{message}");
}

#[test]
fn a_shared_pass_gives_what_each_need_gives_alone() {
    let batch = batch(5);
    let (architecture, network) = network(SpaceId::Nb201, 3);
    let suite = Suite::builtin();
    let bits = |id: &str, probe: &Probe<'_>| {
        let reading = suite.find(id).unwrap().score(probe).unwrap();
        let details = reading.details.iter().map(|(_, value)| value.value().to_bits());
        (reading.score.value().to_bits(), details.collect::<Vec<_>>())
    };
    let alone = |id: &str| {
        let needs = suite.find(id).unwrap().meta().needs.iter().copied();
        bits(id, &Probe::new(architecture, &network, Engine::Kernels, needs).with_batch(&batch))
    };
    let ids = zero_shot();
    let own: Vec<_> = ids.iter().map(|id| alone(id)).collect();
    // In the order of the suite, in the opposite one, and in drawn ones.
    let mut orders = vec![(0..ids.len()).collect::<Vec<_>>(), (0..ids.len()).rev().collect()];
    orders.extend((0..2).map(|draw| Seed::root(draw).stream().permutation(ids.len())));
    for order in orders {
        let all = probe(architecture, &network, Engine::Kernels, &batch);
        for place in order {
            assert_eq!(bits(&ids[place], &all), own[place], "{}", ids[place]);
        }
    }
}

/// What one probe cannot compute does not stand in the way of another one for the same network and images.
#[test]
fn a_probe_with_other_needs_computes_them_alone() {
    let batch = batch(5);
    let (architecture, network) = network(SpaceId::Nb201, 3);
    let dropout = Dropout { rate: 0.5, stream: Seed::root(4).stream() };
    let with = |needs: &[Need]| {
        let probe = Probe::new(architecture, &network, Engine::Composed, needs.iter().copied());
        probe.with_batch(&batch).with_seed(Seed::root(8)).with_dropout(dropout.clone())
    };
    let both = with(&[Need::LossGradients, Need::HessianGradients]);
    // The composed layers give no second derivatives here.
    assert!(both.loss_gradients().unwrap_err().to_string().contains("CANDLE_GRAD_DO_NOT_DETACH"));
    let one = both.for_needs([Need::LossGradients]);
    let expected = with(&[Need::LossGradients]);
    let gradients = |probe: &Probe<'_>| -> Vec<Vec<f64>> {
        probe.loss_gradients().unwrap().iter().map(|layer| layer.gradient.clone()).collect()
    };
    assert_eq!(gradients(&one), gradients(&expected));
    assert_eq!((one.logits().unwrap(), one.architecture()), (expected.logits().unwrap(), architecture));
    assert_eq!(one.stream("a", "noise").unit(), expected.stream("a", "noise").unit());
    assert!(matches!(one.synflow(), Err(EstimatorError::Undeclared(Need::Synflow))));
    let batches = std::slice::from_ref(&batch);
    let evaluated = with(&[]).with_evaluation(batches).for_needs([Need::Evaluation]);
    assert_eq!(
        evaluated.evaluation().unwrap(),
        with(&[Need::Evaluation]).with_evaluation(batches).evaluation().unwrap()
    );
}

#[test]
fn the_order_of_images_does_not_matter() {
    let straight = batch(6);
    let order = Tensor::new(&[4_u32, 2, 0, 5, 1, 3], &Device::Cpu).unwrap();
    let turned = Batch {
        images: straight.images.index_select(&order, 0).unwrap(),
        labels: straight.labels.index_select(&order, 0).unwrap(),
    };
    let ids: Vec<_> = zero_shot().into_iter().filter(|id| id != "plain" && !BY_PLACE.contains(&id.as_ref())).collect();
    for (place, space) in SpaceId::ALL.into_iter().enumerate() {
        let (architecture, network) = network(space, 10 + place as u64);
        let of = |batch| scores(&probe(architecture, &network, Engine::Kernels, batch), &ids);
        for ((id, a), b) in ids.iter().zip(of(&straight)).zip(of(&turned)) {
            if a.is_nan() && b.is_nan() && MAY_BE_ROUNDING.contains(&id.as_ref()) {
                continue;
            }
            assert_near(&format!("{space} {id}"), b, a, 1e-7);
        }
    }
}

#[test]
fn saliencies_are_no_less_than_zero() {
    let batch = batch(4);
    for (place, space) in SpaceId::ALL.into_iter().enumerate() {
        let (architecture, network) = network(space, 20 + place as u64);
        let ids = ["synflow", "snip", "grad_norm", "fisher", "l2_norm"];
        for (id, score) in ids.iter().zip(scores(&probe(architecture, &network, Engine::Kernels, &batch), &ids)) {
            assert!(score > 0.0, "{space} {id} is {score}");
        }
    }
}

/// If batch-norm follows a convolution, scaling the convolution changes nothing after it, except for the epsilon of batch-norm.
#[test]
fn batch_norm_takes_the_scale_of_a_convolution_away_from_some_scores_only() {
    let batch = batch(6);
    let (architecture, network) = network(SpaceId::Nb201, 2);
    let stem = &network.params().get("stem.conv.weight").unwrap().var;
    // Large enough that epsilon has no effect, and small enough that the gradient of the stem has one.
    stem.set(&(stem.as_tensor() * 30.0).unwrap()).unwrap();
    let ids = ["relu_logdet", "jacob_cov", "fisher", "snip", "grad_norm", "synflow", "l2_norm"];
    let before = scores(&probe(architecture, &network, Engine::Kernels, &batch), &ids);
    stem.set(&(stem.as_tensor() * 3.0).unwrap()).unwrap();
    let after = scores(&probe(architecture, &network, Engine::Kernels, &batch), &ids);
    for ((id, before), after) in ids.iter().zip(before).zip(after) {
        let off = (after - before).abs() / before.abs();
        let invariant = ["relu_logdet", "jacob_cov", "fisher", "snip"].contains(id);
        assert!(if invariant { off < 1e-6 } else { off > 1e-4 }, "{id}: {before} and {after}");
    }
}

#[test]
fn a_convolution_before_batch_norm_adds_nothing_to_plain() {
    let batch = batch(6);
    for (place, space) in SpaceId::ALL.into_iter().enumerate() {
        let (architecture, network) = network(space, 30 + place as u64);
        let probe = probe(architecture, &network, Engine::Kernels, &batch);
        let mut stem_seen = false;
        for layer in probe.loss_gradients().unwrap() {
            let terms = layer.gradient.iter().zip(&layer.weight).map(|(g, w)| g * w);
            let (sum, size) = terms.fold((0.0, 0.0), |(sum, size), term| (sum + term, size + term.abs()));
            if layer.name.starts_with("stem") && layer.role == Role::ConvWeight {
                stem_seen = true;
                assert!(sum.abs() < 1e-3 * size, "{space} {}: {sum} of {size}", layer.name);
            }
            if layer.role == Role::LinearWeight {
                assert!(sum.abs() > 1e-3 * size, "{space} {}: {sum} of {size}", layer.name);
            }
        }
        assert!(stem_seen, "{space}");
    }
}

#[test]
fn counts_are_sums_of_what_is_executed() {
    for (place, space) in SpaceId::ALL.into_iter().enumerate() {
        let (architecture, network) = network(space, 40 + place as u64);
        let batch = batch(4);
        let probe = probe(architecture, &network, Engine::Kernels, &batch);
        let elements: usize = probe.weights().unwrap().iter().map(|(_, weight)| weight.len()).sum();
        let census = probe.census().unwrap();
        assert_eq!(elements as u64, census.conv_weights + census.linear_weights, "{space}");
        let all: usize = network.params().iter().map(|param| host_f64(&param.var).unwrap().len()).sum();
        assert_eq!(all as u64, census.params, "{space}");
        let seen: usize =
            probe.channel_saliencies().unwrap().iter().map(|layer| layer.fan_in * layer.rows[0].len()).sum();
        assert_eq!(seen, elements, "{space}: every weight belongs to an output channel");
    }
}

/// Each map is in its place, its pooled means are those of the last one, and a supernet shows those of the stand-alone network.
#[test]
fn feature_maps_have_names_and_are_those_of_the_pass() {
    let batch = batch(4);
    for (place, space) in SpaceId::ALL.into_iter().enumerate() {
        let (architecture, network) = network(space, 40 + place as u64);
        let probe = probe(architecture, &network, Engine::Kernels, &batch);
        let features = probe.features().unwrap();
        let names: Vec<&str> = features.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!((names[0], &names[names.len() - 2..]), ("stem", &["features", "pooled"][..]), "{space}");
        let inner: Vec<&str> =
            names.iter().copied().filter(|name| name.starts_with("cell") || name.starts_with("block")).collect();
        let block = if matches!(space, SpaceId::NdsResnet | SpaceId::NdsResnextA) { "block" } else { "cell" };
        assert!(!inner.is_empty());
        for (index, name) in inner.iter().enumerate() {
            assert_eq!(*name, format!("{block}{index}"), "{space}");
        }
        for (name, map) in &features {
            let rank = if name == "pooled" { 2 } else { 4 };
            assert_eq!((map.rank(), map.dim(0).unwrap()), (rank, 4), "{space} {name}");
        }
        let [(_, last), (_, pooled)] = &features[features.len() - 2..] else { panic!("{names:?}") };
        let means = host_f64(&last.mean((2, 3)).unwrap()).unwrap();
        for (mean, pooled) in means.iter().zip(host_f64(pooled).unwrap()) {
            assert!((mean - pooled).abs() < 1e-12 * mean.abs().max(1.0), "{space}: {mean} and {pooled}");
        }
        // The classifier of the pooled features gives the logits.
        let [weight, bias] = ["classifier.weight", "classifier.bias"].map(|name| network.params().get(name).unwrap());
        let logits = pooled.matmul(&weight.var.t().unwrap()).unwrap().broadcast_add(&bias.var).unwrap();
        for (ours, theirs) in host_f64(&logits).unwrap().iter().zip(probe.logits().unwrap().concat()) {
            assert!((ours - theirs).abs() < 1e-10 * theirs.abs().max(1.0), "{space}: {ours} and {theirs}");
        }
    }
}

#[test]
fn a_supernet_shows_the_feature_maps_of_the_architecture() {
    use nas_assay_schema::spec::Picker;
    let batch = batch(3);
    let images = batch.images.to_dtype(DType::F32).unwrap();
    let batch = Batch { images, labels: batch.labels };
    for space in SpaceId::ALL {
        let sizes = match space {
            SpaceId::Nb101 | SpaceId::Nb201 => {
                spec::Network { channels: Some(4), cells: Some(1), ..spec::Network::default() }
            }
            SpaceId::Nb301 => spec::Network { channels: Some(4), layers: Some(3), ..spec::Network::default() },
            _ => spec::Network { width_divisor: Some(4), ..spec::Network::default() },
        };
        let config =
            NetConfig { skeleton: sizes.skeleton(space, Form::Supernet, SIDE), dtype: DType::F32, device: Device::Cpu };
        let supernet = Network::supernet(space, &config, Picker::Ordinal, Init::Seeded(Seed::root(5))).unwrap();
        let architecture = space.sample(&mut Seed::root(6).stream());
        let alone = supernet.extract(architecture, DType::F32, |param| Ok(param.var.as_detached_tensor())).unwrap();
        let maps = |network: &Network| -> Vec<(String, Vec<f64>)> {
            let features = probe(architecture, network, Engine::Kernels, &batch).features().unwrap();
            features.into_iter().map(|(name, map)| (name, host_f64(&map).unwrap())).collect()
        };
        assert!(maps(&supernet) == maps(&alone), "{space}");
    }
}

/// Estimators of what comes after the dropout, in the shared passes.
const WITH_DROPOUT: [&str; 7] = ["grad_norm", "snip", "plain", "grasp", "fisher", "jacob_cov", "epe_nas"];

/// Passes of an estimator's own are without dropout, whose mask would be the same in each.
#[test]
fn dropout_changes_shared_passes_alone() {
    let (architecture, network) = network(SpaceId::Nb201, 4);
    let batch = batch(6);
    let ids = zero_shot();
    let stream = || Seed::root(5).stream();
    let with = |dropout: Option<Dropout>| {
        let probe = probe(architecture, &network, Engine::Kernels, &batch);
        let probe = match dropout {
            Some(dropout) => probe.with_dropout(dropout),
            None => probe,
        };
        scores(&probe, &ids)
    };
    let (without, some) = (with(None), with(Some(Dropout { rate: 0.5, stream: stream() })));
    for ((id, a), b) in ids.iter().zip(without).zip(some) {
        if WITH_DROPOUT.contains(&id.as_str()) {
            assert_ne!(a.to_bits(), b.to_bits(), "{id} does not see the dropout");
        } else {
            assert_eq!(a.to_bits(), b.to_bits(), "{id}: {a} and {b}");
        }
    }
}

/// No estimator reads the running statistics of the network that it is given, in either precision, and none changes them.
#[test]
fn running_statistics_neither_change_a_score_nor_change() {
    let (architecture, network) = network(SpaceId::Nb201, 4);
    let batch = batch(6);
    let ids = zero_shot();
    let all = || scores(&probe(architecture, &network, Engine::Kernels, &batch), &ids);
    let before = all();
    for buffer in network.buffers() {
        buffer.var.set(&Tensor::full(2.5, buffer.var.shape(), &Device::Cpu).unwrap()).unwrap();
    }
    for ((id, before), after) in ids.iter().zip(before).zip(all()) {
        assert_eq!(before.to_bits(), after.to_bits(), "{id}: {before} and {after}");
    }
    for buffer in network.buffers() {
        assert!(host_f64(&buffer.var).unwrap().iter().all(|value| *value == 2.5), "{}", buffer.name);
    }
}
