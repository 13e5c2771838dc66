//! `nas-assay data import`

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::HumanBytes;
use nas_assay_base::digest::sha256_hex;
use nas_assay_base::nearest;
use nas_assay_data::catalogue::{SOURCES, Source, digest_of, source};
use nas_assay_data::files::Files;
use nas_assay_data::{DataError, Made};

use super::context::Context;
use super::data_files::{Needed, condition, needed};
use super::exit::{DATA, Failure, UNEXPECTED, USAGE};
use super::print::outln;
use crate::DataRoot;
use crate::experiment::Progress;
use crate::files::write_atomic;

/// Makes files of the data root from official ones.
pub(super) fn import(context: &Context, root: &DataRoot, name: &str, paths: &[PathBuf]) -> Result<(), Failure> {
    let Some(source) = source(name) else {
        let names: Vec<&str> = SOURCES.iter().map(|source| source.name).collect();
        let near = nearest(name, names.iter().copied());
        let near = near.map(|near| format!("; the nearest is `{near}`")).unwrap_or_default();
        let problem = format!("no source is called `{name}`; there is {}{near}", names.join(", "));
        return Err(Failure::new(USAGE, problem));
    };
    let progress = context.progress();
    let (made, other) = read(source, paths, progress.as_ref())?.into_iter().partition::<Vec<Made>, _>(is_due);
    for Made { path, bytes, .. } in &other {
        let due = digest_of(path).unwrap_or_default();
        outln!("left out   {path}  its numbers are not those that are known: sha256 {}, not {due}", sha256_hex(bytes));
    }
    // Everything is compared before anything is written.
    let changes: Vec<Change> = made.iter().map(|made| change(root, made)).collect::<Result<_, _>>()?;
    for (made, change) in made.iter().zip(&changes) {
        if *change != Change::Unchanged {
            write_atomic(&root.folder().join(&made.path), &made.bytes)
                .map_err(|error| Failure::new(UNEXPECTED, error.to_string()))?;
        }
        let known = if digest_of(&made.path).is_some() { "has the known digest" } else { "sha256" };
        let digest = sha256_hex(&made.bytes);
        let size = HumanBytes(made.bytes.len() as u64);
        outln!("{:<9}  {}  {size}, {known} {digest}", change.word(), made.path);
        for note in &made.notes {
            outln!("           {note}");
        }
    }
    told(context, root, &made)?;
    match other.len() {
        0 => Ok(()),
        count => {
            let tables = if count == 1 { "a table was".to_owned() } else { format!("{count} tables were") };
            Err(Failure::new(DATA, format!("{tables} not written, since the numbers are not those that are known")))
        }
    }
}

/// Whether a file has the digest that it is known by, if there is one.
fn is_due(made: &Made) -> bool {
    digest_of(&made.path).is_none_or(|due| due == sha256_hex(&made.bytes))
}

/// Reads the official files, with progress.
fn read(source: &Source, paths: &[PathBuf], progress: &dyn Progress) -> Result<Vec<Made>, Failure> {
    const MEGABYTE: u64 = 1_000_000;
    let sum = AtomicU64::new(0);
    let watch = |count: u64| {
        let before = sum.fetch_add(count, Ordering::Relaxed);
        progress.advance((before + count) / MEGABYTE - before / MEGABYTE);
    };
    let files = Files { paths, watch: &watch };
    progress.begin("reading", files.size()?.div_ceil(MEGABYTE), "MB");
    let made = (source.import)(files);
    progress.end();
    let made = made?;
    // CIFAR-10 and CIFAR-100 come in the same layouts.
    if let Some(foreign) = made.iter().find(|made| !source.makes(&made.path)) {
        let of = SOURCES.iter().find(|source| source.makes(&foreign.path)).map_or("another source", |of| of.name);
        let problem = format!("the files are those of `{of}`, not `{}`: they make {}", source.name, foreign.path);
        return Err(Failure::new(DATA, format!("{problem}; nothing is written")));
    }
    Ok(made)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    New,
    Restored,
    Unchanged,
}

impl Change {
    const fn word(self) -> &'static str {
        match self {
            Self::New => "made",
            Self::Restored => "restored",
            Self::Unchanged => "unchanged",
        }
    }
}

/// What happens with a file. One that is there with other numbers is replaced only if the new ones are known to be right.
fn change(root: &DataRoot, made: &Made) -> Result<Change, Failure> {
    let path = root.folder().join(&made.path);
    match std::fs::read(&path) {
        Ok(bytes) if bytes == made.bytes => Ok(Change::Unchanged),
        Ok(_) if digest_of(&made.path).is_some() => Ok(Change::Restored),
        Ok(_) => {
            let problem = format!("{} is there with other numbers: nothing is written", path.display());
            Err(Failure::new(DATA, problem).with_help("remove it first if the new ones shall take its place"))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Change::New),
        Err(error) => Err(Failure::new(UNEXPECTED, format!("failed to read {}: {error}", path.display()))),
    }
}

/// Says which carried specs need what was made, and what they still lack.
fn told(context: &Context, root: &DataRoot, made: &[Made]) -> Result<(), Failure> {
    let needed = needed()?;
    let (mut ready, mut lacking) = (Vec::new(), Vec::new());
    for Needed { spec, files } in &needed {
        if !files.iter().any(|file| made.iter().any(|made| made.path == *file)) {
            continue;
        }
        match files.iter().find(|file| !condition(Some(root), file).is_there()) {
            None => ready.push(spec.clone()),
            Some(file) => lacking.push((spec, file)),
        }
    }
    if !ready.is_empty() {
        context.note(&format!("these specs have all that they need: {}", ready.join(", ")));
    }
    if let Some((spec, file)) = lacking.first() {
        let how = nas_assay_schema::maker(file);
        let how = how.map(|source| format!(": `nas-assay data import {source} PATH` makes it")).unwrap_or_default();
        context.note(&format!("{spec} also needs {file}{how}"));
    }
    Ok(())
}

impl From<DataError> for Failure {
    fn from(error: DataError) -> Self {
        Self::new(DATA, format!("{error}; nothing is written"))
    }
}
