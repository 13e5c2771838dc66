//! The report for a terminal. It needs neither colour nor a wide window.

use nas_assay_schema::store::record::{Provenance, Record};

use super::brief::{self, Titled};
use super::facts;
use super::number::count;
use super::summary::PanelSummary;
use super::table;

/// The narrowest terminal that lines are fitted to, in characters.
pub(super) const NARROWEST: u16 = 40;

/// The report in plain text, at most `width` characters wide.
///
/// The summary is one table where it fits and two where it does not. A word longer than the width, such as the hash, is not broken.
pub fn terminal(record: &Record, provenance: Option<&Provenance>, width: u16) -> String {
    let width = width.max(NARROWEST);
    let mut text = wrap(&record.title, width);
    text += &wrap(&format!("{} · {} · {}", record.name, record.space, record.device_class), width);
    for (panel, whole) in record.panels.iter().map(|panel| (PanelSummary::new(panel), panel)) {
        text += &format!("\n{}: {} architectures\n\n", panel.panel, count(panel.architectures));
        let tables = table::summaries(&panel.estimators, Some(width));
        text += &tables.iter().map(|table| table.terminal(width)).collect::<Vec<_>>().join("\n");
        if !panel.published.is_empty() {
            let (table, sources) = table::numbered_comparisons(&panel.published);
            text += &format!("\nPublished figures\n\n{}", table.terminal(width));
            for (index, source) in sources.iter().enumerate() {
                text += &wrap(&format!("[{}] {source}", index + 1), width);
            }
        }
        for Titled { title, table } in brief::tables(whole) {
            text += &format!("\n{}\n{}", wrap(title, width), table.terminal(width));
        }
    }
    text += "\n";
    text += &wrap(&format!("Truth: {}", facts::truth(record)), width);
    for verified in &record.truth.verified {
        text += &wrap(&format!("Truth checked: {}", facts::verified(verified)), width);
    }
    for supernet in &record.supernets {
        text += &wrap(&format!("Supernet: {}", facts::supernet(supernet)), width);
    }
    if let Some(Provenance { version, started, device, threads, .. }) = provenance {
        let run = format!("Run by nas-assay {version}, {started}, on {device}, with {threads} threads.");
        text += &wrap(&run, width);
    }
    text + &format!("\n{}\n", facts::again(record))
}

/// Breaks a line between words, further lines indented by two.
pub(super) fn wrap(line: &str, width: u16) -> String {
    let mut text = String::new();
    let mut used = 0;
    for word in line.split_whitespace() {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > usize::from(width) {
            text += "\n  ";
            used = 2;
        } else if used > 0 {
            text.push(' ');
            used += 1;
        }
        text += word;
        used += length;
    }
    text + "\n"
}
