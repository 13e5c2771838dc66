//! Pearson's correlation between rows: of input gradients, or of the channels of a feature map.

use candle_core::{Device, Tensor};
use nalgebra::DMatrix;

use crate::net::{Engine, host_f64};

/// Pearson's correlation between each two rows. It is not finite if a row has no variance.
pub(super) fn correlation<R: AsRef<[f64]>>(rows: &[R]) -> DMatrix<f64> {
    let centred: Vec<Vec<f64>> = rows
        .iter()
        .map(|row| {
            let row = row.as_ref();
            let mean = row.iter().sum::<f64>() / row.len() as f64;
            row.iter().map(|x| x - mean).collect()
        })
        .collect();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    let norms: Vec<f64> = centred.iter().map(|row| dot(row, row).sqrt()).collect();
    let n = rows.len();
    let mut matrix = DMatrix::zeros(n, n);
    for i in 0..n {
        for j in 0..=i {
            let r = dot(&centred[i], &centred[j]) / (norms[i] * norms[j]);
            (matrix[(i, j)], matrix[(j, i)]) = (r, r);
        }
    }
    matrix
}

/// The same for many long rows, by the matrix product of an engine; `None` if a row has no variance.
pub(super) fn correlation_by(engine: Engine, rows: &[&[f64]]) -> candle_core::Result<Option<DMatrix<f64>>> {
    let length = rows.first().map_or(0, |row| row.len());
    let mut scaled = Vec::with_capacity(rows.len() * length);
    for row in rows {
        let mean = row.iter().sum::<f64>() / length as f64;
        let norm = row.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>().sqrt();
        // The mean of equal numbers can be rounded.
        if row.windows(2).all(|pair| pair[0] == pair[1]) || !norm.is_finite() || norm == 0.0 {
            return Ok(None);
        }
        scaled.extend(row.iter().map(|x| (x - mean) / norm));
    }
    let scaled = Tensor::from_vec(scaled, (rows.len(), length), &Device::Cpu)?;
    let product = host_f64(&engine.linear(&scaled, &scaled, None)?)?;
    Ok(Some(DMatrix::from_row_slice(rows.len(), rows.len(), &product)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn both_give_the_same_correlations(
            rows in prop::collection::vec(prop::collection::vec(-5.0..5.0_f64, 9), 2..6),
            constant in prop::option::of(0..6_usize),
        ) {
            let mut rows = rows;
            if let Some(row) = constant.filter(|row| *row < rows.len()) {
                rows[row] = vec![0.1; 9];
            }
            let views: Vec<&[f64]> = rows.iter().map(Vec::as_slice).collect();
            let found = correlation_by(Engine::Kernels, &views).unwrap();
            let constant = rows.iter().any(|row| row.iter().all(|x| *x == row[0]));
            prop_assert_eq!(found.is_none(), constant);
            if let Some(found) = found {
                let apart = (found - correlation(&rows)).iter().fold(0.0_f64, |most, off| most.max(off.abs()));
                prop_assert!(apart < 1e-13, "{apart}");
            }
        }
    }
}
