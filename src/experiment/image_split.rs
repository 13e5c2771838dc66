//! The images of an experiment.

use std::path::Path;

use super::ExperimentError;
use super::inputs::read;
use crate::DataRoot;
use crate::images::{ImageSet, Layout, synthetic};
use crate::spec::{Images, SpecError};

/// The training images and the validation images.
#[derive(Clone, Debug)]
pub struct ImageSplit {
    /// The first images of the set.
    pub train: ImageSet,
    /// The last images of the set.
    pub validation: ImageSet,
}

impl ImageSplit {
    /// Reads or draws the images that a spec declares.
    ///
    /// # Errors
    /// If a file is missing, has another digest, is truncated, or holds too few images.
    pub fn load(images: &Images, root: Option<&DataRoot>) -> Result<Self, ExperimentError> {
        match images {
            Images::None(_) => Err(ExperimentError::Unprepared("images")),
            Images::Synthetic(set) => {
                let draw = |split, count| synthetic::draw(&set.seed.root(), split, count, set.resolution);
                Ok(Self { train: draw("train", set.train)?, validation: draw("validation", set.validation)? })
            }
            Images::Cifar10(set) | Images::Cifar100(set) | Images::Imagenet16(set) => {
                let (layout, name) = layout(images);
                let mut files = Vec::new();
                for file in &set.files {
                    files.push((file.path.clone(), read(root, file)?));
                }
                let all = layout.parse(name, files.iter().map(|(path, bytes)| (Path::new(path), bytes.as_slice())))?;
                let wanted = set.train + set.validation;
                if wanted > all.len() {
                    let problem = format!("and `validation` ask for {wanted} images, and the files hold {}", all.len());
                    return Err(SpecError::Invalid { key: format!("{}.train", images.key()), problem }.into());
                }
                Ok(Self { train: all.first(set.train)?, validation: all.last(set.validation)? })
            }
        }
    }
}

/// How the rows of the files of these images are made up, and the name of the set. Drawn images have the classes and the normalisation of
/// CIFAR-10.
pub(super) fn layout(images: &Images) -> (Layout, &'static str) {
    match images {
        Images::Cifar100(_) => (Layout::CIFAR100, "cifar100"),
        Images::Imagenet16(_) => (Layout::IMAGENET16_120, "imagenet16-120"),
        Images::Cifar10(_) | Images::Synthetic(_) | Images::None(_) => (Layout::CIFAR10, "cifar10"),
    }
}
