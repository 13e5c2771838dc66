//! The rows of a file, whatever the file is: CSV with commas, semicolons or tabs, or JSON.

use std::io::{BufRead, BufReader, Chain, Cursor, Read};

use csv::{ByteRecord, ReaderBuilder};
use nas_assay_base::nearest;
use nas_assay_base::text::excerpt_of;
use nas_assay_spaces::SpaceId;

use super::decode::{self, Lines};
use super::error::ScoreFileError;
use super::json::{self, DataSet, JsonRow};

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

/// What a column of this name holds; `None` if it names no architectures.
pub(super) fn key_kind(column: &str) -> Option<KeyKind> {
    let is = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(column.trim()));
    if is(&["architecture", "arch", "arch_str", "arch_string", "genotype", "module_hash", "hash"]) {
        Some(KeyKind::Text)
    } else if is(&["row"]) {
        Some(KeyKind::Row)
    } else if is(&["index", "idx"]) {
        Some(KeyKind::Index)
    } else {
        None
    }
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
    Lines {
        first: Vec<u8>,
        rest: Text<'a>,
        columns: Vec<String>,
    },
    /// The rows of each data set.
    Document(Vec<DataSet>),
}

struct Csv<'a> {
    reader: csv::Reader<Chain<Cursor<Vec<u8>>, Text<'a>>>,
    header: Vec<String>,
    key: usize,
    kind: KeyKind,
    /// Lines before the header.
    skipped: u64,
}

impl<'a> Table<'a> {
    /// Opens a file: finds out what it is, and reads its header.
    pub(super) fn open(file: &str, source: Box<dyn Read + 'a>, space: SpaceId) -> Result<Self, ScoreFileError> {
        let unreadable =
            |error: std::io::Error| ScoreFileError::Read { file: file.to_owned(), problem: error.to_string() };
        let no_table = |found| ScoreFileError::NoTable { file: file.to_owned(), found };
        let (first, source) = decode::peek(source, 4).map_err(unreadable)?;
        if let Some(found) = other_kind(&first) {
            return Err(no_table(found));
        }
        let mut text = decode::text(Box::new(source)).map_err(unreadable)?;
        let mut skipped = 0;
        let first = loop {
            match decode::next_line(&mut text).map_err(unreadable)? {
                None => return Err(no_table("empty")),
                Some(line) if line.trim_ascii().is_empty() || line.starts_with(b"#") => skipped += 1,
                Some(line) => break line,
            }
        };
        let rows = if first.trim_ascii().starts_with(b"{") || first.trim_ascii().starts_with(b"[") {
            json_rows(file, first, text, space)?
        } else {
            Rows::Csv(Csv::new(file, first, text, skipped, space)?)
        };
        Ok(Self { file: file.to_owned(), rows })
    }

    /// The names of the columns beside that of the architectures.
    pub(super) fn columns(&self) -> Vec<String> {
        match &self.rows {
            Rows::Csv(csv) => {
                let others =
                    csv.header.iter().enumerate().filter(|(place, name)| *place != csv.key && !name.is_empty());
                others.map(|(_, name)| name.clone()).collect()
            }
            Rows::Lines { columns, .. } => columns.clone(),
            Rows::Document(sets) => {
                let mut found: Vec<String> = Vec::new();
                for (set, rows) in sets {
                    let names = rows.iter().flatten().flat_map(|row| row.cells.iter().map(|(name, _)| name));
                    for name in names.map(|name| in_set(sets.len(), set.as_deref(), name)) {
                        if !found.contains(&name) {
                            found.push(name);
                        }
                    }
                }
                found
            }
        }
    }

    /// Visits every row, with its cells in the wanted columns.
    pub(super) fn each(
        self,
        wanted: &[String],
        visit: &mut dyn FnMut(RawRow<'_>) -> Result<(), ScoreFileError>,
    ) -> Result<(), ScoreFileError> {
        let known = self.columns();
        if let Some(column) = wanted.iter().find(|column| !known.contains(column)) {
            return Err(ScoreFileError::Column {
                file: self.file,
                column: column.clone(),
                nearest: nearest(column, known.iter().map(String::as_str)).map(str::to_owned),
                columns: known,
            });
        }
        match self.rows {
            Rows::Csv(csv) => csv.each(&self.file, wanted, visit),
            Rows::Lines { first, rest, .. } => {
                for (text, line) in std::iter::once(Ok(first)).chain(rest.split(b'\n')).zip(1..) {
                    let text: Vec<u8> = text.map_err(|error| ScoreFileError::Read {
                        file: self.file.clone(),
                        problem: error.to_string(),
                    })?;
                    if text.trim_ascii().is_empty() {
                        continue;
                    }
                    let row = json_line(&text);
                    visit_json(row.as_ref().map_err(Clone::clone), line, wanted, visit)?;
                }
                Ok(())
            }
            Rows::Document(sets) => {
                let several = sets.len();
                let mut line = 0;
                for (set, rows) in &sets {
                    let in_this = |column: &String| match set {
                        Some(set) if several > 1 => {
                            column.strip_prefix(set.as_str())?.strip_prefix('/').map(str::to_owned)
                        }
                        _ => Some(column.clone()),
                    };
                    // Columns of other data sets are in other rows.
                    let Some(wanted) = wanted.iter().map(in_this).collect::<Option<Vec<_>>>() else { continue };
                    for row in rows {
                        line += 1;
                        let row = row.as_ref().ok_or_else(|| "nothing in it names an architecture".to_owned());
                        visit_json(row, line, &wanted, visit)?;
                    }
                }
                Ok(())
            }
        }
    }
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

fn json_line(text: &[u8]) -> Result<JsonRow, String> {
    let text = std::str::from_utf8(text).map_err(|_| "it is not UTF-8".to_owned())?;
    let value: serde_json::Value =
        serde_json::from_str(&json::plain(text)).map_err(|error| format!("it is not JSON: {error}"))?;
    let row = value.as_object().and_then(json::row);
    row.ok_or_else(|| "nothing in it names an architecture".to_owned())
}

fn json_rows<'a>(file: &str, first: Vec<u8>, mut rest: Text<'a>, space: SpaceId) -> Result<Rows<'a>, ScoreFileError> {
    // A document may be on one line, so that only a second line tells.
    if let Ok(row) = json_line(&first) {
        let columns = row.cells.into_iter().map(|(name, _)| name).collect();
        return Ok(Rows::Lines { first, rest, columns });
    }
    let mut text = first;
    text.push(b'\n');
    let read = |problem: String| ScoreFileError::Read { file: file.to_owned(), problem };
    rest.read_to_end(&mut text).map_err(|error| read(error.to_string()))?;
    let text = String::from_utf8(text).map_err(|_| read("it is not UTF-8".to_owned()))?;
    let value: serde_json::Value =
        serde_json::from_str(&json::plain(&text)).map_err(|error| read(format!("it is not JSON: {error}")))?;
    json::document(&value).map(Rows::Document).ok_or_else(|| ScoreFileError::Unkeyed {
        file: file.to_owned(),
        columns: value.as_object().map(|object| object.keys().cloned().collect()).unwrap_or_default(),
        example: space.example().to_owned(),
    })
}

/// What a file is that begins with these bytes, if it is none that can be read.
fn other_kind(first: &[u8]) -> Option<&'static str> {
    match first {
        [b'P', b'K', 3, 4] => Some("a ZIP archive (such as .xlsx, .npz or .pth): export it as CSV"),
        [b'P', b'A', b'R', b'1'] => Some("a Parquet file: export it as CSV"),
        [0x89, b'H', b'D', b'F'] => Some("an HDF5 file: export it as CSV"),
        [0x80, 2..=5, ..] => {
            Some("a Python pickle, which can run any program when it is read: export it as CSV or JSON")
        }
        [b'B', b'Z', b'h', ..] => Some("packed with bzip2: unpack it, or use gzip"),
        [0xfd, b'7', b'z', ..] => Some("packed with xz: unpack it, or use gzip"),
        [0x28, 0xb5, 0x2f, 0xfd] => Some("packed with zstd: unpack it, or use gzip"),
        _ => None,
    }
}

impl<'a> Csv<'a> {
    fn new(file: &str, first: Vec<u8>, rest: Text<'a>, skipped: u64, space: SpaceId) -> Result<Self, ScoreFileError> {
        let header_of = |separator: u8| {
            let mut reader = builder(separator).from_reader(first.as_slice());
            let mut record = ByteRecord::new();
            let read = reader.read_byte_record(&mut record).unwrap_or(false);
            let name = |field: &[u8]| String::from_utf8_lossy(field).trim().to_owned();
            if read { record.iter().map(name).collect() } else { Vec::<String>::new() }
        };
        let headers = [b',', b';', b'\t'].map(|separator| (separator, header_of(separator)));
        let key_of = |header: &[String]| {
            let of = |kind| header.iter().position(|name| key_kind(name) == Some(kind)).map(|place| (kind, place));
            [KeyKind::Text, KeyKind::Row, KeyKind::Index].into_iter().find_map(of)
        };
        let found = headers.iter().find_map(|(separator, header)| Some((*separator, header.clone(), key_of(header)?)));
        let Some((separator, header, (kind, key))) = found else {
            let [(_, plain), ..] = headers;
            let columns = plain.into_iter().filter(|name| !name.is_empty()).collect();
            return Err(ScoreFileError::Unkeyed {
                file: file.to_owned(),
                columns,
                example: space.example().to_owned(),
            });
        };
        let twice = |place: usize| header.iter().filter(|name| **name == header[place]).count() > 1;
        if twice(key) {
            return Err(ScoreFileError::Twice { file: file.to_owned(), column: header[key].clone() });
        }
        let mut first = first;
        first.push(b'\n');
        let reader = builder(separator).from_reader(Cursor::new(first).chain(rest));
        Ok(Self { reader, header, key, kind, skipped })
    }

    fn each(
        mut self,
        file: &str,
        wanted: &[String],
        visit: &mut dyn FnMut(RawRow<'_>) -> Result<(), ScoreFileError>,
    ) -> Result<(), ScoreFileError> {
        let mut places = Vec::new();
        for column in wanted {
            let mut found = (0..self.header.len()).filter(|&place| self.header[place] == *column && place != self.key);
            match (found.next(), found.next()) {
                (Some(place), None) => places.push(place),
                _ => return Err(ScoreFileError::Twice { file: file.to_owned(), column: column.clone() }),
            }
        }
        let mut record = ByteRecord::new();
        let mut header = true;
        loop {
            let read = self.reader.read_byte_record(&mut record);
            if !read.map_err(|error| ScoreFileError::Read { file: file.to_owned(), problem: error.to_string() })? {
                return Ok(());
            }
            if std::mem::take(&mut header) {
                continue;
            }
            // The reader stands at the line after the row. Quoted cells can have several lines.
            let inside = record.as_slice().split(|&byte| byte == b'\n').count() as u64 - 1;
            let line = self.skipped + self.reader.position().line() - 1 - inside;
            let text = |place: usize| std::str::from_utf8(&record[place]).map(str::trim);
            let kind = self.kind;
            let mut odd = |problem: String| visit(RawRow { line, kind, key: Err(problem), cells: &[] });
            if record.len() != self.header.len() {
                odd(format!(
                    "it has {} cells, and the header has {}: a text with a separator in it needs quotes",
                    record.len(),
                    self.header.len()
                ))?;
                continue;
            }
            let Ok(key) = text(self.key) else {
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
    builder.has_headers(false).flexible(true).delimiter(separator).comment(Some(b'#')).buffer_capacity(1 << 16);
    builder
}

/// The name of the column with the scores, if the file leaves no choice: `score`, or the only column beside the architectures.
pub(super) fn only_column(file: &str, columns: Vec<String>) -> Result<String, ScoreFileError> {
    match columns.iter().position(|name| name == "score") {
        Some(place) => Ok(columns[place].clone()),
        None if columns.len() == 1 => Ok(columns[0].clone()),
        None => {
            Err(ScoreFileError::Column { file: file.to_owned(), column: "score".to_owned(), nearest: None, columns })
        }
    }
}

/// What names the architecture of a row. Texts of most spaces are shown whole.
pub(super) fn shown(key: &str) -> String {
    excerpt_of(key, 160).into_owned()
}
