//! The two networks of a NAS-Bench-101 cell: the benchmark's own, and the weight-sharing one of NAS-Bench-1Shot1.
//!
//! | | [`Nb101`] | [`Nb1Shot1`] |
//! |---|---|---|
//! | sizes | [`StandAlone`](nas_assay_spaces::nb101::StandAlone) | [`Supernet`](nas_assay_spaces::nb101::Supernet) |
//! | holds the weights of | one architecture | one, or all |
//! | channels of a vertex | its share of the output's | all that the cell has |
//! | output of a cell | the vertices that feed it, side by side | five blocks side by side, zeros where one does not feed it |
//! | counted by | `census` | `supernet_census` |
//!
//! In both, a vertex applies its operation to the sum of its parents' values. The cell's input enters each vertex through a 1×1
//! convolution of that vertex. It enters the output in the same way, and is added to the blocks there. Every convolution is followed
//! by batch-norm and `ReLU`. A vertex that does not reach the output is not executed, and its weights have no gradient.
//!
//! Weights start as in `PyTorch`. (The benchmark drew its weights by `TensorFlow`'s variance scaling.)

mod benchmark;
mod cell;
#[cfg(test)]
mod isomorphism_tests;
mod one_shot;
mod sparse;
#[cfg(test)]
mod tests;

pub(super) use benchmark::Nb101;
pub(super) use one_shot::Nb1Shot1;
