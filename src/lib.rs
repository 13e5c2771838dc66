//! Measures the measurers: neural-architecture estimators under hashed, seeded, repeatable experiments.
//!
//! # The map
//!
//! Data flows one way. A floor knows those above it in this list, and none below:
//!
//! - [`seed`], [`files`]: named random streams; files that are whole or absent.
//! - [`criteria`], [`space`]: rank criteria and architectures, as pure data.
//! - [`spec`]: what an experiment declares, its canonical form and its hash.
//! - [`data`], [`truth`]: images and true accuracies.
//! - [`net`]: kernels, layers, networks and the trainer.
//! - [`estimator`]: what ranks architectures, and the probe that it asks.
//! - [`store`], [`report`]: records on disk, and what is made of them.
//! - [`experiment`]: from a spec to a record.
//! - [`claims`]: what the paper says, decided by the data and records at hand.
//!
//! # What is promised
//!
//! Two runs of one spec on one class of devices end with the same bytes, on any number of threads; on the CPU, on any x86-64 machine.
//! Nothing is drawn but from the seed tree, nothing is summed in an order that depends on the machine, and no result is written in part.

pub mod claims;
pub mod criteria;
pub mod data;
pub mod estimator;
pub mod experiment;
pub mod files;
pub mod net;
pub mod report;
pub mod seed;
pub mod space;
pub mod spec;
pub mod store;
pub mod truth;
