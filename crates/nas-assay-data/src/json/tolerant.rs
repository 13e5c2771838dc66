//! Bare words of Python's JSON as `null`.

use std::io::{Error, ErrorKind, Read};

/// How many bytes are read at once.
const STEP: usize = 1 << 16;

/// The longest text, number or word, in bytes. Readers keep these whole, so a damaged file could take any memory.
const LONGEST: usize = 1 << 20;

/// The bare words, each with another first byte.
const WORDS: [&[u8]; 3] = [b"NaN", b"Infinity", b"-Infinity"];

/// Reads JSON in which `NaN`, `Infinity` and `-Infinity` may stand for numbers, and gives it with `null` in their places. Texts stay as they
/// are. Takes constant memory, and refuses texts, numbers and words of more than a megabyte.
#[derive(Debug)]
pub struct Tolerant<R> {
    source: R,
    input: Box<[u8]>,
    output: Vec<u8>,
    used: usize,
    ended: bool,
    state: State,
    /// The length so far of the text, number or word.
    length: usize,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// Between texts.
    Outside,
    /// In a text; whether the last byte escapes the next.
    Text(bool),
    /// So many bytes of a bare word.
    Word(&'static [u8], usize),
}

impl<R: Read> Tolerant<R> {
    /// The JSON of `source`.
    pub fn new(source: R) -> Self {
        Self {
            source,
            input: vec![0; STEP].into_boxed_slice(),
            output: Vec::with_capacity(2 * STEP),
            used: 0,
            ended: false,
            state: State::Outside,
            length: 0,
        }
    }

    /// Makes more output, unless the source ends.
    fn refill(&mut self) -> std::io::Result<()> {
        self.output.clear();
        self.used = 0;
        while self.output.is_empty() && !self.ended {
            let count = match self.source.read(&mut self.input) {
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if count == 0 {
                self.ended = true;
                // The reader of the JSON refuses what begins like a word and is none.
                if let State::Word(word, at) = self.state {
                    self.output.extend_from_slice(&word[..at]);
                }
            }
            for place in 0..count {
                self.take(self.input[place])?;
            }
        }
        Ok(())
    }

    fn take(&mut self, byte: u8) -> std::io::Result<()> {
        let separates = matches!(byte, b',' | b':' | b'[' | b']' | b'{' | b'}' | b' ' | b'\t' | b'\n' | b'\r');
        self.length = if separates && !matches!(self.state, State::Text(_)) { 0 } else { self.length + 1 };
        if self.length > LONGEST {
            return Err(Error::new(ErrorKind::InvalidData, "a text or a number has more than a megabyte"));
        }
        match self.state {
            State::Text(escaped) => {
                self.output.push(byte);
                if byte == b'"' && !escaped {
                    (self.state, self.length) = (State::Outside, 0);
                } else {
                    self.state = State::Text(byte == b'\\' && !escaped);
                }
            }
            State::Outside => {
                if let Some(word) = WORDS.into_iter().find(|word| word[0] == byte) {
                    self.state = State::Word(word, 1);
                    return Ok(());
                }
                self.output.push(byte);
                if byte == b'"' {
                    self.state = State::Text(false);
                }
            }
            State::Word(word, at) if word[at] == byte => {
                self.state = State::Word(word, at + 1);
                if at + 1 == word.len() {
                    self.output.extend_from_slice(b"null");
                    self.state = State::Outside;
                }
            }
            State::Word(word, at) => {
                self.output.extend_from_slice(&word[..at]);
                self.state = State::Outside;
                self.take(byte)?;
            }
        }
        Ok(())
    }
}

impl<R: Read> Read for Tolerant<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.used == self.output.len() {
            self.refill()?;
        }
        let left = &self.output[self.used..];
        let count = left.len().min(into.len());
        into[..count].copy_from_slice(&left[..count]);
        self.used += count;
        Ok(count)
    }
}
