//! One rule for scores that an estimator failed to compute, however they are written.

use crate::estimator::{Reason, Score};

/// How programs write that there is no score: an empty cell, and these words in upper or lower case.
const FAILURES: [&str; 11] = ["nan", "-nan", "none", "na", "n/a", "#n/a", "<na>", "null", "nil", "failed", "error"];

/// The score that a cell holds; `None` if it is neither a number nor a sign of failure. Numbers in `declared` mean a failure, too.
pub(super) fn score(text: &str, declared: &[f64]) -> Option<Score> {
    let text = text.trim();
    if let Ok(value) = text.parse::<f64>() {
        let failed = declared.contains(&value);
        return Some(if failed { Score::NonFinite(Reason::Nan) } else { Score::from(value) });
    }
    let failed = text.is_empty() || FAILURES.iter().any(|word| word.eq_ignore_ascii_case(text));
    failed.then_some(Score::NonFinite(Reason::Nan))
}

/// What may be meant by a cell that is no score.
pub(super) fn hint(text: &str) -> &'static str {
    let text = text.trim();
    let with = |from: &str, to: &str| text.replacen(from, to, 1).parse::<f64>().is_ok_and(f64::is_finite);
    if with(",", ".") {
        "; write a decimal point, not a comma"
    } else if with("%", "") {
        "; write it without the percent sign"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn failures_are_read_however_they_are_written() {
        for text in ["", " ", "nan", "NaN", "-nan", "NAN", "None", "NA", "N/A", "#N/A", "<NA>", "null", "NULL", "nil"] {
            assert_eq!(score(text, &[]), Some(Score::NonFinite(Reason::Nan)), "{text:?}");
        }
        let infinite = [
            ("inf", f64::INFINITY),
            ("-inf", f64::NEG_INFINITY),
            ("Infinity", f64::INFINITY),
            ("1e400", f64::INFINITY),
        ];
        for (text, value) in infinite {
            assert_eq!(score(text, &[]), Some(Score::from(value)), "{text}");
        }
        assert_eq!(score("-1e8", &[]), Some(Score::Finite(-1e8)));
        assert_eq!(score("-100000000.0", &[-1e8, 1e9]), Some(Score::NonFinite(Reason::Nan)));
        assert_eq!(score(" 1.5 ", &[-1e8]), Some(Score::Finite(1.5)));
        for text in ["x", "0,5", "12 %", "1.2.3", "nano", "True", "-"] {
            assert_eq!(score(text, &[]), None, "{text}");
        }
    }

    #[test]
    fn a_near_number_has_a_hint() {
        assert!(hint("0,5").contains("decimal point") && hint("71.2%").contains("percent"));
        assert_eq!((hint("x"), hint("1,000,000"), hint("")), ("", "", ""));
    }

    proptest! {
        #[test]
        fn every_finite_number_is_read_to_the_bit(bits: u64) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            let Some(Score::Finite(read)) = score(&format!("{value:e}"), &[]) else { panic!("{value:e} is a number") };
            prop_assert_eq!(read.to_bits(), bits);
        }
    }
}
