//! `nas-assay specs [NAME]`, and how `run` finds a spec.

use std::path::Path;

use clap::Args;
use nas_assay_base::nearest;

use crate::carried::SPECS;
use crate::experiment::{Resolved, carried_specs};
use crate::spec::{Spec, parse_spec, read_text};

use super::exit::{Failure, USAGE};
use super::print::{out, outln, print_json};

/// List the carried specs, or print one
#[derive(Debug, Args)]
pub struct Specs {
    /// Print this spec's TOML
    name: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Specs {
    /// Runs the command.
    pub fn run(&self) -> Result<(), Failure> {
        if let Some(name) = &self.name {
            out!("{}", carried(name, false)?);
            return Ok(());
        }
        let specs = carried_specs()?;
        if self.json {
            let row = |Resolved { hash, spec, .. }: &Resolved| serde_json::json!({"spec": hash, "name": spec.name, "title": spec.title});
            let rows: Vec<_> = specs.iter().map(row).collect();
            print_json(&rows)?;
            return Ok(());
        }
        for Resolved { hash, spec, .. } in specs {
            outln!("{}  {:<19}  {}", hash.short(), spec.name, spec.title);
        }
        Ok(())
    }
}

/// Reads the spec from a file if `word` looks like a path, and finds the carried spec of this name otherwise.
pub fn find(word: &str) -> Result<Spec, Failure> {
    let path = Path::new(word);
    let is_path = path.extension().is_some_and(|ending| ending == "toml") || word.contains(std::path::MAIN_SEPARATOR);
    if is_path {
        return Ok(parse_spec(&read_text(path)?, word)?);
    }
    Ok(parse_spec(carried(word, true)?, word)?)
}

/// The text of the carried spec of this name. The advice for another name tells how to name a file if `files` can be named too.
fn carried(name: &str, files: bool) -> Result<&'static str, Failure> {
    if let Some((_, text)) = SPECS.iter().find(|(candidate, _)| *candidate == name) {
        return Ok(text);
    }
    let help = match (nearest(name, SPECS.iter().map(|(name, _)| *name)), files) {
        (Some(known), true) => format!("did you mean `{known}`? for a file, give its path, such as ./{name}.toml"),
        (Some(known), false) => format!("did you mean `{known}`?"),
        (None, true) => "`nas-assay specs` lists them; for a file, give its path, which ends in .toml".to_owned(),
        (None, false) => "`nas-assay specs` lists them".to_owned(),
    };
    Err(Failure::new(USAGE, format!("no carried spec is called `{name}`")).with_help(help))
}
