//! The convolution of the ReLU of an image, in one pass on a GPU.
//!
//! A GPU is done with a convolution about when it has read the image, so a ReLU of its own would double the time, and its output would have
//! to be kept for the backward pass. The CPU computes one ReLU for all convolutions of an image instead.

use candle_core::{Result, Tensor};

use super::super::element::{Array, Element};
use super::super::elementwise::{Relu, ReluGradient};
use super::super::isa::Isa;
use super::super::kept_graph::graph_is_kept;
use super::super::kernel::{Computed, Kernel, apply, gradient};
use super::super::wanted::wanted;
use super::{Convolution, ImageGradient, View, WeightGradient, part_of};
use crate::Window;
use crate::slice::Slice;

/// [`conv2d`](super::conv2d) of the ReLU of `x`.
///
/// # Errors
/// As for [`conv2d`](super::conv2d).
pub fn conv2d_of_relu(x: &Tensor, weights: &Tensor, window: Window) -> Result<Tensor> {
    let view = std::sync::Arc::new(View::all(weights.dims()));
    apply(RectifiedConvolution(Convolution { window, view }), [x, weights])
}

/// [`conv2d_slice`](super::conv2d_slice) of the ReLU of `x`.
///
/// # Errors
/// As for [`conv2d_slice`](super::conv2d_slice).
pub fn conv2d_slice_of_relu(x: &Tensor, weights: &Tensor, slice: &Slice, window: Window) -> Result<Tensor> {
    apply(RectifiedConvolution(part_of(weights, slice, window)?), [x, weights])
}

/// `(x, w) -> y`
pub(crate) struct RectifiedConvolution(pub(crate) Convolution);

/// `(gy, w, x) -> gx`
pub(crate) struct RectifiedImageGradient(pub(crate) ImageGradient);

/// `(x, gy) -> gw`
pub(crate) struct RectifiedWeightGradient(pub(crate) WeightGradient);

/// The ReLU of an array.
fn relu<T: Element>(isa: Isa, x: Array<T>) -> Result<Computed<T>> {
    Relu.forward(isa, [x])
}

impl Kernel<2> for RectifiedConvolution {
    const NAME: &'static str = "conv2d of relu";

    fn forward<T: Element>(&self, isa: Isa, [x, w]: [Array<T>; 2]) -> Result<Computed<T>> {
        let (rectified, _) = relu(isa, x)?;
        self.0.forward(isa, [Array { data: &rectified, dims: x.dims }, w])
    }

    fn backward(&self, [x, w]: [&Tensor; 2], _y: &Tensor, gy: &Tensor) -> Result<[Option<Tensor>; 2]> {
        let (window, view, (_, _, height, width)) = (self.0.window, &self.0.view, x.dims4()?);
        let of_image = ImageGradient { window, view: view.clone(), size: (height, width) };
        let of_weights = WeightGradient { window, view: view.clone() };
        if graph_is_kept()? {
            // Recorded step by step, so that each step has its own derivative.
            let rectified = apply(Relu, [x])?;
            let passed = || gradient(ReluGradient, [&gradient(of_image, [gy, w])?, &rectified.detach()]);
            return Ok([wanted(x, passed)?, wanted(w, || gradient(of_weights, [&rectified, gy]))?]);
        }
        Ok([
            wanted(x, || gradient(RectifiedImageGradient(of_image), [gy, w, x]))?,
            wanted(w, || gradient(RectifiedWeightGradient(of_weights), [x, gy]))?,
        ])
    }
}

impl Kernel<3> for RectifiedImageGradient {
    const NAME: &'static str = "conv2d of relu image gradient";

    fn forward<T: Element>(&self, isa: Isa, [gy, w, x]: [Array<T>; 3]) -> Result<Computed<T>> {
        let (passed, shape) = self.0.forward(isa, [gy, w])?;
        ReluGradient.forward(isa, [Array { data: &passed, dims: shape.dims() }, x])
    }

    fn backward(&self, _: [&Tensor; 3], _: &Tensor, _: &Tensor) -> Result<[Option<Tensor>; 3]> {
        unrecorded()
    }
}

impl Kernel<2> for RectifiedWeightGradient {
    const NAME: &'static str = "conv2d of relu weight gradient";

    fn forward<T: Element>(&self, isa: Isa, [x, gy]: [Array<T>; 2]) -> Result<Computed<T>> {
        let (rectified, _) = relu(isa, x)?;
        self.0.forward(isa, [Array { data: &rectified, dims: x.dims }, gy])
    }

    fn backward(&self, _: [&Tensor; 2], _: &Tensor, _: &Tensor) -> Result<[Option<Tensor>; 2]> {
        unrecorded()
    }
}

/// These gradients are computed only where the graph of gradients is not kept.
fn unrecorded<R>() -> Result<R> {
    candle_core::bail!("conv2d of relu: this gradient has no derivative; keep the graph in the pass that computes it")
}

#[cfg(test)]
mod tests {
    use super::super::super::testing::{
        away_from_zero, beside, check, check_sealed, check_second_order, random, runs_with_kept_graph, values,
    };
    use super::super::super::{conv2d, conv2d_slice, relu};
    use super::*;
    use crate::slice::Channels;

    fn cases() -> [([usize; 4], [usize; 4], Window); 4] {
        let plain = Window { padding: 1, ..Window::default() };
        [
            ([2, 3, 6, 7], [4, 3, 3, 3], plain),
            ([3, 4, 8, 8], [6, 2, 3, 3], Window { stride: 2, groups: 2, ..plain }),
            ([2, 5, 9, 9], [5, 1, 5, 5], Window { padding: 4, dilation: 2, groups: 5, ..plain }),
            ([2, 16, 8, 8], [16, 16, 1, 1], Window::default()),
        ]
    }

    #[test]
    fn it_is_a_relu_and_a_convolution() {
        for (x, w, window) in cases() {
            let (x, w) = (away_from_zero(&x), random("w", &w));
            let apart = conv2d(&relu(&x).unwrap(), &w, window).unwrap();
            assert_eq!(values(&conv2d_of_relu(&x, &w, window).unwrap()), values(&apart));
            check(&[x.clone(), w.clone()], |inputs| conv2d_of_relu(&inputs[0], &inputs[1], window));
            check_sealed(&x, |x| conv2d_of_relu(x, &beside(&w, x), window));
        }
    }

    #[test]
    fn a_part_of_the_weights_is_read_where_it_is() {
        let (x, w) = (away_from_zero(&[3, 4, 7, 6]), random("w", &[6, 8, 3, 3]));
        let window = Window { padding: 1, ..Window::default() };
        for inputs in [Channels::First(4), Channels::Picked([0, 2, 5, 7].into())] {
            let part = Slice::new(Channels::Picked([1, 3, 4].into()), inputs);
            let apart = conv2d_slice(&relu(&x).unwrap(), &w, &part, window).unwrap();
            assert_eq!(values(&conv2d_slice_of_relu(&x, &w, &part, window).unwrap()), values(&apart));
            check(&[x.clone(), w.clone()], |inputs| conv2d_slice_of_relu(&inputs[0], &inputs[1], &part, window));
        }
    }

    #[test]
    fn derivatives_of_derivatives() {
        if !runs_with_kept_graph("cpu::conv::rectified::tests::derivatives_of_derivatives") {
            return;
        }
        for (x, w, window) in cases() {
            let inputs = [away_from_zero(&x), random("w", &w)];
            check_second_order(&inputs, |inputs| conv2d_of_relu(&inputs[0], &inputs[1], window)?.sqr());
        }
    }
}
