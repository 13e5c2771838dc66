//! Reads the text of an architecture from left to right, with errors that name the position.

use super::ArchitectureError;
use super::error::Excerpt;

/// A text and the position up to which it has been read.
pub(super) struct Cursor<'a> {
    space: &'static str,
    text: &'a str,
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    /// A cursor at the start of `text`. `space` is the name of the space, for errors.
    pub(super) const fn new(space: &'static str, text: &'a str) -> Self {
        Self { space, text, rest: text }
    }

    /// Reads `token`. Errors name it `expected`.
    pub(super) fn skip(&mut self, token: &str, expected: &'static str) -> Result<(), ArchitectureError> {
        self.rest = self.rest.strip_prefix(token).ok_or_else(|| self.unexpected(expected))?;
        Ok(())
    }

    /// Reads one ASCII character that `accept` turns into a value. Errors name what was expected `expected`.
    pub(super) fn symbol<T>(
        &mut self,
        expected: &'static str,
        accept: impl FnOnce(u8) -> Option<T>,
    ) -> Result<T, ArchitectureError> {
        let byte = self.rest.bytes().next().filter(u8::is_ascii);
        let value = byte.and_then(accept).ok_or_else(|| self.unexpected(expected))?;
        self.rest = &self.rest[1..];
        Ok(value)
    }

    /// Reads the longest run of characters for which `part` is true, if `accept` turns it into a value. Errors name what was expected
    /// `expected`.
    pub(super) fn word<T>(
        &mut self,
        expected: &'static str,
        part: impl Fn(char) -> bool,
        accept: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, ArchitectureError> {
        let end = self.rest.find(|c| !part(c)).unwrap_or(self.rest.len());
        let value = accept(&self.rest[..end]).ok_or_else(|| self.unexpected(expected))?;
        self.rest = &self.rest[end..];
        Ok(value)
    }

    /// Reads the name of one of the `known` operations, which ends at the next character of `marks`.
    pub(super) fn operation<T>(
        &mut self,
        marks: &[char],
        known: impl IntoIterator<Item = (T, &'static str)>,
    ) -> Result<T, ArchitectureError> {
        let (name, rest) = self.rest.split_at(self.rest.find(marks).unwrap_or(self.rest.len()));
        if name.is_empty() {
            return Err(self.unexpected("an operation"));
        }
        let Some((operation, _)) = known.into_iter().find(|(_, candidate)| *candidate == name) else {
            let (space, position) = (self.space, self.position());
            return Err(ArchitectureError::UnknownOperation { space, position, found: Excerpt::of(name) });
        };
        self.rest = rest;
        Ok(operation)
    }

    /// Checks that the whole text has been read.
    pub(super) fn end(&self) -> Result<(), ArchitectureError> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.unexpected("the end of the text")) }
    }

    /// The error that the text does not continue with `expected`.
    pub(super) fn unexpected(&self, expected: &'static str) -> ArchitectureError {
        let (space, position) = (self.space, self.position());
        ArchitectureError::Unexpected { space, position, expected, found: Excerpt::of(self.rest) }
    }

    const fn position(&self) -> usize {
        self.text.len() - self.rest.len()
    }
}
