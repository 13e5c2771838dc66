//! `nas-assay store pack|unpack|merge`: stores without a shared disk.

use std::io;
use std::path::{Path, PathBuf};

use indicatif::HumanBytes;
use nas_assay_base::text::printable;

use super::context::Context;
use super::exit::{DATA, Failure, MISMATCH, NOTHING, UNEXPECTED};
use super::print::outln;
use super::store::{files, reason};
use crate::files::write_output_by;
use crate::store::merge::MergeError;
use crate::store::source::{PackError, Source};
use crate::store::survey::Entry;
use crate::store::workers::host_name;
use crate::store::{Store, command, quoted};

/// The version of the program, for archives.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// `nas-assay store pack FILE`
pub fn pack(context: &Context, store: &Store, file: &Path) -> Result<(), Failure> {
    let pack = store.pack(host_name().as_deref(), VERSION)?;
    if pack.is_empty() {
        return Err(Failure::new(NOTHING, format!("the store {} holds nothing to pack", store.root().display())));
    }
    let mut outcome = Ok(0);
    let is_stdout = file == Path::new("-");
    if is_stdout {
        outcome = pack.write(&mut io::stdout().lock());
    } else {
        // An error of the store is not one of the file that is written.
        let written = write_output_by(file, |to| {
            outcome = pack.write(to);
            match &mut outcome {
                Err(PackError::Write(error)) => Err(std::mem::replace(error, io::ErrorKind::Other.into())),
                Err(PackError::Store(_)) => Err(io::ErrorKind::Other.into()),
                Ok(_) => Ok(()),
            }
        });
        if let Err(error) = written
            && !matches!(outcome, Err(PackError::Store(_)))
        {
            return Err(Failure::new(UNEXPECTED, error.to_string()));
        }
    }
    let count = outcome.map_err(|error| match error {
        PackError::Store(error) => error.into(),
        PackError::Write(error) if error.kind() == io::ErrorKind::BrokenPipe => Failure::reader_gone(),
        PackError::Write(error) => Failure::new(UNEXPECTED, format!("failed to write to stdout: {error}")),
    })?;
    let to = if is_stdout { "stdout".into() } else { file.to_string_lossy() };
    context.note(&format!("wrote {to}: {}", files(count)));
    left_out(context, &[(store.root(), pack.left_out())])
}

/// `nas-assay store unpack FILE`
pub fn unpack(context: &Context, store: &Store, file: &Path) -> Result<(), Failure> {
    let source = if file == Path::new("-") {
        Source::archive_from(Path::new("stdin"), &mut io::stdin().lock())
    } else {
        Source::archive(file)
    };
    into(context, store, vec![source?])
}

/// `nas-assay store merge OTHER...`
pub fn merge(context: &Context, store: &Store, others: &[PathBuf]) -> Result<(), Failure> {
    let mut sources = Vec::with_capacity(others.len());
    for other in others {
        sources.push(Source::folder(other).map_err(|error| match error {
            MergeError::NoStore { .. } if other.is_file() => {
                let unpack = context.command(&format!("store unpack {}", quoted(&other.to_string_lossy())));
                Failure::new(DATA, error.to_string()).with_help(format!("use `{unpack}` if it is an archive"))
            }
            error => error.into(),
        })?);
    }
    into(context, store, sources)
}

fn into(context: &Context, store: &Store, mut sources: Vec<Source>) -> Result<(), Failure> {
    let merged = store.merge(&mut sources)?;
    for progress in &merged.progress {
        context.note(&format!(
            "{}: several stores have begun it; the larger file stays, that of {}",
            progress.place,
            progress.stays.display()
        ));
    }
    outln!("merged {}, {}; {} there already", files(merged.written), HumanBytes(merged.bytes), files(merged.same));
    let odd: Vec<(&Path, &[Entry])> = sources.iter().map(|source| (source.path(), source.left_out())).collect();
    left_out(context, &odd)
}

/// Names the damaged files of stores, and says how to get rid of those of the first.
fn left_out(context: &Context, stores: &[(&Path, &[Entry])]) -> Result<(), Failure> {
    for (root, entries) in stores {
        for entry in *entries {
            let path = root.join(&entry.place);
            context.note(&format!("left out: {}: {}", printable(&path.to_string_lossy()), reason(entry)));
        }
    }
    let count = stores.iter().map(|(_, entries)| entries.len()).sum();
    match stores.iter().find(|(_, entries)| !entries.is_empty()) {
        None => Ok(()),
        Some((root, _)) => {
            let repair = command(root, "store check --repair");
            let help = format!("`{repair}` removes damaged files, and the next run makes them again");
            Err(Failure::new(MISMATCH, format!("{} cannot be used, and the rest was taken", files(count)))
                .with_help(help))
        }
    }
}

impl From<MergeError> for Failure {
    fn from(error: MergeError) -> Self {
        let message = error.to_string();
        match error {
            MergeError::Store(error) => error.into(),
            MergeError::Conflict(_) => Self::new(MISMATCH, message).with_help(
                "a place covers all settings and versions that its content depends on: one of the two machines, or its program, computed \
                 something else",
            ),
            MergeError::Archive { .. } | MergeError::NoStore { .. } | MergeError::Read { .. } => {
                Self::new(DATA, message)
            }
            MergeError::Overtaken { .. } | MergeError::OtherFormat { .. } => Self::new(UNEXPECTED, message),
        }
    }
}
