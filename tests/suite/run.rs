//! The same spec gives the same bytes: with any number of threads, after a kill, and in two runs at once.

#![allow(clippy::case_sensitive_file_extension_comparisons, reason = "the program writes these names")]

use std::process::Stdio;
use std::time::{Duration, Instant};

use super::common::{Bench, Ran, TINY};
use nas_assay::store::record::Record;

/// Runs the tiny spec into a store, with more arguments.
fn run(bench: &Bench, store: &str, more: &[&str]) {
    bench.run(&[&["run", "tiny.toml", "--store", store, "--quiet"], more].concat()).exits(0);
}

#[test]
fn the_number_of_threads_changes_no_byte() {
    let bench = Bench::new();
    bench.write("tiny.toml", TINY);
    run(&bench, "one", &["--threads", "1"]);
    let expected = bench.results("one");
    assert!(expected.len() > 10, "{} files", expected.len());
    for threads in ["2", "5"] {
        run(&bench, threads, &["--threads", threads]);
        assert!(bench.results(threads) == expected, "{threads} threads give other bytes than one thread");
    }
}

#[test]
fn a_second_run_computes_nothing_and_says_the_same() {
    let bench = Bench::new();
    bench.write("tiny.toml", TINY);
    let first = bench.run(&["run", "tiny.toml"]).exits(0);
    let before = bench.results(".nas-assay");
    let second = bench.run(&["run", "tiny.toml"]).exits(0);
    assert_eq!(second.stdout, first.stdout);
    assert!(bench.results(".nas-assay") == before);
    assert!(!second.stderr.contains("supernet"), "{}", second.stderr);
}

#[test]
fn a_killed_run_continues_to_the_same_bytes() {
    let bench = Bench::new();
    bench.write("tiny.toml", TINY);
    run(&bench, "whole", &[]);
    let expected = bench.results("whole");
    let resumable = |bench: &Bench| bench.files("killed").iter().any(|(name, _)| name.ends_with(".resume.safetensors"));
    let mut killed_while_training = false;
    for delay in [0, 60, 150, 400] {
        let mut child = bench
            .command(&["run", "tiny.toml", "--store", "killed", "--quiet"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        if delay == 0 {
            // The first kill is between two epochs of the supernet.
            let begun = Instant::now();
            while !resumable(&bench) && begun.elapsed() < Duration::from_secs(60) {
                std::thread::sleep(Duration::from_millis(1));
            }
        } else {
            std::thread::sleep(Duration::from_millis(delay));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        killed_while_training |= resumable(&bench);
        for (name, content) in bench.files("killed") {
            let whole = name.ends_with(".tmp")
                || !name.ends_with(".json")
                || serde_json::from_slice::<serde_json::Value>(&content).is_ok();
            assert!(whole, "{name} is half-written");
        }
    }
    assert!(killed_while_training, "no kill was during the training of the supernet");
    run(&bench, "killed", &[]);
    let mut results = bench.results("killed");
    results.retain(|(name, _)| !name.ends_with(".tmp"));
    assert!(results == expected, "a run that was killed gives other bytes");
}

#[test]
fn two_runs_at_once_end_with_the_same_bytes() {
    let bench = Bench::new();
    bench.write("tiny.toml", TINY);
    run(&bench, "alone", &[]);
    let start = || {
        let mut command = bench.command(&["run", "tiny.toml", "--store", "shared", "--quiet", "--threads", "1"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let (first, second) = (start(), start());
    for child in [first, second] {
        Ran::from(child.wait_with_output().unwrap()).exits(0);
    }
    assert!(bench.results("shared") == bench.results("alone"));
}

#[test]
fn the_record_and_the_csv_report_have_the_logarithm_of_synflow() {
    let bench = Bench::new();
    bench.write("tiny.toml", TINY);
    let record = Record::from_json(&bench.run(&["run", "tiny.toml", "--json"]).exits(0).stdout).unwrap();
    let panel = &record.panels[0];
    let synflow = panel.estimators.iter().find(|estimator| estimator.id == "synflow").unwrap();
    let log = synflow.details.iter().find(|detail| detail.name == "log").unwrap();
    assert_eq!(log.values.len(), panel.architectures.len());
    assert!(log.values.iter().all(Option::is_some), "{log:?}");
    let csv = bench.run(&["report", "latest", "--format", "csv"]).exits(0).stdout;
    assert!(csv.lines().any(|line| line.contains("synflow") && line.contains("detail log: mean")), "{csv}");
}

#[cfg(unix)]
#[test]
fn an_interrupt_says_how_to_continue() {
    let bench = Bench::new();
    bench.write("tiny.toml", TINY.replace("epochs = 8", "epochs = 10000"));
    let child = bench.command(&["run", "tiny.toml"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while bench.files(".nas-assay/stages").is_empty() && begun.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(5));
    }
    let interrupted = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupted.success());
    Ran::from(child.wait_with_output().unwrap()).exits(130).says("the same command goes on");
}
