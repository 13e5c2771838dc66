//! The convolutions of DARTS: a depthwise one, then one of 1x1.

use super::{CachedRelu, Conv, Norm};
use crate::net::{Builder, ForwardPass, Window};
use candle_core::{Result, Tensor};

/// Sizes of a separable or dilated convolution, whose padding keeps the image size at stride one.
#[derive(Clone, Copy, Debug)]
pub struct SeparableShape {
    /// Channels that come in and go out.
    pub channels: usize,
    /// Height and width of the depthwise kernel, odd.
    pub kernel: usize,
    /// Distance between windows. An image of `h` rows becomes one of `h / stride`, rounded up.
    pub stride: usize,
    /// Whether batch-norm has a scale and a shift.
    pub affine: bool,
}

/// Depthwise convolution, 1x1 convolution, batch-norm.
#[derive(Debug)]
struct Separable {
    depthwise: Conv,
    pointwise: Conv,
    norm: Norm,
}

impl Separable {
    /// Parameters are called `prefix.depthwiseN.weight`, `prefix.pointwiseN.weight` and `prefix.bnN.*`, with `number` for N.
    fn new(
        builder: &mut Builder,
        (prefix, number): (&str, &str),
        shape: SeparableShape,
        dilation: usize,
    ) -> Result<Self> {
        let SeparableShape { channels, kernel, stride, affine } = shape;
        let window = Window { stride, padding: dilation * (kernel / 2), dilation, groups: channels };
        let depthwise = format!("{prefix}.depthwise{number}");
        let pointwise = format!("{prefix}.pointwise{number}");
        Ok(Self {
            depthwise: Conv::new(builder, &depthwise, channels, channels, kernel, window)?,
            pointwise: Conv::same(builder, &pointwise, channels, channels, 1, 1)?,
            norm: Norm::new(builder, &format!("{prefix}.bn{number}"), channels, affine)?,
        })
    }

    /// Of the `ReLU` of the image.
    fn forward(&self, x: &mut CachedRelu, pass: &mut ForwardPass<'_>) -> Result<Tensor> {
        let spread = self.depthwise.forward_relu(x, pass)?;
        self.norm.forward(&self.pointwise.forward(&spread, pass)?, pass)
    }
}

/// The separable convolution of DARTS: `ReLU`, depthwise convolution, 1x1 convolution, batch-norm, and the same again. The first
/// depthwise convolution has the stride, the second has stride one.
#[derive(Debug)]
pub struct SepConv {
    first: Separable,
    second: Separable,
}

impl SepConv {
    /// Its parameters are called `prefix.depthwise1.weight`, `prefix.pointwise1.weight`, `prefix.bn1.*`, and the same with 2.
    pub fn new(builder: &mut Builder, prefix: &str, shape: SeparableShape) -> Result<Self> {
        let first = Separable::new(builder, (prefix, "1"), shape, 1)?;
        let second = Separable::new(builder, (prefix, "2"), SeparableShape { stride: 1, ..shape }, 1)?;
        Ok(Self { first, second })
    }

    /// `[n, channels, h, w]` to `[n, channels, ⌈h / stride⌉, ⌈w / stride⌉]`.
    pub fn forward(&self, x: &mut CachedRelu, pass: &mut ForwardPass<'_>) -> Result<Tensor> {
        let middle = self.first.forward(x, pass)?;
        self.second.forward(&mut CachedRelu::new(middle), pass)
    }
}

/// The dilated convolution of DARTS: `ReLU`, depthwise convolution with every second pixel, 1x1 convolution, batch-norm.
#[derive(Debug)]
pub struct DilConv(Separable);

impl DilConv {
    /// Its parameters are called `prefix.depthwise.weight`, `prefix.pointwise.weight` and `prefix.bn.*`.
    pub fn new(builder: &mut Builder, prefix: &str, shape: SeparableShape) -> Result<Self> {
        Ok(Self(Separable::new(builder, (prefix, ""), shape, 2)?))
    }

    /// `[n, channels, h, w]` to `[n, channels, ⌈h / stride⌉, ⌈w / stride⌉]`.
    pub fn forward(&self, x: &mut CachedRelu, pass: &mut ForwardPass<'_>) -> Result<Tensor> {
        self.0.forward(x, pass)
    }
}
