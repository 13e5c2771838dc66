//! Estimators, the suite that holds them, and the probe.
//!
//! An estimator claims to rank architectures without training them. It is one file: a doc comment of fixed shape (what it is,
//! formula, shapes, source, known traps), its [`Meta`], a `score` of a few lines and its tests; and one line in [`suite`]. One of another
//! crate joins by [`Suite::with`]. What an estimator needs to know of an architecture it asks of a [`Probe`], which computes each quantity
//! once for all that ask.

pub mod baseline;
pub mod oneshot;
pub mod probe;
pub mod suite;
pub mod zeroshot;

mod patterns;
#[cfg(test)]
mod probe_tests;
#[cfg(test)]
mod tests;

pub use nas_assay_schema::estimator::{EstimatorFacts, EstimatorKind, Reason, Score, ToleranceClass};
pub use patterns::ReluPatterns;
pub use probe::{ImageTerm, Need, Probe};
pub use suite::{Suite, SuiteError, UnknownEstimator};

use crate::net::NetError;
use nas_assay_criteria::Direction;
use nas_assay_spaces::SkeletonError;
use std::borrow::Cow;
use std::error::Error as StdError;
use thiserror::Error;

/// What is known of an estimator without running it.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub struct Meta<'a> {
    /// The name that specs and records use.
    pub id: &'a str,
    /// Raised by hand when the estimator's numbers change.
    pub version: u32,
    /// Which end of the scores is better.
    pub direction: Direction,
    /// What it looks at.
    pub kind: EstimatorKind,
    /// What it asks of the probe.
    pub needs: &'a [Need],
    /// How far two computations of a score may differ.
    pub tolerance: ToleranceClass,
    /// One sentence.
    pub summary: &'a str,
    /// The definition, in one line of mathematics.
    pub formula: &'a str,
    /// Paper or code that defines it.
    pub source: &'a str,
}

impl Meta<'_> {
    /// What experiments and records need of it.
    pub fn facts(&self) -> EstimatorFacts {
        let Self { version, direction, kind, tolerance, .. } = *self;
        EstimatorFacts { version, direction, kind, tolerance }
    }
}

/// A score, and numbers that explain it.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The score, in the estimator's own direction.
    pub score: Score,
    /// Named numbers beside it, in a fixed order.
    pub details: Vec<(Cow<'static, str>, Score)>,
}

impl Reading {
    /// A score without further numbers.
    pub fn plain(score: f64) -> Self {
        Self { score: score.into(), details: Vec::new() }
    }

    /// The same with one more number beside the score.
    #[must_use]
    pub fn with(mut self, name: impl Into<Cow<'static, str>>, value: f64) -> Self {
        self.details.push((name.into(), value.into()));
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
    /// What an estimator of another crate has to say.
    #[error("scoring: {0}")]
    Other(Box<dyn StdError + Send + Sync>),
}

impl EstimatorError {
    /// An error of an estimator's own, from a text or from any error.
    pub fn other(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Other(error.into())
    }
}

/// A formula that gives an architecture a score.
///
/// It must be a pure function of what the probe gives: two calls of [`Estimator::score`] for the same architecture, network and batch
/// give the same bits. What is random is drawn from [`Probe::stream`].
pub trait Estimator: Send + Sync {
    /// What is known of it without running it; always the same.
    fn meta(&self) -> Meta<'_>;

    /// The score of the probe's architecture.
    fn score(&self, probe: &Probe<'_>) -> Result<Reading, EstimatorError>;
}
