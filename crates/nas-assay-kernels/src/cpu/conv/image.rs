//! The gradient of a convolution by its image.
//!
//! Output `o` reads pixel `i` of the padded image through tap `t` if `i = s o + d t`, with stride `s` and dilation `d`. All pixels
//! `i = s q + r` with the same remainder `r`, a phase, are read through the same taps: those with `d t mod s = r`, by output
//! `o = q - d t / s`. That is a correlation with stride 1. So the gradient is `s²` such correlations, whose results interleave.

use std::ops::Range;

use super::super::element::Element;
use super::super::isa::Isa;
use super::super::view::View;
use super::correlate::{Correlation, Order, Source, each_image};
use super::geometry::Geometry;
use super::pack::{Packing, distinct};

/// In one direction, the image pixels of one remainder and the taps that read them.
struct Phase {
    /// Its first pixel on the image.
    first: usize,
    /// The number of its pixels on the image.
    count: usize,
    /// The quotient `q` of its first pixel.
    quotient: usize,
    /// The taps, with `d t / s`.
    taps: Vec<(usize, usize)>,
}

impl Phase {
    /// The output pixel that its first pixel needs through each tap, counted from output pixel `start`, the first that any pixel needs.
    fn places(&self, start: isize) -> impl Iterator<Item = usize> {
        let first = self.quotient as isize - start;
        self.taps.iter().map(move |tap| (first - tap.1 as isize) as usize)
    }
}

/// The phases of one direction that have pixels on an image of `size`.
fn phases(g: &Geometry, size: usize, taps: usize) -> Vec<Phase> {
    let (s, d, p) = (g.window.stride, g.window.dilation, g.window.padding);
    (0..s.min(size))
        .map(|first| Phase {
            first,
            count: (size - first).div_ceil(s),
            quotient: (first + p) / s,
            // In descending order the taps read ascending addresses.
            taps: (0..taps).rev().filter(|t| d * t % s == (first + p) % s).map(|t| (t, d * t / s)).collect(),
        })
        .collect()
}

/// The output pixels that the phases of one direction need. The first can be negative: it then lies before the output.
fn span(phases: &[Phase]) -> Range<isize> {
    let furthest = phases.iter().flat_map(|p| &p.taps).map(|tap| tap.1).max().unwrap_or(0) as isize;
    let start = phases.iter().map(|p| p.quotient).min().unwrap_or(0) as isize - furthest;
    let end = phases.iter().map(|p| p.quotient + p.count).max().unwrap_or(0) as isize;
    start..end
}

/// The gradient by the image, given the gradient by the output.
pub(super) fn image_gradient<T: Element>(isa: Isa, g: &Geometry, gy: &[T], w: &[T], view: &View) -> Vec<T> {
    let g = g.flat();
    let (vertical, horizontal) = (phases(&g, g.hi, g.kh), phases(&g, g.wi, g.kw));
    let (rows, columns) = (span(&vertical), span(&horizontal));
    let wide = horizontal.first().map_or(0, |phase| phase.count);
    let order = if horizontal.iter().all(|phase| phase.count == wide) {
        Order::of::<T>(isa, g.cig(), wide, 1)
    } else {
        Order::Rows
    };
    let joined = order == Order::Joined;
    let seen = joined.then(|| distinct(horizontal.iter().flat_map(|phase| phase.places(columns.start))));
    let plane = (rows.len(), if joined { wide } else { columns.len() });
    let packing = Packing::shifted(g.co, (g.ho, g.wo), (-rows.start, -columns.start), plane, seen.as_deref());
    let kernel = view.gather(w);
    let parts: Vec<(&Phase, &Phase, Correlation<T>)> = vertical
        .iter()
        .flat_map(|y| horizontal.iter().map(move |x| (y, x)))
        .map(|(y, x)| (y, x, part((isa, order), &g, &packing, (rows.start, columns.start), (y, x), &kernel)))
        .collect();

    let len = g.ci * g.hi * g.wi;
    if let [(_, _, whole)] = &parts[..] {
        let in_place = packing.is_identity() && whole.needs_no_slack();
        return each_image(isa, &packing, in_place, gy, len, 0, |packed, _, gx| whole.run(isa, packed, gx));
    }
    // All phases of a row are computed before they are interleaved.
    let across = horizontal.len().max(1);
    let largest = vertical.iter().map(|y| g.ci * y.count * g.wi).max().unwrap_or(0);
    each_image(isa, &packing, false, gy, len, largest, |packed, scratch, gx| {
        for parts in parts.chunks_exact(across) {
            let mut rest = &mut *scratch;
            let mut computed = Vec::with_capacity(across);
            for (y, x, correlation) in parts {
                let (phase, after) = rest.split_at_mut(g.ci * y.count * x.count);
                correlation.run(isa, packed, phase);
                computed.push((*x, &*phase));
                rest = after;
            }
            if let Some((y, ..)) = parts.first() {
                interleave(&g, y, &computed, gx);
            }
        }
    })
}

/// The correlation that computes the pixels of one phase.
fn part<T: Element>(
    order: (Isa, Order),
    g: &Geometry,
    packing: &Packing,
    start: (isize, isize),
    (y, x): (&Phase, &Phase),
    kernel: &[T],
) -> Correlation<T> {
    let columns: Vec<(usize, usize)> = x.taps.iter().map(|tap| tap.0).zip(x.places(start.1)).collect();
    let window: Vec<(usize, (usize, usize))> = y
        .taps
        .iter()
        .zip(y.places(start.0))
        .flat_map(|(&(ty, _), row)| columns.iter().map(move |&(tx, column)| (ty * g.kw + tx, (row, column))))
        .collect();
    let (cog, area) = (g.cog(), g.kh * g.kw);
    let depth = g.cig() * area;
    // For each tap: where its pixels lie, and where its weight for the first channel of the first group lies.
    let taps = (0..cog).flat_map(|c| window.iter().map(move |&(tap, at)| (packing.offset(c, at), c * depth + tap)));
    let (offsets, weights): (Vec<usize>, Vec<usize>) = taps.unzip();
    Correlation::new(
        order,
        (g.window.groups, g.cig()),
        Source { offsets, next_group: cog * packing.channel(), row: packing.row(), step: 1 },
        (y.count, x.count),
        |group, input, tap| kernel[group * cog * depth + input * area + weights[tap]],
    )
}

/// Writes the pixels of all horizontal phases of one vertical phase to their places.
fn interleave<T: Element>(g: &Geometry, y: &Phase, computed: &[(&Phase, &[T])], gx: &mut [T]) {
    let s = g.window.stride;
    for (channel, plane) in gx.chunks_exact_mut(g.hi * g.wi).enumerate() {
        for row in 0..y.count {
            let target = &mut plane[(y.first + s * row) * g.wi..][..g.wi];
            let line = |x: &Phase| (channel * y.count + row) * x.count..(channel * y.count + row + 1) * x.count;
            if let &[(x, left), (z, right)] = computed
                && x.count == z.count
            {
                let pairs = target.as_chunks_mut::<2>().0.iter_mut();
                for ((pair, &left), &right) in pairs.zip(&left[line(x)]).zip(&right[line(z)]) {
                    *pair = [left, right];
                }
                continue;
            }
            for &(x, pixels) in computed {
                for (target, value) in target[x.first..].iter_mut().step_by(s).zip(&pixels[line(x)]) {
                    *target = *value;
                }
            }
        }
    }
}
