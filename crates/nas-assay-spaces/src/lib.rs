//! Architectures as pure data: parsing, sampling, enumeration, mutation, canonical forms, census.
//!
//! A search space is a module of its own with its own `Architecture`; [`Architecture`] here is the one type that the rest of the
//! package passes around, and [`SpaceId`] its name in specs and records. Nothing in this module sees a tensor or an accuracy.

mod architecture;
mod census;
mod change;
mod cursor;
mod error;
mod id;
pub mod nb101;
pub mod nb201;
pub mod nb301;
pub mod nds;
mod pool;
mod sampler;
mod skeleton;
mod subspace;

pub use architecture::Architecture;
pub use census::Census;
pub use change::{Change, Choice, changes};
pub use error::{ArchitectureError, UnknownSpace};
pub use id::{Counts, Positions, SpaceId};
pub use pool::{EmptyPool, Pool};
pub use sampler::{FairOperations, Sampler};
pub use skeleton::{Form, Skeleton, SkeletonError};
pub use subspace::{SUB_SPACE_VERSION, SubSpace, SubSpaceError};
