//! Counts that need no network, one file each. A learned or zero-shot estimator that does not beat them is not worth its price.

pub mod flops;
pub mod params;
pub mod relu_count;
