//! `nas-assay verify --truth`: what scores are judged by.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use nas_assay_base::digest::sha256_of;
use nas_assay_base::nearest;

use super::context::Context;
use super::exit::{DATA, Failure, USAGE};
use crate::criteria::Direction;
use crate::spec::{DataFile, TableTruth};
use crate::truth::measured::{column_place, is_percent, name_and_unit};

/// The source of the truth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TruthChoice {
    /// The benchmark's table.
    Benchmark,
    /// The table that this project trained.
    Carried,
    /// A table of measured accuracies or of another quantity.
    Table(PathBuf),
}

/// Which columns of a table are the truth, and what their numbers are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Columns<'a> {
    /// Columns of percentages, with a comma between.
    pub accuracy: Option<&'a str>,
    /// Columns of another quantity.
    pub quantity: Option<&'a str>,
    /// The unit of that.
    pub unit: Option<&'a str>,
    /// Whether higher or lower numbers of that are better.
    pub better: Option<Direction>,
}

impl Columns<'_> {
    /// Whether the numbers are said to be no percentages.
    pub(super) fn is_quantity(self) -> bool {
        self.quantity.is_some() || self.unit.is_some() || self.better.is_some()
    }
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
/// If there is no such file, or it has other columns, or several and none is named, or if their unit or direction is not known.
pub(super) fn table(context: &Context, path: &Path, of: Columns<'_>) -> Result<TableTruth, Failure> {
    // A table of the data root keeps its path there, so that the spec is good on other machines.
    let in_root = || context.data_root().and_then(|root| Some((root.resolve(path).ok()?, path.to_owned())));
    let here = || Some(std::path::absolute(path).ok()?).filter(|file| file.is_file());
    let Some((file, declared)) = here().map(|file| (file.clone(), file)).or_else(in_root) else {
        let problem = format!("--truth: there is no file {}, here or in the data root", path.display());
        return Err(Failure::new(DATA, problem)
            .with_help("the truth is `benchmark`, `carried`, or a table of measured accuracies or another quantity"));
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
    let flag = if of.is_quantity() { "--quantity" } else { "--accuracy" };
    let columns: Vec<&str> = match (of.quantity.or(of.accuracy), &known[..]) {
        (Some(columns), _) => columns.split(',').collect(),
        (None, [one]) => vec![one],
        (None, _) => {
            let problem = format!("--truth: {shown} has the columns {all}");
            let help = "choose one with --accuracy, or with --quantity if it has a unit; or several with a comma between, whose mean is the \
                        truth";
            return Err(Failure::new(USAGE, problem).with_help(help));
        }
    };
    let place = |column: &&str| column_place(&known, column);
    if let Some(stranger) = columns.iter().find(|column| place(column).is_none()) {
        let near = nearest(stranger, known.iter().copied());
        let near = near.map(|name| format!("; the nearest is `{name}`")).unwrap_or_default();
        let problem = format!("{flag}: {shown} has no column {stranger}; it has {all}{near}");
        return Err(Failure::new(USAGE, problem));
    }
    let headers: Vec<&str> = columns.iter().filter_map(place).map(|place| known[place]).collect();
    let (unit, better) = quantity(&headers, of)?;
    let sha256 = File::open(&file).and_then(sha256_of).map_err(failed)?;
    let columns = columns.into_iter().map(str::to_owned).collect();
    Ok(TableTruth { file: DataFile { path: declared.to_owned(), sha256 }, columns, unit, better })
}

/// What the numbers of columns with these headers are: the unit, which a header may have in brackets, and whether higher or lower is better.
/// Nothing for percentages.
fn quantity(headers: &[&str], of: Columns<'_>) -> Result<(Option<String>, Option<Direction>), Failure> {
    let plain = |header: &&str| name_and_unit(header).1.filter(|unit| !is_percent(unit)).map(str::to_owned);
    let refused = |problem: String, help: &str| Err(Failure::new(USAGE, problem).with_help(help));
    let units: Vec<Option<String>> = headers.iter().map(plain).collect();
    let (first, header) = (units.first().cloned().flatten(), headers.first().copied().unwrap_or_default());
    if !of.is_quantity() {
        return match first {
            None => Ok((None, None)),
            Some(_) => refused(
                format!("--truth: the numbers of {header} are no percentages"),
                "name the column with --quantity, and say with `--better higher` or `--better lower` which numbers are better",
            ),
        };
    }
    let Some(unit) = of.unit.map(str::to_owned).or(first) else {
        let problem = format!("--quantity: {header} has no unit in the header of the table");
        return refused(
            problem,
            "give the unit with --unit, such as `--unit ms`; `--unit 1` is for numbers without one",
        );
    };
    if let Some(place) = units.iter().position(|has| has.as_ref().is_some_and(|has| *has != unit)) {
        let problem = format!("--unit: the numbers of {} are in another unit than {unit}", headers[place]);
        return refused(problem, "leave out --unit, and name columns of one unit");
    }
    match of.better {
        Some(better) => Ok((Some(unit), Some(better))),
        None => refused(
            format!("--quantity: nothing says whether higher or lower numbers of {header} are better"),
            "say `--better higher` or `--better lower`",
        ),
    }
}
