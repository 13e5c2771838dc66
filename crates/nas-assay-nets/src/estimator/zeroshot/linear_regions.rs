//! The number of linear regions of a thin network in which small patches of images lie.
//!
//! # Formula
//! `A` has a row for each patch, and a column for each element of every executed `ReLU`. It has a 1 where the input of
//! the `ReLU` is above zero. The score is the number of distinct rows of `A`, averaged over three draws of weights.
//! Patches with equal rows are in one region. Within a region, the network is a linear map.
//!
//! # Shapes
//! 3,000 patches, in three batches of 1,000. A patch has 3 × 3 pixels of one channel of an image of the batch. Image,
//! channel and place are drawn for each patch. All architectures see the same patches. Labels are not used.
//!
//! The weights are drawn anew three times: normal with variance `2 / fan_in` (Kaiming). Batch-norms have scale 1 and
//! shift 0, and use the statistics of the 1,000 patches.
//!
//! The score is between 1 and 3,000. The detail `share` is the number of regions divided by the number of patches. It
//! is 1 if no two patches are in one region. The detail `units` is the number of columns.
//!
//! # Source
//! Chen et al., Neural Architecture Search on `ImageNet` in Four GPU Hours (TE-NAS), ICLR 2021, and its code.
//!
//! # Known traps
//! The rows are counted, not the columns as in [`swap`](super::swap). In a network with many units, every patch is in a
//! region of its own. Then the score is the number of patches, and ports that feed whole images get nothing else. So
//! the patches are small and the network is thin, as in the source. If the share is near 1 for most architectures, the
//! score says nothing about them.
//!
//! The thin network has no stem: its first cell reads the patches.
//! - NAS-Bench-201: one channel and one cell, then a batch-norm with `ReLU`, as in the source.
//! - NAS-Bench-301: three channels, and each of them holds the patch. A normal cell of one channel and a reduction
//!   cell of two follow, then a batch-norm with `ReLU`. The source has one channel there.
//! - NAS-Bench-101: one cell. It has the fewest channels with which every vertex gets at least one. All channels of its
//!   input hold the patch. The source does not have this space.
//! - Design spaces: all blocks, because depths and widths are what is searched. Widths are divided by 4. All channels
//!   of the stem hold the patch. The source does not have these spaces either. Most of these networks are too wide: the
//!   share is near 1.
//!
//! The source does not score single networks. It removes operations from a supernet, and ranks the removals by the
//! relative change of this number. For each draw of weights, it takes patches of other images. The weights are drawn
//! anew, so the score does not depend on the network's own weights. Training cannot change it.
//!
//! TE-NAS itself is a vote: it adds the ranks by this score and by [`ntk_cond`](super::ntk_cond). This is the vote rule
//! `borda`.

use std::cell::RefCell;

use candle_core::{DType, Device, Tensor};

use super::kaiming;
use crate::estimator::probe::set_normal_weights;
use crate::estimator::{
    Estimator, EstimatorError, EstimatorKind, Meta, Need, Probe, Reading, ReluPatterns, ToleranceClass,
};
use crate::net::{Engine, ForwardPass, Init, NetConfig, Network, host_f64};
use nas_assay_base::seed::Stream;
use nas_assay_criteria::Direction;
use nas_assay_spaces::{Architecture, Skeleton, nb101, nb201, nb301, nds};

/// Number of linear regions in which patches lie.
pub struct LinearRegions;

const META: Meta<'static> = Meta {
    id: "linear_regions",
    version: 1,
    direction: Direction::Higher,
    kind: EstimatorKind::ZeroShot,
    needs: &[Need::OwnPasses],
    tolerance: ToleranceClass::Numeric,
    summary: "Number of linear regions of a thin network in which 3,000 patches of 3 by 3 pixels lie.",
    formula: "number of distinct rows of A, A_iv = 1 where the input of ReLU unit v is above 0 for patch i; mean of 3 draws",
    source: "Chen et al., TE-NAS, ICLR 2021 (code)",
};

/// Height and width of a patch.
const SIDE: usize = 3;

/// Patches of a batch.
const PATCHES: usize = 1000;

/// Batches of a draw of weights.
const BATCHES: usize = 3;

/// Draws of weights.
const DRAWS: usize = 3;

impl Estimator for LinearRegions {
    fn meta(&self) -> Meta<'_> {
        META
    }

    fn score(&self, probe: &Probe<'_>) -> Result<Reading, EstimatorError> {
        let images = &probe.batch()?.images;
        let thin = Thin::of(probe.architecture(), probe.network()?.skeleton());
        let mut stream = probe.shared_stream(META.id, "patches");
        let (mut sum, mut units) = (0.0, 0);
        for draw in 0..DRAWS {
            let network = thin.network(probe.architecture(), images)?;
            set_normal_weights(&network, probe.stream(META.id, &format!("weights {draw}")), kaiming)?;
            let mut rows = Rows::default();
            for _ in 0..BATCHES {
                let patches = patches(images, &mut stream)?;
                thin.look(&network, probe.architecture(), probe.engine(), &patches, &mut rows)?;
            }
            units = rows.units;
            sum += rows.distinct();
        }
        let score = sum / DRAWS as f64;
        let share = score / (PATCHES * BATCHES) as f64;
        Ok(Reading::plain(score).with("share", share).with("units", units as f64))
    }
}

/// Patches `[PATCHES, 1, 3, 3]` of images `[n, 3, h, w]`, in their type and on their device. Of smaller images it takes all of a row or
/// column.
fn patches(images: &Tensor, stream: &mut Stream) -> Result<Tensor, EstimatorError> {
    let (count, channels, height, width) = images.dims4()?;
    let (rows, columns) = (SIDE.min(height), SIDE.min(width));
    let values = host_f64(images)?;
    let mut chosen = Vec::with_capacity(PATCHES * rows * columns);
    for _ in 0..PATCHES {
        let plane = stream.index(count) * channels + stream.index(channels);
        let (top, left) = (stream.index(height - rows + 1), stream.index(width - columns + 1));
        for row in top..top + rows {
            let start = (plane * height + row) * width + left;
            chosen.extend_from_slice(&values[start..start + columns]);
        }
    }
    let patches = Tensor::from_vec(chosen, (PATCHES, 1, rows, columns), &Device::Cpu)?;
    Ok(patches.to_dtype(images.dtype())?.to_device(images.device())?)
}

/// A network that is as thin as its architecture allows, and the part of it whose regions are counted.
struct Thin {
    skeleton: Skeleton,
    /// Channels of the map that the first cell reads.
    channels: usize,
    /// The last map that counts; `None` for all of the network.
    last: Option<&'static str>,
    /// Whether a batch-norm with `ReLU` follows the last map.
    closed: bool,
}

impl Thin {
    fn of(architecture: Architecture, skeleton: Skeleton) -> Self {
        match (architecture, skeleton) {
            (_, Skeleton::Nb201(own)) => {
                // Its reductions need maps that can be halved, and come after the cell that counts.
                let skeleton = nb201::Skeleton { channels: 1, cells: 1, resolution: 4, ..own }.into();
                Self { skeleton, channels: 1, last: Some("cell0"), closed: true }
            }
            (_, Skeleton::Nb301(own)) => {
                let skeleton = nb301::Skeleton { channels: 1, layers: 3, ..own }.into();
                Self { skeleton, channels: 3, last: Some("cell1"), closed: true }
            }
            (Architecture::Nb101(cell), Skeleton::Nb101(nb101::Skeleton::StandAlone(own))) => {
                let channels = narrowest(cell);
                let skeleton = nb101::Skeleton::StandAlone(nb101::StandAlone { channels, cells: 1, ..own }).into();
                Self { skeleton, channels, last: Some("cell0"), closed: false }
            }
            (_, Skeleton::Nb101(nb101::Skeleton::Supernet(own))) => {
                let skeleton = nb101::Skeleton::Supernet(nb101::Supernet { channels: 1, layers: 3, ..own }).into();
                Self { skeleton, channels: 1, last: Some("cell0"), closed: false }
            }
            (_, Skeleton::Nds(own)) => {
                let width_divisor = [4, 2].into_iter().find(|by| own.stem.is_multiple_of(*by)).unwrap_or(1);
                let own = nds::Skeleton { width_divisor, ..own };
                Self { channels: own.stem_channels(), skeleton: own.into(), last: None, closed: false }
            }
            (_, skeleton) => Self { skeleton, channels: 1, last: None, closed: false },
        }
    }

    /// The network, of the type and on the device of the images. Its parameters are zero.
    fn network(&self, architecture: Architecture, images: &Tensor) -> Result<Network, EstimatorError> {
        let config = NetConfig { skeleton: self.skeleton, dtype: images.dtype(), device: images.device().clone() };
        Ok(Network::stand_alone(architecture, &config, Init::Zero)?)
    }

    /// Adds the rows of patches `[n, 1, h, w]`.
    fn look(
        &self,
        network: &Network,
        architecture: Architecture,
        engine: Engine,
        patches: &Tensor,
        rows: &mut Rows,
    ) -> Result<(), EstimatorError> {
        let found = RefCell::new(Found { counts: false, patterns: ReluPatterns::default(), broken: false });
        let mut relu = |input: &Tensor, _output: &Tensor| found.borrow_mut().add(input);
        let mut cut = |name: &str, x: Tensor| {
            let mut found = found.borrow_mut();
            if name == "stem" {
                found.counts = true;
                return Tensor::cat(&vec![patches; self.channels], 1);
            }
            if self.last == Some(name) {
                if self.closed {
                    // A batch-norm with scale 1 and shift 0 is above zero where its input is above the mean of the channel.
                    let x = x.to_dtype(DType::F64)?;
                    found.add(&x.broadcast_sub(&x.mean_keepdim((0, 2, 3))?)?)?;
                }
                found.counts = false;
                if let Skeleton::Nb201(_) = self.skeleton {
                    return Tensor::zeros((2, x.dim(1)?, 4, 4), x.dtype(), x.device());
                }
            }
            Ok(x)
        };
        // What the stem makes of it is replaced.
        let images = Tensor::zeros((2, 3, 4, 4), patches.dtype(), patches.device())?;
        let pass = ForwardPass::new(engine).untracked();
        network.forward(architecture, &images, &mut pass.with_relu_observer(&mut relu).with_feature_cut(&mut cut))?;
        rows.extend(found.into_inner());
        Ok(())
    }
}

/// The fewest channels of a cell of NAS-Bench-101 that leave at least one for every vertex in use.
fn narrowest(cell: nb101::Architecture) -> usize {
    let live = cell.live_vertices();
    let fits = |channels: usize| {
        let of_vertex = cell.vertex_channels(channels, channels);
        of_vertex.into_iter().zip(live).all(|(channels, live)| channels > 0 || !live)
    };
    (1..nb101::VERTICES).find(|channels| fits(*channels)).unwrap_or(nb101::VERTICES)
}

/// The patterns of one pass.
struct Found {
    /// Whether the part of the network that counts has begun, and not ended.
    counts: bool,
    patterns: ReluPatterns,
    broken: bool,
}

impl Found {
    /// Adds the input of a `ReLU`.
    fn add(&mut self, input: &Tensor) -> candle_core::Result<()> {
        if !self.counts {
            return Ok(());
        }
        self.broken |= !host_f64(input)?.iter().all(|value| value.is_finite());
        self.patterns.push(input)
    }
}

/// The rows of `A`, as bits.
#[derive(Debug, Default)]
struct Rows {
    patterns: Vec<Vec<u64>>,
    /// Columns of `A`.
    units: u64,
    /// Whether an input was infinite or not a number, and so had no sign.
    broken: bool,
}

impl Rows {
    fn extend(&mut self, found: Found) {
        self.units = found.patterns.elements();
        self.broken |= found.broken;
        self.patterns.extend(found.patterns.into_rows());
    }

    /// The number of distinct rows; NaN if there are none, or if one has an element without a sign.
    fn distinct(mut self) -> f64 {
        if self.broken || self.patterns.is_empty() {
            return f64::NAN;
        }
        self.patterns.sort_unstable();
        self.patterns.dedup();
        self.patterns.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimator::tests::{batch, network, probe, scores};
    use crate::estimator::value_tests::supernet;
    use crate::estimator::{Reason, Score};
    use crate::images::Batch;
    use nas_assay_base::seed::Seed;
    use nas_assay_schema::spec::Picker;
    use nas_assay_spaces::SpaceId;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// The number of distinct rows of these inputs of each patch.
    fn distinct(rows: &[Vec<f64>]) -> f64 {
        let mut found = Found { counts: true, patterns: ReluPatterns::default(), broken: false };
        let shape = (rows.len(), rows[0].len(), 1, 1);
        found.add(&Tensor::from_vec(rows.concat(), shape, &Device::Cpu).unwrap()).unwrap();
        let mut all = Rows::default();
        all.extend(found);
        all.distinct()
    }

    /// Three patches and four units, as in the test of `swap`, which has three columns: here there are two rows.
    #[test]
    fn rows_are_counted_and_not_columns() {
        let rows = [vec![1.0, 2.0, 0.0, -1.0], vec![3.0, 0.5, -0.0, -2.0], vec![1.0, -1.0, 0.0, 0.0]];
        assert_eq!(distinct(&rows), 2.0);
        let transposed: Vec<Vec<f64>> = (0..4).map(|unit| rows.iter().map(|row| row[unit]).collect()).collect();
        assert_eq!(distinct(&transposed), 3.0);
        // Duplicates count once: the sum over rows of one over the number of their equals, as the source has it.
        let many = [rows[2].clone(), rows[0].clone(), rows[1].clone(), rows[0].clone(), rows[2].clone()];
        assert_eq!(distinct(&many), 2.0);
    }

    #[test]
    fn what_is_not_finite_has_no_sign() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(distinct(&[vec![1.0, value], vec![0.0, 1.0]]).is_nan());
        }
        assert!(Rows::default().distinct().is_nan());
    }

    proptest! {
        /// Every pattern counts once, whatever the order of patches and units and however large the numbers. One unit more can only split
        /// regions, and one that tells all patches apart gives as many regions as patches.
        #[test]
        fn the_order_of_patches_and_units_does_not_matter(
            rows in prop::collection::vec(prop::collection::vec(-2..=2_i32, 7), 1..12),
            seed in 0..100_u64,
        ) {
            let rows: Vec<Vec<f64>> = rows.iter().map(|row| row.iter().map(|&x| f64::from(x)).collect()).collect();
            let patterns: BTreeSet<Vec<bool>> = rows.iter().map(|row| row.iter().map(|x| *x > 0.0).collect()).collect();
            prop_assert_eq!(distinct(&rows), patterns.len() as f64);
            let mut stream = Seed::root(seed).stream();
            let (images, units) = (stream.permutation(rows.len()), stream.permutation(7));
            let turned: Vec<Vec<f64>> =
                images.iter().map(|&i| units.iter().map(|&v| rows[i][v] * 0.125).collect()).collect();
            prop_assert_eq!(distinct(&turned), distinct(&rows));
            let fewer: Vec<Vec<f64>> = rows.iter().map(|row| row[..6].to_vec()).collect();
            prop_assert!(distinct(&fewer) <= distinct(&rows));
            let bit = |row: usize, place: usize| if row >> place & 1 == 1 { 1.0 } else { -1.0 };
            let apart: Vec<Vec<f64>> = (0..rows.len()).map(|row| (0..4).map(|place| bit(row, place)).collect()).collect();
            prop_assert_eq!(distinct(&apart), rows.len() as f64);
        }
    }

    /// The patches that an estimator draws, as rows of nine numbers.
    fn drawn_patches(batch: &Batch) -> Vec<Vec<Vec<f64>>> {
        let mut stream =
            Seed::root(0).child("estimator").child(META.id).child("every architecture").child("patches").stream();
        let mut draw = || host_f64(&patches(&batch.images, &mut stream).unwrap()).unwrap();
        (0..DRAWS * BATCHES).map(|_| draw().chunks(9).map(<[f64]>::to_vec).collect()).collect()
    }

    /// The mean number of different patches of a draw. The same patch in two batches of a draw has other statistics beside it.
    fn different_patches(batch: &Batch) -> f64 {
        let bits = |patch: &Vec<f64>| patch.iter().map(|pixel| pixel.to_bits()).collect::<Vec<_>>();
        let count = |patches: &Vec<Vec<f64>>| patches.iter().map(bits).collect::<BTreeSet<_>>().len() as f64;
        drawn_patches(batch).iter().map(count).sum::<f64>() / DRAWS as f64
    }

    /// Each patch is nine neighbours of one channel of one image, and all images, channels and places are drawn.
    #[test]
    fn patches_are_parts_of_the_images() {
        let places =
            Tensor::arange(0.0, f64::from(4 * 3 * 8 * 8), &Device::Cpu).unwrap().reshape((4, 3, 8, 8)).unwrap();
        let batch = Batch { images: places, labels: batch(4).labels };
        let mut corners = BTreeSet::new();
        for patch in drawn_patches(&batch).concat() {
            let corner = patch[0] as usize;
            let (row, column) = (corner / 8 % 8, corner % 8);
            assert!(row < 6 && column < 6);
            let expected: Vec<f64> = (0..9).map(|place| (corner + place / 3 * 8 + place % 3) as f64).collect();
            assert_eq!(patch, expected);
            corners.insert(corner);
        }
        assert_eq!(corners.len(), 4 * 3 * 6 * 6);
    }

    /// Three cells of NAS-Bench-201 in which the regions are known: without a path there is one; a skip leaves the batch-norm with `ReLU` at
    /// the end, which says of each pixel whether it is above the mean; a convolution of one pixel adds whether it is above zero.
    #[test]
    fn regions_of_cells_with_one_edge_are_known() {
        let (_, network) = network(SpaceId::Nb201, 3);
        let batch = batch(4);
        let score = |operation: &str| {
            let text = format!("|none~0|+|none~0|none~1|+|{operation}~0|none~1|none~2|");
            let architecture = Architecture::parse(SpaceId::Nb201, &text).unwrap();
            let config = NetConfig { skeleton: network.skeleton(), dtype: DType::F64, device: Device::Cpu };
            let network = Network::stand_alone(architecture, &config, Init::Zero).unwrap();
            LinearRegions.score(&probe(architecture, &network, Engine::Kernels, &batch)).unwrap().score.value()
        };
        let regions = |pixel: &dyn Fn(f64) -> f64, more: &dyn Fn(f64) -> bool| -> f64 {
            let drawn = drawn_patches(&batch);
            let count = |batches: &[Vec<Vec<f64>>]| {
                let mut patterns = BTreeSet::new();
                for patches in batches {
                    let mean = patches.iter().flatten().map(|x| pixel(*x)).sum::<f64>() / 9000.0;
                    let bits = |patch: &Vec<f64>| -> Vec<(bool, bool)> {
                        patch.iter().map(|x| (pixel(*x) > mean, more(*x))).collect()
                    };
                    patterns.extend(patches.iter().map(bits));
                }
                patterns.len() as f64
            };
            drawn.chunks(BATCHES).map(count).sum::<f64>() / DRAWS as f64
        };
        assert_eq!(score("none"), 1.0);
        let skip = regions(&|x| x, &|_| true);
        assert!(skip > 50.0 && skip < 500.0, "{skip}");
        assert_eq!(score("skip_connect"), skip);
        // The sign of the only weight turns all bits of the batch-norm, which changes no number of patterns.
        let convolution = regions(&|x| x.max(0.0), &|x| x > 0.0);
        assert!(convolution > skip, "{convolution}");
        assert_eq!(score("nor_conv_1x1"), convolution);
    }

    /// In every space and form the score is within its bounds, independent of the network's own weights (which the codes of `relu_logdet`
    /// are not), and dependent on the seed and the images.
    #[test]
    fn the_weights_are_those_of_the_seed() {
        for (place, space) in SpaceId::ALL.into_iter().enumerate() {
            let (architecture, network) = network(space, 150 + place as u64);
            let straight = batch(6);
            let read = |batch: &Batch, seed: u64| {
                let probe = probe(architecture, &network, Engine::Kernels, batch).with_seed(Seed::root(seed));
                (LinearRegions.score(&probe).unwrap(), scores(&probe, &["relu_logdet"])[0])
            };
            let (reading, codes) = read(&straight, 1);
            let score = reading.score.value();
            let cap = different_patches(&straight);
            assert!(score > 1.0 && score <= cap, "{space}: {score} of {cap}");
            assert_eq!(reading.details[0].1, Score::Finite(score / 3000.0), "{space}");
            assert!(reading.details[1].1.value() >= 9.0, "{space}");
            // The wide networks of design spaces tell nearly all patches apart.
            let full = matches!(space, SpaceId::NdsResnet | SpaceId::NdsResnextA);
            assert!(!full || score > 0.8 * cap, "{space}: {score} of {cap}");
            assert_ne!(read(&straight, 2).0.score, reading.score, "{space}");
            let other = Batch { images: (&straight.images * -1.0).unwrap(), labels: straight.labels.clone() };
            assert_ne!(read(&other, 1).0.score, reading.score, "{space}: {score}");
            for param in network.params() {
                param.var.set(&param.var.as_tensor().sin().unwrap().affine(2.0, 0.1).unwrap()).unwrap();
            }
            let (drawn, other_codes) = read(&straight, 1);
            assert_eq!(drawn, reading, "{space}");
            assert_ne!(other_codes, codes, "{space}");
        }
    }

    #[test]
    fn parts_of_supernets_have_regions() {
        let batch = batch(4);
        let batch = Batch { images: batch.images.to_dtype(DType::F32).unwrap(), labels: batch.labels };
        for space in SpaceId::ALL {
            let (supernet, architectures) = supernet(space, Picker::Ordinal);
            for architecture in architectures {
                let reading = LinearRegions.score(&probe(architecture, &supernet, Engine::Kernels, &batch)).unwrap();
                assert!(reading.score.value() >= 1.0, "{space} {architecture}: {reading:?}");
            }
        }
    }

    #[test]
    fn a_pixel_that_is_no_number_has_no_score() {
        let (architecture, network) = network(SpaceId::Nb201, 3);
        let straight = batch(4);
        let broken = Batch { images: (&straight.images * f64::NAN).unwrap(), labels: straight.labels };
        let reading = LinearRegions.score(&probe(architecture, &network, Engine::Kernels, &broken)).unwrap();
        assert_eq!(reading.score, Score::NonFinite(Reason::Nan));
    }
}
