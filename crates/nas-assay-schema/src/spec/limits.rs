//! The least and the greatest value of every number in a spec or a recipe.
//!
//! The limits are generous: what they refuse would need more memory or more time than there is. [`table`] lists all of them with their keys.
//! Checks, error messages and the README take them from here.

use std::fmt::Write as _;
use std::ops::{Bound, RangeBounds};

use nas_assay_base::text::grouped;

/// A whole number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// Where it is in a spec. `*` stands for any name.
    pub keys: &'static [&'static str],
    /// The least value.
    pub least: u64,
    /// The greatest value.
    pub most: u64,
}

/// A number with a fraction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Real {
    /// Where it is in a spec. `*` stands for any name.
    pub keys: &'static [&'static str],
    /// The lower end of the allowed values.
    pub low: Bound<f64>,
    /// The upper end.
    pub high: Bound<f64>,
}

macro_rules! limits {
    ($kind:ident, $all:ident: $($(#[$doc:meta])* $name:ident = $limit:expr;)*) => {
        $($(#[$doc])* pub const $name: $kind = $limit;)*

        #[doc = concat!("Every [`", stringify!($kind), "`] that a spec or a recipe can have.")]
        pub const $all: &[$kind] = &[$($name),*];
    };
}

const fn count(keys: &'static [&'static str], least: u64, most: u64) -> Count {
    Count { keys, least, most }
}

const fn real(keys: &'static [&'static str], low: Bound<f64>, high: Bound<f64>) -> Real {
    Real { keys, low, high }
}

limits! { Count, COUNTS:
    /// Images for training or for validation.
    IMAGES = count(&["images.*.train", "images.*.validation"], 2, 10_000_000);
    /// Height and width of synthetic images, pixels; a multiple of 4.
    RESOLUTION = count(&["images.synthetic.resolution"], 8, 32);
    /// Architectures of the carried truth that are trained again.
    VERIFIED = count(&["truth.trained.verify"], 0, 1_000_000);
    /// Seconds that an external estimator may take for one answer.
    ANSWER = count(&["estimators.*.limit"], 1, 1_000_000);
    /// Versions of external estimators.
    EXTERNAL_VERSION = count(&["estimators.*.version"], 1, 1_000_000);
    /// Passes over the training images. Epochs in lists, `prune.after` and `warmup` are limited by it too.
    EPOCHS = count(&["supernet.training.epochs", "training.epochs"], 1, 1_000_000);
    /// Images of a batch.
    BATCH = count(&["supernet.training.batch", "training.batch", "one-shot.batch", "zero-shot.batch"], 2, 1_000_000);
    /// Batches of a zero-shot score. All its batches together have at most as many images as [`IMAGES`] allows.
    BATCHES = count(&["zero-shot.batches"], 1, 1_000_000);
    /// Epochs without a better loss before the learning rate falls.
    PATIENCE = count(&["supernet.training.schedule.plateau.patience", "training.schedule.plateau.patience"], 0, 1_000_000);
    /// Architectures of a training step.
    PER_STEP = count(&["supernet.architectures"], 1, 10_000);
    /// Architectures that a supernet ranks. A space with fewer allows fewer.
    RANKED = count(&["supernet.prune.candidates"], 0, 10_000_000);
    /// Validation images of a score.
    SCORED_ON = count(&["one-shot.validation", "supernet.prune.validation"], 0, IMAGES.most);
    /// Architectures that are watched in an epoch. Fewer steps allow fewer.
    WATCHED = count(&["supernet.watch.architectures"], 1, 1_000_000);
    /// Architectures that are drawn from the truth; `0` is all of them, and `1` cannot be ranked. Less truth allows fewer.
    SAMPLE = count(&["panels.*.sample"], 0, 10_000_000);
    /// Epochs after which supernets of a score file scored.
    SCORED_EPOCHS = count(&["panels.*.scores.*.epochs"], 0, EPOCHS.most);
    /// N of `BestAcc@topN`, and the numbers of best architectures among which tau is computed.
    BEST_OF = count(&["criteria.best-of", "criteria.top-counts"], 1, 10_000_000);
    /// Resamples of an interval.
    RESAMPLES = count(&["criteria.resamples"], 0, 1_000_000);
    /// Architectures that a recipe trains. A space with fewer allows fewer.
    TRAINED = count(&["architectures"], 2, 1_000_000);
    /// Architectures that a recipe draws. A space with fewer allows fewer.
    CANDIDATES = count(&["candidates"], 0, 10_000_000);
    /// The costs up to which a recipe draws architectures.
    COST = count(&["most-flops", "most-relus"], 0, 1_000_000_000_000_000);
    /// Channels of a network.
    CHANNELS = count(&["supernet.network.channels", "zero-shot.network.channels", "network.channels"], 1, 4096);
    /// Cells of a stack or a stage.
    CELLS = count(&["supernet.network.cells", "zero-shot.network.cells", "network.cells"], 1, 341);
    /// Cells of a network.
    LAYERS = count(&["supernet.network.layers", "zero-shot.network.layers", "network.layers"], 1, 1024);
    /// The divisor of all widths; 1, 2 or 4.
    WIDTH_DIVISOR = count(
        &["supernet.network.width-divisor", "zero-shot.network.width-divisor", "network.width-divisor"], 1, 4);
    /// The stride of a stem.
    STEM_STRIDE = count(&["supernet.network.stem-stride", "zero-shot.network.stem-stride", "network.stem-stride"], 1, 4);
}

limits! { Real, REALS:
    /// A learning rate.
    LEARNING_RATE = real(
        &["supernet.training.learning-rate", "training.learning-rate"], Bound::Excluded(0.0), Bound::Included(1000.0));
    /// A momentum.
    MOMENTUM = real(&["supernet.training.momentum", "training.momentum"], Bound::Included(0.0), Bound::Excluded(1.0));
    /// An L2 penalty.
    WEIGHT_DECAY =
        real(&["supernet.training.weight-decay", "training.weight-decay"], Bound::Included(0.0), Bound::Included(1.0));
    /// A dropout rate.
    DROPOUT = real(
        &["supernet.training.dropout", "training.dropout", "zero-shot.dropout"], Bound::Included(0.0), Bound::Included(0.99));
    /// A norm to which gradients are scaled down.
    CLIP = real(&["supernet.training.clip", "training.clip"], Bound::Excluded(0.0), Bound::Included(1e9));
    /// The factor and the threshold of a plateau.
    PLATEAU = real(
        &[
            "supernet.training.schedule.plateau.factor",
            "supernet.training.schedule.plateau.threshold",
            "training.schedule.plateau.factor",
            "training.schedule.plateau.threshold",
        ],
        Bound::Included(0.0),
        Bound::Included(1.0),
    );
    /// Numbers that stand for a missing score.
    FAILURE = real(&["panels.*.scores.*.failures"], Bound::Included(-1e300), Bound::Included(1e300));
    /// The fraction of a pool that is kept, and the fractions of a ranking.
    FRACTION = real(
        &["supernet.prune.keep", "criteria.fractions", "criteria.ranking-fractions"],
        Bound::Excluded(0.0),
        Bound::Included(1.0),
    );
}

impl Count {
    /// What is wrong with a value; `None` if it is allowed.
    pub fn refusal(&self, value: u64) -> Option<String> {
        let allowed = (self.least..=self.most).contains(&value);
        (!allowed).then(|| format!("is {value}, and must be {}", self.range()))
    }

    /// The allowed values in words.
    pub fn range(&self) -> String {
        format!("from {} to {}", grouped(self.least), grouped(self.most))
    }
}

impl Real {
    /// What is wrong with a value; `None` if it is allowed.
    pub fn refusal(&self, value: f64) -> Option<String> {
        let allowed = (self.low, self.high).contains(&value);
        (!allowed).then(|| format!("is {}, and must be {}", short(value), self.range()))
    }

    /// The allowed values in words.
    pub fn range(&self) -> String {
        match (self.low, self.high) {
            (Bound::Included(low), Bound::Included(high)) => format!("from {} to {}", short(low), short(high)),
            (Bound::Included(low), Bound::Excluded(high)) => format!("{low} or more and below {high}"),
            (Bound::Excluded(low), Bound::Included(high)) => format!("above {low} and at most {high}"),
            (low, high) => format!("between {low:?} and {high:?}"),
        }
    }
}

/// All limits as a Markdown table.
pub fn table() -> String {
    let mut text = "| keys | allowed |\n|---|---|\n".to_owned();
    let counts = COUNTS.iter().map(|limit| (limit.keys, limit.range()));
    let reals = REALS.iter().map(|limit| (limit.keys, limit.range()));
    for (keys, range) in counts.chain(reals) {
        let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
        let _ = writeln!(text, "| {} | {range} |", keys.join(", "));
    }
    text
}

/// A number, with a power of ten if it would be long.
fn short(value: f64) -> String {
    let plain = value.to_string();
    if plain.len() > 20 { format!("{value:e}") } else { plain }
}
