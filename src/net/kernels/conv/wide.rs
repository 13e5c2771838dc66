//! The two hot loops of convolution in single precision for AVX-512, which has twice the lanes and twice the registers.
//!
//! Every sum is the one that the portable loops define, term by term; only more sums are computed side by side. The compiler
//! does not find these loops by itself in arrays of this size, so they are written in its intrinsics.

use std::arch::x86_64::{
    __m512, _mm256_loadu_pd, _mm512_add_ps, _mm512_broadcast_f64x4, _mm512_castpd_ps, _mm512_fmadd_ps, _mm512_loadu_ps,
    _mm512_mask_storeu_ps, _mm512_permute_ps, _mm512_set1_ps, _mm512_setzero_ps, _mm512_shuffle_f32x4,
    _mm512_shuffle_ps, _mm512_storeu_ps,
};

use super::super::element::LANES;
use super::weight::Rows;

/// Numbers in a vector.
pub(super) const VECTOR: usize = 16;

/// `correlate` for `C` output channels and `V` vectors of pixels at a time.
#[target_feature(enable = "avx512f")]
pub(super) fn correlate<const C: usize, const V: usize>(
    packed: &[f32],
    offsets: &[usize],
    weights: &[f32],
    row: usize,
    (rows, columns): (usize, usize),
    output: &mut [f32],
) {
    let (weights, _) = weights.as_chunks::<C>();
    let Some(&last) = offsets.iter().max() else { return output.fill(0.0) };
    if rows * columns == 0 {
        return;
    }
    let channels = output.len() / (rows * columns);
    assert_eq!(weights.len(), offsets.len());
    assert!(last + (rows - 1) * row + columns.next_multiple_of(V * VECTOR) <= packed.len());
    assert!((1..=C).contains(&channels));
    for y in 0..rows {
        for x in (0..columns).step_by(V * VECTOR) {
            let mut sums = [[_mm512_setzero_ps(); V]; C];
            let start = packed[y * row + x..].as_ptr();
            for (&offset, weights) in offsets.iter().zip(weights) {
                // SAFETY: y row + x <= (rows - 1) row + next_multiple(columns) - V VECTOR, and offset <= last, so the
                // assertion above puts the last of the V vectors inside `packed`.
                let pixels: [__m512; V] =
                    std::array::from_fn(|v| unsafe { _mm512_loadu_ps(start.add(offset + v * VECTOR)) });
                for c in 0..C {
                    let weight = _mm512_set1_ps(weights[c]);
                    for v in 0..V {
                        sums[c][v] = _mm512_fmadd_ps(pixels[v], weight, sums[c][v]);
                    }
                }
            }
            for (c, sums) in sums.iter().enumerate().take(channels) {
                for (v, &sum) in sums.iter().enumerate() {
                    let first = x + v * VECTOR;
                    let count = columns.saturating_sub(first).min(VECTOR);
                    if count == 0 {
                        break;
                    }
                    let target = output[(c * rows + y) * columns + first..][..count].as_mut_ptr();
                    // SAFETY: as many elements are written as the slice has.
                    unsafe { _mm512_mask_storeu_ps(target, (u32::MAX >> (32 - count)) as u16, sum) };
                }
            }
        }
    }
}

/// `products` for `C` pairs of output channels and `P` taps, with the lanes added.
///
/// `gy` holds the channels in pairs: eight columns of the one, and the same eight of the other. So do the sums: the first
/// channel's, and the second's.
#[target_feature(enable = "avx512f")]
pub(super) fn products<const C: usize, const P: usize>(
    rows: &Rows,
    x: &[f32],
    taps: [usize; P],
    gy: &[f32],
) -> [[[f32; 2]; P]; C] {
    let pair = 2 * rows.lines * rows.columns;
    let last = taps.iter().fold(0, |a, &b| a.max(b));
    assert!(rows.images > 0 && pair > 0 && rows.columns.is_multiple_of(LANES));
    assert!((rows.images - 1) * rows.x_image + last + (rows.lines - 1) * rows.x_row + rows.columns <= x.len());
    assert!((rows.images - 1) * rows.gy_image + C * pair <= gy.len());
    let mut sums = [[_mm512_setzero_ps(); P]; C];
    for image in 0..rows.images {
        for line in 0..rows.lines {
            let x_row = image * rows.x_image + line * rows.x_row;
            let gy_row = image * rows.gy_image + 2 * line * rows.columns;
            for column in (0..rows.columns).step_by(LANES) {
                // SAFETY: `image`, `line` and `column + LANES` are at most those of the assertion on `x` above.
                let x = taps.map(|tap| unsafe {
                    let eight = _mm256_loadu_pd(x.as_ptr().add(x_row + column + tap).cast());
                    _mm512_castpd_ps(_mm512_broadcast_f64x4(eight))
                });
                for c in 0..C {
                    // SAFETY: the same, with the assertion on `gy`; pair `c` is `pair` elements after `c - 1`.
                    let gy = unsafe { _mm512_loadu_ps(gy.as_ptr().add(gy_row + 2 * column + c * pair)) };
                    for p in 0..P {
                        sums[c][p] = _mm512_fmadd_ps(x[p], gy, sums[c][p]);
                    }
                }
            }
        }
    }
    // Out of the registers first: what follows is too long to be unrolled, and would keep the sums in memory all along.
    let mut lanes = [[[0.0; VECTOR]; P]; C];
    for (lanes, sums) in lanes.iter_mut().flatten().zip(sums.iter().flatten()) {
        // SAFETY: a vector is as long as the array.
        unsafe { _mm512_storeu_ps(lanes.as_mut_ptr(), *sums) };
    }
    let mut totals = [[[0.0; 2]; P]; C];
    for (totals, lanes) in totals.as_flattened_mut().chunks_mut(4).zip(lanes.as_flattened().chunks(4)) {
        // Vectors beyond the last repeat it, and their sums are dropped.
        // SAFETY: a vector is as long as the array.
        let four = std::array::from_fn(|i| unsafe { _mm512_loadu_ps(lanes[i.min(lanes.len() - 1)].as_ptr()) });
        totals.copy_from_slice(&add_lanes(four)[..totals.len()]);
    }
    totals
}

/// Of each of four vectors, the sum of the first eight lanes and that of the last eight, by the tree that adds lanes everywhere:
/// each step adds the upper half of what is left to the lower, and leaves the sums of more vectors in one.
#[target_feature(enable = "avx512f")]
fn add_lanes([a, b, c, d]: [__m512; 4]) -> [[f32; 2]; 4] {
    let fours =
        |a, b| _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0b10_00_10_00), _mm512_shuffle_f32x4(a, b, 0b11_01_11_01));
    let (a, b) = (fours(a, b), fours(c, d));
    let twos = _mm512_add_ps(_mm512_shuffle_ps(a, b, 0b01_00_01_00), _mm512_shuffle_ps(a, b, 0b11_10_11_10));
    let ones = _mm512_add_ps(twos, _mm512_permute_ps(twos, 0b10_11_00_01));
    let mut s = [0.0; VECTOR];
    // SAFETY: a vector is as long as the array.
    unsafe { _mm512_storeu_ps(s.as_mut_ptr(), ones) };
    [[s[0], s[4]], [s[8], s[12]], [s[2], s[6]], [s[10], s[14]]]
}
