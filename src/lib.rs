//! Measures the measurers: neural-architecture estimators under hashed, seeded, repeatable experiments.

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
