//! The agreement of every two estimators: each value is counted here, pair by pair, from the scores of the record.

use nas_assay_schema::store::record::EstimatorRecord;

use super::*;

/// Kendall's tau-b by its definition; scores that are not finite are the worst, and tie.
fn tau_b(one: &EstimatorRecord, other: &EstimatorRecord) -> f64 {
    let ranked = |row: &EstimatorRecord| -> Vec<f64> {
        let scores = row.oriented().into_iter();
        scores.map(|score| if score.is_finite() { score } else { f64::NEG_INFINITY }).collect()
    };
    let (one, other) = (ranked(one), ranked(other));
    let (mut difference, mut of_one, mut of_other) = (0i64, 0i64, 0i64);
    for a in 0..one.len() {
        for b in 0..a {
            let sign = |values: &[f64]| i64::from(values[a] > values[b]) - i64::from(values[a] < values[b]);
            let signs = [sign(&one), sign(&other)];
            difference += signs[0] * signs[1];
            of_one += signs[0].abs();
            of_other += signs[1].abs();
        }
    }
    difference as f64 / (of_one as f64 * of_other as f64).sqrt()
}

/// Takes the table of the map from the others, after a check of every value. Names stand in the first column, and numbers in the second.
pub(super) fn take(panel: &PanelRecord, tables: &mut Vec<Table>, title: &str) -> Table {
    let place = tables.iter().position(|(found, ..)| found == title).unwrap();
    let table = tables.remove(place);
    let (_, headings, rows) = &table;
    let numbers: Vec<String> = (1..=LATEST.len()).map(|number| number.to_string()).collect();
    assert_eq!(&headings[2..], numbers);
    let names: Vec<&str> = rows.iter().map(|row| row[0].as_str()).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    let mut labels = LATEST.map(|place| LABELS[place]);
    labels.sort_unstable();
    assert_eq!(sorted, labels);
    for (number, row) in numbers.iter().zip(rows) {
        assert_eq!(&row[1], number);
        assert_eq!(row[2..], values(panel, &names, &row[0]).map(three).collect::<Vec<_>>(), "{}", row[0]);
    }
    table
}

/// The agreement of one estimator with those of some names, in this order.
pub(super) fn values<'a>(panel: &'a PanelRecord, names: &'a [&str], name: &str) -> impl Iterator<Item = f64> + 'a {
    let of = |name: &str| &panel.estimators[LABELS.iter().position(|label| *label == name).unwrap()];
    let row = of(name);
    names.iter().map(move |other| tau_b(row, of(other)))
}
