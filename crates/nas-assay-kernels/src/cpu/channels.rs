//! Kernels that take tensors apart and join them by channels, the second dimension.
//!
//! A tensor is `[n, c, ...]`: images, or the weight of a convolution, whose second dimension is its input channels.

use std::ops::Range;

use candle_core::{Result, Shape, Tensor, bail};
use rayon::prelude::*;

use super::element::{Array, Element, to_be_overwritten};
use super::isa::{Isa, vectorised};
use super::kernel::{Computed, Kernel, apply, gradient};
use super::wanted::wanted;

/// The channels `channels` of `x`: `[n, c, ...]` to `[n, channels.len(), ...]`.
///
/// # Errors
/// If there are no such channels.
pub fn take_channels(x: &Tensor, channels: Range<usize>) -> Result<Tensor> {
    apply(Take { channels }, [x])
}

/// A tensor of `total` channels: `x` from channel `start` on, zeros in the others: `[n, c, ...]` to `[n, total, ...]`.
///
/// # Errors
/// If the channels of `x` do not fit into `total`.
pub fn place_channels(x: &Tensor, start: usize, total: usize) -> Result<Tensor> {
    apply(Place { start, total }, [x])
}

/// The channels of `x`, followed by the channels of `y`: `[n, a, ...]` and `[n, b, ...]` to `[n, a + b, ...]`.
///
/// # Errors
/// If the tensors differ in another dimension.
pub fn join_channels(x: &Tensor, y: &Tensor) -> Result<Tensor> {
    apply(Join, [x, y])
}

/// `x` with `y` added to its channels from `start` on.
///
/// # Errors
/// If `x` has too few channels for that, or the tensors differ in another dimension.
pub fn add_channels(x: &Tensor, y: &Tensor, start: usize) -> Result<Tensor> {
    apply(AddAt { start }, [x, y])
}

/// Takes some of the channels.
pub(crate) struct Take {
    pub(crate) channels: Range<usize>,
}

/// A tensor of `total` channels: the given ones from `start` on, zeros in the others.
pub(crate) struct Place {
    pub(crate) start: usize,
    pub(crate) total: usize,
}

/// `(a, b) ->` the channels of both.
pub(crate) struct Join;

/// `(x, y) -> x` with `y` added to its channels from `start` on.
pub(crate) struct AddAt {
    pub(crate) start: usize,
}

/// The number of channels, and the number of elements in each.
pub(crate) fn rows(dims: &[usize]) -> Result<(usize, usize)> {
    match dims {
        [_, channels, rest @ ..] => Ok((*channels, rest.iter().product())),
        _ => bail!("a tensor with channels is [n, c, ...], but this one is {dims:?}"),
    }
}

/// The same shape with another number of channels.
pub(crate) fn with_channels(dims: &[usize], channels: usize) -> Shape {
    let mut dims = dims.to_vec();
    dims[1] = channels;
    dims.into()
}

/// An error unless a tensor of `total` channels has `channels`, and there is at least one.
pub(crate) fn expect_inside(channels: &Range<usize>, total: usize) -> Result<()> {
    if channels.start < channels.end && channels.end <= total {
        Ok(())
    } else {
        bail!("there are no channels {channels:?} of {total}")
    }
}

/// An error if two shapes differ in more than their channels.
pub(crate) fn expect_alike(a: &[usize], b: &[usize]) -> Result<()> {
    if a.len() == b.len() && a[0] == b[0] && a[2..] == b[2..] {
        Ok(())
    } else {
        bail!("the shapes {a:?} and {b:?} differ in more than their channels")
    }
}

impl Kernel<1> for Take {
    const NAME: &'static str = "take channels";

    fn forward<T: Element>(&self, _: Isa, [x]: [Array<T>; 1]) -> Result<Computed<T>> {
        let (total, size) = rows(x.dims)?;
        expect_inside(&self.channels, total)?;
        let (taken, shape) = (self.channels.len(), with_channels(x.dims, self.channels.len()));
        let mut y = to_be_overwritten(shape.elem_count());
        y.par_chunks_mut((taken * size).max(1)).zip(x.data.par_chunks((total * size).max(1))).for_each(|(y, x)| {
            y.copy_from_slice(&x[self.channels.start * size..self.channels.end * size]);
        });
        Ok((y, shape))
    }

    fn backward(&self, [x]: [&Tensor; 1], _y: &Tensor, gy: &Tensor) -> Result<[Option<Tensor>; 1]> {
        Ok([wanted(x, || gradient(Place { start: self.channels.start, total: x.dim(1)? }, [gy]))?])
    }
}

impl Kernel<1> for Place {
    const NAME: &'static str = "place channels";

    fn forward<T: Element>(&self, _: Isa, [x]: [Array<T>; 1]) -> Result<Computed<T>> {
        let (placed, size) = rows(x.dims)?;
        let channels = self.start..self.start + placed;
        expect_inside(&channels, self.total)?;
        let shape = with_channels(x.dims, self.total);
        let mut y = to_be_overwritten(shape.elem_count());
        y.par_chunks_mut((self.total * size).max(1)).zip(x.data.par_chunks((placed * size).max(1))).for_each(
            |(y, x)| {
                y[..channels.start * size].fill(T::ZERO);
                y[channels.start * size..channels.end * size].copy_from_slice(x);
                y[channels.end * size..].fill(T::ZERO);
            },
        );
        Ok((y, shape))
    }

    fn backward(&self, [x]: [&Tensor; 1], _y: &Tensor, gy: &Tensor) -> Result<[Option<Tensor>; 1]> {
        Ok([wanted(x, || gradient(Take { channels: self.start..self.start + x.dim(1)? }, [gy]))?])
    }
}

impl Kernel<2> for Join {
    const NAME: &'static str = "join channels";

    fn forward<T: Element>(&self, _: Isa, [a, b]: [Array<T>; 2]) -> Result<Computed<T>> {
        let ((first, size), (second, _)) = (rows(a.dims)?, rows(b.dims)?);
        expect_alike(a.dims, b.dims)?;
        let shape = with_channels(a.dims, first + second);
        let mut y = to_be_overwritten(shape.elem_count());
        let parts = a.data.par_chunks((first * size).max(1)).zip(b.data.par_chunks((second * size).max(1)));
        y.par_chunks_mut(((first + second) * size).max(1)).zip(parts).for_each(|(y, (a, b))| {
            y[..first * size].copy_from_slice(a);
            y[first * size..].copy_from_slice(b);
        });
        Ok((y, shape))
    }

    fn backward(&self, [a, b]: [&Tensor; 2], y: &Tensor, gy: &Tensor) -> Result<[Option<Tensor>; 2]> {
        let (middle, end) = (a.dim(1)?, y.dim(1)?);
        let part = |channels| gradient(Take { channels }, [gy]);
        Ok([wanted(a, || part(0..middle))?, wanted(b, || part(middle..end))?])
    }
}

impl Kernel<2> for AddAt {
    const NAME: &'static str = "add channels";

    fn forward<T: Element>(&self, isa: Isa, [x, y]: [Array<T>; 2]) -> Result<Computed<T>> {
        let ((total, size), (added, _)) = (rows(x.dims)?, rows(y.dims)?);
        expect_alike(x.dims, y.dims)?;
        let channels = self.start..self.start + added;
        expect_inside(&channels, total)?;
        let mut sum = to_be_overwritten(x.data.len());
        let terms = x.data.par_chunks((total * size).max(1)).zip(y.data.par_chunks((added * size).max(1)));
        sum.par_chunks_mut((total * size).max(1)).zip(terms).for_each(|(sum, (x, y))| {
            sum.copy_from_slice(x);
            add_to(isa, y, &mut sum[channels.start * size..channels.end * size]);
        });
        Ok((sum, x.dims.into()))
    }

    fn backward(&self, [x, y]: [&Tensor; 2], _sum: &Tensor, arriving: &Tensor) -> Result<[Option<Tensor>; 2]> {
        let channels = self.start..self.start + y.dim(1)?;
        let for_y = wanted(y, || gradient(Take { channels }, [arriving]))?;
        Ok([x.track_op().then(|| arriving.clone()), for_y])
    }
}

vectorised! {
    fn add_to<T>(y: &[T], sum: &mut [T]) {
        for (sum, &y) in sum.iter_mut().zip(y) {
            *sum += y;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{
        beside, check, check_sealed, check_second_order, random, runs_with_kept_graph, values,
    };
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        #[test]
        fn parts_are_where_they_belong(n in 1..4_usize, a in 1..4_usize, b in 1..4_usize, c in 1..4_usize, side in 1..20_usize) {
            let [x, y, z] = [("x", a), ("y", b), ("z", c)].map(|(name, channels)| random(name, &[n, channels, side, side]));
            let joined = join_channels(&join_channels(&x, &y).unwrap(), &z).unwrap();
            prop_assert_eq!(values(&joined), values(&Tensor::cat(&[&x, &y, &z], 1).unwrap()));
            prop_assert_eq!(values(&take_channels(&joined, a..a + b).unwrap()), values(&y));
            let placed = place_channels(&y, a, a + b + c).unwrap();
            prop_assert_eq!(values(&placed), values(&y.pad_with_zeros(1, a, c).unwrap()));
            let sum = add_channels(&joined, &y, a).unwrap();
            prop_assert_eq!(values(&sum), values(&(&joined + &placed).unwrap()));
        }

        #[test]
        fn gradients_are_those_of_differences(n in 1..3_usize, a in 1..4_usize, b in 1..4_usize, side in 1..8_usize) {
            let (x, y) = (random("x", &[n, a, side, side]), random("y", &[n, b, side, side]));
            check(&[x.clone(), y.clone()], |inputs| join_channels(&inputs[0], &inputs[1])?.sqr());
            check(std::slice::from_ref(&x), |inputs| place_channels(&inputs[0], b, a + b + 1)?.sqr());
            check(std::slice::from_ref(&x), |inputs| take_channels(&inputs[0], a - 1..a)?.sqr());
            let wide = Tensor::cat(&[&x, &y, &x], 1).unwrap();
            check(&[wide, y], |inputs| add_channels(&inputs[0], &inputs[1], a)?.sqr());
        }
    }

    #[test]
    fn derivatives_of_derivatives() {
        if runs_with_kept_graph("cpu::channels::tests::derivatives_of_derivatives") {
            let inputs = [random("x", &[2, 3, 4, 4]), random("y", &[2, 2, 4, 4])];
            check_second_order(&inputs, |inputs| join_channels(&inputs[0].sqr()?, &inputs[1].sqr()?)?.sqr());
            check_second_order(&inputs, |inputs| add_channels(&inputs[0].sqr()?, &inputs[1].sqr()?, 1)?.sqr());
            check_second_order(&inputs[..1], |inputs| take_channels(&inputs[0].sqr()?, 1..3)?.sqr());
            check_second_order(&inputs[..1], |inputs| place_channels(&inputs[0].sqr()?, 1, 5)?.sqr());
        }
    }

    #[test]
    fn a_second_backward_pass_is_an_error_where_candle_cuts_the_graph() {
        check_sealed(&random("x", &[1, 2, 5, 5]), |x| take_channels(x, 0..1));
        check_sealed(&random("x", &[1, 2, 5, 5]), |x| place_channels(x, 1, 4));
        check_sealed(&random("x", &[1, 2, 5, 5]), |x| join_channels(x, x));
        check_sealed(&random("x", &[1, 2, 5, 5]), |x| add_channels(&beside(&random("y", &[1, 4, 5, 5]), x), x, 1));
    }

    #[test]
    fn channels_that_do_not_fit_are_an_error() {
        let (x, y) = (random("x", &[2, 3, 4, 4]), random("y", &[2, 2, 4, 5]));
        let errors = [
            (take_channels(&x, 2..4), "no channels 2..4 of 3"),
            (take_channels(&x, 1..1), "no channels 1..1 of 3"),
            (place_channels(&x, 2, 4), "no channels 2..5 of 4"),
            (join_channels(&x, &y), "differ in more than their channels"),
            (add_channels(&x, &y, 0), "differ in more than their channels"),
            (add_channels(&x, &x, 1), "no channels 1..4 of 3"),
            (take_channels(&random("z", &[3]), 0..1), "[n, c, ...]"),
        ];
        for (result, message) in errors {
            let error = result.unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
    }
}
