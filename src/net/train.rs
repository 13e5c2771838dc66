//! The training loop, one for supernets and stand-alone networks.
//!
//! Each step draws an architecture uniformly from a pool (of one, for a stand-alone network), runs it on the next batch and updates
//! the weights by SGD. Every draw is a function of the run's seed and of the epoch, so a run that was cut off goes on from its last
//! whole epoch with the same bits.

use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor, Var};

use super::optim::{OptimError, Scheduler, Sgd, SgdConfig};
use super::{Dropout, Engine, LoadError, NetError, Network, NormMode, Param, Pass, host_f64, judge};
use crate::data::{Augmenter, DataError, ImageSet};
use crate::seed::Seed;
use crate::space::{Architecture, Pool};
use crate::spec::Training;

/// Bumped when the loop gives other weights for the same settings.
pub const TRAINER_VERSION: u32 = 2;

/// Weight of a new batch in running statistics, as in `PyTorch`.
const NORM_MOMENTUM: f64 = 0.1;

/// Why a training stopped.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// A batch could not be made.
    #[error("training: {0}")]
    Data(#[from] DataError),
    /// The network failed.
    #[error("training: {0}")]
    Net(#[from] NetError),
    /// The optimiser could not make a step.
    #[error("training: {0}")]
    Optim(#[from] OptimError),
    /// An operation failed.
    #[error("training: {0}")]
    Tensor(#[from] candle_core::Error),
}

/// What is trained, on what, and how.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// The weights.
    pub network: &'a Network,
    /// The architectures that steps draw from.
    pub pool: &'a Pool,
    /// The training images.
    pub images: &'a ImageSet,
    /// The settings.
    pub training: &'a Training,
    /// Whether weight decay and momentum act on parameters that a step did not use.
    pub decay_unsampled: bool,
    /// The root of every draw.
    pub seed: Seed,
    /// Where the network lives.
    pub device: &'a Device,
}

/// What an epoch looked like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Epoch {
    /// One-based number.
    pub number: usize,
    /// Mean over the images of the cross-entropy of their step, in nats.
    pub loss: f64,
    /// Fraction of the images that their step classified rightly.
    pub accuracy: f64,
    /// Learning rate of its steps.
    pub learning_rate: f64,
}

/// A run between two epochs.
#[derive(Debug)]
pub struct Trainer<'a> {
    job: Job<'a>,
    engine: Engine,
    /// The network's.
    dtype: DType,
    vars: Vec<Var>,
    optimiser: Sgd,
    scheduler: Scheduler,
    curve: Vec<Epoch>,
}

impl<'a> Trainer<'a> {
    /// A run before its first epoch.
    ///
    /// # Errors
    /// If the optimiser's state can't be made.
    pub fn new(job: Job<'a>) -> Result<Self, TrainError> {
        let vars: Vec<Var> = job.network.params().iter().map(|param| param.var.clone()).collect();
        let config = SgdConfig {
            momentum: job.training.momentum,
            weight_decay: job.training.weight_decay,
            clip: job.training.clip,
            decay_unsampled: job.decay_unsampled,
        };
        Ok(Self {
            engine: Engine::for_device(job.device),
            dtype: vars.first().map_or(DType::F32, |var| var.dtype()),
            optimiser: Sgd::new(&vars, config)?,
            scheduler: Scheduler::new(job.training.schedule, job.training.learning_rate, job.training.epochs),
            curve: Vec::new(),
            vars,
            job,
        })
    }

    /// The same on another engine than the device's own, before the first epoch.
    #[must_use]
    pub fn with_engine(self, engine: Engine) -> Self {
        Self { engine, optimiser: self.optimiser.with_engine(engine), ..self }
    }

    /// The epochs so far.
    pub fn curve(&self) -> &[Epoch] {
        &self.curve
    }

    /// Whether no epoch is left.
    pub fn is_done(&self) -> bool {
        self.curve.len() >= self.job.training.epochs
    }

    /// Steps of one epoch.
    pub fn steps(&self) -> usize {
        self.job.images.len().div_ceil(self.job.training.batch)
    }

    /// Runs one epoch; `step` hears of every step.
    ///
    /// # Errors
    /// If an operation fails.
    pub fn epoch(&mut self, mut step: impl FnMut()) -> Result<Epoch, TrainError> {
        let number = self.curve.len() as u64;
        let order = self.job.seed.index("order", number).stream().permutation(self.job.images.len());
        let mut architectures = self.job.seed.index("architectures", number).stream();
        let augmenter = self.job.training.augment.then(|| Augmenter::new(self.job.seed.child("augmentation")));
        let learning_rate = self.scheduler.learning_rate();
        let (mut loss_sum, mut right) = (0.0, 0);
        for (index, rows) in order.chunks(self.job.training.batch).enumerate() {
            let architecture = self.job.pool.draw(&mut architectures);
            let changes = augmenter.as_ref().map(|augmenter| augmenter.draws(number, rows));
            let batch = self.job.images.batch(rows, changes.as_deref(), self.dtype, self.job.device)?;
            let mut pass = Pass::new(self.engine).with_norm(NormMode::BatchUpdating { momentum: NORM_MOMENTUM });
            if self.job.training.dropout > 0.0 {
                let stream = self.job.seed.index("dropout", number).index("step", index as u64).stream();
                pass = pass.with_dropout(Dropout { rate: self.job.training.dropout, stream });
            }
            let logits = self.job.network.forward(architecture, &batch.images, &mut pass)?;
            let loss = self.engine.cross_entropy(&logits, &batch.labels)?;
            let gradients = self.engine.backward(&loss)?;
            self.optimiser.step(&self.vars, &gradients, learning_rate)?;
            loss_sum += host_f64(&loss)?[0] * rows.len() as f64;
            right += judge(&logits, &batch.labels)?.correct;
            step();
        }
        let images = self.job.images.len() as f64;
        let epoch = Epoch {
            number: self.curve.len() + 1,
            loss: loss_sum / images,
            accuracy: right as f64 / images,
            learning_rate,
        };
        self.scheduler.step(epoch.loss);
        self.curve.push(epoch);
        Ok(epoch)
    }

    /// Everything that the next epoch depends on, as named tensors: `param.*`, `buffer.*`, `velocity.*`.
    ///
    /// # Errors
    /// If a tensor can't be read.
    pub fn tensors(&self) -> Result<BTreeMap<String, Tensor>, TrainError> {
        let mut tensors = weights(self.job.network);
        let names = self.job.network.params().iter().map(|param| param.name.as_str());
        for (name, velocity) in names.zip(self.optimiser.velocities()?) {
            tensors.insert(velocity_name(name), velocity);
        }
        Ok(tensors)
    }

    /// Goes back to where [`Trainer::tensors`] and [`Trainer::curve`] were taken.
    ///
    /// # Errors
    /// If the tensors are not those of this network.
    pub fn resume(&mut self, tensors: &BTreeMap<String, Tensor>, curve: &[Epoch]) -> Result<(), TrainError> {
        load_weights(self.job.network, tensors)?;
        let velocity = |param: &Param| {
            let name = velocity_name(&param.name);
            tensors.get(&name).cloned().ok_or(NetError::Load(LoadError::Missing { name }))
        };
        let velocities: Vec<Tensor> = self.job.network.params().iter().map(velocity).collect::<Result<_, _>>()?;
        self.optimiser.set_velocities(&velocities)?;
        for epoch in curve {
            self.scheduler.step(epoch.loss);
            self.curve.push(*epoch);
        }
        Ok(())
    }
}

fn velocity_name(param: &str) -> String {
    format!("velocity.{param}")
}

/// A network's parameters (`param.*`) and running statistics (`buffer.*`).
pub fn weights(network: &Network) -> BTreeMap<String, Tensor> {
    let params = network.params().named().map(|(name, tensor)| (format!("param.{name}"), tensor));
    let buffers = network.buffers().named().map(|(name, tensor)| (format!("buffer.{name}"), tensor));
    params.chain(buffers).collect()
}

/// Sets a network's parameters and running statistics from what [`weights`] gave.
///
/// # Errors
/// If a tensor is missing or does not fit.
pub fn load_weights(network: &Network, tensors: &BTreeMap<String, Tensor>) -> Result<(), NetError> {
    let part = |prefix: &str| -> BTreeMap<String, Tensor> {
        let named = tensors.iter().filter_map(|(name, tensor)| Some((name.strip_prefix(prefix)?, tensor)));
        named.map(|(name, tensor)| (name.to_owned(), tensor.clone())).collect()
    };
    network.params().load(&part("param."))?;
    network.buffers().load(&part("buffer."))?;
    Ok(())
}

/// Accuracy (a fraction) by running statistics, over all images of a set in batches of `batch`.
///
/// # Errors
/// If an operation fails.
pub fn accuracy(
    network: &Network,
    architecture: Architecture,
    images: &ImageSet,
    batch: usize,
    device: &Device,
) -> Result<f64, TrainError> {
    let engine = Engine::for_device(device);
    let rows: Vec<usize> = (0..images.len()).collect();
    let mut right = 0;
    for rows in rows.chunks(batch) {
        let batch = images.batch(rows, None, DType::F32, device)?;
        let mut pass = Pass::new(engine).untracked().with_norm(NormMode::Running);
        right += judge(&network.forward(architecture, &batch.images, &mut pass)?, &batch.labels)?.correct;
    }
    Ok(right as f64 / images.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::synthetic;
    use crate::net::device::on_each_device;
    use crate::net::{Init, NetConfig};
    use crate::space::{SpaceId, nb201};
    use crate::spec::Picker;
    use crate::spec::{Plateau, Schedule};

    fn training() -> Training {
        Training {
            epochs: 4,
            batch: 16,
            learning_rate: 0.05,
            // A patience of none and a threshold out of reach: the rate halves after each epoch but the first.
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

    fn pool() -> Pool {
        let all = SpaceId::Nb201.representatives().unwrap().into_iter();
        Pool::Listed(all.filter(|architecture| architecture.has_live_convolution()).collect())
    }

    on_each_device!(a_training_that_is_resumed_ends_with_the_same_bits, both_engines_train_alike);

    /// Two epochs, in which momentum, decay, clipping, dropout, augmentation and running statistics leave their marks; in double
    /// precision, since gradients of shifts are what is left of sums that nearly cancel.
    fn both_engines_train_alike(device: &Device) {
        let (images, pool, training) = (images(), pool(), training());
        let run = |engine: Engine, device: &Device| {
            let network = supernet(device, DType::F64);
            let (network, decay_unsampled, seed) = (&network, true, Seed::root(5));
            let job = Job { network, pool: &pool, images: &images, training: &training, decay_unsampled, seed, device };
            let mut trainer = Trainer::new(job).unwrap().with_engine(engine);
            let losses = [trainer.epoch(|| {}).unwrap().loss, trainer.epoch(|| {}).unwrap().loss];
            let state = trainer.tensors().unwrap();
            (losses, state.into_iter().map(|(name, tensor)| (name, host_f64(&tensor).unwrap())).collect::<Vec<_>>())
        };
        let ((losses, kernels), (others, composed)) =
            (run(Engine::Kernels, &Device::Cpu), run(Engine::Composed, device));
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
        let (images, pool, training) = (images(), pool(), training());
        let job = |network| Job {
            network,
            pool: &pool,
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
            straight.epoch(|| steps += 1).unwrap();
            if straight.curve().len() == 2 {
                let copies =
                    straight.tensors().unwrap().into_iter().map(|(name, tensor)| (name, tensor.copy().unwrap()));
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
            resumed.epoch(|| {}).unwrap();
        }
        assert_eq!(resumed.curve(), straight.curve());
        assert!(bits(&other) == bits(&whole), "the weights differ");
        assert!(bits(&whole) != bits(&supernet(device, DType::F32)), "nothing was trained");
    }
}
