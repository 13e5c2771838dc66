//! The probe of one architecture. It computes each quantity that estimators share once.

mod output_codes;
mod redraw;
mod rounding;
mod signs;
mod tangent_kernel;
mod used_weight;

pub use signs::SignAgreement;

pub use output_codes::OutputCode;
pub(super) use redraw::set_normal_weights;

use self::used_weight::{UsedWeight, variables, weight_gradients, weights_of};
use super::oneshot::{self, Evaluation};
use super::{EstimatorError, ReluPatterns};
use crate::images::Batch;
use crate::net::{Dropout, Engine, ForwardPass, Network, NetworkScales, NormMode, Param, ReluObserver, Role, host_f64};
use candle_core::backprop::GradStore;
use candle_core::{DType, Tensor, Var};
use nas_assay_base::seed::{Seed, Stream};
use nas_assay_spaces::{Architecture, Census, Form, Skeleton};
use std::any::Any;
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// A quantity that several estimators can get from a [`Probe`]. It is computed once for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Need {
    /// The architecture itself, and no network: [`Probe::architecture`].
    Architecture,
    /// Counts of parameters, operations and ReLUs: [`Probe::census`].
    Census,
    /// The weights themselves: [`Probe::weights`].
    Weights,
    /// Gradients of the loss by the weights: [`Probe::loss_gradients`].
    LossGradients,
    /// Products of the loss's second derivatives with its gradient: [`Probe::hessian_gradients`].
    HessianGradients,
    /// Derivatives of the loss by the scales of channels: [`Probe::channel_saliencies`].
    ChannelSaliencies,
    /// Which inputs of the ReLUs are positive: [`Probe::relu_patterns`].
    ReluPatterns,
    /// Gradients of the sum of the logits by each image: [`Probe::input_gradients`].
    InputGradients,
    /// Saliencies of the linearised network: [`Probe::synflow`].
    Synflow,
    /// Saliencies of the network with batch-norm: [`Probe::synflow_with_norm`].
    SynflowWithNorm,
    /// How different the signs of the outputs of layers are between images: [`Probe::output_codes`].
    OutputCodes,
    /// Agreement of single images on the signs of the gradients: [`Probe::sign_agreement`].
    SignAgreement,
    /// Accuracy and loss on the evaluation batches: [`Probe::evaluation`].
    Evaluation,
    /// Nothing that estimators share: passes of its own, with other weights or another input.
    OwnPasses,
}

/// A weight and the gradient of the loss by it, in row-major order.
#[derive(Clone, Debug)]
pub struct WeightGradient {
    /// The name of the parameter.
    pub name: String,
    /// The role: convolution or linear weight.
    pub role: Role,
    /// The values of the weight. Of a supernet's weight they are those of the part that the architecture uses.
    pub weight: Vec<f64>,
    /// The gradient of the mean cross-entropy in nats, of the same elements. It is zero if the loss does not depend on the weight.
    pub gradient: Vec<f64>,
}

/// The number of each image that [`Probe::each_image`] differentiates by the weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageTerm {
    /// The sum of the logits of the image.
    Logits,
    /// The cross-entropy of the image, in nats.
    Loss,
}

/// The gradient of the sum of all logits by each image.
#[derive(Clone, Debug, Default)]
pub struct InputGradients {
    /// One row of `3 * height * width` numbers per image.
    pub rows: Vec<Vec<f64>>,
}

/// Derivatives of the loss by the scale of each output channel of one convolution or linear layer.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelSaliencies {
    /// Number of elements of the layer's weight per output channel.
    pub fan_in: usize,
    /// One row per image with one number per channel: `Σ y ∂L/∂y` over the pixels `y` of the channel, before batch-norm.
    pub rows: Vec<Vec<f64>>,
}

/// The results of the passes over the batch, without their graphs.
#[derive(Default)]
struct Examination {
    logits: Vec<Vec<f64>>,
    patterns: ReluPatterns,
    loss_gradients: Vec<WeightGradient>,
    hessian_gradients: Vec<WeightGradient>,
    channel_saliencies: Vec<ChannelSaliencies>,
    input_gradients: InputGradients,
}

/// One architecture, the network with its weights, and the images for its passes.
///
/// Batch-norm uses batch statistics, but for [`Probe::output_codes`]. On the CPU, every sum over weights or images is taken in f64, in
/// row-major order.
///
/// Quantities that several estimators use are [`Need`]s, and are computed once for all of them. An estimator that needs something else runs
/// passes of its own with [`Probe::network`], [`Probe::batch`] and [`Probe::pass`]: with other images, with other weights
/// ([`Probe::with_weights`]), or with numbers drawn from [`Probe::stream`]. These passes have no effect on other estimators.
pub struct Probe<'a> {
    architecture: Architecture,
    skeleton: Skeleton,
    form: Form,
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
    output_codes: OnceCell<Vec<OutputCode>>,
    signs: OnceCell<Vec<SignAgreement>>,
    evaluation: OnceCell<Evaluation>,
    shared: RefCell<BTreeMap<&'static str, Rc<dyn Any>>>,
}

impl<'a> Probe<'a> {
    /// A probe of `architecture` in `network` for estimators with these `needs`.
    pub fn new(
        architecture: Architecture,
        network: &'a Network,
        engine: Engine,
        needs: impl IntoIterator<Item = Need>,
    ) -> Self {
        let counting = Self::counting(architecture, network.skeleton());
        Self { network: Some(network), engine, needs: needs.into_iter().collect(), ..counting }
    }

    /// A probe without a network. It gives only the census of `architecture` in `skeleton`.
    pub fn counting(architecture: Architecture, skeleton: Skeleton) -> Self {
        Self {
            architecture,
            skeleton,
            form: Form::StandAlone,
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
            output_codes: OnceCell::new(),
            signs: OnceCell::new(),
            evaluation: OnceCell::new(),
            shared: RefCell::default(),
        }
    }

    /// A probe of the same network, with the same images, dropout and seed, for estimators with these `needs`. It has computed nothing yet: a
    /// pass of this probe that failed, because of what another estimator needs, is not in its way.
    #[must_use]
    pub fn for_needs(&self, needs: impl IntoIterator<Item = Need>) -> Self {
        Self {
            form: self.form,
            network: self.network,
            engine: self.engine,
            needs: needs.into_iter().collect(),
            batch: self.batch,
            evaluation_batches: self.evaluation_batches,
            dropout: self.dropout.clone(),
            seed: self.seed,
            ..Self::counting(self.architecture, self.skeleton)
        }
    }

    /// Adds the batch for zero-shot estimators. Its images must have the floating-point type of the network.
    #[must_use]
    pub fn with_batch(self, batch: &'a Batch) -> Self {
        Self { batch: Some(batch), ..self }
    }

    /// Adds the batches on which one-shot estimators are evaluated.
    #[must_use]
    pub fn with_evaluation(self, batches: &'a [Batch]) -> Self {
        Self { evaluation_batches: Some(batches), ..self }
    }

    /// The same without dropout.
    #[must_use]
    pub fn without_dropout(self) -> Self {
        Self { dropout: None, ..self }
    }

    /// Adds dropout to the pass over the batch, as in the training of a supernet.
    #[must_use]
    pub fn with_dropout(self, dropout: Dropout) -> Self {
        Self { dropout: Some(dropout), ..self }
    }

    /// Says that the network is a stand-alone one, as is the default, or the part of a supernet.
    #[must_use]
    pub fn with_form(self, form: Form) -> Self {
        Self { form, ..self }
    }

    /// Sets the seed of [`Probe::stream`]. The default is 0.
    #[must_use]
    pub fn with_seed(self, seed: Seed) -> Self {
        Self { seed, ..self }
    }

    /// Whether the network is a stand-alone one or the part of a supernet.
    pub fn form(&self) -> Form {
        self.form
    }

    /// The architecture of the probe.
    pub fn architecture(&self) -> Architecture {
        self.architecture
    }

    /// The skeleton of the network: sizes, resolution, classes.
    pub fn skeleton(&self) -> Skeleton {
        self.skeleton
    }

    /// The implementation of the layers that passes use.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// The network with the weights of the architecture. It can be a supernet.
    ///
    /// # Errors
    /// If the probe has no network, as for an estimator of the kind baseline.
    pub fn network(&self) -> Result<&'a Network, EstimatorError> {
        self.network.ok_or(EstimatorError::NoInput { need: None, input: "network" })
    }

    /// The batch for zero-shot estimators: images `[n, 3, side, side]`, labels `[n]`.
    ///
    /// # Errors
    /// If the probe has no batch, as for an estimator of the kind one-shot.
    pub fn batch(&self) -> Result<&'a Batch, EstimatorError> {
        self.batch.ok_or(EstimatorError::NoInput { need: None, input: "batch of images" })
    }

    /// A pass with the settings of the shared passes: batch statistics, and dropout if the probe has it.
    pub fn pass<'p>(&self) -> ForwardPass<'p> {
        ForwardPass { dropout: self.dropout.clone(), ..ForwardPass::new(self.engine) }
    }

    /// A pass of an estimator's own: batch statistics, and no dropout, whose masks would be the same in each pass.
    pub fn own_pass<'p>(&self) -> ForwardPass<'p> {
        ForwardPass::new(self.engine)
    }

    /// A stand-alone network of the architecture with the floating-point type `dtype`. `value` gives the value of each parameter from that
    /// of the probe's network.
    ///
    /// # Errors
    /// If the probe has no network, or a tensor cannot be made.
    pub fn with_weights(
        &self,
        dtype: DType,
        value: impl Fn(&Param) -> candle_core::Result<Tensor>,
    ) -> Result<Network, EstimatorError> {
        Ok(self.network()?.extract(self.architecture, dtype, value)?)
    }

    /// Random numbers for a purpose (`"weights"`, `"noise"`, ...) of the estimator `id`. They depend on the seed of the probe, the
    /// architecture, the id and the purpose, but not on earlier draws.
    pub fn stream(&self, id: &str, purpose: &str) -> Stream {
        let architecture = self.architecture.to_string();
        self.seed.child("estimator").child(id).child("architecture").child(&architecture).child(purpose).stream()
    }

    /// What `make` computes: once for all estimators that ask for it by the same name. It is for a quantity that a few estimators of one
    /// family share, and that is no [`Need`]. An error is not kept.
    ///
    /// # Errors
    /// That of `make`, or if the name is that of a quantity of another type.
    pub fn shared<T: 'static>(
        &self,
        name: &'static str,
        make: impl FnOnce() -> Result<T, EstimatorError>,
    ) -> Result<Rc<T>, EstimatorError> {
        let known = self.shared.borrow().get(name).cloned();
        let found = if let Some(found) = known {
            found
        } else {
            let made: Rc<dyn Any> = Rc::new(make()?);
            self.shared.borrow_mut().insert(name, Rc::clone(&made));
            made
        };
        found.downcast().map_err(|_| EstimatorError::other(format!("`{name}` is shared as a quantity of two types")))
    }

    /// The same numbers for every architecture, for a purpose of the estimator `id`. They depend on the seed of the probe, the id and the
    /// purpose.
    pub fn shared_stream(&self, id: &str, purpose: &str) -> Stream {
        self.seed.child("estimator").child(id).child("every architecture").child(purpose).stream()
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

    /// Computes the gradients of a number of each image by every convolution and linear weight, in network order, and passes them to
    /// `visit` with the index of the image, one image after another.
    ///
    /// All images use one forward pass over the batch, so batch-norm makes them depend on each other. Each image needs one backward pass.
    /// Gradients are not kept: those of a whole batch would need many times the memory of the network.
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

    /// Counts of the executed part of the whole network.
    ///
    /// # Errors
    /// If the skeleton is one of another space.
    pub fn census(&self) -> Result<Census, EstimatorError> {
        Ok(self.architecture.census(&self.skeleton)?)
    }

    /// Logits of the batch, `[n, classes]`, row by row.
    ///
    /// # Errors
    /// If the probe has no network or batch, or an operation fails.
    pub fn logits(&self) -> Result<&[Vec<f64>], EstimatorError> {
        Ok(&self.examination(None)?.logits)
    }

    /// Every convolution and linear weight of the architecture with its name, in network order. Elements are in row-major order. Of a
    /// supernet's weight it is the part that the architecture uses.
    ///
    /// # Errors
    /// If the need was not declared, the probe has no network, or an operation fails.
    pub fn weights(&self) -> Result<Vec<(String, Vec<f64>)>, EstimatorError> {
        self.declared(Need::Weights)?;
        let weights = weights_of(self.network()?, self.architecture)?;
        weights.iter().map(|weight| Ok((weight.param.name.clone(), weight.part_of(&weight.param.var)?))).collect()
    }

    /// Gradients of the mean cross-entropy by every convolution and linear weight of the architecture, in network order.
    ///
    /// # Errors
    /// If the need was not declared, the probe has no network or batch, or an operation fails.
    pub fn loss_gradients(&self) -> Result<&[WeightGradient], EstimatorError> {
        Ok(&self.examination(Some(Need::LossGradients))?.loss_gradients)
    }

    /// `H g` for the weights of [`Probe::loss_gradients`], in the field `gradient`: the exact product of the matrix `H` of second
    /// derivatives of the mean cross-entropy with its gradient `g`.
    ///
    /// # Errors
    /// Those of [`Probe::loss_gradients`], and if the engine gives no second derivatives.
    pub fn hessian_gradients(&self) -> Result<&[WeightGradient], EstimatorError> {
        Ok(&self.examination(Some(Need::HessianGradients))?.hessian_gradients)
    }

    /// Derivatives of the mean cross-entropy by the scale of each output channel, for every executed convolution and linear layer, in the
    /// order of execution.
    ///
    /// # Errors
    /// Those of [`Probe::loss_gradients`].
    pub fn channel_saliencies(&self) -> Result<&[ChannelSaliencies], EstimatorError> {
        Ok(&self.examination(Some(Need::ChannelSaliencies))?.channel_saliencies)
    }

    /// Which inputs of every executed ReLU are positive.
    ///
    /// # Errors
    /// Those of [`Probe::loss_gradients`].
    pub fn relu_patterns(&self) -> Result<&ReluPatterns, EstimatorError> {
        Ok(&self.examination(Some(Need::ReluPatterns))?.patterns)
    }

    /// The gradient of the sum of all logits by each image.
    ///
    /// Batch statistics make the images of a batch depend on each other, so a row is the effect of its image on the logits of all images.
    ///
    /// # Errors
    /// Those of [`Probe::loss_gradients`].
    pub fn input_gradients(&self) -> Result<&InputGradients, EstimatorError> {
        Ok(&self.examination(Some(Need::InputGradients))?.input_gradients)
    }

    /// Weights and their gradients in the linearised network of SynFlow, in network order.
    ///
    /// Every parameter is replaced by its absolute value, batch-norm by the identity, and the batch by one image of ones. The gradient is
    /// that of the sum of the logits. All is computed in f64, because the numbers leave the range of f32 in deep networks.
    ///
    /// # Errors
    /// If the need was not declared, the probe has no network, or an operation fails.
    pub fn synflow(&self) -> Result<&[WeightGradient], EstimatorError> {
        self.declared(Need::Synflow)?;
        once(&self.synflow, || self.saliency(&self.absolute(DType::F64)?, NormMode::Identity)).map(Vec::as_slice)
    }

    /// [`Probe::synflow`] of the network with batch-norm, which uses the statistics of the single image.
    ///
    /// # Errors
    /// Those of [`Probe::synflow`].
    pub fn synflow_with_norm(&self) -> Result<&[WeightGradient], EstimatorError> {
        self.declared(Need::SynflowWithNorm)?;
        once(&self.synflow_with_norm, || self.saliency(&self.absolute(DType::F64)?, NormMode::Batch)).map(Vec::as_slice)
    }

    /// Accuracy and loss on the evaluation batches.
    ///
    /// # Errors
    /// If the need was not declared, the probe has no network or evaluation batches, or an operation fails.
    pub fn evaluation(&self) -> Result<Evaluation, EstimatorError> {
        self.declared(Need::Evaluation)?;
        once(&self.evaluation, || {
            let missing = EstimatorError::NoInput { need: Some(Need::Evaluation), input: "evaluation batches" };
            let batches = self.evaluation_batches.filter(|batches| !batches.is_empty()).ok_or(missing)?;
            Ok(oneshot::evaluate(self.network()?, self.architecture, batches, self.engine)?)
        })
        .copied()
    }

    /// An error if the need was not declared.
    fn declared(&self, need: Need) -> Result<(), EstimatorError> {
        if self.needs.contains(&need) { Ok(()) } else { Err(EstimatorError::Undeclared(need)) }
    }

    /// The network of absolute parameters.
    fn absolute(&self, dtype: DType) -> Result<Network, EstimatorError> {
        self.with_weights(dtype, |param| param.var.as_detached_tensor().abs())
    }

    /// Weights of the network of absolute parameters, and the gradients by them of the sum of its logits for an image of ones.
    fn saliency(&self, absolute: &Network, norm: NormMode) -> Result<Vec<WeightGradient>, EstimatorError> {
        let resolution = self.skeleton.resolution();
        let (dtype, device) = match absolute.params().iter().next() {
            Some(param) => (param.var.dtype(), param.var.device()),
            None => (DType::F64, &candle_core::Device::Cpu),
        };
        let image = Tensor::ones((1, 3, resolution, resolution), dtype, device)?;
        let logits = absolute.forward(self.architecture, &image, &mut ForwardPass::new(self.engine).with_norm(norm))?;
        let weights = weights_of(absolute, self.architecture)?;
        let sum = self.engine.sum_all(&logits)?;
        weight_gradients(&weights, &self.engine.backward_to(&sum, &variables(&weights))?)
    }

    /// Computes all declared needs that use the batch, with one forward pass.
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
                relu_observer: asked(Need::ReluPatterns).then_some(&mut sink as ReluObserver<'_>),
                scales: by_channel.then_some(&taps),
                track: by_weight || by_second || by_channel,
                ..self.pass()
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

/// Splits the numbers into `count` rows.
fn rows(values: &[f64], count: usize) -> Vec<Vec<f64>> {
    let length = (values.len() / count.max(1)).max(1);
    values.chunks(length).map(<[f64]>::to_vec).collect()
}

/// The gradient by `x`, or zeros if there is none.
fn gradient(gradients: &GradStore, x: &Tensor) -> candle_core::Result<Vec<f64>> {
    gradients.get(x).map_or_else(|| Ok(vec![0.0; x.elem_count()]), host_f64)
}

/// The value in `cell`, which is computed on the first call. An error leaves the cell empty.
fn once<T, E>(cell: &OnceCell<T>, compute: impl FnOnce() -> Result<T, E>) -> Result<&T, E> {
    match cell.get() {
        Some(value) => Ok(value),
        None => compute().map(|value| cell.get_or_init(|| value)),
    }
}
