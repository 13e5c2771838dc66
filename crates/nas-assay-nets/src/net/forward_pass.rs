//! How one forward pass treats batch-norm, dropout, gradients and observers.

use super::Engine;
use candle_core::{D, Result, Tensor, TensorId, Var};
use nas_assay_base::seed::Stream;
use std::cell::RefCell;
use std::collections::HashMap;

/// The statistics that batch-norm divides by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NormMode {
    /// Those of the batch; running statistics stay as they are.
    Batch,
    /// Those of the batch, which also move the running ones: `running += momentum * (batch - running)`, with the unbiased
    /// variance.
    BatchUpdating {
        /// Weight of the new batch; 0.1 is the usual value.
        momentum: f64,
    },
    /// The running ones.
    Running,
    /// None: batch-norm is the identity, its scale and shift included.
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

/// Receives the name of every feature map and the map itself, in the order of execution.
pub type FeatureObserver<'a> = &'a mut dyn FnMut(&str, &Tensor) -> Result<()>;

/// Takes every feature map by name, and gives what the rest of the network reads instead of it. With a variable of the same values, gradients
/// by feature maps end there.
pub type FeatureCut<'a> = &'a mut dyn FnMut(&str, Tensor) -> Result<Tensor>;

/// Receives the output of every layer, in the order of execution; see [`Layer`].
pub type LayerObserver<'a> = &'a dyn Fn(Layer, &Tensor) -> Result<()>;

/// What computed an output.
///
/// A ReLU or a pool of one tensor is seen once, however often a cell computes it: the nodes of a cell that a skip joins are one tensor. So
/// isomorphic cells show the same outputs. A tensor that one layer hands on unchanged is seen once, too. Sums, concatenations and the global
/// average pool are no layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// A convolution with this weight, before its batch-norm.
    Conv(TensorId),
    /// A linear layer with this weight.
    Linear(TensorId),
    /// A batch-norm. One that is the identity is not seen.
    Norm,
    /// A ReLU.
    Relu,
    /// A pool over windows.
    Pool,
}

/// A layer without weights, which gives the same for the same tensor. Its strides follow from the tensor and the place in the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Weightless {
    Relu,
    MaxPool,
    AvgPool,
}

/// Outputs of layers without weights, by what they are computed from.
#[derive(Debug, Default)]
pub struct Derived {
    /// The first output of a layer for a tensor, and for each width of the output.
    made: HashMap<(Weightless, usize, TensorId), TensorId>,
    /// For each further output, the first one.
    first: HashMap<TensorId, TensorId>,
}

impl Derived {
    /// Whether `y` is the first output of the layer for `x`, or for a tensor that is computed as `x` is.
    fn is_first(&mut self, layer: Weightless, x: &Tensor, y: &Tensor) -> Result<bool> {
        let source = self.first.get(&x.id()).copied().unwrap_or(x.id());
        let first = *self.made.entry((layer, y.dim(D::Minus1)?, source)).or_insert(y.id());
        if first != y.id() {
            self.first.insert(y.id(), first);
        }
        Ok(first == y.id())
    }
}

/// Receives the input and the output of every ReLU, in the order of execution.
pub type ReluObserver<'a> = &'a mut dyn FnMut(&Tensor, &Tensor) -> Result<()>;

/// Takes the input and the output of every ReLU, once for each layer that reads it, and gives what the layer reads instead of the output.
pub type ReluCut<'a> = &'a mut dyn FnMut(&Tensor, Tensor) -> Result<Tensor>;

/// Scales of the output channels of one convolution or linear layer. They are ones and do not change the output, but the loss has
/// a gradient by them.
#[derive(Clone, Debug)]
pub struct ChannelScales {
    /// Ones, `[n, channels]`. The gradient of the loss `L` by them is `Σ y ∂L/∂y` over each channel of each image of the output `y`;
    /// see [`Engine::times_ones`].
    pub scales: Var,
    /// Elements of the layer's weight for one output channel.
    pub fan_in: usize,
}

/// The scales of all convolutions and linear layers of a pass, in the order of execution.
pub type NetworkScales = RefCell<Vec<ChannelScales>>;

/// One forward pass through a network: everything that can differ between two runs of an architecture.
pub struct ForwardPass<'a> {
    /// Which implementation of the layers runs.
    pub engine: Engine,
    /// What batch-norm divides by.
    pub norm: NormMode,
    /// Dropout before the classifier, if any.
    pub dropout: Option<Dropout>,
    /// Observer of ReLUs, if any.
    pub relu_observer: Option<ReluObserver<'a>>,
    /// What replaces the outputs of ReLUs, if anything.
    pub relu_cut: Option<ReluCut<'a>>,
    /// Observer of feature maps, if any.
    pub feature_observer: Option<FeatureObserver<'a>>,
    /// What replaces feature maps, if anything.
    pub feature_cut: Option<FeatureCut<'a>>,
    /// Observer of the outputs of layers, if any.
    pub layer_observer: Option<LayerObserver<'a>>,
    /// What it has seen of layers without weights.
    pub derived: RefCell<Derived>,
    /// Where convolutions and linear layers put scales of their outputs. Without it outputs have none.
    pub scales: Option<&'a NetworkScales>,
    /// Whether parameters are part of the graph. If not, activations are freed while the pass runs.
    pub track: bool,
}

impl<'a> ForwardPass<'a> {
    /// A pass by batch statistics, without dropout or observer, with gradients.
    pub fn new(engine: Engine) -> Self {
        Self {
            engine,
            norm: NormMode::Batch,
            dropout: None,
            relu_observer: None,
            relu_cut: None,
            feature_observer: None,
            feature_cut: None,
            layer_observer: None,
            derived: RefCell::default(),
            scales: None,
            track: true,
        }
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

    /// The same with an observer of feature maps.
    ///
    /// In every space there are `stem`, `cell0`, `cell1`, ... (`block0`, ... in design spaces: the output of each), `features` (what is
    /// averaged over space) and `pooled` (its means). NAS-Bench-201 also has `reduction1` and `reduction2`.
    #[must_use]
    pub fn with_feature_observer(self, observer: FeatureObserver<'a>) -> Self {
        Self { feature_observer: Some(observer), ..self }
    }

    /// The same with feature maps replaced; their names are those of [`ForwardPass::with_feature_observer`]. `features` and `pooled` are not
    /// replaced.
    #[must_use]
    pub fn with_feature_cut(self, cut: FeatureCut<'a>) -> Self {
        Self { feature_cut: Some(cut), ..self }
    }

    /// The same with an observer of the outputs of layers.
    #[must_use]
    pub fn with_layer_observer(self, observer: LayerObserver<'a>) -> Self {
        Self { layer_observer: Some(observer), ..self }
    }

    /// The same with an observer of ReLUs.
    #[must_use]
    pub fn with_relu_observer(self, observer: ReluObserver<'a>) -> Self {
        Self { relu_observer: Some(observer), ..self }
    }

    /// The same with the outputs of ReLUs replaced.
    #[must_use]
    pub fn with_relu_cut(self, cut: ReluCut<'a>) -> Self {
        Self { relu_cut: Some(cut), ..self }
    }

    /// The output `y` of a convolution or linear layer whose weight has the shape `weight`, with scales if the pass asks for them. The
    /// observer sees it.
    pub(super) fn made(&self, layer: Layer, y: Tensor, weight: &[usize]) -> Result<Tensor> {
        self.seen(layer, &y)?;
        self.scaled(y, weight)
    }

    /// Tells the observer about the output of a layer.
    pub(super) fn seen(&self, layer: Layer, y: &Tensor) -> Result<()> {
        self.layer_observer.map_or(Ok(()), |observer| observer(layer, y))
    }

    /// Tells the observer about the output `y` of a layer without weights for `x`, unless it has seen that one.
    pub(super) fn seen_once(&self, layer: Weightless, x: &Tensor, y: &Tensor) -> Result<()> {
        if self.layer_observer.is_none() || !self.derived.borrow_mut().is_first(layer, x, y)? {
            return Ok(());
        }
        self.seen(if layer == Weightless::Relu { Layer::Relu } else { Layer::Pool }, y)
    }

    /// The output `y` of a pool of `x`, which the observer sees.
    pub(super) fn pooled(&self, layer: Weightless, x: &Tensor, y: Tensor) -> Result<Tensor> {
        self.seen_once(layer, x, &y)?;
        Ok(y)
    }

    /// The output `y` of convolutions or a linear layer whose weight has the shape `weight`, with scales if the pass asks for them.
    pub(super) fn scaled(&self, y: Tensor, weight: &[usize]) -> Result<Tensor> {
        let Some(network) = self.scales else { return Ok(y) };
        let scales = Var::ones(&y.dims()[..2], y.dtype(), y.device())?;
        let y = self.engine.times_ones(&y, &scales)?;
        network.borrow_mut().push(ChannelScales { scales, fan_in: weight.iter().skip(1).product() });
        Ok(y)
    }

    /// The value of a parameter, in the graph or out of it.
    pub(super) fn value(&self, var: &Var) -> Tensor {
        if self.track { var.as_tensor().clone() } else { var.as_detached_tensor() }
    }

    /// Whether a ReLU of `x` should be a part of the layer before or after it: where that saves time, and nobody wants to see it.
    pub(super) fn fuses_relu(&self, x: &Tensor) -> bool {
        let seen = self.relu_observer.is_some() || self.relu_cut.is_some() || self.layer_observer.is_some();
        !seen && self.engine.fuses_relu(x)
    }

    /// What the rest of the network reads of a feature map, which observers see. Nothing is computed for a pass that wants none.
    pub(super) fn feature(&mut self, name: std::fmt::Arguments<'_>, x: Tensor) -> Result<Tensor> {
        self.report_feature(name, &x)?;
        match &mut self.feature_cut {
            Some(cut) => cut(&name.to_string(), x),
            None => Ok(x),
        }
    }

    /// Whether anything wants to see or to replace feature maps.
    pub(super) fn wants_features(&self) -> bool {
        self.feature_observer.is_some() || self.feature_cut.is_some()
    }

    /// Tells the observer about a feature map: an image `[n, channels, h, w]`, or `[n, channels]` after the global average pool.
    pub(super) fn report_feature(&mut self, name: std::fmt::Arguments<'_>, x: &Tensor) -> Result<()> {
        match &mut self.feature_observer {
            Some(observer) => observer(&name.to_string(), x),
            None => Ok(()),
        }
    }

    /// What a layer reads of a ReLU, which observers see.
    pub(super) fn rectified(&mut self, input: &Tensor, output: Tensor) -> Result<Tensor> {
        if let Some(observer) = &mut self.relu_observer {
            observer(input, &output)?;
        }
        match &mut self.relu_cut {
            Some(cut) => cut(input, output),
            None => Ok(output),
        }
    }
}
