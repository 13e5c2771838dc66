//! The rows of a file, whatever the file is: CSV with commas, semicolons or tabs, or JSON.

use std::cell::Cell;
use std::io::{BufRead, BufReader, Read};
use std::rc::Rc;

use crate::estimator::alias;
use csv::{ByteRecord, ReaderBuilder};
use nas_assay_base::nearest;
use nas_assay_base::text::excerpt_of;
use nas_assay_spaces::SpaceId;
use nas_assay_spaces::spelling::{self, Form};

use super::decode::{self, Lines};
use super::error::{MissingKey, ScoreFileError};
use super::json::{self, DataSet, JsonRow};
use super::kind::{FIRST, Kind};
use super::tree::Json;

/// How rows name their architectures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyKind {
    /// By a text.
    Text,
    /// By the number of a row of the truth's table, from 0.
    Row,
    /// By the benchmark's own index.
    Index,
}

/// Names of columns with texts. The first that a file has is meant.
const TEXTS: [&str; 7] = ["architecture", "arch", "arch_str", "arch_string", "genotype", "module_hash", "hash"];

/// So many of them name architectures by texts; the others do it by hashes, which not every space has.
const WITHOUT_HASHES: usize = 5;

/// What stands between the cells of a CSV file.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// Whether a cell has the text of an architecture. A number can be an index, and many things are numbers.
fn is_text(cell: &str, space: SpaceId) -> bool {
    cell.parse::<f64>().is_err() && spelling::recognise(space, cell).is_ok()
}

/// What a column of this name holds, and its rank among such columns; `None` if it names no architectures.
fn key_rank(column: &str, space: SpaceId) -> Option<(usize, KeyKind)> {
    let is = |name: &str| name.eq_ignore_ascii_case(column.trim());
    let has_form = |rank: usize| rank < WITHOUT_HASHES || Form::Hash.is_of(space);
    if let Some(rank) = TEXTS.into_iter().position(is).filter(|&rank| has_form(rank)) {
        Some((rank, KeyKind::Text))
    } else if is("row") {
        Some((TEXTS.len(), KeyKind::Row))
    } else if is("index") || is("idx") {
        Some((TEXTS.len() + 1, KeyKind::Index))
    } else {
        None
    }
}

/// The column that names the architectures: its kind and its place.
pub(super) fn key_of<'a>(columns: impl Iterator<Item = &'a str>, space: SpaceId) -> Option<(KeyKind, usize)> {
    let ranked = columns.enumerate().filter_map(|(place, name)| Some((key_rank(name, space)?, place)));
    ranked.min_by_key(|((rank, _), place)| (*rank, *place)).map(|((_, kind), place)| (kind, place))
}

/// A row as it is written.
pub(super) struct RawRow<'a> {
    /// Its line, from 1; in a JSON document its place, from 1.
    pub line: u64,
    pub kind: KeyKind,
    /// What names the architecture, or why nothing can be read.
    pub key: Result<&'a str, String>,
    /// The cells of the wanted columns.
    pub cells: &'a [&'a str],
}

type Text<'a> = BufReader<Lines<Box<dyn Read + 'a>>>;

/// The rows of a file.
pub(super) struct Table<'a> {
    file: String,
    rows: Rows<'a>,
}

enum Rows<'a> {
    Csv(Csv<'a>),
    /// JSON with an object on each line.
    Lines(JsonLines<'a>),
    /// The rows of each data set.
    Document(Vec<DataSet>),
}

struct JsonLines<'a> {
    space: SpaceId,
    /// Lines that were read to find out what the file is.
    first: Vec<Vec<u8>>,
    rest: Text<'a>,
    /// Lines before them.
    skipped: u64,
}

struct Csv<'a> {
    /// Reads the rows, without the header.
    reader: csv::Reader<Bounded<'a>>,
    left: Budget,
    header: Header,
    /// Lines before the header.
    skipped: u64,
}

impl<'a> Table<'a> {
    /// Opens a file: finds out what it is, and reads its header.
    pub(super) fn open(file: &str, source: Box<dyn Read + 'a>, space: SpaceId) -> Result<Self, ScoreFileError> {
        let unreadable =
            |error: std::io::Error| ScoreFileError::Read { file: file.to_owned(), problem: error.to_string() };
        let (first, source) = decode::peek(decode::unpacked(source).map_err(unreadable)?, FIRST).map_err(unreadable)?;
        if let Some(kind) = Kind::of(&first) {
            let advice = format!(": {}", kind.advice(file));
            return Err(ScoreFileError::NoTable { file: file.to_owned(), found: kind.to_string(), advice });
        }
        let empty = || {
            let (found, advice) = ("empty".to_owned(), String::new());
            ScoreFileError::NoTable { file: file.to_owned(), found, advice }
        };
        let mut text = decode::text(Box::new(source)).map_err(unreadable)?;
        let mut skipped = 0;
        loop {
            let is_json = matches!(text.fill_buf().map_err(unreadable)?.first(), Some(b'{' | b'['));
            if is_json {
                text.get_mut().allow_documents();
            }
            let Some(line) = decode::next_line(&mut text).map_err(unreadable)? else { return Err(empty()) };
            let rows = if is_json {
                json_rows(file, line, text, skipped, space)?
            } else if line.trim_ascii().is_empty() {
                skipped += 1;
                continue;
            } else {
                let Some(header) = Header::of(&line, space) else {
                    if line.starts_with(b"#") {
                        skipped += 1;
                        continue;
                    }
                    return Err(Header::unkeyed(file, &line, space));
                };
                Rows::Csv(Csv::new(file, header, text, skipped)?)
            };
            return Ok(Self { file: file.to_owned(), rows });
        }
    }

    /// The names of the columns beside that of the architectures. The rows are read if only they tell.
    pub(super) fn columns(self) -> Result<Vec<String>, ScoreFileError> {
        match self.rows {
            Rows::Csv(csv) => Ok(csv.header.columns()),
            Rows::Document(sets) => Ok(columns_of(&sets)),
            Rows::Lines(lines) => {
                let mut found = Vec::new();
                lines.each(&self.file, &mut |_, row| {
                    if let Ok(row) = row {
                        add_names(&mut found, row);
                    }
                    Ok(())
                })?;
                Ok(found)
            }
        }
    }

    /// Visits every row, with its cells in the wanted columns.
    pub(super) fn each(
        self,
        wanted: &[String],
        visit: &mut dyn FnMut(RawRow<'_>) -> Result<(), ScoreFileError>,
    ) -> Result<(), ScoreFileError> {
        let file = self.file;
        match self.rows {
            Rows::Csv(csv) => {
                let wanted = meant(&file, wanted, csv.header.columns())?;
                csv.each(&file, &wanted, visit)
            }
            Rows::Lines(lines) => {
                let mut known = Vec::new();
                lines.each(&file, &mut |line, row| {
                    if let Ok(row) = &row {
                        add_names(&mut known, row);
                    }
                    visit_json(row.map_err(str::to_owned), line, wanted, visit)
                })?;
                // Rows can leave out a column, but not all of them.
                if known.is_empty() { Ok(()) } else { all_known(&file, wanted, known) }
            }
            Rows::Document(sets) => {
                let wanted = meant(&file, wanted, columns_of(&sets))?;
                let several = sets.len();
                let has = |(set, rows): &&DataSet, column: &String| {
                    let mut names = rows.iter().flatten().flat_map(|row| row.cells.iter().map(|(name, _)| name));
                    names.any(|name| in_set(several, set.as_deref(), name) == *column)
                };
                // The rows of one data set are the table.
                let Some((set, rows)) = sets.iter().find(|set| wanted.iter().all(|column| has(set, column))) else {
                    return Err(ScoreFileError::Sets { file });
                };
                let plain = |column: &String| match set {
                    Some(set) if several > 1 => column[set.len() + 1..].to_owned(),
                    _ => column.clone(),
                };
                let wanted: Vec<String> = wanted.iter().map(plain).collect();
                rows.iter()
                    .zip(1..)
                    .try_for_each(|(row, place)| visit_json(row.as_ref().map_err(Clone::clone), place, &wanted, visit))
            }
        }
    }
}

/// The columns of a file that are wanted. One that the file does not have may be there under another name of the same estimator.
///
/// # Errors
/// [`ScoreFileError::Column`] with the first that is not.
pub fn meant(file: &str, wanted: &[String], known: Vec<String>) -> Result<Vec<String>, ScoreFileError> {
    let meant = |column: &String| alias::column(&known, column).unwrap_or(column).clone();
    let meant: Vec<String> = wanted.iter().map(meant).collect();
    all_known(file, &meant, known)?;
    Ok(meant)
}

/// Checks that every wanted column is among the `known` ones of a file.
///
/// # Errors
/// [`ScoreFileError::Column`] with the first that is not.
pub fn all_known(file: &str, wanted: &[String], known: Vec<String>) -> Result<(), ScoreFileError> {
    match wanted.iter().find(|column| !known.contains(column)) {
        None => Ok(()),
        Some(column) => Err(no_column(file, column, known)),
    }
}

/// The error that a file has no column of this name.
fn no_column(file: &str, column: &str, known: Vec<String>) -> ScoreFileError {
    let nearest = nearest(column, known.iter().map(String::as_str)).map(str::to_owned);
    ScoreFileError::Column { file: file.to_owned(), column: column.to_owned(), nearest, columns: known }
}

fn add_names(found: &mut Vec<String>, row: &JsonRow) {
    for (name, _) in &row.cells {
        if !found.contains(name) {
            found.push(name.clone());
        }
    }
}

/// The columns of a document, with the names of their data sets where there are several.
fn columns_of(sets: &[DataSet]) -> Vec<String> {
    let mut all = Vec::new();
    for (set, rows) in sets {
        let mut names = Vec::new();
        rows.iter().flatten().for_each(|row| add_names(&mut names, row));
        all.extend(names.iter().map(|name| in_set(sets.len(), set.as_deref(), name)));
    }
    all
}

/// The name of a column of a data set. It has the name of the set only where there are several.
fn in_set(several: usize, set: Option<&str>, name: &str) -> String {
    match set {
        Some(set) if several > 1 => format!("{set}/{name}"),
        _ => name.to_owned(),
    }
}

fn visit_json(
    row: Result<&JsonRow, String>,
    line: u64,
    wanted: &[String],
    visit: &mut dyn FnMut(RawRow<'_>) -> Result<(), ScoreFileError>,
) -> Result<(), ScoreFileError> {
    match row {
        Ok(row) => {
            let cells: Vec<&str> = wanted.iter().map(|column| row.cell(column).unwrap_or_default()).collect();
            visit(RawRow { line, kind: row.kind, key: Ok(&row.key), cells: &cells })
        }
        Err(problem) => visit(RawRow { line, kind: KeyKind::Text, key: Err(problem), cells: &[] }),
    }
}

fn json_line(text: &[u8], space: SpaceId) -> Result<JsonRow, String> {
    let text = std::str::from_utf8(text).map_err(|_| "it is not UTF-8".to_owned())?;
    let value: Json = serde_json::from_str(&json::plain(text)).map_err(|error| format!("it is not JSON: {error}"))?;
    json::row(&value, space)
}

/// What is done with each line: its number, and its row or why it has none.
type VisitLine<'a> = dyn FnMut(u64, Result<&JsonRow, &str>) -> Result<(), ScoreFileError> + 'a;

impl JsonLines<'_> {
    /// Visits every line that is not empty.
    fn each(self, file: &str, visit: &mut VisitLine<'_>) -> Result<(), ScoreFileError> {
        let Self { space, first, rest, skipped } = self;
        for (text, line) in first.into_iter().map(Ok).chain(rest.split(b'\n')).zip(skipped + 1..) {
            let read =
                |error: std::io::Error| ScoreFileError::Read { file: file.to_owned(), problem: error.to_string() };
            let text = text.map_err(read)?;
            if !text.trim_ascii().is_empty() {
                let row = json_line(&text, space);
                visit(line, row.as_ref().map_err(String::as_str))?;
            }
        }
        Ok(())
    }
}

fn json_rows<'a>(
    file: &str,
    first: Vec<u8>,
    mut rest: Text<'a>,
    skipped: u64,
    space: SpaceId,
) -> Result<Rows<'a>, ScoreFileError> {
    let read = |problem: String| ScoreFileError::Read { file: file.to_owned(), problem };
    let mut first = vec![first];
    // A document may be on one line, and the first of many lines may be damaged, so that the second line tells, too.
    let mut is_row = json_line(&first[0], space).is_ok();
    if !is_row && let Some(second) = decode::next_line(&mut rest).map_err(|error| read(error.to_string()))? {
        is_row = first[0].ends_with(b"}") && json_line(&second, space).is_ok();
        first.push(second);
    }
    if is_row {
        return Ok(Rows::Lines(JsonLines { space, first, rest, skipped }));
    }
    let mut text = first.join(&b'\n');
    text.push(b'\n');
    let left = (decode::LONGEST_DOCUMENT - text.len().min(decode::LONGEST_DOCUMENT)) as u64;
    let count = rest.by_ref().take(left + 1).read_to_end(&mut text).map_err(|error| read(error.to_string()))?;
    if count as u64 > left {
        return Err(read(format!(
            "a JSON document can have {} MB: write an object on each line",
            decode::LONGEST_DOCUMENT >> 20
        )));
    }
    let text = String::from_utf8(text).map_err(|_| read("it is not UTF-8".to_owned()))?;
    let value: Json =
        serde_json::from_str(&json::plain(&text)).map_err(|error| read(format!("it is not JSON: {error}")))?;
    json::document(&value, space).map(Rows::Document).ok_or_else(|| {
        let names = value.as_object().map(|object| object.iter().map(|(name, _)| name.clone()).collect());
        let columns: Vec<String> = names.unwrap_or_default();
        ScoreFileError::Unkeyed { file: file.to_owned(), key: missing_key(&columns, space), columns }
    })
}

/// What a file with these columns needs, so that its architectures are known.
fn missing_key(columns: &[String], space: SpaceId) -> MissingKey {
    let near = |column: &String| nearest(column, TEXTS.into_iter().take(WITHOUT_HASHES));
    let named = |name: &str| TEXTS.into_iter().find(|known| *known == name);
    let nearly = || columns.iter().find_map(|column| Some((column.clone(), named(near(column)?)?)));
    // A single column is a line that was not cut.
    match nearly().filter(|_| columns.len() > 1) {
        Some((column, name)) => MissingKey::Name { column, name },
        None => MissingKey::Column { example: space.example().to_owned() },
    }
}

/// The header of a CSV file.
struct Header {
    separator: u8,
    names: Vec<String>,
    key: usize,
    kind: KeyKind,
}

impl Header {
    /// Reads a line as a header with one of the usual separators; `None` if no column names the architectures. The mark of a comment is left
    /// out where the rest is a header, as `NumPy` writes it.
    fn of(line: &[u8], space: SpaceId) -> Option<Self> {
        let with = |line: &[u8]| {
            SEPARATORS.into_iter().find_map(|separator| {
                let names = Self::names(line, separator);
                let (kind, key) = key_of(names.iter().map(String::as_str), space)?;
                Some(Self { separator, names, key, kind })
            })
        };
        with(line).or_else(|| with(line.strip_prefix(b"#")?))
    }

    fn names(line: &[u8], separator: u8) -> Vec<String> {
        let mut record = ByteRecord::new();
        let read = builder(separator).from_reader(line).read_byte_record(&mut record).unwrap_or(false);
        let name = |field: &[u8]| String::from_utf8_lossy(field).trim().to_owned();
        if read { record.iter().map(name).collect() } else { Vec::new() }
    }

    /// The error that a line is no header.
    fn unkeyed(file: &str, line: &[u8], space: SpaceId) -> ScoreFileError {
        let columns: Vec<String> = Self::names(line, b',').into_iter().filter(|name| !name.is_empty()).collect();
        let key = match Self::instead_of(line, space) {
            Some(header) => MissingKey::Header { header },
            None => missing_key(&columns, space),
        };
        ScoreFileError::Unkeyed { file: file.to_owned(), columns, key }
    }

    /// A header for a file whose first line is a row: one with the text of an architecture.
    fn instead_of(line: &[u8], space: SpaceId) -> Option<String> {
        SEPARATORS.into_iter().find_map(|separator| {
            let cells = Self::names(line, separator);
            let key = cells.iter().position(|cell| is_text(cell, space))?;
            let mut scores = ["score".to_owned()].into_iter().chain((2..).map(|number| format!("score{number}")));
            let mut name = |place| if place == key { Some("architecture".to_owned()) } else { scores.next() };
            let names: Vec<String> = (0..cells.len()).filter_map(&mut name).collect();
            Some(names.join(&char::from(separator).to_string()))
        })
    }

    /// The names of the columns beside that of the architectures.
    fn columns(&self) -> Vec<String> {
        let others = self.names.iter().enumerate().filter(|(place, name)| *place != self.key && !name.is_empty());
        others.map(|(_, name)| name.clone()).collect()
    }
}

/// The bytes that may be read before a row ends, shared with the loop over rows.
type Budget = Rc<Cell<usize>>;

/// The longest row. A quote that is never closed makes all the rest of a file one row.
const LONGEST_ROW: usize = 1 << 24;

/// A text that is not read further than a row may be long.
struct Bounded<'a> {
    text: Text<'a>,
    left: Budget,
}

impl Read for Bounded<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.text.read(buffer)?;
        let Some(left) = self.left.get().checked_sub(count) else {
            let problem = format!("a row is longer than {} MB: is a quote not closed?", LONGEST_ROW >> 20);
            return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, problem));
        };
        self.left.set(left);
        Ok(count)
    }
}

impl<'a> Csv<'a> {
    fn new(file: &str, header: Header, text: Text<'a>, skipped: u64) -> Result<Self, ScoreFileError> {
        if header.names.iter().filter(|name| **name == header.names[header.key]).count() > 1 {
            return Err(ScoreFileError::Twice { file: file.to_owned(), column: header.names[header.key].clone() });
        }
        let left = Rc::new(Cell::new(LONGEST_ROW));
        let reader = builder(header.separator).from_reader(Bounded { text, left: left.clone() });
        Ok(Self { reader, left, header, skipped })
    }

    fn each(
        mut self,
        file: &str,
        wanted: &[String],
        visit: &mut dyn FnMut(RawRow<'_>) -> Result<(), ScoreFileError>,
    ) -> Result<(), ScoreFileError> {
        let Header { names, key, kind, .. } = self.header;
        let mut places = Vec::new();
        for column in wanted {
            let mut found = (0..names.len()).filter(|&place| names[place] == *column && place != key);
            match (found.next(), found.next()) {
                (Some(place), None) => places.push(place),
                _ => return Err(ScoreFileError::Twice { file: file.to_owned(), column: column.clone() }),
            }
        }
        let mut record = ByteRecord::new();
        loop {
            self.left.set(LONGEST_ROW);
            let read = self.reader.read_byte_record(&mut record);
            if !read.map_err(|error| ScoreFileError::Read { file: file.to_owned(), problem: error.to_string() })? {
                return Ok(());
            }
            // The reader stands at the line after the row. Quoted cells can have several lines. The header is the line before the first row.
            let inside = record.as_slice().split(|&byte| byte == b'\n').count() as u64 - 1;
            let line = self.skipped + self.reader.position().line() - inside;
            let text = |place: usize| std::str::from_utf8(&record[place]).map(str::trim);
            let mut odd = |problem: String| visit(RawRow { line, kind, key: Err(problem), cells: &[] });
            if record.len() != names.len() {
                let spans = match inside {
                    0 => String::new(),
                    more => format!("; it spans {} lines: is a quote not closed?", more + 1),
                };
                odd(format!(
                    "it has {} cells, and the header has {}: a text with a separator in it needs quotes{spans}",
                    record.len(),
                    names.len()
                ))?;
                continue;
            }
            let Ok(key) = text(key) else {
                odd("its architecture is not UTF-8".to_owned())?;
                continue;
            };
            // What is not UTF-8 is no number either.
            let cells: Vec<&str> = places.iter().map(|&place| text(place).unwrap_or("\u{fffd}")).collect();
            visit(RawRow { line, kind, key: Ok(key), cells: &cells })?;
        }
    }
}

fn builder(separator: u8) -> ReaderBuilder {
    let mut builder = ReaderBuilder::new();
    builder.has_headers(false).flexible(true).delimiter(separator).buffer_capacity(1 << 16);
    builder
}

/// The name of the column with the scores, if the file leaves no choice: `score`, or the only column beside the architectures.
pub(super) fn only_column(file: &str, columns: Vec<String>) -> Result<String, ScoreFileError> {
    match columns.iter().position(|name| name == "score") {
        Some(place) => Ok(columns[place].clone()),
        None if columns.len() == 1 => Ok(columns[0].clone()),
        None => Err(no_column(file, "score", columns)),
    }
}

/// What names the architecture of a row. Texts of most spaces are shown whole.
pub(super) fn shown(key: &str) -> String {
    excerpt_of(key, 160).into_owned()
}
