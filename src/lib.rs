//! Measures how well estimators rank neural architectures, in experiments that are hashed, seeded and repeatable.
//!
//! # Modules
//!
//! Each line depends only on lines above it. The crates above [`kernels`] are built without Candle:
//!
//! - [`seed`], [`digest`], [`files`] (crate `nas-assay-base`): named random streams; SHA-256; files written completely or not at all.
//! - [`space`] (`nas-assay-spaces`) and [`criteria`] (`nas-assay-criteria`): architectures and rank criteria, as pure data.
//! - [`spec`], [`truth`], [`scores`], [`store`], [`data_root`] (`nas-assay-schema`): what an experiment declares, what users bring, and
//!   what is stored.
//! - [`report`] (`nas-assay-report`): reports made from records.
//! - [`kernels`] (`nas-assay-kernels`): network layers as Candle operations, for the CPU and for GPUs.
//! - [`images`], [`net`], [`estimator`], [`exchange`] (`nas-assay-nets`): networks, the trainer, the estimators, and files with networks
//!   for other programs.
//! - [`external`] (`nas-assay-external`): estimators that are other programs.
//! - `published`: the published numbers that reports and claims show, each with its source, and nowhere else.
//! - [`carried`], [`experiment`]: the specs and the truth of this project; running a spec to get a record.
//! - [`claims`]: claims of the paper (Ning et al. 2021), checked against data and records.
//! - [`fingerprint`]: which population, truth and way of counting a published table used.
//! - `cli`, with the feature of that name: the program.
//!
//! # Guarantees
//!
//! Two runs of the same spec on the same class of devices give the same bytes, with any number of threads. On the CPU this holds on any
//! x86-64 machine. All random draws come from the seed tree, no order of summation depends on the machine, and no result file is
//! written only in part.

pub mod carried;
pub mod claims;
#[cfg(feature = "cli")]
pub mod cli;
pub mod experiment;
pub mod fingerprint;
mod published;

pub use nas_assay_base::{digest, files, seed};
pub use nas_assay_criteria as criteria;
pub use nas_assay_external as external;
pub use nas_assay_kernels as kernels;
pub use nas_assay_nets::{Backend, estimator, exchange, images, net};
pub use nas_assay_report as report;
pub use nas_assay_schema::{DataRoot, DataRootError, DeviceClass, data_root, scores, spec, store, truth};
pub use nas_assay_spaces as space;

pub use estimator::Suite;
pub use experiment::Lab;
pub use store::Store;

/// The examples of CONTRIBUTING.md, compiled.
#[cfg(doctest)]
#[doc = include_str!("../CONTRIBUTING.md")]
struct Contributing;
