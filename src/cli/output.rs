//! The format and the file of a report.

use std::path::PathBuf;

use crate::files::write_output;
use crate::report::Format;
use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use super::context::Context;
use super::exit::{Failure, UNEXPECTED};
use super::print::out;

/// The options of commands that write a report.
#[derive(Debug, Args)]
pub struct Output {
    /// Format of the report [default: from the extension of --out]
    #[arg(long, value_name = "FORMAT", value_parser = format_parser())]
    format: Option<Format>,
    /// File to write to [default: stdout]
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

fn format_parser() -> impl TypedValueParser<Value = Format> {
    let names = Format::ALL.map(|format| PossibleValue::new(format.extension()).alias(format.name()));
    PossibleValuesParser::new(names).try_map(|name| name.parse::<Format>())
}

impl Output {
    /// The format by `--format` or by the extension of the file. It is Markdown if the extension is unknown.
    pub fn format(&self) -> Option<Format> {
        let by_ending = || {
            let ending = self.out.as_ref()?.extension().and_then(|ending| ending.to_str());
            Some(ending.and_then(|ending| ending.parse().ok()).unwrap_or(Format::Markdown))
        };
        self.format.or_else(by_ending)
    }

    /// Writes the text to the file or prints it. A device, a pipe or a link is written through.
    pub fn write(&self, context: &Context, text: &str) -> Result<(), Failure> {
        match &self.out {
            Some(path) => {
                write_output(path, text.as_bytes()).map_err(|error| Failure::new(UNEXPECTED, error.to_string()))?;
                context.note(&format!("wrote {}", path.display()));
            }
            None => out!("{text}"),
        }
        Ok(())
    }
}
