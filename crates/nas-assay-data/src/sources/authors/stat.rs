//! The pickles `*_stat_acc.pkl`: the truth of each row, and what supernets scored.

use std::fmt::Write as _;

use super::gather::File;
use super::numbers::{count, entry, grid, repr, seven_digits};
use super::pickle;
use crate::DataError;
use crate::pickle::View;
use nas_assay_schema::truth::nb101::NB101_COLUMNS;
use nas_assay_schema::truth::nb301::NB301_COLUMNS;

/// The seeds of the supernets.
const SEEDS: [u32; 3] = [20, 2_020, 202_020];

/// Epochs 100 to 1000.
const EPOCHS: usize = 10;

/// Costs of each row, as the paper counted them.
struct Costs {
    params: Vec<u64>,
    flops: Vec<u64>,
}

impl Costs {
    fn read(path: &str, root: View<'_>, rows: usize) -> Result<Self, DataError> {
        Ok(Self { params: counts(path, root, "params", rows)?, flops: counts(path, root, "flops", rows)? })
    }
}

/// `fig1_nb101_stat_acc.pkl`.
pub(super) struct Nb101 {
    /// Rows of the table without the costs at their ends.
    rows: Vec<String>,
    costs: Costs,
    accuracy: Scores,
}

/// `fig4_nb301_gt_stat_acc.pkl`.
pub(super) struct Nb301 {
    truth: Vec<f64>,
    costs: Costs,
    accuracy: Scores,
    loss: Scores,
}

/// A score by seed, epoch and row.
struct Scores {
    numbers: Vec<f64>,
    seeds: usize,
    rows: usize,
}

impl Scores {
    /// Reads a score from 0 to `most` of at least `needed` seeds. What is there of other seeds does not matter.
    fn read(
        path: &str,
        root: View<'_>,
        key: &str,
        (needed, rows): (usize, usize),
        most: f64,
    ) -> Result<Self, DataError> {
        let limit = SEEDS.len() * EPOCHS * rows;
        let Some((extents, numbers)) = grid(entry(path, root, key)?, limit) else {
            return Err(DataError::content(path, format!("its `{key}` is no array of at most {limit} numbers")));
        };
        let seeds = match extents[..] {
            [seeds @ 1..=3, EPOCHS, found] if found == rows => seeds,
            [EPOCHS, found] if found == rows => 1,
            _ => {
                let found: Vec<String> = extents.iter().map(usize::to_string).collect();
                let problem =
                    format!("its `{key}` has {} numbers; {EPOCHS} x {rows} a seed are due", found.join(" x "));
                return Err(DataError::content(path, problem));
            }
        };
        if seeds < needed {
            return Err(DataError::content(path, format!("its `{key}` are of {seeds} seeds; {needed} are due")));
        }
        let used = &numbers[..needed * EPOCHS * rows];
        if let Some(place) = used.iter().position(|number| !(0.0..=most).contains(number)) {
            let problem = format!("its `{key}` is {} for row {}", repr_of(numbers[place]), place % rows.max(1));
            return Err(DataError::content(path, problem));
        }
        Ok(Self { numbers, seeds: needed, rows })
    }

    /// Adds the cells of a row.
    fn write(&self, row: usize, into: &mut String) {
        for run in 0..self.seeds * EPOCHS {
            let number = seven_digits(self.numbers[run * self.rows + row]);
            let _ = write!(into, ",{}", repr(number));
        }
    }
}

fn repr_of(number: f64) -> String {
    if number.is_finite() { repr(number) } else { "no finite number".to_owned() }
}

/// The columns of a score for the first seeds.
fn columns(score: &str, seeds: usize) -> String {
    let mut text = String::new();
    for seed in &SEEDS[..seeds] {
        for epoch in 1..=EPOCHS {
            let _ = write!(text, ",{score}_s{seed}_e{epoch}00");
        }
    }
    text
}

impl Nb101 {
    pub(super) fn read(file: &File, rows: usize) -> Result<Self, DataError> {
        let path = &*file.path;
        let tree = pickle(path, &file.bytes)?;
        let (truth, accuracy, costs) = common(path, tree.root(), 1, rows)?;
        let rows = truth.elements().enumerate().map(|(row, run)| {
            nb101_row(path, run).map_err(|problem| DataError::content(path, format!("row {row}: {problem}")))
        });
        Ok(Self { rows: rows.collect::<Result<_, _>>()?, costs, accuracy })
    }

    /// The table `truth/nb101.csv`.
    pub(super) fn truth(&self) -> String {
        let mut text = NB101_COLUMNS.join(",") + "\n";
        for ((row, params), flops) in self.rows.iter().zip(&self.costs.params).zip(&self.costs.flops) {
            let _ = writeln!(text, "{row},{params},{flops}");
        }
        text
    }

    /// The table `published/nb101_oneshot.csv`, of the first seed.
    pub(super) fn one_shot(&self) -> String {
        let mut text = format!("row{}\n", columns("acc", 1));
        for row in 0..self.rows.len() {
            let _ = write!(text, "{row}");
            self.accuracy.write(row, &mut text);
            text.push('\n');
        }
        text
    }
}

impl Nb301 {
    pub(super) fn read(file: &File, rows: usize) -> Result<Self, DataError> {
        let path = &*file.path;
        let tree = pickle(path, &file.bytes)?;
        let root = tree.root();
        let (list, accuracy, costs) = common(path, root, SEEDS.len(), rows)?;
        let truth = match grid(list, rows) {
            Some((extents, numbers)) if extents == [rows] => numbers,
            _ if list.elements().any(View::is_dict) => {
                return Err(DataError::content(path, "its `gt` has dictionaries, as that of fig1_nb101_stat_acc.pkl"));
            }
            _ => return Err(DataError::content(path, "its `gt` is no list of numbers")),
        };
        if let Some(row) = truth.iter().position(|accuracy| !(0.0..=100.0).contains(accuracy)) {
            return Err(DataError::content(path, format!("its `gt` is {} for row {row}", repr_of(truth[row]))));
        }
        let loss = Scores::read(path, root, "loss", (SEEDS.len(), rows), f64::MAX)?;
        Ok(Self { truth, costs, accuracy, loss })
    }

    /// The table `truth/nb301.csv`, with the cells of each row.
    pub(super) fn truth(&self, cells: &[String]) -> String {
        let mut text = NB301_COLUMNS.join(",") + "\n";
        for (row, cells) in cells.iter().enumerate() {
            let (truth, params, flops) = (repr(self.truth[row]), self.costs.params[row], self.costs.flops[row]);
            let _ = writeln!(text, "{cells},{truth},{params},{flops}");
        }
        text
    }

    /// The table `published/nb301_oneshot.csv`.
    pub(super) fn one_shot(&self) -> String {
        let mut text = format!("row{}{}\n", columns("acc", 3), columns("loss", 3));
        for row in 0..self.truth.len() {
            let _ = write!(text, "{row}");
            self.accuracy.write(row, &mut text);
            self.loss.write(row, &mut text);
            text.push('\n');
        }
        text
    }
}

/// What both pickles have: the truth, the accuracies of supernets, and costs.
fn common<'a>(path: &str, root: View<'a>, seeds: usize, rows: usize) -> Result<(View<'a>, Scores, Costs), DataError> {
    if !root.is_dict() {
        let problem =
            format!("it is a pickle of {}; a dictionary with `gt`, `derive`, `params` and `flops` is due", root.kind());
        return Err(DataError::content(path, problem));
    }
    let truth = entry(path, root, "gt")?;
    let found = truth.array().map_or(truth.len(), |array| array.numbers().len());
    if found != rows {
        return Err(DataError::content(path, format!("its `gt` has {found} rows; {rows} are due")));
    }
    Ok((truth, Scores::read(path, root, "derive", (seeds, rows), 1.0)?, Costs::read(path, root, rows)?))
}

/// A whole number for each row.
fn counts(path: &str, root: View<'_>, key: &str, rows: usize) -> Result<Vec<u64>, DataError> {
    let numbers = match grid(entry(path, root, key)?, rows) {
        Some((extents, numbers)) if extents == [rows] => numbers,
        _ => return Err(DataError::content(path, format!("its `{key}` are not {rows} numbers"))),
    };
    let whole: Option<Vec<u64>> = numbers.into_iter().map(count).collect();
    whole.ok_or_else(|| DataError::content(path, format!("its `{key}` are not whole numbers")))
}

/// The truth of a row of NAS-Bench-101, up to the time of its training.
fn nb101_row(path: &str, run: View<'_>) -> Result<String, String> {
    if !run.is_dict() {
        let also = if run.number().is_some() { ", as in fig4_nb301_gt_stat_acc.pkl" } else { "" };
        return Err(format!("its `gt` is {}{also}; a dictionary is due", run.kind()));
    }
    let get = |key: &str| entry(path, run, key).map_err(|_| format!("its `gt` has no `{key}`"));
    let number = |key: &str, most: f64| {
        let number = get(key)?.number().filter(|number| (0.0..=most).contains(number));
        number.map(repr).ok_or_else(|| format!("its `{key}` is no number from 0 to {most}"))
    };
    let bit = |number: f64| match number {
        0.0 => Some('0'),
        1.0 => Some('1'),
        _ => None,
    };
    let matrix = match grid(get("module_adjacency")?, 49) {
        Some((extents, numbers)) if extents == [7, 7] => numbers.into_iter().map(bit).collect(),
        _ => None,
    };
    let matrix: String = matrix.ok_or("its `module_adjacency` is no matrix of 7 x 7 bits")?;
    let operations = get("module_operations")?;
    // A small pickle can refer to one text very often.
    let few =
        operations.len() == 7 && operations.elements().all(|label| label.text().is_none_or(|text| text.len() < 64));
    let texts: Option<Vec<&str>> = operations.elements().take(7).map(View::text).collect();
    let operations = texts.ok_or("its `module_operations` are no texts")?.join("|");
    if !few || operations.contains([',', '"', '\n', '\r']) {
        return Err("its `module_operations` are not those of NAS-Bench-101".to_owned());
    }
    let params = get("trainable_parameters")?.number().and_then(count);
    let params = params.ok_or("its `trainable_parameters` are no whole number")?;
    let (train, validation) = (number("train_accuracy", 1.0)?, number("validation_accuracy", 1.0)?);
    let (test, seconds) = (number("test_accuracy", 1.0)?, number("training_time", 1e6)?);
    Ok(format!("{matrix},{operations},{params},{train},{validation},{test},{seconds}"))
}
