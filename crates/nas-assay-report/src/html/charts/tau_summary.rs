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
    let Shown { left_out, floor, description } = sorted(&mut rows);
    let names: Vec<String> = rows.iter().map(|row| shortened(&row.name, LONGEST)).collect();
    let left = (names.iter().map(|name| width_of(name)).fold(0.0, f64::max) + 16.0).ceil();
    let axis = axis(&rows, left)?;
    let bottom = TOP + ROW * rows.len() as f64;
    let mut body = format!(
        "<text class=\"label\" x=\"8\" y=\"16\">{}</text><text x=\"8\" y=\"34\">{}</text>",
        escape(&shortened(of, 90)),
        escape(&legend(floor.as_ref(), left_out))
    );
    body += &scale(&axis, floor.as_ref(), [TOP, bottom]);
    for (place, (row, name)) in rows.iter().zip(&names).enumerate() {
        let y = TOP + ROW * (place as f64 + 0.5);
        let _ =
            write!(body, "<text class=\"end\" x=\"{:.1}\" y=\"{:.1}\">{}</text>", left - 8.0, y + 4.0, escape(name));
        body += &mark(row, &axis, y);
        let right = left + AXIS + 46.0;
        let _ = write!(body, "<text class=\"end\" x=\"{right:.1}\" y=\"{:.1}\">{}</text>", y + 4.0, label(row.tau, 3));
    }
    Some(picture(id, [(left + AXIS + 54.0) as u32, (bottom + 26.0) as u32], of, &description, &body))
}

/// The width of the narrow picture.
const NARROW: f64 = 320.0;

/// The height of a row there, which has the name above the interval.
const NARROW_ROW: f64 = 36.0;

/// So many characters fit on a line there.
const NARROW_LINE: usize = 52;

/// The same as [`tau_summary`] for the screen of a phone: each name stands above its interval.
pub(crate) fn narrow_tau_summary(id: &str, of: &str, mut rows: Vec<TauRow>) -> Option<String> {
    let Shown { left_out, floor, description } = sorted(&mut rows);
    let axis = Axis::new(values(&rows)?, [12.0, NARROW - 12.0]);
    let legend = legend(floor.as_ref(), left_out);
    let lines = textwrap::wrap(&legend, NARROW_LINE);
    let mut body = String::new();
    for (place, line) in lines.iter().enumerate() {
        let _ = write!(body, "<text x=\"2\" y=\"{}\">{}</text>", 14 + 16 * place, escape(line));
    }
    let top = 16.0 * lines.len() as f64 + 10.0;
    let bottom = top + NARROW_ROW * rows.len() as f64;
    body += &scale(&axis, floor.as_ref(), [top, bottom]);
    for (place, row) in rows.iter().enumerate() {
        let y = top + NARROW_ROW * place as f64;
        let _ = write!(
            body,
            "<text class=\"over-lines\" x=\"2\" y=\"{:.1}\">{}</text><text class=\"over-lines end\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            y + 14.0,
            escape(&shortened(&row.name, LONGEST)),
            NARROW - 2.0,
            y + 14.0,
            label(row.tau, 3)
        );
        body += &mark(row, &axis, y + 25.0);
    }
    Some(picture(id, [NARROW as u32, (bottom + 26.0) as u32], of, &description, &body))
}

/// What is said of all rows.
struct Shown {
    /// How many rows have no room.
    left_out: usize,
    /// The best baseline: its name and its tau-b.
    floor: Option<(String, f64)>,
    description: String,
}

/// Puts the greatest tau-b first, and leaves out what has no room.
fn sorted(rows: &mut Vec<TauRow>) -> Shown {
    rows.sort_by(|one, other| other.tau.total_cmp(&one.tau));
    let left_out = rows.len().saturating_sub(MOST_ROWS);
    let floor = rows.iter().find(|row| row.is_baseline).map(|row| (row.name.clone(), row.tau));
    let description = description(rows);
    rows.truncate(MOST_ROWS);
    Shown { left_out, floor, description }
}

/// The lines of the axis with their values, and that of the best baseline.
fn scale(axis: &Axis, floor: Option<&(String, f64)>, [top, bottom]: [f64; 2]) -> String {
    let mut body = String::new();
    let [lowest, highest] = axis.values.map(|value| (value / STEP).round() as i32);
    for value in lowest..=highest {
        let value = f64::from(value) * STEP;
        let x = axis.at(value);
        let class = if value == 0.0 { "lead" } else { "rule" };
        let _ = write!(
            body,
            "<path class=\"{class}\" d=\"M{x:.1} {top}V{bottom}\"/><text class=\"middle\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>",
            bottom + 16.0,
            label(value, 1)
        );
    }
    if let Some((_, tau)) = floor {
        let _ = write!(body, "<path class=\"floor\" d=\"M{:.1} {top}V{bottom}\"/>", axis.at(*tau));
    }
    body
}

/// The interval of a row, and its tau-b as a dot, or as a diamond for a baseline.
fn mark(row: &TauRow, axis: &Axis, y: f64) -> String {
    let mut body = String::new();
    let (span, x) = (if row.is_baseline { "span of-baseline" } else { "span" }, axis.at(row.tau));
    if let Some([lower, upper]) = row.interval {
        let [from, to] = [lower, upper].map(|bound| axis.at(bound));
        let _ = write!(body, "<path class=\"{span}\" d=\"M{from:.1} {y}H{to:.1}\"/>");
    }
    if row.is_baseline {
        let _ = write!(body, "<path class=\"baseline\" d=\"M{x:.1} {}l5 5l-5 5l-5 -5z\"/>", y - 5.0);
    } else {
        let _ = write!(body, "<circle class=\"dot\" cx=\"{x:.1}\" cy=\"{y}\" r=\"4\"/>");
    }
    body
}

/// An axis that holds zero and every bound, between multiples of [`STEP`]; `None` without rows.
fn axis(rows: &[TauRow], left: f64) -> Option<Axis> {
    Some(Axis::new(values(rows)?, [left + 4.0, left + AXIS]))
}

/// The values at the ends of the axis.
fn values(rows: &[TauRow]) -> Option<[f64; 2]> {
    let held = || rows.iter().flat_map(|row| row.interval.into_iter().flatten().chain([row.tau]));
    held().next()?;
    // A record may hold any number; a picture has room for those that a tau-b can have.
    let within = |value: f64| value.clamp(-1.0, 1.0);
    let lowest = (held().map(within).fold(0.0, f64::min) / STEP - 1e-9).floor() * STEP;
    let highest = (held().map(within).fold(STEP, f64::max) / STEP - 1e-9).ceil() * STEP;
    Some([lowest, highest])
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
    text
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
    fn the_narrow_picture_has_the_same_rows_in_the_width_of_a_phone() {
        let rows = || {
            let long = "a name that has as many characters as names may have";
            vec![
                row("params", 0.4, Some([0.3, 0.5]), true),
                row(long, -0.1, None, false),
                row("best<", 0.5, None, false),
            ]
        };
        let (wide, narrow) =
            (tau_summary("s", "Panel x", rows()).unwrap(), narrow_tau_summary("n", "Panel x", rows()).unwrap());
        assert!(narrow.starts_with("<svg viewBox=\"0 0 320 "), "{narrow}");
        let described = |svg: &str| svg.split("<desc id=").nth(1).unwrap().split('>').nth(1).unwrap().to_owned();
        assert_eq!(described(&wide), described(&narrow));
        let texts: Vec<&str> =
            narrow.split("<text ").skip(1).map(|rest| rest.split(['>', '<']).nth(1).unwrap()).collect();
        let place = |text: &str| texts.iter().position(|found| *found == text).unwrap();
        assert!(place("best&lt;") < place("params") && place("params") < place("0.400"), "{texts:?}");
        assert!(texts.iter().all(|text| text.chars().count() <= NARROW_LINE + 3), "{texts:?}");
        // Each mark is below its name: the first row begins at 16 for each line of the legend, and 10.
        let lines = texts.iter().position(|text| *text == "−0.2").unwrap();
        assert!(narrow.contains(&format!("cy=\"{}\" r=\"4\"", 16 * lines + 10 + 25)), "{narrow}");
        assert_eq!((narrow.matches("class=\"baseline\"").count(), narrow.matches("class=\"dot\"").count()), (1, 2));
        assert_eq!(narrow_tau_summary("s", "x", Vec::new()), None);
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
