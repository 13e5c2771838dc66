//! Pairs of architectures that differ in exactly one operation.
//!
//! Such pairs show how an estimator judges an operation (operation-level bias, Ning et al. 2021). The connections are the same in both
//! architectures. In NAS-Bench-101 the operation of one vertex differs; in NAS-Bench-201 that of one edge, where `none` counts as an
//! operation; in NAS-Bench-301 that of one edge in one of the cells. The design spaces have no operations, so there the value of one
//! decision at one stage differs; in table-only spaces that of one position.

use std::fmt;

use super::nds::{self, Family};
use super::table_only::{MODULES, OPERATIONS, TableSpace, WIDTHS};
use super::{Architecture, SpaceId, nb301};

/// An operation; in a design space, a value of a decision. Ordered by decision, then by the space's list of operations or values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Choice {
    space: SpaceId,
    /// The index of the decision in a design space's list; 0 in other spaces.
    decision: u8,
    /// The index in the list of operations or values.
    place: u8,
}

impl fmt::Display for Choice {
    /// Writes the name of the operation, or the decision and its value: `depth 12`, `ratio 0.25`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = usize::from(self.place);
        let decisions = match self.space {
            SpaceId::NdsResnet => nds::ResNet::DECISIONS,
            SpaceId::NdsResnextA => nds::ResNeXtA::DECISIONS,
            SpaceId::Table(TableSpace::NatsSss) => return write!(f, "width {}", WIDTHS[place]),
            SpaceId::Table(TableSpace::Tnb101Micro) => return f.write_str(OPERATIONS[place]),
            SpaceId::Table(TableSpace::Tnb101Macro) => return write!(f, "module {}", MODULES[place]),
            SpaceId::Nb101 | SpaceId::Nb201 | SpaceId::Nb301 => {
                return f.write_str(self.space.positions().operations[place]);
            }
        };
        let decision = &decisions[usize::from(self.decision)];
        write!(f, "{} {}", decision.kind.name(), decision.text(decision.values[place]))
    }
}

/// Two architectures of a list that differ in one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// The index in the list of the architecture with `from`.
    pub before: usize,
    /// The index in the list of the architecture with `to`.
    pub after: usize,
    /// The operation that is taken out.
    pub from: Choice,
    /// The operation that is put in instead.
    pub to: Choice,
}

/// All ordered pairs of `architectures` that differ in exactly one operation, by `before`, then by `after`. An architecture that occurs
/// several times in the list takes part each time.
///
/// Two architectures that differ in one position become equal when that position is blanked. So each position is blanked in turn, and
/// sorting brings the pairs together: O(M log M) time per position, and one step for each pair found.
pub fn changes(architectures: &[Architecture]) -> Vec<Change> {
    let codes: Vec<Code> = architectures.iter().map(|&architecture| Code::of(architecture)).collect();
    let positions = codes.iter().map(|code| code.positions()).max().unwrap_or(0);
    let mut found = Vec::new();
    let mut blanked: Vec<(Code, u8, usize)> = Vec::with_capacity(codes.len());
    for position in 0..positions {
        blanked.clear();
        let here = codes.iter().enumerate().filter(|(_, code)| position < code.positions());
        blanked.extend(here.map(|(row, code)| (code.without(position), code.place(position), row)));
        blanked.sort_unstable();
        for alike in blanked.chunk_by(|a, b| a.0 == b.0) {
            for &(code, from, before) in alike {
                let choice = |place| code.choice(position, place);
                let others = alike.iter().filter(|&&(_, to, _)| to != from);
                found.extend(others.map(|&(_, to, after)| Change {
                    before,
                    after,
                    from: choice(from),
                    to: choice(to),
                }));
            }
        }
    }
    found.sort_unstable();
    found
}

/// An architecture as numbers: four bits for the operation at each position, and the connections, which must be equal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Code {
    space: SpaceId,
    /// The connections: seven bits per vertex in NAS-Bench-101, three bits per edge in NAS-Bench-301. In table-only spaces, the number of
    /// positions.
    frame: u64,
    places: u64,
}

impl Code {
    /// Bits per position.
    const BITS: usize = 4;

    fn of(architecture: Architecture) -> Self {
        let packed = |numbers: &mut dyn Iterator<Item = usize>, bits: usize| {
            numbers.fold(0, |packed: u64, number| packed << bits | number as u64)
        };
        // The first position has the lowest bits.
        let places = |places: &[usize]| packed(&mut places.iter().rev().copied(), Self::BITS);
        let (frame, places) = match architecture {
            Architecture::Nb101(cell) => {
                let parents = |vertex| cell.parents(vertex).fold(0, |set, parent| set | 1 << parent);
                let frame = packed(&mut (0..super::nb101::VERTICES).map(parents), super::nb101::VERTICES);
                (frame, places(&cell.operations().map(|operation| operation as usize)))
            }
            Architecture::Nb201(cell) => (0, places(&cell.operations().map(|operation| operation as usize))),
            Architecture::Nb301(cells) => {
                let edges = [nb301::CellKind::Normal, nb301::CellKind::Reduce].map(|kind| cells.cell(kind).edges());
                let edges = edges.as_flattened();
                let operations: Vec<usize> = edges.iter().map(|edge| edge.operation as usize).collect();
                (packed(&mut edges.iter().map(|edge| edge.from), 3), places(&operations))
            }
            Architecture::NdsResnet(network) => (0, places(&choices(network))),
            Architecture::NdsResnextA(network) => (0, places(&choices(network))),
            Architecture::Table(of) => {
                let choices: Vec<usize> = of.choices().iter().map(|&choice| usize::from(choice)).collect();
                (choices.len() as u64, places(&choices))
            }
        };
        Self { space: architecture.space(), frame, places }
    }

    /// Number of positions at which architectures can differ.
    fn positions(self) -> usize {
        match self.space {
            SpaceId::Nb101 => super::nb101::BLOCKS,
            SpaceId::Nb201 => super::nb201::EDGES.len(),
            SpaceId::Nb301 => 2 * nb301::EDGES,
            SpaceId::NdsResnet => nds::resnet::Architecture::POSITIONS,
            SpaceId::NdsResnextA => nds::resnext_a::Architecture::POSITIONS,
            SpaceId::Table(space) => space.positions().1,
        }
    }

    fn place(self, position: usize) -> u8 {
        (self.places >> (Self::BITS * position) & 15) as u8
    }

    fn without(self, position: usize) -> Self {
        Self { places: self.places & !(15 << (Self::BITS * position)), ..self }
    }

    /// The choice with index `place` at `position`.
    fn choice(self, position: usize, place: u8) -> Choice {
        let decision = match self.space {
            SpaceId::NdsResnet | SpaceId::NdsResnextA => position / nds::STAGES,
            SpaceId::Nb101 | SpaceId::Nb201 | SpaceId::Nb301 | SpaceId::Table(_) => 0,
        };
        Choice { space: self.space, decision: decision as u8, place }
    }
}

/// The index of the choice at each position.
fn choices<F: Family>(network: nds::Architecture<F>) -> Vec<usize> {
    (0..nds::Architecture::<F>::POSITIONS).map(|position| network.choice(position)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use nas_assay_base::seed::Seed;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn parse(space: SpaceId, texts: &[&str]) -> Vec<Architecture> {
        texts.iter().map(|text| Architecture::parse(space, text).unwrap()).collect()
    }

    /// Changes as (before, after, from, to).
    fn named(architectures: &[Architecture]) -> Vec<(usize, usize, String, String)> {
        let name = |change: Change| (change.before, change.after, change.from.to_string(), change.to.to_string());
        changes(architectures).into_iter().map(name).collect()
    }

    #[test]
    fn decisions_are_named() {
        let listed = parse(
            SpaceId::NdsResnextA,
            &[
                "d16,1,4 w64,128,16 r0.25,0.5,1 g2,1,2",
                "d16,1,4 w64,128,16 r0.25,0.25,1 g2,1,2",
                "d16,1,8 w64,128,16 r0.25,0.25,1 g2,1,2",
                "d16,1,8 w64,128,16 r0.5,0.5,1 g2,1,2",
            ],
        );
        let change = |before, after, from: &str, to: &str| (before, after, from.to_owned(), to.to_owned());
        let expected = [
            change(0, 1, "ratio 0.5", "ratio 0.25"),
            change(1, 0, "ratio 0.25", "ratio 0.5"),
            change(1, 2, "depth 4", "depth 8"),
            change(2, 1, "depth 8", "depth 4"),
        ];
        assert_eq!(named(&listed), expected);
    }

    #[test]
    fn positions_of_table_only_spaces_are_named() {
        let found = |space, texts: [&str; 3]| named(&parse(SpaceId::Table(space), &texts));
        let pair =
            |from: &str, to: &str| [(0, 1, from.to_owned(), to.to_owned()), (1, 0, to.to_owned(), from.to_owned())];
        let sizes = ["8:16:24:32:64", "8:16:24:32:8", "8:16:24:64:32"];
        assert_eq!(found(TableSpace::NatsSss, sizes), pair("width 64", "width 8"));
        let cells = ["64-41414-1_02_333", "64-41414-1_02_303", "64-41414-1_12_313"];
        assert_eq!(found(TableSpace::Tnb101Micro, cells), pair("nor_conv_3x3", "none"));
        let networks = ["64-1234-basic", "64-1232-basic", "64-12321-basic"];
        assert_eq!(found(TableSpace::Tnb101Macro, networks), pair("module wider and smaller", "module wider"));
    }

    #[test]
    fn another_connection_is_no_exchange() {
        let one = "0100000001000000011100000101000001000000010000000:\
            input|conv3x3-bn-relu|conv3x3-bn-relu|maxpool3x3|conv1x1-bn-relu|conv1x1-bn-relu|output";
        let listed = parse(SpaceId::Nb101, &[one, &one.replace("maxpool3x3", "conv3x3-bn-relu"), one]);
        let mut mixed = listed.clone();
        mixed.extend(listed[0].neighbours().into_iter().filter(|near| near.to_string()[..49] != one[..49]).take(1));
        mixed.push(SpaceId::Nb201.sample(&mut Seed::root(1).stream()));
        assert_eq!(mixed.len(), 5);
        // The first architecture is in the list twice, and both rows are in pairs.
        assert_eq!(
            changes(&mixed).iter().map(|c| (c.before, c.after)).collect::<Vec<_>>(),
            [(0, 1), (1, 0), (1, 2), (2, 1)]
        );
        assert_eq!(changes(&mixed), changes(&listed));
        assert!(changes(&[]).is_empty());
    }

    #[test]
    fn every_neighbour_in_nb201_is_found() {
        let all: Vec<Architecture> = super::super::nb201::Architecture::all().map(Architecture::Nb201).collect();
        let found = changes(&all);
        assert_eq!(found.len(), 15_625 * 24);
        let mut counts = BTreeMap::new();
        for change in &found {
            *counts.entry((change.from, change.to)).or_insert(0) += 1;
        }
        // Six edges, 5⁵ settings of the others.
        assert!(counts.len() == 20 && counts.values().all(|&count| count == 6 * 3_125));
        for change in found.iter().step_by(5_003) {
            assert!(all[change.before].neighbours().contains(&all[change.after]));
        }
    }

    /// The words of a text form, and whether each is an operation or a value.
    fn words(architecture: Architecture) -> Vec<(String, bool)> {
        let text = architecture.to_string();
        let words = text.split(['|', '+', '~', ':', ';', '>', ',', ' ']).filter(|word| !word.is_empty());
        let in_design_space = architecture.space().positions().operations.is_empty();
        words.map(|word| (word.to_owned(), in_design_space || word.contains(['_', 'n', 'x']))).collect()
    }

    proptest! {
        #[test]
        fn changes_are_those_of_comparing_texts(space in prop::sample::select(SpaceId::ALL.to_vec()), seed: u64, rows in 1usize..8) {
            let mut stream = Seed::root(seed).stream();
            // A random walk, so that neighbours, second neighbours and repeated architectures occur.
            let mut listed = vec![space.sample(&mut stream)];
            for _ in 0..4 * rows {
                let from = listed[stream.index(listed.len())];
                listed.push(from.mutate(&mut stream));
            }
            let mut expected = Vec::new();
            for (before, &a) in listed.iter().enumerate() {
                for (after, &b) in listed.iter().enumerate() {
                    let (a, b) = (words(a), words(b));
                    let mut differing = a.iter().zip(&b).filter(|(a, b)| a != b);
                    if let (Some(((from, true), (to, _))), None) = (differing.next(), differing.next()) {
                        expected.push((before, after, from.clone(), to.clone()));
                    }
                }
            }
            let found = named(&listed);
            prop_assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(&expected) {
                prop_assert_eq!((found.0, found.1), (expected.0, expected.1));
                if space.positions().operations.is_empty() {
                    let value = |word: &str| word.trim_start_matches(char::is_alphabetic).to_owned();
                    prop_assert!(found.2.ends_with(&format!(" {}", value(&expected.2))), "{} and {}", found.2, expected.2);
                    prop_assert!(found.3.ends_with(&format!(" {}", value(&expected.3))), "{} and {}", found.3, expected.3);
                } else {
                    prop_assert_eq!((&found.2, &found.3), (&expected.2, &expected.3));
                }
            }
        }
    }
}
