//! The cases `tau_*`: Kendall's tau-b of two score vectors of this length, compared with `SciPy`. Half of the second vector is noise.

use std::hint::black_box;

use candle_core::{Error, Result};
use nas_assay::criteria::PairCounts;
use nas_assay::seed::Seed;

use super::median;

/// The cases: as many rows as NAS-Bench-201 has architectures, and a million.
pub const CASES: [&str; 2] = ["tau_15625", "tau_1000000"];

/// The median time of `case`, in milliseconds.
pub fn run(case: &str) -> Result<f64> {
    let rows: usize = case.trim_start_matches("tau_").parse().map_err(Error::wrap)?;
    let mut stream = Seed::root(1).stream();
    let truth: Vec<f64> = (0..rows).map(|_| stream.normal()).collect();
    let scores: Vec<f64> = truth.iter().map(|value| value + stream.normal()).collect();
    median(|| {
        black_box(PairCounts::new(black_box(&truth), black_box(&scores)).tau_b());
        Ok(())
    })
}
