//! Batch normalisation (Ioffe and Szegedy 2015), with the statistics of the batch or with given statistics.
//!
//! The gradient by the image can be differentiated once more ([`second`]), the gradients by scale and shift cannot. Where Candle keeps the
//! graph of gradients, the formula is [`composed`] of operations that have derivatives of any order. That takes three times as long.

mod composed;
mod compute;
mod moments;
pub(crate) mod second;

use std::sync::Arc;

use candle_core::{DType, Result, Tensor, bail};

use super::element::{Array, Element};
use super::isa::Isa;
use super::kept_graph::{candle_keeps_the_graph, graph_is_kept};
use super::kernel::{self, Kernel, apply, with_arrays};
use super::seal::{Computed, seal};
use super::wanted::is_wanted;
use compute::NAME;
pub(crate) use compute::{Norm, NormStatistics};

pub use moments::Moments;

/// Normalises each channel of `x: [n, c, h, w]` by its mean and variance over batch and space: `(x - mean) / sqrt(var + eps)`. If `affine`
/// is given, the result is multiplied by its first tensor, the scale, and its second, the shift, is added (`[c]` each).
///
/// The gradient includes the dependence of mean and variance on `x`. The returned statistics are constants.
///
/// # Errors
/// If the shapes do not fit each other, a channel has fewer than two pixels in the batch, or a tensor is not on the CPU.
pub fn batch_norm(x: &Tensor, affine: Option<(&Tensor, &Tensor)>, eps: f64) -> Result<(Tensor, Moments)> {
    let (n, _, h, w) = x.dims4()?;
    if n * h * w < 2 {
        bail!("batch_norm: a variance needs two values, but a channel of {:?} has fewer", x.dims());
    }
    if candle_keeps_the_graph()? {
        return composed::batch_norm(x, affine, eps);
    }
    let norm = Norm { eps, given: None, used: Arc::default() };
    let used = norm.used.clone();
    let y = record(norm, x, affine)?;
    let moments = match used.get() {
        None => bail!("batch_norm: no statistics were taken"),
        Some(NormStatistics::Host { mean, var }) => {
            let tensor = |values: &[f64]| Tensor::new(values, x.device())?.to_dtype(x.dtype());
            Moments { mean: tensor(mean)?, var: tensor(var)? }
        }
        #[cfg(feature = "cuda")]
        Some(NormStatistics::Gpu(both)) => Moments { mean: both.get(0)?, var: both.get(1)? },
    };
    Ok((y, moments))
}

/// Like [`batch_norm`], with `mean` and `var` (`[c]` each) as constants.
///
/// # Errors
/// If the shapes do not fit each other, or a tensor is not on the CPU.
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
    let channels = x.dims4()?.1;
    if mean.dims() != [channels] || var.dims() != [channels] {
        bail!("batch_norm: mean {:?} and variance {:?} for {channels} channels", mean.dims(), var.dims());
    }
    let given = given(mean, var)?;
    record(Norm { eps, given: Some(given), used: Arc::default() }, x, affine)
}

/// Given statistics as the kernels of their device want them.
fn given(mean: &Tensor, var: &Tensor) -> Result<NormStatistics> {
    #[cfg(feature = "cuda")]
    if mean.device().is_cuda() {
        return Ok(NormStatistics::Gpu(crate::gpu::given(mean, var)?));
    }
    let values = |t: &Tensor| t.detach().to_dtype(DType::F64)?.to_vec1::<f64>();
    Ok(NormStatistics::Host { mean: values(mean)?, var: values(var)? })
}

/// Runs the normalisation and records it.
fn record(norm: Norm, x: &Tensor, affine: Option<(&Tensor, &Tensor)>) -> Result<Tensor> {
    match affine {
        None => apply(norm, [x]),
        Some((scale, shift)) => apply(norm, [x, scale, shift]),
    }
}

/// The gradients by image, scale and shift. All are sealed; only the gradient by the image is recorded where the graph is kept.
fn gradients(norm: &Norm, x: &Tensor, scale: Option<&Tensor>, gy: &Tensor) -> Result<[Option<Tensor>; 3]> {
    fn typed<T: Element>(norm: &Norm, x: &Tensor, scale: Option<&Tensor>, gy: &Tensor) -> Result<[Option<Tensor>; 3]> {
        let (wanted, kept) = (is_wanted(x), graph_is_kept()?);
        let [gx, of_scale, of_shift] = match scale {
            Some(scale) => with_arrays(NAME, [x, gy, scale], |[x, gy, scale]| {
                norm.differentiate::<T>((x, gy), Some(scale.data), wanted && !kept)
            }),
            None => with_arrays(NAME, [x, gy], |[x, gy]| norm.differentiate::<T>((x, gy), None, wanted && !kept)),
        }?;
        let seal = |data: Vec<T>, dims: &[usize]| {
            seal(NAME, x.device(), Computed::Cpu(T::to_cpu_storage_owned(data)), dims.into())
        };
        let image = || if kept { second::image_gradient(norm, x, scale, gy) } else { seal(gx, x.dims()) };
        Ok([
            wanted.then(image).transpose()?,
            scale.map(|scale| seal(of_scale, scale.dims())).transpose()?,
            scale.map(|scale| seal(of_shift, scale.dims())).transpose()?,
        ])
    }
    #[cfg(feature = "cuda")]
    if let Some(gpu) = crate::gpu::of_tensor(x)? {
        return gradients_on_gpu(norm, &gpu, x, scale, gy);
    }
    if x.dtype() == DType::F32 { typed::<f32>(norm, x, scale, gy) } else { typed::<f64>(norm, x, scale, gy) }
}

#[cfg(feature = "cuda")]
fn gradients_on_gpu(
    norm: &Norm,
    gpu: &crate::gpu::Gpu,
    x: &Tensor,
    scale: Option<&Tensor>,
    gy: &Tensor,
) -> Result<[Option<Tensor>; 3]> {
    use crate::gpu::{differentiate, with_operands};
    let (wanted, kept) = (is_wanted(x), graph_is_kept()?);
    let found = match scale {
        Some(scale) => with_operands([x, gy, scale], |[x, gy, scale]| {
            differentiate(norm, gpu, [x, gy], Some(scale), wanted && !kept)
        }),
        None => with_operands([x, gy], |inputs| differentiate(norm, gpu, inputs, None, wanted && !kept)),
    }?;
    let seal = |(storage, shape)| seal(NAME, x.device(), Computed::Cuda(storage), shape);
    let [gx, of_scale, of_shift] = found.map(|found| found.map(seal).transpose());
    let gx = if wanted && kept { Some(second::image_gradient(norm, x, scale, gy)?) } else { gx? };
    Ok([gx, of_scale?, of_shift?])
}

impl Kernel<1> for Norm {
    const NAME: &'static str = NAME;

    fn forward<T: Element>(&self, isa: Isa, [x]: [Array<T>; 1]) -> Result<kernel::Computed<T>> {
        Ok((self.compute(isa, x, None)?, x.dims.into()))
    }

    fn backward(&self, [x]: [&Tensor; 1], _y: &Tensor, gy: &Tensor) -> Result<[Option<Tensor>; 1]> {
        let [gx, ..] = gradients(self, x, None, gy)?;
        Ok([gx])
    }
}

impl Kernel<3> for Norm {
    const NAME: &'static str = NAME;

    fn forward<T: Element>(&self, isa: Isa, [x, scale, shift]: [Array<T>; 3]) -> Result<kernel::Computed<T>> {
        Ok((self.compute(isa, x, Some((scale.data, shift.data)))?, x.dims.into()))
    }

    fn backward(&self, [x, scale, _]: [&Tensor; 3], _y: &Tensor, gy: &Tensor) -> Result<[Option<Tensor>; 3]> {
        gradients(self, x, Some(scale), gy)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{
        assert_close, beside, check, check_sealed, check_second_order, random, runs_with_kept_graph, values,
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
            // With few pixels the gradient changes within one step of the differences.
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
            check(std::slice::from_ref(&x), |inputs| batch_norm_fixed(&inputs[0], &beside(&mean, &inputs[0]), &beside(&var, &inputs[0]), None, 0.1));
            check(&[x, scale, shift], |inputs| {
                let (mean, var) = (beside(&mean, &inputs[0]), beside(&var, &inputs[0]));
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

        // Here the gradient nearly cancels, so an error in the centre would show.
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
        if !runs_with_kept_graph("cpu::norm::tests::derivatives_of_derivatives") {
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
            let (mean, var) = (beside(&found.mean, &inputs[0]), beside(&found.var, &inputs[0]));
            batch_norm_fixed(&inputs[0], &mean, &var, Some((&inputs[1], &inputs[2])), EPS)?.sqr()
        });
    }

    #[test]
    fn a_second_backward_pass_is_an_error_where_candle_cuts_the_graph() {
        check_sealed(&random("x", &[2, 2, 5, 5]), |x| Ok(batch_norm(x, None, EPS)?.0));
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let (x, three) = (random("x", &[1, 2, 1, 1]), random("scale", &[3]));
        assert!(batch_norm(&x, None, EPS).unwrap_err().to_string().contains("a variance needs two values"));
        let x = random("x", &[2, 2, 1, 1]);
        assert!(batch_norm(&x, Some((&three, &three)), EPS).unwrap_err().to_string().contains("for 2 channels"));
        assert!(batch_norm_fixed(&x, &three, &three, None, EPS).unwrap_err().to_string().contains("for 2 channels"));
    }
}
