//! NAS-Bench-101 (Ying et al., ICML 2019), restricted to sub-space 3 of NAS-Bench-1Shot1 (Zela et al., ICLR 2020): a cell of seven
//! vertices. Each of the five vertices between input and output has one of three operations.
//!
//! Vertex 0 is the cell's input and vertex 6 its output. The value of a vertex is its operation applied to the sum of its parents' values;
//! the output concatenates its parents' values. In this sub-space the number of [`PARENTS`] of each vertex is fixed, so a cell has nine
//! edges. A vertex can be unused: vertices without a path to the output are pruned.
//!
//! An [`Architecture`] is a raw encoding, and there are 5,400 · 3⁵ = 1,312,200 of them. The paper's space is a [`Subset`] without
//! isomorphic cells.

mod canonical;
mod census;
mod module;
mod skeleton;
mod subset;
mod text;

pub use canonical::{ModuleHash, ModuleHashError};
pub use census::{StandAlone, Supernet, TableCost};
pub use skeleton::Skeleton;
pub use subset::Subset;

use std::fmt;

use serde::{Deserialize, Serialize};

use nas_assay_base::seed::Stream;

/// The name of this space in specs and records.
pub const NAME: &str = "nb101";

/// The version of this space's definitions, which is part of every spec hash.
pub const VERSION: u32 = 1;

/// Number of vertices of the cell, including input and output.
pub const VERTICES: usize = 7;

/// Number of vertices with an operation: vertices 1 to 5.
pub const BLOCKS: usize = 5;

/// Number of parents of each vertex.
pub const PARENTS: [usize; VERTICES] = [0, 1, 1, 1, 2, 2, 2];

/// Number of adjacency matrices: 2·3·6·10·15 choices of parents for vertices 2 to 6.
pub const ADJACENCIES: usize = 5_400;

/// Number of raw encodings: an adjacency matrix, and an operation for each of [`BLOCKS`] vertices.
pub const COUNT: usize = ADJACENCIES * LABELLINGS;

/// Number of classes of isomorphic raw encodings, by [`Architecture::hash`].
pub const DISTINCT: usize = 55_854;

/// Number of choices of operations: 3⁵.
const LABELLINGS: usize = 243;

/// The operation of a vertex, applied to the sum of its parents' values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Operation {
    /// 1×1 convolution, batch-norm, `ReLU`.
    #[serde(rename = "conv1x1-bn-relu")]
    Conv1x1,
    /// 3×3 convolution (padding 1), batch-norm, `ReLU`.
    #[serde(rename = "conv3x3-bn-relu")]
    Conv3x3,
    /// 3×3 max pooling (stride 1, padding 1).
    #[serde(rename = "maxpool3x3")]
    MaxPool3x3,
}

impl Operation {
    /// Every operation, in the order of NAS-Bench-1Shot1.
    pub const ALL: [Self; 3] = [Self::Conv1x1, Self::Conv3x3, Self::MaxPool3x3];

    /// The name in the benchmark.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Conv1x1 => "conv1x1-bn-relu",
            Self::Conv3x3 => "conv3x3-bn-relu",
            Self::MaxPool3x3 => "maxpool3x3",
        }
    }

    /// The side of the kernel; `None` for an operation without weights.
    pub const fn conv_kernel(self) -> Option<usize> {
        match self {
            Self::Conv1x1 => Some(1),
            Self::Conv3x3 => Some(3),
            Self::MaxPool3x3 => None,
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A raw encoding: the parents of each vertex and the operations of vertices 1 to 5. Ordered by [`index`](Self::index).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Architecture {
    /// Bit `u` of entry `v` is the edge from `u` to `v`. Entry `v` has [`PARENTS`]`[v]` bits, all below bit `v`.
    parents: [u8; VERTICES],
    operations: [Operation; BLOCKS],
}

impl Architecture {
    /// The cell with these edges and operations. Bit `u` of `parents[v]` is the edge from vertex `u` to vertex `v`. `None` unless each
    /// vertex has its number of [`PARENTS`], all of them before it.
    pub fn new(parents: [u8; VERTICES], operations: [Operation; BLOCKS]) -> Option<Self> {
        let fits = |v: usize| parents[v].count_ones() as usize == PARENTS[v] && usize::from(parents[v]) < 1 << v;
        (0..VERTICES).all(fits).then_some(Self { parents, operations })
    }

    /// The parents of vertex `vertex`, in ascending order. A vertex that does not exist has none.
    pub fn parents(self, vertex: usize) -> impl DoubleEndedIterator<Item = usize> {
        let mask = self.parents.get(vertex).copied().unwrap_or(0);
        (0..VERTICES).filter(move |&parent| mask & 1 << parent != 0)
    }

    /// Whether there is an edge from vertex `from` to vertex `to`.
    pub fn has_edge(self, from: usize, to: usize) -> bool {
        self.parents(to).any(|parent| parent == from)
    }

    /// The operations of vertices 1 to 5.
    pub const fn operations(self) -> [Operation; BLOCKS] {
        self.operations
    }

    /// The index in the enumeration, below [`COUNT`]. Its digits, the most significant first, are the choices of parents of vertices 2 to
    /// 6, then the operations of vertices 1 to 5.
    pub fn index(self) -> usize {
        let adjacency = (2..VERTICES).fold(0, |index, vertex| {
            let choices = parent_sets(vertex);
            choices.len() * index + choices.iter().position(|&set| set == self.parents[vertex]).unwrap_or(0)
        });
        self.operations.iter().fold(adjacency, |index, &operation| 3 * index + operation as usize)
    }

    /// The architecture at `index` of the enumeration, if that is below [`COUNT`].
    pub fn from_index(index: usize) -> Option<Self> {
        (index < COUNT).then(|| Self::at(index))
    }

    /// The architecture at `index` modulo [`COUNT`].
    fn at(index: usize) -> Self {
        let mut rest = index;
        let mut digit = |base: usize| {
            let digit = rest % base;
            rest /= base;
            digit
        };
        let mut operations = [Operation::Conv1x1; BLOCKS];
        for operation in operations.iter_mut().rev() {
            *operation = Operation::ALL[digit(3)];
        }
        let mut parents = [0, 1, 0, 0, 0, 0, 0];
        for vertex in (2..VERTICES).rev() {
            let choices = parent_sets(vertex);
            parents[vertex] = choices[digit(choices.len())];
        }
        Self { parents, operations }
    }

    /// Every raw encoding, by ascending index.
    pub fn all() -> impl DoubleEndedIterator<Item = Self> + ExactSizeIterator + Clone {
        (0..COUNT).map(Self::at)
    }

    /// A uniformly drawn raw encoding. Takes one draw from the stream. [`Subset::sample`] can draw from the paper's space instead.
    pub fn sample(stream: &mut Stream) -> Self {
        Self::at(stream.index(COUNT))
    }

    /// A uniformly drawn raw encoding with only these operations. Edges and operations are independent. Takes six draws from the stream.
    ///
    /// # Panics
    /// If `operations` is empty.
    pub fn sample_of(operations: &[Operation], stream: &mut Stream) -> Self {
        let Self { parents, .. } = Self::sample(stream);
        Self { parents, operations: std::array::from_fn(|_| operations[stream.index(operations.len())]) }
    }

    /// The encodings of `within` that differ in exactly one decision, which is the operation or the parents of one vertex. First those with
    /// another operation, then those with other parents, each vertex by vertex. There are 41 in [`Subset::Raw`] and 19 in
    /// [`Subset::Paper`].
    pub fn neighbours(self, within: Subset) -> Vec<Self> {
        let operations = (0..BLOCKS).flat_map(move |block| {
            let others = Operation::ALL.into_iter().filter(move |&operation| operation != self.operations[block]);
            others.map(move |operation| {
                let mut neighbour = self;
                neighbour.operations[block] = operation;
                neighbour
            })
        });
        let parents = (2..VERTICES).flat_map(move |vertex| {
            let others = parent_sets(vertex).iter().filter(move |&&set| set != self.parents[vertex]);
            others.map(move |&set| {
                let mut neighbour = self;
                neighbour.parents[vertex] = set;
                neighbour
            })
        });
        operations.chain(parents).filter(|&neighbour| within.contains(neighbour)).collect()
    }

    /// One of the [`neighbours`](Self::neighbours) in `within`, uniformly drawn. Takes one draw from the stream.
    ///
    /// Neither benchmark defines a mutation that keeps the number of parents, so this mutation is the project's own.
    #[must_use]
    pub fn mutate(self, within: Subset, stream: &mut Stream) -> Self {
        let neighbours = self.neighbours(within);
        neighbours[stream.index(neighbours.len())]
    }

    /// Which vertices are used (*live*): those with a path to the output. (All have a path from the input.)
    pub fn live_vertices(self) -> [bool; VERTICES] {
        let mut live = [false, false, false, false, false, false, true];
        for vertex in (1..VERTICES).rev().filter(|&vertex| self.parents[vertex] != 0) {
            if live[vertex] {
                self.parents(vertex).for_each(|parent| live[parent] = true);
            }
        }
        live
    }

    /// Whether every vertex is used.
    pub fn is_full(self) -> bool {
        self.live_vertices() == [true; VERTICES]
    }

    /// Whether a vertex with a convolution is used. Projections of the input do not count.
    pub fn has_live_convolution(self) -> bool {
        let live = self.live_vertices();
        (0..BLOCKS).any(|block| live[block + 1] && self.operations[block].conv_kernel().is_some())
    }
}

/// The possible sets of parents of vertex `vertex`, which is at least 2. Bit `u` is parent `u`; the sets are sorted as numbers.
const fn parent_sets(vertex: usize) -> &'static [u8] {
    match vertex {
        2 => &[1, 2],
        3 => &[1, 2, 4],
        4 => &[3, 5, 6, 9, 10, 12],
        5 => &[3, 5, 6, 9, 10, 12, 17, 18, 20, 24],
        _ => &[3, 5, 6, 9, 10, 12, 17, 18, 20, 24, 33, 34, 36, 40, 48],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nas_assay_base::seed::Seed;
    use proptest::prelude::*;

    /// The number of decisions in which two encodings differ.
    pub(super) fn differing(a: Architecture, b: Architecture) -> usize {
        let operations = a.operations.iter().zip(b.operations).filter(|(x, y)| **x != *y).count();
        operations + a.parents.iter().zip(b.parents).filter(|(x, y)| **x != *y).count()
    }

    #[test]
    fn parent_sets_are_all_sets_of_their_size() {
        for (vertex, &parents) in PARENTS.iter().enumerate().skip(2) {
            let sets = (0..1_u8 << vertex).filter(|set| set.count_ones() as usize == parents);
            assert!(sets.eq(parent_sets(vertex).iter().copied()), "vertex {vertex}");
        }
        assert_eq!((2..VERTICES).map(|vertex| parent_sets(vertex).len()).product::<usize>(), ADJACENCIES);
        assert_eq!((COUNT, PARENTS.iter().sum::<usize>()), (1_312_200, 9));
    }

    #[test]
    fn the_enumeration_is_a_bijection_in_order() {
        assert_eq!(Architecture::all().len(), COUNT);
        for (index, architecture) in Architecture::all().enumerate() {
            assert_eq!(architecture.index(), index);
            assert_eq!(Architecture::new(architecture.parents, architecture.operations), Some(architecture));
        }
        assert!(Architecture::all().is_sorted_by(|a, b| a < b));
        assert_eq!(Architecture::from_index(COUNT), None);
    }

    /// Whether `already` is true, or a path from the input to `vertex` has a convolution.
    fn passes(cell: Architecture, vertex: usize, already: bool) -> bool {
        let inside = (1..=BLOCKS).contains(&vertex);
        let passed = already || inside && cell.operations[vertex - 1].conv_kernel().is_some();
        if vertex == 0 { passed } else { cell.parents(vertex).any(|parent| passes(cell, parent, passed)) }
    }

    #[test]
    fn a_live_convolution_is_on_a_path_from_input_to_output() {
        let mut found = [0; 2];
        for cell in Architecture::all().step_by(97) {
            let live = passes(cell, VERTICES - 1, false);
            assert_eq!(cell.has_live_convolution(), live, "{cell}");
            found[usize::from(live)] += 1;
        }
        assert!(found[0] > 100, "{found:?}");
    }

    #[test]
    fn names_agree_with_serde() {
        for operation in Operation::ALL {
            assert_eq!(serde_json::to_value(operation).unwrap(), operation.name());
        }
    }

    #[test]
    fn neighbours_are_the_encodings_one_decision_away() {
        let step = COUNT / 3;
        for architecture in Architecture::all().step_by(step + 17) {
            let near: Vec<_> = Architecture::all().filter(|&other| differing(architecture, other) == 1).collect();
            let mut neighbours = architecture.neighbours(Subset::Raw);
            neighbours.sort_unstable();
            assert_eq!(neighbours, near);
            assert_eq!(neighbours.len(), 41);
        }
    }

    #[test]
    fn draws_are_pinned() {
        let mut stream = Seed::root(20).child("nb101").stream();
        let drawn = [(); 4].map(|()| Architecture::sample(&mut stream));
        let mutants = drawn.map(|architecture| architecture.mutate(Subset::Raw, &mut stream).index());
        let paper = [(); 2].map(|()| Subset::Paper.sample(&mut stream).to_string());
        insta::assert_snapshot!(format!("{:?} {mutants:?} {paper:?}", drawn.map(Architecture::index)), @r#"[205983, 779667, 37023, 396881] [205992, 776994, 37266, 367721] ["0100001001011000010000000100000001000000010000000:input|conv1x1-bn-relu|maxpool3x3|maxpool3x3|conv1x1-bn-relu|maxpool3x3|output", "0100100001000100010100000100000001000000010000000:input|conv1x1-bn-relu|maxpool3x3|maxpool3x3|maxpool3x3|conv1x1-bn-relu|output"]"#);
    }

    proptest! {
        #[test]
        fn draws_stay_in_the_space_and_mutations_change_one_decision(seed: u64) {
            let mut stream = Seed::root(seed).stream();
            for within in [Subset::Raw, Subset::Paper] {
                let architecture = within.sample(&mut stream);
                prop_assert!(within.contains(architecture));
                let mutant = architecture.mutate(within, &mut stream);
                prop_assert!(within.contains(mutant));
                prop_assert_eq!(differing(architecture, mutant), 1);
                prop_assert!(mutant.neighbours(within).contains(&architecture));
            }
        }
    }
}
