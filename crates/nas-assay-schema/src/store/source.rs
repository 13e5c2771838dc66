//! Files of stores that lie elsewhere: in another folder, or in an archive. An archive is made here, too.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Cursor, Read, Write};
use std::path::{Path, PathBuf};

use super::archive::{ARCHIVE_FORMAT, Act, Archive, Packed, is_kept, write_end, write_entry, write_packed};
use super::merge::MergeError;
use super::place::{check, record_at};
use super::survey::{Condition, Entry, Kind};
use super::{Held, STORE_FORMAT, Store, StoreError, read};

/// Whole files of a store, to be merged into another one.
pub struct Source {
    path: PathBuf,
    from: From,
}

enum From {
    Folder(Folder),
    Archive(Box<Archive>),
}

/// The files of a folder that can be used.
struct Folder {
    store: Store,
    files: Vec<(String, Kind)>,
    left_out: Vec<Entry>,
}

impl Source {
    /// The store in a folder. All its files are checked.
    ///
    /// # Errors
    /// If there is no store, or it, or a file of it, is of another format.
    pub fn folder(path: &Path) -> Result<Self, MergeError> {
        let no_store = |what| MergeError::NoStore { path: path.to_owned(), what };
        match fs::metadata(path) {
            Ok(there) if there.is_dir() => {}
            Ok(_) => return Err(no_store("it is a file")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(no_store("there is nothing")),
            Err(source) => return Err(MergeError::Read { path: path.to_owned(), source }),
        }
        let folder = Folder::of(&Store::open(path)?)?;
        if folder.files.is_empty() && folder.left_out.is_empty() {
            return Err(no_store("it holds no file of a store"));
        }
        Ok(Self { path: path.to_owned(), from: From::Folder(folder) })
    }

    /// An archive in a file. What is no regular file, such as a pipe, is read to its end at once.
    ///
    /// # Errors
    /// If it cannot be read, or does not begin as an archive does, or is of another format.
    pub fn archive(path: &Path) -> Result<Self, MergeError> {
        let failed = |source| MergeError::Read { path: path.to_owned(), source };
        let mut file = File::open(path).map_err(failed)?;
        if file.metadata().map_err(failed)?.is_file() {
            let archive = Archive::open(path, Box::new(BufReader::new(file)))?;
            return Ok(Self { path: path.to_owned(), from: From::Archive(Box::new(archive)) });
        }
        Self::archive_from(path, &mut file)
    }

    /// An archive that is read to its end at once; `path` is its name in errors.
    ///
    /// # Errors
    /// As [`Source::archive`].
    pub fn archive_from(path: &Path, from: &mut dyn Read) -> Result<Self, MergeError> {
        let mut content = Vec::new();
        from.read_to_end(&mut content).map_err(|source| MergeError::Read { path: path.to_owned(), source })?;
        let archive = Archive::open(path, Box::new(Cursor::new(content)))?;
        Ok(Self { path: path.to_owned(), from: From::Archive(Box::new(archive)) })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The damaged files of a folder, which are not merged. An archive with a damaged file is an error.
    pub fn left_out(&self) -> &[Entry] {
        match &self.from {
            From::Folder(folder) => &folder.left_out,
            From::Archive(_) => &[],
        }
    }

    /// The machines from which the file at a place may come, as far as they are known, sorted.
    pub(super) fn hosts(&self, place: &str) -> Result<Vec<String>, StoreError> {
        match &self.from {
            From::Folder(folder) => folder.store.hosts(place),
            From::Archive(archive) => Ok(archive.host().map(str::to_owned).into_iter().collect()),
        }
    }

    /// Gives each wanted file to `act`, after it was checked.
    ///
    /// # Errors
    /// If a file cannot be read or is damaged, or by `act`.
    pub(super) fn visit<E: std::convert::From<MergeError>>(
        &mut self,
        wanted: &dyn Fn(&str) -> bool,
        act: &mut Act<'_, E>,
    ) -> Result<(), E> {
        match &mut self.from {
            From::Folder(folder) => folder.visit(wanted, act),
            From::Archive(archive) => archive.visit(wanted, act),
        }
    }
}

impl Folder {
    fn of(store: &Store) -> Result<Self, StoreError> {
        let (mut files, mut left_out) = (Vec::new(), Vec::new());
        for entry in store.survey()?.into_iter().filter(|entry| is_kept(&entry.place, entry.kind)) {
            match entry.condition {
                Condition::Whole => files.push((entry.place, entry.kind)),
                // Its content is known, so that a damaged one is no loss.
                Condition::Damaged(_) if entry.kind == Kind::Store => {}
                Condition::Damaged(_) => left_out.push(entry),
                Condition::Newer(_) | Condition::Unreadable(_) => {
                    // The error itself. What can be used now was only being replaced.
                    if checked(store, &entry.place, entry.kind)?.is_some() {
                        files.push((entry.place, entry.kind));
                    }
                }
                Condition::Leftover(_) | Condition::Foreign => {}
            }
        }
        Ok(Self { store: store.clone(), files, left_out })
    }

    fn visit<E: std::convert::From<MergeError>>(
        &self,
        wanted: &dyn Fn(&str) -> bool,
        act: &mut Act<'_, E>,
    ) -> Result<(), E> {
        for (place, kind) in self.files.iter().filter(|(place, _)| wanted(place)) {
            match checked(&self.store, place, *kind).map_err(MergeError::from)? {
                Some(content) => act(place, *kind, content)?,
                // A run removes its progress when it has the result.
                None if matches!(kind, Kind::Partial | Kind::Resume) => {}
                None => {
                    let path = self.store.root().join(place);
                    return Err(MergeError::Read { path, source: io::ErrorKind::NotFound.into() }.into());
                }
            }
        }
        Ok(())
    }
}

/// The content of a file of a store, if it is there.
fn checked(store: &Store, place: &str, kind: Kind) -> Result<Option<Vec<u8>>, StoreError> {
    let path = store.root().join(place);
    let Some(content) = read(&path)? else { return Ok(None) };
    check(kind, place, &path, &content)?;
    Ok(Some(content))
}

impl Store {
    /// The machines of the runs of the record to which the file at a place belongs, or of all runs if it belongs to no record; sorted. Runs
    /// that did not say their machine are passed over.
    pub(super) fn hosts(&self, place: &str) -> Result<Vec<String>, StoreError> {
        let ids = record_at(place).map_or_else(|| self.begun(), |id| Ok(vec![id]))?;
        let mut hosts = BTreeSet::new();
        for id in ids {
            for held in self.provenance(&id)? {
                if let Held::Whole(provenance) = held {
                    hosts.extend(provenance.host);
                }
            }
        }
        Ok(hosts.into_iter().collect())
    }

    /// Makes ready to pack the store: all its files are checked. `host` is the name of this machine, `version` that of the program.
    ///
    /// # Errors
    /// If a file cannot be read, or is of a newer format.
    pub fn pack(&self, host: Option<&str>, version: &str) -> Result<Pack, StoreError> {
        let packed = Packed {
            format: ARCHIVE_FORMAT,
            store_format: STORE_FORMAT,
            version: version.to_owned(),
            host: host.map(str::to_owned),
        };
        Ok(Pack { folder: Folder::of(self)?, packed })
    }
}

/// The files of a store that an archive of it holds.
pub struct Pack {
    folder: Folder,
    packed: Packed,
}

/// An archive could not be written.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// A file of the store cannot be read, or is damaged since it was checked.
    #[error(transparent)]
    Store(#[from] MergeError),
    /// The archive cannot be written.
    #[error("failed to write an archive: {0}")]
    Write(#[from] io::Error),
}

impl Pack {
    /// Whether there is nothing but the version of the store.
    pub fn is_empty(&self) -> bool {
        self.folder.files.iter().all(|(_, kind)| *kind == Kind::Store)
    }

    /// The damaged files of the store, which are left out.
    pub fn left_out(&self) -> &[Entry] {
        &self.folder.left_out
    }

    /// Writes the archive: the same bytes for the same files, machine and program. Returns the number of files in it.
    ///
    /// # Errors
    /// If a file cannot be read, or the archive cannot be written: what was written is truncated then, which every reader notices.
    pub fn write(&self, to: &mut dyn Write) -> Result<usize, PackError> {
        let mut to = BufWriter::new(to);
        write_packed(&mut to, &self.packed)?;
        let mut count = 0;
        self.folder.visit(&|_| true, &mut |place, _, content| {
            count += 1;
            write_entry(&mut to, place, &content).map_err(PackError::from)
        })?;
        write_end(&mut to)?;
        to.flush()?;
        Ok(count)
    }
}
