//! The pickles of both sets.

use std::io::Read;

use md5::{Digest, Md5};

use super::{CLASSES, PIXELS};
use crate::DataError;
use crate::pickle::{Stream, Tree, View, WHOLE};

/// A pickle of a dictionary, with its MD5.
pub(in crate::sources) struct Pickled<'a> {
    path: &'a str,
    tree: Tree,
    md5: String,
}

/// A source with the MD5 of what was read of it.
struct Hashed<'a> {
    source: &'a mut dyn Read,
    md5: Md5,
}

impl Read for Hashed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.md5.update(&buffer[..count]);
        Ok(count)
    }
}

impl<'a> Pickled<'a> {
    /// Reads the file at `path`.
    pub(in crate::sources) fn read(path: &'a str, source: &mut dyn Read) -> Result<Self, DataError> {
        let pickle = |error| DataError::pickle(path, &error);
        let mut source = Hashed { source, md5: Md5::new() };
        let mut stream = Stream::new(&mut source);
        let tree = stream.whole(WHOLE).map_err(pickle)?;
        if !stream.is_done().map_err(pickle)? {
            return Err(DataError::content(path, "there are bytes after the end of the pickle"));
        }
        if !tree.root().is_dict() {
            let problem = format!("it is a pickle of {}; the official files have a dictionary", tree.root().kind());
            return Err(DataError::content(path, problem));
        }
        let md5 = format!("{:x}", source.md5.finalize());
        Ok(Self { path, tree, md5 })
    }

    pub(in crate::sources) fn has(&self, key: &str) -> bool {
        self.tree.root().get(key).is_some()
    }

    /// The value of a key.
    pub(in crate::sources) fn get(&self, key: &str) -> Result<View<'_>, DataError> {
        let missing = || DataError::content(self.path, format!("it has no `{key}`"));
        self.tree.root().get(key).ok_or_else(missing)
    }

    /// The pixels of `rows` images.
    pub(in crate::sources) fn images(&self, rows: usize) -> Result<&[u8], DataError> {
        let data = self.get("data")?;
        let due = format!("an array of {rows} x {PIXELS} bytes is due");
        let problem = match data.array().map(|array| (array.shape(), array.bytes())) {
            Some((&[found, PIXELS], Some(bytes))) if found == rows => return Ok(bytes),
            Some((&[_, 768], _)) => format!("its images have 16 x 16 pixels, as those of ImageNet16; {due}"),
            Some((shape, Some(_))) => {
                let shape: Vec<String> = shape.iter().map(usize::to_string).collect();
                format!("its `data` has {} bytes; {due}", shape.join(" x "))
            }
            Some((_, None)) => format!("its `data` is no array of bytes; {due}"),
            None => format!("its `data` is {}; {due}", data.kind()),
        };
        Err(DataError::content(self.path, problem))
    }

    /// The pixels of images with so many bytes each.
    pub(in crate::sources) fn pixels(&self, bytes: usize) -> Result<&[u8], DataError> {
        let data = self.get("data")?;
        match data.array().map(|array| (array.shape(), array.bytes())) {
            Some((&[_, found], Some(pixels))) if found == bytes => Ok(pixels),
            _ => Err(DataError::content(self.path, format!("its `data` is no array of rows of {bytes} bytes"))),
        }
    }

    /// In hexadecimal.
    pub(in crate::sources) fn md5(&self) -> &str {
        &self.md5
    }
}

/// A list of `rows` labels. Whether a class has this label is left to the reader.
pub(in crate::sources) fn labels(file: &Pickled<'_>, key: &str, rows: usize) -> Result<Vec<usize>, DataError> {
    let list = file.get(key)?;
    if list.len() != rows {
        let problem = format!("its `{key}` are {}; {rows} are due", list.len());
        return Err(DataError::content(file.path, problem));
    }
    let label = |(row, label): (usize, View<'_>)| {
        let label = label.int().and_then(|label| usize::try_from(label).ok());
        label.ok_or_else(|| DataError::content(file.path, format!("row {row} of `{key}` is no label")))
    };
    list.elements().enumerate().map(label).collect()
}

/// Checks that `batches.meta` has the classes in the order that is taken for granted.
pub(in crate::sources) fn check_classes(path: &str, source: &mut dyn Read) -> Result<(), DataError> {
    let file = Pickled::read(path, source)?;
    let names = file.get("label_names")?;
    if names.elements().map(View::text).eq(CLASSES.map(Some)) {
        return Ok(());
    }
    Err(DataError::content(path, format!("its `label_names` are not {}", CLASSES.join(", "))))
}
