//! Architecture-level bias: which architectures an estimator ranks first, and which it misjudges most.
//!
//! # Source
//! Ning et al. 2021: the architectures at the top of an estimator's ranking, and ranking differences r − n of single architectures.

use serde::{Deserialize, Serialize};

use super::rank::{order, ranks};
use super::{CriteriaError, check};

/// One architecture with its true and its estimated rank.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// The row, from 0.
    pub row: usize,
    /// The true value, in the unit of the truth.
    pub truth: f64,
    /// The score, higher-is-better; `None` if it is not finite.
    pub score: Option<f64>,
    /// r: the true rank, 1 for the best.
    pub true_rank: usize,
    /// n: the estimated rank, 1 for the best.
    pub estimated_rank: usize,
}

/// The best-scored and the most misjudged architectures of an estimator.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extremes {
    /// The architectures with the best scores, best first.
    pub top: Vec<Standing>,
    /// The most over-estimated ones: r − n is above zero, greatest first, then by row.
    pub over_estimated: Vec<Standing>,
    /// The most under-estimated ones: r − n is below zero, lowest first, then by row.
    pub under_estimated: Vec<Standing>,
}

impl Extremes {
    /// At most `count` architectures of each kind. Truth and scores have one entry per architecture and are higher-is-better; ranks are
    /// those of [`ranks`].
    ///
    /// # Errors
    /// Those of [`evaluate`](super::evaluate).
    pub fn new(truth: &[f64], scores: &[f64], count: usize) -> Result<Self, CriteriaError> {
        check(truth, scores)?;
        let (true_ranks, estimated) = (ranks(truth), ranks(scores));
        let standing = |row: usize| Standing {
            row,
            truth: truth[row],
            score: Some(scores[row]).filter(|score| score.is_finite()),
            true_rank: true_ranks[row],
            estimated_rank: estimated[row],
        };
        let difference = |row: usize| true_ranks[row] as i64 - estimated[row] as i64;
        let first = |sign: i64| {
            let mut rows: Vec<usize> = (0..truth.len()).filter(|&row| sign * difference(row) > 0).collect();
            rows.sort_by_key(|&row| -sign * difference(row));
            rows.into_iter().take(count).map(standing).collect()
        };
        Ok(Self {
            top: order(scores).into_iter().take(count).map(standing).collect(),
            over_estimated: first(1),
            under_estimated: first(-1),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_six_architectures_of_the_slide() {
        // True ranks 1 to 6, estimated ranks 6, 2, 5, 3, 4, 1: differences -5, 0, -2, 1, 1, 5.
        let truth = [-1.0, -2.0, -3.0, -4.0, -5.0, -6.0];
        let extremes = Extremes::new(&truth, &[f64::NAN, -2.0, -5.0, -3.0, -4.0, -1.0], 2).unwrap();
        let standing = |row: usize, score, estimated_rank| Standing {
            row,
            truth: truth[row],
            score,
            true_rank: row + 1,
            estimated_rank,
        };
        assert_eq!(extremes.top, [standing(5, Some(-1.0), 1), standing(1, Some(-2.0), 2)]);
        assert_eq!(extremes.over_estimated, [standing(5, Some(-1.0), 1), standing(3, Some(-3.0), 3)]);
        assert_eq!(extremes.under_estimated, [standing(0, None, 6), standing(2, Some(-5.0), 5)]);
        let json = serde_json::to_string(&extremes).unwrap();
        assert_eq!(serde_json::from_str::<Extremes>(&json).unwrap(), extremes);
    }

    #[test]
    fn what_is_judged_rightly_is_neither_over_nor_under_estimated() {
        let truth = [3.0, 1.0, 2.0];
        let extremes = Extremes::new(&truth, &truth, 9).unwrap();
        assert_eq!(extremes.top.iter().map(|standing| standing.row).collect::<Vec<_>>(), [0, 2, 1]);
        assert!(extremes.over_estimated.is_empty() && extremes.under_estimated.is_empty());
        assert_eq!(Extremes::new(&[], &[], 1), Err(CriteriaError::Empty));
    }

    proptest! {
        #[test]
        fn no_architecture_left_out_is_further_off(rows in prop::collection::vec((-9i8..9, -9i8..9), 1..40), count in 0usize..10) {
            let (truth, scores): (Vec<f64>, Vec<f64>) = rows.iter().map(|row| (f64::from(row.0), f64::from(row.1))).unzip();
            let extremes = Extremes::new(&truth, &scores, count).unwrap();
            let (r, n) = (ranks(&truth), ranks(&scores));
            let difference = |row: usize| r[row] as i64 - n[row] as i64;
            for (kept, sign) in [(&extremes.over_estimated, 1), (&extremes.under_estimated, -1)] {
                let key = |row: usize| (-sign * difference(row), row);
                prop_assert!(kept.is_sorted_by_key(|standing| key(standing.row)));
                let off = (0..rows.len()).filter(|&row| sign * difference(row) > 0).count();
                prop_assert_eq!(kept.len(), off.min(count));
                if let Some(last) = kept.last() {
                    let before = (0..rows.len()).filter(|&row| key(row) < key(last.row)).count();
                    prop_assert_eq!(before, kept.len() - 1);
                }
            }
            prop_assert!(extremes.top.iter().map(|standing| standing.estimated_rank).eq(1..=count.min(rows.len())));
        }
    }
}
