//! Criteria: how well a score vector ranks architectures.
//!
//! Pure `f64` mathematics over two vectors with one entry per architecture: the ground truth (such as an accuracy) and the scores of an
//! estimator. Both are higher-is-better; [`Direction::orient`] converts a loss. Definitions follow Ning et al., "Evaluating Efficient
//! Performance Estimators of Neural Architectures" (`NeurIPS` 2021), Sec. 3.
//!
//! Four rules hold everywhere:
//! - Rows are ordered by score descending, then by row ascending, so ties are broken the same way on every machine. Where that order
//!   decides a value, the value is flagged, and its expectation under random tie-breaking is given next to it.
//! - A score that is not finite ranks below every finite one and is counted. The truth must be finite.
//! - A value or an interval that is not there has its reason: [`Undefined`], [`NoInterval`].
//! - Sums have a fixed order, counts are integers, and functions other than the square root are those of `libm`, so values have the same
//!   bits on every machine.
//!
//! ```
//! use nas_assay_base::seed::Seed;
//! use nas_assay_criteria::{CriteriaConfig, Criterion, PairCounts, evaluate};
//!
//! let accuracy = [91.5, 93.0, 90.2, 94.1];
//! let scores = [10.0, 12.0, 11.0, 15.0];
//!
//! // Five of the six pairs are in the right order, one is not.
//! let counts = PairCounts::new(&accuracy, &scores);
//! assert_eq!((counts.concordant, counts.discordant), (5, 1));
//! assert_eq!(counts.tau_b(), Some(4.0 / 6.0));
//!
//! let config = CriteriaConfig { fractions: vec![0.5], ..CriteriaConfig::default() };
//! let criteria = evaluate(&accuracy, &scores, &config, Seed::root(1))?;
//! assert_eq!(criteria.get(Criterion::TauB), Some(4.0 / 6.0));
//! assert_eq!(criteria.get("P@top50%".parse()?), Some(1.0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![allow(clippy::float_cmp)] // A tie is exact equality, and tests compare exact results.

mod agreement;
pub mod bootstrap;
pub mod ceiling;
mod complexity;
mod direction;
mod extremes;
pub mod friedman;
pub mod gate;
mod levels;
mod name;
mod ndcg;
mod operation;
mod paired;
mod pairs;
mod partial;
pub mod rank;
mod resample;
pub mod sampling;
pub mod search;
mod stability;
mod status;
pub mod topk;
mod vote;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use nas_assay_base::seed::Seed;

pub use agreement::{agreement, order_by_agreement};
pub use bootstrap::{Interval, Resamples};
pub use ceiling::{Ceiling, CeilingAt, InTop};
pub use complexity::{ComplexityGroup, GROUPS, complexity_bias};
pub use direction::Direction;
pub use extremes::{Extremes, Standing};
pub use friedman::Friedman;
pub use gate::{GATE_ROWS, Gate, GateVerdict};
pub use name::{Criterion, UnknownCriterion, percent};
pub use ndcg::{Gain, ndcg};
pub use operation::{BINS, ChangeBias, Exchange, operation_bias};
pub use paired::{Comparison, Verdict};
pub use partial::Partial;
pub use rank::{PairCounts, Pearson};
pub use sampling::SampleAt;
pub use search::SearchAt;
pub use stability::{Spread, Stability};
pub use status::{NoInterval, Undefined};
pub use topk::{BestOf, Precision, Ranking, TopCount};
pub use vote::{VOTE_VERSION, VoteRule};

/// Which criteria to compute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct CriteriaConfig {
    /// The fractions K of P@topK and P@bottomK, each above 0 and up to 1.
    pub fractions: Vec<f64>,
    /// The fractions K of BR@K and WR@K, each above 0 and up to 1.
    pub ranking_fractions: Vec<f64>,
    /// The counts N of `BestAcc@topN`, each at least 1.
    pub best_of: Vec<usize>,
    /// The counts k of tau-b among the k truly best and among the k best by score, each at least 1.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub top_counts: Vec<usize>,
    /// Number of bootstrap resamples for the intervals of tau-b and rho. With 0 there are no intervals.
    pub resamples: usize,
}

impl Default for CriteriaConfig {
    /// The fractions of the paper's code; N = 1 and 10; no k; 1,000 resamples.
    fn default() -> Self {
        Self {
            fractions: vec![0.001, 0.005, 0.01, 0.05, 0.1, 0.5],
            ranking_fractions: vec![0.001, 0.005, 0.01, 0.05, 0.1, 0.2],
            best_of: vec![1, 10],
            top_counts: Vec::new(),
            resamples: 1000,
        }
    }
}

impl CriteriaConfig {
    /// Checks that every fraction and count is in its range.
    ///
    /// # Errors
    /// The first value that is not.
    pub fn validate(&self) -> Result<(), CriteriaError> {
        validate_fractions("fractions", &self.fractions)?;
        validate_fractions("ranking-fractions", &self.ranking_fractions)?;
        if self.best_of.contains(&0) {
            return Err(CriteriaError::BestOfNone);
        }
        if self.top_counts.contains(&0) { Err(CriteriaError::TopOfNone) } else { Ok(()) }
    }
}

/// Checks that every fraction is above 0 and at most 1. `name` is their key in [`CriteriaConfig`].
fn validate_fractions(name: &'static str, fractions: &[f64]) -> Result<(), CriteriaError> {
    match fractions.iter().find(|&&value| !(value > 0.0 && value <= 1.0)) {
        Some(&value) => Err(CriteriaError::Fraction { name, value }),
        None => Ok(()),
    }
}

/// Why criteria cannot be computed.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum CriteriaError {
    /// Truth and scores differ in length.
    #[error(
        "cannot rank {scores} scores against {truth} true values: give one score and one true value per architecture"
    )]
    Length {
        /// True values given.
        truth: usize,
        /// Scores given.
        scores: usize,
    },
    /// There is nothing to rank.
    #[error("cannot compute criteria: the panel has no architectures")]
    Empty,
    /// A true value is not finite.
    #[error(
        "cannot rank against a true value of {value} in row {row} (from 0): leave out architectures without a finite truth"
    )]
    Truth {
        /// The row, from 0.
        row: usize,
        /// The value.
        value: f64,
    },
    /// Truth and costs differ in length.
    #[error("cannot group {truth} architectures by {costs} costs: give one cost per architecture")]
    Costs {
        /// Architectures.
        truth: usize,
        /// Costs given.
        costs: usize,
    },
    /// A cost is not finite.
    #[error("cannot group by a cost of {value} in row {row} (from 0): costs must be finite")]
    Cost {
        /// The row, from 0.
        row: usize,
        /// The value.
        value: f64,
    },
    /// A fraction is out of range.
    #[error("cannot take the top {value} of a ranking: each of `{name}` must be above 0 and at most 1")]
    Fraction {
        /// The key of [`CriteriaConfig`].
        name: &'static str,
        /// The value.
        value: f64,
    },
    /// `best-of` contains 0.
    #[error("cannot take the best of 0 architectures: each of `best-of` must be at least 1")]
    BestOfNone,
    /// `top-counts` contains 0.
    #[error("cannot rank the best 0 architectures: each of `top-counts` must be at least 1")]
    TopOfNone,
}

/// How many scores were not finite, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NonFinite {
    /// Scores of NaN, or of nothing but rounding.
    pub nan: usize,
    /// Scores of +∞.
    pub positive_infinity: usize,
    /// Scores of −∞.
    pub negative_infinity: usize,
}

impl NonFinite {
    /// Counts `scores`.
    pub fn new(scores: &[f64]) -> Self {
        let count = |is: fn(&f64) -> bool| scores.iter().filter(|&score| is(score)).count();
        Self {
            nan: count(|score| score.is_nan()),
            positive_infinity: count(|&score| score == f64::INFINITY),
            negative_infinity: count(|&score| score == f64::NEG_INFINITY),
        }
    }

    /// Their total number.
    pub fn total(&self) -> usize {
        self.nan + self.positive_infinity + self.negative_infinity
    }
}

/// Kendall's tau-b and tau-a, the counts behind them, and the interval of tau-b.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kendall {
    /// Tau-b, which the paper's tables print; `None` if truth or scores are constant.
    pub tau_b: Option<f64>,
    /// Tau-a, the paper's formula; `None` for fewer than two architectures.
    pub tau_a: Option<f64>,
    /// The counts of pairs behind both.
    pub counts: PairCounts,
    /// The 95 % interval of tau-b.
    pub interval: Option<Interval>,
    /// Why there is no interval; `None` if there is one.
    pub no_interval: Option<NoInterval>,
}

/// All criteria of one score vector against one ground truth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Criteria {
    /// M, the number of architectures.
    pub rows: usize,
    /// Number of different finite scores. If it is small, there are many ties.
    pub distinct_scores: usize,
    /// How many scores are not finite. They rank worst.
    pub non_finite: NonFinite,
    /// Kendall's tau.
    pub kendall: Kendall,
    /// Why tau-b and Spearman's rho are undefined; `None` if they are defined.
    pub undefined: Option<Undefined>,
    /// Spearman's rho; `None` if truth or scores are constant.
    pub spearman: Option<f64>,
    /// The 95 % interval of rho; `None` for the same reason as that of tau-b.
    pub spearman_interval: Option<Interval>,
    /// Pearson's r, over the rows with a finite score. It has no interval, because none covers r on a skewed truth; see [`bootstrap`].
    pub pearson: Pearson,
    /// P@topK and P@bottomK for each fraction that gives at least one architecture.
    pub precision: Vec<Precision>,
    /// BR@K and WR@K for each fraction that gives at least one architecture.
    pub ranking: Vec<Ranking>,
    /// `BestAcc@topN` for each count up to M.
    pub best_of: Vec<BestOf>,
    /// Tau-b among the k best, for each count up to M.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub top_counts: Vec<TopCount>,
    /// Whether the order of ties decides any of `precision` and `ranking`.
    pub tie_sensitive: bool,
}

impl Criteria {
    /// The criteria of scores that are compared with no truth: what the scores alone say, and [`Undefined::NoTruth`] for everything else.
    pub fn without_truth(scores: &[f64]) -> Self {
        let undefined = Some(Undefined::NoTruth);
        let counts = PairCounts { pairs: 0, concordant: 0, discordant: 0, tied_truth: 0, tied_scores: 0 };
        let no_interval = Some(NoInterval::UndefinedValue);
        Self {
            rows: scores.len(),
            distinct_scores: distinct(scores),
            non_finite: NonFinite::new(scores),
            kendall: Kendall { tau_b: None, tau_a: None, counts, interval: None, no_interval },
            undefined,
            spearman: None,
            spearman_interval: None,
            pearson: Pearson { value: None, undefined, rows: 0 },
            precision: Vec::new(),
            ranking: Vec::new(),
            best_of: Vec::new(),
            top_counts: Vec::new(),
            tie_sensitive: false,
        }
    }

    /// The value of a criterion; `None` if it is undefined or was not computed.
    pub fn get(&self, criterion: Criterion) -> Option<f64> {
        let precision = |fraction| self.precision.iter().find(|at| name::same_fraction(at.fraction, fraction));
        let ranking = |fraction| self.ranking.iter().find(|at| name::same_fraction(at.fraction, fraction));
        match criterion {
            Criterion::TauB => self.kendall.tau_b,
            Criterion::TauA => self.kendall.tau_a,
            Criterion::Spearman => self.spearman,
            Criterion::Pearson => self.pearson.value,
            Criterion::PrecisionTop(fraction) => precision(fraction).map(|at| at.top),
            Criterion::PrecisionBottom(fraction) => precision(fraction).map(|at| at.bottom),
            Criterion::BestRanking(fraction) => ranking(fraction).map(|at| at.best),
            Criterion::WorstRanking(fraction) => ranking(fraction).map(|at| at.worst),
        }
    }
}

/// Computes the criteria of `scores` against `truth`. Both have one entry per architecture, in the panel's order, and are
/// higher-is-better.
///
/// `seed` is for the bootstrap only. Give all estimators of a panel the same seed, so that they see the same resamples.
///
/// # Errors
/// If the vectors are empty or differ in length, a true value is not finite, or `config` is not [valid](CriteriaConfig::validate).
pub fn evaluate(truth: &[f64], scores: &[f64], config: &CriteriaConfig, seed: Seed) -> Result<Criteria, CriteriaError> {
    evaluate_resampled(truth, scores, config, seed).map(|(criteria, _)| criteria)
}

/// [`evaluate`], which also returns the resamples that [`Comparison::new`] needs.
///
/// # Errors
/// Those of [`evaluate`].
pub fn evaluate_resampled(
    truth: &[f64],
    scores: &[f64],
    config: &CriteriaConfig,
    seed: Seed,
) -> Result<(Criteria, Resamples), CriteriaError> {
    config.validate()?;
    check(truth, scores)?;
    let non_finite = NonFinite::new(scores);
    let counts = PairCounts::new(truth, scores);
    let rankings = topk::Rankings::new(truth, scores);
    let precision: Vec<Precision> = config.fractions.iter().filter_map(|&k| Precision::new(&rankings, k)).collect();
    let ranking: Vec<Ranking> = config.ranking_fractions.iter().filter_map(|&k| Ranking::new(&rankings, k)).collect();
    let resamples = Resamples::new(truth, scores, config.resamples, seed);
    let (interval, no_interval) = (resamples.tau_b().ok(), resamples.tau_b().err());
    let criteria = Criteria {
        rows: truth.len(),
        distinct_scores: distinct(scores),
        non_finite,
        kendall: Kendall { tau_b: counts.tau_b(), tau_a: counts.tau_a(), counts, interval, no_interval },
        undefined: counts.undefined(),
        spearman: rank::spearman(truth, scores),
        spearman_interval: resamples.spearman().ok(),
        pearson: Pearson::new(truth, scores),
        tie_sensitive: precision.iter().any(|at| at.tie_sensitive) || ranking.iter().any(|at| at.tie_sensitive),
        precision,
        ranking,
        best_of: config.best_of.iter().filter_map(|&count| BestOf::new(&rankings, count)).collect(),
        top_counts: config.top_counts.iter().filter_map(|&count| TopCount::new(&rankings, count)).collect(),
    };
    Ok((criteria, resamples))
}

/// Number of different finite scores.
fn distinct(scores: &[f64]) -> usize {
    let lost = usize::from(NonFinite::new(scores).total() > 0);
    levels::Levels::new(scores).sizes.len() - lost
}

/// Checks that there is at least one architecture, and that each has one score and one finite true value.
fn check(truth: &[f64], scores: &[f64]) -> Result<(), CriteriaError> {
    if truth.len() != scores.len() {
        return Err(CriteriaError::Length { truth: truth.len(), scores: scores.len() });
    }
    if truth.is_empty() {
        return Err(CriteriaError::Empty);
    }
    match truth.iter().enumerate().find(|(_, value)| !value.is_finite()) {
        Some((row, &value)) => Err(CriteriaError::Truth { row, value }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod published_bias_tests;
#[cfg(test)]
mod published_head_tests;
#[cfg(test)]
mod published_tests;
#[cfg(test)]
mod published_worth_tests;

#[cfg(test)]
mod tests {
    use super::*;

    fn evaluated(truth: &[f64], scores: &[f64]) -> Result<Criteria, CriteriaError> {
        evaluate(truth, scores, &CriteriaConfig::default(), Seed::root(1))
    }

    #[test]
    fn json_holds_no_nan_and_reads_back() {
        let scores = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.0, 1.0, 2.0];
        let criteria = evaluated(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &scores).unwrap();
        assert_eq!(criteria.non_finite, NonFinite { nan: 1, positive_infinity: 1, negative_infinity: 1 });
        assert_eq!((criteria.non_finite.total(), criteria.distinct_scores, criteria.pearson.rows), (3, 2, 3));
        let json = serde_json::to_string(&criteria).unwrap();
        assert_eq!(serde_json::from_str::<Criteria>(&json).unwrap(), criteria);

        let constant = evaluated(&[1.0, 2.0], &[0.0, 0.0]).unwrap();
        let json = serde_json::to_value(&constant).unwrap();
        assert!(json["kendall"]["tau_b"].is_null() && json["spearman"].is_null(), "{json}");
    }

    #[test]
    fn an_undefined_criterion_has_its_reason() {
        use Undefined::{ConstantScores, ConstantTruth, FewerThanTwoArchitectures, FewerThanTwoFiniteScores};
        let of = |truth: &[f64], scores: &[f64]| {
            let Criteria { kendall, undefined, spearman, pearson, .. } = evaluated(truth, scores).unwrap();
            assert_eq!([kendall.tau_b, spearman].map(|value| value.is_none()), [undefined.is_some(); 2]);
            assert_eq!(pearson.value.is_none(), pearson.undefined.is_some());
            assert_eq!(kendall.interval.is_none(), kendall.no_interval.is_some());
            [undefined, pearson.undefined]
        };
        assert_eq!(of(&[1.0, 2.0], &[3.0, 4.0]), [None, None]);
        assert_eq!(of(&[1.0], &[3.0]), [Some(FewerThanTwoArchitectures), Some(FewerThanTwoFiniteScores)]);
        assert_eq!(of(&[1.0, 1.0], &[3.0, 4.0]), [Some(ConstantTruth); 2]);
        assert_eq!(of(&[1.0, 1.0], &[3.0, 3.0]), [Some(ConstantTruth); 2]);
        assert_eq!(of(&[1.0, 2.0], &[3.0, 3.0]), [Some(ConstantScores); 2]);
        // Scores that are not finite tie with each other, and Pearson's r leaves them out.
        let (nan, infinity) = (f64::NAN, f64::INFINITY);
        assert_eq!(of(&[1.0, 2.0], &[nan, infinity]), [Some(ConstantScores), Some(FewerThanTwoFiniteScores)]);
        assert_eq!(of(&[1.0, 2.0], &[nan, 3.0]), [None, Some(FewerThanTwoFiniteScores)]);
        assert_eq!(of(&[1.0, 2.0, 3.0], &[nan, 3.0, 3.0]), [None, Some(ConstantScores)]);
        assert_eq!(of(&[1.0, 2.0, 2.0], &[nan, 3.0, 4.0]), [None, Some(ConstantTruth)]);
        assert_eq!(of(&[1.0, 2.0, 3.0], &[nan, 3.0, 4.0]), [None, None]);
    }

    #[test]
    fn without_truth_only_what_the_scores_say_is_there() {
        let scores = [2.0, f64::NAN, 2.0, 1.0];
        let criteria = Criteria::without_truth(&scores);
        let judged = evaluated(&[1.0, 2.0, 3.0, 4.0], &scores).unwrap();
        let of = |criteria: &Criteria| (criteria.rows, criteria.distinct_scores, criteria.non_finite);
        assert_eq!(of(&criteria), of(&judged));
        assert_eq!(
            (criteria.undefined, criteria.pearson.undefined),
            (Some(Undefined::NoTruth), Some(Undefined::NoTruth))
        );
        let all =
            [Criterion::TauB, Criterion::TauA, Criterion::Spearman, Criterion::Pearson, Criterion::PrecisionTop(0.5)];
        assert!(all.into_iter().all(|criterion| criteria.get(criterion).is_none() && judged.get(criterion).is_some()));
    }

    #[test]
    fn a_missing_interval_has_its_reason_in_json() {
        let truth: Vec<f64> = (0..12).map(f64::from).collect();
        let of = |rows: usize, scores: &[f64]| {
            let json = serde_json::to_value(evaluated(&truth[..rows], scores).unwrap()).unwrap();
            let word = |value: &serde_json::Value| value.as_str().map(str::to_owned);
            (json["kendall"]["interval"].is_null(), word(&json["kendall"]["no_interval"]), word(&json["undefined"]))
        };
        let reason = |word: &str| Some(word.to_owned());
        assert_eq!(of(12, &truth), (false, None, None));
        assert_eq!(of(9, &truth[..9]), (true, reason("few-architectures"), None));
        assert_eq!(of(12, &[0.0; 12]), (true, reason("undefined-value"), reason("constant-scores")));
        let odd: Vec<f64> = truth.iter().map(|value| value.min(1.0)).collect();
        assert_eq!(of(12, &odd), (true, reason("degenerate-resamples"), None));
    }

    #[test]
    fn one_kind_of_tie_sensitive_criterion_is_enough_to_flag() {
        let (truth, scores): (Vec<f64>, _) = ((0..40).map(f64::from).collect(), vec![1.0; 40]);
        let flagged = |fractions: &[f64], ranking_fractions: &[f64]| {
            let (fractions, ranking_fractions) = (fractions.to_vec(), ranking_fractions.to_vec());
            let config = CriteriaConfig { fractions, ranking_fractions, ..CriteriaConfig::default() };
            evaluate(&truth, &scores, &config, Seed::root(1)).unwrap().tie_sensitive
        };
        assert!(flagged(&[0.1], &[]) && flagged(&[], &[0.1]) && !flagged(&[], &[]));
    }

    #[test]
    fn a_criterion_is_found_by_name() {
        let truth: Vec<f64> = (0..40).map(f64::from).collect();
        let criteria = evaluated(&truth, &truth).unwrap();
        let value = |name: &str| criteria.get(name.parse().unwrap());
        assert_eq!((value("tau_b"), value("spearman"), value("P@top5%")), (Some(1.0), Some(1.0), Some(1.0)));
        assert_eq!((value("BR@5%"), value("WR@5%")), (Some(1.0 / 40.0), Some(2.0 / 40.0)));
        assert_eq!((value("P@top0.1%"), value("P@top7%")), (None, None));
    }

    /// Counts beyond the architectures give nothing, and without counts no byte of a config or of criteria is another.
    #[test]
    fn counts_of_the_top_are_there_if_they_are_asked_for() {
        let truth: Vec<f64> = (0..12).map(f64::from).collect();
        let of = |top_counts: &[usize]| {
            let config = CriteriaConfig { top_counts: top_counts.to_vec(), ..CriteriaConfig::default() };
            let criteria = evaluate(&truth, &truth, &config, Seed::root(1)).unwrap();
            [serde_json::to_string(&config).unwrap(), serde_json::to_string(&criteria).unwrap()]
        };
        let none = of(&[]);
        assert!(none.iter().all(|text| !text.contains("top-counts") && !text.contains("top_counts")), "{none:?}");
        let [config, criteria] = of(&[13, 12, 2, 1]);
        assert!(config.contains(r#""top-counts":[13,12,2,1]"#), "{config}");
        let found = serde_json::from_str::<Criteria>(&criteria).unwrap().top_counts;
        let at = |count, tau: Option<f64>| TopCount { count, tau_top: tau, tau_true_top: tau };
        assert_eq!(found, [at(12, Some(1.0)), at(2, Some(1.0)), at(1, None)]);
        let rest = serde_json::from_str::<Criteria>(&none[1]).unwrap();
        assert_eq!(Criteria { top_counts: found, ..rest }, serde_json::from_str(&criteria).unwrap());
    }

    #[test]
    fn what_cannot_be_ranked_is_an_error() {
        assert_eq!(evaluated(&[1.0], &[]), Err(CriteriaError::Length { truth: 1, scores: 0 }));
        assert_eq!(evaluated(&[], &[]), Err(CriteriaError::Empty));
        assert_eq!(
            evaluated(&[1.0, f64::INFINITY], &[1.0, 2.0]),
            Err(CriteriaError::Truth { row: 1, value: f64::INFINITY })
        );
        for value in [0.0, -0.1, 1.1, f64::NAN] {
            let config = CriteriaConfig { fractions: vec![0.5, value], ..CriteriaConfig::default() };
            assert!(matches!(config.validate(), Err(CriteriaError::Fraction { name: "fractions", .. })), "{value}");
        }
        let config = CriteriaConfig { best_of: vec![0], ..CriteriaConfig::default() };
        assert_eq!(config.validate(), Err(CriteriaError::BestOfNone));
        let config = CriteriaConfig { top_counts: vec![1, 0], ..CriteriaConfig::default() };
        assert_eq!(evaluate(&[1.0], &[1.0], &config, Seed::root(1)), Err(CriteriaError::TopOfNone));
    }

    /// `leave out architectures without a finite truth`, `give one cost per architecture`: then there are criteria.
    #[test]
    fn what_an_error_advises_gives_criteria() {
        let (mut truth, mut scores) = (vec![1.0, f64::NAN, 3.0, f64::INFINITY, 4.0], vec![1.0, 2.0, 3.0, 4.0]);
        let grouped = |costs: &[f64], truth: &[f64]| complexity_bias(costs, truth, truth, 2);
        let message = evaluated(&truth, &scores).unwrap_err().to_string();
        assert!(message.ends_with("give one score and one true value per architecture"), "{message}");
        scores.push(5.0);
        let mut left_out = 0;
        while let Err(error) = evaluated(&truth, &scores) {
            let message = error.to_string();
            assert!(message.ends_with("(from 0): leave out architectures without a finite truth"), "{message}");
            let row = message.split_once("in row ").unwrap().1.split(' ').next().unwrap().parse().unwrap();
            assert!(!truth.remove(row).is_finite(), "{message}");
            scores.remove(row);
            left_out += 1;
        }
        assert_eq!(left_out, 2);
        let message = grouped(&[1.0, 2.0], &truth).unwrap_err().to_string();
        assert!(message.ends_with("give one cost per architecture"), "{message}");
        grouped(&[1.0, 2.0, 3.0], &truth).unwrap();
    }

    #[test]
    fn a_config_names_its_keys() {
        assert_eq!(toml::from_str::<CriteriaConfig>("").unwrap(), CriteriaConfig::default());
        assert_eq!(toml::from_str::<CriteriaConfig>("resamples = 7").unwrap().resamples, 7);
        let message = toml::from_str::<CriteriaConfig>("resample = 7").unwrap_err().to_string();
        assert!(message.contains("resample") && message.contains("best-of"), "{message}");
    }
}
