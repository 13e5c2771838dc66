//! Table-only spaces: this project reads their architectures and counts what can be counted, but builds no network of them. Their scores
//! are judged with truth from files.
//!
//! | space | an architecture | text |
//! |---|---|---|
//! | [`TableSpace::NatsSss`], the size search space of NATS-Bench (Dong et al., 2021) | the channels of 5 stages: 8, 16, …, 64 | `8:16:24:32:64` |
//! | [`TableSpace::Tnb101Micro`], the cells of TransNAS-Bench-101 (Duan et al., 2021) | the operations of the edges 0-1, 0-2, 1-2, 0-3, 1-3 and 2-3 of a cell: 0 none, 1 skip, 2 convolution 1×1, 3 convolution 3×3 | `64-41414-1_02_333` |
//! | [`TableSpace::Tnb101Macro`], the networks of TransNAS-Bench-101 | the kinds of 4 to 6 modules: 1 plain, 2 doubles the channels, 3 halves the resolution, 4 both; 1 to 4 modules halve and 1 to 3 double | `64-1234-basic` |
//!
//! In all of them two architectures are neighbours if they differ at one position.

mod text;

use std::fmt;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use nas_assay_base::seed::Stream;

/// The version of each of these spaces, which is part of every spec hash.
pub const VERSION: u32 = 1;

/// The channels that a stage of the size search space can have.
pub const WIDTHS: [u32; 8] = [8, 16, 24, 32, 40, 48, 56, 64];

/// The operations of an edge of a TransNAS-Bench-101 cell, by their digit.
pub const OPERATIONS: [&str; 4] = ["none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3"];

/// The kinds of a module of a TransNAS-Bench-101 network; the digit in the text is one more than the place in this list.
pub const MODULES: [&str; 4] = ["plain", "wider", "smaller", "wider and smaller"];

/// The greatest number of positions of an architecture.
const MOST: usize = 6;

/// A table-only space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TableSpace {
    /// The size search space of NATS-Bench.
    NatsSss,
    /// The cells of TransNAS-Bench-101.
    Tnb101Micro,
    /// The networks of TransNAS-Bench-101.
    Tnb101Macro,
}

impl TableSpace {
    /// Every table-only space.
    pub const ALL: [Self; 3] = [Self::NatsSss, Self::Tnb101Micro, Self::Tnb101Macro];

    /// The name of the space in specs and records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NatsSss => "nats_sss",
            Self::Tnb101Micro => "tnb101_micro",
            Self::Tnb101Macro => "tnb101_macro",
        }
    }

    /// The number of architectures.
    pub const fn count(self) -> usize {
        match self {
            Self::NatsSss => 32_768,
            Self::Tnb101Micro => 4_096,
            Self::Tnb101Macro => 3_256,
        }
    }

    /// The fewest and the most positions of an architecture.
    pub const fn positions(self) -> (usize, usize) {
        match self {
            Self::NatsSss => (5, 5),
            Self::Tnb101Micro => (6, 6),
            Self::Tnb101Macro => (4, MOST),
        }
    }

    /// The number of choices at a position.
    pub const fn choices(self) -> usize {
        match self {
            Self::NatsSss => WIDTHS.len(),
            Self::Tnb101Micro => OPERATIONS.len(),
            Self::Tnb101Macro => MODULES.len(),
        }
    }

    /// The architecture at `index` of the enumeration, if that is below [`count`](Self::count). Shorter architectures come first, then those
    /// with smaller choices, the first position the most significant one.
    pub fn from_index(self, index: usize) -> Option<Architecture> {
        if self == Self::Tnb101Macro {
            return MACRO.get(index).copied();
        }
        (index < self.count()).then(|| self.numbered(self.positions().0, index))
    }

    /// Every architecture, by ascending index.
    pub fn all(self) -> impl ExactSizeIterator<Item = Architecture> + Clone {
        (0..self.count()).map(move |index| match self {
            Self::Tnb101Macro => MACRO[index],
            _ => self.numbered(self.positions().0, index),
        })
    }

    /// A uniformly drawn architecture. Takes one draw from the stream.
    pub fn sample(self, stream: &mut Stream) -> Architecture {
        let index = stream.index(self.count());
        if self == Self::Tnb101Macro { MACRO[index] } else { self.numbered(self.positions().0, index) }
    }

    /// The choices that are the digits of `number`.
    fn numbered(self, length: usize, number: usize) -> Architecture {
        let mut found = Architecture { space: self, length: length as u8, choices: [0; MOST] };
        let mut rest = number;
        for choice in found.choices[..length].iter_mut().rev() {
            *choice = (rest % self.choices()) as u8;
            rest /= self.choices();
        }
        found
    }
}

/// The architectures of [`TableSpace::Tnb101Macro`], in order.
static MACRO: LazyLock<Vec<Architecture>> = LazyLock::new(|| {
    let space = TableSpace::Tnb101Macro;
    let (fewest, most) = space.positions();
    let of = |length: usize| (0..space.choices().pow(length as u32)).map(move |number| space.numbered(length, number));
    (fewest..=most).flat_map(of).filter(|found| found.is_allowed()).collect()
});

impl fmt::Display for TableSpace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// An architecture of a table-only space. Ordered by space, then by [`index`](Self::index).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Architecture {
    space: TableSpace,
    /// Number of positions.
    length: u8,
    /// The choice at each position; 0 beyond the last.
    choices: [u8; MOST],
}

impl Architecture {
    /// The architecture of `space` with these choices, if it has one.
    pub fn of(space: TableSpace, choices: &[u8]) -> Option<Self> {
        let (fewest, most) = space.positions();
        if !(fewest..=most).contains(&choices.len()) || choices.iter().any(|&one| usize::from(one) >= space.choices()) {
            return None;
        }
        let mut found = Self { space, length: choices.len() as u8, choices: [0; MOST] };
        found.choices[..choices.len()].copy_from_slice(choices);
        found.is_allowed().then_some(found)
    }

    /// The space.
    pub const fn space(self) -> TableSpace {
        self.space
    }

    /// The choice at each position: a place in [`WIDTHS`], [`OPERATIONS`] or [`MODULES`].
    pub fn choices(&self) -> &[u8] {
        &self.choices[..usize::from(self.length)]
    }

    /// The index in the enumeration of its space.
    pub fn index(&self) -> usize {
        match self.space {
            TableSpace::Tnb101Macro => MACRO.partition_point(|other| other < self),
            _ => self.choices().iter().fold(0, |index, &one| index * self.space.choices() + usize::from(one)),
        }
    }

    /// The channels of each stage, in the size search space; `None` in other spaces.
    pub fn widths(&self) -> Option<Vec<u32>> {
        let width = |&choice: &u8| WIDTHS[usize::from(choice)];
        (self.space == TableSpace::NatsSss).then(|| self.choices().iter().map(width).collect())
    }

    /// Number of convolutions of a cell: with kernels of 1×1 and of 3×3; `None` in other spaces than that of cells.
    pub fn convolutions(&self) -> Option<[u32; 2]> {
        (self.space == TableSpace::Tnb101Micro).then(|| [2, 3].map(|choice| self.count_of(|one| one == choice)))
    }

    /// Number of modules that halve the resolution; `None` in other spaces than that of modules.
    pub fn down_samplings(&self) -> Option<u32> {
        (self.space == TableSpace::Tnb101Macro).then(|| self.count_of(|choice| choice & 2 != 0))
    }

    /// Every architecture that differs at one position, in order.
    pub fn neighbours(&self) -> Vec<Self> {
        let mut found = Vec::new();
        for place in 0..usize::from(self.length) {
            for choice in (0..self.space.choices() as u8).filter(|&choice| choice != self.choices[place]) {
                let mut other = *self;
                other.choices[place] = choice;
                found.extend(other.is_allowed().then_some(other));
            }
        }
        found.sort_unstable();
        found
    }

    /// A uniformly drawn neighbour. Takes one draw from the stream.
    #[must_use]
    pub fn mutate(&self, stream: &mut Stream) -> Self {
        let near = self.neighbours();
        near[stream.index(near.len())]
    }

    /// Whether the output depends on a convolution whose kind or size is chosen.
    pub fn has_live_convolution(&self) -> bool {
        if self.space != TableSpace::Tnb101Micro {
            return true;
        }
        // What reaches each node: nothing, the input, or a convolution of it.
        let mut reached = [1_u8, 0, 0, 0];
        let edges = [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)];
        for ((from, to), &operation) in edges.into_iter().zip(self.choices()) {
            let carried = match operation {
                0 => 0,
                1 => reached[from],
                _ => reached[from].min(1) * 2,
            };
            reached[to] = reached[to].max(carried);
        }
        reached[3] == 2
    }

    fn count_of(self, is: impl Fn(u8) -> bool) -> u32 {
        self.choices().iter().filter(|&&choice| is(choice)).count() as u32
    }

    /// Whether as many modules double the channels and halve the resolution as may. The paper allows 1 to 3 and 1 to 4 of them.
    fn is_allowed(self) -> bool {
        self.space != TableSpace::Tnb101Macro
            || (1..=4).contains(&self.count_of(|choice| choice & 2 != 0))
                && (1..=3).contains(&self.count_of(|choice| choice & 1 != 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nas_assay_base::seed::Seed;
    use std::collections::BTreeSet;

    #[test]
    fn every_architecture_has_its_place_and_its_text() {
        for space in TableSpace::ALL {
            let all: Vec<Architecture> = space.all().collect();
            assert_eq!(all.len(), space.count(), "{space}");
            assert!(all.is_sorted_by(|a, b| a < b), "{space}");
            for (index, &architecture) in all.iter().enumerate() {
                assert_eq!((architecture.index(), space.from_index(index)), (index, Some(architecture)));
                assert_eq!(Architecture::of(space, architecture.choices()), Some(architecture));
                assert_eq!(Architecture::parse(space, &architecture.to_string()), Ok(architecture));
            }
            assert_eq!(space.from_index(space.count()), None);
            assert_eq!(all.iter().map(ToString::to_string).collect::<BTreeSet<_>>().len(), all.len());
        }
    }

    /// The rule of the paper, counted over the digits of texts.
    #[test]
    fn the_published_number_of_networks_follows_from_the_rule() {
        let (mut texts, mut all) = (vec![String::new()], BTreeSet::new());
        for length in 1..=6 {
            texts = texts.iter().flat_map(|text| ["1", "2", "3", "4"].map(|digit| format!("{text}{digit}"))).collect();
            let count = |text: &str, digits: [char; 2]| text.matches(digits).count();
            let is_in = |text: &&String| {
                length >= 4 && (1..=4).contains(&count(text, ['3', '4'])) && (1..=3).contains(&count(text, ['2', '4']))
            };
            all.extend(texts.iter().filter(is_in).map(|text| format!("64-{text}-basic")));
        }
        assert_eq!(all.len(), 3_256);
        assert_eq!(all, TableSpace::Tnb101Macro.all().map(|found| found.to_string()).collect());
    }

    #[test]
    fn counts_are_those_of_the_digits_of_the_text() {
        for sized in TableSpace::NatsSss.all() {
            let widths: Vec<u32> = sized.to_string().split(':').map(|width| width.parse().unwrap()).collect();
            assert_eq!(sized.widths(), Some(widths));
            assert_eq!((sized.convolutions(), sized.down_samplings()), (None, None));
        }
        for cell in TableSpace::Tnb101Micro.all() {
            let text = cell.to_string();
            let digits = &text["64-41414-".len()..];
            let count = |digit: char| digits.matches(digit).count() as u32;
            assert_eq!(cell.convolutions(), Some([count('2'), count('3')]));
            assert_eq!((cell.widths(), cell.down_samplings()), (None, None));
        }
        for network in TableSpace::Tnb101Macro.all() {
            let text = network.to_string();
            let digits = text.split('-').nth(1).unwrap();
            assert_eq!(network.down_samplings(), Some(digits.matches(['3', '4']).count() as u32));
            assert_eq!((network.widths(), network.convolutions()), (None, None));
        }
    }

    #[test]
    fn neighbours_differ_at_one_position_and_are_mutual() {
        let mut stream = Seed::root(3).stream();
        for space in TableSpace::ALL {
            let differ = |a: &Architecture, b: &Architecture| {
                let (a, b) = (a.choices(), b.choices());
                a.len() == b.len() && a.iter().zip(b).filter(|(a, b)| a != b).count() == 1
            };
            let all: Vec<Architecture> = space.all().collect();
            for _ in 0..20 {
                let drawn = space.sample(&mut stream);
                let expected: Vec<Architecture> = all.iter().filter(|other| differ(&drawn, other)).copied().collect();
                assert_eq!(drawn.neighbours(), expected);
                assert!(expected.contains(&drawn.mutate(&mut stream)));
            }
            assert!(all.iter().all(|one| !one.neighbours().is_empty()), "{space}");
        }
    }

    /// Every path from the input to the output that has no `none`, one by one.
    #[test]
    fn a_convolution_is_live_on_a_path_without_none() {
        let paths: [&[usize]; 4] = [&[3], &[0, 4], &[1, 5], &[0, 2, 5]];
        let live = |cell: &Architecture| {
            paths.iter().any(|path| {
                let operations: Vec<u8> = path.iter().map(|&edge| cell.choices()[edge]).collect();
                !operations.contains(&0) && operations.iter().any(|&operation| operation >= 2)
            })
        };
        let count = TableSpace::Tnb101Micro.all().filter(live).count();
        assert!(TableSpace::Tnb101Micro.all().all(|cell| cell.has_live_convolution() == live(&cell)));
        assert!((3_000..4_096).contains(&count), "{count}");
    }

    #[test]
    fn choices_out_of_range_are_no_architecture() {
        use TableSpace::{NatsSss, Tnb101Macro, Tnb101Micro};
        for (space, choices) in [
            (NatsSss, &[0, 1, 2, 3, 8][..]),
            (NatsSss, &[0, 1, 2, 3]),
            (Tnb101Micro, &[0, 1, 2, 3, 0, 4]),
            (Tnb101Macro, &[1, 2, 3]),
            (Tnb101Macro, &[1, 1, 1, 1]),
            (Tnb101Macro, &[2, 2, 2, 2]),
            (Tnb101Macro, &[2, 2, 2, 2, 2, 1]),
        ] {
            assert_eq!(Architecture::of(space, choices), None, "{space} {choices:?}");
        }
        assert!(Architecture::of(Tnb101Macro, &[2, 2, 2, 2, 0, 1]).is_some());
    }
}
