//! NAS-Bench-201 networks: stem, three stages of cells with residual reductions between, head (SPEC 2.2).
//!
//! One type serves both uses. A stand-alone network holds the weights of one architecture; a supernet holds one convolution for
//! every cell, edge and parametrised operation, and runs any architecture with them. The architecture is the same in every
//! cell. Only live edges run, so a weight that an architecture does not use has no gradient; a cell without a live edge into
//! its last node gives zeros.

#[cfg(test)]
mod isomorphism;
#[cfg(test)]
mod tests;

use super::layers::{ConvNorm, ConvShape, Head, Reduction, Shared};
use super::{Buffers, Builder, Init, NetError, Param, Params, Pass};
use candle_core::{DType, Device, Tensor};
use nas_assay_spaces::nb201::{Architecture, EDGES, NODES, Operation, Skeleton};
use std::ops::Range;

/// The two parametrised operations.
const CONVOLUTIONS: [Operation; 2] = [Operation::NorConv1x1, Operation::NorConv3x3];

/// A NAS-Bench-201 network.
#[derive(Debug)]
pub struct Nb201 {
    skeleton: Skeleton,
    holds: Holds,
    stem: ConvNorm,
    /// `Skeleton::STAGES * skeleton.cells` cells.
    cells: Vec<Cell>,
    reductions: Vec<Reduction>,
    head: Head,
    params: Params,
    buffers: Buffers,
}

/// Whose weights a network has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    One(Architecture),
    All,
}

impl Holds {
    /// Whether the network needs a convolution on an edge.
    fn has(self, edge: usize, operation: Operation) -> bool {
        match self {
            Self::All => true,
            Self::One(architecture) => architecture.live_edges()[edge] && architecture.operations()[edge] == operation,
        }
    }
}

/// One cell's convolutions, by edge and position in [`CONVOLUTIONS`].
#[derive(Debug)]
struct Cell {
    edges: [[Option<EdgeConv>; 2]; 6],
}

/// A convolution on an edge, without its ReLU: edges from one node share that.
#[derive(Debug)]
struct EdgeConv {
    layer: ConvNorm,
    /// Which of the network's parameters are its own.
    params: Range<usize>,
}

impl Nb201 {
    /// A network with the weights of `architecture` alone.
    pub fn stand_alone(
        architecture: Architecture,
        skeleton: Skeleton,
        init: Init,
        dtype: DType,
        device: &Device,
    ) -> candle_core::Result<Self> {
        Self::build(Holds::One(architecture), skeleton, Builder::new(init, dtype, device))
    }

    /// A network with the weights of all architectures.
    pub fn supernet(skeleton: Skeleton, init: Init, dtype: DType, device: &Device) -> candle_core::Result<Self> {
        Self::build(Holds::All, skeleton, Builder::new(init, dtype, device))
    }

    fn build(holds: Holds, skeleton: Skeleton, mut builder: Builder) -> candle_core::Result<Self> {
        let stem_shape = ConvShape { inputs: 3, outputs: skeleton.channels, kernel: 3, stride: 1 };
        let stem = ConvNorm::new(&mut builder, "stem.conv", "stem.bn", stem_shape, true)?;
        let mut cells = Vec::with_capacity(Skeleton::STAGES * skeleton.cells);
        let mut reductions = Vec::with_capacity(Skeleton::STAGES - 1);
        for stage in 0..Skeleton::STAGES {
            let channels = skeleton.stage_channels(stage);
            if stage > 0 {
                let prefix = format!("reduction{stage}");
                reductions.push(Reduction::new(&mut builder, &prefix, skeleton.stage_channels(stage - 1), channels)?);
            }
            for _ in 0..skeleton.cells {
                cells.push(Cell::new(&mut builder, cells.len(), channels, holds, skeleton.cell_affine)?);
            }
        }
        let head = Head::new(&mut builder, skeleton.stage_channels(Skeleton::STAGES - 1), skeleton.classes)?;
        let (params, buffers) = builder.finish();
        Ok(Self { skeleton, holds, stem, cells, reductions, head, params, buffers })
    }

    /// The macro network.
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

    /// The parameters that `architecture` uses, in network order. They are the parameters of its stand-alone network, in the
    /// same order.
    pub fn active(&self, architecture: Architecture) -> Vec<&Param> {
        let used = Holds::One(architecture);
        let mut active = vec![true; self.params.len()];
        for cell in &self.cells {
            for (edge, convs) in cell.edges.iter().enumerate() {
                for (conv, operation) in convs.iter().zip(CONVOLUTIONS) {
                    if let Some(conv) = conv {
                        active[conv.params.clone()].fill(used.has(edge, operation));
                    }
                }
            }
        }
        self.params.iter().zip(active).filter_map(|(param, active)| active.then_some(param)).collect()
    }

    /// A stand-alone network of `architecture` of type `dtype`, each parameter a function of this network's.
    ///
    /// Running statistics start afresh.
    pub fn extract(
        &self,
        architecture: Architecture,
        dtype: DType,
        value: impl Fn(&Param) -> candle_core::Result<Tensor>,
    ) -> Result<Self, NetError> {
        self.check(architecture)?;
        let device = self.params.iter().next().map_or(Device::Cpu, |param| param.var.device().clone());
        let copy = Self::stand_alone(architecture, self.skeleton, Init::Zero, dtype, &device)?;
        copy.params.set_from(&self.active(architecture), dtype, value)?;
        Ok(copy)
    }

    /// Logits `[n, classes]` of `architecture` for images `[n, 3, h, w]`.
    pub fn forward(
        &self,
        architecture: Architecture,
        images: &Tensor,
        pass: &mut Pass<'_>,
    ) -> Result<Tensor, NetError> {
        self.check(architecture)?;
        let mut x = self.stem.forward(images, pass)?;
        for (index, cell) in self.cells.iter().enumerate() {
            let (stage, first) = (index / self.skeleton.cells, index % self.skeleton.cells == 0);
            if first && stage > 0 {
                x = self.reductions[stage - 1].forward(&x, pass)?;
            }
            x = cell.forward(architecture, &x, pass)?;
        }
        Ok(self.head.forward(&x, pass)?)
    }

    /// Whether this network has the weights of `architecture`.
    fn check(&self, architecture: Architecture) -> Result<(), NetError> {
        match self.holds {
            Holds::One(own) if own != architecture => {
                Err(NetError::ForeignArchitecture { own: own.to_string(), asked: architecture.to_string() })
            }
            _ => Ok(()),
        }
    }
}

impl Cell {
    fn new(
        builder: &mut Builder,
        index: usize,
        channels: usize,
        holds: Holds,
        affine: bool,
    ) -> candle_core::Result<Self> {
        let mut edges = [const { [const { None }; 2] }; 6];
        for (edge, convs) in edges.iter_mut().enumerate() {
            let (from, to) = EDGES[edge];
            for (conv, operation) in convs.iter_mut().zip(CONVOLUTIONS) {
                let Some(kernel) = operation.conv_kernel().filter(|_| holds.has(edge, operation)) else { continue };
                let prefix = match holds {
                    Holds::One(_) => format!("cell{index}.edge{from}to{to}"),
                    Holds::All => format!("cell{index}.edge{from}to{to}.{operation}"),
                };
                let shape = ConvShape { inputs: channels, outputs: channels, kernel, stride: 1 };
                let start = builder.position();
                let layer = ConvNorm::new(builder, &format!("{prefix}.conv"), &format!("{prefix}.bn"), shape, affine)?;
                *conv = Some(EdgeConv { layer, params: start..builder.position() });
            }
        }
        Ok(Self { edges })
    }

    fn forward(&self, architecture: Architecture, x: &Tensor, pass: &mut Pass<'_>) -> candle_core::Result<Tensor> {
        let mut nodes: [Option<Shared>; NODES] = [Some(Shared::new(x.clone())), None, None, None];
        let (live, operations) = (architecture.live_edges(), architecture.operations());
        for node in 1..NODES {
            let mut arriving = Vec::with_capacity(node);
            for edge in (0..EDGES.len()).filter(|&edge| live[edge] && EDGES[edge].1 == node) {
                let from = EDGES[edge].0;
                let Some(source) = &mut nodes[from] else {
                    candle_core::bail!("edge {from} to {node} is live, but node {from} has no value")
                };
                arriving.push(self.run_edge(edge, operations[edge], source, pass)?);
            }
            if !arriving.is_empty() {
                nodes[node] = Some(Shared::new(pass.engine.add_all(&arriving.iter().collect::<Vec<_>>())?));
            }
        }
        let [.., output] = nodes;
        output.map_or_else(|| x.detach().zeros_like(), |output| Ok(output.image().clone()))
    }

    /// What an edge makes of its source.
    fn run_edge(
        &self,
        edge: usize,
        operation: Operation,
        source: &mut Shared,
        pass: &mut Pass<'_>,
    ) -> candle_core::Result<Tensor> {
        match operation {
            Operation::None => candle_core::bail!("an edge without operation is never live"),
            Operation::SkipConnect => Ok(source.image().clone()),
            Operation::AvgPool3x3 => pass.engine.avg_pool2d(source.image(), 3, 1, 1),
            Operation::NorConv1x1 | Operation::NorConv3x3 => {
                let slot = usize::from(operation == Operation::NorConv3x3);
                let Some(conv) = &self.edges[edge][slot] else {
                    let (from, to) = EDGES[edge];
                    candle_core::bail!("edge {from} to {to} has no weights for {operation}")
                };
                let input = source.relu(pass)?;
                conv.layer.forward(&input, pass)
            }
        }
    }
}
