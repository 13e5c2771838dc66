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

/// Compares a generated page of the book with its file, `docs/src/PAGE`; writes the file if `NAS_ASSAY_UPDATE_BOOK` is `1`. `command` is
/// the command that makes the pages of this test, which a page that is not current names.
///
/// # Panics
/// If the file has another text, or can't be written.
pub fn book_page(page: &str, text: &str, command: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/src").join(page);
    if updates_book() {
        let written =
            std::fs::create_dir_all(path.parent().unwrap_or(&path)).and_then(|()| std::fs::write(&path, text));
        written.unwrap_or_else(|error| panic!("docs/src/{page}: {error}"));
        return;
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = found.lines().zip(text.lines()).position(|(found, made)| found != made);
    let line = differs.unwrap_or_else(|| found.lines().count().min(text.lines().count()));
    let [found_line, made_line] = [&*found, text].map(|text| text.lines().nth(line).unwrap_or("(the end)"));
    assert!(
        found == text,
        "docs/src/{page} is not current from line {}:\n found: {found_line}\n  made: {made_line}\nmake it again: \
         NAS_ASSAY_UPDATE_BOOK=1 {command}",
        line + 1
    );
}

/// Whether tests write the generated pages of the book.
fn updates_book() -> bool {
    std::env::var_os("NAS_ASSAY_UPDATE_BOOK").is_some_and(|value| value == "1")
}
