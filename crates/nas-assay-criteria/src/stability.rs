//! Variance: how much rankings and values change between checkpoints and seeds.
//!
//! # Source
//! Ning et al. 2021, Sec. 3: of two checkpoints of one supernet, the ranking by the later one serves as the truth. In the paper the two are
//! 40 epochs apart for NAS-Bench-201 and 100 for NAS-Bench-301.

use serde::{Deserialize, Serialize};

use super::rank::{PairCounts, compensated_sum};
use super::topk::{Precision, Rankings};
use super::{CriteriaError, validate_fractions};

/// How similar a ranking is to a later one of the same architectures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stability {
    /// Number of architectures.
    pub rows: usize,
    /// The relative tau: Kendall's tau-b between the two; `None` if one of them is constant.
    pub tau_b: Option<f64>,
    /// The relative P@topK and P@bottomK for each fraction that gives at least one architecture.
    pub precision: Vec<Precision>,
}

impl Stability {
    /// Compares two score vectors of the same architectures in the same order, both higher-is-better; `later` serves as the truth. A score
    /// that is not finite ranks below every finite one, in `later` too.
    ///
    /// # Errors
    /// If the two differ in length or are empty, or a fraction is not in (0, 1].
    pub fn new(earlier: &[f64], later: &[f64], fractions: &[f64]) -> Result<Self, CriteriaError> {
        validate_fractions("fractions", fractions)?;
        if earlier.len() != later.len() {
            return Err(CriteriaError::Length { truth: later.len(), scores: earlier.len() });
        }
        if later.is_empty() {
            return Err(CriteriaError::Empty);
        }
        let rankings = Rankings::new(later, earlier);
        Ok(Self {
            rows: later.len(),
            tau_b: PairCounts::new(later, earlier).tau_b(),
            precision: fractions.iter().filter_map(|&fraction| Precision::new(&rankings, fraction)).collect(),
        })
    }
}

/// Mean, deviation and range of a value over repetitions, such as seeds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spread {
    /// Number of repetitions.
    pub count: usize,
    /// The mean.
    pub mean: f64,
    /// The sample standard deviation (divided by n − 1); `None` for a single value.
    pub deviation: Option<f64>,
    /// The lowest value.
    pub least: f64,
    /// The highest value.
    pub greatest: f64,
}

impl Spread {
    /// The spread of `values`; `None` if there are none, or one is not finite.
    pub fn new(values: &[f64]) -> Option<Self> {
        if values.is_empty() || values.iter().any(|value| !value.is_finite()) {
            return None;
        }
        let count = values.len();
        // Clamped, since rounding could move the mean outside the range.
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let greatest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mean = (compensated_sum(values.iter().copied()) / count as f64).clamp(least, greatest);
        let squares = compensated_sum(values.iter().map(|value| (value - mean) * (value - mean)));
        let deviation = (count > 1).then(|| (squares / (count - 1) as f64).sqrt());
        Some(Self { count, mean, deviation, least, greatest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_later_ranking_is_the_truth() {
        let (earlier, later) = ([1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 4.0, f64::NAN]);
        let stability = Stability::new(&earlier, &later, &[0.1, 0.5]).unwrap();
        // The best row of `earlier` is the worst of `later`: by hand, 3 concordant and 3 discordant pairs.
        assert_eq!((stability.rows, stability.tau_b), (4, Some(0.0)));
        let [half] = stability.precision.as_slice() else { panic!("{stability:?}") };
        assert_eq!((half.count, half.top, half.bottom), (2, 0.5, 0.5));
        let json = serde_json::to_string(&stability).unwrap();
        assert_eq!(serde_json::from_str::<Stability>(&json).unwrap(), stability);
    }

    #[test]
    fn what_cannot_be_compared_is_an_error() {
        assert_eq!(Stability::new(&[1.0], &[], &[]), Err(CriteriaError::Length { truth: 0, scores: 1 }));
        assert_eq!(Stability::new(&[], &[], &[]), Err(CriteriaError::Empty));
        assert_eq!(
            Stability::new(&[1.0], &[1.0], &[1.5]),
            Err(CriteriaError::Fraction { name: "fractions", value: 1.5 })
        );
    }

    #[test]
    fn a_spread_by_hand() {
        let spread = Spread::new(&[1.0, 4.0, 2.0, 5.0]).unwrap();
        assert_eq!((spread.count, spread.mean, spread.least, spread.greatest), (4, 3.0, 1.0, 5.0));
        assert_eq!(spread.deviation, Some((10.0f64 / 3.0).sqrt()));
        let single = Spread::new(&[7.0]).unwrap();
        assert_eq!((single.mean, single.deviation), (7.0, None));
        assert_eq!(Spread::new(&[]), None);
        assert_eq!(Spread::new(&[1.0, f64::NAN]), None);
    }

    proptest! {
        #[test]
        fn a_spread_moves_with_its_values(values in prop::collection::vec(-1e3f64..1e3, 2..20), shift in -1e3f64..1e3) {
            let spread = Spread::new(&values).unwrap();
            prop_assert!(spread.least <= spread.mean && spread.mean <= spread.greatest);
            let moved: Vec<f64> = values.iter().map(|value| value + shift).collect();
            let moved = Spread::new(&moved).unwrap();
            prop_assert!((moved.mean - spread.mean - shift).abs() < 1e-9);
            prop_assert!((moved.deviation.unwrap() - spread.deviation.unwrap()).abs() < 1e-9);
            // The deviation with n is at most half the range; this bounds the one with n − 1.
            let bound = (spread.greatest - spread.least) / 2.0 * (values.len() as f64 / (values.len() - 1) as f64).sqrt();
            prop_assert!(spread.deviation.unwrap() <= bound * (1.0 + 1e-9));
        }

        #[test]
        fn a_ranking_that_stays_is_stable(scores in prop::collection::vec(-1e3f64..1e3, 2..40)) {
            let stability = Stability::new(&scores, &scores, &[0.25, 1.0]).unwrap();
            prop_assert!(stability.tau_b.is_none_or(|tau| tau == 1.0));
            prop_assert!(stability.precision.iter().all(|at| (at.top, at.bottom) == (1.0, 1.0)));
        }
    }
}
