//! Named tensors and a few strings in a safetensors file.
//!
//! The same content always gives the same bytes: tensors are ordered by element size, then by name. The strings are one JSON object under
//! one key of the file's metadata, since the format does not keep its keys in order. One of the strings is the file's [seal], so that
//! a changed bit, or a file in the place of another, is noticed. A file is written whole or not at all. Neither saving nor loading accepts a
//! NaN or an infinity.

use std::collections::{BTreeMap, HashMap};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use safetensors::SafeTensors;

use super::params::first_non_finite;
use nas_assay_base::files::{self, WriteError, write_atomic};
use nas_assay_base::seal;

/// The key of the strings in the file's metadata.
const METADATA: &str = "nas-assay";

/// The key of the seal among the strings. It stands before all others, since keys are sorted and begin with a letter.
const SEAL: &str = "!seal";

/// Named tensors, in the order of their names.
pub type Tensors = BTreeMap<String, Tensor>;

/// Named strings, in the order of their names.
pub type Metadata = BTreeMap<String, String>;

/// Why a checkpoint could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The file could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The file could not be read.
    #[error("failed to read the checkpoint {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The file is not what was saved.
    #[error("the checkpoint {} is damaged: {problem}; run its spec again, and its stage starts again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The file lacks a tensor.
    #[error("the checkpoint {} lacks the tensor `{tensor}`; is it of another network?", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
        /// The tensor's name.
        tensor: String,
    },
    /// The file has a tensor that is not needed.
    #[error("the checkpoint {} has a tensor `{tensor}` too many; is it of another network?", path.display())]
    Unexpected {
        /// The file.
        path: PathBuf,
        /// The tensor's name.
        tensor: String,
    },
    /// A tensor does not have the shape that is needed.
    #[error("tensor `{tensor}` of the checkpoint {} has shape {found:?}, but {expected:?} is needed", path.display())]
    WrongShape {
        /// The file.
        path: PathBuf,
        /// The tensor's name.
        tensor: String,
        /// The shape needed.
        expected: Vec<usize>,
        /// The shape found.
        found: Vec<usize>,
    },
    /// A tensor does not have the type that is needed.
    #[error("tensor `{tensor}` of the checkpoint {} has type {found:?}, but {expected:?} is needed", path.display())]
    WrongType {
        /// The file.
        path: PathBuf,
        /// The tensor's name.
        tensor: String,
        /// The type needed.
        expected: DType,
        /// The type found.
        found: DType,
    },
    /// A tensor holds a NaN or an infinity.
    #[error("tensor `{tensor}` of the checkpoint {} holds {value} at element {index}: the training has diverged", path.display())]
    NonFinite {
        /// The file.
        path: PathBuf,
        /// The tensor's name.
        tensor: String,
        /// Position in row-major order.
        index: usize,
        /// The value.
        value: f64,
    },
    /// A tensor's elements could not be read from or copied to its device.
    #[error("tensor `{tensor}` of the checkpoint {} cannot be read: {problem}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The tensor's name.
        tensor: String,
        /// Candle's error.
        problem: String,
    },
}

/// Writes a checkpoint, or leaves what was there before. `identity` says what the file has to be, such as its place in a store; it can be
/// loaded under the same identity only.
///
/// # Errors
/// [`CheckpointError::NonFinite`] for a NaN or an infinity, [`CheckpointError::Write`] if the file cannot be written.
pub fn save(path: &Path, identity: &str, tensors: &Tensors, metadata: &Metadata) -> Result<(), CheckpointError> {
    let mut on_host = Tensors::new();
    for (name, tensor) in tensors {
        let tensor = tensor.to_device(&Device::Cpu).map_err(|error| CheckpointError::Unreadable {
            path: path.to_owned(),
            tensor: name.clone(),
            problem: error.to_string(),
        })?;
        check_finite(path, name, &tensor)?;
        on_host.insert(name.clone(), tensor);
    }
    let damaged = |problem: String| CheckpointError::Damaged { path: path.to_owned(), problem };
    let mut metadata = metadata.clone();
    metadata.insert(SEAL.to_owned(), seal::blank());
    let metadata = serde_json::to_string(&metadata).map_err(|error| damaged(error.to_string()))?;
    let metadata = HashMap::from([(METADATA.to_owned(), metadata)]);
    let mut bytes = safetensors::serialize(&on_host, Some(metadata)).map_err(|error| damaged(error.to_string()))?;
    seal::seal(&mut bytes, identity).map_err(|error| damaged(error.to_string()))?;
    Ok(write_atomic(path, &bytes)?)
}

/// Reads a checkpoint that [`save`] wrote under the same identity, with any tensors.
///
/// # Errors
/// [`CheckpointError::Read`] for a file that is not there, [`CheckpointError::Damaged`] for one that is not what was saved,
/// [`CheckpointError::NonFinite`] for a NaN or an infinity in it.
pub fn load(path: &Path, identity: &str, device: &Device) -> Result<(Tensors, Metadata), CheckpointError> {
    let damaged = |problem: String| CheckpointError::Damaged { path: path.to_owned(), problem };
    let failed = |source| CheckpointError::Read { path: path.to_owned(), source };
    let bytes = files::read(path).and_then(|held| held.ok_or(ErrorKind::NotFound.into())).map_err(failed)?;
    seal::check(&bytes, identity).map_err(|error| damaged(error.to_string()))?;
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(|error| damaged(error.to_string()))?;
    let mut metadata: Metadata = match header.metadata().as_ref().and_then(|metadata| metadata.get(METADATA)) {
        Some(text) => serde_json::from_str(text).map_err(|error| damaged(format!("metadata: {error}")))?,
        None => Metadata::new(),
    };
    metadata.remove(SEAL);
    let tensors = candle_core::safetensors::load_buffer(&bytes, device).map_err(|error| damaged(error.to_string()))?;
    let tensors: Tensors = tensors.into_iter().collect();
    for (name, tensor) in &tensors {
        check_finite(path, name, tensor)?;
    }
    Ok((tensors, metadata))
}

/// Reads a checkpoint that must have the tensors of `template`: the same names, shapes and types, and no others.
///
/// # Errors
/// Those of [`load`], and [`CheckpointError::Missing`], [`CheckpointError::Unexpected`], [`CheckpointError::WrongShape`] or
/// [`CheckpointError::WrongType`] for the first tensor, by name, that does not fit.
pub fn load_like(
    path: &Path,
    identity: &str,
    template: &Tensors,
    device: &Device,
) -> Result<(Tensors, Metadata), CheckpointError> {
    let (tensors, metadata) = load(path, identity, device)?;
    let at = |tensor: &String| (path.to_owned(), tensor.clone());
    for (name, expected) in template {
        let (path, tensor) = at(name);
        match tensors.get(name) {
            None => return Err(CheckpointError::Missing { path, tensor }),
            Some(found) if found.shape() != expected.shape() => {
                let (expected, found) = (expected.dims().to_vec(), found.dims().to_vec());
                return Err(CheckpointError::WrongShape { path, tensor, expected, found });
            }
            Some(found) if found.dtype() != expected.dtype() => {
                let (expected, found) = (expected.dtype(), found.dtype());
                return Err(CheckpointError::WrongType { path, tensor, expected, found });
            }
            Some(_) => {}
        }
    }
    if let Some(name) = tensors.keys().find(|&name| !template.contains_key(name)) {
        let (path, tensor) = at(name);
        return Err(CheckpointError::Unexpected { path, tensor });
    }
    Ok((tensors, metadata))
}

/// An error if a floating-point tensor holds a NaN or an infinity.
fn check_finite(path: &Path, name: &str, tensor: &Tensor) -> Result<(), CheckpointError> {
    if !tensor.dtype().is_float() {
        return Ok(());
    }
    let tensor_name = || (path.to_owned(), name.to_owned());
    let found = first_non_finite(tensor).map_err(|error| {
        let (path, tensor) = tensor_name();
        CheckpointError::Unreadable { path, tensor, problem: error.to_string() }
    })?;
    found.map_or(Ok(()), |(index, value)| {
        let (path, tensor) = tensor_name();
        Err(CheckpointError::NonFinite { path, tensor, index, value })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDENTITY: &str = "weights of a test";

    fn tensors() -> Tensors {
        let cpu = &Device::Cpu;
        Tensors::from([
            ("b.weight".to_owned(), Tensor::new(&[[1.5f32, -2.0], [0.25, f32::MIN_POSITIVE]], cpu).unwrap()),
            ("a.mean".to_owned(), Tensor::new(&[1.0f64 / 3.0], cpu).unwrap()),
            ("c.count".to_owned(), Tensor::new(&[7u32, 0, u32::MAX], cpu).unwrap()),
            ("d.scalar".to_owned(), Tensor::new(-0.0f32, cpu).unwrap()),
        ])
    }

    fn metadata() -> Metadata {
        ["epoch", "loss", "seed", "space", "version"].map(|key| (key.to_owned(), format!("\"{key}\" é"))).into()
    }

    fn bits(tensors: &Tensors) -> Vec<(String, DType, Vec<usize>, Vec<u64>)> {
        let bits =
            |tensor: &Tensor| super::super::host_f64(tensor).unwrap().iter().map(|value| value.to_bits()).collect();
        tensors.iter().map(|(name, t)| (name.clone(), t.dtype(), t.dims().to_vec(), bits(t))).collect()
    }

    struct Saved {
        folder: tempfile::TempDir,
        path: PathBuf,
    }

    fn saved(tensors: &Tensors) -> Saved {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights.safetensors");
        save(&path, IDENTITY, tensors, &metadata()).unwrap();
        Saved { folder, path }
    }

    #[test]
    fn what_was_saved_is_loaded_bit_for_bit() {
        let Saved { path, .. } = &saved(&tensors());
        for loaded in [load(path, IDENTITY, &Device::Cpu), load_like(path, IDENTITY, &tensors(), &Device::Cpu)] {
            let (loaded, strings) = loaded.unwrap();
            assert_eq!(bits(&loaded), bits(&tensors()));
            assert_eq!(strings, metadata());
        }
    }

    #[test]
    fn the_same_content_gives_the_same_bytes() {
        let first = std::fs::read(saved(&tensors()).path).unwrap();
        for _ in 0..8 {
            assert_eq!(std::fs::read(saved(&tensors()).path).unwrap(), first);
        }
        let digest = nas_assay_base::sha256_hex(&first);
        insta::assert_snapshot!(digest, @"f63024bf9b4655d0656964d59447bf11abb0173aa854d50be9525564aef92745");
    }

    #[test]
    fn each_way_not_to_fit_has_its_error() {
        let Saved { path, .. } = &saved(&tensors());
        let cpu = &Device::Cpu;
        let refused = |change: &dyn Fn(&mut Tensors)| {
            let mut template = tensors();
            change(&mut template);
            load_like(path, IDENTITY, &template, cpu).unwrap_err()
        };
        let missing = refused(&|t| drop(t.insert("e".into(), Tensor::new(1f32, cpu).unwrap())));
        assert!(matches!(&missing, CheckpointError::Missing { tensor, .. } if tensor == "e"), "{missing}");
        let unexpected = refused(&|t| drop(t.remove("c.count")));
        assert!(
            matches!(&unexpected, CheckpointError::Unexpected { tensor, .. } if tensor == "c.count"),
            "{unexpected}"
        );
        let shape = refused(&|t| drop(t.insert("b.weight".into(), Tensor::zeros((4, 1), DType::F32, cpu).unwrap())));
        assert!(matches!(shape, CheckpointError::WrongShape { .. }), "{shape}");
        let kind = refused(&|t| drop(t.insert("a.mean".into(), Tensor::zeros(1, DType::F32, cpu).unwrap())));
        assert!(matches!(kind, CheckpointError::WrongType { .. }), "{kind}");
        for (error, tensor) in [(missing, "`e`"), (unexpected, "`c.count`"), (shape, "`b.weight`"), (kind, "`a.mean`")]
        {
            let message = error.to_string();
            assert!(message.contains(tensor) && message.contains("weights.safetensors"), "{message}");
        }
    }

    #[test]
    fn a_damaged_file_is_an_error() {
        let Saved { path, .. } = &saved(&tensors());
        let whole = std::fs::read(path).unwrap();
        for length in [0, 7, 8, 100, whole.len() - 1] {
            std::fs::write(path, &whole[..length]).unwrap();
            let error = load(path, IDENTITY, &Device::Cpu).unwrap_err();
            assert!(matches!(error, CheckpointError::Damaged { .. }), "{length} bytes: {error}");
        }
        // A bit anywhere: the header, its white space, a name, a number.
        for place in (0..whole.len()).step_by(7) {
            let mut flipped = whole.clone();
            flipped[place] ^= 1 << (place % 8);
            std::fs::write(path, &flipped).unwrap();
            let error = load(path, IDENTITY, &Device::Cpu).unwrap_err();
            assert!(matches!(error, CheckpointError::Damaged { .. }), "byte {place}: {error}");
        }
        std::fs::write(path, &whole).unwrap();
        let error = load(path, "weights of another test", &Device::Cpu).unwrap_err();
        assert!(matches!(error, CheckpointError::Damaged { .. }), "{error}");
        assert!(load(path, IDENTITY, &Device::Cpu).is_ok());
        std::fs::remove_file(path).unwrap();
        assert!(matches!(load(path, IDENTITY, &Device::Cpu), Err(CheckpointError::Read { .. })));
    }

    #[test]
    fn numbers_that_are_not_finite_are_neither_saved_nor_loaded() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let Saved { folder, path } = saved(&tensors());
            let before = std::fs::read(&path).unwrap();
            let mut diverged = tensors();
            diverged.insert("b.weight".into(), Tensor::new(&[0.0, bad], &Device::Cpu).unwrap());
            let error = save(&path, IDENTITY, &diverged, &metadata()).unwrap_err();
            assert!(matches!(&error, CheckpointError::NonFinite { index: 1, .. }), "{error}");
            assert_eq!(std::fs::read(&path).unwrap(), before, "the older checkpoint stays");
            assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);

            let metadata = HashMap::from([(METADATA.to_owned(), format!("{{\"{SEAL}\":\"{}\"}}", seal::blank()))]);
            let mut foreign = safetensors::serialize(&diverged, Some(metadata)).unwrap();
            seal::seal(&mut foreign, IDENTITY).unwrap();
            std::fs::write(&path, foreign).unwrap();
            let message = load(&path, IDENTITY, &Device::Cpu).unwrap_err().to_string();
            assert!(message.contains("`b.weight`") && message.contains(&format!("{bad}")), "{message}");
        }
    }
}
