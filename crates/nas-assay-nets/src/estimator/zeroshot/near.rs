//! The effective rank of the outputs of each layer.
//!
//! # Formula
//! `Σ_l exp(H(σ_l / Σ σ_l))` over the outputs `l` of convolutions, batch-norms, ReLUs and linear layers. `σ_l` are the
//! singular values of a square part of the output, and `H(q) = −Σ q ln q` is an entropy. A ReLU that a cell computes
//! twice for one tensor is one output.
//!
//! # Shapes
//! One batch of `n` images; labels are not used. The output `[n, c, h, w]` is read as a matrix `[n · h · w, c]`. It has
//! a row for each pixel of each image, row by row of an image, and a column for each channel. The square part has `c`
//! rows of it that follow one another. Their place is drawn from all that fit. If the matrix has fewer than `c` rows,
//! all are taken. Outputs of linear layers are `[n, c]`, with one row for each image.
//!
//! # Source
//! Husistein, Reiher and Eckhoff, NEAR, ICLR 2025; code ReiherGroup/NEAR.
//!
//! # Known traps
//! The effective rank of a layer is between 1 and its number of channels. So the score grows with width and depth. A
//! layer whose output is 0 adds 0.
//!
//! The rows of a layer with fewer channels than pixels are often neighbouring pixels of one image. Then most images
//! count for nothing. Which rows are taken depends on the seed, on the architecture, and on the order of the images.
//!
//! The source draws the places from a generator without a seed, and only among multiples of the width of the image. It
//! takes the pixels of an image column by column. It can repeat the score with new weights and take the mean. Here the
//! weights are as built, and there is one repeat. Pools and sums are not counted.
//!
//! Singular values come from a decomposition of the matrix itself. The eigenvalues of its square would lose those below
//! 1e-8 of the largest.

use crate::estimator::{Estimator, EstimatorError, EstimatorKind, Meta, Need, Probe, Reading, ToleranceClass};
use crate::net::{Layer, host_f64};
use candle_core::Tensor;
use nalgebra::DMatrix;
use nas_assay_base::seed::Stream;
use nas_assay_criteria::Direction;
use std::cell::RefCell;

/// Sum over layers of the effective rank of their outputs.
pub struct Near;

const META: Meta<'static> = Meta {
    id: "near",
    version: 2,
    direction: Direction::Higher,
    kind: EstimatorKind::ZeroShot,
    needs: &[Need::OwnPasses],
    tolerance: ToleranceClass::Numeric,
    summary: "Sum over layers of the effective rank of a square part of their outputs.",
    formula: "sum over outputs of exp(H(q)), q = singular values of a square block of [pixels, channels] over their sum",
    source: "Husistein, Reiher and Eckhoff, NEAR, ICLR 2025 (code ReiherGroup/NEAR)",
};

impl Estimator for Near {
    fn meta(&self) -> Meta<'_> {
        META
    }

    fn score(&self, probe: &Probe<'_>) -> Result<Reading, EstimatorError> {
        let found = RefCell::new((probe.stream(META.id, "offsets"), 0.0, 0_usize));
        let observer = |layer: Layer, y: &Tensor| {
            if layer != Layer::Pool {
                let (stream, sum, outputs) = &mut *found.borrow_mut();
                *sum += effective_rank(&square_part(y, stream)?);
                *outputs += 1;
            }
            Ok(())
        };
        let mut pass = probe.own_pass().untracked().with_layer_observer(&observer);
        probe.network()?.forward(probe.architecture(), &probe.batch()?.images, &mut pass)?;
        let (_, sum, outputs) = found.into_inner();
        Ok(Reading::plain(sum).with("outputs", outputs as f64))
    }
}

/// As many rows of `[n · pixels, c]` as there are columns, from a drawn offset, for an output `[n, c, ...]`.
fn square_part(y: &Tensor, stream: &mut Stream) -> candle_core::Result<DMatrix<f64>> {
    let (images, channels) = (y.dim(0)?, y.dim(1)?);
    let pixels = y.elem_count() / (images * channels);
    let rows = channels.min(images * pixels);
    let start = stream.index(images * pixels - rows + 1);
    let first = start / pixels;
    let last = (start + rows).div_ceil(pixels);
    let values = host_f64(&y.narrow(0, first, last - first)?.contiguous()?)?;
    let value = |row: usize, channel: usize| {
        let (image, pixel) = ((start + row) / pixels - first, (start + row) % pixels);
        values[(image * channels + channel) * pixels + pixel]
    };
    Ok(DMatrix::from_fn(rows, channels, value))
}

/// `exp(H(σ / Σ σ))` for the singular values `σ` of a matrix: 0 if all of them are, and NaN if it has a number that is
/// not finite.
fn effective_rank(matrix: &DMatrix<f64>) -> f64 {
    if matrix.iter().any(|value| !value.is_finite()) {
        return f64::NAN;
    }
    let mut values: Vec<f64> = matrix.singular_values().iter().copied().collect();
    values.sort_by(|a, b| b.total_cmp(a));
    let sum: f64 = values.iter().sum();
    if sum == 0.0 {
        return 0.0;
    }
    let terms = values.iter().map(|value| value / sum).filter(|&q| q > 0.0).map(|q| -q * libm::log(q));
    libm::exp(terms.sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;
    use nas_assay_base::seed::Seed;
    use proptest::prelude::*;

    #[test]
    fn effective_ranks_by_hand() {
        let diagonal = |values: &[f64]| DMatrix::from_diagonal(&nalgebra::DVector::from_row_slice(values));
        assert!((effective_rank(&DMatrix::identity(6, 6)) - 6.0).abs() < 1e-12);
        // A matrix of one row times one column.
        assert!(
            (effective_rank(&DMatrix::from_fn(4, 4, |i, j| (i + 1) as f64 * (2.0 - j as f64))) - 1.0).abs() < 1e-12
        );
        // Singular values 3 and 1: exp(H(3/4, 1/4)) = 4 / 3^(3/4).
        assert!((effective_rank(&diagonal(&[-3.0, 1.0])) - 4.0 / libm::pow(3.0, 0.75)).abs() < 1e-12);
        assert_eq!(effective_rank(&diagonal(&[0.0; 3])), 0.0);
        assert!(effective_rank(&diagonal(&[1.0, f64::NAN])).is_nan());
        assert!(effective_rank(&diagonal(&[1.0, f64::INFINITY])).is_nan());
    }

    /// Each element of `[n, c, h, w]` says where it is.
    #[test]
    fn a_square_part_has_rows_of_pixels_that_follow_one_another() {
        for shape in [[3, 5, 2, 2], [2, 7, 4, 4], [3, 4, 1, 1], [2, 9, 1, 2], [4, 1, 3, 3]] {
            let [images, channels, height, width] = shape;
            let pixels = height * width;
            let places: Vec<f64> = (0..images * channels * pixels).map(|place| place as f64).collect();
            let y = Tensor::from_vec(places, &shape[..], &Device::Cpu).unwrap();
            let rows = channels.min(images * pixels);
            let mut offsets = std::collections::BTreeSet::new();
            for draw in 0..200 {
                let part = square_part(&y, &mut Seed::root(draw).stream()).unwrap();
                assert_eq!(part.shape(), (rows, channels));
                let place = |row: usize| {
                    (0..images * pixels)
                        .find(|r| part[(row, 0)] == ((r / pixels) * channels * pixels + r % pixels) as f64)
                        .unwrap()
                };
                for row in 0..rows {
                    assert_eq!(place(row), place(0) + row);
                    for channel in 0..channels {
                        assert_eq!(part[(row, channel)], part[(row, 0)] + (channel * pixels) as f64);
                    }
                }
                offsets.insert(place(0));
            }
            // All offsets are drawn.
            assert_eq!(offsets.len(), images * pixels - rows + 1, "{shape:?}");
        }
    }

    proptest! {
        /// The scale of a matrix and the order of its rows change nothing, and the rank is between 1 and the number of
        /// columns.
        #[test]
        fn effective_ranks_have_no_scale(values in prop::collection::vec(-1.0..1.0_f64, 36), power in -40..40_i32) {
            let matrix = DMatrix::from_row_slice(6, 6, &values);
            let rank = effective_rank(&matrix);
            prop_assert!((1.0 - 1e-12..=6.0 + 1e-12).contains(&rank), "{rank}");
            let turned = DMatrix::from_fn(6, 6, |i, j| matrix[(5 - i, j)] * 2f64.powi(power));
            prop_assert!((effective_rank(&turned) - rank).abs() < 1e-10);
            // The columns are not alike: with one of them much larger, the rank is nearly one.
            let stretched = DMatrix::from_fn(6, 6, |i, j| matrix[(i, j)] * if j == 0 { 1e6 } else { 1.0 });
            prop_assert!(effective_rank(&stretched) < rank);
        }
    }
}
