//! The table of trained accuracies of NAS-Bench-201, `truth/nb201.csv`.
//!
//! The file has several accuracies of each architecture, in two units and some of them only for part of the rows. A comparison with
//! published numbers depends on the choice of accuracy and rows, so every choice has a name ([`Nb201Accuracy`], [`RowSet`]). The file is
//! read once and checked, and all accuracies are converted to fractions.

use std::path::Path;

use super::table::{CellResult, Cells, Layout, Problem, TableError, load};
use crate::spec::{Nb201Accuracy, RowSet};
use nas_assay_spaces::nb201::{Architecture, COUNT};

/// The columns, in the order of the file.
pub const NB201_COLUMNS: [&str; 14] = [
    "arch",
    "iso_group",
    "is_representative",
    "cifar10_test",
    "cifar10_test_group_mean",
    "cifar10_test_v11_seed1",
    "cifar10_test_v11_seed2",
    "cifar10_test_v11_seed3",
    "cifar10_valid",
    "cifar100_valid",
    "imagenet16_valid",
    "cifar10_test_12epochs",
    "params_m",
    "flops_m",
];

const LAYOUT: Layout = Layout { name: "nb201.csv", columns: &NB201_COLUMNS, rows: COUNT };

/// A row of the table. Accuracies are fractions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nb201Row {
    /// The architecture.
    pub architecture: Architecture,
    /// The number of the class (the file calls it a group), below 6,466. The classes are those of
    /// [`Classes::paper`](nas_assay_spaces::nb201::Classes::paper), numbered in another order.
    pub iso_group: usize,
    /// Whether this row represents its class.
    pub is_representative: bool,
    /// See [`Nb201Accuracy::Own`].
    pub own: f64,
    /// See [`Nb201Accuracy::GroupMean`].
    pub group_mean: f64,
    /// See [`Nb201Accuracy::V11Seed1`].
    pub v11_seed_1: f64,
    /// The same for the second seed; 2,225 rows do not have it.
    pub v11_seed_2: Option<f64>,
    /// The same for the third seed; 7,664 rows do not have it.
    pub v11_seed_3: Option<f64>,
    /// See [`Nb201Accuracy::Cifar10Valid`].
    pub cifar10_valid: f64,
    /// See [`Nb201Accuracy::Cifar100Valid`].
    pub cifar100_valid: f64,
    /// See [`Nb201Accuracy::Imagenet16Valid`].
    pub imagenet16_valid: f64,
    /// See [`Nb201Accuracy::Epochs12`].
    pub epochs_12: f64,
    /// Parameters in millions, as counted by the benchmark: 16 channels, 5 cells per stage with affine batch-norm, all edges with weights
    /// ([`EdgeRule::Written`](nas_assay_spaces::nb201::EdgeRule)). In 204 rows the number differs from that by a fraction of a convolution.
    pub params_m: f64,
    /// Operations in millions, as counted by NAS-Bench-Suite-Zero. In the cells these are multiply-accumulates, plus 3 for each output
    /// element of a convolution and 9 for each output element of a pool. The layers outside the cells count 7,943,872. Only 9,445 rows have
    /// a value:
    /// those whose edges with operations are all executed.
    pub flops_m: Option<f64>,
}

impl Nb201Row {
    /// The chosen accuracy, as a fraction.
    pub const fn accuracy(&self, accuracy: Nb201Accuracy) -> f64 {
        match accuracy {
            Nb201Accuracy::Own => self.own,
            Nb201Accuracy::GroupMean => self.group_mean,
            Nb201Accuracy::V11Seed1 => self.v11_seed_1,
            Nb201Accuracy::Cifar10Valid => self.cifar10_valid,
            Nb201Accuracy::Cifar100Valid => self.cifar100_valid,
            Nb201Accuracy::Imagenet16Valid => self.imagenet16_valid,
            Nb201Accuracy::Epochs12 => self.epochs_12,
        }
    }
}

/// The table: every encoding once, in the order of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Nb201Table {
    rows: Vec<Nb201Row>,
    /// The row number of each architecture, by its index.
    row_of: Vec<usize>,
}

impl Nb201Table {
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
    /// The first wrong place; also if the table is not complete (each of the 15,625 encodings once, one representative per class, a line
    /// break at the end).
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Self, TableError> {
        let mut found: Vec<Option<(usize, u64)>> = vec![None; COUNT];
        let mut count = 0;
        let (rows, last) = LAYOUT.read(file, bytes, |line, cells| {
            let row = row(cells)?;
            if let Some((_, first)) = found[row.architecture.index()].replace((count, line)) {
                return Err((Some(NB201_COLUMNS[0]), Problem::Repeated(first)));
            }
            count += 1;
            Ok(row)
        })?;
        check_groups(&rows).map_err(|problem| TableError::at(file, last, Some(NB201_COLUMNS[2]), problem))?;
        let row_of = found.into_iter().flatten().map(|(row, _)| row).collect();
        Ok(Self { rows, row_of })
    }

    /// The rows of `set`, in the order of the file.
    pub fn rows(&self, set: RowSet) -> impl Iterator<Item = &Nb201Row> {
        self.rows.iter().filter(move |row| set == RowSet::All || row.is_representative)
    }

    /// The chosen rows as (architecture, accuracy as a fraction), in the order of the file.
    pub fn select(&self, rows: RowSet, accuracy: Nb201Accuracy) -> Vec<(Architecture, f64)> {
        self.rows(rows).map(|row| (row.architecture, row.accuracy(accuracy))).collect()
    }

    /// The row numbers (from 0) of the rows in `set`, in the order of [`select`](Self::select).
    pub fn places(&self, set: RowSet) -> Vec<usize> {
        let chosen = |row: &usize| set == RowSet::All || self.rows[*row].is_representative;
        (0..self.rows.len()).filter(chosen).collect()
    }

    /// The row of `architecture`.
    pub fn row(&self, architecture: Architecture) -> &Nb201Row {
        &self.rows[self.row_of[architecture.index()]]
    }
}

fn check_groups(rows: &[Nb201Row]) -> Result<(), Problem> {
    let groups = rows.iter().map(|row| row.iso_group + 1).max().unwrap_or(0);
    let mut marked = vec![0; groups];
    for row in rows.iter().filter(|row| row.is_representative) {
        marked[row.iso_group] += 1;
    }
    match marked.iter().position(|&marked| marked != 1) {
        Some(group) => Err(Problem::Representatives { group, marked: marked[group] }),
        None => Ok(()),
    }
}

fn row(cells: &Cells<'_>) -> CellResult<Nb201Row> {
    Ok(Nb201Row {
        architecture: cells.architecture(cells.text(0), |_| 0)?,
        iso_group: cells.whole(1, COUNT as u64 - 1)? as usize,
        is_representative: cells.flag(2)?,
        own: cells.number(3, 1)?,
        group_mean: cells.number(4, 1)?,
        v11_seed_1: cells.percent(5)?,
        v11_seed_2: cells.present(6).then(|| cells.percent(6)).transpose()?,
        v11_seed_3: cells.present(7).then(|| cells.percent(7)).transpose()?,
        cifar10_valid: cells.percent(8)?,
        cifar100_valid: cells.percent(9)?,
        imagenet16_valid: cells.percent(10)?,
        epochs_12: cells.percent(11)?,
        params_m: cells.number(12, 1000)?,
        flops_m: cells.present(13).then(|| cells.number(13, 1_000_000)).transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use nas_assay_spaces::nb201::{Classes, Operation};
    use nas_assay_spaces::nb201::{EdgeRule, Skeleton};
    use nas_assay_testing::data_file;
    use proptest::prelude::*;
    use std::collections::BTreeSet;
    use std::sync::LazyLock;

    /// A complete table with invented accuracies and two groups (connected or not), with the last index first.
    static MADE: LazyLock<String> = LazyLock::new(|| {
        let rows = Architecture::all().rev().map(|architecture| {
            let (index, group) = (architecture.index(), u8::from(architecture.is_connected()));
            let marked = u8::from(index == 0 || index == COUNT - 1);
            let own = index as f64 / COUNT as f64;
            let third = if index % 2 == 0 { "25" } else { "" };
            format!("{architecture},{group},{marked},{own},0.5,75,50,{third},1,2,3,12.5,0.1,")
        });
        let lines: Vec<String> = std::iter::once(NB201_COLUMNS.join(",")).chain(rows).collect();
        lines.join("\n") + "\n"
    });

    fn refusal(text: &str) -> String {
        Nb201Table::parse("made.csv", text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn rows_come_in_the_files_order_and_in_one_unit() {
        let table = Nb201Table::parse("made.csv", MADE.as_bytes()).unwrap();
        let all = table.select(RowSet::All, Nb201Accuracy::Own);
        let expected = Architecture::all().rev().map(|a| (a, a.index() as f64 / COUNT as f64));
        assert!(all.iter().copied().eq(expected));
        let chosen = table.select(RowSet::Representatives, Nb201Accuracy::Epochs12);
        let (first, last) = (Architecture::from_index(0).unwrap(), Architecture::from_index(COUNT - 1).unwrap());
        assert_eq!(chosen, [(last, 0.125), (first, 0.125)]);
        for architecture in Architecture::all() {
            assert_eq!(table.row(architecture).architecture, architecture);
        }
        let row = table.row(first);
        assert_eq!((row.v11_seed_1, row.v11_seed_2, row.v11_seed_3), (0.75, Some(0.5), Some(0.25)));
        assert_eq!((row.cifar10_valid, row.cifar100_valid, row.imagenet16_valid), (0.01, 0.02, 0.03));
        assert_eq!((row.group_mean, row.params_m, row.flops_m), (0.5, 0.1, None));
    }

    #[test]
    fn refusals_name_file_line_and_column() {
        let line = |number: usize| MADE.lines().nth(number - 1).unwrap();
        let with = |number: usize, new: &str| MADE.replacen(line(number), new, 1);
        assert_eq!(
            refusal(&with(5, &line(5).replace(",75,", ",175,"))),
            r#"truth table made.csv, line 5, column cifar10_test_v11_seed1: expected a number from 0 to 100, found "175""#
        );
        assert_eq!(
            refusal(&with(5, &line(5).replace(",75,", ",NaN,"))),
            r#"truth table made.csv, line 5, column cifar10_test_v11_seed1: expected a number from 0 to 100, found "NaN""#
        );
        assert_eq!(
            refusal(&with(7, &line(7).replacen("avg_pool_3x3~0", "avg_pool_3x3~1", 1))),
            "truth table made.csv, line 7, column arch: not an architecture of nb201: expected `~0|` at byte 13, \
             found `~1|+|avg_pool_3x3~0|avg_…`"
        );
        assert_eq!(
            refusal(&with(9, line(8))),
            "truth table made.csv, line 9, column arch: the architecture is already on line 8"
        );
        assert_eq!(refusal(&with(4, "a,b")), "truth table made.csv, line 4: expected 14 cells, found 2");
        assert_eq!(
            refusal(&with(2, &line(2).replacen(",1,1,", ",1,yes,", 1))),
            r#"truth table made.csv, line 2, column is_representative: expected 0 or 1, found "yes""#
        );
        assert_eq!(
            refusal(&with(2, &line(2).replacen(",1,1,", ",1,0,", 1))),
            "truth table made.csv, line 15626, column is_representative: group 1 has 0 representatives, expected 1"
        );
        assert_eq!(
            refusal(&MADE.replacen("params_m", "params", 1)),
            r#"truth table made.csv, line 1: the header is not the one of nb201.csv: expected "params_m", found "params""#
        );
        assert!(refusal("").contains("line 1: the file ends within a line"), "{}", refusal(""));
        assert!(matches!(Nb201Table::read("no/such.csv"), Err(TableError::Read { .. })));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn a_truncated_table_is_refused(at in any::<prop::sample::Index>()) {
            let text = &MADE[..at.index(MADE.len())];
            prop_assert!(Nb201Table::parse("made.csv", text.as_bytes()).is_err());
        }

        #[test]
        fn damage_is_refused_or_stays_in_its_lines(at in any::<prop::sample::Index>(), put in any::<[u8; 2]>()) {
            let mut bytes = MADE.as_bytes().to_vec();
            let start = at.index(bytes.len() - 1);
            bytes[start..start + 2].copy_from_slice(&put);
            if let Ok(table) = Nb201Table::parse("made.csv", &bytes) {
                let whole = Nb201Table::parse("made.csv", MADE.as_bytes()).unwrap();
                let changed = table.rows.iter().zip(&whole.rows).filter(|(a, b)| a != b).count();
                prop_assert!(table.rows.len() == COUNT && changed <= 1, "{} rows changed", changed);
            }
        }
    }

    /// The benchmark's own table, from the data root.
    fn benchmark() -> Nb201Table {
        Nb201Table::read(data_file("truth/nb201.csv")).unwrap()
    }

    #[test]
    #[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
    fn the_tables_groups_are_the_paper_classes_row_by_row() {
        let table = benchmark();
        let paper = Classes::paper();
        let mut class_of_group = vec![None; 6_466];
        let mut group_of_class = vec![None; 6_466];
        for row in table.rows(RowSet::All) {
            let class = paper.class_of(row.architecture);
            assert_eq!(*class_of_group[row.iso_group].get_or_insert(class), class, "{}", row.architecture);
            assert_eq!(*group_of_class[class].get_or_insert(row.iso_group), row.iso_group, "{}", row.architecture);
        }
        assert_eq!(table.rows(RowSet::Representatives).count(), 6_466);
    }

    #[test]
    #[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
    fn the_group_mean_is_the_mean_of_the_group() {
        let table = benchmark();
        let paper = Classes::paper();
        let mut sums = vec![0.0; paper.sizes().len()];
        table.rows(RowSet::All).for_each(|row| sums[row.iso_group] += row.own);
        for row in table.rows(RowSet::All) {
            let mean = sums[row.iso_group] / paper.size_of(row.architecture) as f64;
            assert!((row.group_mean - mean).abs() < 5.1e-7, "{}: the file has six digits of {mean}", row.architecture);
        }
    }

    #[test]
    #[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
    fn the_table_has_the_published_range_and_gaps() {
        let table = benchmark();
        let mut own: Vec<f64> = table.rows(RowSet::All).map(|row| row.own).collect();
        own.sort_by(f64::total_cmp);
        assert_eq!((own[0], own[COUNT - 1]), (0.1, 0.943_73));
        let gaps = |missing: fn(&Nb201Row) -> bool| table.rows(RowSet::All).filter(|row| missing(row)).count();
        assert_eq!(gaps(|row| row.v11_seed_2.is_none()), 2_225);
        assert_eq!(gaps(|row| row.v11_seed_3.is_none()), 7_664);
        assert_eq!(gaps(|row| row.flops_m.is_none()), 6_180);
    }

    /// The parameters in the file are those of the census with affine cells and all edges, and the operations follow from the census too.
    #[test]
    #[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
    fn the_benchmarks_costs_follow_from_the_census() {
        let table = benchmark();
        let skeleton = Skeleton { cell_affine: true, ..Skeleton::default() };
        let base = Architecture::new([Operation::None; 6]).census(&skeleton);
        let elements: u64 =
            (0..Skeleton::STAGES as u32).map(|stage| 5 * (16 << stage) * (32_u64 >> stage).pow(2)).sum();
        let mut departing = 0;
        for row in table.rows(RowSet::All) {
            let written = row.architecture.census_by(&skeleton, EdgeRule::Written);
            departing += usize::from((row.params_m * 1e6 - written.params as f64).abs() > 1e-3);
            let dead = row.architecture.operations().into_iter().zip(row.architecture.live_edges());
            let dead = dead.filter(|&(operation, live)| operation != Operation::None && !live).count();
            assert_eq!(row.flops_m.is_some(), dead == 0, "{}", row.architecture);
            let Some(flops_m) = row.flops_m else { continue };
            let pools = row.architecture.operations().iter().filter(|&&o| o == Operation::AvgPool3x3).count() as u64;
            let convolved = written.relu_elements - base.relu_elements;
            let expected = 7_943_872 + (written.flops - base.flops) + 3 * convolved + 9 * pools * elements;
            assert!((flops_m * 1e6 - expected as f64).abs() < 1e-3, "{}: {flops_m}, not {expected}", row.architecture);
        }
        assert_eq!(departing, 204);
        let supernet = Skeleton::default();
        let params = table.rows(RowSet::Representatives).map(|row| row.architecture.census(&supernet).params);
        assert_eq!(params.collect::<BTreeSet<_>>().len(), 28, "distinct numbers of parameters");
    }
}
