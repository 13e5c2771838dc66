//! How well every two estimators agree, as a matrix of shaded cells with the numbers in them.

use std::fmt::Write;

use super::axis::label;
use crate::agreement_map::{ABOUT, AgreementMap, TITLE};
use crate::html::svg::{escape, picture, shortened, width_of};

/// The side of a cell: four characters fit in it.
const SIDE: f64 = 34.0;

/// The space above the cells, for the numbers of the columns.
const TOP: f64 = 20.0;

/// The opacity of a tau-b of one: text can be read on it, on light and on dark pages.
const STRONGEST: f64 = 0.5;

/// With more characters than this a name is cut.
const LONGEST: usize = 40;

/// Tau-b of every two estimators. Each row has the name of its estimator and a number, which is the heading of its column. The stronger the
/// colour, the greater the tau-b; below zero it is another colour.
pub(crate) fn heat_map(id: &str, map: &AgreementMap) -> String {
    let rows = map.names.len();
    let names: Vec<String> = map.names.iter().map(|name| shortened(name, LONGEST)).collect();
    let longest = names.iter().map(|name| width_of(name)).fold(0.0, f64::max);
    let numbers = width_of(&rows.to_string());
    let left = (longest + numbers + 22.0).ceil();
    let size = SIDE * rows as f64;
    let at = |place: usize| SIDE * place as f64;
    let mut body = String::new();
    for (row, (name, values)) in names.iter().zip(&map.values).enumerate() {
        let y = TOP + at(row) + SIDE / 2.0 + 4.0;
        let _ = write!(
            body,
            "<text class=\"end\" x=\"{:.1}\" y=\"{y:.1}\">{}</text><text class=\"end\" x=\"{:.1}\" y=\"{y:.1}\">{number}</text>\
             <text class=\"middle\" x=\"{:.1}\" y=\"14.0\">{number}</text>",
            left - numbers - 14.0,
            escape(name),
            left - 6.0,
            left + at(row) + SIDE / 2.0,
            number = row + 1
        );
        for (column, value) in values.iter().enumerate() {
            let (x, text) = (left + at(column), value.map_or_else(|| "–".to_owned(), number));
            if let Some(value) = value {
                let class = if *value < 0.0 { "over" } else { "under" };
                let _ = write!(
                    body,
                    "<rect class=\"shade {class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"33.0\" height=\"33.0\" fill-opacity=\"{:.2}\"/>",
                    x + 0.5,
                    TOP + at(row) + 0.5,
                    STRONGEST * value.abs().min(1.0)
                );
            }
            let _ = write!(body, "<text class=\"middle ink\" x=\"{:.1}\" y=\"{y:.1}\">{text}</text>", x + SIDE / 2.0);
        }
    }
    let _ = write!(body, "<rect class=\"outline\" x=\"{left}\" y=\"{TOP}\" width=\"{size}\" height=\"{size}\"/>");
    let extent = [(left + size + 4.0) as u32, (TOP + size + 4.0) as u32];
    picture(id, extent, TITLE, ABOUT, &body)
}

/// Tau-b with two decimals and without the zero before the point.
fn number(value: f64) -> String {
    let text = label(value, 2);
    match text.strip_prefix('−').map_or(("", text.as_str()), |text| ("−", text)) {
        (sign, text) if text.starts_with("0.") => format!("{sign}{}", &text[1..]),
        _ if text == "1.00" => "1".to_owned(),
        _ if text == "−1.00" => "−1".to_owned(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_has_the_value_of_its_row_and_column() {
        let map = AgreementMap {
            names: ["a", "b<", "c"].map(str::to_owned).to_vec(),
            values: vec![vec![Some(1.0), Some(-0.3), None], vec![Some(-0.3), Some(1.0), None], vec![None, None, None]],
        };
        let svg = heat_map("m", &map);
        // A left side of 14 for two characters, 7 for a digit and 22.
        assert!(svg.starts_with("<svg viewBox=\"0 0 149 126\""), "{svg}");
        assert!(svg.contains("<rect class=\"shade over\" x=\"77.5\" y=\"20.5\" width=\"33.0\" height=\"33.0\" fill-opacity=\"0.15\"/>"), "{svg}");
        assert!(svg.contains("<text class=\"middle ink\" x=\"94.0\" y=\"41.0\">−.30</text>"), "{svg}");
        assert_eq!(svg.matches("shade").count(), 4, "an undefined value has no colour");
        assert_eq!(svg.matches(">–</text>").count(), 5);
        assert!(svg.contains("b&lt;</text>") && !svg.contains("b<<"), "{svg}");
    }

    #[test]
    fn numbers_fit_in_a_cell() {
        let texts = [1.0, -1.0, 0.654, -0.3, -0.001, 0.0].map(number);
        assert_eq!(texts, ["1", "−1", ".65", "−.30", ".00", ".00"]);
    }
}
