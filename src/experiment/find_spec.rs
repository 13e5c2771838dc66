//! Finds carried specs by name, or by the first digits of a hash.

use super::{ExperimentError, Resolved};
use crate::carried::SPECS;
use crate::estimator::Suite;
use crate::spec::parse_spec;
use nas_assay_base::nearest;

/// Why a word does not identify a carried spec.
#[derive(Debug, thiserror::Error)]
pub enum CarriedError {
    /// No carried spec has this name, or a hash that begins with the word.
    #[error("no carried spec has the name `{word}`, or a hash that begins with it")]
    Unknown {
        /// The word.
        word: String,
        /// The most similar carried spec: the first digits of its hash, and its name.
        nearest: Option<(String, String)>,
    },
    /// The hashes of several carried specs begin with the word.
    #[error("`{word}` begins the hashes of {} carried specs: {}; give more digits", candidates.len(), candidates.join(", "))]
    Ambiguous {
        /// The word.
        word: String,
        /// Name and short hash of each.
        candidates: Vec<String>,
    },
    /// A carried spec could not be resolved.
    #[error(transparent)]
    Unresolved(#[from] ExperimentError),
}

/// All carried specs, resolved.
///
/// # Errors
/// Only if a carried spec is invalid; the tests check that none is.
pub fn carried_specs() -> Result<Vec<Resolved>, ExperimentError> {
    let suite = Suite::builtin();
    SPECS.iter().map(|(name, text)| Resolved::new(parse_spec(text, name)?, &suite)).collect()
}

/// The carried spec with this name, or with a hash that begins with the word.
///
/// # Errors
/// If no spec has that name or hash, or more than one hash begins with the word.
pub fn find_carried(word: &str) -> Result<Resolved, CarriedError> {
    find_among(carried_specs()?, word)
}

fn find_among(mut specs: Vec<Resolved>, word: &str) -> Result<Resolved, CarriedError> {
    let prefix = word.to_lowercase();
    let named: Vec<usize> = positions(&specs, |resolved| resolved.spec.name == word);
    let found = if named.is_empty() {
        positions(&specs, |resolved| resolved.hash.as_str().starts_with(&prefix))
    } else {
        named
    };
    match found[..] {
        [one] => Ok(specs.swap_remove(one)),
        [] => Err(CarriedError::Unknown { word: word.to_owned(), nearest: nearest_of(&specs, word) }),
        _ => {
            let describe = |&index: &usize| format!("{} ({})", specs[index].hash.short(), specs[index].spec.name);
            Err(CarriedError::Ambiguous { word: word.to_owned(), candidates: found.iter().map(describe).collect() })
        }
    }
}

fn positions(specs: &[Resolved], fits: impl Fn(&Resolved) -> bool) -> Vec<usize> {
    (0..specs.len()).filter(|&index| fits(&specs[index])).collect()
}

/// The spec with the name or the first hash digits that are most similar to the word.
fn nearest_of(specs: &[Resolved], word: &str) -> Option<(String, String)> {
    let known: Vec<(&str, &Resolved)> = specs
        .iter()
        .flat_map(|resolved| {
            let digits = resolved.hash.as_str();
            [(resolved.spec.name.as_str(), resolved), (&digits[..word.len().min(digits.len())], resolved)]
        })
        .collect();
    let meant = nearest(word, known.iter().map(|(text, _)| *text))?;
    let (_, resolved) = known.iter().find(|(text, _)| *text == meant)?;
    Some((resolved.hash.short().to_owned(), resolved.spec.name.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_carried_spec_is_found_by_name_and_by_hash() {
        for resolved in carried_specs().unwrap() {
            let digits = resolved.hash.as_str();
            for word in [&resolved.spec.name, digits, &digits[..12], &digits[..12].to_uppercase()] {
                assert_eq!(find_carried(word).unwrap().hash, resolved.hash, "{word}");
            }
        }
    }

    #[test]
    fn a_word_that_means_none_names_the_nearest() {
        let specs = carried_specs().unwrap();
        let first = &specs[0];
        let digits = first.hash.as_str();
        let slipped = format!("{}{}{}", &digits[..3], if &digits[3..4] == "0" { "1" } else { "0" }, &digits[4..10]);
        for word in [slipped.as_str(), "nb101-mirco"] {
            let Err(CarriedError::Unknown { nearest, .. }) = find_carried(word) else { panic!("{word} was found") };
            assert_eq!(nearest, Some((first.hash.short().to_owned(), first.spec.name.clone())), "{word}");
        }
        assert!(matches!(find_carried("zebra"), Err(CarriedError::Unknown { nearest: None, .. })));
    }

    #[test]
    fn several_hashes_that_begin_alike_are_all_named() {
        let Err(CarriedError::Ambiguous { candidates, .. }) = find_carried("") else { panic!("one was chosen") };
        assert_eq!(candidates.len(), SPECS.len());
        assert!(candidates[0].contains("nb101-micro"), "{candidates:?}");
    }
}
