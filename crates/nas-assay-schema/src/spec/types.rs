//! The fields of a spec.
//!
//! Every key that is left out of a TOML file gets the default given here, so a parsed [`Spec`] is complete. A choice between kinds is an
//! externally tagged enum (`[images.synthetic]`, `[images.cifar10]`): exactly one of its tables must be present, and errors keep their
//! place in the file. All names are in kebab case. The least and the greatest value of each number are in [`limits`](super::limits).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::external::External;
use super::listed::Listed;
use super::network::Network;
use super::score_file::ScoreFile;
use super::seed_value::SeedValue;
use super::supernet::{OneShot, Supernet, Without};
use super::truth::Truth;
use super::variant::Variant;
use super::zero_shot::ZeroShot;
use nas_assay_criteria::{CriteriaConfig, VoteRule};
use nas_assay_spaces::SpaceId;

/// An experiment: which estimators rank which architectures against which ground truth, and how every number is computed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Spec<V = Variant> {
    /// The name of the experiment on the command line. Not part of the hash.
    #[serde(skip_serializing)]
    pub name: String,
    /// The title of a report. Not part of the hash.
    #[serde(default, skip_serializing)]
    pub title: String,
    /// The search space.
    pub space: SpaceId,
    /// The images for training supernets and for estimators.
    pub images: Images,
    /// The ground truth.
    pub truth: Truth,
    /// How the supernet is trained. Only one-shot estimators need it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supernet: Option<Supernet>,
    /// How a supernet scores an architecture.
    #[serde(default)]
    pub one_shot: OneShot,
    /// How an untrained network scores an architecture.
    #[serde(default)]
    pub zero_shot: ZeroShot,
    /// Estimators that are other programs, by the id under which panels name them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub estimators: BTreeMap<String, External>,
    /// Named sets of architectures, each with the estimators that rank it.
    pub panels: BTreeMap<String, Panel>,
    /// The criteria that are computed for each ranking.
    #[serde(default)]
    pub criteria: CriteriaConfig,
    /// Named variants of the settings above. Their scores are shown next to the spec's own.
    #[serde(default = "BTreeMap::new", skip_serializing_if = "BTreeMap::is_empty")]
    pub variants: BTreeMap<String, V>,
}

/// An image set and its split: the first `train` images are for training, the last `validation` images for validation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Images {
    /// Synthetic images, drawn by this program.
    Synthetic(SyntheticImages),
    /// CIFAR-10 in its binary layout, from the data root.
    Cifar10(ImageFiles),
    /// CIFAR-100 in its binary layout, from the data root, with the fine labels.
    Cifar100(ImageFiles),
    /// ImageNet16-120 of NAS-Bench-201, from the data root. A row is a label from 0 to 119 and 768 bytes: three planes of 16 x 16 pixels.
    #[serde(rename = "imagenet16-120")]
    Imagenet16(ImageFiles),
    /// No images: the space is table-only, so there is no network that could look at them.
    None(NoImages),
}

/// No images. It has no settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoImages {}

impl Images {
    /// The number of training images and of validation images.
    pub fn split(&self) -> (usize, usize) {
        match self {
            Self::Synthetic(set) => (set.train, set.validation),
            Self::Cifar10(set) | Self::Cifar100(set) | Self::Imagenet16(set) => (set.train, set.validation),
            Self::None(_) => (0, 0),
        }
    }

    /// The files, if the images are from files.
    pub fn files(&self) -> &[DataFile] {
        match self {
            Self::Cifar10(set) | Self::Cifar100(set) | Self::Imagenet16(set) => &set.files,
            Self::Synthetic(_) | Self::None(_) => &[],
        }
    }

    /// The table of a spec that declares them.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Synthetic(_) => "images.synthetic",
            Self::Cifar10(_) => "images.cifar10",
            Self::Cifar100(_) => "images.cifar100",
            Self::Imagenet16(_) => "images.imagenet16-120",
            Self::None(_) => "images.none",
        }
    }

    /// The number of classes, which is the number of a network's outputs: 10 without images.
    pub const fn classes(&self) -> usize {
        match self {
            Self::Synthetic(_) | Self::Cifar10(_) | Self::None(_) => 10,
            Self::Cifar100(_) => 100,
            Self::Imagenet16(_) => 120,
        }
    }

    /// Height and width of an image, pixels; 0 without images.
    pub fn resolution(&self) -> usize {
        match self {
            Self::Synthetic(set) => set.resolution,
            Self::Cifar10(_) | Self::Cifar100(_) => 32,
            Self::Imagenet16(_) => 16,
            Self::None(_) => 0,
        }
    }
}

/// Synthetic images, drawn by this program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SyntheticImages {
    /// The seed of the images.
    #[serde(default)]
    pub seed: SeedValue,
    /// Height and width of an image, pixels: a multiple of 4 from 8 to 32.
    #[serde(default = "defaults::resolution")]
    pub resolution: usize,
    /// Number of training images: [`IMAGES`](super::limits::IMAGES).
    pub train: usize,
    /// Number of validation images: [`IMAGES`](super::limits::IMAGES).
    pub validation: usize,
}

/// Image files, concatenated in this order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ImageFiles {
    /// Files in the binary layout of the set.
    pub files: Vec<DataFile>,
    /// Number of training images: the first ones, [`IMAGES`](super::limits::IMAGES).
    pub train: usize,
    /// Number of validation images: the last ones, [`IMAGES`](super::limits::IMAGES).
    pub validation: usize,
}

/// A file, usually in the data root, and its digest. A file with another digest is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DataFile {
    /// Path relative to the data root, or an absolute path. Not part of the hash; the digest is.
    #[serde(skip_serializing)]
    pub path: String,
    /// SHA-256 of the content, 64 lower-case hexadecimal digits.
    pub sha256: String,
}

/// How the learning rate changes from epoch to epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// It stays constant.
    #[default]
    Constant,
    /// It falls to zero along half a cosine over the epochs.
    Cosine,
    /// It rises in equal steps over the first epochs, then falls to zero along half a cosine.
    WarmCosine(Warmup),
    /// It falls by a factor when the training loss stops falling.
    Plateau(Plateau),
}

/// How the learning rate rises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Warmup {
    /// Number of epochs before the rate is full for the first time. It is below the number of all epochs.
    pub warmup: usize,
}

/// When the loss counts as no longer falling, and what happens then. This is `PyTorch`'s `ReduceLROnPlateau` in mode
/// `min`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Plateau {
    /// The learning rate is multiplied by this: [`PLATEAU`](super::limits::PLATEAU).
    pub factor: f64,
    /// How many epochs in a row without a better loss are allowed: [`PATIENCE`](super::limits::PATIENCE). One more
    /// lowers the rate.
    pub patience: usize,
    /// A loss is better if it is below `(1 - threshold)` times the best one: [`PLATEAU`](super::limits::PLATEAU).
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
    /// Number of passes over the training images: [`EPOCHS`](super::limits::EPOCHS).
    pub epochs: usize,
    /// Number of images per step, [`BATCH`](super::limits::BATCH). The last step of an epoch takes the rest.
    pub batch: usize,
    /// Initial learning rate: [`LEARNING_RATE`](super::limits::LEARNING_RATE).
    pub learning_rate: f64,
    /// Learning-rate schedule, applied once per epoch.
    #[serde(default)]
    pub schedule: Schedule,
    /// The momentum of SGD: [`MOMENTUM`](super::limits::MOMENTUM).
    #[serde(default = "defaults::momentum")]
    pub momentum: f64,
    /// The L2 penalty of SGD: [`WEIGHT_DECAY`](super::limits::WEIGHT_DECAY).
    #[serde(default = "defaults::weight_decay")]
    pub weight_decay: f64,
    /// The largest allowed L2 norm of all gradients together, [`CLIP`](super::limits::CLIP). Larger gradients are scaled down to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip: Option<f64>,
    /// The dropout rate before the classifier: [`DROPOUT`](super::limits::DROPOUT).
    #[serde(default)]
    pub dropout: f64,
    /// Whether images are randomly cropped (after zero padding by 4) and flipped horizontally.
    #[serde(default)]
    pub augment: bool,
}

/// A set of architectures, and the estimators that rank it. Its architectures are those of the ground truth, or those that it names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Panel {
    /// The ids of the estimators, in the order of the report.
    #[serde(default)]
    pub estimators: Vec<String>,
    /// Named scores from files. They are ranked too. Scores with the id of an estimator count as scores of that
    /// estimator.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub scores: BTreeMap<String, ScoreFile>,
    /// Its architectures, in their order: a list of texts or a file. A file has one architecture a line, or a column
    /// `architecture`. Each text of a list must be in a form that has one meaning only. The default is all
    /// architectures that have a true accuracy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub architectures: Option<Listed>,
    /// Which encodings stand for an architecture of the truth.
    #[serde(default, skip_serializing_if = "is_default")]
    pub encodings: Encodings,
    /// What happens with an architecture that has no row in a score file. The same happens with an architecture that
    /// the panel names and that has no true accuracy.
    #[serde(default, skip_serializing_if = "is_default")]
    pub missing: Missing,
    /// What happens with an architecture whose score in a score file is a failure.
    #[serde(default, skip_serializing_if = "is_default")]
    pub failed: Failed,
    /// Names of score files and estimators of the panel. Every other estimator is compared with them, as it is with the
    /// baselines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub against: Vec<String>,
    /// Named votes of these estimators. They are ranked too.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub votes: BTreeMap<String, Vote>,
    /// How many of its architectures are drawn, without replacement: [`SAMPLE`](super::limits::SAMPLE). `0` means all.
    #[serde(default)]
    pub sample: usize,
    /// The seed of the sample.
    #[serde(default)]
    pub seed: SeedValue,
    /// Which of its architectures are left out before the draw.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without: Option<Without>,
    /// The names of the variants that rank it too. The default is all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variants: Option<Vec<String>>,
}

impl Panel {
    /// Whether a variant ranks it. The spec's own settings always do.
    pub fn has_variant(&self, name: &str) -> bool {
        self.variants.as_ref().is_none_or(|names| names.iter().any(|own| own == name))
    }
}

/// Which encodings stand for an architecture of the truth, in score files and where a panel names its architectures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encodings {
    /// Its own only.
    #[default]
    Own,
    /// Every encoding of its class of isomorphic encodings. If a score file has several rows for one class, the first
    /// one counts, even if its score is a failure. It does not matter whether rows have texts or numbers.
    Class,
}

/// What happens with an architecture for which a score file has no row, and with rows that cannot be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missing {
    /// It is an error.
    #[default]
    Refuse,
    /// It is left out of the panel, and the rows are counted.
    PassOver,
}

/// What happens with an architecture whose score is missing or not finite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Failed {
    /// It ranks worst.
    #[default]
    Worst,
    /// It is left out of the panel, and counted.
    Drop,
}

/// A vote of several estimators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Vote {
    /// The ids of estimators of the panel. Each must have a single score per architecture.
    pub members: Vec<String>,
    /// The rule that makes one ranking out of theirs.
    #[serde(default)]
    pub rule: VoteRule,
}

/// How sizes are spaced between the smallest and the greatest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Spacing {
    /// With equal differences.
    #[default]
    Linear,
    /// With equal ratios. This takes more small networks, whose accuracies differ most.
    Geometric,
}

/// The recipe of a truth table that this project trains.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TruthRecipe {
    /// The name of the table.
    #[serde(skip_serializing)]
    pub name: String,
    /// The search space.
    pub space: SpaceId,
    /// How many architectures are trained, [`TRAINED`](super::limits::TRAINED). All are different.
    pub architectures: usize,
    /// How many architectures are drawn: [`CANDIDATES`](super::limits::CANDIDATES). From these, architectures with
    /// evenly spaced numbers of parameters are taken, also the smallest and the greatest. So a few architectures cover
    /// all sizes. With `0`, only as many are drawn as are trained.
    #[serde(default)]
    pub candidates: usize,
    /// What is evenly spaced: the numbers of parameters, or their logarithms.
    #[serde(default, skip_serializing_if = "is_default")]
    pub spacing: Spacing,
    /// Only architectures with at most this many multiply-accumulates per image are drawn:
    /// [`COST`](super::limits::COST). So each can be trained in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most_flops: Option<u64>,
    /// Only architectures that execute at most this many ReLUs are drawn: [`COST`](super::limits::COST). Deeper ones
    /// are hard to train in seconds. Their accuracies differ more between seeds than between architectures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most_relus: Option<u64>,
    /// The seed of the draw.
    #[serde(default)]
    pub draw: SeedValue,
    /// The training seeds, all different. Every architecture is trained once for each.
    pub seeds: Vec<SeedValue>,
    /// The images.
    pub images: Images,
    /// The size of the stand-alone network.
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
