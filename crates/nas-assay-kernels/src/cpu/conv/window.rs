//! The window of a convolution.

/// How the window of a convolution moves, the same in both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Input pixels from one output to the next.
    pub stride: usize,
    /// Zeros added on each side of the image.
    pub padding: usize,
    /// Input pixels from one tap of the window to the next.
    pub dilation: usize,
    /// Groups into which the channels are cut. The outputs of a group read the inputs of that group only.
    pub groups: usize,
}

impl Default for Window {
    fn default() -> Self {
        Self { stride: 1, padding: 0, dilation: 1, groups: 1 }
    }
}
