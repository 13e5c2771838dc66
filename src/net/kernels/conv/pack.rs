//! Images laid out so that every tap of a window reads a contiguous row.
//!
//! The padding becomes real zeros, and with a stride of `s` the padded image is cut into `s²` phases: pixel `(y, x)` goes to
//! phase `(y mod s, x mod s)`, place `(y / s, x / s)`. A tap then finds the pixels of neighbouring outputs side by side, in
//! one phase, at any stride and dilation.

use std::ops::Range;

use super::super::element::Element;
use super::geometry::Geometry;

/// Elements after the last row that a vector may read beyond it.
pub(super) const SLACK: usize = 32;

/// How the images of a tensor are laid out.
#[derive(Clone, Debug)]
pub(super) struct Packing {
    channels: usize,
    /// Rows and columns of the image.
    size: (usize, usize),
    /// Pixels from a row of a phase to the next.
    stride: usize,
    /// Where phase row 0 and column 0 lie in the image: so many pixels before its first.
    before: (isize, isize),
    /// The phases that some tap reads, as (row, column) of the stride.
    phases: Vec<(usize, usize)>,
    /// Rows and columns of a phase.
    plane: (usize, usize),
}

impl Packing {
    /// The layout of the input of a convolution.
    pub fn of_input(g: &Geometry) -> Self {
        let s = g.window.stride;
        let residues = |taps: usize| -> Vec<usize> {
            let mut all: Vec<usize> = (0..taps).map(|tap| tap * g.window.dilation % s).collect();
            all.sort_unstable();
            all.dedup();
            all
        };
        let phases = residues(g.kh).iter().flat_map(|&y| residues(g.kw).into_iter().map(move |x| (y, x))).collect();
        let padding = g.window.padding as isize;
        Self {
            channels: g.ci,
            size: (g.hi, g.wi),
            stride: s,
            before: (padding, padding),
            phases,
            plane: (g.ho + g.window.dilation * (g.kh - 1) / s, g.wo + g.window.dilation * (g.kw - 1) / s),
        }
    }

    /// A layout without phases: planes of `plane` pixels whose first lies `before` the image's.
    pub fn shifted(channels: usize, size: (usize, usize), before: (isize, isize), plane: (usize, usize)) -> Self {
        Self { channels, size, stride: 1, before, phases: vec![(0, 0)], plane }
    }

    /// Whether the layout is that of the tensor itself.
    pub fn is_identity(&self) -> bool {
        self.stride == 1 && self.before == (0, 0) && self.plane == self.size
    }

    /// Elements of one packed channel.
    pub fn channel(&self) -> usize {
        self.phases.len() * self.plane.0 * self.plane.1
    }

    /// Elements from a packed row to the next.
    pub fn row(&self) -> usize {
        self.plane.1
    }

    /// Elements of one image before.
    pub fn source(&self) -> usize {
        self.channels * self.size.0 * self.size.1
    }

    /// Elements of one packed image.
    pub fn image(&self) -> usize {
        self.channels * self.channel()
    }

    /// Where the pixels are that the tap `(y, x)`, counted in pixels from the window's first, reads of `channel`.
    pub fn offset(&self, channel: usize, (y, x): (usize, usize)) -> usize {
        let s = self.stride;
        let phase = self.phases.iter().position(|&phase| phase == (y % s, x % s)).unwrap_or_default();
        channel * self.channel() + phase * self.plane.0 * self.plane.1 + y / s * self.plane.1 + x / s
    }

    /// Lays out one image, and zeros after it.
    pub fn pack_with_slack<T: Element>(&self, image: &[T], packed: &mut [T]) {
        let (packed, slack) = packed.split_at_mut(self.image());
        self.pack(image, packed);
        slack.fill(T::ZERO);
    }

    /// Lays out one image.
    fn pack<T: Element>(&self, image: &[T], packed: &mut [T]) {
        let ((h, w), (rows, columns)) = (self.size, self.plane);
        let planes = packed.chunks_exact_mut(rows * columns);
        let sources = image.chunks_exact(h * w).flat_map(|channel| self.phases.iter().map(move |p| (channel, p)));
        for (plane, (channel, &(py, px))) in planes.zip(sources) {
            let (top, left) = (self.before.0 - py as isize, self.before.1 - px as isize);
            let (inside_y, inside_x) = (inside(h, self.stride, top, rows), inside(w, self.stride, left, columns));
            plane[..inside_y.start * columns].fill(T::ZERO);
            plane[inside_y.end * columns..].fill(T::ZERO);
            for y in inside_y {
                let row = &mut plane[y * columns..][..columns];
                let source = &channel[((y * self.stride) as isize - top) as usize * w..][..w];
                row[..inside_x.start].fill(T::ZERO);
                row[inside_x.end..].fill(T::ZERO);
                let first = ((inside_x.start * self.stride) as isize - left) as usize;
                let row = &mut row[inside_x.clone()];
                if row.is_empty() {
                    continue;
                }
                if self.stride == 1 {
                    row.copy_from_slice(&source[first..first + row.len()]);
                } else {
                    for (target, pixel) in row.iter_mut().zip(source[first..].iter().step_by(self.stride)) {
                        *target = *pixel;
                    }
                }
            }
        }
    }
}

/// Which of `count` places, `stride` pixels apart and the first `before` the image, lie on an image of `size` pixels.
fn inside(size: usize, stride: usize, before: isize, count: usize) -> Range<usize> {
    let place_of = |pixel: isize| ((pixel + before).max(0) as usize).div_ceil(stride).min(count);
    place_of(0)..place_of(size as isize).max(place_of(0))
}
