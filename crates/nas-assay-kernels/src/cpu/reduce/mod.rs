//! Sums, in a fixed order.
//!
//! A row is summed in lanes, element `i` in lane `i mod 32`; then the lanes are added, and then the rows. Plain sums are in double
//! precision throughout. Sums of products and squares of a row are in the row's own type within a lane, and in double precision across
//! lanes and rows, so their error grows with the length of a lane only.

#[cfg(target_arch = "x86_64")]
mod avx512;
mod rows;

use candle_core::{DType, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use super::element::{Array, Element, LANES, to_be_overwritten};
use super::elementwise::BLOCK;
use super::isa::Isa;
use super::kernel::{Computed, Kernel, apply, gradient, with_arrays};
use super::wanted::wanted;
use rows::row_sums;

pub(super) use rows::{row_moments, row_product, row_squares, row_sum};

/// Elements of a row, where the tensor is not divided into rows.
const ROW: usize = 4096;

/// The sum of all elements, a scalar, computed in double precision and rounded once.
///
/// # Errors
/// If `x` has no elements.
pub fn sum_all(x: &Tensor) -> Result<Tensor> {
    apply(Sums { over: Over::All, mean: false }, [x])
}

/// The mean of each channel of each image of `x: [n, c, h, w]`: `[n, c]`.
///
/// # Errors
/// If `x` is not an image tensor, or has no elements.
pub fn global_avg_pool(x: &Tensor) -> Result<Tensor> {
    apply(Sums { over: Over::Space, mean: true }, [x])
}

/// `Σ x y`, in double precision.
///
/// # Errors
/// If the shapes or types differ, or the tensors are on different devices.
pub fn dot(x: &Tensor, y: &Tensor) -> Result<f64> {
    products(x, y, false)
}

/// `Σ |x y|`, in double precision.
///
/// # Errors
/// As for [`dot`].
pub fn abs_dot(x: &Tensor, y: &Tensor) -> Result<f64> {
    products(x, y, true)
}

/// `Σ x²`, in double precision.
///
/// # Errors
/// If `x` is neither `f32` nor `f64`.
pub fn sum_squares(x: &Tensor) -> Result<f64> {
    products(x, x, false)
}

/// The sum of the products, or of their absolute values.
fn products(x: &Tensor, y: &Tensor, absolute: bool) -> Result<f64> {
    fn typed<T: Element>(x: Array<T>, y: Array<T>, term: impl Fn(f64, f64) -> f64 + Sync) -> f64 {
        let rows: Vec<f64> = x
            .data
            .par_chunks(ROW)
            .zip(y.data.par_chunks(ROW))
            .map(|(x, y)| {
                let mut lanes = [0.0; LANES];
                for (x, y) in x.chunks(LANES).zip(y.chunks(LANES)) {
                    for ((lane, x), y) in lanes.iter_mut().zip(x).zip(y) {
                        *lane += term(x.to_double(), y.to_double());
                    }
                }
                lanes.iter().sum()
            })
            .collect();
        rows.iter().sum()
    }
    if x.dims() != y.dims() {
        bail!("the shapes {:?} and {:?} should be the same", x.dims(), y.dims());
    }
    if x.dtype() != y.dtype() {
        bail!("one tensor is {:?}, the other {:?}; convert one", x.dtype(), y.dtype());
    }
    #[cfg(feature = "cuda")]
    if let Some(gpu) = crate::gpu::of_tensor(x)? {
        return crate::gpu::dot(&gpu, x, y, absolute);
    }
    let term = |x: f64, y: f64| if absolute { (x * y).abs() } else { x * y };
    match x.dtype() {
        DType::F32 => with_arrays("dot", [x, y], |[x, y]| Ok(typed::<f32>(x, y, term))),
        _ => with_arrays("dot", [x, y], |[x, y]| Ok(typed::<f64>(x, y, term))),
    }
}

/// Which elements are added.
#[derive(Clone, Copy)]
pub(crate) enum Over {
    /// All elements, to a scalar.
    All,
    /// The pixels of each channel of each image: `[n, c, h, w]` to `[n, c]`.
    Space,
    /// The pixels of each channel over all images: `[n, c, h, w]` to `[c]`.
    BatchAndSpace,
}

/// `x ->` its sums, or its means.
pub(crate) struct Sums {
    pub over: Over,
    pub mean: bool,
}

/// The gradient of [`Sums`] for tensors of this shape: each number is written to all elements that it is the sum of.
pub(crate) struct Broadcast {
    pub over: Over,
    pub mean: bool,
    pub shape: Shape,
}

impl Over {
    /// The number of planes of a tensor, and the shape of the sums. With `count` sums, plane `i` belongs to sum `i mod count`.
    pub fn planes(self, dims: &[usize]) -> Result<(usize, Shape)> {
        let (planes, shape) = match (self, dims) {
            (Self::All, _) => (1, ().into()),
            (Self::Space, &[n, c, _, _]) => (n * c, (n, c).into()),
            (Self::BatchAndSpace, &[n, c, _, _]) => (n * c, c.into()),
            _ => bail!("an image tensor is [n, c, h, w], but this one is {dims:?}"),
        };
        if dims.contains(&0) {
            bail!("a tensor of shape {dims:?} has no elements to sum");
        }
        Ok((planes, shape))
    }
}

impl Kernel<1> for Sums {
    const NAME: &'static str = "sum";

    fn forward<T: Element>(&self, isa: Isa, [x]: [Array<T>; 1]) -> Result<Computed<T>> {
        let (planes, shape) = self.over.planes(x.dims)?;
        let (plane, count) = (x.data.len() / planes, shape.elem_count());
        let divisor = if self.mean { (x.data.len() / count) as f64 } else { 1.0 };
        if count == planes && plane <= ROW {
            // Short rows: one piece of work has many.
            let mut means = to_be_overwritten(count);
            let at_once = BLOCK.div_ceil(plane);
            means.par_chunks_mut(at_once).zip(x.data.par_chunks(at_once * plane)).for_each(|(means, rows)| {
                let mut sums = vec![0.0; means.len()];
                row_sums(isa, rows, plane, &mut sums);
                means.iter_mut().zip(sums).for_each(|(mean, sum)| *mean = T::from_double(sum / divisor));
            });
            return Ok((means, shape));
        }
        let plane_sum = |plane: &[T]| -> f64 {
            if plane.len() <= ROW {
                return row_sum(isa, plane);
            }
            let rows: Vec<f64> = plane.par_chunks(ROW).map(|row| row_sum(isa, row)).collect();
            rows.iter().sum()
        };
        let at_once = (BLOCK * count).div_ceil(x.data.len());
        let sums = (0..count).into_par_iter().with_min_len(at_once).map(|i| {
            let sum: f64 = x.data.chunks_exact(plane).skip(i).step_by(count).map(plane_sum).sum();
            T::from_double(sum / divisor)
        });
        Ok((sums.collect(), shape))
    }

    fn backward(&self, [x]: [&Tensor; 1], _y: &Tensor, gy: &Tensor) -> Result<[Option<Tensor>; 1]> {
        let broadcast = Broadcast { over: self.over, mean: self.mean, shape: x.shape().clone() };
        Ok([wanted(x, || gradient(broadcast, [gy]))?])
    }
}

impl Kernel<1> for Broadcast {
    const NAME: &'static str = "sum gradient";

    fn forward<T: Element>(&self, _isa: Isa, [gy]: [Array<T>; 1]) -> Result<Computed<T>> {
        let (planes, shape) = self.over.planes(self.shape.dims())?;
        if gy.data.len() != shape.elem_count() {
            bail!("a gradient of shape {:?}, but it should be {shape:?}", gy.dims);
        }
        let plane = self.shape.elem_count() / planes;
        let divisor = if self.mean { (self.shape.elem_count() / gy.data.len()) as f64 } else { 1.0 };
        let mut gx = to_be_overwritten(self.shape.elem_count());
        gx.par_chunks_exact_mut(plane).enumerate().with_min_len(BLOCK.div_ceil(plane)).for_each(|(i, gx)| {
            gx.fill(T::from_double(gy.data[i % gy.data.len()].to_double() / divisor));
        });
        Ok((gx, self.shape.clone()))
    }

    fn backward(&self, [gy]: [&Tensor; 1], _gx: &Tensor, ggx: &Tensor) -> Result<[Option<Tensor>; 1]> {
        Ok([wanted(gy, || gradient(Sums { over: self.over, mean: self.mean }, [ggx]))?])
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_close, check, check_second_order, random, runs_with_kept_graph, values};
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        #[test]
        fn sums_and_means_are_their_definitions(n in 1..4_usize, c in 1..40_usize, h in 1..70_usize, w in 1..12_usize) {
            let x = random("x", &[n, c, h, w]);
            let planes: Vec<f64> = values(&x).chunks(h * w).map(|plane| plane.iter().sum::<f64>()).collect();
            let means: Vec<f64> = planes.iter().map(|sum| sum / (h * w) as f64).collect();
            assert_close("global_avg_pool", &values(&global_avg_pool(&x).unwrap()), &means, 1e-13);
            assert_close("sum_all", &values(&sum_all(&x).unwrap()), &[planes.iter().sum()], 1e-11);
            check(std::slice::from_ref(&x), |inputs| global_avg_pool(&inputs[0]));
            check(&[x], |inputs| sum_all(&inputs[0])?.affine(1e-2, 0.0)?.sqr());
        }

        #[test]
        fn inner_products_are_their_definitions(size in 1..10_000_usize) {
            let (x, y) = (random("x", &[size]), random("y", &[size]));
            let terms: Vec<f64> = values(&x).iter().zip(values(&y)).map(|(x, y)| x * y).collect();
            let absolute: f64 = terms.iter().map(|term| term.abs()).sum();
            let (single_x, single_y) = (x.to_dtype(DType::F32).unwrap(), y.to_dtype(DType::F32).unwrap());
            for (x, y) in [(&x, &y), (&single_x, &single_y)] {
                // The inputs can be represented in f32, so their products are exact in f64 and the same for both types.
                prop_assert!((dot(x, y).unwrap() - terms.iter().sum::<f64>()).abs() <= 1e-14 * absolute);
                prop_assert!((abs_dot(x, y).unwrap() - absolute).abs() <= 1e-14 * absolute);
                prop_assert_eq!(sum_squares(x).unwrap().to_bits(), dot(x, x).unwrap().to_bits());
                let five = rayon::ThreadPoolBuilder::new().num_threads(5).build().unwrap();
                prop_assert_eq!(five.install(|| dot(x, y)).unwrap().to_bits(), dot(x, y).unwrap().to_bits());
            }
        }
    }

    #[test]
    fn a_long_sum_in_single_precision_keeps_its_digits() {
        let x = Tensor::full(0.1_f32, (64, 1, 1000, 100), &candle_core::Device::Cpu).unwrap();
        let expected = f64::from(0.1_f32) * 6_400_000.0;
        assert_close("sum_all", &values(&sum_all(&x).unwrap()), &[expected], 1e-7);
    }

    #[test]
    fn derivatives_of_derivatives() {
        if runs_with_kept_graph("cpu::reduce::tests::derivatives_of_derivatives") {
            check_second_order(&[random("x", &[2, 3, 4, 5])], |inputs| global_avg_pool(&inputs[0].sqr()?)?.sqr());
            check_second_order(&[random("x", &[2, 3])], |inputs| sum_all(&inputs[0].sqr()?));
        }
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let (x, y) = (random("x", &[2, 3]), random("y", &[3, 2]));
        assert!(dot(&x, &y).unwrap_err().to_string().contains("should be the same"));
        assert!(dot(&x, &x.to_dtype(DType::F32).unwrap()).unwrap_err().to_string().contains("convert one"));
        assert!(sum_squares(&Tensor::new(&[1_u32], x.device()).unwrap()).is_err());
    }
}
