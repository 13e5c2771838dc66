//! The network that an encoding stands for, as sizes: no tensor is built here, but what builds one, and the census, read this.
//!
//! Stem: 3×3 convolution, batch-norm, `ReLU`. Then the residual blocks: a shortcut and a branch are added, a `ReLU` follows. The
//! branch is a [`Block`]; the shortcut is the identity or a projection (1×1 convolution with the block's stride, batch-norm). Head:
//! global average pool, linear layer with bias. No convolution has a bias; 3×3 convolutions have padding 1.

use serde::{Deserialize, Serialize};

use super::{Architecture, Family, STAGES, STRIDES};
use crate::SkeletonError;

/// A stage of equal blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stage {
    /// Residual blocks, at least 1.
    pub depth: usize,
    /// Channels that each block puts out.
    pub width: usize,
    /// What each block's branch is.
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
        /// Channels that go into the 3×3 convolution and come out of it.
        inner: usize,
        /// Groups of the 3×3 convolution: they divide `inner`.
        groups: usize,
    },
}

/// Which blocks have a projection on their shortcut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Projection {
    /// Those whose input has another shape than their output: the networks that the tables' accuracies are of. The first stage has
    /// none where its width is that of the stem.
    #[default]
    WhereShapeChanges,
    /// The first of each stage, as in the paper's supernet, whose first stage has a projection for all of its widths.
    EveryStage,
}

/// What is around the blocks of a network, and how they are normalised and joined.
///
/// The default is [`STAND_ALONE`](Self::STAND_ALONE).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Skeleton {
    /// Channels that the stem puts out, before they are divided.
    pub stem: usize,
    /// Distance between the windows of the stem's convolution: 1, or more for smaller maps throughout.
    pub stem_stride: usize,
    /// What every number of channels is divided by: 1, or 2 or 4 for a small network. (Where a bottleneck has fewer channels left than
    /// groups, it has as many groups as channels.)
    pub width_divisor: usize,
    /// Classes of the classifier.
    pub classes: usize,
    /// Height and width of an input image, in pixels. Stride 2 halves them, rounding up.
    pub resolution: usize,
    /// Whether batch-norm inside the blocks (projections with them) has a trainable scale and shift. The stem's always has.
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
    /// The networks that the tables are of: CIFAR-10, 16 channels out of the stem, affine batch-norm everywhere.
    pub const STAND_ALONE: Self = Self {
        stem: 16,
        stem_stride: 1,
        width_divisor: 1,
        classes: 10,
        resolution: 32,
        block_affine: true,
        projection: Projection::WhereShapeChanges,
    };

    /// The sub-networks of the paper's supernet: no affine batch-norm in the blocks, a projection in every stage.
    pub const SUPERNET: Self = Self { block_affine: false, projection: Projection::EveryStage, ..Self::STAND_ALONE };

    /// Whether a network can be built from this skeleton and counted in 64 bits.
    ///
    /// # Errors
    /// The first field that is out of its range.
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

    /// Channels that the stem puts out.
    pub const fn stem_channels(&self) -> usize {
        self.stem / self.width_divisor
    }

    /// Height and width of what the stem puts out, in pixels.
    pub const fn stem_side(&self) -> usize {
        self.resolution.div_ceil(self.stem_stride)
    }

    /// A stage with its channels divided.
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

/// A residual block in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ResidualBlock {
    /// Channels that go in.
    pub inputs: usize,
    /// Channels that come out.
    pub outputs: usize,
    /// Stride of the branch's first 3×3 convolution and of the projection.
    pub stride: usize,
    /// Height and width of the maps that go in, in pixels.
    pub side: usize,
    /// Whether the shortcut is a projection; otherwise it is the identity.
    pub projection: bool,
    /// The branch.
    pub block: Block,
}

impl ResidualBlock {
    /// Height and width of the maps that come out, in pixels.
    pub const fn side_out(&self) -> usize {
        self.side.div_ceil(self.stride)
    }
}

/// A residual block, and how often it follows itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Run {
    /// The block.
    pub block: ResidualBlock,
    /// How often it stands there: 0 for the further blocks of a stage that has only one.
    pub times: usize,
}

impl<F: Family> Architecture<F> {
    /// The blocks in the order in which an image passes them: of each stage the first, then the others, which are all alike.
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

    /// The values of the decisions, read off the blocks of a network by shape alone.
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

    /// The decisions follow from the network, so no two encodings build the same one.
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

    /// Every block takes what the one before puts out, and an identity keeps the shape.
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
