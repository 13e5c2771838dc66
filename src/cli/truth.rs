//! `nas-assay truth RECIPE`

use std::path::PathBuf;

use crate::files::write_output;
use crate::spec::{parse_recipe, read_text};
use crate::truth::trained::{render, spread};
use clap::Args;

use super::context::Context;
use super::exit::{Failure, UNEXPECTED, USAGE};
use super::signals::exit_on_signal;

/// Train a table of ground truth from its recipe
///
/// A run that was stopped continues from what is in the store.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  nas-assay truth recipe.toml --out truth.csv")]
pub struct Truth {
    /// The recipe, a TOML file
    recipe: PathBuf,
    /// File to write the table to [default: the path of the recipe with the extension .csv]
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Truth {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<(), Failure> {
        // The name of a carried spec is no recipe, so that nothing is said of these.
        let text = read_text(&self.recipe).map_err(|error| Failure::new(USAGE, error.to_string()))?;
        let recipe = parse_recipe(&text, &self.recipe.to_string_lossy())?;
        let lab = context.lab(None)?;
        exit_on_signal()?;
        let rows = lab.make_truth(&recipe)?;
        let out = self.out.clone().unwrap_or_else(|| self.recipe.with_extension("csv"));
        let text = render(&recipe.seeds, &rows).map_err(|error| Failure::new(UNEXPECTED, error.to_string()))?;
        write_output(&out, text.as_bytes()).map_err(|error| Failure::new(UNEXPECTED, error.to_string()))?;
        lab.forget_truth(&recipe)?;
        context.note(&format!("wrote {} architectures to {}", rows.len(), out.display()));
        if recipe.seeds.len() > 1 {
            let spread = spread(&rows);
            let ratio = spread.between / spread.within;
            context.note(&format!(
                "standard deviation between architectures {:.4}, between seeds {:.4}, ratio {ratio:.1}",
                spread.between, spread.within
            ));
        }
        Ok(())
    }
}
