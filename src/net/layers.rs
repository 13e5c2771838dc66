//! The layers that networks of every space are made of.
//!
//! A layer holds its parameters, takes an image `[batch, channel, height, width]` and a [`Pass`], and asks the pass for
//! everything that differs from one run to another.

use super::{Builder, Dropout, NormMode, Pass, Window};
use candle_core::{Result, Tensor, Var};

/// Added to the variance by every batch-norm.
pub const NORM_EPS: f64 = 1e-5;

/// A convolution without bias.
#[derive(Debug)]
pub struct Conv {
    weight: Var,
    window: Window,
}

impl Conv {
    /// A dense square convolution whose padding keeps the image size at stride one; the kernel is called `prefix.weight`.
    pub fn same(
        builder: &mut Builder,
        prefix: &str,
        inputs: usize,
        outputs: usize,
        kernel: usize,
        stride: usize,
    ) -> Result<Self> {
        let weight = builder.conv_weight(format!("{prefix}.weight"), [outputs, inputs, kernel, kernel])?;
        Ok(Self { weight, window: Window { stride, padding: kernel / 2, dilation: 1, groups: 1 } })
    }

    /// The convolved image.
    pub fn forward(&self, x: &Tensor, pass: &Pass<'_>) -> Result<Tensor> {
        pass.engine.conv2d(x, &pass.value(&self.weight), self.window)
    }
}

/// Batch-norm over the channels, with running statistics.
#[derive(Debug)]
pub struct Norm {
    affine: Option<(Var, Var)>,
    mean: Var,
    var: Var,
}

impl Norm {
    /// Batch-norm of `channels` channels; with `affine`, scale and shift are called `prefix.weight` and `prefix.bias`.
    pub fn new(builder: &mut Builder, prefix: &str, channels: usize, affine: bool) -> Result<Self> {
        let affine = if affine { Some(builder.norm_affine(prefix, channels)?) } else { None };
        let (mean, var) = builder.running_statistics(prefix, channels)?;
        Ok(Self { affine, mean, var })
    }

    /// The normed image.
    pub fn forward(&self, x: &Tensor, pass: &Pass<'_>) -> Result<Tensor> {
        let affine = self.affine.as_ref().map(|(scale, shift)| (pass.value(scale), pass.value(shift)));
        let affine = affine.as_ref().map(|(scale, shift)| (scale, shift));
        match pass.norm {
            NormMode::Identity => Ok(x.clone()),
            NormMode::Running => {
                let running = (&self.mean.as_detached_tensor(), &self.var.as_detached_tensor());
                pass.engine.batch_norm_fixed(x, running, affine, NORM_EPS)
            }
            NormMode::Batch => Ok(pass.engine.batch_norm(x, affine, NORM_EPS)?.0),
            NormMode::BatchUpdating { momentum } => {
                let (y, moments) = pass.engine.batch_norm(x, affine, NORM_EPS)?;
                let count = (x.elem_count() / x.dim(1)?) as f64;
                let unbiased = (&moments.var * (count / (count - 1.0)))?;
                move_towards(&self.mean, &moments.mean, momentum)?;
                move_towards(&self.var, &unbiased, momentum)?;
                Ok(y)
            }
        }
    }
}

/// `running += momentum * (target - running)`.
fn move_towards(running: &Var, target: &Tensor, momentum: f64) -> Result<()> {
    let moved = ((running.as_detached_tensor() * (1.0 - momentum))? + (target * momentum)?)?;
    running.set(&moved)
}

/// A rectified linear unit that tells the pass's observer.
pub fn relu(x: &Tensor, pass: &mut Pass<'_>) -> Result<Tensor> {
    let y = pass.engine.relu(x)?;
    pass.report_relu(x, &y)?;
    Ok(y)
}

/// The image size and channel counts of a square dense convolution.
#[derive(Clone, Copy, Debug)]
pub struct ConvShape {
    /// Channels that come in.
    pub inputs: usize,
    /// Channels that go out.
    pub outputs: usize,
    /// Height and width of the kernel, odd.
    pub kernel: usize,
    /// Distance between windows.
    pub stride: usize,
}

/// A convolution and its batch-norm.
#[derive(Debug)]
pub struct ConvNorm {
    conv: Conv,
    norm: Norm,
}

impl ConvNorm {
    /// Called `conv` and `bn`.
    pub fn new(builder: &mut Builder, conv: &str, bn: &str, shape: ConvShape, affine: bool) -> Result<Self> {
        let ConvShape { inputs, outputs, kernel, stride } = shape;
        let conv = Conv::same(builder, conv, inputs, outputs, kernel, stride)?;
        Ok(Self { conv, norm: Norm::new(builder, bn, outputs, affine)? })
    }

    /// The convolved and normed image.
    pub fn forward(&self, x: &Tensor, pass: &Pass<'_>) -> Result<Tensor> {
        self.norm.forward(&self.conv.forward(x, pass)?, pass)
    }
}

/// The residual block between two stages: it halves the image and changes the channels.
///
/// ReLU, 3x3 convolution of stride 2, batch-norm, ReLU, 3x3 convolution, batch-norm; beside it, 2x2 average pool and 1x1
/// convolution without batch-norm; the sum of both. Batch-norms have scale and shift.
#[derive(Debug)]
pub struct Reduction {
    first: ConvNorm,
    second: ConvNorm,
    shortcut: Conv,
}

impl Reduction {
    /// The block called `prefix`.
    pub fn new(builder: &mut Builder, prefix: &str, inputs: usize, outputs: usize) -> Result<Self> {
        let mut half = |side: &str, inputs, stride| {
            let shape = ConvShape { inputs, outputs, kernel: 3, stride };
            ConvNorm::new(builder, &format!("{prefix}.conv_{side}"), &format!("{prefix}.bn_{side}"), shape, true)
        };
        let (first, second) = (half("a", inputs, 2)?, half("b", outputs, 1)?);
        let shortcut = Conv::same(builder, &format!("{prefix}.shortcut.conv"), inputs, outputs, 1, 1)?;
        Ok(Self { first, second, shortcut })
    }

    /// `[n, inputs, h, w]` to `[n, outputs, h / 2, w / 2]`.
    pub fn forward(&self, x: &Tensor, pass: &mut Pass<'_>) -> Result<Tensor> {
        let y = self.first.forward(&relu(x, pass)?, pass)?;
        let y = self.second.forward(&relu(&y, pass)?, pass)?;
        let shortcut = self.shortcut.forward(&pass.engine.avg_pool2d(x, 2, 2, 0)?, pass)?;
        pass.engine.add(&y, &shortcut)
    }
}

/// Batch-norm, ReLU, global average pool, dropout, classifier.
#[derive(Debug)]
pub struct Head {
    norm: Norm,
    weight: Var,
    bias: Var,
}

impl Head {
    /// The head of an image of `channels` channels; its parameters are called `head.bn.*` and `classifier.*`.
    pub fn new(builder: &mut Builder, channels: usize, classes: usize) -> Result<Self> {
        let norm = Norm::new(builder, "head.bn", channels, true)?;
        let (weight, bias) = builder.linear("classifier", classes, channels)?;
        Ok(Self { norm, weight, bias })
    }

    /// Logits `[n, classes]`.
    pub fn forward(&self, x: &Tensor, pass: &mut Pass<'_>) -> Result<Tensor> {
        let x = relu(&self.norm.forward(x, pass)?, pass)?;
        let mut features = pass.engine.global_avg_pool(&x)?;
        if let Some(dropout) = &mut pass.dropout {
            features = pass.engine.mask(&features, &dropout_mask(dropout, &features)?)?;
        }
        pass.engine.linear(&features, &pass.value(&self.weight), Some(&pass.value(&self.bias)))
    }
}

/// Zeros with the dropout's probability, else `1 / (1 - rate)`, in the shape and type of `x`, drawn in row-major order.
fn dropout_mask(dropout: &mut Dropout, x: &Tensor) -> Result<Tensor> {
    let kept = 1.0 / (1.0 - dropout.rate);
    let mask: Vec<f64> =
        (0..x.elem_count()).map(|_| if dropout.stream.unit() < dropout.rate { 0.0 } else { kept }).collect();
    Tensor::from_vec(mask, x.shape(), x.device())?.to_dtype(x.dtype())
}
