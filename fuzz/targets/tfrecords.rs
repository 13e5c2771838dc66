//! Records with checksums, and what NAS-Bench-101 has in them: nothing panics, no memory is held beyond a record's, and what is read again in
//! small pieces is the same.

#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use nas_assay_data::sources::nb101::import_ten_cells;
use nas_assay_data::tfrecord::Records;
use nas_assay_fuzz::memory::{PeakAlloc, peak_of};
use nas_assay_fuzz::packing::{Pieces, about_cell, frame};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Longer inputs are not read: they find nothing more, and take long.
const LONGEST: usize = 2_048;

/// A record may have a megabyte: its list has room for twice as many, and is copied from one of half of that; all else follows from the
/// bytes that are there.
const MOST: usize = 3_200_000;

/// The records up to the first problem, and that.
fn all(source: Pieces<'_>) -> (Vec<Vec<u8>>, Option<String>) {
    let (mut records, mut record, mut found) = (Records::new(source), Vec::new(), Vec::new());
    loop {
        match records.next(&mut record) {
            Ok(true) => found.push(record.clone()),
            Ok(false) => return (found, None),
            Err(problem) => return (found, Some(problem.to_string())),
        }
    }
}

// The first byte says what the rest is: a file, the records of one with a mark between them, or the messages of the records of a cell.
fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Some((&how, bytes)) = bytes.split_first().filter(|(_, bytes)| bytes.len() <= LONGEST) else {
        return Corpus::Reject;
    };
    let framed =
        |record: &dyn Fn(&[u8]) -> Vec<u8>| bytes.split(|&byte| byte == 0xff).map(record).collect::<Vec<_>>().concat();
    let file = match how & 3 {
        0 | 1 => bytes.to_vec(),
        2 => framed(&frame),
        _ => framed(&|part| frame(&about_cell(how >> 6, part))),
    };
    let ((found, problem), peak) = peak_of(|| all(Pieces { bytes: &file, step: usize::MAX }));
    assert!(peak < MOST, "{peak} bytes of memory");
    // What was read has its checksums, and what has its checksums was read.
    let again: Vec<u8> = found.iter().map(|record| frame(record)).collect::<Vec<_>>().concat();
    assert!(file.starts_with(&again));
    assert_eq!(problem.is_none(), again.len() == file.len());
    assert!(problem.is_none() || how & 3 < 2, "{problem:?}");
    if how >> 2 & 7 == 1 {
        assert_eq!(all(Pieces { bytes: &file, step: 1 + bytes.len() % 7 }), (found, problem));
    }
    let (made, peak) = peak_of(|| import_ten_cells(&file[..]));
    assert!(peak < MOST, "{peak} bytes of memory");
    for made in made.unwrap_or_default() {
        let lines = String::from_utf8(made.bytes).expect("text").lines().count();
        assert!((2..=11).contains(&lines), "{}: {lines}", made.path);
    }
    Corpus::Keep
});
