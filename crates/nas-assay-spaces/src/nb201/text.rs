//! The text form of the benchmark, `|op~0|+|op~0|op~1|+|op~0|op~1|op~2|`: one group of edges for each of nodes 1, 2 and 3, each edge as its
//! operation and its source.

use std::fmt;
use std::str::FromStr;

use super::{Architecture, EDGES, Operation};
use crate::cursor::Cursor;
use crate::{ArchitectureError, SpaceId};

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (operation, &(from, to)) in self.operations().iter().zip(&EDGES) {
            if from == 0 {
                f.write_str(if to == 1 { "|" } else { "+|" })?;
            }
            write!(f, "{}~{from}|", operation.name())?;
        }
        Ok(())
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
        let mut cursor = Cursor::new(SpaceId::Nb201.name(), text);
        let known = || Operation::ALL.into_iter().map(|operation| (operation, operation.name()));
        let mut operations = [Operation::None; 6];
        for (operation, &(from, to)) in operations.iter_mut().zip(&EDGES) {
            if from == 0 {
                if to == 1 { cursor.skip("|", "`|`")? } else { cursor.skip("+|", "`+|`")? }
            }
            *operation = cursor.operation(&['~', '|', '+'], known())?;
            match from {
                0 => cursor.skip("~0|", "`~0|`")?,
                1 => cursor.skip("~1|", "`~1|`")?,
                _ => cursor.skip("~2|", "`~2|`")?,
            }
        }
        cursor.end()?;
        Ok(Self::new(operations))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = "|nor_conv_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|avg_pool_3x3~0|none~1|nor_conv_3x3~2|";

    fn error(text: &str) -> String {
        text.parse::<Architecture>().unwrap_err().to_string()
    }

    #[test]
    fn text_names_the_edges_in_order() {
        use Operation::{AvgPool3x3, None, NorConv1x1, NorConv3x3, SkipConnect};
        let expected = [NorConv3x3, NorConv1x1, SkipConnect, AvgPool3x3, None, NorConv3x3];
        assert_eq!(TEXT.parse::<Architecture>().unwrap().operations(), expected);
    }

    #[test]
    fn every_architecture_survives_the_round_trip() {
        for architecture in Architecture::all() {
            let text = architecture.to_string();
            assert_eq!(text.parse(), Ok(architecture));
            assert_eq!(serde_json::to_value(architecture).unwrap(), text.as_str());
            assert_eq!(serde_json::from_value::<Architecture>(text.clone().into()).unwrap(), architecture);
        }
    }

    #[test]
    fn errors_say_where_and_what() {
        assert_eq!(error(""), "not an architecture of nb201: expected `|` at byte 0, found the end of the text");
        assert_eq!(
            error(&TEXT.replace("skip_connect~1", "skip_conect~1")),
            "not an architecture of nb201: unknown operation `skip_conect` at byte 33; the nearest known one is `skip_connect`"
        );
        assert_eq!(
            error(&TEXT.replace("none~1", "none~2")),
            "not an architecture of nb201: expected `~1|` at byte 69, found `~2|nor_conv_3x3~2|`"
        );
        assert_eq!(
            error(&format!("{TEXT} ")),
            format!("not an architecture of nb201: expected the end of the text at byte {}, found ` `", TEXT.len())
        );
        assert_eq!(error("||"), "not an architecture of nb201: expected an operation at byte 1, found `|`");
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
            if let Ok(architecture) = text.parse::<Architecture>() {
                prop_assert_eq!(architecture.to_string(), text);
            }
        }

        #[test]
        fn a_damaged_text_is_read_only_as_what_it_says(
            index in 0..super::super::COUNT, at in any::<prop::sample::Index>(), put in "[|+~0-3a-z_é]{0,3}", cut in 0usize..4,
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
