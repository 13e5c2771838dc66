//! Batch-norm, linear layers and cross-entropy against the same layers of `candle-nn`: values and gradients, in `f64`.
//!
//! `candle-nn` composes its layers from Candle's operations, and Candle differentiates them. The kernels have their own formulas for
//! values and gradients. Each test draws a shape, inputs, and the projection of the output whose gradients are compared.
//!
//! A difference is measured in units of the largest number of the tensor, or of 1 if that is larger. Largest differences in 20,000 random
//! cases of each test:
//!
//! | layer                               | output  | gradients |
//! |-------------------------------------|---------|-----------|
//! | batch-norm, statistics of the batch | 1.6e-15 | 1.0e-13   |
//! | batch-norm, given statistics        | 4.3e-16 | 3.6e-14   |
//! | running mean and variance           | 1.8e-15 |           |
//! | linear                              | 2.6e-15 | 1.4e-15   |
//! | cross-entropy                       | 3.0e-15 | 5.6e-16   |
//!
//! The gradients of batch-norm differ most: they are sums in which nearly everything can cancel.

use candle_core::{Device, Result, Tensor, Var};
use candle_nn::{BatchNorm, Linear, Module, ModuleT};
use nas_assay_base::seed::{Seed, Stream};
use proptest::prelude::*;

use super::testing::values;
use super::{batch_norm, batch_norm_fixed, cross_entropy, linear};

const EPS: f64 = 1e-5;

/// The largest difference allowed in the gradients of batch-norm.
const BATCH_NORM_GRADIENTS: f64 = 1e-12;

/// The largest difference allowed elsewhere.
const TOLERANCE: f64 = 1e-14;

fn normal(stream: &mut Stream, dims: &[usize]) -> Tensor {
    let numbers: Vec<f64> = (0..dims.iter().product()).map(|_| stream.normal()).collect();
    Tensor::from_vec(numbers, dims, &Device::Cpu).unwrap()
}

/// The largest difference of two tensors, in units of the largest number of the second, or of 1 if that is larger.
fn difference(ours: &Tensor, oracle: &Tensor) -> f64 {
    assert_eq!(ours.dims(), oracle.dims());
    let (ours, oracle) = (values(ours), values(oracle));
    let size = oracle.iter().fold(1.0_f64, |size, number| size.max(number.abs()));
    ours.iter().zip(&oracle).map(|(a, b)| (a - b).abs() / size).fold(0.0, f64::max)
}

/// Compares a layer with its oracle: the output, and the gradients of a projection of the output by all inputs.
fn compare(
    stream: &mut Stream,
    tolerance: f64,
    inputs: &[Tensor],
    ours: impl Fn(&[Tensor]) -> Result<Tensor>,
    oracle: impl Fn(&[Tensor]) -> Result<Tensor>,
) -> std::result::Result<(), TestCaseError> {
    let variables: Vec<Var> = inputs.iter().map(|input| Var::from_tensor(input).unwrap()).collect();
    let tensors: Vec<Tensor> = variables.iter().map(|variable| variable.as_tensor().clone()).collect();
    let (y, expected) = (ours(&tensors).unwrap(), oracle(&tensors).unwrap());
    let off = difference(&y, &expected);
    prop_assert!(off <= TOLERANCE, "output: off by {off:e}");
    let projection = normal(stream, y.dims());
    let gradients = |y: &Tensor| (y * &projection).unwrap().sum_all().unwrap().backward().unwrap();
    let (found, expected) = (gradients(&y), gradients(&expected));
    for (i, variable) in variables.iter().enumerate() {
        let off = difference(found.get(variable).unwrap(), expected.get(variable).unwrap());
        prop_assert!(off <= tolerance, "gradient by input {i}: off by {off:e}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(40) })]

    /// In training mode, with scale and shift.
    #[test]
    fn batch_norm_is_that_of_candle_nn(
        seed: u64, n in 1..6_usize, c in 1..8_usize, h in 1..12_usize, w in 1..12_usize, momentum in 0.0..1.0_f64,
    ) {
        prop_assume!(n * h * w >= 2);
        let stream = &mut Seed::root(seed).stream();
        let image = normal(stream, &[n, c, h, w]);
        let [scale, shift, mean, var] = [(); 4].map(|()| normal(stream, &[c]));
        let var = var.sqr().unwrap();
        let oracle = |scale: &Tensor, shift: &Tensor| {
            let (mean, var, scale, shift) = (mean.clone(), var.clone(), scale.clone(), shift.clone());
            BatchNorm::new_with_momentum(c, mean, var, scale, shift, EPS, momentum)
        };
        let inputs = [image.clone(), scale.clone(), shift.clone()];
        compare(
            stream,
            BATCH_NORM_GRADIENTS,
            &inputs,
            |t| Ok(batch_norm(&t[0], Some((&t[1], &t[2])), EPS)?.0),
            |t| oracle(&t[1], &t[2])?.forward_t(&t[0], true),
        )?;

        // The running statistics that follow from the statistics of the batch: the variance is the unbiased one.
        let layer = oracle(&scale, &shift).unwrap();
        layer.forward_t(&image, true).unwrap();
        let (_, moments) = batch_norm(&image, None, EPS).unwrap();
        let pixels = (n * h * w) as f64;
        let unbiased = (moments.var * (pixels / (pixels - 1.0))).unwrap();
        for (start, batch, after) in [(&mean, moments.mean, layer.running_mean()), (&var, unbiased, layer.running_var())] {
            let ours = ((start * (1.0 - momentum)).unwrap() + (batch * momentum).unwrap()).unwrap();
            let off = difference(&ours, after);
            prop_assert!(off <= TOLERANCE, "running statistics: off by {off:e}");
        }
    }

    /// With given statistics, as in evaluation, with scale and shift.
    #[test]
    fn batch_norm_fixed_is_that_of_candle_nn(
        seed: u64, n in 1..6_usize, c in 1..8_usize, h in 1..12_usize, w in 1..12_usize,
    ) {
        let stream = &mut Seed::root(seed).stream();
        let inputs = [normal(stream, &[n, c, h, w]), normal(stream, &[c]), normal(stream, &[c])];
        let (mean, var) = (normal(stream, &[c]), (normal(stream, &[c]).sqr().unwrap() + 0.1).unwrap());
        compare(
            stream,
            BATCH_NORM_GRADIENTS,
            &inputs,
            |t| batch_norm_fixed(&t[0], &mean, &var, Some((&t[1], &t[2])), EPS),
            |t| BatchNorm::new(c, mean.clone(), var.clone(), t[1].clone(), t[2].clone(), EPS)?.forward_t(&t[0], false),
        )?;
    }

    #[test]
    fn linear_is_that_of_candle_nn(seed: u64, n in 1..40_usize, inputs in 1..100_usize, outputs in 1..40_usize) {
        let stream = &mut Seed::root(seed).stream();
        let inputs = [&[n, inputs][..], &[outputs, inputs], &[outputs]].map(|dims| normal(stream, dims));
        compare(
            stream,
            TOLERANCE,
            &inputs[..2],
            |t| linear(&t[0], &t[1], None),
            |t| Linear::new(t[1].clone(), None).forward(&t[0]),
        )?;
        compare(
            stream,
            TOLERANCE,
            &inputs,
            |t| linear(&t[0], &t[1], Some(&t[2])),
            |t| Linear::new(t[1].clone(), Some(t[2].clone())).forward(&t[0]),
        )?;
    }

    #[test]
    fn cross_entropy_is_that_of_candle_nn(
        seed: u64, n in 1..40_usize, classes in 1..20_usize, size in 0.1..30.0_f64,
    ) {
        let stream = &mut Seed::root(seed).stream();
        let logits = (normal(stream, &[n, classes]) * size).unwrap();
        let labels: Vec<u32> = (0..n).map(|_| stream.index(classes) as u32).collect();
        let labels = Tensor::new(labels, &Device::Cpu).unwrap();
        compare(
            stream,
            TOLERANCE,
            &[logits],
            |t| cross_entropy(&t[0], &labels),
            |t| candle_nn::loss::cross_entropy(&t[0], &labels),
        )?;
    }
}
