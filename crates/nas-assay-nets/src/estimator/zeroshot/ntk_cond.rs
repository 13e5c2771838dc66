//! How evenly the network can learn the images: the condition number of its neural tangent kernel.
//!
//! # Formula
//! `λ_max / λ_min`: the largest eigenvalue of `Θ = J Jᵀ`, divided by the smallest. Row `i` of `J` is the gradient of
//! the sum of the logits of image `i`. It is taken by all convolution and linear weights and all scales of batch-norm.
//! Biases and shifts do not count.
//!
//! # Shapes
//! The first 16 images of the batch, or all if it has fewer; labels are not used. `Θ` is `[16, 16]`. The details are
//! the score's logarithm to the base of 10, `λ_min` and `λ_max`.
//!
//! # Source
//! Chen et al., Neural Architecture Search on `ImageNet` in Four GPU Hours (TE-NAS), ICLR 2021, and its code.
//!
//! # Known traps
//! Lower is better. TE-NAS removes operations from a supernet, and ranks the removals by the change of this number. It
//! uses Kaiming weights, 72 images and three draws. Ports that score single networks take 16 to 64 images. Here the
//! weights are those that the network has, and each of the 16 images costs a backward pass. The score rises with the
//! number of images, so scores of different numbers cannot be compared.
//!
//! `Θ` is singular if two images are equal, or if the sum of all logits does not depend on the weights. Then the
//! computed `λ_min` is rounding, above or below 0. A negative condition number would rank best. So the score has the
//! status `rounding` if `λ_min` is no more than rounding: it is not finite, and ranks worst.
//!
//! For `n` images, a singular value of `J` has an error of about `n ε` times the largest one. `ε` is the machine
//! epsilon of the network's floating-point type. So the limit for `λ_min` is `(n ε)² λ_max`. The eigenvalues are
//! computed in double precision, so the limit is never below `n ε λ_max` with the `ε` of double precision.
//!
//! All supernets of NAS-Bench-101 and NAS-Bench-301 have this status, because their classifier averages outputs of
//! batch-norm. There is no dropout here. Its masks would hide the problem.

use crate::estimator::{Estimator, EstimatorError, EstimatorKind, Meta, Need, Probe, Reading, ToleranceClass};
use candle_core::DType;
use nalgebra::DMatrix;
use nas_assay_criteria::Direction;

/// Condition number of the neural tangent kernel.
pub struct NtkCond;

const META: Meta<'static> = Meta {
    id: "ntk_cond",
    version: 1,
    direction: Direction::Lower,
    kind: EstimatorKind::ZeroShot,
    needs: &[Need::OwnPasses],
    tolerance: ToleranceClass::Numeric,
    summary: "Condition number of the neural tangent kernel of 16 images.",
    formula: "lambda_max/lambda_min of J J^T, J_i = d(sum of logits of image i)/d(weights, batch-norm scales)",
    source: "Chen et al., TE-NAS, ICLR 2021 (code)",
};

/// The number of images.
const IMAGES: usize = 16;

impl Estimator for NtkCond {
    fn meta(&self) -> Meta<'_> {
        META
    }

    fn score(&self, probe: &Probe<'_>) -> Result<Reading, EstimatorError> {
        let step = match probe.batch()?.images.dtype() {
            DType::F64 => f64::EPSILON,
            _ => f64::from(f32::EPSILON),
        };
        Ok(condition(&probe.tangent_kernel(IMAGES)?, step))
    }
}

/// The condition number of a symmetric matrix `J Jᵀ`, where `J` was computed with a floating-point type of this step.
fn condition(kernel: &DMatrix<f64>, step: f64) -> Reading {
    let (least, greatest) = if kernel.iter().all(|entry| entry.is_finite()) {
        let eigenvalues = kernel.symmetric_eigenvalues();
        (eigenvalues.min(), eigenvalues.max())
    } else {
        (f64::NAN, f64::NAN)
    };
    let error = kernel.nrows() as f64 * step;
    // The eigenvalues are computed in double precision.
    let rounding = (error * error).max(kernel.nrows() as f64 * f64::EPSILON) * greatest;
    let number = greatest / least;
    let reading = if least <= rounding { Reading::rounding() } else { Reading::plain(number) };
    let logarithm = if least <= rounding { f64::NAN } else { libm::log10(number) };
    reading.with("log10", logarithm).with("lambda_min", least).with("lambda_max", greatest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimator::tests::{batch, network, probe};
    use crate::estimator::{Reason, Score};
    use crate::images::Batch;
    use crate::net::{Engine, ForwardPass, Init, NetConfig, Network, Role, host_f64};
    use candle_core::{Device, Tensor};
    use nas_assay_base::seed::Seed;
    use nas_assay_schema::spec;
    use nas_assay_spaces::{Form, SpaceId};
    use proptest::prelude::*;

    const ROUNDING: Score = Score::NonFinite(Reason::Rounding);

    #[test]
    fn the_gram_matrix_of_a_linear_model_is_known() {
        // Rows (2, 0) and (1, 1): the Gram matrix has the eigenvalues 3 ± √5.
        let root = 5.0_f64.sqrt();
        let reading = condition(&DMatrix::from_row_slice(2, 2, &[4.0, 2.0, 2.0, 2.0]), f64::EPSILON);
        let expected = [(3.0 + root) / (3.0 - root), 3.0 - root, 3.0 + root];
        let found = [reading.score, reading.details[1].1, reading.details[2].1].map(Score::value);
        for (found, expected) in found.into_iter().zip(expected) {
            assert!((found - expected).abs() < 1e-13 * expected, "{found}, not {expected}");
        }
        assert_eq!(reading.details[0].1, libm::log10(found[0]).into());
        // A single image, and rows at right angles.
        assert_eq!(condition(&DMatrix::from_element(1, 1, 3.0), f64::EPSILON).score, 1.0.into());
        assert_eq!(condition(&DMatrix::from_diagonal_element(3, 3, 2.0), f64::EPSILON).score, 1.0.into());
    }

    #[test]
    fn a_singular_kernel_is_worst() {
        for entries in [[1.0, 1.0, 1.0, 1.0], [0.0; 4], [1.0, 2.0, 2.0, 1.0]] {
            assert_eq!(condition(&DMatrix::from_row_slice(2, 2, &entries), f64::EPSILON).score, ROUNDING);
        }
        let nan = condition(&DMatrix::from_element(2, 2, f64::NAN), f64::EPSILON);
        assert_eq!(nan.score, Score::NonFinite(Reason::Nan));
        // A small eigenvalue counts in double precision, and is below what single precision can tell.
        let small = DMatrix::from_diagonal(&nalgebra::DVector::from_row_slice(&[1.0, 1e-14]));
        assert_eq!(condition(&small, f64::from(f32::EPSILON)).score, ROUNDING);
        assert!((condition(&small, f64::EPSILON).score.value() / 1e14 - 1.0).abs() < 0.1);
    }

    proptest! {
        /// The scale of the logits and the order of the images do not matter, and no score is below 1.
        #[test]
        fn the_scale_and_the_order_do_not_matter(rows in prop::collection::vec(-1.0..1.0_f64, 24), power in -20..20_i32) {
            let j = DMatrix::from_row_slice(4, 6, &rows);
            let score = condition(&(&j * j.transpose()), f64::EPSILON).score.value();
            prop_assume!(score < 1e6);
            prop_assert!(score >= 1.0);
            let mut other = j * 2.0_f64.powi(power);
            other.swap_rows(0, 3);
            let moved = condition(&(&other * other.transpose()), f64::EPSILON).score.value();
            prop_assert!((moved / score - 1.0).abs() < 1e-8, "{score} and {moved}");
        }
    }

    /// In every space, the kernel is that of gradients by Candle's own backward pass. Scales of batch-norm are among the weights, shifts
    /// are not.
    #[test]
    fn the_kernel_is_that_of_the_gradients() {
        let batch = batch(5);
        for (place, space) in SpaceId::ALL.into_iter().enumerate() {
            let (architecture, network) = network(space, 120 + place as u64);
            let found = probe(architecture, &network, Engine::Kernels, &batch).tangent_kernel(4).unwrap();
            let images = batch.images.narrow(0, 0, 4).unwrap().contiguous().unwrap();
            let row = |image: usize| -> Vec<f64> {
                let logits = network.forward(architecture, &images, &mut ForwardPass::new(Engine::Composed)).unwrap();
                let store = logits.narrow(0, image, 1).unwrap().sum_all().unwrap().backward().unwrap();
                let counts = |role| matches!(role, Role::ConvWeight | Role::LinearWeight | Role::NormScale);
                let params = network.params().iter().filter(|param| counts(param.role));
                params.filter_map(|param| store.get(&param.var)).flat_map(|g| host_f64(g).unwrap()).collect()
            };
            let rows: Vec<Vec<f64>> = (0..4).map(row).collect();
            assert_eq!(found.shape(), (4, 4));
            for i in 0..4 {
                for j in 0..4 {
                    let by_hand: f64 = rows[i].iter().zip(&rows[j]).map(|(a, b)| a * b).sum();
                    let largest = found[(i, i)].max(found[(j, j)]);
                    assert!((found[(i, j)] - by_hand).abs() < 1e-9 * largest, "{space} {i} {j}");
                }
            }
        }
    }

    /// Only the first 16 images count, and labels do not. Two equal images among them have a singular kernel.
    #[test]
    fn sixteen_images_without_labels_count() {
        let (architecture, network) = network(SpaceId::Nb201, 3);
        let many = batch(20);
        let read = |images: &Tensor| {
            let labels = Tensor::zeros(images.dim(0).unwrap(), DType::U32, &Device::Cpu).unwrap();
            let batch = Batch { images: images.clone(), labels };
            NtkCond.score(&probe(architecture, &network, Engine::Kernels, &batch)).unwrap()
        };
        let score = NtkCond.score(&probe(architecture, &network, Engine::Kernels, &many)).unwrap();
        assert!(score.score.value() > 1.0);
        assert_eq!(read(&many.images.narrow(0, 0, 16).unwrap().contiguous().unwrap()), score);
        assert_ne!(read(&many.images.narrow(0, 0, 15).unwrap().contiguous().unwrap()), score);
        let twin =
            |of: usize| Tensor::cat(&[many.images.narrow(0, 0, 6).unwrap(), many.images.narrow(0, of, 1).unwrap()], 0);
        assert_eq!(read(&twin(2).unwrap()).score, ROUNDING);
        assert_ne!(read(&twin(7).unwrap()).score, ROUNDING);
    }

    /// The sum of all logits is a constant there, so the gradients of the images add up to 0.
    #[test]
    fn supernets_that_average_batch_norms_have_no_score() {
        for (space, dtype) in [(SpaceId::Nb101, DType::F64), (SpaceId::Nb301, DType::F64), (SpaceId::Nb301, DType::F32)]
        {
            let sizes = match space {
                SpaceId::Nb301 => spec::Network { channels: Some(4), layers: Some(3), ..spec::Network::default() },
                _ => spec::Network { channels: Some(4), cells: Some(1), ..spec::Network::default() },
            };
            let skeleton = sizes.skeleton(space, Form::Supernet, 8);
            let config = NetConfig { skeleton, dtype, device: Device::Cpu };
            let architecture = space.sample(&mut Seed::root(4).stream());
            let network = Network::stand_alone(architecture, &config, Init::Seeded(Seed::root(1))).unwrap();
            let mut batch = batch(6);
            batch.images = batch.images.to_dtype(dtype).unwrap();
            let reading = NtkCond.score(&probe(architecture, &network, Engine::Kernels, &batch)).unwrap();
            assert_eq!(reading.score, ROUNDING, "{space} {dtype:?}: {reading:?}");
        }
    }
}
