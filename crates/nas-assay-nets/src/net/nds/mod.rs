//! Networks of the two network design spaces: stem, three stages of residual blocks, classifier.
//!
//! A stand-alone network holds the weights of one architecture. A supernet is one network of the greatest depths and widths, and runs
//! any architecture with a part of it: the first blocks of each stage, and some of the channels of each layer.
//!
//! - A [`Picker`] says which channels a narrow layer has: the first ones, or those whose weights for the inputs in use have the largest
//!   L1 norm. The first convolution that puts out a width picks for every layer that shares it. For a stage that is its projection, for
//!   the inside of a bottleneck that is the bottleneck's first convolution.
//! - A bottleneck's ratio is a width like any other.
//! - A bottleneck's 3×3 convolution is stored dense. In groups it is read [block by block](Slice). It always reads the first inputs of a
//!   block, whatever the picker and the number of groups.
//! - Batch statistics are those of the channels in use. Running statistics are kept for all channels; a pass moves those of the channels in
//!   use.
//!
//! These are the rules of Ning et al. 2021 (`germ_nds.py` in their code). Weights start as they do there, by [`InitScheme::FanOut`].

mod block;
#[cfg(test)]
mod tests;

use super::layers::{Classifier, SlicedConvNorm, relu};
use super::{Builder, Channels, ForwardPass, InitScheme, Slice, SpaceLayers, WeightsOf};
use block::{Block, BlockPlan, Storage};
use candle_core::{Result, Tensor};
use nas_assay_schema::spec::Picker;
use nas_assay_spaces::nds::{Architecture, Family, Projection, ResidualBlock, Run, STAGES, Skeleton};
use std::marker::PhantomData;
use std::ops::Range;

/// The layers of a network of one of the network design spaces.
#[derive(Debug)]
pub(super) struct Nds<F: Family> {
    skeleton: Skeleton,
    picker: Picker,
    stem: SlicedConvNorm,
    stages: [Vec<Block>; STAGES],
    classifier: Classifier,
    family: PhantomData<F>,
}

/// The blocks of one stage.
fn blocks_of(runs: &[Run; 2 * STAGES], stage: usize) -> impl Iterator<Item = &ResidualBlock> {
    runs[2 * stage..2 * stage + 2].iter().flat_map(|run| std::iter::repeat_n(&run.block, run.times))
}

/// The parts of a network that an architecture uses.
struct Plan {
    stem: Slice,
    stages: [Vec<BlockPlan>; STAGES],
    classifier: Channels,
}

impl<F: Family> Nds<F> {
    /// A network with the weights of one architecture or of all.
    ///
    /// # Errors
    /// If a tensor cannot be made.
    pub fn new(weights: WeightsOf<Architecture<F>>, skeleton: &Skeleton, builder: &mut Builder) -> Result<Self> {
        builder.set_scheme(InitScheme::FanOut);
        let (largest, picker, storage, projection) = match weights {
            WeightsOf::One(architecture) => (architecture, Picker::Ordinal, Storage::Grouped, skeleton.projection),
            // Where some architectures need a projection, there are weights for it.
            WeightsOf::All(picker) => (Architecture::LAST, picker, Storage::Dense, Projection::EveryStage),
        };
        let stem_shape = [skeleton.stem_channels(), 3, 3];
        let stem = SlicedConvNorm::new(builder, ("stem.conv", "stem.bn"), stem_shape, skeleton.stem_stride, true)?;
        let runs = largest.runs(&Skeleton { projection, ..*skeleton });
        let mut stages = [const { Vec::new() }; STAGES];
        for (stage, blocks) in stages.iter_mut().enumerate() {
            for sizes in blocks_of(&runs, stage) {
                let prefix = format!("stage{stage}.block{}", blocks.len());
                blocks.push(Block::new(builder, &prefix, sizes, storage, skeleton.block_affine)?);
            }
        }
        let classifier = Classifier::new(builder, runs[runs.len() - 1].block.outputs, skeleton.classes)?;
        Ok(Self { skeleton: *skeleton, picker, stem, stages, classifier, family: PhantomData })
    }

    /// Which parts an architecture uses.
    fn plan(&self, architecture: Architecture<F>) -> Result<Plan> {
        let stem = Slice::new(Channels::First(self.skeleton.stem_channels()), Channels::First(3));
        let mut channels = stem.outputs.clone();
        let runs = architecture.runs(&self.skeleton);
        let mut stages = [const { Vec::new() }; STAGES];
        for (stage, plans) in stages.iter_mut().enumerate() {
            for (block, sizes) in self.stages[stage].iter().zip(blocks_of(&runs, stage)) {
                let plan = block.plan(sizes, &channels, self.picker)?;
                channels = plan.outputs().cloned().unwrap_or(channels);
                plans.push(plan);
            }
        }
        Ok(Plan { stem, stages, classifier: channels })
    }

    /// The blocks that a plan has, each with its part of the plan.
    fn planned<'a>(&'a self, plan: &'a Plan) -> impl Iterator<Item = (&'a Block, &'a BlockPlan)> {
        self.stages.iter().zip(&plan.stages).flat_map(|(blocks, plans)| blocks.iter().zip(plans))
    }
}

impl<F: Family> SpaceLayers for Nds<F> {
    type Architecture = Architecture<F>;

    fn forward(&self, architecture: Architecture<F>, images: &Tensor, pass: &mut ForwardPass<'_>) -> Result<Tensor> {
        let plan = self.plan(architecture)?;
        let stem = self.stem.forward(images, &plan.stem, pass)?;
        let stem = relu(&stem, pass)?;
        let mut x = pass.feature(format_args!("stem"), stem)?;
        for (index, (block, plan)) in self.planned(&plan).enumerate() {
            let output = block.forward(plan, &x, pass)?;
            x = pass.feature(format_args!("block{index}"), output)?;
        }
        self.classifier.forward_channels(&x, &plan.classifier, pass)
    }

    fn unused(&self, architecture: Architecture<F>) -> Vec<Range<usize>> {
        let runs = architecture.runs(&self.skeleton);
        let of_stage = |(stage, blocks): (usize, &Vec<Block>)| {
            let mut sizes = blocks_of(&runs, stage);
            blocks.iter().map(|block| block.unused(sizes.next())).collect::<Vec<_>>()
        };
        self.stages.iter().enumerate().flat_map(of_stage).collect()
    }

    fn slices(&self, architecture: Architecture<F>) -> Result<Option<Vec<Slice>>> {
        let plan = self.plan(architecture)?;
        let mut slices = self.stem.slices(&plan.stem);
        slices.extend(self.planned(&plan).flat_map(|(block, plan)| block.slices(plan)));
        slices.extend(self.classifier.slices(&plan.classifier)?);
        Ok(Some(slices))
    }
}
