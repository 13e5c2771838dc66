//! What is said of one estimator on all spaces: how well it ranks there, whether it beats the baselines, and whether its numbers are
//! those of the goldens.

use serde::Serialize;

use super::number::{self, NONE};
use super::table::TextTable;
use nas_assay_criteria::{Criterion, Verdict};
use nas_assay_schema::store::record::{ComparisonRecord, EstimatorRecord, Record};

/// One space.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The space.
    pub space: String,
    /// Its architectures.
    pub architectures: usize,
    /// Kendall's tau-b.
    pub tau_b: Option<f64>,
    /// The bounds of its 95 % interval.
    pub interval: Option<[f64; 2]>,
    /// The paired test against each baseline.
    pub against: Vec<ComparisonRecord>,
    /// How the numbers compare with the golden's; none where there is no golden.
    pub golden: Option<Golden>,
}

/// How a record's numbers compare with a golden's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Golden {
    /// Numbers that both have.
    pub compared: usize,
    /// Those of them that are the judged estimator's.
    pub of_estimator: usize,
    /// Lines of the golden, and what stands there now.
    pub moved: Vec<[String; 2]>,
}

impl Row {
    /// What a record of one panel says of the estimator `id`.
    pub fn new(record: &Record, id: &str, golden: Option<Golden>) -> Self {
        let panel = record.panels.first();
        let judged = panel.and_then(|panel| panel.estimators.iter().find(|estimator| estimator.id == id));
        let kendall = judged.map(|judged| judged.criteria.kendall);
        let label = judged.map(EstimatorRecord::label).unwrap_or_default();
        let tests = panel.iter().flat_map(|panel| &panel.analyses.comparisons);
        Self {
            space: record.space.clone(),
            architectures: panel.map_or(0, |panel| panel.architectures.len()),
            tau_b: kendall.and_then(|kendall| kendall.tau_b),
            interval: kendall.and_then(|kendall| kendall.interval).map(|interval| [interval.lower, interval.upper]),
            against: tests.filter(|test| test.estimator == label).cloned().collect(),
            golden,
        }
    }

    fn golden_text(&self) -> String {
        match &self.golden {
            None => "no golden".to_owned(),
            Some(Golden { compared, of_estimator: 0, moved }) if moved.is_empty() => format!("new; {compared} agree"),
            Some(Golden { compared, moved, .. }) if moved.is_empty() => format!("{compared} agree"),
            Some(Golden { compared, moved, .. }) => format!("{} of {compared} moved", moved.len()),
        }
    }

    fn against_text(&self, baseline: &str) -> String {
        let Some(test) = self.against.iter().find(|test| test.with == baseline) else { return NONE.to_owned() };
        let difference = test.outcome.difference.map_or(NONE.to_owned(), |difference| format!("{difference:+.3}"));
        match test.outcome.verdict {
            Verdict::Better => format!("{difference} better"),
            Verdict::Worse => format!("{difference} worse"),
            Verdict::Undecided => format!("{difference} open"),
        }
    }
}

/// The rows as a table, at most `width` characters wide, and the first moved numbers.
pub fn terminal(id: &str, rows: &[Row], width: u16) -> String {
    let columns = [
        ("space", false),
        ("rows", true),
        ("tau-b", true),
        ("95 % interval", true),
        ("against params", true),
        ("against flops", true),
        ("golden", false),
    ];
    let bound = |bound| number::fixed(bound, 3);
    let line = |row: &Row| {
        vec![
            row.space.clone(),
            number::count(row.architectures),
            number::value(Criterion::TauB, row.tau_b),
            row.interval.map_or(NONE.to_owned(), |[lower, upper]| format!("[{}, {}]", bound(lower), bound(upper))),
            row.against_text("params"),
            row.against_text("flops"),
            row.golden_text(),
        ]
    };
    let mut text = format!("{id} in miniature\n\n");
    text += &TextTable::new(&columns, rows.iter().map(line).collect()).terminal(width);
    text += "\nbetter, worse: the 95 % interval of the difference in tau-b, over the same resampled architectures, excludes zero\n";
    let moved: Vec<&[String; 2]> =
        rows.iter().filter_map(|row| row.golden.as_ref()).flat_map(|golden| &golden.moved).collect();
    for [pinned, now] in moved.iter().take(5) {
        text += &format!("golden: {pinned}\n   now: {now}\n");
    }
    text
}
