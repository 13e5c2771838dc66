//! Partial correlations: what an estimator says about the truth beyond what a control, such as the number of parameters, says.
//!
//! # Definition
//! With the correlations of truth and scores `t_ys`, truth and control `t_yc`, and scores and control `t_sc`:
//! `(t_ys − t_yc·t_sc) / √((1 − t_yc²)(1 − t_sc²))`, of Kendall's tau-b and of Spearman's rho. It is undefined if one of the three is, and if the
//! control ranks as the truth or as the scores do.
//!
//! # Source
//! Kendall, "Partial rank correlation", Biometrika 32 (1942). White et al. ("A deeper look at zero-cost proxies", ICLR blog 2022) use it
//! against the number of parameters.
//!
//! # Known traps
//! The sign of the control does not matter. A partial tau is not zero where the scores say nothing beyond the control: for normal deviates, scores
//! that are the control and noise have a partial rho of nearly 0, but a partial tau of 0.11 where rho is 0.7 with the control on both sides. So whether
//! an estimator says more than the control is a question to the partial rho; the partial tau, which papers print, compares estimators.

use serde::{Deserialize, Serialize};

use super::bootstrap::{Coefficients, Interval, Resamples};
use super::status::NoInterval;

/// The partial correlations of a truth and scores, given a control.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partial {
    /// Kendall's partial tau-b.
    pub tau_b: Option<f64>,
    /// Its 95 % interval, over resamples of the architectures.
    pub interval: Option<Interval>,
    /// Why there is no interval; `None` if there is one.
    pub no_interval: Option<NoInterval>,
    /// The partial Spearman's rho.
    pub spearman: Option<f64>,
    /// Its 95 % interval. It is missing for the same reason as that of tau-b, or where the partial rho alone is undefined.
    pub spearman_interval: Option<Interval>,
}

impl Partial {
    /// The partial correlations from the resamples of truth and scores, of truth and control, and of scores and control, in any order of the
    /// two. Resamples of a count of 0 give values without an interval.
    ///
    /// ```
    /// use nas_assay_base::seed::Seed;
    /// use nas_assay_criteria::{Partial, Resamples};
    ///
    /// let (truth, scores) = ([1.0, 2.0, 3.0, 4.0, 5.0], [1.0, 3.0, 2.0, 4.0, 5.0]);
    /// let size = [2.0, 1.0, 3.0, 5.0, 4.0];
    /// let of = |a: &[f64], b: &[f64]| Resamples::new(a, b, 0, Seed::root(1));
    /// let partial = Partial::new(&of(&truth, &scores), &of(&truth, &size), &of(&scores, &size));
    /// // The taus are 0.8, 0.6 and 0.4.
    /// assert!((partial.tau_b.unwrap() - 0.56 / (0.64 * 0.84_f64).sqrt()).abs() < 1e-15);
    /// ```
    ///
    /// # Panics
    /// If seed, number of resamples or number of architectures differ.
    pub fn new(of: &Resamples, of_truth: &Resamples, of_scores: &Resamples) -> Self {
        assert!(of.share(of_truth) && of.share(of_scores), "a partial correlation needs the same resamples");
        let parts = [of, of_truth, of_scores];
        let whole = parts.map(|part| part.whole);
        let interval = |whole, of: fn(&Coefficients) -> Option<f64>| {
            let resampled =
                (0..parts[0].resampled.len()).map(|index| partial(parts.map(|part| of(&part.resampled[index]))));
            Interval::of(parts[0].rows(), whole, resampled)
        };
        let tau_b = partial(whole.map(|of| of.tau_b));
        let spearman = partial(whole.map(|of| of.spearman));
        let of_tau_b = interval(tau_b, |of| of.tau_b);
        Self {
            tau_b,
            interval: of_tau_b.ok(),
            no_interval: of_tau_b.err(),
            spearman,
            spearman_interval: interval(spearman, |of| of.spearman).ok(),
        }
    }
}

fn partial(correlations: [Option<f64>; 3]) -> Option<f64> {
    let [Some(of), Some(truth), Some(scores)] = correlations else { return None };
    let left = (1.0 - truth * truth) * (1.0 - scores * scores);
    (left > 0.0).then(|| ((of - truth * scores) / left.sqrt()).clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rank::average_ranks;
    use nas_assay_base::seed::Seed;
    use proptest::prelude::*;

    fn given(truth: &[f64], scores: &[f64], control: &[f64], count: usize) -> Partial {
        let of = |a: &[f64], b: &[f64]| Resamples::new(a, b, count, Seed::root(5));
        Partial::new(&of(truth, scores), &of(truth, control), &of(scores, control))
    }

    fn noise(rows: usize, seed: u64) -> Vec<f64> {
        let mut stream = Seed::root(seed).stream();
        (0..rows).map(|_| stream.normal()).collect()
    }

    fn add(a: &[f64], b: &[f64]) -> Vec<f64> {
        a.iter().zip(b).map(|(a, b)| a + b).collect()
    }

    /// Scores that are size and noise say nothing beyond size; scores that have seen the truth do.
    #[test]
    fn size_alone_is_taken_away() {
        let [size, own, one, other] = [1, 2, 3, 4].map(|seed| noise(2_000, seed));
        let truth = add(&size, &own);
        let empty = given(&truth, &add(&size, &one), &size, 200);
        let plain = Resamples::new(&truth, &add(&size, &one), 0, Seed::root(5)).whole.tau_b.unwrap();
        // Tau is 1/2 with the size and 1/3 with each other, so the partial tau is 1/9.
        assert!(plain > 0.3 && (empty.tau_b.unwrap() - 1.0 / 9.0).abs() < 0.03, "{plain}, {empty:?}");
        let interval = empty.spearman_interval.unwrap();
        assert!(interval.lower < 0.0 && interval.upper > 0.0 && interval.upper < 0.06, "{empty:?}");
        let full = given(&truth, &add(&add(&size, &own), &other), &size, 200);
        assert!(full.spearman_interval.unwrap().lower > 0.4 && full.interval.unwrap().lower > 0.2, "{full:?}");
    }

    /// The interval is that of three correlations of the same rows.
    #[test]
    fn an_interval_is_that_of_rows_written_out() {
        let [truth, scores, control] = [1, 2, 3].map(|seed| noise(30, seed));
        let found = given(&truth, &add(&truth, &scores), &control, 50).interval.unwrap();
        let mut values: Vec<f64> = (0..50)
            .map(|index| {
                let mut stream = Seed::root(5).index("resample", index).stream();
                let rows: Vec<usize> = (0..30).map(|_| stream.index(30)).collect();
                let pick = |values: &[f64]| rows.iter().map(|&row| values[row]).collect::<Vec<f64>>();
                given(&pick(&truth), &pick(&add(&truth, &scores)), &pick(&control), 0).tau_b.unwrap()
            })
            .collect();
        values.sort_by(f64::total_cmp);
        // The 2.5th percentile of 50 values is between the second and the third.
        assert!((values[1]..=values[2]).contains(&found.lower) && (values[47]..=values[48]).contains(&found.upper));
    }

    #[test]
    fn a_control_that_ranks_as_one_of_them_leaves_nothing() {
        let (truth, scores) = (noise(20, 1), noise(20, 2));
        let none = |partial: Partial| assert_eq!((partial.tau_b, partial.spearman), (None, None));
        none(given(&truth, &scores, &truth, 10));
        none(given(&truth, &scores, &scores, 10));
        none(given(&truth, &scores, &[1.0; 20], 10));
        assert_eq!(given(&truth, &scores, &[1.0; 20], 10).no_interval, Some(NoInterval::UndefinedValue));
    }

    proptest! {
        /// Only ranks count, and neither the direction of the control nor the places of truth and scores.
        #[test]
        fn it_is_of_ranks(seed in any::<u64>(), rows in 5_usize..40) {
            let [truth, scores, control] = [0, 1, 2].map(|add| noise(rows, seed.wrapping_add(add)));
            let expected = given(&truth, &scores, &control, 0);
            let turned: Vec<f64> = control.iter().map(|value| -value).collect();
            let ranks = |values: &[f64]| average_ranks(values).iter().map(|rank| -rank).collect::<Vec<f64>>();
            prop_assert_eq!(given(&truth, &scores, &turned, 0), expected);
            prop_assert_eq!(given(&scores, &truth, &control, 0), expected);
            prop_assert_eq!(given(&ranks(&truth), &ranks(&scores), &ranks(&control), 0), expected);
        }
    }
}
