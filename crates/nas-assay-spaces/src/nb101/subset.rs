//! The sets of encodings that can be sampled, enumerated and mutated within.

use serde::{Deserialize, Serialize};

use super::{Architecture, BLOCKS, COUNT, LABELLINGS, Operation, VERTICES};
use nas_assay_base::seed::Stream;

/// A set of encodings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subset {
    /// All 1,312,200 encodings, including isomorphic ones and ones with unused vertices. Parents and operations are independent.
    Raw,
    /// The 14,580 encodings of Ning et al. (2021), "14.6k without isomorphs": 60 adjacency matrices with 3⁵ labellings each.
    ///
    /// The paper does not say which encodings these are. The 60 adjacencies in its 5,000 evaluated rows are exactly those in which each
    /// vertex has the previous vertex as a parent, so there is only one topological order. An isomorphism between two of them must keep
    /// that order, so no two encodings of the set are isomorphic, and no vertex is unused. Vertices 1 to 3 have no choice left; vertices 4,
    /// 5 and the output have one free parent each, which gives 3 · 4 · 5 = 60.
    ///
    /// (The set is not what NAS-Bench-101 itself stores, which is the first of all isomorphic encodings in its enumeration. It stores 153
    /// adjacencies with these numbers of parents, each for some labelling.)
    Paper,
}

/// Number of adjacency matrices of [`Subset::Paper`].
const PATTERNS: usize = 60;

impl Subset {
    /// Number of encodings in the set.
    pub const fn len(self) -> usize {
        match self {
            Self::Raw => COUNT,
            Self::Paper => PATTERNS * LABELLINGS,
        }
    }

    /// Whether the set is empty. It never is.
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Whether `architecture` is in the set.
    pub fn contains(self, architecture: Architecture) -> bool {
        match self {
            Self::Raw => true,
            Self::Paper => (1..VERTICES).all(|vertex| architecture.has_edge(vertex - 1, vertex)),
        }
    }

    /// The encodings of the set, in the order of the raw enumeration.
    pub fn architectures(self) -> impl DoubleEndedIterator<Item = Architecture> + ExactSizeIterator + Clone {
        (0..self.len()).map(move |place| self.at(place))
    }

    /// A uniformly drawn encoding of the set. Takes one draw from the stream.
    pub fn sample(self, stream: &mut Stream) -> Architecture {
        self.at(stream.index(self.len()))
    }

    /// Encoding number `place`, modulo [`len`](Self::len).
    fn at(self, place: usize) -> Architecture {
        match self {
            Self::Raw => Architecture::at(place),
            Self::Paper => {
                let (pattern, labelling) = (place / LABELLINGS % PATTERNS, place % LABELLINGS);
                let free = [pattern / 20, pattern / 5 % 4, pattern % 5];
                let mut parents = [0, 1, 2, 4, 8, 16, 32];
                for (extra, vertex) in free.into_iter().zip(4..) {
                    parents[vertex] |= 1 << extra;
                }
                let mut rest = labelling;
                let mut operations = [Operation::Conv1x1; BLOCKS];
                for operation in operations.iter_mut().rev() {
                    *operation = Operation::ALL[rest % 3];
                    rest /= 3;
                }
                Architecture { parents, operations }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::module::Module;
    use super::*;
    use nas_assay_testing::data_file;
    use std::collections::BTreeSet;

    #[test]
    fn a_set_is_what_it_contains_in_order() {
        let inside: Vec<_> = Architecture::all().filter(|&a| Subset::Paper.contains(a)).collect();
        assert!(Subset::Paper.architectures().eq(inside));
        assert_eq!((Subset::Paper.len(), Subset::Raw.len()), (14_580, COUNT));
        assert!(!Subset::Paper.is_empty());
    }

    #[test]
    fn the_papers_encodings_have_distinct_hashes_and_use_every_vertex() {
        let hashes: BTreeSet<_> = Subset::Paper.architectures().map(Architecture::hash).collect();
        assert_eq!(hashes.len(), 14_580);
        assert!(Subset::Paper.architectures().all(Architecture::is_full));
    }

    /// The rule gives exactly the adjacencies in the paper's rows.
    #[test]
    #[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
    fn the_adjacencies_are_those_of_the_evaluated_rows() {
        let path = data_file("truth/nb101.csv");
        let text = std::fs::read_to_string(path).unwrap();
        let found: BTreeSet<&str> = text.lines().skip(1).map(|line| &line[..49]).collect();
        let ruled: Vec<String> =
            Subset::Paper.architectures().step_by(243).map(|a| a.to_string()[..49].into()).collect();
        assert_eq!(ruled.len(), 60);
        assert_eq!(ruled.iter().map(String::as_str).collect::<BTreeSet<_>>(), found);
    }

    /// NAS-Bench-101 enumerates adjacency matrices as numbers, column by column from the lowest bit, and stores the first of all isomorphic
    /// cells. If the set were the stored cells, it would have more adjacencies.
    #[test]
    fn the_set_is_not_the_stored_representatives() {
        let number = |module: &Module| {
            let edges = (0..VERTICES).flat_map(|to| (0..VERTICES).map(move |from| (from, to)));
            let present = edges.filter(|&(from, to)| module.has_edge(from, to));
            present
                .map(|(from, to)| (from < to).then(|| 1_u32 << (from + to * to.saturating_sub(1) / 2)))
                .sum::<Option<u32>>()
        };
        let mut orders = vec![vec![0, 6]];
        for vertex in 1..=BLOCKS {
            let inserted = |order: &Vec<usize>| {
                let order = order.clone();
                (1..order.len()).map(move |place| [&order[..place], &[vertex], &order[place..]].concat())
            };
            orders = orders.iter().flat_map(inserted).collect();
        }
        assert_eq!(orders.len(), 120);
        let full = Architecture::all().step_by(LABELLINGS).filter(|a| a.is_full());
        let stored = full.filter(|&architecture| {
            let module = Module::whole(architecture);
            let least = orders.iter().filter_map(|order| number(&module.taking(order))).min();
            least == number(&module)
        });
        let stored: BTreeSet<Architecture> = stored.collect();
        assert_eq!(stored.len(), 153);
        assert!(Subset::Paper.architectures().step_by(LABELLINGS).all(|pattern| stored.contains(&pattern)));
    }
}
