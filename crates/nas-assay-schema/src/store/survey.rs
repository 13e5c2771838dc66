//! What lies in a store: what is whole, what is damaged, and what nothing will read again.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use nas_assay_base::{files, sha256_hex};
use serde::Serialize;

use super::record::Provenance;
use super::workers::{WORKERS, Worker, is_sign};
use super::{FORMAT, Format, Held, LATEST, RECORDS, RecordId, STORE_FORMAT, Store, StoreError, format_of, number_of};

/// A file of a store.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Its place in the store, such as `stages/scores/KEY.json`.
    pub place: String,
    /// What it is.
    pub kind: Kind,
    /// Its size in bytes.
    pub bytes: u64,
    /// When it was written, if the file system knows.
    #[serde(skip)]
    pub modified: Option<SystemTime>,
    /// Whether it can be used.
    #[serde(flatten)]
    pub condition: Condition,
}

/// What a file of a store is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A finished record.
    Record,
    /// The canonical spec of a record.
    Spec,
    /// The circumstances of a run.
    Provenance,
    /// The result of a stage that trains rows of the truth again.
    Truth,
    /// The record of a supernet.
    Supernet,
    /// The weights of a supernet.
    Weights,
    /// The state of a training that was interrupted.
    Resume,
    /// The scores of a stage.
    Scores,
    /// The scores of a stage that was interrupted.
    Partial,
    /// Scores that came from a file.
    ScoreFile,
    /// The last sign of a worker.
    Worker,
    /// The version of the store, the name of the latest record, and the lock.
    Store,
    /// A file that a writer had not finished.
    Temporary,
    /// A file that nas-assay did not write.
    Foreign,
}

impl Kind {
    /// All kinds, in the order of a table.
    pub const ALL: [Self; 14] = [
        Self::Record,
        Self::Spec,
        Self::Provenance,
        Self::Truth,
        Self::Supernet,
        Self::Weights,
        Self::Resume,
        Self::Scores,
        Self::Partial,
        Self::ScoreFile,
        Self::Worker,
        Self::Store,
        Self::Temporary,
        Self::Foreign,
    ];

    /// What the files of this kind hold, as readable text.
    pub fn title(self) -> &'static str {
        match self {
            Self::Record => "records",
            Self::Spec => "specs of records",
            Self::Provenance => "circumstances of runs",
            Self::Truth => "truth, trained again",
            Self::Supernet => "records of supernets",
            Self::Weights => "weights of supernets",
            Self::Resume => "interrupted trainings",
            Self::Scores => "scores",
            Self::Partial => "interrupted scores",
            Self::ScoreFile => "scores from files",
            Self::Worker => "signs of workers",
            Self::Store => "the store's own files",
            Self::Temporary => "unfinished writes",
            Self::Foreign => "files of others",
        }
    }
}

/// Whether a file of a store can be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "condition", content = "why", rename_all = "kebab-case")]
pub enum Condition {
    /// It is what was written.
    Whole,
    /// It is not what was written.
    Damaged(String),
    /// A newer nas-assay wrote it. It is never touched.
    Newer(String),
    /// It could not be read. It is never touched.
    Unreadable(String),
    /// Nothing will read it again.
    Leftover(&'static str),
    /// It is not a file of nas-assay. It is never touched.
    Foreign,
}

impl Condition {
    /// What can be done about it by removing the file.
    pub fn can_be_removed(&self) -> bool {
        matches!(self, Self::Damaged(_) | Self::Leftover(_))
    }
}

impl Store {
    /// Checks every file of the store, in the order of their places. It reads all of them, and changes nothing.
    ///
    /// # Errors
    /// If a folder cannot be read.
    pub fn survey(&self) -> Result<Vec<Entry>, StoreError> {
        let mut files = Vec::new();
        walk(self.root(), &mut Vec::new(), &mut files)?;
        files.sort();
        let mut entries = Vec::with_capacity(files.len());
        for (place, path) in files {
            let there = match fs::symlink_metadata(&path) {
                Ok(there) => there,
                // A run may have removed it since.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(source) => return Err(StoreError::Read { path, source }),
            };
            let (kind, condition) =
                if there.is_file() { self.condition(&place, &path) } else { (Kind::Foreign, Condition::Foreign) };
            let modified = there.modified().ok();
            entries.push(Entry { place, kind, bytes: there.len(), modified, condition });
        }
        Self::mark_leftovers(&mut entries);
        Ok(entries)
    }

    /// Removes the files of `entries`, and returns those that were there.
    ///
    /// # Errors
    /// If a run uses the store, or a file cannot be removed.
    pub fn remove<'a>(&self, entries: impl Iterator<Item = &'a Entry>) -> Result<Vec<&'a Entry>, StoreError> {
        let lock = self.root().join("lock");
        let locked = files::lock_alone(&lock).map_err(|source| system("lock", &lock, source))?;
        let Some(_alone) = locked else { return Err(StoreError::Busy { path: self.root().to_owned() }) };
        let mut removed = Vec::new();
        for entry in entries {
            let path = self.root().join(&entry.place);
            if files::remove(&path).map_err(|source| system("remove", &path, source))? {
                removed.push(entry);
            }
        }
        Ok(removed)
    }

    /// What a file is, and whether it is what was written.
    fn condition(&self, place: &str, path: &Path) -> (Kind, Condition) {
        let name = place.rsplit('/').next().unwrap_or_default();
        if files::is_temporary(name) {
            return (Kind::Temporary, Condition::Leftover("its writer did not finish it"));
        }
        let parts: Vec<&str> = place.split('/').collect();
        match parts[..] {
            [FORMAT] => (Kind::Store, self.condition_of_format()),
            [LATEST] => (Kind::Store, self.condition_of_latest()),
            ["lock"] => (Kind::Store, Condition::Whole),
            [RECORDS, id, ..] => match (RecordId::of_folder(id), &parts[2..]) {
                (Some(id), ["record.json"]) => (Kind::Record, condition(self.held_record(&id))),
                (Some(id), ["spec.json"]) => {
                    let hash = id.as_str().split('@').next().unwrap_or_default();
                    (Kind::Spec, condition_by_digest(path, hash))
                }
                (Some(_), ["provenance", name]) if number_of(name).is_some() => {
                    (Kind::Provenance, condition(self.held_json::<Provenance>(path)))
                }
                _ => (Kind::Foreign, Condition::Foreign),
            },
            ["scores", name] => match name.strip_suffix(".csv") {
                Some(digest) if is_digest(digest) => (Kind::ScoreFile, condition_by_digest(path, digest)),
                _ => (Kind::Foreign, Condition::Foreign),
            },
            ["stages", stage, name] => match kind_of_stage(stage, name) {
                Some(kind) => (kind, condition(self.held(path))),
                None => (Kind::Foreign, Condition::Foreign),
            },
            [WORKERS, name] if is_sign(name) => (Kind::Worker, self.condition_of_sign(path)),
            _ => (Kind::Foreign, Condition::Foreign),
        }
    }

    fn condition_of_sign(&self, path: &Path) -> Condition {
        match self.held_json::<Worker>(path) {
            Ok(Held::Whole(worker)) if worker.is_dead() => Condition::Leftover("its worker is dead"),
            held => condition(held),
        }
    }

    fn condition_of_format(&self) -> Condition {
        match format_of(self.root()) {
            Ok(Format::Known(STORE_FORMAT)) => Condition::Whole,
            Ok(Format::Known(other)) => Condition::Newer(format!("it is of version {other}")),
            Ok(Format::Missing | Format::Damaged) => Condition::Damaged("it names no version".to_owned()),
            Err(error) => Condition::Unreadable(error.to_string()),
        }
    }

    fn condition_of_latest(&self) -> Condition {
        let latest = self.records().and_then(|records| self.latest(&records));
        match latest {
            Ok(_) => Condition::Whole,
            Err(StoreError::NoLatest { problem, .. }) => Condition::Damaged(format!("it {problem}")),
            Err(error) => Condition::Unreadable(error.to_string()),
        }
    }

    /// Marks what a killed run left and no run will read again.
    fn mark_leftovers(entries: &mut [Entry]) {
        let conditions: BTreeMap<String, bool> =
            entries.iter().map(|entry| (entry.place.clone(), entry.condition == Condition::Whole)).collect();
        let is_whole = |place: &str| conditions.get(place).copied().unwrap_or(false);
        for entry in entries.iter_mut().filter(|entry| entry.condition == Condition::Whole) {
            // The place without the ending: a key has no dot.
            let Some((stem, _)) = entry.place.split_once('.') else { continue };
            let beside = |ending: &str| is_whole(&format!("{stem}{ending}"));
            let leftover = match entry.kind {
                Kind::Resume if beside(".json") => Some("its training has ended"),
                Kind::Partial if beside(".json") => Some("its scores are complete"),
                Kind::Weights if !beside(".json") && !beside(".resume.safetensors") => {
                    Some("the training that wrote it cannot be resumed")
                }
                _ => None,
            };
            if let Some(why) = leftover {
                entry.condition = Condition::Leftover(why);
            }
        }
    }
}

fn system(action: &'static str, path: &Path, source: std::io::Error) -> StoreError {
    StoreError::System { action, path: path.to_owned(), source }
}

fn condition<T>(held: Result<Held<T>, StoreError>) -> Condition {
    match held {
        Ok(Held::Whole(_)) => Condition::Whole,
        Ok(Held::Missing) => Condition::Unreadable("it is gone".to_owned()),
        Ok(Held::Damaged(StoreError::Damaged { problem, .. })) => Condition::Damaged(problem),
        Ok(Held::Damaged(StoreError::NewerRecord { found, .. })) => {
            Condition::Newer(format!("it is of format {found}"))
        }
        Ok(Held::Damaged(error)) | Err(error) => Condition::Unreadable(error.to_string()),
    }
}

/// The condition of a file whose name is the digest of its content.
fn condition_by_digest(path: &Path, digest: &str) -> Condition {
    match files::read(path) {
        Ok(Some(content)) if sha256_hex(&content) == digest => Condition::Whole,
        Ok(Some(_)) => Condition::Damaged("its content is not what its name says".to_owned()),
        Ok(None) => Condition::Unreadable("it is gone".to_owned()),
        Err(error) => Condition::Unreadable(error.to_string()),
    }
}

fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|digit| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit))
}

fn kind_of_stage(stage: &str, name: &str) -> Option<Kind> {
    let (_, ending) = name.split_once('.').filter(|(key, _)| is_digest(key))?;
    let is_epoch = |ending: &str| {
        let epoch = ending.strip_prefix("epoch-").and_then(|rest| rest.strip_suffix(".safetensors"));
        epoch.is_some_and(|epoch| epoch.parse::<u32>().is_ok())
    };
    match (stage, ending) {
        ("verify-truth", "json") => Some(Kind::Truth),
        ("supernet", "json") => Some(Kind::Supernet),
        ("supernet", "safetensors") => Some(Kind::Weights),
        ("supernet", "resume.safetensors") => Some(Kind::Resume),
        ("supernet", ending) if is_epoch(ending) => Some(Kind::Weights),
        ("scores", "json") => Some(Kind::Scores),
        ("truth", "partial.json") => Some(Kind::Partial),
        ("scores", ending) if is_partial(ending) => Some(Kind::Partial),
        _ => None,
    }
}

/// Whether the ending of a file of scores is that of an interrupted run, or of part `I` of `N` of a plan: `partial.json` or
/// `partial-I-of-N.json`.
pub(super) fn is_partial(ending: &str) -> bool {
    let Some(part) = ending.strip_prefix("partial").and_then(|rest| rest.strip_suffix(".json")) else { return false };
    let is_number = |text: &str| text.parse::<u32>().is_ok_and(|number| number > 0 && number.to_string() == text);
    part.is_empty()
        || part
            .strip_prefix('-')
            .and_then(|part| part.split_once("-of-"))
            .is_some_and(|(number, count)| is_number(number) && is_number(count))
}

/// The places and the paths of all files below a folder. Symbolic links are not followed.
fn walk(folder: &Path, parts: &mut Vec<String>, found: &mut Vec<(String, PathBuf)>) -> Result<(), StoreError> {
    let failed = |source| StoreError::Read { path: folder.to_owned(), source };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    for entry in entries {
        let entry = entry.map_err(failed)?;
        parts.push(entry.file_name().to_string_lossy().into_owned());
        if entry.file_type().map_err(failed)?.is_dir() {
            walk(&entry.path(), parts, found)?;
        } else {
            found.push((parts.join("/"), entry.path()));
        }
        parts.pop();
    }
    Ok(())
}
