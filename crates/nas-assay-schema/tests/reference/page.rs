//! The page of all keys.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value;

use nas_assay_schema::spec::limits::{COUNTS, Count, REALS, Real};
use nas_assay_schema::spec::{Nb201Accuracy, Network};
use nas_assay_spaces::{Form, SpaceId};

use super::document::Measured;
use super::rows::{NAME, Place, Row, Section};
use super::shape::{Kinds, Shape};
use super::words::{in_a_line, listed, plain};

/// Ranges that depend on other keys. Tests compare them with what is refused.
pub const RELATIVE: [(&str, &str); 6] = [
    ("supernet.training.schedule.warm-cosine.warmup", "from 0 to `epochs` - 1"),
    ("training.schedule.warm-cosine.warmup", "from 0 to `epochs` - 1"),
    ("supernet.checkpoints", "from 1 to `epochs` - 1"),
    ("supernet.prune.after", "from 1 to `epochs` - 1"),
    ("supernet.watch.epochs", "from 1 to `epochs`"),
    ("one-shot.average-last", "from 1 to the number of kept weights"),
];

/// Defaults that are filled in from the space. Tests compare them with what a reader fills in.
pub const BY_SPACE: [(&str, &str); 4] = [
    ("supernet.network.", "by the space"),
    ("zero-shot.network.", "by the space"),
    ("network.", "by the space"),
    ("supernet.picker", "`ordinal` in the design spaces"),
];

/// The headings of types that are at many places.
const HEADINGS: [(&str, &str); 3] =
    [("Spec", "Outside of all sections"), ("TruthRecipe", "Outside of all sections"), ("DataFile", "Files")];

/// A key that stands for other keys: what it sets is in the hash, and it itself is not.
const PRESET: &str = "zero-shot.preset";

/// What is said of a type instead of its documentation, which is of what is kept and not of what is written.
const INTROS: [(&str, &str); 1] = [(
    "Variant",
    "Other settings for the same architectures. A variant has only the keys that it changes: they are those of `[supernet]`, `[one-shot]` and \
     `[zero-shot]`. In `network` and `training` it can change single keys. Every other table and list is replaced as a whole. With a `preset`, \
     nothing of the spec's own `[zero-shot]` is left. What a variant does not change is not trained or scored again.",
)];

/// A part of the page: the keys of a spec, or of a recipe.
pub struct Part<'a> {
    pub title: &'a str,
    pub intro: &'a str,
    /// What follows the headings of its sections.
    pub of: &'a str,
    pub sections: &'a [Section],
    pub measured: &'a BTreeMap<String, Measured>,
}

/// The whole page.
pub fn page(parts: &[Part<'_>]) -> String {
    let mut text = "# Every key\n\n\
        <!-- Generated from the types of the reader: see crates/nas-assay-schema/tests/reference. -->\n\n\
        This page has every key of a spec, and after them every key of a truth recipe. [Specs](specs.md) shows how they are used.\n\n\
        - `NAME` stands for a name that you choose: 1 to 64 lower-case letters, digits, `-` and `_`. `[]` stands for each table of a list.\n\
        - *Default* is the value of a key that you leave out. `none` means that there is no value. A *required* key has no default. It is \
        required if its section is there.\n\
        - *Hash* says whether another value gives another hash, and so another experiment. What is not in the hash cannot change a number.\n\
        - A seed is a whole number from 0 to 2^64 - 1, or the same as a text of digits.\n\
        - An unknown key is an error. The message names its place and the nearest known key.\n"
        .to_owned();
    let mut described: Vec<&str> = Vec::new();
    for part in parts {
        let _ = write!(text, "\n## {}\n\n{}\n", part.title, part.intro);
        for section in part.sections.iter().filter(|section| !section.rows.is_empty()) {
            let known = described.contains(&section.name.as_str());
            text += &section_text(section, part, known);
            described.push(&section.name);
        }
    }
    text + &accuracies()
}

fn section_text(section: &Section, part: &Part<'_>, known: bool) -> String {
    let mut text = format!("\n### {}{}\n\n", heading(section), part.of);
    if known {
        text += "The keys mean what they mean in a spec.\n\n";
    } else {
        let intro = INTROS.iter().find(|(name, _)| *name == section.name).map(|(_, intro)| *intro);
        for paragraph in intro.unwrap_or(&section.doc).split("\n\n").map(|paragraph| in_a_line(&plain(paragraph))) {
            if !paragraph.is_empty() {
                let _ = write!(text, "{paragraph}\n\n");
            }
        }
        if section.name == "Network" {
            text += &network_sizes();
        }
    }
    text += "| key | type | default | allowed | hash |\n|---|---|---|---|---|\n";
    for row in &section.rows {
        let place = row.place.to_string();
        let measured = &part.measured[&place];
        let _ = writeln!(
            text,
            "| `{place}` | {} | {} | {} | {} |",
            kind(&row.shape),
            default(row, measured),
            allowed(row),
            match measured.hashed {
                _ if place == PRESET => "what it sets",
                Some(true) => "yes",
                Some(false) => "no",
                None => "its keys",
            }
        );
    }
    if !known {
        text.push('\n');
        let mut meanings: BTreeSet<String> = BTreeSet::new();
        for row in &section.rows {
            let key = within(row, section);
            if meanings.insert(key.clone()) {
                let _ = writeln!(text, "- `{key}`: {}", in_a_line(&plain(&row.doc)));
                text += &words(&row.shape);
            }
        }
    }
    text
}

/// The key within its section, such as `schedule.plateau`.
fn within(row: &Row, section: &Section) -> String {
    let place = row.place.to_string();
    let prefix = section.places.iter().map(|place| format!("{place}.")).find(|prefix| place.starts_with(prefix));
    prefix.map_or_else(|| place.clone(), |prefix| place[prefix.len()..].to_owned())
}

fn heading(section: &Section) -> String {
    if let Some((_, heading)) = HEADINGS.iter().find(|(name, _)| *name == section.name) {
        return (*heading).to_owned();
    }
    let places: Vec<String> = section.places.iter().map(|place: &Place| format!("`[{place}]`")).collect();
    listed(&places, "and")
}

/// The type of a value, in words.
fn kind(shape: &Shape) -> String {
    match shape {
        Shape::Whole => "whole number".to_owned(),
        Shape::Number => "number".to_owned(),
        Shape::Text => "text".to_owned(),
        Shape::Bool => "`true` or `false`".to_owned(),
        Shape::Seed => "seed".to_owned(),
        Shape::Accuracy => "[name of an accuracy](#accuracies-of-nas-bench-201)".to_owned(),
        Shape::List(inner) => match &**inner {
            Shape::Whole => "list of whole numbers".to_owned(),
            Shape::Number => "list of numbers".to_owned(),
            Shape::Text => "list of texts".to_owned(),
            Shape::Seed => "list of seeds".to_owned(),
            Shape::Table(_) => "list of tables".to_owned(),
            other => panic!("a list of {other:?} has no words"),
        },
        Shape::Named(_) => "tables by name".to_owned(),
        Shape::Table(table) if table.fields.is_empty() => "table without keys".to_owned(),
        Shape::Table(_) => "table".to_owned(),
        Shape::Either(list, _) => format!("{}, or a table", kind(list)),
        Shape::Kinds(kinds) => {
            let of = |with: bool| {
                let all = kinds.choices.iter().filter(|choice| choice.settings.is_some() == with);
                all.map(|choice| format!("`{}`", choice.name)).collect::<Vec<_>>()
            };
            match (&of(false)[..], &of(true)[..]) {
                (words, []) if words.len() > 5 => "a word".to_owned(),
                (words, []) => listed(words, "or"),
                ([], tables) => format!("table with one of {}", listed(tables, "and")),
                (words, tables) => format!("{}, or table with {}", words.join(", "), listed(tables, "or")),
            }
        }
    }
}

fn default(row: &Row, measured: &Measured) -> String {
    let place = row.place.to_string();
    if row.is_choice {
        return String::new();
    }
    if let Some((_, default)) =
        BY_SPACE.iter().find(|(key, _)| place == *key || key.ends_with('.') && place.starts_with(key))
    {
        return (*default).to_owned();
    }
    match &measured.default {
        None => "required".to_owned(),
        Some(Value::Null) if row.doc.contains("The default is") => "see below".to_owned(),
        Some(Value::Null) => "none".to_owned(),
        Some(Value::Object(_)) if matches!(row.shape, Shape::Table(_)) => "its defaults".to_owned(),
        Some(Value::Object(map)) if map.is_empty() => "none".to_owned(),
        Some(Value::String(text)) if text.is_empty() => "empty".to_owned(),
        Some(Value::Array(all)) if all.is_empty() => "none".to_owned(),
        Some(Value::String(text)) => format!("`{text}`"),
        Some(value) => format!("`{}`", number(value)),
    }
}

/// A number or a list of numbers as TOML. Seeds are texts in JSON.
fn number(value: &Value) -> String {
    match value {
        Value::Array(all) => format!("[{}]", all.iter().map(number).collect::<Vec<_>>().join(", ")),
        Value::String(text) => text.clone(),
        other => other.to_string().trim_end_matches(".0").to_owned(),
    }
}

/// The pattern of a key in [`limits`](nas_assay_schema::spec::limits).
pub fn pattern(place: &Place) -> String {
    let text = place.to_string().replace("[]", "").replace(NAME, "*");
    let parts: Vec<&str> = text.split('.').collect();
    match parts[..] {
        ["images", _, key @ ("train" | "validation")] => format!("images.*.{key}"),
        _ => text,
    }
}

/// The limits of a number.
pub fn limit(place: &Place) -> Option<String> {
    let pattern = pattern(place);
    let count = COUNTS.iter().find(|limit| limit.keys.contains(&&*pattern)).map(Count::range);
    count.or_else(|| REALS.iter().find(|limit| limit.keys.contains(&&*pattern)).map(Real::range))
}

/// Whether values are numbers that need limits.
pub fn is_number(shape: &Shape) -> bool {
    match shape {
        Shape::Whole | Shape::Number => true,
        Shape::List(inner) => is_number(inner),
        _ => false,
    }
}

fn allowed(row: &Row) -> String {
    let place = row.place.to_string();
    let relative = RELATIVE.iter().find(|(key, _)| *key == place).map(|(_, range)| (*range).to_owned());
    let each = if matches!(row.shape, Shape::List(_)) { "each " } else { "" };
    match relative.or_else(|| limit(&row.place)) {
        Some(range) => format!("{each}{range}"),
        None if is_number(&row.shape) => panic!("{place} has no limits"),
        None if row.place.last() == "sha256" => "64 digits of `0-9a-f`".to_owned(),
        None => String::new(),
    }
}

/// The words that a key can have, with their meanings.
fn words(shape: &Shape) -> String {
    let Shape::Kinds(kinds) = shape else { return String::new() };
    let Kinds { name, choices, .. } = &**kinds;
    let mut text = String::new();
    for choice in choices.iter().filter(|choice| choice.settings.is_none()) {
        let meaning = match name.as_str() {
            "SpaceId" => choice.name.parse::<SpaceId>().unwrap().title().to_owned(),
            _ => in_a_line(&plain(&choice.doc)),
        };
        let _ = writeln!(text, "  - `{}`: {meaning}", choice.name);
    }
    text
}

/// The sizes that a network has if its keys are left out.
fn network_sizes() -> String {
    let mut text = "| space | network | keys and defaults |\n|---|---|---|\n".to_owned();
    for space in SpaceId::ALL {
        for form in [Form::StandAlone, Form::Supernet] {
            let sizes = serde_json::to_value(Network::paper(space, form)).unwrap();
            let sizes = sizes.as_object().unwrap().iter().map(|(key, value)| format!("`{key} = {value}`"));
            let sizes: Vec<String> = sizes.collect();
            let _ = writeln!(text, "| `{space}` | {} | {} |", form.name(), sizes.join(", "));
        }
    }
    text + "\n"
}

fn accuracies() -> String {
    let mut text = "\n## Accuracies of NAS-Bench-201\n\n\
        The names that `truth.nb201.accuracy` takes, and the table of the data root (below `truth/nb201/`) that has each.\n\n\
        | name | what it is | table |\n|---|---|---|\n"
        .to_owned();
    for accuracy in Nb201Accuracy::all() {
        let _ = writeln!(text, "| `{accuracy}` | {} | `{}` |", accuracy.words(), accuracy.table());
    }
    text
}
