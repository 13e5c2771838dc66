//! Reports: pure functions of a record and, where one is kept, of its provenance.
//!
//! The same record gives the same bytes. A report computes nothing that can fail to reproduce: it lays out what the record holds.

#![allow(clippy::format_push_string)] // A report is written once: reading well comes before an allocation.

mod analyses;
mod brief;
mod csv;
mod diff;
mod draw;
mod facts;
pub mod golden;
mod html;
mod json;
pub mod judgement;
mod latest;
mod leaderboard;
mod markdown;
mod number;
mod page;
mod section;
mod summary;
mod svg;
mod table;
mod terminal;
pub mod tolerance;

use std::str::FromStr;

use thiserror::Error;

use nas_assay_schema::store::record::{Provenance, Record};

pub use csv::csv;
pub use diff::{CriterionDiff, Diff, EstimatorDiff, Only, PanelDiff, ScoresDiff, Side, SpecChange, TruthDiff};
pub use html::html;
pub use json::json;
pub use leaderboard::{Beats, Cell, Column, Leaderboard, Row};
pub use markdown::markdown;
pub use summary::{Comparison, End, EstimatorSummary, PanelSummary};
pub use terminal::terminal;

/// The forms of a report that go into a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One self-contained page.
    Html,
    /// GitHub's Markdown.
    Markdown,
    /// Summaries, the whole record and its provenance.
    Json,
    /// One row a value.
    Csv,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Html, Self::Markdown, Self::Json, Self::Csv];

    /// The name, as in `html`; it is also what [`FromStr`] reads.
    pub fn name(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Markdown => "markdown",
            Self::Json => "json",
            Self::Csv => "csv",
        }
    }

    /// The extension of a file in this form, without a dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Markdown => "md",
            other => other.name(),
        }
    }

    /// The report in this form.
    pub fn render(self, record: &Record, provenance: Option<&Provenance>) -> Result<String, ReportError> {
        match self {
            Self::Html => html(record, provenance),
            Self::Markdown => Ok(markdown(record, provenance)),
            Self::Json => json(record, provenance),
            Self::Csv => Ok(csv(record)),
        }
    }
}

impl FromStr for Format {
    type Err = ReportError;

    fn from_str(text: &str) -> Result<Self, ReportError> {
        let known = Self::ALL.into_iter().find(|format| text == format.name() || text == format.extension());
        known.ok_or_else(|| ReportError::UnknownFormat(text.to_owned()))
    }
}

/// Why a report cannot be made.
#[derive(Debug, Error)]
pub enum ReportError {
    /// No form has that name.
    #[error("no report format is called `{0}`: take `html`, `markdown`, `json` or `csv`")]
    UnknownFormat(String),
    /// The record holds a number that JSON has no form for.
    #[error("cannot write the report as JSON")]
    Json(#[source] serde_json::Error),
    /// The page could not be filled in.
    #[error("cannot fill in the HTML report")]
    Html(#[source] minijinja::Error),
}

/// What stands in place of a provenance.
const NO_PROVENANCE: &str = "No provenance is kept with this record.";

/// What stands beside the command that gives a report again.
const AGAIN: &str = "The command that gives this report again works in a fresh copy of the repository. Where the spec is a file of your \
                     own, run that first: cargo run -- run FILE.toml.";

/// A term of the summary table, explained.
struct Note {
    term: &'static str,
    meaning: &'static str,
}

/// How to read the summary table.
const NOTES: [Note; 7] = [
    Note {
        term: "tau-b",
        meaning: "Kendall's rank correlation of scores and truth, corrected for ties; 1 is the true ranking, 0 none. The interval is \
                  a 95 % percentile bootstrap: how far tau-b could move with another draw of as many architectures.",
    },
    Note { term: "Spearman", meaning: "Pearson's correlation of the two rankings, ties at their average rank." },
    Note {
        term: "P@top, P@bottom",
        meaning: "The share of the architectures ranked into the best (worst) 5 % by score that belong there. Higher is better; chance \
                  gives 5 %.",
    },
    Note {
        term: "BR, WR",
        meaning: "The best and the worst true rank among the best 1 % or 5 % by score, as a share of all ranks. Lower is better for both.",
    },
    Note { term: "not finite", meaning: "Scores that are NaN or infinite. They rank worst, tied with one another." },
    Note {
        term: "ties",
        meaning: "They matter where a value at either end of the ranking lies more than one percentage point from its expectation under \
                  random tie-breaking. Ties are broken by the order of the rows.",
    },
    Note {
        term: "published",
        meaning: "Shown for comparison. The protocol behind a published figure may differ from this one: see its source.",
    },
];

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;
