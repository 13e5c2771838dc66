//! The leaderboard: all estimators by all search spaces, as text, page, JSON, CSV and LaTeX.

mod across;
mod board;
mod csv;
mod html;
mod latex;
mod left_out;
mod ranks;
mod text;

pub use across::{Across, AcrossRow, CLOSE};
pub use board::{Beats, Cell, Column, Leaderboard, Row};
pub use left_out::LeftOut;

use nas_assay_base::text::plain_json;

use crate::error::ReportError;
use crate::format::Format;

impl Leaderboard {
    /// The board in a format that is written to a file.
    ///
    /// # Errors
    /// If the board can't be written as JSON or CSV, or the page can't be filled in.
    ///
    /// ```
    /// # let record = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/record.rs"));
    /// use nas_assay_report::{Format, Leaderboard};
    ///
    /// let table = Leaderboard::new(&[record], false).render(Format::Csv)?;
    /// assert_eq!(table.lines().count(), 1 + 2);
    /// # Ok::<(), nas_assay_report::ReportError>(())
    /// ```
    pub fn render(&self, format: Format) -> Result<String, ReportError> {
        match format {
            Format::Html => html::html(self),
            Format::Markdown => Ok(text::markdown(self)),
            Format::Json => Ok(plain_json(serde_json::to_string_pretty(self).map_err(ReportError::Json)? + "\n")),
            Format::Csv => csv::csv(self),
            Format::Latex => Ok(latex::latex(self)),
        }
    }

    /// The board in plain text, at most `width` characters wide.
    pub fn text(&self, width: u16) -> String {
        text::terminal(self, width)
    }
}

#[cfg(test)]
mod tests;
