//! The signs of the outputs of convolutions and linear layers.

use std::cell::RefCell;
use std::collections::HashMap;

use candle_core::{Tensor, TensorId};

use super::{Need, Probe, UsedWeight, once, weights_of};
use crate::estimator::zeroshot::relu_logdet::log_determinant_of;
use crate::estimator::{EstimatorError, ReluPatterns};
use crate::net::{ForwardPass, Layer, NormMode};

/// How different the signs of the output of one convolution or linear layer are between images.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputCode {
    /// The name of the layer's weight.
    pub name: String,
    /// `ln |det K|`, where `K_ij` is the number of elements of the output that are above zero for both of the images
    /// `i` and `j`, or for neither. It is −∞ if `K` is singular.
    pub log_determinant: f64,
}

impl OutputCode {
    /// The logarithm, or 0 if `K` is singular.
    pub fn or_zero(&self) -> f64 {
        if self.log_determinant == f64::NEG_INFINITY { 0.0 } else { self.log_determinant }
    }
}

impl Probe<'_> {
    /// The codes of the outputs of all convolutions and linear layers before batch-norm, one for each weight, in
    /// network order: that of [`Probe::weights`] and [`Probe::synflow`].
    ///
    /// They are those of a copy of the network in evaluation mode that has seen no images: batch-norm has the mean 0 and the variance 1, and
    /// there is no dropout.
    ///
    /// # Errors
    /// If the need was not declared, the probe has no network or batch, or an operation fails.
    pub fn output_codes(&self) -> Result<&[OutputCode], EstimatorError> {
        self.declared(Need::OutputCodes)?;
        once(&self.output_codes, || {
            let missing = EstimatorError::NoInput { need: Some(Need::OutputCodes), input: "batch of images" };
            let (network, batch) = (self.network()?, self.batch.ok_or(missing)?);
            let copy = self.with_weights(batch.images.dtype(), |param| Ok(param.var.as_detached_tensor()))?;
            let found: RefCell<HashMap<TensorId, f64>> = RefCell::default();
            let observer = |layer: Layer, y: &Tensor| {
                if let Layer::Conv(weight) | Layer::Linear(weight) = layer {
                    let mut patterns = ReluPatterns::default();
                    patterns.push(y)?;
                    found.borrow_mut().insert(weight, log_determinant_of(&patterns));
                }
                Ok(())
            };
            let pass = ForwardPass::new(self.engine).untracked().with_norm(NormMode::Running);
            copy.forward(self.architecture, &batch.images, &mut pass.with_layer_observer(&observer))?;
            let found = found.into_inner();
            let of_weight = |(used, copied): (UsedWeight<'_>, UsedWeight<'_>)| {
                let name = used.param.name.clone();
                let silent = || EstimatorError::other(format!("the layer of {name} has no output"));
                let log_determinant = *found.get(&copied.param.var.id()).ok_or_else(silent)?;
                Ok(OutputCode { name, log_determinant })
            };
            let weights = weights_of(network, self.architecture)?.into_iter();
            weights.zip(weights_of(&copy, self.architecture)?).map(of_weight).collect()
        })
        .map(Vec::as_slice)
    }
}
