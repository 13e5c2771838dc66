//! Ceilings, structural baselines and dead architectures as tables of text.

use nas_assay_criteria::{CeilingAt, Criterion, percent};
use nas_assay_schema::store::record::PanelRecord;

use super::lines::share;
use super::{Dead, KnownCeiling, PanelWorth, WorthRow};
use crate::analysis_tables::Titled;
use crate::checkpoints::latest;
use crate::text_table::TextTable;
use crate::value_text::{self, NONE, count};

/// The tables of a panel that have rows. Of a supernet with several checkpoints they show the last one.
pub(crate) fn tables(panel: &PanelRecord, worth: &PanelWorth) -> Vec<Titled> {
    let with_share = matches!(worth.ceiling, KnownCeiling::Known { .. });
    let tops_title = if with_share {
        "Tau-b in tops of the truth, and its share of what another training reaches"
    } else {
        "Tau-b in tops of the truth"
    };
    let found = [
        ("What another training reaches: tau-b of a run, in tops of the truth", ceiling(worth)),
        (tops_title, tops(panel, worth, with_share)),
        ("Structural baselines: counts of the architectures alone", structures(worth)),
        ("Against the structural baselines", against(panel, worth)),
        ("Tau-b without dead architectures", without_dead(panel, worth)),
    ];
    found.into_iter().filter_map(|(title, table)| Some(Titled { title, table: table? })).collect()
}

pub(super) fn tau(value: Option<f64>) -> String {
    value_text::value(Criterion::TauB, value)
}

/// `all`, `top 50 %`.
fn top_name(fraction: f64) -> String {
    if fraction < 1.0 { format!("top {} %", percent(fraction)) } else { "all".to_owned() }
}

pub(super) fn table(first: &str, headings: &[String], rows: Vec<Vec<String>>) -> Option<TextTable> {
    let numbers = headings.iter().map(|heading| (heading.as_str(), true));
    let columns: Vec<(&str, bool)> = [(first, false)].into_iter().chain(numbers).collect();
    (!rows.is_empty()).then(|| TextTable::new(&columns, rows))
}

/// The rows of the estimators at their last checkpoints, and of the structural baselines that rank as no other baseline does.
pub(super) fn shown<'a>(panel: &PanelRecord, worth: &'a PanelWorth) -> Vec<&'a WorthRow> {
    let last: Vec<String> = latest(&panel.estimators).into_iter().map(|at| panel.estimators[at].label()).collect();
    let estimators = worth.rows.iter().filter(|row| row.structure.is_none() && last.contains(&row.name));
    estimators.chain(worth.structures().map(|(row, _)| row)).collect()
}

fn ceiling(worth: &PanelWorth) -> Option<TextTable> {
    let KnownCeiling::Known { ceiling, .. } = &worth.ceiling else { return None };
    let row = |name: &str, of: fn(&CeilingAt) -> Option<f64>| {
        std::iter::once(name.to_owned()).chain(ceiling.tops.iter().map(|at| tau(of(at)))).collect::<Vec<String>>()
    };
    let mut rows = vec![row("another run", |at| at.single)];
    if ceiling.runs > 2 {
        rows.push(row("the mean of the other runs", |at| at.rest));
    }
    let headings: Vec<String> = ceiling.tops.iter().map(|at| top_name(at.fraction)).collect();
    table("as the truth", &headings, rows)
}

fn tops(panel: &PanelRecord, worth: &PanelWorth, with_share: bool) -> Option<TextTable> {
    let headings: Vec<String> = worth.tops.iter().map(|&top| top_name(top)).collect();
    let row = |row: &WorthRow| {
        let cell = |(at, part): (&nas_assay_criteria::InTop, &Option<f64>)| match (at.tau_b, part) {
            (Some(_), part) if with_share => format!("{}, {}", tau(at.tau_b), share(*part)),
            (value, _) => tau(value),
        };
        std::iter::once(row.name.clone()).chain(row.tops.iter().zip(&row.shares).map(cell)).collect()
    };
    table("estimator", &headings, shown(panel, worth).into_iter().map(row).collect())
}

fn structures(worth: &PanelWorth) -> Option<TextTable> {
    let row = |row: &WorthRow| {
        let structure = row.structure.as_ref()?;
        Some(vec![
            row.name.clone(),
            tau(row.tops.first().and_then(|at| at.tau_b)),
            structure.interval.map_or(NONE.to_owned(), |of| value_text::interval(value_text::bounds(of), 3)),
            structure.ranks_as.clone().unwrap_or(NONE.to_owned()),
        ])
    };
    let rows: Vec<Vec<String>> = worth.rows.iter().filter_map(row).collect();
    let columns = [("count", false), ("tau-b", true), ("95 % interval", true), ("ranks as", false)];
    (!rows.is_empty()).then(|| TextTable::new(&columns, rows))
}

fn against(panel: &PanelRecord, worth: &PanelWorth) -> Option<TextTable> {
    let names: Vec<&str> = worth.structures().map(|(row, _)| row.name.as_str()).collect();
    let headings: Vec<String> = names.iter().map(|name| format!("against {name}")).collect();
    let row = |of: &WorthRow| {
        let cell = |with: &&str| {
            let found = worth.comparisons.iter().find(|test| test.estimator == of.name && test.with == **with);
            found.map_or(NONE.to_owned(), |test| value_text::outcome(&test.outcome))
        };
        std::iter::once(of.name.clone()).chain(names.iter().map(cell)).collect::<Vec<String>>()
    };
    let estimators = shown(panel, worth).into_iter().filter(|row| row.structure.is_none());
    let rows = if names.is_empty() { Vec::new() } else { estimators.map(row).collect() };
    table("estimator", &headings, rows)
}

fn without_dead(panel: &PanelRecord, worth: &PanelWorth) -> Option<TextTable> {
    let Dead { with_dead_operations, without_convolution, .. } = worth.dead?;
    if with_dead_operations + without_convolution == 0 {
        return None;
    }
    let left = |dead: usize| count(worth.architectures - dead);
    let headings = [
        format!("all {}", count(worth.architectures)),
        format!("the {} without a dead operation", left(with_dead_operations)),
        format!("the {} with a live convolution", left(without_convolution)),
    ];
    let row = |row: &WorthRow| {
        let whole = row.tops.first().and_then(|at| at.tau_b);
        vec![row.name.clone(), tau(whole), tau(row.without_dead_operations), tau(row.with_live_convolutions)]
    };
    table("estimator", &headings, shown(panel, worth).into_iter().map(row).collect())
}
