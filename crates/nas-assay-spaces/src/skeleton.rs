//! The network around an architecture of any space.

use serde::{Deserialize, Serialize};

use super::{SpaceId, TableSpace, nb101, nb201, nb301, nds};

/// Which of the two networks of a space is meant. They can differ in their layers too, not only in their weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// The network of one architecture, which is trained alone.
    #[default]
    StandAlone,
    /// The network whose weights all architectures share, and the sub-network of one architecture in it.
    Supernet,
}

impl Form {
    /// The name, as reports show it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::StandAlone => "stand-alone network",
            Self::Supernet => "supernet",
        }
    }
}

/// Everything about a network except its architecture, such as channels, cells, classes and image size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Skeleton {
    /// Of NAS-Bench-101.
    Nb101(nb101::Skeleton),
    /// Of NAS-Bench-201.
    Nb201(nb201::Skeleton),
    /// Of NAS-Bench-301.
    Nb301(nb301::Skeleton),
    /// Of either network design space.
    Nds(nds::Skeleton),
    /// Of a table-only space: there is no network, and nothing to count of it.
    Table(TableSpace),
}

impl Skeleton {
    /// The name of the space that it belongs to; `nds` for the two design spaces.
    pub const fn space(&self) -> &'static str {
        match self {
            Self::Nb101(_) => "nb101",
            Self::Nb201(_) => "nb201",
            Self::Nb301(_) => "nb301",
            Self::Nds(_) => "nds",
            Self::Table(space) => space.name(),
        }
    }

    /// Height and width of an input image, in pixels; 0 without a network.
    pub const fn resolution(&self) -> usize {
        match self {
            Self::Nb101(skeleton) => skeleton.resolution(),
            Self::Nb201(skeleton) => skeleton.resolution,
            Self::Nb301(skeleton) => skeleton.resolution,
            Self::Nds(skeleton) => skeleton.resolution,
            Self::Table(_) => 0,
        }
    }

    /// Classes of the classifier; 0 without a network.
    pub const fn classes(&self) -> usize {
        match self {
            Self::Nb101(skeleton) => skeleton.classes(),
            Self::Nb201(skeleton) => skeleton.classes,
            Self::Nb301(skeleton) => skeleton.classes,
            Self::Nds(skeleton) => skeleton.classes,
            Self::Table(_) => 0,
        }
    }

    /// Checks that a network can be built from it, with counts that fit in 64 bits.
    ///
    /// # Errors
    /// The first field that is out of range, or that there is no network.
    pub fn validate(&self) -> Result<(), SkeletonError> {
        match self {
            Self::Nb101(skeleton) => skeleton.validate(),
            Self::Nb201(skeleton) => skeleton.validate(),
            Self::Nb301(skeleton) => skeleton.validate(),
            Self::Nds(skeleton) => skeleton.validate(),
            Self::Table(space) => Err(SkeletonError::NoNetwork { space: SpaceId::Table(*space) }),
        }
    }
}

impl From<nb101::Skeleton> for Skeleton {
    fn from(skeleton: nb101::Skeleton) -> Self {
        Self::Nb101(skeleton)
    }
}

impl From<nb201::Skeleton> for Skeleton {
    fn from(skeleton: nb201::Skeleton) -> Self {
        Self::Nb201(skeleton)
    }
}

impl From<nb301::Skeleton> for Skeleton {
    fn from(skeleton: nb301::Skeleton) -> Self {
        Self::Nb301(skeleton)
    }
}

impl From<nds::Skeleton> for Skeleton {
    fn from(skeleton: nds::Skeleton) -> Self {
        Self::Nds(skeleton)
    }
}

/// The skeleton has a size out of range, or belongs to another space than the architecture.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SkeletonError {
    /// A size is out of range.
    #[error("skeleton: {field} is {value}, which is not in 1..={limit}")]
    Size {
        /// The field's name.
        field: &'static str,
        /// Its value.
        value: usize,
        /// The greatest value it may have.
        limit: usize,
    },
    /// The image cannot be halved twice.
    #[error("skeleton: resolution is {0}, which is not a multiple of 4 (two reductions halve the image)")]
    Resolution(usize),
    /// The channels cannot be divided by this number.
    #[error("skeleton: width_divisor is {0}, and must be 1, 2 or 4, and divide the stem's channels")]
    Divisor(usize),
    /// The space has no networks.
    #[error("{}", space.without_network().unwrap_or_default())]
    NoNetwork {
        /// The space.
        space: SpaceId,
    },
    /// It belongs to another space than the architecture.
    #[error("an architecture of {architecture} in a skeleton of {skeleton}: both must belong to the same space")]
    Foreign {
        /// The architecture's space.
        architecture: &'static str,
        /// The skeleton's space.
        skeleton: &'static str,
    },
}

impl SkeletonError {
    /// Refuses a size that is 0 or above its limit.
    pub(super) const fn check(field: &'static str, value: usize, limit: usize) -> Result<(), Self> {
        if value == 0 || value > limit { Err(Self::Size { field, value, limit }) } else { Ok(()) }
    }

    /// Refuses sizes that no network of any space can have.
    pub(super) fn check_common(channels: usize, cells: usize, classes: usize, resolution: usize) -> Result<(), Self> {
        Self::check("channels", channels, 4096)?;
        Self::check("cells", cells, 1024)?;
        Self::check("classes", classes, 1 << 20)?;
        Self::check("resolution", resolution, 4096)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_has_a_name() {
        assert_eq!([Form::StandAlone, Form::Supernet].map(Form::name), ["stand-alone network", "supernet"]);
    }

    #[test]
    fn a_skeleton_is_of_its_space() {
        let shared = nb101::Supernet { resolution: 20, ..nb101::Supernet::default() };
        let skeletons: [Skeleton; 4] = [
            nb101::Skeleton::Supernet(shared).into(),
            nb201::Skeleton { resolution: 24, ..nb201::Skeleton::default() }.into(),
            nb301::Skeleton { resolution: 28, ..nb301::Skeleton::default() }.into(),
            nds::Skeleton { resolution: 36, ..nds::Skeleton::default() }.into(),
        ];
        let found = skeletons.map(|skeleton| (skeleton.space(), skeleton.resolution(), skeleton.validate()));
        let names = [("nb101", 20), ("nb201", 24), ("nb301", 28), ("nds", 36)];
        assert_eq!(found, names.map(|(space, resolution)| (space, resolution, Ok(()))));

        let faulty: [Skeleton; 4] = [
            nb101::Skeleton::Supernet(nb101::Supernet { classes: 0, ..shared }).into(),
            nb201::Skeleton { classes: 0, ..nb201::Skeleton::default() }.into(),
            nb301::Skeleton { classes: 0, ..nb301::Skeleton::default() }.into(),
            nds::Skeleton { classes: 0, ..nds::Skeleton::default() }.into(),
        ];
        let refusal = Err(SkeletonError::Size { field: "classes", value: 0, limit: 1 << 20 });
        assert_eq!(
            faulty.map(|skeleton| skeleton.validate()),
            [refusal.clone(), refusal.clone(), refusal.clone(), refusal]
        );
    }

    #[test]
    fn sizes_have_their_limits() {
        assert_eq!(SkeletonError::check_common(4096, 1024, 1 << 20, 4096), Ok(()));
        assert_eq!(SkeletonError::check_common(1, 1, 1, 1), Ok(()));
        let beyond = [(4097, 1, 1, 1), (1, 1025, 1, 1), (1, 1, (1 << 20) + 1, 1), (1, 1, 1, 4097)];
        let fields = beyond.map(|(channels, cells, classes, resolution)| {
            match SkeletonError::check_common(channels, cells, classes, resolution) {
                Err(SkeletonError::Size { field, .. }) => field,
                other => panic!("{other:?}"),
            }
        });
        assert_eq!(fields, ["channels", "cells", "classes", "resolution"]);
    }
}
