//! Tau-b with its interval, small enough for a table cell.

use std::fmt::Write;

use super::axis::Axis;

/// The axis that the intervals of one panel share: it holds 0, 1 and every bound.
pub(crate) fn interval_axis(bounds: impl Iterator<Item = f64>) -> Axis {
    let lowest = bounds.fold(0.0, f64::min);
    // In steps of 0.25, so that a small change of one bound does not move the axis.
    Axis::new([(lowest * 4.0).floor() / 4.0, 1.0], [4.0, 136.0])
}

/// Kendall's tau-b as a dot on its interval, zero as a tick, the published value as a hollow diamond. Screen readers skip it, since the
/// table has the same numbers.
pub(crate) fn interval(axis: Axis, tau: f64, bounds: Option<[f64; 2]>, published: Option<f64>) -> String {
    let [left, right] = axis.places;
    let mut body = format!("<path class=\"rule\" d=\"M{left} 9H{right}M{zero:.1} 4V14\"/>", zero = axis.at(0.0));
    if let Some([lower, upper]) = bounds {
        let _ = write!(body, "<path class=\"span\" d=\"M{:.1} 9H{:.1}\"/>", axis.at(lower), axis.at(upper));
    }
    let _ = write!(body, "<circle class=\"dot\" cx=\"{:.1}\" cy=\"9\" r=\"3.5\"/>", axis.at(tau));
    if let Some(published) = published {
        let _ = write!(body, "<path class=\"published\" d=\"M{:.1} 4l5 5l-5 5l-5 -5z\"/>", axis.at(published));
    }
    format!("<svg class=\"interval\" viewBox=\"0 0 140 18\" aria-hidden=\"true\">{body}</svg>")
}
