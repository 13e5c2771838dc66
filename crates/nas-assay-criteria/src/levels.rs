//! Scores as integer levels, so that rankings can be counted exactly.

/// A score in the form that can be ranked: higher is better, and every score that is not finite is below every finite one.
///
/// NaN and both infinities become −∞, so they tie at the bottom. −0 becomes +0, so [`f64::total_cmp`] and `==` agree about ties.
pub(super) fn rankable(score: f64) -> f64 {
    if score.is_finite() { score + 0.0 } else { f64::NEG_INFINITY }
}

/// The [`rankable`] score as an integer with the same order.
fn key(score: f64) -> u64 {
    let bits = rankable(score).to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

/// The rows from the lowest to the highest [`rankable`] score; rows of equal score in ascending order.
pub(super) fn ascending(scores: &[f64]) -> Vec<u32> {
    Sorted::new(scores).rows().collect()
}

/// The rows from the highest to the lowest [`rankable`] score; rows of equal score in ascending order.
pub(super) fn descending(scores: &[f64]) -> Vec<u32> {
    Sorted::by(scores, |score| !key(score)).rows().collect()
}

/// Rows sorted by score.
pub(super) struct Sorted {
    /// For each row, its key with the low bits replaced by the row number.
    packed: Vec<u64>,
    /// Mask of the bits that hold the row number.
    low: u64,
}

impl Sorted {
    /// The rows from the lowest to the highest [`rankable`] score; rows of equal score in ascending order.
    pub fn new(scores: &[f64]) -> Self {
        Self::by(scores, key)
    }

    /// Sorts the rows by `key` of their scores, then by row. The high bits of the key and the row number share one word, so plain integers
    /// are sorted first; rows with equal high bits are then sorted by their whole keys.
    fn by(scores: &[f64], key: impl Fn(f64) -> u64) -> Self {
        let low = scores.len().next_power_of_two() as u64 - 1;
        let mut packed: Vec<u64> = scores.iter().zip(0..).map(|(&score, row)| key(score) & !low | row).collect();
        sort_high_bits(&mut packed);
        for alike in packed.chunk_by_mut(|a, b| (a ^ b) >> UNSORTED == 0).filter(|alike| alike.len() > 1) {
            alike.sort_unstable();
            for alike in alike.chunk_by_mut(|a, b| (a ^ b) & !low == 0).filter(|alike| alike.len() > 1) {
                let whole = |packed: u64| key(scores[(packed & low) as usize]);
                let first = whole(alike[0]);
                if alike.iter().any(|&packed| whole(packed) != first) {
                    alike.sort_unstable_by_key(|&packed| (whole(packed), packed));
                }
            }
        }
        Self { packed, low }
    }

    /// The rows in sorted order.
    pub fn rows(&self) -> impl Iterator<Item = u32> {
        self.packed.iter().map(|packed| (packed & self.low) as u32)
    }

    /// How many rows share each score, in sorted order. `scores` must be the scores that were sorted.
    pub fn groups(&self, scores: &[f64]) -> impl Iterator<Item = usize> {
        let score = |packed: u64| rankable(scores[(packed & self.low) as usize]);
        // Different high bits mean different scores. Otherwise the whole scores are compared.
        let equal = move |a: &u64, b: &u64| (a ^ b) & !self.low == 0 && score(*a) == score(*b);
        self.packed.chunk_by(equal).map(<[u64]>::len)
    }
}

/// Bits per digit of [`sort_high_bits`].
const DIGIT: u32 = 11;

/// Number of low bits that [`sort_high_bits`] ignores. The three digits above them are a score's sign, its exponent and 21 bits of its
/// mantissa.
const UNSORTED: u32 = u64::BITS - 3 * DIGIT;

/// Sorts by the high bits and keeps the order of values that agree in them (radix sort from the lowest digit). A short vector is sorted by
/// all bits instead.
fn sort_high_bits(values: &mut Vec<u64>) {
    if values.len() < 1 << DIGIT {
        return values.sort_unstable();
    }
    let mut sorted = vec![0; values.len()];
    for shift in (UNSORTED..u64::BITS).step_by(DIGIT as usize) {
        let digit = |value: u64| (value >> shift) as usize & ((1 << DIGIT) - 1);
        let mut places = [0usize; 1 << DIGIT];
        for &value in &*values {
            places[digit(value)] += 1;
        }
        if values.first().is_none_or(|&first| places[digit(first)] == values.len()) {
            continue;
        }
        let mut place = 0;
        for count in &mut places {
            place += std::mem::replace(count, place);
        }
        for &value in &*values {
            let place = &mut places[digit(value)];
            sorted[*place] = value;
            *place += 1;
        }
        std::mem::swap(values, &mut sorted);
    }
}

/// The levels of a score vector: equal scores share a level, and level 0 is the worst. No level is empty.
#[derive(Clone, Debug)]
pub(super) struct Levels {
    /// The level of each row.
    pub of_row: Vec<u32>,
    /// How many rows each level holds, worst first.
    pub sizes: Vec<u32>,
}

impl Levels {
    pub fn new(scores: &[f64]) -> Self {
        let sorted = Sorted::new(scores);
        let mut of_row = vec![0; scores.len()];
        let sizes: Vec<u32> = sorted.groups(scores).map(|size| size as u32).collect();
        let mut rows = sorted.rows();
        for (&size, level) in sizes.iter().zip(0..) {
            for row in rows.by_ref().take(size as usize) {
                of_row[row as usize] = level;
            }
        }
        Self { of_row, sizes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_not_finite_ties_at_the_bottom() {
        let levels = Levels::new(&[f64::NAN, 1.0, f64::INFINITY, -3.0, f64::NEG_INFINITY, 1.0, -0.0, 0.0]);
        assert_eq!(levels.of_row, [0, 3, 0, 1, 0, 3, 2, 2]);
        assert_eq!(levels.sizes, [3, 1, 2, 2]);
    }

    #[test]
    fn the_lowest_finite_score_still_beats_infinity() {
        assert_eq!(Levels::new(&[f64::INFINITY, f64::MIN]).of_row, [0, 1]);
    }

    #[test]
    fn no_bit_of_a_score_is_lost() {
        // Scores that differ only in the last bits, where the row number is stored, or only in bits that the radix sort ignores.
        for (rows, step) in [(100, 1), (100, 1 << 20), (5_000, 1), (5_000, 1 << 20), (5_000, 1 << 40)] {
            let scores: Vec<f64> =
                (0..rows).map(|row| f64::from_bits(1.0f64.to_bits() + row * 37 % 64 * step)).collect();
            let mut expected: Vec<u32> = (0..rows as u32).collect();
            expected.sort_by(|&a, &b| scores[a as usize].total_cmp(&scores[b as usize]));
            assert_eq!(ascending(&scores), expected);
            assert_eq!(Levels::new(&scores).sizes.len(), 64);
        }
        assert_eq!((ascending(&[]), descending(&[]), ascending(&[f64::NAN])), (vec![], vec![], vec![0]));
    }

    /// Scores that are equal, nearly equal, or not finite.
    fn near() -> impl Strategy<Value = f64> {
        prop_oneof![
            4 => (0u64..8, any::<bool>()).prop_map(|(bits, negative)| {
                let score = f64::from_bits(1.0f64.to_bits() + bits);
                if negative { -score } else { score }
            }),
            1 => prop::num::f64::ANY,
        ]
    }

    proptest! {
        #[test]
        fn orders_are_those_of_a_stable_sort(few in prop::collection::vec(near(), 0..200), many in any::<bool>()) {
            // Long enough for the radix sort, or not.
            let scores: Vec<f64> = few.iter().copied().cycle().take(if many { 3_000 } else { few.len() }).collect();
            let mut expected: Vec<u32> = (0..scores.len() as u32).collect();
            let ranked = |row: &u32| rankable(scores[*row as usize]);
            expected.sort_by(|a, b| ranked(a).total_cmp(&ranked(b)));
            prop_assert_eq!(ascending(&scores), expected.clone());
            let levels = Levels::new(&scores);
            prop_assert_eq!(levels.sizes.iter().sum::<u32>() as usize, scores.len());
            for pair in expected.windows(2) {
                let step = levels.of_row[pair[1] as usize] - levels.of_row[pair[0] as usize];
                prop_assert_eq!(step, u32::from(ranked(&pair[0]) < ranked(&pair[1])));
            }
            expected.sort_by(|a, b| ranked(b).total_cmp(&ranked(a)).then(a.cmp(b)));
            prop_assert_eq!(descending(&scores), expected);
        }
    }
}
