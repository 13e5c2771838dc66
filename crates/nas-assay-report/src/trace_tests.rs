//! Every number of a report is traced to the record, and back: over a record whose numbers all differ, each table of each form is what
//! these tests lay out themselves, and no other number is shown.

use std::collections::BTreeSet;

use nas_assay_criteria::{Comparison, Criterion, Interval, Verdict};
use nas_assay_schema::store::record::{
    ClassRows, EstimatorRecord, PanelRecord, Published, Record, RowClass, SupernetRecord,
};

use crate::{csv, fixture, html, json, markdown};

/// Rows of the record, in the order of the fixture.
const LABELS: [&str; 9] = [
    "params",
    "synflow",
    "jacob_cov",
    "plain",
    "synflow (gaussian)",
    "oneshot_loss (seed 20, epoch 20)",
    "oneshot_loss (seed 2020, epoch 20)",
    "oneshot_loss (seed 2020, epoch 40)",
    "oneshot_loss (seed 20, epoch 40)",
];

/// The rows that are not of an earlier checkpoint, and those that are.
const LATEST: [usize; 7] = [0, 1, 2, 3, 4, 7, 8];
const EARLIER: [usize; 2] = [5, 6];

/// What is said about each row on the page.
const ABOUT: [&str; 9] = [
    "baseline, version 1, higher is better",
    "zero-shot, version 1, higher is better",
    "zero-shot, version 1, higher is better",
    "zero-shot, version 1, lower is better",
    "zero-shot, gaussian, version 1, higher is better",
    "one-shot, seed 20, epoch 20, version 1, lower is better",
    "one-shot, seed 2020, epoch 20, version 1, lower is better",
    "one-shot, seed 2020, epoch 40, version 1, lower is better",
    "one-shot, seed 20, epoch 40, version 1, lower is better",
];

fn three(value: f64) -> String {
    format!("{value:.3}")
}

fn percent(value: f64, decimals: usize) -> String {
    format!("{:.decimals$} %", 100.0 * value)
}

fn bounds(interval: Option<Interval>) -> String {
    let interval = interval.unwrap();
    format!("[{:.3}, {:.3}]", interval.lower, interval.upper)
}

fn word(outcome: &Comparison) -> &'static str {
    match outcome.verdict {
        Verdict::Better => "better",
        Verdict::Worse => "worse",
        Verdict::Undecided => "undecided",
    }
}

fn top(row: &EstimatorRecord) -> f64 {
    row.criteria.precision.iter().find(|at| at.fraction == 0.05).unwrap().top
}

fn bottom(row: &EstimatorRecord) -> f64 {
    row.criteria.precision.iter().find(|at| at.fraction == 0.05).unwrap().bottom
}

/// BR@1 %, BR@5 %, WR@5 %.
fn rankings(row: &EstimatorRecord) -> [f64; 3] {
    let at = |fraction: f64| row.criteria.ranking.iter().find(|at| at.fraction == fraction).unwrap();
    [at(0.01).best, at(0.05).best, at(0.05).worst]
}

fn published_tau(row: &EstimatorRecord) -> Option<f64> {
    let same = |published: &&Published| published.criterion == Criterion::TauB && published.differs.is_empty();
    row.published.iter().find(same).map(|published| published.value)
}

fn ties(row: &EstimatorRecord) -> String {
    if row.criteria.tie_sensitive { "matter" } else { "–" }.to_owned()
}

/// Heading, value here, published value, difference and basis of a published figure. The fixture has two kinds.
fn figure(row: &EstimatorRecord, published: &Published) -> [String; 5] {
    let [heading, ours, theirs, difference] = match published.criterion {
        Criterion::TauB => {
            let ours = row.criteria.kendall.tau_b.unwrap();
            let difference = format!("{:+.3}", ours - published.value);
            ["Kendall tau-b".to_owned(), three(ours), three(published.value), difference]
        }
        Criterion::PrecisionTop(0.05) => {
            let difference = format!("{:+.1} pp", 100.0 * (top(row) - published.value));
            ["P@top 5 %".to_owned(), percent(top(row), 1), percent(published.value, 1), difference]
        }
        other => panic!("the fixture has no published {other}"),
    };
    match &published.differs[..] {
        [] => [heading, ours, theirs, difference, "same".to_owned()],
        [one] => [heading, ours, theirs, "–".to_owned(), format!("other: {one}")],
        [one, two] => [heading, ours, theirs, "–".to_owned(), format!("other: {one}; {two}")],
        more => panic!("the fixture has no figure that differs in {more:?}"),
    }
}

fn published_rows(panel: &PanelRecord) -> Vec<Vec<String>> {
    let each = panel.estimators.iter().zip(LABELS).flat_map(|(row, label)| {
        row.published.iter().map(move |published| {
            let shown = figure(row, published);
            [&[label.to_owned()][..], &shown, std::slice::from_ref(&published.source)].concat()
        })
    });
    each.collect()
}

/// A number with a comma between thousands.
fn thousands(number: u64) -> String {
    assert!((1_000..1_000_000).contains(&number));
    format!("{},{:03}", number / 1_000, number % 1_000)
}

/// The classes of rows of the score file, with examples.
fn class_rows(panel: &PanelRecord) -> Vec<Vec<String>> {
    let row = |of: &ClassRows| {
        let first: Vec<String> = of.first.iter().map(|row| format!("line {}: {}", row.line, row.said)).collect();
        let first = if of.class == RowClass::Judged { "–".to_owned() } else { first.join("; ") };
        vec!["synflow".to_owned(), of.class.name().to_owned(), thousands(of.rows), first]
    };
    panel.coverage[0].classes.iter().map(row).collect()
}

/// What is said first of the score file.
fn first_line(panel: &PanelRecord) -> String {
    let of = |place: usize| thousands(panel.coverage[0].classes[place].rows);
    format!(
        "WARNING: synflow: {} of {} rows are judged; {} have no finite score and rank worst; {} have no finite score and are left out; \
         {} repeat earlier rows; {} are isomorphic copies of other rows; {} have other scores than earlier rows of their \
         architectures: the earlier ones count; {} do not represent their classes of isomorphic encodings; {} are not in the panel; {} have no truth; \
         {} have no readable architecture; {} have scores that are not numbers",
        of(0),
        thousands(panel.coverage[0].rows),
        of(1),
        of(2),
        of(3),
        of(4),
        of(5),
        of(6),
        of(7),
        of(8),
        of(9),
        of(10)
    )
}

fn record() -> Record {
    fixture::distinct(120)
}

/// A table: its title, its headings and its rows.
type Table = (String, Vec<String>, Vec<Vec<String>>);

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// The decimal numbers in a text.
fn decimals(text: &str) -> BTreeSet<String> {
    let parts = text.split(|letter: char| !letter.is_ascii_digit() && letter != '.');
    let parts = parts.map(|part| part.trim_matches('.')).filter(|part| part.contains('.'));
    parts.map(str::to_owned).collect()
}

/// The sentences below the tables.
fn sentences(record: &Record) -> Vec<String> {
    let two = |value| percent(value, 2);
    let (truth, check) = (record.truth.as_ref().unwrap(), &record.truth.as_ref().unwrap().verified[0]);
    let training = |supernet: &SupernetRecord| {
        let (first, last) = (&supernet.epochs[0], &supernet.epochs[39]);
        format!(
            "40 epochs, training loss {} to {}, training accuracy {} to {}.",
            three(first.loss),
            three(last.loss),
            two(first.accuracy),
            two(last.accuracy)
        )
    };
    let watched = &record.supernets[1].watched[0].architectures;
    let forgotten = |place: usize| watched[place].after_epoch - watched[place].after_step;
    vec![
        format!(
            "truth/nb201.csv, cifar10_test_group_mean: 120 architectures, from {} to {}, median {}.",
            two(truth.minimum),
            two(truth.maximum),
            two(truth.median)
        ),
        format!(
            "|skip_connect~0|, seed 20: {} in the table, {} when trained again: different.",
            two(check.expected),
            two(check.found)
        ),
        format!("Seed 20: {}", training(&record.supernets[0])),
        format!(
            "Seed 2020: {} Pruned after epoch 3: 3 of 17 architectures kept, ranked by oneshot_loss. Mean forgetting value: {} (epoch 11).",
            training(&record.supernets[1]),
            two(f64::midpoint(forgotten(0), forgotten(1)))
        ),
    ]
}

/// What the panel says in plain sentences. In the fixture the last row has the greatest tau-b, and its test is the only one that is better.
fn plainly(panel: &PanelRecord) -> String {
    let (params, last) = (&panel.estimators[0].criteria, &panel.estimators[8].criteria);
    let interval = last.kendall.interval.unwrap();
    format!(
        "Of 7 estimators, {label} comes closest to the true order of these 120 architectures: Kendall's tau-b {} (95 % interval {} to {}; 1 is \
         the true order). In paired tests at 95 %, 1 of 4 tested estimators beats params: {label}. The best baseline, params, has {}. {label} has {} \
         scores that failed; failed scores rank worst.",
        three(last.kendall.tau_b.unwrap()),
        three(interval.lower),
        three(interval.upper),
        three(params.kendall.tau_b.unwrap()),
        last.non_finite.total(),
        label = LABELS[8]
    )
}

/// The tables of a Markdown text.
fn markdown_tables(text: &str) -> Vec<Table> {
    let plain = |text: &str| text.replace('\\', "").trim().to_owned();
    let cells = |line: &str| line.trim_matches('|').split(" | ").map(plain).collect::<Vec<String>>();
    let (mut title, mut tables, mut within) = (String::new(), Vec::<Table>::new(), false);
    for line in text.lines() {
        if let Some(heading) = line.strip_prefix('#') {
            title = plain(heading.trim_start_matches('#'));
        }
        if !line.starts_with('|') {
            within = false;
        } else if !within {
            within = true;
            tables.push((title.clone(), cells(line), Vec::new()));
        } else if !line.starts_with("| ---") {
            tables.last_mut().unwrap().2.push(cells(line));
        }
    }
    tables
}

fn summary(row: &EstimatorRecord, label: &str) -> Vec<String> {
    let criteria = &row.criteria;
    let tau = criteria.kendall.tau_b.unwrap();
    let [best_1, best_5, worst_5] = rankings(row).map(|value| percent(value, 2));
    let published = published_tau(row);
    vec![
        label.to_owned(),
        three(tau),
        bounds(criteria.kendall.interval),
        three(criteria.spearman.unwrap()),
        published.map_or("–".to_owned(), three),
        published.map_or("–".to_owned(), |published| format!("{:+.3}", tau - published)),
        percent(top(row), 1),
        percent(bottom(row), 1),
        best_1,
        best_5,
        worst_5,
        match row.criteria.non_finite.total() {
            0 => "–".to_owned(),
            some => some.to_string(),
        },
        ties(row),
    ]
}

/// All tables of the Markdown report, laid out from the record.
#[allow(clippy::too_many_lines, reason = "one table after the other")]
fn expected_markdown(panel: &PanelRecord) -> Vec<Table> {
    let found = &panel.analyses;
    let said = |outcome: &Comparison| format!("{} {:+.3}", word(outcome), outcome.difference.unwrap());
    let all = panel.estimators.iter().zip(LABELS);
    let (variant, latest) = (&found.variants[0], LATEST.map(|place| (&panel.estimators[place], LABELS[place])));
    let kept = variant.kept.as_ref().unwrap();
    vec![
        (
            "representatives: 120 architectures".to_owned(),
            owned(&[
                "estimator",
                "tau-b",
                "95 % interval",
                "Spearman",
                "published tau-b",
                "difference",
                "P@top 5 %",
                "P@bottom 5 %",
                "BR@1 %",
                "BR@5 %",
                "WR@5 %",
                "not finite",
                "ties",
            ]),
            all.map(|(row, label)| summary(row, label)).collect(),
        ),
        (
            "Published figures".to_owned(),
            owned(&["estimator", "criterion", "here", "published", "difference", "basis", "source"]),
            published_rows(panel),
        ),
        (
            "Rows of score files and lists".to_owned(),
            owned(&["scores", "class", "rows", "the first of them"]),
            class_rows(panel),
        ),
        top::table(panel),
        (
            "Against the baselines".to_owned(),
            owned(&["estimator", "against params"]),
            [1, 2, 3, 8]
                .iter()
                .zip(&found.comparisons)
                .map(|(&place, comparison)| vec![LABELS[place].to_owned(), said(&comparison.outcome)])
                .collect(),
        ),
        (
            "Spread of tau-b over seeds or columns".to_owned(),
            owned(&["estimator", "epoch", "runs", "mean", "deviation", "least", "greatest"]),
            ["20", "40"]
                .iter()
                .zip(&found.spread)
                .map(|(epoch, of)| {
                    let values = [of.spread.mean, of.spread.deviation.unwrap(), of.spread.least, of.spread.greatest];
                    let first = ["oneshot_loss", epoch, "2"].map(str::to_owned);
                    first.into_iter().chain(values.map(three)).collect()
                })
                .collect(),
        ),
        (
            "Variants, compared with the spec's own settings".to_owned(),
            owned(&["estimator", "agreement", "tau-b with the truth"]),
            vec![vec![LABELS[4].to_owned(), three(variant.agreement.unwrap()), said(&variant.outcome)]],
        ),
        (
            "Pruning: results on the architectures that were kept".to_owned(),
            owned(&[
                "estimator",
                "kept",
                "tau-b, own",
                "tau-b, pruned",
                "change",
                "mean score, own",
                "mean score, pruned",
            ]),
            vec![vec![
                LABELS[4].to_owned(),
                "60".to_owned(),
                three(kept.own.tau_b.unwrap()),
                three(kept.variant.tau_b.unwrap()),
                said(&kept.outcome),
                three(kept.own.mean_score.unwrap()),
                three(kept.variant.mean_score.unwrap()),
            ]],
        ),
        (
            "Stability: the last checkpoint compared with the one before".to_owned(),
            owned(&["estimator", "epochs", "relative tau-b", "relative P@top 5 %"]),
            ["oneshot_loss (seed 20)", "oneshot_loss (seed 2020)"]
                .iter()
                .zip(&found.stability)
                .map(|(label, at)| {
                    let top = at.stability.precision.iter().find(|at| at.fraction == 0.05).unwrap().top;
                    let tau = three(at.stability.tau_b.unwrap());
                    vec![(*label).to_owned(), "20 to 40".to_owned(), tau, percent(top, 1)]
                })
                .collect(),
        ),
        (
            "Bias by complexity: mean rank difference, cheapest fifth first; above zero means over-estimated"
                .to_owned(),
            owned(&["estimator", "group 1", "group 2", "group 3", "group 4", "group 5"]),
            latest
                .iter()
                .map(|(row, label)| {
                    let groups = row.bias.complexity.iter().map(|group| format!("{:+.3}", group.rank_difference));
                    std::iter::once((*label).to_owned()).chain(groups).collect()
                })
                .collect(),
        ),
    ]
}

#[test]
fn every_number_of_the_markdown_report_is_in_its_place() {
    let record = record();
    let (panel, text) = (&record.panels[0], markdown(&record, None));
    let expected = expected_markdown(panel);
    let mut tables = markdown_tables(&text);
    agreement::take(panel, &mut tables, "Agreement between estimators");
    for (found, expected) in tables.iter().zip(&expected) {
        assert_eq!(found, expected);
    }
    assert_eq!(tables.len(), expected.len());

    let plain = text.replace('\\', "");
    assert_eq!(plain.lines().nth(2), Some(first_line(panel).as_str()));
    let sentences = sentences(&record);
    for sentence in &sentences {
        assert!(plain.contains(sentence), "`{sentence}` is not in\n{plain}");
    }
    let rest: Vec<&str> = plain.lines().filter(|line| !line.starts_with('|')).collect();
    assert!(plain.contains(&plainly(panel)), "{}", plainly(panel));
    let traced = decimals(&(sentences.join("\n") + &plainly(panel)));
    let untraced: Vec<String> = decimals(&rest.join("\n")).difference(&traced).cloned().collect();
    assert!(untraced.is_empty(), "not from the record: {untraced:?}");
}

/// A terminal that is wide enough for whole tables: the same cells in lines, with two spaces or more between them.
#[test]
fn the_terminal_shows_the_tables_of_the_markdown_report() {
    let record = record();
    let text = crate::terminal(&record, None, 1000);
    assert_eq!(text.lines().next(), Some(first_line(&record.panels[0]).as_str()));
    let text = crate::terminal(&record, None, 300);
    let cells = |line: &str| -> Vec<String> {
        line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).map(str::to_owned).collect()
    };
    let lines: Vec<Vec<String>> = text.lines().map(cells).collect();
    for (title, headings, rows) in expected_markdown(&record.panels[0]) {
        // Sources of published figures have numbers, and are listed below.
        let kept = if title == "Published figures" { 5 } else { headings.len() };
        // Only those on the same basis are there, without a column that says so.
        let figure = |mut row: Vec<String>| (row.remove(5) == "same").then_some(row);
        let rows = if title == "Published figures" { rows.into_iter().filter_map(figure).collect() } else { rows };
        // Headings are wrapped into several lines.
        for row in &rows {
            let count = lines.iter().filter(|line| line.len() == row.len() && line[..kept] == row[..kept]).count();
            assert_eq!(count, 1, "{title}: {row:?} in\n{text}");
        }
    }
    for sentence in sentences(&record) {
        assert!(text.contains(&sentence), "`{sentence}` is not in\n{text}");
    }
    let others = "2 published figures are not compared, for another basis: 1,000 encodings instead of 240; synthetic images. \
                  The Markdown, HTML and CSV reports have them.";
    assert!(text.contains(others), "{text}");
}

/// One value of the CSV report: estimator, variant, seed, epoch, criterion, origin, how the basis differs, status; value, bounds, expected
/// value.
type Value = ([String; 8], [Option<f64>; 4]);

/// All values that the CSV report should have, in any order.
#[allow(clippy::too_many_lines, reason = "one table after the other")]
fn values(panel: &PanelRecord) -> Vec<Value> {
    let at: [[&str; 4]; 9] = [
        ["params", "", "", ""],
        ["synflow", "", "", ""],
        ["jacob_cov", "", "", ""],
        ["plain", "", "", ""],
        ["synflow", "gaussian", "", ""],
        ["oneshot_loss", "", "20", "20"],
        ["oneshot_loss", "", "2020", "20"],
        ["oneshot_loss", "", "2020", "40"],
        ["oneshot_loss", "", "20", "40"],
    ];
    let mut values: Vec<Value> = Vec::new();
    let mut add = |at: [&str; 4], criterion: &str, published: Option<&Published>, numbers: [Option<f64>; 4]| {
        let origin = if published.is_some() { "published" } else { "here" };
        let differs = published.map_or(String::new(), |published| published.differs.join("; "));
        // Every value and every interval of the fixture is there.
        let row = [at[0], at[1], at[2], at[3], criterion, origin, differs.as_str(), ""];
        values.push((row.map(str::to_owned), numbers));
    };
    let one = |value: f64| [Some(value), None, None, None];
    let with = |outcome: &Comparison| {
        let interval = outcome.interval.unwrap();
        [outcome.difference, Some(interval.lower), Some(interval.upper), None]
    };
    for (row, at) in panel.estimators.iter().zip(at) {
        let criteria = &row.criteria;
        let interval = criteria.kendall.interval.unwrap();
        add(at, "tau_b", None, [criteria.kendall.tau_b, Some(interval.lower), Some(interval.upper), None]);
        add(at, "tau_a", None, [criteria.kendall.tau_a, None, None, None]);
        let interval = criteria.spearman_interval.unwrap();
        add(at, "spearman", None, [criteria.spearman, Some(interval.lower), Some(interval.upper), None]);
        add(at, "pearson", None, [criteria.pearson.value, None, None, None]);
        for held in &criteria.precision {
            let share = 100.0 * held.fraction;
            let both = |value, expected| [Some(value), None, None, Some(expected)];
            add(at, &format!("P@top{share}%"), None, both(held.top, held.top_expected));
            add(at, &format!("P@bottom{share}%"), None, both(held.bottom, held.bottom_expected));
            add(at, &format!("tau_b within the predicted top {share}%"), None, [held.tau_top, None, None, None]);
            add(at, &format!("tau_b within the true top {share}%"), None, [held.tau_true_top, None, None, None]);
        }
        for held in &criteria.ranking {
            let share = 100.0 * held.fraction;
            let both = |value, expected| [Some(value), None, None, Some(expected)];
            add(at, &format!("BR@{share}%"), None, both(held.best, held.best_expected));
            add(at, &format!("WR@{share}%"), None, both(held.worst, held.worst_expected));
        }
        for best in &criteria.best_of {
            add(at, &format!("BestAcc@top{}", best.count), None, one(best.truth));
        }
        for held in &criteria.top_counts {
            add(at, &format!("tau_b within the predicted top {}", held.count), None, one(held.tau_top.unwrap()));
            add(at, &format!("tau_b within the true top {}", held.count), None, one(held.tau_true_top.unwrap()));
        }
        add(at, "non_finite", None, one(criteria.non_finite.total() as f64));
        for published in &row.published {
            let name = if published.criterion == Criterion::TauB { "tau_b" } else { "P@top5%" };
            add(at, name, Some(published), one(published.value));
        }
        for (place, group) in row.bias.complexity.iter().enumerate() {
            add(at, &format!("rank_difference of group {}", place + 1), None, one(group.rank_difference));
            add(at, &format!("tau_b in group {}", place + 1), None, one(group.tau_b.unwrap()));
        }
        for change in &row.bias.operations {
            let exchange = format!("{} to {}", change.from, change.to);
            add(at, &format!("pairs {exchange}"), None, one(change.pairs as f64));
            add(at, &format!("truth_increases {exchange}"), None, one(change.truth_increases));
            add(at, &format!("score_increases {exchange}"), None, one(change.score_increases));
        }
    }
    let of_file = ["synflow", "", "", ""];
    add(of_file, "rows in the file", None, one(panel.coverage[0].rows as f64));
    for class in &panel.coverage[0].classes {
        add(of_file, &format!("rows {}", class.class), None, one(class.rows as f64));
    }
    let log: Vec<f64> = panel.estimators[1].details[0].values.iter().flatten().map(|value| value.value()).collect();
    add(at[1], "detail log: minimum", None, one(log[0]));
    add(at[1], "detail log: mean", None, one(f64::midpoint(log[0], log[1])));
    add(at[1], "detail log: maximum", None, one(log[1]));
    let found = &panel.analyses;
    for (place, comparison) in [1, 2, 3, 8].into_iter().zip(&found.comparisons) {
        add(at[place], "tau_b less params", None, with(&comparison.outcome));
    }
    let variant = &found.variants[0];
    add(at[4], "agreement with synflow", None, one(variant.agreement.unwrap()));
    add(at[4], "tau_b less synflow", None, with(&variant.outcome));
    let kept = variant.kept.as_ref().unwrap();
    add(at[4], "architectures inside kept", None, one(60.0));
    add(at[4], "tau_b inside kept less synflow", None, with(&kept.outcome));
    for (inside, of) in [(&kept.variant, ""), (&kept.own, " of synflow")] {
        add(at[4], &format!("tau_b inside kept{of}"), None, one(inside.tau_b.unwrap()));
        add(at[4], &format!("mean score inside kept{of}"), None, one(inside.mean_score.unwrap()));
        add(at[4], &format!("BestAcc@top1 inside kept{of}"), None, one(inside.best_of[0].truth));
    }
    for (place, record) in [8, 7].into_iter().zip(&found.stability) {
        add(at[place], "relative tau_b of epoch 20", None, one(record.stability.tau_b.unwrap()));
        for held in &record.stability.precision {
            let share = 100.0 * held.fraction;
            add(at[place], &format!("relative P@top{share}% of epoch 20"), None, one(held.top));
            add(at[place], &format!("relative P@bottom{share}% of epoch 20"), None, one(held.bottom));
        }
    }
    for (epoch, record) in ["20", "40"].into_iter().zip(&found.spread) {
        let (spread, at) = (&record.spread, ["oneshot_loss", "", "", epoch]);
        add(at, "mean over 2 seeds of tau_b", None, one(spread.mean));
        add(at, "deviation over 2 seeds of tau_b", None, one(spread.deviation.unwrap()));
        add(at, "least over 2 seeds of tau_b", None, one(spread.least));
        add(at, "greatest over 2 seeds of tau_b", None, one(spread.greatest));
    }
    values
}

#[test]
fn the_csv_report_holds_every_number_once_and_no_other() {
    let record = record();
    let text = csv(&record).unwrap();
    let rows = ::csv::Reader::from_reader(text.as_bytes()).into_records().map(Result::unwrap);
    let number = |text: &str| (!text.is_empty()).then(|| text.parse::<f64>().unwrap());
    let mut found: Vec<Value> = rows
        .map(|row| {
            assert_eq!([&row[0], &row[1], &row[2], &row[5]], [&record.spec_hash, "representatives", "120", "1"]);
            (
                [3, 4, 6, 7, 8, 9, 15, 16].map(|column| row[column].to_owned()),
                [10, 11, 12, 13].map(|column| number(&row[column])),
            )
        })
        .collect();
    let mut expected = values(&record.panels[0]);
    found.sort_by(|a, b| a.0.cmp(&b.0));
    expected.sort_by(|a, b| a.0.cmp(&b.0));
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.len(), expected.len());
}

mod agreement;
mod board;
mod json_report;
mod latex;
mod page;
mod top;
