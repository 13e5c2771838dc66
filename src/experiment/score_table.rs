//! Scores from files: published scores, or scores of an estimator outside this program.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt::Write as _;
use std::io::{Cursor, SeekFrom};

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

/// The rows of a score file that cannot be used, in the order of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Oddities {
    /// The first of them, [`Oddities::NAMED`] at most.
    pub named: Vec<Oddity>,
    /// How many there are.
    pub count: usize,
}

impl Oddities {
    /// How many are kept. A file can have millions.
    pub const NAMED: usize = 100;

    fn add(&mut self, line: u64, reason: OddReason) {
        self.count += 1;
        if self.named.len() < Self::NAMED {
            self.named.push(Oddity { line, reason });
        }
    }
}

/// Where a row is in the text of a score file.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// Its line, from 1.
    line: u64,
    /// Its first byte, or the line break before it.
    start: u64,
}

/// Reads rows of a text that was read before.
struct Cells<'a> {
    reader: csv::Reader<Cursor<&'a Vec<u8>>>,
    record: StringRecord,
}

impl Cells<'_> {
    /// A cell of the row that begins at a byte.
    fn cell(&mut self, start: u64, column: usize) -> &str {
        let mut position = csv::Position::new();
        position.set_byte(start);
        // The row was read before, so this cannot fail.
        let read = self
            .reader
            .seek_raw(SeekFrom::Start(start), position)
            .and_then(|()| self.reader.read_record(&mut self.record));
        if read.is_ok() { self.record.get(column).unwrap_or_default().trim() } else { "" }
    }
}

/// The content of a score file: its text, and where the row of each architecture is. A row takes less than 200 bytes beside the text.
#[derive(Debug)]
pub struct ScoreTable {
    file: String,
    text: Vec<u8>,
    header: Vec<String>,
    rows: BTreeMap<Key, Place>,
}

impl ScoreTable {
    /// Reads a table of `space`, and lists the rows that cannot be used. If several rows are for the same architecture, the first counts.
    ///
    /// # Errors
    /// If the bytes are not a CSV table, or no column names the architecture of each row.
    pub fn parse(file: &str, bytes: Vec<u8>, space: SpaceId) -> Result<(Self, Oddities), ScoreFileError> {
        let unreadable = |error: csv::Error| ScoreFileError::Csv { file: file.to_owned(), problem: error.to_string() };
        // Only cells that are used are trimmed: to trim a row copies it.
        let mut reader = ReaderBuilder::new().trim(csv::Trim::Headers).from_reader(bytes.as_slice());
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
                text.parse().map(Key::Row).map_err(|_| OddReason::NoRow(excerpt(text).into_owned()))
            }
        };
        let (mut rows, mut oddities) = (BTreeMap::new(), Oddities::default());
        let mut record = StringRecord::new();
        while reader.read_record(&mut record).map_err(unreadable)? {
            let (line, start) = record.position().map_or((0, 0), |position| (position.line(), position.byte()));
            match key(record[key_column].trim()) {
                Ok(key) => match rows.entry(key) {
                    Entry::Occupied(held) => {
                        let Place { line: first, .. } = *held.get();
                        oddities.add(line, OddReason::Repeated { first });
                    }
                    Entry::Vacant(free) => {
                        free.insert(Place { line, start });
                    }
                },
                Err(reason) => oddities.add(line, reason),
            }
        }
        drop(reader);
        Ok((Self { file: file.to_owned(), text: bytes, header, rows }, oddities))
    }

    /// As [`ScoreTable::parse`], but a row that cannot be used is an error.
    ///
    /// # Errors
    /// As [`ScoreTable::parse`], and if a row cannot be used: the error names the first one.
    pub fn parse_strictly(file: &str, bytes: Vec<u8>, space: SpaceId) -> Result<Self, ScoreFileError> {
        let (table, oddities) = Self::parse(file, bytes, space)?;
        match oddities.named.into_iter().next() {
            None => Ok(table),
            Some(oddity) => Err(ScoreFileError::Odd { file: file.to_owned(), oddity }),
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
        if of.is_empty() {
            return Ok(Vec::new());
        }
        let (column, mut cells) = (self.place_of(name)?, self.cells());
        let value = |&(architecture, row): &(Architecture, usize)| {
            let architecture = Key::Architecture(architecture);
            self.score_of(
                column,
                if self.rows.contains_key(&architecture) { architecture } else { Key::Row(row) },
                &mut cells,
            )
        };
        of.iter().map(value).collect()
    }

    /// The position of a column.
    fn place_of(&self, name: &str) -> Result<usize, ScoreFileError> {
        self.header.iter().position(|column| column == name).ok_or_else(|| ScoreFileError::Column {
            file: self.file.clone(),
            column: name.to_owned(),
            nearest: nearest(name, self.header.iter().map(String::as_str)).map(str::to_owned),
        })
    }

    /// Reads rows of the text again.
    fn cells(&self) -> Cells<'_> {
        // A row is short, and each is at another place.
        let mut reader = ReaderBuilder::new();
        reader.has_headers(false).flexible(true).buffer_capacity(256);
        Cells { reader: reader.from_reader(Cursor::new(&self.text)), record: StringRecord::new() }
    }

    /// The score in a column for a key; `None` if there is no such row or its cell is empty.
    fn score_of(&self, column: usize, key: Key, cells: &mut Cells<'_>) -> Result<Option<f64>, ScoreFileError> {
        let Some(&Place { line, start }) = self.rows.get(&key) else { return Ok(None) };
        let found = cells.cell(start, column);
        if found.is_empty() {
            return Ok(None);
        }
        found.parse().map(Some).map_err(|_| ScoreFileError::Number {
            file: self.file.clone(),
            line,
            column: self.header[column].clone(),
            found: excerpt(found).into_owned(),
        })
    }

    /// The usable rows, as a file with the columns `architecture` (or `row`) and `score`. Rows with an empty cell are left out.
    ///
    /// # Errors
    /// As [`ScoreTable::column`].
    pub fn rewritten(&self, name: &str) -> Result<String, ScoreFileError> {
        let by_text = self.rows.keys().next().is_none_or(|key| matches!(key, Key::Architecture(_)));
        let mut text = format!("{},score\n", if by_text { ARCHITECTURE } else { ROW });
        if self.rows.is_empty() {
            return Ok(text);
        }
        let (column, mut cells) = (self.place_of(name)?, self.cells());
        for key in self.rows.keys() {
            let named = match key {
                Key::Architecture(architecture) => format!("\"{architecture}\""),
                Key::Row(row) => row.to_string(),
            };
            if let Some(score) = self.score_of(column, *key, &mut cells)? {
                // A `String` takes every text.
                let _ = writeln!(text, "{named},{score}");
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
    use proptest::prelude::*;

    const A: &str = "|none~0|+|none~0|none~1|+|none~0|none~1|skip_connect~2|";
    const B: &str = "|none~0|+|none~0|none~1|+|none~0|none~1|nor_conv_3x3~2|";

    fn parse(text: &str) -> Result<(ScoreTable, Oddities), ScoreFileError> {
        ScoreTable::parse("s.csv", text.into(), SpaceId::Nb201)
    }

    fn of(texts: &[&str]) -> Vec<(Architecture, usize)> {
        texts.iter().enumerate().map(|(row, text)| (Architecture::parse(SpaceId::Nb201, text).unwrap(), row)).collect()
    }

    #[test]
    fn rows_are_found_by_text_or_by_number() {
        let (table, oddities) = parse(&format!("architecture, score\n{B},2\n{A},1e-3\n")).unwrap();
        assert_eq!(oddities.count, 0);
        assert_eq!(table.column("score", &of(&[A, B])).unwrap(), [Some(1e-3), Some(2.0)]);
        let (table, _) = parse("row,score\n1,nan\n0,\n").unwrap();
        let values = table.column("score", &of(&[A, B, A])).unwrap();
        assert!(values[0].is_none() && values[1].unwrap().is_nan() && values[2].is_none(), "{values:?}");
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let (table, oddities) = parse(&format!("architecture,score\n{A},1\n{A},2\n|nor_conv_3x4~0|,3\n")).unwrap();
        assert_eq!(table.column("score", &of(&[A])).unwrap(), [Some(1.0)], "the first of two rows counts");
        let said: Vec<String> = oddities.named.iter().map(Oddity::to_string).collect();
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
            let found = ScoreTable::parse_strictly("s.csv", text.into(), SpaceId::Nb201).unwrap_err().to_string();
            assert!(found.contains(expected), "{found}");
        }
    }

    proptest! {
        #[test]
        fn a_row_is_found_again_in_the_text(
            cells in prop::collection::vec(("[ -~]{0,3}|\"\"|a\nb|é\r\nf|[0-9]{1,3}", "[0-9]{0,2}"), 1..20),
            ends in prop::collection::vec(prop::sample::select(vec!["\n", "\r\n", "\n\n", "\r\n\n"]), 20),
            last: bool,
        ) {
            let mut text = "x,row, score\n".to_owned();
            for (row, ((other, score), end)) in cells.iter().zip(&ends).enumerate() {
                let end = if row + 1 == cells.len() && last { "" } else { end };
                write!(text, "\"{}\",{row},{score} {end}", other.replace('"', "\"\"")).unwrap();
            }
            let (table, oddities) = parse(&text).unwrap();
            prop_assert_eq!(oddities.count, 0);
            prop_assert_eq!(table.len(), cells.len());
            let first = of(&[A])[0].0;
            let wanted: Vec<(Architecture, usize)> = (0..cells.len()).map(|row| (first, row)).collect();
            let expected: Vec<Option<f64>> = cells.iter().map(|(_, score)| score.parse().ok()).collect();
            prop_assert_eq!(table.column("score", &wanted).unwrap(), expected.clone());
            let lines: Vec<String> =
                expected.iter().enumerate().filter_map(|(row, score)| Some(format!("{row},{}\n", (*score)?))).collect();
            prop_assert_eq!(table.rewritten("score").unwrap(), format!("row,score\n{}", lines.concat()));
        }
    }

    #[test]
    fn a_row_takes_little_memory() {
        // The nodes of a map are at least half full.
        assert!(2 * size_of::<(Key, Place)>() < 200, "{}", size_of::<(Key, Place)>());
    }

    #[test]
    fn unusable_rows_are_counted_and_the_first_are_named() {
        let rows = (0..1000).map(|row| format!("{A},{row}\n")).collect::<Vec<_>>().concat();
        let (table, oddities) = parse(&format!("architecture,score\n{rows}")).unwrap();
        assert_eq!((table.len(), oddities.count, oddities.named.len()), (1, 999, Oddities::NAMED));
        assert_eq!(oddities.named[99].line, 102);
        assert_eq!(table.rewritten("score").unwrap(), format!("architecture,score\n\"{A}\",0\n"));
    }

    #[test]
    fn a_message_quotes_at_most_a_line_of_the_file() {
        let (long, cut) = ("x\u{1b}".repeat(50_000), "x\\u{1b}x\\u{1b}");
        let refused = |text: &str, column: &str| {
            let parsed = ScoreTable::parse_strictly(&long, text.into(), SpaceId::Nb201);
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
