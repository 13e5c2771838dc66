//! The layers of neural networks behind Candle, in two implementations that agree.
//!
//! [`cpu`] has kernels of this project with the same bits on every machine, [`composed`] the same layers out of Candle's own operations,
//! for every device; [`Engine`] chooses. Nothing here knows of architectures.

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
