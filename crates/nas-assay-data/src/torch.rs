//! The container that torch wrote before its version 1.6: pickles one after the other, of which the fourth is the object. Since then it is a
//! zip with the pickle `NAME/data.pkl`.

use std::io::Read;

use crate::pickle::{Parts, PickleError, Problem, Stream, Tree, View};

/// What such a file begins with: a pickle of a number that torch chose.
const MAGIC: &[u8; 15] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e";

/// The version of the layout.
const VERSION: i64 = 1001;

/// Whether the bytes at the start of a file are those of this container.
pub fn is_legacy(start: &[u8]) -> bool {
    start.starts_with(MAGIC)
}

/// Reads the object of a file without tensors, in parts as [`Stream::parts`] does.
///
/// # Errors
/// What is wrong, and where; also if the file goes on after its end, or holds tensors.
pub fn legacy(
    source: impl Read,
    memory: usize,
    parts: Parts<'_>,
    each: impl FnMut(View<'_>) -> Result<(), String>,
) -> Result<Tree, PickleError> {
    const SMALL: usize = 1_000_000;
    let mut stream = Stream::new(source);
    let wrong = |at, problem| Err(PickleError { at, problem });
    if !stream.skip(MAGIC)? {
        return wrong(stream.position(), Problem::Damaged("it does not begin as a file of torch"));
    }
    if stream.whole(SMALL)?.root().int() != Some(VERSION) {
        return wrong(stream.position(), Problem::Unread("this version of torch's files"));
    }
    // Tensors would have the order of bytes that is told here, and sizes of types; without tensors nothing of it matters.
    stream.whole(SMALL)?;
    let object = stream.parts(memory, parts, each)?;
    let tensors = stream.whole(SMALL)?;
    if tensors.root().kind() != "a list" || !tensors.root().is_empty() {
        return wrong(stream.position(), Problem::Unread("a file with tensors"));
    }
    if !stream.is_done()? {
        return wrong(stream.position(), Problem::Damaged("the file goes on after its end"));
    }
    Ok(object)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: &[u8] = b"\x80\x02M\xe9\x03.\x80\x02}q\x00.\x80\x02K\x07.\x80\x02]q\x00.";

    fn read(bytes: &[u8]) -> Result<Option<i64>, PickleError> {
        legacy(bytes, 1_000, Parts::With(&[]), |_| Ok(())).map(|tree| tree.root().int())
    }

    #[test]
    fn the_object_is_the_fourth_pickle() {
        let file = [MAGIC, REST].concat();
        assert!(is_legacy(&file) && !is_legacy(&file[1..]) && !is_legacy(b""));
        assert_eq!(read(&file).unwrap(), Some(7));
        for cut in 0..file.len() {
            assert!(read(&file[..cut]).is_err(), "cut at {cut}");
        }
        let longer = [&file[..], b"\0"].concat();
        assert!(read(&longer).unwrap_err().to_string().contains("goes on after its end"));
    }

    #[test]
    fn other_versions_and_tensors_are_refused() {
        let version = [MAGIC, &b"\x80\x02M\xea\x03."[..], &REST[6..]].concat();
        assert!(read(&version).unwrap_err().to_string().contains("this version of torch's files"));
        let tensors = [MAGIC, &REST[..REST.len() - 6], b"\x80\x02]q\x00K\x01a."].concat();
        assert!(read(&tensors).unwrap_err().to_string().contains("a file with tensors"));
    }
}
