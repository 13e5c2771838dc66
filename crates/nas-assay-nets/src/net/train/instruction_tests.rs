//! Scores and trained weights have the same bits by all vector instructions that the processor has.

use super::*;
use crate::estimator::{Probe, Suite};
use crate::images::{Batch, ImageSet, synthetic};
use crate::net::host_f64;
use crate::net::{Init, NetConfig};
use nas_assay_kernels::cpu::Isa;
use nas_assay_schema::spec::{self, Picker, Schedule};
use nas_assay_spaces::{Form, Pool, SpaceId};

/// A small supernet of `space`, with channel counts that are not a whole number of vectors.
fn supernet(space: SpaceId, dtype: DType) -> Network {
    let sizes = match space {
        SpaceId::Nb101 | SpaceId::Nb201 => {
            spec::Network { channels: Some(6), cells: Some(1), ..spec::Network::default() }
        }
        SpaceId::Nb301 => spec::Network { channels: Some(6), layers: Some(3), ..spec::Network::default() },
        SpaceId::NdsResnet | SpaceId::NdsResnextA => {
            spec::Network { width_divisor: Some(4), stem_stride: Some(2), ..spec::Network::default() }
        }
        SpaceId::Table(space) => panic!("{space} has no network"),
    };
    let config = NetConfig { skeleton: sizes.skeleton(space, Form::Supernet, 12), dtype, device: Device::Cpu };
    Network::supernet(space, &config, Picker::L1, Init::Seeded(Seed::root(1))).unwrap()
}

fn images() -> ImageSet {
    synthetic::draw(&Seed::root(3), "train", 12, 12).unwrap()
}

/// The text of every reading of a part of the supernet, details included. Floats of different bits have different texts.
fn readings(space: SpaceId, network: &Network) -> Vec<String> {
    let suite = Suite::builtin();
    let needs = suite.iter().flat_map(|estimator| estimator.meta().needs).copied();
    let dtype = network.params().iter().next().unwrap().var.dtype();
    let batch: Batch = images().batch(&(0..7).collect::<Vec<_>>(), None, dtype, &Device::Cpu).unwrap();
    let mut stream = Seed::root(8).stream();
    let architecture = loop {
        let drawn = space.sample(&mut stream);
        if drawn.census(&network.skeleton()).unwrap().flops < 3_000_000 && drawn.has_live_convolution() {
            break drawn;
        }
    };
    let evaluation = std::slice::from_ref(&batch);
    let probe = Probe::new(architecture, network, Engine::Kernels, needs).with_batch(&batch);
    let probe = probe.with_evaluation(evaluation);
    let reading = |estimator: &dyn crate::estimator::Estimator| {
        format!("{architecture} {}: {:?}", estimator.meta().id, estimator.score(&probe).unwrap())
    };
    suite.of(space).map(reading).collect()
}

/// The text of the losses, and the bits of all tensors, after two short epochs.
fn trained(space: SpaceId) -> (String, Vec<(String, Vec<u64>)>) {
    let (network, images) = (supernet(space, DType::F32), images());
    let training = Training {
        epochs: 2,
        batch: 6,
        learning_rate: 0.05,
        schedule: Schedule::Cosine,
        momentum: 0.9,
        weight_decay: 5e-4,
        clip: Some(1.0),
        dropout: 0.1,
        augment: true,
    };
    let (decay_unsampled, seed, device) = (true, Seed::root(5), &Device::Cpu);
    let job = Job { network: &network, images: &images, training: &training, decay_unsampled, seed, device };
    let mut trainer = Trainer::new(job).unwrap();
    let sampler = Sampler::one_of(Pool::Trainable(space));
    while !trainer.is_done() {
        trainer.epoch(&sampler, |_| Ok::<_, TrainError>(())).unwrap();
    }
    let state = trainer.tensors().unwrap().into_iter();
    let bits = |tensor: &Tensor| host_f64(tensor).unwrap().iter().map(|value| value.to_bits()).collect();
    (format!("{:?}", trainer.curve()), state.map(|(name, tensor)| (name, bits(&tensor))).collect())
}

/// The instructions are chosen for the whole process, as the program does it. Tests that run meanwhile do not depend on them.
#[test]
fn all_instruction_sets_give_the_same_bits() {
    for space in SpaceId::ALL {
        let by_each = Isa::available().iter().map(|isa| {
            isa.set_default();
            let scores = [DType::F32, DType::F64].map(|dtype| readings(space, &supernet(space, dtype)));
            (isa.name(), scores, trained(space))
        });
        let by_each: Vec<_> = by_each.collect();
        let (first, scores, state) = &by_each[0];
        for (name, others, other) in &by_each[1..] {
            assert_eq!(scores, others, "scores by {first} and {name}");
            assert!(state == other, "training on {space} by {first} and {name}: {} and {}", state.0, other.0);
        }
    }
    Isa::detected().set_default();
}
