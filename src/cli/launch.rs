//! Runs a spec for a command: `run` and `report` do it alike.

use crate::DataRoot;
use crate::DeviceClass;
use crate::experiment::{Progress, Resolved, Runner, freeze};
use crate::report;
use crate::store::record::Record;
use crate::store::{RecordId, Store, to_json};
use candle_core::Device;

use super::context::Context;
use super::exit::{Failure, UNEXPECTED};

/// What a run needs, opened.
pub struct Launch {
    store: Store,
    root: Option<DataRoot>,
    device: Device,
    class: DeviceClass,
    jobs: usize,
    progress: Box<dyn Progress>,
}

impl Launch {
    /// Opens the device and the store; `jobs` architectures are scored at a time.
    pub fn new(context: &Context, jobs: Option<u16>) -> Result<Self, Failure> {
        interrupt_kindly()?;
        let (device, class) = context.device()?;
        let (store, root, progress) = (context.store()?, context.data_root(), context.progress());
        Ok(Self { store, root, device, class, jobs: usize::from(jobs.unwrap_or(0)), progress })
    }

    /// What plans and runs.
    pub fn runner(&self) -> Runner<'_> {
        Runner {
            store: &self.store,
            root: self.root.as_ref(),
            device: &self.device,
            class: self.class,
            jobs: self.jobs,
            progress: self.progress.as_ref(),
        }
    }

    /// Runs what the store does not hold, and says on stderr what goes on.
    pub fn run(&self, context: &Context, resolved: &Resolved) -> Result<(RecordId, Record), Failure> {
        let Self { class, device, .. } = self;
        context.note(&format!("{}  spec {}  device class {class}", resolved.spec.name, resolved.hash.short()));
        let provenance = freeze(device, *class, context.commit());
        let record = self.runner().run(resolved, &provenance)?;
        if let Some(peak) = peak_memory() {
            context.note(&format!("peak memory {peak} MB"));
        }
        let id = RecordId::new(&resolved.hash, class.as_str());
        context.note(&format!("record {} in {}", id.short(), self.store.root().display()));
        Ok((id, record))
    }
}

/// Prints a record, as a table or as JSON, and says how to make a page of it.
pub fn print_record(context: &Context, record: &Record, json: bool) -> Result<(), Failure> {
    if json {
        print!("{}", to_json(record).map_err(|error| Failure::new(UNEXPECTED, error.to_string()))?);
    } else {
        print!("{}", report::terminal(record, None, Context::width()));
    }
    let short = &record.spec_hash[..12];
    context.note(&format!("hint: `nas-assay report {short} --out report.html` writes it as a page"));
    Ok(())
}

/// The most memory that this process has had at a time, megabytes, where the system tells.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024 / 1_000_000)
}

/// On Ctrl-C: says that nothing is lost, and leaves. Every file of the store is whole at any moment.
fn interrupt_kindly() -> Result<(), Failure> {
    ctrlc::set_handler(|| {
        eprintln!("\ninterrupted; the same command goes on from what is in the store");
        std::process::exit(130);
    })
    .map_err(|error| Failure::new(UNEXPECTED, format!("failed to listen for Ctrl-C: {error}")))
}
