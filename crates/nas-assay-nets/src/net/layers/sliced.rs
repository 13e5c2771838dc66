//! A convolution and its batch-norm, from which narrower networks use a part.

use super::{CachedRelu, Norm};
use crate::net::{Builder, Channels, ForwardPass, Layer, Slice, Window, host_f64};
use candle_core::{Result, Tensor, Var};

/// A convolution without bias and its batch-norm, as wide as the widest network that shares them.
#[derive(Debug)]
pub struct SlicedConvNorm {
    weight: Var,
    stride: usize,
    norm: Norm,
}

impl SlicedConvNorm {
    /// The kernel of shape `[outputs, inputs, kernel, kernel]` is called `conv.weight`, batch-norm `bn`; padding keeps the image size at
    /// stride one. `inputs` counts the input channels; for a convolution that is stored in groups, those of one group.
    pub fn new(
        builder: &mut Builder,
        (conv, bn): (&str, &str),
        [outputs, inputs, kernel]: [usize; 3],
        stride: usize,
        affine: bool,
    ) -> Result<Self> {
        let weight = builder.conv_weight(format!("{conv}.weight"), [outputs, inputs, kernel, kernel])?;
        Ok(Self { weight, stride, norm: Norm::new(builder, bn, outputs, affine)? })
    }

    /// The image `[n, inputs, h, w]` convolved with `slice` of the kernel, and normed.
    pub fn forward(&self, x: &Tensor, slice: &Slice, pass: &ForwardPass<'_>) -> Result<Tensor> {
        let y = pass.engine.conv2d_slice(x, &pass.value(&self.weight), slice, self.window(slice)?)?;
        self.normed(y, slice, pass)
    }

    /// The same of the `ReLU` of the image.
    pub fn forward_relu(&self, x: &mut CachedRelu, slice: &Slice, pass: &mut ForwardPass<'_>) -> Result<Tensor> {
        let y = x.convolve_slice(&pass.value(&self.weight), slice, self.window(slice)?, pass)?;
        self.normed(y, slice, pass)
    }

    fn window(&self, slice: &Slice) -> Result<Window> {
        Ok(Window { stride: self.stride, padding: self.weight.dim(2)? / 2, dilation: 1, groups: slice.groups })
    }

    fn normed(&self, y: Tensor, slice: &Slice, pass: &ForwardPass<'_>) -> Result<Tensor> {
        let y = pass.made(Layer::Conv(self.weight.id()), y, &slice.shape(self.weight.dims()))?;
        self.norm.forward_channels(&y, &slice.outputs, pass)
    }

    /// The part of each parameter, in network order, that belongs to `slice` of the kernel.
    pub fn slices(&self, slice: &Slice) -> Vec<Slice> {
        let of_norm = std::iter::repeat_n(Slice::vector(slice.outputs.clone()), self.norm.params());
        std::iter::once(slice.clone()).chain(of_norm).collect()
    }

    /// The `count` output channels whose weights for `inputs` have the largest L1 norms.
    pub fn largest(&self, inputs: &Channels, count: usize) -> Result<Channels> {
        let outputs = self.weight.dim(0)?;
        if count >= outputs {
            return Ok(Channels::First(outputs));
        }
        let slice = Slice::new(Channels::First(outputs), inputs.clone());
        let weight = nas_assay_kernels::composed::slice(&self.weight.as_detached_tensor(), &slice)?;
        let weight = host_f64(&weight)?;
        let norms: Vec<f64> = weight
            .chunks_exact(weight.len() / outputs)
            .map(|weight| weight.iter().fold(0.0, |norm, value| norm + value.abs()))
            .collect();
        Ok(Channels::largest(&norms, count))
    }
}
