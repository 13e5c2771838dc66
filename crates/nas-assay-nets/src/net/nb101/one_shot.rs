//! The weight-sharing network of NAS-Bench-1Shot1 (Zela et al., ICLR 2020; `optimizers/darts/model_search.py` of its code).

use candle_core::{DType, Device, Result, Tensor};

use super::cell::{Cell, ConvNormRelu, Holds, OUTPUT, Sparse, active};
use crate::net::layers::{Classifier, ConvNorm, ConvShape, relu};
use crate::net::{Buffers, Builder, Init, NetError, Param, Params, Pass};
use nas_assay_spaces::nb101::{Architecture, BLOCKS, Supernet};

/// A NAS-Bench-1Shot1 network: cells of five choice blocks at full width, which share weights between architectures.
///
/// One type serves both uses. A stand-alone network holds the weights of one architecture; a supernet holds a projection and two
/// convolutions for every choice block of every cell, and runs any architecture with them. Weights have the same names in both, so
/// from one seed they start with the same values.
///
/// A stem; cells; before the cells at one and two thirds of the depth, a 2×2 max pooling of stride 2 and padding 1, from which on
/// blocks have twice the channels; then `ReLU`, a 1×1 convolution to the width of one block, batch-norm without scale and shift, and
/// the classifier.
#[derive(Debug)]
pub struct Nb1Shot1 {
    skeleton: Supernet,
    holds: Holds,
    stem: ConvNormRelu,
    cells: Vec<Cell>,
    head: ConvNorm,
    classifier: Classifier,
    params: Params,
    buffers: Buffers,
}

impl Nb1Shot1 {
    /// A network with the weights of `architecture` alone.
    pub fn stand_alone(
        architecture: Architecture,
        skeleton: Supernet,
        init: Init,
        dtype: DType,
        device: &Device,
    ) -> Result<Self> {
        Self::build(Holds::One(architecture), skeleton, Builder::new(init, dtype, device))
    }

    /// A network with the weights of all architectures.
    pub fn supernet(skeleton: Supernet, init: Init, dtype: DType, device: &Device) -> Result<Self> {
        Self::build(Holds::All, skeleton, Builder::new(init, dtype, device))
    }

    fn build(holds: Holds, skeleton: Supernet, mut builder: Builder) -> Result<Self> {
        let Supernet { mut channels, layers, classes, affine, .. } = skeleton;
        let stem = ConvNormRelu::new(&mut builder, "stem", [3, channels], 3, affine)?;
        let mut cells = Vec::with_capacity(layers);
        let mut inputs = channels;
        for layer in 0..layers {
            if is_reduced(layer, layers) {
                channels *= 2;
            }
            let outputs = BLOCKS * channels;
            let widths = [inputs, channels, channels, channels, channels, channels, outputs];
            cells.push(Cell::new(&mut builder, &format!("cell{layer}"), holds, widths, affine)?);
            inputs = outputs;
        }
        let shape = ConvShape { inputs, outputs: channels, kernel: 1, stride: 1 };
        let head = ConvNorm::new(&mut builder, "head.conv", "head.bn", shape, false)?;
        let classifier = Classifier::new(&mut builder, channels, classes)?;
        let (params, buffers) = builder.finish();
        Ok(Self { skeleton, holds, stem, cells, head, classifier, params, buffers })
    }

    /// The sizes.
    pub fn skeleton(&self) -> &Supernet {
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

    /// The parameters that `architecture` uses, in network order. They are the parameters of its stand-alone network, in the same
    /// order.
    pub fn active(&self, architecture: Architecture) -> Vec<&Param> {
        active(&self.params, &self.cells, architecture)
    }

    /// A stand-alone network of `architecture` of type `dtype`, each parameter a function of this network's.
    ///
    /// Running statistics start afresh.
    ///
    /// # Errors
    /// If this network has the weights of another architecture alone, or `value` fails.
    pub fn extract(
        &self,
        architecture: Architecture,
        dtype: DType,
        value: impl Fn(&Param) -> Result<Tensor>,
    ) -> std::result::Result<Self, NetError> {
        self.holds.check(architecture)?;
        let device = self.params.iter().next().map_or(Device::Cpu, |param| param.var.device().clone());
        let copy = Self::stand_alone(architecture, self.skeleton, Init::Zero, dtype, &device)?;
        copy.params.set_from(&self.active(architecture), dtype, value)?;
        Ok(copy)
    }

    /// Logits `[n, classes]` of `architecture` for images `[n, 3, h, w]`.
    ///
    /// # Errors
    /// If this network has the weights of another architecture alone, or the images do not fit.
    pub fn forward(
        &self,
        architecture: Architecture,
        images: &Tensor,
        pass: &mut Pass<'_>,
    ) -> std::result::Result<Tensor, NetError> {
        self.holds.check(architecture)?;
        let mut x = Sparse::whole(self.stem.forward(images, pass)?)?;
        for (layer, cell) in self.cells.iter().enumerate() {
            if is_reduced(layer, self.cells.len()) {
                // Every window has a pixel of the image, so zeros stay zeros.
                x = x.map(|kept| pass.engine.max_pool2d(kept, 2, 2, 1))?;
            }
            x = output(cell, architecture, &x, pass)?;
        }
        let y = relu(&x.dense(pass.engine)?, pass)?;
        let y = self.head.forward(&y, pass)?;
        Ok(self.classifier.forward(&y, pass)?)
    }
}

/// Whether the maps are halved before cell `layer`.
fn is_reduced(layer: usize, layers: usize) -> bool {
    layer == layers / 3 || layer == 2 * layers / 3
}

/// The blocks that feed the output at their places, plus the projection of the input if that feeds it.
fn output(cell: &Cell, architecture: Architecture, x: &Sparse, pass: &mut Pass<'_>) -> Result<Sparse> {
    let feeding = cell.feeding_output(architecture, x, pass)?;
    let blocks: Vec<(usize, &Tensor)> = feeding.iter().map(|(vertex, value)| (vertex - 1, value)).collect();
    let blocks = Sparse::blocks(&blocks, BLOCKS, pass.engine)?;
    if !architecture.has_edge(0, OUTPUT) {
        return Ok(blocks);
    }
    let projection = cell.project(OUTPUT, x, pass)?;
    Sparse::whole(blocks.added_to(projection, pass.engine)?)
}
