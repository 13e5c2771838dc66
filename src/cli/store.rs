//! `nas-assay store check|clean|size|list`, and the commands of [`super::store_merge`]

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use humantime::format_rfc3339_seconds;
use indicatif::HumanBytes;
use nas_assay_base::text::printable;

use super::context::Context;
use super::exit::{Failure, MISMATCH};
use super::print::{counted, outln, print_document, print_rows};
use super::records::no_record_yet;
use super::store_merge::{merge, pack, unpack};
use crate::store::survey::{Condition, Entry, Kind};
use crate::store::{Held, RecordId, Store};

/// So many files of others are named.
const NAMED: usize = 10;

/// Check the store, list and clean it, and move it
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  nas-assay store list")]
pub struct StoreCommand {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Check every file of the store
    ///
    /// It finds damage, leftovers of killed runs, newer formats, and files that are not from nas-assay.
    #[command(after_help = "Example:\n  nas-assay store check --repair")]
    Check {
        /// Remove what is damaged and what nothing will read again; the next run makes what is missing
        #[arg(long)]
        repair: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Remove what killed runs have left and nothing will read again
    #[command(after_help = "Example:\n  nas-assay store clean")]
    Clean,
    /// Say how much space the files of each kind take
    #[command(after_help = "Example:\n  nas-assay store size")]
    Size {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// List the records, finished or not, with name, date and size
    #[command(after_help = "Example:\n  nas-assay store list")]
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Write the store into one file, for another machine
    ///
    /// The file is an uncompressed tar archive. It gets everything that is undamaged, also interrupted trainings and
    /// scores. The same store always gives the same bytes.
    #[command(after_help = "Example:\n  nas-assay store pack store.tar")]
    Pack {
        /// The archive; `-` is stdout
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Put the files of an archive of `store pack` into the store
    ///
    /// Files that the store holds are left as they are. The whole archive is checked first. Nothing is written if a
    /// file has other content in the store than in the archive.
    #[command(after_help = "Example:\n  nas-assay store unpack store.tar")]
    Unpack {
        /// The archive; `-` is stdin
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Put the files of other stores into the store
    ///
    /// Files that the store holds are left as they are. All files are checked first. Nothing is written if a place has different contents in
    /// two stores.
    #[command(after_help = "Example:\n  nas-assay store merge other/.nas-assay")]
    Merge {
        /// The folders of other stores
        #[arg(value_name = "OTHER", required = true)]
        others: Vec<PathBuf>,
    },
}

impl StoreCommand {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<(), Failure> {
        let store = context.store()?;
        match &self.action {
            &Action::Check { repair, json } => check(context, &store, repair, json),
            Action::Clean => clean(&store),
            &Action::Size { json } => size(&store, json),
            &Action::List { json } => list(context, &store, json),
            Action::Pack { file } => pack(context, &store, file),
            Action::Unpack { file } => unpack(context, &store, file),
            Action::Merge { others } => merge(context, &store, others),
        }
    }
}

fn check(context: &Context, store: &Store, repair: bool, json: bool) -> Result<(), Failure> {
    let entries = store.survey()?;
    if json {
        let odd: Vec<_> = entries.iter().filter(|entry| entry.condition != Condition::Whole).collect();
        let found = serde_json::json!({"files": entries.len(), "odd": odd});
        print_document("store check", 1, &found)?;
    } else {
        let is_foreign = |entry: &&Entry| entry.condition == Condition::Foreign;
        let foreign: Vec<&Entry> = entries.iter().filter(is_foreign).collect();
        let odd = entries.iter().filter(|entry| entry.condition != Condition::Whole && !is_foreign(entry));
        for entry in odd.chain(foreign.iter().copied().take(NAMED)) {
            let line = format!("{:<10}  {}  {}", word(&entry.condition), printable(&entry.place), reason(entry));
            outln!("{}", line.trim_end());
        }
        if foreign.len() > NAMED {
            outln!("{:<10}  {} more", "foreign", files(foreign.len() - NAMED));
        }
    }
    let count = |wanted: fn(&Condition) -> bool| entries.iter().filter(|entry| wanted(&entry.condition)).count();
    let whole = count(|condition| *condition == Condition::Whole);
    let leftovers = count(|condition| matches!(condition, Condition::Leftover(_)));
    let bad = unusable(&entries);
    if !json {
        outln!("{whole} of {} whole", files(entries.len()));
    }
    if repair {
        let (mut removed, mut left) = (Vec::new(), entries);
        // What names a removed file is damaged by that, such as the name of the latest record.
        loop {
            let now = store.remove(left.iter().filter(|entry| entry.condition.can_be_removed()))?;
            if now.is_empty() {
                break;
            }
            removed.extend(now.into_iter().cloned());
            left = store.survey()?;
        }
        if !json {
            told(&removed.iter().collect::<Vec<_>>())?;
        }
        return match unusable(&left) {
            0 => Ok(()),
            rest => Err(Failure::new(MISMATCH, format!("{} cannot be used, and cannot be removed", files(rest)))),
        };
    }
    match bad {
        0 if leftovers == 0 => Ok(()),
        0 => {
            if !json {
                outln!("`{}` removes what is left over: {}", context.command("store clean"), files(leftovers));
            }
            Ok(())
        }
        _ => {
            let failure = Failure::new(MISMATCH, format!("{} cannot be used", files(bad)));
            // What a newer program wrote, or what cannot be read, is not removed.
            Err(if count(|condition| matches!(condition, Condition::Damaged(_))) == 0 {
                failure
            } else {
                let repair = context.command("store check --repair");
                failure.with_help(format!("`{repair}` removes damaged files, and the next run makes them again"))
            })
        }
    }
}

/// How many files cannot be used: they are damaged, of a newer program, or cannot be read.
fn unusable(entries: &[Entry]) -> usize {
    let is_bad =
        |condition: &Condition| !matches!(condition, Condition::Whole | Condition::Leftover(_) | Condition::Foreign);
    entries.iter().filter(|entry| is_bad(&entry.condition)).count()
}

fn clean(store: &Store) -> Result<(), Failure> {
    let entries = store.survey()?;
    let leftovers = entries.iter().filter(|entry| matches!(entry.condition, Condition::Leftover(_)));
    told(&store.remove(leftovers)?)
}

fn told(removed: &[&Entry]) -> Result<(), Failure> {
    let bytes: u64 = removed.iter().map(|entry| entry.bytes).sum();
    outln!("removed {}, {}", files(removed.len()), HumanBytes(bytes));
    Ok(())
}

fn size(store: &Store, json: bool) -> Result<(), Failure> {
    let mut sizes: BTreeMap<Kind, (usize, u64)> = BTreeMap::new();
    for entry in store.survey()? {
        let (files, bytes) = sizes.entry(entry.kind).or_default();
        *files += 1;
        *bytes += entry.bytes;
    }
    if json {
        let row = |(kind, (files, bytes))| serde_json::json!({"kind": kind, "files": files, "bytes": bytes});
        let rows: Vec<_> = sizes.into_iter().map(row).collect();
        print_rows("store size", 1, "kinds", &rows)?;
        return Ok(());
    }
    let width = Kind::ALL.map(|kind| kind.title().len()).into_iter().max().unwrap_or(0);
    let line = |title: &str, files: usize, bytes: u64| {
        outln!("{title:<width$}  {files:>7} files  {:>12}", HumanBytes(bytes).to_string());
        Ok::<(), Failure>(())
    };
    for kind in Kind::ALL {
        if let Some(&(files, bytes)) = sizes.get(&kind) {
            line(kind.title(), files, bytes)?;
        }
    }
    let all = sizes.values().fold((0, 0), |(files, bytes), of| (files + of.0, bytes + of.1));
    line("all", all.0, all.1)
}

/// A record as a line of a list.
struct Row {
    id: RecordId,
    name: String,
    started: Option<String>,
    bytes: u64,
    condition: String,
}

fn list(context: &Context, store: &Store, json: bool) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for id in store.begun()? {
        let mut started = None;
        for held in store.provenance(&id)? {
            if let Held::Whole(provenance) = held {
                started = Some(provenance.started);
            }
        }
        let written = store.written(&id);
        let started = started.or_else(|| written.map(|(_, time)| format_rfc3339_seconds(time).to_string()));
        let (name, condition) = match store.record(&id) {
            Ok(Some(record)) => (printable(&record.name).into_owned(), "finished".to_owned()),
            Ok(None) => (String::new(), "not finished".to_owned()),
            Err(error) => {
                context.note(&error.to_string());
                (String::new(), "cannot be used".to_owned())
            }
        };
        rows.push(Row { id, name, started, bytes: written.map_or(0, |(bytes, _)| bytes), condition });
    }
    if json {
        let row = |row: Row| {
            let Row { id, name, started, bytes, condition } = row;
            serde_json::json!({
                "record": id.as_str(), "name": name, "started": started, "bytes": bytes, "condition": condition
            })
        };
        let rows: Vec<_> = rows.into_iter().map(row).collect();
        print_rows("store list", 1, "records", &rows)?;
        return Ok(());
    }
    if rows.is_empty() {
        return Err(no_record_yet(context));
    }
    let width = rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
    for Row { id, name, started, bytes, condition } in rows {
        let started = started.unwrap_or_default();
        outln!("{}  {name:<width$}  {started:<20}  {:>11}  {condition}", id.short(), HumanBytes(bytes).to_string());
    }
    Ok(())
}

pub(super) fn files(count: usize) -> String {
    counted(count, "file")
}

fn word(condition: &Condition) -> &'static str {
    match condition {
        Condition::Whole => "whole",
        Condition::Damaged(_) => "damaged",
        Condition::Newer(_) => "newer",
        Condition::Unreadable(_) => "unreadable",
        Condition::Leftover(_) => "leftover",
        Condition::Foreign => "foreign",
    }
}

pub(super) fn reason(entry: &Entry) -> &str {
    match &entry.condition {
        Condition::Damaged(why) | Condition::Newer(why) | Condition::Unreadable(why) => why,
        Condition::Leftover(why) => why,
        Condition::Whole | Condition::Foreign => "",
    }
}
