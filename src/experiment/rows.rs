//! Rows of readings of score stages that are not complete. Each worker keeps the rows that it has made in a file of its own, and reads those of
//! all others, so that an interrupted run goes on, and the parts of a plan that several machines did come together.
//!
//! ```text
//! STORE/stages/scores/KEY.partial.json            rows of a run; KEY is that of the first stage of the group
//! STORE/stages/scores/KEY.partial-I-of-N.json     rows of part I of N
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::group::Group;
use super::lab::Lab;
use super::shard::Shard;
use super::stage_work::Reader;
use super::{ExperimentError, workers};
use crate::estimator::{Reading, Score};
use crate::space::Architecture;
use crate::spec::StageKey;

/// A reading, as an unfinished stage stores it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KeptReading {
    pub score: Score,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<(String, Score)>,
}

impl From<Reading> for KeptReading {
    fn from(reading: Reading) -> Self {
        let details = reading.details.into_iter().map(|(name, value)| (name.into_owned(), value)).collect();
        Self { score: reading.score, details }
    }
}

/// A reading for each stage of a group, by the place of the architecture in the panel.
pub(super) type Rows = BTreeMap<usize, Vec<KeptReading>>;

/// The readings that a worker has made for a group of score stages, as the store keeps them.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PartialFile {
    /// The stages.
    pub members: Vec<StageKey>,
    /// The places of the architectures in the panel; if it is missing, the rows are those of the first ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub places: Option<Vec<usize>>,
    /// For each place, one reading for each stage.
    pub rows: Vec<Vec<KeptReading>>,
    /// How long this worker took for rows of its own, by place.
    #[serde(default, skip_serializing_if = "Seconds::is_empty")]
    pub seconds: Seconds,
}

/// How many seconds an architecture took, by its place in the panel.
pub(super) type Seconds = BTreeMap<usize, f64>;

impl PartialFile {
    fn new(members: &[StageKey], rows: &Rows, seconds: &Seconds) -> Self {
        let first = rows.keys().copied().eq(0..rows.len());
        let places = if first { None } else { Some(rows.keys().copied().collect()) };
        Self { members: members.to_vec(), places, rows: rows.values().cloned().collect(), seconds: seconds.clone() }
    }

    /// The rows for `wanted` stages of `count` architectures, if the file has them.
    fn rows_of(&self, wanted: &[StageKey], count: usize) -> Option<Rows> {
        let column = |key: &StageKey| self.members.iter().position(|member| member == key);
        let columns: Vec<usize> = wanted.iter().map(column).collect::<Option<_>>()?;
        let places: Vec<usize> = self.places.clone().unwrap_or_else(|| (0..self.rows.len()).collect());
        let fits = places.len() == self.rows.len()
            && places.iter().all(|&place| place < count)
            && self.rows.iter().all(|row| row.len() == self.members.len());
        let of = |row: &Vec<KeptReading>| columns.iter().map(|&column| row[column].clone()).collect();
        fits.then(|| places.into_iter().zip(self.rows.iter().map(of)).collect())
    }
}

/// The key in the name of a file of a stage.
fn key_of(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()?.split('.').next()
}

/// How often unfinished rows are stored.
const KEPT_EVERY: Duration = Duration::from_secs(10);

impl Lab<'_> {
    /// A row of readings for each of these places of a panel, by as many jobs as there are readers, or by the jobs of the CPU if there is one.
    /// Rows that the store holds are not made again. What a shard makes stays in the store, and what a whole run makes, until its stages are
    /// complete.
    pub(super) fn rows(
        &self,
        label: &str,
        group: &Group<'_>,
        architectures: &[Architecture],
        places: &[usize],
        shard: Option<Shard>,
        readers: &[Reader<'_>],
    ) -> Result<Rows, ExperimentError> {
        let members: Vec<StageKey> = group.stages().map(|(key, _)| key.clone()).collect();
        let path = self.partial_path(&members[0], shard);
        let (held, _) = self.held_rows(&members, architectures)?;
        // A worker's file holds what the worker made, and a whole run's all that it has found.
        let (made, seconds) = self.rows_at(&path, &members, architectures.len())?.unwrap_or_default();
        let own = if shard.is_some() { made } else { held.clone() };
        let left: Vec<usize> = places.iter().copied().filter(|place| !held.contains_key(place)).collect();
        self.progress.begin(label, left.len() as u64, "architectures");
        let keep = |own: &Rows, seconds: &Seconds| {
            self.store.write_json(&path, &PartialFile::new(&members, own, seconds)).map_err(ExperimentError::from)
        };
        let made = Mutex::new((own, seconds, Instant::now()));
        let outcome = workers::map_with(readers, self.jobs(), &left, |read, &place| {
            let begun = Instant::now();
            let row = read(&architectures[place])?.into_iter().map(KeptReading::from).collect();
            let took = begun.elapsed().as_secs_f64();
            self.progress.advance(1);
            let (own, seconds, last_kept) = &mut *made.lock().unwrap_or_else(PoisonError::into_inner);
            own.insert(place, row);
            // Milliseconds are enough for an estimate.
            seconds.insert(place, (took * 1e3).round() / 1e3);
            if last_kept.elapsed() >= KEPT_EVERY {
                keep(own, seconds)?;
                *last_kept = Instant::now();
            }
            Ok::<(), ExperimentError>(())
        });
        let (own, seconds, _) = made.into_inner().unwrap_or_else(PoisonError::into_inner);
        // What was scored before one that failed is not scored again, and a shard's rows are what it is for.
        if outcome.is_err() || shard.is_some() && !left.is_empty() {
            keep(&own, &seconds)?;
        }
        outcome?;
        self.progress.end();
        let mut rows = held;
        rows.extend(own);
        Ok(rows)
    }

    /// The rows of these stages that the store holds, of all workers, and how long they took, as far as the workers have noted it.
    ///
    /// # Errors
    /// If two workers have made different rows of one architecture.
    pub(super) fn held_rows(
        &self,
        members: &[StageKey],
        architectures: &[Architecture],
    ) -> Result<(Rows, Seconds), ExperimentError> {
        let (mut found, mut took) = (Rows::new(), Seconds::new());
        let mut made_by: BTreeMap<usize, PathBuf> = BTreeMap::new();
        // A file has the name of the first stage of its group that was not complete. Those of other groups are not read.
        let is_of_group =
            |path: &PathBuf| key_of(path).is_some_and(|key| members.iter().any(|member| member.as_str() == key));
        for path in self.store.partial_scores()?.into_iter().filter(is_of_group) {
            let Some((rows, seconds)) = self.rows_at(&path, members, architectures.len())? else { continue };
            took.extend(seconds);
            for (place, row) in rows {
                match found.get(&place) {
                    Some(known) if *known != row => {
                        let (one, other) = (made_by[&place].clone(), path);
                        let architecture = architectures[place].to_string();
                        return Err(ExperimentError::Disagreement { architecture, one, other });
                    }
                    Some(_) => {}
                    None => {
                        made_by.insert(place, path.clone());
                        found.insert(place, row);
                    }
                }
            }
        }
        Ok((found, took))
    }

    /// The rows of these stages in a file, if it has them and is whole, and how long they took.
    fn rows_at(
        &self,
        path: &Path,
        members: &[StageKey],
        count: usize,
    ) -> Result<Option<(Rows, Seconds)>, ExperimentError> {
        let kept = self.usable(self.store.held_json::<PartialFile>(path)?);
        Ok(kept.and_then(|kept| {
            let rows = kept.rows_of(members, count)?;
            let seconds = kept.seconds.into_iter().filter(|(place, _)| rows.contains_key(place)).collect();
            Some((rows, seconds))
        }))
    }

    /// Removes the rows of stages that are complete. A file that stays is found and removed later.
    pub(super) fn forget_rows(&self, complete: &BTreeSet<StageKey>) -> Result<(), ExperimentError> {
        for path in self.store.partial_scores()? {
            if key_of(&path).is_some_and(|key| complete.iter().any(|known| known.as_str() == key)) {
                let _ = nas_assay_base::files::remove(&path);
            }
        }
        Ok(())
    }

    /// The file that holds the rows that a worker makes for a group; `key` is that of the group's first member.
    pub(super) fn partial_path(&self, key: &StageKey, shard: Option<Shard>) -> PathBuf {
        let part = shard.map_or(String::new(), |shard| format!("-{}-of-{}", shard.number(), shard.count()));
        self.store.stage("scores", key, &format!(".partial{part}.json"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Backend;
    use crate::estimator::{EstimatorKind, Suite};
    use crate::experiment::group::Member;
    use crate::space::SpaceId;
    use crate::store::Store;

    /// What a test of rows needs: a lab, a group of two stages, and 150 architectures whose readings are their places and minus them.
    fn with_group(test: impl FnOnce(&Lab<'_>, &Group<'_>, &[Architecture], &Reader<'_>)) {
        let folder = tempfile::tempdir().unwrap();
        let suite = Suite::builtin();
        let lab = Lab::new(&suite, Store::open(folder.path()).unwrap(), Backend::cpu()).with_jobs(2);
        let keys = ["params", "flops"].map(|id| StageKey::of("scores", &id).unwrap());
        let estimators = ["params", "flops"].map(|id| suite.find(id).unwrap());
        let members = keys.iter().zip(estimators).map(|(key, estimator)| Member { estimator, stages: vec![(key, 1)] });
        let group = Group {
            panel: 0,
            panel_name: "all",
            arm: 0,
            variants: Vec::new(),
            kind: EstimatorKind::Baseline,
            external: false,
            weights: None,
            members: members.collect(),
        };
        let architectures: Vec<Architecture> =
            SpaceId::Nb201.representatives().unwrap().into_iter().take(150).collect();
        let read: Reader<'_> = Box::new(|architecture| {
            let place = architectures.iter().position(|other| other == architecture).unwrap() as f64;
            Ok(vec![Reading::plain(place), Reading::plain(-place)])
        });
        test(&lab, &group, &architectures, &read);
    }

    fn kept(score: f64) -> KeptReading {
        KeptReading::from(Reading::plain(score))
    }

    fn row(place: usize) -> Vec<KeptReading> {
        vec![kept(place as f64), kept(-(place as f64))]
    }

    #[test]
    fn scoring_goes_on_where_it_was_interrupted() {
        with_group(|lab, group, architectures, read| {
            let all: Vec<usize> = (0..150).collect();
            let rows = || lab.rows("", group, architectures, &all, None, std::slice::from_ref(read)).unwrap();
            let straight: Rows = all.iter().map(|&place| (place, row(place))).collect();
            assert_eq!(rows(), straight);

            let members: Vec<StageKey> = group.stages().map(|(key, _)| key.clone()).collect();
            let path = lab.partial_path(&members[0], None);
            let write = |members: &[StageKey], rows: Vec<Vec<KeptReading>>| {
                lab.store
                    .write_json(
                        &path,
                        &PartialFile { members: members.to_vec(), places: None, rows, seconds: Seconds::new() },
                    )
                    .unwrap();
            };
            write(&members, vec![vec![kept(7.0); 2]; 100]);
            let resumed = rows();
            assert!((0..100).all(|place| resumed[&place] == vec![kept(7.0); 2]));
            assert!((100..150).all(|place| resumed[&place] == row(place)));
            // The readings of a stage are found by its key.
            let turned = [members[1].clone(), members[0].clone()];
            write(&turned, (0..100).map(|place| vec![kept(2.0), kept(f64::from(place))]).collect());
            assert!((0..100).all(|place| rows()[&place] == vec![kept(place as f64), kept(2.0)]));
            // What lacks a stage, has a row too long, or more rows than there are architectures is of no use.
            write(&members[..1], vec![vec![kept(7.0)]; 100]);
            assert_eq!(rows(), straight);
            write(&members, vec![vec![kept(7.0); 3]; 100]);
            assert_eq!(rows(), straight);
            write(&members, vec![vec![kept(7.0); 2]; 151]);
            assert_eq!(rows(), straight);
        });
    }

    /// Each part makes its own rows and keeps them, a part that begins again makes none, and a whole run takes all of them.
    #[test]
    fn parts_come_together() {
        with_group(|lab, group, architectures, read| {
            let counted = std::sync::atomic::AtomicUsize::new(0);
            let count = || counted.swap(0, std::sync::atomic::Ordering::Relaxed);
            let counting: Reader<'_> = Box::new(|architecture| {
                counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                read(architecture)
            });
            let rows = |places: &[usize], shard: Option<Shard>| {
                lab.rows("", group, architectures, places, shard, std::slice::from_ref(&counting)).unwrap()
            };
            let places = |remainder: usize| (0..150).filter(|place| place % 3 == remainder).collect::<Vec<_>>();
            for number in [1, 3] {
                let shard = Some(Shard::new(number, 3).unwrap());
                rows(&places(number - 1), shard);
                assert_eq!(count(), 50);
                rows(&places(number - 1), shard);
                assert_eq!(count(), 0, "its rows are in the store");
            }
            let all: Vec<usize> = (0..150).collect();
            assert_eq!(rows(&all, None), all.iter().map(|&place| (place, row(place))).collect());
            assert_eq!(count(), 50, "the part that nobody did");
            assert_eq!(lab.store.partial_scores().unwrap().len(), 2);
            let members: BTreeSet<StageKey> = group.stages().map(|(key, _)| key.clone()).collect();
            lab.forget_rows(&members).unwrap();
            assert_eq!(lab.store.partial_scores().unwrap().len(), 0);
        });
    }

    #[test]
    fn workers_that_disagree_are_named() {
        with_group(|lab, group, architectures, _| {
            let members: Vec<StageKey> = group.stages().map(|(key, _)| key.clone()).collect();
            for (number, score) in [(1, 5.0), (2, 5.0), (3, 6.0)] {
                let path = lab.partial_path(&members[0], Some(Shard::new(number, 3).unwrap()));
                let rows = Rows::from([(4, vec![kept(1.0), kept(score)])]);
                lab.store.write_json(&path, &PartialFile::new(&members, &rows, &Seconds::from([(4, 0.5)]))).unwrap();
                let found = lab.held_rows(&members, architectures);
                if number < 3 {
                    assert_eq!(found.unwrap(), (rows, Seconds::from([(4, 0.5)])));
                } else {
                    let error = found.unwrap_err().to_string();
                    let named = ["partial-1-of-3", "partial-3-of-3", &architectures[4].to_string()];
                    assert!(named.iter().all(|name| error.contains(name)), "{error}");
                }
            }
        });
    }
}
