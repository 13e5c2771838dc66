//! Neural-network layers as differentiable Candle operations, in two implementations that agree.
//!
//! [`cpu`] has kernels written for this project, which give the same bits on every machine; with the feature `cuda` they also run on GPUs
//! (`gpu`). [`composed`] builds the same layers from Candle's own operations: the oracle that the kernels are compared with. [`Engine`]
//! chooses between them. This crate knows nothing about architectures.

pub mod composed;
pub mod cpu;
pub mod device;
mod engine;
#[cfg(feature = "cuda")]
#[allow(unsafe_code, reason = "launches of kernels, and memory that they fill")]
pub mod gpu;
#[cfg(not(feature = "cuda"))]
#[path = "gpu_absent.rs"]
pub mod gpu;
mod host;
mod slice;

pub use cpu::{Moments, Running, Window};
pub use engine::Engine;
pub use host::host_f64;
pub use slice::{Channels, Slice};
