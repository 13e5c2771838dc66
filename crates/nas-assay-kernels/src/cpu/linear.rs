//! Fully connected layers. The gradient of a matrix product is two more matrix products.

use std::borrow::Cow;

use candle_core::{Result, Tensor, bail};
use rayon::prelude::*;

use super::element::{Array, Element};
use super::isa::{Isa, vectorised};
use super::kernel::{Computed, Kernel, apply, gradient};
use super::wanted::wanted;

/// Rows of a product that make one piece of work.
const ROWS_AT_ONCE: usize = 16;

/// Multiply-adds that a thread is given at least.
const LEAST_WORK: usize = 1 << 16;

/// Rows of a product that are computed in registers at a time.
const HEIGHT: usize = 4;

/// Columns of a product that are computed in registers at a time.
const WIDTH: usize = 16;

/// `x wᵀ + b`, for `x: [n, in]`, `w: [out, in]` and `b: [out]`: `[n, out]`.
///
/// # Errors
/// If the shapes do not fit each other, a matrix is empty, or the tensors are on different devices.
pub fn linear(x: &Tensor, weights: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let product = Product { left: Side::AsIs, right: Side::Transposed };
    match bias {
        None => apply(product, [x, weights]),
        Some(bias) => apply(Affine, [x, weights, bias]),
    }
}

/// How a matrix enters a product.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    AsIs,
    Transposed,
}

impl Side {
    fn flip(self) -> Self {
        if self == Self::AsIs { Self::Transposed } else { Self::AsIs }
    }

    /// The number of rows and columns of the matrix as it enters the product.
    fn size<T>(self, matrix: &Array<'_, T>) -> Result<(usize, usize)> {
        match (self, matrix.dims) {
            (Self::AsIs, &[rows, columns]) | (Self::Transposed, &[columns, rows]) => Ok((rows, columns)),
            _ => bail!("a matrix has two dimensions, but this tensor has the shape {:?}", matrix.dims),
        }
    }

    /// The elements of the matrix as it enters the product, row by row.
    fn rows<T: Element>(self, matrix: &[T], (rows, columns): (usize, usize)) -> Cow<'_, [T]> {
        if self == Self::AsIs {
            return matrix.into();
        }
        (0..rows * columns).map(|i| matrix[i % columns * rows + i / columns]).collect()
    }

    /// The matrix as it enters the product, its columns cut into blocks: `[block][row][column in block]`. The last block is filled up with
    /// zeros.
    fn blocks<T: Element>(self, matrix: &[T], (rows, columns): (usize, usize)) -> Vec<[T; WIDTH]> {
        let (down, right) = if self == Self::AsIs { (columns, 1) } else { (1, rows) };
        let mut blocks = vec![[T::ZERO; WIDTH]; columns.div_ceil(WIDTH) * rows];
        for (i, block) in blocks.iter_mut().enumerate() {
            let (row, first) = (i % rows, i / rows * WIDTH);
            for (column, element) in (first..columns).zip(block) {
                *element = matrix[row * down + column * right];
            }
        }
        blocks
    }
}

/// `a b`, each of them transposed or not.
pub(crate) struct Product {
    pub(crate) left: Side,
    pub(crate) right: Side,
}

impl Product {
    fn compute<T: Element>(&self, isa: Isa, a: Array<T>, b: Array<T>, start: &[T]) -> Result<(Vec<T>, usize, usize)> {
        let ((rows, inner), (inner_too, columns)) = (self.left.size(&a)?, self.right.size(&b)?);
        if inner != inner_too || rows * inner * columns == 0 {
            bail!("matrices of {rows} x {inner} and {inner_too} x {columns} cannot be multiplied");
        }
        let (a, b) = (self.left.rows(a.data, (rows, inner)), self.right.blocks(b.data, (inner, columns)));
        let mut product = if start.is_empty() { vec![T::ZERO; rows * columns] } else { start.repeat(rows) };
        product
            .par_chunks_mut(ROWS_AT_ONCE * columns)
            .zip(a.par_chunks(ROWS_AT_ONCE * inner))
            .with_min_len(LEAST_WORK / (ROWS_AT_ONCE * inner * columns) + 1)
            .for_each(|(product, a)| {
                for (product, a) in product.chunks_mut(HEIGHT * columns).zip(a.chunks(HEIGHT * inner)) {
                    if a.len() == HEIGHT * inner {
                        accumulate::<T, HEIGHT>(isa, a, &b, (inner, columns), product);
                        continue;
                    }
                    for (product, a) in product.chunks_exact_mut(columns).zip(a.chunks_exact(inner)) {
                        accumulate::<T, 1>(isa, a, &b, (inner, columns), product);
                    }
                }
            });
        Ok((product, rows, columns))
    }
}

vectorised! {
    /// `product += a b` for `R` rows. Each element is a chain of fused multiply-adds along the inner dimension.
    fn accumulate<T, R>(a: &[T], b: &[[T; WIDTH]], size: (usize, usize), product: &mut [T]) {
        let (inner, columns) = size;
        assert!(a.len() == R * inner);
        for (block, b) in b.chunks_exact(inner).enumerate() {
            let (first, count) = (block * WIDTH, WIDTH.min(columns - block * WIDTH));
            let mut sums = [[T::ZERO; WIDTH]; R];
            for (sums, row) in sums.iter_mut().zip(product.chunks_exact(columns)) {
                sums[..count].copy_from_slice(&row[first..][..count]);
            }
            for (i, b) in b.iter().enumerate() {
                for r in 0..R {
                    let factor = a[r * inner + i];
                    for c in 0..WIDTH {
                        sums[r][c] = factor.fma(b[c], sums[r][c]);
                    }
                }
            }
            for (sums, row) in sums.iter().zip(product.chunks_exact_mut(columns)) {
                row[first..][..count].copy_from_slice(&sums[..count]);
            }
        }
    }
}

impl Kernel<2> for Product {
    const NAME: &'static str = "linear";

    fn forward<T: Element>(&self, isa: Isa, [a, b]: [Array<T>; 2]) -> Result<Computed<T>> {
        let (product, rows, columns) = self.compute(isa, a, b, &[])?;
        Ok((product, (rows, columns).into()))
    }

    fn backward(&self, [a, b]: [&Tensor; 2], _y: &Tensor, gy: &Tensor) -> Result<[Option<Tensor>; 2]> {
        // With A = left(a) and B = right(b), the gradient by A is gy Bᵀ and the gradient by B is Aᵀ gy. The gradient by a transposed
        // input is the transpose of that.
        let of_a = || match self.left {
            Side::AsIs => gradient(Self { left: Side::AsIs, right: self.right.flip() }, [gy, b]),
            Side::Transposed => gradient(Self { left: self.right, right: Side::Transposed }, [b, gy]),
        };
        let of_b = || match self.right {
            Side::AsIs => gradient(Self { left: self.left.flip(), right: Side::AsIs }, [a, gy]),
            Side::Transposed => gradient(Self { left: Side::Transposed, right: self.left }, [gy, a]),
        };
        Ok([wanted(a, of_a)?, wanted(b, of_b)?])
    }
}

/// `x wᵀ + b`
pub(crate) struct Affine;

impl Kernel<3> for Affine {
    const NAME: &'static str = "linear";

    fn forward<T: Element>(&self, isa: Isa, [x, w, b]: [Array<T>; 3]) -> Result<Computed<T>> {
        if w.dims.first() != b.dims.first() || b.dims.len() != 1 {
            bail!("a bias of shape {:?} does not fit weights of shape {:?}", b.dims, w.dims);
        }
        let product = Product { left: Side::AsIs, right: Side::Transposed };
        let (product, rows, columns) = product.compute(isa, x, w, b.data)?;
        Ok((product, (rows, columns).into()))
    }

    fn backward(&self, [x, w, b]: [&Tensor; 3], y: &Tensor, gy: &Tensor) -> Result<[Option<Tensor>; 3]> {
        let [gx, gw] = Product { left: Side::AsIs, right: Side::Transposed }.backward([x, w], y, gy)?;
        let gb = || {
            let ones = Tensor::ones((gy.dim(0)?, 1), gy.dtype(), gy.device())?;
            gradient(Product { left: Side::Transposed, right: Side::AsIs }, [gy, &ones])?.flatten_all()
        };
        Ok([gx, gw, wanted(b, gb)?])
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{
        assert_close, beside, check, check_sealed, check_second_order, random, runs_with_kept_graph, values,
    };
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]

        #[test]
        fn linear_is_its_definition(n in 1..40_usize, inputs in 1..70_usize, outputs in 1..20_usize) {
            let (x, w) = (random("x", &[n, inputs]), random("w", &[outputs, inputs]));
            let b = random("b", &[outputs]);
            let (xs, ws, bs) = (values(&x), values(&w), values(&b));
            let row = |i: usize, o: usize| -> f64 { (0..inputs).map(|k| xs[i * inputs + k] * ws[o * inputs + k]).sum() };
            let plain: Vec<f64> = (0..n * outputs).map(|i| row(i / outputs, i % outputs)).collect();
            let shifted: Vec<f64> = plain.iter().enumerate().map(|(i, y)| y + bs[i % outputs]).collect();
            assert_close("without bias", &values(&linear(&x, &w, None).unwrap()), &plain, 1e-12);
            assert_close("with bias", &values(&linear(&x, &w, Some(&b)).unwrap()), &shifted, 1e-12);
            check(&[x.clone(), w.clone()], |inputs| linear(&inputs[0], &inputs[1], None));
            check(&[x, w, b], |inputs| linear(&inputs[0], &inputs[1], Some(&inputs[2])));
        }
    }

    #[test]
    fn products_of_transposed_matrices_have_the_right_gradients() {
        for left in [Side::AsIs, Side::Transposed] {
            for right in [Side::AsIs, Side::Transposed] {
                let shape = |side, rows, columns| if side == Side::AsIs { [rows, columns] } else { [columns, rows] };
                let inputs = [random("a", &shape(left, 3, 5)), random("b", &shape(right, 5, 4))];
                check(&inputs, |inputs| apply(Product { left, right }, [&inputs[0], &inputs[1]]));
            }
        }
    }

    #[test]
    fn derivatives_of_derivatives() {
        if runs_with_kept_graph("cpu::linear::tests::derivatives_of_derivatives") {
            let inputs = [random("x", &[3, 4]), random("w", &[5, 4]), random("b", &[5])];
            check_second_order(&inputs, |inputs| linear(&inputs[0], &inputs[1], Some(&inputs[2]))?.sqr());
        }
    }

    #[test]
    fn a_second_backward_pass_is_an_error_where_candle_cuts_the_graph() {
        let w = random("w", &[2, 5]);
        check_sealed(&random("x", &[3, 5]), |x| linear(x, &beside(&w, x), None));
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let (x, w) = (random("x", &[3, 4]), random("w", &[5, 6]));
        assert!(linear(&x, &w, None).unwrap_err().to_string().contains("cannot be multiplied"));
        assert!(linear(&x, &x, Some(&w)).unwrap_err().to_string().contains("does not fit weights"));
    }
}
