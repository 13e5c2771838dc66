//! The error of this crate.

use thiserror::Error;

/// Why a report cannot be made.
#[derive(Debug, Error)]
pub enum ReportError {
    /// No report format has that name.
    #[error("no report format is called `{0}`; there are `html`, `markdown`, `json`, `csv` and `latex`")]
    UnknownFormat(String),
    /// The report could not be written as JSON.
    #[error("cannot write the report as JSON")]
    Json(#[source] serde_json::Error),
    /// The table could not be written as CSV.
    #[error("cannot write the report as CSV")]
    Csv(#[source] csv::Error),
    /// The page could not be filled in.
    #[error("cannot fill in the HTML report")]
    Html(#[source] minijinja::Error),
}
