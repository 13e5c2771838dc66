//! Convolutions, alone and with their batch-norm.

use super::Norm;
use crate::net::{Builder, Pass, Window};
use candle_core::{Result, Tensor, Var};

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
        Self::new(builder, prefix, inputs, outputs, kernel, Window { stride, padding: kernel / 2, ..Window::default() })
    }

    /// A square convolution from `inputs` to `outputs` channels; the kernel `[outputs, inputs / groups, kernel, kernel]` is called
    /// `prefix.weight`.
    pub fn new(
        builder: &mut Builder,
        prefix: &str,
        inputs: usize,
        outputs: usize,
        kernel: usize,
        window: Window,
    ) -> Result<Self> {
        let shape = [outputs, inputs / window.groups, kernel, kernel];
        Ok(Self { weight: builder.conv_weight(format!("{prefix}.weight"), shape)?, window })
    }

    /// The convolved image.
    pub fn forward(&self, x: &Tensor, pass: &Pass<'_>) -> Result<Tensor> {
        let y = pass.engine.conv2d(x, &pass.value(&self.weight), self.window)?;
        pass.tapped(y, self.weight.dims())
    }
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
