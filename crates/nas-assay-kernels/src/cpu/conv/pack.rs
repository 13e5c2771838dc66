//! Images laid out so that every tap of a window reads a contiguous row.
//!
//! The padding is written as zeros. With stride `s` the padded image is cut into `s²` phases: pixel `(y, x)` goes to place `(y / s, x / s)`
//! of phase `(y mod s, x mod s)`. Then, at any stride and dilation, the pixels that a tap reads for neighbouring outputs lie side by side
//! in one phase.
//!
//! If a row of the output is too short to fill vectors, the layout is dense: each column of taps has its own phase, with only the pixels
//! that it reads. Then the rows of an output follow each other without a gap, as one long row.

use std::ops::Range;

use super::super::element::Element;
use super::super::isa::Isa;
#[cfg(target_arch = "x86_64")]
use super::avx512;
use super::geometry::Geometry;
use super::window::Window;

/// Elements that a vector may read beyond the last row.
pub(super) const SLACK: usize = 64;

/// How the images of a tensor are laid out.
#[derive(Clone, Debug)]
pub(super) struct Packing {
    channels: usize,
    /// Rows and columns of the image.
    size: (usize, usize),
    /// Pixels of the image from one row of a phase to the next.
    stride: usize,
    /// How many pixels row 0 and column 0 of the padded image lie before the first pixel of the image.
    before: (isize, isize),
    /// Whether each column of taps has its own phase.
    dense: bool,
    /// The phases that some tap reads: the remainder of the row by the stride and that of the column, or in a dense layout the column of
    /// the window.
    phases: Vec<(usize, usize)>,
    /// Rows and columns of a phase.
    plane: (usize, usize),
}

impl Packing {
    /// The layout of the input of a convolution.
    pub fn of_input(g: &Geometry, dense: bool) -> Self {
        let (s, dilation) = (g.window.stride, g.window.dilation);
        let residues = |taps: usize| distinct((0..taps).map(|tap| tap * dilation % s));
        let columns = if dense { (0..g.kw).map(|tap| tap * dilation).collect() } else { residues(g.kw) };
        let phases = residues(g.kh).iter().flat_map(|&y| columns.iter().map(move |&x| (y, x))).collect();
        let padding = g.window.padding as isize;
        Self {
            channels: g.ci,
            size: (g.hi, g.wi),
            stride: s,
            before: (padding, padding),
            dense,
            phases,
            plane: (g.ho + dilation * (g.kh - 1) / s, g.wo + if dense { 0 } else { dilation * (g.kw - 1) / s }),
        }
    }

    /// The input of a convolution, only padded.
    pub fn padded(g: &Geometry) -> Self {
        let Window { stride, padding, dilation, .. } = g.window;
        let extent = |outputs: usize, taps: usize| (outputs - 1) * stride + dilation * (taps - 1) + 1;
        let before = (padding as isize, padding as isize);
        Self::shifted(g.ci, (g.hi, g.wi), before, (extent(g.ho, g.kh), extent(g.wo, g.kw)), None)
    }

    /// A layout of stride one: planes of `plane` pixels that begin `before` the first pixel of the image. It is dense if the `columns` that
    /// the taps read are given.
    pub fn shifted(
        channels: usize,
        size: (usize, usize),
        before: (isize, isize),
        plane: (usize, usize),
        columns: Option<&[usize]>,
    ) -> Self {
        let phases = columns.unwrap_or(&[0]).iter().map(|&x| (0, x)).collect();
        Self { channels, size, stride: 1, before, dense: columns.is_some(), phases, plane }
    }

    /// Whether the packed image equals the image.
    pub fn is_identity(&self) -> bool {
        self.stride == 1 && self.before == (0, 0) && self.plane == self.size && self.phases == [(0, 0)]
    }

    /// Elements of one packed channel.
    pub fn channel(&self) -> usize {
        self.phases.len() * self.plane.0 * self.plane.1
    }

    /// Elements from one packed row to the next.
    pub fn row(&self) -> usize {
        self.plane.1
    }

    /// Elements of one image before packing.
    pub fn source(&self) -> usize {
        self.channels * self.size.0 * self.size.1
    }

    /// Elements of one packed image.
    pub fn image(&self) -> usize {
        self.channels * self.channel()
    }

    /// Where the tap `(y, x)` of the window, counted in pixels, starts to read `channel`.
    pub fn offset(&self, channel: usize, (y, x): (usize, usize)) -> usize {
        let s = self.stride;
        let (column, x) = if self.dense { (x, 0) } else { (x % s, x / s) };
        let phase = self.phases.iter().position(|&phase| phase == (y % s, column)).unwrap_or_default();
        channel * self.channel() + phase * self.plane.0 * self.plane.1 + y / s * self.plane.1 + x
    }

    /// Packs one image, and writes zeros after it.
    pub fn pack_with_slack<T: Element>(&self, isa: Isa, image: &[T], packed: &mut [T]) {
        let (packed, slack) = packed.split_at_mut(self.image());
        self.pack(isa, image, packed);
        slack.fill(T::ZERO);
    }

    /// Packs one image.
    fn pack<T: Element>(&self, isa: Isa, image: &[T], packed: &mut [T]) {
        let ((h, w), (rows, columns)) = (self.size, self.plane);
        let planes = packed.chunks_exact_mut(rows * columns);
        let sources = image.chunks_exact(h * w).flat_map(|channel| self.phases.iter().map(move |p| (channel, p)));
        for (plane, (channel, &(py, px))) in planes.zip(sources) {
            let (top, left) = (self.before.0 - py as isize, self.before.1 - px as isize);
            let (inside_y, inside_x) = (inside(h, self.stride, top, rows), inside(w, self.stride, left, columns));
            plane[..inside_y.start * columns].fill(T::ZERO);
            plane[inside_y.end * columns..].fill(T::ZERO);
            if self.stride == 1 && columns == w {
                let source = &channel[(inside_y.start as isize - top) as usize * w..][..inside_y.len() * w];
                shift(source, left, &mut plane[inside_y.start * w..inside_y.end * w], w, &inside_x);
                continue;
            }
            if !inside_y.is_empty() {
                let source = &channel[((inside_y.start * self.stride) as isize - top) as usize * w..];
                let inner = &mut plane[inside_y.start * columns..inside_y.end * columns];
                if copy_rows_avx512(isa, self.stride, (source, w), left, (inner, columns)) {
                    continue;
                }
            }
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
                match self.stride {
                    1 => copy_row(&source[first..first + row.len()], row),
                    2 => copy_every_second(&source[first..], row),
                    s => row.iter_mut().zip(source[first..].iter().step_by(s)).for_each(|(to, from)| *to = *from),
                }
            }
        }
    }
}

/// Copies rows of `w` pixels, each moved to the right by `right` places, with zeros outside `inside`.
///
/// Both sides have rows of the same length, so one copy moves all of them. The pixels that come from a neighbouring row are set to zero.
fn shift<T: Element>(from: &[T], right: isize, to: &mut [T], w: usize, inside: &Range<usize>) {
    let by = right.unsigned_abs().min(from.len());
    let count = from.len() - by;
    if right >= 0 {
        to[by..].copy_from_slice(&from[..count]);
    } else {
        to[..count].copy_from_slice(&from[by..]);
    }
    for outside in (0..inside.start).chain(inside.end..w) {
        for row in to.chunks_exact_mut(w) {
            row[outside] = T::ZERO;
        }
    }
}

/// Copies a row. Most rows are short, and a function call for each would take as long as the copy.
#[inline]
fn copy_row<T: Copy>(from: &[T], to: &mut [T]) {
    const SHORT: usize = 8;
    let len = to.len();
    let from = &from[..len];
    if !(SHORT..=4 * SHORT).contains(&len) {
        return to.copy_from_slice(from);
    }
    // Copies of constant length; the last ones overlap the others.
    let mut copy = |at: usize| to[at..at + SHORT].copy_from_slice(&from[at..at + SHORT]);
    copy(0);
    if len > 2 * SHORT {
        copy(SHORT);
        copy(len - 2 * SHORT);
    }
    copy(len - SHORT);
}

/// Fills `to` with every second element of `from`, from the first on.
fn copy_every_second<T: Copy>(from: &[T], to: &mut [T]) {
    // Vectors can split pairs. The last pixel may be without a partner.
    let (last, to) = to.split_last_mut().map_or((None, [].as_mut_slice()), |(last, rest)| (Some(last), rest));
    let count = to.len();
    for (to, [pixel, _]) in to.iter_mut().zip(from.as_chunks().0) {
        *to = *pixel;
    }
    if let Some(last) = last {
        *last = from[2 * count];
    }
}

/// Copies rows of `w` pixels to rows of `columns` pixels, `left` places further to the right, with AVX-512. Returns `false`, and does
/// nothing, if there is no such loop.
fn copy_rows_avx512<T: Element>(
    isa: Isa,
    stride: usize,
    (from, w): (&[T], usize),
    left: isize,
    (to, columns): (&mut [T], usize),
) -> bool {
    #[cfg(target_arch = "x86_64")]
    if isa.has_avx512()
        && let (Some(from), Some(to)) = (T::as_f32(from), T::as_f32_mut(to))
    {
        let copy = match stride {
            1 => avx512::copy_rows::<1>,
            2 => avx512::copy_rows::<2>,
            _ => return false,
        };
        // SAFETY: `isa` shows that the processor has AVX-512F.
        unsafe { copy(from, w, left, to, columns) };
        return true;
    }
    false
}

/// The distinct numbers, in order.
pub(super) fn distinct(numbers: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut all: Vec<usize> = numbers.collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Which of `count` places lie on an image of `size` pixels. The places are `stride` pixels apart, the first `before` the image.
fn inside(size: usize, stride: usize, before: isize, count: usize) -> Range<usize> {
    let place_of = |pixel: isize| ((pixel + before).max(0) as usize).div_ceil(stride).min(count);
    place_of(0)..place_of(size as isize).max(place_of(0))
}
