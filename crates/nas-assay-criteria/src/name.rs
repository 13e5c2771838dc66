//! Names of criteria, as records and published figures use them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The name of one number of [`Criteria`](super::Criteria). Fractions are between 0 and 1 here and in percent in the text form: `P@top5%`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Criterion {
    /// Kendall's tau-b: `tau_b`.
    TauB,
    /// Kendall's tau-a: `tau_a`.
    TauA,
    /// Spearman's rho: `spearman`.
    Spearman,
    /// Pearson's r, the paper's "linear correlation": `pearson`.
    Pearson,
    /// P@topK: `P@top5%`.
    PrecisionTop(f64),
    /// P@bottomK: `P@bottom5%`.
    PrecisionBottom(f64),
    /// `BestRanking@K`: `BR@1%`.
    BestRanking(f64),
    /// `WorstRanking@K`: `WR@5%`.
    WorstRanking(f64),
}

/// The text is not the name of a criterion.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "no criterion is called `{0}`: write `tau_b`, `tau_a`, `spearman`, `pearson`, or `P@top`, `P@bottom`, `BR@`, `WR@` and a percentage above 0 and up to 100, as in `P@top5%`"
)]
pub struct UnknownCriterion(String);

/// Makes the criterion for a fraction.
type OfFraction = fn(f64) -> Criterion;

/// The criteria that have a fraction, by the prefix of their names.
const FRACTIONAL: [(&str, OfFraction); 4] = [
    ("P@top", Criterion::PrecisionTop),
    ("P@bottom", Criterion::PrecisionBottom),
    ("BR@", Criterion::BestRanking),
    ("WR@", Criterion::WorstRanking),
];

impl fmt::Display for Criterion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::TauB => f.write_str("tau_b"),
            Self::TauA => f.write_str("tau_a"),
            Self::Spearman => f.write_str("spearman"),
            Self::Pearson => f.write_str("pearson"),
            Self::PrecisionTop(fraction) => write!(f, "P@top{}%", percent(fraction)),
            Self::PrecisionBottom(fraction) => write!(f, "P@bottom{}%", percent(fraction)),
            Self::BestRanking(fraction) => write!(f, "BR@{}%", percent(fraction)),
            Self::WorstRanking(fraction) => write!(f, "WR@{}%", percent(fraction)),
        }
    }
}

impl FromStr for Criterion {
    type Err = UnknownCriterion;

    fn from_str(text: &str) -> Result<Self, UnknownCriterion> {
        let unknown = || UnknownCriterion(text.to_owned());
        match text {
            "tau_b" => return Ok(Self::TauB),
            "tau_a" => return Ok(Self::TauA),
            "spearman" => return Ok(Self::Spearman),
            "pearson" => return Ok(Self::Pearson),
            _ => {}
        }
        let fractional = FRACTIONAL.iter().find_map(|&(prefix, make)| Some((text.strip_prefix(prefix)?, make)));
        let (percentage, make) = fractional.ok_or_else(unknown)?;
        let percentage: f64 = percentage.strip_suffix('%').and_then(|text| text.parse().ok()).ok_or_else(unknown)?;
        if percentage > 0.0 && percentage <= 100.0 { Ok(make(percentage / 100.0)) } else { Err(unknown()) }
    }
}

impl From<Criterion> for String {
    fn from(criterion: Criterion) -> Self {
        criterion.to_string()
    }
}

impl TryFrom<String> for Criterion {
    type Error = UnknownCriterion;

    fn try_from(text: String) -> Result<Self, UnknownCriterion> {
        text.parse()
    }
}

/// A fraction in percent, with up to seven digits after the point and without trailing zeros.
pub fn percent(fraction: f64) -> String {
    let text = format!("{:.7}", fraction * 100.0);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Whether two fractions are equal up to rounding: they differ by at most 10⁻⁹.
pub(super) fn same_fraction(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for name in ["tau_b", "tau_a", "spearman", "pearson", "P@top0.1%", "P@bottom5%", "BR@100%", "WR@33.3%"] {
            let criterion: Criterion = name.parse().unwrap();
            assert_eq!((criterion.to_string(), String::from(criterion)), (name.to_owned(), name.to_owned()));
            assert_eq!(Criterion::try_from(name.to_owned()), Ok(criterion));
        }
        assert_eq!("P@top5%".parse(), Ok(Criterion::PrecisionTop(0.05)));
        assert_eq!(percent(0.29), "29");
    }

    #[test]
    fn other_texts_are_errors() {
        for text in ["", "kendall", "P@top", "P@top5", "P@top0%", "P@top101%", "P@topNaN%", "P@top-1%", "BR@x%"] {
            assert!(text.parse::<Criterion>().is_err(), "{text}");
        }
        let message = "kd".parse::<Criterion>().unwrap_err().to_string();
        assert!(message.starts_with("no criterion is called `kd`"), "{message}");
        // Every name that it says is one, those of fractions with a percentage.
        let names: Vec<&str> = message.split('`').skip(3).step_by(2).collect();
        assert_eq!(names.len(), 9, "{message}");
        for name in names {
            let is_whole = !(name.ends_with('@') || name.ends_with("top") || name.ends_with("bottom"));
            for percentage in ["0.1%", "100%"] {
                let text = if is_whole { name.to_owned() } else { format!("{name}{percentage}") };
                assert_eq!(text.parse::<Criterion>().unwrap().to_string(), text);
            }
        }
    }
}
