//! The data of a section of the page: text, pictures and tables, as the templates read them.

use nas_assay_criteria::{Comparison, Criterion, Verdict};
use serde::Serialize;

use super::template::typeset;
use crate::value_text;

/// A section of a panel, with its own heading. Pictures are markup; all other text is escaped by the template.
#[derive(Serialize, Default)]
pub(crate) struct Section {
    /// Unique in the page.
    pub id: String,
    /// The heading.
    pub title: &'static str,
    /// What is shown, and how to read it.
    pub text: String,
    /// Markup that is written once and that the pictures refer to.
    pub defined: String,
    /// The legend of the lines: the number of its style, and what it shows.
    pub legend: Vec<(usize, String)>,
    /// Pictures.
    pub figures: Vec<Figure>,
    /// Whether the pictures need wide columns.
    pub wide: bool,
    /// Tables.
    pub tables: Vec<Table>,
    /// Groups of pictures that are folded.
    pub groups: Vec<Group>,
}

/// A picture and its caption.
#[derive(Serialize, Clone)]
pub(crate) struct Figure {
    /// What it shows, in the font of code.
    pub name: String,
    /// More about that.
    pub about: String,
    /// A number that belongs to it.
    pub value: String,
    /// The markup.
    pub picture: String,
}

/// Pictures that are folded under a summary.
#[derive(Serialize)]
pub(crate) struct Group {
    /// The summary.
    pub title: String,
    /// Rows of pictures, each under its name.
    pub rows: Vec<(String, Vec<Figure>)>,
}

/// A table whose rows begin with a heading.
#[derive(Serialize)]
pub(crate) struct Table {
    /// Unique in the page.
    pub id: String,
    /// The caption.
    pub caption: String,
    /// The summary that unfolds it; `None` if it is not folded.
    pub folded: Option<String>,
    /// The headings of all columns: text, and a second line in small type.
    pub headings: Vec<[String; 2]>,
    /// The rows.
    pub rows: Vec<TableRow>,
}

/// A row of a [`Table`].
#[derive(Serialize)]
pub(crate) struct TableRow {
    /// Its heading, in the font of code.
    pub name: String,
    /// A second line of the heading.
    pub about: String,
    /// The cells: text, and a second line in small type.
    pub cells: Vec<[String; 2]>,
}

/// A heading, and a second line below it; empty for none.
pub(crate) fn heading(text: impl Into<String>, below: impl Into<String>) -> [String; 2] {
    [text.into(), below.into()]
}

/// A cell of one line.
pub(crate) fn cell(text: &str) -> [String; 2] {
    [typeset(text), String::new()]
}

/// A cell of two lines.
pub(crate) fn cells(text: &str, below: &str) -> [String; 2] {
    [typeset(text), typeset(below)]
}

/// A test's verdict as a word with a sign, and the difference with its interval.
pub(crate) fn outcome(outcome: &Comparison) -> [String; 2] {
    let sign = match outcome.verdict {
        Verdict::Better => "▲ ",
        Verdict::Worse => "▼ ",
        Verdict::Undecided => "",
    };
    let difference = value_text::difference(Criterion::TauB, outcome.difference, 0.0);
    let interval = outcome
        .interval
        .map_or(String::new(), |interval| format!(" {}", value_text::interval(value_text::bounds(interval), 3)));
    cells(&format!("{sign}{}", value_text::verdict(outcome)), &format!("{difference}{interval}"))
}
