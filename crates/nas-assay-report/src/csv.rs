//! The report as a long table: one row a value, for spreadsheets and data frames.

use nas_assay_criteria::{Comparison, Criterion};
use nas_assay_schema::store::record::{
    Checkpoint, EstimatorRecord, KeptRecord, PanelRecord, Record, SpreadRecord, StabilityRecord, VariantRecord,
};

/// The columns. `lower` and `upper` bound the 95 % interval of tau-b, or of a difference of two. `origin` is `here` or `published`; `expected` is the value's
/// expectation under random tie-breaking; `source` is that of a published value.
const HEADER: &str = "spec_hash,panel,architectures,estimator,variant,version,seed,epoch,criterion,origin,value,lower,upper,expected,source\n";

/// The report as CSV (RFC 4180, lines ended by a line feed). A value that is undefined is an empty field.
pub fn csv(record: &Record) -> String {
    let mut text = HEADER.to_owned();
    for panel in &record.panels {
        for estimator in &panel.estimators {
            let prefix = prefix(record, panel, estimator, estimator.checkpoint.as_ref());
            for row in values(estimator) {
                text += &line(&prefix, &row);
            }
            for row in analyses(panel, estimator) {
                text += &line(&prefix, &row);
            }
        }
        for spread in &panel.analyses.spread {
            let of =
                panel.estimators.iter().find(|row| (&row.id, &row.variant) == (&spread.estimator, &spread.variant));
            let at = Checkpoint::single("", spread.epoch);
            let Some(of) = of else { continue };
            for row in over_seeds(spread) {
                text += &line(&prefix(record, panel, of, Some(&at)), &row);
            }
        }
    }
    text
}

/// The part of a row after the prefix.
#[derive(Default)]
struct Row<'a> {
    criterion: String,
    published: bool,
    value: Option<f64>,
    interval: Option<[f64; 2]>,
    expected: Option<f64>,
    source: &'a str,
}

fn prefix(
    record: &Record,
    panel: &PanelRecord,
    estimator: &EstimatorRecord,
    checkpoint: Option<&Checkpoint>,
) -> String {
    let (seed, epoch) = checkpoint.map_or_else(Default::default, |checkpoint| {
        let epochs: Vec<String> = checkpoint.epochs().iter().map(u32::to_string).collect();
        (checkpoint.seeds().join(" "), epochs.join(" "))
    });
    let architectures = panel.architectures.len().to_string();
    let version = estimator.version.to_string();
    let variant = estimator.variant.clone().unwrap_or_default();
    [&record.spec_hash, &panel.name, &architectures, &estimator.id, &variant, &version, &seed, &epoch]
        .map(|field| quote(field))
        .join(",")
}

fn line(prefix: &str, row: &Row<'_>) -> String {
    let number = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
    let [lower, upper] = row.interval.map_or([None; 2], |bounds| bounds.map(Some));
    let fields = [
        quote(&row.criterion),
        if row.published { "published" } else { "here" }.to_owned(),
        number(row.value),
        number(lower),
        number(upper),
        number(row.expected),
        quote(row.source),
    ];
    format!("{prefix},{}\n", fields.join(","))
}

fn values(estimator: &EstimatorRecord) -> Vec<Row<'_>> {
    let criteria = &estimator.criteria;
    let here = |criterion: Criterion, expected: Option<f64>| Row {
        criterion: criterion.to_string(),
        value: criteria.get(criterion),
        expected,
        ..Row::default()
    };
    let interval = criteria.kendall.interval.map(|interval| [interval.lower, interval.upper]);
    let mut rows = vec![
        Row { interval, ..here(Criterion::TauB, None) },
        here(Criterion::TauA, None),
        here(Criterion::Spearman, None),
        here(Criterion::Pearson, None),
    ];
    for at in &criteria.precision {
        rows.push(here(Criterion::PrecisionTop(at.fraction), Some(at.top_expected)));
        rows.push(here(Criterion::PrecisionBottom(at.fraction), Some(at.bottom_expected)));
    }
    for at in &criteria.ranking {
        rows.push(here(Criterion::BestRanking(at.fraction), Some(at.best_expected)));
        rows.push(here(Criterion::WorstRanking(at.fraction), Some(at.worst_expected)));
    }
    for best in &criteria.best_of {
        rows.push(Row { criterion: format!("BestAcc@top{}", best.count), value: Some(best.truth), ..Row::default() });
    }
    let non_finite = Some(criteria.non_finite.total() as f64);
    rows.push(Row { criterion: "non_finite".to_owned(), value: non_finite, ..Row::default() });
    for published in &estimator.published {
        rows.push(Row {
            criterion: published.criterion.to_string(),
            published: true,
            value: Some(published.value),
            source: &published.source,
            ..Row::default()
        });
    }
    rows
}

/// What the analyses say of an estimator.
///
/// `tau_b less params`: the paired difference. `agreement with NAME`, `tau_b less NAME`: a variant and the spec's own settings.
/// `relative tau_b of epoch 20`: an earlier checkpoint against this one. `rank_difference of group 1`, `tau_b in group 1`: by complexity,
/// cheapest first. `score_increases A to B`, `truth_increases A to B`, `pairs A to B`: by the exchange of an operation.
fn analyses<'a>(panel: &PanelRecord, estimator: &EstimatorRecord) -> Vec<Row<'a>> {
    let row = |criterion: String, value: Option<f64>| Row { criterion, value, ..Row::default() };
    let difference = |with: &str, outcome: &Comparison| Row {
        interval: outcome.interval.map(|interval| [interval.lower, interval.upper]),
        ..row(format!("tau_b less {with}"), outcome.difference)
    };
    let (label, found) = (estimator.label(), &panel.analyses);
    let mut rows = Vec::new();
    for comparison in found.comparisons.iter().filter(|comparison| comparison.estimator == label) {
        rows.push(difference(&comparison.with, &comparison.outcome));
    }
    for variant in found.variants.iter().filter(|variant| variant.estimator == label) {
        rows.push(row(format!("agreement with {}", variant.with), variant.agreement));
        rows.push(difference(&variant.with, &variant.outcome));
        rows.extend(variant.kept.iter().flat_map(|kept| inside_kept(variant, kept)));
    }
    let mine = |record: &&StabilityRecord| {
        let at = estimator.checkpoint.as_ref().filter(|at| at.averaged.is_empty());
        (&record.estimator, &record.variant) == (&estimator.id, &estimator.variant)
            && at.is_some_and(|at| at.epoch == record.to && at.seeds() == record.seeds)
    };
    for StabilityRecord { from, stability, .. } in found.stability.iter().filter(mine) {
        rows.push(row(format!("relative tau_b of epoch {from}"), stability.tau_b));
        for precision in &stability.precision {
            for (criterion, value) in [
                (Criterion::PrecisionTop(precision.fraction), precision.top),
                (Criterion::PrecisionBottom(precision.fraction), precision.bottom),
            ] {
                rows.push(row(format!("relative {criterion} of epoch {from}"), Some(value)));
            }
        }
    }
    for (place, group) in estimator.bias.complexity.iter().enumerate() {
        rows.push(row(format!("rank_difference of group {}", place + 1), Some(group.rank_difference)));
        rows.push(row(format!("tau_b in group {}", place + 1), group.tau_b));
    }
    for change in &estimator.bias.operations {
        let exchange = format!("{} to {}", change.from, change.to);
        rows.push(row(format!("pairs {exchange}"), Some(change.pairs as f64)));
        rows.push(row(format!("truth_increases {exchange}"), Some(change.truth_increases)));
        rows.push(row(format!("score_increases {exchange}"), Some(change.score_increases)));
    }
    rows
}

/// A pruned supernet's score and the spec's own on the kept architectures: `tau_b inside kept`, `tau_b inside kept of NAME`, and so on.
fn inside_kept<'a>(variant: &VariantRecord, kept: &KeptRecord) -> Vec<Row<'a>> {
    let row = |criterion: String, value: Option<f64>| Row { criterion, value, ..Row::default() };
    let mut rows = vec![
        row("architectures inside kept".to_owned(), Some(kept.architectures as f64)),
        Row {
            interval: kept.outcome.interval.map(|interval| [interval.lower, interval.upper]),
            ..row(format!("tau_b inside kept less {}", variant.with), kept.outcome.difference)
        },
    ];
    for (inside, of) in [(&kept.variant, String::new()), (&kept.own, format!(" of {}", variant.with))] {
        rows.push(row(format!("tau_b inside kept{of}"), inside.tau_b));
        rows.push(row(format!("mean score inside kept{of}"), inside.mean_score));
        for best in &inside.best_of {
            rows.push(row(format!("BestAcc@top{} inside kept{of}", best.count), Some(best.truth)));
        }
    }
    rows
}

/// A criterion over the seeds of a supernet: `mean over 3 seeds of tau_b`.
fn over_seeds<'a>(record: &SpreadRecord) -> Vec<Row<'a>> {
    let spread = &record.spread;
    let values = [
        ("mean", Some(spread.mean)),
        ("deviation", spread.deviation),
        ("least", Some(spread.least)),
        ("greatest", Some(spread.greatest)),
    ];
    let row = |(name, value)| Row {
        criterion: format!("{name} over {} seeds of {}", spread.count, record.criterion),
        value,
        ..Row::default()
    };
    values.map(row).into_iter().collect()
}

/// A field, quoted where its text needs it.
pub(crate) fn quote(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}
