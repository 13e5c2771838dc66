//! Which operations of a cell act on its output.
//!
//! An operation is *live* if it lies on a path from an input of its cell to the output over operations that are not `none`. In
//! NAS-Bench-201 and in the cells of TransNAS-Bench-101 other operations can be written too: they are *dead*. If nothing is live, the cell
//! has no output, and the network sees nothing of its image. In NAS-Bench-101 a vertex without a path to the output is dead. In
//! NAS-Bench-301 the output concatenates all nodes, so that everything is live. Other spaces have no connections to decide.

use super::nb101::{self, VERTICES};
use super::nb201::{self, EDGES};
use super::nb301::{self, CellKind};
use super::table_only::{self, TableSpace};
use super::{Architecture, SpaceId};

/// What of an architecture acts on its output.
///
/// ```
/// use nas_assay_spaces::{Architecture, SpaceId};
///
/// // The first 3×3 convolution leads nowhere.
/// let text = "|nor_conv_3x3~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|";
/// let found = Architecture::parse(SpaceId::Nb201, text)?.liveness().unwrap();
/// assert_eq!((found.operations, found.dead, found.convolutions, found.depth), (2, 1, 1, 1));
/// assert!(found.has_output);
/// # Ok::<(), nas_assay_spaces::ArchitectureError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Liveness {
    /// Number of operations that are written, without `none`.
    pub operations: u32,
    /// Number of those that are not live.
    pub dead: u32,
    /// Whether the output depends on an input of the cell.
    pub has_output: bool,
    /// Number of live convolutions.
    pub convolutions: u32,
    /// Number of convolutions on the path from an input to the output that has the most of them. In NAS-Bench-301 the sum of both cells'.
    pub depth: u32,
}

impl SpaceId {
    /// Whether architectures of the space have connections to decide, so that [`Architecture::liveness`] is known.
    pub const fn is_topological(self) -> bool {
        matches!(self, Self::Nb101 | Self::Nb201 | Self::Nb301 | Self::Table(TableSpace::Tnb101Micro))
    }
}

impl Architecture {
    /// Which of its operations act on its output; `None` in a space without connections to decide.
    pub fn liveness(self) -> Option<Liveness> {
        match self {
            Self::Nb101(cell) => Some(of_vertices(cell)),
            Self::Nb201(cell) => Some(of_edges(cell.operations().map(|operation| match operation {
                nb201::Operation::None => Carries::Nothing,
                nb201::Operation::NorConv1x1 | nb201::Operation::NorConv3x3 => Carries::Convolution,
                nb201::Operation::SkipConnect | nb201::Operation::AvgPool3x3 => Carries::Other,
            }))),
            Self::Nb301(cells) => Some(of_cells(cells)),
            Self::Table(cell) if cell.space() == TableSpace::Tnb101Micro => Some(of_tabled(cell)),
            Self::NdsResnet(_) | Self::NdsResnextA(_) | Self::Table(_) => None,
        }
    }
}

/// What lies between two nodes of a graph.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Carries {
    /// `none`.
    Nothing,
    /// A connection that is no operation.
    Wire,
    /// An operation without weights.
    Other,
    /// A convolution.
    Convolution,
}

/// A graph whose edges are in such an order that all edges into a node come before those out of it.
struct Graph<'a> {
    nodes: usize,
    inputs: &'a [usize],
    outputs: &'a [usize],
    edges: &'a [(usize, usize, Carries)],
}

impl Graph<'_> {
    fn liveness(&self) -> Liveness {
        let mut reached = vec![false; self.nodes];
        let mut reaching = vec![false; self.nodes];
        self.inputs.iter().for_each(|&node| reached[node] = true);
        self.outputs.iter().for_each(|&node| reaching[node] = true);
        let open = || self.edges.iter().filter(|(_, _, carries)| *carries != Carries::Nothing);
        for &(from, to, _) in open() {
            reached[to] |= reached[from];
        }
        for &(from, to, _) in open().rev() {
            reaching[from] |= reaching[to];
        }
        let mut found = Liveness::default();
        let mut depths = vec![0; self.nodes];
        for &(from, to, carries) in open() {
            let live = reached[from] && reaching[to];
            let convolution = u32::from(live && carries == Carries::Convolution);
            let operation = u32::from(carries != Carries::Wire);
            found.operations += operation;
            found.dead += if live { 0 } else { operation };
            found.convolutions += convolution;
            if live {
                depths[to] = depths[to].max(depths[from] + convolution);
            }
        }
        found.has_output = self.outputs.iter().any(|&node| reached[node]);
        found.depth = self.outputs.iter().map(|&node| depths[node]).max().unwrap_or(0);
        found
    }
}

/// A cell of four nodes with these operations on the [`EDGES`].
fn of_edges(operations: [Carries; 6]) -> Liveness {
    let edges: [_; 6] = std::array::from_fn(|edge| (EDGES[edge].0, EDGES[edge].1, operations[edge]));
    Graph { nodes: nb201::NODES, inputs: &[0], outputs: &[3], edges: &edges }.liveness()
}

/// A cell of TransNAS-Bench-101, which has the edges of one of NAS-Bench-201.
fn of_tabled(cell: table_only::Architecture) -> Liveness {
    let choices = cell.choices();
    of_edges(std::array::from_fn(|edge| match choices.get(edge) {
        Some(1) => Carries::Other,
        Some(2 | 3) => Carries::Convolution,
        _ => Carries::Nothing,
    }))
}

/// A cell whose vertices have the operations. Each vertex is two nodes with its operation between them.
fn of_vertices(cell: nb101::Architecture) -> Liveness {
    let mut edges = Vec::new();
    for vertex in 1..VERTICES {
        edges.extend(cell.parents(vertex).map(|parent| (2 * parent + 1, 2 * vertex, Carries::Wire)));
        let operation = cell.operations().get(vertex - 1).copied();
        let carries = operation.map(|operation| match operation.conv_kernel() {
            Some(_) => Carries::Convolution,
            None => Carries::Other,
        });
        edges.extend(carries.map(|carries| (2 * vertex, 2 * vertex + 1, carries)));
    }
    let last = 2 * (VERTICES - 1);
    Graph { nodes: last + 1, inputs: &[1], outputs: &[last], edges: &edges }.liveness()
}

/// Two cells whose outputs concatenate all nodes.
fn of_cells(cells: nb301::Architecture) -> Liveness {
    let both = [CellKind::Normal, CellKind::Reduce].map(|kind| {
        let edges = cells.cell(kind).edges().map(|edge| {
            let carries = if edge.operation.is_convolution() { Carries::Convolution } else { Carries::Other };
            (edge.from, edge.to, carries)
        });
        Graph { nodes: nb301::NODES, inputs: &[0, 1], outputs: &[2, 3, 4, 5], edges: &edges }.liveness()
    });
    let sum = |of: fn(&Liveness) -> u32| both.iter().map(of).sum();
    Liveness {
        operations: sum(|cell| cell.operations),
        dead: sum(|cell| cell.dead),
        has_output: both.iter().all(|cell| cell.has_output),
        convolutions: sum(|cell| cell.convolutions),
        depth: sum(|cell| cell.depth),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nas_assay_base::seed::Seed;

    fn nb201_cells() -> impl Iterator<Item = nb201::Architecture> {
        nb201::Architecture::all()
    }

    /// Every path of a cell of four nodes, by its edges.
    const PATHS: [&[usize]; 4] = [&[3], &[0, 4], &[1, 5], &[0, 2, 5]];

    /// The same by trying each path; `open` says which edges are not `none`, `convolutions` which are convolutions.
    fn by_paths(open: [bool; 6], convolutions: [bool; 6]) -> Liveness {
        let mut live = [false; 6];
        let mut depth = 0;
        for path in PATHS.iter().filter(|path| path.iter().all(|&edge| open[edge])) {
            path.iter().for_each(|&edge| live[edge] = true);
            depth = depth.max(path.iter().filter(|&&edge| convolutions[edge]).count() as u32);
        }
        let count = |is: &dyn Fn(usize) -> bool| (0..6).filter(|&edge| is(edge)).count() as u32;
        Liveness {
            operations: count(&|edge| open[edge]),
            dead: count(&|edge| open[edge] && !live[edge]),
            has_output: live.contains(&true),
            convolutions: count(&|edge| live[edge] && convolutions[edge]),
            depth,
        }
    }

    #[test]
    fn cells_of_four_nodes_are_those_of_their_paths() {
        for cell in nb201_cells() {
            let operations = cell.operations();
            let open = operations.map(|operation| operation != nb201::Operation::None);
            let expected = by_paths(open, operations.map(|operation| operation.conv_kernel().is_some()));
            assert_eq!(Architecture::from(cell).liveness(), Some(expected), "{cell}");
        }
        for cell in TableSpace::Tnb101Micro.all() {
            let choices: [u8; 6] = cell.choices().try_into().unwrap();
            let expected = by_paths(choices.map(|choice| choice > 0), choices.map(|choice| choice > 1));
            assert_eq!(Architecture::from(cell).liveness(), Some(expected), "{cell}");
        }
    }

    /// 9,445 cells have no dead operation: the list of them that others publish, and drop the rest, has as many.
    #[test]
    fn the_dead_cells_of_nas_bench_201_are_counted() {
        let all: Vec<Liveness> = nb201_cells().filter_map(|cell| Architecture::from(cell).liveness()).collect();
        let count = |is: fn(&Liveness) -> bool| all.iter().filter(|found| is(found)).count();
        assert_eq!([all.len(), count(|found| found.dead == 0), count(|found| found.dead > 0)], [15_625, 9_445, 6_180]);
        assert_eq!([count(|found| !found.has_output), count(|found| found.convolutions == 0)], [341, 1_983]);
        // The one that has nothing at all.
        assert_eq!(count(|found| found.dead == 0 && !found.has_output), 1);
        assert_eq!(count(|found| found.depth > 3), 0);
    }

    #[test]
    fn liveness_agrees_with_what_the_spaces_know() {
        let mut stream = Seed::root(5).stream();
        for space in SpaceId::NAMED {
            for _ in 0..300 {
                let drawn = space.sample(&mut stream);
                let found = drawn.liveness();
                assert_eq!(found.is_some(), space.is_topological(), "{space}");
                let Some(found) = found else { continue };
                assert_eq!(found.convolutions > 0, drawn.has_live_convolution(), "{drawn}");
                assert!(found.depth <= found.convolutions && found.convolutions + found.dead <= found.operations);
                assert_eq!(found.depth > 0, found.convolutions > 0, "{drawn}");
                if let Architecture::Nb101(cell) = drawn {
                    let dead = cell.live_vertices().iter().filter(|&&live| !live).count() as u32;
                    assert_eq!((found.operations, found.dead, found.has_output), (5, dead, true), "{drawn}");
                }
                if let Architecture::Nb301(_) = drawn {
                    assert_eq!((found.operations, found.dead, found.has_output), (16, 0, true), "{drawn}");
                }
            }
        }
    }

    #[test]
    fn depths_are_those_by_hand() {
        let depth = |space, text: &str| Architecture::parse(space, text).unwrap().liveness().unwrap().depth;
        // Vertices 1 to 4 in a row, of which the second is a pool; vertex 5 is beside them.
        let chain = "0100110001001000010000000100000000100000010000000:\
                     input|conv1x1-bn-relu|maxpool3x3|conv3x3-bn-relu|conv3x3-bn-relu|maxpool3x3|output";
        assert_eq!(depth(SpaceId::Nb101, chain), 3);
        // In the normal cell no convolution follows another; in the reduction cell 3>4 follows 0>3.
        assert_eq!(depth(SpaceId::Nb301, SpaceId::Nb301.example()), 1 + 2);
        assert_eq!(depth(SpaceId::Nb201, SpaceId::Nb201.example()), 2);
    }

    #[test]
    fn a_dead_operation_changes_nothing_but_its_own_number() {
        let mut seen = 0;
        for cell in nb201_cells() {
            let live = cell.live_edges();
            let found = Architecture::from(cell).liveness().unwrap();
            let dead = |&edge: &usize| !live[edge] && cell.operations()[edge] != nb201::Operation::None;
            for edge in (0..6).filter(dead) {
                let without = Architecture::from(cell.with(edge, nb201::Operation::None)).liveness().unwrap();
                let (operations, dead) = (without.operations + 1, without.dead + 1);
                assert_eq!(Liveness { operations, dead, ..without }, found, "{cell}");
                seen += 1;
            }
        }
        assert!(seen > 6_180);
    }
}
