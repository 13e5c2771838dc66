//! Criteria for the top and the bottom of the ranking.
//!
//! K is a fraction of the M architectures, and k = ⌊K·M⌋ is the count. (NAS-Bench-Suite-Zero uses the same names with K as a count.)
//! Ranks follow [`super::rank::order`], so with ties they depend on the order of the rows. Every value therefore comes with its
//! expectation under uniformly random tie-breaking, and a difference above [`TIE_TOLERANCE`] is flagged.

use serde::{Deserialize, Serialize};

use super::levels::rankable;
use super::rank::{PairCounts, order};

/// The largest difference between a value and its expectation over ties that is not flagged: one percentage point.
pub const TIE_TOLERANCE: f64 = 0.01;

/// The count k = ⌊K·M⌋.
///
/// A product within a relative 10⁻⁹ of a whole number counts as that number. So 29 % of 100 is 29, although `0.29 * 100.0` is slightly
/// less in floating point.
pub fn count_of(fraction: f64, rows: usize) -> usize {
    let product = fraction * rows as f64;
    let nearest = product.round();
    let count = if (product - nearest).abs() <= 1e-9 * nearest { nearest } else { product.floor() };
    (count as usize).min(rows)
}

/// The true and the estimated ranking of a panel, from which the criteria of this module are computed.
pub struct Rankings<'a> {
    truth: &'a [f64],
    scores: &'a [f64],
    /// Rows, best true score first.
    by_truth: Vec<usize>,
    /// Rows, best estimated score first.
    by_score: Vec<usize>,
    /// The true rank of each row, from 0.
    true_position: Vec<usize>,
}

impl<'a> Rankings<'a> {
    /// Ranks `truth` and `scores`, both higher-is-better.
    ///
    /// # Panics
    /// If the slices differ in length.
    pub fn new(truth: &'a [f64], scores: &'a [f64]) -> Self {
        assert_eq!(truth.len(), scores.len(), "a ranking needs one score per architecture");
        let (by_truth, by_score) = (order(truth), order(scores));
        let mut true_position = vec![0; truth.len()];
        for (position, &row) in by_truth.iter().enumerate() {
            true_position[row] = position;
        }
        Self { truth, scores, by_truth, by_score, true_position }
    }

    fn len(&self) -> usize {
        self.truth.len()
    }

    /// Kendall's tau-b among the given rows.
    fn tau_within(&self, rows: &[usize]) -> Option<f64> {
        let truth: Vec<f64> = rows.iter().map(|&row| self.truth[row]).collect();
        let scores: Vec<f64> = rows.iter().map(|&row| self.scores[row]).collect();
        PairCounts::new(&truth, &scores).tau_b()
    }
}

/// P@topK, P@bottomK, and Kendall's tau within the predicted top and bottom.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Precision {
    /// K, a fraction of M.
    pub fraction: f64,
    /// k = ⌊K·M⌋.
    pub count: usize,
    /// The fraction of the k best by score that are among the k truly best.
    pub top: f64,
    /// The fraction of the k worst by score that are among the k truly worst.
    pub bottom: f64,
    /// The expectation of `top` under random tie-breaking of truth and scores.
    pub top_expected: f64,
    /// The expectation of `bottom` under random tie-breaking of truth and scores.
    pub bottom_expected: f64,
    /// Kendall's tau-b among the k best by score.
    pub tau_top: Option<f64>,
    /// Kendall's tau-b among the k worst by score.
    pub tau_bottom: Option<f64>,
    /// Kendall's tau-b among the k truly best.
    pub tau_true_top: Option<f64>,
    /// Whether the order of ties decides `top` or `bottom`: it differs from its expectation by more than [`TIE_TOLERANCE`].
    pub tie_sensitive: bool,
}

impl Precision {
    /// The precisions at `fraction`; `None` if k is 0.
    pub fn new(rankings: &Rankings<'_>, fraction: f64) -> Option<Self> {
        let (rows, count) = (rankings.len(), count_of(fraction, rankings.len()));
        if count == 0 {
            return None;
        }
        let (best, worst) = (&rankings.by_score[..count], &rankings.by_score[rows - count..]);
        let share = |hits: usize| hits as f64 / count as f64;
        let top = share(best.iter().filter(|&&row| rankings.true_position[row] < count).count());
        let bottom = share(worst.iter().filter(|&&row| rankings.true_position[row] >= rows - count).count());
        let top_expected = expected_overlap(rankings, count, |value| value) / count as f64;
        let bottom_expected = expected_overlap(rankings, count, |value| -value) / count as f64;
        Some(Self {
            fraction,
            count,
            top,
            bottom,
            top_expected,
            bottom_expected,
            tau_top: rankings.tau_within(best),
            tau_bottom: rankings.tau_within(worst),
            tau_true_top: rankings.tau_within(&rankings.by_truth[..count]),
            tie_sensitive: (top - top_expected).abs() > TIE_TOLERANCE
                || (bottom - bottom_expected).abs() > TIE_TOLERANCE,
        })
    }
}

/// The expected size of the intersection of the two top-`count` sets if ties are broken at random: Σᵢ pᵢqᵢ, where pᵢ and qᵢ are the
/// probabilities that row i is in each set. For the bottom sets, `orient` negates the values.
fn expected_overlap(rankings: &Rankings<'_>, count: usize, orient: impl Fn(f64) -> f64 + Copy) -> f64 {
    let truth = Threshold::new(rankings.truth, count, orient);
    let scores = Threshold::new(rankings.scores, count, orient);
    // Number of rows by their position at the two thresholds: [above or at it in truth][above or at it in score].
    let mut rows = [[0u32; 2]; 2];
    for (&t, &s) in rankings.truth.iter().zip(rankings.scores) {
        if let (Some(t), Some(s)) = (truth.side(orient(rankable(t))), scores.side(orient(rankable(s)))) {
            rows[t][s] += 1;
        }
    }
    let rows = rows.map(|row| row.map(f64::from));
    rows[0][0] + rows[0][1] * scores.share + rows[1][0] * truth.share + rows[1][1] * truth.share * scores.share
}

/// The value at which a top-k set ends, and the fraction of the rows with that value that belong to the set.
struct Threshold {
    value: f64,
    share: f64,
}

impl Threshold {
    fn new(values: &[f64], count: usize, orient: impl Fn(f64) -> f64) -> Self {
        let mut descending: Vec<f64> = values.iter().map(|&value| orient(rankable(value))).collect();
        descending.sort_by(|a, b| b.total_cmp(a));
        let value = descending[count - 1];
        let above = descending.partition_point(|&other| other > value);
        let level = descending[above..].partition_point(|&other| other == value);
        Self { value, share: (count - above) as f64 / level as f64 }
    }

    /// 0 above the threshold, 1 at it, `None` below it.
    fn side(&self, value: f64) -> Option<usize> {
        (value >= self.value).then_some(usize::from(value == self.value))
    }
}

/// BR@K and WR@K: the best and the worst true rank among the predicted top. Lower is better for both.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ranking {
    /// K, a fraction of M.
    pub fraction: f64,
    /// k = ⌊K·M⌋.
    pub count: usize,
    /// The best true rank among the k best by score, from 1.
    pub best_rank: usize,
    /// BR@K: `best_rank` divided by M.
    pub best: f64,
    /// The worst true rank among the k best by score, from 1.
    pub worst_rank: usize,
    /// WR@K: `worst_rank` divided by M.
    pub worst: f64,
    /// The expectation of `best` under random tie-breaking of the scores, with the true ranks fixed.
    pub best_expected: f64,
    /// The expectation of `worst` under random tie-breaking of the scores, with the true ranks fixed.
    pub worst_expected: f64,
    /// Whether `best` or `worst` differs from its expectation by more than [`TIE_TOLERANCE`].
    pub tie_sensitive: bool,
}

impl Ranking {
    /// The rankings at `fraction`; `None` if k is 0.
    pub fn new(rankings: &Rankings<'_>, fraction: f64) -> Option<Self> {
        let (rows, count) = (rankings.len(), count_of(fraction, rankings.len()));
        let chosen = || rankings.by_score[..count].iter().map(|&row| rankings.true_position[row] + 1);
        let (best_rank, worst_rank) = (chosen().min()?, chosen().max()?);
        let scale = |rank: f64| rank / rows as f64;
        let (best, worst) = (scale(best_rank as f64), scale(worst_rank as f64));
        let (best_expected, worst_expected) = expected_extremes(rankings, count);
        let (best_expected, worst_expected) = (scale(best_expected), scale(worst_expected));
        Some(Self {
            fraction,
            count,
            best_rank,
            best,
            worst_rank,
            worst,
            best_expected,
            worst_expected,
            tie_sensitive: (best - best_expected).abs() > TIE_TOLERANCE
                || (worst - worst_expected).abs() > TIE_TOLERANCE,
        })
    }
}

/// The expected lowest and highest true rank in the top `count` by score, with ties among scores broken at random.
fn expected_extremes(rankings: &Rankings<'_>, count: usize) -> (f64, f64) {
    let threshold = Threshold::new(rankings.scores, count, |score| score);
    let ranks_on = |side: usize| {
        // The true ranks, ascending, of the rows whose score is on this side of the threshold.
        let rows = rankings.by_truth.iter().enumerate();
        let on_side = rows.filter(|&(_, &row)| threshold.side(rankable(rankings.scores[row])) == Some(side));
        on_side.map(|(position, _)| position + 1).collect::<Vec<usize>>()
    };
    let (inside, level) = (ranks_on(0), ranks_on(1));
    let drawn = count - inside.len();
    let lowest = expected_first(&level, drawn, inside.first().copied(), usize::min);
    let mirrored: Vec<usize> = level.into_iter().rev().collect();
    let highest = expected_first(&mirrored, drawn, inside.last().copied(), usize::max);
    (lowest, highest)
}

/// If `drawn` of `ranks` are drawn without replacement: the expectation of `pick(held, first)`, where `first` is the drawn rank that comes
/// first in the slice. (Without `held`, the expectation of `first`.)
///
/// Rank j is `first` with the probability that no rank before it is drawn and j is.
fn expected_first(ranks: &[usize], drawn: usize, held: Option<usize>, pick: fn(usize, usize) -> usize) -> f64 {
    let (mut none_yet, mut expected) = (1.0, 0.0);
    for (passed, &rank) in ranks.iter().enumerate() {
        let here = (drawn as f64 / (ranks.len() - passed) as f64).min(1.0);
        expected += none_yet * here * held.map_or(rank, |held| pick(held, rank)) as f64;
        none_yet *= 1.0 - here;
        if none_yet <= 0.0 {
            break;
        }
    }
    expected
}

/// `BestAcc@topN` and `BestRank@N` for a count N: the truly best architecture among the N best by score.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BestOf {
    /// N.
    pub count: usize,
    /// Its true value, in the unit of the truth.
    pub truth: f64,
    /// Its true rank, from 1.
    pub rank: usize,
}

impl BestOf {
    /// The best of the first `count`; `None` if there are fewer architectures, or if `count` is 0.
    pub fn new(rankings: &Rankings<'_>, count: usize) -> Option<Self> {
        let position = rankings.by_score.get(..count)?.iter().map(|&row| rankings.true_position[row]).min()?;
        Some(Self { count, truth: rankings.truth[rankings.by_truth[position]], rank: position + 1 })
    }
}

/// Kendall's tau-b among exactly k architectures: the k truly best, and the k best by score.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopCount {
    /// k.
    pub count: usize,
    /// Kendall's tau-b among the k best by score; `None` if their truth or their scores do not differ.
    pub tau_top: Option<f64>,
    /// Kendall's tau-b among the k truly best; `None` if their truth or their scores do not differ.
    pub tau_true_top: Option<f64>,
}

impl TopCount {
    /// Both among the first `count`; `None` if there are fewer architectures, or if `count` is 0.
    pub fn new(rankings: &Rankings<'_>, count: usize) -> Option<Self> {
        let (best, truly) = (rankings.by_score.get(..count)?, rankings.by_truth.get(..count)?);
        let (tau_top, tau_true_top) = (rankings.tau_within(best), rankings.tau_within(truly));
        (count > 0).then_some(Self { count, tau_top, tau_true_top })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_six_architectures_of_the_slide() {
        let truth = [-1.0, -2.0, -3.0, -4.0, -5.0, -6.0];
        let scores = [-6.0, -2.0, -5.0, -3.0, -4.0, -1.0];
        let rankings = Rankings::new(&truth, &scores);
        let third = 1.0 / 3.0;
        let precision = Precision::new(&rankings, third).unwrap();
        assert_eq!((precision.count, precision.top, precision.bottom), (2, 0.5, 0.0));
        let ranking = Ranking::new(&rankings, third).unwrap();
        assert_eq!((ranking.best_rank, ranking.worst_rank), (2, 6));
        assert_eq!((ranking.best, ranking.worst), (2.0 / 6.0, 1.0));
        // The two best by score have true ranks 6 and 2, in that order; the two worst 3 and 1.
        assert_eq!((precision.tau_top, precision.tau_bottom), (Some(-1.0), Some(-1.0)));
        assert_eq!(BestOf::new(&rankings, 1), Some(BestOf { count: 1, truth: -6.0, rank: 6 }));
        assert_eq!(BestOf::new(&rankings, 4), Some(BestOf { count: 4, truth: -2.0, rank: 2 }));
        assert_eq!(BestOf::new(&rankings, 7), None);
        assert!(!precision.tie_sensitive && !ranking.tie_sensitive);
    }

    #[test]
    fn tau_inside_the_top_is_that_of_its_architectures_alone() {
        let truth = [9.0, 8.0, 7.0, 4.0, 6.0, 1.0];
        let scores = [9.0, 7.0, 8.0, 6.0, 4.0, 2.0];
        let precision = Precision::new(&Rankings::new(&truth, &scores), 0.5).unwrap();
        // One of the three pairs of 9, 7, 8 is in the wrong order, and one of 4, 6, 1.
        assert_eq!((precision.tau_top, precision.tau_bottom), (Some(1.0 / 3.0), Some(1.0 / 3.0)));
        // The truly best are other architectures than those with the best scores.
        let (truth, scores) = ([6.0, 5.0, 4.0, 3.0, 2.0, 1.0], [1.0, 2.0, 6.0, 5.0, 4.0, 3.0]);
        let precision = Precision::new(&Rankings::new(&truth, &scores), 0.5).unwrap();
        assert_eq!((precision.tau_top, precision.tau_true_top), (Some(1.0), Some(-1.0)));
    }

    #[test]
    fn tau_among_a_count_is_by_hand() {
        let (truth, scores) = ([6.0, 5.0, 4.0, 3.0, 2.0, 1.0], [1.0, 2.0, 6.0, 5.0, 4.0, 3.0]);
        let rankings = Rankings::new(&truth, &scores);
        let at = |count, tau_top, tau_true_top| Some(TopCount { count, tau_top, tau_true_top });
        // By score the best four are those of truth 4, 3, 2 and 1, in order. Of the truly best four, 5 before 6 is wrong, and so are both
        // behind 4 and 3; 4 before 3 is right.
        assert_eq!(TopCount::new(&rankings, 4), at(4, Some(1.0), Some(-4.0 / 6.0)));
        assert_eq!(TopCount::new(&rankings, 1), at(1, None, None));
        assert_eq!([0, 7].map(|count| TopCount::new(&rankings, count)), [None, None]);
        // Scores that are equal among the truly best only, and a truth that is equal among the best by score only.
        let rankings = Rankings::new(&[9.0, 8.0, 1.0, 1.0], &[2.0, 2.0, 4.0, 3.0]);
        assert_eq!(TopCount::new(&rankings, 2), at(2, None, None));
        assert_eq!(TopCount::new(&rankings, 3), at(3, Some(-2.0 / 6.0_f64.sqrt()), Some(-2.0 / 6.0_f64.sqrt())));
    }

    #[test]
    fn a_decimal_fraction_gives_its_exact_count() {
        assert_eq!(count_of(0.29, 100), 29);
        assert_eq!(count_of(0.05, 6466), 323);
        assert_eq!(count_of(0.001, 999), 0);
        assert_eq!(count_of(0.001, 1000), 1);
        assert_eq!(count_of(1.0, 7), 7);
        // The tolerance is relative: half a million ± 10⁻⁴ is within it, ± 10⁻³ is not.
        assert_eq!((count_of(0.5 - 1e-10, 1_000_000), count_of(0.5 - 1e-9, 1_000_000)), (500_000, 499_999));
    }

    #[test]
    fn below_one_architecture_there_is_no_value() {
        let rankings = Rankings::new(&[1.0, 2.0], &[1.0, 2.0]);
        assert_eq!(Precision::new(&rankings, 0.4), None);
        assert_eq!(Ranking::new(&rankings, 0.4), None);
    }

    #[test]
    fn an_artefact_of_ties_is_flagged() {
        // All scores are equal, so the order of rows decides, and here it is the true one.
        let truth: Vec<f64> = (0..20).rev().map(f64::from).collect();
        let scores = vec![0.5; 20];
        let rankings = Rankings::new(&truth, &scores);
        let precision = Precision::new(&rankings, 0.1).unwrap();
        assert_eq!((precision.top, precision.top_expected, precision.tie_sensitive), (1.0, 0.1, true));
        let ranking = Ranking::new(&rankings, 0.1).unwrap();
        // Of two random ranks from 1 to 20, the lower is 7 on average and the higher 14.
        assert!((ranking.best_expected - 7.0 / 20.0).abs() < 1e-14, "{ranking:?}");
        assert!((ranking.worst_expected - 14.0 / 20.0).abs() < 1e-14, "{ranking:?}");
        assert_eq!((ranking.best_rank, ranking.worst_rank, ranking.tie_sensitive), (1, 2, true));
    }

    #[test]
    fn what_is_not_finite_is_never_preferred() {
        let truth = [1.0, 2.0, 3.0, 4.0];
        let scores = [f64::NAN, 0.1, 0.2, f64::INFINITY];
        let precision = Precision::new(&Rankings::new(&truth, &scores), 0.5).unwrap();
        assert_eq!((precision.top, precision.bottom), (0.5, 0.5));
    }

    /// Every order of `0..len`.
    fn permutations(len: usize) -> Vec<Vec<usize>> {
        if len == 0 {
            return vec![Vec::new()];
        }
        let shorter = permutations(len - 1);
        let longer = shorter.iter().flat_map(|order| {
            (0..len).map(move |place| {
                let mut order = order.clone();
                order.insert(place, len - 1);
                order
            })
        });
        longer.collect()
    }

    /// The rows by value, best first; ties by their place in `breaking`.
    fn broken(values: &[f64], breaking: &[usize]) -> Vec<usize> {
        let mut rows = breaking.to_vec();
        rows.sort_by(|&a, &b| rankable(values[b]).total_cmp(&rankable(values[a])));
        rows
    }

    fn coarse() -> impl Strategy<Value = f64> {
        prop_oneof![6 => (0i32..3).prop_map(f64::from), 1 => Just(f64::NAN), 1 => Just(f64::INFINITY)]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn expectations_are_means_over_every_way_to_break_ties(
            rows in prop::collection::vec(((0i32..3).prop_map(f64::from), coarse()), 5),
            count in 1usize..=5,
        ) {
            let (truth, scores): (Vec<f64>, Vec<f64>) = rows.into_iter().unzip();
            let (fraction, orders) = (count as f64 / 5.0, permutations(5));
            let (mut top, mut bottom, mut best, mut worst) = (0, 0, 0, 0);
            let held = order(&truth);
            for by_score in orders.iter().map(|breaking| broken(&scores, breaking)) {
                for by_truth in orders.iter().map(|breaking| broken(&truth, breaking)) {
                    top += by_score[..count].iter().filter(|row| by_truth[..count].contains(row)).count();
                    bottom += by_score[5 - count..].iter().filter(|row| by_truth[5 - count..].contains(row)).count();
                }
                let rank = |row: &usize| 1 + held.iter().position(|other| other == row).unwrap();
                best += by_score[..count].iter().map(rank).min().unwrap();
                worst += by_score[..count].iter().map(rank).max().unwrap();
            }
            let ways = orders.len() as f64;
            let rankings = Rankings::new(&truth, &scores);
            let precision = Precision::new(&rankings, fraction).unwrap();
            prop_assert!((precision.top_expected - top as f64 / (ways * ways * count as f64)).abs() < 1e-12);
            prop_assert!((precision.bottom_expected - bottom as f64 / (ways * ways * count as f64)).abs() < 1e-12);
            let ranking = Ranking::new(&rankings, fraction).unwrap();
            prop_assert!((ranking.best_expected - best as f64 / (ways * 5.0)).abs() < 1e-12);
            prop_assert!((ranking.worst_expected - worst as f64 / (ways * 5.0)).abs() < 1e-12);
        }

        #[test]
        fn values_follow_their_definitions(rows in prop::collection::vec((coarse(), coarse()), 1..40), fraction in 0.01f64..=1.0) {
            let (truth, scores): (Vec<f64>, Vec<f64>) = rows.into_iter().unzip();
            let (r, n) = (crate::rank::ranks(&truth), crate::rank::ranks(&scores));
            let (m, k) = (truth.len(), count_of(fraction, truth.len()));
            let rankings = Rankings::new(&truth, &scores);
            let (precision, ranking) = (Precision::new(&rankings, fraction), Ranking::new(&rankings, fraction));
            prop_assert_eq!(precision.is_some(), k >= 1);
            prop_assert_eq!(ranking.is_some(), k >= 1);
            if let (Some(precision), Some(ranking)) = (precision, ranking) {
                let share = |hits: usize| hits as f64 / k as f64;
                prop_assert_eq!(precision.top, share((0..m).filter(|&i| r[i] <= k && n[i] <= k).count()));
                prop_assert_eq!(precision.bottom, share((0..m).filter(|&i| r[i] > m - k && n[i] > m - k).count()));
                prop_assert_eq!(ranking.best, (0..m).filter(|&i| n[i] <= k).map(|i| r[i]).min().unwrap() as f64 / m as f64);
                prop_assert_eq!(ranking.worst, (0..m).filter(|&i| n[i] <= k).map(|i| r[i]).max().unwrap() as f64 / m as f64);
            }
        }

        #[test]
        fn tau_among_a_count_is_that_of_all_pairs_of_its_rows(
            rows in prop::collection::vec(((0i32..9).prop_map(f64::from), coarse()), 1..20),
            count in 1usize..24,
        ) {
            let (truth, scores): (Vec<f64>, Vec<f64>) = rows.into_iter().unzip();
            // The rank of a row is the number of rows before it: the better ones, and the equal ones above.
            let rank = |values: &[f64], row: usize| {
                let value = |row: usize| rankable(values[row]);
                (0..values.len()).filter(|&other| value(other) > value(row) || (value(other) == value(row) && other < row)).count()
            };
            let tau = |by: &[f64]| {
                let first: Vec<usize> = (0..by.len()).filter(|&row| rank(by, row) < count).collect();
                let (mut sum, mut differ) = (0.0, [0.0_f64; 2]);
                for (place, &a) in first.iter().enumerate() {
                    for &b in &first[..place] {
                        let sign = |values: &[f64]| match rankable(values[a]).total_cmp(&rankable(values[b])) {
                            _ if rankable(values[a]) == rankable(values[b]) => 0.0,
                            order => f64::from(order as i8),
                        };
                        let signs = [sign(&truth), sign(&scores)];
                        sum += signs[0] * signs[1];
                        differ[0] += signs[0].abs();
                        differ[1] += signs[1].abs();
                    }
                }
                (differ[0] > 0.0 && differ[1] > 0.0).then(|| sum / (differ[0] * differ[1]).sqrt())
            };
            let found = TopCount::new(&Rankings::new(&truth, &scores), count);
            prop_assert_eq!(found.is_some(), count <= truth.len());
            if let Some(found) = found {
                prop_assert_eq!(found, TopCount { count, tau_top: tau(&scores), tau_true_top: tau(&truth) });
            }
        }

        #[test]
        fn without_ties_a_value_is_its_own_expectation(seed: u64, rows in 1usize..60, fraction in 0.01f64..=1.0) {
            let mut stream = nas_assay_base::seed::Seed::root(seed).stream();
            let mut distinct = || -> Vec<f64> { stream.permutation(rows).into_iter().map(|value| value as f64).collect() };
            let (truth, scores) = (distinct(), distinct());
            let rankings = Rankings::new(&truth, &scores);
            if let (Some(precision), Some(ranking)) = (Precision::new(&rankings, fraction), Ranking::new(&rankings, fraction)) {
                prop_assert_eq!((precision.top, precision.bottom), (precision.top_expected, precision.bottom_expected));
                prop_assert_eq!((ranking.best, ranking.worst), (ranking.best_expected, ranking.worst_expected));
                prop_assert!(!precision.tie_sensitive && !ranking.tie_sensitive);
            }
        }
    }
}
