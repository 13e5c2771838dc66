//! The loop that convolutions and their image gradients spend their time in.
//!
//! An output pixel is one chain of fused multiply-adds over input channels, tap rows and tap columns, in this order, starting
//! from zero. Many pixels and output channels are computed side by side in registers; that does not touch the chain.

use rayon::prelude::*;

use super::super::element::{Element, to_be_overwritten, with_scratch};
use super::super::isa::{Isa, vectorised};
use super::super::view::View;
use super::geometry::Geometry;
use super::pack::{Packing, SLACK};
#[cfg(target_arch = "x86_64")]
use super::wide;

/// The correlation of a packed image with packed weights, for all groups.
pub(super) struct Correlation<T> {
    groups: usize,
    /// Output channels of a group.
    outputs: usize,
    /// Where each tap of each input channel of a group starts, and the same for the next group so much later.
    offsets: Vec<usize>,
    next_group: usize,
    /// From an input row to the next.
    row: usize,
    /// Rows and columns of the output.
    size: (usize, usize),
    /// Whether the loop for AVX-512 runs.
    wide: bool,
    /// Channels and pixels in registers at a time.
    block: Block,
    /// `[group][channel block][tap][channel in block]`, filled up with zeros.
    weights: Vec<T>,
}

/// Whether the loops for AVX-512 take over.
pub(super) fn is_wide<T: Element>(isa: Isa) -> bool {
    isa.has_avx512() && T::singles(&[]).is_some()
}

/// Whether rows of `columns` outputs are laid out [densely](Packing): if they would not fill wide vectors.
pub(super) fn is_dense<T: Element>(isa: Isa, columns: usize) -> bool {
    is_wide::<T>(isa) && !columns.is_multiple_of(32)
}

/// Output channels by output pixels.
type Block = (usize, usize);

/// The block for `outputs` channels of `columns` pixels a row: of the shapes that keep both multiply-add units busy from the
/// vector registers there are, the one that takes least time.
fn block<T>(wide: bool, outputs: usize, columns: usize) -> Block {
    const SINGLE: [Block; 9] = [(4, 16), (8, 8), (4, 8), (2, 32), (2, 16), (2, 8), (1, 32), (1, 16), (1, 8)];
    const DOUBLE: [Block; 4] = [(4, 8), (2, 16), (2, 8), (1, 8)];
    const WIDE: [Block; 9] = [(8, 32), (4, 64), (8, 16), (4, 32), (4, 16), (2, 64), (2, 32), (1, 64), (1, 32)];
    let (shapes, least): (&[Block], usize) = match (wide, size_of::<T>()) {
        (true, _) => (&WIDE, 128),
        (_, 4) => (&SINGLE, 48),
        _ => (&DOUBLE, 48),
    };
    let cost = |&&(c, w): &&Block| {
        let blocks = outputs.div_ceil(c) * columns.div_ceil(w);
        // A block of less than eight vectors waits for the latency of its additions, and pays more for its loads.
        blocks * (c * w).max(least)
    };
    *shapes.iter().min_by_key(cost).unwrap_or(&(1, 8))
}

impl<T: Element> Correlation<T> {
    /// A correlation whose output channel `o` of group `g` weighs tap `t` by `weight(g, o, t)`.
    pub fn new(
        isa: Isa,
        (groups, outputs): (usize, usize),
        (offsets, next_group, row): (Vec<usize>, usize, usize),
        size: (usize, usize),
        weight: impl Fn(usize, usize, usize) -> T,
    ) -> Self {
        let wide = is_wide::<T>(isa);
        let block = block::<T>(wide, outputs, size.1);
        let mut weights = Vec::with_capacity(groups * outputs.next_multiple_of(block.0) * offsets.len());
        for group in 0..groups {
            for first in (0..outputs).step_by(block.0) {
                for tap in 0..offsets.len() {
                    weights.extend(
                        (first..first + block.0)
                            .map(|output| if output < outputs { weight(group, output, tap) } else { T::ZERO }),
                    );
                }
            }
        }
        Self { groups, outputs, offsets, next_group, row, size, wide, block, weights }
    }

    /// Whether a packed image without slack is long enough for the vectors.
    pub fn needs_no_slack(&self) -> bool {
        self.size.1.is_multiple_of(self.block.1)
    }

    /// Computes all channels of one image.
    pub fn run(&self, isa: Isa, packed: &[T], output: &mut [T]) {
        let (channels, pixels) = (self.block.0, self.size.0 * self.size.1);
        let mut weights = self.weights.chunks_exact((self.offsets.len() * channels).max(1));
        for (group, output) in output.chunks_exact_mut(self.outputs * pixels).enumerate().take(self.groups) {
            for output in output.chunks_mut(channels * pixels) {
                let weights = weights.next().unwrap_or_default();
                self.run_block(isa, &packed[group * self.next_group..], weights, output);
            }
        }
    }

    /// Computes one block of channels.
    fn run_block(&self, isa: Isa, packed: &[T], weights: &[T], output: &mut [T]) {
        #[cfg(target_arch = "x86_64")]
        if self.wide
            && let (Some(packed), Some(weights), Some(output)) =
                (T::singles(packed), T::singles(weights), T::singles_mut(output))
        {
            let run = match self.block {
                (8, 32) => wide::correlate::<8, 2>,
                (8, _) => wide::correlate::<8, 1>,
                (4, 64) => wide::correlate::<4, 4>,
                (4, 32) => wide::correlate::<4, 2>,
                (4, _) => wide::correlate::<4, 1>,
                (2, 64) => wide::correlate::<2, 4>,
                (2, _) => wide::correlate::<2, 2>,
                (_, 64) => wide::correlate::<1, 4>,
                _ => wide::correlate::<1, 2>,
            };
            // SAFETY: the processor has AVX-512, or `wide` were false.
            return unsafe { run(packed, &self.offsets, weights, self.row, self.size, output) };
        }
        let run = match self.block {
            (8, 8) => correlate::<T, 8, 8>,
            (4, 16) => correlate::<T, 4, 16>,
            (4, 8) => correlate::<T, 4, 8>,
            (2, 32) => correlate::<T, 2, 32>,
            (2, 16) => correlate::<T, 2, 16>,
            (2, 8) => correlate::<T, 2, 8>,
            (1, 32) => correlate::<T, 1, 32>,
            (1, 16) => correlate::<T, 1, 16>,
            _ => correlate::<T, 1, 8>,
        };
        run(isa, packed, &self.offsets, weights, self.row, self.size, output);
    }
}

vectorised! {
    /// Up to `C` output channels, `W` pixels at a time: `output[c][y][x] = Σ_t packed[offset_t + y row + x] weights[t][c]`.
    fn correlate<T, C, W>(
        packed: &[T],
        offsets: &[usize],
        weights: &[T],
        row: usize,
        size: (usize, usize),
        output: &mut [T],
    ) {
        let (rows, columns) = size;
        let (weights, _) = weights.as_chunks::<C>();
        let Some(&last) = offsets.iter().max() else { return output.fill(T::ZERO) };
        if rows * columns == 0 {
            return;
        }
        assert_eq!(weights.len(), offsets.len());
        assert!(last + (rows - 1) * row + columns.next_multiple_of(W) <= packed.len());
        for y in 0..rows {
            for x in (0..columns).step_by(W) {
                let mut sums = [[T::ZERO; W]; C];
                let start = y * row + x;
                for (&offset, weights) in offsets.iter().zip(weights) {
                    // SAFETY: start <= (rows - 1) row + next_multiple(columns) - W and offset <= last, so the assertion
                    // above puts the last of the W elements inside `packed`.
                    let pixels = unsafe { &*packed.as_ptr().add(start + offset).cast::<[T; W]>() };
                    for c in 0..C {
                        for i in 0..W {
                            sums[c][i] = pixels[i].fma(weights[c], sums[c][i]);
                        }
                    }
                }
                let count = W.min(columns - x);
                for (sums, output) in sums.iter().zip(output.chunks_exact_mut(rows * columns)) {
                    output[y * columns + x..][..count].copy_from_slice(&sums[..count]);
                }
            }
        }
    }
}

/// `y = conv(x, w)`, of the part of `w` that is in view.
pub(super) fn convolve<T: Element>(isa: Isa, g: &Geometry, x: &[T], w: &[T], view: &View) -> Vec<T> {
    let (g, taps) = (g.flat(), g.kh * g.kw);
    let dense = is_dense::<T>(isa, g.wo);
    let packing = Packing::of_input(&g, dense);
    let dilation = g.window.dilation;
    let offsets = (0..g.cig() * taps).map(|t| {
        let (y, x) = (t % taps / g.kw, t % g.kw);
        packing.offset(t / taps, (y * dilation, x * dilation))
    });
    let correlation = Correlation::new(
        isa,
        (g.window.groups, g.cog()),
        (offsets.collect(), g.cig() * packing.channel(), packing.row()),
        if dense { (1, g.ho * g.wo) } else { (g.ho, g.wo) },
        |group, output, tap| w[view.at(group * g.cog() + output, tap)],
    );
    let in_place = packing.is_identity() && correlation.needs_no_slack();
    each_image(&packing, in_place, x, g.co * g.ho * g.wo, 0, |packed, _, output| correlation.run(isa, packed, output))
}

/// One result of `len` elements for each image of `images`, computed from the packed image with `extra` elements of scratch;
/// from the image itself if `in_place`.
pub(super) fn each_image<T: Element>(
    packing: &Packing,
    in_place: bool,
    images: &[T],
    len: usize,
    extra: usize,
    compute: impl Fn(&[T], &mut [T], &mut [T]) + Sync,
) -> Vec<T> {
    let copy = if in_place { 0 } else { packing.image() + SLACK };
    let mut outputs = to_be_overwritten(images.len() / packing.source() * len);
    outputs.par_chunks_exact_mut(len).zip(images.par_chunks_exact(packing.source())).for_each(|(output, image)| {
        with_scratch(copy + extra, |scratch| {
            let (packed, extra) = scratch.split_at_mut(copy);
            if in_place {
                return compute(image, extra, output);
            }
            packing.pack_with_slack(image, packed);
            compute(packed, extra, output);
        });
    });
    outputs
}
