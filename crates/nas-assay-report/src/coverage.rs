//! What became of the rows of score files, as lines and as a table with examples.

use nas_assay_base::text::grouped;
use nas_assay_schema::store::record::{ClassRows, CoverageRecord, PanelRecord, Record, RowClass};

use crate::text_table::TextTable;
use crate::value_text::NONE;

/// One line for each score file. Files of several panels have the name of their panel.
pub(crate) fn lines(record: &Record) -> Vec<String> {
    let several = record.panels.len() > 1;
    let of_panel = |panel: &PanelRecord| {
        let name = panel.name.clone();
        let line = move |coverage: &CoverageRecord| {
            let line = coverage.line();
            if several { format!("{line} (panel {name})") } else { line }
        };
        panel.coverage.iter().map(line).collect::<Vec<_>>()
    };
    record.panels.iter().flat_map(of_panel).collect()
}

/// The classes of rows of all score files of a panel, with examples; `None` if every row is judged.
pub(crate) fn table(panel: &PanelRecord) -> Option<TextTable> {
    let rows = rows(panel);
    (!rows.is_empty()).then(|| {
        let columns = [("scores", false), ("class", false), ("rows", true), ("the first of them", false)];
        TextTable::new(&columns, rows.into_iter().map(Vec::from).collect())
    })
}

/// Scores, class, number of rows and examples of each class of rows; empty if every row is judged.
pub(crate) fn rows(panel: &PanelRecord) -> Vec<[String; 4]> {
    let is_odd = |coverage: &&CoverageRecord| coverage.classes.iter().any(|rows| rows.class != RowClass::Judged);
    let row = |coverage: &CoverageRecord, rows: &ClassRows| {
        let examples: Vec<String> = rows.first.iter().map(|row| format!("line {}: {}", row.line, row.said)).collect();
        let examples = if examples.is_empty() { NONE.to_owned() } else { examples.join("; ") };
        [coverage.scores.clone(), rows.class.to_string(), grouped(rows.rows), examples]
    };
    let of = |coverage: &CoverageRecord| coverage.classes.iter().map(|rows| row(coverage, rows)).collect::<Vec<_>>();
    panel.coverage.iter().filter(is_odd).flat_map(of).collect()
}
