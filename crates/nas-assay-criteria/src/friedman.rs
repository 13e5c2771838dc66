//! Many estimators on many benchmarks: average ranks, Friedman's test, and which average ranks do not differ.
//!
//! # Definition
//! In each benchmark (a block) the estimators get ranks by a value such as tau-b; the best has rank 1, equal values share the mean of their ranks. Friedman's
//! statistic says whether the average ranks differ at all. Two estimators differ (Nemenyi) if their average ranks are further apart than the
//! critical difference `q·√(K(K + 1) / (6N))`, for K estimators and N blocks, where q is the 95th percentile of the studentized range of K
//! normal deviates over √2.
//!
//! # Source
//! Friedman, JASA 32 (1937), with the correction for ties of Conover (1999); Nemenyi (1963); Demšar, "Statistical comparisons of classifiers
//! over multiple data sets", JMLR 7 (2006).
//!
//! # Known traps
//! The chi-square distribution of the statistic is an approximation, which is poor for few blocks: Demšar asks for more than 10 blocks and more
//! than 5 estimators. Blocks of one data set, or of spaces that share architectures, are not independent, so that the test is too ready to see a
//! difference.

use serde::{Deserialize, Serialize};

use super::rank::average_ranks;

/// The error level of the test and of the critical difference.
pub const ALPHA: f64 = 0.05;

/// The ranks of K estimators over N blocks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Friedman {
    /// The number of blocks, N.
    pub blocks: usize,
    /// The average rank of each estimator, in the order given; 1 is the best that it can be.
    pub average_ranks: Vec<f64>,
    /// Friedman's statistic, corrected for ties; 0 if all values tie in every block.
    pub statistic: f64,
    /// The chance of a statistic that is at least as large if all estimators rank alike: chi-square with K − 1 degrees of freedom.
    pub p_value: f64,
    /// Average ranks that are further apart than this differ (Nemenyi, 5 %).
    pub critical_difference: f64,
    /// The largest sets of two or more estimators whose average ranks are all within the critical difference: places in the order given, from
    /// the best average rank.
    pub cliques: Vec<Vec<usize>>,
}

impl Friedman {
    /// The test of `blocks`, each with one value per estimator, higher is better. Values that are not finite are worst. `None` for fewer than
    /// two blocks or estimators.
    ///
    /// ```
    /// use nas_assay_criteria::Friedman;
    ///
    /// let blocks = [[0.7, 0.6, 0.1], [0.5, 0.6, 0.2], [0.8, 0.4, 0.3], [0.9, 0.7, 0.6]];
    /// let found = Friedman::new(&blocks).unwrap();
    /// assert_eq!(found.average_ranks, [1.25, 1.75, 3.0]);
    /// assert!((found.statistic - 6.5).abs() < 1e-12);
    /// ```
    ///
    /// # Panics
    /// If the blocks differ in length.
    pub fn new<B: AsRef<[f64]>>(blocks: &[B]) -> Option<Self> {
        let estimators = blocks.first()?.as_ref().len();
        Self::of(blocks, if estimators < 2 { 0.0 } else { critical_difference(estimators, blocks.len()) })
    }

    fn of<B: AsRef<[f64]>>(blocks: &[B], critical_difference: f64) -> Option<Self> {
        let estimators = blocks.first()?.as_ref().len();
        if blocks.len() < 2 || estimators < 2 {
            return None;
        }
        let count = estimators as f64;
        // Twice a rank is an integer, so the sums are exact.
        let (mut sums, mut tied) = (vec![0.0; estimators], 0.0);
        for block in blocks {
            let block = block.as_ref();
            assert_eq!(block.len(), estimators, "a block has one value per estimator");
            for (sum, rank) in sums.iter_mut().zip(average_ranks(block)) {
                *sum += rank;
            }
            let levels = super::levels::Levels::new(block);
            tied += levels.sizes.iter().map(|&size| f64::from(size).powi(3) - f64::from(size)).sum::<f64>();
        }
        let rows = blocks.len() as f64;
        let squares: f64 = sums.iter().map(|sum| sum * sum).sum();
        let spread = 12.0 * squares / (rows * count * (count + 1.0)) - 3.0 * rows * (count + 1.0);
        let untied = 1.0 - tied / (rows * count * (count * count - 1.0));
        let statistic = if untied > 0.0 { (spread / untied).max(0.0) } else { 0.0 };
        let average_ranks: Vec<f64> = sums.iter().map(|sum| sum / rows).collect();
        Some(Self {
            blocks: blocks.len(),
            statistic,
            p_value: chi_square_above(statistic, estimators - 1),
            cliques: cliques(&average_ranks, critical_difference),
            average_ranks,
            critical_difference,
        })
    }
}

/// The critical difference of the average ranks of so many estimators over so many blocks (Nemenyi, 5 %).
pub fn critical_difference(estimators: usize, blocks: usize) -> f64 {
    let count = estimators as f64;
    studentized_range(estimators, 1.0 - ALPHA) / 2.0_f64.sqrt() * (count * (count + 1.0) / (6.0 * blocks as f64)).sqrt()
}

/// Maximal runs of the sorted average ranks that are no longer than `difference`.
fn cliques(average_ranks: &[f64], difference: f64) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..average_ranks.len()).collect();
    order.sort_by(|&a, &b| average_ranks[a].total_cmp(&average_ranks[b]).then(a.cmp(&b)));
    let (mut found, mut reached) = (Vec::new(), 0);
    for first in 0..order.len() {
        let within = |&&place: &&usize| average_ranks[place] - average_ranks[order[first]] <= difference;
        let end = first + order[first..].iter().take_while(within).count();
        // A run that ends where the one before ends is a part of it.
        if end > reached && end - first > 1 {
            found.push(order[first..end].to_vec());
        }
        reached = reached.max(end);
    }
    found
}

/// The chance that a chi-square variable of `freedom` degrees exceeds `value`: the finite sums for whole degrees of freedom (Abramowitz and
/// Stegun 26.4.4 and 26.4.5).
fn chi_square_above(value: f64, freedom: usize) -> f64 {
    let half = value / 2.0;
    let (mut term, mut sum, start) = if freedom.is_multiple_of(2) {
        (libm::exp(-half), 0.0, 0.0)
    } else {
        // The first term of the sum is exp(-x/2)·√(x/2)/Γ(3/2).
        let gamma = std::f64::consts::PI.sqrt() / 2.0;
        (libm::exp(-half) * half.sqrt() / gamma, libm::erfc(half.sqrt()), 0.5)
    };
    for index in 0..freedom / 2 {
        sum += term;
        term *= half / (start + index as f64 + 1.0);
    }
    sum.clamp(0.0, 1.0)
}

/// The `level` quantile of the range of `count` standard normal deviates.
fn studentized_range(count: usize, level: f64) -> f64 {
    let (mut below, mut above) = (0.0_f64, 20.0_f64);
    for _ in 0..60 {
        let middle = f64::midpoint(below, above);
        if range_below(count, middle) < level { below = middle } else { above = middle }
    }
    f64::midpoint(below, above)
}

/// The chance that the range of `count` standard normal deviates is at most `range`: the integral over the least of them, by Simpson's rule.
fn range_below(count: usize, range: f64) -> f64 {
    const STEPS: usize = 800;
    const END: f64 = 9.0;
    let normal = |value: f64| 0.5 * libm::erfc(-value / std::f64::consts::SQRT_2);
    let density = |value: f64| libm::exp(-value * value / 2.0) / (2.0 * std::f64::consts::PI).sqrt();
    let inside = |least: f64| density(least) * (normal(least + range) - normal(least)).powi(count as i32 - 1);
    let step = 2.0 * END / STEPS as f64;
    let weight = |index: usize| match index {
        0 | STEPS => 1.0,
        index if index.is_multiple_of(2) => 2.0,
        _ => 4.0,
    };
    let sum: f64 = (0..=STEPS).map(|index| weight(index) * inside(index as f64 * step - END)).sum();
    count as f64 * sum * step / 3.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use nas_assay_base::seed::Seed;

    /// The table of Demšar 2006 (two-tailed Nemenyi test, 5 %), for 2 to 10 estimators.
    #[test]
    fn critical_values_are_those_of_the_table() {
        let table = [1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164];
        for (estimators, expected) in (2..).zip(table) {
            let found = studentized_range(estimators, 0.95) / 2.0_f64.sqrt();
            assert!((found - expected).abs() < 0.001, "{estimators}: {found}, {expected}");
        }
        // Two deviates: the normal quantile.
        assert!((studentized_range(2, 0.95) / 2.0_f64.sqrt() - 1.959_963_984_540_054).abs() < 1e-12);
    }

    #[test]
    fn tails_of_chi_square_are_those_of_the_table() {
        let quantiles = [3.841_459, 5.991_465, 7.814_728, 9.487_729, 11.070_498, 12.591_587];
        for (freedom, quantile) in (1..).zip(quantiles) {
            let found = chi_square_above(quantile, freedom);
            assert!((found - 0.05).abs() < 1e-7, "{freedom}: {found}");
            assert_eq!(chi_square_above(0.0, freedom), 1.0);
        }
    }

    /// Reference values of `SciPy` 1.17: `friedmanchisquare` of a table with ties, and `studentized_range.ppf` without end.
    #[test]
    fn values_are_those_of_scipy() {
        let blocks: [[f64; 4]; 7] = [
            [0.7, 0.6, 0.6, 0.8],
            [0.5, 0.6, 0.2, 0.9],
            [0.8, 0.4, 0.3, 0.8],
            [0.9, 0.7, 0.6, 0.6],
            [0.4, 0.4, 0.4, 0.4],
            [0.1, 0.3, 0.2, 0.5],
            [0.6, 0.5, 0.7, 0.2],
        ];
        let found = Friedman::new(&blocks).unwrap();
        let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-9, "{found}, {expected}");
        close(found.statistic, 2.894_736_842_105_268);
        close(found.p_value, 0.408_141_032_417_823_96);
        for (&rank, expected) in found.average_ranks.iter().zip([16.0, 18.0, 21.5, 14.5]) {
            close(7.0 * rank, expected);
        }
        for (estimators, expected) in
            [(3, 3.314_493_155_398_122), (10, 4.474_124_221_725_907), (20, 5.011_688_794_118_442_5)]
        {
            close(studentized_range(estimators, 0.95), expected);
        }
        // Demšar 2006, Sec. 3.2.2: four classifiers on 14 data sets.
        assert!((critical_difference(4, 14) - 1.25).abs() < 0.005);
    }

    #[test]
    fn cliques_are_maximal_runs() {
        assert_eq!(cliques(&[1.0, 1.5, 2.0, 4.0], 0.6), [[0, 1], [1, 2]]);
        assert_eq!(cliques(&[1.0, 3.0, 5.0], 1.0), Vec::<Vec<usize>>::new());
        assert_eq!(cliques(&[5.0, 1.0, 1.0, 4.5], 1.0), [[1, 2], [3, 0]]);
        assert_eq!(cliques(&[1.0, 1.2, 1.4, 9.0], 5.0), [[0, 1, 2]]);
    }

    #[test]
    fn values_that_all_tie_do_not_differ() {
        let found = Friedman::new(&[[0.5, 0.5, 0.5], [f64::NAN, f64::NAN, f64::NAN]]).unwrap();
        assert_eq!((found.statistic, found.p_value, found.average_ranks), (0.0, 1.0, vec![2.0; 3]));
        assert!(Friedman::new(&[[0.5, 0.6]]).is_none() && Friedman::new(&[[0.5], [0.6]]).is_none());
        assert!(Friedman::new::<[f64; 2]>(&[]).is_none());
    }

    /// If all estimators rank alike, one test in twenty sees a difference.
    #[test]
    fn one_in_twenty_differs_by_chance() {
        let mut stream = Seed::root(1).stream();
        let differs = |_: &usize| {
            let blocks: Vec<[f64; 5]> = (0..20).map(|_| std::array::from_fn(|_| stream.normal())).collect();
            Friedman::of(&blocks, 0.0).unwrap().p_value < ALPHA
        };
        // The count has a deviation of 9.7.
        let count = (0..2_000).filter(differs).count();
        assert!((60..=140).contains(&count), "{count} of 2,000");
    }
}
