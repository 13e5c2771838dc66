//! Bootstrap intervals: how much a rank correlation depends on which architectures were drawn.
//!
//! Pearson's r has no interval. A few extreme values decide it, and a sample of architectures may have none of them. In simulations of skewed
//! truths (exponentials of normal deviates; 2 to 5 % of failed trainings), with 20 to 400 architectures, 95 % percentile intervals covered r
//! in 39 to 97 % of the samples, and bias-corrected and accelerated ones (`BCa`, Efron 1987) in 50 to 97 %. Ranks do not change if the truth is
//! stretched, so the intervals of tau-b and rho do not either: they cover what they promise on any truth without ties.
//!
//! There are two more cases without an interval, each with its reason ([`NoInterval`]): panels of fewer than [`FEWEST`] architectures, and
//! more than [`MOST_UNDEFINED`] of the resamples without a value.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::rank::{PairCounts, spearman};
use super::resample::{Buffers, Correlations, Resampling};
use super::status::NoInterval;
use nas_assay_base::seed::{Seed, Stream};

/// The fraction of resamples that an [`Interval`] covers.
pub const LEVEL: f64 = 0.95;

/// The least number of architectures for an interval.
///
/// In simulations of normal pairs, 95 % intervals covered tau in 80 to 95 % of the samples of 4 or 5 architectures and in 94 to 97 % of
/// those of 6 and more. Scores and truths with ties need more architectures than that. Ten is a round number above it.
pub const FEWEST: usize = 10;

/// The largest fraction of resamples without a value for an interval.
///
/// A resample has no value if truth or scores are constant in it. Where k of M architectures differ from all others, that is (1 - k/M)^M of
/// the resamples: 35 to 37 % for one of at least ten, 11 to 14 % for two, 3 to 5 % for three. In simulations of scores with two levels (12
/// to 48 architectures, truth and scores related or not), 95 % intervals covered tau in 28 to 57 % of the samples with one such
/// architecture, 67 to 85 % with two, 78 to 95 % with three, and 83 to 97 % with more. The bound is half-way between two and three, so that
/// chance in the draw of the resamples does not decide on which side of it a score is.
pub const MOST_UNDEFINED: f64 = 0.075;

/// The seed of the resamples for all intervals of all panels. It is the same for all experiments, so that intervals which are computed again
/// are the same.
pub fn panel_seed() -> Seed {
    Seed::root(1).child("bootstrap")
}

/// A percentile bootstrap interval (Efron 1979) of a rank correlation, or of a difference of two.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// The 2.5th percentile over the resamples.
    pub lower: f64,
    /// The 97.5th percentile.
    pub upper: f64,
    /// Number of resamples that the percentiles are taken over.
    pub resamples: usize,
    /// Number of resamples left out because truth or scores were constant in them.
    pub undefined: usize,
}

impl Interval {
    /// The interval of a value over its resamples. `rows` is the number of architectures, `whole` the value over all of them.
    ///
    /// # Errors
    /// Why there is none: the first reason that holds, in the order of [`NoInterval`].
    pub(super) fn of(
        rows: usize,
        whole: Option<f64>,
        resampled: impl ExactSizeIterator<Item = Option<f64>>,
    ) -> Result<Self, NoInterval> {
        let resamples = resampled.len();
        let mut defined: Vec<f64> = resampled.flatten().collect();
        let undefined = resamples - defined.len();
        if resamples == 0 {
            return Err(NoInterval::NoResamples);
        } else if whole.is_none() {
            return Err(NoInterval::UndefinedValue);
        } else if rows < FEWEST {
            return Err(NoInterval::FewArchitectures);
        } else if undefined as f64 > MOST_UNDEFINED * resamples as f64 {
            return Err(NoInterval::DegenerateResamples);
        }
        defined.sort_by(f64::total_cmp);
        let tail = (1.0 - LEVEL) / 2.0;
        let bounds = quantile(&defined, tail).zip(quantile(&defined, 1.0 - tail));
        let (lower, upper) = bounds.ok_or(NoInterval::DegenerateResamples)?;
        Ok(Self { lower, upper, resamples: defined.len(), undefined })
    }
}

/// The rank correlations of one estimator over all architectures, and over architectures drawn again with replacement.
///
/// The intervals of both correlations and every comparison with another estimator come from this one value.
#[derive(Clone, Debug)]
pub struct Resamples {
    /// The seed of the resamples.
    seed: Seed,
    rows: usize,
    /// The correlations over all architectures, each once.
    pub(super) whole: Coefficients,
    pub(super) resampled: Vec<Coefficients>,
}

/// Kendall's tau-b and Spearman's rho, each `None` if it is undefined.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Coefficients {
    pub tau_b: Option<f64>,
    pub spearman: Option<f64>,
}

impl From<Correlations> for Coefficients {
    fn from(Correlations { counts, spearman }: Correlations) -> Self {
        Self { tau_b: counts.tau_b(), spearman }
    }
}

impl Resamples {
    /// Resamples the rows of `truth` and `scores` with replacement, `count` times.
    ///
    /// Resample `i` depends only on `seed`, `i` and the number of rows. So all estimators of one panel see the same resamples, on any
    /// number of threads. Scores are higher-is-better. Rows are sorted once, in O(M log M) time and 4·M·log₂(M / 16) bytes; a resample
    /// needs no sorting.
    ///
    /// # Panics
    /// If the slices differ in length.
    pub fn new(truth: &[f64], scores: &[f64], count: usize, seed: Seed) -> Self {
        let whole = Coefficients { tau_b: PairCounts::new(truth, scores).tau_b(), spearman: spearman(truth, scores) };
        let resampled = if truth.is_empty() || count == 0 { Vec::new() } else { resample(truth, scores, count, seed) };
        Self { seed, rows: truth.len(), whole, resampled }
    }

    /// The 95 % interval of tau-b.
    ///
    /// # Errors
    /// Why there is none.
    pub fn tau_b(&self) -> Result<Interval, NoInterval> {
        Interval::of(self.rows, self.whole.tau_b, self.resampled_tau_b())
    }

    /// The 95 % interval of Spearman's rho.
    ///
    /// # Errors
    /// Why there is none.
    pub fn spearman(&self) -> Result<Interval, NoInterval> {
        let resampled = self.resampled.iter().map(|coefficients| coefficients.spearman);
        Interval::of(self.rows, self.whole.spearman, resampled)
    }

    /// The number of architectures.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Whether `self` and `other` have the same resamples.
    pub(super) fn share(&self, other: &Self) -> bool {
        (self.seed, self.rows, self.resampled.len()) == (other.seed, other.rows, other.resampled.len())
    }

    /// Tau-b over all architectures, each once.
    pub(super) fn whole_tau_b(&self) -> Option<f64> {
        self.whole.tau_b
    }

    /// Tau-b of each resample.
    pub(super) fn resampled_tau_b(&self) -> impl ExactSizeIterator<Item = Option<f64>> {
        self.resampled.iter().map(|coefficients| coefficients.tau_b)
    }
}

fn resample(truth: &[f64], scores: &[f64], count: usize, seed: Seed) -> Vec<Coefficients> {
    let resampling = Resampling::new(truth, scores);
    (0..count)
        .into_par_iter()
        .map_init(
            || (vec![0; truth.len()], Buffers::default()),
            |(multiplicity, buffers), index| {
                draw(multiplicity, &mut seed.index("resample", index as u64).stream());
                resampling.correlations(multiplicity, buffers).into()
            },
        )
        .collect()
}

/// Draws as many rows as there are, with replacement, and returns how often each row was drawn.
fn draw(multiplicity: &mut [u32], stream: &mut Stream) {
    multiplicity.fill(0);
    for _ in 0..multiplicity.len() {
        multiplicity[stream.index(multiplicity.len())] += 1;
    }
}

/// The `fraction` quantile of an ascending slice, with linear interpolation between neighbours (type 7 of Hyndman and Fan 1996).
fn quantile(ascending: &[f64], fraction: f64) -> Option<f64> {
    let last = ascending.len().checked_sub(1)?;
    let position = fraction * last as f64;
    let below = (position.floor() as usize).min(last);
    let above = (below + 1).min(last);
    Some(ascending[below] + (position - below as f64) * (ascending[above] - ascending[below]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Scores that follow a truth with noise of the given spread.
    fn noisy(rows: usize, spread: f64, seed: u64) -> (Vec<f64>, Vec<f64>) {
        let mut stream = Seed::root(seed).stream();
        let truth: Vec<f64> = (0..rows).map(|_| stream.normal()).collect();
        let scores = truth.iter().map(|value| value + spread * stream.normal()).collect();
        (truth, scores)
    }

    /// The interval of tau-b.
    fn of_tau_b(truth: &[f64], scores: &[f64], count: usize, seed: Seed) -> Result<Interval, NoInterval> {
        Resamples::new(truth, scores, count, seed).tau_b()
    }

    #[test]
    fn quantiles_interpolate() {
        let values = [1.0, 2.0, 4.0, 8.0];
        assert_eq!(quantile(&values, 0.0), Some(1.0));
        assert_eq!(quantile(&values, 0.5), Some(3.0));
        assert_eq!(quantile(&values, 1.0), Some(8.0));
        assert_eq!(quantile(&[], 0.5), None);
    }

    #[test]
    fn an_interval_is_that_of_rows_written_out() {
        let (truth, mut scores) = noisy(40, 1.0, 3);
        // With a tie, and with a score that is not finite.
        scores[7] = scores[30];
        scores[11] = f64::NAN;
        let seed = Seed::root(11);
        let written = |index: u64| {
            let mut stream = seed.index("resample", index).stream();
            let rows: Vec<usize> = (0..40).map(|_| stream.index(40)).collect();
            let pick = |values: &[f64]| -> Vec<f64> { rows.iter().map(|&row| values[row]).collect() };
            (pick(&truth), pick(&scores))
        };
        let expected = |coefficient: fn(&[f64], &[f64]) -> Option<f64>| {
            let mut values: Vec<f64> =
                (0..200).map(written).map(|(truth, scores)| coefficient(&truth, &scores).unwrap()).collect();
            values.sort_by(f64::total_cmp);
            let tail = (1.0 - LEVEL) / 2.0;
            Interval {
                lower: quantile(&values, tail).unwrap(),
                upper: quantile(&values, 1.0 - tail).unwrap(),
                resamples: 200,
                undefined: 0,
            }
        };
        let resamples = Resamples::new(&truth, &scores, 200, seed);
        assert_eq!(resamples.tau_b(), Ok(expected(|truth, scores| PairCounts::new(truth, scores).tau_b())));
        assert_eq!(resamples.spearman(), Ok(expected(spearman)));
    }

    #[test]
    fn threads_change_nothing() {
        let (truth, scores) = noisy(300, 0.5, 4);
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let resamples = pool.install(|| Resamples::new(&truth, &scores, 64, Seed::root(1)));
            (resamples.tau_b(), resamples.spearman())
        };
        assert_eq!(with(1), with(3));
    }

    /// The intervals of an earlier implementation, which drew and counted rows one by one.
    #[test]
    fn intervals_are_pinned() {
        let (truth, scores) = noisy(100, 1.0, 5);
        let interval = of_tau_b(&truth, &scores, 1000, Seed::root(6)).unwrap();
        insta::assert_snapshot!(format!("{:x} {:x}", interval.lower.to_bits(), interval.upper.to_bits()), @"3fdea293e121d8a4 3fe4aeff6b92c1ea");
    }

    #[test]
    fn the_truth_is_covered_about_as_often_as_promised() {
        // Normal pairs with correlation r have tau 2/π·asin(r) and rho 6/π·asin(r/2); here r = 1/√2, so tau is exactly 1/2.
        let rho = 6.0 / std::f64::consts::PI * libm::asin(0.5_f64.sqrt() / 2.0);
        let mut covered = [0; 2];
        for trial in 0..200u64 {
            let (truth, scores) = noisy(100, 1.0, 100 + trial);
            let resamples = Resamples::new(&truth, &scores, 200, Seed::root(trial));
            for (covered, (interval, value)) in
                covered.iter_mut().zip([(resamples.tau_b(), 0.5), (resamples.spearman(), rho)])
            {
                let Interval { lower, upper, .. } = interval.unwrap();
                *covered += i32::from((lower..=upper).contains(&value));
            }
        }
        // 200 intervals at 95 %: 190 expected, standard deviation 3. The bootstrap of ranks covers slightly less than 95 %.
        assert!(
            covered.iter().all(|count| (176..=199).contains(count)),
            "{covered:?} of 200 intervals cover tau and rho"
        );
    }

    /// On a truth of many nearly equal values and a few extreme ones, as accuracies are, intervals are those of the ranks.
    #[test]
    fn a_skewed_truth_has_the_intervals_of_its_ranks() {
        let (truth, scores) = noisy(80, 1.0, 12);
        let of = |truth: &[f64]| {
            let resamples = Resamples::new(truth, &scores, 100, Seed::root(3));
            (resamples.tau_b(), resamples.spearman())
        };
        for stretch in [1.5, 8.0] {
            let skewed: Vec<f64> = truth.iter().map(|value| libm::exp(stretch * value)).collect();
            assert_eq!(of(&skewed), of(&truth));
        }
    }

    #[test]
    fn constant_resamples_are_counted_and_left_out() {
        // Three of forty scores differ from the others: 4.4 % of the resamples are expected to have none of them.
        let truth: Vec<f64> = (0..40).map(f64::from).collect();
        let scores: Vec<f64> = (0..40).map(|row| f64::from(u8::from(row >= 37))).collect();
        let resamples = Resamples::new(&truth, &scores, 1000, Seed::root(2));
        for interval in [resamples.tau_b(), resamples.spearman()] {
            let interval = interval.unwrap();
            assert!((30..60).contains(&interval.undefined), "{interval:?}");
            assert_eq!(interval.resamples + interval.undefined, 1000);
            assert!(0.0 < interval.lower && interval.lower < interval.upper && interval.upper < 1.0, "{interval:?}");
        }
    }

    #[test]
    fn too_many_constant_resamples_leave_no_interval() {
        let seed = Seed::root(2);
        for rows in [10, 12, 40, 1000] {
            let truth: Vec<f64> = (0..rows).map(f64::from).collect();
            let odd = |odd: u32| -> Vec<f64> { (0..rows).map(|row| f64::from(u8::from(row >= rows - odd))).collect() };
            for few in [odd(1), odd(2)] {
                let resamples = Resamples::new(&truth, &few, 1000, seed);
                let found = [resamples.tau_b(), resamples.spearman()];
                assert_eq!(found, [Err(NoInterval::DegenerateResamples); 2], "{rows}");
                // The truth counts as the scores do.
                assert_eq!(of_tau_b(&few, &truth, 1000, seed), Err(NoInterval::DegenerateResamples), "{rows}");
            }
            assert!(of_tau_b(&truth, &odd(3), 1000, seed).is_ok(), "{rows}");
        }
    }

    /// Fifteen undefined resamples of two hundred are 7.5 %.
    #[test]
    fn the_most_undefined_resamples_are_those_that_are_documented() {
        let with = |undefined: usize| {
            let resampled = (0..200).map(|at| (at >= undefined).then_some(0.5));
            Interval::of(10, Some(0.5), resampled)
        };
        let interval = Interval { lower: 0.5, upper: 0.5, resamples: 185, undefined: 15 };
        assert_eq!(with(15), Ok(interval));
        assert_eq!(with(16), Err(NoInterval::DegenerateResamples));
    }

    /// Intervals of records of all versions have it.
    #[test]
    fn the_seed_of_panels_never_changes() {
        assert_eq!(panel_seed(), Seed::root(1).child("bootstrap"));
    }

    #[test]
    fn few_architectures_have_no_interval() {
        let truth: Vec<f64> = (0..10).map(f64::from).collect();
        let scores = [1.0, 0.0, 3.0, 2.0, 5.0, 4.0, 7.0, 6.0, 9.0, 8.0];
        let of = |rows: usize| of_tau_b(&truth[..rows], &scores[..rows], 200, Seed::root(2));
        assert!(of(10).is_ok());
        assert_eq!([of(9), of(2)], [Err(NoInterval::FewArchitectures); 2]);
    }

    #[test]
    fn the_reason_for_no_interval_is_the_first_that_holds() {
        let truth: Vec<f64> = (0..12).map(f64::from).collect();
        let seed = Seed::root(2);
        assert_eq!(of_tau_b(&truth, &truth, 0, seed), Err(NoInterval::NoResamples));
        assert_eq!(of_tau_b(&[], &[], 100, seed), Err(NoInterval::NoResamples));
        assert_eq!(of_tau_b(&truth, &[3.0; 12], 100, seed), Err(NoInterval::UndefinedValue));
        assert_eq!(of_tau_b(&truth[..2], &[3.0; 2], 100, seed), Err(NoInterval::UndefinedValue));
        assert_eq!(of_tau_b(&truth[..2], &[3.0, 4.0], 100, seed), Err(NoInterval::FewArchitectures));
    }
}
