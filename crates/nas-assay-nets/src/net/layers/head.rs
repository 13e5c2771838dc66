//! What ends a network: global average pool, dropout, classifier.

use super::Norm;
use crate::net::{Builder, Channels, Dropout, ForwardPass, Layer, Slice};
use candle_core::{Result, Tensor, Var};

/// Global average pool, dropout, linear classifier.
#[derive(Debug)]
pub struct Classifier {
    weight: Var,
    bias: Var,
}

impl Classifier {
    /// The classifier of an image of `channels` channels; its parameters are called `classifier.*`.
    pub fn new(builder: &mut Builder, channels: usize, classes: usize) -> Result<Self> {
        let (weight, bias) = builder.linear("classifier", classes, channels)?;
        Ok(Self { weight, bias })
    }

    /// Logits `[n, classes]` of `[n, channels, h, w]`.
    pub fn forward(&self, x: &Tensor, pass: &mut ForwardPass<'_>) -> Result<Tensor> {
        self.forward_channels(x, &Channels::First(self.weight.dim(1)?), pass)
    }

    /// Logits `[n, classes]` of an image that has only these of the classifier's channels.
    pub fn forward_channels(&self, x: &Tensor, channels: &Channels, pass: &mut ForwardPass<'_>) -> Result<Tensor> {
        pass.report_feature(format_args!("features"), x)?;
        let mut features = pass.engine.global_avg_pool(x)?;
        pass.report_feature(format_args!("pooled"), &features)?;
        if let Some(dropout) = &mut pass.dropout {
            features = pass.engine.times_constant(&features, &dropout_mask(dropout, &features)?)?;
        }
        let [slice, _] = self.slices(channels)?;
        let weight = pass.engine.slice(&pass.value(&self.weight), &slice)?;
        let logits = pass.engine.linear(&features, &weight, Some(&pass.value(&self.bias)))?;
        pass.made(Layer::Linear(self.weight.id()), logits, weight.dims())
    }

    /// The parts of the weight and of the bias for an image that has only these of the channels.
    pub fn slices(&self, channels: &Channels) -> Result<[Slice; 2]> {
        let classes = Channels::First(self.weight.dim(0)?);
        Ok([Slice::new(classes.clone(), channels.clone()), Slice::vector(classes)])
    }
}

/// Batch-norm, ReLU, then a [`Classifier`].
#[derive(Debug)]
pub struct Head {
    norm: Norm,
    classifier: Classifier,
}

impl Head {
    /// The head of an image of `channels` channels; its parameters are called `head.bn.*` and `classifier.*`.
    pub fn new(builder: &mut Builder, channels: usize, classes: usize) -> Result<Self> {
        let norm = Norm::new(builder, "head.bn", channels, true)?;
        Ok(Self { norm, classifier: Classifier::new(builder, channels, classes)? })
    }

    /// Logits `[n, classes]`.
    pub fn forward(&self, x: &Tensor, pass: &mut ForwardPass<'_>) -> Result<Tensor> {
        let x = self.norm.forward_then_relu(x, pass)?;
        self.classifier.forward(&x, pass)
    }
}

/// A mask in the shape and type of `x`, drawn in row-major order: zero with the dropout's probability, `1 / (1 - rate)` otherwise.
fn dropout_mask(dropout: &mut Dropout, x: &Tensor) -> Result<Tensor> {
    let kept = 1.0 / (1.0 - dropout.rate);
    let mask: Vec<f64> =
        (0..x.elem_count()).map(|_| if dropout.stream.unit() < dropout.rate { 0.0 } else { kept }).collect();
    Tensor::from_vec(mask, x.shape(), x.device())?.to_dtype(x.dtype())
}
