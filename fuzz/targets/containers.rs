//! Archives and packed files: nothing panics, no more memory is held than unpacking takes, and a file on the disk shows what it shows in
//! memory.

#![no_main]

use std::io::{Cursor, Read};
use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::{Corpus, fuzz_target};
use nas_assay_data::DataError;
use nas_assay_data::files::{self, Files};
use nas_assay_fuzz::folder;
use nas_assay_fuzz::memory::{PeakAlloc, peak_of};
use nas_assay_fuzz::packing::{gzip, sum_tar, zip};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Longer inputs are not read: they find nothing more, and take long.
const LONGEST: usize = 3_072;

/// 128 kB of the source, 32 kB of what is packed, 45 kB to inflate, 128 kB for a long name, and small things.
const BUFFERS: usize = 400_000;

/// Blocks of bzip2: four bytes for each of 900,000, and tables.
const BZIP2: usize = 4_200_000;

/// For each byte of the file: the directory of a zip has at least 46 for each file in it, of which some hundred are kept several times while
/// lists double, and names of files in a tar are copied.
const EACH: usize = 64;

static FOLDER: LazyLock<(tempfile::TempDir, PathBuf)> = LazyLock::new(|| {
    let folder = folder();
    let file = folder.path().join("a file");
    (folder, file)
});

/// A sum over the names and bytes that are shown, at most a megabyte.
#[derive(Debug, Default, PartialEq)]
struct Seen(u64, u64);

impl Seen {
    fn file(&mut self, name: &str, read: &mut dyn Read) -> Result<(), DataError> {
        let mut buffer = [0; 4_096];
        for byte in name.bytes() {
            self.0 = self.0.wrapping_mul(0x0100_0000_01b3) ^ u64::from(byte);
        }
        loop {
            let count = read.read(&mut buffer).map_err(|error| DataError::part(name, &error))?;
            if count == 0 {
                return Ok(());
            }
            self.1 += count as u64;
            if self.1 > 1_000_000 {
                return Err(DataError::content(name, "long"));
            }
            for &byte in &buffer[..count.min(64)] {
                self.0 = self.0.wrapping_mul(0x0100_0000_01b3) ^ u64::from(byte);
            }
        }
    }
}

// The first byte says what is made of the rest.
fuzz_target!(|bytes: &[u8]| -> Corpus {
    let Some((&how, bytes)) = bytes.split_first().filter(|(_, bytes)| bytes.len() <= LONGEST) else {
        return Corpus::Reject;
    };
    let mut file = bytes.to_vec();
    match how & 7 {
        0 | 1 => {}
        2 | 3 => sum_tar(&mut file),
        4 => file = gzip(&file),
        5 => {
            sum_tar(&mut file);
            file = gzip(&file);
        }
        _ => {
            let parts: Vec<_> = bytes.splitn(5, |&byte| byte == 0xff).collect();
            let names = |place: usize| &parts[place][..parts[place].len().min(usize::from(how >> 6))];
            let files: Vec<_> = (0..parts.len()).map(|place| (names(place), how & 1 == 1, parts[place])).collect();
            file = zip(&files);
        }
    }
    let start = file[..file.len().min(4)].to_vec();
    let mut seen = Seen::default();
    let (shown, peak) =
        peak_of(|| files::shown("a file", &start, Cursor::new(&file), &mut |name, read| seen.file(name, read)));
    let most = BUFFERS + EACH * file.len();
    let packed = || file.windows(3).any(|part| part == b"BZh");
    assert!(peak < most || peak < most + BZIP2 && packed(), "{peak} bytes of memory");
    if let Err(error) = &shown {
        assert!(error.to_string().len() < 10_000);
    }
    if how >> 3 & 7 == 1 && bytes.len() % 8 == 0 {
        std::fs::write(&FOLDER.1, &file).expect("a file in the temporary folder");
        let mut again = Seen::default();
        let paths = std::slice::from_ref(&FOLDER.1);
        let read = Files { paths, watch: &|_| () }.each(&mut |name, read| again.file(name, read));
        assert_eq!((read.map_err(|error| error.to_string()), again), (shown.map_err(|error| error.to_string()), seen));
    }
    Corpus::Keep
});
