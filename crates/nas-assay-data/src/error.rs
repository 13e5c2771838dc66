//! What can be wrong with an official file.

use std::path::PathBuf;

use crate::pickle::PickleError;

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
    #[error("{file}: {problem}; the file may be truncated or damaged: fetch it again")]
    Damaged {
        /// The file, or the file within an archive.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// A file is whole, but not what was expected.
    #[error("{file}: {problem}")]
    Content {
        /// The file, or the file within an archive.
        file: String,
        /// What it is, and what was expected.
        problem: String,
    },
    /// The sources do not have all that a table needs.
    #[error("{0}")]
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
            Problem::Ends | Problem::Damaged(_) | Problem::Read(_) | Problem::Forgotten => {
                Self::Damaged { file, problem }
            }
            _ => Self::Content { file, problem },
        }
    }

    /// A part of an archive cannot be read.
    pub fn part(file: impl Into<String>, error: &std::io::Error) -> Self {
        Self::Damaged { file: file.into(), problem: error.to_string() }
    }
}
