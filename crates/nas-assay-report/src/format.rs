//! The formats of a report that is written to a file: their names, file endings, and how each is made.

use std::str::FromStr;

use nas_assay_schema::store::record::Record;

use crate::beside::Beside;
use crate::csv::csv_beside;
use crate::error::ReportError;
use crate::html::html;
use crate::json::json;
use crate::latex::latex;
use crate::markdown::markdown;

/// A format of a report that is written to a file.
///
/// ```
/// use nas_assay_report::Format;
///
/// let format: Format = "md".parse()?;
/// assert_eq!((format.name(), format.extension()), ("markdown", "md"));
/// assert_eq!("HTM".parse::<Format>()?, Format::Html);
/// assert!("pdf".parse::<Format>().is_err());
/// # Ok::<(), nas_assay_report::ReportError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One self-contained page.
    Html,
    /// Markdown as GitHub reads it.
    Markdown,
    /// The summaries, the whole record and its provenance.
    Json,
    /// A table with one value per row.
    Csv,
    /// Tables for a paper, to be read by `\input`.
    Latex,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 5] = [Self::Html, Self::Markdown, Self::Json, Self::Csv, Self::Latex];

    /// The name, as in `html`. [`FromStr`] reads it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Markdown => "markdown",
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Latex => "latex",
        }
    }

    /// The file extension, without a dot. It is the first of its [`endings`](Self::endings).
    pub fn extension(self) -> &'static str {
        self.endings()[0]
    }

    /// All endings of files that mean this format, in lower case and without a dot. [`FromStr`] reads them in any case.
    pub fn endings(self) -> &'static [&'static str] {
        match self {
            Self::Html => &["html", "htm"],
            Self::Markdown => &["md", "markdown"],
            Self::Json => &["json"],
            Self::Csv => &["csv"],
            Self::Latex => &["tex", "latex"],
        }
    }

    /// The report in this format, with what stands beside the record: a [`Beside`], or a provenance alone.
    ///
    /// # Errors
    /// If the report can't be written in this format; see [`ReportError`].
    ///
    /// ```
    /// # let record = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/record.rs"));
    /// use nas_assay_report::Format;
    ///
    /// let report = Format::Markdown.render(&record, None)?;
    /// assert_eq!(report, nas_assay_report::markdown(&record, None));
    /// # Ok::<(), nas_assay_report::ReportError>(())
    /// ```
    pub fn render<'a>(self, record: &'a Record, beside: impl Into<Beside<'a>>) -> Result<String, ReportError> {
        let beside = beside.into();
        match self {
            Self::Html => html(record, beside),
            Self::Markdown => Ok(markdown(record, beside)),
            Self::Json => json(record, beside),
            Self::Csv => csv_beside(record, beside),
            Self::Latex => Ok(latex(record, beside)),
        }
    }
}

impl FromStr for Format {
    type Err = ReportError;

    fn from_str(text: &str) -> Result<Self, ReportError> {
        let means = |format: &Self| format.endings().iter().any(|ending| text.eq_ignore_ascii_case(ending));
        // Each name is one of the endings.
        Self::ALL.into_iter().find(means).ok_or_else(|| ReportError::UnknownFormat(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_that_is_named_for_an_unknown_one_is_one() {
        let message = "pdf".parse::<Format>().unwrap_err().to_string();
        let names: Vec<&str> = message.split('`').skip(3).step_by(2).collect();
        let formats: Vec<Format> = names.iter().map(|name| name.parse().unwrap()).collect();
        assert!(Format::ALL.iter().all(|format| formats.contains(format)) && formats.len() == 5, "{message}");
    }
}
