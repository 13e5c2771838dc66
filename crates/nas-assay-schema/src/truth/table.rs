//! Strict reading of the benchmarks' tables: one CSV file per space, with errors that name the line and the column.
//!
//! Nothing is repaired: a wrong header, a wrong number of rows or a wrong cell is an error. Choices (which accuracy, over which rows) are
//! made elsewhere.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use csv::StringRecord;
use nas_assay_base::text::{excerpt, quoted, shortened};

use nas_assay_spaces::ArchitectureError;

/// An error in a table.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    /// The file cannot be read.
    #[error("reading truth table {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// A place in the file is wrong.
    #[error("truth table {}, line {line}{}: {problem}", excerpt(file), column.as_ref().map(|name| format!(", column {name}")).unwrap_or_default())]
    Place {
        /// The name of the file.
        file: String,
        /// The line, counted from 1; the header is line 1.
        line: u64,
        /// The column, if it is known.
        column: Option<String>,
        /// What is wrong.
        problem: Problem,
    },
}

impl TableError {
    pub(super) fn at(file: &str, line: u64, column: Option<&str>, problem: Problem) -> Self {
        Self::Place { file: file.to_owned(), line, column: column.map(str::to_owned), problem }
    }
}

/// What is wrong at a place in a table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The header has other columns.
    #[error("the header is not the one of {table}: expected {expected:?}, found {}", quoted(found))]
    Header {
        /// The table that was expected.
        table: &'static str,
        /// The first name that is missing; empty if there are too many columns.
        expected: &'static str,
        /// The name in its place; empty if there are too few columns.
        found: String,
    },
    /// A line has too few or too many cells.
    #[error("expected {expected} cells, found {found}")]
    Cells {
        /// The expected number.
        expected: usize,
        /// The number found.
        found: usize,
    },
    /// A line is not UTF-8, or the CSV reader refuses it.
    #[error("not readable as CSV: {}", shortened(.0))]
    Csv(String),
    /// The last line has no line break.
    #[error(
        "the file ends within a line; it may be truncated: fetch it again, and declare the digest of the whole file"
    )]
    Unfinished,
    /// A cell is not a number in the allowed range.
    #[error("expected a number from 0 to {limit}, found {}", quoted(found))]
    Number {
        /// The greatest number allowed.
        limit: u64,
        /// The text of the cell.
        found: String,
    },
    /// A cell is not a finite number.
    #[error("expected a finite number, found {}", quoted(.0))]
    Finite(String),
    /// A column has numbers of another unit than was asked for.
    #[error(
        "the numbers of the column `{}` are in {}, and the truth is declared in {}",
        excerpt(column),
        excerpt(has),
        excerpt(asked)
    )]
    Unit {
        /// The column.
        column: String,
        /// Its unit.
        has: String,
        /// The unit that was asked for.
        asked: String,
    },
    /// A cell is not one of the values of a decision.
    #[error("expected one of {expected}, found {}", quoted(found))]
    Value {
        /// The values.
        expected: String,
        /// The text of the cell.
        found: String,
    },
    /// A cell is not an architecture.
    #[error(transparent)]
    Architecture(#[from] ArchitectureError),
    /// A cost is not that of the row's architecture.
    #[error("expected {expected}, the cost of the row's architecture, found {}", quoted(found))]
    Cost {
        /// The cost of the architecture.
        expected: u64,
        /// The text of the cell.
        found: String,
    },
    /// The table has an architecture twice.
    #[error("the architecture is already on line {0}")]
    Repeated(u64),
    /// Two rows of an architecture have different values.
    #[error(
        "expected {} as on line {line}, which has the same architecture, found {}",
        quoted(expected),
        quoted(found)
    )]
    Contradiction {
        /// The other line.
        line: u64,
        /// The value on that line.
        expected: String,
        /// The value on this line.
        found: String,
    },
    /// There are too few or too many rows.
    #[error(
        "expected {expected} rows, found {found}; the file may be truncated: fetch it again, and declare the digest of the whole file"
    )]
    Rows {
        /// The expected number.
        expected: usize,
        /// The number found.
        found: usize,
    },
    /// The table of earlier versions, with several quantities.
    #[error(
        "it is the table of earlier versions; a spec names {path} with the digest {sha256}, which a run makes of it where the data root has it"
    )]
    Older {
        /// The path of the paper's truth.
        path: String,
        /// Its digest.
        sha256: &'static str,
    },
    /// The numbers are fractions.
    #[error("no accuracy is 1 % or more: the table has fractions, and percentages are due")]
    Fractions,
    /// A column has no name, or that of another.
    #[error("a column has no name of its own: {0}")]
    ColumnName(String),
    /// The table has no column of this name.
    #[error("the table has no column `{}`; it has {}", excerpt(wanted), shortened(known))]
    NoColumn {
        /// The name.
        wanted: String,
        /// The names of all columns.
        known: String,
    },
}

/// A value, or a problem with the column in which it is (if in a single one).
pub(super) type CellResult<T> = Result<T, (Option<&'static str>, Problem)>;

/// The layout of a table.
pub(super) struct Layout {
    /// The usual name of the file.
    pub name: &'static str,
    /// The columns, in the order of the file.
    pub columns: &'static [&'static str],
    /// The number of rows below the header.
    pub rows: usize,
}

/// The name (for errors) and the content of the file at `path`.
pub(super) fn load(path: &Path) -> Result<(String, Vec<u8>), TableError> {
    let bytes = std::fs::read(path).map_err(|source| TableError::Read { path: path.to_owned(), source })?;
    Ok((path.display().to_string(), bytes))
}

impl Layout {
    /// Reads each row with `row`, which gets the line number and the cells. Returns the rows and the number of the last line.
    pub(super) fn read<T>(
        &self,
        file: &str,
        bytes: &[u8],
        mut row: impl FnMut(u64, &Cells<'_>) -> CellResult<T>,
    ) -> Result<(Vec<T>, u64), TableError> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).quoting(false).from_reader(bytes);
        let mut rows = Vec::with_capacity(self.rows);
        let mut record = StringRecord::new();
        let (mut line, mut found) = (0, 0);
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
            let (expected, cells) = (self.columns.len(), record.len());
            if expected != cells {
                return Err(TableError::at(file, line, None, Problem::Cells { expected, found: cells }));
            }
            let cells = Cells { columns: self.columns, record: &record };
            let read = row(line, &cells).map_err(|(column, problem)| TableError::at(file, line, column, problem))?;
            found += 1;
            // Too many rows are counted, not kept.
            if rows.len() < self.rows {
                rows.push(read);
            }
        }
        if bytes.last() != Some(&b'\n') {
            return Err(TableError::at(file, line.max(1), None, Problem::Unfinished));
        }
        let expected = self.rows;
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

/// The cells of a line. There are as many as columns.
pub(super) struct Cells<'a> {
    columns: &'static [&'static str],
    record: &'a StringRecord,
}

impl Cells<'_> {
    /// The text of a cell.
    pub(super) fn text(&self, column: usize) -> &str {
        &self.record[column]
    }

    /// The architecture with this text, which was composed of cells. `column` gives the column for the byte position of an error.
    pub(super) fn architecture<A: FromStr<Err = ArchitectureError>>(
        &self,
        text: &str,
        column: impl FnOnce(usize) -> usize,
    ) -> CellResult<A> {
        text.parse().map_err(|error: ArchitectureError| self.blame(column(error.position()), error.into()))
    }

    /// The error for a problem in a column.
    pub(super) fn blame(&self, column: usize, problem: Problem) -> (Option<&'static str>, Problem) {
        (Some(self.columns[column]), problem)
    }

    /// Reads a number from 0 to `limit`.
    pub(super) fn number(&self, column: usize, limit: u64) -> CellResult<f64> {
        let number = self.record[column].parse().ok().filter(|number| (0.0..=limit as f64).contains(number));
        number.ok_or_else(|| self.no_number(column, limit))
    }

    /// Reads a percentage and returns it as a fraction.
    pub(super) fn percent(&self, column: usize) -> CellResult<f64> {
        Ok(self.number(column, 100)? / 100.0)
    }

    /// Reads a cost, which must be `expected`.
    pub(super) fn cost(&self, column: usize, expected: u64) -> CellResult<u64> {
        let found = &self.record[column];
        let problem = || self.blame(column, Problem::Cost { expected, found: found.to_owned() });
        found.parse().ok().filter(|&cost: &u64| cost == expected).ok_or_else(problem)
    }

    fn no_number(&self, column: usize, limit: u64) -> (Option<&'static str>, Problem) {
        self.blame(column, Problem::Number { limit, found: self.record[column].to_owned() })
    }
}
