//! What is said of estimators beside their criteria: bias, stability, and how they compare.

use serde::{Deserialize, Serialize};

use nas_assay_criteria::{BestOf, ChangeBias, Comparison, ComplexityGroup, Criterion, Extremes, Spread, Stability};

/// Which architectures an estimator over- and under-estimates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BiasRecord {
    /// By complexity: groups of equal size by multiply-accumulates, cheapest first.
    pub complexity: Vec<ComplexityGroup>,
    /// By operation: what exchanging one for another does, for every ordered pair that has architectures.
    pub operations: Vec<ChangeBias<String>>,
    /// Single architectures; rows are those of the panel.
    pub extremes: Extremes,
}

/// How the estimators of a panel compare, with one another and with themselves. Estimators are named by their labels.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AnalysesRecord {
    /// Every estimator against every baseline of the panel.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub comparisons: Vec<ComparisonRecord>,
    /// What a variant changes, estimator by estimator.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub variants: Vec<VariantRecord>,
    /// Rankings of adjacent checkpoints of one supernet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stability: Vec<StabilityRecord>,
    /// Criteria over the seeds of a supernet.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub spread: Vec<SpreadRecord>,
}

impl AnalysesRecord {
    /// Whether nothing was compared.
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
    /// The one that it is compared with.
    pub with: String,
    /// The outcome, of the first less the second.
    pub outcome: Comparison,
}

/// An estimator with the spec's own settings and with those of a variant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VariantRecord {
    /// The variant.
    pub variant: String,
    /// The estimator with the variant's settings.
    pub estimator: String,
    /// The estimator with the spec's own.
    pub with: String,
    /// Kendall's tau-b between the two score vectors; `None` where one is constant.
    pub agreement: Option<f64>,
    /// The paired test of the two against the truth, of the variant less the spec's own.
    pub outcome: Comparison,
    /// The same inside what the variant's supernet kept, where it was pruned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<KeptRecord>,
}

/// A pruned supernet and the spec's own on the architectures of the panel that pruning kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptRecord {
    /// How many of the panel's architectures are isomorphic to one that was kept.
    pub architectures: usize,
    /// With the variant's settings.
    pub variant: InsideRecord,
    /// With the spec's own.
    pub own: InsideRecord,
    /// The paired test of the two on these architectures, of the variant less the spec's own.
    pub outcome: Comparison,
}

/// An estimator on some of a panel's architectures.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InsideRecord {
    /// Kendall's tau-b; `None` where it is undefined.
    pub tau_b: Option<f64>,
    /// The mean of the scores, in the estimator's own unit; `None` where one is not finite, or there is none.
    pub mean_score: Option<f64>,
    /// `BestAcc@topN`.
    pub best_of: Vec<BestOf>,
}

/// A ranking and an earlier one of the same supernet.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StabilityRecord {
    /// The estimator's id.
    pub estimator: String,
    /// The variant; none for the spec's own settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// The supernet's seed, or several where scores are a mean.
    pub seeds: Vec<String>,
    /// The earlier epoch.
    pub from: u32,
    /// The later one, whose ranking counts as the truth.
    pub to: u32,
    /// How much of the ranking is still there.
    pub stability: Stability,
}

/// A criterion over the seeds of a supernet at one epoch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpreadRecord {
    /// The estimator's id.
    pub estimator: String,
    /// The variant; none for the spec's own settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// The epoch.
    pub epoch: u32,
    /// The criterion.
    pub criterion: Criterion,
    /// Its spread.
    pub spread: Spread,
}
