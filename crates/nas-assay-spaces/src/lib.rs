//! Search spaces: architectures as pure data, with parsing, sampling, enumeration, mutation, canonical forms and census.
//!
//! Each search space is a module with an `Architecture` of its own. [`Architecture`] is an architecture of any space, and [`SpaceId`] the
//! name of a space in specs and records. Of [`table_only`] spaces there are architectures, but no networks. [`spelling`] reads and writes the forms in which other tools and files have architectures. A
//! [`Census`] counts parameters, FLOPs and `ReLU`s without building the network, a [`Structure`] is a count to rank by, and [`Liveness`] says
//! what of an architecture acts on its output. This crate knows neither tensors nor accuracies.
//!
//! ```
//! use nas_assay_base::seed::Seed;
//! use nas_assay_spaces::{Architecture, Skeleton, SpaceId, nb201};
//!
//! let text = "|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|avg_pool_3x3~2|";
//! let architecture = Architecture::parse(SpaceId::Nb201, text)?;
//! assert_eq!(architecture.to_string(), text);
//!
//! // No executed edge of this cell has weights: only the network around it is counted.
//! let skeleton = Skeleton::from(nb201::Skeleton::default());
//! let census = architecture.census(&skeleton)?;
//! assert_eq!((census.params, census.conv_calls), (73_306, 7));
//!
//! // The same stream gives the same architecture.
//! let mut stream = Seed::root(20).stream();
//! let sampled = SpaceId::NdsResnet.sample(&mut stream);
//! assert_eq!(sampled, SpaceId::NdsResnet.sample(&mut Seed::root(20).stream()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod architecture;
mod census;
mod change;
mod cursor;
mod error;
mod id;
mod liveness;
pub mod nb101;
pub mod nb201;
pub mod nb301;
pub mod nds;
mod pool;
mod sampler;
mod skeleton;
pub mod spelling;
mod structure;
mod subspace;
pub mod table_only;

pub use architecture::Architecture;
pub use census::Census;
pub use change::{Change, Choice, changes};
pub use error::{ArchitectureError, UnknownSpace};
pub use id::{Counts, Positions, SpaceId};
pub use liveness::Liveness;
pub use pool::{EmptyPool, Pool};
pub use sampler::{FairOperations, Sampler};
pub use skeleton::{Form, Skeleton, SkeletonError};
pub use structure::Structure;
pub use subspace::{SUB_SPACE_VERSION, SubSpace, SubSpaceError};
pub use table_only::TableSpace;
