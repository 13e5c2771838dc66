//! What a lint finds.

use nas_assay_criteria::{Criterion, Interval};
use serde::Serialize;

use super::claim::Claim;
use crate::value_text;

/// The verdict of a lint. The order is that of reports: what matters most first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// A reviewer would not accept the claim.
    Fail,
    /// A reviewer would ask.
    Warn,
    /// It was not tested, or something is missing that decides it.
    Undecidable,
    /// It was tested, or follows from how the scores were made, and nothing speaks against the claim.
    Pass,
}

impl Verdict {
    /// All verdicts, in the order of reports.
    pub const ALL: [Self; 4] = [Self::Fail, Self::Warn, Self::Undecidable, Self::Pass];

    /// The word in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Warn => "warn",
            Self::Undecidable => "undecidable",
            Self::Pass => "pass",
        }
    }

    /// The sign before a lint on a terminal, four characters or fewer.
    pub(crate) const fn sign(self) -> &'static str {
        match self {
            Self::Fail => "FAIL",
            Self::Warn => "warn",
            Self::Undecidable => "?",
            Self::Pass => "pass",
        }
    }
}

/// A named number of a finding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Number {
    /// What it is.
    pub name: String,
    /// The number; `None` if it is undefined.
    pub value: Option<f64>,
    /// The bounds of its 95 % interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<[f64; 2]>,
    /// The number as readers see it, with its interval.
    pub text: String,
}

/// What one lint finds about a claim.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The id, such as `L1`.
    pub id: &'static str,
    /// The short name, such as `beats-trivial`.
    pub name: &'static str,
    /// What it asks, in a sentence or two.
    pub definition: &'static str,
    /// What passes, warns and fails, and why just there.
    pub threshold: &'static str,
    /// The verdict.
    pub verdict: Verdict,
    /// What was found, in a sentence or two; if it cannot be decided, what is missing.
    pub said: String,
    /// Its numbers.
    pub numbers: Vec<Number>,
    /// The keys of a declaration that decide it, if nothing else can.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub undeclared: Vec<&'static str>,
}

/// A lint: what it asks, and how it answers.
pub(crate) struct Rule {
    pub id: &'static str,
    pub name: &'static str,
    pub definition: &'static str,
    pub threshold: &'static str,
    pub check: fn(&Claim<'_>) -> Outcome,
}

impl Rule {
    pub fn find(&self, claim: &Claim<'_>) -> Finding {
        let Outcome { verdict, said, numbers, undeclared } = (self.check)(claim);
        let Self { id, name, definition, threshold, .. } = *self;
        Finding { id, name, definition, threshold, verdict, said, numbers, undeclared }
    }
}

/// The answer of a lint.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub verdict: Verdict,
    pub said: String,
    pub numbers: Vec<Number>,
    pub undeclared: Vec<&'static str>,
}

impl Outcome {
    pub fn new(verdict: Verdict, said: impl Into<String>) -> Self {
        Self { verdict, said: said.into(), numbers: Vec::new(), undeclared: Vec::new() }
    }

    pub fn pass(said: impl Into<String>) -> Self {
        Self::new(Verdict::Pass, said)
    }

    pub fn warn(said: impl Into<String>) -> Self {
        Self::new(Verdict::Warn, said)
    }

    pub fn fail(said: impl Into<String>) -> Self {
        Self::new(Verdict::Fail, said)
    }

    /// `missing` says what would decide it.
    pub fn undecidable(missing: impl Into<String>) -> Self {
        Self::new(Verdict::Undecidable, missing)
    }

    /// Only what the authors declare under these keys would decide it. `unknown` says what is not known.
    pub fn undeclared(keys: &[&'static str], unknown: impl Into<String>) -> Self {
        let named: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
        let verb = if keys.len() == 1 { "is" } else { "are" };
        let said = format!("{}: {} {verb} not declared.", unknown.into(), listed(&named));
        Self { undeclared: keys.to_vec(), ..Self::undecidable(said) }
    }

    /// The same with a number as it is shown.
    pub fn number(mut self, name: impl Into<String>, value: Option<f64>, text: impl Into<String>) -> Self {
        self.numbers.push(Number { name: name.into(), value, interval: None, text: text.into() });
        self
    }

    /// The same with a correlation, and its interval if there is one.
    pub fn correlation(mut self, name: impl Into<String>, value: Option<f64>, interval: Option<Interval>) -> Self {
        let interval = interval.map(value_text::bounds);
        let text = with_interval(&value_text::value(Criterion::TauB, value), interval);
        self.numbers.push(Number { name: name.into(), value, interval, text });
        self
    }

    /// The same with a count.
    pub fn count(self, name: impl Into<String>, count: usize) -> Self {
        self.number(name, Some(count as f64), value_text::count(count))
    }

    /// The same with a part, in percent.
    pub fn part(self, name: impl Into<String>, part: f64) -> Self {
        self.number(name, Some(part), percentage(part))
    }
}

/// A text and an interval behind it, if there is one.
pub(crate) fn with_interval(text: &str, interval: Option<[f64; 2]>) -> String {
    interval.map_or_else(|| text.to_owned(), |bounds| format!("{text} {}", value_text::interval(bounds, 3)))
}

/// A part in percent, with one decimal.
pub(crate) fn percentage(part: f64) -> String {
    format!("{} %", value_text::fixed(100.0 * part, 1))
}

/// A correlation with three decimals.
pub(crate) fn correlation(value: f64) -> String {
    value_text::value(Criterion::TauB, Some(value))
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn listed<T: AsRef<str>>(items: &[T]) -> String {
    let texts: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
    match texts.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}
