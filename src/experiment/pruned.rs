//! The effect of pruning by score: compares a pruned supernet with one that was not pruned, on the architectures that pruning kept.

use std::collections::{BTreeMap, BTreeSet};

use crate::criteria::rank::PairCounts;
use crate::criteria::topk::Rankings;
use crate::criteria::{BestOf, Comparison, CriteriaConfig, Resamples};
use crate::seed::Seed;
use crate::space::{Architecture, ArchitectureError, SpaceId};
use crate::store::record::{EstimatorRecord, InsideRecord, KeptRecord, PruningRecord};

/// What each pruned supernet kept, by variant and seed.
pub(super) type Prunings = BTreeMap<(Option<String>, String), Kept>;

/// The architectures that a supernet was trained with after pruning.
pub(super) struct Kept {
    /// The epoch after which the others were dropped.
    epoch: u32,
    /// The isomorphism keys of the architectures.
    keys: BTreeSet<String>,
}

impl Kept {
    /// Reads them from the record of a pruning in `space`.
    pub fn new(space: SpaceId, pruning: &PruningRecord) -> Result<Self, ArchitectureError> {
        let key = |text: &String| Ok(Architecture::parse(space, text)?.isomorphism_key());
        Ok(Self { epoch: pruning.epoch, keys: pruning.kept.iter().map(key).collect::<Result<_, _>>()? })
    }
}

/// The panel that estimators are compared on.
pub(super) struct PanelContext<'a> {
    pub architectures: &'a [Architecture],
    pub truth: &'a [f64],
    pub prunings: &'a Prunings,
    /// Names of scores that others are compared with, besides the baselines.
    pub against: &'a [String],
    pub criteria: &'a CriteriaConfig,
    /// The seed of the panel's resamples.
    pub bootstrap: Seed,
}

impl PanelContext<'_> {
    /// Compares a variant of a one-shot score with the spec's own score on the architectures that the variant's supernet kept. As in Ning
    /// et al. 2021, both are judged on these architectures alone. `None` if the variant's score does not come from a single supernet after
    /// its pruning.
    pub fn inside_kept(&self, variant: &EstimatorRecord, own: &EstimatorRecord) -> Option<KeptRecord> {
        let at = variant.checkpoint.as_ref().filter(|at| at.is_single())?;
        let kept = self.prunings.get(&(variant.variant.clone(), at.seed.clone()))?;
        if at.epoch <= kept.epoch {
            return None;
        }
        let is_kept = |&row: &usize| kept.keys.contains(&self.architectures[row].isomorphism_key());
        let rows: Vec<usize> = (0..self.architectures.len()).filter(is_kept).collect();
        let (of_variant, resampled) = self.inside(&rows, variant);
        let (of_own, with) = self.inside(&rows, own);
        let outcome = Comparison::new(&resampled, &with);
        Some(KeptRecord { architectures: rows.len(), variant: of_variant, own: of_own, outcome })
    }

    /// The numbers of an estimator on these rows alone.
    fn inside(&self, rows: &[usize], estimator: &EstimatorRecord) -> (InsideRecord, Resamples) {
        let of = |values: &[f64]| rows.iter().map(|&row| values[row]).collect::<Vec<f64>>();
        let (truth, scores) = (of(self.truth), of(&estimator.oriented()));
        let resamples = Resamples::new(&truth, &scores, self.criteria.resamples, self.bootstrap);
        let rankings = Rankings::new(&truth, &scores);
        let mean = scores.iter().sum::<f64>() / scores.len() as f64;
        let record = InsideRecord {
            tau_b: PairCounts::new(&truth, &scores).tau_b(),
            mean_score: mean.is_finite().then(|| estimator.direction.orient(mean)),
            best_of: self.criteria.best_of.iter().filter_map(|&count| BestOf::new(&rankings, count)).collect(),
        };
        (record, resamples)
    }
}
