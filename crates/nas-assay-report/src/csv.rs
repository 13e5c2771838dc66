//! The report as a long table with one value per row, for spreadsheets and data frames.

use ::csv::Writer;
use nas_assay_criteria::{Comparison, Criterion, Interval, NoInterval, TopCount, Undefined, percent};
use nas_assay_schema::store::record::{
    AgreementRecord, Checkpoint, CoverageRecord, EstimatorRecord, KeptRecord, PanelRecord, Record, SpreadRecord,
    StabilityRecord, VariantRecord,
};

use crate::beside::Beside;
use crate::error::ReportError;
use crate::other_papers::Figure;
use crate::printable::printable;
use crate::true_values::TrueValues;
use crate::value_text;
use crate::worth::{Detail, KnownCeiling, PanelWorth, WorthRow};

/// The columns. `lower` and `upper` bound the 95 % interval of tau-b, of Spearman, or of a difference of two tau-b. `origin` is `here`,
/// `published`, or `other paper`, whose `status` is whether ours agrees. `expected` is the expected value under random tie-breaking. `source`
/// says where a published value was printed, and `differs` how its basis differs from this panel: it is empty where the two can be compared.
/// `status` says why a value or its interval is missing.
const HEADER: [&str; 17] = [
    "spec_hash",
    "panel",
    "architectures",
    "estimator",
    "variant",
    "version",
    "seed",
    "epoch",
    "criterion",
    "origin",
    "value",
    "lower",
    "upper",
    "expected",
    "source",
    "differs",
    "status",
];

/// The report as CSV (RFC 4180, lines ended by a line feed). A value that is undefined is an empty field.
///
/// # Errors
/// If the CSV writer fails.
///
/// ```
/// # let record = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/record.rs"));
/// let table = nas_assay_report::csv(&record)?;
/// assert!(table.starts_with("spec_hash,panel,architectures,estimator,"));
/// assert!(table.contains("all,5,params,,1,,,tau_b,here,1,"));
/// # Ok::<(), nas_assay_report::ReportError>(())
/// ```
pub fn csv(record: &Record) -> Result<String, ReportError> {
    csv_beside(record, Beside::default())
}

/// [`csv()`], with rows for what stands beside the record: what the numbers are worth, and what others printed, with the origin `other paper`
/// and the verdict as status. The table has no provenance.
///
/// # Errors
/// If the CSV writer fails.
pub fn csv_beside(record: &Record, beside: Beside<'_>) -> Result<String, ReportError> {
    let (record, beside) = (&*printable(record), beside.printable());
    let beside = beside.get();
    let truth = TrueValues::of(record);
    let mut rows = Vec::new();
    for panel in &record.panels {
        let worth = beside.worth_of(&panel.name);
        for coverage in &panel.coverage {
            let of = panel.estimators.iter().find(|row| row.id == coverage.scores);
            // A panel's own list is no estimator.
            let first = of.map_or_else(
                || panel_fields(record, panel, &coverage.scores),
                |of| first_fields(record, panel, of, None),
            );
            rows.extend(row_counts(coverage).iter().map(|row| row.after(&first)));
        }
        for estimator in &panel.estimators {
            let first = first_fields(record, panel, estimator, estimator.checkpoint.as_ref());
            rows.extend(values(estimator, truth).iter().map(|row| row.after(&first)));
            let label = estimator.label();
            let others = beside.figures_of(&panel.name).filter(|figure| figure.estimator == label);
            rows.extend(others.map(|figure| other_paper(figure).after(&first)));
            rows.extend(details(estimator).iter().map(|row| row.after(&first)));
            rows.extend(analyses(panel, estimator, truth).iter().map(|row| row.after(&first)));
            let of = worth.and_then(|worth| Some((worth, worth.rows.iter().find(|row| row.name == label)?)));
            rows.extend(of.iter().flat_map(|(worth, of)| worth_rows(worth, of, truth)).map(|row| row.after(&first)));
        }
        for (worth, of) in worth.iter().flat_map(|worth| worth.rows.iter().map(move |row| (worth, row))) {
            let Some(structure) = &of.structure else { continue };
            let mut first = panel_fields(record, panel, &of.name);
            first[5] = structure.version.to_string();
            rows.extend(worth_rows(worth, of, truth).iter().map(|row| row.after(&first)));
        }
        rows.extend(worth.iter().flat_map(|worth| {
            let of_panel = [("noise ceiling", ceiling_rows(worth)), ("dead architectures", dead_rows(worth))];
            let all = of_panel.into_iter().flat_map(|(name, rows)| {
                let first = panel_fields(record, panel, name);
                rows.into_iter().map(move |row| row.after(&first))
            });
            all.collect::<Vec<_>>()
        }));
        for spread in &panel.analyses.spread {
            let of =
                panel.estimators.iter().find(|row| (&row.id, &row.variant) == (&spread.estimator, &spread.variant));
            let at = Checkpoint::single("", spread.epoch);
            let Some(of) = of else { continue };
            let first = first_fields(record, panel, of, Some(&at));
            rows.extend(over_seeds(spread).iter().map(|row| row.after(&first)));
        }
    }
    table(&HEADER, &rows)
}

/// A table as CSV: a header and rows with the same number of fields, quoted where needed.
pub(crate) fn table(header: &[&str], rows: &[Vec<String>]) -> Result<String, ReportError> {
    let written = || -> ::csv::Result<Vec<u8>> {
        let mut writer = Writer::from_writer(Vec::new());
        writer.write_record(header)?;
        for row in rows {
            writer.write_record(row)?;
        }
        writer.into_inner().map_err(|error| error.into_error().into())
    };
    // All fields are text, so the bytes are UTF-8 and nothing is lost.
    let bytes = written().map_err(ReportError::Csv)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A number as a field: the shortest text that reads back as the same number. `None` is an empty field.
pub(crate) fn number(value: Option<f64>) -> String {
    value.map_or(String::new(), |value| value.to_string())
}

/// The bounds of an interval as two fields.
pub(crate) fn bounds(interval: Option<[f64; 2]>) -> [String; 2] {
    interval.map_or([None; 2], |bounds| bounds.map(Some)).map(number)
}

/// The fields of a row after those that all rows of the estimator share.
#[derive(Default)]
struct Row<'a> {
    criterion: String,
    /// `None` if it is a value of this record.
    origin: Option<&'static str>,
    value: Option<f64>,
    interval: Option<[f64; 2]>,
    expected: Option<f64>,
    source: &'a str,
    differs: &'a [String],
    status: Option<&'static str>,
}

impl Row<'_> {
    /// The whole row. `first` are the fields that all rows of the estimator share.
    fn after(&self, first: &[String]) -> Vec<String> {
        let [lower, upper] = bounds(self.interval);
        let own = [
            self.criterion.clone(),
            self.origin.unwrap_or("here").to_owned(),
            number(self.value),
            lower,
            upper,
            number(self.expected),
            self.source.to_owned(),
            self.differs.join("; "),
            self.status.unwrap_or_default().to_owned(),
        ];
        [first, &own].concat()
    }
}

/// The fields that all rows of an estimator share, up to `epoch`.
fn first_fields(
    record: &Record,
    panel: &PanelRecord,
    estimator: &EstimatorRecord,
    checkpoint: Option<&Checkpoint>,
) -> [String; 8] {
    let (seed, epoch) = checkpoint.map_or_else(Default::default, |checkpoint| {
        let epochs: Vec<String> = checkpoint.epochs().iter().map(u32::to_string).collect();
        (checkpoint.seeds().join(" "), epochs.join(" "))
    });
    let [hash, name, count, id, ..] = panel_fields(record, panel, &estimator.id);
    let variant = estimator.variant.clone().unwrap_or_default();
    [hash, name, count, id, variant, estimator.version.to_string(), seed, epoch]
}

/// The same for something of a panel that is no estimator.
fn panel_fields(record: &Record, panel: &PanelRecord, what: &str) -> [String; 8] {
    let architectures = panel.architectures.len().to_string();
    let known = [record.spec_hash.clone(), panel.name.clone(), architectures, what.to_owned()];
    let mut known = known.into_iter();
    std::array::from_fn(|_| known.next().unwrap_or_default())
}

/// How many rows a score file has, and how many of each class.
fn row_counts(coverage: &CoverageRecord) -> Vec<Row<'_>> {
    let row =
        |what: &str, rows: u64| Row { criterion: format!("rows {what}"), value: Some(rows as f64), ..Row::default() };
    let all = row("in the file", coverage.rows);
    std::iter::once(all).chain(coverage.classes.iter().map(|of| row(of.class.name(), of.rows))).collect()
}

/// Least, mean and greatest finite value of each number that explains the scores.
fn details(estimator: &EstimatorRecord) -> Vec<Row<'_>> {
    let rows = estimator.details.iter().filter_map(|detail| Some((&detail.name, detail.range()?)));
    let each = |(name, range): (&String, [f64; 3])| {
        let what = ["minimum", "mean", "maximum"].map(|what| format!("detail {name}: {what}"));
        what.into_iter().zip(range).map(|(criterion, value)| Row { criterion, value: Some(value), ..Row::default() })
    };
    rows.flat_map(each).collect()
}

/// What another paper printed.
fn other_paper(figure: &Figure) -> Row<'_> {
    Row {
        criterion: figure.criterion.to_string(),
        origin: Some("other paper"),
        value: Some(figure.printed),
        source: &figure.source,
        differs: &figure.causes,
        status: Some(figure.verdict.as_str()),
        ..Row::default()
    }
}

fn values<'a>(estimator: &'a EstimatorRecord, truth: TrueValues<'_>) -> Vec<Row<'a>> {
    let criteria = &estimator.criteria;
    let here = |criterion: Criterion, expected: Option<f64>| Row {
        criterion: criterion.to_string(),
        value: criteria.get(criterion),
        expected,
        ..Row::default()
    };
    let undefined = criteria.undefined.map(Undefined::as_str);
    let of_ranks = undefined.or(criteria.kendall.no_interval.map(NoInterval::as_str));
    let within = |criterion: Criterion, interval: Option<Interval>| Row {
        interval: interval.map(value_text::bounds),
        status: if interval.is_none() { of_ranks } else { None },
        ..here(criterion, None)
    };
    let with = |criterion: Criterion, status| Row {
        status: if criteria.get(criterion).is_none() { status } else { None },
        ..here(criterion, None)
    };
    let mut rows = vec![
        within(Criterion::TauB, criteria.kendall.interval),
        with(Criterion::TauA, undefined),
        within(Criterion::Spearman, criteria.spearman_interval),
        with(Criterion::Pearson, criteria.pearson.undefined.map(Undefined::as_str)),
    ];
    for at in &criteria.precision {
        rows.push(here(Criterion::PrecisionTop(at.fraction), Some(at.top_expected)));
        rows.push(here(Criterion::PrecisionBottom(at.fraction), Some(at.bottom_expected)));
        let within = |what: &str, value| Row {
            criterion: format!("tau_b within the {what} top {}%", percent(at.fraction)),
            value,
            ..Row::default()
        };
        rows.push(within("predicted", at.tau_top));
        rows.push(within("true", at.tau_true_top));
    }
    for at in &criteria.ranking {
        rows.push(here(Criterion::BestRanking(at.fraction), Some(at.best_expected)));
        rows.push(here(Criterion::WorstRanking(at.fraction), Some(at.worst_expected)));
    }
    for best in &criteria.best_of {
        rows.push(Row { criterion: truth.best_of(best.count), value: Some(best.truth), ..Row::default() });
    }
    for &TopCount { count, tau_top, tau_true_top } in &criteria.top_counts {
        for (what, value) in [("predicted", tau_top), ("true", tau_true_top)] {
            rows.push(Row { criterion: format!("tau_b within the {what} top {count}"), value, ..Row::default() });
        }
    }
    let non_finite = Some(criteria.non_finite.total() as f64);
    rows.push(Row { criterion: "non_finite".to_owned(), value: non_finite, ..Row::default() });
    for published in &estimator.published {
        rows.push(Row {
            criterion: published.criterion.to_string(),
            origin: Some("published"),
            value: Some(published.value),
            source: &published.source,
            differs: &published.differs,
            ..Row::default()
        });
    }
    rows
}

/// What the analyses say about an estimator.
///
/// `tau_b less params`: the paired difference. `agreement with NAME`, `tau_b less NAME`: a variant compared with the spec's
/// own settings. `agreement with NAME`, `P@top5% with NAME`: without a truth, the tau-b with another ranking, and the part of the best that
/// both have.
/// `relative tau_b of epoch 20`: an earlier checkpoint compared with this one. `rank_difference of group 1`, `tau_b in group 1`: bias by
/// complexity, cheapest group first. `score_increases A to B`, `truth_increases A to B`, `pairs A to B`: bias by operation, where A is
/// replaced by B; `truth_improves A to B` if a lower truth is better.
fn analyses<'a>(panel: &PanelRecord, estimator: &EstimatorRecord, truth: TrueValues<'_>) -> Vec<Row<'a>> {
    let row = |criterion: String, value: Option<f64>| Row { criterion, value, ..Row::default() };
    let difference = |with: &str, outcome: &Comparison| Row {
        interval: outcome.interval.map(value_text::bounds),
        status: outcome.no_interval.map(NoInterval::as_str),
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
        rows.extend(variant.kept.iter().flat_map(|kept| inside_kept(variant, kept, truth)));
    }
    for AgreementRecord { with, agreement, .. } in found.agreement.iter().filter(|found| found.estimator == label) {
        rows.push(row(format!("agreement with {with}"), agreement.tau_b));
        for precision in &agreement.precision {
            let criterion = Criterion::PrecisionTop(precision.fraction);
            rows.push(row(format!("{criterion} with {with}"), Some(precision.top)));
        }
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
        let increases = if truth.is_lower_better() { "truth_improves" } else { "truth_increases" };
        rows.push(row(format!("{increases} {exchange}"), Some(change.truth_increases)));
        rows.push(row(format!("score_increases {exchange}"), Some(change.score_increases)));
    }
    rows
}

/// What the tau-b of an estimator or a structural baseline is worth: `tau_b in truth's top 10%`, `share of attainable in truth's top 10%`;
/// `all` stands for the whole. `tau_b less live_convs`: a paired difference.
fn worth_rows<'a>(worth: &PanelWorth, of: &WorthRow, truth: TrueValues<'_>) -> Vec<Row<'a>> {
    let row = |criterion: String, value: Option<f64>| Row { criterion, value, ..Row::default() };
    let mut rows = Vec::new();
    for (at, &share) in of.tops.iter().zip(&of.shares) {
        let place = place(at.fraction);
        let interval = of.structure.as_ref().filter(|_| at.fraction >= 1.0).and_then(|structure| structure.interval);
        rows.push(Row { interval: interval.map(value_text::bounds), ..row(format!("tau_b in {place}"), at.tau_b) });
        rows.push(row(format!("share of attainable in {place}"), share));
    }
    if worth.dead.is_some() {
        rows.push(row("tau_b without dead operations".to_owned(), of.without_dead_operations));
        rows.push(row("tau_b with a live convolution".to_owned(), of.with_live_convolutions));
    }
    for test in worth.comparisons.iter().filter(|test| test.estimator == of.name) {
        rows.push(Row {
            interval: test.outcome.interval.map(value_text::bounds),
            status: test.outcome.no_interval.map(NoInterval::as_str),
            ..row(format!("tau_b less {}", test.with), test.outcome.difference)
        });
    }
    rows.extend(of.detail.iter().flat_map(|detail| detail_rows(detail, truth)));
    rows
}

/// What more there is to know of a ranking: `tau_b given params`, `ndcg@1000 gain percent`, `regret after 10 trainings`, `mean of tau_b of 100
/// architectures`, and so on.
fn detail_rows<'a>(detail: &Detail, truth: TrueValues<'_>) -> Vec<Row<'a>> {
    let row = |criterion: String, value: Option<f64>| Row { criterion, value, ..Row::default() };
    let mut rows = Vec::new();
    for beyond in &detail.beyond {
        rows.push(row(format!("tau_b given {}", beyond.size), beyond.tau_b));
        rows.push(row(format!("spearman given {}", beyond.size), beyond.spearman));
    }
    rows.push(row("mean of tau_b within fifths of flops".to_owned(), detail.within_flops));
    rows.extend(detail.ndcg.iter().map(|at| row(format!("ndcg@{} gain {}", at.k, at.gain.name()), at.value)));
    for at in &detail.search {
        let after =
            if at.queries == 1 { "after 1 training".to_owned() } else { format!("after {} trainings", at.queries) };
        rows.push(row(truth.named(&format!("regret {after}")), Some(at.regret)));
        let random = at.found + at.regret - at.random;
        rows.push(row(truth.named(&format!("regret of random search {after}")), Some(random)));
        rows.push(row(format!("trainings of random search for the same {after}"), Some(at.random_queries as f64)));
    }
    for at in &detail.samples {
        rows.push(row(format!("mean of tau_b of {} architectures", at.rows), Some(at.mean)));
        rows.push(row(format!("deviation of tau_b of {} architectures", at.rows), Some(at.deviation)));
    }
    rows
}

/// What another training reaches.
fn ceiling_rows<'a>(worth: &PanelWorth) -> Vec<Row<'a>> {
    let row = |criterion: String, value: Option<f64>| Row { criterion, value, ..Row::default() };
    let mut rows = Vec::new();
    if let KnownCeiling::Known { ceiling, .. } = &worth.ceiling {
        rows.push(row("runs".to_owned(), Some(ceiling.runs as f64)));
        rows.push(row("architectures with all runs".to_owned(), Some(ceiling.rows as f64)));
        for at in &ceiling.tops {
            let place = place(at.fraction);
            rows.push(row(format!("tau_b with another run in {place}"), at.single));
            rows.push(row(format!("tau_b with the mean of the other runs in {place}"), at.rest));
        }
    }
    rows
}

/// How many architectures are dead.
fn dead_rows<'a>(worth: &PanelWorth) -> Vec<Row<'a>> {
    let Some(dead) = worth.dead else { return Vec::new() };
    let counts = [
        ("with dead operations", dead.with_dead_operations),
        ("without output", dead.without_output),
        ("without live convolution", dead.without_convolution),
    ];
    let row =
        |(what, count)| Row { criterion: format!("architectures {what}"), value: Some(count as f64), ..Row::default() };
    counts.map(row).into_iter().collect()
}

/// A top of the truth: `all`, `truth's top 10%`.
fn place(fraction: f64) -> String {
    if fraction < 1.0 { format!("truth's top {}%", percent(fraction)) } else { "all".to_owned() }
}

/// A pruned supernet and the spec's own one on the kept architectures: `tau_b inside kept`, `tau_b inside kept of NAME`, and so on.
fn inside_kept<'a>(variant: &VariantRecord, kept: &KeptRecord, truth: TrueValues<'_>) -> Vec<Row<'a>> {
    let row = |criterion: String, value: Option<f64>| Row { criterion, value, ..Row::default() };
    let mut rows = vec![
        row("architectures inside kept".to_owned(), Some(kept.architectures as f64)),
        Row {
            interval: kept.outcome.interval.map(value_text::bounds),
            status: kept.outcome.no_interval.map(NoInterval::as_str),
            ..row(format!("tau_b inside kept less {}", variant.with), kept.outcome.difference)
        },
    ];
    for (inside, of) in [(&kept.variant, String::new()), (&kept.own, format!(" of {}", variant.with))] {
        rows.push(row(format!("tau_b inside kept{of}"), inside.tau_b));
        rows.push(row(format!("mean score inside kept{of}"), inside.mean_score));
        for best in &inside.best_of {
            rows.push(row(format!("{} inside kept{of}", truth.best_of(best.count)), Some(best.truth)));
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
