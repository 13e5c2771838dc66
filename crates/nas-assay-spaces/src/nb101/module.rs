//! A cell as a labelled graph with any number of vertices, for pruning and relabelling.

use super::{Architecture, Operation, VERTICES};

/// The label of a vertex.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Label {
    Input,
    Operation(Operation),
    Output,
}

impl Label {
    /// The number of the label in the hash of NAS-Bench-101.
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

/// A graph with labelled vertices. The numbers of vertices have no meaning: an edge can go from a higher to a lower number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Module {
    len: usize,
    /// Bit `u` of entry `v` is the edge from `u` to `v`. Entries from `len` on are 0.
    parents: [u8; VERTICES],
    labels: [Label; VERTICES],
}

impl Module {
    /// The graph with the operations `operations` between input and output, in which bit `u` of `parents[v]` is the edge from `u` to `v`.
    /// `None` unless there are 2 to [`VERTICES`] vertices, two more than operations, and edges from earlier vertices only.
    pub(super) fn new(parents: &[u8], operations: &[Operation]) -> Option<Self> {
        let len = parents.len();
        let earlier = parents.iter().enumerate().all(|(vertex, &set)| u32::from(set) < 1 << vertex);
        if len > VERTICES || len != operations.len() + 2 || !earlier {
            return None;
        }
        let mut module = Self { len, parents: [0; VERTICES], labels: [Label::Input; VERTICES] };
        module.parents[..len].copy_from_slice(parents);
        for (label, &operation) in module.labels[1..].iter_mut().zip(operations) {
            *label = Label::Operation(operation);
        }
        module.labels[len - 1] = Label::Output;
        Some(module)
    }

    /// The whole cell, unused vertices included.
    pub(super) fn whole(architecture: Architecture) -> Self {
        let operations = architecture.operations.map(Label::Operation);
        let [one, two, three, four, five] = operations;
        let labels = [Label::Input, one, two, three, four, five, Label::Output];
        Self { len: VERTICES, parents: architecture.parents, labels }
    }

    /// The cell without the vertices that have no path to the output. The other vertices are renumbered and keep their order.
    pub(super) fn pruned(architecture: Architecture) -> Self {
        let live = architecture.live_vertices();
        let kept: Vec<usize> = (0..VERTICES).filter(|&vertex| live[vertex]).collect();
        Self::whole(architecture).taking(&kept)
    }

    /// The graph on the vertices of `order`, which must be distinct: its vertex `i` is vertex `order[i]` of this graph.
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

    /// Number of vertices.
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

    /// The graph with the input's label on all vertices, to compare adjacencies.
    #[cfg(test)]
    pub(super) fn unlabelled(&self) -> Self {
        Self { labels: [Label::Input; VERTICES], ..*self }
    }
}
