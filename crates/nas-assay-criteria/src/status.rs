//! Why a value is not there. A missing number says so itself, in text and in records.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a correlation has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Undefined {
    /// There are fewer than two architectures.
    FewerThanTwoArchitectures,
    /// The truth is the same for all of them.
    ConstantTruth,
    /// The scores do not differ: all are equal, or none is finite.
    ConstantScores,
    /// Fewer than two scores are finite. Only Pearson's r needs that.
    FewerThanTwoFiniteScores,
    /// There is no truth to rank by.
    NoTruth,
}

impl Undefined {
    /// The word of records and CSV reports, such as `constant-scores`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FewerThanTwoArchitectures => "fewer-than-two-architectures",
            Self::ConstantTruth => "constant-truth",
            Self::ConstantScores => "constant-scores",
            Self::FewerThanTwoFiniteScores => "fewer-than-two-finite-scores",
            Self::NoTruth => "no-truth",
        }
    }
}

/// In words, as the end of a sentence: `the scores do not differ`.
impl fmt::Display for Undefined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FewerThanTwoArchitectures => "there are fewer than two architectures",
            Self::ConstantTruth => "the truth does not differ between the architectures",
            Self::ConstantScores => "the scores do not differ",
            Self::FewerThanTwoFiniteScores => "fewer than two scores are finite",
            Self::NoTruth => "there is no truth",
        })
    }
}

/// Why a correlation, or a difference of two, has no interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoInterval {
    /// No resamples were asked for.
    NoResamples,
    /// The value itself is undefined.
    UndefinedValue,
    /// There are fewer than [`FEWEST`](crate::bootstrap::FEWEST) architectures.
    FewArchitectures,
    /// More than [`MOST_UNDEFINED`](crate::bootstrap::MOST_UNDEFINED) of the resamples have no value.
    DegenerateResamples,
}

impl NoInterval {
    /// The word of records and CSV reports, such as `few-architectures`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoResamples => "no-resamples",
            Self::UndefinedValue => "undefined-value",
            Self::FewArchitectures => "few-architectures",
            Self::DegenerateResamples => "degenerate-resamples",
        }
    }
}

/// In words, as the end of a sentence.
impl fmt::Display for NoInterval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoResamples => "no resamples were asked for",
            Self::UndefinedValue => "the value is undefined",
            Self::FewArchitectures => "there are fewer than 10 architectures",
            Self::DegenerateResamples => "too many resamples are constant, as hardly any scores or true values differ",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_written_as_it_is_called() {
        use NoInterval::{DegenerateResamples, FewArchitectures, NoResamples, UndefinedValue};
        use Undefined::{ConstantScores, ConstantTruth, FewerThanTwoArchitectures, FewerThanTwoFiniteScores, NoTruth};
        for reason in [FewerThanTwoArchitectures, ConstantTruth, ConstantScores, FewerThanTwoFiniteScores, NoTruth] {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
        }
        for reason in [NoResamples, UndefinedValue, FewArchitectures, DegenerateResamples] {
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
        }
        assert!(FewArchitectures.to_string().contains(&crate::bootstrap::FEWEST.to_string()));
    }

    #[test]
    fn every_reason_has_words_of_its_own() {
        use NoInterval::{DegenerateResamples, FewArchitectures, NoResamples, UndefinedValue};
        use Undefined::{ConstantScores, ConstantTruth, FewerThanTwoArchitectures, FewerThanTwoFiniteScores, NoTruth};
        let undefined = [FewerThanTwoArchitectures, ConstantTruth, ConstantScores, FewerThanTwoFiniteScores, NoTruth];
        let words: std::collections::BTreeSet<String> = undefined.iter().map(ToString::to_string).collect();
        assert_eq!(words.len(), undefined.len(), "{words:?}");
        assert!(words.contains("the scores do not differ"));
        let none = [NoResamples, UndefinedValue, FewArchitectures, DegenerateResamples];
        let words: std::collections::BTreeSet<String> = none.iter().map(ToString::to_string).collect();
        assert_eq!(words.len(), none.len(), "{words:?}");
    }
}
