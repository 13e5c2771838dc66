//! The folder with the data files of a user.

use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use nas_assay_base::sha256_hex;
use sha2::{Digest, Sha256};

/// The environment variable with the data root. It is used if the option `--data-root` is not given.
pub const VARIABLE: &str = "NAS_ASSAY_DATA";

/// A file of the data root cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DataRootError {
    /// The file does not exist.
    #[error("data file {} not found: give the folder that contains {} with --data-root or NAS_ASSAY_DATA{}", path.display(), file.display(), how_to_make(file))]
    Missing {
        /// The full path.
        path: PathBuf,
        /// The path in the data root.
        file: PathBuf,
    },
    /// The name leads out of the data root.
    #[error("data file name {} must be relative to the data root and stay inside it", path.display())]
    Outside {
        /// The name.
        path: PathBuf,
    },
    /// The file exists but cannot be read.
    #[error("failed to read data file {}: {source}", path.display())]
    Read {
        /// The full path.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The file has another digest than the declared one.
    #[error("data file {} has SHA-256 {found}, but {expected} is declared: restore the file, or declare the new digest", path.display())]
    Digest {
        /// The full path.
        path: PathBuf,
        /// The declared digest, lowercase hexadecimal.
        expected: String,
        /// The digest of the file, lowercase hexadecimal.
        found: String,
    },
}

/// The sources of `nas-assay data import` that make the files of a data root, by a part of their paths: the first that fits.
pub const MAKERS: [(&str, &str); 17] = [
    ("suite-zero", "suite-zero"),
    ("truth/nats_sss/", "sss"),
    ("truth/hardware/", "hardware"),
    ("truth/tnb101/", "tnb101"),
    ("images/imagenet16_120_", "imagenet16"),
    ("images/cifar100_", "cifar100"),
    ("images/cifar10_", "cifar10"),
    ("truth/nb201/cifar10-half-", "nb201"),
    ("-test-200-nats-mean", "freerea"),
    ("truth/nb201/", "nb201"),
    ("cost/nb201.csv", "nb201"),
    ("truth/nb101/", "nb101"),
    ("truth/nb101.csv", "nb101"),
    ("truth/nb301/", "nb301"),
    ("truth/nb301.csv", "authors"),
    ("truth/nds_res", "nds"),
    ("published/n", "authors"),
];

/// The source of `nas-assay data import` that makes this file of a data root.
pub fn maker(file: &str) -> Option<&'static str> {
    MAKERS.iter().find(|(part, _)| file.contains(part)).map(|(_, source)| *source)
}

/// The advice for a file of a data root that is missing, to be put behind a sentence; empty if there is none.
pub fn how_to_make(file: &Path) -> String {
    let source = file.to_str().and_then(maker);
    source.map(|source| format!(", or make it with `nas-assay data import {source} FILE`")).unwrap_or_default()
}

/// The folder with the data files. Specs give the paths of files relative to it.
///
/// ```
/// use nas_assay_schema::{DataRoot, DataRootError};
///
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("abc.bin"), "abc")?;
/// let root = DataRoot::new(folder.path());
/// let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
/// assert_eq!(root.read_verified("abc.bin", digest)?, b"abc");
/// assert!(matches!(root.read("../abc.bin"), Err(DataRootError::Outside { .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataRoot(PathBuf);

impl DataRoot {
    /// The data root `folder`. This reads nothing: only files that are used must exist.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    /// The folder itself.
    pub fn folder(&self) -> &Path {
        &self.0
    }

    /// The full path of the file with the path `relative` in a spec.
    ///
    /// # Errors
    /// [`DataRootError::Outside`] if the path is empty, absolute, or contains `..`, [`DataRootError::Missing`] if there is no such file.
    pub fn resolve(&self, relative: impl AsRef<Path>) -> Result<PathBuf, DataRootError> {
        let relative = relative.as_ref();
        let inside = relative.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if !inside || relative.as_os_str().is_empty() {
            return Err(DataRootError::Outside { path: relative.to_owned() });
        }
        let path = self.0.join(relative);
        if path.is_file() { Ok(path) } else { Err(DataRootError::Missing { path, file: relative.to_owned() }) }
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// Those of [`DataRoot::resolve`], and [`DataRootError::Read`].
    pub fn read(&self, relative: impl AsRef<Path>) -> Result<Vec<u8>, DataRootError> {
        let path = self.resolve(relative)?;
        std::fs::read(&path).map_err(|source| DataRootError::Read { path, source })
    }

    /// Reads a file with a declared SHA-256 (hexadecimal, in upper or lower case) from its beginning to its end, without holding it in
    /// memory. What `read` returns is given back only if the whole file has this digest. `progress` learns of every read how many bytes were
    /// read and how many the file has.
    ///
    /// # Errors
    /// As [`DataRoot::read_verified`].
    pub fn stream_verified<T>(
        &self,
        relative: impl AsRef<Path>,
        expected: &str,
        progress: &mut dyn FnMut(u64, u64),
        read: impl FnOnce(Box<dyn Read + '_>) -> T,
    ) -> Result<T, DataRootError> {
        let path = self.resolve(relative)?;
        let failed = |source| DataRootError::Read { path: path.clone(), source };
        let file = File::open(&path).map_err(failed)?;
        let size = file.metadata().map_err(failed)?.len();
        let mut source = Hashed { source: file, size, hasher: Sha256::new(), progress };
        let result = read(Box::new(&mut source));
        std::io::copy(&mut source, &mut std::io::sink()).map_err(failed)?;
        let found = format!("{:x}", source.hasher.finalize());
        if found.eq_ignore_ascii_case(expected) {
            Ok(result)
        } else {
            Err(DataRootError::Digest { path, expected: expected.to_ascii_lowercase(), found })
        }
    }

    /// The bytes of a file with a declared SHA-256 (hexadecimal, in upper or lower case).
    ///
    /// # Errors
    /// Those of [`DataRoot::read`], and [`DataRootError::Digest`] if the file has another SHA-256.
    pub fn read_verified(&self, relative: impl AsRef<Path>, expected: &str) -> Result<Vec<u8>, DataRootError> {
        let bytes = self.read(&relative)?;
        let found = sha256_hex(&bytes);
        if found.eq_ignore_ascii_case(expected) {
            Ok(bytes)
        } else {
            Err(DataRootError::Digest { path: self.0.join(relative), expected: expected.to_ascii_lowercase(), found })
        }
    }
}

/// A file and the digest of what was read of it.
struct Hashed<'a> {
    source: File,
    size: u64,
    hasher: Sha256,
    progress: &'a mut dyn FnMut(u64, u64),
}

impl Read for Hashed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        (self.progress)(count as u64, self.size);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn root_with_abc() -> (tempfile::TempDir, DataRoot) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("images")).unwrap();
        std::fs::write(folder.path().join("images/abc.bin"), "abc").unwrap();
        let root = DataRoot::new(folder.path());
        (folder, root)
    }

    #[test]
    fn a_file_with_the_declared_digest_is_read() {
        let (_folder, root) = root_with_abc();
        assert_eq!(root.read_verified("images/abc.bin", ABC).unwrap(), b"abc");
        assert_eq!(root.read_verified("./images/abc.bin", &ABC.to_uppercase()).unwrap(), b"abc");
    }

    #[test]
    fn a_stream_is_used_only_if_its_whole_file_is_the_declared_one() {
        let (_folder, root) = root_with_abc();
        let first = |mut source: Box<dyn Read + '_>| {
            let mut one = [0];
            source.read_exact(&mut one).map(|()| one[0])
        };
        assert_eq!(root.stream_verified("images/abc.bin", ABC, &mut |_, _| {}, first).unwrap().unwrap(), b'a');
        let declared = sha256_hex(b"abd");
        let message = root.stream_verified("images/abc.bin", &declared, &mut |_, _| {}, first).unwrap_err().to_string();
        assert!(message.contains(ABC) && message.contains(&declared), "{message}");
    }

    #[test]
    fn another_digest_is_refused_and_both_are_named() {
        let (_folder, root) = root_with_abc();
        let declared = sha256_hex(b"abd");
        let message = root.read_verified("images/abc.bin", &declared).unwrap_err().to_string();
        assert!(message.contains(ABC) && message.contains(&declared) && message.contains("abc.bin"), "{message}");
    }

    #[test]
    fn a_missing_file_says_where_it_was_looked_for_and_what_to_do() {
        let (folder, root) = root_with_abc();
        let message = root.read("images/none.bin").unwrap_err().to_string();
        let path = folder.path().join("images/none.bin").display().to_string();
        assert!(message.contains(&path) && message.contains("--data-root") && message.contains(VARIABLE), "{message}");
        assert!(matches!(root.read("images"), Err(DataRootError::Missing { .. })), "a folder is not a file");
    }

    #[test]
    fn a_name_cannot_leave_the_root() {
        let (folder, root) = root_with_abc();
        let absolute = folder.path().join("images/abc.bin");
        for name in [Path::new("../abc.bin"), Path::new("images/../images/abc.bin"), Path::new(""), &absolute] {
            assert!(matches!(root.resolve(name), Err(DataRootError::Outside { .. })), "{}", name.display());
        }
    }
}
