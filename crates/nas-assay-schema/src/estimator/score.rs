//! Scores, which may be finite or not.

use std::fmt;

use serde::de::{self, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A score. In JSON it is a number, or an object with the reason if it is not finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Score {
    /// A finite number.
    Finite(f64),
    /// A score that is not finite, in JSON `{"nonfinite": "nan"}`.
    NonFinite(Reason),
}

/// Why a score is not finite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// Not a number.
    #[serde(rename = "nan")]
    Nan,
    /// +∞.
    #[serde(rename = "+inf")]
    PositiveInfinity,
    /// −∞.
    #[serde(rename = "-inf")]
    NegativeInfinity,
    /// The number that was computed is rounding error alone, for example because the exact one is zero. As a float it is NaN.
    #[serde(rename = "rounding")]
    Rounding,
}

impl Score {
    /// The score as a float, which may be NaN or infinite.
    pub fn value(self) -> f64 {
        match self {
            Self::Finite(value) => value,
            Self::NonFinite(Reason::Nan | Reason::Rounding) => f64::NAN,
            Self::NonFinite(Reason::PositiveInfinity) => f64::INFINITY,
            Self::NonFinite(Reason::NegativeInfinity) => f64::NEG_INFINITY,
        }
    }

    /// The score `value`, which was computed from other scores, such as their mean. If it is NaN because some of them are only rounding, so
    /// is it.
    pub fn computed(value: f64, from: &[Self]) -> Self {
        let has = |reason| from.contains(&Self::NonFinite(reason));
        if value.is_nan() && has(Reason::Rounding) && !has(Reason::Nan) {
            return Self::NonFinite(Reason::Rounding);
        }
        Self::from(value)
    }
}

impl From<f64> for Score {
    fn from(value: f64) -> Self {
        if value.is_nan() {
            Self::NonFinite(Reason::Nan)
        } else if value == f64::INFINITY {
            Self::NonFinite(Reason::PositiveInfinity)
        } else if value == f64::NEG_INFINITY {
            Self::NonFinite(Reason::NegativeInfinity)
        } else {
            Self::Finite(value)
        }
    }
}

impl Serialize for Score {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Finite(value) => serializer.serialize_f64(*value),
            Self::NonFinite(reason) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("nonfinite", reason)?;
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Score {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScoreVisitor)
    }
}

struct ScoreVisitor;

impl<'de> Visitor<'de> for ScoreVisitor {
    type Value = Score;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a finite number or an object such as {\"nonfinite\": \"nan\"}")
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Score, E> {
        Ok(Score::from(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Score, E> {
        Ok(Score::Finite(value as f64))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Score, E> {
        Ok(Score::Finite(value as f64))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Score, A::Error> {
        let key: Option<String> = map.next_key()?;
        match key.as_deref() {
            Some("nonfinite") => {}
            Some(other) => return Err(de::Error::unknown_field(other, &["nonfinite"])),
            None => return Err(de::Error::missing_field("nonfinite")),
        }
        let reason = map.next_value()?;
        match map.next_key::<String>()? {
            Some(other) => Err(de::Error::unknown_field(&other, &["nonfinite"])),
            None => Ok(Score::NonFinite(reason)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn scores_are_numbers_or_reasons() {
        let scores = [1.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(Score::from);
        let json = r#"[1.5,{"nonfinite":"nan"},{"nonfinite":"+inf"},{"nonfinite":"-inf"}]"#;
        assert_eq!(serde_json::to_string(&scores).unwrap(), json);
        assert_eq!(serde_json::from_str::<[Score; 4]>(json).unwrap(), scores);
        assert_eq!(serde_json::from_str::<Score>("-3").unwrap(), Score::Finite(-3.0));
        let rounding = Score::NonFinite(Reason::Rounding);
        assert_eq!(serde_json::to_string(&rounding).unwrap(), r#"{"nonfinite":"rounding"}"#);
        assert_eq!(serde_json::from_str::<Score>(r#"{"nonfinite":"rounding"}"#).unwrap(), rounding);
        assert!(rounding.value().is_nan());
    }

    #[test]
    fn a_mean_of_rounding_is_rounding() {
        let [one, nan, infinite] = [1.0, f64::NAN, f64::INFINITY].map(Score::from);
        let rounding = Score::NonFinite(Reason::Rounding);
        let mean = |scores: &[Score]| {
            Score::computed(scores.iter().map(|score| score.value()).sum::<f64>() / scores.len() as f64, scores)
        };
        assert_eq!(mean(&[one, rounding]), rounding);
        assert_eq!(mean(&[infinite, rounding]), rounding);
        assert_eq!((mean(&[nan, rounding]), mean(&[one, nan]), mean(&[one, infinite])), (nan, nan, infinite));
        assert_eq!(mean(&[one, one]), one);
    }

    #[test]
    fn other_scores_are_errors_that_name_the_matter() {
        for (json, said) in [
            ("null", "a finite number or an object"),
            ("\"nan\"", "a finite number or an object"),
            ("{}", "missing field `nonfinite`"),
            (r#"{"reason": "nan"}"#, "unknown field `reason`"),
            (r#"{"nonfinite": "huge"}"#, "unknown variant `huge`"),
            (r#"{"nonfinite": "nan", "at": 3}"#, "unknown field `at`"),
        ] {
            let message = serde_json::from_str::<Score>(json).unwrap_err().to_string();
            assert!(message.contains(said), "{json}: {message}");
        }
    }

    proptest! {
        #[test]
        fn every_float_reads_back_to_the_same_bits(bits: u64) {
            let score = Score::from(f64::from_bits(bits));
            let read: Score = serde_json::from_str(&serde_json::to_string(&score).unwrap()).unwrap();
            if score.value().is_nan() {
                prop_assert!(read.value().is_nan());
            } else {
                prop_assert_eq!(read.value().to_bits(), bits);
            }
        }
    }
}
