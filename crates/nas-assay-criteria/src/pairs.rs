//! Counting pairs: the rows sorted by truth, and the number of inversions.

use super::levels::{Levels, Sorted};

/// Truth and scores as levels, sorted by truth, then by score, then by row.
pub(super) struct ByTruth {
    /// The row at each position.
    pub rows: Vec<u32>,
    /// The score level at each position.
    pub scores: Vec<u32>,
    /// The first position of each truth level, then the number of positions.
    pub truth_starts: Vec<u32>,
    /// Number of rows in each score level, worst level first.
    pub score_sizes: Vec<u32>,
}

impl ByTruth {
    /// # Panics
    /// If the slices differ in length.
    pub fn new(truth: &[f64], scores: &[f64]) -> Self {
        assert_eq!(truth.len(), scores.len(), "a ranking needs one score per architecture");
        let levels = Levels::new(scores);
        let sorted = Sorted::new(truth);
        let mut rows: Vec<u32> = sorted.rows().collect();
        let mut truth_starts = Vec::with_capacity(rows.len() + 1);
        let mut start = 0;
        for size in sorted.groups(truth) {
            truth_starts.push(start as u32);
            if size > 1 {
                rows[start..start + size].sort_by_key(|&row| levels.of_row[row as usize]);
            }
            start += size;
        }
        truth_starts.push(start as u32);
        let scores = rows.iter().map(|&row| levels.of_row[row as usize]).collect();
        Self { rows, scores, truth_starts, score_sizes: levels.sizes }
    }

    /// The positions of each level of truth, lowest first.
    pub fn truth_levels(&self) -> impl Iterator<Item = std::ops::Range<usize>> {
        self.truth_starts.windows(2).map(|ends| ends[0] as usize..ends[1] as usize)
    }
}

/// The number of pairs among `count` items.
pub(super) fn pairs_of(count: u64) -> u64 {
    count * count.saturating_sub(1) / 2
}

/// Length of a block that is sorted by comparing all pairs, and of the shortest run that is merged.
pub(super) const BLOCK: usize = 16;

/// Sorts `values`, which must be below 2³¹ − 1, and returns how many pairs were in strictly descending order (bottom-up merge sort).
pub(super) fn inversions(values: &mut Vec<u32>) -> u64 {
    let len = values.len();
    let (blocks, rest) = values.as_chunks_mut();
    let mut count = blocks.iter_mut().map(sort_block).sum::<u64>() + insert(rest);
    let mut scratch = vec![0; if len > BLOCK { len } else { 0 }];
    let mut width = BLOCK;
    while width < len {
        for start in (0..len).step_by(2 * width) {
            let middle = (start + width).min(len);
            let end = (start + 2 * width).min(len);
            let (left, right) = (&values[start..middle], &values[middle..end]);
            let merged = &mut scratch[start..end];
            count +=
                if left.len() == right.len() { merge_halves(left, right, merged) } else { merge(left, right, merged) };
        }
        std::mem::swap(values, &mut scratch);
        width *= 2;
    }
    count
}

/// Sorts a block and returns how many pairs were in strictly descending order. The place of a value is the number of values before it.
fn sort_block(block: &mut [u32; BLOCK]) -> u64 {
    let values = block.map(|value| value as i32);
    let (mut places, mut in_order) = ([0; BLOCK], [0; BLOCK]);
    for (from, &value) in values.iter().enumerate() {
        for at in 0..BLOCK {
            // Equal values keep their order.
            let earlier = i32::from(from < at);
            let goes_before = i32::from(value < values[at] + earlier);
            places[at] += goes_before;
            in_order[at] += goes_before & earlier;
        }
    }
    for (place, value) in places.into_iter().zip(values) {
        block[place as usize % BLOCK] = value as u32;
    }
    pairs_of(BLOCK as u64) - in_order.iter().sum::<i32>() as u64
}

/// [`merge`] of two runs of equal length, from both ends at once up to the middle. The two ends do not depend on each other.
fn merge_halves(left: &[u32], right: &[u32], merged: &mut [u32]) -> u64 {
    let width = left.len();
    let (right, (front, back)) = (&right[..width], merged.split_at_mut(width));
    let (mut l, mut r, mut count) = (0, 0, 0);
    let (mut left_end, mut right_end) = (width, width);
    for (low, high) in front.iter_mut().zip(back.iter_mut().rev()) {
        // Selected without a branch: which run comes next cannot be predicted.
        let (a, b) = (left[l], right[r]);
        let from_right = b < a;
        *low = if from_right { b } else { a };
        count += if from_right { width - l } else { 0 };
        l += usize::from(!from_right);
        r += usize::from(from_right);
        let (a, b) = (left[left_end - 1], right[right_end - 1]);
        let from_left = a > b;
        *high = if from_left { a } else { b };
        count += if from_left { 0 } else { width - left_end };
        left_end -= usize::from(from_left);
        right_end -= usize::from(!from_left);
    }
    count as u64
}

/// Sorts a few values and returns how many pairs were in strictly descending order (insertion sort).
fn insert(values: &mut [u32]) -> u64 {
    let mut count = 0;
    for next in 1..values.len() {
        let (value, mut place) = (values[next], next);
        while place > 0 && values[place - 1] > value {
            values[place] = values[place - 1];
            place -= 1;
        }
        values[place] = value;
        count += (next - place) as u64;
    }
    count
}

/// Merges two ascending runs and returns how many pairs (left, right) have left > right.
fn merge(left: &[u32], right: &[u32], merged: &mut [u32]) -> u64 {
    let (mut l, mut r, mut count) = (0, 0, 0);
    while l < left.len() && r < right.len() {
        let (a, b) = (left[l], right[r]);
        let from_right = b < a;
        merged[l + r] = if from_right { b } else { a };
        count += if from_right { (left.len() - l) as u64 } else { 0 };
        l += usize::from(!from_right);
        r += usize::from(from_right);
    }
    let rest = &mut merged[l + r..];
    rest.copy_from_slice(if l < left.len() { &left[l..] } else { &right[r..] });
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn inversions_are_those_of_brute_force(mut values in prop::collection::vec(0u32..40, 0..300)) {
            let brute = (0..values.len()).flat_map(|j| (0..j).map(move |i| (i, j)));
            let brute = brute.filter(|&(i, j)| values[i] > values[j]).count() as u64;
            let mut expected = values.clone();
            expected.sort_unstable();
            prop_assert_eq!(inversions(&mut values), brute);
            prop_assert_eq!(values, expected);
        }

        #[test]
        fn positions_are_sorted_by_truth_score_and_row(rows in prop::collection::vec((0u8..4, 0u8..4), 0..60)) {
            let (truth, scores): (Vec<f64>, Vec<f64>) = rows.iter().map(|row| (f64::from(row.0), f64::from(row.1))).unzip();
            let by_truth = ByTruth::new(&truth, &scores);
            let mut expected: Vec<u32> = (0..rows.len() as u32).collect();
            expected.sort_by_key(|&row| (rows[row as usize], row));
            prop_assert_eq!(&by_truth.rows, &expected);
            for level in by_truth.truth_levels() {
                let truths = by_truth.rows[level.clone()].iter().map(|&row| rows[row as usize].0);
                prop_assert!(!level.is_empty() && truths.clone().min() == truths.max());
            }
            prop_assert_eq!(by_truth.truth_levels().map(|level| level.len()).sum::<usize>(), rows.len());
            prop_assert!(by_truth.truth_starts.is_sorted());
        }
    }
}
