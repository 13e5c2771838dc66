//! Files of NAS-Bench-201: records, files of all architectures, archives, and lists of their means.

#![no_main]

use std::sync::atomic::{AtomicU64, Ordering};

use libfuzzer_sys::fuzz_target;
use nas_assay_data::files::Files;
use nas_assay_data::sources::{freerea, nb201};

/// The first byte chooses the name; the rest is the file.
const NAMES: [&str; 6] = [
    "000000.pickle",
    "meta.pickle",
    "NAS-Bench-201-v1_1.pth",
    "NATS-tss-v1_0.pickle.pbz2",
    "a.tar",
    "cifar10-accuracies.csv",
];

fuzz_target!(|bytes: &[u8]| {
    let Some((&choice, bytes)) = bytes.split_first() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(NAMES[usize::from(choice) % NAMES.len()]);
    std::fs::write(&path, bytes).expect("the file can be written");
    let read = AtomicU64::new(0);
    let count = |more| {
        read.fetch_add(more, Ordering::Relaxed);
    };
    for paths in [[path], [folder.path().to_owned()]] {
        let files = Files { paths: &paths, watch: &count };
        for made in [nb201::import(files), freerea::import(files)] {
            // No input of the fuzzer is long enough to be whole.
            let error = made.expect_err("a short file is not whole").to_string();
            assert!(error.chars().count() < 2_000, "{error}");
        }
    }
    assert!(read.into_inner() <= 12 * bytes.len() as u64 + 100, "the file was read more often than needed");
});
