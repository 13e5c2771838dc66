//! JSON, records, tables and pickles of NDS, NAS-Bench-101, NAS-Bench-301, NAS-Bench-Suite-Zero, HW-NAS-Bench and TransNAS-Bench-101.

#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use nas_assay_data::files::Files;
use nas_assay_data::sources::{hardware, nb101, nb301, nds, suite_zero, tnb101};
use nas_assay_data::tfrecord::masked;

/// Most memory that the process may ever take, in kB: what a pickle may, and the fuzzer's own.
const MEMORY: u64 = 1_500_000;

static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let memory = std::path::Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a temporary folder")
});

fuzz_target!(|bytes: &[u8]| {
    let Some((&kind, bytes)) = bytes.split_first() else { return };
    // Records have checksums, which random bytes never have.
    let records = || {
        let parts = bytes.split(|&byte| byte == 0xff);
        let records = parts.flat_map(|part| {
            let length = (part.len() as u64).to_le_bytes();
            [&length[..], &masked(&length).to_le_bytes(), part, &masked(part).to_le_bytes()].concat()
        });
        records.collect::<Vec<u8>>()
    };
    let (name, content) = match kind % 16 {
        0 => ("ResNet_rng1.json", bytes.to_vec()),
        1 => ("ResNeXt-A.json", bytes.to_vec()),
        2 => ("a.tfrecord", records()),
        3 => ("a.pkl", bytes.to_vec()),
        4 => ("results_0.json", bytes.to_vec()),
        5 => ("zc_nasbench101.json", bytes.to_vec()),
        6 => ("zc_nasbench201.json", bytes.to_vec()),
        7 => ("zc_nasbench301.json", bytes.to_vec()),
        8 => ("HW-NAS-Bench-v1_0.pickle", bytes.to_vec()),
        9 => ("hw_cifar10.csv", bytes.to_vec()),
        10 => ("transnas-bench_v10141024.pth", bytes.to_vec()),
        // The object of the same file, without what torch puts around it.
        11 => ("data.pkl", bytes.to_vec()),
        _ => ("benchmark--transbench101_micro--jigsaw--0.json", bytes.to_vec()),
    };
    let paths: [PathBuf; 1] = [FOLDER.path().join(name)];
    std::fs::write(&paths[0], content).expect("a file in the temporary folder");
    let files = Files { paths: &paths, watch: &|_| () };
    for import in [nds::import, nb101::import, nb301::import, suite_zero::import, hardware::import, tnb101::import] {
        match import(files) {
            Ok(made) => assert!(made.iter().all(|made| made.bytes.ends_with(b"\n")), "{made:?}"),
            Err(error) => assert!(error.to_string().len() < 100_000, "{error}"),
        }
    }
    let most = most_memory().unwrap_or(0);
    assert!(most < MEMORY, "{most} kB of memory");
});

/// The most memory that the process has taken so far, in kB, where the system tells.
fn most_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}
