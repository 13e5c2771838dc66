//! The leaderboard: every value is that of the record at its estimator and space, and ranks are counted here.

use nas_assay_criteria::Verdict;
use nas_assay_schema::store::record::{EstimatorRecord, Record};

use super::*;
use crate::{Format, Leaderboard};

/// The rows of a board, and the places in the record whose values they can have: of two seeds at the last epoch the lower one.
const ROWS: [(&str, &[usize]); 5] =
    [("params", &[0]), ("synflow", &[1]), ("jacob_cov", &[2]), ("plain", &[3]), ("oneshot_loss", &[7, 8])];

/// Two spaces whose numbers all differ.
fn records() -> [Record; 2] {
    let mut other = record();
    other.space = "nb101".to_owned();
    other.spec_hash = "5a".repeat(32);
    for (place, row) in other.panels[0].estimators.iter_mut().enumerate() {
        // The order of the estimators is another one than in the first space.
        let kendall = &mut row.criteria.kendall;
        kendall.tau_b = Some(3.0171 + 0.6131 * (3 * place % 5) as f64 + 0.0137 * place as f64);
        let interval = kendall.interval.as_mut().unwrap();
        (interval.lower, interval.upper) = (interval.lower + 7.123, interval.upper + 7.123);
    }
    for comparison in &mut other.panels[0].analyses.comparisons {
        comparison.outcome.verdict = Verdict::Better;
    }
    [other, record()]
}

fn tau(row: &EstimatorRecord) -> f64 {
    row.criteria.kendall.tau_b.unwrap()
}

/// The place of a row's value in a record.
fn place(record: &Record, of: &[usize]) -> usize {
    let rows = &record.panels[0].estimators;
    of.iter().copied().min_by(|&a, &b| tau(&rows[a]).total_cmp(&tau(&rows[b]))).unwrap()
}

/// The rows of the board: estimator, mean rank, spaces on which it beats the number of parameters, and the values.
fn expected(records: &[Record; 2]) -> Vec<Vec<String>> {
    let values: Vec<[f64; 2]> = ROWS
        .iter()
        .map(|(_, of)| [0, 1].map(|space| tau(&records[space].panels[0].estimators[place(&records[space], of)])))
        .collect();
    let rank = |row: usize, space: usize| 1 + values.iter().filter(|other| other[space] > values[row][space]).count();
    let mut rows: Vec<(bool, usize, Vec<String>)> = Vec::new();
    for (row, (estimator, of)) in ROWS.iter().enumerate() {
        let ranks = rank(row, 0) + rank(row, 1);
        let tests = records.iter().filter_map(|record| {
            let label = LABELS[place(record, of)];
            let tests = &record.panels[0].analyses.comparisons;
            Some(tests.iter().find(|test| test.estimator == label)?.outcome.verdict)
        });
        let tests: Vec<Verdict> = tests.collect();
        let won = tests.iter().filter(|&&verdict| verdict == Verdict::Better).count();
        let beats = if tests.is_empty() { "–".to_owned() } else { format!("{won} of {}", tests.len()) };
        let cells = records.iter().map(|record| {
            let held = &record.panels[0].estimators[place(record, of)].criteria.kendall;
            let interval = held.interval.unwrap();
            format!("{:.3} [{:.2}, {:.2}]", held.tau_b.unwrap(), interval.lower, interval.upper)
        });
        let mean = format!("{:.1}", ranks as f64 / 2.0);
        let cells = [(*estimator).to_owned(), mean, beats].into_iter().chain(cells).collect();
        rows.push((row > 0, ranks, cells));
    }
    rows.sort_by(|a, b| (a.0, a.1, &a.2[0]).cmp(&(b.0, b.1, &b.2[0])));
    rows.into_iter().map(|(.., cells)| cells).collect()
}

/// The rows of the table over all benchmarks, in the order of the board.
fn over_all_rows(records: &[Record; 2], order: &[Vec<String>]) -> Vec<Vec<String>> {
    let held = |record: &Record, of: &[usize]| record.panels[0].estimators[place(record, of)].criteria.kendall;
    let best = [0, 1].map(|space| {
        let taus = ROWS.iter().map(|(_, of)| held(&records[space], of).tau_b.unwrap());
        taus.fold(f64::NEG_INFINITY, f64::max)
    });
    let row = |name: &String| {
        let (_, of) = ROWS.iter().find(|(known, _)| known == name).unwrap();
        let both = [0, 1].map(|space| held(&records[space], of));
        let taus = [0, 1].map(|space| both[space].tau_b.unwrap());
        let worst = usize::from(taus[1] < taus[0]);
        let count = |is: &dyn Fn(usize) -> bool| format!("{} of 2", [0, 1].iter().filter(|&&space| is(space)).count());
        let interval = |space: usize| both[space].interval.unwrap();
        let close = [0.02, 0.05, 0.1].map(|room| count(&|space| taus[space] + room >= best[space]));
        let first = [
            name.clone(),
            format!("{:.3}", taus[worst]),
            ["nb101", "nb201"][worst].to_owned(),
            count(&|space| interval(space).lower > 0.0),
            count(&|space| interval(space).upper < 0.0),
        ];
        first.into_iter().chain(close).collect()
    };
    order.iter().map(|of| row(&of[0])).collect()
}

#[test]
fn every_number_of_the_board_is_in_its_place() {
    let records = records();
    let board = Leaderboard::new(&records, false);
    let rows = expected(&records);
    let tables = markdown_tables(&board.render(Format::Markdown).unwrap());
    let headings = owned(&["estimator", "mean rank", "beats #Params", "nb101 [1]", "nb201 [2]"]);
    let over_all = owned(&[
        "estimator",
        "worst tau-b",
        "on",
        "above 0",
        "below 0",
        "within 0.02 of best",
        "within 0.05 of best",
        "within 0.1 of best",
    ]);
    let due = over_all_rows(&records, &rows);
    let all =
        [("Leaderboard".to_owned(), headings, rows.clone()), ("Over all benchmarks".to_owned(), over_all, due.clone())];
    assert_eq!(tables, all);
    let words: BTreeSet<&String> = due.iter().flat_map(|row| &row[2..]).collect();
    assert!(words.len() >= 4, "{due:?}");
    let ranks: BTreeSet<&String> = rows.iter().map(|row| &row[1]).collect();
    assert!(ranks.len() > 2 && rows.iter().any(|row| row[2] == "1 of 2" || row[2] == "2 of 2"), "{rows:?}");

    let page = board.render(Format::Html).unwrap();
    let text = page::text(&page);
    for row in &rows {
        for cell in &row[3..] {
            let (tau, interval) = cell.split_once(' ').unwrap();
            let in_order = text.contains(&format!("{tau} / {interval}")) || text.contains(&format!("{tau} {interval}"));
            assert!(in_order, "{cell} is not on the page");
        }
    }
}

#[test]
fn the_table_of_the_board_rounds_nothing() {
    let records = records();
    let text = Leaderboard::new(&records, false).render(Format::Csv).unwrap();
    let mut count = 0;
    for row in ::csv::Reader::from_reader(text.as_bytes()).into_records().map(Result::unwrap) {
        let record = records.iter().find(|record| row[0] == record.space).unwrap();
        let (_, of) = ROWS.iter().find(|(estimator, _)| row[9] == **estimator).unwrap();
        let (rows, place) = (&record.panels[0].estimators, place(record, of));
        let held = &rows[place].criteria.kendall;
        let interval = held.interval.unwrap();
        let expected = [tau(&rows[place]), interval.lower, interval.upper, tau(&rows[place]) - tau(&rows[0])];
        assert_eq!([14, 15, 16, 17].map(|column| row[column].parse::<f64>().unwrap()), expected, "{row:?}");
        let seeds = if of.len() > 1 { "2" } else { "0" };
        assert_eq!((&row[2], &row[5], &row[13]), (record.spec_hash.as_str(), "120", seeds));
        count += 1;
    }
    assert_eq!(count, 10);
}

#[test]
fn every_number_of_the_latex_board_is_in_its_place() {
    let records = records();
    let rows = crate::latex::read(&Leaderboard::new(&records, false).render(Format::Latex).unwrap());
    let due = expected(&records);
    assert_eq!(rows.iter().filter(|row| row.len() == 6).count(), 1 + due.len());
    let plain = |cell: &str| {
        let number = cell.split("$\\rlap").next().unwrap();
        ["\\mathbf{", "\\underline{", "}", "$"].iter().fold(number.to_owned(), |text, mark| text.replace(mark, ""))
    };
    for row in due {
        let (name, of) = ROWS.iter().find(|(name, _)| *name == row[0]).unwrap();
        let found = rows.iter().find(|found| found[0] == name.replace('_', "\\_")).unwrap();
        let short = |text: &str| text.replacen("0.", ".", 1);
        let rho = |record: &Record| {
            let rho = record.panels[0].estimators[place(record, of)].criteria.spearman.unwrap();
            short(&three(rho))
        };
        let tau = |cell: &String| short(cell.split_once(' ').unwrap().0);
        let cells = [row[1].clone(), tau(&row[3]), rho(&records[0]), tau(&row[4]), rho(&records[1])];
        assert_eq!(found[1..].iter().map(|cell| plain(cell)).collect::<Vec<_>>(), cells);
    }
}
