//! Seeds in a spec.

use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use nas_assay_base::seed::Seed;

/// A 64-bit seed. It is an integer in TOML and a decimal string in canonical JSON, whose numbers have only 53 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SeedValue(pub u64);

impl SeedValue {
    /// The root of the seed tree for this seed.
    pub fn root(self) -> Seed {
        Seed::root(self.0)
    }
}

impl fmt::Display for SeedValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for SeedValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SeedValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SeedVisitor;

        impl Visitor<'_> for SeedVisitor {
            type Value = SeedValue;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a seed: an integer from 0 to 2^64 - 1, or the same as a decimal string")
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<SeedValue, E> {
                Ok(SeedValue(value))
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<SeedValue, E> {
                u64::try_from(value).map(SeedValue).map_err(|_| E::invalid_value(de::Unexpected::Signed(value), &self))
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<SeedValue, E> {
                let plain = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
                let parsed = if plain { value.parse().ok() } else { None };
                parsed.map(SeedValue).ok_or_else(|| E::invalid_value(de::Unexpected::Str(value), &self))
            }
        }

        deserializer.deserialize_any(SeedVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Holder {
        seed: SeedValue,
    }

    #[test]
    fn the_largest_seed_survives_json_and_toml() {
        let json = serde_json::to_string(&SeedValue(u64::MAX)).unwrap();
        assert_eq!(json, "\"18446744073709551615\"");
        assert_eq!(serde_json::from_str::<SeedValue>(&json).unwrap(), SeedValue(u64::MAX));
        let holder: Holder = toml::from_str("seed = \"18446744073709551615\"").unwrap();
        assert_eq!(holder.seed, SeedValue(u64::MAX));
        let holder: Holder = toml::from_str("seed = 20").unwrap();
        assert_eq!(holder.seed, SeedValue(20));
    }

    #[test]
    fn other_values_are_errors() {
        for text in ["seed = -1", "seed = \"\"", "seed = \"+5\"", "seed = \"x\"", "seed = 1.5", "seed = true"] {
            assert!(toml::from_str::<Holder>(text).is_err(), "{text}");
        }
    }
}
