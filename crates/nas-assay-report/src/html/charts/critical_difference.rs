//! Average ranks of many estimators on an axis, with bars over those that do not differ: the critical-difference diagram of Demšar, "Statistical
//! comparisons of classifiers over multiple data sets", JMLR 7 (2006).

use std::fmt::Write;

use super::axis::{Axis, label, tick_step, ticks};
use crate::html::svg::{escape, picture, shortened, width_of};

/// The length of the axis.
const LENGTH: f64 = 360.0;

/// With more characters than this a name is cut.
const LONGEST: usize = 30;

/// The average ranks of some estimators, and what a test says of them.
pub(crate) struct AverageRanks<'a> {
    /// The estimators.
    pub names: &'a [String],
    /// The average rank of each; 1 is the best.
    pub ranks: &'a [f64],
    /// Ranks that are further apart than this differ.
    pub critical_difference: f64,
    /// Sets of estimators that do not differ, by their places.
    pub cliques: &'a [Vec<usize>],
    /// Over how many benchmarks the ranks are averaged.
    pub blocks: usize,
}

/// The diagram; `None` for fewer than two estimators. The best is at the right, as in Demšar's figures: the better half of the names stands at the right,
/// the best first, the other half at the left, the worst first.
pub(crate) fn critical_difference(id: &str, of: &AverageRanks<'_>) -> Option<String> {
    let count = of.names.len();
    if count < 2 {
        return None;
    }
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|&a, &b| of.ranks[a].total_cmp(&of.ranks[b]).then(a.cmp(&b)));
    let names: Vec<String> = of.names.iter().map(|name| shortened(name, LONGEST)).collect();
    let side = names.iter().map(|name| width_of(name)).fold(0.0, f64::max).ceil() + 60.0;
    let (left, right, line) = (side, side + LENGTH, 62.0);
    let axis = Axis::new([count as f64, 1.0], [left, right]);
    let mut body = scale(count, axis, line);
    distance(&mut body, of.critical_difference, axis, count);
    let mut below = line + 16.0;
    for clique in of.cliques {
        let at = clique.iter().map(|&place| axis.at(of.ranks[place]));
        let (from, to) = at.fold((right, left), |(low, high), x| (low.min(x), high.max(x)));
        let _ = write!(body, "<path class=\"clique\" d=\"M{:.1} {below:.1}H{:.1}\"/>", from - 3.0, to + 3.0);
        below += 9.0;
    }
    below += 8.0;
    let better = count.div_ceil(2);
    for (position, &place) in order.iter().enumerate() {
        let is_better = position < better;
        let y = below + 17.0 * if is_better { position } else { count - 1 - position } as f64;
        let x = axis.at(of.ranks[place]);
        let (end, text, class, rank, anchor) = if is_better {
            (right + 12.0, right + 54.0, "label", right + 16.0, "")
        } else {
            (left - 12.0, left - 54.0, "end label", left - 16.0, " class=\"end\"")
        };
        let _ = write!(
            body,
            "<path class=\"lead\" d=\"M{x:.1} {line:.1}V{y:.1}H{end:.1}\"/><text class=\"{class}\" x=\"{text:.1}\" y=\"{:.1}\">{}</text>\
             <text{anchor} x=\"{rank:.1}\" y=\"{:.1}\">{}</text>",
            y + 4.0,
            escape(&names[place]),
            y + 4.0,
            label(of.ranks[place], 2)
        );
    }
    let extent = [2.0 * side + LENGTH, below + 17.0 * (better - 1) as f64 + 14.0].map(|size| size.ceil() as u32);
    Some(picture(id, extent, "Average ranks and their critical difference", &description(of, &order), &body))
}

/// The axis with its ticks and their labels above it.
fn scale(count: usize, axis: Axis, line: f64) -> String {
    let [left, right] = axis.places;
    let mut body = format!("<path class=\"lead\" d=\"M{left:.1} {line:.1}H{right:.1}\"/>");
    let step = if count <= 12 { 1.0 } else { tick_step(count as f64).max(1.0) };
    for rank in std::iter::once(1.0).chain(ticks(step, count as f64, step).filter(|&rank| rank > 1.0)) {
        let x = axis.at(rank);
        let _ = write!(
            body,
            "<path class=\"lead\" d=\"M{x:.1} {line:.1}v-6.0\"/><text class=\"middle\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>",
            line - 10.0,
            label(rank, 0)
        );
    }
    body
}

/// The critical difference as a length above the axis; one that is longer than the axis is cut, and says so.
fn distance(body: &mut String, critical_difference: f64, axis: Axis, count: usize) {
    let [left, _] = axis.places;
    let unit = LENGTH / (count as f64 - 1.0);
    let length = (critical_difference * unit).min(LENGTH);
    let is_cut = critical_difference * unit > LENGTH;
    let end = if is_cut { String::new() } else { format!("M{:.1} 20.0v8.0", left + length) };
    let _ = write!(
        body,
        "<path class=\"distance\" d=\"M{left:.1} 20.0v8.0M{left:.1} 24.0h{length:.1}{end}\"/><text x=\"{left:.1}\" y=\"14.0\">critical difference {}{}</text>",
        label(critical_difference, 2),
        if is_cut { ", more than the axis" } else { "" }
    );
}

fn description(of: &AverageRanks<'_>, order: &[usize]) -> String {
    let ranks: Vec<String> =
        order.iter().map(|&place| format!("{} {}", of.names[place], label(of.ranks[place], 2))).collect();
    format!(
        "Average ranks over {} benchmarks, the best first: {}. Two estimators differ if their average ranks are more than {} apart (Nemenyi, 5 %); \
         those under one thick bar do not.",
        of.blocks,
        ranks.join(", "),
        label(of.critical_difference, 2)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(names: &[&str], ranks: &[f64], critical_difference: f64, cliques: &[Vec<usize>]) -> Option<String> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        super::critical_difference(
            "cd",
            &AverageRanks { names: &names, ranks, critical_difference, cliques, blocks: 5 },
        )
    }

    #[test]
    fn the_best_is_at_the_right_and_the_bar_covers_its_clique() {
        let svg = drawn(&["a", "b&", "c"], &[2.0, 1.0, 3.0], 1.5, &[vec![1, 0], vec![0, 2]]).unwrap();
        // A side of 14 + 60 for two characters: the axis goes from 74 to 434.
        assert!(svg.starts_with("<svg viewBox=\"0 0 508 135\""), "{svg}");
        assert!(
            svg.contains("<path class=\"distance\" d=\"M74.0 20.0v8.0M74.0 24.0h270.0M344.0 20.0v8.0\"/>"),
            "{svg}"
        );
        let bars: Vec<&str> =
            svg.split("class=\"clique\" d=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert_eq!(bars, ["M251.0 78.0H437.0", "M71.0 87.0H257.0"]);
        let leads: Vec<&str> =
            svg.split("class=\"lead\" d=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert_eq!(leads[4..], ["M434.0 62.0V104.0H446.0", "M254.0 62.0V121.0H446.0", "M74.0 62.0V104.0H62.0"]);
        assert!(svg.contains(">b&amp;</text><text x=\"450.0\" y=\"108.0\">1.00<"), "{svg}");
        assert!(svg.contains("<text class=\"end label\" x=\"20.0\" y=\"108.0\">c</text>"), "{svg}");
        assert!(svg.contains("over 5 benchmarks, the best first: b&amp; 1.00, a 2.00, c 3.00."), "{svg}");
    }

    #[test]
    fn a_difference_beyond_the_axis_is_cut_and_one_estimator_is_no_diagram() {
        let svg = drawn(&["a", "b"], &[1.5, 1.5], 3.0, &[vec![0, 1]]).unwrap();
        assert!(
            svg.contains("24.0h360.0\"/>") && svg.contains("critical difference 3.00, more than the axis<"),
            "{svg}"
        );
        assert!(drawn(&["a"], &[1.0], 0.0, &[]).is_none());
    }

    #[test]
    fn many_ranks_have_few_ticks() {
        let names: Vec<String> = (0..30).map(|place| format!("e{place}")).collect();
        let ranks: Vec<f64> = (1..=30).map(f64::from).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let svg = drawn(&names, &ranks, 4.0, &[]).unwrap();
        assert_eq!(svg.matches("v-6.0").count(), 7, "1, 5, 10 to 30");
    }
}
