//! One cell of the network.

use super::Holds;
use crate::net::layers::{ConvNorm, ConvShape, DilConv, FactorisedReduction, SepConv, SeparableShape, Shared};
use crate::net::{Builder, Pass};
use candle_core::{Result, Tensor, bail};
use nas_assay_spaces::nb301::{self, CellKind, INPUTS, NODES, Operation};
use std::ops::Range;

/// What a cell is built as.
#[derive(Clone, Copy, Debug)]
pub(super) struct CellShape {
    pub kind: CellKind,
    /// Of each input, the channels, and whether it is larger than the other and has to be halved.
    pub inputs: [(usize, bool); INPUTS],
    /// Channels of every node.
    pub channels: usize,
    /// Whether batch-norm has a scale and a shift.
    pub affine: bool,
}

/// A cell: what brings its inputs to its channels, and the weights of its edges.
#[derive(Debug)]
pub(super) struct Cell {
    kind: CellKind,
    inputs: [Preprocess; INPUTS],
    /// By target, source and operation.
    weights: Vec<EdgeWeights>,
}

/// Brings the output of an earlier cell to the channels and the size of a cell.
#[derive(Debug)]
enum Preprocess {
    /// `ReLU`, 1x1 convolution, batch-norm.
    Pointwise(ConvNorm),
    /// For an output that is still to be halved.
    Halving(FactorisedReduction),
}

/// The weights of an operation on an edge.
#[derive(Debug)]
pub(super) struct EdgeWeights {
    /// Source and target.
    pub nodes: (usize, usize),
    pub operation: Operation,
    layer: EdgeLayer,
    /// Which of the network's parameters are its own.
    pub params: Range<usize>,
}

#[derive(Debug)]
enum EdgeLayer {
    Separable(SepConv),
    Dilated(DilConv),
    /// A skip that halves.
    Halving(FactorisedReduction),
}

impl Cell {
    /// The cell whose parameters are called `prefix.*`.
    pub fn new(builder: &mut Builder, prefix: &str, shape: CellShape, holds: Holds) -> Result<Self> {
        let CellShape { kind, inputs, channels, affine } = shape;
        let mut preprocess = |input: usize| -> Result<Preprocess> {
            let (prefix, (width, halved)) = (format!("{prefix}.preprocess{input}"), inputs[input]);
            if halved {
                return Ok(Preprocess::Halving(FactorisedReduction::new(builder, &prefix, width, channels, affine)?));
            }
            let shape = ConvShape { inputs: width, outputs: channels, kernel: 1, stride: 1 };
            let (conv, bn) = (format!("{prefix}.conv"), format!("{prefix}.bn"));
            Ok(Preprocess::Pointwise(ConvNorm::new(builder, &conv, &bn, shape, affine)?))
        };
        let inputs = [preprocess(0)?, preprocess(1)?];
        let mut weights = Vec::new();
        for (from, to) in (INPUTS..NODES).flat_map(|to| (0..to).map(move |from| (from, to))) {
            for operation in Operation::ALL.into_iter().filter(|&o| holds.has(kind, (from, to), o)) {
                let prefix = match holds {
                    Holds::One(_) => format!("{prefix}.edge{from}to{to}"),
                    Holds::All => format!("{prefix}.edge{from}to{to}.{operation}"),
                };
                let start = builder.position();
                let separable = |kernel| SeparableShape { channels, kernel, stride: stride(kind, from), affine };
                let layer = match operation {
                    Operation::SepConv3x3 => EdgeLayer::Separable(SepConv::new(builder, &prefix, separable(3))?),
                    Operation::SepConv5x5 => EdgeLayer::Separable(SepConv::new(builder, &prefix, separable(5))?),
                    Operation::DilConv3x3 => EdgeLayer::Dilated(DilConv::new(builder, &prefix, separable(3))?),
                    Operation::DilConv5x5 => EdgeLayer::Dilated(DilConv::new(builder, &prefix, separable(5))?),
                    _ => {
                        let halving = FactorisedReduction::new(builder, &prefix, channels, channels, affine)?;
                        EdgeLayer::Halving(halving)
                    }
                };
                weights.push(EdgeWeights { nodes: (from, to), operation, layer, params: start..builder.position() });
            }
        }
        Ok(Self { kind, inputs, weights })
    }

    /// The weights of all edges, in network order.
    pub fn weights(&self) -> &[EdgeWeights] {
        &self.weights
    }

    /// An earlier cell's output as this cell's input number `input`: `[n, channels, h, w]`.
    pub fn bring(&self, input: usize, output: &mut Shared, pass: &mut Pass<'_>) -> Result<Tensor> {
        match &self.inputs[input] {
            Preprocess::Pointwise(layer) => layer.forward(&output.relu(pass)?, pass),
            Preprocess::Halving(layer) => layer.forward(output, pass),
        }
    }

    /// The four inner nodes of `cell`, side by side: `[n, 4 channels, h', w']`, halved by a reduction cell.
    pub fn forward(&self, cell: nb301::Cell, inputs: [Tensor; INPUTS], pass: &mut Pass<'_>) -> Result<Tensor> {
        let mut nodes: Vec<Shared> = inputs.into_iter().map(Shared::new).collect();
        for pair in cell.edges().chunks_exact(2) {
            let [first, second] = [pair[0], pair[1]];
            let terms =
                [self.run(first, &mut nodes[first.from], pass)?, self.run(second, &mut nodes[second.from], pass)?];
            nodes.push(Shared::new(pass.engine.add(&terms[0], &terms[1])?));
        }
        let join = |a: usize, b: usize| pass.engine.join_channels(nodes[a].image(), nodes[b].image());
        pass.engine.join_channels(&join(2, 3)?, &join(4, 5)?)
    }

    /// What an edge makes of its source.
    fn run(&self, edge: nb301::Edge, source: &mut Shared, pass: &mut Pass<'_>) -> Result<Tensor> {
        let nb301::Edge { operation, from, to } = edge;
        let stride = stride(self.kind, from);
        match operation {
            Operation::MaxPool3x3 => return pass.engine.max_pool2d(source.image(), 3, stride, 1),
            Operation::AvgPool3x3 => return pass.engine.avg_pool2d(source.image(), 3, stride, 1),
            Operation::SkipConnect if stride == 1 => return Ok(source.image().clone()),
            _ => {}
        }
        let found = self.weights.iter().find(|weights| (weights.nodes, weights.operation) == ((from, to), operation));
        match found.map(|weights| &weights.layer) {
            Some(EdgeLayer::Separable(layer)) => layer.forward(source, pass),
            Some(EdgeLayer::Dilated(layer)) => layer.forward(source, pass),
            Some(EdgeLayer::Halving(layer)) => layer.forward(source, pass),
            None => bail!("edge {from} to {to} has no weights for {operation}"),
        }
    }
}

/// The stride of the edges from node `from`: those from the inputs of a reduction cell halve.
fn stride(kind: CellKind, from: usize) -> usize {
    if kind == CellKind::Reduce && from < INPUTS { 2 } else { 1 }
}
