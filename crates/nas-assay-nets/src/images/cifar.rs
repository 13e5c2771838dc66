//! CIFAR-10 (Krizhevsky 2009) in its official binary layout.
//!
//! A file is a sequence of 3,073-byte rows: the label (0 to 9), then the red, the green and the blue plane of a 32x32 image,
//! each row by row. The official distribution has 10,000 rows a file (`data_batch_1.bin` to `data_batch_5.bin`, and
//! `test_batch.bin`); any other number of rows is read as well.

use std::path::Path;

use super::ImageError;
use super::layout::Layout;
use super::set::ImageSet;
use nas_assay_schema::DataRoot;

/// Version of decoding and normalisation, raised by hand when these give other numbers.
pub const VERSION: u32 = 1;
/// Number of classes.
pub const CLASSES: usize = Layout::CIFAR10.classes;
/// Height and width of an image, pixels.
pub const SIDE: usize = Layout::CIFAR10.side;
/// Bytes of a row: a label and an image.
pub const ROW: usize = Layout::CIFAR10.row();

/// A file of a data root and, if declared, the SHA-256 that it must have.
#[derive(Clone, Copy, Debug)]
pub struct File<'a> {
    /// Path relative to the data root.
    pub path: &'a str,
    /// SHA-256, hexadecimal.
    pub sha256: Option<&'a str>,
}

/// Reads and concatenates `files` of a data root, in the order given.
///
/// # Errors
/// Those of [`DataRoot::read_verified`] and of [`parse`].
pub fn load(root: &DataRoot, name: &str, files: &[File]) -> Result<ImageSet, ImageError> {
    let mut contents = Vec::with_capacity(files.len());
    for file in files {
        let bytes = match file.sha256 {
            Some(sha256) => root.read_verified(file.path, sha256)?,
            None => root.read(file.path)?,
        };
        contents.push((file.path, bytes));
    }
    parse(name, contents.iter().map(|(path, bytes)| (Path::new(path), bytes.as_slice())))
}

/// The set of all rows of `files`. Each file is given by its name, which is for messages, and its bytes.
///
/// # Errors
/// [`ImageError::Empty`] for an empty file or no file at all, [`ImageError::Truncated`] for a file that ends inside a row,
/// [`ImageError::Label`] for a label above 9.
pub fn parse<'a>(name: &str, files: impl IntoIterator<Item = (&'a Path, &'a [u8])>) -> Result<ImageSet, ImageError> {
    Layout::CIFAR10.parse(name, files)
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};

    use super::*;
    use nas_assay_schema::DataRootError;
    use nas_assay_testing::data_file;

    const IMAGE: usize = 3 * 32 * 32;

    fn rows(labels: &[u8]) -> Vec<u8> {
        labels
            .iter()
            .flat_map(|&label| std::iter::once(label).chain((0..IMAGE).map(move |i| (i % 251) as u8 ^ label)))
            .collect()
    }

    fn parse_one(bytes: &[u8]) -> Result<ImageSet, ImageError> {
        parse("cifar10", [(Path::new("batch.bin"), bytes)])
    }

    #[test]
    fn files_are_read_in_order() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.bin"), rows(&[3, 9])).unwrap();
        std::fs::write(folder.path().join("b.bin"), rows(&[0])).unwrap();
        let file = |path| File { path, sha256: None };
        let root = DataRoot::new(folder.path());
        let set = load(&root, "cifar10", &[file("b.bin"), file("a.bin")]).unwrap();
        assert_eq!(set.labels(), [0, 3, 9]);
        assert_eq!(set.image(1), &rows(&[3])[1..]);
        let wrong = File { path: "a.bin", sha256: Some("00") };
        assert!(matches!(load(&root, "cifar10", &[wrong]), Err(ImageError::Root(DataRootError::Digest { .. }))));
    }

    #[test]
    fn bad_files_are_refused_by_name() {
        let whole = rows(&[1, 2]);
        let truncated = parse_one(&whole[..whole.len() - 1]).unwrap_err();
        assert!(matches!(truncated, ImageError::Truncated { bytes: 6145, row: 3073, .. }));
        assert!(truncated.to_string().contains("batch.bin"));
        assert!(matches!(parse_one(&[]), Err(ImageError::Empty { .. })));
        assert!(matches!(parse("cifar10", []), Err(ImageError::Empty { .. })));
        let label = parse_one(&rows(&[1, 10])).unwrap_err();
        assert!(matches!(label, ImageError::Label { image: 1, label: 10, .. }), "{label}");
    }

    /// The reference images were normalised by PyTorch in single precision: they may differ in the last place.
    #[test]
    #[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
    fn normalisation_is_the_references() {
        let [images, reference] = ["images/cifar10_10k_train.bin", "reference/nb201_0.safetensors"].map(data_file);
        let bytes = std::fs::read(images).unwrap();
        let set = parse_one(&bytes).unwrap();
        assert_eq!(set.len(), 10_000);
        let mut counts = [0; CLASSES];
        for &label in set.labels() {
            counts[usize::from(label)] += 1;
        }
        assert_eq!(counts, [1000; CLASSES]);
        let batch = set.batch(&(7..39).collect::<Vec<_>>(), None, DType::F32, &Device::Cpu).unwrap();
        let reference = candle_core::safetensors::load(reference, &Device::Cpu).unwrap();
        let difference = (batch.images - &reference["input.images"]).unwrap().abs().unwrap().flatten_all().unwrap();
        let largest = difference.to_vec1::<f32>().unwrap().into_iter().fold(0.0, f32::max);
        assert!(largest <= 2.4e-7, "off by {largest}");
        let labels = reference["input.labels"].to_vec1::<i64>().unwrap();
        assert_eq!(batch.labels.to_vec1::<u32>().unwrap(), labels.iter().map(|&l| l as u32).collect::<Vec<_>>());
    }
}
