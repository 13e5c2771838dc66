//! Search: what an estimator's ranking finds after so many trainings, beside random search.
//!
//! # Definition
//! Architectures are trained in the order of their scores, best first. After q trainings, `found` is the best true value so far; the regret is the
//! best true value of all minus `found`. Random search trains q architectures that are drawn without replacement: its expectation and its
//! quantiles are exact, since the chance that the best of q is the r-th best of all is a ratio of binomials, so no orders need be drawn.
//! Rows of equal score are trained in random order, and `found` is the expectation over it.
//!
//! # Source
//! Accuracy against the number of trained architectures, as in White et al., "A deeper look at zero-cost proxies" (ICLR blog 2022). The closed form for random
//! search is this project's; tests compare it with all draws, and with drawn orders.

use serde::{Deserialize, Serialize};

use super::levels::Levels;

/// The numbers of trainings that reports show.
pub const QUERIES: [usize; 10] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];

/// What is found after a number of trainings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchAt {
    /// q, the trainings.
    pub queries: usize,
    /// The best true value so far in the order of the scores, in the unit of the truth; expected over the order of ties.
    pub found: f64,
    /// The best true value of all, minus [`found`](Self::found).
    pub regret: f64,
    /// The same for random search: the expectation.
    pub random: f64,
    /// The 2.5th percentile of what random search finds.
    pub random_lower: f64,
    /// The 97.5th percentile.
    pub random_upper: f64,
    /// The least number of trainings after which random search has found as much with a chance of one half.
    pub random_queries: usize,
}

/// How far rounding may move a chance.
const ROUNDING: f64 = 1e-12;

/// Random search over a truth.
pub struct RandomSearch {
    /// From the best to the worst.
    descending: Vec<f64>,
}

impl RandomSearch {
    /// Random search over these true values, higher is better.
    pub fn new(truth: &[f64]) -> Self {
        let mut descending = truth.to_vec();
        descending.sort_by(|a, b| b.total_cmp(a));
        Self { descending }
    }

    /// The expected best of `queries` architectures that are drawn without replacement; `None` if there are fewer, and for none.
    pub fn expected(&self, queries: usize) -> Option<f64> {
        (1..=self.descending.len()).contains(&queries).then(|| expected_best(None, &self.descending, queries))
    }

    /// The least value that the best of `queries` does not exceed with a chance of at least `fraction`; `None` if there are fewer
    /// architectures, and for none.
    pub fn quantile(&self, queries: usize, fraction: f64) -> Option<f64> {
        let rows = self.descending.len();
        if !(1..=rows).contains(&queries) {
            return None;
        }
        // The chance that the best is not among the first `place + 1` values.
        let mut missed = 1.0;
        let mut least = self.descending[0];
        for (place, &value) in self.descending.iter().enumerate() {
            // The best is at most `value` with the chance that all better ones are missed.
            if missed < fraction - ROUNDING {
                break;
            }
            least = value;
            missed *= miss(rows - place, queries);
        }
        Some(least)
    }

    /// The least number of queries that find `value` or better with a chance of one half.
    fn queries_for(&self, value: f64) -> usize {
        let rows = self.descending.len();
        // An expected value has rounding errors.
        let good = self.descending.partition_point(|&known| known >= value - 1e-12 * value.abs());
        let mut missed = 1.0;
        for queries in 1..=rows {
            missed *= miss(rows + 1 - queries, good);
            // A product of rounded factors.
            if missed <= 0.5 + ROUNDING {
                return queries;
            }
        }
        rows
    }

    /// What `scores` find after each of these numbers of trainings; counts beyond the architectures are left out.
    ///
    /// ```
    /// use nas_assay_criteria::search::RandomSearch;
    ///
    /// let truth = [0.6, 0.7, 0.8, 0.9];
    /// let found = RandomSearch::new(&truth).beside(&truth, &[1.0, 4.0, 3.0, 2.0], &[1, 3]);
    /// assert_eq!((found[0].found, found[0].random_queries), (0.7, 1));
    /// assert_eq!((found[1].found, found[1].random_queries), (0.9, 2));
    /// ```
    ///
    /// # Panics
    /// If the slices differ in length from each other, or from the truth of this search.
    pub fn beside(&self, truth: &[f64], scores: &[f64], queries: &[usize]) -> Vec<SearchAt> {
        assert!(truth.len() == scores.len() && truth.len() == self.descending.len(), "one score per architecture");
        // The true values of each level of the scores, from the best score down.
        let levels = Levels::new(scores);
        let mut groups: Vec<Vec<f64>> = vec![Vec::new(); levels.sizes.len()];
        for (&value, &level) in truth.iter().zip(&levels.of_row) {
            groups[level as usize].push(value);
        }
        groups.reverse();
        for group in &mut groups {
            group.sort_by(|a, b| b.total_cmp(a));
        }
        queries.iter().filter_map(|&queries| self.at(&groups, queries)).collect()
    }

    fn at(&self, groups: &[Vec<f64>], queries: usize) -> Option<SearchAt> {
        let random = self.expected(queries)?;
        let (mut left, mut best) = (queries, None);
        for group in groups {
            if left <= group.len() {
                best = Some(expected_best(best, group, left));
                break;
            }
            left -= group.len();
            best = Some(best.map_or(group[0], |best: f64| best.max(group[0])));
        }
        let found = best?;
        Some(SearchAt {
            queries,
            found,
            regret: self.descending[0] - found,
            random,
            random_lower: self.quantile(queries, 0.025)?,
            random_upper: self.quantile(queries, 0.975)?,
            random_queries: self.queries_for(found),
        })
    }
}

/// The chance that one of `rows` is not among `queries` drawn ones; the chance that one drawn of `rows` is none of so many.
fn miss(rows: usize, queries: usize) -> f64 {
    rows.saturating_sub(queries) as f64 / rows as f64
}

/// The expected best of `fixed` and of `queries` values, at least one, that are drawn from `descending` without replacement.
fn expected_best(fixed: Option<f64>, descending: &[f64], queries: usize) -> f64 {
    let (mut sum, mut missed) = (0.0, 1.0);
    for (place, &value) in descending.iter().enumerate() {
        if let Some(fixed) = fixed.filter(|&fixed| fixed >= value) {
            return sum + missed * fixed;
        }
        let left = missed * miss(descending.len() - place, queries);
        sum += (missed - left) * value;
        missed = left;
        if missed == 0.0 {
            break;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use nas_assay_base::seed::Seed;
    use proptest::prelude::*;

    fn best(rows: impl IntoIterator<Item = f64>) -> f64 {
        rows.into_iter().fold(f64::NEG_INFINITY, f64::max)
    }

    /// All ways to draw `queries` of the rows.
    fn draws(rows: &[f64], queries: usize) -> Vec<Vec<f64>> {
        let Some((&first, rest)) = rows.split_first().filter(|_| queries > 0) else {
            return if queries == 0 { vec![Vec::new()] } else { Vec::new() };
        };
        let with = draws(rest, queries - 1).into_iter().map(|mut drawn| {
            drawn.push(first);
            drawn
        });
        with.chain(draws(rest, queries)).collect()
    }

    #[test]
    fn random_search_by_hand() {
        let random = RandomSearch::new(&[1.0, 3.0, 2.0]);
        assert!((random.expected(1).unwrap() - 2.0).abs() < 1e-15);
        // Of three pairs, two have the best.
        assert!((random.expected(2).unwrap() - 8.0 / 3.0).abs() < 1e-15);
        assert_eq!((random.expected(3), random.expected(4), random.expected(0)), (Some(3.0), None, None));
        assert_eq!([0.1, 0.34, 0.67].map(|at| random.quantile(1, at)), [1.0, 2.0, 3.0].map(Some));
        assert_eq!((random.quantile(3, 0.025), random.quantile(0, 0.5)), (Some(3.0), None));
    }

    /// One of 24 is among 12 with a chance of exactly one half, however the factors are rounded.
    #[test]
    fn an_exact_half_is_enough() {
        for rows in 2..200_usize {
            let truth: Vec<f64> = (0..rows).map(|row| row as f64).collect();
            let found = RandomSearch::new(&truth).queries_for((rows - 1) as f64);
            assert_eq!(found, rows.div_ceil(2), "{rows}");
        }
        let even: Vec<f64> = (0..24).map(f64::from).collect();
        // The best is below the second best with a chance of 12/24 · 11/23.
        let random = RandomSearch::new(&even);
        assert_eq!(random.quantile(12, 0.5 + 1e-9), Some(23.0));
        assert_eq!(random.quantile(12, 0.5), Some(22.0));
    }

    /// The values of an order without ties are the best of its first rows.
    #[test]
    fn the_best_so_far_is_found() {
        let mut stream = Seed::root(3).stream();
        let truth: Vec<f64> = (0..200).map(|_| stream.normal()).collect();
        let scores: Vec<f64> = truth.iter().map(|value| value + 2.0 * stream.normal()).collect();
        let random = RandomSearch::new(&truth);
        let order = crate::rank::order(&scores);
        let found = random.beside(&truth, &scores, &QUERIES);
        assert_eq!(found.iter().map(|at| at.queries).collect::<Vec<_>>(), [1, 2, 5, 10, 20, 50, 100, 200]);
        for at in &found {
            assert_eq!(at.found, best(order[..at.queries].iter().map(|&row| truth[row])));
            assert_eq!(at.regret, best(truth.iter().copied()) - at.found);
            let needed = at.random_queries;
            assert!(random.quantile(needed, 0.501).unwrap() >= at.found, "{at:?}");
            assert!(needed == 1 || random.quantile(needed - 1, 0.499).unwrap() < at.found, "{at:?}");
        }
    }

    /// A thousand random orders have the exact expectation and quantiles, within their own error.
    #[test]
    fn a_thousand_random_orders_agree() {
        let mut stream = Seed::root(4).stream();
        let truth: Vec<f64> = (0..500).map(|_| stream.normal()).collect();
        let random = RandomSearch::new(&truth);
        for queries in [1, 10, 100] {
            let mut found: Vec<f64> =
                (0..1_000).map(|_| best(stream.choose(500, queries).into_iter().map(|row| truth[row]))).collect();
            found.sort_by(f64::total_cmp);
            let mean = found.iter().sum::<f64>() / 1_000.0;
            let deviation = (found.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 999.0).sqrt();
            assert!((mean - random.expected(queries).unwrap()).abs() < 4.0 * deviation / 1_000_f64.sqrt());
            for fraction in [0.025, 0.975] {
                let exact = random.quantile(queries, fraction).unwrap();
                // Of 1,000 draws, the number below a quantile has a deviation of 4.9.
                let below = found.iter().filter(|&&value| value < exact).count() as f64;
                let up_to = found.iter().filter(|&&value| value <= exact).count() as f64;
                assert!(
                    below - 20.0 <= 1_000.0 * fraction && 1_000.0 * fraction <= up_to + 20.0,
                    "{queries}, {fraction}"
                );
            }
        }
    }

    proptest! {
        /// Expectation and quantiles are those over all draws; with ties in the scores, over all orders of the ties.
        #[test]
        fn values_are_those_of_all_draws(seed in any::<u64>(), rows in 1_usize..9, queries in 1_usize..9, levels in 1_usize..4) {
            prop_assume!(queries <= rows);
            let mut stream = Seed::root(seed).stream();
            let truth: Vec<f64> = (0..rows).map(|_| stream.index(20) as f64).collect();
            let scores: Vec<f64> = (0..rows).map(|_| stream.index(levels) as f64).collect();
            let random = RandomSearch::new(&truth);
            let mean = |all: &[f64]| all.iter().sum::<f64>() / all.len() as f64;
            let mut all: Vec<f64> = draws(&truth, queries).into_iter().map(best).collect();
            all.sort_by(f64::total_cmp);
            prop_assert!((random.expected(queries).unwrap() - mean(&all)).abs() < 1e-12);
            for fraction in [0.025, 0.4, 0.975] {
                let place = (fraction * all.len() as f64 - 1e-9).floor() as usize;
                let nearly = (fraction * all.len() as f64).fract();
                if nearly > 1e-6 && nearly < 1.0 - 1e-6 {
                    prop_assert_eq!(random.quantile(queries, fraction), Some(all[place]));
                }
            }
            // The rows that are certainly first, and those that share the last places.
            let order = crate::rank::order(&scores);
            let last = scores[order[queries - 1]];
            let first: Vec<f64> = (0..rows).filter(|&row| scores[row] > last).map(|row| truth[row]).collect();
            let share: Vec<f64> = (0..rows).filter(|&row| scores[row] == last).map(|row| truth[row]).collect();
            let found: Vec<f64> = draws(&share, queries - first.len())
                .into_iter()
                .map(|drawn| best(drawn.into_iter().chain(first.iter().copied())))
                .collect();
            let at = random.beside(&truth, &scores, &[queries])[0];
            prop_assert!((at.found - mean(&found)).abs() < 1e-12, "{at:?}, {found:?}");
        }
    }
}
