//! The page of the book that has every key of specs and recipes. It is made from the types that their reader uses, and
//! what it says of a key is measured by reading documents with it.
//!
//! `NAS_ASSAY_UPDATE_BOOK=1 cargo test -p nas-assay-schema --test reference` makes the page again.

#![allow(clippy::unwrap_used, reason = "a test may panic anywhere")]

mod document;
mod page;
mod rows;
mod shape;
mod source;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::LazyLock;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use nas_assay_schema::spec::limits::{COUNTS, REALS};
use nas_assay_schema::spec::{Spec, TruthRecipe, parse_recipe, parse_spec};
use nas_assay_spaces::SpaceId;

use document::{Measured, expected, measured};
use page::{BY_SPACE, Part, RELATIVE, is_number, limit, page, pattern};
use rows::{PARTS, Place, Row, Section, sections};
use shape::{Shape, shape_of};
use source::Sources;

/// What the types of a document say, and what its reader does.
struct Read {
    root: Shape,
    sections: Vec<Section>,
    measured: BTreeMap<String, Measured>,
}

impl Read {
    fn of<T: Serialize + DeserializeOwned + PartialEq + Debug>(name: &str) -> Self {
        let sources = Sources::read(&["nas-assay-schema", "nas-assay-criteria", "nas-assay-spaces"]);
        let module = ["nas_assay_schema", "spec", "types"].map(str::to_owned).to_vec();
        let root = shape_of(&sources, &module, &[name.to_owned()]);
        let sections = sections(&root);
        let rows = sections.iter().flat_map(|section| &section.rows);
        let measured = rows.map(|row| (row.place.to_string(), measured::<T>(&root, row))).collect();
        Self { root, sections, measured }
    }

    fn spec() -> &'static Self {
        static READ: LazyLock<Read> = LazyLock::new(|| Read::of::<Spec>("Spec"));
        &READ
    }

    fn recipe() -> &'static Self {
        static READ: LazyLock<Read> = LazyLock::new(|| Read::of::<TruthRecipe>("TruthRecipe"));
        &READ
    }

    fn rows(&self) -> impl Iterator<Item = &Row> {
        self.sections.iter().flat_map(|section| &section.rows)
    }

    /// The keys of the table at a place.
    fn keys_at<'a>(&'a self, place: &'a Place) -> impl Iterator<Item = &'a str> {
        let depth = place.0.len() + 1;
        let inside = move |row: &&Row| row.place.0.len() == depth && row.place.0[..depth - 1] == place.0[..];
        self.rows().filter(inside).map(|row| row.place.last())
    }
}

#[test]
fn the_page_is_current() {
    fn part<'a>(title: &'a str, intro: &'a str, of: &'a str, read: &'a Read) -> Part<'a> {
        Part { title, intro, of, sections: &read.sections, measured: &read.measured }
    }
    let (spec, recipe) = (Read::spec(), Read::recipe());
    let text = page(&[
        part("Keys of a spec", "`nas-assay run SPEC` runs the experiment that a spec declares.", "", spec),
        part(
            "Keys of a truth recipe",
            "`nas-assay truth RECIPE` trains a ground truth. A recipe has no hash of its own. But the program trains some \
             architectures of a carried truth again, and the key of that stage depends on every key with `yes`.",
            " of a recipe",
            recipe,
        ),
    ]);
    nas_assay_testing::book_page("spec-reference.md", &text, "cargo test -p nas-assay-schema --test reference");
}

/// The reader itself says which keys it knows, so that the page has a row for each and for no other.
fn has_a_row_for_each_known_key<T: DeserializeOwned + Debug>(read: &Read) -> usize {
    let mut asked = 0;
    for section in read.sections.iter().filter(|section| !section.rows.is_empty()) {
        for place in &section.places {
            let known: BTreeSet<String> = expected::<T>(&read.root, place, Value::Null).unwrap().into_iter().collect();
            let rows: BTreeSet<String> = read.keys_at(place).map(str::to_owned).collect();
            assert_eq!(rows, known, "the keys of `{place}`");
            asked += known.len();
        }
    }
    for row in read.rows() {
        let Shape::Kinds(kinds) = &row.shape else { continue };
        let known: BTreeSet<String> =
            expected::<T>(&read.root, &row.place, json!({ "?": 0 })).unwrap().into_iter().collect();
        let choices: BTreeSet<String> = kinds.choices.iter().map(|choice| choice.name.clone()).collect();
        assert_eq!(choices, known, "the words of `{}`", row.place);
        let tables = kinds.choices.iter().filter(|choice| choice.settings.is_some()).map(|choice| choice.name.as_str());
        assert_eq!(tables.collect::<Vec<_>>(), read.keys_at(&row.place).collect::<Vec<_>>(), "`{}`", row.place);
        asked += known.len();
    }
    asked
}

#[test]
fn every_key_that_the_reader_knows_has_a_row_and_no_other_has() {
    assert!(has_a_row_for_each_known_key::<Spec>(Read::spec()) > 200);
    assert!(has_a_row_for_each_known_key::<TruthRecipe>(Read::recipe()) > 60);
}

#[test]
fn what_the_types_say_of_a_key_is_what_the_reader_does() {
    for read in [Read::spec(), Read::recipe()] {
        for row in read.rows().filter(|row| !row.is_choice) {
            let measured = &read.measured[&row.place.to_string()];
            assert_eq!(row.required, measured.default.is_none(), "whether `{}` is required", row.place);
            assert_eq!(row.hidden, measured.hashed == Some(false), "whether `{}` is in the hash", row.place);
        }
    }
}

#[test]
fn a_key_takes_only_values_of_its_type() {
    fn refuses<T: DeserializeOwned + Debug>(read: &Read) {
        let taken = |row: &Row, value: Value| {
            let mut document = document::document(&read.root, &row.place);
            *document.pointer_mut(&row.place.pointer()).unwrap() = value;
            serde_json::from_value::<T>(document).is_ok()
        };
        for row in read.rows() {
            let wrong: &[Value] = match &row.shape {
                Shape::Whole => &[json!(true), json!("3"), json!(-1), json!(0.5), json!([3])],
                Shape::Seed => &[json!(true), json!("a"), json!(-1), json!(0.5), json!([3])],
                Shape::Number => &[json!(true), json!("3"), json!([3])],
                Shape::Text | Shape::Accuracy | Shape::Kinds(_) => &[json!(true), json!(3), json!(["a"])],
                Shape::Bool => &[json!("true"), json!(1), json!([true])],
                Shape::List(_) | Shape::Either(..) => &[json!(true), json!(3), json!("a"), json!([true])],
                Shape::Table(_) => &[json!(true), json!(3), json!("a")],
                Shape::Named(_) => &[json!(true), json!(3), json!("a"), json!([])],
            };
            for value in wrong {
                assert!(!taken(row, value.clone()), "`{}` takes {value}", row.place);
            }
        }
    }
    refuses::<Spec>(Read::spec());
    refuses::<TruthRecipe>(Read::recipe());
}

#[test]
fn every_number_has_a_range_and_every_limit_is_that_of_a_number() {
    let (spec, recipe) = (Read::spec(), Read::recipe());
    let mut met = BTreeSet::new();
    for row in spec.rows().chain(recipe.rows()).filter(|row| is_number(&row.shape)) {
        let place = row.place.to_string();
        let relative = RELATIVE.iter().any(|(key, _)| *key == place);
        assert!(relative != limit(&row.place).is_some(), "{place} has no range, or two");
        met.insert(if relative { place } else { pattern(&row.place) });
    }
    let known = COUNTS.iter().flat_map(|limit| limit.keys).chain(REALS.iter().flat_map(|limit| limit.keys)).copied();
    let known: BTreeSet<String> = known.chain(RELATIVE.map(|(key, _)| key)).map(str::to_owned).collect();
    assert_eq!(met, known);
}

const HEAD: &str = "name = 'x'\nspace = 'nb201'\n[images.synthetic]\ntrain = 100\nvalidation = 50\n";
const PANEL: &str = "[truth.trained]\ntable = 'nb201-micro'\n[panels.all]\nestimators = ['params']\n";
const TRAINING: &str = "{ epochs = 4, batch = 10, learning-rate = 0.1 }";

/// Whether the spec or the recipe of a key is read with this value, where a training has 4 epochs.
fn is_allowed(key: &str, value: usize) -> bool {
    let schedule = TRAINING.replace(" }", &format!(", schedule = {{ warm-cosine = {{ warmup = {value} }} }} }}"));
    if key.starts_with("training.") {
        let text = HEAD.replace("space", "architectures = 2\nseeds = [1]\nspace");
        return parse_recipe(&format!("{text}[training]\n{}", inside(&schedule)), "a test").is_ok();
    }
    let prune = |after| format!("prune = {{ after = {after}, keep = 0.5, by = 'oneshot_loss' }}\n");
    let (training, lines, after) = match key {
        "supernet.training.schedule.warm-cosine.warmup" => (&*schedule, String::new(), String::new()),
        "supernet.checkpoints" => (TRAINING, format!("checkpoints = [{value}]\n"), String::new()),
        "supernet.prune.after" => (TRAINING, prune(value), String::new()),
        "supernet.watch.epochs" => {
            (TRAINING, format!("watch = {{ epochs = [{value}], architectures = 1 }}\n"), String::new())
        }
        // Three checkpoints and the last epoch are four weights.
        "one-shot.average-last" => {
            (TRAINING, "checkpoints = [1, 2, 3]\n".to_owned(), format!("[one-shot]\naverage-last = [{value}]\n"))
        }
        other => panic!("there is no document for `{other}`"),
    };
    let supernet = format!("[supernet]\nsampling = 'deiso'\ntraining = {training}\n{lines}");
    parse_spec(&format!("{HEAD}{PANEL}{supernet}{after}"), "a test").is_ok()
}

/// The lines of a table in braces.
fn inside(table: &str) -> String {
    let inner = table.strip_prefix('{').unwrap().strip_suffix('}').unwrap();
    let (plain, schedule) = inner.split_once("schedule").unwrap();
    format!("{}schedule{schedule}\n", plain.replace(", ", "\n"))
}

#[test]
fn ranges_that_depend_on_other_keys_are_as_the_page_says() {
    for (key, range) in RELATIVE {
        let (least, most) = match range {
            "from 0 to `epochs` - 1" => (0, 3),
            "from 1 to `epochs` - 1" => (1, 3),
            "from 1 to `epochs`" | "from 1 to the number of kept weights" => (1, 4),
            other => panic!("{key}: there is no test of a range {other}"),
        };
        for value in least..=most {
            assert!(is_allowed(key, value), "{key} = {value}");
        }
        assert!(!is_allowed(key, most + 1), "{key} = {}", most + 1);
        assert!(least == 0 || !is_allowed(key, 0), "{key} = 0");
    }
}

/// The keys that a reader fills in by the space are those of which the page says so.
#[test]
fn defaults_that_depend_on_the_space_are_as_the_page_says() {
    fn keys(value: &Value, at: &str, found: &mut BTreeSet<String>) {
        match value.as_object() {
            Some(fields) => fields.iter().for_each(|(key, value)| keys(value, &format!("{at}.{key}"), found)),
            None => drop(found.insert(at.trim_start_matches('.').to_owned())),
        }
    }
    fn filled_in<T: Serialize>(written: &T, read: &T) -> Vec<String> {
        let [written, read] = [written, read].map(|value| {
            let mut found = BTreeSet::new();
            keys(&serde_json::to_value(value).unwrap(), "", &mut found);
            found
        });
        read.difference(&written).cloned().collect()
    }
    let (mut filled, mut pickers) = (BTreeSet::new(), Vec::new());
    for space in SpaceId::ALL {
        let head = HEAD.replace("nb201", space.name());
        let supernet = format!("[supernet]\nsampling = 'iso'\ntraining = {TRAINING}\n");
        let text = format!("{head}{}{supernet}", PANEL.replace("nb201", space.name()));
        let (written, read): (Spec, Spec) = (toml::from_str(&text).unwrap(), parse_spec(&text, "a test").unwrap());
        filled.extend(filled_in(&written, &read));
        pickers.extend(read.supernet.unwrap().picker.map(|picker| (space, json!(picker))));
        let text = head.replace("space", "architectures = 2\nseeds = [1]\nspace");
        let text = format!("{text}[training]\nepochs = 4\nbatch = 10\nlearning-rate = 0.1\n");
        let (written, read): (TruthRecipe, TruthRecipe) =
            (toml::from_str(&text).unwrap(), parse_recipe(&text, "a test").unwrap());
        filled.extend(filled_in(&written, &read));
    }
    let is_by_space =
        |place: &str| BY_SPACE.iter().any(|(key, _)| place == *key || key.ends_with('.') && place.starts_with(key));
    let (spec, recipe) = (Read::spec(), Read::recipe());
    let places = spec.rows().chain(recipe.rows()).map(|row| row.place.to_string());
    let said: BTreeSet<String> = places.filter(|place| is_by_space(place)).collect();
    assert_eq!(filled, said);
    let ordinal = json!("ordinal");
    assert_eq!(pickers, [(SpaceId::NdsResnet, ordinal.clone()), (SpaceId::NdsResnextA, ordinal)]);
}

#[test]
fn a_variant_takes_the_sections_that_the_page_has_for_it() {
    let read = Read::spec();
    let section = read.sections.iter().find(|section| section.name == PARTS[0]).unwrap();
    let rows: Vec<&str> = section.rows.iter().map(|row| row.place.last()).collect();
    let error = parse_spec(&format!("{HEAD}{PANEL}[variants.a]\nb = 1\n"), "a test").unwrap_err().to_string();
    let known: Vec<&str> = error.split('`').skip(3).step_by(2).collect();
    assert_eq!(rows, known, "{error}");
}
