//! How far Kendall's tau-b could move if other architectures had been drawn.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::rank::{Paired, Workspace};
use crate::seed::{Seed, Stream};

/// The share of resamples that an [`Interval`] covers.
pub const LEVEL: f64 = 0.95;

/// A percentile bootstrap interval (Efron 1979) of Kendall's tau-b.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// The 2.5th percentile of tau-b over the resamples.
    pub lower: f64,
    /// The 97.5th percentile.
    pub upper: f64,
    /// Resamples that entered the percentiles.
    pub resamples: usize,
    /// Resamples left out because truth or scores were constant in them.
    pub undefined: usize,
}

impl Interval {
    /// Resamples the rows of `truth` and `scores` with replacement, `resamples` times.
    ///
    /// Resample `i` depends on `seed`, `i` and the number of rows alone: two estimators of one panel see the same resamples, and the
    /// number of threads changes nothing. `None` where no resample has a tau-b.
    ///
    /// # Panics
    /// If the slices differ in length.
    pub fn of_tau_b(truth: &[f64], scores: &[f64], resamples: usize, seed: Seed) -> Option<Self> {
        let paired = Paired::new(truth, scores);
        if paired.len() == 0 {
            return None;
        }
        let resampled: Vec<Option<f64>> = (0..resamples)
            .into_par_iter()
            .map_init(Resampler::default, |resampler, index| {
                resampler.tau_b(&paired, &mut seed.index("resample", index as u64).stream())
            })
            .collect();
        let mut defined: Vec<f64> = resampled.into_iter().flatten().collect();
        defined.sort_by(f64::total_cmp);
        let tail = (1.0 - LEVEL) / 2.0;
        Some(Self {
            lower: quantile(&defined, tail)?,
            upper: quantile(&defined, 1.0 - tail)?,
            resamples: defined.len(),
            undefined: resamples - defined.len(),
        })
    }
}

/// Buffers of one worker.
#[derive(Default)]
struct Resampler {
    multiplicity: Vec<u32>,
    work: Workspace,
}

impl Resampler {
    fn tau_b(&mut self, paired: &Paired, stream: &mut Stream) -> Option<f64> {
        self.multiplicity.clear();
        self.multiplicity.resize(paired.len(), 0);
        for _ in 0..paired.len() {
            self.multiplicity[stream.index(paired.len())] += 1;
        }
        paired.counts(|row| self.multiplicity[row], &mut self.work).tau_b()
    }
}

/// The `fraction` quantile of an ascending slice, interpolated linearly between its neighbours (Hyndman and Fan's type 7).
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
    use crate::criteria::rank::PairCounts;

    /// Scores that follow a truth with noise of the given spread.
    fn noisy(rows: usize, spread: f64, seed: u64) -> (Vec<f64>, Vec<f64>) {
        let mut stream = Seed::root(seed).stream();
        let truth: Vec<f64> = (0..rows).map(|_| stream.normal()).collect();
        let scores = truth.iter().map(|value| value + spread * stream.normal()).collect();
        (truth, scores)
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
        let (truth, scores) = noisy(40, 1.0, 3);
        let seed = Seed::root(11);
        let mut taus: Vec<f64> = (0..200)
            .map(|index| {
                let mut stream = seed.index("resample", index).stream();
                let rows: Vec<usize> = (0..40).map(|_| stream.index(40)).collect();
                let truth: Vec<f64> = rows.iter().map(|&row| truth[row]).collect();
                let scores: Vec<f64> = rows.iter().map(|&row| scores[row]).collect();
                PairCounts::new(&truth, &scores).tau_b().unwrap()
            })
            .collect();
        taus.sort_by(f64::total_cmp);
        let interval = Interval::of_tau_b(&truth, &scores, 200, seed).unwrap();
        assert_eq!(Some(interval.lower), quantile(&taus, (1.0 - LEVEL) / 2.0));
        assert_eq!(Some(interval.upper), quantile(&taus, 1.0 - (1.0 - LEVEL) / 2.0));
        assert_eq!((interval.resamples, interval.undefined), (200, 0));
    }

    #[test]
    fn threads_change_nothing() {
        let (truth, scores) = noisy(300, 0.5, 4);
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| Interval::of_tau_b(&truth, &scores, 64, Seed::root(1)))
        };
        assert_eq!(with(1), with(3));
    }

    #[test]
    fn the_truth_is_covered_about_as_often_as_promised() {
        // Normal pairs with correlation r have tau 2/π·asin(r); here r = 1/√2, so tau is exactly 1/2.
        let covered = (0..200u64)
            .filter(|&trial| {
                let (truth, scores) = noisy(100, 1.0, 100 + trial);
                let interval = Interval::of_tau_b(&truth, &scores, 200, Seed::root(trial)).unwrap();
                (interval.lower..=interval.upper).contains(&0.5)
            })
            .count();
        // 200 intervals at 95 %: 190 expected, standard deviation 3. The bootstrap of ranks undercovers a little.
        assert!((176..=199).contains(&covered), "{covered} of 200 intervals cover tau");
    }

    #[test]
    fn constant_resamples_are_counted_and_left_out() {
        let interval = Interval::of_tau_b(&[1.0, 2.0], &[3.0, 4.0], 100, Seed::root(2)).unwrap();
        assert_eq!((interval.lower, interval.upper), (1.0, 1.0));
        assert!(interval.undefined > 20 && interval.resamples + interval.undefined == 100, "{interval:?}");
        assert_eq!(Interval::of_tau_b(&[1.0, 2.0], &[3.0, 3.0], 100, Seed::root(2)), None);
        assert_eq!(Interval::of_tau_b(&[], &[], 100, Seed::root(2)), None);
    }
}
