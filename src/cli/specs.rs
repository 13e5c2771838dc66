//! `nas-assay specs [SPEC]`

use clap::Args;

use crate::experiment::{Resolved, carried_specs, find_carried};

use super::exit::Failure;
use super::find_spec::{carried_text, no_carried};
use super::print::{out, print_columns, print_rows};

/// List the carried specs, or print one
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  nas-assay specs nb201-micro > mine.toml")]
pub struct Specs {
    /// Print this spec's TOML: a name, or the first digits of a hash
    #[arg(value_name = "SPEC")]
    name: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Specs {
    /// Runs the command.
    pub fn run(&self) -> Result<(), Failure> {
        if let Some(name) = &self.name {
            let resolved = find_carried(name).map_err(|error| no_carried(error, name))?;
            out!("{}", carried_text(&resolved.spec.name).unwrap_or_default());
            return Ok(());
        }
        let specs = carried_specs()?;
        if self.json {
            let row = |Resolved { hash, spec, .. }: &Resolved| serde_json::json!({"spec": hash, "name": spec.name, "title": spec.title});
            let rows: Vec<_> = specs.iter().map(row).collect();
            print_rows("specs", 1, "specs", &rows)?;
            return Ok(());
        }
        print_columns(
            specs.into_iter().map(|Resolved { hash, spec, .. }| [hash.short().to_owned(), spec.name, spec.title]),
        )
    }
}
