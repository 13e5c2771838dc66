//! The files of a data root that carried specs need, and whether they are there.

use serde::Serialize;

use super::exit::Failure;
use crate::DataRoot;
use crate::carried::SPECS;
use crate::spec::parse_spec;
use crate::truth::nb201;

/// A carried spec with the files of the data root that it needs.
#[derive(Debug)]
pub struct Needed {
    /// The name of the spec.
    pub spec: String,
    /// The paths of the files.
    pub files: Vec<String>,
}

/// Every carried spec that needs files.
pub fn needed() -> Result<Vec<Needed>, Failure> {
    let mut needed = Vec::new();
    for (name, text) in SPECS {
        let spec = parse_spec(text, name)?;
        let mut files: Vec<String> = Vec::new();
        for file in spec.files() {
            if !files.contains(&file.path) {
                files.push(file.path.clone());
            }
        }
        if !files.is_empty() {
            needed.push(Needed { spec: (*name).to_owned(), files });
        }
    }
    Ok(needed)
}

/// The specs that need a file.
pub fn specs_with(needed: &[Needed], path: &str) -> Vec<String> {
    needed
        .iter()
        .filter(|needed| needed.files.iter().any(|file| file == path))
        .map(|needed| needed.spec.clone())
        .collect()
}

/// How a file of the data root is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// A file is there; its content was not read.
    There,
    /// It is there with the known digest.
    Whole,
    /// It is there with another digest.
    Other,
    /// It is made of the older table of NAS-Bench-201, which is there.
    Older,
    /// It is not there.
    Missing,
}

impl Condition {
    /// Whether a run finds it.
    pub const fn is_there(self) -> bool {
        !matches!(self, Self::Missing)
    }

    /// The word for it in lists.
    pub const fn word(self) -> &'static str {
        match self {
            Self::There => "yes",
            Self::Whole => "whole",
            Self::Other => "other digest",
            Self::Older => "in nb201.csv",
            Self::Missing => "no",
        }
    }
}

/// Whether a file is in the data root, by its path alone.
pub fn condition(root: Option<&DataRoot>, path: &str) -> Condition {
    match root {
        Some(root) if root.resolve(path).is_ok() => Condition::There,
        Some(root) if nb201::is_at_hand(root, path) => Condition::Older,
        _ => Condition::Missing,
    }
}
