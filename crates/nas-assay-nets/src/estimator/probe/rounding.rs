//! Whether a quantity of the probe is anything but rounding.
//!
//! If the exact value of a gradient is zero because all of its terms cancel, the computed one consists of the rounding errors of these terms.
//! Batch-norm cancels so: the mean of its output does not depend on its input. Where the classifier averages outputs of batch-norm, the sum
//! of the logits is the same for all images and weights.
//!
//! Two tests tell such a quantity, and need no knowledge of the network:
//! - Rounding errors are as large as the steps of the floating-point type. A quantity that is 2¹⁴ times as large in single precision as in
//!   double precision is made of them. Between the two types, the steps shrink by 2²⁹. An exact value keeps its size.
//! - If all parameters change by their last bits, an exact value moves by about as little as the parameters do, while rounding errors are
//!   drawn anew. A quantity that moves by half its size or more has no certain binary digit (Vignes 1993 calls it a computed zero). This
//!   tells values whose size is right, but which depend on the signs of rounding errors: those of a `ReLU` of what should be zeros.

use std::cell::RefCell;

use candle_core::{DType, Device, Tensor, Var};

use super::{NormMode, Probe, WeightGradient, gradient, rows};
use crate::estimator::EstimatorError;
use crate::net::{Network, host_f64};
use nas_assay_base::seed::Seed;

/// What is larger than this by the factor of single to double precision is rounding: half of the bits between the two.
const SHRINKS: f64 = 16_384.0;

/// What moves by this share of its size, or more, has no digit.
const NO_DIGIT: f64 = 0.5;

/// How many changes of the last bits are tried. The largest move counts.
const DRAWS: u64 = 2;

/// Images on which the test of input gradients begins. Only what fails there is computed again for the whole batch.
const FEW: usize = 4;

impl Probe<'_> {
    /// Whether [`Probe::synflow_with_norm`] is nothing but rounding, by both tests: three further passes over one image.
    ///
    /// The size is `Σ |w g|`, and the move `Σ |w (g' − g)|`. A flow of zero is rounding too: whether all terms cancel to the last bit is
    /// chance.
    ///
    /// # Errors
    /// Those of [`Probe::synflow_with_norm`].
    pub fn synflow_with_norm_is_rounding(&self) -> Result<bool, EstimatorError> {
        let layers = self.synflow_with_norm()?;
        let size = flow(layers);
        let single = flow(&self.saliency(&self.absolute(DType::F32)?, NormMode::Batch)?);
        if size == 0.0 || shrinks(single, size) {
            return Ok(true);
        }
        let absolute = self.absolute(DType::F64)?;
        for draw in 0..DRAWS {
            let moved = self.saliency(&self.with_other_last_bits(&absolute, draw)?, NormMode::Batch)?;
            if flow_between(layers, &moved) >= NO_DIGIT * size {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether [`Probe::input_gradients`] is nothing but rounding, by the first test: two further passes over four images, and over the
    /// whole batch if it may be so.
    ///
    /// The size is the Euclidean norm over all images. Gradients that are zero in both precisions are not rounding.
    ///
    /// # Errors
    /// Those of [`Probe::input_gradients`].
    pub fn input_gradients_are_rounding(&self) -> Result<bool, EstimatorError> {
        self.shared("input gradients are rounding", || self.tests_input_gradients()).map(|found| *found)
    }

    fn tests_input_gradients(&self) -> Result<bool, EstimatorError> {
        let whole = norm(&self.input_gradients()?.rows);
        let images = &self.batch()?.images;
        let own = images.dtype();
        let copy = |dtype| {
            let network = self.with_weights(dtype, |param| Ok(param.var.as_detached_tensor()))?;
            Ok::<_, EstimatorError>((dtype, network))
        };
        let networks = [copy(DType::F32)?, copy(DType::F64)?];
        let sizes = |images: &Tensor, known: Option<f64>| -> Result<bool, EstimatorError> {
            let size = |(dtype, network): &(DType, Network)| match known {
                Some(size) if *dtype == own => Ok(size),
                _ => self.image_gradients(network, &images.to_dtype(*dtype)?).map(|rows| norm(&rows)),
            };
            Ok(shrinks(size(&networks[0])?, size(&networks[1])?))
        };
        let may_be = images.dim(0)? <= 2 * FEW || sizes(&images.narrow(0, 0, FEW)?.contiguous()?, None)?;
        Ok(may_be && sizes(images, Some(whole))?)
    }

    /// A copy of a stand-alone network of the probe's architecture, with each parameter multiplied by `1 ± ε`: the last bit or two change.
    fn with_other_last_bits(&self, network: &Network, draw: u64) -> Result<Network, EstimatorError> {
        let stream = RefCell::new(Seed::root(0).child("last bits").index("draw", draw).stream());
        Ok(network.extract(self.architecture, DType::F64, |param| {
            let mut stream = stream.borrow_mut();
            let mut other =
                |value: f64| value * (if stream.below(2) == 0 { -f64::EPSILON } else { f64::EPSILON } + 1.0);
            let values: Vec<f64> = host_f64(&param.var)?.into_iter().map(&mut other).collect();
            Tensor::from_vec(values, param.var.shape(), &Device::Cpu)?.to_device(param.var.device())
        })?)
    }

    /// The gradient of the sum of all logits by each of some images, in the shared pass's settings.
    fn image_gradients(&self, network: &Network, images: &Tensor) -> Result<Vec<Vec<f64>>, EstimatorError> {
        let images = Var::from_tensor(&images.detach())?;
        let logits = network.forward(self.architecture, &images, &mut self.pass().untracked())?;
        let sum = self.engine.sum_all(&logits)?;
        let gradients = self.engine.backward_to(&sum, std::slice::from_ref(&images))?;
        Ok(rows(&gradient(&gradients, &images)?, images.dim(0)?))
    }
}

/// Whether a quantity of the size `single` in single precision and `double` in double precision is made of rounding errors. What leaves the
/// range of single precision is not known to be.
pub(super) fn shrinks(single: f64, double: f64) -> bool {
    single.is_finite() && single > SHRINKS * double
}

/// `Σ |w g|` over all layers.
fn flow(layers: &[WeightGradient]) -> f64 {
    crate::estimator::zeroshot::sum_over_elements(layers, |g, w| (g * w).abs())
}

/// `Σ |w (g' − g)|` over all layers.
fn flow_between(layers: &[WeightGradient], moved: &[WeightGradient]) -> f64 {
    let of_layer = |(layer, moved): (&WeightGradient, &WeightGradient)| -> f64 {
        let terms = layer.gradient.iter().zip(&moved.gradient).zip(&layer.weight);
        terms.map(|((g, other), w)| (w * (other - g)).abs()).sum()
    };
    layers.iter().zip(moved).map(of_layer).sum()
}

/// The Euclidean norm of all rows together.
pub(super) fn norm(rows: &[Vec<f64>]) -> f64 {
    rows.iter().flatten().map(|value| value * value).sum::<f64>().sqrt()
}

#[cfg(test)]
#[path = "rounding_value_tests.rs"]
mod tests;
