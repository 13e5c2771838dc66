//! `nas-assay estimators [ID]`

use crate::estimator::{Estimator, Meta, alias};
use clap::Args;
use comfy_table::{ContentArrangement, Table, TableStyle};

use super::context::Context;
use super::exit::{Failure, USAGE};
use super::print::{outln, print_document, print_rows};

/// List the estimators, or explain one
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  nas-assay estimators synflow")]
pub struct Estimators {
    /// Explain this estimator
    id: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Estimators {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<(), Failure> {
        if let Some(id) = &self.id {
            let meta = context.suite().find(id).map_err(|error| Failure::new(USAGE, error.to_string()))?.meta();
            if self.json {
                return print_document("estimator", 1, &meta);
            }
            return explain(&meta);
        }
        let all: Vec<Meta<'_>> = context.suite().iter().map(Estimator::meta).collect();
        if self.json {
            return print_rows("estimators", 1, "estimators", &all);
        }
        let mut table = Table::new();
        table
            .load_style(TableStyle::new())
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(Context::width());
        table.set_header(["estimator", "kind", "better", "what it is"]);
        for meta in all {
            table.add_row([meta.id, meta.kind.as_str(), meta.direction.as_str(), meta.summary]);
        }
        outln!("{table}");
        Ok(())
    }
}

fn explain(meta: &Meta<'_>) -> Result<(), Failure> {
    outln!("{}: {}", meta.id, meta.summary);
    outln!("  formula    {}", meta.formula);
    let others = alias::others(meta.id);
    if !others.is_empty() {
        outln!("  also       {}", others.join(", "));
    }
    outln!("  kind       {}", meta.kind.as_str());
    outln!("  better is  {}", meta.direction.as_str());
    outln!("  version    {}", meta.version);
    outln!("  source     {}", meta.source);
    Ok(())
}
