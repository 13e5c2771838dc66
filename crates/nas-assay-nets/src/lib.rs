//! Networks of neural architectures, and the estimators that rank them.
//!
//! - [`Backend`]: where networks run.
//! - [`images`]: image sets, augmentation, noise.
//! - [`net`]: layers, networks of five search spaces, supernets, and the trainer.
//! - [`estimator`]: what ranks architectures, and the probe that estimators get their numbers from.

mod backend;
pub mod estimator;
pub mod images;
pub mod net;

pub use backend::Backend;
