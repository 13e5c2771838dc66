//! The text form: `BITS:input|op|op|op|op|op|output`. First come the 49 bits of the adjacency matrix row by row (row `u`, column `v` is the
//! edge from vertex `u` to vertex `v`), then the label of each vertex. These are the first two columns of `truth/nb101.csv`.

use std::fmt;
use std::str::FromStr;

use super::{Architecture, NAME, Operation, PARENTS, VERTICES};
use crate::ArchitectureError;
use crate::cursor::Cursor;

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for from in 0..VERTICES {
            for to in 0..VERTICES {
                f.write_str(if self.has_edge(from, to) { "1" } else { "0" })?;
            }
        }
        f.write_str(":input")?;
        for operation in self.operations() {
            write!(f, "|{operation}")?;
        }
        f.write_str("|output")
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

    /// Reads exactly the text form: no blanks, a strictly upper triangular matrix, and the right number of parents for each vertex.
    fn from_str(text: &str) -> Result<Self, ArchitectureError> {
        let mut cursor = Cursor::new(NAME, text);
        let mut parents = [0_u8; VERTICES];
        for from in 0..VERTICES {
            for (to, parents) in parents.iter_mut().enumerate() {
                let missing = PARENTS[to] - parents.count_ones() as usize;
                let (zero, one) = (missing <= to.saturating_sub(from + 1), from < to && missing > 0);
                let bit = cursor.symbol(expected(from, to, zero, one), |byte| match byte {
                    b'0' if zero => Some(0),
                    b'1' if one => Some(1),
                    _ => None,
                })?;
                *parents |= bit << from;
            }
        }
        cursor.skip(":input|", "`:input|`")?;
        let mut operations = [Operation::Conv1x1; super::BLOCKS];
        for operation in &mut operations {
            let known = Operation::ALL.into_iter().map(|operation| (operation, operation.name()));
            *operation = cursor.operation(&['|', ':'], known)?;
            cursor.skip("|", "`|`")?;
        }
        cursor.skip("output", "`output`")?;
        cursor.end()?;
        Ok(Self { parents, operations })
    }
}

/// What errors say was expected at row `from` and column `to`, where a 0, a 1 or both are allowed.
const fn expected(from: usize, to: usize, zero: bool, one: bool) -> &'static str {
    match (zero, one, PARENTS[to]) {
        (true, true, _) => "`0` or `1`",
        (true, false, _) if from >= to => "`0` (an edge goes to a later vertex)",
        (true, false, 1) => "`0` (the vertex of this column has its 1 parent)",
        (true, false, _) => "`0` (the vertex of this column has its 2 parents)",
        (false, _, 1) => "`1` (the vertex of this column needs 1 parent)",
        (false, ..) => "`1` (the vertex of this column needs 2 parents)",
    }
}

#[cfg(test)]
mod tests {
    use super::super::COUNT;
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = "0100000001000000011100000101000001000000010000000:\
        input|conv3x3-bn-relu|conv3x3-bn-relu|maxpool3x3|conv1x1-bn-relu|conv1x1-bn-relu|output";

    fn error(text: &str) -> String {
        text.parse::<Architecture>().unwrap_err().to_string()
    }

    #[test]
    fn text_names_edges_and_operations() {
        use Operation::{Conv1x1, Conv3x3, MaxPool3x3};
        let architecture: Architecture = TEXT.parse().unwrap();
        assert_eq!(architecture.operations(), [Conv3x3, Conv3x3, MaxPool3x3, Conv1x1, Conv1x1]);
        let parents: Vec<Vec<usize>> = (0..VERTICES).map(|vertex| architecture.parents(vertex).collect()).collect();
        assert_eq!(parents, [vec![], vec![0], vec![1], vec![2], vec![2, 3], vec![2, 4], vec![3, 5]]);
        assert_eq!(architecture.to_string(), TEXT);
    }

    #[test]
    fn errors_say_where_and_what() {
        let with_bit = |place: usize, bit: &str| {
            let mut text = TEXT.to_owned();
            text.replace_range(place..=place, bit);
            error(&text)
        };
        assert_eq!(
            error(""),
            "not an architecture of nb101: expected `0` (an edge goes to a later vertex) at byte 0, found the end of the text"
        );
        assert!(with_bit(2, "2").contains("expected `0` or `1` at byte 2, found `2"), "{}", with_bit(2, "2"));
        assert!(with_bit(1, "0").contains("expected `1` (the vertex of this column needs 1 parent) at byte 1"));
        assert!(with_bit(7, "1").contains("expected `0` (an edge goes to a later vertex) at byte 7"));
        assert!(with_bit(25, "0").contains("expected `1` (the vertex of this column needs 2 parents) at byte 25"));
        assert!(with_bit(17, "0").contains("expected `1` (the vertex of this column needs 1 parent) at byte 17"));
        assert!(with_bit(6, "1").contains("expected `0` (the vertex of this column has its 2 parents) at byte 41"));
        assert_eq!(
            error(&TEXT.replace("maxpool3x3", "maxpool")),
            "not an architecture of nb101: unknown operation `maxpool` at byte 88; the nearest known one is `maxpool3x3`"
        );
        assert!(error(&TEXT.replace(":input", ",input")).contains("expected `:input|` at byte 49"));
        assert!(error(&format!("{TEXT}|")).contains("expected the end of the text"));
        assert!(error("|none~0|").contains("at byte 0"));
    }

    #[test]
    fn every_proper_prefix_is_refused_at_its_end_or_before() {
        for end in 0..TEXT.len() {
            let error = TEXT[..end].parse::<Architecture>().unwrap_err();
            assert!(error.position() <= end, "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".*") {
            match text.parse::<Architecture>() {
                Ok(architecture) => prop_assert_eq!(architecture.to_string(), text),
                Err(error) => {
                    prop_assert!(text.is_char_boundary(error.position()), "{error} of {text:?}");
                    prop_assert!(error.to_string().contains(&format!("at byte {}", error.position())), "{error}");
                }
            }
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
        fn a_matrix_is_read_exactly_if_the_parents_fit(index in 0..COUNT, flips in prop::collection::vec(0..49_usize, 0..4)) {
            let mut text = Architecture::from_index(index).unwrap().to_string().into_bytes();
            for &place in &flips {
                text[place] ^= 1;
            }
            let bit = |from: usize, to: usize| text[VERTICES * from + to] == b'1';
            let fits = (0..VERTICES).all(|to| {
                (0..VERTICES).filter(|&from| bit(from, to)).count() == PARENTS[to] && (to..VERTICES).all(|from| !bit(from, to))
            });
            prop_assert_eq!(std::str::from_utf8(&text).unwrap().parse::<Architecture>().is_ok(), fits);
        }

        #[test]
        fn a_damaged_text_is_read_only_as_what_it_says(
            index in 0..COUNT, at in any::<prop::sample::Index>(), put in "[|:01a-z-é]{0,3}", cut in 0usize..4,
        ) {
            let mut text = Architecture::from_index(index).unwrap().to_string();
            let start = at.index(text.len());
            let end = (start + cut).min(text.len());
            text.replace_range(start..end, &put);
            if let Ok(architecture) = text.parse::<Architecture>() {
                prop_assert_eq!(architecture.to_string(), text);
            }
        }
    }
}
