//! The keys of stages: what each kind of stage depends on, in the form that is hashed.

use serde::Serialize;

use super::ExperimentError;
use super::resolve::Resolved;
use crate::images::{SYNTHETIC_VERSION, cifar, layout};
use crate::net::train::TRAINER_VERSION;
use crate::space::{Form, SUB_SPACE_VERSION, SpaceId};
use crate::spec::{
    Images, Network, OneShot, OneShotScore, Picker, Prune, Sampling, SeedValue, Spec, StageKey, Strategy, Supernet,
    Training, Watch, Without, ZeroShot,
};

/// The versions of code that results of stages depend on, besides those of estimators and images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Versions {
    /// That of the space.
    pub space: u32,
    /// [`TRAINER_VERSION`].
    pub trainer: u32,
    /// [`SUB_SPACE_VERSION`].
    pub sub_spaces: u32,
    /// [`SYNTHETIC_VERSION`].
    pub synthetic: u32,
    /// [`cifar::VERSION`].
    pub cifar10: u32,
    /// [`layout::VERSION`].
    pub rows: u32,
    /// That of the result of a score stage. Since version 2 it has the numbers that explain the scores.
    pub scores: u32,
}

impl Versions {
    /// The present ones.
    pub fn of(space: SpaceId) -> Self {
        Self {
            space: space.version(),
            trainer: TRAINER_VERSION,
            sub_spaces: SUB_SPACE_VERSION,
            synthetic: SYNTHETIC_VERSION,
            cifar10: cifar::VERSION,
            rows: layout::VERSION,
            scores: 2,
        }
    }

    /// That of the code which draws or decodes these images.
    pub fn images(&self, images: &Images) -> u32 {
        match images {
            Images::Synthetic(_) => self.synthetic,
            Images::Cifar10(_) => self.cifar10,
            Images::Cifar100(_) | Images::Imagenet16(_) => self.rows,
            Images::None(_) => 0,
        }
    }
}

/// The part of the key that all stages of one space on one class of devices share.
#[derive(Clone, Copy, Serialize)]
pub(super) struct KeyBase<'a> {
    pub space: SpaceId,
    pub space_version: u32,
    pub device_class: &'a str,
}

#[derive(Serialize)]
pub(super) struct SupernetInputs<'a> {
    #[serde(rename = "ground")]
    pub base: KeyBase<'a>,
    pub images: &'a Images,
    pub images_version: u32,
    pub trainer: u32,
    pub network: Network,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub picker: Option<Picker>,
    pub sampling: Sampling,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Strategy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub architectures: Option<usize>,
    pub decay_unsampled: bool,
    pub training: &'a Training,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub without: Option<(&'a Without, u32)>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub checkpoints: &'a [usize],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prune: Option<Evaluated<&'a Prune>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub watch: Option<Evaluated<&'a Watch>>,
    pub seed: SeedValue,
}

/// Settings for evaluating a supernet while it trains, and everything else that the result depends on.
#[derive(Serialize)]
pub(super) struct Evaluated<T> {
    pub settings: T,
    pub evaluation: Evaluation,
    pub version: u32,
}

#[derive(Serialize)]
pub(super) struct ScoreInputs<'a> {
    pub format: u32,
    #[serde(rename = "ground")]
    pub base: KeyBase<'a>,
    pub estimator: &'a str,
    pub version: u32,
    pub architectures: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external: Option<Program<'a>>,
    pub protocol: Protocol<'a>,
}

/// What the scores of another program depend on.
#[derive(Serialize)]
pub(super) struct Program<'a> {
    pub command: &'a [String],
    pub version: usize,
    /// The digests of its files.
    pub files: &'a [String],
}

#[derive(Serialize)]
pub(super) enum Protocol<'a> {
    Baseline {
        form: Form,
        network: Network,
        resolution: usize,
        #[serde(skip_serializing_if = "is_ten")]
        classes: usize,
    },
    ZeroShot {
        settings: &'a ZeroShot,
        #[serde(skip_serializing_if = "Option::is_none")]
        images: Option<(&'a Images, u32)>,
        resolution: usize,
        /// They also tell the normalisation of uniform noise.
        #[serde(skip_serializing_if = "is_ten")]
        classes: usize,
        #[serde(skip_serializing_if = "Option::is_none")]
        supernet: Option<&'a StageKey>,
    },
    OneShot {
        settings: Evaluation,
        /// The epochs with the weights to average; `None` if only the weights of the last epoch are used.
        #[serde(skip_serializing_if = "Option::is_none")]
        epochs: Option<&'a [usize]>,
        supernet: &'a StageKey,
    },
}

/// Networks had ten classes before they could have others, and their keys are as they were.
#[allow(clippy::trivially_copy_pass_by_ref)] // serde's signature
fn is_ten(classes: &usize) -> bool {
    *classes == 10
}

/// What the score of a supernet depends on, apart from the weights.
#[derive(Clone, Copy, Serialize)]
pub(super) struct Evaluation {
    pub batch: usize,
    pub validation: usize,
}

impl From<&OneShot> for Evaluation {
    fn from(settings: &OneShot) -> Self {
        Self { batch: settings.batch, validation: settings.validation }
    }
}

/// The key of the training of a supernet.
///
/// # Errors
/// If an estimator that it needs is unknown.
pub(super) fn supernet_key(
    resolved: &Resolved,
    base: KeyBase<'_>,
    versions: Versions,
    spec: &Spec,
    supernet: &Supernet,
    seed: SeedValue,
) -> Result<StageKey, ExperimentError> {
    let evaluation = Evaluation::from(&spec.one_shot);
    let inputs = SupernetInputs {
        base,
        images: &spec.images,
        images_version: versions.images(&spec.images),
        trainer: versions.trainer,
        network: supernet.network,
        picker: supernet.picker,
        sampling: supernet.sampling,
        strategy: (supernet.strategy != Strategy::Uniform).then_some(supernet.strategy),
        architectures: (supernet.architectures != 1).then_some(supernet.architectures),
        decay_unsampled: supernet.decay_unsampled,
        training: &supernet.training,
        without: supernet.without.as_ref().map(|without| (without, versions.sub_spaces)),
        checkpoints: &supernet.checkpoints,
        prune: supernet
            .prune
            .as_ref()
            .map(|prune| evaluated(resolved, prune, prune.by, Evaluation::from(&prune.one_shot(&spec.one_shot))))
            .transpose()?,
        watch: supernet
            .watch
            .as_ref()
            .map(|watch| evaluated(resolved, watch, OneShotScore::OneshotAccuracy, evaluation))
            .transpose()?,
        seed,
    };
    Ok(StageKey::of("supernet", &inputs)?)
}

fn evaluated<T>(
    resolved: &Resolved,
    settings: T,
    score: OneShotScore,
    evaluation: Evaluation,
) -> Result<Evaluated<T>, ExperimentError> {
    Ok(Evaluated { settings, evaluation, version: resolved.facts(score.id())?.version })
}
