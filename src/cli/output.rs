//! The format and the file of a report.

use std::path::{Path, PathBuf};

use crate::files::write_output;
use crate::report::{Figure, Format};
use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use super::context::Context;
use super::exit::{Failure, NOTHING, UNEXPECTED, USAGE};
use super::print::out;

/// The options of commands that write a report.
#[derive(Debug, Args)]
pub struct Output {
    /// Format of the report [default: from the ending of --out]
    #[arg(long, value_name = "FORMAT", value_parser = format_parser(), ignore_case = true)]
    format: Option<Format>,
    /// File to write to [default: stdout]
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

fn format_parser() -> impl TypedValueParser<Value = Format> {
    let names = Format::ALL.map(|format| PossibleValue::new(format.extension()).aliases(format.endings()));
    PossibleValuesParser::new(names).try_map(|name| name.parse::<Format>())
}

impl Output {
    /// The format by `--format` or by the ending of the file; Markdown if the file has no ending, and `None` if there is no file.
    ///
    /// # Errors
    /// If the ending is that of no format. A command asks before it computes anything.
    pub fn format(&self) -> Result<Option<Format>, Failure> {
        let (None, Some(path)) = (self.format, &self.out) else { return Ok(self.format) };
        let Some(ending) = path.extension() else { return Ok(Some(Format::Markdown)) };
        let known = ending.to_str().and_then(|ending| ending.parse().ok());
        known.map(Some).ok_or_else(|| {
            let endings = Format::ALL.into_iter().flat_map(Format::endings);
            let endings: Vec<String> = endings.map(|ending| format!(".{ending}")).collect();
            let problem = format!("the ending of {} is that of no format of a report", path.display());
            let help = format!("give it one of the endings {}, or name the format with --format", endings.join(", "));
            Failure::new(USAGE, problem).with_help(help)
        })
    }

    /// Writes the text to the file or prints it; see [`write()`].
    pub fn write(&self, context: &Context, text: &str) -> Result<(), Failure> {
        write(context, self.out.as_deref(), text)
    }
}

/// Writes the text to the file at `path`, or prints it if there is none. A device, a pipe or a link is written through.
pub fn write(context: &Context, path: Option<&Path>, text: &str) -> Result<(), Failure> {
    match path {
        Some(path) => {
            write_output(path, text.as_bytes()).map_err(|error| Failure::new(UNEXPECTED, error.to_string()))?;
            context.note(&format!("wrote {}", path.display()));
        }
        None => out!("{text}"),
    }
    Ok(())
}

/// Writes pictures into a folder, which is made if it is not there, and prints the path of each.
///
/// # Errors
/// If there is no picture, or the folder or a file cannot be written.
pub fn write_figures(context: &Context, folder: &Path, figures: &[Figure]) -> Result<(), Failure> {
    if figures.is_empty() {
        return Err(Failure::new(
            NOTHING,
            "there is nothing to draw: a panel needs a truth or three estimators, a leaderboard two spaces with two estimators in common",
        ));
    }
    std::fs::create_dir_all(folder).map_err(|error| {
        Failure::new(UNEXPECTED, format!("failed to make the folder {}: {error}", folder.display()))
    })?;
    figures.iter().try_for_each(|figure| write(context, Some(&folder.join(&figure.name)), &figure.svg))
}
