//! The file of the benchmark: what torch saved of a dictionary with `metrics_dict`, `info_names`, `task_list` and `data`.
//!
//! `data` is `{"macro": {ARCHITECTURE: {TASK: {"total_epochs": n, "model_info": {...}, "metrics": {METRIC: [a number for each epoch]}}}},
//! "micro": ...}`. The result of a task is read as soon as it is complete, and forgotten: it does not say whose it is, so that results are
//! told apart by their order.

use std::io::{BufReader, Read, Seek, SeekFrom};

use nas_assay_spaces::table_only::Architecture;

use super::{Metric, SPACES, TASKS, WANTED};
use crate::files::{self, Each, Files, Unpacked};
use crate::pickle::{Parts, PickleError, Problem, Stream, Tree, View, WHOLE};
use crate::{DataError, torch};

/// The parts: the result of a task.
const RESULT: [&str; 3] = ["total_epochs", "model_info", "metrics"];

/// More epochs than any task has.
const MOST_EPOCHS: usize = 10_000;

/// A metric at an epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct At {
    pub valid: f64,
    pub test: f64,
}

/// A metric at the two epochs that are told.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Judged {
    pub best_valid: At,
    pub last: At,
}

/// What a result has of each metric; none that it does not have.
type Found = [Option<Judged>; Metric::ALL.len()];

/// For each space, the tasks of each architecture by its index.
pub(super) type Results = [Vec<[Judged; TASKS.len()]>; SPACES.len()];

/// Shows every file of the sources, also those in files that torch packed as zips.
pub(super) fn each(files: Files<'_>, each: Each<'_>) -> Result<(), DataError> {
    for (name, path) in files.list()? {
        // Of a folder, what is not the benchmark is not unpacked.
        if !files.paths.contains(&path) && !super::is_wanted(&name) {
            continue;
        }
        let failed = |error: std::io::Error| DataError::part(&*name, &error);
        let mut file = BufReader::new(files.open(&path)?);
        let mut start = Vec::new();
        file.by_ref().take(4).read_to_end(&mut start).map_err(failed)?;
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        files::shown(&name, &start, file, each)?;
    }
    Ok(())
}

/// The results of the file.
pub(super) fn results(file: &str, source: &mut dyn Read) -> Result<Results, DataError> {
    let unpacked = files::unpacked(source).map_err(|error| DataError::part(file, &error))?;
    if let Some(packing) = unpacked.packing() {
        return Err(DataError::content(file, packing));
    }
    let mut found: Vec<Found> = Vec::new();
    let tree = tree(file, unpacked, |part| {
        found.push(result(part)?);
        Ok(())
    })?;
    places(tree.root(), &found).map_err(|problem| DataError::content(file, problem))
}

/// The object of the file. Each result is given to `each`, in the order of the file.
fn tree(file: &str, source: Unpacked<'_>, each: impl FnMut(View<'_>) -> Result<(), String>) -> Result<Tree, DataError> {
    let parts = Parts::With(&[&RESULT]);
    let tree = if torch::is_legacy(source.start()) {
        torch::legacy(source, WHOLE, parts, each)
    } else if source.start().starts_with(b"\x80") {
        let mut stream = Stream::new(source);
        stream.parts(WHOLE, parts, each).and_then(|tree| {
            if stream.is_done()? {
                return Ok(tree);
            }
            let problem = Problem::Damaged("the file goes on after its end");
            Err(PickleError { at: stream.position(), problem })
        })
    } else if source.start().starts_with(b"PK") {
        return Err(DataError::content(file, "it is a zip within an archive, which is not read"));
    } else {
        let problem = "it does not begin as a file of torch".to_owned();
        return Err(DataError::Damaged { file: file.to_owned(), problem });
    };
    tree.map_err(|error| match error.problem {
        Problem::Instruction(b'Q') => {
            DataError::content(file, format!("it holds tensors, which the benchmark does not; {WANTED}"))
        }
        _ => DataError::pickle(file, &error),
    })
}

/// The metrics of a result.
fn result(part: View<'_>) -> Result<Found, String> {
    let (Some(epochs), Some(metrics)) = (part.get(RESULT[0]), part.get(RESULT[2])) else {
        return Err("a result has no epochs and metrics".to_owned());
    };
    let epochs = epochs.int().and_then(|epochs| usize::try_from(epochs).ok());
    let epochs = epochs.filter(|epochs| (1..=MOST_EPOCHS).contains(epochs));
    let epochs = epochs.ok_or("`total_epochs` of a result is no number of epochs")?;
    let mut found: Found = [None; Metric::ALL.len()];
    for (place, metric) in found.iter_mut().zip(Metric::ALL) {
        let list = |set: &str| {
            let name = format!("{set}_{}", metric.name());
            metrics.get(&name).map(|list| numbers(list, epochs).map_err(|problem| format!("`{name}` {problem}")))
        };
        let (Some(valid), Some(test)) = (list("valid").transpose()?, list("test").transpose()?) else { continue };
        // As Python's `max` with a key: what is no number is greater than nothing, and nothing is greater than it.
        let best = (1..epochs).fold(0, |best, epoch| if valid[epoch] > valid[best] { epoch } else { best });
        let at = |epoch: usize| At { valid: valid[epoch], test: test[epoch] };
        *place = Some(Judged { best_valid: at(best), last: at(epochs - 1) });
    }
    Ok(found)
}

/// The numbers of a list with one for each epoch.
fn numbers(list: View<'_>, epochs: usize) -> Result<Vec<f64>, String> {
    let numbers: Option<Vec<f64>> = match list.array() {
        Some(array) if array.shape().len() == 1 => Some(array.numbers().collect()),
        Some(_) => None,
        None => list.elements().map(View::number).collect(),
    };
    let numbers = numbers.ok_or_else(|| format!("of a result is {}, expected numbers", list.kind()))?;
    if numbers.len() == epochs {
        return Ok(numbers);
    }
    Err(format!("of a result is {} of {} numbers, expected {epochs}, one for each epoch", list.kind(), numbers.len()))
}

/// The texts of a list.
fn texts(list: View<'_>) -> Vec<&str> {
    list.elements().filter_map(View::text).collect()
}

/// Gives each result its architecture and its task. `found` has the results in the order of the file.
fn places(root: View<'_>, found: &[Found]) -> Result<Results, String> {
    let named = |key: &str| {
        root.get(key).ok_or_else(|| {
            let names: Vec<&str> = root.items().filter_map(|(key, _)| key.text()).take(16).collect();
            format!("the file has no `{key}`; it is {} with {}; {WANTED}", root.kind(), names.join(", "))
        })
    };
    let (metrics, tasks, data) = (named("metrics_dict")?, texts(named("task_list")?), named("data")?);
    for (task, metric) in TASKS {
        if !tasks.contains(&task) {
            return Err(format!("`task_list` has no `{task}`; it has {}", tasks.join(", ")));
        }
        let there = metrics.get(task).map(texts).unwrap_or_default();
        for set in ["valid", "test"] {
            let name = format!("{set}_{}", metric.name());
            if !there.contains(&name.as_str()) {
                return Err(format!("`metrics_dict` has no `{name}` for {task}; it has {}", there.join(", ")));
            }
        }
    }
    let mut left = found.iter();
    let mut all: [Vec<[Option<Judged>; TASKS.len()]>; SPACES.len()] = Default::default();
    for (key, architectures) in data.items() {
        // Results of a space that is not known are results, too.
        let known = SPACES.iter().position(|(name, _)| key.text() == Some(name));
        let mut rows = known.map(|space| vec![[None; TASKS.len()]; SPACES[space].1.count()]);
        for (text, results) in architectures.items() {
            let row = match (known, text.text()) {
                (None, _) => None,
                (Some(space), Some(text)) => {
                    let found = Architecture::parse(SPACES[space].1, text).map_err(|error| error.to_string())?;
                    Some(found.index())
                }
                (Some(_), None) => return Err(format!("`data` has {} for an architecture", text.kind())),
            };
            for (task, result) in results.items() {
                if !result.is_dict() || !result.is_empty() {
                    let text = text.text().unwrap_or_default();
                    let task = task.text().unwrap_or_default();
                    return Err(format!("{task} of {text} has not {} alone", RESULT.join(", ")));
                }
                let judged = left.next().ok_or("`data` has more results than the file")?;
                let (Some(rows), Some(row)) = (&mut rows, row) else { continue };
                let Some(task) = TASKS.iter().position(|(name, _)| task.text() == Some(name)) else { continue };
                let (name, metric) = TASKS[task];
                let of = Metric::ALL.iter().position(|other| *other == metric).and_then(|place| judged[place]);
                let text = text.text().unwrap_or_default();
                let of = of.ok_or_else(|| {
                    let metric = metric.name();
                    format!("{name} of {text} has no `valid_{metric}` and `test_{metric}`")
                })?;
                if rows[row][task].replace(of).is_some() {
                    return Err(format!("{name} of {text} is there twice"));
                }
            }
        }
        if let (Some(space), Some(rows)) = (known, rows) {
            if !all[space].is_empty() {
                return Err(format!("`data` has {} twice", SPACES[space].0));
            }
            all[space] = rows;
        }
    }
    if left.next().is_some() {
        return Err("the file has more results than `data`".to_owned());
    }
    let [micro, r#macro] = all;
    Ok([whole(0, micro)?, whole(1, r#macro)?])
}

/// The results of a space, if none is missing.
fn whole(space: usize, rows: Vec<[Option<Judged>; TASKS.len()]>) -> Result<Vec<[Judged; TASKS.len()]>, String> {
    let (name, space) = SPACES[space];
    if rows.is_empty() {
        return Err(format!("`data` has no `{name}`; {WANTED}"));
    }
    let mut all = Vec::with_capacity(rows.len());
    for (architecture, tasks) in space.all().zip(rows) {
        let mut judged = [Judged::default(); TASKS.len()];
        for ((place, (task, _)), of) in judged.iter_mut().zip(TASKS).zip(tasks) {
            *place = of.ok_or_else(|| format!("{name} has no result of {architecture} for {task}"))?;
        }
        all.push(judged);
    }
    Ok(all)
}
