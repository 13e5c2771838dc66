//! NAS-Bench-201 networks: stem, three stages of cells with residual reductions between them, head.
//!
//! A supernet holds one convolution for every cell, edge and parametrised operation; a stand-alone network holds those that its
//! architecture uses. The architecture is the same in every cell. Only live edges run, so a weight that an architecture does not use
//! has no gradient; a cell without a live edge into its last node gives zeros.

#[cfg(test)]
mod isomorphism_tests;
#[cfg(test)]
mod tests;

use super::forward_pass::Weightless;
use super::layers::{CachedRelu, Choices, ConvNorm, ConvShape, Head, Reduction};
use super::{Builder, ForwardPass, SpaceLayers, WeightsOf};
use candle_core::{Result, Tensor, bail};
use nas_assay_spaces::nb201::{Architecture, EDGES, NODES, Operation, Skeleton};
use std::ops::Range;

/// The two parametrised operations.
const CONVOLUTIONS: [Operation; 2] = [Operation::NorConv1x1, Operation::NorConv3x3];

/// The layers of a NAS-Bench-201 network.
#[derive(Debug)]
pub(super) struct Nb201 {
    stem: ConvNorm,
    stages: Vec<Stage>,
    head: Head,
}

/// Cells of one width.
#[derive(Debug)]
struct Stage {
    /// Halves the image of the stage before. The first stage has none.
    reduction: Option<Reduction>,
    cells: Vec<Cell>,
}

/// One cell's convolutions, by edge and operation. Their ReLU is not part of them: edges from one node share it.
#[derive(Debug)]
struct Cell {
    convs: Choices<(usize, Operation), ConvNorm>,
}

/// Whether the operation on an edge takes part in the architecture's output.
fn is_used((edge, operation): (usize, Operation), architecture: Architecture) -> bool {
    architecture.live_edges()[edge] && architecture.operations()[edge] == operation
}

impl Nb201 {
    /// A network with the weights of one architecture or of all.
    ///
    /// # Errors
    /// If a tensor cannot be made.
    pub fn new(weights: WeightsOf<Architecture>, skeleton: &Skeleton, builder: &mut Builder) -> Result<Self> {
        let stem_shape = ConvShape { inputs: 3, outputs: skeleton.channels, kernel: 3, stride: 1 };
        let stem = ConvNorm::new(builder, "stem.conv", "stem.bn", stem_shape, true)?;
        let mut stages = Vec::with_capacity(Skeleton::STAGES);
        let mut before = None;
        for stage in 0..Skeleton::STAGES {
            let channels = skeleton.stage_channels(stage);
            let reduction =
                before.map(|inputs| Reduction::new(builder, &format!("reduction{stage}"), inputs, channels));
            let reduction = reduction.transpose()?;
            let index = |cell| stage * skeleton.cells + cell;
            let cells = (0..skeleton.cells)
                .map(|cell| Cell::new(builder, index(cell), channels, weights, skeleton.cell_affine))
                .collect::<Result<_>>()?;
            stages.push(Stage { reduction, cells });
            before = Some(channels);
        }
        let head = Head::new(builder, skeleton.stage_channels(Skeleton::STAGES - 1), skeleton.classes)?;
        Ok(Self { stem, stages, head })
    }
}

impl SpaceLayers for Nb201 {
    type Architecture = Architecture;

    fn forward(&self, architecture: Architecture, images: &Tensor, pass: &mut ForwardPass<'_>) -> Result<Tensor> {
        let stem = self.stem.forward(images, pass)?;
        let mut x = pass.feature(format_args!("stem"), stem)?;
        let mut index = 0;
        for (number, stage) in self.stages.iter().enumerate() {
            if let Some(reduction) = &stage.reduction {
                let reduced = reduction.forward(&x, pass)?;
                x = pass.feature(format_args!("reduction{number}"), reduced)?;
            }
            for cell in &stage.cells {
                let output = cell.forward(architecture, &x, pass)?;
                x = pass.feature(format_args!("cell{index}"), output)?;
                index += 1;
            }
        }
        self.head.forward(&x, pass)
    }

    fn unused(&self, architecture: Architecture) -> Vec<Range<usize>> {
        let cells = self.stages.iter().flat_map(|stage| &stage.cells);
        cells.flat_map(|cell| cell.convs.unused(move |place| is_used(place, architecture))).collect()
    }
}

impl Cell {
    fn new(
        builder: &mut Builder,
        index: usize,
        channels: usize,
        weights: WeightsOf<Architecture>,
        affine: bool,
    ) -> Result<Self> {
        let places = (0..EDGES.len()).flat_map(|edge| CONVOLUTIONS.map(|operation| (edge, operation)));
        let needed = places.filter(|&place| weights.need(|architecture| is_used(place, architecture)));
        let convs = Choices::new(builder, needed, |builder, (edge, operation)| {
            let (from, to) = EDGES[edge];
            let prefix = match weights {
                WeightsOf::One(_) => format!("cell{index}.edge{from}to{to}"),
                WeightsOf::All(_) => format!("cell{index}.edge{from}to{to}.{operation}"),
            };
            let Some(kernel) = operation.conv_kernel() else { bail!("{operation} is no convolution") };
            let shape = ConvShape { inputs: channels, outputs: channels, kernel, stride: 1 };
            ConvNorm::new(builder, &format!("{prefix}.conv"), &format!("{prefix}.bn"), shape, affine)
        })?;
        Ok(Self { convs })
    }

    fn forward(&self, architecture: Architecture, x: &Tensor, pass: &mut ForwardPass<'_>) -> Result<Tensor> {
        let mut nodes: [Option<CachedRelu>; NODES] = [Some(CachedRelu::new(x.clone())), None, None, None];
        let (live, operations) = (architecture.live_edges(), architecture.operations());
        for node in 1..NODES {
            let mut arriving = Vec::with_capacity(node);
            for edge in (0..EDGES.len()).filter(|&edge| live[edge] && EDGES[edge].1 == node) {
                let from = EDGES[edge].0;
                let Some(source) = &mut nodes[from] else {
                    bail!("edge {from} to {node} is live, but node {from} has no value")
                };
                arriving.push(self.run_edge(edge, operations[edge], source, pass)?);
            }
            if !arriving.is_empty() {
                nodes[node] = Some(CachedRelu::new(pass.engine.add_all(&arriving.iter().collect::<Vec<_>>())?));
            }
        }
        let [.., output] = nodes;
        output.map_or_else(|| x.detach().zeros_like(), |output| Ok(output.image().clone()))
    }

    /// The output of an edge for its source.
    fn run_edge(
        &self,
        edge: usize,
        operation: Operation,
        source: &mut CachedRelu,
        pass: &mut ForwardPass<'_>,
    ) -> Result<Tensor> {
        match operation {
            Operation::None => bail!("an edge without operation is never live"),
            Operation::SkipConnect => Ok(source.image().clone()),
            Operation::AvgPool3x3 => {
                pass.pooled(Weightless::AvgPool, source.image(), pass.engine.avg_pool2d(source.image(), 3, 1, 1)?)
            }
            Operation::NorConv1x1 | Operation::NorConv3x3 => {
                let Some(conv) = self.convs.get((edge, operation)) else {
                    let (from, to) = EDGES[edge];
                    bail!("edge {from} to {to} has no weights for {operation}")
                };
                conv.forward_relu(source, pass)
            }
        }
    }
}
