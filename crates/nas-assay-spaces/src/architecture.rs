//! An architecture of any space.

use std::fmt;

use super::{ArchitectureError, Census, Skeleton, SkeletonError, SpaceId, nb101, nb201, nb301, nds, table_only};
use nas_assay_base::seed::Stream;

/// An architecture of any space. Architectures are ordered by space, then by the space's own enumeration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Architecture {
    /// A NAS-Bench-101 cell.
    Nb101(nb101::Architecture),
    /// A NAS-Bench-201 cell.
    Nb201(nb201::Architecture),
    /// A normal and a reduction cell of NAS-Bench-301.
    Nb301(nb301::Architecture),
    /// Depths and widths of a `ResNet`.
    NdsResnet(nds::resnet::Architecture),
    /// Depths, widths, ratios and groups of a `ResNeXt`.
    NdsResnextA(nds::resnext_a::Architecture),
    /// An architecture of a table-only space.
    Table(table_only::Architecture),
}

/// Evaluates the same expression for an architecture of any space.
macro_rules! each {
    ($architecture:expr, $inner:ident => $body:expr) => {
        match $architecture {
            Architecture::Nb101($inner) => $body,
            Architecture::Nb201($inner) => $body,
            Architecture::Nb301($inner) => $body,
            Architecture::NdsResnet($inner) => $body,
            Architecture::NdsResnextA($inner) => $body,
            Architecture::Table($inner) => $body,
        }
    };
}

impl Architecture {
    /// Reads the text form of `space`. [`Display`](fmt::Display) writes it back byte for byte.
    ///
    /// # Errors
    /// If the text is not an architecture of `space`: says at which byte, and what was expected there.
    pub fn parse(space: SpaceId, text: &str) -> Result<Self, ArchitectureError> {
        match space {
            SpaceId::Nb101 => text.parse().map(Self::Nb101),
            SpaceId::Nb201 => text.parse().map(Self::Nb201),
            SpaceId::Nb301 => text.parse().map(Self::Nb301),
            SpaceId::NdsResnet => text.parse().map(Self::NdsResnet),
            SpaceId::NdsResnextA => text.parse().map(Self::NdsResnextA),
            SpaceId::Table(space) => table_only::Architecture::parse(space, text).map(Self::Table),
        }
    }

    /// The space that this architecture belongs to.
    pub const fn space(self) -> SpaceId {
        match self {
            Self::Nb101(_) => SpaceId::Nb101,
            Self::Nb201(_) => SpaceId::Nb201,
            Self::Nb301(_) => SpaceId::Nb301,
            Self::NdsResnet(_) => SpaceId::NdsResnet,
            Self::NdsResnextA(_) => SpaceId::NdsResnextA,
            Self::Table(architecture) => SpaceId::Table(architecture.space()),
        }
    }

    /// A random neighbour, drawn by the space's mutation rule. The neighbour of a NAS-Bench-101 cell in the paper's subset is in it too.
    #[must_use]
    pub fn mutate(self, stream: &mut Stream) -> Self {
        match self {
            Self::Nb101(cell) => cell.mutate(subset(cell), stream).into(),
            Self::Nb201(cell) => cell.mutate(stream).into(),
            Self::Nb301(cells) => cells.mutate(stream).into(),
            Self::NdsResnet(network) => network.mutate(stream).into(),
            Self::NdsResnextA(network) => network.mutate(stream).into(),
            Self::Table(architecture) => architecture.mutate(stream).into(),
        }
    }

    /// Every architecture that one mutation can lead to, in the space's order.
    pub fn neighbours(self) -> Vec<Self> {
        fn wrap<A: Into<Architecture>>(neighbours: impl IntoIterator<Item = A>) -> Vec<Architecture> {
            neighbours.into_iter().map(Into::into).collect()
        }
        match self {
            Self::Nb101(cell) => wrap(cell.neighbours(subset(cell))),
            Self::Nb201(cell) => wrap(cell.neighbours()),
            Self::Nb301(cells) => wrap(cells.neighbours()),
            Self::NdsResnet(network) => wrap(network.neighbours()),
            Self::NdsResnextA(network) => wrap(network.neighbours()),
            Self::Table(architecture) => wrap(architecture.neighbours()),
        }
    }

    /// Whether the output of the cell depends on a convolution in it, so that there is something to train.
    pub fn has_live_convolution(self) -> bool {
        match self {
            Self::Nb101(cell) => cell.has_live_convolution(),
            Self::Nb201(cell) => cell.has_live_convolution(),
            Self::Nb301(cells) => cells.has_convolution(),
            Self::NdsResnet(_) | Self::NdsResnextA(_) => true,
            Self::Table(architecture) => architecture.has_live_convolution(),
        }
    }

    /// How many raw encodings count as this architecture, itself included. In NAS-Bench-201, those with the same paper's key
    /// ([`nb201::Classes::paper`]); in the design spaces 1, since all encodings differ. `None` where counting would need a visit to all
    /// encodings.
    pub fn isomorphs(self) -> Option<usize> {
        match self {
            Self::Nb201(cell) => Some(nb201::Classes::paper().size_of(cell)),
            Self::NdsResnet(_) | Self::NdsResnextA(_) => Some(1),
            Self::Table(architecture) => (architecture.space() == table_only::TableSpace::NatsSss).then_some(1),
            Self::Nb101(_) | Self::Nb301(_) => None,
        }
    }

    /// A text that is equal for isomorphic encodings of one space and different for others: the canonical form under the paper's rule, and
    /// the encoding itself in the design spaces and the table-only ones.
    pub fn isomorphism_key(self) -> String {
        match self {
            Self::Nb101(cell) => cell.hash().to_string(),
            Self::Nb201(cell) => cell.paper_key(),
            Self::Nb301(cells) => cells.paper_key(),
            Self::NdsResnet(network) => network.to_string(),
            Self::NdsResnextA(network) => network.to_string(),
            Self::Table(architecture) => architecture.to_string(),
        }
    }

    /// The counts of the whole network of this architecture in `skeleton`. Only what is executed is counted.
    ///
    /// # Errors
    /// If the skeleton belongs to another space, or the space has no networks.
    pub fn census(self, skeleton: &Skeleton) -> Result<Census, SkeletonError> {
        match (self, skeleton) {
            (Self::Nb101(cell), Skeleton::Nb101(skeleton)) => Ok(cell.census_in(skeleton)),
            (Self::Nb201(cell), Skeleton::Nb201(skeleton)) => Ok(cell.census(skeleton)),
            (Self::Nb301(cells), Skeleton::Nb301(skeleton)) => Ok(cells.census(skeleton)),
            (Self::NdsResnet(network), Skeleton::Nds(skeleton)) => Ok(network.census(skeleton).counts),
            (Self::NdsResnextA(network), Skeleton::Nds(skeleton)) => Ok(network.census(skeleton).counts),
            (Self::Table(architecture), _) => {
                Err(SkeletonError::NoNetwork { space: SpaceId::Table(architecture.space()) })
            }
            _ => Err(SkeletonError::Foreign { architecture: self.space().name(), skeleton: skeleton.space() }),
        }
    }
}

/// The smallest subset of NAS-Bench-101 that contains the cell.
fn subset(cell: nb101::Architecture) -> nb101::Subset {
    if nb101::Subset::Paper.contains(cell) { nb101::Subset::Paper } else { nb101::Subset::Raw }
}

impl From<nb101::Architecture> for Architecture {
    fn from(cell: nb101::Architecture) -> Self {
        Self::Nb101(cell)
    }
}

impl From<nb201::Architecture> for Architecture {
    fn from(cell: nb201::Architecture) -> Self {
        Self::Nb201(cell)
    }
}

impl From<nb301::Architecture> for Architecture {
    fn from(cells: nb301::Architecture) -> Self {
        Self::Nb301(cells)
    }
}

impl From<nds::resnet::Architecture> for Architecture {
    fn from(network: nds::resnet::Architecture) -> Self {
        Self::NdsResnet(network)
    }
}

impl From<nds::resnext_a::Architecture> for Architecture {
    fn from(network: nds::resnext_a::Architecture) -> Self {
        Self::NdsResnextA(network)
    }
}

impl From<table_only::Architecture> for Architecture {
    fn from(architecture: table_only::Architecture) -> Self {
        Self::Table(architecture)
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        each!(self, inner => inner.fmt(f))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nas_assay_base::seed::Seed;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn any_space() -> impl Strategy<Value = SpaceId> {
        prop::sample::select(SpaceId::NAMED.to_vec())
    }

    proptest! {
        #[test]
        fn texts_read_back(id in any_space(), seed: u64) {
            let drawn = id.sample(&mut Seed::root(seed).stream());
            prop_assert_eq!(drawn.space(), id);
            prop_assert_eq!(Architecture::parse(id, &drawn.to_string()), Ok(drawn));
        }

        #[test]
        fn a_text_of_another_space_is_refused(id in any_space(), other in any_space(), seed: u64) {
            prop_assume!(id != other);
            let text = id.sample(&mut Seed::root(seed).stream()).to_string();
            let error = Architecture::parse(other, &text).unwrap_err();
            prop_assert!(error.position() <= text.len());
            prop_assert!(error.to_string().starts_with(&format!("not an architecture of {other}")), "{error}");
        }

        #[test]
        fn arbitrary_text_is_refused_with_its_place(id in any_space(), text in ".{0,60}") {
            if let Err(error) = Architecture::parse(id, &text) {
                prop_assert!(error.position() <= text.len(), "{error}");
                prop_assert!(error.to_string().contains(&format!("byte {}", error.position())), "{error}");
            }
        }

        #[test]
        fn damaged_text_is_refused_or_another_architecture(id in any_space(), seed: u64, at: prop::sample::Index, byte in 32u8..127) {
            let drawn = id.sample(&mut Seed::root(seed).stream());
            let mut bytes = drawn.to_string().into_bytes();
            let at = at.index(bytes.len());
            prop_assume!(bytes[at] != byte);
            bytes[at] = byte;
            let text = String::from_utf8(bytes).unwrap();
            match Architecture::parse(id, &text) {
                Ok(other) => prop_assert_ne!(other, drawn),
                Err(error) => prop_assert!(error.position() <= text.len()),
            }
        }

        #[test]
        fn a_mutant_is_a_neighbour(id in any_space(), seed: u64) {
            let mut stream = Seed::root(seed).stream();
            let drawn = id.sample(&mut stream);
            let mutant = drawn.mutate(&mut stream);
            prop_assert_ne!(mutant, drawn);
            prop_assert!(drawn.neighbours().contains(&mutant));
        }
    }

    /// An example from the authors' slides: the network of a single 3×3 convolution has several classes, one of them with 31 raw encodings.
    #[test]
    fn isomorphs_are_counted_where_they_can_be() {
        let encodings = || nb201::Architecture::all().map(Architecture::Nb201);
        assert_eq!(encodings().filter(|cell| cell.isomorphs() == Some(1)).count(), 5_116);
        let chain: nb201::Architecture = "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|".parse().unwrap();
        let same = nb201::Architecture::all().filter(|cell| cell.exact_key() == chain.exact_key());
        let groups: BTreeSet<_> = same.map(|cell| Architecture::Nb201(cell).isomorphs()).collect();
        assert_eq!(groups, [30, 31, 62, 275].map(Some).into());
        let mut stream = Seed::root(1).stream();
        let others = [SpaceId::Nb101, SpaceId::Nb301, SpaceId::NdsResnet, SpaceId::NdsResnextA];
        assert_eq!(others.map(|space| space.sample(&mut stream).isomorphs()), [None, None, Some(1), Some(1)]);
    }

    #[test]
    fn every_space_counts_its_own_networks() {
        let stream = &mut Seed::root(1).stream();
        let (one, two, three) = (nb101::StandAlone::default(), nb201::Skeleton::default(), nb301::Skeleton::default());
        let cell = nb101::Architecture::sample(stream);
        let skeleton = nb101::Skeleton::StandAlone(one).into();
        assert_eq!(Architecture::from(cell).census(&skeleton), Ok(cell.census(&one)));
        let cell = nb201::Architecture::sample(stream);
        assert_eq!(Architecture::from(cell).census(&two.into()), Ok(cell.census(&two)));
        let cells = nb301::Architecture::sample(stream);
        assert_eq!(Architecture::from(cells).census(&three.into()), Ok(cells.census(&three)));
        let skeleton = nds::Skeleton::default();
        let network = nds::resnet::Architecture::sample(stream);
        assert_eq!(Architecture::from(network).census(&skeleton.into()), Ok(network.census(&skeleton).counts));
        let network = nds::resnext_a::Architecture::sample(stream);
        assert_eq!(Architecture::from(network).census(&skeleton.into()), Ok(network.census(&skeleton).counts));
    }

    #[test]
    fn every_space_says_whether_there_is_something_to_train() {
        let texts = [
            (SpaceId::Nb201, "|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|", false),
            (SpaceId::Nb201, "|none~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|", true),
            (
                SpaceId::Nb101,
                "0101101001011100000100000000000000000000000000000:input|maxpool3x3|maxpool3x3|maxpool3x3|maxpool3x3|conv1x1-bn-relu|output",
                false,
            ),
        ];
        for (space, text, expected) in texts {
            assert_eq!(Architecture::parse(space, text).unwrap().has_live_convolution(), expected, "{text}");
        }
        let mut stream = Seed::root(1).stream();
        for space in [SpaceId::NdsResnet, SpaceId::NdsResnextA] {
            assert!(space.sample(&mut stream).has_live_convolution());
        }
    }

    #[test]
    fn isomorphic_encodings_and_no_others_have_one_key() {
        let classes = nb201::Classes::paper();
        let keys: BTreeSet<(String, usize)> = nb201::Architecture::all()
            .map(|cell| (Architecture::Nb201(cell).isomorphism_key(), classes.class_of(cell)))
            .collect();
        let one = |part: fn(&(String, usize)) -> String| keys.iter().map(part).collect::<BTreeSet<_>>().len();
        assert_eq!([keys.len(), one(|(key, _)| key.clone()), one(|(_, class)| class.to_string())], [6_466; 3]);

        // In NAS-Bench-101 an unused vertex does not count.
        let [a, b] = ["conv1x1-bn-relu", "maxpool3x3"].map(|unused| {
            let text = format!(
                "0101101001011100000100000000000000000000000000000:input|maxpool3x3|maxpool3x3|conv3x3-bn-relu|{unused}|conv1x1-bn-relu|output"
            );
            Architecture::parse(SpaceId::Nb101, &text).unwrap().isomorphism_key()
        });
        assert_eq!(a, b);
        let mut stream = Seed::root(1).stream();
        for space in [SpaceId::Nb301, SpaceId::NdsResnet, SpaceId::NdsResnextA] {
            let drawn = [(); 50].map(|()| space.sample(&mut stream)).map(|drawn| (drawn.isomorphism_key(), drawn));
            assert_eq!(BTreeSet::from(drawn.map(|(key, _)| key)).len(), 50, "{space}");
        }
    }

    #[test]
    fn a_skeleton_of_another_space_is_refused() {
        let drawn = SpaceId::Nb301.sample(&mut Seed::root(1).stream());
        let error = drawn.census(&nb201::Skeleton::default().into()).unwrap_err().to_string();
        assert_eq!(error, "an architecture of nb301 in a skeleton of nb201: both must belong to the same space");
    }
}
