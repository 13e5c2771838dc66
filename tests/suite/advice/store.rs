//! Advice about stores: damage, stores in use, stores of other versions, and runs that were stopped.

use super::*;

/// Overwrites a byte in the middle of a file of the store.
fn damage(bench: &Bench, store: &str, part: &str) -> String {
    let files = bench.files(store);
    let (name, content) = files.iter().find(|(name, _)| name.contains(part)).unwrap();
    let mut content = content.clone();
    let middle = content.len() / 2;
    content[middle] ^= 1;
    bench.write(&format!("{store}/{name}"), content);
    name.clone()
}

#[test]
fn what_is_damaged_in_a_store_is_mended_by_what_is_advised() {
    let bench = with_record(STORE);
    let whole = bench.results(STORE);
    let check = || bench.run(&["store", "check", "--store", STORE]);
    check().exits(0);
    // `run its spec again, and only this file and what it needs are made again`.
    let name = damage(&bench, STORE, "record.json");
    let before = bench.files(&format!("{STORE}/stages"));
    bench
        .run(&["show", "latest", "--store", STORE])
        .exits(5)
        .says(&name)
        .says("cannot be used")
        .says("run its spec again");
    bench.run(&["run", "spec.toml", "--store", STORE]).exits(0);
    bench.run(&["show", "latest", "--store", STORE]).exits(0);
    assert!(bench.results(STORE) == whole && bench.files(&format!("{STORE}/stages")) == before);
    // `store check --repair`.
    for part in ["record.json", "scores", "latest", "provenance"] {
        let name = damage(&bench, STORE, part);
        let ran = check().exits(3).prints(&name);
        // The name of the latest record names no record without it.
        let removed = if part == "record.json" { "removed 2 files," } else { "removed 1 file," };
        follow(&bench, &commands(&ran)[0]).exits(0).prints(removed);
        bench.run(&["run", "spec.toml", "--store", STORE]).exits(0);
        check().exits(0);
        assert!(bench.results(STORE) == whole, "{part}");
    }
    // No run makes the circumstances of an earlier one again.
    bench.write("other.toml", BASELINES.replace("resamples = 20", "resamples = 21"));
    bench.run(&["run", "other.toml", "--store", STORE]).exits(0);
    let latest = std::fs::read_to_string(bench.path("my store/latest")).unwrap();
    let name = damage(&bench, STORE, &format!("{}/provenance", latest.trim()));
    let report = || bench.run(&["report", "latest", "--store", STORE]).exits(0);
    let ran = report().says(&name);
    follow(&bench, &commands(&ran)[0]).exits(0);
    assert!(!report().stderr.contains("left out"));
    // `store clean`.
    bench.write(&format!("{STORE}/stages/scores/.x.json.0123456789ab.tmp"), "half");
    let ran = check().exits(0).prints("leftover");
    follow(&bench, &commands(&ran)[0]).exits(0);
    assert!(!check().exits(0).stdout.contains("leftover"));
}

#[test]
fn an_archive_among_stores_is_unpacked_as_advised() {
    let bench = with_record(STORE);
    bench.run(&["store", "pack", "my archive.tar", "--store", STORE]).exits(0);
    let ran = bench.run(&["store", "merge", "my archive.tar", "--store", "our store"]).exits(5).says("it is a file");
    follow(&bench, &commands(&ran)[0]).exits(0).prints("merged 6 files");
    bench.run(&["store", "check", "--store", "our store"]).exits(0);
    // What is damaged is left out, and then removed.
    let name = damage(&bench, "our store", "stages/scores");
    for arguments in [&["store", "pack", "x.tar", "--store", "our store"][..], &["store", "merge", "our store"]] {
        let ran = bench.run(arguments).exits(3).says("left out").says(&name).says("1 file cannot be used");
        let repair = commands(&ran)[0].clone();
        assert!(repair.ends_with("--store 'our store'"), "{repair}");
        if arguments[1] == "merge" {
            follow(&bench, &repair).exits(0).prints("removed 1 file");
        }
        bench.run(&["store", "unpack", "x.tar", "--store", "z"]).exits(0);
    }
    bench.run(&["store", "pack", "x.tar", "--store", "our store"]).exits(0);
}

#[test]
fn a_store_in_use_is_free_when_its_run_has_ended() {
    let bench = with_record(".nas-assay");
    let lock = Store::open(bench.path(".nas-assay")).unwrap().in_use().unwrap();
    bench.run(&["store", "clean"]).exits(1).says("is in use by a run; try again when it has ended");
    drop(lock);
    bench.run(&["store", "clean"]).exits(0);
}

#[test]
fn another_store_is_no_matter_of_who_wrote_this_one() {
    for (format, said) in [("99\n", "use a newer nas-assay"), ("1\n", "the nas-assay that wrote it")] {
        let bench = Bench::new();
        bench.write("spec.toml", BASELINES);
        bench.write(".nas-assay/FORMAT", format);
        let text = printed(&bench.run(&["run", "spec.toml"]).exits(1).says(said));
        bench.run(&["run", "spec.toml", after(&text, "another store (", &[')']), "other"]).exits(0);
    }
    // A single record of a newer format.
    let bench = with_record(".nas-assay");
    let store = Store::open(bench.path(".nas-assay")).unwrap();
    let name = bench.files(".nas-assay").into_iter().find(|(name, _)| name.ends_with("record.json")).unwrap().0;
    store.write_json(&bench.path(".nas-assay").join(name), &serde_json::json!({"format": 99})).unwrap();
    let text = printed(&bench.run(&["run", "spec.toml"]).exits(1).says("a newer nas-assay wrote it"));
    bench.run(&["run", "spec.toml", after(&text, "another store (", &[')']), "other"]).exits(0);
    // It is not damaged, and no repair is offered.
    let ran = bench.run(&["store", "check"]).exits(3).prints("newer");
    assert!(!ran.stderr.contains("--repair"), "{}", ran.stderr);
}

#[test]
fn a_record_in_a_file_that_cannot_be_read_is_made_by_running_the_spec_again() {
    let bench = with_record(".nas-assay");
    let whole = bench.run(&["run", "spec.toml", "--json"]).exits(0).stdout;
    let newer = "{\"format\": 99}".to_owned();
    let inconsistent = whole.replacen("\"spec_hash\": \"", "\"spec_hash\": \"x", 1);
    for (text, code, said) in [
        (newer, 1, "use the nas-assay that wrote it, or run its spec again"),
        ("{\"format\": 3}".to_owned(), 5, "run the spec again, or use the version that wrote it"),
        (whole[..whole.len() / 2].to_owned(), 5, "its text is damaged; run the spec again"),
        (inconsistent, 5, "it was changed or is damaged: run the spec again"),
    ] {
        bench.write("record.json", text);
        let ran = bench.run(&["diff", "record.json", "latest"]).exits(code).says(said).says("record.json");
        assert!(!ran.stderr.contains("--store"), "{}", ran.stderr);
        bench.write("record.json", bench.run(&["run", "spec.toml", "--json"]).exits(0).stdout);
        bench.run(&["diff", "record.json", "latest"]).exits(0);
    }
}

/// The command that was interrupted, once more.
#[cfg(unix)]
#[test]
fn an_interrupted_command_continues() {
    let bench = Bench::new();
    bench.write("spec.toml", one_score().replace("epochs = 8", "epochs = 40"));
    let mut command = bench.command(&["run", "spec.toml"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let resumable = || bench.files(".nas-assay").iter().any(|(name, _)| name.contains(".resume."));
    let begun = std::time::Instant::now();
    while !resumable() && begun.elapsed().as_secs() < 60 {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    Ran::from(child.wait_with_output().unwrap())
        .exits(130)
        .says("stopped. Finished results are kept: the same command goes on");
    assert!(resumable(), "the training was over");
    let ran = bench.run(&["run", "spec.toml"]).exits(0);
    assert!(!resumable());
    bench.run(&["run", "spec.toml", "--store", "straight"]).exits(0);
    assert!(bench.results(".nas-assay") == bench.results("straight"), "{}", ran.stderr);
}

/// Weights that are damaged are trained again, when they are read again.
#[test]
fn damaged_weights_are_trained_again_by_the_next_run() {
    let bench = Bench::new();
    let spec = one_score();
    bench.write("spec.toml", &spec);
    bench.run(&["run", "spec.toml"]).exits(0);
    let whole = bench.results(".nas-assay");
    damage(&bench, ".nas-assay", ".safetensors");
    bench.write("more.toml", spec.replace("batch = 20", "batch = 10"));
    bench.run(&["run", "more.toml"]).exits(0).says(".safetensors is made again");
    bench.run(&["run", "spec.toml"]).exits(0);
    let now = bench.results(".nas-assay");
    assert!(whole.iter().filter(|file| file.0 != "latest").all(|file| now.contains(file)));
    bench.run(&["store", "check"]).exits(0);
}
