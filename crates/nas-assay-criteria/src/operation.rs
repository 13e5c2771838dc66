//! Operation-level bias: whether an estimator prefers one operation over another.
//!
//! # Source
//! Ning et al. 2021, Sec. 3: over all pairs of architectures that differ in one operation, the fraction in which the truth increases and
//! the fraction in which the score increases. If the score increases more often, the operation that was put in is over-estimated.

use serde::{Deserialize, Serialize};

use super::levels::rankable;
use super::rank::average_ranks;
use super::{CriteriaError, check};

/// Number of bins on each side of the middle bin in the histograms of [`ChangeBias`].
const SIDE: i64 = 20;

/// Number of bins in a histogram of rank changes. Bin `i` is centred at (i − 20) / 20 and 1/20 wide, so bin 20 is around no change. A
/// change on the border of two bins belongs to the bin farther from zero.
pub const BINS: usize = 2 * SIDE as usize + 1;

/// Two architectures that differ in one operation. `L` is the type that names operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange<L> {
    /// The operation that is taken out.
    pub from: L,
    /// The operation that is put in its place.
    pub to: L,
    /// The row of the architecture with `from`.
    pub before: usize,
    /// The row of the architecture with `to`.
    pub after: usize,
}

/// How truth and scores change when one operation is replaced by another, over all such pairs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeBias<L> {
    /// The operation that is taken out.
    pub from: L,
    /// The operation that is put in its place.
    pub to: L,
    /// Number of pairs of architectures.
    pub pairs: usize,
    /// The fraction of pairs in which the truth increases.
    pub truth_increases: f64,
    /// The fraction of pairs in which the score increases. A score that is not finite is below every finite one.
    pub score_increases: f64,
    /// Number of pairs by change of the true rank divided by M, in [`BINS`] bins. The middle bin is no change, later bins are
    /// improvements. Equal values share their average rank.
    pub truth_histogram: Vec<u32>,
    /// The same for the estimated rank.
    pub score_histogram: Vec<u32>,
}

impl<L> ChangeBias<L> {
    /// How much more often the score increases than the truth, as a difference of fractions. Above zero, the operation that was put in is
    /// over-estimated.
    pub fn overestimate(&self) -> f64 {
        self.score_increases - self.truth_increases
    }
}

/// The bias for every ordered pair of operations that occurs in `exchanges`, sorted by `from`, then by `to`. Truth and scores have one
/// entry per architecture and are higher-is-better. The order of `exchanges` has no influence.
///
/// # Errors
/// Those of [`evaluate`](super::evaluate).
///
/// # Panics
/// If an exchange has a row that does not exist.
pub fn operation_bias<L: Ord + Clone>(
    exchanges: &[Exchange<L>],
    truth: &[f64],
    scores: &[f64],
) -> Result<Vec<ChangeBias<L>>, CriteriaError> {
    check(truth, scores)?;
    let (truth, scores) = (Ranked::new(truth), Ranked::new(scores));
    let mut order: Vec<&Exchange<L>> = exchanges.iter().collect();
    order.sort_by(|a, b| (&a.from, &a.to).cmp(&(&b.from, &b.to)));
    let alike = order.chunk_by(|a, b| (&a.from, &a.to) == (&b.from, &b.to));
    Ok(alike
        .map(|alike| {
            let (truth_increases, truth_histogram) = truth.changes(alike);
            let (score_increases, score_histogram) = scores.changes(alike);
            ChangeBias {
                from: alike[0].from.clone(),
                to: alike[0].to.clone(),
                pairs: alike.len(),
                truth_increases,
                score_increases,
                truth_histogram,
                score_histogram,
            }
        })
        .collect())
}

/// Values and their average ranks.
struct Ranked {
    values: Vec<f64>,
    /// Twice the average rank of each row; rank 1 is the best.
    doubled: Vec<i64>,
}

impl Ranked {
    fn new(values: &[f64]) -> Self {
        Self {
            values: values.iter().copied().map(rankable).collect(),
            doubled: average_ranks(values).into_iter().map(|rank| (2.0 * rank) as i64).collect(),
        }
    }

    /// The fraction of increases and the histogram of rank changes.
    fn changes<L>(&self, exchanges: &[&Exchange<L>]) -> (f64, Vec<u32>) {
        let (mut increases, mut histogram) = (0, vec![0; BINS]);
        for exchange in exchanges {
            increases += usize::from(self.values[exchange.after] > self.values[exchange.before]);
            let improvement = self.doubled[exchange.before] - self.doubled[exchange.after];
            histogram[bin(improvement, self.values.len())] += 1;
        }
        (increases as f64 / exchanges.len() as f64, histogram)
    }
}

/// The bin of a rank change of `doubled / 2` among `rows` rows.
fn bin(doubled: i64, rows: usize) -> usize {
    let rows = rows as i64;
    // SIDE · (doubled / 2) / rows, rounded to the nearest whole number; halves are rounded away from zero.
    let away = (SIDE * doubled.abs() + rows) / (2 * rows);
    (SIDE + away * doubled.signum()) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn exchange(from: &'static str, to: &'static str, before: usize, after: usize) -> Exchange<&'static str> {
        Exchange { from, to, before, after }
    }

    #[test]
    fn changes_by_hand() {
        let truth = [0.1, 0.2, 0.3, 0.4];
        let scores = [4.0, 3.0, 3.0, f64::NAN];
        let exchanges = [
            exchange("skip", "conv", 0, 1),
            exchange("conv", "skip", 3, 0),
            exchange("skip", "conv", 0, 3),
            exchange("skip", "conv", 1, 2),
        ];
        let found = operation_bias(&exchanges, &truth, &scores).unwrap();
        let [back, there] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!((back.from, back.to, back.pairs), ("conv", "skip", 1));
        assert_eq!((back.truth_increases, back.score_increases, back.overestimate()), (0.0, 1.0, 1.0));
        assert_eq!((there.from, there.to, there.pairs), ("skip", "conv", 3));
        assert_eq!((there.truth_increases, there.score_increases, there.overestimate()), (1.0, 0.0, -1.0));
        // Improvements of 1, 3 and 1 ranks of 4: 5, 15 and 5 bins above the middle.
        let filled = |histogram: &[u32]| -> Vec<(usize, u32)> {
            histogram.iter().copied().enumerate().filter(|&(_, count)| count > 0).collect()
        };
        assert_eq!(filled(&there.truth_histogram), [(25, 2), (35, 1)]);
        // Estimated ranks 1, 2½, 2½, 4: from 1 to 2½, from 1 to 4, and no change.
        assert_eq!(filled(&there.score_histogram), [(5, 1), (12, 1), (20, 1)]);
    }

    #[test]
    fn bins_are_centred_and_reach_the_ends() {
        // Of 40 rows, a bin is two ranks wide. Changes are given doubled: none, half a rank, one (on the border), one and a half, two, 39.
        assert_eq!([0, 1, 2, 3, 4, 78].map(|doubled| bin(doubled, 40)), [20, 20, 21, 21, 21, 40]);
        assert_eq!([-1, -2, -6, -78].map(|doubled| bin(doubled, 40)), [20, 19, 18, 0]);
        assert_eq!(BINS, 41);
    }

    #[test]
    fn a_record_reads_back() {
        let exchanges = [Exchange { from: "a".to_owned(), to: "b".to_owned(), before: 0, after: 1 }];
        let found = operation_bias(&exchanges, &[1.0, 2.0], &[1.0, f64::NAN]).unwrap();
        let json = serde_json::to_string(&found).unwrap();
        assert_eq!(serde_json::from_str::<Vec<ChangeBias<String>>>(&json).unwrap(), found);
        assert!(operation_bias::<u8>(&[], &[1.0], &[1.0]).unwrap().is_empty());
        assert_eq!(operation_bias::<u8>(&[], &[], &[]), Err(CriteriaError::Empty));
    }

    proptest! {
        #[test]
        fn going_back_is_the_mirror_image(
            rows in prop::collection::vec((-9i8..9, -9i8..9), 2..40),
            pairs in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..40),
        ) {
            let (truth, scores): (Vec<f64>, Vec<f64>) = rows.iter().map(|row| (f64::from(row.0), f64::from(row.1))).unzip();
            let pairs: Vec<(usize, usize)> = pairs.iter().map(|(a, b)| (a.index(rows.len()), b.index(rows.len()))).collect();
            let there: Vec<_> = pairs.iter().map(|&(before, after)| Exchange { from: 0u8, to: 1, before, after }).collect();
            let back: Vec<_> = pairs.iter().map(|&(before, after)| Exchange { from: 1u8, to: 0, before: after, after: before }).collect();
            let both: Vec<_> = there.into_iter().chain(back).collect();
            let found = operation_bias(&both, &truth, &scores).unwrap();
            let [there, back] = found.as_slice() else { panic!("{found:?}") };
            let ties = pairs.iter().filter(|&&(a, b)| truth[a] == truth[b]).count();
            let increases = (there.truth_increases * pairs.len() as f64).round() as usize;
            prop_assert_eq!(increases, pairs.iter().filter(|&&(a, b)| truth[a] < truth[b]).count());
            prop_assert_eq!(increases + (back.truth_increases * pairs.len() as f64).round() as usize + ties, pairs.len());
            for (mut histogram, mirrored) in
                [(there.truth_histogram.clone(), &back.truth_histogram), (there.score_histogram.clone(), &back.score_histogram)]
            {
                prop_assert_eq!(histogram.iter().sum::<u32>() as usize, pairs.len());
                histogram.reverse();
                prop_assert_eq!(&histogram, mirrored);
            }
            // The order of the pairs does not matter either.
            let reversed: Vec<_> = both.into_iter().rev().collect();
            prop_assert_eq!(operation_bias(&reversed, &truth, &scores).unwrap(), found);
        }
    }
}
