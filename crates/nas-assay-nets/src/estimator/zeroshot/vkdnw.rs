//! The number of parameter tensors; among equal numbers, how evenly the eigenvalues of the Fisher information of a few
//! parameters are spread.
//!
//! # Formula
//! `ℵ + H / 10`. `ℵ` is the number of parameter tensors of the network. `H = −Σ q ln q` is an entropy: the `q` are the
//! nine deciles of the eigenvalues of `F`, divided by their sum.
//!
//! `F` is the Fisher information: the mean over images of `Jᵀ (diag p − p pᵀ) J`. `J_kt` is the derivative of logit `k`
//! by the first element of parameter tensor `t`, for the first 128 tensors.
//! `p = 0.95 softmax(logits) + 0.05 / classes`.
//!
//! `H` is at most `ln 9 = 2.2`. So `ℵ` decides first. `H` decides between two networks with equally many tensors. This
//! is the order of the source. `ℵ` alone is the estimator `vkdnw_count`.
//!
//! # Shapes
//! Standard normal noise in the shape of the batch. The batch's own pixels and labels are not used. `F` is
//! `[128, 128]`, or smaller for a network with fewer tensors.
//!
//! # Source
//! Tybl and Neumann, Training-free Neural Architecture Search through Variance of Knowledge of Deep Network Weights,
//! CVPR 2025, and its code for NAS-Bench-201.
//!
//! # Known traps
//! `ℵ` is a count of layers. Alone, it ranks NAS-Bench-201 as well as the whole score does. It depends on the way in
//! which a network is written. Here it counts the weights of executed layers, the scales and shifts of batch-norms that
//! have them, and the classifier's bias. In supernets, batch-norms have no scale, so the count is lower.
//!
//! Weights are drawn anew (Kaiming, normal with variance `2 / fan_in`), so the score knows nothing of training.
//! Batch-norm uses its running statistics, which are new: mean 0 and variance 1.
//!
//! One number stands for each tensor. That it is the first one is a choice of this project. The source's code for
//! `MobileNetV2` draws 128 tensors at random and takes other quantiles. It is another estimator by the same name.
//!
//! A network without a path from the image to the logits has no information, and so no score.
//!
//! With few images, `F` has a low rank. If fewer than a tenth of its eigenvalues are above 0, all deciles are rounding,
//! and so is `H`.
//!
//! Each image needs one forward pass, and one backward pass for each class. Each of these passes is over a single
//! image.

use candle_core::{Tensor, Var};
use nalgebra::DMatrix;

use super::kaiming;
use crate::estimator::{Estimator, EstimatorError, EstimatorKind, Meta, Need, Probe, Reading, ToleranceClass};
use crate::net::{ForwardPass, Network, NormMode, host_f64};
use nas_assay_criteria::Direction;

/// The number of parameter tensors, then the entropy of the Fisher information.
pub struct Vkdnw;

/// The number of parameter tensors.
pub struct Count;

const META: Meta<'static> = Meta {
    id: "vkdnw",
    version: 1,
    direction: Direction::Higher,
    kind: EstimatorKind::ZeroShot,
    needs: &[Need::OwnPasses],
    tolerance: ToleranceClass::Numeric,
    summary: "Number of parameter tensors, and among equal numbers the entropy of the Fisher information's spectrum.",
    formula: "N + H/10, N parameter tensors, H entropy of the deciles of the eigenvalues of mean J^T (diag p - p p^T) J",
    source: "Tybl and Neumann, Training-free NAS through Variance of Knowledge of Deep Network Weights, CVPR 2025",
};

impl Estimator for Vkdnw {
    fn meta(&self) -> Meta<'_> {
        META
    }

    fn score(&self, probe: &Probe<'_>) -> Result<Reading, EstimatorError> {
        let network = probe.with_normal_weights(probe.stream(META.id, "weights"), kaiming)?;
        let noise = probe.normal_images(probe.stream(META.id, "noise"))?;
        let entropy = entropy(&deciles(&eigenvalues(&fisher(probe, &network, &noise)?)));
        let count = network.params().iter().count() as f64;
        Ok(Reading::plain(count + entropy / 10.0).with("count", count).with("entropy", entropy))
    }
}

impl Estimator for Count {
    fn meta(&self) -> Meta<'_> {
        Meta {
            id: "vkdnw_count",
            needs: &[Need::OwnPasses],
            summary: "Number of parameter tensors: what vkdnw ranks by first.",
            formula: "number of parameter tensors of executed layers",
            ..META
        }
    }

    fn score(&self, probe: &Probe<'_>) -> Result<Reading, EstimatorError> {
        Ok(Reading::plain(probe.network()?.parts(probe.architecture())?.len() as f64))
    }
}

/// At most so many parameter tensors have a row in the Fisher information.
const TENSORS: usize = 128;

/// How much of the probabilities is the same for all classes.
const SMOOTHING: f64 = 0.05;

/// The mean Fisher information over the images, by the first elements of the first parameter tensors.
fn fisher(probe: &Probe<'_>, network: &Network, images: &Tensor) -> Result<DMatrix<f64>, EstimatorError> {
    let vars: Vec<Var> = network.params().iter().take(TENSORS).map(|param| param.var.clone()).collect();
    let count = images.dim(0)?;
    let mut mean = DMatrix::zeros(vars.len(), vars.len());
    for image in 0..count {
        let mut pass = ForwardPass::new(probe.engine()).with_norm(NormMode::Running);
        let logits = network.forward(probe.architecture(), &images.narrow(0, image, 1)?, &mut pass)?;
        let jacobian = jacobian(probe, &logits, &vars)?;
        let p = smoothed(&host_f64(&logits)?);
        let within = DMatrix::from_fn(p.len(), p.len(), |i, j| if i == j { p[i] - p[i] * p[i] } else { -p[i] * p[j] });
        mean += jacobian.transpose() * within * &jacobian / count as f64;
    }
    Ok(mean)
}

/// The derivative of each logit of one image by the first element of each variable.
fn jacobian(probe: &Probe<'_>, logits: &Tensor, vars: &[Var]) -> Result<DMatrix<f64>, EstimatorError> {
    let classes = logits.dim(1)?;
    let mut jacobian = DMatrix::zeros(classes, vars.len());
    for class in 0..classes {
        let logit = probe.engine().sum_all(&logits.narrow(1, class, 1)?)?;
        let gradients = probe.engine().backward_to(&logit, vars)?;
        // One copy to the host for all of them.
        let of = |var: &Var| gradients.get(var).map_or_else(|| Tensor::zeros(1, var.dtype(), var.device()), first);
        let firsts = vars.iter().map(of).collect::<candle_core::Result<Vec<_>>>()?;
        for (place, value) in host_f64(&Tensor::cat(&firsts, 0)?)?.into_iter().enumerate() {
            jacobian[(class, place)] = value;
        }
    }
    Ok(jacobian)
}

/// The first element, as a vector of one.
fn first(x: &Tensor) -> candle_core::Result<Tensor> {
    x.detach().flatten_all()?.narrow(0, 0, 1)
}

/// The probabilities of the classes, a little nearer to each other.
fn smoothed(logits: &[f64]) -> Vec<f64> {
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = logits.iter().map(|logit| libm::exp(logit - largest)).collect();
    let sum: f64 = powers.iter().sum();
    powers.iter().map(|power| (1.0 - SMOOTHING) * power / sum + SMOOTHING / logits.len() as f64).collect()
}

/// The eigenvalues of a positive semidefinite matrix, ascending. Those that rounding makes negative are 0.
fn eigenvalues(matrix: &DMatrix<f64>) -> Vec<f64> {
    if matrix.iter().any(|value| !value.is_finite()) {
        return vec![f64::NAN; matrix.nrows()];
    }
    let mut values: Vec<f64> = matrix.symmetric_eigenvalues().iter().map(|value| value.max(0.0)).collect();
    values.sort_by(f64::total_cmp);
    values
}

/// The deciles from .1 to .9 of ascending values, with linear interpolation.
fn deciles(values: &[f64]) -> Vec<f64> {
    let last = values.len().saturating_sub(1);
    let decile = |tenth: usize| {
        let place = tenth as f64 / 10.0 * last as f64;
        let below = place.floor() as usize;
        values[below] + (place - below as f64) * (values[(below + 1).min(last)] - values[below])
    };
    if values.is_empty() { Vec::new() } else { (1..=9).map(decile).collect() }
}

/// `−Σ q ln q` for the values divided by their sum; NaN if all are zero.
fn entropy(values: &[f64]) -> f64 {
    let sum: f64 = values.iter().sum();
    if values.iter().any(|value| value.is_nan()) || sum == 0.0 {
        return f64::NAN;
    }
    -values.iter().map(|value| value / sum).filter(|&q| q > 0.0).map(|q| q * libm::log(q)).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimator::Score;
    use crate::estimator::tests::{SIDE, batch, network};
    use crate::net::Engine;
    use nas_assay_base::seed::Seed;
    use nas_assay_spaces::SpaceId;

    #[test]
    fn deciles_and_entropies_by_hand() {
        let values: Vec<f64> = (0..11).map(f64::from).collect();
        assert_eq!(deciles(&values), (1..10).map(f64::from).collect::<Vec<_>>());
        // Places .1 to .9 between 0 and 10.
        for (found, expected) in deciles(&[0.0, 10.0]).iter().zip(1..10) {
            assert!((found - f64::from(expected)).abs() < 1e-14);
        }
        assert!((entropy(&[3.0; 9]) - libm::log(9.0)).abs() < 1e-14);
        assert_eq!(entropy(&[0.0, 0.0, 5.0]), 0.0);
        assert!((entropy(&[1.0, 3.0]) - (libm::log(4.0) - 0.75 * libm::log(3.0))).abs() < 1e-14);
        assert!(entropy(&[0.0; 9]).is_nan());
        assert_eq!(smoothed(&[7.0; 4]), [0.25; 4]);
        let p = smoothed(&[0.0, libm::log(3.0)]);
        assert!((p[0] - (0.95 * 0.25 + 0.025)).abs() < 1e-15 && (p[0] + p[1] - 1.0).abs() < 1e-15);
    }

    /// Against differences of logits when the first element of a tensor moves.
    #[test]
    fn the_jacobian_is_that_of_differences() {
        for space in SpaceId::ALL {
            let (architecture, network) = network(space, 1);
            let probe = Probe::new(architecture, &network, Engine::Kernels, []);
            let image = batch(1).images;
            let logits = || {
                let mut pass = ForwardPass::new(Engine::Kernels).with_norm(NormMode::Running);
                network.forward(architecture, &image, &mut pass).unwrap()
            };
            let vars: Vec<Var> = network.params().iter().map(|param| param.var.clone()).collect();
            let found = jacobian(&probe, &logits(), &vars).unwrap();
            let largest = found.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
            let at = |var: &Var, step: f64| {
                let before = var.as_tensor().copy().unwrap();
                let mut values = host_f64(&before).unwrap();
                values[0] += step;
                var.set(&Tensor::from_vec(values, var.shape(), var.device()).unwrap()).unwrap();
                let moved = host_f64(&logits()).unwrap();
                var.set(&before).unwrap();
                moved
            };
            for place in (0..vars.len()).step_by(vars.len().div_ceil(12)) {
                let (ahead, behind) = (at(&vars[place], 1e-6), at(&vars[place], -1e-6));
                for (class, (ahead, behind)) in ahead.iter().zip(&behind).enumerate() {
                    let difference = (ahead - behind) / 2e-6;
                    let own = found[(class, place)];
                    assert!((own - difference).abs() < 1e-6 * largest, "{space} {place}: {own}, not {difference}");
                }
            }
        }
    }

    #[test]
    fn the_count_decides_and_the_entropy_is_at_most_that_of_nine_equal_deciles() {
        for space in SpaceId::ALL {
            let (architecture, network) = network(space, 2);
            let batch = batch(3);
            assert_eq!(batch.images.dims(), [3, 3, SIDE, SIDE]);
            let probe = Probe::new(architecture, &network, Engine::Kernels, []).with_batch(&batch);
            let score = |seed: u64| {
                let probe = Probe::new(architecture, &network, Engine::Kernels, []).with_batch(&batch);
                Vkdnw.score(&probe.with_seed(Seed::root(seed))).unwrap()
            };
            let reading = score(1);
            let count = Count.score(&probe).unwrap().score.value();
            assert_eq!(count, network.params().iter().count() as f64);
            assert_eq!(reading.details[0], ("count".into(), Score::Finite(count)));
            let entropy = (reading.score.value() - count) * 10.0;
            assert!(entropy > 0.0 && entropy <= libm::log(9.0), "{space}: {entropy}");
            assert_ne!(score(2).score, reading.score, "the weights are drawn");
            assert_eq!(score(1), reading);
        }
    }

    /// `vᵀ F v` is the mean over images of the variance, by the smoothed probabilities, of the derivatives of the logits along `v`.
    #[test]
    fn the_fisher_information_is_a_variance_of_derivatives() {
        let (architecture, network) = network(SpaceId::Nb201, 3);
        let batch = batch(3);
        let probe = Probe::new(architecture, &network, Engine::Kernels, []).with_batch(&batch);
        let found = fisher(&probe, &network, &batch.images).unwrap();
        let mut stream = Seed::root(9).stream();
        let along: Vec<f64> = (0..found.nrows()).map(|_| stream.normal()).collect();
        let vars: Vec<Var> = network.params().iter().take(TENSORS).map(|param| param.var.clone()).collect();
        let mut mean = 0.0;
        for image in 0..3 {
            let mut pass = ForwardPass::new(Engine::Kernels).with_norm(NormMode::Running);
            let image = batch.images.narrow(0, image, 1).unwrap();
            let logits = network.forward(architecture, &image, &mut pass).unwrap();
            let p = smoothed(&host_f64(&logits).unwrap());
            let jacobian = jacobian(&probe, &logits, &vars).unwrap();
            let moves: Vec<f64> =
                jacobian.row_iter().map(|row| row.iter().zip(&along).map(|(d, v)| d * v).sum()).collect();
            let centre: f64 = p.iter().zip(&moves).map(|(p, m)| p * m).sum();
            mean += p.iter().zip(&moves).map(|(p, m)| p * (m - centre) * (m - centre)).sum::<f64>() / 3.0;
        }
        let along = nalgebra::DVector::from_vec(along);
        let form = (along.transpose() * &found * &along)[(0, 0)];
        assert!((form - mean).abs() < 1e-10 * mean, "{form}, not {mean}");
    }
}
