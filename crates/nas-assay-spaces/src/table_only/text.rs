//! The text forms of the table-only spaces.

use std::fmt;

use super::{Architecture, TableSpace, WIDTHS};
use crate::cursor::Cursor;
use crate::error::ArchitectureError;

/// What the text of a cell begins with: the channels of the stem, and the modules around the cell.
const CELL: &str = "64-41414-";

impl Architecture {
    /// Reads the text form of `space`. [`Display`](fmt::Display) writes it back byte for byte.
    ///
    /// # Errors
    /// If the text is not an architecture of `space`: says at which byte, and what was expected there.
    pub fn parse(space: TableSpace, text: &str) -> Result<Self, ArchitectureError> {
        let mut cursor = Cursor::new(space.name(), text);
        let mut choices: Vec<u8> = Vec::with_capacity(space.positions().1);
        match space {
            TableSpace::NatsSss => {
                for place in 0..space.positions().1 {
                    if place > 0 {
                        cursor.skip(":", "`:`")?;
                    }
                    choices.push(cursor.word("8, 16, 24, 32, 40, 48, 56 or 64 channels", is_digit, width)?);
                }
            }
            TableSpace::Tnb101Micro => {
                cursor.skip(CELL, "`64-41414-`")?;
                for place in 0..space.positions().1 {
                    if matches!(place, 1 | 3) {
                        cursor.skip("_", "`_`")?;
                    }
                    choices.push(cursor.symbol("an operation from 0 to 3", |digit| of_digit(digit, b'0'))?);
                }
            }
            TableSpace::Tnb101Macro => {
                cursor.skip("64-", "`64-`")?;
                let expected = "4 to 6 digits from 1 to 4, of which 1 to 3 are 2 or 4, and 1 to 4 are 3 or 4";
                let found = cursor.word(
                    expected,
                    |c| c != '-',
                    |word| {
                        let digits: Option<Vec<u8>> = word.bytes().map(|digit| of_digit(digit, b'1')).collect();
                        Self::of(space, &digits?)
                    },
                )?;
                cursor.skip("-basic", "`-basic`")?;
                cursor.end()?;
                return Ok(found);
            }
        }
        cursor.end()?;
        Self::of(space, &choices).ok_or_else(|| cursor.unexpected("an architecture"))
    }
}

fn is_digit(letter: char) -> bool {
    letter.is_ascii_digit()
}

/// The place of the width that is written so.
fn width(word: &str) -> Option<u8> {
    let place = WIDTHS.iter().position(|width| width.to_string() == word)?;
    Some(place as u8)
}

/// The place, from 0 to 3, of a digit in the four that begin with `first`.
fn of_digit(digit: u8, first: u8) -> Option<u8> {
    digit.checked_sub(first).filter(|&place| place < 4)
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.space() {
            TableSpace::NatsSss => {
                for (place, &choice) in self.choices().iter().enumerate() {
                    let mark = if place > 0 { ":" } else { "" };
                    write!(f, "{mark}{}", WIDTHS[usize::from(choice)])?;
                }
                Ok(())
            }
            TableSpace::Tnb101Micro => {
                f.write_str(CELL)?;
                for (place, choice) in self.choices().iter().enumerate() {
                    let mark = if matches!(place, 1 | 3) { "_" } else { "" };
                    write!(f, "{mark}{choice}")?;
                }
                Ok(())
            }
            TableSpace::Tnb101Macro => {
                f.write_str("64-")?;
                for choice in self.choices() {
                    write!(f, "{}", choice + 1)?;
                }
                f.write_str("-basic")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use TableSpace::{NatsSss, Tnb101Macro, Tnb101Micro};
    use proptest::prelude::*;

    fn said(space: TableSpace, text: &str) -> String {
        Architecture::parse(space, text).unwrap_err().to_string()
    }

    #[test]
    fn errors_say_where_and_what() {
        let widths = "not an architecture of nats_sss: expected 8, 16, 24, 32, 40, 48, 56 or 64 channels at byte";
        assert_eq!(said(NatsSss, "8:16:20:32:64"), format!("{widths} 5, found `20:32:64`"));
        assert_eq!(said(NatsSss, "8:16:24:32:064"), format!("{widths} 11, found `064`"));
        assert_eq!(
            said(NatsSss, "8:16:24:32"),
            "not an architecture of nats_sss: expected `:` at byte 10, found the end of the text"
        );
        let end = "not an architecture of nats_sss: expected the end of the text at byte 10, found `:8`";
        assert_eq!(said(NatsSss, "8:16:8:8:8:8"), end);
        let micro = "not an architecture of tnb101_micro: expected";
        assert_eq!(
            said(Tnb101Micro, "64-4111-1_02_333"),
            format!("{micro} `64-41414-` at byte 0, found `64-4111-1_02_333`")
        );
        assert_eq!(
            said(Tnb101Micro, "64-41414-4_02_333"),
            format!("{micro} an operation from 0 to 3 at byte 9, found `4_02_333`")
        );
        assert_eq!(said(Tnb101Micro, "64-41414-102_333"), format!("{micro} `_` at byte 10, found `02_333`"));
        for digits in ["111", "1111111", "1511", "1111", "3333", "2222", "333334"] {
            let message = said(Tnb101Macro, &format!("64-{digits}-basic"));
            assert!(
                message.starts_with("not an architecture of tnb101_macro: expected 4 to 6 digits"),
                "{digits}: {message}"
            );
            assert!(message.contains("at byte 3"), "{digits}: {message}");
        }
        assert!(said(Tnb101Macro, "64-1234-bottleneck").contains("expected `-basic` at byte 7"));
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(place in 0..TableSpace::ALL.len(), text in "[0-9:_a-c-]{0,20}") {
            if let Ok(found) = Architecture::parse(TableSpace::ALL[place], &text) {
                prop_assert_eq!(found.to_string(), text);
            }
        }

        #[test]
        fn a_damaged_text_is_read_only_as_what_it_says(
            place in 0..TableSpace::ALL.len(), index: prop::sample::Index, at: prop::sample::Index, put in "[0-8:_-]{0,2}", cut in 0usize..3,
        ) {
            let space = TableSpace::ALL[place];
            let mut text = space.from_index(index.index(space.count())).unwrap().to_string();
            let start = at.index(text.len());
            let end = (start + cut).min(text.len());
            text.replace_range(start..end, &put);
            match Architecture::parse(space, &text) {
                Ok(found) => prop_assert_eq!(found.to_string(), text),
                Err(error) => prop_assert!(error.position() <= text.len(), "{}", error),
            }
        }
    }
}
