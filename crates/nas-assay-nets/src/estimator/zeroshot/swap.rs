//! How many different patterns the units of the network show over the images.
//!
//! # Formula
//! `A` has a row for each image, and a column for each unit: each element of every executed `ReLU`. It has a 1 where
//! the input of the unit is above zero. The score is the number of distinct columns of `A`. Convolution and linear
//! weights are drawn from the standard normal distribution.
//!
//! # Shapes
//! The first 64 images of the batch, or all if it has fewer; labels are not used. The score is an integer from 1 to the
//! number of units `V`. With `S` images, it is no more than `2^S`. The details are its logarithm, its share of `V`, and
//! `2^S`.
//!
//! # Source
//! Peng et al., SWAP-NAS, ICLR 2024, and its code.
//!
//! # Known traps
//! The columns are counted, not the rows. The number of distinct rows is the number of linear regions that the images
//! are in. With many images almost all columns differ, and the score is a count of units. With few images, no more than
//! `2^S` columns can differ. The released experiment has 16 images, 32 draws of weights, and a single cell without a
//! stem. Here it is the whole network, and one draw.
//!
//! The weights are drawn anew, so the score does not depend on the network's own weights. Training cannot change it. An
//! activation that is not finite has no sign. So the score of a network with such activations is NaN. A network without
//! a `ReLU` has the score NaN, too.
//!
//! The regularised form has a target size and a width. It is not here, because these two constants have no published
//! values.

use crate::estimator::{Estimator, EstimatorError, EstimatorKind, Meta, Need, Probe, Reading, ToleranceClass};
use crate::net::{Engine, ForwardPass, Network, host_f64};
use candle_core::Tensor;
use nas_assay_criteria::Direction;
use nas_assay_spaces::Architecture;

/// Number of distinct activation patterns of the units, in a network with normal weights.
pub struct Swap;

const META: Meta<'static> = Meta {
    id: "swap",
    version: 1,
    direction: Direction::Higher,
    kind: EstimatorKind::ZeroShot,
    needs: &[Need::OwnPasses],
    tolerance: ToleranceClass::Numeric,
    summary: "Number of distinct activation patterns of units over the images, in a network with normal weights.",
    formula: "number of distinct columns of A, A_iv = 1 where the input of ReLU unit v is above 0 for image i",
    source: "Peng et al., SWAP-NAS: Sample-Wise Activation Patterns for Ultra-fast NAS, ICLR 2024",
};

/// The number of images whose bits fit a column.
const IMAGES: usize = 64;

impl Estimator for Swap {
    fn meta(&self) -> Meta<'_> {
        META
    }

    fn score(&self, probe: &Probe<'_>) -> Result<Reading, EstimatorError> {
        let batch = probe.batch()?;
        let count = batch.images.dim(0)?.min(IMAGES);
        let images = batch.images.narrow(0, 0, count)?.contiguous()?;
        let network = probe.with_normal_weights(probe.stream(META.id, "weights"), |_| 1.0)?;
        Ok(columns(&network, probe.architecture(), probe.engine(), &images)?.reading(count))
    }
}

/// The patterns of all units of a network over some images.
fn columns(
    network: &Network,
    architecture: Architecture,
    engine: Engine,
    images: &Tensor,
) -> Result<Columns, EstimatorError> {
    let mut columns = Columns::default();
    let mut keep = |input: &Tensor, _output: &Tensor| columns.push(input);
    let mut pass = ForwardPass::new(engine).untracked().with_relu_observer(&mut keep);
    network.forward(architecture, images, &mut pass)?;
    Ok(columns)
}

/// The pattern of each unit: bit `i` says whether its input is above zero for image `i`.
#[derive(Debug, Default)]
struct Columns {
    patterns: Vec<u64>,
    /// Whether an input was infinite or not a number.
    broken: bool,
}

impl Columns {
    /// Adds the units of a `ReLU` with the input `[n, channels, height, width]`, `n ≤ 64`. Inputs of another rank do not count.
    fn push(&mut self, input: &Tensor) -> candle_core::Result<()> {
        if input.rank() != 4 {
            return Ok(());
        }
        let values = host_f64(input)?;
        let units = values.len() / input.dim(0)?.max(1);
        let mut patterns = vec![0_u64; units];
        for (image, row) in values.chunks(units.max(1)).enumerate() {
            for (pattern, value) in patterns.iter_mut().zip(row) {
                *pattern |= u64::from(*value > 0.0) << image;
                self.broken |= !value.is_finite();
            }
        }
        self.patterns.extend(patterns);
        Ok(())
    }

    /// The score over so many images.
    fn reading(mut self, images: usize) -> Reading {
        let units = self.patterns.len() as f64;
        self.patterns.sort_unstable();
        self.patterns.dedup();
        let distinct = if self.broken || self.patterns.is_empty() { f64::NAN } else { self.patterns.len() as f64 };
        let cap = libm::exp2(images as f64);
        Reading::plain(distinct).with("log", libm::log(distinct)).with("share", distinct / units).with("cap", cap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimator::newer_reference::Reference;
    use crate::estimator::tests::{batch, network, probe, scores};
    use crate::estimator::{Reason, Score};
    use crate::images::Batch;

    use candle_core::Device;
    use nas_assay_base::seed::Seed;
    use nas_assay_spaces::SpaceId;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// The reading of one `ReLU` with these inputs of each image.
    fn of(rows: &[Vec<f64>]) -> Reading {
        let shape = (rows.len(), rows[0].len(), 1, 1);
        let mut columns = Columns::default();
        columns.push(&Tensor::from_vec(rows.concat(), shape, &Device::Cpu).unwrap()).unwrap();
        columns.reading(rows.len())
    }

    fn distinct(rows: &[Vec<f64>]) -> f64 {
        of(rows).score.value()
    }

    /// Three images and four units. There are three columns, but only two rows, which is the number of linear regions.
    #[test]
    fn columns_are_counted_and_not_rows() {
        let rows = [vec![1.0, 2.0, 0.0, -1.0], vec![3.0, 0.5, -0.0, -2.0], vec![1.0, -1.0, 0.0, 0.0]];
        let reading = of(&rows);
        assert_eq!(reading.score, Score::Finite(3.0));
        let details: Vec<f64> = reading.details.iter().map(|(_, value)| value.value()).collect();
        assert_eq!(details, [libm::log(3.0), 0.75, 8.0]);
        let transposed: Vec<Vec<f64>> = (0..4).map(|unit| rows.iter().map(|row| row[unit]).collect()).collect();
        assert_eq!(distinct(&transposed), 2.0);
    }

    #[test]
    fn every_one_of_64_images_counts() {
        for image in [0, 31, 32, 63] {
            let mut rows = vec![vec![1.0, 1.0]; 64];
            assert_eq!(distinct(&rows), 1.0);
            rows[image][1] = -1.0;
            assert_eq!(distinct(&rows), 2.0, "{image}");
        }
        assert_eq!(of(&vec![vec![1.0]; 64]).details[2].1, Score::Finite(18_446_744_073_709_551_616.0));
    }

    #[test]
    fn what_is_not_finite_has_no_sign() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(of(&[vec![1.0, value]]).score, Score::NonFinite(Reason::Nan));
        }
        assert_eq!(Columns::default().reading(4).score, Score::NonFinite(Reason::Nan));
    }

    proptest! {
        /// The score is the number of columns that differ, whatever the order of images and units and however large the numbers.
        #[test]
        fn the_order_of_images_and_units_does_not_matter(
            rows in prop::collection::vec(prop::collection::vec(-2..=2_i32, 12), 1..6),
            seed in 0..100_u64,
        ) {
            let rows: Vec<Vec<f64>> = rows.iter().map(|row| row.iter().map(|&x| f64::from(x)).collect()).collect();
            let columns: BTreeSet<Vec<bool>> = (0..12).map(|v| rows.iter().map(|row| row[v] > 0.0).collect()).collect();
            prop_assert_eq!(distinct(&rows), columns.len() as f64);
            let mut stream = Seed::root(seed).stream();
            let (images, units) = (stream.permutation(rows.len()), stream.permutation(12));
            let turned: Vec<Vec<f64>> =
                images.iter().map(|&i| units.iter().map(|&v| rows[i][v] * 0.125).collect()).collect();
            prop_assert_eq!(distinct(&turned), distinct(&rows));
        }
    }

    /// In every space: within its bounds, independent of the network's own weights (which the codes of `relu_logdet` are not), and
    /// dependent on the seed and the images.
    #[test]
    fn the_weights_are_those_of_the_seed() {
        for (place, space) in SpaceId::ALL.into_iter().enumerate() {
            let (architecture, network) = network(space, 150 + place as u64);
            let straight = batch(12);
            let read = |batch: &Batch, seed: u64| {
                let probe = probe(architecture, &network, Engine::Kernels, batch).with_seed(Seed::root(seed));
                (Swap.score(&probe).unwrap(), scores(&probe, &["relu_logdet"])[0])
            };
            let (score, codes) = read(&straight, 1);
            let value = score.score.value();
            let units = probe(architecture, &network, Engine::Kernels, &straight).relu_patterns().unwrap().elements();
            assert!(value > 1.0 && value <= (units as f64).min(4096.0), "{space}: {value} of {units}");
            assert_eq!(score.details[1].1, Score::Finite(value / units as f64), "{space}");
            assert_ne!(read(&straight, 2).0, score, "{space}");
            let other = Batch { images: straight.images.cos().unwrap(), labels: straight.labels.clone() };
            assert_ne!(read(&other, 1).0, score, "{space}");
            let mut stream = Seed::root(9).stream();
            for param in network.params().iter().filter(|param| param.role.is_weight()) {
                let values: Vec<f64> = (0..param.var.elem_count()).map(|_| stream.normal()).collect();
                param.var.set(&Tensor::from_vec(values, param.var.shape(), &Device::Cpu).unwrap()).unwrap();
            }
            let (drawn, other_codes) = read(&straight, 1);
            assert_eq!(drawn, score, "{space}");
            assert_ne!(other_codes, codes, "{space}");
        }
    }

    /// With the network's own weights.
    #[test]
    fn the_count_agrees_with_pytorch() {
        let compared = Reference::all().into_iter().filter(|reference| {
            let Reference { architecture, network, images, .. } = reference;
            let found = columns(network, *architecture, Engine::Kernels, images).unwrap().reading(16);
            reference.agrees(META.id, found.score.value())
        });
        assert_eq!(compared.count(), 20);
    }
}
