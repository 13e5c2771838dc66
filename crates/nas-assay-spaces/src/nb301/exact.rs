//! The exact key: a canonical form of the network that the two cells build.

use super::{Architecture, Cell, CellKind, EDGES, INPUTS, NODES, Operation};

/// A canonical form of the network. It is equal for two architectures exactly if they build the same network, up to the names of weights
/// and the order of the output channels of the cells (with which the weights of later cells can be reordered).
///
/// The idea is that of [`nb201::ExactKey`](crate::nb201::ExactKey). A value is a sum of terms. The terms are the cell's inputs, one term
/// for each edge with weights, and one term for each pair of a value and a kind of pooling applied to it. A skip adds the terms of its
/// source; but a skip from an input of a reduction cell has weights, so it is a term. About an operation, only this is assumed: equal
/// inputs give equal outputs. The output of a cell is the set of its four nodes in any order. Two cells are the same if there is a
/// bijection between their edges with weights that makes their outputs equal for all weights. This means that their value graphs are
/// isomorphic.
///
/// Terms are numbered one by one. Among the terms whose sources all have numbers, one with the smallest code is next. All ties are tried.
/// The smallest resulting sequence of codes, followed by the sorted outputs, is the key of the cell. The key depends only on the
/// structure of the graph, and the graph can be read back from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExactKey {
    normal: CellKey,
    reduce: CellKey,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct CellKey {
    /// Codes of the terms in canonical order, then zeros.
    terms: [u64; EDGES],
    /// The sums of the four nodes, ascending.
    outputs: [Sum; NODES - INPUTS],
}

impl Architecture {
    /// The key of the network itself; see [`ExactKey`].
    pub fn exact_key(self) -> ExactKey {
        let key = |kind| ValueGraph::of(self.cell(kind), kind).key();
        ExactKey { normal: key(CellKind::Normal), reduce: key(CellKind::Reduce) }
    }
}

/// A sum of terms as multiplicities of four bits: term `t` is at bit `4t`, and terms 0 and 1 are the cell's inputs. A multiplicity counts
/// paths of skips and equal pools. There are at most five (a Fibonacci number, since each node has two edges).
type Sum = u64;

const LANE: u32 = 4;
const TERMS: usize = INPUTS + EDGES;

const fn multiplicity(sum: Sum, term: usize) -> u64 {
    (sum >> (LANE * term as u32)) & 0b1111
}

const fn once(term: usize) -> Sum {
    1 << (LANE * term as u32)
}

/// The value graph: the terms with their operations and sources, and the sum of each node.
struct ValueGraph {
    /// The terms that are not inputs; their numbers start at [`INPUTS`].
    terms: Vec<(Operation, Sum)>,
    nodes: [Sum; NODES],
}

impl ValueGraph {
    fn of(cell: Cell, kind: CellKind) -> Self {
        let mut graph = Self { terms: Vec::with_capacity(EDGES), nodes: [once(0), once(1), 0, 0, 0, 0] };
        for edge in cell.edges() {
            let source = graph.nodes[edge.from];
            let weighted = edge.operation.has_weights(kind == CellKind::Reduce, edge.from);
            graph.nodes[edge.to] += if edge.operation == Operation::SkipConnect && !weighted {
                source
            } else {
                once(graph.term(edge.operation, source, weighted))
            };
        }
        graph
    }

    /// The number of the term `operation(source)`. A term without weights that exists already is used again.
    fn term(&mut self, operation: Operation, source: Sum, weighted: bool) -> usize {
        let known = self.terms.iter().position(|&term| term == (operation, source)).filter(|_| !weighted);
        let place = known.unwrap_or_else(|| {
            self.terms.push((operation, source));
            self.terms.len() - 1
        });
        INPUTS + place
    }

    fn key(&self) -> CellKey {
        let mut best = None;
        let mut number = [None; TERMS];
        (number[0], number[1]) = (Some(0), Some(1));
        self.search(&mut Numbering { number, codes: [0; EDGES], count: 0 }, &mut best);
        best.unwrap_or(CellKey { terms: [0; EDGES], outputs: [0; NODES - INPUTS] })
    }

    /// Numbers the remaining terms in every order that the rule allows, and keeps the smallest key in `best`.
    fn search(&self, numbering: &mut Numbering, best: &mut Option<CellKey>) {
        let open = |numbering: &Numbering, term: usize| {
            let (operation, source) = self.terms[term];
            numbering.number[INPUTS + term].is_none().then(|| numbering.code(operation, source))?
        };
        let Some(least) = (0..self.terms.len()).filter_map(|term| open(numbering, term)).min() else {
            let mut outputs = [0; NODES - INPUTS];
            for (output, &node) in outputs.iter_mut().zip(&self.nodes[INPUTS..]) {
                *output = numbering.rewrite(node).unwrap_or(0);
            }
            outputs.sort_unstable();
            let key = CellKey { terms: numbering.codes, outputs };
            *best = Some(best.map_or(key, |best| best.min(key)));
            return;
        };
        for term in 0..self.terms.len() {
            if open(numbering, term) == Some(least) {
                numbering.number[INPUTS + term] = Some(INPUTS + numbering.count);
                numbering.codes[numbering.count] = least;
                numbering.count += 1;
                self.search(numbering, best);
                numbering.count -= 1;
                numbering.codes[numbering.count] = 0;
                numbering.number[INPUTS + term] = None;
            }
        }
    }
}

/// New numbers of some of the terms.
struct Numbering {
    number: [Option<usize>; TERMS],
    codes: [u64; EDGES],
    /// How many terms have a new number, not counting the inputs.
    count: usize,
}

impl Numbering {
    /// `sum` in new numbers, if all its terms have new numbers.
    fn rewrite(&self, sum: Sum) -> Option<Sum> {
        let present = (0..TERMS).filter(|&term| multiplicity(sum, term) > 0);
        present.map(|term| self.number[term].map(|number| multiplicity(sum, term) * once(number))).sum()
    }

    /// The code of a term, if all terms of its source have new numbers.
    fn code(&self, operation: Operation, source: Sum) -> Option<u64> {
        self.rewrite(source).map(|source| (operation as u64) << (LANE * TERMS as u32) | source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nas_assay_base::seed::{Seed, Stream};
    use proptest::prelude::*;

    /// A hash that stands for an unknown function.
    fn scramble(operation: Operation, weights: u64, value: u64) -> u64 {
        let mut x = value ^ weights.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (operation as u64 + 1) << 56;
        for _ in 0..3 {
            x = (x ^ x >> 31).wrapping_mul(0xd6e8_feb8_6659_fd93);
        }
        x ^ x >> 32
    }

    /// The sorted output of a cell with these weights on its edges. (Pools have no weights.)
    fn outputs(cell: Cell, kind: CellKind, weights: [u64; EDGES]) -> [u64; 4] {
        let mut nodes = [11, 13, 0, 0, 0, 0_u64];
        for (edge, weight) in cell.edges().into_iter().zip(weights) {
            let source = nodes[edge.from];
            let value = match (edge.operation, edge.operation.has_weights(kind == CellKind::Reduce, edge.from)) {
                (operation, true) => scramble(operation, weight, source),
                (Operation::SkipConnect, false) => source,
                (operation, false) => scramble(operation, 0, source),
            };
            nodes[edge.to] = nodes[edge.to].wrapping_add(value);
        }
        let mut outputs = [nodes[2], nodes[3], nodes[4], nodes[5]];
        outputs.sort_unstable();
        outputs
    }

    /// Whether some assignment of the weights of `a` to the edges of `b` makes the cells equal.
    fn same_network(a: Cell, b: Cell, kind: CellKind) -> bool {
        let weighted = |cell: Cell| {
            let edges = cell.edges();
            (0..EDGES)
                .filter(|&e| edges[e].operation.has_weights(kind == CellKind::Reduce, edges[e].from))
                .collect::<Vec<_>>()
        };
        let (edges_a, edges_b) = (weighted(a), weighted(b));
        let mut weights = [0; EDGES];
        for &edge in &edges_a {
            weights[edge] = 100 + edge as u64;
        }
        let target = outputs(a, kind, weights);
        let mut assignments = vec![(Vec::new(), edges_a.clone())];
        for _ in 0..edges_a.len() {
            let extend = |(chosen, rest): &(Vec<usize>, Vec<usize>)| {
                let (chosen, rest) = (chosen.clone(), rest.clone());
                (0..rest.len()).map(move |i| {
                    let mut remaining = rest.clone();
                    let edge = remaining.remove(i);
                    ([&chosen[..], &[edge]].concat(), remaining)
                })
            };
            assignments = assignments.iter().flat_map(extend).collect();
        }
        edges_a.len() == edges_b.len()
            && assignments.iter().any(|(chosen, _)| {
                let mut weights = [0; EDGES];
                edges_b.iter().zip(chosen).for_each(|(&edge, &from)| weights[edge] = 100 + from as u64);
                outputs(b, kind, weights) == target
            })
    }

    /// A cell with only skips, pools and one kind of convolution, so that equal values are frequent.
    fn plain_cell(stream: &mut Stream) -> Cell {
        use Operation::{AvgPool3x3, MaxPool3x3, SepConv3x3, SkipConnect};
        let mut cell = Cell::sample(stream);
        for edge in 0..EDGES {
            let operation = [SkipConnect, AvgPool3x3, SkipConnect, MaxPool3x3, SepConv3x3][stream.index(5)];
            cell = cell.with_operation(edge, operation);
        }
        cell
    }

    /// Keys are equal exactly if the networks are equal, which is decided by trying every assignment of weights.
    #[test]
    fn keys_agree_exactly_with_networks() {
        let mut stream = Seed::root(17).stream();
        let (mut equal, mut different) = (0, 0);
        for round in 0..400 {
            let kind = [CellKind::Normal, CellKind::Reduce][round % 2];
            let key = |cell| ValueGraph::of(cell, kind).key();
            let cell = plain_cell(&mut stream);
            let sources = cell.neighbours().into_iter().skip(6 * EDGES);
            for mut other in sources.chain([cell; 6]) {
                let order = stream.permutation(4);
                other = other.renumbered(std::array::from_fn(|node| INPUTS + order[node])).unwrap_or(other);
                if other != cell && ValueGraph::of(cell, kind).terms.len() <= 5 {
                    let same = same_network(cell, other, kind);
                    assert_eq!(key(cell) == key(other), same, "{kind:?}\n{cell}\n{other}");
                    *(if same { &mut equal } else { &mut different }) += 1;
                }
            }
        }
        assert!(equal > 50 && different > 500, "{equal} equal, {different} different");
    }

    /// Two networks with the same paper's key, and one network with two paper's keys.
    #[test]
    fn the_papers_key_is_not_exact() {
        let read = |text: &str| text.parse::<Cell>().unwrap();
        let both = |cell| Architecture::new(cell, cell);
        // Nodes 2 and 3 have the same tree. Node 5 pools the one that node 4 pools, or the other one.
        let start =
            "sep_conv_3x3:0>2;skip_connect:1>2;sep_conv_3x3:0>3;skip_connect:1>3;skip_connect:0>4;avg_pool_3x3:2>4";
        let one = both(read(&format!("{start};skip_connect:0>5;max_pool_3x3:2>5")));
        let two = both(read(&format!("{start};skip_connect:0>5;max_pool_3x3:3>5")));
        assert_eq!(one.paper_key(), two.paper_key());
        assert_ne!(one.exact_key(), two.exact_key());
        // In a normal cell, node 4 is the sum of both inputs and a pool, combined in two ways.
        let start = "skip_connect:0>2;skip_connect:1>2;max_pool_3x3:0>3;skip_connect:1>3";
        let end = "sep_conv_3x3:0>5;sep_conv_3x3:1>5";
        let reduce = one.cell(CellKind::Reduce);
        let one = Architecture::new(read(&format!("{start};max_pool_3x3:0>4;skip_connect:2>4;{end}")), reduce);
        let two = Architecture::new(read(&format!("{start};skip_connect:0>4;skip_connect:3>4;{end}")), reduce);
        assert_ne!(one.paper_key(), two.paper_key());
        assert_eq!(one.exact_key(), two.exact_key());
    }

    proptest! {
        /// An edge can come from any earlier node with the same value.
        #[test]
        fn an_equal_source_keeps_the_key(seed: u64) {
            let mut stream = Seed::root(seed).stream();
            let mut architecture = Architecture::new(plain_cell(&mut stream), plain_cell(&mut stream));
            let key = architecture.exact_key();
            for _ in 0..6 {
                let kind = [CellKind::Normal, CellKind::Reduce][stream.index(2)];
                let cell = architecture.cell(kind);
                let nodes = ValueGraph::of(cell, kind).nodes;
                let edge = stream.index(EDGES);
                let others = cell.other_sources(edge).into_iter().filter(|&from| nodes[from] == nodes[cell.edges()[edge].from]);
                for from in others {
                    let moved = cell.with_source(edge, from);
                    architecture = match kind {
                        CellKind::Normal => Architecture::new(moved, architecture.cell(CellKind::Reduce)),
                        CellKind::Reduce => Architecture::new(architecture.cell(CellKind::Normal), moved),
                    };
                }
                prop_assert_eq!(architecture.exact_key(), key);
            }
        }
    }
}
