//! What lies in a store: what is whole, what is damaged, and what nothing will read again.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use nas_assay_base::files;
use serde::Serialize;

use super::place::{check, kind_of};
use super::workers::Worker;
use super::{FORMAT, Format, Held, LATEST, STORE_FORMAT, Store, StoreError, format_of, read};

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
        // Not every shared folder knows the locks of other machines.
        if let Some(worker) = self.workers()?.into_iter().find(|worker| !worker.is_dead()) {
            let (path, age) = (self.root().to_owned(), worker.age().as_secs());
            return Err(StoreError::BusyElsewhere { path, process: worker.process, host: worker.host, age });
        }
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
        let kind = kind_of(place);
        let condition = match (kind, place) {
            (Kind::Temporary, _) => Condition::Leftover("its writer did not finish it"),
            (Kind::Foreign, _) => Condition::Foreign,
            (Kind::Store, FORMAT) => self.condition_of_format(),
            (Kind::Store, LATEST) => self.condition_of_latest(),
            (Kind::Store, _) => Condition::Whole,
            (Kind::Worker, _) => self.condition_of_sign(path),
            _ => match read(path) {
                Ok(Some(content)) => condition(check(kind, place, path, &content)),
                Ok(None) => Condition::Unreadable("it is gone".to_owned()),
                Err(error) => Condition::Unreadable(error.to_string()),
            },
        };
        (kind, condition)
    }

    fn condition_of_sign(&self, path: &Path) -> Condition {
        match self.held_json::<Worker>(path) {
            Ok(Held::Whole(worker)) if worker.is_dead() => Condition::Leftover("its worker is dead"),
            Ok(held) => condition(held.whole().map(drop)),
            Err(error) => condition(Err(error)),
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

fn condition(checked: Result<(), StoreError>) -> Condition {
    match checked {
        Ok(()) => Condition::Whole,
        Err(StoreError::Damaged { problem, .. }) => Condition::Damaged(problem),
        Err(StoreError::NewerRecord { found, .. }) => Condition::Newer(format!("it is of format {found}")),
        Err(error) => Condition::Unreadable(error.to_string()),
    }
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
