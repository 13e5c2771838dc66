//! Runs a spec for the commands `run`, `report` and `verify`.

use crate::experiment::{Lab, Resolved};
use crate::report;
use crate::store::RecordId;
use crate::store::record::Record;

use super::context::Context;
use super::exit::Failure;
use super::known::Known;
use super::print::{out, print_json};

/// Runs the stages that the store does not have, and prints notes to stderr.
pub fn run(context: &Context, lab: &Lab<'_>, resolved: &Resolved) -> Result<(RecordId, Record), Failure> {
    let class = lab.backend().class();
    context.note(&format!("{}  spec {}  device class {class}", resolved.spec.name, resolved.hash.short()));
    let record = lab.run(resolved)?;
    if let Some(peak) = peak_memory() {
        context.note(&format!("peak memory {peak} MB"));
    }
    let id = RecordId::new(&resolved.hash, class);
    context.note(&format!("record {} in {}", id.short(), lab.store().root().display()));
    Ok((id, record))
}

/// Prints a record, the short report or JSON, with a hint how to see the rest of it.
pub fn print_record(context: &Context, record: &Record, json: bool) -> Result<(), Failure> {
    if json {
        print_json(record)?;
    } else {
        out!("{}", brief(context, record));
    }
    let id = RecordId::of(record);
    let all = context.command(&format!("show {} --all", id.short()));
    let page = context.command(&format!("report {} --out report.html", id.short()));
    context.note(&format!("hint: `{page}` writes a page with all tables and pictures; `{all}` prints the tables"));
    Ok(())
}

/// The short report of a record for this terminal.
pub fn brief(context: &Context, record: &Record) -> String {
    report::brief(record, Known::of(context, record).beside(), Context::width())
}

/// The whole report of a record for this terminal.
pub fn terminal(context: &Context, record: &Record) -> String {
    report::terminal(record, Known::of(context, record).beside(), Context::width())
}

/// The peak memory of this process in megabytes, if the system reports it.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024 / 1_000_000)
}
