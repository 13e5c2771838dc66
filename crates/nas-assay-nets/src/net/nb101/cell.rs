//! The layers of a cell, where they are, and how its vertices are computed.

use std::ops::Range;

use candle_core::{Result, Tensor};

use super::sparse::{SparseImage, some_channels};
use crate::net::forward_pass::Weightless;
use crate::net::layers::{Choices, ConvNorm, ConvShape};
use crate::net::{Builder, ForwardPass, WeightsOf};
use nas_assay_spaces::nb101::{Architecture, Operation, VERTICES};

/// The cell's output.
pub(super) const OUTPUT: usize = VERTICES - 1;

/// The operations with weights.
const CONVOLUTIONS: [Operation; 2] = [Operation::Conv1x1, Operation::Conv3x3];

/// Where in a cell a layer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Between the cell's input and a vertex.
    Projection(usize),
    /// At a vertex, as its operation.
    Operation(usize, Operation),
}

impl Place {
    /// Every place, in network order.
    fn all() -> impl Iterator<Item = Self> {
        (1..VERTICES).flat_map(|vertex| {
            let operations = CONVOLUTIONS.into_iter().filter(move |_| vertex < OUTPUT);
            std::iter::once(Self::Projection(vertex)).chain(operations.map(move |o| Self::Operation(vertex, o)))
        })
    }

    /// Whether the layer there takes part in `architecture`'s output.
    fn is_used_by(self, architecture: Architecture) -> bool {
        match self {
            Self::Projection(vertex) => architecture.live_vertices()[vertex] && architecture.has_edge(0, vertex),
            Self::Operation(vertex, operation) => {
                architecture.live_vertices()[vertex] && architecture.operations()[vertex - 1] == operation
            }
        }
    }

    /// Its name within the cell.
    fn name(self) -> String {
        match self {
            Self::Projection(OUTPUT) => "output.projection".to_owned(),
            Self::Projection(vertex) => format!("vertex{vertex}.projection"),
            Self::Operation(vertex, operation) => {
                let name = operation.name();
                format!("vertex{vertex}.{}", name.strip_suffix("-bn-relu").unwrap_or(name))
            }
        }
    }
}

/// A square convolution without bias that keeps the size of the image, batch-norm, `ReLU`.
#[derive(Debug)]
pub(super) struct ConvNormRelu(ConvNorm);

impl ConvNormRelu {
    /// Its parameters are called `prefix.conv.weight` and, with `affine`, `prefix.bn.*`.
    pub(super) fn new(
        builder: &mut Builder,
        prefix: &str,
        [inputs, outputs]: [usize; 2],
        kernel: usize,
        affine: bool,
    ) -> Result<Self> {
        let shape = ConvShape { inputs, outputs, kernel, stride: 1 };
        ConvNorm::new(builder, &format!("{prefix}.conv"), &format!("{prefix}.bn"), shape, affine).map(Self)
    }

    /// `[n, inputs, h, w]` to `[n, outputs, h, w]`.
    pub(super) fn forward(&self, x: &Tensor, pass: &mut ForwardPass<'_>) -> Result<Tensor> {
        self.0.forward_then_relu(x, pass)
    }

    /// The same for an image without its zero channels.
    pub(super) fn forward_sparse(&self, x: &SparseImage, pass: &mut ForwardPass<'_>) -> Result<Tensor> {
        let engine = pass.engine;
        self.0.forward_with_then_relu(&x.kept, |weight| x.columns(weight, engine), pass)
    }
}

/// The layers of a cell.
#[derive(Debug)]
pub(super) struct Cell {
    layers: Choices<Place, ConvNormRelu>,
    /// Channels of each vertex.
    channels: [usize; VERTICES],
}

impl Cell {
    /// A cell called `prefix` whose vertices have these `channels`, with the layers that are needed.
    pub(super) fn new(
        builder: &mut Builder,
        prefix: &str,
        weights: WeightsOf<Architecture>,
        channels: [usize; VERTICES],
        affine: bool,
    ) -> Result<Self> {
        let places = Place::all().filter(|place| weights.need(|architecture| place.is_used_by(architecture)));
        let layers = Choices::new(builder, places, |builder, place| {
            let (shape, kernel) = match place {
                Place::Projection(vertex) => ([channels[0], channels[vertex]], 1),
                Place::Operation(vertex, operation) => ([channels[vertex]; 2], operation.conv_kernel().unwrap_or(1)),
            };
            ConvNormRelu::new(builder, &format!("{prefix}.{}", place.name()), shape, kernel, affine)
        })?;
        Ok(Self { layers, channels })
    }

    /// The layer at `place`.
    fn layer(&self, place: Place) -> Result<&ConvNormRelu> {
        match self.layers.get(place) {
            Some(layer) => Ok(layer),
            None => candle_core::bail!("the network has no weights for {}", place.name()),
        }
    }

    /// The projection of the cell's input to `vertex`.
    pub(super) fn project(&self, vertex: usize, x: &SparseImage, pass: &mut ForwardPass<'_>) -> Result<Tensor> {
        self.layer(Place::Projection(vertex))?.forward_sparse(x, pass)
    }

    /// The values of the vertices that feed the output, by vertex.
    pub(super) fn feeding_output(
        &self,
        architecture: Architecture,
        x: &SparseImage,
        pass: &mut ForwardPass<'_>,
    ) -> Result<Vec<(usize, Tensor)>> {
        let live = architecture.live_vertices();
        let mut values = [const { None }; VERTICES];
        for vertex in (1..OUTPUT).filter(|&vertex| live[vertex]) {
            let mut arriving = Vec::with_capacity(2);
            for parent in architecture.parents(vertex) {
                arriving.push(match &values[parent] {
                    _ if parent == 0 => self.project(vertex, x, pass)?,
                    // A vertex with fewer channels takes the first ones.
                    Some(value) => some_channels(value, 0..self.channels[vertex], pass.engine)?,
                    None => candle_core::bail!("vertex {parent} has no value for vertex {vertex}"),
                });
            }
            let sum = pass.engine.add_all(&arriving.iter().collect::<Vec<_>>())?;
            values[vertex] = Some(match architecture.operations()[vertex - 1] {
                Operation::MaxPool3x3 => {
                    pass.pooled(Weightless::MaxPool, &sum, pass.engine.max_pool2d(&sum, 3, 1, 1)?)?
                }
                operation => self.layer(Place::Operation(vertex, operation))?.forward(&sum, pass)?,
            });
        }
        let feeding = values.into_iter().enumerate().filter(|&(vertex, _)| architecture.has_edge(vertex, OUTPUT));
        Ok(feeding.filter_map(|(vertex, value)| Some((vertex, value?))).collect())
    }
}

/// The parameters of these cells that `architecture` does not use.
pub(super) fn unused<'a>(cells: impl IntoIterator<Item = &'a Cell>, architecture: Architecture) -> Vec<Range<usize>> {
    cells.into_iter().flat_map(|cell| cell.layers.unused(move |place| place.is_used_by(architecture))).collect()
}
