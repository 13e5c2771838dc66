//! The report for a terminal: plain text without colour, for any width.

use nas_assay_schema::store::record::{Provenance, Record};

use crate::analysis_tables::{self, Titled};
use crate::beside::Beside;
use crate::coverage;
use crate::in_short;
use crate::other_papers;
use crate::panel_summary::PanelSummary;
use crate::printable::printable;
use crate::record_text;
use crate::summary_tables;
use crate::true_values::TrueValues;
use crate::value_text::count;
use crate::worth;
use crate::wrap::{NARROWEST, wrap};

/// The report in plain text, at most `width` characters wide.
///
/// The first lines say what became of the rows of score files. Each panel begins with a few plain sentences. The summary is one table if it fits, else two. A word longer than the width, such as the hash, is not broken.
///
/// ```
/// # let record = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/record.rs"));
/// let report = nas_assay_report::terminal(&record, None, 80);
/// assert!(report.contains("all: 5 architectures\n"));
/// ```
pub fn terminal<'a>(record: &Record, beside: impl Into<Beside<'a>>, width: u16) -> String {
    let (record, beside) = (&*printable(record), beside.into().printable());
    let beside = beside.get();
    let width = width.max(NARROWEST);
    let mut text = head(record, width);
    for whole in &record.panels {
        let worth = beside.worth_of(&whole.name);
        let panel = PanelSummary::with_worth(whole, worth);
        text += &format!("\n{}: {} architectures\n", panel.panel, count(panel.architectures));
        text += "\n";
        text.extend(in_short::sentences(whole, worth).iter().map(|said| wrap(said, width)));
        for table in summary_tables::summaries(&panel, Some(width)) {
            text += &format!("\n{}", table.terminal(width));
        }
        for reason in summary_tables::reasons(&panel.estimators) {
            text += &format!("\n{}", wrap(&reason, width));
        }
        if let Some((table, sources)) = summary_tables::numbered_comparisons(&panel.published) {
            text += &format!("\nPublished figures\n\n{}", table.terminal(width));
            for (index, source) in sources.iter().enumerate() {
                text += &wrap(&format!("[{}] {source}", index + 1), width);
            }
        }
        if let Some(others) = summary_tables::not_compared(&panel.published) {
            text += &format!("\n{}", wrap(&others, width));
        }
        text += &other_papers::terminal(beside, &whole.name, width);
        if let Some(table) = coverage::table(whole) {
            text += &format!(
                "
Rows of score files and lists

{}",
                table.terminal(width)
            );
        }
        for line in worth.iter().flat_map(|worth| worth::lines(worth)) {
            text += &format!("\n{}", wrap(&line, width));
        }
        let of_worth = worth.map(|worth| worth::all_tables(whole, worth, TrueValues::of(record))).unwrap_or_default();
        for Titled { title, table } in of_worth.into_iter().chain(analysis_tables::tables(whole)) {
            text += &format!("\n{}\n{}", wrap(title, width), table.terminal(width));
        }
    }
    text += "\n";
    text += &wrap(&format!("Truth: {}", record_text::truth(record)), width);
    for verified in record_text::checks(record) {
        text += &wrap(&format!("Truth check: {verified}"), width);
    }
    for supernet in &record.supernets {
        text += &wrap(&format!("Supernet: {}", record_text::supernet(supernet)), width);
    }
    if let Some(Provenance { version, started, device, threads, .. }) = beside.provenance {
        let run = format!("Run by nas-assay {version}, {started}, on {device}, with {threads} threads.");
        text += &wrap(&run, width);
    }
    text + &format!("\n{}\n", record_text::again(record))
}

/// What became of the rows of score files, the title, and what the record is of: the first lines of both reports for a terminal.
pub(crate) fn head(record: &Record, width: u16) -> String {
    let mut text: String = coverage::lines(record).iter().map(|line| wrap(line, width)).collect();
    text += &wrap(&record.title, width);
    text += &wrap(&format!("{} · {} · {}", record.name, record.space, record.device_class), width);
    text
}
