//! The report as a long table: one row a value, for spreadsheets and data frames.

use crate::criteria::Criterion;
use crate::store::record::{EstimatorRecord, PanelRecord, Record};

/// The columns. `origin` is `here` or `published`; `lower` and `upper` bound the 95 % interval of tau-b; `expected` is the value's
/// expectation under random tie-breaking; `source` is that of a published value.
const HEADER: &str = "spec_hash,panel,architectures,estimator,variant,version,seed,epoch,criterion,origin,value,lower,upper,expected,source\n";

/// The report as CSV (RFC 4180, lines ended by a line feed). A value that is undefined is an empty field.
pub fn csv(record: &Record) -> String {
    let mut text = HEADER.to_owned();
    for panel in &record.panels {
        for estimator in &panel.estimators {
            let prefix = prefix(record, panel, estimator);
            for row in values(estimator) {
                text += &line(&prefix, &row);
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

fn prefix(record: &Record, panel: &PanelRecord, estimator: &EstimatorRecord) -> String {
    let (seed, epoch) = estimator.checkpoint.as_ref().map_or_else(Default::default, |checkpoint| {
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

/// A field, quoted where its text needs it.
pub(super) fn quote(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}
