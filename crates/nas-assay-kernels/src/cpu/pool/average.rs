//! Average pooling: the rows of a window are added, then the columns, and the sum is multiplied by one over the number of pixels.

use candle_core::{Result, Tensor, bail};
use rayon::prelude::*;

use super::super::element::{Array, Element, to_be_overwritten, with_scratch};
use super::super::isa::{Isa, vectorised};
use super::super::kernel::{Computed, Kernel, gradient};
use super::super::wanted::wanted;
use super::windows::{Pool, planes_at_once};

/// `x -> y`
pub(crate) struct Average {
    pub(crate) pool: Pool,
}

/// `gy -> gx`, for images of the given size.
pub(crate) struct AverageGradient {
    pub(crate) pool: Pool,
    pub(crate) size: (usize, usize),
}

impl Kernel<1> for Average {
    const NAME: &'static str = "avg_pool2d";

    fn forward<T: Element>(&self, isa: Isa, [x]: [Array<T>; 1]) -> Result<Computed<T>> {
        let [n, c, h, w] = x.image()?;
        let pool = self.pool;
        let (rows, columns) = (pool.outputs(h)?, pool.outputs(w)?);
        let scales = pool.scales::<T>(w)?;
        let mut y = to_be_overwritten(n * c * rows * columns);
        let planes = y.par_chunks_exact_mut(rows * columns).zip(x.data.par_chunks_exact(h * w));
        planes.with_min_len(planes_at_once(h * w)).for_each(|(y, x)| {
            with_scratch(pool.padded(w), |row| average(isa, pool, x, (h, w), &scales, row, y));
        });
        Ok((y, (n, c, rows, columns).into()))
    }

    fn backward(&self, [x]: [&Tensor; 1], _y: &Tensor, gy: &Tensor) -> Result<[Option<Tensor>; 1]> {
        let (_, _, h, w) = x.dims4()?;
        Ok([wanted(x, || gradient(AverageGradient { pool: self.pool, size: (h, w) }, [gy]))?])
    }
}

impl Kernel<1> for AverageGradient {
    const NAME: &'static str = "avg_pool2d gradient";

    fn forward<T: Element>(&self, isa: Isa, [gy]: [Array<T>; 1]) -> Result<Computed<T>> {
        let ([n, c, rows, columns], (h, w), pool) = (gy.image()?, self.size, self.pool);
        if (rows, columns) != (pool.outputs(h)?, pool.outputs(w)?) {
            bail!("a gradient of shape {:?} does not fit {pool:?} over {h} x {w} pixels", gy.dims);
        }
        let scales = pool.scales::<T>(w)?;
        let mut gx = to_be_overwritten(n * c * h * w);
        let planes = gx.par_chunks_exact_mut(h * w).zip(gy.data.par_chunks_exact(rows * columns));
        planes.with_min_len(planes_at_once(h * w)).for_each(|(gx, gy)| {
            with_scratch(w + 2 * pool.kernel, |row| average_gradient(isa, pool, gy, (h, w), &scales, row, gx));
        });
        Ok((gx, (n, c, h, w).into()))
    }

    fn backward(&self, [gy]: [&Tensor; 1], _gx: &Tensor, ggx: &Tensor) -> Result<[Option<Tensor>; 1]> {
        Ok([wanted(gy, || gradient(Average { pool: self.pool }, [ggx]))?])
    }
}

vectorised! {
    /// One plane of an average pool.
    fn average<T>(
        pool: Pool,
        x: &[T],
        size: (usize, usize),
        scales: &[Vec<T>],
        row: &mut [T],
        y: &mut [T],
    ) {
        let ((h, w), Pool { kernel, stride, padding, .. }, columns) = (size, pool, scales[0].len());
        row.fill(T::ZERO);
        for (output, y) in y.chunks_exact_mut(columns).enumerate() {
            let lines = pool.window(output, h);
            let scales = &scales[lines.len()];
            add_lines(&x[lines.start * w..lines.end * w], w, &mut row[padding..padding + w]);
            if kernel == 3 && stride == 1 {
                let [left, middle, right] = [0, 1, 2].map(|shift| &row[shift..shift + columns]);
                for i in 0..columns {
                    y[i] = (left[i] + middle[i] + right[i]) * scales[i];
                }
            } else {
                for (i, (y, &scale)) in y.iter_mut().zip(scales).enumerate() {
                    let window = &row[(i * stride).min(row.len())..(i * stride + kernel).min(row.len())];
                    *y = window.iter().fold(T::ZERO, |sum, &value| sum + value) * scale;
                }
            }
        }
    }
}

/// The sum of lines of `w` elements.
#[inline(always)]
fn add_lines<T: Element>(lines: &[T], w: usize, sum: &mut [T]) {
    if lines.len() == 3 * w {
        let ((top, rest), sum) = (lines.split_at(w), &mut sum[..w]);
        let (middle, bottom) = rest.split_at(w);
        for i in 0..w {
            sum[i] = top[i] + middle[i] + bottom[i];
        }
        return;
    }
    sum.copy_from_slice(&lines[..w]);
    for line in lines[w..].chunks_exact(w) {
        sum.iter_mut().zip(line).for_each(|(sum, &value)| *sum += value);
    }
}

vectorised! {
    /// One plane of the gradient of an average pool.
    fn average_gradient<T>(pool: Pool, gy: &[T], size: (usize, usize), scales: &[Vec<T>], row: &mut [T], gx: &mut [T]) {
        let ((h, w), Pool { kernel, stride, padding, .. }, columns) = (size, pool, scales[0].len());
        let rows = gy.len() / columns;
        if stride != 1 {
            gx.fill(T::ZERO);
            for (output, gy) in gy.chunks_exact(columns).enumerate() {
                let lines = pool.window(output, h);
                row.fill(T::ZERO);
                for (i, (&g, &scale)) in gy.iter().zip(&scales[lines.len()]).enumerate() {
                    for target in &mut row[pool.window(i, w)] {
                        *target += g * scale;
                    }
                }
                for line in gx[lines.start * w..lines.end * w].chunks_exact_mut(w) {
                    line.iter_mut().zip(&*row).for_each(|(line, &value)| *line += value);
                }
            }
            return;
        }
        // A pixel lies in the windows `pixel + padding - kernel + 1` to `pixel + padding`, as far as these exist.
        let before = kernel - 1 - padding;
        for (y, gx) in gx.chunks_exact_mut(w).enumerate() {
            row.fill(T::ZERO);
            let sums = &mut row[before..before + columns];
            for output in (y + padding + 1).saturating_sub(kernel)..(y + padding + 1).min(rows) {
                let scales = &scales[pool.window(output, h).len()][..columns];
                let gy = &gy[output * columns..][..columns];
                for i in 0..columns {
                    sums[i] = gy[i].fma(scales[i], sums[i]);
                }
            }
            if kernel == 3 {
                let [left, middle, right] = [0, 1, 2].map(|shift| &row[shift..shift + w]);
                for i in 0..w {
                    gx[i] = left[i] + middle[i] + right[i];
                }
            } else {
                for (i, gx) in gx.iter_mut().enumerate() {
                    *gx = row[i..i + kernel].iter().fold(T::ZERO, |sum, &value| sum + value);
                }
            }
        }
    }
}
