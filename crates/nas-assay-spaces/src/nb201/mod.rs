//! NAS-Bench-201 (Dong and Yang, ICLR 2020): a cell of four nodes and six edges, each edge with one of five operations.
//!
//! Node 0 is the cell's input and node 3 its output. The value of a node is the sum over its incoming edges, where each edge applies its
//! operation to the value of its source. An [`Architecture`] is a raw encoding, and there are 5⁶ = 15,625 of them. The keys of the
//! `canonical` module say which encodings count as the same architecture.

mod canonical;
mod census;
mod exact;
mod fair;
mod order;
mod skeleton;
mod text;

pub use canonical::{Classes, representatives};
pub use exact::ExactKey;
pub use fair::fair_draw;
pub use skeleton::{EdgeRule, Skeleton};

use std::fmt;

use serde::{Deserialize, Serialize};

use nas_assay_base::seed::Stream;

/// The name of this space in specs and records.
pub const NAME: &str = "nb201";

/// The version of this space's definitions, which is part of every spec hash.
pub const VERSION: u32 = 1;

/// Number of raw encodings: 5⁶.
pub const COUNT: usize = 15_625;

/// Number of classes under the paper's key.
pub const PAPER_CLASSES: usize = 6_466;

/// Number of classes of encodings that build exactly the same network, by [`ExactKey`].
pub const EXACT_CLASSES: usize = 5_260;

/// The edges as (from, to). The index, the text form and every array over edges use this order. Targets ascend, so one pass over the array
/// visits the incoming edges of a node before its outgoing ones.
pub const EDGES: [(usize, usize); 6] = [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)];

/// Number of nodes of the cell.
pub const NODES: usize = 4;

/// The operation of an edge, applied to the value of its source.
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
    /// 3×3 average pooling (stride 1, padding 1, not counted in the average).
    #[serde(rename = "avg_pool_3x3")]
    AvgPool3x3,
}

impl Operation {
    /// Every operation, in the benchmark's order.
    pub const ALL: [Self; 5] = [Self::None, Self::SkipConnect, Self::NorConv1x1, Self::NorConv3x3, Self::AvgPool3x3];

    /// The name in the benchmark.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::SkipConnect => "skip_connect",
            Self::NorConv1x1 => "nor_conv_1x1",
            Self::NorConv3x3 => "nor_conv_3x3",
            Self::AvgPool3x3 => "avg_pool_3x3",
        }
    }

    /// The side of the kernel; `None` for an operation without weights.
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

/// A raw encoding: the operation of each edge, in the order of [`EDGES`]. Ordered by [`index`](Self::index).
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

    /// The index in the enumeration, below [`COUNT`]: the operations as digits in base five, the first edge the most significant one.
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

    /// A uniformly drawn raw encoding. Takes one draw from the stream.
    pub fn sample(stream: &mut Stream) -> Self {
        Self::at(stream.index(COUNT))
    }

    /// A uniformly drawn raw encoding with only these operations. Takes six draws from the stream.
    ///
    /// # Panics
    /// If `operations` is empty.
    pub fn sample_of(operations: &[Operation], stream: &mut Stream) -> Self {
        Self { operations: std::array::from_fn(|_| operations[stream.index(operations.len())]) }
    }

    /// The same cell with another operation on edge `edge` (an index into [`EDGES`]).
    ///
    /// # Panics
    /// If there is no such edge.
    #[must_use]
    pub const fn with(mut self, edge: usize, operation: Operation) -> Self {
        self.operations[edge] = operation;
        self
    }

    /// The 24 encodings that differ on exactly one edge, by edge, then by operation.
    pub fn neighbours(self) -> [Self; 24] {
        std::array::from_fn(|place| self.replaced(place / 4, place % 4))
    }

    /// Replaces the operation of a uniformly drawn edge by a uniformly drawn other one. Takes two draws from the stream.
    #[must_use]
    pub fn mutate(self, stream: &mut Stream) -> Self {
        let edge = stream.index(EDGES.len());
        self.replaced(edge, stream.index(Operation::ALL.len() - 1))
    }

    /// This cell with operation number `other` (0 to 3) of those that edge `edge` does not have.
    fn replaced(self, edge: usize, other: usize) -> Self {
        let current = self.operations[edge] as usize;
        self.with(edge, Operation::ALL[if other < current { other } else { other + 1 }])
    }

    /// Which edges are executed (*live*): those on a path from the input to the output over edges that are not `none`. A `none` edge is
    /// never live.
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

    /// Whether a convolution is executed. Otherwise there is nothing to train in the cell.
    pub fn has_live_convolution(self) -> bool {
        let live = self.live_edges();
        self.operations().iter().zip(live).any(|(operation, live)| live && operation.conv_kernel().is_some())
    }

    /// Whether there is a path from the input to the output. If not, the output is zero.
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

    /// An edge is live if a path of edges that are not `none` from node 0 to node 3 contains it. Here all four paths are tried.
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
