//! Noise ceilings: how well a truth that was trained with other seeds ranks the same architectures.
//!
//! A true accuracy is that of one training, or the mean of a few. Trained again with another seed, an architecture gets another accuracy,
//! so that no estimator can follow the whole ranking, and among the best architectures, which differ least, hardly any of it. The ceiling
//! says what another training reaches there. It is what a tau is to be compared with, and not 1.
//!
//! # Definition
//! There are R runs, each with an accuracy of every architecture. In the part of the architectures that is the top K of a truth:
//! - `single`: Kendall's tau-b of one run as the truth and one other as the scores, the mean over all ordered pairs of runs;
//! - `rest`: tau-b of the mean of R − 1 runs as the truth and the run that is left out as the scores, the mean over the runs. With two runs
//!   it is `single`.
//!
//! # Source
//! Test–retest reliability, with one item left out (Spearman 1904). The definition is this project's.
//!
//! # Known traps
//! `rest` is for a truth that is a mean, and a mean of R runs is less noisy than one of R − 1. So what can be attained against such a truth
//! is a little more, and a share of it a little less. An estimator that knew the mean of many trainings would also be above a single
//! training. Neither value is a bound that nothing can pass: it is what training once more is worth.

use serde::{Deserialize, Serialize};

use super::bootstrap::FEWEST;
use super::rank::PairCounts;
use super::topk::count_of;

/// The tops of the truth that reports show: everything, and the best 50, 20, 10, 5 and 1 %.
pub const TOPS: [f64; 6] = [1.0, 0.5, 0.2, 0.1, 0.05, 0.01];

/// The rows in the top `fraction` of `truth`, in ascending order: those that are at least as good as the ⌊K·M⌋-th best. Rows that tie with
/// it all belong, so that the order of the rows decides nothing. No rows if ⌊K·M⌋ is 0.
///
/// ```
/// use nas_assay_criteria::ceiling::top_rows;
///
/// assert_eq!(top_rows(&[0.5, 0.9, 0.7, 0.7], 0.5), [1, 2, 3]);
/// ```
pub fn top_rows(truth: &[f64], fraction: f64) -> Vec<usize> {
    let Some(last) = count_of(fraction, truth.len()).checked_sub(1) else { return Vec::new() };
    let mut descending = truth.to_vec();
    descending.sort_by(|a, b| b.total_cmp(a));
    let least = descending[last];
    (0..truth.len()).filter(|&row| truth[row] >= least).collect()
}

/// Kendall's tau-b inside a top of the truth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InTop {
    /// K, a fraction of M.
    pub fraction: f64,
    /// Number of architectures in the top, ties with the last of them included.
    pub rows: usize,
    /// Tau-b among them; `None` for fewer than [`FEWEST`] of them, or if their truth or their scores do not differ.
    pub tau_b: Option<f64>,
}

/// Kendall's tau-b of `scores` and `truth` inside each of these tops of the truth. Both are higher-is-better.
///
/// # Panics
/// If the slices differ in length.
pub fn in_tops(truth: &[f64], scores: &[f64], fractions: &[f64]) -> Vec<InTop> {
    assert_eq!(truth.len(), scores.len(), "a ranking needs one score per architecture");
    let inside = |&fraction: &f64| {
        let rows = top_rows(truth, fraction);
        let pick = |values: &[f64]| rows.iter().map(|&row| values[row]).collect::<Vec<f64>>();
        let tau_b = (rows.len() >= FEWEST).then(|| PairCounts::new(&pick(truth), &pick(scores)).tau_b()).flatten();
        InTop { fraction, rows: rows.len(), tau_b }
    };
    fractions.iter().map(inside).collect()
}

/// What another training reaches in one top of the truth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CeilingAt {
    /// K, a fraction of M.
    pub fraction: f64,
    /// One run against another; `None` if it is undefined for some pair of runs.
    pub single: Option<f64>,
    /// The run that is left out against the mean of the others; `None` if it is undefined for some run.
    pub rest: Option<f64>,
}

/// The noise ceiling of a truth: see the [module](self).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ceiling {
    /// Number of runs.
    pub runs: usize,
    /// Number of architectures that have all of them.
    pub rows: usize,
    /// The values in each top of the truth.
    pub tops: Vec<CeilingAt>,
}

impl Ceiling {
    /// The ceiling from `runs`, each with one finite accuracy per architecture, in the same order. `None` for fewer than two runs.
    ///
    /// ```
    /// use nas_assay_criteria::Ceiling;
    ///
    /// let first: Vec<f64> = (0..12).map(f64::from).collect();
    /// let mut second = first.clone();
    /// second.swap(0, 1);
    /// let ceiling = Ceiling::new(&[first, second], &[1.0]).unwrap();
    /// // One of 66 pairs is in the other order.
    /// assert_eq!(ceiling.tops[0].single, Some(64.0 / 66.0));
    /// ```
    ///
    /// # Panics
    /// If the runs differ in length.
    pub fn new<R: AsRef<[f64]>>(runs: &[R], fractions: &[f64]) -> Option<Self> {
        let runs: Vec<&[f64]> = runs.iter().map(AsRef::as_ref).collect();
        let first = runs.first().filter(|_| runs.len() > 1)?;
        let others = |of: usize| (0..runs.len()).filter(move |&run| run != of);
        let pairs = (0..runs.len()).flat_map(|truth| others(truth).map(move |scores| (truth, scores)));
        let single = pairs.map(|(truth, scores)| in_tops(runs[truth], runs[scores], fractions)).collect::<Vec<_>>();
        let rest = (0..runs.len()).map(|left| {
            let rest: Vec<&[f64]> = others(left).map(|run| runs[run]).collect();
            in_tops(&mean_of(&rest), runs[left], fractions)
        });
        let (single, rest) = (means(&single), means(&rest.collect::<Vec<_>>()));
        let at = |(&fraction, (single, rest))| CeilingAt { fraction, single, rest };
        let tops = fractions.iter().zip(single.into_iter().zip(rest)).map(at).collect();
        Some(Self { runs: runs.len(), rows: first.len(), tops })
    }

    /// What can be attained in this top of a truth that is the mean of several runs (`averaged`), or of one; `None` if that is undefined.
    pub fn attainable(&self, fraction: f64, averaged: bool) -> Option<f64> {
        let at = self.tops.iter().find(|at| super::name::same_fraction(at.fraction, fraction))?;
        if averaged { at.rest } else { at.single }
    }
}

/// The part of what is attainable that `tau_b` is: 1 if it is all of it. `None` if nothing above zero is attainable.
pub fn share(tau_b: f64, attainable: f64) -> Option<f64> {
    (attainable > 0.0).then(|| tau_b / attainable)
}

/// The mean of the runs for each architecture. It is rounded to twelve decimals, so that means that are equal are equal numbers, whichever
/// way they are added up.
fn mean_of(runs: &[&[f64]]) -> Vec<f64> {
    let mean = |row: usize| {
        let sum: f64 = runs.iter().map(|run| run[row]).sum();
        let mean = sum / runs.len() as f64;
        if runs.len() == 1 { mean } else { (mean * 1e12).round() / 1e12 }
    };
    (0..runs[0].len()).map(mean).collect()
}

/// For each top the mean of its values; `None` if one of them is undefined.
fn means(found: &[Vec<InTop>]) -> Vec<Option<f64>> {
    let tops = found.first().map_or(0, Vec::len);
    let mean = |top: usize| {
        let values: Option<Vec<f64>> = found.iter().map(|of| of[top].tau_b).collect();
        let values = values?;
        Some(values.iter().sum::<f64>() / values.len() as f64)
    };
    (0..tops).map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use nas_assay_base::seed::Seed;
    use proptest::prelude::*;

    /// Tau-b from its definition, pair by pair.
    fn tau_by_pairs(truth: &[f64], scores: &[f64]) -> Option<f64> {
        let (mut sum, mut by_truth, mut by_scores) = (0i64, 0i64, 0i64);
        for one in 0..truth.len() {
            for other in 0..one {
                let sign =
                    |values: &[f64]| i64::from(values[one] > values[other]) - i64::from(values[one] < values[other]);
                let (t, s) = (sign(truth), sign(scores));
                sum += t * s;
                by_truth += t * t;
                by_scores += s * s;
            }
        }
        (by_truth > 0 && by_scores > 0).then(|| sum as f64 / (by_truth as f64 * by_scores as f64).sqrt())
    }

    /// Tau-b among the rows that fewer than k rows are better than.
    fn in_top_by_counting(truth: &[f64], scores: &[f64], count: usize) -> Option<f64> {
        let better = |row: usize| truth.iter().filter(|&&other| other > truth[row]).count();
        let rows: Vec<usize> = (0..truth.len()).filter(|&row| better(row) < count).collect();
        let pick = |values: &[f64]| rows.iter().map(|&row| values[row]).collect::<Vec<f64>>();
        if rows.len() < 10 { None } else { tau_by_pairs(&pick(truth), &pick(scores)) }
    }

    fn same(found: Option<f64>, expected: Option<f64>) -> bool {
        match (found, expected) {
            (Some(found), Some(expected)) => (found - expected).abs() < 1e-12,
            (found, expected) => found == expected,
        }
    }

    /// Runs of small whole numbers, with many ties.
    fn coarse_runs() -> impl Strategy<Value = Vec<Vec<f64>>> {
        (2usize..=4, 10usize..60).prop_flat_map(|(runs, rows)| {
            let run = prop::collection::vec((0u8..12).prop_map(f64::from), rows);
            prop::collection::vec(run, runs)
        })
    }

    proptest! {
        #[test]
        fn the_ceiling_is_that_of_counting_by_pairs(runs in coarse_runs()) {
            let (count, rows) = (runs.len(), runs[0].len());
            let fractions = [1.0, 0.5, 0.3];
            let found = Ceiling::new(&runs, &fractions).unwrap();
            prop_assert_eq!((found.runs, found.rows, found.tops.len()), (count, rows, 3));
            for (at, fraction) in found.tops.iter().zip(fractions) {
                let top = (fraction * rows as f64 + 1e-9).floor() as usize;
                let mut single = Vec::new();
                let mut rest = Vec::new();
                for left in 0..count {
                    let others: Vec<usize> = (0..count).filter(|&run| run != left).collect();
                    single.extend(others.iter().map(|&other| in_top_by_counting(&runs[left], &runs[other], top)));
                    // Sums rank as means do.
                    let sums: Vec<f64> = (0..rows).map(|row| others.iter().map(|&other| runs[other][row]).sum()).collect();
                    rest.push(in_top_by_counting(&sums, &runs[left], top));
                }
                let mean = |values: &[Option<f64>]| {
                    let known: Option<Vec<f64>> = values.iter().copied().collect();
                    known.map(|known| known.iter().sum::<f64>() / known.len() as f64)
                };
                prop_assert!(same(at.single, mean(&single)), "{:?} {:?}", at, single);
                prop_assert!(same(at.rest, mean(&rest)), "{:?} {:?}", at, rest);
            }
        }

        #[test]
        fn the_order_of_rows_and_of_runs_decides_nothing(runs in coarse_runs(), seed: u64) {
            let found = Ceiling::new(&runs, &TOPS).unwrap();
            let mut stream = Seed::root(seed).stream();
            let mut order: Vec<usize> = (0..runs[0].len()).collect();
            for place in (1..order.len()).rev() {
                order.swap(place, stream.index(place + 1));
            }
            let mut mixed: Vec<Vec<f64>> = runs.iter().map(|run| order.iter().map(|&row| run[row]).collect()).collect();
            prop_assert_eq!(&Ceiling::new(&mixed, &TOPS).unwrap(), &found);
            mixed.rotate_left(1);
            for (at, of) in Ceiling::new(&mixed, &TOPS).unwrap().tops.iter().zip(&found.tops) {
                prop_assert!(same(at.single, of.single) && same(at.rest, of.rest), "{:?} {:?}", at, of);
            }
        }

        #[test]
        fn two_runs_have_one_value(runs in coarse_runs()) {
            for at in Ceiling::new(&runs[..2], &TOPS).unwrap().tops {
                prop_assert_eq!(at.single, at.rest);
            }
        }

        #[test]
        fn a_top_is_of_at_least_its_count_and_of_whole_levels(truth in prop::collection::vec((0u8..9).prop_map(f64::from), 1..80), fraction in 0.01f64..=1.0) {
            let rows = top_rows(&truth, fraction);
            prop_assert!(rows.len() >= count_of(fraction, truth.len()) && rows.is_sorted());
            let is_in = |row: usize| rows.contains(&row);
            for one in 0..truth.len() {
                for other in 0..truth.len() {
                    prop_assert!(!is_in(one) || is_in(other) || truth[other] < truth[one]);
                }
            }
            // Without its last level there are too few.
            let least = rows.iter().map(|&row| truth[row]).reduce(f64::min);
            let above = rows.iter().filter(|&&row| Some(truth[row]) > least).count();
            prop_assert!(rows.is_empty() || above < count_of(fraction, truth.len()));
        }
    }

    #[test]
    fn runs_that_agree_leave_nothing_to_be_wished() {
        let run: Vec<f64> = (0..1000).map(f64::from).collect();
        let found = Ceiling::new(&[&run, &run, &run], &TOPS).unwrap();
        assert!(found.tops.iter().all(|at| at.single == Some(1.0) && at.rest == Some(1.0)), "{found:?}");
        assert_eq!((found.attainable(0.1, true), found.attainable(0.3, true)), (Some(1.0), None));
        assert_eq!(Ceiling::new(&[&run], &TOPS), None);
        assert_eq!(Ceiling::new::<Vec<f64>>(&[], &TOPS), None);
    }

    /// Accuracies of 2,000 architectures with standard deviation 1, and noise of each run: a mean of two is followed better than one run, and
    /// all of it is followed better than its top.
    #[test]
    fn noise_lowers_the_ceiling_and_a_mean_raises_it() {
        let mut stream = Seed::root(7).stream();
        let exact: Vec<f64> = (0..2000).map(|_| stream.normal()).collect();
        let mut of = |noise: f64| {
            let mut run = || exact.iter().map(|value| value + noise * stream.normal()).collect::<Vec<f64>>();
            Ceiling::new(&[run(), run(), run()], &TOPS[..4]).unwrap()
        };
        let (low, high) = (of(0.1), of(0.5));
        for found in [&low, &high] {
            assert!(found.tops.iter().all(|at| at.rest > at.single), "{found:?}");
            assert!(found.tops.is_sorted_by(|whole, part| whole.single > part.single), "{found:?}");
        }
        assert!(low.tops.iter().zip(&high.tops).all(|(low, high)| low.single > high.single && low.rest > high.rest));
        // Of two normal variables with correlation r, tau is 2/π asin(r); here r is 1 / (1 + 0.25).
        assert!((high.tops[0].single.unwrap() - 2.0 / std::f64::consts::PI * 0.8f64.asin()).abs() < 0.02);
        let at = high.tops[1];
        assert_eq!((high.attainable(0.5, true), high.attainable(0.5, false)), (at.rest, at.single));
    }

    #[test]
    fn tops_of_few_architectures_have_no_tau() {
        let truth: Vec<f64> = (0..20).map(f64::from).collect();
        let found = in_tops(&truth, &truth, &[1.0, 0.5, 0.49, 0.04]);
        let known: Vec<_> = found.iter().map(|at| (at.rows, at.tau_b)).collect();
        assert_eq!(known, [(20, Some(1.0)), (10, Some(1.0)), (9, None), (0, None)]);
    }

    /// In another order these sum to 0.6000000000000001.
    #[test]
    fn equal_means_are_equal_numbers_and_one_run_stays_as_it_is() {
        for runs in [[0.1, 0.2, 0.3], [0.3, 0.2, 0.1], [0.3, 0.1, 0.2]] {
            assert_eq!(mean_of(&runs.each_ref().map(std::slice::from_ref)), [0.2]);
        }
        assert_eq!(mean_of(&[&[0.1 + 0.2, 1e-14]]), [0.1 + 0.2, 1e-14]);
    }

    #[test]
    fn a_share_is_of_what_is_attainable() {
        assert_eq!((share(0.25, 0.5), share(-0.25, 0.5), share(0.75, 0.5)), (Some(0.5), Some(-0.5), Some(1.5)));
        assert_eq!((share(0.5, 0.0), share(0.5, -0.1)), (None, None));
    }
}
