//! Settings of supernets: training and one-shot scores.
//!
//! Keys that were added later are left out of the hash if they have their default, so that older hashes stay the same.

use serde::{Deserialize, Serialize};

use super::network::Network;
use super::seed_value::SeedValue;
use super::types::Training;

/// The set of architectures that training steps draw from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sampling {
    /// All raw encodings, including isomorphic ones.
    Iso,
    /// One representative for each class of isomorphic encodings (under the paper's key).
    Deiso,
}

/// How the architectures of a step are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// Uniformly and independently.
    #[default]
    Uniform,
    /// As in `FairNAS`: one architecture for each operation. Together they have each operation once on each edge.
    Fair,
}

/// Which channels of a weight-sharing layer a narrower layer uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Picker {
    /// The first ones.
    Ordinal,
    /// The channels whose weights have the largest L1 norm.
    L1,
}

/// How a supernet is trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Supernet {
    /// The seeds, all different. One supernet is trained for each.
    #[serde(default = "defaults::seeds")]
    pub seeds: Vec<SeedValue>,
    /// The size of the network.
    #[serde(default)]
    pub network: Network,
    /// Which channels a narrow layer uses. Only for the design spaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picker: Option<Picker>,
    /// The set of architectures that are drawn.
    pub sampling: Sampling,
    /// How the architectures of a step are drawn.
    #[serde(default, skip_serializing_if = "defaults::is_default")]
    pub strategy: Strategy,
    /// Number of architectures per step: [`PER_STEP`](super::limits::PER_STEP). All see the same batch. The gradient of
    /// a parameter is the mean over the architectures that used it.
    #[serde(default = "defaults::one", skip_serializing_if = "defaults::is_one")]
    pub architectures: usize,
    /// Whether weight decay and momentum also act on operations that a step did not sample. They did when the paper was
    /// written.
    #[serde(default = "defaults::yes")]
    pub decay_unsampled: bool,
    /// How it is trained.
    pub training: Training,
    /// Architectures that are never drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without: Option<Without>,
    /// Epochs after which the weights are kept, in ascending order. The weights of the last epoch are always kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checkpoints: Vec<usize>,
    /// Pruning of the set of architectures after some epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prune: Option<Prune>,
    /// Architectures whose accuracy is measured during the training.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watch: Option<Watch>,
}

impl Supernet {
    /// The epochs after which weights are kept, in ascending order: the checkpoints and the last epoch.
    pub fn kept_epochs(&self) -> Vec<usize> {
        self.checkpoints.iter().copied().chain([self.training.epochs]).collect()
    }

    /// The one-shot scores that are needed during the training.
    pub fn evaluated_by(&self) -> impl Iterator<Item = OneShotScore> {
        let pruned = self.prune.as_ref().map(|prune| prune.by);
        pruned.into_iter().chain(self.watch.as_ref().map(|_| OneShotScore::OneshotAccuracy))
    }
}

/// Leaves out all architectures that have one of these operations, also where it would not be executed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Without {
    /// Names of operations of the space. Their order does not matter: a spec that is read has them sorted.
    pub operations: Vec<String>,
}

/// A one-shot estimator, by its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OneShotScore {
    /// The accuracy on validation images.
    OneshotAccuracy,
    /// The loss on validation images.
    OneshotLoss,
}

impl OneShotScore {
    /// The estimator's id.
    pub const fn id(self) -> &'static str {
        match self {
            Self::OneshotAccuracy => "oneshot_accuracy",
            Self::OneshotLoss => "oneshot_loss",
        }
    }
}

/// Pruning by score. After an epoch, the supernet ranks its pool: the architectures that steps draw from. Training
/// continues with the best of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Prune {
    /// The epoch after which the pool is ranked: not the last one.
    pub after: usize,
    /// The fraction of the ranked architectures that is kept: [`FRACTION`](super::limits::FRACTION). Their number is
    /// rounded down.
    pub keep: f64,
    /// The score that ranks them.
    pub by: OneShotScore,
    /// How many different architectures are drawn from the pool and ranked: [`RANKED`](super::limits::RANKED). `0`
    /// means all. With `sampling = "iso"` there is no list of all, so a number is needed.
    #[serde(default)]
    pub candidates: usize,
    /// How many validation images are used to rank them, counted from the first:
    /// [`SCORED_ON`](super::limits::SCORED_ON). `0` means as many as `one-shot.validation`.
    #[serde(default, skip_serializing_if = "defaults::is_default")]
    pub validation: usize,
}

impl Prune {
    /// The settings for scoring the candidates, given the spec's `settings` for one-shot scores.
    pub fn one_shot(&self, settings: &OneShot) -> OneShot {
        let validation = if self.validation == 0 { settings.validation } else { self.validation };
        OneShot { validation, ..settings.clone() }
    }
}

/// Measures the accuracy of some architectures twice: right after their own step, and at the end of the epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Watch {
    /// The epochs in which the accuracy is measured, in ascending order.
    pub epochs: Vec<usize>,
    /// How many architectures are measured: [`WATCHED`](super::limits::WATCHED). They are the first architectures of evenly spaced steps.
    pub architectures: usize,
}

/// Whether the record has additional rows with scores averaged over supernets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ensemble {
    /// No such rows.
    #[default]
    None,
    /// After the rows of all seeds, one row with the mean of their scores.
    Seeds,
}

/// How one-shot scores are computed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct OneShot {
    /// Number of images per batch: [`BATCH`](super::limits::BATCH). Batch-norm uses the statistics of the batch.
    pub batch: usize,
    /// How many validation images are used, counted from the first: [`SCORED_ON`](super::limits::SCORED_ON). `0` means
    /// all.
    pub validation: usize,
    /// For each `K` in the list, every one-shot estimator scores with the mean of the last `K` kept weights. The
    /// weights of the last epoch are always kept, so `1` means these alone.
    #[serde(skip_serializing_if = "defaults::is_last")]
    pub average_last: Vec<usize>,
    /// Whether every one-shot estimator also scores with the weights of each checkpoint.
    #[serde(skip_serializing_if = "defaults::is_default")]
    pub every_checkpoint: bool,
    /// Whether scores are also averaged over supernets.
    #[serde(skip_serializing_if = "defaults::is_default")]
    pub ensemble: Ensemble,
}

impl Default for OneShot {
    fn default() -> Self {
        Self { batch: 64, validation: 0, average_last: vec![1], every_checkpoint: false, ensemble: Ensemble::None }
    }
}

mod defaults {
    use super::SeedValue;

    pub(super) fn seeds() -> Vec<SeedValue> {
        vec![SeedValue(20)]
    }

    pub(super) fn yes() -> bool {
        true
    }

    pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
        *value == T::default()
    }

    pub(super) fn one() -> usize {
        1
    }

    #[allow(clippy::trivially_copy_pass_by_ref)] // serde's signature
    pub(super) fn is_one(count: &usize) -> bool {
        *count == 1
    }

    pub(super) fn is_last(counts: &[usize]) -> bool {
        *counts == [1]
    }
}
