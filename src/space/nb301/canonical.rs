//! Which raw encodings count as one architecture: the paper's key. ([`ExactKey`](super::ExactKey) is the other one.)

use super::{Architecture, Cell, CellKind, NODES, Operation};

impl Architecture {
    /// The tree key of the paper's code (`aw_nas`), cell by cell. Its classes are those over which the paper's statistics are taken.
    ///
    /// The key of nodes 0 and 1 is `0` and `1`, that of another node the sorted sum of its two edges, a skip standing for its source's
    /// key and any other operation for `(source's key)@operation`; a cell is its sorted nodes, joined by `,`, and the architecture the
    /// normal cell, `&` and the reduction cell. (The paper's code joins edges and nodes by nothing.)
    ///
    /// What it is blind to, and [`exact_key`](Self::exact_key) is not:
    ///
    /// - A tree cannot tell one convolution with two consumers from two convolutions.
    /// - Sums nest, so that a skip of `a+b` beside `c` and one of `b+c` beside `a` may be two keys of one value.
    /// - A skip from an input of a reduction cell is no identity: it has weights of its own, and is a convolution to the two points above.
    pub fn paper_key(self) -> String {
        format!("{}&{}", self.cell(CellKind::Normal).tree_key(), self.cell(CellKind::Reduce).tree_key())
    }
}

impl Cell {
    fn tree_key(self) -> String {
        let mut nodes: [String; NODES] = Default::default();
        (nodes[0], nodes[1]) = ("0".to_owned(), "1".to_owned());
        for pair in self.edges().chunks_exact(2) {
            let mut terms: Vec<String> = pair
                .iter()
                .map(|edge| match edge.operation {
                    Operation::SkipConnect => nodes[edge.from].clone(),
                    operation => format!("({})@{operation}", nodes[edge.from]),
                })
                .collect();
            terms.sort_unstable();
            nodes[pair[0].to] = terms.join("+");
        }
        let nodes = &mut nodes[2..];
        nodes.sort_unstable();
        nodes.join(",")
    }

    /// The cell with its nodes 2 to 5 renumbered, node `2 + i` becoming node `order[i]`, if every edge still goes to a later node.
    #[cfg(test)]
    pub(super) fn renumbered(self, order: [usize; 4]) -> Option<Self> {
        let new = |node: usize| if node < 2 { node } else { order[node - 2] };
        let mut edges = [(Operation::SkipConnect, 0); super::EDGES];
        for (place, edge) in self.edges().into_iter().enumerate() {
            edges[2 * (new(edge.to) - 2) + place % 2] = (edge.operation, new(edge.from));
        }
        Self::new(edges)
    }
}

#[cfg(test)]
mod tests {
    use super::super::COUNT;
    use super::*;
    use crate::data::root::for_tests;
    use crate::seed::Seed;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_key_by_hand() {
        use Operation::{AvgPool3x3, SepConv3x3, SkipConnect};
        let edges = [
            (SkipConnect, 0),
            (SkipConnect, 1),
            (AvgPool3x3, 2),
            (SkipConnect, 0),
            (SepConv3x3, 3),
            (SkipConnect, 2),
            (SkipConnect, 0),
            (SkipConnect, 1),
        ];
        let cell = Cell::new(edges).unwrap();
        let third = "(0+1)@avg_pool_3x3+0";
        assert_eq!(cell.tree_key(), format!("({third})@sep_conv_3x3+0+1,{third},0+1,0+1"));
        let architecture = Architecture::new(cell, cell);
        assert_eq!(architecture.paper_key(), format!("{0}&{0}", cell.tree_key()));
    }

    /// The paper's rows: as many classes by key as by text, so that either may be taken to find its duplicates.
    #[test]
    fn the_evaluated_rows_have_their_classes() {
        let Some(path) = for_tests("truth/nb301.csv") else { return };
        let text = std::fs::read_to_string(path).unwrap();
        let rows: Vec<Architecture> = text
            .lines()
            .skip(1)
            .map(|line| line.splitn(3, ',').take(2).collect::<Vec<_>>().join("|").parse().unwrap())
            .collect();
        assert_eq!(rows.len(), 5_896);
        assert_eq!(rows.iter().collect::<BTreeSet<_>>().len(), 5_468);
        assert_eq!(rows.iter().map(|row| row.paper_key()).collect::<BTreeSet<_>>().len(), 5_468);
        assert_eq!(rows.iter().map(|row| row.exact_key()).collect::<BTreeSet<_>>().len(), 5_468);
    }

    proptest! {
        #[test]
        fn renumbering_nodes_keeps_both_keys(index in 0..COUNT, seed: u64) {
            let architecture = Architecture::from_index(index).unwrap();
            let mut stream = Seed::root(seed).stream();
            for _ in 0..8 {
                let permuted = stream.permutation(4);
                let order: [usize; 4] = std::array::from_fn(|node| 2 + permuted[node]);
                for kind in [CellKind::Normal, CellKind::Reduce] {
                    let Some(cell) = architecture.cell(kind).renumbered(order) else { continue };
                    let twin = match kind {
                        CellKind::Normal => Architecture::new(cell, architecture.cell(CellKind::Reduce)),
                        CellKind::Reduce => Architecture::new(architecture.cell(CellKind::Normal), cell),
                    };
                    prop_assert_eq!(twin.paper_key(), architecture.paper_key());
                    prop_assert_eq!(twin.exact_key(), architecture.exact_key());
                }
            }
        }
    }
}
