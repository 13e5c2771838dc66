//! The scores of a record as a wide table: a row for each architecture, a column for each estimator.

use std::collections::BTreeSet;

use nas_assay_schema::store::record::{ArchitectureRow, EstimatorRecord, PanelRecord, Record};

use crate::csv::table;
use crate::error::ReportError;
use crate::printable::printable;
use crate::true_values::TrueValues;

/// The columns before those of the estimators.
const FIRST: [&str; 4] = ["architecture", "truth", "params", "flops"];

/// The scores as CSV (RFC 4180, lines ended by a line feed): a row for each architecture of each panel, with the columns `architecture`,
/// `truth` (the accuracy, a fraction; `truth [ms]` for a quantity in that unit), `params` and `flops` (as the baselines of these names count them), and one for each estimator with
/// the scores as it gave them, not oriented. If there are several panels, the first column is `panel`.
///
/// A column is named by [`EstimatorRecord::label`]. Those baselines have no other column. Another estimator whose name
/// is taken gets ` (score)` behind it, such as `params (score)`, so that no two columns have one name. Numbers are the shortest decimals that
/// read back as the same `f64`; scores that are not finite are `nan`, `inf` and `-inf`. A field is empty if a panel has no such estimator.
///
/// # Errors
/// If the CSV writer fails.
///
/// ```
/// # let record = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/record.rs"));
/// let table = nas_assay_report::score_table(&record)?;
/// // The example's estimator `flops` gives other numbers than the FLOPs of the architectures.
/// assert!(table.starts_with("architecture,truth,params,flops,flops (score)\n"));
/// assert!(table.contains("|skip_connect~0|none~1|none~2|,0.87,71000,10500000,11000000\n"));
/// # Ok::<(), nas_assay_report::ReportError>(())
/// ```
pub fn score_table(record: &Record) -> Result<String, ReportError> {
    let record = &*printable(record);
    let before: &[&str] = if record.panels.len() > 1 { &["panel"] } else { &[] };
    let truth = TrueValues::of(record).named(FIRST[1]);
    let first = FIRST.iter().map(|&name| if name == FIRST[1] { truth.as_str() } else { name });
    let mut header: Vec<String> = before.iter().copied().chain(first).map(str::to_owned).collect();
    let own = header.len();
    // For each panel, the columns of its estimators. An estimator of several panels has one column, and one that counts what stands in the
    // first columns has none of its own.
    let mut columns: Vec<Vec<Option<usize>>> = Vec::new();
    for panel in &record.panels {
        let mut taken: BTreeSet<usize> = (0..own).collect();
        let of_panel = panel.estimators.iter().map(|estimator| {
            if is_count(panel, estimator) {
                return None;
            }
            let column = column(&mut header, &taken, &estimator.label());
            taken.insert(column);
            Some(column)
        });
        columns.push(of_panel.collect());
    }
    let mut rows = Vec::new();
    for (panel, columns) in record.panels.iter().zip(&columns) {
        for (place, of) in panel.architectures.iter().enumerate() {
            let mut row = vec![String::new(); header.len()];
            if let Some(name) = row[..own - FIRST.len()].first_mut() {
                name.clone_from(&panel.name);
            }
            let truth = of.truth.map_or(String::new(), decimal);
            let cost = |cost: Option<u64>| cost.map_or(String::new(), |cost| cost.to_string());
            let first = [of.architecture.clone(), truth, cost(of.params), cost(of.flops)];
            row[own - FIRST.len()..own].clone_from_slice(&first);
            for (column, estimator) in columns.iter().zip(&panel.estimators) {
                let Some(column) = *column else { continue };
                row[column] = estimator.scores.get(place).map_or(String::new(), |score| decimal(score.value()));
            }
            rows.push(row);
        }
    }
    table(&header.iter().map(String::as_str).collect::<Vec<_>>(), &rows)
}

/// Whether an estimator is the column `params` or `flops`: by its name, and by every number.
fn is_count(panel: &PanelRecord, estimator: &EstimatorRecord) -> bool {
    let count = match estimator.label().as_str() {
        "params" => |of: &ArchitectureRow| of.params,
        "flops" => |of: &ArchitectureRow| of.flops,
        _ => return false,
    };
    estimator
        .scores
        .iter()
        .map(|score| score.value())
        .map(Some)
        .eq(panel.architectures.iter().map(|of| count(of).map(|count| count as f64)))
}

/// The column with this name, or with the first of its longer names that is not `taken`; it is added if the header has none.
fn column(header: &mut Vec<String>, taken: &BTreeSet<usize>, label: &str) -> usize {
    let mut name = label.to_owned();
    for number in 1.. {
        match header.iter().position(|known| *known == name) {
            Some(column) if !taken.contains(&column) => return column,
            Some(_) if number == 1 => name = format!("{label} (score)"),
            Some(_) => name = format!("{label} (score {number})"),
            None => break,
        }
    }
    header.push(name);
    header.len() - 1
}

/// The shortest decimal that reads back as the same number, with an exponent below 1e-5 and from 1e16 on; `nan`, `inf` or `-inf`.
fn decimal(value: f64) -> String {
    if value.is_nan() {
        return "nan".to_owned();
    }
    let is_plain = value == 0.0 || value.is_infinite() || (1e-5..1e16).contains(&value.abs());
    if is_plain { value.to_string() } else { format!("{value:e}") }
}

#[cfg(test)]
mod tests {
    use nas_assay_schema::estimator::{Reason, Score};
    use nas_assay_schema::store::record::Checkpoint;

    use super::*;
    use crate::fixture;

    fn read(record: &Record) -> (Vec<String>, Vec<Vec<String>>) {
        let text = score_table(record).unwrap();
        let mut reader = ::csv::Reader::from_reader(text.as_bytes());
        let fields = |row: &::csv::StringRecord| row.iter().map(str::to_owned).collect::<Vec<_>>();
        let header = fields(reader.headers().unwrap());
        let rows = reader.records().map(|row| fields(&row.unwrap())).collect();
        (header, rows)
    }

    #[test]
    fn every_score_reads_back_bit_by_bit() {
        let mut record = fixture::whole(60);
        let wild = [f64::MIN_POSITIVE / 8.0, -1.7e308, 1e23, 0.1 + 0.2, -0.0, 123_456_789.125, 1e-7, 5e22];
        for (score, value) in record.panels[0].estimators[1].scores[10..].iter_mut().zip(wild) {
            *score = Score::Finite(value);
        }
        let not_finite = [Reason::Nan, Reason::PositiveInfinity, Reason::NegativeInfinity, Reason::Rounding];
        for (score, reason) in record.panels[0].estimators[1].scores.iter_mut().zip(not_finite) {
            *score = Score::NonFinite(reason);
        }
        let (header, rows) = read(&record);
        let panel = &record.panels[0];
        assert_eq!(header[..5], ["architecture", "truth", "params", "flops", "params (score)"]);
        let labels: Vec<String> = panel.estimators.iter().map(EstimatorRecord::label).collect();
        assert_eq!(header[5..], labels[1..]);
        assert!(labels.contains(&"oneshot_loss (seed 2020, epoch 40)".to_owned()), "{labels:?}");
        assert_eq!(rows.len(), 60);
        for (place, (row, of)) in rows.iter().zip(&panel.architectures).enumerate() {
            assert_eq!(row[0], of.architecture);
            assert_eq!(row[1].parse::<f64>().unwrap().to_bits(), of.truth.unwrap().to_bits());
            assert_eq!((&row[2], &row[3]), (&of.params.unwrap().to_string(), &of.flops.unwrap().to_string()));
            for (field, estimator) in row[4..].iter().zip(&panel.estimators) {
                let (found, score) = (field.parse::<f64>().unwrap(), estimator.scores[place].value());
                assert!(found.to_bits() == score.to_bits() || found.is_nan() && score.is_nan(), "{field}, {score}");
            }
        }
        let field = |place: usize| rows[place][5].as_str();
        assert_eq!([0, 1, 2, 3].map(field), ["nan", "inf", "-inf", "nan"]);
        let fields = ["-1.7e308", "1e23", "0.30000000000000004", "-0", "123456789.125", "1e-7", "5e22"];
        assert_eq!([11, 12, 13, 14, 15, 16, 17].map(field), fields);
    }

    #[test]
    fn a_baseline_that_counts_has_no_second_column() {
        let mut record = fixture::record(6);
        let panel = &mut record.panels[0];
        panel.estimators[0].scores =
            panel.architectures.iter().map(|of| Score::Finite(of.params.unwrap() as f64)).collect();
        let (header, rows) = read(&record);
        assert_eq!(header[..5], ["architecture", "truth", "params", "flops", "synflow"]);
        assert!(rows.iter().all(|row| row.len() == header.len() && row.iter().all(|field| !field.is_empty())));
        assert_eq!(rows[5][2], record.panels[0].architectures[5].params.unwrap().to_string());
        // One number that differs is enough for a column.
        record.panels[0].estimators[0].scores[5] = Score::Finite(1.5);
        let (header, rows) = read(&record);
        assert_eq!(header[4], "params (score)");
        assert_eq!((rows[0][4].as_str(), rows[5][4].as_str()), (rows[0][2].as_str(), "1.5"));
    }

    #[test]
    fn columns_of_one_name_are_told_apart_and_panels_share_theirs() {
        let mut record = fixture::record(6);
        let mut other = record.panels[0].clone();
        other.name = "others".to_owned();
        other.architectures.truncate(2);
        other.estimators.drain(1..4);
        for estimator in &mut other.estimators {
            estimator.scores.truncate(2);
        }
        // A file of scores may be named as anything.
        let mut same = other.estimators[0].clone();
        same.scores = vec![Score::Finite(7.5); 2];
        other.estimators.push(same.clone());
        same.id = "panel".to_owned();
        same.checkpoint = Some(Checkpoint::single("3", 4));
        other.estimators.push(same);
        record.panels.push(other);
        let (header, rows) = read(&record);
        let columns = "panel,architecture,truth,params,flops,params (score),synflow,jacob_cov,plain,\
                       \"oneshot_loss (seed 20, epoch 40)\",params (score 2),\"panel (seed 3, epoch 4)\"";
        assert_eq!(score_table(&record).unwrap().lines().next(), Some(columns));
        assert_eq!(header.iter().collect::<BTreeSet<_>>().len(), header.len());
        assert_eq!((rows.len(), rows[0][0].as_str(), rows[6][0].as_str()), (8, "representatives", "others"));
        assert_eq!(rows[6][1], record.panels[1].architectures[0].architecture);
        for (place, of) in [(5, 0), (9, 1)] {
            let score = record.panels[1].estimators[of].scores[0].value();
            assert_eq!(rows[6][place].parse::<f64>().unwrap(), score, "{}", header[place]);
        }
        assert_eq!(rows[6][6..9], ["", "", ""]);
        assert_eq!(rows[6][10..], ["7.5", "7.5"]);
        assert_eq!(rows[5][10..], ["", ""]);
        assert!(rows[..6].iter().all(|row| row[..10].iter().all(|field| !field.is_empty())));
    }
}
