//! Kendall's tau-b of every estimator of a panel on its interval, the best first: the picture of a report in one look.

use std::fmt::Write;

use super::axis::{Axis, label};
use crate::html::svg::{escape, picture, shortened, width_of};

/// A row of [`tau_summary`].
pub(crate) struct TauRow {
    /// The label of the estimator.
    pub name: String,
    /// Kendall's tau-b.
    pub tau: f64,
    /// The bounds of its 95 % interval.
    pub interval: Option<[f64; 2]>,
    /// Whether the estimator is a baseline.
    pub is_baseline: bool,
}

/// The height of a row.
const ROW: f64 = 20.0;

/// The height of the lines above the rows.
const TOP: f64 = 50.0;

/// The width of the axis.
const AXIS: f64 = 380.0;

/// With more characters than this a name is cut.
const LONGEST: usize = 40;

/// How tall the picture may be: more rows are left out.
const MOST_ROWS: usize = 60;

/// The values of the axis are multiples of this.
const STEP: f64 = 0.2;

/// Tau-b of each row as a dot on its interval; baselines are diamonds, and a dashed line shows the best of them. Rows with the greatest
/// tau-b come first; rows of equal value keep their order. `None` without rows.
pub(crate) fn tau_summary(id: &str, of: &str, mut rows: Vec<TauRow>) -> Option<String> {
    rows.sort_by(|one, other| other.tau.total_cmp(&one.tau));
    let left_out = rows.len().saturating_sub(MOST_ROWS);
    let floor = rows.iter().find(|row| row.is_baseline).map(|row| (row.name.clone(), row.tau));
    let description = description(&rows);
    rows.truncate(MOST_ROWS);
    let names: Vec<String> = rows.iter().map(|row| shortened(&row.name, LONGEST)).collect();
    let left = (names.iter().map(|name| width_of(name)).fold(0.0, f64::max) + 16.0).ceil();
    let axis = axis(&rows, left)?;
    let bottom = TOP + ROW * rows.len() as f64;
    let mut body = format!(
        "<text class=\"label\" x=\"8\" y=\"16\">{}</text><text x=\"8\" y=\"34\">{}</text>",
        escape(&shortened(of, 90)),
        legend(floor.as_ref(), left_out)
    );
    let [lowest, highest] = axis.values.map(|value| (value / STEP).round() as i32);
    for value in lowest..=highest {
        let value = f64::from(value) * STEP;
        let x = axis.at(value);
        let class = if value == 0.0 { "lead" } else { "rule" };
        let _ = write!(
            body,
            "<path class=\"{class}\" d=\"M{x:.1} {TOP}V{bottom}\"/><text class=\"middle\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>",
            bottom + 16.0,
            label(value, 1)
        );
    }
    if let Some((_, tau)) = &floor {
        let _ = write!(body, "<path class=\"floor\" d=\"M{:.1} {TOP}V{bottom}\"/>", axis.at(*tau));
    }
    for (place, (row, name)) in rows.iter().zip(&names).enumerate() {
        let y = TOP + ROW * (place as f64 + 0.5);
        let (span, x) = (if row.is_baseline { "span of-baseline" } else { "span" }, axis.at(row.tau));
        let _ =
            write!(body, "<text class=\"end\" x=\"{:.1}\" y=\"{:.1}\">{}</text>", left - 8.0, y + 4.0, escape(name));
        if let Some([lower, upper]) = row.interval {
            let [from, to] = [lower, upper].map(|bound| axis.at(bound));
            let _ = write!(body, "<path class=\"{span}\" d=\"M{from:.1} {y}H{to:.1}\"/>");
        }
        if row.is_baseline {
            let _ = write!(body, "<path class=\"baseline\" d=\"M{x:.1} {}l5 5l-5 5l-5 -5z\"/>", y - 5.0);
        } else {
            let _ = write!(body, "<circle class=\"dot\" cx=\"{x:.1}\" cy=\"{y}\" r=\"4\"/>");
        }
        let right = left + AXIS + 46.0;
        let _ = write!(body, "<text class=\"end\" x=\"{right:.1}\" y=\"{:.1}\">{}</text>", y + 4.0, label(row.tau, 3));
    }
    Some(picture(id, [(left + AXIS + 54.0) as u32, (bottom + 26.0) as u32], of, &description, &body))
}

/// An axis that holds zero and every bound, between multiples of [`STEP`]; `None` without rows.
fn axis(rows: &[TauRow], left: f64) -> Option<Axis> {
    let held = || rows.iter().flat_map(|row| row.interval.into_iter().flatten().chain([row.tau]));
    held().next()?;
    // A record may hold any number; a picture has room for those that a tau-b can have.
    let within = |value: f64| value.clamp(-1.0, 1.0);
    let lowest = (held().map(within).fold(0.0, f64::min) / STEP - 1e-9).floor() * STEP;
    let highest = (held().map(within).fold(STEP, f64::max) / STEP - 1e-9).ceil() * STEP;
    Some(Axis::new([lowest, highest], [left + 4.0, left + AXIS]))
}

/// What the marks mean.
fn legend(floor: Option<&(String, f64)>, left_out: usize) -> String {
    let mut text = "Kendall's tau-b and its 95 % interval; 1 is the true order.".to_owned();
    if let Some((name, _)) = floor {
        text += &format!(" Diamonds: baselines. Dashed: {}, the best of them.", shortened(name, LONGEST));
    }
    if left_out > 0 {
        text += &format!(" {left_out} rows are left out.");
    }
    escape(&text)
}

fn description(rows: &[TauRow]) -> String {
    let values: Vec<String> = rows
        .iter()
        .map(|row| format!("{}{} {}", row.name, if row.is_baseline { " (a baseline)" } else { "" }, label(row.tau, 3)))
        .collect();
    format!("Kendall's tau-b, the best first: {}.", values.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, tau: f64, interval: Option<[f64; 2]>, is_baseline: bool) -> TauRow {
        TauRow { name: name.to_owned(), tau, interval, is_baseline }
    }

    #[test]
    fn the_best_row_is_the_first_and_the_line_is_the_best_baseline() {
        let rows = vec![
            row("low<", -0.1, Some([-0.3, 0.1]), false),
            row("params", 0.4, Some([0.3, 0.5]), true),
            row("best", 0.5, None, false),
            row("flops", 0.2, None, true),
        ];
        let svg = tau_summary("s", "Panel x", rows).unwrap();
        assert!(
            svg.contains(
                "the best first: best 0.500, params (a baseline) 0.400, flops (a baseline) 0.200, low&lt; −0.100."
            ),
            "{svg}"
        );
        // Names of 6 characters and a space of 16; an axis from -0.4 to 0.6 over 376.
        assert!(svg.starts_with("<svg viewBox=\"0 0 492 156\""), "{svg}");
        let at = |value: f64| format!("{:.1}", 62.0 + (value + 0.4) * 376.0);
        assert!(svg.contains(&format!("<circle class=\"dot\" cx=\"{}\" cy=\"60\" r=\"4\"/>", at(0.5))), "{svg}");
        assert!(svg.contains(&format!("<path class=\"floor\" d=\"M{} 50V130\"/>", at(0.4))), "{svg}");
        assert!(
            svg.contains(&format!("<path class=\"span of-baseline\" d=\"M{} 80H{}\"/>", at(0.3), at(0.5))),
            "{svg}"
        );
        assert_eq!((svg.matches("class=\"baseline\"").count(), svg.matches("class=\"dot\"").count()), (2, 2));
        assert!(svg.contains("Dashed: params, the best of them."), "{svg}");
    }

    #[test]
    fn a_picture_needs_rows_and_leaves_out_what_has_no_room() {
        assert_eq!(tau_summary("s", "x", Vec::new()), None);
        let many = (0..70).map(|place| row("x", f64::from(place) / 100.0, None, false)).collect();
        let svg = tau_summary("s", "x", many).unwrap();
        assert_eq!(svg.matches("class=\"dot\"").count(), MOST_ROWS);
        assert!(svg.contains(" 10 rows are left out.") && !svg.contains("Dashed"), "{svg}");
    }
}
