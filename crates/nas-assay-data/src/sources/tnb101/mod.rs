//! TransNAS-Bench-101 (Duan et al., CVPR 2021): seven tasks in two spaces of table-only architectures, from the benchmark's own file
//! `transnas-bench_v10141024.pth`.
//!
//! The tables are `truth/tnb101/micro.csv` and `truth/tnb101/macro.csv`. For each task they have the metric that it is judged by, on the
//! validation and the test images, each at two epochs:
//!
//! | name of a column | what it is |
//! |---|---|
//! | `TASK-test_METRIC-best_valid` | at the epoch with the greatest `valid_METRIC`, of several the first, as the benchmark's own code reports it |
//! | `TASK-test_METRIC-last` | after the last epoch |
//! | `TASK-valid_METRIC-...` | the same of the validation images |
//!
//! `top1` (`class_scene`, `class_object`, `jigsaw`) and `mIoU` (`segmentsemantic`) are percentages. `ssim` (`normal`, `autoencoder`) and
//! `neg_loss` (`room_layout`) are numbers without a unit, and their columns say so by `[1]`. Higher is better in all of them.

mod read;

use nas_assay_schema::truth::measured::MeasuredTable;
use nas_assay_spaces::{SpaceId, TableSpace};

use self::read::{At, Judged, Results};
use crate::files::{Files, file_name};
use crate::table::Measured;
use crate::{DataError, Made};

/// What a task is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Metric {
    Top1,
    MeanIou,
    Ssim,
    NegLoss,
}

impl Metric {
    const ALL: [Self; 4] = [Self::Top1, Self::MeanIou, Self::Ssim, Self::NegLoss];

    /// Its name in the file, without `valid_` or `test_`.
    const fn name(self) -> &'static str {
        match self {
            Self::Top1 => "top1",
            Self::MeanIou => "mIoU",
            Self::Ssim => "ssim",
            Self::NegLoss => "neg_loss",
        }
    }

    /// What stands behind the name of its columns.
    const fn unit(self) -> &'static str {
        match self {
            Self::Top1 | Self::MeanIou => "",
            Self::Ssim | Self::NegLoss => " [1]",
        }
    }

    /// Whether it can have this value.
    fn allows(self, value: f64) -> bool {
        match self {
            Self::Top1 | Self::MeanIou => (0.0..=100.0).contains(&value),
            Self::Ssim => (-1.0..=1.0).contains(&value),
            Self::NegLoss => value.is_finite() && value <= 0.0,
        }
    }
}

/// The tasks, and what each is judged by.
const TASKS: [(&str, Metric); 7] = [
    ("class_scene", Metric::Top1),
    ("class_object", Metric::Top1),
    ("room_layout", Metric::NegLoss),
    ("jigsaw", Metric::Top1),
    ("segmentsemantic", Metric::MeanIou),
    ("normal", Metric::Ssim),
    ("autoencoder", Metric::Ssim),
];

/// The spaces by their names in the file.
const SPACES: [(&str, TableSpace); 2] = [("micro", TableSpace::Tnb101Micro), ("macro", TableSpace::Tnb101Macro)];

/// What is wanted, for messages.
const WANTED: &str = "wanted is transnas-bench_v10141024.pth of TransNAS-Bench-101";

/// Makes both tables of the file.
///
/// # Errors
/// If it is not there, is damaged, or has not every task of every architecture.
pub fn import(files: Files<'_>) -> Result<Vec<Made>, DataError> {
    let (mut all, mut others): (Option<Vec<Made>>, Vec<String>) = (None, Vec::new());
    read::each(files, &mut |name, source| {
        if !is_wanted(name) {
            if others.len() < 8 {
                others.push(file_name(name).to_owned());
            }
            return Ok(());
        }
        let found = tables(name, &read::results(name, source)?)?;
        match &all {
            Some(known) if *known != found => {
                Err(DataError::content(name, "it has other numbers than a file before it"))
            }
            _ => {
                all = Some(found);
                Ok(())
            }
        }
    })?;
    all.ok_or_else(|| {
        let others = if others.is_empty() { "nothing".to_owned() } else { others.join(", ") };
        DataError::Incomplete(format!("{WANTED}; found {others}"))
    })
}

/// Whether a file is the benchmark, or the object in a zip of torch.
fn is_wanted(name: &str) -> bool {
    let name = file_name(name);
    name.starts_with("transnas-bench") && matches!(name.rsplit_once('.'), Some((_, "pth"))) || name == "data.pkl"
}

/// The tables of all results.
fn tables(file: &str, results: &Results) -> Result<Vec<Made>, DataError> {
    SPACES.iter().zip(results).map(|(&(name, space), rows)| table(file, name, space, rows)).collect()
}

/// The names of the columns.
fn columns() -> Vec<String> {
    let of = |(task, metric): (&str, Metric)| {
        let column = |set: &str, at: &str| format!("{task}-{set}_{}-{at}{}", metric.name(), metric.unit());
        [column("test", "best_valid"), column("test", "last"), column("valid", "best_valid"), column("valid", "last")]
    };
    TASKS.into_iter().flat_map(of).collect()
}

/// The table of a space. `rows` has the tasks of each architecture, by its index.
fn table(file: &str, name: &str, space: TableSpace, rows: &[[Judged; TASKS.len()]]) -> Result<Made, DataError> {
    let columns = columns();
    let mut table = Measured::new(&columns.iter().map(String::as_str).collect::<Vec<_>>());
    let mut empty = 0;
    for (architecture, tasks) in space.all().zip(rows) {
        let mut cells = Vec::with_capacity(columns.len());
        for ((task, metric), judged) in TASKS.into_iter().zip(tasks) {
            let Judged { best_valid, last } = *judged;
            let at = |of: fn(At) -> f64| [of(best_valid), of(last)];
            for value in [at(|at| at.test), at(|at| at.valid)].concat() {
                if value.is_finite() && !metric.allows(value) {
                    let problem = format!("`{}` of {architecture} for {task} is {value}", metric.name());
                    return Err(DataError::content(file, format!("{problem}, which is no such value")));
                }
                empty += usize::from(!value.is_finite());
                cells.push(Some(value).filter(|value| value.is_finite()));
            }
        }
        table.push(&architecture.to_string(), &cells)?;
    }
    let path = format!("truth/tnb101/{name}.csv");
    let mut notes = Vec::new();
    if empty > 0 {
        notes.push(format!("So many numbers are none in the file, and empty cells: {empty}."));
    }
    let made = Made { path, bytes: table.into_bytes(), notes };
    match MeasuredTable::parse(SpaceId::Table(space), &made.path, &made.bytes, None) {
        Ok(whole) if whole.architectures().len() == space.count() => Ok(made),
        Ok(part) => {
            let problem = format!("{name} has {} of {} architectures", part.architectures().len(), space.count());
            Err(DataError::content(file, problem))
        }
        Err(error) => Err(DataError::content(file, error.to_string())),
    }
}

#[cfg(test)]
mod tests;
