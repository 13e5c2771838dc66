//! The analyses of a panel: everything that is computed from truth, scores and architectures, except the criteria.

use super::pruned::PanelContext;
use crate::criteria::rank::PairCounts;
use crate::criteria::{
    Comparison, CriteriaError, Criterion, Exchange, Extremes, GROUPS, Resamples, Spread, Stability, complexity_bias,
    operation_bias,
};
use crate::estimator::EstimatorKind;
use crate::space::{Architecture, changes};
use crate::store::record::{
    AgreementRecord, AnalysesRecord, BiasRecord, Checkpoint, ComparisonRecord, EstimatorRecord, SpreadRecord,
    StabilityRecord, VariantRecord,
};

/// How many top, over-estimated and under-estimated architectures a record names, of each.
const EXTREMES: usize = 5;

/// The criteria whose spread over seeds is reported.
const SPREAD: [Criterion; 3] = [Criterion::TauB, Criterion::PrecisionTop(0.05), Criterion::PrecisionBottom(0.05)];

/// The inputs from which the bias of every estimator of a panel is measured.
pub(super) struct BiasInputs {
    /// None in a space without networks.
    costs: Vec<f64>,
    exchanges: Vec<Exchange<String>>,
}

impl BiasInputs {
    /// The inputs for these architectures; `flops` holds the multiply-accumulates of each, or nothing if there are no networks.
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

    /// The bias of scores. Higher scores must be better, as for the truth.
    pub fn bias(&self, truth: &[f64], scores: &[f64]) -> Result<BiasRecord, CriteriaError> {
        Ok(BiasRecord {
            complexity: match self.costs.as_slice() {
                [] => Vec::new(),
                costs => complexity_bias(costs, truth, scores, GROUPS)?,
            },
            operations: operation_bias(&self.exchanges, truth, scores)?,
            extremes: Extremes::new(truth, scores, EXTREMES)?,
        })
    }
}

/// Compares the estimators of a panel; `resamples` has one entry for each of them.
pub(super) fn compare(
    estimators: &[EstimatorRecord],
    resamples: &[Resamples],
    context: &PanelContext<'_>,
) -> Result<AnalysesRecord, CriteriaError> {
    let all = || estimators.iter().zip(resamples);
    let mut found = AnalysesRecord::default();
    for (estimator, of) in all() {
        let is_compared =
            |other: &EstimatorRecord| other.kind == EstimatorKind::Baseline || context.against.contains(&other.id);
        let baselines = all().filter(|(other, _)| is_compared(other) && other.id != estimator.id);
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
    found.stability = stability(estimators, &context.criteria.fractions)?;
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

/// Compares the rankings of estimators without a truth: every two of them, each at its last checkpoint, and the checkpoints of a supernet.
pub(super) fn compare_rankings(
    estimators: &[EstimatorRecord],
    fractions: &[f64],
) -> Result<AnalysesRecord, CriteriaError> {
    let mut found = AnalysesRecord { stability: stability(estimators, fractions)?, ..AnalysesRecord::default() };
    let is_last = |one: &&EstimatorRecord| {
        !estimators
            .iter()
            .any(|other| (&other.id, &other.variant) == (&one.id, &one.variant) && epoch(other) > epoch(one))
    };
    let last: Vec<&EstimatorRecord> = estimators.iter().filter(is_last).collect();
    for (place, estimator) in last.iter().enumerate() {
        for with in &last[..place] {
            found.agreement.push(AgreementRecord {
                estimator: estimator.label(),
                with: with.label(),
                agreement: Stability::new(&estimator.oriented(), &with.oriented(), fractions)?,
            });
        }
    }
    Ok(found)
}

/// How well each checkpoint of a supernet agrees with the one before.
fn stability(estimators: &[EstimatorRecord], fractions: &[f64]) -> Result<Vec<StabilityRecord>, CriteriaError> {
    let mut found = Vec::new();
    for (place, later) in estimators.iter().enumerate() {
        let earlier = estimators[..place].iter().rev().find(|earlier| is_earlier(earlier, later));
        if let (Some(earlier), Some(from), Some(to)) = (earlier, earlier.and_then(epoch), epoch(later)) {
            found.push(StabilityRecord {
                estimator: later.id.clone(),
                variant: later.variant.clone(),
                seeds: later.checkpoint.as_ref().map_or(Vec::new(), Checkpoint::seeds),
                from,
                to,
                stability: Stability::new(&earlier.oriented(), &later.oriented(), fractions)?,
            });
        }
    }
    Ok(found)
}

/// Whether `own` is the estimator with the spec's own settings of which `of` is a variant.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::criteria::{CriteriaConfig, Direction, evaluate_resampled};
    use crate::estimator::Score;
    use crate::experiment::pruned::Prunings;
    use crate::seed::Seed;
    use crate::space::SpaceId;

    const TRUTH: [f64; 6] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6];

    /// An estimator's row and its resamples.
    fn row(id: &str, variant: Option<&str>, at: Option<(&str, u32)>, scores: [f64; 6]) -> (EstimatorRecord, Resamples) {
        let config = CriteriaConfig { resamples: 50, ..CriteriaConfig::default() };
        let (criteria, resamples) = evaluate_resampled(&TRUTH, &scores, &config, Seed::root(1)).unwrap();
        let kind = if at.is_some() { EstimatorKind::OneShot } else { EstimatorKind::Baseline };
        let extremes = Extremes::new(&TRUTH, &scores, 2).unwrap();
        let record = EstimatorRecord {
            id: id.to_owned(),
            version: 1,
            direction: Direction::Higher,
            kind,
            tolerance: kind.tolerance(),
            variant: variant.map(str::to_owned),
            checkpoint: at.map(|(seed, epoch)| Checkpoint::single(seed, epoch)),
            scores: scores.map(Score::from).to_vec(),
            details: Vec::new(),
            criteria,
            bias: BiasRecord { complexity: Vec::new(), operations: Vec::new(), extremes },
            published: Vec::new(),
        };
        (record, resamples)
    }

    fn compared(rows: Vec<(EstimatorRecord, Resamples)>) -> AnalysesRecord {
        let (estimators, resamples): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let architectures: Vec<Architecture> = SpaceId::Nb201.representatives().unwrap().into_iter().take(6).collect();
        let (config, prunings) = (CriteriaConfig::default(), Prunings::new());
        let context = PanelContext {
            architectures: &architectures,
            truth: &TRUTH,
            prunings: &prunings,
            against: &[],
            criteria: &config,
            bootstrap: Seed::root(1),
        };
        compare(&estimators, &resamples, &context).unwrap()
    }

    const UP: [f64; 6] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    const DOWN: [f64; 6] = [6.0, 5.0, 4.0, 3.0, 2.0, 1.0];
    const NEARLY: [f64; 6] = [2.0, 1.0, 3.0, 4.0, 5.0, 6.0];

    #[test]
    fn a_checkpoint_is_earlier_than_later_ones_of_its_own_supernet_alone() {
        let of = |id: &str, variant: Option<&str>, seed: &str, epoch: u32| row(id, variant, Some((seed, epoch)), UP).0;
        let own = of("oneshot_loss", None, "1", 4);
        for (other, expected) in [
            (of("oneshot_loss", None, "1", 3), true),
            (of("oneshot_loss", None, "1", 4), false),
            (of("oneshot_loss", None, "1", 5), false),
            (of("oneshot_loss", None, "2", 3), false),
            (of("oneshot_loss", Some("iso"), "1", 3), false),
            (of("oneshot_accuracy", None, "1", 3), false),
            (row("oneshot_loss", None, None, UP).0, false),
        ] {
            assert_eq!(is_earlier(&other, &own), expected, "{}", other.label());
        }
        // Averages of weights are of no single epoch.
        for averaged in [&[1, 3][..], &[]] {
            let mut other = of("oneshot_loss", None, "1", 3);
            other.checkpoint.as_mut().unwrap().averaged = averaged.to_vec();
            assert_eq!(is_earlier(&other, &own), averaged.is_empty());
            let mut later = own.clone();
            later.checkpoint.as_mut().unwrap().averaged = averaged.to_vec();
            assert_eq!(is_earlier(&of("oneshot_loss", None, "1", 3), &later), averaged.is_empty());
        }
        assert_eq!(epoch(&own), Some(4));
    }

    #[test]
    fn everything_is_tested_against_the_baselines_but_not_against_itself() {
        let found = compared(vec![
            row("params", None, None, UP),
            row("flops", None, None, DOWN),
            row("oneshot_loss", None, Some(("1", 4)), NEARLY),
        ]);
        let pairs: Vec<(&str, &str)> =
            found.comparisons.iter().map(|test| (test.estimator.as_str(), test.with.as_str())).collect();
        let one_shot = "oneshot_loss (seed 1, epoch 4)";
        assert_eq!(pairs, [("params", "flops"), ("flops", "params"), (one_shot, "params"), (one_shot, "flops")]);
        assert_eq!(found.comparisons[0].outcome.difference, Some(2.0));
        assert!(found.variants.is_empty() && found.stability.is_empty() && found.spread.is_empty());
    }

    #[test]
    fn variants_are_compared_with_the_specs_own_row() {
        let found = compared(vec![
            row("oneshot_loss", None, Some(("1", 4)), UP),
            row("oneshot_loss", Some("other"), Some(("1", 4)), DOWN),
            row("oneshot_loss", Some("alone"), Some(("1", 2)), DOWN),
        ]);
        assert_eq!(found.variants.len(), 1, "no row of the spec's own is at epoch 2");
        let variant = &found.variants[0];
        assert_eq!((variant.variant.as_str(), variant.agreement), ("other", Some(-1.0)));
        assert_eq!(variant.outcome.difference, Some(-2.0));
    }

    #[test]
    fn stability_is_between_checkpoints_of_one_supernet_and_spread_between_seeds_at_one_epoch() {
        let found = compared(vec![
            row("oneshot_loss", None, Some(("1", 2)), NEARLY),
            row("oneshot_loss", None, Some(("2", 2)), UP),
            row("oneshot_loss", None, Some(("1", 4)), UP),
            row("oneshot_loss", None, Some(("2", 4)), DOWN),
        ]);
        let pairs: Vec<(Vec<&str>, u32, u32)> =
            found.stability.iter().map(|at| (at.seeds.iter().map(String::as_str).collect(), at.from, at.to)).collect();
        assert_eq!(pairs, [(vec!["1"], 2, 4), (vec!["2"], 2, 4)]);
        let taus: Vec<Option<f64>> = found.stability.iter().map(|at| at.stability.tau_b).collect();
        assert_eq!(taus, [PairCounts::new(&NEARLY, &UP).tau_b(), Some(-1.0)]);
        let tau = |spread: &&SpreadRecord| spread.criterion == Criterion::TauB;
        let spreads: Vec<(u32, f64)> =
            found.spread.iter().filter(tau).map(|spread| (spread.epoch, spread.spread.mean)).collect();
        let nearly = PairCounts::new(&TRUTH, &NEARLY).tau_b().unwrap();
        assert_eq!(spreads, [(2, f64::midpoint(nearly, 1.0)), (4, 0.0)]);
    }
}
