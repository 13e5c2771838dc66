//! The weight-sharing network of NAS-Bench-1Shot1 (Zela et al., ICLR 2020; `optimizers/darts/model_search.py` of its code).

use std::ops::Range;

use candle_core::{Result, Tensor};

use super::cell::{Cell, ConvNormRelu, OUTPUT, unused};
use super::sparse::SparseImage;
use crate::net::layers::{Classifier, ConvNorm, ConvShape, relu};
use crate::net::{Builder, ForwardPass, Layer, SpaceLayers, WeightsOf};
use nas_assay_spaces::nb101::{Architecture, BLOCKS, Supernet};

/// A NAS-Bench-1Shot1 network: cells of five choice blocks at full width, which share weights between architectures.
///
/// A supernet holds a projection and two convolutions for every choice block of every cell. A stand-alone network holds those that its
/// architecture uses. Weights have the same names in both, so from one seed they start with the same values.
///
/// A stem; cells; `ReLU`, a 1×1 convolution to the width of one block, batch-norm without scale and shift; the classifier. Before the
/// cells at one and two thirds of the depth there is a 2×2 max pooling of stride 2 and padding 1, and from there on blocks have twice
/// the channels.
#[derive(Debug)]
pub(crate) struct Nb1Shot1 {
    stem: ConvNormRelu,
    cells: Vec<Cell>,
    head: ConvNorm,
    classifier: Classifier,
}

impl Nb1Shot1 {
    /// A network with the weights of one architecture or of all.
    ///
    /// # Errors
    /// If a tensor cannot be made.
    pub fn new(weights: WeightsOf<Architecture>, skeleton: &Supernet, builder: &mut Builder) -> Result<Self> {
        let &Supernet { mut channels, layers, classes, affine, .. } = skeleton;
        let stem = ConvNormRelu::new(builder, "stem", [3, channels], 3, affine)?;
        let mut cells = Vec::with_capacity(layers);
        let mut inputs = channels;
        for layer in 0..layers {
            if is_reduced(layer, layers) {
                channels *= 2;
            }
            let outputs = BLOCKS * channels;
            let widths = [inputs, channels, channels, channels, channels, channels, outputs];
            cells.push(Cell::new(builder, &format!("cell{layer}"), weights, widths, affine)?);
            inputs = outputs;
        }
        let shape = ConvShape { inputs, outputs: channels, kernel: 1, stride: 1 };
        let head = ConvNorm::new(builder, "head.conv", "head.bn", shape, false)?;
        Ok(Self { stem, cells, head, classifier: Classifier::new(builder, channels, classes)? })
    }
}

impl SpaceLayers for Nb1Shot1 {
    type Architecture = Architecture;

    fn forward(&self, architecture: Architecture, images: &Tensor, pass: &mut ForwardPass<'_>) -> Result<Tensor> {
        let stem = self.stem.forward(images, pass)?;
        let mut x = SparseImage::whole(pass.feature(format_args!("stem"), stem)?)?;
        for (layer, cell) in self.cells.iter().enumerate() {
            if is_reduced(layer, self.cells.len()) {
                // Every window has a pixel of the image, so zeros stay zeros.
                let pooled = x.map(|kept| pass.engine.max_pool2d(kept, 2, 2, 1))?;
                if pass.layer_observer.is_some() {
                    pass.seen(Layer::Pool, &pooled.dense(pass.engine)?)?;
                }
                x = pooled;
            }
            x = output(cell, architecture, &x, pass)?;
            if pass.wants_features() {
                let seen = x.dense(pass.engine)?;
                let read = pass.feature(format_args!("cell{layer}"), seen.clone())?;
                // One that is not replaced keeps its sparsity.
                if read.id() != seen.id() {
                    x = SparseImage::whole(read)?;
                }
            }
        }
        let y = relu(&x.dense(pass.engine)?, pass)?;
        let y = self.head.forward(&y, pass)?;
        self.classifier.forward(&y, pass)
    }

    fn unused(&self, architecture: Architecture) -> Vec<Range<usize>> {
        unused(&self.cells, architecture)
    }
}

/// Whether the images are halved before cell `layer`.
fn is_reduced(layer: usize, layers: usize) -> bool {
    layer == layers / 3 || layer == 2 * layers / 3
}

/// The blocks that feed the output at their places, plus the projection of the input if that feeds it.
fn output(cell: &Cell, architecture: Architecture, x: &SparseImage, pass: &mut ForwardPass<'_>) -> Result<SparseImage> {
    let feeding = cell.feeding_output(architecture, x, pass)?;
    let blocks: Vec<(usize, &Tensor)> = feeding.iter().map(|(vertex, value)| (vertex - 1, value)).collect();
    let blocks = SparseImage::blocks(&blocks, BLOCKS, pass.engine)?;
    if !architecture.has_edge(0, OUTPUT) {
        return Ok(blocks);
    }
    let projection = cell.project(OUTPUT, x, pass)?;
    SparseImage::whole(blocks.added_to(projection, pass.engine)?)
}
