//! Measures the measurers: neural-architecture estimators under hashed, seeded, repeatable experiments.
//!
//! # The map
//!
//! Data flows one way. Each line knows those above it, and none below. What is above [`kernels`] is built without Candle:
//!
//! - [`seed`], [`digest`], [`files`] (crate `nas-assay-base`): named random streams; SHA-256; files that are whole or absent.
//! - [`space`] (`nas-assay-spaces`) and [`criteria`] (`nas-assay-criteria`): architectures and rank criteria, as pure data.
//! - [`spec`], [`truth`], [`store`], [`data_root`] (`nas-assay-schema`): what an experiment declares, and what is kept of it.
//! - [`report`] (`nas-assay-report`): what is made of records.
//! - [`kernels`] (`nas-assay-kernels`): the layers behind Candle, on the CPU and composed for GPUs.
//! - [`images`], [`net`], [`estimator`] (`nas-assay-nets`): networks, the trainer, and what ranks architectures.
//! - [`carried`], [`experiment`]: the specs and the truth of this project; from a spec to a record.
//! - [`claims`]: what the paper says, decided by the data and records at hand.
//! - `cli`, with the feature of that name: the program.
//!
//! # What is promised
//!
//! Two runs of one spec on one class of devices end with the same bytes, on any number of threads; on the CPU, on any x86-64 machine.
//! Nothing is drawn but from the seed tree, nothing is summed in an order that depends on the machine, and no result is written in part.

pub mod carried;
pub mod claims;
#[cfg(feature = "cli")]
pub mod cli;
pub mod experiment;

pub use nas_assay_base::{digest, files, seed};
pub use nas_assay_criteria as criteria;
pub use nas_assay_kernels as kernels;
pub use nas_assay_nets::{Backend, estimator, images, net};
pub use nas_assay_report as report;
pub use nas_assay_schema::{DataRoot, DataRootError, DeviceClass, data_root, spec, store, truth};
pub use nas_assay_spaces as space;

pub use estimator::Suite;
pub use experiment::Lab;
pub use store::Store;

/// The examples of CONTRIBUTING.md, compiled.
#[cfg(doctest)]
#[doc = include_str!("../CONTRIBUTING.md")]
struct Contributing;
