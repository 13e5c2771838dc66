//! The decisions that are made for each stage, and their values.

use std::fmt;

use super::STAGES;

/// What a decision is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Number of residual blocks of the stage.
    Depth,
    /// Output channels of each block of the stage.
    Width,
    /// Inner channels of a bottleneck, as a fraction of the width.
    Ratio,
    /// Groups of the 3×3 convolution inside a bottleneck.
    Groups,
}

impl Kind {
    /// The name. Columns of the tables begin with it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Depth => "depth",
            Self::Width => "width",
            Self::Ratio => "ratio",
            Self::Groups => "groups",
        }
    }
}

/// A decision, which has the same list of values for every stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What it is about.
    pub kind: Kind,
    /// The values in ascending order. A [ratio](Kind::Ratio) is given in quarters.
    pub values: &'static [u16],
    /// The mark before the decision's values in the text form.
    pub(super) mark: &'static str,
    /// What an error says was expected, if the text has another value.
    pub(crate) expected: &'static str,
}

impl Decision {
    /// A value as text, such as `12`, or `0.25` for a ratio.
    pub fn text(&self, value: u16) -> impl fmt::Display + use<> {
        match self.kind {
            Kind::Ratio => f64::from(value) / 4.0,
            Kind::Depth | Kind::Width | Kind::Groups => f64::from(value),
        }
    }

    /// The choice (index into [`values`](Self::values)) for `number`, which is a fraction for a ratio.
    pub fn choice_of(&self, number: f64) -> Option<usize> {
        let value = if self.kind == Kind::Ratio { 4.0 * number } else { number };
        self.values.iter().position(|&known| f64::from(known) == value)
    }
}

/// The greatest number of decisions per stage.
pub(super) const MAX_DECISIONS: usize = 4;

/// The greatest number of positions. A position is a decision at a stage.
pub(super) const MAX_POSITIONS: usize = MAX_DECISIONS * STAGES;

/// The number of combinations of values over all stages.
pub(super) const fn count(decisions: &[Decision]) -> usize {
    weights(decisions)[0] * decisions[0].values.len()
}

/// The number of encodings that differ from a given one at exactly one position.
pub(super) const fn neighbours(decisions: &[Decision]) -> usize {
    let (mut sum, mut decision) = (0, 0);
    while decision < decisions.len() {
        sum += STAGES * (decisions[decision].values.len() - 1);
        decision += 1;
    }
    sum
}

/// The weight of each position in the index: the number of combinations of all later positions.
pub(super) const fn weights(decisions: &[Decision]) -> [usize; MAX_POSITIONS] {
    let mut weights = [1; MAX_POSITIONS];
    let mut position = decisions.len() * STAGES;
    let mut weight = 1;
    while position > 0 {
        position -= 1;
        weights[position] = weight;
        weight *= decisions[position / STAGES].values.len();
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::super::{Family, ResNeXtA, ResNet};
    use super::*;

    #[test]
    fn every_decision_names_its_values() {
        for decision in ResNet::DECISIONS.iter().chain(ResNeXtA::DECISIONS) {
            let texts: Vec<String> = decision.values.iter().map(|&value| decision.text(value).to_string()).collect();
            let (last, others) = texts.split_last().unwrap();
            let article = if decision.kind == Kind::Groups { "" } else { "a " };
            let expected = format!("{article}{} ({} or {last})", decision.kind.name(), others.join(", "));
            assert_eq!(decision.expected, expected);
            assert_eq!(decision.mark.trim_start(), &decision.kind.name()[..1]);
            assert!(decision.values.is_sorted_by(|a, b| a < b));
        }
    }

    #[test]
    fn choices_are_found_by_number() {
        for decision in ResNet::DECISIONS.iter().chain(ResNeXtA::DECISIONS) {
            for (choice, &value) in decision.values.iter().enumerate() {
                let number = decision.text(value).to_string().parse().unwrap();
                assert_eq!(decision.choice_of(number), Some(choice));
                assert_eq!(decision.choice_of(number + 0.125), None);
            }
            assert_eq!(decision.choice_of(f64::NAN), None);
        }
    }
}
