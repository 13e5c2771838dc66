//! The text form: `NORMAL|REDUCE`, each cell as `op:from>to;...` with its eight edges by target, then by source. These are the first two
//! columns of `truth/nb301.csv`.

use std::fmt;
use std::str::FromStr;

use super::cell::target;
use super::{Architecture, CellKind, EDGES, NAME, Operation};
use crate::ArchitectureError;
use crate::cursor::Cursor;
use crate::nb301::Cell;

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, edge) in self.edges().into_iter().enumerate() {
            let separator = if place == 0 { "" } else { ";" };
            write!(f, "{separator}{}:{}>{}", edge.operation, edge.from, edge.to)?;
        }
        Ok(())
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}|{}", self.cell(CellKind::Normal), self.cell(CellKind::Reduce))
    }
}

impl From<Architecture> for String {
    fn from(architecture: Architecture) -> Self {
        architecture.to_string()
    }
}

impl TryFrom<String> for Architecture {
    type Error = ArchitectureError;

    fn try_from(text: String) -> Result<Self, ArchitectureError> {
        text.parse()
    }
}

impl FromStr for Architecture {
    type Err = ArchitectureError;

    /// Reads exactly the text form: no blanks, no other order of edges.
    fn from_str(text: &str) -> Result<Self, ArchitectureError> {
        let mut cursor = Cursor::new(NAME, text);
        let normal = cell(&mut cursor)?;
        cursor.skip("|", "`|` (the reduction cell follows)")?;
        let reduce = cell(&mut cursor)?;
        cursor.end()?;
        Ok(Self::new(normal, reduce))
    }
}

impl FromStr for Cell {
    type Err = ArchitectureError;

    /// Reads exactly the text form of one cell.
    fn from_str(text: &str) -> Result<Self, ArchitectureError> {
        let mut cursor = Cursor::new(NAME, text);
        let cell = cell(&mut cursor)?;
        cursor.end()?;
        Ok(cell)
    }
}

fn cell(cursor: &mut Cursor<'_>) -> Result<Cell, ArchitectureError> {
    let mut edges = [(Operation::SkipConnect, 0); EDGES];
    for place in 0..EDGES {
        if place > 0 {
            cursor.skip(";", "`;`")?;
        }
        let known = Operation::ALL.into_iter().map(|operation| (operation, operation.name()));
        let operation = cursor.operation(&[':', '>', ';', '|'], known)?;
        cursor.skip(":", "`:`")?;
        let (low, high) =
            if place % 2 == 0 { (0, target(place) - 2) } else { (edges[place - 1].1 + 1, target(place) - 1) };
        let from = cursor.symbol(sources(low, high), |byte| {
            byte.is_ascii_digit().then(|| usize::from(byte - b'0')).filter(|from| (low..=high).contains(from))
        })?;
        edges[place] = (operation, from);
        match target(place) {
            2 => cursor.skip(">2", "`>2`")?,
            3 => cursor.skip(">3", "`>3`")?,
            4 => cursor.skip(">4", "`>4`")?,
            _ => cursor.skip(">5", "`>5`")?,
        }
    }
    Cell::new(edges).ok_or_else(|| cursor.unexpected("two different earlier nodes as sources of each node"))
}

/// What errors say was expected where a source from `low` to `high` is allowed.
const fn sources(low: usize, high: usize) -> &'static str {
    match (low, high) {
        (0, 0) => "the source 0",
        (0, 1) => "a source from 0 to 1, the lower of the node's two",
        (0, 2) => "a source from 0 to 2, the lower of the node's two",
        (0, _) => "a source from 0 to 3, the lower of the node's two",
        (1, 1) => "the source 1, above the node's other one",
        (1, 2) => "a source from 1 to 2, above the node's other one",
        (1, 3) => "a source from 1 to 3, above the node's other one",
        (1, _) => "a source from 1 to 4, above the node's other one",
        (2, 2) => "the source 2, above the node's other one",
        (2, 3) => "a source from 2 to 3, above the node's other one",
        (2, _) => "a source from 2 to 4, above the node's other one",
        (3, 3) => "the source 3, above the node's other one",
        (3, _) => "a source from 3 to 4, above the node's other one",
        _ => "the source 4, above the node's other one",
    }
}

#[cfg(test)]
mod tests {
    use super::super::COUNT;
    use super::*;
    use proptest::prelude::*;

    const NORMAL: &str = "skip_connect:0>2;skip_connect:1>2;sep_conv_5x5:1>3;sep_conv_3x3:2>3;sep_conv_3x3:1>4;\
        sep_conv_3x3:2>4;dil_conv_5x5:0>5;sep_conv_3x3:2>5";
    const REDUCE: &str = "avg_pool_3x3:0>2;sep_conv_5x5:1>2;sep_conv_5x5:0>3;avg_pool_3x3:1>3;avg_pool_3x3:1>4;\
        sep_conv_3x3:3>4;dil_conv_5x5:0>5;max_pool_3x3:4>5";

    fn text() -> String {
        format!("{NORMAL}|{REDUCE}")
    }

    fn error(text: &str) -> String {
        text.parse::<Architecture>().unwrap_err().to_string()
    }

    #[test]
    fn text_names_edges_in_order() {
        let architecture: Architecture = text().parse().unwrap();
        let reduce = architecture.cell(CellKind::Reduce);
        assert_eq!(reduce.edges().map(|edge| edge.to), [2, 2, 3, 3, 4, 4, 5, 5]);
        assert_eq!(reduce.edges().map(|edge| edge.from), [0, 1, 0, 1, 1, 3, 0, 4]);
        assert_eq!(reduce.edges()[7].operation, Operation::MaxPool3x3);
        assert_eq!(NORMAL.parse(), Ok(architecture.cell(CellKind::Normal)));
    }

    #[test]
    fn errors_say_where_and_what() {
        assert_eq!(
            error(""),
            "not an architecture of nb301: expected an operation at byte 0, found the end of the text"
        );
        assert_eq!(
            error(&text().replacen("skip_connect", "skip_conect", 1)),
            "not an architecture of nb301: unknown operation `skip_conect` at byte 0; the nearest known one is `skip_connect`"
        );
        assert_eq!(
            error(&text().replacen("sep_conv_3x3:2>3", "sep_conv_3x3:1>3", 1)),
            "not an architecture of nb301: expected the source 2, above the node's other one at byte 64, found `1>3;sep_conv_3x3:1>4;sep…`"
        );
        assert!(
            error(&text().replacen("0>5", "4>5", 1))
                .contains("expected a source from 0 to 3, the lower of the node's two at byte"),
        );
        assert!(error(&text().replacen(">4", ">3", 1)).contains("expected `>4` at byte"));
        assert!(error(NORMAL).contains("expected `|` (the reduction cell follows) at byte"));
        assert!(error(&text().replace('|', ",")).contains("expected `|` (the reduction cell follows) at byte"));
        assert!(error(&format!("{}|", text())).contains("expected the end of the text"));
        assert!(error("|none~0|").contains("expected an operation at byte 0"));
    }

    /// Every message of [`sources`] names its own range.
    #[test]
    fn sources_are_named_as_they_are() {
        for (low, high) in (0..=4_usize).flat_map(|high| (0..=high).map(move |low| (low, high))) {
            // The lower of two sources is never the last possible node.
            if (low, high) == (0, 4) {
                continue;
            }
            let due = if low == high { format!("the source {low}") } else { format!("a source from {low} to {high}") };
            let place = match (low, high) {
                (0, 0) => "",
                (0, _) => ", the lower of the node's two",
                _ => ", above the node's other one",
            };
            assert_eq!(sources(low, high), due + place);
        }
    }

    #[test]
    fn every_proper_prefix_is_refused_at_its_end_or_before() {
        let text = text();
        for end in 0..text.len() {
            let error = text[..end].parse::<Architecture>().unwrap_err();
            assert!(error.position() <= end, "{error}");
        }
    }

    /// A text is read back exactly, or refused by an error whose position is in the text or at its end.
    fn read_or_refused(text: &str) -> Result<(), TestCaseError> {
        match text.parse::<Architecture>() {
            Ok(architecture) => prop_assert_eq!(architecture.to_string(), text),
            Err(error) => {
                prop_assert!(text.is_char_boundary(error.position()), "{error}");
                prop_assert!(error.to_string().contains(&format!("at byte {}", error.position())), "{error}");
            }
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".*") {
            read_or_refused(&text)?;
        }

        #[test]
        fn encodings_survive_the_round_trip(index in 0..COUNT) {
            let architecture = Architecture::from_index(index).unwrap();
            let text = architecture.to_string();
            prop_assert_eq!(text.parse(), Ok(architecture));
            prop_assert_eq!(serde_json::to_value(architecture).unwrap(), text.as_str());
            prop_assert_eq!(serde_json::from_value::<Architecture>(text.into()).unwrap(), architecture);
        }

        #[test]
        fn a_damaged_text_is_read_only_as_what_it_says(
            index in 0..COUNT, at in any::<prop::sample::Index>(), put in "[|:>;0-6a-z_é]{0,3}", cut in 0usize..4,
        ) {
            let mut text = Architecture::from_index(index).unwrap().to_string();
            let start = at.index(text.len());
            let end = (start + cut).min(text.len());
            text.replace_range(start..end, &put);
            read_or_refused(&text)?;
        }
    }
}
