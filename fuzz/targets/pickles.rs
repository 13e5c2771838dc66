//! Pickles with little memory to read them in: nothing panics, no more memory is held than the limit stands for, and how the bytes come
//! makes no difference.

#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use nas_assay_data::pickle::{Parts, PickleError, Stream, Tree};
use nas_assay_fuzz::memory::{PeakAlloc, peak_of};
use nas_assay_fuzz::packing::Pieces;
use nas_assay_fuzz::walk::Walk;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Longer inputs are not read: they find nothing more, and take long.
const LONGEST: usize = 8_192;

const LIMITS: [usize; 4] = [20_000, 100_000, 300_000, 1_000_000];

/// For each byte that the reader counts, how many it holds at most. Counted are nodes, items and bytes without the room that is kept for
/// more of them, and what was forgotten is no longer counted. The worst case: nodes took the whole limit and were forgotten; their list has
/// room for twice as many (2), and so has the list of runs, with 16 bytes for a node's 56 (0.6). Then one list takes the limit anew; it is
/// copied to twice the room while the old one is still there (3). All else is less: a list of one item has room for four, that is 128 bytes
/// where a node and a pair count 88; tables of texts hold 1.5 for each byte counted; the stack, its marks and the table of numbers are
/// counted with their room; what is copied before it is counted is as much again as items that lie still (2).
const EACH: usize = 6;

/// What is not counted: 64 kB of the source, classes, types and bytes that have numbers (13 kB), and small things.
const CONSTANT: usize = 90_000;

/// Nor a block of numbers while it is made small, if there are three of 262,144 bytes: 131,072 bytes, and at most 8,192 entries of eight bytes
/// in a list that grows from half of that.
const SETTLED: usize = 230_000;

fn read(source: Pieces<'_>, limit: usize, parts: Option<Parts<'_>>) -> (Result<Tree, PickleError>, u64) {
    let mut seen = Walk::default();
    let ((tree, position), peak) = peak_of(|| {
        let mut stream = Stream::new(source);
        let tree = match parts {
            None => stream.whole(limit),
            Some(parts) => stream.parts(limit, parts, |part| {
                seen.see(part);
                if seen.sum % 61 == 7 { Err("refused".to_owned()) } else { Ok(()) }
            }),
        };
        (tree, stream.position())
    });
    let constant = if limit < 3 << 18 { CONSTANT } else { CONSTANT + SETTLED };
    assert!(peak <= EACH * limit + constant, "{peak} bytes of memory, where {limit} are allowed");
    match &tree {
        Ok(tree) => seen.see(tree.root()),
        Err(error) => seen.add(error.to_string().bytes().map(u64::from).sum()),
    }
    seen.add(position);
    (tree, seen.sum)
}

// The first byte says how the rest is read.
fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Some((&how, bytes)) = bytes.split_first().filter(|(_, bytes)| bytes.len() <= LONGEST) else {
        return Corpus::Reject;
    };
    let limit = LIMITS[usize::from(how & 3)];
    let lists: [&[&str]; 3] = [&["a"], &["f", "l"], &[]];
    let parts = match how >> 2 & 3 {
        0 | 1 => None,
        2 => Some(Parts::With(&lists[..2 + usize::from(how >> 7)])),
        _ => Some(Parts::Items),
    };
    let source = |step| Pieces { bytes, step };
    let (tree, sum) = read(source(usize::MAX), limit, parts);
    drop(tree);
    // How the bytes come.
    if how >> 4 & 7 == 1 {
        assert_eq!(read(source(1 + bytes.len() % 7), limit, parts).1, sum);
    }
    Corpus::Keep
});
