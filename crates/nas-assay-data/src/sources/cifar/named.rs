//! CIFAR-10 in the layout for Python, where images have names.

use std::collections::BTreeMap;
use std::io::Read;

use md5::{Digest, Md5};

use super::python::{Pickled, labels};
use super::{Batch, CLASSES, PIXELS, Rule, Seen, Split};
use crate::DataError;

/// The MD5 of the official batches, `data_batch_1` to `test_batch`.
const OFFICIAL: [&str; 6] = [
    "c99cafc152244af753f735de768cd75f",
    "d4bba439e000b95fd0a9bffe97cbabec",
    "54ebc095f3ab1f0389bbae665268c751",
    "634d18415352ddfa80567beed471001a",
    "482c414d41f54cd18b22e5b47cb7c3cb",
    "40351d587109b95175f43aff81a1287e",
];

const LAYOUT: &str = "Python";

/// Rows by their keys.
type Rows = BTreeMap<[u8; 16], Box<[u8]>>;

/// The images of least key of each class. The key of an image is the MD5 of `CLASS/NAME`, such as `truck/transporter_s_000371.png`.
pub(super) struct Named<'a> {
    rule: &'a Rule,
    seen: Seen,
    /// By split and class.
    kept: [[Rows; 10]; 2],
    /// Batches that are not the official files.
    unofficial: Vec<Batch>,
}

impl<'a> Named<'a> {
    pub(super) fn new(rule: &'a Rule) -> Self {
        Self { rule, seen: Seen::default(), kept: Default::default(), unofficial: Vec::new() }
    }

    /// Reads a batch.
    pub(super) fn batch(&mut self, batch: Batch, path: &str, read: &mut dyn Read) -> Result<(), DataError> {
        self.seen.begin(batch, path)?;
        let file = Pickled::read(path, read)?;
        if file.has("fine_labels") {
            let problem = format!("it is a file of CIFAR-100; {} of CIFAR-10 is due", batch.name());
            return Err(DataError::content(path, problem));
        }
        let data = file.images(self.rule.batch)?;
        let caption = file.get("batch_label")?;
        if caption.text() != Some(batch.caption().as_str()) {
            let found = caption.text().map_or_else(|| caption.kind().to_owned(), nas_assay_base::text::quoted);
            let problem = format!("its `batch_label` is {found}; that of {} is \"{}\"", batch.name(), batch.caption());
            return Err(DataError::content(path, problem));
        }
        let labels = labels(&file, "labels", self.rule.batch)?;
        let names = file.get("filenames")?;
        if names.len() != self.rule.batch {
            let problem = format!("it has {} file names for {} images", names.len(), self.rule.batch);
            return Err(DataError::content(path, problem));
        }
        let kept = &mut self.kept[batch.split() as usize];
        for (row, ((pixels, label), name)) in data.chunks_exact(PIXELS).zip(labels).zip(names.elements()).enumerate() {
            let Some(name) = name.text() else {
                let problem = format!("the file name of row {row} is {}", name.kind());
                return Err(DataError::content(path, problem));
            };
            let class = CLASSES.get(label).copied().unwrap_or_default();
            let key: [u8; 16] = Md5::digest(format!("{class}/{name}")).into();
            self.seen.image(batch, path, row, key, label)?;
            let (class, most) = (&mut kept[label], self.rule.kept[batch.split() as usize]);
            if class.len() < most || class.last_key_value().is_some_and(|(last, _)| key < *last) {
                class.insert(key, [&[label as u8], pixels].concat().into());
            }
            if class.len() > most {
                class.pop_last();
            }
        }
        if file.md5() != OFFICIAL[batch.0] {
            self.unofficial.push(batch);
        }
        Ok(())
    }

    /// The kept rows of a split in the order of their keys; `None` if no batch of it was read.
    pub(super) fn rows(&self, split: Split) -> Result<Option<Vec<u8>>, DataError> {
        if !self.seen.is_complete(split, LAYOUT)? {
            return Ok(None);
        }
        self.seen.check_counts(split, LAYOUT, self.rule.batch)?;
        let mut rows: Vec<_> = self.kept[split as usize].iter().flatten().collect();
        rows.sort_unstable_by_key(|&(key, _)| *key);
        Ok(Some(rows.into_iter().flat_map(|(_, row)| row.iter().copied()).collect()))
    }

    /// Which batches of a split are not the official files, as a sentence.
    pub(super) fn unofficial(&self, split: Split) -> Vec<String> {
        let of: Vec<String> =
            self.unofficial.iter().filter(|batch| batch.split() == split).map(|batch| batch.name()).collect();
        match of.len() {
            0 => Vec::new(),
            1 => vec![format!("By MD5, {} is not the official file", of[0])],
            _ => vec![format!("By MD5, {} are not the official files", of.join(", "))],
        }
    }
}
