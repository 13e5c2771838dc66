//! Neural-network layers as differentiable Candle operations, in two implementations that agree.
//!
//! [`cpu`] has kernels written for this project, which give the same bits on every machine. [`composed`] builds the same layers from
//! Candle's own operations, for every device. [`Engine`] chooses between them. This crate knows nothing about architectures.

pub mod composed;
pub mod cpu;
pub mod device;
mod engine;
mod host;
mod slice;

pub use cpu::{Moments, Window};
pub use engine::Engine;
pub use host::host_f64;
pub use slice::{Channels, Slice};
