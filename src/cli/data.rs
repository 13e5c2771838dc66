//! `nas-assay data list|check|import`

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use comfy_table::{ColumnConstraint, ContentArrangement, Table, TableStyle};
use nas_assay_base::digest::sha256_of;
use nas_assay_data::catalogue::{Known, Official, SOURCES, Source, known};
use serde::Serialize;

use super::context::Context;
use super::data_files::{Condition, Needed, condition, needed, specs_with};
use super::data_import::import;
use super::exit::{DATA, Failure, NOTHING, USAGE};
use super::print::{outln, print_document};
use crate::DataRoot;
use crate::truth::nb201::OLDER;

/// List, check and import real data
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  nas-assay data list --data-root DATA")]
pub struct DataCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the files of a data root, and what makes them
    ///
    /// It says which files are at hand, what makes them, and which specs need them; then it lists the official files.
    #[command(after_help = "Example:\n  nas-assay data list --data-root DATA")]
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Compare the files of the data root with the known digests
    #[command(after_help = "Example:\n  nas-assay data check --data-root DATA")]
    Check {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Make files of the data root from official ones
    ///
    /// No code in them is run. If a file is not as it should be, nothing is written.
    #[command(after_help = "Example:\n  nas-assay data import cifar10 cifar-10-binary.tar.gz --data-root DATA")]
    Import {
        /// Where the files are from: cifar10, cifar100, imagenet16, authors, nb201, freerea, nds, nb101, nb301, suite-zero, sss,
        /// hardware or tnb101
        #[arg(value_name = "SOURCE")]
        source: String,
        /// Official files, archives, or folders of them
        #[arg(value_name = "PATH", required = true)]
        paths: Vec<PathBuf>,
    },
}

impl DataCommand {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<(), Failure> {
        match &self.action {
            Action::List { json } => list(context, *json),
            Action::Check { json } => check(context, *json),
            Action::Import { source, paths } => import(context, &wanted_root(context)?, source, paths),
        }
    }
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_style(TableStyle::new())
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(Context::width());
    table.set_header(header.iter().copied());
    table
}

fn list(context: &Context, json: bool) -> Result<(), Failure> {
    let root = context.data_root();
    let needed = needed()?;
    let rows: Vec<Row> =
        known().into_iter().map(|file| Row::of(root.as_ref(), file.path, file.sha256, &needed)).collect();
    if json {
        let sources: Vec<_> = SOURCES.iter().map(described).collect();
        return print_document("data list", 1, &serde_json::json!({"files": rows, "sources": sources}));
    }
    let mut files = table(&["file", "at hand", "made from"]);
    for row in &rows {
        let from = if row.sources.is_empty() { "-".to_owned() } else { row.sources.join(", ") };
        files.add_row([row.path.clone(), row.condition.word().to_owned(), from]);
    }
    let mut specs = table(&["spec", "lacks"]);
    for Needed { spec, files } in &needed {
        let lacks = files.iter().filter(|file| !condition(root.as_ref(), file).is_there());
        let lacks: Vec<&str> = lacks.map(String::as_str).collect();
        specs.add_row([spec.clone(), if lacks.is_empty() { "nothing".to_owned() } else { lacks.join("\n") }]);
    }
    for table in [&mut files, &mut specs] {
        // A path on one line can be copied.
        table.column_iter_mut().take(2).for_each(|column| {
            column.set_constraint(ColumnConstraint::ContentWidth);
        });
    }
    outln!("{files}\n\n{specs}");
    if root.is_none() {
        outln!("\nno data root was given: --data-root DIR or NAS_ASSAY_DATA names it");
    }
    for Source { name, title, official, makes, .. } in SOURCES {
        outln!("\n{name}: {title}\n  `nas-assay data import {name} PATH...` makes {}", makes.join(", "));
        for Official { name, size, digest, licence, from } in *official {
            let size = match *size {
                "" => "size unknown".to_owned(),
                size if size.ends_with('B') => size.to_owned(),
                size => format!("{size} bytes"),
            };
            let digest = if digest.is_empty() { "no digest published" } else { digest };
            outln!("  - {name}: {size}; {digest}\n    licence: {licence}; from {from}");
        }
    }
    Ok(())
}

/// A source as JSON.
fn described(source: &Source) -> serde_json::Value {
    let Source { name, title, official, makes, .. } = source;
    let official: Vec<_> = official
        .iter()
        .map(|Official { name, size, digest, licence, from }| {
            serde_json::json!({"name": name, "size": size, "digest": digest, "licence": licence, "from": from})
        })
        .collect();
    serde_json::json!({"name": name, "title": title, "makes": makes, "official": official})
}

/// A known file.
#[derive(Serialize)]
struct Row {
    path: String,
    sha256: &'static str,
    condition: Condition,
    /// The sources that make it.
    sources: Vec<&'static str>,
    /// The carried specs that need it.
    specs: Vec<String>,
}

impl Row {
    fn of(root: Option<&DataRoot>, path: String, sha256: &'static str, needed: &[Needed]) -> Self {
        let sources = SOURCES.iter().filter(|source| source.makes(&path)).map(|source| source.name).collect();
        let specs = specs_with(needed, &path);
        Self { condition: condition(root, &path), sha256, sources, specs, path }
    }
}

fn check(context: &Context, json: bool) -> Result<(), Failure> {
    let root = wanted_root(context)?;
    let mut rows = Vec::new();
    for file in known() {
        let condition = match root.resolve(&file.path) {
            Err(_) => condition(Some(&root), &file.path),
            Ok(path) if digest(&path)? == file.sha256 => Condition::Whole,
            Ok(_) => Condition::Other,
        };
        rows.push((file, condition));
    }
    if let Some(condition) = older(&root)? {
        rows.push((Known { path: OLDER.0.to_owned(), sha256: OLDER.1 }, condition));
    }
    let others = others(&root, &rows)?;
    let count = |wanted: Condition| rows.iter().filter(|(_, condition)| *condition == wanted).count();
    let (whole, other) = (count(Condition::Whole), count(Condition::Other));
    if json {
        let files: Vec<_> = rows
            .iter()
            .map(|(file, condition)| serde_json::json!({"path": file.path, "sha256": file.sha256, "condition": condition}))
            .collect();
        let others: Vec<_> =
            others.iter().map(|(path, sha256)| serde_json::json!({"path": path, "sha256": sha256})).collect();
        print_document("data check", 1, &serde_json::json!({"known": files, "others": others}))?;
    } else {
        for (file, condition) in &rows {
            outln!("{:<13}  {}", condition.word(), file.path);
        }
        for (path, sha256) in &others {
            outln!("{:<13}  {path}  sha256 {sha256}", "not known");
        }
        outln!("{whole} of {} known files are there and have the known digest", rows.len());
    }
    match other {
        0 if whole == 0 && count(Condition::Older) == 0 && others.is_empty() => {
            let is_there = root.folder().is_dir();
            let what = if is_there { "has no known file" } else { "is no folder" };
            let problem = format!("{} {what}", root.folder().display());
            Err(Failure::new(NOTHING, problem)
                .with_help("`nas-assay data list` says which there are, and what makes them"))
        }
        0 => Ok(()),
        _ => {
            let problem =
                format!("{other} of the known files {} another digest", if other == 1 { "has" } else { "have" });
            Err(Failure::new(DATA, problem)
                .with_help("remove them, and import them again: `nas-assay data list` says from what"))
        }
    }
}

/// Whether the older table of NAS-Bench-201 is whole, if it is there.
fn older(root: &DataRoot) -> Result<Option<Condition>, Failure> {
    let Ok(path) = root.resolve(OLDER.0) else { return Ok(None) };
    Ok(Some(if digest(&path)? == OLDER.1 { Condition::Whole } else { Condition::Other }))
}

/// The files in the folders of the known ones that are not known, with their SHA-256, in order: a spec can declare it.
fn others(root: &DataRoot, rows: &[(Known, Condition)]) -> Result<Vec<(String, String)>, Failure> {
    let folders = rows.iter().filter_map(|(file, _)| Some(file.path.rsplit_once('/')?.0)).chain(OTHER_FOLDERS);
    let mut others = Vec::new();
    for folder in folders.collect::<BTreeSet<&str>>() {
        let Ok(entries) = std::fs::read_dir(root.folder().join(folder)) else { continue };
        for entry in entries.filter_map(Result::ok) {
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_file() && !rows.iter().any(|(file, _)| file.path == path) {
                let digest = digest(&entry.path())?;
                others.push((path, digest));
            }
        }
    }
    others.sort();
    Ok(others)
}

/// Folders that have no known file.
const OTHER_FOLDERS: [&str; 7] =
    ["cost", "scores/suite-zero", "truth/hardware", "truth/nats_sss", "truth/nb101", "truth/nb301", "truth/tnb101"];

/// The SHA-256 of a file of any size.
fn digest(path: &Path) -> Result<String, Failure> {
    let digest = File::open(path).and_then(sha256_of);
    digest.map_err(|error| Failure::new(DATA, format!("failed to read {}: {error}", path.display())))
}

/// The data root that was given.
fn wanted_root(context: &Context) -> Result<DataRoot, Failure> {
    context.data_root().ok_or_else(|| {
        Failure::new(USAGE, "no data root was given")
            .with_help("give --data-root DIR or set NAS_ASSAY_DATA; a new folder will do")
    })
}
