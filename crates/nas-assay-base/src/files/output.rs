//! Files that a user names: where reports and tables are written to.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::hook::{Operation, guarded};
use super::temporary::Temporary;
use super::{WriteError, folder_of, sync_folder};

/// Writes `bytes` to the path that a user gave, and keeps what is there as what it is: a device, a pipe and a symbolic link are written
/// through; a file with several names, or of another owner, gets the new content in place; every other file is replaced as a whole and keeps
/// its permissions.
///
/// # Errors
/// If the folder does not exist, or a step fails. A file that is replaced as a whole stays as it was then.
pub fn write_output(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    write_output_by(path, |file| file.write_all(bytes))
}

/// [`write_output`] of what `write` writes, once and part by part, so that it need not be held in memory.
///
/// # Errors
/// Those of [`write_output`], and the error of `write`: then a file that is replaced as a whole stays as it was, and no new one is there.
pub fn write_output_by(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), WriteError> {
    let failed = |source| WriteError { path: path.to_owned(), source };
    match fs::metadata(path) {
        Ok(there) if there.is_file() => replace(path, &there, write).map_err(failed),
        // A device, a pipe; a folder is an error of the system.
        Ok(_) => OpenOptions::new().write(true).open(path).and_then(|mut file| write(&mut file)).map_err(failed),
        Err(error) if error.kind() == ErrorKind::NotFound => create(path, write).map_err(failed),
        Err(error) => Err(failed(error)),
    }
}

/// Writes a temporary file for `path`, and flushes it to the disk.
fn fill(
    temporary: &mut Temporary,
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    guarded(Operation::Write, path, || Ok(()))?;
    write(temporary.file_mut())?;
    guarded(Operation::Sync, path, || temporary.file().sync_all())
}

fn create(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let folder = folder_of(path);
    if !folder.is_dir() {
        return Err(io::Error::new(ErrorKind::NotFound, format!("the folder {} does not exist", folder.display())));
    }
    if fs::symlink_metadata(path).is_ok() {
        // A symbolic link to a file that does not exist yet.
        return in_place(path, write);
    }
    let mut temporary = Temporary::beside(path)?;
    fill(&mut temporary, path, write)?;
    temporary.rename(path)?;
    sync_folder(folder)
}

fn replace(path: &Path, there: &Metadata, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    if names_of(there) > 1 {
        return in_place(path, write);
    }
    // The file itself, if `path` is a symbolic link.
    let target: PathBuf = fs::canonicalize(path)?;
    // An operating system asks only the folder for a permission to rename; a file that may not be written stays.
    OpenOptions::new().write(true).open(&target)?;
    let mut temporary = match Temporary::beside(&target) {
        Ok(made) => made,
        // The folder may not be written, the file may. After any other error, such as a full disk, the old content is worth more than nothing.
        Err(error) if matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) => {
            return in_place(&target, write);
        }
        Err(error) => return Err(error),
    };
    if owner(&temporary.file().metadata()?) != owner(there) {
        return in_place(&target, write);
    }
    fill(&mut temporary, &target, write)?;
    temporary.file().set_permissions(there.permissions())?;
    temporary.rename(&target)?;
    sync_folder(folder_of(&target))
}

fn in_place(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut file = File::create(path)?;
    write(&mut file)?;
    file.sync_all()
}

/// How many names a file has; 1 where the system does not say.
#[cfg_attr(not(unix), allow(unused_variables))]
fn names_of(file: &Metadata) -> u64 {
    #[cfg(unix)]
    return std::os::unix::fs::MetadataExt::nlink(file);
    #[cfg(not(unix))]
    return 1;
}

/// The number of a file's owner; 0 where the system does not say.
#[cfg_attr(not(unix), allow(unused_variables))]
fn owner(file: &Metadata) -> u32 {
    #[cfg(unix)]
    return std::os::unix::fs::MetadataExt::uid(file);
    #[cfg(not(unix))]
    return 0;
}
