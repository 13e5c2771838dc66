//! One architecture under examination: each quantity that estimators share is computed once.

use super::oneshot::{self, Evaluation};
use super::{EstimatorError, ReluPatterns};
use crate::images::Batch;
use crate::net::{Dropout, Engine, ForwardPass, Network, NetworkScales, NormMode, Param, ReluObserver, Role, host_f64};
use candle_core::backprop::GradStore;
use candle_core::{DType, Tensor, Var};
use nas_assay_base::seed::{Seed, Stream};
use nas_assay_spaces::{Architecture, Census, Skeleton};
use std::cell::OnceCell;
use std::collections::BTreeSet;

/// A quantity that several estimators ask of a [`Probe`], and that is computed once for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Need {
    /// Counts of parameters, operations and ReLUs: [`Probe::census`].
    Census,
    /// The weights themselves: [`Probe::weights`].
    Weights,
    /// Gradients of the loss by the weights: [`Probe::loss_gradients`].
    LossGradients,
    /// Products of the loss's second derivatives with its gradient: [`Probe::hessian_gradients`].
    HessianGradients,
    /// What the loss does as channels are scaled: [`Probe::channel_saliencies`].
    ChannelSaliencies,
    /// Which elements the ReLUs let through: [`Probe::relu_patterns`].
    ReluPatterns,
    /// Gradient of the summed logits by each image: [`Probe::input_gradients`].
    InputGradients,
    /// Saliencies of the linearised network: [`Probe::synflow`].
    Synflow,
    /// The same with batch-norm: [`Probe::synflow_with_norm`].
    SynflowWithNorm,
    /// Accuracy and loss on the evaluation batches: [`Probe::evaluation`].
    Evaluation,
}

/// A weight and the gradient of the loss by it, in row-major order.
#[derive(Clone, Debug)]
pub struct WeightGradient {
    /// The parameter's name.
    pub name: String,
    /// Convolution or linear weight.
    pub role: Role,
    /// Values of the weight.
    pub weight: Vec<f64>,
    /// Gradient of the mean cross-entropy in nats; zeros where the loss does not depend on the weight.
    pub gradient: Vec<f64>,
}

/// The number of an image whose gradient by the weights [`Probe::each_image`] takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageTerm {
    /// The sum of its logits.
    Logits,
    /// Its cross-entropy, in nats.
    Loss,
}

/// The gradient of the sum of all logits by each image.
#[derive(Clone, Debug, Default)]
pub struct InputGradients {
    /// One row of `3 * height * width` numbers an image.
    pub rows: Vec<Vec<f64>>,
}

/// How the loss changes as each output channel of one convolution or linear layer is scaled.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelSaliencies {
    /// Elements of the layer's weight an output channel.
    pub fan_in: usize,
    /// One row an image, of a number a channel: `Σ y ∂L/∂y` over the channel's pixels `y`, before batch-norm.
    pub rows: Vec<Vec<f64>>,
}

/// What the passes over the batch leave behind; the graphs are gone.
#[derive(Default)]
struct Examination {
    logits: Vec<Vec<f64>>,
    patterns: ReluPatterns,
    loss_gradients: Vec<WeightGradient>,
    hessian_gradients: Vec<WeightGradient>,
    channel_saliencies: Vec<ChannelSaliencies>,
    input_gradients: InputGradients,
}

/// One architecture, the network that has its weights, and the images to look at it with.
///
/// Batch-norm uses batch statistics throughout. On the CPU every sum over weights or images is taken here in f64, in row-major
/// order.
///
/// What several estimators ask for is a [`Need`], and is computed once for all of them. An estimator that needs something else takes
/// [`Probe::network`], [`Probe::batch`] and [`Probe::pass`] and runs passes of its own: with other images, with other weights
/// ([`Probe::with_weights`]), or with numbers drawn from [`Probe::stream`]. Such passes change nothing for the others.
pub struct Probe<'a> {
    architecture: Architecture,
    skeleton: Skeleton,
    network: Option<&'a Network>,
    engine: Engine,
    needs: BTreeSet<Need>,
    batch: Option<&'a Batch>,
    evaluation_batches: Option<&'a [Batch]>,
    dropout: Option<Dropout>,
    seed: Seed,
    examination: OnceCell<Examination>,
    synflow: OnceCell<Vec<WeightGradient>>,
    synflow_with_norm: OnceCell<Vec<WeightGradient>>,
    evaluation: OnceCell<Evaluation>,
}

impl<'a> Probe<'a> {
    /// A probe of `architecture` in `network` for estimators that ask for `needs`.
    pub fn new(
        architecture: Architecture,
        network: &'a Network,
        engine: Engine,
        needs: impl IntoIterator<Item = Need>,
    ) -> Self {
        let counting = Self::counting(architecture, network.skeleton());
        Self { network: Some(network), engine, needs: needs.into_iter().collect(), ..counting }
    }

    /// A probe without a network, which gives the census of `architecture` in `skeleton` and nothing else.
    pub fn counting(architecture: Architecture, skeleton: Skeleton) -> Self {
        Self {
            architecture,
            skeleton,
            network: None,
            engine: Engine::Kernels,
            needs: BTreeSet::new(),
            batch: None,
            evaluation_batches: None,
            dropout: None,
            seed: Seed::root(0),
            examination: OnceCell::new(),
            synflow: OnceCell::new(),
            synflow_with_norm: OnceCell::new(),
            evaluation: OnceCell::new(),
        }
    }

    /// The same with the batch that zero-shot estimators look at; images in the network's type.
    #[must_use]
    pub fn with_batch(self, batch: &'a Batch) -> Self {
        Self { batch: Some(batch), ..self }
    }

    /// The same with the fixed batches that one-shot estimators are evaluated on.
    #[must_use]
    pub fn with_evaluation(self, batches: &'a [Batch]) -> Self {
        Self { evaluation_batches: Some(batches), ..self }
    }

    /// The same with dropout in the pass over the batch, as in a supernet that trains .
    #[must_use]
    pub fn with_dropout(self, dropout: Dropout) -> Self {
        Self { dropout: Some(dropout), ..self }
    }

    /// The same with the seed that [`Probe::stream`] grows from; without, it grows from 0.
    #[must_use]
    pub fn with_seed(self, seed: Seed) -> Self {
        Self { seed, ..self }
    }

    /// The architecture under examination.
    pub fn architecture(&self) -> Architecture {
        self.architecture
    }

    /// The macro network: sizes, resolution, classes.
    pub fn skeleton(&self) -> Skeleton {
        self.skeleton
    }

    /// The implementation of the layers that passes run on.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// The network with the architecture's weights, which may be a supernet.
    ///
    /// # Errors
    /// If the probe has none, as for an estimator of kind baseline.
    pub fn network(&self) -> Result<&'a Network, EstimatorError> {
        self.network.ok_or(EstimatorError::NoInput { need: None, input: "network" })
    }

    /// The batch that zero-shot estimators look at: images `[n, 3, side, side]`, labels `[n]`.
    ///
    /// # Errors
    /// If the probe has none, as for an estimator of kind one-shot.
    pub fn batch(&self) -> Result<&'a Batch, EstimatorError> {
        self.batch.ok_or(EstimatorError::NoInput { need: None, input: "batch of images" })
    }

    /// A pass as the shared ones are: batch statistics, and dropout where the probe has it.
    pub fn pass<'p>(&self) -> ForwardPass<'p> {
        ForwardPass { dropout: self.dropout.clone(), ..ForwardPass::new(self.engine) }
    }

    /// A stand-alone network of the architecture, of type `dtype`, each parameter a function of the probe's own.
    ///
    /// # Errors
    /// If the probe has no network, or a tensor can't be made.
    pub fn with_weights(
        &self,
        dtype: DType,
        value: impl Fn(&Param) -> candle_core::Result<Tensor>,
    ) -> Result<Network, EstimatorError> {
        Ok(self.network()?.extract(self.architecture, dtype, value)?)
    }

    /// Random numbers for a purpose (`"weights"`, `"noise"`, ...) of the estimator called `id`. They depend on the probe's seed, the
    /// architecture, the id and the purpose, and on nothing that was drawn before.
    pub fn stream(&self, id: &str, purpose: &str) -> Stream {
        let architecture = self.architecture.to_string();
        self.seed.child("estimator").child(id).child("architecture").child(&architecture).child(purpose).stream()
    }

    /// The feature maps of the batch by name, in the order of execution, from a pass without gradients; see
    /// [`ForwardPass::with_feature_observer`] for the names.
    ///
    /// # Errors
    /// If the probe has no network or batch, or an operation fails.
    pub fn features(&self) -> Result<Vec<(String, Tensor)>, EstimatorError> {
        let (network, batch) = (self.network()?, self.batch()?);
        let mut found = Vec::new();
        let mut keep = |name: &str, x: &Tensor| {
            found.push((name.to_owned(), x.clone()));
            Ok(())
        };
        let mut pass = self.pass().untracked().with_feature_observer(&mut keep);
        network.forward(self.architecture, &batch.images, &mut pass)?;
        Ok(found)
    }

    /// Shows the gradient of a number of each image by every convolution and linear weight, one image after another, in network order.
    ///
    /// One forward pass over the batch serves all images, so batch-norm ties them together; each image costs a backward pass. Gradients
    /// are not kept: a batch of them would take many times the memory of the network.
    ///
    /// # Errors
    /// If the probe has no network or batch, an operation fails, or `visit` does.
    pub fn each_image(
        &self,
        term: ImageTerm,
        mut visit: impl FnMut(usize, &[WeightGradient]) -> Result<(), EstimatorError>,
    ) -> Result<(), EstimatorError> {
        let (network, batch) = (self.network()?, self.batch()?);
        let logits = network.forward(self.architecture, &batch.images, &mut self.pass())?;
        let weights = weights_of(network, self.architecture)?;
        for image in 0..batch.images.dim(0)? {
            let own = logits.narrow(0, image, 1)?;
            let number = match term {
                ImageTerm::Logits => self.engine.sum_all(&own)?,
                ImageTerm::Loss => self.engine.cross_entropy(&own, &batch.labels.narrow(0, image, 1)?)?,
            };
            let gradients = self.engine.backward_to(&number, &variables(&weights))?;
            visit(image, &weight_gradients(&weights, &gradients)?)?;
        }
        Ok(())
    }

    /// Counts of the whole network, of what is executed.
    pub fn census(&self) -> Result<Census, EstimatorError> {
        Ok(self.architecture.census(&self.skeleton)?)
    }

    /// Logits of the batch, `[n, classes]`, row by row.
    pub fn logits(&self) -> Result<&[Vec<f64>], EstimatorError> {
        Ok(&self.examination(None)?.logits)
    }

    /// Every convolution and linear weight of the architecture, by name, in network order and each in row-major order.
    pub fn weights(&self) -> Result<Vec<(String, Vec<f64>)>, EstimatorError> {
        self.declared(Need::Weights)?;
        let weights = weights_of(self.network()?, self.architecture)?;
        weights.into_iter().map(|param| Ok((param.name.clone(), host_f64(&param.var)?))).collect()
    }

    /// Gradients of the mean cross-entropy by every convolution and linear weight of the architecture, in network order.
    pub fn loss_gradients(&self) -> Result<&[WeightGradient], EstimatorError> {
        Ok(&self.examination(Some(Need::LossGradients))?.loss_gradients)
    }

    /// `H g` in the place of the gradient: the product of all second derivatives of the mean cross-entropy by the weights of
    /// [`Probe::loss_gradients`] with the gradient by them, exact.
    pub fn hessian_gradients(&self) -> Result<&[WeightGradient], EstimatorError> {
        Ok(&self.examination(Some(Need::HessianGradients))?.hessian_gradients)
    }

    /// How the mean cross-entropy changes as each output channel of every executed convolution and linear layer is scaled, in the order
    /// of execution.
    pub fn channel_saliencies(&self) -> Result<&[ChannelSaliencies], EstimatorError> {
        Ok(&self.examination(Some(Need::ChannelSaliencies))?.channel_saliencies)
    }

    /// Which elements every executed ReLU let through.
    pub fn relu_patterns(&self) -> Result<&ReluPatterns, EstimatorError> {
        Ok(&self.examination(Some(Need::ReluPatterns))?.patterns)
    }

    /// The gradient of the sum of all logits by each image.
    ///
    /// Batch statistics tie the images of a batch together, so a row holds what its image does to the logits of all.
    pub fn input_gradients(&self) -> Result<&InputGradients, EstimatorError> {
        Ok(&self.examination(Some(Need::InputGradients))?.input_gradients)
    }

    /// Weights and their gradients in the linearised network of SynFlow, in network order.
    ///
    /// Every parameter is replaced by its absolute value, batch-norm by the identity, the batch by one image of ones; the
    /// gradient is that of the sum of the logits. In f64, since the numbers leave the range of f32 in deep networks.
    pub fn synflow(&self) -> Result<&[WeightGradient], EstimatorError> {
        self.declared(Need::Synflow)?;
        once(&self.synflow, || self.saliency(NormMode::Identity)).map(Vec::as_slice)
    }

    /// [`Probe::synflow`] of the network with its batch-norm, which takes the statistics of the single image.
    pub fn synflow_with_norm(&self) -> Result<&[WeightGradient], EstimatorError> {
        self.declared(Need::SynflowWithNorm)?;
        once(&self.synflow_with_norm, || self.saliency(NormMode::Batch)).map(Vec::as_slice)
    }

    /// Accuracy and loss on the evaluation batches.
    pub fn evaluation(&self) -> Result<Evaluation, EstimatorError> {
        self.declared(Need::Evaluation)?;
        once(&self.evaluation, || {
            let missing = EstimatorError::NoInput { need: Some(Need::Evaluation), input: "evaluation batches" };
            let batches = self.evaluation_batches.filter(|batches| !batches.is_empty()).ok_or(missing)?;
            Ok(oneshot::evaluate(self.network()?, self.architecture, batches, self.engine)?)
        })
        .copied()
    }

    /// Refuses a need that the probe was not made for.
    fn declared(&self, need: Need) -> Result<(), EstimatorError> {
        if self.needs.contains(&need) { Ok(()) } else { Err(EstimatorError::Undeclared(need)) }
    }

    /// Weights and their gradients in the network of absolute parameters on an image of ones.
    fn saliency(&self, norm: NormMode) -> Result<Vec<WeightGradient>, EstimatorError> {
        let absolute = self.with_weights(DType::F64, |param| param.var.as_detached_tensor().abs())?;
        let resolution = self.skeleton.resolution();
        let device = absolute.params().iter().next().map_or(&candle_core::Device::Cpu, |param| param.var.device());
        let image = Tensor::ones((1, 3, resolution, resolution), DType::F64, device)?;
        let logits = absolute.forward(self.architecture, &image, &mut ForwardPass::new(self.engine).with_norm(norm))?;
        let weights = weights_of(&absolute, self.architecture)?;
        let sum = self.engine.sum_all(&logits)?;
        weight_gradients(&weights, &self.engine.backward_to(&sum, &variables(&weights))?)
    }

    /// Everything that declared needs ask of the batch, from one forward pass.
    fn examination(&self, need: Option<Need>) -> Result<&Examination, EstimatorError> {
        need.map_or(Ok(()), |need| self.declared(need))?;
        once(&self.examination, || {
            let missing = EstimatorError::NoInput { need, input: "batch of images" };
            let batch = self.batch.ok_or(missing)?;
            let asked = |need: Need| self.needs.contains(&need);
            let (by_weight, by_second) = (asked(Need::LossGradients), asked(Need::HessianGradients));
            let (by_channel, by_input) = (asked(Need::ChannelSaliencies), asked(Need::InputGradients));

            let mut found = Examination::default();
            let patterns = &mut found.patterns;
            let mut sink = |input: &Tensor, _output: &Tensor| patterns.push(input);
            let taps = NetworkScales::default();
            let images = Var::from_tensor(&batch.images.detach())?;
            let mut pass = ForwardPass {
                engine: self.engine,
                norm: NormMode::Batch,
                dropout: self.dropout.clone(),
                relu_observer: asked(Need::ReluPatterns).then_some(&mut sink as ReluObserver<'_>),
                feature_observer: None,
                scales: by_channel.then_some(&taps),
                track: by_weight || by_second || by_channel,
            };
            let shown = if by_input { images.as_tensor().clone() } else { images.as_detached_tensor() };
            let logits = self.network()?.forward(self.architecture, &shown, &mut pass)?;

            if by_weight || by_second || by_channel {
                let loss = self.engine.cross_entropy(&logits, &batch.labels)?;
                let weights = weights_of(self.network()?, self.architecture)?;
                let taps = taps.take();
                let scales: Vec<Var> = taps.iter().map(|tap| tap.scales.clone()).collect();
                let gradients = if by_second {
                    let [gradients, products] = self.engine.hessian_gradient(&loss, &variables(&weights), &scales)?;
                    found.hessian_gradients = weight_gradients(&weights, &products)?;
                    gradients
                } else {
                    self.engine.backward_to(&loss, &[variables(&weights), scales].concat())?
                };
                found.loss_gradients = weight_gradients(&weights, &gradients)?;
                let saliencies = taps.iter().map(|tap| {
                    let rows = rows(&gradient(&gradients, &tap.scales)?, tap.scales.dim(0)?);
                    Ok::<_, EstimatorError>(ChannelSaliencies { fan_in: tap.fan_in, rows })
                });
                found.channel_saliencies = saliencies.collect::<Result<_, _>>()?;
            }
            if by_input {
                let sum = self.engine.sum_all(&logits)?;
                let gradients = self.engine.backward_to(&sum, std::slice::from_ref(&images))?;
                found.input_gradients.rows = rows(&gradient(&gradients, &images)?, images.dim(0)?);
            }
            found.logits = rows(&host_f64(&logits)?, logits.dim(0)?);
            Ok(found)
        })
    }
}

/// The convolution and linear weights that an architecture uses in a network.
fn weights_of(network: &Network, architecture: Architecture) -> Result<Vec<&Param>, EstimatorError> {
    Ok(network.active(architecture)?.into_iter().filter(|param| param.role.is_weight()).collect())
}

fn variables(params: &[&Param]) -> Vec<Var> {
    params.iter().map(|param| param.var.clone()).collect()
}

/// Each weight with its gradient.
fn weight_gradients(weights: &[&Param], gradients: &GradStore) -> Result<Vec<WeightGradient>, EstimatorError> {
    let with_gradient = |param: &&Param| {
        let (weight, gradient) = (host_f64(&param.var)?, gradient(gradients, &param.var)?);
        Ok(WeightGradient { name: param.name.clone(), role: param.role, weight, gradient })
    };
    weights.iter().map(with_gradient).collect()
}

/// The numbers cut into `count` rows.
fn rows(values: &[f64], count: usize) -> Vec<Vec<f64>> {
    let length = (values.len() / count.max(1)).max(1);
    values.chunks(length).map(<[f64]>::to_vec).collect()
}

/// The gradient by `x`, or zeros where there is none.
fn gradient(gradients: &GradStore, x: &Tensor) -> candle_core::Result<Vec<f64>> {
    gradients.get(x).map_or_else(|| Ok(vec![0.0; x.elem_count()]), host_f64)
}

/// The value in `cell`, computed on the first call; an error leaves it empty.
fn once<T, E>(cell: &OnceCell<T>, compute: impl FnOnce() -> Result<T, E>) -> Result<&T, E> {
    match cell.get() {
        Some(value) => Ok(value),
        None => compute().map(|value| cell.get_or_init(|| value)),
    }
}
