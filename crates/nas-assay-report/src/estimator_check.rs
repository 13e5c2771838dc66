//! The check of one estimator on every search space: how well it ranks there, whether it beats the baselines, and whether its numbers
//! are still those of the golden files.

use std::collections::BTreeMap;

use nas_assay_criteria::{Criterion, NoInterval, Undefined};
use nas_assay_schema::store::record::{ComparisonRecord, EstimatorRecord, Record};
use serde::Serialize;

use crate::golden::agree;
use crate::text_table::TextTable;
use crate::value_text::{self, NONE};
use crate::wrap::wrap;

/// The check on one search space.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SpaceCheck {
    /// The search space, as in `nb201`.
    pub space: String,
    /// How many architectures were ranked.
    pub architectures: usize,
    /// Kendall's tau-b of scores and truth; `None` where it is undefined.
    pub tau_b: Option<f64>,
    /// Why tau-b is undefined; `None` if it is defined.
    pub undefined: Option<Undefined>,
    /// The bounds of its 95 % interval.
    pub interval: Option<[f64; 2]>,
    /// Why there is no interval; `None` if there is one.
    pub no_interval: Option<NoInterval>,
    /// The paired test against each baseline.
    pub against: Vec<ComparisonRecord>,
    /// How the numbers compare with the golden file; `None` if there is no such file.
    pub golden: Option<GoldenCheck>,
}

/// How the numbers of a record compare with those of a golden file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GoldenCheck {
    /// How many numbers both have.
    pub compared: usize,
    /// How many of these are numbers of the checked estimator.
    pub of_estimator: usize,
    /// Lines of the golden file that no longer hold, each with the line of the record.
    pub moved: Vec<[String; 2]>,
}

impl GoldenCheck {
    /// Compares the lines of a golden file's body with the pinned lines of a record, where the two have the same key. The spec hash is
    /// left out, since the record is of another spec. `id` is the estimator that is checked.
    ///
    /// ```
    /// use nas_assay_report::estimator_check::GoldenCheck;
    ///
    /// let golden = "numeric  all.params.tau_b = 0.5\nnumeric  all.synflow.tau_b = 0.6";
    /// let check = GoldenCheck::new(golden, "numeric  all.synflow.tau_b = 0.7", "synflow");
    /// assert_eq!((check.compared, check.of_estimator, check.moved.len()), (1, 1, 1));
    /// ```
    pub fn new(golden: &str, now: &str, id: &str) -> Self {
        let key = |line: &str| line.rsplit_once(" = ").map(|(key, _)| key.to_owned());
        let known: BTreeMap<String, &str> = golden.lines().filter_map(|line| Some((key(line)?, line))).collect();
        let mut found = Self { compared: 0, of_estimator: 0, moved: Vec::new() };
        for line in now.lines().filter(|line| !line.contains("spec_hash")) {
            let Some(pinned) = key(line).and_then(|key| known.get(&key)) else { continue };
            found.compared += 1;
            found.of_estimator += usize::from(is_of(line, id));
            if !agree(pinned, line) {
                found.moved.push([(*pinned).to_owned(), line.to_owned()]);
            }
        }
        found
    }
}

/// Whether a line is of an estimator: its key is `panel.id` with a criterion, a variant or an architecture after it.
fn is_of(line: &str, id: &str) -> bool {
    let place = line.split_whitespace().nth(1).and_then(|place| place.split_once('.'));
    let rest = place.and_then(|(_, of)| of.strip_prefix(id));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '#']) || rest.starts_with("_("))
}

impl SpaceCheck {
    /// The check of the estimator `id` from a record with one panel.
    pub fn new(record: &Record, id: &str, golden: Option<GoldenCheck>) -> Self {
        let panel = record.panels.first();
        let judged = panel.and_then(|panel| panel.estimators.iter().find(|estimator| estimator.id == id));
        let kendall = judged.map(|judged| judged.criteria.kendall);
        let label = judged.map(EstimatorRecord::label).unwrap_or_default();
        let tests = panel.iter().flat_map(|panel| &panel.analyses.comparisons);
        Self {
            space: record.space.clone(),
            architectures: panel.map_or(0, |panel| panel.architectures.len()),
            tau_b: kendall.and_then(|kendall| kendall.tau_b),
            undefined: judged.and_then(|judged| judged.criteria.undefined),
            interval: kendall.and_then(|kendall| kendall.interval).map(value_text::bounds),
            no_interval: kendall.and_then(|kendall| kendall.no_interval),
            against: tests.filter(|test| test.estimator == label).cloned().collect(),
            golden,
        }
    }

    fn golden_text(&self) -> String {
        match &self.golden {
            None => "no golden".to_owned(),
            Some(GoldenCheck { compared, of_estimator: 0, moved }) if moved.is_empty() => {
                format!("not in the golden; {compared} other numbers agree")
            }
            Some(GoldenCheck { compared, moved, .. }) if moved.is_empty() => format!("{compared} agree"),
            Some(GoldenCheck { compared, moved, .. }) => format!("{} of {compared} moved", moved.len()),
        }
    }

    fn against_text(&self, baseline: &str) -> String {
        let Some(test) = self.against.iter().find(|test| test.with == baseline) else { return NONE.to_owned() };
        value_text::outcome(&test.outcome)
    }
}

/// The columns of the table, that of the goldens last.
const COLUMNS: usize = 7;

/// The checks as a table, at most `width` characters wide, and the first numbers that moved. An estimator of one's own has no goldens.
pub fn terminal(id: &str, rows: &[SpaceCheck], with_goldens: bool, width: u16) -> String {
    let shown = if with_goldens { COLUMNS } else { COLUMNS - 1 };
    let columns: [(&str, bool); COLUMNS] = [
        ("space", false),
        ("rows", true),
        ("tau-b", true),
        ("95 % interval", true),
        ("against params", true),
        ("against flops", true),
        ("golden", false),
    ];
    let line = |row: &SpaceCheck| {
        vec![
            row.space.clone(),
            value_text::count(row.architectures),
            value_text::value(Criterion::TauB, row.tau_b),
            row.interval.map_or(NONE.to_owned(), |bounds| value_text::interval(bounds, 3)),
            row.against_text("params"),
            row.against_text("flops"),
            row.golden_text(),
        ]
    };
    let mut text = format!("{id} in miniature\n\n");
    let cells = rows.iter().map(|row| line(row).into_iter().take(shown).collect()).collect();
    text += &TextTable::new(&columns[..shown], cells).terminal(width);
    for row in rows {
        match (row.undefined, row.no_interval) {
            (Some(reason), _) => text += &wrap(&format!("{}: no tau-b, because {reason}", row.space), width),
            (None, Some(reason)) => text += &wrap(&format!("{}: no interval, because {reason}", row.space), width),
            (None, None) => {}
        }
    }
    text += "\nbetter, worse: the 95 % interval of the difference of tau-b, over the same resampled architectures, excludes zero\n";
    let moved: Vec<&[String; 2]> =
        rows.iter().filter_map(|row| row.golden.as_ref()).flat_map(|golden| &golden.moved).collect();
    for [pinned, now] in moved.iter().take(5) {
        text += &format!("golden: {pinned}\n   now: {now}\n");
    }
    text
}
