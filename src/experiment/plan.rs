//! What a run will do: a pure function of the resolved spec, the truth, and the content of the store.
//!
//! A stage's key is made only from what the stage depends on. So adding an estimator never retrains a supernet, and two specs that train
//! the same supernet share it.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::ExperimentError;
use super::inputs::Inputs;
use super::resolve::{Arm, Resolved, reads_supernet};
use super::stage_keys::{Evaluation, KeyBase, Program, Protocol, ScoreInputs, Versions, supernet_key};
use crate::DeviceClass;
use crate::estimator::EstimatorKind;
use crate::space::SubSpace;
use crate::spec::{
    Input, OneShot, Sampling, SeedValue, Spec, SpecError, StageKey, Supernet, Truth, WeightSource, ZeroShot,
};
use crate::store::record::Checkpoint;
use crate::truth::trained::TrainedTable;
use nas_assay_base::sha256_hex;

/// One unit of work with a result in the store.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// What it computes.
    pub work: Work,
    /// Its identity.
    pub key: StageKey,
    /// Whether it will run.
    pub action: Action,
}

/// What a stage computes.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// Trains architectures of the carried truth again and compares the accuracies bit for bit.
    VerifyTruth {
        /// Rows of the table.
        rows: Vec<usize>,
    },
    /// Trains a supernet.
    Supernet {
        /// Position of the settings among [`Resolved::arms`].
        arm: usize,
        /// Its seed.
        seed: SeedValue,
    },
    /// Scores every architecture of a panel with one estimator.
    Scores(ScoreWork),
}

/// Which estimator scores which panel.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreWork {
    /// Position of the panel.
    pub panel: usize,
    /// Position of the settings among [`Resolved::arms`].
    pub arm: usize,
    /// Id of the estimator.
    pub estimator: String,
    /// The weights that a one-shot estimator reads.
    pub weights: Option<Weights>,
}

/// Weights of a supernet at a point of its training, or averaged over several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weights {
    /// The supernet's seed.
    pub seed: SeedValue,
    /// Its stage.
    pub supernet: StageKey,
    /// The epochs after which the weights were kept, ascending. The weights of several epochs are averaged.
    pub epochs: Vec<usize>,
}

impl Weights {
    /// The name of these weights in a record.
    pub fn checkpoint(&self) -> Checkpoint {
        let epochs: Vec<u32> = self.epochs.iter().map(|&epoch| epoch as u32).collect();
        let single = Checkpoint::single(self.seed.to_string(), epochs.last().copied().unwrap_or(0));
        if epochs.len() > 1 { Checkpoint { averaged: epochs, ..single } } else { single }
    }
}

impl Work {
    /// The folder of the store that holds results of this kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::VerifyTruth { .. } => "verify-truth",
            Self::Supernet { .. } => "supernet",
            Self::Scores(_) => "scores",
        }
    }

    /// The panel that it belongs to, if any.
    fn panel(&self) -> Option<usize> {
        match self {
            Self::Scores(work) => Some(work.panel),
            Self::VerifyTruth { .. } | Self::Supernet { .. } => None,
        }
    }
}

/// What the store holds of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holding {
    /// All files, and each is what was written.
    Whole,
    /// All but some weights of a supernet. They are needed only if a stage that reads them runs.
    WithoutWeights,
    /// No result.
    Nothing,
    /// A result that is damaged.
    Damaged,
}

/// What will happen to a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The store holds its result.
    Reuse,
    /// The store holds a result that is damaged, or lacks weights that are needed.
    Mend,
    /// The store does not hold its result.
    Run,
    /// The store does not hold its result, and a supernet must be trained first.
    RunAfterSupernet,
}

impl Action {
    /// The reason, as readable text.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Reuse => "skip: its result is in the store",
            Self::Mend => "run: its result in the store is damaged or incomplete",
            Self::Run => "run: no result in the store",
            Self::RunAfterSupernet => "run: waits for the supernet",
        }
    }
}

/// The stages of an experiment in the order in which they run.
///
/// # Errors
/// If an estimator is unknown, a panel has too few architectures to rank, or a variant changes no score.
pub fn plan(
    resolved: &Resolved,
    inputs: &Inputs,
    class: DeviceClass,
    holds: impl Fn(&Work, &StageKey) -> Result<Holding, ExperimentError>,
) -> Result<Vec<Stage>, ExperimentError> {
    let carried = matches!(resolved.spec.truth, Truth::Trained(_)).then_some(resolved.spec.space);
    inputs.panels.iter().try_for_each(|panel| panel.is_rankable(carried))?;
    for Arm { variant, spec } in &resolved.arms {
        if wants_supernet(resolved, spec) {
            let within = |error: SpecError| match variant {
                None => error,
                Some(name) => error.within(&format!("variants.{name}")),
            };
            has_enough_candidates(spec).map_err(within)?;
        }
    }
    plan_with(Versions::of(resolved.spec.space), resolved, inputs, class, holds)
}

/// As [`plan`], for code of these versions.
pub(super) fn plan_with(
    versions: Versions,
    resolved: &Resolved,
    inputs: &Inputs,
    class: DeviceClass,
    holds: impl Fn(&Work, &StageKey) -> Result<Holding, ExperimentError>,
) -> Result<Vec<Stage>, ExperimentError> {
    let spec = &resolved.spec;
    let base = KeyBase { space: spec.space, space_version: versions.space, device_class: class.as_str() };
    let mut stages = Stages::new(resolved, &holds);

    if let (Truth::Trained(truth), Some(table)) = (&spec.truth, &inputs.trained)
        && truth.verify > 0
    {
        let rows = verified_rows(table, truth.verify);
        let images = versions.images(&table.recipe.images);
        let key = StageKey::of("verify-truth", &(base, versions.trainer, images, &table.sha256, &rows, &table.recipe))?;
        stages.push(Work::VerifyTruth { rows }, key, false)?;
    }

    let mut of_arms = Vec::new();
    for (arm, Arm { spec, .. }) in resolved.arms.iter().enumerate() {
        let (mut supernets, mut trains) = (Vec::new(), false);
        if let Some(supernet) = spec.supernet.as_ref().filter(|_| wants_supernet(resolved, spec)) {
            for &seed in &supernet.seeds {
                let key = supernet_key(resolved, base, versions, spec, supernet, seed)?;
                supernets.push((seed, key.clone()));
                trains |= stages.push(Work::Supernet { arm, seed }, key, false)?;
            }
        }
        let kept = spec.supernet.as_ref().map_or(Vec::new(), Supernet::kept_epochs);
        let weights = read_weights(&supernets, &kept, &spec.one_shot);
        of_arms.push((supernets, trains, kept, weights));
    }

    let texts = inputs.panels.iter().map(|panel| panel.architecture_texts().join("\n"));
    let digests: Vec<String> = texts.map(|text| sha256_hex(text.as_bytes())).collect();
    let every = (0..inputs.panels.len()).flat_map(|panel| (0..resolved.arms.len()).map(move |arm| (panel, arm)));
    let ranks =
        |(panel, arm): &(usize, usize)| resolved.arms[*arm].spec.panels.contains_key(&inputs.panels[*panel].name);
    for (position, arm) in every.filter(ranks) {
        let (spec, (supernets, trains, kept, weights)) = (&resolved.arms[arm].spec, &of_arms[arm]);
        let architectures = &digests[position];
        for id in &inputs.panels[position].estimators {
            let facts = resolved.facts(id)?;
            let mut score = |protocol: Protocol<'_>, weights: Option<Weights>| {
                let (estimator, version, architectures) = (id.as_str(), facts.version, architectures.as_str());
                let external = spec.estimators.get(id).map(|declared| Program {
                    command: &declared.command,
                    version: declared.version,
                    files: resolved.files.get(id).map_or(&[], Vec::as_slice),
                });
                let key = ScoreInputs {
                    format: versions.scores,
                    base,
                    estimator,
                    version,
                    architectures,
                    external,
                    protocol,
                };
                let key = StageKey::of("scores", &key)?;
                let waits = *trains && weights.is_some();
                stages.push(
                    Work::Scores(ScoreWork { panel: position, arm, estimator: id.clone(), weights }),
                    key,
                    waits,
                )?;
                Ok::<(), ExperimentError>(())
            };
            match facts.kind {
                EstimatorKind::OneShot => {
                    for weights in weights {
                        let Weights { epochs, supernet, .. } = weights;
                        let others = (epochs[..] != kept[kept.len() - 1..]).then_some(epochs.as_slice());
                        let settings = Evaluation::from(&spec.one_shot);
                        score(Protocol::OneShot { settings, epochs: others, supernet }, Some(weights.clone()))?;
                    }
                }
                EstimatorKind::ZeroShot => {
                    let images =
                        (spec.zero_shot.input == Input::Images).then(|| (&spec.images, versions.images(&spec.images)));
                    let settings = &spec.zero_shot;
                    let (resolution, classes) = (spec.images.resolution(), spec.images.classes());
                    if settings.weights == WeightSource::Random {
                        score(Protocol::ZeroShot { settings, images, resolution, classes, supernet: None }, None)?;
                        continue;
                    }
                    for weights in averages(supernets, kept, &[1]) {
                        let supernet = Some(&weights.supernet);
                        score(
                            Protocol::ZeroShot { settings, images, resolution, classes, supernet },
                            Some(weights.clone()),
                        )?;
                    }
                }
                EstimatorKind::Baseline | EstimatorKind::Vote | EstimatorKind::External => {
                    let ZeroShot { form, network, .. } = spec.zero_shot;
                    let (resolution, classes) = (spec.images.resolution(), spec.images.classes());
                    score(Protocol::Baseline { form, network, resolution, classes }, None)?;
                }
            }
        }
    }
    stages.finish(resolved)
}

/// The stages of a plan so far.
struct Stages<'a, H> {
    holds: &'a H,
    all: Vec<Stage>,
    /// The action of each key in each panel.
    known: BTreeMap<(Option<usize>, StageKey), Action>,
    /// Supernets without all their weights.
    without_weights: BTreeSet<StageKey>,
    /// Whether each set of settings has a score of its own.
    scores_of: Vec<bool>,
}

impl<'a, H: Fn(&Work, &StageKey) -> Result<Holding, ExperimentError>> Stages<'a, H> {
    fn new(resolved: &Resolved, holds: &'a H) -> Self {
        Self {
            holds,
            all: Vec::new(),
            known: BTreeMap::new(),
            without_weights: BTreeSet::new(),
            scores_of: vec![false; resolved.arms.len()],
        }
    }

    /// Adds a stage; `waits` says whether a supernet that it reads has to be trained first. Returns whether the stage will run.
    fn push(&mut self, work: Work, key: StageKey, waits: bool) -> Result<bool, ExperimentError> {
        // If a variant changes nothing here, it shares the stage of the spec's own settings.
        let place = match self.known.entry((work.panel(), key)) {
            Entry::Occupied(same) => return Ok(*same.get() != Action::Reuse),
            Entry::Vacant(place) => place,
        };
        let key = &place.key().1;
        let action = match ((self.holds)(&work, key)?, waits) {
            (Holding::Whole, _) => Action::Reuse,
            (Holding::WithoutWeights, _) => {
                self.without_weights.insert(key.clone());
                Action::Reuse
            }
            (Holding::Nothing, false) => Action::Run,
            (Holding::Damaged, false) => Action::Mend,
            (Holding::Nothing | Holding::Damaged, true) => Action::RunAfterSupernet,
        };
        if let Work::Scores(work) = &work {
            self.scores_of[work.arm] = true;
        }
        self.all.push(Stage { work, key: key.clone(), action });
        place.insert(action);
        Ok(action != Action::Reuse)
    }

    /// The whole plan.
    fn finish(mut self, resolved: &Resolved) -> Result<Vec<Stage>, ExperimentError> {
        mend_what_is_read(&mut self.all, &self.without_weights);
        // Such a variant would have no rows in the record, and it would look as if its scores agreed with the spec's own.
        for (Arm { variant, .. }, scores) in resolved.arms.iter().zip(self.scores_of) {
            if let (Some(name), false) = (variant, scores) {
                let problem = "changes no score of any panel".to_owned();
                return Err(SpecError::Invalid { key: format!("variants.{name}"), problem }.into());
            }
        }
        Ok(self.all)
    }
}

/// Supernets without all their weights are trained again if a stage that reads them runs.
fn mend_what_is_read(stages: &mut [Stage], without_weights: &BTreeSet<StageKey>) {
    let supernet_of = |stage: &Stage| match &stage.work {
        Work::Scores(work) => work.weights.as_ref().map(|weights| weights.supernet.clone()),
        Work::VerifyTruth { .. } | Work::Supernet { .. } => None,
    };
    let running = stages.iter().filter(|stage| stage.action != Action::Reuse).filter_map(supernet_of);
    let read: BTreeSet<StageKey> = running.filter(|key| without_weights.contains(key)).collect();
    for stage in stages {
        if matches!(stage.work, Work::Supernet { .. }) && read.contains(&stage.key) {
            stage.action = Action::Mend;
        } else if stage.action != Action::Reuse && supernet_of(stage).is_some_and(|key| read.contains(&key)) {
            stage.action = Action::RunAfterSupernet;
        }
    }
}

/// The weights that one-shot estimators read.
fn read_weights(supernets: &[(SeedValue, StageKey)], kept: &[usize], settings: &OneShot) -> Vec<Weights> {
    let earlier =
        if settings.every_checkpoint { kept.split_last().map_or(&[][..], |(_, earlier)| earlier) } else { &[] };
    let of = |&epoch: &usize| averages(supernets, &[epoch], &[1]);
    earlier.iter().flat_map(of).chain(averages(supernets, kept, &settings.average_last)).collect()
}

/// Averages of kept weights. For each number in `counts` and each supernet: the average over that many of the last `kept` epochs.
fn averages(supernets: &[(SeedValue, StageKey)], kept: &[usize], counts: &[usize]) -> Vec<Weights> {
    let last = |count: usize| kept[kept.len().saturating_sub(count)..].to_vec();
    let of = |count| {
        supernets.iter().map(move |(seed, key)| Weights { seed: *seed, supernet: key.clone(), epochs: last(count) })
    };
    counts.iter().flat_map(|&count| of(count)).collect()
}

/// Checks that a pool which is a list has as many architectures as pruning ranks. Whether another pool has them shows when they are drawn.
fn has_enough_candidates(spec: &Spec) -> Result<(), SpecError> {
    let Some(Supernet { sampling: Sampling::Deiso, prune: Some(prune), without, .. }) = &spec.supernet else {
        return Ok(());
    };
    let listed = match without {
        None => spec.space.representatives(),
        Some(without) => SubSpace::without(spec.space, &without.operations)
            .map_err(|error| SpecError::Invalid {
                key: "supernet.without.operations".to_owned(),
                problem: error.to_string(),
            })?
            .representatives(),
    };
    let pool = listed.map(|listed| listed.iter().filter(|architecture| architecture.has_live_convolution()).count());
    match pool.filter(|&held| prune.candidates > held) {
        None => Ok(()),
        Some(held) => {
            let problem = format!("asks for {} different architectures, and the pool gave {held}", prune.candidates);
            Err(SpecError::Invalid { key: "supernet.prune.candidates".to_owned(), problem })
        }
    }
}

fn wants_supernet(resolved: &Resolved, spec: &Spec) -> bool {
    let mut estimators = spec.panels.values().flat_map(|panel| &panel.estimators);
    estimators.any(|id| resolved.facts(id).is_ok_and(|facts| reads_supernet(spec, facts.kind)))
}

/// `count` rows spread evenly over a table, beginning with the first. Rows without a live convolution are left out if there are enough
/// others: their networks learn next to nothing, so training them again checks little.
pub(super) fn verified_rows(table: &TrainedTable, count: usize) -> Vec<usize> {
    let learns = |row: &usize| table.rows[*row].architecture.has_live_convolution();
    let all: Vec<usize> = (0..table.rows.len()).collect();
    let learning: Vec<usize> = all.iter().copied().filter(learns).collect();
    let rows = if count <= learning.len() { learning } else { all };
    let count = count.min(rows.len());
    (0..count).map(|index| rows[index * rows.len() / count]).collect()
}
