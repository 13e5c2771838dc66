//! The second derivative of batch-norm: the gradient of its gradient by the image.
//!
//! With `z = (x - mean) / s` and `s² = var + eps`, the gradient by the image is `gx = a (g - mean(g) - z mean(g z))`, where `a = scale /
//! s`. Call the bracket `P(g)`. The map from `g` to `gx` is its own adjoint, so the gradient of `V = Σ v gx` by `g` is the same map
//! applied to `v`. If `x` moves by `d`, then `s` moves by `mean(z d)` and `z` by `P(d) / s`. So, with the `N` pixels of a channel,
//!
//! `∂V/∂x = -z V / (N s) - a / s (mean(g z) P(v) + mean(v z) P(g))`, `V / N = a (mean(v g) - mean(v) mean(g) - mean(v z) mean(g z))`.

use candle_core::{DType, Result, Tensor};
use rayon::prelude::*;

use super::super::element::{Array, Element, to_be_overwritten};
use super::super::isa::{Isa, vectorised};
use super::super::kernel::{self, Kernel, apply, gradient, with_arrays};
use super::super::reduce::{row_moments, row_product};
use super::super::seal::{Computed, seal};
use super::super::wanted::{is_wanted, wanted};
use super::compute::{NAME, Norm, by_channel};

/// The gradient by the image, given the gradient by the normalised image. It can be differentiated once.
pub(super) fn image_gradient(norm: &Norm, x: &Tensor, scale: Option<&Tensor>, gy: &Tensor) -> Result<Tensor> {
    match scale {
        None => apply(ImageGradient(norm.clone()), [x, gy]),
        Some(scale) => apply(ImageGradient(norm.clone()), [x, gy, scale]),
    }
}

/// `(x, gy) -> gx` or `(x, gy, scale) -> gx`
pub(crate) struct ImageGradient(pub(crate) Norm);

impl Kernel<2> for ImageGradient {
    const NAME: &'static str = "batch_norm gradient";

    fn forward<T: Element>(&self, _isa: Isa, [x, gy]: [Array<T>; 2]) -> Result<kernel::Computed<T>> {
        let [gx, ..] = self.0.differentiate((x, gy), None, true)?;
        Ok((gx, x.dims.into()))
    }

    fn backward(&self, [x, gy]: [&Tensor; 2], _gx: &Tensor, v: &Tensor) -> Result<[Option<Tensor>; 2]> {
        let [of_x, _] = self.by_image_and_scale([x, gy, v], None)?;
        Ok([of_x, wanted(gy, || gradient(Self(self.0.clone()), [x, v]))?])
    }
}

impl Kernel<3> for ImageGradient {
    const NAME: &'static str = "batch_norm gradient";

    fn forward<T: Element>(&self, _isa: Isa, [x, gy, scale]: [Array<T>; 3]) -> Result<kernel::Computed<T>> {
        let [gx, ..] = self.0.differentiate((x, gy), Some(scale.data), true)?;
        Ok((gx, x.dims.into()))
    }

    fn backward(&self, [x, gy, scale]: [&Tensor; 3], _gx: &Tensor, v: &Tensor) -> Result<[Option<Tensor>; 3]> {
        let [of_x, of_scale] = self.by_image_and_scale([x, gy, v], Some(scale))?;
        Ok([of_x, wanted(gy, || gradient(Self(self.0.clone()), [x, v, scale]))?, of_scale])
    }
}

impl ImageGradient {
    /// The sealed gradients of `Σ v gx` by image and scale.
    fn by_image_and_scale(&self, [x, gy, v]: [&Tensor; 3], scale: Option<&Tensor>) -> Result<[Option<Tensor>; 2]> {
        fn typed<T: Element>(
            norm: &Norm,
            [x, gy, v]: [&Tensor; 3],
            scale: Option<&Tensor>,
        ) -> Result<[Option<Tensor>; 2]> {
            let [of_x, of_scale] = match scale {
                None => with_arrays(NAME, [x, gy, v], |arrays| norm.differentiate_again::<T>(arrays, None)),
                Some(scale) => with_arrays(NAME, [x, gy, v, scale], |[x, gy, v, scale]| {
                    norm.differentiate_again::<T>([x, gy, v], Some(scale.data))
                }),
            }?;
            let seal = |data: Vec<T>, dims: &[usize]| {
                seal(NAME, x.device(), Computed::Cpu(T::to_cpu_storage_owned(data)), dims.into())
            };
            let of_scale = scale.filter(|scale| is_wanted(scale)).map(|scale| seal(of_scale, scale.dims()));
            Ok([is_wanted(x).then(|| seal(of_x, x.dims())).transpose()?, of_scale.transpose()?])
        }
        if !is_wanted(x) && !scale.is_some_and(is_wanted) {
            return Ok([None, None]);
        }
        #[cfg(feature = "cuda")]
        if let Some(gpu) = crate::gpu::of_tensor(x)? {
            return self.by_image_and_scale_on_gpu(&gpu, [x, gy, v], scale);
        }
        if x.dtype() == DType::F32 {
            typed::<f32>(&self.0, [x, gy, v], scale)
        } else {
            typed::<f64>(&self.0, [x, gy, v], scale)
        }
    }
}

#[cfg(feature = "cuda")]
impl ImageGradient {
    fn by_image_and_scale_on_gpu(
        &self,
        gpu: &crate::gpu::Gpu,
        [x, gy, v]: [&Tensor; 3],
        scale: Option<&Tensor>,
    ) -> Result<[Option<Tensor>; 2]> {
        use crate::gpu::{self, differentiate_again, with_operands};
        let gpu = &gpu.clone().for_gradients();
        let [of_x, of_scale] = match scale {
            None => with_operands([x, gy, v], |inputs| differentiate_again(&self.0, gpu, inputs, None)),
            Some(scale) => with_operands([x, gy, v, scale], |[x, gy, v, scale]| {
                differentiate_again(&self.0, gpu, [x, gy, v], Some(scale))
            }),
        }?;
        let seal = |(memory, shape): gpu::Computed| memory.sealed(NAME, x.device(), shape);
        let of_scale = scale.filter(|scale| is_wanted(scale)).map(|_| seal(of_scale));
        Ok([is_wanted(x).then(|| seal(of_x)).transpose()?, of_scale.transpose()?])
    }
}

impl Norm {
    /// The gradients of `Σ v gx` by image and scale.
    fn differentiate_again<T: Element>(&self, [x, g, v]: [Array<T>; 3], scale: Option<&[T]>) -> Result<[Vec<T>; 2]> {
        let (isa, (means, vars)) = (Isa::current(), self.statistics()?.on_host()?);
        let [n, c, h, w] = x.image()?;
        let (pixels, count) = (h * w, (n * h * w) as f64);
        let mut of_x = to_be_overwritten(x.data.len());
        let of_scale = by_channel(&mut of_x, c, pixels).into_par_iter().enumerate().map(|(channel, of_x)| {
            let rows = |data| <[T]>::chunks_exact(data, pixels).skip(channel).step_by(c);
            let (mean, center) = (means[channel], T::from_double(means[channel]));
            let deviation = (vars[channel] + self.eps).sqrt();
            let mut sums = [0.0; 5];
            for ((x, g), v) in rows(x.data).zip(rows(g.data)).zip(rows(v.data)) {
                let ([g_sum, gx_sum], [v_sum, vx_sum]) =
                    (row_moments(isa, g, x, center), row_moments(isa, v, x, center));
                let row = [g_sum, gx_sum, v_sum, vx_sum, row_product(isa, g, v)];
                sums.iter_mut().zip(row).for_each(|(sum, row)| *sum += row);
            }
            let [g_sum, gx_sum, v_sum, vx_sum, gv_sum] = sums;
            // Corrected, as the deviations are from the rounded mean.
            let off = center.to_double() - mean;
            let (g_mean, v_mean) = (g_sum / count, v_sum / count);
            let (gz, vz) = ((gx_sum + off * g_sum) / deviation / count, (vx_sum + off * v_sum) / deviation / count);
            if self.given.is_some() {
                for row in of_x {
                    row.fill(T::ZERO);
                }
                return T::from_double(gv_sum / deviation);
            }
            let value = gv_sum / count - v_mean * g_mean - vz * gz;
            let slope = scale.map_or(1.0, |scale| scale[channel].to_double()) / (deviation * deviation);
            let of_z = slope * (2.0 * gz * vz - value);
            let shift = of_z * off / deviation + slope * (gz * v_mean + vz * g_mean);
            let numbers = [
                center,
                T::from_double(-slope * vz),
                T::from_double(-slope * gz),
                T::from_double(of_z / deviation),
                T::from_double(shift),
            ];
            for (((x, g), v), of_x) in rows(x.data).zip(rows(g.data)).zip(rows(v.data)).zip(of_x) {
                combine_three_rows(isa, (x, g, v), numbers, of_x);
            }
            T::from_double(value * count / deviation)
        });
        let of_scale = of_scale.collect();
        Ok([of_x, of_scale])
    }
}

vectorised! {
    /// `y = of_g g + of_v v + slope (x - center) + shift`
    fn combine_three_rows<T>(rows: (&[T], &[T], &[T]), numbers: [T; 5], y: &mut [T]) {
        let [center, of_g, of_v, slope, shift] = numbers;
        for (((y, &x), &g), &v) in y.iter_mut().zip(rows.0).zip(rows.1).zip(rows.2) {
            *y = g.fma(of_g, v.fma(of_v, (x - center).fma(slope, shift)));
        }
    }
}

#[cfg(test)]
mod tests {
    #[cfg(feature = "cuda")]
    use super::super::super::testing::assert_close_in_all;
    use super::super::super::testing::{assert_close, beside, random, values};
    use super::super::super::{backward_to, differentiable_backward, sum_all, times_constant};
    use super::super::{batch_norm, batch_norm_fixed};
    use super::*;
    use candle_core::{Device, Var};
    use proptest::prelude::*;

    /// A batch-norm of an image, and of scale and shift if there are any.
    type Apply<'a> = &'a dyn Fn(&[Var]) -> Result<Tensor>;

    /// Compares the gradient of `Σ d ∂L/∂x` by all inputs, for a fixed `d`, with central differences.
    fn check_again(inputs: &[Tensor], apply: Apply<'_>) {
        let (weights, along) = (random("weights", inputs[0].dims()), random("along", inputs[0].dims()));
        // L is not linear in the normalised image, so its gradient depends on all inputs.
        let differentiated = |inputs: &[Tensor], device: &Device| -> (Vec<Var>, Tensor) {
            let on_device = inputs.iter().map(|input| input.to_device(device).unwrap());
            let variables: Vec<Var> = on_device.map(|input| Var::from_tensor(&input).unwrap()).collect();
            let (weights, along) = (beside(&weights, &variables[0]), beside(&along, &variables[0]));
            let normed = apply(&variables).unwrap();
            let again = batch_norm(&times_constant(&normed, &weights).unwrap(), None, 0.5).unwrap().0;
            let loss = sum_all(&times_constant(&again, &along).unwrap()).unwrap();
            let gradients = differentiable_backward(&loss, &variables[..1]).unwrap();
            let sum = sum_all(&times_constant(gradients.get(&variables[0]).unwrap(), &along).unwrap()).unwrap();
            (variables, sum)
        };
        let second = |device: &Device| -> Vec<Vec<f64>> {
            let (variables, sum) = differentiated(inputs, device);
            let found = backward_to(&sum, &variables).unwrap();
            variables.iter().map(|variable| values(found.get(variable).expect("a second gradient"))).collect()
        };
        let found = second(&Device::Cpu);
        #[cfg(feature = "cuda")]
        for (on_gpu, on_cpu) in second(crate::device::gpu_for_tests()).iter().zip(&found) {
            assert_close_in_all("on the GPU", on_gpu, on_cpu, 1.0, 1e-12);
        }
        let value = |inputs: &[Tensor]| values(&differentiated(inputs, &Device::Cpu).1)[0];
        for (place, found) in found.iter().enumerate() {
            let step = 1e-5;
            let direction = random("direction", inputs[place].dims());
            let moved = |step: f64| {
                let mut inputs = inputs.to_vec();
                inputs[place] = (&inputs[place] + (&direction * step).unwrap()).unwrap();
                value(&inputs)
            };
            let expected = (moved(step) - moved(-step)) / (2.0 * step);
            let found: f64 = found.iter().zip(values(&direction)).map(|(g, d)| g * d).sum();
            assert_close(&format!("by input {place}"), &[found], &[expected], 1e-6);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        #[test]
        fn the_second_derivative_is_that_of_differences(n in 2..4_usize, c in 1..4_usize, h in 2..5_usize, w in 2..6_usize) {
            let (x, scale) = (random("x", &[n, c, h, w]), random("scale", &[c]));
            let shift = random("shift", &[c]);
            check_again(std::slice::from_ref(&x), &|v| Ok(batch_norm(&v[0], None, 0.1)?.0));
            check_again(&[x.clone(), scale.clone()], &|v| {
                Ok(batch_norm(&v[0], Some((&v[1], &beside(&shift, &v[0]))), 0.1)?.0)
            });
            let (mean, var) = (random("mean", &[c]), random("var", &[c]).sqr().unwrap());
            check_again(&[x, scale], &|v| {
                let (mean, var, shift) = (beside(&mean, &v[0]), beside(&var, &v[0]), beside(&shift, &v[0]));
                batch_norm_fixed(&v[0], &mean, &var, Some((&v[1], &shift)), 0.1)
            });
        }
    }
}
