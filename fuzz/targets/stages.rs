//! Results of stages with a seal that fits: whatever such a file says, a run ends with a record or an error, and damage is made again.

#![no_main]

use std::cell::LazyCell;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use nas_assay::store::survey::Kind;
use nas_assay::{Store, Suite};
use nas_assay_fuzz::{folder, run};

static SUITE: LazyLock<Suite> = LazyLock::new(Suite::builtin);

thread_local! {
    static FOLDER: LazyCell<(tempfile::TempDir, Vec<String>, String)> = const { LazyCell::new(|| {
        let folder = folder();
        let record = run(&SUITE, folder.path()).expect("a run");
        let entries = Store::open(folder.path()).and_then(|store| store.survey()).expect("a store");
        let scores = entries.into_iter().filter(|entry| entry.kind == Kind::Scores).map(|entry| entry.place);
        (folder, scores.collect(), record)
    }) };
}

fuzz_target!(|bytes: &[u8]| {
    FOLDER.with(|made| {
        let (folder, scores, record) = &**made;
        let path = folder.path().join(&scores[0]);
        match serde_json::from_slice::<serde_json::Value>(bytes) {
            Ok(value) if value.as_object().is_some_and(|members| !members.is_empty()) => {
                Store::open(folder.path()).and_then(|store| store.write_json(&path, &value)).expect("a file");
                let _ = run(&SUITE, folder.path());
                std::fs::remove_file(&path).expect("a file of scores");
            }
            _ => std::fs::write(&path, bytes).expect("a file"),
        }
        assert_eq!(run(&SUITE, folder.path()).as_ref(), Ok(record));
    });
});
