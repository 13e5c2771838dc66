//! The table of accuracies of NAS-Bench-301, `truth/nb301.csv`: the 5,896 rows that the paper evaluated.
//!
//! The accuracies are predicted by the benchmark's surrogate model. 358 architectures are in several rows. These rows have the same
//! accuracy, but different one-shot scores in `published/nb301_oneshot.csv`, so a comparison depends on which rows are used
//! ([`Nb301Rows`]). The paper has numbers for both choices, and its main numbers use rounded accuracies ([`Nb301Precision`]).

use std::collections::BTreeMap;
use std::path::Path;

use super::table::{CellResult, Cells, Layout, Problem, TableError, load};
use crate::spec::{Nb301Precision, Nb301Rows};
use nas_assay_spaces::nb301::{Architecture, Skeleton};

/// Number of rows of the table.
pub const NB301_ROWS: usize = 5_896;

/// The columns, in the order of the file.
pub const NB301_COLUMNS: [&str; 5] = ["normal", "reduce", "surrogate_accuracy", "standalone_params", "supernet_flops"];

const LAYOUT: Layout = Layout { name: "nb301.csv", columns: &NB301_COLUMNS, rows: NB301_ROWS };

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nb301Row {
    /// The architecture.
    pub architecture: Architecture,
    /// Test accuracy on CIFAR-10 as predicted by the surrogate (version 1.0, without noise), as a fraction.
    pub accuracy: f64,
    /// Parameters of the stand-alone network: [`Architecture::census`] in [`Skeleton::STAND_ALONE`].
    pub standalone_params: u64,
    /// FLOPs of the supernet: [`Architecture::table_flops`] in [`Skeleton::SUPERNET`].
    pub supernet_flops: u64,
}

impl Nb301Row {
    /// The accuracy as a fraction, rounded as `precision` says.
    pub fn truth(&self, precision: Nb301Precision) -> f64 {
        match precision {
            Nb301Precision::Full => self.accuracy,
            Nb301Precision::Sparse => (self.accuracy * 100.0).round() / 100.0,
        }
    }
}

/// The table. Its rows have the order of the file, which is also that of `published/nb301_oneshot.csv`.
#[derive(Clone, Debug, PartialEq)]
pub struct Nb301Table {
    rows: Vec<Nb301Row>,
}

impl Nb301Table {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// Those of [`parse`](Self::parse); also if the file cannot be read.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, TableError> {
        let (name, bytes) = load(path.as_ref())?;
        Self::parse(&name, &bytes)
    }

    /// Reads the content of a file. `file` is its name in errors.
    ///
    /// # Errors
    /// The first wrong place; also if the table is not complete (5,896 rows and a line break at the end). The costs in a row must be those
    /// of its architecture, and all rows of an architecture must have the same accuracy.
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Self, TableError> {
        let mut known: BTreeMap<Architecture, (u64, String)> = BTreeMap::new();
        let (rows, _) = LAYOUT.read(file, bytes, |line, cells| {
            let (row, found) = (row(cells)?, cells.text(2));
            let (line, expected) = known.entry(row.architecture).or_insert_with(|| (line, found.to_owned()));
            if expected != found {
                let (line, expected, found) = (*line, expected.clone(), found.to_owned());
                return Err(cells.blame(2, Problem::Contradiction { line, expected, found }));
            }
            Ok(row)
        })?;
        Ok(Self { rows })
    }

    /// Every row, in the order of the file.
    pub fn rows(&self) -> &[Nb301Row] {
        &self.rows
    }

    /// The row numbers (from 0) of the rows in `set`, in the order of [`select`](Self::select).
    pub fn places(&self, set: Nb301Rows) -> Vec<usize> {
        let mut places = Vec::new();
        let mut place_of = BTreeMap::new();
        for (number, row) in self.rows.iter().enumerate() {
            let new = places.len();
            match place_of.insert(row.architecture, new).filter(|_| set == Nb301Rows::UniqueLast) {
                Some(place) => {
                    places[place] = number;
                    place_of.insert(row.architecture, place);
                }
                None => places.push(number),
            }
        }
        places
    }

    /// The chosen rows as (architecture, accuracy as a fraction).
    pub fn select(&self, set: Nb301Rows, precision: Nb301Precision) -> Vec<(Architecture, f64)> {
        let rows = self.places(set).into_iter().map(|place| &self.rows[place]);
        rows.map(|row| (row.architecture, row.truth(precision))).collect()
    }
}

fn row(cells: &Cells<'_>) -> CellResult<Nb301Row> {
    let (normal, reduce) = (cells.text(0), cells.text(1));
    let architecture: Architecture =
        cells.architecture(&format!("{normal}|{reduce}"), |byte| usize::from(byte > normal.len()))?;
    Ok(Nb301Row {
        architecture,
        accuracy: cells.percent(2)?,
        standalone_params: cells.cost(3, architecture.census(&Skeleton::STAND_ALONE).params)?,
        supernet_flops: cells.cost(4, architecture.table_flops(&Skeleton::SUPERNET))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use nas_assay_base::seed::Seed;
    use nas_assay_criteria::{CriteriaConfig, Criterion, evaluate};
    use nas_assay_testing::data_file;
    use proptest::prelude::*;
    use std::sync::LazyLock;

    /// A complete table with invented accuracies, whose last rows repeat the first ones.
    static MADE: LazyLock<String> = LazyLock::new(|| {
        let mut stream = Seed::root(3).stream();
        let drawn: Vec<Architecture> = (0..NB301_ROWS - 100).map(|_| Architecture::sample(&mut stream)).collect();
        let rows = (0..NB301_ROWS).map(|number| {
            let number = number % drawn.len();
            let text = drawn[number].to_string().replacen('|', ",", 1);
            let params = drawn[number].census(&Skeleton::STAND_ALONE).params;
            format!("{text},{},{params},{}", number as f64 / 64.0, drawn[number].table_flops(&Skeleton::SUPERNET))
        });
        let lines: Vec<String> = std::iter::once(NB301_COLUMNS.join(",")).chain(rows).collect();
        lines.join("\n") + "\n"
    });

    fn refusal(text: &str) -> String {
        Nb301Table::parse("made.csv", text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn every_choice_by_hand() {
        let table = Nb301Table::parse("made.csv", MADE.as_bytes()).unwrap();
        let (all, unique) = (table.places(Nb301Rows::All), table.places(Nb301Rows::UniqueLast));
        assert!(all.into_iter().eq(0..NB301_ROWS));
        let expected = (NB301_ROWS - 100..NB301_ROWS).chain(100..NB301_ROWS - 100);
        assert!(unique.into_iter().eq(expected), "the last rows in the places of the first");
        let full = table.select(Nb301Rows::UniqueLast, Nb301Precision::Full);
        assert_eq!((full.len(), full[1]), (NB301_ROWS - 100, (table.rows()[1].architecture, 1.0 / 6400.0)));
        let sparse = table.select(Nb301Rows::All, Nb301Precision::Sparse);
        assert_eq!([31, 33, 5_000].map(|row| sparse[row].1), [0.0, 0.01, 0.78]);
    }

    #[test]
    fn refusals_name_file_line_and_column() {
        let line = |number: usize| MADE.lines().nth(number - 1).unwrap();
        let with = |number: usize, new: &str| MADE.replacen(line(number), new, 1);
        let edited = |number: usize, column: usize, new: &str| {
            let mut cells: Vec<&str> = line(number).split(',').collect();
            cells[column] = new;
            refusal(&with(number, &cells.join(",")))
        };
        assert_eq!(
            edited(5, 2, "101"),
            r#"truth table made.csv, line 5, column surrogate_accuracy: expected a number from 0 to 100, found "101""#
        );
        assert_eq!(
            edited(5, 2, "1"),
            r#"truth table made.csv, line 5801, column surrogate_accuracy: expected "1" as on line 5, which has the same architecture, found "0.046875""#
        );
        assert!(
            edited(7, 0, "none:0>2")
                .contains("line 7, column normal: not an architecture of nb301: unknown operation `none`")
        );
        assert!(
            edited(7, 1, "skip")
                .contains("line 7, column reduce: not an architecture of nb301: unknown operation `skip`")
        );
        assert!(edited(7, 3, "12").contains("line 7, column standalone_params: expected "));
        assert!(edited(7, 4, "12").contains("line 7, column supernet_flops: expected "));
        assert_eq!(refusal(&with(4, "a,b")), "truth table made.csv, line 4: expected 5 cells, found 2");
        assert_eq!(
            refusal(&MADE.replacen("standalone_params", "params", 1)),
            r#"truth table made.csv, line 1: the header is not the one of nb301.csv: expected "standalone_params", found "params""#
        );
        assert_eq!(
            refusal(&MADE.replacen(&format!("{}\n", line(900)), "", 1)),
            "truth table made.csv, line 5896: expected 5896 rows, found 5895; the file may be truncated: fetch it again, and declare the digest of the whole file"
        );
        assert!(matches!(Nb301Table::read("no/such.csv"), Err(TableError::Read { .. })));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn a_truncated_table_is_refused(at in any::<prop::sample::Index>()) {
            let text = &MADE[..at.index(MADE.len())];
            prop_assert!(Nb301Table::parse("made.csv", text.as_bytes()).is_err());
        }

        #[test]
        fn damage_is_refused_or_stays_in_its_lines(at in any::<prop::sample::Index>(), put in any::<[u8; 2]>()) {
            let mut bytes = MADE.as_bytes().to_vec();
            let start = at.index(bytes.len() - 1);
            bytes[start..start + 2].copy_from_slice(&put);
            if let Ok(table) = Nb301Table::parse("made.csv", &bytes) {
                let whole = Nb301Table::parse("made.csv", MADE.as_bytes()).unwrap();
                let changed = table.rows.iter().zip(&whole.rows).filter(|(a, b)| a != b).count();
                prop_assert!(table.rows.len() == NB301_ROWS && changed <= 1, "{} rows changed", changed);
            }
        }
    }

    /// The benchmark's own table, from the data root.
    fn benchmark() -> Nb301Table {
        Nb301Table::read(data_file("truth/nb301.csv")).unwrap()
    }

    #[test]
    #[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
    fn the_rows_are_those_of_the_paper() {
        let table = benchmark();
        assert_eq!((table.rows().len(), table.places(Nb301Rows::UniqueLast).len()), (5_896, 5_468));
        let mut accuracies: Vec<f64> = table.rows().iter().map(|row| row.accuracy).collect();
        accuracies.sort_by(f64::total_cmp);
        let percent = |accuracy: f64| format!("{:.2}", 100.0 * accuracy);
        assert_eq!([accuracies[0], accuracies[2_948], accuracies[5_895]].map(percent), ["83.14", "93.47", "94.80"]);
    }

    #[test]
    #[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
    fn costs_rank_as_published() {
        let table = benchmark();
        let baseline = |set, precision, cost: fn(&Nb301Row) -> u64| {
            let truth: Vec<f64> = table.select(set, precision).into_iter().map(|(_, truth)| truth).collect();
            let scores: Vec<f64> = table.places(set).iter().map(|&row| cost(&table.rows()[row]) as f64).collect();
            let config = CriteriaConfig { resamples: 0, ..CriteriaConfig::default() };
            let criteria = evaluate(&truth, &scores, &config, Seed::root(1)).unwrap();
            let value = |criterion| criteria.get(criterion).unwrap();
            let [rho, top, bottom, worst] = [
                Criterion::Spearman,
                Criterion::PrecisionTop(0.05),
                Criterion::PrecisionBottom(0.05),
                Criterion::WorstRanking(0.05),
            ]
            .map(|criterion| format!("{:.3}", value(criterion)));
            let best = format!("{:.4}", value(Criterion::BestRanking(0.05)));
            [format!("{:.4}", value(Criterion::TauB)), rho, top, bottom, best, worst]
        };
        let (params, flops) = (|row: &Nb301Row| row.standalone_params, |row: &Nb301Row| row.supernet_flops);
        let published = ["0.5153", "0.709", "0.286", "0.347", "0.0061", "0.735"];
        assert_eq!(baseline(Nb301Rows::All, Nb301Precision::Full, params), published);
        let published = ["0.4873", "0.678", "0.282", "0.350"];
        assert_eq!(baseline(Nb301Rows::All, Nb301Precision::Full, flops)[..4], published);
        assert_eq!(baseline(Nb301Rows::UniqueLast, Nb301Precision::Full, params)[0], "0.5080");
        assert_eq!(baseline(Nb301Rows::All, Nb301Precision::Sparse, params)[0], "0.5298");
    }
}
