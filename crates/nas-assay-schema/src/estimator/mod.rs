//! Scores, and what is known of the estimator that gave them.

mod score;

pub use score::{Reason, Score};

use nas_assay_criteria::Direction;
use serde::{Deserialize, Serialize};

/// How far two computations of a score may differ .
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToleranceClass {
    /// Not at all: a count.
    Exact,
    /// By the rounding of one device class.
    Numeric,
    /// By the seeds of a trained supernet.
    Statistical,
}

/// The kinds of estimator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EstimatorKind {
    /// A property of the architecture alone, such as its parameter count.
    Baseline,
    /// A formula on an untrained network.
    ZeroShot,
    /// A supernet's shared weights.
    OneShot,
    /// A vote of other estimators.
    Vote,
    /// Scores brought from outside.
    External,
}

impl EstimatorKind {
    /// How far two computations of a score of this kind may differ.
    pub fn tolerance(self) -> ToleranceClass {
        match self {
            Self::Baseline => ToleranceClass::Exact,
            Self::OneShot => ToleranceClass::Statistical,
            Self::ZeroShot | Self::Vote | Self::External => ToleranceClass::Numeric,
        }
    }

    /// As people read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::ZeroShot => "zero-shot",
            Self::OneShot => "one-shot",
            Self::Vote => "vote",
            Self::External => "external",
        }
    }
}

/// What experiments and records need to know of an estimator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EstimatorFacts {
    /// The version of its numbers.
    pub version: u32,
    /// Which way its scores point.
    pub direction: Direction,
    /// What it looks at.
    pub kind: EstimatorKind,
    /// How far two computations of a score may differ.
    pub tolerance: ToleranceClass,
}
