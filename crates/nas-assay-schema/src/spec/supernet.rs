//! How a supernet is trained, and how it scores.
//!
//! A key that came after the first supernets is left out of the identity at its default, so that their hashes stay.

use serde::{Deserialize, Serialize};

use super::network::Network;
use super::seed_value::SeedValue;
use super::types::Training;

/// Which architectures a supernet's steps draw from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sampling {
    /// Raw encodings, isomorphic ones included.
    Iso,
    /// One representative of each isomorphism class (the paper's key).
    Deiso,
}

/// How the architectures of a step are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// Uniformly and independently.
    #[default]
    Uniform,
    /// As in `FairNAS`: as many as there are operations, dealt out so that each operation stands once on each edge.
    Fair,
}

/// How a weight-sharing layer picks the channels of a narrower one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Picker {
    /// The first ones.
    Ordinal,
    /// Those whose weights have the largest L1 norm.
    L1,
}

/// How a supernet is trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Supernet {
    /// One supernet is trained for each seed.
    #[serde(default = "defaults::seeds")]
    pub seeds: Vec<SeedValue>,
    /// Its size.
    #[serde(default)]
    pub network: Network,
    /// How it picks the channels of a narrow layer out of a wide one; of the network design spaces only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picker: Option<Picker>,
    /// Which architectures it sees.
    pub sampling: Sampling,
    /// How the architectures of a step are drawn.
    #[serde(default, skip_serializing_if = "defaults::is_default")]
    pub strategy: Strategy,
    /// Architectures a step. All see the same batch, and the gradient of each parameter is the mean over those that used it.
    #[serde(default = "defaults::one", skip_serializing_if = "defaults::is_one")]
    pub architectures: usize,
    /// Whether weight decay and momentum act on operations that a step did not sample (as in the paper's time).
    #[serde(default = "defaults::yes")]
    pub decay_unsampled: bool,
    /// How it is trained.
    pub training: Training,
    /// Which architectures it never sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without: Option<Without>,
    /// Epochs after which the weights are kept, ascending, beside those of the last epoch.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checkpoints: Vec<usize>,
    /// Which architectures it goes on with after some epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prune: Option<Prune>,
    /// Which architectures are evaluated while it trains.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watch: Option<Watch>,
}

impl Supernet {
    /// The epochs after which weights are kept, ascending: the checkpoints and the last epoch.
    pub fn kept_epochs(&self) -> Vec<usize> {
        self.checkpoints.iter().copied().chain([self.training.epochs]).collect()
    }

    /// The scores that are taken while it trains.
    pub fn evaluated_by(&self) -> impl Iterator<Item = OneShotScore> {
        let pruned = self.prune.as_ref().map(|prune| prune.by);
        pruned.into_iter().chain(self.watch.as_ref().map(|_| OneShotScore::OneshotAccuracy))
    }
}

/// Architectures that use none of these operations, be they executed or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Without {
    /// Names of the space's operations, sorted.
    pub operations: Vec<String>,
}

/// A one-shot estimator, by its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OneShotScore {
    /// `oneshot_accuracy`.
    OneshotAccuracy,
    /// `oneshot_loss`.
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

/// Pruning by score: after an epoch the pool is ranked by the supernet itself, and training goes on with the best of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Prune {
    /// The epoch after which the pool is ranked.
    pub after: usize,
    /// The fraction of the ranked architectures that is kept, rounded down to a whole number of them.
    pub keep: f64,
    /// What ranks them.
    pub by: OneShotScore,
    /// How many different architectures of the pool are drawn to be ranked; `0` is all, where the pool is a list.
    #[serde(default)]
    pub candidates: usize,
    /// How many of the validation images rank them, from the first; `0` is as many as `one-shot.validation`.
    #[serde(default, skip_serializing_if = "defaults::is_default")]
    pub validation: usize,
}

impl Prune {
    /// How the candidates are scored, where architectures are scored by `settings`.
    pub fn one_shot(&self, settings: &OneShot) -> OneShot {
        let validation = if self.validation == 0 { settings.validation } else { self.validation };
        OneShot { validation, ..settings.clone() }
    }
}

/// Accuracies of architectures right after their own step and at the end of the epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Watch {
    /// In which epochs, ascending.
    pub epochs: Vec<usize>,
    /// How many architectures: those of steps at even distances, of each step the first.
    pub architectures: usize,
}

/// Which supernets' scores are averaged into one more row of the record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ensemble {
    /// None.
    #[default]
    None,
    /// Those of all seeds: a row with the mean of their scores follows their own rows.
    Seeds,
}

/// How one-shot scores are taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct OneShot {
    /// Images a batch; batch-norm uses the statistics of the batch.
    pub batch: usize,
    /// How many of the validation images are used, from the first; `0` is all.
    pub validation: usize,
    /// For each `K` of the list every one-shot estimator scores with the plain average of the weights kept last, `K` in number, those
    /// of the last epoch included; `1` is the last epoch's own.
    #[serde(skip_serializing_if = "defaults::is_last")]
    pub average_last: Vec<usize>,
    /// Whether every one-shot estimator scores with the weights of each of the supernet's checkpoints, too.
    #[serde(skip_serializing_if = "defaults::is_default")]
    pub every_checkpoint: bool,
    /// Whether scores are averaged over supernets too.
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
