//! `nas-assay leaderboard`

use std::path::PathBuf;

use crate::report::{Beside, Format, Leaderboard};
use crate::store::record::Record;
use clap::Args;

use super::context::Context;
use super::exit::{Failure, NOTHING, UNEXPECTED};
use super::known::Known;
use super::output::{self, Output};
use super::print::document;
use super::records::{no_record_yet, read, usable};

/// Compare the estimators in all spaces, from finished records
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  nas-assay leaderboard --out leaderboard.html")]
pub struct Board {
    /// An additional record, a JSON file; can be given several times
    #[arg(long = "record", value_name = "FILE")]
    records: Vec<PathBuf>,
    /// Show every panel of every record, not only one per space
    #[arg(long)]
    all: bool,
    /// Print JSON
    #[arg(long, conflicts_with = "format")]
    json: bool,
    #[command(flatten)]
    output: Output,
    /// Write the pictures instead, as SVG files for a paper in this folder: average ranks and their critical difference
    #[arg(long, value_name = "DIR", conflicts_with_all = ["json", "format", "out"])]
    figures: Option<PathBuf>,
}

impl Board {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<(), Failure> {
        let format = if self.json { Some(Format::Json) } else { self.output.format()? };
        let store = context.store()?;
        let mut records: Vec<Record> = usable(context, &store)?.into_iter().map(|(_, record)| record).collect();
        for path in &self.records {
            records.push(read(path)?);
        }
        if records.is_empty() {
            return Err(no_record_yet(context));
        }
        let without_truth = records.iter().filter(|record| record.truth.is_none()).count();
        if without_truth == records.len() {
            return Err(Failure::new(NOTHING, "nothing to compare: no record here has a truth"));
        }
        let known: Vec<Known> = records.iter().map(|record| Known::of(context, record)).collect();
        let beside: Vec<Beside<'_>> = known.iter().map(Known::beside).collect();
        let board = Leaderboard::beside(&records, &beside, self.all);
        // The text for a screen says it itself.
        if format.is_some() || self.figures.is_some() {
            board.left_out.lines().iter().for_each(|line| context.note(line));
        }
        if let Some(folder) = &self.figures {
            return output::write_figures(context, folder, &board.figures());
        }
        let text = match format {
            Some(Format::Json) => document("leaderboard", 1, &board)?,
            Some(format) => board.render(format).map_err(|error| Failure::new(UNEXPECTED, error.to_string()))?,
            None => board.text(Context::width()),
        };
        self.output.write(context, &text)
    }
}
