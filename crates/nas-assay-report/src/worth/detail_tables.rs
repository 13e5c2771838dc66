//! What more there is to know of a ranking, as tables of text.

use nas_assay_criteria::Criterion;
use nas_assay_schema::store::record::PanelRecord;

use super::PanelWorth;
use super::detail::{Detail, NdcgAt};
use super::tables::{shown, table, tau};
use crate::analysis_tables::Titled;
use crate::text_table::TextTable;
use crate::true_values::TrueValues;
use crate::value_text::{self, NONE, count, fixed, significant};

/// The tables of a panel that have rows.
pub(crate) fn detail_tables(panel: &PanelRecord, worth: &PanelWorth, values: TrueValues<'_>) -> Vec<Titled> {
    let rows: Vec<(&str, &Detail)> =
        shown(panel, worth).into_iter().filter_map(|row| Some((row.name.as_str(), row.detail.as_ref()?))).collect();
    let regret = match values.unit() {
        _ if values.is_accuracy() => "Regret after so many trainings in the order of the scores, in percentage points",
        Some(_) => "Regret after so many trainings in the order of the scores, in the unit of the truth",
        None => "Regret after so many trainings in the order of the scores",
    };
    let found = [
        ("Beyond the size of the architectures: partial correlations, and tau-b within fifths by FLOPs", beyond(&rows)),
        ("nDCG, the gain at the head of the ranking, by each definition in use", gains(&rows)),
        (regret, search(&rows, values)),
        ("Tau-b of fewer architectures: mean and deviation over random samples", samples(&rows)),
    ];
    found.into_iter().filter_map(|(title, table)| Some(Titled { title, table: table? })).collect()
}

/// A row with its name, and one cell for each heading.
fn row(name: &str, cells: impl Iterator<Item = String>) -> Vec<String> {
    std::iter::once(name.to_owned()).chain(cells).collect()
}

fn beyond(rows: &[(&str, &Detail)]) -> Option<TextTable> {
    let (_, first) = rows.first()?;
    let mut headings: Vec<String> = Vec::new();
    for of in &first.beyond {
        headings.extend([format!("tau-b given {}", of.size), format!("Spearman given {}", of.size)]);
    }
    let has_groups = rows.iter().any(|(_, detail)| detail.within_flops.is_some());
    if has_groups {
        headings.push("tau-b within fifths".to_owned());
    }
    let cells = |detail: &Detail| {
        let given =
            detail.beyond.iter().flat_map(|of| [tau(of.tau_b), value_text::value(Criterion::Spearman, of.spearman)]);
        given.chain(has_groups.then(|| tau(detail.within_flops))).collect::<Vec<String>>()
    };
    let rows = rows.iter().map(|(name, detail)| row(name, cells(detail).into_iter())).collect();
    if headings.is_empty() { None } else { table("estimator", &headings, rows) }
}

fn gains(rows: &[(&str, &Detail)]) -> Option<TextTable> {
    let (_, first) = rows.first()?;
    let headings: Vec<String> = first.ndcg.iter().map(NdcgAt::text).collect();
    let cell = |value: Option<f64>| value.map_or(NONE.to_owned(), |value| fixed(value, 3));
    let rows = rows.iter().map(|(name, detail)| row(name, detail.ndcg.iter().map(|at| cell(at.value)))).collect();
    table("estimator", &headings, rows)
}

/// The numbers of trainings that tables have columns for.
const COLUMNS: [usize; 5] = [1, 10, 50, 100, 1_000];

fn search(rows: &[(&str, &Detail)], values: TrueValues<'_>) -> Option<TextTable> {
    let (_, first) = rows.first()?;
    let shown: Vec<usize> = first
        .search
        .iter()
        .enumerate()
        .filter(|(_, at)| COLUMNS.contains(&at.queries))
        .map(|(place, _)| place)
        .collect();
    let headings: Vec<String> =
        shown.iter().map(|&place| format!("after {}", count(first.search[place].queries))).collect();
    let text = |regret: f64| if values.is_accuracy() { fixed(100.0 * regret, 2) } else { significant(regret) };
    let mut found: Vec<Vec<String>> = rows
        .iter()
        .map(|(name, detail)| row(name, shown.iter().map(|&place| text(detail.search[place].regret))))
        .collect();
    // Random search is the same beside all of them; its regret follows from the best of all.
    let at = |place: &usize| &first.search[*place];
    let regret = |place: &usize, value: f64| text((at(place).found + at(place).regret - value).max(0.0));
    found.push(row("random search, expected", shown.iter().map(|place| regret(place, at(place).random))));
    let band = |place: &usize| {
        format!("{} to {}", regret(place, at(place).random_upper), regret(place, at(place).random_lower))
    };
    found.push(row("random search, 95 %", shown.iter().map(band)));
    table("estimator", &headings, found)
}

fn samples(rows: &[(&str, &Detail)]) -> Option<TextTable> {
    let mut sizes: Vec<usize> = rows.iter().flat_map(|(_, detail)| detail.samples.iter().map(|at| at.rows)).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let headings: Vec<String> = sizes.iter().map(|&size| format!("of {}", count(size))).collect();
    let cells = |detail: &Detail| {
        let cell = |size: &usize| {
            let found = detail.samples.iter().find(|at| at.rows == *size);
            found.map_or(NONE.to_owned(), |at| format!("{} ± {}", tau(Some(at.mean)), fixed(at.deviation, 3)))
        };
        sizes.iter().map(cell).collect::<Vec<String>>()
    };
    let rows = rows.iter().map(|(name, detail)| row(name, cells(detail).into_iter())).collect();
    if sizes.is_empty() { None } else { table("estimator", &headings, rows) }
}
