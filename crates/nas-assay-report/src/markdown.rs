//! The report in GitHub's Markdown.

use nas_assay_schema::store::record::{Provenance, Record};

use super::brief::{self, Titled};
use super::facts::{self, Fact};
use super::number::count;
use super::summary::PanelSummary;
use super::table::{self, escape};
use super::{AGAIN, NO_PROVENANCE, NOTES};

/// The report in Markdown: a summary table a panel, published figures, the analyses in short, truth, supernets, provenance.
pub fn markdown(record: &Record, provenance: Option<&Provenance>) -> String {
    let mut text = format!("# {}\n\n", escape(&record.title));
    list(&mut text, &facts::experiment(record));
    for (panel, whole) in record.panels.iter().map(|panel| (PanelSummary::new(panel), panel)) {
        text += &format!("\n## {}: {} architectures\n\n", escape(&panel.panel), count(panel.architectures));
        for table in table::summaries(&panel.estimators, None) {
            text += &table.markdown();
        }
        if !panel.published.is_empty() {
            text += "\n### Published figures\n\n";
            text += &table::comparisons(&panel.published).markdown();
        }
        for Titled { title, table } in brief::tables(whole) {
            text += &format!("\n### {title}\n\n{}", table.markdown());
        }
    }
    text += "\n## How to read the table\n\n";
    for note in NOTES {
        text += &format!("- **{}**: {}\n", escape(note.term), escape(note.meaning));
    }
    text += &format!("\n## Truth\n\n{}\n", escape(&facts::truth(record)));
    items(&mut text, record.truth.verified.iter().map(facts::verified));
    if !record.supernets.is_empty() {
        text += "\n## Supernets\n";
        items(&mut text, record.supernets.iter().map(facts::supernet));
    }
    text += "\n## Provenance\n\n";
    match provenance {
        Some(provenance) => list(&mut text, &facts::provenance(provenance)),
        None => text += &format!("{NO_PROVENANCE}\n"),
    }
    text + &format!("\n{}\n", escape(AGAIN))
}

fn list(text: &mut String, facts: &[Fact]) {
    for fact in facts {
        *text += &format!("- {}: {}\n", fact.name, escape(&fact.value));
    }
}

fn items(text: &mut String, sentences: impl Iterator<Item = String>) {
    for (place, sentence) in sentences.enumerate() {
        let gap = if place == 0 { "\n" } else { "" };
        *text += &format!("{gap}- {}\n", escape(&sentence));
    }
}
