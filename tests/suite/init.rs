//! Tests of `init`: a first spec of every space can be run.

use std::process::Stdio;

use serde_json::Value;

use super::common::{Bench, Ran};
use super::verify::{csv, truth};

const SPACES: [&str; 5] = ["nb101", "nb201", "nb301", "nds_resnet", "nds_resnext_a"];

#[test]
fn a_first_spec_of_every_space_can_be_run() {
    let bench = Bench::new();
    bench.write("my_proxy.py", "");
    for space in SPACES {
        // The carried truth itself, as scores.
        bench.write("scores.csv", std::fs::read(format!("fixtures/truth/{space}-micro.csv")).unwrap());
        for (name, options, planned) in [
            ("plain", &[][..], "synflow"),
            ("scores", &["--scores", "scores.csv", "--column", "seed_20"], "params"),
            ("program", &["--command", "python my_proxy.py"], "my_proxy"),
            ("one-shot", &["--estimators", "oneshot_accuracy,naswot"], "supernet"),
        ] {
            let file = format!("{space}-{name}.toml");
            let said = bench.run(&[&["init", &file, "--space", space], options].concat()).exits(0).stdout;
            assert_eq!(said.lines().last().unwrap(), format!("next: nas-assay run {file}"), "{said}");
            bench.run(&["run", &file, "--dry-run"]).exits(0).prints(planned);
            let real = format!("{space}-{name}-real.toml");
            let said = bench.run(&[&["init", &real, "--space", space, "--data"], options].concat()).exits(0).stdout;
            assert_eq!(said.lines().last().unwrap(), format!("next: nas-assay run {real} --data-root DIR"), "{said}");
            let text = std::fs::read_to_string(bench.path(&real)).unwrap();
            assert!(text.contains("[images.cifar10]") && !text.contains("verify"), "{text}");
            assert_eq!(text.contains("\nsample = "), name != "scores", "{text}");
            bench.run(&["run", &real, "--dry-run"]).exits(5).says("no data root was given");
        }
    }
    // Short lines, with a comment for each part.
    let text = std::fs::read_to_string(bench.path("nb201-plain.toml")).unwrap();
    assert!(text.lines().all(|line| line.len() <= 140) && text.matches("\n# ").count() >= 5, "{text}");
    bench.run(&["init", "none.toml", "--space", "nats_sss"]).exits(2).says("it has no network here");
    bench.run(&["init", "none.toml", "--estimators", "synflwo"]).exits(2).says("the nearest known one is `synflow`");
    assert!(!bench.path("none.toml").exists());
}

#[test]
fn a_first_spec_is_run_to_its_end() {
    let bench = Bench::new();
    let ran = bench.run(&["init", "--estimators", "grad_norm"]).exits(0);
    let next = ran.stdout.lines().last().unwrap().strip_prefix("next: nas-assay ").unwrap();
    assert_eq!(next, "run experiment.toml");
    bench.run(&next.split(' ').collect::<Vec<_>>()).exits(0).prints("grad_norm");
    // What its comments name.
    let text = std::fs::read_to_string(bench.path("experiment.toml")).unwrap();
    assert!(text.contains("`nas-assay report experiment`") && text.contains("`nas-assay estimators`"), "{text}");
    bench.run(&["report", "experiment"]).exits(0).prints("grad\\_norm");
    bench.run(&["estimators"]).exits(0).prints("grad_norm");

    // Scores of a file, of which one is not there.
    let rows = truth(&bench);
    bench.write("some/my scores.csv", csv(&rows[1..]));
    bench.run(&["init", "mine", "--scores", "some/my scores.csv"]).exits(0).prints("next: nas-assay run ./mine");
    let record: Value = serde_json::from_str(&bench.run(&["run", "./mine", "--json"]).exits(0).stdout).unwrap();
    let panel = &record["panels"][0];
    assert_eq!(panel["architectures"].as_array().unwrap().len(), rows.len() - 1);
    assert_eq!(panel["estimators"][3]["id"], "my-scores");
    // A table that has changed since is refused until its new digest is written.
    bench.write("some/my scores.csv", csv(&rows));
    bench.run(&["run", "./mine"]).exits(5).says("has SHA-256");
    let text = std::fs::read_to_string(bench.path("mine")).unwrap();
    let (_, rest) = text.split_once("sha256 = \"").unwrap();
    let digest = nas_assay::digest::sha256_hex(csv(&rows).as_bytes());
    bench.write("mine", text.replace(&rest[..64], &digest));
    bench.run(&["run", "./mine"]).exits(0);
    bench.write("two.csv", "architecture,a,b\nx,1,2\n");
    bench.run(&["init", "two.toml", "--scores", "two.csv"]).exits(5).says("choose one of them with --column");
    bench.run(&["init", "two.toml", "--scores", "two.csv", "--column", "b"]).exits(0);
    bench.run(&["init", "gone.toml", "--scores", "gone.csv"]).exits(5).says("reading gone.csv");
}

#[test]
fn a_first_spec_overwrites_nothing_and_says_what_it_assumes() {
    let bench = Bench::new();
    bench.run(&["init"]).exits(0).says("no terminal and no options: the defaults are taken");
    let first = std::fs::read(bench.path("experiment.toml")).unwrap();
    bench.run(&["init", "--space", "nb101"]).exits(2).says("experiment.toml exists").says("replace it with --force");
    assert_eq!(std::fs::read(bench.path("experiment.toml")).unwrap(), first);
    let ran = bench.run(&["init", "--space", "nb101", "--force"]).exits(0);
    assert!(ran.stderr.is_empty() && ran.stdout.starts_with("wrote experiment.toml: NAS-Bench-101"), "{}", ran.stdout);
    bench.run(&["init", "other.toml", "--quiet"]).exits(0);
    bench.run(&["init", "a/b.toml"]).exits(1).says("does not exist");
    let mut piped = bench.command(&["init", "piped.toml"]);
    let piped = piped.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap();
    Ran::from(piped).exits(0).says("no terminal");
    let ran = bench.run(&["init", "r.toml", "--data", "--data-root", "my data"]).exits(0);
    assert_eq!(ran.stdout.lines().last().unwrap(), "next: nas-assay run r.toml --data-root 'my data'");
    bench.run(&["init", "--help"]).exits(0).prints("--estimators").prints("--scores");
    bench
        .run(&["init", "s.toml", "--store", "my store"])
        .exits(0)
        .prints("next: nas-assay run s.toml --store 'my store'");
}
