//! Estimators that are other programs, as a spec declares them.

use nas_assay_criteria::Direction;
use serde::{Deserialize, Serialize};

/// An estimator that is another program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct External {
    /// The program and its arguments. It is started without a shell, in the folder in which nas-assay runs. It is
    /// started once for each architecture that is scored at the same time.
    pub command: Vec<String>,
    /// The files on which its scores depend, such as its source. Their paths are relative to the same folder. Their
    /// digests are part of the hash; their paths are not.
    #[serde(default, skip_serializing)]
    pub files: Vec<String>,
    /// The version of its scores: [`EXTERNAL_VERSION`](super::limits::EXTERNAL_VERSION). Raise it when they change for a reason that is not in the files.
    #[serde(default = "first")]
    pub version: usize,
    /// Whether higher or lower scores are better.
    #[serde(default = "higher")]
    pub direction: Direction,
    /// The longest time for one answer, in seconds: [`ANSWER`](super::limits::ANSWER). Not part of the hash.
    #[serde(default = "limit", skip_serializing)]
    pub limit: usize,
}

const fn first() -> usize {
    1
}

const fn higher() -> Direction {
    Direction::Higher
}

const fn limit() -> usize {
    600
}

impl External {
    /// One that is started by this command, with the other settings as they are if a spec leaves them out.
    pub fn new(command: Vec<String>) -> Self {
        Self { command, files: Vec::new(), version: first(), direction: higher(), limit: limit() }
    }
}
