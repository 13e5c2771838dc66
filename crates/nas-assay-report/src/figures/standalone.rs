//! A picture of the pages as a document: the classes of its elements become attributes, since a file has no style sheet.

/// The attributes of each class, in the order in which they override each other. Blue and vermillion are told apart by nearly all readers, and
/// in grey.
const STYLES: [(&str, &[(&str, &str)]); 27] = [
    ("middle", &[("text-anchor", "middle")]),
    ("end", &[("text-anchor", "end")]),
    ("ink", &[("fill", "#000000"), ("font-size", "10")]),
    ("label", &[("fill", "#000000"), ("font-weight", "bold")]),
    ("frame", &[("fill", "#f5f6f7"), ("stroke", "#b4bac0")]),
    ("corner", &[("fill", "none"), ("stroke", "#d55e00")]),
    ("outline", &[("fill", "none"), ("stroke", "#b4bac0")]),
    ("diagonal", &[("fill", "none"), ("stroke", "#6b7278"), ("stroke-opacity", "0.6"), ("stroke-dasharray", "3 4")]),
    (
        "dots",
        &[
            ("fill", "none"),
            ("stroke", "#0072b2"),
            ("stroke-width", "4"),
            ("stroke-linecap", "round"),
            ("stroke-opacity", "0.7"),
        ],
    ),
    ("not-finite", &[("stroke", "#d55e00")]),
    ("cell", &[("fill", "#0072b2")]),
    ("cell-0", &[("fill-opacity", "0.22")]),
    ("cell-1", &[("fill-opacity", "0.42")]),
    ("cell-2", &[("fill-opacity", "0.68")]),
    ("cell-3", &[("fill-opacity", "1")]),
    ("shade", &[]),
    ("rule", &[("fill", "none"), ("stroke", "#d5dade")]),
    ("span", &[("fill", "none"), ("stroke", "#0072b2"), ("stroke-width", "3"), ("stroke-opacity", "0.45")]),
    ("of-baseline", &[("stroke", "#d55e00")]),
    ("dot", &[("fill", "#0072b2")]),
    ("baseline", &[("fill", "#d55e00")]),
    ("floor", &[("fill", "none"), ("stroke", "#d55e00"), ("stroke-dasharray", "4 3")]),
    ("over", &[("fill", "#d55e00")]),
    ("under", &[("fill", "#0072b2")]),
    ("lead", &[("fill", "none"), ("stroke", "#6b7278")]),
    ("clique", &[("fill", "none"), ("stroke", "#000000"), ("stroke-width", "4"), ("stroke-linecap", "round")]),
    ("distance", &[("fill", "none"), ("stroke", "#d55e00"), ("stroke-width", "2")]),
];

/// The picture as an XML document on white, in its own size.
pub(crate) fn standalone(picture: &str) -> String {
    let view =
        picture.split("viewBox=\"0 0 ").nth(1).and_then(|rest| rest.split_once('"')).map_or("0 0", |(view, _)| view);
    let (width, height) = view.split_once(' ').unwrap_or((view, view));
    let picture = picture.replacen(
        "<svg ",
        &format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" font-family=\"sans-serif\" \
             font-size=\"11\" fill=\"#333a40\" "
        ),
        1,
    );
    let paper = format!("</desc><rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>");
    let picture = picture.replacen("</desc>", &paper, 1);
    // Text has no quotes: they are escaped.
    let mut parts = picture.split(" class=\"");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (classes, rest) = part.split_once('"').unwrap_or((part, ""));
        text += &attributes(classes);
        text += rest;
    }
    // XML has no such characters.
    let text = text.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}");
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{text}\n")
}

/// The attributes of some classes.
fn attributes(classes: &str) -> String {
    let mut found: Vec<(&str, &str)> = Vec::new();
    let is_given = |class: &str| classes.split(' ').any(|given| given == class);
    for &(name, value) in STYLES.iter().filter(|(class, _)| is_given(class)).flat_map(|(_, attributes)| *attributes) {
        match found.iter_mut().find(|(known, _)| *known == name) {
            Some(held) => held.1 = value,
            None => found.push((name, value)),
        }
    }
    let mut text = String::new();
    for (name, value) in found {
        text += &format!(" {name}=\"{value}\"");
    }
    text
}

#[cfg(test)]
pub(super) fn has_style(class: &str) -> bool {
    STYLES.iter().any(|(name, _)| *name == class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_become_attributes_and_later_ones_override() {
        let picture = "<svg viewBox=\"0 0 20 10\" role=\"img\"><title>t</title><desc>d</desc><path class=\"dots not-finite\" d=\"M1 1h0\"/>\
                       <text x=\"1\">a\u{fffe}</text></svg>";
        let due = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"20\" height=\"10\" \
                   font-family=\"sans-serif\" font-size=\"11\" fill=\"#333a40\" viewBox=\"0 0 20 10\" role=\"img\"><title>t</title>\
                   <desc>d</desc><rect width=\"20\" height=\"10\" fill=\"#ffffff\"/><path fill=\"none\" stroke=\"#d55e00\" stroke-width=\"4\" \
                   stroke-linecap=\"round\" stroke-opacity=\"0.7\" d=\"M1 1h0\"/><text x=\"1\">a\u{fffd}</text></svg>\n";
        assert_eq!(standalone(picture), due);
    }
}
