//! The correlations of many resamples of the same rows.
//!
//! Resamples differ only in how often each row is taken. So everything that needs sorting (levels, and the merges that count discordant
//! pairs) is prepared once, and a resample needs only a few passes over the rows, without comparisons.

use super::pairs::{BLOCK, ByTruth, pairs_of};
use super::rank::PairCounts;

/// Truth and scores of a panel, prepared for [`Resampling::correlations`].
pub(super) struct Resampling {
    by_truth: ByTruth,
    /// The first position of each group with equal truth and equal score, then the number of positions.
    both_starts: Vec<u32>,
    merges: Merges,
}

/// The two rank correlations of one resample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Correlations {
    pub counts: PairCounts,
    pub spearman: Option<f64>,
}

/// Buffers of [`Resampling::correlations`], reused between calls.
#[derive(Default)]
pub(super) struct Buffers {
    /// How often the row at each position is taken, padded with zeros to a whole number of blocks.
    weights: Vec<u32>,
    /// For each position, the sum of all earlier `weights`.
    before: Vec<u64>,
    /// How often each score level is taken; later twice the centred average rank of the level.
    levels: Vec<i64>,
}

impl Resampling {
    /// # Panics
    /// If the slices differ in length.
    pub fn new(truth: &[f64], scores: &[f64]) -> Self {
        let by_truth = ByTruth::new(truth, scores);
        let mut both_starts = Vec::with_capacity(truth.len() + 1);
        for level in by_truth.truth_levels() {
            let mut start = level.start;
            for alike in by_truth.scores[level].chunk_by(|a, b| a == b) {
                both_starts.push(start as u32);
                start += alike.len();
            }
        }
        both_starts.push(truth.len() as u32);
        let merges = Merges::new(&by_truth.scores);
        Self { by_truth, both_starts, merges }
    }

    /// Number of rows of the panel.
    pub fn rows(&self) -> usize {
        self.by_truth.rows.len()
    }

    /// The correlations of the resample that has row `i` `multiplicity[i]` times. They have the same bits as if the rows were written
    /// out.
    pub fn correlations(&self, multiplicity: &[u32], buffers: &mut Buffers) -> Correlations {
        let Buffers { weights, before, levels } = buffers;
        weights.clear();
        weights.extend(self.by_truth.rows.iter().map(|&row| multiplicity[row as usize]));
        weights.resize(self.rows().next_multiple_of(BLOCK), 0);
        before.clear();
        before.push(0);
        before.extend(weights.iter().scan(0, |sum, &weight| {
            *sum += u64::from(weight);
            Some(*sum)
        }));
        let taken = before[self.rows()];
        levels.clear();
        levels.resize(self.by_truth.score_sizes.len(), 0);
        for (&score, &weight) in self.by_truth.scores.iter().zip(&*weights) {
            levels[score as usize] += i64::from(weight);
        }
        let ties = |starts: &[u32]| -> u64 {
            starts.windows(2).map(|ends| pairs_of(before[ends[1] as usize] - before[ends[0] as usize])).sum()
        };
        let tied_scores = levels.iter().map(|&size| pairs_of(size as u64)).sum();
        let (tied_truth, tied_both) = (ties(&self.by_truth.truth_starts), ties(&self.both_starts));
        let discordant = self.merges.discordant(weights, before);
        Correlations {
            counts: PairCounts::from_ties(taken, tied_truth, tied_scores, tied_both, discordant),
            spearman: self.spearman(weights, before, levels, taken),
        }
    }

    /// Spearman's rho in integers, as in [`super::rank::spearman`]. `levels` has the sizes of the levels on entry and their ranks on
    /// return.
    fn spearman(&self, weights: &[u32], before: &[u64], levels: &mut [i64], taken: u64) -> Option<f64> {
        let square = |size: i64, rank: i64| i128::from(size * rank) * i128::from(rank);
        let (mut below, mut ss) = (0, 0);
        for level in &mut *levels {
            let size = *level;
            *level = 2 * below + size - taken as i64;
            ss += square(size, *level);
            below += size;
        }
        let (mut across, mut tt) = (0, 0);
        for level in self.by_truth.truth_levels() {
            let (start, end) = (before[level.start], before[level.end]);
            let rank = (start + end) as i64 - taken as i64;
            let positions = self.by_truth.scores[level.clone()].iter().zip(&weights[level]);
            let sum: i64 = positions.map(|(&score, &weight)| i64::from(weight) * levels[score as usize]).sum();
            across += i128::from(sum) * i128::from(rank);
            tt += square((end - start) as i64, rank);
        }
        (tt > 0 && ss > 0).then(|| across as f64 / (tt as f64 * ss as f64).sqrt())
    }
}

/// The order of positions after each round of a merge sort by score, computed once.
struct Merges {
    /// The score level at each position, padded with zeros to a whole number of blocks.
    scores: Vec<u32>,
    /// The positions after each round: sorted by score, then by position, within runs twice as long as in the round before.
    rounds: Vec<Vec<u32>>,
}

impl Merges {
    fn new(scores: &[u32]) -> Self {
        let mut order: Vec<u32> = (0..scores.len() as u32).collect();
        let mut rounds = Vec::new();
        let mut width = BLOCK;
        while width < scores.len() {
            width *= 2;
            // This stable sort detects the two sorted runs of the round before and merges them.
            order.chunks_mut(width).for_each(|chunk| chunk.sort_by_key(|&position| scores[position as usize]));
            rounds.push(order.clone());
        }
        let mut scores = scores.to_vec();
        scores.resize(scores.len().next_multiple_of(BLOCK), 0);
        Self { scores, rounds }
    }

    /// The number of discordant pairs if position `i` counts `weights[i]` times: Σ weight · weight over pairs whose earlier score is
    /// greater.
    /// `before[i]` is the sum of the weights before position `i`.
    fn discordant(&self, weights: &[u32], before: &[u64]) -> u64 {
        let blocks = self.scores.chunks_exact(BLOCK).zip(weights.chunks_exact(BLOCK));
        let mut count: u64 = blocks.map(|(scores, weights)| within(scores, weights)).sum();
        for (round, order) in self.rounds.iter().enumerate() {
            let width = BLOCK << round;
            for (start, chunk) in (0..).step_by(2 * width).zip(order.chunks(2 * width)) {
                let middle = (start + width).min(before.len() - 1);
                // The total weight of the rest of the left run. Its scores are at least those already passed.
                let mut left = before[middle] - before[start];
                for &position in chunk {
                    let weight = u64::from(weights[position as usize]);
                    let right = weight & (u64::from(position as usize & width != 0)).wrapping_neg();
                    left -= weight - right;
                    count += right * left;
                }
            }
        }
        count
    }
}

/// The number of discordant pairs within a block, by comparing all pairs.
fn within(scores: &[u32], weights: &[u32]) -> u64 {
    let mut count = 0;
    for later in 1..scores.len() {
        let earlier = scores[..later].iter().zip(weights);
        let greater: u64 =
            earlier.map(|(&score, &weight)| if score > scores[later] { u64::from(weight) } else { 0 }).sum();
        count += greater * u64::from(weights[later]);
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rank::spearman;
    use nas_assay_base::seed::Seed;
    use proptest::prelude::*;

    /// The resample, written out row by row.
    fn written(values: &[f64], multiplicity: &[u32]) -> Vec<f64> {
        let times = values.iter().zip(multiplicity);
        times.flat_map(|(&value, &times)| std::iter::repeat_n(value, times as usize)).collect()
    }

    fn agrees(truth: &[f64], scores: &[f64], multiplicity: &[u32], buffers: &mut Buffers) {
        let found = Resampling::new(truth, scores).correlations(multiplicity, buffers);
        let (truth, scores) = (written(truth, multiplicity), written(scores, multiplicity));
        assert_eq!(found.counts, PairCounts::new(&truth, &scores));
        assert_eq!(found.spearman, spearman(&truth, &scores));
    }

    #[test]
    fn many_rows_agree_with_those_written_out() {
        let mut stream = Seed::root(8).stream();
        let mut buffers = Buffers::default();
        for rows in [0, 1, 15, 16, 17, 32, 33, 63, 500, 1031] {
            let truth: Vec<f64> = (0..rows).map(|_| stream.normal()).collect();
            let scores: Vec<f64> = truth.iter().map(|value| value + stream.normal()).collect();
            let multiplicity: Vec<u32> = (0..rows).map(|_| stream.below(4) as u32).collect();
            agrees(&truth, &scores, &multiplicity, &mut buffers);
            let coarse: Vec<f64> = scores.iter().map(|score| (score * 3.0).round()).collect();
            agrees(&truth, &coarse, &multiplicity, &mut buffers);
            agrees(&coarse, &truth, &multiplicity, &mut buffers);
        }
    }

    #[test]
    fn a_single_row_taken_repeatedly_has_no_correlation() {
        let (truth, scores) = ([0.1, 0.2, 0.3], [0.1, 0.3, 0.2]);
        for multiplicity in [[3, 0, 0], [0, 0, 3]] {
            let found = Resampling::new(&truth, &scores).correlations(&multiplicity, &mut Buffers::default());
            assert_eq!((found.counts.tau_b(), found.spearman), (None, None));
        }
    }

    /// Few different scores, some of them not finite.
    fn coarse() -> impl Strategy<Value = f64> {
        prop_oneof![
            8 => (-4i32..4).prop_map(|level| f64::from(level) / 4.0),
            1 => Just(f64::NAN),
            1 => Just(f64::INFINITY),
        ]
    }

    proptest! {
        #[test]
        fn ties_and_multiplicities_count_as_rows_written_out(rows in prop::collection::vec((coarse(), coarse(), 0u32..4), 0..80)) {
            let truth: Vec<f64> = rows.iter().map(|row| row.0).collect();
            let scores: Vec<f64> = rows.iter().map(|row| row.1).collect();
            let multiplicity: Vec<u32> = rows.iter().map(|row| row.2).collect();
            agrees(&truth, &scores, &multiplicity, &mut Buffers::default());
        }
    }
}
