//! How a tau depends on the number of architectures: its mean and its spread over random samples of a population.
//!
//! # Definition
//! Many samples of n architectures are drawn without replacement, and Kendall's tau-b is computed in each. The spread says how far two papers can be
//! apart that judge one estimator on n architectures each: two samples that differ have a difference with √2 times that deviation.
//!
//! # Known traps
//! Samples of a population that is not much larger share architectures, so that the spread becomes 0 where n reaches the population. That is right for
//! this population, and too little for a larger one that it stands for.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::rank::PairCounts;
use nas_assay_base::seed::Seed;

/// The sizes of samples that reports show.
pub const SIZES: [usize; 6] = [20, 50, 100, 200, 500, 1_000];

/// How many samples are drawn of each size.
pub const SAMPLES: usize = 200;

/// Tau-b over random samples of one size.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SampleAt {
    /// n, the architectures of a sample.
    pub rows: usize,
    /// The samples in which tau-b is defined, of those that were drawn.
    pub samples: usize,
    /// The mean of tau-b.
    pub mean: f64,
    /// Its deviation, with n − 1.
    pub deviation: f64,
}

/// Tau-b of `scores` and `truth`, higher is better, over `samples` random samples of each of these sizes. Sizes that are not below the number of
/// architectures, and those with fewer than two samples in which tau-b is defined, are left out.
///
/// A sample depends on `seed`, its size, its number and the number of architectures only. So all estimators of a panel see the same samples, on
/// any number of threads.
///
/// # Panics
/// If the slices differ in length.
pub fn over_samples(truth: &[f64], scores: &[f64], sizes: &[usize], samples: usize, seed: Seed) -> Vec<SampleAt> {
    assert_eq!(truth.len(), scores.len(), "a ranking needs one score per architecture");
    let of_size = |rows: usize| {
        let seed = seed.index("rows", rows as u64);
        let tau = |sample: usize| {
            let chosen = seed.index("sample", sample as u64).stream().choose(truth.len(), rows);
            let pick = |values: &[f64]| chosen.iter().map(|&row| values[row]).collect::<Vec<f64>>();
            PairCounts::new(&pick(truth), &pick(scores)).tau_b()
        };
        let found: Vec<f64> = (0..samples).into_par_iter().map(tau).collect::<Vec<_>>().into_iter().flatten().collect();
        let count = found.len();
        let mean = found.iter().sum::<f64>() / count as f64;
        let squares: f64 = found.iter().map(|tau| (tau - mean) * (tau - mean)).sum();
        let deviation = (squares / count.saturating_sub(1) as f64).sqrt();
        (count > 1).then_some(SampleAt { rows, samples: count, mean, deviation })
    };
    sizes.iter().filter(|&&rows| rows < truth.len()).filter_map(|&rows| of_size(rows)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(rows: usize) -> (Vec<f64>, Vec<f64>) {
        let mut stream = Seed::root(1).stream();
        let truth: Vec<f64> = (0..rows).map(|_| stream.normal()).collect();
        let scores = truth.iter().map(|value| value + stream.normal()).collect();
        (truth, scores)
    }

    #[test]
    fn the_spread_shrinks_with_the_root_of_the_size_and_the_mean_stays() {
        let (truth, scores) = pair(20_000);
        let whole = PairCounts::new(&truth, &scores).tau_b().unwrap();
        let found = over_samples(&truth, &scores, &[50, 200, 800], 200, Seed::root(2));
        for at in &found {
            // The variance for a normal pair with r = 1/√2 (Esscher, Skandinavisk Aktuarietidskrift 7, 1924).
            let rows = at.rows as f64;
            let part = |r: f64| (2.0 * r.asin() / std::f64::consts::PI).powi(2);
            let (whole_r, half_r) = (0.5_f64.sqrt(), 0.5_f64.sqrt() / 2.0);
            let inner = 1.0 - part(whole_r) + 2.0 * (rows - 2.0) * (1.0 / 9.0 - part(half_r));
            let expected = (2.0 * inner / (rows * (rows - 1.0))).sqrt();
            // A deviation over 200 samples has a relative error of 5 %.
            assert!((at.deviation / expected - 1.0).abs() < 0.15, "{at:?}, {expected}");
            assert!((at.mean - whole).abs() < 4.0 * at.deviation / 200_f64.sqrt(), "{at:?}, {whole}");
        }
    }

    #[test]
    fn a_sample_is_that_of_rows_written_out() {
        let (truth, scores) = pair(30);
        let found = over_samples(&truth, &scores, &[10, 30, 40], 2, Seed::root(9));
        let tau = |sample| {
            let rows = Seed::root(9).index("rows", 10).index("sample", sample).stream().choose(30, 10);
            assert_eq!(rows.iter().collect::<std::collections::BTreeSet<_>>().len(), 10);
            let pick = |values: &[f64]| rows.iter().map(|&row| values[row]).collect::<Vec<f64>>();
            PairCounts::new(&pick(&truth), &pick(&scores)).tau_b().unwrap()
        };
        let (one, two): (f64, f64) = (tau(0), tau(1));
        let deviation = (one - two).abs() / 2_f64.sqrt();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].rows, found[0].samples), (10, 2));
        assert!(
            (found[0].mean - f64::midpoint(one, two)).abs() < 1e-15 && (found[0].deviation - deviation).abs() < 1e-15
        );
    }

    #[test]
    fn samples_without_a_tau_are_counted_out() {
        let truth: Vec<f64> = (0..40).map(f64::from).collect();
        let mut scores = vec![0.0; 40];
        assert_eq!(over_samples(&truth, &scores, &[10], 50, Seed::root(1)), []);
        scores[7] = 1.0;
        let found = over_samples(&truth, &scores, &[10], 200, Seed::root(1))[0];
        // A quarter of the samples have row 7.
        assert!((30..=70).contains(&found.samples), "{found:?}");
    }
}
