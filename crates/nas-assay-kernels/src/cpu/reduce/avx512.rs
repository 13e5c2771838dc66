//! Sums of `f32` rows with AVX-512: the same additions as in the portable loop, on eight lanes of double precision at a time.

use std::arch::x86_64::{
    _mm_add_pd, _mm_cvtsd_f64, _mm_unpackhi_pd, _mm256_add_pd, _mm256_castpd256_pd128, _mm256_extractf128_pd,
    _mm256_loadu_ps, _mm512_add_pd, _mm512_castpd512_pd256, _mm512_cvtps_pd, _mm512_extractf64x4_pd, _mm512_setzero_pd,
};

use super::super::element::{LANES, VECTORS};

/// The sum of a row, in double precision.
#[inline]
#[target_feature(enable = "avx512f")]
pub(super) fn row_sum(row: &[f32]) -> f64 {
    let (vectors, rest) = row.as_chunks::<LANES>();
    let (rounds, last) = vectors.as_chunks::<VECTORS>();
    let mut lanes = [_mm512_setzero_pd(); VECTORS];
    // SAFETY: the array has as many elements as are loaded.
    let load = |vector: &[f32; LANES]| _mm512_cvtps_pd(unsafe { _mm256_loadu_ps(vector.as_ptr()) });
    for vectors in rounds {
        for v in 0..VECTORS {
            lanes[v] = _mm512_add_pd(lanes[v], load(&vectors[v]));
        }
    }
    for (lanes, vector) in lanes.iter_mut().zip(last) {
        *lanes = _mm512_add_pd(*lanes, load(vector));
    }
    let [a, b, c, d] = lanes;
    let eight = _mm512_add_pd(_mm512_add_pd(_mm512_add_pd(a, b), c), d);
    let four = _mm256_add_pd(_mm512_castpd512_pd256(eight), _mm512_extractf64x4_pd(eight, 1));
    let two = _mm_add_pd(_mm256_castpd256_pd128(four), _mm256_extractf128_pd(four, 1));
    let sum = _mm_cvtsd_f64(_mm_add_pd(two, _mm_unpackhi_pd(two, two)));
    sum + rest.iter().fold(0.0, |sum, &value| sum + f64::from(value))
}

/// The sums of rows of `len` elements.
#[target_feature(enable = "avx512f")]
pub(super) fn row_sums(rows: &[f32], len: usize, sums: &mut [f64]) {
    for (row, sum) in rows.chunks_exact(len).zip(sums) {
        *sum = row_sum(row);
    }
}
