//! The training data of NAS-Bench-301 (Zela et al., ICLR 2022): networks that were really trained, from which the benchmark's surrogate models
//! were made. `truth/nb301.csv` has predictions of such a model, for other architectures, and does not follow from these files.
//!
//! | table | from |
//! |---|---|
//! | `truth/nb301/trained-validation.csv` | `results_*.json` in the folders `rs`, `darts`, ... of the data set: accuracy on the 10,000 validation images after the training |
//! | `truth/nb301/trained-test.csv` | the same files, accuracy on the 10,000 test images |
//! | `truth/nb301/naslib-validation.csv` | `nb301_full_training.pickle` of `NASLib`, which has a part of the architectures and no test accuracies |
//!
//! The columns are `trained-100-validation`, `trained-100-test`, and `naslib-98-validation`: the schedule of the trainings has 100 epochs, and
//! `NASLib`'s curves have one accuracy for each of the 98 epochs that were recorded. A result that is there twice, byte by byte, counts once.
//!
//! Accuracies are in percent. Rows are in the order of the architectures' texts. An architecture that was trained several times has the mean
//! of its runs, and a note says how many such there are.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Read;

use nas_assay_spaces::SpaceId;
use nas_assay_spaces::spelling::{Form, read};
use serde::Deserialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::files::{Files, file_name};
use crate::pickle::{Stream, View, WHOLE};
use crate::table::{Measured, Share};
use crate::{DataError, Made, catalogue, json};

/// Number of validation images, and of test images.
const IMAGES: u64 = 10_000;

/// Most bytes that a result may have; they have some thousand.
const LONGEST: u64 = 4_000_000;

/// What the data have before the names of an architecture's parameters.
const CELLS: &str = "NetworkSelectorDatasetInfo:darts:";

/// What all networks of the benchmark have: cells, channels and epochs. Files with others are left out.
const SETTINGS: [(&str, f64); 3] = [
    ("NetworkSelectorDatasetInfo:darts:layers", 8.0),
    ("NetworkSelectorDatasetInfo:darts:init_channels", 32.0),
    ("SimpleLearningrateSchedulerSelector:cosine_annealing:T_max", 100.0),
];

/// The budget of a whole training, in epochs.
const BUDGET: f64 = 100.0;

/// Makes a table of each quantity that the files have.
///
/// # Errors
/// If a file is damaged, or none has a network of the benchmark.
pub fn import(files: Files<'_>) -> Result<Vec<Made>, DataError> {
    let (mut results, mut curves, mut others) = (Results::default(), Curves::default(), Vec::new());
    files.each(&mut |path, source| {
        let name = file_name(path);
        match name.rsplit_once('.') {
            Some((start, "json")) if start.starts_with("results_") => return results.take(path, source),
            Some((_, "pickle" | "pkl")) if !catalogue::is_of_another("nb301", name) => {
                return curves.take(path, source);
            }
            _ => {}
        }
        if others.len() < 8 {
            others.push(name.to_owned());
        }
        Ok(())
    })?;
    let mut made = results.tables()?;
    made.extend(curves.table()?);
    if made.is_empty() {
        let others = if others.is_empty() { "nothing".to_owned() } else { others.join(", ") };
        let wanted = "results_*.json of NAS-Bench-301's training data, or NASLib's nb301_full_training.pickle";
        return Err(DataError::Incomplete(format!("expected {wanted}; found {others}")));
    }
    Ok(made)
}

/// One training, as far as it is used.
#[derive(Deserialize)]
struct Training {
    /// So spelt in the files.
    optimized_hyperparamater_config: BTreeMap<String, Value>,
    budget: f64,
    info: Vec<Info>,
    test_accuracy: Option<f64>,
}

#[derive(Deserialize)]
struct Info {
    val_accuracy: f64,
}

impl Training {
    /// Why this is no network of the benchmark, if so.
    fn other(&self) -> Result<Option<String>, String> {
        for (name, expected) in SETTINGS {
            let value =
                self.optimized_hyperparamater_config.get(name).ok_or_else(|| format!("missing field `{name}`"))?;
            if value.as_f64() != Some(expected) {
                return Ok(Some(format!("`{name}` is {value}, not {expected}")));
            }
        }
        Ok((self.budget != BUDGET).then(|| format!("`budget` is {}, not {BUDGET}", self.budget)))
    }

    /// The text of the architecture.
    fn architecture(&self) -> Result<String, String> {
        let mut text = "{".to_owned();
        for (name, value) in &self.optimized_hyperparamater_config {
            let Some(parameter) = name.strip_prefix(CELLS) else { continue };
            if !parameter.starts_with("edge_") && !parameter.starts_with("inputs_node_") {
                continue;
            }
            let value = value.as_str().unwrap_or_default();
            let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if !plain(parameter) || !plain(value) {
                return Err(format!("`{name}` is no parameter of a cell"));
            }
            let _ = write!(text, "'{parameter}': '{value}', ");
        }
        spelled(&(text + "}"), Form::ConfigSpace)
    }
}

/// The architecture's own text.
fn spelled(text: &str, form: Form) -> Result<String, String> {
    let spelled = read(SpaceId::Nb301, text, Some(form)).map_err(|error| error.to_string())?;
    let architecture = spelled.architecture().ok_or("no architecture")?;
    Ok(architecture.to_string())
}

/// The runs of each architecture, in percent.
type Runs = BTreeMap<String, Vec<f64>>;

/// Keeps an accuracy.
fn push(runs: &mut Runs, architecture: &str, name: &str, percent: f64) -> Result<(), String> {
    if !(0.0..=100.0).contains(&percent) {
        return Err(format!("`{name}` is {percent}, expected a percentage"));
    }
    match runs.get_mut(architecture) {
        Some(runs) => runs.push(percent),
        None => drop(runs.insert(architecture.to_owned(), vec![percent])),
    }
    Ok(())
}

/// A table of the means. `images`, `of` and `notes` are for its notes.
fn table(path: &str, column: &str, runs: Runs, mut notes: Vec<String>) -> Result<Made, DataError> {
    let mut table = Measured::new(&[column]);
    let (mut repeated, mut most, mut odd) = (0, 1, 0);
    for (architecture, mut runs) in runs {
        let count = runs.len();
        repeated += usize::from(count > 1);
        most = most.max(count);
        let shares: Vec<Share> = runs.iter().filter_map(|&percent| Share::of_percent(percent, IMAGES)).collect();
        odd += count - shares.len();
        let exact = Share::mean(&shares).filter(|_| shares.len() == count);
        // Otherwise the sum is in an order that does not depend on that of the files.
        runs.sort_unstable_by(f64::total_cmp);
        let mean = exact.map_or_else(|| runs.iter().sum::<f64>() / count as f64, Share::percent);
        table.push(&architecture, &[Some(mean)])?;
    }
    if repeated > 0 {
        notes.push(format!(
            "Architectures that were trained several times, up to {most} times: {repeated}; they have the mean."
        ));
    }
    if odd > 0 {
        notes.push(format!(
            "Accuracies that are no shares of {IMAGES} images, and stand as the files have them: {odd}."
        ));
    }
    Ok(Made { path: format!("truth/nb301/{path}.csv"), bytes: table.into_bytes(), notes })
}

/// What the `results_*.json` have.
#[derive(Default)]
struct Results {
    /// The SHA-256 of each file.
    known: BTreeSet<[u8; 32]>,
    /// How many files are copies of others, and the first of them.
    copies: usize,
    copy: String,
    validation: Runs,
    test: Runs,
    without_test: usize,
    /// How many files have another network, and the first of them.
    left_out: usize,
    first: String,
}

impl Results {
    fn take(&mut self, path: &str, source: &mut dyn Read) -> Result<(), DataError> {
        let mut bytes = Vec::new();
        source.take(LONGEST).read_to_end(&mut bytes).map_err(|error| DataError::part(path, &error))?;
        if bytes.len() as u64 == LONGEST {
            return Err(DataError::content(
                path,
                format!("has more than {} MB, which no result has", LONGEST / 1_000_000),
            ));
        }
        // A training tells its time, so that two of them are never the same.
        if !self.known.insert(Sha256::digest(&bytes).into()) {
            if self.copies == 0 {
                path.clone_into(&mut self.copy);
            }
            self.copies += 1;
            return Ok(());
        }
        let training: Training = json::value(path, &bytes[..])?;
        self.keep(path, &training).map_err(|problem| DataError::content(path, problem))
    }

    fn keep(&mut self, path: &str, training: &Training) -> Result<(), String> {
        if let Some(why) = training.other()? {
            if self.left_out == 0 {
                self.first = format!("{path}: {why}");
            }
            self.left_out += 1;
            return Ok(());
        }
        let architecture = training.architecture()?;
        let [Info { val_accuracy }, ..] = training.info.as_slice() else { return Err("`info` is empty".to_owned()) };
        push(&mut self.validation, &architecture, "val_accuracy", *val_accuracy)?;
        let Some(accuracy) = training.test_accuracy else {
            self.without_test += 1;
            return Ok(());
        };
        push(&mut self.test, &architecture, "test_accuracy", accuracy)
    }

    fn tables(self) -> Result<Vec<Made>, DataError> {
        let mut notes = Vec::new();
        if self.copies > 0 {
            let first = &self.copy;
            notes.push(format!("Files that are copies of others count once: {}, such as {first}.", self.copies));
        }
        if self.left_out > 0 {
            let others = format!("files with another network or training: {}, such as {}", self.left_out, self.first);
            if self.validation.is_empty() {
                return Err(DataError::Incomplete(format!("no file has a network of NAS-Bench-301: {others}")));
            }
            notes.push(format!("Left out are {others}."));
        }
        let mut made = Vec::new();
        if !self.validation.is_empty() {
            made.push(table("trained-validation", "trained-100-validation", self.validation, notes.clone())?);
        }
        if !self.test.is_empty() {
            if self.without_test > 0 {
                notes.push(format!("Files without a test accuracy: {}.", self.without_test));
            }
            made.push(table("trained-test", "trained-100-test", self.test, notes)?);
        }
        Ok(made)
    }
}

/// What the pickle has.
#[derive(Default)]
struct Curves {
    file: Option<String>,
    /// The length of every curve.
    epochs: usize,
    runs: Runs,
}

impl Curves {
    fn take(&mut self, path: &str, source: &mut dyn Read) -> Result<(), DataError> {
        if let Some(other) = &self.file {
            return Err(DataError::content(path, format!("a pickle was already read: {other}")));
        }
        self.file = Some(path.to_owned());
        // As a whole: keys may share their pairs.
        let mut stream = Stream::new(source);
        let tree = stream.whole(WHOLE).map_err(|error| DataError::pickle(path, &error))?;
        let kept = tree.root().items().try_for_each(|(key, value)| self.keep(key, value));
        kept.map_err(|problem| DataError::content(path, problem))?;
        if self.runs.is_empty() {
            let problem = format!("expected a dictionary from architectures to curves, found {}", tree.root().kind());
            return Err(DataError::content(path, problem));
        }
        if !stream.is_done().map_err(|error| DataError::pickle(path, &error))? {
            return Err(DataError::content(path, "the file goes on after its pickle"));
        }
        Ok(())
    }

    fn keep(&mut self, key: View<'_>, value: View<'_>) -> Result<(), String> {
        let architecture = pairs(key)?;
        let curve = value.get("val_accuracies").ok_or_else(|| format!("{architecture}: missing `val_accuracies`"))?;
        if self.epochs == 0 {
            self.epochs = curve.len();
        }
        let last = curve.elements().next_back().filter(|_| curve.len() == self.epochs);
        let Some(percent) = last.and_then(View::number) else {
            let (length, expected) = (curve.len(), self.epochs);
            return Err(format!(
                "{architecture}: `val_accuracies` has {length} numbers, expected {expected} as others have"
            ));
        };
        if self.runs.contains_key(&architecture) {
            return Err(format!("{architecture} is there twice"));
        }
        push(&mut self.runs, &architecture, "val_accuracies", percent)
    }

    fn table(self) -> Result<Option<Made>, DataError> {
        if self.runs.is_empty() {
            return Ok(None);
        }
        let notes = vec![format!("The accuracies are the last of {} epochs.", self.epochs)];
        table("naslib-validation", &format!("naslib-{}-validation", self.epochs), self.runs, notes).map(Some)
    }
}

/// The architecture of a key: for each of two cells, eight pairs of input and operation.
fn pairs(key: View<'_>) -> Result<String, String> {
    let mut text = "(".to_owned();
    // A small pickle can refer to one thing very often: nothing is written before the lengths are those of an architecture.
    if key.len() != 2 || key.elements().any(|cell| cell.len() != 8) {
        return Err(format!("a key is {} that is not an architecture of nb301: two cells of eight pairs", key.kind()));
    }
    for cell in key.elements() {
        text.push('(');
        for pair in cell.elements() {
            let numbers: Option<Vec<i64>> = pair.elements().take(3).map(View::int).collect();
            let Some(&[from, operation]) = numbers.as_deref() else {
                return Err(format!("a key has {} where a pair of input and operation was expected", pair.kind()));
            };
            let _ = write!(text, "({from}, {operation}), ");
        }
        text.push_str("), ");
    }
    spelled(&(text + ")"), Form::Naslib)
}

#[cfg(test)]
mod tests;
