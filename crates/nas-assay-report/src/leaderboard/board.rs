//! What the leaderboard holds, and how it is made from many records.
//!
//! A column is one panel of one record. Its architectures are the same for every row, so the values of a column can be compared. Of the
//! panels of a space, the board shows the one that is first in the order of [`Column`]; the others follow if all are asked for. Ranks, and
//! the count of spaces on which an estimator beats #Params, use only the first column of each space.

use std::borrow::Cow;
use std::collections::BTreeMap;

use nas_assay_criteria::Verdict;
use nas_assay_criteria::rank::average_ranks;
use nas_assay_schema::DeviceClass;
use nas_assay_schema::estimator::EstimatorKind;
use nas_assay_schema::spec::Nb201Accuracy;
use nas_assay_schema::store::record::{EstimatorRecord, PanelRecord, Record};
use nas_assay_schema::truth::measured::name_and_unit;
use nas_assay_spaces::SpaceId;
use serde::Serialize;

use super::across::Across;
use super::left_out::LeftOut;
use crate::beside::{Beside, Printable};
use crate::other_papers::Summary;
use crate::printable::printable;
use crate::worth::{PanelWorth, StructureWorth, WorthRow};
use crate::{record_text, value_text};

/// The baselines that are the first rows of every board.
const FIRST: [&str; 2] = ["params", "flops"];

/// Estimators by spaces.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Leaderboard {
    /// The columns: by space in the order of `SpaceId::ALL`, and for each space in the order of [`Column`].
    pub columns: Vec<Column>,
    /// The rows: #Params, #FLOPs, then by mean rank.
    pub rows: Vec<Row>,
    /// How many search spaces have a column.
    pub spaces: usize,
    /// The estimators over all benchmarks; `None` for fewer than two of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub across: Option<Across>,
    /// What the records have that the board does not show.
    #[serde(skip)]
    pub left_out: LeftOut,
}

/// One panel of one record.
///
/// The panels of one space are in this order: the paper's truth, then other accuracies, then truth that this project trained in miniature,
/// then other quantities than accuracies; then more estimators first, then more architectures first, then the CPU before other devices, then by
/// hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Column {
    /// The search space.
    pub space: String,
    /// The experiment's name.
    pub name: String,
    /// Its spec hash.
    pub spec_hash: String,
    /// What the numbers were computed on.
    pub device_class: DeviceClass,
    /// The panel's name.
    pub panel: String,
    /// How many architectures it has.
    pub architectures: usize,
    /// How many estimators it has, each with all its variants.
    pub estimators: usize,
    /// Whether the truth was trained in miniature by this project.
    pub miniature: bool,
    /// The truth, if it is another than that of the paper: a table of measured accuracies, or another accuracy of the benchmark; or another
    /// quantity, with its unit and whether higher or lower is better.
    pub other_truth: Option<String>,
    /// Whether the truth is another quantity than an accuracy, such as a latency. Ranks never use such a column.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub other_quantity: bool,
    /// The command that makes the report of the record again.
    pub again: String,
    /// Whether ranks use this column for its space.
    pub chosen: bool,
}

/// The row of one estimator.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The estimator: its id, and over what it is a mean, if it is one.
    pub estimator: String,
    /// Its kind.
    pub kind: EstimatorKind,
    /// One value per column; `None` if the panel does not have the estimator.
    pub cells: Vec<Option<Cell>>,
    /// The mean of its ranks over the spaces that have it; 1 is the best, and ties share the mean of their ranks.
    pub mean_rank: Option<f64>,
    /// On how many spaces the paired test finds its tau-b above that of #Params; `None` for #Params itself.
    pub beats_params: Option<Beats>,
}

/// A tau-b and where it comes from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cell {
    /// Kendall's tau-b; `None` where it is undefined.
    pub tau_b: Option<f64>,
    /// The bounds of its 95 % interval.
    pub interval: Option<[f64; 2]>,
    /// Spearman's rho of the same scores; `None` where it is undefined.
    pub spearman: Option<f64>,
    /// The checkpoint that it is from, as text.
    pub checkpoint: Option<String>,
    /// How many supernet seeds it is the median of; 0 without a supernet.
    pub seeds: usize,
    /// The version of the estimator's numbers.
    pub version: u32,
    /// Tau-b minus that of #Params on the same architectures.
    pub above_params: Option<f64>,
    /// What the paired test of the two says.
    pub against_params: Option<Verdict>,
    /// The estimator with its checkpoint, as in a report of the record.
    #[serde(skip)]
    pub(super) label: String,
    /// What others printed, and whether it agrees; `None` if nobody did, as far as is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub others: Option<Summary>,
}

/// A count of spaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Beats {
    /// On how many spaces the estimator is better.
    pub won: usize,
    /// How many spaces have both.
    pub of: usize,
}

impl Leaderboard {
    /// The board of some records. With `all` it shows every panel, else one per space. Records without a truth judge nothing. What is left
    /// out is in [`Leaderboard::left_out`].
    ///
    /// ```
    /// # let record = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/record.rs"));
    /// use nas_assay_report::Leaderboard;
    ///
    /// let board = Leaderboard::new(&[record], false);
    /// assert_eq!(board.columns[0].space, "nb201");
    /// assert_eq!(board.rows[0].estimator, "params");
    /// assert_eq!(board.rows[0].mean_rank, Some(1.0));
    /// ```
    pub fn new(records: &[Record], all: bool) -> Self {
        Self::beside(records, &[], all)
    }

    /// The same with what stands beside each record, in the order of the records: structural baselines have rows as other baselines do, and
    /// each value that others printed something for says whether it agrees.
    pub fn beside(records: &[Record], beside: &[Beside<'_>], all: bool) -> Self {
        let beside = beside.iter().copied().chain(std::iter::repeat(Beside::default()));
        let mut left_out = LeftOut::default();
        let without = records.iter().filter(|record| record.truth.is_none());
        left_out.without_truth.extend(without.map(|record| name_of(&printable(record))));
        let judged = records.iter().zip(beside).filter(|(record, _)| record.truth.is_some());
        let records: Vec<(Cow<'_, Record>, Printable<'_>)> =
            judged.map(|(record, beside)| (printable(record), beside.printable())).collect();
        let mut panels: Vec<Judged<'_>> = records
            .iter()
            .flat_map(|(record, beside)| {
                record.panels.iter().map(|panel| (Column::new(record, panel), panel, beside.get().of(record)))
            })
            .collect();
        panels.sort_by_key(|(column, ..)| column.order());
        let all_panels = panels.len();
        panels.dedup_by(|(next, ..), (held, ..)| next == held);
        left_out.repeated = all_panels - panels.len();
        let mut last_space: Option<String> = None;
        let mut spaces = 0;
        panels.retain_mut(|(column, ..)| {
            let is_first = last_space.as_ref() != Some(&column.space);
            spaces += usize::from(is_first);
            last_space = Some(column.space.clone());
            // A rank by latency is no rank by accuracy.
            column.chosen = is_first && !column.other_quantity;
            let is_shown = all || is_first;
            if !is_shown {
                left_out.further_panels.push(column.place());
            }
            is_shown
        });
        let rows = rows(&panels);
        let columns = panels.into_iter().map(|(column, ..)| column).collect();
        let mut board = Self { columns, rows, spaces, across: None, left_out };
        board.across = Across::of(&board);
        board
    }

    /// Whether some value stands beside what others printed.
    pub(super) fn has_others(&self) -> bool {
        self.rows.iter().flat_map(|row| row.cells.iter().flatten()).any(|cell| cell.others.is_some())
    }

    /// What others printed for the values of a column, a sentence for each estimator.
    pub(super) fn others(&self, place: usize) -> Vec<String> {
        let of = |row: &Row| {
            let Summary { verdict, counts: [agree, differ, other], causes, .. } =
                row.cells[place].as_ref()?.others.as_ref()?;
            let counts = [(*agree, "agree"), (*differ, "differ"), (*other, "undecidable")];
            let counts: Vec<String> = counts
                .iter()
                .filter(|(count, _)| *count > 0)
                .map(|(count, word)| format!("{} {word}", value_text::count(*count)))
                .collect();
            let causes = if causes.is_empty() { String::new() } else { format!(": {}", causes.join("; ")) };
            Some(format!("{} {verdict} ({}){causes}", row.estimator, counts.join(", ")))
        };
        self.rows.iter().filter_map(of).collect()
    }

    /// Whether there are columns that the ranks do not use. Only then the legend says which ones they use.
    pub(super) fn has_further_columns(&self) -> bool {
        self.columns.iter().any(|column| !column.chosen)
    }
}

impl Column {
    fn new(record: &Record, panel: &PanelRecord) -> Self {
        Self {
            space: record.space.clone(),
            name: record.name.clone(),
            spec_hash: record.spec_hash.clone(),
            device_class: record.device_class,
            panel: panel.name.clone(),
            architectures: panel.architectures.len(),
            estimators: panel.estimators.iter().filter(|estimator| estimator.variant.is_none()).count(),
            miniature: record.spec.pointer("/spec/truth/trained").is_some(),
            other_truth: other_truth(record),
            other_quantity: record.quantity().is_some(),
            again: record_text::again(record),
            chosen: false,
        }
    }

    /// Where its numbers are from: the experiment, the panel, and the first digits of the record.
    pub(super) fn place(&self) -> String {
        format!("{}, panel {} ({})", self.name, self.panel, short(&self.spec_hash, self.device_class))
    }

    fn order(&self) -> impl Ord + use<> {
        let place = SpaceId::ALL.iter().position(|space| space.name() == self.space).unwrap_or(SpaceId::ALL.len());
        (
            (place, self.space.clone(), self.other_quantity, self.miniature, self.other_truth.is_some()),
            std::cmp::Reverse((self.estimators, self.architectures)),
            (self.device_class, self.spec_hash.clone(), self.panel.clone()),
        )
    }
}

/// The first digits of a record.
pub(super) fn short(spec_hash: &str, device_class: DeviceClass) -> String {
    format!("{}@{device_class}", spec_hash.get(..12).unwrap_or(spec_hash))
}

/// The experiment of a record, and the first digits of the record.
fn name_of(record: &Record) -> String {
    format!("{} ({})", record.name, short(&record.spec_hash, record.device_class))
}

/// What the truth of a record is, if it is not that of the paper, which a benchmark's own table has.
fn other_truth(record: &Record) -> Option<String> {
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    if let Some(columns) = record.spec.pointer("/spec/truth/table/columns").and_then(|columns| columns.as_array()) {
        let columns = columns.iter().filter_map(text);
        return Some(match record.quantity() {
            None => columns.collect::<Vec<_>>().join(", "),
            Some(quantity) => {
                let names = columns.map(|column| name_and_unit(&column).0.to_owned());
                names.chain([quantity.to_string()]).collect::<Vec<_>>().join(", ")
            }
        });
    }
    let accuracy = record.spec.pointer("/spec/truth/nb201/accuracy").and_then(text);
    accuracy.filter(|accuracy| *accuracy != Nb201Accuracy::PAPER.to_string())
}

/// A panel, and what stands beside its record.
type Judged<'a> = (Column, &'a PanelRecord, Beside<'a>);

fn rows(panels: &[Judged<'_>]) -> Vec<Row> {
    let mut found: BTreeMap<String, (EstimatorKind, Vec<Option<Cell>>)> = BTreeMap::new();
    for (place, &(_, panel, beside)) in panels.iter().enumerate() {
        let mut estimators = cells(panel);
        for summary in beside.summaries_of(&panel.name) {
            if let Some((_, cell)) = estimators.values_mut().find(|(_, cell)| cell.label == summary.estimator) {
                cell.others = Some(summary);
            }
        }
        let structures = beside.worth_of(&panel.name).map(|worth| structures(panel, worth)).unwrap_or_default();
        let others = structures.into_iter().filter(|(name, _)| !estimators.contains_key(name)).collect::<Vec<_>>();
        for (name, (kind, cell)) in estimators.into_iter().chain(others) {
            let (_, cells) = found.entry(name).or_insert_with(|| (kind, vec![None; panels.len()]));
            cells[place] = Some(cell);
        }
    }
    let mut rows: Vec<Row> = found
        .into_iter()
        .map(|(estimator, (kind, cells))| Row { estimator, kind, cells, mean_rank: None, beats_params: None })
        .collect();
    let chosen: Vec<usize> = (0..panels.len()).filter(|&place| panels[place].0.chosen).collect();
    give_ranks(&mut rows, &chosen);
    for row in &mut rows {
        let tested = chosen.iter().filter_map(|&place| row.cells[place].as_ref()?.against_params);
        let tested: Vec<Verdict> = tested.collect();
        let won = tested.iter().filter(|&&verdict| verdict == Verdict::Better).count();
        row.beats_params = (row.estimator != FIRST[0] && !tested.is_empty()).then_some(Beats { won, of: tested.len() });
    }
    let first = |row: &Row| FIRST.iter().position(|id| row.estimator == *id).unwrap_or(FIRST.len());
    let rank = |row: &Row| row.mean_rank.unwrap_or(f64::INFINITY);
    rows.sort_by(|a, b| first(a).cmp(&first(b)).then(rank(a).total_cmp(&rank(b))).then(a.estimator.cmp(&b.estimator)));
    rows
}

/// Each row's mean rank over the chosen columns that have it.
fn give_ranks(rows: &mut [Row], chosen: &[usize]) {
    let mut ranks: Vec<Vec<f64>> = vec![Vec::new(); rows.len()];
    for &place in chosen {
        let value = |row: &Row| row.cells[place].as_ref().and_then(|cell| cell.tau_b);
        let present: Vec<(usize, f64)> =
            rows.iter().enumerate().filter_map(|(index, row)| Some((index, value(row)?))).collect();
        let values: Vec<f64> = present.iter().map(|(_, value)| *value).collect();
        for ((index, _), rank) in present.into_iter().zip(average_ranks(&values)) {
            ranks[index].push(rank);
        }
    }
    for (row, ranks) in rows.iter_mut().zip(ranks) {
        row.mean_rank = (!ranks.is_empty()).then(|| ranks.iter().sum::<f64>() / ranks.len() as f64);
    }
}

/// The rows of a panel, without variants. All checkpoints of an estimator are one row: the last epoch counts, and of several seeds the
/// median.
fn cells(panel: &PanelRecord) -> BTreeMap<String, (EstimatorKind, Cell)> {
    let params = panel.estimators.iter().find(|estimator| estimator.id == FIRST[0]).and_then(tau);
    let mut grouped: BTreeMap<String, Vec<&EstimatorRecord>> = BTreeMap::new();
    for estimator in panel.estimators.iter().filter(|estimator| estimator.variant.is_none()) {
        grouped.entry(row_name(estimator)).or_default().push(estimator);
    }
    let row_of = |(name, mut group): (String, Vec<&EstimatorRecord>)| {
        let epoch = |estimator: &EstimatorRecord| estimator.checkpoint.as_ref().map(|checkpoint| checkpoint.epoch);
        let last = group.iter().map(|estimator| epoch(estimator)).max()?;
        group.retain(|estimator| epoch(estimator) == last);
        group.sort_by(|a, b| tau(a).unwrap_or(f64::NEG_INFINITY).total_cmp(&tau(b).unwrap_or(f64::NEG_INFINITY)));
        // Of an even number of seeds, the lower of the two in the middle: a value that was measured, with its own interval.
        let middle = *group.get((group.len() - 1) / 2)?;
        let seeds = if middle.checkpoint.is_some() { group.len() } else { 0 };
        let label = middle.label();
        let mut tests = panel.analyses.comparisons.iter();
        let test = tests.find(|test| test.estimator == label && test.with == FIRST[0]);
        Some((name, (middle.kind, Cell::new(middle, seeds, params, test.map(|test| test.outcome.verdict)))))
    };
    grouped.into_iter().filter_map(row_of).collect()
}

/// The rows of the structural baselines that rank as no other baseline of the panel does.
fn structures(panel: &PanelRecord, worth: &PanelWorth) -> BTreeMap<String, (EstimatorKind, Cell)> {
    let params = panel.estimators.iter().find(|estimator| estimator.id == FIRST[0]).and_then(tau);
    let row_of = |(row, structure): (&WorthRow, &StructureWorth)| {
        let tau_b = row.tops.first().and_then(|at| at.tau_b);
        let test = worth.comparisons.iter().find(|test| test.estimator == row.name && test.with == FIRST[0]);
        let cell = Cell {
            tau_b,
            interval: structure.interval.map(value_text::bounds),
            spearman: structure.spearman,
            checkpoint: None,
            seeds: 0,
            version: structure.version,
            above_params: tau_b.zip(params).map(|(tau, params)| tau - params),
            against_params: test.map(|test| test.outcome.verdict),
            label: row.name.clone(),
            others: None,
        };
        (row.name.clone(), (EstimatorKind::Baseline, cell))
    };
    worth.structures().map(row_of).collect()
}

fn tau(estimator: &EstimatorRecord) -> Option<f64> {
    estimator.criteria.kendall.tau_b
}

/// The id, and over what the row is a mean. Seed and epoch are left out.
fn row_name(estimator: &EstimatorRecord) -> String {
    let Some(checkpoint) = &estimator.checkpoint else { return estimator.id.clone() };
    let means =
        [(!checkpoint.averaged.is_empty(), "mean weights"), (!checkpoint.ensemble.is_empty(), "mean over seeds")];
    let means: Vec<&str> = means.into_iter().filter_map(|(is, name)| is.then_some(name)).collect();
    if means.is_empty() { estimator.id.clone() } else { format!("{} ({})", estimator.id, means.join(", ")) }
}

impl Cell {
    fn new(estimator: &EstimatorRecord, seeds: usize, params: Option<f64>, against_params: Option<Verdict>) -> Self {
        Self {
            tau_b: tau(estimator),
            interval: estimator.criteria.kendall.interval.map(value_text::bounds),
            spearman: estimator.criteria.spearman,
            checkpoint: estimator.checkpoint.as_ref().map(ToString::to_string),
            seeds,
            version: estimator.version,
            above_params: tau(estimator).zip(params).map(|(tau, params)| tau - params),
            against_params,
            label: estimator.label(),
            others: None,
        }
    }
}
