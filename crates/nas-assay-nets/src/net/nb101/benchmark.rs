//! NAS-Bench-101's own network (Ying et al., ICML 2019; `model_builder` of its code).

use std::ops::Range;

use candle_core::{Result, Tensor};

use super::cell::{Cell, ConvNormRelu, OUTPUT, unused};
use super::sparse::SparseImage;
use crate::net::forward_pass::Weightless;
use crate::net::layers::Classifier;
use crate::net::{Builder, ForwardPass, SpaceLayers, WeightsOf};
use nas_assay_spaces::nb101::{Architecture, StandAlone};

/// Stacks of cells.
const STACKS: usize = 3;

/// NAS-Bench-101's network of one architecture: the vertices of a cell share its channels.
///
/// A stem; three stacks of cells; the classifier. Each stack after the first begins with a 2×2 max pooling of stride 2, which
/// rounds an odd side up, and has twice the channels. Channels are divided by [`Architecture::vertex_channels`]; a vertex takes as many of a parent's channels as it has
/// itself, the first ones.
#[derive(Debug)]
pub(crate) struct Nb101 {
    stem: ConvNormRelu,
    stacks: Vec<Vec<Cell>>,
    classifier: Classifier,
}

impl Nb101 {
    /// The network of `architecture`.
    ///
    /// # Errors
    /// If there are fewer channels than vertices that feed the output, or a tensor cannot be made.
    pub fn new(architecture: Architecture, skeleton: &StandAlone, builder: &mut Builder) -> Result<Self> {
        let mut outputs = skeleton.channels;
        let stem = ConvNormRelu::new(builder, "stem", [3, outputs], 3, true)?;
        let mut stacks = Vec::with_capacity(STACKS);
        let mut inputs = outputs;
        for stack in 0..STACKS {
            if stack > 0 {
                outputs *= 2;
            }
            let mut cells = Vec::with_capacity(skeleton.cells);
            for cell in 0..skeleton.cells {
                let channels = architecture.vertex_channels(inputs, outputs);
                if let Some(vertex) = (1..OUTPUT).find(|&v| architecture.live_vertices()[v] && channels[v] == 0) {
                    candle_core::bail!("{outputs} channels leave none for vertex {vertex} of {architecture}");
                }
                let prefix = format!("cell{}", stack * skeleton.cells + cell);
                cells.push(Cell::new(builder, &prefix, WeightsOf::One(architecture), channels, true)?);
                inputs = outputs;
            }
            stacks.push(cells);
        }
        let classifier = Classifier::new(builder, inputs, skeleton.classes)?;
        Ok(Self { stem, stacks, classifier })
    }
}

impl SpaceLayers for Nb101 {
    type Architecture = Architecture;

    fn forward(&self, architecture: Architecture, images: &Tensor, pass: &mut ForwardPass<'_>) -> Result<Tensor> {
        let stem = self.stem.forward(images, pass)?;
        let mut x = pass.feature(format_args!("stem"), stem)?;
        let mut index = 0;
        for (stack, cells) in self.stacks.iter().enumerate() {
            if stack > 0 {
                x = pass.pooled(Weightless::MaxPool, &x, pass.engine.halving_max_pool2d(&x)?)?;
            }
            for cell in cells {
                let joined = output(cell, architecture, x, pass)?;
                x = pass.feature(format_args!("cell{index}"), joined)?;
                index += 1;
            }
        }
        self.classifier.forward(&x, pass)
    }

    fn unused(&self, architecture: Architecture) -> Vec<Range<usize>> {
        unused(self.stacks.iter().flatten(), architecture)
    }
}

/// The vertices that feed the output side by side, plus the projection of the input if that feeds it.
fn output(cell: &Cell, architecture: Architecture, x: Tensor, pass: &mut ForwardPass<'_>) -> Result<Tensor> {
    let x = SparseImage::whole(x)?;
    let feeding = cell.feeding_output(architecture, &x, pass)?;
    let [(_, first), rest @ ..] = feeding.as_slice() else { candle_core::bail!("no vertex feeds the output") };
    let mut joined = first.clone();
    for (_, value) in rest {
        joined = pass.engine.join_channels(&joined, value)?;
    }
    if !architecture.has_edge(0, OUTPUT) {
        return Ok(joined);
    }
    let projection = cell.project(OUTPUT, &x, pass)?;
    pass.engine.add(&joined, &projection)
}
