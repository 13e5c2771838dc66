//! How different the sign patterns of the ReLU inputs are between images.
//!
//! # Formula
//! `ln |det K|` with `K = Σ x xᵀ + (1 − x)(1 − x)ᵀ` over all ReLUs. `x` is the binary code of a ReLU. Its row `i` has a
//! 1 for every input of image `i` that is above zero. `K_ij` is the number of elements in which the codes of images `i`
//! and `j` agree.
//!
//! # Shapes
//! One batch of `n` images; labels are not used. `K` is `[n, n]`. It is exact, because it has integers.
//!
//! # Source
//! Mellor et al., Neural Architecture Search without Training, ICML 2021; Ning et al., NeurIPS 2021, for the ReLUs that
//! count.
//!
//! # Known traps
//! Every executed ReLU counts, even if no gradient passes through it. Each edge has its own ReLU, so a node that two
//! convolutions read counts twice.
//!
//! A dead edge is on no path from a cell's input to its output. Its ReLU is not executed and does not count. Other code
//! looks at all modules of a network (zero-cost-nas, for its measures), or puts a hook on every ReLU (Mellor et al.).
//! It also counts the ReLUs of dead edges, wherever the network runs them. With such code, two encodings of the same
//! network can have different scores.
//!
//! If two images have the same code, `K` is singular. Then the score is −∞, and not a large negative number.

use crate::estimator::ReluPatterns;
use crate::estimator::{Estimator, EstimatorError, EstimatorKind, Meta, Need, Probe, Reading, ToleranceClass};
use nas_assay_criteria::Direction;

/// Log-determinant of the agreement between ReLU codes.
pub struct ReluLogdet;

const META: Meta<'static> = Meta {
    id: "relu_logdet",
    version: 1,
    direction: Direction::Higher,
    kind: EstimatorKind::ZeroShot,
    needs: &[Need::ReluPatterns],
    tolerance: ToleranceClass::Numeric,
    summary: "Log-determinant of the agreement between the ReLU codes of the images of a batch.",
    formula: "ln |det K|, K_ij = number of ReLU elements in which images i and j agree",
    source: "Mellor et al., Neural Architecture Search without Training, ICML 2021",
};

impl Estimator for ReluLogdet {
    fn meta(&self) -> Meta<'_> {
        META
    }

    fn score(&self, probe: &Probe<'_>) -> Result<Reading, EstimatorError> {
        Ok(Reading::plain(log_determinant_of(probe.relu_patterns()?)))
    }
}

/// `ln |det K|` of the patterns; −∞ if `K` is singular.
pub(in crate::estimator) fn log_determinant_of(patterns: &ReluPatterns) -> f64 {
    log_determinant(&agreement(patterns))
}

/// `K`, row by row.
fn agreement(patterns: &ReluPatterns) -> Vec<Vec<f64>> {
    let images = 0..patterns.images();
    let agree = |i, j| (patterns.elements() - patterns.hamming(i, j)) as f64;
    images.clone().map(|i| images.clone().map(|j| agree(i, j)).collect()).collect()
}

/// `ln |det K|` of a positive semidefinite matrix by `L D Lᵀ` with the greatest pivot first. It is −∞ if a pivot is only rounding.
fn log_determinant(matrix: &[Vec<f64>]) -> f64 {
    let n = matrix.len();
    let mut rest: Vec<Vec<f64>> = matrix.to_vec();
    let scale = (0..n).map(|i| rest[i][i]).fold(0.0, f64::max);
    let mut logarithm = 0.0;
    for step in 0..n {
        let pivot = (step..n).fold(step, |best, i| if rest[i][i] > rest[best][best] { i } else { best });
        rest.swap(step, pivot);
        for row in &mut rest {
            row.swap(step, pivot);
        }
        let value = rest[step][step];
        if value <= n as f64 * f64::EPSILON * scale {
            return f64::NEG_INFINITY;
        }
        logarithm += libm::log(value);
        let (done, below) = rest.split_at_mut(step + 1);
        for row in below {
            let factor = row[step] / value;
            row[step..].iter_mut().zip(&done[step][step..]).for_each(|(x, y)| *x -= factor * y);
        }
    }
    logarithm
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimator::{Reason, Score};
    use candle_core::{Device, Tensor};
    use proptest::prelude::*;

    #[test]
    fn the_kernel_counts_agreeing_elements() {
        let mut patterns = ReluPatterns::default();
        let first = Tensor::new(&[[1f32, -1.0, 2.0], [1.0, 1.0, 0.0]], &Device::Cpu).unwrap();
        let second = Tensor::new(&[[1f32], [3.0]], &Device::Cpu).unwrap();
        patterns.push(&first).unwrap();
        patterns.push(&second).unwrap();
        let kernel = agreement(&patterns);
        assert_eq!(kernel, [[4.0, 2.0], [2.0, 4.0]]);
        assert!((log_determinant(&kernel) - libm::log(12.0)).abs() < 1e-14);
    }

    #[test]
    fn equal_codes_are_singular() {
        let twins = [vec![7.0, 7.0, 3.0], vec![7.0, 7.0, 3.0], vec![3.0, 3.0, 7.0]];
        for singular in [twins.as_slice(), &[vec![0.0]]] {
            assert_eq!(Score::from(log_determinant(singular)), Score::NonFinite(Reason::NegativeInfinity));
        }
    }

    proptest! {
        #[test]
        fn determinants_agree_with_the_eigenvalues(factors in prop::collection::vec(-3i8..=3, 16)) {
            // A Aᵀ + I is positive definite and has integers only.
            let a = nalgebra::Matrix4::from_iterator(factors.iter().map(|&x| f64::from(x)));
            let b = a * a.transpose() + nalgebra::Matrix4::identity();
            let rows: Vec<Vec<f64>> = b.row_iter().map(|row| row.iter().copied().collect()).collect();
            let by_eigenvalues: f64 = b.symmetric_eigenvalues().iter().map(|v| libm::log(*v)).sum();
            prop_assert!((log_determinant(&rows) - by_eigenvalues).abs() < 1e-9);
        }
    }
}
