//! Text tables, for the terminal and for Markdown.

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, LineStyle, TableStyle, Width};
use textwrap::core::display_width;

use crate::value_text::NONE;

/// Spaces between columns on a terminal: one of padding, and one in place of a line.
const GAP: u16 = 2;

/// The first column wraps before a table is split, down to this width in characters.
const KEY: usize = 18;

/// A table of text. Columns of numbers are aligned to the right.
pub(crate) struct TextTable {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
}

struct Column {
    heading: String,
    numeric: bool,
}

impl TextTable {
    /// A table. Each column is a heading and whether it holds numbers.
    pub fn new(columns: &[(&str, bool)], rows: Vec<Vec<String>>) -> Self {
        let columns =
            columns.iter().map(|&(heading, numeric)| Column { heading: heading.to_owned(), numeric }).collect();
        Self { columns, rows }
    }

    /// A table with some columns of this one, by index.
    pub fn select(&self, indices: &[usize]) -> Self {
        let columns = indices.iter().map(|&index| {
            let Column { heading, numeric } = &self.columns[index];
            Column { heading: heading.clone(), numeric: *numeric }
        });
        let rows = self.rows.iter().map(|row| indices.iter().map(|&index| row[index].clone()).collect());
        Self { columns: columns.collect(), rows: rows.collect() }
    }

    /// The table without the columns in which no row has a value. The first ones, so many, stay.
    pub fn without_empty_columns(&self, first: usize) -> Self {
        let has_values = |column: &usize| *column < first || self.rows.iter().any(|row| row[*column] != NONE);
        self.select(&(0..self.columns.len()).filter(has_values).collect::<Vec<usize>>())
    }

    /// The columns: the heading of each, and whether it holds numbers.
    pub fn columns(&self) -> impl Iterator<Item = (&str, bool)> {
        self.columns.iter().map(|column| (column.heading.as_str(), column.numeric))
    }

    /// The cells of each row.
    pub fn rows(&self) -> &[Vec<String>] {
        &self.rows
    }

    /// The table in Markdown, as GitHub reads it.
    pub fn markdown(&self) -> String {
        let line = |cells: &mut dyn Iterator<Item = String>| format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "));
        let mut text = line(&mut self.columns.iter().map(|column| escape_markdown(&column.heading)));
        text += &line(&mut self.columns.iter().map(|column| if column.numeric { "---:" } else { "---" }.to_owned()));
        for row in &self.rows {
            text += &line(&mut row.iter().map(|cell| escape_markdown(cell)));
        }
        text
    }

    /// The table for a terminal, at most `width` characters wide. Columns that do not fit follow in another table, which repeats the first
    /// column.
    pub fn terminal(&self, width: u16) -> String {
        self.split(width).iter().map(|part| part.whole(width)).collect::<Vec<_>>().join("\n")
    }

    /// The table without its last columns, as many as do not fit `width`. The first two columns stay.
    pub fn fitting(&self, width: u16) -> Self {
        let first = self.split(width).swap_remove(0);
        if first.columns.len() > 1 { first } else { self.select(&[0, 1]) }
    }

    /// The table in parts of whole columns, each at most `width` characters wide and with the first column.
    fn split(&self, width: u16) -> Vec<Self> {
        let first = self.width_of(0).min(KEY) + usize::from(GAP);
        let (mut parts, mut part, mut used) = (Vec::new(), vec![0], first);
        for index in 1..self.columns.len() {
            let needed = self.width_of(index) + usize::from(GAP);
            // Of the gap after the last column only the line is left out.
            if used + needed > usize::from(width) + 1 && part.len() > 1 {
                parts.push(std::mem::replace(&mut part, vec![0]));
                used = first;
            }
            used += needed;
            part.push(index);
        }
        parts.push(part);
        parts.iter().map(|indices| self.select(indices)).collect()
    }

    fn whole(&self, width: u16) -> String {
        let mut table = comfy_table::Table::new();
        table
            .force_no_tty()
            .load_style(TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─')))
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(width)
            .set_header(self.columns.iter().map(|column| column.heading.as_str()));
        for row in &self.rows {
            table.add_row(row);
        }
        let widths: Vec<usize> = (0..self.columns.len()).map(|index| self.width_of(index)).collect();
        for ((column, described), width) in table.column_iter_mut().zip(&self.columns).zip(widths) {
            column.set_padding((0, GAP - 1));
            if described.numeric {
                column.set_cell_alignment(CellAlignment::Right);
                column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width as u16 + GAP - 1)));
            }
        }
        table.trim_fmt() + "\n"
    }

    /// The width that the table takes with every cell on one line; headings may wrap.
    pub fn natural_width(&self) -> usize {
        let columns: usize = (0..self.columns.len()).map(|index| self.width_of(index) + usize::from(GAP)).sum();
        columns.saturating_sub(1)
    }

    /// The width that a column needs so that no cell and no word of the heading is broken.
    fn width_of(&self, index: usize) -> usize {
        let cells = self.rows.iter().map(|row| display_width(&row[index]));
        let words = self.columns[index].heading.split(' ').map(display_width);
        cells.chain(words).max().unwrap_or(0)
    }
}

/// Escapes text for Markdown, also inside a table cell.
pub(crate) fn escape_markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\r' => escaped.push(' '),
            '\\' | '|' | '*' | '_' | '`' | '<' | '>' | '[' | ']' | '&' | '~' => escaped.extend(['\\', character]),
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_takes_cells_literally() {
        let table = TextTable::new(&[("a", false), ("b", true)], vec![vec!["x|y\n*z*".to_owned(), "1".to_owned()]]);
        assert_eq!(table.markdown(), "| a | b |\n| --- | ---: |\n| x\\|y \\*z\\* | 1 |\n");
    }

    #[test]
    fn a_column_without_values_is_left_out() {
        let columns = [("name", false), ("a", true), ("b", true), ("c", true)];
        let row = |cells: [&str; 4]| cells.map(str::to_owned).to_vec();
        let table = TextTable::new(&columns, vec![row(["x", NONE, NONE, "1"]), row(["y", NONE, NONE, NONE])]);
        let headings = |first| {
            let left = table.without_empty_columns(first);
            left.columns().map(|(heading, _)| heading.to_owned()).collect::<Vec<String>>().join(" ")
        };
        assert_eq!([headings(0), headings(2), headings(3)], ["name c", "name a c", "name a b c"]);
        assert_eq!(table.without_empty_columns(1).rows()[0], ["x", "1"]);
    }

    #[test]
    fn a_terminal_table_keeps_to_its_width() {
        let words = "several words that do not fit on a single line of forty characters".to_owned();
        let table = TextTable::new(&[("name", false), ("value", true)], vec![vec![words, "0.606".to_owned()]]);
        for width in [20, 40, 80] {
            let text = table.terminal(width);
            assert!(text.lines().all(|line| line.chars().count() <= usize::from(width)), "{width}:\n{text}");
        }
    }
}
