//! Tau among exactly so many of the best, by truth and by score.

use super::*;

/// Tau-b of all pairs of rows (truth, score), by its definition.
fn brute_force(rows: &[(f64, f64)]) -> f64 {
    let (mut sum, mut differ) = (0.0, [0.0_f64; 2]);
    for (place, a) in rows.iter().enumerate() {
        for b in &rows[..place] {
            let sign = |a: f64, b: f64| if a == b { 0.0 } else { (a - b).signum() };
            let signs = [sign(a.0, b.0), sign(a.1, b.1)];
            sum += signs[0] * signs[1];
            differ[0] += signs[0].abs();
            differ[1] += signs[1].abs();
        }
    }
    sum / (differ[0] * differ[1]).sqrt()
}

#[test]
fn tau_among_the_best_is_that_of_their_rows_alone_in_every_report() {
    let bench = Bench::new();
    let rows = truth(&bench);
    // Scores with ties.
    let score = |place: usize, truth: f64| ((truth + noise(place, 3)) * 20.0).round();
    let scored: Vec<(String, f64)> =
        rows.iter().enumerate().map(|(place, (text, truth))| (text.clone(), score(place, *truth))).collect();
    bench.write("mine.csv", csv(&scored));
    let record = judged(&bench, "mine.csv", &["--top", "30,7"]);
    let pairs: Vec<(f64, f64)> = rows.iter().zip(&scored).map(|(row, scored)| (row.1, scored.1)).collect();
    let among = |count: usize, by: fn(&(f64, f64)) -> f64| {
        let mut sorted = pairs.clone();
        // Stable, so that ties keep the order of the rows.
        sorted.sort_by(|a, b| by(b).total_cmp(&by(a)));
        brute_force(&sorted[..count])
    };
    let found = &record.panels[0].estimators[3].criteria.top_counts;
    for (at, count) in found.iter().zip([30, 7]) {
        assert_eq!(at.count, count);
        for (tau, expected) in [(at.tau_true_top, among(count, |row| row.0)), (at.tau_top, among(count, |row| row.1))] {
            assert!((tau.unwrap() - expected).abs() < 1e-12, "{count}: {tau:?} and {expected}");
        }
    }
    assert_eq!(found.len(), 2);
    let taus = found.iter().flat_map(|at| [at.tau_true_top.unwrap(), at.tau_top.unwrap()]);
    let shown: Vec<String> = taus.map(|tau| format!("{tau:.3}")).collect();
    assert!((1..4).all(|place| shown[..place].iter().all(|other| *other != shown[place])), "{shown:?}");
    let text = bench.run(&["show", &record.spec_hash, "--all"]).exits(0).stdout;
    let (_, table) = text.split_once("\nTau-b among the best, by truth and by score\n").unwrap();
    let row = table.lines().find(|line| line.starts_with("mine ")).unwrap();
    assert_eq!(row.split_whitespace().skip(1).collect::<Vec<_>>(), shown, "{text}");
    let report = bench.run(&["report", &record.spec_hash, "--format", "md"]).exits(0).stdout;
    assert!(report.contains(&format!("| mine | {} |", shown.join(" | "))), "{report}");
    // The spec that is printed has them, and the same scores without them are another spec.
    let spec = verify(&bench, "mine.csv", &["--top", "30,7", "--print-spec"]).exits(0).stdout;
    assert!(spec.contains("top-counts = [30, 7]") || spec.contains("top-counts = [\n    30,\n    7,\n]"), "{spec}");
    let without = judged(&bench, "mine.csv", &[]);
    assert_ne!(without.spec_hash, record.spec_hash);
    assert!(without.panels[0].estimators[3].criteria.top_counts.is_empty());
}

#[test]
fn a_number_of_the_best_beyond_the_panel_has_no_tau_and_is_named() {
    let bench = Bench::new();
    bench.write("mine.csv", csv(&truth(&bench)));
    let counts = |top: &str| -> Vec<usize> {
        let record = judged(&bench, "mine.csv", &["--top", top]);
        record.panels[0].estimators[3].criteria.top_counts.iter().map(|at| at.count).collect()
    };
    assert_eq!(counts("48,49"), [48]);
    let said = |top: &str| verify(&bench, "mine.csv", &["--top", top]).exits(0);
    said("49,48,64").says("--top: no tau among 49, 64: only 48 architectures are judged");
    assert!(!said("48").stderr.contains("--top"));
    for (top, problem) in [
        ("0", "`criteria.top-counts` is 0, and must be from 1 to 10,000,000"),
        ("7,10000001", "`criteria.top-counts` is 10000001, and must be from 1 to 10,000,000"),
        ("7,30,7", "`criteria.top-counts` names 7 twice"),
        ("seven", "invalid value 'seven' for '--top <COUNT>'"),
    ] {
        verify(&bench, "mine.csv", &["--top", top]).exits(2).says(problem);
    }
    bench.run(&["verify", "--estimator", "params", "--top", "7"]).exits(2).says("--scores");
}
