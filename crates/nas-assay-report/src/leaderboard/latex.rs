//! The board in LaTeX: tau-b and Spearman's rho on each space.

use nas_assay_base::sha256_hex;
use nas_assay_criteria::{Criterion, Verdict};
use nas_assay_schema::estimator::EstimatorKind;

use super::board::{Cell, Leaderboard, Row};
use super::text::legend;
use crate::latex::table::{self, Best, Column, Form, Group, NONE, Number, Table};
use crate::latex::{comment, escape, head};

/// So many spaces stand beside each other; further ones follow below.
const SPACES: usize = 4;

/// The sign of values that the paired test does not find above those of #Params.
const SIGN: &str = "\\dagger";

/// The board as a `table` environment.
pub(super) fn latex(board: &Leaderboard) -> String {
    let mut text = head("Leaderboard", "nas-assay leaderboard");
    for (place, column) in board.columns.iter().enumerate() {
        text += &comment(&format!("[{}] spec hash: {}", place + 1, column.spec_hash));
        text.extend(board.others(place).iter().map(|other| comment(&format!("[{}] other papers: {other}", place + 1))));
    }
    let places: Vec<usize> = (0..board.columns.len()).collect();
    let parts: Vec<Table> = places.chunks(SPACES).map(|places| part(board, places)).collect();
    if parts.is_empty() {
        return text;
    }
    text + "\n" + &table::float(&parts, &caption(board), &label(board))
}

/// The label of the table: boards of other records have others.
fn label(board: &Leaderboard) -> String {
    let hashes: Vec<&str> = board.columns.iter().map(|column| column.spec_hash.as_str()).collect();
    format!("leaderboard-{}", &sha256_hex(hashes.join("\n").as_bytes())[..8])
}

/// Some columns of the board. The first part has the mean ranks.
fn part(board: &Leaderboard, places: &[usize]) -> Table {
    let with_rank = places.first() == Some(&0);
    let column = |heading: &str, best| Column { heading: heading.to_owned(), best: Some(best) };
    let mut columns: Vec<Column> = with_rank.then(|| column("mean rank", Best::Lowest)).into_iter().collect();
    columns.extend(places.iter().flat_map(|_| [column("$\\tau_b$", Best::Highest), column("$\\rho$", Best::Highest)]));
    let before = 1 + usize::from(with_rank);
    let heading = |&place: &usize| {
        format!(" & \\multicolumn{{2}}{{c}}{{{} [{}]}}", escape(&board.columns[place].space), place + 1)
    };
    let headings: String = places.iter().map(heading).collect();
    let rule = |at: usize| format!("\\cmidrule(lr){{{}-{}}}", before + 1 + 2 * at, before + 2 + 2 * at);
    let rules: String = (0..places.len()).map(rule).collect();
    let is_baseline = |row: &&Row| row.kind == EstimatorKind::Baseline;
    let of_part = |row: &&Row| with_rank || places.iter().any(|&place| row.cells[place].is_some());
    let lines = |wanted: bool| {
        let rows = board.rows.iter().filter(|row| is_baseline(row) == wanted).filter(of_part);
        rows.map(|row| line(row, places, with_rank)).collect::<Vec<table::Row>>()
    };
    let groups = [("Baselines", true), ("Estimators", false)];
    Table {
        columns,
        above: vec![format!("{}{headings} \\\\\n{rules}\n", " & ".repeat(before - 1))],
        first: "Estimator".to_owned(),
        groups: groups.map(|(title, wanted)| Group { title, rows: lines(wanted) }).into(),
    }
}

fn line(row: &Row, places: &[usize], with_rank: bool) -> table::Row {
    let number = |value, form, sign| table::Cell::Number(Number { value, deviation: None, form, sign });
    let of = |&place: &usize| match &row.cells[place] {
        None => [NONE, NONE].map(|none| table::Cell::Text(none.to_owned())),
        Some(cell) => [
            number(cell.tau_b, Form::Of(Criterion::TauB), Some(SIGN).filter(|_| is_signed(cell))),
            number(cell.spearman, Form::Of(Criterion::Spearman), None),
        ],
    };
    let rank = with_rank.then(|| number(row.mean_rank, Form::Rank, None));
    table::Row { name: escape(&row.estimator), cells: rank.into_iter().chain(places.iter().flat_map(of)).collect() }
}

/// Whether a test has not found the value above that of #Params.
fn is_signed(cell: &Cell) -> bool {
    cell.against_params.is_some_and(|verdict| verdict != Verdict::Better)
}

fn caption(board: &Leaderboard) -> String {
    let mut text = String::from(
        "Estimators by search spaces: Kendall's $\\tau_b$ and Spearman's $\\rho$ of scores and truth. The best number of a column is \
         bold, and the second is underlined where one alone is best, baselines included; numbers that print alike are marked alike. The mean rank is over the \
         spaces that have the estimator.",
    );
    let cells = || board.rows.iter().flat_map(|row| row.cells.iter().flatten());
    if cells().any(is_signed) {
        text +=
            &format!(" ${SIGN}$: a paired bootstrap test at 95\\,\\% does not find $\\tau_b$ above that of \\#Params.");
    }
    if cells().any(|cell| cell.seeds > 1) {
        text += " Of several supernet seeds the median by $\\tau_b$ is shown.";
    }
    for (place, column) in board.columns.iter().enumerate() {
        text += &format!(" {{[}}{}{{]}} {}.", place + 1, escape(&legend(board, column)));
    }
    text
}
