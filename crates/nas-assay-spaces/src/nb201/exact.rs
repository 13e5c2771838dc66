//! The exact key: a canonical form of the network that a cell builds.

use std::fmt;

use super::{Architecture, EDGES, NODES, Operation};

/// A canonical form of the network. It is equal for two cells exactly if they build the same network, up to the names of weights.
///
/// # What counts as the same network
/// The values of a cell are sums of terms. The terms are the cell's input `x`; one term for each live convolution, since each has weights
/// of its own; and one term for each source value that is pooled, since pooling has no weights, so two pools of one value are equal. A
/// skip adds the terms of its source, with multiplicity (`x+x` is not `x`). Edges that are not live add nothing. The *value graph*
/// consists of these terms, each with its operation and the sum that it is applied to, and of the sum of the output.
///
/// Two cells are the same network if there is a bijection between their convolutions (which assigns the weights of one to the other) that
/// makes their outputs equal for all weights. About an operation, only this is assumed: equal inputs give equal outputs. So terms are
/// equal only if they are the same term, and sums only if they have the same terms with the same multiplicities. Then the bijection maps
/// one value graph onto the other. Conversely, every isomorphism of value graphs is such a bijection. So the classes are the isomorphism
/// classes of value graphs. There are 5,260.
///
/// In particular, the linearity of average pooling is not used: the pool of a sum and the sum of pools are equal in exact arithmetic, but
/// rounded differently. With linearity there would be 5,044 classes.
///
/// # The canonical form
/// The code of a term consists of its operation and its source sum, written in the numbers of the terms. Terms are numbered one by one.
/// Among the terms whose sources all have numbers, one with the smallest code is next. All ties are tried. The smallest resulting sequence
/// of codes, followed by the sum of the output, is the key. It depends only on the structure of the graph, so isomorphic graphs have the
/// same key. The graph can be read back from the key, so other graphs have other keys. Only convolutions of the same kind with the same
/// source can tie, at most four at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExactKey {
    /// Codes of the terms in canonical order, then zeros.
    terms: [u32; EDGES.len()],
    /// The sum of the output.
    output: Sum,
}

/// A sum of terms as multiplicities of three bits: term `t` is at bit `3t`, and term 0 is the cell's input. A multiplicity counts paths of
/// skips, and there are at most four between two nodes.
type Sum = u32;

const LANE: u32 = 3;
const TERMS: usize = EDGES.len() + 1;

fn multiplicity(sum: Sum, term: usize) -> u32 {
    (sum >> (LANE * term as u32)) & 0b111
}

fn once(term: usize) -> Sum {
    1 << (LANE * term as u32)
}

/// The value graph. Terms are numbered from 1 in the order of their edges.
#[derive(Default)]
struct ValueGraph {
    terms: [(u32, Sum); TERMS],
    count: usize,
    output: Sum,
}

impl ValueGraph {
    fn of(architecture: Architecture) -> Self {
        let mut graph = Self { count: 1, ..Self::default() };
        let mut nodes: [Sum; NODES] = [once(0), 0, 0, 0];
        let live = architecture.live_edges();
        for (edge, operation) in architecture.operations().into_iter().enumerate().filter(|&(edge, _)| live[edge]) {
            let (from, to) = EDGES[edge];
            nodes[to] += match operation {
                Operation::SkipConnect => nodes[from],
                _ => once(graph.term(operation, nodes[from])),
            };
        }
        graph.output = nodes[NODES - 1];
        graph
    }

    /// The number of the term `operation(source)`. A pool that exists already is used again.
    fn term(&mut self, operation: Operation, source: Sum) -> usize {
        let term = (operation as u32, source);
        let known = self.terms[1..self.count].iter().position(|&other| other == term);
        if let (Operation::AvgPool3x3, Some(place)) = (operation, known) {
            return place + 1;
        }
        self.terms[self.count] = term;
        self.count += 1;
        self.count - 1
    }
}

/// New numbers for some of the terms.
#[derive(Clone, Copy)]
struct Numbering {
    /// The new number of each term of the graph, 0 if it has none yet. The input keeps number 0.
    number: [usize; TERMS],
    codes: [u32; EDGES.len()],
    next: usize,
}

impl Numbering {
    /// `sum` in new numbers, if all its terms have new numbers.
    fn rewrite(&self, sum: Sum) -> Option<Sum> {
        let mut rewritten = 0;
        for (term, &number) in self.number.iter().enumerate() {
            let times = multiplicity(sum, term);
            if times > 0 && number == 0 && term > 0 {
                return None;
            }
            rewritten += times * once(number);
        }
        Some(rewritten)
    }

    /// The code of term `term`, if it has no new number yet and all terms of its source have one.
    fn code(&self, graph: &ValueGraph, term: usize) -> Option<u32> {
        let (operation, source) = graph.terms[term];
        (self.number[term] == 0)
            .then(|| self.rewrite(source))?
            .map(|source| operation << (LANE * TERMS as u32) | source)
    }

    /// The smallest key among all completions of this numbering.
    fn complete(&self, graph: &ValueGraph) -> Option<ExactKey> {
        if self.next == graph.count {
            return Some(ExactKey { terms: self.codes, output: self.rewrite(graph.output)? });
        }
        let smallest = (1..graph.count).filter_map(|term| self.code(graph, term)).min()?;
        let tied = (1..graph.count).filter(|&term| self.code(graph, term) == Some(smallest));
        tied.filter_map(|term| {
            let mut longer = *self;
            longer.number[term] = self.next;
            longer.codes[self.next - 1] = smallest;
            longer.next += 1;
            longer.complete(graph)
        })
        .min()
    }
}

impl ExactKey {
    pub(super) fn of(architecture: Architecture) -> Self {
        let graph = ValueGraph::of(architecture);
        let numbering = Numbering { number: [0; TERMS], codes: [0; EDGES.len()], next: 1 };
        // A cell has no cycle, so there is always a next term, and the search ends with a key.
        numbering.complete(&graph).unwrap_or(Self { terms: [0; EDGES.len()], output: 0 })
    }

    /// Number of terms that are convolutions, which is the number of weight tensors of a cell.
    pub fn convolutions(&self) -> usize {
        let operations = self.terms.iter().map(|code| code >> (LANE * TERMS as u32));
        operations.filter(|&o| o == Operation::NorConv1x1 as u32 || o == Operation::NorConv3x3 as u32).count()
    }
}

/// Writes the key as equations: `a=nor_conv_3x3(x); y=2x+a`.
impl fmt::Display for ExactKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [char; TERMS] = ['x', 'a', 'b', 'c', 'd', 'e', 'f'];
        let sum = |f: &mut fmt::Formatter<'_>, sum: Sum| {
            let mut empty = true;
            for (term, name) in NAMES.into_iter().enumerate() {
                let times = multiplicity(sum, term);
                if times > 0 {
                    f.write_str(if empty { "" } else { "+" })?;
                    if times > 1 {
                        write!(f, "{times}{name}")?;
                    } else {
                        write!(f, "{name}")?;
                    }
                    empty = false;
                }
            }
            f.write_str(if empty { "0" } else { "" })
        };
        for (term, &code) in self.terms.iter().enumerate().take_while(|(_, code)| **code != 0) {
            let operation = Operation::ALL[(code >> (LANE * TERMS as u32)) as usize];
            write!(f, "{}={operation}(", NAMES[term + 1])?;
            sum(f, code & ((1 << (LANE * TERMS as u32)) - 1))?;
            f.write_str("); ")?;
        }
        f.write_str("y=")?;
        sum(f, self.output)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Classes;
    use super::*;
    use nas_assay_base::seed::Seed;
    use proptest::prelude::*;

    fn parse(text: &str) -> Architecture {
        text.parse().unwrap()
    }

    #[test]
    fn keys_spell_the_network_out() {
        let of = |text| parse(text).exact_key().to_string();
        assert_eq!(of("|none~0|+|nor_conv_3x3~0|none~1|+|none~0|nor_conv_1x1~1|none~2|"), "y=0");
        assert_eq!(
            of("|skip_connect~0|+|skip_connect~0|skip_connect~1|+|skip_connect~0|skip_connect~1|skip_connect~2|"),
            "y=4x"
        );
        assert_eq!(
            of("|nor_conv_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|avg_pool_3x3~0|none~1|nor_conv_3x3~2|"),
            "a=nor_conv_1x1(x); b=nor_conv_3x3(x); c=nor_conv_3x3(a+b); d=avg_pool_3x3(x); y=c+d"
        );
        let all = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|";
        let inner = "a=nor_conv_3x3(x); b=nor_conv_3x3(x); c=nor_conv_3x3(x); d=nor_conv_3x3(a); e=nor_conv_3x3(a)";
        assert_eq!(of(all), format!("{inner}; f=nor_conv_3x3(b+d); y=c+e+f"));
    }

    #[test]
    fn a_shared_convolution_is_not_two() {
        let shared = parse("|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|skip_connect~1|skip_connect~2|");
        let separate = parse("|nor_conv_3x3~0|+|nor_conv_3x3~0|none~1|+|none~0|skip_connect~1|skip_connect~2|");
        assert_eq!(shared.zero_dropped_key(), separate.zero_dropped_key());
        assert_eq!(shared.exact_key().to_string(), "a=nor_conv_3x3(x); y=2a");
        assert_eq!(separate.exact_key().to_string(), "a=nor_conv_3x3(x); b=nor_conv_3x3(x); y=a+b");
        assert_eq!((shared.exact_key().convolutions(), separate.exact_key().convolutions()), (1, 2));
    }

    #[test]
    fn two_pools_of_one_value_are_one() {
        let shared = parse("|avg_pool_3x3~0|+|none~0|skip_connect~1|+|none~0|skip_connect~1|skip_connect~2|");
        let separate = parse("|avg_pool_3x3~0|+|avg_pool_3x3~0|none~1|+|none~0|skip_connect~1|skip_connect~2|");
        assert_eq!(shared.exact_key(), separate.exact_key());
    }

    /// All encodings that single rewrites lead to, each of which keeps the network.
    fn rewrites(cell: Architecture) -> Vec<Architecture> {
        use Operation::{None, SkipConnect};
        let o = cell.operations();
        let live = cell.live_edges();
        let mut same = Vec::new();
        // The operation of an edge that is not live does not matter, as long as the edge stays so.
        for edge in (0..6).filter(|&edge| !live[edge]) {
            same.extend(
                Operation::ALL.into_iter().map(|op| cell.with(edge, op)).filter(|other| other.live_edges() == live),
            );
        }
        // The two inner nodes can be swapped if there is no edge between them.
        if o[2] == None {
            same.push(Architecture::new([o[1], o[0], None, o[3], o[5], o[4]]));
        }
        // If a node is a copy of another one, its outgoing edges can start at the other one.
        if o[0] == SkipConnect {
            same.push(Architecture::new([o[0], o[2], o[1], o[3], o[4], o[5]]));
            same.push(Architecture::new([o[0], o[1], o[2], o[4], o[3], o[5]]));
        }
        if (o[1], o[2]) == (None, SkipConnect) {
            same.push(Architecture::new([o[0], o[1], o[2], o[3], o[5], o[4]]));
        }
        if (o[1], o[2]) == (SkipConnect, None) {
            same.push(Architecture::new([o[0], o[1], o[2], o[5], o[4], o[3]]));
        }
        // If both inner nodes are copies of the input, the operations of the three edges into the output can be exchanged.
        if o[0] == SkipConnect && o[1] == None && o[2] == SkipConnect {
            same.push(Architecture::new([o[0], o[1], o[2], o[5], o[3], o[4]]));
        }
        for (node, entering, leaving) in [(1, &[0][..], &[2, 4][..]), (2, &[1, 2], &[5])] {
            let present = |edges: &[usize]| -> Vec<usize> { edges.iter().copied().filter(|&e| o[e] != None).collect() };
            let [out] = present(leaving)[..] else { continue };
            // A node whose only outgoing edge is a skip adds its terms to the target of the skip, so a term can use either edge.
            if o[out] == SkipConnect {
                for source in 0..node {
                    let edge_to = |target| EDGES.iter().position(|&edge| edge == (source, target)).unwrap();
                    let (via, direct) = (edge_to(node), edge_to(EDGES[out].1));
                    if o[via] == None || o[direct] == None {
                        same.push(cell.with(via, o[direct]).with(direct, o[via]));
                    }
                }
            }
            // A skip can be before or after an operation.
            if let [into] = present(entering)[..]
                && [o[into], o[out]].contains(&SkipConnect)
            {
                same.push(cell.with(into, o[out]).with(out, o[into]));
            }
        }
        same
    }

    #[test]
    fn rewrites_that_keep_the_network_keep_the_key() {
        let mut tried = 0;
        for cell in Architecture::all() {
            for other in rewrites(cell) {
                tried += usize::from(other != cell);
                assert_eq!(other.exact_key(), cell.exact_key(), "{cell} and {other}");
            }
        }
        assert!(tried > 20_000, "only {tried} rewrites were tried");
    }

    proptest! {
        #[test]
        fn chains_of_rewrites_keep_the_key(seed: u64) {
            let mut stream = Seed::root(seed).stream();
            let start = Architecture::sample(&mut stream);
            let mut cell = start;
            for _ in 0..12 {
                let others = rewrites(cell);
                if !others.is_empty() {
                    cell = others[stream.index(others.len())];
                }
            }
            prop_assert_eq!(cell.exact_key(), start.exact_key(), "{} and {}", cell, start);
        }
    }

    #[test]
    fn every_convolution_of_the_key_is_a_live_edge() {
        for cell in Architecture::all() {
            let live = cell.live_edges();
            let convolutions = (0..6).filter(|&e| live[e] && cell.operations()[e].conv_kernel().is_some()).count();
            assert_eq!(cell.exact_key().convolutions(), convolutions, "{cell}");
        }
    }

    /// The finaliser of a 64-bit hash. It stands for an unknown operation that gives equal outputs for equal inputs.
    fn opaque(salt: u64, value: u64) -> u64 {
        let mut z = value.wrapping_add((salt + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// The cell's output for a fixed input, in wrapping 64-bit arithmetic. The convolution on edge `e` has the weights `weights[e]`. Every
    /// operation maps zero to zero, as if a batch-norm without shift followed it.
    fn evaluate(cell: Architecture, weights: [u64; 6], linear_pool: bool) -> u64 {
        let mut nodes = [0x0123_4567_89ab_cdef_u64, 0, 0, 0];
        for (edge, operation) in cell.operations().into_iter().enumerate() {
            let (from, to) = EDGES[edge];
            let source = nodes[from];
            let term = match operation {
                Operation::None => 0,
                _ if source == 0 => 0,
                Operation::SkipConnect => source,
                Operation::AvgPool3x3 if linear_pool => source.wrapping_mul(0xd134_2543_de82_ef95),
                Operation::AvgPool3x3 => opaque(100, source),
                Operation::NorConv1x1 => opaque(200 + weights[edge], source),
                Operation::NorConv3x3 => opaque(300 + weights[edge], source),
            };
            nodes[to] = nodes[to].wrapping_add(term);
        }
        nodes[3]
    }

    /// The smallest output over all assignments of fixed weights to the live convolutions.
    fn meaning(cell: Architecture, linear_pool: bool) -> u64 {
        fn search(cell: Architecture, edges: &[usize], weights: [u64; 6], used: u32, linear_pool: bool) -> u64 {
            let Some((&edge, rest)) = edges.split_first() else { return evaluate(cell, weights, linear_pool) };
            let total = edges.len() + used.count_ones() as usize;
            let free = (0..total as u64).filter(|&weight| used & (1 << weight) == 0);
            let outcomes = free.map(|weight| {
                let mut given = weights;
                given[edge] = weight;
                search(cell, rest, given, used | (1 << weight), linear_pool)
            });
            outcomes.min().unwrap_or(0)
        }
        let live = cell.live_edges();
        let convolutions: Vec<_> =
            (0..6).filter(|&e| live[e] && cell.operations()[e].conv_kernel().is_some()).collect();
        search(cell, &convolutions, [0; 6], 0, linear_pool)
    }

    #[test]
    fn the_key_is_what_brute_force_over_weights_finds() {
        assert_eq!(&Classes::by(|cell| meaning(cell, false)), Classes::exact());
    }

    #[test]
    fn linear_pooling_would_leave_fewer_classes() {
        assert_eq!(Classes::by(|cell| meaning(cell, true)).sizes().len(), 5_044);
    }
}
