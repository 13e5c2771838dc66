//! Why an operation of the store failed.

use std::io;
use std::path::{Path, PathBuf};

use nas_assay_base::files::WriteError;
use nas_assay_base::text::excerpt;

use super::{RecordList, STORE_FORMAT, command};

/// An operation of the store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store was written by a newer program.
    #[error("failed to open the store {}: its format is {found}, and this version of nas-assay knows {STORE_FORMAT}; use a newer nas-assay, or another store (--store)", path.display())]
    Newer {
        /// The store.
        path: PathBuf,
        /// The format that was found.
        found: u32,
    },
    /// The store was written by an older program.
    #[error("failed to open the store {}: its format is {found}, whose files have no seals, so that damage in them cannot be noticed; use another store (--store), or the nas-assay that wrote it", path.display())]
    Older {
        /// The store.
        path: PathBuf,
        /// The format that was found.
        found: u32,
    },
    /// A file of the store cannot be read.
    #[error("failed to read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A file of the store is not what was written.
    #[error("{} cannot be used: {problem}; run its spec again, and only this file and what it needs are made again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A record was written by a newer program. Nothing may take its place.
    #[error("{} has format {found}, and this version of nas-assay knows format {known}: a newer nas-assay wrote it; use that version, or another store (--store)", path.display())]
    NewerRecord {
        /// The file.
        path: PathBuf,
        /// The format that was found.
        found: u32,
        /// The format of this program.
        known: u32,
    },
    /// A value has no JSON form.
    #[error("failed to write {}: {problem}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A file cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A file cannot be removed or locked.
    #[error("failed to {action} {}: {source}", path.display())]
    System {
        /// What was tried: `remove`, `lock`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A run uses the store, so nothing may be removed.
    #[error("the store {} is in use by a run; try again when it has ended", path.display())]
    Busy {
        /// The store.
        path: PathBuf,
    },
    /// A run on some machine uses the store, by its signs.
    #[error(
        "the store {} is in use by process {process} on {}, whose last sign was {age} s ago; try again when it has ended",
        path.display(),
        excerpt(host)
    )]
    BusyElsewhere {
        /// The store.
        path: PathBuf,
        /// The process.
        process: u32,
        /// Its machine.
        host: String,
        /// The age of its last sign, in seconds.
        age: u64,
    },
    /// No record has this name.
    #[error("no record in {} is called `{reference}`{}", store.display(), hint(store, reference, candidates, damaged))]
    Unknown {
        /// The store.
        store: PathBuf,
        /// The name.
        reference: String,
        /// The records of the store.
        candidates: RecordList,
        /// The records that are damaged, whose names cannot be read.
        damaged: RecordList,
    },
    /// The file that names the latest record names none.
    #[error("{} {problem}; name a record by its hash or its spec{}", path.display(), held(path.parent().unwrap_or(path), candidates))]
    NoLatest {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: &'static str,
        /// The records of the store.
        candidates: RecordList,
    },
    /// The name of a record is empty.
    #[error(
        "the name of a record is empty: give `latest`, the first digits of a hash, or the name of a spec{}",
        held(store, candidates)
    )]
    NoName {
        /// The store.
        store: PathBuf,
        /// The records of the store.
        candidates: RecordList,
    },
    /// Several records have this name.
    #[error("`{reference}` is the name of {} records: {candidates}; give the hash of one, or `latest`", candidates.len())]
    Ambiguous {
        /// The name.
        reference: String,
        /// The records with this name.
        candidates: RecordList,
    },
}

fn hint(store: &Path, word: &str, candidates: &RecordList, damaged: &RecordList) -> String {
    let near = candidates.nearest(word).map(|name| format!("; the nearest name is `{name}`"));
    if damaged.is_empty() {
        return near.unwrap_or_else(|| held(store, candidates));
    }
    let first = near.or_else(|| (!candidates.is_empty()).then(|| held(store, candidates))).unwrap_or_default();
    format!("{first}; damaged, so that their names cannot be read: {damaged}")
}

/// What the store holds.
fn held(store: &Path, candidates: &RecordList) -> String {
    if candidates.is_empty() {
        return format!("; it holds no record yet: `{}` makes one", command(store, "run nb201-micro"));
    }
    format!("; it holds {candidates}")
}
