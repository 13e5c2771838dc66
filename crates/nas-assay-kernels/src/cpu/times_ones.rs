//! A factor of one for each channel, whose gradient shows how the loss depends on the scale of the channel.

use candle_core::{Result, Tensor, bail};
use rayon::prelude::*;

use super::element::{Array, Element};
use super::elementwise::BLOCK;
use super::isa::Isa;
use super::kernel::{Computed, Kernel, apply, gradient};
use super::reduce::row_product;
use super::wanted::wanted;

/// `y: [n, c, ...]` times `ones: [n, c]`, one factor for each channel of each image. The factors must be one, so the result is `y` itself.
///
/// The gradient by a factor is `Σ y ∂L/∂y` over the elements of its channel. It cannot be differentiated again.
///
/// # Errors
/// If the shapes do not fit each other.
pub fn times_ones(y: &Tensor, ones: &Tensor) -> Result<Tensor> {
    if y.rank() < 2 || y.dims()[..2] != *ones.dims() {
        bail!("times_ones: factors of shape {:?} are not one for each channel of {:?}", ones.dims(), y.dims());
    }
    apply(TimesOnes, [y, ones])
}

/// `(y, ones) -> y`
pub(crate) struct TimesOnes;

/// `(y, gy) -> Σ y gy` of each row.
pub(crate) struct Products;

impl Kernel<2> for TimesOnes {
    const NAME: &'static str = "times_ones";

    fn forward<T: Element>(&self, _isa: Isa, [y, _]: [Array<T>; 2]) -> Result<Computed<T>> {
        Ok((y.data.to_vec(), y.dims.into()))
    }

    fn backward(&self, [y, ones]: [&Tensor; 2], _y: &Tensor, gy: &Tensor) -> Result<[Option<Tensor>; 2]> {
        Ok([wanted(y, || Ok(gy.clone()))?, wanted(ones, || gradient(Products, [y, gy]))?])
    }
}

impl Kernel<2> for Products {
    const NAME: &'static str = "times_ones gradient";

    fn forward<T: Element>(&self, isa: Isa, [y, gy]: [Array<T>; 2]) -> Result<Computed<T>> {
        let (n, c) = (y.dims[0], y.dims[1]);
        let pixels = (y.data.len() / (n * c).max(1)).max(1);
        let rows = y.data.par_chunks_exact(pixels).zip(gy.data.par_chunks_exact(pixels));
        let products = rows.with_min_len(BLOCK.div_ceil(pixels)).map(|(y, gy)| T::from_double(row_product(isa, y, gy)));
        Ok((products.collect(), (n, c).into()))
    }

    fn backward(&self, _: [&Tensor; 2], _: &Tensor, _: &Tensor) -> Result<[Option<Tensor>; 2]> {
        bail!("times_ones: the second derivative is not implemented; detach what is constant")
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_close, random, values};
    use super::super::{differentiable_backward, sum_all};
    use super::*;
    use candle_core::{DType, Device, Var};
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        #[test]
        fn the_gradient_is_that_of_a_factor(n in 1..4_usize, c in 1..5_usize, h in 1..9_usize, w in 1..9_usize, square: bool) {
            let y = Var::from_tensor(&random("y", &[n, c, h, w])).unwrap();
            let weights = random("weights", &[n, c, h, w]);
            let scales = Var::ones((n, c), DType::F64, &Device::Cpu).unwrap();
            let loss = |y: &Tensor| {
                let y = (y * &weights).unwrap();
                sum_all(&if square { y.sqr().unwrap() } else { y }).unwrap()
            };
            let same = times_ones(&y, &scales).unwrap();
            prop_assert_eq!(values(&same), values(&y));
            let found = loss(&same).backward().unwrap();
            let scaled = y.broadcast_mul(&scales.reshape((n, c, 1, 1)).unwrap()).unwrap();
            let expected = loss(&scaled).backward().unwrap();
            for variable in [&y, &scales] {
                let of = |store: &candle_core::backprop::GradStore| values(store.get(variable).unwrap());
                assert_close("times_ones", &of(&found), &of(&expected), 1e-12);
            }
        }
    }

    #[test]
    fn what_does_not_fit_or_exist_is_an_error() {
        let ones = Var::ones((2, 3), DType::F64, &Device::Cpu).unwrap();
        assert!(
            times_ones(&random("y", &[3, 2, 1, 1]), &ones).unwrap_err().to_string().contains("one for each channel")
        );
        let y = Var::from_tensor(&random("y", &[2, 3])).unwrap();
        let loss = sum_all(&times_ones(&y, &ones).unwrap()).unwrap();
        let gradients = differentiable_backward(&loss, std::slice::from_ref(&ones)).unwrap();
        let again = sum_all(gradients.get(&ones).unwrap()).unwrap();
        assert!(again.backward().unwrap_err().to_string().contains("second derivative is not implemented"));
    }
}
