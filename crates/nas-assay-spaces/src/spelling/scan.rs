//! Reads the text forms from left to right, with blanks wherever they do no harm.

use super::Form;
use super::error::Fault;

/// `text` without blanks, quotes and written-out line ends around it, and the byte where the rest begins.
pub(super) fn trimmed(text: &str) -> (&str, usize) {
    let mut inner = text;
    loop {
        let before = inner;
        inner = inner.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        inner = inner.strip_suffix("\\n").or_else(|| inner.strip_suffix("\\r")).unwrap_or(inner);
        for quote in ['"', '\'', '`'] {
            if let Some(quoted) = inner.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote))
                && !quoted.contains(quote)
            {
                inner = quoted;
            }
        }
        if inner.len() == before.len() {
            break;
        }
    }
    // Both are parts of one text.
    (inner, inner.as_ptr().addr() - text.as_ptr().addr())
}

/// Whether two names are the same word: case, `_` and `-` do not matter.
pub(super) fn same_name(a: &str, b: &str) -> bool {
    fn letters(name: &str) -> impl Iterator<Item = u8> {
        name.bytes().filter(|byte| !b"_-".contains(byte)).map(|byte| byte.to_ascii_lowercase())
    }
    letters(a).eq(letters(b))
}

/// A text and the position up to which it has been read.
pub(super) struct Scan<'a> {
    form: Form,
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    /// At the start of `text`, which has the form `form`.
    pub(super) const fn new(form: Form, text: &'a str) -> Self {
        Self { form, text, at: 0 }
    }

    /// The position, after any blanks.
    pub(super) fn place(&mut self) -> usize {
        let rest = &self.text[self.at..];
        self.at = self.text.len() - rest.trim_start().len();
        self.at
    }

    /// The rest of the text, after any blanks.
    pub(super) fn rest(&mut self) -> &'a str {
        &self.text[self.place()..]
    }

    /// Whether everything has been read.
    pub(super) fn is_at_end(&mut self) -> bool {
        self.rest().is_empty()
    }

    /// Reads one of the characters `marks`, if it is next.
    pub(super) fn eat(&mut self, marks: &[char]) -> bool {
        let found = self.rest().starts_with(marks);
        if found {
            self.at += self.text[self.at..].chars().next().map_or(0, char::len_utf8);
        }
        found
    }

    /// Reads one of the characters `marks`, which errors name `expected`.
    pub(super) fn mark(&mut self, marks: &[char], expected: &'static str) -> Result<(), Fault> {
        if self.eat(marks) { Ok(()) } else { Err(self.fault(expected)) }
    }

    /// Reads the longest run of characters for which `part` is true, which may be empty.
    pub(super) fn run(&mut self, part: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !part(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// Reads an operation that `known` knows.
    pub(super) fn operation<T>(&mut self, known: impl FnOnce(&str) -> Option<T>) -> Result<T, Fault> {
        let at = self.place();
        let name = self.run(|c| c.is_alphanumeric() || c == '_' || c == '-');
        if name.is_empty() {
            return Err(self.fault("an operation"));
        }
        known(name).ok_or(Fault::Operation { form: self.form, at, length: name.len() })
    }

    /// Reads one digit from `low` to `high`.
    pub(super) fn digit(&mut self, low: usize, high: usize, expected: &'static str) -> Result<usize, Fault> {
        let at = self.place();
        let digits = self.run(|c| c.is_ascii_digit());
        let number = if digits.len() == 1 { digits.parse().ok() } else { None };
        number.filter(|number| (low..=high).contains(number)).ok_or(Fault::Expected { form: self.form, at, expected })
    }

    /// The whole text has been read.
    pub(super) fn end(&mut self) -> Result<(), Fault> {
        if self.is_at_end() { Ok(()) } else { Err(self.fault("the end of the text")) }
    }

    /// `expected` does not follow.
    pub(super) fn fault(&mut self, expected: &'static str) -> Fault {
        Fault::Expected { form: self.form, at: self.place(), expected }
    }
}
