//! What the global options mean: data root, store, device, threads.

use std::io::IsTerminal;

use crate::experiment::{Progress, Silent};
use crate::kernels::device::DeviceError;
use crate::{Backend, DataRoot, Lab, Store, Suite};

use super::Global;
use super::exit::{DEVICE, Failure, UNEXPECTED, USAGE};
use super::progress::Bars;

/// The surroundings of a command.
#[derive(Debug)]
pub struct Context {
    global: Global,
    suite: Suite,
    commit: Option<&'static str>,
}

impl Context {
    /// Sets the number of worker threads and looks at nothing else yet.
    pub fn new(global: Global, suite: Suite, commit: Option<&'static str>) -> Result<Self, Failure> {
        Backend::prepare(&global.device);
        let threads = usize::from(global.threads.unwrap_or(0));
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .stack_size(8 << 20)
            .build_global()
            .map_err(|error| Failure::new(UNEXPECTED, format!("failed to start {threads} worker threads: {error}")))?;
        Ok(Self { global, suite, commit })
    }

    /// The estimators that commands know.
    pub fn suite(&self) -> &Suite {
        &self.suite
    }

    /// Everything that experiments are run with; `jobs` architectures are scored at a time.
    pub fn lab(&self, jobs: Option<u16>) -> Result<Lab<'_>, Failure> {
        Ok(Lab::new(&self.suite, self.store()?, self.backend()?)
            .with_data_root(self.data_root())
            .with_jobs(usize::from(jobs.unwrap_or(0)))
            .with_progress(self.progress())
            .with_commit(self.commit))
    }

    /// The store.
    pub fn store(&self) -> Result<Store, Failure> {
        Ok(Store::open(&self.global.store)?)
    }

    /// The data root, if one was given.
    pub fn data_root(&self) -> Option<DataRoot> {
        self.global.data_root.as_ref().map(|root| DataRoot::new(root.clone()))
    }

    /// Where networks run, if it is there.
    pub fn backend(&self) -> Result<Backend, Failure> {
        Ok(Backend::open(&self.global.device)?)
    }

    /// Progress bars on a terminal, plain lines on a pipe, nothing when quiet.
    pub fn progress(&self) -> Box<dyn Progress> {
        if self.global.quiet { Box::new(Silent) } else { Box::new(Bars::new(std::io::stderr().is_terminal())) }
    }

    /// A note to stderr.
    pub fn note(&self, text: &str) {
        if !self.global.quiet {
            eprintln!("{text}");
        }
    }

    /// Columns of the terminal that stdout goes to; 100 where it is none.
    pub fn width() -> u16 {
        if !std::io::stdout().is_terminal() {
            return 100;
        }
        let (_, columns) = console::Term::stdout().size();
        columns.max(40)
    }
}

impl From<DeviceError> for Failure {
    fn from(error: DeviceError) -> Self {
        let (code, help) = match &error {
            DeviceError::Unknown { .. } => (USAGE, "devices are `cpu` and `cuda:N`, as in cuda:0"),
            DeviceError::NotBuilt { .. } => (DEVICE, "build it with `cargo build --features cuda`"),
            DeviceError::Absent { .. } => (
                DEVICE,
                "`nvidia-smi` lists the devices that the driver knows; in a container, they must be passed through. \
                 `--device cpu` needs none",
            ),
        };
        Self::new(code, error.to_string()).with_help(help)
    }
}
