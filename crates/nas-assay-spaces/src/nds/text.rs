//! The text form: for each decision its letter and its values at the three stages, such as `d12,12,16 w24,32,40` and
//! `d16,1,4 w64,128,16 r0.25,0.5,1 g2,1,2` (depth, width, bottleneck ratio, groups).

use std::fmt::{self, Write as _};
use std::str::FromStr;

use super::{Architecture, Decision, Family, STAGES};
use crate::ArchitectureError;
use crate::cursor::Cursor;

impl<F: Family> fmt::Display for Architecture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, decision) in F::DECISIONS.iter().enumerate() {
            let [first, second, third] = self.values(place).map(|value| decision.text(value));
            write!(f, "{}{first},{second},{third}", decision.mark)?;
        }
        Ok(())
    }
}

impl<F: Family> fmt::Debug for Architecture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({self})", F::NAME)
    }
}

impl<F: Family> From<Architecture<F>> for String {
    fn from(architecture: Architecture<F>) -> Self {
        architecture.to_string()
    }
}

impl<F: Family> TryFrom<String> for Architecture<F> {
    type Error = ArchitectureError;

    fn try_from(text: String) -> Result<Self, ArchitectureError> {
        text.parse()
    }
}

impl<F: Family> FromStr for Architecture<F> {
    type Err = ArchitectureError;

    /// Reads exactly the text form: no other blanks, no other order, no other way to write a number.
    fn from_str(text: &str) -> Result<Self, ArchitectureError> {
        let mut cursor = Cursor::new(F::NAME, text);
        let mut architecture = Self::FIRST;
        for (place, decision) in F::DECISIONS.iter().enumerate() {
            for stage in 0..STAGES {
                skip(&mut cursor, if stage == 0 { decision.mark } else { "," })?;
                architecture = architecture.with(place * STAGES + stage, choice(&mut cursor, decision)?);
            }
        }
        cursor.end()?;
        Ok(architecture)
    }
}

/// Reads a mark of the grammar.
fn skip(cursor: &mut Cursor<'_>, mark: &'static str) -> Result<(), ArchitectureError> {
    let expected = match mark {
        "d" => "`d`",
        " w" => "` w`",
        " r" => "` r`",
        " g" => "` g`",
        _ => "`,`",
    };
    cursor.skip(mark, expected)
}

/// Reads a value: the longest run of digits and points.
fn choice(cursor: &mut Cursor<'_>, decision: &Decision) -> Result<usize, ArchitectureError> {
    let part = |c: char| c.is_ascii_digit() || c == '.';
    cursor.word(decision.expected, part, |number| {
        let choice = decision.choice_of(number.parse().ok()?)?;
        is_written(number, decision.text(decision.values[choice])).then_some(choice)
    })
}

/// Whether `value` is written as `text`. Files have millions of numbers, so none is written to be compared.
fn is_written(text: &str, value: impl fmt::Display) -> bool {
    struct Rest<'a>(&'a str);

    impl fmt::Write for Rest<'_> {
        fn write_str(&mut self, part: &str) -> fmt::Result {
            self.0 = self.0.strip_prefix(part).ok_or(fmt::Error)?;
            Ok(())
        }
    }

    let mut rest = Rest(text);
    write!(rest, "{value}").is_ok() && rest.0.is_empty()
}

#[cfg(test)]
mod tests {
    use super::super::{ResNeXtA, ResNet, resnet, resnext_a};
    use super::*;
    use proptest::prelude::*;

    const RESNET: &str = "d12,12,16 w24,32,40";
    const RESNEXT_A: &str = "d16,1,4 w64,128,16 r0.25,0.5,1 g2,1,4";

    fn error<F: Family>(text: &str) -> String {
        text.parse::<Architecture<F>>().unwrap_err().to_string()
    }

    #[test]
    fn errors_say_where_and_what() {
        assert_eq!(
            error::<ResNet>(""),
            "not an architecture of nds_resnet: expected `d` at byte 0, found the end of the text"
        );
        assert_eq!(
            error::<ResNet>("d12,12,5 w24,32,40"),
            "not an architecture of nds_resnet: expected a depth (1, 2, 3, 4, 6, 8, 12, 16 or 24) at byte 7, found `5 w24,32,40`"
        );
        assert_eq!(
            error::<ResNeXtA>(&RESNEXT_A.replace("0.5", ".5")),
            "not an architecture of nds_resnext_a: expected a ratio (0.25, 0.5 or 1) at byte 25, found `.5,1 g2,1,4`"
        );
        assert_eq!(
            error::<ResNeXtA>(&RESNEXT_A.replace("g2,1,4", "g2,1,3")),
            "not an architecture of nds_resnext_a: expected groups (1, 2 or 4) at byte 36, found `3`"
        );
        assert_eq!(
            error::<ResNet>("d12,12 w24,32,40"),
            "not an architecture of nds_resnet: expected `,` at byte 6, found ` w24,32,40`"
        );
        for (text, due) in
            [("d16,1,4", "` w`"), ("d16,1,4 w64,128,16", "` r`"), ("d16,1,4 w64,128,16 r0.25,0.5,1", "` g`")]
        {
            let end = text.len();
            assert_eq!(
                error::<ResNeXtA>(text),
                format!(
                    "not an architecture of nds_resnext_a: expected {due} at byte {end}, found the end of the text"
                )
            );
        }
        assert_eq!(
            error::<ResNet>("d12,12,016 w24,32,40"),
            "not an architecture of nds_resnet: expected a depth (1, 2, 3, 4, 6, 8, 12, 16 or 24) at byte 7, found `016 w24,32,40`"
        );
    }

    #[test]
    fn the_text_of_another_space_is_refused() {
        assert_eq!(
            error::<ResNet>(RESNEXT_A),
            "not an architecture of nds_resnet: expected the end of the text at byte 18, found ` r0.25,0.5,1 g2,1,4`"
        );
        assert_eq!(
            error::<ResNeXtA>("d16,16,16 w64,32,64"),
            "not an architecture of nds_resnext_a: expected ` r` at byte 19, found the end of the text"
        );
        assert_eq!(
            error::<ResNet>("|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"),
            "not an architecture of nds_resnet: expected `d` at byte 0, found `|none~0|+|none~0|none~1|…`"
        );
    }

    fn prefixes<F: Family>(text: &str) {
        assert!(text.parse::<Architecture<F>>().is_ok());
        for end in 0..text.len() {
            match text[..end].parse::<Architecture<F>>() {
                Ok(shorter) => assert_eq!(shorter.to_string(), text[..end]),
                Err(error) => assert!(error.position() <= end, "{error}"),
            }
        }
    }

    #[test]
    fn a_prefix_is_refused_at_its_end_or_before() {
        prefixes::<ResNet>(RESNET);
        prefixes::<ResNeXtA>(RESNEXT_A);
    }

    fn read_or_refused<F: Family>(text: &str) -> Result<(), TestCaseError> {
        match text.parse::<Architecture<F>>() {
            Ok(architecture) => prop_assert_eq!(architecture.to_string(), text),
            Err(error) => prop_assert!(text.is_char_boundary(error.position()), "{}", error),
        }
        Ok(())
    }

    fn survives<F: Family>(index: usize) -> Result<(), TestCaseError> {
        let architecture = Architecture::<F>::from_index(index).unwrap();
        let text = architecture.to_string();
        prop_assert_eq!(text.parse(), Ok(architecture));
        prop_assert_eq!(serde_json::to_value(architecture).unwrap(), text.as_str());
        prop_assert_eq!(serde_json::from_value::<Architecture<F>>(text.into()).unwrap(), architecture);
        Ok(())
    }

    proptest! {
        #[test]
        fn text_survives_the_round_trip(resnet in 0..resnet::COUNT, resnext_a in 0..resnext_a::COUNT) {
            survives::<ResNet>(resnet)?;
            survives::<ResNeXtA>(resnext_a)?;
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".*", near in "d[0-9.,]{0,9}( [dwrg][0-9.,]{0,12}){0,4}") {
            for text in [text, near] {
                read_or_refused::<ResNet>(&text)?;
                read_or_refused::<ResNeXtA>(&text)?;
            }
        }

        #[test]
        fn a_damaged_text_is_read_only_as_what_it_says(
            resnet in 0..resnet::COUNT,
            resnext_a in 0..resnext_a::COUNT,
            at in any::<prop::sample::Index>(),
            put in "[0-9dwrg,. é]{0,3}",
            cut in 0usize..4,
        ) {
            let damaged = |mut text: String| {
                let start = at.index(text.len());
                text.replace_range(start..(start + cut).min(text.len()), &put);
                text
            };
            read_or_refused::<ResNet>(&damaged(resnet::Architecture::from_index(resnet).unwrap().to_string()))?;
            read_or_refused::<ResNeXtA>(&damaged(resnext_a::Architecture::from_index(resnext_a).unwrap().to_string()))?;
        }
    }
}
