//! How different the reactions of the network to different images are.
//!
//! # Formula
//! `J` has a row for each image: the gradient of the sum of all logits by that image. `v` are the eigenvalues of the
//! correlation matrix of these rows. The score is `−Σ [ln(v + k) + 1/(v + k)]` over all `v`, with `k = 1e-5`.
//!
//! # Shapes
//! One batch of `n` images; labels are not used. `J` is `[n, 3 · height · width]`, and its correlation matrix is
//! `[n, n]`.
//!
//! # Source
//! Mellor et al., NAS Without Training, first version (2020); as an estimator Abdelfattah et al., ICLR 2021.
//!
//! # Known traps
//! If a row has no variance, as in a cell without a path, the correlation and the score are NaN.
//!
//! Because of rounding, an eigenvalue that should be 0 can be below −k. Such eigenvalues stay as they are and make the
//! score NaN. The detail `eigenvalues_below_minus_k` counts them. The solver is for symmetric matrices and gives no
//! complex eigenvalues. So NaN is rarer here than in code with a general solver. Eigenvalues near zero decide the
//! score, because `1/(v + k)` is 1e5 for each of them.
//!
//! If everything that the classifier averages is the output of a batch-norm, the sum of the logits over a batch does
//! not depend on its images. This is so in the supernets of NAS-Bench-101 and NAS-Bench-301, and in some stand-alone
//! networks of NAS-Bench-301. There the exact `J` is 0, and the computed one is rounding noise. The score of such noise
//! has the status `rounding` ([`Probe::input_gradients_are_rounding`]): it is not finite, and ranks worst.

use super::correlation::correlation;
use crate::estimator::{Estimator, EstimatorError, EstimatorKind, Meta, Need, Probe, Reading, ToleranceClass};
use nas_assay_criteria::Direction;

/// Spectrum of the correlation between the input gradients of the images.
pub struct JacobCov;

const META: Meta<'static> = Meta {
    id: "jacob_cov",
    version: 2,
    direction: Direction::Higher,
    kind: EstimatorKind::ZeroShot,
    needs: &[Need::InputGradients],
    tolerance: ToleranceClass::Numeric,
    summary: "Spectrum of the correlation between the input gradients of the images of a batch.",
    formula: "-sum(ln(v + k) + 1/(v + k)), v eigenvalues of corrcoef(J), k = 1e-5",
    source: "Mellor et al., 2020 (arXiv 2006.04647v1); Abdelfattah et al., Zero-Cost Proxies for Lightweight NAS, ICLR 2021",
};

impl Estimator for JacobCov {
    fn meta(&self) -> Meta<'_> {
        META
    }

    fn score(&self, probe: &Probe<'_>) -> Result<Reading, EstimatorError> {
        if probe.input_gradients_are_rounding()? {
            return Ok(Reading::rounding());
        }
        Ok(spectrum_score(&probe.input_gradients()?.rows))
    }
}

/// Added to every eigenvalue.
const K: f64 = 1e-5;

/// The score from the rows of `J`.
fn spectrum_score(rows: &[Vec<f64>]) -> Reading {
    let correlation = correlation(rows);
    let below = "eigenvalues_below_minus_k";
    if correlation.iter().any(|r| !r.is_finite()) {
        return Reading::plain(f64::NAN).with(below, 0.0);
    }
    let mut eigenvalues: Vec<f64> = correlation.symmetric_eigenvalues().iter().copied().collect();
    eigenvalues.sort_by(f64::total_cmp);
    let lost = eigenvalues.iter().filter(|&&v| v + K <= 0.0).count();
    let score =
        if lost > 0 { f64::NAN } else { -eigenvalues.iter().map(|v| libm::log(v + K) + 1.0 / (v + K)).sum::<f64>() };
    Reading::plain(score).with(below, lost as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimator::{Reason, Score};

    #[test]
    fn uncorrelated_rows_have_unit_eigenvalues() {
        let rows = [vec![1.0, -1.0, 0.0, 0.0], vec![0.0, 0.0, 2.0, -2.0]];
        let by_hand = -2.0 * (libm::log(1.0 + K) + 1.0 / (1.0 + K));
        let reading = spectrum_score(&rows);
        assert!((reading.score.value() - by_hand).abs() < 1e-12, "{reading:?}");
        assert_eq!(reading.details, [("eigenvalues_below_minus_k".into(), Score::Finite(0.0))]);
    }

    #[test]
    fn a_pair_with_correlation_r_has_eigenvalues_one_plus_and_minus_r() {
        let rows = [vec![1.0, 2.0, 3.0, 4.0], vec![2.0, 1.0, 4.0, 3.0]];
        let term = |v: f64| libm::log(v + K) + 1.0 / (v + K);
        let by_hand = -(term(1.6) + term(0.4));
        assert!((spectrum_score(&rows).score.value() - by_hand).abs() < 1e-12);
    }

    #[test]
    fn a_row_without_variance_has_no_score() {
        let rows = [vec![0.0; 4], vec![2.0, 1.0, 4.0, 3.0]];
        assert_eq!(spectrum_score(&rows).score, Score::NonFinite(Reason::Nan));
    }
}
