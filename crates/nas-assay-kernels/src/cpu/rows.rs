//! Kernels that take tensors apart and join them by rows, the first dimension.

use std::ops::Range;

use candle_core::{Result, Shape, Tensor, bail};

use super::element::{Array, Element};
use super::isa::Isa;
use super::kernel::{Computed, Kernel, apply, gradient};
use super::wanted::wanted;

/// The rows of `x`, followed by the rows of `y`: `[a, ...]` and `[b, ...]` to `[a + b, ...]`.
///
/// This joins the weights of two convolutions to the weight of one convolution with two groups. It runs on one thread, as weights are
/// small.
///
/// # Errors
/// If the tensors differ in another dimension.
pub fn join_rows(x: &Tensor, y: &Tensor) -> Result<Tensor> {
    apply(Join, [x, y])
}

/// `(x, y) ->` the rows of both.
pub(crate) struct Join;

/// Takes some of the rows.
pub(crate) struct Take {
    pub(crate) rows: Range<usize>,
}

/// A tensor of `total` rows: the given ones at `rows`, zeros in the others.
pub(crate) struct Place {
    pub(crate) rows: Range<usize>,
    pub(crate) total: usize,
}

/// The number of rows, and the number of elements in each.
pub(crate) fn rows(dims: &[usize]) -> Result<(usize, usize)> {
    match dims {
        [rows, rest @ ..] => Ok((*rows, rest.iter().product())),
        [] => bail!("a scalar has no rows"),
    }
}

/// The shape with another number of rows.
pub(crate) fn with_rows(dims: &[usize], rows: usize) -> Shape {
    [&[rows], &dims[1..]].concat().into()
}

impl Kernel<2> for Join {
    const NAME: &'static str = "join rows";

    fn forward<T: Element>(&self, _isa: Isa, [x, y]: [Array<T>; 2]) -> Result<Computed<T>> {
        let ((above, _), (below, _)) = (rows(x.dims)?, rows(y.dims)?);
        if x.dims[1..] != y.dims[1..] {
            bail!("the rows of {:?} and {:?} have different shapes", x.dims, y.dims);
        }
        Ok(([x.data, y.data].concat(), with_rows(x.dims, above + below)))
    }

    fn backward(&self, [x, y]: [&Tensor; 2], _: &Tensor, gy: &Tensor) -> Result<[Option<Tensor>; 2]> {
        let (middle, end) = (x.dim(0)?, gy.dim(0)?);
        let part = |rows| gradient(Take { rows }, [gy]);
        Ok([wanted(x, || part(0..middle))?, wanted(y, || part(middle..end))?])
    }
}

impl Kernel<1> for Take {
    const NAME: &'static str = "join rows gradient";

    fn forward<T: Element>(&self, _isa: Isa, [x]: [Array<T>; 1]) -> Result<Computed<T>> {
        let (_, size) = rows(x.dims)?;
        let taken = x.data[self.rows.start * size..self.rows.end * size].to_vec();
        Ok((taken, with_rows(x.dims, self.rows.len())))
    }

    fn backward(&self, [x]: [&Tensor; 1], _: &Tensor, gy: &Tensor) -> Result<[Option<Tensor>; 1]> {
        Ok([wanted(x, || gradient(Place { rows: self.rows.clone(), total: x.dim(0)? }, [gy]))?])
    }
}

impl Kernel<1> for Place {
    const NAME: &'static str = "join rows gradient's gradient";

    fn forward<T: Element>(&self, _isa: Isa, [x]: [Array<T>; 1]) -> Result<Computed<T>> {
        let (_, size) = rows(x.dims)?;
        let mut placed = vec![T::ZERO; self.total * size];
        placed[self.rows.start * size..self.rows.end * size].copy_from_slice(x.data);
        Ok((placed, with_rows(x.dims, self.total)))
    }

    fn backward(&self, [x]: [&Tensor; 1], _: &Tensor, gy: &Tensor) -> Result<[Option<Tensor>; 1]> {
        Ok([wanted(x, || gradient(Take { rows: self.rows.clone() }, [gy]))?])
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{
        beside, check, check_sealed, check_second_order, random, runs_with_kept_graph, values,
    };
    use super::*;

    #[test]
    fn rows_follow_rows() {
        let (x, y) = (random("x", &[2, 3, 2]), random("y", &[4, 3, 2]));
        let both = join_rows(&x, &y).unwrap();
        assert_eq!(both.dims(), [6, 3, 2]);
        assert_eq!(values(&both), [values(&x), values(&y)].concat());
        check(&[x, y], |inputs| join_rows(&inputs[0], &inputs[1])?.sqr());
    }

    #[test]
    fn derivatives_of_derivatives() {
        if runs_with_kept_graph("cpu::rows::tests::derivatives_of_derivatives") {
            let inputs = [random("x", &[2, 3]), random("y", &[1, 3])];
            check_second_order(&inputs, |inputs| join_rows(&inputs[0], &inputs[1])?.sqr());
        }
    }

    #[test]
    fn a_second_backward_pass_is_an_error_where_candle_cuts_the_graph() {
        let y = random("y", &[1, 3]);
        check_sealed(&random("x", &[2, 3]), |x| join_rows(x, &beside(&y, x)));
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let message = |x: &[usize], y: &[usize]| join_rows(&random("x", x), &random("y", y)).unwrap_err().to_string();
        assert!(message(&[2, 3], &[2, 4]).contains("have different shapes"));
        assert!(message(&[], &[2]).contains("a scalar has no rows"));
    }
}
