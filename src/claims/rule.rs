//! Figures, and the rules that decide claims by them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The result of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The numbers agree with the claim.
    Holds,
    /// The numbers contradict the claim.
    Fails,
    /// The available data are not enough to decide.
    Undecided,
}

impl Verdict {
    /// The text that is printed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Fails => "fails",
            Self::Undecided => "undecided",
        }
    }
}

/// One of our numbers, and the published number to compare it with.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// The name of the number.
    pub name: String,
    /// Our number; `None` if it is undefined.
    pub ours: Option<f64>,
    /// The 95 % interval of our number, if there is one.
    pub interval: Option<[f64; 2]>,
    /// The published number, if there is one.
    pub published: Option<f64>,
    /// Whether the rule is applied to it. If not, it is only shown.
    pub tested: bool,
}

impl Figure {
    /// A number that the rule is applied to.
    pub fn tested(name: impl Into<String>, ours: impl Into<Option<f64>>) -> Self {
        Self { name: name.into(), ours: ours.into(), interval: None, published: None, tested: true }
    }

    /// A number that is only shown.
    pub fn shown(name: impl Into<String>, ours: impl Into<Option<f64>>) -> Self {
        Self { tested: false, ..Self::tested(name, ours) }
    }

    /// Sets the published number.
    #[must_use]
    pub fn beside(self, published: impl Into<Option<f64>>) -> Self {
        Self { published: published.into(), ..self }
    }

    /// Sets the 95 % interval.
    #[must_use]
    pub fn within(self, interval: impl Into<Option<[f64; 2]>>) -> Self {
        Self { interval: interval.into(), ..self }
    }
}

/// The result of a measure.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measured {
    /// The numbers.
    pub figures: Vec<Figure>,
    /// Remarks; may be empty.
    pub note: String,
}

impl Measured {
    /// Numbers with a note.
    pub fn noted(figures: Vec<Figure>, note: impl Into<String>) -> Self {
        Self { figures, note: note.into() }
    }
}

impl From<Vec<Figure>> for Measured {
    fn from(figures: Vec<Figure>) -> Self {
        Self { figures, note: String::new() }
    }
}

/// When a claim holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// Every tested number is equal to the published one, within a tolerance.
    Published(f64),
    /// Every tested number is above a bound.
    Above(f64),
    /// Every tested number is at least a bound.
    AtLeast(f64),
    /// Every tested number is below a bound.
    Below(f64),
    /// Every tested number is at most a bound.
    AtMost(f64),
    /// The interval of every tested number is above zero. The claim fails if an interval is below zero, and is undecided otherwise.
    ShownAbove,
    /// The interval of every tested number is below zero. The claim fails if an interval is above zero, and is undecided otherwise.
    ShownBelow,
    /// The interval of no tested number is above zero.
    NotShownAbove,
    /// The published number is inside the interval of every tested number.
    Covers,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Published(0.0) => f.write_str("each exactly as published"),
            Self::Published(tolerance) => write!(f, "each within {} of the published value", plain(*tolerance)),
            Self::Above(bound) => write!(f, "each above {}", plain(*bound)),
            Self::AtLeast(bound) => write!(f, "each at least {}", plain(*bound)),
            Self::Below(bound) => write!(f, "each below {}", plain(*bound)),
            Self::AtMost(bound) => write!(f, "each at most {}", plain(*bound)),
            Self::ShownAbove => f.write_str("each 95 % interval above 0; undecided if one contains 0"),
            Self::ShownBelow => f.write_str("each 95 % interval below 0; undecided if one contains 0"),
            Self::NotShownAbove => f.write_str("no 95 % interval entirely above 0"),
            Self::Covers => f.write_str("the published value inside each 95 % interval"),
        }
    }
}

impl Rule {
    /// The verdict on the tested numbers, and the numbers for which the rule does not hold.
    pub fn verdict(self, figures: &[Figure]) -> (Verdict, String) {
        let tested: Vec<&Figure> = figures.iter().filter(|figure| figure.tested).collect();
        if tested.is_empty() {
            return (Verdict::Undecided, "there is no number to apply the rule to".to_owned());
        }
        let mut verdict = Verdict::Holds;
        let mut why = Vec::new();
        for figure in tested {
            match self.holds(figure) {
                Some(true) => {}
                Some(false) => {
                    verdict = Verdict::Fails;
                    why.push(format!("rule not met: {}", figure.name));
                }
                None => {
                    verdict = if verdict == Verdict::Fails { verdict } else { Verdict::Undecided };
                    why.push(match (figure.ours, figure.interval) {
                        (None, _) => format!("undefined: {}", figure.name),
                        (_, Some([lower, upper])) => {
                            format!("not clear: {} in [{lower:.3}, {upper:.3}]", figure.name)
                        }
                        (_, None) => format!("no interval or no published value: {}", figure.name),
                    });
                }
            }
        }
        (verdict, why.join("; "))
    }

    /// Whether the rule holds for one number; `None` if this is not clear.
    fn holds(self, figure: &Figure) -> Option<bool> {
        let ours = figure.ours?;
        match self {
            Self::Published(tolerance) => Some((ours - figure.published?).abs() <= tolerance),
            Self::Above(bound) => Some(ours > bound),
            Self::AtLeast(bound) => Some(ours >= bound),
            Self::Below(bound) => Some(ours < bound),
            Self::AtMost(bound) => Some(ours <= bound),
            Self::ShownAbove => sign(figure.interval?).map(|sign| sign > 0),
            Self::ShownBelow => sign(figure.interval?).map(|sign| sign < 0),
            Self::NotShownAbove => Some(sign(figure.interval?) != Some(1)),
            Self::Covers => {
                let ([lower, upper], published) = (figure.interval?, figure.published?);
                Some((lower..=upper).contains(&published))
            }
        }
    }
}

/// A bound with as few digits as possible.
fn plain(bound: f64) -> String {
    if bound.fract() == 0.0 { format!("{bound}") } else { format!("{bound:?}") }
}

/// The side of zero on which an interval lies; `None` if it contains zero.
fn sign([lower, upper]: [f64; 2]) -> Option<i32> {
    match (lower > 0.0, upper < 0.0) {
        (true, _) => Some(1),
        (_, true) => Some(-1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(rule: Rule, figures: &[Figure]) -> Verdict {
        rule.verdict(figures).0
    }

    fn number(ours: f64) -> Figure {
        Figure::tested("x", ours).beside(0.5)
    }

    fn between(lower: f64, upper: f64) -> Figure {
        number(f64::midpoint(lower, upper)).within([lower, upper])
    }

    #[test]
    fn every_rule_can_hold_and_fail() {
        use Verdict::{Fails, Holds, Undecided};
        for (rule, figure, expected) in [
            (Rule::Published(0.0), number(0.5), Holds),
            (Rule::Published(0.0), number(0.50001), Fails),
            (Rule::Published(0.01), number(0.495), Holds),
            (Rule::Published(0.01), number(0.52), Fails),
            (Rule::Above(0.0), number(0.1), Holds),
            (Rule::Above(0.0), number(0.0), Fails),
            (Rule::AtLeast(0.0), number(0.0), Holds),
            (Rule::AtLeast(0.0), number(-0.1), Fails),
            (Rule::Below(0.0), number(-0.1), Holds),
            (Rule::Below(0.0), number(0.0), Fails),
            (Rule::AtMost(0.0), number(0.0), Holds),
            (Rule::AtMost(0.0), number(0.1), Fails),
            (Rule::ShownAbove, between(0.1, 0.2), Holds),
            (Rule::ShownAbove, between(-0.2, -0.1), Fails),
            (Rule::ShownAbove, between(-0.1, 0.2), Undecided),
            (Rule::ShownAbove, between(0.0, 0.2), Undecided),
            (Rule::ShownBelow, between(-0.2, -0.1), Holds),
            (Rule::ShownBelow, between(0.1, 0.2), Fails),
            (Rule::ShownBelow, between(-0.1, 0.0), Undecided),
            (Rule::NotShownAbove, between(-0.1, 0.2), Holds),
            (Rule::NotShownAbove, between(0.1, 0.2), Fails),
            (Rule::Covers, between(0.4, 0.5), Holds),
            (Rule::Covers, between(0.6, 0.7), Fails),
            (Rule::Covers, number(0.5), Undecided),
            (Rule::Published(0.1), Figure::tested("x", 0.5), Undecided),
            (Rule::Above(0.0), Figure::tested("x", None), Undecided),
            (Rule::AtMost(0.0), number(f64::NAN), Fails),
        ] {
            assert_eq!(verdict(rule, std::slice::from_ref(&figure)), expected, "{rule:?} {figure:?}");
        }
    }

    #[test]
    fn a_failure_outweighs_what_cannot_be_told() {
        let (fails, unknown) = (number(-1.0), Figure::tested("y", None));
        for figures in [[fails.clone(), unknown.clone()], [unknown, fails]] {
            let (found, why) = Rule::Above(0.0).verdict(&figures);
            assert_eq!(found, Verdict::Fails);
            assert!(why.contains("rule not met: x") && why.contains("undefined: y"), "{why}");
        }
    }

    #[test]
    fn what_is_only_shown_decides_nothing() {
        assert_eq!(verdict(Rule::Above(0.0), &[number(1.0), Figure::shown("y", -1.0)]), Verdict::Holds);
        assert_eq!(verdict(Rule::Above(0.0), &[Figure::shown("y", 1.0)]), Verdict::Undecided);
        assert_eq!(verdict(Rule::Above(0.0), &[]), Verdict::Undecided);
    }
}
