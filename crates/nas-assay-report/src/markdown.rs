//! The report in Markdown, as GitHub reads it.

use nas_assay_schema::store::record::Record;

use crate::agreement_map::{self, AgreementMap};
use crate::analysis_tables::{self, Titled};
use crate::beside::Beside;
use crate::coverage;
use crate::in_short;
use crate::other_papers;
use crate::panel_summary::PanelSummary;
use crate::printable::printable;
use crate::reading_notes::{AGAIN, NO_PROVENANCE, NOTES, WORTH_NOTE};
use crate::record_text::{self, Fact};
use crate::summary_tables;
use crate::text_table::escape_markdown;
use crate::true_values::TrueValues;
use crate::value_text::count;
use crate::worth;

/// The report in Markdown: for each panel a few plain sentences, a summary table, published figures and the tables of the analyses; then truth, supernets and
/// provenance.
///
/// ```
/// # let record = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/record.rs"));
/// let report = nas_assay_report::markdown(&record, None);
/// assert!(report.starts_with("# Two baselines on NAS-Bench-201\n"));
/// assert!(report.contains("| params | 1.000 | "));
/// ```
pub fn markdown<'a>(record: &Record, beside: impl Into<Beside<'a>>) -> String {
    let (record, beside) = (&*printable(record), beside.into().printable());
    let beside = beside.get();
    let mut text = format!("# {}\n\n", escape_markdown(&record.title));
    for line in coverage::lines(record) {
        text += &format!("{}\n\n", escape_markdown(&line));
    }
    list(&mut text, &record_text::experiment(record));
    for whole in &record.panels {
        let worth = beside.worth_of(&whole.name);
        let panel = PanelSummary::with_worth(whole, worth);
        text += &format!("\n## {}: {} architectures\n\n", escape_markdown(&panel.panel), count(panel.architectures));
        text += &format!("{}\n\n", escape_markdown(&in_short::sentences(whole, worth).join(" ")));
        for table in summary_tables::summaries(&panel, None) {
            text += &table.markdown();
        }
        for reason in summary_tables::reasons(&panel.estimators) {
            text += &format!("\n{}\n", escape_markdown(&reason));
        }
        if !panel.published.is_empty() {
            text += "\n### Published figures\n\n";
            text += &summary_tables::comparisons(&panel.published).markdown();
        }
        let others = other_papers::tables(beside, &whole.name);
        if !others.is_empty() {
            text += &format!("\n### {}\n\n{}\n", other_papers::TITLE, escape_markdown(other_papers::ABOUT));
            text.extend(others.iter().map(|table| format!("\n{}", table.markdown())));
        }
        if let Some(table) = coverage::table(whole) {
            text += &format!("\n### Rows of score files and lists\n\n{}", table.markdown());
        }
        if let Some(worth) = worth {
            text += "\n### What a tau is worth\n";
            items(&mut text, worth::lines(worth).into_iter());
        }
        let of_worth = worth.map(|worth| worth::all_tables(whole, worth, TrueValues::of(record))).unwrap_or_default();
        for Titled { title, table } in of_worth.into_iter().chain(analysis_tables::tables(whole)) {
            text += &format!("\n### {title}\n\n{}", table.markdown());
        }
        if let Some(map) = AgreementMap::of(whole) {
            text += &format!("\n### {}\n\n{}\n\n", agreement_map::TITLE, escape_markdown(agreement_map::ABOUT));
            text += &match map.folded() {
                None => map.table().markdown(),
                Some(summary) => {
                    let summary = escape_markdown(&summary);
                    format!("<details>\n<summary>{summary}</summary>\n\n{}\n</details>\n", map.table().markdown())
                }
            };
        }
    }
    text += "\n## How to read the table\n\n";
    for note in NOTES.iter().chain(beside.worth.map(|_| &WORTH_NOTE)) {
        text += &format!("- **{}**: {}\n", escape_markdown(note.term), escape_markdown(note.meaning));
    }
    text += &format!("\n## Truth\n\n{}\n", escape_markdown(&record_text::truth(record)));
    items(&mut text, record_text::checks(record));
    if !record.supernets.is_empty() {
        text += "\n## Supernets\n";
        items(&mut text, record.supernets.iter().map(record_text::supernet));
    }
    text += "\n## Provenance\n\n";
    match beside.provenance {
        Some(provenance) => list(&mut text, &record_text::provenance(provenance)),
        None => text += &format!("{NO_PROVENANCE}\n"),
    }
    text + &format!("\n{}\n", escape_markdown(AGAIN))
}

fn list(text: &mut String, facts: &[Fact]) {
    for fact in facts {
        *text += &format!("- {}: {}\n", fact.name, escape_markdown(&fact.value));
    }
}

fn items(text: &mut String, sentences: impl Iterator<Item = String>) {
    for (place, sentence) in sentences.enumerate() {
        let gap = if place == 0 { "\n" } else { "" };
        *text += &format!("{gap}- {}\n", escape_markdown(&sentence));
    }
}
