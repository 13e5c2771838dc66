//! Tests of the table-only spaces: scores of a file are judged by a table of accuracies, and what needs a network is refused.

use super::common::Bench;
use nas_assay::criteria::Direction;
use nas_assay::experiment::baselines;
use nas_assay::report::Format;
use nas_assay::space::{SpaceId, TableSpace};
use nas_assay::store::record::Record;

const SENTENCE: &str = "is a table-only space: it has no network here, so it judges scores and counts only";

/// Made-up accuracies and scores of every 37th architecture: the accuracy of row `k` is `k / 1000` percent, and the score is higher for
/// higher accuracies but for the first two rows, which are exchanged.
fn files(bench: &Bench, space: TableSpace) -> usize {
    let rows: Vec<String> = space.all().step_by(37).map(|one| one.to_string()).collect();
    let truth = rows.iter().enumerate().map(|(place, text)| format!("{text},{},{}\n", place as f64 / 1000.0, 1));
    bench.write("truth.csv", format!("architecture,top1,other\n{}", truth.collect::<String>()));
    let score = |place: usize| if place < 2 { 1 - place } else { place };
    let scores = rows.iter().enumerate().map(|(place, text)| format!("{text},{}\n", score(place)));
    bench.write("mine.csv", format!("architecture,score\n{}", scores.collect::<String>()));
    rows.len()
}

const VERIFY: [&str; 7] = ["verify", "--scores", "mine.csv", "--truth", "truth.csv", "--accuracy", "top1"];

#[test]
fn scores_are_judged_next_to_counts_of_the_encoding() {
    for space in TableSpace::ALL {
        let bench = Bench::new();
        let count = files(&bench, space);
        let name = space.name();
        let ran = bench.run(&[&VERIFY[..], &["--space", name, "--json"]].concat()).exits(0);
        let record = Record::from_json(&ran.stdout).unwrap();
        let panel = &record.panels[0];
        assert_eq!((record.space.as_str(), panel.architectures.len()), (name, count));
        assert!(panel.architectures.iter().all(|row| row.params.is_none() && row.flops.is_none()));
        let due = baselines(SpaceId::Table(space));
        let ids: Vec<&str> = panel.estimators.iter().map(|estimator| estimator.id.as_str()).collect();
        assert_eq!(ids, [due, &["mine"]].concat());
        // One of all pairs is the wrong way round.
        let pairs = (count * (count - 1) / 2) as f64;
        let tau = panel.estimators[due.len()].criteria.kendall.tau_b.unwrap();
        assert!((tau - (1.0 - 2.0 / pairs)).abs() < 1e-12, "{name}: {tau}");
        for (place, row) in panel.architectures.iter().enumerate() {
            assert_eq!(row.truth, Some(format!("{}e-2", place as f64 / 1000.0).parse().unwrap()), "{name}");
            for estimator in &panel.estimators[..due.len()] {
                let due = by_hand(&estimator.id, &row.architecture);
                assert!(
                    (estimator.scores[place].value() - due).abs() < 1e-12,
                    "{} of {}",
                    estimator.id,
                    row.architecture
                );
            }
        }
        let lower = panel.estimators.iter().filter(|estimator| estimator.direction == Direction::Lower);
        assert_eq!(lower.count(), usize::from(space == TableSpace::Tnb101Macro));
        assert_eq!(panel.analyses.comparisons.iter().filter(|found| found.estimator == "mine").count(), due.len());

        let ran = bench.run(&[&VERIFY[..], &["--space", name]].concat()).exits(0);
        assert!(ran.stdout.contains("against ") && ran.stdout.contains("better +"), "{}", ran.stdout);
        for format in Format::ALL {
            let report = bench.run(&["report", &record.spec_hash, "--format", format.name()]).exits(0).stdout;
            // Markdown has a backslash before each `_`.
            let report = report.replace('\\', "");
            assert!(report.contains("mine") && report.contains(due[0]), "{name}: {}", format.name());
        }
        // The spec is one that can be run.
        let text = bench.run(&[&VERIFY[..], &["--space", name, "--print-spec"]].concat()).exits(0).stdout;
        bench.write("spec.toml", &text);
        let again = bench.run(&["run", "spec.toml", "--json", "--store", "other"]).exits(0);
        assert_eq!(Record::from_json(&again.stdout).unwrap().spec_hash, record.spec_hash, "{text}");
    }
}

/// A count by the characters of the text.
fn by_hand(id: &str, text: &str) -> f64 {
    let widths = || text.split(':').map(|width| width.parse::<f64>().unwrap());
    let digits = |of: &[(char, f64)], part: usize| -> f64 {
        let letters = text.split('-').nth(part).unwrap().chars();
        letters.filter_map(|letter| Some(of.iter().find(|(digit, _)| *digit == letter)?.1)).sum()
    };
    match id {
        "width_sum" => widths().sum(),
        "log_width_sum" => widths().map(libm::log).sum(),
        "conv_count" => digits(&[('2', 1.0), ('3', 2.0)], 2),
        "down_samplings" => digits(&[('3', 1.0), ('4', 1.0)], 1),
        other => panic!("{other}"),
    }
}

#[test]
fn what_needs_a_network_is_refused_in_one_sentence() {
    let bench = Bench::new();
    files(&bench, TableSpace::NatsSss);
    let refused = |arguments: &[&str], code: i32| {
        bench.run(arguments).exits(code).says(&format!("nats_sss {SENTENCE}"));
    };
    refused(&["verify", "--scores", "mine.csv", "--space", "nats_sss"], 2);
    bench.run(&[&VERIFY[..], &["--space", "nats_sss", "--print-spec"]].concat()).exits(0);
    refused(&["verify", "--scores", "mine.csv", "--space", "nats_sss", "--truth", "carried"], 2);
    refused(&["verify", "--scores", "mine.csv", "--space", "nats_sss", "--truth", "benchmark"], 2);
    refused(&["verify", "--estimator", "snip", "--space", "nats_sss"], 2);
    refused(&["score", "--space", "nats_sss", "--arch", "8:8:8:8:8", "--weights", "none"], 2);
    for against in ["params", "snip"] {
        let against = [&VERIFY[..], &["--space", "nats_sss", "--against", against]].concat();
        refused(&against, 2);
    }
    let spec = |space: &str, lines: &str, estimator: &str| {
        let digest = nas_assay::digest::sha256_hex(&std::fs::read(bench.path("truth.csv")).unwrap());
        let file = format!("path = '{}', sha256 = '{digest}'", bench.path("truth.csv").display());
        let truth = if lines.contains("[truth") {
            String::new()
        } else {
            format!("[truth.table]\nfile = {{ {file} }}\ncolumns = ['top1']\n")
        };
        let images = if lines.contains("[images") { "" } else { "[images.none]\n" };
        let text = format!(
            "name = 'tabled'\nspace = '{space}'\n{images}{lines}{truth}[panels.all]\nestimators = ['{estimator}']\n"
        );
        bench.write("spec.toml", text);
        bench.run(&["run", "spec.toml", "--dry-run"])
    };
    spec("nats_sss", "", "width_sum").exits(0);
    let training = "[supernet]\nsampling = 'iso'\n[supernet.training]\nepochs = 1\nbatch = 10\nlearning-rate = 0.1\n";
    for (lines, key) in [
        ("[images.synthetic]\ntrain = 8\nvalidation = 8\n", "`images`"),
        (training, "`supernet`"),
        ("[zero-shot]\nbatch = 3\n", "`zero-shot`"),
        ("[one-shot]\nbatch = 3\n", "`one-shot`"),
        ("[truth.trained]\ntable = 'nb201-micro'\n", "`truth.trained`"),
    ] {
        spec("nats_sss", lines, "width_sum").exits(2).says(key).says(&format!("nats_sss {SENTENCE}"));
    }
    spec("nats_sss", "", "snip").exits(2).says("names snip").says(&format!("nats_sss {SENTENCE}"));
    spec("nats_sss", "", "oneshot_loss").exits(2).says(&format!("nats_sss {SENTENCE}"));
    spec("nats_sss", "", "conv_count").exits(2).says("conv_count, which scores architectures of tnb101_micro only");
    let networks = "[images.synthetic]\ntrain = 8\nvalidation = 8\n[truth.trained]\ntable = 'nb201-micro'\n";
    spec("nb201", networks, "width_sum").exits(2).says("width_sum, which scores architectures of nats_sss only");
    let blind = networks.replace("[images.synthetic]\ntrain = 8\nvalidation = 8\n", "");
    spec("nb201", networks, "params").exits(0);
    spec("nb201", &blind, "params").exits(2).says("`images.none`");
}

#[test]
fn the_architectures_of_every_space_are_printed_and_read() {
    let bench = Bench::new();
    for space in TableSpace::ALL {
        let all = bench.run(&["architectures", "--space", space.name(), "--all"]).exits(0).stdout;
        assert_eq!(all.lines().count(), space.count());
        bench.write("all.txt", &all);
        assert_eq!(bench.run(&["architectures", "--space", space.name(), "all.txt"]).exits(0).stdout, all);
        let drawn = bench.run(&["architectures", "--space", space.name(), "--count", "3"]).exits(0).stdout;
        assert!(drawn.lines().count() == 3 && drawn.lines().all(|line| all.contains(line)), "{drawn}");
    }
    let listed = bench.run(&["spaces"]).exits(0).stdout;
    for space in TableSpace::ALL {
        assert!(listed.contains(&format!("{}  ", space.name())), "{listed}");
    }
    assert!(listed.contains("table-only: no network here"), "{listed}");
    let json: serde_json::Value = serde_json::from_str(&bench.run(&["spaces", "--json"]).exits(0).stdout).unwrap();
    let networks: Vec<bool> =
        json["spaces"].as_array().unwrap().iter().map(|space| space["networks"].as_bool().unwrap()).collect();
    assert_eq!(networks, [true, true, true, true, true, false, false, false]);
}

#[test]
fn the_list_of_bossnas_becomes_a_truth() {
    let bench = Bench::new();
    let line = |(place, one): (usize, nas_assay::space::table_only::Architecture)| {
        format!("'{one}': {}\n", place as f64 / 512.0)
    };
    let list: String = TableSpace::NatsSss.all().enumerate().map(line).collect();
    bench.write("nats_cifar10_acc_rank.yml", list);
    std::fs::create_dir(bench.path("root")).unwrap();
    let import = ["data", "import", "sss", "nats_cifar10_acc_rank.yml", "--data-root", "root"];
    bench.run(&import).exits(0);
    files(&bench, TableSpace::NatsSss);
    let verify = ["verify", "--space", "nats_sss", "--scores", "mine.csv", "--data-root", "root", "--json"];
    let truth = ["--truth", "truth/nats_sss/bossnas-cifar10.csv"];
    let ran = bench.run(&[&verify[..], &truth].concat()).exits(0);
    let record = Record::from_json(&ran.stdout).unwrap();
    let rows = &record.panels[0].architectures;
    assert_eq!(rows.len(), 886);
    for (place, row) in rows.iter().enumerate() {
        let percent = (37 * place) as f64 / 512.0;
        assert!((row.truth.unwrap() - percent / 100.0).abs() < 1e-15, "{}", row.architecture);
    }
}
