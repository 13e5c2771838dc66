//! `nas-assay plan SPEC`

use crate::experiment::{Cut, MOST_SHARDS, Part, Portion, Resolved, Shard};
use clap::Args;
use clap::builder::RangedU64ValueParser;

use super::context::Context;
use super::exit::Failure;
use super::find_spec::resolved;
use super::plan_scripts::{Submission, kubernetes, slurm};
use super::print::{counted, out, outln, print_document};
use super::run::print_plan;
use nas_assay_base::text::grouped;

/// Say what a run would do, or cut it into parts for many machines
///
/// Without --shards it prints the stages, as `run --dry-run` does. With --shards it prints the parts and what each costs by an estimate, or
/// a script that submits them.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  nas-assay plan nb201-micro --shards 4 --slurm")]
pub struct Planning {
    /// A carried spec's name (see `nas-assay specs`), the first digits of its hash, or the path of a TOML file
    spec: String,
    /// Number of parts to cut the scores into; a training is never cut, so trainings may have fewer parts
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<usize>::new().range(1..=MOST_SHARDS as u64))]
    shards: Option<usize>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Print a script that submits the parts to Slurm
    #[arg(long, requires = "shards", conflicts_with = "json")]
    slurm: bool,
    /// Print indexed jobs of Kubernetes
    #[arg(long, requires = "shards", conflicts_with_all = ["json", "slurm"])]
    kubernetes: bool,
}

impl Planning {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<(), Failure> {
        let lab = context.lab(None)?;
        let resolved = resolved(context, &lab, &self.spec)?;
        let Some(shards) = self.shards else { return print_plan(&lab, &resolved, self.json) };
        let cut = lab.cut(&resolved, shards)?;
        let trained = cut.training_portions();
        if self.slurm || self.kubernetes {
            let (spec, name) = (self.spec.as_str(), resolved.spec.name.as_str());
            // A task has a job for each of its threads.
            let memory = context.lab(Some(1))?.peak_memory(&resolved)?.div_ceil(MEGABYTE).next_multiple_of(100);
            let submission = Submission { spec, name, trainings: trained.len(), shards, memory };
            out!("{}", if self.slurm { slurm(&submission) } else { kubernetes(&submission) });
            return Ok(());
        }
        if self.json {
            return print_cut_as_json(&resolved, &cut, trained);
        }
        print_cut(&resolved, &cut, trained)
    }
}

const MEGABYTE: u64 = 1_000_000;

/// How much the slowest part has, of the mean; 1 if there is nothing to do.
fn slowest(portions: &[Portion], part: Part) -> f64 {
    let costs = portions.iter().map(|portion| portion.cost(part));
    let (sum, most) = (costs.clone().sum::<u128>(), costs.max().unwrap_or(0));
    if sum == 0 { 1.0 } else { most as f64 * portions.len() as f64 / sum as f64 }
}

fn print_cut_as_json(resolved: &Resolved, cut: &Cut, trained: &[Portion]) -> Result<(), Failure> {
    let rows = |portions: &[Portion], part: Part| -> Vec<_> {
        let row = |(place, portion): (usize, &Portion)| {
            let units = if part == Part::Training { portion.trainings } else { portion.architectures };
            let shard = Shard::new(place + 1, portions.len()).map(|shard| shard.to_string()).unwrap_or_default();
            // JSON has no integers beyond 2^53 for all readers.
            serde_json::json!({"shard": shard, "units": units, "multiply_accumulates": portion.cost(part) as f64})
        };
        portions.iter().enumerate().map(row).collect()
    };
    let of = |portions: &[Portion], part: Part| serde_json::json!({"parts": rows(portions, part), "slowest_over_mean": slowest(portions, part)});
    let plan = serde_json::json!({
        "spec": resolved.hash,
        "name": resolved.spec.name,
        "training": of(trained, Part::Training),
        "scores": of(&cut.portions, Part::Scores),
    });
    print_document("cut", 1, &plan)
}

/// So many parts are listed.
const LISTED: usize = 16;

fn print_cut(resolved: &Resolved, cut: &Cut, trained: &[Portion]) -> Result<(), Failure> {
    outln!("spec {}  {}", resolved.hash, resolved.spec.name);
    for (part, portions, what) in
        [(Part::Training, trained, "training"), (Part::Scores, &cut.portions[..], "architecture")]
    {
        let units = |portion: &Portion| if part == Part::Training { portion.trainings } else { portion.architectures };
        if portions.iter().all(|portion| units(portion) == 0) {
            outln!("{}: none", part.as_str());
            continue;
        }
        let parts = grouped(portions.len() as u64);
        outln!("{}: {parts} parts, the slowest takes {:.3} times the mean", part.as_str(), slowest(portions, part));
        for (place, portion) in portions.iter().enumerate().take(LISTED) {
            let shard = format!("{}/{}", place + 1, portions.len());
            let cost = match portion.cost(part) {
                0 => "without an estimate".to_owned(),
                cost => format!("{:.2e} multiply-accumulates", cost as f64),
            };
            outln!("  {shard:>9}  {:>20}  {cost}", counted(units(portion), what));
        }
        if portions.len() > LISTED {
            outln!("  and {} more", grouped((portions.len() - LISTED) as u64));
        }
    }
    Ok(())
}
