//! The score stages: each architecture of a panel is read once, for all estimators with missing scores.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::group::Group;
use super::image_split::ImageSplit;
use super::inputs::Inputs;
use super::lab::Lab;
use super::plan::ScoreWork;
use super::rows::{KeptReading, Rows};
use super::shard::Shard;
use super::stage_work::{Reader, StageWork};
use super::workers::Budget;
use super::{ExperimentError, Resolved, memory};
use crate::estimator::{EstimatorKind, Score};
use crate::space::Architecture;
use crate::spec::{StageKey, ZeroShot};
use crate::store::record::Detail;
use crate::store::{Held, StoreError};

/// The result of a score stage, as the store keeps it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ScoresFile {
    estimator: String,
    version: u32,
    scores: Vec<Score>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    details: Vec<Detail>,
}

impl ScoresFile {
    /// Whether it holds the scores of this estimator for so many architectures.
    fn is_of(&self, estimator: &str, version: u32, count: usize) -> bool {
        (self.estimator.as_str(), self.version, self.scores.len()) == (estimator, version, count)
            && self.details.iter().all(|detail| detail.values.len() == count)
    }
}

/// The scores and details of an estimator for the architectures of a panel.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct StageScores {
    pub scores: Vec<Score>,
    pub details: Vec<Detail>,
}

impl StageScores {
    /// Collects the readings of one estimator, each with the place of its architecture among `count`. Details are in the order in which they
    /// first appear.
    fn of<'a>(count: usize, readings: impl Iterator<Item = (usize, &'a KeptReading)>) -> Self {
        let (mut scores, mut details) = (Vec::with_capacity(count), Vec::<Detail>::new());
        for (place, reading) in readings {
            scores.push(reading.score);
            for (name, value) in &reading.details {
                let known = details.iter().position(|detail| detail.name == *name).unwrap_or_else(|| {
                    details.push(Detail { name: name.clone(), values: vec![None; count] });
                    details.len() - 1
                });
                details[known].values[place] = Some(*value);
            }
        }
        Self { scores, details }
    }
}

/// Scores by their stages, and stages without scores.
pub(super) type HeldAndMissing<'s> = (BTreeMap<StageKey, StageScores>, Vec<&'s (StageKey, ScoreWork)>);

impl Lab<'_> {
    /// The scores of every stage. Scores that the store does not hold are computed now.
    pub(super) fn scores(
        &self,
        worker: &dyn StageWork,
        resolved: &Resolved,
        inputs: &Inputs,
        images: Option<&ImageSplit>,
        stages: &[(StageKey, ScoreWork)],
    ) -> Result<BTreeMap<StageKey, StageScores>, ExperimentError> {
        let (mut scores, missing) = self.held_or_missing(resolved, inputs, stages)?;
        for group in &groups(resolved, inputs, missing)? {
            let count = inputs.panels[group.panel].architectures.len();
            let places: Vec<usize> = (0..count).collect();
            let rows = self.rows_of(worker, resolved, inputs, images, group, &places, None)?;
            for (place, (key, estimator)) in group.stages().enumerate() {
                let meta = estimator.meta();
                let StageScores { scores: column, details } =
                    StageScores::of(count, rows.iter().map(|(&row, readings)| (row, &readings[place])));
                let file = ScoresFile { estimator: meta.id.to_owned(), version: meta.version, scores: column, details };
                self.store.write_json(&self.store.stage("scores", key, ".json"), &file)?;
                let ScoresFile { scores: column, details, .. } = file;
                scores.insert(key.clone(), StageScores { scores: column, details });
            }
        }
        self.forget_rows(&scores.keys().cloned().collect::<BTreeSet<_>>())?;
        Ok(scores)
    }

    /// The scores that the store holds, and the stages whose scores it does not hold.
    pub(super) fn held_or_missing<'s>(
        &self,
        resolved: &Resolved,
        inputs: &Inputs,
        stages: &'s [(StageKey, ScoreWork)],
    ) -> Result<HeldAndMissing<'s>, ExperimentError> {
        let (mut scores, mut missing) = (BTreeMap::new(), Vec::new());
        for stage in stages {
            let (key, work) = stage;
            match self.held_scores(resolved, work, key, inputs)? {
                Held::Whole(held) => drop(scores.insert(key.clone(), held)),
                Held::Missing | Held::Damaged(_) => missing.push(stage),
            }
        }
        Ok((scores, missing))
    }

    /// The rows of a group for these places of its panel: those that the store holds, and those that are made now. `shard` is the part of a
    /// plan that they are for.
    #[allow(clippy::too_many_arguments, reason = "they are what a row depends on")]
    pub(super) fn rows_of(
        &self,
        worker: &dyn StageWork,
        resolved: &Resolved,
        inputs: &Inputs,
        images: Option<&ImageSplit>,
        group: &Group<'_>,
        places: &[usize],
        shard: Option<Shard>,
    ) -> Result<Rows, ExperimentError> {
        let panel = &inputs.panels[group.panel];
        let spec = &resolved.arms[group.arm].spec;
        let label = group_label(group);
        let needs_networks = matches!(group.kind, EstimatorKind::ZeroShot | EstimatorKind::OneShot);
        let backends = if needs_networks { self.backends()? } else { std::slice::from_ref(&self.backend) };
        let readers = backends.iter().map(|on| worker.reader(on, spec, images, group));
        let readers = readers.collect::<Result<Vec<_>, ExperimentError>>()?;
        let peak = memory::of_scores(group, resolved);
        let readers: Vec<Reader<'_>> = readers.into_iter().map(|read| within(&self.memory, &peak, read)).collect();
        self.rows(&label, group, &panel.architectures, places, shard, &readers)
    }

    /// The scores of a stage, if the store holds them.
    pub(super) fn held_scores(
        &self,
        resolved: &Resolved,
        work: &ScoreWork,
        key: &StageKey,
        inputs: &Inputs,
    ) -> Result<Held<StageScores>, ExperimentError> {
        let path = self.store.stage("scores", key, ".json");
        let count = inputs.panels[work.panel].architectures.len();
        let version = resolved.facts(&work.estimator)?.version;
        Ok(match self.store.held_json::<ScoresFile>(&path)? {
            Held::Whole(file) if file.is_of(&work.estimator, version, count) => {
                Held::Whole(StageScores { scores: file.scores, details: file.details })
            }
            Held::Whole(ScoresFile { estimator, version, scores, .. }) => {
                let problem = format!("it holds {} scores of {estimator}, version {version}", scores.len());
                Held::Damaged(StoreError::Damaged { path, problem })
            }
            Held::Missing => Held::Missing,
            Held::Damaged(error) => Held::Damaged(error),
        })
    }
}

/// The stages that read the same networks, together.
///
/// # Errors
/// If an estimator is unknown.
pub(super) fn groups<'a>(
    resolved: &'a Resolved,
    inputs: &'a Inputs,
    stages: impl IntoIterator<Item = &'a (StageKey, ScoreWork)>,
) -> Result<Vec<Group<'a>>, ExperimentError> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    for (key, work) in stages {
        let estimator = resolved.suite.find(&work.estimator)?;
        let (kind, weights) = (estimator.meta().kind, work.weights.as_ref());
        let (panel, arm) = (work.panel, work.arm);
        let batches = resolved.arms[arm].spec.zero_shot.batches;
        let external = resolved.spec.estimators.contains_key(&work.estimator);
        let fits = |group: &Group<'_>| {
            !external
                && !group.external
                && (group.panel, group.kind, group.weights) == (panel, kind, weights)
                && (group.arm == arm
                    || kind == EstimatorKind::ZeroShot && only_batches_differ(resolved, group.arm, arm))
        };
        let place = groups.iter().position(fits).unwrap_or_else(|| {
            let panel_name = &inputs.panels[panel].name;
            let (variants, members) = (Vec::new(), Vec::new());
            groups.push(Group { panel, panel_name, arm, variants, kind, external, weights, members });
            groups.len() - 1
        });
        let group = &mut groups[place];
        if batches > resolved.arms[group.arm].spec.zero_shot.batches {
            group.arm = arm;
        }
        if let Some(name) = resolved.arms[arm].variant.as_deref().filter(|name| !group.variants.contains(name)) {
            group.variants.push(name);
        }
        group.add(key, estimator, batches);
    }
    Ok(groups)
}

/// A reader that waits for the memory that it takes.
fn within<'a>(memory: &'a Budget, peak: &'a (impl Fn(&Architecture) -> u64 + Sync), read: Reader<'a>) -> Reader<'a> {
    Box::new(move |architecture| {
        let _share = memory.take(peak(architecture));
        read(architecture)
    })
}

/// What a group of stages is, as readable text: its panel, the kind of its estimators, and variants.
pub(super) fn group_label(group: &Group<'_>) -> String {
    let kind = [describe(group.kind)];
    let named: Vec<&str> = kind.into_iter().chain(group.variants.iter().copied()).collect();
    format!("{}: {}", group.panel_name, named.join(", "))
}

/// Whether two arms have the same zero-shot settings, but for the number of batches. The batches of the one with fewer are then the first
/// ones of the other.
fn only_batches_differ(resolved: &Resolved, one: usize, other: usize) -> bool {
    let settings = |arm: usize| ZeroShot { batches: 1, ..resolved.arms[arm].spec.zero_shot.clone() };
    settings(one) == settings(other)
}

fn describe(kind: EstimatorKind) -> &'static str {
    match kind {
        EstimatorKind::ZeroShot => "zero-shot scores",
        EstimatorKind::OneShot => "one-shot scores",
        EstimatorKind::Baseline | EstimatorKind::Vote | EstimatorKind::External => "baselines",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimator::Reading;

    #[test]
    fn a_file_of_scores_is_of_one_estimator_one_version_and_so_many_architectures() {
        let detail = |values: usize| Detail { name: "log".to_owned(), values: vec![None; values] };
        let file = |details: Vec<Detail>| ScoresFile {
            estimator: "snip".to_owned(),
            version: 2,
            scores: vec![Score::Finite(1.0); 3],
            details,
        };
        let plain = file(Vec::new());
        assert!(plain.is_of("snip", 2, 3));
        assert!(!plain.is_of("synflow", 2, 3) && !plain.is_of("snip", 1, 3));
        assert!(!plain.is_of("snip", 2, 2) && !plain.is_of("snip", 2, 4));
        assert!(file(vec![detail(3), detail(3)]).is_of("snip", 2, 3));
        assert!(!file(vec![detail(3), detail(2)]).is_of("snip", 2, 3), "a detail of another length");
    }

    #[test]
    fn details_are_columns_by_name() {
        let readings = [
            Reading::plain(1.0).with("log", 0.5),
            Reading::plain(2.0).with("lost", 3.0).with("log", f64::NAN),
            Reading::plain(3.0),
        ]
        .map(KeptReading::from);
        let found = StageScores::of(3, readings.iter().enumerate());
        assert_eq!(found.scores, [1.0, 2.0, 3.0].map(Score::from));
        let detail = |name: &str, values: [Option<f64>; 3]| Detail {
            name: name.to_owned(),
            values: values.map(|value| value.map(Score::from)).to_vec(),
        };
        let expected = [detail("log", [Some(0.5), Some(f64::NAN), None]), detail("lost", [None, Some(3.0), None])];
        assert_eq!(found.details, expected);
        let text = serde_json::to_string(&readings).unwrap();
        assert_eq!(serde_json::from_str::<[KeptReading; 3]>(&text).unwrap(), readings);
    }
}
