//! Whether higher or lower scores are better.

use serde::{Deserialize, Serialize};

/// Whether a higher or a lower score means a better architecture.
///
/// The estimator declares it. It is never guessed from data, so a negative correlation stays negative.
///
/// ```
/// use nas_assay_criteria::Direction;
///
/// // A loss of 0.2 is better than one of 0.3.
/// assert!(Direction::Lower.orient(0.2) > Direction::Lower.orient(0.3));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Higher scores are better, as for an accuracy.
    Higher,
    /// Lower scores are better, as for a loss.
    Lower,
}

impl Direction {
    /// `higher` or `lower`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Higher => "higher",
            Self::Lower => "lower",
        }
    }

    /// `higher is better` or `lower is better`.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Higher => "higher is better",
            Self::Lower => "lower is better",
        }
    }

    /// The score in the form that criteria expect, higher is better: a [`Lower`](Self::Lower) score is negated.
    pub fn orient(self, score: f64) -> f64 {
        match self {
            Self::Higher => score,
            Self::Lower => -score,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_direction_is_written_as_it_is_called() {
        for direction in [Direction::Higher, Direction::Lower] {
            assert_eq!(serde_json::to_value(direction).unwrap(), direction.as_str());
            assert_eq!(direction.in_words(), format!("{} is better", direction.as_str()));
        }
        assert_eq!([Direction::Higher, Direction::Lower].map(|direction| direction.orient(2.0)), [2.0, -2.0]);
    }
}
