//! Published values of estimators: the tables of the registry.

use std::collections::BTreeMap;

use nas_assay_base::text::grouped;
use serde::Deserialize;

/// A table of a paper.
#[derive(Debug, Deserialize)]
pub struct Table {
    pub source: String,
    pub checked: String,
    pub space: String,
    pub sets: Vec<String>,
    population: Option<String>,
    drawn: Option<usize>,
    other: Option<String>,
    truth: Vec<String>,
    #[serde(default)]
    tau_b: BTreeMap<String, Vec<f64>>,
    #[serde(default)]
    spearman: BTreeMap<String, Vec<f64>>,
}

#[derive(Deserialize)]
struct File {
    table: Vec<Table>,
}

/// All tables.
pub fn tables() -> Vec<Table> {
    let text = std::fs::read_to_string("src/published/registry.toml").unwrap();
    toml::from_str::<File>(&text).unwrap().table
}

impl Table {
    /// What was ranked, in words.
    pub fn ranked(&self) -> String {
        let counted = |all: &str| match self.drawn {
            Some(drawn) => format!("{} drawn from {all}", grouped(drawn as u64)),
            None => all.to_owned(),
        };
        match (self.population.as_deref(), self.space.as_str(), &self.other) {
            (Some("all"), "nb201", _) => counted("all 15,625 encodings"),
            (Some("all"), _, _) => counted("all architectures"),
            (Some("only-reachable-operations"), ..) => counted("the 9,445 encodings without unreachable operations"),
            (Some("representatives"), ..) => counted("the 6,466 representatives"),
            (None, _, Some(other)) => other.clone(),
            other => panic!("{}: what was ranked has no words: {other:?}", self.source),
        }
    }

    /// The values of an estimator for each data set, tau-b and Spearman, as they are printed; empty if none of a kind
    /// is printed.
    pub fn values(&self, id: &str) -> [Vec<String>; 2] {
        let digits = if self.has_thirds() { 3 } else { 2 };
        [&self.tau_b, &self.spearman].map(|values| {
            let printed = |value: &f64| if value.is_nan() { "–".to_owned() } else { format!("{value:.digits$}") };
            values.get(id).map(|values| values.iter().map(printed).collect()).unwrap_or_default()
        })
    }

    /// The kind of accuracy of each data set; one for all if it is the same.
    pub fn accuracies(&self) -> String {
        let name = |kind: &String| if kind.is_empty() { "not said" } else { kind }.to_owned();
        let all: Vec<String> = self.truth.iter().map(name).collect();
        if all.iter().all(|kind| *kind == all[0]) { all[0].clone() } else { all.join(", ") }
    }

    /// Whether any value has a third decimal.
    fn has_thirds(&self) -> bool {
        let has = |value: &f64| value.is_finite() && (value * 100.0 - (value * 100.0).round()).abs() > 1e-6;
        self.tau_b.values().chain(self.spearman.values()).flatten().any(has)
    }

    /// The estimators that it has values of.
    pub fn ids(&self) -> impl Iterator<Item = &String> {
        self.tau_b.keys().chain(self.spearman.keys())
    }
}
