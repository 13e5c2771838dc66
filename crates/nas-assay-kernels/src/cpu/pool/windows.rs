//! The windows of a pool, and where they lie on an image.

use std::ops::Range;

use candle_core::{Result, bail};

use super::super::element::Element;
use super::super::elementwise::BLOCK;

/// The windows of a pool, the same in both directions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pool {
    pub kernel: usize,
    pub stride: usize,
    /// Pixels beyond the image above and on the left.
    pub padding: usize,
    /// Pixels beyond the image below and on the right that a window may reach.
    pub padding_after: usize,
}

impl Pool {
    /// Windows with the same padding on all sides.
    pub fn symmetric(kernel: usize, stride: usize, padding: usize) -> Self {
        Self { kernel, stride, padding, padding_after: padding }
    }

    /// The number of windows along `size` pixels.
    pub fn outputs(self, size: usize) -> Result<usize> {
        let Self { kernel, stride, padding, padding_after } = self;
        let fits = padding.max(padding_after) <= kernel / 2 && size > 0 && self.padded(size) >= kernel;
        if kernel == 0 || stride == 0 || !fits {
            bail!("{self:?} does not fit {size} pixels; the padding is at most half the kernel");
        }
        Ok((self.padded(size) - kernel) / stride + 1)
    }

    /// `size` pixels with the padding on both sides.
    pub fn padded(self, size: usize) -> usize {
        self.padding + size + self.padding_after
    }

    /// The pixels of window `output` that lie on the image.
    pub fn window(self, output: usize, size: usize) -> Range<usize> {
        let start = output * self.stride;
        start.saturating_sub(self.padding)..(start + self.kernel - self.padding).min(size)
    }

    /// `1 / (rows columns)` for each number of rows on the image and each window along `size` pixels.
    pub fn scales<T: Element>(self, size: usize) -> Result<Vec<Vec<T>>> {
        let columns: Vec<usize> = (0..self.outputs(size)?).map(|output| self.window(output, size).len()).collect();
        let scales =
            (0..=self.kernel).map(|rows| columns.iter().map(|c| T::from_double(1.0 / (rows * c) as f64)).collect());
        Ok(scales.collect())
    }
}

/// The number of planes that make one piece of work.
pub(super) fn planes_at_once(pixels: usize) -> usize {
    (BLOCK / pixels).max(1)
}
