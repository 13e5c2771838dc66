//! Architectures as pure data: parsing, sampling, enumeration, mutation, canonical forms, census.
//!
//! A search space is a module of its own with its own `Architecture`; [`Architecture`] here is the one type that the rest of the
//! package passes around, and [`SpaceId`] its name in specs and records. Nothing in this module sees a tensor or an accuracy.

mod cursor;
mod error;
pub mod nb101;
pub mod nb201;
pub mod nb301;
pub mod nds;
mod skeleton;

pub use error::{ArchitectureError, UnknownSpace};
pub use skeleton::{Census, EdgeRule, Skeleton, SkeletonError};

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::seed::Stream;

/// A search space, by the name that specs, records and the command line use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SpaceId {
    /// NAS-Bench-201: see [`nb201`].
    Nb201,
}

impl SpaceId {
    /// Every known space.
    pub const ALL: [Self; 1] = [Self::Nb201];

    /// The name, as [`Display`](fmt::Display) writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nb201 => "nb201",
        }
    }

    /// The version of the space's definitions, part of every spec hash: raised by hand when a number derived from the space changes.
    pub const fn version(self) -> u32 {
        match self {
            Self::Nb201 => nb201::VERSION,
        }
    }

    /// How many raw encodings the space has.
    pub const fn size(self) -> u64 {
        match self {
            Self::Nb201 => nb201::COUNT as u64,
        }
    }

    /// A uniformly drawn raw encoding of this space.
    pub fn sample(self, stream: &mut Stream) -> Architecture {
        match self {
            Self::Nb201 => nb201::Architecture::sample(stream).into(),
        }
    }
}

impl SpaceId {
    /// Every raw encoding, in the space's order.
    pub fn architectures(self) -> impl Iterator<Item = Architecture> {
        match self {
            Self::Nb201 => nb201::Architecture::all().map(Architecture::Nb201),
        }
    }

    /// One architecture of each class of the paper's key, in the space's order.
    pub fn representatives(self) -> impl Iterator<Item = Architecture> {
        match self {
            Self::Nb201 => nb201::representatives().iter().copied().map(Architecture::Nb201),
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
        Self::ALL.into_iter().find(|id| id.name() == text).ok_or_else(|| UnknownSpace::new(text))
    }
}

/// An architecture of any space. The order is by space, then by the space's own enumeration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Architecture {
    /// A NAS-Bench-201 cell.
    Nb201(nb201::Architecture),
}

impl Architecture {
    /// Reads the text form of `space`. [`Display`](fmt::Display) writes it back byte for byte.
    ///
    /// # Errors
    /// The byte position at which the text stops being an architecture of `space`, and what was expected there.
    pub fn parse(space: SpaceId, text: &str) -> Result<Self, ArchitectureError> {
        match space {
            SpaceId::Nb201 => text.parse().map(Self::Nb201),
        }
    }

    /// The space that this architecture belongs to.
    pub const fn space(self) -> SpaceId {
        match self {
            Self::Nb201(_) => SpaceId::Nb201,
        }
    }

    /// A neighbour drawn by the space's mutation rule.
    #[must_use]
    pub fn mutate(self, stream: &mut Stream) -> Self {
        match self {
            Self::Nb201(cell) => cell.mutate(stream).into(),
        }
    }

    /// Every architecture one mutation away, in the space's order.
    pub fn neighbours(self) -> Vec<Self> {
        match self {
            Self::Nb201(cell) => cell.neighbours().into_iter().map(Self::Nb201).collect(),
        }
    }

    /// Whether the cell's output depends on its input at all.
    pub fn is_connected(self) -> bool {
        match self {
            Self::Nb201(cell) => cell.is_connected(),
        }
    }

    /// Whether a convolution inside the cell takes part in its output: whether there is anything in it to train.
    pub fn has_live_convolution(self) -> bool {
        match self {
            Self::Nb201(cell) => cell.has_live_convolution(),
        }
    }

    /// The counts of the whole network of this cell in `skeleton`, of the edges that are executed.
    pub fn census(self, skeleton: &Skeleton) -> Census {
        self.census_by(skeleton, EdgeRule::Live)
    }

    /// [`census`](Self::census), of the edges that `rule` takes in.
    pub fn census_by(self, skeleton: &Skeleton, rule: EdgeRule) -> Census {
        match self {
            Self::Nb201(cell) => cell.census_by(skeleton, rule),
        }
    }
}

impl From<nb201::Architecture> for Architecture {
    fn from(cell: nb201::Architecture) -> Self {
        Self::Nb201(cell)
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nb201(cell) => cell.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;
    use proptest::prelude::*;

    #[test]
    fn space_names_agree_between_text_and_serde() {
        for id in SpaceId::ALL {
            assert_eq!(id.to_string().parse(), Ok(id));
            assert_eq!(serde_json::to_value(id).unwrap(), id.name());
        }
    }

    #[test]
    fn an_unknown_space_is_answered_with_the_nearest() {
        let error = "nb2o1".parse::<SpaceId>().unwrap_err();
        assert_eq!(error.to_string(), "unknown search space `nb2o1`; the nearest known one is `nb201`");
    }

    proptest! {
        #[test]
        fn the_wrapper_adds_nothing(seed: u64) {
            let stream = Seed::root(seed).stream();
            let drawn = SpaceId::Nb201.sample(&mut stream.clone());
            let Architecture::Nb201(cell) = drawn;
            prop_assert_eq!(cell, nb201::Architecture::sample(&mut stream.clone()));
            prop_assert_eq!(Architecture::parse(SpaceId::Nb201, &cell.to_string()), Ok(drawn));
            prop_assert_eq!(drawn.to_string(), cell.to_string());
            prop_assert_eq!(drawn.neighbours().len(), 24);
            prop_assert_eq!(drawn.is_connected(), cell.is_connected());
            prop_assert_eq!(drawn.mutate(&mut stream.clone()), cell.mutate(&mut stream.clone()).into());
        }
    }
}
