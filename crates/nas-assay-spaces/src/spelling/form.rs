//! The names of the forms.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::SpaceId;
use crate::error::{Excerpt, listed};
use nas_assay_base::nearest;

/// A way to write an architecture down. Each space has some of them: see [`Form::of`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// The text form of the space, which specs, records and tables use. Every space has it.
    Text,
    /// NAS-Bench-201 as the benchmark's code prints a cell: `Structure(4 nodes with |…|)`.
    Structure,
    /// NAS-Bench-201 as six names of operations, for edges 0-1, 0-2, 1-2, 0-3, 1-3 and 2-3.
    Names,
    /// NAS-Bench-201 as a dictionary from edges to names: `{'0_1': 'none', …}`.
    Edges,
    /// NAS-Bench-201 as nested tuples of an operation and a source for each of three nodes.
    Tuple,
    /// NAS-Bench-201 as six numbers of operations in the code of `AutoDL-Projects`.
    Autodl,
    /// The numbers of `NASLib` and `NAS-Bench-Suite-Zero`.
    Naslib,
    /// NAS-Bench-301 as the numbers of BANANAS, which count from 1.
    Bananas,
    /// NAS-Bench-201 as the benchmark's index, from 0.
    Index,
    /// NAS-Bench-301 as the text of a DARTS genotype.
    Genotype,
    /// NAS-Bench-301 as a configuration of its training data: `{'…edge_normal_0': 'max_pool_3x3', …}`.
    ConfigSpace,
    /// JSON: NAS-Bench-101 as a matrix and operations; the design spaces as in their official files.
    Json,
    /// NAS-Bench-101 as a matrix followed by a list of operations, as Python prints them.
    Matrix,
    /// NAS-Bench-101 as the hash of the cell. Every architecture has one, but a hash alone does not say the
    /// architecture.
    Hash,
    /// The design spaces as a Python `OrderedDict` with one entry for each value, such as `('depths.0', 12)`.
    OrderedDict,
}

impl Form {
    /// Every form.
    pub const ALL: [Self; 15] = [
        Self::Text,
        Self::Structure,
        Self::Names,
        Self::Edges,
        Self::Tuple,
        Self::Autodl,
        Self::Naslib,
        Self::Bananas,
        Self::Index,
        Self::Genotype,
        Self::ConfigSpace,
        Self::Json,
        Self::Matrix,
        Self::Hash,
        Self::OrderedDict,
    ];

    /// The forms of `space`, the text form first.
    pub const fn of(space: SpaceId) -> &'static [Self] {
        match space {
            SpaceId::Nb101 => &[Self::Text, Self::Json, Self::Matrix, Self::Naslib, Self::Hash],
            SpaceId::Nb201 => &[
                Self::Text,
                Self::Structure,
                Self::Names,
                Self::Edges,
                Self::Tuple,
                Self::Autodl,
                Self::Naslib,
                Self::Index,
            ],
            SpaceId::Nb301 => &[Self::Text, Self::Genotype, Self::ConfigSpace, Self::Naslib, Self::Bananas],
            SpaceId::NdsResnet | SpaceId::NdsResnextA => &[Self::Text, Self::Json, Self::OrderedDict],
            SpaceId::Table(_) => &[Self::Text],
        }
    }

    /// Whether `space` has this form.
    pub fn is_of(self, space: SpaceId) -> bool {
        Self::of(space).contains(&self)
    }

    /// The name, as [`Display`](fmt::Display) writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Structure => "structure",
            Self::Names => "names",
            Self::Edges => "edges",
            Self::Tuple => "tuple",
            Self::Autodl => "autodl",
            Self::Naslib => "naslib",
            Self::Bananas => "bananas",
            Self::Index => "index",
            Self::Genotype => "genotype",
            Self::ConfigSpace => "config-space",
            Self::Json => "json",
            Self::Matrix => "matrix",
            Self::Hash => "hash",
            Self::OrderedDict => "ordered-dict",
        }
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Form {
    type Err = UnknownForm;

    fn from_str(text: &str) -> Result<Self, UnknownForm> {
        Self::ALL.into_iter().find(|form| form.name() == text).ok_or_else(|| UnknownForm(text.to_owned()))
    }
}

/// The name is not a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownForm(String);

impl fmt::Display for UnknownForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Form::ALL.map(Form::name);
        write!(f, "unknown form {}; ", Excerpt::of(&self.0))?;
        match nearest(&self.0, names) {
            Some(nearest) => write!(f, "the nearest known one is `{nearest}`"),
            None => write!(f, "the forms are {}", listed(&names)),
        }
    }
}

impl std::error::Error for UnknownForm {}

/// The space has no such form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{space} has no form `{form}`: its forms are {}", forms(*space))]
pub struct NoSuchForm {
    /// The space.
    pub space: SpaceId,
    /// The form.
    pub form: Form,
}

/// The names of the forms of `space`.
pub(super) fn forms(space: SpaceId) -> String {
    listed(&Form::of(space).iter().map(|form| form.name()).collect::<Vec<_>>())
}
