//! Whatever an error or a note tells the user to do is done here, as it is printed: commands are taken from the text and given to a
//! shell, and settings and names are put where the text says. Afterwards the problem has to be gone.
//!
//! `advice/list.rs` finds the advice in the sources, and fails if a new one has no test.

mod data;
mod forms;
pub(super) mod list;
mod scores;
mod store;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::cli::{made_table, real};
use super::common::{BASELINES, Bench, Ran, TINY, with_micro_stages};
use super::score::{BARE, saved, tensors_of};
use super::verify::{csv, truth};
use nas_assay::digest::sha256_hex;
use nas_assay::store::Store;
use serde_json::Value;

/// All that a run printed, on one line. Boxes and marks of errors are left out.
pub(super) fn printed(ran: &Ran) -> String {
    let marks = ['│', '×', '╰', '╭', '─', '▶', '·'];
    let text = format!("{} {}", ran.stderr, ran.stdout).replace(marks, " ");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The texts between backquotes.
fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The commands of the program that a run printed between backquotes.
#[track_caller]
fn commands(ran: &Ran) -> Vec<String> {
    let found: Vec<String> = quoted(&printed(ran)).into_iter().filter(|text| text.starts_with("nas-assay ")).collect();
    assert!(!found.is_empty(), "no command in:\n{}\n{}", ran.stderr, ran.stdout);
    found
}

/// What follows `mark`, up to the next of `ends` or the end of the line.
#[track_caller]
pub(super) fn after<'a>(text: &'a str, mark: &str, ends: &[char]) -> &'a str {
    let (_, rest) = text.split_once(mark).unwrap_or_else(|| panic!("`{mark}` is not in:\n{text}"));
    rest.split(ends).next().unwrap().trim()
}

/// Has a shell run a command as it was printed, with the program that is tested.
fn follow(bench: &Bench, command: &str) -> Ran {
    let plain = bench.command(&[]);
    let line = command.strip_prefix("nas-assay ").unwrap_or_else(|| panic!("{command}"));
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("exec \"$NAS_ASSAY\" {line}")]).env("NAS_ASSAY", plain.get_program());
    shell.current_dir(bench.path("")).env_remove("NAS_ASSAY_DATA").env("NO_COLOR", "1");
    Ran::from(shell.output().unwrap())
}

/// The first line on stderr of a run, which is stopped then.
fn begun(bench: &Bench, arguments: &[&str]) -> String {
    let mut child = bench.command(arguments).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    line
}

/// A store whose name a shell would take apart.
const STORE: &str = "my store";

/// A folder with the spec of baselines, run into a store.
fn with_record(store: &str) -> Bench {
    let bench = Bench::new();
    bench.write("spec.toml", BASELINES);
    bench.run(&["run", "spec.toml", "--store", store, "--quiet"]).exits(0);
    bench
}

#[test]
fn the_run_that_an_empty_store_asks_for_is_one_and_the_golden_tests_run_it_to_the_end() {
    let bench = Bench::new();
    for store in [".nas-assay", STORE] {
        for asked in [&["show"][..], &["show", "latest"], &["leaderboard"], &["store", "list"], &["diff", "zz", "zz"]] {
            let ran = bench.run(&[asked, &["--store", store]].concat()).exits(4);
            for command in commands(&ran) {
                let plan = follow(&bench, &format!("{command} --dry-run --json")).exits(0).stdout;
                let plan: Value = serde_json::from_str(&plan).unwrap();
                assert_eq!(plan["name"], "nb201-micro", "{command}");
                assert_eq!(command.ends_with("--store 'my store'"), store == STORE, "{command}");
            }
        }
    }
}

#[test]
fn the_hint_after_a_run_writes_the_page() {
    for store in [".nas-assay", STORE] {
        let bench = with_record(store);
        let ran = bench.run(&["run", "spec.toml", "--store", store]).exits(0);
        let hint = after(&printed(&ran), "hint: ", &[]).to_owned();
        follow(&bench, &quoted(&hint)[0]).exits(0);
        let page = std::fs::read_to_string(bench.path("report.html")).unwrap();
        assert!(page.to_lowercase().starts_with("<!doctype html>"), "{page:.100}");
        let all = follow(&bench, &quoted(&hint)[1]).exits(0).stdout;
        let rest = "Tau-b of fewer architectures";
        assert!(all.contains(rest) && !ran.stdout.contains(rest), "{all}");
    }
}

#[test]
fn the_command_in_a_tex_file_makes_it_again() {
    let bench = with_record(".nas-assay");
    for command in ["report", "leaderboard"] {
        let arguments = [command, "latest", "--format", "tex"];
        let of_all = [command, "--format", "tex"];
        let text = bench.run(if command == "report" { &arguments } else { &of_all }).exits(0).stdout;
        let line = after(&text, "% made by: ", &['\n']).to_owned();
        assert_eq!(follow(&bench, &line).exits(0).stdout, text, "{line}");
    }
}

#[test]
fn a_report_gets_an_ending_or_a_format_that_is_named() {
    let bench = with_record(".nas-assay");
    let written = |name: &str| std::fs::read_to_string(bench.path(name)).unwrap();
    for command in [&["report", "latest"][..], &["leaderboard"]] {
        let run = |more: &[&str]| bench.run(&[command, more].concat());
        for name in ["r.tsv", "r.xlsx", "r.Csvx", "r."] {
            let text = printed(&run(&["--out", name]).exits(2));
            assert!(!bench.path(name).exists(), "{name}");
            for ending in after(&text, "one of the endings ", &[]).split(", or ").next().unwrap().split(", ") {
                for ending in [ending.to_owned(), ending.to_uppercase()] {
                    run(&["--out", &format!("r{ending}")]).exits(0);
                    let format = ending.trim_start_matches('.');
                    assert_eq!(written(&format!("r{ending}")), run(&["--format", format]).exits(0).stdout, "{ending}");
                }
            }
            let option = after(&text, "name the format with ", &[' ']);
            run(&["--out", name, option, "csv"]).exits(0);
            assert_eq!(written(name), written("r.csv"));
            std::fs::remove_file(bench.path(name)).unwrap();
        }
        assert!(
            written("r.CSV").starts_with("sp")
                && written("r.HTM").starts_with("<!")
                && written("r.JSON").starts_with('{')
        );
        run(&["--out", "r"]).exits(0);
        assert_eq!(written("r"), written("r.md"), "a file without an ending is Markdown");
    }
    let text = printed(&bench.run(&["report", "latest", "--scores", "scores.xlsx"]).exits(2));
    let ending = after(&text, "give it the ending ", &[' ']);
    for name in [format!("scores{ending}"), format!("scores{}", ending.to_uppercase()), "scores".to_owned()] {
        bench.run(&["report", "latest", "--scores", &name]).exits(0);
        assert!(written(&name).starts_with("architecture,truth,"), "{name}");
    }
    // It is said before anything is run.
    bench.run(&["report", "nb201-micro", "--scores", "r.tsv", "--store", "new"]).exits(2);
    bench.run(&["report", "nb201-micro", "--out", "r.tsv", "--store", "new"]).exits(2);
    assert!(!bench.path("new").exists());
}

/// The names of records in a list such as `0123@cpu (mine, 2026-01-31 12:30), ...`.
fn records_in(list: &str) -> Vec<&str> {
    list.split_terminator(')').map(|of| of.trim_start_matches(", ").split_once(" (").unwrap().0).collect()
}

#[test]
fn a_long_list_of_records_ends_with_the_command_that_lists_all() {
    let bench = with_record(STORE);
    for resamples in 30..51 {
        bench.write("other.toml", BASELINES.replace("resamples = 20", &format!("resamples = {resamples}")));
        bench.run(&["run", "other.toml", "--store", STORE, "--quiet"]).exits(0);
    }
    for (command, mark) in [("show", "records: "), ("show", "; it holds "), ("report", "my store holds ")] {
        let word = if mark == "records: " { "baselines" } else { "zz" };
        let ran = bench.run(&[command, word, "--store", STORE]);
        let text = printed(&ran);
        let (list, rest) = text.split_once(mark).unwrap().1.split_once(", and 2 more (").unwrap();
        let names = records_in(list);
        assert_eq!(names.len(), 20, "{text}");
        let resamples = |name: &&str| -> u64 {
            let shown = bench.run(&["show", name, "--store", STORE, "--json"]).exits(0).stdout;
            serde_json::from_str::<Value>(&shown).unwrap()["spec"]["spec"]["criteria"]["resamples"].as_u64().unwrap()
        };
        if command == "show" && word == "baselines" {
            let found: Vec<u64> = names.iter().map(resamples).collect();
            assert_eq!(found, (31..51).rev().collect::<Vec<_>>(), "newest first");
        }
        let all = follow(&bench, &quoted(rest)[0]).exits(0).stdout;
        assert_eq!(all.lines().count(), 22, "{all}");
        assert!(names.iter().all(|name| all.contains(name)), "{all}");
    }
}

#[test]
fn every_name_that_is_offered_for_a_record_shows_one() {
    let bench = with_record(STORE);
    bench.write("other.toml", BASELINES.replace("resamples = 20", "resamples = 21"));
    bench.run(&["run", "other.toml", "--store", STORE]).exits(0);
    let shown = |word: &str| bench.run(&["show", word, "--store", STORE, "--json"]).exits(0).stdout;
    let ambiguous =
        bench.run(&["show", "baselines", "--store", STORE]).exits(2).says("give the hash of one, or `latest`");
    let unknown = bench.run(&["show", "zz", "--store", STORE]).exits(4);
    bench.write("my store/latest", "");
    let no_latest = bench.run(&["show", "latest", "--store", STORE]).exits(4).says("name a record by its hash");
    let nearest = bench.run(&["report", "zz", "--store", STORE]).exits(4);
    let empty = bench.run(&["show", "", "--store", STORE]).exits(2);
    for (ran, mark) in [
        (ambiguous, "records: "),
        (unknown, "; it holds "),
        (no_latest, "; it holds "),
        (nearest, "my store holds "),
        (empty, "; it holds "),
    ] {
        let text = printed(&ran);
        let names: BTreeSet<&str> = records_in(after(&text, mark, &[';'])).into_iter().collect();
        assert_eq!(names.len(), 2, "{text}");
        assert_eq!(text.matches("@cpu (baselines, 20").count(), 2, "{text}");
        let records: BTreeSet<String> = names.into_iter().map(shown).collect();
        assert_eq!(records.len(), 2, "{text}");
    }
    // `give latest, the first digits of a hash, or the name of a spec`.
    bench
        .run(&["show", "", "--store", STORE])
        .exits(2)
        .says("give `latest`, the first digits of a hash, or the name of");
    bench.run(&["run", "other.toml", "--store", STORE]).exits(0);
    let latest: Value = serde_json::from_str(&shown("latest")).unwrap();
    assert_eq!(latest["spec"]["spec"]["criteria"]["resamples"], 21);
    shown(&latest["spec_hash"].as_str().unwrap()[..6]);
    let one = with_record(".nas-assay");
    one.run(&["show", latest["name"].as_str().unwrap()]).exits(0);
}

#[test]
fn a_record_is_named_by_its_nearest_name_or_its_file_is_run() {
    let bench = with_record(STORE);
    for asked in ["baseline", "my-baselines", "baselines_2"] {
        let text = printed(&bench.run(&["show", asked, "--store", STORE]).exits(4));
        let meant = &quoted(after(&text, "the nearest name is ", &[]))[0];
        bench.run(&["show", meant, "--store", STORE]).exits(0);
        let text = printed(&bench.run(&["report", asked, "--store", STORE]).exits(4));
        let meant = &quoted(after(&text, "did you mean ", &[]))[0];
        bench.run(&["report", meant, "--store", STORE]).exits(0);
    }
    with_micro_stages(&bench.path(STORE));
    let text = printed(&bench.run(&["show", "nb201-micro", "--store", STORE]).exits(4));
    let run = quoted(after(&text, "is a carried spec without a record here: ", &[])).remove(0);
    follow(&bench, &format!("{run} --store '{STORE}'")).exits(0);
    bench.run(&["show", "nb201-micro", "--store", STORE]).exits(0);
    let text = printed(&bench.run(&["show", "nds_resnet-micor", "--store", STORE]).exits(4));
    let run = quoted(after(&text, "did you mean the carried spec nds_resnet-micro? ", &[])).remove(0);
    assert!(begun(&bench, &run.split(' ').skip(1).collect::<Vec<_>>()).starts_with("nds_resnet-micro "), "{text}");
    bench.write("mine.toml", BASELINES.replace("'baselines'", "'mine'"));
    let text = printed(&bench.run(&["show", "mine", "--store", STORE]).exits(4));
    let run = quoted(after(&text, "the file mine.toml is here: ", &[])).remove(0) + &format!(" --store '{STORE}'");
    follow(&bench, &run).exits(0);
    bench.run(&["show", "mine", "--store", STORE]).exits(0);
}

#[test]
fn a_file_of_scores_that_is_given_as_a_word_is_judged_as_the_error_says() {
    let bench = Bench::new();
    let scores = csv(&truth(&bench)[..20]);
    bench.write("my scores.csv", &scores);
    for command in ["verify", "lint", "report"] {
        let code = if command == "verify" { 2 } else { 4 };
        let text = printed(&bench.run(&[command, "my scores.csv"]).exits(code));
        let [verify, lint, spaces] = &quoted(after(&text, "my scores.csv is a file: ", &[]))[..] else {
            panic!("{text}")
        };
        assert!(follow(&bench, spaces).exits(0).stdout.contains("nb201"));
        for judging in [verify, lint] {
            follow(&bench, &judging.replace("SPACE", "nb201")).prints("tau-b");
        }
    }
    assert_eq!(
        std::fs::read_to_string(bench.path("my scores.csv")).unwrap(),
        scores,
        "no advice writes over the scores"
    );
    assert!(!printed(&bench.run(&["verify", "none.csv"]).exits(2)).contains("judges the scores in it"));
}

#[test]
fn a_carried_spec_that_is_meant_is_begun() {
    let bench = Bench::new();
    let specs: Value = serde_json::from_str(&bench.run(&["specs", "--json"]).exits(0).stdout).unwrap();
    let hashes: Vec<&str> =
        specs["specs"].as_array().unwrap().iter().map(|spec| spec["spec"].as_str().unwrap()).collect();
    let ran = bench.run(&["report", "nb201-mirco"]).exits(4).says("did you mean");
    let text = printed(&ran);
    let meant = &quoted(after(&text, "did you mean ", &[]))[0];
    let hash = after(&text, "the carried spec ", &['?']).to_owned();
    assert!(begun(&bench, &["report", meant]).starts_with(&format!("{meant}  spec {hash}")), "{text}");

    // `give more digits`: some first digit is that of several hashes, as there are more than sixteen.
    assert!(hashes.len() > 16);
    let twice = hashes.iter().find(|a| hashes.iter().filter(|b| b[..1] == a[..1]).count() > 1).unwrap();
    let text = printed(&bench.run(&["report", &twice[..1]]).exits(2).says("give more digits"));
    let candidates: Vec<&str> = after(&text, "carried specs: ", &[';']).split(", ").collect();
    let (digits, name) = candidates[0].trim_end_matches(')').split_once(" (").unwrap();
    let line = begun(&bench, &["report", digits, "--data-root", "none"]);
    assert!(line.starts_with(&format!("{name}  spec {digits}")) || line.contains("not found"), "{line}");
    // `nas-assay specs` lists them; a spec of one's own is run first.
    let ran = bench.run(&["report", "zebra", "--store", STORE]).exits(4);
    let [list, run] = &commands(&ran)[..] else { panic!("{}", ran.stderr) };
    assert!(follow(&bench, list).exits(0).stdout.contains(name));
    bench.write("FILE.toml", BASELINES.replace("'baselines'", "'zebra'"));
    follow(&bench, run).exits(0);
    bench.run(&["report", "zebra", "--store", STORE]).exits(0);
}

#[test]
fn a_spec_is_named_by_its_nearest_name_or_by_its_path() {
    let bench = Bench::new();
    let text = printed(&bench.run(&["run", "nb201-mirco", "--dry-run"]).exits(2));
    let meant = &quoted(after(&text, "did you mean ", &[]))[0];
    bench.run(&["run", meant, "--dry-run"]).exits(0);
    bench.write("nb201-mirco.toml", BASELINES);
    bench.run(&["run", after(&text, "such as ", &[]), "--dry-run"]).exits(0).prints("baselines");
    // A file of this name is what is meant.
    let text = printed(&bench.run(&["run", "nb201-mirco", "--dry-run"]).exits(2));
    let meant = &quoted(after(&text, "did you mean the file ", &[]))[0];
    bench.run(&["run", meant, "--dry-run"]).exits(0).prints("baselines");
    let ran = bench.run(&["run", "zebra", "--dry-run"]).exits(2).says("give its path, which ends in .toml");
    let listed = follow(&bench, &commands(&ran)[0]).exits(0).stdout;
    assert!(listed.contains("nb201-micro"));
    bench.write("zebra.toml", BASELINES);
    bench.run(&["run", "zebra.toml", "--dry-run"]).exits(0);
    // The names of files have slips, too.
    for (word, file) in [("zebar.toml", "zebra.toml"), ("zebar", "zebra.toml"), ("./zebar.toml", "./zebra.toml")] {
        let text = printed(&bench.run(&["run", word, "--dry-run"]).exits(2));
        assert_eq!(quoted(after(&text, "did you mean the file ", &[]))[0], file, "{text}");
    }
    let ran = bench.run(&["run", "missing.toml"]).exits(2).says("failed to read the spec missing.toml");
    assert_eq!(follow(&bench, &commands(&ran)[0]).exits(0).stdout, listed);

    // `specs` prints carried specs only, and `truth` takes files only.
    let text = printed(&bench.run(&["specs", "nb201-mirco"]).exits(2));
    bench.run(&["specs", &quoted(after(&text, "did you mean ", &[]))[0]]).exits(0);
    let ran = bench.run(&["specs", "./zebra.toml"]).exits(2);
    assert!(!ran.stderr.contains("path"), "{}", ran.stderr);
    follow(&bench, &commands(&ran)[0]).exits(0);
    let ran = bench.run(&["truth", "nb201-micro"]).exits(2);
    assert!(!ran.stderr.contains("carried"), "{}", ran.stderr);
}

/// Each command line or text has a wrong word; the word that is offered is put in its place.
#[test]
fn the_nearest_name_is_one_that_works() {
    let bench = Bench::new();
    for (arguments, wrong) in [
        (&["estimators", "synflwo"][..], "synflwo"),
        (&["claims", "nb201-clases"], "nb201-clases"),
        (&["leaderbord", "--help"], "leaderbord"),
    ] {
        let text = printed(&bench.run(arguments).exits(2));
        let mut words = text.split(['`', '\'']).skip(1).step_by(2);
        let meant = words.find(|word| !word.contains(' ') && *word != wrong).unwrap();
        let right: Vec<&str> = arguments.iter().map(|&word| if word == wrong { meant } else { word }).collect();
        bench.run(&right).exits(0);
    }
    let ran = bench.run(&["claims", "zebra"]).exits(2);
    assert!(follow(&bench, &commands(&ran)[0]).exits(0).stdout.contains("nb201-classes"));
    for (right, wrong) in [
        ("estimators =", "estimator ="),
        ("'nb201'\n[images", "'nb20'\n[images"),
        ("'flops'", "'flop'"),
        ("resamples", "resample"),
    ] {
        bench.write("spec.toml", BASELINES.replace(right, wrong));
        let text = printed(&bench.run(&["run", "spec.toml", "--dry-run"]).exits(2));
        let mark = if text.contains("did you mean") { "did you mean " } else { "the nearest known one is " };
        let meant = &quoted(after(&text, mark, &[]))[0];
        assert!(right.contains(meant.as_str()), "{text}");
        bench.write("spec.toml", BASELINES.replace(right, &right.replacen(name_in(right), meant, 1)));
        bench.run(&["run", "spec.toml", "--dry-run"]).exits(0);
    }
    // Another table of truth is one of those that are listed, and the nearest is named.
    bench.write("spec.toml", BASELINES.replace("'nb201-micro'", "'nb201-mirco'"));
    let text = printed(&bench.run(&["run", "spec.toml", "--dry-run"]).exits(2).says("spec.toml:7:9"));
    assert_eq!(quoted(after(&text, "the nearest is ", &[]))[0], "nb201-micro");
    let tables: Vec<&str> = after(&text, "there is ", &[';']).split(", ").collect();
    assert!(tables.len() > 4, "{text}");
    for table in tables {
        let space = table.rsplit_once('-').unwrap().0;
        let network = BASELINES.replace("network = { channels = 4, cells = 1 }\n", "");
        bench.write(
            "spec.toml",
            network.replace("'nb201-micro'", &format!("'{table}'")).replace("'nb201'", &format!("'{space}'")),
        );
        bench.run(&["run", "spec.toml", "--dry-run"]).exits(0);
    }
}

/// The word of a line of a spec.
fn name_in(line: &str) -> &str {
    line.split(['\'', ' ', '\n']).find(|word| !word.is_empty()).unwrap()
}

#[test]
fn an_architecture_is_mended_with_the_nearest_operation_and_space() {
    let bench = Bench::new();
    let file = saved(&bench, &tensors_of(BARE, 2));
    let score = |space: &str, architecture: &str, more: &[&str]| {
        let file = file.to_str().unwrap();
        let own = ["score", "--space", space, "--arch", architecture, "--weights", file, "--estimators", "relu_count"];
        bench.run(&[&own[..], more].concat())
    };
    let wrong = BARE.replacen("skip_connect", "skip_conect", 1);
    let text = printed(&score("nb201", &wrong, &["--cells", "2"]).exits(2));
    let meant = &quoted(after(&text, "the nearest known one is ", &[]))[0];
    score("nb201", &wrong.replacen("skip_conect", meant, 1), &["--cells", "2"]).exits(0);
    let text = printed(&score("nb20", BARE, &["--cells", "2"]).exits(2));
    let meant = &quoted(after(&text, "the nearest known one is ", &[]))[0];
    score(meant, BARE, &["--cells", "2"]).exits(0);
    // `give it with --cells N`.
    let text = printed(&score("nb201", BARE, &[]).exits(2));
    let option = quoted(after(&text, "give it with ", &[]))[0].replace('N', "2");
    score("nb201", BARE, &option.split(' ').collect::<Vec<_>>()).exits(0);
}

#[test]
fn a_device_that_is_named_in_an_error_exists() {
    let bench = with_record(".nas-assay");
    let text = printed(&bench.run(&["run", "spec.toml", "--device", "gpu"]).exits(2));
    let [.., first, second] = &quoted(&text)[..] else { panic!("{text}") };
    bench.run(&["run", "spec.toml", "--device", first]).exits(0);
    assert!(second.replace('N', "0") == "cuda:0" && text.contains("such as cuda:0"), "{text}");
    let text = printed(&bench.run(&["run", "spec.toml", "--device", "cuda:4096"]).exits(6));
    let advice = quoted(&text);
    if cfg!(feature = "cuda") {
        let arguments: Vec<&str> = advice.iter().find(|text| text.starts_with("--")).unwrap().split(' ').collect();
        bench.run(&[&["run", "spec.toml"], &arguments[..]].concat()).exits(0);
    } else {
        // ci/check-cuda.sh builds with this feature.
        let features: toml::Table = std::fs::read_to_string("Cargo.toml").unwrap().parse().unwrap();
        let feature = advice[0].strip_prefix("cargo build --features ").unwrap();
        assert!(features["features"].as_table().unwrap().contains_key(feature), "{text}");
    }
}

/// What an error of a GPU without memory advises.
#[test]
fn a_smaller_batch_is_a_spec_that_runs() {
    let bench = Bench::new();
    let smaller = TINY.replace("batch = 16", "batch = 4").replace("batch = 32", "batch = 8");
    assert_eq!(smaller.matches("batch = 4").count() + smaller.matches("batch = 8").count(), 2);
    bench.write("spec.toml", smaller);
    bench.run(&["run", "spec.toml", "--jobs", "1"]).exits(0);
}

#[test]
fn what_verify_needs_is_what_its_errors_name() {
    let bench = Bench::new();
    bench.write("mine.csv", csv(&truth(&bench)[..9]));
    // Without anything, all ways are named, and each is one.
    let named = quoted(&printed(&bench.run(&["verify"]).exits(2)));
    let ways: Vec<&str> = named.iter().map(String::as_str).collect();
    assert_eq!(ways, ["--scores FILE --space SPACE", "--command COMMAND", "--estimator ID"]);
    let named = quoted(&printed(&bench.run(&["lint"]).exits(2)));
    assert_eq!(named, ["latest", ways[0]]);
    let way = ways[0].replace("FILE", "mine.csv").replace("SPACE", "nb201");
    for command in ["verify", "lint"] {
        let words: Vec<&str> = std::iter::once(command).chain(way.split(' ')).collect();
        assert!(bench.run(&words).stdout.contains("mine"), "{words:?}");
    }
    assert!(bench.run(&["lint", &named[0]]).stdout.contains("mine"));
    let text = printed(&bench.run(&["verify", "--scores", "mine.csv"]).exits(2));
    assert!(text.contains("--space <SPACE>"), "{text}");
    let judged = ["verify", "--scores", "mine.csv", "--space", "nb201"];
    bench.run(&judged).exits(0).prints("all 9 rows are judged");
    let text = printed(&bench.run(&[&judged[..], &["--column", "scores"]].concat()).exits(5));
    let column = &quoted(after(&text, "the nearest is ", &[]))[0];
    bench.run(&[&judged[..], &["--column", column]].concat()).exits(0);
}

#[test]
fn architectures_without_a_score_are_passed_over_if_the_spec_says_so() {
    let bench = Bench::new();
    let scores = csv(&truth(&bench)[..9]);
    bench.write("data/mine.csv", &scores);
    let file = format!(
        "[panels.all.scores.mine]\ncolumn = 'score'\nfile = {{ path = 'mine.csv', sha256 = '{}' }}\n",
        sha256_hex(scores.as_bytes())
    );
    let spec = format!("{BASELINES}{file}");
    bench.write("spec.toml", &spec);
    let run = || bench.run(&["run", "spec.toml", "--data-root", "data", "--json"]);
    let text = printed(&run().exits(5));
    let setting = quoted(&text).into_iter().find(|text| text.starts_with("missing")).unwrap();
    bench.write("spec.toml", spec.replace("[panels.all]\n", &format!("[panels.all]\n{setting}\n")));
    let record: Value = serde_json::from_str(&run().exits(0).stdout).unwrap();
    assert_eq!(record["panels"][0]["architectures"].as_array().unwrap().len(), 9);
}

/// A spec that trains a supernet and reads one score of three architectures.
fn one_score() -> String {
    let (before, after) = TINY.split_once("[panels.all]").unwrap();
    let (_, criteria) = after.split_once("[criteria]").unwrap();
    format!("{before}[panels.all]\nsample = 3\nestimators = ['oneshot_loss']\n[criteria]{criteria}")
}

#[test]
fn a_training_that_diverges_converges_with_each_setting_that_is_named() {
    let bench = Bench::new();
    let wild = one_score().replace("clip = 5.0\n", "").replace("learning-rate = 0.05", "learning-rate = 1000.0");
    bench.write("spec.toml", &wild);
    let text = printed(&bench.run(&["run", "spec.toml"]).exits(1).says("is not finite"));
    let settings = quoted(&text);
    assert_eq!(settings, ["learning-rate", "clip"], "{text}");
    let lower = wild.replace(&format!("{} = 1000.0", settings[0]), &format!("{} = 0.05", settings[0]));
    let clipped = wild.replace("learning-rate", &format!("{} = 5.0\nlearning-rate", settings[1]));
    for spec in [lower, clipped] {
        assert_ne!(spec, wild);
        bench.write("spec.toml", spec);
        bench.run(&["run", "spec.toml"]).exits(0);
    }
}

#[test]
fn what_is_not_declared_is_declared_as_the_hint_says() {
    let bench = Bench::new();
    bench.write("mine.csv", csv(&truth(&bench)));
    let lint = ["lint", "--scores", "mine.csv", "--space", "nb201"];
    let ran = bench.run(&lint);
    let is_undeclared = |ran: &Ran| ran.stdout.contains("not declared: L8 tuned-on (`tuned-on`)");
    assert!(is_undeclared(&ran), "{}", ran.stdout);
    let option = quoted(after(&printed(&ran), "hint: ", &[])).remove(0);
    let page = std::fs::read_to_string("docs/src/lints.md").unwrap();
    let declared = after(&page, "```toml,declaration\n", &[]).split("```").next().unwrap();
    bench.write("FILE", declared);
    let ran = bench.run(&[&lint[..], &option.split(' ').collect::<Vec<_>>()].concat());
    assert!(!is_undeclared(&ran) && !ran.stderr.contains("--declaration"), "{}", ran.stdout);
}

#[test]
fn scores_that_rank_the_wrong_way_round_are_read_in_the_direction_that_is_advised() {
    let bench = Bench::new();
    let all = truth(&bench);
    let judged = |way: f64, option: &[&str]| {
        bench.write("mine.csv", csv(&all.iter().map(|(text, value)| (text.clone(), way * value)).collect::<Vec<_>>()));
        bench.run(&[&["lint", "--scores", "mine.csv", "--space", "nb201"], option].concat()).stdout
    };
    for (way, option) in [(-1.0, &[][..]), (1.0, &["--direction", "lower"][..])] {
        let text = judged(way, option).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("it ranks the wrong way round. If "), "{text}");
        let advised = quoted(after(&text, "was meant to be better from the start, write ", &[])).remove(0);
        let text = judged(way, &advised.split(' ').collect::<Vec<_>>());
        let passed = text.split("\npass  ").nth(1).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(passed.contains("L10 direction"), "{text}");
    }
}

#[test]
fn criteria_that_a_difference_leaves_out_are_in_its_json() {
    let bench = Bench::new();
    let rows = truth(&bench);
    let judged = |step: usize| {
        let scores = rows.iter().enumerate().map(|(row, (text, _))| (text.clone(), (row * step % 48) as f64));
        bench.write("mine.csv", csv(&scores.collect::<Vec<_>>()));
        let ran = bench.run(&["verify", "--scores", "mine.csv", "--space", "nb201"]).exits(0);
        after(&printed(&ran), "record ", &[' ']).to_owned()
    };
    let (first, second) = (judged(7), judged(11));
    let text = printed(&bench.run(&["diff", &first, &second]).exits(3));
    let sentence = after(&text, "and ", &[]);
    let (hidden, option) = (sentence.split(' ').next().unwrap(), after(sentence, ": see ", &[' ']));
    let ran = bench.run(&["diff", &first, &second, option]).exits(3);
    let diff: Value = serde_json::from_str(&ran.stdout).unwrap();
    let of = diff["panels"][0]["estimators"].as_array().unwrap();
    let moved: usize = of.iter().map(|of| of["criteria"].as_array().unwrap().len()).sum();
    assert!(hidden.parse::<usize>().unwrap() > 5 && moved > hidden.parse().unwrap(), "{hidden} of {moved}");
}
