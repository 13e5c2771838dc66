//! NAS-Bench-101 (Ying et al., ICML 2019): `nasbench_only108.tfrecord`, `nasbench_full.tfrecord`, and `nasbench_only108.pkl` of `NASLib`, which
//! has the same numbers as the first.
//!
//! | table | what it has |
//! |---|---|
//! | `truth/nb101/runs-108.csv` | all cells of the benchmark, in the order of their hashes: the graph as it is stored, its parameters, and validation and test accuracy of the three runs of 108 epochs, in the order of the file |
//! | `truth/nb101/runs-4.csv`, `runs-12.csv`, `runs-36.csv` | the same after fewer epochs, from `nasbench_full.tfrecord` |
//! | `truth/nb101/validation-108.csv`, `truth/nb101/test-108.csv`, ... | the same accuracies of the 55,854 networks of sub-space 3, each under the first of its encodings |
//! | `truth/nb101.csv` | the paper's 5,000 rows, each with one run that the benchmark's own code drew; `hints/nb101.bin` says which |
//!
//! Accuracies are in percent, exact shares of 9,984 images: the benchmark leaves out the last 16 of its 10,000.

use std::fmt::Write as _;
use std::io::{BufReader, Read};

use nas_assay_base::digest::sha256_hex;
use nas_assay_schema::truth::nb101::{NB101_COLUMNS, Nb101Table};
use nas_assay_spaces::nb101::Architecture;
use sha2::{Digest, Sha256};

use self::cell::{Cell, Cells, EPOCHS, IMAGES, Run, WHOLE, fraction, merge};
use crate::files::{Files, file_name};
use crate::table::{Share, repr};
use crate::{DataError, Made, catalogue, tfrecord};

mod cell;
mod naslib;
mod record;
mod subspace;

/// Number of cells of the benchmark.
pub const CELLS: usize = 423_624;

/// The runs of the paper's table, in its order: for each the index of its architecture and a key of the run ([`key`]), three bytes each, the
/// index little-endian.
const ROWS: &[u8] = include_bytes!("../../hints/nb101.bin");

/// Makes all tables that the files have the runs of. Several files must agree.
///
/// # Errors
/// If there is no file of the benchmark, or one is damaged, incomplete, or has other runs than the paper's.
pub fn import(files: Files<'_>) -> Result<Vec<Made>, DataError> {
    let (mut all, mut others): (Option<Complete>, Vec<String>) = (None, Vec::new());
    files.each(&mut |path, source| {
        let Some(cells) = read(path, source, CELLS)? else {
            if others.len() < 8 {
                others.push(file_name(path).to_owned());
            }
            return Ok(());
        };
        let complete = Complete::new(path, cells, CELLS)?;
        match &mut all {
            None => all = Some(complete),
            Some(all) => all.merge(complete)?,
        }
        Ok(())
    })?;
    let all = all.ok_or_else(|| {
        let others = if others.is_empty() { "nothing".to_owned() } else { others.join(", ") };
        let wanted = "nasbench_only108.tfrecord, nasbench_full.tfrecord or NASLib's nasbench_only108.pkl";
        DataError::Incomplete(format!("expected {wanted}; found {others}"))
    })?;
    let mut made = Vec::new();
    if all.budgets.contains(&WHOLE) {
        made.push(official(&all.file, all.paper(ROWS)?)?);
    }
    made.extend(all.tables());
    let networks = subspace::networks();
    for &budget in &all.budgets {
        made.extend(subspace::tables(&all.file, &all.cells, budget, &networks)?);
    }
    Ok(made)
}

/// The tables of all runs of a file of records, as [`import`] makes them, of any number of cells up to ten: what random inputs are given to.
#[doc(hidden)]
pub fn import_ten_cells(source: impl Read) -> Result<Vec<Made>, DataError> {
    let cells = record::read("records", source, 10)?;
    let count = cells.len();
    Ok(Complete::new("records", cells, count)?.tables().collect())
}

/// The cells of a file; `None` if it is another one.
fn read(path: &str, source: &mut dyn Read, most: usize) -> Result<Option<Cells>, DataError> {
    let mut start = Vec::with_capacity(tfrecord::HEAD);
    source.take(tfrecord::HEAD as u64).read_to_end(&mut start).map_err(|error| DataError::part(path, &error))?;
    let (records, pickled) = (tfrecord::begins(&start), start.first() == Some(&0x80));
    let whole = BufReader::with_capacity(1 << 17, start.chain(source));
    if records {
        return record::read(path, whole, most).map(Some);
    }
    let ending = file_name(path).rsplit('.').next().unwrap_or_default();
    match ending {
        "pkl" | "pickle" if catalogue::is_of_another("nb101", file_name(path)) => Ok(None),
        "pkl" | "pickle" if pickled => naslib::read(path, whole, most).map(Some),
        "tfrecord" | "pkl" | "pickle" => {
            let problem = format!("does not begin as a .{ending} file does");
            Err(DataError::Damaged { file: path.to_owned(), problem })
        }
        _ => Ok(None),
    }
}

/// All cells, each with all its runs.
#[derive(Debug)]
struct Complete {
    file: String,
    /// In the order of their hashes.
    cells: Vec<Cell>,
    budgets: Vec<usize>,
}

impl Complete {
    fn new(file: &str, cells: Cells, expected: usize) -> Result<Self, DataError> {
        let (cells, budgets) = cells.complete().map_err(|problem| damaged(file, problem))?;
        if cells.len() != expected {
            return Err(damaged(file, format!("has {} cells, expected {expected}", cells.len())));
        }
        Ok(Self { file: file.to_owned(), cells, budgets })
    }

    fn merge(&mut self, more: Self) -> Result<(), DataError> {
        let files = (&self.file, &more.file);
        merge(&mut self.cells, &more.cells)
            .map_err(|problem| DataError::Incomplete(format!("{} and {} have {problem}", files.0, files.1)))?;
        self.budgets.extend(more.budgets);
        self.budgets.sort_unstable();
        self.budgets.dedup();
        Ok(())
    }

    /// A table of all runs for each budget.
    fn tables(&self) -> impl Iterator<Item = Made> {
        let share = |right: u16| Share::new(u64::from(right), u64::from(IMAGES)).map_or(0.0, Share::percent);
        self.budgets.iter().map(move |&budget| {
            let mut text = String::with_capacity(256 * self.cells.len());
            text.push_str("hash,adjacency,operations,parameters,");
            text.push_str("validation_1,validation_2,validation_3,test_1,test_2,test_3\n");
            for cell in &self.cells {
                let _ = write!(text, "{},{},{}", cell.hash, cell.graph, cell.parameters);
                for set in [1, 2] {
                    for run in cell.runs(budget) {
                        let _ = write!(text, ",{}", share(run.right[set]));
                    }
                }
                text.push('\n');
            }
            let path = format!("truth/nb101/runs-{}.csv", EPOCHS[budget]);
            Made { path, bytes: text.into_bytes(), notes: Vec::new() }
        })
    }

    /// The table of the runs of `rows`.
    fn paper(&self, rows: &[u8]) -> Result<String, DataError> {
        let mut text = NB101_COLUMNS.join(",") + "\n";
        for (number, row) in (1..).zip(rows.chunks_exact(6)) {
            let index = u32::from_le_bytes([row[0], row[1], row[2], 0]);
            let wrong = |what: &str| {
                let problem = format!("{what} row {number} of the paper's table: its runs are others than the paper's");
                DataError::content(&self.file, problem)
            };
            let architecture =
                Architecture::from_index(index as usize).ok_or_else(|| wrong("has no architecture for"))?;
            let hash = architecture.hash();
            let place = self.cells.binary_search_by_key(&hash, |cell| cell.hash);
            let cell = &self.cells[place.map_err(|_| wrong(&format!("has no cell {hash}, which is that of")))?];
            let mut runs = cell.runs(WHOLE).iter().filter(|run| key(run) == row[3..]);
            let run = runs.next().ok_or_else(|| wrong(&format!("has no run of cell {hash} that is that of")))?;
            if runs.any(|other| other != run) {
                return Err(wrong(&format!("has two runs of cell {hash} that could be that of")));
            }
            let cells = architecture.to_string().replacen(':', ",", 1);
            let cost = architecture.table_cost();
            let [train, validation, test] = run.right.map(|right| f64::from(fraction(right)));
            let _ = write!(text, "{cells},{}", cell.parameters);
            for number in [train, validation, test, f64::from(run.seconds)] {
                let _ = write!(text, ",{}", repr(number));
            }
            let _ = writeln!(text, ",{},{}", cost.params, cost.flops);
        }
        Ok(text)
    }
}

/// A key of a run: the first three bytes of the SHA-256 of its training time (32-bit floating point) and of its numbers of right answers on
/// training, validation and test images (16 bits each), all of them little-endian.
fn key(run: &Run) -> [u8; 3] {
    let mut hash = Sha256::new_with_prefix(run.seconds.to_le_bytes());
    run.right.iter().for_each(|right| hash.update(right.to_le_bytes()));
    let [first, second, third, ..] = <[u8; 32]>::from(hash.finalize());
    [first, second, third]
}

fn damaged(file: &str, problem: String) -> DataError {
    DataError::Damaged { file: file.to_owned(), problem }
}

/// The paper's table, if it is that.
fn official(file: &str, text: String) -> Result<Made, DataError> {
    let bytes = text.into_bytes();
    if let Err(error) = Nb101Table::parse("nb101.csv", &bytes) {
        return Err(DataError::content(file, format!("makes another table than the paper's: {error}")));
    }
    let (path, digest) = ("truth/nb101.csv", sha256_hex(&bytes));
    let due = catalogue::digest_of(path).unwrap_or_default();
    if digest != due {
        let problem = format!("makes a table nb101.csv with the SHA-256 {digest}, not {due}: the file is changed");
        return Err(DataError::content(file, problem));
    }
    Ok(Made { path: path.to_owned(), bytes, notes: Vec::new() })
}

#[cfg(test)]
mod tests;
