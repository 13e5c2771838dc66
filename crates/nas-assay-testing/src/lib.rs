//! Shared code for the tests of nas-assay: access to files of the data root.

use std::path::{Path, PathBuf};

/// The path of a file in the data root. The environment variable `NAS_ASSAY_DATA` names the data root.
///
/// Tests that need it are ignored by default. Run them with `cargo test -- --include-ignored`.
///
/// # Panics
/// If the variable is not set or the file does not exist.
pub fn data_file(relative: &str) -> PathBuf {
    let path = data_root().join(relative);
    assert!(path.is_file(), "{} is not there: NAS_ASSAY_DATA names another folder", path.display());
    path
}

/// The data root, which the environment variable `NAS_ASSAY_DATA` names.
///
/// # Panics
/// If the variable is not set or does not name a folder.
pub fn data_root() -> PathBuf {
    let Some(folder) = std::env::var_os("NAS_ASSAY_DATA") else { panic!("NAS_ASSAY_DATA is not set") };
    std::fs::canonicalize(Path::new(&folder)).unwrap_or_else(|error| panic!("NAS_ASSAY_DATA: {error}"))
}

/// The path of a file in `formats/` beside the data root: samples of official files, and lists of what they have.
///
/// # Panics
/// If the data root is not named or the file does not exist.
pub fn sample_file(relative: &str) -> PathBuf {
    let path = data_root().parent().unwrap_or(Path::new("/")).join("formats").join(relative);
    assert!(path.is_file(), "{} is not there: it belongs beside the data root", path.display());
    path
}
