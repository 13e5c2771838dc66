//! `nas-assay show [RECORD]`

use crate::store::RecordId;
use crate::store::record::Record;
use clap::Args;

use super::context::Context;
use super::exit::Failure;
use super::launch::{brief, terminal};
use super::print::{out, print_columns, print_json, print_rows};
use super::records::{finished, no_record_yet, usable};

/// Show a finished record as a table, or list all records
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  nas-assay show latest")]
pub struct Show {
    /// `latest`, the first digits of a spec hash, or a spec's name; without it, all records are listed
    record: Option<String>,
    /// Print all tables, not only the first
    #[arg(long, requires = "record", conflicts_with = "json")]
    all: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Show {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<(), Failure> {
        let store = context.store()?;
        let Some(reference) = &self.record else {
            return self.list(context, &store);
        };
        let (_, record) = finished(&store, reference)?;
        if self.json {
            print_json(&record)?;
        } else {
            let text = if self.all { terminal(context, &record) } else { brief(context, &record) };
            out!("{text}");
        }
        Ok(())
    }

    fn list(&self, context: &Context, store: &crate::store::Store) -> Result<(), Failure> {
        let named = |(id, record): (RecordId, Record)| (id, record.name, record.title);
        let rows: Vec<_> = usable(context, store)?.into_iter().map(named).collect();
        if self.json {
            let rows: Vec<_> = rows
                .iter()
                .map(|(id, name, title)| serde_json::json!({"record": id.as_str(), "name": name, "title": title}))
                .collect();
            print_rows("records", 1, "records", &rows)?;
            return Ok(());
        }
        if rows.is_empty() {
            return Err(no_record_yet(context));
        }
        print_columns(rows.into_iter().map(|(id, name, title)| [id.short(), name, title]))
    }
}
