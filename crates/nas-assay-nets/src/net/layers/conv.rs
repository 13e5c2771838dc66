//! Convolutions, alone and with their batch-norm.

use super::{CachedRelu, Norm};
use crate::net::{Builder, ForwardPass, Layer, Window};
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
    pub fn forward(&self, x: &Tensor, pass: &ForwardPass<'_>) -> Result<Tensor> {
        self.forward_with(x, |weight| Ok(weight.clone()), pass)
    }

    /// The convolved `ReLU` of the image.
    pub fn forward_relu(&self, x: &mut CachedRelu, pass: &mut ForwardPass<'_>) -> Result<Tensor> {
        let y = x.convolve(&pass.value(&self.weight), self.window, pass)?;
        pass.made(Layer::Conv(self.weight.id()), y, self.weight.dims())
    }

    /// The image convolved with the part of the kernel that `part` returns.
    pub fn forward_with(
        &self,
        x: &Tensor,
        part: impl FnOnce(&Tensor) -> Result<Tensor>,
        pass: &ForwardPass<'_>,
    ) -> Result<Tensor> {
        let y = pass.engine.conv2d(x, &part(&pass.value(&self.weight))?, self.window)?;
        pass.made(Layer::Conv(self.weight.id()), y, self.weight.dims())
    }
}

/// The sizes of a square dense convolution.
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
    /// The kernel is called `conv.weight`; with `affine`, batch-norm's scale and shift are called `bn.weight` and `bn.bias`.
    pub fn new(builder: &mut Builder, conv: &str, bn: &str, shape: ConvShape, affine: bool) -> Result<Self> {
        let ConvShape { inputs, outputs, kernel, stride } = shape;
        let conv = Conv::same(builder, conv, inputs, outputs, kernel, stride)?;
        Ok(Self { conv, norm: Norm::new(builder, bn, outputs, affine)? })
    }

    /// The convolved and normed image.
    pub fn forward(&self, x: &Tensor, pass: &ForwardPass<'_>) -> Result<Tensor> {
        self.norm.forward(&self.conv.forward(x, pass)?, pass)
    }

    /// The `ReLU` of the convolved and normed image.
    pub fn forward_then_relu(&self, x: &Tensor, pass: &mut ForwardPass<'_>) -> Result<Tensor> {
        self.forward_with_then_relu(x, |weight| Ok(weight.clone()), pass)
    }

    /// The same with a part of the kernel; see [`Conv::forward_with`].
    pub fn forward_with_then_relu(
        &self,
        x: &Tensor,
        part: impl FnOnce(&Tensor) -> Result<Tensor>,
        pass: &mut ForwardPass<'_>,
    ) -> Result<Tensor> {
        let y = self.conv.forward_with(x, part, pass)?;
        self.norm.forward_then_relu(&y, pass)
    }

    /// The convolved and normed `ReLU` of the image.
    pub fn forward_relu(&self, x: &mut CachedRelu, pass: &mut ForwardPass<'_>) -> Result<Tensor> {
        let y = self.conv.forward_relu(x, pass)?;
        self.norm.forward(&y, pass)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{Engine, Init, NormMode, host_f64};
    use candle_core::{DType, Device};
    use nas_assay_base::seed::Seed;

    /// With momentum one, running statistics are those of the last batch. The running variance is the unbiased one: `n / (n - 1)` times
    /// the variance that the batch is normed by.
    #[test]
    fn running_statistics_follow_the_batches() {
        let mut builder = Builder::new(Init::Seeded(Seed::root(1)), DType::F32, &Device::Cpu);
        let shape = ConvShape { inputs: 3, outputs: 4, kernel: 3, stride: 1 };
        let layer = ConvNorm::new(&mut builder, "stem.conv", "stem.bn", shape, true).unwrap();
        let mut stream = Seed::root(9).stream();
        let pixels: Vec<f32> = (0..4 * 3 * 8 * 8).map(|_| stream.normal() as f32).collect();
        let images = Tensor::from_vec(pixels, (4, 3, 8, 8), &Device::Cpu).unwrap();
        let run = |norm| {
            let pass = ForwardPass::new(Engine::Kernels).with_norm(norm);
            host_f64(&layer.forward(&images, &pass).unwrap()).unwrap()
        };
        let batch = run(NormMode::BatchUpdating { momentum: 1.0 });
        assert_eq!(run(NormMode::Batch), batch);
        let shrink = (255f64 / 256.0).sqrt();
        for (running, batch) in run(NormMode::Running).iter().zip(batch) {
            assert!((running - shrink * batch).abs() < 1e-5, "{running} by running statistics, {batch} by the batch");
        }
    }
}
