//! Signs of life: what each worker does at the moment, for all who look at the store.
//!
//! A sign is no result. It is written over and over, nothing is computed from it, and nothing waits for it to reach the disk; so it does not go
//! through the functions that write results. A worker that is killed leaves its last sign, which tells by its age that it is dead.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::sealed::to_sealed_json;
use super::{Store, StoreError, names};
use crate::spec::SpecHash;

/// What a worker does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Worker {
    /// The name of its machine.
    pub host: String,
    /// The number of its process on that machine.
    pub process: u32,
    /// The hash of the spec that it runs.
    pub spec: SpecHash,
    /// The name of that spec.
    pub name: String,
    /// Its part of the plan, such as `3/8`; `None` if it runs all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<String>,
    /// How many architectures it scores at a time.
    pub jobs: usize,
    /// The stage that it works at.
    pub doing: String,
    /// How many steps of that stage are done.
    pub done: u64,
    /// How many steps it has.
    pub of: u64,
    /// When it began, in seconds since 1970.
    pub began: u64,
    /// When it wrote this, in seconds since 1970.
    pub at: u64,
}

/// How often a worker gives a sign.
pub const SIGN_EVERY: Duration = Duration::from_secs(10);

/// A worker without a sign for so long is taken for dead.
pub const DEAD_AFTER: Duration = Duration::from_secs(600);

/// The name of this machine: that of the kernel, or the environment variable `HOSTNAME`; `None` if there is neither.
pub fn host_name() -> Option<String> {
    let kernel = fs::read_to_string("/proc/sys/kernel/hostname").ok();
    first_name([kernel, std::env::var("HOSTNAME").ok()])
}

/// The first text that is not empty, without white space around it.
fn first_name(texts: [Option<String>; 2]) -> Option<String> {
    texts.into_iter().flatten().map(|text| text.trim().to_owned()).find(|text| !text.is_empty())
}

/// The name of this machine as a part of a file name; empty if the system does not tell it.
pub fn host() -> String {
    host_name()
        .unwrap_or_default()
        .chars()
        .filter(|letter| letter.is_ascii_alphanumeric() || "-_".contains(*letter))
        .collect()
}

/// Seconds since 1970.
pub fn seconds_now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

impl Worker {
    /// How long ago the sign was written. Clocks of machines differ, so a sign can be of the future: its age is 0.
    pub fn age(&self) -> Duration {
        Duration::from_secs(seconds_now().saturating_sub(self.at))
    }

    /// Whether it has given no sign for too long, or its process has ended on this machine.
    pub fn is_dead(&self) -> bool {
        let ended = cfg!(target_os = "linux")
            && self.host == host()
            && self.process != std::process::id()
            && !Path::new("/proc").join(self.process.to_string()).exists();
        ended || self.age() > DEAD_AFTER
    }
}

impl Store {
    /// Writes the sign of a worker, in place of its last one.
    ///
    /// # Errors
    /// If it cannot be written. Nothing is lost then.
    pub fn give_sign(&self, worker: &Worker) -> Result<(), StoreError> {
        let path = self.sign_of(worker);
        let failed = |source| StoreError::System { action: "write", path: path.clone(), source };
        let text = to_sealed_json(worker, &self.identity(&path)).map_err(|error| StoreError::Unwritable {
            path: path.clone(),
            problem: format!("a value cannot be written as JSON: {error}"),
        })?;
        fs::create_dir_all(self.root().join(WORKERS)).map_err(failed)?;
        let temporary = path.with_file_name(format!(".{}-{}.tmp", worker.host, worker.process));
        fs::write(&temporary, text).and_then(|()| fs::rename(&temporary, &path)).map_err(failed)
    }

    /// Removes the sign of a worker that ends, and those of workers of this machine whose processes have ended.
    pub fn end_sign(&self, worker: &Worker) {
        let _ = fs::remove_file(self.sign_of(worker));
        let here = host();
        let dead = |other: &Worker| other.host == here && other.is_dead();
        for other in self.workers().unwrap_or_default().iter().filter(|other| dead(other)) {
            let _ = fs::remove_file(self.sign_of(other));
        }
    }

    /// The last signs of all workers, dead or alive, in the order of their files. What cannot be read is left out.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn workers(&self) -> Result<Vec<Worker>, StoreError> {
        let folder = self.root().join(WORKERS);
        let signs = names(&folder)?.into_iter().filter(|name| is_sign(name)).map(|name| folder.join(name));
        Ok(signs.filter_map(|path| self.read_json(&path).ok().flatten()).collect())
    }

    fn sign_of(&self, worker: &Worker) -> PathBuf {
        self.root().join(WORKERS).join(format!("{}-{}.json", worker.host, worker.process))
    }
}

/// The folder of the signs.
pub(super) const WORKERS: &str = "workers";

/// Whether a file name is that of a sign: `HOST-PROCESS.json`.
pub(super) fn is_sign(name: &str) -> bool {
    let process = name.strip_suffix(".json").and_then(|stem| stem.rsplit_once('-')).map(|(_, process)| process);
    process.is_some_and(|process| process.parse::<u32>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::survey::{Condition, Kind};

    fn worker(host: &str, process: u32) -> Worker {
        Worker {
            host: host.to_owned(),
            process,
            spec: SpecHash::of("a spec"),
            name: "tiny".to_owned(),
            shard: Some("3/8".to_owned()),
            jobs: 2,
            doing: "all: baselines".to_owned(),
            done: 3,
            of: 9,
            began: 1,
            at: seconds_now(),
        }
    }

    #[test]
    fn a_machine_has_the_name_of_its_kernel_or_that_of_its_environment() {
        let name = |kernel: Option<&str>, variable: Option<&str>| {
            first_name([kernel, variable].map(|text| text.map(str::to_owned)))
        };
        assert_eq!(name(Some("node7\n"), Some("other")).as_deref(), Some("node7"));
        assert_eq!(name(Some("\n"), Some("node8")).as_deref(), Some("node8"));
        assert_eq!(name(None, Some(" node8 ")).as_deref(), Some("node8"));
        assert_eq!((name(None, None), name(Some(""), Some(""))), (None, None));
    }

    #[test]
    fn signs_are_given_read_and_ended() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        assert_eq!(store.workers().unwrap(), []);
        let (own, other) = (worker(&host(), std::process::id()), worker("elsewhere", 7));
        store.give_sign(&other).unwrap();
        store.give_sign(&own).unwrap();
        let later = Worker { done: 4, ..own.clone() };
        store.give_sign(&later).unwrap();
        let mut found = store.workers().unwrap();
        found.sort_by_key(|worker| worker.process == 7);
        assert_eq!(found, [later, other.clone()]);
        store.end_sign(&own);
        assert_eq!(store.workers().unwrap(), [other]);
    }

    #[test]
    fn a_worker_is_dead_without_a_sign_or_a_process() {
        assert!(!worker(&host(), std::process::id()).is_dead());
        assert!(!worker("elsewhere", 7).is_dead());
        let silent = Worker { at: seconds_now() - DEAD_AFTER.as_secs() - 1, ..worker("elsewhere", 7) };
        assert!(silent.is_dead());
        let future = Worker { at: seconds_now() + 500, ..worker("elsewhere", 7) };
        assert!(!future.is_dead() && future.age().is_zero());
        if cfg!(target_os = "linux") {
            // Beyond the greatest number that Linux gives to a process.
            assert!(worker(&host(), 4_194_305).is_dead());
        }
    }

    #[test]
    fn dead_workers_are_left_over_and_living_ones_are_whole() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        store.give_sign(&worker("elsewhere", 7)).unwrap();
        store.give_sign(&Worker { at: 5, ..worker("elsewhere", 8) }).unwrap();
        fs::write(folder.path().join("workers/elsewhere-9.json"), "{}").unwrap();
        fs::write(folder.path().join("workers/notes.txt"), "mine").unwrap();
        let entries = store.survey().unwrap();
        let of = |place: &str| entries.iter().find(|entry| entry.place == place).unwrap();
        assert_eq!(
            (of("workers/elsewhere-7.json").kind, &of("workers/elsewhere-7.json").condition),
            (Kind::Worker, &Condition::Whole)
        );
        assert!(matches!(of("workers/elsewhere-8.json").condition, Condition::Leftover(_)));
        assert!(matches!(of("workers/elsewhere-9.json").condition, Condition::Damaged(_)));
        assert_eq!(of("workers/notes.txt").condition, Condition::Foreign);
        // Nothing is removed while a worker lives, on whatever machine.
        let removable = || entries.iter().filter(|entry| entry.condition.can_be_removed());
        let refused = store.remove(removable()).unwrap_err();
        assert!(
            matches!(&refused, StoreError::BusyElsewhere { process: 7, host, .. } if host == "elsewhere"),
            "{refused}"
        );
        store.end_sign(&worker("elsewhere", 7));
        assert_eq!(store.remove(removable()).unwrap().len(), 2);
    }
}
