//! Merging of stores: what happens to a file of another store.
//!
//! - **Results** (records, specs, results of stages, weights, files of scores) are determined by their place. What is missing or damaged is
//!   taken, what is the same is left. Two whole files with other content at one place are a conflict: all conflicts are found before
//!   anything is written, and nothing is written if there is one.
//! - **Progress** (interrupted trainings and scores) is no result. It is not taken if the result is there; else the larger file stays, and of
//!   two with one size the one with the higher digest.
//! - **Circumstances of runs** are a set: a run that is not there yet gets the next free number, and a seal for its new place.
//! - The name of the latest record and the lock stay as they are.
//!
//! So results do not depend on the order in which stores are merged. A file gets its name only when it is complete and its seal was checked,
//! and a record gets its name last. A merge that is killed has merged a part, and the same merge does the rest. Of results, what
//! another program writes meanwhile is never replaced.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use nas_assay_base::files::{write_atomic, write_new};
use nas_assay_base::sha256_hex;
use nas_assay_base::text::printable;

use super::place::{check, finished_place, record_at};
use super::record::Provenance;
use super::source::Source;
use super::survey::Kind;
use super::{Held, RecordId, Store, StoreError, number_of, read, unsealed};

/// So many conflicts are listed.
const LISTED: usize = 10;

/// So many machines are named on each side of a conflict.
const NAMED: usize = 4;

/// Stores could not be merged.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// One place has two contents.
    #[error("{0}")]
    Conflict(Conflicts),
    /// Another program has written a file with other content, while this one merged.
    #[error("failed to write {}: another program has written it meanwhile, with other content", path.display())]
    Overtaken {
        /// The file.
        path: PathBuf,
    },
    /// An archive is not what was written.
    #[error("the archive {} cannot be used: {problem}", path.display())]
    Archive {
        /// The archive.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// An archive, or the store in it, is of another format.
    #[error("failed to open the archive {}: {what}format {found}, and this version of nas-assay knows {known}", path.display())]
    OtherFormat {
        /// The archive.
        path: PathBuf,
        /// What has this format, as the beginning of a sentence; empty for the archive itself.
        what: &'static str,
        /// The format that was found.
        found: u32,
        /// The format of this program.
        known: u32,
    },
    /// There is no store at a path.
    #[error("{} is no store: {what}", path.display())]
    NoStore {
        /// The path.
        path: PathBuf,
        /// What is there.
        what: &'static str,
    },
    /// A file cannot be read.
    #[error("failed to read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
    /// An operation of a store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Places with two contents.
#[derive(Debug)]
pub struct Conflicts {
    /// How many there are.
    pub count: usize,
    /// The first ones, in the order of their places.
    pub listed: Vec<Conflict>,
}

/// A place with two contents, and where each comes from.
#[derive(Debug)]
pub struct Conflict {
    /// The place.
    pub place: String,
    /// The two sides.
    pub sides: [Side; 2],
}

/// Where a content comes from.
#[derive(Debug)]
pub struct Side {
    /// The folder of the store, or the archive.
    pub path: PathBuf,
    /// The machines that may have computed it, as far as they are known.
    pub hosts: Vec<String>,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named: Vec<_> = self.hosts.iter().take(NAMED).map(|host| printable(host)).collect();
        match (named.len(), self.hosts.len() - named.len()) {
            (0, _) => f.write_str("an unknown machine")?,
            (1, _) => f.write_str(&named[0])?,
            (_, 0) => write!(f, "one of the machines {}", named.join(", "))?,
            (_, more) => write!(f, "one of the machines {} and {more} more", named.join(", "))?,
        }
        write!(f, " ({})", self.path.display())
    }
}

impl fmt::Display for Conflicts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files = if self.count == 1 { "1 file has".to_owned() } else { format!("{} files have", self.count) };
        write!(f, "{files} other content on one machine than on another, so nothing was merged:")?;
        for Conflict { place, sides: [one, other] } in &self.listed {
            write!(f, "\n{place}: {one}, and {other}")?;
        }
        match self.count - self.listed.len() {
            0 => Ok(()),
            more => write!(f, "\nand {more} more"),
        }
    }
}

/// What a merge has done.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// Number of files that were written, circumstances of runs included.
    pub written: usize,
    /// Their size in bytes.
    pub bytes: u64,
    /// Number of files that were there already, with the same content.
    pub same: usize,
    /// Progress that several stores have, in the order of the places.
    pub progress: Vec<Progress>,
}

/// Progress of which there were several files with other content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The place.
    pub place: String,
    /// Where the file comes from that stays: the largest.
    pub stays: PathBuf,
}

/// What will be merged.
#[derive(Default)]
struct Plan {
    /// The results that are taken.
    results: BTreeMap<String, Claim>,
    /// The best progress of each place, wherever it is.
    progress: BTreeMap<String, Best>,
    /// The circumstances of runs, with their old numbers.
    runs: BTreeMap<(RecordId, u32, usize), Provenance>,
    /// Number of files that are there already.
    same: usize,
    /// The two sides of each conflict: a number of a source, or `None` for the target.
    conflicts: BTreeMap<String, [Option<usize>; 2]>,
}

/// A result that is taken.
struct Claim {
    source: usize,
    digest: String,
}

/// The best progress of a place; `source` is `None` for the target's.
struct Best {
    source: Option<usize>,
    rank: Rank,
    /// Whether there is another one with other content.
    is_disputed: bool,
}

/// Files of progress are ordered by size; the digest decides between two of one size.
type Rank = (usize, String);

fn rank(content: &[u8]) -> Rank {
    (content.len(), sha256_hex(content))
}

/// Records and progress are written when all other results are there.
fn is_last(kind: Kind) -> bool {
    matches!(kind, Kind::Record | Kind::Partial | Kind::Resume)
}

impl Store {
    /// Merges files of other stores into this one, by the rules of this [module](self). The sources are checked to their ends before
    /// anything is written. Two merges at once end with the same results as one after the other.
    ///
    /// # Errors
    /// [`MergeError::Conflict`] if a place has two contents. An error that says that something cannot be written may come after a part
    /// was written, every other one before.
    pub fn merge(&self, sources: &mut [Source]) -> Result<Merged, MergeError> {
        let plan = self.plan(sources)?;
        let _used = self.in_use()?;
        self.write_format()?;
        let mut merged = Merged { same: plan.same, ..Merged::default() };
        let mut count = |bytes: Option<usize>| match bytes {
            Some(bytes) => {
                merged.written += 1;
                merged.bytes += bytes as u64;
            }
            None => merged.same += 1,
        };
        for ((id, number, _), provenance) in &plan.runs {
            count(self.add_run(id, *number, provenance)?);
        }
        for last in [false, true] {
            for (number, source) in sources.iter_mut().enumerate() {
                let wanted = |place: &str| {
                    is_last(super::place::kind_of(place)) == last
                        && (plan.results.get(place).is_some_and(|claim| claim.source == number)
                            || plan.progress.get(place).is_some_and(|best| best.source == Some(number)))
                };
                source.visit::<MergeError>(&wanted, &mut |place, kind, content| {
                    match kind {
                        Kind::Partial | Kind::Resume => count(self.put_progress(place, kind, &content)?),
                        _ => count(self.put_result(place, kind, &content)?),
                    }
                    Ok(())
                })?;
            }
        }
        let path = |source: Option<usize>| source.map_or(self.root(), |number| sources[number].path()).to_owned();
        let disputed = plan.progress.into_iter().filter(|(_, best)| best.is_disputed);
        merged.progress = disputed.map(|(place, best)| Progress { place, stays: path(best.source) }).collect();
        Ok(merged)
    }

    /// Reads all sources to their ends.
    fn plan(&self, sources: &mut [Source]) -> Result<Plan, MergeError> {
        let mut plan = Plan::default();
        for (number, source) in sources.iter_mut().enumerate() {
            source.visit::<MergeError>(&|_| true, &mut |place, kind, content| {
                match (kind, record_at(place)) {
                    (Kind::Store, _) => {}
                    (Kind::Provenance, Some(id)) => {
                        let run = place.rsplit('/').next().and_then(number_of).unwrap_or(u32::MAX);
                        let provenance = unsealed(Path::new(place), content, place)?;
                        plan.runs.insert((id, run, number), provenance);
                    }
                    (Kind::Partial | Kind::Resume, _) => {
                        self.plan_progress(&mut plan, number, place, kind, &content)?;
                    }
                    _ => self.plan_result(&mut plan, number, place, kind, &content)?,
                }
                Ok(())
            })?;
        }
        if !plan.conflicts.is_empty() {
            return Err(MergeError::Conflict(self.conflicts(&plan, sources)?));
        }
        let mut needed = BTreeMap::new();
        for (place, best) in std::mem::take(&mut plan.progress) {
            let is_finished = match finished_place(&place) {
                Some(finished) => {
                    plan.results.contains_key(&finished)
                        || matches!(self.held(&self.root().join(finished))?, Held::Whole(()))
                }
                None => false,
            };
            if !is_finished {
                needed.insert(place, best);
            }
        }
        plan.progress = needed;
        Ok(plan)
    }

    fn plan_result(
        &self,
        plan: &mut Plan,
        source: usize,
        place: &str,
        kind: Kind,
        content: &[u8],
    ) -> Result<(), StoreError> {
        match self.held_whole(place, kind, content)? {
            Some(held) if held == content => plan.same += 1,
            Some(_) => {
                plan.conflicts.entry(place.to_owned()).or_insert([None, Some(source)]);
            }
            None => {
                let digest = sha256_hex(content);
                let claim = plan.results.entry(place.to_owned()).or_insert(Claim { source, digest: digest.clone() });
                if claim.digest != digest {
                    plan.conflicts.entry(place.to_owned()).or_insert([Some(claim.source), Some(source)]);
                }
            }
        }
        Ok(())
    }

    fn plan_progress(
        &self,
        plan: &mut Plan,
        source: usize,
        place: &str,
        kind: Kind,
        content: &[u8],
    ) -> Result<(), StoreError> {
        if !plan.progress.contains_key(place)
            && let Some(held) = self.held_whole(place, kind, content)?
        {
            let best = Best { source: None, rank: rank(&held), is_disputed: false };
            plan.progress.insert(place.to_owned(), best);
        }
        let new = Best { source: Some(source), rank: rank(content), is_disputed: false };
        match plan.progress.get_mut(place) {
            Some(best) if best.rank == new.rank => {}
            Some(best) if best.rank > new.rank => best.is_disputed = true,
            Some(best) => *best = Best { is_disputed: true, ..new },
            None => {
                plan.progress.insert(place.to_owned(), new);
            }
        }
        Ok(())
    }

    /// The content at a place of this store; `None` if it is missing or damaged. What is equal to `known`, which is whole, is whole.
    fn held_whole(&self, place: &str, kind: Kind, known: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.root().join(place);
        let Some(held) = read(&path)? else { return Ok(None) };
        if held == known {
            return Ok(Some(held));
        }
        match check(kind, place, &path, &held) {
            Ok(()) => Ok(Some(held)),
            Err(StoreError::Damaged { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn conflicts(&self, plan: &Plan, sources: &[Source]) -> Result<Conflicts, StoreError> {
        let side = |place: &str, source: Option<usize>| match source.map(|number| &sources[number]) {
            Some(source) => Ok(Side { path: source.path().to_owned(), hosts: source.hosts(place)? }),
            None => Ok::<_, StoreError>(Side { path: self.root().to_owned(), hosts: self.hosts(place)? }),
        };
        let mut listed = Vec::new();
        for (place, [one, other]) in plan.conflicts.iter().take(LISTED) {
            listed.push(Conflict { place: place.clone(), sides: [side(place, *one)?, side(place, *other)?] });
        }
        Ok(Conflicts { count: plan.conflicts.len(), listed })
    }

    /// Writes a result; its size, or `None` if another program has written the same meanwhile.
    fn put_result(&self, place: &str, kind: Kind, content: &[u8]) -> Result<Option<usize>, MergeError> {
        let path = self.root().join(place);
        loop {
            let Some(held) = read(&path)? else {
                if write_new(&path, content).map_err(StoreError::from)? {
                    return Ok(Some(content.len()));
                }
                continue;
            };
            if held == content {
                return Ok(None);
            }
            match check(kind, place, &path, &held) {
                Ok(()) => return Err(MergeError::Overtaken { path }),
                Err(StoreError::Damaged { .. }) => {
                    write_atomic(&path, content).map_err(StoreError::from)?;
                    return Ok(Some(content.len()));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Writes progress, unless there is better one now; its size, or `None`.
    fn put_progress(&self, place: &str, kind: Kind, content: &[u8]) -> Result<Option<usize>, StoreError> {
        if self.held_whole(place, kind, content)?.is_some_and(|held| rank(&held) >= rank(content)) {
            return Ok(None);
        }
        write_atomic(&self.root().join(place), content)?;
        Ok(Some(content.len()))
    }

    /// Adds the circumstances of a run, which had this number in another store; the size of the new file, or `None` if they are there. A
    /// damaged file with this number is replaced.
    fn add_run(&self, id: &RecordId, number: u32, provenance: &Provenance) -> Result<Option<usize>, StoreError> {
        loop {
            let numbers = self.provenance_numbers(id)?;
            let mut damaged = false;
            for &there in &numbers {
                let path = self.provenance_path(id, there);
                match self.held_json::<Provenance>(&path)? {
                    Held::Whole(held) if held == *provenance => return Ok(None),
                    // What has a seal is of a newer program, and stays.
                    Held::Damaged(_) if there == number => damaged = matches!(self.held(&path)?, Held::Damaged(_)),
                    _ => {}
                }
            }
            let number = if damaged { number } else { numbers.last().map_or(1, |last| last + 1) };
            let path = self.provenance_path(id, number);
            let content = self.sealed(&path, provenance)?;
            if damaged {
                write_atomic(&path, &content)?;
                return Ok(Some(content.len()));
            }
            // Another program may have taken the number, for the same run even.
            if write_new(&path, &content)? {
                return Ok(Some(content.len()));
            }
        }
    }
}
