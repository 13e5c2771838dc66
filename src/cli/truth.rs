//! `nas-assay truth RECIPE`

use std::path::PathBuf;

use crate::experiment::make_truth;
use crate::files::write_atomic;
use crate::spec::{parse_recipe, read_text};
use crate::truth::trained::{render, spread};
use clap::Args;

use super::context::Context;
use super::exit::{Failure, UNEXPECTED};

/// Train a ground-truth table from its recipe
#[derive(Debug, Args)]
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
        let recipe = parse_recipe(&read_text(&self.recipe)?, &self.recipe.to_string_lossy())?;
        let backend = context.backend()?;
        let rows = make_truth(&recipe, context.data_root().as_ref(), backend.device(), context.progress().as_ref())?;
        let out = self.out.clone().unwrap_or_else(|| self.recipe.with_extension("csv"));
        let text = render(&recipe.seeds, &rows).map_err(|error| Failure::new(UNEXPECTED, error.to_string()))?;
        write_atomic(&out, text.as_bytes()).map_err(|error| Failure::new(UNEXPECTED, error.to_string()))?;
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
