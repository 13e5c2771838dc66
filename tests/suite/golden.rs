//! Golden tests: experiments whose numbers are pinned under `golden/`, one file per experiment and device class.
//!
//! To accept new numbers, run `INSTA_UPDATE=always cargo test --test suite golden`, read the difference, and give the reason in the commit.
//! The goldens of a GPU are made and checked in the same way, with the name of the GPU:
//! `NAS_ASSAY_TEST_DEVICE=cuda:0 INSTA_UPDATE=always cargo test --features cuda --test suite golden`.
//! Every line of a golden names its tolerance class. Exact numbers must be equal, and floating-point numbers may differ by the tolerance of
//! their class.

use std::collections::BTreeSet;

use super::common::{Bench, MICRO, device, micro_record};
use super::findings;
use insta::internals::SnapshotContents;
use insta::{Comparator, Snapshot};
use nas_assay::report::golden::{agree, differences, pinned, scores};
use nas_assay::store::record::Record;
use nas_assay::{DeviceClass, report};

/// Makes one test for each carried spec that needs no data, and the list of these specs.
macro_rules! goldens {
    ($($test:ident: $spec:literal),* $(,)?) => {
        const WITHOUT_DATA: &[&str] = &[$($spec),*];
        $(
            #[test]
            fn $test() {
                check($spec);
            }
        )*
    };
}

goldens! {
    nb101_micro: "nb101-micro",
    nb201_micro: "nb201-micro",
    nb301_micro: "nb301-micro",
    nds_resnet_micro: "nds_resnet-micro",
    nds_resnext_a_micro: "nds_resnext_a-micro",
    nb201_improvements: "nb201-improvements",
    nds_resnet_pickers: "nds_resnet-pickers",
}

/// The carried specs with a golden that need the data root.
const ON_DATA: [&str; 6] = [
    "real-nb201-zeroshot",
    "real-nb101-zeroshot",
    "real-nb301-zeroshot",
    "real-nds_resnet-zeroshot",
    "real-nds_resnext_a-zeroshot",
    "real-nb201-encodings",
];

#[test]
#[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
fn real_nb201_zeroshot() {
    check_real(ON_DATA[0], |spec| with_sample(&with_sample(spec, 300, 4), 40, 2));
}

#[test]
fn findings_of_the_paper_hold_in_the_golden() {
    findings::hold(&golden(ON_DATA[0]));
}

#[test]
#[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
fn real_nb101_zeroshot() {
    check_real(ON_DATA[1], few);
}

#[test]
#[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
fn real_nb301_zeroshot() {
    check_real(ON_DATA[2], few);
}

#[test]
#[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
fn real_nds_resnet_zeroshot() {
    check_real(ON_DATA[3], few);
}

#[test]
#[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
fn real_nds_resnext_a_zeroshot() {
    check_real(ON_DATA[4], few);
}

#[test]
#[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
fn real_nb201_encodings() {
    check_real(ON_DATA[5], |spec| with_sample(spec, 300, 2));
}

/// The spec with another size of a sample.
fn with_sample(spec: &str, whole: usize, part: usize) -> String {
    let [whole, part] = [whole, part].map(|count| format!("sample = {count}\n"));
    assert!(spec.contains(&whole), "{spec}");
    spec.replace(&whole, &part)
}

/// Two architectures of each panel, and of the variants only that with another seed.
fn few(spec: &str) -> String {
    let (before, rest) = spec.split_once("[variants.batches3").unwrap();
    let (_, after) = rest.split_once("[variants.seed2020").unwrap();
    let spec = format!("{before}[variants.seed2020{after}");
    [200, 48, 40].into_iter().fold(spec, |spec, whole| with_sample(&spec, whole, 2))
}

#[test]
fn every_golden_has_a_test_and_every_test_has_a_golden() {
    let files: BTreeSet<String> = std::fs::read_dir("golden")
        .unwrap()
        .filter_map(|entry| Some(entry.unwrap().file_name().to_str().unwrap().strip_suffix(".snap")?.to_owned()))
        .collect();
    let specs: BTreeSet<&str> = WITHOUT_DATA.iter().copied().chain(ON_DATA).collect();
    for file in &files {
        let known =
            file.split_once('@').is_some_and(|(spec, class)| specs.contains(spec) && ["cpu", "cuda"].contains(&class));
        assert!(known, "no golden test compares golden/{file}.snap");
    }
    for spec in specs {
        assert!(files.contains(&format!("{spec}@cpu")), "golden/{spec}@cpu.snap does not exist");
    }
}

/// Compares the program with a golden on real data. By default it scores a few of the architectures. With `NAS_ASSAY_FULL_GOLDENS=1` it
/// runs the whole experiment.
///
/// The few architectures are among those of the golden: a smaller `sample` with the same seed draws some of the same architectures, and the
/// score of one does not depend on the others.
fn check_real(name: &str, part: impl Fn(&str) -> String) {
    let root = super::common::data_root();
    let bench = Bench::new();
    if std::env::var_os("NAS_ASSAY_FULL_GOLDENS").is_some_and(|value| value == "1") {
        // In a store that is kept, an interrupted run continues.
        let store = std::env::var("NAS_ASSAY_GOLDEN_STORE").unwrap_or(bench.path("store").display().to_string());
        compare(name, &bench, &["run", name, "--data-root", &root, "--store", &store]);
        return;
    }
    let spec = bench.run(&["specs", name]).exits(0).stdout;
    let spec = bench.write("part.toml", part(&spec));
    let record = ran(&bench, &["run", spec.to_str().unwrap(), "--data-root", &root]);
    let golden = scores(&golden(name));
    let found = scores(&pinned(&record));
    assert!(found.len() > 40, "{found:?}");
    for (key, now) in found {
        let pinned = golden.get(&key);
        assert!(pinned.is_some_and(|pinned| agree(pinned, &now)), "golden: {key} {pinned:?}\n   now: {now}");
    }
}

/// The golden of the CPU.
fn golden(name: &str) -> String {
    std::fs::read_to_string(format!("golden/{name}@cpu.snap")).unwrap()
}

/// Runs a carried spec with an empty store and compares its record with the golden.
fn check(name: &str) {
    if name == MICRO && device() == "cpu" {
        // Other tests need it, too.
        compare_record(name, &Record::from_json(micro_record()).unwrap());
    } else {
        compare(name, &Bench::new(), &["run", name]);
    }
}

/// The record that a command prints.
fn ran(bench: &Bench, command: &[&str]) -> Record {
    let device = device();
    let command = [command, &["--device", &device, "--json", "--quiet"]].concat();
    Record::from_json(&bench.run(&command).exits(0).stdout).unwrap()
}

/// Compares the record that a command makes with the golden.
fn compare(name: &str, bench: &Bench, command: &[&str]) {
    compare_record(name, &ran(bench, command));
}

/// Compares a record with the golden.
fn compare_record(name: &str, record: &Record) {
    let numbers = pinned(record);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../golden");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_description(format!(
        "nas-assay run {name}; accept new numbers with INSTA_UPDATE=always cargo test --test suite golden"
    ));
    settings.set_comparator(Box::new(Tolerant));
    settings.bind(|| insta::assert_snapshot!(format!("{name}@{}", record.device_class), numbers));
    if name == PICTURED && record.device_class == DeviceClass::Cpu {
        let figures = report::figures(record);
        let summary = figures.iter().find(|figure| figure.name == "all-summary.svg").unwrap();
        assert!(
            summary.svg == PICTURE,
            "docs/src/report.svg is another picture: run `nas-assay run {name}`, then `nas-assay report latest --figures DIR`, and \
             copy DIR/all-summary.svg to it"
        );
    }
}

/// The spec whose report is the picture of the documentation.
const PICTURED: &str = "nb201-micro";

/// That picture.
const PICTURE: &str = include_str!("../../docs/src/report.svg");

/// Compares line by line, each line by its tolerance class.
struct Tolerant;

#[allow(clippy::print_stderr, reason = "prints the lines that differ, in addition to the output of insta")]
impl Comparator for Tolerant {
    fn matches(&self, reference: &Snapshot, test: &Snapshot) -> bool {
        let (SnapshotContents::Text(reference), SnapshotContents::Text(test)) = (reference.contents(), test.contents())
        else {
            return false;
        };
        let (reference, test) = (reference.to_string(), test.to_string());
        let differences = differences(&reference, &test);
        for (old, new) in differences.iter().take(5) {
            eprintln!("golden: {old}\n   now: {new}");
        }
        if differences.len() > 5 {
            eprintln!("and {} more", differences.len() - 5);
        }
        differences.is_empty()
    }

    fn dyn_clone(&self) -> Box<dyn Comparator> {
        Box::new(Tolerant)
    }
}
