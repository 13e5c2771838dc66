//! The page of the book with every key, beside what the keys move.

use std::collections::BTreeMap;
use std::path::Path;

use super::table::{Moves, READERS};

/// The page with every key says of each whether it is part of the hash, and the tests of this module change each and look.
#[test]
fn the_reference_says_the_same_of_the_hash() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/src/spec-reference.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (spec, _) = page.split_once("\n## Keys of a truth recipe\n").unwrap();
    let row = |line: &str| {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let key = cells[0].strip_prefix('`')?.strip_suffix('`')?;
        (cells.len() == 5).then(|| (key.to_owned(), cells[4].to_owned()))
    };
    let rows: BTreeMap<String, String> = spec.lines().filter(|line| line.starts_with("| `")).filter_map(row).collect();
    // A list is one key, and its entries are those of the table.
    let named = READERS.iter().map(|(field, moves)| (field.trim_end_matches("[]").replace('*', "NAME"), *moves));
    let named: BTreeMap<String, Moves> = named.collect();
    for (field, moves) in &named {
        let said = rows.get(field).unwrap_or_else(|| panic!("the reference has no row for `{field}`"));
        let expected = match (field.as_str(), moves) {
            // The spec here has every key that it could set.
            ("zero-shot.preset", Moves::Nothing) => "what it sets",
            (_, Moves::Nothing) => "no",
            _ => "yes",
        };
        assert_eq!(said, expected, "whether `{field}` is in the hash");
    }
    for key in rows.keys().filter(|key| !key.starts_with("variants")) {
        let inside = |field: &String| field.strip_prefix(key.as_str()).is_some_and(|rest| rest.starts_with(['.', '[']));
        let none = ["images.none", "truth.none"].contains(&key.as_str());
        assert!(named.contains_key(key) || named.keys().any(inside) || none, "READERS has no line for `{key}`");
    }
}
