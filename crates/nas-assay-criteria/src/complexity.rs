//! Complexity-level bias: whether an estimator prefers large or small architectures.
//!
//! # Source
//! Ning et al. 2021, Sec. 3: architectures are sorted by FLOPs into five groups of equal size. Each group has a mean ranking difference
//! and a Kendall's tau of its own.

use serde::{Deserialize, Serialize};

use super::levels::ascending;
use super::rank::{PairCounts, ranks};
use super::{CriteriaError, check};

/// The number of groups in the paper.
pub const GROUPS: usize = 5;

/// A group of architectures with similar costs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComplexityGroup {
    /// Number of architectures in the group.
    pub rows: usize,
    /// The lowest cost in the group, in the unit of the costs.
    pub least_cost: f64,
    /// The highest cost in the group.
    pub greatest_cost: f64,
    /// The mean of (r − n) / M, where r is the true rank and n the estimated rank of an architecture among all M, and 1 is the best rank.
    /// Above zero, the group is over-estimated.
    pub rank_difference: f64,
    /// Kendall's tau-b within the group; `None` if truth or scores are constant in it.
    pub tau_b: Option<f64>,
}

/// The groups by cost, cheapest first. `costs`, `truth` and `scores` have one entry per architecture, in the panel's order; truth and
/// scores are higher-is-better.
///
/// Rows are sorted by cost, then by row, both ascending, and split into `groups` parts as `numpy.array_split` does: the first M mod
/// `groups` parts have one row more than the others. Rows of equal cost can therefore be in two groups. Ranks are those of [`ranks`].
/// Empty groups are left out.
///
/// # Errors
/// Those of [`evaluate`](super::evaluate); also if the number of costs is not the number of architectures, or a cost is not finite.
pub fn complexity_bias(
    costs: &[f64],
    truth: &[f64],
    scores: &[f64],
    groups: usize,
) -> Result<Vec<ComplexityGroup>, CriteriaError> {
    check(truth, scores)?;
    if costs.len() != truth.len() {
        return Err(CriteriaError::Costs { truth: truth.len(), costs: costs.len() });
    }
    if let Some((row, &value)) = costs.iter().enumerate().find(|(_, cost)| !cost.is_finite()) {
        return Err(CriteriaError::Cost { row, value });
    }
    let (true_ranks, estimated) = (ranks(truth), ranks(scores));
    let mut rest: Vec<usize> = ascending(costs).into_iter().map(|row| row as usize).collect();
    let mut found = Vec::new();
    for left in (1..=groups).rev() {
        // The remaining rows in `left` parts: the first part is the longest.
        let later = rest.split_off(rest.len().div_ceil(left));
        let rows = std::mem::replace(&mut rest, later);
        let (Some(&first), Some(&last)) = (rows.first(), rows.last()) else { continue };
        let difference: i64 = rows.iter().map(|&row| true_ranks[row] as i64 - estimated[row] as i64).sum();
        let pick = |values: &[f64]| -> Vec<f64> { rows.iter().map(|&row| values[row]).collect() };
        found.push(ComplexityGroup {
            rows: rows.len(),
            least_cost: costs[first],
            greatest_cost: costs[last],
            rank_difference: difference as f64 / (rows.len() * truth.len()) as f64,
            tau_b: PairCounts::new(&pick(truth), &pick(scores)).tau_b(),
        });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn groups_by_hand() {
        // By cost: rows 4, 1, 3 | 0, 2. True ranks 5, 4, 3, 2, 1; estimated ranks 1, 2, 3, 4, 5.
        let (costs, truth) = ([3.0, 1.0, 4.0, 1.0, 0.5], [1.0, 2.0, 3.0, 4.0, 5.0]);
        let scores = [9.0, 8.0, 7.0, 6.0, f64::NAN];
        let groups = complexity_bias(&costs, &truth, &scores, 2).unwrap();
        let group = |rows, least_cost, greatest_cost, difference: f64| ComplexityGroup {
            rows,
            least_cost,
            greatest_cost,
            rank_difference: difference / (rows as f64 * 5.0),
            tau_b: Some(-1.0),
        };
        assert_eq!(groups, [group(3, 0.5, 1.0, -4.0 + 2.0 - 2.0), group(2, 3.0, 4.0, 4.0 + 0.0)]);
    }

    #[test]
    fn what_cannot_be_grouped_is_an_error() {
        let two = [1.0, 2.0];
        assert_eq!(complexity_bias(&[1.0], &two, &two, 5), Err(CriteriaError::Costs { truth: 2, costs: 1 }));
        assert_eq!(
            complexity_bias(&[1.0, f64::INFINITY], &two, &two, 5),
            Err(CriteriaError::Cost { row: 1, value: f64::INFINITY })
        );
        assert_eq!(complexity_bias(&[], &[], &[], 5), Err(CriteriaError::Empty));
        // Three groups of two architectures have one each, and one is empty.
        let few = complexity_bias(&two, &two, &two, 3).unwrap();
        assert_eq!(few.iter().map(|group| (group.rows, group.tau_b)).collect::<Vec<_>>(), [(1, None), (1, None)]);
        assert_eq!(complexity_bias(&two, &two, &two, 0), Ok(vec![]));
    }

    proptest! {
        #[test]
        fn groups_share_out_the_architectures(
            rows in prop::collection::vec((0u8..6, -9i8..9, -9i8..9), 1..60),
            groups in 1usize..8,
        ) {
            let column = |pick: fn(&(u8, i8, i8)) -> f64| -> Vec<f64> { rows.iter().map(pick).collect() };
            let costs = column(|row| f64::from(row.0));
            let (truth, scores) = (column(|row| f64::from(row.1)), column(|row| f64::from(row.2)));
            let found = complexity_bias(&costs, &truth, &scores, groups).unwrap();
            // Sizes of numpy.array_split.
            let sizes: Vec<usize> = (0..groups)
                .map(|group| rows.len() / groups + usize::from(group < rows.len() % groups))
                .filter(|&size| size > 0)
                .collect();
            prop_assert_eq!(found.iter().map(|group| group.rows).collect::<Vec<_>>(), sizes);
            prop_assert!(found.windows(2).all(|pair| pair[0].greatest_cost <= pair[1].least_cost));
            prop_assert!(found.iter().all(|group| group.least_cost <= group.greatest_cost));
            // Both rankings have the same sum, so the differences cancel.
            let sum: f64 = found.iter().map(|group| group.rank_difference * group.rows as f64).sum();
            prop_assert!(sum.abs() < 1e-9, "{}", sum);
            // A perfect estimator has no bias, and the cost itself has the greatest.
            let right = complexity_bias(&costs, &truth, &truth, groups).unwrap();
            prop_assert!(right.iter().all(|group| group.rank_difference == 0.0 && group.tau_b.is_none_or(|tau| tau == 1.0)));
        }

        #[test]
        fn exchanging_truth_and_scores_turns_the_bias_around(rows in prop::collection::vec((0u8..6, -9i8..9, -9i8..9), 1..60)) {
            let column = |pick: fn(&(u8, i8, i8)) -> f64| -> Vec<f64> { rows.iter().map(pick).collect() };
            let costs = column(|row| f64::from(row.0));
            let (truth, scores) = (column(|row| f64::from(row.1)), column(|row| f64::from(row.2)));
            let there = complexity_bias(&costs, &truth, &scores, GROUPS).unwrap();
            let back = complexity_bias(&costs, &scores, &truth, GROUPS).unwrap();
            for (there, back) in there.iter().zip(&back) {
                prop_assert_eq!((there.rank_difference, there.tau_b), (-back.rank_difference, back.tau_b));
            }
        }
    }
}
