//! Files of torch without tensors, as they were before its version 1.6 and as zips since: nothing panics, and no more memory is held than the
//! limit stands for.

#![no_main]

use std::io::Cursor;

use libfuzzer_sys::{Corpus, fuzz_target};
use nas_assay_data::pickle::{Parts, Stream, Tree, View};
use nas_assay_data::{DataError, files, torch};
use nas_assay_fuzz::memory::{PeakAlloc, peak_of};
use nas_assay_fuzz::packing::{gzip, zip};
use nas_assay_fuzz::walk::Walk;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Longer inputs are not read: they find nothing more, and take long.
const LONGEST: usize = 4_096;

/// What the object may take. The small pickles before and after it may take 1 MB each, one at a time.
const LIMIT: usize = 200_000;

/// Six times the larger limit and what is not counted, as the target of pickles explains it, and what unpacking takes.
const MOST: usize = 6 * 1_000_000 + 420_000 + 600_000;

const START: &[u8] = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.";

/// The object of a file of either kind.
fn object(file: &[u8], parts: Parts<'_>, each: &mut dyn FnMut(View<'_>)) -> Result<Option<Tree>, DataError> {
    let mut found = None;
    files::shown("a.pth", &file[..file.len().min(4)], Cursor::new(file), &mut |name, read| {
        let mut read = files::unpacked(read).map_err(|error| DataError::part(name, &error))?;
        let each = |view: View<'_>| Ok(each(view));
        let tree = if torch::is_legacy(read.start()) {
            torch::legacy(&mut read, LIMIT, parts, each)
        } else if name.ends_with("data.pkl") {
            let mut stream = Stream::new(&mut read);
            stream.parts(LIMIT, parts, each).and_then(|tree| stream.is_done().map(|_| tree))
        } else {
            return Ok(());
        };
        found = Some(tree.map_err(|error| DataError::pickle(name, &error))?);
        Ok(())
    })?;
    Ok(found)
}

// The first byte says what is made of the rest.
fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Some((&how, bytes)) = bytes.split_first().filter(|(_, bytes)| bytes.len() <= LONGEST) else {
        return Corpus::Reject;
    };
    let file = match how & 7 {
        0 => bytes.to_vec(),
        1 | 2 => [&START[..15], bytes].concat(),
        3 | 4 => [START, bytes].concat(),
        5 => [START, bytes, b"\x80\x02].\x80"].concat(),
        6 => {
            let version: (&[u8], bool, &[u8]) = (b"archive/version", false, b"3\n");
            zip(&[(b"archive/data.pkl", how >> 6 & 1 == 1, bytes), version])
        }
        _ => zip(&[(b"data.pkl", false, &[START, bytes].concat())]),
    };
    let file = if how >> 7 == 1 { gzip(&file) } else { file };
    let mut seen = Walk::default();
    let parts = if how >> 3 & 1 == 1 { Parts::Items } else { Parts::With(&[&["a"], &["f", "l"]]) };
    let (tree, peak) = peak_of(|| object(&file, parts, &mut |view| seen.see(view)));
    assert!(peak < MOST, "{peak} bytes of memory");
    match tree {
        Ok(Some(tree)) => seen.see(tree.root()),
        Ok(None) => {}
        Err(error) => assert!(error.to_string().len() < 10_000),
    }
    Corpus::Keep
});
