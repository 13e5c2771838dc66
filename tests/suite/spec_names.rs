//! Tests of how specs are named: by a carried name, by the first digits of a hash, or by a record that was made before.

use serde_json::Value;

use super::common::{BASELINES, Bench};
use super::verify::{csv, truth};

/// The hash of a carried spec.
fn hash_of(bench: &Bench, name: &str) -> String {
    let specs: Value = serde_json::from_str(&bench.run(&["specs", "--json"]).exits(0).stdout).unwrap();
    let rows = specs["specs"].as_array().unwrap();
    rows.iter().find(|row| row["name"] == name).unwrap()["spec"].as_str().unwrap().to_owned()
}

#[test]
fn every_command_takes_a_carried_spec_by_its_hash() {
    let bench = Bench::new();
    let hash = hash_of(&bench, "nb201-micro");
    let short = &hash[..12];
    for arguments in [&["run", "SPEC", "--dry-run"][..], &["plan", "SPEC"], &["status", "SPEC"], &["specs", "SPEC"]] {
        let with = |word: &str| {
            let words: Vec<&str> = arguments.iter().map(|&part| if part == "SPEC" { word } else { part }).collect();
            bench.run(&words).exits(0).stdout
        };
        let named = with("nb201-micro");
        for word in [hash.as_str(), short, &short.to_uppercase()] {
            assert_eq!(with(word), named, "{arguments:?} {word}");
        }
    }
    bench.run(&["export", "--spec", short, "--first", "1", "--out", "networks"]).exits(0).prints("3 files");
    bench.write("program.sh", "exit 1");
    bench
        .run(&["verify", "--command", "sh program.sh", "--spec", short, "--space", "nb301"])
        .exits(2)
        .says("not of nb301");

    for (word, near) in [
        ("nb201-mirco", "did you mean `nb201-micro`, `nb101-micro` or `nb301-micro`?"),
        ("zebra", "`nas-assay specs` lists them"),
        ("", "is called ``"),
    ] {
        bench.run(&["run", word, "--dry-run"]).exits(2).says(near);
    }
    bench.run(&["specs", "nb201-mirco"]).exits(2).says("did you mean `nb201-micro`, `nb101-micro` or `nb301-micro`?");
}

#[test]
fn a_record_is_run_again_without_the_file_of_its_spec() {
    let bench = Bench::new();
    let file = bench.write("spec.toml", BASELINES);
    bench.run(&["run", "spec.toml"]).exits(0);
    std::fs::remove_file(file).unwrap();
    let shown = bench.run(&["show", "latest", "--json"]).exits(0).stdout;
    let record: Value = serde_json::from_str(&shown).unwrap();
    let hash = record["spec_hash"].as_str().unwrap();
    for word in [hash, &hash[..8], "baselines", "latest"] {
        assert_eq!(bench.run(&["run", word, "--json"]).exits(0).stdout, shown, "{word}");
        bench.run(&["plan", word]).exits(0).prints(hash);
    }
    // Its scores are made again where they are gone.
    std::fs::remove_dir_all(bench.path(".nas-assay/stages")).unwrap();
    bench.run(&["run", &hash[..8], "--dry-run"]).exits(0).prints("run: no result in the store");
    assert_eq!(bench.run(&["run", &hash[..8], "--json"]).exits(0).stdout, shown);

    // The store keeps the scores that `verify` judged.
    let scores = bench.write("mine.csv", csv(&truth(&bench)));
    let judged = bench.run(&["verify", "--space", "nb201", "--scores", "mine.csv", "--json"]).exits(0).stdout;
    std::fs::remove_file(scores).unwrap();
    assert_eq!(bench.run(&["run", "latest", "--json"]).exits(0).stdout, judged);
}

#[test]
fn a_record_that_cannot_be_run_again_says_why() {
    let bench = Bench::new();
    let scores = bench.write("mine.csv", csv(&truth(&bench)));
    bench.run(&["init", "own.toml", "--scores", "mine.csv"]).exits(0);
    bench.run(&["run", "own.toml"]).exits(0);
    let ran = bench.run(&["run", "own"]).exits(4).says("(own) cannot be run again").says("no file with SHA-256");
    assert!(ran.stderr.contains("run the file of its spec"), "{}", ran.stderr);
    bench.run(&["run", "own.toml"]).exits(0);
    bench.run(&["status", "own"]).exits(4).says("cannot be run again");
    std::fs::remove_file(scores).unwrap();

    // Two records of one name.
    bench.write("a.toml", BASELINES);
    bench.write("b.toml", BASELINES.replace("resamples = 20", "resamples = 21"));
    bench.run(&["run", "a.toml"]).exits(0);
    bench.run(&["run", "b.toml"]).exits(0);
    let ran =
        bench.run(&["run", "baselines"]).exits(2).says("`baselines` names 2 specs").says("give one of these hashes");
    let hash = ran.stderr.split('`').find(|word| word.len() == 12).unwrap();
    bench.run(&["run", hash]).exits(0);
    // A carried spec has its name for itself.
    bench.write("c.toml", BASELINES.replace("'baselines'", "'nb201-real'"));
    bench.run(&["run", "c.toml"]).exits(0);
    bench.run(&["run", "nb201-real", "--dry-run"]).exits(5).says("no data root was given");
}
