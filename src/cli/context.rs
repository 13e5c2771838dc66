//! The global options: data root, store, device, threads.

use std::io::IsTerminal;
use std::path::Path;

use crate::experiment::{Progress, Silent};
use crate::kernels::cpu::Isa;
use crate::kernels::device::DeviceError;
use crate::store::command;
use crate::{Backend, DataRoot, Lab, Store, Suite};

use super::Global;
use super::exit::{DEVICE, Failure, UNEXPECTED, USAGE};
use super::print::to_stderr;
use super::progress::Bars;

/// The global options and the estimators, for all commands.
#[derive(Debug)]
pub struct Context {
    global: Global,
    suite: Suite,
    commit: Option<&'static str>,
}

impl Context {
    /// Starts the worker threads. The device, the store and the data root are opened later.
    pub fn new(global: Global, suite: Suite, commit: Option<&'static str>) -> Result<Self, Failure> {
        if let Some(name) = &global.instruction_set {
            let isa = Isa::named(name).map_err(|error| Failure::new(DEVICE, error.to_string()))?;
            isa.set_default();
        }
        let threads = usize::from(global.threads.unwrap_or(0));
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .stack_size(8 << 20)
            .build_global()
            .map_err(|error| Failure::new(UNEXPECTED, format!("failed to start {threads} worker threads: {error}")))?;
        Ok(Self { global, suite, commit })
    }

    /// The estimators that specs can name.
    pub fn suite(&self) -> &Suite {
        &self.suite
    }

    /// The lab that runs experiments. It scores `jobs` architectures at a time.
    pub fn lab(&self, jobs: Option<u16>) -> Result<Lab<'_>, Failure> {
        Ok(Lab::new(&self.suite, self.store()?, self.backend()?)
            .with_data_root(self.data_root())
            .with_jobs(usize::from(jobs.unwrap_or(0)))
            .with_progress(self.progress())
            .with_commit(self.commit))
    }

    /// The git commit of the program, if it is known.
    pub fn commit(&self) -> Option<&'static str> {
        self.commit
    }

    /// The name of the device that was asked for.
    pub fn device(&self) -> &str {
        &self.global.device
    }

    /// The store.
    pub fn store(&self) -> Result<Store, Failure> {
        Ok(Store::open(&self.global.store)?)
    }

    /// The folder of the store.
    pub fn store_folder(&self) -> &Path {
        &self.global.store
    }

    /// The command of the program with these arguments that uses the same store.
    pub fn command(&self, arguments: &str) -> String {
        command(&self.global.store, arguments)
    }

    /// The data root, if one was given. An empty path, such as that of a variable which is set to nothing, is none.
    pub fn data_root(&self) -> Option<DataRoot> {
        let root = self.global.data_root.as_ref().filter(|root| !root.as_os_str().is_empty());
        root.map(|root| DataRoot::new(root.clone()))
    }

    /// The backend that runs networks. It is an error if the device does not exist.
    pub fn backend(&self) -> Result<Backend, Failure> {
        Ok(Backend::open(&self.global.device)?)
    }

    /// Progress bars on a terminal, plain lines on a pipe, nothing when quiet.
    pub fn progress(&self) -> Box<dyn Progress> {
        if self.global.quiet { Box::new(Silent) } else { Box::new(Bars::new(std::io::stderr().is_terminal())) }
    }

    /// Prints a note to stderr, except with `--quiet`.
    pub fn note(&self, text: &str) {
        if !self.global.quiet {
            to_stderr(text);
        }
    }

    /// The width of the terminal in columns, or 100 if stdout is not a terminal.
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
            DeviceError::Unknown { .. } => (USAGE, "devices are `cpu` and `cuda:N`, such as cuda:0"),
            DeviceError::NotBuilt { .. } => (DEVICE, "build it with `cargo build --features cuda`"),
            DeviceError::Absent { .. } => (
                DEVICE,
                "`nvidia-smi` lists the devices of the driver; in a container, they must be passed through; \
                 `--device cpu` needs no GPU",
            ),
        };
        Self::new(code, error.to_string()).with_help(help)
    }
}
