//! Two records compared: what differs in their specs, and which numbers moved beyond their tolerance class.

mod compare;
mod numbers;
mod spec;
mod text;

pub use compare::{Diff, Only, PanelDiff, Side};
pub use numbers::{CriterionDiff, EstimatorDiff, ScoresDiff, TruthDiff};
pub use spec::SpecChange;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod value_tests;
