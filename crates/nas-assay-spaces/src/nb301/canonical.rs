//! The paper's key, which decides which raw encodings count as one architecture. ([`ExactKey`](super::ExactKey) is the exact one.)

use super::{Architecture, Cell, CellKind, INPUTS, NODES, Operation};

impl Architecture {
    /// The tree key of the paper's code (`aw_nas`), cell by cell. The paper's statistics are over the classes of this key.
    ///
    /// The keys of nodes 0 and 1 are `0` and `1`. The key of another node is the sorted sum of its two edges, where a skip is written as
    /// the key of its source, and any other operation as `(source's key)@operation`. The key of a cell is its sorted nodes, joined by `,`.
    /// The key of the architecture is the normal cell, `&`, and the reduction cell. (The paper's code joins edges and nodes without a
    /// sign.)
    ///
    /// It has three defects, which [`exact_key`](Self::exact_key) does not have:
    ///
    /// - A tree does not distinguish one convolution with two consumers from two convolutions.
    /// - Sums are nested, so a skip of `a+b` added to `c` and a skip of `b+c` added to `a` can have two keys for the same value.
    /// - A skip from an input of a reduction cell is treated as an identity, although it has weights and behaves like a convolution.
    pub fn paper_key(self) -> String {
        format!("{}&{}", self.cell(CellKind::Normal).tree_key(), self.cell(CellKind::Reduce).tree_key())
    }
}

impl Cell {
    fn tree_key(self) -> String {
        let mut nodes = self.tree_nodes();
        let nodes = &mut nodes[INPUTS..];
        nodes.sort_unstable();
        nodes.join(",")
    }

    /// The key of every node.
    fn tree_nodes(self) -> [String; NODES] {
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
        nodes
    }

    /// The cell with nodes 2 to 5 renumbered: node `2 + i` becomes node `order[i]`. `None` if an edge would not go to a later node.
    pub fn renumbered(self, order: [usize; 4]) -> Option<Self> {
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
    use nas_assay_base::seed::Seed;
    use nas_assay_testing::data_file;
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

    /// The paper's rows have as many classes by key as by text, so duplicates can be found by either.
    #[test]
    #[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
    fn the_evaluated_rows_have_their_classes() {
        let path = data_file("truth/nb301.csv");
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

    /// The architecture with another cell of one kind.
    fn with_cell(architecture: Architecture, kind: CellKind, cell: Cell) -> Architecture {
        match kind {
            CellKind::Normal => Architecture::new(cell, architecture.cell(CellKind::Reduce)),
            CellKind::Reduce => Architecture::new(architecture.cell(CellKind::Normal), cell),
        }
    }

    proptest! {
        /// Swapping the two edges of a node and renumbering nodes keep both keys.
        #[test]
        fn a_sequence_of_renamings_keeps_both_keys(index in 0..COUNT, seed: u64) {
            let start = Architecture::from_index(index).unwrap();
            let (mut architecture, mut stream) = (start, Seed::root(seed).stream());
            for _ in 0..12 {
                let kind = [CellKind::Normal, CellKind::Reduce][stream.index(2)];
                let mut edges = architecture.cell(kind).edges().map(|edge| (edge.operation, edge.from));
                let node = 2 * stream.index(4);
                edges.swap(node, node + 1);
                let cell = Cell::new(edges).unwrap();
                prop_assert_eq!(cell, architecture.cell(kind));
                let permuted = stream.permutation(4);
                let order: [usize; 4] = std::array::from_fn(|node| INPUTS + permuted[node]);
                if let Some(cell) = cell.renumbered(order) {
                    architecture = with_cell(architecture, kind, cell);
                }
                prop_assert_eq!(architecture.paper_key(), start.paper_key());
                prop_assert_eq!(architecture.exact_key(), start.exact_key());
            }
        }

        /// An edge can come from any earlier node with the same tree.
        #[test]
        fn an_equal_source_keeps_the_papers_key(index in 0..COUNT, seed: u64) {
            let mut stream = Seed::root(seed).stream();
            let mut architecture = Architecture::from_index(index).unwrap();
            for kind in [CellKind::Normal, CellKind::Reduce] {
                // Two nodes with the same tree.
                let mut edges = architecture.cell(kind).edges().map(|edge| (edge.operation, edge.from));
                (edges[2], edges[3]) = (edges[0], edges[1]);
                architecture = with_cell(architecture, kind, Cell::new(edges).unwrap());
            }
            let key = architecture.paper_key();
            for _ in 0..6 {
                let kind = [CellKind::Normal, CellKind::Reduce][stream.index(2)];
                let cell = architecture.cell(kind);
                let (nodes, edge) = (cell.tree_nodes(), 4 + stream.index(4));
                let own = cell.edges()[edge].from;
                for from in cell.other_sources(edge).into_iter().filter(|&from| nodes[from] == nodes[own]) {
                    architecture = with_cell(architecture, kind, cell.with_source(edge, from));
                }
                prop_assert_eq!(architecture.paper_key(), key.clone());
            }
        }
    }
}
