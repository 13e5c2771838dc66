//! Whether scores are those of a named estimator, by another implementation.

use serde::Serialize;

use crate::rank::spearman;

/// A gate needs so many architectures: with fewer, a rank correlation says too little.
pub const GATE_ROWS: usize = 200;

/// The least rank correlation of two implementations of one estimator that agrees with itself.
const AGREE: f64 = 0.99;

/// The least part of an estimator's correlation with itself, over seeds, where that is lower.
const OF_ITSELF: f64 = 0.98;

/// Below this correlation with itself, an estimator's scores of other weights tell nothing about an implementation.
const STEADY: f64 = 0.5;

/// What a gate says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GateVerdict {
    /// The scores are those of the estimator.
    Same,
    /// They are not.
    Other,
    /// There are fewer than [`GATE_ROWS`] architectures.
    TooFew,
    /// The rank correlation is undefined: all scores of one side are equal.
    Undefined,
    /// The estimator does not agree with itself over seeds, so that other weights tell nothing.
    Unsteady,
}

impl GateVerdict {
    /// The verdict in words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Same => "the same estimator",
            Self::Other => "another estimator",
            Self::TooFew => "too few architectures",
            Self::Undefined => "undefined",
            Self::Unsteady => "over seeds, the estimator disagrees with itself",
        }
    }
}

/// The comparison of scores with those of the estimator whose name they bear.
///
/// The scores pass if their Spearman correlation with ours is at least .99, or at least .98 of the estimator's correlation with itself over
/// seeds, whichever is lower. An estimator whose correlation with itself is below .5 has no verdict.
///
/// ```
/// use nas_assay_criteria::gate::{Gate, GateVerdict};
///
/// let ours: Vec<f64> = (0..200).map(f64::from).collect();
/// let scaled: Vec<f64> = ours.iter().map(|score| 2.0 * score).collect();
/// let gate = Gate::new(&scaled, &ours, &[ours.clone(), scaled.clone()]);
/// assert_eq!((gate.verdict, gate.median_difference), (GateVerdict::Same, Some(0.5)));
/// let turned: Vec<f64> = ours.iter().rev().copied().collect();
/// assert_eq!(Gate::new(&turned, &ours, &[]).verdict, GateVerdict::Other);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Gate {
    /// Number of architectures.
    pub rows: usize,
    /// Spearman's rho of the two; `None` if one of them is constant.
    pub spearman: Option<f64>,
    /// The mean of Spearman's rho between the estimator's scores of every two seeds; `None` without two seeds, or if it is undefined.
    pub self_correlation: Option<f64>,
    /// The least rho that passes.
    pub needed: f64,
    /// The median of `|a - b| / max(|a|, |b|)` over the architectures that both have finite scores for.
    pub median_difference: Option<f64>,
    /// The largest of them.
    pub largest_difference: Option<f64>,
    /// Architectures for which exactly one of the two has a finite score.
    pub failed_once: usize,
    /// What follows.
    pub verdict: GateVerdict,
}

impl Gate {
    /// Compares scores with ours, of the same architectures in the same order. `seeds` has our scores for each seed alone; it is empty where
    /// both saw the same weights, so that nothing but .99 will do.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn new(theirs: &[f64], ours: &[f64], seeds: &[Vec<f64>]) -> Self {
        assert_eq!(theirs.len(), ours.len(), "scores of the same architectures");
        let rows = ours.len();
        let pairs = || theirs.iter().zip(ours);
        let finite = pairs().filter(|(a, b)| a.is_finite() && b.is_finite());
        let mut differences: Vec<f64> = finite.map(|(a, b)| relative(*a, *b)).collect();
        differences.sort_by(f64::total_cmp);
        let own = (0..seeds.len()).flat_map(|second| (0..second).map(move |first| (first, second)));
        let own: Option<Vec<f64>> = own.map(|(first, second)| spearman(&seeds[first], &seeds[second])).collect();
        let own = own.filter(|own| !own.is_empty()).map(|own| own.iter().sum::<f64>() / own.len() as f64);
        let needed = own.map_or(AGREE, |own| AGREE.min(OF_ITSELF * own));
        let spearman = spearman(ours, theirs);
        let verdict = match spearman {
            _ if rows < GATE_ROWS => GateVerdict::TooFew,
            None => GateVerdict::Undefined,
            _ if own.is_some_and(|own| own < STEADY) => GateVerdict::Unsteady,
            Some(rho) if rho >= needed => GateVerdict::Same,
            Some(_) => GateVerdict::Other,
        };
        Self {
            rows,
            spearman,
            self_correlation: own,
            needed,
            median_difference: differences.get(differences.len() / 2).copied(),
            largest_difference: differences.last().copied(),
            failed_once: pairs().filter(|(a, b)| a.is_finite() != b.is_finite()).count(),
            verdict,
        }
    }
}

/// The difference in parts of the greater one; 0 of equal numbers, zeros included.
fn relative(a: f64, b: f64) -> f64 {
    if a == b { 0.0 } else { (a - b).abs() / a.abs().max(b.abs()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(rows: usize) -> Vec<f64> {
        (0..rows).map(|row| row as f64).collect()
    }

    /// The ranks of the first `count` rows turned around.
    fn shuffled(rows: usize, count: usize) -> Vec<f64> {
        let mut scores = line(rows);
        scores[..count].reverse();
        scores
    }

    #[test]
    fn an_estimator_that_agrees_with_itself_needs_a_close_copy() {
        let ours = line(300);
        let same = Gate::new(&ours, &ours, &[ours.clone(), ours.clone()]);
        assert_eq!((same.verdict, same.spearman, same.needed), (GateVerdict::Same, Some(1.0), 0.98));
        assert_eq!((same.median_difference, same.largest_difference), (Some(0.0), Some(0.0)));
        assert_eq!(Gate::new(&ours, &ours, &[]).needed, 0.99, "without seeds");
        // 1 - rho is (count³ - count) / (rows³ - rows), times two: rho is .991 and .962.
        let close = Gate::new(&shuffled(300, 50), &ours, &[ours.clone(), ours.clone()]);
        assert_eq!(close.verdict, GateVerdict::Same, "{close:?}");
        let far = Gate::new(&shuffled(300, 80), &ours, &[ours.clone(), ours.clone()]);
        assert_eq!(far.verdict, GateVerdict::Other, "{far:?}");
    }

    #[test]
    fn an_estimator_that_disagrees_with_itself_asks_for_less() {
        let ours = line(300);
        let seeds = [line(300), shuffled(300, 150), shuffled(300, 100)];
        let gate = Gate::new(&shuffled(300, 80), &ours, &seeds);
        let own = gate.self_correlation.unwrap();
        assert!(own < 0.97 && (gate.needed - 0.98 * own).abs() < 1e-15, "{gate:?}");
        assert_eq!(gate.verdict, GateVerdict::Same);
    }

    #[test]
    fn an_estimator_that_is_noise_has_no_verdict() {
        let turned: Vec<f64> = line(300).into_iter().rev().collect();
        let gate = Gate::new(&line(300), &line(300), &[line(300), turned]);
        assert_eq!((gate.verdict, gate.self_correlation), (GateVerdict::Unsteady, Some(-1.0)));
    }

    #[test]
    fn what_cannot_be_compared_is_no_verdict() {
        let ours = line(199);
        assert_eq!(Gate::new(&ours, &ours, &[]).verdict, GateVerdict::TooFew);
        let constant = vec![1.0; 250];
        assert_eq!(Gate::new(&constant, &line(250), &[]).verdict, GateVerdict::Undefined);
        assert_eq!(Gate::new(&[], &[], &[]).median_difference, None);
    }

    #[test]
    fn differences_are_those_of_scores_that_both_have() {
        let mut theirs: Vec<f64> = line(200).iter().map(|score| score * 1.25).collect();
        (theirs[7], theirs[8]) = (f64::NAN, f64::INFINITY);
        let mut ours = line(200);
        ours[8] = f64::INFINITY;
        let gate = Gate::new(&theirs, &ours, &[]);
        assert_eq!((gate.failed_once, gate.rows), (1, 200));
        let (median, largest) = (gate.median_difference.unwrap(), gate.largest_difference.unwrap());
        assert!((median - 0.2).abs() < 1e-12 && (largest - 0.2).abs() < 1e-12, "{gate:?}");
    }
}
