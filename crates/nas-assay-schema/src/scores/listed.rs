//! Lists of architectures: one a line, or a column of a table.

use std::collections::HashMap;

use nas_assay_base::text::excerpt;
use nas_assay_spaces::spelling::{Form, Spelled};
use nas_assay_spaces::{Architecture, SpaceId};

use super::table::{KeyKind, Table};
use super::{OddRow, ScoreFileError, decode, spelled};

/// The architectures of a file, in its order: one on each line, or the column of a table that names architectures. Every form that has one
/// meaning is read. Empty lines and lines that begin with `#` are left out. `file` is its name in errors.
///
/// # Errors
/// With the line of the first entry that is no architecture, or is there a second time.
pub fn listed(file: &str, bytes: &[u8], space: SpaceId) -> Result<Vec<Architecture>, ScoreFileError> {
    let mut list = List { file, space, found: Vec::new(), lines: HashMap::new() };
    match Table::open(file, Box::new(bytes), space) {
        Ok(table) => table.each(&[], &mut |row| match (&row.key, row.kind) {
            (Err(problem), _) => Err(list.odd(row.line, problem.clone())),
            (Ok(_), KeyKind::Row) => {
                Err(list.odd(row.line, "it has the number of a row: give the texts of the architectures".to_owned()))
            }
            (Ok(key), KeyKind::Index) => list.add(row.line, key, Some(Form::Index)),
            (Ok(key), KeyKind::Text) => list.add(row.line, key, None),
        })?,
        Err(error) => match list.lines(bytes) {
            // Texts of some forms look like JSON.
            Err(_) if list.found.is_empty() && !matches!(error, ScoreFileError::Unkeyed { .. }) => return Err(error),
            read => read?,
        },
    }
    Ok(list.found)
}

struct List<'a> {
    file: &'a str,
    space: SpaceId,
    found: Vec<Architecture>,
    /// The line of each.
    lines: HashMap<Architecture, u64>,
}

impl List<'_> {
    fn lines(&mut self, bytes: &[u8]) -> Result<(), ScoreFileError> {
        let unreadable =
            |error: std::io::Error| ScoreFileError::Read { file: self.file.to_owned(), problem: error.to_string() };
        let mut text = decode::unpacked(Box::new(bytes)).and_then(decode::text).map_err(unreadable)?;
        let mut number = 0;
        while let Some(line) = decode::next_line(&mut text).map_err(unreadable)? {
            number += 1;
            let line = line.trim_ascii();
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            match std::str::from_utf8(line) {
                Ok(line) => self.add(number, line, None)?,
                Err(error) => return Err(self.odd(number, format!("it is no text: {error}"))),
            }
        }
        Ok(())
    }

    fn add(&mut self, line: u64, key: &str, form: Option<Form>) -> Result<(), ScoreFileError> {
        let architecture = match spelled(self.space, key, form) {
            Ok((_, Spelled::Architecture(architecture))) => architecture,
            Ok((_, Spelled::Hash(_))) => {
                let problem = format!("the hash {} does not say how its cell is built", excerpt(key));
                return Err(self.odd(line, problem));
            }
            Err(error) => return Err(self.odd(line, error.to_string())),
        };
        if let Some(first) = self.lines.insert(architecture, line) {
            return Err(self.odd(line, format!("the architecture of line {first} again")));
        }
        self.found.push(architecture);
        Ok(())
    }

    fn odd(&self, line: u64, said: String) -> ScoreFileError {
        ScoreFileError::Entry { file: self.file.to_owned(), odd: OddRow { line, said } }
    }
}
