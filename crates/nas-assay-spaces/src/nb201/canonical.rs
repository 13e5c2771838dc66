//! Keys that decide which raw encodings count as the same architecture, and the classes of these keys.
//!
//! | key | classes | treats as the same |
//! |---|---|---|
//! | [`Architecture::skip_key`] | 12,751 | nodes joined by a skip |
//! | [`Architecture::paper_key`] | 6,466 | also some cells with zeros, by the rule of the benchmark's authors |
//! | [`Architecture::zero_dropped_key`] | 5,390 | also cells that differ only in zero terms |
//! | [`Architecture::exact_key`] | 5,260 | networks that compute the same function for some assignment of weights |
//!
//! The first three are tree keys. The key of node 0 is `0`. The key of another node is the sorted sum of its incoming edges, where a skip
//! is written as the key of its source, and any other operation as `(source's key)@operation` (`to_unique_str` of the benchmark's code).
//! `paper_key` has the same classes as the set without isomorphic cells of Ning et al. (2021). Every comparison with numbers of that
//! paper needs it, although it has three defects:
//!
//! - **Zeros are not dropped.** A zero term stays in its sum. So `#` and `#+#` are two keys for nothing, and `A` and `A+#` are two keys
//!   for one network.
//! - **Sums are nested.** A skip of `a+b` added to `c` is `a+b+c` as a text, but is sorted as two items, so its terms can be in several
//!   orders.
//! - **A tree does not distinguish one convolution with two consumers from two convolutions.** The two networks have different numbers of
//!   parameters, but the same key.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use super::{Architecture, COUNT, EDGES, ExactKey, NODES, Operation};

/// How a tree key treats zeros.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Zeros {
    /// Written like any other operation.
    Written,
    /// Written as the term `#`. An edge from a node `#` is zero too, but zeros stay in sums.
    Marked,
    /// Left out. Only a sum without terms is `#`.
    Dropped,
}

impl Architecture {
    /// The tree key in which only skips are simplified.
    pub fn skip_key(self) -> String {
        self.tree_key(Zeros::Written)
    }

    /// The tree key of the benchmark's authors, which considers zeros. It gives the classes of Ning et al. (2021).
    pub fn paper_key(self) -> String {
        self.tree_key(Zeros::Marked)
    }

    /// The tree key without the zero terms of all sums.
    pub fn zero_dropped_key(self) -> String {
        self.tree_key(Zeros::Dropped)
    }

    /// The key of the network itself; see [`ExactKey`].
    pub fn exact_key(self) -> ExactKey {
        ExactKey::of(self)
    }

    fn tree_key(self, zeros: Zeros) -> String {
        let mut nodes: [String; NODES] = Default::default();
        nodes[0].push('0');
        let mut edges = EDGES.iter().zip(self.operations()).peekable();
        for node in 1..NODES {
            let mut terms: Vec<String> = Vec::with_capacity(node);
            while let Some((&(from, _), operation)) = edges.next_if(|((_, to), _)| *to == node) {
                let source = &nodes[from];
                let zero = zeros != Zeros::Written && (operation == Operation::None || source == "#");
                match operation {
                    _ if zero && zeros == Zeros::Dropped => {}
                    _ if zero => terms.push("#".to_owned()),
                    Operation::SkipConnect => terms.push(source.clone()),
                    _ => terms.push(["(", source, ")@", operation.name()].concat()),
                }
            }
            terms.sort_unstable();
            nodes[node] = if terms.is_empty() { "#".to_owned() } else { terms.join("+") };
        }
        let [.., output] = nodes;
        output
    }
}

/// The classes of the space under a key. Classes are numbered in the order of their smallest index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classes {
    class_of: Vec<u16>,
    representatives: Vec<Architecture>,
    sizes: Vec<usize>,
}

impl Classes {
    /// The classes of architectures with equal keys.
    pub fn by<K: Ord>(key: impl Fn(Architecture) -> K) -> Self {
        let mut seen = BTreeMap::new();
        let mut classes = Self { class_of: Vec::with_capacity(COUNT), representatives: Vec::new(), sizes: Vec::new() };
        for architecture in Architecture::all() {
            let class = *seen.entry(key(architecture)).or_insert_with(|| {
                classes.representatives.push(architecture);
                classes.sizes.push(0);
                classes.sizes.len() - 1
            });
            classes.sizes[class] += 1;
            classes.class_of.push(class as u16);
        }
        classes
    }

    /// The 6,466 classes of [`Architecture::paper_key`], computed once.
    pub fn paper() -> &'static Self {
        static PAPER: LazyLock<Classes> = LazyLock::new(|| Classes::by(Architecture::paper_key));
        &PAPER
    }

    /// The 5,260 classes of [`Architecture::exact_key`], computed once.
    pub fn exact() -> &'static Self {
        static EXACT: LazyLock<Classes> = LazyLock::new(|| Classes::by(Architecture::exact_key));
        &EXACT
    }

    /// The number of the class of `architecture`.
    pub fn class_of(&self, architecture: Architecture) -> usize {
        usize::from(self.class_of[architecture.index()])
    }

    /// Number of raw encodings in the class of `architecture`, itself included.
    pub fn size_of(&self, architecture: Architecture) -> usize {
        self.sizes[self.class_of(architecture)]
    }

    /// The member with the smallest index of each class, in ascending order.
    pub fn representatives(&self) -> &[Architecture] {
        &self.representatives
    }

    /// Number of raw encodings in each class.
    pub fn sizes(&self) -> &[usize] {
        &self.sizes
    }
}

/// The member with the smallest index of each of the 6,466 classes of [`Architecture::paper_key`], in ascending order.
pub fn representatives() -> &'static [Architecture] {
    Classes::paper().representatives()
}

#[cfg(test)]
mod tests {
    use super::super::{EXACT_CLASSES, PAPER_CLASSES};
    use super::*;

    fn parse(text: &str) -> Architecture {
        text.parse().unwrap()
    }

    /// How many classes of `a` have members in more than one class of `b`.
    fn split(a: &Classes, b: &Classes) -> usize {
        let mut meets = vec![std::collections::BTreeSet::new(); a.sizes.len()];
        for x in Architecture::all() {
            meets[a.class_of(x)].insert(b.class_of(x));
        }
        meets.iter().filter(|met| met.len() > 1).count()
    }

    #[test]
    fn the_space_has_the_published_numbers_of_classes() {
        assert_eq!(Classes::by(Architecture::skip_key).sizes.len(), 12_751);
        assert_eq!(Classes::paper().sizes.len(), PAPER_CLASSES);
        assert_eq!(Classes::by(Architecture::zero_dropped_key).sizes.len(), 5_390);
        assert_eq!(Classes::exact().sizes.len(), EXACT_CLASSES);
    }

    #[test]
    fn class_sizes_are_the_published_ones() {
        let sizes = Classes::paper().sizes();
        assert_eq!(sizes.iter().filter(|&&size| size == 1).count(), 5_116);
        assert_eq!(sizes.iter().max(), Some(&275));
        let shared: usize = sizes.iter().filter(|&&size| size > 1).sum();
        assert_eq!(shared, COUNT - 5_116);
        assert_eq!(Classes::by(Architecture::is_connected).sizes(), [341, COUNT - 341]);
        assert_eq!(representatives().iter().filter(|a| !a.is_connected()).count(), 5);
    }

    #[test]
    fn paper_classes_both_merge_and_split_exact_ones() {
        assert_eq!(split(Classes::paper(), Classes::exact()), 430);
        assert_eq!(split(Classes::exact(), Classes::paper()), 688);
    }

    #[test]
    fn the_single_convolution_is_one_network_in_six_paper_classes() {
        let chain = parse("|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|");
        let exact = Classes::exact();
        let class = exact.class_of(chain);
        let mut papers: Vec<_> =
            Architecture::all().filter(|&x| exact.class_of(x) == class).map(|x| Classes::paper().class_of(x)).collect();
        papers.sort_unstable();
        papers.dedup();
        assert_eq!(
            papers.iter().map(|&paper| Classes::paper().sizes()[paper]).collect::<Vec<_>>(),
            [275, 62, 31, 31, 31, 30]
        );
    }

    #[test]
    fn tree_keys_are_spelled_as_the_authors_do() {
        let cell = parse("|nor_conv_3x3~0|+|none~0|skip_connect~1|+|skip_connect~0|none~1|avg_pool_3x3~2|");
        assert_eq!(cell.paper_key(), "#+(#+(0)@nor_conv_3x3)@avg_pool_3x3+0");
        assert_eq!(cell.zero_dropped_key(), "((0)@nor_conv_3x3)@avg_pool_3x3+0");
        assert_eq!(cell.skip_key(), "((0)@none+(0)@nor_conv_3x3)@avg_pool_3x3+((0)@nor_conv_3x3)@none+0");
    }

    #[test]
    fn classes_are_numbered_by_their_smallest_member() {
        for classes in [Classes::paper(), Classes::exact()] {
            assert!(classes.representatives().is_sorted_by(|a, b| a < b));
            for (class, &representative) in classes.representatives().iter().enumerate() {
                assert_eq!(classes.class_of(representative), class);
                assert_eq!(classes.size_of(representative), classes.sizes()[class]);
            }
        }
    }
}
