//! Lines that a document shows of an example.

use std::path::Path;

/// Whether the lines stand one after another in a file of the folder, at any depth of indentation.
pub fn stands_in(folder: &Path, text: &str) -> Result<(), String> {
    let plain = |text: &str| text.lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>();
    let lines = plain(text.trim());
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if std::fs::read_to_string(&path)
                .is_ok_and(|file| plain(&file).windows(lines.len()).any(|part| part == lines))
            {
                return Ok(());
            }
        }
    }
    Err(format!("no file of {} has these lines:\n{text}", folder.display()))
}
