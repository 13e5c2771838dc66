//! Bias by complexity as bars.

use std::fmt::Write;

use nas_assay_criteria::ComplexityGroup;

use super::axis::{Axis, label};
use crate::html::svg::picture;
use crate::value_text;

/// How far the axis of a panel's bars reaches to either side of zero: the least multiple of 0.1 that holds every rank difference.
pub(crate) fn reach<'a>(groups: impl Iterator<Item = &'a ComplexityGroup>) -> f64 {
    let most = groups.map(|group| group.rank_difference.abs()).fold(0.0, f64::max);
    ((most * 10.0 - 1e-9).ceil() / 10.0).max(0.1)
}

/// The mean rank difference of each group as a bar, upwards if it is over-estimated, with the tau-b within the group below it. The picture
/// is 220 by 132.
pub(crate) fn bars(id: &str, estimator: &str, groups: &[ComplexityGroup], reach: f64) -> String {
    let [left, right] = [30.0, 216.0];
    let up = Axis::new([-reach, reach], [92.0, 8.0]);
    let zero = up.at(0.0);
    let mut body = String::new();
    for value in [reach, 0.0, -reach] {
        let y = up.at(value);
        let text = label(value, 1);
        let _ = write!(
            body,
            "<path class=\"rule\" d=\"M{left} {y:.1}H{right}\"/><text class=\"end\" x=\"26\" y=\"{:.1}\">{text}</text>",
            y + 4.0
        );
    }
    let step = (right - left) / groups.len().max(1) as f64;
    let mut spoken = Vec::new();
    for (place, group) in groups.iter().enumerate() {
        let middle = left + step * (place as f64 + 0.5);
        let y = up.at(group.rank_difference);
        let class = if group.rank_difference > 0.0 { "over" } else { "under" };
        let tau = group.tau_b.map_or(value_text::NONE.to_owned(), |tau| label(tau, 2));
        let _ = write!(
            body,
            "<rect class=\"bar {class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>\
             <text class=\"middle\" x=\"{middle:.1}\" y=\"110\">{tau}</text>",
            middle - 0.32 * step,
            y.min(zero),
            0.64 * step,
            (y - zero).abs()
        );
        spoken.push(format!("{} (tau-b {tau})", label(group.rank_difference, 3)));
    }
    let _ = write!(
        body,
        "<text class=\"end\" x=\"26\" y=\"110\">tau</text><text x=\"{left}\" y=\"128\">cheapest</text>\
         <text class=\"end\" x=\"{right}\" y=\"128\">costliest</text>"
    );
    let description = format!("Mean rank difference of each group, cheapest first: {}.", spoken.join(", "));
    picture(id, [220, 132], &format!("Bias of {estimator} by complexity"), &description, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_estimated_groups_point_up() {
        let group = |rank_difference| ComplexityGroup {
            rows: 3,
            least_cost: 1.0,
            greatest_cost: 2.0,
            rank_difference,
            tau_b: Some(-0.5),
        };
        let groups = [group(0.1), group(-0.2)];
        assert_eq!(reach(groups.iter()), 0.2);
        assert_eq!(reach([].iter()), 0.1);
        let svg = bars("b", "x", &groups, 0.2);
        // 84 for twice the reach: zero is at 50, a tenth is 21.
        assert!(svg.contains("class=\"bar over\" x=\"46.7\" y=\"29.0\" width=\"59.5\" height=\"21.0\""), "{svg}");
        assert!(svg.contains("class=\"bar under\" x=\"139.7\" y=\"50.0\" width=\"59.5\" height=\"42.0\""), "{svg}");
        assert!(svg.contains("0.100 (tau-b −0.50), −0.200 (tau-b −0.50)."), "{svg}");
    }
}
