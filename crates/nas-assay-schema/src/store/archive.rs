//! Archives of stores.
//!
//! An archive is an uncompressed tar file (ustar) of plain files:
//!
//! ```text
//! PACKED.json    what the archive is: its format, that of the store, the machine and the program that packed it; it has a seal
//! PLACE ...      files of the store, in the order of their places
//! ```
//!
//! A header is determined by the place and the size of its file. So one store gives the same bytes at any time, and no byte of an archive
//! is taken on trust: contents have their seals, and headers, padding and the end are compared with what has to be there. Only what
//! [`write_entry`] and [`write_end`] have written is read; no entry can leave the store, because every place is one of a file of a store.

use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use nas_assay_base::text::printable;
use serde::{Deserialize, Serialize};

use super::merge::MergeError;
use super::place::{check, kind_of};
use super::sealed::{to_sealed_json, without_seal};
use super::survey::Kind;
use super::{FORMAT, STORE_FORMAT, StoreError};

/// The version of the layout above.
pub(super) const ARCHIVE_FORMAT: u32 = 1;

/// The name of the first entry.
const PACKED: &str = "PACKED.json";

/// Tar files consist of blocks of so many bytes.
const BLOCK: usize = 512;

/// What the first entry of an archive says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Packed {
    /// [`ARCHIVE_FORMAT`].
    pub format: u32,
    /// The version of the store's layout.
    pub store_format: u32,
    /// The version of nas-assay.
    pub version: String,
    /// The name of the machine that packed the store, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
}

/// The only field that all formats have.
#[derive(Deserialize)]
struct Layout {
    format: u32,
}

/// Whether the file at a place belongs into an archive. The lock, the name of the latest record, signs of workers and unfinished files do not.
pub(super) fn is_kept(place: &str, kind: Kind) -> bool {
    match kind {
        Kind::Foreign | Kind::Temporary | Kind::Worker => false,
        Kind::Store => place == FORMAT,
        _ => true,
    }
}

fn header_of(place: &str, size: u64) -> io::Result<tar::Header> {
    let mut header = tar::Header::new_ustar();
    header.set_path(place)?;
    header.set_entry_type(tar::EntryType::Regular);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(size);
    header.set_cksum();
    Ok(header)
}

/// Number of zeros after a content of this size.
fn padding(size: u64) -> usize {
    (size.next_multiple_of(BLOCK as u64) - size) as usize
}

/// Writes the first entry.
pub(super) fn write_packed(to: &mut dyn Write, packed: &Packed) -> io::Result<()> {
    write_entry(to, PACKED, &to_sealed_json(packed, PACKED).map_err(io::Error::other)?)
}

/// Writes an entry.
pub(super) fn write_entry(to: &mut dyn Write, place: &str, content: &[u8]) -> io::Result<()> {
    to.write_all(header_of(place, content.len() as u64)?.as_bytes())?;
    to.write_all(content)?;
    to.write_all(&[0; BLOCK][..padding(content.len() as u64)])
}

/// Writes the end. An archive without it is truncated.
pub(super) fn write_end(to: &mut dyn Write) -> io::Result<()> {
    to.write_all(&[0; 2 * BLOCK])
}

/// What takes files one after the other: the place, the kind and the content of each.
pub(super) type Act<'a, E> = dyn FnMut(&str, Kind, Vec<u8>) -> Result<(), E> + 'a;

/// What an archive is read from.
pub(super) trait Readable: Read + Seek {}

impl<T: Read + Seek> Readable for T {}

/// An archive whose first entry was read.
pub(super) struct Archive {
    path: PathBuf,
    from: Box<dyn Readable>,
    /// The position after the first entry.
    start: u64,
    packed: Packed,
}

impl Archive {
    /// Reads the first entry; `path` is for errors.
    ///
    /// # Errors
    /// If it is no archive of this format, or of a store of another format.
    pub(super) fn open(path: &Path, from: Box<dyn Readable>) -> Result<Self, MergeError> {
        let packed = Packed { format: 0, store_format: 0, version: String::new(), host: None };
        let mut archive = Self { path: path.to_owned(), from, start: 0, packed };
        let Some((place, size)) = archive.header(None)? else {
            return Err(archive.unusable("it has no entry"));
        };
        let content = archive.content(&place, size)?;
        let text = without_seal(content, PACKED)
            .map_err(|error| archive.unusable(format!("its entry `{PACKED}`: {error}")))?;
        let broken = |error: serde_json::Error| archive.unusable(format!("its entry `{PACKED}`: {error}"));
        let Layout { format } = serde_json::from_slice(&text).map_err(broken)?;
        if format != ARCHIVE_FORMAT {
            return Err(archive.other_format("", format, ARCHIVE_FORMAT));
        }
        let packed: Packed = serde_json::from_slice(&text).map_err(broken)?;
        if packed.store_format != STORE_FORMAT {
            return Err(archive.other_format("the store in it has ", packed.store_format, STORE_FORMAT));
        }
        archive.start = archive.from.stream_position().map_err(|source| archive.unreadable(source))?;
        archive.packed = packed;
        Ok(archive)
    }

    /// The name of the machine that packed it, if it is known.
    pub(super) fn host(&self) -> Option<&str> {
        self.packed.host.as_deref()
    }

    /// Gives each wanted file to `act`, after its seal was checked. All headers are checked; contents that are not wanted are passed over.
    pub(super) fn visit<E: From<MergeError>>(
        &mut self,
        wanted: &dyn Fn(&str) -> bool,
        act: &mut Act<'_, E>,
    ) -> Result<(), E> {
        self.from.seek(SeekFrom::Start(self.start)).map_err(|source| self.unreadable(source))?;
        let mut before = String::new();
        while let Some((place, size)) = self.header(Some(&before))? {
            if wanted(&place) {
                let content = self.content(&place, size)?;
                let kind = kind_of(&place);
                check(kind, &place, &self.path.join(&place), &content).map_err(|error| match error {
                    StoreError::Damaged { problem, .. } => {
                        self.unusable(format!("its entry `{}`: {problem}", printable(&place)))
                    }
                    error => error.into(),
                })?;
                act(&place, kind, content)?;
            } else {
                let rest = i64::try_from(size.saturating_add(padding(size) as u64)).unwrap_or(i64::MAX);
                self.from.seek_relative(rest).map_err(|source| self.unreadable(source))?;
            }
            before = place;
        }
        Ok(())
    }

    /// Reads the next header: a place and a size, or `None` at the end. `before` is the place before; `None` for the first header.
    fn header(&mut self, before: Option<&str>) -> Result<Option<(String, u64)>, MergeError> {
        let mut block = [0; BLOCK];
        self.exactly(&mut block)?;
        if block == [0; BLOCK] {
            return self.end().map(|()| None);
        }
        let header = tar::Header::from_byte_slice(&block);
        let sum = |(place, byte): (usize, &u8)| if (148..156).contains(&place) { 32 } else { u32::from(*byte) };
        if header.cksum().ok() != Some(block.iter().enumerate().map(sum).sum()) {
            return Err(self.unusable(match before {
                None => "it is no tar file".to_owned(),
                Some(before) => format!("the header after its entry `{}` is damaged", printable(before)),
            }));
        }
        let place = String::from_utf8_lossy(&header.path_bytes()).into_owned();
        let entry = format!("its entry `{}`", printable(&place));
        match before {
            None if place == PACKED => {}
            None => {
                let problem = format!("nas-assay did not write it: {entry} stands where `{PACKED}` would be");
                return Err(self.unusable(problem));
            }
            Some(_) if !is_kept(&place, kind_of(&place)) => {
                return Err(self.unusable(format!("{entry} is no file of a store")));
            }
            Some(before) if place.as_str() <= before => {
                return Err(self.unusable(format!("{entry} is there twice or in another order")));
            }
            Some(_) => {}
        }
        if !header.entry_type().is_file() {
            return Err(self.unusable(format!("{entry} is no plain file")));
        }
        match header.entry_size() {
            Ok(size) if header_of(&place, size).is_ok_and(|written| *written.as_bytes() == block) => {
                Ok(Some((place, size)))
            }
            _ => Err(self.unusable(format!("{entry} has a header that nas-assay did not write"))),
        }
    }

    /// Reads the content of an entry and the zeros after it.
    fn content(&mut self, place: &str, size: u64) -> Result<Vec<u8>, MergeError> {
        let mut content = Vec::new();
        (&mut self.from).take(size).read_to_end(&mut content).map_err(|source| self.unreadable(source))?;
        if (content.len() as u64) < size {
            return Err(self.unusable(format!("it is truncated: it ends inside its entry `{}`", printable(place))));
        }
        let mut rest = [0; BLOCK];
        let rest = &mut rest[..padding(size)];
        self.exactly(rest)?;
        if rest.iter().any(|&byte| byte != 0) {
            return Err(self.unusable(format!("it is damaged after its entry `{}`", printable(place))));
        }
        Ok(content)
    }

    /// Reads what follows the first block of the end.
    fn end(&mut self) -> Result<(), MergeError> {
        let mut rest = Vec::new();
        (&mut self.from).take(BLOCK as u64 + 1).read_to_end(&mut rest).map_err(|source| self.unreadable(source))?;
        if rest.len() < BLOCK {
            return Err(self.unusable("it is truncated"));
        }
        if rest == [0; BLOCK] { Ok(()) } else { Err(self.unusable("there is something after its end")) }
    }

    fn exactly(&mut self, bytes: &mut [u8]) -> Result<(), MergeError> {
        self.from.read_exact(bytes).map_err(|source| match source.kind() {
            ErrorKind::UnexpectedEof => self.unusable("it is truncated"),
            _ => self.unreadable(source),
        })
    }

    fn unusable(&self, problem: impl Into<String>) -> MergeError {
        MergeError::Archive { path: self.path.clone(), problem: problem.into() }
    }

    fn unreadable(&self, source: io::Error) -> MergeError {
        MergeError::Read { path: self.path.clone(), source }
    }

    fn other_format(&self, what: &'static str, found: u32, known: u32) -> MergeError {
        MergeError::OtherFormat { path: self.path.clone(), what, found, known }
    }
}
