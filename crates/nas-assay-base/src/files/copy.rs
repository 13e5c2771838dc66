//! Keeps a copy of a stream under the name of its digest.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::hook::{Operation, guarded};
use super::temporary::Temporary;
use super::{WriteError, sync_folder};

/// A stream could not be copied. The attempt leaves nothing behind.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// The stream cannot be read to its end.
    #[error("{0}")]
    Read(io::Error),
    /// The copy cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Copies a stream to `FOLDER/SHA256ENDING`, where `SHA256` is the digest of its content, as safely as
/// [`write_atomic`](super::write_atomic) does. Returns the path and the digest. A stream of any length needs little memory.
///
/// # Errors
/// If the stream cannot be read, or a file operation fails.
pub fn keep_by_digest(folder: &Path, ending: &str, source: &mut dyn Read) -> Result<(PathBuf, String), CopyError> {
    let nameless = folder.join(format!("copy{ending}"));
    let failed = |path: &Path| {
        let path = path.to_owned();
        |source| CopyError::Write(WriteError { path, source })
    };
    let mut temporary = Temporary::beside(&nameless).map_err(failed(&nameless))?;
    let (mut hasher, mut part) = (Sha256::new(), vec![0; 1 << 16]);
    loop {
        let count = match source.read(&mut part) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(CopyError::Read(error)),
        };
        hasher.update(&part[..count]);
        let write = || temporary.file_mut().write_all(&part[..count]);
        guarded(Operation::Write, &nameless, write).map_err(failed(&nameless))?;
    }
    guarded(Operation::Sync, &nameless, || temporary.file().sync_all()).map_err(failed(&nameless))?;
    let digest = format!("{:x}", hasher.finalize());
    let path = folder.join(format!("{digest}{ending}"));
    temporary.rename(&path).and_then(|()| sync_folder(folder)).map_err(failed(&path))?;
    Ok((path, digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_kept_under_its_digest() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("scores");
        let content = b"abc".repeat(100_000);
        let (path, digest) = keep_by_digest(&below, ".csv", &mut content.as_slice()).unwrap();
        assert_eq!(digest, crate::sha256_hex(&content));
        assert_eq!(path, below.join(format!("{digest}.csv")));
        assert_eq!(std::fs::read(&path).unwrap(), content);
        assert_eq!(keep_by_digest(&below, ".csv", &mut content.as_slice()).unwrap().0, path);
        assert_eq!(std::fs::read_dir(&below).unwrap().count(), 1);
    }

    #[test]
    fn a_stream_that_breaks_leaves_nothing() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("broken"))
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let error = keep_by_digest(folder.path(), ".csv", &mut (b"abc".chain(Broken))).unwrap_err();
        assert!(matches!(error, CopyError::Read(_)), "{error}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
