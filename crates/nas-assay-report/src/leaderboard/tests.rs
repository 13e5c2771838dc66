//! Tests of boards of invented records.

use nas_assay_criteria::Verdict;
use nas_assay_schema::DeviceClass;
use nas_assay_schema::store::record::Checkpoint;
use nas_assay_schema::store::record::Record;

use super::*;
use crate::fixture;

/// An invented record of a space, perhaps in miniature.
fn record(space: &str, name: &str, rows: usize, miniature: bool) -> Record {
    let mut record = fixture::record(rows);
    record.space = space.to_owned();
    record.name = name.to_owned();
    record.spec_hash = format!("{:016x}", rows * 7919 + name.len()).repeat(4);
    if miniature {
        record.spec = serde_json::json!({"spec": {"truth": {"trained": {"table": "x"}}}});
    }
    record
}

fn row<'a>(board: &'a Leaderboard, estimator: &str) -> &'a Row {
    board.rows.iter().find(|row| row.estimator == estimator).unwrap()
}

fn set_tau(record: &mut Record, id: &str, tau: f64) {
    for estimator in record.panels[0].estimators.iter_mut().filter(|estimator| estimator.id == id) {
        estimator.criteria.kendall.tau_b = Some(tau);
    }
}

/// Records of two spaces: three of NAS-Bench-201, one of NAS-Bench-101.
fn records() -> Vec<Record> {
    let mut first = record("nb201", "nb201-real", 60, false);
    let mut second = record("nb101", "nb101-micro", 40, true);
    for (record, taus) in [(&mut first, [0.5, 0.6, 0.1, -0.2, 0.7]), (&mut second, [0.5, 0.4, 0.1, -0.2, 0.7])] {
        for (id, tau) in ["params", "synflow", "jacob_cov", "plain", "oneshot_loss"].into_iter().zip(taus) {
            set_tau(record, id, tau);
            let verdict = if tau > 0.5 { Verdict::Better } else { Verdict::Worse };
            let tests = record.panels[0].analyses.comparisons.iter_mut();
            tests.filter(|test| test.estimator.starts_with(id)).for_each(|test| test.outcome.verdict = verdict);
        }
    }
    vec![record("nb201", "nb201-micro", 90, true), first, record("nb201", "nb201-small", 30, false), second]
}

#[test]
fn real_truth_comes_before_miniatures_and_many_architectures_before_few() {
    let names = |all| {
        let board = Leaderboard::new(&records(), all);
        board.columns.iter().map(|column| (column.name.clone(), column.chosen)).collect::<Vec<_>>()
    };
    let named =
        |names: &[(&str, bool)]| names.iter().map(|(name, chosen)| ((*name).to_owned(), *chosen)).collect::<Vec<_>>();
    assert_eq!(names(false), named(&[("nb101-micro", true), ("nb201-real", true)]));
    let every = [("nb101-micro", true), ("nb201-real", true), ("nb201-small", false), ("nb201-micro", false)];
    assert_eq!(names(true), named(&every));
}

#[test]
fn the_papers_truth_comes_before_other_accuracies_whatever_their_number() {
    let truth = |name: &str, rows, truth: serde_json::Value| {
        let spec = serde_json::json!({"spec": {"truth": truth}});
        Record { spec, ..record("nb201", name, rows, false) }
    };
    let table = truth("table", 90, serde_json::json!({"table": {"columns": ["a", "b"]}}));
    let other = truth("other", 95, serde_json::json!({"nb201": {"accuracy": "cifar100-test-200-seed888"}}));
    let paper = truth("paper", 30, serde_json::json!({"nb201": {"accuracy": "cifar10-test-200-v1.0-class-mean"}}));
    let board = Leaderboard::new(&[table, record("nb201", "small", 99, true), other, paper], true);
    let legends: Vec<String> = board.columns.iter().map(|column| text::legend(&board, column)).collect();
    for (legend, part) in legends.iter().zip([
        "paper, panel representatives: 30 architectures, the benchmark's truth, ",
        "other, panel representatives: 95 architectures, judged by cifar100-test-200-seed888, ",
        "table, panel representatives: 90 architectures, judged by a, b, ",
        "small, panel representatives: 99 architectures, truth in miniature, ",
    ]) {
        assert!(legend.starts_with(part), "{legend}");
    }
    assert!(board.columns[0].chosen && !board.columns[1].chosen);
}

#[test]
fn the_panel_with_more_estimators_comes_first() {
    let mut record = record("nb201", "nb201-real", 40, false);
    let mut baselines = record.panels[0].clone();
    baselines.name = "all".to_owned();
    baselines.estimators.truncate(1);
    baselines.architectures.extend(record.panels[0].architectures.clone());
    record.panels.insert(0, baselines);
    let board = Leaderboard::new(std::slice::from_ref(&record), true);
    let panels: Vec<(&str, usize)> =
        board.columns.iter().map(|column| (column.panel.as_str(), column.architectures)).collect();
    assert_eq!(panels, [("representatives", 40), ("all", 80)]);
    assert!(row(&board, "synflow").cells[1].is_none());
    // Variants are no estimators: they do not make up for fewer of these.
    let mut many = record.panels[1].estimators[0].clone();
    many.variant = Some("gaussian".to_owned());
    record.panels[0].estimators.extend(std::iter::repeat_n(many, 20));
    assert_eq!(Leaderboard::new(&[record], true).columns[0].panel, "representatives");
}

#[test]
fn device_classes_are_columns_of_their_own_and_the_same_record_is_one() {
    let cpu = record("nb201", "nb201-real", 40, false);
    let cuda = Record { device_class: DeviceClass::Cuda, ..cpu.clone() };
    let board = Leaderboard::new(&[cuda, cpu.clone(), cpu], true);
    let classes: Vec<(&str, bool)> =
        board.columns.iter().map(|column| (column.device_class.as_str(), column.chosen)).collect();
    assert_eq!(classes, [("cpu", true), ("cuda", false)]);
}

#[test]
fn baselines_stand_first_and_the_others_by_mean_rank() {
    let board = Leaderboard::new(&records(), false);
    let names: Vec<&str> = board.rows.iter().map(|row| row.estimator.as_str()).collect();
    assert_eq!(names, ["params", "oneshot_loss", "synflow", "jacob_cov", "plain"]);
    assert_eq!(row(&board, "oneshot_loss").mean_rank, Some(1.0));
    // Second on one space, third on the other.
    assert_eq!((row(&board, "synflow").mean_rank, row(&board, "params").mean_rank), (Some(2.5), Some(2.5)));
    assert_eq!(row(&board, "synflow").beats_params, Some(Beats { won: 1, of: 2 }));
    assert_eq!(row(&board, "oneshot_loss").beats_params, Some(Beats { won: 2, of: 2 }));
    assert_eq!(row(&board, "params").beats_params, None);
    // Further columns change neither.
    let all = Leaderboard::new(&records(), true);
    assert_eq!(row(&all, "synflow").beats_params, row(&board, "synflow").beats_params);
    assert_eq!(row(&all, "synflow").mean_rank, row(&board, "synflow").mean_rank);
}

#[test]
fn the_last_epoch_and_the_median_seed_count() {
    let mut record = record("nb201", "nb201-real", 40, false);
    let panel = &mut record.panels[0];
    let one_shot = panel.estimators.pop().unwrap();
    for (seed, epoch, tau) in [("1", 20, 0.9), ("1", 40, 0.5), ("2", 40, 0.3), ("3", 40, 0.4)] {
        let mut estimator = one_shot.clone();
        estimator.checkpoint = Some(Checkpoint::single(seed, epoch));
        estimator.criteria.kendall.tau_b = Some(tau);
        panel.estimators.push(estimator);
    }
    let mut ensemble = one_shot;
    ensemble.checkpoint =
        Some(Checkpoint { ensemble: vec!["1".to_owned(), "2".to_owned()], ..Checkpoint::single("1", 40) });
    panel.estimators.push(ensemble);
    let board = Leaderboard::new(&[record], false);
    let cell = row(&board, "oneshot_loss").cells[0].clone().unwrap();
    assert_eq!((cell.tau_b, cell.seeds, cell.checkpoint.as_deref()), (Some(0.4), 3, Some("seed 3, epoch 40")));
    assert_eq!(row(&board, "oneshot_loss (mean over seeds)").cells[0].as_ref().unwrap().seeds, 1);
}

/// Of an even number of seeds the lower one of the two in the middle counts, with its own interval.
#[test]
fn the_lower_of_two_median_seeds_counts() {
    let mut record = record("nb201", "nb201-real", 40, false);
    let panel = &mut record.panels[0];
    let one_shot = panel.estimators.pop().unwrap();
    for (seed, tau) in [("1", 0.5), ("2", 0.2), ("3", 0.4), ("4", 0.3)] {
        let mut estimator = one_shot.clone();
        estimator.checkpoint = Some(Checkpoint::single(seed, 40));
        estimator.criteria.kendall.tau_b = Some(tau);
        estimator.criteria.kendall.interval.as_mut().unwrap().lower = tau - 0.1;
        panel.estimators.push(estimator);
    }
    let board = Leaderboard::new(&[record], false);
    let cell = row(&board, "oneshot_loss").cells[0].clone().unwrap();
    assert_eq!((cell.tau_b, cell.interval.unwrap()[0], cell.seeds), (Some(0.3), 0.3 - 0.1, 4));
}

#[test]
fn variants_have_no_row() {
    let mut record = record("nb201", "nb201-real", 40, false);
    let own = record.panels[0].estimators.iter().find(|estimator| estimator.id == "synflow").unwrap().clone();
    let mut variant = own.clone();
    variant.variant = Some("gaussian".to_owned());
    variant.criteria.kendall.tau_b = Some(0.0);
    record.panels[0].estimators.push(variant);
    let board = Leaderboard::new(&[record], false);
    assert_eq!(row(&board, "synflow").cells[0].as_ref().unwrap().tau_b, own.criteria.kendall.tau_b);
}

#[test]
fn every_form_holds_every_estimator_and_every_column() {
    let board = Leaderboard::new(&records(), true);
    let mut forms: Vec<String> = Format::ALL.map(|format| board.render(format).unwrap()).to_vec();
    forms.extend([80, 200].map(|width| board.text(width)));
    for form in forms {
        for row in &board.rows {
            assert!(form.contains(&row.estimator.replace('_', "\\_")) || form.contains(&row.estimator), "{form}");
        }
        for column in &board.columns {
            assert!(form.contains(&column.name) && form.contains(&column.spec_hash[..12]), "{form}");
        }
    }
    assert_eq!(board.render(Format::Csv).unwrap().lines().count(), 1 + 4 * 5);
}

#[test]
fn nothing_of_the_page_comes_from_outside() {
    let page = Leaderboard::new(&records(), true).render(Format::Html).unwrap();
    for forbidden in ["<script", "http:", "https:", "url(", "@import", "<link", "<img"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    assert!(page.contains("<caption") && page.contains("lang=\"en\""));
    let headings: Vec<&str> = page.split("<th ").skip(1).collect();
    assert!(headings.len() > 8 && headings.iter().all(|heading| heading.starts_with("scope=")));
}

#[test]
fn the_board_at_80_columns() {
    let text = Leaderboard::new(&records(), true).text(80);
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    insta::assert_snapshot!(text);
}

#[test]
fn a_record_without_a_truth_is_on_no_board() {
    let with = fixture::whole(24);
    let both = Leaderboard::new(&[fixture::without_truth(60), with.clone()], true);
    let alone = Leaderboard::new(&[with], true);
    assert_eq!((&both.columns, &both.rows), (&alone.columns, &alone.rows));
    assert_eq!((both.left_out.without_truth.len(), alone.left_out.without_truth.len()), (1, 0));
    assert!(Leaderboard::new(&[fixture::without_truth(60)], true).columns.is_empty());
}

#[test]
fn estimators_that_all_spaces_have_are_ranked_together() {
    let mut all = records();
    let mut third = record("nb301", "nb301-real", 50, false);
    third.panels[0].estimators.remove(2);
    for (id, tau) in ["params", "synflow", "plain", "oneshot_loss"].into_iter().zip([0.5, 0.6, -0.2, 0.7]) {
        set_tau(&mut third, id, tau);
    }
    all.push(third);
    // Further panels of a space with another truth would be further benchmarks.
    let board = Leaderboard::new(&all, false);
    let found = board.figures();
    let [figure] = &found[..] else { panic!("one picture") };
    assert_eq!(figure.name, "critical-difference.svg");
    // By hand: ranks 1 on all spaces; 2, 3, 2; 3, 2, 3; 4 on all. The estimator that one space lacks is left out, and so are further columns.
    let due =
        "Average ranks over 3 benchmarks, the best first: oneshot_loss 1.00, synflow 2.33, params 2.67, plain 4.00.";
    assert!(figure.svg.contains(due) && !figure.svg.contains("jacob_cov"), "{}", figure.svg);
    let page = board.render(Format::Html).unwrap();
    let said = "Ranks of the 4 estimators that all 3 benchmarks have: Friedman&#x27;s chi-square is 8.20 with 3 degrees of freedom, p = 0.042.";
    assert!(
        page.contains("Average ranks by tau-b of the estimators that all benchmarks have") && page.contains(said),
        "{page}"
    );
    assert!(Leaderboard::new(&all[..1], true).figures().is_empty());
    assert!(!Leaderboard::new(&all[..1], true).render(Format::Html).unwrap().contains("Average ranks"));
}
