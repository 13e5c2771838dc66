//! Why a report cannot be made.

use thiserror::Error;

/// Why a report cannot be made.
#[derive(Debug, Error)]
pub enum ReportError {
    /// No form has that name.
    #[error("no report format is called `{0}`: use `html`, `markdown`, `json` or `csv`")]
    UnknownFormat(String),
    /// The record holds a number that JSON has no form for.
    #[error("cannot write the report as JSON")]
    Json(#[source] serde_json::Error),
    /// The table could not be written as CSV.
    #[error("cannot write the report as CSV")]
    Csv(#[source] csv::Error),
    /// The page could not be filled in.
    #[error("cannot fill in the HTML report")]
    Html(#[source] minijinja::Error),
}
