//! Tests of `doctor`: what is at hand, what is missing, and what is broken.

use serde_json::Value;

use super::common::{BASELINES, Bench, Ran};

/// What `doctor --json` says, by the names of its checks.
fn checks(ran: &Ran) -> serde_json::Map<String, Value> {
    let said: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(said["format"], serde_json::json!({"name": "nas-assay doctor", "version": 1}));
    let rows = said["checks"].as_array().unwrap();
    rows.iter().map(|row| (row["name"].as_str().unwrap().to_owned(), row.clone())).collect()
}

#[test]
fn a_doctor_says_what_is_at_hand_and_what_is_missing() {
    let bench = Bench::new();
    let said = bench.run(&["doctor"]).exits(0).stdout;
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].starts_with("nas-assay is ready; missing, and needed by some commands only: "), "{said}");
    assert!(lines.contains(&"ok       store      .nas-assay is not there yet; the first run makes it"), "{said}");
    assert!(bench.files("").is_empty(), "nothing is left: {:?}", bench.files(""));
    let found = checks(&bench.run(&["doctor", "--json", "--threads", "1"]).exits(0));
    for (name, check) in &found {
        assert!(
            said.contains(name.as_str()) && ["ok", "missing"].contains(&check["state"].as_str().unwrap()),
            "{check}"
        );
    }
    assert_eq!(found["threads"]["facts"]["threads"], 1);
    assert_eq!(found["program"]["facts"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(found["data"]["state"], "missing");
    assert_eq!(found["store"]["facts"]["records"], 0);

    // What is advised takes away what is missing.
    bench.write("spec.toml", BASELINES);
    bench.run(&["run", "spec.toml"]).exits(0);
    let file = "images/cifar10_10k_train.bin";
    bench.write(&format!("DIR/{file}"), "x");
    let ran = bench.run(&["doctor", "--data-root", "DIR"]).exits(0);
    assert!(ran.stdout.contains(&format!("there   {file}")), "{}", ran.stdout);
    let found = checks(&bench.run(&["doctor", "--data-root", "DIR", "--json"]).exits(0));
    assert_eq!(found["data"]["facts"]["there"], serde_json::json!([file]));
    assert_eq!(found["store"]["facts"]["records"], 1);
    bench.run(&["data", "list"]).exits(0).prints(file);
}

#[test]
fn a_doctor_has_the_exit_code_of_what_is_broken() {
    let bench = Bench::new();
    bench.write("spec.toml", BASELINES);
    bench.run(&["run", "spec.toml"]).exits(0);
    let (record, _) =
        bench.files(".nas-assay/records").into_iter().find(|(name, _)| name.ends_with("record.json")).unwrap();
    bench.write(&format!(".nas-assay/records/{record}"), "damaged");
    let ran = bench.run(&["doctor"]).exits(5).says("1 file damaged or unreadable");
    assert!(ran.stdout.starts_with("nas-assay has 1 problem: store; "), "{}", ran.stdout);
    assert_eq!(checks(&bench.run(&["doctor", "--json"]).exits(5))["store"]["facts"]["damaged"], 1);
    // Its advice mends it.
    assert!(ran.stdout.contains("`nas-assay store check --repair` removes damaged files"), "{}", ran.stdout);
    bench.run(&["store", "check", "--repair"]).exits(0);
    bench.run(&["doctor"]).exits(0);

    bench.run(&["doctor", "--data-root", "nowhere"]).exits(5).says("data: nowhere is no folder");
    bench.run(&["doctor", "--store", "spec.toml/store"]).exits(1).says("cannot be written");
    let ran = bench.run(&["doctor", "--device", "cuda:4096"]).exits(6).says("device: failed to open cuda:4096");
    assert!(ran.stdout.contains("leave out --device, or name `cpu` with it"), "{}", ran.stdout);
    bench.run(&["doctor", "--device", "cpu"]).exits(0);
    std::fs::create_dir(bench.path("empty")).unwrap();
    bench.run(&["doctor", "--data-root", "empty", "--store", "other"]).exits(0);
    let alone = bench.command(&["doctor", "--json"]).env("PATH", bench.path("none")).output().unwrap();
    assert_eq!(checks(&Ran::from(alone).exits(0))["Python"]["state"], "missing");
}

/// What is installed as advised is found.
#[cfg(unix)]
#[test]
fn a_doctor_finds_a_python_and_its_packages() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new();
    for (packages, state, advice) in [
        ("", "missing", "pip install \"./python[torch]\""),
        ("nas_assay", "missing", "pip install torch"),
        ("nas_assay torch", "ok", ""),
    ] {
        let python = bench.write("bin/python3", format!("#!/bin/sh\necho 3.12.1 {packages}\n"));
        std::fs::set_permissions(python, std::fs::Permissions::from_mode(0o755)).unwrap();
        let ran = bench.command(&["doctor", "--json"]).env("PATH", bench.path("bin")).output().unwrap();
        let check = &checks(&Ran::from(ran).exits(0))["Python"];
        assert_eq!(check["state"], state, "{check}");
        assert_eq!(check["facts"]["version"], "3.12.1");
        assert!(check["advice"].as_str().unwrap_or_default().ends_with(advice), "{check}");
    }
    // One that does not answer is none.
    bench.write("bin/python3", "#!/bin/sh\nexit 1\n");
    let ran = bench.command(&["doctor", "--json"]).env("PATH", bench.path("bin")).output().unwrap();
    let check = &checks(&Ran::from(ran).exits(0))["Python"];
    assert!(check["advice"].as_str().unwrap().starts_with("install Python 3"), "{check}");
}
