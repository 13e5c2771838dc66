//! The statistics of a batch, as tensors.

use candle_core::Tensor;

/// Mean and variance of each channel, `[c]` each; constants. On the CPU they have the type of the image, on a GPU that of its sums, f64.
#[derive(Clone, Debug)]
pub struct Moments {
    /// The mean over batch and space.
    pub mean: Tensor,
    /// The variance over batch and space, divided by the number of pixels (the biased one).
    pub var: Tensor,
}
