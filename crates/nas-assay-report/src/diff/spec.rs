//! What differs in two resolved specs.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{Formatter, Serializer};

/// A place where two specs differ.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SpecChange {
    /// Where, as in `spec.zero-shot.batch`.
    pub path: String,
    /// The value of the first spec; `None` if it has none.
    pub left: Option<Value>,
    /// The value of the second spec.
    pub right: Option<Value>,
}

/// The places where two documents differ. Objects are compared key by key, in the order of the keys; other values as a whole.
pub(super) fn changes(left: &Value, right: &Value) -> Vec<SpecChange> {
    let mut found = Vec::new();
    walk(&mut found, "", Some(left), Some(right));
    found
}

fn walk(found: &mut Vec<SpecChange>, path: &str, left: Option<&Value>, right: Option<&Value>) {
    match (left, right) {
        (Some(Value::Object(ours)), Some(Value::Object(theirs))) => {
            let keys: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
            for key in keys {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                walk(found, &path, ours.get(key), theirs.get(key));
            }
        }
        (left, right) if left == right => {}
        (left, right) => {
            found.push(SpecChange { path: path.to_owned(), left: left.cloned(), right: right.cloned() });
        }
    }
}

impl SpecChange {
    /// Both sides as text. Of two lists, only the items that the other list does not have; both lists in full if they differ in order only.
    pub(super) fn sides(&self) -> [(&'static str, String); 2] {
        if let (Some(Value::Array(left)), Some(Value::Array(right))) = (&self.left, &self.right) {
            let only = |these: &[Value], those: &[Value]| -> Vec<Value> {
                these.iter().filter(|item| !those.contains(item)).cloned().collect()
            };
            let (ours, theirs) = (only(left, right), only(right, left));
            if !(ours.is_empty() && theirs.is_empty()) {
                return [("only left", listed(&ours)), ("only right", listed(&theirs))];
            }
        }
        [("left", text(self.left.as_ref())), ("right", text(self.right.as_ref()))]
    }
}

fn text(value: Option<&Value>) -> String {
    match value {
        None => "nothing".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => listed(items),
        Some(other) => one_line(other),
    }
}

fn listed(items: &[Value]) -> String {
    if items.is_empty() {
        return "nothing".to_owned();
    }
    items.iter().map(|item| text(Some(item))).collect::<Vec<_>>().join(", ")
}

/// JSON on one line, with a space after every comma and colon, so that the line can be broken there.
fn one_line(value: &Value) -> String {
    let mut json = Vec::new();
    match value.serialize(&mut Serializer::with_formatter(&mut json, Spaced)) {
        Ok(()) => String::from_utf8_lossy(&json).into_owned(),
        Err(_) => value.to_string(),
    }
}

/// How [`one_line`] separates values.
struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.begin_array_value(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_change_is_named_by_its_path() {
        let left = json!({"a": {"b": 1, "c": "x"}, "d": [1, 2], "e": null});
        let right = json!({"a": {"b": 2, "c": "x"}, "d": [2, 3], "f": {"g": true}});
        let found = changes(&left, &right);
        let paths: Vec<&str> = found.iter().map(|change| change.path.as_str()).collect();
        assert_eq!(paths, ["a.b", "d", "e", "f"]);
        assert_eq!((&found[0].left, &found[0].right), (&Some(json!(1)), &Some(json!(2))));
        assert_eq!(found[1].sides(), [("only left", "1".to_owned()), ("only right", "3".to_owned())]);
        assert_eq!(found[2].sides(), [("left", "null".to_owned()), ("right", "nothing".to_owned())]);
        assert_eq!(found[3].sides()[1].1, "{\"g\": true}");
        assert!(changes(&left, &left).is_empty());
    }

    #[test]
    fn an_object_is_one_line_and_its_texts_stay_as_they_are() {
        let found = changes(&json!({}), &json!({"a": {"b": [1, 2], "c": "x,\"y\":z"}}));
        assert_eq!(found[0].sides()[1].1, r#"{"b": [1, 2], "c": "x,\"y\":z"}"#);
    }

    #[test]
    fn a_list_in_another_order_is_shown_whole() {
        let found = changes(&json!({"a": ["x", "y"]}), &json!({"a": ["y", "x"]}));
        assert_eq!(found[0].sides(), [("left", "x, y".to_owned()), ("right", "y, x".to_owned())]);
    }
}
