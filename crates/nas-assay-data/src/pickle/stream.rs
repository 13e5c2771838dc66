//! The bytes of a pickle, or of several one after the other.

use std::io::{ErrorKind, Read};

use super::arena::Arena;
use super::machine::Machine;
use super::view::{Tree, View};
use super::{Parts, PickleError, Problem};

/// How many bytes are read at once.
const STEP: usize = 1 << 16;

/// A source of pickles.
pub struct Stream<R> {
    source: R,
    buffer: Box<[u8]>,
    from: usize,
    to: usize,
    /// The bytes that left the buffer's beginning before.
    before: u64,
}

impl<R: Read> Stream<R> {
    /// The pickles in `source`.
    pub fn new(source: R) -> Self {
        Self { source, buffer: vec![0; STEP].into_boxed_slice(), from: 0, to: 0, before: 0 }
    }

    /// Reads one pickle as a whole, in at most `memory` bytes.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn whole(&mut self, memory: usize) -> Result<Tree, PickleError> {
        self.load(memory, Parts::With(&[]), &mut |_| Ok(()))
    }

    /// Reads one pickle in parts. Each part is given to `each`, which may refuse it, and is forgotten. Given back is the rest, in which the
    /// dictionaries of parts are empty.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn parts(
        &mut self,
        memory: usize,
        parts: Parts<'_>,
        mut each: impl FnMut(View<'_>) -> Result<(), String>,
    ) -> Result<Tree, PickleError> {
        self.load(memory, parts, &mut each)
    }

    fn load(
        &mut self,
        memory: usize,
        parts: Parts<'_>,
        each: &mut dyn FnMut(View<'_>) -> Result<(), String>,
    ) -> Result<Tree, PickleError> {
        let mut machine = Machine::new(Arena::new(memory), parts);
        match machine.run(self, each) {
            Ok(tree) => Ok(tree),
            Err(problem) => Err(PickleError { at: self.position(), problem }),
        }
    }

    /// How many bytes were used.
    pub fn position(&self) -> u64 {
        self.before + self.from as u64
    }

    /// Whether all bytes were used.
    ///
    /// # Errors
    /// If the source cannot be read.
    pub fn is_done(&mut self) -> Result<bool, PickleError> {
        self.fill().map(|more| !more).map_err(|problem| PickleError { at: self.position(), problem })
    }

    /// Uses the next bytes if they are `expected`.
    ///
    /// # Errors
    /// If the source cannot be read.
    pub fn skip(&mut self, expected: &[u8]) -> Result<bool, PickleError> {
        let mut found = vec![0; expected.len()];
        let read = self.exactly(&mut found);
        read.map(|()| found == expected).or_else(|problem| match problem {
            Problem::Ends => Ok(false),
            problem => Err(PickleError { at: self.position(), problem }),
        })
    }

    /// Makes sure that the buffer has a byte; `false` at the end.
    fn fill(&mut self) -> Result<bool, Problem> {
        while self.from == self.to {
            self.before += self.to as u64;
            (self.from, self.to) = (0, 0);
            match self.source.read(&mut self.buffer) {
                Ok(0) => return Ok(false),
                Ok(count) => self.to = count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Err(Problem::Ends),
                Err(error) => return Err(Problem::Read(error)),
            }
        }
        Ok(true)
    }

    pub(super) fn byte(&mut self) -> Result<u8, Problem> {
        if self.from == self.to && !self.fill()? {
            return Err(Problem::Ends);
        }
        self.from += 1;
        Ok(self.buffer[self.from - 1])
    }

    pub(super) fn exactly(&mut self, into: &mut [u8]) -> Result<(), Problem> {
        let mut done = 0;
        while done < into.len() {
            if !self.fill()? {
                return Err(Problem::Ends);
            }
            let count = (into.len() - done).min(self.to - self.from);
            into[done..done + count].copy_from_slice(&self.buffer[self.from..self.from + count]);
            self.from += count;
            done += count;
        }
        Ok(())
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Problem> {
        let mut bytes = [0; N];
        self.exactly(&mut bytes)?;
        Ok(bytes)
    }

    /// The next `count` bytes. Memory is taken as bytes come, not as they are promised.
    pub(super) fn bytes(&mut self, mut count: usize) -> Result<Vec<u8>, Problem> {
        let mut bytes = Vec::new();
        while count > 0 {
            if !self.fill()? {
                return Err(Problem::Ends);
            }
            let step = count.min(self.to - self.from);
            bytes.extend_from_slice(&self.buffer[self.from..self.from + step]);
            self.from += step;
            count -= step;
        }
        Ok(bytes)
    }

    /// The bytes before the next line break, which is used too.
    pub(super) fn line(&mut self) -> Result<String, Problem> {
        const LONGEST: usize = 256;
        let mut line = Vec::new();
        loop {
            match self.byte()? {
                b'\n' => break,
                byte if line.len() < LONGEST => line.push(byte),
                _ => return Err(Problem::Damaged("the name of a class has no end")),
            }
        }
        String::from_utf8(line).map_err(|_| Problem::Damaged("the name of a class is no text"))
    }
}
