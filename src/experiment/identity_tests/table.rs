//! Which stages read which field of a spec.

use Moves::{Keys, More, Stages};
use Reader::{
    Any, Counts, Evaluating, EvaluatingAll, OneShot, Sampled, Scores, Seed, Supernet, Trained, Untrained, Verify,
};
use Reader::{External, ZeroShot, ZeroShotImages};

/// A property of a stage by which it reads a field or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reader {
    /// Every stage.
    Any,
    /// It trains carried truth again.
    Verify,
    /// It trains a supernet, or reads the weights of one.
    Supernet,
    /// The same, if the supernet has the seed at the place of the field.
    Seed,
    /// The same, if the supernet is scored during its training.
    Evaluating,
    /// The same, if those scores use as many images as `one-shot.validation` says.
    EvaluatingAll,
    /// It makes scores; those of one panel if the field is that of a panel.
    Scores,
    /// The same, if the panel is a sample.
    Sampled,
    /// It makes one-shot scores.
    OneShot,
    /// It makes zero-shot scores.
    ZeroShot,
    /// It makes zero-shot scores from images.
    ZeroShotImages,
    /// It makes zero-shot scores from random weights.
    Untrained,
    /// It makes zero-shot scores from trained weights.
    Trained,
    /// It counts.
    Counts,
    /// It asks another program.
    External,
}

/// What another value of a field moves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Moves {
    /// The keys of stages with one of these properties, and no others.
    Keys(&'static [Reader]),
    /// As `Keys` for both lists. The stages of the second list do not read the field: they run again for nothing.
    More(&'static [Reader], &'static [Reader]),
    /// Which stages there are, but no key of any.
    Stages,
    /// No key by itself. It decides what a file means, and a plan has the content of files from its inputs.
    Inputs,
    /// Not even the hash of the spec, because it cannot change a number.
    Nothing,
}

/// What every field of a spec moves. `*` stands for any name. A field of a variant moves what the field of the spec moves.
pub(super) const READERS: &[(&str, Moves)] = &[
    ("name", Moves::Nothing),
    ("title", Moves::Nothing),
    ("space", Keys(&[Any])),
    ("images.synthetic.seed", Keys(&[Supernet, ZeroShotImages])),
    ("images.synthetic.resolution", Keys(&[Supernet, ZeroShot, Counts])),
    ("images.synthetic.train", Keys(&[Supernet, ZeroShotImages])),
    // The key of a one-shot score has the images from the key of its supernet.
    ("images.synthetic.validation", More(&[OneShot, Evaluating], &[Supernet, ZeroShotImages])),
    ("images.cifar10.files[].path", Moves::Nothing),
    ("images.cifar10.files[].sha256", Keys(&[Supernet, ZeroShotImages])),
    ("images.cifar10.train", Keys(&[Supernet, ZeroShotImages])),
    ("images.cifar10.validation", More(&[OneShot, Evaluating], &[Supernet, ZeroShotImages])),
    ("images.cifar100.files[].path", Moves::Nothing),
    ("images.cifar100.files[].sha256", Keys(&[Supernet, ZeroShotImages])),
    ("images.cifar100.train", Keys(&[Supernet, ZeroShotImages])),
    ("images.cifar100.validation", More(&[OneShot, Evaluating], &[Supernet, ZeroShotImages])),
    ("images.imagenet16-120.files[].path", Moves::Nothing),
    ("images.imagenet16-120.files[].sha256", Keys(&[Supernet, ZeroShotImages])),
    ("images.imagenet16-120.train", Keys(&[Supernet, ZeroShotImages])),
    ("images.imagenet16-120.validation", More(&[OneShot, Evaluating], &[Supernet, ZeroShotImages])),
    ("truth.trained.table", Keys(&[Verify, Scores])),
    ("truth.trained.verify", Keys(&[Verify])),
    ("truth.nb101.file.path", Moves::Nothing),
    ("truth.nb101.file.sha256", Moves::Inputs),
    ("truth.nb101.accuracy", Moves::Inputs),
    ("truth.nb101.rows", Moves::Inputs),
    ("truth.nb201.file.path", Moves::Nothing),
    ("truth.nb201.file.sha256", Moves::Inputs),
    ("truth.nb201.accuracy", Moves::Inputs),
    ("truth.nb201.rows", Moves::Inputs),
    ("truth.nb301.file.path", Moves::Nothing),
    ("truth.nb301.file.sha256", Moves::Inputs),
    ("truth.nb301.precision", Moves::Inputs),
    ("truth.nb301.rows", Moves::Inputs),
    ("truth.table.file.path", Moves::Nothing),
    ("truth.table.file.sha256", Moves::Inputs),
    ("truth.table.columns[]", Moves::Inputs),
    ("truth.table.unit", Moves::Inputs),
    // Criteria are made from the scores of stages.
    ("truth.table.better", Keys(&[])),
    ("truth.nds.file.path", Moves::Nothing),
    ("truth.nds.file.sha256", Moves::Inputs),
    ("supernet.seeds[]", Keys(&[Seed])),
    ("supernet.network.channels", Keys(&[Supernet])),
    ("supernet.network.cells", Keys(&[Supernet])),
    ("supernet.network.layers", Keys(&[Supernet])),
    ("supernet.network.cell-affine", Keys(&[Supernet])),
    ("supernet.network.width-divisor", Keys(&[Supernet])),
    ("supernet.network.stem-stride", Keys(&[Supernet])),
    ("supernet.picker", Keys(&[Supernet])),
    ("supernet.sampling", Keys(&[Supernet])),
    ("supernet.strategy", Keys(&[Supernet])),
    ("supernet.architectures", Keys(&[Supernet])),
    ("supernet.decay-unsampled", Keys(&[Supernet])),
    ("supernet.training.epochs", Keys(&[Supernet])),
    ("supernet.training.batch", Keys(&[Supernet])),
    ("supernet.training.learning-rate", Keys(&[Supernet])),
    ("supernet.training.schedule", Keys(&[Supernet])),
    ("supernet.training.schedule.warm-cosine.warmup", Keys(&[Supernet])),
    ("supernet.training.schedule.plateau.factor", Keys(&[Supernet])),
    ("supernet.training.schedule.plateau.patience", Keys(&[Supernet])),
    ("supernet.training.schedule.plateau.threshold", Keys(&[Supernet])),
    ("supernet.training.momentum", Keys(&[Supernet])),
    ("supernet.training.weight-decay", Keys(&[Supernet])),
    ("supernet.training.clip", Keys(&[Supernet])),
    ("supernet.training.dropout", Keys(&[Supernet])),
    ("supernet.training.augment", Keys(&[Supernet])),
    ("supernet.without.operations[]", Keys(&[Supernet])),
    // They decide which weights are kept.
    ("supernet.checkpoints[]", Keys(&[Supernet])),
    ("supernet.prune.after", Keys(&[Supernet])),
    ("supernet.prune.keep", Keys(&[Supernet])),
    ("supernet.prune.by", Keys(&[Supernet])),
    ("supernet.prune.candidates", Keys(&[Supernet])),
    ("supernet.prune.validation", Keys(&[Supernet])),
    ("supernet.watch.epochs[]", Keys(&[Supernet])),
    ("supernet.watch.architectures", Keys(&[Supernet])),
    ("one-shot.batch", Keys(&[OneShot, Evaluating])),
    ("one-shot.validation", Keys(&[OneShot, EvaluatingAll])),
    ("one-shot.average-last[]", Stages),
    ("one-shot.every-checkpoint", Stages),
    // Means are made from the scores of stages.
    ("one-shot.ensemble", Keys(&[])),
    ("zero-shot.preset", Moves::Nothing),
    ("zero-shot.form", Keys(&[ZeroShot, Counts])),
    ("zero-shot.network.channels", Keys(&[ZeroShot, Counts])),
    ("zero-shot.network.cells", Keys(&[ZeroShot, Counts])),
    ("zero-shot.network.layers", Keys(&[ZeroShot, Counts])),
    ("zero-shot.network.cell-affine", Keys(&[ZeroShot, Counts])),
    ("zero-shot.network.width-divisor", Keys(&[ZeroShot, Counts])),
    ("zero-shot.network.stem-stride", Keys(&[ZeroShot, Counts])),
    ("zero-shot.batch", Keys(&[ZeroShot])),
    ("zero-shot.batches", Keys(&[ZeroShot])),
    // With trained weights, the seed is that of the supernet.
    ("zero-shot.seeds[]", More(&[Untrained], &[Trained])),
    ("zero-shot.input", Keys(&[ZeroShot])),
    ("zero-shot.precision", Keys(&[ZeroShot])),
    ("zero-shot.dropout", Keys(&[ZeroShot])),
    ("zero-shot.weights", Stages),
    ("estimators.*.command[]", Keys(&[External])),
    ("estimators.*.files[]", Moves::Nothing),
    ("estimators.*.version", Keys(&[External])),
    ("estimators.*.direction", Keys(&[])),
    ("estimators.*.limit", Moves::Nothing),
    ("panels.*.estimators[]", Stages),
    ("panels.*.scores.*.file.path", Moves::Nothing),
    ("panels.*.scores.*.file.sha256", Moves::Inputs),
    ("panels.*.scores.*.column", Moves::Inputs),
    ("panels.*.scores.*.seeds[]", Moves::Inputs),
    ("panels.*.scores.*.epochs[]", Moves::Inputs),
    ("panels.*.scores.*.columns[]", Moves::Inputs),
    ("panels.*.scores.*.form", Moves::Inputs),
    ("panels.*.scores.*.failures[]", Moves::Inputs),
    ("panels.*.scores.*.direction", Keys(&[])),
    ("panels.*.architectures[]", Moves::Inputs),
    ("panels.*.architectures.path", Moves::Nothing),
    ("panels.*.architectures.sha256", Moves::Inputs),
    ("panels.*.encodings", Moves::Inputs),
    ("panels.*.missing", Moves::Inputs),
    ("panels.*.failed", Moves::Inputs),
    ("panels.*.against[]", Keys(&[])),
    ("panels.*.votes.*.members[]", Keys(&[])),
    ("panels.*.votes.*.rule", Keys(&[])),
    ("panels.*.sample", Keys(&[Scores])),
    ("panels.*.seed", Keys(&[Sampled])),
    ("panels.*.without.operations[]", Keys(&[Scores])),
    ("panels.*.variants[]", Stages),
    ("criteria.fractions[]", Keys(&[])),
    ("criteria.ranking-fractions[]", Keys(&[])),
    ("criteria.best-of[]", Keys(&[])),
    ("criteria.top-counts[]", Keys(&[])),
    ("criteria.resamples", Keys(&[])),
];
