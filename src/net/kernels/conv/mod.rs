//! Convolution: three operations, each the gradient of the others.
//!
//! The convolution is linear in the image and in the weights, so with `y = conv(x, w)`, `image(g, w)` its gradient with
//! respect to the image and `weight(x, g)` that with respect to the weights, every derivative of the three is one of the
//! three again. That is what makes second-order estimators work.

mod correlate;
mod geometry;
mod image;
mod pack;
mod weight;
#[cfg(target_arch = "x86_64")]
mod wide;

use candle_core::{Result, Tensor};

use super::element::{Array, Element};
use super::isa::Isa;
use super::kernel::{Computed, Kernel, apply, gradient};
use geometry::Geometry;

/// How a convolution's window moves, the same in both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Input pixels between two neighbouring outputs.
    pub stride: usize,
    /// Zeros put around the image on each side.
    pub padding: usize,
    /// Input pixels between two neighbouring taps.
    pub dilation: usize,
    /// Groups into which the channels are cut; a group's outputs see its own inputs only.
    pub groups: usize,
}

impl Default for Window {
    fn default() -> Self {
        Self { stride: 1, padding: 0, dilation: 1, groups: 1 }
    }
}

/// The convolution (as the field calls it: the cross-correlation) of `x: [n, in, h, w]` with
/// `weights: [out, in / groups, kh, kw]`, without bias: `[n, out, h', w']` with
/// `h' = (h + 2 padding - dilation (kh - 1) - 1) / stride + 1`, rounded down.
///
/// # Errors
/// If the shapes do not fit each other, the window does not fit the padded image, a stride, dilation or number of groups is
/// zero, or a tensor is not on the CPU.
pub fn conv2d(x: &Tensor, weights: &Tensor, window: Window) -> Result<Tensor> {
    apply(Convolution { window }, [x, weights])
}

/// `(x, w) -> y`
struct Convolution {
    window: Window,
}

/// `(gy, w) -> gx`, for images of `h x w` pixels.
struct ImageGradient {
    window: Window,
    size: (usize, usize),
}

/// `(x, gy) -> gw`, for kernels of `kh x kw` taps.
struct WeightGradient {
    window: Window,
    kernel: (usize, usize),
}

impl Kernel<2> for Convolution {
    const NAME: &'static str = "conv2d";

    fn forward<T: Element>(&self, isa: Isa, [x, w]: [Array<T>; 2]) -> Result<Computed<T>> {
        let g = Geometry::new(x.image()?, w.image()?, self.window)?;
        Ok((correlate::convolve(isa, &g, x.data, w.data), (g.n, g.co, g.ho, g.wo).into()))
    }

    fn backward(&self, [x, w]: [&Tensor; 2], _y: &Tensor, gy: &Tensor) -> Result<[Option<Tensor>; 2]> {
        let (window, (_, _, h, width), (_, _, kh, kw)) = (self.window, x.dims4()?, w.dims4()?);
        Ok([
            wanted(x, || gradient(ImageGradient { window, size: (h, width) }, [gy, w]))?,
            wanted(w, || gradient(WeightGradient { window, kernel: (kh, kw) }, [x, gy]))?,
        ])
    }
}

impl Kernel<2> for ImageGradient {
    const NAME: &'static str = "conv2d image gradient";

    fn forward<T: Element>(&self, isa: Isa, [gy, w]: [Array<T>; 2]) -> Result<Computed<T>> {
        let ([n, ..], [_, in_group, ..]) = (gy.image()?, w.image()?);
        let g = Geometry::new([n, in_group * self.window.groups, self.size.0, self.size.1], w.image()?, self.window)?;
        g.expect_output(gy.image()?)?;
        Ok((image::image_gradient(isa, &g, gy.data, w.data), (g.n, g.ci, g.hi, g.wi).into()))
    }

    fn backward(&self, [gy, w]: [&Tensor; 2], _gx: &Tensor, ggx: &Tensor) -> Result<[Option<Tensor>; 2]> {
        let (window, (_, _, kh, kw)) = (self.window, w.dims4()?);
        Ok([
            wanted(gy, || gradient(Convolution { window }, [ggx, w]))?,
            wanted(w, || gradient(WeightGradient { window, kernel: (kh, kw) }, [ggx, gy]))?,
        ])
    }
}

impl Kernel<2> for WeightGradient {
    const NAME: &'static str = "conv2d weight gradient";

    fn forward<T: Element>(&self, isa: Isa, [x, gy]: [Array<T>; 2]) -> Result<Computed<T>> {
        let ([_, ci, ..], [_, co, ..]) = (x.image()?, gy.image()?);
        let weights = [co, ci / self.window.groups, self.kernel.0, self.kernel.1];
        let g = Geometry::new(x.image()?, weights, self.window)?;
        g.expect_output(gy.image()?)?;
        Ok((weight::weight_gradient(isa, &g, x.data, gy.data), weights.as_slice().into()))
    }

    fn backward(&self, [x, gy]: [&Tensor; 2], _gw: &Tensor, ggw: &Tensor) -> Result<[Option<Tensor>; 2]> {
        let (window, (_, _, h, w)) = (self.window, x.dims4()?);
        Ok([
            wanted(x, || gradient(ImageGradient { window, size: (h, w) }, [gy, ggw]))?,
            wanted(gy, || gradient(Convolution { window }, [x, ggw]))?,
        ])
    }
}

/// The gradient of `input`, computed only if something upstream needs it. At the stem, whose images are data, nothing does.
pub(super) fn wanted(input: &Tensor, compute: impl FnOnce() -> Result<Tensor>) -> Result<Option<Tensor>> {
    input.track_op().then(compute).transpose()
}

#[cfg(test)]
mod tests;
