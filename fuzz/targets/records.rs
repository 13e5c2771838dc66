//! Records: no text makes a report, a comparison or a leaderboard panic, and a record is written as it was read.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use nas_assay::report::{self, Format, Leaderboard};
use nas_assay::store::read_record;

fuzz_target!(|bytes: &[u8]| {
    let Ok(record) = read_record(Path::new("record.json"), bytes.to_vec()) else { return };
    let written = record.to_json().expect("a record as JSON");
    let again = read_record(Path::new("record.json"), written.clone().into_bytes()).expect("what was written is read");
    assert_eq!(again.to_json().expect("a record as JSON"), written);
    for format in Format::ALL {
        let _ = format.render(&record, None);
    }
    let _ = report::terminal(&record, None, 80);
    let _ = report::golden::pinned(&record);
    let _ = report::Diff::new(&record, &again).text(80);
    let _ = Leaderboard::new(&[record, again], true).text(80);
});
