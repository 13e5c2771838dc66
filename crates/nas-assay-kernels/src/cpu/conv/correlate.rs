//! The main loop of convolutions and their gradients by the image.
//!
//! An output pixel is one chain of fused multiply-adds over input channels, rows of taps and columns of taps, in this order, starting from
//! zero. Many pixels and output channels are computed side by side in registers. Their [`Order`] does not change the chain.

use rayon::prelude::*;

use super::super::element::{Element, to_be_overwritten, with_scratch};
use super::super::isa::{Isa, vectorised};
use super::super::view::View;
#[cfg(target_arch = "x86_64")]
use super::avx512;
use super::geometry::Geometry;
use super::pack::{Packing, SLACK};
use super::window::Window;

/// What lies side by side in a vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Pixels of a row of the output.
    Rows,
    /// Pixels of the whole output, whose rows are joined by a [dense](Packing) layout.
    Joined,
    /// Output channels. The image is only padded; its pixels are read one by one, at any stride.
    Channels,
}

impl Order {
    /// The order for rows of `columns` outputs, `channels` channels for each group, and neighbouring outputs that read pixels `step` apart.
    pub fn of<T: Element>(isa: Isa, channels: usize, columns: usize, step: usize) -> Self {
        if !isa.runs_avx512::<T>() || columns.is_multiple_of(32) {
            Self::Rows
        } else if channels.is_multiple_of(CHANNELS.0) && columns.is_multiple_of(CHANNELS.1) && step <= 2 {
            Self::Channels
        } else {
            Self::Joined
        }
    }

    /// Rows and columns of an output of `rows` by `columns` pixels, as this order counts them.
    pub fn size(self, rows: usize, columns: usize) -> (usize, usize) {
        if self == Self::Joined { (1, rows * columns) } else { (rows, columns) }
    }
}

/// Where a correlation finds the pixels of a packed image.
pub(super) struct Source {
    /// Where each tap of each input channel of the first group starts, for the first output.
    pub offsets: Vec<usize>,
    /// The distance to the same tap of the next group.
    pub next_group: usize,
    /// The distance to the same tap for the next row of outputs.
    pub row: usize,
    /// The distance to the same tap for the next output of a row: more than 1 for [`Order::Channels`] only.
    pub step: usize,
}

/// The correlation of a packed image with packed weights, for all groups.
pub(super) struct Correlation<T> {
    groups: usize,
    /// Output channels of a group.
    outputs: usize,
    source: Source,
    /// Rows and columns of the output.
    size: (usize, usize),
    /// Whether the loops for AVX-512 run.
    avx512: bool,
    /// Channels and pixels in registers at a time.
    block: Block,
    /// `[group][channel block][tap][channel in block]`, filled up with zeros.
    weights: Vec<T>,
}

/// Output channels and output pixels that are computed in registers at a time.
type Block = (usize, usize);

/// The block of [`Order::Channels`].
const CHANNELS: Block = (32, 8);

/// The block for `outputs` channels of `columns` pixels a row: the one that takes least time, of the shapes that fit the vector registers
/// and keep both multiply-add units busy.
fn block<T>(avx512: bool, outputs: usize, columns: usize) -> Block {
    const SINGLE: [Block; 9] = [(4, 16), (8, 8), (4, 8), (2, 32), (2, 16), (2, 8), (1, 32), (1, 16), (1, 8)];
    const DOUBLE: [Block; 4] = [(4, 8), (2, 16), (2, 8), (1, 8)];
    const AVX512: [Block; 9] = [(8, 32), (4, 64), (8, 16), (4, 32), (4, 16), (2, 64), (2, 32), (1, 64), (1, 32)];
    let (shapes, least): (&[Block], usize) = match (avx512, size_of::<T>()) {
        (true, _) => (&AVX512, 128),
        (_, 4) => (&SINGLE, 48),
        _ => (&DOUBLE, 48),
    };
    let cost = |&&(c, w): &&Block| {
        let blocks = outputs.div_ceil(c) * columns.div_ceil(w);
        // A block of fewer than eight vectors waits for its own additions, and has more loads for each addition.
        blocks * (c * w).max(least)
    };
    *shapes.iter().min_by_key(cost).unwrap_or(&(1, 8))
}

impl<T: Element> Correlation<T> {
    /// A correlation for an output of `rows` by `columns` pixels, where `weight(g, o, t)` is the weight of tap `t` for output channel `o`
    /// of group `g`.
    pub fn new(
        (isa, order): (Isa, Order),
        (groups, outputs): (usize, usize),
        source: Source,
        (rows, columns): (usize, usize),
        weight: impl Fn(usize, usize, usize) -> T,
    ) -> Self {
        assert!(source.step == 1 || order == Order::Channels, "only channels in lanes are read at a stride");
        let (avx512, size) = (isa.runs_avx512::<T>(), order.size(rows, columns));
        let block = if order == Order::Channels { CHANNELS } else { block::<T>(avx512, outputs, size.1) };
        let taps = source.offsets.len();
        let mut weights = vec![T::ZERO; groups * outputs.next_multiple_of(block.0) * taps];
        let mut blocks = weights.chunks_exact_mut((taps * block.0).max(1));
        for group in 0..groups {
            for first in (0..outputs).step_by(block.0) {
                let Some(packed) = blocks.next() else { continue };
                for (place, output) in (first..outputs.min(first + block.0)).enumerate() {
                    for (tap, taps) in packed.chunks_exact_mut(block.0).enumerate() {
                        taps[place] = weight(group, output, tap);
                    }
                }
            }
        }
        Self { groups, outputs, source, size, avx512, block, weights }
    }

    /// Whether no vector reads beyond the packed image.
    pub fn needs_no_slack(&self) -> bool {
        self.size.1.is_multiple_of(self.block.1)
    }

    /// Computes all channels of one image.
    pub fn run(&self, isa: Isa, packed: &[T], output: &mut [T]) {
        let (channels, pixels) = (self.block.0, self.size.0 * self.size.1);
        let mut weights = self.weights.chunks_exact((self.source.offsets.len() * channels).max(1));
        for (group, output) in output.chunks_exact_mut(self.outputs * pixels).enumerate().take(self.groups) {
            for output in output.chunks_mut(channels * pixels) {
                let weights = weights.next().unwrap_or_default();
                self.run_block(isa, &packed[group * self.source.next_group..], weights, output);
            }
        }
    }

    /// Computes one block of channels.
    fn run_block(&self, isa: Isa, packed: &[T], weights: &[T], output: &mut [T]) {
        let Source { offsets, row, step, .. } = &self.source;
        #[cfg(target_arch = "x86_64")]
        if self.avx512
            && let (Some(packed), Some(weights), Some(output)) =
                (T::as_f32(packed), T::as_f32(weights), T::as_f32_mut(output))
        {
            if self.block == CHANNELS {
                let run = if *step == 1 { avx512::correlate_channels::<1> } else { avx512::correlate_channels::<2> };
                // SAFETY: `avx512` is true only if the processor has AVX-512F.
                return unsafe { run(packed, offsets, weights, *row, self.size, output) };
            }
            let run = match self.block {
                (8, 32) => avx512::correlate::<8, 2>,
                (8, _) => avx512::correlate::<8, 1>,
                (4, 64) => avx512::correlate::<4, 4>,
                (4, 32) => avx512::correlate::<4, 2>,
                (4, _) => avx512::correlate::<4, 1>,
                (2, 64) => avx512::correlate::<2, 4>,
                (2, _) => avx512::correlate::<2, 2>,
                (_, 64) => avx512::correlate::<1, 4>,
                _ => avx512::correlate::<1, 2>,
            };
            // SAFETY: as above.
            return unsafe { run(packed, offsets, weights, *row, self.size, output) };
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
        run(isa, packed, offsets, weights, *row, self.size, output);
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

/// `y = conv(x, w)`, with the part `view` of `w`.
pub(super) fn convolve<T: Element>(isa: Isa, g: &Geometry, x: &[T], w: &[T], view: &View) -> Vec<T> {
    let (g, taps) = (g.flat(), g.kh * g.kw);
    let Window { stride, dilation, .. } = g.window;
    let order = Order::of::<T>(isa, g.cog(), g.wo, stride);
    let packing =
        if order == Order::Channels { Packing::padded(&g) } else { Packing::of_input(&g, order == Order::Joined) };
    let offsets = (0..g.cig() * taps).map(|t| {
        let (y, x) = (t % taps / g.kw, t % g.kw);
        packing.offset(t / taps, (y * dilation, x * dilation))
    });
    let (row, step) = if order == Order::Channels { (stride * packing.row(), stride) } else { (packing.row(), 1) };
    let kernel = view.gather(w);
    let (cog, depth) = (g.cog(), g.cig() * taps);
    let correlation = Correlation::new(
        (isa, order),
        (g.window.groups, g.cog()),
        Source { offsets: offsets.collect(), next_group: g.cig() * packing.channel(), row, step },
        (g.ho, g.wo),
        |group, output, tap| kernel[(group * cog + output) * depth + tap],
    );
    let in_place = packing.is_identity() && correlation.needs_no_slack();
    each_image(isa, &packing, in_place, x, g.co * g.ho * g.wo, 0, |packed, _, output| {
        correlation.run(isa, packed, output);
    })
}

/// One result of `len` elements for each image of `images`. `compute` gets the packed image (the image itself if `in_place`), `extra`
/// elements of scratch memory, and the result to write.
pub(super) fn each_image<T: Element>(
    isa: Isa,
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
            packing.pack_with_slack(isa, image, packed);
            compute(packed, extra, output);
        });
    });
    outputs
}
