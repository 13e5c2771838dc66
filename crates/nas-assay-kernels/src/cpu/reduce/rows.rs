//! Sums over one row.

use super::super::element::{Element, LANES, VECTORS};
use super::super::isa::{Isa, vectorised};
#[cfg(target_arch = "x86_64")]
use super::avx512;

/// The sum of a row, in double precision.
pub(in crate::cpu) fn row_sum<T: Element>(isa: Isa, row: &[T]) -> f64 {
    let mut sum = [0.0];
    if !row.is_empty() {
        row_sums(isa, row, row.len(), &mut sum);
    }
    sum[0]
}

/// The sums of rows of `len` elements, in double precision.
pub(super) fn row_sums<T: Element>(isa: Isa, rows: &[T], len: usize, sums: &mut [f64]) {
    #[cfg(target_arch = "x86_64")]
    if isa.has_avx512()
        && let Some(rows) = T::as_f32(rows)
    {
        // SAFETY: `isa` shows that the processor has AVX-512F.
        return unsafe { avx512::row_sums(rows, len, sums) };
    }
    portable_row_sums(isa, rows, len, sums);
}

vectorised! {
    /// [`row_sums`] without AVX-512.
    fn portable_row_sums<T>(rows: &[T], len: usize, sums: &mut [f64]) {
        for (row, sum) in rows.chunks_exact(len).zip(sums) {
            let mut lanes = [[0.0; LANES]; VECTORS];
            let (vectors, rest) = row.as_chunks::<LANES>();
            // Each round adds a constant number of vectors, so that the lanes stay in registers.
            let (rounds, last) = vectors.as_chunks::<VECTORS>();
            for vectors in rounds {
                for v in 0..VECTORS {
                    for i in 0..LANES {
                        lanes[v][i] += vectors[v][i].to_double();
                    }
                }
            }
            for (lanes, vector) in lanes.iter_mut().zip(last) {
                for i in 0..LANES {
                    lanes[i] += vector[i].to_double();
                }
            }
            *sum = total(&lanes) + rest.iter().fold(0.0, |sum, value| sum + value.to_double());
        }
    }
}

vectorised! {
    /// `Σ (x - center)²` of a row.
    pub(in crate::cpu) fn row_squares<T>(row: &[T], center: T) -> f64 {
        let mut lanes = [[T::ZERO; LANES]; VECTORS];
        let (vectors, rest) = row.as_chunks::<LANES>();
        let (rounds, last) = vectors.as_chunks::<VECTORS>();
        for vectors in rounds {
            for v in 0..VECTORS {
                for i in 0..LANES {
                    let difference = vectors[v][i] - center;
                    lanes[v][i] = difference.fma(difference, lanes[v][i]);
                }
            }
        }
        for (lanes, vector) in lanes.iter_mut().zip(last) {
            for i in 0..LANES {
                let difference = vector[i] - center;
                lanes[i] = difference.fma(difference, lanes[i]);
            }
        }
        total(&lanes) + rest.iter().fold(0.0, |sum, &value| {
            let difference = (value - center).to_double();
            sum + difference * difference
        })
    }
}

vectorised! {
    /// `Σ x y` of a row.
    pub(in crate::cpu) fn row_product<T>(x: &[T], y: &[T]) -> f64 {
        let mut lanes = [[T::ZERO; LANES]; VECTORS];
        let ((x, x_rest), (y, y_rest)) = (x.as_chunks::<LANES>(), y.as_chunks::<LANES>());
        for (x, y) in x.chunks(VECTORS).zip(y.chunks(VECTORS)) {
            for ((lanes, x), y) in lanes.iter_mut().zip(x).zip(y) {
                for i in 0..LANES {
                    lanes[i] = x[i].fma(y[i], lanes[i]);
                }
            }
        }
        total(&lanes) + x_rest.iter().zip(y_rest).fold(0.0, |sum, (&x, &y)| sum + x.to_double() * y.to_double())
    }
}

vectorised! {
    /// `Σ g` and `Σ g (x - center)` of a row.
    pub(in crate::cpu) fn row_moments<T>(g: &[T], x: &[T], center: T) -> [f64; 2] {
        let mut sums = [[T::ZERO; LANES]; VECTORS];
        let mut products = [[T::ZERO; LANES]; VECTORS];
        let ((g, g_rest), (x, x_rest)) = (g.as_chunks::<LANES>(), x.as_chunks::<LANES>());
        for (g, x) in g.chunks(VECTORS).zip(x.chunks(VECTORS)) {
            for (((sums, products), g), x) in sums.iter_mut().zip(&mut products).zip(g).zip(x) {
                for i in 0..LANES {
                    sums[i] += g[i];
                    products[i] = g[i].fma(x[i] - center, products[i]);
                }
            }
        }
        g_rest.iter().zip(x_rest).fold([total(&sums), total(&products)], |[sum, product], (&g, &x)| {
            [sum + g.to_double(), product + g.to_double() * (x - center).to_double()]
        })
    }
}

/// The sum of all lanes.
#[inline(always)]
fn total<T: Element>(lanes: &[[T; LANES]; VECTORS]) -> f64 {
    let mut wide = [0.0; LANES];
    for vector in lanes {
        for i in 0..LANES {
            wide[i] += vector[i].to_double();
        }
    }
    let w = wide;
    ((w[0] + w[4]) + (w[2] + w[6])) + ((w[1] + w[5]) + (w[3] + w[7]))
}
