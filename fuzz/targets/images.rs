//! CIFAR-10 files.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use nas_assay::images::cifar;

fuzz_target!(|bytes: &[u8]| {
    let half = bytes.len() / 2;
    for files in [vec![bytes], vec![&bytes[..half], &bytes[half..]]] {
        let named = files.iter().map(|file| (Path::new("a file"), *file));
        if let Ok(set) = cifar::parse("images", named) {
            assert_eq!(set.len() * 3073, bytes.len());
        }
    }
});
