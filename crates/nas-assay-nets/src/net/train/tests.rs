use super::*;
use crate::images::synthetic;
use crate::net::host_f64;
use crate::net::{Init, NetConfig};
use nas_assay_kernels::on_each_device;
use nas_assay_schema::spec::Picker;
use nas_assay_schema::spec::{Plateau, Schedule};
use nas_assay_spaces::{FairOperations, Pool, SpaceId, nb201};

fn training() -> Training {
    Training {
        epochs: 4,
        batch: 16,
        learning_rate: 0.05,
        // With no patience and a threshold that no epoch reaches, the rate halves after each epoch but the first.
        schedule: Schedule::Plateau(Plateau { factor: 0.5, patience: 0, threshold: 0.9 }),
        momentum: 0.9,
        weight_decay: 5e-4,
        clip: Some(1.0),
        dropout: 0.1,
        augment: true,
    }
}

fn supernet(device: &Device, dtype: DType) -> Network {
    let skeleton = nb201::Skeleton { channels: 4, cells: 1, ..nb201::Skeleton::default() }.into();
    let config = NetConfig { skeleton, dtype, device: device.clone() };
    Network::supernet(SpaceId::Nb201, &config, Picker::Ordinal, Init::Seeded(Seed::root(1))).unwrap()
}

fn bits(network: &Network) -> Vec<(String, Vec<u64>)> {
    let tensors = weights(network).into_iter();
    let bits = |tensor: &Tensor| host_f64(tensor).unwrap().iter().map(|value| value.to_bits()).collect();
    tensors.map(|(name, tensor)| (name, bits(&tensor))).collect()
}

fn images() -> ImageSet {
    synthetic::draw(&Seed::root(3), "train", 40, 32).unwrap()
}

fn epoch(trainer: &mut Trainer<'_>, sampler: &Sampler) -> Epoch {
    trainer.epoch(sampler, |_| Ok::<_, TrainError>(())).unwrap()
}

/// Steps of one architecture, of two, and of one for each operation.
fn samplers() -> [Sampler; 3] {
    let pool = || Pool::Trainable(SpaceId::Nb201);
    let operations = FairOperations::new(nb201::Operation::ALL.to_vec()).unwrap();
    [Sampler::one_of(pool()), Sampler::Uniform { pool: pool(), count: 2 }, Sampler::Fair(operations)]
}

on_each_device!(a_training_that_is_resumed_ends_with_the_same_bits, both_engines_train_alike);

/// Two epochs with momentum, decay, clipping, dropout, augmentation and running statistics. In double precision, since gradients of shifts
/// are sums of terms that nearly cancel.
fn both_engines_train_alike(device: &Device) {
    let (images, [_, sampler, _], training) = (images(), samplers(), training());
    let run = |engine: Engine, device: &Device| {
        let network = supernet(device, DType::F64);
        let (network, decay_unsampled, seed) = (&network, true, Seed::root(5));
        let job = Job { network, images: &images, training: &training, decay_unsampled, seed, device };
        let mut trainer = Trainer::new(job).unwrap().with_engine(engine);
        let losses = [epoch(&mut trainer, &sampler).loss, epoch(&mut trainer, &sampler).loss];
        let state = trainer.tensors().unwrap();
        (losses, state.into_iter().map(|(name, tensor)| (name, host_f64(&tensor).unwrap())).collect::<Vec<_>>())
    };
    // A GPU composes layers too slowly for a training; that its layers agree is tested one by one.
    let engine = if device.is_cpu() { Engine::Composed } else { Engine::Kernels };
    let ((losses, kernels), (others, composed)) = (run(Engine::Kernels, &Device::Cpu), run(engine, device));
    for (loss, other) in losses.iter().zip(others) {
        assert!((loss - other).abs() < 1e-12 * loss, "losses {losses:?} and {others:?}");
    }
    for ((name, a), (_, b)) in kernels.iter().zip(&composed) {
        let scale = a.iter().fold(0.0f64, |scale, value| scale.max(value.abs()));
        let off = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(off <= 1e-11 * scale, "{name}, at most {scale}, differs by {off}");
    }
}

fn a_training_that_is_resumed_ends_with_the_same_bits(device: &Device) {
    for sampler in samplers() {
        resumed_after_two_epochs(&sampler, device);
    }
}

fn resumed_after_two_epochs(sampler: &Sampler, device: &Device) {
    let (images, training) = (images(), training());
    let job = |network| Job {
        network,
        images: &images,
        training: &training,
        decay_unsampled: true,
        seed: Seed::root(5),
        device,
    };
    let whole = supernet(device, DType::F32);
    let mut straight = Trainer::new(job(&whole)).unwrap();
    assert_eq!(straight.steps(), 3);
    let mut steps = 0;
    let mut saved = None;
    while !straight.is_done() {
        let count = |step: Step<'_>| {
            assert_eq!(step.index, steps % 3);
            steps += 1;
            Ok::<_, TrainError>(())
        };
        straight.epoch(sampler, count).unwrap();
        if straight.curve().len() == 2 {
            let copies = straight.tensors().unwrap().into_iter().map(|(name, tensor)| (name, tensor.copy().unwrap()));
            saved = Some((copies.collect::<BTreeMap<_, _>>(), straight.curve().to_vec()));
        }
    }
    assert_eq!(steps, 12);
    let rates: Vec<f64> = straight.curve().iter().map(|epoch| epoch.learning_rate).collect();
    assert_eq!(rates, [0.05, 0.05, 0.025, 0.0125]);

    let other = supernet(device, DType::F32);
    let mut resumed = Trainer::new(job(&other)).unwrap();
    let (tensors, curve) = saved.unwrap();
    resumed.resume(&tensors, &curve).unwrap();
    while !resumed.is_done() {
        epoch(&mut resumed, sampler);
    }
    assert_eq!(resumed.curve(), straight.curve());
    assert!(bits(&other) == bits(&whole), "the weights differ");
    assert!(bits(&whole) != bits(&supernet(device, DType::F32)), "nothing was trained");
}

/// An epoch of one step. If a step has one architecture several times, the mean gradient is that of the architecture.
#[test]
fn a_step_of_an_architecture_twice_is_a_step_of_it_once() {
    let text = "|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|none~0|skip_connect~1|avg_pool_3x3~2|";
    let architecture = Architecture::parse(SpaceId::Nb201, text).unwrap();
    let (images, training) = (images(), Training { batch: 40, dropout: 0.0, ..training() });
    let run = |count| {
        let (network, device) = (supernet(&Device::Cpu, DType::F32), &Device::Cpu);
        let sampler = &Sampler::Uniform { pool: Pool::Listed(vec![architecture]), count };
        let job = Job {
            network: &network,
            images: &images,
            training: &training,
            decay_unsampled: false,
            seed: Seed::root(5),
            device,
        };
        let epoch = epoch(&mut Trainer::new(job).unwrap(), sampler);
        (epoch, bits(&network))
    };
    let ((once, first), (twice, second)) = (run(1), run(2));
    assert_eq!(once, twice);
    let (once, twice) = (first.iter(), second.iter());
    for (once, twice) in once.zip(twice) {
        // Running statistics are updated by each of the two passes.
        let moved = once.0.starts_with("buffer.") && once != twice;
        assert!(once == twice || moved, "{}", once.0);
    }
    assert!(first != second, "running statistics were updated once");
}
