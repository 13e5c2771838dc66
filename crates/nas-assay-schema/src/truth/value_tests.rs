//! Tests by value of what tables hold, and of the column that is blamed for a text that ends too early.

use std::fmt::Write;

use nas_assay_spaces::{nb101, nb201, nb301, nds};

use super::nb101::{NB101_COLUMNS, NB101_ROWS, Nb101Table};
use super::nb301::{NB301_COLUMNS, Nb301Table};
use super::nds::{NdsTable, ROWS, Tabled};
use super::trained::{TrainedRow, spread};

/// The columns and a single row: enough for an error in that row.
fn one_row(columns: &[&str], cells: &[&str]) -> String {
    format!("{}\n{}\n", columns.join(","), cells.join(","))
}

#[test]
fn an_adjacency_that_ends_too_early_is_not_an_error_of_the_operations() {
    let name = nb101::Subset::Paper.architectures().next().unwrap().to_string();
    let (bits, operations) = name.split_once(':').unwrap();
    let refused = |bits: &str, operations: &str| {
        let row = [bits, operations, "1", "1", "1", "1", "1", "1", "1"];
        let text = one_row(&NB101_COLUMNS, &row);
        Nb101Table::parse("made.csv", text.as_bytes()).unwrap_err().to_string()
    };
    for cut in [1, 20, 48] {
        let error = refused(&bits[..cut], operations);
        assert!(error.starts_with("truth table made.csv, line 2, column adjacency: "), "{cut}: {error}");
    }
    let error = refused(&format!("{bits}0"), operations);
    assert!(error.starts_with("truth table made.csv, line 2, column adjacency: "), "{error}");
    for cut in [0, 3, operations.len() - 1] {
        let error = refused(bits, &operations[..cut]);
        assert!(error.starts_with("truth table made.csv, line 2, column ops: "), "{cut}: {error}");
    }
}

#[test]
fn a_cell_that_ends_too_early_is_not_an_error_of_the_other_cell() {
    let name = nb301::Architecture::sample(&mut nas_assay_base::seed::Seed::root(1).stream()).to_string();
    let (normal, reduce) = name.split_once('|').unwrap();
    let refused = |normal: &str, reduce: &str| {
        let text = one_row(&NB301_COLUMNS, &[normal, reduce, "50", "1", "1"]);
        Nb301Table::parse("made.csv", text.as_bytes()).unwrap_err().to_string()
    };
    for cut in [0, 10, normal.rfind(';').unwrap(), normal.len() - 1] {
        let error = refused(&normal[..cut], reduce);
        assert!(error.starts_with("truth table made.csv, line 2, column normal: "), "{cut}: {error}");
    }
    for cut in [0, 10, reduce.rfind(';').unwrap(), reduce.len() - 1] {
        let error = refused(normal, &reduce[..cut]);
        assert!(error.starts_with("truth table made.csv, line 2, column reduce: "), "{cut}: {error}");
    }
}

fn rows_hold_their_costs<F: Tabled>() {
    let positions = nds::Architecture::<F>::POSITIONS;
    let all: Vec<nds::Architecture<F>> = nds::Architecture::<F>::all().step_by(7).take(ROWS).collect();
    let mut text = F::COLUMNS.join(",") + "\n";
    for (row, architecture) in all.iter().enumerate() {
        for position in 0..positions {
            let decision = &F::DECISIONS[position / nds::STAGES];
            write!(text, "{},", decision.text(decision.values[architecture.choice(position)])).unwrap();
        }
        let census = architecture.census(&nds::Skeleton::STAND_ALONE);
        writeln!(text, "{},{},{}", census.counts.params, census.table_flops(), row as f64 / 64.0).unwrap();
    }
    let table = NdsTable::<F>::parse("made.csv", text.as_bytes()).unwrap();
    assert_eq!((table.rows().len(), table.select().len()), (ROWS, ROWS));
    for (place, (row, architecture)) in table.rows().iter().zip(all).enumerate() {
        let census = architecture.census(&nds::Skeleton::STAND_ALONE);
        assert_eq!(row.architecture, architecture);
        assert_eq!((row.params, row.flops), (census.counts.params, census.table_flops()));
        assert_eq!(row.accuracy, place as f64 / 64.0 / 100.0);
    }
}

#[test]
fn rows_of_the_design_spaces_hold_their_costs() {
    rows_hold_their_costs::<nds::ResNet>();
    rows_hold_their_costs::<nds::ResNeXtA>();
    assert_eq!(NB101_ROWS, ROWS);
}

/// By hand: the means .3, .3 and .7 have a variance of .32 / 3 / 2, and the variances of the rows are .14 / 2, 0 and .08 / 2.
#[test]
fn the_spread_of_three_seeds_by_hand() {
    let architecture = nas_assay_spaces::Architecture::Nb201(nb201::Architecture::from_index(1).unwrap());
    let rows = [[0.1, 0.2, 0.6], [0.3, 0.3, 0.3], [0.5, 0.7, 0.9]]
        .map(|accuracies| TrainedRow { architecture, accuracies: accuracies.to_vec() });
    let spread = spread(&rows);
    assert!((spread.between - (0.32_f64 / 6.0).sqrt()).abs() < 1e-15, "{spread:?}");
    assert!((spread.within - (0.11_f64 / 3.0).sqrt()).abs() < 1e-15, "{spread:?}");
    assert!((rows[0].mean() - 0.3).abs() < 1e-15);
}
