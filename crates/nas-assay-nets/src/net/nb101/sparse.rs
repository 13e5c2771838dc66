//! Images that keep only some of their channels.

use std::ops::Range;

use candle_core::{Result, Tensor};

use crate::net::Engine;

/// An image `[n, channels, h, w]` in which only some channels are not zeros, and only these are kept.
///
/// A convolution of it needs only the [`columns`](Self::columns) of its weight for these channels. The other columns get zero gradients, as
/// they would from zeros. Where the input does not feed it, the output of a NAS-Bench-1Shot1 cell is three fifths zeros.
#[derive(Debug)]
pub(super) struct SparseImage {
    /// The kept channels, side by side.
    pub(super) kept: Tensor,
    /// Where they are in the image, in ascending order; no two ranges touch.
    places: Vec<Range<usize>>,
    /// The number of all channels.
    channels: usize,
}

impl SparseImage {
    /// All of an image.
    pub(super) fn whole(x: Tensor) -> Result<Self> {
        let channels = x.dim(1)?;
        Ok(Self { kept: x, places: std::iter::once(0..channels).collect(), channels })
    }

    /// The images `blocks` at their places among `count` blocks of equal width, by ascending place.
    pub(super) fn blocks(blocks: &[(usize, &Tensor)], count: usize, engine: Engine) -> Result<Self> {
        let [(_, first), rest @ ..] = blocks else { candle_core::bail!("an image without any block") };
        let width = first.dim(1)?;
        let mut places: Vec<Range<usize>> = Vec::with_capacity(blocks.len());
        for place in blocks.iter().map(|(place, _)| place * width..(place + 1) * width) {
            match places.last_mut() {
                Some(last) if last.end == place.start => last.end = place.end,
                _ => places.push(place),
            }
        }
        let mut kept = (*first).clone();
        for (_, block) in rest {
            kept = engine.join_channels(&kept, block)?;
        }
        Ok(Self { kept, places, channels: count * width })
    }

    /// The kept channels mapped by a function that maps zeros to zeros.
    pub(super) fn map(&self, f: impl FnOnce(&Tensor) -> Result<Tensor>) -> Result<Self> {
        Ok(Self { kept: f(&self.kept)?, places: self.places.clone(), channels: self.channels })
    }

    /// The image with its zeros.
    pub(super) fn dense(&self, engine: Engine) -> Result<Tensor> {
        let parts = self.parts(engine)?;
        let [(first, start), rest @ ..] = parts.as_slice() else { candle_core::bail!("an image without channels") };
        if first.dim(1)? == self.channels {
            return Ok(first.clone());
        }
        let mut dense = engine.place_channels(first, *start, self.channels)?;
        for (part, start) in rest {
            dense = engine.add_channels(&dense, part, *start)?;
        }
        Ok(dense)
    }

    /// `x`, which has all channels, plus the image.
    pub(super) fn added_to(&self, x: Tensor, engine: Engine) -> Result<Tensor> {
        self.parts(engine)?.iter().try_fold(x, |sum, (part, start)| engine.add_channels(&sum, part, *start))
    }

    /// The kept channels, place by place, and where each place starts.
    fn parts(&self, engine: Engine) -> Result<Vec<(Tensor, usize)>> {
        let mut taken = 0;
        let part = |place: &Range<usize>| {
            let channels = taken..taken + place.len();
            taken = channels.end;
            Ok((some_channels(&self.kept, channels, engine)?, place.start))
        };
        self.places.iter().map(part).collect()
    }

    /// The columns of a weight `[o, channels, k, k]` for the kept channels.
    pub(super) fn columns(&self, weight: &Tensor, engine: Engine) -> Result<Tensor> {
        if weight.dim(1)? != self.channels {
            candle_core::bail!("a weight {:?} for an image of {} channels", weight.dims(), self.channels);
        }
        let mut parts = self.places.iter().map(|place| some_channels(weight, place.clone(), engine));
        let Some(first) = parts.next() else { candle_core::bail!("an image without channels") };
        parts.try_fold(first?, |joined, part| engine.join_channels(&joined, &part?))
    }
}

/// Some channels of an image, or the image itself if these are all.
pub(super) fn some_channels(x: &Tensor, channels: Range<usize>, engine: Engine) -> Result<Tensor> {
    if channels == (0..x.dim(1)?) { Ok(x.clone()) } else { engine.take_channels(x, channels) }
}
