//! Texts of a record without control characters. A record may come from anywhere, and no report passes on what its texts could do to a
//! terminal or a page.
//!
//! Every report begins here, so no format has to think of it again.

use std::borrow::Cow;

use nas_assay_base::text::{self, is_control};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The same value with an escape for each control character in its texts: `\u{1b}`. A value without any is not copied.
///
/// A value that JSON cannot hold does not come from a file, and stays as it is.
pub(crate) fn printable<T: Clone + Serialize + DeserializeOwned>(value: &T) -> Cow<'_, T> {
    // JSON has its own escapes for some control characters; they begin with a backslash, as quotes and backslashes do.
    let suspect = serde_json::to_string(value).is_ok_and(|json| json.contains('\\') || json.chars().any(is_control));
    if !suspect {
        return Cow::Borrowed(value);
    }
    let escaped = serde_json::to_value(value).and_then(|value| serde_json::from_value(escaped(value)));
    escaped.map_or(Cow::Borrowed(value), Cow::Owned)
}

fn escaped(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(text::printable(&text).into_owned()),
        Value::Array(values) => values.into_iter().map(escaped).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(key, value)| (text::printable(&key).into_owned(), escaped(value))).collect()
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use nas_assay_schema::store::record::{Provenance, Record};
    use proptest::prelude::*;

    use super::*;
    use crate::{Diff, Format, Leaderboard, fixture, terminal};

    /// Texts with everything that can disturb a terminal or a page.
    fn wild() -> impl Strategy<Value = String> {
        let wild = "\u{1b}\u{7}\u{7f}\u{85}\u{9b}\u{202e}\u{2066}\u{2028}\u{feff}\n\r\t\0<>&|`*_[]\"'\\ é中🦀a1~/";
        let wild = prop::sample::select(wild.chars().collect::<Vec<char>>());
        prop_oneof![prop::collection::vec(wild, 0..12).prop_map(|all| all.into_iter().collect()), any::<String>()]
    }

    /// Puts a text in the place of those that are not one of a few words, as long as the value can still be read.
    fn disturb<T: Serialize + DeserializeOwned>(value: &T, texts: &[String]) -> T {
        let document = serde_json::to_value(value).unwrap();
        let mut places = Vec::new();
        find(&document, String::new(), &mut places);
        let mut document = document;
        for (number, place) in places.iter().enumerate() {
            let target = document.pointer_mut(place).unwrap();
            let old = target.take();
            *target = Value::String(texts[number % texts.len()].clone());
            // Names of kinds cannot be anything, and every text of one kind is as good as another.
            if serde_json::from_value::<T>(document.clone()).is_err() {
                *document.pointer_mut(place).unwrap() = old;
            }
        }
        serde_json::from_value(document).unwrap()
    }

    fn find(value: &Value, at: String, places: &mut Vec<String>) {
        match value {
            Value::String(_) => places.push(at),
            // A few rows show what all rows show.
            Value::Array(values) => {
                values
                    .iter()
                    .enumerate()
                    .take(3)
                    .for_each(|(place, value)| find(value, format!("{at}/{place}"), places));
            }
            Value::Object(fields) => {
                fields.iter().for_each(|(key, value)| find(value, format!("{at}/{key}"), places));
            }
            _ => {}
        }
    }

    /// All reports of a record, with the name of each.
    fn reports(record: &Record, provenance: &Provenance) -> Vec<(String, String)> {
        let formats =
            Format::ALL.map(|format| (format.name().to_owned(), format.render(record, Some(provenance)).unwrap()));
        let board = Leaderboard::new(std::slice::from_ref(record), true);
        let boards = Format::ALL.map(|format| (format!("board as {}", format.name()), board.render(format).unwrap()));
        let mut other = record.clone();
        other.panels[0].architectures[1].architecture += "x";
        other.panels[0].estimators[0].id += "\u{1b}";
        other.spec["\u{1b}\n"] = record.title.clone().into();
        let diffs =
            [Diff::new(record, &other), Diff::new(&other, record)].map(|diff| ("diff".to_owned(), diff.text(60)));
        let terminals =
            [("terminal".to_owned(), terminal(record, Some(provenance), 80)), ("board".to_owned(), board.text(80))];
        formats.into_iter().chain(boards).chain(diffs).chain(terminals).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

        #[test]
        fn no_report_passes_a_control_character_on(texts in prop::collection::vec(wild(), 1..8)) {
            let (records, provenance) = ([fixture::whole(24), fixture::latencies(24)], fixture::provenance());
            let shown: Vec<String> = texts.iter().map(|text| text::printable(text).into_owned()).collect();
            for record in records {
                let wild = reports(&disturb(&record, &texts), &disturb(&provenance, &texts));
                let plain = reports(&disturb(&record, &shown), &disturb(&provenance, &shown));
                for ((name, wild), (_, plain)) in wild.iter().zip(&plain) {
                    let found = wild.chars().find(|&character| is_control(character) && character != '\n');
                    prop_assert_eq!(found, None, "{}", name);
                    // So a line break of a text breaks no line.
                    prop_assert!(name == "json" || wild == plain, "{}:\n{}", name, wild);
                }
            }
        }

        #[test]
        fn json_keeps_every_text(texts in prop::collection::vec(wild(), 1..4)) {
            let record = disturb(&fixture::record(12), &texts);
            let json: Value = serde_json::from_str(&Format::Json.render(&record, None).unwrap()).unwrap();
            prop_assert_eq!(&json["record"], &serde_json::to_value(&record).unwrap());
        }
    }

    #[test]
    fn a_plain_record_is_not_copied() {
        let mut record = fixture::record(12);
        assert!(matches!(printable(&record), Cow::Borrowed(_)) || record.title.contains('"'));
        record.title = "a\u{1b}b".to_owned();
        assert_eq!(printable(&record).title, "a\\u{1b}b");
        record.spec = serde_json::json!({ "a\u{202e}": ["\n"] });
        assert_eq!(printable(&record).spec, serde_json::json!({ "a\\u{202e}": ["\\n"] }));
    }
}
