//! `nas-assay diff LEFT RIGHT`

use crate::report::Diff;
use clap::Args;

use super::context::Context;
use super::exit::{Failure, MISMATCH};
use super::print::{out, print_document};
use super::records::find;

/// Compare two records: their specs and their numbers
///
/// Numbers that moved beyond their tolerance class are listed. The exit code is 3 if there is one.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  nas-assay diff nb201-micro other/record.json")]
pub struct Compare {
    /// `latest`, the first digits of a spec hash, a spec's name, or the path of a record as JSON
    left: String,
    /// The other record, in the same form
    right: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Compare {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<(), Failure> {
        let diff = Diff::new(&find(context, &self.left)?, &find(context, &self.right)?);
        if self.json {
            print_document("diff", 1, &diff)?;
        } else {
            out!("{}", diff.text(Context::width()));
        }
        match diff.beyond {
            0 => Ok(()),
            1 => Err(Failure::new(MISMATCH, "1 number moved beyond its tolerance class")),
            moved => Err(Failure::new(MISMATCH, format!("{moved} numbers moved beyond their tolerance class"))),
        }
    }
}
