//! Text from outside in messages and reports: without control characters, and short.

use std::borrow::Cow;
use std::fmt::Write as _;

/// How many characters of a text [`excerpt`] shows at most.
pub const EXCERPT: usize = 80;

/// Whether a character can do something else to a terminal or a page than stand in its line: a control character, a line break, or a change
/// of the direction of writing.
pub fn is_control(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
        )
}

/// The first character of a text that [`is_control`], as it is shown: `\n`, `\u{1b}`.
pub fn first_control(text: &str) -> Option<String> {
    text.chars()
        .find(|&character| is_control(character))
        .map(|character| printable(character.encode_utf8(&mut [0; 4])).into_owned())
}

/// The text with each character that [`is_control`] written as an escape: `\n`, `\u{1b}`. Other characters stay.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_control) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            _ if is_control(character) => {
                let _ = write!(shown, "\\u{{{:x}}}", u32::from(character));
            }
            _ => shown.push(character),
        }
    }
    Cow::Owned(shown)
}

/// As [`printable`], cut to [`EXCERPT`] characters. A text that was cut ends with `…`.
pub fn excerpt(text: &str) -> Cow<'_, str> {
    excerpt_of(text, EXCERPT)
}

/// As [`printable`], cut to `most` characters. A text that was cut ends with `…`.
pub fn excerpt_of(text: &str, most: usize) -> Cow<'_, str> {
    let end = text.char_indices().nth(most).map_or(text.len(), |(end, _)| end);
    let shown = printable(&text[..end]);
    if end == text.len() && shown.chars().nth(most).is_none() {
        return shown;
    }
    let mut cut: String = shown.chars().take(most.saturating_sub(1)).collect();
    cut.push('…');
    Cow::Owned(cut)
}

/// An [`excerpt`] in double quotes.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", excerpt(text))
}

/// A count with a comma between thousands: `15,625`.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// As [`printable`], but line breaks stay.
pub fn printable_lines(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|character| is_control(character) && character != '\n') {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.split('\n').map(printable).collect::<Vec<_>>().join("\n"))
}

/// JSON text with an escape of JSON for each control character that JSON allows as it is. The text means the same.
pub fn plain_json(json: String) -> String {
    if !json.chars().any(|character| is_control(character) && character != '\n') {
        return json;
    }
    let mut plain = String::with_capacity(json.len() + 16);
    for character in json.chars() {
        if is_control(character) && character != '\n' {
            // All of them are in the first plane, so each is one unit of UTF-16.
            let _ = write!(plain, "\\u{:04x}", u32::from(character));
        } else {
            plain.push(character);
        }
    }
    plain
}

/// How many characters of a message [`shortened`] shows at most: a few sentences, and some quoted parts.
pub const MESSAGE: usize = 600;

/// A message of other code, in which each part in backquotes or in double quotes is an [`excerpt`]. The whole has at most [`MESSAGE`]
/// characters.
pub fn shortened(message: &str) -> Cow<'_, str> {
    shortened_to(message, MESSAGE)
}

/// As [`shortened`], with at most `most` characters.
pub fn shortened_to(message: &str, most: usize) -> Cow<'_, str> {
    if message.chars().nth(EXCERPT).is_none() && !message.chars().any(is_control) {
        return Cow::Borrowed(message);
    }
    let (mut short, mut rest) = (String::new(), message);
    while let Some(open) = rest.find(['`', '"']) {
        let (before, quoted) = rest.split_at(open);
        let (quote, inside) = quoted.split_at(1);
        let Some(close) = closing(inside, quote) else { break };
        short += &printable_lines(before);
        short += quote;
        short += &excerpt(&inside[..close]);
        short += quote;
        rest = &inside[close + 1..];
    }
    short += &printable_lines(rest);
    if short.chars().nth(most).is_some() {
        short = short.chars().take(most.saturating_sub(1)).collect();
        short.push('…');
    }
    Cow::Owned(short)
}

/// Where a quoted text ends. In double quotes, a backslash takes away the meaning of the next character.
fn closing(inside: &str, quote: &str) -> Option<usize> {
    let mut escaped = false;
    for (place, byte) in inside.bytes().enumerate() {
        if escaped {
            escaped = false;
        } else if byte == b'\\' && quote == "\"" {
            escaped = true;
        } else if quote.as_bytes() == [byte] {
            return Some(place);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_have_commas() {
        let cases = [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (15_625, "15,625"),
            (100_000, "100,000"),
            (1_234_567, "1,234,567"),
        ];
        for (count, text) in cases {
            assert_eq!(grouped(count), text);
        }
    }
    use proptest::prelude::*;

    #[test]
    fn control_characters_are_shown_as_escapes() {
        assert_eq!(printable("NAS-Bench-201 in miniature: É 中"), "NAS-Bench-201 in miniature: É 中");
        assert_eq!(printable("a\u{1b}[31mb\nc\td\re"), "a\\u{1b}[31mb\\nc\\td\\re");
        assert_eq!(printable("\u{202e}\u{2066}\u{9b}\u{7}\u{2028}"), "\\u{202e}\\u{2066}\\u{9b}\\u{7}\\u{2028}");
        assert_eq!(first_control("plain"), None);
        assert_eq!(first_control("a\u{202e}\n"), Some("\\u{202e}".to_owned()));
    }

    #[test]
    fn json_without_control_characters_means_the_same() {
        assert_eq!(plain_json("{\n  \"a\": \"é\\n\"\n}\n".to_owned()), "{\n  \"a\": \"é\\n\"\n}\n");
        assert_eq!(plain_json("[\"\u{7f}\u{9b}\u{202e}\"]\n".to_owned()), "[\"\\u007f\\u009b\\u202e\"]\n");
    }

    #[test]
    fn long_texts_are_cut() {
        assert_eq!(excerpt(&"é".repeat(EXCERPT)), "é".repeat(EXCERPT));
        assert_eq!(excerpt(&"é".repeat(EXCERPT + 1)), format!("{}…", "é".repeat(EXCERPT - 1)));
        assert_eq!(excerpt_of("abcdef", 3), "ab…");
        assert_eq!(excerpt_of("a\n\n", 3), "a\\…");
        assert_eq!(excerpt_of("", 0), "");
    }

    #[test]
    fn what_a_message_quotes_is_cut() {
        let long = "x".repeat(5000);
        let cut = format!("{}…", "x".repeat(EXCERPT - 1));
        let said = shortened(&format!("unknown field `{long}`, expected `a` or \"b\\\"{long}\" there")).into_owned();
        assert_eq!(said, format!("unknown field `{cut}`, expected `a` or \"b\\\"{}…\" there", "x".repeat(EXCERPT - 4)));
        assert_eq!(shortened("`a` is 1\nand\u{1b} `b`"), "`a` is 1\nand\\u{1b} `b`");
        assert_eq!(shortened("it's `open"), "it's `open");
        assert_eq!(shortened(&long).chars().count(), MESSAGE);
    }

    proptest! {
        #[test]
        fn a_message_is_never_long_and_has_no_control_characters(text in any::<String>(), times in 1usize..300) {
            let message = text.repeat(times);
            let short = shortened(&message);
            prop_assert!(short.chars().count() <= MESSAGE);
            prop_assert!(!short.chars().any(|character| is_control(character) && character != '\n'));
        }

        #[test]
        fn an_excerpt_is_one_short_line(text in any::<String>(), most in 1usize..200) {
            let shown = excerpt_of(&text, most);
            prop_assert!(shown.chars().count() <= most && !shown.chars().any(is_control));
            prop_assert!(shown.len() <= text.len() * 6 + 3);
            if text.chars().count() <= most && !text.chars().any(is_control) {
                prop_assert_eq!(shown, text.as_str());
            }
        }
    }
}
