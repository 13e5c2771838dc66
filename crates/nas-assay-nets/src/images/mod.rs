//! Image sets, augmentation, and noise inputs.
//!
//! An [`ImageSet`] holds 8-bit pixels and labels; [`ImageSet::batch`] turns chosen images into normalised tensors on a device.
//! The sets are CIFAR-10 ([`cifar`], read from the user's [`DataRoot`](nas_assay_schema::DataRoot)), CIFAR-100 and ImageNet16-120
//! ([`layout`]), and a [`synthetic`] set that this
//! program draws itself, so that experiments run on a machine without any data. [`noise`] batches replace images to test what an
//! estimator does without them.
//!
//! Nothing here depends on threads, on the order of batches, or on the machine: an augmentation is drawn from the epoch and the image's
//! index, and normalised pixels come from tables of 256 numbers.

pub mod augment;
pub mod cifar;
pub mod feeder;
pub mod layout;
pub mod noise;
pub mod set;
pub mod synthetic;

use nas_assay_schema::DataRootError;

pub use augment::{Augmentation, Augmenter};
pub use feeder::{EpochOrder, Feeder};
pub use layout::Layout;
pub use noise::Noise;
pub use set::{Batch, ImageSet, Normalisation};
pub use synthetic::SYNTHETIC_VERSION;

/// Why images could not be read or made.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// A file of the data root cannot be used.
    #[error(transparent)]
    Root(#[from] DataRootError),
    /// A file without a single image.
    #[error("image file {file} is empty")]
    Empty {
        /// The file's name.
        file: String,
    },
    /// A file that ends inside an image.
    #[error(
        "image file {file} has {bytes} bytes, not a multiple of the {row}-byte row: it is truncated or no binary file of {title}"
    )]
    Truncated {
        /// The file's name.
        file: String,
        /// The length of the file, bytes.
        bytes: usize,
        /// The length of a row, bytes.
        row: usize,
        /// The image set.
        title: &'static str,
    },
    /// A label that names no class.
    #[error("image {image} of {set} has label {label}, but labels are below {classes}")]
    Label {
        /// The file or set.
        set: String,
        /// The position of the image in it.
        image: usize,
        /// The label found.
        label: u8,
        /// The number of classes.
        classes: usize,
    },
    /// Pixels and labels of different counts.
    #[error("image set {set} has {pixels} pixel bytes for {labels} labels: not three square planes of one size each")]
    Ragged {
        /// The set's name.
        set: String,
        /// Bytes of pixels.
        pixels: usize,
        /// Number of labels.
        labels: usize,
    },
    /// More images asked for than there are.
    #[error("images {start}..{end} of {set} asked for, but it has {len}")]
    Range {
        /// The set's name.
        set: String,
        /// First image asked for.
        start: usize,
        /// One past the last image asked for.
        end: usize,
        /// Number of images there are.
        len: usize,
    },
    /// A list of augmentations that does not fit the list of images.
    #[error("{augmentations} augmentations given for a batch of {images} images")]
    Augmentations {
        /// Number of augmentations.
        augmentations: usize,
        /// Number of images.
        images: usize,
    },
    /// Images are drawn in single or double precision only.
    #[error("images cannot be made as {0:?}: only F32 and F64 are supported")]
    Precision(candle_core::DType),
    /// The tensor could not be made, for example because the device's memory is full.
    #[error("making a batch of images")]
    Tensor(#[from] candle_core::Error),
}

#[cfg(test)]
mod value_tests;
