//! Tests of `nas-assay lint`: claims from records and from score files, and what breaks them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::advice::printed;
use super::common::{BASELINES, Bench, Ran, naswot_of_freerea};
use super::verify::{csv, truth};

/// Verdict and words of each lint of the only claim.
fn lints(ran: &Ran) -> BTreeMap<String, (String, String)> {
    let page: Value = serde_json::from_str(&ran.stdout).unwrap();
    let claims = page["claims"].as_array().unwrap();
    assert_eq!(claims.len(), 1, "{}", ran.stdout);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let of = |found: &Value| (text(&found["id"]), (text(&found["verdict"]), text(&found["said"])));
    claims[0]["findings"].as_array().unwrap().iter().map(of).collect()
}

fn lint(bench: &Bench, file: &str, arguments: &[&str]) -> Ran {
    bench.run(&[&["lint", "--space", "nb201", "--scores", file, "--json"], arguments].concat())
}

/// The table of the scores of `mine.csv` in LaTeX, with the declaration of `claim.toml` from another place.
fn lint_tex(bench: &Bench, place: &str) -> String {
    bench.write(place, std::fs::read(bench.path("claim.toml")).unwrap());
    let arguments = ["lint", "--space", "nb201", "--scores", "mine.csv", "--declaration", place, "--format", "latex"];
    bench.run(&arguments).exits(3).stdout
}

/// Scores that follow the truth with noise of this deviation.
fn noisy(rows: &[(String, f64)], noise: f64) -> Vec<(String, f64)> {
    let score = |(row, (text, truth)): (usize, &(String, f64))| {
        let even = f64::from((row as u32 + 1).wrapping_mul(2_654_435_761) >> 8) / f64::from(1 << 24) - 0.5;
        (text.clone(), truth + noise * even)
    };
    rows.iter().enumerate().map(score).collect()
}

/// Five files of which each breaks one lint, and no other verdict changes.
#[test]
fn what_breaks_one_lint_changes_no_other() {
    let bench = Bench::new();
    let good = noisy(&truth(&bench), 0.3);
    let mut order: Vec<usize> = (0..good.len()).collect();
    order.sort_by(|&a, &b| good[a].1.total_cmp(&good[b].1));
    let with = |rows: &[usize], score: f64| {
        let mut changed = good.clone();
        for &row in rows {
            changed[row].1 = score;
        }
        csv(&changed)
    };
    // The middle, and the end, of the ranking.
    let middle = order[20..30].to_vec();
    let last = order[..6].to_vec();
    let scaled: Vec<(String, f64)> = good.iter().map(|(text, score)| (text.clone(), 3.0 * score)).collect();
    bench.write("good/mine.csv", csv(&good));
    bench.write("copy.csv", csv(&scaled));
    bench.write("lost/mine.csv", csv(&good).replace(&format!(",{}\n", good[order[0]].1), ",nan\n"));
    bench.write("common/mine.csv", with(&middle, good[order[25]].1));
    bench.write("bound/mine.csv", with(&last, good[order[5]].1));
    bench.write("twice/mine.csv", format!("{}\"{}\",0.5\n", csv(&good), good[0].0));
    let verdicts = |file: &str, arguments: &[&str]| {
        let found = lints(&lint(&bench, file, arguments)).into_iter();
        found.map(|(id, (verdict, _))| (id, verdict)).collect::<BTreeMap<String, String>>()
    };
    let untouched = verdicts("good/mine.csv", &[]);
    assert_eq!(untouched.len(), 22);
    for (file, arguments, id, verdict) in [
        ("lost/mine.csv", &[][..], "L9", "warn"),
        ("common/mine.csv", &[], "L9", "fail"),
        ("bound/mine.csv", &[], "L19", "warn"),
        ("twice/mine.csv", &[], "L20", "warn"),
        ("good/mine.csv", &["--against", "copy.csv"], "L14", "warn"),
    ] {
        let found = verdicts(file, arguments);
        let changed: Vec<&String> = found.keys().filter(|id| found[*id] != untouched[*id]).collect();
        assert_eq!((changed, found[id].as_str()), (vec![&id.to_owned()], verdict), "{file}");
        assert_eq!(untouched[id], "pass");
    }
}

#[test]
fn what_is_declared_is_judged_and_what_is_not_is_missing() {
    let bench = Bench::new();
    bench.write("mine.csv", csv(&noisy(&truth(&bench), 0.3)));
    let before = lints(&lint(&bench, "mine.csv", &[]));
    let missing: Vec<&str> = ["L8", "L15", "L16", "L17", "L22"].to_vec();
    assert!(missing.iter().all(|id| before[*id].0 == "undecidable"), "{before:?}");
    bench.write(
        "claim.toml",
        "tuned-on = 'another-space'\nlabels-used = 3\ntraining-free = true\naggregates-pool = false\nseconds = 0.1\n\
         processor = 'one core'\nepoch-seconds = 3.0\n[protocol]\nbatch = 64\n",
    );
    let ran = lint(&bench, "mine.csv", &["--declaration", "claim.toml"])
        .exits(3)
        .says("a lint fails, so the exit code is 3: mine (");
    let after = lints(&ran);
    let of = |ids: [&str; 5]| ids.map(|id| after[id].0.clone());
    assert_eq!(of(["L8", "L15", "L16", "L17", "L22"]), ["pass", "pass", "pass", "warn", "fail"]);
    // A table for a paper says of what it was made, without folders, and makes itself again.
    let tex = lint_tex(&bench, "sub/claim.toml");
    assert!(tex.contains(" --estimator mine --declaration claim.toml --format latex\n"), "{tex}");
    let line = tex.split("% made by: nas-assay ").nth(1).unwrap().lines().next().unwrap();
    let again = bench.run(&line.split(' ').collect::<Vec<_>>()).exits(3);
    assert_eq!(again.stdout, tex);
    bench.write("typo.toml", "tuned = 'nothing'\n");
    lint(&bench, "mine.csv", &["--declaration", "typo.toml"]).exits(2).says("did you mean `tuned-on`?");
    lint(&bench, "mine.csv", &["--declaration", "missing.toml"]).exits(2).says("failed to read the declaration");
}

/// Text of the book without marks and links, on one line.
fn plain(markdown: &str) -> String {
    let mut text = String::new();
    for part in markdown.replace('*', "").split('[') {
        match part.split_once("](") {
            Some((shown, rest)) => text.extend([shown, rest.split_once(')').map_or("", |(_, rest)| rest)]),
            None => text += part,
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_book_has_the_rules_in_the_same_words() {
    let page = std::fs::read_to_string("docs/src/lints.md").unwrap();
    let sections: Vec<&str> = page.split("\n### ").skip(1).collect();
    let mut found = 0;
    for [id, name, definition, threshold] in nas_assay::report::lint::all() {
        let heading = format!("{id} {name}\n");
        let section = sections.iter().find(|section| section.starts_with(&heading)).expect(id);
        let section = plain(section.split("\n## ").next().unwrap());
        assert_eq!(section, format!("{id} {name} Asks: {definition} {threshold}"));
        found += 1;
    }
    assert_eq!(found, sections.len());
}

/// A page says what was found, and where its rule is.
#[test]
fn the_rule_of_a_lint_is_explained_as_the_hint_says() {
    let bench = Bench::new();
    bench.write("mine.csv", csv(&noisy(&truth(&bench), 0.3)));
    let ran = bench.run(&["lint", "--space", "nb201", "--scores", "mine.csv"]).exits(3);
    let text = printed(&ran);
    let hint = text.split('`').find(|word| word.contains("--explain")).unwrap();
    let words: Vec<&str> = hint.strip_prefix("nas-assay ").unwrap().split(' ').collect();
    let first = bench.run(&words).exits(0).stdout;
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for [id, name, definition, threshold] in nas_assay::report::lint::all() {
        let due = format!("{id} {name} {definition} {threshold}");
        for word in [id, name, &id.to_lowercase()] {
            assert_eq!(plain(&bench.run(&["lint", "--explain", word]).exits(0).stdout), due);
        }
        assert_eq!(words[2] == id, plain(&first) == due);
        // It is said there, and not in each page.
        assert!(!plain(&ran.stdout).contains(threshold), "{id}");
    }
    bench.run(&["lint", "--explain", "L23"]).exits(2).says("there is no lint L23; they are L1 to L22");
    bench.run(&["lint", "--explain", "poll"]).exits(2).says("the nearest name is `pool`");
    bench.run(&["lint", "--explain", "L1", "--strict"]).exits(2);
}

/// The exit code follows the worst verdict; warnings count if they are asked for.
#[test]
fn a_failure_is_a_mismatch_and_a_warning_is_one_if_asked_for() {
    let bench = Bench::new();
    let rows = truth(&bench);
    // Better than every count, on a truth in miniature, which is a warning.
    bench.write("good.csv", csv(&noisy(&rows, 0.02)));
    lint(&bench, "good.csv", &[]).exits(0);
    lint(&bench, "good.csv", &["--strict"]).exits(3).says("a lint warns, so the exit code is 3: good (");
    let turned: Vec<(String, f64)> = rows.iter().map(|(text, score)| (text.clone(), -score)).collect();
    bench.write("turned.csv", csv(&turned));
    let found = lints(&lint(&bench, "turned.csv", &[]).exits(3));
    assert_eq!((found["L1"].0.as_str(), found["L10"].0.as_str()), ("fail", "fail"), "{found:?}");
}

/// The settings of the miniature of NAS-Bench-201, with one of its estimators.
const SYNFLOW: &str = "name = 'synflow'\nspace = 'nb201'\n\
    [images.synthetic]\nseed = 1\nresolution = 16\ntrain = 2048\nvalidation = 2000\n\
    [truth.trained]\ntable = 'nb201-micro'\n\
    [zero-shot]\nnetwork = { channels = 8, cells = 1, cell-affine = true }\nbatch = 64\nseeds = [20, 2020, 202020]\n\
    [panels.all]\nestimators = ['params', 'flops', 'relu_count', 'synflow']\n";

#[test]
fn the_claim_of_synflow_in_the_miniature_is_judged_by_its_numbers() {
    let bench = Bench::new();
    bench.write("synflow.toml", SYNFLOW);
    bench.run(&["run", "synflow.toml", "--quiet"]).exits(0);
    let ran =
        bench.run(&["lint", "latest", "--json"]).exits(3).says("a lint fails, so the exit code is 3: synflow (L1, L4)");
    let found = lints(&ran);
    let with =
        |verdict: &str| found.iter().filter(|(_, of)| of.0 == verdict).map(|(id, _)| id.as_str()).collect::<Vec<_>>();
    assert_eq!(with("fail"), ["L1", "L4"]);
    assert_eq!(with("warn"), ["L13", "L5", "L6"]);
    assert_eq!(with("undecidable"), ["L12", "L15", "L21", "L3", "L7", "L8"]);
    let said = |id: &str| found[id].1.as_str();
    assert!(said("L1").starts_with("It ranks no better than params (tau 0.683, difference -0.189 ["), "{}", said("L1"));
    assert!(said("L2").ends_with("The tau of the claim is 79.3 % of that."), "{}", said("L2"));
    assert!(
        said("L5").starts_with("Tau is 0.494 over all; without the 4 in which an operation is dead it is 0.458."),
        "{}",
        said("L5")
    );
    let page = bench.run(&["lint", "latest"]).exits(3);
    let last = page.stdout.rsplit_once("\n\n").unwrap().1.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(last.starts_with("nas-assay lint ") && last.ends_with("2 fail (L1, L4), 6 undecidable"), "{last}");
    for (file, part) in [("l.html", "<!DOCTYPE html>"), ("l.md", "# Lint: "), ("l.json", "{"), ("l.csv", "space,panel")]
    {
        bench.run(&["lint", "latest", "--out", file]).exits(3);
        assert!(std::fs::read_to_string(bench.path(file)).unwrap().starts_with(part), "{file}");
    }
}

#[test]
fn the_hint_shows_every_lint_of_one_claim() {
    let bench = Bench::new();
    bench.write(
        "spec.toml",
        SYNFLOW.replace("'synflow']", "'synflow', 'l2_norm']").replace("seeds = [20, 2020, 202020]", "seeds = [20]"),
    );
    bench.run(&["run", "spec.toml", "--quiet"]).exits(0);
    let ran = bench.run(&["lint", "latest"]).exits(3).prints("2 claims: ");
    let hint = printed(&ran).split('`').nth(1).unwrap().to_owned();
    let words: Vec<&str> = hint.strip_prefix("nas-assay ").unwrap().split(' ').collect();
    bench.run(&words).exits(3).prints("synflow on NAS-Bench-201");
    bench.run(&["lint", "latest", "--estimator", "synflo"]).exits(2).says("the nearest is `synflow`");
    bench.run(&["lint", "latest", "--estimator", "syn_flow", "--json"]).exits(3);
}

/// With several panels an estimator is a claim in each, so that the hint names the panel.
#[test]
fn the_hint_names_the_panel_of_several() {
    let bench = Bench::new();
    let half = "[panels.half]\nestimators = ['params', 'synflow']\nsample = 30\n";
    bench.write("spec.toml", SYNFLOW.replace("seeds = [20, 2020, 202020]", "seeds = [20]") + half);
    bench.run(&["run", "spec.toml", "--quiet"]).exits(0);
    let ran = bench.run(&["lint", "latest", "--estimator", "synflow"]).exits(3).prints("2 claims: ");
    ran.says("synflow in all (");
    let hint = printed(&bench.run(&["lint", "latest"]).exits(3)).split('`').nth(1).unwrap().to_owned();
    assert!(hint.ends_with(" --estimator synflow --panel all"), "{hint}");
    let words: Vec<&str> = hint.strip_prefix("nas-assay ").unwrap().split(' ').collect();
    let page = bench.run(&words).exits(3);
    assert!(page.stdout.contains("synflow on NAS-Bench-201 (nb201), panel all"), "{}", page.stdout);
    bench.run(&["lint", "latest", "--panel", "half"]).prints("panel half");
    bench.run(&["lint", "latest", "--panel", "hal"]).exits(2).says("the nearest is `half`");
}

/// What only `verify` does is no option of lints; and with `--is` the scores are judged as well.
#[test]
fn options_of_verify_that_lint_would_ignore_are_refused() {
    let bench = Bench::new();
    bench.write("mine.csv", csv(&noisy(&truth(&bench), 0.3)));
    lint(&bench, "mine.csv", &["--print-spec"]).exits(2);
    lint(&bench, "mine.csv", &["--oddities", "odd.csv"]).exits(2);
    let more = ["--is", "relu_logdet", "--missing", "drop", "--min-coverage", "0.5"];
    let ran = lint(&bench, "mine.csv", &more);
    assert!(lints(&ran)["L11"].1.starts_with("Rho with relu_logdet on "), "{}", ran.stdout);
    let verify = ["verify", "--space", "nb201", "--scores", "mine.csv"];
    bench.run(&[&verify[..], &more].concat()).exits(2).says("cannot be used with");
}

#[test]
fn a_baseline_is_linted_if_it_is_named() {
    let bench = Bench::new();
    bench.write("spec.toml", BASELINES);
    bench.run(&["run", "spec.toml", "--quiet"]).exits(0);
    bench.run(&["lint", "latest"]).exits(4).says("name one of them with --estimator");
    let ran = bench.run(&["lint", "latest", "--estimator", "params", "--json"]);
    assert_eq!(lints(&ran)["L4"].0, "fail", "parameters say nothing beyond parameters");
    bench.write(
        "none.toml",
        BASELINES.replace("[truth.trained]\ntable = 'nb201-micro'\n", "[truth.none]\n").replace(
            "estimators = ['params', 'flops', 'relu_count']\n",
            "estimators = ['params', 'flops']\narchitectures = ['|none~0|+|none~0|none~1|+|none~0|none~1|none~2|', \
             '|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|']\n",
        ),
    );
    bench.run(&["run", "none.toml", "--quiet"]).exits(0);
    bench.run(&["lint", "latest"]).exits(4).says("the record has no truth");
}

/// What the paper's own supernets of NAS-Bench-301 scored: a mean of three agrees with itself, but counting ReLUs ranks as well.
#[test]
#[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
fn the_published_supernets_are_not_ahead_of_a_count() {
    let bench = Bench::new();
    let root = super::common::data_root();
    let arguments = ["--estimator", "oneshot_loss", "--json", "--data-root", &root];
    let ran = bench.run(&[&["lint", "real-nb301-published"], &arguments[..]].concat()).exits(3);
    let found = lints(&ran);
    assert!(
        found["L1"].1.starts_with("It ranks no better than relu_count (tau 0.513, difference -0.004 [-0.016, 0.008])"),
        "{found:?}"
    );
    let with =
        |verdict: &str| found.iter().filter(|(_, of)| of.0 == verdict).map(|(id, _)| id.as_str()).collect::<Vec<_>>();
    assert_eq!((with("fail"), with("warn").is_empty()), (vec!["L1"], true), "{found:?}");
    assert!(found["L7"].1.contains("0.937 between runs of it") && found["L7"].1.ends_with("0.978 for the mean of 3."));
    assert_eq!(
        found["L2"].1,
        "The ceiling is unknown, because the truth is what a surrogate model predicts, without runs."
    );
}

/// Scores of another implementation on all encodings of NAS-Bench-201, as its repository has them.
#[test]
#[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
fn scores_of_another_implementation_are_judged_on_the_whole_space() {
    let bench = Bench::new();
    let all = naswot_of_freerea(&bench);
    let table = |is: fn(usize) -> bool| all.iter().filter(move |(index, _)| is(*index)).map(|(_, line)| line.as_str());
    bench.write("mine.csv", format!("architecture,score\n{}", table(|_| true).collect::<String>()));
    let first: String = table(|index| index < 1_000).collect();
    bench.write("first.csv", format!("architecture,score\n{first}"));
    let judged = |file: &str| {
        let options = ["--name", "relu_logdet", "--accuracy", "cifar10-test-200-nats-mean", "--rows", "all"];
        lints(&lint(&bench, file, &[&options[..], &["--data-root", "root"]].concat()).exits(3))
    };
    let found = judged("mine.csv");
    // Counts of live parameters rank better (.654 against .608), and the best tenth is ranked no better than by chance.
    assert!(
        found["L1"].1.starts_with("It ranks no better than params (tau 0.654, difference -0.046 ["),
        "{}",
        found["L1"].1
    );
    assert!(found["L3"].0 != "pass" && found["L3"].1.contains("the best 10 % by truth (-0.03"), "{}", found["L3"].1);
    assert!(
        found["L5"].1.contains("without the 1,983 in which no convolution is live it is 0.519"),
        "{}",
        found["L5"].1
    );
    assert_eq!(found["L6"].1, "All 15,625 architectures of the space are judged.");
    assert!(
        found["L21"].1.ends_with("The accuracies of cifar100 reach a tau of 0.882 with this truth."),
        "{}",
        found["L21"].1
    );
    let found = judged("first.csv");
    assert_eq!(found["L6"].0, "fail");
    assert!(found["L6"].1.contains("numbers 0 to 999 of the benchmark's index"), "{}", found["L6"].1);
}
