//! What a search space brings to a [`Network`](super::Network).

use super::{ForwardPass, Slice};
use candle_core::{Result, Tensor};
use nas_assay_schema::spec::Picker;
use std::ops::Range;

/// The layers of a network of one space, and which of them an architecture uses.
///
/// An implementation makes its parameters and running statistics with a [`Builder`](super::Builder), which gives them to the
/// [`Network`](super::Network).
pub(super) trait SpaceLayers {
    /// An architecture of the space.
    type Architecture;

    /// Logits `[n, classes]` of `architecture` for images `[n, 3, h, w]`.
    ///
    /// # Errors
    /// If there are no weights for the architecture, the images do not fit, or an operation fails.
    fn forward(&self, architecture: Self::Architecture, images: &Tensor, pass: &mut ForwardPass<'_>) -> Result<Tensor>;

    /// The parameters that `architecture` does not use, as places in the network's list.
    fn unused(&self, architecture: Self::Architecture) -> Vec<Range<usize>>;

    /// The part of each parameter that `architecture` uses, in network order and without the [unused](Self::unused) ones. `None` if it
    /// uses them whole.
    ///
    /// # Errors
    /// If there are no weights for the architecture, or the weights cannot be read.
    fn slices(&self, _architecture: Self::Architecture) -> Result<Option<Vec<Slice>>> {
        Ok(None)
    }
}

/// Which architectures a network has weights for.
#[derive(Clone, Copy, Debug)]
pub(super) enum WeightsOf<A> {
    /// Those of one architecture: a stand-alone network.
    One(A),
    /// Those of all architectures: a supernet. The picker says which channels of a wide layer a narrow one has.
    All(Picker),
}

impl<A> WeightsOf<A> {
    /// Whether the network needs a layer that only some architectures use.
    pub fn need(self, is_used_by: impl FnOnce(A) -> bool) -> bool {
        match self {
            Self::One(architecture) => is_used_by(architecture),
            Self::All(_) => true,
        }
    }
}
