//! What the tests of nas-assay share: files of the data root.

use std::path::{Path, PathBuf};

/// The path of a file under the data root that `NAS_ASSAY_DATA` names.
///
/// Tests that need it are ignored, with the reason, until they are asked for: `cargo test -- --include-ignored`.
///
/// # Panics
/// If the variable is not set or the file is not there.
pub fn data_file(relative: &str) -> PathBuf {
    let path = data_root().join(relative);
    assert!(path.is_file(), "{} is not there: NAS_ASSAY_DATA names another folder", path.display());
    path
}

/// The data root that `NAS_ASSAY_DATA` names.
///
/// # Panics
/// If the variable is not set, or names no folder.
pub fn data_root() -> PathBuf {
    let Some(folder) = std::env::var_os("NAS_ASSAY_DATA") else { panic!("NAS_ASSAY_DATA is not set") };
    std::fs::canonicalize(Path::new(&folder)).unwrap_or_else(|error| panic!("NAS_ASSAY_DATA: {error}"))
}
