//! The board as a page.

use nas_assay_criteria::{Criterion, Verdict};
use nas_assay_schema::DeviceClass;
use serde::Serialize;

use super::across::{Across, TITLE};
use super::board::{Cell, Column, Leaderboard, Row};
use super::ranks;
use super::text::{ABOUT, OTHERS, beats, interval, legend, rank};
use crate::error::ReportError;
use crate::html::charts::scrolled;
use crate::html::section::{Section, Table};
use crate::html::template::{keep_units, render, typeset};
use crate::value_text::{self, NONE, count};

const PAGE: &str = include_str!("page.html");

pub(super) fn html(board: &Leaderboard) -> Result<String, ReportError> {
    let drawn = board.across.as_ref().and_then(ranks::picture);
    let filled = Filled {
        drawn: drawn.map(|picture| [keep_units(ranks::CAPTION), scrolled("critical-difference", &picture)]),
        about: keep_units(ABOUT),
        columns: board.columns.iter().map(|column| Heading::new(board, column)).collect(),
        rows: rows(board),
        others: (0..board.columns.len())
            .flat_map(|place| board.others(place).into_iter().map(move |other| (place + 1, other)))
            .collect(),
        about_others: OTHERS,
        left_out: board.left_out.lines().iter().map(|line| keep_units(line)).collect(),
        has_ranks: board.rows.iter().any(|row| row.mean_rank.is_some()),
        has_beats: board.rows.iter().any(|row| row.beats_params.is_some()),
        across: board.across.iter().map(across).collect(),
        across_title: TITLE,
    };
    render(PAGE, "Leaderboard", filled)
}

#[derive(Serialize)]
struct Filled {
    about: String,
    /// The critical-difference diagram: its caption and its markup.
    drawn: Option<[String; 2]>,
    columns: Vec<Heading>,
    rows: Vec<Line>,
    /// What others printed: the number of the column, and a sentence.
    others: Vec<(usize, String)>,
    about_others: &'static str,
    /// What is not shown, in sentences.
    left_out: Vec<String>,
    /// Whether some estimator has a mean rank.
    has_ranks: bool,
    /// Whether some estimator is tested against #Params.
    has_beats: bool,
    /// The section over all benchmarks, if there is one.
    across: Vec<Section>,
    across_title: &'static str,
}

/// The section over all benchmarks.
fn across(across: &Across) -> Section {
    let caption = "The worst tau-b of each estimator, on how many benchmarks its interval is above or below zero, and on how many it is that close \
                   to the best.";
    Section {
        id: "across".to_owned(),
        title: "Ranks and changes of sign",
        text: keep_units(&across.lines().join(" ")),
        tables: vec![Table::of_text("across-table".to_owned(), caption.to_owned(), None, &across.table())],
        ..Section::default()
    }
}

#[derive(Serialize)]
struct Heading {
    space: String,
    name: String,
    about: String,
    device_class: DeviceClass,
    legend: String,
    again: String,
}

#[derive(Serialize)]
struct Line {
    estimator: String,
    kind: &'static str,
    rank: String,
    beats: String,
    cells: Vec<Value>,
}

#[derive(Serialize)]
struct Value {
    text: String,
    interval: Option<String>,
    best: bool,
    above: bool,
}

impl Heading {
    fn new(board: &Leaderboard, column: &Column) -> Self {
        let Column { space, name, device_class, again, .. } = column;
        Self {
            space: space.clone(),
            name: name.clone(),
            about: format!("{} architectures", count(column.architectures)),
            device_class: *device_class,
            legend: legend(board, column),
            again: again.clone(),
        }
    }
}

fn rows(board: &Leaderboard) -> Vec<Line> {
    let best = |place: usize| {
        let values = board.rows.iter().filter_map(|row| row.cells[place].as_ref()?.tau_b);
        values.reduce(f64::max)
    };
    let best: Vec<Option<f64>> = (0..board.columns.len()).map(best).collect();
    let value = |(cell, best): (&Option<Cell>, &Option<f64>)| {
        let Some(cell) = cell else {
            return Value { text: NONE.to_owned(), interval: None, best: false, above: false };
        };
        Value {
            text: typeset(&value_text::value(Criterion::TauB, cell.tau_b))
                + &cell.others.as_ref().map(|others| format!(" {}", others.verdict.sign())).unwrap_or_default(),
            interval: interval(cell).as_deref().map(typeset),
            best: cell.tau_b.is_some() && cell.tau_b == *best,
            above: cell.against_params == Some(Verdict::Better),
        }
    };
    let line = |row: &Row| Line {
        estimator: row.estimator.clone(),
        kind: row.kind.as_str(),
        rank: rank(row.mean_rank),
        beats: beats(row.beats_params),
        cells: row.cells.iter().zip(&best).map(value).collect(),
    };
    board.rows.iter().map(line).collect()
}
