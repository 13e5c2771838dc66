//! The network that a cell is repeated in, and what is counted in it.

use serde::{Deserialize, Serialize};

/// The network around a cell: stem, three stages of repeated cells with a residual reduction between them, classifier.
///
/// The default is the network of the NAS-Bench-201 supernet: 16 channels, 5 cells a stage, CIFAR-10, cells without affine
/// batch-norm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Skeleton {
    /// Channels of the first stage; each later stage has twice as many as the one before.
    pub channels: usize,
    /// Cells a stage.
    pub cells: usize,
    /// Classes of the classifier.
    pub classes: usize,
    /// Height and width of an input image, in pixels: a multiple of 4, since two reductions halve it.
    pub resolution: usize,
    /// Whether batch-norm inside the cells has a trainable scale and shift. Batch-norm outside them always has.
    pub cell_affine: bool,
}

impl Default for Skeleton {
    fn default() -> Self {
        Self { channels: 16, cells: 5, classes: 10, resolution: 32, cell_affine: false }
    }
}

/// A skeleton that no network can be built from, or whose counts would not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SkeletonError {
    /// A size is out of its range.
    #[error("skeleton: {field} is {value}, which is not in 1..={limit}")]
    Size {
        /// The field's name.
        field: &'static str,
        /// What it was set to.
        value: usize,
        /// The greatest value it may have.
        limit: usize,
    },
    /// The image cannot be halved twice.
    #[error("skeleton: resolution is {0}, which is not a multiple of 4 (two reductions halve the image)")]
    Resolution(usize),
}

impl Skeleton {
    /// Stages of cells.
    pub const STAGES: usize = 3;

    /// Whether a network can be built from this skeleton and counted in 64 bits.
    ///
    /// # Errors
    /// The first field that is out of its range.
    pub const fn validate(&self) -> Result<(), SkeletonError> {
        const fn size(field: &'static str, value: usize, limit: usize) -> Result<(), SkeletonError> {
            if value == 0 || value > limit { Err(SkeletonError::Size { field, value, limit }) } else { Ok(()) }
        }
        let sizes = [
            size("channels", self.channels, 4096),
            size("cells", self.cells, 1024),
            size("classes", self.classes, 1 << 20),
            size("resolution", self.resolution, 4096),
        ];
        let mut field = 0;
        while field < sizes.len() {
            if let Err(SkeletonError::Size { field, value, limit }) = sizes[field] {
                return Err(SkeletonError::Size { field, value, limit });
            }
            field += 1;
        }
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
    /// Those that are executed: on a path from the cell's input to its output.
    #[default]
    Live,
    /// Every edge that is written down with an operation, on such a path or not. NAS-Bench-201's own tables count so.
    Written,
}

/// What a network has and does, counted without building it.
///
/// One forward pass of one image. Pooling, batch-norm, `ReLU` and additions cost no operations here: `flops` is the number of
/// multiply-accumulates of convolutions and of the linear layer, as most of the field reports under that name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Census {
    /// Trainable numbers: the sum of the four fields that follow.
    pub params: u64,
    /// Weights of convolutions, none of which has a bias.
    pub conv_weights: u64,
    /// Weights of the linear layer.
    pub linear_weights: u64,
    /// Biases of the linear layer.
    pub linear_biases: u64,
    /// Scales and shifts of batch-norms, where these are trained.
    pub norm_params: u64,
    /// Multiply-accumulates of convolutions and of the linear layer, an image.
    pub flops: u64,
    /// Convolutions executed.
    pub conv_calls: u64,
    /// `ReLU`s executed.
    pub relu_calls: u64,
    /// Elements that pass through a `ReLU`, an image.
    pub relu_elements: u64,
}

impl Census {
    /// Adds a convolution without bias: `[inputs, side', side'] -> [outputs, side, side]`, square kernel.
    pub(super) const fn conv(&mut self, inputs: usize, outputs: usize, kernel: usize, side: usize) {
        let weights = (inputs * outputs * kernel * kernel) as u64;
        self.params += weights;
        self.conv_weights += weights;
        self.flops += weights * (side * side) as u64;
        self.conv_calls += 1;
    }

    /// Adds a batch-norm with trained scale and shift.
    pub(super) const fn affine_norm(&mut self, channels: usize) {
        self.params += 2 * channels as u64;
        self.norm_params += 2 * channels as u64;
    }

    /// Adds a `ReLU` on `[channels, side, side]`.
    pub(super) const fn relu(&mut self, channels: usize, side: usize) {
        self.relu_calls += 1;
        self.relu_elements += (channels * side * side) as u64;
    }

    /// Adds a linear layer with bias.
    pub(super) const fn linear(&mut self, inputs: usize, outputs: usize) {
        let weights = (inputs * outputs) as u64;
        self.params += weights + outputs as u64;
        self.linear_weights += weights;
        self.linear_biases += outputs as u64;
        self.flops += weights;
    }
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
    fn specs_may_leave_fields_out_but_not_invent_them() {
        let read = serde_json::from_str::<Skeleton>(r#"{"channels": 4, "cell_affine": true}"#).unwrap();
        assert_eq!(read, Skeleton { channels: 4, cell_affine: true, ..Skeleton::default() });
        let error = serde_json::from_str::<Skeleton>(r#"{"chanels": 4}"#).unwrap_err();
        assert!(error.to_string().contains("chanels"), "{error}");
    }
}
