//! From the bytes of a file to plain text: gzip is unpacked, UTF-16 and marks of byte order are converted, and every line ends with `\n`.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Cursor, Read};

use flate2::read::MultiGzDecoder;

/// The longest line of a table. It bounds the memory that a file can ask for.
const LONGEST_LINE: usize = 1 << 24;

/// The longest JSON document, which may be on one line.
pub(super) const LONGEST_DOCUMENT: usize = 1 << 30;

/// A file whose beginning is known.
pub(super) type Peeked<'a> = io::Chain<Cursor<Vec<u8>>, Box<dyn Read + 'a>>;

/// The first bytes of `source`, `count` at most, and the whole of it.
pub(super) fn peek<'a>(mut source: Box<dyn Read + 'a>, count: usize) -> io::Result<(Vec<u8>, Peeked<'a>)> {
    let mut first = Vec::new();
    source.by_ref().take(count as u64).read_to_end(&mut first)?;
    Ok((first.clone(), Cursor::new(first).chain(source)))
}

/// The content of a file, unpacked if it is packed with gzip.
pub(super) fn unpacked<'a>(source: Box<dyn Read + 'a>) -> io::Result<Box<dyn Read + 'a>> {
    let (first, source) = peek(source, 2)?;
    Ok(if first == [0x1f, 0x8b] { Box::new(MultiGzDecoder::new(source)) } else { Box::new(source) })
}

/// The text of an unpacked file as UTF-8 with `\n` at the end of every line.
pub(super) fn text<'a>(source: Box<dyn Read + 'a>) -> io::Result<BufReader<Lines<Box<dyn Read + 'a>>>> {
    let (first, mut source) = peek(source, 3)?;
    let mut skip = |count| source.by_ref().take(count).read_to_end(&mut Vec::new());
    let source: Box<dyn Read + 'a> = match first.as_slice() {
        [0xef, 0xbb, 0xbf] => {
            skip(3)?;
            Box::new(source)
        }
        [0xff, 0xfe, ..] => {
            skip(2)?;
            Box::new(Utf16::new(source, u16::from_le_bytes))
        }
        [0xfe, 0xff, ..] => {
            skip(2)?;
            Box::new(Utf16::new(source, u16::from_be_bytes))
        }
        _ => Box::new(source),
    };
    Ok(BufReader::with_capacity(
        1 << 16,
        Lines { source, after_return: false, line: 0, longest: LONGEST_LINE, end: false },
    ))
}

/// Converts UTF-16 to UTF-8. Units that are no character become the replacement character.
struct Utf16<R> {
    source: BufReader<R>,
    unit: fn([u8; 2]) -> u16,
    /// The first half of a pair.
    high: Option<u16>,
    ready: VecDeque<u8>,
}

impl<R: Read> Utf16<R> {
    fn new(source: R, unit: fn([u8; 2]) -> u16) -> Self {
        Self { source: BufReader::new(source), unit, high: None, ready: VecDeque::new() }
    }

    /// The next unit; `None` at the end. A single byte at the end is lost.
    fn unit(&mut self) -> io::Result<Option<u16>> {
        let mut bytes = [0; 2];
        match self.source.read_exact(&mut bytes) {
            Ok(()) => Ok(Some((self.unit)(bytes))),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.ready.len() < buffer.len() {
            let next = self.unit()?;
            let units = self.high.take().into_iter().chain(next);
            let mut last_high = None;
            let all: Vec<u16> = units.collect();
            for character in char::decode_utf16(all) {
                match character {
                    Err(error)
                        if next == Some(error.unpaired_surrogate())
                            && (0xd800..0xdc00).contains(&error.unpaired_surrogate()) =>
                    {
                        last_high = next;
                    }
                    found => {
                        let mut bytes = [0; 4];
                        let found = found.unwrap_or(char::REPLACEMENT_CHARACTER).encode_utf8(&mut bytes);
                        self.ready.extend(found.as_bytes());
                    }
                }
            }
            self.high = last_high;
            if next.is_none() {
                break;
            }
        }
        self.ready.read(buffer)
    }
}

/// Makes every `\r\n` and every `\r` one `\n`, and ends the last line. A line that is too long is an error.
pub(super) struct Lines<R> {
    source: R,
    after_return: bool,
    /// The length of the line so far.
    line: usize,
    longest: usize,
    end: bool,
}

impl<R> Lines<R> {
    /// Allows lines as long as a JSON document may be.
    pub(super) fn allow_documents(&mut self) {
        self.longest = LONGEST_DOCUMENT;
    }
}

impl<R: Read> Lines<R> {
    /// Changes the line ends in `bytes`. Returns how many bytes are left.
    fn change(&mut self, bytes: &mut [u8]) -> usize {
        if !self.after_return && !bytes.contains(&b'\r') {
            return bytes.len();
        }
        let mut kept = 0;
        for place in 0..bytes.len() {
            let byte = bytes[place];
            if !(byte == b'\n' && self.after_return) {
                bytes[kept] = if byte == b'\r' { b'\n' } else { byte };
                kept += 1;
            }
            self.after_return = byte == b'\r';
        }
        kept
    }
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while !self.end && !buffer.is_empty() {
            let read = self.source.read(buffer)?;
            if read == 0 {
                self.end = true;
                if self.line > 0 {
                    buffer[0] = b'\n';
                    return Ok(1);
                }
                break;
            }
            let kept = self.change(&mut buffer[..read]);
            let changed = &buffer[..kept];
            self.line = match changed.iter().rposition(|&byte| byte == b'\n') {
                Some(last) => kept - last - 1,
                None => self.line + kept,
            };
            if self.line > self.longest {
                let problem = format!("a line is longer than {} MB", self.longest >> 20);
                return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
            }
            if kept > 0 {
                return Ok(kept);
            }
        }
        Ok(0)
    }
}

/// The next line, without its end; `None` if there is no other.
pub(super) fn next_line(source: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    if source.read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    Ok(Some(line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;
    use std::io::Write;

    /// Gives few bytes at a time.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(buffer.len());
            self.0.read(&mut buffer[..count])
        }
    }

    fn read(bytes: &[u8], at_a_time: usize) -> String {
        let mut found = String::new();
        text(unpacked(Box::new(Slow(bytes, at_a_time))).unwrap()).unwrap().read_to_string(&mut found).unwrap();
        found
    }

    fn zipped(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(bytes).collect()
    }

    proptest! {
        #[test]
        fn a_text_is_the_same_in_every_encoding(text in "[ -~é🙂\r\n]{0,80}", at_a_time in 1usize..9) {
            // A mark of byte order is the same as none.
            let plain = text.replace("\r\n", "\n").replace('\r', "\n");
            let plain = if plain.is_empty() || plain.ends_with('\n') { plain } else { plain + "\n" };
            prop_assert_eq!(&read(text.as_bytes(), at_a_time), &plain);
            let marked = [b"\xef\xbb\xbf", text.as_bytes()].concat();
            prop_assert_eq!(&read(&marked, at_a_time), &plain);
            for bytes in [utf16(&text, u16::to_le_bytes), utf16(&text, u16::to_be_bytes)] {
                prop_assert_eq!(&read(&bytes, at_a_time), &plain);
                prop_assert_eq!(&read(&zipped(&bytes), at_a_time), &plain);
            }
            prop_assert_eq!(&read(&[zipped(&marked), zipped(b"more")].concat(), at_a_time).replace('\n', ""), &format!("{plain}more").replace('\n', ""));
        }
    }

    #[test]
    fn halves_of_pairs_are_replaced() {
        let units = [0xfeff_u16, 0xd83d, 0x0041, 0xde42, 0xd83d, 0xde42, 0xd83d];
        let bytes: Vec<u8> = units.into_iter().flat_map(u16::to_le_bytes).collect();
        assert_eq!(read(&bytes, 1), "\u{fffd}A\u{fffd}🙂\u{fffd}\n");
    }

    #[test]
    fn a_line_without_end_is_refused_before_it_fills_the_memory() {
        let error = io::copy(&mut text(Box::new(io::repeat(b'x'))).unwrap(), &mut io::sink()).unwrap_err();
        assert_eq!(error.to_string(), "a line is longer than 16 MB");
    }

    #[test]
    fn a_truncated_archive_is_an_error() {
        let whole = zipped(&b"architecture,score\n".repeat(100));
        let mut found = String::new();
        let cut: &[u8] = &whole[..whole.len() / 2];
        assert!(unpacked(Box::new(cut)).and_then(text).and_then(|mut text| text.read_to_string(&mut found)).is_err());
    }
}
