//! Tensors one after the other.

use std::ops::Range;

use candle_core::{Result, Shape, Tensor, bail};

use super::element::{Array, Element};
use super::isa::Isa;
use super::kernel::{Computed, Kernel, apply, gradient};
use super::wanted::wanted;

/// The rows of `x`, then those of `y`: `[a, ...]` and `[b, ...]` to `[a + b, ...]`. The weights of two convolutions so become those of one
/// in two groups. Meant for weights: it runs on one thread.
///
/// # Errors
/// If the tensors differ in another dimension.
pub fn join_rows(x: &Tensor, y: &Tensor) -> Result<Tensor> {
    apply(Join, [x, y])
}

struct Join;

/// Some of the rows.
struct Rows(Range<usize>);

/// Rows among so many, of which the others are zero: the gradient of [`Rows`].
struct RowsAmong(Range<usize>, usize);

/// The number of rows, and of elements in each.
fn rows(dims: &[usize]) -> Result<(usize, usize)> {
    match dims {
        [rows, rest @ ..] => Ok((*rows, rest.iter().product())),
        [] => bail!("a scalar has no rows"),
    }
}

/// The shape with another number of rows.
fn with_rows(dims: &[usize], rows: usize) -> Shape {
    [&[rows], &dims[1..]].concat().into()
}

impl Kernel<2> for Join {
    const NAME: &'static str = "join rows";

    fn forward<T: Element>(&self, _isa: Isa, [x, y]: [Array<T>; 2]) -> Result<Computed<T>> {
        let ((above, _), (below, _)) = (rows(x.dims)?, rows(y.dims)?);
        if x.dims[1..] != y.dims[1..] {
            bail!("rows of {:?} and of {:?} are not alike", x.dims, y.dims);
        }
        Ok(([x.data, y.data].concat(), with_rows(x.dims, above + below)))
    }

    fn backward(&self, [x, y]: [&Tensor; 2], _: &Tensor, gradient_of_both: &Tensor) -> Result<[Option<Tensor>; 2]> {
        let (middle, end) = (x.dim(0)?, gradient_of_both.dim(0)?);
        let part = |rows| gradient(Rows(rows), [gradient_of_both]);
        Ok([wanted(x, || part(0..middle))?, wanted(y, || part(middle..end))?])
    }
}

impl Kernel<1> for Rows {
    const NAME: &'static str = "join rows gradient";

    fn forward<T: Element>(&self, _isa: Isa, [x]: [Array<T>; 1]) -> Result<Computed<T>> {
        let (_, size) = rows(x.dims)?;
        let taken = x.data[self.0.start * size..self.0.end * size].to_vec();
        Ok((taken, with_rows(x.dims, self.0.len())))
    }

    fn backward(&self, [x]: [&Tensor; 1], _: &Tensor, gy: &Tensor) -> Result<[Option<Tensor>; 1]> {
        Ok([wanted(x, || gradient(RowsAmong(self.0.clone(), x.dim(0)?), [gy]))?])
    }
}

impl Kernel<1> for RowsAmong {
    const NAME: &'static str = "join rows gradient's gradient";

    fn forward<T: Element>(&self, _isa: Isa, [x]: [Array<T>; 1]) -> Result<Computed<T>> {
        let (_, size) = rows(x.dims)?;
        let mut among = vec![T::ZERO; self.1 * size];
        among[self.0.start * size..self.0.end * size].copy_from_slice(x.data);
        Ok((among, with_rows(x.dims, self.1)))
    }

    fn backward(&self, [x]: [&Tensor; 1], _: &Tensor, gy: &Tensor) -> Result<[Option<Tensor>; 1]> {
        Ok([wanted(x, || gradient(Rows(self.0.clone()), [gy]))?])
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_sealed, check_second_order, random, runs_with_kept_graph, values};
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
        check_sealed(&random("x", &[2, 3]), |x| join_rows(x, &y));
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let message = |x: &[usize], y: &[usize]| join_rows(&random("x", x), &random("y", y)).unwrap_err().to_string();
        assert!(message(&[2, 3], &[2, 4]).contains("are not alike"));
        assert!(message(&[], &[2]).contains("a scalar has no rows"));
    }
}
