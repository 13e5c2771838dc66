//! All estimators over all benchmarks of the board: whether their ranks differ, the worst of each, changes of sign, and how close each stays to the
//! best.
//!
//! A benchmark is a search space and a data set. Of several columns of one benchmark the first one counts: accuracies of other seeds are hardly
//! another benchmark. A truth in miniature counts only where the space has no other. Columns of other quantities than accuracies do not count.

use nas_assay_criteria::{Criterion, Friedman};
use serde::Serialize;

use super::board::{Cell, Column, Leaderboard, Row};
use crate::text_table::TextTable;
use crate::value_text::{self, NONE, fixed};

/// How far a tau-b may be below the best of a benchmark to count as close to it.
pub const CLOSE: [f64; 3] = [0.02, 0.05, 0.1];

/// What the board says over all benchmarks. There is none of fewer than two.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Across {
    /// The places of the columns, one for each benchmark.
    pub columns: Vec<usize>,
    /// The rows that have a tau-b on all of them, in the order of the board.
    pub compared: Vec<String>,
    /// The test of their ranks; `None` for fewer than two of them.
    pub friedman: Option<Friedman>,
    /// For each row of the board that has a tau-b on one of them, what it is over those that it has.
    pub rows: Vec<AcrossRow>,
}

/// An estimator over the benchmarks that have it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AcrossRow {
    /// The estimator.
    pub estimator: String,
    /// How many benchmarks have it.
    pub benchmarks: usize,
    /// Its least tau-b.
    pub worst: f64,
    /// The search space of that.
    pub worst_space: String,
    /// On how many benchmarks the whole interval of tau-b is above zero.
    pub above_zero: usize,
    /// On how many it is below zero. If neither is 0, its sign changes.
    pub below_zero: usize,
    /// On how many benchmarks it is not further below the best estimator than each of [`CLOSE`].
    pub close: [usize; CLOSE.len()],
}

impl AcrossRow {
    /// Whether it ranks as the truth on one benchmark, and against it on another.
    pub fn changes_sign(&self) -> bool {
        self.above_zero > 0 && self.below_zero > 0
    }
}

impl Across {
    pub(super) fn of(board: &Leaderboard) -> Option<Self> {
        let mut columns: Vec<usize> = Vec::new();
        for (place, column) in board.columns.iter().enumerate().filter(|(_, column)| !column.other_quantity) {
            let is_known =
                |held: &Column| held.space == column.space && (column.miniature || data_set(held) == data_set(column));
            if !columns.iter().any(|&held| is_known(&board.columns[held])) {
                columns.push(place);
            }
        }
        if columns.len() < 2 {
            return None;
        }
        let tau = |row: &Row, place: usize| row.cells[place].as_ref().and_then(|cell| cell.tau_b);
        let compared: Vec<&Row> =
            board.rows.iter().filter(|row| columns.iter().all(|&place| tau(row, place).is_some())).collect();
        let block = |&place: &usize| compared.iter().filter_map(|row| tau(row, place)).collect::<Vec<f64>>();
        let friedman = Friedman::new(&columns.iter().map(block).collect::<Vec<_>>());
        let best = |&place: &usize| board.rows.iter().filter_map(|row| tau(row, place)).reduce(f64::max);
        let best: Vec<Option<f64>> = columns.iter().map(best).collect();
        let row = |row: &Row| {
            let known: Vec<(usize, f64, &Cell)> = columns
                .iter()
                .enumerate()
                .filter_map(|(at, &place)| Some((at, tau(row, place)?, row.cells[place].as_ref()?)))
                .collect();
            let &(at, worst, _) = known.iter().min_by(|a, b| a.1.total_cmp(&b.1))?;
            let count = |is: &dyn Fn(&(usize, f64, &Cell)) -> bool| known.iter().filter(|of| is(of)).count();
            Some(AcrossRow {
                estimator: row.estimator.clone(),
                benchmarks: known.len(),
                worst,
                worst_space: board.columns[columns[at]].space.clone(),
                above_zero: count(&|(_, _, cell)| cell.interval.is_some_and(|[lower, _]| lower > 0.0)),
                below_zero: count(&|(_, _, cell)| cell.interval.is_some_and(|[_, upper]| upper < 0.0)),
                close: CLOSE.map(|room| count(&|(at, tau, _)| best[*at].is_some_and(|best| tau + room >= best))),
            })
        };
        let rows = board.rows.iter().filter_map(row).collect();
        let compared = compared.into_iter().map(|row| row.estimator.clone()).collect();
        Some(Self { columns, compared, friedman, rows })
    }

    /// What the test says, and which signs change, in sentences.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = self.friedman.as_ref().map(|test| self.tested(test)).unwrap_or_default();
        let change: Vec<&str> =
            self.rows.iter().filter(|row| row.changes_sign()).map(|row| row.estimator.as_str()).collect();
        if !change.is_empty() {
            lines.push(format!(
                "With the truth on one benchmark and against it on another, each with its whole interval: {}.",
                change.join(", ")
            ));
        }
        lines
    }

    fn tested(&self, test: &Friedman) -> Vec<String> {
        let mut lines = vec![format!(
            "Ranks of the {} estimators that all {} benchmarks have: Friedman's chi-square is {} with {} degrees of freedom, p = {}. Two \
             average ranks differ if they are more than {} apart (Nemenyi, 5 %).",
            self.compared.len(),
            test.blocks,
            fixed(test.statistic, 2),
            self.compared.len() - 1,
            if test.p_value < 0.001 { "< 0.001".to_owned() } else { fixed(test.p_value, 3) },
            fixed(test.critical_difference, 2)
        )
        .replace("p = <", "p <")];
        for clique in &test.cliques {
            let names: Vec<String> = clique
                .iter()
                .map(|&place| format!("{} ({})", self.compared[place], fixed(test.average_ranks[place], 2)))
                .collect();
            lines.push(format!("Not told apart: {}.", names.join(", ")));
        }
        if test.blocks <= 10 {
            lines.push(format!("With {} benchmarks the test sees large differences only.", test.blocks));
        }
        lines
    }

    /// The table of the rows.
    pub(super) fn table(&self) -> TextTable {
        let close = CLOSE.map(|room| format!("within {room} of best"));
        let mut columns =
            vec![("estimator", false), ("worst tau-b", true), ("on", false), ("above 0", true), ("below 0", true)];
        columns.extend(close.iter().map(|heading| (heading.as_str(), true)));
        let row = |row: &AcrossRow| {
            let of = |count: usize| {
                if row.benchmarks == 0 { NONE.to_owned() } else { format!("{count} of {}", row.benchmarks) }
            };
            let first = [
                row.estimator.clone(),
                value_text::value(Criterion::TauB, Some(row.worst)),
                row.worst_space.clone(),
                of(row.above_zero),
                of(row.below_zero),
            ];
            first.into_iter().chain(row.close.map(of)).collect()
        };
        TextTable::new(&columns, self.rows.iter().map(row).collect())
    }
}

/// The data set of a column's truth: the first word of another accuracy; the paper's is CIFAR-10.
fn data_set(column: &Column) -> &str {
    column.other_truth.as_deref().map_or("cifar10", |truth| truth.split('-').next().unwrap_or_default())
}

/// The heading of the section.
pub(super) const TITLE: &str = "Over all benchmarks";

#[cfg(test)]
mod tests {
    use nas_assay_criteria::rank::average_ranks;
    use nas_assay_schema::store::record::Record;

    use super::*;
    use crate::{Format, fixture};

    /// Records of several spaces with these values of tau-b; an interval of a tenth around each.
    fn board(taus: &[(&str, [f64; 4])]) -> Leaderboard {
        let records: Vec<Record> = taus
            .iter()
            .enumerate()
            .map(|(place, (space, taus))| {
                let mut record = fixture::record(40);
                record.space = (*space).to_owned();
                record.spec_hash = format!("{place:016x}").repeat(4);
                record.panels[0].estimators.truncate(4);
                for (estimator, &tau) in record.panels[0].estimators.iter_mut().zip(taus) {
                    estimator.criteria.kendall.tau_b = Some(tau);
                    let interval = estimator.criteria.kendall.interval.as_mut().unwrap();
                    (interval.lower, interval.upper) = (tau - 0.05, tau + 0.05);
                }
                record
            })
            .collect();
        Leaderboard::new(&records, true)
    }

    const TAUS: [(&str, [f64; 4]); 3] =
        [("nb101", [0.5, 0.6, -0.4, 0.1]), ("nb201", [0.5, 0.45, 0.3, 0.1]), ("nb301", [0.2, 0.7, 0.0, 0.1])];

    #[test]
    fn values_by_hand() {
        let board = board(&TAUS);
        let across = board.across.as_ref().unwrap();
        assert_eq!(across.columns, [0, 1, 2]);
        let ids: Vec<&str> = across.rows.iter().map(|row| row.estimator.as_str()).collect();
        assert_eq!(across.compared, ids);
        let row = |id: &str| across.rows.iter().find(|row| row.estimator == id).unwrap();
        let of =
            |id| (row(id).worst, row(id).worst_space.as_str(), row(id).above_zero, row(id).below_zero, row(id).close);
        assert_eq!(of("params"), (0.2, "nb301", 3, 0, [1, 1, 2]));
        assert_eq!(of("synflow"), (0.45, "nb201", 3, 0, [2, 3, 3]));
        assert_eq!(of("jacob_cov"), (-0.4, "nb101", 1, 1, [0, 0, 0]));
        assert_eq!(of("plain"), (0.1, "nb101", 3, 0, [0, 0, 0]));
        let test = across.friedman.as_ref().unwrap();
        for (place, id) in ids.iter().enumerate() {
            let at = ["params", "synflow", "jacob_cov", "plain"].iter().position(|known| known == id).unwrap();
            let mean = TAUS.iter().map(|(_, taus)| average_ranks(taus)[at]).sum::<f64>() / 3.0;
            assert!((test.average_ranks[place] - mean).abs() < 1e-12, "{id}");
        }
        let lines = across.lines();
        assert!(lines[0].contains(&format!("more than {} apart", fixed(test.critical_difference, 2))), "{lines:?}");
        assert!(lines.last().unwrap().ends_with("each with its whole interval: jacob_cov."), "{lines:?}");
        assert!(lines[1].starts_with("Not told apart: synflow (1.33), params (1.67)"), "{lines:?}");
    }

    #[test]
    fn one_benchmark_is_not_compared_over_all() {
        assert!(board(&TAUS[..1]).across.is_none());
        // The same space and truth twice are one benchmark.
        let twice = board(&[TAUS[1], ("nb201", [0.1, 0.2, 0.3, 0.4])]);
        assert_eq!((twice.columns.len(), twice.across), (2, None));
    }

    /// Other seeds of an accuracy, and a miniature beside the real truth, are no further benchmarks; another data set is.
    #[test]
    fn a_benchmark_is_a_space_and_a_data_set() {
        let column = |space: &str, other: Option<&str>, miniature: bool| {
            let mut found = board(&TAUS[..1]).columns.remove(0);
            (found.space, found.other_truth, found.miniature) = (space.to_owned(), other.map(str::to_owned), miniature);
            found
        };
        let mut whole = board(&TAUS);
        let counted = |whole: &Leaderboard| Across::of(whole).map(|across| across.columns).unwrap_or_default();
        whole.columns = vec![
            column("nb201", None, false),
            column("nb201", Some("cifar10-test-200-seed777"), false),
            column("nb201", Some("cifar100-test-200-seed777"), false),
        ];
        assert_eq!(counted(&whole), [0, 2]);
        whole.columns[2] = column("nb201", None, true);
        assert_eq!(counted(&whole), [0_usize; 0]);
        whole.columns[2] = column("nb301", None, true);
        assert_eq!(counted(&whole), [0, 2]);
    }

    /// Estimators that are not on all benchmarks have their signs, too.
    #[test]
    fn signs_need_no_test() {
        let mut across = board(&TAUS).across.unwrap();
        across.friedman = None;
        let lines = across.lines();
        assert!(lines.len() == 1 && lines[0].ends_with("jacob_cov."), "{lines:?}");
    }

    #[test]
    fn every_form_of_the_board_has_it() {
        let only = board;
        let board = board(&TAUS);
        let across = board.across.as_ref().unwrap();
        for text in [board.text(200), board.render(Format::Markdown).unwrap(), board.render(Format::Html).unwrap()] {
            let text = text.replace(['\\', '\u{a0}'], "").replace('−', "-");
            assert!(text.contains(TITLE) && text.contains("Nemenyi"), "{text}");
            assert!(text.contains("-0.400"), "{text}");
        }
        let json: serde_json::Value = serde_json::from_str(&board.render(Format::Json).unwrap()).unwrap();
        assert_eq!(
            json["across"]["friedman"]["statistic"].as_f64(),
            across.friedman.as_ref().map(|test| test.statistic)
        );
        let alone = only(&TAUS[..1]);
        assert!(!alone.text(200).contains(TITLE) && !alone.render(Format::Html).unwrap().contains(TITLE));
    }
}
