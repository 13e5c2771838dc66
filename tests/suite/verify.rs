//! Tests of `nas-assay verify`: scores from a CSV file, and a registered estimator compared with the goldens.

use super::common::Bench;
use nas_assay::store::record::{EstimatorRecord, Record};

/// The architectures of the carried truth of NAS-Bench-201, with their true accuracies.
fn truth(bench: &Bench) -> Vec<(String, f64)> {
    let path = bench.write("baselines.toml", super::common::BASELINES);
    let record = bench.run(&["run", path.to_str().unwrap(), "--json", "--store", "other"]).exits(0);
    let record = Record::from_json(&record.stdout).unwrap();
    record.panels[0].architectures.iter().map(|row| (row.architecture.clone(), row.truth)).collect()
}

fn csv(rows: &[(String, f64)]) -> String {
    let rows: Vec<String> = rows.iter().map(|(architecture, score)| format!("\"{architecture}\",{score}\n")).collect();
    format!("architecture,score\n{}", rows.concat())
}

#[test]
fn scores_of_a_file_are_judged_next_to_the_baselines() {
    let bench = Bench::new();
    let rows = truth(&bench);
    bench.write("mine.csv", csv(&rows));
    let judged = |arguments: &[&str]| {
        let command = [&["verify", "--space", "nb201", "--scores", "mine.csv", "--json"], arguments].concat();
        Record::from_json(
            &bench.run(&command).exits(0).says("48 of the 48 architectures of the truth have a score").stdout,
        )
        .unwrap()
    };
    let record = judged(&[]);
    let labels: Vec<String> = record.panels[0].estimators.iter().map(EstimatorRecord::label).collect();
    assert_eq!(labels, ["params", "flops", "relu_count", "mine"]);
    let tau = |record: &Record| record.panels[0].estimators[3].criteria.kendall.tau_b;
    assert_eq!((tau(&record), tau(&judged(&["--direction", "lower"]))), (Some(1.0), Some(-1.0)));
    let better = record.panels[0].analyses.comparisons.iter().filter(|test| test.estimator == "mine");
    assert!(better.clone().count() == 3 && better.clone().all(|test| test.outcome.difference.unwrap() > 0.0));
    let named = judged(&["--name", "Ours v2"]);
    assert_eq!(named.panels[0].estimators[3].id, "ours-v2");
    // The store has a copy of the scores, so the report does not need the file.
    std::fs::remove_file(bench.path("mine.csv")).unwrap();
    let report = bench.run(&["report", &record.spec_hash, "--format", "md"]).exits(0).stdout;
    assert!(report.contains("| mine |"), "{report}");
}

#[test]
fn unusable_and_missing_rows_are_reported() {
    let bench = Bench::new();
    let rows = truth(&bench);
    let text = csv(&rows[..10]);
    bench.write("mine.csv", format!("{text}\"{}\",7\n|nor_conv_3x4~0|,8\n", rows[0].0));
    let verify = ["verify", "--space", "nb201", "--scores", "mine.csv"];
    bench
        .run(&verify)
        .exits(0)
        .says("left out: line 12: the architecture of line 2 again")
        .says("left out: line 13: not an architecture of nb201")
        .says("10 of the 48 architectures of the truth have a score");
    bench.run(&[&verify[..], &["--strict"]].concat()).exits(3).says("2 rows of mine.csv are unusable");
    bench.run(&[&verify[..], &["--column", "scores"]].concat()).exits(5).says("the nearest is `score`");
    bench.run(&["verify", "--space", "nb101", "--scores", "mine.csv"]).exits(4).says("nothing was measured");
    bench.run(&["verify", "--space", "nb201", "--scores", "absent.csv"]).exits(5).says("reading absent.csv");
    bench.run(&["verify"]).exits(2);
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
