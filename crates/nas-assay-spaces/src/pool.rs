//! What a draw of architectures is uniform over.

use super::{Architecture, SpaceId, SubSpace};
use nas_assay_base::seed::Stream;

/// A set of architectures of one space to draw from, listed or not.
#[derive(Clone, Debug, PartialEq)]
pub enum Pool {
    /// These, each as often as it stands here.
    Listed(Vec<Architecture>),
    /// All raw encodings that have something to train.
    Trainable(SpaceId),
    /// All raw encodings of a part of a space that have something to train.
    Within(SubSpace),
}

/// The set that a draw was to be made from has no member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("drawing an architecture: the list to draw from is empty")]
pub struct EmptyPool;

impl Pool {
    /// A list, checked for having a member.
    ///
    /// # Errors
    /// If there is none.
    pub fn listed(architectures: Vec<Architecture>) -> Result<Self, EmptyPool> {
        if architectures.is_empty() { Err(EmptyPool) } else { Ok(Self::Listed(architectures)) }
    }

    /// A uniformly drawn member.
    pub fn draw(&self, stream: &mut Stream) -> Architecture {
        match self {
            Self::Listed(architectures) => architectures[stream.index(architectures.len())],
            // Most encodings of every space have a convolution: of NAS-Bench-201, the space with the fewest, 87 %.
            Self::Trainable(space) => trainable(|| space.sample(stream)),
            // A sub-space has a convolution among its operations.
            Self::Within(part) => trainable(|| part.sample(stream)),
        }
    }
}

/// The first draw that has something to train.
fn trainable(mut draw: impl FnMut() -> Architecture) -> Architecture {
    loop {
        let drawn = draw();
        if drawn.has_live_convolution() {
            return drawn;
        }
    }
}
