//! Small documents that have a key, and what its reader does with them: its default, whether it is required and part of
//! the hash.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use nas_assay_schema::spec::{Nb201Accuracy, canonical_json};

use super::rows::{NAME, Place, Row, Step};
use super::shape::{Shape, Table};

/// What a reader does with a key.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The value that is as good as none; `None` if the key is required. [`Value::Null`] is none.
    pub default: Option<Value>,
    /// Whether another value gives another hash; `None` for a table that is always there.
    pub hashed: Option<bool>,
}

/// A value of this shape that has what is required, and one with the steps `to` inside it.
fn value(shape: &Shape, to: &[Step], other: bool) -> Value {
    let rest = to.get(1..).unwrap_or_default();
    match shape {
        Shape::Whole => json!(if other { 4 } else { 3 }),
        Shape::Number => json!(if other { 0.5 } else { 0.25 }),
        Shape::Text => json!(if other { "b" } else { "a" }),
        Shape::Bool => json!(other),
        Shape::Seed => json!(if other { "8" } else { "7" }),
        Shape::Accuracy => json!(Nb201Accuracy::all().nth(usize::from(other)).unwrap()),
        Shape::List(inner) => json!([value(inner, rest, other)]),
        Shape::Named(inner) => {
            let name = if other && to.is_empty() { "OTHER" } else { NAME };
            Map::from_iter([(name.to_owned(), value(inner, rest, other && !to.is_empty()))]).into()
        }
        Shape::Either(list, table) => {
            if to.is_empty() {
                value(list, to, other)
            } else {
                in_table(table, to)
            }
        }
        Shape::Table(table) => in_table(table, to),
        Shape::Kinds(kinds) => {
            let named = |step: &Step| kinds.choices.iter().find(|choice| *step == Step::Key(choice.name.clone()));
            let choice = to.first().and_then(named).unwrap_or(&kinds.choices[usize::from(other)]);
            match &choice.settings {
                Some(settings) => Map::from_iter([(choice.name.clone(), value(settings, rest, other))]).into(),
                None => json!(choice.name),
            }
        }
    }
}

fn in_table(table: &Table, to: &[Step]) -> Value {
    let wanted = to.first();
    let fields = table.fields.iter().filter_map(|field| {
        let here = wanted == Some(&Step::Key(field.key.clone()));
        let rest = if here { &to[1..] } else { &[] };
        (here || field.required).then(|| (field.key.clone(), value(&field.shape, rest, false)))
    });
    fields.collect::<Map<_, _>>().into()
}

/// A document that has the value at a place, and what else is required.
pub fn document(root: &Shape, place: &Place) -> Value {
    value(root, &place.0, false)
}

fn read<T: DeserializeOwned>(document: &Value) -> Result<T, String> {
    serde_json::from_value(document.clone()).map_err(|error| error.to_string())
}

fn written<T: Serialize + DeserializeOwned>(document: &Value) -> String {
    let value: T = read(document).unwrap_or_else(|error| panic!("{error} in {document}"));
    canonical_json("a document", &value).unwrap()
}

/// What the reader of `T` does with a key.
pub fn measured<T: Serialize + DeserializeOwned + PartialEq + Debug>(root: &Shape, row: &Row) -> Measured {
    let with = document(root, &row.place);
    written::<T>(&with);
    let mut without = with.clone();
    let (table, key) = (&row.place.pointer()[..], row.place.last());
    let (table, _) = table.rsplit_once('/').unwrap();
    without.pointer_mut(table).unwrap().as_object_mut().unwrap().remove(key);
    let set = |value: Value| {
        let mut document = with.clone();
        *document.pointer_mut(&row.place.pointer()).unwrap() = value;
        document
    };
    let [one, other] = [false, true].map(|other| set(value(&row.shape, &[], other)));
    let present = read::<T>(&without);
    // Of a table with one of several keys, the key is the value.
    let default = match &present {
        Err(error) if row.is_choice => {
            assert!(error.contains("expected"), "{}: {error}", row.place);
            None
        }
        Err(error) => {
            assert!(error.contains(&format!("missing field `{key}`")), "{}: {error}", row.place);
            None
        }
        Ok(present) => {
            let kept = serde_json::to_value(present).unwrap().pointer(&row.place.pointer()).cloned();
            let words = match &row.shape {
                Shape::Kinds(kinds) => kinds.choices.iter().map(|choice| json!(choice.name)).collect(),
                _ => Vec::new(),
            };
            let plain = [
                json!(false),
                json!(true),
                json!(0),
                json!(0.0),
                json!(1),
                json!(""),
                json!([]),
                json!([1]),
                json!({}),
            ];
            // What the canonical form leaves out is among the numbers that the value has.
            let text = format!("{present:?}");
            let numbers =
                text.split(|letter: char| !letter.is_ascii_digit()).filter_map(|digits| digits.parse::<u64>().ok());
            let numbers = numbers.map(|number| json!(number));
            let mut all = kept.into_iter().chain(words).chain(plain).chain(numbers).chain([Value::Null]);
            let same = |value: &Value| read::<T>(&set(value.clone())).is_ok_and(|other| other == *present);
            Some(all.find(same).unwrap_or_else(|| panic!("{}: no value is as good as none", row.place)))
        }
    };
    let hashed = if one == other {
        present.is_ok().then(|| written::<T>(&without) != written::<T>(&one))
    } else {
        Some(written::<T>(&one) != written::<T>(&other))
    };
    // A table that is left out can be as good as an empty one.
    let hashed = hashed.filter(|differs| *differs || !matches!(row.shape, Shape::Table(_)));
    Measured { default, hashed }
}

/// The keys that the reader of `T` expects in the table at a place, or the words there.
pub fn expected<T: DeserializeOwned + Debug>(root: &Shape, place: &Place, unknown: Value) -> Option<Vec<String>> {
    let mut document = document(root, place);
    let at = document.pointer_mut(&place.pointer()).unwrap();
    match (at.as_object_mut(), unknown) {
        (Some(table), Value::Null) => {
            table.insert("?".to_owned(), json!(0));
        }
        (None, Value::Null) => *at = json!({ "?": 0 }),
        (_, unknown) => *at = unknown,
    }
    let error = read::<T>(&document).expect_err("a key `?` was taken");
    let known = error.strip_prefix("unknown field `?`").or_else(|| error.strip_prefix("unknown variant `?`"))?;
    Some(known.split('`').skip(1).step_by(2).map(str::to_owned).collect())
}
