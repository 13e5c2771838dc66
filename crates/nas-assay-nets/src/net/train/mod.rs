//! The training loop, one for supernets and stand-alone networks.
//!
//! Each step draws architectures (always the same one for a stand-alone network), runs them on the next batch and updates the weights by
//! SGD. As in the code of Ning et al. 2021, the architectures of a step see the same images, each with its own dropout mask; the gradient
//! of a parameter is the mean over the architectures that use it. Running statistics are updated by one architecture after another.
//!
//! Every draw depends on the run's seed and on the epoch alone, so a run that was interrupted continues from its last whole epoch with
//! the same bits.

mod gradients;
#[cfg(test)]
mod instruction_tests;
mod results;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod value_tests;

use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor};
use candle_nn::Optimizer;

use self::gradients::MeanGradients;
use self::results::Results;
use super::optim::{OptimError, Scheduler, Sgd, SgdConfig};
use super::{Classification, Dropout, Engine, ForwardPass, LoadError, NetError, Network, NormMode, Param};
use crate::images::{Augmenter, Batch, Feeder, ImageError, ImageSet};
use nas_assay_base::seed::Seed;
use nas_assay_schema::spec::Training;
use nas_assay_spaces::{Architecture, Sampler};

/// Raised when the loop gives other weights for the same settings.
pub const TRAINER_VERSION: u32 = 2;

/// Weight of a new batch in running statistics, as in `PyTorch`.
const NORM_MOMENTUM: f64 = 0.1;

/// Why a training stopped.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// A batch could not be made.
    #[error("training: {0}")]
    Data(#[from] ImageError),
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
    /// The training images.
    pub images: &'a ImageSet,
    /// The settings.
    pub training: &'a Training,
    /// Whether weight decay and momentum act on parameters that a step did not use.
    pub decay_unsampled: bool,
    /// The root of every draw.
    pub seed: Seed,
    /// The device of the network.
    pub device: &'a Device,
}

/// The results of an epoch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Epoch {
    /// One-based number.
    pub number: usize,
    /// Mean cross-entropy over the images, in nats. The loss of a step is the mean over its architectures.
    pub loss: f64,
    /// Fraction of the images that were classified correctly. The count of a step is the mean over its architectures.
    pub accuracy: f64,
    /// Learning rate of its steps.
    pub learning_rate: f64,
}

/// A step that was made.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// Its place in the epoch, from zero.
    pub index: usize,
    /// The architectures that were drawn for it.
    pub architectures: &'a [Architecture],
}

/// The state of a training between two epochs.
#[derive(Debug)]
pub struct Trainer<'a> {
    job: Job<'a>,
    engine: Engine,
    feeder: Feeder<'a>,
    optimiser: Sgd,
    scheduler: Scheduler,
    curve: Vec<Epoch>,
}

impl<'a> Trainer<'a> {
    /// A training before its first epoch.
    ///
    /// # Errors
    /// If the optimiser's state cannot be made.
    pub fn new(job: Job<'a>) -> Result<Self, TrainError> {
        let Training { epochs, schedule, learning_rate, momentum, weight_decay, clip, .. } = *job.training;
        let scheduler = Scheduler::new(schedule, learning_rate, epochs);
        let config = SgdConfig {
            learning_rate: scheduler.learning_rate(),
            momentum,
            weight_decay,
            clip,
            decay_unsampled: job.decay_unsampled,
        };
        let vars = job.network.params().vars();
        let dtype = vars.first().map_or(DType::F32, |var| var.dtype());
        Ok(Self {
            engine: Engine::for_device(job.device),
            feeder: Feeder::new(job.images, dtype, job.device)?,
            optimiser: Sgd::try_new(vars, config)?,
            scheduler,
            curve: Vec::new(),
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

    /// Runs one epoch. `sampler` draws the architectures of each step; `after` is called after each step, with the new weights in place.
    ///
    /// # Errors
    /// If an operation fails, or `after` does.
    pub fn epoch<E: From<TrainError>>(
        &mut self,
        sampler: &Sampler,
        mut after: impl FnMut(Step<'_>) -> Result<(), E>,
    ) -> Result<Epoch, E> {
        let number = self.curve.len() as u64;
        let order = self.job.seed.index("order", number).stream().permutation(self.job.images.len());
        let mut architectures = self.job.seed.index("architectures", number).stream();
        let augmenter = self.job.training.augment.then(|| Augmenter::new(self.job.seed.child("augmentation")));
        let learning_rate = self.scheduler.learning_rate();
        self.optimiser.set_learning_rate(learning_rate);
        let changes = augmenter.as_ref().map(|augmenter| augmenter.draws(number, &order));
        let order = self.feeder.order(order, changes).map_err(TrainError::from)?;
        let mut results = Results::default();
        if let Some(steps) = self.optimiser.on_gpu() {
            steps.begin().map_err(TrainError::from)?;
        }
        for index in 0..self.steps() {
            let drawn = sampler.draw(&mut architectures);
            let first = index * self.job.training.batch;
            let places = first..(first + self.job.training.batch).min(self.job.images.len());
            let batch = self.feeder.batch(&order, places).map_err(TrainError::from)?;
            let stream = || self.job.seed.index("dropout", number).index("step", index as u64).stream();
            let rate = self.job.training.dropout;
            let dropout = (rate > 0.0).then(|| Dropout { rate, stream: stream() });
            self.step(&drawn, &batch, dropout, &mut results)?;
            after(Step { index, architectures: &drawn })?;
        }
        if let Some(on_gpu) = self.optimiser.finish().map_err(TrainError::from)? {
            results = Results { loss: on_gpu.loss, right: on_gpu.right };
        }
        let images = self.job.images.len() as f64;
        let epoch = Epoch {
            number: self.curve.len() + 1,
            loss: results.loss / images,
            accuracy: results.right / images,
            learning_rate,
        };
        self.scheduler.step(epoch.loss);
        self.curve.push(epoch);
        Ok(epoch)
    }

    /// Moves the weights by the mean gradient of the architectures of a step on a batch.
    fn step(
        &mut self,
        architectures: &[Architecture],
        batch: &Batch,
        mut dropout: Option<Dropout>,
        results: &mut Results,
    ) -> Result<(), TrainError> {
        let mut gradients = MeanGradients::new(self.optimiser.parameters());
        let mut step = results.step(batch, architectures.len());
        for &architecture in architectures {
            let norm = NormMode::BatchUpdating { momentum: NORM_MOMENTUM };
            let mut pass = ForwardPass { dropout: dropout.take(), ..ForwardPass::new(self.engine).with_norm(norm) };
            let logits = self.job.network.forward(architecture, &batch.images, &mut pass)?;
            dropout = pass.dropout.take();
            let loss = self.engine.cross_entropy(&logits, &batch.labels)?;
            gradients.add(self.engine.backward(&loss)?)?;
            step.add(&logits, &loss, self.optimiser.on_gpu())?;
        }
        if let Some(gradients) = gradients.mean()? {
            self.optimiser.step_without_waiting(&gradients)?;
        }
        step.finish();
        Ok(())
    }

    /// Everything that the next epoch depends on, as named tensors: `param.*`, `buffer.*`, `velocity.*`.
    ///
    /// # Errors
    /// If a tensor cannot be read.
    pub fn tensors(&self) -> Result<BTreeMap<String, Tensor>, TrainError> {
        let mut tensors = weights(self.job.network);
        let names = self.job.network.params().iter().map(|param| param.name.as_str());
        for (name, velocity) in names.zip(self.optimiser.velocities()?) {
            tensors.insert(velocity_name(name), velocity);
        }
        Ok(tensors)
    }

    /// Goes back to the epoch after which [`Trainer::tensors`] and [`Trainer::curve`] were taken.
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
        let mut pass = ForwardPass::new(engine).untracked().with_norm(NormMode::Running);
        right += Classification::of(&network.forward(architecture, &batch.images, &mut pass)?, &batch.labels)?.correct;
    }
    Ok(right as f64 / images.len() as f64)
}
