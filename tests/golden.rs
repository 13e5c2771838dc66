//! The goldens: experiments whose numbers are pinned under `golden/`, one file an experiment and device class.
//!
//! To accept new numbers: `INSTA_UPDATE=always cargo test --test golden`, read the difference, and say in the commit why they moved.
//! The goldens of a GPU are made and checked in the same way, with the GPU named:
//! `NAS_ASSAY_TEST_DEVICE=cuda:0 INSTA_UPDATE=always cargo test --features cuda --test golden`.
//! The comparison knows the tolerance classes: what is exact must be equal, and what was computed in floating point may differ by the
//! class's tolerance, which each golden names beside the numbers.

#![allow(clippy::unwrap_used, reason = "a test may stop anywhere")]
#![allow(clippy::print_stderr, reason = "a difference is told beside the snapshot's own")]

mod common;

use std::fmt::Write as _;

use common::Bench;
use insta::internals::SnapshotContents;
use insta::{Comparator, Snapshot};
use nas_assay::estimator::{EstimatorKind, ToleranceClass, registry};
use nas_assay::store::record::{EstimatorRecord, Record};

/// Relative tolerance of numbers that floating-point arithmetic made. On the CPU the kernels promise the same bits on every machine,
/// so the noise floor of the class is zero; this leaves room for the last digits of the decimal form and for nothing else. A golden of
/// the class `cuda` is of the GPU model that accepted it: one stream and a fixed order of sums let that model repeat its own numbers,
/// and nothing has been measured that would say how far another one may be off.
const NUMERIC: f64 = 1e-12;

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
fn real_nb201_zeroshot() {
    check_real("real-nb201-zeroshot", "sample = 300", "sample = 4");
}

/// Holds a golden on real data against what the program says now: against a few of its architectures, or against a whole new run of it
/// with `NAS_ASSAY_FULL_GOLDENS=1`.
///
/// A smaller `sample` with the same seed draws some of the same architectures, and the score of one does not depend on the others.
fn check_real(name: &str, whole: &str, part: &str) {
    let Some(root) = common::data_root(name) else { return };
    if std::env::var_os("NAS_ASSAY_FULL_GOLDENS").is_some_and(|value| value == "1") {
        return hold(name, &Bench::new(), &["run", name, "--data-root", &root]);
    }
    if common::device() != "cpu" {
        eprintln!(
            "skipped: {name} is held against its golden on the CPU only; NAS_ASSAY_FULL_GOLDENS=1 runs it anywhere"
        );
        return;
    }
    let bench = Bench::new();
    let spec = bench.run(&["specs", name]).exits(0).stdout;
    assert!(spec.contains(whole), "{spec}");
    let spec = bench.write("part.toml", spec.replace(whole, part));
    let record = ran(&bench, &["run", spec.to_str().unwrap(), "--data-root", &root]);
    let golden = std::fs::read_to_string(format!("golden/{name}@cpu.snap")).unwrap();
    let lines = pinned(&record);
    let score = |line: &&str| line.contains('|') && !line.contains("truth.verified") && !is_of_a_vote(line, &record);
    let scores: Vec<&str> = lines.lines().filter(score).collect();
    assert!(scores.len() > 100, "{lines}");
    for line in scores {
        let (key, _) = line.rsplit_once(" = ").unwrap();
        let pinned = golden.lines().find(|line| line.rsplit_once(" = ").is_some_and(|(other, _)| other == key));
        assert!(pinned.is_some_and(|pinned| agree(pinned, line)), "golden: {pinned:?}\n   now: {line}");
    }
}

/// Whether a line is of a vote, which depends on all architectures of the panel.
fn is_of_a_vote(line: &str, record: &Record) -> bool {
    let votes = record.panels.iter().flat_map(|panel| &panel.estimators).filter(|e| e.kind == EstimatorKind::Vote);
    votes.map(|vote| format!(".{} ", vote.id)).any(|name| line.contains(&name))
}

/// Runs a carried spec from nothing and holds its record against the golden.
fn check(name: &str) {
    hold(name, &Bench::new(), &["run", name]);
}

fn ran(bench: &Bench, command: &[&str]) -> Record {
    let device = common::device();
    let command = [command, &["--device", &device, "--json", "--quiet"]].concat();
    Record::from_json(&bench.run(&command).exits(0).stdout).unwrap()
}

fn hold(name: &str, bench: &Bench, command: &[&str]) {
    let record = ran(bench, command);
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../golden");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_description(format!(
        "nas-assay run {name}; accept new numbers with INSTA_UPDATE=always cargo test --test golden"
    ));
    settings.set_comparator(Box::new(Tolerant));
    settings.bind(|| insta::assert_snapshot!(format!("{name}@{}", record.device_class), pinned(&record)));
}

/// The numbers that are pinned, a line each: `class key = value`.
fn pinned(record: &Record) -> String {
    let mut text = String::new();
    let mut line = |class: &str, key: &str, value: &str| writeln!(text, "{class:<8} {key} = {value}").unwrap();
    line("exact", "spec_hash", &record.spec_hash);
    line("exact", "truth.rows", &record.truth.rows.to_string());
    line("numeric", "truth.minimum", &record.truth.minimum.to_string());
    line("numeric", "truth.median", &record.truth.median.to_string());
    line("numeric", "truth.maximum", &record.truth.maximum.to_string());
    for verified in &record.truth.verified {
        line("exact", &format!("truth.verified {}", verified.architecture), &verified.found.to_string());
    }
    for supernet in &record.supernets {
        for epoch in &supernet.epochs {
            let key = format!("supernet.{}.epoch.{}", supernet.seed, epoch.epoch);
            line("numeric", &format!("{key}.loss"), &epoch.loss.to_string());
            line("numeric", &format!("{key}.accuracy"), &epoch.accuracy.to_string());
        }
    }
    for panel in &record.panels {
        for estimator in &panel.estimators {
            let key = format!("{}.{}", panel.name, estimator.label().replace(' ', "_"));
            let number = |value: Option<f64>| value.map_or("undefined".to_owned(), |value| value.to_string());
            let criteria = &estimator.criteria;
            line("numeric", &format!("{key}.tau_b"), &number(criteria.kendall.tau_b));
            line("numeric", &format!("{key}.spearman"), &number(criteria.spearman));
            line("numeric", &format!("{key}.pearson"), &number(criteria.pearson.value));
            line("exact", &format!("{key}.not_finite"), &criteria.non_finite.total().to_string());
            for at in &criteria.precision {
                line("numeric", &format!("{key}.P@top{}", at.fraction), &at.top.to_string());
                line("numeric", &format!("{key}.P@bottom{}", at.fraction), &at.bottom.to_string());
            }
            for (row, score) in panel.architectures.iter().zip(&estimator.scores) {
                line(class_of(estimator), &format!("{key} {}", row.architecture), &score.value().to_string());
            }
        }
    }
    text
}

fn class_of(estimator: &EstimatorRecord) -> &'static str {
    if estimator.kind == EstimatorKind::Vote {
        // As good as the rankings that it counts.
        return "numeric";
    }
    match registry::find(&estimator.id).unwrap().meta().tolerance {
        ToleranceClass::Exact => "exact",
        _ => "numeric",
    }
}

/// Compares line by line, each by its class.
struct Tolerant;

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

/// The lines that differ by more than their class allows, old and new.
fn differences(reference: &str, test: &str) -> Vec<(String, String)> {
    let (old, new): (Vec<&str>, Vec<&str>) = (reference.trim().lines().collect(), test.trim().lines().collect());
    let length = old.len().max(new.len());
    let at = |lines: &[&str], index: usize| lines.get(index).map_or("nothing", |line| *line).to_owned();
    (0..length).map(|index| (at(&old, index), at(&new, index))).filter(|(old, new)| !agree(old, new)).collect()
}

fn agree(old: &str, new: &str) -> bool {
    if old == new {
        return true;
    }
    let split = |line: &str| line.rsplit_once(" = ").map(|(key, value)| (key.to_owned(), value.parse::<f64>()));
    match (split(old), split(new)) {
        (Some((old_key, Ok(old))), Some((new_key, Ok(new))))
            if old_key == new_key && old_key.starts_with("numeric ") =>
        {
            (old - new).abs() <= NUMERIC * old.abs().max(new.abs())
        }
        _ => false,
    }
}

#[test]
fn a_moved_number_is_a_difference() {
    let old = "exact    a = 3\nnumeric  b = 0.5\nnumeric  c = undefined";
    assert!(differences(old, old).is_empty());
    assert!(differences(old, &old.replace("0.5", "0.5000000000000001")).is_empty());
    for (from, to) in [
        ("= 3", "= 3.0000000000000001e0"),
        ("0.5", "0.50000000001"),
        ("undefined", "0"),
        ("b =", "d ="),
        ("\nnumeric  c = undefined", ""),
    ] {
        assert_eq!(differences(old, &old.replace(from, to)).len(), 1, "{from} -> {to}");
    }
}
