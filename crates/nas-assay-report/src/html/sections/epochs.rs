//! How a ranking changes over the epochs of a supernet, and from seed to seed.

use nas_assay_criteria::{Criterion, Stability, percent};
use nas_assay_schema::store::record::{Checkpoint, EstimatorRecord, PanelRecord, SpreadRecord, StabilityRecord};

use super::shown::Shown;
use crate::html::charts::{EpochChart, Point, SERIES, Series};
use crate::html::section::{Figure, Section, Table, TableRow, cell, cells, heading};
use crate::record_text::variant_prefix;
use crate::value_text::{self, NONE};

/// An estimator with its variant.
type Of<'a> = (&'a str, Option<&'a str>);

/// The fraction of the architectures that P@top and P@bottom are shown for.
const FRACTION: f64 = 0.05;

/// `seed 20`, or `mean over seeds 20, 2020`.
fn seeds(seeds: &[String]) -> String {
    match seeds {
        [one] => format!("seed {one}"),
        several => format!("mean over seeds {}", several.join(", ")),
    }
}

fn of(estimator: &EstimatorRecord) -> Of<'_> {
    (&estimator.id, estimator.variant.as_deref())
}

/// The items without repetitions, in order.
fn distinct<T: PartialEq>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut found = Vec::new();
    for item in items {
        if !found.contains(&item) {
            found.push(item);
        }
    }
    found
}

/// Estimators whose weights are from a single epoch each, not an average.
fn single_epochs(panel: &PanelRecord) -> impl Iterator<Item = (&EstimatorRecord, &Checkpoint)> {
    let with = panel.estimators.iter().filter_map(|estimator| Some((estimator, estimator.checkpoint.as_ref()?)));
    with.filter(|(_, checkpoint)| checkpoint.averaged.is_empty())
}

/// P@top 5 % and P@bottom 5 % of an earlier ranking, with the later one as the truth.
fn ends(stability: &Stability) -> [Option<f64>; 2] {
    let found = stability.precision.iter().find(|precision| precision.fraction == FRACTION);
    [found.map(|precision| precision.top), found.map(|precision| precision.bottom)]
}

/// How the ranking develops over epochs: compared with the truth, and with the previous checkpoint.
pub(super) fn epochs(shown: &Shown<'_>) -> Option<Section> {
    let panel = shown.panel;
    let rows = || single_epochs(panel);
    let epochs_of = |wanted: Of<'_>| distinct(rows().filter(|(row, _)| of(row) == wanted).map(|(_, at)| at.epoch));
    let several: Vec<Of<'_>> =
        distinct(rows().map(|(row, _)| of(row))).into_iter().filter(|&wanted| epochs_of(wanted).len() > 1).collect();
    if several.is_empty() {
        return None;
    }
    let legend = distinct(rows().filter(|(row, _)| several.contains(&of(row))).map(|(_, at)| at.seeds()));
    let lines = |points: &dyn Fn(&[String]) -> Vec<Point>| -> Vec<Series> {
        let all = legend.iter().enumerate().map(|(place, seeds)| Series { place, points: points(seeds) });
        all.filter(|series| !series.points.is_empty()).collect()
    };
    let mut figures = Vec::new();
    for (group, &wanted) in several.iter().enumerate() {
        let truth = |seeds: &[String]| {
            let mine = rows().filter(|(row, at)| of(row) == wanted && at.seeds() == seeds);
            let point = |(row, at): (&EstimatorRecord, &Checkpoint)| {
                let kendall = &row.criteria.kendall;
                let bounds = kendall.interval.map(value_text::bounds);
                Some(Point { epoch: at.epoch, value: kendall.tau_b?, bounds })
            };
            mine.filter_map(point).collect::<Vec<_>>()
        };
        let relative = |seeds: &[String], value: &dyn Fn(&Stability) -> Option<f64>| {
            let mine = panel.analyses.stability.iter();
            let mine = mine
                .filter(|found| (found.estimator.as_str(), found.variant.as_deref()) == wanted && found.seeds == seeds);
            mine.filter_map(|found| Some(Point { epoch: found.to, value: value(&found.stability)?, bounds: None }))
                .collect::<Vec<_>>()
        };
        let (name, variant) = wanted;
        let variant = variant_prefix(variant);
        let mut draw = |place: usize, about: &str, series: Vec<Series>| {
            if series.is_empty() {
                return;
            }
            let (id, title) = (format!("{}-epochs-{group}-{place}", shown.id), format!("{about} of {name}"));
            let picture = EpochChart { id: &id, title: &title, series: &series }.draw();
            figures.push(Figure {
                name: name.to_owned(),
                about: format!("{variant}{about}"),
                value: String::new(),
                picture,
            });
        };
        draw(0, "tau-b with the truth, 95\u{a0}% intervals", lines(&truth));
        draw(1, "tau-b relative to the previous checkpoint", lines(&|seeds| relative(seeds, &|found| found.tau_b)));
        draw(
            2,
            "P@top 5\u{a0}% relative to the previous checkpoint",
            lines(&|seeds| relative(seeds, &|found| ends(found)[0])),
        );
    }
    let tables = stability(shown);
    Some(Section {
        id: format!("{}-epochs", shown.id),
        title: "Over epochs",
        text: "How close a supernet's ranking is to the truth at each checkpoint, and how much of it the next checkpoint keeps. In the \
               relative values the later checkpoint counts as the truth."
            .to_owned(),
        legend: legend.iter().enumerate().map(|(place, of)| (place % SERIES, seeds(of))).collect(),
        figures,
        wide: true,
        tables,
        ..Section::default()
    })
}

fn stability(shown: &Shown<'_>) -> Vec<Table> {
    let found = &shown.panel.analyses.stability;
    if found.is_empty() {
        return Vec::new();
    }
    let row = |record: &StabilityRecord| {
        let [top, bottom] = ends(&record.stability);
        let variant = variant_prefix(record.variant.as_deref());
        TableRow {
            name: record.estimator.clone(),
            about: format!("{variant}{}", seeds(&record.seeds)),
            cells: vec![
                cell(&format!("{} → {}", record.from, record.to)),
                cell(&value_text::value(Criterion::TauB, record.stability.tau_b)),
                cell(&value_text::value(Criterion::PrecisionTop(FRACTION), top)),
                cell(&value_text::value(Criterion::PrecisionBottom(FRACTION), bottom)),
            ],
        }
    };
    let headings = ["Estimator", "Epochs", "Relative tau-b", "Relative P@top 5 %", "Relative P@bottom 5 %"];
    vec![Table {
        id: format!("{}-stability", shown.id),
        caption: "The ranking of a checkpoint compared with that of the next one, which counts as the truth."
            .to_owned(),
        folded: Some(format!("Stability between {} pairs of adjacent checkpoints", value_text::count(found.len()))),
        classes: Vec::new(),
        square: false,
        headings: headings.map(|text| heading(text, "")).to_vec(),
        rows: found.iter().map(row).collect(),
    }]
}

/// How much the criteria differ between seeds of a supernet.
pub(super) fn spread(shown: &Shown<'_>) -> Option<Section> {
    let found = &shown.panel.analyses.spread;
    let key = |record: &SpreadRecord| (record.estimator.clone(), record.variant.clone());
    let criteria = distinct(found.iter().map(|record| record.criterion));
    let keys = distinct(found.iter().map(|record| (key(record), record.epoch)));
    let last =
        |of: &(String, Option<String>)| keys.iter().filter(|(other, _)| other == of).map(|(_, epoch)| *epoch).max();
    let row = |(of, epoch): &((String, Option<String>), u32)| {
        let value = |criterion: &Criterion| {
            let record = found
                .iter()
                .find(|record| (key(record), record.epoch, record.criterion) == (of.clone(), *epoch, *criterion));
            record.map_or(cell(NONE), |record| {
                let spread = &record.spread;
                let text = |value| value_text::value(*criterion, Some(value));
                let deviation = spread.deviation.map_or(NONE.to_owned(), text);
                cells(
                    &format!("{} ± {deviation}", text(spread.mean)),
                    &format!("{} to {}", text(spread.least), text(spread.greatest)),
                )
            })
        };
        let record = found.iter().find(|record| (key(record), record.epoch) == (of.clone(), *epoch));
        let count = record.map_or(0, |record| record.spread.count);
        let variant = variant_prefix(of.1.as_deref());
        TableRow {
            name: of.0.clone(),
            about: format!("{variant}epoch {epoch}, {count} seeds"),
            cells: criteria.iter().map(value).collect(),
        }
    };
    let table = |name: &str, folded: Option<String>, rows: Vec<TableRow>| Table {
        id: format!("{}-{name}", shown.id),
        caption:
            "Mean ± sample standard deviation over the supernet seeds; below it, the lowest and the highest value."
                .to_owned(),
        folded,
        classes: Vec::new(),
        square: false,
        headings: [heading("Estimator", "")]
            .into_iter()
            .chain(criteria.iter().map(|&criterion| heading(value_text::heading(criterion), "")))
            .collect(),
        rows,
    };
    let (at_end, before): (Vec<_>, Vec<_>) = keys.iter().partition(|(of, epoch)| last(of) == Some(*epoch));
    if at_end.is_empty() {
        return None;
    }
    let mut tables = vec![table("seeds", None, at_end.into_iter().map(row).collect())];
    if !before.is_empty() {
        let folded = format!("{} rows of earlier checkpoints", value_text::count(before.len()));
        tables.push(table("seeds-earlier", Some(folded), before.into_iter().map(row).collect()));
    }
    Some(Section {
        id: format!("{}-spread", shown.id),
        title: "From seed to seed",
        text: format!(
            "How much tau-b and the precision at both ends ({} %) change when the supernet is trained with another seed.",
            percent(FRACTION)
        ),
        tables,
        ..Section::default()
    })
}
