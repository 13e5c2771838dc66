//! How similar the reactions of the network to images of the same class are.
//!
//! # Formula
//! `J` has a row for each image: the gradient of the sum of all logits by that image. `R_c` is the correlation matrix
//! of the rows whose images have the label `c`. `S_c = Σ_ij ln(|R_c[i, j]| + k)` is over all entries, also those of the
//! diagonal, with `k = 1e-5`.
//! - At most 100 classes: `Σ_c |S_c|`.
//! - More classes: `1/C Σ_c Σ_d |S_c / n_c − S_d / n_d|`. The sums are over the `C` labels that have two images or
//!   more, and `n_c` is the number of images of label `c`. The score is 0 if no label has two images.
//!
//! # Shapes
//! One labelled batch of `n` images. `J` is `[n, 3 · height · width]`, and `R_c` is `[n_c, n_c]` for `n_c` images of
//! the label.
//!
//! # Source
//! Lopes et al., EPE-NAS, ICANN 2021, and its code. The number of classes decides as in the code of `NASLib`.
//!
//! # Known traps
//! The original code never passes the number of classes, so it takes the first form on every data set.
//!
//! A label with one image has the correlation 1 with itself. It adds about `1e-5` in the first form, and nothing in the
//! second. With 64 images of 120 classes, most labels have one image, and the score depends on a few pairs. `S_c` grows
//! with `n_c²`, so scores of different batches or batch sizes cannot be compared.
//!
//! If a row has no variance, as in a cell without a path, the score is NaN. In some networks the exact `J` is 0, and
//! the computed one is rounding. Then the score has the status `rounding`, as that of [`jacob_cov`](super::jacob_cov)
//! has.

use std::collections::BTreeMap;

use super::correlation::correlation;
use crate::estimator::{Estimator, EstimatorError, EstimatorKind, Meta, Need, Probe, Reading, ToleranceClass};
use nas_assay_criteria::Direction;

/// Correlation between the input gradients of images of the same class.
pub struct EpeNas;

const META: Meta<'static> = Meta {
    id: "epe_nas",
    version: 1,
    direction: Direction::Higher,
    kind: EstimatorKind::ZeroShot,
    needs: &[Need::InputGradients],
    tolerance: ToleranceClass::Numeric,
    summary: "Correlation between the input gradients of images of the same class.",
    formula: "sum over labels of |S_c|, S_c = sum ln(|corrcoef(J_c)| + 1e-5); above 100 classes by differences of S_c/n_c",
    source: "Lopes et al., EPE-NAS, ICANN 2021 (code); White et al., NASLib (code)",
};

/// Added to every correlation.
const K: f64 = 1e-5;

/// The largest number of classes for which the sums of the labels are added.
const FEW_CLASSES: usize = 100;

impl Estimator for EpeNas {
    fn meta(&self) -> Meta<'_> {
        META
    }

    fn score(&self, probe: &Probe<'_>) -> Result<Reading, EstimatorError> {
        if probe.input_gradients_are_rounding()? {
            return Ok(Reading::rounding());
        }
        let labels = probe.batch()?.labels.to_vec1::<u32>()?;
        let classes = probe.logits()?.first().map_or(0, Vec::len);
        Ok(Reading::plain(class_score(&probe.input_gradients()?.rows, &labels, classes)))
    }
}

/// The score from the rows of `J`, their labels, and the number of classes of the data set.
fn class_score(rows: &[Vec<f64>], labels: &[u32], classes: usize) -> f64 {
    let mut by_label: BTreeMap<u32, Vec<&[f64]>> = BTreeMap::new();
    for (row, label) in rows.iter().zip(labels) {
        by_label.entry(*label).or_default().push(row);
    }
    let sums = by_label.values().map(|rows| (rows.len(), log_correlations(rows)));
    if classes <= FEW_CLASSES {
        return sums.map(|(_, sum)| sum.abs()).sum();
    }
    let means: Vec<f64> = sums.filter(|(images, _)| *images > 1).map(|(images, sum)| sum / images as f64).collect();
    let differences: f64 = means.iter().flat_map(|a| means.iter().map(move |b| (a - b).abs())).sum();
    differences / means.len().max(1) as f64
}

/// `S_c` of the rows of one label.
fn log_correlations(rows: &[&[f64]]) -> f64 {
    correlation(rows).iter().map(|r| libm::log(r.abs().clamp(0.0, 1.0) + K)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimator::tests::{batch, network, probe};
    use crate::images::Batch;
    use crate::net::Engine;
    use candle_core::{Device, Tensor};
    use nas_assay_spaces::SpaceId;
    use proptest::prelude::*;

    /// Rows of length four and mean zero: with `a` the correlation of `b` is 0, of `c` it is 0.6, and of `-a` it is -1.
    const A: [f64; 4] = [1.0, -1.0, 0.0, 0.0];
    const B: [f64; 4] = [0.0, 0.0, 2.0, -2.0];
    const C: [f64; 4] = [0.6, -0.6, 0.8, -0.8];

    fn rows() -> Vec<Vec<f64>> {
        [A, B, C, A.map(|x| -x), C, B].map(|row| row.to_vec()).to_vec()
    }

    /// Three images of label 4, two of label 0 and one of label 7.
    const LABELS: [u32; 6] = [4, 4, 4, 0, 0, 7];

    fn log(r: f64) -> f64 {
        libm::log(r + K)
    }

    #[test]
    fn up_to_a_hundred_classes_the_sums_of_the_labels_are_added() {
        let three = 3.0 * log(1.0) + 2.0 * (log(0.0) + log(0.6) + log(0.8));
        let two = 2.0 * log(1.0) + 2.0 * log(0.6);
        let by_hand = three.abs() + two.abs() + log(1.0).abs();
        for classes in [10, 100] {
            let found = class_score(&rows(), &LABELS, classes);
            assert!((found - by_hand).abs() < 1e-9, "{found}, not {by_hand}");
        }
    }

    #[test]
    fn above_a_hundred_classes_labels_are_compared_and_single_images_left_out() {
        let three = log(1.0) + (log(0.0) + log(0.6) + log(0.8)) * 2.0 / 3.0;
        let two = log(1.0) + log(0.6);
        let by_hand = (three - two).abs();
        let found = class_score(&rows(), &LABELS, 101);
        assert!((found - by_hand).abs() < 1e-9, "{found}, not {by_hand}");
        assert_eq!(class_score(&rows()[..5], &LABELS[..5], 101), found);
        assert_eq!(class_score(&rows(), &[0, 1, 2, 3, 4, 5], 101), 0.0);
    }

    #[test]
    fn a_row_without_variance_has_no_score() {
        let mut rows = rows();
        rows[1] = vec![0.0; 4];
        assert!(class_score(&rows, &LABELS, 10).is_nan());
        assert!(class_score(&rows, &LABELS, 101).is_nan());
    }

    proptest! {
        /// What the labels are called, the order of images, and the scale and mean of a row change nothing.
        #[test]
        fn only_the_grouping_matters(
            values in prop::collection::vec(prop::collection::vec(-1.0..1.0_f64, 5), 6),
            labels in prop::collection::vec(0..3_u32, 6),
            factor in 0.1..10.0_f64,
            shift in -1.0..1.0_f64,
        ) {
            for classes in [10, 120] {
                let score = class_score(&values, &labels, classes);
                prop_assume!(score.is_finite());
                let named: Vec<u32> = labels.iter().map(|label| 9 - 2 * label).collect();
                let reversed: Vec<u32> = named.iter().rev().copied().collect();
                let moved = |row: &Vec<f64>| row.iter().map(|x| factor * x + shift).collect();
                let moved: Vec<Vec<f64>> = values.iter().rev().map(moved).collect();
                let other = class_score(&moved, &reversed, classes);
                prop_assert!((score - other).abs() < 1e-6 * score.abs().max(1.0), "{score} and {other}");
            }
        }
    }

    /// The labels only group the images: other names of the classes give the same score, another grouping does not. Other images do not
    /// either.
    #[test]
    fn the_grouping_and_the_images_matter_and_the_names_of_classes_do_not() {
        for (place, space) in SpaceId::ALL.into_iter().enumerate() {
            let (architecture, network) = network(space, 90 + place as u64);
            let images = batch(6).images;
            let read = |labels: [u32; 6], images: &Tensor| {
                let batch = Batch { images: images.clone(), labels: Tensor::new(&labels, &Device::Cpu).unwrap() };
                EpeNas.score(&probe(architecture, &network, Engine::Kernels, &batch)).unwrap()
            };
            let score = read([0, 0, 1, 1, 2, 2], &images);
            if score == Reading::rounding() {
                assert!(matches!(space, SpaceId::Nb101 | SpaceId::Nb301), "{space}");
                continue;
            }
            let (value, renamed) = (score.score.value(), read([5, 5, 3, 3, 9, 9], &images).score.value());
            assert!((renamed - value).abs() < 1e-12 * value, "{space}: {value} and {renamed}");
            assert_ne!(read([0, 1, 1, 2, 2, 0], &images), score, "{space}");
            let turned = Tensor::cat(&[&images.narrow(0, 1, 5).unwrap(), &images.narrow(0, 0, 1).unwrap()], 0).unwrap();
            assert_ne!(read([0, 0, 1, 1, 2, 2], &turned), score, "{space}");
        }
    }
}
