//! NAS-Bench-301 networks, those of DARTS: stem, a row of cells that each read the outputs of the two before, classifier (SPEC 2.4).
//!
//! One type serves both uses. A stand-alone network holds the weights of one architecture; a supernet holds the weights of every
//! operation on each of the 14 edges of every cell, and runs any architecture with them. Only the eight edges that an architecture chose
//! run, so a weight that it does not use has no gradient.

mod cell;
#[cfg(test)]
mod isomorphism;
#[cfg(test)]
mod tests;

use super::layers::{Classifier, ConvNorm, ConvShape, Shared};
use super::{Buffers, Builder, Init, NetError, Param, Params, Pass};
use candle_core::{DType, Device, Tensor};
use cell::{Cell, CellShape};
use nas_assay_spaces::nb301::{Architecture, CellKind, INPUTS, NODES, Operation, Skeleton};

/// A NAS-Bench-301 network.
#[derive(Debug)]
pub struct Nb301 {
    skeleton: Skeleton,
    holds: Holds,
    stem: ConvNorm,
    /// `skeleton.layers` cells.
    cells: Vec<Cell>,
    classifier: Classifier,
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
    /// Whether the network needs the weights of an operation on the edge between two nodes of a kind of cell.
    fn has(self, kind: CellKind, (from, to): (usize, usize), operation: Operation) -> bool {
        let weighted = operation.has_weights(kind == CellKind::Reduce, from);
        weighted
            && match self {
                Self::All => true,
                Self::One(architecture) => {
                    let mut edges = architecture.cell(kind).edges().into_iter();
                    edges.any(|edge| (edge.from, edge.to, edge.operation) == (from, to, operation))
                }
            }
    }
}

impl Nb301 {
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
        let stem_shape = ConvShape { inputs: 3, outputs: 3 * skeleton.channels, kernel: 3, stride: 1 };
        let stem = ConvNorm::new(&mut builder, "stem.conv", "stem.bn", stem_shape, true)?;
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
            let shape = CellShape { kind, inputs: inputs_halved, channels, affine: skeleton.cell_affine };
            cells.push(Cell::new(&mut builder, &format!("cell{layer}"), shape, holds)?);
            if kind == CellKind::Reduce {
                side = side.div_ceil(2);
            }
            inputs = [inputs[1], ((NODES - INPUTS) * channels, side)];
        }
        let classifier = Classifier::new(&mut builder, inputs[1].0, skeleton.classes)?;
        let (params, buffers) = builder.finish();
        Ok(Self { skeleton, holds, stem, cells, classifier, params, buffers })
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
        for (cell, layer) in self.cells.iter().zip(0..) {
            let kind = self.skeleton.kind(layer);
            for weights in cell.weights() {
                active[weights.params.clone()].fill(used.has(kind, weights.nodes, weights.operation));
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

    /// Logits `[n, classes]` of `architecture` for images `[n, 3, h, w]` of the skeleton's resolution.
    pub fn forward(
        &self,
        architecture: Architecture,
        images: &Tensor,
        pass: &mut Pass<'_>,
    ) -> Result<Tensor, NetError> {
        self.check(architecture)?;
        // The outputs of the last cell and of the one before, both of them the stem's for the first cell.
        let mut last = Shared::new(self.stem.forward(images, pass)?);
        let mut before = None;
        for (cell, layer) in self.cells.iter().zip(0..) {
            let kind = self.skeleton.kind(layer);
            let first = cell.bring(0, before.as_mut().unwrap_or(&mut last), pass)?;
            let second = cell.bring(1, &mut last, pass)?;
            let output = cell.forward(architecture.cell(kind), [first, second], pass)?;
            before = Some(std::mem::replace(&mut last, Shared::new(output)));
        }
        Ok(self.classifier.forward(last.image(), pass)?)
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
