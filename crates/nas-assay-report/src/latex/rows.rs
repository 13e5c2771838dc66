//! The rows of a panel's table: estimators at their last checkpoint, runs of one estimator together, and structural baselines.

use nas_assay_criteria::{Criterion, Spread, Verdict};
use nas_assay_schema::estimator::EstimatorKind;
use nas_assay_schema::store::record::{EstimatorRecord, PanelRecord};

use crate::checkpoints::latest;
use crate::panel_summary::ENDS;
use crate::value_text;
use crate::worth::PanelWorth;

/// The criteria of the table after tau-b and Spearman's rho: those of the summary but WR.
pub(super) fn ends() -> impl Iterator<Item = Criterion> {
    ENDS.into_iter().filter(|criterion| !matches!(criterion, Criterion::WorstRanking(_)))
}

/// A value, and its deviation if it is a mean over several runs.
pub(super) type Value = (Option<f64>, Option<f64>);

/// What a row of the table is.
pub(super) struct RowOf {
    pub name: String,
    pub kind: EstimatorKind,
    /// How many runs it is the mean of; 1 if it is of one.
    pub runs: usize,
    /// The interval of tau-b; `None` for several runs.
    pub interval: Option<[f64; 2]>,
    pub tau_b: Value,
    /// The part that tau-b is of what another training reaches; the mean over several runs.
    pub share: Option<f64>,
    pub spearman: Value,
    /// In the order of [`ends`].
    pub ends: Vec<Value>,
    /// Whether it is better than the best baseline; `None` for a baseline, or without a test.
    pub verdict: Option<Verdict>,
}

/// The rows, and the name of the baseline with the highest tau-b, which the others are tested against.
pub(super) fn rows(panel: &PanelRecord, worth: Option<&PanelWorth>) -> (Vec<RowOf>, Option<String>) {
    let mut found: Vec<(Vec<&EstimatorRecord>, RowOf)> =
        runs(panel).into_iter().map(|runs| (runs.clone(), of_runs(panel, worth, &runs))).collect();
    let names: Vec<String> = found.iter().map(|(_, row)| row.name.clone()).collect();
    for (runs, row) in &mut found {
        // Two rows of one name have their labels instead.
        if names.iter().filter(|name| **name == row.name).count() > 1 {
            row.name = runs[0].label();
        }
    }
    let own = worth.into_iter().flat_map(PanelWorth::structures).map(|(row, structure)| RowOf {
        name: row.name.clone(),
        kind: EstimatorKind::Baseline,
        runs: 1,
        interval: structure.interval.map(value_text::bounds),
        tau_b: (row.tops.first().and_then(|at| at.tau_b), None),
        share: row.shares.first().copied().flatten(),
        spearman: (structure.spearman, None),
        ends: ends()
            .map(|criterion| {
                (structure.ends.iter().find(|end| end.criterion == criterion).and_then(|end| end.value), None)
            })
            .collect(),
        verdict: None,
    });
    let structures: Vec<RowOf> = own.collect();
    let baselines =
        found.iter().map(|(_, row)| row).filter(|row| row.kind == EstimatorKind::Baseline).chain(&structures);
    // Of equal values the first one.
    let best = baselines.filter_map(|row| Some((row.tau_b.0?, &row.name))).reduce(|a, b| if b.0 > a.0 { b } else { a });
    let best = best.map(|(_, name)| name.clone());
    if let Some(best) = &best {
        for (runs, row) in found.iter_mut().filter(|(_, row)| row.kind != EstimatorKind::Baseline) {
            row.verdict = verdict(panel, worth, runs, best);
        }
    }
    (found.into_iter().map(|(_, row)| row).chain(structures).collect(), best)
}

/// The estimators at their last checkpoints; runs of one estimator are together, in the order of the record.
fn runs(panel: &PanelRecord) -> Vec<Vec<&EstimatorRecord>> {
    let is_run = |estimator: &EstimatorRecord| estimator.checkpoint.as_ref().is_some_and(|of| of.ensemble.is_empty());
    let of = |estimator: &EstimatorRecord| {
        let checkpoint = estimator.checkpoint.as_ref().map(|of| (of.epoch, of.averaged.clone()));
        (estimator.id.clone(), estimator.variant.clone(), checkpoint)
    };
    let mut found: Vec<Vec<&EstimatorRecord>> = Vec::new();
    for place in latest(&panel.estimators) {
        let estimator = &panel.estimators[place];
        let same = |group: &&mut Vec<&EstimatorRecord>| is_run(group[0]) && of(group[0]) == of(estimator);
        match found.iter_mut().find(same).filter(|_| is_run(estimator)) {
            Some(group) => group.push(estimator),
            None => found.push(vec![estimator]),
        }
    }
    found
}

/// The row of one or more runs of an estimator.
fn of_runs(panel: &PanelRecord, worth: Option<&PanelWorth>, runs: &[&EstimatorRecord]) -> RowOf {
    let first = runs[0];
    let checkpoint = first.checkpoint.as_ref();
    let about = [
        first.variant.as_deref(),
        checkpoint.filter(|of| !of.averaged.is_empty()).map(|_| "mean weights"),
        checkpoint.filter(|of| !of.ensemble.is_empty()).map(|_| "mean of scores"),
    ];
    let about: Vec<&str> = about.into_iter().flatten().collect();
    let name = if about.is_empty() { first.id.clone() } else { format!("{} ({})", first.id, about.join(", ")) };
    let value = |criterion| value(panel, runs, criterion);
    let shares: Option<Vec<f64>> = runs.iter().map(|run| worth?.share(&run.label())).collect();
    RowOf {
        name,
        kind: first.kind,
        runs: runs.len(),
        interval: first.criteria.kendall.interval.map(value_text::bounds).filter(|_| runs.len() == 1),
        tau_b: value(Criterion::TauB),
        share: shares.and_then(|shares| Spread::new(&shares)).map(|spread| spread.mean),
        spearman: value(Criterion::Spearman),
        ends: ends().map(value).collect(),
        verdict: None,
    }
}

/// The value of one run, or mean and deviation over several: those of the record where it has them.
fn value(panel: &PanelRecord, runs: &[&EstimatorRecord], criterion: Criterion) -> Value {
    let first = runs[0];
    if runs.len() == 1 {
        return (first.criteria.get(criterion), None);
    }
    let is_single = first.checkpoint.as_ref().is_some_and(|of| of.averaged.is_empty());
    let held = panel.analyses.spread.iter().find(|held| {
        is_single
            && (&held.estimator, &held.variant, held.criterion) == (&first.id, &first.variant, criterion)
            && first.checkpoint.as_ref().is_some_and(|of| of.epoch == held.epoch)
            && held.spread.count == runs.len()
    });
    let values: Option<Vec<f64>> = runs.iter().map(|run| run.criteria.get(criterion)).collect();
    let spread = held.map(|held| held.spread).or_else(|| Spread::new(&values?));
    (spread.map(|spread| spread.mean), spread.and_then(|spread| spread.deviation))
}

/// What the paired tests of all runs with this baseline say; undecided if they do not say the same. `None` if a run has no test.
fn verdict(
    panel: &PanelRecord,
    worth: Option<&PanelWorth>,
    runs: &[&EstimatorRecord],
    baseline: &str,
) -> Option<Verdict> {
    let tests = || panel.analyses.comparisons.iter().chain(worth.into_iter().flat_map(|worth| &worth.comparisons));
    let of = |run: &&EstimatorRecord| {
        let label = run.label();
        let found = tests().find(|test| test.estimator == label && test.with == baseline);
        found.map(|test| test.outcome.verdict)
    };
    let verdicts: Option<Vec<Verdict>> = runs.iter().map(of).collect();
    verdicts?.into_iter().reduce(|a, b| if a == b { a } else { Verdict::Undecided })
}
