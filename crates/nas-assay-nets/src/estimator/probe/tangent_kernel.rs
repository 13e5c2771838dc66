//! The neural tangent kernel of a few images.

use candle_core::Tensor;
use nalgebra::DMatrix;

use super::{Probe, UsedWeight, variables};
use crate::estimator::EstimatorError;
use crate::net::Role;

impl Probe<'_> {
    /// `Θ = J Jᵀ`, `[n, n]` for the first `n ≤ most` images of the batch. Row `i` of `J` is the gradient of the sum of the logits of image
    /// `i` by every convolution and linear weight and every scale of a batch-norm; biases and shifts do not count.
    ///
    /// The images have one forward pass together, so batch-norm makes them depend on each other. Each has a backward pass of its own.
    ///
    /// # Errors
    /// If the probe has no network or batch, or an operation fails.
    pub(in crate::estimator) fn tangent_kernel(&self, most: usize) -> Result<DMatrix<f64>, EstimatorError> {
        let (network, batch) = (self.network()?, self.batch()?);
        let count = batch.images.dim(0)?.min(most);
        let images = batch.images.narrow(0, 0, count)?.contiguous()?;
        let logits = network.forward(self.architecture, &images, &mut self.pass())?;
        let parts = network.parts(self.architecture)?.into_iter();
        let counts = |role: Role| role.is_weight() || role == Role::NormScale;
        let used: Vec<UsedWeight<'_>> =
            parts.filter(|(param, _)| counts(param.role)).map(|(param, slice)| UsedWeight { param, slice }).collect();
        let variables = variables(&used);
        let rows = (0..count).map(|image| -> candle_core::Result<Vec<Option<Tensor>>> {
            let number = self.engine.sum_all(&logits.narrow(0, image, 1)?)?;
            let gradients = self.engine.backward_to(&number, &variables)?;
            Ok(used.iter().map(|weight| gradients.get(&weight.param.var).cloned()).collect())
        });
        let rows: Vec<Vec<Option<Tensor>>> = rows.collect::<Result<_, _>>()?;

        let mut kernel = DMatrix::zeros(count, count);
        for (place, weight) in used.iter().enumerate() {
            // A weight without a gradient adds nothing.
            let layer = rows.iter().map(|row| row[place].as_ref().map(|gradient| weight.part_of(gradient)).transpose());
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
