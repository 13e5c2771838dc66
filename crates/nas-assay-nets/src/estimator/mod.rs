//! Estimators, their registry, and the probe.
//!
//! An estimator claims to rank architectures without training them. It is one file: a doc comment of fixed shape (what it is,
//! formula, shapes, source, known traps), its [`Meta`], a `score` of a few lines and its tests; and one line in [`registry`].
//! What it needs to know of an architecture it asks of a [`Probe`], which computes each quantity once for all that ask.

pub mod baseline;
pub mod oneshot;
pub mod probe;
pub mod registry;
pub mod zeroshot;

mod patterns;
#[cfg(test)]
mod tests;

pub use nas_assay_schema::estimator::{EstimatorKind, Reason, Score, ToleranceClass};
pub use patterns::ReluPatterns;
pub use probe::{Need, Probe};

use crate::net::NetError;
use nas_assay_criteria::Direction;
use nas_assay_spaces::SkeletonError;
use thiserror::Error;

/// What is known of an estimator without running it.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub struct Meta {
    /// The name that specs and records use.
    pub id: &'static str,
    /// Raised by hand when the estimator's numbers change.
    pub version: u32,
    /// Which end of the scores is better.
    pub direction: Direction,
    /// What it looks at.
    pub kind: EstimatorKind,
    /// What it asks of the probe.
    pub needs: &'static [Need],
    /// How far two computations of a score may differ.
    pub tolerance: ToleranceClass,
    /// One sentence.
    pub summary: &'static str,
    /// The definition, in one line of mathematics.
    pub formula: &'static str,
    /// Paper or code that defines it.
    pub source: &'static str,
}

/// A score, and numbers that explain it.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The score, in the estimator's own direction.
    pub score: Score,
    /// Named numbers beside it, in a fixed order.
    pub details: Vec<(&'static str, Score)>,
}

impl Reading {
    /// A score without further numbers.
    pub fn plain(score: f64) -> Self {
        Self { score: score.into(), details: Vec::new() }
    }

    /// The same with one more number beside the score.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: f64) -> Self {
        self.details.push((name, value.into()));
        self
    }
}

/// Why an architecture could not be scored.
#[derive(Debug, Error)]
pub enum EstimatorError {
    /// The probe was not told of this need when it was made.
    #[error("scoring: the probe was not made for {0:?}; list the estimator's needs when making it")]
    Undeclared(Need),
    /// The probe lacks an input.
    #[error("scoring: the probe was asked for {} but has no {input}", need.map_or("logits".into(), |need| format!("{need:?}")))]
    NoInput {
        /// What was asked for; nothing stands for the logits.
        need: Option<Need>,
        /// What that takes.
        input: &'static str,
    },
    /// The network refused.
    #[error("scoring: {0}")]
    Net(#[from] NetError),
    /// The counts of a network of another space were asked for.
    #[error("scoring: {0}")]
    Skeleton(#[from] SkeletonError),
    /// Candle refused an operation.
    #[error("scoring: {0}")]
    Tensor(#[from] candle_core::Error),
}

/// A formula that gives an architecture a score.
pub trait Estimator: Sync {
    /// What is known of it without running it.
    fn meta(&self) -> &'static Meta;

    /// The score of the probe's architecture.
    fn score(&self, probe: &Probe<'_>) -> Result<Reading, EstimatorError>;
}
