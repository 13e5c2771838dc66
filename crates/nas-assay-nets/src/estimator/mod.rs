//! Estimators, the suite of all estimators, and the probe that gives them their input.
//!
//! An estimator ranks architectures without training each of them. It is one file with a doc comment of fixed shape (what it is, formula,
//! shapes, source, known traps), its [`Meta`], a short `score` function and its tests, and one line in [`suite`]. An estimator of another
//! crate is added with [`Suite::with`]. An estimator gets everything about an architecture from a [`Probe`], which computes each quantity
//! once for all estimators.

pub mod baseline;
pub mod oneshot;
pub mod probe;
pub mod structure;
pub mod suite;
pub mod zeroshot;

#[cfg(test)]
mod layer_output_tests;
#[cfg(test)]
mod newer_reference;
#[cfg(test)]
mod observer_tests;
#[cfg(test)]
mod parts_tests;
mod patterns;
#[cfg(test)]
mod probe_tests;
#[cfg(test)]
mod reading_tests;
#[cfg(test)]
mod rounding_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod value_tests;

pub use nas_assay_schema::estimator::{EstimatorFacts, EstimatorKind, Reason, Score, ToleranceClass, alias};
pub use patterns::ReluPatterns;
pub use probe::{ImageTerm, Need, Probe};
pub use suite::{Suite, SuiteError, UnknownEstimator};

use crate::net::NetError;
use nas_assay_criteria::Direction;
use nas_assay_spaces::{SkeletonError, SpaceId};
use std::borrow::Cow;
use std::error::Error as StdError;
use thiserror::Error;

/// The properties of an estimator.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub struct Meta<'a> {
    /// The name in specs and records.
    pub id: &'a str,
    /// The version of the scores. Raise it by hand when the scores change.
    pub version: u32,
    /// Whether higher or lower scores are better.
    pub direction: Direction,
    /// The kind of estimator.
    pub kind: EstimatorKind,
    /// The quantities that it gets from the probe.
    pub needs: &'a [Need],
    /// How much two computations of a score may differ.
    pub tolerance: ToleranceClass,
    /// One sentence about what it is.
    pub summary: &'a str,
    /// The definition, as a formula in one line.
    pub formula: &'a str,
    /// The paper or code that defines it.
    pub source: &'a str,
}

impl Meta<'_> {
    /// The properties that experiments and records need.
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
    /// Further numbers by name, in a fixed order.
    pub details: Vec<(Cow<'static, str>, Score)>,
}

impl Reading {
    /// A score without further numbers.
    pub fn plain(score: f64) -> Self {
        Self { score: score.into(), details: Vec::new() }
    }

    /// A reading whose number is nothing but rounding. It ranks worst, and is counted as not finite.
    pub fn rounding() -> Self {
        Self { score: Score::NonFinite(Reason::Rounding), details: Vec::new() }
    }

    /// Adds a further number.
    #[must_use]
    pub fn with(mut self, name: impl Into<Cow<'static, str>>, value: f64) -> Self {
        self.details.push((name.into(), value.into()));
        self
    }
}

/// An architecture cannot be scored.
#[derive(Debug, Error)]
pub enum EstimatorError {
    /// The probe was made without this need.
    #[error("scoring: the probe was not made for {0:?}; list the estimator's needs when making it")]
    Undeclared(Need),
    /// The probe lacks an input.
    #[error("scoring: the probe was asked for {} but has no {input}", need.map_or("logits".into(), |need| format!("{need:?}")))]
    NoInput {
        /// The requested quantity; `None` stands for the logits.
        need: Option<Need>,
        /// The missing input.
        input: &'static str,
    },
    /// The network failed.
    #[error("scoring: {0}")]
    Net(#[from] NetError),
    /// The skeleton is one of another space.
    #[error("scoring: {0}")]
    Skeleton(#[from] SkeletonError),
    /// An operation of Candle failed.
    #[error("scoring: {0}")]
    Tensor(#[from] candle_core::Error),
    /// An error of an estimator of another crate.
    #[error("scoring: {0}")]
    Other(Box<dyn StdError + Send + Sync>),
}

impl EstimatorError {
    /// Makes [`EstimatorError::Other`] from a text or from any error.
    pub fn other(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Other(error.into())
    }
}

/// A formula that gives an architecture a score.
///
/// The score must depend only on what the probe gives: two calls of [`Estimator::score`] for the same architecture, network and batch give
/// the same bits. Random numbers must come from [`Probe::stream`].
pub trait Estimator: Send + Sync {
    /// The properties of the estimator. They never change.
    fn meta(&self) -> Meta<'_>;

    /// The only space whose architectures it can score; `None` if it scores those of every space with networks.
    fn only_in(&self) -> Option<SpaceId> {
        None
    }

    /// The score of the architecture of the probe.
    ///
    /// # Errors
    /// If the probe has no input that the estimator needs, or an operation fails.
    fn score(&self, probe: &Probe<'_>) -> Result<Reading, EstimatorError>;
}

/// An estimator is shown by its id.
impl std::fmt::Debug for dyn Estimator + '_ {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.meta().id)
    }
}
