//! NAS-Bench-301 networks, which are those of DARTS: stem, a row of cells that each read the outputs of the two before, classifier.
//!
//! A supernet holds the weights of every operation on each of the 14 edges of every cell; a stand-alone network holds those that its
//! architecture uses. Only the eight edges that an architecture chose run, so a weight that it does not use has no gradient.
//!
//! In a supernet, and in the part of one, a batch-norm follows each pool. All edges but the skips then end in a batch-norm, and a skip reads
//! such values or sums of them: the mean of a channel of a cell's output over the batch is zero, or that of the shifts. So the sum of the
//! logits over a batch depends neither on the images nor on the kernels.

mod cell;
#[cfg(test)]
mod isomorphism_tests;
#[cfg(test)]
mod tests;

use super::layers::{CachedRelu, Classifier, ConvNorm, ConvShape};
use super::{Builder, ForwardPass, SpaceLayers, WeightsOf};
use candle_core::{Result, Tensor};
use cell::{Cell, CellShape};
use nas_assay_spaces::nb301::{Architecture, CellKind, INPUTS, NODES, Skeleton};
use std::ops::Range;

/// The layers of a NAS-Bench-301 network.
#[derive(Debug)]
pub(super) struct Nb301 {
    stem: ConvNorm,
    cells: Vec<Cell>,
    classifier: Classifier,
}

impl Nb301 {
    /// A network with the weights of one architecture or of all.
    ///
    /// # Errors
    /// If a tensor cannot be made.
    pub fn new(weights: WeightsOf<Architecture>, skeleton: &Skeleton, builder: &mut Builder) -> Result<Self> {
        let stem_shape = ConvShape { inputs: 3, outputs: 3 * skeleton.channels, kernel: 3, stride: 1 };
        let stem = ConvNorm::new(builder, "stem.conv", "stem.bn", stem_shape, true)?;
        let (mut channels, mut side) = (skeleton.channels, skeleton.resolution);
        // Channels and side of the outputs of the two cells before.
        let mut inputs = [(stem_shape.outputs, side); INPUTS];
        let mut cells = Vec::with_capacity(skeleton.layers);
        for layer in 0..skeleton.layers {
            let kind = skeleton.kind(layer);
            if kind == CellKind::Reduce {
                channels *= 2;
            }
            let inputs_halved = inputs.map(|(width, input_side)| (width, input_side != side));
            let (affine, pool_norm) = (skeleton.cell_affine, skeleton.pool_norm);
            let shape = CellShape { kind, inputs: inputs_halved, channels, affine, pool_norm };
            cells.push(Cell::new(builder, &format!("cell{layer}"), shape, weights)?);
            if kind == CellKind::Reduce {
                side = side.div_ceil(2);
            }
            inputs = [inputs[1], ((NODES - INPUTS) * channels, side)];
        }
        let classifier = Classifier::new(builder, inputs[1].0, skeleton.classes)?;
        Ok(Self { stem, cells, classifier })
    }
}

impl SpaceLayers for Nb301 {
    type Architecture = Architecture;

    fn forward(&self, architecture: Architecture, images: &Tensor, pass: &mut ForwardPass<'_>) -> Result<Tensor> {
        // The outputs of the last cell and of the one before it. For the first cell both are the stem's output.
        let stem = self.stem.forward(images, pass)?;
        let mut last = CachedRelu::new(pass.feature(format_args!("stem"), stem)?);
        let mut before = None;
        for (index, cell) in self.cells.iter().enumerate() {
            let first = cell.preprocess(0, before.as_mut().unwrap_or(&mut last), pass)?;
            let second = cell.preprocess(1, &mut last, pass)?;
            let output = cell.forward(architecture, [first, second], pass)?;
            let output = pass.feature(format_args!("cell{index}"), output)?;
            before = Some(std::mem::replace(&mut last, CachedRelu::new(output)));
        }
        self.classifier.forward(last.image(), pass)
    }

    fn unused(&self, architecture: Architecture) -> Vec<Range<usize>> {
        self.cells.iter().flat_map(|cell| cell.unused(architecture)).collect()
    }
}
