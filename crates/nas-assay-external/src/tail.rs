//! The last lines of what a worker writes to stderr.

use std::collections::VecDeque;
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

/// So many lines are kept, and so many bytes of each.
const LINES: usize = 12;
const BYTES: usize = 400;

/// The last lines of a stream, whatever its length.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tail(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    lines: VecDeque<Vec<u8>>,
    /// The line that has no end yet.
    open: Vec<u8>,
}

impl Tail {
    /// Reads a stream to its end. It never holds more than the lines that it keeps.
    pub fn read(&self, mut stream: impl Read) {
        let mut some = [0; 1 << 13];
        while let Ok(count) = stream.read(&mut some) {
            if count == 0 {
                break;
            }
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            for &byte in &some[..count] {
                kept.take(byte);
            }
        }
    }

    /// The lines as text.
    pub fn text(&self) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let open = Some(&kept.open).filter(|open| !open.is_empty());
        let lines = kept.lines.iter().chain(open).map(|line| String::from_utf8_lossy(line).into_owned());
        lines.collect::<Vec<_>>().join("\n")
    }
}

impl Kept {
    fn take(&mut self, byte: u8) {
        if byte != b'\n' {
            if self.open.len() < BYTES {
                self.open.push(byte);
            }
            return;
        }
        let line = std::mem::take(&mut self.open);
        if !line.iter().all(u8::is_ascii_whitespace) {
            self.lines.push_back(line);
        }
        if self.lines.len() > LINES {
            self.lines.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_and_long_ones_are_cut() {
        let tail = Tail::default();
        assert_eq!(tail.text(), "");
        let many: Vec<String> = (0..1000).map(|number| number.to_string()).collect();
        tail.read(many.join("\n").as_bytes());
        let expected: Vec<String> = (987..1000).map(|number| number.to_string()).collect();
        assert_eq!(tail.text(), expected.join("\n"));
        tail.read(&b"\n\n  \n"[..]);
        assert_eq!(tail.text(), expected[1..].join("\n"));
        tail.read(std::io::repeat(b'x').take(1 << 24));
        assert_eq!(tail.text().lines().last().unwrap().len(), BYTES);
    }
}
