//! How far the images agree on the sign of each weight's gradient.

use candle_core::{DType, Tensor};

use super::{Need, Probe, UsedWeight, once, rounding, variables, weights_of};
use crate::estimator::EstimatorError;
use crate::net::Network;

/// The signs of one weight's gradients, those of its elements added up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignAgreement {
    /// The name of the parameter.
    pub name: String,
    /// The number of elements `w`.
    pub elements: u64,
    /// `Σ_w |Σ_i sign(g_iw)|` over all images `i`, where the sign of 0 is 0, and so is that of what is not above the rounding of the
    /// image's largest number of the layer.
    pub agreement: u64,
    /// Whether the gradient is nothing but rounding: its exact value is 0, and the signs are those of rounding errors.
    pub rounding: bool,
}

impl Probe<'_> {
    /// The agreement of the images on the signs of the gradients of the cross-entropy by every convolution and linear weight, in network
    /// order.
    ///
    /// Each image has a forward and a backward pass of its own, without dropout, in which batch-norm uses the statistics of this image.
    /// If all gradients are rounding, only those of the first image are computed.
    ///
    /// # Errors
    /// If the need was not declared, the probe has no network or batch, or an operation fails.
    pub fn sign_agreement(&self) -> Result<&[SignAgreement], EstimatorError> {
        self.declared(Need::SignAgreement)?;
        once(&self.signs, || {
            let (network, images) = (self.network()?, self.batch()?.images.dim(0)?);
            let weights = weights_of(network, self.architecture)?;
            let of_rounding = self.layers_of_rounding()?;
            let step = match self.batch()?.images.dtype() {
                DType::F64 => f64::EPSILON,
                _ => f64::from(f32::EPSILON),
            };
            let mut sums: Vec<Vec<i64>> = vec![Vec::new(); weights.len()];
            // If all of them are, the signs of other images say nothing more.
            let counted = if of_rounding.iter().all(|rounding| *rounding) { 1 } else { images };
            for image in 0..counted {
                let gradients = self.gradients_of_one(network, &weights, image)?;
                for (sums, gradient) in sums.iter_mut().zip(gradients) {
                    sums.resize(gradient.len(), 0);
                    let signs = signs(&gradient, step);
                    sums.iter_mut().zip(signs).for_each(|(sum, sign)| *sum += sign);
                }
            }
            let layer = |((weight, sums), rounding): ((&UsedWeight<'_>, Vec<i64>), bool)| SignAgreement {
                name: weight.param.name.clone(),
                elements: sums.len() as u64,
                agreement: sums.iter().map(|sum| sum.unsigned_abs()).sum(),
                rounding,
            };
            Ok(weights.iter().zip(sums).zip(of_rounding).map(layer).collect())
        })
        .map(Vec::as_slice)
    }

    /// For each weight, whether its gradient for the first image is as large as rounding errors are, in single and in double precision.
    fn layers_of_rounding(&self) -> Result<Vec<bool>, EstimatorError> {
        let sizes = |dtype: DType| -> Result<Vec<f64>, EstimatorError> {
            let network = self.with_weights(dtype, |param| Ok(param.var.as_detached_tensor()))?;
            let weights = weights_of(&network, self.architecture)?;
            let gradients = self.gradients_of_one(&network, &weights, 0)?;
            Ok(gradients.into_iter().map(|gradient| rounding::norm(&[gradient])).collect())
        };
        let (single, double) = (sizes(DType::F32)?, sizes(DType::F64)?);
        Ok(single.into_iter().zip(double).map(|(single, double)| rounding::shrinks(single, double)).collect())
    }

    /// The gradients of the cross-entropy of one image, which is a batch of its own, in the type of the network.
    fn gradients_of_one(
        &self,
        network: &Network,
        weights: &[UsedWeight<'_>],
        image: usize,
    ) -> Result<Vec<Vec<f64>>, EstimatorError> {
        let batch = self.batch()?;
        let one = |all: &Tensor| all.narrow(0, image, 1)?.contiguous();
        let dtype = weights.first().map_or(batch.images.dtype(), |weight| weight.param.var.dtype());
        let images = one(&batch.images)?.to_dtype(dtype)?;
        let logits = network.forward(self.architecture, &images, &mut self.own_pass())?;
        let loss = self.engine.cross_entropy(&logits, &one(&batch.labels)?)?;
        let gradients = self.engine.backward_to(&loss, &variables(weights))?;
        weights.iter().map(|weight| Ok(weight.gradient(&gradients)?)).collect()
    }
}

/// So many steps of the floating-point type, relative to the largest gradient of a layer, are rounding. Gradients that are 0 in exact
/// arithmetic were met with more than 16, and never with 64.
const STEPS: f64 = 64.0;

/// 1, 0 or −1 for each number of a layer's gradient, computed with a floating-point type of this step.
fn signs(gradient: &[f64], step: f64) -> Vec<i64> {
    let rounding = STEPS * step * gradient.iter().fold(0.0_f64, |largest, g| largest.max(g.abs()));
    gradient.iter().map(|&g| i64::from(g > rounding) - i64::from(g < -rounding)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_and_rounding_have_no_sign() {
        assert_eq!(signs(&[-2.5, -0.0, 0.0, 1e-12, f64::NAN], f64::EPSILON), [-1, 0, 0, 1, 0]);
        assert_eq!(signs(&[-1.0, 1e-14, -1e-14, 2e-14, -2e-14], f64::EPSILON), [-1, 0, 0, 1, -1]);
        assert_eq!(signs(&[1.0, 1e-6, -1e-5], f64::from(f32::EPSILON)), [1, 0, -1]);
        assert_eq!(signs(&[1e-300, -1e-300], f64::EPSILON), [1, -1]);
        assert_eq!(signs(&[0.0; 3], f64::EPSILON), [0; 3]);
    }
}
