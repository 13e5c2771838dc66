//! Stores of several machines: packed, unpacked, and merged.

use std::fs::File;
use std::process::Stdio;

use super::common::{BASELINES, Bench, Ran, TINY};
use nas_assay::store::Store;
use nas_assay::store::workers::host_name;

/// A file whose bytes the spec determines. The store's own name of the latest record is none.
fn determined(bench: &Bench, store: &str) -> Vec<(String, Vec<u8>)> {
    let mut files = bench.results(store);
    files.retain(|(name, _)| !["lock", "latest"].contains(&name.as_str()));
    files
}

/// The actions of all stages of a spec on a store.
fn actions(bench: &Bench, spec: &str, store: &str) -> Vec<String> {
    let ran = bench.run(&["run", spec, "--store", store, "--dry-run", "--json"]).exits(0);
    let plan: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    plan["stages"].as_array().unwrap().iter().map(|stage| stage["action"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn stores_of_two_machines_are_one() {
    let bench = Bench::new();
    bench.write("tiny.toml", TINY);
    bench.write("baselines.toml", BASELINES);
    for (spec, store) in [("tiny.toml", "one"), ("baselines.toml", "two")] {
        for store in [store, "straight"] {
            bench.run(&["run", spec, "--store", store, "--quiet"]).exits(0);
        }
    }
    let record = bench.run(&["run", "tiny.toml", "--store", "straight", "--json"]).exits(0).stdout;
    bench.run(&["store", "merge", "one", "two", "--store", "merged"]).exits(0).prints("0 files there already");
    // Another way to the same files: an archive of each.
    for store in ["one", "two"] {
        bench.run(&["store", "pack", &format!("{store}.tar"), "--store", store]).exits(0).says("wrote");
    }
    for archive in ["two.tar", "one.tar", "two.tar"] {
        bench.run(&["store", "unpack", archive, "--store", "unpacked"]).exits(0);
    }
    for store in ["merged", "unpacked"] {
        assert!(determined(&bench, store) == determined(&bench, "straight"), "{store}");
        bench.run(&["store", "check", "--store", store]).exits(0);
        for spec in ["tiny.toml", "baselines.toml"] {
            let actions = actions(&bench, spec, store);
            assert!(!actions.is_empty() && actions.iter().all(|action| action == "skip"), "{spec}: {actions:?}");
        }
        let before = bench.files(&format!("{store}/records"));
        assert_eq!(before.iter().filter(|(name, _)| name.contains("/provenance/")).count(), 2);
        let ran = bench.run(&["run", "tiny.toml", "--store", store, "--json"]).exits(0);
        assert_eq!(ran.stdout, record);
        assert!(bench.files(&format!("{store}/records")) == before, "a run has computed something");
    }
    bench.run(&["store", "merge", "one", "--store", "merged"]).exits(0).prints("merged 0 files, 0 B;");
}

#[test]
fn a_store_goes_through_a_pipe() {
    let bench = Bench::new();
    bench.write("spec.toml", BASELINES);
    bench.run(&["run", "spec.toml", "--quiet"]).exits(0);
    bench.run(&["store", "pack", "store.tar"]).exits(0);
    let archive = std::fs::read(bench.path("store.tar")).unwrap();
    let mut from = bench.command(&["store", "pack", "-"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut command = bench.command(&["store", "unpack", "-", "--store", "other"]);
    let ran = Ran::from(command.stdin(from.stdout.take().unwrap()).output().unwrap());
    assert!(from.wait().unwrap().success());
    ran.exits(0).prints("merged 6 files");
    assert!(determined(&bench, "other") == determined(&bench, ".nas-assay"));
    let printed = bench.command(&["store", "pack", "-"]).output().unwrap().stdout;
    assert!(printed == archive);
    // Over an older archive, and from a cut one.
    bench.write("store.tar", "old");
    bench.run(&["store", "pack", "store.tar"]).exits(0);
    assert!(std::fs::read(bench.path("store.tar")).unwrap() == archive);
    bench.write("cut.tar", &archive[..archive.len() / 2]);
    let cut = || Stdio::from(File::open(bench.path("cut.tar")).unwrap());
    for file in ["cut.tar", "-"] {
        let mut command = bench.command(&["store", "unpack", file, "--store", "none"]);
        Ran::from(command.stdin(cut()).output().unwrap()).exits(5).says("is truncated");
    }
    assert!(!bench.path("none").exists());
    bench.run(&["store", "pack", "none.tar", "--store", "none"]).exits(4).says("holds nothing to pack");
    assert!(!bench.path("none.tar").exists() && !bench.path("none").exists());
}

#[test]
fn two_contents_of_one_place_are_refused_with_both_machines() {
    let bench = Bench::new();
    bench.write("spec.toml", BASELINES);
    bench.run(&["run", "spec.toml", "--store", "one", "--quiet"]).exits(0);
    bench.run(&["run", "spec.toml", "--store", "two", "--quiet"]).exits(0);
    // The other machine has another score, with a seal of its own.
    let name = bench.files("two/stages/scores")[0].0.clone();
    let store = Store::open(bench.path("two")).unwrap();
    let path = bench.path("two/stages/scores").join(&name);
    let mut scores: serde_json::Value = store.read_json(&path).unwrap().unwrap();
    scores.as_object_mut().unwrap().remove("seal");
    scores["scores"][0] = 12345.into();
    store.write_json(&path, &scores).unwrap();
    bench.run(&["store", "pack", "two.tar", "--store", "two"]).exits(0);
    let before = bench.files("one");
    let host = host_name().unwrap_or_else(|| "an unknown machine".to_owned());
    for (command, other) in [("merge", "two"), ("unpack", "two.tar")] {
        bench
            .run(&["store", command, other, "--store", "one"])
            .exits(3)
            .says("1 file has other content on one machine than on another, so nothing was merged:")
            .says(&format!("stages/scores/{name}: {host} (one), and {host} ({other})"));
        let mut after = bench.files("one");
        after.retain(|file| before.contains(file) || file.0 != "lock");
        assert!(after == before, "something was written");
    }
    // Both come from elsewhere.
    bench
        .run(&["store", "merge", "one", "two", "--store", "three"])
        .exits(3)
        .says(&format!("{host} (one), and {host} (two)"));
    assert!(!bench.path("three").exists());
}

/// A training that was interrupted goes on on another machine, from where it was.
#[cfg(unix)]
#[test]
fn an_interrupted_training_goes_on_elsewhere() {
    let bench = Bench::new();
    bench.write("spec.toml", TINY.replace("epochs = 8", "epochs = 40"));
    let mut command = bench.command(&["run", "spec.toml", "--store", "here", "--quiet"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let resumable = |store: &str| {
        let files = bench.files(store).into_iter();
        files.filter(|(name, _)| name.ends_with(".resume.safetensors")).collect::<Vec<_>>()
    };
    let begun = std::time::Instant::now();
    while resumable("here").is_empty() && begun.elapsed().as_secs() < 60 {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    bench.run(&["store", "pack", "here.tar", "--store", "here"]).exits(0);
    bench.run(&["store", "unpack", "here.tar", "--store", "there"]).exits(0);
    let taken = resumable("there");
    assert!(!taken.is_empty() && taken == resumable("here"), "the training was over, or its state was not packed");
    let ran = bench.run(&["run", "spec.toml", "--store", "there"]).exits(0);
    bench.run(&["run", "spec.toml", "--store", "straight", "--quiet"]).exits(0);
    assert!(determined(&bench, "there") == determined(&bench, "straight"), "{}", ran.stderr);
    // What has ended there needs no state of here.
    bench.run(&["store", "merge", "here", "--store", "there"]).exits(0);
    assert!(resumable("there").is_empty());
}
