//! `nas-assay report RECORD`

use crate::report::Format;
use crate::store::StoreError;
use clap::Args;

use super::context::Context;
use super::exit::{Failure, UNEXPECTED};
use super::output::Output;
use super::records::finished_or_run;

/// Write the report of a record; a carried spec without a record is run first
#[derive(Debug, Args)]
pub struct Report {
    /// `latest`, the first digits of a spec hash, or a spec's name
    record: String,
    #[command(flatten)]
    output: Output,
}

impl Report {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<(), Failure> {
        let format = self.output.format()?.unwrap_or(Format::Markdown);
        let (id, record) = finished_or_run(context, &self.record)?;
        let mut provenance = None;
        for held in context.store()?.provenance(&id)? {
            match held.whole() {
                Ok(latest) => provenance = latest.or(provenance),
                // A run that computes nothing writes none, so that another run does not mend it.
                Err(StoreError::Damaged { path, problem }) => {
                    let repair = context.command("store check --repair");
                    context.note(&format!("left out: {}: {problem}; `{repair}` removes it", path.display()));
                }
                Err(error) => context.note(&format!("left out: {error}")),
            }
        }
        let text =
            format.render(&record, provenance.as_ref()).map_err(|error| Failure::new(UNEXPECTED, error.to_string()))?;
        self.output.write(context, &text)
    }
}
