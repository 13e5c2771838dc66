//! Official files as they lie on a disk: single files, folders, and archives of either.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use bzip2::read::MultiBzDecoder;
use flate2::read::MultiGzDecoder;

use crate::DataError;

/// Learns how many bytes of the sources were read.
pub type Watch<'a> = &'a (dyn Fn(u64) + Sync);

/// What to do with a file: its path within the folder or archive, with `/`, and its bytes.
pub type Each<'a> = &'a mut dyn FnMut(&str, &mut dyn Read) -> Result<(), DataError>;

/// The sources of an import.
#[derive(Clone, Copy)]
pub struct Files<'a> {
    /// Files and folders.
    pub paths: &'a [PathBuf],
    /// Learns how many bytes were read.
    pub watch: Watch<'a>,
}

impl std::fmt::Debug for Files<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Files").field(&self.paths).finish()
    }
}

impl Files<'_> {
    /// Shows every file of the sources: a single file under its name, the files of a folder or of an archive (zip, tar, and tar packed with
    /// gzip or bzip2) under their paths in it. Files of a folder come in the order of their names, those of an archive in its own. A single
    /// file that is packed with gzip or bzip2 is shown unpacked; a packed file within a folder or an archive is shown as it is
    /// ([`unpacked`]).
    ///
    /// # Errors
    /// If a source cannot be read, and those of `each`.
    pub fn each(&self, each: Each<'_>) -> Result<(), DataError> {
        self.paths.iter().try_for_each(|path| source(path, self.watch, each))
    }

    /// Every file on the disk: a single one with its name, those of a folder with their paths in it, in the order of their names.
    ///
    /// # Errors
    /// If a folder cannot be read.
    pub fn list(&self) -> Result<Vec<(String, PathBuf)>, DataError> {
        let mut found = Vec::new();
        for path in self.paths {
            if path.is_dir() {
                found.extend(folder(path)?);
            } else {
                found.push((name_of(path), path.clone()));
            }
        }
        Ok(found)
    }

    /// The bytes of a file as they are; [`watch`](Self::watch) learns of them.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn open(&self, path: &Path) -> Result<impl Read + Seek + use<'_>, DataError> {
        open(path, self.watch)
    }

    /// The bytes of all sources on the disk.
    ///
    /// # Errors
    /// If a source cannot be read.
    pub fn size(&self) -> Result<u64, DataError> {
        let mut sum = 0;
        for path in self.paths {
            let about = path.metadata().map_err(|source| read_error(path, source))?;
            if !about.is_dir() {
                sum += about.len();
                continue;
            }
            for (_, file) in folder(path)? {
                sum += file.metadata().map_err(|source| read_error(&file, source))?.len();
            }
        }
        Ok(sum)
    }
}

fn read_error(path: &Path, source: std::io::Error) -> DataError {
    DataError::Read { path: path.to_owned(), source }
}

/// The files below a folder: their paths in it, with `/`, and on the disk, in order. Links to folders are not followed.
fn folder(path: &Path) -> Result<Vec<(String, PathBuf)>, DataError> {
    let (mut found, mut left) = (Vec::new(), vec![(String::new(), path.to_owned())]);
    while let Some((prefix, folder)) = left.pop() {
        for entry in std::fs::read_dir(&folder).map_err(|source| read_error(&folder, source))? {
            let entry = entry.map_err(|source| read_error(&folder, source))?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            let kind = entry.file_type().map_err(|source| read_error(&entry.path(), source))?;
            if kind.is_dir() {
                left.push((format!("{name}/"), entry.path()));
            } else if entry.path().is_file() {
                found.push((name, entry.path()));
            }
        }
    }
    found.sort();
    Ok(found)
}

fn source(path: &Path, watch: Watch<'_>, each: Each<'_>) -> Result<(), DataError> {
    if path.is_dir() {
        for (name, file) in folder(path)? {
            let opened = open(&file, watch)?;
            each(&name, &mut BufReader::new(opened))?;
        }
        return Ok(());
    }
    let name = name_of(path);
    let mut file = open(path, watch)?;
    let mut start = [0; 4];
    let count = file.peek(&mut start).map_err(|source| read_error(path, source))?;
    shown(&name, &start[..count], file, each)
}

/// Shows a single file, or every file in it, as [`Files::each`] does. It begins with `start`, which is still to be read.
///
/// # Errors
/// If the file cannot be read, and those of `each`.
pub fn shown(name: &str, start: &[u8], file: impl Read + Seek, each: Each<'_>) -> Result<(), DataError> {
    if start.starts_with(b"PK\x03\x04") {
        return zipped(name, file, each);
    }
    let mut unpacked = unpacked(file).map_err(|error| DataError::part(name, &error))?;
    if let Some(packing) = unpacked.packing() {
        return Err(DataError::content(name, packing));
    }
    if unpacked.is_tar() { tarred(name, unpacked, each) } else { each(name, &mut unpacked) }
}

/// The last part of a path.
fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn open<'a>(path: &Path, watch: Watch<'a>) -> Result<Watched<'a>, DataError> {
    // A pipe or a device could not be read twice, and might never end.
    if path.exists() && !path.is_file() {
        let source = std::io::Error::new(std::io::ErrorKind::InvalidInput, "it is neither a regular file nor a folder");
        return Err(read_error(path, source));
    }
    let file = File::open(path).map_err(|source| read_error(path, source))?;
    Ok(Watched { file, watch })
}

/// A file whose reader tells how far it is.
struct Watched<'a> {
    file: File,
    watch: Watch<'a>,
}

impl Watched<'_> {
    /// The first bytes, which stay to be read.
    fn peek(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let count = fill(&mut self.file, into)?;
        self.file.seek(SeekFrom::Start(0))?;
        Ok(count)
    }
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.file.read(buffer)?;
        (self.watch)(count as u64);
        Ok(count)
    }
}

impl Seek for Watched<'_> {
    fn seek(&mut self, position: SeekFrom) -> std::io::Result<u64> {
        self.file.seek(position)
    }
}

/// Reads until `into` is full or the source ends.
pub(crate) fn fill(source: &mut impl Read, into: &mut [u8]) -> std::io::Result<usize> {
    let mut done = 0;
    while done < into.len() {
        match source.read(&mut into[done..]) {
            Ok(0) => break,
            Ok(count) => done += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

/// Bytes after what their beginning told.
pub struct Unpacked<'a> {
    start: Vec<u8>,
    used: usize,
    rest: Box<dyn Read + 'a>,
}

impl Unpacked<'_> {
    /// The first 512 bytes, or all if they are fewer. They are still to be read.
    pub fn start(&self) -> &[u8] {
        &self.start
    }

    /// What to say of it if it is packed in a way that is not unpacked.
    pub fn packing(&self) -> Option<&'static str> {
        match self.start[..] {
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some("it is packed with xz, which is not read"),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some("it is packed with zstd, which is not read"),
            _ => None,
        }
    }

    /// Whether it is a tar.
    pub fn is_tar(&self) -> bool {
        self.start.get(257..262) == Some(b"ustar")
    }
}

impl Read for Unpacked<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let left = &self.start[self.used..];
        if left.is_empty() {
            return self.rest.read(buffer);
        }
        let count = left.len().min(buffer.len());
        buffer[..count].copy_from_slice(&left[..count]);
        self.used += count;
        Ok(count)
    }
}

/// The content of a file that may be packed with gzip or bzip2.
///
/// # Errors
/// If it cannot be read.
pub fn unpacked<'a>(source: impl Read + 'a) -> std::io::Result<Unpacked<'a>> {
    const BUFFER: usize = 1 << 17;
    let mut source: Box<dyn Read + 'a> = Box::new(BufReader::with_capacity(BUFFER, source));
    let mut start = vec![0; 4];
    let count = fill(&mut source, &mut start)?;
    start.truncate(count);
    let packed = Unpacked { used: 0, start: start.clone(), rest: source };
    let mut rest: Box<dyn Read + 'a> = match &start[..] {
        [0x1f, 0x8b, ..] => Box::new(MultiGzDecoder::new(packed)),
        [b'B', b'Z', b'h', ..] => Box::new(MultiBzDecoder::new(packed)),
        _ => Box::new(packed),
    };
    // As much as a reader needs to see that this is a tar.
    let mut start = vec![0; 512];
    let count = fill(&mut rest, &mut start)?;
    start.truncate(count);
    Ok(Unpacked { start, used: 0, rest })
}

/// A name in an extension of a tar is not longer.
const LONGEST_NAME: u64 = 1 << 16;

/// A tar ends with two blocks of zeros.
const TAR_BLOCK: u64 = 512;

/// Counts the bytes that are read.
struct Counted<R> {
    source: R,
    count: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.count += count as u64;
        Ok(count)
    }
}

/// Shows every file of a tar. Long names are read as GNU's tar and those of POSIX write them.
///
/// # Errors
/// If the tar is damaged or does not end as a tar does, if it is of a kind that is not read, and those of `each`.
pub fn tarred(name: &str, source: Unpacked<'_>, each: Each<'_>) -> Result<(), DataError> {
    let damaged = |error: std::io::Error| DataError::part(name, &error);
    let mut archive = tar::Archive::new(Counted { source, count: 0 });
    let (mut end, mut long) = (0_u64, None);
    // The crate would read extensions as a whole, of any length.
    for entry in archive.entries().map_err(damaged)?.raw(true) {
        let mut entry = entry.map_err(damaged)?;
        let blocks = entry.size().div_ceil(TAR_BLOCK);
        end = entry.raw_file_position().saturating_add(blocks.saturating_mul(TAR_BLOCK));
        let kind = entry.header().entry_type();
        if kind.is_gnu_longname() || kind.is_pax_local_extensions() {
            long = extension(name, &mut entry)?.or(long);
            continue;
        }
        if kind.is_gnu_sparse() {
            return Err(DataError::content(name, "the tar has a file with holes, which is not read"));
        }
        if kind.is_gnu_longlink() {
            continue;
        }
        let named = long.take();
        if kind.is_file() {
            let path = named.unwrap_or_else(|| String::from_utf8_lossy(&entry.path_bytes()).into_owned());
            each(&path.replace('\\', "/"), &mut entry)?;
        }
    }
    // If the blocks of zeros are missing, the file was cut between two of its files.
    let mut source = archive.into_inner();
    std::io::copy(&mut source, &mut std::io::sink()).map_err(damaged)?;
    if source.count < end.saturating_add(2 * TAR_BLOCK) {
        let problem = format!("the tar ends after {} bytes without the zeros that a tar ends with", source.count);
        return Err(DataError::Damaged { file: name.to_owned(), problem });
    }
    Ok(())
}

/// The name of the next file, if this extension of a tar has it.
fn extension(name: &str, entry: &mut tar::Entry<'_, impl Read>) -> Result<Option<String>, DataError> {
    let refused = |problem: &str| Err(DataError::content(name, problem));
    if entry.size() > LONGEST_NAME {
        return refused(
            "the tar has a name or a description of a file with more than 64 kB, which no official file has",
        );
    }
    let mut bytes = Vec::new();
    entry.read_to_end(&mut bytes).map_err(|error| DataError::part(name, &error))?;
    if entry.header().entry_type().is_gnu_longname() {
        let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
        return Ok(Some(String::from_utf8_lossy(&bytes[..end]).into_owned()));
    }
    let mut path = None;
    for record in tar::PaxExtensions::new(&bytes) {
        let record = record.map_err(|error| DataError::part(name, &error))?;
        match record.key_bytes() {
            b"path" => path = Some(String::from_utf8_lossy(record.value_bytes()).into_owned()),
            // The header's own size is not that of the file then.
            b"size" | b"GNU.sparse.major" | b"GNU.sparse.map" => {
                return refused("the tar has a file of more than 8 GB or with holes, which is not read");
            }
            _ => {}
        }
    }
    Ok(path)
}

/// Shows every file of a zip.
///
/// # Errors
/// If the zip is damaged, if it has two files of the same name or is of a kind that is not read, and those of `each`.
pub fn zipped(name: &str, source: impl Read + Seek, each: Each<'_>) -> Result<(), DataError> {
    use zip::{CompressionMethod, result::ZipError};
    const METHOD: &str = "its files are packed by a method that is not read";
    let refused = |error: ZipError| match error {
        ZipError::CompressionMethodNotSupported(_) => DataError::content(name, METHOD),
        ZipError::UnsupportedArchive(what) => DataError::content(name, format!("this zip is not read: {what}")),
        other => DataError::Damaged { file: name.to_owned(), problem: other.to_string() },
    };
    let mut archive = zip::ZipArchive::new(BufReader::new(source)).map_err(refused)?;
    // Only the last of them could be shown.
    if archive.has_duplicate_names() {
        return Err(DataError::content(name, "it has two files of the same name"));
    }
    for place in 0..archive.len() {
        let mut entry = archive.by_index(place).map_err(refused)?;
        if !matches!(entry.compression(), CompressionMethod::Stored | CompressionMethod::Deflated) {
            return Err(DataError::content(name, METHOD));
        }
        if entry.is_file() {
            let path = entry.name().map_err(refused)?.replace('\\', "/");
            each(&path, &mut entry)?;
        }
    }
    Ok(())
}

/// The part of a path after the last `/`.
pub fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    /// The names and sizes of the files at a path.
    fn listed(path: &Path) -> Result<Vec<(String, u64)>, DataError> {
        let mut found = Vec::new();
        let paths = [path.to_owned()];
        Files { paths: &paths, watch: &|_| () }.each(&mut |name, read| {
            let size = std::io::copy(read, &mut std::io::sink()).map_err(|error| DataError::part(name, &error))?;
            found.push((name.to_owned(), size));
            Ok(())
        })?;
        Ok(found)
    }

    fn tar() -> Vec<u8> {
        let mut archive = tar::Builder::new(Vec::new());
        for (name, size) in [("data/b", 700_usize), ("data/a", 3)] {
            let mut header = tar::Header::new_ustar();
            header.set_size(size as u64);
            archive.append_data(&mut header, name, &*vec![7; size]).unwrap();
        }
        archive.into_inner().unwrap()
    }

    fn zip() -> Vec<u8> {
        let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, size) in [("data/b", 700), ("data/a", 3)] {
            archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            archive.write_all(&vec![7; size]).unwrap();
        }
        archive.finish().unwrap().into_inner()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(bytes).unwrap();
        packed.finish().unwrap()
    }

    fn bzip2(bytes: &[u8]) -> Vec<u8> {
        let mut packed = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
        packed.write_all(bytes).unwrap();
        packed.finish().unwrap()
    }

    #[test]
    fn folders_and_archives_show_the_same_files() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("all");
        std::fs::create_dir_all(place.join("data")).unwrap();
        std::fs::write(place.join("data/a"), [7; 3]).unwrap();
        std::fs::write(place.join("data/b"), [7; 700]).unwrap();
        let expected = [("data/a".to_owned(), 3), ("data/b".to_owned(), 700)];
        assert_eq!(listed(&place).unwrap(), expected);
        for packed in [tar(), gzip(&tar()), bzip2(&tar()), zip()] {
            let file = folder.path().join("archive");
            std::fs::write(&file, packed).unwrap();
            assert!(listed(&file).unwrap().iter().rev().eq(&expected));
        }
        // A single file is unpacked.
        for packed in [vec![1; 2_000], gzip(&[1; 2_000]), bzip2(&[1; 2_000])] {
            std::fs::write(folder.path().join("one"), packed).unwrap();
            assert_eq!(listed(&folder.path().join("one")).unwrap(), [("one".to_owned(), 2_000)]);
        }
        assert!(listed(&folder.path().join("none")).unwrap_err().to_string().starts_with("failed to read "));
    }

    #[test]
    fn a_file_that_is_cut_is_fetched_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("archive");
        let cut = |whole: &[u8], cut: usize| {
            std::fs::write(&file, &whole[..cut]).unwrap();
            let message = listed(&file).unwrap_err().to_string();
            assert!(message.contains("may be truncated or damaged: fetch it again"), "{cut}: {message}");
        };
        for whole in [gzip(&tar()), bzip2(&tar()), zip(), tar()] {
            // A tar is known by its first block.
            let from = if whole.len() % 512 == 0 { 512 } else { 8 };
            (from..whole.len()).step_by(3).chain([whole.len() - 1]).for_each(|at| cut(&whole, at));
            std::fs::write(&file, &whole).unwrap();
            assert_eq!(listed(&file).unwrap().len(), 2);
        }
        // Between its files, and before or within the zeros at its end; also where a file ends with zeros itself.
        let mut archive = tar::Builder::new(Vec::new());
        let zeros = vec![0; 4_096];
        for name in ["a", "b"] {
            let mut header = tar::Header::new_ustar();
            header.set_size(4_096);
            archive.append_data(&mut header, name, &*zeros).unwrap();
        }
        for whole in [tar(), archive.into_inner().unwrap()] {
            (512..whole.len()).step_by(512).for_each(|at| cut(&whole, at));
            for packed in [gzip, bzip2] {
                for at in (512..whole.len()).step_by(512) {
                    let packed = packed(&whole[..at]);
                    cut(&packed, packed.len());
                }
            }
        }
    }

    #[test]
    fn long_names_of_a_tar_are_read_up_to_a_limit() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("archive");
        let extended = |kind: u8, content: &[u8]| {
            let mut archive = tar::Builder::new(Vec::new());
            let mut header = tar::Header::new_ustar();
            header.set_entry_type(tar::EntryType::new(kind));
            header.set_size(content.len() as u64);
            archive.append_data(&mut header, "extension", content).unwrap();
            for name in ["short", "other"] {
                let mut header = tar::Header::new_ustar();
                header.set_size(3);
                archive.append_data(&mut header, name, &[7; 3][..]).unwrap();
            }
            std::fs::write(&file, gzip(&archive.into_inner().unwrap())).unwrap();
            listed(&file).map(|found| found.into_iter().map(|(name, _)| name).collect::<Vec<_>>())
        };
        let long = "x".repeat(30_000);
        let pax = |key: &str, value: &str| format!("{} {key}={value}\n", value.len() + key.len() + 8).into_bytes();
        let whole = [long.clone(), "other".to_owned()];
        assert_eq!(extended(b'L', format!("{long}\0").as_bytes()).unwrap(), whole);
        assert_eq!(extended(b'x', &pax("path", &long)).unwrap(), whole);
        assert_eq!(extended(b'x', b"11 mtime=1\n").unwrap(), ["short", "other"]);
        for kind in *b"Kg" {
            assert_eq!(extended(kind, &vec![b'x'; 200_000]).unwrap(), ["short", "other"]);
        }
        for kind in *b"Lx" {
            let message = extended(kind, &vec![b'x'; 70_000]).unwrap_err().to_string();
            assert!(message.contains("with more than 64 kB"), "{message}");
        }
        let message = extended(b'x', b"10 size=3\n").unwrap_err().to_string();
        assert!(message.contains("a file of more than 8 GB or with holes"), "{message}");
        assert!(extended(b'S', b"").unwrap_err().to_string().contains("a file with holes"));
    }

    #[test]
    fn archives_of_other_kinds_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let message = |bytes: &[u8]| {
            std::fs::write(folder.path().join("archive"), bytes).unwrap();
            listed(&folder.path().join("archive")).unwrap_err().to_string()
        };
        let mut whole = zip();
        // The names `data/a` and `data/b` are there twice each, before the files and in the list at the end.
        for at in 0..whole.len() - 6 {
            if whole[at..].starts_with(b"data/b") {
                whole[at + 5] = b'a';
            }
        }
        assert_eq!(message(&whole), "archive: it has two files of the same name");
        let mut whole = zip();
        for at in 0..whole.len() - 12 {
            // The method is at another place in the list at the end.
            for (start, place) in [(b"PK\x03\x04", 8), (b"PK\x01\x02", 10)] {
                if whole[at..].starts_with(start) {
                    whole[at + place] = 12;
                }
            }
        }
        assert_eq!(message(&whole), "archive: its files are packed by a method that is not read");
        assert_eq!(message(b"\xfd7zXZ\0..."), "archive: it is packed with xz, which is not read");
        assert_eq!(message(b"\x28\xb5\x2f\xfd..."), "archive: it is packed with zstd, which is not read");
    }
}
