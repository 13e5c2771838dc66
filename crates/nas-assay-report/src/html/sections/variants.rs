//! What a variant of an estimator changes, compared with the spec's own settings.

use nas_assay_criteria::Criterion;
use nas_assay_schema::store::record::{InsideRecord, VariantRecord};

use super::shown::Shown;
use crate::html::section::{Section, Table, TableRow, cell, cells, heading, outcome};
use crate::value_text::{self, mean_score};

/// A table of variants, and one of pruned supernets.
pub(super) fn variants(shown: &Shown<'_>) -> Option<Section> {
    let variants = &shown.panel.analyses.variants;
    if variants.is_empty() {
        return None;
    }
    let row = |record: &VariantRecord| TableRow {
        name: record.estimator.clone(),
        about: String::new(),
        cells: vec![
            cell(&record.variant),
            cell(&value_text::value(Criterion::TauB, record.agreement)),
            outcome(&record.outcome),
        ],
    };
    let headings = [
        ["Estimator", ""],
        ["Variant", ""],
        ["Agreement", "tau-b of the two scores"],
        ["Change", "of tau-b with the truth"],
    ];
    let table = Table {
        id: format!("{}-variants-table", shown.id),
        caption: "The variant compared with the spec's own settings.".to_owned(),
        folded: None,
        classes: Vec::new(),
        square: false,
        headings: headings.map(|[text, below]| heading(text, below)).to_vec(),
        rows: variants.iter().map(row).collect(),
    };
    Some(Section {
        id: format!("{}-variants", shown.id),
        title: "Variants",
        text: "Each estimator with the settings of a variant, compared with the spec's own settings: how far the two rankings agree, and \
               how the variant changes the agreement with the truth."
            .to_owned(),
        tables: [table].into_iter().chain(kept(shown)).collect(),
        ..Section::default()
    })
}

/// Pruned supernets on the architectures that they kept.
fn kept(shown: &Shown<'_>) -> Option<Table> {
    let row = |record: &VariantRecord| {
        let kept = record.kept.as_ref()?;
        let both =
            |show: &dyn Fn(&InsideRecord) -> String| cells(&show(&kept.variant), &format!("own {}", show(&kept.own)));
        Some(TableRow {
            name: record.estimator.clone(),
            about: format!(
                "{} of {} kept",
                value_text::count(kept.architectures),
                value_text::count(shown.panel.architectures.len())
            ),
            cells: vec![
                both(&|inside| value_text::value(Criterion::TauB, inside.tau_b)),
                outcome(&kept.outcome),
                both(&|inside| mean_score(inside)),
            ],
        })
    };
    let rows: Vec<TableRow> = shown.panel.analyses.variants.iter().filter_map(row).collect();
    let headings = [
        ["Estimator", "architectures of the panel"],
        ["Tau-b", "of the pruned, of the spec's own"],
        ["Change", "of tau-b with the truth"],
        ["Mean score", "of the pruned, of the spec's own"],
    ];
    (!rows.is_empty()).then(|| Table {
        id: format!("{}-kept-table", shown.id),
        caption: "On the architectures that pruning kept: the pruned supernet compared with the spec's own.".to_owned(),
        folded: None,
        classes: Vec::new(),
        square: false,
        headings: headings.map(|[text, below]| heading(text, below)).to_vec(),
        rows,
    })
}
