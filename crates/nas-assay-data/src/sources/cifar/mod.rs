//! The official files of CIFAR-10 and CIFAR-100 (Krizhevsky 2009), in the layout for Python and in the binary one, as folders or archives.
//!
//! Of CIFAR-10, 1,000 training images and 200 test images a class are kept: those whose names have the least MD5. The binary layout has no
//! names; there, the first bytes of the SHA-256 of each kept row tell which rows they are. So the order of the official rows does not matter,
//! and both layouts give the same bytes, which are known by their SHA-256. Of CIFAR-100, all rows are kept in their order.

mod binary;
mod hundred;
mod named;
pub(super) mod python;
#[cfg(test)]
mod real_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) mod writer;

use std::collections::HashMap;
use std::io::Read;

use nas_assay_base::digest::sha256_hex;

use crate::files::{Files, file_name};
use crate::{DataError, Made, catalogue};

use binary::Prefixed;
use hundred::Hundred;
use named::Named;

/// The classes of CIFAR-10, in the order of their labels.
const CLASSES: [&str; 10] = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/// Values of an image: 32 x 32 pixels in three planes.
const PIXELS: usize = 3_072;

/// How many images files have, which of them are kept, and what is made of them.
struct Rule {
    /// Images of a batch of CIFAR-10.
    batch: usize,
    /// Images of each class of CIFAR-10 that are kept of the training and the test batches.
    kept: [usize; 2],
    /// For each kept row, the first five bytes of its SHA-256, in the order of the rows.
    index: [&'static [u8]; 2],
    /// Whether the images that are made of CIFAR-10 must have the known SHA-256; not so in tests.
    pinned: bool,
    /// Images of CIFAR-100 for training and for the test.
    hundred: [usize; 2],
}

const OFFICIAL: Rule = Rule {
    batch: 10_000,
    kept: [1_000, 200],
    index: [include_bytes!("../../hints/cifar10_10k_train.index"), include_bytes!("../../hints/cifar10_2k_test.index")],
    pinned: true,
    hundred: [50_000, 10_000],
};

/// Training images or test images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Split {
    Train,
    Test,
}

impl Split {
    const ALL: [Self; 2] = [Self::Train, Self::Test];

    /// What is made of CIFAR-10.
    const fn ten(self) -> &'static str {
        match self {
            Self::Train => "images/cifar10_10k_train.bin",
            Self::Test => "images/cifar10_2k_test.bin",
        }
    }

    /// What is made of CIFAR-100.
    const fn hundred(self) -> &'static str {
        match self {
            Self::Train => "images/cifar100_train.bin",
            Self::Test => "images/cifar100_test.bin",
        }
    }
}

/// A batch of CIFAR-10: 0 to 4 for training, 5 for the test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Batch(usize);

impl Batch {
    const ALL: [Self; 6] = [Self(0), Self(1), Self(2), Self(3), Self(4), Self(5)];

    /// The batch of an official name, without the ending of the binary layout.
    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|batch| batch.name() == name)
    }

    fn name(self) -> String {
        if self.split() == Split::Test { "test_batch".to_owned() } else { format!("data_batch_{}", self.0 + 1) }
    }

    /// What a batch for Python says of itself.
    fn caption(self) -> String {
        match self.split() {
            Split::Train => format!("training batch {} of 5", self.0 + 1),
            Split::Test => "testing batch 1 of 1".to_owned(),
        }
    }

    const fn split(self) -> Split {
        if self.0 < 5 { Split::Train } else { Split::Test }
    }
}

/// The batches of a layout that were read, and their images.
#[derive(Default)]
struct Seen {
    paths: [Option<String>; 6],
    /// For what is unique to an image, its batch.
    images: HashMap<[u8; 16], Batch>,
    /// How many images each class has, of each split.
    counts: [[usize; 10]; 2],
}

impl Seen {
    /// A batch is going to be read.
    fn begin(&mut self, batch: Batch, path: &str) -> Result<(), DataError> {
        match self.paths[batch.0].replace(path.to_owned()) {
            Some(other) => Err(DataError::content(path, format!("{} was read before, from {other}", batch.name()))),
            None => Ok(()),
        }
    }

    /// An image is read: its row in the batch, what is unique to it, and its label.
    fn image(&mut self, batch: Batch, path: &str, row: usize, key: [u8; 16], label: usize) -> Result<(), DataError> {
        let Some(count) = self.counts[batch.split() as usize].get_mut(label) else {
            let problem = format!("row {row} has the label {label}; CIFAR-10 has labels from 0 to 9");
            return Err(DataError::content(path, problem));
        };
        *count += 1;
        let Some(other) = self.images.insert(key, batch) else { return Ok(()) };
        let which = if other == batch { "this batch".to_owned() } else { other.name() };
        let problem =
            format!("row {row} is an image that {which} has already: all official images differ, so a batch is a copy");
        Err(DataError::content(path, problem))
    }

    /// Whether the batches of a split are there: all or none.
    fn is_complete(&self, split: Split, layout: &str) -> Result<bool, DataError> {
        let of = |there: bool| -> Vec<String> {
            let all = Batch::ALL.into_iter().filter(|batch| batch.split() == split);
            all.filter(|batch| self.paths[batch.0].is_some() == there).map(Batch::name).collect()
        };
        let (given, missing) = (of(true), of(false));
        match (&given[..], &missing[..]) {
            ([], _) => Ok(false),
            (_, []) => Ok(true),
            _ => Err(DataError::Incomplete(format!(
                "{} needs all five training batches; {} missing of the {layout} layout (given: {})",
                split.ten(),
                listed(&missing),
                given.join(", ")
            ))),
        }
    }

    /// Whether each class has as many images as it should.
    fn check_counts(&self, split: Split, layout: &str, batch: usize) -> Result<(), DataError> {
        let due = batch * if split == Split::Train { 5 } else { 1 } / 10;
        for (class, &count) in CLASSES.iter().zip(&self.counts[split as usize]) {
            if count != due {
                let what = if split == Split::Train { "training" } else { "test" };
                let problem =
                    format!("{count} {what} images of the class {class} in the {layout} layout; CIFAR-10 has {due}");
                return Err(DataError::content(split.ten(), problem));
            }
        }
        Ok(())
    }
}

/// "X is", or "X, Y are".
fn listed(names: &[String]) -> String {
    format!("{} {}", names.join(", "), if names.len() == 1 { "is" } else { "are" })
}

/// Makes `images/cifar10_10k_train.bin` and `images/cifar10_2k_test.bin` of CIFAR-10, and `images/cifar100_train.bin` and
/// `images/cifar100_test.bin` of CIFAR-100: each for which the files are given. Files of other names are left alone. If both layouts are
/// given, both must give the same.
///
/// # Errors
/// If nothing can be made; if some of the five training batches are missing; if a file is not what its name says; if an image is there
/// twice; and if what is made of CIFAR-10 has another SHA-256 than the known one.
pub fn import(files: Files<'_>) -> Result<Vec<Made>, DataError> {
    make(files, &OFFICIAL)
}

/// As [`import`], of invented batches of ten images, one of each class; of CIFAR-100, 100 images: what random inputs are given to.
#[doc(hidden)]
pub fn import_ten_images(files: Files<'_>) -> Result<Vec<Made>, DataError> {
    make(files, &Rule { batch: 10, kept: [1, 1], index: [&[], &[]], pinned: false, hundred: [100, 100] })
}

/// As [`import`], by a rule.
fn make(files: Files<'_>, rule: &Rule) -> Result<Vec<Made>, DataError> {
    let mut all = All {
        named: Named::new(rule),
        prefixed: Prefixed::new(rule)?,
        hundred: Hundred::new(rule.hundred),
        others: Vec::new(),
    };
    files.each(&mut |path, read| all.file(path, read))?;
    all.made(rule)
}

/// Everything that was read.
struct All<'a> {
    named: Named<'a>,
    prefixed: Prefixed<'a>,
    hundred: Hundred,
    /// Files of other names, the first few.
    others: Vec<String>,
}

impl All<'_> {
    fn file(&mut self, path: &str, read: &mut dyn Read) -> Result<(), DataError> {
        const SHOWN: usize = 5;
        let name = file_name(path);
        let stem = name.strip_suffix(".bin");
        match (stem.unwrap_or(name), stem) {
            ("train", None) => self.hundred.python(Split::Train, path, read),
            ("test", None) => self.hundred.python(Split::Test, path, read),
            ("train", Some(_)) => self.hundred.binary(Split::Train, path, read),
            ("test", Some(_)) => self.hundred.binary(Split::Test, path, read),
            ("batches.meta", None) => python::check_classes(path, read),
            (stem, ending) => match (Batch::named(stem), ending) {
                (Some(batch), None) => self.named.batch(batch, path, read),
                (Some(batch), Some(_)) => self.prefixed.batch(batch, path, read),
                (None, _) => {
                    if self.others.len() < SHOWN {
                        self.others.push(path.to_owned());
                    }
                    Ok(())
                }
            },
        }
    }

    fn made(mut self, rule: &Rule) -> Result<Vec<Made>, DataError> {
        let mut made = Vec::new();
        for split in Split::ALL {
            let named = self.named.rows(split)?;
            let prefixed = self.prefixed.rows(split)?;
            let same = named.is_none() || prefixed.is_none() || named == prefixed;
            if !same {
                let problem = "the layout for Python and the binary one give different images".to_owned();
                return Err(DataError::content(split.ten(), problem));
            }
            let notes = if named.is_some() { self.named.unofficial(split) } else { Vec::new() };
            let Some(bytes) = named.or(prefixed) else { continue };
            check_pin(rule, split, &bytes, &notes)?;
            made.push(Made { path: split.ten().to_owned(), bytes, notes });
        }
        made.extend(self.hundred.made());
        if made.is_empty() { Err(DataError::Incomplete(self.nothing())) } else { Ok(made) }
    }

    /// That nothing can be made, and why.
    fn nothing(&self) -> String {
        let mut message =
            "no file of CIFAR-10 or CIFAR-100 was found; their names are data_batch_1 to data_batch_5, test_batch, \
             `train`, `test`, each with .bin in the binary layout"
                .to_owned();
        if !self.others.is_empty() {
            message.push_str("; there are ");
            message.push_str(&self.others.join(", "));
        }
        let ends = |ending: &str| self.others.iter().any(|path| path.ends_with(ending));
        if ends(".tar.gz") || ends(".tgz") || ends(".zip") {
            message += ". Archives within a folder are not opened; an archive itself can be given";
        }
        if ends("val_data") || self.others.iter().any(|path| file_name(path).starts_with("train_data_batch_")) {
            message += ". These are names of ImageNet16, whose source is `imagenet16`";
        }
        message
    }
}

/// The known SHA-256 of what is made of CIFAR-10.
fn check_pin(rule: &Rule, split: Split, bytes: &[u8], notes: &[String]) -> Result<(), DataError> {
    let (due, found) = (catalogue::digest_of(split.ten()).unwrap_or_default(), sha256_hex(bytes));
    if !rule.pinned || found == due {
        return Ok(());
    }
    let why = if notes.is_empty() { String::new() } else { format!(". {}", notes.join(". ")) };
    let problem = format!("the given files make it with SHA-256 {found}; {due} is due: they are not CIFAR-10's{why}");
    Err(DataError::content(split.ten(), problem))
}
