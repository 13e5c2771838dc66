//! NDS ResNeXt-A: stages of bottleneck blocks (1×1, grouped 3×3, 1×1). Decided are the depth, the width, the bottleneck ratio and the
//! number of groups of each stage.
//!
//! A bottleneck has `round(width · ratio)` inner channels, and the number of groups must divide them. It always does: widths are multiples
//! of 16 and ratios are quarters, so the product is a multiple of 4 (rounding changes nothing), and there are 1, 2 or 4 groups. So every
//! encoding can be built, and the number of encodings is the product of the numbers of values.

use super::decision::{Decision, Kind};
use super::network::{Block, Stage};
use super::{Family, STAGES, sealed};

/// The version of this space's definitions, which is part of every spec hash.
pub const VERSION: u32 = 1;

/// Number of raw encodings: (5 · 5 · 3 · 3)³ = 11,390,625. Each builds a different network.
pub const COUNT: usize = Architecture::COUNT;

/// The family of bottleneck blocks with groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResNeXtA;

/// An encoding of this space, such as `d16,1,4 w64,128,16 r0.25,0.25,0.5 g2,1,2`.
pub type Architecture = super::Architecture<ResNeXtA>;

impl sealed::Sealed for ResNeXtA {}

impl Family for ResNeXtA {
    const NAME: &'static str = "nds_resnext_a";
    const VERSION: u32 = VERSION;
    const DECISIONS: &'static [Decision] = &[
        Decision { kind: Kind::Depth, values: &[1, 2, 4, 8, 16], mark: "d", expected: "a depth (1, 2, 4, 8 or 16)" },
        Decision {
            kind: Kind::Width,
            values: &[16, 32, 64, 128, 256],
            mark: " w",
            expected: "a width (16, 32, 64, 128 or 256)",
        },
        Decision { kind: Kind::Ratio, values: &[1, 2, 4], mark: " r", expected: "a ratio (0.25, 0.5 or 1)" },
        Decision { kind: Kind::Groups, values: &[1, 2, 4], mark: " g", expected: "groups (1, 2 or 4)" },
    ];

    fn stage([depth, width, quarters, groups]: [usize; 4]) -> Stage {
        Stage { depth, width, block: Block::Bottleneck { inner: width * quarters / 4, groups } }
    }
}

impl Architecture {
    /// The bottleneck ratio of each stage.
    pub fn ratios(self) -> [f64; STAGES] {
        self.values(2).map(|quarters| f64::from(quarters) / 4.0)
    }

    /// The number of groups of the 3×3 convolutions of each stage.
    pub fn groups(self) -> [usize; STAGES] {
        self.values(3).map(usize::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_counts() {
        assert_eq!(COUNT, 11_390_625);
        assert_eq!((Architecture::POSITIONS, Architecture::NEIGHBOURS), (12, 36));
        assert_eq!(COUNT / 3_usize.pow(3), 421_875, "without groups");
    }

    #[test]
    fn values_are_those_of_the_text() {
        let architecture: Architecture = "d16,1,4 w64,128,16 r0.25,0.5,1 g2,1,4".parse().unwrap();
        assert_eq!((architecture.depths(), architecture.widths()), ([16, 1, 4], [64, 128, 16]));
        assert_eq!((architecture.ratios(), architecture.groups()), ([0.25, 0.5, 1.0], [2, 1, 4]));
        let blocks = architecture.stages().map(|stage| stage.block);
        let expected = [(16, 2), (64, 1), (16, 4)].map(|(inner, groups)| Block::Bottleneck { inner, groups });
        assert_eq!(blocks, expected);
    }

    #[test]
    fn every_combination_can_be_built_and_nothing_is_rounded() {
        let [_, widths, ratios, groups] = ResNeXtA::DECISIONS else { panic!("four decisions") };
        for &width in widths.values {
            for &quarters in ratios.values {
                assert_eq!(width * quarters % 4, 0);
                for &groups in groups.values {
                    let stage = ResNeXtA::stage([1, width, quarters, groups].map(usize::from));
                    let Block::Bottleneck { inner, groups } = stage.block else { panic!("a bottleneck") };
                    assert_eq!(inner as f64, (f64::from(width) * f64::from(quarters) / 4.0).round());
                    assert!(inner > 0 && inner.is_multiple_of(groups), "{inner} channels in {groups} groups");
                }
            }
        }
    }
}
