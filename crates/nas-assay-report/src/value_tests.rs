//! Tests by value of what the reports say about cases that the other tests' records do not have.

use nas_assay_criteria::Comparison;
use nas_assay_schema::estimator::{EstimatorKind, Reason, Score, ToleranceClass};
use nas_assay_schema::store::record::{ComparisonRecord, PanelRecord};

use crate::estimator_check::{self, GoldenCheck, SpaceCheck};
use crate::panel_summary::PanelSummary;
use crate::tolerance::Tolerance;
use crate::value_text::NONE;
use crate::{analysis_tables, fixture, golden, summary_tables};

/// The table of the panel's analyses with this title, in Markdown.
fn table(panel: &PanelRecord, title: &str) -> String {
    let tables = analysis_tables::tables(panel);
    tables.into_iter().find(|table| table.title.starts_with(title)).unwrap().table.markdown()
}

#[test]
fn stability_shows_the_last_pair_of_checkpoints_of_each_supernet() {
    let mut panel = fixture::whole(60).panels.remove(0);
    let of = |place: usize, from: u32, to: u32, seeds: &[&str], variant: Option<&str>| {
        let mut record = panel.analyses.stability[place].clone();
        record.seeds = seeds.iter().map(|seed| (*seed).to_owned()).collect();
        (record.from, record.to, record.variant) = (from, to, variant.map(str::to_owned));
        record
    };
    let all = vec![
        of(0, 20, 40, &["20"], None),
        of(0, 40, 60, &["20"], None),
        of(1, 20, 40, &["20", "2020"], None),
        of(1, 10, 30, &["20"], Some("iso")),
        of(1, 5, 10, &["20"], Some("iso")),
    ];
    panel.analyses.stability = all;
    let text = table(&panel, "Stability");
    let rows: Vec<&str> = text.lines().skip(2).map(|line| line.split(" | 0").next().unwrap()).collect();
    assert_eq!(
        rows,
        [
            "| oneshot\\_loss (seed 20) | 40 to 60",
            "| oneshot\\_loss (seeds 20, 2020) | 20 to 40",
            "| oneshot\\_loss (iso, seed 20) | 10 to 30",
        ]
    );
}

#[test]
fn a_table_of_the_summary_is_parted_only_where_it_does_not_fit() {
    let panel = fixture::record(60).panels.remove(0);
    let estimators = PanelSummary::new(&panel).estimators;
    let whole = summary_tables::summaries(&estimators, None);
    let markdown = whole[0].markdown();
    let columns: Vec<Vec<String>> = markdown
        .lines()
        .map(|line| line.replace('\\', "").trim_matches(['|', ' ']).split(" | ").map(str::to_owned).collect())
        .collect();
    let width = |text: &str| text.chars().count();
    let widths = (0..columns[0].len()).map(|column| {
        let words = columns[0][column].split(' ').map(width).max().unwrap();
        columns[2..].iter().map(|row| width(&row[column])).max().unwrap().max(words)
    });
    let needed = u16::try_from(widths.map(|width| width + 2).sum::<usize>()).unwrap() - 1;
    let parted = |width: u16| summary_tables::summaries(&estimators, Some(width));
    assert_eq!((whole.len(), parted(needed).len(), parted(needed - 1).len()), (1, 1, 2));
    let headings = |table: &crate::text_table::TextTable| table.markdown().lines().next().unwrap().to_owned();
    assert_eq!(
        parted(needed - 1).iter().map(headings).collect::<Vec<_>>(),
        [
            "| estimator | tau-b | 95 % interval | Spearman | published tau-b | difference |",
            "| estimator | P@top 5 % | P@bottom 5 % | BR@1 % | BR@5 % | WR@5 % | not finite | ties |",
        ]
    );
}

#[test]
fn a_line_belongs_to_an_estimator_if_its_key_begins_with_it() {
    let lines = [
        "exact    truth.rows = 5",
        "numeric  all.params.flops_group.1.tau_b = 0.5",
        "numeric  all.flops_two.tau_b = 0.5",
        "numeric  all.flops.tau_b = 0.5",
        "numeric  all.flops_(iso).tau_b = 0.5",
        "numeric  all.flops against params.difference = 0.5",
        "exact    all.flops |none~0| = 3",
    ]
    .join("\n");
    let counts = |id: &str| {
        let check = GoldenCheck::new(&lines, &lines, id);
        (check.compared, check.of_estimator, check.moved.len())
    };
    assert_eq!(counts("flops"), (7, 4, 0));
    assert_eq!(counts("params"), (7, 1, 0));
    assert_eq!(counts("par"), (7, 0, 0));
}

#[test]
fn the_check_of_an_estimator_says_what_became_of_its_numbers() {
    let record = fixture::record(60);
    let outcome = record.panels[0].analyses.comparisons[0].outcome;
    let moved = |count: usize| vec![["numeric  a = 1".to_owned(), "numeric  a = 2".to_owned()]; count];
    let check = |golden: Option<GoldenCheck>| SpaceCheck::new(&record, "synflow", golden);
    let golden = |of_estimator, moved| Some(GoldenCheck { compared: 12, of_estimator, moved });
    let said = |golden: Option<GoldenCheck>| {
        let text = estimator_check::terminal("synflow", &[check(golden)], 200);
        let row = text.lines().find(|line| line.starts_with("nb201 ")).unwrap().to_owned();
        let cells: Vec<String> =
            row.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).map(str::to_owned).collect();
        (cells, text.matches("golden: numeric  a = 1\n   now: numeric  a = 2\n").count())
    };
    let (cells, _) = said(None);
    let tau = record.panels[0].estimators[1].criteria.kendall;
    let interval = tau.interval.unwrap();
    assert_eq!(cells[..2], ["nb201", "60"]);
    assert_eq!(cells[2], format!("{:.3}", tau.tau_b.unwrap()));
    assert_eq!(cells[3], format!("[{:.3}, {:.3}]", interval.lower, interval.upper));
    let difference = outcome.difference.unwrap();
    assert!(cells[4].ends_with(&format!(" {difference:+.3}")), "{cells:?}");
    assert_eq!(cells[5..], [NONE, "no golden"]);
    for (golden, expected, listed) in [
        (golden(3, moved(0)), "12 agree", 0),
        (golden(0, moved(0)), "not in the golden; 12 other numbers agree", 0),
        (golden(3, moved(2)), "2 of 12 moved", 2),
        (golden(0, moved(2)), "2 of 12 moved", 2),
        (golden(3, moved(7)), "7 of 12 moved", 5),
    ] {
        let (cells, shown) = said(golden);
        assert_eq!((cells.last().unwrap().as_str(), shown), (expected, listed));
    }
}

#[test]
fn a_check_is_against_each_baseline_by_its_name() {
    let mut record = fixture::record(60);
    let comparisons = &mut record.panels[0].analyses.comparisons;
    let first = comparisons[0].clone();
    let outcome = Comparison { difference: Some(0.125), ..first.outcome };
    comparisons.push(ComparisonRecord { with: "flops".to_owned(), outcome, ..first });
    let check = SpaceCheck::new(&record, "synflow", None);
    assert_eq!(check.against.iter().map(|test| test.with.as_str()).collect::<Vec<_>>(), ["params", "flops"]);
    let text = estimator_check::terminal("synflow", &[check], 200);
    let row = text.lines().find(|line| line.starts_with("nb201 ")).unwrap();
    let [params, flops] = [format!("{:+.3}", first_difference(&record)), "+0.125".to_owned()];
    assert!(row.find(&params).unwrap() < row.find(&flops).unwrap(), "{row}");
}

fn first_difference(record: &nas_assay_schema::store::record::Record) -> f64 {
    record.panels[0].analyses.comparisons[0].outcome.difference.unwrap()
}

#[test]
fn scores_are_pinned_by_the_class_of_their_estimator() {
    let mut record = fixture::whole(20);
    let pinned = |record: &_, key: &str| -> Vec<String> {
        let text = golden::pinned(record);
        let key = format!(" representatives.{key} |");
        text.lines().filter(|line| line.contains(&key)).map(|line| line[..9].to_owned()).collect()
    };
    assert_eq!(record.panels[0].estimators[0].tolerance, ToleranceClass::Exact);
    assert_eq!(pinned(&record, "params"), ["exact    "; 20]);
    assert_eq!(pinned(&record, "jacob_cov"), ["numeric  "; 20]);
    assert!(pinned(&record, "synflow_(gaussian)").is_empty(), "scores of a variant");
    record.panels[0].estimators[2].kind = EstimatorKind::Vote;
    assert!(pinned(&record, "jacob_cov").is_empty(), "scores of a vote");
    assert_eq!(pinned(&record, "params").len(), 20);
}

#[test]
fn a_golden_file_has_its_numbers_below_its_head() {
    assert_eq!(golden::body("---\nsource: a\n---\nexact    truth.rows = 5\n---\n"), "exact    truth.rows = 5\n---\n");
    assert_eq!(golden::body("exact    truth.rows = 5\n"), "exact    truth.rows = 5\n");
}

#[test]
fn a_table_is_parted_where_it_would_break_a_cell_and_nowhere_else() {
    let row = ["name", "1234", "5678"].map(str::to_owned).to_vec();
    let table = crate::text_table::TextTable::new(&[("key", false), ("a", true), ("b", true)], vec![row]);
    // Three cells of four characters, two spaces between them, and one of padding at the end.
    let whole = "key      a     b\n─────────────────\nname  1234  5678\n";
    let parts = "key      a\n───────────\nname  1234\n\nkey      b\n───────────\nname  5678\n";
    for width in [17, 18, 80, u16::MAX] {
        assert_eq!(table.terminal(width), whole, "{width}");
    }
    for width in 11..17 {
        assert_eq!(table.terminal(width), parts, "{width}");
    }
}

#[test]
fn scores_that_are_not_judged_may_be_lost() {
    let lost = Score::NonFinite(Reason::Nan);
    for class in [Tolerance::Order, Tolerance::Reported] {
        assert!(class.allows_scores(lost, Score::Finite(1.0), 1.0), "{class:?}");
        assert!(class.allows_scores(lost, Score::NonFinite(Reason::PositiveInfinity), 1.0), "{class:?}");
    }
    for class in [Tolerance::Exact, Tolerance::Math, Tolerance::Numeric, Tolerance::Cross] {
        assert!(!class.allows_scores(lost, Score::Finite(1.0), 1.0), "{class:?}");
        assert!(!class.allows_scores(lost, Score::NonFinite(Reason::PositiveInfinity), 1.0), "{class:?}");
        assert!(class.allows_scores(lost, lost, 1.0), "{class:?}");
    }
}
