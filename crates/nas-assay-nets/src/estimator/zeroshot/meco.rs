//! For each tensor of the network, the smallest eigenvalue of the correlation between its channels.
//!
//! # Formula
//! - `meco`: `Σ_t λ_min(P_t)` over the tensors `t`. `P_t` is the matrix of Pearson's correlations between the `n`
//!   channels of `t`, over its `p` pixels. Correlations that are not finite are replaced by 0, also on the diagonal.
//! - `meco_opt`: `Σ_t n/8 · λ_min(P_t)`, where `P_t` has 8 of the channels. They are drawn without replacement for
//!   every tensor. A tensor with fewer channels has all of them in `P_t`, and weight 1.
//!
//! The tensors are the outputs of convolutions, batch-norms, ReLUs, pools and linear layers. They are also the feature
//! maps of the stem, of cells or blocks, and of reductions. Each tensor counts once: a feature map that is the output
//! of a layer is not counted again. A ReLU or a pool that a cell computes twice for one tensor counts once, too. So
//! isomorphic cells have equal scores.
//!
//! # Shapes
//! No batch: one image `[1, 3, 64, 64]` of Gaussian noise, the same for all architectures and for both estimators.
//! `P_t` is `[n, n]`, or `[8, 8]`. Batch-norm uses the statistics of that image.
//!
//! # Source
//! Jiang et al., `MeCo`, `NeurIPS` 2023; code HamsterMimi/MeCo, the variant with noise of 64 by 64 pixels.
//!
//! # Known traps
//! The source sums over all modules of its model, also over those that contain other modules. So a tensor counts once
//! for each module whose output it is, and the score depends on how the model is nested. Here it does not.
//!
//! A tensor adds exactly 0 in these cases:
//! - A channel has no variance, as after a ReLU that passes nothing. Then `P_t` is singular.
//! - It has no more pixels than channels. Then `P_t` is singular. Vectors have one pixel, so the classifier adds 0.
//! - It has one channel.
//!
//! The source adds the rounding errors of singular matrices. The detail `singular` counts the tensors that add 0. With
//! 8 channels, `meco_opt` loses fewer tensors. The source draws these channels from a generator without a seed.

use crate::estimator::zeroshot::correlation::correlation_by;
use crate::estimator::{Estimator, EstimatorError, EstimatorKind, Meta, Need, Probe, Reading, ToleranceClass};
use crate::net::{Engine, Layer, host_f64};
use candle_core::{DType, Device, Tensor, TensorId};
use nas_assay_base::seed::Stream;
use nas_assay_criteria::Direction;
use std::cell::RefCell;
use std::collections::HashSet;

/// Height and width of the image.
const SIDE: usize = 64;

/// Channels that `meco_opt` draws.
const DRAWN: usize = 8;

/// What makes tensors, in the order of the details.
const KINDS: [&str; 6] = ["convolutions", "batch_norms", "relus", "pools", "linear_layers", "feature_maps"];

/// The place of feature maps among the kinds.
const FEATURE_MAP: usize = 5;

/// Sum of smallest eigenvalues of correlations between channels.
pub struct Meco {
    meta: Meta<'static>,
    /// Whether a few channels of each tensor stand for all.
    drawn: bool,
}

/// The properties that both estimators share.
const META: Meta<'static> = Meta {
    id: "",
    version: 2,
    direction: Direction::Higher,
    kind: EstimatorKind::ZeroShot,
    needs: &[Need::OwnPasses],
    tolerance: ToleranceClass::Numeric,
    summary: "",
    formula: "",
    source: "Jiang et al., MeCo, NeurIPS 2023 (code HamsterMimi/MeCo)",
};

/// All channels of each tensor.
pub const MECO: Meco = Meco {
    meta: Meta {
        id: "meco",
        summary: "Sum over tensors of the smallest eigenvalue of the correlation between their channels.",
        formula: "sum over tensors of the smallest eigenvalue of corrcoef(channels), one noise image",
        ..META
    },
    drawn: false,
};

/// Eight drawn channels of each tensor.
pub const MECO_OPT: Meco = Meco {
    meta: Meta {
        id: "meco_opt",
        summary: "Sum over tensors of the smallest eigenvalue of the correlation between eight drawn channels.",
        formula: "sum over tensors of channels/8 * smallest eigenvalue of corrcoef(8 drawn channels), one noise image",
        ..META
    },
    drawn: true,
};

impl Estimator for Meco {
    fn meta(&self) -> Meta<'_> {
        self.meta
    }

    fn score(&self, probe: &Probe<'_>) -> Result<Reading, EstimatorError> {
        let draws = self.drawn.then(|| probe.stream(self.meta.id, "channels"));
        let found = RefCell::new(Contributions::new(probe.engine(), draws));
        let layer = |layer: Layer, y: &Tensor| found.borrow_mut().add(place(layer), y);
        let mut feature = |name: &str, x: &Tensor| match name {
            "features" | "pooled" => Ok(()),
            _ => found.borrow_mut().add(FEATURE_MAP, x),
        };
        let mut pass = probe.own_pass().untracked().with_layer_observer(&layer).with_feature_observer(&mut feature);
        probe.network()?.forward(probe.architecture(), &image(probe)?, &mut pass)?;
        drop(pass);
        Ok(found.into_inner().reading())
    }
}

/// The place of a layer among the kinds.
fn place(layer: Layer) -> usize {
    match layer {
        Layer::Conv(_) => 0,
        Layer::Norm => 1,
        Layer::Relu => 2,
        Layer::Pool => 3,
        Layer::Linear(_) => 4,
    }
}

/// The image that all architectures see, in the type of the network and on its device.
fn image(probe: &Probe<'_>) -> Result<Tensor, EstimatorError> {
    let mut stream = probe.shared_stream("meco", "noise");
    let pixels: Vec<f64> = (0..3 * SIDE * SIDE).map(|_| stream.normal()).collect();
    let image = Tensor::from_vec(pixels, (1, 3, SIDE, SIDE), &Device::Cpu)?;
    let (dtype, device) = match probe.network()?.params().iter().next() {
        Some(param) => (param.var.dtype(), param.var.device()),
        None => (DType::F32, &Device::Cpu),
    };
    Ok(image.to_dtype(dtype)?.to_device(device)?)
}

/// What the tensors of a pass add to the score.
struct Contributions {
    engine: Engine,
    /// Where channels are drawn from; `None` for all channels.
    draws: Option<Stream>,
    seen: HashSet<TensorId>,
    sum: f64,
    by_kind: [f64; KINDS.len()],
    singular: usize,
}

impl Contributions {
    fn new(engine: Engine, draws: Option<Stream>) -> Self {
        Self { engine, draws, seen: HashSet::new(), sum: 0.0, by_kind: [0.0; KINDS.len()], singular: 0 }
    }

    /// Adds a tensor `[1, n, ...]`, unless it was added before.
    fn add(&mut self, kind: usize, x: &Tensor) -> candle_core::Result<()> {
        if self.seen.insert(x.id()) {
            let values = host_f64(x)?;
            let channels: Vec<&[f64]> = values.chunks((values.len() / x.dim(1)?.max(1)).max(1)).collect();
            let (value, weight) = match &mut self.draws {
                Some(stream) if channels.len() > DRAWN => {
                    let drawn = stream.choose(channels.len(), DRAWN).into_iter().map(|channel| channels[channel]);
                    (
                        smallest_eigenvalue(self.engine, &drawn.collect::<Vec<_>>())?,
                        channels.len() as f64 / DRAWN as f64,
                    )
                }
                _ => (smallest_eigenvalue(self.engine, &channels)?, 1.0),
            };
            let term = weight * value.unwrap_or(0.0);
            self.singular += usize::from(value.is_none());
            self.sum += term;
            self.by_kind[kind] += term;
        }
        Ok(())
    }

    fn reading(self) -> Reading {
        let reading =
            KINDS.iter().zip(self.by_kind).fold(Reading::plain(self.sum), |r, (kind, sum)| r.with(*kind, sum));
        reading.with("tensors", self.seen.len() as f64).with("singular", self.singular as f64)
    }
}

/// The smallest eigenvalue of the correlation between rows; `None` if it is 0 because of their number or because one
/// has no variance.
fn smallest_eigenvalue(engine: Engine, rows: &[&[f64]]) -> candle_core::Result<Option<f64>> {
    let pixels = rows.first().map_or(0, |row| row.len());
    if rows.len() < 2 || pixels <= rows.len() {
        return Ok(None);
    }
    let correlation = correlation_by(engine, rows)?;
    Ok(correlation.map(|found| found.symmetric_eigenvalues().iter().copied().fold(f64::INFINITY, f64::min)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::DMatrix;
    use nas_assay_base::seed::Seed;
    use proptest::prelude::*;

    /// Row `row` of the Hadamard matrix of a power of two: rows are orthogonal, and all but the first have the mean 0.
    fn hadamard(row: usize, length: usize) -> Vec<f64> {
        (0..length).map(|column| if (row & column).count_ones().is_multiple_of(2) { 1.0 } else { -1.0 }).collect()
    }

    fn tensor(rows: &[Vec<f64>]) -> Tensor {
        Tensor::from_vec(rows.concat(), (1, rows.len(), 1, rows[0].len()), &Device::Cpu).unwrap()
    }

    fn contribution(rows: &[Vec<f64>], drawn: bool) -> Contributions {
        let draws = drawn.then(|| Seed::root(1).stream());
        let mut found = Contributions::new(Engine::Kernels, draws);
        found.add(2, &tensor(rows)).unwrap();
        found
    }

    #[test]
    fn uncorrelated_channels_add_one_and_drawn_ones_an_eighth_of_their_number() {
        for (channels, pixels, all, few) in [(2, 4, 1.0, 1.0), (7, 16, 1.0, 1.0), (8, 16, 1.0, 1.0), (12, 16, 1.0, 1.5)]
        {
            let rows: Vec<Vec<f64>> = (1..=channels).map(|row| hadamard(row, pixels)).collect();
            for (drawn, expected) in [(false, all), (true, few)] {
                let found = contribution(&rows, drawn);
                assert!((found.sum - expected).abs() < 1e-12, "{channels} channels: {}", found.sum);
                assert_eq!((found.by_kind[2], found.singular), (found.sum, 0));
            }
        }
    }

    #[test]
    fn two_channels_with_correlation_r_add_one_minus_its_size() {
        for sign in [1.0, -1.0] {
            let rows = [vec![1.0, 2.0, 3.0, 4.0], vec![2.0, 1.0, 4.0, 3.0].into_iter().map(|x| sign * x).collect()];
            assert!((contribution(&rows, false).sum - 0.4).abs() < 1e-12);
        }
    }

    #[test]
    fn dead_channels_vectors_and_single_channels_add_nothing() {
        let (a, b) = (hadamard(1, 8), hadamard(2, 8));
        let cases: [&[Vec<f64>]; 4] = [
            &[a.clone(), vec![0.0; 8], b.clone()],
            &[vec![1.0], vec![2.0]],
            std::slice::from_ref(&a),
            &[vec![f64::NAN; 8], b],
        ];
        for rows in cases {
            for drawn in [false, true] {
                let found = contribution(rows, drawn);
                assert_eq!((found.sum, found.singular, found.seen.len()), (0.0, 1, 1), "{rows:?}");
            }
        }
    }

    #[test]
    fn a_tensor_counts_once_and_an_equal_one_again() {
        let rows = [hadamard(1, 4), hadamard(2, 4)];
        let mut found = Contributions::new(Engine::Kernels, None);
        let x = tensor(&rows);
        for (kind, x) in [(0, x.clone()), (FEATURE_MAP, x), (FEATURE_MAP, tensor(&rows))] {
            found.add(kind, &x).unwrap();
        }
        assert!((found.sum - 2.0).abs() < 1e-12);
        let reading = found.reading();
        let detail = |name: &str| reading.details.iter().find(|(found, _)| found == name).unwrap().1.value();
        assert!((detail("convolutions") - 1.0).abs() < 1e-12 && (detail("feature_maps") - 1.0).abs() < 1e-12);
        assert_eq!((detail("tensors"), detail("singular"), detail("relus")), (2.0, 0.0, 0.0));
    }

    proptest! {
        /// The eigenvalue is the square of the smallest singular value of the standardised channels. With no more
        /// pixels than channels that is 0, as it is here by rule.
        #[test]
        fn the_eigenvalue_is_the_square_of_a_singular_value(
            values in prop::collection::vec(-1.0..1.0_f64, 60),
            channels in prop::sample::select(vec![2_usize, 3, 4, 5, 6, 10, 12, 20]),
        ) {
            let rows: Vec<Vec<f64>> = values.chunks(60 / channels).map(<[f64]>::to_vec).collect();
            let standard: Vec<f64> = rows
                .iter()
                .flat_map(|row| {
                    let mean = row.iter().sum::<f64>() / row.len() as f64;
                    let size = row.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>().sqrt();
                    row.iter().map(move |x| (x - mean) / size)
                })
                .collect();
            let wide = DMatrix::from_row_slice(channels, 60 / channels, &standard);
            // Of a matrix with fewer columns than rows, the other singular values are 0.
            let smallest = if channels > 60 / channels { 0.0 } else { wide.singular_values().min() };
            let found = contribution(&rows, false);
            prop_assert!((found.sum - smallest * smallest).abs() < 1e-9, "{} and {smallest}", found.sum);
            prop_assert!(found.sum <= 1.0 + 1e-12);
        }
    }
}
