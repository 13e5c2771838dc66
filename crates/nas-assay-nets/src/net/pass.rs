//! How one forward pass treats batch-norm, dropout, gradients and observers.

use super::Engine;
use candle_core::{Result, Tensor, Var};
use nas_assay_base::seed::Stream;
use std::cell::RefCell;

/// The statistics that batch-norm divides by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NormMode {
    /// Those of the batch; running statistics are left alone.
    Batch,
    /// Those of the batch, which also move the running ones: `running += momentum * (batch - running)`, with the unbiased
    /// variance.
    BatchUpdating {
        /// Weight of the new batch; 0.1 is the field's default.
        momentum: f64,
    },
    /// The running ones.
    Running,
    /// None: batch-norm, its scale and shift included, is the identity.
    Identity,
}

/// Zeroes each feature before the classifier with probability `rate` and scales the others by `1 / (1 - rate)`.
#[derive(Clone, Debug)]
pub struct Dropout {
    /// Probability of zeroing, in `[0, 1)`.
    pub rate: f64,
    /// Where the mask is drawn from, on the host.
    pub stream: Stream,
}

/// Receives the input and the output of every ReLU, in the order of execution.
pub type ReluSink<'a> = &'a mut dyn FnMut(&Tensor, &Tensor) -> Result<()>;

/// A convolution or linear layer of a pass whose output is [tapped](Engine::tap).
#[derive(Clone, Debug)]
pub struct Tap {
    /// Ones, `[n, channels]`: the gradient by them is `Σ y ∂L/∂y` over each channel of each image of the layer's output `y`.
    pub scales: Var,
    /// Elements of the layer's weight an output channel.
    pub fan_in: usize,
}

/// The taps of a pass, in the order of execution.
pub type Taps = RefCell<Vec<Tap>>;

/// One forward pass through a network.
pub struct Pass<'a> {
    /// Which implementation of the layers runs.
    pub engine: Engine,
    /// What batch-norm divides by.
    pub norm: NormMode,
    /// Dropout before the classifier, if any.
    pub dropout: Option<Dropout>,
    /// Observer of ReLUs, if any.
    pub relu_sink: Option<ReluSink<'a>>,
    /// Where convolutions and linear layers leave taps of their outputs, if anywhere.
    pub taps: Option<&'a Taps>,
    /// Whether parameters are part of the graph. Without, activations are freed as the pass goes on.
    pub track: bool,
}

impl<'a> Pass<'a> {
    /// A pass by batch statistics, without dropout or observer, with gradients.
    pub fn new(engine: Engine) -> Self {
        Self { engine, norm: NormMode::Batch, dropout: None, relu_sink: None, taps: None, track: true }
    }

    /// The same without gradients of parameters.
    #[must_use]
    pub fn untracked(self) -> Self {
        Self { track: false, ..self }
    }

    /// The same with batch-norm in `norm`.
    #[must_use]
    pub fn with_norm(self, norm: NormMode) -> Self {
        Self { norm, ..self }
    }

    /// The same with dropout.
    #[must_use]
    pub fn with_dropout(self, dropout: Dropout) -> Self {
        Self { dropout: Some(dropout), ..self }
    }

    /// The same with an observer of ReLUs.
    #[must_use]
    pub fn with_relu_sink(self, sink: ReluSink<'a>) -> Self {
        Self { relu_sink: Some(sink), ..self }
    }

    /// The output of a convolution or linear layer whose weight has the shape `[channels, ...]`, tapped if taps are wanted.
    pub(super) fn tapped(&self, y: Tensor, weight: &[usize]) -> Result<Tensor> {
        let Some(taps) = self.taps else { return Ok(y) };
        let scales = Var::ones(&y.dims()[..2], y.dtype(), y.device())?;
        let y = self.engine.times_ones(&y, &scales)?;
        taps.borrow_mut().push(Tap { scales, fan_in: weight.iter().skip(1).product() });
        Ok(y)
    }

    /// The value of a parameter, in the graph or out of it.
    pub(super) fn value(&self, var: &Var) -> Tensor {
        if self.track { var.as_tensor().clone() } else { var.as_detached_tensor() }
    }

    /// Tells the observer of one ReLU.
    pub(super) fn report_relu(&mut self, input: &Tensor, output: &Tensor) -> Result<()> {
        match &mut self.relu_sink {
            Some(sink) => sink(input, output),
            None => Ok(()),
        }
    }
}
