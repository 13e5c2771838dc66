//! What a spec may hold as text, and what messages show of it.

use toml::{Table, Value};

use super::identity_tests::texts::texts;
use super::inputs::Inputs;
use super::resolve::Resolved;
use crate::estimator::Suite;
use crate::spec::parse_spec;

/// The longest message, in characters: a few sentences, with three quoted parts.
const LONGEST: usize = 700;

/// Calls `change` with every table of a document and each of its keys.
fn each(within: &mut Table, change: &mut dyn FnMut(&mut Table, &str)) {
    let keys: Vec<String> = within.keys().cloned().collect();
    for key in keys {
        change(within, &key);
        if let Some(table) = within.get_mut(&key).and_then(Value::as_table_mut) {
            each(table, change);
        }
        if let Some(tables) = within.get_mut(&key).and_then(Value::as_array_mut) {
            tables.iter_mut().filter_map(Value::as_table_mut).for_each(|table| each(table, change));
        }
    }
}

/// The messages about copies of a document in which one text, or one key, is `text`; `None` for a copy that is accepted.
fn messages(document: &Table, text: &str) -> Vec<(String, Option<String>)> {
    let mut count = 0;
    each(&mut document.clone(), &mut |_, _| count += 1);
    let mut found = Vec::new();
    for wanted in 0..count {
        for renames in [false, true] {
            let (mut copy, mut place, mut what) = (document.clone(), 0, None);
            each(&mut copy, &mut |table, key| {
                if place == wanted {
                    match table.get_mut(key) {
                        Some(value) if renames => {
                            let value = value.clone();
                            table.remove(key);
                            table.insert(text.to_owned(), value);
                            what = Some(format!("the key {key}"));
                        }
                        Some(Value::String(value)) => {
                            text.clone_into(value);
                            what = Some(key.to_owned());
                        }
                        Some(Value::Array(values)) if values.first().is_some_and(Value::is_str) => {
                            values[0] = text.into();
                            what = Some(key.to_owned());
                        }
                        _ => {}
                    }
                }
                place += 1;
            });
            if let Some(what) = what {
                found.push((what, message(&copy.to_string())));
            }
        }
    }
    found
}

fn message(text: &str) -> Option<String> {
    let resolved =
        parse_spec(text, "a test").map_err(Into::into).and_then(|spec| Resolved::new(spec, &Suite::builtin()));
    resolved
        .and_then(|resolved| Inputs::load(&resolved.spec, None, &crate::experiment::Silent))
        .err()
        .map(|error| error.to_string())
}

fn documents() -> Vec<Table> {
    let file = "path = 'scores.csv', sha256 = '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'";
    texts().iter().map(|text| text.replace("FILE", file).parse().unwrap()).collect()
}

#[test]
fn no_text_of_a_spec_holds_a_control_character() {
    let mut seen = 0;
    for document in documents() {
        for text in ["a\u{1b}[31mb", "a\u{202e}b", "a\u{85}b", "a\nb", "a\u{7}b", "a\u{2066}b"] {
            for (what, message) in messages(&document, text) {
                let message = message.unwrap_or_else(|| panic!("{what} may be {text:?}"));
                assert!(!message.chars().any(nas_assay_base::text::is_control), "{what}: {message:?}");
                seen += 1;
            }
        }
    }
    assert!(seen > 1000, "{seen}");
}

#[test]
fn a_message_quotes_at_most_a_line_of_what_it_found() {
    for document in documents() {
        for text in ["x".repeat(20_000), "`\"y ".repeat(5_000)] {
            for (what, message) in messages(&document, &text) {
                let length = message.as_ref().map_or(0, |message| message.chars().count());
                assert!(length <= LONGEST, "{what}: {length} characters: {}", message.unwrap_or_default());
            }
        }
    }
}
