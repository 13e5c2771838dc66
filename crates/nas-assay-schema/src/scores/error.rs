//! Why scores could not be read from a file.

use nas_assay_base::text::{excerpt, shortened};
use nas_assay_spaces::SpaceId;

/// Why scores could not be read from a file.
#[derive(Debug, thiserror::Error)]
pub enum ScoreFileError {
    /// The file cannot be read to its end.
    #[error("score file {} cannot be read: {}", excerpt(file), shortened(problem))]
    Read {
        /// The file.
        file: String,
        /// What the reader said.
        problem: String,
    },
    /// It is no table.
    #[error("score file {} is {found}, not a table of scores{advice}", excerpt(file))]
    NoTable {
        /// The file.
        file: String,
        /// What it is.
        found: String,
        /// What to do, after a colon; empty if there is nothing to do.
        advice: String,
    },
    /// No column names the architecture of each row.
    #[error("score file {} has {}: no column names the architectures. {key}", excerpt(file), listed(columns))]
    Unkeyed {
        /// The file.
        file: String,
        /// The columns that it has.
        columns: Vec<String>,
        /// What names them.
        key: MissingKey,
    },
    /// A column is missing.
    #[error("score file {} {}", excerpt(file), lacking(column, nearest.as_deref(), columns))]
    Column {
        /// The file.
        file: String,
        /// The column.
        column: String,
        /// A column with a similar name.
        nearest: Option<String>,
        /// The columns that it has beside the architectures.
        columns: Vec<String>,
    },
    /// Two columns have one name.
    #[error(
        "score file {} has two columns `{}`: it is not known which one is meant; rename one of them",
        excerpt(file),
        excerpt(column)
    )]
    Twice {
        /// The file.
        file: String,
        /// The name.
        column: String,
    },
    /// Columns of several data sets.
    #[error("score file {} has these columns in different data sets: judge one data set at a time", excerpt(file))]
    Sets {
        /// The file.
        file: String,
    },
    /// Row numbers are given, and the truth is not the table that they count.
    #[error(
        "score file {} names its architectures by numbers of rows of the benchmark's table, and the truth here is another table: judge it \
         against the benchmark, or give the texts of the architectures",
        excerpt(file)
    )]
    Numbers {
        /// The file.
        file: String,
    },
    /// A column of indices, where the benchmark has none.
    #[error(
        "score file {} names its architectures by an index, and {space} has none of its own: name the column `row` if it holds the numbers, \
         from 0, of the rows of the truth's table",
        excerpt(file)
    )]
    Index {
        /// The file.
        file: String,
        /// The space.
        space: SpaceId,
    },
    /// A row cannot be used.
    #[error(
        "score file {}, {odd}; `missing = \"pass-over\"` in the panel passes over such rows and counts them",
        excerpt(file)
    )]
    Odd {
        /// The file.
        file: String,
        /// What is wrong with the row.
        odd: OddRow,
    },
    /// An entry of a list of architectures cannot be used.
    #[error("list of architectures {}, {odd}", excerpt(file))]
    Entry {
        /// The file.
        file: String,
        /// What is wrong with the entry.
        odd: OddRow,
    },
    /// Some architectures have no row.
    #[error(
        "score file {} has no row for {count} of the panel's architectures, {first} among them; `missing = \"pass-over\"` in the \
         panel ranks the others",
        excerpt(file)
    )]
    Missing {
        /// The file.
        file: String,
        /// The number of architectures without a row.
        count: usize,
        /// One of them.
        first: String,
    },
}

/// What a file without a column of architectures needs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MissingKey {
    /// The first line has an architecture, so that it is no header.
    #[error("Its first line is a row already: put a line with the names of the columns before it, such as `{header}`")]
    Header {
        /// A header for this file.
        header: String,
    },
    /// A column has nearly the right name.
    #[error("If `{}` names them, call it `{name}`", excerpt(column))]
    Name {
        /// The column.
        column: String,
        /// The right name.
        name: &'static str,
    },
    /// No column is like one of architectures.
    #[error(
        "It needs a column `architecture` with texts such as {example}, or a column `row` with row numbers, from 0, of the benchmark's table"
    )]
    Column {
        /// The text of an architecture.
        example: String,
    },
}

/// A row of a score file that is not judged by a score of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OddRow {
    /// Its line, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub said: String,
}

impl std::fmt::Display for OddRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.said)
    }
}

/// What a file without a column of scores has instead.
fn lacking(column: &str, nearest: Option<&str>, columns: &[String]) -> String {
    let column = excerpt(column);
    if columns.is_empty() {
        return format!("has only a column of architectures: add one with their scores, called `{column}`");
    }
    let nearest = nearest.map(|name| format!("; the nearest is `{}`", excerpt(name))).unwrap_or_default();
    format!("has no column `{column}`{nearest}; its columns are: {}", names(columns))
}

/// How many columns a message names.
const NAMED: usize = 12;

fn names(columns: &[String]) -> String {
    let named = columns.iter().take(NAMED).map(|name| format!("`{}`", excerpt(name)));
    let more = columns.len().saturating_sub(NAMED);
    let rest = (more > 0).then(|| format!("{more} more"));
    named.chain(rest).collect::<Vec<_>>().join(", ")
}

fn listed(columns: &[String]) -> String {
    match columns {
        [] => "no columns".to_owned(),
        [one] => format!("one column named {}", names(std::slice::from_ref(one))),
        all => format!("the columns {}", names(all)),
    }
}
