//! Maximum pooling, and the places of the maxima.

use candle_core::{Result, Tensor};
use rayon::prelude::*;

use super::super::element::{Array, Element, LANES, to_be_overwritten, with_scratch};
use super::super::isa::{Isa, vectorised};
use super::super::kernel::{Computed, Kernel, gradient};
use super::super::wanted::wanted;
use super::windows::{Pool, planes_at_once};

/// `x -> y`
pub(crate) struct Maximum {
    pub(crate) pool: Pool,
}

/// `(gy, x) -> gx`
pub(crate) struct MaximumGradient {
    pub(crate) pool: Pool,
}

/// `(v, x) ->` the element of `v` at the largest pixel of each window of `x`. This is the gradient of [`MaximumGradient`].
pub(crate) struct AtMaximum {
    pub(crate) pool: Pool,
}

impl Kernel<1> for Maximum {
    const NAME: &'static str = "max_pool2d";

    fn forward<T: Element>(&self, isa: Isa, [x]: [Array<T>; 1]) -> Result<Computed<T>> {
        let [n, c, h, w] = x.image()?;
        let pool = self.pool;
        let (rows, columns) = (pool.outputs(h)?, pool.outputs(w)?);
        let mut y = to_be_overwritten(n * c * rows * columns);
        let planes = y.par_chunks_exact_mut(rows * columns).zip(x.data.par_chunks_exact(h * w));
        planes.with_min_len(planes_at_once(h * w)).for_each(|(y, x)| {
            with_scratch(pool.padded(w), |row| maximum(isa, pool, x, (h, w), row, y));
        });
        Ok((y, (n, c, rows, columns).into()))
    }

    fn backward(&self, [x]: [&Tensor; 1], _y: &Tensor, gy: &Tensor) -> Result<[Option<Tensor>; 1]> {
        // Which pixel is the largest is constant almost everywhere, so the gradient depends on `gy` only.
        Ok([wanted(x, || gradient(MaximumGradient { pool: self.pool }, [gy, &x.detach()]))?])
    }
}

impl Kernel<2> for MaximumGradient {
    const NAME: &'static str = "max_pool2d gradient";

    fn forward<T: Element>(&self, isa: Isa, [gy, x]: [Array<T>; 2]) -> Result<Computed<T>> {
        let ([n, c, h, w], [_, _, rows, columns]) = (x.image()?, gy.image()?);
        let padded = PaddedPlane { pool: self.pool, size: (h, w) };
        let mut gx = to_be_overwritten(n * c * h * w);
        let planes = x.data.par_chunks_exact(h * w).zip(gy.data.par_chunks_exact(rows * columns));
        gx.par_chunks_exact_mut(h * w).zip(planes).with_min_len(planes_at_once(h * w)).for_each(|(gx, (x, gy))| {
            with_scratch(padded.scratch(), |scratch| {
                padded.each_largest(isa, x, scratch, |sums, output, place| sums[place] += gy[output]);
                padded.remove(&scratch[padded.len()..], gx);
            });
        });
        Ok((gx, x.dims.into()))
    }

    fn backward(&self, [gy, x]: [&Tensor; 2], _gx: &Tensor, ggx: &Tensor) -> Result<[Option<Tensor>; 2]> {
        Ok([wanted(gy, || gradient(AtMaximum { pool: self.pool }, [ggx, x]))?, None])
    }
}

impl Kernel<2> for AtMaximum {
    const NAME: &'static str = "max_pool2d second gradient";

    fn forward<T: Element>(&self, isa: Isa, [v, x]: [Array<T>; 2]) -> Result<Computed<T>> {
        let [n, c, h, w] = x.image()?;
        let (rows, columns) = (self.pool.outputs(h)?, self.pool.outputs(w)?);
        let padded = PaddedPlane { pool: self.pool, size: (h, w) };
        let mut y = to_be_overwritten(n * c * rows * columns);
        let planes = v.data.par_chunks_exact(h * w).zip(x.data.par_chunks_exact(h * w));
        y.par_chunks_exact_mut(rows * columns).zip(planes).with_min_len(planes_at_once(h * w)).for_each(
            |(y, (v, x))| {
                with_scratch(padded.scratch(), |scratch| {
                    padded.each_largest(isa, x, scratch, |_, output, place| y[output] = v[padded.pixel(place)]);
                });
            },
        );
        Ok((y, (n, c, rows, columns).into()))
    }

    fn backward(&self, [v, x]: [&Tensor; 2], _y: &Tensor, gy: &Tensor) -> Result<[Option<Tensor>; 2]> {
        Ok([wanted(v, || gradient(MaximumGradient { pool: self.pool }, [gy, x]))?, None])
    }
}

/// A plane with its padding, so that every window lies inside.
#[derive(Clone, Copy)]
struct PaddedPlane {
    pub(crate) pool: Pool,
    size: (usize, usize),
}

impl PaddedPlane {
    /// Elements of a row.
    fn width(self) -> usize {
        self.pool.padded(self.size.1)
    }

    /// Elements of a plane.
    fn len(self) -> usize {
        self.width() * self.pool.padded(self.size.0)
    }

    /// Elements of the scratch memory of [`Self::each_largest`]: two planes and two rows.
    fn scratch(self) -> usize {
        2 * self.len() + 2 * self.width().next_multiple_of(LANES)
    }

    /// The pixel of the image at this place of the plane.
    fn pixel(self, place: usize) -> usize {
        (place / self.width() - self.pool.padding) * self.size.1 + place % self.width() - self.pool.padding
    }

    /// Copies the image without the padding.
    fn remove<T: Element>(self, plane: &[T], image: &mut [T]) {
        let lines = plane[self.pool.padding * self.width()..].chunks_exact(self.width());
        for (image, line) in image.chunks_exact_mut(self.size.1).zip(lines) {
            image.copy_from_slice(&line[self.pool.padding..][..self.size.1]);
        }
    }

    /// Calls `visit` for each window, with a second plane, which starts as zeros; the number of the window; and the place of its largest
    /// pixel.
    fn each_largest<T: Element>(
        self,
        isa: Isa,
        image: &[T],
        scratch: &mut [T],
        mut visit: impl FnMut(&mut [T], usize, usize),
    ) {
        let (Pool { kernel, stride, padding, .. }, (h, w), width) = (self.pool, self.size, self.width());
        let least = T::from_double(f64::NEG_INFINITY);
        let (plane, rest) = scratch.split_at_mut(self.len());
        let (other, rows) = rest.split_at_mut(self.len());
        let (largest, places) = rows.split_at_mut(rows.len() / 2);
        plane.fill(least);
        other.fill(T::ZERO);
        for (line, image) in plane[padding * width..].chunks_exact_mut(width).zip(image.chunks_exact(w)) {
            line[padding..padding + w].copy_from_slice(image);
        }
        let (rows, columns) = ((self.pool.padded(h) - kernel) / stride + 1, (width - kernel) / stride + 1);
        for row in 0..rows {
            let start = row * stride * width;
            largest_places(isa, self.pool, &plane[start..], width, &mut largest[..columns], places);
            for (column, (largest, place)) in largest[..columns].iter().zip(&*places).enumerate() {
                let place = if *largest == least {
                    // No pixel is larger than the padding, so take the first pixel on the image.
                    (row * stride).max(padding) * width + (column * stride).max(padding)
                } else {
                    start + column * stride + place.to_double() as usize
                };
                visit(other, row * columns + column, place);
            }
        }
    }
}

/// The larger of two numbers. NaN counts as the largest.
#[inline(always)]
fn larger<T: Element>(a: T, b: T) -> T {
    if b > a || b.is_nan() { b } else { a }
}

/// Replaces the largest pixel so far and its place if this pixel is larger. NaN counts as the largest. Without a branch, for vectors.
#[inline(always)]
fn choose<T: Element>(pixel: T, place: T, (largest, largest_place): (&mut T, &mut T)) {
    let better = (pixel > *largest) | pixel.is_nan();
    *largest = if better { pixel } else { *largest };
    *largest_place = if better { place } else { *largest_place };
}

vectorised! {
    /// The largest pixel of each window of a row, and its place in the plane, counted from the first pixel of the window.
    fn largest_places<T>(pool: Pool, plane: &[T], width: usize, largest: &mut [T], places: &mut [T]) {
        let taps = || (0..pool.kernel).flat_map(|y| (0..pool.kernel).map(move |x| y * width + x));
        let (least, vectors) = (T::from_double(f64::NEG_INFINITY), if pool.stride == 1 { largest.len() / LANES } else { 0 });
        let (largest, largest_rest) = largest.split_at_mut(vectors * LANES);
        let (places, places_rest) = places.split_at_mut(vectors * LANES);
        let outputs = largest.as_chunks_mut::<LANES>().0.iter_mut().zip(places.as_chunks_mut::<LANES>().0);
        for (vector, outputs) in outputs.enumerate() {
            let (mut best, mut at) = ([least; LANES], [T::ZERO; LANES]);
            for tap in taps() {
                let (pixels, place) = (&plane[vector * LANES + tap..][..LANES], T::from_double(tap as f64));
                for i in 0..LANES {
                    choose(pixels[i], place, (&mut best[i], &mut at[i]));
                }
            }
            (*outputs.0, *outputs.1) = (best, at);
        }
        for (i, (largest, place)) in largest_rest.iter_mut().zip(places_rest).enumerate() {
            (*largest, *place) = (least, T::ZERO);
            for tap in taps() {
                let pixel = plane[(vectors * LANES + i) * pool.stride + tap];
                choose(pixel, T::from_double(tap as f64), (&mut *largest, &mut *place));
            }
        }
    }
}

vectorised! {
    /// One plane of a maximum pool.
    fn maximum<T>(pool: Pool, x: &[T], size: (usize, usize), row: &mut [T], y: &mut [T]) {
        let ((h, w), Pool { kernel, stride, padding, .. }) = (size, pool);
        let columns = (pool.padded(w) - kernel) / stride + 1;
        row.fill(T::from_double(f64::NEG_INFINITY));
        for (output, y) in y.chunks_exact_mut(columns).enumerate() {
            let lines = pool.window(output, h);
            let line = &mut row[padding..padding + w];
            line.copy_from_slice(&x[lines.start * w..][..w]);
            for x in x[(lines.start + 1) * w..lines.end * w].chunks_exact(w) {
                line.iter_mut().zip(x).for_each(|(line, &value)| *line = larger(*line, value));
            }
            if kernel == 3 && stride == 1 {
                let [left, middle, right] = [0, 1, 2].map(|shift| &row[shift..shift + columns]);
                for i in 0..columns {
                    y[i] = larger(larger(left[i], middle[i]), right[i]);
                }
            } else {
                for (i, y) in y.iter_mut().enumerate() {
                    let window = &row[i * stride..i * stride + kernel];
                    *y = window[1..].iter().fold(window[0], |largest, &value| larger(largest, value));
                }
            }
        }
    }
}
