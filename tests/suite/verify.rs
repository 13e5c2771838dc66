//! Tests of `nas-assay verify`: scores from a CSV file, and a registered estimator compared with the goldens.

use std::process::Stdio;

use super::common::Bench;
use nas_assay::store::record::{EstimatorRecord, Record};

mod against;
mod top;

/// The architectures of the carried truth of NAS-Bench-201, with their true accuracies.
pub fn truth(bench: &Bench) -> Vec<(String, f64)> {
    let path = bench.write("baselines.toml", super::common::BASELINES);
    let record = bench.run(&["run", path.to_str().unwrap(), "--json", "--store", "other"]).exits(0);
    let record = Record::from_json(&record.stdout).unwrap();
    record.panels[0].architectures.iter().map(|row| (row.architecture.clone(), row.truth.unwrap())).collect()
}

pub fn csv(rows: &[(String, f64)]) -> String {
    let rows: Vec<String> = rows.iter().map(|(architecture, score)| format!("\"{architecture}\",{score}\n")).collect();
    format!("architecture,score\n{}", rows.concat())
}

/// Runs `verify` on scores of NAS-Bench-201.
fn verify(bench: &Bench, file: &str, arguments: &[&str]) -> super::common::Ran {
    bench.run(&[&["verify", "--space", "nb201", "--scores", file], arguments].concat())
}

fn judged(bench: &Bench, file: &str, arguments: &[&str]) -> Record {
    let ran = verify(bench, file, &[&["--json"], arguments].concat()).exits(0);
    Record::from_json(&ran.stdout).unwrap()
}

fn tau(record: &Record) -> Option<f64> {
    record.panels[0].estimators[3].criteria.kendall.tau_b
}

/// The line that says what became of the rows.
fn line(record: &Record) -> String {
    record.panels[0].coverage[0].line()
}

#[test]
fn scores_of_a_file_are_judged_next_to_the_baselines() {
    let bench = Bench::new();
    let rows = truth(&bench);
    bench.write("mine.csv", csv(&rows));
    let record = judged(&bench, "mine.csv", &[]);
    assert_eq!(line(&record), "mine: all 48 rows are judged");
    let labels: Vec<String> = record.panels[0].estimators.iter().map(EstimatorRecord::label).collect();
    assert_eq!(labels, ["params", "flops", "relu_count", "mine"]);
    assert_eq!((tau(&record), tau(&judged(&bench, "mine.csv", &["--direction", "lower"]))), (Some(1.0), Some(-1.0)));
    let better = record.panels[0].analyses.comparisons.iter().filter(|test| test.estimator == "mine");
    assert!(better.clone().count() == 3 && better.clone().all(|test| test.outcome.difference.unwrap() > 0.0));
    let named = judged(&bench, "mine.csv", &["--name", "Ours v2"]);
    assert_eq!(named.panels[0].estimators[3].id, "ours-v2");
    // The store has a copy of the scores, so the report does not need the file.
    std::fs::remove_file(bench.path("mine.csv")).unwrap();
    let report = bench.run(&["report", &record.spec_hash, "--format", "md"]).exits(0).stdout;
    assert!(report.contains("| mine |") && report.contains("mine: all 48 rows are judged"), "{report}");
}

/// Scores that do not differ measure nothing; two that do are judged.
#[test]
fn scores_that_do_not_differ_measure_nothing() {
    let bench = Bench::new();
    let rows = truth(&bench);
    let judged = |name: &str, scores: &dyn Fn(usize) -> f64| {
        let rows: Vec<(String, f64)> =
            rows.iter().enumerate().map(|(row, (architecture, _))| (architecture.clone(), scores(row))).collect();
        bench.write(name, csv(&rows));
        bench.run(&["verify", "--space", "nb201", "--scores", name])
    };
    judged("constant.csv", &|_| 0.5)
        .exits(4)
        .says("nothing was measured: the ranking by `constant` is undefined, because the scores do not differ")
        .prints("No tau-b and no Spearman, because the scores do not differ: constant.");
    judged("two.csv", &|row| f64::from(u8::from(row < 2)))
        .exits(0)
        .prints("No interval, because too many resamples are constant");
    judged("three.csv", &|row| f64::from(u8::from(row < 3))).exits(0);
}

/// A published value is never set beside ours on the carried truth.
#[test]
fn figures_on_another_basis_are_named_and_not_compared() {
    let bench = Bench::new();
    let rows = truth(&bench);
    bench.write("synflow.csv", csv(&rows));
    let verify = ["verify", "--space", "nb201", "--scores", "synflow.csv", "--name", "synflow"];
    let record = Record::from_json(&bench.run(&[&verify[..], &["--json"]].concat()).exits(0).stdout).unwrap();
    let ours = "truth trained by this project instead of the benchmark's";
    let of = |row: &EstimatorRecord| {
        let figures = row.published.iter().map(|figure| (figure.value, figure.differs.clone()));
        figures.collect::<Vec<_>>()
    };
    let classes = [ours, "48 architectures instead of 6,466 representatives"].map(str::to_owned).to_vec();
    let drawn = [ours, "48 architectures instead of 1,000 drawn encodings"].map(str::to_owned).to_vec();
    assert_eq!(
        of(&record.panels[0].estimators[0]),
        [(0.606, classes.clone()), (0.282, classes.clone()), (0.72, drawn.clone())]
    );
    // The scores are from a file, so nothing is said of images.
    assert_eq!(of(&record.panels[0].estimators[3]), [(0.574, classes), (0.73, drawn)]);
    bench.run(&verify).exits(0);
    let printed = bench.run(&["show", "latest", "--all"]).exits(0).stdout;
    assert!(printed.contains("6 published figures are not compared, for another basis: truth trained by"), "{printed}");
    assert!(!printed.contains("0.606") && !printed.contains("0.574"), "{printed}");
    bench
        .run(&[&verify[..], &["--direction", "lower"]].concat())
        .exits(2)
        .says("scores of synflow are better if they are higher");
}

#[test]
fn what_became_of_the_rows_is_the_first_line() {
    let bench = Bench::new();
    let rows = truth(&bench);
    let text = csv(&rows[..10]);
    bench.write("mine.csv", format!("{text}\"{}\",7\n|nor_conv_3x4~0|,8\n\"{}\",x\n", rows[0].0, rows[20].0));
    let said = "mine: 10 of 13 rows are judged; 1 has another score than an earlier row of its architecture: the earlier one counts; 1 has no \
                readable architecture; 1 has a score that is not a number";
    let first_line =
        |text: &str| text.split("\nNAS-Bench-201").next().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    for arguments in [&[][..], &["--quiet"]] {
        assert_eq!(first_line(&verify(&bench, "mine.csv", arguments).exits(0).stdout), said);
    }
    let record = judged(&bench, "mine.csv", &["--quiet", "--oddities", "odd.csv"]);
    assert_eq!(line(&record), said);
    let found: Vec<(u64, String)> = record.panels[0].coverage[0]
        .classes
        .iter()
        .flat_map(|class| &class.first)
        .map(|row| (row.line, row.said.clone()))
        .collect();
    assert_eq!(found[0], (12, "the architecture of line 2 again, with another score".to_owned()));
    assert_eq!((found[1].0, &found[2]), (13, &(14, "column score: expected a number, found \"x\"".to_owned())));
    let odd = std::fs::read_to_string(bench.path("odd.csv")).unwrap();
    let lines: Vec<&str> = odd.lines().collect();
    assert_eq!(
        lines[..2],
        ["scores,line,class,said", "mine,12,contradicting,\"the architecture of line 2 again, with another score\""]
    );
    assert!(
        lines[2].starts_with("mine,13,unreadable-architecture,") && lines[3].starts_with("mine,14,unreadable-score,"),
        "{odd}"
    );
    assert_eq!(lines.len(), 4);
    for format in ["md", "html", "csv", "json", "tex"] {
        let report = bench.run(&["report", &record.spec_hash, "--format", format]).exits(0).stdout;
        let of_format =
            if format == "csv" { "rows unreadable-score,here,1," } else { "1 has a score that is not a number" };
        let of_format = if format == "json" { "\"unreadable-score\"" } else { of_format };
        assert!(report.replace('\\', "").contains(of_format), "{format}: {report}");
    }
}

/// Who reads the old list goes on with it, and nobody sees a part of the new one.
#[cfg(unix)]
#[test]
fn a_list_of_odd_rows_replaces_an_older_one_as_a_whole() {
    let bench = Bench::new();
    bench.write("mine.csv", csv(&truth(&bench)) + "bad,1\n");
    bench.write("odd.csv", "the older one");
    let mut old = std::fs::File::open(bench.path("odd.csv")).unwrap();
    verify(&bench, "mine.csv", &["--oddities", "odd.csv"]).exits(0);
    let mut held = String::new();
    std::io::Read::read_to_string(&mut old, &mut held).unwrap();
    assert_eq!(held, "the older one");
    let new = std::fs::read_to_string(bench.path("odd.csv")).unwrap();
    assert!(new.starts_with("scores,line,class,said\nmine,50,unreadable-architecture,"), "{new}");
    assert!(bench.files("").iter().all(|(name, _)| !name.contains(".tmp")));
    verify(&bench, "mine.csv", &["--oddities", "absent/odd.csv"]).exits(1).says("the folder absent does not exist");
}

#[test]
fn rows_that_are_not_judged_can_be_an_error() {
    let bench = Bench::new();
    let rows = truth(&bench);
    let of = |count: usize| csv(&rows[..count]);
    let copy = format!("\"{}\",{}\n", rows[0].0, rows[0].1);
    bench.write("copies.csv", format!("{}{copy}{copy}", of(10)));
    verify(&bench, "copies.csv", &["--strict", "--min-coverage", "1"]).exits(0).prints("2 repeat earlier rows");
    for (bad, said) in [
        ("bad,1", "line 12: not an architecture of nb201"),
        (&format!("\"{}\",9", rows[0].0), "line 12: the architecture of line 2 again, with another score"),
        (&format!("\"{}\",", rows[30].0), &format!("line 12: {}", rows[30].0)),
        (&format!("\"{}\",inf", rows[30].0), &format!("line 12: {}", rows[30].0)),
    ] {
        bench.write("mine.csv", format!("{}{bad}\n", of(10)));
        let ran = verify(&bench, "mine.csv", &["--strict"]).exits(3).says("--strict: mine: 10 of 11 rows are judged");
        assert!(ran.says(said).stdout.is_empty());
        verify(&bench, "mine.csv", &[]).exits(0);
    }
    bench.write("mine.csv", format!("{}bad,1\n", of(9)));
    verify(&bench, "mine.csv", &["--min-coverage", "0.9"]).exits(0);
    verify(&bench, "mine.csv", &["--min-coverage", "0.91"]).exits(3).says("0.9000 of the rows are judged");
    verify(&bench, "mine.csv", &["--min-coverage", "2"]).exits(2).says("must be from 0 to 1");
    bench.write("mine.csv", format!("{}{}", of(3), "bad,1\n".repeat(97)));
    let first = verify(&bench, "mine.csv", &[]).exits(0).stdout;
    assert!(first.starts_with("WARNING: mine: 3 of 100 rows are judged; 97 have no readable"), "{first}");
}

#[test]
fn a_failed_score_ranks_worst_however_it_is_written() {
    let bench = Bench::new();
    let rows = truth(&bench);
    let with = |failed: &str| {
        let row = |(place, (architecture, score)): (usize, &(String, f64))| match place % 5 {
            2 => format!("\"{architecture}\",{failed}\n"),
            _ => format!("\"{architecture}\",{score}\n"),
        };
        format!("architecture,score\n{}", rows.iter().enumerate().map(row).collect::<String>())
    };
    // The same by hand: the failed ones share the last place.
    bench.write("least.csv", with("-1"));
    let least = tau(&judged(&bench, "least.csv", &[]));
    for failed in ["", "nan", "NaN", "None", "NA", "null", "inf", "-inf"] {
        bench.write("mine.csv", with(failed));
        let record = judged(&bench, "mine.csv", &[]);
        assert_eq!(tau(&record), least, "{failed}");
        assert_eq!(line(&record), "mine: 38 of 48 rows are judged; 10 have no finite score and rank worst", "{failed}");
        // Without them every pair is right.
        let record = judged(&bench, "mine.csv", &["--missing", "drop"]);
        assert_eq!(tau(&record), Some(1.0), "{failed}");
        assert_eq!(line(&record), "mine: 38 of 48 rows are judged; 10 have no finite score and are left out");
        assert_eq!(record.panels[0].architectures.len(), 38);
    }
    bench.write("mine.csv", with("1e9"));
    assert_ne!(tau(&judged(&bench, "mine.csv", &[])), least, "a number is a number unless it is declared");
    assert_eq!(tau(&judged(&bench, "mine.csv", &["--failure", "-1e8", "--failure", "1e9"])), least);
}

#[test]
fn a_name_that_could_mean_two_things_is_refused() {
    let bench = Bench::new();
    let rows = truth(&bench);
    bench.write("plain.csv", csv(&rows));
    verify(&bench, "plain.csv", &[])
        .exits(2)
        .says("plain.csv can be scores of the estimator `plain`, with its direction and its published values, or a file that is only named like it")
        .says("if they are its scores, say `--name plain`; if only the file is called so, say `--name my_plain`");
    assert_eq!(tau(&judged(&bench, "plain.csv", &["--name", "mine"])), Some(1.0));
    // Lower scores of `plain` are better.
    assert_eq!(tau(&judged(&bench, "plain.csv", &["--name", "plain"])), Some(-1.0));
    assert_eq!(tau(&judged(&bench, "plain.csv", &["--name", "plain", "--direction", "lower"])), Some(-1.0));
    verify(&bench, "plain.csv", &["--name", "plain", "--direction", "higher"])
        .exits(2)
        .says("scores of plain are better if they are lower");
    verify(&bench, "plain.csv", &["--name", "params"]).exits(2).says("params is computed beside the scores");
    bench.write("rows.csv", "row,score\n0,1\n1,2\n");
    verify(&bench, "rows.csv", &[]).exits(5).says("the truth here is another table");
}

#[test]
fn scores_that_rank_the_wrong_way_round_get_a_hint() {
    let bench = Bench::new();
    let rows = truth(&bench);
    let losses: Vec<(String, f64)> =
        rows.iter().map(|(architecture, truth)| (architecture.clone(), 1.0 - truth)).collect();
    bench.write("mine.csv", csv(&losses));
    let hint = "the interval of Kendall's tau lies below zero";
    verify(&bench, "mine.csv", &[]).exits(0).says(hint);
    for arguments in [&["--direction", "lower"], &["--direction", "higher"]] {
        assert!(!verify(&bench, "mine.csv", arguments).exits(0).stderr.contains(hint), "{arguments:?}");
    }
    bench.write("mine.csv", csv(&rows));
    assert!(!verify(&bench, "mine.csv", &[]).exits(0).stderr.contains(hint));
}

#[test]
fn errors_say_what_was_found() {
    let bench = Bench::new();
    let rows = truth(&bench);
    bench.write("mine.csv", csv(&rows));
    verify(&bench, "mine.csv", &["--column", "scores"]).exits(5).says("the nearest is `score`");
    bench.write(
        "two.csv",
        csv(&rows).replace("architecture,score", "arch,synflow").replace('\n', ",1\n").replacen(
            "synflow,1",
            "synflow,jacov",
            1,
        ),
    );
    verify(&bench, "two.csv", &[])
        .exits(5)
        .says("its columns are: `synflow`, `jacov`")
        .says("choose one of them with --column");
    assert_eq!(tau(&judged(&bench, "two.csv", &["--column", "synflow"])), Some(1.0));
    bench
        .run(&["verify", "--space", "nb101", "--scores", "mine.csv"])
        .exits(4)
        .says("a ranking needs 2 architectures, and panel `all` has 0 that can be ranked")
        .says("48 have no readable architecture (line 2: not an architecture of nb101");
    verify(&bench, "absent.csv", &[]).exits(5).says("reading absent.csv");
    verify(&bench, "mine.csv", &["--accuracy", "cifar100"]).exits(2).says(
        "`truth.nb201.accuracy` is wrong: `cifar100` is no accuracy of NAS-Bench-201, such as cifar10-test-200-v1.0-",
    );
    verify(&bench, "mine.csv", &["--accuracy", "cifar10-test-200-seed88"])
        .exits(2)
        .says("the nearest is `cifar10-test-200-seed888`");
    verify(&bench, "mine.csv", &["--accuracy", "cifar100-valid"])
        .exits(2)
        .says("the older name of cifar100-test-200-seed888");
    verify(&bench, "mine.csv", &["--accuracy", "cifar100-valid-200-v1.1-mean"])
        .exits(2)
        .says("`--truth truth/nb201/cifar100-valid-200-v1.1.csv`");
    bench.run(&["verify"]).exits(2);
}

#[test]
fn scores_come_from_a_pipe_and_in_many_wrappings() {
    let bench = Bench::new();
    let rows = truth(&bench);
    let text = csv(&rows);
    let utf16: Vec<u8> = std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let lines = rows
        .iter()
        .map(|(text, score)| format!("{{\"arch\": \"{text}\", \"score\": {score}}}\n"))
        .collect::<Vec<_>>()
        .concat();
    let wrapped: [(&str, Vec<u8>); 5] = [
        ("crlf.csv", text.replace('\n', "\r\n").into()),
        ("semicolon.csv", text.replace("\",", "\";").replace("architecture,", "arch_str;").into()),
        ("tab.tsv", text.replace("\",", "\"\t").replace("architecture,", "Architecture\t").into()),
        ("utf16.csv", utf16),
        ("rows.jsonl", lines.into()),
    ];
    for (name, bytes) in wrapped {
        bench.write(name, bytes);
        let record = judged(&bench, name, &["--name", "mine"]);
        assert_eq!((tau(&record), line(&record).as_str()), (Some(1.0), "mine: all 48 rows are judged"), "{name}");
    }
    let mut command = bench.command(&["verify", "--space", "nb201", "--scores", "-", "--json"]);
    let [to, from, ignored] = [Stdio::piped(), Stdio::piped(), Stdio::null()];
    let command = command.stdin(to).stdout(from).stderr(ignored);
    let mut running = command.spawn().unwrap();
    std::io::Write::write_all(&mut running.stdin.take().unwrap(), text.as_bytes()).unwrap();
    let output = running.wait_with_output().unwrap();
    let record = Record::from_json(std::str::from_utf8(&output.stdout).unwrap()).unwrap();
    assert_eq!(line(&record), "stdin: all 48 rows are judged");
}

#[test]
fn a_registered_estimator_is_compared_with_the_goldens() {
    let bench = Bench::new();
    let golden = |from: &str, to: &str| {
        let text = std::fs::read_to_string("golden/nb201-micro@cpu.snap").unwrap();
        let line = text.lines().find(|line| line.contains("all.l2_norm.tau_b")).unwrap();
        bench.write("golden/nb201-micro@cpu.snap", text.replace(line, &line.replace(from, to)));
    };
    let verify = ["verify", "--estimator", "l2_norm", "--space", "nb201", "--device", &super::common::device()];
    let with_folder = [&verify[..], &["--goldens", "golden"]].concat();
    bench.run(&with_folder).exits(0).prints("no golden");
    if super::common::device() == "cpu" {
        bench.run(&verify).exits(0).prints("agree");
        golden("= ", "= ");
        bench.run(&with_folder).exits(0).prints("agree");
        golden("= 0.", "= 0.1");
        bench.run(&with_folder).exits(3).says("1 number differs from the goldens");
    }
    bench.run(&["verify", "--estimator", "l2_nrom"]).exits(2).says("l2_norm");
}

/// Values between 0 and 1 that have nothing to do with anything.
fn noise(place: usize, run: usize) -> f64 {
    ((place * 7_919 + run * 104_729) % 1_009) as f64 / 1_009.0
}

#[test]
fn runs_of_one_estimator_are_judged_one_by_one_and_by_their_mean() {
    let bench = Bench::new();
    let rows = truth(&bench);
    let of = |place: usize, run: usize| rows[place].1 + 0.4 * noise(place, run);
    let lines = (0..rows.len())
        .map(|place| format!("\"{}\",{},{},{}\n", rows[place].0, of(place, 1), of(place, 2), of(place, 3)));
    bench.write("mine.csv", format!("architecture,s1,s2,s3\n{}", lines.collect::<Vec<_>>().concat()));
    let record = judged(&bench, "mine.csv", &["--column", "s1,s2,s3"]);
    let found: Vec<(String, f64)> =
        record.panels[0].estimators[3..].iter().map(|row| (row.label(), row.criteria.kendall.tau_b.unwrap())).collect();
    let labels: Vec<&str> = found.iter().map(|(label, _)| label.as_str()).collect();
    let expected = ["mine (column s1)", "mine (column s2)", "mine (column s3)", "mine (mean of columns s1, s2 and s3)"];
    assert_eq!(labels, expected);
    // Each as if it were alone, and the mean by hand.
    for (run, (_, tau_b)) in found[..3].iter().enumerate() {
        assert_eq!(Some(*tau_b), tau(&judged(&bench, "mine.csv", &["--column", &format!("s{}", run + 1)])));
    }
    let means =
        (0..rows.len()).map(|place| (rows[place].0.clone(), (of(place, 1) + of(place, 2) + of(place, 3)) / 3.0));
    bench.write("mean.csv", csv(&means.collect::<Vec<_>>()));
    assert_eq!(Some(found[3].1), tau(&judged(&bench, "mean.csv", &[])));
    let spread = &record.panels[0].analyses.spread[0].spread;
    let mean = found[..3].iter().map(|(_, tau_b)| tau_b).sum::<f64>() / 3.0;
    assert!(spread.count == 3 && (spread.mean - mean).abs() < 1e-12, "{spread:?}");
    let text = verify(&bench, "mine.csv", &["--column", "s1,s2,s3"]).exits(0).stdout;
    assert!(text.contains("Spread of tau-b over seeds or columns") && text.contains(&format!("{mean:.3}")), "{text}");
}

#[test]
fn two_files_are_compared_by_a_paired_test() {
    let bench = Bench::new();
    let rows = truth(&bench);
    let scored = |noisy: f64, run: usize| {
        let row = |(place, (text, truth)): (usize, &(String, f64))| (text.clone(), truth + noisy * noise(place, run));
        csv(&rows.iter().enumerate().map(row).collect::<Vec<_>>())
    };
    bench.write("good.csv", scored(0.05, 1));
    bench.write("bad.csv", scored(5.0, 2));
    let record = judged(&bench, "good.csv", &["--against", "bad.csv"]);
    let of = |record: &Record, estimator: &str, with: &str| {
        let found =
            record.panels[0].analyses.comparisons.iter().find(|test| test.estimator == estimator && test.with == with);
        found.unwrap().outcome
    };
    let outcome = of(&record, "good", "against-bad");
    let [good, bad] = ["good.csv", "bad.csv"].map(|file| tau(&judged(&bench, file, &[])).unwrap());
    assert!((outcome.difference.unwrap() - (good - bad)).abs() < 1e-12 && outcome.interval.unwrap().lower > 0.0);
    let text = verify(&bench, "good.csv", &["--against", "bad.csv"]).exits(0).stdout;
    let line = text.lines().find(|line| line.starts_with("good ") && line.contains("against-bad")).unwrap();
    assert!(line.ends_with("better") && line.contains(&format!("{:+.3}", good - bad)), "{text}");
    // The baselines are compared with it, too, and it is compared with them.
    assert!(
        of(&record, "params", "against-bad").difference.is_some()
            && of(&record, "against-bad", "params").difference.is_some()
    );
    // Lower scores are better on both sides, if they are on one.
    let turned = judged(&bench, "bad.csv", &["--against", "good.csv", "--direction", "lower"]);
    assert_eq!(of(&turned, "bad", "against-good").difference.unwrap().signum(), 1.0);
}

#[test]
fn the_spec_of_a_judgement_can_be_kept() {
    let bench = Bench::new();
    bench.write("mine.csv", csv(&truth(&bench)));
    let arguments = ["--failure", "-1e8", "--missing", "drop", "--direction", "lower"];
    let record = judged(&bench, "mine.csv", &arguments);
    let text =
        verify(&bench, "mine.csv", &[&arguments[..], &["--print-spec", "--store", "other"]].concat()).exits(0).stdout;
    bench.write("kept.toml", text);
    let again = bench.run(&["run", "kept.toml", "--json", "--store", "third"]).exits(0).stdout;
    assert_eq!(Record::from_json(&again).unwrap(), record);
}

#[test]
fn what_cannot_be_a_judgement_is_refused_before_it_is_one() {
    let bench = Bench::new();
    bench.write("a.csv", csv(&truth(&bench)));
    bench.write("against-a.csv", csv(&truth(&bench)));
    bench.write("params.csv", csv(&truth(&bench)));
    for (arguments, said) in [
        (&["--name", "against-a", "--against", "a.csv"][..], "is the name of the other scores"),
        (&["--name", ""], "--name is empty"),
        (&["--failure", "nan"], "panels.all.scores.a.failures"),
        (&["--failure", "1e301"], "panels.all.scores.a.failures"),
        (&["--column", "score,score"], "names score twice"),
        (&["--oddities", "./a.csv"], "is a file of scores"),
        (&["--against", "params.csv", "--oddities", "params.csv"], "is a file of scores"),
    ] {
        verify(&bench, "a.csv", arguments).exits(2).says(said);
    }
    verify(&bench, "against-a.csv", &["--against", "a.csv"]).exits(2).says("is the name of the other scores");
    verify(&bench, "-", &["--against", "-"]).exits(2).says("cannot both be read from stdin");
    verify(&bench, "params.csv", &[])
        .exits(2)
        .says("params is computed beside the scores; give them another name with --name");
    assert_eq!(bench.files("").iter().filter(|(name, _)| name.starts_with(".nas-assay/records")).count(), 0);
    verify(&bench, "a.csv", &["--column", "scores"]).exits(5).says("score file a.csv has no column");
    let against = verify(&bench, "a.csv", &["--column", "score", "--against", "two.csv"]);
    against.exits(5).says("reading two.csv");
    if std::path::Path::new("/dev/full").exists() {
        bench.write("odd.csv", format!("{}bad,1\n", csv(&truth(&bench))));
        verify(&bench, "odd.csv", &["--oddities", "/dev/full"]).exits(1).says("writing /dev/full");
    }
}
