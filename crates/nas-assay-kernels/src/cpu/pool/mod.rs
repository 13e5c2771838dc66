//! Average and maximum pooling with padding.

mod average;
mod maximum;
mod windows;

use candle_core::{Result, Tensor};

use super::kernel::apply;
pub(crate) use average::Average;
#[cfg(feature = "cuda")]
pub(crate) use average::AverageGradient;
pub(crate) use maximum::Maximum;
#[cfg(feature = "cuda")]
pub(crate) use maximum::{AtMaximum, MaximumGradient};
pub(crate) use windows::Pool;

/// The mean of each window of `x: [n, c, h, w]` over its pixels on the image (`count_include_pad = false` in `PyTorch`):
/// `[n, c, h', w']` with `h' = (h + 2 padding - kernel) / stride + 1`, rounded down.
///
/// # Errors
/// If the kernel or the stride is zero, the padding is more than half the kernel, or the window is larger than the padded image.
pub fn avg_pool2d(x: &Tensor, kernel: usize, stride: usize, padding: usize) -> Result<Tensor> {
    apply(Average { pool: Pool::symmetric(kernel, stride, padding) }, [x])
}

/// The largest pixel of each window of `x: [n, c, h, w]`: `[n, c, h', w']` as for [`avg_pool2d`]. NaN counts as the largest.
///
/// The gradient goes to the largest pixel; of several equal ones to the first, row by row, as in `PyTorch`.
///
/// # Errors
/// As for [`avg_pool2d`].
pub fn max_pool2d(x: &Tensor, kernel: usize, stride: usize, padding: usize) -> Result<Tensor> {
    apply(Maximum { pool: Pool::symmetric(kernel, stride, padding) }, [x])
}

/// The largest pixel of each 2x2 block of `x: [n, c, h, w]`: `[n, c, ⌈h / 2⌉, ⌈w / 2⌉]`. Where a side is odd, the last blocks have the pixels
/// that there are. The gradient is that of [`max_pool2d`].
///
/// # Errors
/// If a side is zero.
pub fn halving_max_pool2d(x: &Tensor) -> Result<Tensor> {
    apply(Maximum { pool: Pool { kernel: 2, stride: 2, padding: 0, padding_after: 1 } }, [x])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{
        assert_close, check, check_sealed, check_second_order, random, runs_with_kept_graph, values,
    };
    use super::*;
    use candle_core::{Device, Var};
    use proptest::prelude::*;

    /// A fold over the pixels of each window.
    fn naive(x: &Tensor, pool: Pool, fold: impl Fn(Vec<f64>) -> f64) -> Vec<f64> {
        let (n, c, h, w) = x.dims4().unwrap();
        let outputs = |size: usize| (pool.padding + size + pool.padding_after - pool.kernel) / pool.stride + 1;
        let x = values(x);
        let mut y = Vec::new();
        for (plane, oy) in (0..n * c).flat_map(|plane| (0..outputs(h)).map(move |oy| (plane, oy))) {
            for ox in 0..outputs(w) {
                let mut window = Vec::new();
                for (ky, kx) in (0..pool.kernel).flat_map(|ky| (0..pool.kernel).map(move |kx| (ky, kx))) {
                    let (iy, ix) = (oy * pool.stride + ky, ox * pool.stride + kx);
                    if (pool.padding..pool.padding + h).contains(&iy) && (pool.padding..pool.padding + w).contains(&ix)
                    {
                        window.push(x[(plane * h + iy - pool.padding) * w + ix - pool.padding]);
                    }
                }
                y.push(fold(window));
            }
        }
        y
    }

    fn cases() -> impl Strategy<Value = ([usize; 4], Pool)> {
        let dims = (1..4_usize, 1..6_usize, 1..20_usize, 1..20_usize);
        let pool = prop_oneof![
            3 => Just((3, 1, 1)),
            4 => (1..6_usize, 1..4_usize).prop_flat_map(|(k, s)| (Just(k), Just(s), 0..=k / 2)),
        ];
        (dims, pool)
            .prop_map(|((n, c, h, w), (kernel, stride, padding))| {
                ([n, c, h, w], Pool::symmetric(kernel, stride, padding))
            })
            .prop_filter("the window fits", |([_, _, h, w], pool)| {
                h + 2 * pool.padding >= pool.kernel && w + 2 * pool.padding >= pool.kernel
            })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn pools_are_their_definitions((dims, pool) in cases()) {
            let x = random("x", &dims);
            let Pool { kernel, stride, padding, .. } = pool;
            let mean = naive(&x, pool, |window| window.iter().sum::<f64>() / window.len() as f64);
            let largest = naive(&x, pool, |window| window.into_iter().fold(f64::NEG_INFINITY, f64::max));
            assert_close("average", &values(&avg_pool2d(&x, kernel, stride, padding).unwrap()), &mean, 1e-13);
            prop_assert_eq!(values(&max_pool2d(&x, kernel, stride, padding).unwrap()), largest);
            check(std::slice::from_ref(&x), |inputs| avg_pool2d(&inputs[0], kernel, stride, padding));

            // All pixels differ by at least 0.01, so the largest stays the largest within the steps of the differences.
            let mut order = nas_assay_base::seed::Seed::root(3).stream();
            let distinct: Vec<f64> = order.permutation(x.elem_count()).into_iter().map(|i| i as f64 / 64.0).collect();
            let x = Tensor::from_vec(distinct, x.dims(), &Device::Cpu).unwrap();
            check(std::slice::from_ref(&x), |inputs| max_pool2d(&inputs[0], kernel, stride, padding));

            let blocks = Pool { kernel: 2, stride: 2, padding: 0, padding_after: 1 };
            let largest = naive(&x, blocks, |window| window.into_iter().fold(f64::NEG_INFINITY, f64::max));
            prop_assert_eq!(values(&halving_max_pool2d(&x).unwrap()), largest);
            check(&[x], |inputs| halving_max_pool2d(&inputs[0]));
        }
    }

    /// At odd sides, the values and gradients are those of the image with its last row and column repeated.
    #[test]
    fn a_block_at_an_odd_edge_has_the_pixels_that_there_are() {
        for (height, width) in [(1, 1), (3, 5), (5, 4), (4, 7), (6, 8)] {
            let x = Var::from_tensor(&random("x", &[2, 3, height, width])).unwrap();
            let even = x.pad_with_same(2, 0, height % 2).unwrap().pad_with_same(3, 0, width % 2).unwrap();
            let run = |y: Tensor| {
                let weighted = (&y * random("weights", y.dims())).unwrap().sum_all().unwrap();
                (y.dims().to_vec(), values(&y), values(weighted.backward().unwrap().get(&x).unwrap()))
            };
            assert_eq!(
                run(halving_max_pool2d(&x).unwrap()),
                run(max_pool2d(&even, 2, 2, 0).unwrap()),
                "{height} {width}"
            );
        }
        let nothing = Tensor::zeros((1, 1, 0, 4), candle_core::DType::F64, &Device::Cpu).unwrap();
        assert!(halving_max_pool2d(&nothing).unwrap_err().to_string().contains("does not fit"));
    }

    #[test]
    fn the_first_of_equal_maxima_gets_the_gradient() {
        let x = Var::new(&[[[[1.0, 2.0, 2.0], [2.0, 0.0, f64::NAN], [2.0, 2.0, 2.0]]]], &Device::Cpu).unwrap();
        let y = max_pool2d(&x, 2, 1, 0).unwrap();
        let gx = values(y.backward().unwrap().get(&x).unwrap());
        assert_eq!(gx, [0.0, 1.0, 0.0, 1.0, 0.0, 2.0, 0.0, 0.0, 0.0]);
        assert_eq!(format!("{:?}", values(&y)), "[2.0, NaN, 2.0, NaN]");

        let x = Var::new(&[[[[f64::NEG_INFINITY; 2]; 2]]], &Device::Cpu).unwrap();
        let y = max_pool2d(&x, 3, 1, 1).unwrap();
        assert_eq!(values(y.backward().unwrap().get(&x).unwrap()), [4.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn derivatives_of_derivatives() {
        if runs_with_kept_graph("cpu::pool::tests::derivatives_of_derivatives") {
            check_second_order(&[random("x", &[2, 3, 5, 5])], |inputs| avg_pool2d(&inputs[0].sqr()?, 3, 2, 1)?.sqr());
            check_second_order(&[random("x", &[2, 3, 5, 5])], |inputs| max_pool2d(&inputs[0].sqr()?, 3, 2, 1)?.sqr());
            check_second_order(&[random("x", &[2, 3, 5, 4])], |inputs| halving_max_pool2d(&inputs[0].sqr()?)?.sqr());
        }
    }

    #[test]
    fn a_second_backward_pass_is_an_error_where_candle_cuts_the_graph() {
        check_sealed(&random("x", &[1, 2, 5, 5]), |x| avg_pool2d(x, 3, 1, 1));
        check_sealed(&random("x", &[1, 2, 5, 5]), |x| max_pool2d(x, 3, 1, 1));
        check_sealed(&random("x", &[1, 2, 5, 5]), halving_max_pool2d);
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        let x = random("x", &[1, 2, 4, 4]);
        for (kernel, stride, padding) in [(0, 1, 0), (3, 0, 1), (3, 1, 2), (5, 1, 0)] {
            assert!(avg_pool2d(&x, kernel, stride, padding).unwrap_err().to_string().contains("does not fit"));
            assert!(max_pool2d(&x, kernel, stride, padding).unwrap_err().to_string().contains("does not fit"));
        }
    }
}
