//! The neural tangent kernel of a few images.

use candle_core::{Device, Tensor};
use nalgebra::DMatrix;

use super::{Probe, UsedWeight, variables};
use crate::estimator::EstimatorError;
use crate::net::{Role, host_f64};
use nas_assay_kernels::composed;

impl Probe<'_> {
    /// `Θ = J Jᵀ`, `[n, n]` for the first `n ≤ most` images of the batch. Row `i` of `J` is the gradient of the sum of the logits of image
    /// `i` by every convolution and linear weight and every scale of a batch-norm; biases and shifts do not count.
    ///
    /// The images have one forward pass together, without dropout, so batch-norm makes them depend on each other. Each has a backward pass of its own.
    ///
    /// # Errors
    /// If the probe has no network or batch, or an operation fails.
    pub(in crate::estimator) fn tangent_kernel(&self, most: usize) -> Result<DMatrix<f64>, EstimatorError> {
        let (network, batch) = (self.network()?, self.batch()?);
        let count = batch.images.dim(0)?.min(most);
        let images = batch.images.narrow(0, 0, count)?.contiguous()?;
        let logits = network.forward(self.architecture, &images, &mut self.own_pass())?;
        let parts = network.parts(self.architecture)?.into_iter();
        let counts = |role: Role| role.is_weight() || role == Role::NormScale;
        let used: Vec<UsedWeight<'_>> =
            parts.filter(|(param, _)| counts(param.role)).map(|(param, slice)| UsedWeight { param, slice }).collect();
        let variables = variables(&used);
        let classes = logits.dim(1)?;
        let rows = (0..count).map(|image| -> candle_core::Result<Vec<Option<Tensor>>> {
            // The kernels have a gradient of a product, but none of a part.
            let mut mask = vec![0.0_f32; count * classes];
            mask[image * classes..(image + 1) * classes].fill(1.0);
            let mask = Tensor::from_vec(mask, (count, classes), &Device::Cpu)?.to_dtype(logits.dtype())?;
            let own = self.engine.times_constant(&logits, &mask.to_device(logits.device())?)?;
            let gradients = self.engine.backward_to(&self.engine.sum_all(&own)?, &variables)?;
            let part = |weight: &UsedWeight<'_>| match (gradients.get(&weight.param.var), &weight.slice) {
                (Some(gradient), Some(slice)) => Ok(Some(composed::slice(&gradient.detach(), slice)?)),
                (gradient, _) => Ok(gradient.map(Tensor::detach)),
            };
            used.iter().map(part).collect()
        });
        let rows: Vec<Vec<Option<Tensor>>> = rows.collect::<Result<_, _>>()?;

        let mut kernel = DMatrix::zeros(count, count);
        for place in 0..used.len() {
            // A weight without a gradient adds nothing.
            let layer = rows.iter().map(|row| row[place].as_ref().map(host_f64).transpose());
            let layer: Vec<Option<Vec<f64>>> = layer.collect::<Result<_, _>>()?;
            for i in 0..count {
                for j in 0..=i {
                    let (Some(a), Some(b)) = (&layer[i], &layer[j]) else { continue };
                    kernel[(i, j)] += a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
                }
            }
        }
        kernel.fill_upper_triangle_with_lower_triangle();
        Ok(kernel)
    }
}
