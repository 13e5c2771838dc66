//! The specs of experiments, the ground truth, and the records of results.
//!
//! - [`spec`]: specs in TOML, their canonical form and their hash.
//! - [`truth`]: true accuracies, from the tables of benchmarks and from tables that this project trained.
//! - [`estimator`]: scores and the properties of estimators.
//! - [`scores`]: scores from files.
//! - [`store`]: records and stage results on disk.
//! - [`data_root`]: the folder with the data files of a user.
//! - [`declaration`]: what authors say of a claim that scores cannot show.

pub mod data_root;
pub mod declaration;
mod device_class;
pub mod estimator;
pub mod scores;
pub mod spec;
pub mod store;
pub mod truth;

pub use data_root::{DataRoot, DataRootError, MAKERS, maker};
pub use device_class::DeviceClass;
