//! The gradient of a convolution by its weights.
//!
//! The gradient by a weight is a sum over images and output pixels, in this order: the images are cut into at most [`PARTS`] parts, and
//! each part into batches of a few images. In a batch, row by row, output column `x` is added to lane `x mod 8`. Then the lanes are added
//! as a tree, the batches in their order, and the parts in theirs.

use rayon::prelude::*;

use super::super::element::{Element, LANES, with_scratch};
use super::super::isa::{Isa, vectorised};
#[cfg(target_arch = "x86_64")]
use super::avx512;
use super::geometry::Geometry;
use super::pack::{Packing, SLACK};
use super::rows::Rows;

/// The largest number of parts that the images are cut into, whatever the number of threads.
const PARTS: usize = 16;

/// Elements that the loop over a batch of images may read before its sums leave the registers: they stay in the first-level cache.
const WORKING_SET: usize = 6 * 1024;

/// The gradient by the weights, given the gradient by the output.
pub(super) fn weight_gradient<T: Element>(isa: Isa, g: &Geometry, x: &[T], gy: &[T]) -> Vec<T> {
    let plan = Plan::new::<T>(isa, g);
    let g = &plan.g;
    let (image, output) = (g.ci * g.hi * g.wi, g.co * g.ho * g.wo);
    let images = g.n.div_ceil(PARTS);
    let parts: Vec<Vec<T>> = x
        .par_chunks(images * image)
        .zip(gy.par_chunks(images * output))
        .map(|(x, gy)| {
            let mut sums = vec![T::ZERO; g.co * g.cig() * g.kh * g.kw];
            for (x, gy) in x.chunks(plan.together * image).zip(gy.chunks(plan.together * output)) {
                plan.add(isa, x, gy, &mut sums);
            }
            sums
        })
        .collect();
    let mut parts = parts.into_iter();
    let mut total = parts.next().unwrap_or_default();
    for part in parts {
        total.iter_mut().zip(part).for_each(|(total, part)| *total += part);
    }
    total
}

/// What all parts have in common.
struct Plan {
    g: Geometry,
    packing: Packing,
    /// Where each tap of each input channel of a group starts.
    offsets: Vec<usize>,
    /// Output columns, with zeros up to whole vectors.
    columns: usize,
    /// Images of a batch. It is a part of the order of the sum, so it must be the same for every layout.
    together: usize,
    /// Whether output channels are summed in pairs, with AVX-512.
    in_pairs: bool,
    /// Whether the rows of an image follow each other without a gap, as one row.
    dense: bool,
}

impl Plan {
    fn new<T: Element>(isa: Isa, g: &Geometry) -> Self {
        let (g, taps, dilation) = (g.flat(), g.kh * g.kw, g.window.dilation);
        // A single channel would leave half of an AVX-512 vector empty.
        let in_pairs = isa.runs_avx512::<T>() && g.cog() > 1;
        let padded = Packing::of_input(&g, false);
        let columns = g.wo.next_multiple_of(LANES);
        let together = (WORKING_SET / (4 * g.ho * columns + padded.channel())).clamp(1, PARTS);
        // Without gaps between short rows they are one row. Rows of whole vectors keep each pixel in its lane.
        let dense = in_pairs && columns == g.wo && g.wo <= 2 * LANES && g.kw > 1 && g.window.stride == 1;
        let packing = if dense { Packing::of_input(&g, true) } else { padded };
        let offsets = (0..g.cig() * taps).map(|t| {
            let (y, x) = (t % taps / g.kw, t % g.kw);
            packing.offset(t / taps, (y * dilation, x * dilation))
        });
        Self { offsets: offsets.collect(), columns, in_pairs, dense, together, g, packing }
    }

    /// Adds the gradient over a batch of images.
    fn add<T: Element>(&self, isa: Isa, x: &[T], gy: &[T], sums: &mut [T]) {
        let g = &self.g;
        let images = x.len() / self.packing.source();
        let in_pairs = self.in_pairs;
        let x_in_place = self.packing.is_identity() && self.columns == g.wo;
        let gy_in_place = self.columns == g.wo && !in_pairs;
        let x_image = if x_in_place { self.packing.source() } else { self.packing.image() };
        let channels = if in_pairs { g.window.groups * g.cog().next_multiple_of(2) } else { g.co };
        let gy_image = channels * g.ho * self.columns;
        let x_copy = if x_in_place { 0 } else { images * x_image + SLACK };
        let gy_copy = if gy_in_place { 0 } else { images * gy_image };
        with_scratch(x_copy + gy_copy, |scratch| {
            let (packed_x, packed_gy) = scratch.split_at_mut(x_copy);
            if !x_in_place {
                for (image, x) in x.chunks_exact(self.packing.source()).enumerate() {
                    // The slack of an image is overwritten by the next.
                    self.packing.pack_with_slack(isa, x, &mut packed_x[image * x_image..][..x_image + SLACK]);
                }
            }
            if in_pairs {
                self.pair_channels(gy, packed_gy);
            } else if !gy_in_place {
                for (row, gy) in packed_gy.chunks_exact_mut(self.columns).zip(gy.chunks_exact(g.wo)) {
                    row[..g.wo].copy_from_slice(gy);
                    row[g.wo..].fill(T::ZERO);
                }
            }
            let rows = Rows {
                images,
                lines: if self.dense { 1 } else { g.ho },
                columns: if self.dense { g.ho * g.wo } else { self.columns },
                x_row: self.packing.row(),
                x_image,
                gy_image,
            };
            let x = if x_in_place { x } else { packed_x };
            let gy = if gy_in_place { gy } else { packed_gy };
            for group in 0..g.window.groups {
                let x = &x[group * g.cig() * self.packing.channel()..];
                let gy = &gy[group * (channels / g.window.groups) * g.ho * self.columns..];
                let sums = &mut sums[group * g.cog() * self.offsets.len()..][..g.cog() * self.offsets.len()];
                self.add_group(isa, &rows, x, gy, sums);
            }
        });
    }

    /// Lays out the gradient by the output so that eight columns of one channel are followed by the same columns of the next: one vector of
    /// AVX-512.
    fn pair_channels<T: Element>(&self, gy: &[T], pairs: &mut [T]) {
        let g = &self.g;
        let plane = g.ho * g.wo;
        let (mut pairs, _) = pairs.as_chunks_mut::<LANES>();
        for group in gy.chunks_exact(g.cog() * plane) {
            for channels in group.chunks(2 * plane) {
                let (pair, rest) = pairs.split_at_mut(2 * g.ho * self.columns / LANES);
                pairs = rest;
                for (second, channel) in [(0, Some(&channels[..plane])), (1, channels.get(plane..2 * plane))] {
                    let mut places = pair[second..].iter_mut().step_by(2);
                    let Some(channel) = channel else {
                        places.for_each(|place| *place = [T::ZERO; LANES]);
                        continue;
                    };
                    for row in channel.chunks_exact(g.wo) {
                        let (whole, rest) = row.as_chunks::<LANES>();
                        for (eight, place) in whole.iter().zip(&mut places) {
                            *place = *eight;
                        }
                        if !rest.is_empty()
                            && let Some(place) = places.next()
                        {
                            *place = [T::ZERO; LANES];
                            place[..rest.len()].copy_from_slice(rest);
                        }
                    }
                }
            }
        }
    }

    /// Adds the gradient by the weights of a group.
    fn add_group<T: Element>(&self, isa: Isa, rows: &Rows, x: &[T], gy: &[T], sums: &mut [T]) {
        let (taps, plane, offsets) = (self.offsets.len(), rows.lines * rows.columns, &self.offsets);
        let mut output = 0;
        while output < self.g.cog() {
            let left = self.g.cog() - output;
            let (gy, sums) = (&gy[output * plane..], &mut sums[output * taps..]);
            #[cfg(target_arch = "x86_64")]
            if self.in_pairs
                && let (Some(x), Some(gy), Some(sums)) = (T::as_f32(x), T::as_f32(gy), T::as_f32_mut(sums))
            {
                // As many sums as fit into 32 registers, with few taps beyond the last.
                output += match left {
                    7.. if taps.is_multiple_of(4) && !taps.is_multiple_of(6) => {
                        add_pairs::<4, 4>(rows, x, offsets, gy, sums)
                    }
                    7.. => add_pairs::<4, 6>(rows, x, offsets, gy, sums),
                    3.. => add_pairs::<2, 9>(rows, x, offsets, gy, sums),
                    _ => add_pairs::<1, 9>(rows, x, offsets, gy, sums),
                };
                continue;
            }
            // As many sums as fit into 16 registers: twelve vectors of f32, or half as many of f64, which take two registers each.
            output += match left {
                4.. if size_of::<T>() == 4 => add_outputs::<T, 4, 3>(isa, rows, x, offsets, gy, sums),
                2.. => add_outputs::<T, 2, 3>(isa, rows, x, offsets, gy, sums),
                _ if taps >= 9 && size_of::<T>() == 4 => add_outputs::<T, 1, 9>(isa, rows, x, offsets, gy, sums),
                _ => add_outputs::<T, 1, 3>(isa, rows, x, offsets, gy, sums),
            };
        }
    }
}

/// Adds the gradient by all taps of `C` output channels, `P` taps at a time. Returns `C`.
fn add_outputs<T: Element, const C: usize, const P: usize>(
    isa: Isa,
    rows: &Rows,
    x: &[T],
    offsets: &[usize],
    gy: &[T],
    sums: &mut [T],
) -> usize {
    for (first, count, taps) in tap_blocks::<P>(offsets) {
        let mut lanes = [[[T::ZERO; LANES]; P]; C];
        products(isa, *rows, x, taps, gy, &mut lanes);
        for (c, lanes) in lanes.iter().enumerate() {
            for (sum, lanes) in sums[c * offsets.len() + first..][..count].iter_mut().zip(lanes) {
                *sum += total(lanes);
            }
        }
    }
    C
}

/// Adds the gradient by all taps of `C` pairs of output channels, `P` taps at a time. Returns the number of channels.
#[cfg(target_arch = "x86_64")]
fn add_pairs<const C: usize, const P: usize>(
    rows: &Rows,
    x: &[f32],
    offsets: &[usize],
    gy: &[f32],
    sums: &mut [f32],
) -> usize {
    for (first, count, taps) in tap_blocks::<P>(offsets) {
        // SAFETY: channels are summed in pairs only if the processor has AVX-512F.
        let products: [[[f32; 2]; P]; C] = unsafe { avx512::products(rows, x, taps, gy) };
        // A last channel without a partner is paired with zeros, whose sums have no place.
        for (channel, sums) in sums.chunks_exact_mut(offsets.len()).take(2 * C).enumerate() {
            for (sum, product) in sums[first..][..count].iter_mut().zip(&products[channel / 2]) {
                *sum += product[channel % 2];
            }
        }
    }
    2 * C
}

/// The taps, `P` at a time: the index of the first, their number, and where they start. Beyond the last tap it is repeated; the caller
/// drops these results.
fn tap_blocks<const P: usize>(offsets: &[usize]) -> impl Iterator<Item = (usize, usize, [usize; P])> {
    (0..offsets.len()).step_by(P).map(|first| {
        let count = P.min(offsets.len() - first);
        (first, count, std::array::from_fn(|p| offsets[first + p.min(count - 1)]))
    })
}

/// The sum of all lanes.
fn total<T: Element>(l: &[T; LANES]) -> T {
    ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]))
}

vectorised! {
    /// `Σ gy[c][i] x[tap + i]` over all pixels `i` of all rows, lane by lane, for `C` channels and `P` taps.
    ///
    /// The caller adds the lanes. If the compiler saw that here, it would make vectors of sums instead of pixels.
    #[inline(never)]
    fn products<T, C, P>(rows: Rows, x: &[T], taps: [usize; P], gy: &[T], lanes: &mut [[[T; LANES]; P]; C]) {
        let plane = rows.lines * rows.columns;
        let last = taps.iter().fold(0, |a, &b| a.max(b));
        assert!(rows.images > 0 && plane > 0 && rows.columns.is_multiple_of(LANES));
        assert!((rows.images - 1) * rows.x_image + last + (rows.lines - 1) * rows.x_row + rows.columns <= x.len());
        assert!((rows.images - 1) * rows.gy_image + C * plane <= gy.len());
        let mut sums = [[[T::ZERO; LANES]; P]; C];
        for image in 0..rows.images {
            for row in 0..rows.lines {
                let x_row = image * rows.x_image + row * rows.x_row;
                let gy_row = image * rows.gy_image + row * rows.columns;
                for column in (0..rows.columns).step_by(LANES) {
                    // SAFETY: `image`, `row` and `column + LANES` are at most those of the assertion on `x` above.
                    let x = taps.map(|tap| unsafe { *x.as_ptr().add(x_row + column + tap).cast::<[T; LANES]>() });
                    for c in 0..C {
                        // SAFETY: the same, with the assertion on `gy`; channel `c` is `plane` elements after `c - 1`.
                        let gy = unsafe { *gy.as_ptr().add(gy_row + column + c * plane).cast::<[T; LANES]>() };
                        for p in 0..P {
                            for i in 0..LANES {
                                sums[c][p][i] = x[p][i].fma(gy[i], sums[c][p][i]);
                            }
                        }
                    }
                }
            }
        }
        *lanes = sums;
    }
}
