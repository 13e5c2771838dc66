//! Sets of architectures to draw from uniformly.

use super::{Architecture, SpaceId, SubSpace};
use nas_assay_base::seed::Stream;

/// A set of architectures of one space to draw from.
#[derive(Clone, Debug, PartialEq)]
pub enum Pool {
    /// A list. An architecture that occurs several times is drawn more often.
    Listed(Vec<Architecture>),
    /// All raw encodings of a space with a live convolution.
    Trainable(SpaceId),
    /// All raw encodings of a sub-space with a live convolution.
    Within(SubSpace),
}

/// The set to draw from is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot draw an architecture: the list to draw from is empty")]
pub struct EmptyPool;

impl Pool {
    /// A pool of these architectures.
    ///
    /// # Errors
    /// If there are none.
    pub fn listed(architectures: Vec<Architecture>) -> Result<Self, EmptyPool> {
        if architectures.is_empty() { Err(EmptyPool) } else { Ok(Self::Listed(architectures)) }
    }

    /// A uniformly drawn member.
    pub fn draw(&self, stream: &mut Stream) -> Architecture {
        match self {
            Self::Listed(architectures) => architectures[stream.index(architectures.len())],
            // Most encodings of every space have a live convolution. NAS-Bench-201 has the fewest: 87 %.
            Self::Trainable(space) => trainable(|| space.sample(stream)),
            // A sub-space always keeps a convolution among its operations.
            Self::Within(part) => trainable(|| part.sample(stream)),
        }
    }
}

/// Draws until the architecture has a live convolution.
fn trainable(mut draw: impl FnMut() -> Architecture) -> Architecture {
    loop {
        let drawn = draw();
        if drawn.has_live_convolution() {
            return drawn;
        }
    }
}
