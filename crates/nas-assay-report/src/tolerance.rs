//! How far two computations of the same number may differ: the tolerance classes, in one place.
//!
//! | class | between | allows |
//! |---|---|---|
//! | exact | counts always; truth always; scores of one spec on one device class | equal bits |
//! | math | criteria of one spec on one device class; criteria of counts always | [`MATH`], relative |
//! | numeric | scores and criteria of two specs on one device class | [`NUMERIC`], relative |
//! | cross | scores and correlations on two device classes | [`CROSS_SCORE`] for a score, [`CROSS_CORRELATION`] for a correlation, and a tau of [`CROSS_TAU`] between the two score vectors |
//! | order | votes on two device classes | a tau of [`CROSS_TAU`] between the two score vectors |
//! | reported | scores and criteria of a trained supernet on two device classes; values at an end of the ranking on two device classes | any difference: shown, not judged |
//!
//! Supernets that were trained on two device classes can be compared by a test over several seeds, not number by number. Values at an end
//! of the ranking move by a whole step if a single architecture changes its place; the order of the architectures is judged by tau.

use nas_assay_schema::estimator::{EstimatorKind, Score, ToleranceClass};
use nas_assay_schema::store::record::EstimatorRecord;
use serde::Serialize;

/// Relative. Criteria are `f64` arithmetic in a fixed order; only the last digits of the decimal text may differ.
pub const MATH: f64 = 1e-12;

/// Relative. The CPU kernels give the same bits on every machine, and a GPU repeats its own numbers. A spec that changes nothing about a
/// score changes no bit of it, so only the last digits of the decimal text may differ.
pub const NUMERIC: f64 = 1e-12;

/// Relative to the largest of three magnitudes: the two scores and the median of all scores. Scores are sums in single precision through a
/// deep network, and another device class adds in another order. With the median, scores that cancel to almost zero are not judged by
/// their rounding noise.
pub const CROSS_SCORE: f64 = 1e-3;

/// The lowest Kendall's tau-b that is allowed between the two score vectors.
pub const CROSS_TAU: f64 = 0.999;

/// Absolute. Score vectors with a tau of [`CROSS_TAU`] disagree in one pair of 2,000. This moves their tau with the truth by at most .001;
/// the limit is twice that, to leave room for the other correlations.
pub const CROSS_CORRELATION: f64 = 0.002;

/// A class of tolerance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tolerance {
    /// Equal bits.
    Exact,
    /// Criteria of equal scores.
    Math,
    /// Floating point on one device class.
    Numeric,
    /// Floating point on two device classes.
    Cross,
    /// Only the order of the architectures.
    Order,
    /// Shown, not judged.
    Reported,
}

/// What two records have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Common {
    /// Whether the spec hash is the same.
    pub spec: bool,
    /// Whether the device class is the same.
    pub device_class: bool,
}

/// What kind of number a criterion is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// A number of architectures.
    Count,
    /// A correlation over all architectures, or a bound of its interval.
    Correlation,
    /// A value at an end of the ranking.
    End,
}

impl Tolerance {
    /// The class of an estimator's scores.
    pub fn of_scores(estimator: &EstimatorRecord, common: Common) -> Self {
        if estimator.tolerance == ToleranceClass::Exact {
            return Self::Exact;
        }
        match (common.device_class, common.spec) {
            (true, true) => Self::Exact,
            (true, false) => Self::Numeric,
            (false, _) if estimator.checkpoint.is_some() => Self::Reported,
            (false, _) if estimator.kind == EstimatorKind::Vote => Self::Order,
            (false, _) => Self::Cross,
        }
    }

    /// The class of a criterion, from the class of the scores behind it.
    pub fn of_criterion(scores: Self, quantity: Quantity, common: Common) -> Self {
        match (common.device_class, common.spec) {
            (true, _) if quantity == Quantity::Count => Self::Exact,
            (true, true) => Self::Math,
            (true, false) => Self::Numeric,
            (false, _) if scores == Self::Exact => Self::Math,
            (false, _) if scores == Self::Reported || quantity == Quantity::End => Self::Reported,
            (false, _) if quantity == Quantity::Count => Self::Exact,
            (false, _) => Self::Cross,
        }
    }

    /// Whether two scores agree. `typical` is the median magnitude of the estimator's scores. Scores that are not finite agree if they have
    /// the same reason.
    pub fn allows_scores(self, left: Score, right: Score, typical: f64) -> bool {
        match (left, right) {
            (Score::Finite(left), Score::Finite(right)) => {
                let greater = left.abs().max(right.abs());
                let scale = if self == Self::Cross { greater.max(typical) } else { greater };
                self.allows(left, right, scale * CROSS_SCORE)
            }
            _ => left == right || self == Self::Reported || self == Self::Order,
        }
    }

    /// Whether two values of a criterion agree. `None` is an undefined value and agrees only with `None`, unless the class judges nothing.
    ///
    /// ```
    /// use nas_assay_report::tolerance::Tolerance;
    ///
    /// assert!(Tolerance::Cross.allows_values(Some(0.600), Some(0.601)));
    /// assert!(!Tolerance::Numeric.allows_values(Some(0.600), Some(0.601)));
    /// ```
    pub fn allows_values(self, left: Option<f64>, right: Option<f64>) -> bool {
        match (left, right) {
            (Some(left), Some(right)) => self.allows(left, right, CROSS_CORRELATION),
            _ => left.is_none() && right.is_none() || self == Self::Reported,
        }
    }

    /// Whether two finite numbers agree. `cross` is the largest difference that [`Tolerance::Cross`] allows.
    fn allows(self, left: f64, right: f64, cross: f64) -> bool {
        let (difference, greater) = ((left - right).abs(), left.abs().max(right.abs()));
        match self {
            Self::Exact => left.to_bits() == right.to_bits(),
            Self::Math => difference <= MATH * greater,
            Self::Numeric => difference <= NUMERIC * greater,
            Self::Cross => difference <= cross,
            Self::Order | Self::Reported => true,
        }
    }

    /// Whether the class requires the same order of the architectures, up to [`CROSS_TAU`].
    pub fn judges_order(self) -> bool {
        matches!(self, Self::Cross | Self::Order)
    }

    /// The name of the class, as in `exact`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Math => "math",
            Self::Numeric => "numeric",
            Self::Cross => "cross",
            Self::Order => "order",
            Self::Reported => "reported",
        }
    }

    /// What the class allows, in a few words.
    pub fn meaning(self) -> String {
        match self {
            Self::Exact => "equal bits".to_owned(),
            Self::Math => format!("a relative difference of at most {MATH:e}"),
            Self::Numeric => format!("a relative difference of at most {NUMERIC:e}"),
            Self::Cross => format!(
                "scores within a relative {CROSS_SCORE:e}, correlations within {CROSS_CORRELATION}, and a tau of at least {CROSS_TAU} \
                 between the scores"
            ),
            Self::Order => format!("a tau of at least {CROSS_TAU} between the scores"),
            Self::Reported => "any difference; shown, not judged".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nas_assay_schema::estimator::Reason;

    const SAME: Common = Common { spec: true, device_class: true };
    const OTHER_SPEC: Common = Common { spec: false, device_class: true };
    const OTHER_DEVICE: Common = Common { spec: true, device_class: false };

    #[test]
    fn the_class_follows_estimator_spec_and_device() {
        let record = crate::fixture::record(20);
        let class = |id: &str, common| {
            let found = record.panels[0].estimators.iter().find(|estimator| estimator.id == id).unwrap();
            Tolerance::of_scores(found, common)
        };
        assert_eq!([SAME, OTHER_SPEC, OTHER_DEVICE].map(|common| class("params", common)), [Tolerance::Exact; 3]);
        let classes = [Tolerance::Exact, Tolerance::Numeric, Tolerance::Cross];
        assert_eq!([SAME, OTHER_SPEC, OTHER_DEVICE].map(|common| class("synflow", common)), classes);
        let classes = [Tolerance::Exact, Tolerance::Numeric, Tolerance::Reported];
        assert_eq!([SAME, OTHER_SPEC, OTHER_DEVICE].map(|common| class("oneshot_loss", common)), classes);
        let vote = EstimatorRecord {
            kind: EstimatorKind::Vote,
            tolerance: EstimatorKind::Vote.tolerance(),
            ..record.panels[0].estimators[0].clone()
        };
        assert_eq!(Tolerance::of_scores(&vote, OTHER_DEVICE), Tolerance::Order);
    }

    #[test]
    fn criteria_are_as_exact_as_the_scores_behind_them() {
        let of = |scores, quantity, common| Tolerance::of_criterion(scores, quantity, common);
        assert_eq!(of(Tolerance::Exact, Quantity::End, SAME), Tolerance::Math);
        assert_eq!(of(Tolerance::Numeric, Quantity::Correlation, OTHER_SPEC), Tolerance::Numeric);
        assert_eq!(of(Tolerance::Cross, Quantity::Correlation, OTHER_DEVICE), Tolerance::Cross);
        assert_eq!(of(Tolerance::Cross, Quantity::End, OTHER_DEVICE), Tolerance::Reported);
        assert_eq!(of(Tolerance::Reported, Quantity::Correlation, OTHER_DEVICE), Tolerance::Reported);
        assert_eq!(of(Tolerance::Exact, Quantity::End, OTHER_DEVICE), Tolerance::Math);
    }

    #[test]
    fn each_class_has_its_limit() {
        let agree = |class: Tolerance, left: f64, right: f64| class.allows_scores(left.into(), right.into(), 1.0);
        let next = 1.0 + f64::EPSILON;
        assert!(agree(Tolerance::Exact, 1.0, 1.0) && !agree(Tolerance::Exact, 1.0, next));
        assert!(agree(Tolerance::Numeric, 1.0, next) && !agree(Tolerance::Numeric, 1.0, 1.0 + 1e-11));
        assert!(agree(Tolerance::Cross, 1.0, 1.0009) && !agree(Tolerance::Cross, 1.0, 1.002));
        // A sum that cancels is judged by the size of the others.
        assert!(agree(Tolerance::Cross, 1e-7, -1e-7) && !agree(Tolerance::Numeric, 1e-7, -1e-7));
        assert!(agree(Tolerance::Reported, 1.0, 2.0) && agree(Tolerance::Order, 1.0, 2.0));
    }

    #[test]
    fn what_is_not_finite_agrees_only_for_the_same_reason() {
        let (nan, infinite) = (Score::NonFinite(Reason::Nan), Score::from(f64::INFINITY));
        assert!(Tolerance::Exact.allows_scores(nan, nan, 1.0));
        assert!(
            !Tolerance::Cross.allows_scores(nan, infinite, 1.0)
                && !Tolerance::Cross.allows_scores(nan, 1.0.into(), 1.0)
        );
        assert!(Tolerance::Math.allows_values(None, None) && !Tolerance::Cross.allows_values(None, Some(0.0)));
    }
}
