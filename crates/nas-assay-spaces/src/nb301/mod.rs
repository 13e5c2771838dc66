//! NAS-Bench-301 (Siems et al., 2020), whose search space is that of DARTS (Liu et al., ICLR 2019): a normal and a reduction cell. Each
//! cell has four nodes with two incoming edges, and each edge has one of seven operations.
//!
//! Nodes 0 and 1 are the inputs of a cell, which are the outputs of the two cells before it. The value of each of nodes 2 to 5 is the sum
//! over its two edges, which come from two different earlier nodes. The output of the cell concatenates the values of nodes 2 to 5. In a
//! reduction cell, the edges from nodes 0 and 1 have stride 2.
//!
//! An [`Architecture`] is a raw encoding. There are (180 · 7⁸)² ≈ 1.08 · 10¹⁸ of them: too many to visit, but every one has an index.

mod canonical;
mod cell;
mod census;
mod exact;
mod text;

pub use cell::{Cell, Edge, Operation};
pub use census::Skeleton;
pub use exact::ExactKey;

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use nas_assay_base::seed::Stream;

/// The name of this space in specs and records.
pub const NAME: &str = "nb301";

/// The version of this space's definitions, which is part of every spec hash. Since version 2, pools of a supernet have a batch-norm
/// ([`Skeleton::pool_norm`]).
pub const VERSION: u32 = 2;

/// Number of nodes of a cell, including its two inputs.
pub const NODES: usize = 6;

/// Number of inputs of a cell: nodes 0 and 1.
pub const INPUTS: usize = 2;

/// Number of edges of a cell: two into each of nodes 2 to 5.
pub const EDGES: usize = 8;

/// Number of raw encodings of one cell: 1·3·6·10 choices of sources and 7⁸ of operations.
pub const CELL_COUNT: u64 = 180 * 5_764_801;

/// Number of raw encodings.
pub const COUNT: u64 = CELL_COUNT * CELL_COUNT;

/// Number of encodings that differ from a given one in exactly one operation (96) or one source (24).
pub const NEIGHBOURS: usize = 120;

/// Which of the two cells is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CellKind {
    /// The cell that keeps the size of its maps.
    Normal,
    /// The cell that halves the size of its maps.
    Reduce,
}

/// A raw encoding. Ordered by [`index`](Self::index).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Architecture {
    normal: Cell,
    reduce: Cell,
}

impl Architecture {
    /// The architecture with these cells.
    pub const fn new(normal: Cell, reduce: Cell) -> Self {
        Self { normal, reduce }
    }

    /// The cell of this kind.
    pub const fn cell(self, kind: CellKind) -> Cell {
        match kind {
            CellKind::Normal => self.normal,
            CellKind::Reduce => self.reduce,
        }
    }

    /// The index in the enumeration, below [`COUNT`]: by normal cell, then by reduction cell.
    pub fn index(self) -> u64 {
        self.normal.index() * CELL_COUNT + self.reduce.index()
    }

    /// The architecture at `index` of the enumeration, if that is below [`COUNT`].
    pub fn from_index(index: u64) -> Option<Self> {
        (index < COUNT).then(|| Self { normal: Cell::at(index / CELL_COUNT), reduce: Cell::at(index % CELL_COUNT) })
    }

    /// A uniformly drawn raw encoding: the sources of each node and the operations of each edge are independent and uniform. Takes two
    /// draws from the stream.
    pub fn sample(stream: &mut Stream) -> Self {
        let normal = Cell::sample(stream);
        Self { normal, reduce: Cell::sample(stream) }
    }

    /// A uniformly drawn raw encoding with only these operations. Takes eighteen draws from the stream.
    ///
    /// # Panics
    /// If `operations` is empty.
    pub fn sample_of(operations: &[Operation], stream: &mut Stream) -> Self {
        let Self { normal, reduce } = Self::sample(stream);
        let mut redraw = |cell: Cell| {
            (0..EDGES).fold(cell, |cell, edge| cell.with_operation(edge, operations[stream.index(operations.len())]))
        };
        Self { normal: redraw(normal), reduce: redraw(reduce) }
    }

    /// The [`NEIGHBOURS`] encodings that differ in exactly one decision, which is the operation or the source of one edge. First those with
    /// another normal cell, then those with another reduction cell, each in the order of [`Cell::neighbours`].
    pub fn neighbours(self) -> Vec<Self> {
        let normal = self.normal.neighbours().into_iter().map(|normal| Self { normal, ..self });
        let reduce = self.reduce.neighbours().into_iter().map(|reduce| Self { reduce, ..self });
        normal.chain(reduce).collect()
    }

    /// A random neighbour, drawn as in the paper's code (`aw_nas`): first the cell, then whether its source or its operation changes (each
    /// with probability one half), then the edge, then the new value. Each draw is uniform over the possibilities. Edges into node 2 are
    /// never drawn for their source, since no other source is possible. Takes four draws from the stream.
    #[must_use]
    pub fn mutate(self, stream: &mut Stream) -> Self {
        let kind = [CellKind::Normal, CellKind::Reduce][stream.index(2)];
        let cell = self.cell(kind);
        let mutant = if stream.index(2) == 0 {
            let edge = INPUTS + stream.index(EDGES - INPUTS);
            let others = cell.other_sources(edge);
            cell.with_source(edge, others[stream.index(others.len())])
        } else {
            let edge = stream.index(EDGES);
            cell.with_operation(edge, cell.edges()[edge].operation.others()[stream.index(6)])
        };
        match kind {
            CellKind::Normal => Self { normal: mutant, ..self },
            CellKind::Reduce => Self { reduce: mutant, ..self },
        }
    }

    /// Whether an edge of either cell has a convolution.
    pub fn has_convolution(self) -> bool {
        [self.normal, self.reduce].iter().flat_map(Cell::edges).any(|edge| edge.operation.is_convolution())
    }
}

impl Ord for Architecture {
    fn cmp(&self, other: &Self) -> Ordering {
        self.index().cmp(&other.index())
    }
}

impl PartialOrd for Architecture {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nas_assay_base::seed::Seed;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// The number of decisions in which two encodings differ. The edges of a node are matched so that the number is lowest.
    fn differing(a: Architecture, b: Architecture) -> usize {
        let edge = |x: Edge, y: Edge| usize::from(x.operation != y.operation) + usize::from(x.from != y.from);
        let cell = |a: Cell, b: Cell| -> usize {
            let (a, b) = (a.edges(), b.edges());
            let pairs = a.chunks_exact(2).zip(b.chunks_exact(2));
            pairs.map(|(x, y)| (edge(x[0], y[0]) + edge(x[1], y[1])).min(edge(x[0], y[1]) + edge(x[1], y[0]))).sum()
        };
        cell(a.normal, b.normal) + cell(a.reduce, b.reduce)
    }

    #[test]
    fn the_enumeration_has_an_end() {
        let last = Architecture::from_index(COUNT - 1).unwrap();
        assert_eq!((last.index(), Architecture::from_index(COUNT)), (COUNT - 1, None));
    }

    #[test]
    fn a_convolution_of_either_cell_is_enough() {
        let without = (0..EDGES).fold(Cell::at(0), |cell, edge| cell.with_operation(edge, Operation::SkipConnect));
        assert!(without.edges().iter().all(|edge| !edge.operation.is_convolution()), "{without:?}");
        let with = without.with_operation(7, Operation::DilConv3x3);
        let found = [(without, without), (with, without), (without, with), (with, with)]
            .map(|(normal, reduce)| Architecture::new(normal, reduce).has_convolution());
        assert_eq!(found, [false, true, true, true]);
        assert_eq!(format!("{without:?}"), format!("Cell({without})"));
    }

    #[test]
    fn draws_are_pinned() {
        let mut stream = Seed::root(20).child("nb301").stream();
        let drawn = [(); 3].map(|()| Architecture::sample(&mut stream));
        let mutants = drawn.map(|architecture| architecture.mutate(&mut stream).index());
        insta::assert_snapshot!(format!("{:?} {mutants:?}", drawn.map(Architecture::index)), @"[131410713263520353, 398555008558441102, 1074111555237765205] [131410713263523783, 398555008558440955, 1074111555237825475]");
    }

    #[test]
    fn every_source_and_operation_is_drawn() {
        let mut stream = Seed::root(301).stream();
        let mut seen = BTreeSet::new();
        for _ in 0..2_000 {
            let architecture = Architecture::sample(&mut stream);
            for kind in [CellKind::Normal, CellKind::Reduce] {
                let edges = architecture.cell(kind).edges();
                seen.extend(edges.into_iter().map(|edge| (kind, edge.to, edge.from, edge.operation)));
            }
        }
        assert_eq!(seen.len(), 2 * (2 + 3 + 4 + 5) * 7);
    }

    proptest! {
        #[test]
        fn the_enumeration_is_a_bijection_in_order(index in 0..COUNT, other in 0..COUNT) {
            let architecture = Architecture::from_index(index).unwrap();
            prop_assert_eq!(architecture.index(), index);
            let second = Architecture::from_index(other).unwrap();
            prop_assert_eq!(architecture.cmp(&second), index.cmp(&other));
            prop_assert_eq!(architecture.partial_cmp(&second), Some(index.cmp(&other)));
            prop_assert_eq!(Architecture::from_index(COUNT + index), None);
        }

        #[test]
        fn neighbours_are_one_decision_away(index in 0..COUNT) {
            let architecture = Architecture::from_index(index).unwrap();
            let neighbours = architecture.neighbours();
            prop_assert_eq!(neighbours.iter().collect::<BTreeSet<_>>().len(), NEIGHBOURS);
            for neighbour in neighbours {
                prop_assert_eq!(differing(architecture, neighbour), 1);
                prop_assert!(neighbour.neighbours().contains(&architecture));
            }
        }

        #[test]
        fn mutation_picks_a_neighbour(seed: u64) {
            let mut stream = Seed::root(seed).stream();
            let architecture = Architecture::sample(&mut stream);
            prop_assert!(architecture.index() < COUNT);
            let mutant = architecture.mutate(&mut stream);
            prop_assert!(architecture.neighbours().contains(&mutant));
        }
    }

    #[test]
    fn mutation_draws_as_the_paper_does() {
        let mut stream = Seed::root(5).stream();
        let start = Architecture::sample(&mut stream);
        let neighbours = start.neighbours();
        let mut drawn = vec![0_usize; NEIGHBOURS];
        let draws = 96_000;
        for _ in 0..draws {
            let mutant = start.mutate(&mut stream);
            drawn[neighbours.iter().position(|&n| n == mutant).unwrap()] += 1;
        }
        for (neighbour, &count) in neighbours.iter().zip(&drawn) {
            let moved = [CellKind::Normal, CellKind::Reduce].into_iter().find_map(|kind| {
                let (old, new) = (start.cell(kind).edges(), neighbour.cell(kind).edges());
                let changed = (0..EDGES).find(|&e| old[e].from != new[e].from)?;
                Some(old[changed].to)
            });
            // One half of the draws is for sources: 6 edges, and for each the earlier nodes that its node does not use yet.
            let expected = match moved {
                Some(to) => draws / 4 / 6 / (to - 2),
                None => draws / 4 / 8 / 6,
            };
            assert!(
                count.abs_diff(expected).pow(2) < 25 * expected,
                "five standard deviations: {count} for {expected}"
            );
        }
    }
}
