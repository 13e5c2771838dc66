//! The data of a section of the page: text, pictures and tables, as the templates read them.

use nas_assay_criteria::{Comparison, Criterion, Verdict};
use serde::Serialize;

use super::template::{keep_units, typeset};
use crate::text_table::TextTable;
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
    /// Markup: a picture in its own size, or what is written once and that pictures refer to.
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
    /// Pictures of the section as files.
    pub saved: Vec<Saved>,
    /// What to read about it: names and links.
    pub terms: Vec<[String; 2]>,
}

/// A picture that a reader can save as a file.
#[derive(Serialize)]
pub(crate) struct Saved {
    /// The name of the file.
    pub name: String,
    /// A link to it without characters that have to be escaped.
    pub link: String,
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
    /// How the cells of all columns are set: `number`, `word`, or `prose`, which takes several lines; all are numbers if it is empty.
    pub classes: Vec<&'static str>,
    /// Whether its columns are its rows, so that it stays a table on the screen of a phone. Others are lists of their cells there.
    pub square: bool,
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

impl Table {
    /// A table of the reports in text. Its first column has the headings of the rows.
    pub fn of_text(id: String, caption: String, folded: Option<String>, table: &TextTable) -> Self {
        let class = |(place, is_numeric): (usize, bool)| {
            let longest = table.rows().iter().map(|row| row[place].chars().count()).max();
            match longest {
                _ if is_numeric => "number",
                Some(LONG..) => "prose",
                _ => "word",
            }
        };
        let numeric: Vec<bool> = table.columns().map(|(_, is_numeric)| is_numeric).collect();
        let text = |(cell, &is_numeric): (&String, &bool)| {
            [if is_numeric { typeset(cell) } else { keep_units(cell) }, String::new()]
        };
        let row = |row: &Vec<String>| TableRow {
            name: row.first().cloned().unwrap_or_default(),
            about: String::new(),
            cells: row.iter().zip(&numeric).skip(1).map(text).collect(),
        };
        Self {
            id,
            caption,
            folded,
            classes: numeric.iter().copied().enumerate().map(class).collect(),
            square: false,
            headings: table.columns().map(|(text, _)| heading(keep_units(&capital(text)), "")).collect(),
            rows: table.rows().iter().map(row).collect(),
        }
    }
}

/// So many characters of text are prose.
const LONG: usize = 30;

/// A name as a heading, or a text as the beginning of a sentence.
pub(crate) fn capital(name: &str) -> String {
    let (first, rest) = name.split_at(name.chars().next().map_or(0, char::len_utf8));
    first.to_uppercase() + rest
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

/// The sign before the word of a test's verdict.
pub(crate) const fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Better => "▲ ",
        Verdict::Worse => "▼ ",
        Verdict::Undecided => "",
    }
}

/// A test's verdict as a word with a sign, and the difference with its interval.
pub(crate) fn outcome(outcome: &Comparison) -> [String; 2] {
    let sign = sign(outcome.verdict);
    let difference = value_text::difference(Criterion::TauB, outcome.difference, 0.0);
    let interval = outcome
        .interval
        .map_or(String::new(), |interval| format!(" {}", value_text::interval(value_text::bounds(interval), 3)));
    cells(&format!("{sign}{}", value_text::verdict(outcome)), &format!("{difference}{interval}"))
}

#[cfg(test)]
mod tests {
    use super::{Table, TextTable};

    #[test]
    fn text_is_set_as_text_and_numbers_as_numbers() {
        let columns = [("estimator", false), ("tau-b", true), ("ranks as", false), ("visible cause", false)];
        let cause = "synthetic images of 8 % instead of CIFAR-10";
        let rows = [["a-b", "-0.5", "live-convs", cause], ["c", "0.25", "–", "–"]];
        let rows = rows.map(|row| row.map(str::to_owned).to_vec()).to_vec();
        let table = Table::of_text("id".to_owned(), "A caption.".to_owned(), None, &TextTable::new(&columns, rows));
        assert_eq!(table.classes, ["word", "number", "word", "prose"]);
        let headings: Vec<&str> = table.headings.iter().map(|[text, _]| text.as_str()).collect();
        assert_eq!(headings, ["Estimator", "Tau-b", "Ranks as", "Visible cause"]);
        let cells = table.rows[0].cells.iter().map(|[text, _]| text.as_str());
        let cause = cause.replace(" %", "\u{a0}%");
        assert_eq!(cells.collect::<Vec<_>>(), ["−0.5", "live-convs", cause.as_str()]);
        assert_eq!((table.rows.len(), table.rows[0].name.as_str()), (2, "a-b"));
    }
}
