//! Tests of estimators that are other programs, declared in a spec: their scores are stages as all others are.
//!
//! The programs here are shell scripts. The score of an architecture is the size of its file, which has its weights.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::common::Bench;
use serde_json::Value;

/// The answer of a script to a question: the size of the file.
const SIZE: &str =
    "printf '{\"id\": %s, \"score\": %s, \"details\": {\"kind\": 1}}\\n' \"$id\" \"$(wc -c < \"$file\")\"";

/// A script that answers every question with `answer`. There `$id` is the question's number, and `$file` its file.
fn script(answer: &str) -> String {
    format!(
        "read -r hello\necho '{{\"ready\": 1}}'\nwhile read -r line; do\nid=${{line#*:}}; id=${{id%%,*}}\nfile=${{line#*\\\"file\\\":\\\"}}; \
         file=${{file%%\\\"*}}\n{answer}\ndone\n"
    )
}

fn spec(more: &str) -> String {
    format!(
        "name = 'mine'\nspace = 'nb201'\n[images.synthetic]\nresolution = 8\ntrain = 48\nvalidation = 16\n\
         [truth.trained]\ntable = 'nb201-micro'\nverify = 0\n\
         [zero-shot]\nbatch = 6\nseeds = [1, 2]\nnetwork = {{ channels = 4, cells = 1 }}\n\
         [estimators.my_proxy]\ncommand = ['sh', 'my_proxy.sh']\nfiles = ['my_proxy.sh']\nlimit = 20\n{more}\n\
         [panels.all]\nestimators = ['params', 'my_proxy', 'snip']\n[criteria]\nresamples = 20\n"
    )
}

fn bench(answer: &str, more: &str) -> Bench {
    let bench = Bench::new();
    bench.write("my_proxy.sh", script(answer));
    bench.write("mine.toml", spec(more));
    bench
}

fn scores(record: &str) -> Vec<f64> {
    let record: Value = serde_json::from_str(record).unwrap();
    let rows = record["panels"][0]["estimators"].as_array().unwrap();
    let own = rows.iter().find(|row| row["id"] == "my_proxy").unwrap();
    own["scores"].as_array().unwrap().iter().map(|score| score.as_f64().unwrap()).collect()
}

#[test]
fn another_program_scores_what_the_others_see() {
    let bench = bench(SIZE, "direction = 'lower'");
    let one = bench.run(&["run", "mine.toml", "--json", "--jobs", "1", "--store", "one"]).exits(0).stdout;
    let two = bench.run(&["run", "mine.toml", "--json", "--jobs", "3", "--threads", "3", "--store", "two"]).exits(0);
    assert_eq!(scores(&one).len(), 48);
    assert_eq!(bench.results("one"), bench.results("two"), "as many workers as jobs, and the same bytes");
    // The file has the weights: its size grows with their number.
    let record: Value = serde_json::from_str(&one).unwrap();
    let params = &record["panels"][0]["estimators"][0];
    assert_eq!(params["id"], "params");
    let params: Vec<f64> = params["scores"].as_array().unwrap().iter().map(|score| score.as_f64().unwrap()).collect();
    let (least, most) = (params.iter().copied().fold(f64::MAX, f64::min), params.iter().copied().fold(0.0, f64::max));
    let size = |of: f64| scores(&one)[params.iter().position(|&count| count == of).unwrap()];
    assert!(size(most) - size(least) >= 4.0 * (most - least), "four bytes a weight");
    let row = record["panels"][0]["estimators"].as_array().unwrap().iter().find(|row| row["id"] == "my_proxy").unwrap();
    assert_eq!((row["direction"].as_str(), row["kind"].as_str()), (Some("lower"), Some("zero_shot")));
    assert_eq!(row["details"][0]["name"], "kind");
    drop(two);

    // The store has the scores; the program is not started again. Other content is another estimator.
    bench.write("my_proxy.sh", script(SIZE) + "# more\n");
    bench.run(&["run", "mine.toml", "--dry-run", "--store", "one"]).exits(0).prints("run: no result in the store");
    bench.write("my_proxy.sh", script(SIZE));
    let plan = bench.run(&["run", "mine.toml", "--dry-run", "--store", "one"]).exits(0);
    assert!(!plan.stdout.contains("run: "), "{}", plan.stdout);
    std::fs::remove_file(bench.path("my_proxy.sh")).unwrap();
    bench.run(&["run", "mine.toml"]).exits(5).says("my_proxy.sh, a file of the estimator my_proxy");
}

#[test]
fn a_program_that_fails_is_told_with_its_estimator_its_architecture_and_its_last_lines() {
    let failing = bench("echo 'Traceback: no such layer' >&2; exit 4", "");
    let ran = failing.run(&["run", "mine.toml"]).exits(1);
    ran.says("my_proxy of |")
        .says("in panel `all`")
        .says("`sh my_proxy.sh` has ended with exit code 4")
        .says("no such layer");
    let declining = bench("printf '{\"id\": %s, \"error\": \"too deep\"}\\n' \"$id\"", "");
    declining.run(&["run", "mine.toml"]).exits(1).says("`sh my_proxy.sh` says: too deep");
    let hanging = bench("sleep 300", "");
    hanging.write("mine.toml", spec("").replace("limit = 20", "limit = 1"));
    hanging.run(&["run", "mine.toml"]).exits(1).says("did not answer within 1 s");
}

/// An answer with an error is final; a worker that ends is followed by one other. What was scored before is kept.
#[test]
fn a_question_is_asked_as_often_as_the_protocol_says() {
    let asked = |answer: &str| {
        let counted =
            format!("echo \"$id\" >> asked; if [ $id -ge 21 ] && [ ! -e go ]; then {answer}; else {SIZE}; fi");
        let bench = bench(&counted, "");
        bench.run(&["run", "mine.toml", "--jobs", "1"]).exits(1);
        let asked = |bench: &Bench| std::fs::read_to_string(bench.path("asked")).unwrap().lines().count();
        let before = asked(&bench);
        bench.write("go", "");
        bench.run(&["run", "mine.toml", "--jobs", "1"]).exits(0);
        // 48 architectures with two seeds; the ten that were scored before are not scored again.
        assert_eq!(asked(&bench) - before, 96 - 20, "{answer}");
        before - 20
    };
    assert_eq!(asked("printf '{\"id\": %s, \"error\": \"too deep\"}\\n' \"$id\""), 1);
    assert_eq!(asked("exit 3"), 2);
}

#[test]
fn details_have_a_limited_number_of_names() {
    let many = "printf '{\"id\": %s, \"score\": 1, \"details\": {\"n%s\": 1}}\\n' \"$id\" \"$id\"";
    bench(many, "").run(&["run", "mine.toml"]).exits(1).says("have more than 64 details by name");
}

/// A score that is not finite is a failed score, as that of every estimator.
#[test]
fn a_score_that_is_not_finite_ranks_worst() {
    let bench = bench("printf '{\"id\": %s, \"score\": NaN}\\n' \"$id\"", "");
    let ran = bench.run(&["run", "mine.toml", "--json"]).exits(0);
    let record: Value = serde_json::from_str(&ran.stdout).unwrap();
    let row = record["panels"][0]["estimators"].as_array().unwrap().iter().find(|row| row["id"] == "my_proxy").unwrap();
    assert!(row["scores"].as_array().unwrap().iter().all(|score| score["nonfinite"] == "nan"), "{}", row["scores"]);
}

#[test]
fn a_declaration_that_cannot_work_is_refused() {
    let refused = |from: &str, to: &str, said: &str| {
        let bench = bench(SIZE, "");
        bench.write("mine.toml", spec("").replace(from, to));
        bench.run(&["run", "mine.toml", "--dry-run"]).exits(2).says(said);
    };
    refused("command = ['sh', 'my_proxy.sh']", "command = []", "`estimators.my_proxy.command` is empty");
    refused("limit = 20", "limit = 0", "`estimators.my_proxy.limit` is 0, and must be from 1");
    refused("limit = 20", "limits = 20", "limit");
    refused("batch = 6", "batch = 6\ndropout = 0.1", "`zero-shot.dropout` has to be 0 for my_proxy");
    refused("[estimators.my_proxy]", "[estimators.snip]", "that of a built-in estimator");
    let bench = bench(SIZE, "");
    bench.write("mine.toml", spec("").replace("'sh', 'my_proxy.sh'", "'./no-such-program'"));
    bench.run(&["run", "mine.toml"]).exits(1).says("`./no-such-program` cannot be started");
}

fn is_running(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

/// Kills the program in the middle with a signal. Its workers end, and the next run goes on to the same bytes.
fn killed_by(signal: &str, at_most: Duration) {
    // The twentieth question of a worker waits for the signal.
    let slow =
        format!("echo $$ >> pids; n=$((n+1)); if [ $n = 20 ] && [ ! -e go ]; then : > waiting; sleep 8; fi; {SIZE}");
    let bench = bench(&slow, "");
    let mut child = bench
        .command(&["run", "mine.toml", "--jobs", "2", "--threads", "2", "--store", "cut"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while !bench.path("waiting").exists() {
        assert!(start.elapsed() < Duration::from_secs(60), "the program does not get far enough");
        std::thread::sleep(Duration::from_millis(10));
    }
    let sent = std::process::Command::new("kill").args(["-s", signal, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let sent = Instant::now();
    child.wait().unwrap();
    let pids = std::fs::read_to_string(bench.path("pids")).unwrap();
    let pids: std::collections::BTreeSet<&str> = pids.lines().collect();
    assert_eq!(pids.len(), 2);
    while pids.iter().any(|pid| is_running(pid)) {
        assert!(sent.elapsed() < at_most, "a worker lives on after {signal}");
        std::thread::sleep(Duration::from_millis(10));
    }
    bench.write("go", "");
    bench.run(&["run", "mine.toml", "--store", "cut"]).exits(0);
    bench.run(&["run", "mine.toml", "--store", "whole"]).exits(0);
    if signal == "KILL" {
        // It may fall into a write; every other signal leaves nothing.
        bench.run(&["store", "clean", "--store", "cut"]).exits(0);
    }
    assert_eq!(bench.results("cut"), bench.results("whole"), "{signal}");
    let own = format!("nas-assay-workers-{}-", child.id());
    let left = std::fs::read_dir(std::env::temp_dir()).unwrap().flatten();
    let left = left.filter(|entry| entry.file_name().to_string_lossy().starts_with(&own)).count();
    assert_eq!(left, usize::from(signal == "KILL"), "folders of questions after {signal}");
}

/// A signal ends the workers at once.
#[test]
fn a_signal_ends_the_workers_with_the_program() {
    killed_by("TERM", Duration::from_secs(4));
    killed_by("INT", Duration::from_secs(4));
}

/// Nobody can tell the workers that the program was killed; they end when they read their stdin again.
#[test]
fn workers_of_a_killed_program_end_by_themselves() {
    killed_by("KILL", Duration::from_secs(30));
}

#[test]
fn a_program_that_cannot_answer_is_mended_as_the_error_says() {
    let bench = bench(SIZE, "");
    let judged = |command: &str| bench.run(&["verify", "--command", command, "--space", "nb201"]);
    let named = judged("sh my_porxy.sh").exits(2).says("names my_porxy.sh, and there is no such file");
    let (_, meant) = named.stderr.split_once("did you mean `").unwrap();
    judged(&format!("sh {}", meant.split('`').next().unwrap())).exits(0);
    let started = judged("./my_proxy.sh").exits(2).says("my_proxy.sh is a file, but no program");
    let (_, meant) = started.stderr.split_once("did you mean `").unwrap();
    judged(meant.split('`').next().unwrap()).exits(0);
    let named = judged("pyhton3 my_proxy.py").exits(2).says("there is no program pyhton3");
    assert!(named.stderr.contains("did you mean `python3`?"), "{}", named.stderr);
    // Nothing is said, and no question was read.
    bench.write("silent.sh", "exit 0");
    judged("sh silent.sh").exits(1).says("has ended without an answer: a worker has to answer questions on its stdin");
    bench.write("silent.sh", script(SIZE));
    judged("sh silent.sh").exits(0);
    // Something is said for people.
    bench.write("chatty.sh", format!("echo loading\n{}", script(SIZE)));
    judged("sh chatty.sh").exits(1).says("its first line has to be {\"ready\": 1}; print what is for people to stderr");
    bench.write("chatty.sh", format!("echo loading >&2\n{}", script(SIZE)));
    judged("sh chatty.sh").exits(0);
}

#[test]
fn what_is_said_after_a_program_is_judged_can_be_done() {
    let bench = bench(SIZE, "");
    let ran = bench.run(&["verify", "--command", "sh my_proxy.sh", "--space", "nb201"]).exits(0);
    let (_, hint) = ran.stderr.split_once("hint: ").unwrap();
    let commands: Vec<&str> = hint.split('`').skip(1).step_by(2).collect();
    assert_eq!(commands.len(), 2, "{hint}");
    for command in commands {
        let words: Vec<&str> = command.strip_prefix("nas-assay ").unwrap().split(' ').collect();
        // A count of weights is not better than that of parameters.
        bench.run(&words).exits(if words[0] == "lint" { 3 } else { 0 });
    }
    assert!(bench.path("report.html").is_file());
}

#[test]
fn a_program_that_is_to_be_linted_is_judged_first_as_the_error_says() {
    let bench = bench(SIZE, "");
    let program = ["--command", "sh my_proxy.sh", "--space", "nb201"];
    let ran = bench.run(&[&["lint"][..], &program].concat()).exits(2);
    ran.says("judge the program first, with `verify --command`; then `nas-assay lint latest`");
    bench.run(&[&["verify"][..], &program].concat()).exits(0);
    let linted = bench.run(&["lint", "latest"]);
    assert!(linted.stdout.contains("my_proxy on NAS-Bench-201"), "{}", linted.stdout);
}

#[test]
fn a_program_is_judged_without_a_spec() {
    let bench = bench(SIZE, "");
    let ran = bench.run(&["verify", "--command", "sh my_proxy.sh", "--space", "nb201"]).exits(0);
    ran.prints("my_proxy").prints("nb201");
    let json = bench.run(&["verify", "--command", "sh 'my_proxy.sh'", "--space", "nb201", "--json"]).exits(0);
    let rows: Value = serde_json::from_str(&json.stdout).unwrap();
    let rows = &rows["spaces"];
    assert_eq!(rows.as_array().unwrap().len(), 1);
    let tau = rows[0]["tau_b"].as_f64().unwrap();
    assert!(tau > 0.0, "{tau}: more weights, higher accuracy");
    let lower = [
        "verify",
        "--command",
        "sh my_proxy.sh",
        "--space",
        "nb201",
        "--json",
        "--direction",
        "lower",
        "--name",
        "size",
    ];
    let rows: Value = serde_json::from_str(&bench.run(&lower).exits(0).stdout).unwrap();
    assert_eq!(rows["spaces"][0]["tau_b"].as_f64(), Some(-tau));

    let on = ["verify", "--command", "sh my_proxy.sh", "--spec", "mine.toml", "--json"];
    let record = bench.run(&on).exits(0).stdout;
    let whole = bench.run(&["run", "mine.toml", "--json"]).exits(0).stdout;
    assert_eq!(scores(&record), scores(&whole), "the settings of the spec");
    let ids: Value = serde_json::from_str(&record).unwrap();
    let ids: Vec<&str> =
        ids["panels"][0]["estimators"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["params", "flops", "relu_count", "my_proxy"]);

    bench.run(&["verify", "--command", "sh 'my_proxy.sh"]).exits(2).says("a quotation mark without its other half");
    bench.run(&["verify", "--command", ""]).exits(2).says("has no words");
    bench.run(&["verify", "--command", "sh my_proxy.sh", "--name", "snip"]).exits(2).says("choose another one");
    bench.run(&["verify", "--command", "sh my_proxy.sh", "--estimator", "snip"]).exits(2);
    bench
        .run(&["verify", "--command", "sh my_proxy.sh", "--spec", "mine.toml", "--space", "nb301"])
        .exits(2)
        .says("not of nb301");
    bench.run(&["verify", "--file", "my_proxy.sh"]).exits(2);
    bench.write("snip.sh", script(SIZE));
    bench.run(&["verify", "--command", "sh snip.sh", "--space", "nb201"]).exits(0).prints("snip_command");
    let hidden = ["verify", "--command", "sh -c 'sh my_proxy.sh'", "--name", "hidden", "--space", "nb201"];
    bench.run(&hidden).exits(0).says("no word of the command is a file");
    let declared = bench.run(&[&hidden[..], &["--file", "my_proxy.sh"]].concat()).exits(0);
    assert!(!declared.stderr.contains("no word of the command"), "{}", declared.stderr);
}

/// The worker that the documentation of the protocol shows.
#[test]
#[ignore = "needs python3: cargo test -- --include-ignored"]
fn the_smallest_worker_is_judged_on_all_spaces() {
    let protocol = include_str!("../../crates/nas-assay-external/PROTOCOL.md");
    let (_, code) = protocol.split_once("```python,file:size.py\n").unwrap();
    let bench = Bench::new();
    bench.write("size.py", code.split_once("```").unwrap().0);
    let ran = bench.run(&["verify", "--command", "python3 size.py", "--json"]).exits(0);
    let rows: Value = serde_json::from_str(&ran.stdout).unwrap();
    let rows = &rows["spaces"];
    let spaces: Vec<&str> = rows.as_array().unwrap().iter().map(|row| row["space"].as_str().unwrap()).collect();
    assert_eq!(spaces, ["nb101", "nb201", "nb301", "nds_resnet", "nds_resnext_a"]);
    assert!(rows.as_array().unwrap().iter().all(|row| row["tau_b"].is_number()), "{rows}");
}

/// The scores of an estimator for drawn architectures, as a file of another program has them, each made by `change`.
fn scores_file(bench: &Bench, space: &str, id: &str, count: usize, change: impl Fn(f64) -> f64) {
    let drawn = bench.run(&["architectures", "--space", space, "--count", &count.to_string(), "--seed", "5"]).exits(0);
    let list: std::collections::BTreeSet<&str> = drawn.stdout.lines().collect();
    let list: Vec<&str> = list.into_iter().collect();
    let text = format!(
        "name = 'scores'\nspace = '{space}'\n[images.synthetic]\nseed = 1\nresolution = 16\ntrain = 2048\nvalidation = 2000\n[truth.none]\n\
         [zero-shot]\nnetwork = {{ channels = 8, cells = 1 }}\nbatch = 64\nseeds = [9]\n\
         [panels.all]\nestimators = ['{id}']\narchitectures = {list:?}\n"
    );
    bench.write("scores.toml", text);
    let record: Value = serde_json::from_str(&bench.run(&["run", "scores.toml", "--json"]).exits(0).stdout).unwrap();
    let scores = record["panels"][0]["estimators"][0]["scores"].as_array().unwrap();
    let score = |place: usize| scores[place].as_f64().map_or("nan".to_owned(), |score| change(score).to_string());
    let row = |(place, text): (usize, &&str)| format!("\"{text}\",{}\n", score(place));
    let rows: String = list.iter().enumerate().map(row).collect();
    bench.write("mine.csv", format!("architecture,score\n{rows}"));
}

/// Scores with weights of another seed pass, since the estimator agrees with itself no better; those of another estimator do not.
#[test]
fn an_implementation_is_the_estimator_or_another_one() {
    let bench = Bench::new();
    scores_file(&bench, "nb201", "relu_logdet", 260, |score| 3.0 * score);
    let gate = |more: &[&str]| bench.run(&[&["verify", "--scores", "mine.csv", "--space", "nb201"], more].concat());
    gate(&["--is", "relu_logdet"]).exits(0).prints("mine beside relu_logdet").prints("the same estimator");
    gate(&["--is", "flops"])
        .exits(3)
        .prints("another estimator")
        .says("on nb201, the scores mine are not those of flops");
    let json: Value = serde_json::from_str(&gate(&["--is", "relu_logdet", "--json"]).exits(0).stdout).unwrap();
    let json = &json["spaces"];
    assert!(json[0]["rows"].as_u64() > Some(200) && json[0]["self_correlation"].is_number(), "{json}");
    gate(&["--is", "relu_logde"]).exits(2).says("`relu_logdet`");
    gate(&["--is", "oneshot_loss"]).exits(2).says("reads a trained supernet");
    gate(&["--is", "snip", "--against", "snip"]).exits(2);
    gate(&["--is", "snip", "--print-spec"]).exits(2);
    gate(&["--is", "relu_logdet", "--column", "score,other"]).exits(2).says("name one with --column");
    gate(&["--is", "relu_logdet", "--column", "score"]).exits(0);
    // The name of the estimator is no reason to compare it with itself.
    let text = std::fs::read_to_string(bench.path("mine.csv")).unwrap();
    let (header, rows) = text.split_once('\n').unwrap();
    let scores: Vec<&str> = rows.lines().map(|row| row.rsplit_once(',').unwrap().1).collect();
    let other = |(place, row): (usize, &str)| {
        format!("{},{}\n", row.rsplit_once(',').unwrap().0, scores[(place * 7 + 3) % scores.len()])
    };
    let mixed: String = rows.lines().enumerate().map(other).collect();
    bench.write("relu_logdet.csv", format!("{header}\n{mixed}"));
    let named =
        ["verify", "--scores", "relu_logdet.csv", "--space", "nb201", "--is", "relu_logdet", "--name", "relu_logdet"];
    bench.run(&named).exits(3).says("on nb201, the scores relu_logdet are not those of relu_logdet");
    scores_file(&bench, "nb201", "relu_logdet", 100, |score| score);
    let few = gate(&["--is", "relu_logdet"]).exits(4).prints("too few architectures").says("no verdict on nb201");
    few.says("score 200 or more of those that `nas-assay architectures --space nb201 --all` prints");
    let all = bench.run(&["architectures", "--space", "nb201", "--all"]).exits(0).stdout;
    assert_eq!(all.lines().count(), 15_625);
}

/// A program sees the same weights as the estimator that it should be.
#[test]
fn a_program_is_the_estimator_or_another_one() {
    let bench = bench(SIZE, "");
    let gate = |of: &str, more: &[&str]| {
        bench.run(&[&["verify", "--command", "sh my_proxy.sh", "--space", "nb201", "--is", of], more].concat())
    };
    gate("params", &[]).exits(0).prints("my_proxy beside params").prints("the same estimator").prints("same weights");
    gate("jacob_cov", &[]).exits(3).says("on nb201, the scores my_proxy are not those of jacob_cov");
    gate("snop", &[]).exits(2).says("`snip`");
    gate("snip", &["--spec", "mine.toml"]).exits(2).says("leave --spec out");
}

/// The example in C++, which reads the weights by itself, has the scores of the built-in estimator.
#[test]
#[ignore = "needs a C++ compiler: cargo test -- --include-ignored"]
fn the_example_in_another_language_has_the_scores_of_the_built_in_estimator() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/other-languages/l2_norm.cpp");
    let bench = Bench::new();
    let built = std::process::Command::new("c++")
        .args(["-std=c++17", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-o"])
        .arg(bench.path("l2_norm"))
        .arg(source)
        .status();
    assert!(built.unwrap().success());
    for (space, form, network) in [
        ("nb201", "stand-alone", "channels = 4, cells = 1"),
        ("nb201", "supernet", "channels = 4, cells = 1"),
        ("nds_resnet", "stand-alone", "width-divisor = 4"),
    ] {
        let text = format!(
            "name = 'mine'\nspace = '{space}'\n[images.synthetic]\nresolution = 8\ntrain = 48\nvalidation = 16\n\
             [truth.trained]\ntable = '{space}-micro'\nverify = 0\n\
             [zero-shot]\nform = '{form}'\nbatch = 4\nseeds = [1]\nnetwork = {{ {network} }}\n\
             [estimators.mine]\ncommand = ['./l2_norm']\nfiles = ['l2_norm']\n\
             [panels.all]\nestimators = ['l2_norm', 'mine']\n[criteria]\nresamples = 20\n"
        );
        bench.write("mine.toml", text);
        let record: Value = serde_json::from_str(&bench.run(&["run", "mine.toml", "--json"]).exits(0).stdout).unwrap();
        let scores = |id: &str| -> Vec<f64> {
            let rows = record["panels"][0]["estimators"].as_array().unwrap();
            let row = rows.iter().find(|row| row["id"] == id).unwrap();
            row["scores"].as_array().unwrap().iter().map(|score| score.as_f64().unwrap()).collect()
        };
        let (ours, theirs) = (scores("l2_norm"), scores("mine"));
        assert!(ours.len() >= 40, "{}", ours.len());
        for (ours, theirs) in ours.iter().zip(theirs) {
            assert!((ours - theirs).abs() <= 1e-6 * ours, "{space}: {ours}, by the example {theirs}");
        }
    }
    let judged =
        bench.run(&["verify", "--command", "./l2_norm", "--name", "mine", "--space", "nds_resnet", "--json"]).exits(0);
    let judged: Value = serde_json::from_str(&judged.stdout).unwrap();
    assert!(judged["spaces"][0]["tau_b"].as_f64().unwrap() > 0.0, "{judged}: more weights, higher accuracy");
}
