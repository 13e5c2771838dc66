//! The cases `tau_*`: Kendall's tau-b of so many pairs, half of it noise; theirs is that of `SciPy`.

use std::hint::black_box;

use candle_core::{Error, Result};
use nas_assay::criteria::PairCounts;
use nas_assay::seed::Seed;

use super::median;

/// The cases: an architecture of NAS-Bench-201 a pair, and a million.
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
