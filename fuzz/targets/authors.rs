//! Files as those of the authors' release, with five rows: what is read gives tables of five rows, and memory stays bounded.

#![no_main]

use libfuzzer_sys::fuzz_target;
use nas_assay_data::files::Files;
use nas_assay_data::sources::authors::import_five_rows;
use nas_assay_fuzz::{folder, peak};

const NAMES: [&str; 10] = [
    "fig1_nb101_stat_acc.pkl",
    "fig4_nb301_gt_stat_acc.pkl",
    "archs.yaml",
    "resnet_gt_5k_3seed.pkl",
    "resnexta_gt_5k.pkl",
    "full_ordinal_search/1000.log",
    "full_search/1000.log",
    "iso_dict.txt",
    "deiso_dict.txt",
    "non-isom.txt",
];

// A byte tells which file it is. After a mark of four bytes, the next one follows.
fuzz_target!(|bytes: &[u8]| {
    let place = folder();
    let mut rest = bytes;
    while let Some((&which, content)) = rest.split_first() {
        let end = content.windows(4).position(|mark| mark == b"\n\xff\0\n").unwrap_or(content.len());
        let path = place.path().join(NAMES[usize::from(which) % NAMES.len()]);
        std::fs::create_dir_all(path.parent().expect("in the folder")).expect("a folder");
        std::fs::write(path, &content[..end]).expect("a file");
        rest = content.get(end + 4..).unwrap_or_default();
    }
    let made = import_five_rows(Files { paths: &[place.path().to_owned()], watch: &|_| {} });
    for made in made.unwrap_or_default() {
        let rows = if made.path.starts_with("truth/nb201") { 15_625 } else { 5 };
        assert_eq!(String::from_utf8(made.bytes).expect("text").lines().count(), rows + 1, "{}", made.path);
    }
    assert!(peak() < 1_000_000_000);
});
