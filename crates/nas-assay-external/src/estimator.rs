//! An estimator whose scores workers give.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use nas_assay_base::text;
use nas_assay_nets::estimator::{Estimator, EstimatorError, EstimatorKind, Meta, Probe, Reading, ToleranceClass};
use nas_assay_nets::exchange;
use nas_assay_schema::spec::External;

use crate::protocol::{Question, Scored};
use crate::shared_folder::SharedFolder;
use crate::worker::{GRACE, Worker, WorkerFault};

/// So many workers are asked for a score before its architecture fails.
const TRIES: usize = 2;

/// All answers of an estimator together may have so many details by name: each is a column of the record.
const MOST_NAMES: usize = 64;

/// A worker gave no score.
#[derive(Debug, thiserror::Error)]
pub enum ExternalError {
    /// The worker says that it has no score.
    #[error("`{command}` says: {message}")]
    Said {
        /// The command.
        command: String,
        /// Its message.
        message: String,
    },
    /// The worker failed, and so did the one after it.
    #[error("`{command}` {fault}{}", lines(stderr))]
    Failed {
        /// The command.
        command: String,
        /// What happened.
        fault: WorkerFault,
        /// The last lines of its stderr.
        stderr: String,
    },
    /// The answers have too many details.
    #[error(
        "the answers of `{command}` have more than {MOST_NAMES} details by name, `{name}` among them; a name stands for one number"
    )]
    Names {
        /// The command.
        command: String,
        /// The name that was too many.
        name: String,
    },
    /// The file for the worker could not be written.
    #[error("failed to write a file for `{command}`: {source}")]
    File {
        /// The command.
        command: String,
        /// The system's error.
        source: std::io::Error,
    },
}

/// The last lines of stderr, below the message.
fn lines(stderr: &str) -> String {
    if stderr.is_empty() {
        return String::new();
    }
    format!("; the last lines of its stderr:\n{}", text::printable_lines(stderr))
}

/// An estimator that is another program.
#[derive(Debug)]
pub struct ExternalEstimator {
    id: String,
    declared: External,
    /// Workers that wait for a question.
    idle: Mutex<Vec<Worker>>,
    next: AtomicU64,
    /// The names of details so far.
    names: Mutex<BTreeSet<String>>,
    folder: OnceLock<SharedFolder>,
}

impl ExternalEstimator {
    /// The estimator `id` with these settings. No worker is started before the first score.
    pub fn new(id: &str, declared: External) -> Self {
        Self {
            id: id.to_owned(),
            declared,
            idle: Mutex::default(),
            next: AtomicU64::new(1),
            names: Mutex::default(),
            folder: OnceLock::new(),
        }
    }

    fn command(&self) -> String {
        text::excerpt(&self.declared.command.join(" ")).into_owned()
    }

    /// The private folder. Two threads may both make one; then one of the two is removed at once.
    fn folder(&self) -> Result<&SharedFolder, ExternalError> {
        if let Some(folder) = self.folder.get() {
            return Ok(folder);
        }
        let failed = |source| ExternalError::File { command: self.command(), source };
        let _ = self.folder.set(SharedFolder::new().map_err(failed)?);
        self.folder.get().ok_or_else(|| failed(std::io::ErrorKind::NotFound.into()))
    }

    /// Asks an idle worker or a new one. A worker that fails is followed by a new one, once.
    fn ask(&self, question: &Question<'_>) -> Result<Scored, ExternalError> {
        let limit = Duration::from_secs(self.declared.limit as u64);
        let mut left = TRIES;
        loop {
            left -= 1;
            let asked = self.worker(limit).and_then(|mut worker| Ok((worker.ask(question, limit)?, worker)));
            match asked {
                Ok((outcome, worker)) => {
                    self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
                    return outcome.map_err(|message| ExternalError::Said {
                        command: self.command(),
                        message: text::printable_lines(&message).into_owned(),
                    });
                }
                Err((fault, stderr)) if left == 0 || matches!(fault, WorkerFault::Start(_)) => {
                    return Err(ExternalError::Failed { command: self.command(), fault, stderr });
                }
                Err(_) => {}
            }
        }
    }

    /// Refuses a detail whose name is one too many.
    fn check_names(&self, scored: &Scored) -> Result<(), ExternalError> {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        for name in scored.details.keys() {
            if names.len() >= MOST_NAMES && !names.contains(name) {
                return Err(ExternalError::Names { command: self.command(), name: text::excerpt(name).into_owned() });
            }
            names.insert(name.clone());
        }
        Ok(())
    }

    fn worker(&self, limit: Duration) -> Result<Worker, (WorkerFault, String)> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| Worker::start(&self.declared.command, &self.id, limit), Ok)
    }
}

impl Drop for ExternalEstimator {
    /// All workers end at the same time.
    fn drop(&mut self) {
        let idle = self.idle.get_mut().unwrap_or_else(PoisonError::into_inner);
        idle.iter_mut().for_each(Worker::hang_up);
        let deadline = Instant::now() + GRACE;
        for worker in idle {
            worker.end_by(deadline);
        }
    }
}

impl Estimator for ExternalEstimator {
    fn meta(&self) -> Meta<'_> {
        Meta {
            id: &self.id,
            version: u32::try_from(self.declared.version).unwrap_or(u32::MAX),
            direction: self.declared.direction,
            kind: EstimatorKind::ZeroShot,
            needs: &[],
            tolerance: ToleranceClass::Numeric,
            summary: "An estimator that is another program.",
            formula: "by its command",
            source: "the spec",
        }
    }

    fn score(&self, probe: &Probe<'_>) -> Result<Reading, EstimatorError> {
        let (architecture, network, batch) = (probe.architecture(), probe.network()?, probe.batch()?);
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let path = self.folder().map_err(EstimatorError::other)?.file(id);
        let (_, bytes) = exchange::serialize(&path, architecture, probe.form(), network, batch, None)
            .map_err(EstimatorError::other)?;
        let failed = |source| EstimatorError::other(ExternalError::File { command: self.command(), source });
        std::fs::write(&path, bytes).map_err(failed)?;
        let question = Question {
            id,
            file: &path.to_string_lossy(),
            architecture: &architecture.to_string(),
            space: architecture.space().name(),
            seed: probe.stream(&self.id, "external").next_u64().to_string(),
        };
        let outcome = self.ask(&question);
        let _ = std::fs::remove_file(&path);
        let scored = outcome.map_err(EstimatorError::other)?;
        self.check_names(&scored).map_err(EstimatorError::other)?;
        let Scored { score, details } = scored;
        let reading = Reading::plain(score);
        Ok(details.into_iter().fold(reading, |reading, (name, value)| reading.with(name, value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// What every worker does that is a shell script: it says that it is ready, and then, for every question, does what `answer` says. There
    /// `$id` is the number of the question, and `$line` the question.
    fn script(answer: &str) -> External {
        let text = format!(
            "read -r hello; echo '{{\"ready\": 1}}'; while read -r line; do id=${{line#*:}}; id=${{id%%,*}}; {answer}; done"
        );
        External { limit: 5, ..External::new(["sh", "-c", &text].map(str::to_owned).to_vec()) }
    }

    fn question(id: u64) -> Question<'static> {
        Question { id, file: "7.safetensors", architecture: "a \"b\"", space: "nb201", seed: "1".to_owned() }
    }

    fn asked(declared: External, id: u64) -> Result<Scored, ExternalError> {
        ExternalEstimator::new("mine", declared).ask(&question(id))
    }

    fn said(declared: External) -> String {
        asked(declared, 3).unwrap_err().to_string()
    }

    #[test]
    fn a_worker_is_asked_again_and_again() {
        let count = "n=$((n+1)); echo \"{\\\"id\\\": $id, \\\"score\\\": $n, \\\"details\\\": {\\\"two\\\": 2}}\"";
        let estimator = ExternalEstimator::new("mine", script(count));
        for id in 1..=20 {
            let found = estimator.ask(&question(id)).unwrap();
            assert_eq!((found.score, found.details["two"]), (id as f64, 2.0), "the same worker");
        }
        assert_eq!(estimator.idle.lock().unwrap().len(), 1);
    }

    #[test]
    fn what_a_worker_does_wrong_is_told_with_its_last_lines() {
        let told = "echo 'no such file' >&2; exit 3";
        let found = said(script(told));
        assert!(found.ends_with("has ended with exit code 3; the last lines of its stderr:\nno such file"), "{found}");
        assert!(said(script("kill -9 $$")).contains("has ended by signal 9"));
        assert!(said(script("exec >&-; sleep 60")).contains("has ended its output, and went on"));
        assert!(said(script("echo hello")).contains("wrote \"hello\": it is no answer"));
        assert!(said(script("printf '\\377\\n'")).contains("it is not UTF-8"));
        assert!(said(script("head -c 100000 /dev/zero | tr '\\0' x")).contains("more than 65536 bytes"));
        assert!(said(script("yes | tr -d '\\n'")).contains("more than 65536 bytes"));
        let other = said(script("echo \"{\\\"id\\\": $((id-1)), \\\"score\\\": 1}\""));
        assert!(other.contains("answered question 2 when it was asked question 3"), "{other}");
        let error = "echo \"{\\\"id\\\": $id, \\\"error\\\": \\\"too small\\\"}\"";
        assert!(said(script(error)).ends_with("says: too small"));
        let of = |command: &[&str]| said(External::new(command.iter().map(|&word| word.to_owned()).collect()));
        assert!(of(&["./no-such-program"]).contains("cannot be started"));
        assert!(of(&["true"]).contains("`@nas_assay.estimator` above the function"));
        assert!(said(script("exit 0")).contains("has ended with exit code 0"));
        assert!(of(&["echo", "{\"ready\": 2}"]).contains("speaks version 2 of the protocol"));
        assert!(of(&["echo", "hello"]).contains("wrote \"hello\": its first line has to be {\"ready\": 1}"));
    }

    /// A worker that ends once, or hangs once, is followed by another one, which answers the same question.
    #[test]
    fn a_worker_that_fails_once_is_followed_by_another_one() {
        for fault in ["exit 1", "sleep 600", "echo garbage"] {
            let folder = tempfile::tempdir().unwrap();
            let mark = folder.path().join("failed");
            let answer = format!(
                "if [ $id = 2 ] && [ ! -e {0} ]; then : > {0}; {fault}; fi; echo \"{{\\\"id\\\": $id, \\\"score\\\": $id}}\"",
                mark.display()
            );
            let estimator = ExternalEstimator::new("mine", External { limit: 1, ..script(&answer) });
            let scores: Vec<f64> = (1..=4).map(|id| estimator.ask(&question(id)).unwrap().score).collect();
            assert_eq!(scores, [1.0, 2.0, 3.0, 4.0], "{fault}");
            assert!(mark.exists());
        }
    }

    #[test]
    fn a_worker_that_hangs_is_killed_with_what_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let pids = folder.path().join("pids");
        let hangs = format!("sleep 601 & echo $! >> {0}; echo $$ >> {0}; wait", pids.display());
        let start = Instant::now();
        let found = said(External { limit: 1, ..script(&hangs) });
        assert!(found.contains("did not answer within 1 s"), "{found}");
        assert!(start.elapsed() < Duration::from_secs(20));
        let started = std::fs::read_to_string(pids).unwrap();
        assert_eq!(started.lines().count(), 4, "two workers, each with a child");
        for pid in started.lines() {
            // Nothing waits any more for a child of a killed worker: whoever takes it over may be slow.
            let gone = || {
                let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
                !Path::new(&format!("/proc/{pid}")).exists() || status.contains(") Z ")
            };
            while !gone() {
                assert!(start.elapsed() < Duration::from_secs(20), "{pid} runs");
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    }

    /// What a worker writes to stderr neither blocks it nor fills the memory.
    #[test]
    fn a_worker_may_write_much_to_stderr() {
        let much = "head -c 200000000 /dev/zero >&2; echo; echo \"{\\\"id\\\": $id, \\\"score\\\": 5}\"";
        assert_eq!(asked(script(much), 1).unwrap().score, 5.0);
    }

    #[test]
    fn a_worker_ends_with_its_estimator() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("pid");
        let answer = format!("echo $$ > {}; echo \"{{\\\"id\\\": $id, \\\"score\\\": 1}}\"", mark.display());
        let estimator = ExternalEstimator::new("mine", script(&answer));
        estimator.ask(&question(1)).unwrap();
        let pid = std::fs::read_to_string(&mark).unwrap();
        let process = format!("/proc/{}", pid.trim());
        assert!(Path::new(&process).exists());
        drop(estimator);
        assert!(!Path::new(&process).exists(), "no process and no zombie is left");
    }
}
