//! The record of an experiment: everything that a report says, and nothing that a report computes.
//!
//! A [`Record`] holds only what the spec determines, in a fixed order, so that two runs of one spec end with the same bytes whatever
//! the clock, the number of threads or the machine. How a run came about is a [`Provenance`], kept in a file of its own.

mod analyses;
mod checkpoint;
mod supernet;

pub use analyses::{
    AnalysesRecord, BiasRecord, ComparisonRecord, InsideRecord, KeptRecord, SpreadRecord, StabilityRecord,
    VariantRecord,
};
pub use checkpoint::Checkpoint;
pub use supernet::{EpochRecord, PruningRecord, SupernetRecord, WatchRecord, Watched};

use serde::ser::Error as _;
use serde::{Deserialize, Serialize, Serializer};
use thiserror::Error;

use crate::DeviceClass;
use crate::estimator::{EstimatorKind, Score, ToleranceClass};
use nas_assay_criteria::{Criteria, Criterion, Direction};

/// The result of an experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The version of this layout: [`Record::FORMAT`].
    pub format: u32,
    /// The SHA-256 of the resolved spec, 64 hexadecimal digits.
    pub spec_hash: String,
    /// The experiment's name, as in `nb201-micro`.
    pub name: String,
    /// One line that says what it measures.
    pub title: String,
    /// The search space, as in `nb201`.
    pub space: String,
    /// What the numbers were computed on, as in `cpu`: records of one class are comparable bit for bit.
    pub device_class: DeviceClass,
    /// The resolved spec.
    pub spec: serde_json::Value,
    /// The ground truth.
    pub truth: TruthRecord,
    /// The supernets, in the spec's order.
    pub supernets: Vec<SupernetRecord>,
    /// The panels, in the spec's order.
    pub panels: Vec<PanelRecord>,
}

/// Where the truth comes from, and how it is spread.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TruthRecord {
    /// The table, and the column taken from it.
    pub source: String,
    /// Architectures that have a true value.
    pub rows: usize,
    /// The lowest true value, a fraction of 1 as all true values.
    #[serde(serialize_with = "finite")]
    pub minimum: f64,
    /// The median.
    #[serde(serialize_with = "finite")]
    pub median: f64,
    /// The highest.
    #[serde(serialize_with = "finite")]
    pub maximum: f64,
    /// True values that this experiment trained again to check the table.
    pub verified: Vec<Verified>,
}

/// One true value, trained again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verified {
    /// The architecture.
    pub architecture: String,
    /// The seed of the training, a `u64` in decimal.
    pub seed: String,
    /// The value in the table, a fraction.
    #[serde(serialize_with = "finite")]
    pub expected: f64,
    /// The value found now, a fraction.
    #[serde(serialize_with = "finite")]
    pub found: f64,
}

/// A set of architectures, and what every estimator said of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PanelRecord {
    /// The panel's name.
    pub name: String,
    /// The architectures, in the panel's order.
    pub architectures: Vec<ArchitectureRow>,
    /// The estimators, in the spec's order.
    pub estimators: Vec<EstimatorRecord>,
    /// How they compare.
    #[serde(default, skip_serializing_if = "AnalysesRecord::is_empty")]
    pub analyses: AnalysesRecord,
}

/// One architecture of a panel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArchitectureRow {
    /// Its text form in the space.
    pub architecture: String,
    /// Its true value, a fraction.
    #[serde(serialize_with = "finite")]
    pub truth: f64,
    /// Trained parameters of its network, as the baselines count.
    pub params: u64,
    /// Multiply-accumulates of its network, as the baselines count.
    pub flops: u64,
    /// How many encodings are isomorphic to it, itself included, where the space can tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isomorphs: Option<usize>,
}

/// What an estimator said, and what that is worth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EstimatorRecord {
    /// The estimator's id, as in `synflow`.
    pub id: String,
    /// The version of its numbers.
    pub version: u32,
    /// Which way its scores point.
    pub direction: Direction,
    /// What kind of estimator it is.
    pub kind: EstimatorKind,
    /// How far two computations of a score may differ.
    pub tolerance: ToleranceClass,
    /// The variant of the spec that it was scored with; none for the spec's own settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// The weights that it read; none for an estimator without a supernet.
    pub checkpoint: Option<Checkpoint>,
    /// Its scores as it gave them, one for each of [`PanelRecord::architectures`].
    pub scores: Vec<Score>,
    /// Numbers that explain the scores, in the estimator's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Detail>,
    /// The criteria of the scores, oriented by `direction`.
    pub criteria: Criteria,
    /// Which architectures it over- and under-estimates.
    pub bias: BiasRecord,
    /// What was published for this estimator on this space.
    pub published: Vec<Published>,
}

/// A number that explains the scores of an estimator, such as the logarithm of a score or a count of lost eigenvalues.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Detail {
    /// Its name.
    pub name: String,
    /// Its value for each of [`PanelRecord::architectures`]; none where the estimator gave none.
    pub values: Vec<Option<Score>>,
}

impl Detail {
    /// Least, mean and greatest of its finite values, if there are any.
    pub fn range(&self) -> Option<[f64; 3]> {
        let finite = self.values.iter().flatten().filter_map(|score| match score {
            Score::Finite(value) => Some(*value),
            Score::NonFinite(_) => None,
        });
        let finite: Vec<f64> = finite.collect();
        let mean = finite.iter().sum::<f64>() / finite.len() as f64;
        let least = finite.iter().copied().reduce(f64::min)?;
        let greatest = finite.iter().copied().reduce(f64::max)?;
        Some([least, mean, greatest])
    }
}

impl EstimatorRecord {
    /// The scores as criteria take them: higher is better, NaN and infinities kept.
    pub fn oriented(&self) -> Vec<f64> {
        self.scores.iter().map(|score| self.direction.orient(score.value())).collect()
    }

    /// The id, with the variant and the checkpoint where there are such: `oneshot_loss (iso, seed 20, epoch 40)`.
    pub fn label(&self) -> String {
        let about = self.about();
        if about.is_empty() { self.id.clone() } else { format!("{} ({about})", self.id) }
    }

    /// The variant and the checkpoint, as in `iso, seed 20, epoch 40`; empty without either.
    pub fn about(&self) -> String {
        let checkpoint = self.checkpoint.as_ref().map(Checkpoint::to_string);
        let parts: Vec<String> = self.variant.iter().cloned().chain(checkpoint).collect();
        parts.join(", ")
    }
}

/// A published figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// Which criterion it is of.
    pub criterion: Criterion,
    /// The figure; proportions as fractions.
    #[serde(serialize_with = "finite")]
    pub value: f64,
    /// Where it was printed, and for what protocol.
    pub source: String,
}

/// How a run came about. It is written beside the record, before the first step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// The version of nas-assay.
    pub version: String,
    /// The git commit that it was built from.
    pub git_commit: Option<String>,
    /// When the run started, RFC 3339.
    pub started: String,
    /// The command line.
    pub command: String,
    /// The CPU's vector features, sorted.
    pub cpu_features: Vec<String>,
    /// The device.
    pub device: String,
    /// The device's driver.
    pub driver: Option<String>,
    /// Worker threads.
    pub threads: usize,
    /// The operating system and the processor family.
    pub os: String,
}

/// Why a record cannot be read or written.
#[derive(Debug, Error)]
pub enum RecordError {
    /// The layout is of another version.
    #[error(
        "cannot read a record of format {found}: this version reads format {known}: run the spec again, or use the nas-assay that wrote it"
    )]
    Format {
        /// The version found.
        found: u32,
        /// The version known: [`Record::FORMAT`].
        known: u32,
    },
    /// The text is not a record.
    #[error("cannot read a record: its text is damaged; run the spec again")]
    Parse(#[source] serde_json::Error),
    /// A number has no JSON form.
    #[error("cannot write a record as JSON")]
    Write(#[source] serde_json::Error),
}

impl Record {
    /// The version of the layout that this code writes and reads.
    pub const FORMAT: u32 = 3;

    /// The record as indented JSON with a final newline. The same record always gives the same bytes.
    pub fn to_json(&self) -> Result<String, RecordError> {
        let mut text = serde_json::to_string_pretty(self).map_err(RecordError::Write)?;
        text.push('\n');
        Ok(text)
    }

    /// Reads a record, and says so where its layout is of another version.
    pub fn from_json(text: &str) -> Result<Self, RecordError> {
        let format = serde_json::from_str::<Layout>(text).map_err(RecordError::Parse)?.format;
        if format != Self::FORMAT {
            return Err(RecordError::Format { found: format, known: Self::FORMAT });
        }
        serde_json::from_str(text).map_err(RecordError::Parse)
    }
}

/// Writes a float that must be finite: JSON has no other, and `serde_json` would write `null` for it.
#[allow(clippy::trivially_copy_pass_by_ref)] // serde's signature
fn finite<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if value.is_finite() {
        serializer.serialize_f64(*value)
    } else {
        Err(S::Error::custom(format_args!("a value is {value} where only a finite one can stand")))
    }
}

/// The one field that every layout has.
#[derive(Deserialize)]
struct Layout {
    format: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_layout_is_told_from_damage() {
        let newer = Record::from_json(r#"{"format": 4, "novelty": true}"#);
        assert!(matches!(newer, Err(RecordError::Format { found: 4, known: 3 })), "{newer:?}");
        assert!(matches!(Record::from_json(r#"{"format": 3"#), Err(RecordError::Parse(_))));
        assert!(matches!(Record::from_json(r#"{"format": 3}"#), Err(RecordError::Parse(_))));
    }

    #[test]
    fn a_float_without_json_form_is_an_error_and_not_null() {
        let epoch = EpochRecord { epoch: 1, loss: f64::NAN, accuracy: 0.1, learning_rate: 0.05 };
        let message = serde_json::to_string(&epoch).unwrap_err().to_string();
        assert!(message.contains("a value is NaN"), "{message}");
    }

    #[test]
    fn the_range_of_a_detail_is_that_of_its_finite_values() {
        let of = |values: &[Option<f64>]| {
            let values = values.iter().map(|value| value.map(Score::from)).collect();
            Detail { name: "log".to_owned(), values }.range()
        };
        assert_eq!(of(&[Some(1.0), None, Some(f64::NAN), Some(4.0), Some(f64::NEG_INFINITY)]), Some([1.0, 2.5, 4.0]));
        assert_eq!(of(&[None, Some(f64::NAN)]), None);
    }
}
