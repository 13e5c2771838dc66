//! How well every two estimators of a panel agree, whatever the truth is: a matrix of tau-b, which the page draws as a heat map.

use nas_assay_criteria::{Criterion, agreement, order_by_agreement};
use nas_assay_schema::store::record::PanelRecord;

use crate::checkpoints::latest;
use crate::text_table::TextTable;
use crate::value_text;

/// The heading of the map.
pub(crate) const TITLE: &str = "Agreement between estimators";

/// How to read the map.
pub(crate) const ABOUT: &str = "Kendall tau-b of every two rankings of the panel, without the truth. Rows are ordered so that rankings that \
    agree stand together. Two estimators that agree well add little to each other.";

/// Two estimators have one value, which needs no map.
const FEWEST: usize = 3;

/// A map of more estimators is folded.
const MOST_OPEN: usize = 12;

/// Tau-b of every two estimators at their last checkpoints.
pub(crate) struct AgreementMap {
    /// The labels of the estimators, those that agree beside each other.
    pub names: Vec<String>,
    /// Tau-b of the estimators of a row and a column; `None` if one of them does not rank.
    pub values: Vec<Vec<Option<f64>>>,
}

impl AgreementMap {
    /// The map of a panel with three estimators or more.
    pub fn of(panel: &PanelRecord) -> Option<Self> {
        let shown = latest(&panel.estimators);
        if shown.len() < FEWEST {
            return None;
        }
        let scores: Vec<Vec<f64>> = shown.iter().map(|&place| panel.estimators[place].oriented()).collect();
        let found = agreement(&scores.iter().map(Vec::as_slice).collect::<Vec<&[f64]>>());
        let order = order_by_agreement(&found);
        let row = |&row: &usize| order.iter().map(|&column| found[row][column]).collect();
        Some(Self {
            names: order.iter().map(|&place| panel.estimators[shown[place]].label()).collect(),
            values: order.iter().map(row).collect(),
        })
    }

    /// The summary under which a large map is folded; `None` if it is open.
    pub fn folded(&self) -> Option<String> {
        let estimators = self.names.len();
        (estimators > MOST_OPEN).then(|| format!("Agreement of {} estimators", value_text::count(estimators)))
    }

    /// The map as a table. Columns have the numbers of the rows.
    pub fn table(&self) -> TextTable {
        let numbers: Vec<String> = (1..=self.names.len()).map(|number| number.to_string()).collect();
        let headings = numbers.iter().map(|number| (number.as_str(), true));
        let columns: Vec<(&str, bool)> = [("estimator", false), ("no.", true)].into_iter().chain(headings).collect();
        let rows = self.names.iter().zip(&self.values).zip(&numbers).map(|((name, values), number)| {
            let values = values.iter().map(|&value| value_text::value(Criterion::TauB, value));
            [name.clone(), number.clone()].into_iter().chain(values).collect()
        });
        TextTable::new(&columns, rows.collect())
    }
}

#[cfg(test)]
mod tests {
    use nas_assay_criteria::PairCounts;

    use super::*;
    use crate::fixture;

    #[test]
    fn a_map_has_the_tau_b_of_every_two_estimators_at_their_last_checkpoints() {
        let panel = &fixture::whole(60).panels[0];
        let map = AgreementMap::of(panel).unwrap();
        assert_eq!(map.names.len(), 7);
        let scores = |name: &String| panel.estimators.iter().find(|of| of.label() == *name).unwrap().oriented();
        for (name, row) in map.names.iter().zip(&map.values) {
            for (other, value) in map.names.iter().zip(row) {
                assert_eq!(*value, PairCounts::new(&scores(name), &scores(other)).tau_b(), "{name}, {other}");
            }
        }
        let beside = map.names.iter().position(|name| name == "synflow").unwrap();
        assert!(map.names[beside + 1].starts_with("synflow ("), "a variant agrees best: {:?}", map.names);
    }

    #[test]
    fn two_estimators_have_no_map_and_many_are_folded() {
        let mut panel = fixture::record(20).panels.remove(0);
        assert_eq!(AgreementMap::of(&panel).unwrap().folded(), None);
        while panel.estimators.len() < 13 {
            let number = panel.estimators.len();
            let mut other = panel.estimators[0].clone();
            other.id += &number.to_string();
            panel.estimators.push(other);
        }
        assert_eq!(AgreementMap::of(&panel).unwrap().folded().as_deref(), Some("Agreement of 13 estimators"));
        panel.estimators.truncate(2);
        assert!(AgreementMap::of(&panel).is_none());
    }
}
