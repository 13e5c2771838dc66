//! What a tau of the panel is worth: the noise ceiling of its truth, structural baselines, and dead architectures.

use nas_assay_schema::store::record::PanelRecord;

use crate::analysis_tables::Titled;
use crate::html::section::{Section, Table};
use crate::html::template::keep_units;
use crate::true_values::TrueValues;
use crate::worth::{PanelWorth, detail_tables, lines, tables};

fn of_text(id: &str, found: Vec<Titled>) -> Vec<Table> {
    let table = |(place, Titled { title, table }): (usize, Titled)| {
        Table::of_text(format!("{id}-{place}"), format!("{}.", keep_units(title)), None, &table)
    };
    found.into_iter().enumerate().map(table).collect()
}

/// The sentences and tables of the other reports.
pub(super) fn worth(id: &str, panel: &PanelRecord, worth: &PanelWorth) -> Section {
    Section {
        id: format!("{id}-worth"),
        title: "What a tau is worth",
        text: keep_units(&lines(worth).join(" ")),
        tables: of_text(&format!("{id}-worth"), tables(panel, worth)),
        ..Section::default()
    }
}

/// Size, nDCG, search and samples; `None` if there are no rows.
pub(super) fn detail(id: &str, panel: &PanelRecord, worth: &PanelWorth, values: TrueValues<'_>) -> Option<Section> {
    let found = detail_tables(panel, worth, values);
    (!found.is_empty()).then(|| Section {
        id: format!("{id}-detail"),
        title: "Beyond one tau",
        text: "What a ranking says beyond the size of the architectures, what stands at its head, what a search finds that trains in its \
               order, and how much a tau of fewer architectures would move. Scores that know nothing but the size have a partial Spearman of \
               nearly 0, but a partial tau-b above it: the one says whether there is more, the other compares with what papers print. Fifths \
               by FLOPs are as large as each other, and their mean is weighted. Where scores are equal, a value is the one expected over \
               random orders of them."
            .to_owned(),
        tables: of_text(&format!("{id}-detail"), found),
        ..Section::default()
    })
}
