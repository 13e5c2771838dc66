//! The foundation of all nas-assay crates: random streams, digests and seals, safe file operations, nearest names, and text for messages.

pub mod digest;
pub mod files;
mod nearest;
pub mod seal;
pub mod seed;
pub mod text;

pub use digest::sha256_hex;
pub use nearest::{nearest, nearest_always, nearest_few};
