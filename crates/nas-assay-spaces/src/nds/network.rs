//! The sizes of the network that an encoding stands for. The census and the code that builds the network use them.
//!
//! Stem: 3×3 convolution, batch-norm, `ReLU`. Then the residual blocks: a shortcut and a branch are added, a `ReLU` follows. The
//! branch is a [`Block`]; the shortcut is the identity or a projection (1×1 convolution with the block's stride, batch-norm). Head:
//! global average pool, linear layer with bias. No convolution has a bias; 3×3 convolutions have padding 1.

use serde::{Deserialize, Serialize};

use super::{Architecture, Family, STAGES, STRIDES};
use crate::SkeletonError;

/// A stage. Its blocks have the same width and the same branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stage {
    /// Number of residual blocks, at least 1.
    pub depth: usize,
    /// Output channels of each block.
    pub width: usize,
    /// The branch of each block.
    pub block: Block,
}

/// The branch of a residual block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Block {
    /// 3×3 convolution with the block's stride, batch-norm, `ReLU`, 3×3 convolution, batch-norm.
    Basic,
    /// 1×1 convolution, batch-norm, `ReLU`, grouped 3×3 convolution with the block's stride, batch-norm, `ReLU`, 1×1 convolution,
    /// batch-norm.
    Bottleneck {
        /// Input and output channels of the 3×3 convolution.
        inner: usize,
        /// Groups of the 3×3 convolution, a divisor of `inner`.
        groups: usize,
    },
}

/// Which blocks have a projection in their shortcut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Projection {
    /// Blocks whose input and output differ in shape, as in the networks of the benchmark's tables. The first stage has none if it is as
    /// wide as the stem.
    #[default]
    WhereShapeChanges,
    /// The first block of each stage, as in the paper's supernet, whose first stage has a projection for every width.
    EveryStage,
}

/// Everything about a network except its architecture: stem, classes, image size, batch-norm and projections.
///
/// The default is [`STAND_ALONE`](Self::STAND_ALONE).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Skeleton {
    /// Output channels of the stem, before they are divided.
    pub stem: usize,
    /// Stride of the stem's convolution. Above 1, all maps are smaller.
    pub stem_stride: usize,
    /// All numbers of channels are divided by this: 1, or 2 or 4 for a small network. (If a bottleneck then has fewer channels than groups,
    /// it gets as many groups as channels.)
    pub width_divisor: usize,
    /// Classes of the classifier.
    pub classes: usize,
    /// Height and width of an input image, in pixels. Stride 2 halves them, rounding up.
    pub resolution: usize,
    /// Whether batch-norm inside the blocks, projections included, has a trainable scale and shift. Batch-norm of the stem always has.
    pub block_affine: bool,
    /// Which shortcuts have a projection.
    pub projection: Projection,
}

impl Default for Skeleton {
    fn default() -> Self {
        Self::STAND_ALONE
    }
}

impl Skeleton {
    /// The networks of the benchmark's tables: CIFAR-10, 16 stem channels, affine batch-norm everywhere.
    pub const STAND_ALONE: Self = Self {
        stem: 16,
        stem_stride: 1,
        width_divisor: 1,
        classes: 10,
        resolution: 32,
        block_affine: true,
        projection: Projection::WhereShapeChanges,
    };

    /// The sub-networks of the paper's supernet: batch-norm without scale and shift in the blocks, a projection in every stage.
    pub const SUPERNET: Self = Self { block_affine: false, projection: Projection::EveryStage, ..Self::STAND_ALONE };

    /// Checks that a network can be built from this skeleton, with counts that fit in 64 bits.
    ///
    /// # Errors
    /// The first field that is out of range.
    pub fn validate(&self) -> Result<(), SkeletonError> {
        SkeletonError::check("stem", self.stem, 4096)?;
        SkeletonError::check("stem_stride", self.stem_stride, 4)?;
        SkeletonError::check("classes", self.classes, 1 << 20)?;
        SkeletonError::check("resolution", self.resolution, 4096)?;
        match self.width_divisor {
            1 | 2 | 4 if self.stem.is_multiple_of(self.width_divisor) => Ok(()),
            other => Err(SkeletonError::Divisor(other)),
        }
    }

    /// Output channels of the stem.
    pub const fn stem_channels(&self) -> usize {
        self.stem / self.width_divisor
    }

    /// Height and width of the stem's output, in pixels.
    pub const fn stem_side(&self) -> usize {
        self.resolution.div_ceil(self.stem_stride)
    }

    /// `stage` with its channels divided by the width divisor.
    pub fn divided(&self, stage: Stage) -> Stage {
        let block = match stage.block {
            Block::Basic => Block::Basic,
            Block::Bottleneck { inner, groups } => {
                let inner = inner / self.width_divisor;
                Block::Bottleneck { inner, groups: groups.min(inner) }
            }
        };
        Stage { depth: stage.depth, width: stage.width / self.width_divisor, block }
    }
}

/// A residual block with the sizes of its input and output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ResidualBlock {
    /// Input channels.
    pub inputs: usize,
    /// Output channels.
    pub outputs: usize,
    /// Stride of the branch's first 3×3 convolution and of the projection.
    pub stride: usize,
    /// Height and width of the input, in pixels.
    pub side: usize,
    /// Whether the shortcut is a projection; otherwise it is the identity.
    pub projection: bool,
    /// The branch.
    pub block: Block,
}

impl ResidualBlock {
    /// Height and width of the output, in pixels.
    pub const fn side_out(&self) -> usize {
        self.side.div_ceil(self.stride)
    }
}

/// A number of equal residual blocks in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Run {
    /// The block.
    pub block: ResidualBlock,
    /// How many of them: 0 for the later blocks of a stage that has only one.
    pub times: usize,
}

impl<F: Family> Architecture<F> {
    /// The blocks from first to last: for each stage the first block, then the others, which are all equal.
    pub fn runs(self, skeleton: &Skeleton) -> [Run; 2 * STAGES] {
        let stages = self.stages().map(|stage| skeleton.divided(stage));
        let (mut inputs, mut side) = (skeleton.stem_channels(), skeleton.stem_side());
        let runs: [[Run; 2]; STAGES] = std::array::from_fn(|place| {
            let (stage, stride) = (stages[place], STRIDES[place]);
            let projection = match skeleton.projection {
                Projection::WhereShapeChanges => inputs != stage.width || stride != 1,
                Projection::EveryStage => true,
            };
            let first = ResidualBlock { inputs, outputs: stage.width, stride, side, projection, block: stage.block };
            (inputs, side) = (first.outputs, first.side_out());
            let further = ResidualBlock { inputs, stride: 1, side, projection: false, ..first };
            [Run { block: first, times: 1 }, Run { block: further, times: stage.depth - 1 }]
        });
        std::array::from_fn(|place| runs[place / 2][place % 2])
    }
}

#[cfg(test)]
mod tests {
    use super::super::{ResNeXtA, ResNet, resnet};
    use super::*;
    use nas_assay_base::seed::Seed;
    use proptest::prelude::*;

    fn blocks<F: Family>(architecture: Architecture<F>, skeleton: &Skeleton) -> Vec<ResidualBlock> {
        let runs = architecture.runs(skeleton).into_iter();
        runs.flat_map(|run| std::iter::repeat_n(run.block, run.times)).collect()
    }

    /// The values of the decisions, derived only from the shapes of a network's blocks.
    fn decided(blocks: &[ResidualBlock]) -> Vec<Vec<f64>> {
        let starts = blocks.iter().enumerate().filter(|(place, block)| *place == 0 || block.stride == 2);
        let starts: Vec<usize> = starts.map(|(place, _)| place).collect();
        let ends = starts[1..].iter().copied().chain([blocks.len()]);
        let mut values = vec![ends.zip(&starts).map(|(end, start)| (end - start) as f64).collect()];
        values.push(starts.iter().map(|&start| blocks[start].outputs as f64).collect());
        if let Block::Bottleneck { .. } = blocks[0].block {
            let inside = starts.iter().map(|&start| match blocks[start].block {
                Block::Bottleneck { inner, groups } => (inner as f64 / blocks[start].outputs as f64, groups as f64),
                Block::Basic => panic!("a basic block among bottlenecks"),
            });
            let (ratios, groups) = inside.unzip();
            values.extend([ratios, groups]);
        }
        values
    }

    /// The network determines the decisions, so no two encodings build the same network.
    fn the_network_tells_its_encoding<F: Family>(seed: Seed) -> Result<(), TestCaseError> {
        let architecture = Architecture::<F>::sample(&mut seed.stream());
        for skeleton in [Skeleton::STAND_ALONE, Skeleton::SUPERNET] {
            let blocks = blocks(architecture, &skeleton);
            let values = decided(&blocks);
            prop_assert_eq!(values.len(), F::DECISIONS.len());
            let mut read = Architecture::FIRST;
            for (place, (values, decision)) in values.into_iter().zip(F::DECISIONS).enumerate() {
                prop_assert_eq!(values.len(), STAGES);
                for (stage, value) in values.into_iter().enumerate() {
                    read = read.with(place * STAGES + stage, decision.choice_of(value).unwrap());
                }
            }
            prop_assert_eq!(read, architecture.canonical());
        }
        Ok(())
    }

    /// The input of every block is the output of the one before, and an identity keeps the shape.
    fn blocks_fit_together<F: Family>(seed: Seed, skeleton: &Skeleton) -> Result<(), TestCaseError> {
        let architecture = Architecture::<F>::sample(&mut seed.stream());
        let (mut channels, mut side) = (skeleton.stem, skeleton.resolution);
        for block in blocks(architecture, skeleton) {
            prop_assert_eq!((block.inputs, block.side), (channels, side));
            (channels, side) = (block.outputs, block.side_out());
            prop_assert!(block.projection || (block.inputs, block.side) == (channels, side));
            if let Block::Bottleneck { inner, groups } = block.block {
                prop_assert_eq!(inner % groups, 0);
            }
        }
        prop_assert_eq!(channels, architecture.widths()[2]);
        prop_assert_eq!(side, skeleton.resolution.div_ceil(2).div_ceil(2));
        Ok(())
    }

    proptest! {
        #[test]
        fn no_two_encodings_build_the_same_network(seed: u64) {
            the_network_tells_its_encoding::<ResNet>(Seed::root(seed))?;
            the_network_tells_its_encoding::<ResNeXtA>(Seed::root(seed))?;
        }

        #[test]
        fn every_encoding_builds(seed: u64, stem in 1usize..40, resolution in 1usize..70, every: bool) {
            let projection = if every { Projection::EveryStage } else { Projection::WhereShapeChanges };
            let skeleton = Skeleton { stem, resolution, projection, ..Skeleton::default() };
            skeleton.validate().unwrap();
            blocks_fit_together::<ResNet>(Seed::root(seed), &skeleton)?;
            blocks_fit_together::<ResNeXtA>(Seed::root(seed), &skeleton)?;
        }
    }

    #[test]
    fn only_a_first_stage_as_wide_as_the_stem_tells_the_projection_rules_apart() {
        for (text, alone, shared) in [
            ("d2,1,3 w16,16,16", [false, false, true, true, false, false], [true, false, true, true, false, false]),
            ("d2,1,3 w24,24,24", [true, false, true, true, false, false], [true, false, true, true, false, false]),
        ] {
            let architecture: resnet::Architecture = text.parse().unwrap();
            let projections =
                |skeleton| blocks(architecture, &skeleton).iter().map(|b| b.projection).collect::<Vec<_>>();
            assert_eq!(projections(Skeleton::STAND_ALONE), alone, "{text}");
            assert_eq!(projections(Skeleton::SUPERNET), shared, "{text}");
        }
    }

    #[test]
    fn a_small_network_has_every_width_divided() {
        let skeleton = Skeleton { stem: 16, width_divisor: 4, ..Skeleton::default() };
        assert_eq!(skeleton.stem_channels(), 4);
        let stage = |width, inner, groups| Stage { depth: 2, width, block: Block::Bottleneck { inner, groups } };
        assert_eq!(skeleton.divided(stage(64, 32, 4)), stage(16, 8, 4));
        assert_eq!(skeleton.divided(stage(64, 8, 4)), stage(16, 2, 2), "no more groups than channels");
        let basic = |width| Stage { depth: 3, width, block: Block::Basic };
        assert_eq!(skeleton.divided(basic(24)), basic(6));
    }

    #[test]
    fn skeletons_are_checked_field_by_field() {
        let default = Skeleton::default();
        assert_eq!(default.validate(), Ok(()));
        let refusal = |skeleton: Skeleton| skeleton.validate().unwrap_err().to_string();
        assert_eq!(refusal(Skeleton { stem: 0, ..default }), "skeleton: stem is 0, which is not in 1..=4096");
        assert_eq!(
            refusal(Skeleton { width_divisor: 3, ..default }),
            "skeleton: width_divisor is 3, and must be 1, 2 or 4, and divide the stem's channels"
        );
        let uneven = Skeleton { stem: 18, width_divisor: 4, ..default };
        assert_eq!(uneven.validate(), Err(SkeletonError::Divisor(4)));
        assert_eq!(Skeleton { width_divisor: 2, ..uneven }.validate(), Ok(()));
        assert_eq!(refusal(Skeleton { classes: 0, ..default }), "skeleton: classes is 0, which is not in 1..=1048576");
        assert_eq!(
            refusal(Skeleton { resolution: 5000, ..default }),
            "skeleton: resolution is 5000, which is not in 1..=4096"
        );
        assert!(toml::from_str::<Skeleton>("channels = 16").is_err());
        assert_eq!(
            toml::from_str::<Skeleton>("block_affine = false\nprojection = \"every-stage\"").unwrap(),
            Skeleton::SUPERNET
        );
    }
}
