//! NDS `ResNet`: stages of basic blocks (two 3×3 convolutions). Decided are the depth and the width of each stage.

use super::decision::{Decision, Kind};
use super::network::{Block, Stage};
use super::{Family, sealed};

/// The version of this space's definitions, which is part of every spec hash.
pub const VERSION: u32 = 1;

/// Number of raw encodings: 9³ · 12³ = 1,259,712. Each builds a different network.
pub const COUNT: usize = Architecture::COUNT;

/// The family of basic blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResNet;

/// An encoding of this space, such as `d12,12,16 w24,32,40`.
pub type Architecture = super::Architecture<ResNet>;

impl sealed::Sealed for ResNet {}

impl Family for ResNet {
    const NAME: &'static str = "nds_resnet";
    const VERSION: u32 = VERSION;
    const DECISIONS: &'static [Decision] = &[
        Decision {
            kind: Kind::Depth,
            values: &[1, 2, 3, 4, 6, 8, 12, 16, 24],
            mark: "d",
            expected: "a depth (1, 2, 3, 4, 6, 8, 12, 16 or 24)",
        },
        Decision {
            kind: Kind::Width,
            values: &[16, 24, 32, 40, 48, 64, 80, 96, 128, 160, 192, 256],
            mark: " w",
            expected: "a width (16, 24, 32, 40, 48, 64, 80, 96, 128, 160, 192 or 256)",
        },
    ];

    fn stage([depth, width, ..]: [usize; 4]) -> Stage {
        Stage { depth, width, block: Block::Basic }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_count() {
        assert_eq!(COUNT, 1_259_712);
        assert_eq!((Architecture::POSITIONS, Architecture::NEIGHBOURS), (6, 57));
    }

    #[test]
    fn values_are_those_of_the_text() {
        let architecture: Architecture = "d12,1,24 w24,256,40".parse().unwrap();
        assert_eq!((architecture.depths(), architecture.widths()), ([12, 1, 24], [24, 256, 40]));
        assert_eq!(architecture.depth(), 37);
        assert_eq!(architecture.stages()[1], Stage { depth: 1, width: 256, block: Block::Basic });
    }
}
