//! An image that several layers read.

use crate::net::forward_pass::Weightless;
use crate::net::{ForwardPass, Slice, Window};
use candle_core::{Result, Tensor};

/// An image that several layers read, and its `ReLU`.
///
/// Every layer that begins with a `ReLU` has its own, but on the same image all give the same. So the `ReLU` is computed for the first of
/// these layers, and [shown](ForwardPass::rectified) for each.
#[derive(Debug)]
pub struct CachedRelu {
    image: Tensor,
    rectified: Option<Tensor>,
}

impl CachedRelu {
    /// An image that nothing has read yet.
    pub fn new(image: Tensor) -> Self {
        Self { image, rectified: None }
    }

    /// The image itself.
    pub fn image(&self) -> &Tensor {
        &self.image
    }

    /// The `ReLU` of the image, for one more layer.
    pub fn relu(&mut self, pass: &mut ForwardPass<'_>) -> Result<Tensor> {
        if let Some(rectified) = &self.rectified {
            return pass.rectified(&self.image, rectified.clone());
        }
        let rectified = pass.engine.relu(&self.image)?;
        let read = pass.rectified(&self.image, rectified.clone())?;
        pass.seen_once(Weightless::Relu, &self.image, &rectified)?;
        self.rectified = Some(rectified);
        Ok(read)
    }

    /// A convolution of the `ReLU` of the image, for one more layer.
    pub fn convolve(&mut self, weight: &Tensor, window: Window, pass: &mut ForwardPass<'_>) -> Result<Tensor> {
        if self.is_rectified_on_the_way(pass) {
            return pass.engine.conv2d_of_relu(&self.image, weight, window);
        }
        pass.engine.conv2d(&self.relu(pass)?, weight, window)
    }

    /// A convolution of the `ReLU` of the image with a part of some weights.
    pub fn convolve_slice(
        &mut self,
        weight: &Tensor,
        slice: &Slice,
        window: Window,
        pass: &mut ForwardPass<'_>,
    ) -> Result<Tensor> {
        if self.is_rectified_on_the_way(pass) {
            return pass.engine.conv2d_slice_of_relu(&self.image, weight, slice, window);
        }
        pass.engine.conv2d_slice(&self.relu(pass)?, weight, slice, window)
    }

    /// Whether convolutions compute the `ReLU`, because nobody else wants to see it.
    fn is_rectified_on_the_way(&self, pass: &ForwardPass<'_>) -> bool {
        self.rectified.is_none() && pass.fuses_relu(&self.image)
    }
}
