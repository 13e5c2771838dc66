//! Kernels that work element by element: ReLU, sums of tensors, and products with constants.

use candle_core::{Result, Tensor, bail};
use rayon::prelude::*;

use super::element::{Array, Element, to_be_overwritten};
use super::isa::{Isa, vectorised};
use super::kernel::{Computed, Kernel, apply, gradient};
use super::wanted::wanted;

/// Elements of one piece of work. Waking another thread for fewer elements takes longer than it saves.
pub(super) const BLOCK: usize = 16 * 1024;

/// `max(x, 0)`, with gradient 0 where `x <= 0`, as in `PyTorch`. NaN stays NaN.
pub fn relu(x: &Tensor) -> Result<Tensor> {
    apply(Relu, [x])
}

/// `x + y`, for tensors of the same shape.
///
/// # Errors
/// If the shapes or types differ, or the tensors are on different devices.
pub fn add(x: &Tensor, y: &Tensor) -> Result<Tensor> {
    apply(Add, [x, y])
}

/// `x` times a constant tensor of the same shape, element by element. The constant gets no gradient.
///
/// # Errors
/// As for [`add`].
pub fn times_constant(x: &Tensor, factors: &Tensor) -> Result<Tensor> {
    apply(TimesConstant, [x, &factors.detach()])
}

/// The sum of one or more tensors of the same shape, added from the first to the last; each pass over memory adds up to three.
///
/// # Errors
/// As for [`add`], or if there are no tensors.
pub fn add_all(terms: &[&Tensor]) -> Result<Tensor> {
    let [first, rest @ ..] = terms else { bail!("a sum needs at least one tensor") };
    let mut sum = (*first).clone();
    let (pairs, last) = rest.as_chunks::<2>();
    for [a, b] in pairs {
        sum = apply(Add, [&sum, *a, *b])?;
    }
    if let [last] = last { add(&sum, last) } else { Ok(sum) }
}

/// The sum of the gradients that arrive at a tensor, added from the first to the last.
pub(super) fn sum_of_gradients(terms: &[Tensor]) -> Result<Tensor> {
    let [first, rest @ ..] = terms else { bail!("a sum needs at least one gradient") };
    let mut sum = first.clone();
    let (pairs, last) = rest.as_chunks::<2>();
    for [a, b] in pairs {
        sum = gradient(Add, [&sum, a, b])?;
    }
    if let [last] = last { gradient(Add, [&sum, last]) } else { Ok(sum) }
}

/// `x -> y`
pub(crate) struct Relu;

/// `(gy, y) -> gx`
pub(crate) struct ReluGradient;

/// `(x, y) -> x + y` and `(x, y, z) -> x + y + z`
pub(crate) struct Add;

/// `(x, factors) -> y`, differentiable by `x` only.
pub(crate) struct TimesConstant;

impl Kernel<1> for Relu {
    const NAME: &'static str = "relu";

    fn forward<T: Element>(&self, isa: Isa, [x]: [Array<T>; 1]) -> Result<Computed<T>> {
        let mut y = to_be_overwritten(x.data.len());
        y.par_chunks_mut(BLOCK).zip(x.data.par_chunks(BLOCK)).for_each(|(y, x)| rectify(isa, x, y));
        Ok((y, x.dims.into()))
    }

    fn backward(&self, [x]: [&Tensor; 1], y: &Tensor, gy: &Tensor) -> Result<[Option<Tensor>; 1]> {
        // Where `y` is positive is constant almost everywhere, so the gradient depends on `gy` only.
        Ok([wanted(x, || gradient(ReluGradient, [gy, &y.detach()]))?])
    }
}

impl Kernel<2> for ReluGradient {
    const NAME: &'static str = "relu gradient";

    fn forward<T: Element>(&self, isa: Isa, [gy, y]: [Array<T>; 2]) -> Result<Computed<T>> {
        expect_same(gy.dims, y.dims)?;
        let mut gx = to_be_overwritten(gy.data.len());
        let inputs = gy.data.par_chunks(BLOCK).zip(y.data.par_chunks(BLOCK));
        gx.par_chunks_mut(BLOCK).zip(inputs).for_each(|(gx, (gy, y))| pass_where_positive(isa, gy, y, gx));
        Ok((gx, gy.dims.into()))
    }

    fn backward(&self, [gy, y]: [&Tensor; 2], _gx: &Tensor, ggx: &Tensor) -> Result<[Option<Tensor>; 2]> {
        Ok([wanted(gy, || gradient(ReluGradient, [ggx, y]))?, None])
    }
}

impl Kernel<2> for TimesConstant {
    const NAME: &'static str = "times constant";

    fn forward<T: Element>(&self, isa: Isa, [x, factors]: [Array<T>; 2]) -> Result<Computed<T>> {
        expect_same(x.dims, factors.dims)?;
        let mut y = to_be_overwritten(x.data.len());
        let inputs = x.data.par_chunks(BLOCK).zip(factors.data.par_chunks(BLOCK));
        y.par_chunks_mut(BLOCK).zip(inputs).for_each(|(y, (x, factors))| multiply(isa, x, factors, y));
        Ok((y, x.dims.into()))
    }

    fn backward(&self, [x, factors]: [&Tensor; 2], _y: &Tensor, gy: &Tensor) -> Result<[Option<Tensor>; 2]> {
        Ok([wanted(x, || gradient(Self, [gy, factors]))?, None])
    }
}

impl Kernel<2> for Add {
    const NAME: &'static str = "add";

    fn forward<T: Element>(&self, isa: Isa, [x, y]: [Array<T>; 2]) -> Result<Computed<T>> {
        expect_same(x.dims, y.dims)?;
        let mut sum = to_be_overwritten(x.data.len());
        let inputs = x.data.par_chunks(BLOCK).zip(y.data.par_chunks(BLOCK));
        sum.par_chunks_mut(BLOCK).zip(inputs).for_each(|(sum, (x, y))| add_two(isa, x, y, sum));
        Ok((sum, x.dims.into()))
    }

    fn backward(&self, inputs: [&Tensor; 2], _sum: &Tensor, gradient: &Tensor) -> Result<[Option<Tensor>; 2]> {
        Ok(inputs.map(|input| input.track_op().then(|| gradient.clone())))
    }
}

impl Kernel<3> for Add {
    const NAME: &'static str = "add";

    fn forward<T: Element>(&self, isa: Isa, [x, y, z]: [Array<T>; 3]) -> Result<Computed<T>> {
        expect_same(x.dims, y.dims)?;
        expect_same(x.dims, z.dims)?;
        let mut sum = to_be_overwritten(x.data.len());
        let inputs = x.data.par_chunks(BLOCK).zip(y.data.par_chunks(BLOCK)).zip(z.data.par_chunks(BLOCK));
        sum.par_chunks_mut(BLOCK).zip(inputs).for_each(|(sum, ((x, y), z))| add_three(isa, (x, y, z), sum));
        Ok((sum, x.dims.into()))
    }

    fn backward(&self, inputs: [&Tensor; 3], _sum: &Tensor, gradient: &Tensor) -> Result<[Option<Tensor>; 3]> {
        Ok(inputs.map(|input| input.track_op().then(|| gradient.clone())))
    }
}

fn expect_same(a: &[usize], b: &[usize]) -> Result<()> {
    if a == b { Ok(()) } else { bail!("the shapes {a:?} and {b:?} should be the same") }
}

vectorised! {
    fn rectify<T>(x: &[T], y: &mut [T]) {
        for (y, &x) in y.iter_mut().zip(x) {
            *y = if x <= T::ZERO { T::ZERO } else { x };
        }
    }
}

vectorised! {
    fn pass_where_positive<T>(gy: &[T], y: &[T], gx: &mut [T]) {
        for ((gx, &gy), &y) in gx.iter_mut().zip(gy).zip(y) {
            *gx = if y <= T::ZERO { T::ZERO } else { gy };
        }
    }
}

vectorised! {
    fn multiply<T>(x: &[T], factors: &[T], y: &mut [T]) {
        for ((y, &x), &factor) in y.iter_mut().zip(x).zip(factors) {
            *y = x * factor;
        }
    }
}

vectorised! {
    fn add_two<T>(x: &[T], y: &[T], sum: &mut [T]) {
        for ((sum, &x), &y) in sum.iter_mut().zip(x).zip(y) {
            *sum = x + y;
        }
    }
}

vectorised! {
    fn add_three<T>(terms: (&[T], &[T], &[T]), sum: &mut [T]) {
        for (((sum, &x), &y), &z) in sum.iter_mut().zip(terms.0).zip(terms.1).zip(terms.2) {
            *sum = x + y + z;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{
        away_from_zero, beside, check, check_sealed, check_second_order, random, runs_with_kept_graph, values,
    };
    use super::*;
    use candle_core::{Device, Var};
    use proptest::prelude::*;
    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        #[test]
        fn relu_cuts_and_passes(n in 1..3_usize, c in 1..5_usize, size in 1..70_usize) {
            let x = away_from_zero(&[n, c, size, size]);
            let expected: Vec<f64> = values(&x).into_iter().map(|x| x.max(0.0)).collect();
            prop_assert_eq!(values(&relu(&x).unwrap()), expected);
            check(&[x], |inputs| relu(&inputs[0]));
        }

        #[test]
        fn a_constant_factor_multiplies(n in 1..3_usize, size in 1..150_usize) {
            let (x, factors) = (random("x", &[n, size]), random("factors", &[n, size]));
            prop_assert_eq!(values(&times_constant(&x, &factors).unwrap()), values(&(&x * &factors).unwrap()));
            check(&[x], |inputs| {
                times_constant(&inputs[0], &beside(&factors.to_dtype(inputs[0].dtype())?, &inputs[0]))
            });
        }

        #[test]
        fn sums_are_taken_from_the_first_term_on(terms in 1..6_usize, size in 1..150_usize) {
            let terms: Vec<Tensor> = (0..terms).map(|i| random(&format!("term {i}"), &[1, 1, size, size])).collect();
            let all: Vec<&Tensor> = terms.iter().collect();
            let one_by_one = terms[1..].iter().fold(terms[0].clone(), |sum, term| (sum + term).unwrap());
            prop_assert_eq!(values(&add_all(&all).unwrap()), values(&one_by_one));
            check(&terms, |inputs| add_all(&inputs.iter().collect::<Vec<_>>())?.sqr());
        }
    }

    #[test]
    fn the_gradient_at_zero_is_zero_and_nan_stays() {
        let x = Var::new(&[0.0, -0.0, f64::NAN, 1.0, -1.0], &Device::Cpu).unwrap();
        let y = relu(&x).unwrap();
        let gx = y.backward().unwrap().get(&x).unwrap().to_vec1::<f64>().unwrap();
        assert_eq!(gx, [0.0, 0.0, 1.0, 1.0, 0.0]);
        let y = y.to_vec1::<f64>().unwrap();
        assert!(y[2].is_nan() && y[..2] == [0.0, 0.0] && y[3..] == [1.0, 0.0]);
    }

    #[test]
    fn a_tensor_added_to_itself_has_both_gradients() {
        check(&[random("x", &[2, 3])], |inputs| add(&inputs[0], &inputs[0]));
    }

    #[test]
    fn derivatives_of_derivatives() {
        if runs_with_kept_graph("cpu::elementwise::tests::derivatives_of_derivatives") {
            let inputs = [away_from_zero(&[2, 3, 4, 4]), random("y", &[2, 3, 4, 4])];
            check_second_order(&inputs[..1], |x| times_constant(&x[0].sqr()?, &beside(&inputs[1], &x[0]))?.sqr());
            check_second_order(&inputs, |inputs| add(&relu(&inputs[0].sqr()?.affine(1.0, -0.5)?)?, &inputs[1].sqr()?));
        }
    }

    #[test]
    fn a_second_backward_pass_is_an_error_where_candle_cuts_the_graph() {
        check_sealed(&random("x", &[1, 2, 5, 5]), relu);
        check_sealed(&random("x", &[1, 2, 5, 5]), |x| times_constant(x, x));
    }

    #[test]
    fn different_shapes_are_an_error() {
        let (x, y) = (random("x", &[2, 3]), random("y", &[3, 2]));
        assert!(add(&x, &y).unwrap_err().to_string().contains("should be the same"));
        assert!(add_all(&[]).is_err());
    }
}
