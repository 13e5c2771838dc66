//! The LaTeX report: every number of its table is that of the record in its place.

use nas_assay_criteria::Verdict;
use nas_assay_schema::store::record::EstimatorRecord;

use super::*;
use crate::latex::read;

/// A number of a cell as it is printed, without marks; and the deviation behind it.
fn printed(cell: &str) -> (String, Option<String>) {
    let (number, deviation) = match cell.split_once("\\,{\\scriptstyle\\pm ") {
        Some((number, rest)) => (number, rest.split_once('}').map(|(deviation, _)| deviation.to_owned())),
        None => (cell, None),
    };
    let number = number.split("$\\rlap").next().unwrap();
    let plain =
        ["\\mathbf{", "\\underline{", "}", "$"].iter().fold(number.to_owned(), |text, mark| text.replace(mark, ""));
    (plain, deviation)
}

/// Without the zero before the point.
fn short(value: f64) -> String {
    three(value).replacen("0.", ".", 1)
}

/// The sample standard deviation of two values, and their mean.
fn of_two(values: [f64; 2]) -> [f64; 2] {
    [f64::midpoint(values[0], values[1]), (values[0] - values[1]).abs() / 2.0_f64.sqrt()]
}

/// P@top 5 %, P@bottom 5 %, BR@1 %, BR@5 %, with their decimals in percent.
fn ends(row: &EstimatorRecord) -> [(f64, usize); 4] {
    let [best_1, best_5, _] = rankings(row);
    [(top(row), 1), (bottom(row), 1), (best_1, 2), (best_5, 2)]
}

#[test]
fn every_number_of_the_latex_report_is_in_its_place() {
    let record = record();
    let panel = &record.panels[0];
    let rows = read(&crate::latex(&record, None));
    let table: Vec<&Vec<String>> = rows.iter().filter(|row| row.len() == 8 && row[0] != "Estimator").collect();
    let percents = |value: f64, decimals: usize| format!("{:.decimals$}", 100.0 * value);
    // By kind; the two last checkpoints of the supernets are one row.
    let single = [(0, "params"), (1, "synflow"), (2, "jacob\\_cov"), (3, "plain"), (4, "synflow (gaussian)")];
    for ((place, name), found) in single.into_iter().zip(&table) {
        let row = &panel.estimators[place];
        assert_eq!(found[0], name);
        let interval = row.criteria.kendall.interval.unwrap();
        assert_eq!(found[2], format!("{{\\scriptsize $[{}, {}]$}}", short(interval.lower), short(interval.upper)));
        let due = [short(row.criteria.kendall.tau_b.unwrap()), short(row.criteria.spearman.unwrap())];
        let due = due.into_iter().chain(ends(row).map(|(value, decimals)| percents(value, decimals)));
        let cells = [1, 3, 4, 5, 6, 7].map(|column| printed(&found[column]));
        assert_eq!(
            cells.map(|(number, deviation)| (number, deviation.is_some())).to_vec(),
            due.map(|due| (due, false)).collect::<Vec<_>>()
        );
    }
    let found = table[5];
    assert_eq!((table.len(), found[0].as_str(), found[2].as_str()), (6, "oneshot\\_loss", "{\\scriptsize 2 runs}"));
    let spread = &panel.analyses.spread[1].spread;
    assert_eq!(printed(&found[1]), (short(spread.mean), Some(short(spread.deviation.unwrap()))));
    let both = [7, 8].map(|place: usize| &panel.estimators[place]);
    let [mean, deviation] = of_two(both.map(|row| row.criteria.spearman.unwrap()));
    assert_eq!(printed(&found[3]), (short(mean), Some(short(deviation))));
    for column in 0..4 {
        let decimals = ends(both[0])[column].1;
        let due = of_two(both.map(|row| ends(row)[column].0)).map(|value| percents(value, decimals));
        assert_eq!(printed(&found[4 + column]), (due[0].clone(), Some(due[1].clone())));
    }
}

/// A sign is that of the test with the only baseline; the variant has no test.
#[test]
fn every_sign_of_the_latex_report_is_that_of_a_test() {
    let record = record();
    let rows = read(&crate::latex(&record, None));
    for (name, place) in [("synflow", 0), ("jacob\\_cov", 1), ("plain", 2)] {
        let row = rows.iter().find(|row| row[0] == name).unwrap();
        let due = match record.panels[0].analyses.comparisons[place].outcome.verdict {
            Verdict::Better => None,
            Verdict::Undecided => Some("$\\rlap{$^{\\dagger}$}"),
            Verdict::Worse => Some("$\\rlap{$^{\\ddagger}$}"),
        };
        assert_eq!(row[1].contains("dagger"), due.is_some());
        assert!(row[1].ends_with(due.unwrap_or("$")), "{row:?}");
    }
    // No other column has signs.
    assert!(rows.iter().all(|row| row.iter().skip(2).all(|cell| !cell.contains("dagger"))));
}
