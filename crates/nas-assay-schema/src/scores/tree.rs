//! JSON as it is written: members of objects stay in their order, and one that is there twice stays twice.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// The members of an object, in the order of the text.
pub(super) type Members = Vec<(String, Json)>;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json {
    /// Null, a truth value, a number or a string.
    Scalar(Value),
    List(Vec<Json>),
    Object(Members),
}

impl Json {
    /// The members, if it is an object.
    pub(super) fn as_object(&self) -> Option<&Members> {
        match self {
            Self::Object(members) => Some(members),
            Self::Scalar(_) | Self::List(_) => None,
        }
    }

    /// The content of a string, nothing for null, and JSON for anything else.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Scalar(Value::Null) => String::new(),
            Self::Scalar(Value::String(text)) => text.clone(),
            other => other.to_string(),
        }
    }
}

/// The first member of this name.
pub(super) fn member<'a>(members: &'a Members, name: &str) -> Option<&'a Json> {
    members.iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scalar(value) => write!(f, "{value}"),
            Self::List(all) => {
                for (place, value) in all.iter().enumerate() {
                    write!(f, "{}{value}", if place == 0 { "[" } else { "," })?;
                }
                f.write_str(if all.is_empty() { "[]" } else { "]" })
            }
            Self::Object(members) => {
                for (place, (name, value)) in members.iter().enumerate() {
                    let name = Value::String(name.clone());
                    write!(f, "{}{name}:{value}", if place == 0 { "{" } else { "," })?;
                }
                f.write_str(if members.is_empty() { "{}" } else { "}" })
            }
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Scalar(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Scalar(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Scalar(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Scalar(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json::Scalar(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Scalar(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Json, A::Error> {
        let mut all = Vec::new();
        while let Some(value) = values.next_element()? {
            all.push(value);
        }
        Ok(Json::List(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut members = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            members.push(entry);
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn members_stay_in_order_and_twice() {
        let text = r#"{"b":[1,-2,0.5,true,null],"a":{},"b":"x\"","c":[]}"#;
        let read: Json = serde_json::from_str(text).unwrap();
        assert_eq!(read.to_string(), text);
        let names: Vec<&str> = read.as_object().unwrap().iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["b", "a", "b", "c"]);
        assert_eq!(member(read.as_object().unwrap(), "c"), Some(&Json::List(Vec::new())));
        let texts = ["null", "\"a\"", "1.50", "[\"a\"]"].map(|text| serde_json::from_str::<Json>(text).unwrap().text());
        assert_eq!(texts, ["", "a", "1.5", "[\"a\"]"]);
    }

    proptest! {
        #[test]
        fn every_number_is_read_to_the_bit(bits: u64) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            let read: Json = serde_json::from_str(&serde_json::to_string(&value).unwrap()).unwrap();
            prop_assert_eq!(read.text().parse::<f64>().unwrap().to_bits(), bits);
        }
    }
}
