//! The forms of a report that go into a file, by name and by file extension.

use std::str::FromStr;

use nas_assay_schema::store::record::{Provenance, Record};

use crate::csv::csv;
use crate::error::ReportError;
use crate::html::html;
use crate::json::json;
use crate::markdown::markdown;

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
            Self::Csv => csv(record),
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
