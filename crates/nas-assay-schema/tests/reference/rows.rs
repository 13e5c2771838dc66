//! Every key that a reader takes, in the sections of the page.

use std::fmt;
use std::sync::Arc;

use super::shape::{Choice, Field, Shape, Table};

/// A step from a value to one inside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// To the value of a key.
    Key(String),
    /// To the value of a name that the author chooses.
    Name,
    /// To an entry of a list.
    Item,
}

/// Where a value is, from the whole spec.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place(pub Vec<Step>);

/// A name that the author chooses, in keys and in the documents of tests.
pub const NAME: &str = "NAME";

impl Place {
    fn to(&self, step: Step) -> Self {
        Self([self.0.as_slice(), &[step]].concat())
    }

    fn key(&self, key: &str) -> Self {
        self.to(Step::Key(key.to_owned()))
    }

    /// Its place in a document of JSON.
    pub fn pointer(&self) -> String {
        let step = |step: &Step| match step {
            Step::Key(key) => format!("/{key}"),
            Step::Name => format!("/{NAME}"),
            Step::Item => "/0".to_owned(),
        };
        self.0.iter().map(step).collect()
    }

    /// The last key.
    pub fn last(&self) -> &str {
        let key = |step: &'_ Step| matches!(step, Step::Key(_));
        match self.0.iter().rfind(|step| key(step)) {
            Some(Step::Key(key)) => key,
            _ => "",
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, step) in self.0.iter().enumerate() {
            let dot = if index == 0 { "" } else { "." };
            match step {
                Step::Key(key) => write!(f, "{dot}{key}")?,
                Step::Name => write!(f, "{dot}{NAME}")?,
                Step::Item => f.write_str("[]")?,
            }
        }
        Ok(())
    }
}

/// A key.
#[derive(Debug)]
pub struct Row {
    pub place: Place,
    pub shape: Shape,
    /// As its type says, for a table with all keys that the type requires.
    pub required: bool,
    pub hidden: bool,
    pub doc: String,
    /// Whether it is a key of a table that has exactly one of several keys.
    pub is_choice: bool,
}

/// The keys of one type, at all places that have it.
#[derive(Debug)]
pub struct Section {
    pub name: String,
    pub doc: String,
    pub places: Vec<Place>,
    pub rows: Vec<Row>,
}

/// Types of tables that hold parts of other sections, whose keys stand there.
pub const PARTS: [&str; 1] = ["Variant"];

/// The sections of a document of this shape.
pub fn sections(root: &Shape) -> Vec<Section> {
    let mut found = Vec::new();
    walk(root, &Place::default(), &mut found);
    found
}

fn walk(shape: &Shape, place: &Place, found: &mut Vec<Section>) {
    match shape {
        Shape::Table(table) | Shape::Either(_, table) => in_table(table, place, found),
        Shape::List(inner) => walk(inner, &place.to(Step::Item), found),
        Shape::Named(inner) => walk(inner, &place.to(Step::Name), found),
        Shape::Kinds(kinds) => {
            for Choice { name, settings, .. } in &kinds.choices {
                if let Some(settings) = settings {
                    walk(settings, &place.key(name), found);
                }
            }
        }
        Shape::Whole | Shape::Number | Shape::Text | Shape::Bool | Shape::Seed | Shape::Accuracy => {}
    }
}

fn in_table(table: &Arc<Table>, place: &Place, found: &mut Vec<Section>) {
    let index = found.iter().position(|section| section.name == table.name).unwrap_or_else(|| {
        let (name, doc) = (table.name.clone(), table.doc.clone());
        found.push(Section { name, doc, places: Vec::new(), rows: Vec::new() });
        found.len() - 1
    });
    found[index].places.push(place.clone());
    for Field { key, shape, required, hidden, doc } in &table.fields {
        let (place, shape) = (place.key(key), shape.clone());
        let choices = choices(&shape, &place);
        let (required, hidden, doc) = (*required, *hidden, doc.clone());
        found[index].rows.push(Row { place, shape, required, hidden, doc, is_choice: false });
        found[index].rows.extend(choices);
    }
    if !PARTS.contains(&table.name.as_str()) {
        table.fields.iter().for_each(|field| walk(&field.shape, &place.key(&field.key), found));
    }
}

/// The keys of a table that has exactly one of several keys.
fn choices(shape: &Shape, place: &Place) -> Vec<Row> {
    let Shape::Kinds(kinds) = shape else { return Vec::new() };
    let row = |choice: &Choice| {
        let shape = choice.settings.clone()?;
        let (place, doc) = (place.key(&choice.name), choice.doc.clone());
        Some(Row { place, shape, required: false, hidden: false, doc, is_choice: true })
    };
    kinds.choices.iter().filter_map(row).collect()
}
