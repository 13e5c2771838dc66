//! Tests by value of what the reports say about cases that the other tests' records do not have.

use nas_assay_criteria::{Comparison, Verdict};
use nas_assay_schema::estimator::{EstimatorKind, Reason, Score, ToleranceClass};
use nas_assay_schema::store::record::{ComparisonRecord, PanelRecord, Record};

use crate::estimator_check::{self, GoldenCheck, SpaceCheck};
use crate::panel_summary::PanelSummary;
use crate::tolerance::Tolerance;
use crate::value_text::NONE;
use crate::{Format, Leaderboard, analysis_tables, fixture, golden, summary_tables};

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
    let summary = PanelSummary::new(&panel);
    let whole = summary_tables::summaries(&summary, None);
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
    let parted = |width: u16| summary_tables::summaries(&summary, Some(width));
    assert_eq!((whole.len(), parted(needed).len(), parted(needed - 1).len()), (1, 1, 2));
    let headings = |table: &crate::text_table::TextTable| table.markdown().lines().next().unwrap().to_owned();
    assert_eq!(
        parted(needed - 1).iter().map(headings).collect::<Vec<_>>(),
        [
            "| estimator | tau-b | 95 % interval | Spearman | published tau-b | difference |",
            "| estimator | P@top 5 % | P@bottom 5 % | BR@5 % | WR@5 % | not finite | ties |",
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
        let text = estimator_check::terminal("synflow", &[check(golden)], true, 200);
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
    assert!(!estimator_check::terminal("mine", &[check(None)], false, 200).contains("golden"));
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
    let text = estimator_check::terminal("synflow", &[check], true, 200);
    let row = text.lines().find(|line| line.starts_with("nb201 ")).unwrap();
    let [params, flops] = [format!("{:+.3}", first_difference(&record)), "+0.125".to_owned()];
    assert!(row.find(&params).unwrap() < row.find(&flops).unwrap(), "{row}");
}

fn first_difference(record: &Record) -> f64 {
    record.panels[0].analyses.comparisons[0].outcome.difference.unwrap()
}

#[test]
fn scores_are_pinned_by_the_class_of_their_estimator() {
    let mut record = fixture::whole(20);
    let pinned = |record: &_, key: &str| -> Vec<String> {
        let text = golden::pinned(record);
        let key = format!(" representatives.{key}#");
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

#[test]
fn a_relative_tolerance_grows_with_the_numbers() {
    for class in [Tolerance::Math, Tolerance::Numeric] {
        for size in [1e-9, 1.0, 1e9] {
            let agrees = |share: f64| class.allows_values(Some(size), Some(size * (1.0 + share)));
            assert!(agrees(5e-13) && agrees(-5e-13), "{class:?} of {size}");
            assert!(!agrees(2e-12) && !agrees(-2e-12), "{class:?} of {size}");
        }
    }
}

/// The cells of the first rows of the page's summary that are bold, by estimator.
fn bold(record: &Record) -> Vec<(String, Vec<usize>)> {
    let page = crate::html(record, None).unwrap();
    let table = page.split_once("<tbody>").unwrap().1.split_once("</tbody>").unwrap().0;
    let row = |row: &str| {
        let name = row.split_once("class=\"name\">").unwrap().1.split_once('<').unwrap().0.to_owned();
        let cells = row.split("<td class=\"number").skip(1).enumerate();
        (name, cells.filter(|(_, cell)| cell.starts_with(" best")).map(|(place, _)| place).collect())
    };
    table.split("<tr>").skip(1).map(row).collect()
}

#[test]
fn the_best_value_of_a_column_is_bold_by_the_direction_of_the_column() {
    let mut record = fixture::record(120);
    record.panels[0].estimators.truncate(3);
    // Tau-b, the paired test, Spearman, the published value, P@top, BR@5 %: of the rankings the lowest is the best.
    for (estimator, value) in record.panels[0].estimators.iter_mut().zip([-0.5, -0.25, -0.75]) {
        let criteria = &mut estimator.criteria;
        (criteria.kendall.tau_b, criteria.spearman) = (Some(value), Some(-1.0 - value));
        criteria.precision.iter_mut().for_each(|at| (at.top, at.bottom) = (1.0 + value, -value));
        criteria.ranking.iter_mut().for_each(|at| (at.best, at.worst) = (1.0 + value, -value));
    }
    let expected = [("params", vec![]), ("synflow", vec![0, 4]), ("jacob_cov", vec![2, 5])];
    assert_eq!(bold(&record), expected.clone().map(|(name, cells)| (name.to_owned(), cells)));
    // Equal values are both the best; an undefined one never is.
    let criteria =
        |record: &mut Record, place: usize, tau| record.panels[0].estimators[place].criteria.kendall.tau_b = tau;
    criteria(&mut record, 0, Some(-0.25));
    assert_eq!(bold(&record)[0].1, [0]);
    for place in 0..3 {
        criteria(&mut record, place, None);
    }
    assert!(bold(&record).iter().all(|row| !row.1.contains(&0)));
}

#[test]
fn only_a_board_with_further_columns_says_which_one_ranks_use() {
    let one = fixture::record(40);
    let two = Record { spec_hash: "4".repeat(64), ..fixture::record(30) };
    let legends = |all: bool| {
        let text = Leaderboard::new(&[one.clone(), two.clone()], all).text(300);
        text.lines().filter(|line| line.starts_with('[')).map(str::to_owned).collect::<Vec<_>>()
    };
    let line = |number: u32, rows: u32, hash: &str, end: &str| {
        format!(
            "[{number}] nb201-example, panel representatives: {rows} architectures, the benchmark's truth, {hash}@cpu{end}"
        )
    };
    assert_eq!(legends(false), [line(1, 40, "3f2a9c1e3f2a", "")]);
    assert_eq!(legends(true), [line(1, 40, "3f2a9c1e3f2a", ", used for the ranks"), line(2, 30, "444444444444", "")]);
}

#[test]
fn labels_of_losses_have_decimals_below_ten() {
    let mut record = fixture::record(20);
    let labels = |record: &Record| -> Vec<String> {
        let page = crate::html(record, None).unwrap();
        let chart = page.split_once("id=\"curve-loss-title\"").unwrap().1.split_once("</svg>").unwrap().0.to_owned();
        let texts = chart.split("<text class=\"end\"").skip(1).map(|rest| rest.split_once('>').unwrap().1);
        texts.map(|rest| rest.split_once('<').unwrap().0.to_owned()).collect()
    };
    for (loss, expected) in [(2.0, ["0.0", "0.5", "1.0", "1.5", "2.0"]), (20.0, ["0.0", "5.0", "10", "15", "20"])] {
        for epoch in record.supernets.iter_mut().flat_map(|supernet| &mut supernet.epochs) {
            epoch.loss = loss;
        }
        assert_eq!(labels(&record), expected);
    }
}

#[test]
fn the_board_marks_the_best_of_each_space_and_what_is_above_params() {
    let mut record = fixture::record(40);
    record.panels[0].estimators.truncate(4);
    let taus = [Some(0.25), Some(0.5), None, Some(-0.5)];
    for (estimator, tau) in record.panels[0].estimators.iter_mut().zip(taus) {
        estimator.criteria.kendall.tau_b = tau;
    }
    for (test, verdict) in
        record.panels[0].analyses.comparisons.iter_mut().zip([Verdict::Better, Verdict::Worse, Verdict::Undecided])
    {
        test.outcome.verdict = verdict;
    }
    let page = Leaderboard::new(&[record], false).render(Format::Html).unwrap();
    let body = page.split_once("<tbody>").unwrap().1.split_once("</tbody>").unwrap().0;
    let marks: Vec<[bool; 2]> = body
        .split("<tr>")
        .skip(1)
        .map(|row| {
            let cell = row.rsplit_once("<td").unwrap().1;
            [cell.contains("number best"), cell.contains('▲')]
        })
        .collect();
    // #Params, then by rank: the best one, which is better, then one that is worse, then one without a rank.
    assert_eq!(marks, [[false, false], [true, true], [false, false], [false, false]]);
}
