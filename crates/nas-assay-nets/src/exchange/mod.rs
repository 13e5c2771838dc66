//! Files with which other programs build and run the same networks.
//!
//! An exchange file is a safetensors file. It holds every trained tensor of one network under the tensor's own name, and a batch as
//! `input.images` (`[n, 3, side, side]`, normalised) and `input.labels` (`[n]`, I64); it can hold the logits of the batch as
//! `output.logits` (`[n, classes]`). Its metadata has one key, [`METADATA`], with the [`NetworkDescription`] as JSON text. The same content
//! always has the same bytes.
//!
//! The network is always one of a single architecture. A part of a supernet is written as the network that it is: the weights that the
//! architecture uses, already cut out.

mod description;
mod file;

pub use description::{DescriptionError, NetworkDescription, TensorShape};
pub use file::{ExchangeError, serialize};

/// The key of the file's metadata under which the description is.
pub const METADATA: &str = "network";

/// The tensor of the images: `[n, 3, side, side]`.
pub const IMAGES: &str = "input.images";

/// The tensor of the labels: `[n]`.
pub const LABELS: &str = "input.labels";

/// The tensor of the outputs: `[n, classes]`.
pub const LOGITS: &str = "output.logits";
