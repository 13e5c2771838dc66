//! The private folder in which questions have their files.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tempfile::TempDir;

/// The beginning of the folder's name. The number of the process follows.
const NAME: &str = "nas-assay-workers-";

/// A folder of an ended process is removed if nothing was written into it for so long. Another machine or container may have processes that
/// cannot be seen from here.
const LEFT: Duration = Duration::from_secs(3600);

/// The folders of this process.
static OWN: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Removes the folders of this process, for a program that ends without cleaning up.
pub(crate) fn remove_all() {
    for folder in &*OWN.lock().unwrap_or_else(PoisonError::into_inner) {
        let _ = std::fs::remove_dir_all(folder);
    }
}

/// A folder that only this user can read. It is removed at the end.
#[derive(Debug)]
pub(crate) struct SharedFolder(TempDir);

impl Drop for SharedFolder {
    fn drop(&mut self) {
        OWN.lock().unwrap_or_else(PoisonError::into_inner).remove(self.0.path());
    }
}

impl SharedFolder {
    /// Makes the folder below the system's folder for temporary files, and removes those of processes that have ended without removing
    /// theirs.
    pub fn new() -> io::Result<Self> {
        let place = std::env::temp_dir();
        remove_left(&place, LEFT);
        let folder = tempfile::Builder::new().prefix(&format!("{NAME}{}-", std::process::id())).tempdir_in(&place)?;
        OWN.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.path().to_owned());
        Ok(Self(folder))
    }

    /// The path of a file in it.
    pub fn file(&self, id: u64) -> PathBuf {
        self.0.path().join(format!("{id}.safetensors"))
    }
}

/// Removes the folders of processes that are not there any more, and that are as old as `age`. Where `/proc` does not tell, nothing is removed.
fn remove_left(place: &Path, age: Duration) {
    if !Path::new("/proc/self").exists() {
        return;
    }
    for entry in std::fs::read_dir(place).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(NAME)?.split('-').next()?.parse::<u32>().ok());
        let ended = process.is_some_and(|process| !Path::new(&format!("/proc/{process}")).exists());
        let written = entry.metadata().and_then(|held| held.modified()).ok().and_then(|time| time.elapsed().ok());
        if ended && written.is_some_and(|since| since >= age) && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            // A folder of another user stays.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_ended_processes_are_removed_and_others_stay() {
        let place = tempfile::tempdir().unwrap();
        let ended = format!("{NAME}4194305-abc"); // Above the greatest number of a process.
        let own = format!("{NAME}{}-abc", std::process::id());
        for name in [&ended, &own, "other-4194305-abc", "nas-assay-workers-x"] {
            std::fs::create_dir(place.path().join(name)).unwrap();
        }
        std::fs::write(place.path().join(&ended).join("1.safetensors"), "x").unwrap();
        remove_left(place.path(), LEFT);
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 4, "they are new");
        remove_left(place.path(), Duration::ZERO);
        let mut left: Vec<String> = std::fs::read_dir(place.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        let mut expected = vec![own, "other-4194305-abc".to_owned(), "nas-assay-workers-x".to_owned()];
        expected.sort();
        assert_eq!(left, expected);
    }
}
