//! CIFAR-100: all rows in the binary layout, 3,074 bytes each: the coarse label, the fine one, then the planes.

use std::io::Read;

use super::binary::whole;
use super::python::{Pickled, labels};
use super::{PIXELS, Split};
use crate::{DataError, Made};

/// Bytes of a row.
pub(super) const ROW: usize = 2 + PIXELS;

/// Fine classes, and coarse ones of five fine ones each.
const FINE: usize = 100;
const COARSE: usize = 20;

/// The MD5 of the official files for Python.
const OFFICIAL: [&str; 2] = ["16019d7e3df5f24257cddd939b257f8d", "f0ef6b0ae62326f3e7ffdfab6717acfc"];

/// The files that were read.
pub(super) struct Hundred {
    /// Images for training and for the test.
    due: [usize; 2],
    rows: [Option<Vec<u8>>; 2],
    /// By split, the paths of the file for Python and of the binary one.
    paths: [[Option<String>; 2]; 2],
    /// Whether a file for Python is not the official one.
    unofficial: [bool; 2],
}

impl Hundred {
    pub(super) fn new(due: [usize; 2]) -> Self {
        Self { due, rows: [None, None], paths: Default::default(), unofficial: [false; 2] }
    }

    /// Reads a file for Python.
    pub(super) fn python(&mut self, split: Split, path: &str, read: &mut dyn Read) -> Result<(), DataError> {
        let count = self.due[split as usize];
        let file = Pickled::read(path, read)?;
        if !file.has("fine_labels") && file.has("labels") {
            return Err(DataError::content(path, "it has `labels`, as CIFAR-10; `fine_labels` of CIFAR-100 are due"));
        }
        let pixels = file.images(count)?;
        let (fine, coarse) = (labels(&file, "fine_labels", count)?, labels(&file, "coarse_labels", count)?);
        let mut rows = Vec::with_capacity(count * ROW);
        for (row, (pixels, (coarse, fine))) in pixels.chunks_exact(PIXELS).zip(coarse.into_iter().zip(fine)).enumerate()
        {
            let (Ok(coarse), Ok(fine)) = (u8::try_from(coarse), u8::try_from(fine)) else {
                return Err(DataError::content(path, format!("row {row} has a label that no class has")));
            };
            rows.extend([coarse, fine]);
            rows.extend(pixels);
        }
        self.unofficial[split as usize] = file.md5() != OFFICIAL[split as usize];
        drop(file);
        self.add(split, 0, path, rows)
    }

    /// Reads a file of the binary layout.
    pub(super) fn binary(&mut self, split: Split, path: &str, read: &mut dyn Read) -> Result<(), DataError> {
        let rows = whole(path, read, self.due[split as usize], ROW, "CIFAR-100")?;
        self.add(split, 1, path, rows)
    }

    fn add(&mut self, split: Split, layout: usize, path: &str, rows: Vec<u8>) -> Result<(), DataError> {
        check(path, &rows, self.due[split as usize])?;
        if let Some(other) = self.paths[split as usize][layout].replace(path.to_owned()) {
            return Err(DataError::content(path, format!("the same file was read before, from {other}")));
        }
        match &self.rows[split as usize] {
            Some(before) if *before != rows => {
                let problem = "the layout for Python and the binary one have different rows";
                Err(DataError::content(split.hundred(), problem))
            }
            _ => {
                self.rows[split as usize] = Some(rows);
                Ok(())
            }
        }
    }

    /// What is made of them.
    pub(super) fn made(&mut self) -> Vec<Made> {
        let mut made = Vec::new();
        for (split, rows) in Split::ALL.into_iter().zip(std::mem::take(&mut self.rows)) {
            let Some(bytes) = rows else { continue };
            let [python, binary] = &self.paths[split as usize];
            let notes = match (python, binary) {
                (Some(path), _) if self.unofficial[split as usize] => {
                    vec![format!("By MD5, {path} is not the official file")]
                }
                (None, Some(path)) => {
                    vec![format!("No digest of {path} alone is known: the counts of its classes were checked")]
                }
                _ => Vec::new(),
            };
            made.push(Made { path: split.hundred().to_owned(), bytes, notes });
        }
        made
    }
}

/// Each fine class has as many images as the others and one coarse class, which has five.
fn check(path: &str, rows: &[u8], count: usize) -> Result<(), DataError> {
    let refused = |problem: String| Err(DataError::content(path, problem));
    let (mut counts, mut coarse_of) = ([0; FINE], [None; FINE]);
    for (row, bytes) in rows.chunks_exact(ROW).enumerate() {
        let (coarse, fine) = (usize::from(bytes[0]), usize::from(bytes[1]));
        if fine >= FINE || coarse >= COARSE {
            return refused(format!("row {row} has the labels {coarse} and {fine}; CIFAR-100 has 20 and 100 classes"));
        }
        counts[fine] += 1;
        let known = *coarse_of[fine].get_or_insert(coarse);
        if known != coarse {
            return refused(format!(
                "row {row} puts the fine class {fine} into the coarse class {coarse}, not {known}"
            ));
        }
    }
    let due = count / FINE;
    if let Some(fine) = counts.iter().position(|&found| found != due) {
        return refused(format!("the fine class {fine} has {} images; {due} are due", counts[fine]));
    }
    let sizes = (0..COARSE).map(|coarse| coarse_of.iter().filter(|&&of| of == Some(coarse)).count());
    match sizes.enumerate().find(|&(_, size)| size != FINE / COARSE) {
        Some((coarse, size)) => refused(format!("the coarse class {coarse} has {size} fine ones; five are due")),
        None => Ok(()),
    }
}
