//! A copy of the network with weights of its own, and images of its own.

use candle_core::{Device, Tensor};
use nas_assay_base::seed::Stream;

use super::Probe;
use crate::estimator::EstimatorError;
use crate::net::{Network, Role};

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
        mut stream: Stream,
        deviation: impl Fn(usize) -> f64,
    ) -> Result<Network, EstimatorError> {
        let copy = self.with_weights(self.batch()?.images.dtype(), |param| match param.role {
            Role::NormScale => param.var.ones_like(),
            _ => param.var.zeros_like(),
        })?;
        for param in copy.params().iter().filter(|param| param.role.is_weight()) {
            let count = param.var.elem_count();
            let deviation = deviation(count / param.var.dim(0)?);
            let values: Vec<f64> = (0..count).map(|_| deviation * stream.normal()).collect();
            let values = Tensor::from_vec(values, param.var.shape(), &Device::Cpu)?.to_dtype(param.var.dtype())?;
            param.var.set(&values.to_device(param.var.device())?)?;
        }
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
