//! Batch normalisation composed of operations that can be differentiated any number of times.
//!
//! Sums over batch and space, and their gradients, are the kernels of [`reduce`](super::super::reduce). The rest is Candle's arithmetic on
//! single elements, which gives the same bits on every machine.

use candle_core::{Result, Tensor};

use super::super::kernel::apply;
use super::super::reduce::{Broadcast, Over, Sums};
use super::moments::Moments;

/// Normalises by the statistics of the batch.
pub(super) fn batch_norm(x: &Tensor, affine: Option<(&Tensor, &Tensor)>, eps: f64) -> Result<(Tensor, Moments)> {
    let mean = channel_means(x)?;
    let var = channel_means(&(x - everywhere(&mean, x)?)?.sqr()?)?;
    let y = normalise(x, (&mean, &var), affine, eps)?;
    Ok((y, Moments { mean: mean.detach(), var: var.detach() }))
}

/// Normalises by the given mean and variance.
pub(super) fn normalise(
    x: &Tensor,
    (mean, var): (&Tensor, &Tensor),
    affine: Option<(&Tensor, &Tensor)>,
    eps: f64,
) -> Result<Tensor> {
    let mut factor = var.affine(1.0, eps)?.sqrt()?.recip()?;
    if let Some((scale, _)) = affine {
        factor = (factor * scale)?;
    }
    let y = ((x - everywhere(mean, x)?)? * everywhere(&factor, x)?)?;
    match affine {
        None => Ok(y),
        Some((_, shift)) => y + everywhere(shift, x)?,
    }
}

/// The mean of each channel.
fn channel_means(x: &Tensor) -> Result<Tensor> {
    apply(Sums { over: Over::BatchAndSpace, mean: true }, [x])
}

/// One number for each channel, copied to every pixel of `x`.
fn everywhere(numbers: &Tensor, x: &Tensor) -> Result<Tensor> {
    apply(Broadcast { over: Over::BatchAndSpace, mean: false, shape: x.shape().clone() }, [numbers])
}
