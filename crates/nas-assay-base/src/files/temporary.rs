//! Temporary files: what a file is until it has its name. A process that ends can remove all of its own.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use tempfile::{Builder, NamedTempFile};

use super::hook::{Operation, guarded};
use super::{create_folder, folder_of};

/// The ending of temporary files.
const ENDING: &str = ".tmp";

/// Whether a file name is that of a temporary file of [`write_atomic`](super::write_atomic). Nothing reads such a file; a killed writer
/// leaves it behind.
pub fn is_temporary(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(ENDING)
}

/// The temporary files of this process.
static UNDER_WAY: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn under_way() -> MutexGuard<'static, Vec<PathBuf>> {
    UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// No file of this process begins, or gets its name, while this is held.
#[must_use = "writes go on when it is dropped"]
#[derive(Debug)]
pub struct Ended {
    _all: Option<MutexGuard<'static, Vec<PathBuf>>>,
}

/// How long the end of a process waits for an operation on a file, which a broken network may hold for ever.
const PATIENCE: Duration = Duration::from_secs(2);

/// Removes the temporary files of this process, for one that ends now: hold the result until then. If an operation on a file takes longer than two
/// seconds, they stay.
pub fn end_writes() -> Ended {
    let start = Instant::now();
    let all = loop {
        match UNDER_WAY.try_lock() {
            Ok(all) => break Some(all),
            Err(TryLockError::Poisoned(poisoned)) => break Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) if start.elapsed() > PATIENCE => break None,
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(1)),
        }
    };
    for path in all.iter().flat_map(|all| all.iter()) {
        // Whoever ends can do no more.
        let _ = std::fs::remove_file(path);
    }
    Ended { _all: all }
}

/// A temporary file, which is removed when it is dropped, or when [`end_writes`] is called.
pub(super) struct Temporary {
    // Dropped before its entry is.
    file: NamedTempFile,
    _listed: Listed,
}

/// The entry of a temporary file.
struct Listed(PathBuf);

impl Drop for Listed {
    fn drop(&mut self) {
        under_way().retain(|path| *path != self.0);
    }
}

impl Temporary {
    /// An empty temporary file for `path`, in its folder, which is created if it is missing.
    pub(super) fn beside(path: &Path) -> io::Result<Self> {
        let folder = folder_of(path);
        create_folder(folder)?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        // A file system allows 255 bytes for a name; the random letters and the ending need some of them.
        let prefix: String = format!(".{name}").chars().take(60).collect::<String>() + ".";
        guarded(Operation::Create, path, || {
            let mut builder = Builder::new();
            builder.prefix(&prefix).rand_bytes(12).suffix(ENDING);
            #[cfg(unix)]
            builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
            let mut all = under_way();
            let file = builder.tempfile_in(folder)?;
            all.push(file.path().to_owned());
            Ok(Self { _listed: Listed(file.path().to_owned()), file })
        })
    }

    pub(super) fn file(&self) -> &File {
        self.file.as_file()
    }

    pub(super) fn file_mut(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// Gives the file the name `path`, in place of a file that has it.
    pub(super) fn rename(self, path: &Path) -> io::Result<()> {
        let Self { file, _listed } = self;
        let mut held = Some(file);
        guarded(Operation::Rename, path, || {
            let _all = under_way();
            let Some(file) = held.take() else { return Ok(()) };
            file.persist(path).map(drop).map_err(|failed| {
                held = Some(failed.file);
                failed.error
            })
        })
    }

    /// Gives the file the name `path`, if no file has it: a hard link fails then, on every file system.
    pub(super) fn link(&self, path: &Path) -> io::Result<()> {
        guarded(Operation::Rename, path, || {
            let _all = under_way();
            std::fs::hard_link(self.file.path(), path)
        })
    }

    /// Whether the file has a second name, and so was linked.
    pub(super) fn has_two_names(&self) -> bool {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            self.file().metadata().is_ok_and(|there| there.nlink() == 2)
        }
        #[cfg(not(unix))]
        false
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_link_that_was_made_is_known_by_the_second_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let temporary = Temporary::beside(&path).unwrap();
        assert!(!temporary.has_two_names());
        temporary.link(&path).unwrap();
        assert!(temporary.link(&path).is_err() && temporary.has_two_names());
        let other = Temporary::beside(&path).unwrap();
        assert!(other.link(&path).is_err() && !other.has_two_names());
    }
}
