//! Votes: one ranking from several.
//!
//! # Source
//! The voting rules of Copeland (1951) and Borda (1781). Ning et al. 2021, like the public zero-cost measures before them, sort by a
//! comparison instead: A goes before B if more than half of the voters (rounded down) prefer A; otherwise B goes before A. This comparison
//! is not symmetric for undecided voters and not transitive, so the result depends on the sorting algorithm and on the order of the
//! architectures. Copeland's rule, which counts the majorities that a row wins, gives the same order wherever the majority relation is
//! a total order.

use serde::{Deserialize, Serialize};

use super::levels::rankable;
use super::rank::average_ranks;

/// The version of the voting rules. Raise it when the scores of a rule change.
pub const VOTE_VERSION: u32 = 1;

/// How the rankings of several voters become one score per row.
///
/// ```
/// use nas_assay_criteria::VoteRule;
///
/// let voters = [vec![0.9, 0.5, 0.1], vec![3.0, 2.0, 7.0], vec![20.0, 10.0, 0.0]];
/// assert_eq!(VoteRule::Copeland.score(&voters), [2.0, 0.0, -2.0]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VoteRule {
    /// A row beats another if more voters rank it higher. The score is how many rows it beats, minus how many beat it.
    #[default]
    Copeland,
    /// How many rows a voter ranks below the row, as the mean over the voters. A tie counts one half. TE-NAS adds the
    /// ranks of two estimators, which gives the same order.
    Borda,
    /// The sum over the voters of `ln(r / n)`. `r` is the rank from below among `n` rows: 1 for the worst. Ties have
    /// their mean rank. A row that one voter ranks low is put far back. AZ-NAS (Lee and Ham 2024) and VKDNW vote like
    /// this.
    LogRank,
}

impl VoteRule {
    /// The score of each row. `voters` has one vector per voter with one score per row. All scores are higher-is-better, and scores that
    /// are not finite rank worst.
    ///
    /// # Panics
    /// If the voters differ in the number of rows.
    pub fn score(self, voters: &[Vec<f64>]) -> Vec<f64> {
        let rows = voters.first().map_or(0, Vec::len);
        assert!(voters.iter().all(|voter| voter.len() == rows), "the voters score different numbers of rows");
        match self {
            Self::Copeland => copeland(voters, rows),
            Self::Borda => borda(voters, rows),
            Self::LogRank => log_rank(voters, rows),
        }
    }
}

fn copeland(voters: &[Vec<f64>], rows: usize) -> Vec<f64> {
    let ranked_scores: Vec<Vec<f64>> =
        voters.iter().map(|scores| scores.iter().copied().map(rankable).collect()).collect();
    let mut balance = vec![0_i64; rows];
    for a in 0..rows {
        for b in a + 1..rows {
            let votes: i64 = ranked_scores.iter().map(|scores| scores[a].total_cmp(&scores[b]) as i64).sum();
            balance[a] += votes.signum();
            balance[b] -= votes.signum();
        }
    }
    balance.into_iter().map(|balance| balance as f64).collect()
}

fn borda(voters: &[Vec<f64>], rows: usize) -> Vec<f64> {
    let mut sums = vec![0.0; rows];
    for voter in voters {
        for (sum, rank) in sums.iter_mut().zip(average_ranks(voter)) {
            *sum += rows as f64 - rank;
        }
    }
    sums.into_iter().map(|sum| sum / voters.len() as f64).collect()
}

/// Terms are added in ascending order, so that the order of the voters does not matter to the last bit.
fn log_rank(voters: &[Vec<f64>], rows: usize) -> Vec<f64> {
    let ranks: Vec<Vec<f64>> = voters.iter().map(|voter| average_ranks(voter)).collect();
    let term = |rank: f64| libm::log((rows as f64 + 1.0 - rank) / rows as f64);
    let of_row = |row: usize| {
        let mut terms: Vec<f64> = ranks.iter().map(|ranks| term(ranks[row])).collect();
        terms.sort_by(f64::total_cmp);
        terms.iter().sum()
    };
    (0..rows).map(of_row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RULES: [VoteRule; 3] = [VoteRule::Copeland, VoteRule::Borda, VoteRule::LogRank];

    #[test]
    fn votes_by_hand() {
        // Preferences 0 > 1 > 2, 1 > 2 > 0 and 2 > 0 > 1: each row beats one and loses to one.
        let cycle = [vec![3.0, 2.0, 1.0], vec![1.0, 3.0, 2.0], vec![2.0, 1.0, 3.0]];
        assert_eq!(VoteRule::Copeland.score(&cycle), [0.0; 3]);
        assert_eq!(VoteRule::Borda.score(&cycle), [1.0; 3]);
        // Two of three voters prefer row 0; the third puts it far behind.
        let split = [vec![9.0, 8.0, 1.0, 2.0], vec![5.0, 4.0, 3.0, 3.0], vec![0.0, 7.0, 6.0, 5.0]];
        assert_eq!(VoteRule::Copeland.score(&split), [3.0, 1.0, -2.0, -2.0]);
        assert_eq!(VoteRule::Borda.score(&split), [2.0, 7.0 / 3.0, 2.5 / 3.0, 2.5 / 3.0]);
        // Ranks from below 4, 3, 1, 2; then 4, 3 and twice 1.5; then 1, 4, 3, 2.
        let by_hand = [16.0, 36.0, 4.5, 6.0].map(|product: f64| libm::log(product / 64.0));
        for (found, expected) in VoteRule::LogRank.score(&split).iter().zip(by_hand) {
            assert!((found - expected).abs() < 1e-15, "{found}, not {expected}");
        }
        // Scores that are not finite are worst, and equal.
        let broken = [vec![1.0, f64::NAN, f64::INFINITY]];
        assert_eq!(VoteRule::Copeland.score(&broken), [2.0, -1.0, -1.0]);
    }

    proptest! {
        #[test]
        fn voters_of_one_mind_are_followed(scores in prop::collection::vec(-5_i8..5, 0..20), voters in 1..4_usize) {
            let scores: Vec<f64> = scores.into_iter().map(f64::from).collect();
            for rule in RULES {
                let voted = rule.score(&vec![scores.clone(); voters]);
                for (a, b) in (0..scores.len()).flat_map(|a| (0..scores.len()).map(move |b| (a, b))) {
                    prop_assert_eq!(scores[a].total_cmp(&scores[b]), voted[a].total_cmp(&voted[b]));
                }
            }
        }

        #[test]
        fn neither_the_order_of_voters_nor_that_of_rows_matters(
            voters in prop::collection::vec(prop::collection::vec(-3_i8..3, 7), 1..5),
            turn in 0..7_usize,
        ) {
            let voters: Vec<Vec<f64>> = voters.into_iter().map(|v| v.into_iter().map(f64::from).collect()).collect();
            for rule in RULES {
                let voted = rule.score(&voters);
                let mut turned = voters.clone();
                turned.reverse();
                for voter in &mut turned {
                    voter.rotate_left(turn);
                }
                let mut again = rule.score(&turned);
                again.rotate_right(turn);
                prop_assert_eq!(&voted, &again);
            }
        }
    }
}
