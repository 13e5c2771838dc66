//! Reading an architecture's text from left to right, with errors that say where it stopped being one.

use super::ArchitectureError;
use super::error::Excerpt;
use nas_assay_base::nearest_always;

/// What is still to be read of a text.
pub(super) struct Cursor<'a> {
    space: &'static str,
    text: &'a str,
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    /// The whole of `text`, read by the grammar of the space called `space`.
    pub(super) const fn new(space: &'static str, text: &'a str) -> Self {
        Self { space, text, rest: text }
    }

    /// Passes over `token`, which errors call `expected`.
    pub(super) fn skip(&mut self, token: &str, expected: &'static str) -> Result<(), ArchitectureError> {
        self.rest = self.rest.strip_prefix(token).ok_or_else(|| self.unexpected(expected))?;
        Ok(())
    }

    /// Reads one ASCII character that `accept` turns into a value; errors call what was due `expected`.
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

    /// Reads the longest run of characters that are `part` of a word and that `accept` turns into a value; errors call what was due
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

    /// Reads the name of an operation, up to the next of `marks`.
    pub(super) fn operation<T>(
        &mut self,
        marks: &[char],
        known: impl Iterator<Item = (T, &'static str)> + Clone,
    ) -> Result<T, ArchitectureError> {
        let (name, rest) = self.rest.split_at(self.rest.find(marks).unwrap_or(self.rest.len()));
        if name.is_empty() {
            return Err(self.unexpected("an operation"));
        }
        let Some((operation, _)) = known.clone().find(|(_, candidate)| *candidate == name) else {
            let (space, position) = (self.space, self.position());
            let nearest = nearest_always(name, known.map(|(_, candidate)| candidate)).unwrap_or_default();
            return Err(ArchitectureError::UnknownOperation { space, position, found: Excerpt::of(name), nearest });
        };
        self.rest = rest;
        Ok(operation)
    }

    /// Demands that everything has been read.
    pub(super) fn end(&self) -> Result<(), ArchitectureError> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.unexpected("the end of the text")) }
    }

    /// The error that something else than `expected` stands here.
    pub(super) fn unexpected(&self, expected: &'static str) -> ArchitectureError {
        let (space, position) = (self.space, self.position());
        ArchitectureError::Unexpected { space, position, expected, found: Excerpt::of(self.rest) }
    }

    const fn position(&self) -> usize {
        self.text.len() - self.rest.len()
    }
}
