//! JSON files with a seal as their first member.

use nas_assay_base::seal::{self, SealError};
use serde::Serialize;

use super::to_json;

/// What stands before the digits of the seal, and after them.
const BEFORE: &str = "{\n  \"seal\": \"sha256:";
const AFTER: &str = "\",\n";
const DIGITS: usize = 64;

/// Why a value could not be written as sealed JSON.
#[derive(Debug, thiserror::Error)]
pub(super) enum SealingError {
    /// It has no JSON form.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// It is no JSON object with members.
    #[error("it is not a JSON object")]
    NoObject,
}

/// A value as indented JSON with a seal. The value has to be an object with at least one member.
pub(super) fn to_sealed_json<T: Serialize>(value: &T, identity: &str) -> Result<Vec<u8>, SealingError> {
    let text = to_json(value)?;
    let members = text.strip_prefix("{\n").ok_or(SealingError::NoObject)?;
    let mut file = format!("{{\n  \"seal\": \"{}{AFTER}{members}", seal::blank()).into_bytes();
    seal::seal(&mut file, identity).map_err(|_| SealingError::NoObject)?;
    Ok(file)
}

/// Checks the seal of a file that [`to_sealed_json`] wrote, and takes it out: white space stands in its place then.
pub(super) fn without_seal(mut file: Vec<u8>, identity: &str) -> Result<Vec<u8>, SealError> {
    seal::check(&file, identity)?;
    let end = seal_end(&file).ok_or(SealError::Missing)?;
    file[1..end].fill(b' ');
    Ok(file)
}

/// The position after the seal of a sealed JSON file; `None` if there is no seal at its beginning.
pub(super) fn seal_end(file: &[u8]) -> Option<usize> {
    let end = BEFORE.len() + DIGITS + AFTER.len();
    let is_sealed = file.starts_with(BEFORE.as_bytes()) && file.get(end - AFTER.len()..end)? == AFTER.as_bytes();
    is_sealed.then_some(end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_sealed_file_is_json_with_one_more_member() {
        let value = json!({"scores": [1.5, "nan"], "name": "sha256:"});
        let file = to_sealed_json(&value, "place").unwrap();
        let mut whole: Value = serde_json::from_slice(&file).unwrap();
        let seal = whole.as_object_mut().unwrap().remove("seal").unwrap();
        assert_eq!((seal.as_str().unwrap().len(), &whole), (71, &value));
        let bare: Value = serde_json::from_slice(&without_seal(file.clone(), "place").unwrap()).unwrap();
        assert_eq!(bare, value);
        assert_eq!(without_seal(file, "another place"), Err(SealError::Broken));
        assert!(matches!(to_sealed_json(&[1, 2], "place"), Err(SealingError::NoObject)));
        assert!(matches!(to_sealed_json(&json!({}), "place"), Err(SealingError::NoObject)));
    }

    proptest! {
        #[test]
        fn no_changed_bit_passes(number: f64, text in ".{0,30}", bit in any::<prop::sample::Index>()) {
            let mut file = to_sealed_json(&json!({"number": number, "text": text}), "place").unwrap();
            let bit = bit.index(8 * file.len());
            file[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(without_seal(file, "place").is_err());
        }
    }
}
