//! What a spec declares, field by field.
//!
//! Every key that is left out of a TOML file gets the default given here, so a parsed [`Spec`] is already resolved. A closed choice
//! is an externally tagged enum (`[images.synthetic]`, `[images.cifar10]`): exactly one of its tables may be present, and errors keep
//! their place in the file. All names are kebab-case.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::network::Network;
use super::score_file::ScoreFile;
use super::seed_value::SeedValue;
use super::supernet::{OneShot, Supernet, Without};
use super::truth::Truth;
use super::variant::Variant;
use super::zero_shot::ZeroShot;
use nas_assay_criteria::{CriteriaConfig, VoteRule};
use nas_assay_spaces::SpaceId;

/// An experiment: which estimators rank which architectures against which truth, and how every number is made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Spec<V = Variant> {
    /// What the experiment is called on the command line; not part of its identity.
    #[serde(skip_serializing)]
    pub name: String,
    /// One line for the head of a report; not part of its identity.
    #[serde(default, skip_serializing)]
    pub title: String,
    /// The search space.
    pub space: SpaceId,
    /// The images that train supernets and feed estimators.
    pub images: Images,
    /// The ground truth.
    pub truth: Truth,
    /// How the supernet is trained; needed by one-shot estimators only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supernet: Option<Supernet>,
    /// How a supernet scores an architecture.
    #[serde(default)]
    pub one_shot: OneShot,
    /// How an untrained network scores an architecture.
    #[serde(default)]
    pub zero_shot: ZeroShot,
    /// Named sets of architectures, each with the estimators that rank it.
    pub panels: BTreeMap<String, Panel>,
    /// What is computed from each ranking.
    #[serde(default)]
    pub criteria: CriteriaConfig,
    /// Named variants of the settings above, whose scores stand beside the spec's own.
    #[serde(default = "BTreeMap::new", skip_serializing_if = "BTreeMap::is_empty")]
    pub variants: BTreeMap<String, V>,
}

/// An image set and its split: the first `train` images train, the last `validation` images validate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Images {
    /// The embedded set, drawn by code.
    Synthetic(SyntheticImages),
    /// CIFAR-10 in its binary layout, from the data root.
    Cifar10(Cifar10Images),
}

impl Images {
    /// How many images train, and how many validate.
    pub fn split(&self) -> (usize, usize) {
        match self {
            Self::Synthetic(set) => (set.train, set.validation),
            Self::Cifar10(set) => (set.train, set.validation),
        }
    }

    /// Height and width of an image, pixels.
    pub fn resolution(&self) -> usize {
        match self {
            Self::Synthetic(set) => set.resolution,
            Self::Cifar10(_) => 32,
        }
    }
}

/// The embedded synthetic set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SyntheticImages {
    /// The root of the images' seed tree.
    #[serde(default)]
    pub seed: SeedValue,
    /// Height and width of an image, pixels: a multiple of 4 from 8 to 32.
    #[serde(default = "defaults::resolution")]
    pub resolution: usize,
    /// Images that train.
    pub train: usize,
    /// Images that validate.
    pub validation: usize,
}

/// CIFAR-10 files, concatenated in this order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Cifar10Images {
    /// Files in the binary layout.
    pub files: Vec<DataFile>,
    /// Images that train: the first ones.
    pub train: usize,
    /// Images that validate: the last ones.
    pub validation: usize,
}

/// A file, of the data root as a rule, and its digest; a file with another digest is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DataFile {
    /// Path below the data root, or an absolute one. Not part of the identity: the digest is.
    #[serde(skip_serializing)]
    pub path: String,
    /// SHA-256 of the content, 64 lower-case hexadecimal digits.
    pub sha256: String,
}

/// How the learning rate goes from epoch to epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// It stays.
    #[default]
    Constant,
    /// It falls to zero along half a cosine over the epochs.
    Cosine,
    /// It rises to its value over the first epochs, in equal steps, and falls from there to zero along half a cosine.
    WarmCosine(Warmup),
    /// It falls by a factor when the training loss stops falling.
    Plateau(Plateau),
}

/// How a learning rate rises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Warmup {
    /// Epochs before the first one at the full rate.
    pub warmup: usize,
}

/// When a loss has stopped falling, and what then: `PyTorch`'s `ReduceLROnPlateau` in mode `min`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Plateau {
    /// What the learning rate is multiplied by.
    pub factor: f64,
    /// Epochs without a better loss that are borne; one more lowers the rate.
    pub patience: usize,
    /// A loss is better if it is below the best one times one minus this.
    pub threshold: f64,
}

impl Default for Plateau {
    fn default() -> Self {
        Self { factor: 0.5, patience: 30, threshold: 1e-4 }
    }
}

/// How weights are trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Training {
    /// Passes over the training images.
    pub epochs: usize,
    /// Images a step; the last step of an epoch takes what is left.
    pub batch: usize,
    /// Initial learning rate.
    pub learning_rate: f64,
    /// Learning-rate schedule, stepped once an epoch.
    #[serde(default)]
    pub schedule: Schedule,
    /// Momentum of SGD.
    #[serde(default = "defaults::momentum")]
    pub momentum: f64,
    /// L2 penalty of SGD.
    #[serde(default = "defaults::weight_decay")]
    pub weight_decay: f64,
    /// Largest L2 norm of all gradients together; longer gradients are scaled down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<f64>,
    /// Dropout before the classifier.
    #[serde(default)]
    pub dropout: f64,
    /// Random crop (zero padding of 4) and horizontal flip.
    #[serde(default)]
    pub augment: bool,
}

/// A set of architectures with truth, and the estimators that rank it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Panel {
    /// Estimator ids, in the order of the report.
    #[serde(default)]
    pub estimators: Vec<String>,
    /// Named scores out of files, which are ranked with them. One that has an estimator's id counts as that estimator's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub scores: BTreeMap<String, ScoreFile>,
    /// What becomes of an architecture that a score file has no score of.
    #[serde(default, skip_serializing_if = "is_default")]
    pub missing: Missing,
    /// Named votes of these estimators, which are ranked with them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub votes: BTreeMap<String, Vote>,
    /// How many rows of the truth, drawn without replacement; `0` is all.
    #[serde(default)]
    pub sample: usize,
    /// The root of the sample's seed tree.
    #[serde(default)]
    pub seed: SeedValue,
    /// Which rows of the truth are passed over, before any are drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without: Option<Without>,
}

/// What becomes of an architecture that a score file has no score of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// It is an error.
    #[default]
    Refuse,
    /// It is not ranked.
    PassOver,
}

/// A vote of several estimators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Vote {
    /// Ids of estimators of the panel, of a single score each.
    pub members: Vec<String>,
    /// How their rankings become one.
    #[serde(default)]
    pub rule: VoteRule,
}

/// How sizes are laid out between the least and the greatest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Spacing {
    /// By equal differences.
    #[default]
    Linear,
    /// By equal ratios: more of the small ones, where accuracies differ most.
    Geometric,
}

/// How a truth table of this project was trained: the recipe beside the table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TruthRecipe {
    /// Name of the table.
    #[serde(skip_serializing)]
    pub name: String,
    /// The search space.
    pub space: SpaceId,
    /// How many architectures, all different.
    pub architectures: usize,
    /// Out of how many drawn ones. Those are taken whose numbers of parameters lie at even distances, the least and the greatest among
    /// them, so that few architectures show what sizes there are. `0`: a plain draw.
    #[serde(default)]
    pub candidates: usize,
    /// What the distances are between: the numbers of parameters, or their logarithms.
    #[serde(default, skip_serializing_if = "is_default")]
    pub spacing: Spacing,
    /// Only architectures of at most as many multiply-accumulates an image are drawn, so that each can be trained in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most_flops: Option<u64>,
    /// Only architectures that execute at most as many ReLUs are drawn: deeper ones are trained in seconds by chance alone, and differ
    /// more by seed than by what they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most_relus: Option<u64>,
    /// The root of the draw's seed tree.
    #[serde(default)]
    pub draw: SeedValue,
    /// Every architecture is trained once for each seed.
    pub seeds: Vec<SeedValue>,
    /// The images.
    pub images: Images,
    /// The stand-alone network's size.
    #[serde(default)]
    pub network: Network,
    /// How it is trained.
    pub training: Training,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

mod defaults {
    pub(super) fn resolution() -> usize {
        32
    }

    pub(super) fn momentum() -> f64 {
        0.9
    }

    pub(super) fn weight_decay() -> f64 {
        5e-4
    }
}
