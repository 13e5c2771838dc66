//! Records and stage results on disk. Their names are hashes of the specs and stages.
//!
//! ```text
//! STORE/FORMAT                                the version of this layout
//! STORE/latest                                the name of the record that was finished last
//! STORE/lock                                  locked by each run, so that nothing is removed under it
//! STORE/records/HASH@CLASS/spec.json          the canonical spec; its SHA-256 is the name of the folder
//! STORE/records/HASH@CLASS/provenance/N.json  one for each run that computed something, written before its first stage
//! STORE/records/HASH@CLASS/record.json        written last; the record is finished if this file exists
//! STORE/stages/KIND/KEY...                    results of stages, shared by specs
//! STORE/workers/HOST-PROCESS.json             what a worker does at the moment
//! STORE/scores/SHA256.csv                     scores of a file that was judged; the name is the digest of the content
//! ```
//!
//! Every file is written under a temporary name and then renamed. So a killed run never leaves a half-written file under its final name,
//! and two processes can run the same stage at once: both write the same bytes.
//!
//! Every file proves what it is: by a [seal] over its content and its place, or by a name that is the digest of the content. The place holds
//! the key, and the key covers all settings and versions that the content depends on. Nothing is taken from a file before it was checked. A
//! stage whose result is damaged or missing is made again by the next run.
//!
//! [seal]: nas_assay_base::seal

mod archive;
#[cfg(test)]
mod archive_tests;
mod command;
mod error;
mod listed;
pub mod merge;
#[cfg(test)]
mod merge_tests;
mod place;
pub mod record;
mod sealed;
pub mod source;
pub mod survey;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod value_tests;
pub mod workers;

pub use command::{command, quoted};
pub use error::StoreError;
pub use listed::RecordList;

use std::fs;
use std::io;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::DeviceClass;
use crate::spec::{SpecHash, StageKey};
use nas_assay_base::files::{self, CopyError, Lock, WriteError, write_atomic, write_new};
use nas_assay_base::seal;
use nas_assay_base::text::plain_json;
use record::{Provenance, Record, RecordError};
use sealed::{seal_end, to_sealed_json, without_seal};

/// The version of the layout above. A store with another version is an error.
pub const STORE_FORMAT: u32 = 2;

/// A folder of records and stage results.
///
/// ```
/// use nas_assay_schema::store::{Store, StoreError};
///
/// # let folder = tempfile::tempdir()?;
/// let store = Store::open(folder.path())?;
/// assert!(store.records()?.is_empty());
/// assert!(matches!(store.find("latest"), Err(StoreError::Unknown { .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
}

/// The name of a record: the hash of its spec, and the class of the device that computed it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RecordId(String);

impl RecordId {
    /// The name of the record of a spec on a device class.
    pub fn new(hash: &SpecHash, device_class: DeviceClass) -> Self {
        Self(format!("{hash}@{device_class}"))
    }

    /// The name of a record.
    pub fn of(record: &Record) -> Self {
        Self(format!("{}@{}", record.spec_hash, record.device_class))
    }

    /// `HASH@CLASS`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of a folder of records, if it is the name of a record.
    fn of_folder(name: &str) -> Option<Self> {
        let (hash, class) = name.split_once('@')?;
        let is_hash =
            hash.len() == 64 && hash.bytes().all(|digit| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit));
        let is_class = !class.is_empty() && class.bytes().all(|letter| letter.is_ascii_lowercase());
        (is_hash && is_class).then(|| Self(name.to_owned()))
    }

    /// Whether `prefix` is the beginning of the hash, or the beginning of the hash and of the class: `0123` or `0123@cpu`.
    fn begins_with(&self, prefix: &str) -> bool {
        match (self.0.split_once('@'), prefix.split_once('@')) {
            (Some((hash, class)), Some((digits, of))) => {
                !digits.is_empty() && hash.starts_with(digits) && class.starts_with(of)
            }
            _ => self.0.starts_with(prefix),
        }
    }

    /// The first 12 digits of the hash, and the device class. [`Store::find`] takes it.
    pub fn short(&self) -> String {
        let (hash, class) = self.0.split_once('@').unwrap_or((&self.0, ""));
        format!("{}@{class}", hash.chars().take(12).collect::<String>())
    }
}

/// A file of a store, as far as its seal tells.
#[derive(Debug)]
pub enum Held<T> {
    /// It is what was written.
    Whole(T),
    /// There is no such file.
    Missing,
    /// It is not what was written: [`StoreError::Damaged`].
    Damaged(StoreError),
}

impl<T> Held<T> {
    /// The content; `None` if the file is missing.
    ///
    /// # Errors
    /// If it is damaged.
    pub fn whole(self) -> Result<Option<T>, StoreError> {
        match self {
            Self::Whole(content) => Ok(Some(content)),
            Self::Missing => Ok(None),
            Self::Damaged(error) => Err(error),
        }
    }
}

impl Store {
    /// The store of the program if no other is named, in the current folder.
    pub const DEFAULT: &str = ".nas-assay";

    /// Opens a store. The folder is created by the first write.
    ///
    /// # Errors
    /// If another version of the program wrote it, or it cannot be read.
    pub fn open(root: impl AsRef<Path>) -> Result<Self, StoreError> {
        let root = root.as_ref();
        let path = root.to_owned();
        match format_of(root)? {
            Format::Known(found) if found > STORE_FORMAT => Err(StoreError::Newer { path, found }),
            Format::Known(found) if found < STORE_FORMAT => Err(StoreError::Older { path, found }),
            // Each file has a seal of its own, so a lost version costs nothing.
            Format::Known(_) | Format::Missing | Format::Damaged => Ok(Self { root: path }),
        }
    }

    /// The folder of the store.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Says that a run uses the store, until the lock is dropped. Nothing is removed from the store until then.
    ///
    /// # Errors
    /// If the file system refuses.
    pub fn in_use(&self) -> Result<Lock, StoreError> {
        let path = self.root.join("lock");
        files::lock_shared(&path).map_err(|source| StoreError::System { action: "lock", path, source })
    }

    /// The path of the result of a stage: `stages/KIND/KEY` and `ending`, such as `.json`.
    pub fn stage(&self, kind: &str, key: &StageKey, ending: &str) -> PathBuf {
        self.root.join("stages").join(kind).join(format!("{key}{ending}"))
    }

    /// The files with scores of stages that are not complete, of all workers, in the order of their names.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn partial_scores(&self) -> Result<Vec<PathBuf>, StoreError> {
        let folder = self.root.join("stages").join("scores");
        let is_partial = |name: &String| name.split_once('.').is_some_and(|(_, ending)| place::is_partial(ending));
        Ok(names(&folder)?.iter().filter(|name| is_partial(name)).map(|name| folder.join(name)).collect())
    }

    /// What the file at `path` has to be, for its seal: its place in the store.
    pub fn identity(&self, path: &Path) -> String {
        let place = path.strip_prefix(&self.root).unwrap_or(path);
        place.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
    }

    /// Reads a sealed JSON file of the store. Content that cannot be parsed is damage, too.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn held_json<T: DeserializeOwned>(&self, path: &Path) -> Result<Held<T>, StoreError> {
        let Some(file) = read(path)? else { return Ok(Held::Missing) };
        Ok(unsealed(path, file, &self.identity(path)).map_or_else(Held::Damaged, Held::Whole))
    }

    /// Reads a sealed JSON file of the store; `None` if there is none.
    ///
    /// # Errors
    /// If it cannot be read, or is damaged.
    pub fn read_json<T: DeserializeOwned>(&self, path: &Path) -> Result<Option<T>, StoreError> {
        self.held_json(path)?.whole()
    }

    /// Whether a file of the store is what was written. Any file with a seal can be asked for.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn held(&self, path: &Path) -> Result<Held<()>, StoreError> {
        let Some(file) = read(path)? else { return Ok(Held::Missing) };
        Ok(match seal::check(&file, &self.identity(path)) {
            Ok(()) => Held::Whole(()),
            Err(error) => Held::Damaged(StoreError::Damaged { path: path.to_owned(), problem: error.to_string() }),
        })
    }

    /// Writes a value as indented JSON with a seal. The value has to be an object.
    ///
    /// # Errors
    /// If it cannot be written. An older file stays as it was.
    pub fn write_json<T: Serialize>(&self, path: &Path, value: &T) -> Result<(), StoreError> {
        Ok(write_atomic(path, &self.sealed(path, value)?)?)
    }

    /// Keeps a copy of a file of scores. Returns its full path and its SHA-256.
    ///
    /// # Errors
    /// If `source` cannot be read, or the copy cannot be written.
    pub fn keep_scores(&self, source: &mut dyn Read) -> Result<(PathBuf, String), CopyError> {
        let failed = |error| CopyError::Write(WriteError { path: self.root.clone(), source: error });
        let root = std::path::absolute(&self.root).map_err(failed)?;
        files::keep_by_digest(&root.join(SCORES), ".csv", source)
    }

    /// The full path of the copy of a file of scores with this SHA-256; `None` if the store keeps none.
    pub fn kept_scores(&self, sha256: &str) -> Option<PathBuf> {
        let path = self.root.join(SCORES).join(format!("{sha256}.csv"));
        std::path::absolute(path).ok().filter(|path| path.is_file())
    }

    fn sealed<T: Serialize>(&self, path: &Path, value: &T) -> Result<Vec<u8>, StoreError> {
        to_sealed_json(value, &self.identity(path)).map_err(|error| {
            let problem = format!("a value cannot be written as JSON: {error}");
            StoreError::Unwritable { path: path.to_owned(), problem }
        })
    }

    /// Writes the version of the store and the spec of a record. A run does this before its first stage.
    ///
    /// # Errors
    /// If a file cannot be written, or the store holds a newer record of this name.
    pub fn begin(&self, id: &RecordId, canonical_spec: &str) -> Result<(), StoreError> {
        self.refuse_newer(id)?;
        self.write_format()?;
        Self::write_if_other(&self.folder(id).join("spec.json"), canonical_spec.as_bytes())?;
        Ok(())
    }

    /// Writes the version of the store.
    fn write_format(&self) -> Result<(), StoreError> {
        let mut format = format!("{STORE_FORMAT}\n{}\n", seal::blank()).into_bytes();
        if seal::seal(&mut format, FORMAT).is_ok() {
            Self::write_if_other(&self.root.join(FORMAT), &format)?;
        }
        Ok(())
    }

    /// Writes a file unless it has this content already; returns whether it was written.
    fn write_if_other(path: &Path, content: &[u8]) -> Result<bool, StoreError> {
        if read(path)?.is_some_and(|held| held == content) {
            return Ok(false);
        }
        write_atomic(path, content)?;
        Ok(true)
    }

    /// Adds the circumstances of a run to those of earlier runs of the same record.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn add_provenance(&self, id: &RecordId, provenance: &Provenance) -> Result<(), StoreError> {
        let mut number = self.provenance_numbers(id)?.last().map_or(1, |last| last + 1);
        loop {
            let path = self.provenance_path(id, number);
            // Another run may have taken the number.
            if write_new(&path, &self.sealed(&path, provenance)?)? {
                return Ok(());
            }
            number += 1;
        }
    }

    /// The circumstances of the runs that computed a record, in the order in which they came into this store: that of their beginning, but
    /// for runs that were merged from another store.
    ///
    /// # Errors
    /// If the folder or a file cannot be read.
    pub fn provenance(&self, id: &RecordId) -> Result<Vec<Held<Provenance>>, StoreError> {
        let numbers = self.provenance_numbers(id)?;
        numbers.into_iter().map(|number| self.held_json(&self.provenance_path(id, number))).collect()
    }

    fn provenance_path(&self, id: &RecordId, number: u32) -> PathBuf {
        self.folder(id).join("provenance").join(format!("{number}.json"))
    }

    fn provenance_numbers(&self, id: &RecordId) -> Result<Vec<u32>, StoreError> {
        let names = names(&self.folder(id).join("provenance"))?;
        let mut numbers: Vec<u32> = names.iter().filter_map(|name| number_of(name)).collect();
        numbers.sort_unstable();
        Ok(numbers)
    }

    /// Writes a finished record and makes it the latest. Returns whether the store did not hold this very record before.
    ///
    /// # Errors
    /// If a file cannot be written, or the store holds a newer record of this name.
    pub fn finish(&self, id: &RecordId, record: &Record) -> Result<bool, StoreError> {
        self.refuse_newer(id)?;
        let path = self.record_path(id);
        let is_new = Self::write_if_other(&path, &self.sealed(&path, record)?)?;
        Self::write_if_other(&self.root.join(LATEST), format!("{}\n", id.as_str()).as_bytes())?;
        Ok(is_new)
    }

    fn refuse_newer(&self, id: &RecordId) -> Result<(), StoreError> {
        match self.held_record(id)? {
            Held::Damaged(error @ StoreError::NewerRecord { .. }) => Err(error),
            _ => Ok(()),
        }
    }

    /// Reads a finished record; `None` if there is none.
    ///
    /// # Errors
    /// If it cannot be read, or is damaged.
    pub fn record(&self, id: &RecordId) -> Result<Option<Record>, StoreError> {
        self.held_record(id)?.whole()
    }

    fn held_record(&self, id: &RecordId) -> Result<Held<Record>, StoreError> {
        let path = self.record_path(id);
        let Some(file) = read(&path)? else { return Ok(Held::Missing) };
        Ok(record_of(id, &path, file, &self.identity(&path)).map_or_else(Held::Damaged, Held::Whole))
    }

    /// The names of all finished records, sorted. They may be damaged.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn records(&self) -> Result<Vec<RecordId>, StoreError> {
        Ok(self.begun()?.into_iter().filter(|id| self.record_path(id).exists()).collect())
    }

    /// The names of all records that a run has begun, finished or not, sorted.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn begun(&self) -> Result<Vec<RecordId>, StoreError> {
        let names = names(&self.root.join(RECORDS))?;
        Ok(names.iter().filter_map(|name| RecordId::of_folder(name)).collect())
    }

    /// The size of a finished record in bytes, and the time when it was written.
    pub fn written(&self, id: &RecordId) -> Option<(u64, SystemTime)> {
        let there = fs::metadata(self.record_path(id)).ok()?;
        Some((there.len(), there.modified().ok()?))
    }

    /// Finds a finished record by `latest`, by the first digits of the hash of its spec, with or without `@` and the device class, or by
    /// the name of its spec.
    ///
    /// # Errors
    /// If no record has this name, or several records have it.
    pub fn find(&self, reference: &str) -> Result<RecordId, StoreError> {
        let records = self.records()?;
        let listed = |ids: &[RecordId]| RecordList::new(self, ids);
        if reference == LATEST {
            return self.latest(&records);
        }
        if reference.is_empty() {
            return Err(StoreError::NoName { store: self.root.clone(), candidates: listed(&records) });
        }
        let prefix = reference.to_lowercase();
        let mut fitting: Vec<RecordId> = records.iter().filter(|id| id.begins_with(&prefix)).cloned().collect();
        let mut damaged = Vec::new();
        if fitting.is_empty() {
            for id in &records {
                match self.held_record(id)? {
                    Held::Whole(record) if record.name == reference => fitting.push(id.clone()),
                    Held::Damaged(_) => damaged.push(id.clone()),
                    Held::Whole(_) | Held::Missing => {}
                }
            }
        }
        match fitting.len() {
            1 => Ok(fitting.remove(0)),
            0 => Err(StoreError::Unknown {
                store: self.root.clone(),
                reference: reference.to_owned(),
                candidates: listed(&records.into_iter().filter(|id| !damaged.contains(id)).collect::<Vec<_>>()),
                damaged: listed(&damaged),
            }),
            _ => Err(StoreError::Ambiguous { reference: reference.to_owned(), candidates: listed(&fitting) }),
        }
    }

    fn latest(&self, records: &[RecordId]) -> Result<RecordId, StoreError> {
        let path = self.root.join(LATEST);
        let candidates = || RecordList::new(self, records);
        let Some(content) = read(&path)? else {
            return Err(StoreError::Unknown {
                store: self.root.clone(),
                reference: LATEST.to_owned(),
                candidates: candidates(),
                damaged: RecordList::new(self, &[]),
            });
        };
        let named = String::from_utf8_lossy(&content);
        let problem = match records.iter().find(|id| id.0 == named.trim_end()) {
            Some(id) => return Ok(id.clone()),
            None if named.trim().is_empty() => "is empty",
            None => "names no finished record of the store",
        };
        Err(StoreError::NoLatest { path, problem, candidates: candidates() })
    }

    fn folder(&self, id: &RecordId) -> PathBuf {
        self.root.join(RECORDS).join(id.as_str())
    }

    fn record_path(&self, id: &RecordId) -> PathBuf {
        self.folder(id).join("record.json")
    }
}

/// Reads a record from a file that may lie anywhere: `record.json` of a store, or JSON of a record without a seal.
///
/// # Errors
/// If it is not a record, or its seal does not fit.
pub fn read_record(path: &Path, file: Vec<u8>) -> Result<Record, StoreError> {
    if seal_end(&file).is_none() {
        return parsed_record(path, &file);
    }
    // Its place in a store follows from what it says of itself.
    let mut bare = file.clone();
    bare[1..seal_end(&file).unwrap_or(1)].fill(b' ');
    let record = parsed_record(path, &bare)?;
    let identity = format!("{RECORDS}/{}/record.json", RecordId::of(&record).as_str());
    unsealed_record(path, file, &identity)
}

/// The record of this name, from a file at `path` that was sealed under `identity`.
fn record_of(id: &RecordId, path: &Path, file: Vec<u8>, identity: &str) -> Result<Record, StoreError> {
    let record = unsealed_record(path, file, identity)?;
    if RecordId::of(&record) == *id {
        return Ok(record);
    }
    let problem = format!("it is the record {}", RecordId::of(&record).short());
    Err(StoreError::Damaged { path: path.to_owned(), problem })
}

/// The value in a sealed JSON file.
fn unsealed<T: DeserializeOwned>(path: &Path, file: Vec<u8>, identity: &str) -> Result<T, StoreError> {
    let damaged = |problem: String| StoreError::Damaged { path: path.to_owned(), problem };
    let text = without_seal(file, identity).map_err(|error| damaged(error.to_string()))?;
    let layout = |error| damaged(format!("it has another layout than this version of nas-assay reads ({error})"));
    serde_json::from_slice(&text).map_err(layout)
}

fn unsealed_record(path: &Path, file: Vec<u8>, identity: &str) -> Result<Record, StoreError> {
    match without_seal(file, identity) {
        Ok(text) => parsed_record(path, &text),
        Err(error) => Err(StoreError::Damaged { path: path.to_owned(), problem: error.to_string() }),
    }
}

fn parsed_record(path: &Path, text: &[u8]) -> Result<Record, StoreError> {
    let damaged = |problem: String| StoreError::Damaged { path: path.to_owned(), problem };
    let text = std::str::from_utf8(text).map_err(|error| damaged(error.to_string()))?;
    Record::from_json(text).map_err(|error| match error {
        RecordError::Format { found, known } if found > known => {
            StoreError::NewerRecord { path: path.to_owned(), found, known }
        }
        error => damaged(with_source(&error)),
    })
}

fn with_source(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |source| format!("{error} ({source})"))
}

fn read(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    files::read(path).map_err(|source| StoreError::Read { path: path.to_owned(), source })
}

/// Names of files and folders at the root of a store.
const FORMAT: &str = "FORMAT";
const LATEST: &str = "latest";
const RECORDS: &str = "records";
const SCORES: &str = "scores";

/// The version of a store.
enum Format {
    Known(u32),
    Missing,
    Damaged,
}

fn format_of(root: &Path) -> Result<Format, StoreError> {
    let path = root.join(FORMAT);
    let content = match files::read(&path) {
        Ok(Some(content)) => content,
        Ok(None) => return Ok(Format::Missing),
        Err(source) => return Err(StoreError::Read { path, source }),
    };
    let text = String::from_utf8_lossy(&content);
    let first = text.lines().next().and_then(|line| line.parse::<u32>().ok());
    Ok(match (first, seal::check(&content, FORMAT)) {
        (Some(found), Ok(())) => Format::Known(found),
        // Version 1 had only the number. A number alone that is not known is left to the program that wrote it.
        (Some(found), Err(_)) if text == format!("{found}\n") && found != STORE_FORMAT => Format::Known(found),
        _ => Format::Damaged,
    })
}

/// The number of a run, from the name of the file with its circumstances.
fn number_of(name: &str) -> Option<u32> {
    name.strip_suffix(".json")?.parse().ok()
}

/// The names in a folder, sorted; none if there is no such folder.
fn names(folder: &Path) -> Result<Vec<String>, StoreError> {
    let failed = |source| StoreError::Read { path: folder.to_owned(), source };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        found.extend(entry.map_err(failed)?.file_name().into_string().ok());
    }
    found.sort();
    Ok(found)
}

/// A value as indented JSON with a final newline. Control characters of its texts are escapes.
///
/// # Errors
/// If a map key is not a string, or a number has no JSON form.
pub fn to_json<T: Serialize>(value: &T) -> serde_json::Result<String> {
    serde_json::to_string_pretty(value).map(|text| plain_json(text + "\n"))
}
