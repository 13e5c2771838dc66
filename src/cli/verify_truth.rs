//! `nas-assay verify --truth`: what scores are judged by.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
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

/// The most bytes that a header can have.
const LONGEST: u64 = 1 << 16;

/// The table at `path`, or at that path in the data root, and its columns: those that are named, with a comma between, or the only one.
///
/// # Errors
/// If there is no such file, or it has other columns, or several and none is named.
pub(super) fn table(context: &Context, path: &Path, columns: Option<&str>) -> Result<TableTruth, Failure> {
    // A table of the data root keeps its path there, so that the spec is good on other machines.
    let in_root = || context.data_root().and_then(|root| Some((root.resolve(path).ok()?, path.to_owned())));
    let here = || Some(std::path::absolute(path).ok()?).filter(|file| file.is_file());
    let Some((file, declared)) = here().map(|file| (file.clone(), file)).or_else(in_root) else {
        let problem = format!("--truth: there is no file {}, here or in the data root", path.display());
        return Err(Failure::new(DATA, problem)
            .with_help("the truth is `benchmark`, `carried`, or a table of measured accuracies"));
    };
    let shown = file.display();
    let Some(declared) = declared.to_str() else {
        return Err(Failure::new(USAGE, format!("--truth: the path {shown} is no UTF-8, which a spec could not hold")));
    };
    let failed = |error: std::io::Error| Failure::new(DATA, format!("--truth: failed to read {shown}: {error}"));
    let head = File::open(&file).map_err(failed)?.take(LONGEST);
    let mut header = csv::StringRecord::new();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(head);
    let read = reader.read_record(&mut header).unwrap_or(false);
    let known: Vec<&str> = header.iter().skip(1).collect();
    let all = known.join(", ");
    if !read || header.get(0) != Some("architecture") || known.is_empty() {
        let problem = format!("--truth: {shown} is no table of measured accuracies");
        return Err(Failure::new(DATA, problem)
            .with_help("such a table begins with `architecture,` and the names of its columns"));
    }
    let columns: Vec<&str> = match (columns, &known[..]) {
        (Some(columns), _) => columns.split(',').collect(),
        (None, [one]) => vec![one],
        (None, _) => {
            let problem = format!("--truth: {shown} has the columns {all}");
            let help = "choose one with --accuracy, or several with a comma between, whose mean is the truth";
            return Err(Failure::new(USAGE, problem).with_help(help));
        }
    };
    if let Some(stranger) = columns.iter().find(|column| !known.contains(column)) {
        let near = nearest(stranger, known.iter().copied());
        let near = near.map(|name| format!("; the nearest is `{name}`")).unwrap_or_default();
        let problem = format!("--accuracy: {shown} has no column {stranger}; it has {all}{near}");
        return Err(Failure::new(USAGE, problem));
    }
    let sha256 = File::open(&file).and_then(sha256_of).map_err(failed)?;
    let columns = columns.into_iter().map(str::to_owned).collect();
    Ok(TableTruth { file: DataFile { path: declared.to_owned(), sha256 }, columns })
}
