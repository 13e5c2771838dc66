//! `nas-assay export`: writes networks, batches and logits for other programs.

use std::path::PathBuf;

use clap::Args;

use super::context::Context;
use super::exit::{DATA, Failure, UNEXPECTED, USAGE};
use super::find_spec::find;
use super::print::{outln, print_json};
use super::signals::exit_on_signal;
use crate::experiment::{ExportError, TruthSource};
use crate::space::{Architecture, SpaceId};
use crate::spec::Precision;

/// Write networks for other programs: weights, batch and logits
///
/// For each architecture, each seed and each batch of the spec, a safetensors file holds the weights by name, `input.images`, `input.labels`
/// and `output.logits`. The key `network` of its metadata says what the network is: the space, the architecture, the sizes, and whether it is
/// a stand-alone network or the part of a supernet. A JSON file beside it says the same. `index.json` lists all files. `nas-assay score`
/// reads them back.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  nas-assay export --space nb201 --first 2 --out networks")]
pub struct Export {
    /// The folder for the files; it is made if it does not exist
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// A carried spec's name, the first digits of its hash, or the path of a TOML file
    #[arg(long, value_name = "SPEC", required_unless_present = "space")]
    spec: Option<String>,
    /// The search space; without --spec, its miniature is the spec
    #[arg(long, value_name = "SPACE", required_unless_present = "spec")]
    space: Option<SpaceId>,
    /// The panel of the spec whose architectures are written [default: the only one]
    #[arg(long, value_name = "NAME")]
    panel: Option<String>,
    /// The variant of the spec whose settings are used [default: the spec's own]
    #[arg(long, value_name = "NAME")]
    variant: Option<String>,
    /// An architecture in the space's text form, in place of those of the panel; may be given several times
    #[arg(long, value_name = "TEXT")]
    arch: Vec<String>,
    /// Only this many architectures, from the first
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    first: Option<u32>,
    /// Floating-point type of the networks [default: that of the spec]
    #[arg(long, value_name = "TYPE", value_enum)]
    dtype: Option<DtypeName>,
    /// Print the list of the files as JSON
    #[arg(long)]
    json: bool,
}

/// Floating-point widths.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum DtypeName {
    /// 32 bits
    F32,
    /// 64 bits
    F64,
}

impl Export {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<(), Failure> {
        let mut spec = match (&self.spec, self.space) {
            (Some(name), space) => {
                let spec = find(context, name)?;
                if let Some(space) = space.filter(|space| *space != spec.space) {
                    return Err(Failure::new(USAGE, format!("the spec is one of {}, not of {space}", spec.space)));
                }
                spec
            }
            (None, Some(space)) => TruthSource::Carried.spec(space)?,
            (None, None) => return Err(Failure::new(USAGE, "give --spec SPEC or --space SPACE")),
        };
        if let Some(why) = spec.space.without_network() {
            return Err(Failure::new(USAGE, why));
        }
        if let Some(dtype) = self.dtype {
            let changed = self.variant.as_ref().and_then(|name| spec.variants.get_mut(name));
            let settings = changed.and_then(|variant| variant.zero_shot.as_mut()).unwrap_or(&mut spec.zero_shot);
            settings.precision = match dtype {
                DtypeName::F32 => Precision::F32,
                DtypeName::F64 => Precision::F64,
            };
        }
        let space = spec.space;
        let parse = |text: &String| {
            Architecture::parse(space, text).map_err(|error| Failure::new(USAGE, format!("--arch {text}: {error}")))
        };
        let architectures = self.arch.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
        let lab = context.lab(None)?;
        let resolved = lab.resolve(spec)?;
        exit_on_signal()?;
        let choice = crate::experiment::Export {
            panel: self.panel.as_deref(),
            variant: self.variant.as_deref(),
            architectures: &architectures,
            first: self.first.map_or(0, |count| count as usize),
        };
        let exported = lab.export(&resolved, choice, &self.out)?;
        if self.json {
            return print_json(&exported);
        }
        let count = exported.networks.len();
        outln!("{count} {} in {}", if count == 1 { "file" } else { "files" }, self.out.display());
        Ok(())
    }
}

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Experiment(error) => error.into(),
            ExportError::Choice(_) | ExportError::Occupied(_) | ExportError::Space { .. } => {
                Self::new(USAGE, error.to_string())
            }
            ExportError::Untrained | ExportError::Folder { .. } => Self::new(DATA, error.to_string()),
            ExportError::File(_) => Self::new(UNEXPECTED, error.to_string()),
        }
    }
}
