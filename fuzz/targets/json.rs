//! JSON as Python writes it, element by element: what is read is what another reader reads once the bare words are `null`; nothing panics,
//! and the memory is that of one element.

#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use nas_assay_data::json::{self, Few, Tolerant};
use nas_assay_fuzz::memory::{PeakAlloc, peak_of};
use nas_assay_fuzz::packing::Pieces;
use serde::Deserialize;
use serde_json::Value;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Longer inputs are not read: they find nothing more, and take long.
const LONGEST: usize = 8_192;

/// 64 kB of the source and twice as much of what follows from it.
const BUFFERS: usize = 3 << 16;

/// For each byte of an element. An error quotes a text with up to six bytes for one (`\u{7f}`), in a text that doubles while the one before is
/// still there, and it is copied twice (30). The reader and the element have the text itself, in lists that double (6).
const EACH: usize = 36;

/// An element as those of NDS. Nothing in it grows with the element but a text.
#[derive(Debug, Deserialize)]
#[allow(dead_code)]
struct Job {
    params: u64,
    min_test_top1: f64,
    net: Option<Net>,
}

#[derive(Debug, Deserialize)]
#[allow(dead_code)]
struct Net {
    block_type: String,
    ds: Few,
}

/// All that [`Tolerant`] gives.
fn plain(bytes: &[u8]) -> Vec<u8> {
    let (mut text, mut rest, mut quoted) = (Vec::new(), bytes, false);
    while let Some((&first, after)) = rest.split_first() {
        let word = [&b"NaN"[..], b"Infinity", b"-Infinity"].into_iter().find(|word| !quoted && rest.starts_with(word));
        if let Some(word) = word {
            text.extend(b"null");
            rest = &rest[word.len()..];
            continue;
        }
        text.push(first);
        rest = after;
        match (first, rest.split_first()) {
            (b'\\', Some((&second, after))) if quoted => {
                text.push(second);
                rest = after;
            }
            (b'"', _) => quoted = !quoted,
            _ => {}
        }
    }
    text
}

// The first byte says in which pieces the rest comes.
fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Some((&how, bytes)) = bytes.split_first().filter(|(_, bytes)| bytes.len() <= LONGEST) else {
        return Corpus::Reject;
    };
    let source = || Pieces { bytes, step: if how & 7 == 0 { usize::from(how >> 3) + 1 } else { usize::MAX } };
    let text = plain(bytes);
    if how & 7 < 2 {
        let mut read = Vec::new();
        std::io::Read::read_to_end(&mut Tolerant::new(source()), &mut read).expect("texts that are not too long");
        assert_eq!(read, text);
    }
    if how & 7 < 5 {
        let mut elements = Vec::new();
        let count = json::each("a file", source(), |place, value: Value| {
            assert_eq!(place, elements.len() as u64);
            elements.push(value);
            if place == 50 { Err("refused".to_owned()) } else { Ok(()) }
        });
        let expected: Result<Vec<Value>, _> = serde_json::from_slice(&text);
        match (count, expected) {
            (Ok(count), Ok(expected)) => assert_eq!((count, elements), (expected.len() as u64, expected)),
            (Err(_), Ok(expected)) => assert!(expected.len() > 50),
            (Ok(_), Err(error)) => panic!("only read here: {error}"),
            (Err(error), Err(_)) => assert!(error.to_string().len() < 10_000),
        }
    }
    let (read, peak) = peak_of(|| json::each("a file", source(), |_, job: Job| Ok(drop(job))));
    assert!(peak < BUFFERS + 2_000 + EACH * bytes.len(), "{peak} bytes of memory");
    if let Ok(count) = read {
        assert!(count as usize <= bytes.len());
    }
    Corpus::Keep
});
