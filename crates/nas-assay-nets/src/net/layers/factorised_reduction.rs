//! The factorised reduction of DARTS.

use super::{CachedRelu, Norm};
use crate::net::{Builder, ForwardPass, Layer, Window};
use candle_core::{Result, Tensor, Var, bail};

/// Halves the height and width of an image: `ReLU`; a 1x1 convolution of stride 2 to the first half of the output channels; another one, on
/// the image without its first row and column, to the second half; batch-norm.
///
/// If the image has an odd number of rows or columns, the second convolution reads zeros beyond the edge. Both halves have the same size,
/// rounded up.
#[derive(Debug)]
pub struct FactorisedReduction {
    even: Var,
    odd: Var,
    norm: Norm,
}

impl FactorisedReduction {
    /// The reduction from `inputs` to `outputs` channels; its parameters are called `prefix.conv_even.weight`,
    /// `prefix.conv_odd.weight` and `prefix.bn.*`.
    ///
    /// # Errors
    /// If the number of outputs is odd.
    pub fn new(builder: &mut Builder, prefix: &str, inputs: usize, outputs: usize, affine: bool) -> Result<Self> {
        if !outputs.is_multiple_of(2) {
            bail!("a factorised reduction needs an even number of output channels, but got {outputs}");
        }
        let shape = [outputs / 2, inputs, 1, 1];
        Ok(Self {
            even: builder.conv_weight(format!("{prefix}.conv_even.weight"), shape)?,
            odd: builder.conv_weight(format!("{prefix}.conv_odd.weight"), shape)?,
            norm: Norm::new(builder, &format!("{prefix}.bn"), outputs, affine)?,
        })
    }

    /// `[n, inputs, h, w]` to `[n, outputs, ⌈h / 2⌉, ⌈w / 2⌉]`.
    pub fn forward(&self, x: &mut CachedRelu, pass: &mut ForwardPass<'_>) -> Result<Tensor> {
        // The two convolutions read different pixels. With these side by side they are one convolution in two groups.
        let pixels = pass.engine.even_and_odd_pixels(&x.relu(pass)?)?;
        let weights = pass.engine.join_rows(&pass.value(&self.even), &pass.value(&self.odd))?;
        let halved = pass.engine.conv2d(&pixels, &weights, Window { groups: 2, ..Window::default() })?;
        if pass.layer_observer.is_some() {
            let half = self.even.dim(0)?;
            for (weight, first) in [(&self.even, 0), (&self.odd, half)] {
                pass.seen(Layer::Conv(weight.id()), &halved.narrow(1, first, half)?)?;
            }
        }
        self.norm.forward(&pass.scaled(halved, self.even.dims())?, pass)
    }
}
