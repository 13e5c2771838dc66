//! Tests of what `--json` prints: each object has the keys and the form that `docs/src/json.md` documents.

use std::collections::BTreeMap;

use serde_json::Value;

use super::common::{BASELINES, Bench, TINY, data_root};
use super::verify::{csv, truth};

/// A documented object.
#[derive(Debug, Default)]
struct Documented {
    /// Its keys, and whether each may be absent.
    keys: BTreeMap<String, bool>,
    /// Its form: name and version; `None` if it has a form of its own.
    form: Option<(String, u64)>,
}

/// The tables of the page, by their headings.
fn documented() -> BTreeMap<String, Documented> {
    let page = std::fs::read_to_string("docs/src/json.md").unwrap();
    let mut found: BTreeMap<String, Documented> = BTreeMap::new();
    let mut heading = String::new();
    for line in page.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            heading = title.replace('`', "");
        } else if let Some(row) = line.strip_prefix("| `") {
            let (key, about) = row.split_once("` | ").unwrap();
            let of = found.entry(heading.clone()).or_default();
            assert!(of.keys.insert(key.to_owned(), about.contains("may be absent")).is_none(), "{heading}: {key}");
            if key == "format"
                && let Some((name, version)) = about.trim_end_matches(" |").split_once("`, version ")
            {
                of.form = Some((name.trim_start_matches('`').to_owned(), version.parse().unwrap()));
            }
        }
    }
    found
}

/// Checks an object against its table.
#[track_caller]
fn check(pages: &mut BTreeMap<String, Documented>, heading: &str, printed: &str) {
    let page = pages.get_mut(heading).unwrap_or_else(|| panic!("{heading} is not documented"));
    let value: Value = serde_json::from_str(printed).unwrap();
    let object = value.as_object().unwrap_or_else(|| panic!("{heading}: no object"));
    for key in object.keys() {
        assert!(page.keys.contains_key(key), "{heading}: {key} is not documented");
    }
    for (key, optional) in &page.keys {
        assert!(*optional || object.contains_key(key), "{heading}: {key} is not there");
    }
    match &page.form {
        Some((name, version)) => {
            assert_eq!(object["format"], serde_json::json!({"name": name, "version": version}), "{heading}");
        }
        None => assert!(object["format"].is_u64() || object["format"].is_string(), "{heading}: {}", object["format"]),
    }
}

#[test]
fn every_json_has_its_documented_keys() {
    let mut pages = documented();
    let all: Vec<String> = pages.keys().cloned().collect();
    let bench = Bench::new();
    bench.write("spec.toml", BASELINES);
    bench.write("tiny.toml", TINY.replace("epochs = 8", "epochs = 1"));
    bench.write("mine.csv", csv(&truth(&bench)));
    bench.write("size.sh", "exit 1");
    bench.run(&["export", "--space", "nb201", "--first", "1", "--out", "first"]).exits(0);
    let weights = bench.files("first").into_iter().find(|(name, _)| name.ends_with(".safetensors")).unwrap().0;
    let weights = format!("first/{weights}");
    bench.run(&["run", "spec.toml"]).exits(0);
    let mut done = Vec::new();
    for (heading, code, command) in [
        ("Records", 0, "show latest"),
        ("Records", 0, "run spec.toml"),
        ("Records", 0, "verify --scores mine.csv --space nb201"),
        ("run --dry-run and plan", 0, "run spec.toml --dry-run"),
        ("run --dry-run and plan", 0, "plan tiny.toml"),
        ("plan --shards", 0, "plan tiny.toml --shards 2"),
        ("run --shard", 0, "run spec.toml --shard 1/2"),
        ("status", 0, "status spec.toml"),
        ("show without a record", 0, "show"),
        ("diff", 0, "diff latest latest"),
        ("leaderboard", 0, "leaderboard"),
        ("lint", 0, "lint --scores mine.csv --space nb201"),
        ("claims", 0, "claims"),
        ("score", 0, &format!("score --weights {weights} --estimators params")),
        ("export", 0, "export --space nb201 --first 1 --out second"),
        ("estimators", 0, "estimators"),
        ("estimators ID", 0, "estimators synflow"),
        ("spaces", 0, "spaces"),
        ("specs", 0, "specs"),
        ("verify --estimator and verify --command", 0, "verify --estimator params --space nb201"),
        ("verify --is", 4, "verify --scores mine.csv --space nb201 --is flops"),
        ("data list", 0, "data list"),
        ("data check", 4, "data check --data-root nowhere"),
        ("store check", 0, "store check"),
        ("store size", 0, "store size"),
        ("store list", 0, "store list"),
        ("doctor", 0, "doctor"),
    ] {
        let words: Vec<&str> = command.split(' ').chain(["--json"]).collect();
        let ran = bench.run(&words);
        assert_eq!(ran.code, code, "{command}\n{}\n{}", ran.stdout, ran.stderr);
        check(&mut pages, heading, &ran.stdout);
        done.push(heading);
    }
    // This one needs data; it has a test below.
    done.push("fingerprint");
    let left: Vec<&String> = all.iter().filter(|heading| !done.contains(&heading.as_str())).collect();
    assert_eq!(left, Vec::<&String>::new(), "these are documented, and no test prints them");
}

#[test]
#[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
fn the_json_of_a_fingerprint_has_its_documented_keys() {
    let root = data_root();
    let bench = Bench::new();
    bench.run(&["data", "import", "freerea", &format!("{root}/freerea"), "--data-root", "root"]).exits(0);
    let printed = bench.run(&["fingerprint", "--data-root", "root", "--params-tau", ".578,.552,.520", "--json"]);
    check(&mut documented(), "fingerprint", &printed.exits(0).stdout);
}
