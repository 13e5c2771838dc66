//! Pearson's correlation between rows, which several estimators take of input gradients.

use nalgebra::DMatrix;

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
