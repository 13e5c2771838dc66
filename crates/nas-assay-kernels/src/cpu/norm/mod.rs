//! Batch normalisation (Ioffe and Szegedy 2015), with the statistics of the batch or with given statistics.
//!
//! The gradient by the image can be differentiated once more ([`second`]), the gradients by scale and shift cannot. Where Candle keeps the
//! graph of gradients, the formula is [`composed`] of operations that have derivatives of any order. That takes three times as long.

mod composed;
mod compute;
mod moments;
pub(crate) mod second;

use candle_core::{DType, Result, Tensor, Var, bail};

use super::element::{Array, Element};
#[cfg(feature = "cuda")]
use super::elementwise::ReluGradient;
use super::elementwise::relu;
use super::isa::Isa;
use super::kept_graph::{candle_keeps_the_graph, graph_is_kept};
#[cfg(feature = "cuda")]
use super::kernel::gradient;
use super::kernel::{self, Kernel, apply, with_arrays};
use super::seal::{Computed, seal};
use super::wanted::is_wanted;
use crate::slice::Channels;
use compute::NAME;
pub(crate) use compute::{Norm, NormStatistics};

pub use moments::Moments;

/// Normalises each channel of `x: [n, c, h, w]` by its mean and variance over batch and space: `(x - mean) / sqrt(var + eps)`. If `affine`
/// is given, the result is multiplied by its first tensor, the scale, and its second, the shift, is added (`[c]` each).
///
/// The gradient includes the dependence of mean and variance on `x`. The returned statistics are constants.
///
/// # Errors
/// If the shapes do not fit each other, a channel has fewer than two pixels in the batch, or the tensors are on different devices.
pub fn batch_norm(x: &Tensor, affine: Option<(&Tensor, &Tensor)>, eps: f64) -> Result<(Tensor, Moments)> {
    let (n, _, h, w) = x.dims4()?;
    if n * h * w < 2 {
        bail!("batch_norm: a variance needs two values, but a channel of {:?} has fewer", x.dims());
    }
    if candle_keeps_the_graph()? {
        return composed::batch_norm(x, affine, eps);
    }
    let norm = Norm::new(eps, None);
    let used = norm.used.clone();
    let y = record(norm, x, affine)?;
    let moments = match used.get() {
        None => bail!("batch_norm: no statistics were taken"),
        Some(NormStatistics::Host { mean, var }) => {
            let tensor = |values: &[f64]| Tensor::new(values, x.device())?.to_dtype(x.dtype());
            Moments { mean: tensor(mean)?, var: tensor(var)? }
        }
        #[cfg(feature = "cuda")]
        Some(NormStatistics::Gpu(statistics)) => match crate::gpu::of_tensor(x)? {
            Some(gpu) => statistics.moments(&gpu)?,
            None => bail!("batch_norm: the statistics are on another device than the image"),
        },
    };
    Ok((y, moments))
}

/// The running statistics of a layer, and how a pass moves them: `running += momentum (batch - running)`, with the unbiased variance.
#[derive(Clone, Copy, Debug)]
pub struct Running<'a> {
    /// Means of all channels of the layer.
    pub mean: &'a Var,
    /// Variances of all channels of the layer.
    pub var: &'a Var,
    /// Which of them the pass uses.
    pub channels: &'a Channels,
    /// The weight of the batch.
    pub momentum: f64,
}

impl Running<'_> {
    /// Moves them towards the statistics of a batch with so many pixels in each channel.
    ///
    /// # Errors
    /// If the shapes do not fit each other.
    pub(crate) fn follow(&self, batch: &Moments, pixels: usize) -> Result<()> {
        let unbiased = (&batch.var * (pixels as f64 / (pixels as f64 - 1.0)))?;
        move_towards(self.mean, &batch.mean, self.momentum, self.channels)?;
        move_towards(self.var, &unbiased, self.momentum, self.channels)
    }
}

/// [`batch_norm`] without its statistics, which move the running ones instead, if these are given.
///
/// # Errors
/// As for [`batch_norm`], or if there are not as many channels as the running statistics say.
pub fn batch_norm_tracked(
    x: &Tensor,
    affine: Option<(&Tensor, &Tensor)>,
    eps: f64,
    running: Option<Running<'_>>,
) -> Result<Tensor> {
    tracked(x, affine, (eps, false), running)
}

/// The ReLU of [`batch_norm_tracked`]: on a GPU in one pass.
///
/// # Errors
/// As for [`batch_norm_tracked`].
pub fn batch_norm_relu(
    x: &Tensor,
    affine: Option<(&Tensor, &Tensor)>,
    eps: f64,
    running: Option<Running<'_>>,
) -> Result<Tensor> {
    tracked(x, affine, (eps, true), running)
}

fn tracked(
    x: &Tensor,
    affine: Option<(&Tensor, &Tensor)>,
    (eps, rectified): (f64, bool),
    running: Option<Running<'_>>,
) -> Result<Tensor> {
    #[cfg(feature = "cuda")]
    if x.device().is_cuda() && !candle_keeps_the_graph()? {
        let (n, _, h, w) = x.dims4()?;
        if n * h * w < 2 {
            bail!("batch_norm: a variance needs two values, but a channel of {:?} has fewer", x.dims());
        }
        let track = running.map(|running| crate::gpu::Tracked {
            mean: running.mean.clone(),
            var: running.var.clone(),
            channels: running.channels.clone(),
            momentum: running.momentum,
        });
        return record(Norm { rectified, track, ..Norm::new(eps, None) }, x, affine);
    }
    let (y, moments) = batch_norm(x, affine, eps)?;
    if let Some(running) = running {
        running.follow(&moments, x.elem_count() / x.dim(1)?)?;
    }
    if rectified { relu(&y) } else { Ok(y) }
}

/// `running += momentum * (target - running)`, of some channels.
fn move_towards(running: &Var, target: &Tensor, momentum: f64, channels: &Channels) -> Result<()> {
    let all = running.as_detached_tensor();
    let moved = |old: Tensor| -> Result<Tensor> { (old * (1.0 - momentum))? + (target * momentum)? };
    let total = all.elem_count();
    let new = match channels {
        Channels::First(count) if *count == total => moved(all)?,
        Channels::First(count) => {
            let rest = all.narrow(0, *count, total - count)?;
            Tensor::cat(&[moved(all.narrow(0, 0, *count)?)?, rest], 0)?
        }
        Channels::Picked(picked) => {
            let places = Tensor::new(&picked[..], all.device())?;
            let moved = moved(all.index_select(&places, 0)?)?;
            all.scatter(&places, &moved, 0)?
        }
    };
    running.set(&new)
}

/// Like [`batch_norm`], with `mean` and `var` (`[c]` each) as constants.
///
/// # Errors
/// If the shapes do not fit each other, or the tensors are on different devices.
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
    record(Norm::new(eps, Some(given)), x, affine)
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
fn gradients(norm: &Norm, x: &Tensor, scale: Option<&Tensor>, [y, gy]: [&Tensor; 2]) -> Result<[Option<Tensor>; 3]> {
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
        return gradients_on_gpu(norm, &gpu, x, scale, [y, gy]);
    }
    #[cfg(not(feature = "cuda"))]
    let _ = y;
    if norm.rectified {
        bail!("batch_norm: the ReLU is a part of it on a GPU only");
    }
    if x.dtype() == DType::F32 { typed::<f32>(norm, x, scale, gy) } else { typed::<f64>(norm, x, scale, gy) }
}

#[cfg(feature = "cuda")]
fn gradients_on_gpu(
    norm: &Norm,
    gpu: &crate::gpu::Gpu,
    x: &Tensor,
    scale: Option<&Tensor>,
    [y, gy]: [&Tensor; 2],
) -> Result<[Option<Tensor>; 3]> {
    use crate::gpu::{self, differentiate, with_operands};
    let gpu = &gpu.clone().for_gradients();
    let (wanted, kept) = (is_wanted(x), graph_is_kept()?);
    // Where the graph is kept, the ReLU is passed on its own, so that it has a derivative.
    let passed = if norm.rectified && kept { gradient(ReluGradient, [gy, &y.detach()])? } else { gy.clone() };
    let (gy, masked, wanted_here) = (&passed, norm.rectified && !kept, wanted && !kept);
    let found = match (scale, masked) {
        (None, false) => with_operands([x, gy], |inputs| differentiate(norm, gpu, inputs, (None, None), wanted_here)),
        (None, true) => {
            with_operands([x, gy, y], |[x, gy, y]| differentiate(norm, gpu, [x, gy], (None, Some(y)), wanted_here))
        }
        (Some(scale), false) => with_operands([x, gy, scale], |[x, gy, scale]| {
            differentiate(norm, gpu, [x, gy], (Some(scale), None), wanted_here)
        }),
        (Some(scale), true) => with_operands([x, gy, scale, y], |[x, gy, scale, y]| {
            differentiate(norm, gpu, [x, gy], (Some(scale), Some(y)), wanted_here)
        }),
    }?;
    let seal = |(memory, shape): gpu::Computed| memory.sealed(NAME, x.device(), shape);
    let [gx, of_scale, of_shift] = found.map(|found| found.map(seal).transpose());
    let gx = if wanted && kept { Some(second::image_gradient(norm, x, scale, gy)?) } else { gx? };
    Ok([gx, of_scale?, of_shift?])
}

impl Kernel<1> for Norm {
    const NAME: &'static str = NAME;

    fn forward<T: Element>(&self, isa: Isa, [x]: [Array<T>; 1]) -> Result<kernel::Computed<T>> {
        Ok((self.compute(isa, x, None)?, x.dims.into()))
    }

    fn backward(&self, [x]: [&Tensor; 1], y: &Tensor, gy: &Tensor) -> Result<[Option<Tensor>; 1]> {
        let [gx, ..] = gradients(self, x, None, [y, gy])?;
        Ok([gx])
    }
}

impl Kernel<3> for Norm {
    const NAME: &'static str = NAME;

    fn forward<T: Element>(&self, isa: Isa, [x, scale, shift]: [Array<T>; 3]) -> Result<kernel::Computed<T>> {
        Ok((self.compute(isa, x, Some((scale.data, shift.data)))?, x.dims.into()))
    }

    fn backward(&self, [x, scale, _]: [&Tensor; 3], y: &Tensor, gy: &Tensor) -> Result<[Option<Tensor>; 3]> {
        gradients(self, x, Some(scale), [y, gy])
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{
        assert_close, beside, check, check_sealed, check_second_order, on_every_device, random, runs_with_kept_graph,
        values,
    };
    use super::*;
    use candle_core::{Device, Var};
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

    /// A shift that keeps the normalised pixels of these images away from the kink.
    #[test]
    fn the_relu_of_a_norm_is_that() {
        let x = random("x", &[3, 4, 5, 6]);
        let (scale, shift) = (random("scale", &[4]), Tensor::new(&[9.0, -9.0, 7.0, -8.0], &Device::Cpu).unwrap());
        let apart = relu(&batch_norm(&x, Some((&scale, &shift)), EPS).unwrap().0).unwrap();
        let together = batch_norm_relu(&x, Some((&scale, &shift)), EPS, None).unwrap();
        assert_eq!(values(&together), values(&apart));
        check(&[x.clone(), scale, shift], |inputs| {
            batch_norm_relu(&inputs[0], Some((&inputs[1], &inputs[2])), EPS, None)
        });
        let (mean, half) = (moments(&x).0[0], Tensor::full(0.5, 4, &Device::Cpu).unwrap());
        assert!(mean.abs() < 1.0);
        check_sealed(&x, |x| batch_norm_relu(x, Some((&beside(&half, x), &beside(&half, x))), EPS, None));
    }

    /// The kinks: on a GPU, gradients pass where the ReLU alone would pass them.
    #[test]
    fn the_gradient_of_the_relu_is_that_of_the_relu() {
        on_every_device(|device| {
            let gradients = |together: bool| {
                let x = Var::from_tensor(&random("x", &[3, 4, 5, 6]).to_device(device).unwrap()).unwrap();
                let y = if together {
                    batch_norm_relu(&x, None, EPS, None).unwrap()
                } else {
                    relu(&batch_norm(&x, None, EPS).unwrap().0).unwrap()
                };
                let weights = random("weights", y.dims()).to_device(device).unwrap();
                let loss = super::super::sum_all(&super::super::times_constant(&y, &weights).unwrap()).unwrap();
                values(super::super::backward(&loss).unwrap().get(&x).unwrap())
            };
            assert_close("gradient", &gradients(true), &gradients(false), 1e-13);
        });
    }

    #[test]
    fn running_statistics_follow_the_batch() {
        on_every_device(|device| {
            let x = random("x", &[4, 2, 3, 3]).to_device(device).unwrap();
            let (mean, var) = moments(&x);
            for channels in [Channels::First(2), Channels::Picked([1, 3].into())] {
                let zeros = || Var::zeros(4, DType::F64, device).unwrap();
                let (running_mean, running_var) = (zeros(), zeros());
                let running = Running { mean: &running_mean, var: &running_var, channels: &channels, momentum: 0.25 };
                batch_norm_tracked(&x, None, EPS, Some(running)).unwrap();
                let mut expected = [[0.0; 4]; 2];
                for (place, channel) in channels.iter().enumerate() {
                    expected[0][channel] = 0.25 * mean[place];
                    expected[1][channel] = 0.25 * var[place] * 36.0 / 35.0;
                }
                assert_close("mean", &values(&running_mean), &expected[0], 1e-14);
                assert_close("variance", &values(&running_var), &expected[1], 1e-14);
            }
        });
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
