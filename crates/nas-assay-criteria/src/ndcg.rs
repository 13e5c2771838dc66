//! nDCG: how much of the gain of the truly best architectures is found at the head of an estimated ranking.
//!
//! # Definition
//! `DCG@k = Σ gain(i) / log₂(i + 1)` over the k architectures with the best scores, `i = 1 … k`; nDCG@k is that over the DCG@k of the true
//! ranking. Architectures of equal score have the mean of the discounts of their places, which is the expectation under random
//! tie-breaking. The name alone says little: the gain, its scale and k decide the value, and three gains are in use ([`Gain`]).
//!
//! # Source
//! Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", ACM TOIS 20 (2002). Ties as in scikit-learn's `ndcg_score`
//! (`McSherry` and Najork, ECIR 2008).
//!
//! # Known traps
//! With [`Gain::Fraction`] a random ranking of NAS-Bench-201 has a value of more than 0.9. With [`Gain::Percent`] an
//! architecture that is one point worse has half the gain, so the first few decide. With [`Gain::Rank`] a random ranking has about 0.5.

use serde::{Deserialize, Serialize};

use super::levels::Levels;

/// What finding an architecture is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gain {
    /// 2^y − 1 of an accuracy y in percent: what VKDNW (Tybl and Neumann, CVPR 2025) prints, with k = 1,000.
    Percent,
    /// 2^y − 1 of an accuracy y as a fraction: the same formula on the other scale.
    Fraction,
    /// The true rank from the worst, 0, to the best, M − 1; rows of equal truth have the mean of their ranks. It needs no accuracies.
    Rank,
}

impl Gain {
    /// All gains.
    pub const ALL: [Self; 3] = [Self::Percent, Self::Fraction, Self::Rank];

    /// The name, as in `percent`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Percent => "percent",
            Self::Fraction => "fraction",
            Self::Rank => "rank",
        }
    }

    /// The gain of each row of a truth, which is an accuracy as a fraction unless the gain is that of ranks.
    fn of(self, truth: &[f64]) -> Vec<f64> {
        match self {
            Self::Percent => truth.iter().map(|&value| libm::exp2(100.0 * value) - 1.0).collect(),
            Self::Fraction => truth.iter().map(|&value| libm::exp2(value) - 1.0).collect(),
            Self::Rank => {
                let ranks = super::rank::average_ranks(truth);
                ranks.into_iter().map(|rank| truth.len() as f64 - rank).collect()
            }
        }
    }
}

/// nDCG@k of `scores` with this gain; `k` is cut to the number of architectures. Both vectors are higher-is-better. For a gain of accuracies,
/// `truth` has them as fractions.
///
/// `None` without architectures, for a k of 0, and if no architecture among the k truly best has a gain.
///
/// ```
/// use nas_assay_criteria::{Gain, ndcg};
///
/// // The gains by rank are 0, 1 and 2. The best is found last.
/// let found = ndcg(&[0.5, 0.7, 0.9], &[3.0, 2.0, 1.0], 3, Gain::Rank).unwrap();
/// let second = 1.0 / 3.0_f64.log2();
/// assert!((found - (second + 1.0) / (2.0 + second)).abs() < 1e-15);
/// ```
///
/// # Panics
/// If the slices differ in length.
pub fn ndcg(truth: &[f64], scores: &[f64], k: usize, gain: Gain) -> Option<f64> {
    assert_eq!(truth.len(), scores.len(), "a ranking needs one score per architecture");
    let gains = gain.of(truth);
    let discounts: Vec<f64> = (0..k.min(truth.len())).map(|place| 1.0 / libm::log2((place + 2) as f64)).collect();
    let best = discounted(&gains, truth, &discounts);
    (best > 0.0).then(|| discounted(&gains, scores, &discounts) / best)
}

/// The sum of the gains in the order of `scores`, each times the discount of its place, and nothing beyond the last discount.
fn discounted(gains: &[f64], scores: &[f64], discounts: &[f64]) -> f64 {
    let levels = Levels::new(scores);
    let mut of_level = vec![0.0; levels.sizes.len()];
    for (&gain, &level) in gains.iter().zip(&levels.of_row) {
        of_level[level as usize] += gain;
    }
    let (mut place, mut sum) = (0, 0.0);
    for (gain, &size) in of_level.iter().zip(&levels.sizes).rev() {
        let Some(left) = discounts.get(place..).filter(|left| !left.is_empty()) else { break };
        let size = size as usize;
        let discount: f64 = left.iter().take(size).sum();
        sum += gain / size as f64 * discount;
        place += size;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use nas_assay_base::seed::Seed;
    use proptest::prelude::*;

    #[test]
    fn the_true_ranking_has_one() {
        let truth = [0.3, 0.9, 0.1, 0.9];
        for gain in Gain::ALL {
            for k in 1..6 {
                assert_eq!(ndcg(&truth, &truth, k, gain), Some(1.0));
            }
            assert_eq!(ndcg(&truth, &truth, 0, gain), None);
            assert_eq!(ndcg(&[], &[], 3, gain), None);
        }
        assert_eq!(ndcg(&[0.0, 0.0], &[1.0, 2.0], 2, Gain::Percent), None);
    }

    /// A truth of percent on both scales: the first is the value by hand, the second does not tell the rankings apart.
    #[test]
    fn the_scale_decides() {
        let (truth, reverse) = ([0.90, 0.93, 0.94], [3.0, 2.0, 1.0]);
        let by_hand = |gains: [f64; 3]| {
            let discounts = [1.0, 1.0 / 3.0_f64.log2(), 0.5];
            let sum = |order: [usize; 3]| order.iter().zip(discounts).map(|(&row, by)| gains[row] * by).sum::<f64>();
            sum([0, 1, 2]) / sum([2, 1, 0])
        };
        let close = |gain, expected: f64| {
            let found = ndcg(&truth, &reverse, 3, gain).unwrap();
            assert!((found - expected).abs() < 1e-12, "{gain:?}: {found}, {expected}");
            found
        };
        let percent = close(Gain::Percent, by_hand(truth.map(|value: f64| (100.0 * value).exp2() - 1.0)));
        let fraction = close(Gain::Fraction, by_hand(truth.map(|value: f64| value.exp2() - 1.0)));
        close(Gain::Rank, by_hand([0.0, 1.0, 2.0]));
        assert!(percent < 0.7 && fraction > 0.95, "{percent}, {fraction}");
    }

    /// Reference values of scikit-learn 1.9's `ndcg_score([gains], [scores], k=k)`.
    #[test]
    fn ties_are_those_of_scikit_learn() {
        let truth = [0.1, 0.4, 0.4, 0.2, 0.9, 0.7, 0.3, 0.6];
        let scores = [1.0, 2.0, 2.0, 2.0, 1.0, 5.0, 0.0, 5.0];
        for (gain, k, expected) in SKLEARN {
            let found = ndcg(&truth, &scores, k, gain).unwrap();
            assert!((found / expected - 1.0).abs() < 1e-12, "{gain:?} at {k}: {found}, {expected}");
        }
    }

    const SKLEARN: [(Gain, usize, f64); 9] = [
        (Gain::Percent, 1, 4.773_028_194_904_327e-7),
        (Gain::Percent, 3, 7.784_469_013_113_909e-7),
        (Gain::Percent, 8, 0.344_770_831_058_375),
        (Gain::Fraction, 1, 0.658_276_263_880_203_2),
        (Gain::Fraction, 3, 0.699_035_616_826_418_8),
        (Gain::Fraction, 8, 0.864_673_294_580_559_5),
        (Gain::Rank, 1, 0.785_714_285_714_285_7),
        (Gain::Rank, 3, 0.775_536_192_222_083_7),
        (Gain::Rank, 8, 0.903_166_217_071_589),
    ];

    proptest! {
        /// A value with ties is the mean over all orders of the ties, and lies between 0 and 1.
        #[test]
        fn ties_have_the_expected_value(seed in any::<u64>(), k in 1_usize..7) {
            let mut stream = Seed::root(seed).stream();
            let truth: Vec<f64> = (0..6).map(|_| stream.index(100) as f64 / 100.0).collect();
            let scores: Vec<f64> = (0..6).map(|_| stream.index(3) as f64).collect();
            for gain in Gain::ALL {
                let Some(found) = ndcg(&truth, &scores, k, gain) else { continue };
                prop_assert!((0.0..=1.0 + 1e-12).contains(&found));
                let (mut sum, mut count) = (0.0, 0);
                for order in orders(6) {
                    // Small differences break the ties in each order.
                    let broken: Vec<f64> = scores.iter().zip(&order).map(|(score, &place)| score + place as f64 / 100.0).collect();
                    sum += ndcg(&truth, &broken, k, gain).unwrap();
                    count += 1;
                }
                prop_assert!((found - sum / f64::from(count)).abs() < 1e-12, "{found}, {}", sum / f64::from(count));
            }
        }
    }

    fn orders(rows: usize) -> Vec<Vec<usize>> {
        if rows == 0 {
            return vec![Vec::new()];
        }
        let insert = |order: Vec<usize>| {
            (0..rows).map(move |place| {
                let mut longer = order.clone();
                longer.insert(place, rows - 1);
                longer
            })
        };
        orders(rows - 1).into_iter().flat_map(insert).collect()
    }
}
