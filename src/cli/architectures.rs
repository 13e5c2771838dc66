//! `nas-assay architectures`: prints architectures in any form.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::str::Utf8Error;

use crate::experiment::{ExperimentError, TruthSource};
use crate::seed::Seed;
use crate::space::spelling::{Form, Spelled, SpellingError, read, write};
use crate::space::{Architecture, SpaceId, nb101, nb201, nds};
use crate::spec::Truth;
use clap::{ArgGroup, Args};

use super::context::Context;
use super::exit::{DATA, Failure, UNEXPECTED, USAGE};
use super::print::{out, to_stderr};

/// The maximal number of lines with an error that are shown.
const SHOWN: usize = 5;

/// The number of bytes that are printed at once.
const CHUNK: usize = 1 << 16;

/// Print architectures: drawn ones, all of a space, or a file
///
/// A form is a way to write an architecture down: `text`, which specs, records and tables use, or one of another tool, such as
/// `genotype` for nb301. With a file, each line is one architecture. --from names its form; without it, a line must have only one
/// possible form.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("source").required(true).args(["count", "all", "carried", "file"])))]
#[command(override_usage = "nas-assay architectures --space SPACE <--count N|--all|--carried|FILE>")]
#[command(
    after_help = "Examples:\n  nas-assay architectures --space nb201 --count 3\n  nas-assay architectures --space nb201 --carried"
)]
pub struct Architectures {
    /// The search space
    #[arg(long, value_name = "SPACE")]
    space: SpaceId,
    /// The form to print
    #[arg(long, value_name = "FORM", default_value_t = Form::Text)]
    form: Form,
    /// Draw this many raw encodings, uniformly
    #[arg(long, value_name = "N")]
    count: Option<u64>,
    /// The seed of the draw
    #[arg(long, value_name = "K", default_value_t = 0)]
    #[arg(conflicts_with_all = ["all", "carried", "file"])]
    seed: u64,
    /// Every raw encoding of the space, in order
    #[arg(long)]
    all: bool,
    /// Those whose truth the program carries, which can be judged without data
    #[arg(long)]
    carried: bool,
    /// File with one architecture per line; `-` is stdin
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// The form of the lines [default: the only form that a line can have]
    #[arg(long, value_name = "FORM", requires = "file")]
    from: Option<Form>,
}

impl Architectures {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<(), Failure> {
        self.refuse_unknown_form(Some(self.form))?;
        self.refuse_unknown_form(self.from)?;
        let mut printer = Printer { form: self.form, text: String::new() };
        if let Some(path) = &self.file {
            return self.convert(context, path, &mut printer);
        }
        if self.carried {
            printer.print_all(self.carried_ones()?)?;
        } else if self.all {
            match self.space {
                SpaceId::Nb101 => printer.print_all(nb101::Architecture::all())?,
                SpaceId::Nb201 => printer.print_all(nb201::Architecture::all())?,
                SpaceId::NdsResnet => printer.print_all(nds::resnet::Architecture::all())?,
                SpaceId::NdsResnextA => printer.print_all(nds::resnext_a::Architecture::all())?,
                SpaceId::Table(space) => printer.print_all(space.all())?,
                SpaceId::Nb301 => {
                    let message = "nb301 has too many architectures to print them all";
                    return Err(Failure::new(USAGE, message).with_help("draw some with `--count N`"));
                }
            }
        } else {
            let mut stream = Seed::root(self.seed).child("architectures").child(self.space.name()).stream();
            printer.print_all((0..self.count.unwrap_or(0)).map(|_| self.space.sample(&mut stream)))?;
        }
        printer.flush()
    }

    /// The architectures of the carried truth of the space.
    fn carried_ones(&self) -> Result<Vec<Architecture>, Failure> {
        if let Some(why) = self.space.without_network() {
            return Err(Failure::new(USAGE, format!("no truth of {} is carried, since {why}", self.space)));
        }
        let spec = TruthSource::Carried.spec(self.space)?;
        let Truth::Trained(truth) = &spec.truth else {
            return Err(Failure::new(UNEXPECTED, format!("the carried truth of {} is no table", self.space)));
        };
        let table = crate::carried::truth(&truth.table).map_err(ExperimentError::from)?;
        Ok(table.rows.into_iter().map(|row| row.architecture).collect())
    }

    fn refuse_unknown_form(&self, form: Option<Form>) -> Result<(), Failure> {
        match form {
            Some(form) if !form.is_of(self.space) => {
                let names: Vec<String> = Form::of(self.space).iter().map(|form| format!("`{form}`")).collect();
                let message = format!("{} has no form `{form}`: its forms are {}", self.space, names.join(", "));
                Err(Failure::new(USAGE, message))
            }
            _ => Ok(()),
        }
    }

    /// Prints the architectures of a file, line by line. A line with an error is left out, and the error shown.
    fn convert(&self, context: &Context, path: &Path, printer: &mut Printer) -> Result<(), Failure> {
        let is_stdin = path == Path::new("-");
        let name = if is_stdin { "stdin".to_owned() } else { path.display().to_string() };
        let failed = |error: &io::Error| Failure::new(DATA, format!("failed to read {name}: {error}"));
        let mut lines: Box<dyn BufRead> = if is_stdin {
            Box::new(BufReader::new(io::stdin()))
        } else {
            Box::new(BufReader::new(File::open(path).map_err(|error| failed(&error))?))
        };
        let (mut number, mut wrong, mut ambiguous) = (0, 0_usize, false);
        let mut line = Vec::new();
        loop {
            line.clear();
            if lines.read_until(b'\n', &mut line).map_err(|error| failed(&error))? == 0 {
                break;
            }
            number += 1;
            match self.line(&line) {
                Ok(architecture) => printer.print(architecture)?,
                Err(unread) => {
                    wrong += 1;
                    ambiguous |= matches!(&unread, Unread::Spelling(error) if error.is_ambiguous());
                    if wrong <= SHOWN {
                        to_stderr(&format!("{name}, line {number}: {unread}"));
                    }
                }
            }
        }
        printer.flush()?;
        if wrong == 0 {
            return Ok(());
        }
        if wrong > SHOWN {
            context.note(&format!("and {} more lines", wrong - SHOWN));
        }
        let failure =
            Failure::new(DATA, format!("{wrong} of the {number} lines of {name} were not read, and are left out"));
        Err(if ambiguous { failure.with_help("name the form of the lines with `--from FORM`") } else { failure })
    }

    fn line(&self, line: &[u8]) -> Result<Architecture, Unread> {
        let text = std::str::from_utf8(line).map_err(Unread::Bytes)?;
        match read(self.space, text, self.from).map_err(Unread::Spelling)? {
            Spelled::Architecture(architecture) => Ok(architecture),
            Spelled::Hash(hash) => Err(Unread::Hash(hash)),
        }
    }
}

/// A line that is no architecture.
enum Unread {
    Bytes(Utf8Error),
    Spelling(SpellingError),
    Hash(nb101::ModuleHash),
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(error) => write!(f, "not a text: {error}"),
            Self::Spelling(error) => error.fmt(f),
            Self::Hash(hash) => write!(f, "the hash {hash} says which cell it is, but not how the cell is built"),
        }
    }
}

/// Prints architectures, one a line, many at once.
struct Printer {
    form: Form,
    text: String,
}

impl Printer {
    fn print_all<A: Into<Architecture>>(&mut self, all: impl IntoIterator<Item = A>) -> Result<(), Failure> {
        all.into_iter().try_for_each(|architecture| self.print(architecture.into()))
    }

    fn print(&mut self, architecture: Architecture) -> Result<(), Failure> {
        let written = write(architecture, self.form).map_err(|error| Failure::new(USAGE, error.to_string()))?;
        self.text += &written;
        self.text.push('\n');
        if self.text.len() >= CHUNK { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Failure> {
        if !self.text.is_empty() {
            out!("{}", self.text);
            self.text.clear();
        }
        Ok(())
    }
}
