//! The official files of the benchmarks, read and made into the tables and images that experiments name by digest.
//!
//! Nothing is repaired and nothing is guessed: a file that is truncated, damaged, or another than was asked for is an error that says what it
//! is, and nothing is written. No code in a file is run.

pub mod catalogue;
mod error;
pub mod files;
pub mod json;
pub mod pickle;
mod proto;
pub mod sources;
pub mod table;
#[cfg(test)]
mod testing;
pub mod tfrecord;
pub mod torch;

pub use error::DataError;

/// A finished file of the data root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Its path in the data root.
    pub path: String,
    /// Its content.
    pub bytes: Vec<u8>,
    /// What there is to know about this one, in a sentence or more; empty if nothing.
    pub notes: Vec<String>,
}
