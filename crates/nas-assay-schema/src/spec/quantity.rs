//! What the numbers of a truth are if they are no percentages.

use std::fmt;

use nas_assay_criteria::Direction;
use serde::{Deserialize, Serialize};

/// A quantity that is no percentage, such as a latency in milliseconds.
///
/// ```
/// use nas_assay_criteria::Direction;
/// use nas_assay_schema::spec::Quantity;
///
/// let latency = Quantity { unit: "ms".to_owned(), better: Direction::Lower };
/// assert_eq!(latency.to_string(), "ms, lower is better");
/// assert!(latency.goodness(2.5) > latency.goodness(7.0));
/// assert_eq!(latency.value(latency.goodness(2.5)), 2.5);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quantity {
    /// The unit, such as `ms`; [`NO_UNIT`](Self::NO_UNIT) for a number without one.
    pub unit: String,
    /// Whether higher or lower numbers are better.
    pub better: Direction,
}

impl Quantity {
    /// The unit of a number that has none, such as a structural similarity.
    pub const NO_UNIT: &'static str = "1";

    /// The unit; `None` for a number without one.
    pub fn unit(&self) -> Option<&str> {
        Some(self.unit.as_str()).filter(|unit| *unit != Self::NO_UNIT)
    }

    /// The number in the form that criteria expect, higher is better. No zero has a sign.
    pub fn goodness(&self, value: f64) -> f64 {
        match self.better {
            Direction::Higher => value,
            Direction::Lower => 0.0 - value,
        }
    }

    /// The number that has this goodness.
    pub fn value(&self, goodness: f64) -> f64 {
        self.goodness(goodness)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}, {}", self.unit().unwrap_or("no unit"), self.better.in_words())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goodness_and_value_are_the_same_bits_there_and_back() {
        for better in [Direction::Higher, Direction::Lower] {
            let quantity = Quantity { unit: Quantity::NO_UNIT.to_owned(), better };
            for value in [0.0, 1.5, -0.25, f64::MIN_POSITIVE, f64::MAX] {
                let goodness = quantity.goodness(value);
                assert_eq!(quantity.value(goodness).to_bits(), value.to_bits(), "{better:?}");
                assert_eq!(goodness > 0.0, (value > 0.0) == (better == Direction::Higher) && value != 0.0);
            }
            assert!(quantity.goodness(0.0).is_sign_positive());
            assert_eq!((quantity.unit(), quantity.to_string()), (None, format!("no unit, {}", better.in_words())));
        }
    }
}
