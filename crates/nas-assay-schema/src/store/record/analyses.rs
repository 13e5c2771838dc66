//! Analyses of estimators in addition to the criteria: bias, stability and comparisons.

use serde::{Deserialize, Serialize};

use nas_assay_criteria::{BestOf, ChangeBias, Comparison, ComplexityGroup, Criterion, Extremes, Spread, Stability};

/// Which architectures an estimator overestimates and underestimates. Without a ground truth it is empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BiasRecord {
    /// Bias by complexity: groups of equal size by multiply-accumulates, cheapest first.
    pub complexity: Vec<ComplexityGroup>,
    /// Bias by operation: the effect of replacing one operation with another, for every ordered pair of operations that occurs.
    pub operations: Vec<ChangeBias<String>>,
    /// Bias for single architectures. Row numbers are those of the panel.
    pub extremes: Extremes,
}

/// Comparisons of the estimators of a panel, with each other and with themselves. Estimators are named by their labels.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AnalysesRecord {
    /// Comparisons of every estimator with every baseline of the panel.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub comparisons: Vec<ComparisonRecord>,
    /// The effect of each variant on each estimator.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<VariantRecord>,
    /// Comparisons of adjacent checkpoints of one supernet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stability: Vec<StabilityRecord>,
    /// The spread of the criteria over the seeds of a supernet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub spread: Vec<SpreadRecord>,
    /// Without a ground truth: how well the rankings of every two estimators agree, each at its last checkpoint.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub agreement: Vec<AgreementRecord>,
}

impl AnalysesRecord {
    /// Whether there are no analyses.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A paired test of two estimators.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComparisonRecord {
    /// The estimator.
    pub estimator: String,
    /// The estimator that it is compared with.
    pub with: String,
    /// The outcome, for the first estimator minus the second.
    pub outcome: Comparison,
}

/// An estimator with the settings of a variant, compared with the spec's own settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VariantRecord {
    /// The name of the variant.
    pub variant: String,
    /// The estimator with the settings of the variant.
    pub estimator: String,
    /// The estimator with the spec's own settings.
    pub with: String,
    /// Kendall's tau-b between the two score vectors; `None` if one is constant.
    pub agreement: Option<f64>,
    /// The paired test of the two against the truth, for the variant minus the spec's own.
    pub outcome: Comparison,
    /// The same on the architectures that the variant's supernet kept, if it was pruned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<KeptRecord>,
}

/// A pruned supernet compared with the spec's own, on the architectures of the panel that pruning kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptRecord {
    /// Number of architectures of the panel that are isomorphic to a kept one.
    pub architectures: usize,
    /// The estimator with the settings of the variant.
    pub variant: InsideRecord,
    /// The estimator with the spec's own settings.
    pub own: InsideRecord,
    /// The paired test of the two on these architectures, for the variant minus the spec's own.
    pub outcome: Comparison,
}

/// An estimator on some architectures of a panel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InsideRecord {
    /// Kendall's tau-b; `None` if it is undefined.
    pub tau_b: Option<f64>,
    /// The mean of the scores, in the unit of the estimator; `None` if a score is not finite or there are no scores.
    pub mean_score: Option<f64>,
    /// `BestAcc@topN`.
    pub best_of: Vec<BestOf>,
}

/// A ranking compared with an earlier ranking of the same supernet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StabilityRecord {
    /// The id of the estimator.
    pub estimator: String,
    /// The variant; `None` for the spec's own settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// The seed of the supernet, or several seeds if the scores are means over supernets.
    pub seeds: Vec<String>,
    /// The earlier epoch.
    pub from: u32,
    /// The later epoch. Its ranking is used as the truth.
    pub to: u32,
    /// How well the earlier ranking agrees with the later one.
    pub stability: Stability,
}

/// How well the rankings of two estimators agree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgreementRecord {
    /// The estimator.
    pub estimator: String,
    /// The other one. Its ranking is used as the truth.
    pub with: String,
    /// How well the two agree.
    pub agreement: Stability,
}

/// The spread of a criterion over the seeds of a supernet at one epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpreadRecord {
    /// The id of the estimator.
    pub estimator: String,
    /// The variant; `None` for the spec's own settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// The epoch.
    pub epoch: u32,
    /// The criterion.
    pub criterion: Criterion,
    /// The spread.
    pub spread: Spread,
}
