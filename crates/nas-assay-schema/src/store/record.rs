//! The record of an experiment. It has all numbers that reports are made from.
//!
//! A [`Record`] contains only what the spec determines, in a fixed order. So two runs of one spec give the same bytes at any time, with any
//! number of threads, and on any machine of the same device class. The circumstances of a run are its [`Provenance`], which has a file of
//! its own.

mod analyses;
mod checkpoint;
mod consistent;
mod coverage;
mod supernet;

pub use analyses::{
    AgreementRecord, AnalysesRecord, BiasRecord, ComparisonRecord, InsideRecord, KeptRecord, SpreadRecord,
    StabilityRecord, VariantRecord,
};
pub use checkpoint::Checkpoint;
pub use coverage::{ClassRows, CoverageRecord, RowClass, RowExample};
pub use supernet::{EpochRecord, PruningRecord, SupernetRecord, WatchRecord, Watched};

use serde::ser::Error as _;
use serde::{Deserialize, Serialize, Serializer};
use thiserror::Error;

use nas_assay_base::text::plain_json;

use crate::DeviceClass;
use crate::estimator::{EstimatorKind, Score, ToleranceClass};
use crate::spec::Quantity;
use nas_assay_criteria::{Criteria, Criterion, Direction};

/// The result of an experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// The version of this layout: [`Record::FORMAT`].
    pub format: u32,
    /// The SHA-256 of the resolved spec, 64 hexadecimal digits.
    pub spec_hash: String,
    /// The name of the experiment, such as `nb201-micro`.
    pub name: String,
    /// One line about what it measures.
    pub title: String,
    /// The id of the search space, such as `nb201`.
    pub space: String,
    /// The class of the device that computed the numbers. Records of one class can be compared bit by bit.
    pub device_class: DeviceClass,
    /// The resolved spec.
    pub spec: serde_json::Value,
    /// The ground truth; `None` if scores are only compared with each other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truth: Option<TruthRecord>,
    /// The supernets, in the order of the spec.
    pub supernets: Vec<SupernetRecord>,
    /// The panels, in the order of the spec.
    pub panels: Vec<PanelRecord>,
}

/// The source of the ground truth, and the distribution of the true values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TruthRecord {
    /// The table and its column.
    pub source: String,
    /// What the true values are if they are no accuracies: all true values of the record are in this unit, with their own sign. `None` if
    /// they are fractions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Quantity>,
    /// Number of architectures with a true value.
    pub rows: usize,
    /// The lowest true value, a fraction.
    #[serde(serialize_with = "finite")]
    pub minimum: f64,
    /// The median of the true values, a fraction.
    #[serde(serialize_with = "finite")]
    pub median: f64,
    /// The highest true value, a fraction.
    #[serde(serialize_with = "finite")]
    pub maximum: f64,
    /// True values that this experiment trained again, to check the table.
    pub verified: Vec<Verified>,
}

/// One true value that was trained again.
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
    /// The value of the new training, a fraction.
    #[serde(serialize_with = "finite")]
    pub found: f64,
}

/// A set of architectures, and the scores of every estimator for them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PanelRecord {
    /// The panel's name.
    pub name: String,
    /// What became of the architectures that it names, if it names any, and of the rows of its score files, in the order of their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub coverage: Vec<CoverageRecord>,
    /// The architectures, in the order of the panel.
    pub architectures: Vec<ArchitectureRow>,
    /// The estimators, in the order of the spec.
    pub estimators: Vec<EstimatorRecord>,
    /// Comparisons of the estimators.
    #[serde(default, skip_serializing_if = "AnalysesRecord::is_empty")]
    pub analyses: AnalysesRecord,
}

/// One architecture of a panel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArchitectureRow {
    /// The architecture in the text form of the space.
    pub architecture: String,
    /// Its true value, a fraction or in the unit of the record's truth; `None` without a ground truth.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "finite_or_none")]
    pub truth: Option<f64>,
    /// The encoding of the same class whose true value it is; `None` if it is its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truth_of: Option<String>,
    /// Number of trained parameters of its network, as counted by the baseline `params`; `None` if the space has no networks here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub params: Option<u64>,
    /// Number of multiply-accumulates of its network per image, as counted by the baseline `flops`; `None` if the space has no networks
    /// here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flops: Option<u64>,
    /// Number of encodings that are isomorphic to it, including itself. `None` if counting them would take too long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isomorphs: Option<usize>,
}

/// The scores of an estimator, and how well they rank.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EstimatorRecord {
    /// The id of the estimator, such as `synflow`.
    pub id: String,
    /// The version of its scores.
    pub version: u32,
    /// Whether higher or lower scores are better.
    pub direction: Direction,
    /// The kind of estimator.
    pub kind: EstimatorKind,
    /// How much two computations of a score may differ.
    pub tolerance: ToleranceClass,
    /// The variant of the spec; `None` for the spec's own settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// The weights of the supernet that it used; `None` for an estimator without a supernet.
    pub checkpoint: Option<Checkpoint>,
    /// Its scores in its own direction, one for each of [`PanelRecord::architectures`].
    pub scores: Vec<Score>,
    /// Numbers that explain the scores, in the order of the estimator.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Detail>,
    /// The criteria of the scores after orientation by `direction`.
    pub criteria: Criteria,
    /// Which architectures it overestimates and underestimates.
    pub bias: BiasRecord,
    /// Published values of this estimator in this space.
    pub published: Vec<Published>,
}

/// A number that explains the scores of an estimator, such as the logarithm of a score or a count of lost eigenvalues.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Detail {
    /// Its name.
    pub name: String,
    /// Its values, one for each of [`PanelRecord::architectures`]. `None` if the estimator gave none for an architecture.
    pub values: Vec<Option<Score>>,
}

impl Detail {
    /// Minimum, mean and maximum of its finite values; `None` if there are no finite values.
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

impl PanelRecord {
    /// The true value of each architecture, a fraction or in the unit of the record's truth; `None` without a ground truth.
    pub fn truth(&self) -> Option<Vec<f64>> {
        self.architectures.iter().map(|row| row.truth).collect()
    }
}

impl EstimatorRecord {
    /// The scores in the orientation of the criteria: higher is better. NaN and infinities stay.
    pub fn oriented(&self) -> Vec<f64> {
        self.scores.iter().map(|score| self.direction.orient(score.value())).collect()
    }

    /// The id with the variant and the checkpoint, if there are any, such as `oneshot_loss (iso, seed 20, epoch 40)`.
    pub fn label(&self) -> String {
        let about = self.about();
        if about.is_empty() { self.id.clone() } else { format!("{} ({about})", self.id) }
    }

    /// The variant and the checkpoint, such as `iso, seed 20, epoch 40`; empty if there is neither.
    pub fn about(&self) -> String {
        let checkpoint = self.checkpoint.as_ref().map(Checkpoint::to_string);
        let parts: Vec<String> = self.variant.iter().cloned().chain(checkpoint).collect();
        parts.join(", ")
    }
}

/// A published value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// The criterion.
    pub criterion: Criterion,
    /// The value. Proportions are fractions.
    #[serde(serialize_with = "finite")]
    pub value: f64,
    /// Where it was published, and with which protocol.
    pub source: String,
    /// What it was published for that this panel does not have: another data set, truth or population, in a few words each. Empty if the
    /// basis is the same, and only then is a difference of the two values one between estimators.
    pub differs: Vec<String>,
}

/// The circumstances of a run. They are written to a file next to the record, before the first stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provenance {
    /// The version of nas-assay.
    pub version: String,
    /// The git commit of the program, if it is known.
    pub git_commit: Option<String>,
    /// The time of the start, RFC 3339.
    pub started: String,
    /// The command line.
    pub command: String,
    /// The vector features of the CPU, sorted.
    pub cpu_features: Vec<String>,
    /// The device.
    pub device: String,
    /// The driver of the device, if it is known.
    pub driver: Option<String>,
    /// Number of worker threads.
    pub threads: usize,
    /// The operating system and the processor family.
    pub os: String,
    /// The name of the machine, if it has one: a conflict of two stores names the machines. Of all reports, only JSON has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
}

/// A record cannot be read or written.
#[derive(Debug, Error)]
pub enum RecordError {
    /// The record has another version of the layout.
    #[error(
        "cannot read a record of format {found}: this version reads format {known}; run the spec again, or use the version that wrote it"
    )]
    Format {
        /// The version that was found.
        found: u32,
        /// The version of this program: [`Record::FORMAT`].
        known: u32,
    },
    /// The text is not a record.
    #[error("cannot read a record: its text is damaged; run the spec again")]
    Parse(#[source] serde_json::Error),
    /// The parts of the record do not fit each other.
    #[error("cannot read a record: {0}; it was changed or is damaged: run the spec again")]
    Inconsistent(String),
    /// A number has no JSON form.
    #[error("cannot write a record as JSON")]
    Write(#[source] serde_json::Error),
}

impl Record {
    /// What the true values are if they are no accuracies.
    pub fn quantity(&self) -> Option<&Quantity> {
        self.truth.as_ref()?.quantity.as_ref()
    }

    /// The version of the layout that this code writes and reads.
    pub const FORMAT: u32 = 6;

    /// The record as indented JSON with a final newline. The same record always gives the same bytes.
    ///
    /// # Errors
    /// [`RecordError::Write`] if a number has no JSON form.
    pub fn to_json(&self) -> Result<String, RecordError> {
        let mut text = serde_json::to_string_pretty(self).map_err(RecordError::Write)?;
        text.push('\n');
        Ok(plain_json(text))
    }

    /// Reads a record from JSON.
    ///
    /// # Errors
    /// [`RecordError::Format`] if it has another version of the layout, [`RecordError::Parse`] if it is not a record,
    /// [`RecordError::Inconsistent`] if its parts do not fit each other.
    pub fn from_json(text: &str) -> Result<Self, RecordError> {
        let format = serde_json::from_str::<Layout>(text).map_err(RecordError::Parse)?.format;
        if format != Self::FORMAT {
            return Err(RecordError::Format { found: format, known: Self::FORMAT });
        }
        let record: Self = serde_json::from_str(text).map_err(RecordError::Parse)?;
        record.check().map_err(RecordError::Inconsistent)?;
        Ok(record)
    }
}

/// Writes a float that must be finite. JSON has no other floats, and `serde_json` would write `null`.
#[allow(clippy::trivially_copy_pass_by_ref)] // serde's signature
fn finite<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if value.is_finite() {
        serializer.serialize_f64(*value)
    } else {
        Err(S::Error::custom(format_args!("a value is {value}, but it must be finite")))
    }
}

/// As [`finite`]; there may be no value.
#[allow(clippy::ref_option)] // serde's signature
fn finite_or_none<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => finite(value, serializer),
        None => serializer.serialize_none(),
    }
}

/// The only field that all versions of the layout have.
#[derive(Deserialize)]
struct Layout {
    format: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_layout_is_told_from_damage() {
        let newer = Record::from_json(r#"{"format": 7, "novelty": true}"#);
        assert!(matches!(newer, Err(RecordError::Format { found: 7, known: 6 })), "{newer:?}");
        assert!(matches!(Record::from_json(r#"{"format": 6"#), Err(RecordError::Parse(_))));
        assert!(matches!(Record::from_json(r#"{"format": 6}"#), Err(RecordError::Parse(_))));
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
