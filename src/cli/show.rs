//! `nas-assay show [RECORD]`

use crate::report;
use crate::store::to_json;
use clap::Args;

use super::context::Context;
use super::exit::{Failure, NOTHING, UNEXPECTED};
use super::records::finished;

/// Show a finished record, or list them all
#[derive(Debug, Args)]
pub struct Show {
    /// `latest`, the first digits of a spec hash, or a spec's name; without it, all records are listed
    record: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Show {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<(), Failure> {
        let store = context.store()?;
        let Some(reference) = &self.record else {
            return self.list(&store);
        };
        let (_, record) = finished(&store, reference)?;
        if self.json {
            print!("{}", to_json(&record).map_err(|error| Failure::new(UNEXPECTED, error.to_string()))?);
        } else {
            print!("{}", report::terminal(&record, None, Context::width()));
        }
        Ok(())
    }

    fn list(&self, store: &crate::store::Store) -> Result<(), Failure> {
        let mut rows = Vec::new();
        for id in store.records()? {
            if let Some(record) = store.record(&id)? {
                rows.push((id, record.name, record.title));
            }
        }
        if self.json {
            let rows: Vec<_> = rows
                .iter()
                .map(|(id, name, title)| serde_json::json!({"record": id.as_str(), "name": name, "title": title}))
                .collect();
            print!("{}", to_json(&rows).map_err(|error| Failure::new(UNEXPECTED, error.to_string()))?);
            return Ok(());
        }
        if rows.is_empty() {
            let problem = format!("the store {} holds no record yet", store.root().display());
            return Err(Failure::new(NOTHING, problem).with_help("`nas-assay run nb201-micro` makes one"));
        }
        for (id, name, title) in rows {
            println!("{}  {name}  {title}", id.short());
        }
        Ok(())
    }
}
