//! The analyses of a panel: everything that follows from truth, scores and architectures beside the criteria.

use super::pruned::PanelContext;
use crate::criteria::rank::PairCounts;
use crate::criteria::{
    Comparison, CriteriaError, Criterion, Exchange, Extremes, GROUPS, Resamples, Spread, Stability, complexity_bias,
    operation_bias,
};
use crate::estimator::EstimatorKind;
use crate::space::{Architecture, changes};
use crate::store::record::{
    AnalysesRecord, BiasRecord, Checkpoint, ComparisonRecord, EstimatorRecord, SpreadRecord, StabilityRecord,
    VariantRecord,
};

/// Architectures at the top, and over- and under-estimated ones, that a record names.
const EXTREMES: usize = 5;

/// The criteria whose spread over seeds is told.
const SPREAD: [Criterion; 3] = [Criterion::TauB, Criterion::PrecisionTop(0.05), Criterion::PrecisionBottom(0.05)];

/// What the bias of every estimator of a panel is measured by.
pub(super) struct BiasInputs {
    costs: Vec<f64>,
    exchanges: Vec<Exchange<String>>,
}

impl BiasInputs {
    /// Of architectures and their multiply-accumulates.
    pub fn new(architectures: &[Architecture], flops: &[u64]) -> Self {
        let exchange = |change: &crate::space::Change| Exchange {
            from: change.from.to_string(),
            to: change.to.to_string(),
            before: change.before,
            after: change.after,
        };
        Self {
            costs: flops.iter().map(|&flops| flops as f64).collect(),
            exchanges: changes(architectures).iter().map(exchange).collect(),
        }
    }

    /// The bias of scores, which are higher-is-better as the truth is.
    pub fn bias(&self, truth: &[f64], scores: &[f64]) -> Result<BiasRecord, CriteriaError> {
        Ok(BiasRecord {
            complexity: complexity_bias(&self.costs, truth, scores, GROUPS)?,
            operations: operation_bias(&self.exchanges, truth, scores)?,
            extremes: Extremes::new(truth, scores, EXTREMES)?,
        })
    }
}

/// How the estimators of a panel compare; `resamples` has one entry for each of them.
pub(super) fn compare(
    estimators: &[EstimatorRecord],
    resamples: &[Resamples],
    context: &PanelContext<'_>,
) -> Result<AnalysesRecord, CriteriaError> {
    let all = || estimators.iter().zip(resamples);
    let mut found = AnalysesRecord::default();
    for (estimator, of) in all() {
        let baselines = all().filter(|(other, _)| other.kind == EstimatorKind::Baseline && other.id != estimator.id);
        found.comparisons.extend(baselines.map(|(baseline, with)| ComparisonRecord {
            estimator: estimator.label(),
            with: baseline.label(),
            outcome: Comparison::new(of, with),
        }));
        if let Some(variant) = &estimator.variant
            && let Some((own, with)) = all().find(|(other, _)| is_own(other, estimator))
        {
            found.variants.push(VariantRecord {
                variant: variant.clone(),
                estimator: estimator.label(),
                with: own.label(),
                agreement: PairCounts::new(&own.oriented(), &estimator.oriented()).tau_b(),
                outcome: Comparison::new(of, with),
                kept: context.inside_kept(estimator, own),
            });
        }
    }
    for (place, later) in estimators.iter().enumerate() {
        let earlier = estimators[..place].iter().rev().find(|earlier| is_earlier(earlier, later));
        if let (Some(earlier), Some(from), Some(to)) = (earlier, earlier.and_then(epoch), epoch(later)) {
            found.stability.push(StabilityRecord {
                estimator: later.id.clone(),
                variant: later.variant.clone(),
                seeds: later.checkpoint.as_ref().map_or(Vec::new(), Checkpoint::seeds),
                from,
                to,
                stability: Stability::new(&earlier.oriented(), &later.oriented(), &context.criteria.fractions)?,
            });
        }
    }
    let single: Vec<&EstimatorRecord> = estimators.iter().filter(|estimator| is_single(estimator)).collect();
    for run in single.chunk_by(|a, b| (&a.id, &a.variant, epoch(a)) == (&b.id, &b.variant, epoch(b))) {
        let Some(epoch) = epoch(run[0]).filter(|_| run.len() > 1) else { continue };
        for criterion in SPREAD {
            let values: Option<Vec<f64>> = run.iter().map(|estimator| estimator.criteria.get(criterion)).collect();
            if let Some(spread) = values.and_then(|values| Spread::new(&values)) {
                let (estimator, variant) = (run[0].id.clone(), run[0].variant.clone());
                found.spread.push(SpreadRecord { estimator, variant, epoch, criterion, spread });
            }
        }
    }
    Ok(found)
}

/// Whether `own` is what `of` is a variant of.
fn is_own(own: &EstimatorRecord, of: &EstimatorRecord) -> bool {
    own.variant.is_none() && own.id == of.id && own.checkpoint == of.checkpoint
}

fn is_single(estimator: &EstimatorRecord) -> bool {
    estimator.checkpoint.as_ref().is_some_and(Checkpoint::is_single)
}

fn epoch(estimator: &EstimatorRecord) -> Option<u32> {
    estimator.checkpoint.as_ref().map(|checkpoint| checkpoint.epoch)
}

/// Whether `earlier` is the score of the same supernets at an earlier epoch.
fn is_earlier(earlier: &EstimatorRecord, later: &EstimatorRecord) -> bool {
    match (&earlier.checkpoint, &later.checkpoint) {
        (Some(a), Some(b)) => {
            let alike = (&earlier.id, &earlier.variant, a.seeds()) == (&later.id, &later.variant, b.seeds());
            alike && a.averaged.is_empty() && b.averaged.is_empty() && a.epoch < b.epoch
        }
        _ => false,
    }
}
