//! The score stages: each architecture of a panel is read once, for all estimators with missing scores.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::group::Group;
use super::image_split::ImageSplit;
use super::inputs::Inputs;
use super::lab::Lab;
use super::plan::ScoreWork;
use super::stage_work::{Reader, StageWork};
use super::{ExperimentError, Resolved, workers};
use crate::estimator::{EstimatorKind, Reading, Score};
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
    /// Collects the readings of one estimator, one for each architecture. Details are in the order in which they first appear.
    fn of<'a>(readings: impl ExactSizeIterator<Item = &'a KeptReading>) -> Self {
        let count = readings.len();
        let (mut scores, mut details) = (Vec::with_capacity(count), Vec::<Detail>::new());
        for (place, reading) in readings.enumerate() {
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

/// A reading, as an unfinished stage stores it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeptReading {
    score: Score,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    details: Vec<(String, Score)>,
}

impl From<Reading> for KeptReading {
    fn from(reading: Reading) -> Self {
        let details = reading.details.into_iter().map(|(name, value)| (name.into_owned(), value)).collect();
        Self { score: reading.score, details }
    }
}

/// The readings of a group of score stages so far.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PartialFile {
    /// The stages.
    members: Vec<StageKey>,
    /// For each of the panel's first architectures, one reading for each stage.
    rows: Vec<Vec<KeptReading>>,
}

/// Architectures that are scored as one batch of work; the next batch begins when all of them are scored.
const AT_A_TIME: usize = 64;

/// How often unfinished rows are stored.
const KEPT_EVERY: Duration = Duration::from_secs(10);

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
        let mut scores = BTreeMap::new();
        let mut groups: Vec<Group<'_>> = Vec::new();
        for (key, work) in stages {
            if let Held::Whole(held) = self.held_scores(resolved, work, key, inputs)? {
                self.forget_rows(key);
                scores.insert(key.clone(), held);
                continue;
            }
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
        for group in &groups {
            let panel = &inputs.panels[group.panel];
            let spec = &resolved.arms[group.arm].spec;
            let kind = [describe(group.kind)];
            let named: Vec<&str> = kind.iter().chain(&group.variants).copied().collect();
            let label = format!("{}: {}", panel.name, named.join(", "));
            let needs_networks = matches!(group.kind, EstimatorKind::ZeroShot | EstimatorKind::OneShot);
            let backends = if needs_networks { self.backends()? } else { std::slice::from_ref(&self.backend) };
            let readers = backends.iter().map(|on| worker.reader(on, spec, images, group));
            let readers = readers.collect::<Result<Vec<_>, ExperimentError>>()?;
            let rows = self.rows(&label, group, &panel.architectures, &readers)?;
            for (place, (key, estimator)) in group.stages().enumerate() {
                let meta = estimator.meta();
                let StageScores { scores: column, details } = StageScores::of(rows.iter().map(|row| &row[place]));
                let file = ScoresFile { estimator: meta.id.to_owned(), version: meta.version, scores: column, details };
                self.store.write_json(&self.store.stage("scores", key, ".json"), &file)?;
                let ScoresFile { scores: column, details, .. } = file;
                scores.insert(key.clone(), StageScores { scores: column, details });
            }
            if let Some((first, _)) = group.stages().next() {
                self.forget_rows(first);
            }
        }
        Ok(scores)
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

    /// Removes the rows of a stage that is complete. A file that stays is found and removed later.
    fn forget_rows(&self, key: &StageKey) {
        let _ = nas_assay_base::files::remove(&self.partial_path(key));
    }

    /// A row of readings for every architecture, by as many jobs as there are readers, or by the jobs of the CPU if there is one. It continues from the rows that an interrupted run has stored.
    fn rows(
        &self,
        label: &str,
        group: &Group<'_>,
        architectures: &[Architecture],
        readers: &[Reader<'_>],
    ) -> Result<Vec<Vec<KeptReading>>, ExperimentError> {
        let members: Vec<StageKey> = group.stages().map(|(key, _)| key.clone()).collect();
        let path = self.partial_path(&members[0]);
        let fits = |kept: &PartialFile| {
            kept.members == members
                && kept.rows.len() <= architectures.len()
                && kept.rows.iter().all(|row| row.len() == members.len())
        };
        let kept = self.usable(self.store.held_json::<PartialFile>(&path)?).filter(fits);
        let mut found = kept.unwrap_or(PartialFile { members, rows: Vec::new() });
        self.progress.begin(label, (architectures.len() - found.rows.len()) as u64);
        let mut last_kept = Instant::now();
        // Another program may take minutes for each, and can fail at any.
        let jobs = if self.jobs == 0 { rayon::current_num_threads() } else { self.jobs };
        let at_a_time = if group.external { 2 * jobs } else { AT_A_TIME };
        while let Some(left) = architectures.get(found.rows.len()..).filter(|left| !left.is_empty()) {
            let some = &left[..left.len().min(at_a_time)];
            let done: Vec<OnceLock<Vec<KeptReading>>> = some.iter().map(|_| OnceLock::new()).collect();
            let places: Vec<usize> = (0..some.len()).collect();
            let outcome = workers::map_with(readers, self.jobs(), &places, |read, &place| {
                let row = read(&some[place])?;
                self.progress.advance(1);
                let _ = done[place].set(row.into_iter().map(KeptReading::from).collect());
                Ok::<(), ExperimentError>(())
            });
            found.rows.extend(done.into_iter().map_while(OnceLock::into_inner));
            if let Err(error) = outcome {
                // What was scored before the one that failed is not scored again.
                self.store.write_json(&path, &found)?;
                return Err(error);
            }
            if last_kept.elapsed() >= KEPT_EVERY {
                self.store.write_json(&path, &found)?;
                last_kept = Instant::now();
            }
        }
        self.progress.end();
        Ok(found.rows)
    }

    /// The file that holds the rows of a group until they are complete; `key` is that of the group's first member.
    fn partial_path(&self, key: &StageKey) -> PathBuf {
        self.store.stage("scores", key, ".partial.json")
    }
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
    use crate::Backend;
    use crate::estimator::Suite;
    use crate::experiment::group::Member;
    use crate::space::SpaceId;
    use crate::store::Store;

    #[test]
    fn scoring_goes_on_where_it_was_interrupted() {
        let folder = tempfile::tempdir().unwrap();
        let suite = Suite::builtin();
        let lab = Lab::new(&suite, Store::open(folder.path()).unwrap(), Backend::cpu()).with_jobs(2);
        let keys = ["params", "flops"].map(|id| StageKey::of("scores", &id).unwrap());
        let estimators = ["params", "flops"].map(|id| suite.find(id).unwrap());
        let group = Group {
            panel: 0,
            panel_name: "all",
            arm: 0,
            variants: Vec::new(),
            kind: EstimatorKind::Baseline,
            external: false,
            weights: None,
            members: keys
                .iter()
                .zip(estimators)
                .map(|(key, estimator)| Member { estimator, stages: vec![(key, 1)] })
                .collect(),
        };
        let architectures: Vec<Architecture> =
            SpaceId::Nb201.representatives().unwrap().into_iter().take(150).collect();
        let read: Reader<'_> = Box::new(|architecture| {
            let place = architectures.iter().position(|other| other == architecture).unwrap() as f64;
            Ok(vec![Reading::plain(place), Reading::plain(-place)])
        });
        let straight = lab.rows("", &group, &architectures, std::slice::from_ref(&read)).unwrap();
        let kept = |score: f64| KeptReading::from(Reading::plain(score));
        let place = |row: usize| vec![kept(row as f64), kept(-(row as f64))];
        assert_eq!(straight, (0..150).map(place).collect::<Vec<_>>());

        let kept = vec![vec![kept(7.0); 2]; 100];
        let path = lab.partial_path(&keys[0]);
        lab.store.write_json(&path, &PartialFile { members: keys.to_vec(), rows: kept.clone() }).unwrap();
        let resumed = lab.rows("", &group, &architectures, std::slice::from_ref(&read)).unwrap();
        assert_eq!((&resumed[..100], &resumed[100..]), (&kept[..], &straight[100..]));

        let others = vec![keys[1].clone(), keys[0].clone()];
        lab.store.write_json(&path, &PartialFile { members: others, rows: kept }).unwrap();
        assert_eq!(
            lab.rows("", &group, &architectures, std::slice::from_ref(&read)).unwrap(),
            straight,
            "other stages' rows are no use"
        );
    }

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
        let found = StageScores::of(readings.iter());
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
