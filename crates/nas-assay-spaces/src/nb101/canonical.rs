//! NAS-Bench-101's own hash, which decides which raw encodings build the same network.
//!
//! | encodings | adjacencies after pruning | pruned cells | hashes |
//! |---|---|---|---|
//! | [`Subset::Paper`](super::Subset::Paper) | 60 | 14,580 | 14,580 |
//! | all that use every vertex ([`Architecture::is_full`]) | 445 | 108,135 | 49,032 |
//! | [`Subset::Raw`](super::Subset::Raw) | 876 | 135,900 | 55,854 |
//!
//! The hash is that of the pruned cell, so unused vertices do not count. Cells with equal hashes are isomorphic as labelled graphs (Ying et
//! al. verified this for their whole space by comparing graphs). Isomorphic cells are the same network, up to the names of weights and the
//! order of the channels that the output concatenates.

use std::fmt;
use std::str::FromStr;

use md5::{Digest, Md5};

use super::module::Module;
use super::{Architecture, Operation, VERTICES};

/// The hash of a pruned cell, as NAS-Bench-101 computes it (`hash_module` of its `graph_util`): equal for isomorphic cells.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleHash([u8; 16]);

impl ModuleHash {
    /// The hash of any cell of NAS-Bench-101, of this sub-space or not: `operations` between input and output, and bit `u` of `parents[v]`
    /// for the edge from vertex `u` to vertex `v`. The cell is hashed as it is; the benchmark's table has pruned ones.
    ///
    /// `None` unless there are 2 to [`VERTICES`] vertices, two more than operations, and edges from earlier vertices only.
    pub fn of_graph(parents: &[u8], operations: &[Operation]) -> Option<Self> {
        Module::new(parents, operations).map(|module| module.hash())
    }
}

impl fmt::Display for ModuleHash {
    /// Writes the 32 lowercase hexadecimal digits under which NAS-Bench-101 keeps the cell.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The text is not 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the hash of a NAS-Bench-101 cell, which has 32 hexadecimal digits")]
pub struct ModuleHashError;

impl FromStr for ModuleHash {
    type Err = ModuleHashError;

    /// Reads 32 hexadecimal digits in lower or upper case.
    fn from_str(text: &str) -> Result<Self, ModuleHashError> {
        let digits = text.as_bytes();
        if digits.len() != 32 {
            return Err(ModuleHashError);
        }
        let digit = |place: usize| char::from(digits[place]).to_digit(16).ok_or(ModuleHashError);
        let mut bytes = [0; 16];
        for (place, byte) in bytes.iter_mut().enumerate() {
            *byte = (16 * digit(2 * place)? + digit(2 * place + 1)?) as u8;
        }
        Ok(Self(bytes))
    }
}

impl fmt::Debug for ModuleHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ModuleHash({self})")
    }
}

impl Architecture {
    /// The canonical form: NAS-Bench-101's hash of the pruned cell.
    pub fn hash(self) -> ModuleHash {
        Module::pruned(self).hash()
    }
}

/// An MD5 as 32 hexadecimal digits. Further hashes are taken of these digits.
type Digits = [u8; 32];

fn digits(hash: Md5) -> Digits {
    let mut digits = [0; 32];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(hash.finalize()) {
        pair[0] = b"0123456789abcdef"[usize::from(byte >> 4)];
        pair[1] = b"0123456789abcdef"[usize::from(byte & 15)];
    }
    digits
}

impl Module {
    /// The hash of the graph. Each vertex starts with the hash of its degrees and its label. Then, as many times as there are vertices,
    /// each hash is combined with those of parents and children. The sorted hashes of all vertices give the hash of the graph.
    pub(super) fn hash(&self) -> ModuleHash {
        let mut hashes = [[0; 32]; VERTICES];
        for (vertex, label) in self.labels().iter().enumerate() {
            let outgoing = (0..self.len()).filter(|&child| self.has_edge(vertex, child)).count();
            let incoming = (0..self.len()).filter(|&parent| self.has_edge(parent, vertex)).count();
            let text = format!("({outgoing}, {incoming}, {})", label.number());
            hashes[vertex] = digits(Md5::new_with_prefix(text));
        }
        for _ in 0..self.len() {
            let previous = hashes;
            for vertex in 0..self.len() {
                let mut hash = Md5::new();
                let parents = (0..self.len()).filter(|&other| self.has_edge(other, vertex));
                feed_sorted(&mut hash, parents.map(|parent| &previous[parent]));
                hash.update(b"|");
                let children = (0..self.len()).filter(|&other| self.has_edge(vertex, other));
                feed_sorted(&mut hash, children.map(|child| &previous[child]));
                hash.update(b"|");
                hash.update(previous[vertex]);
                hashes[vertex] = digits(hash);
            }
        }
        let hashes = &mut hashes[..self.len()];
        hashes.sort_unstable();
        let mut hash = Md5::new();
        for (place, vertex) in hashes.iter().enumerate() {
            hash.update(if place == 0 { "['" } else { "', '" });
            hash.update(vertex);
        }
        hash.update("']");
        ModuleHash(hash.finalize().into())
    }
}

/// Updates `hash` with the concatenation of `texts` in ascending order.
fn feed_sorted<'a>(hash: &mut Md5, texts: impl Iterator<Item = &'a Digits>) {
    let mut sorted = [&[0; 32]; VERTICES];
    let mut count = 0;
    for text in texts {
        sorted[count] = text;
        count += 1;
    }
    sorted[..count].sort_unstable();
    sorted[..count].iter().for_each(|text| hash.update(text));
}

#[cfg(test)]
mod tests {
    use super::super::{BLOCKS, COUNT, DISTINCT, Subset};
    use super::*;
    use nas_assay_base::seed::Seed;
    use proptest::prelude::*;
    use rayon::prelude::*;
    use std::collections::BTreeSet;

    /// Hashes of these cells by a second implementation, in Python with `hashlib`. The last three cells have unused vertices.
    #[test]
    fn hashes_are_those_of_another_implementation() {
        for (text, expected) in REFERENCE {
            let hash = text.parse::<Architecture>().unwrap().hash();
            assert_eq!(
                (hash.to_string(), format!("{hash:?}")),
                (expected.to_owned(), format!("ModuleHash({expected})")),
                "{text}"
            );
            assert_eq!(expected.parse(), Ok(hash));
            assert_eq!(expected.to_uppercase().parse(), Ok(hash));
            for bad in
                [&expected[1..], &format!("{expected}0"), &expected.replace('f', "g"), &format!("é{}", &expected[2..])]
            {
                assert_eq!(bad.parse::<ModuleHash>().is_err(), bad != expected, "{bad}");
            }
        }
    }

    const REFERENCE: [(&str, &str); 6] = [
        (
            "0100010001110000000100000100000000100000010000000:input|conv1x1-bn-relu|maxpool3x3|conv3x3-bn-relu|conv1x1-bn-relu|conv1x1-bn-relu|output",
            "c32cb41adf70a5beb0f5afd25f4e98c9",
        ),
        (
            "0101100001001000001000000010000000100000010000000:input|maxpool3x3|conv3x3-bn-relu|maxpool3x3|conv1x1-bn-relu|maxpool3x3|output",
            "a821e8758fc898ff9c7edad185eb6163",
        ),
        (
            "0110100000010000010100000001000001000000010000000:input|conv1x1-bn-relu|maxpool3x3|conv3x3-bn-relu|conv1x1-bn-relu|conv1x1-bn-relu|output",
            "b52a1e3bc4a24b6ed3a9a3dccc95fb6d",
        ),
        (
            "0101100001011000000100000001000000100000000000000:input|conv3x3-bn-relu|conv1x1-bn-relu|conv1x1-bn-relu|maxpool3x3|conv1x1-bn-relu|output",
            "e406889599e3ff4524e193c7f115427d",
        ),
        (
            "0101101001011100000100000000000000000000000000000:input|maxpool3x3|maxpool3x3|conv3x3-bn-relu|maxpool3x3|conv1x1-bn-relu|output",
            "6f6257bc3b12d87b8736e81cd4b7ed8b",
        ),
        (
            "0110001000010000010010000110000001000000000000000:input|maxpool3x3|conv3x3-bn-relu|conv3x3-bn-relu|conv1x1-bn-relu|conv1x1-bn-relu|output",
            "d32d0b26d534203b48d866facd98cc3e",
        ),
    ];

    /// Smaller cells by the second implementation, and what is no cell.
    #[test]
    fn any_graph_of_the_benchmark_has_a_hash() {
        use Operation::{Conv1x1, Conv3x3, MaxPool3x3};
        let hash =
            |parents: &[u8], operations: &[Operation]| ModuleHash::of_graph(parents, operations).map(|h| h.to_string());
        let expected = [SMALL[0], SMALL[1], SMALL[2]].map(|text| Some(text.to_owned()));
        let found = [
            hash(&[0, 1], &[]),
            hash(&[0, 1, 3], &[MaxPool3x3]),
            hash(&[0, 1, 3, 2, 4, 29], &[Conv3x3, Conv1x1, MaxPool3x3, Conv3x3]),
        ];
        assert_eq!(found, expected);
        let whole: Architecture = REFERENCE[0].0.parse().unwrap();
        assert_eq!(ModuleHash::of_graph(&whole.parents, &whole.operations), Some(whole.hash()));
        assert_eq!(hash(&[0, 2], &[]), None, "an edge from a vertex to itself");
        assert_eq!(hash(&[0, 1, 3], &[]), None);
        assert_eq!(hash(&[0], &[]), None);
        assert_eq!(hash(&[0; 8], &[Conv1x1; 6]), None);
    }

    const SMALL: [&str; 3] =
        ["043721b9c7fe8c5fad811d47d83132ec", "6f6257bc3b12d87b8736e81cd4b7ed8b", "75a7c65ae716bd758a0ad5ca2d5a44ad"];

    /// The number of adjacencies and of labelled cells, first with unused vertices removed but the others not renumbered, then renumbered;
    /// and the number of hashes.
    fn classes(encodings: impl Iterator<Item = Architecture>) -> ([usize; 2], [usize; 2], usize) {
        let (mut in_place, mut renumbered) = (BTreeSet::new(), BTreeSet::new());
        for architecture in encodings {
            let live = architecture.live_vertices();
            let parents: [u8; VERTICES] = std::array::from_fn(|v| if live[v] { architecture.parents[v] } else { 0 });
            let labels: [_; BLOCKS] = std::array::from_fn(|b| live[b + 1].then_some(architecture.operations[b]));
            in_place.insert((parents, labels));
            renumbered.insert(Module::pruned(architecture));
        }
        let modules: Vec<Module> = renumbered.iter().copied().collect();
        let hashes: BTreeSet<ModuleHash> = modules.par_iter().map(Module::hash).collect();
        let places = in_place.iter().map(|(parents, _)| parents).collect::<BTreeSet<_>>().len();
        let unlabelled = renumbered.iter().map(Module::unlabelled).collect::<BTreeSet<_>>().len();
        ([places, in_place.len()], [unlabelled, renumbered.len()], hashes.len())
    }

    #[test]
    fn the_space_has_its_counts() {
        let full = Architecture::all().filter(|a| a.is_full());
        assert_eq!(classes(full), ([445, 108_135], [445, 108_135], 49_032));
        assert_eq!(classes(Architecture::all()), ([876, 135_900], [596, 118_524], DISTINCT));
    }

    /// The smallest relabelling of a graph that keeps input and output. It is the exact form of what the hash stands for.
    fn least(module: &Module) -> Module {
        fn extend(module: &Module, order: &mut Vec<usize>, best: &mut Option<Module>) {
            let inner = 1..module.len() - 1;
            if order.len() == module.len() - 1 {
                let mut whole = order.clone();
                whole.push(module.len() - 1);
                let taken = module.taking(&whole);
                *best = Some(best.map_or(taken, |best| best.min(taken)));
                return;
            }
            for vertex in inner {
                if !order.contains(&vertex) {
                    order.push(vertex);
                    extend(module, order, best);
                    order.pop();
                }
            }
        }
        let mut best = None;
        extend(module, &mut vec![0], &mut best);
        best.unwrap()
    }

    #[test]
    fn hashes_agree_exactly_with_isomorphism_in_a_sample() {
        let mut stream = Seed::root(101).stream();
        // Neighbours of a few cells, so that some of them are isomorphic.
        let start = [(); 20].map(|()| Architecture::sample(&mut stream));
        let cells: Vec<_> = start.into_iter().flat_map(|a| a.neighbours(Subset::Raw)).collect();
        let cells: Vec<_> = cells.iter().map(|&a| (least(&Module::pruned(a)), a.hash())).collect();
        let mut isomorphic = 0;
        for (place, (form, hash)) in cells.iter().enumerate() {
            for (other_form, other_hash) in &cells[..place] {
                assert_eq!(form == other_form, hash == other_hash);
                isomorphic += usize::from(hash == other_hash);
            }
        }
        assert!(isomorphic > 100, "{isomorphic} isomorphic pairs");
    }

    proptest! {
        #[test]
        fn relabelling_keeps_the_hash(index in 0..COUNT, seed: u64) {
            let pruned = Module::pruned(Architecture::from_index(index).unwrap());
            let order = Seed::root(seed).stream().permutation(pruned.len());
            prop_assert_eq!(pruned.taking(&order).hash(), pruned.hash());
        }

        #[test]
        fn what_is_not_used_does_not_count(index in 0..COUNT, seed: u64) {
            let mut architecture = Architecture::from_index(index).unwrap();
            let (live, hash) = (architecture.live_vertices(), architecture.hash());
            let mut stream = Seed::root(seed).stream();
            let other = Architecture::sample(&mut stream);
            for vertex in (1..VERTICES - 1).filter(|&vertex| !live[vertex]) {
                architecture.operations[vertex - 1] = other.operations[vertex - 1];
                architecture.parents[vertex] = other.parents[vertex];
            }
            prop_assert_eq!(architecture.hash(), hash);
        }
    }
}
