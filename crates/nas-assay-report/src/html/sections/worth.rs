//! What a tau of the panel is worth: the noise ceiling of its truth, structural baselines, and dead architectures.

use nas_assay_schema::store::record::PanelRecord;

use crate::analysis_tables::Titled;
use crate::html::section::{Section, Table};
use crate::html::template::keep_units;
use crate::worth::{PanelWorth, lines, tables};

/// The sentences and tables of the other reports.
pub(super) fn worth(id: &str, panel: &PanelRecord, worth: &PanelWorth) -> Section {
    let table = |(place, Titled { title, table }): (usize, Titled)| {
        Table::of_text(format!("{id}-worth-{place}"), format!("{}.", keep_units(title)), None, &table)
    };
    Section {
        id: format!("{id}-worth"),
        title: "What a tau is worth",
        text: keep_units(&lines(worth).join(" ")),
        tables: tables(panel, worth).into_iter().enumerate().map(table).collect(),
        ..Section::default()
    }
}
