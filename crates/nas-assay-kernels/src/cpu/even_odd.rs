//! The pixels that the two convolutions of a factorised reduction read (Liu et al. 2019, DARTS).

use candle_core::{Result, Tensor, bail};
use rayon::prelude::*;

use super::element::{Array, Element, to_be_overwritten};
use super::elementwise::BLOCK;
use super::isa::Isa;
use super::kernel::{Computed, Kernel, apply, gradient};
use super::wanted::wanted;

/// Twice as many channels: first the pixels of `x: [n, c, h, w]` in even rows and even columns, then those in odd rows and odd columns, as
/// `[n, 2 c, ⌈h / 2⌉, ⌈w / 2⌉]`. Pixels beyond the edge are zero.
///
/// Take two 1x1 convolutions of stride 2, one over `x` and one over `x` without its first row and column. They are the same as one
/// convolution with two groups and stride 1 over this result.
///
/// # Errors
/// If `x` is not an image with pixels.
pub fn even_and_odd_pixels(x: &Tensor) -> Result<Tensor> {
    apply(EvenOdd, [x])
}

/// `x -> y`
pub(crate) struct EvenOdd;

/// `gy -> gx`, for images of `h x w` pixels.
pub(crate) struct EvenOddGradient {
    pub(crate) size: (usize, usize),
}

impl Kernel<1> for EvenOdd {
    const NAME: &'static str = "even and odd pixels";

    fn forward<T: Element>(&self, _isa: Isa, [x]: [Array<T>; 1]) -> Result<Computed<T>> {
        let [n, c, h, w] = filled(x.image()?)?;
        let (rows, columns) = (h.div_ceil(2), w.div_ceil(2));
        let (image, plane) = (c * h * w, rows * columns);
        let mut y = to_be_overwritten(n * 2 * c * plane);
        y.par_chunks_exact_mut(c * plane).enumerate().with_min_len(images_at_once(c * plane)).for_each(|(half, y)| {
            let (x, odd) = (&x.data[half / 2 * image..][..image], half % 2);
            for (x, y) in x.chunks_exact(h * w).zip(y.chunks_exact_mut(plane)) {
                for (row, y) in y.chunks_exact_mut(columns).enumerate() {
                    let Some(x) = x.get((2 * row + odd) * w + odd..(2 * row + odd + 1) * w) else {
                        y.fill(T::ZERO);
                        continue;
                    };
                    y[columns - 1] = T::ZERO;
                    y.iter_mut().zip(x.iter().step_by(2)).for_each(|(y, &x)| *y = x);
                }
            }
        });
        Ok((y, (n, 2 * c, rows, columns).into()))
    }

    fn backward(&self, [x]: [&Tensor; 1], _y: &Tensor, gy: &Tensor) -> Result<[Option<Tensor>; 1]> {
        let (_, _, h, w) = x.dims4()?;
        Ok([wanted(x, || gradient(EvenOddGradient { size: (h, w) }, [gy]))?])
    }
}

impl Kernel<1> for EvenOddGradient {
    const NAME: &'static str = "even and odd pixels gradient";

    fn forward<T: Element>(&self, _isa: Isa, [gy]: [Array<T>; 1]) -> Result<Computed<T>> {
        let ([n, channels, rows, columns], (h, w)) = (filled(gy.image()?)?, self.size);
        if (rows, columns) != (h.div_ceil(2), w.div_ceil(2)) || !channels.is_multiple_of(2) {
            bail!("a gradient of shape {:?} does not fit an image of {h} x {w} pixels", gy.dims);
        }
        let (c, plane) = (channels / 2, rows * columns);
        let mut gx = to_be_overwritten(n * c * h * w);
        gx.par_chunks_exact_mut(c * h * w).zip(gy.data.par_chunks_exact(channels * plane)).for_each(|(gx, gy)| {
            let (even, odd) = gy.split_at(c * plane);
            let planes = even.chunks_exact(plane).zip(odd.chunks_exact(plane));
            for (gx, (even, odd)) in gx.chunks_exact_mut(h * w).zip(planes) {
                for (row, gx) in gx.chunks_exact_mut(w).enumerate() {
                    let source = if row % 2 == 0 { even } else { odd };
                    fill_every_second(&source[row / 2 * columns..][..columns], row % 2, gx);
                }
            }
        });
        Ok((gx, (n, c, h, w).into()))
    }

    fn backward(&self, [gy]: [&Tensor; 1], _gx: &Tensor, ggx: &Tensor) -> Result<[Option<Tensor>; 1]> {
        Ok([wanted(gy, || gradient(EvenOdd, [ggx]))?])
    }
}

/// Writes `source` to every second place of `target` from `first` on, and zeros to the others.
fn fill_every_second<T: Element>(source: &[T], first: usize, target: &mut [T]) {
    let (pairs, last) = target.as_chunks_mut::<2>();
    for (pair, &value) in pairs.iter_mut().zip(source) {
        *pair = if first == 0 { [value, T::ZERO] } else { [T::ZERO, value] };
    }
    if let [last] = last {
        *last = if first == 0 { source[source.len() - 1] } else { T::ZERO };
    }
}

/// The shape of an image, or an error if it has no pixels.
fn filled(dims: [usize; 4]) -> Result<[usize; 4]> {
    if dims.contains(&0) {
        bail!("an image of shape {dims:?} has no pixels");
    }
    Ok(dims)
}

/// The number of half images that make one piece of work.
fn images_at_once(pixels: usize) -> usize {
    BLOCK.div_ceil(pixels)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_sealed, check_second_order, random, runs_with_kept_graph, values};
    use super::super::{Window, conv2d};
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        #[test]
        fn pixels_are_where_the_definition_says(n in 1..4_usize, c in 1..4_usize, h in 1..9_usize, w in 1..9_usize) {
            let x = random("x", &[n, c, h, w]);
            let (pixels, rows, columns) = (values(&x), h.div_ceil(2), w.div_ceil(2));
            let mut expected = Vec::new();
            for (image, odd, channel) in (0..n * 2 * c).map(|i| (i / (2 * c), i / c % 2, i % c)) {
                for (row, column) in (0..rows * columns).map(|i| (2 * (i / columns) + odd, 2 * (i % columns) + odd)) {
                    let inside = row < h && column < w;
                    expected.push(if inside { pixels[((image * c + channel) * h + row) * w + column] } else { 0.0 });
                }
            }
            let y = even_and_odd_pixels(&x).unwrap();
            prop_assert_eq!(y.dims(), [n, 2 * c, rows, columns]);
            prop_assert_eq!(values(&y), expected);
            check(&[x], |inputs| even_and_odd_pixels(&inputs[0]));
        }
    }

    /// The purpose: two strided convolutions in one.
    #[test]
    fn one_grouped_convolution_is_two_strided_ones() {
        let (x, even, odd) = (random("x", &[2, 3, 8, 6]), random("e", &[2, 3, 1, 1]), random("o", &[2, 3, 1, 1]));
        let halving = Window { stride: 2, ..Window::default() };
        let shifted = x.narrow(2, 1, 7).unwrap().narrow(3, 1, 5).unwrap();
        let two = [conv2d(&x, &even, halving).unwrap(), conv2d(&shifted, &odd, halving).unwrap()];
        let weights = Tensor::cat(&[even, odd], 0).unwrap();
        let one =
            conv2d(&even_and_odd_pixels(&x).unwrap(), &weights, Window { groups: 2, ..Window::default() }).unwrap();
        assert_eq!(values(&one), values(&Tensor::cat(&two, 1).unwrap()));
    }

    #[test]
    fn derivatives_of_derivatives() {
        if runs_with_kept_graph("cpu::even_odd::tests::derivatives_of_derivatives") {
            check_second_order(&[random("x", &[2, 2, 5, 4])], |inputs| even_and_odd_pixels(&inputs[0])?.sqr());
        }
    }

    #[test]
    fn a_second_backward_pass_is_an_error_where_candle_cuts_the_graph() {
        check_sealed(&random("x", &[1, 2, 5, 5]), even_and_odd_pixels);
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        assert!(even_and_odd_pixels(&random("x", &[2, 3, 4])).unwrap_err().to_string().contains("is [n, c, h, w]"));
        assert!(even_and_odd_pixels(&random("x", &[2, 0, 4, 4])).unwrap_err().to_string().contains("has no pixels"));
    }
}
