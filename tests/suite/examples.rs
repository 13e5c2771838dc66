//! The specs of `examples/specs`: each asks one question, and runs without data.

use std::path::{Path, PathBuf};

use super::common::Bench;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/specs")
}

fn specs() -> Vec<(String, String)> {
    let entries = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let specs = entries.filter(|path| path.extension().is_some_and(|ending| ending == "toml"));
    let name = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    let mut found: Vec<_> = specs.map(|path| (name(&path), std::fs::read_to_string(&path).unwrap())).collect();
    found.sort();
    found
}

/// A bench with all files of the folder.
fn bench() -> Bench {
    let bench = Bench::new();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        bench.write(path.file_name().unwrap().to_str().unwrap(), std::fs::read(&path).unwrap());
    }
    bench
}

#[test]
fn every_example_asks_a_question_has_its_own_name_and_can_be_planned() {
    let (bench, readme) = (bench(), std::fs::read_to_string(folder().join("README.md")).unwrap());
    let specs = specs();
    assert!(specs.len() >= 6, "{specs:?}");
    for (name, text) in specs {
        assert!(text.starts_with("# Question: ") && text.lines().next().unwrap().ends_with('?'), "{name}: {text}");
        assert!(text.contains(&format!("name = \"{name}\"\n")), "{name} should have the name of its file");
        assert!(readme.contains(&format!("[{name}.toml]({name}.toml)")), "{name} is not in the README of the examples");
        let plan = bench.run(&["run", &format!("./{name}.toml"), "--dry-run", "--data-root", "."]).exits(0);
        plan.prints("no result in the store");
    }
}

/// The command in the comment at the head of a spec is the one that runs it.
#[test]
fn every_example_says_how_to_run_it() {
    for (name, text) in specs() {
        let command = format!("nas-assay run ./{name}.toml --data-root .");
        let from_root = format!("nas-assay run examples/specs/{name}.toml");
        assert!(text.contains(&command) || text.contains(&from_root), "{name}: {text}");
    }
}

#[test]
fn the_examples_that_take_seconds_run() {
    let bench = bench();
    for name in ["is-my-score-better", "is-a-vote-better", "without-truth"] {
        let ran = bench.run(&["run", &format!("./{name}.toml"), "--data-root", "."]).exits(0);
        ran.prints(name);
    }
}
