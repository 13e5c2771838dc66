//! What the tables of trained accuracies have in common: one CSV file a space, read once, strictly, with errors that name the line and
//! the column.
//!
//! A table is a fixed set of facts, so nothing is repaired: a header, a number of rows or a cell that is not what it should be is
//! refused. What is a choice (which accuracy, over which rows) is none of the reader's.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use csv::StringRecord;

use nas_assay_spaces::ArchitectureError;

/// What is wrong with a table.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// The file cannot be read.
    #[error("reading truth table {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A place in the file does not hold what it should.
    #[error("truth table {file}, line {line}{}: {problem}", column.map(|name| format!(", column {name}")).unwrap_or_default())]
    Place {
        /// The file, as it was named to the reader.
        file: String,
        /// The line, counted from 1; the header is line 1.
        line: u64,
        /// The column, where it is known.
        column: Option<&'static str>,
        /// What is wrong there.
        problem: Problem,
    },
}

impl TableError {
    pub(super) fn at(file: &str, line: u64, column: Option<&'static str>, problem: Problem) -> Self {
        Self::Place { file: file.to_owned(), line, column, problem }
    }
}

/// What is wrong at a place of a table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The header names other columns.
    #[error("the header is not the one of {table}: expected {expected:?}, found {found:?}")]
    Header {
        /// The table that was expected.
        table: &'static str,
        /// The first expected name that is not there, empty if there are too many.
        expected: &'static str,
        /// What is there instead, empty if nothing is.
        found: String,
    },
    /// A line has too few or too many cells.
    #[error("expected {expected} cells, found {found}")]
    Cells {
        /// How many there should be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A line is not UTF-8, or the CSV reader refuses it.
    #[error("not readable as CSV: {0}")]
    Csv(String),
    /// The last line does not end.
    #[error("the file ends within a line; it may be truncated: fetch it again")]
    Unfinished,
    /// A cell is not a number in its range.
    #[error("expected a number from 0 to {limit}, found {found:?}")]
    Number {
        /// The greatest number that may stand there.
        limit: u64,
        /// What stands there.
        found: String,
    },
    /// A cell is none of a decision's values.
    #[error("expected one of {expected}, found {found:?}")]
    Value {
        /// The values.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// A cell is not a flag.
    #[error("expected 0 or 1, found {0:?}")]
    Flag(String),
    /// A cell is not an architecture.
    #[error(transparent)]
    Architecture(#[from] ArchitectureError),
    /// A cost is not the one that follows from the row's architecture.
    #[error("expected {expected}, the cost of the row's architecture, found {found:?}")]
    Cost {
        /// What the architecture costs.
        expected: u64,
        /// What stands there.
        found: String,
    },
    /// An architecture is there twice.
    #[error("the architecture stands on line {0} already")]
    Repeated(u64),
    /// Two rows of an architecture contradict each other.
    #[error("expected {expected:?} as on line {line}, which has the same architecture, found {found:?}")]
    Contradiction {
        /// The other line.
        line: u64,
        /// What stands there.
        expected: String,
        /// What stands here.
        found: String,
    },
    /// Rows are missing or too many.
    #[error("expected {expected} rows, found {found}; the file may be truncated: fetch it again")]
    Rows {
        /// How many there should be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A group does not have one representative.
    #[error("group {group} has {marked} representatives, expected 1")]
    Representatives {
        /// The group.
        group: usize,
        /// How many of its rows are marked.
        marked: usize,
    },
}

/// A problem and the column that is to blame, if one is.
pub(super) type CellResult<T> = Result<T, (Option<&'static str>, Problem)>;

/// What a whole table looks like.
pub(super) struct Layout {
    /// The file's usual name.
    pub name: &'static str,
    /// The columns, in the file's order.
    pub columns: &'static [&'static str],
    /// How many rows there are below the header.
    pub rows: usize,
}

/// The name and the content of the file at `path`.
pub(super) fn load(path: &Path) -> Result<(String, Vec<u8>), TableError> {
    let bytes = std::fs::read(path).map_err(|source| TableError::Read { path: path.to_owned(), source })?;
    Ok((path.display().to_string(), bytes))
}

impl Layout {
    /// Reads each row through `row`, which is given its line; gives the rows and the number of the last line.
    pub(super) fn read<T>(
        &self,
        file: &str,
        bytes: &[u8],
        mut row: impl FnMut(u64, &Cells<'_>) -> CellResult<T>,
    ) -> Result<(Vec<T>, u64), TableError> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).quoting(false).from_reader(bytes);
        let mut rows = Vec::with_capacity(self.rows);
        let mut record = StringRecord::new();
        let mut line = 0;
        loop {
            let start = reader.position().line();
            match reader.read_record(&mut record) {
                Ok(true) => line = record.position().map_or(start, csv::Position::line),
                Ok(false) => break,
                Err(error) => {
                    let line = error.position().map_or(start, csv::Position::line);
                    return Err(TableError::at(file, line, None, Problem::Csv(error.to_string())));
                }
            }
            if line == 1 {
                self.check_header(&record).map_err(|problem| TableError::at(file, line, None, problem))?;
                continue;
            }
            let (expected, found) = (self.columns.len(), record.len());
            if expected != found {
                return Err(TableError::at(file, line, None, Problem::Cells { expected, found }));
            }
            let cells = Cells { columns: self.columns, record: &record };
            rows.push(row(line, &cells).map_err(|(column, problem)| TableError::at(file, line, column, problem))?);
        }
        if bytes.last() != Some(&b'\n') {
            return Err(TableError::at(file, line.max(1), None, Problem::Unfinished));
        }
        let (expected, found) = (self.rows, rows.len());
        if expected != found {
            return Err(TableError::at(file, line, None, Problem::Rows { expected, found }));
        }
        Ok((rows, line))
    }

    fn check_header(&self, record: &StringRecord) -> Result<(), Problem> {
        for place in 0..self.columns.len().max(record.len()) {
            let (expected, found) = (self.columns.get(place).copied().unwrap_or(""), record.get(place).unwrap_or(""));
            if expected != found {
                return Err(Problem::Header { table: self.name, expected, found: found.to_owned() });
            }
        }
        Ok(())
    }
}

/// The cells of a line, as many as there are columns. Its errors have the column.
pub(super) struct Cells<'a> {
    columns: &'static [&'static str],
    record: &'a StringRecord,
}

impl Cells<'_> {
    /// What stands in a cell.
    pub(super) fn text(&self, column: usize) -> &str {
        &self.record[column]
    }

    /// Whether anything stands in a cell.
    pub(super) fn present(&self, column: usize) -> bool {
        !self.record[column].is_empty()
    }

    /// The architecture that `text` is, put together from the cells; `column` says which is to blame for an error at a byte of it.
    pub(super) fn architecture<A: FromStr<Err = ArchitectureError>>(
        &self,
        text: &str,
        column: impl FnOnce(usize) -> usize,
    ) -> CellResult<A> {
        text.parse().map_err(|error: ArchitectureError| self.blame(column(error.position()), error.into()))
    }

    /// The error that a column is to blame for.
    pub(super) fn blame(&self, column: usize, problem: Problem) -> (Option<&'static str>, Problem) {
        (Some(self.columns[column]), problem)
    }

    /// A number from 0 to `limit`.
    pub(super) fn number(&self, column: usize, limit: u64) -> CellResult<f64> {
        let number = self.record[column].parse().ok().filter(|number| (0.0..=limit as f64).contains(number));
        number.ok_or_else(|| self.no_number(column, limit))
    }

    /// A percentage, as a fraction.
    pub(super) fn percent(&self, column: usize) -> CellResult<f64> {
        Ok(self.number(column, 100)? / 100.0)
    }

    /// A whole number from 0 to `limit`.
    pub(super) fn whole(&self, column: usize, limit: u64) -> CellResult<u64> {
        let number = self.record[column].parse().ok().filter(|&number| number <= limit);
        number.ok_or_else(|| self.no_number(column, limit))
    }

    /// A cost, which has to be `expected`.
    pub(super) fn cost(&self, column: usize, expected: u64) -> CellResult<u64> {
        let found = &self.record[column];
        let problem = || self.blame(column, Problem::Cost { expected, found: found.to_owned() });
        found.parse().ok().filter(|&cost: &u64| cost == expected).ok_or_else(problem)
    }

    /// A flag.
    pub(super) fn flag(&self, column: usize) -> CellResult<bool> {
        match &self.record[column] {
            "0" => Ok(false),
            "1" => Ok(true),
            other => Err(self.blame(column, Problem::Flag(other.to_owned()))),
        }
    }

    fn no_number(&self, column: usize, limit: u64) -> (Option<&'static str>, Problem) {
        self.blame(column, Problem::Number { limit, found: self.record[column].to_owned() })
    }
}
