//! Which way an estimator's scores point.

use serde::{Deserialize, Serialize};

/// Whether a higher or a lower score promises the better architecture.
///
/// It is declared by the estimator and never inferred from data, so that nobody takes the absolute value of a correlation.
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

    /// The score as criteria take it: higher is better.
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
        }
        assert_eq!([Direction::Higher, Direction::Lower].map(|direction| direction.orient(2.0)), [2.0, -2.0]);
    }
}
