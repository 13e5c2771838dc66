//! A lab: a suite, a store and a backend, with the methods that run experiments.

use std::sync::OnceLock;

use super::progress::{Progress, Silent};
use super::resolve::Resolved;
use super::sign_of_life::{Activity, Noting};
use super::workers::Budget;
use super::{ExperimentError, memory};
use crate::estimator::Suite;
use crate::spec::Spec;
use crate::store::Store;
use crate::{Backend, DataRoot};

/// Everything that is needed to run experiments.
///
/// ```
/// use nas_assay::spec::parse_spec;
/// use nas_assay::{Backend, Lab, Store, Suite};
///
/// let text = r#"
/// name = "counts"
/// space = "nb201"
/// [images.synthetic]
/// train = 64
/// validation = 20
/// [truth.trained]
/// table = "nb201-micro"
/// verify = 0
/// [zero-shot]
/// network = { channels = 4, cells = 1 }
/// [panels.all]
/// estimators = ["params", "flops"]
/// "#;
/// let folder = tempfile::tempdir()?;
/// let suite = Suite::builtin();
/// let lab = Lab::new(&suite, Store::open(folder.path())?, Backend::cpu());
/// let record = lab.run(&lab.resolve(parse_spec(text, "an example")?)?)?;
/// let params = &record.panels[0].estimators[0];
/// assert_eq!((params.id.as_str(), params.scores.len()), ("params", 48));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Lab<'a> {
    pub(super) suite: &'a Suite,
    pub(super) store: Store,
    pub(super) backend: Backend,
    pub(super) data_root: Option<DataRoot>,
    pub(super) jobs: usize,
    pub(super) memory: Budget,
    /// The backend once for each job of a GPU.
    streams: OnceLock<Vec<Backend>>,
    pub(super) progress: Box<dyn Progress + 'a>,
    pub(super) activity: Activity,
    pub(super) commit: Option<String>,
}

impl<'a> Lab<'a> {
    /// A lab without a data root that uses one job per thread and reports no progress.
    pub fn new(suite: &'a Suite, store: Store, backend: Backend) -> Self {
        Self {
            suite,
            store,
            backend,
            data_root: None,
            jobs: 0,
            memory: Budget::default(),
            streams: OnceLock::new(),
            progress: Box::new(Silent),
            activity: Activity::default(),
            commit: None,
        }
    }

    /// Sets the folder with real images and the tables of the benchmarks.
    #[must_use]
    pub fn with_data_root(self, root: Option<DataRoot>) -> Self {
        Self { data_root: root, ..self }
    }

    /// Sets how many architectures are scored at a time; `0` means as many as there are threads, and one on a GPU. It changes no number.
    #[must_use]
    pub fn with_jobs(self, jobs: usize) -> Self {
        Self { jobs, streams: OnceLock::new(), ..self }
    }

    /// Sets how many bytes of memory the program may take by its estimates. A job waits until it fits, or until no other one runs. `None` is
    /// no limit. It changes no number.
    #[must_use]
    pub fn with_memory(self, limit: Option<u64>) -> Self {
        Self { memory: Budget::new(limit.map(|limit| limit.saturating_sub(memory::PROGRAM))), ..self }
    }

    /// Sets the receiver of progress reports.
    #[must_use]
    pub fn with_progress(self, progress: Box<dyn Progress + 'a>) -> Self {
        let activity = self.activity.clone();
        Self { progress: Box::new(Noting { activity, to: progress }), ..self }
    }

    /// Sets the git commit that the program was built from, for the provenance of records.
    #[must_use]
    pub fn with_commit(self, commit: Option<&str>) -> Self {
        Self { commit: commit.map(str::to_owned), ..self }
    }

    /// The estimators that specs can name.
    pub fn suite(&self) -> &'a Suite {
        self.suite
    }

    /// Where results are kept.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Where networks run.
    pub fn backend(&self) -> &Backend {
        &self.backend
    }

    /// The backend for each job that has one of its own: on a GPU as many as there are jobs, each with its stream and its memory; on the CPU one
    /// for all jobs.
    pub(super) fn backends(&self) -> Result<&[Backend], ExperimentError> {
        if let Some(known) = self.streams.get() {
            return Ok(known);
        }
        let jobs = if self.backend.device().is_cpu() { 1 } else { self.jobs() };
        let others = (1..jobs).map(|_| self.backend.beside());
        let opened = std::iter::once(Ok(self.backend.clone())).chain(others).collect::<Result<Vec<_>, _>>()?;
        Ok(self.streams.get_or_init(|| opened))
    }

    /// How many jobs work at a time; `0` means as many as there are threads.
    pub(super) fn jobs(&self) -> usize {
        jobs_of(self.jobs, self.backend.device().is_cpu())
    }

    /// The folder with real images and the tables of the benchmarks, if there is one.
    pub fn data_root(&self) -> Option<&DataRoot> {
        self.data_root.as_ref()
    }

    /// Resolves a spec: adds everything else that its numbers depend on.
    ///
    /// # Errors
    /// If the spec names an estimator or a carried table that does not exist, or a one-shot estimator but no supernet.
    pub fn resolve(&self, spec: Spec) -> Result<Resolved, ExperimentError> {
        Resolved::new(spec, self.suite)
    }
}

/// The jobs that were asked for; on a GPU, which has one memory for all of them, one by default.
fn jobs_of(asked: usize, is_cpu: bool) -> usize {
    if is_cpu { asked } else { asked.max(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gpu_has_one_job_unless_more_are_asked_for() {
        assert_eq!([0, 1, 3].map(|asked| jobs_of(asked, true)), [0, 1, 3]);
        assert_eq!([0, 1, 3].map(|asked| jobs_of(asked, false)), [1, 1, 3]);
    }
}
