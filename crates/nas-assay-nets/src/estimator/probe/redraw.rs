//! A copy of the network with weights of its own, and images of its own.

use candle_core::{Device, Tensor};
use nas_assay_base::seed::Stream;

use super::Probe;
use crate::estimator::EstimatorError;
use crate::net::{Network, Role};

/// Draws the convolution and linear weights of a network from normal distributions, in network and row-major order. `deviation` gives the
/// standard deviation from the number of inputs of an output, `fan_in`. Biases and shifts become 0, and scales of batch-norm 1.
///
/// # Errors
/// If a tensor cannot be made.
pub(in crate::estimator) fn set_normal_weights(
    network: &Network,
    mut stream: Stream,
    deviation: impl Fn(usize) -> f64,
) -> Result<(), EstimatorError> {
    for param in network.params() {
        let var = &param.var;
        let values = match param.role {
            Role::NormScale => var.ones_like()?,
            Role::NormShift | Role::LinearBias => var.zeros_like()?,
            Role::ConvWeight | Role::LinearWeight => {
                let count = var.elem_count();
                let deviation = deviation(count / var.dim(0)?);
                let values: Vec<f64> = (0..count).map(|_| deviation * stream.normal()).collect();
                Tensor::from_vec(values, var.shape(), &Device::Cpu)?.to_dtype(var.dtype())?.to_device(var.device())?
            }
        };
        var.set(&values)?;
    }
    Ok(())
}

impl Probe<'_> {
    /// A stand-alone network of the architecture with convolution and linear weights drawn from normal distributions, in network and
    /// row-major order. `deviation` gives the standard deviation from the number of inputs of an output, `fan_in`. Biases and shifts are 0, scales of batch-norm are 1, and running statistics are new. Its type is that
    /// of the batch.
    ///
    /// The draws depend on the stream and on the shapes of the architecture's own weights, and not on the probe's weights.
    ///
    /// # Errors
    /// If the probe has no network or batch, or a tensor cannot be made.
    pub fn with_normal_weights(
        &self,
        stream: Stream,
        deviation: impl Fn(usize) -> f64,
    ) -> Result<Network, EstimatorError> {
        let copy = self.with_weights(self.batch()?.images.dtype(), |param| param.var.zeros_like())?;
        set_normal_weights(&copy, stream, deviation)?;
        Ok(copy)
    }

    /// Standard normal noise in the shape of the batch's images, in row-major order.
    ///
    /// # Errors
    /// If the probe has no batch, or a tensor cannot be made.
    pub fn normal_images(&self, mut stream: Stream) -> Result<Tensor, EstimatorError> {
        let count = self.batch()?.images.elem_count();
        self.images_of((0..count).map(|_| stream.normal()).collect())
    }

    /// These numbers as images: in the shape, the type and on the device of the batch's.
    ///
    /// # Errors
    /// If the probe has no batch, or a tensor cannot be made.
    pub fn images_of(&self, values: Vec<f64>) -> Result<Tensor, EstimatorError> {
        let images = &self.batch()?.images;
        let values = Tensor::from_vec(values, images.shape(), &Device::Cpu)?.to_dtype(images.dtype())?;
        Ok(values.to_device(images.device())?)
    }
}
