//! The network around the cells.

use serde::{Deserialize, Serialize};

use crate::SkeletonError;

/// The network around a cell: a stem, three stages of cells with a residual reduction before the second and third stage, and a classifier.
///
/// The default is the paper's NAS-Bench-201 supernet: 16 channels, 5 cells per stage, CIFAR-10, cells without affine batch-norm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Skeleton {
    /// Channels of the first stage; each later stage has twice as many as the one before.
    pub channels: usize,
    /// Number of cells per stage.
    pub cells: usize,
    /// Classes of the classifier.
    pub classes: usize,
    /// Height and width of an input image, in pixels. A multiple of 4, since two reductions halve it.
    pub resolution: usize,
    /// Whether batch-norm inside the cells has a trainable scale and shift. Other batch-norms always have.
    pub cell_affine: bool,
}

impl Default for Skeleton {
    fn default() -> Self {
        Self { channels: 16, cells: 5, classes: 10, resolution: 32, cell_affine: false }
    }
}

impl Skeleton {
    /// Number of stages.
    pub const STAGES: usize = 3;

    /// Checks that a network can be built from this skeleton, with counts that fit in 64 bits.
    ///
    /// # Errors
    /// The first field that is out of range.
    pub fn validate(&self) -> Result<(), SkeletonError> {
        SkeletonError::check_common(self.channels, self.cells, self.classes, self.resolution)?;
        if self.resolution.is_multiple_of(4) { Ok(()) } else { Err(SkeletonError::Resolution(self.resolution)) }
    }

    /// Channels of the cells of stage `stage` (0, 1 or 2).
    pub const fn stage_channels(&self, stage: usize) -> usize {
        self.channels << stage
    }

    /// Height and width of the maps in stage `stage` (0, 1 or 2), in pixels.
    pub const fn stage_resolution(&self, stage: usize) -> usize {
        self.resolution >> stage
    }
}

/// Which edges of a cell are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EdgeRule {
    /// Edges that are executed: those on a path from the cell's input to its output.
    #[default]
    Live,
    /// Every edge with an operation, whether it is executed or not. The benchmark's own tables count so.
    Written,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skeletons_are_checked_field_by_field() {
        let good = Skeleton::default();
        assert_eq!(good.validate(), Ok(()));
        for bad in [
            Skeleton { channels: 0, ..good },
            Skeleton { cells: 0, ..good },
            Skeleton { classes: usize::MAX, ..good },
            Skeleton { resolution: 30, ..good },
            Skeleton { resolution: 8192, ..good },
        ] {
            assert!(bad.validate().is_err(), "{bad:?}");
        }
        let error = Skeleton { cells: 0, ..good }.validate().unwrap_err();
        assert_eq!(error.to_string(), "skeleton: cells is 0, which is not in 1..=1024");
    }

    #[test]
    fn fields_can_be_left_out_but_not_invented() {
        let read = serde_json::from_str::<Skeleton>(r#"{"channels": 4, "cell_affine": true}"#).unwrap();
        assert_eq!(read, Skeleton { channels: 4, cell_affine: true, ..Skeleton::default() });
        let error = serde_json::from_str::<Skeleton>(r#"{"chanels": 4}"#).unwrap_err();
        assert!(error.to_string().contains("chanels"), "{error}");
    }
}
