//! Rank criteria: pure f64 mathematics.
