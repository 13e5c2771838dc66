//! `nas-assay verify --truth`: what scores are judged by.

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use nas_assay_base::digest::sha256_of;
use nas_assay_base::nearest;

use super::context::Context;
use super::exit::{DATA, Failure, USAGE};
use crate::spec::{DataFile, TableTruth};

/// The source of the truth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TruthChoice {
    /// The benchmark's table.
    Benchmark,
    /// The table that this project trained.
    Carried,
    /// A table of measured accuracies.
    Table(PathBuf),
}

impl From<OsString> for TruthChoice {
    fn from(word: OsString) -> Self {
        match word.to_str() {
            Some("benchmark") => Self::Benchmark,
            Some("carried") => Self::Carried,
            _ => Self::Table(word.into()),
        }
    }
}

/// The table at `path`, or at that path in the data root, and its columns: those that are named, with a comma between, or the only one.
///
/// # Errors
/// If there is no such file, or it has other columns, or several and none is named.
pub(super) fn table(context: &Context, path: &Path, columns: Option<&str>) -> Result<TableTruth, Failure> {
    let in_root = || context.data_root().and_then(|root| root.resolve(path).ok());
    let file = if path.is_file() { Some(path.to_owned()) } else { in_root() };
    let Some(file) = file.and_then(|file| std::path::absolute(file).ok()) else {
        let problem = format!("--truth: there is no file {}, here or in the data root", path.display());
        return Err(Failure::new(DATA, problem)
            .with_help("the truth is `benchmark`, `carried`, or a table of measured accuracies"));
    };
    let failed =
        |error: std::io::Error| Failure::new(DATA, format!("--truth: failed to read {}: {error}", file.display()));
    let mut source = BufReader::new(File::open(&file).map_err(failed)?);
    let mut header = String::new();
    source.read_line(&mut header).map_err(failed)?;
    let known: Vec<&str> = header.trim_end().split(',').skip(1).collect();
    let all = known.join(", ");
    if !header.starts_with("architecture,") || known.is_empty() {
        let problem = format!("--truth: {} is no table of measured accuracies", file.display());
        return Err(Failure::new(DATA, problem)
            .with_help("such a table begins with `architecture,` and the names of its columns"));
    }
    let columns: Vec<&str> = match (columns, &known[..]) {
        (Some(columns), _) => columns.split(',').collect(),
        (None, [one]) => vec![one],
        (None, _) => {
            let problem = format!("--truth: {} has the columns {all}", file.display());
            return Err(Failure::new(USAGE, problem)
                .with_help("choose one with --accuracy, or several with a comma between, whose mean is the truth"));
        }
    };
    if let Some(stranger) = columns.iter().find(|column| !known.contains(column)) {
        let near = nearest(stranger, known.iter().copied());
        let near = near.map(|name| format!("; the nearest is `{name}`")).unwrap_or_default();
        return Err(Failure::new(
            USAGE,
            format!("--accuracy: {} has no column {stranger}; it has {all}{near}", file.display()),
        ));
    }
    let sha256 = File::open(&file).and_then(sha256_of).map_err(failed)?;
    let columns = columns.into_iter().map(str::to_owned).collect();
    Ok(TableTruth { file: DataFile { path: file.display().to_string(), sha256 }, columns })
}
