//! `nas-assay run SPEC`

use crate::experiment::{Cost, Lab, Part, PlannedStage, Resolved, Shard};
use clap::Args;

use super::context::Context;
use super::exit::{Failure, NOTHING, USAGE};
use super::find_spec::resolved;
use super::launch::{print_record, run};
use super::print::{counted, outln, print_document, spoken};
use super::signals::exit_on_signal;
use nas_assay_base::text::grouped;

/// Run an experiment: a carried spec by name, or a TOML file
///
/// Results that the store already has are not computed again.
#[derive(Debug, Args)]
#[allow(clippy::struct_field_names, reason = "fields are the options' names")]
#[command(after_help = "Examples:\n  nas-assay run nb201-micro\n  nas-assay run mine.toml --dry-run")]
pub struct Run {
    /// A carried spec's name (see `nas-assay specs`), the first digits of its hash, or the path of a TOML file
    spec: String,
    /// Number of architectures to score at a time [default: one per thread; on a GPU, one]
    #[arg(long, value_name = "N")]
    jobs: Option<u16>,
    /// Limit of memory, such as 8GB: by an estimate, a network waits until it fits
    #[arg(long, value_name = "SIZE", value_parser = memory_size)]
    memory: Option<u64>,
    /// Print each stage, its key, and why it would run; run nothing
    #[arg(long)]
    dry_run: bool,
    /// Do part I of N of the plan and make no record; `auto` and `auto/N` ask Slurm or Kubernetes which part this is
    #[arg(long, value_name = "I/N", conflicts_with = "dry_run")]
    shard: Option<String>,
    /// Do only the trainings of the part, or only its scores, which wait for the trainings
    #[arg(long, value_name = "KIND", requires = "shard", value_parser = ["training", "scores"])]
    part: Option<String>,
    /// Print the record (or the plan) as JSON
    #[arg(long)]
    json: bool,
}

impl Run {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<(), Failure> {
        let lab = context.lab(self.jobs)?.with_memory(self.memory);
        if self.memory.is_some() {
            crate::kernels::cpu::return_freed_memory();
        }
        let resolved = resolved(context, &lab, &self.spec)?;
        if self.dry_run {
            return print_plan(&lab, &resolved, self.json);
        }
        exit_on_signal()?;
        if let Some(shard) = &self.shard {
            let shard = Shard::named(shard, |name| std::env::var(name).ok())?;
            let part = self.part.as_deref().map(str::parse).transpose();
            return self.run_shard(context, &lab, &resolved, shard, part.map_err(|error| Failure::new(USAGE, error))?);
        }
        let (_, record) = run(context, &lab, &resolved)?;
        print_record(context, &record, self.json)
    }

    fn run_shard(
        &self,
        context: &Context,
        lab: &Lab<'_>,
        resolved: &Resolved,
        shard: Shard,
        part: Option<Part>,
    ) -> Result<(), Failure> {
        let only = part.map_or(String::new(), |part| format!(", only {}", part.as_str()));
        let (name, short) = (&resolved.spec.name, resolved.hash.short());
        context.note(&format!("{name}  spec {short}  part {shard}{only}"));
        let done = lab.run_shard(resolved, shard, part)?;
        if self.json {
            let (trainings, architectures) = (done.trainings, done.architectures);
            let done = serde_json::json!({
                "spec": resolved.hash, "shard": shard.to_string(), "trainings": trainings, "architectures": architectures
            });
            return print_document("part", 1, &done);
        }
        let (trainings, scores) = (counted(done.trainings, "training"), counted(done.architectures, "architecture"));
        outln!("part {shard}: {trainings} and the scores of {scores} are in the store");
        let record = context.command(&format!("run {}", self.spec));
        context.note(&format!("hint: when all parts are done, `{record}` makes the record"));
        Ok(())
    }
}

/// A size in bytes, such as `12GB`, `800 MB` or `1.5GiB`.
///
/// # Errors
/// If it is none, or zero.
pub fn memory_size(text: &str) -> Result<u64, String> {
    let example = || format!("`{text}` is no size of memory, such as 12GB or 800MB");
    let size = text.parse::<bytesize::ByteSize>().map_err(|_| example())?;
    if size.as_u64() == 0 { Err(example()) } else { Ok(size.as_u64()) }
}

/// Prints the stages of a plan.
pub fn print_plan(lab: &Lab<'_>, resolved: &Resolved, json: bool) -> Result<(), Failure> {
    let stages = lab.plan(resolved)?;
    let memory = lab.peak_memory(resolved)?;
    if stages.is_empty() {
        return Err(Failure::new(NOTHING, "the spec has no stages"));
    }
    if json {
        let rows: Vec<_> = stages.iter().map(|stage| {
            serde_json::json!({"kind": stage.kind, "label": stage.label, "key": stage.key, "action": stage.action, "reason": stage.reason,
                "images": stage.cost.images, "flops": stage.cost.flops})
        }).collect();
        let plan = serde_json::json!({"spec": resolved.hash, "name": resolved.spec.name, "stages": rows, "peak_memory": memory});
        print_document("plan", 1, &plan)?;
        return Ok(());
    }
    outln!("spec {}  {}", resolved.hash, resolved.spec.name);
    let width = stages.iter().map(|stage| stage.label.len()).max().unwrap_or(0);
    for stage in &stages {
        outln!("{:<12}  {:<width$}  {}  {}", stage.kind, stage.label, stage.key.short(), stage.reason);
    }
    print_cost(&stages)?;
    if stages.iter().any(|stage| stage.action == "run") {
        print_time(lab, &stages)?;
        outln!("estimate: {} MB of memory at the peak", grouped(memory.div_ceil(1_000_000)));
    }
    Ok(())
}

/// How long the stages that will run take, to within a factor of five. Of a GPU it is not known.
fn print_time(lab: &Lab<'_>, stages: &[PlannedStage]) -> Result<(), Failure> {
    let run = stages.iter().filter(|stage| stage.action == "run");
    let flops = run.fold(0_u64, |sum, stage| sum.saturating_add(stage.cost.flops));
    if flops > 0 && lab.backend().device().is_cpu() {
        let threads = rayon::current_num_threads();
        let time = Cost { images: 0, flops }.time(threads);
        outln!("estimate: {} with {}, give or take a factor of five", spoken(time), counted(threads, "thread"));
    }
    Ok(())
}

/// What the stages that will run cost, if any of them needs a network.
fn print_cost(stages: &[PlannedStage]) -> Result<(), Failure> {
    for (kind, what) in [("supernet", "supernets"), ("scores", "scores")] {
        let run: Vec<_> = stages.iter().filter(|stage| stage.kind == kind && stage.action == "run").collect();
        let sum = |of: fn(&PlannedStage) -> u64| run.iter().map(|stage| u128::from(of(stage))).sum::<u128>();
        let (images, flops) = (sum(|stage| stage.cost.images), sum(|stage| stage.cost.flops));
        if images > 0 {
            let stages = grouped(run.len() as u64);
            outln!("estimate: {what}, {stages} stages: {images:.2e} images, {flops:.2e} multiply-accumulates");
        }
    }
    Ok(())
}
