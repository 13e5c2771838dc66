//! File operations that survive a kill, a power cut, a full disk and a second writer: a file is complete or absent.
//!
//! All files of a store are read, written and removed by these functions. So one [`hook`] sees every operation, and tests can stop a program
//! or let an operation fail at each of them.

mod copy;
pub mod hook;
mod output;
mod temporary;

pub use copy::{CopyError, keep_by_digest};
pub use output::{write_output, write_output_by};
pub use temporary::{Ended, end_writes, is_temporary};

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use hook::{Operation, guarded};
use temporary::Temporary;

/// A file could not be written. The attempt leaves nothing behind.
#[derive(Debug, thiserror::Error)]
#[error("failed to write {}: {source}", path.display())]
pub struct WriteError {
    /// The file.
    pub path: PathBuf,
    /// The error of the operating system.
    pub source: io::Error,
}

/// Writes `bytes` to a temporary file in the same folder, flushes it to the disk, renames it to `path`, and flushes the folder. A reader
/// sees the old content or the new content, never a part; and after a return without an error, a power cut does not undo the write.
/// Missing folders are created. Many processes, on one machine or on several, can write the same file at once: each has a temporary file
/// of its own, with a random name that did not exist before.
///
/// # Errors
/// If a step fails (full disk, missing permission). The temporary file is removed. An older file at `path` stays as it was, except if only
/// the last step failed: then the new content is there, but a power cut may undo it.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    let written = temporary_of(path, bytes).and_then(|temporary| {
        temporary.rename(path)?;
        sync_folder(folder_of(path))
    });
    written.map_err(|source| WriteError { path: path.to_owned(), source })
}

/// Like [`write_atomic`], but never replaces a file: `false` if there is one at `path`. Of several writers, exactly one gets `true`.
///
/// # Errors
/// If a step fails.
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<bool, WriteError> {
    let written = temporary_of(path, bytes).and_then(|temporary| {
        match temporary.link(path) {
            Ok(()) => {}
            // A network file system can do this twice, if the answer to the first time was lost: then the file is this one.
            Err(error) if error.kind() == ErrorKind::AlreadyExists && temporary.has_two_names() => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(false),
            Err(error) => return Err(error),
        }
        sync_folder(folder_of(path))?;
        Ok(true)
    });
    written.map_err(|source| WriteError { path: path.to_owned(), source })
}

/// The content of a file; `None` if there is no such file.
///
/// # Errors
/// If it cannot be read, or is not a regular file: a read from a pipe might never end.
pub fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let regular = || match fs::metadata(path)? {
        there if there.is_file() => fs::read(path),
        there if there.is_dir() => Err(ErrorKind::IsADirectory.into()),
        _ => Err(io::Error::new(ErrorKind::InvalidInput, "it is not a regular file")),
    };
    match guarded(Operation::Read, path, regular) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Removes a file and flushes its folder; `false` if there was no such file.
///
/// # Errors
/// If it cannot be removed.
pub fn remove(path: &Path) -> io::Result<bool> {
    match guarded(Operation::Remove, path, || fs::remove_file(path)) {
        Ok(()) => sync_folder(folder_of(path)).map(|()| true),
        Err(error) if is_absent(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// A lock on a file, held until it is dropped. It ends with the process, too.
#[derive(Debug)]
pub struct Lock {
    _file: Option<File>,
}

/// Takes a shared lock on the file at `path`, and waits for it if needed. The file is created if it is missing. A file system without
/// locks counts as locked.
///
/// # Errors
/// If the file cannot be opened or created.
pub fn lock_shared(path: &Path) -> io::Result<Lock> {
    let file = open_lock(path)?;
    match file.lock_shared() {
        Ok(()) => Ok(Lock { _file: Some(file) }),
        Err(error) if error.kind() == ErrorKind::Unsupported => Ok(Lock { _file: None }),
        Err(error) => Err(error),
    }
}

/// Takes the only lock on the file at `path`; `None` if another process has a lock on it. A file system without locks counts as locked.
///
/// # Errors
/// If the file cannot be opened or locked.
pub fn lock_alone(path: &Path) -> io::Result<Option<Lock>> {
    let file = open_lock(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock { _file: Some(file) })),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => Ok(Some(Lock { _file: None })),
        Err(fs::TryLockError::Error(error)) => Err(error),
    }
}

fn open_lock(path: &Path) -> io::Result<File> {
    create_folder(folder_of(path))?;
    guarded(Operation::Create, path, || {
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)
    })
}

/// A path below a file, or below a folder that is missing, has no file either.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A flushed temporary file for `path` with this content.
fn temporary_of(path: &Path, bytes: &[u8]) -> io::Result<Temporary> {
    let mut temporary = Temporary::beside(path)?;
    guarded(Operation::Write, path, || temporary.file_mut().write_all(bytes))?;
    guarded(Operation::Sync, path, || temporary.file().sync_all())?;
    Ok(temporary)
}

/// Creates a folder with its parents, and flushes the folders that got a new entry.
fn create_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let missing: Vec<&Path> =
        folder.ancestors().take_while(|above| !above.as_os_str().is_empty() && !above.is_dir()).collect();
    guarded(Operation::CreateFolder, folder, || fs::create_dir_all(folder))?;
    missing.iter().try_for_each(|new| sync_folder(folder_of(new)))
}

/// Flushes the entries of a folder: the names of its files.
fn sync_folder(folder: &Path) -> io::Result<()> {
    guarded(Operation::SyncFolder, folder, || {
        // Elsewhere a folder cannot be opened as a file.
        if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
    })
}

#[cfg(test)]
mod tests;
