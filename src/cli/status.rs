//! `nas-assay status SPEC`

use clap::Args;
use nas_assay_base::text::{grouped, printable};

use super::context::Context;
use super::exit::Failure;
use super::find_spec::resolved;
use super::print::{outln, print_document, spoken};
use crate::experiment::Status;
use crate::store::workers::Worker;

/// Say how far an experiment is, and which workers work on it
///
/// It lists what is done, which workers on which machines do the rest, and how long that will take.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  nas-assay status nb201-micro")]
pub struct StatusCommand {
    /// A carried spec's name (see `nas-assay specs`), the first digits of its hash, or the path of a TOML file
    spec: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl StatusCommand {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<(), Failure> {
        let lab = context.lab(None)?;
        let resolved = resolved(context, &lab, &self.spec)?;
        let status = lab.status(&resolved)?;
        if self.json {
            return print_as_json(&resolved.hash, &resolved.spec.name, &status);
        }
        outln!("spec {}  {}", resolved.hash, resolved.spec.name);
        let width = status.stages.iter().map(|stage| stage.label.chars().count()).max().unwrap_or(0);
        for stage in &status.stages {
            let (done, of) = (grouped(stage.done as u64), grouped(stage.of as u64));
            let left = if stage.done == stage.of { "done" } else { "missing" };
            outln!("{:<12}  {:<width$}  {done:>7} of {of:>7}  {left}", stage.kind, stage.label);
        }
        for worker in &status.workers {
            outln!("{}", line_of(worker));
        }
        if let Some(left) = status.left {
            outln!("about {} of scores left", spoken(left));
        }
        let all_done = status.stages.iter().all(|stage| stage.done == stage.of);
        match (status.is_finished, all_done) {
            (true, _) => outln!("its record is in the store"),
            (false, true) => {
                outln!("all is done; `{}` makes the record", context.command(&format!("run {}", self.spec)));
            }
            (false, false) => {}
        }
        Ok(())
    }
}

/// A worker in one line.
fn line_of(worker: &Worker) -> String {
    let shard = worker.shard.as_ref().map_or("all parts".to_owned(), |shard| format!("part {}", printable(shard)));
    let (done, of) = (grouped(worker.done), grouped(worker.of));
    let alive = if worker.is_dead() { "dead, its last sign was" } else { "running, its last sign was" };
    format!(
        "worker        {} {}, {shard}: {} {done} of {of}; {alive} {} ago",
        printable(&worker.host),
        worker.process,
        printable(&worker.doing),
        spoken(worker.age()),
    )
}

fn print_as_json(hash: &crate::spec::SpecHash, name: &str, status: &Status) -> Result<(), Failure> {
    let worker = |worker: &Worker| {
        serde_json::json!({
            "host": worker.host, "process": worker.process, "shard": worker.shard, "doing": worker.doing, "done": worker.done,
            "of": worker.of, "seconds_since_its_last_sign": worker.age().as_secs(), "is_dead": worker.is_dead()
        })
    };
    let shown = serde_json::json!({
        "spec": hash,
        "name": name,
        "finished": status.is_finished,
        "stages": status.stages,
        "workers": status.workers.iter().map(worker).collect::<Vec<_>>(),
        "seconds_left": status.left.map(|left| left.as_secs()),
    });
    print_document("status", 1, &shown)
}
