//! The arithmetic of batch normalisation and of its first derivative.
//!
//! Mean and variance take two passes: the mean, then the squared deviations from it. The rows of a plane are summed as
//! [`reduce`](super::super::reduce) describes; the rows of a channel are added in double precision, image by image. One piece of work is
//! one channel: after the first pass its pixels are in the cache.

use std::sync::{Arc, OnceLock};

use candle_core::{Result, bail};
use rayon::prelude::*;

use super::super::element::{Array, Element, to_be_overwritten};
use super::super::isa::{Isa, vectorised};
use super::super::reduce::{row_moments, row_squares, row_sum};

/// The name in messages.
pub(super) const NAME: &str = "batch_norm";

/// Mean and biased variance of each channel.
#[derive(Clone, Debug)]
pub(crate) enum NormStatistics {
    /// For the CPU.
    Host { mean: Vec<f64>, var: Vec<f64> },
    /// For a GPU, in its memory.
    #[cfg(feature = "cuda")]
    Gpu(crate::gpu::GpuStatistics),
}

impl NormStatistics {
    /// Means and variances on the host.
    #[cfg_attr(not(feature = "cuda"), expect(clippy::unnecessary_wraps, reason = "a GPU may hold them"))]
    pub fn on_host(&self) -> Result<(&[f64], &[f64])> {
        match self {
            Self::Host { mean, var } => Ok((mean, var)),
            #[cfg(feature = "cuda")]
            Self::Gpu(_) => bail!("batch_norm: the statistics are on another device than the image"),
        }
    }
}

/// `x -> y` or `(x, scale, shift) -> y`
#[derive(Clone)]
pub(crate) struct Norm {
    /// What is added to the variance.
    pub eps: f64,
    /// The statistics, or `None` for those of the batch.
    pub given: Option<NormStatistics>,
    /// The statistics that the forward pass used.
    pub used: Arc<OnceLock<NormStatistics>>,
    /// Whether the result is the ReLU of the normalised image.
    pub rectified: bool,
    /// Running statistics that a GPU moves in the same pass.
    #[cfg(feature = "cuda")]
    pub track: Option<crate::gpu::Tracked>,
}

impl Norm {
    /// With the `given` statistics, or with those of the batch.
    pub fn new(eps: f64, given: Option<NormStatistics>) -> Self {
        Self {
            eps,
            given,
            used: Arc::default(),
            rectified: false,
            #[cfg(feature = "cuda")]
            track: None,
        }
    }
}

impl Norm {
    /// The normalised image, with scale and shift if these are given.
    pub fn compute<T: Element>(&self, isa: Isa, x: Array<T>, affine: Option<(&[T], &[T])>) -> Result<Vec<T>> {
        let [n, c, h, w] = x.image()?;
        let (pixels, count) = (h * w, (n * h * w) as f64);
        check_affine(c, affine)?;
        if x.data.is_empty() {
            bail!("a tensor of shape {:?} has no elements to normalise", x.dims);
        }
        let given = self.given.as_ref().map(NormStatistics::on_host).transpose()?;
        let mut y = to_be_overwritten(x.data.len());
        let statistics: Vec<(f64, f64)> = by_channel(&mut y, c, pixels)
            .into_par_iter()
            .enumerate()
            .map(|(channel, y)| {
                let rows = || x.data.chunks_exact(pixels).skip(channel).step_by(c);
                let (mean, var) = given.map_or_else(
                    || {
                        let mean = rows().map(|row| row_sum(isa, row)).sum::<f64>() / count;
                        let center = T::from_double(mean);
                        // The deviations are from the rounded mean, which adds exactly the square of the rounding.
                        let squares = rows().map(|row| row_squares(isa, row, center)).sum::<f64>() / count;
                        let rounding = mean - center.to_double();
                        (mean, (squares - rounding * rounding).max(0.0))
                    },
                    |(mean, var)| (mean[channel], var[channel]),
                );
                let (scale, shift) =
                    affine.map_or((1.0, 0.0), |(a, b)| (a[channel].to_double(), b[channel].to_double()));
                let (center, factor) = (T::from_double(mean), scale / (var + self.eps).sqrt());
                let shift = T::from_double((center.to_double() - mean) * factor + shift);
                for (x, y) in rows().zip(y) {
                    scale_row(isa, x, [center, T::from_double(factor), shift], y);
                }
                (mean, var)
            })
            .collect();
        let (mean, var) = statistics.into_iter().unzip();
        // A kernel runs forward once. A second run would compute the same numbers.
        let _ = self.used.set(NormStatistics::Host { mean, var });
        Ok(y)
    }

    /// The statistics that the forward pass used.
    pub fn statistics(&self) -> Result<&NormStatistics> {
        self.used.get().ok_or_else(|| candle_core::Error::Msg("batch_norm: backward before forward".into()))
    }

    /// The gradients by image, scale and shift; that by the image only if it is wanted.
    pub fn differentiate<T: Element>(
        &self,
        (x, gy): (Array<T>, Array<T>),
        scale: Option<&[T]>,
        image_wanted: bool,
    ) -> Result<[Vec<T>; 3]> {
        let isa = Isa::current();
        let (means, vars) = self.statistics()?.on_host()?;
        let [n, c, h, w] = x.image()?;
        let (pixels, count) = (h * w, (n * h * w) as f64);
        let mut gx = to_be_overwritten(if image_wanted { x.data.len() } else { 0 });
        let mut outputs = by_channel(&mut gx, c, pixels);
        outputs.resize_with(c, Vec::new);
        let sums: Vec<[T; 2]> = outputs
            .into_par_iter()
            .enumerate()
            .map(|(channel, gx)| {
                let rows = |data| <[T]>::chunks_exact(data, pixels).skip(channel).step_by(c);
                let (mean, center) = (means[channel], T::from_double(means[channel]));
                let over_deviation = 1.0 / (vars[channel] + self.eps).sqrt();
                let [sum, product] = rows(gy.data).zip(rows(x.data)).fold([0.0; 2], |[sum, product], (g, x)| {
                    let row = row_moments(isa, g, x, center);
                    [sum + row[0], product + row[1]]
                });
                // Corrected, as the deviations are from the rounded mean.
                let correlation = (product + (center.to_double() - mean) * sum) * over_deviation;
                let factor = scale.map_or(1.0, |scale| scale[channel].to_double()) * over_deviation;
                // gx = factor (gy - mean(gy) - z mean(gy z)) with z = (x - mean) / deviation
                let (slope, shift) = if self.given.is_none() {
                    let slope = -factor * over_deviation * correlation / count;
                    (slope, slope * (center.to_double() - mean) - factor * sum / count)
                } else {
                    (0.0, 0.0)
                };
                for ((g, x), gx) in rows(gy.data).zip(rows(x.data)).zip(gx) {
                    combine_rows(
                        isa,
                        (g, x),
                        [center, T::from_double(factor), T::from_double(slope), T::from_double(shift)],
                        gx,
                    );
                }
                [T::from_double(correlation), T::from_double(sum)]
            })
            .collect();
        let (of_scale, of_shift) = sums.into_iter().map(|[scale, shift]| (scale, shift)).unzip();
        Ok([gx, of_scale, of_shift])
    }
}

/// An error unless there is one scale and one shift for each channel.
fn check_affine<T>(channels: usize, affine: Option<(&[T], &[T])>) -> Result<()> {
    match affine {
        Some((scale, shift)) if scale.len() != channels || shift.len() != channels => {
            bail!("{} scales and {} shifts for {channels} channels", scale.len(), shift.len())
        }
        _ => Ok(()),
    }
}

/// The planes of each channel, image by image.
pub(super) fn by_channel<T>(data: &mut [T], channels: usize, pixels: usize) -> Vec<Vec<&mut [T]>> {
    let mut planes: Vec<Vec<&mut [T]>> = (0..channels).map(|_| Vec::new()).collect();
    for (i, plane) in data.chunks_exact_mut(pixels).enumerate() {
        planes[i % channels].push(plane);
    }
    planes
}

vectorised! {
    /// `y = (x - center) factor + shift`
    fn scale_row<T>(x: &[T], numbers: [T; 3], y: &mut [T]) {
        let [center, factor, shift] = numbers;
        for (y, &x) in y.iter_mut().zip(x) {
            *y = (x - center).fma(factor, shift);
        }
    }
}

vectorised! {
    /// `gx = factor g + slope (x - center) + shift`
    fn combine_rows<T>(rows: (&[T], &[T]), numbers: [T; 4], gx: &mut [T]) {
        let [center, factor, slope, shift] = numbers;
        for ((gx, &g), &x) in gx.iter_mut().zip(rows.0).zip(rows.1) {
            *gx = g.fma(factor, (x - center).fma(slope, shift));
        }
    }
}
