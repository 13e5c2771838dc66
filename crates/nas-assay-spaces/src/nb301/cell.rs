//! One cell: four nodes with two incoming edges each.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{CELL_COUNT, EDGES, INPUTS, NODES};
use nas_assay_base::seed::Stream;

/// The operation of an edge, applied to the value of its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// `ReLU`, depthwise 3×3 convolution, 1×1 convolution, batch-norm; all of it twice.
    #[serde(rename = "sep_conv_3x3")]
    SepConv3x3,
    /// As [`SepConv3x3`](Self::SepConv3x3) with 5×5.
    #[serde(rename = "sep_conv_5x5")]
    SepConv5x5,
    /// `ReLU`, depthwise 3×3 convolution with dilation 2, 1×1 convolution, batch-norm.
    #[serde(rename = "dil_conv_3x3")]
    DilConv3x3,
    /// As [`DilConv3x3`](Self::DilConv3x3) with 5×5.
    #[serde(rename = "dil_conv_5x5")]
    DilConv5x5,
    /// 3×3 max pooling (padding 1), without batch-norm.
    #[serde(rename = "max_pool_3x3")]
    MaxPool3x3,
    /// 3×3 average pooling (padding 1, not counted in the average), without batch-norm.
    #[serde(rename = "avg_pool_3x3")]
    AvgPool3x3,
    /// Identity. With stride 2, a factorised reduction: `ReLU`, two 1×1 convolutions with half of the channels each (on even and on odd
    /// pixels), batch-norm.
    SkipConnect,
}

impl Operation {
    /// Every operation, in the order of the paper's code.
    pub const ALL: [Self; 7] = [
        Self::SepConv3x3,
        Self::SepConv5x5,
        Self::DilConv3x3,
        Self::DilConv5x5,
        Self::MaxPool3x3,
        Self::AvgPool3x3,
        Self::SkipConnect,
    ];

    /// The name in DARTS.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SepConv3x3 => "sep_conv_3x3",
            Self::SepConv5x5 => "sep_conv_5x5",
            Self::DilConv3x3 => "dil_conv_3x3",
            Self::DilConv5x5 => "dil_conv_5x5",
            Self::MaxPool3x3 => "max_pool_3x3",
            Self::AvgPool3x3 => "avg_pool_3x3",
            Self::SkipConnect => "skip_connect",
        }
    }

    /// Whether it is one of the four kinds of convolution.
    pub const fn is_convolution(self) -> bool {
        matches!(self, Self::SepConv3x3 | Self::SepConv5x5 | Self::DilConv3x3 | Self::DilConv5x5)
    }

    /// Whether it has weights on an edge from node `from`, in a reduction cell or a normal one. Convolutions have weights, and so does a
    /// skip that halves the maps.
    pub const fn has_weights(self, reduction: bool, from: usize) -> bool {
        self.is_convolution() || (matches!(self, Self::SkipConnect) && reduction && from < INPUTS)
    }

    /// The other six operations, in order.
    pub(super) fn others(self) -> [Self; 6] {
        std::array::from_fn(|place| Self::ALL[if place < self as usize { place } else { place + 1 }])
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// An edge of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edge {
    /// The operation.
    pub operation: Operation,
    /// The source node, below `to`.
    pub from: usize,
    /// The target node, 2 to 5.
    pub to: usize,
}

/// A cell: each of nodes 2 to 5 has two edges from different earlier nodes, in ascending order of the source.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cell {
    /// Operation and source of the edges into nodes 2, 2, 3, 3, 4, 4, 5, 5.
    edges: [(Operation, u8); EDGES],
}

impl fmt::Debug for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cell({self})")
    }
}

impl Cell {
    /// The cell whose edges into nodes 2, 2, 3, 3, 4, 4, 5, 5 have these operations and sources. The two edges of a node can be in either
    /// order. `None` unless the sources of each node are two different earlier nodes.
    pub fn new(edges: [(Operation, usize); EDGES]) -> Option<Self> {
        let fits = |place: usize| edges[place].1 < target(place) && edges[place].1 != edges[place ^ 1].1;
        (0..EDGES).all(fits).then(|| Self::sorted(edges.map(|(operation, from)| (operation, from as u8))))
    }

    /// The cell with these edges, after sorting the two edges of each node.
    fn sorted(mut edges: [(Operation, u8); EDGES]) -> Self {
        for pair in edges.chunks_exact_mut(2) {
            pair.sort_unstable_by_key(|&(_, from)| from);
        }
        Self { edges }
    }

    /// The edges, sorted by target, then by source.
    pub fn edges(&self) -> [Edge; EDGES] {
        std::array::from_fn(|place| {
            let (operation, from) = self.edges[place];
            Edge { operation, from: usize::from(from), to: target(place) }
        })
    }

    /// The index of the cell, below [`CELL_COUNT`]. Its digits, the most significant first, are for each node: the pair of sources, then
    /// the operations of the two edges.
    pub fn index(&self) -> u64 {
        (0..EDGES).step_by(2).fold(0, |index, place| {
            let [(a, first), (b, second)] = [self.edges[place], self.edges[place + 1]];
            let pair = pairs(target(place)).position(|pair| pair == (first, second)).unwrap_or(0) as u64;
            let index = index * pairs(target(place)).count() as u64 + pair;
            (index * 7 + a as u64) * 7 + b as u64
        })
    }

    /// The cell at `index` modulo [`CELL_COUNT`].
    pub(super) fn at(index: u64) -> Self {
        let mut rest = index;
        let mut digit = |base: usize| {
            let digit = rest % base as u64;
            rest /= base as u64;
            digit as usize
        };
        let mut edges = [(Operation::SkipConnect, 0); EDGES];
        for place in (0..EDGES).step_by(2).rev() {
            let (b, a) = (Operation::ALL[digit(7)], Operation::ALL[digit(7)]);
            let choices = pairs(target(place));
            let pair = digit(choices.clone().count());
            let (first, second) = choices.clone().nth(pair).unwrap_or((0, 1));
            (edges[place], edges[place + 1]) = ((a, first), (b, second));
        }
        Self { edges }
    }

    /// A uniformly drawn cell. Takes one draw from the stream.
    pub(super) fn sample(stream: &mut Stream) -> Self {
        Self::at(stream.below(CELL_COUNT))
    }

    /// This cell with another operation on edge `edge` (an index into [`edges`](Self::edges)).
    pub(super) const fn with_operation(mut self, edge: usize, operation: Operation) -> Self {
        self.edges[edge].0 = operation;
        self
    }

    /// The other sources that edge `edge` can have: earlier nodes that are not a source of its target yet.
    pub(super) fn other_sources(&self, edge: usize) -> Vec<usize> {
        let taken = [self.edges[edge].1, self.edges[edge ^ 1].1].map(usize::from);
        (0..target(edge)).filter(|from| !taken.contains(from)).collect()
    }

    /// This cell with source `from` for edge `edge`. `from` must be one of [`other_sources`](Self::other_sources).
    pub(super) fn with_source(&self, edge: usize, from: usize) -> Self {
        let mut edges = self.edges;
        edges[edge].1 = from as u8;
        Self::sorted(edges)
    }

    /// The 60 cells that differ in exactly one operation (48 cells, edge by edge), or in one source (12 cells, edge by edge).
    pub fn neighbours(&self) -> Vec<Self> {
        let operations = (0..EDGES)
            .flat_map(|edge| self.edges[edge].0.others().map(|operation| self.with_operation(edge, operation)));
        let sources = (0..EDGES)
            .flat_map(|edge| self.other_sources(edge).into_iter().map(move |from| self.with_source(edge, from)));
        operations.chain(sources).collect()
    }
}

/// The target node of edge number `place`.
pub(super) const fn target(place: usize) -> usize {
    INPUTS + place / 2
}

/// All pairs of different nodes before `node`, sorted.
fn pairs(node: usize) -> impl Iterator<Item = (u8, u8)> + Clone {
    let node = node.min(NODES) as u8;
    (0..node).flat_map(move |first| (first + 1..node).map(move |second| (first, second)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_that_of_the_choices() {
        let sources: usize = (INPUTS..NODES).map(|node| pairs(node).count()).product();
        assert_eq!(CELL_COUNT, sources as u64 * 7_u64.pow(8));
    }

    #[test]
    fn edges_are_checked_and_put_in_order() {
        let edges = [0, 1, 2, 0, 1, 3, 4, 0].map(|from| (Operation::ALL[from], from));
        let cell = Cell::new(edges).unwrap();
        assert_eq!(cell.edges().map(|edge| edge.from), [0, 1, 0, 2, 1, 3, 0, 4]);
        assert!(cell.edges().iter().all(|edge| edge.operation == Operation::ALL[edge.from]), "operations move along");
        for (place, from) in [(0, 1), (0, 2), (3, 2), (7, 5), (7, usize::MAX)] {
            let mut bad = edges;
            bad[place].1 = from;
            assert_eq!(Cell::new(bad), None, "{place} from {from}");
        }
    }

    #[test]
    fn names_agree_with_serde() {
        for operation in Operation::ALL {
            assert_eq!(serde_json::to_value(operation).unwrap(), operation.name());
        }
    }
}
