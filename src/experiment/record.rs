//! From scores to a record: criteria, analyses and published figures.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::analyses::{BiasInputs, compare, compare_rankings};
use super::basis::Ranking;
use super::ensemble::{ScoredRow, with_seed_means};
use super::inputs::{Inputs, PanelInputs};
use super::plan::{ScoreWork, Weights};
use super::pruned::{Kept, PanelContext, Prunings};
use super::resolve::{Arm, Resolved};
use super::scores::StageScores;
use super::{ExperimentError, published};
use crate::DeviceClass;
use crate::criteria::bootstrap::panel_seed;
use crate::criteria::{self, Criteria, Direction, Extremes, VOTE_VERSION};
use crate::estimator::{EstimatorFacts, EstimatorKind, Score, ToleranceClass};
use crate::scores::SCORE_FILE_VERSION;
use crate::space::{Architecture, Census, Form, SpaceId};
use crate::spec::{Encodings, Ensemble, Quantity, Spec, StageKey};
use crate::store::record::{
    AnalysesRecord, ArchitectureRow, BiasRecord, Checkpoint, EstimatorRecord, PanelRecord, Record, SupernetRecord,
    TruthRecord, Verified,
};

/// The results of the stages so far.
#[derive(Debug, Default)]
pub(super) struct Results {
    pub verified: Vec<Verified>,
    pub supernets: Vec<(StageKey, SupernetRecord)>,
    pub scores: Vec<(StageKey, ScoreWork)>,
}

/// Makes the record from the results of the stages; `scores` has the scores of each score stage.
pub(super) fn record(
    resolved: &Resolved,
    inputs: &Inputs,
    class: DeviceClass,
    results: Results,
    scores: &BTreeMap<StageKey, StageScores>,
) -> Result<Record, ExperimentError> {
    let prunings = prunings(resolved, &results)?;
    let panels = (0..inputs.panels.len())
        .map(|panel| {
            let rows = scored_rows(resolved, inputs, panel, &results.scores, scores)?;
            panel_record(resolved, inputs.truth.len(), &inputs.panels[panel], &rows, &prunings)
        })
        .collect::<Result<Vec<_>, ExperimentError>>()?;
    let spec = &resolved.spec;
    Ok(Record {
        format: Record::FORMAT,
        spec_hash: resolved.hash.to_string(),
        name: spec.name.clone(),
        title: spec.title.clone(),
        space: spec.space.to_string(),
        device_class: class,
        spec: resolved.document()?,
        truth: truth_record(inputs, spec.truth.quantity(), results.verified),
        supernets: results.supernets.into_iter().map(|(_, record)| record).collect(),
        panels,
    })
}

/// The record of a panel: its scores, criteria and analyses. The truth has `truth_rows` architectures.
fn panel_record(
    resolved: &Resolved,
    truth_rows: usize,
    panel: &PanelInputs,
    rows: &[ScoredRow],
    prunings: &Prunings,
) -> Result<PanelRecord, ExperimentError> {
    let spec = &resolved.spec;
    let PanelInputs { architectures, truth_of, .. } = panel;
    // Criteria are of truth that is better if it is higher.
    let quantity = spec.truth.quantity();
    let goodness = |value: f64| quantity.as_ref().map_or(value, |quantity| quantity.goodness(value));
    let truth: Option<Vec<f64>> =
        panel.truth.as_ref().map(|truth| truth.iter().map(|&value| goodness(value)).collect());
    let truth = truth.as_ref();
    let skeleton = spec.zero_shot.network.skeleton_for(spec.space, spec.zero_shot.form, &spec.images);
    // In a table-only space nothing of a network can be counted.
    let counted = |architecture: &Architecture| {
        if spec.space.has_network() { architecture.census(&skeleton).map(Some) } else { Ok(None) }
    };
    let census = architectures.iter().map(counted).collect::<Result<Vec<Option<Census>>, _>>()?;
    let flops: Vec<u64> = census.iter().flatten().map(|census| census.flops).collect();
    let bias_inputs = BiasInputs::new(architectures, &flops);
    let failed = |estimator: &str| {
        let (estimator, panel) = (estimator.to_owned(), panel.name.clone());
        move |source| ExperimentError::Criteria { estimator, panel, source }
    };
    let bootstrap = panel_seed();
    let (mut estimators, mut resamples) = (Vec::new(), Vec::new());
    let mut judge = |estimators: &mut Vec<EstimatorRecord>, source: Source, row: ScoredRow, published| {
        let ScoredRow { estimator: id, variant, checkpoint, scores, details } = row;
        let Source { version, direction, kind, tolerance } = source;
        let oriented: Vec<f64> = scores.iter().map(|score| direction.orient(score.value())).collect();
        let (criteria, bias) = match truth {
            None => (Criteria::without_truth(&oriented), BiasRecord::default()),
            Some(truth) => {
                let judged = criteria::evaluate_resampled(truth, &oriented, &spec.criteria, bootstrap);
                let (criteria, of) = judged.map_err(failed(&id))?;
                resamples.push(of);
                (criteria, bias_inputs.bias(truth, &oriented).map_err(failed(&id))?)
            }
        };
        estimators.push(EstimatorRecord {
            id,
            version,
            direction,
            kind,
            tolerance,
            variant,
            checkpoint,
            scores,
            details,
            criteria,
            bias,
            published,
        });
        Ok::<_, ExperimentError>(())
    };
    for row in rows {
        let (source, last) = identity(resolved, &panel.name, &row.estimator)?;
        // Published figures are for single supernets at the end of their training.
        let at_the_end = |of: &Checkpoint| of.is_single() && of.epoch == last;
        // All of them are for accuracies.
        let published = if truth.is_some()
            && quantity.is_none()
            && row.variant.is_none()
            && row.checkpoint.as_ref().is_none_or(at_the_end)
        {
            let ranking = ranking(resolved, panel, truth_rows, &row.estimator, &source);
            published::of(spec.space, &row.estimator, &ranking)
        } else {
            Vec::new()
        };
        judge(&mut estimators, source, row.clone(), published)?;
    }
    for (name, vote) in &spec.panels[&panel.name].votes {
        let voters = vote.members.iter().filter_map(|id| estimators.iter().find(|found| found.id == *id));
        let scores = vote.rule.score(&voters.map(EstimatorRecord::oriented).collect::<Vec<_>>());
        let scores = scores.into_iter().map(Score::from).collect();
        let row = ScoredRow { estimator: name.clone(), variant: None, checkpoint: None, scores, details: Vec::new() };
        let kind = EstimatorKind::Vote;
        let source = Source { version: VOTE_VERSION, direction: Direction::Higher, kind, tolerance: kind.tolerance() };
        judge(&mut estimators, source, row, Vec::new())?;
    }
    let against = &spec.panels[&panel.name].against;
    let analyses = match truth {
        None => compare_rankings(&estimators, &spec.criteria.fractions),
        Some(truth) => {
            let context = PanelContext { architectures, truth, prunings, against, criteria: &spec.criteria, bootstrap };
            compare(&estimators, &resamples, &context)
        }
    };
    let mut analyses = analyses.map_err(failed("all estimators"))?;
    if let Some(quantity) = &quantity {
        in_its_unit(quantity, &mut estimators, &mut analyses);
    }
    let row = |(place, (architecture, census)): (usize, (&Architecture, &Option<Census>))| ArchitectureRow {
        architecture: architecture.to_string(),
        truth: panel.truth.as_ref().map(|truth| truth[place]),
        truth_of: truth_of[place].as_ref().map(ToString::to_string),
        params: census.map(|census| census.params),
        flops: census.map(|census| census.flops),
        isomorphs: architecture.isomorphs(),
    };
    let architectures = architectures.iter().zip(&census).enumerate().map(row).collect();
    Ok(PanelRecord { name: panel.name.clone(), coverage: panel.coverage.clone(), architectures, estimators, analyses })
}

/// Gives the true values in criteria and analyses, which were made of goodness, their own sign again.
fn in_its_unit(quantity: &Quantity, estimators: &mut [EstimatorRecord], analyses: &mut AnalysesRecord) {
    let own = |truth: &mut f64| *truth = quantity.value(*truth);
    for estimator in estimators {
        estimator.criteria.best_of.iter_mut().for_each(|best| own(&mut best.truth));
        let Extremes { top, over_estimated, under_estimated } = &mut estimator.bias.extremes;
        top.iter_mut().chain(over_estimated).chain(under_estimated).for_each(|standing| own(&mut standing.truth));
    }
    for kept in analyses.variants.iter_mut().filter_map(|variant| variant.kept.as_mut()) {
        let inside = [&mut kept.variant, &mut kept.own];
        inside.into_iter().flat_map(|inside| &mut inside.best_of).for_each(|best| own(&mut best.truth));
    }
}

/// What the estimator or score file with this name ranks, and by what.
fn ranking<'a>(
    resolved: &'a Resolved,
    panel: &PanelInputs,
    truth_rows: usize,
    name: &str,
    source: &Source,
) -> Ranking<'a> {
    let spec = &resolved.spec;
    let of = &spec.panels[&panel.name];
    let looks = matches!(source.kind, EstimatorKind::ZeroShot | EstimatorKind::OneShot);
    let known = resolved.facts(name).map(|facts| facts.direction);
    Ranking {
        truth: &spec.truth,
        truth_rows,
        panel: of,
        rows: panel.architectures.len(),
        images: (looks && !of.scores.contains_key(name)).then_some(&spec.images),
        counts_part: counts_part(spec, source.kind),
        any_encoding: of.encodings == Encodings::Class && of.scores.contains_key(name),
        turned: known.is_ok_and(|known| known != source.direction).then_some(source.direction),
    }
}

/// Whether the counts of a baseline are those of a part of a supernet, and others than those of the stand-alone network: vertices of
/// NAS-Bench-101 have other widths there.
pub(super) fn counts_part(spec: &Spec, kind: EstimatorKind) -> bool {
    kind == EstimatorKind::Baseline && spec.space == SpaceId::Nb101 && spec.zero_shot.form == Form::Supernet
}

/// What each pruned supernet kept, by variant and seed.
fn prunings(resolved: &Resolved, results: &Results) -> Result<Prunings, ExperimentError> {
    let mut found = Prunings::new();
    for (_, work) in &results.scores {
        let Some(weights) = &work.weights else { continue };
        let supernet = results.supernets.iter().find(|(key, _)| *key == weights.supernet);
        if let Some(pruning) = supernet.and_then(|(_, record)| record.pruning.as_ref()) {
            let of = (resolved.arms[work.arm].variant.clone(), weights.seed.to_string());
            if let Entry::Vacant(place) = found.entry(of) {
                place.insert(Kept::new(resolved.spec.space, pruning)?);
            }
        }
    }
    Ok(found)
}

/// The scores of each estimator of a panel, with ensembles.
fn scored_rows(
    resolved: &Resolved,
    inputs: &Inputs,
    panel: usize,
    stages: &[(StageKey, ScoreWork)],
    scores: &BTreeMap<StageKey, StageScores>,
) -> Result<Vec<ScoredRow>, ExperimentError> {
    let ensembles = |spec: &Spec, rows: &[ScoredRow]| match spec.one_shot.ensemble {
        Ensemble::None => rows.to_vec(),
        Ensemble::Seeds => with_seed_means(rows),
    };
    let mut all = Vec::new();
    for (arm, Arm { variant, spec }) in resolved.arms.iter().enumerate() {
        let stages = stages.iter().filter(|(_, work)| (work.panel, work.arm) == (panel, arm));
        let rows = stages.map(|(key, work)| {
            let StageScores { scores, details } =
                scores.get(key).cloned().ok_or(ExperimentError::Unprepared("scores"))?;
            let (estimator, checkpoint) = (work.estimator.clone(), work.weights.as_ref().map(Weights::checkpoint));
            Ok::<_, ExperimentError>(ScoredRow { estimator, variant: variant.clone(), checkpoint, scores, details })
        });
        let rows = rows.collect::<Result<Vec<_>, _>>()?;
        all.extend(ensembles(spec, &rows));
    }
    all.extend(ensembles(&resolved.spec, &inputs.panels[panel].file_scores));
    Ok(all)
}

/// The facts of an estimator or a score file that do not depend on its scores.
struct Source {
    version: u32,
    direction: Direction,
    kind: EstimatorKind,
    tolerance: ToleranceClass,
}

/// The columns of the score files for a panel's architectures. Scores are oriented so that higher is better.
///
/// # Errors
/// None if the panel was loaded from the same spec.
pub fn scores_of_files(resolved: &Resolved, panel: &PanelInputs) -> Result<Vec<FileScores>, ExperimentError> {
    let oriented = |row: &ScoredRow| {
        let (Source { direction, .. }, _) = identity(resolved, &panel.name, &row.estimator)?;
        let scores = row.scores.iter().map(|score| direction.orient(score.value())).collect();
        Ok((row.estimator.clone(), row.checkpoint.clone(), scores))
    };
    panel.file_scores.iter().map(oriented).collect()
}

/// A column of a score file: its name in the spec, the weights, and the scores.
pub type FileScores = (String, Option<Checkpoint>, Vec<f64>);

/// The facts of the estimator or score file with this name, and the last epoch that has scores.
fn identity(resolved: &Resolved, panel: &str, name: &str) -> Result<(Source, u32), ExperimentError> {
    let spec = &resolved.spec;
    let last = spec.supernet.as_ref().map_or(0, |supernet| supernet.training.epochs);
    let Some(file) = spec.panels[panel].scores.get(name) else {
        let EstimatorFacts { version, direction, kind, tolerance } = resolved.facts(name)?;
        return Ok((Source { version, direction, kind, tolerance }, last as u32));
    };
    let known = resolved.facts(name).ok();
    let (direction, kind) =
        known.map_or((Direction::Higher, EstimatorKind::External), |facts| (facts.direction, facts.kind));
    let direction = file.direction.unwrap_or(direction);
    let source = Source { version: SCORE_FILE_VERSION, direction, kind, tolerance: kind.tolerance() };
    Ok((source, file.epochs.last().map_or(0, |&epoch| epoch as u32)))
}

/// The record of the truth; `None` without one.
fn truth_record(inputs: &Inputs, quantity: Option<Quantity>, verified: Vec<Verified>) -> Option<TruthRecord> {
    let source = inputs.truth_source.clone()?;
    let mut sorted: Vec<f64> = inputs.truth.iter().map(|(_, accuracy)| *accuracy).collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let median = if sorted.len() % 2 == 1 { sorted[middle] } else { f64::midpoint(sorted[middle - 1], sorted[middle]) };
    Some(TruthRecord {
        source,
        quantity,
        rows: sorted.len(),
        minimum: sorted[0],
        median,
        maximum: sorted[sorted.len() - 1],
        verified,
    })
}
