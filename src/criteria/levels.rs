//! Scores as dense integer levels, the form in which rankings are counted exactly.

/// A score as rankings see it: higher is better, and anything that is not finite lies below everything finite.
///
/// NaN and both infinities become −∞, so that they tie with one another at the bottom; −0 becomes +0, so that
/// [`f64::total_cmp`] and `==` agree on what a tie is.
pub(super) fn settle(score: f64) -> f64 {
    if score.is_finite() { score + 0.0 } else { f64::NEG_INFINITY }
}

/// Dense levels of a score vector: equal scores share a level, level 0 is the worst.
#[derive(Clone, Debug)]
pub(super) struct Levels {
    /// The level of each row.
    pub of_row: Vec<u32>,
    /// How many rows each level holds, worst first.
    pub sizes: Vec<u32>,
}

impl Levels {
    pub fn new(scores: &[f64]) -> Self {
        let settled: Vec<f64> = scores.iter().copied().map(settle).collect();
        let mut ascending: Vec<usize> = (0..settled.len()).collect();
        ascending.sort_by(|&a, &b| settled[a].total_cmp(&settled[b]));
        let mut of_row = vec![0; settled.len()];
        let mut sizes = Vec::new();
        for group in ascending.chunk_by(|&a, &b| settled[a] == settled[b]) {
            for &row in group {
                of_row[row] = sizes.len() as u32;
            }
            sizes.push(group.len() as u32);
        }
        Self { of_row, sizes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
