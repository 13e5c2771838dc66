//! Layers, networks, supernets, ordered parameters, optimiser.
//!
//! A [`Network`] is built from an architecture or a space, holds [`Params`] and [`Buffers`] in a fixed order, and runs an
//! architecture in a [`ForwardPass`]. Layers have two implementations that agree ([`Engine`]): [`cpu`](nas_assay_kernels::cpu) for the
//! CPU, [`composed`](nas_assay_kernels::composed) for every other device.
//!
//! Each space has a module of its own (`nb201` and so on), which implements the trait `SpaceLayers`. A new space is one more of these,
//! and one more case in `network`.

mod builder;
pub mod checkpoint;
mod classification;
mod forward_pass;
mod layers;
mod nb101;
mod nb201;
mod nb301;
mod nds;
mod network;
pub mod optim;
mod params;
#[cfg(test)]
pub(crate) mod pytorch_reference;
#[cfg(test)]
mod space_checks;
mod space_layers;
pub mod train;
mod weight_average;

pub use builder::Init;
pub use classification::Classification;
pub use forward_pass::{
    ChannelScales, Dropout, FeatureCut, FeatureObserver, ForwardPass, Layer, LayerObserver, NetworkScales, NormMode,
    ReluCut, ReluObserver,
};
pub use nas_assay_kernels::{Channels, Engine, Moments, Slice, Window, host_f64};
pub use network::{NetConfig, Network};
pub use params::{Buffer, Buffers, LoadError, NamedTensor, NamedTensors, Param, Params, Role};
pub use weight_average::average_weights;

use self::builder::{Builder, InitScheme};
use self::space_layers::{SpaceLayers, WeightsOf};
use thiserror::Error;

use nas_assay_spaces::SkeletonError;

/// Why a network could not be built or run.
#[derive(Debug, Error)]
pub enum NetError {
    /// A stand-alone network was asked for another architecture.
    #[error("running {asked}: this network has the weights of {own} alone; build one for it, or use a supernet")]
    ForeignArchitecture {
        /// The network's architecture.
        own: String,
        /// The architecture that was to run.
        asked: String,
    },
    /// A network was asked for an architecture of another space.
    #[error("running {asked}: this is a network of {network}")]
    ForeignSpace {
        /// The network's space.
        network: &'static str,
        /// The architecture that was to run.
        asked: String,
    },
    /// The skeleton is of another space, or no network can be built from it.
    #[error("building a network: {0}")]
    Skeleton(#[from] SkeletonError),
    /// Candle refused an operation.
    #[error("running a network: {0}")]
    Tensor(#[from] candle_core::Error),
    /// Weights do not fit.
    #[error(transparent)]
    Load(#[from] LoadError),
}
