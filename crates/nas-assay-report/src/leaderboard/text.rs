//! The board as text: for a terminal, and in Markdown.

use nas_assay_criteria::Criterion;

use super::across::TITLE;
use super::board::{Beats, Cell, Column, Leaderboard, short};
use crate::text_table::{TextTable, escape_markdown};
use crate::value_text::{self, NONE, count};
use crate::wrap::{NARROWEST, wrap};

/// What the numbers are.
pub(super) const ABOUT: &str = "Kendall's tau-b of scores and truth, with its 95 % interval. All values of a column are for the same \
    architectures. The mean rank is over the spaces that have the estimator; 1 is the best. An estimator beats #Params on a space if the \
    paired test of the two, over the same resampled architectures, finds its tau-b higher. Each estimator has its last checkpoint, and of \
    several supernet seeds the median; its variants are in the reports. There is no interval for fewer than 10 architectures, or if hardly \
    any scores differ.";

/// What is said of the signs behind values, if there are any.
pub(super) const OTHERS: &str = "Behind a value: = agrees with what other papers print, ≠ differs, ? cannot be decided, since those rank \
    other architectures or by another truth.";

/// The board for a terminal.
pub(super) fn terminal(board: &Leaderboard, width: u16) -> String {
    let width = width.max(NARROWEST);
    let mut text = table(board).terminal(width) + "\n";
    for (place, column) in board.columns.iter().enumerate() {
        text += &wrap(&format!("[{}] {}", place + 1, legend(board, column)), width);
    }
    for line in board.left_out.lines() {
        text += &format!("\n{}", wrap(&line, width));
    }
    if board.has_others() {
        text += "\n";
        for place in 0..board.columns.len() {
            for other in board.others(place) {
                text += &wrap(&format!("[{}] {other}", place + 1), width);
            }
        }
        text += &wrap(OTHERS, width);
    }
    if let Some(across) = &board.across {
        text += &format!("\n{TITLE}\n\n{}", across.table().terminal(width));
        for line in across.lines() {
            text += &format!("\n{}", wrap(&line, width));
        }
    }
    text + "\n" + &wrap(ABOUT, width)
}

/// The board in Markdown, as GitHub reads it.
pub(super) fn markdown(board: &Leaderboard) -> String {
    let mut text = format!("# Leaderboard\n\n{}\n\n{}\n", escape_markdown(ABOUT), table(board).markdown());
    for (place, column) in board.columns.iter().enumerate() {
        text += &format!("- \\[{}\\] {}\n", place + 1, escape_markdown(&legend(board, column)));
    }
    for line in board.left_out.lines() {
        text += &format!("\n{}\n", escape_markdown(&line));
    }
    if board.has_others() {
        text += &format!("\n{}\n\n", escape_markdown(OTHERS));
        for place in 0..board.columns.len() {
            let others = board.others(place);
            text.extend(others.iter().map(|other| format!("- \\[{}\\] {}\n", place + 1, escape_markdown(other))));
        }
    }
    if let Some(across) = &board.across {
        text += &format!("\n## {TITLE}\n\n{}", across.table().markdown());
        for (place, line) in across.lines().iter().enumerate() {
            text += &format!("{}- {}\n", if place == 0 { "\n" } else { "" }, escape_markdown(line));
        }
    }
    text
}

/// A column in a sentence.
pub(super) fn legend(board: &Leaderboard, column: &Column) -> String {
    let Column { name, panel, device_class, spec_hash, .. } = column;
    let truth = match &column.other_truth {
        Some(accuracy) => &format!("judged by {accuracy}"),
        None if column.miniature => "truth in miniature",
        None => "the benchmark's truth",
    };
    let ranks = match column {
        Column { other_quantity: true, .. } => ", not used for the ranks",
        Column { chosen: true, .. } if board.has_further_columns() => ", used for the ranks",
        _ => "",
    };
    format!(
        "{name}, panel {panel}: {} architectures, {truth}, {}{ranks}",
        count(column.architectures),
        short(spec_hash, *device_class)
    )
}

fn table(board: &Leaderboard) -> TextTable {
    let headings: Vec<String> =
        board.columns.iter().enumerate().map(|(place, column)| format!("{} [{}]", column.space, place + 1)).collect();
    let mut columns = vec![("estimator", false), ("mean rank", true), ("beats #Params", true)];
    columns.extend(headings.iter().map(|heading| (heading.as_str(), true)));
    let rows = board.rows.iter().map(|row| {
        let mut cells = vec![row.estimator.clone(), rank(row.mean_rank), beats(row.beats_params)];
        cells.extend(row.cells.iter().map(|cell| cell.as_ref().map_or(NONE.to_owned(), value)));
        cells
    });
    TextTable::new(&columns, rows.collect()).without_empty_columns(1)
}

pub(super) fn rank(mean: Option<f64>) -> String {
    mean.map_or(NONE.to_owned(), |mean| value_text::fixed(mean, 1))
}

pub(super) fn beats(beats: Option<Beats>) -> String {
    beats.map_or(NONE.to_owned(), |Beats { won, of }| format!("{won} of {of}"))
}

pub(super) fn interval(cell: &Cell) -> Option<String> {
    cell.interval.map(|bounds| value_text::interval(bounds, 2))
}

fn value(cell: &Cell) -> String {
    let tau = value_text::value(Criterion::TauB, cell.tau_b);
    let value = interval(cell).map_or(tau.clone(), |interval| format!("{tau} {interval}"));
    cell.others.as_ref().map_or(value.clone(), |others| format!("{value} {}", others.verdict.sign()))
}
