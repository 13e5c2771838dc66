//! Scores and the properties of estimators.

pub mod alias;
mod score;

pub use score::{Reason, Score};

use nas_assay_criteria::Direction;
use serde::{Deserialize, Serialize};

/// How much two computations of a score may differ. The report compares records by these classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToleranceClass {
    /// The scores must be equal, because they are counts.
    Exact,
    /// The scores may differ by rounding.
    Numeric,
    /// The scores depend on the training of a supernet, and may differ like those of two seeds.
    Statistical,
}

/// The kinds of estimator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EstimatorKind {
    /// A property of the architecture alone, such as its number of parameters.
    Baseline,
    /// A formula on an untrained network.
    ZeroShot,
    /// A score with the shared weights of a supernet.
    OneShot,
    /// A vote of other estimators.
    Vote,
    /// Scores from a file.
    External,
}

impl EstimatorKind {
    /// How much two computations of a score of this kind may differ.
    pub fn tolerance(self) -> ToleranceClass {
        match self {
            Self::Baseline => ToleranceClass::Exact,
            Self::OneShot => ToleranceClass::Statistical,
            Self::ZeroShot | Self::Vote | Self::External => ToleranceClass::Numeric,
        }
    }

    /// The name that is shown to users.
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

/// The properties of an estimator that experiments and records need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EstimatorFacts {
    /// The version of its scores.
    pub version: u32,
    /// Whether higher or lower scores are better.
    pub direction: Direction,
    /// The kind of estimator.
    pub kind: EstimatorKind,
    /// How much two computations of a score may differ.
    pub tolerance: ToleranceClass,
}
