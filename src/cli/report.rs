//! `nas-assay report RECORD`

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use nas_assay::files::write_atomic;
use nas_assay::report::Format;

use super::context::Context;
use super::exit::{Failure, NOTHING, UNEXPECTED};

/// Write the report of a finished record
#[derive(Debug, Args)]
pub struct Report {
    /// `latest`, or the first digits of a spec hash
    record: String,
    /// Form of the report [default: by the ending of --out, else md]
    #[arg(long, value_name = "FORMAT", value_parser = format_parser())]
    format: Option<Format>,
    /// Where to write it [default: stdout]
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

fn format_parser() -> impl TypedValueParser<Value = Format> {
    let names = Format::ALL.map(|format| PossibleValue::new(format.extension()).alias(format.name()));
    PossibleValuesParser::new(names).try_map(|name| name.parse::<Format>())
}

impl Report {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<(), Failure> {
        let store = context.store()?;
        let id = store.find(&self.record)?;
        let Some(record) = store.record(&id)? else {
            return Err(Failure::new(NOTHING, format!("the record {} is not finished", id.short())));
        };
        let provenance = store.provenance(&id)?;
        let text = self
            .format()
            .render(&record, provenance.as_ref())
            .map_err(|error| Failure::new(UNEXPECTED, error.to_string()))?;
        match &self.out {
            Some(path) => {
                write_atomic(path, text.as_bytes()).map_err(|error| Failure::new(UNEXPECTED, error.to_string()))?;
                context.note(&format!("wrote {}", path.display()));
            }
            None => print!("{text}"),
        }
        Ok(())
    }

    fn format(&self) -> Format {
        let ending = self.out.as_ref().and_then(|path| path.extension()?.to_str());
        self.format.unwrap_or(match ending {
            Some(ending) => ending.parse().unwrap_or(Format::Markdown),
            None => Format::Markdown,
        })
    }
}
