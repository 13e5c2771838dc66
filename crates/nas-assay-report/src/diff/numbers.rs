//! Which numbers moved between two records, and how far.

use nas_assay_criteria::{Criteria, Criterion, PairCounts, TopCount};
use nas_assay_schema::store::record::{ArchitectureRow, EstimatorRecord};
use serde::Serialize;

use crate::tolerance::{CROSS_TAU, Common, Quantity, Tolerance};
use crate::true_values::TrueValues;

/// The architectures that both panels have, and what the two records have in common.
pub(super) struct Shared<'a> {
    /// The architectures of the first panel.
    pub architectures: &'a [ArchitectureRow],
    /// The rows of each shared architecture in the two panels.
    pub places: &'a [(usize, usize)],
    /// What the records have in common.
    pub common: Common,
    /// What the true values of each record are.
    pub truths: [TrueValues<'a>; 2],
}

/// True values that are not the same in both records. They are data, so any difference counts.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TruthDiff {
    /// How many.
    pub moved: usize,
    /// The largest absolute difference.
    pub largest: f64,
    /// The unit of that difference; `None` for accuracies, which are fractions, and for numbers without a unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The architecture with that difference.
    pub at: Option<String>,
}

/// How an estimator's numbers differ.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EstimatorDiff {
    /// The id, with the variant and the checkpoint if there are such.
    pub estimator: String,
    /// Its scores.
    pub scores: ScoresDiff,
    /// How many criteria were compared.
    pub criteria_compared: usize,
    /// The criteria that do not have the same bits.
    pub criteria: Vec<CriterionDiff>,
}

/// How an estimator's scores differ, on the architectures of both records.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScoresDiff {
    /// The tolerance class that they are judged by.
    pub class: Tolerance,
    /// How many scores were compared.
    pub compared: usize,
    /// How many scores do not have the same bits.
    pub moved: usize,
    /// How many scores differ by more than the class allows.
    pub beyond: usize,
    /// The largest relative difference of two finite scores.
    pub largest: f64,
    /// The architecture with that difference.
    pub at: Option<String>,
    /// Kendall's tau-b between the two score vectors; `None` where one is constant.
    pub tau: Option<f64>,
    /// Whether the class requires the same order and the vectors do not have it.
    pub order_lost: bool,
}

/// A criterion that is not the same in both records.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CriterionDiff {
    /// Its name.
    pub criterion: String,
    /// The tolerance class that it is judged by.
    pub class: Tolerance,
    /// The first record's value.
    pub left: Option<f64>,
    /// The second record's value.
    pub right: Option<f64>,
    /// Whether it differs by more than its class allows.
    pub beyond: bool,
}

impl TruthDiff {
    /// `truths` says what the true values of the two records are.
    pub(super) fn new(
        left: &[ArchitectureRow],
        right: &[ArchitectureRow],
        places: &[(usize, usize)],
        [ours, theirs]: [TrueValues<'_>; 2],
    ) -> Self {
        let mut diff = Self::default();
        // Numbers of two quantities are not compared: the specs differ in what they are.
        if ours != theirs {
            return diff;
        }
        diff.unit = ours.unit().map(str::to_owned);
        for &(ours, theirs) in places {
            let (ours, theirs) = (&left[ours], &right[theirs]);
            // If only one of the records has a truth, the specs say so.
            let Some((left, right)) = ours.truth.zip(theirs.truth) else { continue };
            if left.to_bits() == right.to_bits() {
                continue;
            }
            diff.moved += 1;
            let distance = (left - right).abs();
            if distance > diff.largest || diff.at.is_none() {
                (diff.largest, diff.at) = (distance, Some(ours.architecture.clone()));
            }
        }
        diff
    }
}

impl EstimatorDiff {
    pub(super) fn new(left: &EstimatorRecord, right: &EstimatorRecord, shared: &Shared<'_>) -> Self {
        let scores = ScoresDiff::new(left, right, shared);
        let [ours, theirs] = shared.truths;
        let (ours, theirs) = (values(&left.criteria, ours), values(&right.criteria, theirs));
        let (mut compared, mut criteria) = (0, Vec::new());
        for (name, quantity, left) in ours {
            let Some(&(_, _, right)) = theirs.iter().find(|(other, ..)| *other == name) else { continue };
            compared += 1;
            if left.map(f64::to_bits) != right.map(f64::to_bits) {
                let class = Tolerance::of_criterion(scores.class, quantity, shared.common);
                let beyond = !class.allows_values(left, right);
                criteria.push(CriterionDiff { criterion: name, class, left, right, beyond });
            }
        }
        Self { estimator: left.label(), scores, criteria_compared: compared, criteria }
    }

    /// How many numbers moved beyond their class. A lost order counts as one.
    pub(super) fn beyond(&self) -> usize {
        self.scores.beyond + usize::from(self.scores.order_lost) + self.criteria_beyond().count()
    }

    pub(super) fn criteria_beyond(&self) -> impl Iterator<Item = &CriterionDiff> {
        self.criteria.iter().filter(|criterion| criterion.beyond)
    }
}

impl ScoresDiff {
    fn new(left: &EstimatorRecord, right: &EstimatorRecord, shared: &Shared<'_>) -> Self {
        let Shared { architectures, places, common, .. } = *shared;
        let class = Tolerance::of_scores(left, common);
        let typical = typical(left);
        let (mut moved, mut beyond, mut largest, mut at) = (0, 0, 0.0, None);
        for &(place, other) in places {
            let (ours, theirs) = (left.scores[place], right.scores[other]);
            let (a, b) = (ours.value(), theirs.value());
            if a.to_bits() == b.to_bits() {
                continue;
            }
            moved += 1;
            beyond += usize::from(!class.allows_scores(ours, theirs, typical));
            let relative = (a - b).abs() / a.abs().max(b.abs());
            if relative.is_finite() && relative > largest {
                (largest, at) = (relative, Some(architectures[place].architecture.clone()));
            }
        }
        let (ours, theirs) = (left.oriented(), right.oriented());
        let (ours, theirs): (Vec<f64>, Vec<f64>) = places.iter().map(|&(a, b)| (ours[a], theirs[b])).unzip();
        let tau = PairCounts::new(&ours, &theirs).tau_b();
        let order_lost = class.judges_order() && tau.is_some_and(|tau| tau < CROSS_TAU);
        Self { class, compared: places.len(), moved, beyond, largest, at, tau, order_lost }
    }
}

/// The median magnitude of the finite scores.
fn typical(estimator: &EstimatorRecord) -> f64 {
    let magnitudes = estimator.scores.iter().map(|score| score.value().abs());
    let mut magnitudes: Vec<f64> = magnitudes.filter(|magnitude| magnitude.is_finite()).collect();
    magnitudes.sort_by(f64::total_cmp);
    magnitudes.get(magnitudes.len() / 2).copied().unwrap_or(0.0)
}

/// Every criterion that is compared: its name, its kind and its value.
fn values(criteria: &Criteria, truth: TrueValues<'_>) -> Vec<(String, Quantity, Option<f64>)> {
    let mut values = Vec::new();
    let named = |criterion: Criterion| (criterion.to_string(), criteria.get(criterion));
    for criterion in [Criterion::TauB, Criterion::TauA, Criterion::Spearman, Criterion::Pearson] {
        let (name, value) = named(criterion);
        values.push((name, Quantity::Correlation, value));
    }
    let bounds = criteria.kendall.interval.map(|interval| [("lower", interval.lower), ("upper", interval.upper)]);
    for (bound, value) in bounds.into_iter().flatten() {
        values.push((format!("tau_b {bound}"), Quantity::Correlation, Some(value)));
    }
    let ends = criteria
        .precision
        .iter()
        .flat_map(|at| [Criterion::PrecisionTop(at.fraction), Criterion::PrecisionBottom(at.fraction)]);
    let ranking = criteria
        .ranking
        .iter()
        .flat_map(|at| [Criterion::BestRanking(at.fraction), Criterion::WorstRanking(at.fraction)]);
    values.extend(ends.chain(ranking).map(named).map(|(name, value)| (name, Quantity::End, value)));
    for best in &criteria.best_of {
        values.push((truth.best_of(best.count), Quantity::End, Some(best.truth)));
    }
    for &TopCount { count, tau_top, tau_true_top } in &criteria.top_counts {
        for (what, value) in [("predicted", tau_top), ("true", tau_true_top)] {
            values.push((format!("tau_b within the {what} top {count}"), Quantity::Correlation, value));
        }
    }
    values.push(("architectures".to_owned(), Quantity::Count, Some(criteria.rows as f64)));
    values.push(("not finite".to_owned(), Quantity::Count, Some(criteria.non_finite.total() as f64)));
    values
}
