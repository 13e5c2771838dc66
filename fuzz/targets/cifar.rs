//! Files of CIFAR-10 and CIFAR-100 in the official layouts, with few images: what is read gives whole images, and memory stays bounded.

#![no_main]

use libfuzzer_sys::fuzz_target;
use nas_assay_data::files::Files;
use nas_assay_data::sources::cifar::import_ten_images;
use nas_assay_fuzz::{folder, peak};

const NAMES: [&str; 7] =
    ["test_batch", "test_batch.bin", "train", "train.bin", "batches.meta", "data_batch_1", "cifar.tar.gz"];

// A byte tells which file it is; the last one is an archive.
fuzz_target!(|bytes: &[u8]| {
    let Some((&which, content)) = bytes.split_first() else { return };
    let place = folder();
    let name = NAMES[usize::from(which) % NAMES.len()];
    let path = place.path().join(name);
    std::fs::write(&path, content).expect("a file");
    let path = if name.ends_with(".gz") { path } else { place.path().to_owned() };
    for made in import_ten_images(Files { paths: &[path], watch: &|_| {} }).unwrap_or_default() {
        // Of rows without names, none is known here.
        let (row, rows) = match &*made.path {
            "images/cifar10_2k_test.bin" if name == "test_batch.bin" => (3_073, 0),
            path if path.contains("cifar100") => (3_074, 100),
            _ => (3_073, 10),
        };
        assert!(name.ends_with(".gz") || made.bytes.len() == row * rows, "{}", made.path);
    }
    assert!(peak() < 1_000_000_000);
});
