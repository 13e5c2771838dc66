//! The worth of invented records, computed once more in other ways.

use nas_assay_base::seed::Seed;
use nas_assay_criteria::ceiling::{self, in_tops};
use nas_assay_criteria::{CriteriaConfig, Verdict, evaluate};
use nas_assay_schema::estimator::{EstimatorKind, Score};
use nas_assay_schema::store::record::EstimatorRecord;
use nas_assay_schema::truth::measured::MeasuredTable;
use nas_assay_spaces::{Architecture, SpaceId, Structure};

use super::*;
use crate::checkpoints::latest;
use crate::{Beside, Format, Leaderboard, PanelSummary, fixture, terminal};

/// Three runs of the architectures of a record: its true value and noise. In the fixture's record accuracies are around 91 % with a deviation
/// of one point. `ms` for numbers of the unit of [`fixture::latencies`].
fn runs(record: &Record, chosen: &[&str], ms: bool) -> Runs {
    let mut stream = Seed::root(3).stream();
    let mut text = "architecture,seed_1,seed_2,seed_3\n".to_owned();
    for row in &record.panels[0].architectures {
        let accuracy = if ms { 1.0 - row.truth.unwrap() } else { row.truth.unwrap() };
        text += &row.architecture;
        for _ in 0..3 {
            let run = accuracy + 0.003 * stream.normal();
            text += &format!(",{}", if ms { 1.0 - run } else { (100.0 * run * 1e9).round() / 1e9 });
        }
        text += "\n";
    }
    let table = MeasuredTable::parse(SpaceId::Nb201, "made.csv", text.as_bytes(), ms.then_some("ms")).unwrap();
    Runs::of_measured(&table, chosen).unwrap().unwrap()
}

/// What another training reaches over all architectures.
fn attainable(worth: &Worth, averaged: bool) -> f64 {
    let KnownCeiling::Known { ceiling, .. } = &worth.panels[0].ceiling else { panic!("{worth:?}") };
    ceiling.attainable(1.0, averaged).unwrap()
}

const ALL_RUNS: [&str; 3] = ["seed_1", "seed_2", "seed_3"];

fn judged(rows: usize) -> (Record, Worth) {
    let record = fixture::record(rows);
    let worth = Worth::of(&record, Ok(&runs(&record, &ALL_RUNS, false)));
    (record, worth)
}

fn architectures(record: &Record) -> Vec<Architecture> {
    let parse =
        |row: &nas_assay_schema::store::record::ArchitectureRow| Architecture::parse(SpaceId::Nb201, &row.architecture);
    record.panels[0].architectures.iter().map(|row| parse(row).unwrap()).collect()
}

#[test]
fn estimators_have_the_tau_of_the_record_and_its_share() {
    let (record, worth) = judged(240);
    let (panel, found) = (&record.panels[0], worth.panel("representatives").unwrap());
    // The best 5 % are 12, and the best 1 % are 2.
    assert_eq!((found.architectures, found.tops.as_slice()), (240, &[1.0, 0.5, 0.2, 0.1, 0.05][..]));
    let KnownCeiling::Known { runs: names, truth_is_mean: true, ceiling } = &found.ceiling else { panic!("{found:?}") };
    assert_eq!((names.as_slice(), ceiling.rows, ceiling.runs), (&ALL_RUNS.map(str::to_owned)[..], 240, 3));
    let truth = panel.truth().unwrap();
    let estimators: Vec<&WorthRow> = found.rows.iter().filter(|row| row.structure.is_none()).collect();
    assert_eq!(estimators.len(), panel.estimators.len());
    for (row, of) in estimators.into_iter().zip(&panel.estimators) {
        assert_eq!((&row.name, row.tops[0].tau_b), (&of.label(), of.criteria.kendall.tau_b));
        assert_eq!(row.tops, in_tops(&truth, &of.oriented(), &found.tops));
        for ((at, part), top) in row.tops.iter().zip(&row.shares).zip(&ceiling.tops) {
            assert_eq!(*part, at.tau_b.map(|tau| tau / top.rest.unwrap()), "{} {}", row.name, at.fraction);
        }
        assert_eq!(found.share(&row.name), row.shares[0]);
    }
    // A truth of one run is followed by another run, not by a mean.
    let one = Worth::of(&record, Ok(&runs(&record, &["seed_2"], false)));
    let row = &one.panels[0].rows[0];
    assert_eq!(row.shares[0], row.tops[0].tau_b.map(|tau| tau / ceiling.tops[0].single.unwrap()));
    assert_eq!(found.share("nothing"), None);
}

#[test]
fn structural_baselines_are_judged_as_the_estimators_of_a_record_are() {
    let (record, worth) = judged(240);
    let (truth, found) = (record.panels[0].truth().unwrap(), &worth.panels[0]);
    let named = |name: &str| found.rows.iter().find(|row| row.name == name && row.structure.is_some()).unwrap();
    for &structure in Structure::of(SpaceId::Nb201) {
        let counts: Vec<f64> =
            architectures(&record).into_iter().map(|one| structure.count(one).unwrap() as f64).collect();
        let criteria = evaluate(&truth, &counts, &CriteriaConfig::default(), Seed::root(1).child("bootstrap")).unwrap();
        let row = named(structure.name());
        assert_eq!(row.tops[0].tau_b, criteria.kendall.tau_b, "{}", row.name);
        let of = row.structure.as_ref().unwrap();
        assert_eq!((of.interval, of.version), (criteria.kendall.interval, SpaceId::Nb201.version()));
        let alike = (structure == Structure::LiveFlops).then(|| "live_params".to_owned());
        assert_eq!(of.ranks_as, alike, "{}", row.name);
    }
    // A baseline of the record with these counts makes the one here superfluous.
    let mut other = record.clone();
    let counts = architectures(&record).into_iter().map(|one| Structure::LiveParams.count(one).unwrap() as f64 / 8.0);
    other.panels[0].estimators[0].scores = counts.map(Score::Finite).collect();
    let other = Worth::of(&other, Err(&NoRuns::One));
    let own: Vec<&str> = other.panels[0].structures().map(|(row, _)| row.name.as_str()).collect();
    assert_eq!(own, ["live_convs", "depth"]);
    let alike = other.panels[0].rows.iter().find(|row| row.name == "live_params").unwrap();
    assert_eq!(alike.structure.as_ref().unwrap().ranks_as.as_deref(), Some("params"));
}

#[test]
fn every_estimator_is_tested_against_every_structural_baseline() {
    let (record, worth) = judged(240);
    let found = &worth.panels[0];
    let names = ["live_params", "live_convs", "depth"];
    let labels: Vec<String> = record.panels[0].estimators.iter().map(EstimatorRecord::label).collect();
    let mut due: Vec<(String, String)> =
        labels.iter().flat_map(|label| names.map(|name| (label.clone(), name.to_owned()))).collect();
    due.extend(names.map(|name| (name.to_owned(), "params".to_owned())));
    let tests: Vec<_> = found.comparisons.iter().map(|test| (test.estimator.clone(), test.with.clone())).collect();
    assert_eq!(tests, due);
    for test in &found.comparisons {
        let tau = |name: &String| found.rows.iter().find(|row| row.name == *name).unwrap().tops[0].tau_b.unwrap();
        let difference = tau(&test.estimator) - tau(&test.with);
        assert_eq!(test.outcome.difference, Some(difference));
        let interval = test.outcome.interval.unwrap();
        let verdict = match (interval.lower > 0.0, interval.upper < 0.0) {
            (true, _) => Verdict::Better,
            (_, true) => Verdict::Worse,
            _ => Verdict::Undecided,
        };
        assert_eq!((test.outcome.verdict, interval.resamples), (verdict, 1000), "{test:?}");
    }
    // The counts of the fixture have nothing to do with its truth, and the one-shot loss much.
    let best = found.comparisons.iter().filter(|test| test.estimator.starts_with("oneshot_loss"));
    assert!(best.into_iter().all(|test| test.outcome.verdict == Verdict::Better));
}

#[test]
fn dead_architectures_are_counted_and_left_out() {
    let (record, worth) = judged(240);
    let all: Vec<_> = architectures(&record).into_iter().map(|one| one.liveness().unwrap()).collect();
    let rows =
        |keep: fn(&nas_assay_spaces::Liveness) -> bool| (0..240).filter(|&row| keep(&all[row])).collect::<Vec<_>>();
    let (whole, trained, heard) = (rows(|of| of.dead == 0), rows(|of| of.convolutions > 0), rows(|of| of.has_output));
    let dead = worth.panels[0].dead.unwrap();
    let counts = [dead.with_dead_operations, dead.without_convolution, dead.without_output];
    assert_eq!(counts, [240 - whole.len(), 240 - trained.len(), 240 - heard.len()]);
    assert!(counts.iter().all(|&count| count > 0) && counts[0] != counts[1], "{counts:?}");
    // The same record without them.
    for (keep, of) in [
        (whole, (|row: &WorthRow| row.without_dead_operations) as fn(&WorthRow) -> Option<f64>),
        (trained, |row: &WorthRow| row.with_live_convolutions),
    ] {
        let mut less = record.clone();
        let panel = &mut less.panels[0];
        panel.architectures = keep.iter().map(|&row| panel.architectures[row].clone()).collect();
        for estimator in &mut panel.estimators {
            estimator.scores = keep.iter().map(|&row| estimator.scores[row]).collect();
        }
        let less = Worth::of(&less, Err(&NoRuns::One));
        for (row, alone) in worth.panels[0].rows.iter().zip(&less.panels[0].rows) {
            assert_eq!((&row.name, of(row)), (&alone.name, alone.tops[0].tau_b));
        }
    }
}

#[test]
fn a_space_without_connections_has_no_dead_architectures() {
    let mut record = fixture::record(40);
    record.space = "nds_resnet".to_owned();
    for (place, row) in record.panels[0].architectures.iter_mut().enumerate() {
        row.architecture = format!("d{},1,1 w{},16,16", [1, 2, 3, 4][place % 4], [16, 24, 32, 40, 48][place / 8]);
    }
    let worth = Worth::of(&record, Err(&NoRuns::Means));
    let names: Vec<&str> = worth.panels[0].structures().map(|(row, _)| row.name.as_str()).collect();
    assert_eq!(names, ["live_params", "live_flops", "depth", "log_width_sum"]);
    assert!(worth.panels[0].dead.is_none());
    assert_eq!(
        worth.panels[0].ceiling,
        KnownCeiling::Unknown("the truth table holds means over runs, and not the runs".to_owned())
    );
    // Of an unknown space only the estimators are known.
    record.space = "elsewhere".to_owned();
    let worth = Worth::of(&record, Err(&NoRuns::One));
    assert!(worth.panels[0].rows.len() == 5 && worth.panels[0].comparisons.is_empty());
}

/// The text of the table with this title.
fn table_of(record: &Record, worth: &Worth, title: &str) -> Option<String> {
    let found = tables(&record.panels[0], &worth.panels[0]);
    found.into_iter().find(|titled| titled.title == title).map(|titled| titled.table.markdown())
}

#[test]
fn only_last_checkpoints_are_compared_and_shown() {
    let record = fixture::whole(240);
    let worth = Worth::of(&record, Err(&NoRuns::One));
    let last: Vec<String> =
        latest(&record.panels[0].estimators).into_iter().map(|at| record.panels[0].estimators[at].label()).collect();
    let all: Vec<String> = record.panels[0].estimators.iter().map(EstimatorRecord::label).collect();
    assert!(last.len() < all.len());
    let tested = |label: &String| worth.panels[0].comparisons.iter().any(|test| test.estimator == *label);
    assert!(all.iter().all(|label| tested(label) == last.contains(label)));
    let text = table_of(&record, &worth, "Tau-b in tops of the truth").unwrap().replace('\\', "");
    assert!(all.iter().all(|label| text.contains(&format!("| {label} |")) == last.contains(label)), "{text}");
    // All of them have their tau.
    assert_eq!(worth.panels[0].rows.iter().filter(|row| row.structure.is_none()).count(), all.len());
}

#[test]
fn fewer_down_samplings_are_taken_as_better() {
    let mut record = fixture::record(40);
    record.space = "tnb101_macro".to_owned();
    let networks = nas_assay_spaces::TableSpace::Tnb101Macro.all().step_by(80);
    for (row, network) in record.panels[0].architectures.iter_mut().zip(networks) {
        row.architecture = network.to_string();
        row.truth = Some(0.9 - 0.1 * f64::from(network.down_samplings().unwrap()));
    }
    let worth = Worth::of(&record, Err(&NoRuns::One));
    let row = worth.panels[0].rows.iter().find(|row| row.name == "down_samplings").unwrap();
    assert_eq!(row.tops[0].tau_b, Some(1.0));
}

#[test]
fn an_estimator_that_ranks_as_a_count_does_not_take_its_place() {
    let mut record = fixture::record(60);
    let counts = architectures(&record).into_iter().map(|one| Structure::LiveConvolutions.count(one).unwrap() as f64);
    record.panels[0].estimators[1].scores = counts.map(Score::Finite).collect();
    let worth = Worth::of(&record, Err(&NoRuns::One));
    let test = worth.panels[0].comparisons.iter().find(|test| test.estimator == "synflow" && test.with == "live_convs");
    assert!(test.unwrap().outcome.is_equal());
}

#[test]
fn with_two_runs_there_is_one_other() {
    let record = fixture::record(40);
    let mut text = "architecture,seed_1,seed_2\n".to_owned();
    for (place, row) in record.panels[0].architectures.iter().enumerate() {
        let accuracy = 100.0 * row.truth.unwrap();
        text += &format!("{},{accuracy},{}\n", row.architecture, accuracy + [0.3, -0.2, 0.1][place % 3]);
    }
    let table = MeasuredTable::parse(SpaceId::Nb201, "made.csv", text.as_bytes(), None).unwrap();
    let runs = Runs::of_measured(&table, &["seed_1", "seed_2"]).unwrap().unwrap();
    let worth = Worth::of(&record, Ok(&runs));
    let line = lines(&worth.panels[0]).remove(0);
    assert!(line.ends_with(" with the other run. A share is a tau-b divided by that."), "{line}");
    let title = "What another training reaches: tau-b of a run, in tops of the truth";
    assert_eq!(table_of(&record, &worth, title).unwrap().lines().count(), 2 + 1);
    let (record, worth) = judged(40);
    assert_eq!(table_of(&record, &worth, title).unwrap().lines().count(), 2 + 2);
    let line = lines(&worth.panels[0]).remove(0);
    assert!(line.ends_with(" by the one with the mean, since the truth is a mean."), "{line}");
    let one = Worth::of(&record, Ok(&runs_of_one(&record)));
    assert!(lines(&one.panels[0])[0].ends_with(" by the one with another run, since the truth is one run."));
}

/// It beside a record, and nothing else.
fn with(worth: &Worth) -> Beside<'_> {
    Beside { worth: Some(worth), ..Beside::default() }
}

fn runs_of_one(record: &Record) -> Runs {
    runs(record, &["seed_1"], false)
}

#[test]
fn where_nothing_is_dead_there_is_nothing_to_leave_out() {
    let mut record = fixture::record(20);
    let is_whole = |one: &Architecture| one.liveness().is_some_and(|of| of.dead == 0 && of.convolutions > 0);
    let cells = nas_assay_spaces::nb201::Architecture::all().map(Architecture::from).filter(is_whole).step_by(97);
    for (row, cell) in record.panels[0].architectures.iter_mut().zip(cells) {
        row.architecture = cell.to_string();
    }
    let title = "Tau-b without dead architectures";
    let worth = Worth::of(&record, Err(&NoRuns::One));
    let none = "Dead architectures: of 20, 0 have an operation that does not act on the output, 0 have no output, and 0 have no live convolution.";
    assert_eq!((lines(&worth.panels[0])[1].as_str(), table_of(&record, &worth, title)), (none, None));
    // One edge is taken, and only it is dead.
    record.panels[0].architectures[3].architecture =
        "|none~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_1x1~0|none~1|none~2|".to_owned();
    record.panels[0].architectures[5].architecture = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|".to_owned();
    let worth = Worth::of(&record, Err(&NoRuns::One));
    let one = "Dead architectures: of 20, 1 has an operation that does not act on the output, 1 has no output, and 1 has no live convolution.";
    assert_eq!(lines(&worth.panels[0])[1], one);
    assert!(table_of(&record, &worth, title).unwrap().contains("the 19 without a dead operation"));
}

#[test]
fn a_lower_truth_may_be_better() {
    let (accuracies, latencies) = (fixture::whole(120), fixture::latencies(120));
    let high = Worth::of(&accuracies, Ok(&runs(&accuracies, &ALL_RUNS, false)));
    let low = Worth::of(&latencies, Ok(&runs(&latencies, &ALL_RUNS, true)));
    // Gains and regrets have a test of their own.
    let plain = |worth: &Worth| -> Vec<WorthRow> {
        worth.panels[0].rows.iter().map(|row| WorthRow { detail: None, ..row.clone() }).collect()
    };
    assert_eq!(plain(&high), plain(&low));
    assert_eq!(high.panels[0].ceiling, low.panels[0].ceiling);
}

#[test]
fn architectures_that_lack_a_run_are_left_out_of_the_ceiling() {
    let record = fixture::record(60);
    let mut known = fixture::record(60);
    known.panels[0].architectures.truncate(25);
    let worth = Worth::of(&record, Ok(&runs(&known, &ALL_RUNS, false)));
    let KnownCeiling::Known { ceiling, .. } = &worth.panels[0].ceiling else { panic!("{worth:?}") };
    assert_eq!((ceiling.rows, worth.panels[0].architectures), (25, 60));
    assert!(
        lines(&worth.panels[0])[0]
            .starts_with("Noise ceiling: 25 of 60 architectures have 3 runs (seed_1, seed_2, seed_3).")
    );
    known.panels[0].architectures.truncate(9);
    let few = Worth::of(&record, Ok(&runs(&known, &ALL_RUNS, false)));
    assert_eq!(lines(&few.panels[0])[0], "Noise ceiling: unknown, because 9 of 60 architectures have all runs.");
    // The true value of another encoding has the runs of that one.
    let mut borrowed = record.clone();
    for row in &mut borrowed.panels[0].architectures[25..] {
        row.truth_of = Some(record.panels[0].architectures[0].architecture.clone());
    }
    known = fixture::record(60);
    known.panels[0].architectures.truncate(25);
    let worth = Worth::of(&borrowed, Ok(&runs(&known, &ALL_RUNS, false)));
    assert!(matches!(&worth.panels[0].ceiling, KnownCeiling::Known { ceiling, .. } if ceiling.rows == 60));
}

#[test]
fn the_worth_at_100_columns() {
    let (record, worth) = judged(240);
    let mut text = lines(&worth.panels[0]).join("\n");
    for Titled { title, table } in all_tables(&record.panels[0], &worth.panels[0], TrueValues::of(&record)) {
        text += &format!("\n\n{title}\n{}", table.terminal(100));
    }
    insta::assert_snapshot!(text);
}

#[test]
fn every_format_has_the_worth_and_is_the_same_without() {
    let (record, worth) = judged(240);
    let beside = with(&worth);
    let share = share(worth.panels[0].rows[0].shares[0]);
    let tau = worth.panels[0].rows[0].shares[0].unwrap().to_string();
    let texts: Vec<String> = Format::ALL.map(|format| format.render(&record, beside).unwrap()).into_iter().collect();
    let texts: Vec<String> = texts.into_iter().chain([terminal(&record, beside, 200)]).collect();
    let plain: Vec<String> = Format::ALL.map(|format| format.render(&record, None).unwrap()).into_iter().collect();
    let plain: Vec<String> = plain.into_iter().chain([terminal(&record, None, 200)]).collect();
    for (text, plain) in texts.iter().zip(&plain) {
        let text = text.replace('\u{a0}', " ").replace("\\_", "_").replace("\\,\\%", " %");
        assert!(text.contains(&share) || text.contains(&tau), "{share} {tau}: {text}");
        assert!(text.contains("live_convs") && !plain.contains("live_convs"), "{text}");
        assert!(text.to_lowercase().contains("noise ceiling") || text.contains("\"ceiling\""), "{text}");
        assert!(!plain.contains("attainable"), "{plain}");
    }
    // The table of a narrow terminal has the column too, and keeps its ends.
    let narrow = terminal(&record, beside, 80);
    let counts = ["attainable", "published", "difference", "WR@5", "not", "ties"].map(|heading| {
        let summary = narrow.split("Published figures").next().unwrap_or_default();
        // After the plain sentences.
        summary.split_once("\nestimator ").map_or("", |(_, rest)| rest).matches(heading).count()
    });
    assert_eq!(counts, [1; 6], "{narrow}");
    assert!(texts[0].replace('\u{a0}', " ").contains(&format!(", {share} of attainable</span>")), "{}", texts[0]);
    let summary = PanelSummary::with_worth(&record.panels[0], Some(&worth.panels[0]));
    let shares = summary.estimators.iter().map(|row| row.attainable_share);
    assert!(shares.eq(record.panels[0].estimators.iter().map(|of| worth.panels[0].share(&of.label()))));
    let csv = Format::Csv.render(&record, beside).unwrap();
    let dead = worth.panels[0].dead.unwrap();
    let due = [
        ("dead architectures,,,,,architectures with dead operations", dead.with_dead_operations as f64),
        ("dead architectures,,,,,architectures without output", dead.without_output as f64),
        ("dead architectures,,,,,architectures without live convolution", dead.without_convolution as f64),
        ("synflow,,1,,,tau_b with a live convolution", worth.panels[0].rows[1].with_live_convolutions.unwrap()),
        ("synflow,,1,,,tau_b without dead operations", worth.panels[0].rows[1].without_dead_operations.unwrap()),
        ("synflow,,1,,,share of attainable in truth's top 10%", worth.panels[0].rows[1].shares[3].unwrap()),
        (
            "live_convs,,1,,,tau_b in truth's top 20%",
            worth.panels[0].structures().nth(1).unwrap().0.tops[2].tau_b.unwrap(),
        ),
        ("noise ceiling,,,,,tau_b with another run in all", attainable(&worth, false)),
        ("noise ceiling,,,,,tau_b with the mean of the other runs in all", attainable(&worth, true)),
    ];
    for (row, value) in due {
        assert!(csv.contains(&format!(",{row},here,{value},")), "{row} {value}:\n{csv}");
    }
    let test = worth.panels[0].comparisons.iter().find(|test| test.estimator == "synflow").unwrap();
    let interval = test.outcome.interval.unwrap();
    let [difference, lower, upper] = [test.outcome.difference.unwrap(), interval.lower, interval.upper];
    assert!(csv.contains(&format!(",synflow,,1,,,tau_b less live_params,here,{difference},{lower},{upper},")), "{csv}");
    let json = serde_json::to_string(&worth).unwrap();
    assert_eq!(serde_json::from_str::<Worth>(&json).unwrap(), worth);
}

/// More than all of what is attainable puzzles readers. The first tables say it in a word, and others have the number.
#[test]
fn what_is_at_least_attainable_is_said_in_a_word_and_its_number_is_in_the_detail() {
    let texts = [None, Some(0.994), Some(0.996), Some(1.0), Some(1.1)].map(share_reached);
    assert_eq!(texts, ["–", "99 %", "100 %", "all", "all"]);
    let (record, mut worth) = judged(240);
    worth.panels[0].rows[1].shares[0] = Some(1.1);
    let beside = with(&worth);
    let short = crate::brief(&record, beside, 200);
    let row = short.lines().find(|line| line.starts_with("synflow ")).unwrap();
    assert!(row.contains(" all ") && !short.contains("110 %"), "{short}");
    let page = Format::Html.render(&record, beside).unwrap().replace('\u{a0}', " ");
    assert!(page.contains(", all of attainable</span>") && !page.contains("110 % of attainable"));
    for text in [page, terminal(&record, beside, 200), Format::Markdown.render(&record, beside).unwrap()] {
        let tau = worth.panels[0].rows[1].tops[0].tau_b.unwrap();
        assert!(text.contains(&format!("{tau:.3}, 110 %")), "{text}");
    }
    let csv = Format::Csv.render(&record, beside).unwrap();
    assert!(csv.contains(",synflow,,1,,,share of attainable in all,here,1.1,"), "{csv}");
}

#[test]
fn no_control_character_of_a_name_reaches_a_report() {
    let mut record = fixture::record(40);
    record.panels[0].name = "all\u{1b}[2J".to_owned();
    record.panels[0].estimators[1].id = "mine\u{9b}".to_owned();
    let worth = Worth::of(&record, Err(&NoRuns::Unread { file: "\u{7}".to_owned() }));
    let beside = with(&worth);
    for text in [
        terminal(&record, beside, 100),
        Format::Markdown.render(&record, beside).unwrap(),
        Format::Html.render(&record, beside).unwrap(),
        Format::Csv.render(&record, beside).unwrap(),
    ] {
        assert!(!text.chars().any(|letter| matches!(letter, '\u{1b}' | '\u{9b}' | '\u{7}')), "{text}");
        assert!(text.replace("\\_", "_").contains("live_convs"), "the panel is found by its name: {text}");
    }
}

#[test]
fn structural_baselines_have_rows_on_the_leaderboard() {
    let (record, worth) = judged(240);
    let plain = Leaderboard::new(std::slice::from_ref(&record), false);
    let board = Leaderboard::beside(std::slice::from_ref(&record), &[with(&worth)], false);
    let added: Vec<&str> = board.rows.iter().map(|row| row.estimator.as_str()).collect();
    let known: Vec<&str> = plain.rows.iter().map(|row| row.estimator.as_str()).collect();
    let mut new: Vec<&str> = added.iter().filter(|name| !known.contains(name)).copied().collect();
    new.sort_unstable();
    assert_eq!(new, ["depth", "live_convs", "live_params"]);
    assert_eq!(added.len(), known.len() + 3);
    let row = board.rows.iter().find(|row| row.estimator == "live_convs").unwrap();
    let (cell, of) = (
        row.cells[0].as_ref().unwrap(),
        worth.panels[0].structures().find(|(row, _)| row.name == "live_convs").unwrap(),
    );
    let params = record.panels[0].estimators[0].criteria.kendall.tau_b.unwrap();
    let test = worth.panels[0]
        .comparisons
        .iter()
        .find(|test| test.estimator == "live_convs" && test.with == "params")
        .unwrap();
    assert_eq!((row.kind, cell.tau_b), (EstimatorKind::Baseline, of.0.tops[0].tau_b));
    assert_eq!(
        (cell.above_params, cell.against_params),
        (cell.tau_b.map(|tau| tau - params), Some(test.outcome.verdict))
    );
    assert_eq!(cell.interval, of.1.interval.map(|interval| [interval.lower, interval.upper]));
    // Estimators keep their numbers; an estimator of that name keeps its row.
    let mut other = record.clone();
    other.panels[0].estimators[2].id = "live_convs".to_owned();
    let board = Leaderboard::beside(&[other.clone()], &[with(&Worth::of(&other, Err(&NoRuns::One)))], false);
    let row = board.rows.iter().find(|row| row.estimator == "live_convs").unwrap();
    assert_eq!(row.cells[0].as_ref().unwrap().tau_b, other.panels[0].estimators[2].criteria.kendall.tau_b);
}

#[test]
fn few_architectures_or_no_truth_have_no_worth() {
    assert!(Worth::of(&fixture::record(9), Err(&NoRuns::One)).panels.is_empty());
    assert!(Worth::of(&fixture::without_truth(40), Err(&NoRuns::One)).panels.is_empty());
    let worth = Worth::of(&fixture::record(10), Err(&NoRuns::One));
    assert_eq!(worth.panels[0].tops, [1.0]);
    assert_eq!(ceiling::share(0.0, 1.0), Some(0.0));
}
