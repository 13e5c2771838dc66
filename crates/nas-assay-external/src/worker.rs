//! One worker: its process, and the conversation with it.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use serde::Serialize;

use crate::protocol::{Answer, Hello, PROTOCOL, Question, Ready, Scored, answer};
use crate::shared_folder;
use crate::tail::Tail;

/// The most bytes of a worker's line.
pub const LONGEST_LINE: usize = 1 << 16;

/// So long a worker may take to end after its stdin is closed.
pub const GRACE: Duration = Duration::from_secs(2);

/// All workers of this process.
static RUNNING: Mutex<Running> = Mutex::new(Running { groups: BTreeSet::new(), ended: false });

struct Running {
    /// The process groups of the workers.
    groups: BTreeSet<i32>,
    /// Whether the program is about to end, so that no worker may be started any more.
    ended: bool,
}

fn running() -> MutexGuard<'static, Running> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Kills all workers of this process, with everything that they started, and removes their files. No worker can be started after it. For a
/// program that is about to end.
pub fn end_all() {
    let mut running = running();
    running.ended = true;
    running.groups.iter().copied().for_each(kill);
    shared_folder::remove_all();
}

fn kill(group: i32) {
    if let Some(group) = Pid::from_raw(group) {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

/// What went wrong with a worker. Another worker may do better.
#[derive(Debug, thiserror::Error)]
pub enum WorkerFault {
    /// The command cannot be started.
    #[error("cannot be started: {0}")]
    Start(std::io::Error),
    /// It has ended.
    #[error("has ended {0}")]
    Ended(String),
    /// It has ended as if all were well, without a word.
    #[error(
        "has ended without an answer: a worker has to answer questions on its stdin. In Python, `@nas_assay.estimator` above the function \
         makes a worker of its file"
    )]
    Silent,
    /// It does not answer.
    #[error("did not answer within {} s", .0.as_secs())]
    Late(Duration),
    /// It wrote something that is no answer.
    #[error("wrote {line}: {problem}")]
    Garbled {
        /// The beginning of the line.
        line: String,
        /// Why it is no answer.
        problem: String,
    },
    /// It answered another question.
    #[error("answered question {found} when it was asked question {asked}")]
    Other {
        /// The question that it was asked.
        asked: u64,
        /// The question that it answered.
        found: u64,
    },
    /// It speaks another version of the protocol.
    #[error("speaks version {0} of the protocol, and this program version {PROTOCOL}")]
    Version(u32),
}

/// A line of a worker, or why there is none.
enum Said {
    Line(Vec<u8>),
    TooLong(Vec<u8>),
}

/// A running worker. It is killed when it is dropped, if it does not end by itself.
#[derive(Debug)]
pub(crate) struct Worker {
    child: Child,
    group: i32,
    stdin: Option<ChildStdin>,
    said: Receiver<Said>,
    tail: Tail,
    readers: Vec<JoinHandle<()>>,
}

impl Worker {
    /// Starts a worker and waits until it is ready, at most as long as `limit`.
    ///
    /// # Errors
    /// What went wrong, and the last lines of its stderr.
    pub fn start(command: &[String], estimator: &str, limit: Duration) -> Result<Self, (WorkerFault, String)> {
        let threads = rayon::current_num_threads();
        let (name, arguments) = command.split_first().map_or(("", &[][..]), |(name, rest)| (name.as_str(), rest));
        let mut process = Command::new(name);
        process.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // A signal of the terminal is for the program, which then ends its workers.
        process.process_group(0);
        process.env("NAS_ASSAY_WORKER", "1");
        for variable in ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"] {
            if std::env::var_os(variable).is_none() {
                process.env(variable, threads.to_string());
            }
        }
        let mut running = running();
        if running.ended {
            return Err((WorkerFault::Ended("with the program".to_owned()), String::new()));
        }
        let mut child = process.spawn().map_err(|error| (WorkerFault::Start(error), String::new()))?;
        let group = child.id().cast_signed();
        running.groups.insert(group);
        drop(running);
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (sender, said) = sync_channel(1);
        let tail = Tail::default();
        let kept = tail.clone();
        let readers = vec![
            std::thread::spawn(move || stdout.into_iter().for_each(|stdout| lines(stdout, &sender))),
            std::thread::spawn(move || stderr.into_iter().for_each(|stderr| kept.read(stderr))),
        ];
        let mut worker = Self { child, group, stdin, said, tail, readers };
        worker.greet(estimator, threads, limit).map_err(|fault| worker.with_tail(fault))?;
        Ok(worker)
    }

    fn greet(&mut self, estimator: &str, threads: usize, limit: Duration) -> Result<(), WorkerFault> {
        let line =
            self.converse(&Hello { protocol: PROTOCOL, estimator, threads }, limit).map_err(|fault| match fault {
                WorkerFault::Ended(how) if how == DONE => WorkerFault::Silent,
                fault => fault,
            })?;
        let problem =
            || format!("its first line has to be {{\"ready\": {PROTOCOL}}}; print what is for people to stderr");
        let Ready { ready } = serde_json::from_str(&line).map_err(|_| garbled(line.as_bytes(), problem()))?;
        if ready == PROTOCOL { Ok(()) } else { Err(WorkerFault::Version(ready)) }
    }

    /// Asks a question, and waits for the answer, at most as long as `limit`.
    ///
    /// # Errors
    /// What went wrong, and the last lines of its stderr. Such a worker is of no more use.
    pub fn ask(
        &mut self,
        question: &Question<'_>,
        limit: Duration,
    ) -> Result<Result<Scored, String>, (WorkerFault, String)> {
        self.asked(question, limit).map_err(|fault| self.with_tail(fault))
    }

    fn asked(&mut self, question: &Question<'_>, limit: Duration) -> Result<Result<Scored, String>, WorkerFault> {
        let line = self.converse(question, limit)?;
        let Answer { id, outcome } = answer(&line).map_err(|problem| garbled(line.as_bytes(), problem))?;
        if id != question.id {
            return Err(WorkerFault::Other { asked: question.id, found: id });
        }
        Ok(outcome)
    }

    /// Says something, and waits for the answer. A worker that does not listen any more may still have said why.
    fn converse(&mut self, line: &impl Serialize, limit: Duration) -> Result<String, WorkerFault> {
        match self.tell(line) {
            Ok(()) => self.hear(limit),
            Err(fault) => self.hear(limit.min(GRACE)).map_err(|_| fault),
        }
    }

    fn tell(&mut self, line: &impl Serialize) -> Result<(), WorkerFault> {
        let mut text = serde_json::to_string(line).unwrap_or_default();
        text.push('\n');
        let written = self.stdin.as_mut().map(|stdin| stdin.write_all(text.as_bytes()).and_then(|()| stdin.flush()));
        match written {
            Some(Ok(())) => Ok(()),
            Some(Err(_)) | None => Err(self.ended()),
        }
    }

    fn hear(&mut self, limit: Duration) -> Result<String, WorkerFault> {
        match self.said.recv_timeout(limit) {
            Ok(Said::Line(line)) => {
                String::from_utf8(line).map_err(|error| garbled(error.as_bytes(), "it is not UTF-8".to_owned()))
            }
            Ok(Said::TooLong(start)) => Err(garbled(&start, format!("it has more than {LONGEST_LINE} bytes"))),
            Err(RecvTimeoutError::Timeout) => Err(WorkerFault::Late(limit)),
            Err(RecvTimeoutError::Disconnected) => Err(self.ended()),
        }
    }

    /// How it ended. One that closed its stdout and goes on is killed.
    fn ended(&mut self) -> WorkerFault {
        let status = self.wait(GRACE).map_or("its output".to_owned(), describe);
        WorkerFault::Ended(if status == "its output" { "its output, and went on".to_owned() } else { status })
    }

    /// Waits for the end of the process.
    fn wait(&mut self, limit: Duration) -> Option<ExitStatus> {
        let start = Instant::now();
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) if start.elapsed() < limit => std::thread::sleep(Duration::from_millis(5)),
                Ok(None) | Err(_) => return None,
            }
        }
    }

    /// Ends the worker, so that its stderr is whole, and adds its last lines.
    fn with_tail(&mut self, fault: WorkerFault) -> (WorkerFault, String) {
        self.kill();
        (fault, self.tail.text())
    }

    /// Kills it with all processes that it started, and waits for its end.
    fn kill(&mut self) {
        self.stdin = None;
        kill(self.group);
        let _ = self.child.wait();
        running().groups.remove(&self.group);
        // The pipes are closed now, except by a process that left the group; it must not hold the program.
        let start = Instant::now();
        for reader in self.readers.drain(..) {
            while !reader.is_finished() && start.elapsed() < GRACE {
                // The reader of stdout may wait for its line to be taken.
                while self.said.try_recv().is_ok() {}
                std::thread::sleep(Duration::from_millis(1));
            }
            if reader.is_finished() {
                let _ = reader.join();
            }
        }
    }
}

impl Worker {
    /// Closes its stdin, so that it ends by itself.
    pub fn hang_up(&mut self) {
        self.stdin = None;
    }

    /// Waits until it has ended or `deadline` has come, and kills it then.
    pub fn end_by(&mut self, deadline: Instant) {
        self.hang_up();
        if !self.readers.is_empty() {
            self.wait(deadline.saturating_duration_since(Instant::now()));
            self.kill();
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.end_by(Instant::now() + GRACE);
    }
}

/// How a program ends that found nothing wrong.
const DONE: &str = "with exit code 0";

fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("with exit code {code}"),
        (None, Some(signal)) => format!("by signal {signal}"),
        (None, None) => "in an unknown way".to_owned(),
    }
}

fn garbled(line: &[u8], problem: String) -> WorkerFault {
    let text = String::from_utf8_lossy(&line[..line.len().min(200)]);
    let text = text.trim_end();
    WorkerFault::Garbled { line: nas_assay_base::text::quoted(nas_assay_base::text::excerpt(text).as_ref()), problem }
}

/// Passes the lines of a stream on, until its end or until nobody takes them any more. Empty lines are left out.
fn lines(stream: impl Read, sender: &SyncSender<Said>) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = Vec::new();
        match (&mut stream).take(LONGEST_LINE as u64 + 1).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) if line.len() > LONGEST_LINE => {
                let _ = sender.send(Said::TooLong(line));
                return;
            }
            Ok(_) if line.iter().all(u8::is_ascii_whitespace) => {}
            Ok(_) => {
                if sender.send(Said::Line(line)).is_err() {
                    return;
                }
            }
        }
    }
}
