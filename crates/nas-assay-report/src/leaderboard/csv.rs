//! The board as a long table with one value per row.

use super::board::Leaderboard;
use crate::csv::{bounds, number, table};
use crate::error::ReportError;

/// The columns. `chosen` says whether ranks use this panel for its space. `lower` and `upper` bound the 95 % interval. `other_papers` is whether what
/// others print agrees; empty if nobody did.
const HEADER: [&str; 20] = [
    "space",
    "name",
    "spec_hash",
    "device_class",
    "panel",
    "architectures",
    "miniature",
    "other_truth",
    "chosen",
    "estimator",
    "kind",
    "version",
    "checkpoint",
    "seeds",
    "tau_b",
    "lower",
    "upper",
    "above_params",
    "other_papers",
    "visible_causes",
];

/// The board as CSV (RFC 4180, lines ended by a line feed). A value that is undefined is an empty field.
pub(super) fn csv(board: &Leaderboard) -> Result<String, ReportError> {
    let mut rows = Vec::new();
    for (place, column) in board.columns.iter().enumerate() {
        for row in &board.rows {
            let Some(cell) = &row.cells[place] else { continue };
            let [lower, upper] = bounds(cell.interval);
            rows.push(vec![
                column.space.clone(),
                column.name.clone(),
                column.spec_hash.clone(),
                column.device_class.to_string(),
                column.panel.clone(),
                column.architectures.to_string(),
                column.miniature.to_string(),
                column.other_truth.clone().unwrap_or_default(),
                column.chosen.to_string(),
                row.estimator.clone(),
                row.kind.as_str().to_owned(),
                cell.version.to_string(),
                cell.checkpoint.clone().unwrap_or_default(),
                cell.seeds.to_string(),
                number(cell.tau_b),
                lower,
                upper,
                number(cell.above_params),
                cell.others.as_ref().map(|others| others.verdict.to_string()).unwrap_or_default(),
                cell.others.as_ref().map(|others| others.causes.join("; ")).unwrap_or_default(),
            ]);
        }
    }
    table(&HEADER, &rows)
}
