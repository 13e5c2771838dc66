//! `nas-assay report RECORD`

use std::path::{Path, PathBuf};

use crate::report::{Beside, Format, ReportError, figures, score_table};
use crate::store::StoreError;
use clap::Args;

use super::context::Context;
use super::exit::{Failure, UNEXPECTED, USAGE};
use super::known::Known;
use super::output::{self, Output};
use super::records::finished_or_run;

/// Write the report of a record, as a page or in another format
///
/// A carried spec without a record is run first.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  nas-assay report latest --out report.html")]
pub struct Report {
    /// `latest`, the first digits of a spec hash, or a spec's name
    record: String,
    #[command(flatten)]
    output: Output,
    /// Write the scores instead, as CSV with a row for each architecture and a column for each estimator; `-` is stdout
    #[arg(long, value_name = "FILE", conflicts_with_all = ["format", "out"])]
    scores: Option<PathBuf>,
    /// Write the pictures instead, as SVG files for a paper in this folder: tau-b of all estimators, ranks by each, and how well every two agree
    #[arg(long, value_name = "DIR", conflicts_with_all = ["format", "out", "scores"])]
    figures: Option<PathBuf>,
}

impl Report {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<(), Failure> {
        let format = self.output.format()?.unwrap_or(Format::Markdown);
        let wrong_ending = |path: &Path| path.extension().is_some_and(|ending| !ending.eq_ignore_ascii_case("csv"));
        if let Some(path) = self.scores.as_deref().filter(|path| wrong_ending(path)) {
            let problem = format!("scores are written as CSV, and {} has another ending", path.display());
            return Err(Failure::new(USAGE, problem).with_help("give it the ending .csv"));
        }
        let (id, record) = finished_or_run(context, &self.record)?;
        let unexpected = |error: ReportError| Failure::new(UNEXPECTED, error.to_string());
        if let Some(path) = &self.scores {
            let path = Some(path.as_path()).filter(|path| *path != Path::new("-"));
            return output::write(context, path, &score_table(&record).map_err(unexpected)?);
        }
        if let Some(folder) = &self.figures {
            return output::write_figures(context, folder, &figures(&record));
        }
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
        let known = Known::of(context, &record);
        let beside = Beside { provenance: provenance.as_ref(), ..known.beside() };
        let text = format.render(&record, beside).map_err(unexpected)?;
        self.output.write(context, &text)
    }
}
