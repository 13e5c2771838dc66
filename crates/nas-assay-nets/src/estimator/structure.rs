//! Counts of the architectures of table-only spaces. An estimator of such a space should rank better than these counts
//! to be worth its cost.
//!
//! # Formula
//! - `width_sum`: the sum of the channels of the five stages of a network of NATS-Bench's size search space;
//! - `log_width_sum`: the sum of their natural logarithms;
//! - `conv_count`: the number of 1×1 convolutions of a cell of TransNAS-Bench-101, and twice that of its 3×3
//!   convolutions;
//! - `down_samplings`: the number of modules of a network of TransNAS-Bench-101 that halve the resolution.
//!
//! # Shapes
//! No images, no weights and no network. The counts depend on the encoding alone.
//!
//! # Source
//! This project.
//!
//! # Known traps
//! There are many ties. The sum of logarithms is the logarithm of the product of all widths. So encodings with the same
//! product have the same score. `conv_count` also counts convolutions that do not affect the output. For
//! `down_samplings`, lower is better, as for the tasks of TransNAS-Bench-101 that predict pixels.

use super::{Estimator, EstimatorError, EstimatorKind, Meta, Need, Probe, Reading, ToleranceClass};
use nas_assay_criteria::Direction;
use nas_assay_spaces::table_only::Architecture as Tabled;
use nas_assay_spaces::{Architecture, SpaceId, TableSpace};

/// A count of an architecture of a table-only space.
pub struct Structure {
    meta: Meta<'static>,
    space: TableSpace,
    of: fn(&Tabled) -> Option<f64>,
}

/// The properties that all counts share.
const META: Meta<'static> = Meta {
    id: "",
    version: 1,
    direction: Direction::Higher,
    kind: EstimatorKind::Baseline,
    needs: &[Need::Architecture],
    tolerance: ToleranceClass::Exact,
    summary: "",
    formula: "",
    source: "this project: a count of the encoding",
};

/// Sum of the channels of all stages.
pub const WIDTH_SUM: Structure = Structure {
    meta: Meta {
        id: "width_sum",
        summary: "Sum of the channels of all stages; nats_sss only.",
        formula: "sum of the channels of the 5 stages",
        ..META
    },
    space: TableSpace::NatsSss,
    of: |network| Some(f64::from(network.widths()?.into_iter().sum::<u32>())),
};

/// Sum of the logarithms of the channels of all stages.
pub const LOG_WIDTH_SUM: Structure = Structure {
    meta: Meta {
        id: "log_width_sum",
        summary: "Sum of the logarithms of the channels of all stages; nats_sss only.",
        formula: "sum ln(channels) over the 5 stages",
        ..META
    },
    space: TableSpace::NatsSss,
    of: |network| {
        let product: u64 = network.widths()?.into_iter().map(u64::from).product();
        Some(libm::log(product as f64))
    },
};

/// Number of convolutions of a cell, those of 3×3 twice.
pub const CONV_COUNT: Structure = Structure {
    meta: Meta {
        id: "conv_count",
        summary: "Number of convolutions of the cell, those of 3×3 twice; tnb101_micro only.",
        formula: "(1×1 convolutions) + 2 (3×3 convolutions)",
        ..META
    },
    space: TableSpace::Tnb101Micro,
    of: |cell| cell.convolutions().map(|[one, three]| f64::from(one + 2 * three)),
};

/// Number of modules that halve the resolution. Fewer are better.
pub const DOWN_SAMPLINGS: Structure = Structure {
    meta: Meta {
        id: "down_samplings",
        direction: Direction::Lower,
        summary: "Number of modules that halve the resolution; tnb101_macro only.",
        formula: "modules of kind 3 or 4",
        ..META
    },
    space: TableSpace::Tnb101Macro,
    of: |network| network.down_samplings().map(f64::from),
};

impl Estimator for Structure {
    fn meta(&self) -> Meta<'_> {
        self.meta
    }

    fn only_in(&self) -> Option<SpaceId> {
        Some(SpaceId::Table(self.space))
    }

    fn score(&self, probe: &Probe<'_>) -> Result<Reading, EstimatorError> {
        let count = match probe.architecture() {
            Architecture::Table(architecture) => (self.of)(&architecture),
            _ => None,
        };
        let foreign = || EstimatorError::other(format!("{} scores architectures of {} only", self.meta.id, self.space));
        count.map(Reading::plain).ok_or_else(foreign)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nas_assay_spaces::Skeleton;
    use std::collections::BTreeSet;

    fn score(count: &Structure, space: TableSpace, architecture: Tabled) -> Result<f64, EstimatorError> {
        let reading = count.score(&Probe::counting(architecture.into(), Skeleton::Table(space)))?;
        Ok(reading.score.value())
    }

    /// Every architecture of each space, by the digits of its text.
    #[test]
    fn the_counts_are_those_of_the_texts() {
        for sized in TableSpace::NatsSss.all() {
            let text = sized.to_string();
            let widths: Vec<f64> = text.split(':').map(|width| width.parse().unwrap()).collect();
            assert_eq!(score(&WIDTH_SUM, TableSpace::NatsSss, sized).unwrap(), widths.iter().sum::<f64>());
            let logs: f64 = widths.iter().map(|width| libm::log(*width)).sum();
            assert!((score(&LOG_WIDTH_SUM, TableSpace::NatsSss, sized).unwrap() - logs).abs() < 1e-12, "{text}");
        }
        for cell in TableSpace::Tnb101Micro.all() {
            let sum: u32 = cell
                .to_string()
                .split('-')
                .nth(2)
                .unwrap()
                .chars()
                .filter_map(|c| c.to_digit(10))
                .map(|digit| [0, 0, 1, 2][digit as usize])
                .sum();
            assert_eq!(score(&CONV_COUNT, TableSpace::Tnb101Micro, cell).unwrap(), f64::from(sum), "{cell}");
        }
        for network in TableSpace::Tnb101Macro.all() {
            let text = network.to_string();
            let halved = text.split('-').nth(1).unwrap().bytes().filter(|digit| b"34".contains(digit)).count();
            assert_eq!(score(&DOWN_SAMPLINGS, TableSpace::Tnb101Macro, network).unwrap(), halved as f64, "{text}");
        }
    }

    /// One level for each of the 336 products of five widths: no two encodings are kept apart by rounding. Sums of five logarithms have more
    /// values, which depend on the order of the sum.
    #[test]
    fn equal_products_are_equal_scores() {
        let all = || TableSpace::NatsSss.all();
        let levels: BTreeSet<u64> =
            all().map(|sized| score(&LOG_WIDTH_SUM, TableSpace::NatsSss, sized).unwrap().to_bits()).collect();
        let products: BTreeSet<u64> =
            all().map(|sized| sized.widths().unwrap().into_iter().map(u64::from).product()).collect();
        assert_eq!((levels.len(), products.len()), (336, 336));
    }

    #[test]
    fn an_architecture_of_another_space_has_no_count() {
        let cell = TableSpace::Tnb101Micro.from_index(7).unwrap();
        let message = score(&WIDTH_SUM, TableSpace::Tnb101Micro, cell).unwrap_err().to_string();
        assert_eq!(message, "scoring: width_sum scores architectures of nats_sss only");
    }
}
