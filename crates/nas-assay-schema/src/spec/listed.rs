//! Architectures that a panel names.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::types::DataFile;

/// A list of architectures: `["TEXT", ...]`, or a file `{ path = "...", sha256 = "..." }`.
///
/// The texts can have any form that has one meaning only; a spec that is read has the texts of the space. A file has one architecture a
/// line, or is a table as a [`ScoreFile`](super::ScoreFile) is, of which only the column with the architectures is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Listed {
    /// In the spec itself.
    Texts(Vec<String>),
    /// In a file.
    File(DataFile),
}

impl Listed {
    /// The file; `None` if the list is in the spec.
    pub fn file(&self) -> Option<&DataFile> {
        match self {
            Self::Texts(_) => None,
            Self::File(file) => Some(file),
        }
    }
}

impl<'de> Deserialize<'de> for Listed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListOrFile)
    }
}

struct ListOrFile;

impl<'de> Visitor<'de> for ListOrFile {
    type Value = Listed;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of architectures, or a file as `{ path = \"...\", sha256 = \"...\" }`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, texts: A) -> Result<Listed, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(texts)).map(Listed::Texts)
    }

    fn visit_map<A: MapAccess<'de>>(self, file: A) -> Result<Listed, A::Error> {
        DataFile::deserialize(MapAccessDeserializer::new(file)).map(Listed::File)
    }
}
