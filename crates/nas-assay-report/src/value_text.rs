//! Values as readers see them: numbers, counts, intervals and the outcome of a paired test. An undefined value is an en dash.

use nas_assay_criteria::{Comparison, Criterion, Interval, Verdict, percent};
use nas_assay_schema::store::record::InsideRecord;

/// The text of a value that is undefined or was not computed.
pub(crate) const NONE: &str = "–";

/// A fixed number of decimals; a value that rounds to zero has no sign.
pub(crate) fn fixed(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    if text.starts_with('-') && text.bytes().all(|byte| matches!(byte, b'-' | b'.' | b'0')) {
        text[1..].to_owned()
    } else {
        text
    }
}

/// A criterion's value: correlations with three decimals, precisions in percent with one, rankings in percent with two.
pub(crate) fn value(criterion: Criterion, value: Option<f64>) -> String {
    let Some(value) = value else { return NONE.to_owned() };
    match unit(criterion) {
        Unit::Correlation => fixed(value, 3),
        Unit::Percent(decimals) => format!("{} %", fixed(100.0 * value, decimals)),
    }
}

/// `ours` minus `published`, with its sign; proportions in percentage points.
pub(crate) fn difference(criterion: Criterion, ours: Option<f64>, published: f64) -> String {
    let Some(ours) = ours else { return NONE.to_owned() };
    let (text, suffix) = match unit(criterion) {
        Unit::Correlation => (fixed(ours - published, 3), ""),
        Unit::Percent(decimals) => (fixed(100.0 * (ours - published), decimals), " pp"),
    };
    let sign = if text.starts_with('-') { "" } else { "+" };
    format!("{sign}{text}{suffix}")
}

/// A number with its sign; one that rounds to zero has none.
pub(crate) fn signed(value: f64, decimals: usize) -> String {
    let text = fixed(value, decimals);
    let is_zero = text.bytes().all(|byte| matches!(byte, b'.' | b'0'));
    if is_zero || text.starts_with('-') { text } else { format!("+{text}") }
}

/// The lower and the upper bound of an interval.
pub(crate) fn bounds(interval: Interval) -> [f64; 2] {
    [interval.lower, interval.upper]
}

/// An interval in square brackets: `[0.426, 0.537]`.
pub(crate) fn interval(bounds: [f64; 2], decimals: usize) -> String {
    let [lower, upper] = bounds.map(|bound| fixed(bound, decimals));
    format!("[{lower}, {upper}]")
}

/// A count of what is rare: none is a dash.
pub(crate) fn count_or_none(number: usize) -> String {
    if number == 0 { NONE.to_owned() } else { count(number) }
}

/// What a paired test says, in a word.
pub(crate) fn verdict(outcome: &Comparison) -> &'static str {
    match outcome.verdict {
        Verdict::Better => "better",
        Verdict::Worse => "worse",
        Verdict::Undecided if outcome.is_equal() => "equal",
        Verdict::Undecided => "undecided",
    }
}

/// What a paired test says, and the difference of tau-b: `better +0.051`.
pub(crate) fn outcome(outcome: &Comparison) -> String {
    format!("{} {}", verdict(outcome), difference(Criterion::TauB, outcome.difference, 0.0))
}

/// A criterion as a heading: `P@top 5 %`.
pub(crate) fn heading(criterion: Criterion) -> String {
    match criterion {
        Criterion::TauB => "Kendall tau-b".to_owned(),
        Criterion::TauA => "Kendall tau-a".to_owned(),
        Criterion::Spearman => "Spearman".to_owned(),
        Criterion::Pearson => "Pearson".to_owned(),
        Criterion::PrecisionTop(fraction) => format!("P@top {} %", percent(fraction)),
        Criterion::PrecisionBottom(fraction) => format!("P@bottom {} %", percent(fraction)),
        Criterion::BestRanking(fraction) => format!("BR@{} %", percent(fraction)),
        Criterion::WorstRanking(fraction) => format!("WR@{} %", percent(fraction)),
    }
}

/// How the values of a criterion are written.
pub(crate) enum Unit {
    Correlation,
    Percent(usize),
}

impl Unit {
    /// The decimals of a value in percent; `None` for a correlation.
    pub fn decimals_of_percent(self) -> Option<usize> {
        match self {
            Self::Correlation => None,
            Self::Percent(decimals) => Some(decimals),
        }
    }
}

/// How the values of a criterion are written.
pub(crate) fn unit(criterion: Criterion) -> Unit {
    match criterion {
        Criterion::TauB | Criterion::TauA | Criterion::Spearman | Criterion::Pearson => Unit::Correlation,
        Criterion::PrecisionTop(_) | Criterion::PrecisionBottom(_) => Unit::Percent(1),
        Criterion::BestRanking(_) | Criterion::WorstRanking(_) => Unit::Percent(2),
    }
}

/// The mean score of some architectures, in the estimator's unit.
pub(crate) fn mean_score(inside: &InsideRecord) -> String {
    inside.mean_score.map_or(NONE.to_owned(), |mean| fixed(mean, 3))
}

/// A number of any size with four significant digits or more; with an exponent where it would be long.
pub(crate) fn significant(value: f64) -> String {
    let rounded = format!("{value:.3e}");
    match rounded.split_once('e').and_then(|(_, exponent)| exponent.parse::<i32>().ok()) {
        _ if value == 0.0 => "0".to_owned(),
        Some(exponent @ -3..6) => fixed(value, (3 - exponent).clamp(0, 6) as usize),
        _ => rounded,
    }
}

/// A count with a comma between thousands: `15,625`.
pub(crate) fn count(count: usize) -> String {
    nas_assay_base::text::grouped(count as u64)
}

/// A fraction in percent with two decimals.
pub(crate) fn percentage(fraction: f64) -> String {
    format!("{} %", fixed(100.0 * fraction, 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_has_no_sign() {
        assert_eq!((fixed(-0.0004, 3), fixed(-0.0006, 3)), ("0.000".to_owned(), "-0.001".to_owned()));
    }

    #[test]
    fn units_follow_the_criterion() {
        assert_eq!(value(Criterion::TauB, Some(0.60612)), "0.606");
        assert_eq!(value(Criterion::PrecisionTop(0.05), Some(0.2817)), "28.2 %");
        assert_eq!(value(Criterion::BestRanking(0.01), Some(0.0002)), "0.02 %");
        assert_eq!(value(Criterion::Spearman, None), "–");
        assert_eq!(difference(Criterion::TauB, Some(0.6061), 0.606), "+0.000");
        assert_eq!(difference(Criterion::TauB, Some(0.5), 0.534), "-0.034");
        assert_eq!(difference(Criterion::PrecisionTop(0.05), Some(0.3), 0.282), "+1.8 pp");
        assert_eq!(difference(Criterion::TauB, None, 0.5), "–");
    }

    /// Each of these rounds to the same text as the published value.
    #[test]
    fn a_difference_is_rounded_after_it_is_taken() {
        assert_eq!(difference(Criterion::TauB, Some(0.3004), 0.2996), "+0.001");
        assert_eq!(difference(Criterion::PrecisionTop(0.05), Some(0.300_4), 0.299_6), "+0.1 pp");
        assert_eq!(difference(Criterion::BestRanking(0.05), Some(0.030_04), 0.029_96), "+0.01 pp");
        // These round to texts that are 0.001 apart.
        assert_eq!(difference(Criterion::TauB, Some(0.3006), 0.3004), "+0.000");
    }

    #[test]
    fn numbers_of_any_size_have_four_digits() {
        let texts =
            [0.0, -0.0, 1.0, -2.5, 0.012_355, 9.999_96, 123_456.7, 1_234_567.0, 0.000_123_45, -1e-300].map(significant);
        let due = ["0", "0", "1.000", "-2.500", "0.01235", "10.00", "123457", "1.235e6", "1.234e-4", "-1.000e-300"];
        assert_eq!(texts, due);
    }

    #[test]
    fn thousands_are_set_off() {
        assert_eq!([0, 999, 1000, 15_625, 1_259_712].map(count), ["0", "999", "1,000", "15,625", "1,259,712"]);
    }
}
