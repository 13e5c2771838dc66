//! The window of a convolution.

/// How a convolution's window moves, the same in both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Input pixels between two neighbouring outputs.
    pub stride: usize,
    /// Zeros put around the image on each side.
    pub padding: usize,
    /// Input pixels between two neighbouring taps.
    pub dilation: usize,
    /// Groups into which the channels are cut; a group's outputs see its own inputs only.
    pub groups: usize,
}

impl Default for Window {
    fn default() -> Self {
        Self { stride: 1, padding: 0, dilation: 1, groups: 1 }
    }
}
