//! The rows over which the gradient of a weight is summed.

/// Where these rows lie in the packed images and in the packed gradients by the output. All lengths are in elements.
#[derive(Clone, Copy)]
pub(super) struct Rows {
    /// Images.
    pub images: usize,
    /// Rows of an image.
    pub lines: usize,
    /// Output pixels of a row.
    pub columns: usize,
    /// The distance from a row of an image to the next.
    pub x_row: usize,
    /// The distance from an image to the next.
    pub x_image: usize,
    /// The distance from an image's gradient to the next.
    pub gy_image: usize,
}
