//! Scores that are compared with an estimator, which is computed for the same architectures.

use super::*;

/// What the golden of the miniature pins for an estimator and an architecture.
fn pinned(id: &str, architecture: &str) -> f64 {
    let text = std::fs::read_to_string("golden/nb201-micro@cpu.snap").unwrap();
    let scores = nas_assay::report::golden::scores(&text);
    scores[&format!("all.{id} {architecture}")].split_whitespace().last().unwrap().parse().unwrap()
}

#[test]
fn an_estimator_is_computed_for_the_architectures_of_the_file_and_compared() {
    let bench = Bench::new();
    let rows = truth(&bench);
    let scored: Vec<(String, f64)> =
        rows[3..15].iter().enumerate().map(|(place, row)| (row.0.clone(), row.1 + noise(place, 1))).collect();
    bench.write("mine.csv", csv(&scored));
    let device = crate::common::device();
    let record = judged(&bench, "mine.csv", &["--against", "snip", "--device", &device]);
    let panel = &record.panels[0];
    let labels: Vec<String> = panel.estimators.iter().map(EstimatorRecord::label).collect();
    assert_eq!((labels.join(" ").as_str(), panel.architectures.len()), ("params flops relu_count snip mine", 12));
    // The images and the settings are those of the miniature: its golden has the same scores.
    if device == "cpu" {
        for (row, score) in panel.architectures.iter().zip(&panel.estimators[3].scores) {
            let (found, expected) = (score.value(), pinned("snip", &row.architecture));
            assert!((found - expected).abs() <= 1e-9 * expected.abs(), "{found} and {expected}");
        }
    }
    let with: Vec<&str> =
        panel.analyses.comparisons.iter().filter(|test| test.with == "snip").map(|test| &*test.estimator).collect();
    assert_eq!(with, ["params", "flops", "relu_count", "mine"]);
    let outcome = panel.analyses.comparisons.iter().find(|test| test.with == "snip" && test.estimator == "mine");
    let of = |place: usize| panel.estimators[place].criteria.kendall.tau_b.unwrap();
    assert!((outcome.unwrap().outcome.difference.unwrap() - (of(4) - of(3))).abs() < 1e-12);
    let text = bench.run(&["show", &record.spec_hash, "--all"]).exits(0).stdout;
    let (_, table) = text.split_once("Against other scores").unwrap();
    let line = table.lines().find(|line| line.starts_with("mine ")).unwrap();
    assert!(line.contains(" snip ") && line.contains(&format!("{:+.3}", of(4) - of(3))), "{text}");
}

/// A baseline is compared anyway: with it, the spec is the same as without.
#[test]
fn a_baseline_is_not_there_twice() {
    let bench = Bench::new();
    bench.write("mine.csv", csv(&truth(&bench)));
    let record = judged(&bench, "mine.csv", &[]);
    for id in ["params", "flops", "relu_count"] {
        assert_eq!(judged(&bench, "mine.csv", &["--against", id]), record);
    }
    // Images that nothing looks at do not matter; those that an estimator looks at do.
    let spec = |against: &str| verify(&bench, "mine.csv", &["--print-spec", "--against", against]).exits(0).stdout;
    assert!(spec("params").contains("train = 2\n") && !spec("params").contains("against ="));
    let with = spec("synflow");
    assert!(with.contains("train = 2048\n") && with.contains("against = [\"synflow\"]\n"), "{with}");
}

#[test]
fn a_word_that_is_no_estimator_or_a_file_too_is_refused() {
    let bench = Bench::new();
    let text = csv(&truth(&bench));
    bench.write("mine.csv", &text);
    let against =
        |word: &str, more: &[&str]| verify(&bench, "mine.csv", &[&["--against", word, "--print-spec"], more].concat());
    against("synflwo", &[])
        .exits(2)
        .says("--against: there is no file synflwo, and no estimator of that name; the nearest known one is `synflow`");
    let far = against("zebra", &[]).exits(2);
    assert!(far.says("there is no file zebra, and no estimator of that name").stderr.find("nearest").is_none());
    // A path is a file and no name.
    against("synflwo.csv", &[]).exits(5).says("reading synflwo.csv");
    against("./synflow", &[]).exits(5).says("reading ./synflow");
    // A folder is no file.
    std::fs::create_dir(bench.path("snip")).unwrap();
    against("snip", &[]).exits(0).prints("against = [\"snip\"]");
    bench.write("synflow.csv", &text);
    against("synflow", &[]).exits(0).prints("against = [\"synflow\"]");
    bench.write("synflow", &text);
    against("synflow", &[])
        .exits(2)
        .says("synflow can be the estimator `synflow`, which is computed here, or the file of that name");
    bench.write("zebra", &text);
    against("zebra", &[]).exits(0).prints("[panels.all.scores.against-zebra]");
    // The scores and the estimator must be told from each other.
    against("fisher", &["--name", "fisher"])
        .exits(2)
        .says("fisher is the name of the scores, too; give these another one with --name");
    against("fisher", &["--name", "fisher-2"]).exits(0);
    against("fisher", &["--name", "snip"]).exits(0);
    for id in ["oneshot_accuracy", "oneshot_loss"] {
        against(id, &[]).exits(2).says(&format!("{id} needs a trained supernet, which can take days"));
    }
    // What is computed is no file that is read.
    bench.write("odd", "");
    against("fisher", &["--oddities", "odd"]).exits(0);
}

#[test]
fn a_panel_is_compared_with_its_estimators_and_score_files_alone() {
    let bench = Bench::new();
    bench.write("mine.csv", csv(&truth(&bench)));
    let text = verify(&bench, "mine.csv", &["--print-spec", "--against", "fisher"]).exits(0).stdout;
    let votes = "\n[panels.all.votes.both]\nmembers = [\"params\", \"fisher\"]\n";
    let planned = |against: &str| {
        bench.write("spec.toml", text.replace("against = [\"fisher\"]", &format!("against = {against}")) + votes);
        bench.run(&["run", "spec.toml", "--dry-run"])
    };
    planned("[\"mine\", \"fisher\", \"flops\"]").exits(0);
    planned("[\"synflow\"]").exits(2).says("names synflow, which is not an estimator of the panel");
    planned("[\"both\"]").exits(2).says("names both, which is not an estimator of the panel");
    planned("[\"fisher\", \"fisher\"]").exits(2).says("names fisher twice");
}
