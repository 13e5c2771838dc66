//! Tests of CIFAR-100 and ImageNet16-120: their images, networks with as many outputs as they have classes, and the truth on them. The
//! images are invented, in the official layouts.

use std::fmt::Write as _;

use super::common::{Bench, Ran};
use nas_assay::Suite;
use nas_assay::digest::sha256_hex;
use nas_assay::estimator::EstimatorKind;
use nas_assay::space::{SpaceId, nb201};
use nas_assay::store::record::{EstimatorRecord, Record};

/// An image set as a spec names it.
struct Set {
    /// The table of `[images]`.
    key: &'static str,
    classes: usize,
    side: usize,
    /// Bytes of a row before its label.
    before: usize,
    accuracy: &'static str,
}

const CIFAR10: Set =
    Set { key: "cifar10", classes: 10, side: 32, before: 0, accuracy: "cifar10-half-test-200-seed888" };
const CIFAR100: Set = Set { key: "cifar100", classes: 100, side: 32, before: 1, accuracy: "cifar100-test-200-seed888" };
const IMAGENET16: Set =
    Set { key: "imagenet16-120", classes: 120, side: 16, before: 0, accuracy: "imagenet16-test-200-seed888" };

const IMAGES: usize = 40;

/// Rows with invented pixels. The labels are evenly spread, and the last is `last`.
fn rows(set: &Set, last: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut pixel = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let mut bytes = Vec::new();
    for image in 0..IMAGES {
        let label = if image + 1 == IMAGES { last } else { 37 * image % set.classes };
        bytes.extend(vec![(label / 5) as u8; set.before]);
        bytes.push(label as u8);
        bytes.extend((0..3 * set.side * set.side).map(|_| pixel()));
    }
    bytes
}

/// Invented accuracies of all encodings.
fn table(set: &Set) -> String {
    let mut text = format!("architecture,{}\n", set.accuracy);
    for architecture in nb201::Architecture::all() {
        writeln!(text, "{architecture},{}", (architecture.index() * 7 % 3_000) as f64 / 50.0).unwrap();
    }
    text
}

/// The ids of all zero-shot estimators of NAS-Bench-201.
fn zero_shot() -> Vec<&'static str> {
    static SUITE: std::sync::LazyLock<Suite> = std::sync::LazyLock::new(Suite::builtin);
    let all = SUITE.of(SpaceId::Nb201).map(nas_assay::estimator::Estimator::meta);
    all.filter(|meta| meta.kind == EstimatorKind::ZeroShot).map(|meta| meta.id).collect()
}

/// Runs a spec on the images of a set, with every zero-shot estimator on three architectures, and with more lines.
fn run(set: &Set, last: usize, estimators: &[&str], more: &str) -> Ran {
    let bench = Bench::new();
    let (images, truth) = (rows(set, last), table(set));
    bench.write("data/images.bin", &images);
    bench.write("data/truth.csv", &truth);
    let (Set { key, accuracy, .. }, quoted) = (set, estimators.join("', '"));
    let spec = format!(
        "name = 'set'\nspace = 'nb201'\n[images.{key}]\nfiles = [{{ path = 'images.bin', sha256 = '{}' }}]\n\
         train = 30\nvalidation = 10\n[truth.nb201]\nfile = {{ path = 'truth.csv', sha256 = '{}' }}\n\
         accuracy = '{accuracy}'\nrows = 'representatives'\n\
         [zero-shot]\nnetwork = {{ channels = 4, cells = 1 }}\nbatch = 8\nbatches = 2\n\
         [panels.all]\nsample = 3\nseed = 1\nestimators = ['{quoted}']\n[criteria]\nresamples = 20\n{more}",
        sha256_hex(&images),
        sha256_hex(truth.as_bytes()),
    );
    bench.write("set.toml", spec);
    bench.run(&["run", "set.toml", "--data-root", "data", "--json"])
}

fn record(ran: Ran) -> Record {
    Record::from_json(&ran.exits(0).stdout).unwrap()
}

fn row<'a>(record: &'a Record, id: &str, variant: Option<&str>) -> &'a EstimatorRecord {
    let mut rows = record.panels[0].estimators.iter().filter(|row| row.id == id && row.variant.as_deref() == variant);
    rows.next().unwrap_or_else(|| panic!("no {id} of {variant:?}"))
}

fn values(record: &Record, id: &str, variant: Option<&str>) -> Vec<f64> {
    row(record, id, variant).scores.iter().map(|score| score.value()).collect()
}

/// All zero-shot estimators, with images and with noise, and a supernet.
fn everything(set: &Set) {
    let ids = zero_shot();
    assert!(ids.len() > 10, "{ids:?}");
    let estimators = [&["params"][..], &ids, &["oneshot_accuracy", "oneshot_loss"]].concat();
    let more = "[variants.gaussian.zero-shot]\ninput = 'gaussian'\n[variants.uniform.zero-shot]\ninput = 'uniform'\n\
        [supernet]\nseeds = [20]\nsampling = 'iso'\nnetwork = { channels = 4, cells = 1 }\n\
        training = { epochs = 1, batch = 15, learning-rate = 0.01 }\n";
    let found = record(run(set, 0, &estimators, more));
    for variant in [None, Some("gaussian"), Some("uniform")] {
        for id in &ids {
            // Synflow looks at ones, whatever the input is.
            if row_of(&found, id, variant) || variant.is_none() {
                assert_eq!(row(&found, id, variant).scores.len(), 3, "{id} {variant:?}");
            }
        }
    }
    let finite = ids.iter().filter(|id| values(&found, id, None).iter().all(|score| score.is_finite())).count();
    assert!(finite + 2 >= ids.len(), "{finite} of {} estimators have scores of all architectures", ids.len());
    // A network that has learnt nothing gives each class about the same probability.
    let loss = values(&found, "oneshot_loss", None);
    let chance = libm::log(set.classes as f64);
    assert!(loss.iter().all(|loss| (loss - chance).abs() < 1.0), "{loss:?} for {chance}");

    // The classifier has an output for each class: with 4 channels its input has 16.
    let ten = record(run(&CIFAR10, 0, &["params", "snip"], ""));
    let more = (set.classes - 10) as f64 * 17.0;
    let expected: Vec<f64> = values(&ten, "params", None).iter().map(|params| params + more).collect();
    assert_eq!(values(&found, "params", None), expected);
    assert_ne!(values(&found, "snip", None), values(&ten, "snip", None));
    let truth = found.truth.as_ref().unwrap();
    assert!(truth.source.contains(set.accuracy), "{}", truth.source);
}

fn row_of(record: &Record, id: &str, variant: Option<&str>) -> bool {
    record.panels[0].estimators.iter().any(|row| row.id == id && row.variant.as_deref() == variant)
}

#[test]
fn cifar100_runs_through_every_estimator() {
    everything(&CIFAR100);
}

#[test]
fn imagenet16_runs_through_every_estimator() {
    everything(&IMAGENET16);
}

#[test]
fn a_label_that_no_class_has_is_refused() {
    for set in [CIFAR10, CIFAR100, IMAGENET16] {
        let classes = set.classes;
        let said = format!("image 39 of images.bin has label {classes}, but labels are below {classes}");
        run(&set, classes, &["params", "snip"], "").exits(5).says(&said);
    }
}

#[test]
fn files_of_another_set_are_refused() {
    for (set, other) in [(CIFAR100, &CIFAR10), (IMAGENET16, &CIFAR100)] {
        let key = set.key;
        let mixed = Set { key, ..*other };
        let said = run(&mixed, 0, &["params", "snip"], "").exits(5);
        let title = if key == "cifar100" { "CIFAR-100" } else { "ImageNet16-120" };
        said.says(&format!("it is truncated or no binary file of {title}"));
    }
}

#[test]
fn more_images_than_the_files_hold_are_refused_by_the_key() {
    let ran = run(&IMAGENET16, 0, &["params", "snip"], "");
    ran.exits(0);
    let bench = Bench::new();
    let images = rows(&IMAGENET16, 0);
    bench.write("data/images.bin", &images);
    let spec = format!(
        "name = 'set'\nspace = 'nb201'\n[images.imagenet16-120]\n\
         files = [{{ path = 'images.bin', sha256 = '{}' }}]\ntrain = 31\nvalidation = 10\n\
         [truth.trained]\ntable = 'nb201-micro'\nverify = 0\n\
         [zero-shot]\nnetwork = {{ channels = 4, cells = 1 }}\nbatch = 8\n\
         [panels.all]\nsample = 3\nestimators = ['snip']\n",
        sha256_hex(&images)
    );
    bench.write("set.toml", spec);
    let ran = bench.run(&["run", "set.toml", "--data-root", "data"]);
    ran.exits(2).says("`images.imagenet16-120.train` and `validation` ask for 41 images, and the files hold 40");
}
