//! The residual block that halves the image between stages of NAS-Bench-201.

use super::{CachedRelu, Conv, ConvNorm, ConvShape};
use crate::net::forward_pass::Weightless;
use crate::net::{Builder, ForwardPass};
use candle_core::{Result, Tensor};

/// The residual block between two stages: it halves the image and changes the channels.
///
/// One branch: ReLU, 3x3 convolution of stride 2, batch-norm, ReLU, 3x3 convolution, batch-norm. The other: 2x2 average pool, 1x1
/// convolution without batch-norm. The output is their sum. Batch-norms have scale and shift.
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
    pub fn forward(&self, x: &Tensor, pass: &mut ForwardPass<'_>) -> Result<Tensor> {
        let y = self.first.forward_relu(&mut CachedRelu::new(x.clone()), pass)?;
        let y = self.second.forward_relu(&mut CachedRelu::new(y), pass)?;
        let shortcut =
            self.shortcut.forward(&pass.pooled(Weightless::AvgPool, x, pass.engine.avg_pool2d(x, 2, 2, 0)?)?, pass)?;
        pass.engine.add(&y, &shortcut)
    }
}
