//! Axes: where a value is drawn, and which values have a label.

use crate::value_text;

/// Maps an interval of values to an interval of coordinates.
#[derive(Clone, Copy)]
pub(crate) struct Axis {
    pub values: [f64; 2],
    pub places: [f64; 2],
}

impl Axis {
    pub fn new(values: [f64; 2], places: [f64; 2]) -> Self {
        Self { values, places }
    }

    pub fn at(&self, value: f64) -> f64 {
        let [from, to] = self.values;
        let share = if (to - from).abs() > 0.0 { (value - from) / (to - from) } else { 0.5 };
        self.places[0] + share * (self.places[1] - self.places[0])
    }
}

/// How many line styles the style sheet has.
pub(crate) const SERIES: usize = 6;

/// With more architectures than this, a picture shows the cells of a grid instead of dots.
pub(super) const MOST_DOTS: usize = 1200;

/// A number on a chart, with a true minus sign.
pub(super) fn label(value: f64, decimals: usize) -> String {
    value_text::fixed(value, decimals).replace('-', "−")
}

/// A step of 1, 2 or 5 times a power of ten that divides `0..=top` into four to ten parts.
pub(super) fn tick_step(top: f64) -> f64 {
    if !(top > 0.0 && top.is_finite()) {
        return 0.0;
    }
    let power = libm::pow(10.0, libm::floor(libm::log10(top / 4.0)));
    [5.0, 2.0, 1.0].into_iter().map(|step| step * power).find(|step| top / step >= 4.0).unwrap_or(power)
}

/// More ticks than any axis has. A record may hold any number.
const MOST_TICKS: usize = 100;

/// Multiples of `step` from `first` to `last`.
pub(super) fn ticks(first: f64, last: f64, step: f64) -> impl Iterator<Item = f64> {
    let steps = if step > 0.0 { ((last - first) / step + 1e-9).floor() } else { -1.0 };
    let count = if steps >= 0.0 { (steps as usize).min(MOST_TICKS) + 1 } else { 0 };
    (0..count).map(move |index| first + step * index as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round() {
        let steps = [2.303, 1.0, 40.0, 1000.0, 0.07].map(tick_step);
        for (step, expected) in steps.into_iter().zip([0.5, 0.2, 10.0, 200.0, 0.01]) {
            assert!((step - expected).abs() < 1e-12, "{steps:?}");
        }
        assert_eq!(ticks(0.0, 1.0, 0.2).count(), 6);
        assert_eq!(ticks(0.0, 1.0, 0.0).count(), 0);
        assert_eq!(ticks(0.0, 1e300, 0.2).count(), MOST_TICKS + 1);
        assert_eq!(ticks(0.0, f64::NAN, 0.2).count(), 0);
    }
}
