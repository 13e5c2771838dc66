//! The analyses of a panel as tables of text: agreement, the best architectures, baselines, variants, pruning, stability and bias by
//! complexity.
//!
//! The terminal and the Markdown report show them after the summary. The page shows the same in more detail, see `html::sections`.

use nas_assay_criteria::{Criterion, Spread, TopCount};
use nas_assay_schema::estimator::EstimatorKind;
use nas_assay_schema::store::record::{
    ComparisonRecord, EstimatorRecord, InsideRecord, PanelRecord, SpreadRecord, StabilityRecord, VariantRecord,
};

use crate::checkpoints::latest;
use crate::record_text::variant_prefix;
use crate::text_table::TextTable;
use crate::value_text::{self, NONE};
use crate::without_truth;

/// The baselines that estimators are compared with in this table. Where they are none, all baselines of the panel are.
const BASELINES: [&str; 2] = ["params", "flops"];

/// A table and its heading.
pub(crate) struct Titled {
    pub title: &'static str,
    pub table: TextTable,
}

/// The tables of a panel that have rows. Of a supernet with several checkpoints they show the last one.
pub(crate) fn tables(panel: &PanelRecord) -> Vec<Titled> {
    let found = [
        ("Scores", without_truth::scores(panel)),
        ("Agreement of every two rankings", without_truth::agreements(panel)),
        ("Tau-b among the best, by truth and by score", top_counts(panel)),
        ("Against the baselines", baselines(panel)),
        ("Against other scores", others(panel)),
        ("Spread of tau-b over seeds or columns", spread(panel)),
        ("Variants, compared with the spec's own settings", variants(panel)),
        ("Pruning: results on the architectures that were kept", kept(panel)),
        ("Stability: the last checkpoint compared with the one before", stability(panel)),
        (
            "Bias by complexity: mean rank difference, cheapest fifth first; above zero means over-estimated",
            complexity(panel),
        ),
    ];
    found.into_iter().filter_map(|(title, table)| Some(Titled { title, table: table? })).collect()
}

/// Those of the tables that are there only because the spec asks a question: how scores differ from others, over seeds, and in variants.
pub(crate) fn asked_for(panel: &PanelRecord) -> Vec<Titled> {
    const QUESTIONS: [&str; 5] = [
        "Tau-b among the best, by truth and by score",
        "Against other scores",
        "Spread of tau-b over seeds or columns",
        "Variants, compared with the spec's own settings",
        "Pruning: results on the architectures that were kept",
    ];
    tables(panel).into_iter().filter(|table| QUESTIONS.contains(&table.title)).collect()
}

fn shown(panel: &PanelRecord) -> impl Iterator<Item = &EstimatorRecord> {
    latest(&panel.estimators).into_iter().map(|place| &panel.estimators[place])
}

/// A table with a row for each estimator and columns of numbers.
fn table_by_estimator(headings: &[String], rows: Vec<Vec<String>>) -> TextTable {
    let numbers = headings.iter().map(|heading| (heading.as_str(), true));
    let columns: Vec<(&str, bool)> = [("estimator", false)].into_iter().chain(numbers).collect();
    TextTable::new(&columns, rows)
}

/// The counts k at which any of the estimators has tau-b among the k best.
pub(crate) fn counts_of<'a>(estimators: impl Iterator<Item = &'a EstimatorRecord>) -> Vec<usize> {
    let mut counts: Vec<usize> = Vec::new();
    for at in estimators.flat_map(|estimator| &estimator.criteria.top_counts) {
        if !counts.contains(&at.count) {
            counts.push(at.count);
        }
    }
    counts
}

/// Tau-b of an estimator among the k truly best, and among the k best by score.
pub(crate) fn taus_at(estimator: &EstimatorRecord, count: usize) -> [String; 2] {
    let at = estimator.criteria.top_counts.iter().find(|at| at.count == count);
    let taus = at.map_or([None; 2], |&TopCount { tau_top, tau_true_top, .. }| [tau_true_top, tau_top]);
    taus.map(|tau| value_text::value(Criterion::TauB, tau))
}

fn top_counts(panel: &PanelRecord) -> Option<TextTable> {
    let counts = counts_of(shown(panel));
    let heading = |&count: &usize| {
        let count = value_text::count(count);
        [format!("truly best {count}"), format!("best {count} by score")]
    };
    let headings: Vec<String> = counts.iter().flat_map(heading).collect();
    let row = |estimator: &EstimatorRecord| {
        let cells = counts.iter().flat_map(|&count| taus_at(estimator, count));
        std::iter::once(estimator.label()).chain(cells).collect()
    };
    (!counts.is_empty()).then(|| table_by_estimator(&headings, shown(panel).map(row).collect()))
}

fn baselines(panel: &PanelRecord) -> Option<TextTable> {
    let comparisons = &panel.analyses.comparisons;
    let is_compared = |with: &str| comparisons.iter().any(|found| found.with == with);
    let mut with: Vec<&str> = BASELINES.into_iter().filter(|with| is_compared(with)).collect();
    if with.is_empty() {
        let counts = panel.estimators.iter().filter(|row| row.kind == EstimatorKind::Baseline && is_compared(&row.id));
        with = counts.map(|row| row.id.as_str()).collect();
    }
    let headings: Vec<String> = with.iter().map(|with| format!("against {with}")).collect();
    let row = |estimator: &EstimatorRecord| {
        let label = estimator.label();
        let cell = |with: &&str| {
            let found = comparisons.iter().find(|found| found.estimator == label && found.with == **with);
            found.map_or(NONE.to_owned(), |found| value_text::outcome(&found.outcome))
        };
        let cells: Vec<String> = with.iter().map(cell).collect();
        cells.iter().any(|cell| cell != NONE).then(|| [vec![label], cells].concat())
    };
    let rows: Vec<Vec<String>> = shown(panel).filter_map(row).collect();
    (!rows.is_empty()).then(|| table_by_estimator(&headings, rows))
}

/// Comparisons with scores that are no baselines.
fn others(panel: &PanelRecord) -> Option<TextTable> {
    let is_baseline =
        |label: &str| panel.estimators.iter().any(|row| row.kind == EstimatorKind::Baseline && row.label() == label);
    let row = |found: &ComparisonRecord| {
        vec![
            found.estimator.clone(),
            found.with.clone(),
            value_text::difference(Criterion::TauB, found.outcome.difference, 0.0),
            found.outcome.interval.map_or(NONE.to_owned(), |of| value_text::interval(value_text::bounds(of), 3)),
            value_text::verdict(&found.outcome).to_owned(),
        ]
    };
    let found = panel.analyses.comparisons.iter().filter(|found| !is_baseline(&found.with));
    let rows: Vec<Vec<String>> = found.map(row).collect();
    let columns = [
        ("estimator", false),
        ("against", false),
        ("difference of tau-b", true),
        ("95 % interval", true),
        ("verdict", false),
    ];
    (!rows.is_empty()).then(|| TextTable::new(&columns, rows))
}

fn spread(panel: &PanelRecord) -> Option<TextTable> {
    let row = |found: &SpreadRecord| {
        let label = format!("{}{}", variant_prefix(found.variant.as_deref()), found.estimator);
        let value = |value: f64| value_text::value(Criterion::TauB, Some(value));
        let Spread { count, mean, deviation, least, greatest } = found.spread;
        let epoch = if found.epoch == 0 { NONE.to_owned() } else { found.epoch.to_string() };
        let deviation = value_text::value(Criterion::TauB, deviation);
        vec![label, epoch, count.to_string(), value(mean), deviation, value(least), value(greatest)]
    };
    let found = panel.analyses.spread.iter().filter(|found| found.criterion == Criterion::TauB);
    let rows: Vec<Vec<String>> = found.map(row).collect();
    let headings = ["epoch", "runs", "mean", "deviation", "least", "greatest"].map(str::to_owned);
    (!rows.is_empty()).then(|| table_by_estimator(&headings, rows))
}

fn variants(panel: &PanelRecord) -> Option<TextTable> {
    let row = |record: &VariantRecord| {
        vec![
            record.estimator.clone(),
            value_text::value(Criterion::TauB, record.agreement),
            value_text::outcome(&record.outcome),
        ]
    };
    let rows: Vec<Vec<String>> = panel.analyses.variants.iter().map(row).collect();
    let columns = [("estimator", false), ("agreement", true), ("tau-b with the truth", true)];
    (!rows.is_empty()).then(|| TextTable::new(&columns, rows))
}

fn kept(panel: &PanelRecord) -> Option<TextTable> {
    let row = |record: &VariantRecord| {
        let kept = record.kept.as_ref()?;
        let tau = |inside: &InsideRecord| value_text::value(Criterion::TauB, inside.tau_b);
        Some(vec![
            record.estimator.clone(),
            value_text::count(kept.architectures),
            tau(&kept.own),
            tau(&kept.variant),
            value_text::outcome(&kept.outcome),
            value_text::mean_score(&kept.own),
            value_text::mean_score(&kept.variant),
        ])
    };
    let rows: Vec<Vec<String>> = panel.analyses.variants.iter().filter_map(row).collect();
    let columns = [
        ("estimator", false),
        ("kept", true),
        ("tau-b, own", true),
        ("tau-b, pruned", true),
        ("change", true),
        ("mean score, own", true),
        ("mean score, pruned", true),
    ];
    (!rows.is_empty()).then(|| TextTable::new(&columns, rows))
}

fn stability(panel: &PanelRecord) -> Option<TextTable> {
    let all = &panel.analyses.stability;
    let alike = |a: &StabilityRecord, b: &StabilityRecord| {
        (&a.estimator, &a.variant, &a.seeds) == (&b.estimator, &b.variant, &b.seeds)
    };
    let last = all.iter().filter(|record| !all.iter().any(|other| alike(record, other) && other.to > record.to));
    let row = |record: &StabilityRecord| {
        let variant = variant_prefix(record.variant.as_deref());
        let seeds = if record.seeds.len() == 1 { "seed" } else { "seeds" };
        let top = record.stability.precision.iter().find(|precision| precision.fraction == 0.05);
        vec![
            format!("{} ({variant}{seeds} {})", record.estimator, record.seeds.join(", ")),
            format!("{} to {}", record.from, record.to),
            value_text::value(Criterion::TauB, record.stability.tau_b),
            value_text::value(Criterion::PrecisionTop(0.05), top.map(|precision| precision.top)),
        ]
    };
    let rows: Vec<Vec<String>> = last.map(row).collect();
    let columns = [("estimator", false), ("epochs", true), ("relative tau-b", true), ("relative P@top 5 %", true)];
    (!rows.is_empty()).then(|| TextTable::new(&columns, rows))
}

fn complexity(panel: &PanelRecord) -> Option<TextTable> {
    let groups = shown(panel).map(|estimator| estimator.bias.complexity.len()).max().filter(|&groups| groups > 0)?;
    let headings: Vec<String> = (1..=groups).map(|group| format!("group {group}")).collect();
    let row = |estimator: &EstimatorRecord| {
        let cell = |group: usize| {
            let found = estimator.bias.complexity.get(group);
            found.map_or(NONE.to_owned(), |found| {
                value_text::difference(Criterion::TauB, Some(found.rank_difference), 0.0)
            })
        };
        [estimator.label()].into_iter().chain((0..groups).map(cell)).collect()
    };
    Some(table_by_estimator(&headings, shown(panel).map(row).collect()))
}
