//! A cell as a labelled graph of its own size, which pruning and relabelling change.

use super::{Architecture, Operation, VERTICES};

/// What a vertex is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Label {
    Input,
    Operation(Operation),
    Output,
}

impl Label {
    /// NAS-Bench-101's number for the label: what its hash is made of.
    pub(super) const fn number(self) -> i8 {
        match self {
            Self::Input => -1,
            Self::Output => -2,
            Self::Operation(Operation::Conv3x3) => 0,
            Self::Operation(Operation::Conv1x1) => 1,
            Self::Operation(Operation::MaxPool3x3) => 2,
        }
    }
}

/// A graph with labelled vertices. Numbers of vertices mean nothing here: an edge may go from a greater to a smaller one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Module {
    len: usize,
    /// Bit `u` of entry `v` is the edge from `u` to `v`. What is beyond `len` is empty.
    parents: [u8; VERTICES],
    labels: [Label; VERTICES],
}

impl Module {
    /// The whole cell, unused vertices included.
    pub(super) fn whole(architecture: Architecture) -> Self {
        let operations = architecture.operations.map(Label::Operation);
        let [one, two, three, four, five] = operations;
        let labels = [Label::Input, one, two, three, four, five, Label::Output];
        Self { len: VERTICES, parents: architecture.parents, labels }
    }

    /// The cell without the vertices that do not reach its output, the others renumbered in their order.
    pub(super) fn pruned(architecture: Architecture) -> Self {
        let live = architecture.live_vertices();
        let kept: Vec<usize> = (0..VERTICES).filter(|&vertex| live[vertex]).collect();
        Self::whole(architecture).taking(&kept)
    }

    /// The graph on the vertices `order`, each given once, in that order: its vertex `i` is vertex `order[i]` of this one.
    pub(super) fn taking(&self, order: &[usize]) -> Self {
        let mut taken = Self { len: order.len(), parents: [0; VERTICES], labels: [Label::Input; VERTICES] };
        for (new, &vertex) in order.iter().enumerate() {
            taken.labels[new] = self.labels[vertex];
            for (parent, &old) in order.iter().enumerate() {
                taken.parents[new] |= u8::from(self.has_edge(old, vertex)) << parent;
            }
        }
        taken
    }

    /// Vertices.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is an edge from vertex `from` to vertex `to`.
    pub(super) const fn has_edge(&self, from: usize, to: usize) -> bool {
        self.parents[to] & 1 << from != 0
    }

    /// The label of each vertex.
    pub(super) fn labels(&self) -> &[Label] {
        &self.labels[..self.len]
    }

    /// The graph without its labels (all are the input's), to compare adjacencies.
    #[cfg(test)]
    pub(super) fn unlabelled(&self) -> Self {
        Self { labels: [Label::Input; VERTICES], ..*self }
    }
}
