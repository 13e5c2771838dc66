//! NAS-Bench-101's own network (Ying et al., ICML 2019; `model_builder` of its code).

use candle_core::{DType, Device, Result, Tensor};

use super::cell::{Cell, ConvNormRelu, Holds, OUTPUT, Sparse, active};
use crate::net::layers::Classifier;
use crate::net::{Buffers, Builder, Init, NetError, Param, Params, Pass};
use nas_assay_spaces::nb101::{Architecture, StandAlone};

/// Stacks of cells.
const STACKS: usize = 3;

/// NAS-Bench-101's network of one architecture: the vertices of a cell share its channels.
///
/// A stem; three stacks of cells, each after the first begun by a 2×2 max pooling of stride 2 and of twice the channels; the
/// classifier. Channels are divided by [`Architecture::vertex_channels`]; a vertex takes as many of a parent's as it has itself, the
/// first ones.
#[derive(Debug)]
pub struct Nb101 {
    skeleton: StandAlone,
    architecture: Architecture,
    stem: ConvNormRelu,
    /// `STACKS * skeleton.cells` cells.
    cells: Vec<Cell>,
    classifier: Classifier,
    params: Params,
    buffers: Buffers,
}

impl Nb101 {
    /// The network of `architecture`.
    ///
    /// # Errors
    /// If the channels are too few to be divided among the vertices that feed the output, or a tensor can't be made.
    pub fn stand_alone(
        architecture: Architecture,
        skeleton: StandAlone,
        init: Init,
        dtype: DType,
        device: &Device,
    ) -> Result<Self> {
        let mut builder = Builder::new(init, dtype, device);
        let mut outputs = skeleton.channels;
        let stem = ConvNormRelu::new(&mut builder, "stem", [3, outputs], 3, true)?;
        let mut cells = Vec::with_capacity(STACKS * skeleton.cells);
        let mut inputs = outputs;
        for index in 0..STACKS * skeleton.cells {
            if index > 0 && index % skeleton.cells == 0 {
                outputs *= 2;
            }
            let channels = architecture.vertex_channels(inputs, outputs);
            if let Some(vertex) = (1..OUTPUT).find(|&v| architecture.live_vertices()[v] && channels[v] == 0) {
                candle_core::bail!("{outputs} channels leave none for vertex {vertex} of {architecture}");
            }
            let holds = Holds::One(architecture);
            cells.push(Cell::new(&mut builder, &format!("cell{index}"), holds, channels, true)?);
            inputs = outputs;
        }
        let classifier = Classifier::new(&mut builder, inputs, skeleton.classes)?;
        let (params, buffers) = builder.finish();
        Ok(Self { skeleton, architecture, stem, cells, classifier, params, buffers })
    }

    /// The sizes.
    pub fn skeleton(&self) -> &StandAlone {
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

    /// The parameters that `architecture` uses, in network order: all, for the architecture whose weights these are.
    pub fn active(&self, architecture: Architecture) -> Vec<&Param> {
        active(&self.params, &self.cells, architecture)
    }

    /// A network of `architecture` of type `dtype`, each parameter a function of this network's.
    ///
    /// Running statistics start afresh.
    ///
    /// # Errors
    /// If this is the network of another architecture, or `value` fails.
    pub fn extract(
        &self,
        architecture: Architecture,
        dtype: DType,
        value: impl Fn(&Param) -> Result<Tensor>,
    ) -> std::result::Result<Self, NetError> {
        Holds::One(self.architecture).check(architecture)?;
        let device = self.params.iter().next().map_or(Device::Cpu, |param| param.var.device().clone());
        let copy = Self::stand_alone(architecture, self.skeleton, Init::Zero, dtype, &device)?;
        copy.params.set_from(&self.active(architecture), dtype, value)?;
        Ok(copy)
    }

    /// Logits `[n, classes]` of `architecture` for images `[n, 3, h, w]`.
    ///
    /// # Errors
    /// If this is the network of another architecture, or the images do not fit.
    pub fn forward(
        &self,
        architecture: Architecture,
        images: &Tensor,
        pass: &mut Pass<'_>,
    ) -> std::result::Result<Tensor, NetError> {
        Holds::One(self.architecture).check(architecture)?;
        let mut x = self.stem.forward(images, pass)?;
        for (index, cell) in self.cells.iter().enumerate() {
            if index > 0 && index % self.skeleton.cells == 0 {
                x = halved(&x, pass)?;
            }
            x = output(cell, architecture, x, pass)?;
        }
        Ok(self.classifier.forward(&x, pass)?)
    }
}

/// 2×2 max pooling of stride 2. A map of odd side is continued by its last row and column, which adds nothing larger.
fn halved(x: &Tensor, pass: &Pass<'_>) -> Result<Tensor> {
    let odd = |dim| Ok::<_, candle_core::Error>(x.dim(dim)? % 2);
    let even = x.pad_with_same(2, 0, odd(2)?)?.pad_with_same(3, 0, odd(3)?)?;
    pass.engine.max_pool2d(&even, 2, 2, 0)
}

/// The vertices that feed the output side by side, plus the projection of the input if that feeds it.
fn output(cell: &Cell, architecture: Architecture, x: Tensor, pass: &mut Pass<'_>) -> Result<Tensor> {
    let x = Sparse::whole(x)?;
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
