//! One cell of the network.

use crate::net::forward_pass::Weightless;
use crate::net::layers::{
    CachedRelu, Choices, ConvNorm, ConvShape, DilConv, FactorisedReduction, Norm, SepConv, SeparableShape,
};
use crate::net::{Builder, ForwardPass, WeightsOf};
use candle_core::{Result, Tensor, bail};
use nas_assay_spaces::nb301::{Architecture, CellKind, Edge, INPUTS, NODES, Operation};
use std::ops::Range;

/// The sizes of a cell.
#[derive(Clone, Copy, Debug)]
pub(super) struct CellShape {
    pub kind: CellKind,
    /// The channels of each input, and whether it is larger than the other one and has to be halved.
    pub inputs: [(usize, bool); INPUTS],
    /// Channels of every node.
    pub channels: usize,
    /// Whether batch-norm has a scale and a shift.
    pub affine: bool,
    /// Whether a batch-norm without scale and shift follows each pool.
    pub pool_norm: bool,
}

/// A cell: the preprocessing of its inputs, and the operations on its edges.
#[derive(Debug)]
pub(super) struct Cell {
    kind: CellKind,
    inputs: [Preprocess; INPUTS],
    /// By target, source and operation.
    edges: Choices<Edge, EdgeLayer>,
}

/// Gives the output of an earlier cell the channels and the size of this cell.
#[derive(Debug)]
enum Preprocess {
    /// `ReLU`, 1x1 convolution, batch-norm.
    Pointwise(ConvNorm),
    /// For an output that has to be halved.
    Halving(FactorisedReduction),
}

/// What an operation on an edge has: weights, or running statistics.
#[derive(Debug)]
enum EdgeLayer {
    Separable(SepConv),
    Dilated(DilConv),
    /// A skip that halves.
    Halving(FactorisedReduction),
    /// The batch-norm after a pool.
    PoolNorm(Norm),
}

/// Every operation that has a layer, on every edge of a kind of cell, in network order.
fn edges_with_layers(kind: CellKind, pool_norm: bool) -> impl Iterator<Item = Edge> {
    let nodes = (INPUTS..NODES).flat_map(|to| (0..to).map(move |from| (from, to)));
    let edges = nodes.flat_map(|(from, to)| Operation::ALL.map(|operation| Edge { operation, from, to }));
    edges.filter(move |edge| {
        edge.operation.has_weights(kind == CellKind::Reduce, edge.from) || pool_norm && is_pool(edge.operation)
    })
}

fn is_pool(operation: Operation) -> bool {
    matches!(operation, Operation::MaxPool3x3 | Operation::AvgPool3x3)
}

/// Whether a kind of cell of the architecture has the edge.
fn is_used(kind: CellKind, edge: Edge, architecture: Architecture) -> bool {
    architecture.cell(kind).edges().contains(&edge)
}

impl Cell {
    /// The cell whose parameters are called `prefix.*`.
    pub fn new(
        builder: &mut Builder,
        prefix: &str,
        shape: CellShape,
        weights: WeightsOf<Architecture>,
    ) -> Result<Self> {
        let CellShape { kind, inputs, channels, affine, pool_norm } = shape;
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
        let needed = edges_with_layers(kind, pool_norm).filter(|&edge| weights.need(|a| is_used(kind, edge, a)));
        let edges = Choices::new(builder, needed, |builder, Edge { operation, from, to }| {
            let prefix = match weights {
                WeightsOf::One(_) => format!("{prefix}.edge{from}to{to}"),
                WeightsOf::All(_) => format!("{prefix}.edge{from}to{to}.{operation}"),
            };
            let shape = |kernel| SeparableShape { channels, kernel, stride: stride(kind, from), affine };
            Ok(match operation {
                Operation::SepConv3x3 => EdgeLayer::Separable(SepConv::new(builder, &prefix, shape(3))?),
                Operation::SepConv5x5 => EdgeLayer::Separable(SepConv::new(builder, &prefix, shape(5))?),
                Operation::DilConv3x3 => EdgeLayer::Dilated(DilConv::new(builder, &prefix, shape(3))?),
                Operation::DilConv5x5 => EdgeLayer::Dilated(DilConv::new(builder, &prefix, shape(5))?),
                Operation::MaxPool3x3 | Operation::AvgPool3x3 => {
                    EdgeLayer::PoolNorm(Norm::new(builder, &format!("{prefix}.bn"), channels, false)?)
                }
                Operation::SkipConnect => {
                    EdgeLayer::Halving(FactorisedReduction::new(builder, &prefix, channels, channels, affine)?)
                }
            })
        })?;
        Ok(Self { kind, inputs, edges })
    }

    /// The parameters of the edges that `architecture` does not use.
    pub fn unused(&self, architecture: Architecture) -> impl Iterator<Item = Range<usize>> {
        self.edges.unused(move |edge| is_used(self.kind, edge, architecture))
    }

    /// An earlier cell's output as this cell's input number `input`: `[n, channels, h, w]`.
    pub fn preprocess(&self, input: usize, output: &mut CachedRelu, pass: &mut ForwardPass<'_>) -> Result<Tensor> {
        match &self.inputs[input] {
            Preprocess::Pointwise(layer) => layer.forward_relu(output, pass),
            Preprocess::Halving(layer) => layer.forward(output, pass),
        }
    }

    /// The four inner nodes of the architecture's cell, side by side: `[n, 4 channels, h', w']`, halved by a reduction cell.
    pub fn forward(
        &self,
        architecture: Architecture,
        inputs: [Tensor; INPUTS],
        pass: &mut ForwardPass<'_>,
    ) -> Result<Tensor> {
        let mut nodes: Vec<CachedRelu> = inputs.into_iter().map(CachedRelu::new).collect();
        for pair in architecture.cell(self.kind).edges().chunks_exact(2) {
            let [first, second] = [pair[0], pair[1]];
            let terms =
                [self.run(first, &mut nodes[first.from], pass)?, self.run(second, &mut nodes[second.from], pass)?];
            nodes.push(CachedRelu::new(pass.engine.add(&terms[0], &terms[1])?));
        }
        let join = |a: usize, b: usize| pass.engine.join_channels(nodes[a].image(), nodes[b].image());
        pass.engine.join_channels(&join(2, 3)?, &join(4, 5)?)
    }

    /// The output of an edge for its source.
    fn run(&self, edge: Edge, source: &mut CachedRelu, pass: &mut ForwardPass<'_>) -> Result<Tensor> {
        let Edge { operation, from, to } = edge;
        let stride = stride(self.kind, from);
        let bare = match operation {
            Operation::MaxPool3x3 => Some(pass.pooled(
                Weightless::MaxPool,
                source.image(),
                pass.engine.max_pool2d(source.image(), 3, stride, 1)?,
            )?),
            Operation::AvgPool3x3 => Some(pass.pooled(
                Weightless::AvgPool,
                source.image(),
                pass.engine.avg_pool2d(source.image(), 3, stride, 1)?,
            )?),
            Operation::SkipConnect if stride == 1 => Some(source.image().clone()),
            _ => None,
        };
        match (self.edges.get(edge), bare) {
            (Some(EdgeLayer::Separable(layer)), _) => layer.forward(source, pass),
            (Some(EdgeLayer::Dilated(layer)), _) => layer.forward(source, pass),
            (Some(EdgeLayer::Halving(layer)), _) => layer.forward(source, pass),
            (Some(EdgeLayer::PoolNorm(norm)), Some(pooled)) => norm.forward(&pooled, pass),
            (None, Some(bare)) => Ok(bare),
            _ => bail!("edge {from} to {to} has no weights for {operation}"),
        }
    }
}

/// The stride of the edges from node `from`. Edges from the inputs of a reduction cell halve the image.
fn stride(kind: CellKind, from: usize) -> usize {
    if kind == CellKind::Reduce && from < INPUTS { 2 } else { 1 }
}
