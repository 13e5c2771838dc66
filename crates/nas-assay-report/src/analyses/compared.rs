//! Paired tests: estimators against the baselines, and variants against the spec's own settings.

use super::super::number::{self, NONE, mean_score};
use super::super::section::{Section, Table, TableRow, cell, cells};
use super::Shown;
use nas_assay_criteria::{Comparison, Criterion, Verdict};
use nas_assay_schema::estimator::EstimatorKind;
use nas_assay_schema::store::record::{EstimatorRecord, InsideRecord, VariantRecord};

/// A test's verdict as a word with a sign, and the difference with its interval.
fn outcome(outcome: &Comparison) -> [String; 2] {
    let verdict = match outcome.verdict {
        Verdict::Better => "▲ better",
        Verdict::Worse => "▼ worse",
        Verdict::Undecided if outcome.is_equal() => "equal",
        Verdict::Undecided => "undecided",
    };
    let difference = number::difference(Criterion::TauB, outcome.difference, 0.0);
    let interval = outcome.interval.map_or(String::new(), |interval| {
        format!(" [{}, {}]", number::fixed(interval.lower, 3), number::fixed(interval.upper, 3))
    });
    cells(verdict, &format!("{difference}{interval}"))
}

/// Every estimator against every baseline.
pub(super) fn baselines(shown: &Shown<'_>) -> Option<Section> {
    let panel = shown.panel;
    let comparisons = &panel.analyses.comparisons;
    let labels: Vec<String> = panel.estimators.iter().map(EstimatorRecord::label).collect();
    let is_baseline = |label: &&str| comparisons.iter().any(|found| found.with == **label);
    let baselines: Vec<&str> = labels.iter().map(String::as_str).filter(is_baseline).collect();
    if baselines.is_empty() {
        return None;
    }
    let row = |place: usize| {
        let estimator = &panel.estimators[place];
        let label = estimator.label();
        let found = baselines.iter().map(|with| {
            let comparison = comparisons.iter().find(|found| found.estimator == label && found.with == *with);
            comparison.map_or(cell(NONE), |comparison| outcome(&comparison.outcome))
        });
        TableRow { name: estimator.id.clone(), about: estimator.about(), cells: found.collect() }
    };
    let table = |name: &str, caption: String, folded, places: &[usize]| Table {
        id: format!("{}-{name}", shown.id),
        caption,
        folded,
        headings: [["Estimator".to_owned(), String::new()]]
            .into_iter()
            .chain(
                baselines
                    .iter()
                    .map(|with| [format!("against {with}"), "difference of tau-b, 95 % interval".to_owned()]),
            )
            .collect(),
        rows: places
            .iter()
            .map(|&place| row(place))
            .filter(|row| row.cells.iter().any(|found| found[0] != NONE))
            .collect(),
    };
    let is_compared =
        |place: &usize| comparisons.iter().any(|found| found.estimator == panel.estimators[*place].label());
    let latest: Vec<usize> = shown.latest.iter().copied().filter(is_compared).collect();
    let earlier: Vec<usize> =
        super::super::latest::earlier(&panel.estimators).into_iter().filter(is_compared).collect();
    let caption = "Tau-b of the row less that of the column, both over the same resamples.".to_owned();
    let mut tables = vec![table("against", caption.clone(), None, &latest)];
    if !earlier.is_empty() {
        let folded = format!("{} rows of earlier checkpoints", number::count(earlier.len()));
        tables.push(table("against-earlier", caption, Some(folded), &earlier));
    }
    let others = latest.iter().filter(|&&place| panel.estimators[place].kind != EstimatorKind::Baseline);
    let others: Vec<String> = others.map(|&place| panel.estimators[place].label()).collect();
    let better = |with: &str| {
        let better = comparisons.iter().filter(|found| found.with == with && found.outcome.verdict == Verdict::Better);
        better.filter(|found| others.contains(&found.estimator)).count()
    };
    let counts = baselines.iter().enumerate().map(|(place, with)| {
        let count = match better(with) {
            0 => "none".to_owned(),
            all if all == others.len() => "all".to_owned(),
            some => number::count(some),
        };
        format!("{count} {}better than {with}", if place == 0 { "can be told to be " } else { "" })
    });
    let counts = counts.collect::<Vec<_>>().join(", ");
    Some(Section {
        id: format!("{}-baselines", shown.id),
        title: "Against the baselines",
        text: format!(
            "Of the {} estimators shown that are no baseline, {counts}. A verdict is given where the whole 95 % interval of the difference lies \
             on one side of zero; of many such tests, one in twenty errs by chance.",
            others.len()
        ),
        tables,
        ..Section::default()
    })
}

/// What a variant changes.
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
            cell(&number::value(Criterion::TauB, record.agreement)),
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
        caption: "The variant against the spec's own settings.".to_owned(),
        folded: None,
        headings: headings.map(|heading| heading.map(str::to_owned)).to_vec(),
        rows: variants.iter().map(row).collect(),
    };
    Some(Section {
        id: format!("{}-variants", shown.id),
        title: "Variants",
        text: "An estimator with the settings of a variant beside the same with the spec's own: how far the two rankings agree, and what \
               the variant changes in the agreement with the truth."
            .to_owned(),
        tables: [table].into_iter().chain(kept(shown)).collect(),
        ..Section::default()
    })
}

/// Pruned supernets inside what they kept.
fn kept(shown: &Shown<'_>) -> Option<Table> {
    let row = |record: &VariantRecord| {
        let kept = record.kept.as_ref()?;
        let both =
            |show: &dyn Fn(&InsideRecord) -> String| cells(&show(&kept.variant), &format!("own {}", show(&kept.own)));
        Some(TableRow {
            name: record.estimator.clone(),
            about: format!(
                "{} of {} kept",
                number::count(kept.architectures),
                number::count(shown.panel.architectures.len())
            ),
            cells: vec![
                both(&|inside| number::value(Criterion::TauB, inside.tau_b)),
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
        caption: "Inside what pruning kept: the pruned supernet and the spec's own on the kept architectures alone."
            .to_owned(),
        folded: None,
        headings: headings.map(|heading| heading.map(str::to_owned)).to_vec(),
        rows,
    })
}
