//! What every crate of nas-assay stands on: named random streams, digests, files that are whole or absent, and nearest names.

pub mod digest;
pub mod files;
mod nearest;
pub mod seed;

pub use digest::sha256_hex;
pub use nearest::{nearest, nearest_always};
