//! CIFAR-10 in the binary layout, where a row is known by its bytes alone.

use std::collections::HashMap;
use std::io::Read;

use sha2::{Digest, Sha256};

use super::{Batch, PIXELS, Rule, Seen, Split};
use crate::DataError;

/// Bytes of a row: label and pixels.
pub(super) const ROW: usize = 1 + PIXELS;

/// Bytes of the SHA-256 of a row in an index. Over all official training images, five are unique; four are not.
const PREFIX: usize = 5;

const LAYOUT: &str = "binary";

/// The rows of an index, in its order.
pub(super) struct Prefixed<'a> {
    rule: &'a Rule,
    seen: Seen,
    /// For each prefix, its split and its place in the index.
    wanted: HashMap<[u8; PREFIX], (Split, usize)>,
    /// By split and place: the rows that were found, and where. Empty until a batch of the split is read.
    rows: [Vec<u8>; 2],
    found: [Vec<Option<String>>; 2],
}

impl<'a> Prefixed<'a> {
    pub(super) fn new(rule: &'a Rule) -> Result<Self, DataError> {
        let mut wanted = HashMap::new();
        for split in Split::ALL {
            for (place, prefix) in rule.index[split as usize].as_chunks().0.iter().enumerate() {
                if wanted.insert(*prefix, (split, place)).is_some() {
                    return Err(DataError::content(split.ten(), "its index has a prefix twice"));
                }
            }
        }
        Ok(Self { rule, seen: Seen::default(), wanted, rows: Default::default(), found: Default::default() })
    }

    /// Reads a batch.
    pub(super) fn batch(&mut self, batch: Batch, path: &str, read: &mut dyn Read) -> Result<(), DataError> {
        self.seen.begin(batch, path)?;
        let bytes = whole(path, read, self.rule.batch, ROW, "CIFAR-10")?;
        for split in Split::ALL {
            let count = self.rule.index[split as usize].len() / PREFIX;
            self.rows[split as usize].resize(count * ROW, 0);
            self.found[split as usize].resize(count, None);
        }
        // Images of the other split. One may begin in SHA-256 as a wanted one by chance.
        let mut strangers = 0;
        for (row, bytes) in bytes.chunks_exact(ROW).enumerate() {
            let digest: [u8; 32] = Sha256::digest(bytes).into();
            let (key, _) = digest.split_first_chunk().unwrap_or((&[0; 16], &[]));
            self.seen.image(batch, path, row, *key, usize::from(bytes[0]))?;
            let (prefix, _) = digest.split_first_chunk().unwrap_or((&[0; PREFIX], &[]));
            let Some(&(split, place)) = self.wanted.get(prefix) else { continue };
            if split != batch.split() {
                strangers += 1;
                continue;
            }
            let here = format!("row {row} of {path}");
            if let Some(other) = self.found[split as usize][place].replace(here) {
                let problem = format!("row {row} begins in SHA-256 as {other}, and official rows do not");
                return Err(DataError::content(path, problem));
            }
            self.rows[split as usize][place * ROW..][..ROW].copy_from_slice(bytes);
        }
        if strangers > 1 {
            let (are, due) = match batch.split() {
                Split::Train => ("test", "training"),
                Split::Test => ("training", "test"),
            };
            let problem = format!("it has {strangers} {are} images; a {due} batch is due: is it another batch?");
            return Err(DataError::content(path, problem));
        }
        Ok(())
    }

    /// The rows of a split; `None` if no batch of it was read.
    pub(super) fn rows(&mut self, split: Split) -> Result<Option<Vec<u8>>, DataError> {
        if !self.seen.is_complete(split, LAYOUT)? {
            return Ok(None);
        }
        self.seen.check_counts(split, LAYOUT, self.rule.batch)?;
        let found = &self.found[split as usize];
        let missing = found.iter().filter(|place| place.is_none()).count();
        if missing > 0 {
            let problem = format!(
                "{missing} of its {} images are in no batch of the {LAYOUT} layout: the given files are not CIFAR-10's",
                found.len()
            );
            return Err(DataError::content(split.ten(), problem));
        }
        Ok(Some(std::mem::take(&mut self.rows[split as usize])))
    }
}

/// The content of a file of `rows` rows of `row` bytes.
pub(super) fn whole(path: &str, read: &mut dyn Read, rows: usize, row: usize, set: &str) -> Result<Vec<u8>, DataError> {
    let damaged = |error: std::io::Error| DataError::part(path, &error);
    let (due, mut bytes) = ((rows * row) as u64, Vec::new());
    read.take(due).read_to_end(&mut bytes).map_err(damaged)?;
    let found = bytes.len() as u64 + std::io::copy(read, &mut std::io::sink()).map_err(damaged)?;
    if found == due {
        return Ok(bytes);
    }
    let is = match found {
        30_730_000 => ", as a batch of CIFAR-10",
        153_700_000 | 30_740_000 => ", as a file of CIFAR-100",
        _ if found < due => "; it may be truncated",
        _ => "",
    };
    let problem = format!("it has {found} bytes{is}; {due} are due: {rows} images of {set} with {row} bytes each");
    Err(DataError::content(path, problem))
}
