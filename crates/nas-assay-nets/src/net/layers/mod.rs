//! The layers that networks of every space are made of.
//!
//! A layer holds its parameters, takes an image `[batch, channel, height, width]` and a [`ForwardPass`], and asks the pass for
//! everything that differs from one run to another.

mod cached_relu;
mod choices;
mod conv;
mod factorised_reduction;
mod head;
mod norm;
mod reduction;
mod separable;
mod sliced;
#[cfg(test)]
mod value_tests;

pub use cached_relu::CachedRelu;
pub use choices::Choices;
pub use conv::{Conv, ConvNorm, ConvShape};
pub use factorised_reduction::FactorisedReduction;
pub use head::{Classifier, Head};
pub use norm::Norm;
pub use reduction::Reduction;
pub use separable::{DilConv, SepConv, SeparableShape};
pub use sliced::SlicedConvNorm;

use super::ForwardPass;
use super::forward_pass::Weightless;
use candle_core::{Result, Tensor};

/// A rectified linear unit, which the pass's observer sees.
pub fn relu(x: &Tensor, pass: &mut ForwardPass<'_>) -> Result<Tensor> {
    let y = pass.engine.relu(x)?;
    let read = pass.rectified(x, y.clone())?;
    pass.seen_once(Weightless::Relu, x, &y)?;
    Ok(read)
}
