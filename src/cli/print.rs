//! Printing that does not panic: a reader that has gone away, a full disk, a closed stream.

use std::collections::BTreeMap;
use std::fmt::Arguments;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::time::Duration;

use comfy_table::{ColumnConstraint, ContentArrangement, Table, TableStyle};
use nas_assay_base::text::{grouped, printable, printable_lines};
use serde::Serialize;

use super::context::Context;
use super::exit::{Failure, UNEXPECTED};
use crate::store::to_json;

/// Prints data to stdout. The function that uses it returns `Result<_, Failure>`: it ends if the data cannot be written.
macro_rules! out {
    ($($text:tt)*) => { $crate::cli::print::to_stdout(format_args!($($text)*))? };
}

/// Like `out!`, with a line break.
macro_rules! outln {
    ($($text:tt)*) => { $crate::cli::print::to_stdout(format_args!("{}\n", format_args!($($text)*)))? };
}

pub(super) use {out, outln};

/// Writes data to stdout.
///
/// # Errors
/// [`Failure::reader_gone`] if nobody reads them, and a failure with a message if they cannot be written for another reason.
pub fn to_stdout(text: Arguments<'_>) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_fmt(text).and_then(|()| stdout.flush()).map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => Failure::reader_gone(),
        _ => Failure::new(UNEXPECTED, format!("failed to write to stdout: {error}")),
    })
}

/// Prints a value as indented JSON to stdout.
///
/// # Errors
/// As [`to_stdout`], and if the value has no JSON form.
pub fn print_json<T: Serialize>(value: &T) -> Result<(), Failure> {
    let text = to_json(value).map_err(|error| Failure::new(UNEXPECTED, error.to_string()))?;
    to_stdout(format_args!("{text}"))
}

/// An object with its form.
#[derive(Serialize)]
struct Document<'a, T> {
    format: Form<'a>,
    #[serde(flatten)]
    value: &'a T,
}

/// The form of an object: whoever reads it can tell whether it is the one that they know.
#[derive(Serialize)]
struct Form<'a> {
    name: &'a str,
    version: u32,
}

/// An object as indented JSON, with its form before its own keys: `"format": {"name": "nas-assay specs", "version": 1}`. A version is raised
/// when a key goes away or gets another meaning; `docs/src/json.md` has the keys of each.
///
/// # Errors
/// If the value has no JSON form, or is no object.
pub fn document<T: Serialize>(name: &str, version: u32, value: &T) -> Result<String, Failure> {
    let name = format!("nas-assay {name}");
    let document = Document { format: Form { name: &name, version }, value };
    to_json(&document).map_err(|error| Failure::new(UNEXPECTED, error.to_string()))
}

/// Prints an object as [`document`] writes it.
///
/// # Errors
/// As [`to_stdout`] and [`document`].
pub fn print_document<T: Serialize>(name: &str, version: u32, value: &T) -> Result<(), Failure> {
    to_stdout(format_args!("{}", document(name, version, value)?))
}

/// Prints rows as [`print_document`] prints an object whose only key they are.
///
/// # Errors
/// As [`print_document`].
pub fn print_rows<T: Serialize>(name: &str, version: u32, key: &str, rows: &T) -> Result<(), Failure> {
    print_document(name, version, &BTreeMap::from([(key, rows)]))
}

/// A number of things: `1 file`, `2 files`.
pub fn counted(count: usize, what: &str) -> String {
    format!("{} {what}{}", grouped(count as u64), if count == 1 { "" } else { "s" })
}

/// A time in whole units: `40 s`, `12 min`, `3 h 5 min`, `12 days`.
pub fn spoken(time: Duration) -> String {
    match time.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7200 => format!("{} min", seconds / 60),
        seconds @ 7200..172_800 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        seconds => format!("{} days", grouped(seconds / 86_400)),
    }
}

/// Prints rows in columns of equal width. On a terminal the last column is broken into lines where it is too wide; elsewhere each row is one line.
///
/// # Errors
/// As [`to_stdout`].
pub fn print_columns<const COLUMNS: usize>(rows: impl IntoIterator<Item = [String; COLUMNS]>) -> Result<(), Failure> {
    let mut table = Table::new();
    table.load_style(TableStyle::new());
    if io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(Context::width());
    }
    table.add_rows(rows.into_iter().map(|row| row.map(|cell| printable(&cell).into_owned())));
    for column in table.column_iter_mut().take(COLUMNS.saturating_sub(1)) {
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
    table.column_iter_mut().for_each(|column| {
        column.set_padding((0, 2));
    });
    let lines = table.lines().map(|line| line.trim_end().to_owned() + "\n");
    to_stdout(format_args!("{}", lines.collect::<String>()))
}

/// Writes lines to stderr, if that is possible. A program that computes goes on without a reader of its notes. Control characters of what
/// is quoted do not reach the terminal.
pub fn to_stderr(text: &str) {
    styled_to_stderr(&printable_lines(text));
}

/// As [`to_stderr`], for text with colours whose quotes are printable.
pub fn styled_to_stderr(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_spoken_in_whole_units() {
        let of = |seconds| spoken(Duration::from_secs(seconds));
        assert_eq!([0, 119, 120, 7199].map(of), ["0 s", "119 s", "2 min", "119 min"]);
        assert_eq!([7200, 11_100, 3_600_000].map(of), ["2 h 0 min", "3 h 5 min", "41 days"]);
    }
}
