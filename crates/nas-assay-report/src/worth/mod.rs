//! What the tau of a record is worth: noise ceilings, structural baselines and dead architectures.
//!
//! A record has none of this. It follows from the record's architectures, true values and scores, and from the [runs](Runs) behind its
//! truth, whenever a report is made, so that no record changes when more of it is known.

mod compute;
mod detail;
mod detail_tables;
mod lines;
mod tables;
#[cfg(test)]
mod tests;

use nas_assay_criteria::{Ceiling, InTop, Interval};
use nas_assay_schema::store::record::{ComparisonRecord, PanelRecord, Record};
use nas_assay_schema::truth::runs::{NoRuns, Runs};
use serde::{Deserialize, Serialize};

use crate::analysis_tables::Titled;
use crate::panel_summary::End;
use crate::true_values::TrueValues;

pub use detail::{Beyond, Detail, NdcgAt};
pub(crate) use detail_tables::detail_tables;
pub(crate) use lines::{ceiling_line, lines, share, share_reached};
pub(crate) use tables::tables;

/// What the numbers of a record are worth, panel by panel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Worth {
    /// The panels that have a truth and ten architectures or more, in the order of the record.
    pub panels: Vec<PanelWorth>,
}

/// What the numbers of a panel are worth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PanelWorth {
    /// The panel's name.
    pub panel: String,
    /// How many architectures it has.
    pub architectures: usize,
    /// The tops of the truth that have enough architectures, as fractions; the first is 1, for all of them.
    pub tops: Vec<f64>,
    /// What another training reaches.
    pub ceiling: KnownCeiling,
    /// The estimators in the order of the record, then the structural baselines.
    pub rows: Vec<WorthRow>,
    /// Paired tests: of the estimators at their last checkpoints with the structural baselines, and of these with the baselines of the
    /// record. Structural baselines that rank as another baseline does are left out.
    pub comparisons: Vec<ComparisonRecord>,
    /// Architectures that are dead, in part or as a whole; `None` in a space without connections to decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dead: Option<Dead>,
}

/// A noise ceiling, or why there is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KnownCeiling {
    /// It is known.
    Known {
        /// The names of the runs.
        runs: Vec<String>,
        /// Whether the truth is a mean of several runs.
        truth_is_mean: bool,
        /// What they say.
        ceiling: Ceiling,
    },
    /// It is unknown, for this reason.
    Unknown(String),
}

/// An estimator or a structural baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorthRow {
    /// The estimator's label, or the name of the structural baseline.
    pub name: String,
    /// What more there is of a structural baseline; `None` for an estimator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub structure: Option<StructureWorth>,
    /// Tau-b in each top of the truth.
    pub tops: Vec<InTop>,
    /// In each top, the part that tau-b is of what another training reaches; `None` if either is unknown.
    pub shares: Vec<Option<f64>>,
    /// Tau-b over the architectures without a dead operation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without_dead_operations: Option<f64>,
    /// Tau-b over the architectures with a live convolution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with_live_convolutions: Option<f64>,
    /// What more there is to know; `None` for earlier checkpoints, and for a structural baseline that ranks as another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Detail>,
}

/// A structural baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StructureWorth {
    /// The version of the space whose architectures it counts.
    pub version: u32,
    /// The 95 % interval of tau-b.
    pub interval: Option<Interval>,
    /// Spearman's rho; `None` where it is undefined.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spearman: Option<f64>,
    /// The values at the two ends of the ranking, those of the summary of an estimator.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ends: Vec<End>,
    /// The baseline before it with the same ranking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ranks_as: Option<String>,
}

/// How many architectures of a panel are dead, in part or as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dead {
    /// Those with an operation that does not act on the output.
    pub with_dead_operations: usize,
    /// Those without an output: it does not depend on the input.
    pub without_output: usize,
    /// Those without a live convolution: there is nothing to train in the cell.
    pub without_convolution: usize,
}

/// All tables of a panel that have rows: what its tau is worth, and what more there is to know.
pub(crate) fn all_tables(panel: &PanelRecord, worth: &PanelWorth, values: TrueValues<'_>) -> Vec<Titled> {
    tables(panel, worth).into_iter().chain(detail_tables(panel, worth, values)).collect()
}

impl Worth {
    /// What the numbers of `record` are worth. `runs` are those behind its truth, or why they are not known.
    ///
    /// Tau-b is computed again, over as many resamples as the record has: some tenths of a second for each estimator and 10,000
    /// architectures.
    ///
    /// ```
    /// # let record = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/record.rs"));
    /// use nas_assay_report::Worth;
    /// use nas_assay_schema::truth::runs::NoRuns;
    ///
    /// // Five architectures are too few.
    /// assert!(Worth::of(&record, Err(&NoRuns::One)).panels.is_empty());
    /// ```
    pub fn of(record: &Record, runs: Result<&Runs, &NoRuns>) -> Self {
        Self { panels: record.panels.iter().filter_map(|panel| PanelWorth::of(record, panel, runs)).collect() }
    }

    /// The panel with this name.
    pub fn panel(&self, name: &str) -> Option<&PanelWorth> {
        self.panels.iter().find(|panel| panel.panel == name)
    }
}

impl PanelWorth {
    /// The part that the tau-b of this estimator, over all architectures, is of what another training reaches.
    pub fn share(&self, estimator: &str) -> Option<f64> {
        self.rows.iter().find(|row| row.name == estimator).and_then(|row| *row.shares.first()?)
    }

    /// The structural baselines that rank as no other baseline does.
    pub(crate) fn structures(&self) -> impl Iterator<Item = (&WorthRow, &StructureWorth)> {
        let own = |row| Some((row, WorthRow::structure(row)?)).filter(|(_, structure)| structure.ranks_as.is_none());
        self.rows.iter().filter_map(own)
    }
}

impl WorthRow {
    fn structure(&self) -> Option<&StructureWorth> {
        self.structure.as_ref()
    }
}
