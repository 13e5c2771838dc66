//! Signs of life of a run: what it does at the moment, every ten seconds, for `status` on any machine.

use std::fmt;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::lab::Lab;
use super::progress::Progress;
use super::resolve::Resolved;
use super::shard::Shard;
use crate::store::Store;
use crate::store::workers::{SIGN_EVERY, Worker, host, seconds_now};

/// The stage that a run works at.
#[derive(Clone, Debug, Default)]
struct Stage {
    label: String,
    done: u64,
    of: u64,
}

/// What a run does, for its signs.
#[derive(Clone, Debug, Default)]
pub(super) struct Activity(Arc<Mutex<Stage>>);

impl Activity {
    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Notes what is reported, and passes it on.
pub(super) struct Noting<'a> {
    pub activity: Activity,
    pub to: Box<dyn Progress + 'a>,
}

impl fmt::Debug for Noting<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to.fmt(f)
    }
}

impl Progress for Noting<'_> {
    fn begin(&self, label: &str, steps: u64, unit: &str) {
        *self.activity.stage() = Stage { label: label.to_owned(), done: 0, of: steps };
        self.to.begin(label, steps, unit);
    }
    fn advance(&self, steps: u64) {
        self.activity.stage().done += steps;
        self.to.advance(steps);
    }
    fn message(&self, text: &str) {
        self.to.message(text);
    }
    fn end(&self) {
        self.to.end();
    }
    fn note(&self, text: &str) {
        self.to.note(text);
    }
}

/// Gives signs until it is dropped. The first comes after ten seconds: a short run gives none.
#[must_use = "signs end when it is dropped"]
pub(super) struct Signs {
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Lab<'_> {
    /// Begins to give signs of a run.
    pub(super) fn signs(&self, resolved: &Resolved, shard: Option<Shard>) -> Signs {
        let (store, activity) = (self.store.clone(), self.activity.clone());
        let jobs = if self.jobs() == 0 { rayon::current_num_threads() } else { self.jobs() };
        let worker = Worker {
            host: host(),
            process: std::process::id(),
            spec: resolved.hash.clone(),
            name: resolved.spec.name.clone(),
            shard: shard.map(|shard| shard.to_string()),
            jobs,
            doing: String::new(),
            done: 0,
            of: 0,
            began: seconds_now(),
            at: 0,
        };
        let (end, ended) = mpsc::channel::<()>();
        let thread = std::thread::spawn(move || {
            let mut gave = false;
            while ended.recv_timeout(SIGN_EVERY) == Err(mpsc::RecvTimeoutError::Timeout) {
                gave |= give(&store, &worker, &activity);
            }
            if gave {
                store.end_sign(&worker);
            }
        });
        Signs { end: Some(end), thread: Some(thread) }
    }
}

fn give(store: &Store, worker: &Worker, activity: &Activity) -> bool {
    let Stage { label, done, of } = activity.stage().clone();
    let now = Worker { doing: label, done, of, at: seconds_now(), ..worker.clone() };
    // A sign that cannot be written is missed by those who look, and by nothing else.
    store.give_sign(&now).is_ok()
}

impl Drop for Signs {
    fn drop(&mut self) {
        drop(self.end.take());
        let _ = self.thread.take().map(JoinHandle::join);
    }
}
