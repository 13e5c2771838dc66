//! The foundation of all nas-assay crates: named random streams, digests and seals, safe file operations and nearest names.

pub mod digest;
pub mod files;
mod nearest;
pub mod seal;
pub mod seed;

pub use digest::sha256_hex;
pub use nearest::{nearest, nearest_always};
