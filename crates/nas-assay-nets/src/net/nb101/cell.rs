//! The layers of a cell, where they are, and how its vertices are computed.

use std::ops::Range;

use candle_core::{Result, Tensor, Var};

use crate::net::layers::{Norm, relu};
use crate::net::{Builder, Engine, NetError, Param, Params, Pass, Window};
use nas_assay_spaces::nb101::{Architecture, Operation, VERTICES};

/// The cell's output.
pub(super) const OUTPUT: usize = VERTICES - 1;

/// The operations with weights.
const CONVOLUTIONS: [Operation; 2] = [Operation::Conv1x1, Operation::Conv3x3];

/// Whose weights a network has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    One(Architecture),
    All,
}

impl Holds {
    /// Whether the network needs a layer at `place`.
    fn has(self, place: Place) -> bool {
        match self {
            Self::One(architecture) => place.is_used_by(architecture),
            Self::All => true,
        }
    }

    /// Whether the network has the weights of `architecture`.
    pub(super) fn check(self, architecture: Architecture) -> std::result::Result<(), NetError> {
        match self {
            Self::One(own) if own != architecture => {
                Err(NetError::ForeignArchitecture { own: own.to_string(), asked: architecture.to_string() })
            }
            _ => Ok(()),
        }
    }
}

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
pub(super) struct ConvNormRelu {
    weight: Var,
    window: Window,
    norm: Norm,
    /// Which of the network's parameters are its own.
    params: Range<usize>,
}

impl ConvNormRelu {
    /// Its parameters are called `prefix.conv.weight` and, with `affine`, `prefix.bn.*`.
    pub(super) fn new(
        builder: &mut Builder,
        prefix: &str,
        [inputs, outputs]: [usize; 2],
        kernel: usize,
        affine: bool,
    ) -> Result<Self> {
        let start = builder.position();
        let weight = builder.conv_weight(format!("{prefix}.conv.weight"), [outputs, inputs, kernel, kernel])?;
        let norm = Norm::new(builder, &format!("{prefix}.bn"), outputs, affine)?;
        let window = Window { padding: kernel / 2, ..Window::default() };
        Ok(Self { weight, window, norm, params: start..builder.position() })
    }

    /// `[n, inputs, h, w]` to `[n, outputs, h, w]`.
    pub(super) fn forward(&self, x: &Tensor, pass: &mut Pass<'_>) -> Result<Tensor> {
        let weight = pass.value(&self.weight);
        self.with(x, &weight, pass)
    }

    /// The same of an image of which the zeros are left out.
    pub(super) fn forward_sparse(&self, x: &Sparse, pass: &mut Pass<'_>) -> Result<Tensor> {
        let weight = x.columns(&pass.value(&self.weight), pass.engine)?;
        self.with(&x.kept, &weight, pass)
    }

    fn with(&self, x: &Tensor, weight: &Tensor, pass: &mut Pass<'_>) -> Result<Tensor> {
        let y = pass.tapped(pass.engine.conv2d(x, weight, self.window)?, self.weight.dims())?;
        let y = self.norm.forward(&y, pass)?;
        relu(&y, pass)
    }
}

/// An image `[n, channels, h, w]` in which only some channels are not zeros, and only these are kept.
///
/// A convolution of it needs only the [`columns`](Self::columns) of its weight that meet them; the others get zero gradients, as they
/// would from zeros. The output of a NAS-Bench-1Shot1 cell is three fifths zeros wherever the input does not feed it.
#[derive(Debug)]
pub(super) struct Sparse {
    /// The kept channels, side by side.
    pub(super) kept: Tensor,
    /// Which they are, ascending; no two touch.
    places: Vec<Range<usize>>,
    /// All channels.
    channels: usize,
}

impl Sparse {
    /// All of an image.
    pub(super) fn whole(x: Tensor) -> Result<Self> {
        let channels = x.dim(1)?;
        Ok(Self { kept: x, places: std::iter::once(0..channels).collect(), channels })
    }

    /// The images `blocks` at their places among `count` blocks of equal width, by ascending place.
    pub(super) fn blocks(blocks: &[(usize, &Tensor)], count: usize, engine: Engine) -> Result<Self> {
        let [(_, first), rest @ ..] = blocks else { candle_core::bail!("an image without any block") };
        let width = first.dim(1)?;
        let mut places: Vec<Range<usize>> = Vec::with_capacity(blocks.len());
        for place in blocks.iter().map(|(place, _)| place * width..(place + 1) * width) {
            match places.last_mut() {
                Some(last) if last.end == place.start => last.end = place.end,
                _ => places.push(place),
            }
        }
        let mut kept = (*first).clone();
        for (_, block) in rest {
            kept = engine.join_channels(&kept, block)?;
        }
        Ok(Self { kept, places, channels: count * width })
    }

    /// The kept channels mapped by a function that maps zeros to zeros.
    pub(super) fn map(&self, f: impl FnOnce(&Tensor) -> Result<Tensor>) -> Result<Self> {
        Ok(Self { kept: f(&self.kept)?, places: self.places.clone(), channels: self.channels })
    }

    /// The image, zeros and all.
    pub(super) fn dense(&self, engine: Engine) -> Result<Tensor> {
        let parts = self.parts(engine)?;
        let [(first, start), rest @ ..] = parts.as_slice() else { candle_core::bail!("an image without channels") };
        if first.dim(1)? == self.channels {
            return Ok(first.clone());
        }
        let mut dense = engine.place_channels(first, *start, self.channels)?;
        for (part, start) in rest {
            dense = engine.add_channels(&dense, part, *start)?;
        }
        Ok(dense)
    }

    /// `x`, which has all channels, plus the image.
    pub(super) fn added_to(&self, x: Tensor, engine: Engine) -> Result<Tensor> {
        self.parts(engine)?.iter().try_fold(x, |sum, (part, start)| engine.add_channels(&sum, part, *start))
    }

    /// The kept channels, place by place, and where each place starts.
    fn parts(&self, engine: Engine) -> Result<Vec<(Tensor, usize)>> {
        let mut taken = 0;
        let part = |place: &Range<usize>| {
            let channels = taken..taken + place.len();
            taken = channels.end;
            Ok((some_channels(&self.kept, channels, engine)?, place.start))
        };
        self.places.iter().map(part).collect()
    }

    /// What of a weight `[o, channels, k, k]` meets the kept channels.
    pub(super) fn columns(&self, weight: &Tensor, engine: Engine) -> Result<Tensor> {
        if weight.dim(1)? != self.channels {
            candle_core::bail!("a weight {:?} for an image of {} channels", weight.dims(), self.channels);
        }
        let mut parts = self.places.iter().map(|place| some_channels(weight, place.clone(), engine));
        let Some(first) = parts.next() else { candle_core::bail!("an image without channels") };
        parts.try_fold(first?, |joined, part| engine.join_channels(&joined, &part?))
    }
}

/// The layers of a cell.
#[derive(Debug)]
pub(super) struct Cell {
    layers: Vec<(Place, ConvNormRelu)>,
    /// Channels of each vertex.
    channels: [usize; VERTICES],
}

impl Cell {
    /// A cell called `prefix` whose vertices have these `channels`, with the layers that are needed.
    pub(super) fn new(
        builder: &mut Builder,
        prefix: &str,
        holds: Holds,
        channels: [usize; VERTICES],
        affine: bool,
    ) -> Result<Self> {
        let mut layers = Vec::new();
        for place in Place::all().filter(|&place| holds.has(place)) {
            let (shape, kernel) = match place {
                Place::Projection(vertex) => ([channels[0], channels[vertex]], 1),
                Place::Operation(vertex, operation) => ([channels[vertex]; 2], operation.conv_kernel().unwrap_or(1)),
            };
            let prefix = format!("{prefix}.{}", place.name());
            layers.push((place, ConvNormRelu::new(builder, &prefix, shape, kernel, affine)?));
        }
        Ok(Self { layers, channels })
    }

    /// The layer at `place`.
    fn layer(&self, place: Place) -> Result<&ConvNormRelu> {
        match self.layers.iter().find(|(own, _)| *own == place) {
            Some((_, layer)) => Ok(layer),
            None => candle_core::bail!("the network has no weights for {}", place.name()),
        }
    }

    /// The projection of the cell's input to `vertex`.
    pub(super) fn project(&self, vertex: usize, x: &Sparse, pass: &mut Pass<'_>) -> Result<Tensor> {
        self.layer(Place::Projection(vertex))?.forward_sparse(x, pass)
    }

    /// The values of the vertices that feed the output, by vertex.
    pub(super) fn feeding_output(
        &self,
        architecture: Architecture,
        x: &Sparse,
        pass: &mut Pass<'_>,
    ) -> Result<Vec<(usize, Tensor)>> {
        let live = architecture.live_vertices();
        let mut values = [const { None }; VERTICES];
        for vertex in (1..OUTPUT).filter(|&vertex| live[vertex]) {
            let mut arriving = Vec::with_capacity(2);
            for parent in architecture.parents(vertex) {
                arriving.push(match &values[parent] {
                    _ if parent == 0 => self.project(vertex, x, pass)?,
                    // A vertex of fewer channels takes the first ones.
                    Some(value) => some_channels(value, 0..self.channels[vertex], pass.engine)?,
                    None => candle_core::bail!("vertex {parent} has no value for vertex {vertex}"),
                });
            }
            let sum = pass.engine.add_all(&arriving.iter().collect::<Vec<_>>())?;
            values[vertex] = Some(match architecture.operations()[vertex - 1] {
                Operation::MaxPool3x3 => pass.engine.max_pool2d(&sum, 3, 1, 1)?,
                operation => self.layer(Place::Operation(vertex, operation))?.forward(&sum, pass)?,
            });
        }
        let feeding = values.into_iter().enumerate().filter(|&(vertex, _)| architecture.has_edge(vertex, OUTPUT));
        Ok(feeding.filter_map(|(vertex, value)| Some((vertex, value?))).collect())
    }
}

/// Some channels of an image, or the image itself if these are all.
fn some_channels(x: &Tensor, channels: Range<usize>, engine: Engine) -> Result<Tensor> {
    if channels == (0..x.dim(1)?) { Ok(x.clone()) } else { engine.take_channels(x, channels) }
}

/// The parameters that `architecture` uses of a network with these cells, in network order.
pub(super) fn active<'a>(params: &'a Params, cells: &[Cell], architecture: Architecture) -> Vec<&'a Param> {
    let mut active = vec![true; params.len()];
    for (place, layer) in cells.iter().flat_map(|cell| &cell.layers) {
        active[layer.params.clone()].fill(place.is_used_by(architecture));
    }
    params.iter().zip(active).filter_map(|(param, active)| active.then_some(param)).collect()
}
