//! The networks of architectures, and the estimators that rank architectures.
//!
//! - [`Backend`]: where networks run.
//! - [`images`]: image sets, augmentation, noise.
//! - [`net`]: layers, networks of five search spaces, supernets, and the trainer.
//! - [`estimator`]: the estimators, and the probe from which they get their numbers.
//! - [`exchange`]: files with which other programs build and run the same networks.

mod backend;
pub mod estimator;
pub mod exchange;
pub mod images;
pub mod net;

pub use backend::Backend;
