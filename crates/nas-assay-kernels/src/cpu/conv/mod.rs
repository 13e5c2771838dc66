//! Convolution: three operations, each the gradient of another.
//!
//! The operations are the convolution `conv(x, w)`, its gradient by the image `image(g, w)`, and its gradient by the weights `weight(x,
//! g)`. Each is linear in both arguments, and every derivative of the three is one of the three again. So second derivatives need no
//! further kernels.

#[cfg(target_arch = "x86_64")]
mod avx512;
mod correlate;
pub(crate) mod geometry;
mod image;
mod pack;
pub(crate) mod rectified;
mod rows;
mod weight;
mod window;

use std::sync::Arc;

use candle_core::{Result, Tensor};

use super::element::{Array, Element};
use super::isa::Isa;
use super::kernel::{Computed, Kernel, apply, gradient};
use super::view::View;
use super::wanted::wanted;
use crate::slice::Slice;
use geometry::Geometry;

pub use rectified::{conv2d_of_relu, conv2d_slice_of_relu};
pub use window::Window;

/// The convolution of neural networks (in mathematics, the cross-correlation) of `x: [n, in, h, w]` with
/// `weights: [out, in / groups, kh, kw]`, without bias: `[n, out, h', w']` with
/// `h' = (h + 2 padding - dilation (kh - 1) - 1) / stride + 1`, rounded down.
///
/// # Errors
/// If the shapes do not fit each other, the window does not fit the padded image, a stride, dilation or number of groups is zero, or the
/// tensors are on different devices.
pub fn conv2d(x: &Tensor, weights: &Tensor, window: Window) -> Result<Tensor> {
    apply(Convolution { window, view: Arc::new(View::all(weights.dims())) }, [x, weights])
}

/// [`conv2d`] with the part `slice` of `weights`; the number of groups is that of `slice`. The gradient has the shape of the whole
/// `weights` and is zero outside the part.
///
/// # Errors
/// As for [`conv2d`], or if the weights do not have the channels or groups of the part.
pub fn conv2d_slice(x: &Tensor, weights: &Tensor, slice: &Slice, window: Window) -> Result<Tensor> {
    apply(part_of(weights, slice, window)?, [x, weights])
}

/// The convolution with a part of some weights.
fn part_of(weights: &Tensor, slice: &Slice, window: Window) -> Result<Convolution> {
    let dims = weights.dims();
    let view = if slice.is_whole(dims) { View::all(dims) } else { View::new(dims, slice)? };
    Ok(Convolution { window: Window { groups: slice.groups, ..window }, view: Arc::new(view) })
}

/// `(x, w) -> y`, with the part `view` of `w`.
pub(crate) struct Convolution {
    pub(crate) window: Window,
    pub(crate) view: Arc<View>,
}

/// `(gy, w) -> gx`, for images of `h x w` pixels.
pub(crate) struct ImageGradient {
    pub(crate) window: Window,
    pub(crate) view: Arc<View>,
    pub(crate) size: (usize, usize),
}

/// `(x, gy) -> gw`, zero outside the part `view` of `w`.
pub(crate) struct WeightGradient {
    pub(crate) window: Window,
    pub(crate) view: Arc<View>,
}

impl Kernel<2> for Convolution {
    const NAME: &'static str = "conv2d";

    fn forward<T: Element>(&self, isa: Isa, [x, w]: [Array<T>; 2]) -> Result<Computed<T>> {
        let g = Geometry::new(x.image()?, self.view.kernel_of(w.dims)?, self.window)?;
        Ok((correlate::convolve(isa, &g, x.data, w.data, &self.view), (g.n, g.co, g.ho, g.wo).into()))
    }

    fn backward(&self, [x, w]: [&Tensor; 2], _y: &Tensor, gy: &Tensor) -> Result<[Option<Tensor>; 2]> {
        let (window, view, (_, _, height, width)) = (self.window, &self.view, x.dims4()?);
        Ok([
            wanted(x, || gradient(ImageGradient { window, view: view.clone(), size: (height, width) }, [gy, w]))?,
            wanted(w, || gradient(WeightGradient { window, view: view.clone() }, [x, gy]))?,
        ])
    }
}

impl Kernel<2> for ImageGradient {
    const NAME: &'static str = "conv2d image gradient";

    fn forward<T: Element>(&self, isa: Isa, [gy, w]: [Array<T>; 2]) -> Result<Computed<T>> {
        let ([n, ..], kernel) = (gy.image()?, self.view.kernel_of(w.dims)?);
        let g = Geometry::new([n, kernel[1] * self.window.groups, self.size.0, self.size.1], kernel, self.window)?;
        g.expect_output(gy.image()?)?;
        Ok((image::image_gradient(isa, &g, gy.data, w.data, &self.view), (g.n, g.ci, g.hi, g.wi).into()))
    }

    fn backward(&self, [gy, w]: [&Tensor; 2], _gx: &Tensor, ggx: &Tensor) -> Result<[Option<Tensor>; 2]> {
        let (window, view) = (self.window, &self.view);
        Ok([
            wanted(gy, || gradient(Convolution { window, view: view.clone() }, [ggx, w]))?,
            wanted(w, || gradient(WeightGradient { window, view: view.clone() }, [ggx, gy]))?,
        ])
    }
}

impl Kernel<2> for WeightGradient {
    const NAME: &'static str = "conv2d weight gradient";

    fn forward<T: Element>(&self, isa: Isa, [x, gy]: [Array<T>; 2]) -> Result<Computed<T>> {
        let g = Geometry::new(x.image()?, self.view.kernel_of(self.view.whole())?, self.window)?;
        g.expect_output(gy.image()?)?;
        Ok((self.view.scatter(weight::weight_gradient(isa, &g, x.data, gy.data)), self.view.whole().into()))
    }

    fn backward(&self, [x, gy]: [&Tensor; 2], _gw: &Tensor, ggw: &Tensor) -> Result<[Option<Tensor>; 2]> {
        let (window, view, (_, _, height, width)) = (self.window, &self.view, x.dims4()?);
        Ok([
            wanted(x, || gradient(ImageGradient { window, view: view.clone(), size: (height, width) }, [gy, ggw]))?,
            wanted(gy, || gradient(Convolution { window, view: view.clone() }, [x, ggw]))?,
        ])
    }
}

#[cfg(test)]
mod tests;
