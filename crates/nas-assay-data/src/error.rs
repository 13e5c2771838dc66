//! What can be wrong with an official file.

use std::path::PathBuf;

use nas_assay_base::text::{excerpt_of, shortened};

use crate::pickle::PickleError;

/// The name of a file: the path in an archive may have any length.
fn name(file: &str) -> std::borrow::Cow<'_, str> {
    excerpt_of(file, 200)
}

/// A source cannot be read, or is not what it should be. Nothing is written then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A file or folder cannot be read.
    #[error("failed to read {}: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// A file ends too early, or its container is damaged.
    #[error("{}: {}; the file may be truncated or damaged: fetch it again", name(file), shortened(problem))]
    Damaged {
        /// The file, or the file within an archive.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// A file is whole, but not what was expected.
    #[error("{}: {}", name(file), shortened(problem))]
    Content {
        /// The file, or the file within an archive.
        file: String,
        /// What it is, and what was expected.
        problem: String,
    },
    /// The sources do not have all that a table needs.
    #[error("{}", shortened(.0))]
    Incomplete(String),
}

impl DataError {
    /// A file is not what was expected.
    pub fn content(file: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Content { file: file.into(), problem: problem.into() }
    }

    /// A pickle in `file` cannot be read.
    pub fn pickle(file: impl Into<String>, error: &PickleError) -> Self {
        use crate::pickle::Problem;
        let (file, problem) = (file.into(), error.to_string());
        match &error.problem {
            Problem::Refused(problem) => Self::Content { file, problem: problem.clone() },
            Problem::Ends | Problem::Damaged(_) | Problem::Read(_) => Self::Damaged { file, problem },
            _ => Self::Content { file, problem },
        }
    }

    /// A part of an archive cannot be read.
    pub fn part(file: impl Into<String>, error: &std::io::Error) -> Self {
        Self::Damaged { file: file.into(), problem: error.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pickle that another program saved again is whole, and refers to what it shares in another way.
    #[test]
    fn only_what_ends_early_is_called_truncated() {
        use crate::pickle::Problem;
        let shown = |problem| DataError::pickle("a", &PickleError { at: 7, problem }).to_string();
        assert_eq!(
            shown(Problem::Forgotten),
            "a: at byte 7: the pickle refers back to a part that was read and forgotten"
        );
        let ends = "a: at byte 7: the file ends within a pickle; the file may be truncated or damaged: fetch it again";
        assert_eq!(shown(Problem::Ends), ends);
    }

    #[test]
    fn what_files_hold_is_shown_without_control_characters_and_short() {
        let long = "x".repeat(1_000_000);
        for error in [
            DataError::content("a", format!("has the label `{long}`, expected another")),
            DataError::content(&*long, long.clone()),
            DataError::Damaged { file: "a".to_owned(), problem: format!("cell {long}") },
            DataError::Incomplete(long.clone()),
        ] {
            let shown = error.to_string();
            assert!(shown.chars().count() < 900, "{}", shown.len());
        }
        let label = DataError::content("a", format!("has the label `{long}`, expected another")).to_string();
        assert!(label.ends_with("x…`, expected another"), "{label}");
        assert_eq!(DataError::content("a\u{1b}", "\u{202e}`\n`").to_string(), "a\\u{1b}: \\u{202e}`\\n`");
    }
}
