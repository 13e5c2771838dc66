//! Lets tests see every operation on a file before it is done, and stop it.

use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

/// A kind of operation on a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Creates a folder and its parents.
    CreateFolder,
    /// Creates a temporary file, or opens a lock.
    Create,
    /// Writes the content of a temporary file.
    Write,
    /// Flushes a temporary file to the disk.
    Sync,
    /// Gives a temporary file its final name.
    Rename,
    /// Flushes a folder to the disk.
    SyncFolder,
    /// Removes a file.
    Remove,
    /// Reads a whole file.
    Read,
}

/// A function that is called before each operation with the file's final path. An error takes the place of the operation.
pub type Hook = dyn Fn(Operation, &Path) -> io::Result<()> + Send + Sync;

static HOOK: RwLock<Option<Arc<Hook>>> = RwLock::new(None);

/// Sets the hook of this process, or takes it away. It is meant for tests alone.
pub fn set(hook: Option<Arc<Hook>>) {
    *HOOK.write().unwrap_or_else(PoisonError::into_inner) = hook;
}

/// Does an operation after the hook has allowed it, and again each time a signal interrupts it.
pub(super) fn guarded<T>(operation: Operation, path: &Path, mut act: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        let hook = HOOK.read().unwrap_or_else(PoisonError::into_inner).clone();
        match hook.map_or(Ok(()), |hook| hook(operation, path)).and_then(|()| act()) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}
