//! Scores from files: published scores, or scores of an estimator outside this program.
//!
//! A file is read once, row by row, beside the table of the truth, so that the memory it takes depends on that table and not on the file.
//! Only a JSON document is held as a whole; with an object on each line it need not be.
//! Every row ends in one class ([`RowClass`]), and the counts are part of the record.

mod cell;
mod decode;
mod error;
#[cfg(test)]
mod header_tests;
mod json;
mod kind;
#[cfg(test)]
mod kind_tests;
mod listed;
#[cfg(test)]
mod listed_tests;
mod slots;
mod table;
#[cfg(test)]
mod tests;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use nas_assay_base::text::{excerpt, quoted};
use nas_assay_spaces::spelling::{self, Form, Spelled, SpellingError};
use nas_assay_spaces::{Architecture, SpaceId};

use crate::estimator::Score;
use crate::spec::Encodings;
use crate::store::record::{ClassRows, CoverageRecord, RowClass, RowExample};

pub use error::{MissingKey, OddRow, ScoreFileError};
pub use listed::listed;
use slots::{Found, Slot, Slots};
pub use table::meant;
use table::{KeyKind, RawRow, Table};

/// Version of the rules for reading scores from a file.
pub const SCORE_FILE_VERSION: u32 = 2;

/// The table that the rows of a file are looked up in.
#[derive(Clone, Copy, Debug)]
pub struct TruthRows<'a> {
    /// The space.
    pub space: SpaceId,
    /// The architecture of every row of the table, used or not.
    pub rows: &'a [Architecture],
    /// The numbers of the rows that can be ranked.
    pub chosen: &'a [usize],
    /// How many rows files can name by number: those of the table of a benchmark. Rows that are not in it follow.
    pub numbered: usize,
    /// What becomes of a row for an architecture that the table does not have.
    pub unlisted: RowClass,
}

/// What is read from a file.
#[derive(Clone, Copy, Debug)]
pub struct Reading<'a> {
    /// The columns with the scores.
    pub columns: &'a [String],
    /// The form of the architectures; `None` if each text can have only one.
    pub form: Option<Form>,
    /// Numbers that mean that there is no score.
    pub failures: &'a [f64],
    /// Which encodings stand for an architecture of the table.
    pub encodings: Encodings,
}

/// The names of the columns of a file beside that of the architectures.
///
/// # Errors
/// If the file is no table, or nothing in it names architectures.
pub fn columns(file: &str, source: Box<dyn Read + '_>, space: SpaceId) -> Result<Vec<String>, ScoreFileError> {
    Table::open(file, source, space)?.columns()
}

/// The column with the scores, if the file leaves no choice: `score`, or the only column beside that of the architectures.
///
/// # Errors
/// As [`columns`], and if there is a choice.
pub fn only_column(file: &str, source: Box<dyn Read + '_>, space: SpaceId) -> Result<String, ScoreFileError> {
    table::only_column(file, columns(file, source, space)?)
}

/// What a row says.
enum Said<'a> {
    /// Scores for a slot.
    Scores(Found, &'a [Score]),
    /// Something that is not judged.
    Odd(RowClass, String),
}

/// The rows of one file that name rows of the truth's table, and counts of the others.
#[derive(Debug)]
pub struct ScoreRows {
    file: String,
    slots: Slots,
    columns: usize,
    /// The line of each slot; 0 if the file has no row for it.
    lines: Vec<u64>,
    /// The place of each slot's row among the rows, from 1.
    places: Vec<u64>,
    /// The architecture of each slot's row, where a slot is that of a whole class of encodings.
    named: Vec<Option<Architecture>>,
    /// How the first row that can be read names its architecture. The others have to do the same.
    kind: Option<KeyKind>,
    /// The scores of each slot, one for each column.
    scores: Vec<Score>,
    /// The number of rows.
    count: u64,
    /// Rows that have no slot, or none of their own.
    odd: BTreeMap<RowClass, ClassRows>,
    /// The first row that is no use, apart from architectures without truth.
    first_odd: Option<OddRow>,
}

impl ScoreRows {
    /// Reads a file. `file` is its name in errors.
    ///
    /// # Errors
    /// If it is no table, a column is missing or not unique, or it names its architectures in a way that has no meaning here. Rows that
    /// cannot be used are no errors.
    pub fn read(
        file: &str,
        source: Box<dyn Read + '_>,
        reading: Reading<'_>,
        truth: &TruthRows<'_>,
    ) -> Result<Self, ScoreFileError> {
        let slots = Slots::new(truth, reading.encodings);
        let columns = reading.columns.len();
        let mut found = Self {
            file: file.to_owned(),
            columns,
            lines: vec![0; slots.count()],
            places: vec![0; slots.count()],
            named: vec![None; if reading.encodings == Encodings::Class { slots.count() } else { 0 }],
            kind: None,
            scores: vec![Score::Finite(0.0); slots.count() * columns],
            slots,
            count: 0,
            odd: BTreeMap::new(),
            first_odd: None,
        };
        let mut cells = Vec::with_capacity(columns);
        Table::open(file, source, truth.space)?.each(reading.columns, &mut |row| {
            found.count += 1;
            // A row that cannot be read says nothing about the others.
            if row.key.is_ok() {
                found.kind.get_or_insert(row.kind);
            }
            let kind = found.kind.unwrap_or(row.kind);
            match said(file, &row, kind, reading, truth, &found.slots, &mut cells)? {
                Said::Scores(Found { slot, architecture }, scores) => {
                    if found.lines[slot] > 0 {
                        let (class, said) = found.again(Found { slot, architecture }, scores);
                        found.add(class, row.line, said);
                    } else {
                        found.lines[slot] = row.line;
                        found.places[slot] = found.count;
                        if let Some(named) = found.named.get_mut(slot) {
                            *named = architecture;
                        }
                        found.scores[slot * columns..][..columns].copy_from_slice(scores);
                    }
                }
                Said::Odd(class, said) => found.add(class, row.line, said),
            }
            Ok(())
        })?;
        Ok(found)
    }

    fn add(&mut self, class: RowClass, line: u64, said: String) {
        if !matches!(class, RowClass::NoTruth | RowClass::NotInPanel) && self.first_odd.is_none() {
            self.first_odd = Some(OddRow { line, said: said.clone() });
        }
        let rows = self.odd.entry(class).or_insert(ClassRows { class, rows: 0, first: Vec::new() });
        rows.rows += 1;
        if rows.first.len() < CoverageRecord::EXAMPLES {
            rows.first.push(RowExample { line, said });
        }
    }

    /// The class of a row for a slot that has one.
    fn again(&self, Found { slot, architecture }: Found, scores: &[Score]) -> (RowClass, String) {
        let (kept, first) = (&self.scores[slot * self.columns..][..self.columns], self.lines[slot]);
        let alike = scores.iter().zip(kept).all(|(one, other)| match (one, other) {
            (Score::NonFinite(_), Score::NonFinite(_)) => true,
            (one, other) => one == other,
        });
        let other = if alike { "" } else { ", with another score" };
        // Of hashes it is not known which encoding is meant.
        let same = self.named.get(slot).is_none_or(|named| *named == architecture);
        match (same, alike) {
            (false, _) => (RowClass::IsomorphicCopy, format!("an encoding of the architecture of line {first}{other}")),
            (true, true) => (RowClass::Repeated, format!("the architecture of line {first} again")),
            (true, false) => (RowClass::Contradicting, format!("the architecture of line {first} again{other}")),
        }
    }

    /// The number of rows of the file.
    pub fn len(&self) -> u64 {
        self.count
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The scores for a row of the table, one for each column; `None` if the file has none.
    pub fn scores(&self, row: usize) -> Option<&[Score]> {
        let slot = self.slots.of(row).find(|&slot| self.lines[slot] > 0)?;
        Some(&self.scores[slot * self.columns..][..self.columns])
    }

    /// Checks that every row can be used and none is there twice. Architectures without truth are allowed.
    ///
    /// # Errors
    /// [`ScoreFileError::Odd`] with the first row that cannot be used.
    pub fn strictly(&self) -> Result<(), ScoreFileError> {
        match &self.first_odd {
            None => Ok(()),
            Some(odd) => Err(ScoreFileError::Odd { file: self.file.clone(), odd: odd.clone() }),
        }
    }

    /// The class of each slot that has a row.
    fn classes(&self, truth: &TruthRows<'_>, in_panel: &dyn Fn(usize) -> bool, drop: bool) -> Vec<Option<RowClass>> {
        let rows = self.slots.rows();
        let mut is_chosen = vec![false; truth.rows.len()];
        truth.chosen.iter().for_each(|&row| is_chosen[row] = true);
        let failed = |slot: Slot| {
            self.scores[slot * self.columns..][..self.columns].iter().any(|score| matches!(score, Score::NonFinite(_)))
        };
        let mut judged_kinds: Option<BTreeSet<String>> = None;
        let mut class = |slot: Slot| {
            if self.lines[slot] == 0 {
                return None;
            }
            if rows[slot].iter().any(|&row| in_panel(row)) {
                return Some(if failed(slot) { RowClass::Failed } else { RowClass::Judged });
            }
            if rows[slot].iter().any(|&row| is_chosen[row]) {
                return Some(if drop && failed(slot) { RowClass::Dropped } else { RowClass::NotInPanel });
            }
            let kinds = judged_kinds.get_or_insert_with(|| {
                let judged = truth.chosen.iter().filter(|&&row| in_panel(row) && self.scores(row).is_some());
                judged.map(|&row| truth.rows[row].isomorphism_key()).collect()
            });
            let copy = rows[slot].iter().any(|&row| kinds.contains(&truth.rows[row].isomorphism_key()));
            Some(if copy { RowClass::IsomorphicCopy } else { RowClass::NotRepresentative })
        };
        (0..self.slots.count()).map(&mut class).collect()
    }

    /// What became of every row. `in_panel` says whether a row of the table is in the panel, and `drop` whether the panel leaves out
    /// architectures without a finite score.
    pub fn coverage(
        &self,
        scores: &str,
        truth: &TruthRows<'_>,
        in_panel: &dyn Fn(usize) -> bool,
        drop: bool,
    ) -> CoverageRecord {
        let mut by_class = self.odd.clone();
        let mut of_slots: BTreeMap<RowClass, Vec<(u64, Slot)>> = BTreeMap::new();
        for (slot, class) in self.classes(truth, in_panel, drop).into_iter().enumerate() {
            if let Some(class) = class {
                of_slots.entry(class).or_default().push((self.lines[slot], slot));
            }
        }
        for (class, mut slots) in of_slots {
            slots.sort_unstable();
            let example = |&(line, slot): &(u64, Slot)| RowExample { line, said: self.name(truth, slot) };
            let first = match class {
                RowClass::Judged => Vec::new(),
                _ => slots.iter().take(CoverageRecord::EXAMPLES).map(example).collect(),
            };
            // A panel that names its architectures has rows of no slot that are not in it, too.
            let found = by_class.entry(class).or_insert(ClassRows { class, rows: 0, first: Vec::new() });
            found.rows += slots.len() as u64;
            found.first.extend(first);
            found.first.sort_by_key(|example| example.line);
            found.first.truncate(CoverageRecord::EXAMPLES);
        }
        let classes = by_class.into_values().collect();
        CoverageRecord { scores: scores.to_owned(), rows: self.count, classes }
    }

    /// The architecture of a slot.
    fn name(&self, truth: &TruthRows<'_>, slot: Slot) -> String {
        let named = self.named.get(slot).copied().flatten();
        named.or_else(|| Some(truth.rows[self.slots.row(slot)?])).map(|named| named.to_string()).unwrap_or_default()
    }

    /// Reads the file again, and visits every row that is not judged, in the order of the file. The arguments are those of
    /// [`ScoreRows::read`] and [`ScoreRows::coverage`].
    ///
    /// # Errors
    /// As [`ScoreRows::read`], and those of `visit`.
    pub fn each_odd(
        &self,
        source: Box<dyn Read + '_>,
        reading: Reading<'_>,
        truth: &TruthRows<'_>,
        (in_panel, drop): (&dyn Fn(usize) -> bool, bool),
        visit: &mut dyn FnMut(u64, RowClass, &str) -> Result<(), ScoreFileError>,
    ) -> Result<(), ScoreFileError> {
        let classes = self.classes(truth, in_panel, drop);
        let (mut cells, mut place) = (Vec::with_capacity(self.columns), 0);
        Table::open(&self.file, source, truth.space)?.each(reading.columns, &mut |row| {
            place += 1;
            let kind = self.kind.unwrap_or(row.kind);
            match said(&self.file, &row, kind, reading, truth, &self.slots, &mut cells)? {
                Said::Odd(class, said) => visit(row.line, class, &said),
                Said::Scores(found, scores) if self.places[found.slot] != place => {
                    let (class, said) = self.again(found, scores);
                    visit(row.line, class, &said)
                }
                Said::Scores(Found { slot, .. }, _) => match classes[slot] {
                    Some(class) if class != RowClass::Judged => visit(row.line, class, &self.name(truth, slot)),
                    _ => Ok(()),
                },
            }
        })
    }
}

/// What a row says: its slot and its scores, or why it cannot be used.
fn said<'a>(
    file: &str,
    row: &RawRow<'_>,
    kind: KeyKind,
    reading: Reading<'_>,
    truth: &TruthRows<'_>,
    slots: &Slots,
    cells: &'a mut Vec<Score>,
) -> Result<Said<'a>, ScoreFileError> {
    let unreadable = |said: String| Ok(Said::Odd(RowClass::UnreadableArchitecture, said));
    let key = match &row.key {
        Ok(key) => *key,
        Err(problem) => return unreadable(problem.clone()),
    };
    if row.kind != kind {
        return unreadable("it names its architecture in another way than the first row".to_owned());
    }
    let found = match row.kind {
        KeyKind::Row if truth.numbered == 0 => return Err(ScoreFileError::Numbers { file: file.to_owned() }),
        KeyKind::Row => match number(key) {
            Some(number) => slots.numbered(number, truth),
            None => return unreadable(format!("expected the number of a row, found {}", quoted(key))),
        },
        KeyKind::Index if !Form::Index.is_of(truth.space) => {
            return Err(ScoreFileError::Index { file: file.to_owned(), space: truth.space });
        }
        KeyKind::Index | KeyKind::Text => {
            let form = if row.kind == KeyKind::Index { Some(Form::Index) } else { reading.form };
            match spelled(truth.space, key, form) {
                Ok((form, spelled)) => slots.named(form, spelled, truth),
                Err(error) => return unreadable(error.to_string()),
            }
        }
    };
    cells.clear();
    for (cell, column) in row.cells.iter().zip(reading.columns) {
        let Some(score) = cell::score(cell, reading.failures) else {
            let column = excerpt(column);
            let said = format!("column {column}: expected a number, found {}{}", quoted(cell), cell::hint(cell));
            return Ok(Said::Odd(RowClass::UnreadableScore, said));
        };
        cells.push(score);
    }
    Ok(match found {
        Some(found) => Said::Scores(found, cells),
        None => Said::Odd(truth.unlisted, table::shown(key)),
    })
}

/// What a text spells, and in which form.
fn spelled(space: SpaceId, key: &str, form: Option<Form>) -> Result<(Form, Spelled), SpellingError> {
    match form {
        None => spelling::recognise(space, key),
        // A column with a gap makes pandas write `3.0`.
        Some(Form::Index) => {
            let key = key.strip_suffix(".0").unwrap_or(key);
            spelling::read(space, key, form).map(|spelled| (Form::Index, spelled))
        }
        Some(form) => spelling::read(space, key, Some(form)).map(|spelled| (form, spelled)),
    }
}

/// A row number. A column with a gap makes pandas write `3.0`.
fn number(text: &str) -> Option<usize> {
    text.strip_suffix(".0").unwrap_or(text).parse().ok()
}
