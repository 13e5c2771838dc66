//! The two networks of the space as one type.

use super::{Architecture, StandAlone, Supernet};
use crate::{Census, SkeletonError};

/// One of the two networks around a cell. They have different layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Skeleton {
    /// NAS-Bench-101's own network.
    StandAlone(StandAlone),
    /// The network of NAS-Bench-1Shot1.
    Supernet(Supernet),
}

impl Skeleton {
    /// Height and width of an input image, in pixels.
    pub const fn resolution(&self) -> usize {
        match self {
            Self::StandAlone(network) => network.resolution,
            Self::Supernet(network) => network.resolution,
        }
    }

    /// Classes of the classifier.
    pub const fn classes(&self) -> usize {
        match self {
            Self::StandAlone(network) => network.classes,
            Self::Supernet(network) => network.classes,
        }
    }

    /// Checks that a network can be built from it, with counts that fit in 64 bits.
    ///
    /// # Errors
    /// The first field that is out of range.
    pub fn validate(&self) -> Result<(), SkeletonError> {
        let (channels, cells, classes, resolution) = match self {
            Self::StandAlone(net) => (net.channels, net.cells, net.classes, net.resolution),
            Self::Supernet(net) => (net.channels, net.layers, net.classes, net.resolution),
        };
        SkeletonError::check_common(channels, cells, classes, resolution)
    }
}

impl Architecture {
    /// The counts of the cell in either network.
    pub fn census_in(self, skeleton: &Skeleton) -> Census {
        match skeleton {
            Skeleton::StandAlone(network) => self.census(network),
            Skeleton::Supernet(network) => self.supernet_census(network),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nas_assay_base::seed::Seed;

    #[test]
    fn either_network_answers_for_itself() {
        let small = StandAlone { channels: 8, cells: 1, classes: 10, resolution: 16 };
        let shared = Supernet { channels: 4, layers: 3, classes: 10, resolution: 24, affine: false };
        let both = [Skeleton::StandAlone(small), Skeleton::Supernet(shared)];
        assert_eq!(both.map(|skeleton| skeleton.resolution()), [16, 24]);
        assert_eq!(both.map(|skeleton| skeleton.validate()), [Ok(()), Ok(())]);
        let cell = Architecture::sample(&mut Seed::root(1).stream());
        assert_eq!(
            both.map(|skeleton| cell.census_in(&skeleton)),
            [cell.census(&small), cell.supernet_census(&shared)]
        );

        let faulty = [
            Skeleton::StandAlone(StandAlone { cells: 0, ..small }),
            Skeleton::Supernet(Supernet { layers: 0, ..shared }),
        ];
        for skeleton in faulty {
            assert!(matches!(skeleton.validate(), Err(SkeletonError::Size { field: "cells", value: 0, .. })));
        }
    }
}
