//! Scores from files: published scores, or scores of an estimator outside this program.

use std::collections::BTreeMap;

use csv::{ReaderBuilder, StringRecord};

use super::ensemble::ScoredRow;
use crate::estimator::Score;
use crate::space::{Architecture, ArchitectureError, SpaceId};
use crate::spec::{ScoreColumn, ScoreFile};
use crate::store::record::Checkpoint;
use nas_assay_base::nearest;
use nas_assay_base::text::{excerpt, quoted, shortened};

/// Version of the rules for reading scores from a file.
pub(super) const SCORE_FILE_VERSION: u32 = 1;

/// The column that names the architecture of each row, as text.
const ARCHITECTURE: &str = "architecture";

/// The column that names the architecture of each row by its row number in the truth's file.
const ROW: &str = "row";

/// Why scores could not be read from a file.
#[derive(Debug, thiserror::Error)]
pub enum ScoreFileError {
    /// The text is not a table.
    #[error("score file {} is not readable as CSV: {}", excerpt(file), shortened(problem))]
    Csv {
        /// The file.
        file: String,
        /// What the reader said.
        problem: String,
    },
    /// No column names the architecture of each row.
    #[error(
        "score file {} has no column `architecture` (texts) or `row` (numbers from 0 in the truth's file)",
        excerpt(file)
    )]
    Unkeyed {
        /// The file.
        file: String,
    },
    /// A column is missing.
    #[error("score file {} has no column `{}`{}", excerpt(file), excerpt(column), nearest.as_ref().map(|name| format!("; the nearest is `{}`", excerpt(name))).unwrap_or_default())]
    Column {
        /// The file.
        file: String,
        /// The column.
        column: String,
        /// A column with a similar name.
        nearest: Option<String>,
    },
    /// A cell is not a number.
    #[error(
        "score file {}, line {line}, column {}: expected a number, found {}",
        excerpt(file),
        excerpt(column),
        quoted(found)
    )]
    Number {
        /// The file.
        file: String,
        /// The line, from 1.
        line: u64,
        /// The column.
        column: String,
        /// The content of the cell.
        found: String,
    },
    /// A row cannot be used.
    #[error("score file {}, {oddity}", excerpt(file))]
    Odd {
        /// The file.
        file: String,
        /// What is wrong with the row.
        oddity: Oddity,
    },
    /// Some architectures have no score.
    #[error(
        "score file {} has no {} of {count} of the panel's architectures, {first} among them; `missing = \"pass-over\"` in the \
         panel ranks the others",
        excerpt(file),
        excerpt(column)
    )]
    Missing {
        /// The file.
        file: String,
        /// The column.
        column: String,
        /// The number of architectures without a score.
        count: usize,
        /// One of them.
        first: String,
    },
}

/// A row of a score file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oddity {
    /// Its line, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: OddReason,
}

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OddReason {
    /// An earlier line is for the same architecture.
    Repeated {
        /// The earlier line.
        first: u64,
    },
    /// Its text is not an architecture of the space.
    NoArchitecture(ArchitectureError),
    /// Its text is not a row number.
    NoRow(String),
}

impl std::fmt::Display for Oddity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: ", self.line)?;
        match &self.reason {
            OddReason::Repeated { first } => write!(f, "the architecture of line {first} again"),
            OddReason::NoArchitecture(error) => write!(f, "{error}"),
            OddReason::NoRow(found) => write!(f, "expected the number of a row, found {}", quoted(found)),
        }
    }
}

/// How a row of a score file names its architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Architecture(Architecture),
    Row(usize),
}

/// The content of a score file.
#[derive(Debug)]
pub struct ScoreTable {
    file: String,
    header: Vec<String>,
    rows: BTreeMap<Key, (u64, StringRecord)>,
}

impl ScoreTable {
    /// Reads a table of `space`, and lists the rows that cannot be used. If several rows are for the same architecture, the first counts.
    ///
    /// # Errors
    /// If the bytes are not a CSV table, or no column names the architecture of each row.
    pub fn parse(file: &str, bytes: &[u8], space: SpaceId) -> Result<(Self, Vec<Oddity>), ScoreFileError> {
        let unreadable = |error: csv::Error| ScoreFileError::Csv { file: file.to_owned(), problem: error.to_string() };
        let mut reader = ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
        let header: Vec<String> = reader.headers().map_err(unreadable)?.iter().map(str::to_owned).collect();
        let place = |name: &str| header.iter().position(|column| column == name);
        let (by_text, key_column) = match (place(ARCHITECTURE), place(ROW)) {
            (Some(column), _) => (true, column),
            (None, Some(column)) => (false, column),
            (None, None) => return Err(ScoreFileError::Unkeyed { file: file.to_owned() }),
        };
        let key = |text: &str| {
            if by_text {
                Architecture::parse(space, text).map(Key::Architecture).map_err(OddReason::NoArchitecture)
            } else {
                text.parse().map(Key::Row).map_err(|_| OddReason::NoRow(text.to_owned()))
            }
        };
        let (mut rows, mut oddities) = (BTreeMap::<Key, (u64, StringRecord)>::new(), Vec::new());
        for record in reader.records() {
            let record = record.map_err(unreadable)?;
            let line = record.position().map_or(0, csv::Position::line);
            let found = key(&record[key_column]).and_then(|key| match rows.get(&key) {
                Some(&(first, _)) => Err(OddReason::Repeated { first }),
                None => Ok(key),
            });
            match found {
                Ok(key) => {
                    rows.insert(key, (line, record));
                }
                Err(reason) => oddities.push(Oddity { line, reason }),
            }
        }
        Ok((Self { file: file.to_owned(), header, rows }, oddities))
    }

    /// As [`ScoreTable::parse`], but a row that cannot be used is an error.
    ///
    /// # Errors
    /// As [`ScoreTable::parse`], and if a row cannot be used: the error names the first one.
    pub fn parse_strictly(file: &str, bytes: &[u8], space: SpaceId) -> Result<Self, ScoreFileError> {
        match Self::parse(file, bytes, space)? {
            (table, oddities) if oddities.is_empty() => Ok(table),
            (_, mut oddities) => Err(ScoreFileError::Odd { file: file.to_owned(), oddity: oddities.swap_remove(0) }),
        }
    }

    /// The number of architectures that it has rows for.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The scores in a column for the architectures of `of`, each given with its row number in the truth's file. A score is `None` if the
    /// file has no row for the architecture, or the cell is empty.
    ///
    /// # Errors
    /// If there is no such column, or a cell is not a number (`nan` and `inf` are numbers).
    pub fn column(&self, name: &str, of: &[(Architecture, usize)]) -> Result<Vec<Option<f64>>, ScoreFileError> {
        let value = |&(architecture, row): &(Architecture, usize)| {
            let architecture = Key::Architecture(architecture);
            self.score_of(name, if self.rows.contains_key(&architecture) { architecture } else { Key::Row(row) })
        };
        of.iter().map(value).collect()
    }

    /// The score in a column for a key; `None` if there is no such row or its cell is empty.
    fn score_of(&self, name: &str, key: Key) -> Result<Option<f64>, ScoreFileError> {
        let column = self.header.iter().position(|column| column == name).ok_or_else(|| ScoreFileError::Column {
            file: self.file.clone(),
            column: name.to_owned(),
            nearest: nearest(name, self.header.iter().map(String::as_str)).map(str::to_owned),
        })?;
        let keyed = self.rows.get(&key).filter(|(_, record)| !record[column].is_empty());
        let Some((line, record)) = keyed else { return Ok(None) };
        record[column].parse().map(Some).map_err(|_| ScoreFileError::Number {
            file: self.file.clone(),
            line: *line,
            column: name.to_owned(),
            found: record[column].to_owned(),
        })
    }

    /// The usable rows, as a file with the columns `architecture` (or `row`) and `score`. Rows with an empty cell are left out.
    ///
    /// # Errors
    /// As [`ScoreTable::column`].
    pub fn rewritten(&self, name: &str) -> Result<String, ScoreFileError> {
        let by_text = self.rows.keys().next().is_none_or(|key| matches!(key, Key::Architecture(_)));
        let mut text = format!("{},score\n", if by_text { ARCHITECTURE } else { ROW });
        for key in self.rows.keys() {
            let named = match key {
                Key::Architecture(architecture) => format!("\"{architecture}\""),
                Key::Row(row) => row.to_string(),
            };
            if let Some(score) = self.score_of(name, *key)? {
                text.extend([named, ",".to_owned(), score.to_string(), "\n".to_owned()]);
            }
        }
        Ok(text)
    }

    /// A row of the record for each column that `spec` names.
    ///
    /// # Errors
    /// As [`ScoreTable::column`], and if an architecture has no score.
    pub(super) fn scored_rows(
        &self,
        label: &str,
        spec: &ScoreFile,
        of: &[(Architecture, usize)],
    ) -> Result<Vec<ScoredRow>, ScoreFileError> {
        let row = |ScoreColumn { name, weights }: ScoreColumn| {
            let values = self.column(&name, of)?;
            let missing = || values.iter().zip(of).filter(|(value, _)| value.is_none());
            if let Some((_, (first, _))) = missing().next() {
                let (file, first, count) = (self.file.clone(), first.to_string(), missing().count());
                return Err(ScoreFileError::Missing { file, column: name, count, first });
            }
            Ok(ScoredRow {
                estimator: label.to_owned(),
                variant: None,
                checkpoint: weights.map(|(seed, epoch)| Checkpoint::single(seed.to_string(), epoch as u32)),
                scores: values.into_iter().flatten().map(Score::from).collect(),
                details: Vec::new(),
            })
        };
        spec.columns().into_iter().map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "|none~0|+|none~0|none~1|+|none~0|none~1|skip_connect~2|";
    const B: &str = "|none~0|+|none~0|none~1|+|none~0|none~1|nor_conv_3x3~2|";

    fn parse(text: &str) -> Result<(ScoreTable, Vec<Oddity>), ScoreFileError> {
        ScoreTable::parse("s.csv", text.as_bytes(), SpaceId::Nb201)
    }

    fn of(texts: &[&str]) -> Vec<(Architecture, usize)> {
        texts.iter().enumerate().map(|(row, text)| (Architecture::parse(SpaceId::Nb201, text).unwrap(), row)).collect()
    }

    #[test]
    fn rows_are_found_by_text_or_by_number() {
        let (table, oddities) = parse(&format!("architecture, score\n{B},2\n{A},1e-3\n")).unwrap();
        assert!(oddities.is_empty());
        assert_eq!(table.column("score", &of(&[A, B])).unwrap(), [Some(1e-3), Some(2.0)]);
        let (table, _) = parse("row,score\n1,nan\n0,\n").unwrap();
        let values = table.column("score", &of(&[A, B, A])).unwrap();
        assert!(values[0].is_none() && values[1].unwrap().is_nan() && values[2].is_none(), "{values:?}");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let (table, oddities) = parse(&format!("architecture,score\n{A},1\n{A},2\n|nor_conv_3x4~0|,3\n")).unwrap();
        assert_eq!(table.column("score", &of(&[A])).unwrap(), [Some(1.0)], "the first of two rows counts");
        let said: Vec<String> = oddities.iter().map(Oddity::to_string).collect();
        assert_eq!(said[0], "line 3: the architecture of line 2 again");
        assert!(said[1].starts_with("line 4: not an architecture of nb201"), "{}", said[1]);

        let error = |found: Result<Vec<Option<f64>>, ScoreFileError>| found.unwrap_err().to_string();
        assert!(error(table.column("scores", &of(&[A]))).contains("no column `scores`; the nearest is `score`"));
        let (table, _) = parse(&format!("architecture,score\n{A},x\n")).unwrap();
        assert!(
            error(table.column("score", &of(&[A]))).contains("line 2, column score: expected a number, found \"x\"")
        );
        for (text, expected) in [
            ("arch,score\n", "no column `architecture`"),
            ("row,score\nx,1\n", "line 2: expected the number of a row, found \"x\""),
            ("row,score\n1,2,3\n", "not readable as CSV"),
        ] {
            let found = ScoreTable::parse_strictly("s.csv", text.as_bytes(), SpaceId::Nb201).unwrap_err().to_string();
            assert!(found.contains(expected), "{found}");
        }
    }

    #[test]
    fn a_message_quotes_at_most_a_line_of_the_file() {
        let (long, cut) = ("x\u{1b}".repeat(50_000), "x\\u{1b}x\\u{1b}");
        let refused = |text: &str, column: &str| {
            let parsed = ScoreTable::parse_strictly(&long, text.as_bytes(), SpaceId::Nb201);
            let found = parsed.and_then(|table| table.column(column, &of(&[A])));
            let said = found.unwrap_err().to_string();
            assert!(said.chars().count() < 500 && said.contains(cut), "{said}");
            assert!(!said.chars().any(nas_assay_base::text::is_control), "{said}");
        };
        refused(&format!("architecture,score\n{A},{long}\n"), "score");
        refused(&format!("architecture,{long}\n{A},{long}\n"), &long);
        refused(&format!("architecture,score\n{A},1\n"), &long);
        refused(&format!("architecture,score\n{long},1\n"), "score");
        refused(&format!("row,score\n{long},1\n"), "score");
        refused(&format!("{long}\n1\n"), "score");
    }

    #[test]
    fn an_architecture_without_a_score_is_no_row_of_a_record() {
        let (table, _) = parse("row,score\n0,1\n").unwrap();
        let spec: ScoreFile = toml::from_str("file = { path = 's.csv', sha256 = '' }\ncolumn = 'score'").unwrap();
        let error = table.scored_rows("mine", &spec, &of(&[A, B])).unwrap_err().to_string();
        assert!(error.contains("no score of 1 of the panel's architectures") && error.contains(B), "{error}");
        assert_eq!(table.scored_rows("mine", &spec, &of(&[A])).unwrap()[0].scores, [Score::from(1.0)]);
    }
}
