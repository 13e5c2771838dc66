//! What an experiment declares, and what is kept of it.
//!
//! - [`spec`]: experiments as TOML, their canonical form and their hash.
//! - [`truth`]: true accuracies, from benchmarks' tables and from tables that this project trained.
//! - [`estimator`]: scores, and what is known of the estimator that gave them.
//! - [`store`]: records and stage results on disk.
//! - [`data_root`]: the folder that holds a user's data files.

pub mod data_root;
mod device_class;
pub mod estimator;
pub mod spec;
pub mod store;
pub mod truth;

pub use data_root::{DataRoot, DataRootError};
pub use device_class::DeviceClass;
