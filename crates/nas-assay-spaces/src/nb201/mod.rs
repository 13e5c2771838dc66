//! NAS-Bench-201 (Dong and Yang, ICLR 2020): a cell of four nodes, one of five operations on each of its six edges.
//!
//! Node 0 is the cell's input and node 3 its output; a node's value is the sum over its incoming edges of the edge's operation
//! applied to the edge's source. An [`Architecture`] is a raw encoding, of which there are 5⁶ = 15,625; the keys of the
//! `canonical` module say which encodings build the same network.

mod canonical;
mod census;
mod exact;
mod fair;
mod skeleton;
mod text;

pub use canonical::{Classes, representatives};
pub use exact::ExactKey;
pub use fair::fair_draw;
pub use skeleton::{EdgeRule, Skeleton};

use std::fmt;

use serde::{Deserialize, Serialize};

use nas_assay_base::seed::Stream;

/// Name of this space in specs and records.
pub const NAME: &str = "nb201";

/// Version of this space's definitions, part of every spec hash.
pub const VERSION: u32 = 1;

/// Raw encodings: 5⁶.
pub const COUNT: usize = 15_625;

/// Classes of the paper's key.
pub const PAPER_CLASSES: usize = 6_466;

/// Classes of encodings that build exactly the same network: [`ExactKey`].
pub const EXACT_CLASSES: usize = 5_260;

/// Edges as (from, to), in the order of every array over edges here, of the text form, and of the index. Targets ascend, so one
/// pass over the array visits each node's incoming edges before its outgoing ones.
pub const EDGES: [(usize, usize); 6] = [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)];

/// Nodes of the cell.
pub const NODES: usize = 4;

/// What an edge does to its source's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Zero: the edge is absent.
    None,
    /// Identity.
    SkipConnect,
    /// `ReLU`, 1×1 convolution, batch-norm.
    #[serde(rename = "nor_conv_1x1")]
    NorConv1x1,
    /// `ReLU`, 3×3 convolution (padding 1), batch-norm.
    #[serde(rename = "nor_conv_3x3")]
    NorConv3x3,
    /// 3×3 average pooling (stride 1, padding 1, the padding not counted).
    #[serde(rename = "avg_pool_3x3")]
    AvgPool3x3,
}

impl Operation {
    /// Every operation, in the order of the benchmark.
    pub const ALL: [Self; 5] = [Self::None, Self::SkipConnect, Self::NorConv1x1, Self::NorConv3x3, Self::AvgPool3x3];

    /// The benchmark's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::SkipConnect => "skip_connect",
            Self::NorConv1x1 => "nor_conv_1x1",
            Self::NorConv3x3 => "nor_conv_3x3",
            Self::AvgPool3x3 => "avg_pool_3x3",
        }
    }

    /// The kernel's side, for an operation with weights.
    pub const fn conv_kernel(self) -> Option<usize> {
        match self {
            Self::NorConv1x1 => Some(1),
            Self::NorConv3x3 => Some(3),
            Self::None | Self::SkipConnect | Self::AvgPool3x3 => None,
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A raw encoding: the operation of each edge, in the order of [`EDGES`]. Ordered as [`index`](Self::index).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Architecture {
    operations: [Operation; 6],
}

impl Architecture {
    /// The cell with these operations, in the order of [`EDGES`].
    pub const fn new(operations: [Operation; 6]) -> Self {
        Self { operations }
    }

    /// The operations, in the order of [`EDGES`].
    pub const fn operations(self) -> [Operation; 6] {
        self.operations
    }

    /// The place in the enumeration, below [`COUNT`]: the operations as digits in base five, the first edge's the greatest.
    pub fn index(self) -> usize {
        self.operations.iter().fold(0, |index, &operation| 5 * index + operation as usize)
    }

    /// The architecture at `index` of the enumeration, if that is below [`COUNT`].
    pub fn from_index(index: usize) -> Option<Self> {
        (index < COUNT).then(|| Self::at(index))
    }

    /// The architecture at `index` modulo [`COUNT`].
    fn at(index: usize) -> Self {
        let mut rest = index;
        let mut operations = [Operation::None; 6];
        for operation in operations.iter_mut().rev() {
            *operation = Operation::ALL[rest % 5];
            rest /= 5;
        }
        Self { operations }
    }

    /// Every raw encoding, by ascending index.
    pub fn all() -> impl DoubleEndedIterator<Item = Self> + ExactSizeIterator + Clone {
        (0..COUNT).map(Self::at)
    }

    /// A uniformly drawn raw encoding. One draw from the stream.
    pub fn sample(stream: &mut Stream) -> Self {
        Self::at(stream.index(COUNT))
    }

    /// A uniformly drawn raw encoding of some of the operations. Six draws from the stream.
    ///
    /// # Panics
    /// If there are none.
    pub fn sample_of(operations: &[Operation], stream: &mut Stream) -> Self {
        Self { operations: std::array::from_fn(|_| operations[stream.index(operations.len())]) }
    }

    /// The same cell with another operation on edge `edge` (a place in [`EDGES`]).
    ///
    /// # Panics
    /// If there is no such edge.
    #[must_use]
    pub const fn with(mut self, edge: usize, operation: Operation) -> Self {
        self.operations[edge] = operation;
        self
    }

    /// The 24 encodings that differ on exactly one edge, by edge and then by operation.
    pub fn neighbours(self) -> [Self; 24] {
        std::array::from_fn(|place| self.replaced(place / 4, place % 4))
    }

    /// Replaces the operation of a uniformly drawn edge by a uniformly drawn other one. Two draws from the stream.
    #[must_use]
    pub fn mutate(self, stream: &mut Stream) -> Self {
        let edge = stream.index(EDGES.len());
        self.replaced(edge, stream.index(Operation::ALL.len() - 1))
    }

    /// This cell with the `other`-th (0 to 3) of the operations that edge `edge` does not have.
    fn replaced(self, edge: usize, other: usize) -> Self {
        let current = self.operations[edge] as usize;
        self.with(edge, Operation::ALL[if other < current { other } else { other + 1 }])
    }

    /// Which edges are executed: those whose source can be reached from the input and whose target reaches the output, over
    /// edges that are not `none`. A `none` edge is never live.
    pub fn live_edges(self) -> [bool; 6] {
        let reached = self.reached();
        let mut reaching = [false, false, false, true];
        for (edge, &(from, to)) in EDGES.iter().enumerate().rev() {
            reaching[from] |= self.operations[edge] != Operation::None && reaching[to];
        }
        std::array::from_fn(|edge| {
            let (from, to) = EDGES[edge];
            self.operations[edge] != Operation::None && reached[from] && reaching[to]
        })
    }

    /// Whether a convolution is executed: a raw encoding without one has nothing in its cells to train.
    pub fn has_live_convolution(self) -> bool {
        let live = self.live_edges();
        self.operations().iter().zip(live).any(|(operation, live)| live && operation.conv_kernel().is_some())
    }

    /// Whether the output can be reached from the input. A cell that is not connected outputs zero.
    pub fn is_connected(self) -> bool {
        self.reached()[NODES - 1]
    }

    /// Which nodes can be reached from the input over edges that are not `none`.
    fn reached(self) -> [bool; NODES] {
        let mut reached = [true, false, false, false];
        for (edge, &(from, to)) in EDGES.iter().enumerate() {
            reached[to] |= self.operations[edge] != Operation::None && reached[from];
        }
        reached
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nas_assay_base::seed::Seed;
    use proptest::prelude::*;

    fn differing(a: Architecture, b: Architecture) -> usize {
        a.operations().iter().zip(b.operations()).filter(|(x, y)| **x != *y).count()
    }

    #[test]
    fn the_enumeration_is_a_bijection_in_order() {
        assert_eq!(Architecture::all().len(), COUNT);
        for (index, architecture) in Architecture::all().enumerate() {
            assert_eq!(architecture.index(), index);
            assert_eq!(Architecture::from_index(index), Some(architecture));
        }
        assert!(Architecture::all().is_sorted_by(|a, b| a < b));
        assert_eq!(Architecture::from_index(COUNT), None);
    }

    #[test]
    fn names_agree_with_serde() {
        for operation in Operation::ALL {
            assert_eq!(serde_json::to_value(operation).unwrap(), operation.name());
        }
    }

    #[test]
    fn neighbours_are_the_cells_one_edge_away() {
        for architecture in Architecture::all().step_by(311) {
            let near: Vec<_> = Architecture::all().filter(|&other| differing(architecture, other) == 1).collect();
            let mut neighbours = architecture.neighbours();
            neighbours.sort_unstable();
            assert_eq!(neighbours.as_slice(), near);
        }
    }

    #[test]
    fn disconnected_cells_are_counted() {
        assert_eq!(Architecture::all().filter(|a| !a.is_connected()).count(), 341);
        let without_conv = |a: &Architecture| {
            let live = a.live_edges();
            (0..6).all(|edge| !live[edge] || a.operations()[edge].conv_kernel().is_none())
        };
        assert_eq!(Architecture::all().filter(without_conv).count(), 1_983);
        assert_eq!(representatives().iter().filter(|a| without_conv(a)).count(), 145);
        assert!(Architecture::all().all(|a| a.has_live_convolution() != without_conv(&a)));
    }

    /// An edge is live if some path of non-`none` edges from node 0 to node 3 goes over it: here by trying the four paths.
    #[test]
    fn liveness_is_lying_on_a_path() {
        const PATHS: [&[usize]; 4] = [&[3], &[0, 4], &[1, 5], &[0, 2, 5]];
        for architecture in Architecture::all() {
            let open = |edge: usize| architecture.operations()[edge] != Operation::None;
            let mut live = [false; 6];
            for path in PATHS.iter().filter(|path| path.iter().all(|&edge| open(edge))) {
                path.iter().for_each(|&edge| live[edge] = true);
            }
            assert_eq!(architecture.live_edges(), live, "{architecture}");
            assert_eq!(architecture.is_connected(), live.contains(&true));
        }
    }

    #[test]
    fn mutation_draws_every_neighbour_equally_often() {
        let mut stream = Seed::root(3).stream();
        let start = Architecture::sample(&mut stream);
        let neighbours = start.neighbours();
        let mut drawn = [0_i32; 24];
        for _ in 0..24_000 {
            let mutant = start.mutate(&mut stream);
            drawn[neighbours.iter().position(|&n| n == mutant).unwrap()] += 1;
        }
        assert!(drawn.iter().all(|count| (count - 1_000).abs() < 160), "five standard deviations: {drawn:?}");
    }

    #[test]
    fn draws_are_pinned() {
        let mut stream = Seed::root(20).child("nb201").stream();
        let drawn = [(); 4].map(|()| Architecture::sample(&mut stream));
        let mutants = drawn.map(|architecture| architecture.mutate(&mut stream).index());
        insta::assert_snapshot!(format!("{:?} {mutants:?}", drawn.map(Architecture::index)), @"[14980, 14742, 14472, 695] [14480, 14692, 14597, 13195]");
    }

    proptest! {
        #[test]
        fn draws_stay_in_the_space_and_mutations_move_one_edge(seed: u64) {
            let mut stream = Seed::root(seed).stream();
            let architecture = Architecture::sample(&mut stream);
            prop_assert!(architecture.index() < COUNT);
            prop_assert_eq!(differing(architecture, architecture.mutate(&mut stream)), 1);
        }
    }
}
