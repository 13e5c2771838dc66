//! The files in which a release comes: which there are, what is in them, and whether all of it is there.

use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom};

use md5::{Digest, Md5};
use nas_assay_base::text::shortened;
use nas_assay_spaces::nb201::{Architecture, COUNT};
use rayon::prelude::*;

use super::record::{self, Record};
use super::tables::Benchmark;
use crate::files::{self, Files, Unpacked, file_name};
use crate::pickle::{Parts, PickleError, Problem, Stream, Tree, View, WHOLE};
use crate::{DataError, torch};

/// What is wanted, for messages.
pub(super) const WANTED: &str = "wanted is NAS-Bench-201-v1_1-096897.pth, NAS-Bench-201-v1_0-e61699.pth, \
                                 NATS-tss-v1_0-3ffb9.pickle.pbz2, or the folder NATS-tss-v1_0-3ffb9-simple or its tar";

/// Memory for one file of one architecture, unpacked and read.
const ONE: usize = 64_000_000;

/// A file of one architecture is not longer than that, packed or not.
const LONGEST: u64 = 16_000_000;

/// How many files of single architectures are decoded at once, and how many bytes they may have.
const BATCH: usize = 64;
const BATCH_BYTES: usize = 64_000_000;

/// What a file is by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Name {
    /// The record of one architecture.
    One(usize),
    /// The list of architectures beside such records.
    Meta,
    /// All architectures, or an archive.
    All,
    /// `NASLib`'s form.
    Naslib,
    Other,
}

impl Name {
    fn of(name: &str) -> Self {
        let whole = file_name(name);
        let stem = whole.strip_suffix(".pbz2").unwrap_or(whole);
        if let Some(stem) = stem.strip_suffix(".pickle") {
            return match stem {
                "meta" => Self::Meta,
                _ if stem.len() == 6 && stem.bytes().all(|byte| byte.is_ascii_digit()) => {
                    stem.parse().map_or(Self::Other, Self::One)
                }
                _ if stem.starts_with("nb201_") => Self::Naslib,
                _ if stem.starts_with("NATS-tss-") => Self::All,
                _ => Self::Other,
            };
        }
        let ends = |ends: &[&str]| ends.iter().any(|end| whole.ends_with(end));
        let archive = whole.starts_with("NATS-tss-") && ends(&[".tar", ".tar.gz", ".tgz", ".zip"]);
        let torch = whole.starts_with("NAS-Bench-201-") && ends(&[".pth"]);
        // The last is the object in a zip of torch.
        if archive || torch || whole == "data.pkl" { Self::All } else { Self::Other }
    }
}

/// The end of the MD5 that an official name tells.
fn promised(name: &str) -> Option<&str> {
    let name = file_name(name);
    let stem = match name.strip_suffix(".pth") {
        Some(stem) if name.starts_with("NAS-Bench-201-v") => stem,
        None if name.starts_with("NATS-tss-v") => name.strip_suffix(".pickle.pbz2")?,
        _ => return None,
    };
    let (_, end) = stem.rsplit_once('-')?;
    let is_digest = (5..=6).contains(&end.len()) && end.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    is_digest.then_some(end)
}

/// Bytes, and their MD5 if it is wanted.
struct Hashed<R> {
    source: R,
    md5: Option<Md5>,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        if let Some(md5) = &mut self.md5 {
            md5.update(&buffer[..count]);
        }
        Ok(count)
    }
}

impl<R: Read> Hashed<R> {
    fn new(source: R, promised: Option<&str>) -> Self {
        Self { source, md5: promised.map(|_| Md5::new()) }
    }

    /// Reads to the end, and compares with what the name promises.
    fn check(mut self, name: &str) -> Result<(), DataError> {
        let Some(end) = promised(name) else { return Ok(()) };
        io::copy(&mut self, &mut io::sink()).map_err(|error| DataError::part(name, &error))?;
        let digest = self.md5.map(|md5| format!("{:x}", md5.finalize())).unwrap_or_default();
        if digest.ends_with(end) {
            return Ok(());
        }
        Err(DataError::content(
            name,
            format!(
                "the name says that its MD5 ends in {end}, but it is {digest}: the file is damaged or not whole; if you made \
                 or saved it yourself, give it another name"
            ),
        ))
    }
}

/// The records of one file, folder or archive.
#[derive(Debug, Default)]
struct Collected {
    records: Vec<Option<Box<Record>>>,
}

impl Collected {
    /// # Errors
    /// If the architecture was there before, or a record is of another release.
    fn insert(&mut self, record: Record) -> Result<(), String> {
        let index = record.index;
        if let Some(other) = self.records.iter().flatten().next().filter(|other| other.release != record.release) {
            let (this, other) = (record.release.name(), other.release.name());
            return Err(format!("architecture {index} is as in {this}, others are as in {other}"));
        }
        if self.records.len() <= index {
            self.records.resize_with(index + 1, || None);
        }
        match self.records[index].replace(Box::new(record)) {
            Some(_) => Err(format!("architecture {index} is there twice")),
            None => Ok(()),
        }
    }

    /// The whole release of `count` architectures.
    fn finish(self, file: &str, count: usize) -> Result<Benchmark, DataError> {
        let known = self.records.iter().flatten().count();
        let missing = (0..count).find(|&index| self.records.get(index).is_none_or(Option::is_none));
        if let Some(missing) = missing {
            let problem = format!("it has {known} of the {count} architectures; number {missing} is missing");
            return Err(DataError::Damaged { file: file.to_owned(), problem });
        }
        let records: Vec<Record> = self.records.into_iter().flatten().map(|record| *record).collect();
        match records.first() {
            Some(first) if records.len() == count => {
                let benchmark = Benchmark { release: first.release, file: file.to_owned(), records };
                benchmark.check_seeds().map_err(|problem| DataError::content(file, problem))?;
                Ok(benchmark)
            }
            _ => Err(DataError::content(file, format!("it has {known} architectures, more than {count}"))),
        }
    }
}

/// Reads every release in the sources: those with the first `count` architectures of the benchmark.
pub(super) fn read(sources: Files<'_>, count: usize) -> Result<Vec<Benchmark>, DataError> {
    let mut reader = Reader { count, ..Reader::default() };
    for path in sources.paths {
        let is_folder = path.is_dir();
        let here = Files { paths: std::slice::from_ref(path), ..sources };
        let prefix = if is_folder { format!("{}/", path.display()) } else { String::new() };
        for (name, file) in here.list()? {
            let kind = Name::of(&name);
            if is_folder && matches!(kind, Name::Other | Name::Naslib) {
                reader.naslib |= kind == Name::Naslib;
                continue;
            }
            reader.file(&format!("{prefix}{name}"), || here.open(&file), !is_folder)?;
        }
    }
    reader.finish()
}

/// What was read so far.
#[derive(Default)]
struct Reader {
    count: usize,
    /// Whole releases.
    found: Vec<Benchmark>,
    /// Records from files of single architectures, by the folder or archive.
    folders: BTreeMap<String, Collected>,
    /// Such files that are still to be decoded: their names, and their bytes.
    batch: Vec<(String, Vec<u8>)>,
    batch_bytes: usize,
    /// Whether a file of `NASLib` was passed over.
    naslib: bool,
}

impl Reader {
    /// Reads a file of the disk. One that was `asked` for by name must be known.
    fn file<R: Read + Seek>(
        &mut self,
        name: &str,
        open: impl Fn() -> Result<R, DataError>,
        asked: bool,
    ) -> Result<(), DataError> {
        if let kind @ (Name::One(_) | Name::Meta) = Name::of(name) {
            return self.one(name, kind, &mut open()?);
        }
        let mut file = open()?;
        let mut start = Vec::new();
        let damaged = |error: io::Error| DataError::part(name, &error);
        file.by_ref().take(4).read_to_end(&mut start).map_err(damaged)?;
        file.seek(SeekFrom::Start(0)).map_err(damaged)?;
        if start == *b"PK\x03\x04" {
            // A zip is not read from its beginning to its end.
            if promised(name).is_some() {
                Hashed::new(open()?, promised(name)).check(name)?;
            }
            let before = self.seen();
            files::zipped(name, file, &mut |entry, bytes| self.entry(name, entry, bytes))?;
            return self.known(before, name, asked);
        }
        let mut file = Hashed::new(file, promised(name));
        {
            let bytes = files::unpacked(&mut file).map_err(damaged)?;
            if let Some(packing) = bytes.packing().filter(|_| asked) {
                return Err(DataError::content(name, packing));
            }
            let before = self.seen();
            if bytes.is_tar() {
                files::tarred(name, bytes, &mut |entry, bytes| self.entry(name, entry, bytes))?;
                self.known(before, name, asked)?;
            } else {
                self.all(name, bytes)?;
            }
        }
        file.check(name)
    }

    /// How much is known.
    fn seen(&self) -> usize {
        self.found.len() + self.folders.len() + self.batch.len()
    }

    /// Refuses an archive that was asked for and has nothing of the benchmark.
    fn known(&self, before: usize, name: &str, asked: bool) -> Result<(), DataError> {
        if asked && self.seen() == before {
            return Err(DataError::content(name, format!("this archive has no file of NAS-Bench-201: {WANTED}")));
        }
        Ok(())
    }

    /// Reads a file of an archive, if it is of the benchmark.
    fn entry(&mut self, archive: &str, entry: &str, bytes: &mut dyn Read) -> Result<(), DataError> {
        let name = format!("{archive}/{entry}");
        match Name::of(entry) {
            kind @ (Name::One(_) | Name::Meta) => self.one(&name, kind, bytes),
            Name::All => {
                let mut bytes = Hashed::new(bytes, promised(entry));
                let unpacked = files::unpacked(&mut bytes).map_err(|error| DataError::part(&*name, &error))?;
                self.all(&name, unpacked)?;
                bytes.check(&name)
            }
            Name::Naslib => {
                self.naslib = true;
                Ok(())
            }
            Name::Other => Ok(()),
        }
    }

    /// Takes a file of one architecture, to be decoded with others; or the list beside them.
    fn one(&mut self, name: &str, kind: Name, source: &mut dyn Read) -> Result<(), DataError> {
        let mut bytes = Vec::new();
        let damaged = |error: io::Error| DataError::part(name, &error);
        source.take(LONGEST + 1).read_to_end(&mut bytes).map_err(damaged)?;
        if bytes.len() as u64 > LONGEST {
            return Err(DataError::content(
                name,
                format!("it has more than {} MB; that is no single architecture", LONGEST / 1_000_000),
            ));
        }
        if kind == Name::Meta {
            let unpacked = files::unpacked(&bytes[..]).map_err(damaged)?;
            let tree = whole(unpacked).map_err(|error| DataError::pickle(name, &error))?;
            return architectures(tree.root()).map_err(|problem| DataError::content(name, problem));
        }
        self.batch_bytes += bytes.len();
        self.batch.push((name.to_owned(), bytes));
        if self.batch.len() == BATCH || self.batch_bytes >= BATCH_BYTES {
            self.decode()?;
        }
        Ok(())
    }

    /// Decodes the files that were taken.
    fn decode(&mut self) -> Result<(), DataError> {
        self.batch_bytes = 0;
        let batch = std::mem::take(&mut self.batch);
        let records: Vec<Result<Record, DataError>> =
            batch.par_iter().with_max_len(1).map(|(name, bytes)| single(name, bytes)).collect();
        for ((name, _), record) in batch.iter().zip(records) {
            let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
            let records = self.folders.entry(folder.to_owned()).or_default();
            records.insert(record?).map_err(|problem| DataError::content(name, problem))?;
        }
        Ok(())
    }

    /// Reads a file of all architectures.
    fn all(&mut self, name: &str, source: Unpacked<'_>) -> Result<(), DataError> {
        let mut collected = Collected::default();
        // The indices in the order of the file.
        let mut order = Vec::new();
        let each = |part: View<'_>| {
            if part.get("cost_info").is_some() || part.get("train_time").is_some() {
                return Err(format!(
                    "this is NASLib's form of NAS-Bench-201: it has one seed, and what it calls `eval` is the accuracy \
                     on the test images; {WANTED}"
                ));
            }
            let record = record::read(part)?;
            order.push(record.index as i64);
            collected.insert(record)
        };
        let parts = Parts::With(&[&["full", "less"], &["12", "200"], &["flops", "params", "latency", "train_time"]]);
        let tree = if torch::is_legacy(source.start()) {
            torch::legacy(source, WHOLE, parts, each)
        } else if source.start().starts_with(b"\x80") {
            let mut stream = Stream::new(source);
            stream.parts(WHOLE, parts, each).and_then(|tree| ended(&mut stream, tree))
        } else if promised(name).is_some() {
            let problem = "it does not begin as the file of this name does".to_owned();
            return Err(DataError::Damaged { file: name.to_owned(), problem });
        } else {
            return Err(DataError::content(name, format!("this is no file of NAS-Bench-201: {WANTED}")));
        };
        let tree = tree.map_err(|error| match error.problem {
            Problem::Instruction(b'Q') => DataError::content(
                name,
                format!("it holds tensors: it is a file of weights, or the archive of a single architecture; {WANTED}"),
            ),
            _ => DataError::pickle(name, &error),
        })?;
        let content = |problem: String| DataError::content(name, problem);
        architectures(tree.root()).map_err(content)?;
        let Some(infos) = tree.root().get("arch2infos").filter(|infos| infos.is_dict()) else {
            return Err(content(format!("it has the names of the architectures, but no accuracies; {WANTED}")));
        };
        let keys: Vec<i64> = infos.items().filter_map(|(key, _)| key.int()).collect();
        if keys != order {
            let place =
                keys.iter().zip(&order).position(|(key, index)| key != index).unwrap_or(keys.len().min(order.len()));
            return Err(content(format!(
                "`arch2infos` has {} keys and {} records; at place {place} the key is not the architecture's index",
                keys.len(),
                order.len()
            )));
        }
        self.found.push(collected.finish(name, self.count)?);
        Ok(())
    }

    /// All whole releases.
    fn finish(mut self) -> Result<Vec<Benchmark>, DataError> {
        self.decode()?;
        for (folder, collected) in std::mem::take(&mut self.folders) {
            let file = if folder.is_empty() { "the files of single architectures" } else { &*folder };
            self.found.push(collected.finish(file, self.count)?);
        }
        if self.found.is_empty() {
            let naslib = if self.naslib {
                "; NASLib's pickles are not read: they have one seed, and what they call `eval` is the accuracy on the test images"
            } else {
                ""
            };
            return Err(DataError::Incomplete(format!("no file of NAS-Bench-201 was found: {WANTED}{naslib}")));
        }
        Ok(self.found)
    }
}

/// A pickle as a whole, in a file without anything else.
fn whole(source: impl Read) -> Result<Tree, PickleError> {
    let mut stream = Stream::new(source);
    let tree = stream.whole(ONE)?;
    ended(&mut stream, tree)
}

/// Refuses what follows a pickle.
fn ended<R: Read>(stream: &mut Stream<R>, tree: Tree) -> Result<Tree, PickleError> {
    if stream.is_done()? {
        return Ok(tree);
    }
    Err(PickleError { at: stream.position(), problem: Problem::Damaged("the file goes on after its end") })
}

/// Decodes the file of one architecture.
fn single(name: &str, bytes: &[u8]) -> Result<Record, DataError> {
    let unpacked = files::unpacked(bytes).map_err(|error| DataError::part(name, &error))?;
    let tree = whole(unpacked).map_err(|error| DataError::pickle(name, &error))?;
    let record = record::read(tree.root()).map_err(|problem| DataError::content(name, problem))?;
    match Name::of(name) {
        Name::One(index) if index == record.index => Ok(record),
        _ => Err(DataError::content(
            name,
            format!("it is the record of architecture {}, and should be called {0:06}.pickle.pbz2", record.index),
        )),
    }
}

/// Checks the list of architectures.
fn architectures(root: View<'_>) -> Result<(), String> {
    let list = root.get("meta_archs").ok_or_else(|| {
        let is = root.items().next().and_then(|(key, _)| key.text()).map_or_else(
            || root.kind().to_owned(),
            |key| format!("{} that begins with `{}`", root.kind(), shortened(key)),
        );
        format!("it has no `meta_archs`: it is {is}, no file of NAS-Bench-201; {WANTED}")
    })?;
    if list.len() != COUNT || root.get("total_archs").and_then(View::int) != Some(COUNT as i64) {
        return Err(format!("it names {} architectures; the benchmark has {COUNT}", list.len()));
    }
    for (index, text) in list.elements().enumerate() {
        let due = Architecture::at_benchmark_index(index).map(|cell| cell.to_string());
        if text.text() != due.as_deref() {
            return Err(format!(
                "`meta_archs` has {} at {index}, where the benchmark has {}",
                shortened(text.text().unwrap_or("no text")),
                due.unwrap_or_default()
            ));
        }
    }
    Ok(())
}
