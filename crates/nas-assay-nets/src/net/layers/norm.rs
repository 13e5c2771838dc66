//! Batch-norm in its modes.

use super::relu;
use crate::net::{Builder, Channels, ForwardPass, Layer, NormMode, Slice};
use candle_core::{Result, Tensor, Var};
use nas_assay_kernels::Running;

/// Added to the variance by every batch-norm.
const NORM_EPS: f64 = 1e-5;

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

    /// The number of its parameters: a scale and a shift, or none.
    pub fn params(&self) -> usize {
        if self.affine.is_some() { 2 } else { 0 }
    }

    /// The normed image.
    pub fn forward(&self, x: &Tensor, pass: &ForwardPass<'_>) -> Result<Tensor> {
        self.forward_channels(x, &Channels::First(self.mean.elem_count()), pass)
    }

    /// The `ReLU` of the normed image.
    pub fn forward_then_relu(&self, x: &Tensor, pass: &mut ForwardPass<'_>) -> Result<Tensor> {
        let channels = Channels::First(self.mean.elem_count());
        let running = match pass.norm {
            NormMode::Batch => None,
            NormMode::BatchUpdating { momentum } => {
                Some(Running { mean: &self.mean, var: &self.var, channels: &channels, momentum })
            }
            NormMode::Running | NormMode::Identity => return relu(&self.forward(x, pass)?, pass),
        };
        if !pass.fuses_relu(x) {
            return relu(&self.forward(x, pass)?, pass);
        }
        let affine = self.affine.as_ref().map(|(scale, shift)| (pass.value(scale), pass.value(shift)));
        let affine = affine.as_ref().map(|(scale, shift)| (scale, shift));
        pass.engine.batch_norm_relu(x, affine, NORM_EPS, running)
    }

    /// The normed image, which has only these of the layer's channels. The running statistics of the other channels stay as they are.
    pub fn forward_channels(&self, x: &Tensor, channels: &Channels, pass: &ForwardPass<'_>) -> Result<Tensor> {
        let slice = Slice::vector(channels.clone());
        let part = |var: &Var| pass.engine.slice(&pass.value(var), &slice);
        let affine = match &self.affine {
            Some((scale, shift)) if pass.norm != NormMode::Identity => Some((part(scale)?, part(shift)?)),
            _ => None,
        };
        let affine = affine.as_ref().map(|(scale, shift)| (scale, shift));
        let y = match pass.norm {
            NormMode::Identity => return Ok(x.clone()),
            NormMode::Running => {
                let running = |var: &Var| pass.engine.slice(&var.as_detached_tensor(), &slice);
                pass.engine.batch_norm_fixed(x, (&running(&self.mean)?, &running(&self.var)?), affine, NORM_EPS)
            }
            NormMode::Batch => pass.engine.batch_norm_tracked(x, affine, NORM_EPS, None),
            NormMode::BatchUpdating { momentum } => {
                let running = Running { mean: &self.mean, var: &self.var, channels, momentum };
                pass.engine.batch_norm_tracked(x, affine, NORM_EPS, Some(running))
            }
        };
        let y = y?;
        pass.seen(Layer::Norm, &y)?;
        Ok(y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{Engine, Init, host_f64};
    use candle_core::{DType, Device};

    /// Three images of two pixels in two channels: of means 2 and 20, unbiased variances 1.6 and 160.
    fn image() -> Tensor {
        let pixels = [0.0, 2.0, 10.0, 10.0, 2.0, 4.0, 10.0, 40.0, 2.0, 2.0, 20.0, 30.0];
        Tensor::new(&pixels, &Device::Cpu).unwrap().reshape((3, 2, 1, 2)).unwrap()
    }

    #[test]
    fn a_part_moves_its_own_statistics_and_reads_its_own_scales() {
        for (channels, used) in [(Channels::First(2), [0, 1]), (Channels::Picked([1, 3].into()), [1, 3])] {
            let mut builder = Builder::new(Init::Zero, DType::F64, &Device::Cpu);
            let norm = Norm::new(&mut builder, "bn", 4, true).unwrap();
            let (params, buffers) = builder.finish();
            let scales = Tensor::new(&[1.0, 2.0, 3.0, 4.0], &Device::Cpu).unwrap();
            params.get("bn.weight").unwrap().var.set(&scales).unwrap();
            for engine in [Engine::Kernels, Engine::Composed] {
                let mut expected = [[0.0; 4], [1.0; 4]];
                for (place, (mean, variance)) in used.into_iter().zip([(2.0, 1.6), (20.0, 160.0)]) {
                    expected[0][place] = 0.25 * mean;
                    expected[1][place] = 0.75 + 0.25 * variance;
                }
                buffers.get("bn.running_mean").unwrap().var.set(&scales.zeros_like().unwrap()).unwrap();
                let ones = scales.ones_like().unwrap();
                buffers.get("bn.running_var").unwrap().var.set(&ones).unwrap();
                let pass = ForwardPass::new(engine).with_norm(NormMode::BatchUpdating { momentum: 0.25 });
                let y = norm.forward_channels(&image(), &channels, &pass).unwrap();
                let found: Vec<Vec<f64>> = buffers.iter().map(|buffer| host_f64(&buffer.var).unwrap()).collect();
                for (found, expected) in found.iter().zip(&expected) {
                    let off = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                    assert!(off < 1e-13, "{engine:?}: {found:?}, not {expected:?}");
                }
                let deviation = (4.0_f64 / 3.0 + 1e-5).sqrt();
                let scale = [1.0, 2.0, 3.0, 4.0][used[0]];
                let first = host_f64(&y).unwrap()[0];
                assert!((first + 2.0 * scale / deviation).abs() < 1e-13, "{engine:?}: {first}");
                let fixed = ForwardPass::new(engine).with_norm(NormMode::Running);
                let y = norm.forward_channels(&image(), &channels, &fixed).unwrap();
                let by_hand = -0.5 * scale / (expected[1][used[0]] + 1e-5).sqrt();
                assert!((host_f64(&y).unwrap()[0] - by_hand).abs() < 1e-13, "{engine:?}");
            }
        }
    }
}
