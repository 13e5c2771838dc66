//! Records and stage results on disk. Their names are hashes of the specs and stages.
//!
//! ```text
//! STORE/FORMAT                              the version of this layout
//! STORE/latest                              the name of the record that was finished last
//! STORE/records/HASH@CLASS/provenance.json  written before the first stage runs
//! STORE/records/HASH@CLASS/spec.json        the canonical spec
//! STORE/records/HASH@CLASS/record.json      written last; the record is finished if this file exists
//! STORE/stages/KIND/KEY...                  results of stages, shared by specs
//! ```
//!
//! Every file is written under a temporary name and then renamed. So a killed run never leaves a half-written file under its final name,
//! and two processes can run the same stage at once: both write the same bytes.

pub mod record;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::DeviceClass;
use crate::spec::{SpecHash, StageKey};
use nas_assay_base::files::{WriteError, write_atomic};
use record::{Provenance, Record};

/// The version of the layout above. A store with a higher version is an error.
pub const STORE_FORMAT: u32 = 1;

/// An operation of the store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store was written by a newer program.
    #[error("failed to open the store {}: its format is {found}, and this version of nas-assay knows up to {STORE_FORMAT}; use a newer nas-assay, or another store (--store)", path.display())]
    Newer {
        /// The store.
        path: PathBuf,
        /// The format that was found.
        found: String,
    },
    /// A file of the store cannot be read.
    #[error("failed to read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// A file of the store has invalid content.
    #[error("failed to parse {}: {problem}; delete it, and the next run makes it again", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A file cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// No record has this name.
    #[error("no record in {} is called `{reference}`{}", store.display(), hint(candidates))]
    Unknown {
        /// The store.
        store: PathBuf,
        /// The name.
        reference: String,
        /// The records of the store.
        candidates: Vec<String>,
    },
    /// Several records have this name.
    #[error("`{reference}` names {} records: {}; give more digits of a hash", candidates.len(), candidates.join(", "))]
    Ambiguous {
        /// The name.
        reference: String,
        /// The records with this name.
        candidates: Vec<String>,
    },
}

fn hint(candidates: &[String]) -> String {
    if candidates.is_empty() {
        "; it holds no record yet: `nas-assay run nb201-micro` makes one".to_owned()
    } else {
        format!("; it holds {}", candidates.join(", "))
    }
}

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

    /// `HASH@CLASS`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first 12 digits of the hash, and the device class.
    pub fn short(&self) -> String {
        let (hash, class) = self.0.split_once('@').unwrap_or((&self.0, ""));
        format!("{}@{class}", &hash[..12.min(hash.len())])
    }
}

impl Store {
    /// Opens a store. The folder is created by the first write.
    ///
    /// # Errors
    /// If a newer version of the program wrote it, or it cannot be read.
    pub fn open(root: impl AsRef<Path>) -> Result<Self, StoreError> {
        let root = root.as_ref();
        let path = root.join("FORMAT");
        match fs::read_to_string(&path) {
            Ok(text) if text.trim().parse().is_ok_and(|format: u32| format <= STORE_FORMAT) => {}
            Ok(text) => {
                let found = text.trim().chars().take(20).collect();
                return Err(StoreError::Newer { path: root.to_owned(), found });
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(StoreError::Read { path, source }),
        }
        Ok(Self { root: root.to_owned() })
    }

    /// The folder of the store.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The path of the result of a stage: `stages/KIND/KEY` and `ending`, such as `.json`.
    pub fn stage(&self, kind: &str, key: &StageKey, ending: &str) -> PathBuf {
        self.root.join("stages").join(kind).join(format!("{key}{ending}"))
    }

    /// Reads a JSON file of the store; `None` if there is none.
    ///
    /// # Errors
    /// If it cannot be read or parsed.
    pub fn read_json<T: DeserializeOwned>(&self, path: &Path) -> Result<Option<T>, StoreError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(StoreError::Read { path: path.to_owned(), source }),
        };
        serde_json::from_str(&text)
            .map(Some)
            .map_err(|error| StoreError::Malformed { path: path.to_owned(), problem: error.to_string() })
    }

    /// Writes a value as indented JSON.
    ///
    /// # Errors
    /// If it cannot be written. An older file stays as it was.
    pub fn write_json<T: Serialize>(&self, path: &Path, value: &T) -> Result<(), StoreError> {
        let text = to_json(value).map_err(|error| StoreError::Malformed {
            path: path.to_owned(),
            problem: format!("a value cannot be written as JSON: {error}"),
        })?;
        Ok(write_atomic(path, text.as_bytes())?)
    }

    /// Writes the spec and the provenance of a record. A run does this before its first stage.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn begin(&self, id: &RecordId, canonical_spec: &str, provenance: &Provenance) -> Result<(), StoreError> {
        write_atomic(&self.root.join("FORMAT"), format!("{STORE_FORMAT}\n").as_bytes())?;
        write_atomic(&self.folder(id).join("spec.json"), canonical_spec.as_bytes())?;
        self.write_json(&self.folder(id).join("provenance.json"), provenance)
    }

    /// Writes a finished record and makes it the latest.
    ///
    /// # Errors
    /// If a file cannot be written.
    pub fn finish(&self, id: &RecordId, record: &Record) -> Result<(), StoreError> {
        self.write_json(&self.folder(id).join("record.json"), record)?;
        Ok(write_atomic(&self.root.join("latest"), format!("{}\n", id.as_str()).as_bytes())?)
    }

    /// Reads a finished record; `None` if there is none.
    ///
    /// # Errors
    /// If it cannot be read or parsed.
    pub fn record(&self, id: &RecordId) -> Result<Option<Record>, StoreError> {
        let path = self.folder(id).join("record.json");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(StoreError::Read { path, source }),
        };
        let record = Record::from_json(&text);
        record.map(Some).map_err(|error| StoreError::Malformed { path, problem: error.to_string() })
    }

    /// Reads the provenance of a record; `None` if there is none.
    ///
    /// # Errors
    /// If it cannot be read or parsed.
    pub fn provenance(&self, id: &RecordId) -> Result<Option<Provenance>, StoreError> {
        self.read_json(&self.folder(id).join("provenance.json"))
    }

    /// The names of all finished records, sorted.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn records(&self) -> Result<Vec<RecordId>, StoreError> {
        let folder = self.root.join("records");
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(StoreError::Read { path: folder, source }),
        };
        let mut found: Vec<RecordId> = entries
            .filter_map(|entry| Some(RecordId(entry.ok()?.file_name().into_string().ok()?)))
            .filter(|id| self.folder(id).join("record.json").is_file())
            .collect();
        found.sort();
        Ok(found)
    }

    /// Finds a finished record by `latest`, by the first digits of the hash of its spec, or by the name of its spec.
    ///
    /// # Errors
    /// If no record has this name, or several records have it.
    pub fn find(&self, reference: &str) -> Result<RecordId, StoreError> {
        let records = self.records()?;
        let wanted = if reference == "latest" { self.latest()? } else { Some(reference.to_lowercase()) };
        let mut fitting = wanted.map_or_else(Vec::new, |prefix| {
            records.iter().filter(|id| id.0.starts_with(&prefix)).cloned().collect::<Vec<_>>()
        });
        if fitting.is_empty() && reference != "latest" {
            fitting = self.called(reference, &records)?;
        }
        let names = |ids: &[RecordId]| ids.iter().map(RecordId::short).collect();
        match fitting.len() {
            1 => Ok(fitting.remove(0)),
            0 => Err(StoreError::Unknown {
                store: self.root.clone(),
                reference: reference.to_owned(),
                candidates: names(&records),
            }),
            _ => Err(StoreError::Ambiguous { reference: reference.to_owned(), candidates: names(&fitting) }),
        }
    }

    /// The records whose spec has this name. Records that cannot be parsed are left out.
    fn called(&self, name: &str, records: &[RecordId]) -> Result<Vec<RecordId>, StoreError> {
        #[derive(Deserialize)]
        struct Named {
            name: String,
        }
        let mut found = Vec::new();
        for id in records {
            match self.read_json::<Named>(&self.folder(id).join("record.json")) {
                Ok(Some(named)) if named.name == name => found.push(id.clone()),
                Ok(_) | Err(StoreError::Malformed { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(found)
    }

    fn latest(&self) -> Result<Option<String>, StoreError> {
        let path = self.root.join("latest");
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text.trim().to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StoreError::Read { path, source }),
        }
    }

    fn folder(&self, id: &RecordId) -> PathBuf {
        self.root.join("records").join(id.as_str())
    }
}

/// A value as indented JSON with a final newline.
///
/// # Errors
/// If a map key is not a string, or a number has no JSON form.
pub fn to_json<T: Serialize>(value: &T) -> serde_json::Result<String> {
    serde_json::to_string_pretty(value).map(|text| text + "\n")
}
