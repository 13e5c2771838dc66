//! The board as a long table: one row a value.

use super::board::Leaderboard;
use crate::csv::quote;

/// The columns. `chosen` says whether the panel speaks for its space; `lower` and `upper` bound the 95 % interval.
const HEADER: &str = "space,name,spec_hash,device_class,panel,architectures,miniature,chosen,estimator,kind,version,checkpoint,seeds,\
    tau_b,lower,upper,above_params\n";

/// The board as CSV (RFC 4180, lines ended by a line feed). A value that is undefined is an empty field.
pub(super) fn csv(board: &Leaderboard) -> String {
    let number = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
    let mut text = HEADER.to_owned();
    for (place, column) in board.columns.iter().enumerate() {
        for row in &board.rows {
            let Some(cell) = &row.cells[place] else { continue };
            let [lower, upper] = cell.interval.map_or([None; 2], |bounds| bounds.map(Some));
            let fields = [
                quote(&column.space),
                quote(&column.name),
                quote(&column.spec_hash),
                quote(&column.device_class),
                quote(&column.panel),
                column.architectures.to_string(),
                column.miniature.to_string(),
                column.chosen.to_string(),
                quote(&row.estimator),
                row.kind.as_str().to_owned(),
                cell.version.to_string(),
                quote(cell.checkpoint.as_deref().unwrap_or_default()),
                cell.seeds.to_string(),
                number(cell.tau_b),
                number(lower),
                number(upper),
                number(cell.above_params),
            ];
            text += &format!("{}\n", fields.join(","));
        }
    }
    text
}
