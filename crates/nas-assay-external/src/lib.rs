//! Estimators that are other programs.
//!
//! An [`ExternalEstimator`] starts workers: as many copies of a declared command as architectures are scored at a time. It asks them for
//! scores, and is an [`Estimator`](nas_assay_nets::estimator::Estimator) like any other: its scores have stages, seeds, variants and
//! criteria.
#![doc = ""]
#![doc = include_str!("../PROTOCOL.md")]

mod estimator;
mod protocol;
mod shared_folder;
mod tail;
mod worker;

pub use estimator::{ExternalError, ExternalEstimator};
pub use protocol::PROTOCOL;
pub use worker::{GRACE, LONGEST_LINE, WorkerFault, end_all};
