//! The goldens: experiments whose numbers are pinned under `golden/`, one file an experiment and device class.
//!
//! To accept new numbers: `INSTA_UPDATE=always cargo test --test suite golden`, read the difference, and say in the commit why they moved.
//! The goldens of a GPU are made and checked in the same way, with the GPU named:
//! `NAS_ASSAY_TEST_DEVICE=cuda:0 INSTA_UPDATE=always cargo test --features cuda --test suite golden`.
//! The comparison knows the tolerance classes: what is exact must be equal, and what was computed in floating point may differ by the
//! class's tolerance, which each golden names beside the numbers.

use super::common::Bench;
use insta::internals::SnapshotContents;
use insta::{Comparator, Snapshot};
use nas_assay::report::golden::{agree, differences, pinned};
use nas_assay::store::record::Record;

#[test]
fn nb101_micro() {
    check("nb101-micro");
}

#[test]
fn nb201_micro() {
    check("nb201-micro");
}

#[test]
fn nb301_micro() {
    check("nb301-micro");
}

#[test]
fn nds_resnet_micro() {
    check("nds_resnet-micro");
}

#[test]
fn nds_resnext_a_micro() {
    check("nds_resnext_a-micro");
}

#[test]
fn nb201_improvements() {
    check("nb201-improvements");
}

#[test]
fn nds_resnet_pickers() {
    check("nds_resnet-pickers");
}

#[test]
#[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
fn real_nb201_zeroshot() {
    check_real("real-nb201-zeroshot", "sample = 300", "sample = 4");
}

/// Holds a golden on real data against what the program says now: against a few of its architectures, or against a whole new run of it
/// with `NAS_ASSAY_FULL_GOLDENS=1`.
///
/// A smaller `sample` with the same seed draws some of the same architectures, and the score of one does not depend on the others.
fn check_real(name: &str, whole: &str, part: &str) {
    let root = super::common::data_root();
    if std::env::var_os("NAS_ASSAY_FULL_GOLDENS").is_some_and(|value| value == "1") {
        let bench = Bench::new();
        // A run that was cut off goes on in a store that stays.
        let store = std::env::var("NAS_ASSAY_GOLDEN_STORE").unwrap_or(bench.path("store").display().to_string());
        return hold(name, &bench, &["run", name, "--data-root", &root, "--store", &store]);
    }
    let bench = Bench::new();
    let spec = bench.run(&["specs", name]).exits(0).stdout;
    assert!(spec.contains(whole), "{spec}");
    let spec = bench.write("part.toml", spec.replace(whole, part));
    let record = ran(&bench, &["run", spec.to_str().unwrap(), "--data-root", &root]);
    let golden = std::fs::read_to_string(format!("golden/{name}@cpu.snap")).unwrap();
    let lines = pinned(&record);
    let score = |line: &&str| line.contains('|') && !line.contains("truth.verified");
    let scores: Vec<&str> = lines.lines().filter(score).collect();
    assert!(scores.len() > 40, "{lines}");
    for line in scores {
        let (key, _) = line.rsplit_once(" = ").unwrap();
        let pinned = golden.lines().find(|line| line.rsplit_once(" = ").is_some_and(|(other, _)| other == key));
        assert!(pinned.is_some_and(|pinned| agree(pinned, line)), "golden: {pinned:?}\n   now: {line}");
    }
}

/// Runs a carried spec from nothing and holds its record against the golden.
fn check(name: &str) {
    hold(name, &Bench::new(), &["run", name]);
}

fn ran(bench: &Bench, command: &[&str]) -> Record {
    let device = super::common::device();
    let command = [command, &["--device", &device, "--json", "--quiet"]].concat();
    Record::from_json(&bench.run(&command).exits(0).stdout).unwrap()
}

fn hold(name: &str, bench: &Bench, command: &[&str]) {
    let record = ran(bench, command);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../../golden");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_description(format!(
        "nas-assay run {name}; accept new numbers with INSTA_UPDATE=always cargo test --test suite golden"
    ));
    settings.set_comparator(Box::new(Tolerant));
    settings.bind(|| insta::assert_snapshot!(format!("{name}@{}", record.device_class), pinned(&record)));
}

/// Compares line by line, each by its class.
struct Tolerant;

#[allow(clippy::print_stderr, reason = "a difference is told beside the snapshot's own")]
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
