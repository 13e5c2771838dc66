//! Canonical JSON and its hashes, which identify experiments and stages.
//!
//! The canonical form of a value is RFC 8785 JSON: keys sorted, no white space, numbers in their shortest form. Its SHA-256, in lower-case
//! hexadecimal, identifies an experiment ([`SpecHash`]) or a stage ([`StageKey`]).

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use nas_assay_base::sha256_hex;

/// The version of the spec format. Raise it when a spec with the same text gets another meaning.
pub const SPEC_FORMAT: u32 = 1;

/// The value has no canonical form.
#[derive(Debug, thiserror::Error)]
pub enum CanonicalError {
    /// It cannot be written as JSON.
    #[error("failed to write {what} as canonical JSON: {source}")]
    Json {
        /// The name of the value.
        what: &'static str,
        /// The reason.
        source: serde_json::Error,
    },
    /// It contains a number that is not finite.
    #[error("failed to write {what} as canonical JSON: it contains a number that is not finite")]
    NotFinite {
        /// The name of the value.
        what: &'static str,
    },
}

/// The canonical JSON of a value that does not contain `null`. `what` names the value in errors.
///
/// # Errors
/// If a number in it is not finite, or a map key is not a string.
pub fn canonical_json<T: Serialize>(what: &'static str, value: &T) -> Result<String, CanonicalError> {
    let failed = |source| CanonicalError::Json { what, source };
    let text = serde_json_canonicalizer::to_string(value).map_err(failed)?;
    // serde writes a float that is not finite as `null`, and nothing else here is written as `null`.
    let written: Value = serde_json::from_str(&text).map_err(failed)?;
    if holds_null(&written) { Err(CanonicalError::NotFinite { what }) } else { Ok(text) }
}

fn holds_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(values) => values.iter().any(holds_null),
        Value::Object(fields) => fields.values().any(holds_null),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

macro_rules! hex_digest {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// All 64 hexadecimal digits.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The first 12 digits, the short form that is shown to users.
            pub fn short(&self) -> &str {
                &self.0[..12]
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

hex_digest! {
    /// The identity of an experiment.
    SpecHash
}

hex_digest! {
    /// The identity of a stage. It covers what the stage computes and everything that its result depends on.
    StageKey
}

impl SpecHash {
    /// The hash of the canonical JSON `canonical`.
    pub fn of(canonical: &str) -> Self {
        Self(sha256_hex(canonical.as_bytes()))
    }
}

impl StageKey {
    /// The key of a stage of `kind` with these inputs.
    ///
    /// # Errors
    /// If the inputs have no canonical form.
    pub fn of<T: Serialize>(kind: &str, inputs: &T) -> Result<Self, CanonicalError> {
        let inputs = canonical_json("a stage's inputs", inputs)?;
        let head = format!("{{\"format\":{SPEC_FORMAT},\"stage\":\"{kind}\"}}");
        Ok(Self(sha256_hex(format!("{head}\n{inputs}").as_bytes())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::collections::BTreeMap;

    #[test]
    fn rfc_8785_examples() {
        let value: Value = serde_json::from_str(
            r#"{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"literals":[true,false],"z":1,"a":"\u20ac$\u000f\nA'\u0042\u0022\u005c\\\"\/"}"#,
        )
        .unwrap();
        let expected = r#"{"a":"€$\u000f\nA'B\"\\\\\"/","literals":[true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"z":1}"#;
        assert_eq!(canonical_json("an example", &value).unwrap(), expected);
    }

    #[test]
    fn numbers_that_are_not_finite_are_errors() {
        for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(canonical_json("a number", &BTreeMap::from([("x", number)])).is_err(), "{number}");
        }
    }

    #[test]
    fn a_key_depends_on_kind_and_inputs() {
        let key = |kind, input: i32| StageKey::of(kind, &json!({"input": input})).unwrap();
        assert_eq!(key("a", 1), key("a", 1));
        assert_ne!(key("a", 1), key("b", 1));
        assert_ne!(key("a", 1), key("a", 2));
    }
}
