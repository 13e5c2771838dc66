//! The names of the search spaces, and what is known about each.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::nds::{self, Family as _};
use super::table_only::{self, TableSpace};
use super::{Architecture, UnknownSpace, nb101, nb201, nb301};
use nas_assay_base::seed::Stream;

/// A search space, under the name that specs, records and the command line use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "Name", into = "Name")]
pub enum SpaceId {
    /// NAS-Bench-101, as sub-space 3 of NAS-Bench-1Shot1: see [`nb101`].
    Nb101,
    /// NAS-Bench-201: see [`nb201`].
    Nb201,
    /// NAS-Bench-301, the space of DARTS: see [`nb301`].
    Nb301,
    /// `ResNet` of the network design spaces: see [`nds::resnet`].
    NdsResnet,
    /// `ResNeXt-A` of the network design spaces: see [`nds::resnext_a`].
    NdsResnextA,
    /// A space without networks here: see [`table_only`].
    Table(TableSpace),
}

/// The names of all spaces, as specs and records have them.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Name {
    Nb101,
    Nb201,
    Nb301,
    NdsResnet,
    NdsResnextA,
    NatsSss,
    #[serde(rename = "tnb101_micro")]
    Tnb101Micro,
    #[serde(rename = "tnb101_macro")]
    Tnb101Macro,
}

impl From<Name> for SpaceId {
    fn from(name: Name) -> Self {
        match name {
            Name::Nb101 => Self::Nb101,
            Name::Nb201 => Self::Nb201,
            Name::Nb301 => Self::Nb301,
            Name::NdsResnet => Self::NdsResnet,
            Name::NdsResnextA => Self::NdsResnextA,
            Name::NatsSss => Self::Table(TableSpace::NatsSss),
            Name::Tnb101Micro => Self::Table(TableSpace::Tnb101Micro),
            Name::Tnb101Macro => Self::Table(TableSpace::Tnb101Macro),
        }
    }
}

impl From<SpaceId> for Name {
    fn from(space: SpaceId) -> Self {
        match space {
            SpaceId::Nb101 => Self::Nb101,
            SpaceId::Nb201 => Self::Nb201,
            SpaceId::Nb301 => Self::Nb301,
            SpaceId::NdsResnet => Self::NdsResnet,
            SpaceId::NdsResnextA => Self::NdsResnextA,
            SpaceId::Table(TableSpace::NatsSss) => Self::NatsSss,
            SpaceId::Table(TableSpace::Tnb101Micro) => Self::Tnb101Micro,
            SpaceId::Table(TableSpace::Tnb101Macro) => Self::Tnb101Macro,
        }
    }
}

/// How many architectures a space has, under three notions of sameness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Number of raw encodings.
    pub raw: u64,
    /// Number of classes under the key that the paper uses to remove isomorphic encodings, if there is one and its classes can be counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canonical: Option<u64>,
    /// Number of classes of encodings that build exactly the same network, if they can be counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exact: Option<u64>,
}

/// The decisions that make up an architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Positions {
    /// Number of decisions per architecture.
    pub count: usize,
    /// What is decided, in words.
    pub what: &'static str,
    /// The operations to choose from; empty in the design spaces, where numbers are chosen.
    pub operations: &'static [&'static str],
}

impl SpaceId {
    /// Every space with networks, in the paper's order.
    pub const ALL: [Self; 5] = [Self::Nb101, Self::Nb201, Self::Nb301, Self::NdsResnet, Self::NdsResnextA];

    /// Every space: those with networks, then the table-only ones.
    pub const NAMED: [Self; 8] = [
        Self::Nb101,
        Self::Nb201,
        Self::Nb301,
        Self::NdsResnet,
        Self::NdsResnextA,
        Self::Table(TableSpace::NatsSss),
        Self::Table(TableSpace::Tnb101Micro),
        Self::Table(TableSpace::Tnb101Macro),
    ];

    /// Whether this project builds networks of its architectures.
    pub const fn has_network(self) -> bool {
        !matches!(self, Self::Table(_))
    }

    /// Why nothing that needs a network is done in this space; `None` if it has networks.
    pub fn without_network(self) -> Option<String> {
        let sentence = "is a table-only space: it has no network here, so it judges scores and counts only";
        (!self.has_network()).then(|| format!("{self} {sentence}"))
    }

    /// The name, as [`Display`](fmt::Display) writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nb101 => nb101::NAME,
            Self::Nb201 => nb201::NAME,
            Self::Nb301 => nb301::NAME,
            Self::NdsResnet => nds::ResNet::NAME,
            Self::NdsResnextA => nds::ResNeXtA::NAME,
            Self::Table(space) => space.name(),
        }
    }

    /// The full name, as reports show it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Nb101 => "NAS-Bench-101 (1Shot1, sub-space 3)",
            Self::Nb201 => "NAS-Bench-201",
            Self::Nb301 => "NAS-Bench-301 (DARTS)",
            Self::NdsResnet => "NDS ResNet",
            Self::NdsResnextA => "NDS ResNeXt-A",
            Self::Table(TableSpace::NatsSss) => "NATS-Bench, size search space",
            Self::Table(TableSpace::Tnb101Micro) => "TransNAS-Bench-101, cells",
            Self::Table(TableSpace::Tnb101Macro) => "TransNAS-Bench-101, networks",
        }
    }

    /// The text of one of its architectures.
    pub const fn example(self) -> &'static str {
        match self {
            Self::Nb101 => {
                "0100000001000000011100000101000001000000010000000:\
                 input|conv3x3-bn-relu|conv3x3-bn-relu|maxpool3x3|conv1x1-bn-relu|conv1x1-bn-relu|output"
            }
            Self::Nb201 => "|nor_conv_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|avg_pool_3x3~0|none~1|nor_conv_3x3~2|",
            Self::Nb301 => {
                "skip_connect:0>2;skip_connect:1>2;sep_conv_5x5:1>3;sep_conv_3x3:2>3;sep_conv_3x3:1>4;sep_conv_3x3:2>4;\
                 dil_conv_5x5:0>5;sep_conv_3x3:2>5|avg_pool_3x3:0>2;sep_conv_5x5:1>2;sep_conv_5x5:0>3;avg_pool_3x3:1>3;\
                 avg_pool_3x3:1>4;sep_conv_3x3:3>4;dil_conv_5x5:0>5;max_pool_3x3:4>5"
            }
            Self::NdsResnet => "d12,12,16 w24,32,40",
            Self::NdsResnextA => "d16,1,4 w64,128,16 r0.25,0.5,1 g2,1,4",
            Self::Table(TableSpace::NatsSss) => "8:16:24:32:64",
            Self::Table(TableSpace::Tnb101Micro) => "64-41414-1_02_333",
            Self::Table(TableSpace::Tnb101Macro) => "64-1234-basic",
        }
    }

    /// The version of the space's definitions, which is part of every spec hash. Raise it when a number derived from the space changes.
    pub const fn version(self) -> u32 {
        match self {
            Self::Nb101 => nb101::VERSION,
            Self::Nb201 => nb201::VERSION,
            Self::Nb301 => nb301::VERSION,
            Self::NdsResnet => nds::resnet::VERSION,
            Self::NdsResnextA => nds::resnext_a::VERSION,
            Self::Table(_) => table_only::VERSION,
        }
    }

    /// The number of architectures. The counts follow from the definition of the space, and tests count each of them.
    pub const fn counts(self) -> Counts {
        const fn of(raw: usize, canonical: usize, exact: usize) -> Counts {
            Counts { raw: raw as u64, canonical: Some(canonical as u64), exact: Some(exact as u64) }
        }
        const fn all_differ(count: usize) -> Counts {
            of(count, count, count)
        }
        match self {
            Self::Nb101 => of(nb101::COUNT, nb101::Subset::Paper.len(), nb101::DISTINCT),
            Self::Nb201 => of(nb201::COUNT, nb201::PAPER_CLASSES, nb201::EXACT_CLASSES),
            Self::Nb301 => Counts { raw: nb301::COUNT, canonical: None, exact: None },
            Self::NdsResnet => all_differ(nds::resnet::COUNT),
            Self::NdsResnextA => all_differ(nds::resnext_a::COUNT),
            Self::Table(TableSpace::NatsSss) => all_differ(TableSpace::NatsSss.count()),
            Self::Table(space) => Counts { raw: space.count() as u64, canonical: None, exact: None },
        }
    }

    /// The decisions that make up an architecture of this space.
    pub const fn positions(self) -> Positions {
        match self {
            Self::Nb101 => Positions {
                count: nb101::BLOCKS + 5,
                what: "operations of 5 vertices, parents of 5 vertices",
                operations: &["conv1x1-bn-relu", "conv3x3-bn-relu", "maxpool3x3"],
            },
            Self::Nb201 => Positions {
                count: nb201::EDGES.len(),
                what: "operations of 6 edges",
                operations: &["none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"],
            },
            Self::Nb301 => Positions {
                count: 4 * nb301::EDGES,
                what: "operations and sources of 8 edges in each of 2 cells",
                operations: &[
                    "sep_conv_3x3",
                    "sep_conv_5x5",
                    "dil_conv_3x3",
                    "dil_conv_5x5",
                    "max_pool_3x3",
                    "avg_pool_3x3",
                    "skip_connect",
                ],
            },
            Self::NdsResnet => Positions {
                count: nds::resnet::Architecture::POSITIONS,
                what: "depth and width of 3 stages",
                operations: &[],
            },
            Self::NdsResnextA => Positions {
                count: nds::resnext_a::Architecture::POSITIONS,
                what: "depth, width, bottleneck ratio and groups of 3 stages",
                operations: &[],
            },
            Self::Table(space) => {
                let (what, operations): (_, &[&str]) = match space {
                    TableSpace::NatsSss => ("channels of 5 stages", &[]),
                    TableSpace::Tnb101Micro => ("operations of 6 edges", &table_only::OPERATIONS),
                    TableSpace::Tnb101Macro => ("kinds of 4 to 6 modules", &[]),
                };
                Positions { count: space.positions().1, what, operations }
            }
        }
    }

    /// A uniformly drawn raw encoding of this space.
    pub fn sample(self, stream: &mut Stream) -> Architecture {
        match self {
            Self::Nb101 => nb101::Architecture::sample(stream).into(),
            Self::Nb201 => nb201::Architecture::sample(stream).into(),
            Self::Nb301 => nb301::Architecture::sample(stream).into(),
            Self::NdsResnet => nds::resnet::Architecture::sample(stream).into(),
            Self::NdsResnextA => nds::resnext_a::Architecture::sample(stream).into(),
            Self::Table(space) => space.sample(stream).into(),
        }
    }

    /// One architecture per class under the paper's key, in the space's order. Only NAS-Bench-101 (the paper's subset without isomorphic
    /// cells) and NAS-Bench-201 (the member with the smallest index of each class) have such a list.
    pub fn representatives(self) -> Option<Vec<Architecture>> {
        match self {
            Self::Nb101 => Some(nb101::Subset::Paper.architectures().map(Architecture::Nb101).collect()),
            Self::Nb201 => Some(nb201::representatives().iter().copied().map(Architecture::Nb201).collect()),
            Self::Nb301 | Self::NdsResnet | Self::NdsResnextA | Self::Table(_) => None,
        }
    }
}

impl fmt::Display for SpaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for SpaceId {
    type Err = UnknownSpace;

    fn from_str(text: &str) -> Result<Self, UnknownSpace> {
        Self::NAMED.into_iter().find(|id| id.name() == text).ok_or_else(|| UnknownSpace::new(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn space_names_agree_between_text_and_serde() {
        for id in SpaceId::NAMED {
            assert_eq!(id.to_string().parse(), Ok(id));
            assert_eq!(serde_json::to_value(id).unwrap(), id.name());
            assert_eq!(serde_json::from_value::<SpaceId>(id.name().into()).unwrap(), id);
            assert_eq!(id.without_network().is_none(), SpaceId::ALL.contains(&id));
        }
    }

    #[test]
    fn the_example_of_a_space_is_one_of_its_architectures() {
        for id in SpaceId::NAMED {
            assert_eq!(Architecture::parse(id, id.example()).map(|read| read.to_string()).as_deref(), Ok(id.example()));
        }
    }

    #[test]
    fn an_unknown_space_is_answered_with_the_one_that_is_meant() {
        let said = |typed: &str| typed.parse::<SpaceId>().unwrap_err().to_string();
        for (typed, meant) in [
            ("NAS-Bench-101", "nb101"),
            ("NB201", "nb201"),
            ("nasbench201", "nb201"),
            ("nats-bench", "nb201"),
            ("darts", "nb301"),
            ("nas_bench_301", "nb301"),
            ("resnet", "nds_resnet"),
            ("nds-resnet", "nds_resnet"),
            ("resnext_a", "nds_resnext_a"),
            ("NATS-SSS", "nats_sss"),
            ("sss", "nats_sss"),
            ("TransNASBench101_micro", "tnb101_micro"),
            ("tnb101-macro", "tnb101_macro"),
        ] {
            assert_eq!(said(typed), format!("unknown search space `{typed}`; say `{meant}`"));
        }
        assert_eq!(said("nb2o1"), "unknown search space `nb2o1`; the nearest known one is `nb201`");
        let all = "the spaces are `nb101`, `nb201`, `nb301`, `nds_resnet`, `nds_resnext_a`, `nats_sss`, `tnb101_micro` and `tnb101_macro`";
        for typed in ["cifar10", "resnext-b", "transnas-bench-101", "zebra"] {
            assert_eq!(said(typed), format!("unknown search space `{typed}`; {all}"));
        }
    }

    #[test]
    fn the_published_counts() {
        let counts = SpaceId::NAMED.map(|id| (id.counts().raw, id.counts().canonical, id.counts().exact));
        assert_eq!(counts[0], (1_312_200, Some(14_580), Some(55_854)));
        assert_eq!(counts[1], (15_625, Some(6_466), Some(5_260)));
        assert_eq!(counts[2], (1_076_746_950_455_072_400, None, None));
        assert_eq!(counts[3], (1_259_712, Some(1_259_712), Some(1_259_712)));
        assert_eq!(counts[4], (11_390_625, Some(11_390_625), Some(11_390_625)));
        assert_eq!(counts[5..], [(32_768, Some(32_768), Some(32_768)), (4_096, None, None), (3_256, None, None)]);
    }

    /// Whoever raises a version raises it here too.
    #[test]
    fn a_space_says_what_it_is() {
        let found = SpaceId::NAMED.map(|id| (id.title(), id.version(), id.positions().count));
        let expected = [
            ("NAS-Bench-101 (1Shot1, sub-space 3)", 1, 10),
            ("NAS-Bench-201", 1, 6),
            ("NAS-Bench-301 (DARTS)", 2, 32),
            ("NDS ResNet", 1, 6),
            ("NDS ResNeXt-A", 1, 12),
            ("NATS-Bench, size search space", 1, 5),
            ("TransNAS-Bench-101, cells", 1, 6),
            ("TransNAS-Bench-101, networks", 1, 6),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn listed_operations_are_those_of_the_space() {
        let names = |id: SpaceId| id.positions().operations.to_vec();
        assert_eq!(names(SpaceId::Nb101), nb101::Operation::ALL.map(nb101::Operation::name));
        assert_eq!(names(SpaceId::Nb201), nb201::Operation::ALL.map(nb201::Operation::name));
        assert_eq!(names(SpaceId::Nb301), nb301::Operation::ALL.map(nb301::Operation::name));
    }

    #[test]
    fn representatives_are_as_many_as_the_paper_has() {
        for id in SpaceId::NAMED {
            if let Some(listed) = id.representatives() {
                assert_eq!(Some(listed.len() as u64), id.counts().canonical, "{id}");
                assert!(listed.is_sorted_by(|a, b| a < b), "{id}");
            }
        }
    }
}
