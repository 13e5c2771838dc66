//! A record whose truth is a latency: every report says its unit, and lower is better.

use nas_assay_criteria::{BestOf, Direction};
use nas_assay_schema::spec::Quantity;
use nas_assay_schema::store::record::Record;

use crate::true_values::TrueValues;
use crate::value_text::significant;
use crate::{Diff, Format, Leaderboard, csv, fixture, html, markdown, score_table, terminal};

/// The parts of a text between `start` and `end`.
fn parts<'a>(text: &'a str, start: &str, end: &str) -> Vec<&'a str> {
    text.split(start).skip(1).map(|rest| rest.split(end).next().unwrap()).collect()
}

fn truths(record: &Record) -> Vec<f64> {
    record.panels[0].truth().unwrap()
}

#[test]
fn every_report_says_the_unit_and_what_is_better() {
    let record = fixture::latencies(60);
    let truth = record.truth.as_ref().unwrap();
    let [least, most, median] = [truth.minimum, truth.maximum, truth.median].map(significant);
    assert!(truth.minimum < truth.median && truth.median < truth.maximum && truth.minimum > 0.0);
    let line = format!(
        "measured: edgegpu_latency, ms, lower is better: 60 architectures, from {least} ms to {most} ms, median {median} ms."
    );
    assert!(terminal(&record, None, 200).contains(&format!("Truth: {line}")), "{}", terminal(&record, None, 200));
    assert!(markdown(&record, None).replace('\\', "").contains(&line));
    assert!(html(&record, None).unwrap().contains(&line));
    let json = Format::Json.render(&record, None).unwrap();
    assert!(json.contains("\"quantity\": {\n        \"unit\": \"ms\",\n        \"better\": \"lower\""), "{json}");
    // A record of accuracies says neither.
    let plain = Format::Json.render(&fixture::whole(60), None).unwrap();
    assert!(!plain.contains("quantity") && !plain.contains("\"unit\""));
}

#[test]
fn tables_name_the_unit_of_the_truth() {
    let mut record = fixture::latencies(60);
    let kept = record.panels[0].analyses.variants[0].kept.as_mut().unwrap();
    kept.own.best_of = vec![BestOf { count: 1, truth: 0.75, rank: 1 }];
    let (scores, table) = (score_table(&record).unwrap(), csv(&record).unwrap());
    assert!(scores.starts_with("architecture,truth [ms],params,"), "{scores}");
    assert_eq!(
        scores.lines().nth(1).unwrap().rsplit_once("|,").unwrap().1.split(',').next(),
        Some(truths(&record)[0].to_string().as_str())
    );
    let best = &record.panels[0].estimators[0].criteria.best_of[0];
    let row = format!(",BestTruth@top{} [ms],here,{},", best.count, best.truth);
    assert!(best.truth > 0.0 && table.contains(&row), "{row}");
    assert!(!table.contains("BestAcc") && !table.contains("truth_increases") && table.contains("truth_improves "));
    assert!(table.contains(",BestTruth@top1 [ms] inside kept of "), "{table}");
    let plain = csv(&fixture::whole(60)).unwrap();
    assert!(plain.contains("BestAcc@top1,") && plain.contains("truth_increases ") && !plain.contains("BestTruth"));
}

#[test]
fn the_page_has_the_lowest_latency_as_the_best() {
    let (record, accuracies) = (fixture::latencies(60), fixture::whole(60));
    let (page, plain) = (html(&record, None).unwrap(), html(&accuracies, None).unwrap());
    // The ranks are those of the accuracies, so the pictures of ranks are the same.
    let scatters = |page: &str| parts(page, "<title id=\"panel-0-0-title\">", "</svg>").concat();
    assert!(!scatters(&page).is_empty());
    assert_eq!(scatters(&page), scatters(&plain));
    let least = truths(&record).into_iter().reduce(f64::min).unwrap();
    let best = parts(&page, "Rank 1 in truth", "</figcaption>")[0].to_owned();
    assert!(best.contains(&format!("{}\u{a0}ms", significant(least))), "{best}");
    // The best by score of an estimator is the lowest, too.
    let top = &record.panels[0].estimators[0].bias.extremes.top;
    let lowest = top.iter().map(|standing| standing.truth).reduce(f64::min).unwrap();
    assert!(page.contains(&format!("best of them {} ms", significant(lowest))));
    assert!(page.contains("Lower truth is better, and drawn higher."));
    assert!(page.contains("counts as increased where it gets better, which means lower"));
    assert!(page.contains(">truth, ms</text>") && !page.contains(">truth, %</text>"));
    // The dots of the cost are where they are for accuracies; the axis has the lowest latency at its top.
    let cloud = |page: &str| parts(page, "<g id=\"panel-0-cloud\">", "</g>").concat();
    let digits = |text: &str| parts(text, "<path class=\"cloud-dots\" d=\"", "\"").concat();
    assert!(!digits(&cloud(&page)).is_empty());
    assert_eq!(digits(&cloud(&page)), digits(&cloud(&plain)));
    let ends = parts(&page, "<text class=\"end\" x=\"31\" y=\"", "</text>");
    assert!(ends[0].ends_with(&format!(">{}", significant(least))), "{ends:?}");
}

#[test]
fn numbers_of_two_quantities_are_not_compared() {
    let (latencies, accuracies) = (fixture::latencies(60), fixture::whole(60));
    let diff = Diff::new(&latencies, &accuracies);
    assert_eq!((diff.panels[0].truth.moved, diff.beyond), (0, 0));
    let compared = |diff: &Diff| diff.panels[0].estimators[0].criteria_compared;
    assert_eq!(
        compared(&Diff::new(&latencies, &latencies)),
        compared(&diff) + latencies.panels[0].estimators[0].criteria.best_of.len()
    );
    let mut moved = latencies.clone();
    *moved.panels[0].architectures[2].truth.as_mut().unwrap() += 0.25;
    let diff = Diff::new(&latencies, &moved);
    assert_eq!(diff.panels[0].truth.moved, 1);
    assert!(diff.text(120).contains("truth: 1 values moved, the most by 2.5e-1 ms, for"), "{}", diff.text(120));
    let mut fractions = accuracies.clone();
    *fractions.panels[0].architectures[2].truth.as_mut().unwrap() += 0.25;
    assert!(Diff::new(&accuracies, &fractions).text(120).contains("the most by 2.5e-1, for"));
}

#[test]
fn ranks_do_not_use_latencies() {
    let (mut latencies, accuracies) = (fixture::latencies(60), fixture::whole(60));
    // More estimators and architectures would put it first.
    latencies.spec_hash = "f".repeat(64);
    let mut smaller = accuracies.clone();
    smaller.panels[0].estimators.truncate(3);
    let chosen = |board: &Leaderboard| -> Vec<(bool, bool)> {
        board.columns.iter().map(|column| (column.chosen, column.other_quantity)).collect()
    };
    let board = Leaderboard::new(&[latencies.clone(), smaller.clone()], true);
    assert_eq!(chosen(&board), [(true, false), (false, true)]);
    assert_eq!(board.spaces, 1);
    let text = board.text(300);
    assert!(
        text.contains("judged by edgegpu_latency, ms, lower is better, ffffffffffff@cpu, not used for the ranks"),
        "{text}"
    );
    assert!(text.contains("@cpu, used for the ranks"));
    assert_eq!(chosen(&Leaderboard::new(&[latencies.clone(), smaller], false)), [(true, false)]);
    // Even a miniature comes first.
    let mut miniature = accuracies.clone();
    miniature.spec["spec"]["truth"] = serde_json::json!({"trained": {"table": "nb201-micro"}});
    miniature.panels[0].estimators.truncate(3);
    assert_eq!(chosen(&Leaderboard::new(&[latencies.clone(), miniature], true)), [(true, false), (false, true)]);
    // Alone it is shown, and ranks nothing.
    let alone = Leaderboard::new(&[latencies], false);
    assert_eq!(chosen(&alone), [(false, true)]);
    assert_eq!(alone.spaces, 1);
    assert!(alone.rows.iter().all(|row| row.mean_rank.is_none() && row.beats_params.is_none()));
    assert!(alone.rows[0].cells[0].is_some());
    let json = serde_json::to_value(Leaderboard::new(&[accuracies], false)).unwrap();
    assert!(json["columns"][0].get("other_quantity").is_none());
}

#[test]
fn numbers_without_a_unit_have_none() {
    let quantity = Quantity { unit: Quantity::NO_UNIT.to_owned(), better: Direction::Higher };
    let values = TrueValues::quantity(&quantity);
    assert_eq!(
        (values.value(-0.612_34), values.axis(), values.named("truth")),
        ("-0.6123".into(), "truth".into(), "truth [1]".into())
    );
    assert_eq!((values.goodness(&[-2.0, 3.0]), values.best([-2.0, 3.0].into_iter())), (vec![-2.0, 3.0], Some(3.0)));
    assert_eq!((values.is_lower_better(), values.best_of(7).as_str()), (false, "BestTruth@top7 [1]"));
    let accuracies = TrueValues::ACCURACIES;
    assert_eq!(
        (accuracies.value(0.5), accuracies.tick(0.5), accuracies.axis()),
        ("50.00 %".into(), "50.0".into(), "truth, %".into())
    );
    assert_eq!((accuracies.named("truth"), accuracies.best_of(1)), ("truth".to_owned(), "BestAcc@top1".to_owned()));
}
