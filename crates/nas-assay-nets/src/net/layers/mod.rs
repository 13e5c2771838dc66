//! The layers that networks of every space are made of.
//!
//! A layer holds its parameters, takes an image `[batch, channel, height, width]` and a [`Pass`], and asks the pass for
//! everything that differs from one run to another.

mod choices;
mod conv;
mod factorised_reduction;
mod head;
mod norm;
mod reduction;
mod separable;
mod shared;
mod sliced;

pub use choices::Choices;
pub use conv::{Conv, ConvNorm, ConvShape};
pub use factorised_reduction::FactorisedReduction;
pub use head::{Classifier, Head};
pub use norm::{NORM_EPS, Norm};
pub use reduction::Reduction;
pub use separable::{DilConv, SepConv, SeparableShape};
pub use shared::Shared;
pub use sliced::SlicedConvNorm;

use super::Pass;
use candle_core::{Result, Tensor};

/// A rectified linear unit that tells the pass's observer.
pub fn relu(x: &Tensor, pass: &mut Pass<'_>) -> Result<Tensor> {
    let y = pass.engine.relu(x)?;
    pass.report_relu(x, &y)?;
    Ok(y)
}
