//! The hot loops of convolution in `f32` for AVX-512, which has twice the lanes and twice the registers of AVX2.
//!
//! Every sum has the terms and the order of the portable loops; only more sums are computed side by side. The compiler does not vectorise
//! loops over arrays of this size well, so they are written with intrinsics.

use std::arch::x86_64::{
    __m512, __m512d, _mm256_loadu_pd, _mm256_storeu_pd, _mm512_add_ps, _mm512_broadcast_f64x4, _mm512_castpd_ps,
    _mm512_castpd512_pd256, _mm512_castps_pd, _mm512_extractf64x4_pd, _mm512_fmadd_ps, _mm512_insertf64x4,
    _mm512_loadu_ps, _mm512_mask_storeu_ps, _mm512_maskz_loadu_ps, _mm512_permute_ps, _mm512_permutex2var_pd,
    _mm512_permutex2var_ps, _mm512_set1_ps, _mm512_setr_epi32, _mm512_setr_epi64, _mm512_setzero_ps,
    _mm512_shuffle_f32x4, _mm512_shuffle_ps, _mm512_storeu_ps, _mm512_unpackhi_pd, _mm512_unpackhi_ps,
    _mm512_unpacklo_pd, _mm512_unpacklo_ps,
};

use super::super::element::LANES;
use super::rows::Rows;

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

/// `correlate` for 32 output channels, in the lanes of two vectors, and eight outputs of a row at a time, which read pixels `STEP` apart.
#[target_feature(enable = "avx512f")]
pub(super) fn correlate_channels<const STEP: usize>(
    packed: &[f32],
    offsets: &[usize],
    weights: &[f32],
    row: usize,
    (rows, columns): (usize, usize),
    output: &mut [f32],
) {
    const PIXELS: usize = 8;
    let (weights, _) = weights.as_chunks::<{ 2 * VECTOR }>();
    let Some(&last) = offsets.iter().max() else { return output.fill(0.0) };
    assert!(rows > 0 && columns > 0 && columns.is_multiple_of(PIXELS));
    assert_eq!(weights.len(), offsets.len());
    assert_eq!(output.len(), 2 * VECTOR * rows * columns);
    assert!(last + (rows - 1) * row + (columns - 1) * STEP < packed.len());
    for y in 0..rows {
        for x in (0..columns).step_by(PIXELS) {
            let mut sums = [[_mm512_setzero_ps(); PIXELS]; 2];
            let start = packed[y * row + x * STEP..].as_ptr();
            for (&offset, weights) in offsets.iter().zip(weights) {
                // SAFETY: the array has two vectors.
                let weights = [0, VECTOR].map(|first| unsafe { _mm512_loadu_ps(weights.as_ptr().add(first)) });
                for p in 0..PIXELS {
                    // SAFETY: x + p < columns and offset <= last, so the assertion above puts the pixel inside `packed`.
                    let pixel = _mm512_set1_ps(unsafe { *start.add(offset + p * STEP) });
                    for v in 0..2 {
                        sums[v][p] = _mm512_fmadd_ps(pixel, weights[v], sums[v][p]);
                    }
                }
            }
            for (v, sums) in sums.into_iter().enumerate() {
                let (channels, _) = output[v * VECTOR * rows * columns..].split_at_mut(VECTOR * rows * columns);
                for (channel, pair) in channels.chunks_exact_mut(2 * rows * columns).zip(transpose(&sums)) {
                    // SAFETY: half of a vector is eight pixels, and both slices have eight elements.
                    unsafe {
                        let target = channel[y * columns + x..][..PIXELS].as_mut_ptr();
                        _mm256_storeu_pd(target.cast(), _mm512_castpd512_pd256(pair));
                        let target = channel[(rows + y) * columns + x..][..PIXELS].as_mut_ptr();
                        _mm256_storeu_pd(target.cast(), _mm512_extractf64x4_pd(pair, 1));
                    }
                }
            }
        }
    }
}

/// Transposes eight vectors of sixteen lanes to sixteen rows of eight. Each result holds two rows: the first has lane 0 of all eight
/// vectors, then lane 1 of all.
#[target_feature(enable = "avx512f")]
fn transpose(rows: &[__m512; 8]) -> [__m512d; 8] {
    // From four vectors: the `l`-th four lanes of result `i` are lane `4 l + i` of the vectors.
    let fours = |[a, b, c, d]: [__m512; 4]| -> [__m512d; 4] {
        let (ab, cd) = (_mm512_unpacklo_ps(a, b), _mm512_unpacklo_ps(c, d));
        let (ab_high, cd_high) = (_mm512_unpackhi_ps(a, b), _mm512_unpackhi_ps(c, d));
        let [ab, cd, ab_high, cd_high] = [ab, cd, ab_high, cd_high].map(|v| _mm512_castps_pd(v));
        [
            _mm512_unpacklo_pd(ab, cd),
            _mm512_unpackhi_pd(ab, cd),
            _mm512_unpacklo_pd(ab_high, cd_high),
            _mm512_unpackhi_pd(ab_high, cd_high),
        ]
    };
    let [a, b, c, d, e, f, g, h] = *rows;
    let (left, right) = (fours([a, b, c, d]), fours([e, f, g, h]));
    // The rows of lane `4 l + i` and of the lane after it.
    let pair = |l: i64, i: usize| {
        let four = 2 * l;
        let places = _mm512_setr_epi64(four, four + 1, 8 + four, 8 + four + 1, 0, 0, 0, 0);
        let first = _mm512_permutex2var_pd(left[i], places, right[i]);
        let second = _mm512_permutex2var_pd(left[i + 1], places, right[i + 1]);
        _mm512_insertf64x4(first, _mm512_castpd512_pd256(second), 1)
    };
    [pair(0, 0), pair(0, 2), pair(1, 0), pair(1, 2), pair(2, 0), pair(2, 2), pair(3, 0), pair(3, 2)]
}

/// Copies every `STEP`-th pixel of every `STEP`-th row, for `STEP` 1 or 2: `to[y][x] = from[STEP y][STEP x - left]`, from rows of `w`
/// pixels to rows of `columns`, and zero where the row has no such pixel.
#[target_feature(enable = "avx512f")]
pub(super) fn copy_rows<const STEP: usize>(from: &[f32], w: usize, left: isize, to: &mut [f32], columns: usize) {
    let rows = to.len() / columns;
    assert!(rows > 0 && to.len() == rows * columns && ((rows - 1) * STEP + 1) * w <= from.len());
    if STEP == 1 && (0..=columns as isize - w as isize).contains(&left) {
        match w {
            16 => return copy_whole_rows::<16>(from, left as usize, to, columns),
            32 => return copy_whole_rows::<32>(from, left as usize, to, columns),
            _ => {}
        }
    }
    let even = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    for x in (0..columns).step_by(VECTOR) {
        let first = (STEP * x) as isize - left;
        let (low, high) = (on_row(first, w), on_row(first + VECTOR as isize, w));
        let written = on_row(0, columns - x);
        for (y, row) in to.chunks_exact_mut(columns).enumerate() {
            let source = from.as_ptr().wrapping_add(STEP * y * w).wrapping_offset(first);
            // SAFETY: the masks select only pixels of the row of `w` that begins at `STEP y w`, which is inside `from` by the
            // assertion, and only elements of `row` from `x` on.
            unsafe {
                let mut pixels = _mm512_maskz_loadu_ps(low, source);
                if STEP == 2 {
                    let more = _mm512_maskz_loadu_ps(high, source.wrapping_add(VECTOR));
                    pixels = _mm512_permutex2var_ps(pixels, even, more);
                }
                _mm512_mask_storeu_ps(row.as_mut_ptr().add(x), written, pixels);
            }
        }
    }
}

/// Copies rows of `W` pixels, which are whole vectors, to longer rows, `left` places further to the right, with zeros around them.
///
/// Masked stores would take several times as long.
#[target_feature(enable = "avx512f")]
fn copy_whole_rows<const W: usize>(from: &[f32], left: usize, to: &mut [f32], columns: usize) {
    for (row, source) in to.chunks_exact_mut(columns).zip(from.as_chunks::<W>().0) {
        if let Some(row) = row[left..].first_chunk_mut::<W>() {
            *row = *source;
        }
    }
    for outside in (0..left).chain(left + W..columns) {
        for row in to.chunks_exact_mut(columns) {
            row[outside] = 0.0;
        }
    }
}

/// Which of the places of a vector, counted from `first`, lie in `0..w`.
#[inline]
fn on_row(first: isize, w: usize) -> u16 {
    let below = |place: isize| (1_u32 << place.clamp(0, VECTOR as isize)) - 1;
    (below(w as isize - first) & !below(-first)) as u16
}

/// `products` for `C` pairs of output channels and `P` taps, with the lanes added.
///
/// `gy` holds the channels in pairs: eight columns of one channel, then the same columns of the other. The result holds for each pair the
/// sum of the first channel and the sum of the second.
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
    // The sums leave the registers here. The code below is too long to be unrolled, and would otherwise keep them in memory during the
    // loop.
    let mut lanes = [[[0.0; VECTOR]; P]; C];
    for (lanes, sums) in lanes.iter_mut().flatten().zip(sums.iter().flatten()) {
        // SAFETY: the array has as many elements as a vector.
        unsafe { _mm512_storeu_ps(lanes.as_mut_ptr(), *sums) };
    }
    let mut totals = [[[0.0; 2]; P]; C];
    for (totals, lanes) in totals.as_flattened_mut().chunks_mut(4).zip(lanes.as_flattened().chunks(4)) {
        // Beyond the last vector it is repeated, and those sums are dropped.
        // SAFETY: the array has as many elements as a vector.
        let four = std::array::from_fn(|i| unsafe { _mm512_loadu_ps(lanes[i.min(lanes.len() - 1)].as_ptr()) });
        totals.copy_from_slice(&add_lanes(four)[..totals.len()]);
    }
    totals
}

/// For each of four vectors, the sum of the first eight lanes and the sum of the last eight, by the same tree as in the portable loops:
/// each step adds the upper half of the lanes to the lower half, and puts the results of two vectors into one.
#[target_feature(enable = "avx512f")]
fn add_lanes([a, b, c, d]: [__m512; 4]) -> [[f32; 2]; 4] {
    let fours =
        |a, b| _mm512_add_ps(_mm512_shuffle_f32x4(a, b, 0b10_00_10_00), _mm512_shuffle_f32x4(a, b, 0b11_01_11_01));
    let (a, b) = (fours(a, b), fours(c, d));
    let twos = _mm512_add_ps(_mm512_shuffle_ps(a, b, 0b01_00_01_00), _mm512_shuffle_ps(a, b, 0b11_10_11_10));
    let ones = _mm512_add_ps(twos, _mm512_permute_ps(twos, 0b10_11_00_01));
    let mut s = [0.0; VECTOR];
    // SAFETY: the array has as many elements as a vector.
    unsafe { _mm512_storeu_ps(s.as_mut_ptr(), ones) };
    [[s[0], s[4]], [s[8], s[12]], [s[2], s[6]], [s[10], s[14]]]
}
