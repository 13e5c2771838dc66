//! Batch normalisation (Ioffe and Szegedy 2015), with the statistics of the batch or with given ones.
//!
//! Mean and variance take two passes: the mean, then the squared deviations from it. Each row of a plane is summed as
//! [`reduce`](super::reduce) says, the rows of a channel in double precision, image by image. A channel is one piece of work:
//! after the first pass its pixels lie in the cache.
//!
//! The gradient by the image can be differentiated again, once ([`second`]); those by scale and shift can't. Where Candle keeps the
//! graph of gradients, the same formula is written out in [`composed`] operations, which have derivatives of any order, at three times
//! the cost.

mod composed;
mod second;

use std::sync::{Arc, OnceLock};

use candle_core::{DType, Result, Tensor, bail};
use rayon::prelude::*;

use super::element::{Array, Element, to_be_overwritten};
use super::isa::{Isa, vectorised};
use super::kept_graph::{candle_keeps_the_graph, graph_is_kept};
use super::kernel::{Computed, Kernel, apply, with_arrays};
use super::reduce::{row_moments, row_squares, row_sum};
use super::seal::seal;
use super::wanted::is_wanted;

/// Mean and variance of each channel, `[c]` each; constants, in the type of the image.
#[derive(Clone, Debug)]
pub struct Moments {
    /// The mean over batch and space.
    pub mean: Tensor,
    /// The variance over batch and space, divided by the number of pixels (the biased one).
    pub var: Tensor,
}

/// Normalises each channel of `x: [n, c, h, w]` by its mean and variance over batch and space:
/// `(x - mean) / sqrt(var + eps)`, times scale, plus shift, if `affine` gives the two (`[c]` each).
///
/// The gradient flows through mean and variance.
///
/// # Errors
/// If the shapes do not fit each other, or a channel has a single pixel, whose deviation means nothing.
pub fn batch_norm(x: &Tensor, affine: Option<(&Tensor, &Tensor)>, eps: f64) -> Result<(Tensor, Moments)> {
    let (n, _, h, w) = x.dims4()?;
    if n * h * w < 2 {
        bail!("batch_norm: a channel of {:?} has less than two values to take a variance of", x.dims());
    }
    if candle_keeps_the_graph()? {
        return composed::batch_norm(x, affine, eps);
    }
    let norm = Norm { eps, given: None, used: Arc::default() };
    let used = norm.used.clone();
    let y = norm.of(x, affine)?;
    let Some(Statistics { mean, var }) = used.get().cloned() else { bail!("batch_norm: no statistics were taken") };
    let tensor = |values: Vec<f64>| Tensor::new(values, x.device())?.to_dtype(x.dtype());
    Ok((y, Moments { mean: tensor(mean)?, var: tensor(var)? }))
}

/// Like [`batch_norm`], with `mean` and `var` (`[c]` each) as constants.
pub fn batch_norm_fixed(
    x: &Tensor,
    mean: &Tensor,
    var: &Tensor,
    affine: Option<(&Tensor, &Tensor)>,
    eps: f64,
) -> Result<Tensor> {
    if candle_keeps_the_graph()? {
        return composed::normalise(x, (&mean.detach(), &var.detach()), affine, eps);
    }
    let values = |t: &Tensor| t.detach().to_dtype(DType::F64)?.to_vec1::<f64>();
    let given = Statistics { mean: values(mean)?, var: values(var)? };
    let channels = x.dims4()?.1;
    if given.mean.len() != channels || given.var.len() != channels {
        bail!("batch_norm: mean {:?} and variance {:?} for {channels} channels", mean.dims(), var.dims());
    }
    Norm { eps, given: Some(given), used: Arc::default() }.of(x, affine)
}

/// Mean and biased variance of each channel.
#[derive(Clone, Debug)]
struct Statistics {
    mean: Vec<f64>,
    var: Vec<f64>,
}

/// `x -> y` or `(x, scale, shift) -> y`
#[derive(Clone)]
struct Norm {
    eps: f64,
    /// The statistics, unless they are the batch's.
    given: Option<Statistics>,
    /// The statistics that the forward pass used.
    used: Arc<OnceLock<Statistics>>,
}

impl Norm {
    fn of(self, x: &Tensor, affine: Option<(&Tensor, &Tensor)>) -> Result<Tensor> {
        match affine {
            None => apply(self, [x]),
            Some((scale, shift)) => apply(self, [x, scale, shift]),
        }
    }

    fn compute<T: Element>(&self, isa: Isa, x: Array<T>, affine: Option<(&[T], &[T])>) -> Result<Vec<T>> {
        let [n, c, h, w] = x.image()?;
        let (pixels, count) = (h * w, (n * h * w) as f64);
        check_affine(c, affine)?;
        if x.data.is_empty() {
            bail!("a tensor of shape {:?} has nothing to normalise", x.dims);
        }
        let mut y = to_be_overwritten(x.data.len());
        let statistics: Vec<(f64, f64)> = by_channel(&mut y, c, pixels)
            .into_par_iter()
            .enumerate()
            .map(|(channel, y)| {
                let rows = || x.data.chunks_exact(pixels).skip(channel).step_by(c);
                let (mean, var) = self.given.as_ref().map_or_else(
                    || {
                        let mean = rows().map(|row| row_sum(isa, row)).sum::<f64>() / count;
                        let center = T::of(mean);
                        // The deviations are from the rounded mean; what that adds to their squares is known.
                        let squares = rows().map(|row| row_squares(isa, row, center)).sum::<f64>() / count;
                        let rounding = mean - center.wide();
                        (mean, (squares - rounding * rounding).max(0.0))
                    },
                    |given| (given.mean[channel], given.var[channel]),
                );
                let (scale, shift) = affine.map_or((1.0, 0.0), |(a, b)| (a[channel].wide(), b[channel].wide()));
                let (center, factor) = (T::of(mean), scale / (var + self.eps).sqrt());
                let shift = T::of((center.wide() - mean) * factor + shift);
                for (x, y) in rows().zip(y) {
                    scale_row(isa, x, [center, T::of(factor), shift], y);
                }
                (mean, var)
            })
            .collect();
        let (mean, var) = statistics.into_iter().unzip();
        // A kernel runs forward once; a second run would find the same numbers.
        let _ = self.used.set(Statistics { mean, var });
        Ok(y)
    }

    /// The statistics that the forward pass used.
    fn statistics(&self) -> Result<&Statistics> {
        self.used.get().ok_or_else(|| candle_core::Error::Msg("batch_norm: backward before forward".into()))
    }

    /// The gradients of the image, scale and shift, the image's only if it is wanted.
    fn differentiate<T: Element>(
        &self,
        (x, gy): (Array<T>, Array<T>),
        scale: Option<&[T]>,
        image_wanted: bool,
    ) -> Result<[Vec<T>; 3]> {
        let isa = Isa::current();
        let used = self.statistics()?;
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
                let (mean, center) = (used.mean[channel], T::of(used.mean[channel]));
                let over_deviation = 1.0 / (used.var[channel] + self.eps).sqrt();
                let [sum, product] = rows(gy.data).zip(rows(x.data)).fold([0.0; 2], |[sum, product], (g, x)| {
                    let row = row_moments(isa, g, x, center);
                    [sum + row[0], product + row[1]]
                });
                // The deviations were from the rounded mean.
                let correlation = (product + (center.wide() - mean) * sum) * over_deviation;
                let factor = scale.map_or(1.0, |scale| scale[channel].wide()) * over_deviation;
                // gx = factor (gy - mean(gy) - z mean(gy z)) with z = (x - mean) / deviation
                let (slope, shift) = if self.given.is_none() {
                    let slope = -factor * over_deviation * correlation / count;
                    (slope, slope * (center.wide() - mean) - factor * sum / count)
                } else {
                    (0.0, 0.0)
                };
                for ((g, x), gx) in rows(gy.data).zip(rows(x.data)).zip(gx) {
                    combine_rows(isa, (g, x), [center, T::of(factor), T::of(slope), T::of(shift)], gx);
                }
                [T::of(correlation), T::of(sum)]
            })
            .collect();
        let (of_scale, of_shift) = sums.into_iter().map(|[scale, shift]| (scale, shift)).unzip();
        Ok([gx, of_scale, of_shift])
    }

    /// The gradients of the image, scale and shift, sealed but for the image's where the graph is kept.
    fn gradients(&self, x: &Tensor, scale: Option<&Tensor>, gy: &Tensor) -> Result<[Option<Tensor>; 3]> {
        fn typed<T: Element>(
            norm: &Norm,
            x: &Tensor,
            scale: Option<&Tensor>,
            gy: &Tensor,
        ) -> Result<[Option<Tensor>; 3]> {
            let (wanted, kept) = (is_wanted(x), graph_is_kept()?);
            let [gx, of_scale, of_shift] = match scale {
                Some(scale) => with_arrays(NAME, [x, gy, scale], |[x, gy, scale]| {
                    norm.differentiate::<T>((x, gy), Some(scale.data), wanted && !kept)
                }),
                None => with_arrays(NAME, [x, gy], |[x, gy]| norm.differentiate::<T>((x, gy), None, wanted && !kept)),
            }?;
            let seal = |data: Vec<T>, dims: &[usize]| seal(NAME, T::to_cpu_storage_owned(data), dims.into());
            let image = || if kept { second::image_gradient(norm, x, scale, gy) } else { seal(gx, x.dims()) };
            Ok([
                wanted.then(image).transpose()?,
                scale.map(|scale| seal(of_scale, scale.dims())).transpose()?,
                scale.map(|scale| seal(of_shift, scale.dims())).transpose()?,
            ])
        }
        if x.dtype() == DType::F32 { typed::<f32>(self, x, scale, gy) } else { typed::<f64>(self, x, scale, gy) }
    }
}

const NAME: &str = "batch_norm";

fn check_affine<T>(channels: usize, affine: Option<(&[T], &[T])>) -> Result<()> {
    match affine {
        Some((scale, shift)) if scale.len() != channels || shift.len() != channels => {
            bail!("{} scales and {} shifts for {channels} channels", scale.len(), shift.len())
        }
        _ => Ok(()),
    }
}

/// The planes of each channel.
fn by_channel<T>(data: &mut [T], channels: usize, pixels: usize) -> Vec<Vec<&mut [T]>> {
    let mut planes: Vec<Vec<&mut [T]>> = (0..channels).map(|_| Vec::new()).collect();
    for (i, plane) in data.chunks_exact_mut(pixels).enumerate() {
        planes[i % channels].push(plane);
    }
    planes
}

impl Kernel<1> for Norm {
    const NAME: &'static str = NAME;

    fn forward<T: Element>(&self, isa: Isa, [x]: [Array<T>; 1]) -> Result<Computed<T>> {
        Ok((self.compute(isa, x, None)?, x.dims.into()))
    }

    fn backward(&self, [x]: [&Tensor; 1], _y: &Tensor, gy: &Tensor) -> Result<[Option<Tensor>; 1]> {
        let [gx, ..] = self.gradients(x, None, gy)?;
        Ok([gx])
    }
}

impl Kernel<3> for Norm {
    const NAME: &'static str = NAME;

    fn forward<T: Element>(&self, isa: Isa, [x, scale, shift]: [Array<T>; 3]) -> Result<Computed<T>> {
        Ok((self.compute(isa, x, Some((scale.data, shift.data)))?, x.dims.into()))
    }

    fn backward(&self, [x, scale, _]: [&Tensor; 3], _y: &Tensor, gy: &Tensor) -> Result<[Option<Tensor>; 3]> {
        self.gradients(x, Some(scale), gy)
    }
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

#[cfg(test)]
mod tests {
    use super::super::testing::{
        assert_close, check, check_sealed, check_second_order, keeping_the_graph, random, values,
    };
    use super::*;
    use candle_core::Var;
    use proptest::prelude::*;

    const EPS: f64 = 1e-5;

    /// Mean and biased variance of each channel.
    fn moments(x: &Tensor) -> (Vec<f64>, Vec<f64>) {
        let (n, c, h, w) = x.dims4().unwrap();
        let (values, pixels) = (values(x), h * w);
        let channel =
            |channel: usize| (0..n).flat_map(move |n| (0..pixels).map(move |i| (n * c + channel) * pixels + i));
        (0..c)
            .map(|c| {
                let count = (n * pixels) as f64;
                let mean = channel(c).map(|i| values[i]).sum::<f64>() / count;
                (mean, channel(c).map(|i| (values[i] - mean).powi(2)).sum::<f64>() / count)
            })
            .unzip()
    }

    fn normalised(x: &Tensor, mean: &[f64], var: &[f64], scale: &[f64], shift: &[f64]) -> Vec<f64> {
        let (_, c, h, w) = x.dims4().unwrap();
        let of = |(i, value): (usize, f64)| {
            let c = i / (h * w) % c;
            (value - mean[c]) / (var[c] + EPS).sqrt() * scale[c] + shift[c]
        };
        values(x).into_iter().enumerate().map(of).collect()
    }

    fn shapes() -> impl Strategy<Value = [usize; 4]> {
        (1..5_usize, 1..10_usize, 1..20_usize, 1..20_usize)
            .prop_map(|(n, c, h, w)| [n, c, h, w])
            // With few pixels the gradient varies faster than the step of the differences.
            .prop_filter("enough pixels", |[n, _, h, w]| n * h * w >= 8)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]

        #[test]
        fn batch_norm_is_its_definition(dims in shapes()) {
            let (x, scale, shift) = (random("x", &dims), random("scale", &dims[1..2]), random("shift", &dims[1..2]));
            let (mean, var) = moments(&x);
            let (y, found) = batch_norm(&x, Some((&scale, &shift)), EPS).unwrap();
            let expected = normalised(&x, &mean, &var, &values(&scale), &values(&shift));
            assert_close("batch_norm", &values(&y), &expected, 1e-12);
            assert_close("mean", &values(&found.mean), &mean, 1e-13);
            assert_close("variance", &values(&found.var), &var, 1e-13);
            let plain = normalised(&x, &mean, &var, &vec![1.0; dims[1]], &vec![0.0; dims[1]]);
            assert_close("batch_norm", &values(&batch_norm(&x, None, EPS).unwrap().0), &plain, 1e-12);

            check(std::slice::from_ref(&x), |inputs| Ok(batch_norm(&inputs[0], None, EPS)?.0));
            check(&[x, scale, shift], |inputs| Ok(batch_norm(&inputs[0], Some((&inputs[1], &inputs[2])), EPS)?.0));
        }

        #[test]
        fn fixed_norm_is_its_definition(dims in shapes()) {
            let (x, scale, shift) = (random("x", &dims), random("scale", &dims[1..2]), random("shift", &dims[1..2]));
            let (mean, var) = (random("mean", &dims[1..2]), random("var", &dims[1..2]).sqr().unwrap());
            let y = batch_norm_fixed(&x, &mean, &var, Some((&scale, &shift)), EPS).unwrap();
            let expected = normalised(&x, &values(&mean), &values(&var), &values(&scale), &values(&shift));
            assert_close("batch_norm_fixed", &values(&y), &expected, 1e-12);
            check(std::slice::from_ref(&x), |inputs| batch_norm_fixed(&inputs[0], &mean, &var, None, 0.1));
            check(&[x, scale, shift], |inputs| {
                batch_norm_fixed(&inputs[0], &mean, &var, Some((&inputs[1], &inputs[2])), 0.1)
            });
        }
    }

    #[test]
    fn a_mean_far_from_zero_costs_no_digits() {
        let far = (random("x", &[8, 2, 16, 16]) + 1000.0).unwrap().to_dtype(DType::F32).unwrap();
        let (y, found) = batch_norm(&far, None, EPS).unwrap();
        let (mean, var) = moments(&far);
        assert_close("variance", &values(&found.var), &var, 1e-6);
        assert_close("batch_norm", &values(&y), &normalised(&far, &mean, &var, &[1.0; 2], &[0.0; 2]), 1e-6);

        // A gradient that is all but the normalised image itself: what is left of it shows a wrong centre.
        let gradient = |dtype| {
            let x = Var::from_tensor(&far.to_dtype(dtype).unwrap()).unwrap();
            let (y, _) = batch_norm(&x, None, EPS).unwrap();
            let near = (x.detach() - 1000.0).unwrap();
            let gradients = (y * near).unwrap().sum_all().unwrap().backward().unwrap();
            values(gradients.get(&x).unwrap())
        };
        assert_close("gradient", &gradient(DType::F32), &gradient(DType::F64), 1e-6);
    }

    #[test]
    fn moments_are_constants() {
        let x = Var::from_tensor(&random("x", &[2, 3, 4, 4])).unwrap();
        let (_, moments) = batch_norm(&x, None, EPS).unwrap();
        assert!(!moments.mean.track_op() && !moments.var.track_op());
    }

    #[test]
    fn derivatives_of_derivatives() {
        if !keeping_the_graph("cpu::norm::tests::derivatives_of_derivatives") {
            return;
        }
        let (x, scale, shift) = (random("x", &[3, 2, 3, 4]), random("scale", &[2]), random("shift", &[2]));
        let (mean, var) = moments(&x);
        let plain = normalised(&x, &mean, &var, &[1.0; 2], &[0.0; 2]);
        let (y, found) = batch_norm(&x, None, EPS).unwrap();
        assert_close("batch_norm", &values(&y), &plain, 1e-12);
        assert_close("mean", &values(&found.mean), &mean, 1e-13);
        assert_close("variance", &values(&found.var), &var, 1e-13);
        let fixed = batch_norm_fixed(&x, &found.mean, &found.var, None, EPS).unwrap();
        assert_close("batch_norm_fixed", &values(&fixed), &plain, 1e-12);

        check_second_order(std::slice::from_ref(&x), |inputs| batch_norm(&inputs[0], None, EPS)?.0.sqr());
        let inputs = [x, scale, shift];
        check_second_order(&inputs, |inputs| batch_norm(&inputs[0], Some((&inputs[1], &inputs[2])), EPS)?.0.sqr());
        check_second_order(&inputs, |inputs| {
            batch_norm_fixed(&inputs[0], &found.mean, &found.var, Some((&inputs[1], &inputs[2])), EPS)?.sqr()
        });
    }

    #[test]
    fn a_second_backward_pass_is_an_error_where_candle_cuts_the_graph() {
        check_sealed(&random("x", &[2, 2, 5, 5]), |x| Ok(batch_norm(x, None, EPS)?.0));
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let (x, three) = (random("x", &[1, 2, 1, 1]), random("scale", &[3]));
        assert!(batch_norm(&x, None, EPS).unwrap_err().to_string().contains("less than two values"));
        let x = random("x", &[2, 2, 1, 1]);
        assert!(batch_norm(&x, Some((&three, &three)), EPS).unwrap_err().to_string().contains("for 2 channels"));
        assert!(batch_norm_fixed(&x, &three, &three, None, EPS).unwrap_err().to_string().contains("for 2 channels"));
    }
}
