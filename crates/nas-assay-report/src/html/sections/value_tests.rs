//! Tests by value of the sections of a panel: counts in sentences, what is folded, and what a picture belongs to.

use nas_assay_criteria::{Criterion, Verdict};
use nas_assay_schema::store::record::{Checkpoint, ComparisonRecord, PanelRecord};

use super::sections;
use crate::html::section::Section;
use crate::true_values::TrueValues;
use crate::{fixture, value_text};

fn panel() -> PanelRecord {
    fixture::whole(120).panels.remove(0)
}

fn find(space: &str, panel: &PanelRecord, title: &str) -> Section {
    sections("p", space, panel, TrueValues::ACCURACIES).into_iter().find(|section| section.title == title).unwrap()
}

#[test]
fn how_many_are_better_than_each_baseline_is_said() {
    let mut panel = panel();
    let own = panel.analyses.comparisons.clone();
    let flops = own.iter().map(|test| ComparisonRecord { with: "flops".to_owned(), ..test.clone() });
    panel.analyses.comparisons.extend(flops);
    let mut second = panel.estimators[0].clone();
    second.id = "flops".to_owned();
    panel.estimators.insert(1, second);
    let of_baseline = ComparisonRecord { estimator: "flops".to_owned(), ..own[0].clone() };
    panel.analyses.comparisons.push(of_baseline);
    let mut text = |params: [Verdict; 4], flops: [Verdict; 4]| {
        let verdicts = params.into_iter().chain(flops).chain([Verdict::Better]);
        for (test, verdict) in panel.analyses.comparisons.iter_mut().zip(verdicts) {
            test.outcome.verdict = verdict;
        }
        let section = find("nb201", &panel, "Against the baselines");
        section.text.split_once(". ").unwrap().0.to_owned()
    };
    let (better, worse) = (Verdict::Better, Verdict::Worse);
    let begin = "Of the 4 estimators shown that are not baselines, ";
    assert_eq!(
        text([worse; 4], [better; 4]),
        format!("{begin}none can be called better than params, all better than flops")
    );
    assert_eq!(
        text([better, worse, better, worse], [worse, Verdict::Undecided, better, better]),
        format!("{begin}2 can be called better than params, 2 better than flops")
    );
}

#[test]
fn comparisons_of_earlier_checkpoints_are_folded() {
    let mut panel = panel();
    let test = panel.analyses.comparisons[3].clone();
    let earlier = "oneshot_loss (seed 20, epoch 20)".to_owned();
    panel.analyses.comparisons.push(ComparisonRecord { estimator: earlier, ..test });
    let section = find("nb201", &panel, "Against the baselines");
    let tables: Vec<(&str, Option<&str>, usize)> =
        section.tables.iter().map(|table| (table.id.as_str(), table.folded.as_deref(), table.rows.len())).collect();
    assert_eq!(tables, [("p-against", None, 4), ("p-against-earlier", Some("1 rows of earlier checkpoints"), 1)]);
    assert_eq!(section.tables[1].rows[0].about, "seed 20, epoch 20");
}

#[test]
fn a_comparison_that_is_missing_is_a_dash() {
    let mut panel = panel();
    let test = panel.analyses.comparisons[0].clone();
    panel.estimators[1].id = "flops".to_owned();
    panel.analyses.comparisons.remove(0);
    panel.analyses.comparisons.push(ComparisonRecord {
        estimator: "plain".to_owned(),
        with: "flops".to_owned(),
        ..test
    });
    let rows = find("nb201", &panel, "Against the baselines").tables.remove(0).rows;
    let cells: Vec<(String, Vec<bool>)> =
        rows.iter().map(|row| (row.name.clone(), row.cells.iter().map(|cell| cell[0] == "–").collect())).collect();
    let expected =
        [("jacob_cov", vec![false, true]), ("plain", vec![false, false]), ("oneshot_loss", vec![false, true])];
    assert_eq!(cells, expected.map(|(name, cells)| (name.to_owned(), cells)));
}

#[test]
fn a_drawing_says_how_many_encodings_the_architecture_has() {
    let mut panel = panel();
    let mut order: Vec<usize> = (0..120).collect();
    let truth = panel.truth().unwrap();
    order.sort_by(|&a, &b| truth[b].total_cmp(&truth[a]));
    for (place, isomorphs) in [(0, Some(1)), (1, Some(1234)), (2, None)] {
        panel.architectures[order[place]].isomorphs = isomorphs;
    }
    let figures = find("nb201", &panel, "Architectures").figures;
    let about: Vec<&str> = figures.iter().map(|figure| figure.about.as_str()).collect();
    assert_eq!(
        about,
        [
            "Rank 1 in truth, the only encoding, truth",
            "Rank 2 in truth, one of 1,234 encodings, truth",
            "Rank 3 in truth, truth"
        ]
    );
    for (figure, row) in figures.iter().zip(order) {
        let row = &panel.architectures[row];
        assert_eq!(figure.value, value_text::percentage(row.truth.unwrap()).replace(' ', "\u{a0}"));
        assert!(figure.picture.contains(&format!("aria-label=\"{}\"", row.architecture)));
    }
    // In a design space no two encodings are the same, so nothing is said of others.
    for row in &mut panel.architectures {
        row.architecture = "d1,2,1 w16,64,256".to_owned();
        row.isomorphs = Some(7);
    }
    let figures = find("nds_resnet", &panel, "Architectures").figures;
    assert_eq!(figures[0].about, "Rank 1 in truth, truth");
}

#[test]
fn costs_of_a_group_keep_three_digits() {
    let mut panel = panel();
    let mut span = |least: f64, greatest: f64| {
        let group = &mut panel.estimators[0].bias.complexity[0];
        (group.least_cost, group.greatest_cost) = (least, greatest);
        find("nb201", &panel, "Bias by complexity").tables[0].headings[1].clone()
    };
    assert_eq!(span(1.234_5e6, 9.99e6)[0], "1.23 to 9.99 MFLOPs");
    assert_eq!(span(1e7, 9.99e7)[0], "10.0 to 99.9 MFLOPs");
    assert_eq!(span(1e8, 1.234_5e9), ["100 to 1234 MFLOPs".to_owned(), "24 architectures".to_owned()]);
}

#[test]
fn a_plot_of_costs_needs_two_architectures_and_two_costs() {
    let has = |change: fn(&mut PanelRecord)| {
        let mut panel = panel();
        change(&mut panel);
        sections("p", "nb201", &panel, TrueValues::ACCURACIES)
            .iter()
            .any(|section| section.title == "Cost against quality")
    };
    assert!(has(|_| ()));
    assert!(has(|panel| panel.architectures.iter_mut().skip(1).for_each(|row| row.flops = Some(7))));
    assert!(!has(|panel| panel.architectures.iter_mut().for_each(|row| row.flops = Some(7))));
    assert!(has(|panel| panel.architectures.truncate(2)));
    assert!(!has(|panel| panel.architectures.truncate(1)));
}

#[test]
fn a_plot_of_costs_names_the_best_of_those_that_are_marked() {
    let mut panel = panel();
    for (standing, truth) in panel.estimators[0].bias.extremes.top.iter_mut().zip([0.5, 0.75, 0.25, 0.625, 0.5]) {
        standing.truth = truth;
    }
    let section = find("nb201", &panel, "Cost against quality");
    assert_eq!(section.figures[0].value, "best of them 75.00 %");
    let marked = panel.estimators[0].bias.extremes.top.len();
    let said = format!("of all 120 architectures; diamonds are the {marked} that the estimator ranks best.");
    assert!(section.text.contains(&said), "{}", section.text);
    assert_eq!(section.figures[0].picture.matches("chosen").count(), marked);
    assert!(!section.text.contains("lower edge"));
    for row in panel.architectures.iter_mut().take(2) {
        row.truth = Some(0.1);
    }
    assert!(find("nb201", &panel, "Cost against quality").text.contains("drawn on the lower edge"));
}

#[test]
fn which_checkpoints_are_shown_is_said_where_some_are_left_out() {
    let mut panel = panel();
    let said = |panel: &PanelRecord| {
        find("nb201", panel, "Bias by complexity").text.contains("Only the last checkpoint of each supernet is shown.")
    };
    assert!(said(&panel));
    panel.estimators.retain(|row| row.checkpoint.as_ref().is_none_or(|at| at.epoch == 40));
    assert!(!said(&panel));
}

/// Epochs of a one-shot estimator: `(seeds, epoch, tau-b)`.
fn with_epochs(of: &[(&[&str], u32, f64)], variant: Option<&str>) -> PanelRecord {
    let mut panel = panel();
    let one_shot = panel.estimators.pop().unwrap();
    panel.estimators.retain(|row| row.checkpoint.is_none());
    panel.analyses.stability.clear();
    for &(seeds, epoch, tau) in of {
        let mut row = one_shot.clone();
        row.variant = variant.map(str::to_owned);
        let mut checkpoint = Checkpoint::single(seeds[0], epoch);
        if seeds.len() > 1 {
            checkpoint.ensemble = seeds.iter().map(|seed| (*seed).to_owned()).collect();
        }
        row.checkpoint = Some(checkpoint);
        row.criteria.kendall.tau_b = Some(tau);
        panel.estimators.push(row);
    }
    panel
}

fn curves(picture: &str) -> Vec<(String, usize)> {
    let curves = picture.split("<path class=\"curve series-").skip(1);
    curves.map(|rest| (rest[..1].to_owned(), rest.split_once("h0").unwrap().0.matches(['M', 'L']).count())).collect()
}

#[test]
fn a_line_over_epochs_is_of_one_supernet() {
    let all: [(&[&str], u32, f64); 6] = [
        (&["1"], 10, 0.1),
        (&["1"], 20, 0.2),
        (&["2"], 20, 0.3),
        (&["1", "2"], 10, 0.4),
        (&["1", "2"], 20, 0.5),
        (&["1"], 30, 0.6),
    ];
    let section = find("nb201", &with_epochs(&all, Some("iso")), "Over epochs");
    let legend = ["seed 1", "seed 2", "mean over seeds 1, 2"].map(str::to_owned);
    assert_eq!(section.legend, legend.into_iter().enumerate().collect::<Vec<_>>());
    assert_eq!(section.figures.len(), 1, "nothing is relative to another checkpoint");
    let figure = &section.figures[0];
    assert_eq!(
        (figure.name.as_str(), figure.about.as_str()),
        ("oneshot_loss", "iso, tau-b with the truth, 95\u{a0}% intervals")
    );
    assert_eq!(curves(&figure.picture), [("0".to_owned(), 3), ("1".to_owned(), 1), ("2".to_owned(), 2)]);
}

#[test]
fn a_single_epoch_is_no_development() {
    let has = |of: &[(&[&str], u32, f64)]| {
        sections("p", "nb201", &with_epochs(of, None), TrueValues::ACCURACIES)
            .iter()
            .any(|section| section.title == "Over epochs")
    };
    assert!(!has(&[(&["1"], 10, 0.1), (&["2"], 10, 0.2)]));
    assert!(has(&[(&["1"], 10, 0.1), (&["2"], 20, 0.2)]));
    // Averages of weights are of no epoch.
    let mut panel = with_epochs(&[(&["1"], 10, 0.1), (&["1"], 20, 0.2)], None);
    let checkpoint = panel.estimators.last_mut().unwrap().checkpoint.as_mut().unwrap();
    checkpoint.averaged = vec![10, 20];
    assert!(
        sections("p", "nb201", &panel, TrueValues::ACCURACIES).iter().all(|section| section.title != "Over epochs")
    );
}

#[test]
fn relative_values_are_of_the_estimator_its_variant_and_its_seeds() {
    let mut panel = with_epochs(&[(&["1"], 10, 0.1), (&["1"], 20, 0.2), (&["2"], 10, 0.3), (&["2"], 20, 0.4)], None);
    let whole = fixture::whole(120).panels.remove(0).analyses.stability;
    let of = |seed: &str, from: u32, to: u32, variant: Option<&str>, estimator: &str| {
        let mut record = whole[0].clone();
        (record.seeds, record.from, record.to) = (vec![seed.to_owned()], from, to);
        (record.variant, record.estimator) = (variant.map(str::to_owned), estimator.to_owned());
        record
    };
    panel.analyses.stability = vec![
        of("1", 10, 20, None, "oneshot_loss"),
        of("1", 20, 30, None, "oneshot_loss"),
        of("2", 10, 20, None, "oneshot_loss"),
        of("2", 10, 20, Some("iso"), "oneshot_loss"),
        of("2", 10, 20, None, "oneshot_accuracy"),
    ];
    let section = find("nb201", &panel, "Over epochs");
    assert_eq!(section.figures.len(), 3);
    for figure in &section.figures[1..] {
        assert_eq!(curves(&figure.picture), [("0".to_owned(), 2), ("1".to_owned(), 1)], "{}", figure.about);
    }
    let table = &section.tables[0];
    assert_eq!(table.folded.as_deref(), Some("Stability between 5 pairs of adjacent checkpoints"));
    let rows: Vec<(&str, &str, &str)> =
        table.rows.iter().map(|row| (row.name.as_str(), row.about.as_str(), row.cells[0][0].as_str())).collect();
    assert_eq!(rows[1], ("oneshot_loss", "seed 1", "20 → 30"));
    assert_eq!(rows[3], ("oneshot_loss", "iso, seed 2", "10 → 20"));
}

#[test]
fn the_spread_of_the_last_epoch_stands_first_for_each_estimator() {
    let mut panel = panel();
    let first = panel.analyses.spread[0].clone();
    let of = |estimator: &str, variant: Option<&str>, epoch: u32, criterion: Criterion| {
        let mut record = first.clone();
        (record.estimator, record.variant) = (estimator.to_owned(), variant.map(str::to_owned));
        (record.epoch, record.criterion) = (epoch, criterion);
        record.spread.deviation = (epoch > 20).then_some(0.125);
        record.spread.count = if epoch > 20 { 3 } else { 2 };
        record
    };
    panel.analyses.spread = vec![
        of("oneshot_loss", None, 20, Criterion::TauB),
        of("oneshot_loss", None, 20, Criterion::PrecisionTop(0.05)),
        of("oneshot_loss", None, 40, Criterion::TauB),
        of("oneshot_loss", Some("iso"), 20, Criterion::TauB),
    ];
    let tables = find("nb201", &panel, "From seed to seed").tables;
    let rows = |place: usize| -> Vec<(String, String, usize)> {
        let dashes = |row: &crate::html::section::TableRow| row.cells.iter().filter(|cell| cell[0] == "–").count();
        tables[place].rows.iter().map(|row| (row.name.clone(), row.about.clone(), dashes(row))).collect()
    };
    let row = |about: &str, dashes: usize| ("oneshot_loss".to_owned(), about.to_owned(), dashes);
    assert_eq!(rows(0), [row("epoch 40, 3 seeds", 1), row("iso, epoch 20, 2 seeds", 1)]);
    assert_eq!(rows(1), [row("epoch 20, 2 seeds", 0)]);
    assert_eq!(tables[1].folded.as_deref(), Some("1 rows of earlier checkpoints"));
    let headings: Vec<&str> = tables[0].headings.iter().map(|heading| heading[0].as_str()).collect();
    assert_eq!(headings, ["Estimator", "Kendall tau-b", "P@top 5 %"]);
    assert!(tables[0].rows[0].cells[0][0].ends_with(" ± 0.125"), "{:?}", tables[0].rows[0].cells);
    assert!(tables[1].rows[0].cells[0][0].ends_with(" ± –"), "{:?}", tables[1].rows[0].cells);
}

#[test]
fn histograms_are_of_the_exchanges_that_are_misjudged_most() {
    let mut panel = panel();
    panel.estimators.truncate(1);
    let changes = &mut panel.estimators[0].bias.operations;
    let one = changes[0].clone();
    let of = |from: &str, pairs: usize, over: f64| {
        let mut change = one.clone();
        (change.from, change.to, change.pairs) = (from.to_owned(), "z".to_owned(), pairs);
        (change.truth_increases, change.score_increases) = (0.5, 0.5 + over);
        change
    };
    *changes = vec![
        of("a", 10, 0.125),
        of("b", 9, 0.5),
        of("c", 1000, 0.25),
        of("d", 10, 0.0),
        of("e", 10, -0.25),
        of("f", 10, 0.0625),
        of("g", 10, -0.5),
    ];
    let section = find("nb201", &panel, "Bias by operation");
    let figures = &section.groups[0].rows[0].1;
    let shown: Vec<(&str, &str, &str)> = figures
        .iter()
        .map(|figure| (figure.name.as_str(), figure.about.split(", the score").next().unwrap(), figure.value.as_str()))
        .collect();
    let half = "the truth increases in 50.0\u{a0}%";
    assert_eq!(
        shown,
        [
            ("c → z", format!("over-estimated: of 1,000 pairs {half}").as_str(), "75.0\u{a0}%"),
            ("a → z", &format!("over-estimated: of 10 pairs {half}"), "62.5\u{a0}%"),
            ("g → z", &format!("under-estimated: of 10 pairs {half}"), "0.0\u{a0}%"),
            ("e → z", &format!("under-estimated: of 10 pairs {half}"), "25.0\u{a0}%"),
        ]
    );
    assert!(section.text.starts_with("1,059 ordered pairs of architectures of this panel differ in one operation and"));
    assert!(section.text.contains("Exchanges with fewer than 10 pairs are neither coloured nor singled out."));
    assert_eq!(section.figures.len(), 1);
    // Eight different operations still are a matrix, nine are not; repetitions of one that follow each other count once.
    let with = |count: usize| {
        let mut panel = panel.clone();
        panel.estimators[0].bias.operations = (0..count)
            .flat_map(|place| [of(&format!("o{place}"), 10, 0.1), of(&format!("o{place}"), 10, 0.2)])
            .collect();
        let section = find("nb201", &panel, "Bias by operation");
        (section.figures.len(), section.text.contains("differ in one decision of one stage and"), section.text.clone())
    };
    assert_eq!((with(8).0, with(8).1), (1, false));
    assert_eq!((with(9).0, with(9).1), (0, true));
    assert!(
        with(9).2.contains("in nothing else. Exchanges with fewer than 10 pairs are not singled out."),
        "{}",
        with(9).2
    );
}

#[test]
fn the_table_of_exchanges_has_a_dash_where_an_estimator_lacks_one() {
    let mut panel = panel();
    panel.estimators.truncate(2);
    let lost = panel.estimators[1].bias.operations.remove(0);
    let table = find("nb201", &panel, "Bias by operation").tables.remove(0);
    assert_eq!(table.rows[0].name, format!("{} → {}", lost.from, lost.to));
    assert_eq!((table.rows[0].cells[3][0].as_str(), table.rows[1].cells[3][0].as_str() == "–"), ("–", false));
}

#[test]
fn an_exchange_that_is_judged_right_has_no_histogram() {
    let mut panel = panel();
    panel.estimators.truncate(1);
    let changes = &mut panel.estimators[0].bias.operations;
    changes.truncate(3);
    for (change, over) in changes.iter_mut().zip([0.0, 0.25, 0.0]) {
        (change.pairs, change.truth_increases, change.score_increases) = (10, 0.5, 0.5 + over);
    }
    let shown = |panel: &PanelRecord| {
        let section = find("nb201", panel, "Bias by operation");
        section.groups[0].rows[0].1.iter().map(|figure| figure.about[..5].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(shown(&panel), ["over-"]);
    panel.estimators[0].bias.operations[1].score_increases = 0.25;
    assert_eq!(shown(&panel), ["under"]);
}

#[test]
fn every_section_says_what_it_shows_and_charts_over_epochs_are_wide() {
    let panel = panel();
    let found = sections("p", "nb201", &panel, TrueValues::ACCURACIES);
    assert_eq!(found.len(), 9);
    for section in &found {
        assert!(section.id.starts_with("p-") && section.text.ends_with('.'), "{}: {}", section.id, section.text);
        assert_eq!(section.wide, section.title == "Over epochs", "{}", section.title);
    }
    let epochs = find("nb201", &panel, "Over epochs").text;
    assert!(epochs.contains("In the relative values the later checkpoint counts as the truth."), "{epochs}");
    let spread = find("nb201", &panel, "From seed to seed").text;
    assert!(spread.contains("(5 %) change when the supernet is trained with another seed."), "{spread}");
}
