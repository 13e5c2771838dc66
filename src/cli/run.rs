//! `nas-assay run SPEC`

use clap::Args;
use nas_assay::experiment::{Resolved, Runner, freeze};
use nas_assay::report;
use nas_assay::store::{RecordId, to_json};

use super::context::Context;
use super::exit::{Failure, NOTHING, UNEXPECTED};
use super::specs::find;

/// Run an experiment: what the store holds already is not computed again
#[derive(Debug, Args)]
#[allow(clippy::struct_field_names, reason = "fields are the options' names")]
pub struct Run {
    /// A carried spec's name (see `nas-assay specs`), or the path of a TOML file
    spec: String,
    /// Architectures to score at a time [default: one for each thread]
    #[arg(long, value_name = "N")]
    jobs: Option<u16>,
    /// Print each stage, its key, and why it would run; run nothing
    #[arg(long)]
    dry_run: bool,
    /// Print the record (or the plan) as JSON
    #[arg(long)]
    json: bool,
}

impl Run {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<(), Failure> {
        let resolved = Resolved::new(find(&self.spec)?)?;
        let (device, class) = context.device()?;
        let store = context.store()?;
        let root = context.data_root();
        let progress = context.progress();
        let (root, progress, jobs) = (root.as_ref(), progress.as_ref(), usize::from(self.jobs.unwrap_or(0)));
        let runner = Runner { store: &store, root, device: &device, class, jobs, progress };
        if self.dry_run {
            return self.print_plan(&runner, &resolved);
        }
        context.note(&format!("{}  spec {}  device class {class}", resolved.spec.name, resolved.hash.short()));
        interrupt_kindly()?;
        let provenance = freeze(&device, class);
        let record = runner.run(&resolved, &provenance)?;
        if self.json {
            print!("{}", to_json(&record).map_err(|error| Failure::new(UNEXPECTED, error.to_string()))?);
        } else {
            print!("{}", report::terminal(&record, None, Context::width()));
        }
        let id = RecordId::new(&resolved.hash, class.as_str());
        if let Some(peak) = peak_memory() {
            context.note(&format!("peak memory {peak} MB"));
        }
        context.note(&format!("record {} in {}", id.short(), store.root().display()));
        context
            .note(&format!("hint: `nas-assay report {} --out report.html` writes it as a page", resolved.hash.short()));
        Ok(())
    }

    fn print_plan(&self, runner: &Runner<'_>, resolved: &Resolved) -> Result<(), Failure> {
        let stages = runner.plan(resolved)?;
        if stages.is_empty() {
            return Err(Failure::new(NOTHING, "the spec has no stages"));
        }
        if self.json {
            let rows: Vec<_> = stages.iter().map(|stage| {
                serde_json::json!({"kind": stage.kind, "label": stage.label, "key": stage.key, "action": stage.action, "reason": stage.reason})
            }).collect();
            let plan = serde_json::json!({"spec": resolved.hash, "name": resolved.spec.name, "stages": rows});
            print!("{}", to_json(&plan).map_err(|error| Failure::new(UNEXPECTED, error.to_string()))?);
            return Ok(());
        }
        println!("spec {}  {}", resolved.hash, resolved.spec.name);
        let width = stages.iter().map(|stage| stage.label.len()).max().unwrap_or(0);
        for stage in stages {
            println!("{:<12}  {:<width$}  {}  {}", stage.kind, stage.label, stage.key.short(), stage.reason);
        }
        Ok(())
    }
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
