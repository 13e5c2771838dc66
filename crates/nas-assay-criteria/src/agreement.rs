//! How well rankings agree with each other: Kendall's tau-b of every two, and an order in which those that agree stand together.

use rayon::prelude::*;

use crate::rank::PairCounts;

/// Kendall's tau-b of every two score vectors: a square matrix with a row and a column for each of them, in their order.
///
/// Each vector has one score per architecture. Scores that are not finite rank below every finite one and tie with each other. A value is
/// `None` where one of the two vectors does not rank at all, since all its scores are the same; so it is on the diagonal then, which else is 1.
/// The order of the two does not matter. Each value is that of [`PairCounts::tau_b`].
///
/// # Panics
/// If the vectors differ in length.
///
/// ```
/// use nas_assay_criteria::agreement;
///
/// let found = agreement(&[&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0], &[5.0, 5.0, 5.0]]);
/// assert_eq!(found[0], [Some(1.0), Some(-1.0), None]);
/// assert_eq!(found[1], [Some(-1.0), Some(1.0), None]);
/// assert_eq!(found[2], [None; 3]);
/// ```
pub fn agreement(scores: &[&[f64]]) -> Vec<Vec<Option<f64>>> {
    // The lower triangle with the diagonal; each value is computed on its own, so that threads do not matter.
    let lower: Vec<Vec<Option<f64>>> = scores
        .par_iter()
        .enumerate()
        .map(|(row, of)| scores[..=row].iter().map(|with| PairCounts::new(with, of).tau_b()).collect())
        .collect();
    let at = |row: usize, column: usize| if column <= row { lower[row][column] } else { lower[column][row] };
    (0..scores.len()).map(|row| (0..scores.len()).map(|column| at(row, column)).collect()).collect()
}

/// An order of the rows of an [`agreement`] in which those that agree stand together: their places in the matrix.
///
/// Rows are joined one after the other to groups by the mean of their values (average linkage), the most alike first, of equal ones the
/// first; a group keeps its order, and the one whose first row stands before is put first. Where a value is undefined it counts as 0.
///
/// ```
/// use nas_assay_criteria::{agreement, order_by_agreement};
///
/// let found = agreement(&[&[1.0, 2.0, 3.0, 4.0], &[4.0, 3.0, 2.0, 1.0], &[1.0, 2.0, 4.0, 3.0]]);
/// assert_eq!(order_by_agreement(&found), [0, 2, 1]);
/// ```
pub fn order_by_agreement(agreement: &[Vec<Option<f64>>]) -> Vec<usize> {
    let mut groups: Vec<Vec<usize>> = (0..agreement.len()).map(|place| vec![place]).collect();
    let mean = |one: &[usize], other: &[usize]| {
        let values = one.iter().flat_map(|&row| other.iter().map(move |&column| agreement[row][column].unwrap_or(0.0)));
        values.sum::<f64>() / (one.len() * other.len()) as f64
    };
    while groups.len() > 1 {
        let mut best = (0, 1, f64::NEG_INFINITY);
        for first in 0..groups.len() {
            for second in first + 1..groups.len() {
                let mean = mean(&groups[first], &groups[second]);
                if mean > best.2 {
                    best = (first, second, mean);
                }
            }
        }
        // The groups are in the order of their first rows, and stay so.
        let joined = groups.remove(best.1);
        groups[best.0].extend(joined);
    }
    groups.pop().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Vectors of one length with ties and scores that are not finite.
    fn vectors() -> impl Strategy<Value = Vec<Vec<f64>>> {
        let score = prop_oneof![4 => (0..5i32).prop_map(f64::from), 1 => Just(f64::NAN), 1 => Just(f64::INFINITY)];
        (0..12usize).prop_flat_map(move |rows| prop::collection::vec(prop::collection::vec(score.clone(), rows), 0..6))
    }

    proptest! {
        #[test]
        fn it_is_symmetric_with_a_diagonal_of_one_and_the_tau_b_of_each_pair(vectors in vectors()) {
            let scores: Vec<&[f64]> = vectors.iter().map(Vec::as_slice).collect();
            let found = agreement(&scores);
            prop_assert_eq!(found.len(), scores.len());
            for (row, of) in found.iter().enumerate() {
                prop_assert_eq!(of.len(), scores.len());
                for (column, value) in of.iter().enumerate() {
                    prop_assert_eq!(*value, PairCounts::new(scores[row], scores[column]).tau_b());
                    prop_assert_eq!(*value, found[column][row]);
                }
                // All scores that are not finite tie.
                let ranks = |score: f64| if score.is_finite() { score } else { -1.0 };
                let is_constant = scores[row].iter().all(|&score| ranks(score) == ranks(scores[row][0]));
                prop_assert_eq!(of[row], (!is_constant).then_some(1.0));
            }
        }

        #[test]
        fn an_order_has_each_row_once_and_a_matrix_follows_its_vectors(vectors in vectors(), turn in 0..5usize) {
            let scores: Vec<&[f64]> = vectors.iter().map(Vec::as_slice).collect();
            let order = order_by_agreement(&agreement(&scores));
            let mut sorted = order.clone();
            sorted.sort_unstable();
            prop_assert_eq!(sorted, (0..scores.len()).collect::<Vec<_>>());
            prop_assert!(order.first().is_none_or(|&first| first == 0));
            let mut turned = scores.clone();
            turned.rotate_left(turn.min(scores.len()));
            let found = agreement(&turned);
            let same = |row: usize, column: usize| {
                let places = [row, column].map(|place| (place + turn.min(scores.len())) % scores.len());
                PairCounts::new(scores[places[0]], scores[places[1]]).tau_b()
            };
            for (row, of) in found.iter().enumerate() {
                prop_assert!(of.iter().enumerate().all(|(column, value)| *value == same(row, column)));
            }
        }
    }

    #[test]
    fn rankings_that_agree_stand_together() {
        // Two of one kind, two of another, one against all.
        let up: Vec<f64> = (0..20).map(f64::from).collect();
        let halves: Vec<f64> = (0..20).map(|row| f64::from((row * 7) % 20)).collect();
        let down: Vec<f64> = up.iter().map(|score| -score).collect();
        let nearly =
            |scores: &[f64]| scores.iter().enumerate().map(|(row, score)| score + f64::from(row == 3)).collect();
        let (up_too, halves_too): (Vec<f64>, Vec<f64>) = (nearly(&up), nearly(&halves));
        let all: [&[f64]; 5] = [&up, &halves, &down, &halves_too, &up_too];
        let order = order_by_agreement(&agreement(&all));
        let place = |row: usize| order.iter().position(|&found| found == row).unwrap();
        assert_eq!([place(0).abs_diff(place(4)), place(1).abs_diff(place(3))], [1, 1], "{order:?}");
        assert_eq!(order_by_agreement(&[]), [0; 0]);
    }
}
