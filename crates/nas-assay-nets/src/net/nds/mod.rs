//! Networks of the two network design spaces: stem, three stages of residual blocks, classifier (SPEC 2.5).
//!
//! One type serves both uses. A stand-alone network holds the weights of one architecture. A supernet is one network of the greatest
//! depths and widths, and runs any architecture with a part of it: of each stage the first blocks, of each layer some of the channels.
//!
//! - A [`Picker`] says which channels a narrow layer has: the first ones, or those whose weights have the largest L1 norm, of the inputs
//!   that it reads. The first convolution that puts out a width picks for every layer that shares it, which is a projection for a stage
//!   and a bottleneck's first convolution for the inside of that bottleneck.
//! - A bottleneck's ratio is a width like any other.
//! - A bottleneck's 3×3 convolution is stored dense. In groups it is read [block by block](Slice); and in any number of groups it reads
//!   the first inputs of a block, whatever the picker.
//! - Batch statistics are those of the channels in use; running statistics are kept for all, and a pass moves those in use.
//!
//! Weights start as in the paper and in the spaces' own code, by [`Initialisation::FanOut`].

mod block;
#[cfg(test)]
mod tests;

use super::layers::{Classifier, SlicedConvNorm, relu};
use super::{Buffers, Builder, Channels, Init, Initialisation, NetError, Param, Params, Pass, Slice};
use block::{Block, BlockPlan, Storage};
use candle_core::{DType, Device, Tensor};
use nas_assay_kernels::composed;
use nas_assay_schema::spec::Picker;
use nas_assay_spaces::nds::{Architecture, Family, Projection, ResidualBlock, Run, STAGES, Skeleton};

/// A network of one of the network design spaces.
#[derive(Debug)]
pub struct Nds<F: Family> {
    skeleton: Skeleton,
    holds: Holds<F>,
    stem: SlicedConvNorm,
    /// The parameters before the first block's.
    stem_params: usize,
    stages: [Vec<Block>; STAGES],
    classifier: Classifier,
    params: Params,
    buffers: Buffers,
}

/// The blocks of one stage.
fn blocks_of(runs: &[Run; 2 * STAGES], stage: usize) -> impl Iterator<Item = &ResidualBlock> {
    runs[2 * stage..2 * stage + 2].iter().flat_map(|run| std::iter::repeat_n(&run.block, run.times))
}

/// Whose weights a network has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds<F: Family> {
    One(Architecture<F>),
    All(Picker),
}

/// The parts of a network that an architecture uses.
struct Plan {
    stem: Slice,
    stages: [Vec<BlockPlan>; STAGES],
    classifier: Channels,
}

impl<F: Family> Nds<F> {
    /// A network with the weights of `architecture` alone.
    ///
    /// # Errors
    /// If a tensor cannot be made.
    pub fn stand_alone(
        architecture: Architecture<F>,
        skeleton: Skeleton,
        init: Init,
        dtype: DType,
        device: &Device,
    ) -> candle_core::Result<Self> {
        Self::build(Holds::One(architecture), skeleton, Builder::new(init, dtype, device))
    }

    /// A network with the weights of all architectures; `picker` says which channels a narrow layer has.
    ///
    /// # Errors
    /// If a tensor cannot be made.
    pub fn supernet(
        skeleton: Skeleton,
        picker: Picker,
        init: Init,
        dtype: DType,
        device: &Device,
    ) -> candle_core::Result<Self> {
        Self::build(Holds::All(picker), skeleton, Builder::new(init, dtype, device))
    }

    fn build(holds: Holds<F>, skeleton: Skeleton, builder: Builder) -> candle_core::Result<Self> {
        let mut builder = builder.initialised_by(Initialisation::FanOut);
        let (largest, storage, projection) = match holds {
            Holds::One(architecture) => (architecture, Storage::Grouped, skeleton.projection),
            // Where some architectures need a projection, there are weights for it.
            Holds::All(_) => (Architecture::LAST, Storage::Dense, Projection::EveryStage),
        };
        let stem_shape = [skeleton.stem_channels(), 3, 3];
        let stem = SlicedConvNorm::new(&mut builder, ("stem.conv", "stem.bn"), stem_shape, skeleton.stem_stride, true)?;
        let stem_params = builder.position();
        let runs = largest.runs(&Skeleton { projection, ..skeleton });
        let mut stages = [const { Vec::new() }; STAGES];
        for (stage, blocks) in stages.iter_mut().enumerate() {
            for sizes in blocks_of(&runs, stage) {
                let prefix = format!("stage{stage}.block{}", blocks.len());
                blocks.push(Block::new(&mut builder, &prefix, sizes, storage, skeleton.block_affine)?);
            }
        }
        let classifier = Classifier::new(&mut builder, runs[runs.len() - 1].block.outputs, skeleton.classes)?;
        let (params, buffers) = builder.finish();
        Ok(Self { skeleton, holds, stem, stem_params, stages, classifier, params, buffers })
    }

    /// What is around the blocks.
    pub fn skeleton(&self) -> &Skeleton {
        &self.skeleton
    }

    /// All trained tensors.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// All running statistics.
    pub fn buffers(&self) -> &Buffers {
        &self.buffers
    }

    /// The parameters of which `architecture` uses a part, in network order. They belong to the parameters of its stand-alone network, in
    /// the same order, and may be wider.
    pub fn active(&self, architecture: Architecture<F>) -> Vec<&Param> {
        let runs = architecture.runs(&self.skeleton);
        let mut active = vec![false; self.params.len()];
        active[..self.stem_params].fill(true);
        let classifier = self.params.len() - 2;
        active[classifier..].fill(true);
        for (stage, blocks) in self.stages.iter().enumerate() {
            for (block, sizes) in blocks.iter().zip(blocks_of(&runs, stage)) {
                block.active(sizes.projection).for_each(|place| active[place] = true);
            }
        }
        self.params.iter().zip(active).filter_map(|(param, active)| active.then_some(param)).collect()
    }

    /// A stand-alone network of `architecture` of type `dtype`, each parameter a part of a function of this network's.
    ///
    /// `value` gets the whole parameter and gives a tensor of its shape; which part is taken follows from this network's weights. Running
    /// statistics start afresh.
    ///
    /// # Errors
    /// If the network has not the architecture's weights, or a tensor cannot be made.
    pub fn extract(
        &self,
        architecture: Architecture<F>,
        dtype: DType,
        value: impl Fn(&Param) -> candle_core::Result<Tensor>,
    ) -> Result<Self, NetError> {
        self.check(architecture)?;
        let device = self.params.iter().next().map_or(Device::Cpu, |param| param.var.device().clone());
        let copy = Self::stand_alone(architecture, self.skeleton, Init::Zero, dtype, &device)?;
        let parts = self.parts(&self.plan(architecture)?);
        for ((place, slice), to) in parts.into_iter().zip(&copy.params) {
            let from = self.params.iter().nth(place).map_or_else(|| candle_core::bail!("no parameter {place}"), Ok)?;
            let part = composed::slice(&value(from)?.detach(), &slice)?;
            to.var.set(&part.to_dtype(dtype)?.copy()?)?;
        }
        Ok(copy)
    }

    /// Logits `[n, classes]` of `architecture` for images `[n, 3, h, w]` of the skeleton's resolution.
    ///
    /// # Errors
    /// If the network has not the architecture's weights, or an operation fails.
    pub fn forward(
        &self,
        architecture: Architecture<F>,
        images: &Tensor,
        pass: &mut Pass<'_>,
    ) -> Result<Tensor, NetError> {
        self.check(architecture)?;
        let plan = self.plan(architecture)?;
        let stem = self.stem.forward(images, &plan.stem, pass)?;
        let mut x = relu(&stem, pass)?;
        for (block, plan) in self.stages.iter().zip(&plan.stages).flat_map(|(blocks, plans)| blocks.iter().zip(plans)) {
            x = block.forward(plan, &x, pass)?;
        }
        Ok(self.classifier.forward_channels(&x, &plan.classifier, pass)?)
    }

    /// Which parts an architecture uses.
    fn plan(&self, architecture: Architecture<F>) -> candle_core::Result<Plan> {
        let picker = match self.holds {
            Holds::One(_) => Picker::Ordinal,
            Holds::All(picker) => picker,
        };
        let stem = Slice::new(Channels::First(self.skeleton.stem_channels()), Channels::First(3));
        let mut channels = stem.outputs.clone();
        let runs = architecture.runs(&self.skeleton);
        let mut stages = [const { Vec::new() }; STAGES];
        for (stage, plans) in stages.iter_mut().enumerate() {
            for (block, sizes) in self.stages[stage].iter().zip(blocks_of(&runs, stage)) {
                let plan = block.plan(sizes, &channels, picker)?;
                channels = plan.outputs().cloned().unwrap_or(channels);
                plans.push(plan);
            }
        }
        Ok(Plan { stem, stages, classifier: channels })
    }

    /// The parts of the parameters, as places in the network's list, in network order.
    fn parts(&self, plan: &Plan) -> Vec<(usize, Slice)> {
        let stem = Slice::vector(plan.stem.outputs.clone());
        let mut parts = vec![(0, plan.stem.clone())];
        parts.extend((1..self.stem_params).map(|place| (place, stem.clone())));
        for (block, plan) in self.stages.iter().zip(&plan.stages).flat_map(|(blocks, plans)| blocks.iter().zip(plans)) {
            parts.extend(block.parts(plan));
        }
        let (weight, classes) = (self.params.len() - 2, Channels::First(self.skeleton.classes));
        parts.push((weight, Slice::new(classes.clone(), plan.classifier.clone())));
        parts.push((weight + 1, Slice::vector(classes)));
        parts
    }

    /// Whether this network has the weights of `architecture`.
    fn check(&self, architecture: Architecture<F>) -> Result<(), NetError> {
        match self.holds {
            Holds::One(own) if own != architecture => {
                Err(NetError::ForeignArchitecture { own: own.to_string(), asked: architecture.to_string() })
            }
            _ => Ok(()),
        }
    }
}
