//! Commands of the program in messages: a user can copy them as they are.

use std::path::Path;

use super::Store;

/// The command of the program with these arguments that uses this store: `nas-assay show latest`, or
/// `nas-assay show latest --store FOLDER` for another store than [`Store::DEFAULT`].
pub fn command(store: &Path, arguments: &str) -> String {
    if store == Path::new(Store::DEFAULT) {
        return format!("nas-assay {arguments}");
    }
    format!("nas-assay {arguments} --store {}", quoted(&store.to_string_lossy()))
}

/// A word of a shell's command line. Only a word with a character that could mean something else is quoted.
pub fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "/._-+@%:=,".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_named_unless_it_is_the_usual_one() {
        assert_eq!(command(Path::new(".nas-assay"), "store clean"), "nas-assay store clean");
        assert_eq!(command(Path::new("./a/b-c.1"), "store clean"), "nas-assay store clean --store ./a/b-c.1");
    }

    /// A shell makes the same word of it.
    #[test]
    #[cfg(unix)]
    fn a_folder_with_any_name_stays_one_word() {
        for name in ["two words", "it's", "$HOME", "a;b", "*", "~", "a\\b", "\"", "é", "(a)", "`b`", "#"] {
            let line = command(Path::new(name), "show");
            let script = line.replace("nas-assay show --store", "printf %s");
            let said = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8_lossy(&said.stdout), name, "{line}");
        }
    }
}
