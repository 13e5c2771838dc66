//! Numbers of the program against numbers that are counted here: from the texts of architectures, and pair by pair.

use std::collections::BTreeMap;

use super::common::{BASELINES, Bench, TINY};

/// Executed 1x1 and 3x3 convolutions of a cell of NAS-Bench-201, from its text.
fn convolutions(text: &str) -> [u64; 2] {
    let edges = [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)];
    let names: Vec<&str> = text.split(['|', '+']).filter_map(|part| Some(part.split_once('~')?.0)).collect();
    assert_eq!(names.len(), edges.len(), "{text}");
    let connected = || edges.iter().zip(&names).filter(|(_, name)| **name != "none").map(|(edge, _)| *edge);
    let (mut from_input, mut to_output) = ([true, false, false, false], [false, false, false, true]);
    for _ in 0..4 {
        for (from, to) in connected() {
            from_input[to] |= from_input[from];
            to_output[from] |= to_output[to];
        }
    }
    let live = |&((from, to), name): &(&(usize, usize), &&str)| from_input[*from] && to_output[*to] && *name != "none";
    let count =
        |wanted: &str| edges.iter().zip(&names).filter(live).filter(|(_, name)| **name == wanted).count() as u64;
    [count("nor_conv_1x1"), count("nor_conv_3x3")]
}

/// Kendall's tau-b, pair by pair.
fn tau_b(truth: &[f64], scores: &[f64]) -> f64 {
    let sign = |a: f64, b: f64| f64::from(i8::from(a > b) - i8::from(a < b));
    let (mut sum, mut pairs) = (0.0, [0.0, 0.0]);
    for first in 0..truth.len() {
        for second in 0..first {
            let signs = [sign(truth[first], truth[second]), sign(scores[first], scores[second])];
            sum += signs[0] * signs[1];
            pairs[0] += signs[0].abs();
            pairs[1] += signs[1].abs();
        }
    }
    sum / (pairs[0] * pairs[1]).sqrt()
}

/// The rows in order of the best; of equal ones the first.
fn best_first(values: &[f64]) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..values.len()).collect();
    rows.sort_by(|&a, &b| values[b].total_cmp(&values[a]).then(a.cmp(&b)));
    rows
}

fn floats(values: &serde_json::Value) -> Vec<f64> {
    values.as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
}

/// One cell a stage, 4, 8 and 16 channels on 32, 16 and 8 pixels a side, no scales in cells.
#[test]
fn baselines_are_those_of_the_closed_forms_and_criteria_those_of_counted_pairs() {
    let bench = Bench::new();
    bench.write("spec.toml", BASELINES);
    let printed = bench.run(&["run", "spec.toml", "--json"]).exits(0).stdout;
    let record: serde_json::Value = serde_json::from_str(&printed).unwrap();
    let panel = &record["panels"][0];
    let rows = panel["architectures"].as_array().unwrap();
    let counts: Vec<[u64; 2]> = rows.iter().map(|row| convolutions(row["architecture"].as_str().unwrap())).collect();
    // Stem, reductions (two 3x3 and a 1x1 convolution), batch-norms, classifier.
    let fixed = 27 * 4
        + (9 * 4 * 8 + 9 * 8 * 8 + 4 * 8)
        + (9 * 8 * 16 + 9 * 16 * 16 + 8 * 16)
        + 2 * (4 + 8 + 8 + 16 + 16 + 16)
        + 170;
    let macs = 27 * 4 * 1024 + (9 * 4 * 8 + 9 * 8 * 8 + 4 * 8) * 256 + (9 * 8 * 16 + 9 * 16 * 16 + 8 * 16) * 64 + 160;
    let squares = [16, 64, 256];
    let of = |cost: &dyn Fn(&[u64; 2]) -> u64| counts.iter().map(|of| cost(of) as f64).collect::<Vec<f64>>();
    let weights = |[small, large]: &[u64; 2]| small + 9 * large;
    let expected = [
        ("params", of(&|count| fixed + squares.iter().sum::<u64>() * weights(count))),
        ("flops", of(&|count| macs + (16 * 1024 + 64 * 256 + 256 * 64) * weights(count))),
        ("relu_count", of(&|[small, large]| 5 + 3 * (small + large))),
    ];
    let truth: Vec<f64> = rows.iter().map(|row| row["truth"].as_f64().unwrap()).collect();
    assert_eq!(truth.len(), 48);
    let by_truth = best_first(&truth);
    let csv = bench.run(&["report", "latest", "--format", "csv"]).exits(0).stdout;
    let table = bench.run(&["show", "latest"]).exits(0).stdout;
    for (place, (id, scores)) in expected.iter().enumerate() {
        let found = &panel["estimators"][place];
        assert_eq!((found["id"].as_str(), &floats(&found["scores"])), (Some(*id), scores));
        let tau = tau_b(&truth, scores);
        let ours = found["criteria"]["kendall"]["tau_b"].as_f64().unwrap();
        assert!((ours - tau).abs() < 1e-12, "{id}: {ours}, not {tau}");
        let line = table.lines().find(|line| line.starts_with(id)).unwrap();
        assert!(line.contains(&format!("{tau:.3}")), "{tau} is not in `{line}`");

        // The best and the worst tenth: four of 48.
        let by_score = best_first(scores);
        let common = |a: &[usize], b: &[usize]| a.iter().filter(|row| b.contains(row)).count() as f64 / 4.0;
        let (top, bottom) = (common(&by_truth[..4], &by_score[..4]), common(&by_truth[44..], &by_score[44..]));
        let ranks = by_score[..4].iter().map(|row| by_truth.iter().position(|of| of == row).unwrap() + 1);
        let ranks: Vec<usize> = ranks.collect();
        let values: BTreeMap<&str, f64> = csv
            .lines()
            .map(|line| line.split(',').collect::<Vec<&str>>())
            .filter(|fields| fields[3] == *id && fields[9] == "here")
            .filter_map(|fields| Some((fields[8], fields[10].parse().ok()?)))
            .collect();
        let ends = [
            ("P@top10%", top),
            ("P@bottom10%", bottom),
            ("BR@10%", *ranks.iter().min().unwrap() as f64 / 48.0),
            ("WR@10%", *ranks.iter().max().unwrap() as f64 / 48.0),
            ("BestAcc@top1", truth[by_score[0]]),
        ];
        for (criterion, expected) in ends {
            let found = values[criterion];
            assert!((found - expected).abs() < 1e-12, "{id} {criterion}: {found}, not {expected}");
        }
    }
}

/// A batch has 20 of 40 validation images, so that every accuracy is a multiple of a fortieth. The logarithm beside SynFlow is that of the
/// score, and its weights do not depend on the images.
#[test]
fn scores_of_a_trained_supernet_have_the_units_that_they_should() {
    let bench = Bench::new();
    bench.write("tiny.toml", TINY);
    let printed = bench.run(&["run", "tiny.toml", "--json"]).exits(0).stdout;
    let record: serde_json::Value = serde_json::from_str(&printed).unwrap();
    let find = |id: &str| {
        let rows = record["panels"][0]["estimators"].as_array().unwrap();
        rows.iter().find(|row| row["id"] == id).unwrap().clone()
    };
    let accuracies = floats(&find("oneshot_accuracy")["scores"]);
    let fortieths: Vec<f64> = accuracies.iter().map(|accuracy| 40.0 * accuracy).collect();
    assert!(fortieths.iter().all(|count| (count - count.round()).abs() < 1e-9), "{fortieths:?}");
    assert!(fortieths.iter().any(|count| count % 2.0 != 0.0) && accuracies.iter().all(|of| (0.0..=1.0).contains(of)));
    let losses = floats(&find("oneshot_loss")["scores"]);
    let mean = losses.iter().sum::<f64>() / losses.len() as f64;
    assert!((1.0..3.5).contains(&mean), "ln 10 is 2.303, and the mean loss is {mean}");
    // High accuracies go with low losses.
    let agreement = tau_b(&accuracies, &losses);
    assert!(agreement < 0.0, "the tau-b of accuracies and losses is {agreement}");

    let synflow = find("synflow");
    let logs = synflow["details"][0]["values"].as_array().unwrap();
    let mut compared = 0;
    for (score, log) in synflow["scores"].as_array().unwrap().iter().zip(logs) {
        // A cell without a path has a score of zero, whose logarithm is no number.
        let (score, Some(log)) = (libm::log(score.as_f64().unwrap()), log.as_f64()) else { continue };
        // Both are means over two initialisations: the mean of logarithms is no more than the logarithm of the mean.
        assert!(log <= score + 1e-12 && score - log < 1.0, "{score} and {log}");
        compared += 1;
    }
    assert!(compared > 40, "{compared} of 48 have a logarithm");
    let supernet = &record["supernets"][0]["epochs"];
    assert_eq!(supernet.as_array().unwrap().len(), 8);
    let rates: Vec<f64> = supernet.as_array().unwrap().iter().map(|of| of["learning_rate"].as_f64().unwrap()).collect();
    let losses: Vec<f64> = supernet.as_array().unwrap().iter().map(|of| of["loss"].as_f64().unwrap()).collect();
    // The plateau of the spec, by hand: the rate halves at the epoch after two without a loss below the best by a ten-thousandth.
    let (mut rate, mut best, mut stale) = (0.05, f64::INFINITY, 0);
    for (found, loss) in rates.iter().zip(losses) {
        assert_eq!(*found, rate);
        if loss < best * (1.0 - 1e-4) {
            (best, stale) = (loss, 0);
        } else {
            stale += 1;
        }
        if stale > 1 {
            (rate, stale) = (rate / 2.0, 0);
        }
    }
}
