//! Orders and rank correlations.
//!
//! Tau and rho are counted in integers and divided once at the end, so a value has the same bits on every machine. Scores are
//! higher-is-better. In Kendall's tau and Spearman's rho, scores that are not finite rank below every finite one and tie with each
//! other. Pearson's r has no such convention: it is computed over the rows where both values are finite.

use serde::{Deserialize, Serialize};

use super::levels::{Levels, descending};
use super::pairs::{ByTruth, inversions, pairs_of};
use super::status::Undefined;

/// The rows from best to worst: by score descending, then by row ascending. Scores that are not finite come last, by row.
pub fn order(scores: &[f64]) -> Vec<usize> {
    descending(scores).into_iter().map(|row| row as usize).collect()
}

/// The rank of each row in the [`order`] of `scores`; rank 1 is the best.
pub fn ranks(scores: &[f64]) -> Vec<usize> {
    let mut ranks = vec![0; scores.len()];
    for (position, row) in order(scores).into_iter().enumerate() {
        ranks[row] = position + 1;
    }
    ranks
}

/// The average rank of each row; rank 1 is the best. Rows with equal scores all get the mean of their ranks.
pub fn average_ranks(scores: &[f64]) -> Vec<f64> {
    let rows = scores.len() as i64;
    centred_ranks(scores).into_iter().map(|centred| (rows + 1 - centred) as f64 / 2.0).collect()
}

/// How two score vectors order the pairs of rows, counted exactly.
///
/// ```
/// use nas_assay_criteria::PairCounts;
///
/// let counts = PairCounts::new(&[1.0, 2.0, 3.0], &[1.0, 1.0, 2.0]);
/// assert_eq!((counts.concordant, counts.discordant), (2, 0));
/// assert_eq!(counts.tau_a(), Some(2.0 / 3.0));
/// assert_eq!(counts.tau_b(), Some(2.0 / 6.0_f64.sqrt()));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairCounts {
    /// All pairs, M(M−1)/2.
    pub pairs: u64,
    /// Pairs in the same strict order in both vectors.
    pub concordant: u64,
    /// Pairs in opposite strict orders.
    pub discordant: u64,
    /// Pairs with equal truth, whether or not their scores are equal too.
    pub tied_truth: u64,
    /// Pairs with equal scores, whether or not their truths are equal too.
    pub tied_scores: u64,
}

impl PairCounts {
    /// Counts the pairs of `truth` and `scores` in O(M log M) (Knight, "A computer method for calculating Kendall's tau", 1966).
    ///
    /// # Panics
    /// If the slices differ in length.
    pub fn new(truth: &[f64], scores: &[f64]) -> Self {
        let mut by_truth = ByTruth::new(truth, scores);
        let (mut tied_truth, mut tied_both) = (0, 0);
        for level in by_truth.truth_levels().filter(|level| level.len() > 1) {
            tied_truth += pairs_of(level.len() as u64);
            let alike = by_truth.scores[level].chunk_by(|a, b| a == b);
            tied_both += alike.map(|alike| pairs_of(alike.len() as u64)).sum::<u64>();
        }
        let tied_scores = by_truth.score_sizes.iter().map(|&size| pairs_of(u64::from(size))).sum();
        let discordant = inversions(&mut by_truth.scores);
        Self::from_ties(truth.len() as u64, tied_truth, tied_scores, tied_both, discordant)
    }

    /// The counts for `rows` rows, from the pairs tied in truth, in scores and in both, and from the discordant pairs.
    pub(super) fn from_ties(rows: u64, tied_truth: u64, tied_scores: u64, tied_both: u64, discordant: u64) -> Self {
        let pairs = pairs_of(rows);
        // Pairs tied in both were subtracted twice.
        let concordant = pairs + tied_both - tied_truth - tied_scores - discordant;
        Self { pairs, concordant, discordant, tied_truth, tied_scores }
    }

    /// Kendall's tau-a, (C − D) / N₀ with N₀ all pairs: the paper's formula. `None` for fewer than two rows.
    pub fn tau_a(&self) -> Option<f64> {
        (self.pairs > 0).then(|| self.difference() / self.pairs as f64)
    }

    /// Kendall's tau-b, (C − D) / √((N₀ − `T_y`)(N₀ − `T_s`)): what the paper's code computes and its tables print.
    /// `None` if one of the vectors is constant.
    pub fn tau_b(&self) -> Option<f64> {
        let truth = self.pairs - self.tied_truth;
        let scores = self.pairs - self.tied_scores;
        (truth > 0 && scores > 0).then(|| self.difference() / (truth as f64 * scores as f64).sqrt())
    }

    /// Why tau-b is undefined, and with it Spearman's rho; `None` if both are defined.
    pub fn undefined(&self) -> Option<Undefined> {
        if self.pairs == 0 {
            Some(Undefined::FewerThanTwoArchitectures)
        } else if self.pairs == self.tied_truth {
            Some(Undefined::ConstantTruth)
        } else if self.pairs == self.tied_scores {
            Some(Undefined::ConstantScores)
        } else {
            None
        }
    }

    fn difference(&self) -> f64 {
        (i128::from(self.concordant) - i128::from(self.discordant)) as f64
    }
}

/// Spearman's rho: Pearson's r of the average ranks, computed in integers (twice a rank minus twice the mean rank is an integer).
/// `None` if one of the vectors is constant.
///
/// # Panics
/// If the slices differ in length.
pub fn spearman(truth: &[f64], scores: &[f64]) -> Option<f64> {
    assert_eq!(truth.len(), scores.len(), "a ranking needs one score per architecture");
    let (truth, scores) = (centred_ranks(truth), centred_ranks(scores));
    let product = |a: &[i64], b: &[i64]| a.iter().zip(b).map(|(&a, &b)| i128::from(a) * i128::from(b)).sum::<i128>();
    let (across, tt, ss) = (product(&truth, &scores), product(&truth, &truth), product(&scores, &scores));
    (tt > 0 && ss > 0).then(|| across as f64 / (tt as f64 * ss as f64).sqrt())
}

/// Twice the average rank of each row minus twice the mean rank.
fn centred_ranks(scores: &[f64]) -> Vec<i64> {
    let levels = Levels::new(scores);
    let mut below = 0;
    let doubled: Vec<i64> = levels
        .sizes
        .iter()
        .map(|&size| {
            let size = i64::from(size);
            let rank = 2 * below + size + 1;
            below += size;
            rank
        })
        .collect();
    levels.of_row.iter().map(|&level| doubled[level as usize] - (below + 1)).collect()
}

/// Pearson's r over the rows where both values are finite.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pearson {
    /// The coefficient; `None` if one of the vectors is constant.
    pub value: Option<f64>,
    /// Why there is no coefficient; `None` if there is one.
    pub undefined: Option<Undefined>,
    /// Number of rows that it is computed over.
    pub rows: usize,
}

impl Pearson {
    /// Pearson's r of `truth` and `scores`: two passes, compensated sums in row order. The error is below 10⁻¹⁵, also where values differ in
    /// their last bits only.
    ///
    /// # Panics
    /// If the slices differ in length.
    pub fn new(truth: &[f64], scores: &[f64]) -> Self {
        assert_eq!(truth.len(), scores.len(), "a correlation needs one score per architecture");
        let finite = |pair: &(f64, f64)| pair.0.is_finite() && pair.1.is_finite();
        let (truth, scores): (Vec<f64>, Vec<f64>) =
            truth.iter().copied().zip(scores.iter().copied()).filter(finite).unzip();
        let rows = truth.len();
        let constant = [&truth, &scores].map(|values| values.iter().all(|&value| value == values[0]));
        let value = deviations(truth).zip(deviations(scores)).and_then(|(truth, scores)| {
            let product = |a: &[f64], b: &[f64]| compensated_sum(a.iter().zip(b).map(|(a, b)| a * b));
            let scale = product(&truth, &truth).sqrt() * product(&scores, &scores).sqrt();
            (scale > 0.0).then(|| (product(&truth, &scores) / scale).clamp(-1.0, 1.0))
        });
        let undefined = match (value, constant) {
            (Some(_), _) => None,
            (None, _) if rows < 2 => Some(Undefined::FewerThanTwoFiniteScores),
            (None, [true, _]) => Some(Undefined::ConstantTruth),
            // Scores that differ have a deviation of at least a rounding step, which is not lost.
            (None, [false, _]) => Some(Undefined::ConstantScores),
        };
        Self { value, undefined, rows }
    }
}

/// Deviations from the mean, `None` for a constant. Values are first scaled by a power of two so that the greatest magnitude is between 0.5
/// and 1. Then no square overflows, and no square that matters underflows, since a deviation is at least one rounding step.
fn deviations(mut values: Vec<f64>) -> Option<Vec<f64>> {
    let first = *values.first()?;
    if values.iter().all(|&value| value == first) {
        return None;
    }
    let exponent = power_of_two(&values);
    for value in &mut values {
        *value = libm::scalbn(*value, -exponent);
    }
    let count = values.len() as f64;
    let mean = compensated_sum(values.iter().copied()) / count;
    let deviations: Vec<f64> = values.iter().map(|value| value - mean).collect();
    // The mean is rounded. That does no harm if the deviations show little of it: their squares have a relative error of
    // (their mean)² / (their mean square).
    let left = compensated_sum(deviations.iter().copied()) / count;
    let squares = compensated_sum(deviations.iter().map(|value| value * value));
    let is_right = count * left * left <= squares * (f64::EPSILON / 16.0);
    Some(if is_right { deviations } else { close_deviations(&values) })
}

/// Deviations from the mean of values that may be as close together as they can: their differences from the first value are exact, and so
/// is the mean of these, but for 10⁻³⁰ of the greatest of them.
fn close_deviations(values: &[f64]) -> Vec<f64> {
    let count = values.len() as f64;
    let differences: Vec<[f64; 2]> = values.iter().map(|&value| exact_difference(value, values[0])).collect();
    let (sum, carry) = sum_with_carry(differences.iter().flatten().copied());
    let mean = sum / count;
    let rest = ((-mean).mul_add(count, sum) + carry) / count;
    let deviation = |&[difference, error]: &[f64; 2]| {
        let [deviation, lost] = exact_difference(difference, mean);
        deviation + (lost + (error - rest))
    };
    differences.iter().map(deviation).collect()
}

/// `a - b` rounded, and what the rounding lost: together they are exact (Knuth 1969).
fn exact_difference(a: f64, b: f64) -> [f64; 2] {
    let difference = a - b;
    let of_b = a - difference;
    let of_a = difference + of_b;
    [difference, (a - of_a) - (b - of_b)]
}

/// The exponent of the lowest power of two above the greatest magnitude.
pub(super) fn power_of_two(values: &[f64]) -> i32 {
    libm::frexp(values.iter().fold(0.0, |largest: f64, value| largest.max(value.abs()))).1
}

/// The sum in the given order, with the rounding errors of all steps added at the end (Neumaier 1974).
pub(super) fn compensated_sum(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, carry) = sum_with_carry(values);
    sum + carry
}

/// The sum in the given order, and the rounding errors of all steps.
fn sum_with_carry(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (mut sum, mut carry) = (0.0f64, 0.0f64);
    for value in values {
        let next = sum + value;
        carry += if sum.abs() >= value.abs() { (sum - next) + value } else { (value - next) + sum };
        sum = next;
    }
    (sum, carry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::levels::rankable;
    use proptest::prelude::*;

    /// Few different scores, some of them not finite, so that every kind of tie occurs.
    fn coarse() -> impl Strategy<Value = f64> {
        prop_oneof![
            8 => (-4i32..4).prop_map(|level| f64::from(level) / 4.0),
            1 => Just(f64::NAN),
            1 => Just(f64::INFINITY),
            1 => Just(f64::NEG_INFINITY),
        ]
    }

    fn brute_force(truth: &[f64], scores: &[f64]) -> PairCounts {
        let mut counts = PairCounts::default();
        for i in 0..truth.len() {
            for j in i + 1..truth.len() {
                let t = rankable(truth[i]).partial_cmp(&rankable(truth[j])).unwrap();
                let s = rankable(scores[i]).partial_cmp(&rankable(scores[j])).unwrap();
                counts.pairs += 1;
                counts.tied_truth += u64::from(t.is_eq());
                counts.tied_scores += u64::from(s.is_eq());
                counts.concordant += u64::from(t.is_ne() && t == s);
                counts.discordant += u64::from(t.is_ne() && t == s.reverse());
            }
        }
        counts
    }

    #[test]
    fn the_six_architectures_of_the_slide() {
        // True ranks 1..6, estimated ranks 6, 2, 5, 3, 4, 1; a score is the rank, negated. By hand: 4 concordant, 11 discordant.
        let truth = [-1.0, -2.0, -3.0, -4.0, -5.0, -6.0];
        let scores = [-6.0, -2.0, -5.0, -3.0, -4.0, -1.0];
        let counts = PairCounts::new(&truth, &scores);
        assert_eq!((counts.concordant, counts.discordant), (4, 11));
        assert_eq!(counts.tau_a(), Some(-7.0 / 15.0));
        assert_eq!(counts.tau_b(), Some(-7.0 / 15.0));
        assert_eq!(spearman(&truth, &scores), Some(-0.6));
        assert_eq!(ranks(&scores), [6, 2, 5, 3, 4, 1]);
    }

    #[test]
    fn ties_keep_the_order_of_rows_and_nan_is_last() {
        let scores = [1.0, f64::NAN, 2.0, 1.0, f64::INFINITY, 2.0, -0.0, 0.0];
        assert_eq!(order(&scores), [2, 5, 0, 3, 6, 7, 1, 4]);
        assert_eq!(average_ranks(&scores), [3.5, 7.5, 1.5, 3.5, 7.5, 1.5, 5.5, 5.5]);
    }

    #[test]
    fn a_constant_has_no_correlation() {
        let (truth, flat) = ([0.1, 0.2, 0.3], [0.7; 3]);
        assert_eq!(PairCounts::new(&truth, &flat).tau_b(), None);
        assert_eq!(PairCounts::new(&truth, &flat).tau_a(), Some(0.0));
        assert_eq!(spearman(&truth, &flat), None);
        assert_eq!(
            Pearson::new(&truth, &flat),
            Pearson { value: None, undefined: Some(Undefined::ConstantScores), rows: 3 }
        );
        assert_eq!(
            Pearson::new(&[], &[]),
            Pearson { value: None, undefined: Some(Undefined::FewerThanTwoFiniteScores), rows: 0 }
        );
        assert_eq!(PairCounts::new(&[1.0], &[1.0]).tau_a(), None);
    }

    #[test]
    fn pearson_survives_the_ends_of_the_float_range() {
        let truth = [1.0, 2.0, 3.0, 4.0];
        for scale in [1e-300, 1.0, 1e300] {
            let scores = truth.map(|value| value * scale);
            let r = Pearson::new(&truth, &scores).value.unwrap();
            assert!((r - 1.0).abs() < 1e-15, "r {r} at scale {scale}");
        }
        // A narrow spread on a large mean keeps its digits: 0, 1, 2, 3 steps of 2⁻³⁰ above 2²⁰.
        let offset = truth.map(|value| f64::from(1 << 20) + value / f64::from(1 << 30));
        assert!((Pearson::new(&truth, &offset).value.unwrap() - 1.0).abs() < 1e-15);
    }

    /// Neumaier's own example and others where a plain sum is wrong, with their exact sums.
    #[test]
    fn a_sum_keeps_what_single_steps_round_off() {
        let sum = |values: &[f64]| compensated_sum(values.iter().copied());
        assert_eq!(sum(&[1.0, 1e100, 1.0, -1e100]), 2.0);
        assert_eq!(sum(&[1e100, 1.0, -1e100, 3.0]), 4.0);
        let half = f64::EPSILON / 2.0;
        assert_eq!(sum(&[1.0, half, half, half, half]), 1.0 + 4.0 * half);
        assert_eq!(sum(&[half, half, 1.0, half, half, -1.0]), 4.0 * half);
        assert_eq!(sum(&[]), 0.0);
    }

    #[test]
    fn pearson_leaves_out_what_is_not_finite() {
        let with = Pearson::new(&[1.0, 2.0, 3.0, 9.0, 5.0], &[2.0, 1.0, 5.0, f64::NAN, f64::INFINITY]);
        let without = Pearson::new(&[1.0, 2.0, 3.0], &[2.0, 1.0, 5.0]);
        assert_eq!(with, without);
        assert_eq!(with.rows, 3);
    }

    #[test]
    fn scores_that_differ_in_their_last_bits_have_a_pearson() {
        let scores = [1.000_000_000_000_000_2, 1.000_000_000_000_000_9];
        for (truth, r) in [([2.0, 1.0], -1.0), ([1.0, 2.0], 1.0), ([1e9, 1e9 + 1e-6], 1.0)] {
            assert!((Pearson::new(&truth, &scores).value.unwrap() - r).abs() < 1e-15, "{truth:?}");
        }
        // One score of a thousand is one step above the others. The sums, in steps, are exact integers.
        let step = |row: usize| if row == 700 { 1.0 + f64::EPSILON } else { 1.0 };
        let scores: Vec<f64> = (0..1000).map(step).collect();
        let truth: Vec<f64> = (0..1000).map(f64::from).collect();
        let (across, tt, ss) = (1000 * 700 - 499_500, 1000_i64 * 332_833_500 - 499_500 * 499_500, 999);
        let expected = f64::from(across) / ((tt as f64).sqrt() * f64::from(ss).sqrt());
        assert!((Pearson::new(&truth, &scores).value.unwrap() - expected).abs() < 1e-15);
    }

    /// Pearson's r of integers, from exact sums.
    fn exact_pearson(truth: &[i64], scores: &[i64]) -> Option<f64> {
        let sum = |values: &[i64]| values.iter().map(|&value| i128::from(value)).sum::<i128>();
        let product = |a: &[i64], b: &[i64]| -> i128 {
            let products: i128 = a.iter().zip(b).map(|(&a, &b)| i128::from(a) * i128::from(b)).sum();
            a.len() as i128 * products - sum(a) * sum(b)
        };
        let (across, tt, ss) = (product(truth, scores), product(truth, truth), product(scores, scores));
        (tt > 0 && ss > 0).then(|| across as f64 / ((tt as f64).sqrt() * (ss as f64).sqrt()))
    }

    /// Integers below 2⁵³, which are exact in f64: close together at any height, far apart, and one far from all others.
    fn hard_integers(count: usize) -> impl Strategy<Value = Vec<i64>> {
        let near = move |spread: i64| (0..(1_i64 << 53) - spread, prop::collection::vec(0..=spread, count));
        let near = (0_u32..40).prop_flat_map(move |bits| near(1_i64 << bits));
        let near = near.prop_map(|(base, steps)| steps.into_iter().map(|step| base + step).collect::<Vec<_>>());
        let top = prop::collection::vec((1_i64 << 53) - 4..1_i64 << 53, count);
        let any = prop::collection::vec(-(1_i64 << 53)..1_i64 << 53, count);
        let with_outlier = (near.clone(), any.clone()).prop_map(|(mut values, other)| {
            values[0] = other[0];
            values
        });
        prop_oneof![3 => near, 1 => top, 1 => any, 1 => with_outlier]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn pearson_is_that_of_exact_sums(
            (truth, scores) in (2_usize..24).prop_flat_map(|count| (hard_integers(count), hard_integers(count))),
            scale in -1000_i32..900,
        ) {
            let float = |values: &[i64], scale| values.iter().map(|&v| libm::scalbn(v as f64, scale)).collect::<Vec<_>>();
            let found = Pearson::new(&float(&truth, scale), &float(&scores, 0)).value;
            match (found, exact_pearson(&truth, &scores)) {
                (Some(found), Some(exact)) => prop_assert!((found - exact).abs() < 1.2e-15, "{} and {}", found, exact),
                (found, exact) => prop_assert_eq!(found, exact),
            }
        }
    }

    proptest! {
        #[test]
        fn counts_are_those_of_brute_force(rows in prop::collection::vec((coarse(), coarse()), 0..60)) {
            let (truth, scores): (Vec<f64>, Vec<f64>) = rows.into_iter().unzip();
            prop_assert_eq!(PairCounts::new(&truth, &scores), brute_force(&truth, &scores));
        }

        #[test]
        fn spearman_is_pearson_of_average_ranks(rows in prop::collection::vec((coarse(), coarse()), 2..40)) {
            let (truth, scores): (Vec<f64>, Vec<f64>) = rows.into_iter().unzip();
            let average = |values: &[f64]| -> Vec<f64> {
                let ranked_scores: Vec<f64> = values.iter().copied().map(rankable).collect();
                ranked_scores.iter().map(|&value| {
                    let below = ranked_scores.iter().filter(|&&other| other < value).count();
                    let equal = ranked_scores.iter().filter(|&&other| other == value).count();
                    below as f64 + f64::midpoint(equal as f64, 1.0)
                }).collect()
            };
            let expected = Pearson::new(&average(&truth), &average(&scores)).value;
            match (spearman(&truth, &scores), expected) {
                (Some(rho), Some(r)) => prop_assert!((rho - r).abs() < 1e-14, "{} and {}", rho, r),
                (rho, r) => prop_assert_eq!(rho, r),
            }
        }

        #[test]
        fn a_vector_agrees_with_itself_exactly(values in prop::collection::vec(coarse(), 2..50)) {
            let counts = PairCounts::new(&values, &values);
            let constant = values.iter().all(|&value| rankable(value) == rankable(values[0]));
            prop_assert_eq!(counts.tau_b(), (!constant).then_some(1.0));
            prop_assert_eq!(spearman(&values, &values), (!constant).then_some(1.0));
        }

        #[test]
        fn reversing_the_scores_reverses_the_sign(rows in prop::collection::vec((-9i32..9, -9i32..9), 2..50)) {
            let truth: Vec<f64> = rows.iter().map(|row| f64::from(row.0)).collect();
            let scores: Vec<f64> = rows.iter().map(|row| f64::from(row.1)).collect();
            let negated: Vec<f64> = scores.iter().map(|score| -score).collect();
            prop_assert_eq!(PairCounts::new(&truth, &scores).tau_b(), PairCounts::new(&truth, &negated).tau_b().map(|tau| -tau));
            prop_assert_eq!(spearman(&truth, &scores), spearman(&truth, &negated).map(|rho| -rho));
        }

        #[test]
        fn an_order_is_a_permutation_by_score_and_row(scores in prop::collection::vec(coarse(), 0..50)) {
            let rows = order(&scores);
            let in_order = rows.windows(2).all(|pair| {
                let (a, b) = (rankable(scores[pair[0]]), rankable(scores[pair[1]]));
                a > b || (a == b && pair[0] < pair[1])
            });
            prop_assert!(in_order, "{:?}", rows);
            let mut sorted = rows;
            sorted.sort_unstable();
            prop_assert_eq!(sorted, (0..scores.len()).collect::<Vec<_>>());
        }
    }
}
