//! The residual block, as wide as the widest architecture needs it, and the part of it that an architecture uses.

use crate::net::layers::{CachedRelu, SlicedConvNorm, relu};
use crate::net::{Builder, Channels, ForwardPass, Slice};
use candle_core::{Result, Tensor, bail};
use nas_assay_schema::spec::Picker;
use nas_assay_spaces::nds::{Block as Kind, ResidualBlock};
use std::ops::Range;

/// How the weights of convolutions in groups are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Storage {
    /// For each output the inputs of its group: for a network of one architecture.
    Grouped,
    /// For each output all inputs: for a network of all architectures.
    Dense,
}

/// A shortcut and a branch that are added.
#[derive(Debug)]
pub(super) struct Block {
    shortcut: Option<SlicedConvNorm>,
    /// Which of the network's parameters are the shortcut's.
    shortcut_params: Range<usize>,
    /// Two 3×3 convolutions, or the three of a bottleneck.
    branch: Vec<SlicedConvNorm>,
    /// Which of the network's parameters are the branch's.
    branch_params: Range<usize>,
}

/// The parts of a block that an architecture uses.
#[derive(Debug)]
pub(super) struct BlockPlan {
    shortcut: Option<Slice>,
    branch: Vec<Slice>,
}

impl BlockPlan {
    /// The channels that come out.
    pub fn outputs(&self) -> Option<&Channels> {
        self.branch.last().map(|slice| &slice.outputs)
    }
}

impl Block {
    /// The block called `prefix`, of the sizes `block`.
    pub fn new(
        builder: &mut Builder,
        prefix: &str,
        block: &ResidualBlock,
        storage: Storage,
        affine: bool,
    ) -> Result<Self> {
        let &ResidualBlock { inputs, outputs, stride, projection, .. } = block;
        let convolution = |builder: &mut Builder, (conv, bn): (&str, &str), shape, stride| {
            let names = (format!("{prefix}.{conv}"), format!("{prefix}.{bn}"));
            SlicedConvNorm::new(builder, (&names.0, &names.1), shape, stride, affine)
        };
        let (shortcut, shortcut_params) = builder.ranged(|builder| {
            let names = ("shortcut.conv", "shortcut.bn");
            projection.then(|| convolution(builder, names, [outputs, inputs, 1], stride)).transpose()
        })?;
        let (branch, branch_params) = builder.ranged(|builder| {
            let [a, b, c] = [("conv_a", "bn_a"), ("conv_b", "bn_b"), ("conv_c", "bn_c")];
            Ok(match block.block {
                Kind::Basic => vec![
                    convolution(builder, a, [outputs, inputs, 3], stride)?,
                    convolution(builder, b, [outputs, outputs, 3], 1)?,
                ],
                Kind::Bottleneck { inner, groups } => {
                    let stored = if storage == Storage::Dense { inner } else { inner / groups };
                    vec![
                        convolution(builder, a, [inner, inputs, 1], 1)?,
                        convolution(builder, b, [inner, stored, 3], stride)?,
                        convolution(builder, c, [outputs, inner, 1], 1)?,
                    ]
                }
            })
        })?;
        Ok(Self { shortcut, shortcut_params, branch, branch_params })
    }

    /// The parts that a block of these sizes uses, if its input has the channels `inputs`.
    ///
    /// The first convolution that puts out a width picks its channels, and every layer that shares the width uses the same ones: the first
    /// projection picks for a stage, the first convolution of a bottleneck for its inside. A block without a projection keeps the channels
    /// of its input, since its output is added to the input.
    pub fn plan(&self, sizes: &ResidualBlock, inputs: &Channels, picker: Picker) -> Result<BlockPlan> {
        let pick = |convolution: &SlicedConvNorm, count: usize| match picker {
            Picker::Ordinal => Ok(Channels::First(count)),
            Picker::L1 => convolution.largest(inputs, count),
        };
        let shortcut = match (&self.shortcut, sizes.projection) {
            (_, false) => None,
            (Some(projection), true) => Some(Slice::new(pick(projection, sizes.outputs)?, inputs.clone())),
            (None, true) => bail!("a projection of {} channels has no weights", sizes.outputs),
        };
        let outputs = shortcut.as_ref().map_or(inputs, |slice| &slice.outputs).clone();
        let branch = match sizes.block {
            Kind::Basic => vec![Slice::new(outputs.clone(), inputs.clone()), Slice::new(outputs.clone(), outputs)],
            Kind::Bottleneck { inner, groups } => {
                let inside = pick(&self.branch[0], inner)?;
                vec![
                    Slice::new(inside.clone(), inputs.clone()),
                    // The first inputs of each group, whatever channels were picked.
                    Slice { outputs: inside.clone(), inputs: Channels::First(inner), groups },
                    Slice::new(outputs, inside),
                ]
            }
        };
        Ok(BlockPlan { shortcut, branch })
    }

    /// The part of each parameter, in network order.
    pub fn slices(&self, plan: &BlockPlan) -> Vec<Slice> {
        let layers = self.shortcut.iter().zip(&plan.shortcut).chain(self.branch.iter().zip(&plan.branch));
        layers.flat_map(|(layer, slice)| layer.slices(slice)).collect()
    }

    /// The parameters that an architecture does not use if it has a block of these sizes here, or none.
    pub fn unused(&self, sizes: Option<&ResidualBlock>) -> Range<usize> {
        match sizes {
            None => self.shortcut_params.start..self.branch_params.end,
            Some(sizes) if !sizes.projection => self.shortcut_params.clone(),
            Some(_) => 0..0,
        }
    }

    /// `[n, inputs, h, w]` to `[n, outputs, h / stride, w / stride]`.
    pub fn forward(&self, plan: &BlockPlan, x: &Tensor, pass: &mut ForwardPass<'_>) -> Result<Tensor> {
        let shortcut = match (&self.shortcut, &plan.shortcut) {
            (Some(projection), Some(slice)) => projection.forward(x, slice, pass)?,
            _ => x.clone(),
        };
        let mut y = x.clone();
        for (place, (convolution, slice)) in self.branch.iter().zip(&plan.branch).enumerate() {
            y = if place == 0 {
                convolution.forward(&y, slice, pass)?
            } else {
                convolution.forward_relu(&mut CachedRelu::new(y), slice, pass)?
            };
        }
        relu(&pass.engine.add(&shortcut, &y)?, pass)
    }
}
