//! Rows in JSON: one object a line, an array of objects, or objects by architecture as in NAS-Bench-Suite-Zero.

use std::borrow::Cow;

use serde_json::{Map, Value};

use nas_assay_spaces::SpaceId;
use nas_assay_spaces::spelling;

use super::table::{KeyKind, key_of};

/// A row: what names its architecture, and its cells by the names of their columns.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct JsonRow {
    pub kind: KeyKind,
    pub key: String,
    pub cells: Vec<(String, String)>,
}

impl JsonRow {
    /// The cell of a column.
    pub(super) fn cell(&self, column: &str) -> Option<&str> {
        self.cells.iter().find(|(name, _)| name == column).map(|(_, cell)| cell.as_str())
    }
}

/// Python writes numbers that are not finite as bare words, which are no JSON. They are changed to strings.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    const WORDS: [(&str, &str); 3] = [("-Infinity", "\"-inf\""), ("Infinity", "\"inf\""), ("NaN", "\"nan\"")];
    if WORDS.iter().all(|(word, _)| !text.contains(word)) {
        return Cow::Borrowed(text);
    }
    let (mut changed, mut rest, mut inside) = (String::with_capacity(text.len()), text, false);
    while let Some(next) = rest.chars().next() {
        let mut length = next.len_utf8();
        if inside {
            inside = next != '"';
            if next == '\\' {
                length += rest[length..].chars().next().map_or(0, char::len_utf8);
            }
        } else if let Some((word, to)) = WORDS.iter().find(|(word, _)| rest.starts_with(word)) {
            changed.push_str(to);
            rest = &rest[word.len()..];
            continue;
        } else {
            inside = next == '"';
        }
        changed.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    Cow::Owned(changed)
}

/// Members that make an architecture together, where an object has no member for it.
const PARTS: [&[&str]; 3] = [&["module_adjacency", "module_operations"], &["net"], &["ds", "ws", "bot_muls", "num_gs"]];

/// Reads an object as a row; `None` if nothing in it names an architecture.
pub(super) fn row(object: &Map<String, Value>, space: SpaceId) -> Option<JsonRow> {
    let members: Vec<(&String, &Value)> = object.iter().collect();
    if let Some((kind, place)) = key_of(members.iter().map(|(name, _)| name.as_str()), space) {
        let (member, value) = members[place];
        return Some(JsonRow { kind, key: text_of(value), cells: cells(object, &[member.as_str()]) });
    }
    let parts = PARTS.into_iter().find(|parts| object.contains_key(parts[0]))?;
    let key = if parts == ["net"] {
        object["net"].to_string()
    } else {
        let members = object.iter().filter(|(name, _)| parts.contains(&name.as_str()));
        Value::Object(members.map(|(name, value)| (name.clone(), value.clone())).collect()).to_string()
    };
    Some(JsonRow { kind: KeyKind::Text, key, cells: cells(object, parts) })
}

/// The rows of a data set, and its name if it has one. `None` is something that is no row.
pub(super) type DataSet = (Option<String>, Vec<Option<JsonRow>>);

/// The rows of a document, by the name of their data set if they have one; `None` if it is no table.
pub(super) fn document(value: &Value, space: SpaceId) -> Option<Vec<DataSet>> {
    match value {
        Value::Array(all) => {
            let rows: Vec<_> = all.iter().map(|value| row(value.as_object()?, space)).collect();
            rows.iter().any(Option::is_some).then(|| vec![(None, rows)])
        }
        Value::Object(object) => {
            if let Some(row) = row(object, space) {
                return Some(vec![(None, vec![Some(row)])]);
            }
            if let Some(rows) = by_architecture(object, space) {
                return Some(vec![(None, rows)]);
            }
            // One more level names the space.
            data_sets(object, space).or_else(|| match object.values().next() {
                Some(Value::Object(inner)) if object.len() == 1 => data_sets(inner, space),
                _ => None,
            })
        }
        _ => None,
    }
    .filter(|sets| !sets.is_empty())
}

/// Rows by the names of data sets.
fn data_sets(object: &Map<String, Value>, space: SpaceId) -> Option<Vec<DataSet>> {
    object.iter().map(|(name, value)| Some((Some(name.clone()), by_architecture(value.as_object()?, space)?))).collect()
}

/// Rows whose names are architectures: at least one is, or could be in a form that has to be named.
fn by_architecture(object: &Map<String, Value>, space: SpaceId) -> Option<Vec<Option<JsonRow>>> {
    let is_key = |key: &String| match spelling::recognise(space, key) {
        Ok(_) => true,
        Err(error) => error.is_ambiguous() || error.is_outside(),
    };
    if !object.keys().any(is_key) {
        return None;
    }
    let row = |(key, value): (&String, &Value)| {
        let cells = match value {
            Value::Object(members) => cells(members, &[]),
            // An estimator that failed may have left nothing.
            Value::Null => Vec::new(),
            score => vec![("score".to_owned(), text_of(score))],
        };
        Some(JsonRow { kind: KeyKind::Text, key: key.clone(), cells })
    };
    Some(object.iter().map(row).collect())
}

/// The cells of a row: numbers, texts, objects with a `score`, and what lies in other objects, one level deep.
fn cells(object: &Map<String, Value>, without: &[&str]) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for (name, value) in object.iter().filter(|(name, _)| !without.contains(&name.as_str())) {
        match value {
            Value::Object(inner) => match inner.get("score") {
                Some(score) => found.push((name.clone(), text_of(score))),
                None => found.extend(inner.iter().map(|(inner, value)| {
                    let value = value.get("score").unwrap_or(value);
                    (format!("{name}/{inner}"), text_of(value))
                })),
            },
            value => found.push((name.clone(), text_of(value))),
        }
    }
    found
}

/// The content of a string, nothing for null, and JSON for anything else.
fn text_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value(text: &str) -> Value {
        serde_json::from_str(&plain(text)).unwrap()
    }

    #[test]
    fn bare_words_of_python_are_read() {
        let text = r#"{"NaN": [NaN, -Infinity, Infinity], "b\"NaN": "x NaN \" Infinity", "é": NaN}"#;
        assert_eq!(
            value(text),
            serde_json::json!({"NaN": ["nan", "-inf", "inf"], "b\"NaN": "x NaN \" Infinity", "é": "nan"})
        );
    }

    #[test]
    fn objects_of_several_shapes_are_rows() {
        let read = |text: &str| row(value(text).as_object().unwrap(), SpaceId::Nb201);
        let found =
            read(r#"{"i": 3, "arch": "|a|", "logmeasures": {"synflow": 2.5, "snip": null}, "valacc": 91}"#).unwrap();
        assert_eq!((found.kind, found.key.as_str()), (KeyKind::Text, "|a|"));
        assert_eq!(found.cell("logmeasures/synflow"), Some("2.5"));
        assert_eq!(found.cell("logmeasures/snip"), Some(""));
        assert_eq!((found.cell("valacc"), found.cell("i"), found.cell("none")), (Some("91"), Some("3"), None));
        let found = read(r#"{"idx": 7, "jacov": {"score": -3.5, "time": 0.6}}"#).unwrap();
        assert_eq!((found.kind, found.key.as_str(), found.cell("jacov")), (KeyKind::Index, "7", Some("-3.5")));
        let found = read(r#"{"score": 1, "module_operations": ["input"], "module_adjacency": [[0]]}"#).unwrap();
        assert_eq!(found.key, r#"{"module_adjacency":[[0]],"module_operations":["input"]}"#);
        assert_eq!(found.cells, [("score".to_owned(), "1".to_owned())]);
        let found = read(r#"{"net": {"ds": [1]}, "score": 2}"#).unwrap();
        assert_eq!((found.key.as_str(), found.cell("score")), (r#"{"ds":[1]}"#, Some("2")));
        assert_eq!(read(r#"{"score": 2}"#), None);
    }

    #[test]
    fn documents_of_several_shapes_are_tables() {
        let sets = |text: &str| {
            let found = document(&value(text), SpaceId::Nb201)?;
            Some(found.into_iter().map(|(name, rows)| (name.unwrap_or_default(), rows.len())).collect::<Vec<_>>())
        };
        let of = |name: &str, rows: usize| Some(vec![(name.to_owned(), rows)]);
        assert_eq!(sets(r#"[{"arch": "a", "score": 1}, {"arch": "b", "score": 1}]"#), of("", 2));
        assert_eq!(sets(r#"{"arch": "a", "score": 1}"#), of("", 1));
        let [a, b] = ["(1, 2, 0, 1, 2, 3)", "(1, 2, 0, 1, 2, 4)"];
        let suite =
            format!(r#"{{"{a}": {{"synflow": {{"score": 1, "time": 2}}}}, "{b}": {{"synflow": {{"score": 1}}}}}}"#);
        assert_eq!(sets(&suite), of("", 2));
        assert_eq!(sets(&format!(r#"{{"cifar10": {{"{a}": {{"synflow": 1}}}}}}"#)), of("cifar10", 1));
        // The score may be the only member, a number alone, or nothing where the estimator failed.
        assert_eq!(sets(&format!(r#"{{"cifar10": {{"{a}": {{"score": 1}}, "{b}": {{}}}}}}"#)), of("cifar10", 2));
        assert_eq!(sets(&format!(r#"{{"{a}": 1.5, "{b}": null}}"#)), of("", 2));
        let both =
            format!(r#"{{"cifar10": {{"{a}": {{"s": 1}}}}, "cifar100": {{"{a}": {{"s": 1}}, "{b}": {{"s": 1}}}}}}"#);
        assert_eq!(sets(&both), Some(vec![("cifar10".to_owned(), 1), ("cifar100".to_owned(), 2)]));
        assert_eq!(sets(&format!("{{\"nasbench101\": {both}}}")), sets(&both));
        for text in ["3", "[]", "[1]", "{}", r#"{"a": 1}"#, r#"{"a": {"b": {"c": {"d": {"e": 1}}}}}"#] {
            assert_eq!(sets(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_left_or_changed_without_panic(text in "([NanIfity\"\\\\,: -]|NaN|Infinity|é){0,30}") {
            let changed = plain(&text);
            if serde_json::from_str::<Value>(&text).is_ok() {
                prop_assert_eq!(&*changed, &text);
            }
        }
    }
}
