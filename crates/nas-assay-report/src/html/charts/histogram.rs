//! How replacing an operation changes the ranks by truth and by score, as two histograms on one axis.

use std::fmt::Write;

use nas_assay_criteria::ChangeBias;

use super::axis::Axis;
use crate::html::svg::picture;
use crate::value_text;

/// How many bins are always shown on either side.
const LEAST: usize = 4;

/// Rank changes by score, drawn upwards, and by truth, drawn downwards; worse is to the left. The picture is 220 by 124.
pub(crate) fn histogram(id: &str, estimator: &str, bias: &ChangeBias<String>) -> String {
    let [left, right, middle] = [4.0, 216.0, 58.0];
    let bins = bias.score_histogram.len().min(bias.truth_histogram.len());
    let centre = bins / 2;
    let used = |bin: &usize| bias.score_histogram[*bin] + bias.truth_histogram[*bin] > 0;
    // On either side as many bins as are used, and at least a few.
    let side = (0..bins).filter(used).map(|bin| bin.abs_diff(centre)).max().unwrap_or(0).max(LEAST).min(centre);
    let most = bias.score_histogram.iter().chain(&bias.truth_histogram).copied().max().unwrap_or(0).max(1);
    let tall = Axis::new([0.0, f64::from(most)], [0.0, 48.0]);
    let width = (right - left) / (2 * side + 1) as f64;
    let mut body = format!("<path class=\"rule\" d=\"M{:.1} 8V108\"/>", f64::midpoint(left, right));
    for (class, counts, upwards) in [("over", &bias.score_histogram, true), ("truth", &bias.truth_histogram, false)] {
        let mut path = String::new();
        for (bin, &count) in counts.iter().skip(centre - side).enumerate().filter(|(_, count)| **count > 0) {
            let (x, height) = (left + width * bin as f64, tall.at(f64::from(count)));
            let height = if upwards { -height } else { height };
            let _ = write!(path, "M{x:.1} {middle}v{height:.1}h{width:.1}V{middle}z");
        }
        let _ = write!(body, "<path class=\"bar {class}\" d=\"{path}\"/>");
    }
    let _ = write!(
        body,
        "<path class=\"rule\" d=\"M{left} {middle}H{right}\"/><text x=\"{left}\" y=\"18\">score</text>\
         <text x=\"{left}\" y=\"104\">truth</text><text x=\"{left}\" y=\"121\">{reach}\u{a0}% worse</text>\
         <text class=\"end\" x=\"{right}\" y=\"121\">{reach}\u{a0}% better</text>",
        reach = value_text::fixed(100.0 * (side as f64 + 0.5) / centre.max(1) as f64, 1)
    );
    let ChangeBias { from, to, pairs, .. } = bias;
    let description = format!(
        "Rank changes of {pairs} pairs of architectures by {estimator} above, by the truth below; no change in the middle."
    );
    picture(id, [220, 124], &format!("{from} replaced by {to}"), &description, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_score_stands_and_the_truth_hangs() {
        let bias = ChangeBias {
            from: "a".to_owned(),
            to: "b".to_owned(),
            pairs: 4,
            truth_increases: 0.0,
            score_increases: 0.5,
            truth_histogram: [vec![0; 20], vec![4], vec![0; 20]].concat(),
            score_histogram: [vec![0; 19], vec![2, 0, 2], vec![0; 19]].concat(),
        };
        let svg = histogram("h", "x", &bias);
        // Nine bins over 212.
        assert!(svg.contains("class=\"bar over\" d=\"M74.7 58v-24.0h23.6V58zM121.8 58v-24.0h23.6V58z\""), "{svg}");
        assert!(svg.contains("class=\"bar truth\" d=\"M98.2 58v48.0h23.6V58z\""), "{svg}");
        assert!(svg.contains(">22.5\u{a0}% worse<"), "{svg}");
    }
}
