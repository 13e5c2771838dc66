//! Tests of the hash of a spec: pinned hashes, and which keys change the hash.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use nas_assay::Suite;
use nas_assay::carried::SPECS;
use nas_assay::experiment::Resolved;
use nas_assay::spec::parse_spec;
use proptest::prelude::*;
use toml::{Table, Value};

/// A spec with every key, so that a test can change each of them.
const FULL: &str = r#"
name = "full"
title = "every key"
space = "nb201"

[images.cifar10]
files = [{ path = "images/a.bin", sha256 = "83ccf78801749530e4107c7fcd3a6efedb29417c18d6d6802ccad704733d6a02" }]
train = 800
validation = 200

[truth.nb201]
file = { path = "truth/nb201/cifar10-test-200-v1.0-mean.csv", sha256 = "7cc179d812340256cc304348c9183926ae7687b912fa502da2ae88758c44c089" }
accuracy = "cifar10-test-200-v1.0-class-mean"
rows = "representatives"

[supernet]
seeds = [20, 2020]
network = { channels = 16, cells = 1, cell-affine = false }
sampling = "deiso"
decay-unsampled = true

[supernet.training]
epochs = 3
batch = 64
learning-rate = 0.05
schedule = { plateau = { factor = 0.5, patience = 30, threshold = 1e-4 } }
momentum = 0.9
weight-decay = 5e-4
clip = 5.0
dropout = 0.1
augment = true

[one-shot]
batch = 128
validation = 100

[zero-shot]
form = "stand-alone"
network = { channels = 8, cells = 2, cell-affine = true }
batch = 32
batches = 2
seeds = [1]
input = "images"
precision = "f64"

[panels.all]
estimators = ["params", "oneshot_loss"]
sample = 50
seed = 3

[criteria]
fractions = [0.05]
ranking-fractions = [0.1]
best-of = [1, 10]
resamples = 100
"#;

/// Keys that are not part of the hash.
const FREE: [&str; 4] = ["name", "title", "images.cifar10.files.0.path", "truth.nb201.file.path"];

/// Another valid value for each key with a string.
const WORDS: [(&str, &str); 14] = [
    ("name", "other"),
    ("title", "another"),
    ("images.cifar10.files.0.path", "images/b.bin"),
    ("images.cifar10.files.0.sha256", "03ccf78801749530e4107c7fcd3a6efedb29417c18d6d6802ccad704733d6a02"),
    ("truth.nb201.file.path", "truth/other.csv"),
    ("truth.nb201.file.sha256", "07eadc3701bfba59417a670374095c815fa28a80a770ec4d955d9870b85d18e4"),
    ("truth.nb201.accuracy", "cifar10-test-200-v1.0-mean"),
    ("truth.nb201.rows", "all"),
    ("supernet.sampling", "iso"),
    ("zero-shot.form", "supernet"),
    ("zero-shot.input", "gaussian"),
    ("zero-shot.precision", "f32"),
    ("panels.all.estimators.0", "flops"),
    ("panels.all.estimators.1", "oneshot_accuracy"),
];

fn resolved(text: &str) -> Resolved {
    let spec = parse_spec(text, "a test").unwrap_or_else(|error| panic!("{error}\n{text}"));
    Resolved::new(spec, &Suite::builtin()).unwrap()
}

fn hash(text: &str) -> String {
    resolved(text).hash.to_string()
}

/// All leaves below a value, with their paths.
fn leaves(path: &str, value: &Value, found: &mut Vec<(String, Value)>) {
    let join = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Table(table) => table.iter().for_each(|(key, value)| leaves(&join(key), value, found)),
        Value::Array(array) => {
            array.iter().enumerate().for_each(|(index, value)| leaves(&join(&index.to_string()), value, found));
        }
        leaf => found.push((path.to_owned(), leaf.clone())),
    }
}

/// The value at a path.
fn place<'a>(root: &'a mut Value, path: &str) -> &'a mut Value {
    path.split('.').fold(root, |value, key| match value {
        Value::Table(table) => table.get_mut(key).unwrap(),
        Value::Array(array) => &mut array[key.parse::<usize>().unwrap()],
        leaf => panic!("{path}: {leaf} has no {key}"),
    })
}

/// Another valid value for the key at `path`.
fn turned(path: &str, value: &Value) -> Value {
    match value {
        Value::Boolean(value) => Value::Boolean(!value),
        Value::Integer(value) => Value::Integer(value + 1),
        Value::Float(value) => Value::Float(value * 0.75),
        Value::String(_) => {
            let (_, word) =
                WORDS.iter().find(|(key, _)| *key == path).unwrap_or_else(|| panic!("no other value for {path}"));
            Value::String((*word).to_owned())
        }
        other => panic!("{path}: {other}"),
    }
}

#[test]
fn every_parameter_changes_the_hash_and_every_label_keeps_it() {
    let before = hash(FULL);
    let root = Value::Table(FULL.parse::<Table>().unwrap());
    let mut found = Vec::new();
    leaves("", &root, &mut found);
    assert!(found.len() > 45, "{} keys", found.len());
    // The space cannot be changed alone: another space needs another truth and other sizes.
    for (path, value) in found.into_iter().filter(|(path, _)| path != "space") {
        let mut other = root.clone();
        *place(&mut other, &path) = turned(&path, &value);
        let after = hash(&toml::to_string(&other).unwrap());
        assert_eq!(after == before, FREE.contains(&path.as_str()), "{path}");
    }
}

/// The test above changes each key of `FULL`. This test checks that `FULL` has all keys of the hash.
#[test]
fn the_full_spec_writes_out_every_key_of_the_identity() {
    let root = Value::Table(FULL.parse::<Table>().unwrap());
    let mut written = Vec::new();
    leaves("", &root, &mut written);
    let written: BTreeSet<String> = written.into_iter().map(|(path, _)| path).collect();

    let identity: serde_json::Value = serde_json::from_str(&resolved(FULL).canonical).unwrap();
    let spec: Value = serde_json::from_value(identity["spec"].clone()).unwrap();
    let mut hashed = Vec::new();
    leaves("", &spec, &mut hashed);
    for (path, _) in hashed {
        assert!(written.contains(&path), "{path} is part of the hash, but the test does not change it");
    }
}

/// `FULL` with other lines instead of `sampling = "deiso"`. They can have further keys of a supernet.
fn with(lines: &str) -> String {
    FULL.replace("sampling = \"deiso\"\n", &format!("{lines}\n"))
}

/// The error for a spec with these lines.
fn refused(lines: &str) -> String {
    match parse_spec(&with(lines), "a test") {
        Ok(spec) => Resolved::new(spec, &Suite::builtin()).unwrap_err().to_string(),
        Err(error) => error.to_string(),
    }
}

/// Keys that were added after the first hashes: their defaults keep the hash, and every other value changes it.
#[test]
fn variants_of_training_change_the_hash_and_their_defaults_keep_it() {
    let deiso = "sampling = 'deiso'";
    assert_eq!(hash(&with(deiso)), hash(FULL));
    assert_eq!(hash(&with(&format!("{deiso}\nstrategy = 'uniform'\narchitectures = 1"))), hash(FULL));
    let variants = [
        "sampling = 'iso'",
        "sampling = 'iso'\nstrategy = 'fair'",
        "sampling = 'deiso'\narchitectures = 2",
        "sampling = 'deiso'\narchitectures = 3",
        "sampling = 'deiso'\ncheckpoints = [1]",
        "sampling = 'deiso'\ncheckpoints = [1, 2]",
        "sampling = 'deiso'\nprune = { after = 1, keep = 0.5, by = 'oneshot_loss' }",
        "sampling = 'deiso'\nprune = { after = 2, keep = 0.5, by = 'oneshot_loss' }",
        "sampling = 'deiso'\nprune = { after = 1, keep = 0.25, by = 'oneshot_loss' }",
        "sampling = 'deiso'\nprune = { after = 1, keep = 0.5, by = 'oneshot_accuracy' }",
        "sampling = 'deiso'\nprune = { after = 1, keep = 0.5, by = 'oneshot_loss', candidates = 100 }",
        "sampling = 'deiso'\nprune = { after = 1, keep = 0.5, by = 'oneshot_loss', candidates = 100, validation = 10 }",
        "sampling = 'deiso'\nwatch = { epochs = [1], architectures = 2 }",
        "sampling = 'deiso'\nwatch = { epochs = [1, 3], architectures = 2 }",
        "sampling = 'deiso'\nwatch = { epochs = [1], architectures = 3 }",
    ];
    let mut hashes: BTreeSet<String> = variants.iter().map(|lines| hash(&with(lines))).collect();
    assert!(hashes.insert(hash(FULL)) && hashes.len() == variants.len() + 1, "{hashes:?}");
}

/// `FULL` with weights that are kept after every epoch, and with further lines in the table `[one-shot]`.
fn read_by(lines: &str) -> String {
    with("sampling = 'deiso'\ncheckpoints = [1, 2]").replace("[one-shot]\n", &format!("[one-shot]\n{lines}\n"))
}

#[test]
fn averages_change_the_hash_and_their_defaults_keep_it() {
    assert_eq!(hash(&read_by("average-last = [1]\nensemble = 'none'")), hash(&read_by("")));
    let variants = ["", "average-last = [3]", "average-last = [1, 3]", "ensemble = 'seeds'"];
    let hashes: BTreeSet<String> = variants.iter().map(|lines| hash(&read_by(lines))).collect();
    assert_eq!(hashes.len(), variants.len());
    let cases = [
        ("average-last = []", "`one-shot.average-last` is empty"),
        ("average-last = [0]", "`one-shot.average-last` asks for 0"),
        ("average-last = [1, 4]", "`one-shot.average-last` asks for 4, but weights are kept after 3 epochs only"),
        ("average-last = [2, 2]", "`one-shot.average-last` names 2 twice"),
    ];
    for (lines, expected) in cases {
        let error = parse_spec(&read_by(lines), "a test").unwrap_err().to_string();
        assert!(error.starts_with(expected), "{lines}: {error}");
    }
    let single = read_by("ensemble = 'seeds'").replace("seeds = [20, 2020]", "seeds = [20]");
    let error = parse_spec(&single, "a test").unwrap_err().to_string();
    assert!(error.starts_with("`one-shot.ensemble` is `seeds`, but the number of supernet seeds is 1"), "{error}");
}

#[test]
fn a_variant_that_does_not_fit_is_refused_with_its_place() {
    let cases = [
        ("sampling = 'deiso'\narchitectures = 0", "`supernet.architectures` is 0"),
        ("sampling = 'deiso'\nstrategy = 'fair'", "`supernet.strategy` is `fair`, which draws raw encodings"),
        ("sampling = 'iso'\nstrategy = 'fair'\narchitectures = 5", "`supernet.architectures` is for uniform draws"),
        ("sampling = 'iso'\nprune = { after = 3, keep = 0.5, by = 'oneshot_loss' }", "`supernet.prune.after` is 3"),
        (
            "sampling = 'deiso'\nprune = { after = 1, keep = 0.5, by = 'oneshot_loss', validation = 1000000 }",
            "`supernet.prune.validation` asks for 1000000 validation images",
        ),
        ("sampling = 'iso'\nprune = { after = 1, keep = 0.0, by = 'oneshot_loss' }", "`supernet.prune.keep` is 0"),
        ("sampling = 'iso'\nprune = { after = 1, keep = 1.5, by = 'oneshot_loss' }", "`supernet.prune.keep` is 1.5"),
        (
            "sampling = 'iso'\nprune = { after = 1, keep = 0.5, by = 'oneshot_loss' }",
            "`supernet.prune.candidates` is 0",
        ),
        (
            "sampling = 'iso'\nstrategy = 'fair'\nprune = { after = 1, keep = 0.5, by = 'oneshot_loss', candidates = 9 }",
            "`supernet.prune` continues with a list",
        ),
        ("sampling = 'iso'\nwatch = { epochs = [], architectures = 1 }", "`supernet.watch.epochs` is empty"),
        ("sampling = 'iso'\nwatch = { epochs = [4], architectures = 1 }", "`supernet.watch.epochs` is [4]"),
        ("sampling = 'iso'\nwatch = { epochs = [3], architectures = 0 }", "`supernet.watch.architectures` is 0"),
        ("sampling = 'iso'\nwatch = { epochs = [3], architectures = 14 }", "`supernet.watch.architectures` is 14"),
        ("sampling = 'iso'\ncheckpoints = [2, 1]", "`supernet.checkpoints` is [2, 1], and must be ascending"),
        (
            "sampling = 'iso'\ncheckpoints = [3]",
            "`supernet.checkpoints` is [3], and must be ascending epochs from 1 to 2",
        ),
    ];
    for (lines, expected) in cases {
        let message = refused(lines);
        assert!(message.starts_with(expected), "{lines}: {message}");
    }
    let (_, darts) = SPECS.iter().find(|(name, _)| *name == "nb301-micro").unwrap();
    let error = parse_spec(&darts.replace("[supernet]", "[supernet]\nstrategy = 'fair'"), "a test").unwrap_err();
    assert!(error.to_string().starts_with("`supernet.strategy` is `fair`, which works for nb201 only"), "{error}");
}

/// `FULL` with some operations left out of the supernet and of the panel.
fn leaving_out(supernet: &str, panel: &str) -> String {
    let table = |name: &str, operations: &str| match operations {
        "" => String::new(),
        operations => format!("[{name}.without]\noperations = [{operations}]\n"),
    };
    format!("{FULL}{}{}", table("supernet", supernet), table("panels.all", panel))
}

#[test]
fn what_is_left_out_changes_the_hash_and_must_make_sense() {
    let pools = leaving_out("'avg_pool_3x3', 'none'", "'none', 'avg_pool_3x3'");
    assert_eq!(hash(&pools), hash(&leaving_out("'none', 'avg_pool_3x3'", "'none', 'avg_pool_3x3'")), "the order");
    let texts = [
        FULL.to_owned(),
        pools,
        leaving_out("", "'none'"),
        leaving_out("'none'", "'none'"),
        leaving_out("'none'", "'none', 'avg_pool_3x3'"),
    ];
    let hashes: BTreeSet<String> = texts.iter().map(|text| hash(text)).collect();
    assert_eq!(hashes.len(), texts.len());

    let refused = |supernet: &str, panel: &str| match parse_spec(&leaving_out(supernet, panel), "a test") {
        Ok(spec) => Resolved::new(spec, &Suite::builtin()).unwrap_err().to_string(),
        Err(error) => error.to_string(),
    };
    let cases = [
        (refused("'avg_pool'", ""), "`supernet.without.operations` names `avg_pool`; the operations of nb201 are"),
        (refused("'none', 'none'", ""), "`supernet.without.operations` names none twice"),
        (refused("", "'nor_conv_1x1', 'nor_conv_3x3'"), "`panels.all.without.operations` leaves no convolution"),
        (refused("'none'", ""), "`panels.all.without.operations` must name none too"),
        (refused("'none'", "'avg_pool_3x3'"), "`panels.all.without.operations` must name none too"),
    ];
    for (message, expected) in cases {
        assert!(message.starts_with(expected), "{message}");
    }
}

#[test]
fn the_hashes_of_the_carried_specs_are_pinned() {
    let mut listed = String::new();
    for (name, text) in SPECS {
        writeln!(listed, "{name} {}", hash(text)).unwrap();
    }
    insta::assert_snapshot!("carried_spec_hashes", listed);
}

#[test]
fn the_canonical_form_is_pinned() {
    insta::assert_snapshot!("canonical_form", resolved(FULL).canonical);
}

#[test]
fn defaults_are_filled_in() {
    let short = "name = 'x'\nspace = 'nb201'\n[images.synthetic]\ntrain = 64\nvalidation = 20\n\
                 [truth.trained]\ntable = 'nb201-micro'\n[panels.all]\nestimators = ['params']\n";
    let long =
        format!("{short}sample = 0\nseed = 0\n[zero-shot]\nbatch = 64\nprecision = 'f32'\n[one-shot]\nbatch = 64\n");
    assert_eq!(hash(short), hash(&long));
    assert_ne!(hash(short), hash(&format!("{short}sample = 2\n")));
}

/// Writes a value with its keys in another order, and with comments and spaces between them.
fn scrambled(value: &Value, order: &mut impl FnMut(usize) -> usize) -> String {
    match value {
        Value::Table(table) => {
            let mut keys: Vec<&String> = table.keys().collect();
            let mut parts = Vec::new();
            while !keys.is_empty() {
                let key = keys.remove(order(keys.len()));
                let spaces = " ".repeat(order(3));
                parts.push(format!("{key}{spaces}={spaces}{}", scrambled(&table[key], order)));
            }
            format!("{{{}}}", parts.join(", "))
        }
        Value::Array(array) => {
            let parts: Vec<String> = array.iter().map(|value| scrambled(value, order)).collect();
            format!("[ # a comment\n  {}\n]", parts.join(",\n  "))
        }
        leaf => leaf.to_string(),
    }
}

proptest! {
    #[test]
    fn order_comments_and_formatting_never_change_the_hash(choices in prop::collection::vec(any::<u32>(), 64)) {
        let root: Table = FULL.parse().unwrap();
        let mut draw = choices.iter().cycle();
        let mut order = |bound: usize| *draw.next().unwrap() as usize % bound;
        let mut keys: Vec<&String> = root.keys().collect();
        let mut text = String::from("# a spec\n\n");
        while !keys.is_empty() {
            let key = keys.remove(order(keys.len()));
            writeln!(text, "{key} = {} # {key}\n", scrambled(&root[key], &mut order)).unwrap();
        }
        prop_assert_eq!(hash(&text), hash(FULL));
    }
}

#[test]
fn the_text_of_a_spec_is_read_as_the_same_spec() {
    for (name, text) in SPECS {
        let spec = parse_spec(text, name).unwrap();
        let text = spec.to_toml().unwrap();
        assert_eq!(parse_spec(&text, "a test").unwrap(), spec, "{text}");
    }
}
